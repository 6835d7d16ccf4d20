/* Bytecode of one function: instructions, constants, and the sites that hold what an instruction needs beyond two
 * operands - including the inline caches and the type feedback that the VM writes and the JIT reads. */
#ifndef RF_BYTECODE_CHUNK_H
#define RF_BYTECODE_CHUNK_H

#include "front/diag.h"
#include "runtime/struct.h"
#include "runtime/value.h"

typedef struct RfInstr {
    uint16_t op;
    uint16_t a;
    uint32_t b;
} RfInstr;

typedef enum RfOp {
#define OP(name, a, b, pops, pushes, flags, meaning) RF_OP_##name,
#include "bytecode/opcodes.def"
#undef OP
    RF_OP_BASE_COUNT,
    /* Superinstructions (vm/super.def) follow. They replace only the opcode of the first instruction of a sequence; the
     * sequence itself stays in place, so jumps into it, the JIT and the disassembler see plain instructions. */
} RfOp;

/* clang-format off */
typedef enum RfOperandKind {
    RF_OPERAND_NONE, RF_OPERAND_LOCAL, RF_OPERAND_CONST, RF_OPERAND_GLOBAL, RF_OPERAND_CELL, RF_OPERAND_JUMP,
    RF_OPERAND_COUNT, RF_OPERAND_PROTO, RF_OPERAND_CALLSITE, RF_OPERAND_FIELDSITE, RF_OPERAND_METHODSITE,
    RF_OPERAND_PATH, RF_OPERAND_STRUCTSITE, RF_OPERAND_ENUMSITE, RF_OPERAND_DECLSITE, RF_OPERAND_IMPORTSITE,
    RF_OPERAND_DICTPAT, RF_OPERAND_KIND, RF_OPERAND_FLAG, RF_OPERAND_FEEDBACK, RF_OPERAND_VARREF
} RfOperandKind;
/* clang-format on */

#define RF_OPF_T 1u  /* may raise */
#define RF_OPF_C 2u  /* may run script code */
#define RF_OPF_J 4u  /* operand b is a jump target */
#define RF_OPF_E 8u  /* never falls through */
#define RF_OPF_L 16u /* back edge */

typedef struct RfOpInfo {
    const char *name;
    RfOperandKind a, b;
    int8_t pops, pushes; /* -1: depends on operands */
    uint8_t flags;
    const char *meaning;
} RfOpInfo;
extern const RfOpInfo rf_op_info[RF_OP_BASE_COUNT];

/* ---- operand a of operators (FEEDBACK): operand kinds met so far; no bit: ints only (or never run) ---- */
#define RF_FEEDBACK_FLOAT 1u  /* both floats */
#define RF_FEEDBACK_MIXED 2u  /* an int and a float */
#define RF_FEEDBACK_STRING 4u /* both strings */
#define RF_FEEDBACK_OTHER 8u

/* ---- operand b of LOAD_LOCAL, STORE_LOCAL, LOAD_CELL, LOAD_SHARED (VARREF) ---- */
#define RF_VARREF_MOVE 1u  /* last use: the slot may give its reference away (becomes null) */
#define RF_VARREF_MAYBE 2u /* the variable may not exist (unset): fall back to the global (operand >> 2) */
#define RF_VARREF_GLOBAL(b) ((b) >> 2)
#define RF_VARREF(global, flags) (((uint32_t)(global) << 2) | (flags))

/* ---- operand a of STORE_GLOBAL / DECLARE_GLOBAL / RAISE ---- */
enum { RF_STORE_PLAIN, RF_STORE_BARE };
enum { RF_DECL_LET, RF_DECL_MUT, RF_DECL_CONST, RF_DECL_FUNC, RF_DECL_IMPORT, RF_DECL_MATCH };
/* or-ed to LET MUT CONST: a variable that is there came from a match arm or an import, so it is replaced */
#define RF_DECL_REPLACE 8
/* clang-format off */
enum {
    RF_RAISE_REASSIGN_LET, RF_RAISE_REASSIGN_CONST, RF_RAISE_MUTATE_LET, RF_RAISE_MUTATE_CONST,
    RF_RAISE_UNDEFINED, RF_RAISE_DUPLICATE, RF_RAISE_YIELD_OUTSIDE
};
/* clang-format on */

/* ---- sites ---- */
/* A place: a variable and steps into it. Used by stores to paths, and as the "place" of calls of the form
 * `v := f(v, ..)`, `p.f := f(p.f, ..)`, `v[i] := f(v[i], ..)`: when f is a builtin flagged RF_BUILTIN_REUSES the place gives
 * up its reference to argument 0 during the call, so that the builtin can work in place.
 * A `pair` place is that of a call whose value the next statement takes apart, `p := f(v, ..)` and `v := p[0]`: only a builtin
 * that returns [what is left of argument 0, item] makes it give up its reference, and nothing between the call and the store
 * to v can fail, look at v or be interrupted. */
typedef enum RfRootKind { RF_ROOT_LOCAL, RF_ROOT_CELL, RF_ROOT_SHARED, RF_ROOT_GLOBAL } RfRootKind;
typedef enum RfStepKind {
    RF_STEP_FIELD, /* .name: `site` */
    RF_STEP_INDEX, /* [i]: next index value from the stack (stores) */
    RF_STEP_LOCAL, /* [i]: value of local `slot` (places only) */
    RF_STEP_CONST, /* [i]: constant number `slot` (places only) */
    RF_STEP_VALUE  /* [i]: what `ops` compute (places only) */
} RfStepKind;
typedef struct RfStep {
    RfStepKind kind;
    uint32_t slot; /* LOCAL, CONST; FIELD: number of the field site */
    RfPos pos;     /* where an error of this step is shown */
    uint32_t nops;
    RfInstr *ops; /* VALUE: loads of variables and constants, ADD SUB MUL MOD; needs at most RF_STEP_DEPTH values */
} RfStep;
#define RF_STEP_DEPTH 8
typedef struct RfPath {
    RfRootKind root;
    uint32_t slot;   /* local slot, cell number or global slot */
    uint32_t varref; /* RF_VARREF of a LOCAL root: MAYBE and the fall-back global */
    RfString *name;  /* of the root variable (messages); borrowed, interned */
    RfPos root_pos;
    uint32_t count;
    uint32_t index_count; /* steps of kind INDEX */
    bool pair;            /* a place only for builtins that return a pair */
    RfStep *steps;
} RfPath;

#define RF_SITE_KINDS 4 /* different callees that a site remembers */

typedef struct RfCallSite {
    uint32_t place;     /* 1 + path number, or 0: see RfPath */
    const void *callee; /* inline cache: proto or builtin last called; NULL with `foreign` */
    uint64_t foreign;   /* key of the C function last called (runtime/foreign.h), or 0 */
    uint32_t hits, misses;
    const void *met[RF_SITE_KINDS + 1]; /* protos that missed the cache, first come first; more than RF_SITE_KINDS: many */
} RfCallSite;

typedef struct RfFieldSite {
    RfString *name; /* interned, borrowed */
    RfShape *shape; /* inline cache */
    uint32_t offset;
    uint32_t misses;
    uint32_t entry; /* of a dict: where the name was found last (rf_dict_guess) */
} RfFieldSite;

/* Where a uniform call looks for the function `name` (language.md 15.2.5), innermost first; the global last. */
typedef struct RfCandidate {
    uint8_t kind; /* RfRootKind; FIELD of a hidden receiver or namespace: RF_CANDIDATE_FIELD */
    uint32_t slot;
} RfCandidate;
#define RF_CANDIDATE_FIELD 4

typedef struct RfMethodSite {
    RfString *name;
    uint32_t place;       /* as RfCallSite: the receiver is argument 0 */
    uint32_t global;      /* slot of the global with this name */
    uint32_t ncandidates; /* local ones, innermost first */
    RfCandidate *candidates;
    RfShape *shape; /* inline cache: receiver shape -> method */
    uint32_t version;
    RfFunction *method; /* borrowed from the struct type */
    uint32_t hits, misses;
    RfShape *met[RF_SITE_KINDS + 1]; /* as RfCallSite: shapes that had the method */
} RfMethodSite;

typedef struct RfStructSite {
    RfString *name;    /* struct name */
    uint32_t count;    /* fields written */
    RfString **fields; /* names in source order (duplicates possible) */
    /* inline cache, filled at the first execution */
    RfStructType *type;
    uint32_t version, alias_version;
    RfShape *shape;
    uint32_t *order; /* field number -> offset */
    bool plain;      /* no default to evaluate, no duplicate */
} RfStructSite;

typedef struct RfEnumSite {
    RfString *enum_name, *variant;
} RfEnumSite;

typedef struct RfDeclSite { /* struct declaration */
    RfString *name;
    uint32_t nfields;
    RfString **fields;
    bool *has_default; /* the defaults are pushed in declaration order, only for fields that have one */
    uint32_t nmethods;
    RfString **methods;
    bool *has_self;
} RfDeclSite;

typedef struct RfImportSite {
    RfString *name; /* module name, with dots */
    bool from;      /* from m import ... (no namespace binding) */
    bool all;       /* import m: bind all exports */
    uint32_t count; /* names of a from-import */
    RfString **names;
    RfString **aliases; /* NULL entries: none */
    RfPos *positions;
    uint32_t *globals;         /* IMPORT_ALL: unused */
    uint32_t namespace_global; /* IMPORT_ALL: global slot of the module's own name */
    uint32_t next; /* IMPORT_NAME: which of the names this instruction wants (its site lists only that one: 0) */
} RfImportSite;

typedef struct RfDictPattern {
    uint32_t count;
    RfString **names;
    bool has_rest;
} RfDictPattern;

typedef struct RfHandler { /* try: pcs [start, end) go to `target` with `depth` values on the stack plus the error */
    uint32_t start, end, target;
    uint32_t depth;
    bool raw; /* push the error itself (finally, RETHROW) instead of the struct a program sees */
} RfHandler;

typedef enum RfCaptureKind {
    RF_CAPTURE_LOCAL,      /* copy the value of local `slot` into a new cell (unset stays unset) */
    RF_CAPTURE_CELL,       /* copy the value of the enclosing function's cell `slot` into a new cell */
    RF_CAPTURE_SHARED,     /* share the cell that local `slot` holds (nested func declarations) */
    RF_CAPTURE_SHARED_CELL /* share the enclosing function's cell `slot` */
} RfCaptureKind;
typedef struct RfCapture {
    RfCaptureKind kind;
    uint32_t slot;
    RfString *name; /* interned */
    uint8_t bind;   /* RF_DECL_LET, RF_DECL_CONST or RF_DECL_MUT */
} RfCapture;

typedef struct RfLocalInfo { /* for messages, did-you-mean and the disassembler */
    RfString *name;
    uint32_t slot;
    uint32_t start, end; /* pcs where the name is visible */
} RfLocalInfo;

/* STORE_INDEX_GLOBAL: an error of the index is shown at the instruction's position ('['), one of the variable here. */
typedef struct RfRootPos {
    uint32_t pc;
    RfPos pos;
} RfRootPos;

#define RF_PROTO_LAMBDA 1u
#define RF_PROTO_ASYNC 2u
#define RF_PROTO_GENERATOR 4u
#define RF_PROTO_METHOD 8u       /* parameter 0 is the receiver, written or hidden */
#define RF_PROTO_HIDDEN_SELF 16u /* method without self: fields are found by HAS_FIELD on local 0 */
#define RF_PROTO_MAIN 32u        /* top level of a script or module */
#define RF_PROTO_SPAWN 64u
#define RF_PROTO_TEST 128u
#define RF_PROTO_DEFAULTS 256u  /* has default parameters */
#define RF_PROTO_KEEPS 1024u    /* locals hold their values to the end, because C may use what they stand for: no last uses */
#define RF_PROTO_SLOW_CALL 512u /* async, generator, or defaults: CALL takes the general path */

#define RF_TRIGGER_NEVER UINT32_MAX /* the VM keeps its counts below this */

struct RfProto {
    RfInstr *code;
    uint32_t code_len;
    uint16_t nparams;   /* receiver included */
    uint16_t nrequired; /* receiver included */
    uint16_t nlocals;   /* parameters included */
    uint16_t max_stack; /* operand stack beyond the locals */
    uint32_t flags;     /* RF_PROTO_* */
    bool fused;         /* ready for the interpreter: superinstructions, relative jumps (super.c) */
    uint32_t id;        /* stable number in the process (JIT: id=N) */
    /* Counted by the VM. When a count reaches its trigger the interpreter asks the tier above (vm/tier.h). */
    uint32_t call_count, call_trigger; /* calls */
    uint32_t loop_count, loop_trigger; /* back edges */
    RfValue *consts;                   /* owned */
    uint32_t nconsts;
    RfModule *module;
    RfString *name;   /* interned, borrowed */
    RfPos *positions; /* one per instruction: where an error of it is shown */
    RfPos def_pos;    /* of the definition */
    uint32_t nprotos, ncaptures, nhandlers, ncalls, nfields, nmethods, npaths, nstructs, nenums, ndecls, nimports,
        ndictpats, ninfo;
    RfProto **protos; /* nested functions, owned */
    RfCapture *captures;
    RfHandler *handlers; /* innermost first */
    RfCallSite *calls;
    RfFieldSite *fields;
    RfMethodSite *methods;
    RfPath *paths;
    RfStructSite *structs;
    RfEnumSite *enums;
    RfDeclSite *decls;
    RfImportSite *imports;
    RfDictPattern *dictpats;
    RfLocalInfo *info;
    uint32_t nroots;
    RfRootPos *roots;          /* by pc */
    struct RfProfile *profile; /* types seen (vm/tier.h), or NULL; the VM's */
    void *jit;                 /* the native compiler's own state, or NULL */
    struct RfResume *resume;   /* native code that generators of this function go on in (vm/tier.h), or NULL */
};

/* Stack values an instruction takes and leaves when it falls through (*at_target: what it leaves at its jump target, relative
 * to the depth before it). */
void rf_op_effect(const RfProto *proto, RfInstr in, int *pops, int *pushes, int *at_target);
/* Where an error about the variable itself (undefined, immutable) of the STORE_INDEX_GLOBAL at `pc` is shown. */
RfPos rf_proto_root_pos(const RfProto *proto, uint32_t pc);
/* Target of the jump at `pc`, as an absolute pc, whether the code is fused or not. */
uint32_t rf_jump_target(const RfProto *proto, uint32_t pc);
/* The plain opcode of an instruction that may carry a superinstruction. */
RfOp rf_op_base(uint16_t op);
void rf_proto_free(RfProto *proto); /* with nested ones */

#endif

/* A compile job: everything the compiler needs to know of a hot function and of the functions it calls, as plain data without
 * pointers into the program. The main process makes it (rf_job_make), sends its bytes to the worker, and the hash of the
 * bytes is the key of the code cache. Units are numbered; unit 0 is the hot one. */
#ifndef RF_JIT_JOB_H
#define RF_JIT_JOB_H

#include "base/buf.h"
#include "jit/assemble.h"
#include "jit/worker.h"
#include "vm/tier.h"

#define RF_JOB_NONE UINT32_MAX

typedef struct RfJobConst {
    uint64_t tag;     /* RfTag; heap values: only the tag matters (and text for strings) */
    int64_t payload;  /* scalars */
    const char *text; /* strings: bytes (not terminated); builtins: the name, terminated; else NULL */
    uint32_t len;
} RfJobConst;

typedef enum RfJobCallee {
    RF_CALLEE_UNKNOWN, /* never called, or callees of several kinds */
    RF_CALLEE_UNIT,    /* one script function: `unit` (may be RF_JOB_NONE when it is not part of the job) */
    RF_CALLEE_BUILTIN, /* one builtin: `builtin` */
    RF_CALLEE_UNITS,   /* a few script functions: `met` */
    RF_CALLEE_FOREIGN  /* C functions of one key: `foreign` */
} RfJobCallee;

typedef struct RfJobCall {
    uint32_t place; /* as RfCallSite.place */
    uint8_t kind;   /* RfJobCallee */
    uint32_t unit;
    const char *builtin;         /* name */
    uint64_t foreign;            /* key (vm/ctype.h), or 0 */
    uint32_t met[RF_SITE_KINDS]; /* RF_CALLEE_UNITS: their units, RF_JOB_NONE for those that are not part of the job */
} RfJobCall;

/* One of several shapes that a method site has met. */
typedef struct RfJobReceiver {
    uint32_t shape;   /* or RF_JOB_NONE: nothing here */
    uint32_t version; /* of its type */
    uint32_t unit;    /* method's unit or RF_JOB_NONE */
} RfJobReceiver;

typedef struct RfJobField {
    const char *name;
    uint32_t shape; /* job shape number, or RF_JOB_NONE */
    uint32_t offset;
} RfJobField;

typedef struct RfJobMethod {
    const char *name;
    uint32_t place;
    uint32_t shape;   /* receiver's shape or RF_JOB_NONE */
    uint32_t version; /* of its type when cached */
    uint32_t unit;    /* method's unit or RF_JOB_NONE */
    uint32_t global;  /* slot of the global of this name */
    uint32_t uniform; /* uniform call that ends in this unit's function, under the same condition; RF_JOB_NONE */
    const char
        *builtin; /* uniform call that ends in this builtin with nothing local, global or member in the way; NULL */
    RfJobReceiver met[RF_SITE_KINDS]; /* when there is no single shape */
} RfJobMethod;

typedef struct RfJobStruct {
    uint32_t shape; /* or RF_JOB_NONE: not cached */
    uint32_t count;
    bool plain;
    uint32_t *order; /* count offsets */
} RfJobStruct;

/* What is known of a global that the unit names. */
typedef struct RfJobGlobal {
    uint32_t slot;
    uint8_t kind;        /* RfGlobalKind */
    bool stable;         /* defined once (func, let, const) and no code of a closed module can assign it again */
    uint16_t class;      /* of its present value */
    uint32_t shape;      /* of a present struct value, or RF_JOB_NONE */
    uint32_t unit;       /* it holds this unit's function (without captures), or RF_JOB_NONE */
    const char *builtin; /* it is the builtin of this name (kind ABSENT), or NULL */
} RfJobGlobal;

typedef struct RfJobStep { /* RfStep without pointers */
    uint8_t kind;
    uint32_t slot;
    uint32_t nops;
    RfInstr *ops;
} RfJobStep;
typedef struct RfJobPath {
    uint8_t root; /* RfRootKind */
    bool pair;
    uint32_t slot, varref, count, index_count;
    RfJobStep *steps;
} RfJobPath;

typedef struct RfJobCapture { /* RfCapture without names: where CLOSURE takes a cell from */
    uint8_t kind;
    uint32_t slot;
} RfJobCapture;

/* A loop that is running: its entry starts at the header with the values that are there now. */
typedef struct RfJobLoop {
    uint32_t pc;      /* header */
    uint32_t nslots;  /* locals + operands at the header (a FOR_LOOP's item lies on the stack there) */
    uint16_t *locals; /* nslots classes of the present values */
    uint32_t *shapes; /* per slot: job shape number of a struct value, or RF_JOB_NONE */
} RfJobLoop;

/* A local of an activation or generator that exists now. */
typedef struct RfJobSeen {
    uint16_t class; /* of its value */
    uint32_t unit;  /* whose generator it is, or RF_JOB_NONE */
} RfJobSeen;

typedef struct RfJobShape {
    uint32_t nfields;
    uint32_t version;  /* of the struct type */
    uint16_t *classes; /* per field: class of the value in an instance seen, or 0 */
} RfJobShape;

typedef struct RfJobUnit {
    uint32_t number; /* own number in the job */
    const char *name;
    RfInstr *code;   /* plain opcodes, absolute jumps */
    uint32_t *lines; /* per instruction */
    uint32_t code_len;
    uint16_t nparams, nrequired, nlocals, max_stack;
    uint32_t flags;  /* RF_PROTO_* */
    uint32_t module; /* job module number: units of one module share globals */
    uint32_t ncaptures;
    RfJobCapture *captures;
    bool has_profile;
    uint16_t *tos, *params,
        *cells;      /* RfProfile; zeros without one (but params of the activation that made the job hot) */
    uint16_t *depth; /* per instruction: operands on the stack before it */
    uint32_t nconsts, ncalls, nfields, nmethods, nstructs, nglobals, npaths, nhandlers, nprotos, nenums, nimports;
    RfJobConst *consts;
    RfJobCall *calls;
    RfJobField *fields;
    RfJobMethod *methods;
    RfJobStruct *structs;
    RfJobGlobal *globals; /* those the code names, by slot ascending */
    RfJobPath *paths;
    RfHandler *handlers;
    uint32_t *
        protos; /* per nested function: its unit or RF_JOB_NONE (lambdas are units, so that callbacks can be inlined) */
    const RfProto *sites; /* for rf_job_effect only: a stand-in with the counts that stack effects depend on */
    bool compile_entry;   /* compile the function entry (unit 0: unless only a loop is wanted; others: always) */
    uint8_t level; /* how often it was compiled before: 0 speculate freely, 1 only what the profile says, 2 generic */
    /* loops to compile an entry for */
    uint32_t nloops;
    RfJobLoop *loops;
    RfJobSeen *seen; /* nlocals, of the running activation (unit 0) or of a generator made by this unit; or NULL */
} RfJobUnit;

typedef struct RfJob {
    uint32_t nunits;
    RfJobUnit *units;
    uint32_t nshapes;
    RfJobShape *shapes;
    uint8_t opt;     /* RUFF_JIT_OPT */
    char cpu[16];    /* "x86-64-v3" ..., "" none */
    uint32_t stress; /* deopt:N, 0 = off */
    uint32_t stress_seed;
    void *arena; /* owner of everything above */
} RfJob;

/* What the main process keeps to give the numbers of a job their meaning when the code arrives. */
typedef struct RfJobLinks {
    uint32_t nunits, nshapes;
    RfProto **protos;
    RfShape **shapes;
    RfWorkerUnits order; /* numbers made of the functions' addresses: two with the same only make the order worse */
} RfJobLinks;

#define RF_JOB_MAX_UNITS 16
#define RF_JOB_MAX_CODE 4000   /* instructions of a function that is taken along (the hot one may be longer) */
#define RF_JOB_MAX_TOTAL 12000 /* instructions of all units */

/* Makes the job for `proto` and the functions it is known to call (transitively; not async, spawn, test or top-level
 * code; callees found through call sites, method sites, globals with functions, closures made, generators in variables). frame: the running activation of
 * proto, vm->frame, with vm->sp valid, or NULL. Its pc is a loop header: compile that loop, and the function entry only
 * with_entry. Its pc is the start of the code and with_entry: compile the entry for arguments like the present ones.
 * Encoded into out (cleared first). The same state of the program gives the same bytes. links: to be freed by the caller.
 * Changes nothing of the program. */
void rf_job_make(RfVm *vm, RfProto *proto, RfFrame *frame, bool with_entry, RfBuf *out, RfJobLinks *links);
void rf_job_links_free(RfJobLinks *links);

/* What the program does not know and the policy adds to a job that was made. All zero is the default. */
typedef struct RfJobOptions {
    uint8_t opt;
    char cpu[16]; /* terminated; what follows the NUL is ignored */
    uint32_t stress, stress_seed;
    uint8_t
        levels[RF_JOB_MAX_UNITS]; /* RfJobUnit.level by unit number (links->protos tells which functions these are) */
} RfJobOptions;
void rf_job_set_options(RfBuf *job, const RfJobOptions *options);

/* Bytes -> job; NULL when malformed (everything is checked: indexes, lengths, jump targets, stack depths). */
RfJob *rf_job_decode(const uint8_t *data, size_t size);
void rf_job_free(RfJob *job); /* NULL is allowed */

/* Stack effect of an instruction of the unit, as rf_op_effect. */
static inline void rf_job_effect(const RfJobUnit *unit, RfInstr in, int *pops, int *pushes, int *at_target)
{
    rf_op_effect(unit->sites, in, pops, pushes, at_target);
}
/* What is known of the global in `slot`, which the unit's code names; else NULL. */
const RfJobGlobal *rf_job_global(const RfJobUnit *unit, uint32_t slot);

/* ---- compile.c: the compiler proper, runs in the worker (or for `ruff disasm`) ---- */
typedef struct RfCompileResult {
    bool ok;
    const char *reason;              /* RfReason text when not ok */
    uint32_t reject_unit, reject_pc; /* RF_JOB_NONE when not tied to an instruction */
    uint32_t bytes;                  /* machine code */
    char types[128];                 /* 'int,int->int' of unit 0 */
    RfBuf ir, assembly;              /* filled when asked for */
} RfCompileResult;
/* Compiles the job into a shared object at `path`. false only with result->ok false. want: 1 IR text, 2 assembly text. as: an
 * assembler that waits; it is used up when GCC has succeeded. */
bool rf_jit_compile(const RfJob *job, const char *path, unsigned want, RfAssembler *as, RfCompileResult *result);
/* NULL when libgccjit could be opened (once per process), else why not. */
const char *rf_jit_backend_missing(void);

#endif

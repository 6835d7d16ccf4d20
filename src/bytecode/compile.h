/* State of the compiler and what its files share. Only compiler.c, scope.c, emit.c, finish.c and compile_*.c include this.
 *
 * One RfFuncState per function being compiled, innermost first; inner functions are compiled while the enclosing one waits
 * at the point where their closure is made, so "what is visible there" is simply the enclosing state as it stands. */
#ifndef RF_BYTECODE_COMPILE_H
#define RF_BYTECODE_COMPILE_H

#include <uthash.h>

#include "base/mem.h"
#include "bytecode/compiler.h"
#include "bytecode/module.h"
#include "front/ast.h"

typedef struct RfCompiler RfCompiler;
typedef struct RfFuncState RfFuncState;
typedef struct RfScope RfScope;
typedef struct RfBinding RfBinding;
typedef struct RfControl RfControl;

/* A growing array; the element type is the user's. */
typedef struct RfVec {
    void *data;
    uint32_t len, cap;
} RfVec;
/* Appends a zeroed element of `size` bytes and returns it (valid until the next push). */
void *rf_vec_push(RfVec *v, size_t size);
void rf_vec_free(RfVec *v, size_t size);
#define RF_VEC_AT(v, type, i) (((type *)(v)->data)[i])

/* ---- variables ---- */

struct RfBinding {
    RfString *name;       /* NULL: a namespace whose members are visible as variables (import m inside a function) */
    RfBinding *outer;     /* next one of this name in this function, further out */
    RfBinding *next;      /* next one of its scope */
    RfScope *scope;       /* where it lives */
    uint32_t declared_in; /* id of the scope or arm whose duplicate check counts it; 0: not a declaration */
    uint32_t order;       /* bigger is further in */
    uint32_t slot;
    uint32_t info;     /* 1 + index of its RfLocalInfo, 0: none open */
    uint32_t nop;      /* namespace: NOP at its import, where slots for its members can be unset */
    uint32_t match_id; /* outermost match whose arms made it; 0: none */
    uint8_t where;     /* RF_ROOT_LOCAL or RF_ROOT_SHARED */
    uint8_t kind;      /* RfGlobalKind */
    bool active;       /* visible from here on */
    bool maybe;        /* may be unset at run time */
    bool settled;      /* when it is unset a variable of that name exists further out: assignment creates nothing */
    bool func;         /* nested func declaration: closures see it before it is active */
    bool created;      /* made by assignment, binder or import (reused by later ones of its scope) */
    bool twice;        /* func: declared more than once in its scope */
    bool touched;      /* in the list of bindings changed by the current match */
    uint32_t arm;      /* last arm that counted in `hits` */
    uint32_t hits;     /* arms of the current match after which it is certain */
};

#define RF_INDEX_SLOTS 2
struct RfScope {
    RfScope *parent;
    RfBinding *bindings;
    uint32_t id;
    uint32_t first_slot;
    uint32_t saved_floor, saved_arm_depth, saved_match_id, saved_match_nop;
    uint32_t
        index_slots[RF_INDEX_SLOTS]; /* hold the indexes of compound assignments; the first index_count are there */
    uint8_t index_count;
    bool arm;    /* of a match: names go to the nearest scope that is none */
    bool global; /* top level of a file: names are globals */
};

/* Where a name may be found, in the order in which to look. */
enum {
    RF_CAND_LOCAL = RF_ROOT_LOCAL,
    RF_CAND_CELL = RF_ROOT_CELL,
    RF_CAND_SHARED = RF_ROOT_SHARED,
    RF_CAND_FIELD = RF_CANDIDATE_FIELD,
    RF_CAND_CALLEE
};
typedef struct RfCand {
    uint8_t kind;
    uint8_t bind; /* RfGlobalKind */
    bool maybe, settled;
    uint32_t slot;
    RfBinding *binding; /* LOCAL, SHARED, FIELD of a namespace; else NULL */
} RfCand;
#define RF_CANDS_INLINE 6
typedef struct RfCands { /* the global comes last when `open` */
    RfCand *items;
    uint32_t count, cap;
    bool open; /* no candidate is certain to exist */
    RfCand room[RF_CANDS_INLINE];
} RfCands;

typedef struct RfNameEntry { /* bindings of one name in one function */
    RfString *name;
    RfBinding *inner;
    UT_hash_handle hh;
} RfNameEntry;

typedef struct RfCaptured { /* what a free name of a closure means */
    RfString *name;
    RfCand *items;
    uint32_t count;
    bool all, open;
    UT_hash_handle hh;
} RfCaptured;

typedef struct RfNameSet {
    RfString *name;
    uint8_t marks;      /* RF_NAME_* */
    const RfStmt *last; /* its last func declaration at top level */
    UT_hash_handle hh;
} RfNameSet;
#define RF_NAME_GLOBAL 1u   /* some top-level statement of the file may create this global */
#define RF_NAME_DECLARED 2u /* declared or assigned by a top-level statement compiled so far */
#define RF_NAME_REPLACED 4u /* made by a match arm or import at top level so far */
#define RF_NAME_EXPORTED 8u
#define RF_NAME_IMMUTABLE 16u /* some top-level statement declares it let or const, or by a bare pattern */

/* ---- code ---- */

typedef struct RfLabel {
    uint32_t pc;      /* when bound */
    uint32_t patches; /* 1 + pc of the last jump waiting for it; operand b links to the one before */
    bool bound;
} RfLabel;

typedef struct RfInsert { /* UNSET or NEW_CELL of `slot` to stand in for the NOP at `pc` */
    uint32_t pc;
    uint32_t slot;
    RfOp op;
} RfInsert;

typedef struct RfConst {
    struct {
        uint64_t tag;
        int64_t bits;
    } key;
    uint32_t index;
    UT_hash_handle hh;
} RfConst;

typedef enum RfExit { RF_EXIT_RETURN, RF_EXIT_BREAK, RF_EXIT_CONTINUE } RfExit;
typedef struct RfFinallyExit { /* a way out of a try that its finally block delays */
    RfExit kind;
    RfControl *loop;
} RfFinallyExit;
/* Values of the hidden local that says how a finally block was reached; from RF_ACTION_FIRST_EXIT on: its exits. */
enum { RF_ACTION_NORMAL, RF_ACTION_ERROR, RF_ACTION_FIRST_EXIT };
struct RfControl { /* a loop, or a try with finally, around the code being compiled; innermost first */
    RfControl *parent;
    bool finally;
    RfLabel brk, cont;      /* loop */
    uint32_t iterator;      /* for: 1 + first slot of the iterator over what may be a container; else 0 */
    uint32_t try_depth;     /* for: of the loop itself */
    RfScope *scope;         /* scopes inside this one are left when control goes to brk, cont or entry */
    RfLabel entry;          /* finally: its block */
    uint32_t action, value; /* finally: hidden locals */
    RfVec exits;            /* finally: RfFinallyExit, number i has action RF_ACTION_FIRST_EXIT + i */
};

typedef struct RfSaved { /* state of a binding before an arm changed it */
    RfBinding *binding;
    bool active, maybe, settled;
} RfSaved;

enum { RF_SELF_UNKNOWN, RF_SELF_CALLEE, RF_SELF_CELL };

typedef struct RfPlace {      /* target of the assignment whose value is compiled: see RfPath */
    const RfExpr *target;     /* NAME or path, or NULL */
    const RfPattern *pattern; /* or an array pattern whose first name is the variable */
    const RfExpr *pair;       /* and the target of the next statement, which takes element 0 of the value; or NULL */
    bool compound;            /* target's indexes were computed before the value: see index_ops */
} RfPlace;

struct RfFuncState {
    RfCompiler *c;
    RfFuncState *parent;
    RfString *name;
    uint32_t flags; /* RF_PROTO_* */
    RfPos def_pos;
    uint16_t nparams, nrequired;
    bool test_group;  /* body of a test_group whose tests count */
    bool in_function; /* false: top-level code, its blocks, tests, spawn blocks there */
    RfVec code, positions, consts, infos, roots, inserts, handlers;
    RfVec calls, fields, methods, paths, structs, enums, decls, imports, dictpats, protos, captures;
    RfConst *const_index;
    uint32_t barrier; /* a label may be bound here: code before it is not to be changed */
    uint32_t depth;   /* operand stack */
    RfScope *scope;
    RfNameEntry *names;
    RfBinding *wild; /* namespaces, linked by `outer` */
    RfCaptured *captured;
    uint32_t next_slot, max_slots, region_max, floor, next_order, next_scope;
    RfControl *control;
    uint32_t try_depth; /* try statements around the code being compiled */
    const RfExpr *pair; /* RfPlace.pair of the statement being compiled */
    /* match arms */
    uint32_t arm_depth, arm_count, match_id, match_count, match_nop;
    RfVec journal; /* RfSaved */
    /* self reference (language.md 6.4.6) */
    RfString *self_name;
    const RfFuncNode *self_node;
    uint8_t self_bind;  /* RfGlobalKind */
    bool self_maybe;    /* only when the variable turns out to be a new local */
    uint8_t self_state; /* RF_SELF_* */
    uint32_t self_slot; /* SELF_CELL: local of the enclosing function that holds the shared cell */
};

struct RfCompiler {
    RfRuntime *rt;
    RfModule *module;
    RfArena *arena; /* of the diagnostic */
    RfArena work;   /* freed at the end */
    RfDiag *diag;
    bool failed;
    RfNameSet *names;
    RfFuncState *main;
    RfVec tests;       /* RfTestCase */
    bool import_all;   /* the file has "import m" at top level */
    bool imported_all; /* ... before the statement being compiled */
    const char *group; /* prefix of test names */
};

/* Keeps the first error of the file. */
void rf_compile_error(RfCompiler *c, RfPos pos, const char *format, ...) __attribute__((format(printf, 3, 4)));
RfString *rf_compile_intern(RfCompiler *c, RfText text);
static inline bool rf_compile_same_text(RfText a, RfText b)
{
    return a.len == b.len && memcmp(a.bytes, b.bytes, a.len) == 0;
}
RfNameSet *rf_compile_mark(RfCompiler *c, RfString *name, uint8_t marks);
bool rf_compile_marked(RfCompiler *c, RfString *name, uint8_t mark);
/* May a global of this name exist at some time? */
bool rf_compile_possible_global(RfCompiler *c, RfString *name);

/* ---- emit.c ---- */
uint32_t rf_emit(RfFuncState *fs, RfOp op, uint32_t a, uint32_t b,
                 RfPos pos);                               /* fixed or computable effect; returns its pc */
void rf_emit_const(RfFuncState *fs, RfValue v, RfPos pos); /* takes v */
void rf_emit_null(RfFuncState *fs, RfPos pos);
uint32_t rf_emit_add_const(RfFuncState *fs, RfValue v); /* takes v */
uint32_t rf_emit_name_const(RfFuncState *fs, RfString *name);
/* Arithmetic and comparison, folding constants. */
void rf_emit_binary(RfFuncState *fs, RfOp op, uint32_t b, RfPos pos);
void rf_emit_unary(RfFuncState *fs, RfOp op, RfPos pos);
/* JUMP, JUMP_IF_FALSE, JUMP_IF_TRUE (LOOP* when the label is bound) and the other ops whose operand b is a target. */
void rf_emit_jump(RfFuncState *fs, RfOp op, uint32_t a, RfLabel *label, RfPos pos);
void rf_emit_bind(RfFuncState *fs, RfLabel *label);
void rf_emit_clear(RfFuncState *fs, uint32_t from, uint32_t to, RfPos pos);
/* A place where inserts may be added later; returns its pc. */
uint32_t rf_emit_nop(RfFuncState *fs, RfPos pos);
void rf_emit_insert(RfFuncState *fs, uint32_t nop, RfOp op, uint32_t slot);
static inline uint32_t rf_emit_pc(const RfFuncState *fs)
{
    return fs->code.len;
}
uint32_t rf_emit_field_site(RfFuncState *fs, RfString *name);
uint32_t rf_emit_call_site(RfFuncState *fs, uint32_t place);
/* Interned names of a list. */
RfString **rf_emit_names(RfFuncState *fs, const RfName *names, uint32_t count);
uint32_t rf_emit_import_site(RfFuncState *fs, RfText name, bool from);

/* ---- finish.c ---- */
/* Lays out the code and makes the function; frees the state's tables. */
RfProto *rf_finish(RfFuncState *fs);

/* ---- liveness.c ---- */
/* Marks last uses of locals (VARREF_MOVE). */
void rf_liveness_run(RfProto *proto);

/* ---- scope.c ---- */
void rf_scope_enter(RfFuncState *fs, RfScope *scope, bool arm);
/* Ends the visibility of its names and gives back its slots; emits no code. */
void rf_scope_leave(RfFuncState *fs);
/* As rf_scope_leave, and clears the slots. */
void rf_scope_leave_clear(RfFuncState *fs, RfPos pos);
RfScope *rf_scope_home(const RfFuncState *fs); /* the scope that names created here belong to */
static inline bool rf_scope_is_global(const RfFuncState *fs)
{
    return rf_scope_home(fs)->global;
}
uint32_t rf_scope_slot(RfFuncState *fs, uint32_t count); /* temporaries and variables of the current scope */
RfBinding *rf_scope_bind(RfFuncState *fs, RfScope *scope, RfString *name, uint32_t slot, uint8_t where, uint8_t kind);
/* State changes inside a match arm are undone at its end. */
void rf_scope_change(RfFuncState *fs, RfBinding *b, bool active, bool maybe, bool settled);
void rf_scope_promote(RfFuncState *fs, RfBinding *b); /* becomes the innermost one of its name */
void rf_scope_demote(RfFuncState *fs, RfBinding *b);  /* becomes the outermost one of its scope and name */
RfBinding *rf_scope_innermost(RfFuncState *fs, RfString *name);
/* A binding of the home scope with a slot of its own that survives the arms of the current match: unset at the match's start. */
RfBinding *rf_scope_pinned(RfFuncState *fs, RfString *name, uint8_t where, uint8_t kind);
/* A slot of the nearest enclosing function-level region nobody else will use until `scope` ends. */
uint32_t rf_scope_pinned_slot(RfFuncState *fs);
bool rf_scope_declared(RfFuncState *fs, RfString *name); /* duplicate check: declared in the current scope or arm */
/* Candidates for `name` at the current place; `all`: also those behind a certain one. */
void rf_scope_resolve(RfFuncState *fs, RfString *name, bool all, RfCands *out);
/* Binding variables of func declarations of a block (or arm) before its first statement. */
void rf_scope_declare_funcs(RfFuncState *fs, const RfBlock *block);

/* ---- compile_name.c ---- */
void rf_name_load(RfFuncState *fs, RfString *name, RfPos pos);
/* Before the value is compiled: makes the variable an assignment may create. */
void rf_name_prepare(RfFuncState *fs, RfString *name, int mode, RfPos pos);
void rf_name_store(RfFuncState *fs, RfString *name, int mode, RfPos pos); /* RF_STORE_PLAIN or RF_STORE_BARE */
/* let, mut, const: value on the stack. kind: RfGlobalKind. */
void rf_name_declare(RfFuncState *fs, RfString *name, uint8_t kind, RfPos pos);
/* Compile-time part of the duplicate check of a declaration, and the code of its run-time part; before rf_name_declare. */
void rf_name_check_duplicate(RfFuncState *fs, RfString *name, RfPos pos);
/* Match binder or imported name: replaces a variable of the home scope. */
void rf_name_replace(RfFuncState *fs, RfString *name, int decl, RfPos pos);
/* The one local that `name` certainly is, or -1. */
int64_t rf_name_local(RfFuncState *fs, RfString *name);
void rf_name_duplicate(RfFuncState *fs, RfString *name, RfPos pos); /* error at compile time or code that raises */
void rf_name_test(RfFuncState *fs, const RfCand *c, RfString *name, RfLabel *missing, RfPos pos);
/* `wild` has the member `name`: gives the variable a slot of its own and pops the value into it. Returns the binding. */
RfBinding *rf_name_store_member(RfFuncState *fs, const RfBinding *wild, RfString *name, RfPos pos);
bool rf_name_is_builtin(RfFuncState *fs, RfString *name); /* as a global nobody has shadowed so far */
/* Is storing a value here sure to succeed, and to change nothing but a local? mode: RF_STORE_*, or -1 for a declaration. */
bool rf_name_store_is_safe(RfFuncState *fs, RfString *name, int mode);
void rf_name_raise(RfFuncState *fs, int kind, RfString *name, RfPos pos);

/* ---- compile_place.c ---- */
/* 1 + path of the variable that is both `argument` and the target of the assignment under way, or 0. */
uint32_t rf_place_of(RfFuncState *fs, const RfPlace *place, const RfExpr *argument);
/* Likewise for the first argument of a call that is the whole value: also the pair place. */
uint32_t rf_place_of_call(RfFuncState *fs, const RfPlace *place, const RfExpr *argument);
/* target := value, target op= value for paths */
void rf_place_assign(RfFuncState *fs, const RfExpr *target, const RfExpr *value);
void rf_place_compound(RfFuncState *fs, const RfStmt *stmt);

/* ---- compile_pair.c ---- */
/* The path that `next` assigns element 0 of the value of `s` to, when nothing between can fail or look at it; else NULL. */
const RfExpr *rf_pair_target(RfFuncState *fs, const RfStmt *s, const RfStmt *next);

/* ---- compile_reach.c ---- */
/* May the operation inside `e` (its left operand or first argument) use the place, although `e` still follows? *inner: the place
 * to use there. */
bool rf_place_reaches(RfFuncState *fs, const RfExpr *e, const RfPlace *place, RfPlace *inner);

/* ---- compile_expr.c ---- */
void rf_compile_expr(RfFuncState *fs, const RfExpr *e);
/* Value of an assignment whose target is `place` (may be NULL). */
void rf_compile_value(RfFuncState *fs, const RfExpr *e, const RfPlace *place);
/* Jumps to `label` when the truth of e is `sense`, else goes on. */
void rf_compile_condition(RfFuncState *fs, const RfExpr *e, bool sense, RfLabel *label);
RfString *rf_compile_name_of(RfFuncState *fs, const RfExpr *e); /* NAME or SELF: interned, else NULL */

/* ---- compile_literal.c ---- */
void rf_compile_interp(RfFuncState *fs, const RfExpr *e);
void rf_compile_array(RfFuncState *fs, const RfExpr *e);
void rf_compile_dict(RfFuncState *fs, const RfExpr *e);
void rf_compile_struct_literal(RfFuncState *fs, const RfExpr *e);
void rf_compile_enum_value(RfFuncState *fs, const RfExpr *e);

/* ---- compile_call.c: the part left of the first operand lies on the stack ---- */
void rf_compile_call(RfFuncState *fs, const RfExpr *e, const RfPlace *place);
void rf_compile_method(RfFuncState *fs, const RfExpr *e, const RfPlace *place);
void rf_compile_pipe(RfFuncState *fs, const RfExpr *e, const RfPlace *place);

/* ---- compile_func.c ---- */
typedef struct RfSelf { /* variable that a closure's own name will be */
    RfString *name;
    uint8_t kind;  /* RfGlobalKind */
    bool maybe;    /* it is a new local only when `test` says so */
    bool test;     /* value of TEST_GLOBAL for which it is one */
    uint32_t slot; /* out: shared cell to be filled, UINT32_MAX: none */
} RfSelf;
void rf_compile_closure(RfFuncState *fs, const RfFuncNode *node, RfSelf *self); /* pushes the function */
/* Compiles a value that is stored in the new variable `name`: a function there can call itself by that name. */
void rf_compile_named_value(RfFuncState *fs, const RfExpr *e, RfString *name, uint8_t kind, const RfPlace *place);
uint32_t rf_compile_func(RfFuncState *parent, const RfFuncNode *node, RfString *name, uint32_t flags, RfSelf *self);
/* Statements as a function without parameters of their own (spawn, tests); `parent` NULL: sees only globals. */
RfProto *rf_compile_block_func(RfCompiler *c, RfFuncState *parent, const RfBlock *block, RfString *name, uint32_t flags,
                               RfPos pos);
void rf_compile_spawn(RfFuncState *fs, const RfExpr *e);
void rf_compile_func_stmt(RfFuncState *fs, const RfStmt *s);
void rf_compile_struct_decl(RfFuncState *fs, const RfStmt *s);
uint32_t rf_compile_add_proto(RfFuncState *fs, RfProto *proto);
void rf_func_begin(RfFuncState *fs, RfCompiler *c, RfFuncState *parent, RfString *name, uint32_t flags, RfPos pos,
                   RfScope *scope);

/* ---- statements ---- */
void rf_compile_block(RfFuncState *fs, const RfBlock *block);      /* in a scope of its own */
void rf_compile_statements(RfFuncState *fs, const RfBlock *block); /* in the current scope */
void rf_compile_stmt(RfFuncState *fs, const RfStmt *s);
void rf_compile_exit(RfFuncState *fs, RfControl *from, RfExit kind, RfControl *loop, RfPos pos);
void rf_compile_return(RfFuncState *fs, RfPos pos); /* value on top; drops what lies below */
void rf_compile_while(RfFuncState *fs, const RfStmt *s);
void rf_compile_for(RfFuncState *fs, const RfStmt *s);
void rf_compile_match(RfFuncState *fs, const RfStmt *s);
void rf_compile_try(RfFuncState *fs, const RfStmt *s);
void rf_compile_import(RfFuncState *fs, const RfStmt *s);
void rf_compile_from(RfFuncState *fs, const RfStmt *s);
void rf_compile_let(RfFuncState *fs, const RfStmt *s);
void rf_compile_destructure(RfFuncState *fs, const RfStmt *s);
void rf_compile_test(RfFuncState *fs, const RfStmt *s);
void rf_compile_export_names(RfFuncState *fs, const RfStmt *s);

/* All names bound by a pattern, left to right. */
void rf_pattern_names(RfFuncState *fs, const RfPattern *p,
                      void (*visit)(RfFuncState *fs, const RfName *name, void *context), void *context);

/* ---- compile_scan.c ---- */
/* Marks the globals that top-level statements may create. */
void rf_scan_globals(RfCompiler *c, const RfBlock *program);
/* Does the body of `node` itself (not functions inside) assign to the variable `name`? */
bool rf_scan_assigns(const RfFuncNode *node, const char *name, size_t len);
/* Is there a `continue` in the block that belongs to a loop around it? */
bool rf_scan_continues(const RfBlock *block);

#endif

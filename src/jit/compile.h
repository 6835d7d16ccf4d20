/* Inside the compiler. One RfCompiler per job; one Emit per native function (direct form of a unit, or a loop entry).
 *
 * The same code does the analysis and the emission: it walks the instructions of a block over an abstract state of the frame.
 * In the dry passes nothing is emitted and the states at block starts are joined until they no longer change; in the last
 * pass code is emitted. So what is inferred and what is emitted cannot disagree. */
#ifndef RF_JIT_COMPILE_H
#define RF_JIT_COMPILE_H

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "bytecode/module.h"
#include "jit/gcc.h"
#include "jit/job.h"
#include "jit/native.h"
#include "jit/reason.h"

typedef gcc_jit_rvalue *R;
typedef gcc_jit_lvalue *L;
typedef gcc_jit_type *T;

/* ---- what is known of a frame slot ---- */
typedef enum SlotKind {
    K_DEAD, /* nothing of value; the home owns nothing */
    K_NULL,
    K_UNDEF,
    K_BOOL,   /* scalars: in a register; the home holds garbage */
    K_INT,
    K_FLOAT,
    K_HOME,   /* in its home, owned */
    K_ALIAS,  /* operand: the value of local n, not counted; moved: the local has given it up */
    K_GALIAS, /* operand: the value of global n, not counted */
    K_ELEM,   /* operand: the value at the address in a register (Emit.areg), inside a container, not counted: emit_nested.c */
    K_CONST,  /* operand: constant n (a string), not counted */
    K_UNIT,   /* operand: the function of unit n, known for good */
    K_BUILTIN, /* operand: the builtin called `name` */
    K_LENT    /* borrowed parameter: the value at the address in a register (Emit.areg), where the caller has it */
} SlotKind;

typedef struct Slot {
    uint8_t k;
    bool moved;     /* K_ALIAS */
    bool stable;    /* K_ELEM: inside a borrowed parameter, so nothing changes it as long as this activation runs */
    bool borrowed;  /* K_HOME or K_LENT of a parameter: the caller owns the value (UnitInfo.borrows) */
    uint16_t class; /* K_HOME, aliases: the classes it can have; 0: any */
    uint32_t n;
    uint32_t shape; /* 1 + job shape when class is STRUCT and the shape is known */
    uint16_t hint;  /* K_HOME: a guess at the class of array it holds, from what made it; unlike class not to be relied on */
    const char *name; /* K_BUILTIN; K_HOME: NULL, or it holds the builtin called this */
    uint8_t sum;      /* K_INT operand: RfSum, with `offset`; only within a block */
    int32_t offset;
    uint16_t copy; /* K_INT operand: 1 + the local that it is a copy of, until an instruction changes something; else 0 */
} Slot;

/* What is known of an int operand in a counted loop (emit_count.c). */
typedef enum RfSum { SUM_NONE, SUM_COUNTER, SUM_CONST } RfSum; /* the counter + offset; offset */

typedef struct State {
    bool reached;
    uint32_t depth;  /* operands */
    uint64_t fresh;  /* views (by number) that need no refreshing */
    bool marked;     /* the frame has its mark: see UnitInfo.quiet */
    bool room;       /* there is a frame left for a call */
    uint64_t there;  /* globals (by number in the unit's list) that have been found set: they stay so */
    Slot *slots;     /* nlocals + max_stack */
} State;

/* ---- views: an array variable's data pointer and length in registers ----
 * len is 0 unless the variable holds an array of the expected kind; wlen is 0 unless it also is unshared. So one unsigned
 * comparison decides kind, bounds and (for stores) uniqueness. Everything that changes the variable, its array or its count
 * clears or refreshes the view. */
typedef struct View {
    bool global;
    uint32_t n;     /* local or global slot */
    uint16_t class; /* RF_CLASS_INTS, FLOATS, BOOLS or VALUES */
    L data, len, wlen;
} View;
#define MAX_VIEWS 64
#define RF_DIRECT_PARAMS 5u /* a direct form has these at most beside the function's own */
#define RF_STRESS_MAX 4096 /* guards that can be made to fail in one image */

/* A loop that counts: emit_count.c. */
typedef struct Count {
    bool is;
    bool up, inclusive; /* the counter grows; its limit is the last value of it */
    bool items;         /* FOR_LOOP over ints */
    bool slow;          /* a turn may take long */
    bool left;          /* the counter is the left operand of the comparison */
    uint32_t local;     /* the counter, or UINT32_MAX */
    uint32_t test;      /* start of the block where the condition begins */
    uint32_t compare;   /* the comparison with the limit, or the FOR_LOOP */
    uint32_t body;      /* what follows when it holds */
    uint32_t store;     /* where the counter changes; UINT32_MAX: only with FOR_LOOP */
    uint32_t step;      /* local with the step, or UINT32_MAX */
    uint64_t dirty;     /* views that change inside */
    L limit;
    L end;                /* the counter (items: how many are left) at which the turns so far allowed are over */
    gcc_jit_block *again; /* at `test`, from inside */
} Count;

/* What an instruction does with the counter of its loop. */
typedef struct CountUse {
    enum { USE_NONE, USE_SUM, USE_READ, USE_WRITE } kind;
    uint32_t view;
    int32_t offset;
} CountUse;

/* A global in a register: emit_hold.c. Its slot is held_base + its index. */
typedef struct Held {
    uint32_t global;
    SlotKind k; /* a scalar */
    bool stored;
} Held;
#define HELD_MAX 16

typedef struct Loop {
    uint32_t start, end; /* pcs [start, end]: end is the back edge */
    uint64_t views;      /* views used inside */
    bool calls;          /* functions of the image are called inside */
    Count count;
} Loop;

typedef struct RfCompiler RfCompiler;

/* What all direct callers know of the boxed values of a parameter. */
typedef struct Known {
    bool any;       /* there is a caller */
    uint16_t class; /* as in Slot */
    uint32_t shape;
} Known;

typedef struct UnitInfo {
    const RfJobUnit *u;
    gcc_jit_function *direct;
    gcc_jit_param **gparams;
    bool *borrows;     /* per parameter: never written, so its value stays the caller's */
    bool *only_loaded; /* per parameter: borrowed, and named by LOAD_LOCAL alone */
    Known *known;      /* per parameter: of its boxed values */
    bool *calls;       /* per pc: a function of the image is called there */
    uint8_t *kept; /* RF_PROTO_KEEPS, per local: it may hold pointers to C memory, so it counts as alive everywhere; else NULL */
    SlotKind *params;  /* K_INT, K_FLOAT, K_BOOL or K_HOME */
    SlotKind result;   /* K_DEAD: not known yet; scalar kind, or K_HOME; of a generator: what it yields */
    bool used;         /* called directly, or an entry: its code is emitted */
    bool self_call;
    bool light;          /* keeps all in registers: the direct form has no fp parameter */
    /* Only exits, direct calls and what is cold look at the frame: the direct form has the mark (and function) of its frame as
     * parameters, and stores them there; other forms find the frame marked. */
    bool quiet;
    bool bad;            /* cannot be compiled: calls go through the VM */
} UnitInfo;

/* A cold block that stores one register home and goes on to the next one. Exits with the same registers share them. */
typedef struct Leave {
    uint32_t slot;
    uint8_t k;
    gcc_jit_block *block, *next;
} Leave;

typedef struct Emit {
    RfCompiler *c;
    UnitInfo *info;
    const RfJobUnit *u;
    bool dry, changed;
    int32_t osr; /* loop pc or -1 */
    bool generator; /* the body of one (emit_yield.c) */
    L gen, gen_slots; /* it, and its saved values */
    bool *gen_homes;  /* by slot: a saved value may be moved from there to its home */
    uint32_t start_pc;          /* where the code begins */
    uint32_t first_pc, last_pc; /* what the form covers: the function, or only the loop */
    gcc_jit_function *fn;
    gcc_jit_block *block; /* being filled; NULL: unreachable */
    R vm, frame, fp;
    R mark; /* of a quiet function */
    L closure;
    gcc_jit_block *leave[2][2]; /* calls helper exit with the number in leave_with; [1][] without fp, [][1] the frame is marked */
    L leave_with;
    Leave *leaves;
    uint32_t nleaves, leaves_cap;
    L lazy_fp; /* of a light function: set by rf_need_homes */
    gcc_jit_block *homes_block; /* where it was last set */
    L *ireg, *freg, *areg; /* by slot, made on demand: ints and bools, floats, addresses of K_ELEM */
    L tmp_ret;
    uint32_t nslots; /* nlocals + max_stack */
    uint32_t *depth_at; /* operand depth before each pc, UINT32_MAX unreachable */
    uint8_t *leader;
    State *in;          /* by pc, for leaders */
    gcc_jit_block **blocks;
    uint8_t *pending;
    uint32_t *live;     /* by pc: bit set of locals alive before it (words = live_words) */
    uint32_t live_words;
    State s;            /* current */
    uint32_t pc;
    View views[MAX_VIEWS];
    uint32_t nviews;
    Loop *loops;
    uint32_t nloops, nloops_cap;
    CountUse *uses; /* by pc */
    bool may_hold; /* try it */
    Held held[HELD_MAX];
    uint32_t nheld, held_base;
    bool hold_broken; /* somebody may look at the globals after all */
    bool holds;       /* they are in their registers: exits put them back */
    gcc_jit_block *put_back[2];
    uint32_t ntemps;
    bool rejected;
    uint32_t exit_pc;   /* cache of the exit block of this pc with unchanged state */
    gcc_jit_block *exit_block;
    uint32_t exit_number; /* of exit_block */
    /* Instructions since this pc have changed nothing: an exit may go back there (rf_restart). UINT32_MAX: they have. */
    uint32_t restart_pc;
    Slot *restart_slots; /* locals there */
    gcc_jit_block *restart_block[2]; /* exits to there: overflow, bounds */
    L absent;             /* see rf_exit_element */
    L found;              /* address of the value that the dict look-up at found_pc has found (emit_dict.c) */
    uint32_t found_pc;    /* 0: none, or it may have moved */
    uint16_t expected;    /* what the next guard or exit wants (rf_expect) */
} Emit;

struct RfCompiler {
    const RfJob *job;
    gcc_jit_context *ctx;
    T t_void, t_i64, t_u64, t_i32, t_u32, t_u16, t_u8, t_bool, t_f64, t_ptr, t_value, t_valuep, t_ret, t_i64p, t_f64p, t_u8p,
        t_i32p, t_u32p, t_u16p, t_ptrp, t_u64p;
    gcc_jit_field *f_tag, *f_int, *r_payload, *r_tag;
    L bind;   /* the array rf_bind */
    L stress; /* counters for forced guard failures, or NULL */
    RfImageHead head;
    uint32_t exits_cap, binds_cap, entries_cap, nstress;
    UnitInfo *units;
    bool changed; /* some unit's parameters or result widened: one more dry round */
    RfReason reason;
    uint32_t reject_unit, reject_pc;
    T t_cvptr; /* const volatile void * */
    gcc_jit_function *load_fn;
    gcc_jit_function *fabs_fn, *sqrt_fn, *expect_fn, *add_fn, *sub_fn, *mul_fn;
};

/* ---- compile.c ---- */
void rf_reject(Emit *e, RfReason reason);
R rf_bound(Emit *e, RfBindKind kind, uint32_t a, const char *name, T type); /* the pointer in rf_bind, loaded */
uint32_t rf_bind_number(RfCompiler *c, RfBindKind kind, uint32_t a, const char *name); /* index in rf_bind, made when new */
R rf_bound_c(RfCompiler *c, RfBindKind kind, uint32_t a, const char *name, T type);
R rf_help(Emit *e, RfHelper helper, int n, R *args); /* call of a helper as an expression (NULL in dry passes) */

/* ---- function.c ---- */
/* Analyses the direct form of a unit, or with `loop` the form of that loop, and then emits it if asked to. Analysing widens what
 * is known of parameters and results (c->changed). */
void rf_do_function(RfCompiler *c, UnitInfo *info, const RfJobLoop *loop, bool emit);

/* ---- flow.c ---- */
/* Locals that an instruction reads (nuse -1: maybe all) and writes, as ranges of slots. */
void rf_local_effects(const RfJobUnit *u, RfInstr in, int *use, int *nuse, int *def, int *ndef);
bool rf_only_loads(RfOp op); /* it changes nothing but operands; helpers that see the frame clear restart_pc themselves (rf_where) */
bool rf_is_simple(RfOp op);  /* that, or it stores or jumps: short work, and operators apart it runs no other code */
bool rf_flow_analyse(Emit *e); /* depth_at, leaders, loops, liveness; false: too strange to compile */
static inline bool rf_alive(const Emit *e, uint32_t pc, uint32_t local)
{
    return (e->live[pc * e->live_words + local / 32] >> (local % 32) & 1) || (e->info->kept && e->info->kept[local]);
}

uint16_t rf_class_of_kind(SlotKind k); /* state.c: 0 for homes and aliases */
/* ---- state.c, exit.c ---- */
/* An exit whose slots are all home: its number. */
uint32_t rf_exit_number(Emit *e, uint32_t pc, uint32_t nslots);
/* A local of these classes (0: any) that is not alive any more: must its value stay all the same? Then it counts as alive in
 * the next round. */
bool rf_keeps(const Emit *e, uint32_t local, bool boxed, uint16_t class);
void rf_state_copy(const Emit *e, State *to, const State *from);
/* Control goes from the current point to `target`: joins (dry) or emits the conversions and the jump. `taken` block is where
 * the code goes (e->block is restored). */
void rf_goto(Emit *e, uint32_t target);
/* Control leaves here and comes back at target with the values it has now: as rf_goto, without the jump. */
void rf_park(Emit *e, uint32_t target);
gcc_jit_block *rf_edge(Emit *e, uint32_t target); /* a block that goes there with the current state */
/* A cold block that leaves native code at pc with the current state. */
gcc_jit_block *rf_exit(Emit *e, uint32_t pc, RfReason reason, bool guard);
/* After helper safepoint: an error at the present pc, or on to `resume`. */
gcc_jit_block *rf_exit_stopped(Emit *e, uint32_t resume);
gcc_jit_block *rf_exit_element(Emit *e, L found); /* at e->pc, after helper peek: a type guard, or there is no such element */
gcc_jit_block *rf_exit_handled(Emit *e, RfReason reason); /* an error is under way at e->pc: the interpreter goes on in its handler */
gcc_jit_block *rf_exit_raised(Emit *e);  /* an error is under way at e->pc: it leaves the activation */
/* The number of a record for helper `enter`: what the n slots are to hold. Takes `states` (rf_mem, n + 1 bytes). */
uint32_t rf_entry_record(Emit *e, uint32_t pc, uint32_t n, char *states);
/* Is the current state what block `target` was analysed for, so that rf_goto may convert it? (When emitting.) */
bool rf_state_fits(Emit *e, uint32_t target);
/* The next guard or exit is about values of this kind: for the `guard` lines of DEBUG_JIT. */
void rf_expect(Emit *e, SlotKind k);
/* Continues when cond holds (likely), else leaves at e->pc. */
void rf_guard(Emit *e, R cond, RfReason reason);
/* The same for an int overflow. restore: NULL, or the register of a local that is `value` when it leaves: lets GCC overwrite it. */
void rf_guard_overflow(Emit *e, R cond, L restore, R value);
void rf_restart(Emit *e); /* before each instruction: may exits behind it go back to it? */
/* Makes slot i live in its home, owned. */
void rf_to_home(Emit *e, uint32_t i);
/* All operands, and all locals, in homes for the VM to see (locals that are scalars stay in registers as well). */
void rf_spill(Emit *e, bool locals);
void rf_unalias_local(Emit *e, uint32_t local);
void rf_unalias_global(Emit *e, int64_t global); /* -1: all */
/* Drops the top operand / releases what slot i owns. */
void rf_pop_slot(Emit *e);
void rf_release_slot(Emit *e, uint32_t i);
static inline uint32_t rf_top(const Emit *e) { return e->u->nlocals + e->s.depth - 1; }
uint32_t rf_push_slot(Emit *e, SlotKind k); /* new top operand of kind k, its slot number */
void rf_set_slot(Emit *e, uint32_t i, SlotKind k);
/* resume: where the interpreter can go on with the present state when the code has been withdrawn; -1 nowhere. */
void rf_gen_safepoint(Emit *e, int64_t resume);

/* ---- emit_error.c: errors under way at e->pc ---- */
/* A cold block for an error with the current state: to its handler in this activation, else out of it. The emitter must have
 * come here, or to rf_may_fail, with such a state in the dry passes. */
gcc_jit_block *rf_error(Emit *e);
void rf_may_fail(Emit *e);        /* dry passes: there will be an rf_error like this */
void rf_check(Emit *e, R status); /* of a helper: RF_OK goes on, anything else is an error */
gcc_jit_block *rf_rare_error(Emit *e, RfReason reason); /* as rf_error, for errors that hardly ever come; needs no dry pass */
bool rf_is_handled(const Emit *e); /* has this activation a handler for errors at e->pc? */
void rf_enter_handler(Emit *e, uint32_t start); /* at the start of a block, in case it is a handler's */

/* ---- small emission (emit_util.c); all return NULL and do nothing in dry passes ---- */
R rf_k(Emit *e, int64_t v);
R rf_kt(Emit *e, T type, int64_t v);
R rf_kf(Emit *e, double v);
R rf_bin(Emit *e, enum gcc_jit_binary_op op, T type, R a, R b);
R rf_cmp(Emit *e, enum gcc_jit_comparison op, R a, R b);
R rf_cast(Emit *e, R v, T type);
R rf_val(Emit *e, L v);
L rf_at(Emit *e, R base, int64_t offset, T type); /* *(type *)((char *)base + offset) */
R rf_addr(Emit *e, L v);
void rf_set(Emit *e, L to, R v);
void rf_eval(Emit *e, R v);
L rf_temp(Emit *e, T type);
gcc_jit_block *rf_block(Emit *e);
void rf_branch(Emit *e, R cond, gcc_jit_block *yes, gcc_jit_block *no); /* ends the block; e->block = NULL */
R rf_likely(Emit *e, R cond, bool is);
void rf_jump(Emit *e, gcc_jit_block *to);
L rf_ireg(Emit *e, uint32_t slot);
L rf_freg(Emit *e, uint32_t slot);
R rf_home(Emit *e, uint32_t slot);      /* address of fp[slot] */
void rf_need_homes(Emit *e);            /* start of a cold block: fp is not a parameter of a function that keeps nothing in homes */
R rf_place(Emit *e, uint32_t slot);     /* address where the value of a non-register slot lies now (follows aliases) */
L rf_tag(Emit *e, R value_address);
L rf_payload(Emit *e, R value_address); /* as int64 */
L rf_payload_f(Emit *e, R value_address);
L rf_payload_p(Emit *e, R value_address);
R rf_where(Emit *e); /* of the current instruction, all present slots */
void rf_mark(Emit *e);       /* before a direct call, and where it pays to do it once: the frame is marked from here on */
void rf_store_mark(Emit *e); /* only in the code that is being emitted, which is a side path */
void rf_noisy(Emit *e);      /* the unit is not quiet */
void rf_heavy(Emit *e);      /* the unit is not light */
void rf_copy_value(Emit *e, R to, R from);
void rf_retain_at(Emit *e, R value_address);
void rf_release_at(Emit *e, R value_address);
void rf_release_value(Emit *e, L tag, L object); /* the same for a value in two registers */
void rf_store_scalar(Emit *e, R to, uint32_t slot); /* scalar slot boxed to an address */
R rf_global_place(Emit *e, uint32_t global);
/* int, float or bool value of slot as the wanted kind; guards when it is boxed. */
R rf_as_int(Emit *e, uint32_t slot, RfReason reason);
R rf_as_float(Emit *e, uint32_t slot, RfReason reason);
R rf_truth(Emit *e, uint32_t slot); /* does not consume */
RfTag rf_tag_of(SlotKind k); /* of a scalar kind */
SlotKind rf_kind_of_class(uint16_t class); /* scalar kind for one class, K_HOME else, K_DEAD for none seen */
/* A value lies boxed in the home of slot i: given what the profile says comes next, unbox it behind a guard. */
void rf_speculate(Emit *e, uint32_t i, uint16_t seen, uint32_t resume_pc);

/* ---- emitters: one file per op family ---- */
void rf_gen_instr(Emit *e);                      /* emit.c */
void rf_push_register(Emit *e, uint32_t from); /* emit.c: pushes a scalar or null variable */
bool rf_gen_step(Emit *e);                       /* emit.c: any instruction through the interpreter */
void rf_gen_binary(Emit *e, RfOp op);            /* emit_op.c */
void rf_gen_compare(Emit *e, RfOp op);
void rf_gen_unary(Emit *e, RfOp op);
void rf_gen_index(Emit *e, uint32_t xslot, uint32_t islot, bool consume_x); /* emit_element.c */
void rf_gen_store_index(Emit *e, bool global, uint32_t n);
uint16_t rf_array_class(uint16_t seen); /* the one array class to expect, or 0 */
uint16_t rf_classes_of(const Emit *e, bool global, uint32_t n); /* seen of a variable */
void rf_view_clear(Emit *e, bool global, uint32_t n, bool only_write);
void rf_view_clear_globals(Emit *e);
void rf_view_refresh(Emit *e, View *v);
void rf_view_refresh_slowly(Emit *e, const View *v); /* by a helper: for slow paths, where size counts. Its freshness stays */
const RfJobGlobal *rf_global_info(const Emit *e, uint32_t slot); /* emit_value.c; NULL: not in the unit's list */
R rf_global_is_mut(Emit *e, uint32_t global);
uint64_t rf_global_bit(const Emit *e, uint32_t global); /* in State.there; 0: it has none */
View *rf_view_of(Emit *e, bool global, uint32_t n); /* view.c */
uint64_t rf_view_bit(Emit *e, const View *v);             /* in State.fresh, Loop.views, Count.dirty */
R rf_variable_place(Emit *e, bool global, uint32_t n);    /* address of its value */
void rf_views_enter_loops(Emit *e, uint32_t from, uint32_t to);
void rf_views_collect(Emit *e);
bool rf_gen_push(Emit *e, uint32_t pc);
uint16_t rf_elem_kind(uint16_t class);
/* Loads the element at `index` (in range) of v into slot d as kind k; `other` is taken when it is not of that kind. */
void rf_load_element(Emit *e, const View *v, R index, uint32_t d, SlotKind k, gcc_jit_block *other);
/* emit_nested.c */
bool rf_is_fleeting(const Emit *e, uint32_t depth); /* may what is pushed now, up to this depth, be a K_ELEM? */
void rf_set_elem(Emit *e, uint32_t slot, R address);
bool rf_takes_elem(const Emit *e, uint32_t depth); /* may it be a stable one? */
void rf_keep_elems(Emit *e); /* before anything that may change a container: they get counts of their own */
bool rf_gen_index_nested(Emit *e, uint32_t xslot, uint32_t islot, SlotKind k);
/* emit_hold.c: globals in registers */
void rf_hold_find(Emit *e); /* when the region of the form is known */
uint32_t rf_hold_slot(const Emit *e, uint32_t global); /* where it is held, or UINT32_MAX */
void rf_hold_state(Emit *e); /* at the start of a block */
void rf_hold_load(Emit *e, gcc_jit_block *out); /* at the start of the form; out: where one is not as expected */
gcc_jit_block *rf_hold_end(Emit *e, gcc_jit_block *leave, unsigned which); /* what an exit does before the block `leave` */
/* The global that an instruction loads or stores, if only because its local is not set; UINT32_MAX none. */
static inline uint32_t rf_named_global(RfInstr in)
{
    bool local = in.op == RF_OP_LOAD_LOCAL || in.op == RF_OP_STORE_LOCAL;
    return in.op == RF_OP_LOAD_GLOBAL || in.op == RF_OP_STORE_GLOBAL ? in.b
           : local && (in.b & RF_VARREF_MAYBE)                       ? RF_VARREF_GLOBAL(in.b)
                                                                     : UINT32_MAX;
}
/* The variable that an instruction loads or stores: a local, or the slot of a held global; UINT32_MAX none. When both are
 * possible it is the global, or the loop holds none (load_local, store_local). */
static inline uint32_t rf_variable(const Emit *e, RfInstr in, RfOp local)
{
    uint32_t global = rf_named_global(in);
    return global != UINT32_MAX ? rf_hold_slot(e, global) : (RfOp)in.op == local ? in.a : UINT32_MAX;
}
static inline uint32_t rf_loaded(const Emit *e, RfInstr in)
{
    return in.op == RF_OP_LOAD_LOCAL || in.op == RF_OP_LOAD_GLOBAL ? rf_variable(e, in, RF_OP_LOAD_LOCAL) : UINT32_MAX;
}
static inline uint32_t rf_stored(const Emit *e, RfInstr in)
{
    return in.op == RF_OP_STORE_LOCAL || in.op == RF_OP_STORE_GLOBAL ? rf_variable(e, in, RF_OP_STORE_LOCAL) : UINT32_MAX;
}
/* emit_count.c: loops whose counter stays below a limit; see there */
void rf_counts_find(Emit *e); /* after rf_views_collect */
Count *rf_count_at(Emit *e, uint32_t pc); /* of the innermost loop around pc when it is counted, else NULL */
bool rf_count_is_counter(Emit *e, uint32_t local); /* at e->pc: has the local the value that the loop's check was made for? */
/* Is x op y at e->pc known not to overflow? what: how to mark the result. */
bool rf_count_sum(Emit *e, RfOp op, const Slot *x, const Slot *y, Slot *what);
bool rf_count_covers(Emit *e, const View *v, uint32_t islot, bool write); /* is the index at e->pc known to be in range? */
void rf_count_dirty(Emit *e, const View *v); /* the view changes at e->pc */
void rf_count_limit(Emit *e, SlotKind kx, SlotKind ky, R x, R y); /* operands of the comparison at e->pc */
gcc_jit_block *rf_count_target(Emit *e, uint32_t target); /* for a jump from e->pc: where it goes instead, or NULL */
void rf_count_test(Emit *e, uint32_t start); /* at the start of a block */
/* The condition at e->pc holds and control goes on at `body` of the loop: allows some turns. */
void rf_count_enter(Emit *e, Count *count);
void rf_count_items(Emit *e, Count *count); /* FOR_LOOP over ints, when there is one: allows some turns */
/* emit_dict.c; false: not for such code, nothing was done */
bool rf_gen_index_dict(Emit *e, uint32_t xslot, uint32_t islot, bool consume_x);
bool rf_gen_field_dict(Emit *e);
bool rf_gen_store_found(Emit *e, bool global, uint32_t n); /* STORE_INDEX_..: of the value that a look-up has just found */
bool rf_gen_store_path(Emit *e, const RfJobPath *path, bool value_on_top); /* emit_path.c; false: not for such code */
void rf_gen_call(Emit *e);                       /* emit_call.c */
void rf_gen_call_method(Emit *e);
bool rf_can_call(const Emit *e, uint32_t unit, uint32_t argc); /* directly */
void rf_use_unit(Emit *e, UnitInfo *info); /* its direct form is called */
void rf_widen_param(Emit *e, UnitInfo *info, uint32_t i, SlotKind k); /* argument i has kind k (raw, else K_HOME) */
void rf_widen_known(Emit *e, UnitInfo *info, uint32_t i, const Slot *s); /* and is boxed, like this; NULL: any value */
void rf_check_depth(Emit *e, uint32_t unit); /* raises when there is no frame left for a direct call */
void rf_room_for_loops(Emit *e, uint32_t from, uint32_t to); /* on the way into loops with calls: once for all of them */
/* Does the direct form get parameter i, which is boxed, as an address? */
static inline bool rf_by_address(const UnitInfo *info, uint32_t i)
{
    return info->quiet && info->only_loaded[i] && info->params[i] != K_INT && info->params[i] != K_FLOAT &&
           info->params[i] != K_BOOL;
}
uint16_t rf_join_class(uint16_t a, uint16_t b); /* state.c: of what may be either */
uint16_t rf_class_of_slot(const Slot *s);
/* Calls unit's direct form with the argc operands from slot `first` on, which have the kinds of its parameters and which the
 * callee consumes; after rf_check_depth. fn: as frame[1].fn, or NULL. */
L rf_direct_call(Emit *e, uint32_t unit, uint32_t first, uint32_t argc, R fn);
/* Calls unit's direct form with the argc operands on top. fn: the function object for frame[1].fn, or NULL. The operand below
 * the arguments, when below_callee, is the callee and goes away too. */
void rf_call_unit(Emit *e, uint32_t unit, uint32_t argc, R fn, bool below_callee);
/* emit_several.c: CALL or CALL_METHOD of a site that has met a few functions or shapes; callee or receiver is boxed. false: it
 * has not */
bool rf_gen_call_several(Emit *e);
/* emit_higher.c: CLOSURE that only a builtin below calls; the call of such a builtin. false: not one of these */
bool rf_gen_callback(Emit *e);
bool rf_gen_higher(Emit *e);
/* emit_ffi.c: false when the call does not suit */
bool rf_gen_foreign(Emit *e, uint32_t argc, uint64_t key); /* of a C function with this key */
bool rf_gen_ffi_read(Emit *e, uint32_t argc);
bool rf_gen_ffi_write(Emit *e, uint32_t argc);
bool rf_gen_builtin(Emit *e, const char *name, uint32_t argc, uint32_t place); /* emit_builtin.c */
L rf_number_in(Emit *e, uint32_t slot); /* its int or float as a float, behind guards, in a register of its own */
/* emit_value.c: slot d gets a copy of what lies there. maybe_unset: that may be UNDEF, and d is the top of the stack */
void rf_load_value(Emit *e, R address, uint32_t d, uint16_t seen, bool maybe_unset);
void rf_guard_shape(Emit *e, uint32_t slot, uint32_t shape);
void rf_boxed_arguments(Emit *e, uint32_t slot, R *tag, R *payload); /* emit_element.c: value of a scalar or home slot */
void rf_gen_get_field(Emit *e);                  /* emit_value.c */
void rf_gen_store_field_local(Emit *e);
void rf_gen_struct(Emit *e);
R rf_cell_place(Emit *e, uint32_t n); /* address of the value of captured variable n */
void rf_gen_load_cell(Emit *e);
void rf_gen_store_cell(Emit *e);
void rf_gen_load_global(Emit *e);
void rf_gen_store_global(Emit *e);
/* emit_generic.c: values of any kind, through helpers */
R rf_value_address(Emit *e, uint32_t slot); /* where the value of slot lies or is put for this, as void * (borrowed) */
void rf_drop_operands(Emit *e, uint32_t n); /* owned by somebody else now */
/* Around a call with a place (chunk.h, RfPath; 0: none): the variable may give its value up during the call. */
void rf_before_place(Emit *e, uint32_t place);
void rf_after_place(Emit *e, uint32_t place);
void rf_gen_call_builtin(Emit *e, const RfBuiltin *b, uint32_t argc, uint32_t place);
void rf_gen_call_site(Emit *e, uint32_t n, uint32_t place); /* n operands with callee or receiver */
void rf_gen_binary_any(Emit *e, RfOp op);        /* comparisons too */
void rf_gen_compare_any(Emit *e, RfOp op);
void rf_gen_unary_any(Emit *e, RfOp op);
void rf_gen_index_any(Emit *e, uint32_t xslot, uint32_t islot, bool consume_x);
void rf_gen_store_index_any(Emit *e, bool global, uint32_t n);
void rf_gen_get_field_any(Emit *e);
R rf_shared_place(Emit *e, uint32_t local); /* address of the value in the cell that the local holds */
bool rf_gen_generic(Emit *e);                    /* literals, patterns, shared variables, paths; false: not one of them */
bool rf_gen_for(Emit *e);                        /* emit_for.c */
void rf_gen_for_loop(Emit *e);                   /* emit_next.c */
uint16_t rf_for_sources(const Emit *e, uint32_t loop); /* classes of what the for loop at pc `loop` goes over, 0: not known */
/* emit_yield.c */
uint32_t rf_yield_start(const RfJobUnit *u); /* first pc of a generator's body */
void rf_yield_declare(RfCompiler *c, UnitInfo *info);
void rf_yield_prologue(Emit *e); /* goes to where the generator stands */
void rf_gen_yield(Emit *e);
void rf_gen_yield_end(Emit *e); /* RETURN */
/* emit_draw.c */
/* The unit whose generator the for loop at pc `loop` most likely goes over, or RF_JOB_NONE; noted as used. */
uint32_t rf_for_generator(Emit *e, uint32_t loop);
/* The iterator at `it` holds a generator: draws from it directly when it is of the unit, else goes to `other`. Its value goes boxed
 * into slot d, with `two` the index into slot d + 1, and on to `got`; or on to `done`. Not in dry passes. */
void rf_draw_generator(Emit *e, uint32_t unit, uint32_t it, uint32_t d, bool two, gcc_jit_block *done,
                       gcc_jit_block *other, gcc_jit_block *got);
/* RF_CLASS_* of the arrays (all of one element kind) that the for loop with its FOR_LOOP at pc `loop` goes over, else 0 */
uint16_t rf_for_class(const Emit *e, uint32_t loop);

#endif

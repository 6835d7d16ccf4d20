/* The compiler's driver: one job to one shared object. Runs in the worker process. */
#include "jit/compile.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_BINDS 1024
#define MAX_SLOTS 1000
#define MAX_PARAMS 200
#define MAX_INSTRS 6000 /* of all units that are really compiled; measured: about 1 s */

/* ---- what emitters ask for ---- */

void rf_reject(Emit *e, RfReason reason)
{
    RfCompiler *c = e->c;
    e->rejected = true;
    e->block = NULL;
    if (e->info != &c->units[0]) {
        e->info->bad = true;
        c->changed = true;
    } else if (c->reason == RF_REASON_NONE) {
        c->reason = reason;
        c->reject_unit = e->u->number;
        c->reject_pc = e->pc;
    }
}

uint32_t rf_bind_number(RfCompiler *c, RfBindKind kind, uint32_t a, const char *name)
{
    RfImageHead *h = &c->head;
    uint32_t i = 0;
    while (i < h->nbinds &&
           !(h->binds[i].kind == kind && h->binds[i].a == a && (name == NULL) == (h->binds[i].name == NULL) &&
             (!name || strcmp(name, h->binds[i].name) == 0))) {
        i++;
    }
    if (i == h->nbinds) {
        if (i == MAX_BINDS) {
            c->reason = RF_REASON_TOO_LARGE;
            i--;
        } else {
            h->binds[h->nbinds++] = (RfBind){.kind = kind, .a = a, .name = name};
        }
    }
    return i;
}

R rf_bound_c(RfCompiler *c, RfBindKind kind, uint32_t a, const char *name, T type)
{
    uint32_t i = rf_bind_number(c, kind, a, name);
    R array = rf_gcc.lvalue_as_rvalue(c->bind);
    R index = rf_gcc.context_new_rvalue_from_int(c->ctx, c->t_i32, (int)i);
    R pointer = rf_gcc.lvalue_as_rvalue(rf_gcc.context_new_array_access(c->ctx, NULL, array, index));
    return rf_gcc.context_new_cast(c->ctx, NULL, pointer, type);
}

R rf_bound(Emit *e, RfBindKind kind, uint32_t a, const char *name, T type)
{
    return e->dry || !e->block ? NULL : rf_bound_c(e->c, kind, a, name, type);
}

static T helper_type(RfCompiler *c, char letter)
{
    switch (letter) {
    case 'v': return c->t_void;
    case 'i': return c->t_i32;
    case 'l': return c->t_i64;
    case 'd': return c->t_f64;
    case 'r': return c->t_ret;
    default: return c->t_ptr;
    }
}

R rf_help(Emit *e, RfHelper helper, int n, R *args)
{
    static const struct {
        char result;
        const char *params;
    } signatures[] = {
#define HELPER(name, result, params) {#result[0], params},
#include "jit/helpers.def"
#undef HELPER
    };
    if (e->dry || !e->block) {
        return NULL;
    }
    RfCompiler *c = e->c;
    const char *params = signatures[helper].params;
    T types[16];
    R cast[16];
    int count = (int)strlen(params);
    if (count != n) {
        rf_reject(e, RF_REASON_BACKEND_ERROR);
        return NULL;
    }
    for (int i = 0; i < count; i++) {
        if (args[i] == e->frame && !e->s.marked) { /* it is looked at */
            rf_store_mark(e);
        }
        types[i] = helper_type(c, params[i]);
        cast[i] = params[i] == 'd' ? args[i] : rf_gcc.context_new_cast(c->ctx, NULL, args[i], types[i]);
    }
    T fn =
        rf_gcc.context_new_function_ptr_type(c->ctx, NULL, helper_type(c, signatures[helper].result), count, types, 0);
    return rf_gcc.context_new_call_through_ptr(c->ctx, NULL, rf_bound_c(c, RF_BIND_HELPER, helper, NULL, fn), count,
                                               cast);
}

/* ---- one function ---- */

static void start_state(Emit *e, const RfJobLoop *loop)
{
    const RfJobUnit *u = e->u;
    e->s.reached = true;
    e->s.fresh = e->s.there = 0;
    e->s.marked = loop || !e->info->quiet;
    e->s.room = false;
    if (!loop) {
        e->s.depth = 0;
        for (uint32_t i = 0; i < u->nlocals; i++) {
            SlotKind k = i >= u->nparams ? K_NULL : e->info->params[i] == K_DEAD ? K_HOME : e->info->params[i];
            e->s.slots[i] = (Slot){.k = (uint8_t)k};
            e->s.slots[i].borrowed = k == K_HOME && i < u->nparams && e->info->borrows[i];
            if (k == K_HOME && i < u->nparams) {
                if (rf_by_address(e->info, i)) {
                    e->s.slots[i].k = K_LENT;
                }
                e->s.slots[i].class = e->info->known[i].class;
                e->s.slots[i].shape = e->info->known[i].shape;
            }
            if (k == K_HOME && (u->flags & RF_PROTO_DEFAULTS)) {
                e->s.slots[i].class = 0x7fff;
            }
        }
        return;
    }
    e->s.depth = e->depth_at[loop->pc];
    for (uint32_t i = 0; i < u->nlocals + e->s.depth; i++) {
        Slot s = {.k = K_HOME};
        if (i < u->nlocals) {
            uint16_t class = loop->locals[i];
            SlotKind k = u->level >= 2 && class != RF_CLASS_UNDEF ? K_HOME
                         : class == RF_CLASS_UNDEF                ? K_UNDEF
                                                                  : rf_kind_of_class(class);
            if (!rf_alive(e, e->start_pc, i) && !rf_keeps(e, i, k == K_HOME, class & (uint16_t)~RF_CLASS_SEEN)) {
                k = K_DEAD;
            } else if (k == K_HOME || k == K_DEAD) {
                k = K_HOME;
                s.class = 0x7fff;
                if (!(class & RF_CLASS_UNDEF) && class) {
                    s.class = 0; /* the guard at the entry lets no UNDEF in */
                }
                if (class == RF_CLASS_STRUCT && loop->shapes[i] != RF_JOB_NONE && u->level < 2) {
                    s.class = class;
                    s.shape = loop->shapes[i] + 1;
                }
            }
            s.k = (uint8_t)k;
        }
        e->s.slots[i] = s;
    }
}

static char wanted_at_entry(const Slot *s)
{
    switch (s->k) {
    case K_DEAD: return RF_SLOT_DEAD;
    case K_NULL: return RF_SLOT_NULL;
    case K_UNDEF: return RF_SLOT_UNDEF;
    case K_BOOL: return RF_SLOT_BOOL;
    case K_INT: return RF_SLOT_INT;
    case K_FLOAT: return RF_SLOT_FLOAT;
    default: return s->class & RF_CLASS_UNDEF ? RF_SLOT_ANY : RF_SLOT_HOME;
    }
}

/* Loads what the state wants from the homes, leaving at pc when something else lies there. What is compared by helper `enter`
 * need not be compiled. */
static void load_frame(Emit *e, const RfJobLoop *loop)
{
    RfCompiler *c = e->c;
    uint32_t n = e->u->nlocals + e->s.depth;
    Slot *wanted = rf_mem_alloc(sizeof(Slot) * (n + 1));
    char *states = rf_mem_alloc(n + 1);
    memcpy(wanted, e->s.slots, sizeof(Slot) * n);
    for (uint32_t i = 0; i < n; i++) {
        states[i] = wanted_at_entry(&wanted[i]);
        e->s.slots[i] = (Slot){.k = K_HOME};
    }
    states[n] = 0;
    gcc_jit_block *out = rf_exit(e, loop->pc, RF_REASON_TYPE_GUARD, true), *on = rf_block(e);
    R args[3] = {e->frame, rf_cast(e, e->fp, c->t_ptr), rf_kt(e, c->t_u64, rf_entry_record(e, loop->pc, n, states))};
    rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_NE, rf_help(e, RF_HELPER_enter, 3, args), rf_kt(e, c->t_i32, 0)), on,
              out);
    e->block = on;
    rf_hold_load(e, out);
    for (uint32_t i = 0; i < n; i++) {
        if (wanted[i].k != K_HOME || !wanted[i].shape || (wanted[i].class & RF_CLASS_UNDEF)) {
            continue;
        }
        gcc_jit_block *is = rf_block(e), *fits = rf_block(e);
        R tag = rf_val(e, rf_tag(e, rf_home(e, i)));
        rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, tag, rf_kt(e, c->t_u64, RF_TAG_STRUCT)), is, out);
        e->block = is;
        R have = rf_val(e, rf_at(e, rf_val(e, rf_payload_p(e, rf_home(e, i))), offsetof(RfStruct, shape), c->t_u8p));
        R shape = rf_bound(e, RF_BIND_SHAPE, wanted[i].shape - 1, NULL, c->t_u8p);
        rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, have, shape), fits, out);
        e->block = fits;
    }
    memcpy(e->s.slots, wanted, sizeof(Slot) * n);
    for (uint32_t i = 0; i < n; i++) {
        if (wanted[i].k == K_INT || wanted[i].k == K_BOOL) {
            rf_set(e, rf_ireg(e, i), rf_val(e, rf_payload(e, rf_home(e, i))));
        } else if (wanted[i].k == K_FLOAT) {
            rf_set(e, rf_freg(e, i), rf_val(e, rf_payload_f(e, rf_home(e, i))));
        }
    }
    rf_mem_free(wanted, sizeof(Slot) * (n + 1));
}

/* A function that ever keeps a value in a home gets fp as a parameter; so does one with values that its caller keeps, because
 * its exits bring them home. */
static void note_homes(Emit *e)
{
    for (uint32_t i = 0; e->info->light && i < e->u->nlocals + e->s.depth; i++) {
        uint8_t k = e->s.slots[i].k;
        if (k >= K_HOME && k != K_UNIT && k != K_BUILTIN) {
            rf_heavy(e);
        }
    }
}

static void run_block(Emit *e, uint32_t start)
{
    const RfJobUnit *u = e->u;
    rf_state_copy(e, &e->s, &e->in[start]);
    e->exit_block = NULL;
    for (uint32_t i = u->nlocals; i < u->nlocals + e->s.depth; i++) {
        e->s.slots[i].sum = SUM_NONE;
        e->s.slots[i].copy = 0;
    }
    e->found_pc = 0;
    rf_hold_state(e);
    if (start < e->first_pc || start > e->last_pc) { /* the loop is over: the rest is the interpreter's */
        rf_jump(e, rf_exit(e, start, RF_REASON_NONE, false));
        e->block = NULL;
        return;
    }
    rf_enter_handler(e, start);
    e->pc = start;
    rf_count_test(e, start);
    e->restart_pc = UINT32_MAX;
    while (e->block && !e->rejected) {
        rf_restart(e);
        rf_gen_instr(e);
        if (e->dry && e->osr < 0) {
            note_homes(e);
        }
        if (!e->block || e->rejected) {
            break;
        }
        uint32_t next = e->pc + 1;
        if (next >= u->code_len) {
            rf_reject(e, RF_REASON_UNSUPPORTED_OP);
            break;
        }
        if (e->leader[next]) {
            rf_goto(e, next);
            break;
        }
        e->pc = next;
    }
}

static void prologue(Emit *e, const RfJobLoop *loop)
{
    RfCompiler *c = e->c;
    const RfJobUnit *u = e->u;
    gcc_jit_block *first = rf_gcc.function_new_block(e->fn, "entry");
    e->block = first;
    for (uint32_t i = 0; i < e->nviews; i++) {
        View *v = &e->views[i];
        v->data = rf_temp(e, c->t_u8p);
        v->len = rf_temp(e, c->t_u64);
        v->wlen = rf_temp(e, c->t_u64);
        rf_set(e, v->data, rf_kt(e, c->t_u8p, 0));
        rf_set(e, v->len, rf_kt(e, c->t_u64, 0));
        rf_set(e, v->wlen, rf_kt(e, c->t_u64, 0));
    }
    if (u->ncaptures > 0 && !e->closure) {
        e->closure = rf_temp(e, c->t_u8p);
        rf_set(e, e->closure, rf_val(e, rf_at(e, e->frame, offsetof(RfFrame, fn), c->t_u8p)));
    }
    if (loop) {
        load_frame(e, loop);
    }
}

static void new_function(Emit *e, const RfJobLoop *loop)
{
    RfCompiler *c = e->c;
    if (!loop) {
        e->fn = e->info->direct;
        e->vm = rf_gcc.param_as_rvalue(e->info->gparams[0]);
        e->frame = rf_gcc.param_as_rvalue(e->info->gparams[1]);
        uint32_t n = 2;
        if (e->info->light) {
            e->lazy_fp = rf_gcc.function_new_local(e->fn, NULL, c->t_valuep, "fp");
            e->fp = rf_gcc.lvalue_as_rvalue(e->lazy_fp);
        } else {
            e->fp = rf_gcc.param_as_rvalue(e->info->gparams[n++]);
        }
        if (e->info->quiet) {
            e->mark = rf_gcc.param_as_rvalue(e->info->gparams[n++]);
            if (e->u->ncaptures > 0) {
                e->closure = rf_gcc.param_as_lvalue(e->info->gparams[n++]);
            }
        }
        for (uint32_t i = 0; i < e->u->nparams && !e->generator; i++) {
            if (rf_by_address(e->info, i)) {
                e->areg[i] = rf_gcc.param_as_lvalue(e->info->gparams[n++]);
            } else if (e->info->params[i] == K_FLOAT) {
                e->freg[i] = rf_gcc.param_as_lvalue(e->info->gparams[n++]);
            } else if (e->info->params[i] == K_INT || e->info->params[i] == K_BOOL) {
                e->ireg[i] = rf_gcc.param_as_lvalue(e->info->gparams[n++]);
            }
        }
        return;
    }
    char name[32];
    snprintf(name, sizeof name, "o%u_%u", e->u->number, loop->pc);
    gcc_jit_param *params[3] = {rf_gcc.context_new_param(c->ctx, NULL, c->t_ptr, "vm"),
                                rf_gcc.context_new_param(c->ctx, NULL, c->t_ptr, "frame"),
                                rf_gcc.context_new_param(c->ctx, NULL, c->t_valuep, "fp")};
    e->fn = rf_gcc.context_new_function(c->ctx, NULL, GCC_JIT_FUNCTION_EXPORTED, c->t_ret, name, 3, params, 0);
    e->vm = rf_gcc.param_as_rvalue(params[0]);
    e->frame = rf_gcc.param_as_rvalue(params[1]);
    e->fp = rf_gcc.param_as_rvalue(params[2]);
}

/* hold: try to keep globals in registers. false: that cannot be, nothing was emitted. */
static bool try_function(RfCompiler *c, UnitInfo *info, const RfJobLoop *loop, bool emit, bool hold)
{
    const RfJobUnit *u = info->u;
    Emit e = {.c = c, .info = info, .u = u, .dry = true, .osr = loop ? (int32_t)loop->pc : -1, .may_hold = hold};
    e.generator = (u->flags & RF_PROTO_GENERATOR) != 0;
    uint32_t len = u->code_len;
    e.nslots = (uint32_t)u->nlocals + u->max_stack + 4 + (hold ? HELD_MAX : 0);
    e.live_words = (u->nlocals + 31u) / 32u + 1;
    e.depth_at = rf_mem_zalloc(sizeof(uint32_t) * (len + 1));
    e.leader = rf_mem_zalloc(len + 1);
    e.in = rf_mem_zalloc(sizeof(State) * (len + 1));
    e.blocks = rf_mem_zalloc(sizeof(gcc_jit_block *) * (len + 1));
    e.pending = rf_mem_zalloc(len + 1);
    e.live = rf_mem_zalloc(sizeof(uint32_t) * e.live_words * (len + 1));
    e.s.slots = rf_mem_zalloc(sizeof(Slot) * e.nslots);
    e.ireg = rf_mem_zalloc(sizeof(L) * e.nslots);
    e.freg = rf_mem_zalloc(sizeof(L) * e.nslots);
    e.areg = rf_mem_zalloc(sizeof(L) * e.nslots);
    bool broken = false;
    e.uses = rf_mem_zalloc(sizeof(CountUse) * (len + 1));
    e.restart_slots = rf_mem_zalloc(sizeof(Slot) * e.nslots);
    e.restart_pc = UINT32_MAX;
    if (e.nslots > MAX_SLOTS + (hold ? HELD_MAX : 0)) {
        rf_reject(&e, RF_REASON_TOO_MANY_LOCALS);
    } else if (rf_flow_analyse(&e)) {
        static char reachable; /* stands for a block in dry passes */
        rf_views_collect(&e);
        rf_counts_find(&e);
        uint32_t start = e.start_pc;
        e.block = (gcc_jit_block *)(void *)&reachable;
        start_state(&e, loop);
        if (!loop) {
            note_homes(&e);
        }
        e.pc = UINT32_MAX;
        rf_goto(&e, start);
        bool more = true;
        while (more && !e.rejected) {
            more = false;
            for (uint32_t pc = 0; pc < len && !e.rejected; pc++) {
                if (e.pending[pc]) {
                    e.pending[pc] = 0;
                    more = true;
                    e.block = (gcc_jit_block *)(void *)&reachable;
                    run_block(&e, pc);
                }
            }
        }
        broken = e.nheld > 0 && e.hold_broken;
        if (emit && !e.rejected && !broken) {
            e.dry = false;
            new_function(&e, loop);
            e.pc = start;
            start_state(&e, loop);
            prologue(&e, loop);
            if (e.generator) {
                rf_yield_prologue(&e);
            } else {
                e.pc = UINT32_MAX;
                rf_goto(&e, start);
            }
            for (uint32_t pc = 0; pc < len && !e.rejected; pc++) {
                if (e.in[pc].reached) {
                    if (!e.blocks[pc]) {
                        e.blocks[pc] = rf_block(&e);
                    }
                    e.block = e.blocks[pc];
                    run_block(&e, pc);
                }
            }
        }
    }
    for (uint32_t i = 0; i <= len; i++) {
        if (e.in[i].slots) {
            rf_mem_free(e.in[i].slots, sizeof(Slot) * e.nslots);
        }
    }
    rf_mem_free(e.depth_at, sizeof(uint32_t) * (len + 1));
    rf_mem_free(e.leader, len + 1);
    rf_mem_free(e.in, sizeof(State) * (len + 1));
    rf_mem_free(e.blocks, sizeof(gcc_jit_block *) * (len + 1));
    rf_mem_free(e.pending, len + 1);
    rf_mem_free(e.live, sizeof(uint32_t) * e.live_words * (len + 1));
    rf_mem_free(e.s.slots, sizeof(Slot) * e.nslots);
    rf_mem_free(e.ireg, sizeof(L) * e.nslots);
    rf_mem_free(e.freg, sizeof(L) * e.nslots);
    if (e.gen_homes) {
        rf_mem_free(e.gen_homes, e.nslots);
    }
    rf_mem_free(e.areg, sizeof(L) * e.nslots);
    rf_mem_free(e.uses, sizeof(CountUse) * (len + 1));
    rf_mem_free(e.restart_slots, sizeof(Slot) * e.nslots);
    rf_mem_free(e.leaves, sizeof(Leave) * e.leaves_cap);
    if (e.loops) {
        rf_mem_free(e.loops, sizeof(Loop) * (e.nloops_cap + 1));
    }
    return !broken;
}

static void do_function(RfCompiler *c, UnitInfo *info, const RfJobLoop *loop, bool emit)
{
    if (!loop || !try_function(c, info, loop, emit, true)) {
        try_function(c, info, loop, emit, false);
    }
}

/* ---- the image ---- */

static void make_types(RfCompiler *c)
{
    gcc_jit_context *x = c->ctx;
    c->t_void = rf_gcc.context_get_type(x, GCC_JIT_TYPE_VOID);
    c->t_i64 = rf_gcc.context_get_type(x, GCC_JIT_TYPE_LONG_LONG);
    c->t_u64 = rf_gcc.context_get_type(x, GCC_JIT_TYPE_UNSIGNED_LONG_LONG);
    c->t_i32 = rf_gcc.context_get_type(x, GCC_JIT_TYPE_INT);
    c->t_u32 = rf_gcc.context_get_type(x, GCC_JIT_TYPE_UNSIGNED_INT);
    c->t_u16 = rf_gcc.context_get_type(x, GCC_JIT_TYPE_UNSIGNED_SHORT);
    c->t_u8 = rf_gcc.context_get_type(x, GCC_JIT_TYPE_UNSIGNED_CHAR);
    c->t_bool = rf_gcc.context_get_type(x, GCC_JIT_TYPE_BOOL);
    c->t_f64 = rf_gcc.context_get_type(x, GCC_JIT_TYPE_DOUBLE);
    c->t_ptr = rf_gcc.context_get_type(x, GCC_JIT_TYPE_VOID_PTR);
    c->t_u8p = rf_gcc.type_get_pointer(c->t_u8);
    c->f_tag = rf_gcc.context_new_field(x, NULL, c->t_u64, "tag");
    c->f_int = rf_gcc.context_new_field(x, NULL, c->t_i64, "payload");
    gcc_jit_field *value[2] = {c->f_tag, c->f_int};
    c->t_value = rf_gcc.struct_as_type(rf_gcc.context_new_struct_type(x, NULL, "value", 2, value));
    c->t_valuep = rf_gcc.type_get_pointer(c->t_value);
    c->r_payload = rf_gcc.context_new_field(x, NULL, c->t_u64, "payload");
    c->r_tag = rf_gcc.context_new_field(x, NULL, c->t_u64, "tag");
    gcc_jit_field *ret[2] = {c->r_payload, c->r_tag};
    c->t_ret = rf_gcc.struct_as_type(rf_gcc.context_new_struct_type(x, NULL, "ret", 2, ret));
    T binds = rf_gcc.context_new_array_type(x, NULL, c->t_ptr, MAX_BINDS);
    c->bind = rf_gcc.context_new_global(x, NULL, GCC_JIT_GLOBAL_EXPORTED, binds, "rf_bind");
    c->expect_fn = rf_gcc.context_get_builtin_function(x, "__builtin_expect");
    c->load_fn = rf_gcc.context_get_builtin_function(x, "__atomic_load_4");
    c->t_cvptr = rf_gcc.type_get_pointer(rf_gcc.type_get_volatile(rf_gcc.type_get_const(c->t_void)));
    c->add_fn = rf_gcc.context_get_builtin_function(x, "__builtin_saddll_overflow");
    c->sub_fn = rf_gcc.context_get_builtin_function(x, "__builtin_ssubll_overflow");
    c->mul_fn = rf_gcc.context_get_builtin_function(x, "__builtin_smulll_overflow");
    c->fabs_fn = rf_gcc.context_get_builtin_function(x, "fabs");
    c->sqrt_fn = rf_gcc.context_get_builtin_function(x, "sqrt");
    if (c->job->stress) {
        uint32_t *counts = rf_mem_alloc(sizeof(uint32_t) * RF_STRESS_MAX);
        uint32_t seed = c->job->stress_seed * 2654435761u + 1;
        for (uint32_t i = 0; i < RF_STRESS_MAX; i++) {
            seed = seed * 1664525u + 1013904223u;
            counts[i] = c->job->stress_seed ? 1 + (seed >> 8) % c->job->stress : c->job->stress;
        }
        T array = rf_gcc.context_new_array_type(x, NULL, c->t_u32, RF_STRESS_MAX);
        c->stress = rf_gcc.context_new_global(x, NULL, GCC_JIT_GLOBAL_EXPORTED, array, "rf_stress");
        rf_gcc.global_set_initializer(c->stress, counts, sizeof(uint32_t) * RF_STRESS_MAX);
        rf_mem_free(counts, sizeof(uint32_t) * RF_STRESS_MAX);
    }
}

/* Does some unit call itself: one that keeps all in registers (light), or one that does not? */
static bool recursive(const RfCompiler *c, bool light)
{
    for (uint32_t i = 0; i < c->job->nunits; i++) {
        if (c->units[i].self_call && c->units[i].light == light && !c->units[i].bad) {
            return true;
        }
    }
    return false;
}

static void set_options(RfCompiler *c, int opt)
{
    gcc_jit_context *x = c->ctx;
    static const char *const options[] = {"-fno-math-errno",
                                          "-ffp-contract=off",
                                          "-fno-semantic-interposition",
                                          "-fno-plt",
                                          "-fno-ipa-icf",
                                          "-fwrapv",
                                          "-fno-strict-aliasing",
                                          "-fno-asynchronous-unwind-tables",
                                          "-fno-trapping-math",
                                          "--param=ggc-min-heapsize=32768",
                                          "--param=ggc-min-expand=30",
                                          "-w"};
    rf_gcc.context_set_int_option(x, GCC_JIT_INT_OPTION_OPTIMIZATION_LEVEL, opt);
    rf_gcc.context_set_bool_print_errors_to_stderr(x, 0);
    rf_gcc.context_set_bool_allow_unreachable_blocks(x, 1); /* e.g. the exit of guards that turn out not to be needed */
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        rf_gcc.context_add_command_line_option(x, options[i]);
    }
    if (c->job->cpu[0]) {
        char march[32];
        snprintf(march, sizeof march, "-march=%s", c->job->cpu);
        rf_gcc.context_add_command_line_option(x, march);
        /* GCC looks at each class of registers when it starts: 1 % of a small compile, and values never live in these */
        rf_gcc.context_add_command_line_option(x, "-mno-mmx");
        rf_gcc.context_add_command_line_option(x, "-mno-80387");
    }
    if (!recursive(c, false)) {
        /* GCC counts the cold exits as well when it decides what is small enough to inline */
        rf_gcc.context_add_command_line_option(x, "--param=max-inline-insns-auto=300");
        rf_gcc.context_add_command_line_option(x, "--param=inline-min-speedup=5");
    }
    if (opt == 3) {
        /* recursion: room for a few levels of it in one function. Twice as much makes fib a tenth faster, and its compile
         * half as long again */
        rf_gcc.context_add_command_line_option(x, "--param=max-inline-insns-recursive-auto=1000");
    } else { /* a tenth of the compile time, and nothing that an out-of-order CPU would notice */
        rf_gcc.context_add_command_line_option(x, "-fno-schedule-insns2");
        /* at this level it takes only loops whose number of turns is a constant, and looks at all of them */
        rf_gcc.context_add_command_line_option(x, "-fno-tree-loop-vectorize");
    }
}

static bool raw(SlotKind k)
{
    return k == K_INT || k == K_FLOAT || k == K_BOOL;
}

static void declare_direct(RfCompiler *c, UnitInfo *info)
{
    char name[32];
    snprintf(name, sizeof name, "d%u", info->u->number);
    uint32_t n = 0;
    info->gparams = rf_mem_alloc(sizeof(gcc_jit_param *) * (info->u->nparams + RF_DIRECT_PARAMS));
    info->gparams[n++] = rf_gcc.context_new_param(c->ctx, NULL, c->t_ptr, "vm");
    info->gparams[n++] = rf_gcc.context_new_param(c->ctx, NULL, c->t_ptr, "frame");
    if (!info->light) {
        info->gparams[n++] = rf_gcc.context_new_param(c->ctx, NULL, c->t_valuep, "fp");
    }
    if (info->quiet) {
        info->gparams[n++] = rf_gcc.context_new_param(c->ctx, NULL, c->t_u32, "mark");
        if (info->u->ncaptures > 0) {
            info->gparams[n++] = rf_gcc.context_new_param(c->ctx, NULL, c->t_u8p, "fn");
        }
    }
    for (uint32_t i = 0; i < info->u->nparams; i++) {
        if (info->params[i] == K_DEAD) {
            info->params[i] = K_HOME;
        }
        bool by_address = rf_by_address(info, i);
        if (raw(info->params[i]) || by_address) {
            char p[16];
            snprintf(p, sizeof p, "p%u", i);
            T type = by_address ? c->t_valuep : info->params[i] == K_FLOAT ? c->t_f64 : c->t_i64;
            info->gparams[n++] = rf_gcc.context_new_param(c->ctx, NULL, type, p);
        }
    }
    info->direct =
        rf_gcc.context_new_function(c->ctx, NULL, GCC_JIT_FUNCTION_INTERNAL, c->t_ret, name, (int)n, info->gparams, 0);
}

static void add_entry(RfCompiler *c, uint32_t unit, int32_t pc)
{
    RfImageHead *h = &c->head;
    if (h->nentries == c->entries_cap) {
        uint32_t cap = c->entries_cap ? c->entries_cap * 2 : 16;
        h->entries = rf_mem_resize(h->entries, sizeof(RfImageEntry) * c->entries_cap, sizeof(RfImageEntry) * cap);
        c->entries_cap = cap;
    }
    h->entries[h->nentries++] = (RfImageEntry){.unit = unit, .pc = pc};
}

/* The form that the interpreter calls: arguments from their homes, checked. */
static void make_entry(RfCompiler *c, UnitInfo *info)
{
    const RfJobUnit *u = info->u;
    Emit e = {.c = c, .info = info, .u = u, .osr = -1, .restart_pc = UINT32_MAX};
    e.nslots = (uint32_t)u->nlocals + 4;
    e.s.slots = rf_mem_zalloc(sizeof(Slot) * e.nslots);
    for (uint32_t i = 0; i < u->nlocals; i++) {
        e.s.slots[i].k = i < u->nparams ? K_HOME : K_NULL;
    }
    char name[32];
    snprintf(name, sizeof name, "u%u", u->number);
    gcc_jit_param *params[3] = {rf_gcc.context_new_param(c->ctx, NULL, c->t_ptr, "vm"),
                                rf_gcc.context_new_param(c->ctx, NULL, c->t_ptr, "frame"),
                                rf_gcc.context_new_param(c->ctx, NULL, c->t_valuep, "fp")};
    e.fn = rf_gcc.context_new_function(c->ctx, NULL, GCC_JIT_FUNCTION_EXPORTED, c->t_ret, name, 3, params, 0);
    e.vm = rf_gcc.param_as_rvalue(params[0]);
    e.frame = rf_gcc.param_as_rvalue(params[1]);
    e.fp = rf_gcc.param_as_rvalue(params[2]);
    e.block = rf_gcc.function_new_block(e.fn, NULL);
    gcc_jit_block *out = NULL;
    e.s.marked = true;
    R args[RF_DIRECT_PARAMS + 256];
    int n = 0;
    args[n++] = e.vm;
    args[n++] = e.frame;
    if (!info->light) {
        args[n++] = e.fp;
    }
    if (info->quiet) {
        args[n++] = rf_kt(&e, c->t_u32, 0); /* it is complete */
        if (u->ncaptures > 0) {
            args[n++] = rf_val(&e, rf_at(&e, e.frame, offsetof(RfFrame, fn), c->t_u8p));
        }
    }
    for (uint32_t i = 0; i < u->nparams; i++) {
        if (rf_by_address(info, i)) {
            args[n++] = rf_home(&e, i);
        }
        if (!raw(info->params[i])) {
            continue;
        }
        RfTag tag = info->params[i] == K_INT ? RF_TAG_INT : info->params[i] == K_FLOAT ? RF_TAG_FLOAT : RF_TAG_BOOL;
        gcc_jit_block *on = rf_block(&e);
        rf_expect(&e, info->params[i]);
        if (!out) {
            out = rf_exit(&e, 0, RF_REASON_TYPE_GUARD, true);
        }
        rf_branch(&e,
                  rf_likely(&e,
                            rf_cmp(&e, GCC_JIT_COMPARISON_EQ, rf_val(&e, rf_tag(&e, rf_home(&e, i))),
                                   rf_kt(&e, c->t_u64, tag)),
                            true),
                  on, out);
        e.block = on;
        args[n++] = tag == RF_TAG_FLOAT ? rf_val(&e, rf_payload_f(&e, rf_home(&e, i)))
                                        : rf_val(&e, rf_payload(&e, rf_home(&e, i)));
    }
    /* what the direct form only borrows is released here */
    L *tags = rf_mem_zalloc(sizeof(L) * (u->nparams + 1u)), *objects = rf_mem_zalloc(sizeof(L) * (u->nparams + 1u));
    for (uint32_t i = 0; i < u->nparams; i++) {
        if (info->borrows[i] && !raw(info->params[i])) {
            tags[i] = rf_temp(&e, c->t_u64);
            objects[i] = rf_temp(&e, c->t_u8p);
            rf_set(&e, tags[i], rf_val(&e, rf_tag(&e, rf_home(&e, i))));
            rf_set(&e, objects[i], rf_val(&e, rf_payload_p(&e, rf_home(&e, i))));
        }
    }
    L ret = rf_temp(&e, c->t_ret);
    rf_set(&e, ret, rf_gcc.context_new_call(c->ctx, NULL, info->direct, n, args));
    for (uint32_t i = 0; i < u->nparams; i++) {
        if (tags[i]) {
            rf_release_value(&e, tags[i], objects[i]);
        }
    }
    rf_gcc.block_end_with_return(e.block, NULL, rf_val(&e, ret));
    rf_mem_free(tags, sizeof(L) * (u->nparams + 1u));
    rf_mem_free(objects, sizeof(L) * (u->nparams + 1u));
    rf_mem_free(e.s.slots, sizeof(Slot) * e.nslots);
    add_entry(c, u->number, -1);
}

/* Parameters that no instruction writes or gives away, and those of them that only LOAD_LOCAL names. */
static void find_borrows(const RfJobUnit *u, bool *borrows, bool *only_loaded)
{
    for (uint32_t i = 0; i < u->nparams; i++) {
        borrows[i] = only_loaded[i] = !(u->flags & RF_PROTO_DEFAULTS);
    }
    for (uint32_t pc = 0; pc < u->code_len; pc++) {
        RfInstr in = u->code[pc];
        uint32_t first = in.a, count = 0, place = 0;
        switch ((RfOp)in.op) {
        case RF_OP_STORE_LOCAL:
        case RF_OP_STORE_INDEX_LOCAL:
        case RF_OP_STORE_FIELD_LOCAL:
        case RF_OP_INDEX_LAST:
        case RF_OP_NEW_CELL: count = 1; break;
        case RF_OP_UNSET:
        case RF_OP_CLEAR: count = in.b; break;
        case RF_OP_FOR_PREP:
        case RF_OP_FOR_RANGE:
        case RF_OP_FOR_STEP:
        case RF_OP_FOR_LOOP:
        case RF_OP_FOR_LOOP2: count = 3; break;
        case RF_OP_CALL: place = u->calls[in.b].place; break;
        case RF_OP_CALL_METHOD: place = u->methods[in.b].place; break;
        case RF_OP_ADD: place = in.b; break;
        case RF_OP_STORE_PATH: place = in.b + 1; break;
        default: break;
        }
        if (place && u->paths[place - 1].root == RF_ROOT_LOCAL) {
            first = u->paths[place - 1].slot;
            count = 1;
        }
        for (uint32_t i = first; i < first + count && i < u->nparams; i++) {
            borrows[i] = only_loaded[i] = false;
        }
        int use, nuse, def, ndef;
        rf_local_effects(u, in, &use, &nuse, &def, &ndef);
        for (uint32_t i = 0; i < u->nparams && in.op != RF_OP_LOAD_LOCAL && in.op != RF_OP_CALL_METHOD; i++) {
            bool named = nuse < 0 || (i >= (uint32_t)use && i < (uint32_t)(use + nuse));
            only_loaded[i] = only_loaded[i] && !named;
        }
    }
}

/* Loops that get entries: those of a generator are entered through its body's. */
static uint32_t loops_of(const RfJobUnit *u)
{
    return u->flags & RF_PROTO_GENERATOR ? 0 : u->nloops;
}

/* Dry rounds until parameters and results of all units no longer widen. */
static void infer(RfCompiler *c)
{
    bool settled = false;
    for (uint32_t round = 0; round < 40 && c->reason == RF_REASON_NONE; round++) {
        c->changed = false;
        for (uint32_t i = 0; i < c->job->nunits && c->reason == RF_REASON_NONE; i++) {
            UnitInfo *info = &c->units[i];
            if (info->used && !info->bad) {
                do_function(c, info, NULL, false);
            }
            for (uint32_t l = 0; l < loops_of(info->u) && !info->bad && c->reason == RF_REASON_NONE; l++) {
                do_function(c, info, &info->u->loops[l], false);
            }
        }
        if (!c->changed) {
            if (settled) {
                return;
            }
            /* what never returned in the analysis may still return a value that the interpreter computed */
            settled = true;
            for (uint32_t i = 0; i < c->job->nunits; i++) {
                if (c->units[i].used && c->units[i].result == K_DEAD) {
                    c->units[i].result = K_HOME;
                    settled = false;
                }
            }
            if (settled) {
                return;
            }
        }
    }
    if (c->reason == RF_REASON_NONE) {
        c->reason = RF_REASON_UNSTABLE_TYPES;
    }
}

static void emit_all(RfCompiler *c)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < c->job->nunits; i++) {
        if (c->units[i].used || c->units[i].u->nloops) {
            total += c->units[i].u->code_len;
        }
    }
    if (total > MAX_INSTRS) {
        c->reason = RF_REASON_TOO_LARGE;
        return;
    }
    for (uint32_t i = 0; i < c->job->nunits; i++) {
        if (c->units[i].used && !c->units[i].bad) {
            if (c->units[i].u->flags & RF_PROTO_GENERATOR) {
                rf_yield_declare(c, &c->units[i]);
            } else {
                declare_direct(c, &c->units[i]);
            }
        }
    }
    for (uint32_t i = 0; i < c->job->nunits && c->reason == RF_REASON_NONE; i++) {
        UnitInfo *info = &c->units[i];
        if (info->used && !info->bad) {
            do_function(c, info, NULL, true);
            if (i == 0 && info->u->flags & RF_PROTO_GENERATOR) {
                add_entry(c, 0, -1);
            } else if (i == 0 && info->u->compile_entry) {
                /* the others become hot by themselves if the interpreter calls them often */
                make_entry(c, info);
            }
        }
        for (uint32_t l = 0; l < loops_of(info->u) && !info->bad && c->reason == RF_REASON_NONE; l++) {
            do_function(c, info, &info->u->loops[l], true);
            add_entry(c, i, (int32_t)info->u->loops[l].pc);
        }
    }
    size_t size;
    uint8_t *head = rf_image_head_encode(&c->head, &size);
    uint8_t *blob = rf_mem_alloc(size + 4);
    uint32_t length = (uint32_t)size;
    memcpy(blob, &length, 4);
    memcpy(blob + 4, head, size);
    T array = rf_gcc.context_new_array_type(c->ctx, NULL, c->t_u8, (int)size + 4);
    L global = rf_gcc.context_new_global(c->ctx, NULL, GCC_JIT_GLOBAL_EXPORTED, array, "rf_head");
    rf_gcc.global_set_initializer(global, blob, size + 4);
    rf_mem_free(blob, size + 4);
    rf_mem_free(head, size);
}

static void read_text(RfBuf *out, const char *path)
{
    FILE *f = fopen(path, "r");
    char buffer[4096];
    size_t n;
    while (f && (n = fread(buffer, 1, sizeof buffer, f)) > 0) {
        rf_buf_put(out, buffer, n);
    }
    if (f) {
        fclose(f);
    }
}

static const char *kind_name(SlotKind k)
{
    return k == K_INT ? "int" : k == K_FLOAT ? "float" : k == K_BOOL ? "bool" : k == K_NULL ? "null" : "any";
}

static void describe(RfCompiler *c, RfCompileResult *result)
{
    const UnitInfo *info = &c->units[0];
    size_t at = 0;
    result->types[0] = 0;
    for (uint32_t i = 0; i < info->u->nparams && at + 24 < sizeof result->types; i++) {
        at += (size_t)snprintf(result->types + at, sizeof result->types - at, "%s%s", i ? "," : "",
                               kind_name(info->used ? info->params[i] : K_HOME));
    }
    snprintf(result->types + at, sizeof result->types - at, "->%s", kind_name(info->used ? info->result : K_HOME));
}

const char *rf_jit_backend_missing(void)
{
    return rf_gcc_open();
}

/* Has GCC write assembler text, and makes the shared object at `path` of it. */
static void make_object(RfCompiler *c, const char *path, unsigned want, RfAssembler *as, RfCompileResult *result)
{
    char text[PATH_MAX];
    snprintf(text, sizeof text, "%s.s", path);
    if (want & 1) {
        rf_gcc.context_dump_to_file(c->ctx, text, 0);
        read_text(&result->ir, text);
    }
    rf_gcc.context_compile_to_file(c->ctx, GCC_JIT_OUTPUT_KIND_ASSEMBLER, text);
    const char *error = rf_gcc.context_get_first_error(c->ctx);
    if (!error && want & 2) {
        read_text(&result->assembly, text);
    }
    if (error || !rf_assemble(as, text, path, &result->bytes)) {
        c->reason = RF_REASON_BACKEND_ERROR;
        unlink(text);
        if (want) { /* dumps were asked for: somebody is looking */
            fprintf(stderr, "libgccjit: %s\n", error ? error : "no object");
        }
    }
}

bool rf_jit_compile(const RfJob *job, const char *path, unsigned want, RfAssembler *as, RfCompileResult *result)
{
    memset(result, 0, sizeof *result);
    result->reject_unit = result->reject_pc = RF_JOB_NONE;
    if (rf_gcc_open()) {
        result->reason = rf_reason_text[RF_REASON_BACKEND_MISSING];
        return false;
    }
    RfCompiler c = {.job = job, .reject_unit = RF_JOB_NONE, .reject_pc = RF_JOB_NONE};
    c.units = rf_mem_zalloc(sizeof(UnitInfo) * job->nunits);
    c.head.nunits = job->nunits;
    c.head.binds = rf_mem_zalloc(sizeof(RfBind) * MAX_BINDS);
    for (uint32_t i = 0; i < job->nunits; i++) {
        const RfJobUnit *u = &job->units[i];
        UnitInfo *info = &c.units[i];
        info->u = u;
        bool generator = (u->flags & RF_PROTO_GENERATOR) != 0;
        info->light = !generator;
        info->quiet = !generator;
        info->borrows = rf_mem_zalloc(u->nparams + 1u);
        info->only_loaded = rf_mem_zalloc(u->nparams + 1u);
        info->known = rf_mem_zalloc(sizeof(Known) * (u->nparams + 1u));
        info->calls = rf_mem_zalloc(u->code_len + 1u);
        info->kept = u->flags & RF_PROTO_KEEPS ? rf_mem_zalloc(u->nlocals + 1u) : NULL;
        if (!generator) {
            find_borrows(u, info->borrows, info->only_loaded);
        }
        info->params = rf_mem_zalloc(sizeof(SlotKind) * (u->nparams + 1u));
        for (uint32_t p = 0; p < u->nparams; p++) {
            uint16_t class = u->params[p];
            if (generator && !(class & (uint16_t)~RF_CLASS_SEEN) && u->seen) { /* called when nothing was noted yet */
                class = u->seen[p].class;
            }
            SlotKind k = rf_kind_of_class(class);
            info->params[p] = u->level >= 2 ? K_HOME : k == K_NULL ? K_HOME : k;
        }
        bool async = u->flags & RF_PROTO_ASYNC && !generator; /* loops only */
        info->bad = (async && (i > 0 || u->compile_entry)) || u->nparams > MAX_PARAMS;
    }
    c.units[0].used = job->units[0].compile_entry;
    if (c.units[0].bad) {
        c.reason = job->units[0].flags & RF_PROTO_ASYNC ? RF_REASON_ASYNC : RF_REASON_TOO_MANY_LOCALS;
    }
    infer(&c);
    if (c.reason == RF_REASON_NONE) {
        c.ctx = rf_gcc.context_acquire();
        int opt = job->opt == 2 && recursive(&c, true) ? 3 : job->opt;
        set_options(&c, opt);
        make_types(&c);
        emit_all(&c);
        if (c.reason == RF_REASON_NONE) {
            make_object(&c, path, want, as, result);
        }
        rf_gcc.context_release(c.ctx);
    }
    result->ok = c.reason == RF_REASON_NONE;
    result->reason = rf_reason_text[c.reason];
    result->reject_unit = c.reject_unit;
    result->reject_pc = c.reject_pc;
    if (result->ok) {
        describe(&c, result);
    }
    for (uint32_t i = 0; i < job->nunits; i++) {
        rf_mem_free(c.units[i].borrows, job->units[i].nparams + 1u);
        rf_mem_free(c.units[i].only_loaded, job->units[i].nparams + 1u);
        rf_mem_free(c.units[i].known, sizeof(Known) * (job->units[i].nparams + 1u));
        rf_mem_free(c.units[i].calls, job->units[i].code_len + 1u);
        rf_mem_free(c.units[i].kept, c.units[i].kept ? job->units[i].nlocals + 1u : 0);
        rf_mem_free(c.units[i].params, sizeof(SlotKind) * (job->units[i].nparams + 1u));
        if (c.units[i].gparams) {
            rf_mem_free(c.units[i].gparams, sizeof(gcc_jit_param *) * (job->units[i].nparams + RF_DIRECT_PARAMS));
        }
    }
    for (uint32_t i = 0; i < c.head.nexits; i++) {
        rf_mem_free((char *)(uintptr_t)c.head.exits[i].slots, c.head.exits[i].nslots + 1u);
        rf_mem_free((uint32_t *)(uintptr_t)c.head.exits[i].numbers, sizeof(uint32_t) * c.head.exits[i].nnumbers);
    }
    rf_mem_free(c.head.exits, sizeof(RfExit) * c.exits_cap);
    rf_mem_free(c.head.entries, sizeof(RfImageEntry) * c.entries_cap);
    rf_mem_free(c.head.binds, sizeof(RfBind) * MAX_BINDS);
    rf_mem_free(c.units, sizeof(UnitInfo) * job->nunits);
    return result->ok;
}

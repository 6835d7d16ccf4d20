/* One native function, the direct form of a unit or the form of a loop: what it starts from, the walk over its blocks, dry until
 * nothing changes and then emitting. */
#include <string.h>

#include "jit/compile.h"

#define MAX_SLOTS 1000

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

void rf_do_function(RfCompiler *c, UnitInfo *info, const RfJobLoop *loop, bool emit)
{
    if (!loop || !try_function(c, info, loop, emit, true)) {
        try_function(c, info, loop, emit, false);
    }
}

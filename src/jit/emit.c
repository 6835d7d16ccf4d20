/* Emission of one instruction: constants, variables, jumps, returns; everything else is in the emit_ files of its family, and
 * what has no native form runs through the interpreter (rf_gen_step). */
#include <string.h>

#include "jit/compile.h"

#define MAYBE_UNDEF 0x7fffu /* a home whose value may also be UNDEF; class 0 is any value but UNDEF */

static void instruction_cleared(Emit *e)
{
    e->exit_block = NULL;
}

/* ---- any instruction through the interpreter ---- */

/* Locals the interpreter may write when it runs the instruction. */
static void step_writes(Emit *e, RfInstr in, uint32_t *first, uint32_t *count)
{
    *first = in.a;
    *count = 0;
    switch ((RfOp)in.op) {
    case RF_OP_STORE_LOCAL:
    case RF_OP_LOAD_LOCAL:
    case RF_OP_NEW_CELL:
    case RF_OP_INDEX_LAST:
    case RF_OP_STORE_INDEX_LOCAL:
    case RF_OP_STORE_FIELD_LOCAL: *count = 1; break;
    case RF_OP_FOR_PREP:
    case RF_OP_FOR_RANGE:
    case RF_OP_FOR_STEP:
    case RF_OP_FOR_LOOP:
    case RF_OP_FOR_LOOP2: *count = 3; break;
    case RF_OP_UNSET:
    case RF_OP_CLEAR: *count = in.b; break;
    case RF_OP_STORE_PATH:
        if (e->u->paths[in.b].root == RF_ROOT_LOCAL) {
            *first = e->u->paths[in.b].slot;
            *count = 1;
        }
        break;
    default: break;
    }
}

/* The variable of a place gives its value up during the instruction. */
static void widen_place(Emit *e, RfInstr in)
{
    uint32_t place = in.op == RF_OP_CALL          ? e->u->calls[in.b].place
                     : in.op == RF_OP_CALL_METHOD ? e->u->methods[in.b].place
                     : in.op == RF_OP_ADD         ? in.b
                     : in.op == RF_OP_LOAD_PATH   ? in.b + 1
                                                  : 0;
    if (place && e->u->paths[place - 1].root == RF_ROOT_LOCAL) {
        Slot *s = &e->s.slots[e->u->paths[place - 1].slot];
        if (s->k == K_HOME) {
            s->class = s->class & RF_CLASS_UNDEF ? MAYBE_UNDEF : 0;
            s->shape = 0;
        }
    }
}

bool rf_gen_step(Emit *e)
{
    rf_heavy(e);
    rf_noisy(e);
    RfInstr in = e->u->code[e->pc];
    int pops, pushes, at_target;
    rf_job_effect(e->u, in, &pops, &pushes, &at_target);
    uint32_t first, count;
    step_writes(e, in, &first, &count);
    rf_spill(e, true);
    for (uint32_t i = first; i < first + count; i++) {
        if (e->s.slots[i].k == K_DEAD) {
            e->s.slots[i].k = K_NULL;
        }
        rf_to_home(e, i);
    }
    if (in.op == RF_OP_LOAD_PATH || in.op == RF_OP_STORE_PATH || in.op == RF_OP_CLOSURE || in.op == RF_OP_CALL_METHOD) {
        /* may read any local: none may be garbage */
        for (uint32_t i = 0; i < e->u->nlocals; i++) {
            if (e->s.slots[i].k == K_DEAD) {
                e->s.slots[i].k = K_NULL;
                rf_store_scalar(e, rf_home(e, i), i);
            }
        }
    }
    R args[3] = {e->vm, e->frame, rf_where(e)}, status = NULL;
    if (!e->dry && e->block) {
        L kept = rf_temp(e, e->c->t_i32);
        rf_set(e, kept, rf_help(e, RF_HELPER_step, 3, args));
        status = rf_val(e, kept);
    }
    for (uint32_t i = first; i < first + count; i++) {
        e->s.slots[i] = (Slot){.k = K_HOME, .class = MAYBE_UNDEF};
    }
    widen_place(e, in);
    instruction_cleared(e);
    unsigned flags = rf_op_info[in.op].flags;
    if (flags & RF_OPF_E && !(flags & RF_OPF_J)) { /* raises: the step cannot have succeeded */
        rf_jump(e, rf_error(e));
        e->block = NULL;
        return true;
    }
    rf_check(e, status);
    for (uint32_t i = 0; i < e->u->nlocals; i++) {
        rf_view_clear(e, false, i, true);
    }
    for (uint32_t i = first; i < first + count; i++) {
        rf_view_clear(e, false, i, false);
    }
    rf_view_clear_globals(e);
    uint32_t before = e->s.depth;
    if (flags & RF_OPF_J) {
        /* frame->pc tells which way it went */
        e->s.depth = (uint32_t)((int)before + at_target);
        for (uint32_t i = e->u->nlocals + before - (uint32_t)pops; i < e->u->nlocals + e->s.depth; i++) {
            e->s.slots[i] = (Slot){.k = K_HOME};
        }
        gcc_jit_block *taken = rf_edge(e, in.b);
        e->s.depth = (uint32_t)((int)before - pops + pushes);
        for (uint32_t i = e->u->nlocals + before - (uint32_t)pops; i < e->u->nlocals + e->s.depth; i++) {
            e->s.slots[i] = (Slot){.k = K_HOME};
        }
        if (flags & RF_OPF_E) {
            rf_jump(e, taken);
        } else {
            gcc_jit_block *next = rf_edge(e, e->pc + 1);
            if (!e->dry && e->block) {
                R at = rf_val(e, rf_at(e, e->frame, offsetof(RfFrame, pc), e->c->t_u8p));
                R code = rf_bound(e, RF_BIND_CODE, e->u->number, NULL, e->c->t_u8p);
                R target = rf_addr(e, rf_at(e, code, (int64_t)in.b * (int64_t)sizeof(RfInstr), e->c->t_u8));
                rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, at, target), taken, next);
            }
        }
        e->block = NULL;
        return true;
    }
    e->s.depth = before - (uint32_t)pops;
    for (int i = 0; i < pushes; i++) {
        rf_push_slot(e, K_HOME);
    }
    if (pushes == 1) {
        rf_speculate(e, rf_top(e), e->u->tos[e->pc + 1], e->pc + 1);
    }
    return true;
}

/* ---- constants ---- */

static void push_const(Emit *e, uint32_t n)
{
    const RfJobConst *k = &e->u->consts[n];
    uint32_t i;
    switch (k->tag) {
    case RF_TAG_INT:
        i = rf_push_slot(e, K_INT);
        rf_set(e, rf_ireg(e, i), rf_k(e, k->payload));
        if (k->payload >= INT32_MIN && k->payload <= INT32_MAX) {
            e->s.slots[i].sum = SUM_CONST;
            e->s.slots[i].offset = (int32_t)k->payload;
        }
        break;
    case RF_TAG_BOOL:
        i = rf_push_slot(e, K_BOOL);
        rf_set(e, rf_ireg(e, i), rf_k(e, k->payload));
        break;
    case RF_TAG_FLOAT: {
        double f;
        memcpy(&f, &k->payload, sizeof f);
        i = rf_push_slot(e, K_FLOAT);
        if (f != f || f - f != 0.0) { /* NaN, infinities: bit for bit from the constant table */
            e->s.slots[i] = (Slot){.k = K_CONST, .n = n};
            R value = rf_val(e, rf_payload_f(e, rf_place(e, i)));
            e->s.slots[i] = (Slot){.k = K_FLOAT};
            rf_set(e, rf_freg(e, i), value);
        } else {
            rf_set(e, rf_freg(e, i), rf_kf(e, f));
        }
        break;
    }
    case RF_TAG_NULL: rf_push_slot(e, K_NULL); break;
    default:
        i = rf_push_slot(e, K_CONST);
        e->s.slots[i].n = n;
        e->s.slots[i].class = k->tag == RF_TAG_STRING ? RF_CLASS_STRING : 0;
        if (k->tag != RF_TAG_STRING) {
            rf_to_home(e, i);
            e->s.slots[i].class = 0;
        }
    }
}

/* ---- locals ---- */

static bool may_be_undef(const Slot *s)
{
    return s->k == K_HOME && (s->class & RF_CLASS_UNDEF);
}

static void copy_register(Emit *e, uint32_t to, uint32_t from)
{
    Slot *s = &e->s.slots[from];
    if (s->k == K_FLOAT) {
        rf_set(e, rf_freg(e, to), rf_val(e, rf_freg(e, from)));
    } else if (s->k == K_INT || s->k == K_BOOL) {
        rf_set(e, rf_ireg(e, to), rf_val(e, rf_ireg(e, from)));
    }
}

void rf_push_register(Emit *e, uint32_t from)
{
    SlotKind k = (SlotKind)e->s.slots[from].k;
    uint32_t i = rf_push_slot(e, k);
    copy_register(e, i, from);
    e->s.slots[i].copy = k == K_INT ? (uint16_t)(from + 1) : 0;
    e->s.slots[i].sum = k == K_INT && rf_count_is_counter(e, from) ? SUM_COUNTER : SUM_NONE;
}

/* The local is set: not what was made of the instruction when a global of its name is held. */
static void neither_global(Emit *e, RfInstr in)
{
    if (rf_named_global(in) != UINT32_MAX && rf_hold_slot(e, rf_named_global(in)) != UINT32_MAX) {
        rf_noisy(e);
    }
}

static void load_local(Emit *e, RfInstr in)
{
    Slot *s = &e->s.slots[in.a];
    if (s->k == K_DEAD) { /* cannot be: a use keeps it alive */
        s->k = K_NULL;
    }
    if (s->k == K_UNDEF || may_be_undef(s)) {
        if (s->k == K_UNDEF && (in.b & RF_VARREF_MAYBE)) {
            rf_gen_load_global(e);
            return;
        }
        rf_gen_step(e);
        return;
    }
    neither_global(e, in);
    if (s->k < K_HOME) {
        rf_push_register(e, in.a);
        return;
    }
    uint32_t i = rf_push_slot(e, (SlotKind)s->k);
    if (s->k == K_HOME || s->k == K_LENT) {
        e->s.slots[i] = (Slot){.k = K_ALIAS,
                               .n = in.a,
                               .moved = (in.b & RF_VARREF_MOVE) != 0 && !s->borrowed,
                               .class = s->class,
                               .shape = s->shape};
        /* a value given away twice: the first alias keeps it */
        for (uint32_t j = e->u->nlocals; j < i; j++) {
            if (e->s.slots[j].k == K_ALIAS && e->s.slots[j].n == in.a) {
                e->s.slots[i].moved = e->s.slots[i].moved && !e->s.slots[j].moved;
                if (e->s.slots[i].moved) {
                    rf_to_home(e, j);
                }
            }
        }
    }
}

static void store_local(Emit *e, RfInstr in)
{
    Slot *d = &e->s.slots[in.a];
    uint32_t top = rf_top(e);
    if (in.b & RF_VARREF_MAYBE) {
        if (d->k == K_UNDEF) {
            rf_gen_store_global(e);
            return;
        }
        if (may_be_undef(d)) {
            rf_gen_step(e);
            return;
        }
        neither_global(e, in);
    }
    Slot *s = &e->s.slots[top];
    if (s->k == K_ALIAS && s->n == in.a) { /* stays where it is */
        *s = (Slot){.k = K_DEAD};
        e->s.depth--;
        return;
    }
    if (s->k >= K_HOME) {
        rf_to_home(e, top);
    }
    e->s.depth--; /* the others: aliases of what the local held */
    rf_unalias_local(e, in.a);
    e->s.depth++;
    rf_release_slot(e, in.a);
    if (s->k == K_HOME) {
        rf_copy_value(e, rf_home(e, in.a), rf_home(e, top));
        *d = *s;
    } else {
        SlotKind k = (SlotKind)s->k;
        if (k == K_FLOAT) {
            rf_set(e, rf_freg(e, in.a), rf_val(e, rf_freg(e, top)));
        } else if (k == K_INT || k == K_BOOL) {
            rf_set(e, rf_ireg(e, in.a), rf_val(e, rf_ireg(e, top)));
        }
        *d = (Slot){.k = (uint8_t)k};
    }
    *s = (Slot){.k = K_DEAD};
    e->s.depth--;
    instruction_cleared(e);
    rf_view_clear(e, false, in.a, false);
}

static void clear_locals(Emit *e, RfInstr in, SlotKind k)
{
    for (uint32_t i = in.a; i < in.a + in.b; i++) {
        rf_unalias_local(e, i);
        rf_release_slot(e, i);
        e->s.slots[i] = (Slot){.k = (uint8_t)k};
        rf_view_clear(e, false, i, false);
    }
}

/* ---- jumps ---- */

void rf_gen_safepoint(Emit *e, int64_t resume)
{
    if (e->dry || !e->block) {
        return;
    }
    gcc_jit_block *stop = rf_block(e), *on = rf_block(e);
    /* an atomic load: GCC would take a plain one (and, in version 12, one marked volatile) out of the loop */
    RfCompiler *c = e->c;
    R load[2] = {rf_gcc.context_new_cast(c->ctx, NULL, rf_addr(e, rf_at(e, e->vm, offsetof(RfVm, interrupt), c->t_i32)),
                                         c->t_cvptr),
                 rf_kt(e, c->t_i32, __ATOMIC_RELAXED)};
    R flag = rf_cast(e, rf_gcc.context_new_call(c->ctx, NULL, c->load_fn, 2, load), c->t_i32);
    rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_NE, flag, rf_kt(e, e->c->t_i32, 0)), false), stop, on);
    e->block = stop;
    R where = rf_where(e);
    if (resume >= 0) {
        where = rf_bin(e, GCC_JIT_BINARY_OP_BITWISE_OR, c->t_i64, rf_cast(e, where, c->t_i64),
                       rf_k(e, (int64_t)RF_WHERE_LEAVES));
    }
    R args[3] = {e->vm, e->frame, where};
    R status = rf_help(e, RF_HELPER_safepoint, 3, args);
    gcc_jit_block *out = resume < 0 ? rf_rare_error(e, RF_REASON_EXCEPTION) : rf_exit_stopped(e, (uint32_t)resume);
    rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, status, rf_kt(e, c->t_i32, RF_OK)), on, out);
    e->block = on;
}

/* A block that goes to target over a back edge. */
static gcc_jit_block *back_edge(Emit *e, uint32_t target, bool back)
{
    if (!back) {
        return rf_edge(e, target);
    }
    Slot *slots = rf_mem_alloc(sizeof(Slot) * e->nslots);
    State kept = {.slots = slots};
    rf_state_copy(e, &kept, &e->s);
    gcc_jit_block *from = e->block, *edge = rf_block(e);
    if (!e->dry) {
        e->block = edge;
    }
    Count *count = rf_count_at(e, e->pc);
    if (!count || count->body == target) {
        rf_gen_safepoint(e, target);
    } /* else the turns were allowed before the rest of the condition */
    if (count && count->body == target) {
        rf_count_enter(e, count);
    }
    rf_goto(e, target);
    e->block = from;
    rf_state_copy(e, &e->s, &kept);
    rf_mem_free(slots, sizeof(Slot) * e->nslots);
    return edge;
}

static void two_way(Emit *e, R cond, uint32_t if_true, uint32_t if_false, bool back_true, bool back_false)
{
    gcc_jit_block *yes = back_edge(e, if_true, back_true), *no = back_edge(e, if_false, back_false);
    rf_branch(e, cond, yes, no);
    e->block = NULL;
}

static void jump_if(Emit *e, RfInstr in, bool wanted, bool back)
{
    uint32_t top = rf_top(e);
    R cond = rf_truth(e, top);
    Slot *s = &e->s.slots[top];
    if (s->k == K_HOME || (s->k == K_ALIAS && s->moved)) {
        L kept = rf_temp(e, e->c->t_bool);
        rf_set(e, kept, cond);
        rf_pop_slot(e);
        cond = rf_val(e, kept);
    } else {
        rf_pop_slot(e);
    }
    Count *count = rf_count_at(e, e->pc);
    bool counts =
        count && !wanted && e->pc == count->compare + 1 && count->body == e->pc + 1; /* of several conditions */
    if (wanted) {
        two_way(e, cond, in.b, e->pc + 1, back, false);
    } else {
        two_way(e, cond, e->pc + 1, in.b, counts, back);
    }
}

/* Jumps on whether slot i has a tag; 1 yes, 0 no, -1 only known at run time. */
static int has_tag_statically(const Slot *s, SlotKind k, uint16_t class)
{
    if (s->k < K_HOME) {
        return s->k == k || (k == K_NULL && s->k == K_DEAD);
    }
    if (s->k == K_CONST || s->k == K_UNIT || s->k == K_BUILTIN) {
        return 0;
    }
    if (s->class && !(s->class & class)) {
        return 0;
    }
    return k == K_UNDEF && !s->class ? 0 : -1;
}

static R tag_is(Emit *e, uint32_t slot, RfTag tag)
{
    return rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, rf_place(e, slot))), rf_kt(e, e->c->t_u64, tag));
}

static void jump_undef(Emit *e, RfInstr in, bool wanted)
{
    int is = has_tag_statically(&e->s.slots[in.a], K_UNDEF, RF_CLASS_UNDEF);
    if (is >= 0) {
        rf_goto(e, (is == 1) == wanted ? in.b : e->pc + 1);
        return;
    }
    R cond = tag_is(e, in.a, RF_TAG_UNDEF);
    two_way(e, cond, wanted ? in.b : e->pc + 1, wanted ? e->pc + 1 : in.b, false, false);
}

static void jump_null(Emit *e, RfInstr in)
{
    uint32_t top = rf_top(e);
    bool keeps = in.op == RF_OP_JUMP_NOT_NULL; /* jumps when not null, drops the null */
    int is = has_tag_statically(&e->s.slots[top], K_NULL, RF_CLASS_NULL);
    if (!keeps) {
        if (is >= 0) {
            rf_goto(e, is ? in.b : e->pc + 1);
        } else {
            two_way(e, tag_is(e, top, RF_TAG_NULL), in.b, e->pc + 1, false, false);
        }
        return;
    }
    if (is == 0) {
        rf_goto(e, in.b);
        return;
    }
    if (is == 1) {
        rf_pop_slot(e);
        rf_goto(e, e->pc + 1);
        return;
    }
    R cond = tag_is(e, top, RF_TAG_NULL);
    gcc_jit_block *not_null = rf_edge(e, in.b);
    Slot *s = &e->s.slots[top];
    if (s->k == K_ALIAS && s->moved) {
        e->s.slots[s->n].k = K_NULL;
    }
    e->s.depth--; /* null owns nothing */
    gcc_jit_block *null = rf_edge(e, e->pc + 1);
    rf_branch(e, cond, null, not_null);
    e->block = NULL;
}

/* ---- return ---- */

static void emit_return(Emit *e)
{
    RfCompiler *c = e->c;
    uint32_t top = rf_top(e);
    Slot *s = &e->s.slots[top];
    SlotKind k = (SlotKind)s->k;
    if (k == K_UNIT || k == K_BUILTIN || k == K_CONST || k == K_GALIAS || (k == K_ALIAS && e->s.slots[s->n].borrowed)) {
        rf_to_home(e, top);
        k = K_HOME;
    }
    SlotKind joined = k == K_ALIAS ? K_HOME : k;
    if (e->osr < 0) {
        SlotKind was = e->info->result;
        SlotKind now = was == K_DEAD ? joined : was == joined ? was : K_HOME;
        if (now != was) {
            e->info->result = now;
            c->changed = true;
        }
    }
    if (e->dry || !e->block) {
        e->block = NULL;
        return;
    }
    L ret = rf_temp(e, c->t_ret);
    L tag = rf_gcc.lvalue_access_field(ret, NULL, c->r_tag),
      payload = rf_gcc.lvalue_access_field(ret, NULL, c->r_payload);
    uint32_t kept = UINT32_MAX; /* the local whose value is the result */
    switch (k) {
    case K_INT:
    case K_BOOL:
        rf_set(e, tag, rf_kt(e, c->t_u64, k == K_INT ? RF_TAG_INT : RF_TAG_BOOL));
        rf_set(e, payload, rf_cast(e, rf_val(e, rf_ireg(e, top)), c->t_u64));
        break;
    case K_FLOAT:
        rf_set(e, tag, rf_kt(e, c->t_u64, RF_TAG_FLOAT));
        rf_set(e, payload, rf_gcc.context_new_bitcast(c->ctx, NULL, rf_val(e, rf_freg(e, top)), c->t_u64));
        break;
    case K_ALIAS: {
        bool captured = false;
        kept = s->n;
        for (uint32_t i = e->u->nlocals; i < top; i++) {
            captured = captured || (e->s.slots[i].k == K_ALIAS && e->s.slots[i].n == kept && e->s.slots[i].moved);
        }
        if (captured) {
            rf_to_home(e, top);
            kept = UINT32_MAX;
        }
        R from = kept == UINT32_MAX ? rf_home(e, top) : rf_home(e, kept);
        rf_set(e, tag, rf_val(e, rf_tag(e, from)));
        rf_set(e, payload, rf_cast(e, rf_val(e, rf_payload(e, from)), c->t_u64));
        break;
    }
    case K_HOME:
        rf_set(e, tag, rf_val(e, rf_tag(e, rf_home(e, top))));
        rf_set(e, payload, rf_cast(e, rf_val(e, rf_payload(e, rf_home(e, top))), c->t_u64));
        break;
    default: rf_set(e, tag, rf_kt(e, c->t_u64, RF_TAG_NULL)); rf_set(e, payload, rf_kt(e, c->t_u64, 0));
    }
    /* from the top: an operand may have taken a local's value over */
    for (uint32_t i = top; i-- > 0;) {
        if (i != kept) {
            rf_release_slot(e, i);
        }
    }
    rf_gcc.block_end_with_return(e->block, NULL, rf_val(e, ret));
    e->block = NULL;
}

/* What native code never does: frames may be parked there, and it cannot be. */
static void leave(Emit *e)
{
    if (!e->dry && e->block) {
        rf_jump(e, rf_exit(e, e->pc, RF_REASON_ASYNC, false));
    }
    e->block = NULL;
}

/* ---- one instruction ---- */

void rf_gen_instr(Emit *e)
{
    RfInstr in = e->u->code[e->pc];
    instruction_cleared(e);
    e->uses[e->pc] = (CountUse){0};
    switch ((RfOp)in.op) {
    case RF_OP_NOP: break;
    case RF_OP_CONST: push_const(e, in.b); break;
    case RF_OP_POP: rf_pop_slot(e); break;
    case RF_OP_DUP: {
        uint32_t from = rf_top(e);
        Slot s = e->s.slots[from];
        if (s.k == K_HOME || (s.k == K_ALIAS && s.moved)) {
            rf_to_home(e, from);
            uint32_t i = rf_push_slot(e, K_HOME);
            rf_copy_value(e, rf_home(e, i), rf_home(e, from));
            rf_retain_at(e, rf_home(e, i));
            e->s.slots[i] = e->s.slots[from];
        } else {
            uint32_t i = rf_push_slot(e, (SlotKind)s.k);
            copy_register(e, i, from);
            e->s.slots[i] = s;
        }
        break;
    }
    case RF_OP_LOAD_LOCAL: load_local(e, in); break;
    case RF_OP_STORE_LOCAL: store_local(e, in); break;
    case RF_OP_UNSET: clear_locals(e, in, K_UNDEF); break;
    case RF_OP_CLEAR: clear_locals(e, in, K_NULL); break;
    case RF_OP_TEST_LOCAL: jump_undef(e, in, true); break;
    case RF_OP_DEFAULT: jump_undef(e, in, false); break;
    case RF_OP_LOAD_CELL: rf_gen_load_cell(e); break;
    case RF_OP_STORE_CELL: rf_gen_store_cell(e); break;
    case RF_OP_LOAD_GLOBAL: rf_gen_load_global(e); break;
    case RF_OP_STORE_GLOBAL: rf_gen_store_global(e); break;
    case RF_OP_ADD:
    case RF_OP_SUB:
    case RF_OP_MUL:
    case RF_OP_DIV:
    case RF_OP_MOD: rf_gen_binary(e, (RfOp)in.op); break;
    case RF_OP_EQ:
    case RF_OP_NE:
    case RF_OP_LT:
    case RF_OP_GT:
    case RF_OP_LE:
    case RF_OP_GE: rf_gen_compare(e, (RfOp)in.op); break;
    case RF_OP_NEG:
    case RF_OP_NOT: rf_gen_unary(e, (RfOp)in.op); break;
    case RF_OP_TO_BOOL: {
        uint32_t top = rf_top(e);
        L kept = rf_temp(e, e->c->t_i64);
        rf_set(e, kept, rf_cast(e, rf_truth(e, top), e->c->t_i64));
        rf_release_slot(e, top);
        rf_set_slot(e, top, K_BOOL);
        rf_set(e, rf_ireg(e, top), rf_val(e, kept));
        break;
    }
    case RF_OP_JUMP: rf_goto(e, in.b); break;
    case RF_OP_LOOP:
        rf_gen_safepoint(e, in.b);
        rf_goto(e, in.b);
        break;
    case RF_OP_JUMP_IF_FALSE: jump_if(e, in, false, false); break;
    case RF_OP_JUMP_IF_TRUE: jump_if(e, in, true, false); break;
    case RF_OP_LOOP_IF_FALSE: jump_if(e, in, false, true); break;
    case RF_OP_LOOP_IF_TRUE: jump_if(e, in, true, true); break;
    case RF_OP_JUMP_IF_NULL:
    case RF_OP_JUMP_NOT_NULL: jump_null(e, in); break;
    case RF_OP_INDEX: rf_gen_index(e, rf_top(e) - 1, rf_top(e), true); break;
    case RF_OP_INDEX_LOCAL: rf_gen_index(e, in.a, rf_top(e), false); break;
    case RF_OP_STORE_INDEX_LOCAL: rf_gen_store_index(e, false, in.a); break;
    case RF_OP_STORE_INDEX_GLOBAL: rf_gen_store_index(e, true, in.b); break;
    case RF_OP_GET_FIELD: rf_gen_get_field(e); break;
    case RF_OP_STORE_FIELD_LOCAL: rf_gen_store_field_local(e); break;
    case RF_OP_STRUCT: rf_gen_struct(e); break;
    case RF_OP_CLOSURE:
        if (!rf_gen_callback(e)) {
            rf_gen_step(e);
        }
        break;
    case RF_OP_CALL: rf_gen_call(e); break;
    case RF_OP_CALL_METHOD: rf_gen_call_method(e); break;
    case RF_OP_RETURN:
        if (e->generator) {
            rf_gen_yield_end(e);
        } else if (e->u->flags & RF_PROTO_ASYNC) { /* becomes a promise in the interpreter */
            leave(e);
        } else {
            emit_return(e);
        }
        break;
    case RF_OP_FOR_PREP:
    case RF_OP_FOR_RANGE:
    case RF_OP_FOR_STEP:
    case RF_OP_RANGE_CALL:
    case RF_OP_FOR_LOOP:
    case RF_OP_FOR_LOOP2:
        if (!rf_gen_for(e)) {
            rf_gen_step(e);
        }
        break;
    case RF_OP_YIELD: rf_gen_yield(e); break;
    case RF_OP_AWAIT: leave(e); break;
    case RF_OP_GEN_START: rf_reject(e, RF_REASON_GENERATOR); break;
    default:
        if (!rf_gen_generic(e)) {
            rf_gen_step(e);
        }
    }
}

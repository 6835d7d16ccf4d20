/* Generators. The native form of a body (RfResume) starts where the generator stands: it compares the saved pc with those at which
 * its code can go on and brings the saved values to where that code wants them - scalars into registers, the rest home to
 * fp[]. At a YIELD it saves what is alive and returns the value.
 *
 * Values that this image has saved are as the analysis knows them and only loaded (the fast way). Values that the interpreter
 * or other code has saved, and the arguments at the start, are checked, as on the way into a loop (the slow way); that way also
 * leads into the middle of loops, when the interpreter finds one hot. When a check fails the interpreter goes on. */
#include <stddef.h>

#include "jit/compile.h"

#define MAYBE_UNDEF 0x7fffu

uint32_t rf_yield_start(const RfJobUnit *u)
{
    uint32_t pc = 0;
    while (pc + 1 < u->code_len && u->code[pc].op != RF_OP_GEN_START) {
        pc++;
    }
    return pc + 1 < u->code_len ? pc + 1 : 0;
}

void rf_yield_declare(RfCompiler *c, UnitInfo *info)
{
    static const char *const names[] = {"vm", "frame", "fp"};
    const T types[] = {c->t_ptr, c->t_ptr, c->t_valuep};
    char name[32];
    snprintf(name, sizeof name, info->u->number == 0 ? "u%u" : "d%u", info->u->number);
    info->gparams = rf_mem_alloc(sizeof(gcc_jit_param *) * (info->u->nparams + 3u));
    for (uint32_t i = 0; i < 3; i++) {
        info->gparams[i] = rf_gcc.context_new_param(c->ctx, NULL, types[i], names[i]);
    }
    info->direct = rf_gcc.context_new_function(
        c->ctx, NULL, info->u->number == 0 ? GCC_JIT_FUNCTION_EXPORTED : GCC_JIT_FUNCTION_INTERNAL, c->t_ret, name, 3,
        info->gparams, 0);
}

/* ---- the generator's fields ---- */

static L field(Emit *e, L gen, size_t offset, T type)
{
    return rf_at(e, rf_val(e, gen), (int64_t)offset, type);
}

static R saved(Emit *e, uint32_t slot) /* address of a saved value */
{
    if (e->dry || !e->block) {
        return NULL;
    }
    return rf_addr(e, rf_gcc.context_new_array_access(e->c->ctx, NULL, rf_val(e, e->gen_slots), rf_k(e, slot)));
}

static R address_of(Emit *e, uint32_t pc)
{
    R code = rf_bound(e, RF_BIND_CODE, e->u->number, NULL, e->c->t_u8p);
    return rf_addr(e, rf_at(e, code, (int64_t)pc * (int64_t)sizeof(RfInstr), e->c->t_u8));
}

/* ---- YIELD and the end ---- */

/* Where the generator goes on after the YIELD at pc: a value that nobody wants is not kept. */
static uint32_t target_of(const RfJobUnit *u, uint32_t pc)
{
    return u->code[pc + 1].op == RF_OP_POP ? pc + 2 : pc + 1;
}

static bool is_scalar(SlotKind k)
{
    return k == K_INT || k == K_FLOAT || k == K_BOOL;
}

static void note_kind(Emit *e, SlotKind k)
{
    SlotKind was = e->info->result, now = !is_scalar(k) || (was != K_DEAD && was != k) ? K_HOME : k;
    if (now != was) {
        e->info->result = now;
        e->c->changed = true;
    }
}

/* The value of a scalar or home slot in two registers. */
static void box(Emit *e, L ret, uint32_t slot)
{
    RfCompiler *c = e->c;
    if (e->dry || !e->block) {
        return;
    }
    L tag = rf_gcc.lvalue_access_field(ret, NULL, c->r_tag), payload = rf_gcc.lvalue_access_field(ret, NULL, c->r_payload);
    switch (e->s.slots[slot].k) {
    case K_INT:
    case K_BOOL:
        rf_set(e, tag, rf_kt(e, c->t_u64, e->s.slots[slot].k == K_INT ? RF_TAG_INT : RF_TAG_BOOL));
        rf_set(e, payload, rf_cast(e, rf_val(e, rf_ireg(e, slot)), c->t_u64));
        break;
    case K_FLOAT:
        rf_set(e, tag, rf_kt(e, c->t_u64, RF_TAG_FLOAT));
        rf_set(e, payload, rf_gcc.context_new_bitcast(c->ctx, NULL, rf_val(e, rf_freg(e, slot)), c->t_u64));
        break;
    case K_HOME:
        rf_set(e, tag, rf_val(e, rf_tag(e, rf_home(e, slot))));
        rf_set(e, payload, rf_cast(e, rf_val(e, rf_payload(e, rf_home(e, slot))), c->t_u64));
        break;
    default:
        rf_set(e, tag, rf_kt(e, c->t_u64, RF_TAG_NULL));
        rf_set(e, payload, rf_kt(e, c->t_u64, 0));
    }
}

/* Only what rf_load_frame can check is known of a saved value. */
static void weaken(Slot *s)
{
    bool shape = s->class == RF_CLASS_STRUCT && s->shape;
    *s = (Slot){.k = K_HOME,
                .class = s->class & RF_CLASS_UNDEF ? MAYBE_UNDEF : shape ? RF_CLASS_STRUCT : 0,
                .shape = shape ? s->shape : 0,
                .hint = s->hint};
}

static bool ever_home(const Emit *e, uint32_t slot)
{
    for (uint32_t pc = 0; pc + 1 < e->u->code_len; pc++) {
        const State *s = &e->in[target_of(e->u, pc)];
        if (e->u->code[pc].op == RF_OP_YIELD && s->reached && slot < e->u->nlocals + s->depth && s->slots[slot].k == K_HOME) {
            return true;
        }
    }
    return false;
}

/* The values of the state at target, where they are now, into the generator. */
static void save(Emit *e, uint32_t target)
{
    uint32_t n = e->u->nlocals + e->s.depth;
    for (uint32_t i = 0; i < n; i++) {
        Slot *s = &e->s.slots[i];
        s->k = e->in[target].slots[i].k;
        if (s->k == K_HOME) {
            rf_copy_value(e, saved(e, i), rf_home(e, i));
        } else if (s->k != K_DEAD || ever_home(e, i)) { /* else what lies there owns nothing */
            rf_store_scalar(e, saved(e, i), i);
        }
    }
    RfCompiler *c = e->c;
    rf_set(e, field(e, e->gen, offsetof(RfGenerator, pc), c->t_u8p), address_of(e, target));
    rf_set(e, field(e, e->gen, offsetof(RfGenerator, native), c->t_ptr), rf_bound(e, RF_BIND_SERIAL, 0, NULL, c->t_ptr));
    rf_set(e, field(e, e->gen, offsetof(RfGenerator, nslots), c->t_u32), rf_kt(e, c->t_u32, n));
    rf_set(e, field(e, e->gen, offsetof(RfGenerator, state), c->t_u32), rf_kt(e, c->t_u32, RF_GEN_READY));
}

void rf_gen_yield(Emit *e)
{
    if (!e->generator) {
        rf_reject(e, RF_REASON_GENERATOR);
        return;
    }
    uint32_t top = rf_top(e), target = target_of(e->u, e->pc), before = e->pc;
    if (e->s.slots[top].k >= K_HOME) {
        rf_to_home(e, top);
    }
    note_kind(e, (SlotKind)e->s.slots[top].k);
    L ret = rf_temp(e, e->c->t_ret);
    box(e, ret, top);
    if (target == e->pc + 2) { /* handed over */
        rf_set_slot(e, top, K_DEAD);
        e->s.depth--;
    } else if (e->s.slots[top].k == K_HOME) {
        rf_retain_at(e, rf_home(e, top));
    }
    e->exit_block = NULL;
    for (uint32_t i = e->u->nlocals + e->s.depth; i-- > 0;) { /* from the top: an operand may take a local's value over */
        Slot *s = &e->s.slots[i];
        if (i < e->u->nlocals && !rf_alive(e, target, i)) {
            continue; /* released on the way out */
        }
        if (s->k > K_HOME) {
            rf_to_home(e, i);
        }
        if (s->k == K_HOME) {
            weaken(s);
        }
    }
    e->pc = target; /* nothing below can leave */
    rf_park(e, target);
    if (!e->dry && e->block) {
        save(e, target);
        rf_gcc.block_end_with_return(e->block, NULL, rf_val(e, ret));
    }
    e->pc = before;
    e->block = NULL;
}

void rf_gen_yield_end(Emit *e)
{
    RfCompiler *c = e->c;
    if (!e->dry && e->block) {
        for (uint32_t i = rf_top(e) + 1; i-- > 0;) {
            rf_release_slot(e, i);
        }
        L ret = rf_temp(e, c->t_ret);
        rf_set(e, rf_gcc.lvalue_access_field(ret, NULL, c->r_payload), rf_kt(e, c->t_u64, 0));
        rf_set(e, rf_gcc.lvalue_access_field(ret, NULL, c->r_tag), rf_kt(e, c->t_u64, RF_TAG_UNDEF));
        rf_gcc.block_end_with_return(e->block, NULL, rf_val(e, ret));
    }
    e->block = NULL;
}

/* ---- resuming ---- */

/* Goes on at `yes` when the generator stands at pc, else here. */
static void when_at(Emit *e, L at, uint32_t pc, gcc_jit_block *yes)
{
    gcc_jit_block *no = rf_block(e);
    rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, at), address_of(e, pc)), yes, no);
    e->block = no;
}

static gcc_jit_block *block_at(Emit *e, uint32_t pc)
{
    if (!e->blocks[pc]) {
        e->blocks[pc] = rf_block(e);
    }
    return e->blocks[pc];
}

static void load_fast(Emit *e, uint32_t target)
{
    const State *d = &e->in[target];
    for (uint32_t i = 0; i < e->u->nlocals + d->depth; i++) {
        switch (d->slots[i].k) {
        case K_INT:
        case K_BOOL: rf_set(e, rf_ireg(e, i), rf_val(e, rf_payload(e, saved(e, i)))); break;
        case K_FLOAT: rf_set(e, rf_freg(e, i), rf_val(e, rf_payload_f(e, saved(e, i)))); break;
        case K_HOME: rf_copy_value(e, rf_home(e, i), saved(e, i)); break;
        default: break;
        }
    }
    rf_jump(e, block_at(e, target));
}

static void open_generator(Emit *e)
{
    R args[2] = {rf_cast(e, rf_val(e, e->gen), e->c->t_ptr), rf_cast(e, e->fp, e->c->t_ptr)};
    rf_eval(e, rf_help(e, RF_HELPER_gen_open, 2, args));
    rf_set(e, e->gen_slots, rf_val(e, field(e, e->gen, offsetof(RfGenerator, slots), e->c->t_valuep)));
}

/* All values are home: checks and loads what the code at target wants. */
static void load_slow(Emit *e, uint32_t target)
{
    rf_state_copy(e, &e->s, &e->in[target]);
    e->pc = target;
    rf_load_frame(e, target);
    rf_jump(e, block_at(e, target));
}

static bool can_enter(const Emit *e, uint32_t pc)
{
    const State *s = &e->in[pc];
    bool can = s->reached;
    for (uint32_t i = 0; can && i < e->u->nlocals + s->depth; i++) {
        can = rf_can_check(&s->slots[i]);
    }
    return can;
}

static void dispatch_fast(Emit *e, L at)
{
    const RfJobUnit *u = e->u;
    for (uint32_t pc = 0; pc + 1 < u->code_len; pc++) {
        if (u->code[pc].op == RF_OP_YIELD && e->in[target_of(u, pc)].reached) {
            gcc_jit_block *here = rf_block(e), *next;
            when_at(e, at, target_of(u, pc), here);
            next = e->block;
            e->block = here;
            load_fast(e, target_of(u, pc));
            e->block = next;
        }
    }
}

/* The slow way to `target` for a generator that stands at pc; there it has one value more when pc is the POP before. */
static void slow_way(Emit *e, L at, uint32_t pc, uint32_t target)
{
    gcc_jit_block *here = rf_block(e), *next;
    when_at(e, at, pc, here);
    next = e->block;
    e->block = here;
    open_generator(e);
    if (pc != target) {
        rf_release_at(e, rf_home(e, e->u->nlocals + e->in[target].depth));
    }
    load_slow(e, target);
    e->block = next;
}

static void dispatch_slow(Emit *e, L at)
{
    const RfJobUnit *u = e->u;
    uint32_t start = rf_yield_start(u);
    gcc_jit_block *begin = rf_block(e), *next;
    bool *done = rf_mem_zalloc(u->code_len + 1u);
    when_at(e, at, start, begin);
    next = e->block;
    e->block = begin;
    open_generator(e);
    rf_start_state(e, NULL);
    e->pc = start;
    rf_load_frame(e, start);
    e->pc = UINT32_MAX;
    rf_goto(e, start);
    e->block = next;
    done[start] = true;
    for (uint32_t pc = 0; pc + 1 < u->code_len; pc++) {
        uint32_t target = target_of(u, pc);
        if (u->code[pc].op == RF_OP_YIELD && e->in[target].reached) {
            for (uint32_t p = pc + 1; p <= target; p++) {
                if (!done[p]) {
                    slow_way(e, at, p, target);
                    done[p] = true;
                }
            }
        }
    }
    for (uint32_t i = 0; i < e->nloops; i++) {
        RfOp op = (RfOp)u->code[e->loops[i].end].op;
        uint32_t pc = op == RF_OP_FOR_LOOP || op == RF_OP_FOR_LOOP2 ? e->loops[i].end : e->loops[i].start;
        if (!done[pc] && can_enter(e, pc)) {
            slow_way(e, at, pc, pc);
            done[pc] = true;
        }
    }
    rf_mem_free(done, u->code_len + 1u);
}

void rf_yield_prologue(Emit *e)
{
    RfCompiler *c = e->c;
    e->gen = rf_temp(e, c->t_u8p);
    e->gen_slots = rf_temp(e, c->t_valuep);
    L at = rf_temp(e, c->t_u8p);
    gcc_jit_block *fast = rf_block(e), *slow = rf_block(e);
    R own = rf_addr(e, rf_gcc.context_new_array_access(c->ctx, NULL, e->fp, rf_k(e, -1)));
    rf_set(e, e->gen, rf_val(e, rf_payload_p(e, own)));
    rf_set(e, e->gen_slots, rf_val(e, field(e, e->gen, offsetof(RfGenerator, slots), c->t_valuep)));
    rf_set(e, at, rf_val(e, field(e, e->gen, offsetof(RfGenerator, pc), c->t_u8p)));
    R mine = rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, field(e, e->gen, offsetof(RfGenerator, native), c->t_ptr)),
                    rf_bound(e, RF_BIND_SERIAL, 0, NULL, c->t_ptr));
    rf_branch(e, rf_likely(e, mine, true), fast, slow);
    e->block = fast;
    rf_set(e, field(e, e->gen, offsetof(RfGenerator, nslots), c->t_u32), rf_kt(e, c->t_u32, 0));
    dispatch_fast(e, at);
    rf_jump(e, slow); /* cannot be */
    e->block = slow;
    dispatch_slow(e, at);
    R args[3] = {e->vm, e->frame, rf_cast(e, e->fp, c->t_ptr)};
    rf_gcc.block_end_with_return(e->block, NULL, rf_help(e, RF_HELPER_gen_other, 3, args));
    e->block = NULL;
}

/* ---- `for` over a generator of known code ---- */

static uint32_t unit_of_local(const RfJobUnit *u, uint32_t local)
{
    return u->seen ? u->seen[local].unit : RF_JOB_NONE;
}

uint32_t rf_for_generator(Emit *e, uint32_t loop)
{
    const RfJobUnit *u = e->u;
    uint32_t it = u->code[loop].a, unit = unit_of_local(u, it);
    for (uint32_t pc = 1; pc + 1 < u->code_len && unit == RF_JOB_NONE; pc++) {
        RfInstr in = u->code[pc - 1], next = u->code[pc + 1];
        if (u->code[pc].op == RF_OP_FOR_PREP && u->code[pc].a == it && next.op == RF_OP_JUMP && next.b == loop) {
            unit = in.op == RF_OP_CALL && u->calls[in.b].kind == RF_CALLEE_UNIT ? u->calls[in.b].unit
                   : in.op == RF_OP_LOAD_LOCAL                                  ? unit_of_local(u, in.a)
                                                                                : RF_JOB_NONE;
        }
    }
    if (unit == RF_JOB_NONE || u->level >= 2 || !(e->c->job->units[unit].flags & RF_PROTO_GENERATOR) ||
        e->c->units[unit].bad) {
        return RF_JOB_NONE;
    }
    if (!e->c->units[unit].used) {
        e->c->units[unit].used = true;
        e->c->changed = true;
    }
    return unit;
}

void rf_draw_generator(Emit *e, uint32_t unit, uint32_t it, uint32_t d, bool two, gcc_jit_block *done,
                       gcc_jit_block *other, gcc_jit_block *got)
{
    RfCompiler *c = e->c;
    L gen = rf_temp(e, c->t_u8p), fn = rf_temp(e, c->t_u8p), ret = rf_temp(e, c->t_ret);
    gcc_jit_block *known = rf_block(e), *ready = rf_block(e), *ended = rf_block(e), *some = rf_block(e);
    rf_set(e, gen, rf_val(e, rf_payload_p(e, rf_home(e, it))));
    rf_set(e, fn, rf_val(e, field(e, gen, offsetof(RfGenerator, fn), c->t_u8p)));
    R proto = rf_val(e, rf_at(e, rf_val(e, fn), offsetof(RfFunction, proto), c->t_u8p));
    rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, proto, rf_bound(e, RF_BIND_PROTO, unit, NULL, c->t_u8p)), true),
              known, other);
    e->block = known;
    L state = field(e, gen, offsetof(RfGenerator, state), c->t_u32);
    rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, state), rf_kt(e, c->t_u32, RF_GEN_READY)), true),
              ready, other);
    e->block = ready;
    rf_check_depth(e, unit);
    rf_set(e, state, rf_kt(e, c->t_u32, RF_GEN_RUNNING));
    rf_set(e, rf_at(e, e->frame, (int64_t)(sizeof(RfFrame) + offsetof(RfFrame, mark)), c->t_u32),
           rf_kt(e, c->t_u32, (int32_t)RF_MARK(unit, d + 1, e->pc, 1)));
    rf_set(e, rf_at(e, e->frame, (int64_t)(sizeof(RfFrame) + offsetof(RfFrame, fn)), c->t_u8p), rf_val(e, fn));
    rf_set(e, rf_tag(e, rf_home(e, d)), rf_kt(e, c->t_u64, RF_TAG_GENERATOR));
    rf_set(e, rf_payload_p(e, rf_home(e, d)), rf_val(e, gen));
    R args[3] = {e->vm, rf_cast(e, rf_addr(e, rf_at(e, e->frame, (int64_t)sizeof(RfFrame), c->t_u8)), c->t_ptr),
                 rf_home(e, d + 1)};
    rf_set(e, ret, rf_gcc.context_new_call(c->ctx, NULL, c->units[unit].direct, 3, args));
    rf_view_clear_globals(e);
    R tag = rf_gcc.rvalue_access_field(rf_val(e, ret), NULL, c->r_tag);
    R payload = rf_gcc.rvalue_access_field(rf_val(e, ret), NULL, c->r_payload);
    /* UNDEF or RF_RET_ERROR */
    R over = rf_bin(e, GCC_JIT_BINARY_OP_BITWISE_AND, c->t_u64, tag, rf_kt(e, c->t_u64, RF_RET_ERROR - 1));
    rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, over, rf_kt(e, c->t_u64, RF_TAG_UNDEF)), false), ended, some);
    e->block = ended;
    R end[1] = {rf_cast(e, rf_val(e, gen), c->t_ptr)};
    rf_eval(e, rf_help(e, RF_HELPER_gen_end, 1, end));
    gcc_jit_block *failed = rf_exit(e, e->pc, RF_REASON_EXCEPTION, false, true);
    rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, tag, rf_kt(e, c->t_u64, RF_RET_ERROR)), failed, done);
    e->block = some;
    rf_set(e, rf_tag(e, rf_home(e, d)), tag);
    rf_set(e, rf_payload(e, rf_home(e, d)), rf_cast(e, payload, c->t_i64));
    if (two) {
        rf_store_scalar(e, rf_home(e, d + 1), it + 1);
        R next = rf_bin(e, GCC_JIT_BINARY_OP_PLUS, c->t_i64, rf_val(e, rf_ireg(e, it + 1)), rf_k(e, 1));
        rf_set(e, rf_ireg(e, it + 1), next);
    }
    rf_jump(e, got);
}

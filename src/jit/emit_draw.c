/* `for` over a generator whose function is a unit of the job: its body is called directly (emit_yield.c, and emit_next.c for
 * all other sources). */
#include <stddef.h>

#include "jit/compile.h"

static L field(Emit *e, L object, size_t offset, T type)
{
    return rf_at(e, rf_val(e, object), (int64_t)offset, type);
}

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
    rf_noisy(e);
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
    rf_branch(
        e,
        rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, proto, rf_bound(e, RF_BIND_PROTO, unit, NULL, c->t_u8p)), true),
        known, other);
    e->block = known;
    L state = field(e, gen, offsetof(RfGenerator, state), c->t_u32);
    rf_branch(e,
              rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, state), rf_kt(e, c->t_u32, RF_GEN_READY)), true),
              ready, other);
    e->block = ready;
    bool room = e->s.room;
    rf_check_depth(e, unit);
    e->s.room = room; /* not on the other paths */
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
    rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, over, rf_kt(e, c->t_u64, RF_TAG_UNDEF)), false), ended,
              some);
    e->block = ended;
    R end[1] = {rf_cast(e, rf_val(e, gen), c->t_ptr)};
    rf_eval(e, rf_help(e, RF_HELPER_gen_end, 1, end));
    gcc_jit_block *failed = rf_error(e);
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

/* Builtins that compiled code runs itself. The callee is known for good; its operands lie on top of the callee's. */
#include <string.h>

#include "jit/compile.h"

static void pop_operands(Emit *e, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        rf_pop_slot(e);
    }
}

static bool emit_sqrt(Emit *e)
{
    uint32_t i = rf_top(e);
    SlotKind k = (SlotKind)e->s.slots[i].k;
    if (k != K_FLOAT && k != K_INT) {
        return false;
    }
    RfCompiler *c = e->c;
    L x = rf_temp(e, c->t_f64);
    rf_set(e, x, rf_as_float(e, i, RF_REASON_TYPE_GUARD));
    if (!e->dry && e->block) {
        /* below 0 is a domain error, NaN is not */
        R bad = rf_cmp(e, GCC_JIT_COMPARISON_LT, rf_val(e, x), rf_kf(e, 0.0));
        rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, bad, rf_kt(e, c->t_bool, 0)), RF_REASON_OVERFLOW);
        R args[1] = {rf_val(e, x)};
        rf_set(e, x, rf_gcc.context_new_call(c->ctx, NULL, c->sqrt_fn, 1, args));
    }
    pop_operands(e, 2);
    uint32_t r = rf_push_slot(e, K_FLOAT);
    rf_set(e, rf_freg(e, r), rf_val(e, x));
    return true;
}

static bool emit_abs(Emit *e)
{
    uint32_t i = rf_top(e);
    if (e->s.slots[i].k != K_FLOAT && e->s.slots[i].k != K_INT) {
        return false;
    }
    RfCompiler *c = e->c;
    L x = rf_temp(e, c->t_f64);
    rf_set(e, x, rf_as_float(e, i, RF_REASON_TYPE_GUARD));
    if (!e->dry && e->block) {
        R args[1] = {rf_val(e, x)};
        rf_set(e, x, rf_gcc.context_new_call(c->ctx, NULL, c->fabs_fn, 1, args));
    }
    pop_operands(e, 2);
    uint32_t r = rf_push_slot(e, K_FLOAT);
    rf_set(e, rf_freg(e, r), rf_val(e, x));
    return true;
}

static bool emit_len(Emit *e)
{
    const uint16_t arrays = RF_CLASS_INTS | RF_CLASS_FLOATS | RF_CLASS_BOOLS | RF_CLASS_VALUES;
    uint32_t i = rf_top(e);
    Slot *s = &e->s.slots[i];
    uint16_t seen = e->u->tos[e->pc] & (uint16_t)~RF_CLASS_SEEN;
    if (e->u->level >= 2 || !seen || (seen & ~arrays) || (s->k != K_ALIAS && s->k != K_GALIAS && s->k != K_HOME)) {
        return false;
    }
    RfCompiler *c = e->c;
    L n = rf_temp(e, c->t_i64);
    if (!e->dry && e->block) {
        R place = rf_place(e, i);
        rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, place)), rf_kt(e, c->t_u64, RF_TAG_ARRAY)), RF_REASON_TYPE_GUARD);
        rf_set(e, n, rf_cast(e, rf_val(e, rf_at(e, rf_val(e, rf_payload_p(e, place)), offsetof(RfArray, len), c->t_u32)), c->t_i64));
    }
    pop_operands(e, 2);
    uint32_t r = rf_push_slot(e, K_INT);
    rf_set(e, rf_ireg(e, r), rf_val(e, n));
    return true;
}

bool rf_gen_builtin(Emit *e, const char *name, uint32_t argc, uint32_t place)
{
    (void)place;
    if (argc == 1 && strcmp(name, "sqrt") == 0) {
        return emit_sqrt(e);
    }
    if (argc == 1 && strcmp(name, "abs") == 0) {
        return emit_abs(e);
    }
    if (argc == 1 && strcmp(name, "len") == 0) {
        return emit_len(e);
    }
    if (argc == 2 && (strcmp(name, "push") == 0 || strcmp(name, "append") == 0)) {
        return rf_gen_push(e, e->pc);
    }
    return false;
}

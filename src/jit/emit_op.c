/* Operators on ints, floats and bools; everything else is left to the interpreter's rules. */
#include "jit/compile.h"

static bool boxed(const Slot *s)
{
    return s->k == K_HOME || s->k == K_ALIAS || s->k == K_GALIAS;
}

/* The kind a boxed operand of the current operator is expected to have: K_INT, K_FLOAT, or K_HOME for "do not guess". */
static SlotKind guess(Emit *e, const Slot *s, const Slot *other, uint16_t feedback, uint16_t seen)
{
    if (s->k == K_INT || s->k == K_FLOAT) {
        return (SlotKind)s->k;
    }
    if (!boxed(s) || e->u->level >= 2 || (feedback & (RF_FEEDBACK_STRING | RF_FEEDBACK_OTHER))) {
        return K_HOME;
    }
    if (s->class && !(s->class & (RF_CLASS_INT | RF_CLASS_FLOAT))) {
        return K_HOME;
    }
    SlotKind k = rf_kind_of_class(seen);
    if (k == K_INT || k == K_FLOAT) {
        return k;
    }
    if (k != K_DEAD && (seen & ~(RF_CLASS_SEEN | RF_CLASS_INT | RF_CLASS_FLOAT))) {
        return K_HOME;
    }
    if (feedback == 0) {
        return other->k == K_FLOAT ? K_HOME : K_INT;
    }
    return feedback == RF_FEEDBACK_FLOAT && other->k != K_INT ? K_FLOAT : K_HOME;
}

/* Reads both operands as k; the guards come first, so that a failure leaves everything in place. */
static R operand(Emit *e, uint32_t slot, SlotKind k)
{
    return k == K_FLOAT ? rf_as_float(e, slot, RF_REASON_TYPE_GUARD) : rf_as_int(e, slot, RF_REASON_TYPE_GUARD);
}

/* Replaces the two operands by a register result computed before. */
static uint32_t finish(Emit *e, SlotKind k, R value)
{
    L kept = rf_temp(e, k == K_FLOAT ? e->c->t_f64 : e->c->t_i64);
    rf_set(e, kept, value);
    rf_pop_slot(e);
    rf_pop_slot(e);
    uint32_t i = rf_push_slot(e, k);
    rf_set(e, k == K_FLOAT ? rf_freg(e, i) : rf_ireg(e, i), rf_val(e, kept));
    return i;
}

/* Goes on when cond holds; else the operator of the two top operands raises its error. That is left to the interpreter where no
 * handler here waits for it: it saves code. */
static void else_raise(Emit *e, R cond)
{
    if (!rf_is_handled(e)) {
        rf_guard(e, cond, RF_REASON_OVERFLOW);
        return;
    }
    gcc_jit_block *good = rf_block(e), *bad = rf_block(e);
    rf_branch(e, rf_likely(e, cond, true), good, bad);
    Slot *slots = rf_mem_alloc(sizeof(Slot) * e->nslots);
    State kept = {.slots = slots};
    rf_state_copy(e, &kept, &e->s);
    e->block = bad;
    rf_need_homes(e);
    rf_to_home(e, rf_top(e));
    rf_to_home(e, rf_top(e) - 1);
    R args[4] = {e->vm, e->frame, rf_where(e), rf_k(e, e->u->code[e->pc].op)};
    rf_check(e, rf_help(e, RF_HELPER_binary, 4, args));
    rf_drop_operands(e, 2); /* cannot be */
    rf_push_slot(e, K_HOME);
    rf_jump(e, rf_exit(e, e->pc + 1, RF_REASON_OVERFLOW, false));
    rf_state_copy(e, &e->s, &kept);
    rf_mem_free(slots, sizeof(Slot) * e->nslots);
    e->block = good;
}

/* x op y in `result` has overflowed: is one of the operands (the other is `other`) a copy of a local? That local is `*was`. */
static L overwritten(Emit *e, RfOp op, R x, R y, L result, R *was)
{
    uint32_t xlocal = e->s.slots[rf_top(e) - 1].copy, ylocal = e->s.slots[rf_top(e)].copy;
    if (op == RF_OP_MUL || (!xlocal && !(ylocal && op == RF_OP_ADD))) {
        return NULL;
    }
    *was = rf_bin(e, op == RF_OP_ADD ? GCC_JIT_BINARY_OP_MINUS : GCC_JIT_BINARY_OP_PLUS, e->c->t_i64, rf_val(e, result),
                  xlocal ? y : x);
    return rf_ireg(e, (xlocal ? xlocal : ylocal) - 1);
}

static R int_operation(Emit *e, RfOp op, R x, R y)
{
    RfCompiler *c = e->c;
    if (e->dry || !e->block) {
        return NULL;
    }
    L result = rf_temp(e, c->t_i64);
    switch (op) {
    case RF_OP_ADD:
    case RF_OP_SUB:
    case RF_OP_MUL: {
        R args[3] = {x, y, rf_addr(e, result)};
        gcc_jit_function *f = op == RF_OP_ADD ? c->add_fn : op == RF_OP_SUB ? c->sub_fn : c->mul_fn;
        R over = rf_gcc.context_new_call(c->ctx, NULL, f, 3, args);
        L flag = rf_temp(e, c->t_bool);
        rf_set(e, flag, over);
        R was = NULL;
        L restore = overwritten(e, op, x, y, result, &was);
        rf_guard_overflow(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, flag), rf_kt(e, c->t_bool, 0)), restore, was);
        return rf_val(e, result);
    }
    default: {
        /* the interpreter raises for 0; -1 is decided here because the machine's division traps on it */
        L a = rf_temp(e, c->t_i64), b = rf_temp(e, c->t_i64);
        rf_set(e, a, x);
        rf_set(e, b, y);
        else_raise(e, rf_cmp(e, GCC_JIT_COMPARISON_NE, rf_val(e, b), rf_k(e, 0)));
        gcc_jit_block *minus = rf_block(e), *plain = rf_block(e), *join = rf_block(e);
        rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, b), rf_k(e, -1)), false), minus, plain);
        e->block = minus;
        if (op == RF_OP_DIV) {
            rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_NE, rf_val(e, a), rf_k(e, INT64_MIN)), RF_REASON_OVERFLOW);
            rf_set(e, result, rf_bin(e, GCC_JIT_BINARY_OP_MINUS, c->t_i64, rf_k(e, 0), rf_val(e, a)));
        } else {
            rf_set(e, result, rf_k(e, 0));
        }
        rf_jump(e, join);
        e->block = plain;
        rf_set(e, result,
               rf_bin(e, op == RF_OP_DIV ? GCC_JIT_BINARY_OP_DIVIDE : GCC_JIT_BINARY_OP_MODULO, c->t_i64, rf_val(e, a),
                      rf_val(e, b)));
        rf_jump(e, join);
        e->block = join;
        return rf_val(e, result);
    }
    }
}

static R float_operation(Emit *e, RfOp op, R x, R y)
{
    RfCompiler *c = e->c;
    if (e->dry || !e->block) {
        return NULL;
    }
    if (op == RF_OP_DIV || op == RF_OP_MOD) {
        L d = rf_temp(e, c->t_f64);
        rf_set(e, d, y);
        y = rf_val(e, d);
        else_raise(e, rf_cmp(e, GCC_JIT_COMPARISON_NE, y, rf_kf(e, 0.0)));
        if (op == RF_OP_MOD) {
            R args[2] = {x, y};
            return rf_help(e, RF_HELPER_fmod, 2, args);
        }
    }
    enum gcc_jit_binary_op o = op == RF_OP_ADD   ? GCC_JIT_BINARY_OP_PLUS
                               : op == RF_OP_SUB ? GCC_JIT_BINARY_OP_MINUS
                               : op == RF_OP_MUL ? GCC_JIT_BINARY_OP_MULT
                                                 : GCC_JIT_BINARY_OP_DIVIDE;
    return rf_bin(e, o, c->t_f64, x, y);
}

/* Kinds the two operands are treated as; false: leave the instruction to the interpreter. */
static bool operand_kinds(Emit *e, SlotKind *kx, SlotKind *ky)
{
    uint32_t yi = rf_top(e), xi = yi - 1;
    const Slot *x = &e->s.slots[xi], *y = &e->s.slots[yi];
    uint16_t feedback = e->u->code[e->pc].a;
    *ky = guess(e, y, x, feedback, e->u->tos[e->pc]);
    Slot as_y = *y;
    if (*ky == K_INT || *ky == K_FLOAT) {
        as_y.k = (uint8_t)*ky;
    }
    *kx = guess(e, x, &as_y, feedback, 0);
    return (*kx == K_INT || *kx == K_FLOAT) && (*ky == K_INT || *ky == K_FLOAT);
}

void rf_gen_binary(Emit *e, RfOp op)
{
    SlotKind kx, ky;
    if (!operand_kinds(e, &kx, &ky)) {
        rf_gen_binary_any(e, op);
        return;
    }
    uint32_t yi = rf_top(e), xi = yi - 1;
    R x = operand(e, xi, kx), y = operand(e, yi, ky);
    if ((op == RF_OP_DIV || op == RF_OP_MOD) && rf_is_handled(e)) { /* see else_raise */
        rf_may_fail(e);
    }
    if (kx == K_INT && ky == K_INT) {
        Slot what = {0};
        if (rf_count_sum(e, op, &e->s.slots[xi], &e->s.slots[yi], &what)) {
            R sum = rf_bin(e, op == RF_OP_ADD ? GCC_JIT_BINARY_OP_PLUS : GCC_JIT_BINARY_OP_MINUS, e->c->t_i64, x, y);
            uint32_t i = finish(e, K_INT, sum);
            e->s.slots[i].sum = what.sum;
            e->s.slots[i].offset = what.offset;
            return;
        }
        finish(e, K_INT, int_operation(e, op, x, y));
        return;
    }
    if (!e->dry && e->block) {
        x = kx == K_INT ? rf_cast(e, x, e->c->t_f64) : x;
        y = ky == K_INT ? rf_cast(e, y, e->c->t_f64) : y;
    }
    finish(e, K_FLOAT, float_operation(e, op, x, y));
}

static R float_equal(Emit *e, R x, R y)
{
    RfCompiler *c = e->c;
    if (e->dry || !e->block) {
        return NULL;
    }
    /* language.md 3.7: equal, or closer than the tolerance */
    L a = rf_temp(e, c->t_f64), b = rf_temp(e, c->t_f64);
    rf_set(e, a, x);
    rf_set(e, b, y);
    R args[1] = {rf_bin(e, GCC_JIT_BINARY_OP_MINUS, c->t_f64, rf_val(e, a), rf_val(e, b))};
    R distance = rf_gcc.context_new_call(c->ctx, NULL, c->fabs_fn, 1, args);
    R near = rf_cmp(e, GCC_JIT_COMPARISON_LT, distance, rf_kf(e, 2.220446049250313e-16));
    return rf_bin(e, GCC_JIT_BINARY_OP_LOGICAL_OR, c->t_bool,
                  rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, a), rf_val(e, b)), near);
}

/* x == null or x != null, where only a struct with operator methods could say otherwise. */
static bool compare_null(Emit *e, RfOp op)
{
    uint32_t yi = rf_top(e), xi = yi - 1;
    Slot *x = &e->s.slots[xi];
    if (e->s.slots[yi].k != K_NULL || (!boxed(x) && x->k != K_ELEM)) {
        return false;
    }
    RfCompiler *c = e->c;
    L result = rf_temp(e, c->t_i64);
    if (!e->dry && e->block) {
        R place = rf_place(e, xi);
        L tag = rf_temp(e, c->t_u64);
        rf_set(e, tag, rf_val(e, rf_tag(e, place)));
        rf_set(e, result,
               rf_cast(e,
                       rf_cmp(e, op == RF_OP_EQ ? GCC_JIT_COMPARISON_EQ : GCC_JIT_COMPARISON_NE, rf_val(e, tag),
                              rf_kt(e, c->t_u64, RF_TAG_NULL)),
                       c->t_i64));
        if (!x->class || (x->class & RF_CLASS_STRUCT)) {
            gcc_jit_block *strct = rf_block(e), *on = rf_block(e);
            rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, tag), rf_kt(e, c->t_u64, RF_TAG_STRUCT)), strct,
                      on);
            e->block = strct;
            R shape = rf_val(e, rf_at(e, rf_val(e, rf_payload_p(e, place)), offsetof(RfStruct, shape), c->t_u8p));
            R type = rf_val(e, rf_at(e, shape, offsetof(RfShape, type), c->t_u8p));
            L t = rf_temp(e, c->t_u8p);
            rf_set(e, t, type);
            int64_t base = offsetof(RfStructType, ops);
            R eq = rf_val(e, rf_at(e, rf_val(e, t), base + RF_OPM_EQ * 8, c->t_u64));
            R ne = rf_val(e, rf_at(e, rf_val(e, t), base + RF_OPM_NE * 8, c->t_u64));
            rf_guard(e,
                     rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_bin(e, GCC_JIT_BINARY_OP_BITWISE_OR, c->t_u64, eq, ne),
                            rf_kt(e, c->t_u64, 0)),
                     RF_REASON_TYPE_GUARD);
            rf_jump(e, on);
            e->block = on;
        }
    }
    rf_pop_slot(e);
    rf_pop_slot(e);
    uint32_t i = rf_push_slot(e, K_BOOL);
    rf_set(e, rf_ireg(e, i), rf_val(e, result));
    return true;
}

void rf_gen_compare(Emit *e, RfOp op)
{
    bool equality = op == RF_OP_EQ || op == RF_OP_NE;
    uint32_t yi = rf_top(e), xi = yi - 1;
    Slot *x = &e->s.slots[xi], *y = &e->s.slots[yi];
    enum gcc_jit_comparison how = op == RF_OP_EQ   ? GCC_JIT_COMPARISON_EQ
                                  : op == RF_OP_NE ? GCC_JIT_COMPARISON_NE
                                  : op == RF_OP_LT ? GCC_JIT_COMPARISON_LT
                                  : op == RF_OP_GT ? GCC_JIT_COMPARISON_GT
                                  : op == RF_OP_LE ? GCC_JIT_COMPARISON_LE
                                                   : GCC_JIT_COMPARISON_GE;
    if (equality && x->k == K_BOOL && y->k == K_BOOL) {
        R a = rf_val(e, rf_ireg(e, xi)), b = rf_val(e, rf_ireg(e, yi));
        finish(e, K_BOOL, rf_cast(e, rf_cmp(e, how, a, b), e->c->t_i64));
        return;
    }
    if (equality && compare_null(e, op)) {
        return;
    }
    SlotKind kx, ky;
    if (!operand_kinds(e, &kx, &ky) || (equality && kx != ky)) {
        rf_count_limit(e, K_HOME, K_HOME, NULL, NULL);
        rf_gen_compare_any(e, op);
        return;
    }
    R a = operand(e, xi, kx), b = operand(e, yi, ky);
    rf_count_limit(e, kx, ky, a, b);
    R result = NULL;
    if (!e->dry && e->block) {
        if (kx == K_INT && ky == K_INT) {
            result = rf_cmp(e, how, a, b);
        } else {
            a = kx == K_INT ? rf_cast(e, a, e->c->t_f64) : a;
            b = ky == K_INT ? rf_cast(e, b, e->c->t_f64) : b;
            if (op == RF_OP_EQ) {
                result = float_equal(e, a, b);
            } else if (op == RF_OP_NE) {
                result = rf_cmp(e, GCC_JIT_COMPARISON_EQ, float_equal(e, a, b), rf_kt(e, e->c->t_bool, 0));
            } else {
                result = rf_cmp(e, how, a, b);
            }
        }
        result = rf_cast(e, result, e->c->t_i64);
    }
    finish(e, K_BOOL, result);
}

void rf_gen_unary(Emit *e, RfOp op)
{
    uint32_t i = rf_top(e);
    Slot *s = &e->s.slots[i];
    RfCompiler *c = e->c;
    if (op == RF_OP_NOT && s->k == K_BOOL) {
        rf_set(e, rf_ireg(e, i),
               rf_bin(e, GCC_JIT_BINARY_OP_BITWISE_XOR, c->t_i64, rf_val(e, rf_ireg(e, i)), rf_k(e, 1)));
        e->exit_block = NULL;
        return;
    }
    if (op == RF_OP_NEG && s->k == K_FLOAT) {
        rf_set(
            e, rf_freg(e, i),
            rf_gcc.context_new_unary_op && !e->dry && e->block
                ? rf_gcc.context_new_unary_op(c->ctx, NULL, GCC_JIT_UNARY_OP_MINUS, c->t_f64, rf_val(e, rf_freg(e, i)))
                : NULL);
        return;
    }
    if (op == RF_OP_NEG && s->k == K_INT) {
        rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_NE, rf_val(e, rf_ireg(e, i)), rf_k(e, INT64_MIN)), RF_REASON_OVERFLOW);
        rf_set(e, rf_ireg(e, i), rf_bin(e, GCC_JIT_BINARY_OP_MINUS, c->t_i64, rf_k(e, 0), rf_val(e, rf_ireg(e, i))));
        e->exit_block = NULL;
        return;
    }
    SlotKind seen = boxed(s) && e->u->level < 2 ? rf_kind_of_class(e->u->tos[e->pc]) : K_HOME;
    if (op == RF_OP_NOT && seen == K_BOOL) {
        L x = rf_temp(e, c->t_i64);
        rf_guard(
            e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, rf_place(e, i))), rf_kt(e, c->t_u64, RF_TAG_BOOL)),
            RF_REASON_TYPE_GUARD);
        rf_set(
            e, x,
            rf_bin(e, GCC_JIT_BINARY_OP_BITWISE_XOR, c->t_i64, rf_val(e, rf_payload(e, rf_place(e, i))), rf_k(e, 1)));
        rf_pop_slot(e);
        uint32_t d = rf_push_slot(e, K_BOOL);
        rf_set(e, rf_ireg(e, d), rf_val(e, x));
        return;
    }
    rf_gen_unary_any(e, op);
}

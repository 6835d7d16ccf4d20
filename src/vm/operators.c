/* Operators on everything the loop does not decide itself: mixed numbers, strings, operator methods, errors. */
#include <math.h>

#include "runtime/text.h"
#include "vm/frame.h"

static const char *const op_text[] = {
    [RF_OP_ADD] = "+", [RF_OP_SUB] = "-", [RF_OP_MUL] = "*", [RF_OP_DIV] = "/", [RF_OP_MOD] = "%", [RF_OP_EQ] = "==",
    [RF_OP_NE] = "!=", [RF_OP_LT] = "<",  [RF_OP_GT] = ">",  [RF_OP_LE] = "<=", [RF_OP_GE] = ">=",
};
static const RfOpMethod op_method[] = {
    [RF_OP_ADD] = RF_OPM_ADD, [RF_OP_SUB] = RF_OPM_SUB, [RF_OP_MUL] = RF_OPM_MUL, [RF_OP_DIV] = RF_OPM_DIV,
    [RF_OP_MOD] = RF_OPM_MOD, [RF_OP_EQ] = RF_OPM_EQ,   [RF_OP_NE] = RF_OPM_NE,   [RF_OP_LT] = RF_OPM_LT,
    [RF_OP_GT] = RF_OPM_GT,   [RF_OP_LE] = RF_OPM_LE,   [RF_OP_GE] = RF_OPM_GE,
};

/* int arithmetic that overflowed or divided by zero */
static RfStatus int_error(RfVm *vm, RfOp op, int64_t x, int64_t y)
{
    if (y == 0 && op == RF_OP_DIV) {
        return rf_raise(rf_rt(vm), "Division by zero");
    }
    if (y == 0 && op == RF_OP_MOD) {
        return rf_raise(rf_rt(vm), "Modulo by zero");
    }
    return rf_raise(rf_rt(vm), "Integer overflow: %lld %s %lld", (long long)x, op_text[op], (long long)y);
}

/* Finishes a binary operator: both operands go, the result takes their place. */
static RfStatus done(RfVm *vm, RfValue *sp, RfValue result)
{
    RfValue x = sp[-2], y = sp[-1];
    sp[-2] = result;
    vm->sp = sp - 1;
    rf_release(x);
    rf_release(y);
    return RF_OK;
}

static RfStatus int_binary(RfVm *vm, RfOp op, RfValue *sp)
{
    int64_t x = sp[-2].as.i, y = sp[-1].as.i, r = 0;
    bool bad;
    switch (op) {
    case RF_OP_ADD: bad = __builtin_add_overflow(x, y, &r); break;
    case RF_OP_SUB: bad = __builtin_sub_overflow(x, y, &r); break;
    case RF_OP_MUL: bad = __builtin_mul_overflow(x, y, &r); break;
    case RF_OP_DIV:
        bad = y == 0 || (x == INT64_MIN && y == -1);
        r = bad ? 0 : x / y;
        break;
    default: bad = y == 0; r = bad || y == -1 ? 0 : x % y;
    }
    return bad ? int_error(vm, op, x, y) : done(vm, sp, rf_int(r));
}

static RfStatus float_binary(RfVm *vm, RfOp op, RfValue *sp)
{
    double x = rf_num(sp[-2]), y = rf_num(sp[-1]);
    switch (op) {
    case RF_OP_ADD: return done(vm, sp, rf_float(x + y));
    case RF_OP_SUB: return done(vm, sp, rf_float(x - y));
    case RF_OP_MUL: return done(vm, sp, rf_float(x * y));
    case RF_OP_DIV: return y == 0.0 ? rf_raise(rf_rt(vm), "Division by zero") : done(vm, sp, rf_float(x / y));
    default: return y == 0.0 ? rf_raise(rf_rt(vm), "Modulo by zero") : done(vm, sp, rf_float(fmod(x, y)));
    }
}

/* left + right; `place` gives up its reference to left first, so that a string grown in a loop grows in place. */
static RfStatus concat(RfVm *vm, RfValue *sp, uint32_t place)
{
    RfString *left = sp[-2].as.str, *right = sp[-1].as.str;
    if ((uint64_t)left->len + right->len > RF_STRING_MAX) {
        return rf_raise(rf_rt(vm), "Collection size limit of 1073741824 exceeded");
    }
    if (place) {
        rf_path_give(vm, place, sp[-2]);
    }
    sp[-2] = rf_obj(rf_string_append(left, right));
    vm->sp = sp - 1;
    rf_object_release(right);
    return RF_OK;
}

static RfStatus invalid_binary(RfVm *vm, RfOp op, RfValue x, RfValue y)
{
    RfStatus status = rf_raise(rf_rt(vm), "Invalid binary operation: %s %s %s", rf_value_operand_name(x), op_text[op],
                               rf_value_operand_name(y));
    if (op == RF_OP_ADD && (x.tag == RF_TAG_STRING || y.tag == RF_TAG_STRING)) {
        rf_rt(vm)->error.help = "Use to_string(x) or interpolation \"${x}\" to build text.";
    }
    return status;
}

static RfMethod *operator_method(RfValue x, RfOpMethod which)
{
    return x.tag == RF_TAG_STRUCT ? x.as.strct->shape->type->ops[which] : NULL;
}

/* The operands lie where a method call wants receiver and argument. */
static RfStatus call_operator(RfVm *vm, RfMethod *m, RfValue *first, uint32_t operands)
{
    return rf_call_enter(vm, m->function.as.fn, first, first, operands, true);
}

RfStatus rf_op_binary(RfVm *vm, RfOp op, RfValue *sp, uint32_t place)
{
    RfValue x = sp[-2], y = sp[-1];
    if (x.tag == RF_TAG_INT && y.tag == RF_TAG_INT) {
        return int_binary(vm, op, sp);
    }
    if (rf_is_num(x) && rf_is_num(y)) {
        return float_binary(vm, op, sp);
    }
    if (op == RF_OP_ADD && x.tag == RF_TAG_STRING && y.tag == RF_TAG_STRING) {
        return concat(vm, sp, place);
    }
    RfMethod *m = operator_method(x, op_method[op]);
    return m ? call_operator(vm, m, sp - 2, 2) : invalid_binary(vm, op, x, y);
}

/* == or != where only the other of op_eq / op_ne exists: negated truthiness of its result. */
static RfStatus negated_equality(RfVm *vm, RfMethod *m, RfValue *sp)
{
    RfValue args[2] = {sp[-2], sp[-1]};
    RfValue out;
    vm->sp = sp - 2;
    RfStatus status = rf_vm_call(vm, m->function, 2, args, &out);
    if (status == RF_OK) {
        rf_push(vm, rf_bool(!rf_truthy(out)));
        rf_release(out);
    }
    return status;
}

static RfStatus equality(RfVm *vm, RfOp op, RfValue *sp)
{
    RfValue x = sp[-2];
    if (x.tag == RF_TAG_STRUCT) {
        RfMethod *same = operator_method(x, op == RF_OP_EQ ? RF_OPM_EQ : RF_OPM_NE);
        if (same) {
            return call_operator(vm, same, sp - 2, 2);
        }
        RfMethod *other = operator_method(x, op == RF_OP_EQ ? RF_OPM_NE : RF_OPM_EQ);
        if (other) {
            return negated_equality(vm, other, sp);
        }
    }
    bool equal = rf_value_equal(x, sp[-1]);
    return done(vm, sp, rf_bool(equal == (op == RF_OP_EQ)));
}

RfStatus rf_op_compare(RfVm *vm, RfOp op, RfValue *sp)
{
    if (op == RF_OP_EQ || op == RF_OP_NE) {
        return equality(vm, op, sp);
    }
    RfValue x = sp[-2], y = sp[-1];
    if (rf_is_num(x) && rf_is_num(y)) {
        double a = rf_num(x), b = rf_num(y);
        bool r = op == RF_OP_LT ? a < b : op == RF_OP_GT ? a > b : op == RF_OP_LE ? a <= b : a >= b;
        return done(vm, sp, rf_bool(r));
    }
    if (x.tag == RF_TAG_STRING && y.tag == RF_TAG_STRING) {
        int c = rf_string_compare(x.as.str, y.as.str);
        bool r = op == RF_OP_LT ? c < 0 : op == RF_OP_GT ? c > 0 : op == RF_OP_LE ? c <= 0 : c >= 0;
        return done(vm, sp, rf_bool(r));
    }
    RfMethod *m = operator_method(x, op_method[op]);
    return m ? call_operator(vm, m, sp - 2, 2) : invalid_binary(vm, op, x, y);
}

RfStatus rf_op_unary(RfVm *vm, RfOp op, RfValue *sp)
{
    RfValue x = sp[-1];
    if (op == RF_OP_NEG && x.tag == RF_TAG_INT) { /* only the least int comes here */
        return rf_raise(rf_rt(vm), "Integer overflow: -(%lld)", (long long)x.as.i);
    }
    RfMethod *m = operator_method(x, op == RF_OP_NEG ? RF_OPM_NEG : RF_OPM_NOT);
    if (m) {
        return call_operator(vm, m, sp - 1, 1);
    }
    RfString *debug = rf_debug_string(x);
    RfBuf text = RF_BUF_INIT;
    rf_buf_puts(&text, op == RF_OP_NEG ? "Invalid unary operation: - " : "Invalid unary operation: ! ");
    rf_buf_put(&text, debug->data, debug->len);
    rf_object_release(debug);
    RfStatus status = rf_raise_string(rf_rt(vm), rf_string_new(text.data, text.len));
    rf_buf_free(&text);
    return status;
}

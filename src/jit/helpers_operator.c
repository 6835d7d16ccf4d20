/* Operators that generated code does not decide itself. */
#include <math.h>

#include "jit/helpers.h"

/* Comparison of ints; rf_op_compare would go through doubles. */
static bool compare_ints(RfOp op, int64_t x, int64_t y)
{
    switch (op) {
    case RF_OP_EQ: return x == y;
    case RF_OP_NE: return x != y;
    case RF_OP_LT: return x < y;
    case RF_OP_GT: return x > y;
    case RF_OP_LE: return x <= y;
    default: return x >= y;
    }
}

int32_t rf_native_binary(RfVm *vm, RfFrame *frame, uint64_t where, uint64_t number)
{
    rf_native_sync(vm, frame, where);
    RfOp op = (RfOp)number;
    RfValue *x = vm->sp - 2, *y = vm->sp - 1;
    RfInstr *in = &frame->proto->code[RF_WHERE_PC(where)];
    uint32_t place = 0;
    bool ints = x->tag == RF_TAG_INT && y->tag == RF_TAG_INT;
    if (rf_op_base(in->op) == op) {
        if (!ints) {
            in->a |= rf_op_feedback(*x, *y);
        }
        place = op == RF_OP_ADD ? in->b : 0;
    }
    RfStatus status;
    if (op < RF_OP_EQ || op > RF_OP_GE) {
        status = rf_op_binary(vm, op, vm->sp, place);
    } else if (ints) {
        *x = rf_bool(compare_ints(op, x->as.i, y->as.i));
        return RF_OK;
    } else {
        status = rf_op_compare(vm, op, vm->sp);
    }
    return (int32_t)rf_native_finish(vm, frame, x, where, status);
}

int32_t rf_native_unary(RfVm *vm, RfFrame *frame, uint64_t where, uint64_t number)
{
    rf_native_sync(vm, frame, where);
    RfOp op = (RfOp)number;
    RfValue *x = vm->sp - 1;
    if (op == RF_OP_NEG && x->tag == RF_TAG_INT && x->as.i != INT64_MIN) {
        x->as.i = -x->as.i;
        return RF_OK;
    }
    if (op == RF_OP_NEG && x->tag == RF_TAG_FLOAT) {
        RfInstr *in = &frame->proto->code[RF_WHERE_PC(where)];
        if (rf_op_base(in->op) == RF_OP_NEG) {
            in->a |= RF_FEEDBACK_FLOAT;
        }
        x->as.f = -x->as.f;
        return RF_OK;
    }
    if (op == RF_OP_NOT && x->tag == RF_TAG_BOOL) {
        x->as.i ^= 1;
        return RF_OK;
    }
    return (int32_t)rf_native_finish(vm, frame, x, where, rf_op_unary(vm, op, vm->sp));
}

int32_t rf_native_truthy(const RfValue *v)
{
    return rf_truthy(*v);
}

double rf_native_fmod(double x, double y)
{
    return fmod(x, y);
}

int32_t rf_native_equal(const RfValue *x, const RfValue *y)
{
    return rf_value_equal(*x, *y);
}

int32_t rf_native_string_equal(const RfString *x, const RfString *y)
{
    return rf_string_equal(x, y);
}

int32_t rf_native_string_compare(const RfString *x, const RfString *y)
{
    return rf_string_compare(x, y);
}

/* ---- numbers: the very functions of src/lib/math.c ---- */

double rf_native_math(int64_t function, double x)
{
    switch ((RfMath)function) {
    case RF_MATH_floor: return floor(x);
    case RF_MATH_ceil: return ceil(x);
    case RF_MATH_round: return round(x);
    case RF_MATH_trunc: return trunc(x);
    case RF_MATH_sin: return sin(x);
    case RF_MATH_cos: return cos(x);
    case RF_MATH_tan: return tan(x);
    case RF_MATH_atan: return atan(x);
    case RF_MATH_exp: return exp(x);
    case RF_MATH_cbrt: return (double)cbrtl((long double)x);
    case RF_MATH_log: return log(x);
    case RF_MATH_log2: return log2(x);
    default: return log10(x);
    }
}

/* Which zero, and what comes of NaN, depends on how the compiler has translated fmin there: the builtin itself tells. */
static double min_or_max(const char *name, double x, double y)
{
    const RfBuiltin *b = rf_builtin_find(name, 3);
    RfValue out = rf_null(), argv[2] = {rf_float(x), rf_float(y)};
    b->fn(NULL, b, 2, argv, &out); /* cannot fail for numbers */
    return out.as.f;
}

double rf_native_math2(int64_t function, double x, double y)
{
    switch ((RfMath)function) {
    case RF_MATH_pow: return pow(x, y);
    case RF_MATH_min: return min_or_max("min", x, y);
    case RF_MATH_max: return min_or_max("max", x, y);
    case RF_MATH_atan2: return atan2(x, y);
    default: return hypot(x, y);
    }
}

int64_t rf_native_float_to_int(double x)
{
    return rf_float_to_int(x);
}

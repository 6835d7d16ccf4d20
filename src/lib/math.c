/* Arithmetic builtins. The float functions give a float whatever they are given. */
#include <math.h>

#include "lib/args.h"
#include "lib/builtins.h"

static RfStatus raise_not_numeric(RfVm *vm, const RfBuiltin *self, RfValue got)
{
    RfBuf text = RF_BUF_INIT;
    rf_buf_printf(&text, "%s() expects numeric argument 'value' , got ", self->arity_name);
    RfStatus status = rf_args_raise_got(vm, rf_buf_cstr(&text), got);
    rf_buf_free(&text);
    return status;
}

static RfStatus raise_not_integer(RfVm *vm, const RfBuiltin *self, const char *parameter, RfValue got)
{
    RfBuf text = RF_BUF_INIT;
    rf_buf_printf(&text, "%s() expects integer argument '%s' , got ", self->arity_name, parameter);
    RfStatus status = rf_args_raise_got(vm, rf_buf_cstr(&text), got);
    rf_buf_free(&text);
    return status;
}

/* ---- float functions of one argument ---- */

/* name(x) = formula, where `valid` says which x are in the domain; NaN is always let through. */
#define FLOAT_FUNCTION(name, formula, valid, domain)                                                                   \
    RfStatus rf_lib_##name(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)                     \
    {                                                                                                                  \
        (void)argc;                                                                                                    \
        if (!rf_is_num(argv[0])) {                                                                                     \
            return raise_not_numeric(vm, self, argv[0]);                                                               \
        }                                                                                                              \
        double x = rf_num(argv[0]);                                                                                    \
        if (!(valid) && !isnan(x)) {                                                                                   \
            return rf_args_raise_named(vm, self, "domain error: value must be " domain);                               \
        }                                                                                                              \
        *out = rf_float(formula);                                                                                      \
        return RF_OK;                                                                                                  \
    }

FLOAT_FUNCTION(abs, fabs(x), true, "")
FLOAT_FUNCTION(sqrt, sqrt(x), x >= 0, ">= 0")
FLOAT_FUNCTION(floor, floor(x), true, "")
FLOAT_FUNCTION(ceil, ceil(x), true, "")
FLOAT_FUNCTION(round, round(x), true, "")
FLOAT_FUNCTION(trunc, trunc(x), true, "")
FLOAT_FUNCTION(sin, sin(x), true, "")
FLOAT_FUNCTION(cos, cos(x), true, "")
FLOAT_FUNCTION(tan, tan(x), true, "")
FLOAT_FUNCTION(asin, asin(x), x >= -1 && x <= 1, "between -1 and 1")
FLOAT_FUNCTION(acos, acos(x), x >= -1 && x <= 1, "between -1 and 1")
FLOAT_FUNCTION(atan, atan(x), true, "")
FLOAT_FUNCTION(exp, exp(x), true, "")
FLOAT_FUNCTION(log, log(x), x > 0, "> 0")
FLOAT_FUNCTION(log2, log2(x), x > 0, "> 0")
FLOAT_FUNCTION(log10, log10(x), x > 0, "> 0")
/* glibc's cbrt is off by one unit for some cubes (27); the extended one, rounded, is not */
FLOAT_FUNCTION(cbrt, (double)cbrtl((long double)x), true, "")

/* ---- float functions of two arguments ---- */

#define FLOAT_FUNCTION_2(name, formula)                                                                                \
    RfStatus rf_lib_##name(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)                     \
    {                                                                                                                  \
        (void)argc;                                                                                                    \
        if (!rf_is_num(argv[0]) || !rf_is_num(argv[1])) {                                                              \
            return rf_args_raise_named(vm, self, "expects numeric arguments");                                         \
        }                                                                                                              \
        double x = rf_num(argv[0]);                                                                                    \
        double y = rf_num(argv[1]);                                                                                    \
        *out = rf_float(formula);                                                                                      \
        return RF_OK;                                                                                                  \
    }

FLOAT_FUNCTION_2(pow, pow(x, y))
FLOAT_FUNCTION_2(min, fmin(x, y))
FLOAT_FUNCTION_2(max, fmax(x, y))
FLOAT_FUNCTION_2(atan2, atan2(x, y))
FLOAT_FUNCTION_2(hypot, hypot(x, y))

/* ---- numbers of either kind ---- */

RfStatus rf_lib_sign(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_num(argv[0])) {
        return raise_not_numeric(vm, self, argv[0]);
    }
    double x = rf_num(argv[0]); /* rounding an int keeps its sign */
    *out = rf_int((x > 0) - (x < 0));
    return RF_OK;
}

RfStatus rf_lib_is_nan(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_num(argv[0])) {
        return raise_not_numeric(vm, self, argv[0]);
    }
    *out = rf_bool(rf_is_float(argv[0]) && isnan(argv[0].as.f));
    return RF_OK;
}

RfStatus rf_lib_is_inf(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_num(argv[0])) {
        return raise_not_numeric(vm, self, argv[0]);
    }
    *out = rf_bool(rf_is_float(argv[0]) && isinf(argv[0].as.f));
    return RF_OK;
}

/* The language's `a < b` on numbers: ints exactly, otherwise as doubles. */
static bool less(RfValue a, RfValue b)
{
    return rf_is_int(a) && rf_is_int(b) ? a.as.i < b.as.i : rf_num(a) < rf_num(b);
}

RfStatus rf_lib_clamp(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    RfValue value = argv[0];
    RfValue low = argv[1];
    RfValue high = argv[2];
    if (!rf_is_num(value) || !rf_is_num(low) || !rf_is_num(high)) {
        return rf_args_raise_named(vm, self, "expects numeric arguments");
    }
    if (less(high, low)) {
        return rf_args_raise_named(vm, self, "low must not be greater than high");
    }
    *out = less(value, low) ? low : less(high, value) ? high : value;
    return RF_OK;
}

/* ---- ints ---- */

/* Checks two int arguments, left before right. */
static RfStatus check_ints(RfVm *vm, const RfBuiltin *self, const RfValue *argv)
{
    if (!rf_is_int(argv[0])) {
        return raise_not_integer(vm, self, "left", argv[0]);
    }
    return rf_is_int(argv[1]) ? RF_OK : raise_not_integer(vm, self, "right", argv[1]);
}

#define INT_FUNCTION_2(name, formula)                                                                                  \
    RfStatus rf_lib_##name(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)                     \
    {                                                                                                                  \
        (void)argc;                                                                                                    \
        if (check_ints(vm, self, argv)) {                                                                              \
            return RF_ERROR;                                                                                           \
        }                                                                                                              \
        int64_t left = argv[0].as.i;                                                                                   \
        int64_t right = argv[1].as.i;                                                                                  \
        *out = rf_int(formula);                                                                                        \
        return RF_OK;                                                                                                  \
    }

INT_FUNCTION_2(bit_and, left &right)
INT_FUNCTION_2(bit_or, left | right)
INT_FUNCTION_2(bit_xor, left ^ right)

RfStatus rf_lib_bit_not(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_int(argv[0])) {
        return raise_not_integer(vm, self, "value", argv[0]);
    }
    *out = rf_int(~argv[0].as.i);
    return RF_OK;
}

static RfStatus check_shift(RfVm *vm, const RfBuiltin *self, const RfValue *argv)
{
    if (check_ints(vm, self, argv)) {
        return RF_ERROR;
    }
    if (argv[1].as.i < 0 || argv[1].as.i > 63) {
        return rf_args_raise_named(vm, self, "expects a shift amount between 0 and 63");
    }
    return RF_OK;
}

RfStatus rf_lib_bit_shl(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_shift(vm, self, argv)) {
        return RF_ERROR;
    }
    *out = rf_int((int64_t)((uint64_t)argv[0].as.i << argv[1].as.i));
    return RF_OK;
}

RfStatus rf_lib_bit_shr(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_shift(vm, self, argv)) {
        return RF_ERROR;
    }
    *out = rf_int(argv[0].as.i >> argv[1].as.i);
    return RF_OK;
}

RfStatus rf_lib_gcd(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_ints(vm, self, argv)) {
        return RF_ERROR;
    }
    int64_t left = argv[0].as.i;
    int64_t right = argv[1].as.i;
    uint64_t a = left < 0 ? 0 - (uint64_t)left : (uint64_t)left;
    uint64_t b = right < 0 ? 0 - (uint64_t)right : (uint64_t)right;
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    if (a > INT64_MAX) { /* 2^63: only minimal ints and 0 have no smaller one */
        return rf_raise(rf_rt(vm), "Integer overflow: gcd(%lld, %lld)", (long long)left, (long long)right);
    }
    *out = rf_int((int64_t)a);
    return RF_OK;
}

RfStatus rf_lib_floor_div(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_ints(vm, self, argv)) {
        return RF_ERROR;
    }
    int64_t left = argv[0].as.i;
    int64_t right = argv[1].as.i;
    if (right == 0) {
        return rf_raise(rf_rt(vm), "Division by zero");
    }
    if (left == INT64_MIN && right == -1) {
        return rf_raise(rf_rt(vm), "Integer overflow: %lld / -1", (long long)left);
    }
    int64_t quotient = left / right;
    if (left % right != 0 && (left < 0) != (right < 0)) {
        quotient--;
    }
    *out = rf_int(quotient);
    return RF_OK;
}

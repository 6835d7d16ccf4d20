/* Linear search, one loop per element kind. What decides equality is rf_value_equal; the loops for raw kinds spell
 * out the part of its rules that applies to them. */
#include "lib/array_find.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "runtime/string.h"

static int64_t find_int(const RfArray *a, int64_t wanted)
{
    for (size_t i = 0; i < a->len; i++) {
        if (a->as.ints[i] == wanted) {
            return (int64_t)i;
        }
    }
    return -1;
}

/* The rule for numbers with a float among them: its tolerance is the machine epsilon. */
static bool floats_equal(double a, double b)
{
    return a == b || fabs(a - b) < DBL_EPSILON;
}

static int64_t find_float(const RfArray *a, double wanted)
{
    for (size_t i = 0; i < a->len; i++) {
        if (floats_equal(a->as.floats[i], wanted)) {
            return (int64_t)i;
        }
    }
    return -1;
}

static int64_t find_float_in_ints(const RfArray *a, double wanted)
{
    for (size_t i = 0; i < a->len; i++) {
        if (floats_equal((double)a->as.ints[i], wanted)) {
            return (int64_t)i;
        }
    }
    return -1;
}

static int64_t find_bool(const RfArray *a, int wanted)
{
    const uint8_t *found = a->len > 0 ? memchr(a->as.bools, wanted, a->len) : NULL;
    return found != NULL ? found - a->as.bools : -1;
}

static int64_t find_string(const RfArray *a, const RfString *wanted)
{
    for (size_t i = 0; i < a->len; i++) {
        if (rf_is_string(a->as.values[i]) && rf_string_equal(a->as.values[i].as.str, wanted)) {
            return (int64_t)i;
        }
    }
    return -1;
}

int64_t rf_array_find(const RfArray *a, RfValue v)
{
    switch (rf_array_kind(a)) {
    case RF_ELEM_INT: return rf_is_int(v) ? find_int(a, v.as.i) : rf_is_float(v) ? find_float_in_ints(a, v.as.f) : -1;
    case RF_ELEM_FLOAT: return rf_is_num(v) ? find_float(a, rf_num(v)) : -1;
    case RF_ELEM_BOOL: return rf_is_bool(v) ? find_bool(a, (int)v.as.i) : -1;
    default: break;
    }
    if (rf_is_string(v)) {
        return find_string(a, v.as.str);
    }
    for (size_t i = 0; i < a->len; i++) {
        if (rf_value_equal(a->as.values[i], v)) {
            return (int64_t)i;
        }
    }
    return -1;
}

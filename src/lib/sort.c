/* sort and sort_by.
 *
 * The algorithm is the merge sort of merge_sort.h, made once for each way of comparing: raw ints (floats too),
 * strings by a cached prefix, any values, and records that carry a position along (sort_by and comparators). With a
 * comparator only positions are moved about, so an error half-way leaves nothing to clean up but two blocks of
 * memory. */
#include <endian.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "lib/builtins.h"
#include "runtime/array.h"
#include "runtime/string.h"
#include "vm/vm.h"

/* ---- the orders ---- */
#define SORT_NAME sort_ints
#define SORT_TYPE int64_t
#define SORT_CONTEXT int
#define SORT_LESS(x, y) (*(x) < *(y))
#define SORT_CHEAP 1
#include "lib/merge_sort.h"

/* A string and its first eight bytes as a number that compares as they do: most comparisons do not touch the string. */
typedef struct StringKey {
    uint64_t prefix;
    RfString *str;
} StringKey;

static inline bool string_key_less(const StringKey *x, const StringKey *y)
{
    return x->prefix != y->prefix ? x->prefix < y->prefix : rf_string_compare(x->str, y->str) < 0;
}

#define SORT_NAME sort_strings
#define SORT_TYPE StringKey
#define SORT_CONTEXT int
#define SORT_LESS(x, y) string_key_less(x, y)
#define SORT_CHEAP 0
#include "lib/merge_sort.h"

#define SORT_NAME sort_values
#define SORT_TYPE RfValue
#define SORT_CONTEXT int
#define SORT_LESS(x, y) (rf_value_order(*(x), *(y)) < 0)
#define SORT_CHEAP 0
#include "lib/merge_sort.h"

typedef struct IntRecord {
    int64_t key;
    size_t at;
} IntRecord;

#define SORT_NAME sort_int_records
#define SORT_TYPE IntRecord
#define SORT_CONTEXT int
#define SORT_LESS(x, y) ((x)->key < (y)->key)
#define SORT_CHEAP 1
#include "lib/merge_sort.h"

typedef struct ValueRecord {
    RfValue key; /* borrowed */
    size_t at;
} ValueRecord;

#define SORT_NAME sort_value_records
#define SORT_TYPE ValueRecord
#define SORT_CONTEXT int
#define SORT_LESS(x, y) (rf_value_order((x)->key, (y)->key) < 0)
#define SORT_CHEAP 0
#include "lib/merge_sort.h"

/* A comparator of the program. After its first error everything counts as ordered, so that the sort runs out
 * quickly. */
typedef struct Comparator {
    RfCallback callback;
    RfVm *vm;
    const RfArray *array;
    bool failed;
} Comparator;

/* Whether element x must stand before element y, which is now earlier. */
static bool comparator_less(Comparator *c, uint32_t x, uint32_t y)
{
    if (c->failed) {
        return false;
    }
    RfValue args[2] = {rf_array_get(c->array, y), rf_array_get(c->array, x)};
    RfValue result;
    if (rf_callback_call(&c->callback, 2, args, &result) != RF_OK) {
        c->failed = true;
        return false;
    }
    if (!rf_is_num(result)) {
        rf_release(result);
        rf_raise(rf_rt(c->vm), "sort comparator must return a number");
        c->failed = true;
        return false;
    }
    return rf_is_int(result) ? result.as.i > 0 : result.as.f > 0;
}

#define SORT_NAME sort_positions
#define SORT_TYPE uint32_t
#define SORT_CONTEXT Comparator *
#define SORT_LESS(x, y) comparator_less(context, *(x), *(y))
#define SORT_CHEAP 0
#include "lib/merge_sort.h"

/* ---- without comparator: in place ---- */

/* Moves the NaNs, which come last, to the end; returns the number of the others. */
static size_t part_numbers(double *a, size_t n)
{
    size_t numbers = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isnan(a[i])) {
            a[numbers++] = a[i];
        }
    }
    for (size_t i = numbers; i < n; i++) {
        a[i] = NAN;
    }
    return numbers;
}

/* The bits of a double as an int that compares as the double does (-0 before 0); its own inverse. */
static inline int64_t float_key(int64_t bits)
{
    return bits ^ (int64_t)((uint64_t)(bits >> 63) >> 1);
}

/* Floats are sorted as ints. Only 0 and -0 need care: they are equal, so being stable means keeping their order. */
static void order_floats(double *a, int64_t *bits, size_t n) /* both are the array's storage */
{
    n = part_numbers(a, n);
    size_t zeros[2] = {0, 0};
    for (size_t i = 0; i < n; i++) {
        if (a[i] == 0.0) {
            zeros[signbit(a[i]) != 0]++;
        }
    }
    size_t nzeros = zeros[0] > 0 && zeros[1] > 0 ? zeros[0] + zeros[1] : 0;
    double *saved = rf_mem_alloc(nzeros * sizeof *saved);
    for (size_t i = 0, k = 0; k < nzeros; i++) {
        if (a[i] == 0.0) {
            saved[k++] = a[i];
        }
    }
    for (size_t i = 0; i < n; i++) {
        bits[i] = float_key(bits[i]);
    }
    sort_ints(bits, n, 0);
    for (size_t i = 0; i < n; i++) {
        bits[i] = float_key(bits[i]);
    }
    for (size_t i = 0, k = 0; k < nzeros; i++) {
        if (a[i] == 0.0) {
            a[i] = saved[k++];
        }
    }
    rf_mem_free(saved, nzeros * sizeof *saved);
}

static void order_bools(uint8_t *a, size_t n)
{
    size_t trues = 0;
    for (size_t i = 0; i < n; i++) {
        trues += a[i];
    }
    memset(a, 0, n - trues);
    memset(a + (n - trues), 1, trues);
}

static uint64_t string_prefix(const RfString *s)
{
    uint64_t bytes = 0;
    memcpy(&bytes, s->data, s->len < sizeof bytes ? s->len : sizeof bytes);
    return be64toh(bytes);
}

static void order_strings(RfValue *a, size_t n)
{
    StringKey *keys = rf_mem_alloc(n * sizeof *keys);
    for (size_t i = 0; i < n; i++) {
        keys[i] = (StringKey){string_prefix(a[i].as.str), a[i].as.str};
    }
    sort_strings(keys, n, 0);
    for (size_t i = 0; i < n; i++) {
        a[i].as.str = keys[i].str;
    }
    rf_mem_free(keys, n * sizeof *keys);
}

static void order_values(RfValue *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!rf_is_string(a[i])) {
            sort_values(a, n, 0);
            return;
        }
    }
    order_strings(a, n);
}

static void order_array(RfArray *array)
{
    if (array->len < 2) {
        return;
    }
    switch (rf_array_kind(array)) {
    case RF_ELEM_INT: sort_ints(array->as.ints, array->len, 0); break;
    case RF_ELEM_FLOAT: order_floats(array->as.floats, array->as.ints, array->len); break;
    case RF_ELEM_BOOL: order_bools(array->as.bools, array->len); break;
    default: order_values(array->as.values, array->len); break;
    }
}

/* ---- with comparator or key ---- */

/* Element number i of the result is element at(i) of `array`. */
#define PERMUTE(result, array, at)                                                                                     \
    for (size_t i = 0; i < (result)->len; i++) {                                                                       \
        switch (rf_array_kind(array)) {                                                                                \
        case RF_ELEM_BOOL: (result)->as.bools[i] = (array)->as.bools[at]; break;                                       \
        case RF_ELEM_ANY: (result)->as.values[i] = rf_retain((array)->as.values[at]); break;                           \
        default: (result)->as.ints[i] = (array)->as.ints[at]; break; /* the bits of floats alike */                    \
        }                                                                                                              \
    }

static RfStatus sort_with(RfVm *vm, const RfArray *array, RfValue callee, RfValue *out)
{
    size_t n = array->len;
    Comparator comparator = {.vm = vm, .array = array};
    rf_callback_init(vm, &comparator.callback, callee);
    uint32_t *positions = rf_mem_alloc(n * sizeof *positions);
    for (size_t i = 0; i < n; i++) {
        positions[i] = (uint32_t)i;
    }
    sort_positions(positions, n, &comparator);
    if (!comparator.failed) {
        RfArray *result = rf_array_new_kind(rf_array_kind(array), n);
        PERMUTE(result, array, positions[i])
        *out = rf_obj(result);
    }
    rf_mem_free(positions, n * sizeof *positions);
    return comparator.failed ? RF_ERROR : RF_OK;
}

RfStatus rf_lib_sort(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    if (!rf_is_array(argv[0])) {
        return rf_raise(rf_rt(vm), "sort requires an array argument");
    }
    if (argc == 2) {
        if (!rf_is_callable(argv[1])) {
            return rf_raise(rf_rt(vm), "sort expects an array and a function");
        }
        return sort_with(vm, argv[0].as.arr, argv[1], out);
    }
    RfArray *array = rf_array_unique(rf_take(&argv[0]).as.arr);
    order_array(array);
    *out = rf_obj(array);
    return RF_OK;
}

/* The keys of all elements, in order; NULL when the callback raised. */
static RfArray *make_keys(RfVm *vm, const RfArray *array, RfValue callee)
{
    RfCallback callback;
    rf_callback_init(vm, &callback, callee);
    RfArray *keys = rf_array_new(array->len);
    for (size_t i = 0; i < array->len; i++) {
        RfValue args[1] = {rf_array_get(array, i)};
        RfValue key;
        if (rf_callback_call(&callback, 1, args, &key) != RF_OK) {
            rf_object_release(keys);
            return NULL;
        }
        rf_array_push(keys, key);
    }
    return keys;
}

static void permute_by_ints(RfArray *result, const RfArray *array, const RfArray *keys)
{
    size_t n = keys->len;
    IntRecord *records = rf_mem_alloc(n * sizeof *records);
    for (size_t i = 0; i < n; i++) {
        records[i] = (IntRecord){keys->as.ints[i], i};
    }
    sort_int_records(records, n, 0);
    PERMUTE(result, array, records[i].at)
    rf_mem_free(records, n * sizeof *records);
}

static void permute_by_values(RfArray *result, const RfArray *array, const RfArray *keys)
{
    size_t n = keys->len;
    ValueRecord *records = rf_mem_alloc(n * sizeof *records);
    for (size_t i = 0; i < n; i++) {
        records[i] = (ValueRecord){rf_array_peek(keys, i), i};
    }
    sort_value_records(records, n, 0);
    PERMUTE(result, array, records[i].at)
    rf_mem_free(records, n * sizeof *records);
}

RfStatus rf_lib_sort_by(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_array(argv[0]) || !rf_is_callable(argv[1])) {
        return rf_raise(rf_rt(vm), "%s expects an array and a function", self->arity_name);
    }
    const RfArray *array = argv[0].as.arr;
    RfArray *keys = make_keys(vm, array, argv[1]);
    if (keys == NULL) {
        return RF_ERROR;
    }
    RfArray *result = rf_array_new_kind(rf_array_kind(array), array->len);
    if (rf_array_kind(keys) == RF_ELEM_INT) {
        permute_by_ints(result, array, keys);
    } else {
        permute_by_values(result, array, keys);
    }
    rf_object_release(keys);
    *out = rf_obj(result);
    return RF_OK;
}

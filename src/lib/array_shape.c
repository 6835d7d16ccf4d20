/* Array builtins that regroup elements or make arrays from nothing: chunk, windows, flatten, range. */
#include "lib/args.h"
#include "lib/builtins.h"
#include "lib/seq.h"

/* ---- chunk, windows ---- */
static RfStatus check_size(RfVm *vm, const RfBuiltin *self, const RfValue *argv)
{
    if (!rf_is_array(argv[0])) {
        return rf_args_raise_named(vm, self, "requires 2 arguments: array and size");
    }
    if (!rf_is_num(argv[1])) {
        return rf_args_raise_named(vm, self, "size must be a number");
    }
    return RF_OK;
}

RfStatus rf_lib_chunk(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_size(vm, self, argv) != RF_OK) {
        return RF_ERROR;
    }
    int64_t size = rf_args_count(argv[1]);
    const RfArray *array = argv[0].as.arr;
    size_t len = array->len;
    if (size <= 0 || (uint64_t)size >= len) { /* one piece, but none of an empty array */
        RfValue whole = rf_take(&argv[0]);
        RfArray *result = rf_array_new(1);
        if (size > 0 && len == 0) {
            rf_release(whole);
        } else {
            rf_array_push(result, whole);
        }
        *out = rf_obj(result);
        return RF_OK;
    }
    size_t step = (size_t)size;
    RfArray *result = rf_array_new_kind(RF_ELEM_ANY, (len - 1) / step + 1);
    for (size_t i = 0; i < result->len; i++) {
        size_t start = i * step;
        size_t end = len - start > step ? start + step : len;
        result->as.values[i] = rf_obj(rf_array_slice(array, start, end));
    }
    *out = rf_obj(result);
    return RF_OK;
}

RfStatus rf_lib_windows(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_size(vm, self, argv) != RF_OK) {
        return RF_ERROR;
    }
    int64_t size = rf_args_count(argv[1]);
    const RfArray *array = argv[0].as.arr;
    if (size <= 0 || (uint64_t)size > array->len) {
        *out = rf_obj(rf_array_new(0));
        return RF_OK;
    }
    RfArray *result = rf_array_new_kind(RF_ELEM_ANY, array->len - (size_t)size + 1);
    for (size_t i = 0; i < result->len; i++) {
        result->as.values[i] = rf_obj(rf_array_slice(array, i, i + (size_t)size));
    }
    *out = rf_obj(result);
    return RF_OK;
}

/* ---- flatten ---- */

/* Number of elements after flattening; `*kind` receives the kind of the result. */
static uint64_t flat_size(const RfArray *array, RfElemKind *kind)
{
    uint64_t size = 0;
    bool first = true;
    *kind = RF_ELEM_INT;
    for (size_t i = 0; i < array->len; i++) {
        RfValue v = array->as.values[i];
        if (rf_is_array(v) && v.as.arr->len == 0) {
            continue;
        }
        RfElemKind part = rf_is_array(v) ? rf_array_kind(v.as.arr) : RF_ELEM_ANY;
        *kind = first || part == *kind ? part : RF_ELEM_ANY;
        first = false;
        size += rf_is_array(v) ? v.as.arr->len : 1;
    }
    return size;
}

RfStatus rf_lib_flatten(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_array(argv[0])) {
        return rf_args_raise_named(vm, self, "requires an array argument");
    }
    const RfArray *array = argv[0].as.arr;
    if (rf_array_kind(array) != RF_ELEM_ANY) { /* no arrays inside */
        *out = rf_take(&argv[0]);
        return RF_OK;
    }
    RfElemKind kind;
    uint64_t size = flat_size(array, &kind);
    if (size > RF_COLLECTION_MAX) {
        return rf_raise_too_large(vm, self->arity_name);
    }
    /* Made with its final kind, so that it never has to be converted half-way. */
    RfArray *result = rf_array_new_kind(kind, 0);
    rf_array_reserve(result, (size_t)size);
    for (size_t i = 0; i < array->len; i++) {
        RfValue v = array->as.values[i];
        if (rf_is_array(v)) {
            rf_array_append(result, v.as.arr);
        } else {
            rf_array_push(result, rf_retain(v));
        }
    }
    *out = rf_obj(result);
    return RF_OK;
}

/* ---- range ---- */
static bool range_too_large(int64_t start, int64_t stop, int64_t step)
{
    /* Unsigned arithmetic: the distance of two ints may exceed the int range. */
    uint64_t distance = step > 0 ? (uint64_t)stop - (uint64_t)start : (uint64_t)start - (uint64_t)stop;
    uint64_t stride = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
    bool empty = step > 0 ? start >= stop : start <= stop;
    return !empty && (distance - 1) / stride >= RF_COLLECTION_MAX;
}

RfStatus rf_lib_range(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    for (int i = 0; i < argc; i++) {
        if (!rf_is_num(argv[i])) {
            return rf_args_raise_named(vm, self, "requires numeric arguments");
        }
    }
    int64_t start = argc > 1 ? rf_args_count(argv[0]) : 0;
    int64_t stop = rf_args_count(argv[argc > 1 ? 1 : 0]);
    int64_t step = argc > 2 ? rf_args_count(argv[2]) : 1;
    if (step == 0) {
        return rf_args_raise_named(vm, self, "step cannot be zero");
    }
    if (range_too_large(start, stop, step)) {
        return rf_raise_too_large(vm, self->arity_name);
    }
    *out = rf_obj(rf_array_range(start, stop, step));
    return RF_OK;
}

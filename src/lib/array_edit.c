/* Array builtins that give a changed version of their argument: push pop insert remove remove_at clear slice concat
 * reverse unique.
 *
 * The pattern of all: check everything, move argument 0 out of argv, make it unique, change it in place. When the
 * caller held the only reference nothing is copied. */
#include <math.h>

#include "base/mem.h"
#include "lib/args.h"
#include "lib/array_find.h"
#include "lib/builtins.h"
#include "lib/dict_key.h"
#include "lib/seq.h"

static RfArray *take_array(RfValue *argv)
{
    return rf_array_unique(rf_take(&argv[0]).as.arr);
}

/* ---- push, pop ---- */
RfStatus rf_lib_push(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_array(argv[0])) {
        return rf_args_raise_named(vm, self, "requires an array as the first argument");
    }
    if (argv[0].as.arr->len == RF_COLLECTION_MAX) {
        return rf_raise_too_large(vm, self->arity_name);
    }
    RfArray *array = take_array(argv);
    rf_array_push(array, rf_take(&argv[1]));
    *out = rf_obj(array);
    return RF_OK;
}

RfStatus rf_lib_pop(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_array(argv[0])) {
        return rf_args_raise_named(vm, self, "requires an array argument");
    }
    RfArray *array = take_array(argv);
    RfValue last = array->len > 0 ? rf_array_remove(array, array->len - 1) : rf_null();
    *out = rf_seq_pair(rf_obj(array), last);
    return RF_OK;
}

/* ---- insert, remove, remove_at, clear ---- */
static RfStatus raise_bounds(RfVm *vm, const RfBuiltin *self, int64_t index, const RfArray *array)
{
    return rf_raise(rf_rt(vm), "%s() index %lld out of bounds for array of length %u", self->arity_name,
                    (long long)index, array->len);
}

RfStatus rf_lib_insert(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_array(argv[0])) {
        return rf_args_raise_named(vm, self, "requires 3 arguments: array, index, and item");
    }
    if (!rf_is_num(argv[1])) {
        return rf_args_raise_named(vm, self, "index must be a number");
    }
    int64_t index = rf_args_count(argv[1]);
    if (index < 0 || index > (int64_t)argv[0].as.arr->len) {
        return raise_bounds(vm, self, index, argv[0].as.arr);
    }
    if (argv[0].as.arr->len == RF_COLLECTION_MAX) {
        return rf_raise_too_large(vm, self->arity_name);
    }
    RfArray *array = take_array(argv);
    rf_array_insert(array, (size_t)index, rf_take(&argv[2]));
    *out = rf_obj(array);
    return RF_OK;
}

static RfValue remove_key(RfValue *argv)
{
    RfValue key;
    rf_dict_make_key(argv[1], &key);
    RfValue value = rf_int(0); /* what a missing key gives */
    RfDict *dict = rf_take(&argv[0]).as.dict;
    if (rf_dict_find(dict, key) != NULL) {
        dict = rf_dict_unique(dict);
        rf_dict_remove(dict, key, &value);
    }
    rf_release(key);
    return rf_seq_pair(rf_obj(dict), value);
}

RfStatus rf_lib_remove(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (rf_is_array(argv[0])) {
        int64_t at = rf_array_find(argv[0].as.arr, argv[1]);
        RfArray *array = rf_take(&argv[0]).as.arr;
        if (at >= 0) {
            array = rf_array_unique(array);
            rf_release(rf_array_remove(array, (size_t)at));
        }
        *out = rf_obj(array);
        return RF_OK;
    }
    if (rf_is_dict(argv[0]) && rf_dict_key_ok(argv[1])) {
        *out = remove_key(argv);
        return RF_OK;
    }
    return rf_args_raise_named(vm, self, "requires an array or dictionary-like value with a valid key/item");
}

RfStatus rf_lib_remove_at(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_array(argv[0])) {
        return rf_args_raise_named(vm, self, "requires 2 arguments: array and index");
    }
    if (!rf_is_num(argv[1])) {
        return rf_args_raise_named(vm, self, "index must be a number");
    }
    int64_t index = rf_args_count(argv[1]);
    if (index < 0 || index >= (int64_t)argv[0].as.arr->len) {
        return raise_bounds(vm, self, index, argv[0].as.arr);
    }
    RfArray *array = take_array(argv);
    RfValue removed = rf_array_remove(array, (size_t)index);
    *out = rf_seq_pair(rf_obj(array), removed);
    return RF_OK;
}

RfStatus rf_lib_clear(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_array(argv[0]) && !rf_is_dict(argv[0])) {
        return rf_args_raise_named(vm, self, "requires an array or dict argument");
    }
    bool is_array = rf_is_array(argv[0]);
    if (!rf_is_unique(argv[0].as.obj)) { /* no copy just to empty it */
        *out = is_array ? rf_obj(rf_array_new(0)) : rf_obj(rf_dict_new(0));
        return RF_OK;
    }
    if (is_array) {
        rf_array_truncate(argv[0].as.arr, 0);
    } else {
        rf_dict_clear(argv[0].as.dict);
    }
    *out = rf_take(&argv[0]);
    return RF_OK;
}

/* ---- slice, concat, reverse ---- */
RfStatus rf_lib_slice(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    for (int i = 1; i <= 2; i++) {
        if (!rf_is_num(argv[i]) || !isfinite(rf_num(argv[i]))) {
            return rf_args_raise_named(vm, self, i == 1 ? "start must be a number" : "end must be a number");
        }
    }
    bool is_array = rf_is_array(argv[0]);
    if (!is_array && argv[0].tag != RF_TAG_BYTES) {
        return rf_args_raise_named(vm, self, "requires array or bytes and numeric start/end arguments");
    }
    size_t len = is_array ? argv[0].as.arr->len : argv[0].as.bytes->len;
    size_t start = rf_seq_clamp(rf_args_count(argv[1]), len);
    size_t end = rf_seq_clamp(rf_args_count(argv[2]), len);
    if (end < start) {
        end = start;
    }
    if (is_array) {
        *out = rf_obj(rf_array_slice_take(rf_take(&argv[0]).as.arr, start, end));
    } else {
        *out = rf_obj(rf_bytes_new(argv[0].as.bytes->data + start, end - start));
    }
    return RF_OK;
}

RfStatus rf_lib_concat(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_array(argv[0]) || !rf_is_array(argv[1])) {
        return rf_args_raise_named(vm, self, "requires two array arguments");
    }
    RfArray *other = argv[1].as.arr;
    if ((uint64_t)argv[0].as.arr->len + other->len > RF_COLLECTION_MAX) {
        return rf_raise_too_large(vm, self->arity_name);
    }
    if (argv[0].as.arr->len == 0) {
        *out = rf_take(&argv[1]);
        return RF_OK;
    }
    RfArray *array = rf_take(&argv[0]).as.arr;
    if (other->len > 0) {
        array = rf_array_unique(array);
        rf_array_append(array, other);
    }
    *out = rf_obj(array);
    return RF_OK;
}

#define REVERSE(type, data, n)                                                                                         \
    for (type *low = (data), *high = low + (n); low + 1 < high; low++) {                                               \
        type swapped = *--high;                                                                                        \
        *high = *low;                                                                                                  \
        *low = swapped;                                                                                                \
    }

RfStatus rf_lib_reverse(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    (void)argc;
    if (!rf_is_array(argv[0])) {
        return rf_raise(rf_rt(vm), "reverse requires an array argument");
    }
    RfArray *array = take_array(argv);
    if (array->len > 1) {
        switch (rf_array_kind(array)) {
        case RF_ELEM_BOOL: REVERSE(uint8_t, array->as.bools, array->len) break;
        case RF_ELEM_ANY: REVERSE(RfValue, array->as.values, array->len) break;
        default: REVERSE(int64_t, array->as.ints, array->len) break; /* the bits of floats move alike */
        }
    }
    *out = rf_obj(array);
    return RF_OK;
}

/* ---- unique ----
 * First occurrences move to the front; the walk never reads what it has overwritten. */

static uint64_t scatter(int64_t i)
{
    uint64_t x = (uint64_t)i * 0x9e3779b97f4a7c15u;
    return x ^ (x >> 32);
}

/* Ints are looked up in a table of their positions (+ 1) in the part already kept. */
static size_t unique_ints(int64_t *ints, size_t n)
{
    size_t slots = 16;
    while (slots < n * 2) {
        slots *= 2;
    }
    uint32_t *table = rf_mem_zalloc(slots * sizeof *table);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        size_t at = scatter(ints[i]) & (slots - 1);
        while (table[at] != 0 && ints[table[at] - 1] != ints[i]) {
            at = (at + 1) & (slots - 1);
        }
        if (table[at] == 0) {
            ints[kept++] = ints[i];
            table[at] = (uint32_t)kept;
        }
    }
    rf_mem_free(table, slots * sizeof *table);
    return kept;
}

static size_t unique_bools(uint8_t *bools, size_t n)
{
    bool seen[2] = {false, false};
    size_t kept = 0;
    for (size_t i = 0; i < n && kept < 2; i++) {
        uint8_t b = bools[i];
        if (!seen[b]) {
            seen[b] = true;
            bools[kept++] = b;
        }
    }
    return kept;
}

/* Floats and mixed values: a set decides. */
static size_t unique_others(RfArray *array)
{
    bool is_float = rf_array_kind(array) == RF_ELEM_FLOAT;
    RfSet *seen = rf_set_new(0);
    size_t kept = 0;
    for (size_t i = 0; i < array->len; i++) {
        RfValue v = rf_array_peek(array, i);
        if (!rf_set_add(seen, rf_retain(v))) {
            rf_release(v);
        } else if (is_float) {
            array->as.floats[kept++] = v.as.f;
        } else {
            array->as.values[kept++] = v;
        }
    }
    rf_object_release(seen);
    return kept;
}

RfStatus rf_lib_unique(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    (void)argc;
    if (!rf_is_array(argv[0])) {
        return rf_raise(rf_rt(vm), "unique requires an array argument");
    }
    RfArray *array = take_array(argv);
    size_t kept = array->len;
    if (kept > 1) {
        switch (rf_array_kind(array)) {
        case RF_ELEM_INT: kept = unique_ints(array->as.ints, kept); break;
        case RF_ELEM_BOOL: kept = unique_bools(array->as.bools, kept); break;
        default: kept = unique_others(array); break;
        }
    }
    array->len = (uint32_t)kept; /* what lay behind has been moved or released */
    *out = rf_obj(array);
    return RF_OK;
}

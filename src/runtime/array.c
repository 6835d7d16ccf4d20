/* Arrays and stacks: growth, kinds of elements, slices.
 *
 * Invariants: elements [0, len) are initialised; an empty array has a kind too, but takes the kind of its first
 * element (unless it is ANY and has room: a stack that runs empty now and then stays as it is); `cap` counts elements
 * of the present kind. INT, FLOAT and BOOL arrays hold raw payloads, so copying them is memcpy and freeing them visits
 * nothing. A raw array that meets a foreign value becomes ANY and stays so. */
#include "runtime/array.h"

#include <string.h>

#include "base/mem.h"
#include "runtime/kinds.h"

#define DOUBLING_MAX 65536u /* elements; beyond this an array grows by half */
#define FIRST_CAP 4u

static size_t bytes_of(const RfArray *a, size_t n)
{
    return n * rf_elem_size(rf_array_kind(a));
}

static char *address_of(const RfArray *a, size_t i)
{
    return (char *)a->as.data + bytes_of(a, i);
}

/* memcpy and memmove want valid pointers even for nothing. */
static void copy_bytes(void *to, const void *from, size_t n)
{
    if (n) {
        memcpy(to, from, n);
    }
}

static RfElemKind kind_for(RfValue v)
{
    switch (v.tag) {
    case RF_TAG_INT: return RF_ELEM_INT;
    case RF_TAG_FLOAT: return RF_ELEM_FLOAT;
    case RF_TAG_BOOL: return RF_ELEM_BOOL;
    default: return RF_ELEM_ANY;
    }
}

static void retain_range(const RfArray *a, size_t start, size_t end)
{
    if (rf_array_kind(a) == RF_ELEM_ANY) {
        for (size_t i = start; i < end; i++) {
            rf_retain(a->as.values[i]);
        }
    }
}

static void release_range(const RfArray *a, size_t start, size_t end)
{
    if (rf_array_kind(a) == RF_ELEM_ANY) {
        for (size_t i = start; i < end; i++) {
            rf_release(a->as.values[i]);
        }
    }
}

/* Gives the storage room for exactly `cap` >= len elements. */
static void resize(RfArray *a, size_t cap)
{
    a->as.data = rf_mem_resize(a->as.data, bytes_of(a, a->cap), bytes_of(a, cap));
    a->cap = (uint32_t)cap;
}

/* Room for `need` elements, with some to spare. */
static void grow(RfArray *a, size_t need)
{
    size_t cap = a->cap < DOUBLING_MAX ? (size_t)a->cap * 2 : a->cap + a->cap / 2;
    cap = cap < need ? need : cap;
    cap = cap < FIRST_CAP ? FIRST_CAP : cap;
    size_t size = rf_elem_size(rf_array_kind(a));
    resize(a, rf_mem_round(cap * size) / size);
}

static RfArray *new_array(uint8_t tag, RfElemKind kind, size_t cap)
{
    RfArray *a = rf_mem_alloc(sizeof *a);
    a->obj = (RfObject){.rc = 1, .tag = tag, .aux = (uint16_t)kind};
    a->len = 0;
    a->cap = (uint32_t)cap;
    a->as.data = cap ? rf_mem_alloc(cap * rf_elem_size(kind)) : NULL;
    return a;
}

RfArray *rf_array_new(size_t cap)
{
    return new_array(RF_TAG_ARRAY, RF_ELEM_INT, cap);
}

RfArray *rf_array_new_kind(RfElemKind kind, size_t len)
{
    RfArray *a = new_array(RF_TAG_ARRAY, kind, len);
    a->len = (uint32_t)len;
    if (kind == RF_ELEM_ANY) {
        for (size_t i = 0; i < len; i++) {
            a->as.values[i] = rf_null();
        }
    }
    return a;
}

/* Stores n values of the array's own kind. */
static void store_values(RfArray *a, size_t at, const RfValue *values, size_t n)
{
    switch (rf_array_kind(a)) {
    case RF_ELEM_ANY: copy_bytes(a->as.values + at, values, n * sizeof *values); break;
    case RF_ELEM_BOOL:
        for (size_t i = 0; i < n; i++) {
            a->as.bools[at + i] = (uint8_t)values[i].as.i;
        }
        break;
    default: /* ints and the bits of floats alike */
        for (size_t i = 0; i < n; i++) {
            a->as.ints[at + i] = values[i].as.i;
        }
        break;
    }
}

RfArray *rf_array_from_values(RfValue *values, size_t n)
{
    RfElemKind kind = n ? kind_for(values[0]) : RF_ELEM_INT;
    for (size_t i = 1; i < n && kind != RF_ELEM_ANY; i++) {
        if (values[i].tag != values[0].tag) {
            kind = RF_ELEM_ANY;
        }
    }
    RfArray *a = new_array(RF_TAG_ARRAY, kind, n);
    a->len = (uint32_t)n;
    store_values(a, 0, values, n);
    return a;
}

void rf_array_widen(RfArray *a, RfElemKind kind)
{
    RfElemKind old = rf_array_kind(a);
    if (old == kind) {
        return;
    }
    if (a->len == 0) { /* keep the room, counted in the new elements */
        size_t cap = a->cap;
        rf_mem_free(a->as.data, bytes_of(a, cap));
        a->obj.aux = (uint16_t)kind;
        a->as.data = cap ? rf_mem_alloc(bytes_of(a, cap)) : NULL;
        return;
    }
    if (kind != RF_ELEM_ANY) {
        return;
    }
    RfValue *values = rf_mem_alloc(a->cap * sizeof *values);
    for (size_t i = 0; i < a->len; i++) {
        values[i] = rf_array_peek(a, i);
    }
    rf_mem_free(a->as.data, bytes_of(a, a->cap));
    a->as.values = values;
    a->obj.aux = RF_ELEM_ANY;
}

/* Makes the array's kind one that can hold `v`. */
static void admit(RfArray *a, RfValue v)
{
    RfElemKind kind = kind_for(v);
    if (kind != rf_array_kind(a)) {
        rf_array_widen(a, a->len == 0 ? kind : RF_ELEM_ANY);
    }
}

/* ---- copies ---- */

RfArray *rf_array_slice(const RfArray *a, size_t start, size_t end)
{
    RfArray *slice = new_array(a->obj.tag, rf_array_kind(a), end - start);
    slice->len = (uint32_t)(end - start);
    if (end > start) {
        memcpy(slice->as.data, address_of(a, start), bytes_of(a, end - start));
        retain_range(a, start, end);
    }
    return slice;
}

RfArray *rf_array_copy(const RfArray *a)
{
    return rf_array_slice(a, 0, a->len);
}

RfArray *rf_array_unique(RfArray *a)
{
    if (rf_is_unique(a)) {
        return a;
    }
    RfArray *copy = rf_array_copy(a);
    rf_object_release(a);
    return copy;
}

RfArray *rf_array_slice_take(RfArray *a, size_t start, size_t end)
{
    if (!rf_is_unique(a)) {
        RfArray *slice = rf_array_slice(a, start, end);
        rf_object_release(a);
        return slice;
    }
    rf_array_truncate(a, end);
    if (start > 0) {
        release_range(a, 0, start);
        memmove(a->as.data, address_of(a, start), bytes_of(a, end - start));
        a->len = (uint32_t)(end - start);
    }
    return a;
}

/* ---- changes in place ---- */

void rf_array_push_slow(RfArray *a, RfValue v)
{
    admit(a, v);
    if (a->len == a->cap) {
        grow(a, (size_t)a->len + 1);
    }
    store_values(a, a->len, &v, 1);
    a->len++;
}

void rf_array_set_slow(RfArray *a, size_t i, RfValue v)
{
    /* The only element may be replaced by one of another kind without giving up raw storage. */
    if (a->len == 1 && kind_for(v) != rf_array_kind(a)) {
        rf_array_truncate(a, 0);
        rf_array_push_slow(a, v);
        return;
    }
    admit(a, v);
    release_range(a, i, i + 1);
    store_values(a, i, &v, 1);
}

void rf_array_insert(RfArray *a, size_t i, RfValue v)
{
    admit(a, v);
    if (a->len == a->cap) {
        grow(a, (size_t)a->len + 1);
    }
    memmove(address_of(a, i + 1), address_of(a, i), bytes_of(a, a->len - i));
    store_values(a, i, &v, 1);
    a->len++;
}

RfValue rf_array_remove(RfArray *a, size_t i)
{
    RfValue removed = rf_array_peek(a, i);
    a->len--;
    memmove(address_of(a, i), address_of(a, i + 1), bytes_of(a, a->len - i));
    return removed;
}

void rf_array_truncate(RfArray *a, size_t len)
{
    if (len < a->len) {
        release_range(a, len, a->len);
        a->len = (uint32_t)len;
    }
}

void rf_array_reserve(RfArray *a, size_t cap)
{
    if (cap > a->cap) {
        resize(a, cap);
    }
}

void rf_array_append(RfArray *a, const RfArray *other)
{
    size_t n = other->len;
    if (n == 0) {
        return;
    }
    RfElemKind kind = rf_array_kind(other);
    if (kind != rf_array_kind(a)) {
        rf_array_widen(a, a->len == 0 ? kind : RF_ELEM_ANY);
    }
    if (a->len + n > a->cap) {
        grow(a, a->len + n);
    }
    if (kind == rf_array_kind(a)) {
        memcpy(address_of(a, a->len), other->as.data, bytes_of(a, n));
        retain_range(other, 0, n);
    } else {
        for (size_t i = 0; i < n; i++) {
            a->as.values[a->len + i] = rf_array_peek(other, i); /* raw: nothing to retain */
        }
    }
    a->len += (uint32_t)n;
}

RfArray *rf_array_range(int64_t start, int64_t stop, int64_t step)
{
    /* Unsigned arithmetic: the distance of two ints may exceed the int range. */
    uint64_t n = 0;
    if (step > 0 && start < stop) {
        n = ((uint64_t)stop - (uint64_t)start - 1) / (uint64_t)step + 1;
    } else if (step < 0 && start > stop) {
        n = ((uint64_t)start - (uint64_t)stop - 1) / (0 - (uint64_t)step) + 1;
    }
    RfArray *a = rf_array_new_kind(RF_ELEM_INT, n);
    for (uint64_t i = 0; i < n; i++) {
        a->as.ints[i] = (int64_t)((uint64_t)start + i * (uint64_t)step);
    }
    return a;
}

/* ---- operations of the kind ---- */

void rf_array_free(RfObject *obj, RfWorklist *work)
{
    RfArray *a = (RfArray *)obj;
    if (rf_array_kind(a) == RF_ELEM_ANY) {
        for (size_t i = 0; i < a->len; i++) {
            if (rf_is_heap(a->as.values[i])) {
                rf_worklist_release(work, a->as.values[i]);
            }
        }
    }
    rf_mem_free(a->as.data, bytes_of(a, a->cap));
    rf_mem_free(a, sizeof *a);
}

void rf_array_trace(RfObject *obj, RfVisit *visit, void *context)
{
    RfArray *a = (RfArray *)obj;
    if (rf_array_kind(a) == RF_ELEM_ANY) {
        for (size_t i = 0; i < a->len; i++) {
            visit(context, a->as.values[i]);
        }
    }
}

/* Arrays with an element kind. Homogeneous int, float and bool arrays store raw elements. */
#ifndef RF_RUNTIME_ARRAY_H
#define RF_RUNTIME_ARRAY_H

#include "runtime/value.h"

typedef enum RfElemKind {
    RF_ELEM_INT,   /* int64_t; also the kind of a new empty array */
    RF_ELEM_FLOAT, /* double */
    RF_ELEM_BOOL,  /* uint8_t 0/1 */
    RF_ELEM_ANY    /* RfValue */
} RfElemKind;

#define RF_COLLECTION_MAX 1073741824u

struct RfArray {
    RfObject obj; /* obj.aux is the RfElemKind; tag ARRAY or STACK */
    uint32_t len; /* elements */
    uint32_t cap; /* elements */
    union {
        int64_t *ints;
        double *floats;
        uint8_t *bools;
        RfValue *values;
        void *data;
    } as;
};

static inline RfElemKind rf_array_kind(const RfArray *a)
{
    return (RfElemKind)a->obj.aux;
}
static inline size_t rf_elem_size(RfElemKind k)
{
    return k == RF_ELEM_ANY ? 16 : k == RF_ELEM_BOOL ? 1 : 8;
}

/* New empty array (RF_ELEM_INT until something else is put in) with room for `cap` elements. New reference. */
RfArray *rf_array_new(size_t cap);
/* New array of `kind` with len elements, uninitialised for raw kinds, null for ANY. New reference. */
RfArray *rf_array_new_kind(RfElemKind kind, size_t len);
/* Builds from `n` values, which are taken. Picks the tightest kind. */
RfArray *rf_array_from_values(RfValue *values, size_t n);

/* Element i (0 <= i < len), borrowed reading: the value returned for an ANY array is not retained. */
static inline RfValue rf_array_peek(const RfArray *a, size_t i)
{
    switch (rf_array_kind(a)) {
    case RF_ELEM_INT: return rf_int(a->as.ints[i]);
    case RF_ELEM_FLOAT: return rf_float(a->as.floats[i]);
    case RF_ELEM_BOOL: return rf_bool(a->as.bools[i]);
    default: return a->as.values[i];
    }
}
/* As rf_array_peek, with a new reference. */
static inline RfValue rf_array_get(const RfArray *a, size_t i)
{
    return rf_retain(rf_array_peek(a, i));
}

/* Returns an array with the same contents that only the caller holds: `a` itself when its count is 1, else a copy.
 * Takes `a`. */
RfArray *rf_array_unique(RfArray *a);
RfArray *rf_array_copy(const RfArray *a); /* new reference, shallow (elements retained) */
/* The following change `a` in place: the caller must hold the only reference. `v` is taken. */
void rf_array_push_slow(RfArray *a, RfValue v);
void rf_array_set_slow(RfArray *a, size_t i, RfValue v);
static inline void rf_array_push(RfArray *a, RfValue v)
{
    uint32_t i = a->len;
    if (__builtin_expect(i < a->cap, 1)) {
        switch (rf_array_kind(a)) {
        case RF_ELEM_INT:
            if (v.tag == RF_TAG_INT) {
                a->as.ints[i] = v.as.i;
                a->len = i + 1;
                return;
            }
            break;
        case RF_ELEM_FLOAT:
            if (v.tag == RF_TAG_FLOAT) {
                a->as.floats[i] = v.as.f;
                a->len = i + 1;
                return;
            }
            break;
        case RF_ELEM_BOOL:
            if (v.tag == RF_TAG_BOOL) {
                a->as.bools[i] = (uint8_t)v.as.i;
                a->len = i + 1;
                return;
            }
            break;
        default:
            a->as.values[i] = v;
            a->len = i + 1;
            return;
        }
    }
    rf_array_push_slow(a, v);
}
static inline void rf_array_set(RfArray *a, size_t i, RfValue v)
{
    RfElemKind kind = rf_array_kind(a);
    if (kind == RF_ELEM_INT && v.tag == RF_TAG_INT) {
        a->as.ints[i] = v.as.i;
    } else if (kind == RF_ELEM_FLOAT && v.tag == RF_TAG_FLOAT) {
        a->as.floats[i] = v.as.f;
    } else if (kind == RF_ELEM_ANY) {
        rf_assign(&a->as.values[i], v);
    } else {
        rf_array_set_slow(a, i, v);
    }
}
void rf_array_insert(RfArray *a, size_t i, RfValue v);
RfValue rf_array_remove(RfArray *a, size_t i); /* returns the element (new reference) */
void rf_array_truncate(RfArray *a, size_t len);
void rf_array_reserve(RfArray *a, size_t cap);
void rf_array_append(RfArray *a, const RfArray *other); /* borrows other, which may be `a` */
void rf_array_widen(RfArray *a, RfElemKind kind);       /* to ANY, or from empty to anything; else nothing happens */
/* Elements [start, end) as a new array. Borrows. */
RfArray *rf_array_slice(const RfArray *a, size_t start, size_t end);
/* Elements [start, end); takes `a` and works in place when it is unique. */
RfArray *rf_array_slice_take(RfArray *a, size_t start, size_t end);
/* Ints start, start+step, ... below (above for step < 0) stop; step is not 0. Caller checks the size. */
RfArray *rf_array_range(int64_t start, int64_t stop, int64_t step);

#endif

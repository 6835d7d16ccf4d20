/* Shapes: which field of a struct lies where. The shapes of a type form a tree; an edge adds one field, so values that
 * got the same fields in the same order share a shape. Shapes never change and live as long as their type. */
#include "base/mem.h"
#include "runtime/object.h"
#include "runtime/runtime.h"
#include "runtime/struct.h"

/* Up to this many fields are searched one by one. */
#define LINEAR_MAX 8u

static RfShape *shape_new(RfStructType *type, uint32_t nfields)
{
    RfShape *s = rf_mem_zalloc(sizeof *s);
    s->type = type;
    s->nfields = nfields;
    if (nfields > 0) {
        s->names = rf_mem_alloc(nfields * sizeof *s->names);
        s->sorted = rf_mem_alloc(nfields * sizeof *s->sorted);
    }
    return s;
}

RfShape *rf_shape_new_root(RfStructType *type)
{
    return shape_new(type, 0);
}

/* The fields of `parent` in order of names, with field number `n` put in its place. */
static void insert_sorted(RfShape *s, const RfShape *parent, uint32_t n)
{
    uint32_t to = 0;
    bool placed = false;
    for (uint32_t i = 0; i < parent->nfields; i++) {
        uint32_t field = parent->sorted[i];
        if (!placed && rf_string_compare(s->names[n], s->names[field]) < 0) {
            s->sorted[to++] = n;
            placed = true;
        }
        s->sorted[to++] = field;
    }
    if (!placed) {
        s->sorted[to] = n;
    }
}

RfShape *rf_shape_add(RfRuntime *rt, RfShape *shape, RfString *name)
{
    (void)rt;
    RfShape *child = NULL;
    HASH_FIND_PTR(shape->transitions, &name, child);
    if (child) {
        return child;
    }
    child = shape_new(shape->type, shape->nfields + 1);
    if (shape->nfields > 0) {
        memcpy(child->names, shape->names, shape->nfields * sizeof *child->names);
    }
    child->names[shape->nfields] = name;
    insert_sorted(child, shape, shape->nfields);
    child->added = name;
    HASH_ADD_PTR(shape->transitions, added, child);
    return child;
}

static uint32_t hash_pointer(const void *p)
{
    return (uint32_t)(((uintptr_t)p * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

static void build_index(RfShape *s)
{
    uint32_t size = 32;
    while (size < 2 * s->nfields) {
        size *= 2;
    }
    s->index = rf_mem_zalloc(size * sizeof *s->index);
    s->index_mask = size - 1;
    for (uint32_t i = 0; i < s->nfields; i++) {
        uint32_t slot = hash_pointer(s->names[i]) & s->index_mask;
        while (s->index[slot]) {
            slot = (slot + 1) & s->index_mask;
        }
        s->index[slot] = i + 1;
    }
}

int rf_shape_find(const RfShape *shape, const RfString *name)
{
    if (shape->nfields <= LINEAR_MAX) {
        for (uint32_t i = 0; i < shape->nfields; i++) {
            if (shape->names[i] == name) {
                return (int)i;
            }
        }
        return -1;
    }
    if (!shape->index) {
        build_index((RfShape *)shape); /* a cache: the shape means the same with and without */
    }
    uint32_t slot = hash_pointer(name) & shape->index_mask;
    for (uint32_t n; (n = shape->index[slot]) != 0; slot = (slot + 1) & shape->index_mask) {
        if (shape->names[n - 1] == name) {
            return (int)(n - 1);
        }
    }
    return -1;
}

static void shape_free(RfShape *s)
{
    rf_mem_free(s->names, s->nfields * sizeof *s->names);
    rf_mem_free(s->sorted, s->nfields * sizeof *s->sorted);
    if (s->index) {
        rf_mem_free(s->index, (s->index_mask + 1u) * sizeof *s->index);
    }
    rf_mem_free(s, sizeof *s);
}

void rf_shape_free_tree(RfShape *root)
{
    /* Shapes still to be freed are linked through `added`, which they need no more; chains of shapes may be long. */
    RfShape *pending = root;
    pending->added = NULL;
    while (pending) {
        RfShape *s = pending;
        pending = (RfShape *)(void *)s->added;
        RfShape *child;
        RfShape *next;
        HASH_ITER(hh, s->transitions, child, next)
        {
            HASH_DEL(s->transitions, child);
            child->added = (RfString *)(void *)pending;
            pending = child;
        }
        shape_free(s);
    }
}

/* A stack that begins on the C stack and moves to the heap when it grows: what the loops over nested values use in
 * place of recursion. The owner keeps `items` (== `first` until it has moved), a length and a capacity. Internal. */
#ifndef RF_RUNTIME_SPILL_H
#define RF_RUNTIME_SPILL_H

#include <string.h>

#include "base/mem.h"

/* Doubles a full stack of *cap items of `size` bytes; returns its new place. */
static inline void *rf_spill_grow(void *items, const void *first, size_t *cap, size_t size)
{
    size_t old = *cap * size;
    *cap *= 2;
    if (items != first) {
        return rf_mem_resize(items, old, 2 * old);
    }
    void *moved = rf_mem_alloc(2 * old);
    memcpy(moved, items, old);
    return moved;
}

static inline void rf_spill_free(void *items, const void *first, size_t cap, size_t size)
{
    if (items != first) {
        rf_mem_free(items, cap * size);
    }
}

#endif

/* The grid form of dicts with int keys (dict_form.h): whether keys are fit for it, and getting into it.
 *
 * Growing costs O(1) amortised. A new grid reaches a third further to the side where the key lay outside. So either
 * about as many keys are inserted before it must grow again, or the keys get fewer in relation to it, and after a few
 * times too few. Then the dict becomes a table, which is left for a grid only when it would have to grow.
 * Called by dict.c. */
#include "runtime/dict_form.h"

#define SPARSEST 2u                    /* places per key */
#define MAX_STRIDE ((uint64_t)1 << 31) /* the places that fit into 64 - shift bits must be enough for any grid */
#define MAX_PLACES ((uint64_t)1 << 31)

static uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The grid for the keys of d and one more. Returns its places, 0 when they would be too many. */
static size_t fit(const RfDict *d, int64_t key, RfDictGrid *grid)
{
    uint64_t most = ((uint64_t)d->len + 1) * SPARSEST, stride = 0, widest = UINT64_MAX;
    int64_t low = key, high = key;
    size_t pos = 0;
    for (RfDictItem item; rf_dict_next(d, &pos, &item);) {
        int64_t k = item.key.as.i;
        uint64_t distance = k < key ? (uint64_t)key - (uint64_t)k : (uint64_t)k - (uint64_t)key;
        if (distance == 0) {
            continue;
        }
        low = k < low ? k : low;
        high = k > high ? k : high;
        if (stride != 1 && (stride == 0 || distance % stride)) {
            stride = gcd(distance, stride);
            widest = stride < MAX_STRIDE ? most * stride : UINT64_MAX;
        }
        if ((uint64_t)high - (uint64_t)low >= widest) {
            return 0; /* for most keys that are no good this shows at once */
        }
    }
    if (stride == 0 || stride >= MAX_STRIDE) {
        return 0;
    }
    uint64_t range = ((uint64_t)high - (uint64_t)low) / stride + 1;
    uint64_t below = range / (key == low ? 3 : 16), above = range / (key == high ? 3 : 16);
    uint64_t below_limit = ((uint64_t)low - (uint64_t)INT64_MIN) / stride;
    uint64_t above_limit = ((uint64_t)INT64_MAX - (uint64_t)high) / stride;
    below = below < below_limit ? below : below_limit; /* places are in the order of their keys */
    above = above < above_limit ? above : above_limit;
    *grid = (RfDictGrid){.base = (int64_t)((uint64_t)low - below * stride),
                         .stride = stride,
                         .shift = (uint64_t)__builtin_ctzll(stride)};
    uint64_t odd = stride >> grid->shift, inverse = odd; /* right in 3 bits; each step doubles them */
    for (int bits = 3; bits < 64; bits *= 2) {
        inverse *= 2 - odd * inverse;
    }
    grid->inverse = inverse;
    range += below + above;
    return range <= MAX_PLACES ? range : 0;
}

bool rf_dict_grid_move(RfDict *d, int64_t key)
{
    RfDictGrid grid;
    size_t places = d->obj.flags & RF_DICT_NO_GRID ? 0 : fit(d, key, &grid);
    if (places == 0) {
        return false;
    }
    RfDict old = *d;
    d->obj.flags = RF_DICT_INTS | RF_DICT_GRID;
    d->obj.aux = 0;
    d->cap = (uint32_t)places;
    d->len = d->used = d->first = 0;
    RfDictGrid *block = rf_dict_block_alloc(d);
    *block = grid;
    d->values = (RfValue *)(void *)(block + 1);
    d->order = rf_mem_alloc(places * sizeof *d->order);
    size_t pos = 0;
    for (RfDictItem item; rf_dict_next(&old, &pos, &item);) {
        rf_dict_grid_put(d, (uint32_t)rf_dict_grid_place(d, item.key.as.i), *item.value);
    }
    rf_dict_free_tables(&old);
    return true;
}

/* The table form of dicts with int keys (dict_form.h): getting into it, from one size to another, and out of it and of
 * grids.
 *
 * Slots are in the order of the hashes, nearly; so a move reads the old table and writes the new one from start to
 * end. Only renumbering `order` goes to and fro, in a quarter of a table's memory or less.
 * Called by the other files of dicts. */
#include <sys/mman.h>

#include "runtime/dict_form.h"

#define NOWHERE UINT32_MAX
#define HUGE_PAGE ((size_t)2 << 20)
#define CROWDED 8u   /* average distance from home at which keys crowd; random ones have 1.5 at most */
#define PIECE 65536u /* slots moved between two returns of memory */

/* Gives back the huge pages that lie entirely between two addresses. It may fail; nothing depends on it. */
static void give_back(void *start, void *end)
{
    uintptr_t from = ((uintptr_t)start + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
    uintptr_t to = (uintptr_t)end & ~(HUGE_PAGE - 1);
    if (from < to) {
        madvise((void *)from, to - from, MADV_DONTNEED);
    }
}

/* Enters a key that is absent. Returns its slot and adds the length of the search to *searched. */
static inline uint32_t enter(const RfDict *d, const RfDictEntry *entry, uint64_t *searched)
{
    RfDictEntry *entries = d->entries;
    uint32_t place = rf_dict_table_home(d, entry->key.i);
    while (!rf_dict_is_hole(d, place)) { /* a table being filled has no tombstones */
        place = place + 1 == d->cap ? 0 : place + 1;
        ++*searched;
    }
    entries[place] = *entry;
    return place;
}

/* Writes the new places of entries into `order`, leaving out removed ones. `order` still has the old places, or
 * nothing when they are `first`, `first` + 1, ... */
static void renumber(RfDict *d, const uint32_t *moved_to, bool ordered)
{
    uint32_t *order = d->order, count = 0;
    for (uint32_t e = d->first, used = d->used; e < used; e++) {
        uint32_t place = moved_to[ordered ? order[e] : e];
        if (place != NOWHERE) {
            order[count++] = place;
        }
    }
    d->used = count;
    d->first = 0;
}

void rf_dict_table_move(RfDict *d, size_t slots)
{
    bool was_table = rf_dict_is_table(d);
    uint64_t searched = 0;
    RfDictEntry *old = d->entries;
    uint32_t old_cap = d->cap, n = was_table ? d->cap : d->used;
    size_t old_bytes = rf_dict_entries_bytes(d);
    size_t map_bytes = n * sizeof(uint32_t), order_bytes = rf_dict_table_room((uint32_t)slots) * sizeof(uint32_t);
    uint32_t *moved_to = rf_mem_alloc(map_bytes);
    d->obj.flags = (d->obj.flags & RF_DICT_NO_GRID) | RF_DICT_INTS | RF_DICT_TABLE;
    d->cap = (uint32_t)slots;
    d->entries = rf_dict_block_alloc(d);
    for (uint32_t start = 0, end; start < n; start = end) {
        end = n - start > PIECE ? start + PIECE : n;
        for (uint32_t i = start; i < end; i++) {
            moved_to[i] = old[i].value.tag == RF_TAG_UNDEF ? NOWHERE : enter(d, &old[i], &searched);
        }
        give_back(old, old + end); /* so that both tables never exist in full */
    }
    rf_mem_free(old, old_bytes);
    if (was_table) {
        renumber(d, moved_to, true);
        d->order = rf_mem_resize(d->order, rf_dict_table_room(old_cap) * sizeof(uint32_t), order_bytes);
    } else {
        d->order = rf_mem_alloc(order_bytes);
        renumber(d, moved_to, false);
    }
    rf_mem_free(moved_to, map_bytes);
    if (searched > (uint64_t)CROWDED * d->len && !(d->obj.aux & RF_INDEX_MIX)) {
        d->obj.aux |= RF_INDEX_MIX;
        rf_dict_table_move(d, slots);
    }
}

void rf_dict_table_uncrowd(RfDict *d)
{
    uint64_t searched = 0;
    uint32_t stride = d->used / RF_DICT_SAMPLE, seen = 0;
    for (uint32_t e = 0; e < d->used && seen < RF_DICT_SAMPLE; e += stride) {
        uint32_t place = d->order[e];
        if (!rf_dict_is_hole(d, place)) {
            uint32_t home = rf_dict_table_home(d, d->entries[place].key.i);
            searched += place - home + (place < home ? d->cap : 0);
            seen++;
        }
    }
    if (searched > (uint64_t)CROWDED * seen && !(d->obj.aux & RF_INDEX_MIX)) {
        d->obj.aux |= RF_INDEX_MIX;
        rf_dict_table_move(d, d->cap);
    }
}

void rf_dict_flatten(RfDict *d, size_t cap)
{
    RfDictEntry *entries = rf_mem_alloc(cap * sizeof *entries);
    uint32_t count = 0;
    size_t pos = 0;
    for (RfDictItem item; rf_dict_next(d, &pos, &item);) {
        entries[count++] = (RfDictEntry){{.i = item.key.as.i}, *item.value};
    }
    rf_dict_free_tables(d);
    d->obj.flags = (d->obj.flags & RF_DICT_NO_GRID) | RF_DICT_INTS;
    d->obj.aux = 0;
    d->index = NULL;
    d->entries = entries;
    d->cap = (uint32_t)cap;
    d->used = count;
    d->first = 0;
}

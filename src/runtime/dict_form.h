/* What the files that implement dicts share: the grid and the table form, and giving back the tables of any form.
 *
 * The grid form: `values` has a place for each of d->cap keys in even steps. Nothing is searched, so nothing can crowd,
 * and neighbouring keys are neighbours in memory. A dict becomes a grid when its int keys fill half of one, or more;
 * this is looked at whenever a table would be made or grow, and when a key lies outside the grid. A removed key leaves
 * a tombstone, as in a table. When it comes back its one place would have to stand in `order` twice: so the dict
 * becomes a table, and remains one.
 *
 * The table form: `entries` has d->cap slots (and a free one behind them), at most seven eighths of them in use. The
 * key's hash, as a fraction of 2^64, gives the slot where a search begins, so that d->cap need not be a power of two
 * and a table can grow by less than half; the search goes on slot by slot and ends at a free one. `order` has the
 * number of each slot in use, in insertion order. Removing a key makes its slot a tombstone (value UNDEF, payload
 * RF_DICT_TOMBSTONE), which is not used again before the table is moved: so order[i] never means another entry than it
 * did.
 *
 * The hash spreads keys in arithmetic progression more evenly than chance would, but for some strides they crowd. So
 * now and then an insertion that had to search far looks at some others; when far is the rule, the table is moved with
 * RF_INDEX_MIX set in obj.aux, which scrambles the key first. That remains: a larger table has the same crowds. Random
 * keys, which search far at times, are left as they are.
 * Called by the files that implement dicts. */
#ifndef RF_RUNTIME_DICT_FORM_H
#define RF_RUNTIME_DICT_FORM_H

#include "base/mem.h"
#include "runtime/dict.h"

#define RF_DICT_TOMBSTONE 1
#define RF_DICT_FAR 16u    /* slots searched until a table comes under suspicion, */
#define RF_DICT_SAMPLE 64u /* every so many insertions; and as many entries are then looked at */

static inline bool rf_dict_is_hole(const RfDict *d, uint32_t place)
{
    return rf_dict_value(d, place)->tag == RF_TAG_UNDEF;
}

static inline bool rf_dict_is_string_entry(const RfDict *d, uint32_t place)
{
    return d->is_string ? d->is_string[place] : (d->obj.flags & RF_DICT_STRINGS) != 0;
}

static inline bool rf_dict_is_table(const RfDict *d)
{
    return (d->obj.flags & RF_DICT_TABLE) != 0;
}

static inline bool rf_dict_is_grid(const RfDict *d)
{
    return (d->obj.flags & RF_DICT_GRID) != 0;
}

/* A grid or a table. */
static inline bool rf_dict_is_ordered(const RfDict *d)
{
    return (d->obj.flags & RF_DICT_ORDERED) != 0;
}

static inline bool rf_dict_is_indexed(const RfDict *d)
{
    return (d->obj.aux & RF_INDEX_BITS) != 0;
}

/* Entries, holes included, that a table of so many slots may have; also the length of its `order`. */
static inline uint32_t rf_dict_table_room(uint32_t slots)
{
    return slots - slots / 8;
}

/* Slots of a table that has room for so many entries. */
static inline size_t rf_dict_table_slots(size_t room)
{
    return room + room / 7 + 1;
}

/* The block of memory that `entries` or `values` lies in, and its size. */
static inline void *rf_dict_entries_block(const RfDict *d)
{
    return rf_dict_is_grid(d) ? (void *)rf_dict_grid(d) : d->entries;
}

static inline size_t rf_dict_entries_bytes(const RfDict *d)
{
    return rf_dict_is_grid(d) ? sizeof(RfDictGrid) + d->cap * sizeof *d->values
                              : ((size_t)d->cap + rf_dict_is_table(d)) * sizeof *d->entries;
}

/* Memory for the entries of a grid or a table, all free. */
static inline void *rf_dict_block_alloc(const RfDict *d)
{
    size_t bytes = rf_dict_entries_bytes(d);
    return rf_mem_use_huge_pages(rf_mem_zalloc(bytes), bytes);
}

/* Entries, holes included, that the dict may have before it must be rebuilt. */
static inline uint32_t rf_dict_room(const RfDict *d)
{
    return rf_dict_is_table(d) ? rf_dict_table_room(d->cap) : d->cap;
}

/* Moves all entries into a new table of so many slots, without tombstones. d has any form but a grid or an index, and
 * no string keys. */
void rf_dict_table_move(RfDict *d, size_t slots);
/* Moves the entries of a grid or a table into an array of `cap` >= d->len entries in insertion order. What the dict
 * becomes is then up to the caller. */
void rf_dict_flatten(RfDict *d, size_t cap);
/* Moves all entries into a new grid that has a place for `key`, too, if all of them fill half of it. d has any form but
 * an index, and no string keys. */
bool rf_dict_grid_move(RfDict *d, int64_t key);

/* Moves the table with RF_INDEX_MIX set when a sample of its entries shows that they crowd. */
void rf_dict_table_uncrowd(RfDict *d);

/* Puts a key that is known to be absent into the free slot that ended its search. The table has room. Takes value. */
static inline void rf_dict_table_put(RfDict *d, RfDictEntry *slot, uint32_t home, int64_t key, RfValue value)
{
    uint32_t place = (uint32_t)(slot - d->entries);
    uint32_t distance = place - home + (place < home ? d->cap : 0);
    *slot = (RfDictEntry){{.i = key}, value};
    d->order[d->used++] = place;
    d->len++;
    if (__builtin_expect(distance > RF_DICT_FAR && d->used % RF_DICT_SAMPLE == 0, 0)) {
        rf_dict_table_uncrowd(d);
    }
}

/* Puts the value of a key that was never there into its place. Takes value. */
static inline void rf_dict_grid_put(RfDict *d, uint32_t place, RfValue value)
{
    d->values[place] = value;
    d->order[d->used++] = place;
    d->len++;
}

/* Frees index or order, entries and is_string; the fields stay as they are. */
void rf_dict_free_tables(RfDict *d);

#endif

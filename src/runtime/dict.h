/* Insertion-ordered dicts. Keys are ints or strings; canonical decimal strings are stored as ints, so d[1] and d["1"]
 * are one entry. Entries are 24 bytes: the key's payload and the value. What kind of key it is follows from the dict:
 * all ints, all strings, or (rarely) mixed, with one byte per entry on the side.
 *
 * Five forms, each with its way to find an entry:
 *   dense  - the keys are n, n+1, n+2, ... in this order: the place of the entry is computed
 *   grid   - int keys in any order that fill, half at least, a range in even steps: the place is computed from the key,
 *            and so is the key from the place; only values are stored (dict_grid.c)
 *   small  - up to RF_DICT_SMALL entries: they are searched one by one
 *   table  - any other int keys: `entries` itself is the hash table, so that a look-up touches one place in memory
 *            (dict_form.h)
 *   index  - all that has string keys: open addressing; a slot holds the entry number and as much of the hash as still
 *            fits into 32 bits, so that a look-up touches one slot and, nearly always, only the right entry (index.h)
 * In a grid or a table `order` lists the places in insertion order; else entries lie in that order. Removing leaves a
 * hole (value.tag UNDEF) that is not used again before the dict is rebuilt. */
#ifndef RF_RUNTIME_DICT_H
#define RF_RUNTIME_DICT_H

#include "runtime/index.h"
#include "runtime/value.h"

#define RF_DICT_SMALL 8u

/* obj.flags */
#define RF_DICT_INTS 1u    /* there may be int keys */
#define RF_DICT_STRINGS 2u /* there may be string keys; with RF_DICT_INTS: mixed, `is_string` is not NULL */
#define RF_DICT_DENSE 4u   /* entries[i].key.i == entries[0].key.i + i for all i < used; no index */
#define RF_DICT_TABLE 8u   /* the table form; int keys only */
#define RF_DICT_GRID 16u   /* the grid form; int keys only */
#define RF_DICT_ORDERED (RF_DICT_TABLE | RF_DICT_GRID) /* there is an `order` */
#define RF_DICT_NO_GRID 32u /* not to become a grid: removed keys come back, which a grid has no place for */

typedef struct RfDictEntry {
    union {
        int64_t i;
        RfString *str; /* owned */
    } key;
    RfValue value; /* UNDEF: a hole; in a grid or a table with all bytes 0: free, see dict_form.h */
} RfDictEntry;

/* The keys that a grid has places for: base, base + stride, base + 2 * stride, ... */
typedef struct RfDictGrid {
    int64_t base;
    uint64_t stride;
    uint64_t inverse; /* of the odd part of stride, modulo 2^64 */
    uint64_t shift;   /* stride is its odd part << shift */
} RfDictGrid;

struct RfDict {
    RfObject obj;   /* obj.aux: form of the index (index.h); its RF_INDEX_BITS are 0 when there is none */
    uint32_t len;   /* live entries */
    uint32_t used;  /* entries in use, holes included */
    uint32_t cap;   /* room in entries; slots of a grid, or of a table without a last one that stays free */
    uint32_t first; /* no live entry before this one */
    union {
        uint32_t *index; /* see index.h; NULL when small or dense */
        uint32_t *order; /* of a grid or a table: place of the i-th entry, i < used */
    };
    union {
        RfDictEntry *entries;
        RfValue *values; /* of a grid, behind its RfDictGrid */
    };
    uint8_t *is_string; /* per entry: 1 for a string key; NULL unless mixed */
};

/* What walking a dict hands out. */
typedef struct RfDictItem {
    RfValue key;    /* INT or STRING, borrowed */
    RfValue *value; /* borrowed, valid until the dict changes; may be assigned when the dict is unique */
} RfDictItem;

RfDict *rf_dict_new(size_t cap); /* new reference */
RfDict *rf_dict_copy(const RfDict *d);
RfDict *rf_dict_unique(RfDict *d); /* takes d; see rf_array_unique */

/* Turns any value into a stored key (3.5): int, string (canonical decimal -> int), float and bool by text form.
 * Returns false for other kinds. Borrows v; *key is a new reference. */
bool rf_dict_make_key(RfValue v, RfValue *key);

/* Value under a key or NULL; borrowed pointer, valid until the dict changes. `key` must be normalised (make_key).
 * Borrows. */
RfValue *rf_dict_find(const RfDict *d, RfValue key);
RfValue *rf_dict_find_int_slow(const RfDict *d, int64_t key); /* small and indexed dicts */
static inline RfValue *rf_dict_find_int(const RfDict *d, int64_t key);
/* For string keys that are known not to be canonical ints (or call make_key first). */
RfValue *rf_dict_find_str(const RfDict *d, RfString *key);
/* Convenience: normalises a borrowed int/string key itself. */
RfValue *rf_dict_find_cstr(const RfDict *d, const char *key);

/* Changes in place (caller holds the only reference). Takes key (normalised) and value. */
void rf_dict_set(RfDict *d, RfValue key, RfValue value);
void rf_dict_set_int(RfDict *d, int64_t key, RfValue value);
void rf_dict_set_str(RfDict *d, RfString *key, RfValue value); /* borrows key, which is not a canonical int */
void rf_dict_set_cstr(RfDict *d, const char *key, RfValue value);
/* Removes; returns true and stores the value (new reference) when it was there. Borrows key (normalised). */
bool rf_dict_remove(RfDict *d, RfValue key, RfValue *value);
void rf_dict_clear(RfDict *d);
/* Makes room for `cap` entries without further growth. In place. */
void rf_dict_reserve(RfDict *d, size_t cap);

/* Where the e-th entry in insertion order lies in `entries`; e < used. */
static inline uint32_t rf_dict_place(const RfDict *d, size_t e)
{
    return d->obj.flags & RF_DICT_ORDERED ? d->order[e] : (uint32_t)e;
}

/* Value under the very string `key` if it is that of entry number e of a dict without int keys, else NULL; any e will do. For
 * accesses that find the same name in dicts of the same making again and again. Borrows. */
static inline RfValue *rf_dict_guess(const RfDict *d, uint32_t e, const RfString *key)
{
    if ((d->obj.flags & (RF_DICT_INTS | RF_DICT_STRINGS)) != RF_DICT_STRINGS || e >= d->used ||
        d->entries[e].key.str != key || d->entries[e].value.tag == RF_TAG_UNDEF) {
        return NULL;
    }
    return &d->entries[e].value;
}

/* The value at `place`. */
static inline RfValue *rf_dict_value(const RfDict *d, uint32_t place)
{
    return d->obj.flags & RF_DICT_GRID ? &d->values[place] : &d->entries[place].value;
}

static inline const RfDictGrid *rf_dict_grid(const RfDict *d)
{
    return (const RfDictGrid *)(const void *)d->values - 1;
}

/* Key of the entry at `place`, borrowed. Its value must not be a hole. */
static inline RfValue rf_dict_entry_key(const RfDict *d, uint32_t place)
{
    if (d->obj.flags & RF_DICT_GRID) {
        const RfDictGrid *grid = rf_dict_grid(d);
        return rf_int((int64_t)((uint64_t)grid->base + place * grid->stride));
    }
    bool is_string = d->is_string ? d->is_string[place] : (d->obj.flags & RF_DICT_STRINGS) != 0;
    return (RfValue){.tag = is_string ? RF_TAG_STRING : RF_TAG_INT, .as.i = d->entries[place].key.i};
}

/* Where a key's value lies in a grid; d->cap or more when it has no place there. Multiplying by the inverse
 * divides the multiples of an odd number, and rotating those of a power of two. No other key ends up where they do. */
static inline uint64_t rf_dict_grid_place(const RfDict *d, int64_t key)
{
    const RfDictGrid *grid = rf_dict_grid(d);
    uint64_t product = ((uint64_t)key - (uint64_t)grid->base) * grid->inverse;
    return product >> (grid->shift & 63) | product << (-grid->shift & 63);
}

/* Where the search for a key begins in a table of d->cap slots. */
static inline uint32_t rf_dict_table_home(const RfDict *d, int64_t key)
{
    return (uint32_t)((unsigned __int128)rf_index_product((uint64_t)key, d->obj.aux) * d->cap >> 64);
}

/* Looks a key up in a table. Returns its entry, or the free one that ends the search (value.tag UNDEF). */
static inline RfDictEntry *rf_dict_table_search(const RfDict *d, int64_t key, uint32_t home)
{
    RfDictEntry *entry = d->entries + home;
    while (entry->key.i != key || entry->value.tag == RF_TAG_UNDEF) {
        if (entry->value.tag == RF_TAG_UNDEF && entry->value.as.i == 0) {
            break;
        }
        if (++entry == d->entries + d->cap) {
            entry = d->entries;
        }
    }
    return entry;
}

/* The first slot of a search or, when it holds another key, the second. Which of the two is taken without a branch: a
 * wrong guess would have to wait for the memory access that most likely misses the cache, and so would all that comes
 * after it. The slot after the last one exists and is always free. */
static inline RfDictEntry *rf_dict_table_peek(const RfDict *d, int64_t key, uint32_t home)
{
    RfDictEntry *entry = d->entries + home;
    return entry + (entry->key.i != key);
}

static inline RfValue *rf_dict_find_int(const RfDict *d, int64_t key)
{
    RfDictEntry *entry;
    if (d->obj.flags & RF_DICT_ORDERED) { /* the others, mostly small, shall not be asked twice */
        if (d->obj.flags & RF_DICT_GRID) {
            uint64_t place = rf_dict_grid_place(d, key);
            return place < d->cap && d->values[place].tag != RF_TAG_UNDEF ? &d->values[place] : NULL;
        }
        uint32_t home = rf_dict_table_home(d, key);
        entry = rf_dict_table_peek(d, key, home);
        if (__builtin_expect(entry->key.i != key || entry->value.tag == RF_TAG_UNDEF, 0)) {
            entry = rf_dict_table_search(d, key, home);
        }
    } else if (d->obj.flags & RF_DICT_DENSE) {
        uint64_t e = (uint64_t)key - (uint64_t)d->entries[0].key.i;
        if (e >= d->used) {
            return NULL;
        }
        entry = &d->entries[e];
    } else {
        return rf_dict_find_int_slow(d, key);
    }
    return entry->value.tag != RF_TAG_UNDEF ? &entry->value : NULL;
}

/* Walks live entries in insertion order: start with *pos = 0; false at the end. The dict must not gain or lose
 * entries on the way (values may be assigned). */
static inline bool rf_dict_next(const RfDict *d, size_t *pos, RfDictItem *item)
{
    enum { AHEAD = 8 }; /* where there is an order, values lie anywhere: they are asked for in time */
    for (size_t e = *pos < d->first ? d->first : *pos; e < d->used; e++) {
        uint32_t place = rf_dict_place(d, e);
        if (d->obj.flags & RF_DICT_ORDERED) {
            __builtin_prefetch(rf_dict_value(d, d->order[e + AHEAD < d->used ? e + AHEAD : e]));
        }
        RfValue *value = rf_dict_value(d, place);
        if (value->tag != RF_TAG_UNDEF) {
            *item = (RfDictItem){rf_dict_entry_key(d, place), value};
            *pos = e + 1;
            return true;
        }
    }
    *pos = d->used;
    return false;
}
/* All d->len items in sorted order (3.5). The caller frees the array with rf_mem_free(items, len * sizeof *items). */
RfDictItem *rf_dict_sorted(const RfDict *d);
/* A stored key as the string a program sees. Borrows; new reference. */
RfString *rf_dict_key_string(RfValue key);

#endif

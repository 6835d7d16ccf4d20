/* Insertion-ordered dicts. Keys are ints or strings; canonical decimal strings are stored as ints, so d[1] and d["1"]
 * are one entry. Entries are 24 bytes: the key's payload and the value. What kind of key it is follows from the dict:
 * all ints, all strings, or (rarely) mixed, with one byte per entry on the side.
 *
 * Four forms, each with its way to find an entry:
 *   dense  - the keys are n, n+1, n+2, ... in this order: the place of the entry is computed
 *   small  - up to RF_DICT_SMALL entries: they are searched one by one
 *   table  - any other int keys: `entries` itself is the hash table, so that a look-up touches one place in memory;
 *            `order` lists the places in insertion order (dict_table.h)
 *   index  - all that has string keys: open addressing; a slot holds the entry number and as much of the hash as still
 *            fits into 32 bits, so that a look-up touches one slot and, nearly always, only the right entry (index.h)
 * Except in a table, entries lie in insertion order. Removing leaves a hole (value.tag UNDEF) that is not used again
 * before the dict is rebuilt. */
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

typedef struct RfDictEntry {
    union {
        int64_t i;
        RfString *str; /* owned */
    } key;
    RfValue value; /* UNDEF: a hole; in a table with all bytes 0: free, see dict_table.h */
} RfDictEntry;

struct RfDict {
    RfObject obj;   /* obj.aux: form of the index (index.h); its RF_INDEX_BITS are 0 when there is none */
    uint32_t len;   /* live entries */
    uint32_t used;  /* entries in use, holes included */
    uint32_t cap;   /* room in entries; slots of a table, without a last one that stays free */
    uint32_t first; /* no live entry before this one */
    union {
        uint32_t *index; /* see index.h; NULL when small or dense */
        uint32_t *order; /* of a table: place of the i-th entry, i < used */
    };
    RfDictEntry *entries;
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
    return d->obj.flags & RF_DICT_TABLE ? d->order[e] : (uint32_t)e;
}

/* Key of the entry at `place`, borrowed. Its value must not be a hole. */
static inline RfValue rf_dict_entry_key(const RfDict *d, uint32_t place)
{
    bool is_string = d->is_string ? d->is_string[place] : (d->obj.flags & RF_DICT_STRINGS) != 0;
    return (RfValue){.tag = is_string ? RF_TAG_STRING : RF_TAG_INT, .as.i = d->entries[place].key.i};
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
    if (d->obj.flags & RF_DICT_TABLE) {
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
    enum { AHEAD = 8 }; /* entries of a table lie anywhere: they are asked for in time */
    for (size_t e = *pos < d->first ? d->first : *pos; e < d->used; e++) {
        uint32_t place = (uint32_t)e;
        if (d->obj.flags & RF_DICT_TABLE) {
            place = d->order[e];
            __builtin_prefetch(&d->entries[d->order[e + AHEAD < d->used ? e + AHEAD : e]]);
        }
        if (d->entries[place].value.tag != RF_TAG_UNDEF) {
            *item = (RfDictItem){rf_dict_entry_key(d, place), &d->entries[place].value};
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

/* Insertion-ordered dicts. Keys are ints or strings; canonical decimal strings are stored as ints, so d[1] and d["1"]
 * are one entry. Entries are dense and 24 bytes: the key's payload and the value. What kind of key it is follows from
 * the dict: all ints, all strings, or (rarely) mixed, with one byte per entry on the side.
 *
 * Three ways to find an entry:
 *   dense  - the keys are n, n+1, n+2, ... in this order: the entry number is computed, there is no index table
 *   small  - up to RF_DICT_SMALL entries: they are searched one by one
 *   index  - open addressing; a slot holds the entry number and as much of the hash as still fits into 32 bits, so
 *            that a look-up touches one slot and, nearly always, only the right entry (index.h)
 * Removing leaves a hole (value.tag UNDEF) that is squeezed out when the table is rebuilt. */
#ifndef RF_RUNTIME_DICT_H
#define RF_RUNTIME_DICT_H

#include "runtime/value.h"

#define RF_DICT_SMALL 8u

/* obj.flags */
#define RF_DICT_INTS 1u    /* there may be int keys */
#define RF_DICT_STRINGS 2u /* there may be string keys; with RF_DICT_INTS: mixed, `is_string` is not NULL */
#define RF_DICT_DENSE 4u   /* entries[i].key.i == entries[0].key.i + i for all i < used; no index */

typedef struct RfDictEntry {
    union {
        int64_t i;
        RfString *str; /* owned */
    } key;
    RfValue value; /* UNDEF: a hole */
} RfDictEntry;

struct RfDict {
    RfObject obj;       /* obj.aux: form of the index (index.h); 0 = no index */
    uint32_t len;       /* live entries */
    uint32_t used;      /* entries in use, holes included */
    uint32_t cap;       /* room in entries */
    uint32_t first;     /* no live entry before this one */
    uint32_t *index;    /* see index.h; NULL when small or dense */
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
RfValue *rf_dict_find_int(const RfDict *d, int64_t key);
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

/* Key of entry e < used, borrowed. Its value must not be a hole. */
static inline RfValue rf_dict_entry_key(const RfDict *d, size_t e)
{
    bool is_string = d->is_string ? d->is_string[e] : (d->obj.flags & RF_DICT_STRINGS) != 0;
    return (RfValue){.tag = is_string ? RF_TAG_STRING : RF_TAG_INT, .as.i = d->entries[e].key.i};
}

/* Walks live entries in insertion order: start with *pos = 0; false at the end. The dict must not gain or lose
 * entries on the way (values may be assigned). */
static inline bool rf_dict_next(const RfDict *d, size_t *pos, RfDictItem *item)
{
    for (size_t e = *pos < d->first ? d->first : *pos; e < d->used; e++) {
        if (d->entries[e].value.tag != RF_TAG_UNDEF) {
            *item = (RfDictItem){rf_dict_entry_key(d, e), &d->entries[e].value};
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

/* Insertion-ordered dicts. Keys are ints or strings; canonical decimal strings are stored as ints, so d[1] and d["1"]
 * are one entry. Entries are dense; removed ones leave a hole that is squeezed out when the table is rebuilt. */
#ifndef RF_RUNTIME_DICT_H
#define RF_RUNTIME_DICT_H

#include "runtime/value.h"

typedef struct RfDictEntry {
    RfValue key;   /* INT or STRING; UNDEF for a removed entry */
    RfValue value;
} RfDictEntry;

struct RfDict {
    RfObject obj;
    uint32_t len;     /* live entries */
    uint32_t used;    /* entries in use, holes included */
    uint32_t cap;     /* room in entries */
    uint32_t mask;    /* index table size - 1, or 0 when there is no table (small dicts are searched) */
    uint32_t *index;  /* entry number + 1, 0 = free */
    RfDictEntry *entries;
};

RfDict *rf_dict_new(size_t cap); /* new reference */
RfDict *rf_dict_copy(const RfDict *d);
RfDict *rf_dict_unique(RfDict *d); /* takes d; see rf_array_unique */

/* Turns any value into a stored key (3.5): int, string (canonical decimal -> int), float and bool by text form.
 * Returns false for other kinds. *key is a new reference. */
bool rf_dict_make_key(RfValue v, RfValue *key);

/* Value under a key or NULL; borrowed pointer, valid until the dict changes. `key` must be normalised (make_key). Borrows. */
RfValue *rf_dict_find(const RfDict *d, RfValue key);
RfValue *rf_dict_find_int(const RfDict *d, int64_t key);
/* For string keys that are known not to be canonical ints (or call make_key first). */
RfValue *rf_dict_find_str(const RfDict *d, RfString *key);
/* Convenience: normalises a borrowed int/string key itself. */
RfValue *rf_dict_find_cstr(const RfDict *d, const char *key);

/* Changes in place (caller holds the only reference). Takes key (normalised) and value. */
void rf_dict_set(RfDict *d, RfValue key, RfValue value);
void rf_dict_set_int(RfDict *d, int64_t key, RfValue value);
void rf_dict_set_cstr(RfDict *d, const char *key, RfValue value);
/* Removes; returns true and stores the value (new reference) when it was there. Borrows key (normalised). */
bool rf_dict_remove(RfDict *d, RfValue key, RfValue *value);
void rf_dict_clear(RfDict *d);

/* Walks live entries in insertion order: start with *pos = 0; returns NULL at the end. Borrowed pointer. */
const RfDictEntry *rf_dict_next(const RfDict *d, size_t *pos);
/* Entries in sorted order (3.5): caller frees the array with rf_mem_free(array, len * sizeof *array). */
const RfDictEntry **rf_dict_sorted(const RfDict *d);
/* A stored key as the string a program sees. New reference. */
RfString *rf_dict_key_string(RfValue key);

#endif

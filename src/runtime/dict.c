/* Dicts: finding, inserting, removing, growing. The representation is described in dict.h.
 *
 * Invariants: used <= cap; entries [0, first) are holes; without an index and without RF_DICT_DENSE used <=
 * RF_DICT_SMALL and there are no holes; with an index each live entry has exactly one slot; string keys of an indexed
 * dict have their hash computed. Keys are normalised: a string key is never a canonical int (rf_dict_make_key in
 * dict_key.c). Removing costs O(1) amortised: whoever squeezes out holes has been paid for by the removals that made
 * them. */
#include "runtime/dict.h"

#include "base/mem.h"
#include "runtime/index.h"
#include "runtime/kinds.h"

#define NOWHERE UINT32_MAX
#define SPARSE_MIN 32u /* shorter dicts are not squeezed for having many holes */

static inline bool is_hole(const RfDictEntry *entry)
{
    return entry->value.tag == RF_TAG_UNDEF;
}

static inline bool is_string_entry(const RfDict *d, uint32_t e)
{
    return d->is_string ? d->is_string[e] : (d->obj.flags & RF_DICT_STRINGS) != 0;
}

/* What the index is asked for: an int key itself, the hash of a string key. */
static inline uint64_t hash_of_entry(const RfDict *d, uint32_t e)
{
    return is_string_entry(d, e) ? rf_string_hash(d->entries[e].key.str) : (uint64_t)d->entries[e].key.i;
}

/* ---- making and freeing ---- */

RfDict *rf_dict_new(size_t cap)
{
    RfDict *d = rf_mem_alloc(sizeof *d);
    *d = (RfDict){.obj = {.rc = 1, .tag = RF_TAG_DICT}};
    if (cap) {
        rf_dict_reserve(d, cap);
    }
    return d;
}

RfDict *rf_dict_copy(const RfDict *d)
{
    RfDict *copy = rf_mem_alloc(sizeof *copy);
    *copy = *d;
    copy->obj.rc = 1;
    if (d->entries) {
        copy->entries = rf_mem_alloc(d->cap * sizeof *d->entries);
        memcpy(copy->entries, d->entries, d->used * sizeof *d->entries);
    }
    if (d->index) {
        copy->index = rf_mem_alloc(rf_index_bytes(d->obj.aux));
        memcpy(copy->index, d->index, rf_index_bytes(d->obj.aux));
    }
    if (d->is_string) {
        copy->is_string = rf_mem_alloc(d->cap);
        memcpy(copy->is_string, d->is_string, d->used);
    }
    for (uint32_t e = d->first; e < d->used; e++) {
        if (!is_hole(&d->entries[e])) {
            rf_retain(d->entries[e].value);
            if (is_string_entry(d, e)) {
                rf_object_retain(d->entries[e].key.str);
            }
        }
    }
    return copy;
}

RfDict *rf_dict_unique(RfDict *d)
{
    if (rf_is_unique(d)) {
        return d;
    }
    RfDict *copy = rf_dict_copy(d);
    rf_object_release(d);
    return copy;
}

static void free_tables(RfDict *d)
{
    if (d->index) {
        rf_mem_free(d->index, rf_index_bytes(d->obj.aux));
    }
    rf_mem_free(d->is_string, d->is_string ? d->cap : 0);
    rf_mem_free(d->entries, d->cap * sizeof *d->entries);
}

void rf_dict_free(RfObject *obj, RfWorklist *work)
{
    RfDict *d = (RfDict *)obj;
    bool strings = (d->obj.flags & RF_DICT_STRINGS) != 0;
    for (uint32_t e = d->first; e < d->used; e++) {
        RfDictEntry *entry = &d->entries[e];
        if (is_hole(entry)) {
            continue;
        }
        if (rf_is_heap(entry->value)) {
            rf_worklist_release(work, entry->value);
        }
        if (strings && is_string_entry(d, e)) {
            rf_object_release(entry->key.str);
        }
    }
    free_tables(d);
    rf_mem_free(d, sizeof *d);
}

void rf_dict_trace(RfObject *obj, RfVisit *visit, void *context)
{
    RfDict *d = (RfDict *)obj;
    for (uint32_t e = d->first; e < d->used; e++) { /* keys are leaves */
        if (!is_hole(&d->entries[e])) {
            visit(context, d->entries[e].value);
        }
    }
}

/* ---- finding: each returns the entry's number or NOWHERE ---- */

static inline uint32_t locate_int(const RfDict *d, int64_t key)
{
    const uint32_t *index = d->index;
    if (index) {
        RfProbe p = rf_index_probe((uint64_t)key, d->obj.aux);
        for (uint32_t e, content; (content = index[p.slot]) != RF_INDEX_FREE; rf_index_step(&p)) {
            if (rf_index_match(&p, content, &e) && d->entries[e].key.i == key && !is_string_entry(d, e)) {
                return e;
            }
        }
        return NOWHERE;
    }
    if (d->obj.flags & RF_DICT_DENSE) {
        uint64_t e = (uint64_t)key - (uint64_t)d->entries[0].key.i;
        return e < d->used && !is_hole(&d->entries[e]) ? (uint32_t)e : NOWHERE;
    }
    if (d->obj.flags & RF_DICT_INTS) {
        for (uint32_t e = 0; e < d->used; e++) {
            if (d->entries[e].key.i == key && !is_string_entry(d, e)) {
                return e;
            }
        }
    }
    return NOWHERE;
}

static inline bool same_text(const RfString *s, const char *bytes, size_t len, uint32_t hash)
{
    return s->len == len && (s->hash == hash || !s->hash || !hash) && memcmp(s->data, bytes, len) == 0;
}

/* `hash` may be 0 (unknown) when there is no index. `key` is the string the text belongs to, or NULL. */
static uint32_t locate_text(const RfDict *d, const RfString *key, const char *bytes, size_t len, uint32_t hash)
{
    if (!(d->obj.flags & RF_DICT_STRINGS)) {
        return NOWHERE;
    }
    if (d->index) {
        RfProbe p = rf_index_probe(hash, d->obj.aux);
        for (uint32_t e, content; (content = d->index[p.slot]) != RF_INDEX_FREE; rf_index_step(&p)) {
            if (rf_index_match(&p, content, &e) && is_string_entry(d, e)) {
                const RfString *s = d->entries[e].key.str;
                if (s == key || same_text(s, bytes, len, hash)) {
                    return e;
                }
            }
        }
        return NOWHERE;
    }
    for (uint32_t e = 0; e < d->used; e++) { /* constants in the source are interned: mostly this finds them */
        if (d->entries[e].key.str == key && is_string_entry(d, e)) {
            return e;
        }
    }
    for (uint32_t e = 0; e < d->used; e++) {
        if (is_string_entry(d, e) && same_text(d->entries[e].key.str, bytes, len, hash)) {
            return e;
        }
    }
    return NOWHERE;
}

static inline uint32_t locate_str(const RfDict *d, RfString *key)
{
    return locate_text(d, key, key->data, key->len, d->index ? rf_string_hash(key) : key->hash);
}

static inline uint32_t locate(const RfDict *d, RfValue key)
{
    return key.tag == RF_TAG_INT ? locate_int(d, key.as.i) : locate_str(d, key.as.str);
}

static inline RfValue *value_at(const RfDict *d, uint32_t e)
{
    return e == NOWHERE ? NULL : &d->entries[e].value;
}

RfValue *rf_dict_find_int(const RfDict *d, int64_t key)
{
    return value_at(d, locate_int(d, key));
}

RfValue *rf_dict_find_str(const RfDict *d, RfString *key)
{
    return value_at(d, locate_str(d, key));
}

RfValue *rf_dict_find(const RfDict *d, RfValue key)
{
    return value_at(d, locate(d, key));
}

RfValue *rf_dict_find_cstr(const RfDict *d, const char *key)
{
    size_t len = strlen(key);
    int64_t i;
    if (rf_string_text_is_int(key, len, &i)) {
        return rf_dict_find_int(d, i);
    }
    return value_at(d, locate_text(d, NULL, key, len, rf_hash_bytes(key, len)));
}

/* ---- growing and squeezing ---- */

/* Enters all live entries into an empty index. False when they crowd. */
static bool fill_index(const RfDict *d)
{
    uint32_t *index = d->index; /* kept out of memory: these loops are most of the cost of growing */
    const RfDictEntry *entries = d->entries;
    unsigned form = d->obj.aux;
    bool crowded = false;
    if (d->obj.flags == RF_DICT_INTS && d->len == d->used) {
        for (uint32_t e = 0, used = d->used; e < used && !crowded; e++) {
            crowded = rf_index_add(index, form, (uint64_t)entries[e].key.i, e);
        }
    } else {
        for (uint32_t e = d->first; e < d->used && !crowded; e++) {
            if (!is_hole(&entries[e])) {
                crowded = rf_index_add(index, form, hash_of_entry(d, e), e);
            }
        }
    }
    return !crowded;
}

/* Builds the index again, in the form that never crowds. */
static __attribute__((noinline)) void uncrowd(RfDict *d)
{
    memset(d->index, 0, rf_index_bytes(d->obj.aux));
    d->obj.aux |= RF_INDEX_MIX;
    fill_index(d);
}

static void build_index(RfDict *d)
{
    d->index = rf_index_renew(d->index, &d->obj.aux, d->cap);
    if (!fill_index(d)) {
        uncrowd(d);
    }
}

/* Moves live entries together, at the front. The caller rebuilds the index. */
static void squeeze(RfDict *d)
{
    if (d->len == d->used) {
        return;
    }
    if (d->len != d->used - d->first) {
        d->obj.flags &= (uint8_t)~RF_DICT_DENSE; /* a hole in the middle closes up: numbers and keys part */
    }
    uint32_t to = 0;
    for (uint32_t e = d->first; e < d->used; e++) {
        if (!is_hole(&d->entries[e])) {
            d->entries[to] = d->entries[e];
            if (d->is_string) {
                d->is_string[to] = d->is_string[e];
            }
            to++;
        }
    }
    d->used = to;
    d->first = 0;
}

/* Squeezes, gives the tables room for exactly `cap` >= len entries and the index, if there must be one, the size for
 * that. */
static void rebuild(RfDict *d, size_t cap)
{
    squeeze(d);
    if (cap != d->cap) {
        d->entries = rf_mem_resize(d->entries, d->cap * sizeof *d->entries, cap * sizeof *d->entries);
        if (d->is_string) {
            d->is_string = rf_mem_resize(d->is_string, d->cap, cap);
        }
        d->cap = (uint32_t)cap;
    }
    if (d->used > RF_DICT_SMALL && !(d->obj.flags & RF_DICT_DENSE)) {
        build_index(d);
    } else if (d->index) {
        rf_mem_free(d->index, rf_index_bytes(d->obj.aux));
        d->index = NULL;
        d->obj.aux = 0;
    }
}

/* The capacity to choose for at least `n` entries: all that an index of its size may have. */
static size_t capacity_for(size_t n)
{
    if (n <= RF_DICT_SMALL) {
        return n <= RF_DICT_SMALL / 2 ? RF_DICT_SMALL / 2 : RF_DICT_SMALL;
    }
    return rf_index_room(rf_index_bits(n));
}

void rf_dict_reserve(RfDict *d, size_t cap)
{
    if (cap > d->cap) {
        rebuild(d, capacity_for(cap));
    }
}

static __attribute__((noinline)) void make_room(RfDict *d)
{
    /* When a quarter of the entries are holes, squeezing is enough: next time is cap / 4 insertions away or more. */
    bool roomy = d->used - d->len > d->cap / 4;
    rebuild(d, roomy ? d->cap : capacity_for(d->cap + d->cap / 2 + 1));
}

/* ---- inserting ---- */

/* Brings the flags and side tables into the state that allows a key of this type as the next entry. */
static void admit(RfDict *d, bool is_string, int64_t key)
{
    uint8_t type = is_string ? RF_DICT_STRINGS : RF_DICT_INTS;
    if (d->used == 0) {
        d->obj.flags = is_string ? type : (uint8_t)(type | RF_DICT_DENSE);
        return;
    }
    if (!(d->obj.flags & type)) {
        d->is_string = rf_mem_alloc(d->cap);
        memset(d->is_string, !is_string, d->used);
        d->obj.flags |= type;
    }
    if ((d->obj.flags & RF_DICT_DENSE) && (is_string || (uint64_t)key != (uint64_t)d->entries[0].key.i + d->used)) {
        d->obj.flags &= (uint8_t)~RF_DICT_DENSE;
        if (d->used <= RF_DICT_SMALL) {
            squeeze(d); /* small dicts that are not dense have no holes */
        }
    }
}

/* Adds an entry whose key is known to be absent. */
static void add(RfDict *d, RfDictEntry entry, bool is_string)
{
    if (d->used == d->cap) {
        make_room(d);
    }
    admit(d, is_string, entry.key.i);
    if (!d->index && !(d->obj.flags & RF_DICT_DENSE) && d->used >= RF_DICT_SMALL) {
        build_index(d);
    }
    uint32_t e = d->used++;
    d->len++;
    d->entries[e] = entry;
    if (d->is_string) {
        d->is_string[e] = is_string;
    }
    if (d->index && rf_index_add(d->index, d->obj.aux, hash_of_entry(d, e), e)) {
        uncrowd(d);
    }
}

void rf_dict_set_int(RfDict *d, int64_t key, RfValue value)
{
    /* The common case in one go: the free slot that ends the search takes the new entry. */
    if (d->index) {
        RfProbe p = rf_index_probe((uint64_t)key, d->obj.aux);
        for (uint32_t e, content; (content = d->index[p.slot]) != RF_INDEX_FREE; rf_index_step(&p)) {
            if (rf_index_match(&p, content, &e) && d->entries[e].key.i == key && !is_string_entry(d, e)) {
                rf_assign(&d->entries[e].value, value);
                return;
            }
        }
        if (d->used < d->cap && (d->obj.flags & (RF_DICT_INTS | RF_DICT_STRINGS)) == RF_DICT_INTS) {
            d->index[p.slot] = rf_index_content(&p, d->used);
            d->entries[d->used] = (RfDictEntry){{.i = key}, value};
            d->used++;
            d->len++;
            if (rf_index_crowded(&p, d->obj.aux)) {
                uncrowd(d);
            }
            return;
        }
    } else {
        uint32_t e = locate_int(d, key);
        if (e != NOWHERE) {
            rf_assign(&d->entries[e].value, value);
            return;
        }
    }
    add(d, (RfDictEntry){{.i = key}, value}, false);
}

void rf_dict_set_str(RfDict *d, RfString *key, RfValue value)
{
    uint32_t e = locate_str(d, key);
    if (e != NOWHERE) {
        rf_assign(&d->entries[e].value, value);
        return;
    }
    rf_object_retain(key);
    add(d, (RfDictEntry){{.str = key}, value}, true);
}

void rf_dict_set(RfDict *d, RfValue key, RfValue value)
{
    if (key.tag == RF_TAG_INT) {
        rf_dict_set_int(d, key.as.i, value);
    } else {
        rf_dict_set_str(d, key.as.str, value);
        rf_object_release(key.as.str);
    }
}

void rf_dict_set_cstr(RfDict *d, const char *key, RfValue value)
{
    size_t len = strlen(key);
    int64_t i;
    if (rf_string_text_is_int(key, len, &i)) {
        rf_dict_set_int(d, i, value);
        return;
    }
    RfString *s = rf_string_new(key, len);
    rf_dict_set_str(d, s, value);
    rf_object_release(s);
}

/* ---- removing ---- */

/* The last entry has gone. A large index is given up rather than cleared, so that a dict that is filled and emptied
 * again and again pays for what it held only. */
static void reset(RfDict *d)
{
    if (d->index) {
        free_tables(d);
        d->entries = NULL;
        d->cap = 0;
    } else {
        rf_mem_free(d->is_string, d->is_string ? d->cap : 0);
    }
    d->index = NULL;
    d->is_string = NULL;
    d->obj.aux = 0;
    d->obj.flags = 0;
    d->len = d->used = d->first = 0;
}

/* Takes entry e out of the tables. Its key and value have been dealt with. */
static void drop_entry(RfDict *d, uint32_t e, uint64_t hash)
{
    if (--d->len == 0) {
        reset(d);
        return;
    }
    if (!d->index && !(d->obj.flags & RF_DICT_DENSE)) { /* small: close the gap */
        memmove(d->entries + e, d->entries + e + 1, (d->used - e - 1) * sizeof *d->entries);
        if (d->is_string) {
            memmove(d->is_string + e, d->is_string + e + 1, d->used - e - 1);
        }
        d->used--;
        return;
    }
    if (d->index) {
        rf_index_remove(d->index, d->obj.aux, hash, e);
    }
    d->entries[e].value = rf_undef();
    while (is_hole(&d->entries[d->first])) {
        d->first++;
    }
    if (!d->index) { /* dense: a hole at the end may be filled by the next key again */
        while (is_hole(&d->entries[d->used - 1])) {
            d->used--;
        }
        if (d->used <= RF_DICT_SMALL && d->len != d->used - d->first) {
            squeeze(d); /* small again, and no longer dense */
        }
    }
    if (d->used - d->first > SPARSE_MIN && d->len < (d->used - d->first) / 4) {
        rebuild(d, capacity_for(d->len * 2)); /* walking the entries must not cost more than there are */
    }
}

bool rf_dict_remove(RfDict *d, RfValue key, RfValue *value)
{
    uint32_t e = locate(d, key);
    if (e == NOWHERE) {
        return false;
    }
    uint64_t hash = d->index ? hash_of_entry(d, e) : 0;
    RfString *owned_key = is_string_entry(d, e) ? d->entries[e].key.str : NULL;
    *value = d->entries[e].value;
    drop_entry(d, e, hash);
    if (owned_key) {
        rf_object_release(owned_key);
    }
    return true;
}

void rf_dict_clear(RfDict *d)
{
    RfDict old = *d;
    *d = (RfDict){.obj = {.rc = d->obj.rc, .tag = RF_TAG_DICT}};
    for (uint32_t e = old.first; e < old.used; e++) {
        if (!is_hole(&old.entries[e])) {
            rf_release(old.entries[e].value);
            if (is_string_entry(&old, e)) {
                rf_object_release(old.entries[e].key.str);
            }
        }
    }
    free_tables(&old);
}

/* Dicts: finding, inserting, removing, growing. The forms are described in dict.h; making, copying and freeing whole
 * dicts is in dict_life.c, the inside of tables in dict_table.c, of grids in dict_grid.c.
 *
 * Invariants: used <= room; the first `first` entries are holes; a dict that is neither dense nor a grid nor a table
 * nor indexed has used <= RF_DICT_SMALL and no holes; a grid or a table has no string keys, an index some (or had some
 * since the dict was last empty); each live entry of an index has exactly one slot; string keys of an indexed dict
 * have their hash computed. Keys are normalised: a string key is never a canonical int (rf_dict_make_key in
 * dict_key.c). Removing costs O(1) amortised: whoever squeezes out holes has been paid for by the removals that made
 * them. */
#include "runtime/dict.h"

#include "base/mem.h"
#include "runtime/dict_form.h"
#include "runtime/kinds.h"

#define NOWHERE UINT32_MAX
#define SPARSE_MIN 32u /* shorter dicts are not squeezed for having many holes */
#define SPARSE_CAP 16u /* share of the capacity that must be live */

/* What the index is asked for: an int key itself, the hash of a string key. */
static inline uint64_t hash_of_entry(const RfDict *d, uint32_t e)
{
    return rf_dict_is_string_entry(d, e) ? rf_string_hash(d->entries[e].key.str) : (uint64_t)d->entries[e].key.i;
}

/* ---- finding ---- */

RfValue *rf_dict_find_int_slow(const RfDict *d, int64_t key)
{
    if (!(d->obj.flags & RF_DICT_INTS)) {
        return NULL;
    }
    if (rf_dict_is_indexed(d)) {
        RfProbe p = rf_index_probe((uint64_t)key, d->obj.aux);
        for (uint32_t e, content; (content = d->index[p.slot]) != RF_INDEX_FREE; rf_index_step(&p)) {
            if (rf_index_match(&p, content, &e) && d->entries[e].key.i == key && !rf_dict_is_string_entry(d, e)) {
                return &d->entries[e].value;
            }
        }
        return NULL;
    }
    for (uint32_t e = 0; e < d->used; e++) {
        if (d->entries[e].key.i == key && !rf_dict_is_string_entry(d, e)) {
            return &d->entries[e].value;
        }
    }
    return NULL;
}

static inline bool same_text(const RfString *s, const char *bytes, size_t len, uint32_t hash)
{
    return s->len == len && (s->hash == hash || !s->hash || !hash) && memcmp(s->data, bytes, len) == 0;
}

/* Returns the entry's number or NOWHERE. `hash` may be 0 (unknown) when there is no index. `key` is the string the text belongs to, or NULL. */
static uint32_t locate_text(const RfDict *d, const RfString *key, const char *bytes, size_t len, uint32_t hash)
{
    if (!(d->obj.flags & RF_DICT_STRINGS)) {
        return NOWHERE;
    }
    if (rf_dict_is_indexed(d)) {
        RfProbe p = rf_index_probe(hash, d->obj.aux);
        for (uint32_t e, content; (content = d->index[p.slot]) != RF_INDEX_FREE; rf_index_step(&p)) {
            if (rf_index_match(&p, content, &e) && rf_dict_is_string_entry(d, e)) {
                const RfString *s = d->entries[e].key.str;
                if (s == key || same_text(s, bytes, len, hash)) {
                    return e;
                }
            }
        }
        return NOWHERE;
    }
    for (uint32_t e = 0; e < d->used; e++) { /* constants in the source are interned: mostly this finds them */
        if (d->entries[e].key.str == key && rf_dict_is_string_entry(d, e)) {
            return e;
        }
    }
    for (uint32_t e = 0; e < d->used; e++) {
        if (rf_dict_is_string_entry(d, e) && same_text(d->entries[e].key.str, bytes, len, hash)) {
            return e;
        }
    }
    return NOWHERE;
}

static inline uint32_t locate_str(const RfDict *d, RfString *key)
{
    return locate_text(d, key, key->data, key->len, rf_dict_is_indexed(d) ? rf_string_hash(key) : key->hash);
}

static inline RfValue *value_at(const RfDict *d, uint32_t e)
{
    return e == NOWHERE ? NULL : &d->entries[e].value;
}

RfValue *rf_dict_find_str(const RfDict *d, RfString *key)
{
    return value_at(d, locate_str(d, key));
}

RfValue *rf_dict_find(const RfDict *d, RfValue key)
{
    return key.tag == RF_TAG_INT ? rf_dict_find_int(d, key.as.i) : rf_dict_find_str(d, key.as.str);
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
    for (uint32_t e = d->first; e < d->used && !crowded; e++) {
        if (entries[e].value.tag != RF_TAG_UNDEF) {
            crowded = rf_index_add(index, form, hash_of_entry(d, e), e);
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
        if (!rf_dict_is_hole(d, e)) {
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

/* Makes a dict of int keys, not indexed, a grid, or else a table of so many slots. `key` is there or comes next. */
static void build_grid_or_table(RfDict *d, int64_t key, size_t slots)
{
    if (rf_dict_grid_move(d, key)) {
        return;
    }
    if (rf_dict_is_grid(d)) {
        rf_dict_flatten(d, d->len);
    }
    rf_dict_table_move(d, slots);
}

/* Gives a dict that has got too many entries to be searched one by one its grid, table or index. */
static void build_search(RfDict *d, int64_t key)
{
    if (d->obj.flags & RF_DICT_STRINGS) {
        build_index(d);
    } else {
        build_grid_or_table(d, key, rf_dict_table_slots(d->cap));
    }
}

/* Squeezes, gives the tables room for `cap` >= len entries and the index, if there must be one, the size for that. A
 * dict of int keys may become a grid with a place for `key` instead. */
static void rebuild(RfDict *d, size_t cap, int64_t key)
{
    if (rf_dict_is_ordered(d)) {
        if (cap > RF_DICT_SMALL) {
            build_grid_or_table(d, key, rf_dict_table_slots(cap));
        } else {
            rf_dict_flatten(d, cap);
        }
        return;
    }
    squeeze(d);
    if (cap != d->cap) {
        d->entries = rf_mem_resize(d->entries, d->cap * sizeof *d->entries, cap * sizeof *d->entries);
        if (d->is_string) {
            d->is_string = rf_mem_resize(d->is_string, d->cap, cap);
        }
        d->cap = (uint32_t)cap;
    }
    if (d->used > RF_DICT_SMALL && !(d->obj.flags & RF_DICT_DENSE)) {
        build_search(d, key);
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

/* Any key that is there, to be the one that a dict of int keys makes room for. */
static int64_t first_key(const RfDict *d)
{
    return d->used ? rf_dict_entry_key(d, rf_dict_place(d, d->first)).as.i : 0;
}

void rf_dict_reserve(RfDict *d, size_t cap)
{
    if (cap > rf_dict_room(d) && !rf_dict_is_grid(d)) { /* where the next keys of a grid will lie is not known */
        rebuild(d, rf_dict_is_table(d) ? cap : capacity_for(cap), first_key(d));
    }
}

/* For a key that is about to be added. */
static __attribute__((noinline)) void make_room(RfDict *d, int64_t key)
{
    if (rf_dict_is_grid(d)) {
        if (rf_dict_grid_place(d, key) < d->cap) { /* there is a tombstone in its place */
            d->obj.flags |= RF_DICT_NO_GRID;
        }
        rebuild(d, d->len < RF_DICT_SMALL ? capacity_for(d->len + 1) : (size_t)d->len + d->len / 4 + 1, key);
        return;
    }
    /* When a quarter of the entries are holes, squeezing is enough: next time is room / 4 insertions away or more. */
    uint32_t room = rf_dict_room(d);
    bool roomy = d->used - d->len > room / 4;
    if (rf_dict_is_table(d)) {
        build_grid_or_table(d, key, roomy ? d->cap : (size_t)d->cap + d->cap / 3);
    } else {
        rebuild(d, roomy ? room : capacity_for(room + room / 4 + 1), key);
    }
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
static __attribute__((noinline)) void add(RfDict *d, RfDictEntry entry, bool is_string)
{
    if (is_string && rf_dict_is_ordered(d)) {
        rf_dict_flatten(d, capacity_for((size_t)d->len + 1));
    }
    if (!rf_dict_is_ordered(d)) {
        admit(d, is_string, entry.key.i); /* first: a dict that is to hold a string must not be built as a table */
    }
    if (rf_dict_is_grid(d) || d->used == rf_dict_room(d)) {
        make_room(d, entry.key.i);
    }
    if (!d->index && !(d->obj.flags & RF_DICT_DENSE) && d->used >= RF_DICT_SMALL) {
        build_search(d, entry.key.i);
    }
    if (rf_dict_is_grid(d)) {
        rf_dict_grid_put(d, (uint32_t)rf_dict_grid_place(d, entry.key.i), entry.value);
        return;
    }
    if (rf_dict_is_table(d)) {
        uint32_t home = rf_dict_table_home(d, entry.key.i);
        rf_dict_table_put(d, rf_dict_table_search(d, entry.key.i, home), home, entry.key.i, entry.value);
        return;
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
    RfValue *found;
    if (!rf_dict_is_ordered(d)) {
        found = rf_dict_find_int(d, key);
    } else if (rf_dict_is_grid(d)) {
        uint64_t place = rf_dict_grid_place(d, key);
        found = place < d->cap ? &d->values[place] : NULL;
        if (found && found->tag == RF_TAG_UNDEF) {
            if (found->as.i != RF_DICT_TOMBSTONE) {
                rf_dict_grid_put(d, (uint32_t)place, value);
                return;
            }
            found = NULL;
        }
    } else {
        uint32_t home = rf_dict_table_home(d, key);
        RfDictEntry *slot = rf_dict_table_peek(d, key, home);
        if (slot->key.i != key || slot->value.tag == RF_TAG_UNDEF) {
            slot = rf_dict_table_search(d, key, home); /* the free slot that ends it takes the new entry */
        }
        found = slot->value.tag == RF_TAG_UNDEF ? NULL : &slot->value;
        if (!found && d->used < rf_dict_table_room(d->cap)) {
            rf_dict_table_put(d, slot, home, key, value);
            return;
        }
    }
    if (found) {
        rf_assign(found, value);
    } else {
        add(d, (RfDictEntry){{.i = key}, value}, false);
    }
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

/* The last entry has gone. A table or index is given up rather than cleared, so that a dict that is filled and emptied
 * again and again pays for what it held only. */
static void reset(RfDict *d)
{
    if (d->index) {
        rf_dict_free_tables(d);
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

/* Takes the entry at a place out of the tables. Its key and value have been dealt with. */
static void drop_entry(RfDict *d, uint32_t place, uint64_t hash)
{
    if (--d->len == 0) {
        reset(d);
        return;
    }
    if (!d->index && !(d->obj.flags & RF_DICT_DENSE)) { /* small: close the gap */
        memmove(d->entries + place, d->entries + place + 1, (d->used - place - 1) * sizeof *d->entries);
        if (d->is_string) {
            memmove(d->is_string + place, d->is_string + place + 1, d->used - place - 1);
        }
        d->used--;
        return;
    }
    if (rf_dict_is_indexed(d)) {
        rf_index_remove(d->index, d->obj.aux, hash, place);
    }
    *rf_dict_value(d, place) = (RfValue){.tag = RF_TAG_UNDEF, .as.i = RF_DICT_TOMBSTONE};
    while (rf_dict_is_hole(d, rf_dict_place(d, d->first))) {
        d->first++;
    }
    if (d->obj.flags & RF_DICT_DENSE) { /* a hole at the end may be filled by the next key again */
        while (rf_dict_is_hole(d, d->used - 1)) {
            d->used--;
        }
        if (d->used <= RF_DICT_SMALL && d->len != d->used - d->first) {
            squeeze(d); /* small again, and no longer dense */
        }
    }
    /* Walking and copying must not cost more than there is. */
    if ((d->used - d->first > SPARSE_MIN && d->len < (d->used - d->first) / 4) || d->len < d->cap / SPARSE_CAP) {
        rebuild(d, capacity_for(d->len * 2), first_key(d));
    }
}

bool rf_dict_remove(RfDict *d, RfValue key, RfValue *value)
{
    RfValue *found = rf_dict_find(d, key);
    if (!found) {
        return false;
    }
    uint32_t place = rf_dict_is_grid(d)
                         ? (uint32_t)(found - d->values)
                         : (uint32_t)((RfDictEntry *)((char *)found - offsetof(RfDictEntry, value)) - d->entries);
    uint64_t hash = rf_dict_is_indexed(d) ? hash_of_entry(d, place) : 0;
    RfString *owned_key = key.tag == RF_TAG_STRING ? d->entries[place].key.str : NULL;
    *value = *found;
    drop_entry(d, place, hash);
    if (owned_key) {
        rf_object_release(owned_key);
    }
    return true;
}

/* Sets: members in insertion order, found by rf_value_hash and rf_value_equal.
 *
 * The same plan as dicts (dict.c, index.h): a dense array of items, their hashes beside them, and an index table when
 * there are more than SMALL of them. Small sets are searched by comparing hashes and have no holes. Equality of
 * numbers has a tolerance, so it is not transitive: of several members that equal a float, the one met first counts;
 * two fractions within the tolerance that rf_value_hash happens to tell apart are two members. NaN equals nothing, so
 * each one added is a new member; since none can ever be found, they are spread over the index. */
#include "base/mem.h"
#include "runtime/index.h"
#include "runtime/kinds.h"
#include "runtime/object.h"

#define SMALL 8u
#define SPARSE_MIN 32u

static inline bool is_hole(RfValue v)
{
    return v.tag == RF_TAG_UNDEF;
}

static inline bool is_nan(RfValue v)
{
    return v.tag == RF_TAG_FLOAT && v.as.f != v.as.f;
}

static inline uint32_t hash_of(RfValue v)
{
    uint64_t hash = rf_value_hash(v);
    return (uint32_t)(hash ^ hash >> 32);
}

/* ---- growing and squeezing ---- */

static size_t capacity_for(size_t n)
{
    return n <= SMALL / 2 ? SMALL / 2 : n <= SMALL ? SMALL : rf_index_room(rf_index_bits(n));
}

static void drop_index(RfSet *s)
{
    if (s->index) {
        rf_mem_free(s->index, rf_index_bytes(s->obj.aux));
    }
    s->index = NULL;
    s->obj.aux = 0;
}

/* Enters all live items into an empty index. False when they crowd. */
static bool fill_index(const RfSet *s)
{
    for (uint32_t i = s->first; i < s->used; i++) {
        if (!is_hole(s->items[i]) && rf_index_add(s->index, s->obj.aux, s->hashes[i], i)) {
            return false;
        }
    }
    return true;
}

/* Builds the index again, in the form that never crowds. */
static void uncrowd(RfSet *s)
{
    memset(s->index, 0, rf_index_bytes(s->obj.aux));
    s->obj.aux |= RF_INDEX_MIX;
    fill_index(s);
}

static void build_index(RfSet *s)
{
    s->index = rf_index_renew(s->index, &s->obj.aux, s->cap);
    if (!fill_index(s)) {
        uncrowd(s);
    }
}

/* Squeezes out holes, then gives the tables room for `cap` >= len items and the index the size for that. */
static void rebuild(RfSet *s, size_t cap)
{
    uint32_t to = 0;
    for (uint32_t i = s->first; i < s->used; i++) {
        if (!is_hole(s->items[i])) {
            s->items[to] = s->items[i];
            s->hashes[to] = s->hashes[i];
            to++;
        }
    }
    s->used = to;
    s->first = 0;
    if (cap != s->cap) {
        s->items = rf_mem_resize(s->items, s->cap * sizeof *s->items, cap * sizeof *s->items);
        s->hashes = rf_mem_resize(s->hashes, s->cap * sizeof *s->hashes, cap * sizeof *s->hashes);
        s->cap = (uint32_t)cap;
    }
    if (s->used > SMALL) {
        build_index(s);
    } else {
        drop_index(s);
    }
}

RfSet *rf_set_new(size_t cap)
{
    RfSet *s = rf_mem_alloc(sizeof *s);
    *s = (RfSet){.obj = {.rc = 1, .tag = RF_TAG_SET}};
    if (cap) {
        rebuild(s, capacity_for(cap));
    }
    return s;
}

RfSet *rf_set_unique(RfSet *s)
{
    if (rf_is_unique(s)) {
        return s;
    }
    RfSet *copy = rf_mem_alloc(sizeof *copy);
    *copy = *s;
    copy->obj.rc = 1;
    if (s->items) {
        copy->items = rf_mem_alloc(s->cap * sizeof *s->items);
        copy->hashes = rf_mem_alloc(s->cap * sizeof *s->hashes);
        for (uint32_t i = 0; i < s->used; i++) {
            copy->items[i] = rf_retain(s->items[i]);
        }
        memcpy(copy->hashes, s->hashes, s->used * sizeof *s->hashes);
    }
    if (s->index) {
        copy->index = rf_mem_alloc(rf_index_bytes(s->obj.aux));
        memcpy(copy->index, s->index, rf_index_bytes(s->obj.aux));
    }
    rf_object_release(s);
    return copy;
}

static void free_tables(RfSet *s)
{
    rf_mem_free(s->items, s->cap * sizeof *s->items);
    rf_mem_free(s->hashes, s->cap * sizeof *s->hashes);
    drop_index(s);
}

/* ---- finding ---- */

const RfValue *rf_set_candidate(const RfSet *s, uint32_t hash, uint32_t *probe)
{
    if (!s->index) {
        for (uint32_t i = *probe; i < s->used; i++) {
            if (s->hashes[i] == hash) {
                *probe = i + 1;
                return &s->items[i];
            }
        }
        return NULL;
    }
    RfProbe p = rf_index_probe(hash, s->obj.aux);
    p.slot = (p.slot + *probe) & p.mask;
    for (uint32_t e, content; (content = s->index[p.slot]) != RF_INDEX_FREE; rf_index_step(&p)) {
        ++*probe;
        if (rf_index_match(&p, content, &e) && s->hashes[e] == hash) {
            return &s->items[e];
        }
    }
    return NULL;
}

static int64_t find_hashed(const RfSet *s, RfValue v, uint32_t hash)
{
    uint32_t probe = 0;
    for (const RfValue *member; (member = rf_set_candidate(s, hash, &probe)) != NULL;) {
        if ((member->tag == RF_TAG_INT && v.tag == RF_TAG_INT) ? member->as.i == v.as.i : rf_value_equal(*member, v)) {
            return member - s->items;
        }
    }
    return -1;
}

int64_t rf_set_find(const RfSet *s, RfValue v)
{
    return s->len == 0 || is_nan(v) ? -1 : find_hashed(s, v, hash_of(v));
}

bool rf_set_has(const RfSet *s, RfValue v)
{
    return rf_set_find(s, v) >= 0;
}

/* ---- changing ---- */

bool rf_set_add(RfSet *s, RfValue v)
{
    uint32_t hash = is_nan(v) ? s->used : hash_of(v);
    if (!is_nan(v) && find_hashed(s, v, hash) >= 0) {
        rf_release(v);
        return false;
    }
    if (s->used == s->cap) {
        bool roomy = s->used - s->len > s->cap / 4; /* as in dict.c */
        rebuild(s, roomy ? s->cap : capacity_for(s->cap + s->cap / 2 + 1));
    }
    if (!s->index && s->used >= SMALL) {
        build_index(s);
    }
    uint32_t i = s->used++;
    s->len++;
    s->items[i] = v;
    s->hashes[i] = hash;
    if (s->index && rf_index_add(s->index, s->obj.aux, hash, i)) {
        uncrowd(s);
    }
    return true;
}

bool rf_set_remove(RfSet *s, RfValue v)
{
    int64_t found = rf_set_find(s, v);
    if (found < 0) {
        return false;
    }
    uint32_t i = (uint32_t)found;
    RfValue removed = s->items[i];
    if (--s->len == 0) {
        free_tables(s);
        *s = (RfSet){.obj = {.rc = s->obj.rc, .tag = RF_TAG_SET}};
    } else if (!s->index) {
        memmove(s->items + i, s->items + i + 1, (s->used - i - 1) * sizeof *s->items);
        memmove(s->hashes + i, s->hashes + i + 1, (s->used - i - 1) * sizeof *s->hashes);
        s->used--;
    } else {
        rf_index_remove(s->index, s->obj.aux, s->hashes[i], i);
        s->items[i] = rf_undef();
        while (is_hole(s->items[s->first])) {
            s->first++;
        }
        if (s->used - s->first > SPARSE_MIN && s->len < (s->used - s->first) / 4) {
            rebuild(s, capacity_for(s->len * 2));
        }
    }
    rf_release(removed);
    return true;
}

/* ---- operations of the kind ---- */

void rf_set_free(RfObject *obj, RfWorklist *work)
{
    RfSet *s = (RfSet *)obj;
    for (uint32_t i = s->first; i < s->used; i++) {
        if (rf_is_heap(s->items[i])) {
            rf_worklist_release(work, s->items[i]);
        }
    }
    free_tables(s);
    rf_mem_free(s, sizeof *s);
}

void rf_set_trace(RfObject *obj, RfVisit *visit, void *context)
{
    RfSet *s = (RfSet *)obj;
    for (uint32_t i = s->first; i < s->used; i++) {
        if (!is_hole(s->items[i])) {
            visit(context, s->items[i]);
        }
    }
}

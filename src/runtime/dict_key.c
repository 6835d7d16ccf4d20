/* Keys of dicts: from values to stored keys, back to the text a program sees, and their sorted order.
 *
 * A stored key is an INT, or a STRING that is not the canonical text of an int; so each text has one stored form.
 * Called by the VM and by everything that prints or lists dicts. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/dict.h"
#include "runtime/string.h"
#include "runtime/text.h"

#define EXACT_INT_LIMIT 9007199254740992.0 /* up to 2^53 an integral double prints as the int it is */
#define INT_TEXT_MAX 24

static RfValue key_from_text(const char *text, size_t len)
{
    int64_t i;
    return rf_string_text_is_int(text, len, &i) ? rf_int(i) : rf_obj(rf_string_new(text, len));
}

bool rf_dict_make_key(RfValue v, RfValue *key)
{
    int64_t i;
    switch (v.tag) {
    case RF_TAG_INT: *key = v; return true;
    case RF_TAG_STRING: *key = rf_string_as_canonical_int(v.as.str, &i) ? rf_int(i) : rf_retain(v); return true;
    case RF_TAG_FLOAT:
        if (fabs(v.as.f) <= EXACT_INT_LIMIT && v.as.f == trunc(v.as.f) && !(v.as.f == 0 && signbit(v.as.f))) {
            *key = rf_int((int64_t)v.as.f);
        } else {
            char text[RF_FLOAT_TEXT_MAX];
            *key = key_from_text(text, rf_float_to_text(v.as.f, text));
        }
        return true;
    case RF_TAG_BOOL: *key = rf_obj(rf_string_from_cstr(v.as.i ? "true" : "false")); return true;
    default: return false;
    }
}

RfString *rf_dict_key_string(RfValue key)
{
    if (key.tag == RF_TAG_INT) {
        return rf_string_from_int(key.as.i);
    }
    rf_object_retain(key.as.str);
    return key.as.str;
}

/* ---- sorted order ----
 * What is sorted are ranks: the leading part of the key as a number, so that most comparisons touch nothing else. */
typedef struct Rank {
    uint64_t lead; /* int keys: the int, its sign bit turned; else the first eight bytes of the text, big end first */
    uint32_t place;
} Rank;

/* Text of the key at place e; ints are written to `digits`. */
static size_t key_text(const RfDict *d, uint32_t e, char digits[INT_TEXT_MAX], const char **text)
{
    RfValue key = rf_dict_entry_key(d, e);
    if (key.tag == RF_TAG_STRING) {
        *text = key.as.str->data;
        return key.as.str->len;
    }
    *text = digits;
    return rf_int_to_text(key.as.i, digits);
}

static bool texts_in_order(const RfDict *d, uint32_t a, uint32_t b)
{
    char digits_a[INT_TEXT_MAX], digits_b[INT_TEXT_MAX];
    const char *text_a, *text_b;
    size_t len_a = key_text(d, a, digits_a, &text_a);
    size_t len_b = key_text(d, b, digits_b, &text_b);
    int order = memcmp(text_a, text_b, len_a < len_b ? len_a : len_b);
    return order ? order < 0 : len_a <= len_b;
}

/* True when a does not have to stand behind b. Int keys that have equal leads are equal, hence in order. */
static inline bool in_order(const RfDict *d, const Rank *a, const Rank *b)
{
    if (a->lead != b->lead || !(d->obj.flags & RF_DICT_STRINGS)) {
        return a->lead <= b->lead;
    }
    return texts_in_order(d, a->place, b->place);
}

static uint64_t lead_of(const RfDict *d, uint32_t e)
{
    if (!(d->obj.flags & RF_DICT_STRINGS)) {
        return (uint64_t)rf_dict_entry_key(d, e).as.i ^ ((uint64_t)1 << 63);
    }
    char digits[INT_TEXT_MAX];
    const char *text;
    size_t len = key_text(d, e, digits, &text);
    uint64_t lead = 0;
    for (size_t i = 0; i < 8; i++) {
        lead = lead << 8 | (i < len ? (unsigned char)text[i] : 0);
    }
    return lead;
}

/* Bottom-up merge sort of n ranks; `spare` has room for n. Returns the one of the two that holds the result. */
static Rank *sort_ranks(const RfDict *d, Rank *from, Rank *spare, size_t n)
{
    enum { RUN = 8 };
    for (size_t start = 0; start < n; start += RUN) { /* runs, by insertion */
        size_t end = start + RUN < n ? start + RUN : n;
        for (size_t i = start + 1; i < end; i++) {
            Rank moving = from[i];
            size_t at = i;
            for (; at > start && !in_order(d, &from[at - 1], &moving); at--) {
                from[at] = from[at - 1];
            }
            from[at] = moving;
        }
    }
    for (size_t width = RUN; width < n; width *= 2) {
        for (size_t start = 0; start < n; start += 2 * width) {
            size_t middle = start + width < n ? start + width : n;
            size_t end = start + 2 * width < n ? start + 2 * width : n;
            size_t left = start, right = middle, to = start;
            while (left < middle && right < end) {
                spare[to++] = in_order(d, &from[left], &from[right]) ? from[left++] : from[right++];
            }
            while (left < middle) {
                spare[to++] = from[left++];
            }
            while (right < end) {
                spare[to++] = from[right++];
            }
        }
        Rank *swap = from;
        from = spare;
        spare = swap;
    }
    return from;
}

RfDictItem *rf_dict_sorted(const RfDict *d)
{
    size_t n = d->len, i = 0;
    RfDictItem *items = rf_mem_alloc(n * sizeof *items);
    if (d->obj.flags & RF_DICT_DENSE) { /* in order as it is */
        for (size_t pos = 0; i < n && rf_dict_next(d, &pos, &items[i]); i++) {
        }
        return items;
    }
    if (d->obj.flags & RF_DICT_GRID) { /* its places are in order */
        for (uint32_t place = 0; i < n; place++) {
            if (d->values[place].tag != RF_TAG_UNDEF) {
                items[i++] = (RfDictItem){rf_dict_entry_key(d, place), &d->values[place]};
            }
        }
        return items;
    }
    size_t bytes = 2 * n * sizeof(Rank);
    Rank *ranks = rf_mem_alloc(bytes), *sorted = ranks;
    bool in_place = true;
    for (uint32_t e = d->first; e < d->used; e++) {
        uint32_t place = rf_dict_place(d, e);
        if (rf_dict_value(d, place)->tag != RF_TAG_UNDEF) {
            ranks[i] = (Rank){lead_of(d, place), place};
            in_place = in_place && (i == 0 || in_order(d, &ranks[i - 1], &ranks[i]));
            i++;
        }
    }
    if (!in_place) {
        sorted = sort_ranks(d, ranks, ranks + n, n);
    }
    for (i = 0; i < n; i++) {
        uint32_t place = sorted[i].place;
        items[i] = (RfDictItem){rf_dict_entry_key(d, place), rf_dict_value(d, place)};
    }
    rf_mem_free(ranks, bytes);
    return items;
}

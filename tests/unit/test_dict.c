/* Dicts: keys, insertion order, the small, dense, grid, table and indexed forms and the ways between them, sorted
 * order. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/dict_form.h"
#include "runtime_fixture.h"

/* What must hold for every dict, whatever was done to it. */
static void check_sound(const RfDict *d)
{
    size_t live = 0;
    bool ordered = rf_dict_is_ordered(d);
    assert_true(d->used <= rf_dict_room(d));
    for (uint32_t e = 0; e < d->used; e++) {
        uint32_t place = rf_dict_place(d, e);
        assert_true(place < d->cap);
        bool hole = rf_dict_is_hole(d, place);
        assert_true(hole || e >= d->first);
        if (!hole) {
            live++;
            assert_ptr_equal(rf_dict_find(d, rf_dict_entry_key(d, place)), rf_dict_value(d, place));
        } else if (ordered) {
            assert_int_equal(rf_dict_value(d, place)->as.i, RF_DICT_TOMBSTONE);
        }
    }
    assert_int_equal(live, d->len);
    bool mixed = (d->obj.flags & RF_DICT_INTS) && (d->obj.flags & RF_DICT_STRINGS);
    assert_int_equal(d->is_string != NULL, mixed);
    if (!d->index && !(d->obj.flags & RF_DICT_DENSE)) {
        assert_true(d->used <= RF_DICT_SMALL);
        assert_int_equal(d->used, d->len);
    }
    if (ordered) {
        assert_false(d->obj.flags & (RF_DICT_STRINGS | RF_DICT_DENSE));
        assert_true(rf_dict_is_table(d) != rf_dict_is_grid(d));
        size_t taken = 0;
        for (uint32_t i = 0; i < d->cap; i++) {
            taken += !rf_dict_is_hole(d, i) || rf_dict_value(d, i)->as.i != 0;
        }
        assert_int_equal(taken, d->used);
    }
    assert_int_equal(rf_dict_is_indexed(d), d->index && !ordered);
    if (rf_dict_is_indexed(d)) {
        assert_true(d->obj.flags & RF_DICT_STRINGS);
        size_t taken = 0;
        for (size_t i = 0; i < rf_index_bytes(d->obj.aux) / sizeof *d->index; i++) {
            taken += d->index[i] != RF_INDEX_FREE;
        }
        assert_true(taken <= d->used);
        assert_true(d->cap <= rf_index_room(d->obj.aux & RF_INDEX_BITS));
    }
}

static void set(RfDict *d, const char *key, int64_t value)
{
    rf_dict_set_cstr(d, key, rf_int(value));
}

/* The keys in insertion order, each followed by a comma. */
static void check_order(const RfDict *d, const char *expected)
{
    RfBuf text = RF_BUF_INIT;
    size_t pos = 0;
    for (RfDictItem item; rf_dict_next(d, &pos, &item);) {
        rf_text_put(&text, item.key);
        rf_buf_putc(&text, ',');
    }
    assert_string_equal(rf_buf_cstr(&text), expected);
    rf_buf_free(&text);
    check_sound(d);
}

static void check_sorted(const RfDict *d, const char *expected)
{
    RfBuf text = RF_BUF_INIT;
    RfDictItem *items = rf_dict_sorted(d);
    for (size_t i = 0; i < d->len; i++) {
        rf_text_put(&text, items[i].key);
        rf_buf_putc(&text, ',');
        assert_ptr_equal(rf_dict_find(d, items[i].key), items[i].value);
    }
    rf_mem_free(items, d->len * sizeof *items);
    assert_string_equal(rf_buf_cstr(&text), expected);
    rf_buf_free(&text);
}

static void remove_key(RfDict *d, const char *key, bool expected)
{
    RfValue name = str(key), stored, value;
    assert_true(rf_dict_make_key(name, &stored));
    assert_int_equal(rf_dict_remove(d, stored, &value), expected);
    if (expected) {
        rf_release(value);
    }
    rf_release(stored);
    rf_release(name);
}

/* Takes v. `text` is the key's text; `tag` its stored form. */
static void check_key(RfValue v, RfTag tag, const char *text)
{
    RfValue key;
    assert_true(rf_dict_make_key(v, &key));
    assert_int_equal(key.tag, tag);
    RfString *s = rf_dict_key_string(key);
    assert_string_equal(s->data, text);
    rf_object_release(s);
    rf_release(key);
    rf_release(v);
}

static void keys(void **state)
{
    (void)state;
    check_key(rf_int(-7), RF_TAG_INT, "-7");
    check_key(str("12"), RF_TAG_INT, "12");
    check_key(str("012"), RF_TAG_STRING, "012");
    check_key(str("-0"), RF_TAG_STRING, "-0");
    check_key(rf_float(2.0), RF_TAG_INT, "2");
    check_key(rf_float(1.5), RF_TAG_STRING, "1.5");
    check_key(rf_float(-0.0), RF_TAG_STRING, "-0");
    check_key(rf_float(1e15), RF_TAG_INT, "1000000000000000");
    check_key(rf_float(1e18), RF_TAG_INT, "1000000000000000000");
    check_key(rf_float(1e19), RF_TAG_STRING, "10000000000000000000");
    check_key(rf_float(NAN), RF_TAG_STRING, "NaN");
    check_key(rf_bool(true), RF_TAG_STRING, "true");
    check_key(rf_bool(false), RF_TAG_STRING, "false");
    RfValue key, array = ARRAY(rf_int(1));
    assert_false(rf_dict_make_key(rf_null(), &key));
    assert_false(rf_dict_make_key(rf_none(), &key));
    assert_false(rf_dict_make_key(array, &key));
    rf_release(array);
}

static void an_int_and_its_text_are_one_key(void **state)
{
    (void)state;
    RfDict *d = rf_dict_new(0);
    rf_dict_set_int(d, 1, rf_int(10));
    set(d, "1", 11);
    set(d, "01", 12);
    assert_int_equal(d->len, 2);
    assert_int_equal(rf_dict_find_int(d, 1)->as.i, 11);
    assert_int_equal(rf_dict_find_cstr(d, "1")->as.i, 11);
    assert_int_equal(rf_dict_find_cstr(d, "01")->as.i, 12);
    assert_null(rf_dict_find_cstr(d, "001"));
    rf_object_release(d);
}

static void overwriting_keeps_the_place(void **state)
{
    (void)state;
    RfDict *d = rf_dict_new(0);
    set(d, "b", 1);
    set(d, "a", 2);
    set(d, "c", 3);
    set(d, "a", 4);
    check_order(d, "b,a,c,");
    assert_int_equal(rf_dict_find_cstr(d, "a")->as.i, 4);
    remove_key(d, "b", true);
    remove_key(d, "b", false);
    set(d, "b", 5);
    check_order(d, "a,c,b,");
    rf_object_release(d);
}

static void strings_are_found_by_content(void **state)
{
    (void)state;
    for (int n = 3; n <= 300; n += 297) { /* searched, indexed */
        RfDict *d = rf_dict_new(0);
        for (int i = 0; i < n; i++) {
            char text[20];
            snprintf(text, sizeof text, "key%d", i);
            rf_dict_set_str(d, rf_intern_cstr(&rt, text), rf_int(i));
        }
        for (int i = 0; i < n; i++) {
            char text[20];
            snprintf(text, sizeof text, "key%d", i);
            RfString *same = rf_string_from_cstr(text);
            assert_int_equal(rf_dict_find_str(d, same)->as.i, i);
            assert_int_equal(rf_dict_find_str(d, rf_intern_cstr(&rt, text))->as.i, i);
            rf_object_release(same);
        }
        assert_null(rf_dict_find_cstr(d, "key"));
        assert_null(rf_dict_find_cstr(d, ""));
        check_sound(d);
        rf_object_release(d);
    }
}

static void a_guess_is_right_or_nothing(void **state)
{
    (void)state;
    RfString *key = rf_string_new("code", 4), *twin = rf_string_new("code", 4);
    RfDict *d = rf_dict_new(0);
    assert_null(rf_dict_guess(d, 0, key));
    set(d, "a", 1);
    rf_dict_set_str(d, key, rf_int(2));
    assert_null(rf_dict_guess(d, 0, key));
    assert_ptr_equal(rf_dict_guess(d, 1, key), rf_dict_find_str(d, key));
    assert_null(rf_dict_guess(d, 1, twin));
    assert_null(rf_dict_guess(d, 2, key));
    for (int i = 0; i < 40; i++) {
        char name[8];
        snprintf(name, sizeof name, "k%d", i);
        set(d, name, i);
    }
    assert_int_equal(rf_dict_guess(d, 1, key)->as.i, 2);
    remove_key(d, "code", true);
    assert_null(rf_dict_guess(d, 1, key)); /* a hole */
    rf_object_release(d);
    d = rf_dict_new(0);
    rf_dict_set_str(d, key, rf_int(3));
    set(d, "7", 4); /* int keys: entries may lie anywhere */
    assert_null(rf_dict_guess(d, 0, key));
    rf_object_release(d);
    rf_object_release(key);
    rf_object_release(twin);
}

static void dense_keys_need_no_index(void **state)
{
    (void)state;
    RfDict *d = rf_dict_new(0);
    for (int64_t i = 0; i < 1000; i++) {
        rf_dict_set_int(d, i - 20, rf_int(i));
    }
    assert_null(d->index);
    check_sound(d);
    assert_null(rf_dict_find_int(d, -21));
    assert_null(rf_dict_find_int(d, 980));
    assert_null(rf_dict_find_int(d, INT64_MIN));
    assert_int_equal(rf_dict_find_int(d, 979)->as.i, 999);
    remove_key(d, "979", true); /* the end comes off and may grow again */
    rf_dict_set_int(d, 979, rf_int(1));
    assert_null(d->index);
    remove_key(d, "100", true); /* a hole; putting the key back moves it to the end */
    assert_null(rf_dict_find_int(d, 100));
    check_sound(d);
    rf_dict_set_int(d, 100, rf_int(7));
    assert_true(rf_dict_is_grid(d));
    check_sound(d);
    assert_int_equal(rf_dict_entry_key(d, rf_dict_place(d, d->used - 1)).as.i, 100);
    assert_int_equal(d->len, 1000);
    rf_object_release(d);
}

static void a_string_ends_density(void **state)
{
    (void)state;
    for (int n = 1; n < 30; n++) {
        RfDict *d = rf_dict_new(0);
        for (int i = 0; i < n; i++) {
            rf_dict_set_int(d, i, rf_int(i));
        }
        remove_key(d, "0", true);
        set(d, "name", -1);
        rf_dict_set_int(d, n, rf_int(n));
        check_sound(d);
        assert_int_equal(d->len, n + 1);
        assert_int_equal(rf_dict_find_cstr(d, "name")->as.i, -1);
        assert_int_equal(rf_dict_find_int(d, n)->as.i, n);
        /* a pointer is no int key, whatever its bits are */
        assert_null(rf_dict_find_int(d, (int64_t)(uintptr_t)d->entries[d->used - 2].key.str));
        rf_object_release(d);
    }
}

/* Delete the oldest, insert a new one, look at the first: for ever, in bounded space and without walking over holes. */
static void as_a_queue(void **state)
{
    (void)state;
    static const int64_t strides[] = {1, 1000003, (int64_t)1 << 40}; /* dense, grid, table */
    for (size_t form = 0; form < 3; form++) {
        int64_t stride = strides[form];
        RfDict *d = rf_dict_new(0);
        for (int64_t i = 0; i < 100; i++) {
            rf_dict_set_int(d, i * stride, rf_int(i));
        }
        assert_int_equal(rf_dict_is_grid(d), form == 1);
        assert_int_equal(rf_dict_is_table(d), form == 2);
        for (int64_t i = 100; i < 50000; i++) {
            size_t pos = 0;
            RfDictItem item;
            RfValue value;
            assert_true(rf_dict_next(d, &pos, &item));
            assert_int_equal(pos, d->first + 1);
            assert_int_equal(item.key.as.i, (i - 100) * stride);
            assert_true(rf_dict_remove(d, item.key, &value));
            rf_dict_set_int(d, i * stride, rf_int(i));
        }
        assert_int_equal(d->len, 100);
        assert_true(d->cap <= 400);
        check_sound(d);
        rf_object_release(d);
    }
}

static void few_entries_left_over_are_squeezed(void **state)
{
    (void)state;
    RfDict *d = rf_dict_new(0);
    for (int64_t i = 0; i < 10000; i++) {
        rf_dict_set_int(d, i * 10, rf_int(i));
    }
    for (int64_t i = 1; i < 9999; i++) {
        RfValue value;
        assert_true(rf_dict_remove(d, rf_int(i * 10), &value));
        assert_true(d->used - d->first <= d->len * 4 + 40);
    }
    check_order(d, "0,99990,");
    remove_key(d, "0", true);
    remove_key(d, "99990", true);
    assert_int_equal(d->len, 0);
    assert_null(d->index);
    set(d, "x", 1);
    check_order(d, "x,");
    rf_object_release(d);
}

/* Every kind of change at random against a plain list of (key text, value) in insertion order. */
typedef struct Model {
    char key[16];
    int64_t value;
} Model;

static void random_changes(void **state)
{
    (void)state;
    int64_t live = rf_mem_live_bytes();
    uint32_t seed = 7;
    for (int round = 0; round < 60; round++) {
        Model model[400];
        size_t n = 0;
        RfDict *d = rf_dict_new((size_t)(round % 3) * 5);
        int universe = round % 4 == 0 ? 12 : 120, kind = round % 3, bias = 3 + round % 5;
        for (int step = 0; step < 800; step++) {
            seed = seed * 1664525 + 1013904223;
            uint32_t r = seed >> 7;
            char key[16];
            int number = (int)(r / 64 % (uint32_t)universe);
            bool text = kind == 0 || (kind == 1 && number % 5 == 0);
            snprintf(key, sizeof key, text ? "k%d" : "%d", number);
            size_t at = 0;
            while (at < n && strcmp(model[at].key, key) != 0) {
                at++;
            }
            if (r % 8 < (uint32_t)(step < 400 ? bias : 7 - bias + 1)) {
                rf_dict_set_cstr(d, key, rf_obj(rf_string_from_int(step)));
                if (at == n) {
                    strcpy(model[n++].key, key);
                }
                model[at].value = step;
            } else {
                remove_key(d, key, at < n);
                if (at < n) {
                    memmove(model + at, model + at + 1, (n - at - 1) * sizeof *model);
                    n--;
                }
            }
            if (r % 97 == 0) { /* continue with a copy */
                rf_object_retain(d);
                RfDict *old = d;
                d = rf_dict_unique(d);
                assert_ptr_not_equal(d, old);
                check_sound(old);
                rf_object_release(old);
            }
            assert_int_equal(d->len, n);
            if (step % 16 == 0) {
                check_sound(d);
                size_t pos = 0, i = 0;
                for (RfDictItem item; rf_dict_next(d, &pos, &item); i++) {
                    RfString *name = rf_dict_key_string(item.key);
                    assert_string_equal(name->data, model[i].key);
                    assert_int_equal(strtoll(item.value->as.str->data, NULL, 10), model[i].value);
                    rf_object_release(name);
                }
                assert_int_equal(i, n);
            }
        }
        rf_dict_clear(d);
        check_order(d, "");
        set(d, "5", 5);
        check_order(d, "5,");
        rf_object_release(d);
    }
    assert_int_equal(rf_mem_live_bytes(), live);
}

/* Keys in arithmetic progression must not gather in few places, whatever the stride. */
static void regular_keys_spread(void **state)
{
    (void)state;
    bool mixed = false, plain = false;
    for (unsigned i = 0; i < 800; i++) {
        unsigned shift = i % 50;
        int64_t stride = i / 50 * 11 - 4; /* 161 << 6 is one of the worst */
        RfDict *d = rf_dict_new(0);
        rf_dict_set_int(d, 0x5851F42D4C957F2D, rf_int(0)); /* with this one the others are no grid */
        for (int64_t k = 0; k < 1000; k++) {
            rf_dict_set_int(d, (int64_t)((uint64_t)(k * stride) << shift), rf_int(k));
        }
        if (stride == 0) {
            rf_object_release(d);
            continue;
        }
        assert_true(rf_dict_is_table(d));
        mixed = mixed || (d->obj.aux & RF_INDEX_MIX);
        plain = plain || !(d->obj.aux & RF_INDEX_MIX);
        size_t probes = 0;
        for (uint32_t e = 0; e < d->used; e++) {
            uint32_t place = d->order[e], home = rf_dict_table_home(d, d->entries[place].key.i);
            probes += place - home + (place < home ? d->cap : 0);
        }
        assert_true(probes < 1000 * 10);
        check_sound(d);
        rf_object_release(d);
    }
    assert_true(mixed);
    assert_true(plain);
}

/* Changes at random in a grid or a table that grows, shrinks, is copied and becomes something else; against a list with an entry
 * per key. `stamp` orders the keys by insertion. */
typedef struct Slot {
    int64_t key, value;
    uint64_t stamp; /* 0: absent */
} Slot;

enum { TABLE_KEYS = 3000 };

static void check_against(const RfDict *d, const Slot *slots, size_t n)
{
    check_sound(d);
    size_t pos = 0, count = 0, seen = 0;
    uint64_t last = 0;
    for (RfDictItem item; rf_dict_next(d, &pos, &item);) {
        if (item.key.tag == RF_TAG_STRING) {
            continue;
        }
        const Slot *slot = &slots[strtoll(item.value->as.str->data, NULL, 10) % TABLE_KEYS];
        assert_int_equal(slot->key, item.key.as.i);
        assert_int_equal(slot->value, strtoll(item.value->as.str->data, NULL, 10));
        assert_true(slot->stamp > last);
        last = slot->stamp;
        seen++;
    }
    for (size_t i = 0; i < n; i++) {
        count += slots[i].stamp != 0;
        assert_int_equal(rf_dict_find_int(d, slots[i].key) != NULL, slots[i].stamp != 0);
    }
    assert_int_equal(count, seen);
}

static void random_changes_of_grids_and_tables(void **state)
{
    (void)state;
    int64_t live = rf_mem_live_bytes();
    static Slot slots[TABLE_KEYS];
    uint64_t seed = 11, stamp = 0;
    for (int round = 0; round < 24; round++) {
        size_t n = round % 5 == 0 ? 40 : TABLE_KEYS, tables = 0, grids = 0;
        for (size_t i = 0; i < n; i++) {
            uint64_t r = (i + 1) * 0xD1342543DE82EF95u;
            slots[i] = (Slot){.key = round % 4 == 0   ? (int64_t)(r ^ r >> 29) /* huge and negative */
                                     : round % 4 == 1 ? (int64_t)(i << 51)     /* a stride that crowds */
                                                      : (int64_t)i * 12 - 900};
        }
        if (round % 4 != 3) {
            slots[0].key = INT64_MIN;
            slots[1].key = INT64_MAX;
            slots[2].key = 1;
        }
        RfDict *d = rf_dict_new(round % 7 == 0 ? n : 0);
        for (int step = 0; step < 12000; step++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            uint32_t r = (uint32_t)(seed >> 33);
            size_t i = r / 16 % n;
            bool filling = step / 3000 % 2 == 0;
            if (r % 16 < (filling ? 13 : 2)) {
                slots[i].value = (int64_t)i + (int64_t)(r % 7) * TABLE_KEYS;
                slots[i].stamp = slots[i].stamp ? slots[i].stamp : ++stamp;
                rf_dict_set_int(d, slots[i].key, rf_obj(rf_string_from_int(slots[i].value)));
            } else {
                RfValue value;
                assert_int_equal(rf_dict_remove(d, rf_int(slots[i].key), &value), slots[i].stamp != 0);
                if (slots[i].stamp) {
                    rf_release(value);
                }
                slots[i].stamp = 0;
            }
            tables += rf_dict_is_table(d);
            grids += rf_dict_is_grid(d);
            if (step % 1777 == 0) { /* continue with a copy; the other one must remain as it is */
                rf_object_retain(d);
                RfDict *old = d;
                d = rf_dict_unique(d);
                check_against(old, slots, n);
                rf_object_release(old);
                check_against(d, slots, n);
            }
        }
        assert_true(tables > 0);
        assert_true(round % 4 != 3 || grids > 0);
        check_against(d, slots, n);
        set(d, "a string", 1); /* conversion keeps everything */
        assert_false(rf_dict_is_ordered(d));
        check_against(d, slots, n);
        remove_key(d, "a string", true);
        check_against(d, slots, n);
        if (round % 2) {
            rf_dict_clear(d);
            check_order(d, "");
        }
        rf_object_release(d);
    }
    assert_int_equal(rf_mem_live_bytes(), live);
}

/* In an order that is neither rising nor falling; found again, in order, sorted, and no other key with them. */
static void keys_in_even_steps_make_a_grid(void **state)
{
    (void)state;
    enum { N = 1009 };
    static const int64_t strides[] = {1, 2, 3, 17, 96, 1 << 20, 0x7FFFFFFF};
    for (size_t s = 0; s < sizeof strides / sizeof *strides; s++) {
        int64_t stride = strides[s];
        RfDict *d = rf_dict_new(0);
        for (int64_t i = 0, at = 0; i < N; i++, at = (at + 611) % N) {
            rf_dict_set_int(d, at * stride - 5000, rf_int(i));
        }
        assert_true(rf_dict_is_grid(d));
        assert_true(d->cap < 2 * N);
        check_sound(d);
        size_t pos = 0;
        int64_t i = 0, at = 0;
        for (RfDictItem item; rf_dict_next(d, &pos, &item); i++, at = (at + 611) % N) {
            assert_int_equal(item.key.as.i, at * stride - 5000);
            assert_int_equal(item.value->as.i, i);
        }
        assert_int_equal(i, N);
        for (i = -100; i < 100; i++) {
            bool present = (i + 5000) % stride == 0 && (i + 5000) / stride < N;
            assert_int_equal(rf_dict_find_int(d, i) != NULL, present);
        }
        assert_null(rf_dict_find_int(d, INT64_MIN));
        assert_null(rf_dict_find_int(d, INT64_MAX));
        RfDictItem *items = rf_dict_sorted(d);
        for (i = 0; i < N; i++) {
            assert_int_equal(items[i].key.as.i, i * stride - 5000);
        }
        rf_mem_free(items, N * sizeof *items);
        rf_dict_set_int(d, 1 - 5000, rf_int(0)); /* between two keys, unless they are neighbours */
        check_sound(d);
        assert_int_equal(rf_dict_is_grid(d), stride <= 2);
        assert_int_equal(d->len, N + (stride > 1));
        rf_object_release(d);
    }
}

static void a_grid_grows_to_both_sides(void **state)
{
    (void)state;
    RfDict *d = rf_dict_new(0);
    uint32_t moves = 0;
    for (int64_t i = 0; i < 20000; i++) {
        const RfDictEntry *before = d->entries;
        rf_dict_set_int(d, i % 2 ? i * 5 : -i * 5, rf_int(i));
        moves += before != d->entries;
    }
    assert_true(rf_dict_is_grid(d));
    assert_true(moves < 80);
    assert_true(d->cap < 60000);
    check_sound(d);
    for (int64_t i = 0; i < 19000; i++) {
        RfValue value;
        assert_true(rf_dict_remove(d, rf_int(i % 2 ? i * 5 : -i * 5), &value));
    }
    assert_true(rf_dict_is_table(d)); /* the rest lies far apart, */
    for (int64_t i = 0; i < 1000; i++) {
        rf_dict_set_int(d, i * 5, rf_int(i));
    }
    check_sound(d);
    for (int64_t i = 19000; i < 20000; i++) {
        RfValue value;
        assert_true(rf_dict_remove(d, rf_int(i % 2 ? i * 5 : -i * 5), &value));
    }
    for (int64_t i = 1000; i < 12000; i++) {
        rf_dict_set_int(d, i * 5, rf_int(i));
    }
    assert_true(rf_dict_is_grid(d)); /* these do not */
    for (int64_t i = 11999; i > 100; i--) {
        RfValue value;
        assert_true(rf_dict_remove(d, rf_int(i * 5), &value));
    }
    assert_true(rf_dict_is_grid(d));
    assert_true(d->cap < 1000);
    check_sound(d);
    rf_object_release(d);
}

static void a_grid_at_the_limits(void **state)
{
    (void)state;
    for (int side = 0; side < 2; side++) {
        int64_t end = side ? INT64_MAX : INT64_MIN, step = side ? -4 : 4;
        RfDict *d = rf_dict_new(0);
        for (int64_t i = 99; i >= 0; i--) {
            rf_dict_set_int(d, end + (i ^ 1) * step, rf_int(i));
        }
        assert_true(rf_dict_is_grid(d));
        check_sound(d);
        assert_null(rf_dict_find_int(d, side ? INT64_MIN : INT64_MAX));
        assert_null(rf_dict_find_int(d, end + step / 2));
        RfDictItem *items = rf_dict_sorted(d);
        for (size_t i = 1; i < d->len; i++) {
            assert_true(items[i - 1].key.as.i < items[i].key.as.i);
        }
        rf_mem_free(items, d->len * sizeof *items);
        rf_dict_set_int(d, ~end, rf_int(-1)); /* the other limit */
        assert_true(rf_dict_is_table(d));
        check_sound(d);
        rf_object_release(d);
    }
}

static void a_removed_key_comes_back_to_a_grid(void **state)
{
    (void)state;
    for (int64_t n = 10; n < 200; n += 63) {
        RfDict *d = rf_dict_new(0);
        for (int64_t i = 0; i < n; i++) {
            rf_dict_set_int(d, (i ^ 1) * 3, rf_int(i));
        }
        assert_true(rf_dict_is_grid(d));
        size_t tables = 0;
        for (int64_t round = 0; round < 5; round++) {
            for (int64_t i = 0; i < n; i++) { /* each one in turn becomes the newest */
                size_t pos = 0;
                RfDictItem item;
                RfValue value;
                assert_true(rf_dict_next(d, &pos, &item));
                assert_int_equal(item.key.as.i, (i ^ 1) * 3);
                assert_true(rf_dict_remove(d, item.key, &value));
                rf_dict_set_int(d, (i ^ 1) * 3, value);
                check_sound(d);
                tables += rf_dict_is_table(d);
            }
        }
        assert_int_equal(tables, n * 5); /* having been one it does not change forth and back */
        assert_int_equal(d->len, n);
        for (int64_t i = 0; i < n; i++) {
            RfValue value;
            assert_true(rf_dict_remove(d, rf_int((i ^ 1) * 3), &value));
        }
        assert_false(d->obj.flags & RF_DICT_NO_GRID); /* emptied, it is a new dict */
        rf_object_release(d);
    }
}

static void keys_that_are_no_grid(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        RfDict *d = rf_dict_new(0);
        for (int64_t i = 0; i < 3000; i++) {
            /* too sparse, too sparse, too long a stride */
            int64_t key = kind == 0 ? i * i : kind == 1 ? i / 2 * 5 + i % 2 : i << 32;
            rf_dict_set_int(d, key, rf_int(i));
        }
        assert_true(rf_dict_is_table(d));
        check_sound(d);
        rf_object_release(d);
    }
}

/* Whatever form and however full the dict is: the string must not be taken for an int key. */
static void a_string_joins_ints(void **state)
{
    (void)state;
    int64_t live = rf_mem_live_bytes();
    for (int64_t n = 1; n < 300; n++) {
        for (int kind = 0; kind < 4; kind++) { /* table, grid, dense, dense with a hole */
            RfDict *d = rf_dict_new(0);
            for (int64_t i = 0; i < n; i++) {
                rf_dict_set_int(d, kind == 0 ? i * i * 7 + 3 : kind == 1 ? (i ^ 1) * 6 : i, rf_int(i));
            }
            if (kind == 3) {
                remove_key(d, "1", n > 1);
            }
            set(d, "name", -1);
            check_sound(d);
            assert_int_equal(rf_dict_find_cstr(d, "name")->as.i, -1);
            assert_int_equal(d->len, n + (kind != 3 || n == 1));
            size_t pos = 0, strings = 0;
            for (RfDictItem item; rf_dict_next(d, &pos, &item);) {
                strings += item.key.tag == RF_TAG_STRING;
            }
            assert_int_equal(strings, 1);
            rf_object_release(d);
        }
    }
    assert_int_equal(rf_mem_live_bytes(), live);
}

/* Large enough for huge pages and for giving the old table back piece by piece. */
static void a_large_table(void **state)
{
    (void)state;
    int64_t live = rf_mem_live_bytes();
    enum { N = 400000 };
    RfDict *d = rf_dict_new(0);
    for (int64_t i = 0; i < N; i++) {
        rf_dict_set_int(d, i * i - 5000, rf_int(i));
    }
    assert_true(rf_dict_is_table(d));
    assert_true(d->cap < 2 * N);
    rf_object_retain(d);
    RfDict *copy = rf_dict_unique(d);
    for (int64_t i = 0; i < N - 20; i++) {
        RfValue value;
        assert_true(rf_dict_remove(copy, rf_int(i * i - 5000), &value));
        assert_int_equal(value.as.i, i);
    }
    assert_true(copy->cap < N / 16);
    check_sound(copy);
    size_t pos = 0;
    int64_t i = 0;
    for (RfDictItem item; rf_dict_next(d, &pos, &item); i++) {
        assert_int_equal(item.value->as.i, i);
        assert_int_equal(item.key.as.i, i * i - 5000);
    }
    assert_int_equal(i, N);
    rf_object_release(copy);
    rf_object_release(d);
    assert_int_equal(rf_mem_live_bytes(), live);
}

static void reserving_avoids_growth(void **state)
{
    (void)state;
    RfDict *d = rf_dict_new(1000);
    assert_true(d->cap >= 1000);
    for (int64_t i = 0; i < 9; i++) {
        rf_dict_set_int(d, i * i, rf_int(i));
    }
    uint32_t cap = d->cap;
    assert_true(rf_dict_is_table(d));
    for (int64_t i = 9; i < 1000; i++) {
        rf_dict_set_int(d, i * i, rf_int(i));
    }
    assert_int_equal(d->cap, cap);
    check_sound(d);
    rf_dict_reserve(d, 5000);
    assert_true(rf_dict_room(d) >= 5000);
    check_sound(d);
    rf_object_release(d);
}

static void sorted_order(void **state)
{
    (void)state;
    RfDict *d = rf_dict_new(0);
    check_sorted(d, "");
    set(d, "10", 0);
    set(d, "9", 0);
    set(d, "-3", 0);
    set(d, "-20", 0);
    check_sorted(d, "-20,-3,9,10,"); /* all ints: by number */
    set(d, "x", 0);
    check_sorted(d, "-20,-3,10,9,x,"); /* else by bytes */
    set(d, "same start, a", 0);
    set(d, "same start, B", 0);
    set(d, "same start", 0);
    set(d, "1000000000", 0);
    set(d, "100000000", 0);
    check_sorted(d, "-20,-3,10,100000000,1000000000,9,same start,same start, B,same start, a,x,");
    rf_object_release(d);
    d = rf_dict_new(0);
    for (int i = 5; i < 9; i++) {
        rf_dict_set_int(d, i, rf_null());
    }
    check_sorted(d, "5,6,7,8,");
    rf_object_release(d);
}

static void sorting_many(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        RfDict *d = rf_dict_new(0);
        uint32_t seed = 5;
        for (int i = 0; i < 3000; i++) {
            seed = seed * 1664525 + 1013904223;
            char key[40];
            snprintf(key, sizeof key, kind == 0 || (kind == 2 && i % 2) ? "%d" : "name %d", (int)seed);
            set(d, key, i);
        }
        RfDictItem *items = rf_dict_sorted(d);
        for (size_t i = 1; i < d->len; i++) {
            RfString *a = rf_dict_key_string(items[i - 1].key), *b = rf_dict_key_string(items[i].key);
            if (kind == 0) {
                assert_true(items[i - 1].key.as.i < items[i].key.as.i);
            } else {
                assert_true(rf_string_compare(a, b) < 0);
            }
            rf_object_release(a);
            rf_object_release(b);
        }
        rf_mem_free(items, d->len * sizeof *items);
        rf_object_release(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUNTIME_TEST(keys),
        RUNTIME_TEST(an_int_and_its_text_are_one_key),
        RUNTIME_TEST(overwriting_keeps_the_place),
        RUNTIME_TEST(strings_are_found_by_content),
        RUNTIME_TEST(a_guess_is_right_or_nothing),
        RUNTIME_TEST(dense_keys_need_no_index),
        RUNTIME_TEST(a_string_ends_density),
        RUNTIME_TEST(as_a_queue),
        RUNTIME_TEST(few_entries_left_over_are_squeezed),
        RUNTIME_TEST(random_changes),
        RUNTIME_TEST(regular_keys_spread),
        RUNTIME_TEST(keys_in_even_steps_make_a_grid),
        RUNTIME_TEST(a_grid_grows_to_both_sides),
        RUNTIME_TEST(a_grid_at_the_limits),
        RUNTIME_TEST(a_removed_key_comes_back_to_a_grid),
        RUNTIME_TEST(keys_that_are_no_grid),
        RUNTIME_TEST(a_string_joins_ints),
        RUNTIME_TEST(random_changes_of_grids_and_tables),
        RUNTIME_TEST(a_large_table),
        RUNTIME_TEST(reserving_avoids_growth),
        RUNTIME_TEST(sorted_order),
        RUNTIME_TEST(sorting_many),
    };
    return cmocka_run_group_tests_name("dict", tests, NULL, NULL);
}

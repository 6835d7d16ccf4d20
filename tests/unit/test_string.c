/* Strings: making, appending, code points, hashing, canonical ints, interning. */
#include "runtime_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

static void check_sound(const RfString *s)
{
    assert_int_equal(s->data[s->len], 0);
    assert_int_equal(s->count, rf_utf8_count(s->data, s->len));
    assert_int_equal((s->obj.flags & RF_STRING_ASCII) != 0, rf_utf8_is_ascii(s->data, s->len));
    assert_true(s->len <= s->cap);
}

static void check_text(RfString *s, const char *text)
{
    check_sound(s);
    assert_string_equal(s->data, text);
    assert_int_equal(s->len, strlen(text));
    rf_object_release(s);
}

static void making(void **state)
{
    (void)state;
    check_text(rf_string_from_cstr(""), "");
    check_text(rf_string_from_cstr("h\xC3\xA9llo"), "h\xC3\xA9llo");
    check_text(rf_string_from_int(-42), "-42");
    check_text(rf_string_from_code_point('x'), "x");
    check_text(rf_string_from_code_point(0x20AC), "\xE2\x82\xAC");
    check_text(rf_string_format("%d-%s", 7, "z"), "7-z");
    char long_text[1001];
    memset(long_text, 'q', 1000);
    long_text[1000] = '\0';
    check_text(rf_string_format("%s", long_text), long_text);
    RfString *s = rf_string_new("a\0b", 3);
    assert_int_equal(s->len, 3);
    assert_memory_equal(s->data, "a\0b", 4);
    rf_object_release(s);
}

static void appending(void **state)
{
    (void)state;
    int64_t live = rf_mem_live_bytes();
    uint64_t allocs = rf_mem_alloc_count();
    static const char *const pieces[] = {"a", "\xC3\xA9", "xyz", "\xF0\x9F\x98\x80!", ""};
    RfString *s = rf_string_from_cstr("");
    char *expected = malloc(100000);
    size_t len = 0;
    for (size_t i = 0; i < 20000; i++) {
        const char *piece = pieces[i % 5];
        RfString *right = rf_string_from_cstr(piece);
        s = rf_string_append(s, right);
        rf_object_release(right);
        memcpy(expected + len, piece, strlen(piece) + 1);
        len += strlen(piece);
    }
    assert_true(rf_mem_alloc_count() - allocs < 20000 + 100); /* one for each piece, few for the growing string */
    check_text(s, expected);
    free(expected);
    assert_int_equal(rf_mem_live_bytes(), live);
}

static void shared_strings_do_not_change(void **state)
{
    (void)state;
    RfString *s = rf_string_from_cstr("one"), *copy = s;
    rf_object_retain(copy);
    s = rf_string_append_bytes(s, "two", 3);
    assert_ptr_not_equal(s, copy);
    check_text(copy, "one");
    uint32_t hash = rf_string_hash(s);
    s = rf_string_append_bytes(s, "3", 1);
    assert_int_not_equal(rf_string_hash(s), hash);
    check_text(s, "onetwo3");

    RfString *name = rf_intern_cstr(&rt, "interned"); /* borrowed, though its count is 1 */
    rf_object_retain(name);
    check_text(rf_string_append_bytes(name, "!", 1), "interned!");
    assert_string_equal(rf_intern_cstr(&rt, "interned")->data, "interned");
}

static void appending_to_itself(void **state)
{
    (void)state;
    RfString *s = rf_string_from_cstr("ab\xC3\xA9");
    for (int i = 0; i < 12; i++) {
        s = rf_string_append(s, s);
    }
    check_sound(s);
    assert_int_equal(s->len, 4 << 12);
    for (size_t i = 0; i < s->len; i += 4) {
        assert_memory_equal(s->data + i, "ab\xC3\xA9", 4);
    }
    s = rf_string_append_bytes(s, s->data + 2, 2);
    assert_memory_equal(s->data + s->len - 2, "\xC3\xA9", 2);
    rf_object_release(s);
}

static void an_empty_side_costs_nothing(void **state)
{
    (void)state;
    RfString *a = rf_string_from_cstr("text"), *empty = rf_string_from_cstr("");
    RfString *sum = rf_string_append(empty, a); /* takes empty */
    assert_ptr_equal(sum, a);
    assert_int_equal(a->obj.rc, 2);
    rf_object_release(a);
    assert_ptr_equal(rf_string_append(sum, rt.empty), sum);
    rf_object_release(sum);
}

/* A text of all widths, long enough for the sparse index; every offset and many slices against a plain count. */
static void code_points(void **state)
{
    (void)state;
    static const uint32_t kinds[] = {'a', 0xE9, 0x20AC, 0x1F600};
    enum { N = 1000 };
    size_t offsets[N + 1];
    RfString *s = rf_string_from_cstr("");
    for (size_t i = 0; i < N; i++) {
        char bytes[4];
        offsets[i] = s->len;
        s = rf_string_append_bytes(s, bytes, rf_utf8_encode(kinds[i * 7 / 3 % 4], bytes));
        if (i % 97 == 96) { /* looking while it grows extends the index step by step */
            assert_int_equal(rf_string_offset(s, i / 2), offsets[i / 2]);
            assert_int_equal(rf_string_offset(s, i), offsets[i]);
        }
    }
    offsets[N] = s->len;
    for (size_t i = 0; i <= N; i++) {
        assert_int_equal(rf_string_offset(s, i), offsets[i]);
    }
    for (size_t start = 0; start <= N; start += 41) {
        for (size_t end = start; end <= N; end += 37) {
            RfString *slice = rf_string_slice(s, start, end);
            check_sound(slice);
            assert_int_equal(slice->count, end - start);
            assert_int_equal(slice->len, offsets[end] - offsets[start]);
            assert_memory_equal(slice->data, s->data + offsets[start], slice->len);
            rf_object_release(slice);
        }
    }
    RfString *whole = rf_string_slice(s, 0, N);
    assert_ptr_equal(whole, s);
    rf_object_release(whole);
    rf_object_release(s);
}

static void ascii_slices(void **state)
{
    (void)state;
    RfString *s = rf_string_from_cstr("hello world");
    check_text(rf_string_slice(s, 6, 11), "world");
    check_text(rf_string_slice(s, 3, 3), "");
    rf_object_release(s);
    s = rf_string_from_cstr("caf\xC3\xA9 noir");
    check_text(rf_string_slice(s, 5, 9), "noir"); /* ASCII part of a string that is not */
    rf_object_release(s);
}

static void hashing(void **state)
{
    (void)state;
    /* All lengths and one changed byte anywhere: different hashes (fixed input, so no luck involved). */
    char text[80];
    memset(text, 'a', sizeof text);
    for (size_t len = 1; len < sizeof text; len++) {
        uint32_t hash = rf_hash_bytes(text, len);
        assert_int_equal(hash, rf_hash_bytes(text, len));
        assert_int_not_equal(hash, rf_hash_bytes(text, len - 1));
        for (size_t i = 0; i < len; i++) {
            text[i] = 'b';
            assert_int_not_equal(hash, rf_hash_bytes(text, len));
            text[i] = 'a';
        }
    }
    assert_int_not_equal(rf_hash_bytes("", 0), 0);
    /* The upper and the lower bits spread numbered names evenly: no of 256 buckets gets twice its share of 64. */
    unsigned upper[256] = {0}, lower[256] = {0};
    for (int i = 0; i < 256 * 64; i++) {
        int len = snprintf(text, sizeof text, "name%d", i);
        uint32_t hash = rf_hash_bytes(text, (size_t)len);
        upper[hash >> 24]++;
        lower[hash & 255]++;
    }
    for (int i = 0; i < 256; i++) {
        assert_in_range(upper[i], 20, 128);
        assert_in_range(lower[i], 20, 128);
    }
}

static void comparing(void **state)
{
    (void)state;
    static const char *const ordered[] = {"", "a", "ab", "abc", "b", "\xC3\xA9", "\xE2\x82\xAC"};
    for (size_t i = 0; i < 7; i++) {
        for (size_t k = 0; k < 7; k++) {
            RfString *a = rf_string_from_cstr(ordered[i]), *b = rf_string_from_cstr(ordered[k]);
            int order = rf_string_compare(a, b);
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
            assert_int_equal(rf_string_equal(a, b), i == k);
            rf_string_hash(a);
            assert_int_equal(rf_string_equal(a, b), i == k);
            rf_string_hash(b);
            assert_int_equal(rf_string_equal(a, b), i == k);
            rf_object_release(a);
            rf_object_release(b);
        }
    }
}

static void canonical_ints(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool canonical;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {"12", true, 12},
        {"-5", true, -5},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999", false, 0},
        {"007", false, 0},
        {"+5", false, 0},
        {"-0", false, 0},
        {"-", false, 0},
        {"", false, 0},
        {"-01", false, 0},
        {"1.0", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1a", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RfString *s = rf_string_from_cstr(cases[i].text);
        int64_t value = 0;
        assert_int_equal(rf_string_as_canonical_int(s, &value), cases[i].canonical);
        assert_int_equal(value, cases[i].value);
        rf_object_release(s);
    }
}

static void interning(void **state)
{
    (void)state;
    RfString *a = rf_intern_cstr(&rt, "field");
    assert_ptr_equal(a, rf_intern(&rt, "fieldxyz", 5));
    assert_ptr_not_equal(a, rf_intern_cstr(&rt, "Field"));
    assert_ptr_equal(rf_intern_cstr(&rt, ""), rt.empty);
    RfString *x = rf_string_char(&rt, 'x');
    assert_ptr_equal(x, rf_intern_cstr(&rt, "x"));
    assert_int_equal(x->obj.rc, 2);
    rf_object_release(x);
    check_text(rf_string_char(&rt, 0xE9), "\xC3\xA9");
    for (int i = 0; i < 5000; i++) {
        char text[32];
        int len = snprintf(text, sizeof text, "name%d", i);
        RfString *s = rf_intern(&rt, text, (size_t)len);
        assert_ptr_equal(rf_intern_cstr(&rt, text), s);
        assert_string_equal(s->data, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUNTIME_TEST(making),
        RUNTIME_TEST(appending),
        RUNTIME_TEST(shared_strings_do_not_change),
        RUNTIME_TEST(appending_to_itself),
        RUNTIME_TEST(an_empty_side_costs_nothing),
        RUNTIME_TEST(code_points),
        RUNTIME_TEST(ascii_slices),
        RUNTIME_TEST(hashing),
        RUNTIME_TEST(comparing),
        RUNTIME_TEST(canonical_ints),
        RUNTIME_TEST(interning),
    };
    return cmocka_run_group_tests_name("string", tests, NULL, NULL);
}

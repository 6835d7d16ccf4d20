/* Edit distance of words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/distance.h"

static void edits(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {
        {"check", "check", 0},
        {"chekc", "check", 1},
        {"chk", "check", 2},
        {"check", "chk", 2},
        {"", "", 0},
        {"", "abc", 3},
        {"abc", "", 3},
        {"ab", "ba", 1},
        {"abcd", "badc", 2},
        {"ca", "abc", 3}, /* each place is edited once */
        {"h\xc3\xa9llo", "hello", 1},
        {"\xf0\x9f\x98\x80", "", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(rf_distance_text(cases[i].a, cases[i].b), cases[i].distance);
        assert_int_equal(rf_distance_text(cases[i].b, cases[i].a), cases[i].distance);
        uint32_t a[RF_DISTANCE_MAX], b[RF_DISTANCE_MAX];
        size_t m = rf_distance_decode(cases[i].a, strlen(cases[i].a), a);
        size_t n = rf_distance_decode(cases[i].b, strlen(cases[i].b), b);
        for (size_t limit = 0; limit < 8; limit++) {
            size_t expected = cases[i].distance <= limit ? cases[i].distance : limit + 1;
            assert_int_equal(rf_distance_within(a, m, b, n, limit), expected);
        }
    }
}

static void long_words_are_not_compared(void **state)
{
    (void)state;
    char word[RF_DISTANCE_MAX + 2];
    memset(word, 'a', sizeof word);
    word[RF_DISTANCE_MAX] = '\0';
    assert_int_equal(rf_distance_text(word, ""), RF_DISTANCE_MAX);
    assert_int_equal(rf_distance_text(word, word), 0);
    word[RF_DISTANCE_MAX] = 'a';
    word[RF_DISTANCE_MAX + 1] = '\0';
    assert_true(rf_distance_text(word, "a") == SIZE_MAX);
    assert_true(rf_distance_text("a", word) == SIZE_MAX);
}

static void bytes_that_are_no_text(void **state)
{
    (void)state;
    uint32_t out[RF_DISTANCE_MAX];
    assert_int_equal(rf_distance_decode("a\xff\xc3", 3, out), 3);
    assert_int_equal(out[0], 'a');
    assert_int_equal(rf_distance_text("a\xff", "a"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edits),
        cmocka_unit_test(long_words_are_not_compared),
        cmocka_unit_test(bytes_that_are_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

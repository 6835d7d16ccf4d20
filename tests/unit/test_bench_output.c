/* What `ruff bench` keeps of a program's output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tools/bench_output.h"

static void add(RfBenchOutput *out, const char *text)
{
    rf_bench_output_add(out, text, strlen(text));
}

static uint64_t hash_in_pieces(const char *text, size_t size)
{
    RfBenchOutput out = {.keep = false};
    size_t len = strlen(text);
    for (size_t at = 0; at < len; at += size) {
        rf_bench_output_add(&out, text + at, len - at < size ? len - at : size);
    }
    uint64_t hash = rf_bench_output_hash(&out);
    rf_bench_output_free(&out);
    return hash;
}

static void test_pieces_do_not_matter(void **state)
{
    (void)state;
    const char *text = "The quick brown fox jumps over the lazy dog, twice a day and on Sundays\n";
    uint64_t whole = hash_in_pieces(text, 1000);
    for (size_t size = 1; size < 20; size++) {
        assert_true(hash_in_pieces(text, size) == whole);
    }
}

static void test_differences_show(void **state)
{
    (void)state;
    assert_true(hash_in_pieces("a\n", 9) != hash_in_pieces("a", 9));
    assert_true(hash_in_pieces("abcdefgh", 9) != hash_in_pieces("abcdefgi", 9));
    assert_true(hash_in_pieces("ab", 9) != hash_in_pieces("ba", 9));
    RfBenchOutput zeros = {.keep = false}, none = {.keep = false};
    rf_bench_output_add(&zeros, "\0", 1); /* only the length differs */
    assert_true(rf_bench_output_hash(&zeros) != rf_bench_output_hash(&none));
}

static void test_trimmed_text(void **state)
{
    (void)state;
    RfBenchOutput out = {.keep = true};
    add(&out, " \n");
    add(&out, "\t1 ");
    add(&out, " ");
    add(&out, "\n2");
    add(&out, "\n \n");
    assert_true(rf_bench_output_is(&out, "1  \n2", 5));
    assert_false(rf_bench_output_is(&out, "1  \n2\n", 6));
    assert_false(rf_bench_output_is(&out, "1  \n3", 5));
    rf_bench_output_clear(&out, true);
    assert_true(rf_bench_output_is(&out, "", 0));
    add(&out, " \n ");
    assert_true(rf_bench_output_is(&out, "", 0));
    assert_false(rf_bench_output_is(&out, "x", 1));
    rf_bench_output_free(&out);
}

static void test_much_text(void **state)
{
    (void)state;
    static char block[1 << 16];
    RfBenchOutput out = {.keep = true};
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 100; i++) {
        rf_bench_output_add(&out, block, sizeof block);
    }
    assert_true(out.text.len == RF_BENCH_TEXT_MAX);
    assert_true(out.trimmed == 100 * sizeof block);
    assert_false(rf_bench_output_is(&out, block, sizeof block));
    rf_bench_output_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_do_not_matter),
        cmocka_unit_test(test_differences_show),
        cmocka_unit_test(test_trimmed_text),
        cmocka_unit_test(test_much_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

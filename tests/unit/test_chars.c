/* Whitespace and full case mapping against data of the Unicode standard. */
#include "base/utf8.h"
#include "lib/chars.h"
#include "runtime_fixture.h"

typedef void PutText(RfBuf *out, const char *text, size_t len);

static void check_mapped(PutText *put, const char *text, const char *expected)
{
    RfBuf out = RF_BUF_INIT;
    put(&out, text, strlen(text));
    assert_string_equal(rf_buf_cstr(&out), expected);
    rf_buf_free(&out);
}

static void upper_case(void **state)
{
    (void)state;
    check_mapped(rf_chars_put_upper_text, "", "");
    check_mapped(rf_chars_put_upper_text, "aZ9-", "AZ9-");
    check_mapped(rf_chars_put_upper_text, "ßẞ", "SSẞ");
    check_mapped(rf_chars_put_upper_text, "ŉǰẖẗẘẙẚև", "ʼNJ̌H̱T̈W̊Y̊AʾԵՒ");
    check_mapped(rf_chars_put_upper_text, "ﬀﬁﬂﬃﬄﬅﬆﬓﬗ", "FFFIFLFFIFFLSTSTՄՆՄԽ");
    check_mapped(rf_chars_put_upper_text, "ᾀᾈᾳᾼᾶᾷῼ", "ἈΙἈΙΑΙΑΙΑ͂Α͂ΙΩΙ");
    check_mapped(rf_chars_put_upper_text, "ıİſǅ", "IİSǄ");
}

static void lower_case(void **state)
{
    (void)state;
    check_mapped(rf_chars_put_lower_text, "AZ9-", "az9-");
    check_mapped(rf_chars_put_lower_text, "İẞǅK", "i̇ßǆk");
    check_mapped(rf_chars_put_lower_text, "ΣΑΣ", "σας");
    check_mapped(rf_chars_put_lower_text, "Σ", "σ");
    check_mapped(rf_chars_put_lower_text, "ΑΣ' ΑΣ'Α Α'Σ", "ας' ασ'α α'ς");
    check_mapped(rf_chars_put_lower_text, "1Σ ΑΣ1", "1σ ας1");
}

static void capitalized(void **state)
{
    (void)state;
    check_mapped(rf_chars_put_capitalized, "", "");
    check_mapped(rf_chars_put_capitalized, "hELLO", "Hello");
    check_mapped(rf_chars_put_capitalized, "ßA", "SSa");
    check_mapped(rf_chars_put_capitalized, "ΑΣ", "Ας");
}

static void white_space(void **state)
{
    (void)state;
    static const uint32_t spaces[] = {0x09,   0x0A,   0x0B,   0x0C,   0x0D,   0x20,   0x85,   0xA0,   0x1680,
                                      0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008,
                                      0x2009, 0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000};
    size_t found = 0;
    for (uint32_t cp = 0; cp < 0x110000; cp++) {
        if (rf_chars_is_space(cp)) {
            assert_true(found < sizeof spaces / sizeof spaces[0]);
            assert_int_equal(cp, spaces[found]);
            found++;
        }
    }
    assert_int_equal(found, sizeof spaces / sizeof spaces[0]);
    assert_int_equal(rf_chars_space_prefix(" \u3000x ", 6), 4);
    assert_int_equal(rf_chars_space_suffix(" x\u00A0\n", 5), 3);
    assert_int_equal(rf_chars_space_prefix("  ", 2), 2);
    assert_int_equal(rf_chars_space_suffix("", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upper_case),
        cmocka_unit_test(lower_case),
        cmocka_unit_test(capitalized),
        cmocka_unit_test(white_space),
    };
    return cmocka_run_group_tests_name("chars", tests, NULL, NULL);
}

/* Floats to text and back: shortest digits, checked against a search through all precisions of printf. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime_fixture.h"

static void check_text(double f, const char *expected)
{
    char text[RF_FLOAT_TEXT_MAX + 1];
    text[rf_float_to_text(f, text)] = '\0';
    assert_string_equal(text, expected);
}

static double from_bits(uint64_t bits)
{
    double f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static void known_texts(void **state)
{
    (void)state;
    check_text(5.0, "5");
    check_text(0.0, "0");
    check_text(-0.0, "-0");
    check_text(0.1, "0.1");
    check_text(0.1 + 0.2, "0.30000000000000004");
    check_text(-1.5, "-1.5");
    check_text(1e21, "1000000000000000000000");
    check_text(1e23, "100000000000000000000000");
    check_text(1e-7, "0.0000001");
    check_text(9007199254740991.0, "9007199254740991");
    check_text(9007199254740992.0, "9007199254740992");
    check_text(9007199254740993.0, "9007199254740992");
    check_text(9007199254740994.0, "9007199254740994");
    check_text(0x1p70, "1180591620717411300000");
    check_text(123456.789, "123456.789");
    check_text(NAN, "NaN");
    check_text(-NAN, "NaN");
    check_text(INFINITY, "inf");
    check_text(-INFINITY, "-inf");
}

static void known_digits(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *digits;
        int exponent;
    } cases[] = {
        {5e-324, "5", -323},
        {DBL_MAX, "17976931348623157", 309},
        {DBL_MIN, "22250738585072014", -307},
        {0x1p-44, "5684341886080802", -13},
        {1e22, "1", 23},
        {1e23, "1", 24},
        {0.5, "5", 0},
        {-100.0, "1", 3},
        {9007199254740993.0, "9007199254740992", 16},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char digits[18];
        int exponent;
        int len = rf_float_digits(cases[i].value, digits, &exponent);
        assert_string_equal(digits, cases[i].digits);
        assert_int_equal(len, strlen(cases[i].digits));
        assert_int_equal(exponent, cases[i].exponent);
    }
}

/* The n-digit decimal nearest to f is printed by "%.*e". Where the interval of f is lopsided (powers of two) its upper
 * neighbour may read back to f though the nearest does not. */
static int search(double f, char *digits, int *exponent)
{
    for (int n = 1; n <= 17; n++) {
        char text[40];
        snprintf(text, sizeof text, "%.*e", n - 1, f);
        char *e = strchr(text, 'e');
        uint64_t mantissa = (uint64_t)(text[0] - '0');
        for (char *p = text + 1; p < e; p++) {
            mantissa = *p == '.' ? mantissa : mantissa * 10 + (uint64_t)(*p - '0');
        }
        int scale = atoi(e + 1) - (n - 1);
        for (unsigned up = 0; up <= 1; up++) {
            snprintf(text, sizeof text, "%llue%d", (unsigned long long)(mantissa + up), scale);
            if (strtod(text, NULL) == f) {
                int len = snprintf(digits, 18, "%llu", (unsigned long long)(mantissa + up));
                *exponent = len + scale;
                while (digits[len - 1] == '0') {
                    digits[--len] = '\0';
                }
                return len;
            }
        }
    }
    return 0;
}

static void check_against_search(double f)
{
    char expected[24];
    char digits[18];
    int expected_exponent = 0;
    int exponent = 0;
    search(f, expected, &expected_exponent);
    rf_float_digits(f, digits, &exponent);
    if (strcmp(digits, expected) != 0 || exponent != expected_exponent) {
        fail_msg("%.17g: got 0.%se%d, expected 0.%se%d", f, digits, exponent, expected, expected_exponent);
    }
}

static void edges_against_search(void **state)
{
    (void)state;
    for (uint64_t biased = 0; biased < 2047; biased++) { /* around every power of two */
        for (int64_t d = -3; d <= 3; d++) {
            uint64_t bits = (biased << 52) + (uint64_t)d;
            if (bits > 0 && bits < UINT64_C(0x7FF) << 52) {
                check_against_search(from_bits(bits));
            }
        }
    }
    for (int e = -323; e <= 308; e++) { /* around every power of ten */
        char text[16];
        snprintf(text, sizeof text, "1e%d", e);
        double f = strtod(text, NULL);
        check_against_search(f);
        check_against_search(nextafter(f, INFINITY));
        check_against_search(nextafter(f, 0) > 0 ? nextafter(f, 0) : f);
    }
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* RUFF_TEST_FLOATS sets the number of random bit patterns. */
static void random_against_search(void **state)
{
    (void)state;
    const char *wanted = getenv("RUFF_TEST_FLOATS");
    long n = wanted ? atol(wanted) : 20000;
    uint64_t seed = 1;
    for (long i = 0; i < n; i++) {
        double f = fabs(from_bits(next_random(&seed)));
        if (isfinite(f) && f > 0) {
            check_against_search(f);
        }
        check_against_search((double)(next_random(&seed) % 100000000 + 1) / 1000.0);
    }
}

static void random_round_trips(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (int i = 0; i < 200000; i++) {
        double f = from_bits(next_random(&seed));
        if (!isfinite(f)) {
            continue;
        }
        char text[RF_FLOAT_TEXT_MAX];
        double back;
        assert_true(rf_text_to_float(text, rf_float_to_text(f, text), &back));
        assert_memory_equal(&back, &f, sizeof f);
    }
}

static bool parse(const char *text, double *out)
{
    return rf_text_to_float(text, strlen(text), out);
}

static void parsing(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {
        {".5", 0.5},
        {"5.", 5},
        {"1e5", 1e5},
        {"-1.5E-3", -1.5e-3},
        {"+2", 2},
        {"inf", INFINITY},
        {"-Infinity", -INFINITY},
        {"1e400", INFINITY},
        {"1e-400", 0},
        {"9007199254740993", 9007199254740992.0},
        {"9007199254740993.00000000000000000000001", 9007199254740994.0},
        {"123456789012345678901234567890", 123456789012345678901234567890.0},
        {"2.2250738585072011e-308", 2.2250738585072011e-308},
        {"1e99999999999999999999", INFINITY},
    };
    double f;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(parse(good[i].text, &f));
        assert_true(f == good[i].value);
    }
    assert_true(parse("NaN", &f) && isnan(f));
    assert_true(parse("-0", &f) && f == 0 && signbit(f));
    static const char *const bad[] = {"",   ".",  "-",      "e5",   "1e",    "1e+", "0x10", "1_0",
                                      "1 ", " 1", "nan(1)", "infi", "1.2.3", "--1", "1p3"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(parse(bad[i], &f));
    }
    assert_false(rf_text_to_float("1\0", 2, &f));
    char many[3000]; /* 0.000...(2000 zeros)...1e2001 is 1 */
    memset(many, '0', sizeof many);
    many[1] = '.';
    memcpy(many + 2002, "1e2001", 6);
    assert_true(rf_text_to_float(many, 2008, &f));
    assert_true(f == 1.0);
}

static void parsing_ints(void **state)
{
    (void)state;
    int64_t i;
    assert_true(rf_text_to_int("-9223372036854775808", 20, 10, &i) && i == INT64_MIN);
    assert_true(rf_text_to_int("+9223372036854775807", 20, 10, &i) && i == INT64_MAX);
    assert_false(rf_text_to_int("9223372036854775808", 19, 10, &i));
    assert_false(rf_text_to_int("99999999999999999999999", 23, 10, &i));
    assert_true(rf_text_to_int("-fF", 3, 16, &i) && i == -255);
    assert_true(rf_text_to_int("zz", 2, 36, &i) && i == 35 * 36 + 35);
    assert_false(rf_text_to_int("12", 2, 2, &i));
    assert_false(rf_text_to_int("", 0, 10, &i));
    assert_false(rf_text_to_int("-", 1, 10, &i));
    assert_false(rf_text_to_int("1 ", 2, 10, &i));
    char text[24];
    assert_int_equal(rf_int_to_text(INT64_MIN, text), 20);
    assert_memory_equal(text, "-9223372036854775808", 20);
    assert_int_equal(rf_int_to_text(0, text), 1);
    assert_int_equal(text[0], '0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts),          cmocka_unit_test(known_digits),
        cmocka_unit_test(edges_against_search), cmocka_unit_test(random_against_search),
        cmocka_unit_test(random_round_trips),   cmocka_unit_test(parsing),
        cmocka_unit_test(parsing_ints),
    };
    return cmocka_run_group_tests_name("float_text", tests, NULL, NULL);
}

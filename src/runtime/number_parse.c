/* Reading numbers: the texts that to_int, to_float, parse_int, parse_float and the data formats accept. */
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "runtime/text.h"

static int digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'z' ? lower - 'a' + 10 : INT_MAX;
}

bool rf_text_to_int(const char *text, size_t len, int base, int64_t *out)
{
    size_t i = 0;
    bool negative = false;
    if (len > 0 && (text[0] == '-' || text[0] == '+')) {
        negative = text[0] == '-';
        i = 1;
    }
    if (i == len) {
        return false;
    }
    uint64_t limit = (uint64_t)INT64_MAX + negative;
    uint64_t value = 0;
    for (; i < len; i++) {
        int digit = digit_value(text[i]);
        if (digit >= base || __builtin_mul_overflow(value, (uint64_t)base, &value) ||
            __builtin_add_overflow(value, (uint64_t)digit, &value) || value > limit) {
            return false;
        }
    }
    *out = (int64_t)(negative ? 0 - value : value);
    return true;
}

/* A scanned decimal number: the first digits as an integer, and where they stand. */
typedef struct Decimal {
    uint64_t digits;  /* the number without its point, as far as it fits */
    bool exact;       /* all digits are in `digits` */
    int64_t exponent; /* value = digits * 10^exponent */
} Decimal;

/* Reads digits into d; returns the index after them. */
static size_t scan_digits(const char *text, size_t len, size_t i, Decimal *d, bool fraction)
{
    for (; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
        if (d->digits < 1000000000000000000u) {
            d->digits = d->digits * 10 + (uint64_t)(text[i] - '0');
            d->exponent -= fraction;
        } else {
            d->exact = false;
        }
    }
    return i;
}

/* Reads an exponent at text[i] ("e-5") into d; returns the index after it, or 0 when malformed. */
static size_t scan_exponent(const char *text, size_t len, size_t i, Decimal *d)
{
    i++;
    bool negative = false;
    if (i < len && (text[i] == '-' || text[i] == '+')) {
        negative = text[i++] == '-';
    }
    size_t start = i;
    int64_t e = 0;
    for (; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
        e = e < 100000 ? e * 10 + (text[i] - '0') : e;
    }
    d->exponent += negative ? -e : e;
    return i == start ? 0 : i;
}

static bool scan_decimal(const char *text, size_t len, Decimal *d)
{
    *d = (Decimal){.exact = true};
    size_t i = scan_digits(text, len, 0, d, false);
    size_t ndigits = i;
    if (i < len && text[i] == '.') {
        size_t point = i;
        i = scan_digits(text, len, i + 1, d, true);
        ndigits += i - point - 1;
    }
    if (ndigits == 0) {
        return false;
    }
    if (i < len && (text[i] == 'e' || text[i] == 'E')) {
        i = scan_exponent(text, len, i, d);
    }
    return i == len;
}

/* Up to 2^53 and 10^22 both operands are exact, so one multiplication or division rounds correctly
 * (Clinger, "How to read floating point numbers accurately", PLDI 1990). */
static bool convert_fast(const Decimal *d, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (!d->exact || d->digits > (UINT64_C(1) << 53) || d->exponent < -22 || d->exponent > 22) {
        return false;
    }
    double f = (double)d->digits;
    *out = d->exponent < 0 ? f / powers[-d->exponent] : f * powers[d->exponent];
    return true;
}

/* strtod of the C locale rounds correctly; the grammar has been checked, so all it needs is the NUL. */
static double convert_exact(const char *text, size_t len)
{
    char small[128];
    char *copy = len < sizeof small ? small : rf_mem_alloc(len + 1);
    memcpy(copy, text, len);
    copy[len] = '\0';
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* a static object, nothing is allocated */
    double f = strtod_l(copy, NULL, c_locale);
    freelocale(c_locale);
    if (copy != small) {
        rf_mem_free(copy, len + 1);
    }
    return f;
}

static bool is_word(const char *text, size_t len, const char *word)
{
    return len == strlen(word) && strncasecmp(text, word, len) == 0;
}

bool rf_text_to_float(const char *text, size_t len, double *out)
{
    bool negative = len > 0 && text[0] == '-';
    if (len > 0 && (text[0] == '-' || text[0] == '+')) {
        text++;
        len--;
    }
    Decimal d;
    double f;
    if (scan_decimal(text, len, &d)) {
        if (!convert_fast(&d, &f)) {
            f = convert_exact(text, len);
        }
    } else if (is_word(text, len, "inf") || is_word(text, len, "infinity")) {
        f = INFINITY;
    } else if (is_word(text, len, "nan")) {
        f = NAN;
    } else {
        return false;
    }
    *out = negative ? -f : f;
    return true;
}

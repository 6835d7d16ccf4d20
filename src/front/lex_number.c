/* Number literals (language.md 1.4).
 *
 * The run of letters, digits and '_' at the start of a number is taken as a whole, so that "12abc" is one error and
 * not a number followed by a name. A '.' joins a decimal run to the next only before a digit, and a sign joins an
 * exponent to its digits. */
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "front/lexer_core.h"

/* Value of a digit of base 16 or less, 99 for any other character. */
static int digit_value(char c)
{
    if (rf_lexer_is_digit(c)) {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 99;
}

/* Length of the longest prefix of digits of `base` with single '_' between them; 0 when there is none. */
static uint32_t digits_prefix(const char *text, uint32_t len, int base)
{
    uint32_t good = 0;
    for (uint32_t i = 0; i < len; i++) {
        if (digit_value(text[i]) < base) {
            good = i + 1;
        } else if (text[i] != '_' || good != i || i == 0) {
            break;
        }
    }
    return good;
}

static bool is_exponent_mark(char c)
{
    return c == 'e' || c == 'E';
}

static int radix_of(const char *text, uint32_t len)
{
    if (len < 2 || text[0] != '0') {
        return 10;
    }
    switch (text[1]) {
    case 'x':
    case 'X': return 16;
    case 'b':
    case 'B': return 2;
    case 'o':
    case 'O': return 8;
    default: return 10;
    }
}

typedef struct NumberShape {
    uint32_t len;   /* bytes of the literal */
    uint32_t chars; /* its characters; more bytes than characters only when malformed */
    bool valid, is_float;
} NumberShape;

/* Checks the exponent that begins at `from` ("e", digits), extending the shape over a sign and the digits after it. */
static void scan_exponent(const RfLexer *lx, uint32_t from, NumberShape *shape)
{
    const char *text = lx->source + lx->at;
    shape->is_float = true;
    uint32_t room = lx->len - lx->at;
    if (from + 1 == shape->len && shape->len + 1 < room && (text[shape->len] == '+' || text[shape->len] == '-') &&
        rf_lexer_is_digit(text[shape->len + 1])) {
        uint32_t chars;
        uint32_t first = shape->len + 1;
        uint32_t run = rf_lexer_word(lx, lx->at + first, &chars);
        shape->len += 1 + run;
        shape->chars += 1 + chars;
        shape->valid = digits_prefix(text + first, run, 10) == run;
        return;
    }
    uint32_t run = shape->len - from - 1;
    shape->valid = run > 0 && digits_prefix(text + from + 1, run, 10) == run;
}

static NumberShape scan_shape(const RfLexer *lx)
{
    const char *text = lx->source + lx->at;
    NumberShape shape = {0};
    shape.len = rf_lexer_word(lx, lx->at, &shape.chars);
    int radix = radix_of(text, shape.len);
    if (radix != 10) {
        shape.valid = shape.len > 2 && digits_prefix(text + 2, shape.len - 2, radix) == shape.len - 2;
        return shape;
    }
    uint32_t digits = digits_prefix(text, shape.len, 10);
    uint32_t room = lx->len - lx->at;
    if (digits == shape.len && digits + 1 < room && text[digits] == '.' && rf_lexer_is_digit(text[digits + 1])) {
        uint32_t chars;
        uint32_t first = digits + 1;
        uint32_t run = rf_lexer_word(lx, lx->at + first, &chars);
        shape.len += 1 + run;
        shape.chars += 1 + chars;
        shape.is_float = true;
        digits = first + digits_prefix(text + first, run, 10);
    }
    if (digits == shape.len) {
        shape.valid = true;
    } else if (is_exponent_mark(text[digits])) {
        scan_exponent(lx, digits, &shape);
    }
    return shape;
}

/* `text` without its '_' and NUL-terminated; it has at most RF_NUMBER_MAX bytes. */
static void strip_underscores(const char *text, uint32_t len, char *out)
{
    for (uint32_t i = 0; i < len; i++) {
        if (text[i] != '_') {
            *out++ = text[i];
        }
    }
    *out = '\0';
}

static bool parse_int(const char *digits, int radix, int64_t *out)
{
    int64_t value = 0;
    for (const char *c = digits; *c != '\0'; c++) {
        if (__builtin_mul_overflow(value, radix, &value) || __builtin_add_overflow(value, digit_value(*c), &value)) {
            return false;
        }
    }
    *out = value;
    return true;
}

/* strtod of the C locale, whatever locale the program that embeds Ruff has chosen. */
static bool parse_float(const char *digits, double *out)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    *out = strtod_l(digits, NULL, plain);
    freelocale(plain);
    return isfinite(*out);
}

void rf_lex_number(RfLexer *lx)
{
    RfToken token = rf_lexer_begin(lx);
    const char *text = lx->source + lx->at;
    NumberShape shape = scan_shape(lx);
    lx->at += shape.len;
    lx->pos.column += shape.chars;
    if (shape.chars > RF_NUMBER_MAX) {
        rf_diag_add(lx->diags, RF_DIAG_LEX_NUMBER_LONG, token.pos,
                    "Numeric literal exceeds max length of %u characters", RF_NUMBER_MAX);
    } else if (!shape.valid) {
        rf_diag_add(lx->diags, RF_DIAG_LEX_NUMBER, token.pos, "Malformed numeric literal: %.*s", (int)shape.len, text);
    } else {
        char digits[RF_NUMBER_MAX + 1];
        int radix = shape.is_float ? 10 : radix_of(text, shape.len);
        uint32_t prefix = radix == 10 ? 0 : 2;
        strip_underscores(text + prefix, shape.len - prefix, digits);
        if (!(shape.is_float ? parse_float(digits, &token.f) : parse_int(digits, radix, &token.i))) {
            rf_diag_add(lx->diags, RF_DIAG_LEX_OVERFLOW, token.pos, "Numeric literal overflow: %.*s", (int)shape.len,
                        text);
        }
    }
    rf_lexer_push(lx, &token, shape.is_float ? RF_TOK_FLOAT : RF_TOK_INT);
}

/* Whitespace and full case mapping on top of utf8proc's simple mappings.
 *
 * Full upper case: a character whose full case folding has several code points has as its full upper case the upper
 * case of those code points (ß folds to ss, gives SS). That is the unconditional part of Unicode's SpecialCasing,
 * with two exceptions: İ and ẞ are upper case already. Full lower case differs from the simple one for İ and for Σ
 * at a word's end. */
#include "lib/chars.h"

#include <utf8proc.h>

#include "base/utf8.h"

#define CAPITAL_I_DOT 0x130u
#define CAPITAL_SHARP_S 0x1E9Eu
#define CAPITAL_SIGMA 0x3A3u
#define FINAL_SIGMA 0x3C2u
#define COMBINING_DOT_ABOVE 0x307u

bool rf_chars_is_space(uint32_t cp)
{
    if (cp < 0x80) {
        return cp == ' ' || (cp >= '\t' && cp <= '\r');
    }
    return cp == 0x85 || cp == 0xA0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200A) || cp == 0x2028 || cp == 0x2029 ||
           cp == 0x202F || cp == 0x205F || cp == 0x3000;
}

bool rf_chars_is_upper(uint32_t cp)
{
    if (cp < 0x80) {
        return cp >= 'A' && cp <= 'Z';
    }
    return utf8proc_category((utf8proc_int32_t)cp) == UTF8PROC_CATEGORY_LU;
}

size_t rf_chars_space_prefix(const char *text, size_t len)
{
    size_t pos = 0;
    while (pos < len) {
        uint32_t cp;
        size_t width = rf_utf8_decode(text + pos, len - pos, &cp);
        if (!rf_chars_is_space(cp)) {
            break;
        }
        pos += width;
    }
    return pos;
}

/* Offset of the code point that ends just before `pos` (> 0). */
static size_t previous(const char *text, size_t pos)
{
    do {
        pos--;
    } while (pos > 0 && ((unsigned char)text[pos] & 0xC0) == 0x80);
    return pos;
}

size_t rf_chars_space_suffix(const char *text, size_t len)
{
    size_t end = len;
    while (end > 0) {
        size_t start = previous(text, end);
        uint32_t cp;
        rf_utf8_decode(text + start, end - start, &cp);
        if (!rf_chars_is_space(cp)) {
            break;
        }
        end = start;
    }
    return len - end;
}

void rf_chars_put_upper(RfBuf *out, uint32_t cp)
{
    if (cp < 0x80) {
        rf_buf_putc(out, (char)(cp >= 'a' && cp <= 'z' ? cp - 0x20 : cp));
        return;
    }
    utf8proc_int32_t folded[8];
    int boundary = 0;
    utf8proc_ssize_t count = utf8proc_decompose_char((utf8proc_int32_t)cp, folded, 8, UTF8PROC_CASEFOLD, &boundary);
    if (count < 2 || count > 8 || cp == CAPITAL_I_DOT || cp == CAPITAL_SHARP_S) {
        rf_buf_put_utf8(out, (uint32_t)utf8proc_toupper((utf8proc_int32_t)cp));
        return;
    }
    for (utf8proc_ssize_t i = 0; i < count; i++) {
        rf_buf_put_utf8(out, (uint32_t)utf8proc_toupper(folded[i]));
    }
}

/* Case_Ignorable: characters a final sigma looks through. */
static bool is_case_ignorable(uint32_t cp)
{
    switch (cp) {
    case '\'':
    case '.':
    case ':':
    case '^':
    case '`':
    case 0xA8:
    case 0xAD:
    case 0xAF:
    case 0xB4:
    case 0xB7:
    case 0xB8:
    case 0x387:
    case 0x55F:
    case 0x5F4:
    case 0x2018:
    case 0x2019:
    case 0x2024:
    case 0x2027:
    case 0xFE13:
    case 0xFE52:
    case 0xFE55:
    case 0xFF07:
    case 0xFF0E:
    case 0xFF1A: return true;
    default: break;
    }
    if (cp < 0x80) {
        return false;
    }
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK: return true;
    default: return false;
    }
}

/* The Cased property. */
static bool is_cased(uint32_t cp)
{
    utf8proc_int32_t c = (utf8proc_int32_t)cp;
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT: return true;
    default: return utf8proc_toupper(c) != c || utf8proc_tolower(c) != c || cp == 0xAA || cp == 0xBA;
    }
}

/* Condition Final_Sigma of the Unicode standard, for the sigma at text[pos]. */
static bool ends_word(const char *text, size_t len, size_t pos, size_t width)
{
    uint32_t cp = 0;
    size_t at = pos;
    bool cased_before = false;
    while (at > 0) {
        size_t start = previous(text, at);
        rf_utf8_decode(text + start, at - start, &cp);
        at = start;
        if (!is_case_ignorable(cp)) {
            cased_before = is_cased(cp);
            break;
        }
    }
    if (!cased_before) {
        return false;
    }
    at = pos + width;
    while (at < len) {
        at += rf_utf8_decode(text + at, len - at, &cp);
        if (!is_case_ignorable(cp)) {
            return !is_cased(cp);
        }
    }
    return true;
}

void rf_chars_put_lower(RfBuf *out, const char *text, size_t len, size_t pos, size_t width, uint32_t cp)
{
    if (cp < 0x80) {
        rf_buf_putc(out, (char)(cp >= 'A' && cp <= 'Z' ? cp + 0x20 : cp));
    } else if (cp == CAPITAL_SIGMA && ends_word(text, len, pos, width)) {
        rf_buf_put_utf8(out, FINAL_SIGMA);
    } else if (cp == CAPITAL_I_DOT) {
        rf_buf_putc(out, 'i');
        rf_buf_put_utf8(out, COMBINING_DOT_ABOVE);
    } else {
        rf_buf_put_utf8(out, (uint32_t)utf8proc_tolower((utf8proc_int32_t)cp));
    }
}

void rf_chars_put_upper_text(RfBuf *out, const char *text, size_t len)
{
    rf_buf_reserve(out, len);
    for (size_t pos = 0; pos < len;) {
        uint32_t cp;
        pos += rf_utf8_decode(text + pos, len - pos, &cp);
        rf_chars_put_upper(out, cp);
    }
}

/* Lower-cases text[pos..len). */
static void put_lower_from(RfBuf *out, const char *text, size_t len, size_t pos)
{
    rf_buf_reserve(out, len - pos);
    while (pos < len) {
        uint32_t cp;
        size_t width = rf_utf8_decode(text + pos, len - pos, &cp);
        rf_chars_put_lower(out, text, len, pos, width, cp);
        pos += width;
    }
}

void rf_chars_put_lower_text(RfBuf *out, const char *text, size_t len)
{
    put_lower_from(out, text, len, 0);
}

void rf_chars_put_capitalized(RfBuf *out, const char *text, size_t len)
{
    if (len == 0) {
        return;
    }
    uint32_t cp;
    size_t width = rf_utf8_decode(text, len, &cp);
    rf_chars_put_upper(out, cp);
    put_lower_from(out, text, len, width);
}

/* UTF-8 decoding, encoding and validation.
 *
 * Only rf_utf8_decode and rf_utf8_validate accept arbitrary bytes; the other functions rely on validated text. */
#include "base/utf8.h"

#include <string.h>

#define REPLACEMENT_CHARACTER 0xFFFDu
#define HIGH_BITS 0x8080808080808080u
#define LOW_BITS 0x0101010101010101u

static uint64_t load_word(const char *text)
{
    uint64_t word;
    memcpy(&word, text, sizeof(word));
    return word;
}

static bool is_tail(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

size_t rf_utf8_decode(const char *text, size_t len, uint32_t *code_point)
{
    const unsigned char *b = (const unsigned char *)text;
    if (len == 0) {
        return 0;
    }
    if (b[0] < 0x80) {
        *code_point = b[0];
        return 1;
    }
    if (b[0] < 0xC2) { /* a tail byte, or the lead of an overlong form */
        return 0;
    }
    if (b[0] < 0xE0) {
        if (len < 2 || !is_tail(b[1])) {
            return 0;
        }
        *code_point = ((uint32_t)(b[0] & 0x1F) << 6) | (b[1] & 0x3F);
        return 2;
    }
    if (b[0] < 0xF0) {
        if (len < 3 || !is_tail(b[1]) || !is_tail(b[2])) {
            return 0;
        }
        uint32_t value = ((uint32_t)(b[0] & 0x0F) << 12) | ((uint32_t)(b[1] & 0x3F) << 6) | (b[2] & 0x3F);
        if (value < 0x800 || (value >= 0xD800 && value <= 0xDFFF)) {
            return 0;
        }
        *code_point = value;
        return 3;
    }
    if (b[0] > 0xF4 || len < 4 || !is_tail(b[1]) || !is_tail(b[2]) || !is_tail(b[3])) {
        return 0;
    }
    uint32_t value = ((uint32_t)(b[0] & 0x07) << 18) | ((uint32_t)(b[1] & 0x3F) << 12) |
                     ((uint32_t)(b[2] & 0x3F) << 6) | (b[3] & 0x3F);
    if (value < 0x10000 || value > 0x10FFFF) {
        return 0;
    }
    *code_point = value;
    return 4;
}

size_t rf_utf8_encode(uint32_t code_point, char out[4])
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        out[0] = (char)(0xC0 | (code_point >> 6));
        out[1] = (char)(0x80 | (code_point & 0x3F));
        return 2;
    }
    if (code_point < 0x10000) {
        out[0] = (char)(0xE0 | (code_point >> 12));
        out[1] = (char)(0x80 | ((code_point >> 6) & 0x3F));
        out[2] = (char)(0x80 | (code_point & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | (code_point >> 18));
    out[1] = (char)(0x80 | ((code_point >> 12) & 0x3F));
    out[2] = (char)(0x80 | ((code_point >> 6) & 0x3F));
    out[3] = (char)(0x80 | (code_point & 0x3F));
    return 4;
}

size_t rf_utf8_validate(const char *text, size_t len)
{
    size_t at = 0;
    while (at < len) {
        if (len - at >= 8 && (load_word(text + at) & HIGH_BITS) == 0) {
            at += 8;
            continue;
        }
        uint32_t code_point;
        size_t width = rf_utf8_decode(text + at, len - at, &code_point);
        if (width == 0) {
            return at;
        }
        at += width;
    }
    return len;
}

/* Tail bytes (10xxxxxx) in a word: bit 7 set and bit 6 clear. */
static unsigned tails_in_word(uint64_t word)
{
    uint64_t tails = ((word >> 7) & (~word >> 6)) & LOW_BITS;
    return (unsigned)(tails * LOW_BITS >> 56); /* their sum in the highest byte */
}

size_t rf_utf8_count(const char *text, size_t len)
{
    size_t tails = 0;
    size_t at = 0;
    for (; len - at >= 8; at += 8) {
        tails += tails_in_word(load_word(text + at));
    }
    for (; at < len; at++) {
        tails += is_tail((unsigned char)text[at]);
    }
    return len - tails;
}

bool rf_utf8_is_ascii(const char *text, size_t len)
{
    size_t at = 0;
    for (; len - at >= 8; at += 8) {
        if ((load_word(text + at) & HIGH_BITS) != 0) {
            return false;
        }
    }
    for (; at < len; at++) {
        if ((unsigned char)text[at] >= 0x80) {
            return false;
        }
    }
    return true;
}

size_t rf_utf8_offset(const char *text, size_t len, size_t index)
{
    size_t at = 0;
    /* A word holds 8 minus its tails starts of code points; skip whole words while that is not more than wanted. */
    while (len - at >= 8) {
        size_t starts = 8 - tails_in_word(load_word(text + at));
        if (starts > index) {
            break;
        }
        index -= starts;
        at += 8;
    }
    /* The skip may have stopped inside a sequence; its tails belong to a code point that was counted already. */
    while (at < len && is_tail((unsigned char)text[at])) {
        at++;
    }
    while (index > 0 && at < len) {
        at += rf_utf8_width((unsigned char)text[at]);
        index--;
    }
    return at < len ? at : len;
}

/* Length of the bad sequence at data[0]: the longest start of a valid sequence, at least one byte (the practice Unicode
 * recommends for U+FFFD). */
static size_t bad_sequence(const unsigned char *data, size_t len)
{
    unsigned char lead = data[0];
    size_t width = lead >= 0xC2 && lead <= 0xDF ? 2 : (lead & 0xF0) == 0xE0 ? 3 : lead >= 0xF0 && lead <= 0xF4 ? 4 : 1;
    /* some leads narrow the range of the next byte: no overlong forms, surrogates, values too large */
    unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    size_t n = 1;
    while (n < width && n < len && data[n] >= low && data[n] <= high) {
        low = 0x80;
        high = 0xBF;
        n++;
    }
    return n;
}

void rf_utf8_put_lossy(RfBuf *out, const char *data, size_t len)
{
    size_t pos = 0;
    for (;;) {
        size_t good = rf_utf8_validate(data + pos, len - pos);
        rf_buf_put(out, data + pos, good);
        pos += good;
        if (pos == len) {
            return;
        }
        rf_buf_put_utf8(out, REPLACEMENT_CHARACTER);
        pos += bad_sequence((const unsigned char *)data + pos, len - pos);
    }
}

/* UTF-8 decoding, encoding and validation. */
#ifndef RF_BASE_UTF8_H
#define RF_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Decodes the code point at `text` (len > 0 bytes left), stores it, returns the bytes used (1-4), or 0 when the bytes are
 * not valid UTF-8 (overlong forms, surrogates and values above 10FFFF are invalid). */
size_t rf_utf8_decode(const char *text, size_t len, uint32_t *code_point);
/* Writes 1-4 bytes to `out`, returns their number. `code_point` must be a scalar value. */
size_t rf_utf8_encode(uint32_t code_point, char out[4]);
/* Appends bytes of unknown origin as UTF-8; every bad sequence becomes U+FFFD. */
void rf_utf8_put_lossy(RfBuf *out, const char *data, size_t len);
/* Index of the first invalid byte, or `len` when all is valid. */
size_t rf_utf8_validate(const char *text, size_t len);
/* Number of code points in valid UTF-8. */
size_t rf_utf8_count(const char *text, size_t len);
/* True when no byte has its high bit set. */
bool rf_utf8_is_ascii(const char *text, size_t len);
/* Byte offset of code point number `index` (0-based) in valid UTF-8; `len` when beyond the end. */
size_t rf_utf8_offset(const char *text, size_t len, size_t index);
/* Length in bytes of the sequence that starts with lead byte `lead` (valid UTF-8 assumed). */
static inline size_t rf_utf8_width(unsigned char lead)
{
    return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

#endif

/* Whitespace and full case mapping, as the string builtins and the conversions need them. */
#ifndef RF_LIB_CHARS_H
#define RF_LIB_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* The White_Space property. */
bool rf_chars_is_space(uint32_t cp);
/* General category Lu. */
bool rf_chars_is_upper(uint32_t cp);

/* Bytes of whitespace at the start / at the end of valid UTF-8. */
size_t rf_chars_space_prefix(const char *text, size_t len);
size_t rf_chars_space_suffix(const char *text, size_t len);

/* Appends the full upper-case mapping of one code point. */
void rf_chars_put_upper(RfBuf *out, uint32_t cp);
/* Appends the full lower-case mapping of the code point `cp` that stands at text[pos] and is `width` bytes long: a
 * capital sigma looks at its neighbours in text[0..len) to see whether it ends a word. */
void rf_chars_put_lower(RfBuf *out, const char *text, size_t len, size_t pos, size_t width, uint32_t cp);

/* Whole texts (valid UTF-8). */
void rf_chars_put_upper_text(RfBuf *out, const char *text, size_t len);
void rf_chars_put_lower_text(RfBuf *out, const char *text, size_t len);
/* First code point upper, the rest lower. */
void rf_chars_put_capitalized(RfBuf *out, const char *text, size_t len);

#endif

/* Values as text: print form, debug form, numbers. All iterative. */
#ifndef RF_RUNTIME_TEXT_H
#define RF_RUNTIME_TEXT_H

#include "base/buf.h"
#include "runtime/value.h"

/* Appends the text form (language.md 3.3). Borrows. */
void rf_text_put(RfBuf *out, RfValue v);
/* The text form as a string; strings are returned as they are. Borrows v; new reference. */
RfString *rf_text_string(RfRuntime *rt, RfValue v);
/* Appends the debug form (3.4). Borrows. */
void rf_debug_put(RfBuf *out, RfValue v);
/* Debug form as a new string. */
RfString *rf_debug_string(RfValue v);
/* Appends a quoted and escaped string as the debug form writes it. */
void rf_debug_put_quoted(RfBuf *out, const char *text, size_t len);
/* The verbose form of the builtin debug() (stdlib.md 13). */
void rf_debug_put_verbose(RfBuf *out, RfValue v);

/* Decimal int into `out` (at least 21 bytes); returns the length. No NUL. */
size_t rf_int_to_text(int64_t i, char *out);
/* Shortest digits that read back to the same double, never an exponent, no trailing ".0"; NaN inf -inf -0.
 * `out` must have RF_FLOAT_TEXT_MAX bytes; returns the length. */
#define RF_FLOAT_TEXT_MAX 400
size_t rf_float_to_text(double f, char *out);
/* Shortest digits and decimal exponent of a finite non-zero |f|: value = 0.DIGITS * 10^exponent. `digits` needs 18 bytes.
 * Returns the number of digits. */
int rf_float_digits(double f, char *digits, int *exponent);
/* Correctly rounded; grammar of to_float (stdlib.md 3), already trimmed. False when it is not a number. */
bool rf_text_to_float(const char *text, size_t len, double *out);
/* optional sign and digits of `base`; false when malformed or out of range. */
bool rf_text_to_int(const char *text, size_t len, int base, int64_t *out);

#endif

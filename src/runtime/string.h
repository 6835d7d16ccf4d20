/* Strings: immutable UTF-8 for everyone but the owner of the only reference, who may append in place. */
#ifndef RF_RUNTIME_STRING_H
#define RF_RUNTIME_STRING_H

#include "runtime/value.h"

#define RF_STRING_ASCII 1u /* obj.flags: every byte < 0x80, so code points == bytes */
/* obj.flags: the runtime's intern table knows it; equal interned strings of one runtime are identical */
#define RF_STRING_INTERNED 2u
#define RF_STRING_MAX 1073741824u

typedef struct RfStringIndex RfStringIndex;

struct RfString {
    RfObject obj;
    uint32_t hash;        /* 0 = not computed yet */
    uint32_t len;         /* bytes */
    uint32_t count;       /* code points */
    uint32_t cap;         /* bytes available in data, without the NUL */
    RfStringIndex *index; /* sparse code point -> byte offsets, made on first random access when not ASCII; or NULL */
    char data[];          /* NUL-terminated (embedded NULs possible) */
};

/* All constructors return a new reference. Bytes must be valid UTF-8. */
RfString *rf_string_new(const char *bytes, size_t len);
RfString *rf_string_from_cstr(const char *cstr);
/* Uninitialised: caller fills data[0..len) then calls rf_string_finish. */
RfString *rf_string_alloc(size_t len);
void rf_string_finish(RfString *s); /* counts code points, sets the ASCII flag, writes the NUL */
RfString *rf_string_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
RfString *rf_string_from_int(int64_t i);
RfString *rf_string_from_code_point(uint32_t cp);

/* left + right. Takes `left` (appends in place, amortised O(1), when it is the only reference), borrows `right`,
 * which may be `left` or point into it. An empty side costs nothing: the other one is returned.
 * The caller has checked that the sum of the lengths does not exceed RF_STRING_MAX. */
RfString *rf_string_append(RfString *left, const RfString *right);
RfString *rf_string_append_bytes(RfString *left, const char *bytes, size_t len);
/* Code points [start, end), clamped by the caller to 0 <= start <= end <= count. Borrows. */
RfString *rf_string_slice(RfString *s, size_t start, size_t end);
/* Byte offset of code point `index` (<= count); O(1) for ASCII, amortised O(1) otherwise. */
size_t rf_string_offset(RfString *s, size_t index);

uint32_t rf_string_hash_slow(RfString *s);
uint32_t rf_hash_bytes(const char *bytes, size_t len); /* never 0 */
static inline uint32_t rf_string_hash(RfString *s)
{
    return s->hash ? s->hash : rf_string_hash_slow(s);
}
bool rf_string_equal_slow(const RfString *a, const RfString *b);
static inline bool rf_string_equal(const RfString *a, const RfString *b)
{
    return a == b || rf_string_equal_slow(a, b);
}
/* Byte order: <0, 0, >0. */
int rf_string_compare(const RfString *a, const RfString *b);
/* True when the text is a canonical decimal int in the 64-bit range ("-5", "0", "12"; not "007", "+5", "-0"); stores
 * it. */
bool rf_string_as_canonical_int(const RfString *s, int64_t *out);
bool rf_string_text_is_int(const char *text, size_t len, int64_t *out); /* the same for bytes */

/* Prepares and ends the intern table of a runtime, with "" and the one-character strings. rf_intern_init is the first
 * step of rf_runtime_init; rf_intern_free the last one of rf_runtime_free. */
void rf_intern_init(RfRuntime *rt);
void rf_intern_free(RfRuntime *rt);
/* The interned string with this text. Borrowed: it lives as long as the runtime. */
RfString *rf_intern(RfRuntime *rt, const char *bytes, size_t len);
RfString *rf_intern_cstr(RfRuntime *rt, const char *cstr);
/* One-character string; ASCII ones are preallocated. Returns a new reference. */
RfString *rf_string_char(RfRuntime *rt, uint32_t code_point);

#endif

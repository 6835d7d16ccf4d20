/* Strings: making, appending, slicing, hashing, comparing.
 *
 * Invariants: data is valid UTF-8 and ends in a NUL that is not counted; count <= len, and RF_STRING_ASCII is set
 * exactly when count == len; the block of a string is header + cap + 1 bytes, a multiple of 16; hash is 0 until
 * computed and is reset by appending. The sparse index stays valid when a string grows: offsets of what was there do
 * not move. */
#include "runtime/string.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "runtime/kinds.h"
#include "runtime/text.h"

#define HEADER offsetof(RfString, data)
#define INDEX_STEP 64u      /* code points between two entries of the sparse index */
#define DOUBLING_MAX 65536u /* beyond this capacity grow by half, not by doubling */

/* Byte offsets of the code points 64, 128, 192, ...; filled as far as anyone has looked. */
struct RfStringIndex {
    uint32_t filled;
    uint32_t cap;
    uint32_t offsets[];
};

/* ---- making ---- */

/* The capacity for at least `len` bytes that fills its memory block. */
static size_t capacity_for(size_t len)
{
    return rf_mem_round(HEADER + len + 1) - HEADER - 1;
}

static inline RfString *alloc_with_capacity(size_t cap)
{
    RfString *s = rf_mem_alloc(HEADER + cap + 1);
    s->obj = (RfObject){.rc = 1, .tag = RF_TAG_STRING};
    s->hash = 0;
    s->cap = (uint32_t)cap;
    s->index = NULL;
    return s;
}

static inline void set_length(RfString *s, size_t len, size_t count)
{
    s->len = (uint32_t)len;
    s->count = (uint32_t)count;
    s->obj.flags = (uint8_t)((s->obj.flags & ~RF_STRING_ASCII) | (len == count ? RF_STRING_ASCII : 0));
    s->data[len] = '\0';
}

/* New string whose number of code points is known. */
static inline RfString *new_counted(const char *bytes, size_t len, size_t count)
{
    RfString *s = alloc_with_capacity(capacity_for(len));
    memcpy(s->data, bytes, len);
    set_length(s, len, count);
    return s;
}

RfString *rf_string_alloc(size_t len)
{
    RfString *s = alloc_with_capacity(capacity_for(len));
    s->len = (uint32_t)len;
    s->count = 0;
    return s;
}

void rf_string_finish(RfString *s)
{
    set_length(s, s->len, rf_utf8_count(s->data, s->len));
}

RfString *rf_string_new(const char *bytes, size_t len)
{
    return new_counted(bytes, len, rf_utf8_count(bytes, len));
}

RfString *rf_string_from_cstr(const char *cstr)
{
    return rf_string_new(cstr, strlen(cstr));
}

RfString *rf_string_format(const char *format, ...)
{
    char small[256];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    RfString *s;
    if (len < 0) { /* only an invalid wide character could do this */
        s = rf_string_alloc(0);
    } else if ((size_t)len < sizeof small) {
        s = rf_string_alloc((size_t)len);
        memcpy(s->data, small, (size_t)len);
    } else {
        s = rf_string_alloc((size_t)len);
        vsnprintf(s->data, (size_t)len + 1, format, again);
    }
    va_end(again);
    rf_string_finish(s);
    return s;
}

RfString *rf_string_from_int(int64_t i)
{
    char digits[24];
    size_t len = rf_int_to_text(i, digits);
    return new_counted(digits, len, len);
}

RfString *rf_string_from_code_point(uint32_t cp)
{
    char bytes[4];
    return new_counted(bytes, rf_utf8_encode(cp, bytes), 1);
}

void rf_string_free(RfObject *obj, RfWorklist *work)
{
    (void)work;
    RfString *s = (RfString *)obj;
    if (s->index) {
        rf_mem_free(s->index, sizeof *s->index + s->index->cap * sizeof s->index->offsets[0]);
    }
    rf_mem_free(s, HEADER + s->cap + 1);
}

/* ---- appending ---- */

/* Moves a unique string to a block with room for `need` bytes and then some. */
static __attribute__((noinline)) RfString *grow(RfString *s, size_t need)
{
    size_t cap = s->cap < DOUBLING_MAX ? (size_t)s->cap * 2 : s->cap + s->cap / 2;
    cap = capacity_for(cap < need ? need : cap);
    s = rf_mem_resize(s, HEADER + s->cap + 1, HEADER + cap + 1);
    s->cap = (uint32_t)cap;
    return s;
}

static inline RfString *append_counted(RfString *left, const char *bytes, size_t len, size_t count)
{
    size_t old = left->len;
    size_t sum = old + len;
    if (!rf_is_unique(left) || (left->obj.flags & RF_STRING_INTERNED)) {
        RfString *s = alloc_with_capacity(capacity_for(sum));
        memcpy(s->data, left->data, old);
        memcpy(s->data + old, bytes, len);
        set_length(s, sum, left->count + count);
        rf_object_release(left);
        return s;
    }
    if (sum > left->cap) {
        size_t inside = (size_t)((uintptr_t)bytes - (uintptr_t)left->data); /* > old when not part of left */
        left = grow(left, sum);
        if (inside <= old) {
            bytes = left->data + inside;
        }
    }
    memcpy(left->data + old, bytes, len);
    set_length(left, sum, left->count + count);
    left->hash = 0;
    return left;
}

RfString *rf_string_append(RfString *left, const RfString *right)
{
    if (right->len == 0) {
        return left;
    }
    if (left->len == 0 && left != right) {
        rf_object_retain((RfString *)right);
        rf_object_release(left);
        return (RfString *)right;
    }
    return append_counted(left, right->data, right->len, right->count);
}

RfString *rf_string_append_bytes(RfString *left, const char *bytes, size_t len)
{
    return append_counted(left, bytes, len, rf_utf8_count(bytes, len));
}

/* ---- code points ---- */

/* Offset of the code point `n` places after the one at `at`. */
static inline size_t skip(const RfString *s, size_t at, size_t n)
{
    while (n-- > 0) {
        at += rf_utf8_width((unsigned char)s->data[at]);
    }
    return at;
}

/* Offset of code point INDEX_STEP * k (k > 0), which the string has. */
static size_t indexed_offset(RfString *s, size_t k)
{
    RfStringIndex *index = s->index;
    if (!index || index->cap < k) {
        size_t old = index ? index->cap : 0;
        size_t cap = s->count / INDEX_STEP; /* all there is: a growing string grows this as rarely as itself */
        if (cap < old + old / 2) {
            cap = old + old / 2;
        }
        index = rf_mem_resize(index, index ? sizeof *index + old * sizeof index->offsets[0] : 0,
                              sizeof *index + cap * sizeof index->offsets[0]);
        if (!s->index) {
            index->filled = 0;
        }
        index->cap = (uint32_t)cap;
        s->index = index;
    }
    while (index->filled < k) {
        size_t from = index->filled ? index->offsets[index->filled - 1] : 0;
        index->offsets[index->filled++] = (uint32_t)skip(s, from, INDEX_STEP);
    }
    return index->offsets[k - 1];
}

size_t rf_string_offset(RfString *s, size_t index)
{
    if (s->obj.flags & RF_STRING_ASCII) {
        return index;
    }
    if (index < INDEX_STEP) {
        return skip(s, 0, index);
    }
    if (s->count - index < INDEX_STEP) { /* near the end, as in s[-1]: walk back over the tail bytes */
        size_t at = s->len;
        for (size_t n = s->count - index; n > 0; n--) {
            do {
                at--;
            } while (((unsigned char)s->data[at] & 0xC0) == 0x80);
        }
        return at;
    }
    return skip(s, indexed_offset(s, index / INDEX_STEP), index % INDEX_STEP);
}

RfString *rf_string_slice(RfString *s, size_t start, size_t end)
{
    if (start == 0 && end == s->count) {
        rf_object_retain(s);
        return s;
    }
    size_t from = rf_string_offset(s, start);
    size_t to = (s->obj.flags & RF_STRING_ASCII) ? end
                : end - start < INDEX_STEP       ? skip(s, from, end - start)
                                                 : rf_string_offset(s, end);
    return new_counted(s->data + from, to - from, end - start);
}

/* ---- hashing and comparing ---- */

static inline uint64_t load64(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static inline uint64_t load32(const char *p)
{
    uint32_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/* Both halves of the 128-bit product: every bit of either factor reaches every bit of the result. */
static inline uint64_t fold_multiply(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Sixteen bytes a step; the last (or only) step reads the final sixteen bytes, overlapping what came before, and
 * shorter texts are read as two overlapping pieces. The constants are odd with about half of their bits set. */
uint32_t rf_hash_bytes(const char *bytes, size_t len)
{
    const uint64_t k1 = 0x9AE16A3B2F90404Fu, k2 = 0xC949C7DEFEED5A27u, k3 = 0x5851F42D4C957F2Du;
    uint64_t h = len * k1, a, b;
    if (len <= 16) {
        if (len >= 8) {
            a = load64(bytes);
            b = load64(bytes + len - 8);
        } else if (len >= 4) {
            a = load32(bytes);
            b = load32(bytes + len - 4);
        } else if (len > 0) {
            a = (uint64_t)(unsigned char)bytes[0] << 16 | (uint64_t)(unsigned char)bytes[len / 2] << 8 |
                (unsigned char)bytes[len - 1];
            b = 0;
        } else {
            a = b = 0;
        }
    } else {
        const char *last = bytes + len - 16;
        for (; bytes < last; bytes += 16) {
            h = fold_multiply(load64(bytes) ^ h, load64(bytes + 8) ^ k3);
        }
        a = load64(last);
        b = load64(last + 8);
    }
    h = fold_multiply(a ^ k2 ^ h, b ^ k3);
    h = fold_multiply(h ^ k1, k2);
    uint32_t hash = (uint32_t)(h >> 32);
    return hash ? hash : 1;
}

uint32_t rf_string_hash_slow(RfString *s)
{
    s->hash = rf_hash_bytes(s->data, s->len);
    return s->hash;
}

bool rf_string_equal_slow(const RfString *a, const RfString *b)
{
    if (a->len != b->len || (a->hash != b->hash && a->hash && b->hash)) {
        return false;
    }
    return memcmp(a->data, b->data, a->len) == 0;
}

int rf_string_compare(const RfString *a, const RfString *b)
{
    size_t len = a->len < b->len ? a->len : b->len;
    int order = memcmp(a->data, b->data, len);
    return order ? order : (a->len > b->len) - (a->len < b->len);
}

bool rf_string_text_is_int(const char *text, size_t len, int64_t *out)
{
    bool negative = len > 0 && text[0] == '-';
    const char *digits = text + negative;
    size_t n = len - negative;
    if (n == 0 || n > 19 || digits[0] < (n == 1 && !negative ? '0' : '1') || digits[0] > '9') {
        return false;
    }
    uint64_t value = 0; /* nineteen digits always fit */
    for (size_t i = 0; i < n; i++) {
        unsigned digit = (unsigned char)digits[i] - (unsigned)'0';
        if (digit > 9) {
            return false;
        }
        value = value * 10 + digit;
    }
    if (value > (uint64_t)INT64_MAX + negative) {
        return false;
    }
    *out = (int64_t)(negative ? -value : value);
    return true;
}

bool rf_string_as_canonical_int(const RfString *s, int64_t *out)
{
    return rf_string_text_is_int(s->data, s->len, out);
}

/* JSON (RFC 8259) for the builtins and for other files of the library. */
#ifndef RF_LIB_JSON_H
#define RF_LIB_JSON_H

#include <string.h>

#include "base/buf.h"
#include "vm/vm.h"

#define RF_JSON_DEPTH 1000u /* containers inside each other, both ways */

/* Reads one JSON text; `text` is valid UTF-8. *out is a new reference. Raises what parse_json() does. */
RfStatus rf_json_parse(RfVm *vm, const char *text, size_t len, RfValue *out);
/* Appends the JSON text of v (borrowed); pretty: indented by two spaces. Raises what to_json() does, with `name` for the
 * size limit; the buffer then holds a part of the text. */
RfStatus rf_json_write(RfVm *vm, const char *name, RfBuf *out, RfValue v, bool pretty);

/* The first byte from `at` on that cannot stand as it is inside a JSON string: a control character, '"' or '\';
 * `end` when there is none. Eight bytes at a time: subtracting borrows into the high bit of bytes that are too small, and the
 * lowest such bit is always a true one. */
static inline const char *rf_json_skip_plain(const char *at, const char *end)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    for (; end - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        uint64_t quote = word ^ ones * '"';
        uint64_t slash = word ^ ones * '\\';
        uint64_t hit = ((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash);
        hit &= ones * 0x80;
        if (hit != 0) {
            return at + __builtin_ctzll(hit) / 8;
        }
    }
    while (at < end && (unsigned char)*at >= 0x20 && *at != '"' && *at != '\\') {
        at++;
    }
    return at;
}

#endif

/* Hashing takes a multiplication for eight bytes, so that a benchmark that prints much is hardly slowed down. */
#include "tools/bench_output.h"

#include <string.h>

#define ODD UINT64_C(0xD6E8FEB86659FD93)

void rf_bench_output_clear(RfBenchOutput *out, bool keep)
{
    RfBuf text = out->text;
    rf_buf_clear(&text);
    *out = (RfBenchOutput){.keep = keep, .text = text};
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * ODD;
    return hash ^ (hash >> 32);
}

static void add_hash(RfBenchOutput *out, const char *bytes, size_t len)
{
    while (len > 0) {
        unsigned filled = out->len % 8;
        if (filled == 0 && len >= 8) {
            uint64_t word;
            memcpy(&word, bytes, 8);
            out->hash = mix(out->hash, word);
            out->len += 8;
            bytes += 8;
            len -= 8;
            continue;
        }
        out->pending |= (uint64_t)(unsigned char)*bytes << (8 * filled);
        if (filled == 7) {
            out->hash = mix(out->hash, out->pending);
            out->pending = 0;
        }
        out->len++;
        bytes++;
        len--;
    }
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void keep(RfBenchOutput *out, const char *bytes, size_t len)
{
    size_t room = RF_BENCH_TEXT_MAX - out->text.len;
    rf_buf_put(&out->text, bytes, len < room ? len : room);
}

/* Adds to the trimmed text. White space at the end is kept in `text` too, until rf_bench_output_is cuts it off by `trimmed`. */
static void add_text(RfBenchOutput *out, const char *bytes, size_t len)
{
    size_t start = 0, end = len;
    while (end > 0 && is_space(bytes[end - 1])) {
        end--;
    }
    while (out->text.len == 0 && start < end && is_space(bytes[start])) {
        start++;
    }
    if (out->text.len == 0 && start == end) {
        return;
    }
    keep(out, bytes + start, len - start);
    if (end > start) {
        out->trimmed = out->seen + (end - start);
    }
    out->seen += len - start;
}

void rf_bench_output_add(RfBenchOutput *out, const char *bytes, size_t len)
{
    add_hash(out, bytes, len);
    if (out->keep) {
        add_text(out, bytes, len);
    }
}

uint64_t rf_bench_output_hash(const RfBenchOutput *out)
{
    return mix(mix(out->hash, out->pending), out->len);
}

bool rf_bench_output_is(const RfBenchOutput *out, const char *text, size_t len)
{
    return out->trimmed == len && out->text.len >= len && (len == 0 || memcmp(out->text.data, text, len) == 0);
}

void rf_bench_output_free(RfBenchOutput *out)
{
    rf_buf_free(&out->text);
}

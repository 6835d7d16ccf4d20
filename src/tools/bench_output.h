/* What a program printed, in bounded space: its hash, and the beginning of its trimmed text. */
#ifndef RF_TOOLS_BENCH_OUTPUT_H
#define RF_TOOLS_BENCH_OUTPUT_H

#include <stdbool.h>

#include "base/buf.h"

#define RF_BENCH_TEXT_MAX (1u << 20) /* as much as a source file, and so an expected text, may have */

typedef struct RfBenchOutput {
    uint64_t hash, pending, len; /* pending: the last len % 8 bytes, not yet in hash */
    bool keep;                   /* look at the text, too */
    uint64_t seen, trimmed; /* lengths of the text from its first visible character: to its end, to the last such one */
    RfBuf text;             /* the beginning of that, at most RF_BENCH_TEXT_MAX bytes */
} RfBenchOutput;

/* Starts anew; the text's storage is kept. */
void rf_bench_output_clear(RfBenchOutput *out, bool keep);
void rf_bench_output_add(RfBenchOutput *out, const char *bytes, size_t len);
/* One number for all bytes so far, however they were cut into pieces. */
uint64_t rf_bench_output_hash(const RfBenchOutput *out);
/* Whether the trimmed text is this one. The text must have been kept. */
bool rf_bench_output_is(const RfBenchOutput *out, const char *text, size_t len);
void rf_bench_output_free(RfBenchOutput *out);

#endif

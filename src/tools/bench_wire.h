/* What `ruff bench` and its measuring processes say to each other over a socket. Both ends are the same executable, so
 * structs travel as they are. */
#ifndef RF_TOOLS_BENCH_WIRE_H
#define RF_TOOLS_BENCH_WIRE_H

#include "tools/bench.h"

/* To the child: this, then `text_len` bytes with file, directory and script arguments, each ended by a NUL. Then the
 * sending side is closed. */
typedef struct RfBenchOrder {
    bool jit, cached;
    bool settle;      /* run until the JIT is quiet before the first sample */
    uint32_t samples; /* 0: one iteration only, to see that it works */
    uint64_t min_sample;
    uint64_t started; /* when the process was started */
    uint64_t limit;   /* no sample begins later than this, measured from `started` */
    int32_t cpu;      /* -1: any */
    uint32_t arg_count;
    uint32_t text_len;
} RfBenchOrder;

typedef enum RfBenchRecordKind {
    RF_BENCH_RECORD_FIRST,  /* RfBenchFirst: the first iteration is over */
    RF_BENCH_RECORD_SAMPLE, /* RfBenchSample */
    RF_BENCH_RECORD_TRACE,  /* array of RfBenchTrace */
    RF_BENCH_RECORD_END,    /* RfBenchEnd: all went well */
    RF_BENCH_RECORD_EXIT,   /* int32_t: the program called exit() */
    RF_BENCH_RECORD_ERROR,  /* text: first line of the error */
    RF_BENCH_RECORD_DIFFERS /* nothing: an iteration printed something else than the one before */
} RfBenchRecordKind;

/* From the child: records, each this and its payload. */
typedef struct RfBenchRecord {
    uint32_t kind, len;
} RfBenchRecord;

typedef struct RfBenchFirst { /* followed by the beginning of the trimmed output */
    uint64_t cold, first;
    uint64_t hash;
    uint64_t trimmed;
    bool has_main;
} RfBenchFirst;

typedef struct RfBenchEnd {
    RfBenchCounts counts;
    uint64_t last_event;
    bool limited;
} RfBenchEnd;

/* bench_usage.c: CPU times and peak memory of this process so far */
void rf_bench_usage(RfBenchCounts *counts);

#endif

/* `ruff bench`: what its parts share. The command parses options into RfBenchOptions; discovery makes the list of benchmarks
 * (bench_discover.c), the runner fills in measurements (bench_runner.c), rf_bench_judge_* turns them into numbers
 * (bench_judge.c), and the writers show them. Times are nanoseconds of the monotonic clock unless a name says otherwise. */
#ifndef RF_TOOLS_BENCH_H
#define RF_TOOLS_BENCH_H

#include <stdbool.h>

#include "base/buf.h"
#include "tools/bench_stats.h"

typedef enum RfBenchModeId { RF_BENCH_VM, RF_BENCH_JIT, RF_BENCH_MODES } RfBenchModeId;
extern const char *const rf_bench_mode_names[RF_BENCH_MODES];

#define RF_BENCH_TRACE_MAX 400u /* iterations of a process whose times are kept one by one */

typedef struct RfBenchOptions {
    bool modes[RF_BENCH_MODES];
    uint32_t procs, samples;
    bool samples_given; /* --samples: stronger than the header comment */
    bool quick, warm_cache, verbose;
    bool warmup_given;
    uint32_t warmup; /* samples to discard */
    double min_sample_ms;
    double limit_s[RF_BENCH_MODES]; /* per benchmark */
    double run_limit_s;             /* a single iteration may take this long beyond it: then it hangs */
    int cpu;                        /* -1: any */
    const char *filter;             /* NULL: all */
    const char *peers;              /* --vs, or NULL */
    double threshold;               /* of a regression, in percent */
    bool progress;                  /* show on standard error what is being done */
    const char *const *flags;       /* the options as given, for the environment */
    size_t flag_count;
} RfBenchOptions;

typedef struct RfBenchSample {
    uint64_t iterations, ns; /* of all its iterations */
    uint64_t start;          /* since the start of the process */
    uint8_t events;          /* RF_BENCH_EVENT_... while it ran */
    bool steady;
} RfBenchSample;

#define RF_BENCH_EVENT_COMPILE 1u
#define RF_BENCH_EVENT_INSTALL 2u
#define RF_BENCH_EVENT_DEOPT 4u

typedef struct RfBenchTrace { /* one iteration */
    uint64_t ns;
    uint8_t events;
} RfBenchTrace;

/* Counted by the measuring process. */
typedef struct RfBenchCounts {
    double user_ms, sys_ms, compile_ms;
    uint64_t peak_rss;                     /* bytes */
    uint64_t allocations, allocated_bytes; /* per iteration, over the samples */
    uint64_t compiles, deopts, entries, osr;
} RfBenchCounts;

typedef struct RfBenchProcess {
    uint64_t cold;  /* loading and first iteration */
    uint64_t first; /* the first iteration without loading */
    uint64_t
        last_event; /* end of the iteration with the last event of the JIT, since the start of the process; 0: none */
    uint64_t steady_at;     /* start of the first steady iteration, since the start of the process; 0: none */
    bool steady;            /* a steady state was reached */
    bool limited;           /* the time limit cut it short */
    RfBenchSample *samples; /* rf_mem */
    size_t sample_count, sample_cap;
    RfBenchTrace *trace; /* rf_mem */
    size_t trace_count, trace_cap;
    RfBenchCounts counts;
} RfBenchProcess;

typedef enum RfBenchVerdict { RF_BENCH_UNCHANGED, RF_BENCH_REGRESSION, RF_BENCH_IMPROVEMENT } RfBenchVerdict;
extern const char *const rf_bench_verdict_names[];

typedef struct RfBenchCompare {
    bool there;
    RfRatio ratio; /* new / old */
    double p;      /* adjusted */
    RfBenchVerdict verdict;
} RfBenchCompare;

typedef struct RfBenchMode {
    bool measured;
    RfBenchProcess *processes; /* rf_mem, options->procs of them */
    uint32_t process_count;    /* that have measured something */
    uint64_t hash;             /* of the verified output */
    double spent_s;            /* of the time limit */
    /* the judgement */
    double *values; /* rf_mem: steady nanoseconds per iteration, process by process */
    size_t *sizes;  /* rf_mem: their number by process, without empty ones */
    size_t value_count, group_count;
    RfStats stats;
    double cold, time_to_steady; /* medians; time_to_steady 0: none */
    RfBenchCounts counts;        /* medians */
    RfBenchCompare compare;
} RfBenchMode;

typedef enum RfBenchPeerStatus { RF_BENCH_PEER_OK, RF_BENCH_PEER_FAILED, RF_BENCH_PEER_MISSING } RfBenchPeerStatus;

typedef struct RfBenchPeer {
    char *name, *file; /* malloc */
    bool wanted;       /* named by --vs */
    RfBenchPeerStatus status;
    RfBuf error;
    double median, ruff_median;
} RfBenchPeer;

typedef struct RfBenchmark {
    char *file, *name, *directory; /* malloc; directory: of the file */
    char *skip;                    /* reason, or NULL */
    bool has_expect;
    RfBuf expect;
    char **args; /* malloc'd strings */
    size_t arg_count;
    uint32_t samples;   /* header comment, 0: none */
    RfBenchPeer *peers; /* rf_mem */
    size_t peer_count;
    bool has_main; /* it has bench_main */
    bool failed;
    RfBenchModeId failed_mode;
    RfBuf error;
    const char *shape, *verified;
    RfBenchMode modes[RF_BENCH_MODES];
} RfBenchmark;

typedef struct RfBenchWarning {
    size_t benchmark; /* SIZE_MAX: about the run */
    char *text;       /* malloc: the line without its mark */
} RfBenchWarning;

typedef struct RfBenchEnvironment {
    long cores;
    RfBuf cpu, git, governor, kernel, time; /* empty: not known */
    double load;
    const char *build, *version;
} RfBenchEnvironment;

typedef struct RfBenchRun {
    RfBenchOptions options;
    RfBenchmark *items; /* rf_mem */
    size_t count, cap;
    RfBenchWarning *warnings; /* rf_mem */
    size_t warning_count, warning_cap;
    RfBenchEnvironment environment;
    char *baseline; /* malloc: name of the run it is compared with, or NULL */
    char cache[64]; /* directory of the code cache made for --cache warm; empty: none */
} RfBenchRun;

/* Numbers of the summary. */
typedef struct RfBenchSummary {
    size_t total, failed, skipped, regressions, vm_count, jit_count, speedups;
    double total_ns[RF_BENCH_MODES], speedup; /* speedup: geometric mean, 0 when there is none */
} RfBenchSummary;

/* ---- bench_run.c: the run as a container ---- */
/* A copy for free(). */
char *rf_bench_copy(const char *text, size_t len);
void rf_bench_free(RfBenchRun *run);
/* Adds a warning about a benchmark in a mode (mode RF_BENCH_MODES: not about one). */
void rf_bench_warn(RfBenchRun *run, const RfBenchmark *b, RfBenchModeId mode, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Adds one about the whole run. */
void rf_bench_warn_run(RfBenchRun *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Marks a benchmark as failed in a mode; of several failures the first of the first mode counts. */
void rf_bench_fail(RfBenchmark *b, RfBenchModeId mode, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* True when a mode of it has numbers to show. */
bool rf_bench_has(const RfBenchmark *b, RfBenchModeId mode);
/* vm / jit; 0 when one is missing. */
double rf_bench_speedup(const RfBenchmark *b);
RfBenchSummary rf_bench_summarise(const RfBenchRun *run);
/* Names of peers with a result, each once, in order of appearance; then the geometric mean of Ruff / peer of one. The array
 * (rf_mem, *count entries) borrows the names. */
const char **rf_bench_peer_names(const RfBenchRun *run, size_t *count);
double rf_bench_peer_ratio(const RfBenchRun *run, const char *name);
/* "ok", "failed" or "regression" */
const char *rf_bench_status(const RfBenchRun *run);

/* What is being done, on standard error, if the options want that; "" takes the line away. */
void rf_bench_progress(const RfBenchRun *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- bench_discover.c ---- */
/* Adds the programs of a path. NULL, or the line that says what is wrong, in *message (without "Error: "). */
bool rf_bench_discover(RfBenchRun *run, const char *path, RfBuf *message);

/* ---- bench_runner.c ---- */
/* Verifies and measures everything. False when the user interrupted, or when no child process can be started (errno). */
bool rf_bench_measure(RfBenchRun *run);

/* ---- bench_judge.c ---- */
/* Decides which samples are steady and computes the numbers of every mode; adds warnings. */
void rf_bench_judge(RfBenchRun *run);
/* The part that baselines need: steady samples of a mode, pooled. */
void rf_bench_judge_pool(RfBenchMode *mode);

/* ---- bench_peers.c ---- */
/* Measures the peers that --vs names. False as rf_bench_measure. */
bool rf_bench_peers(RfBenchRun *run);

/* ---- bench_environment.c ---- */
void rf_bench_environment(RfBenchEnvironment *environment);
void rf_bench_environment_free(RfBenchEnvironment *environment);
/* `ruff bench --doctor` */
void rf_bench_doctor(RfBuf *out);
/* Whether programs may be pinned to this CPU. */
bool rf_bench_cpu_exists(uint32_t cpu);

/* ---- bench_baseline.c ---- */
typedef struct RfBenchBaseline RfBenchBaseline;
/* Finds and reads a stored run; NULL with the line that says why not in *message. */
RfBenchBaseline *rf_bench_baseline_open(const char *name, RfBuf *message);
void rf_bench_baseline_free(RfBenchBaseline *baseline);
/* Fills in the comparisons and run->baseline; adds warnings. */
void rf_bench_baseline_compare(RfBenchRun *run, const RfBenchBaseline *baseline);
/* Whether NAME may name a stored run. */
bool rf_bench_baseline_name(const char *name);
/* Writes a report (JSON) to .ruff/bench/NAME.json. 0 or an errno value. */
int rf_bench_store(const char *name, const RfBuf *json);
/* Writes a whole file. 0 or an errno value. */
int rf_bench_write_file(const char *path, const RfBuf *text);

/* ---- the writers ---- */
void rf_bench_report(RfBuf *out, const RfBenchRun *run);
void rf_bench_json(RfBuf *out, const RfBenchRun *run);
void rf_bench_csv(RfBuf *out, const RfBenchRun *run);
void rf_bench_markdown(RfBuf *out, const RfBenchRun *run);
void rf_bench_html(RfBuf *out, const RfBenchRun *run);

/* "500 ns", "500.00 µs", "500.00 ms", "5.00 s" */
void rf_bench_put_duration(RfBuf *out, double ns);
/* The same right-aligned in `width` columns; ns <= 0: "N/A" */
void rf_bench_put_padded(RfBuf *out, double ns, int width);
/* A number in the unit and with the decimals that rf_bench_put_duration chooses for `like`. */
void rf_bench_put_number(RfBuf *out, double ns, double like, int width);

/* ---- bench_child.c ---- */
/* The measuring process: `ruff --bench-child FD`. Gives its exit code. */
int rf_bench_child_main(int fd);

#endif

/* Processes that `ruff bench` starts, each in a process group of its own: measuring processes, which talk over a socket, and
 * other programs, whose output is read. */
#ifndef RF_TOOLS_BENCH_PROCESS_H
#define RF_TOOLS_BENCH_PROCESS_H

#include <sys/types.h>

#include "tools/bench_output.h"
#include "tools/bench_wire.h"

typedef struct RfBenchChild {
    pid_t pid;
    int fd, exit_fd, err_fd; /* socket or output; pidfd; a file for standard error. -1: closed */
    bool records;            /* a measuring process: `in` gets all it says. Else only `output` is kept */
    RfBuf in;
    RfBenchOutput output;
    double started, ended; /* seconds of the monotonic clock */
    double deadline;       /* 0: none */
    bool done, timed_out;
    int status; /* as waitpid gives it */
} RfBenchChild;

/* Seconds of the monotonic clock. */
double rf_bench_clock(void);

/* SIGINT and SIGTERM end what rf_bench_child_wait waits for instead of this process. */
void rf_bench_catch_signals(void);
/* The signal that has come, 0: none. */
int rf_bench_interrupted(void);

/* Starts a measuring process. `order` is completed here (started, text_len); words[0 .. 2 + order->arg_count) are file,
 * directory and arguments; `cache` is the directory of the code cache (NULL: the user's own). It is killed after `seconds`.
 * False: errno tells why not. */
bool rf_bench_child_start(RfBenchChild *child, RfBenchOrder *order, const char *const *words, const char *cache,
                          double seconds);
/* Starts another program, argv[0] found in PATH or, when it is "ruff", this executable. Its output is read. */
bool rf_bench_child_start_program(RfBenchChild *child, const char *const *argv, const char *cache, bool keep_text,
                                  double seconds);
/* Waits until at least one has ended; NULL entries are skipped. False: interrupted. */
bool rf_bench_child_wait(RfBenchChild *const *children, size_t count);
/* Kills those that still run. */
void rf_bench_child_kill(RfBenchChild *const *children, size_t count);
void rf_bench_child_free(RfBenchChild *child);

/* The next record of in[*at ..]; false at the end or when the rest is cut off. */
bool rf_bench_next_record(const RfBuf *in, size_t *at, RfBenchRecord *record, const char **payload);
/* Appends the first line of what it wrote to standard error; nothing when there is none. */
void rf_bench_child_error(const RfBenchChild *child, RfBuf *line);

#endif

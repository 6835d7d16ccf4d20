/* Child processes that run this same executable, with their output collected. Several may run at once. */
#ifndef RF_CLI_CHILD_H
#define RF_CLI_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"

typedef struct RfChild {
    pid_t pid;
    bool leads_group;            /* has a process group of its own, which is killed as a whole */
    int exit_fd, out_fd, err_fd; /* -1: closed */
    RfBuf out, err;
    double started, ended; /* seconds of the monotonic clock */
    double deadline;       /* 0: none */
    bool done;
    bool timed_out; /* was killed because the deadline passed */
    int status;     /* as waitpid gives it */
} RfChild;

/* Starts `ruff argv[1] ...` (argv ends with NULL) with `stdin_fd` as standard input (-1: empty). `seconds` is its time
 * limit, 0 for none; a child with a limit leads a process group of its own. False when it cannot be started (errno
 * tells). */
bool rf_child_start(RfChild *child, const char *const *argv, int stdin_fd, double seconds);
/* Collects output until at least one of the children has ended (or all are done already). NULL entries are skipped. */
void rf_child_wait(RfChild *const *children, size_t count);
/* Kills those still running. */
void rf_child_kill(RfChild *const *children, size_t count);
void rf_child_free(RfChild *child);

double rf_child_clock(void);

#endif

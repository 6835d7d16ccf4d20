/* The compile worker, both ends. The worker is this executable in a hidden mode (`ruff --jit-worker FD`), started with
 * posix_spawn; it gets job bytes through a socket, compiles them and hands back shared objects as file descriptors. */
#ifndef RF_JIT_WORKER_H
#define RF_JIT_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "jit/reason.h"

typedef struct RfWorkers RfWorkers;

typedef struct RfWorkerConfig {
    uint32_t jobs;       /* worker processes */
    uint32_t timeout_ms; /* per compile */
    const char *stress;  /* "kill" "hang" "garbage" or NULL */
    unsigned want;       /* 1 IR, 2 assembly */
} RfWorkerConfig;

/* No process is started yet. */
RfWorkers *rf_workers_new(const RfWorkerConfig *config);
/* Starts the first worker in the background (cheap; called when something is nearly hot). */
void rf_workers_warm(RfWorkers *w);
/* Hands a job over (copies the bytes). id comes back with the answer. Never blocks for the compile. */
void rf_workers_submit(RfWorkers *w, uint32_t id, const void *job, size_t size);

typedef struct RfWorkerAnswer {
    uint32_t id;
    RfReason reason;  /* NONE: compiled */
    int fd;           /* sealed memfd with the shared object (caller closes), or -1 */
    size_t size;      /* of the object */
    double ms;        /* compile time */
    uint32_t bytes;   /* machine code */
    uint32_t reject_unit, reject_pc; /* UINT32_MAX: none */
    char types[128];
    char *ir, *assembly; /* malloc'd or NULL; the caller frees */
} RfWorkerAnswer;

/* True when an answer (or a timeout, or a dead worker to deal with) is waiting: one load from shared memory, safe to ask often. */
bool rf_workers_ready(const RfWorkers *w);
/* Next answer: true and *answer. wait: blocks until there is one, or nothing is under way. A job whose worker died, timed out
 * or talked nonsense comes back with BACKEND_ERROR or COMPILE_TIMEOUT; the worker is started again a few times, afterwards
 * every job is answered with BACKEND_MISSING. */
bool rf_workers_take(RfWorkers *w, bool wait, RfWorkerAnswer *answer);
uint32_t rf_workers_pending(const RfWorkers *w);
/* End of the program: lets a running batch finish for at most wait_ms (answers can still be taken), then kills what is left
 * and removes temporary directories. */
void rf_workers_free(RfWorkers *w, uint32_t wait_ms);

/* The hidden mode. Returns the exit status of the process. */
int rf_worker_main(int fd);

#endif

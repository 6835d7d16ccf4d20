/* The compile worker, both ends. The worker is this executable in a hidden mode (`ruff --jit-worker FD`), started with
 * posix_spawn; it gets job bytes through a socket, compiles them and hands back shared objects as file descriptors.
 *
 * workers.c is the program's end, worker.c the worker's, wire.h what they say to each other. A worker is in a session of its
 * own (no terminal signals), has low priority, limited memory and a private TMPDIR, which the program removes (or the worker,
 * when the program was killed). The functions here are not thread-safe except rf_workers_ready and rf_workers_pending: threads
 * that share one RfWorkers hold a lock. */
#ifndef RF_JIT_WORKER_H
#define RF_JIT_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "jit/reason.h"

typedef struct RfWorkers RfWorkers;

#define RF_WORKER_UNITS 32

typedef struct RfWorkerConfig {
    uint32_t jobs;       /* worker processes */
    uint32_t timeout_ms; /* per compile */
    const char *stress;  /* "kill" "hang" "garbage" or NULL */
    unsigned want;       /* 1 IR, 2 assembly */
    /* Started with `--jit-worker 3`. NULL: this executable, which must know that mode; a host that does not would run its own
     * main once more. */
    const char *program;
    const char *cache; /* absolute directory of the code cache, or NULL */
    uint64_t cache_mb;
    bool debug; /* the worker's stderr is the program's instead of /dev/null */
} RfWorkerConfig;

/* Copies the config. No process is started yet. The environment of the workers is that of now. */
RfWorkers *rf_workers_new(const RfWorkerConfig *config);
/* Starts the first worker in the background (cheap; called when something is nearly hot). */
void rf_workers_warm(RfWorkers *w);
/* Functions that a job has to do with, by numbers of which the program alone knows the meaning: the one that it is for, others
 * that are compiled along, then those that it calls and that have code of their own, or will have. The worker orders jobs by them. */
typedef struct RfWorkerUnits {
    uint32_t ncompiled, ncalled; /* together at most RF_WORKER_UNITS */
    uint32_t numbers[RF_WORKER_UNITS];
} RfWorkerUnits;

/* Hands a job over (copies everything). id comes back with the answer. Never blocks for the compile. key: under which the
 * worker stores the code, with the function's name, if the program ends before; NULL: it is not stored. units may be NULL. */
void rf_workers_submit(RfWorkers *w, uint32_t id, const void *job, size_t size, const char *key, const char *name,
                       const RfWorkerUnits *units);

typedef struct RfWorkerAnswer {
    uint32_t id;
    RfReason reason;                 /* NONE: compiled */
    int fd;                          /* sealed memfd with the shared object (caller closes), or -1 */
    size_t size;                     /* of the object */
    double ms;                       /* compile time */
    uint32_t bytes;                  /* machine code */
    uint32_t reject_unit, reject_pc; /* UINT32_MAX: none */
    char types[128];
    char *ir, *assembly; /* malloc'd or NULL; the caller frees */
} RfWorkerAnswer;

/* The job is not needed now. If it is to be stored, it is compiled when nothing else is to do; otherwise it is answered with
 * RF_REASON_BACKEND_ERROR. In work it is interrupted, unless it is nearly done. */
void rf_workers_cancel(RfWorkers *w, uint32_t id);
/* True when it is time for rf_workers_take: an answer waits, or a look at time limits and dead workers is due (then take may
 * find nothing). One load while no job is under way, else a few; safe to ask often and without the lock. */
bool rf_workers_ready(RfWorkers *w);
/* Next answer: true and *answer. wait: blocks until there is one, or nothing is under way. A job whose worker died, timed out
 * or talked nonsense comes back with BACKEND_ERROR or COMPILE_TIMEOUT; the worker is started again a few times, afterwards
 * every job is answered with BACKEND_MISSING. */
bool rf_workers_take(RfWorkers *w, bool wait, RfWorkerAnswer *answer);
/* As rf_workers_take, blocking for at most wait_ms. */
bool rf_workers_take_for(RfWorkers *w, uint32_t wait_ms, RfWorkerAnswer *answer);
/* Jobs submitted whose answers have not been taken. */
uint32_t rf_workers_pending(const RfWorkers *w);
/* True once every job is answered with BACKEND_MISSING: there is no point in making more. */
bool rf_workers_given_up(const RfWorkers *w);
/* Lets running jobs finish for at most wait_ms (their answers are dropped), then kills what is left, waits for the processes
 * and removes temporary directories. NULL is allowed. */
void rf_workers_free(RfWorkers *w, uint32_t wait_ms);

/* As rf_workers_free for a process that ends: waits for nothing. Workers with jobs that can be stored finish them, for a second at
 * most. */
void rf_workers_leave(RfWorkers *w);

/* The hidden mode. Returns the exit status of the process. */
int rf_worker_main(int fd);

#endif

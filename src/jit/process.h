/* Processes of compile workers as the operating system sees them: a socket, a process group, a temporary directory. */
#ifndef RF_JIT_PROCESS_H
#define RF_JIT_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "jit/wire.h"

/* What all workers of one program are started with. */
typedef struct RfProcessPlace {
    char *program; /* NULL: this executable */
    char **env;
    char temporary[RF_WIRE_PATH - 32]; /* directories are made in here */
    bool debug;                        /* keep stderr */
} RfProcessPlace;

typedef struct RfProcess {
    pid_t pid; /* 0: not running */
    int socket;
    char dir[RF_WIRE_PATH]; /* its TMPDIR */
} RfProcess;

/* Copies the present environment and program (may be NULL). false: this process is itself a worker and must not start any (a
 * host that was started as one and does not know it). rf_process_leave in either case. */
bool rf_process_place(RfProcessPlace *place, const char *program, bool debug);
void rf_process_leave(RfProcessPlace *place);

/* Starts `PROGRAM --jit-worker 3` with the socket's other end as descriptor 3. false: it could not be started. */
bool rf_process_start(RfProcess *process, const RfProcessPlace *place);
/* Kills it with all that it started; rf_process_bury waits for it and removes its directory and socket. */
void rf_process_kill(const RfProcess *process);
void rf_process_bury(RfProcess *process);
/* Leaves it alone because this process ends: it sees its socket close and removes the directory. kill: ends it at once. */
void rf_process_abandon(RfProcess *process, bool kill);

#endif

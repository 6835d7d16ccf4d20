/* The process that compiles: forked from the worker, which has libgccjit open already and never compiles itself. It can be killed at
 * once when its job is not wanted any more, and what GCC does to its process - crash, exit, keep memory - ends with it. */
#ifndef RF_JIT_COMPILER_H
#define RF_JIT_COMPILER_H

#include <stdbool.h>
#include <sys/types.h>

#include "jit/wire.h"

typedef struct RfCompilerProcess {
    pid_t pid; /* 0: there is none */
    int socket;
} RfCompilerProcess;

/* Forks one. hello: what the worker was told; late: set while the assembler runs; program: the worker's socket, which is closed
 * there. The fork has one thread, so nobody else may hold locks of libraries. */
bool rf_compiler_start(RfCompilerProcess *p, const RfWireHello *hello, _Atomic uint32_t *late, int program);
/* Hands it a job; it answers by a RfWireAnswer with the descriptors of that, or dies. */
bool rf_compiler_give(const RfCompilerProcess *p, const RfWireJob *job, int fd);
/* Ends it, whatever it is at. */
void rf_compiler_kill(RfCompilerProcess *p);

#endif

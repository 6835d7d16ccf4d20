/* Checks what a worker answered. */
#ifndef RF_JIT_ANSWER_H
#define RF_JIT_ANSWER_H

#include "jit/wire.h"
#include "jit/worker.h"

/* Makes *answer (its id is the caller's business) of a message and the descriptors beside it. Those it keeps become -1 in fds;
 * the caller closes the others. false: this is nonsense (a wrong size, not sealed, no ELF file, ...), and nothing is kept. */
bool rf_answer_open(RfWorkerAnswer *answer, const RfWireAnswer *message, int *fds, int nfds);

#endif

/* Checks what a worker answered: see answer.h. The worker may be anything after a bug in GCC. */
#include "jit/answer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PART_MAX (UINT64_C(256) << 20) /* larger ones are nonsense */

static bool is_elf(int fd)
{
    char magic[4];
    return pread(fd, magic, 4, 0) == 4 && memcmp(magic, "\177ELF", 4) == 0;
}

bool rf_answer_open(RfWorkerAnswer *answer, const RfWireAnswer *message, int *fds, int nfds)
{
    if (message->magic != RF_WIRE_ANSWER || message->reason >= RF_REASON_COUNT ||
        (message->reason == RF_REASON_NONE) != (message->sizes[0] != 0) ||
        memchr(message->types, 0, sizeof message->types) == NULL || !isfinite(message->ms) || message->ms < 0) {
        return false;
    }
    int part[RF_WIRE_FDS] = {-1, -1, -1}; /* index in fds */
    int used = 0;
    for (int i = 0; i < RF_WIRE_FDS; i++) {
        if (message->sizes[i] == 0) {
            continue;
        }
        if (used >= nfds || message->sizes[i] > PART_MAX || !rf_wire_sealed(fds[used], message->sizes[i])) {
            return false;
        }
        part[i] = used++;
    }
    if (used != nfds || (part[0] >= 0 && !is_elf(fds[part[0]]))) {
        return false;
    }
    *answer = (RfWorkerAnswer){.reason = (RfReason)message->reason,
                               .fd = -1,
                               .size = message->sizes[0],
                               .ms = message->ms,
                               .bytes = message->bytes,
                               .reject_unit = message->reject_unit,
                               .reject_pc = message->reject_pc};
    memcpy(answer->types, message->types, sizeof answer->types);
    if (part[0] >= 0) {
        answer->fd = fds[part[0]];
        fds[part[0]] = -1;
    }
    answer->ir = part[1] >= 0 ? rf_wire_read(fds[part[1]], message->sizes[1]) : NULL;
    answer->assembly = part[2] >= 0 ? rf_wire_read(fds[part[2]], message->sizes[2]) : NULL;
    return true;
}

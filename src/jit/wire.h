/* What the program and its compile worker say to each other: fixed-size messages over a SEQPACKET socket, with everything of
 * variable size (job bytes, shared objects, listings) in sealed memfds that travel beside them. Both ends are one executable
 * and one build, so messages are plain structs. The program still trusts nothing that it receives. */
#ifndef RF_JIT_WIRE_H
#define RF_JIT_WIRE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RF_WIRE_WORKERS 16u /* most processes */
#define RF_WIRE_FDS 3       /* most descriptors beside one message */
#define RF_WIRE_PATH 512    /* of a temporary directory */
#define RF_WIRE_KEY 65
#define RF_WIRE_UNITS 32
#define RF_WIRE_JOB_MAX (256u << 20)

#define RF_WIRE_HELLO 0x52461001u /* magic numbers; the low byte is the version */
#define RF_WIRE_JOB 0x52462001u
#define RF_WIRE_ANSWER 0x52463001u
#define RF_WIRE_CANCEL 0x52464001u

/* One page of memory that the program shares with all its workers. */
typedef struct RfWirePage {
    _Atomic uint64_t answers; /* grows after each answer was sent: one load tells whether there is something to read */
    struct RfWireSlot {
        _Atomic uint64_t
            since; /* rf_wire_now() when it got ready, took the job in work, or answered; 0 while it starts */
        _Atomic uint32_t in_work; /* serial of the job that it works on, or worked on last */
        _Atomic uint32_t late;    /* that job is with the assembler: the rest takes a millisecond */
    } workers[RF_WIRE_WORKERS];
} RfWirePage;

typedef enum RfWireStress { RF_STRESS_NONE, RF_STRESS_KILL, RF_STRESS_HANG, RF_STRESS_GARBAGE } RfWireStress;

/* Program -> worker, first; beside it the memfd of the page. */
typedef struct RfWireHello {
    uint32_t magic;
    uint32_t index;  /* of its slot in the page */
    uint32_t stress; /* RfWireStress */
    uint32_t round;  /* how often a worker was started before: varies the garbage */
    uint32_t want;   /* 1 IR, 2 assembly */
    uint32_t cache_mb;
    char dir[RF_WIRE_PATH];
    char cache[RF_WIRE_PATH]; /* directory of the code cache, "" when there is none; see RfWireJob.key */
} RfWireHello;

#define RF_WIRE_AHEAD 16 /* most jobs that a worker has at once; bounds descriptors in flight */

/* Program -> worker; beside it a memfd with the job's bytes. With RF_WIRE_CANCEL instead of RF_WIRE_JOB, and without a memfd: the
 * job of this serial is not needed now; the rest means nothing. */
typedef struct RfWireJob {
    uint32_t magic;
    uint32_t serial;
    uint64_t size;
    /* When the program ends before the answer comes, the worker goes on for a moment and stores the code under this key; ""
     * when it is not wanted then. */
    char key[RF_WIRE_KEY], name[64];
    /* Functions, by numbers: the one that the job is for, others that are compiled along, then those that it calls and that have
     * code of their own, or will have. */
    uint32_t ncompiled, ncalled, units[RF_WIRE_UNITS];
} RfWireJob;

/* Worker -> program; beside it memfds for those sizes that are not 0, in this order: object, IR, assembly. */
typedef struct RfWireAnswer {
    uint32_t magic;
    uint32_t serial;
    uint32_t reason; /* RfReason; NONE exactly when there is an object */
    uint32_t bytes;
    uint32_t reject_unit, reject_pc;
    double ms;
    uint64_t sizes[RF_WIRE_FDS];
    char types[128];
} RfWireAnswer;

/* Milliseconds of the monotonic clock (the same in all processes), never 0. */
uint64_t rf_wire_now(void);

/* A new page of zeros and its memfd; NULL: there is none. Unmap sizeof(RfWirePage). */
RfWirePage *rf_wire_page(int *fd);
/* The page of this memfd, or NULL. */
RfWirePage *rf_wire_map(int fd);

/* Sends one message with nfds descriptors (which stay the caller's). 1 sent, 0 no room now (only when !wait), -1 failed. */
int rf_wire_send(int socket, const void *message, size_t size, const int *fds, int nfds, bool wait);
/* Receives one message of at most `size` bytes. Its length; 0 when the other end is closed; -1 with errno (EAGAIN: none there;
 * EMSGSIZE: too long or with too many descriptors, all closed). Descriptors are the caller's, close-on-exec. */
ptrdiff_t rf_wire_receive(int socket, void *message, size_t size, int fds[RF_WIRE_FDS], int *nfds, bool wait);

/* A sealed memfd with these bytes, or -1. */
int rf_wire_memory(const void *data, size_t size);
/* A sealed memfd with the contents of a file (*size long), or -1. */
int rf_wire_file(const char *path, size_t *size);
/* True when fd is a memfd of exactly this size that nobody can change any more. */
bool rf_wire_sealed(int fd, uint64_t size);
/* malloc'd contents (size bytes and a terminating 0), or NULL. */
char *rf_wire_read(int fd, size_t size);

/* Removes a directory with everything in it; symbolic links are not followed. Errors are ignored. */
void rf_wire_remove(const char *dir);

#endif

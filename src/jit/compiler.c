/* The process that compiles: see compiler.h. */
#include "jit/compiler.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "jit/assemble.h"
#include "jit/job.h"

typedef struct Self {
    int socket; /* to the worker */
    const RfWireHello *hello;
    RfAssembler as;
    char object[RF_WIRE_PATH + 32]; /* where the shared object gets */
} Self;

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

static RfReason reason_of(const char *text)
{
    for (int i = 1; text != NULL && i < RF_REASON_COUNT; i++) {
        if (strcmp(text, rf_reason_text[i]) == 0) {
            return (RfReason)i;
        }
    }
    return RF_REASON_BACKEND_ERROR;
}

/* An assembler gets ready while there is no job, or while GCC works. */
static bool have_assembler(Self *self)
{
    char prefix[32];
    snprintf(prefix, sizeof prefix, "job-%ld", (long)getpid());
    return self->as.pid != 0 || rf_assembler_start(&self->as, self->hello->dir, prefix);
}

/* Compiles; fills the answer and fds by part (object, IR, assembly; -1 none). */
static void work(Self *self, const uint8_t *bytes, size_t size, RfWireAnswer *answer, int fds[RF_WIRE_FDS])
{
    double start = milliseconds();
    if (!have_assembler(self)) {
        answer->reason = RF_REASON_BACKEND_MISSING;
        return;
    }
    RfJob *job = rf_job_decode(bytes, size);
    if (job == NULL) {
        return;
    }
    RfCompileResult result;
    memset(&result, 0, sizeof result);
    result.reject_unit = result.reject_pc = RF_JOB_NONE;
    if (rf_jit_compile(job, self->object, self->hello->want, &self->as, &result) && result.ok) {
        size_t length = 0;
        fds[0] = rf_wire_file(self->object, &length);
        answer->sizes[0] = length;
        answer->reason = fds[0] >= 0 && length > 0 ? RF_REASON_NONE : RF_REASON_BACKEND_ERROR;
    } else {
        answer->reason = reason_of(result.reason);
    }
    unlink(self->object);
    answer->bytes = result.bytes;
    answer->reject_unit = result.reject_unit;
    answer->reject_pc = result.reject_pc;
    memcpy(answer->types, result.types, sizeof answer->types);
    answer->types[sizeof answer->types - 1] = '\0';
    const RfBuf *texts[] = {&result.ir, &result.assembly};
    for (int i = 0; i < 2; i++) {
        if (texts[i]->len > 0) {
            fds[1 + i] = rf_wire_memory(texts[i]->data, texts[i]->len);
            answer->sizes[1 + i] = texts[i]->len;
        }
    }
    rf_buf_free(&result.ir);
    rf_buf_free(&result.assembly);
    rf_job_free(job);
    answer->ms = milliseconds() - start;
}

static bool serve(Self *self, const RfWireJob *job, int fd)
{
    RfWireAnswer answer = {.magic = RF_WIRE_ANSWER, .serial = job->serial, .reason = RF_REASON_BACKEND_ERROR};
    answer.reject_unit = answer.reject_pc = RF_JOB_NONE;
    int fds[RF_WIRE_FDS] = {-1, -1, -1}, sent[RF_WIRE_FDS], nsent = 0;
    char *bytes = job->size <= RF_WIRE_JOB_MAX ? rf_wire_read(fd, job->size) : NULL;
    if (bytes != NULL) {
        work(self, (const uint8_t *)bytes, job->size, &answer, fds);
    }
    free(bytes);
    for (int i = 0; i < RF_WIRE_FDS; i++) {
        if (fds[i] >= 0 && (i > 0 || answer.reason == RF_REASON_NONE)) {
            sent[nsent++] = fds[i];
        } else {
            answer.sizes[i] = 0;
        }
    }
    bool ok = rf_wire_send(self->socket, &answer, sizeof answer, sent, nsent, true) == 1;
    for (int i = 0; i < RF_WIRE_FDS; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    return ok;
}

static void run(Self *self)
{
    for (;;) {
        RfWireJob job;
        int fds[RF_WIRE_FDS], nfds;
        have_assembler(self); /* if not, the job says so */
        if (rf_wire_receive(self->socket, &job, sizeof job, fds, &nfds, true) != sizeof job || nfds != 1) {
            return;
        }
        bool ok = serve(self, &job, fds[0]);
        close(fds[0]);
        if (!ok) {
            return;
        }
    }
}

bool rf_compiler_start(RfCompilerProcess *p, const RfWireHello *hello, _Atomic uint32_t *late, int program)
{
    int ends[2];
    pid_t parent = getpid();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return false;
    }
    p->pid = fork();
    if (p->pid == 0) {
        close(program);
        close(ends[0]);
        Self self = {.socket = ends[1], .hello = hello, .as.fed = late};
        snprintf(self.object, sizeof self.object, "%s/object-%ld.so", hello->dir, (long)getpid());
        /* the worker's only thread that starts processes is its first one, so this signal means that it has ended */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent) {
            run(&self);
        }
        _exit(0);
    }
    close(ends[1]);
    p->socket = ends[0];
    if (p->pid < 0) {
        close(ends[0]);
        p->pid = 0;
    }
    return p->pid != 0;
}

bool rf_compiler_give(const RfCompilerProcess *p, const RfWireJob *job, int fd)
{
    return rf_wire_send(p->socket, job, sizeof *job, &fd, 1, true) == 1;
}

void rf_compiler_kill(RfCompilerProcess *p)
{
    if (p->pid != 0) {
        kill(p->pid, SIGKILL);
        while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR) {
        }
        close(p->socket);
        p->pid = 0;
    }
}

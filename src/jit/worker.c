/* The compile worker's own side: a process with low priority and limited memory that answers jobs until the program goes
 * away. It is started by workers.c.
 *
 * The end of the program is noticed by a thread that waits for the socket to hang up, not by PR_SET_PDEATHSIG: that signal
 * comes when the *thread* that started the worker ends, which may be any thread of the program; and the thread can still
 * remove the temporary directory. */
#include "jit/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "jit/cache.h"
#include "jit/job.h"
#include "jit/wire.h"

#define MEMORY_LIMIT (UINT64_C(1536) << 20) /* GCC keeps about 1 MB a compile and needs at most some hundred */

#define LAST_MS 1000 /* that it may go on after the program */

typedef struct Waiting {
    RfWireJob job;
    int fd;
} Waiting;

typedef struct Self {
    int socket;
    Waiting waiting[RF_WIRE_AHEAD];
    unsigned nwaiting;
    RfWireHello hello;
    RfWirePage *page;
    char object[RF_WIRE_PATH + 32]; /* where the compiler writes */
    _Atomic bool orphan;            /* the program has ended: what is compiled goes to the cache */
    _Atomic bool finished;          /* nothing is left to do */
} Self;

/* ---- the process ---- */

static void *watch(void *context)
{
    Self *self = context;
    struct pollfd hangup = {.fd = self->socket, .events = 0};
    while (poll(&hangup, 1, -1) <= 0 || (hangup.revents & (POLLHUP | POLLERR | POLLNVAL)) == 0) {
    }
    self->orphan = true;
    for (unsigned i = 0; i < LAST_MS && self->hello.cache[0] != '\0' && !self->finished; i++) {
        poll(NULL, 0, 1);
    }
    rf_wire_remove(self->hello.dir);
    if (getpgrp() == getpid()) {
        kill(0, SIGKILL); /* with the assembler or linker that may be running */
    }
    _exit(1);
}

static bool start_watching(Self *self)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 << 10);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_t thread;
    bool ok = pthread_create(&thread, &attributes, watch, self) == 0;
    pthread_attr_destroy(&attributes);
    return ok;
}

/* An address-space limit that counts from what is mapped now (stack reservations of the executable can be large). */
static void limit_memory(void)
{
#ifndef RF_SANITIZE
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) {
        return;
    }
    int got = fscanf(file, "%lu", &pages);
    fclose(file);
    struct rlimit limit;
    if (got != 1 || getrlimit(RLIMIT_AS, &limit) != 0) {
        return;
    }
    rlim_t wanted = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + MEMORY_LIMIT;
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > wanted) {
        limit.rlim_cur = wanted;
        setrlimit(RLIMIT_AS, &limit);
    }
#endif
}

static void tell_kernel(const char *file, const char *text)
{
    int fd = open(file, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (write(fd, text, strlen(text)) < 0) {
            errno = 0;
        }
        close(fd);
    }
}

/* Nothing here is worth failing for. */
static void be_humble(void)
{
    prctl(PR_SET_NAME, "ruff-jit");
    errno = 0;
    if (nice(10) == -1 && errno != 0) {
        errno = 0;
    }
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    tell_kernel("/proc/self/oom_score_adj", "500"); /* the program is worth more than its compiler */
    tell_kernel("/proc/self/autogroup", "10"); /* where sessions share the CPU, nice alone means nothing between them */
    limit_memory();
}

/* Where the shell would find the tool, in name[PATH_MAX]; false: nowhere. */
static bool in_path(const char *tool, char *name)
{
    const char *path = getenv("PATH");
    while (path != NULL && *path != '\0') {
        size_t len = strcspn(path, ":");
        if (len > 0 && snprintf(name, PATH_MAX, "%.*s/%s", (int)len, path, tool) < PATH_MAX &&
            access(name, X_OK) == 0) {
            return true;
        }
        path += len + (path[len] == ':');
    }
    return false;
}

/* GCC links through its program collect2, which looks for constructors of C++ and then calls ld: more than a millisecond for
 * nothing. rf_jit_compile tells it to look for that program here first. */
static void shorten_linking(void)
{
    char ld[PATH_MAX];
    if (in_path("ld", ld) && ld[0] == '/' && symlink(ld, "collect2") != 0) {
        errno = 0;
    }
}

static bool meet(Self *self)
{
    int fds[RF_WIRE_FDS], nfds;
    ptrdiff_t got = rf_wire_receive(self->socket, &self->hello, sizeof self->hello, fds, &nfds, true);
    if (got != sizeof self->hello || self->hello.magic != RF_WIRE_HELLO || nfds != 1 ||
        self->hello.index >= RF_WIRE_WORKERS || memchr(self->hello.dir, 0, sizeof self->hello.dir) == NULL ||
        memchr(self->hello.cache, 0, sizeof self->hello.cache) == NULL) {
        return false;
    }
    self->page = rf_wire_map(fds[0]);
    close(fds[0]);
    if (self->page == NULL) {
        return false;
    }
    snprintf(self->object, sizeof self->object, "%s/object.so", self->hello.dir);
    if (chdir(self->hello.dir) != 0 || setenv("TMPDIR", self->hello.dir, 1) != 0) {
        return false;
    }
    shorten_linking();
    return true;
}

/* ---- jobs ---- */

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

/* Compiles; fills the answer and fds by part (object, IR, assembly; -1 none). */
static void work(Self *self, const uint8_t *bytes, size_t size, RfWireAnswer *answer, int fds[RF_WIRE_FDS])
{
    if (rf_jit_backend_missing() != NULL) {
        answer->reason = RF_REASON_BACKEND_MISSING;
        return;
    }
    answer->reason = RF_REASON_BACKEND_ERROR;
    double start = milliseconds();
    RfJob *job = rf_job_decode(bytes, size);
    if (job == NULL) {
        return;
    }
    RfCompileResult result;
    memset(&result, 0, sizeof result);
    result.reject_unit = result.reject_pc = RF_JOB_NONE;
    if (rf_jit_compile(job, self->object, self->hello.want, &result) && result.ok) {
        size_t length = 0;
        fds[0] = rf_wire_file(self->object, &length);
        answer->sizes[0] = length;
        answer->reason = fds[0] >= 0 && length > 0 ? RF_REASON_NONE : RF_REASON_BACKEND_ERROR;
    } else {
        answer->reason = reason_of(result.reason);
        char name[PATH_MAX];
        /* GCC does not say why it could not run its tools. */
        if (answer->reason == RF_REASON_BACKEND_ERROR && (!in_path("as", name) || !in_path("ld", name))) {
            answer->reason = RF_REASON_BACKEND_MISSING;
        }
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

static void answered(Self *self)
{
    atomic_store(&self->page->workers[self->hello.index].since, rf_wire_now());
    atomic_fetch_add(&self->page->answers, 1); /* after the message, so that who sees the count finds the message */
}

static void store(const Self *self, const RfWireJob *job, const RfWireAnswer *answer, int fd)
{
    if (answer->reason == RF_REASON_NONE && fd >= 0 && job->key[0] != '\0') {
        RfCache *cache = rf_cache_open(self->hello.cache, self->hello.cache_mb);
        (void)rf_cache_store(cache, job->key, job->name, fd, answer->sizes[0]);
        rf_cache_close(cache);
    }
}

static bool reply(Self *self, RfWireAnswer *answer, int fds[RF_WIRE_FDS])
{
    int sent[RF_WIRE_FDS], nsent = 0;
    for (int i = 0; i < RF_WIRE_FDS; i++) {
        if (fds[i] >= 0 && (i > 0 || answer->reason == RF_REASON_NONE)) {
            sent[nsent++] = fds[i];
        } else {
            answer->sizes[i] = 0;
        }
    }
    bool ok = rf_wire_send(self->socket, answer, sizeof *answer, sent, nsent, true) == 1;
    for (int i = 0; i < RF_WIRE_FDS; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    if (ok) {
        answered(self);
    }
    return ok;
}

/* Fault injection: one of several kinds of nonsense, by how often a worker was started. */
static bool talk_nonsense(Self *self, RfWireAnswer *answer)
{
    static const char noise[] = "This is no answer, and no shared object.";
    int fds[RF_WIRE_FDS] = {-1, -1, -1};
    answer->reason = RF_REASON_NONE;
    answer->sizes[0] = sizeof noise;
    switch (self->hello.round % 5) {
    case 0: { /* no message of the protocol */
        bool ok = rf_wire_send(self->socket, noise, sizeof noise, NULL, 0, true) == 1;
        answered(self);
        return ok;
    }
    case 1: fds[0] = rf_wire_memory(noise, sizeof noise); break; /* no object */
    case 2: break;                                               /* the object is missing */
    case 3: answer->serial += 12345; break;                      /* a job that nobody gave */
    default: fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);   /* no memfd */
    }
    return reply(self, answer, fds);
}

static bool serve(Self *self, const RfWireJob *job, int fd)
{
    atomic_store(&self->page->workers[self->hello.index].in_work, job->serial);
    switch ((RfWireStress)self->hello.stress) {
    case RF_STRESS_KILL: raise(SIGKILL); break;
    case RF_STRESS_HANG:
        for (;;) {
            pause();
        }
    case RF_STRESS_GARBAGE:
    case RF_STRESS_NONE: break;
    }
    RfWireAnswer answer = {.magic = RF_WIRE_ANSWER, .serial = job->serial};
    answer.reject_unit = answer.reject_pc = RF_JOB_NONE;
    if (self->hello.stress == RF_STRESS_GARBAGE) {
        return talk_nonsense(self, &answer);
    }
    int fds[RF_WIRE_FDS] = {-1, -1, -1};
    bool wanted = !(self->orphan && job->key[0] == '\0') &&
                  atomic_load(&self->page->unwanted[job->serial % RF_WIRE_UNWANTED]) != job->serial + 1;
    char *bytes = wanted && job->size <= RF_WIRE_JOB_MAX ? rf_wire_read(fd, job->size) : NULL;
    if (bytes != NULL) {
        work(self, (const uint8_t *)bytes, job->size, &answer, fds);
    } else {
        answer.reason = RF_REASON_BACKEND_ERROR;
    }
    free(bytes);
    if (self->orphan) {
        store(self, job, &answer, fds[0]);
        return true; /* the descriptors go with the process */
    }
    return reply(self, &answer, fds) || self->orphan;
}

/* Reads the jobs that were sent; waits for one when there is none. False: there will be none. */
static bool take_jobs(Self *self)
{
    while (self->nwaiting < RF_WIRE_AHEAD) {
        Waiting *next = &self->waiting[self->nwaiting];
        int fds[RF_WIRE_FDS], nfds;
        ptrdiff_t got = rf_wire_receive(self->socket, &next->job, sizeof next->job, fds, &nfds, self->nwaiting == 0);
        if ((got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) || (got == 0 && self->nwaiting > 0)) {
            break;
        }
        if (got != sizeof next->job || next->job.magic != RF_WIRE_JOB || nfds != 1) {
            return false;
        }
        next->job.key[sizeof next->job.key - 1] = next->job.name[sizeof next->job.name - 1] = '\0';
        next->fd = fds[0];
        self->nwaiting++;
    }
    return true;
}

int rf_worker_main(int fd)
{
    Self self = {.socket = fd};
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (!meet(&self)) {
        return 2;
    }
    be_humble();
    if (!start_watching(&self)) {
        return 2;
    }
    rf_jit_backend_missing(); /* opens libgccjit now, not in the time of the first job */
    atomic_store(&self.page->workers[self.hello.index].since, rf_wire_now());
    while (take_jobs(&self)) {
        Waiting newest = self.waiting[--self.nwaiting];
        bool ok = serve(&self, &newest.job, newest.fd);
        close(newest.fd);
        if (!ok) {
            return 2;
        }
    }
    self.finished = true;
    rf_wire_remove(self.hello.dir); /* the program is gone, or nobody understands it: the thread may be slower */
    return 0;
}

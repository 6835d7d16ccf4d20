/* The compile worker's own side: a process with low priority and limited memory that answers jobs until the program goes
 * away. It is started by workers.c. It keeps the jobs and chooses among them; the compiling is done by a process that it forks
 * (compiler.c), one job after the other in the same one, because the second compile of a process takes less time than the first.
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
#include <unistd.h>

#include "jit/cache.h"
#include "jit/compiler.h"
#include "jit/job.h"
#include "jit/wire.h"

#define MEMORY_LIMIT (UINT64_C(1536) << 20) /* GCC keeps about 1 MB a compile and needs at most some hundred */

#define LAST_MS 1000 /* that it may go on after the program */

#define DEATHS_MAX 4 /* of processes that compile, by themselves: then there are no more */

typedef struct Waiting {
    RfWireJob job;
    int fd;
    bool later; /* cancelled: compiled when nothing else is to do */
    bool along; /* its function has been compiled along with another one */
} Waiting;

typedef struct Self {
    int socket;
    Waiting waiting[RF_WIRE_AHEAD]; /* in the order in which they came */
    unsigned nwaiting;
    RfWireHello hello;
    RfWirePage *page;
    RfCompilerProcess compiler;
    bool busy;       /* it works on `current` */
    Waiting current; /* which is not in `waiting` */
    unsigned deaths;
    _Atomic bool orphan;   /* the program has ended: what is compiled goes to the cache */
    _Atomic bool finished; /* nothing is left to do */
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
    if (nice(5) == -1 &&
        errno != 0) { /* the program waits for it, in a way: more than 5 would cost more than it gives */
        errno = 0;
    }
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    tell_kernel("/proc/self/oom_score_adj", "500"); /* the program is worth more than its compiler */
    tell_kernel("/proc/self/autogroup", "5"); /* where sessions share the CPU, nice alone means nothing between them */
    limit_memory();
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
    return chdir(self->hello.dir) == 0 && setenv("TMPDIR", self->hello.dir, 1) == 0;
}

/* ---- answers ---- */

static struct RfWireSlot *slot(const Self *self)
{
    return &self->page->workers[self->hello.index];
}

static void store(const Self *self, const RfWireJob *job, const RfWireAnswer *answer, int fd)
{
    if (answer->reason == RF_REASON_NONE && fd >= 0 && job->key[0] != '\0') {
        RfCache *cache = rf_cache_open(self->hello.cache, self->hello.cache_mb);
        (void)rf_cache_store(cache, job->key, job->name, fd, answer->sizes[0]);
        rf_cache_close(cache);
    }
}

static bool send_answer(Self *self, const RfWireAnswer *answer, const int *fds, int nfds)
{
    bool ok = rf_wire_send(self->socket, answer, sizeof *answer, fds, nfds, true) == 1;
    if (ok) {
        atomic_store(&slot(self)->since, rf_wire_now());
        atomic_fetch_add(&self->page->answers, 1); /* after the message, so that who sees the count finds the message */
    }
    return ok || self->orphan;
}

/* The answer to a job that is not compiled. */
static bool refuse(Self *self, const RfWireJob *job, RfReason reason)
{
    RfWireAnswer answer = {.magic = RF_WIRE_ANSWER, .serial = job->serial, .reason = reason};
    answer.reject_unit = answer.reject_pc = RF_JOB_NONE;
    return send_answer(self, &answer, NULL, 0);
}

/* Fault injection: one of several kinds of nonsense, by how often a worker was started. */
static bool talk_nonsense(Self *self, uint32_t serial)
{
    static const char noise[] = "This is no answer, and no shared object.";
    RfWireAnswer answer = {.magic = RF_WIRE_ANSWER, .serial = serial, .reason = RF_REASON_NONE};
    int fd = -1;
    answer.reject_unit = answer.reject_pc = RF_JOB_NONE;
    answer.sizes[0] = sizeof noise;
    switch (self->hello.round % 5) {
    case 0: { /* no message of the protocol */
        bool ok = rf_wire_send(self->socket, noise, sizeof noise, NULL, 0, true) == 1;
        atomic_fetch_add(&self->page->answers, 1);
        return ok;
    }
    case 1: fd = rf_wire_memory(noise, sizeof noise); break; /* no object */
    case 2: answer.sizes[0] = 0; break;                      /* the object is missing */
    case 3: answer.serial += 12345; break;                   /* a job that nobody gave */
    default: fd = open("/dev/null", O_RDONLY | O_CLOEXEC);   /* no memfd */
    }
    bool ok = send_answer(self, &answer, &fd, fd >= 0);
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

/* ---- which job ---- */

/* Is the job's function among those from `first` to before `end` in the other one's list? */
static bool names(const RfWireJob *other, uint32_t first, uint32_t end, const RfWireJob *job)
{
    for (uint32_t i = first; i < end; i++) {
        if (job->ncompiled > 0 && other->units[i] == job->units[0]) {
            return true;
        }
    }
    return false;
}

/* How long a job should wait: 0 not at all; 1 for the code of a function that it calls, without which its own would not help
 * much; 2 because its function is compiled along with another one, and may be called from there only; 3 nobody waits for it. */
static unsigned rank(const Self *self, const Waiting *w)
{
    unsigned rank = w->later ? 3 : w->along ? 2 : 0;
    for (unsigned i = 0; i < self->nwaiting && rank < 2; i++) {
        const Waiting *other = &self->waiting[i];
        const RfWireJob *job = &other->job;
        if (other == w || other->later || names(job, 0, job->ncompiled > 0, &w->job)) {
            continue;
        }
        if (names(job, 1, job->ncompiled, &w->job)) {
            rank = 2;
        } else if (names(&w->job, w->job.ncompiled, w->job.ncompiled + w->job.ncalled, job)) {
            rank = 1;
        }
    }
    return rank;
}

/* The job to be compiled next: the newest of those that need not wait. What got hot later often contains what got hot before
 * (an outer loop, a caller), or is what the program does now. */
static unsigned choose(const Self *self)
{
    unsigned best = 0, least = UINT_MAX;
    for (unsigned i = self->nwaiting; i-- > 0;) {
        unsigned r = rank(self, &self->waiting[i]);
        if (r < least) {
            best = i;
            least = r;
        }
    }
    return best;
}

static Waiting take_out(Self *self, unsigned i)
{
    Waiting taken = self->waiting[i];
    memmove(&self->waiting[i], &self->waiting[i + 1], (--self->nwaiting - i) * sizeof taken);
    return taken;
}

/* ---- the job in work ---- */

static bool begin(Self *self)
{
    Waiting next = take_out(self, choose(self));
    for (unsigned i = 0; i < self->nwaiting; i++) {
        Waiting *w = &self->waiting[i];
        w->along = w->along || names(&next.job, 1, next.job.ncompiled, &w->job);
    }
    atomic_store(&slot(self)->since, rf_wire_now());
    atomic_store(&slot(self)->in_work, next.job.serial);
    atomic_store(&slot(self)->late, 0);
    bool ok = true;
    switch ((RfWireStress)self->hello.stress) {
    case RF_STRESS_KILL: raise(SIGKILL); break;
    case RF_STRESS_HANG:
        for (;;) {
            pause();
        }
    case RF_STRESS_GARBAGE: ok = talk_nonsense(self, next.job.serial); break;
    case RF_STRESS_NONE:
        if (self->orphan && next.job.key[0] == '\0') {
            break;
        }
        bool gone = self->deaths >= DEATHS_MAX || rf_jit_backend_missing() != NULL ||
                    (self->compiler.pid == 0 &&
                     !rf_compiler_start(&self->compiler, &self->hello, &slot(self)->late, self->socket));
        if (gone) {
            ok = refuse(self, &next.job, RF_REASON_BACKEND_MISSING);
        } else if (!rf_compiler_give(&self->compiler, &next.job, next.fd)) {
            rf_compiler_kill(&self->compiler);
            self->deaths++;
            ok = refuse(self, &next.job, RF_REASON_BACKEND_ERROR);
        } else {
            self->busy = true;
            self->current = next;
            return true;
        }
    }
    close(next.fd);
    return ok;
}

/* What the compiling process says: an answer, or that it has died. */
static bool end(Self *self)
{
    RfWireAnswer answer;
    int fds[RF_WIRE_FDS], nfds;
    ptrdiff_t got = rf_wire_receive(self->compiler.socket, &answer, sizeof answer, fds, &nfds, true);
    bool good = got == sizeof answer && self->busy && answer.serial == self->current.job.serial, ok = true;
    if (!good) {
        rf_compiler_kill(&self->compiler);
        self->deaths++;
    }
    if (self->busy) {
        if (good && self->orphan) {
            store(self, &self->current.job, &answer, nfds > 0 ? fds[0] : -1);
        } else {
            ok = good ? send_answer(self, &answer, fds, nfds)
                      : refuse(self, &self->current.job, RF_REASON_BACKEND_ERROR);
        }
        close(self->current.fd);
        self->busy = false;
    }
    for (int i = 0; i < (got >= 0 ? nfds : 0); i++) {
        close(fds[i]);
    }
    return ok;
}

/* Takes the job in work back, unless it is nearly done. Its process goes; the next one is there in a millisecond. */
static void interrupt(Self *self)
{
    if (self->busy && atomic_load(&slot(self)->late) == 0 && self->nwaiting < RF_WIRE_AHEAD) {
        rf_compiler_kill(&self->compiler);
        self->busy = false;
        memmove(&self->waiting[1], &self->waiting[0], self->nwaiting++ * sizeof self->waiting[0]);
        self->waiting[0] = self->current;
    }
}

static bool cancel(Self *self, uint32_t serial)
{
    if (self->busy && self->current.job.serial == serial) {
        interrupt(self);
    }
    for (unsigned i = 0; i < self->nwaiting; i++) {
        Waiting *w = &self->waiting[i];
        if (w->job.serial == serial && w->job.key[0] == '\0') { /* no later run would find it */
            Waiting unwanted = take_out(self, i);
            close(unwanted.fd);
            return refuse(self, &unwanted.job, RF_REASON_BACKEND_ERROR);
        }
        if (w->job.serial == serial) {
            w->later = true;
        }
    }
    return true;
}

/* ---- the program ---- */

/* Reads what the program has sent. False: it talks nonsense, or is gone. */
static bool listen_to_program(Self *self)
{
    for (;;) {
        Waiting next = {.fd = -1};
        int fds[RF_WIRE_FDS], nfds;
        ptrdiff_t got = rf_wire_receive(self->socket, &next.job, sizeof next.job, fds, &nfds, false);
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return true;
        }
        if (got == sizeof next.job && next.job.magic == RF_WIRE_CANCEL && nfds == 0) {
            if (!cancel(self, next.job.serial)) {
                return false;
            }
            continue;
        }
        if (got != sizeof next.job || next.job.magic != RF_WIRE_JOB || nfds != 1 ||
            self->nwaiting + self->busy >= RF_WIRE_AHEAD || next.job.ncompiled > RF_WIRE_UNITS ||
            next.job.ncalled > RF_WIRE_UNITS - next.job.ncompiled) {
            return false;
        }
        next.job.key[sizeof next.job.key - 1] = next.job.name[sizeof next.job.name - 1] = '\0';
        next.fd = fds[0];
        if (self->busy && (self->current.later || self->current.along)) {
            interrupt(self);
        }
        next.along = self->busy && names(&self->current.job, 1, self->current.job.ncompiled, &next.job);
        self->waiting[self->nwaiting++] = next;
    }
}

/* Answers jobs until nothing is left to do. The exit status of the process. */
static int serve(Self *self)
{
    bool gone = false;
    for (;;) {
        if (!self->busy && self->nwaiting > 0) {
            if (!begin(self)) {
                return 2;
            }
            continue;
        }
        if (gone && !self->busy) {
            return 0;
        }
        struct pollfd sources[] = {{.fd = gone ? -1 : self->socket, .events = POLLIN},
                                   {.fd = self->compiler.pid != 0 ? self->compiler.socket : -1, .events = POLLIN}};
        if (poll(sources, 2, -1) < 0) {
            continue;
        }
        if (sources[1].revents != 0 && !end(self)) {
            return 2;
        }
        if (sources[0].revents != 0 && !listen_to_program(self)) {
            gone = true;
        }
    }
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
    if (rf_jit_backend_missing() == NULL) { /* opens libgccjit now, not in the time of the first job */
        rf_compiler_start(&self.compiler, &self.hello, &slot(&self)->late, fd);
    }
    atomic_store(&slot(&self)->since, rf_wire_now());
    int status = serve(&self);
    rf_compiler_kill(&self.compiler);
    self.finished = true;
    if (status == 0) {
        rf_wire_remove(self.hello.dir); /* the program is gone, or nobody understands it: the thread may be slower */
    }
    return status;
}

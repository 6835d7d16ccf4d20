/* The program's side of the compile workers: starts them, hands jobs over, takes answers, and deals with workers that die,
 * hang or talk nonsense. Nothing blocks but rf_workers_take when asked to.
 *
 * A job is kept until it is answered, so that it can be given to the next worker when its worker fails through another job.
 * A worker gets a few jobs ahead and says which one it works on; they come back in any order. */
#include "jit/worker.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "jit/answer.h"
#include "jit/process.h"
#include "jit/wire.h"

#define START_MS 10000u  /* for a worker to get ready */
#define RESTARTS 3u      /* per worker process wanted */
#define LOOK_MS 50u      /* between looks at time limits and dead workers */
#define AHEAD_OF_MANY 2u /* likewise when there are several: the others wait for whoever is free */

typedef struct Job {
    struct Job *next;
    uint32_t id, serial;
    size_t size;
    uint64_t sent; /* rf_wire_now() */
    char key[RF_WIRE_KEY], name[64];
    RfWorkerUnits units;
    uint8_t bytes[];
} Job;

typedef struct Done {
    struct Done *next;
    RfWorkerAnswer answer;
} Done;

typedef struct Queue {
    Job *first, *last;
    uint32_t count;
} Queue;

typedef struct Worker {
    RfProcess process;
    uint64_t started;
    Queue jobs; /* handed over, not answered */
} Worker;

struct RfWorkers {
    RfWorkerConfig config; /* jobs in range; stress and cache unused */
    char cache[RF_WIRE_PATH];
    RfWireStress stress;
    RfProcessPlace place;
    Worker workers[RF_WIRE_WORKERS];
    uint32_t started, failed; /* how often any of them */
    uint32_t serial;
    Queue waiting;
    Done *done, **done_end;
    RfWirePage *_Atomic page; /* NULL before the first start */
    int page_fd;
    _Atomic bool given_up;
    /* what rf_workers_ready looks at */
    _Atomic uint32_t pending;
    _Atomic uint32_t undelivered; /* length of `done` */
    _Atomic uint64_t seen;        /* page->answers when the sockets were last read */
    _Atomic uint64_t look_at;     /* rf_wire_now() of the next look at limits */
    _Atomic uint32_t ticks;
};

/* ---- queues ---- */

static void put(Queue *q, Job *job)
{
    job->next = NULL;
    if (q->first == NULL) {
        q->first = job;
    } else {
        q->last->next = job;
    }
    q->last = job;
    q->count++;
}

static Job *get(Queue *q)
{
    Job *job = q->first;
    if (job != NULL) {
        q->first = job->next;
        q->count--;
    }
    return job;
}

/* Takes the job with this serial out; NULL: it is not there. */
static Job *get_serial(Queue *q, uint32_t serial)
{
    Job *last = NULL;
    for (Job **at = &q->first; *at != NULL; last = *at, at = &(*at)->next) {
        Job *job = *at;
        if (job->serial == serial) {
            *at = job->next;
            q->last = q->last == job ? last : q->last;
            q->count--;
            return job;
        }
    }
    return NULL;
}

/* Moves everything in `from` before what is in `to`. */
static void put_back(Queue *to, Queue *from)
{
    if (from->first != NULL) {
        from->last->next = to->first;
        if (to->first == NULL) {
            to->last = from->last;
        }
        to->first = from->first;
        to->count += from->count;
        *from = (Queue){NULL, NULL, 0};
    }
}

static void free_job(Job *job)
{
    rf_mem_free(job, sizeof *job + job->size);
}

static Done *deliver(RfWorkers *w, Job *job, RfReason reason)
{
    Done *done = rf_mem_zalloc(sizeof *done);
    done->answer =
        (RfWorkerAnswer){.id = job->id, .reason = reason, .fd = -1, .reject_unit = UINT32_MAX, .reject_pc = UINT32_MAX};
    *w->done_end = done;
    w->done_end = &done->next;
    w->undelivered++;
    free_job(job);
    return done;
}

/* ---- processes ---- */

static bool start(RfWorkers *w, uint32_t k)
{
    Worker *worker = &w->workers[k];
    if (w->page == NULL && (w->page = rf_wire_page(&w->page_fd)) == NULL) {
        return false;
    }
    atomic_store(&w->page->workers[k].since, 0);
    worker->started = rf_wire_now();
    if (!rf_process_start(&worker->process, &w->place)) {
        return false;
    }
    RfWireHello hello = {
        .magic = RF_WIRE_HELLO, .index = k, .stress = w->stress, .round = w->started++, .want = w->config.want};
    memcpy(hello.dir, worker->process.dir, sizeof hello.dir);
    hello.cache_mb = w->config.cache_mb < UINT32_MAX ? (uint32_t)w->config.cache_mb : UINT32_MAX;
    memcpy(hello.cache, w->cache, sizeof hello.cache);
    /* failing shows as a dead worker */
    rf_wire_send(worker->process.socket, &hello, sizeof hello, &w->page_fd, 1, false);
    return true;
}

static void stop_all(RfWorkers *w)
{
    for (uint32_t k = 0; k < w->config.jobs; k++) {
        if (w->workers[k].process.pid != 0) {
            rf_process_kill(&w->workers[k].process);
        }
    }
    for (uint32_t k = 0; k < w->config.jobs; k++) {
        if (w->workers[k].process.pid != 0) {
            rf_process_bury(&w->workers[k].process);
        }
    }
}

static void give_up(RfWorkers *w)
{
    w->given_up = true;
    stop_all(w);
    for (uint32_t k = 0; k < w->config.jobs; k++) {
        for (Job *job; (job = get(&w->workers[k].jobs)) != NULL;) {
            deliver(w, job, RF_REASON_BACKEND_MISSING);
        }
    }
    for (Job *job; (job = get(&w->waiting)) != NULL;) {
        deliver(w, job, RF_REASON_BACKEND_MISSING);
    }
}

static uint32_t in_work(const RfWorkers *w, const Worker *worker)
{
    return atomic_load(&w->page->workers[worker - w->workers].in_work);
}

/* Ends a worker that died, hangs or talks nonsense. The job with this serial gets the reason, the others wait for the next worker,
 * which is started when there is something to do. */
static void fail(RfWorkers *w, Worker *worker, uint32_t serial, RfReason reason)
{
    bool was_ready = atomic_load(&w->page->workers[worker - w->workers].since) != 0;
    bool answered = atomic_load(&w->page->answers) != 0;
    rf_process_kill(&worker->process);
    rf_process_bury(&worker->process);
    if (was_ready && worker->jobs.count > 0) {
        Job *guilty = get_serial(&worker->jobs, serial);
        deliver(w, guilty != NULL ? guilty : get(&worker->jobs), reason);
    }
    put_back(&w->waiting, &worker->jobs);
    w->failed++;
    /* One that never got ready is likely no worker at all. */
    if (w->failed > RESTARTS * w->config.jobs || (!was_ready && !answered && w->failed == 1)) {
        give_up(w);
    }
}

/* ---- handing over ---- */

/* The worker to get the next job: an idle one, else a new one, else the one with the fewest jobs. NULL: none could be had. */
static Worker *choose(RfWorkers *w)
{
    Worker *best = NULL;
    uint32_t fresh = UINT32_MAX;
    for (uint32_t k = 0; k < w->config.jobs; k++) {
        Worker *worker = &w->workers[k];
        if (worker->process.pid == 0) {
            fresh = fresh == UINT32_MAX ? k : fresh;
        } else if (best == NULL || worker->jobs.count < best->jobs.count) {
            best = worker;
        }
    }
    if (fresh != UINT32_MAX && (best == NULL || best->jobs.count > 0) && start(w, fresh)) {
        best = &w->workers[fresh];
    }
    return best;
}

static uint32_t under_way(const RfWorkers *w)
{
    uint32_t count = 0;
    for (uint32_t k = 0; k < w->config.jobs; k++) {
        count += w->workers[k].jobs.count;
    }
    return count;
}

static void hand_over(RfWorkers *w)
{
    while (w->waiting.first != NULL && !w->given_up) {
        Worker *worker = choose(w);
        if (worker == NULL) {
            give_up(w);
            return;
        }
        if (worker->jobs.count >= (w->config.jobs == 1 ? RF_WIRE_AHEAD : AHEAD_OF_MANY)) {
            return;
        }
        Job *job = w->waiting.first;
        RfWireJob message = {.magic = RF_WIRE_JOB, .serial = job->serial, .size = job->size};
        memcpy(message.key, job->key, sizeof message.key);
        memcpy(message.name, job->name, sizeof message.name);
        message.ncompiled = job->units.ncompiled;
        message.ncalled = job->units.ncalled;
        memcpy(message.units, job->units.numbers, sizeof message.units);
        int fd = rf_wire_memory(job->bytes, job->size);
        int sent = fd < 0 ? -1 : rf_wire_send(worker->process.socket, &message, sizeof message, &fd, 1, false);
        bool dead = sent < 0 && (errno == EPIPE || errno == ECONNRESET);
        if (fd >= 0) {
            close(fd);
        }
        if (sent == 1) {
            job->sent = rf_wire_now();
            put(&worker->jobs, get(&w->waiting));
        } else if (dead) {
            return; /* seen when it is read from */
        } else if (under_way(w) == 0) {
            deliver(w, get(&w->waiting), RF_REASON_BACKEND_ERROR); /* out of descriptors, or the like */
        } else {
            return;
        }
    }
}

/* ---- answers ---- */

static bool accept_answer(RfWorkers *w, Worker *worker, const RfWireAnswer *message, int *fds, int nfds)
{
    RfWorkerAnswer answer;
    if (!rf_answer_open(&answer, message, fds, nfds)) {
        return false;
    }
    Job *job = get_serial(&worker->jobs, message->serial);
    if (job == NULL) {
        if (answer.fd >= 0) {
            close(answer.fd);
        }
        free(answer.ir);
        free(answer.assembly);
        return false;
    }
    answer.id = job->id;
    deliver(w, job, RF_REASON_NONE)->answer = answer;
    return true;
}

/* Reads all that a worker said. */
static void listen_to(RfWorkers *w, Worker *worker)
{
    while (worker->process.pid != 0) {
        RfWireAnswer message;
        int fds[RF_WIRE_FDS], nfds;
        ptrdiff_t got = rf_wire_receive(worker->process.socket, &message, sizeof message, fds, &nfds, false);
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return;
        }
        if (got < 0 && errno == ECONNRESET) {
            continue; /* said once when it died with unread jobs; what it said before can still be read */
        }
        bool good = got == sizeof message && accept_answer(w, worker, &message, fds, nfds);
        for (int i = 0; i < nfds; i++) {
            if (fds[i] >= 0) {
                close(fds[i]);
            }
        }
        if (!good) { /* of a bad answer, the job that it is for is the cause: the worker may be at the next one */
            fail(w, worker, got == sizeof message ? message.serial : in_work(w, worker), RF_REASON_BACKEND_ERROR);
        } else if (message.reason == RF_REASON_BACKEND_MISSING) {
            give_up(w);
        }
    }
}

/* When the job in work is overdue; UINT64_MAX: nothing in work. */
static uint64_t deadline(const RfWorkers *w, const Worker *worker, uint64_t now)
{
    uint64_t since = atomic_load(&w->page->workers[worker - w->workers].since);
    if (worker->jobs.first == NULL) {
        return UINT64_MAX;
    }
    if (since == 0) {
        return worker->started + START_MS;
    }
    uint64_t sent = worker->jobs.first->sent;
    return (since > sent && since <= now ? since : sent) + w->config.timeout_ms;
}

static void collect(RfWorkers *w)
{
    if (w->page == NULL || w->pending == 0) {
        return;
    }
    w->seen = atomic_load(&w->page->answers); /* before reading: answers after this count again */
    uint64_t now = rf_wire_now(), next = now + LOOK_MS;
    for (uint32_t k = 0; k < w->config.jobs; k++) {
        Worker *worker = &w->workers[k];
        if (worker->process.pid != 0) {
            listen_to(w, worker);
        }
        if (worker->process.pid != 0) {
            uint64_t limit = deadline(w, worker, now);
            if (limit <= now) {
                fail(w, worker, in_work(w, worker), RF_REASON_COMPILE_TIMEOUT);
            } else if (limit < next) {
                next = limit;
            }
        }
    }
    w->look_at = next;
}

/* ---- the interface ---- */

RfWorkers *rf_workers_new(const RfWorkerConfig *config)
{
    static const char *const stress[] = {
        [RF_STRESS_KILL] = "kill", [RF_STRESS_HANG] = "hang", [RF_STRESS_GARBAGE] = "garbage"};
    RfWorkers *w = rf_mem_zalloc(sizeof *w);
    w->config = *config;
    w->config.jobs = config->jobs < 1 ? 1 : config->jobs > RF_WIRE_WORKERS ? RF_WIRE_WORKERS : config->jobs;
    for (unsigned i = 1; config->stress != NULL && i < sizeof stress / sizeof *stress; i++) {
        if (strcmp(config->stress, stress[i]) == 0) {
            w->stress = (RfWireStress)i;
        }
    }
    if (config->cache != NULL && strlen(config->cache) < sizeof w->cache) {
        strcpy(w->cache, config->cache);
    }
    w->done_end = &w->done;
    w->page_fd = -1;
    w->given_up = !rf_process_place(&w->place, config->program, config->debug);
    return w;
}

void rf_workers_warm(RfWorkers *w)
{
    if (!w->given_up && w->started == 0 && !start(w, 0)) {
        give_up(w);
    }
}

void rf_workers_submit(RfWorkers *w, uint32_t id, const void *bytes, size_t size, const char *key, const char *name,
                       const RfWorkerUnits *units)
{
    Job *job = rf_mem_alloc(sizeof *job + size);
    *job = (Job){.id = id, .serial = w->serial++, .size = size};
    memcpy(job->bytes, bytes, size);
    if (key != NULL && w->cache[0] != '\0') {
        snprintf(job->key, sizeof job->key, "%s", key);
        snprintf(job->name, sizeof job->name, "%s", name);
    }
    if (units != NULL) {
        job->units = *units;
    }
    w->pending++;
    if (w->given_up || size > RF_WIRE_JOB_MAX) {
        deliver(w, job, w->given_up ? RF_REASON_BACKEND_MISSING : RF_REASON_BACKEND_ERROR);
        return;
    }
    put(&w->waiting, job);
    hand_over(w);
}

void rf_workers_cancel(RfWorkers *w, uint32_t id)
{
    for (const Job *job = w->waiting.first; job != NULL; job = job->next) {
        if (job->id == id) {
            deliver(w, get_serial(&w->waiting, job->serial), RF_REASON_BACKEND_ERROR);
            return;
        }
    }
    for (uint32_t k = 0; k < w->config.jobs; k++) {
        for (const Job *job = w->workers[k].jobs.first; job != NULL; job = job->next) {
            if (job->id == id) {
                RfWireJob message = {.magic = RF_WIRE_CANCEL, .serial = job->serial};
                /* one that does not arrive only costs time */
                rf_wire_send(w->workers[k].process.socket, &message, sizeof message, NULL, 0, false);
            }
        }
    }
}

bool rf_workers_ready(RfWorkers *w)
{
    if (atomic_load_explicit(&w->pending, memory_order_acquire) == 0) {
        return false;
    }
    if (w->undelivered != 0) {
        return true;
    }
    RfWirePage *page = w->page; /* there since the first job */
    if (page == NULL || atomic_load_explicit(&page->answers, memory_order_acquire) != w->seen) {
        return true;
    }
    return atomic_fetch_add_explicit(&w->ticks, 1, memory_order_relaxed) % 8 == 0 && rf_wire_now() >= w->look_at;
}

/* Sleeps until a worker says something or dies, or it is time to look at limits. */
static void wait_for_news(RfWorkers *w, uint64_t until)
{
    struct pollfd sockets[RF_WIRE_WORKERS];
    nfds_t count = 0;
    for (uint32_t k = 0; k < w->config.jobs; k++) {
        if (w->workers[k].process.pid != 0) {
            sockets[count++] = (struct pollfd){.fd = w->workers[k].process.socket, .events = POLLIN};
        }
    }
    uint64_t now = rf_wire_now(), next = w->look_at < until ? w->look_at : until;
    poll(sockets, count, next <= now ? 1 : next - now > LOOK_MS ? (int)LOOK_MS : (int)(next - now));
}

static bool take(RfWorkers *w, bool wait, uint64_t until, RfWorkerAnswer *answer)
{
    for (;;) {
        collect(w);
        hand_over(w);
        Done *done = w->done;
        if (done != NULL) {
            *answer = done->answer;
            w->done = done->next;
            w->done_end = w->done == NULL ? &w->done : w->done_end;
            rf_mem_free(done, sizeof *done);
            w->undelivered--;
            w->pending--;
            return true;
        }
        if (!wait || w->pending == 0 || rf_wire_now() >= until) {
            return false;
        }
        wait_for_news(w, until);
    }
}

bool rf_workers_take(RfWorkers *w, bool wait, RfWorkerAnswer *answer)
{
    return take(w, wait, UINT64_MAX, answer);
}

bool rf_workers_take_for(RfWorkers *w, uint32_t wait_ms, RfWorkerAnswer *answer)
{
    return take(w, true, rf_wire_now() + wait_ms, answer);
}

uint32_t rf_workers_pending(const RfWorkers *w)
{
    return w->pending;
}

bool rf_workers_given_up(const RfWorkers *w)
{
    return w->given_up;
}

static void free_memory(RfWorkers *w)
{
    if (w->page != NULL) {
        munmap(w->page, sizeof *w->page);
        close(w->page_fd);
    }
    rf_process_leave(&w->place);
    rf_mem_free(w, sizeof *w);
}

void rf_workers_free(RfWorkers *w, uint32_t wait_ms)
{
    if (w == NULL) {
        return;
    }
    uint64_t until = rf_wire_now() + wait_ms;
    if (wait_ms == 0) {
        give_up(w); /* every job becomes an answer, without the processes */
    }
    for (RfWorkerAnswer answer; w->pending > 0;) {
        if (take(w, true, until, &answer)) {
            if (answer.fd >= 0) {
                close(answer.fd);
            }
            free(answer.ir);
            free(answer.assembly);
        } else {
            give_up(w);
        }
    }
    stop_all(w);
    free_memory(w);
}

void rf_workers_leave(RfWorkers *w)
{
    if (w == NULL) {
        return;
    }
    for (uint32_t k = 0; k < w->config.jobs; k++) {
        Worker *worker = &w->workers[k];
        bool useful = false;
        for (const Job *job = worker->jobs.first; job != NULL; job = job->next) {
            useful = useful || job->key[0] != '\0';
        }
        if (worker->process.pid != 0) {
            rf_process_abandon(&worker->process, !useful);
        }
        for (Job *job; (job = get(&worker->jobs)) != NULL;) {
            free_job(job);
        }
    }
    for (Job *job; (job = get(&w->waiting)) != NULL;) {
        free_job(job);
    }
    for (Done *done; (done = w->done) != NULL;) {
        w->done = done->next;
        if (done->answer.fd >= 0) {
            close(done->answer.fd);
        }
        free(done->answer.ir);
        free(done->answer.assembly);
        rf_mem_free(done, sizeof *done);
    }
    free_memory(w);
}

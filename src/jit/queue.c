/* Jobs under way. Compile workers and the code cache are per process by nature, so they and the list of jobs are shared by
 * all VMs, under one lock. Any VM may take an answer from the workers; it is kept with its job until the VM that wants it
 * comes to fetch it, and stored into the cache when that VM has ended. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "jit/policy.h"

static struct {
    pthread_mutex_t lock;
    uint32_t vms;
    uint32_t last_id;
    bool closed;   /* the process is ending */
    char *program; /* RfJitConfig.worker */
    RfWorkers *workers;
    RfCache *cache;
    RfPending *jobs;
    RfJitCounts counts;
} shared = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void lock(void)
{
    pthread_mutex_lock(&shared.lock);
}
static void unlock(void)
{
    pthread_mutex_unlock(&shared.lock);
}

static RfCache *cache(void)
{
    if (!shared.cache) {
        const RfJitSettings *s = rf_jit_settings();
        shared.cache = rf_cache_open(s->cache, s->cache_mb);
    }
    return shared.cache;
}

static RfWorkers *workers(void)
{
    if (!shared.workers && !shared.closed && shared.program) {
        const RfJitSettings *s = rf_jit_settings();
        RfWorkerConfig config = {.jobs = s->jobs,
                                 .timeout_ms = s->timeout_ms,
                                 .stress = s->stress_worker,
                                 .program = shared.program,
                                 .cache_mb = s->cache_mb,
                                 .debug = s->debug > 1,
                                 .want = (s->ir ? 1u : 0u) | (s->assembly ? 2u : 0u)};
        char *directory = rf_cache_enabled(cache()) ? realpath(rf_cache_directory(cache()), NULL) : NULL;
        config.cache = directory                               ? directory
                       : rf_cache_directory(cache())[0] == '/' ? rf_cache_directory(cache())
                                                               : NULL;
        shared.workers = rf_workers_new(&config);
        free(directory);
    }
    return shared.workers;
}

static void drop_answer(RfWorkerAnswer *a)
{
    if (a->fd >= 0) {
        close(a->fd);
    }
    free(a->ir);
    free(a->assembly);
}

void rf_pending_free(RfPending *p)
{
    if (p->done) {
        drop_answer(&p->answer);
    }
    rf_job_links_free(&p->links);
    free(p->name);
    rf_mem_free(p, sizeof *p);
}

static bool store(const RfPending *p)
{
    const RfWorkerAnswer *a = &p->answer;
    return p->sought && p->done && a->reason == RF_REASON_NONE && a->fd >= 0 && rf_cache_enabled(cache()) &&
           rf_cache_store(cache(), p->key, p->name, a->fd, a->size);
}

static void deliver(const RfWorkerAnswer *a)
{
    RfPending **at = &shared.jobs;
    while (*at && (*at)->id != a->id) {
        at = &(*at)->next;
    }
    RfPending *p = *at;
    if (!p || p->done) {
        drop_answer(&(RfWorkerAnswer){.fd = a->fd, .ir = a->ir, .assembly = a->assembly});
        return;
    }
    p->done = true;
    p->answer = *a;
    if (!p->owner) {
        (void)store(p);
        *at = p->next;
        rf_pending_free(p);
    }
}

/* Takes all answers that are there; wait: blocks for one. False when there was none. */
static bool drain(bool wait)
{
    RfWorkerAnswer a;
    bool any = false;
    while (shared.workers && ((wait && !any) || rf_workers_ready(shared.workers)) &&
           rf_workers_take(shared.workers, wait && !any, &a)) {
        deliver(&a);
        any = true;
    }
    return any;
}

static RfPending *find(const RfJit *jit, bool done)
{
    RfPending *p = shared.jobs;
    while (p && (p->owner != jit || p->done != done)) {
        p = p->next;
    }
    return p;
}

/* Jobs that no worker knows any more. */
static void fail_lost(void)
{
    for (RfPending *p = shared.jobs; p; p = p->next) {
        if (!p->done) {
            p->done = true;
            p->answer = (RfWorkerAnswer){.id = p->id,
                                         .reason = RF_REASON_BACKEND_ERROR,
                                         .fd = -1,
                                         .reject_unit = RF_JOB_NONE,
                                         .reject_pc = RF_JOB_NONE};
        }
    }
}

static void unlink_job(RfPending *p)
{
    RfPending **at = &shared.jobs;
    while (*at != p) {
        at = &(*at)->next;
    }
    *at = p->next;
}

void rf_queue_attach(bool task, const char *program)
{
    lock();
    shared.vms++;
    if (!task) {
        shared.closed = false;
        shared.program = shared.program ? shared.program : strdup(program);
    }
    unlock();
}

static void close_workers(void)
{
    if (shared.workers) {
        rf_workers_free(shared.workers, 0);
        shared.workers = NULL;
        fail_lost();
    }
}

void rf_queue_close(void)
{
    lock();
    shared.closed = true;
    if (shared.workers) { /* what is under way may still be good for the cache */
        rf_workers_leave(shared.workers);
        shared.workers = NULL;
        fail_lost();
    }
    unlock();
}

void rf_queue_detach(RfJit *jit)
{
    lock();
    for (RfPending **at = &shared.jobs; *at;) {
        RfPending *p = *at;
        if (p->owner == jit) {
            p->owner = NULL;
            p->unit = NULL;
            rf_job_links_free(&p->links);
            p->links = (RfJobLinks){0};
            if (p->done) {
                *at = p->next;
                (void)store(p);
                rf_pending_free(p);
                continue;
            }
        }
        at = &p->next;
    }
    if (--shared.vms == 0) {
        close_workers();
        while (shared.jobs) {
            RfPending *p = shared.jobs;
            shared.jobs = p->next;
            rf_pending_free(p);
        }
        if (shared.cache) {
            rf_cache_close(shared.cache);
            shared.cache = NULL;
        }
        rf_recent_clear();
        free(shared.program);
        shared.program = NULL;
    }
    unlock();
}

void rf_queue_warm(void)
{
    lock();
    if (workers()) {
        rf_workers_warm(shared.workers);
    }
    unlock();
}

int rf_queue_cache_load(const char *key, RfReason *reason, bool *enabled)
{
    lock();
    *reason = RF_REASON_NONE;
    *enabled = rf_cache_enabled(cache());
    int fd = *enabled ? rf_cache_load(cache(), key, reason) : -1;
    unlock();
    return fd;
}

const char *rf_queue_cache_directory(void)
{
    lock();
    const char *directory = rf_cache_directory(cache());
    unlock();
    return directory;
}

bool rf_queue_submit(RfPending *p, const RfBuf *job, uint32_t *pending)
{
    lock();
    bool ok = workers() != NULL;
    if (ok) {
        p->id = ++shared.last_id;
        p->next = shared.jobs;
        shared.jobs = p;
        rf_workers_submit(shared.workers, p->id, job->data, job->len, p->sought ? p->key : NULL, p->name,
                          &p->links.order);
        *pending = rf_workers_pending(shared.workers);
    }
    unlock();
    if (!ok) {
        rf_pending_free(p);
    }
    return ok;
}

void rf_queue_cancel(RfJit *jit, const RfUnit *unit, int32_t pc)
{
    lock();
    for (RfPending *p = shared.jobs; p; p = p->next) {
        if (p->owner == jit && p->unit == unit && p->pc == pc && !p->done && !p->cancelled) {
            p->cancelled = true;
            if (shared.workers) {
                rf_workers_cancel(shared.workers, p->id);
            }
        }
    }
    unlock();
}

RfPending *rf_queue_take(RfJit *jit, bool wait)
{
    if (wait) {
        lock();
    } else if (pthread_mutex_trylock(&shared.lock) != 0) {
        return NULL; /* another VM is at it: next time */
    }
    drain(false);
    RfPending *p;
    while (!(p = find(jit, true)) && wait && find(jit, false)) {
        if (!drain(true)) {
            fail_lost();
        }
    }
    if (p) {
        unlink_job(p);
    }
    unlock();
    return p;
}

bool rf_queue_store(const RfPending *p)
{
    lock();
    bool ok = store(p);
    unlock();
    return ok;
}

void rf_queue_forget(RfJit *jit, const RfUnit *unit)
{
    lock();
    for (RfPending *p = shared.jobs; p; p = p->next) {
        if (p->owner == jit && p->unit == unit) {
            p->unit = NULL;
        }
    }
    unlock();
}

void rf_queue_add_counts(RfJitCounts *counts)
{
    lock();
    RfJitCounts *all = &shared.counts;
    all->compiled += counts->compiled;
    all->installed += counts->installed;
    all->entered += counts->entered;
    all->osr += counts->osr;
    all->guards += counts->guards;
    all->deopts += counts->deopts;
    all->invalidated += counts->invalidated;
    all->rejected += counts->rejected;
    all->cache_hits += counts->cache_hits;
    all->cache_stores += counts->cache_stores;
    all->cache_misses += counts->cache_misses;
    all->recompiled += counts->recompiled;
    all->compile_ms += counts->compile_ms;
    *counts = *all;
    unlock();
}

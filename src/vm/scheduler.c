/* The scheduler of one VM: ready work in the order it became ready, timers, and news from other threads.
 *
 * Everything a VM ever waits for ends in a post of its semaphore: a post in the inbox, a channel that got a value, a
 * cancellation, SIGINT. So there is one place that blocks, rf_scheduler_step, and the check before it can rely on a token
 * being left for whatever happens after. */
#include <errno.h>
#include <semaphore.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "vm/scheduler.h"

struct RfInbox {
    atomic_uint rc;
    sem_t wake;
    pthread_mutex_t lock;
    bool closed;
    RfPost *first, **last;
    _Atomic bool filled;
};

/* ---- inbox ---- */

RfInbox *rf_inbox_of(RfVm *vm)
{
    return vm->scheduler->inbox;
}

RfInbox *rf_inbox_retain(RfInbox *inbox)
{
    atomic_fetch_add_explicit(&inbox->rc, 1, memory_order_relaxed);
    return inbox;
}

void rf_inbox_release(RfInbox *inbox)
{
    if (atomic_fetch_sub_explicit(&inbox->rc, 1, memory_order_acq_rel) == 1) {
        sem_destroy(&inbox->wake);
        pthread_mutex_destroy(&inbox->lock);
        rf_mem_free(inbox, sizeof *inbox);
    }
}

static RfInbox *inbox_new(void)
{
    RfInbox *inbox = rf_mem_zalloc(sizeof *inbox);
    atomic_init(&inbox->rc, 1);
    sem_init(&inbox->wake, 0, 0);
    pthread_mutex_init(&inbox->lock, NULL);
    inbox->last = &inbox->first;
    return inbox;
}

void rf_inbox_wake(RfInbox *inbox)
{
    sem_post(&inbox->wake);
}

void rf_inbox_post(RfInbox *inbox, RfPost *post)
{
    post->next = NULL;
    pthread_mutex_lock(&inbox->lock);
    bool closed = inbox->closed;
    if (!closed) {
        *inbox->last = post;
        inbox->last = &post->next;
        inbox->filled = true;
    }
    pthread_mutex_unlock(&inbox->lock);
    if (closed) {
        post->drop(post);
    } else {
        sem_post(&inbox->wake);
    }
}

static RfPost *take_posts(RfInbox *inbox, bool close)
{
    pthread_mutex_lock(&inbox->lock);
    RfPost *first = inbox->first;
    inbox->first = NULL;
    inbox->last = &inbox->first;
    inbox->filled = false;
    inbox->closed = inbox->closed || close;
    pthread_mutex_unlock(&inbox->lock);
    return first;
}

static bool deliver_posts(RfVm *vm)
{
    RfInbox *inbox = vm->scheduler->inbox;
    if (!inbox->filled) {
        return false;
    }
    for (RfPost *p = take_posts(inbox, false), *next; p; p = next) {
        next = p->next;
        p->deliver(vm, p);
    }
    return true;
}

/* ---- ready queue ---- */

void rf_scheduler_ready(RfVm *vm, RfReady *ready)
{
    RfScheduler *s = vm->scheduler;
    ready->next = NULL;
    *s->last_ready = ready;
    s->last_ready = &ready->next;
}

static bool run_ready(RfVm *vm)
{
    RfScheduler *s = vm->scheduler;
    RfReady *r = s->ready;
    if (!r) {
        return false;
    }
    s->ready = r->next;
    if (!r->next) {
        s->last_ready = &s->ready;
    }
    r->run(vm, r);
    return true;
}

/* ---- timers ---- */

uint64_t rf_scheduler_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool earlier(const RfTimer *a, const RfTimer *b)
{
    return a->when != b->when ? a->when < b->when : a->seq < b->seq;
}

static void put_timer(RfScheduler *s, size_t i, RfTimer *t)
{
    s->timers[i] = t;
    t->at = i;
}

/* Moves the timer towards the top or the bottom of the heap until it is in order there. */
static void sift(RfScheduler *s, size_t i)
{
    RfTimer *t = s->timers[i];
    while (i > 0 && earlier(t, s->timers[(i - 1) / 2])) {
        put_timer(s, i, s->timers[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * i + 1;
        if (child + 1 < s->ntimers && earlier(s->timers[child + 1], s->timers[child])) {
            child++;
        }
        if (child >= s->ntimers || !earlier(s->timers[child], t)) {
            break;
        }
        put_timer(s, i, s->timers[child]);
        i = child;
    }
    put_timer(s, i, t);
}

void rf_scheduler_add_timer(RfVm *vm, RfTimer *t, uint64_t ms)
{
    RfScheduler *s = vm->scheduler;
    if (s->ntimers == s->timers_cap) {
        size_t cap = s->timers_cap ? s->timers_cap * 2 : 16;
        s->timers = rf_mem_resize(s->timers, s->timers_cap * sizeof(RfTimer *), cap * sizeof(RfTimer *));
        s->timers_cap = cap;
    }
    uint64_t now = rf_scheduler_now();
    t->when = ms > (UINT64_MAX - now) / 1000000u ? UINT64_MAX : now + ms * 1000000u;
    t->seq = s->next_timer++;
    s->timers[s->ntimers++] = t;
    sift(s, s->ntimers - 1);
}

void rf_scheduler_cancel_timer(RfVm *vm, RfTimer *t)
{
    RfScheduler *s = vm->scheduler;
    size_t i = t->at;
    RfTimer *last = s->timers[--s->ntimers];
    if (last != t) {
        put_timer(s, i, last);
        sift(s, i);
    }
}

static bool fire_timers(RfVm *vm)
{
    RfScheduler *s = vm->scheduler;
    if (s->ntimers == 0) {
        return false;
    }
    uint64_t now = rf_scheduler_now();
    bool fired = false;
    while (s->ntimers > 0 && s->timers[0]->when <= now) {
        RfTimer *t = s->timers[0];
        rf_scheduler_cancel_timer(vm, t);
        t->fire(vm, t);
        fired = true;
    }
    return fired;
}

typedef struct Sleep {
    RfTimer timer;
    RfPromise *promise; /* owned */
} Sleep;

static void sleep_drop(RfTimer *t)
{
    Sleep *sleep = (Sleep *)t;
    rf_object_release(sleep->promise);
    rf_mem_free(sleep, sizeof *sleep);
}

static void sleep_fire(RfVm *vm, RfTimer *t)
{
    rf_promise_resolve(vm, ((Sleep *)t)->promise, rf_null());
    sleep_drop(t);
}

RfPromise *rf_scheduler_sleep(RfVm *vm, uint64_t ms)
{
    Sleep *sleep = rf_mem_alloc(sizeof *sleep);
    sleep->timer.fire = sleep_fire;
    sleep->timer.drop = sleep_drop;
    sleep->promise = rf_promise_new(vm);
    rf_object_retain(sleep->promise);
    rf_scheduler_add_timer(vm, &sleep->timer, ms);
    return sleep->promise;
}

/* ---- waiting ---- */

void rf_scheduler_expect(RfVm *vm, int change)
{
    vm->scheduler->expected += change;
}

RfStatus rf_scheduler_raise_timeout(RfVm *vm)
{
    return rf_raise(rf_rt(vm), "Scheduler timed out after %ums (await never completed)",
                    vm->config.scheduler_timeout_ms);
}

/* Until the semaphore has a token or `until` (UINT64_MAX: for ever) has come. */
static void block(RfInbox *inbox, uint64_t until)
{
    if (until == UINT64_MAX) {
        while (sem_wait(&inbox->wake) != 0 && errno == EINTR) {
        }
    } else {
        struct timespec t = {.tv_sec = (time_t)(until / 1000000000u), .tv_nsec = (long)(until % 1000000000u)};
        while (sem_clockwait(&inbox->wake, CLOCK_MONOTONIC, &t) != 0 && errno == EINTR) {
        }
    }
    while (sem_trywait(&inbox->wake) == 0) { /* one look at the state serves all tokens */
    }
}

RfTurn rf_scheduler_step(RfVm *vm, bool budget, bool outside)
{
    RfScheduler *s = vm->scheduler;
    if (vm->interrupt && rf_vm_safepoint(vm) != RF_OK) {
        return RF_TURN_ERROR;
    }
    bool news = deliver_posts(vm);
    news = fire_timers(vm) || news;
    if (run_ready(vm) || news) {
        return RF_TURN_RAN;
    }
    if (s->ntimers == 0 && s->expected == 0 && !outside) {
        return RF_TURN_NEVER;
    }
    uint64_t limit = (uint64_t)vm->config.scheduler_timeout_ms * 1000000u;
    if (budget && s->waited >= limit) {
        return RF_TURN_TIMEOUT;
    }
    rf_vm_flush(vm);
    uint64_t start = rf_scheduler_now();
    uint64_t until = s->ntimers > 0 ? s->timers[0]->when : UINT64_MAX;
    uint64_t budget_end = start + (limit - s->waited);
    if (budget && budget_end < until) {
        until = budget_end;
    }
    block(s->inbox, until);
    if (budget) {
        s->waited += rf_scheduler_now() - start;
    }
    return RF_TURN_RAN;
}

/* ---- waiting in place ---- */

typedef struct Waiter { /* heap, because both the wait and the reaction may end first */
    RfReaction reaction;
    RfReady ready;
    bool woken, abandoned;
} Waiter;

#define WAITER_OF_READY(r) ((Waiter *)(void *)((char *)(r)-offsetof(Waiter, ready)))

static void waiter_ready(RfVm *vm, RfReady *r)
{
    (void)vm;
    Waiter *w = WAITER_OF_READY(r);
    if (w->abandoned) {
        rf_mem_free(w, sizeof *w);
    } else {
        w->woken = true;
    }
}

static void waiter_ready_drop(RfReady *r)
{
    rf_mem_free(WAITER_OF_READY(r), sizeof(Waiter));
}
static void waiter_drop(RfReaction *r)
{
    rf_mem_free(r, sizeof(Waiter));
}

static void waiter_run(RfVm *vm, RfReaction *r, RfPromise *settled)
{
    (void)settled;
    rf_scheduler_ready(vm, &((Waiter *)r)->ready);
}

RfStatus rf_scheduler_wait(RfVm *vm, RfPromise *p)
{
    if (rf_promise_poll(vm, p) != RF_PROMISE_PENDING) {
        return RF_OK;
    }
    rf_object_retain(p);
    Waiter *w = rf_mem_zalloc(sizeof *w);
    w->reaction.run = waiter_run;
    w->reaction.drop = waiter_drop;
    w->ready.run = waiter_ready;
    w->ready.drop = waiter_ready_drop;
    rf_promise_react(vm, p, &w->reaction);
    RfStatus status = RF_OK;
    while (!w->woken && status == RF_OK) {
        switch (rf_scheduler_step(vm, true, false)) {
        case RF_TURN_RAN: break;
        case RF_TURN_ERROR: status = RF_ERROR; break;
        case RF_TURN_NEVER:
        case RF_TURN_TIMEOUT: status = rf_scheduler_raise_timeout(vm); break;
        }
    }
    if (w->woken) {
        rf_mem_free(w, sizeof *w);
    } else {
        w->abandoned = true;
    }
    rf_object_release(p);
    return status;
}

RfStatus rf_async_wait_value(RfVm *vm, RfValue v, RfValue *out)
{
    RfPromise *p = rf_promise_of(vm, v);
    if (!p) {
        *out = v;
        return RF_OK;
    }
    RfStatus status = rf_scheduler_wait(vm, p);
    if (status == RF_OK && p->state == RF_PROMISE_RESOLVED) {
        *out = rf_retain(p->value);
    } else if (status == RF_OK) {
        status = rf_promise_raise(vm, p);
    }
    rf_release(v);
    return status;
}

/* ---- begin and end ---- */

void rf_scheduler_init(RfVm *vm)
{
    RfScheduler *s = rf_mem_zalloc(sizeof *s);
    s->last_ready = &s->ready;
    s->last_reaction = &s->reactions;
    s->inbox = inbox_new();
    vm->scheduler = s;
}

void rf_scheduler_free(RfVm *vm)
{
    RfScheduler *s = vm->scheduler;
    for (RfPost *p = take_posts(s->inbox, true), *next; p; p = next) {
        next = p->next;
        p->drop(p);
    }
    while (s->ntimers > 0) {
        RfTimer *t = s->timers[0];
        rf_scheduler_cancel_timer(vm, t);
        t->drop(t);
    }
    for (RfReady *r = s->ready, *next; r; r = next) {
        next = r->next;
        r->drop(r);
    }
    rf_future_unsubscribe_all(vm);
    RfProxyEntry *e, *next;
    HASH_ITER(hh, s->proxies, e, next)
    {
        HASH_DEL(s->proxies, e);
        rf_mem_free(e, sizeof *e);
    }
    rf_inbox_release(s->inbox);
    rf_mem_free(s->timers, s->timers_cap * sizeof(RfTimer *));
    rf_mem_free(s, sizeof *s);
    vm->scheduler = NULL;
}

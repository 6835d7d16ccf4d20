/* The scheduler's state, for the files that make it up: scheduler.c, promise.c, future.c, async.c. */
#ifndef RF_VM_SCHEDULER_H
#define RF_VM_SCHEDULER_H

#include <uthash.h>

#include "vm/async.h"

typedef struct RfProxyEntry { /* this VM's object for a core */
    const RfCore *core;       /* key */
    RfObject *object;         /* borrowed */
    UT_hash_handle hh;
} RfProxyEntry;

typedef struct RfSubscription { /* a promise that news is expected about */
    uint64_t id;                /* key */
    RfPromise *promise;         /* owned */
    UT_hash_handle hh;
} RfSubscription;

typedef struct RfTask RfTask;

struct RfScheduler {
    RfReady *ready, **last_ready;
    RfTimer **timers; /* binary heap, earliest first */
    size_t ntimers, timers_cap;
    uint64_t next_timer;
    RfInbox *inbox;
    int expected;                           /* posts on their way */
    uint64_t waited;                        /* ns of the budget used */
    RfReaction *reactions, **last_reaction; /* of settled promises, to be run */
    bool reacting;
    uint32_t next_promise;
    RfTask *tasks, *last_task; /* suspended async calls, oldest first; owned */
    RfProxyEntry *proxies;
    RfSubscription *subscriptions;
    uint64_t next_subscription;
    RfGroup *group;            /* NULL before the first thread */
    struct RfCode *code;       /* image.c: modules as last written */
    struct RfProtoMap *protos; /* image.c */
};

/* scheduler.c: makes and ends what is not about tasks */
void rf_scheduler_init(RfVm *vm);
void rf_scheduler_free(RfVm *vm);
/* future.c */
void rf_future_pull(RfVm *vm, RfPromise *p); /* settles a remote promise when its future is settled */
void rf_future_unsubscribe_all(RfVm *vm);
/* Keeps p alive while news about it is expected; the number finds it again, from a post that other threads handle. */
uint64_t rf_future_hold(RfVm *vm, RfPromise *p);
RfPromise *rf_future_take_held(RfVm *vm, uint64_t id); /* passes the reference on */

#endif

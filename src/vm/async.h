/* Promises, futures and the scheduler, as channels, tasks and the library use them.
 *
 * A promise is an object of one VM. A future is the outcome of work on another thread; a VM that knows a future has one
 * promise for it. All waiting of a VM - awaits, channels - happens in rf_scheduler_step, on the VM's one semaphore. */
#ifndef RF_VM_ASYNC_H
#define RF_VM_ASYNC_H

#include "vm/transfer.h"

/* ---- promises (promise.c) ---- */
typedef enum RfPromiseState { RF_PROMISE_PENDING, RF_PROMISE_RESOLVED, RF_PROMISE_REJECTED } RfPromiseState;
typedef struct RfPromise RfPromise;
typedef struct RfReaction RfReaction;
typedef struct RfFuture RfFuture;

/* What happens when a promise is settled. Embedded in a larger struct; exactly one of run and drop is called, and frees it. */
struct RfReaction {
    RfReaction *next;
    RfPromise *settled; /* promise.c's own */
    void (*run)(RfVm *vm, RfReaction *reaction, RfPromise *settled);
    void (*drop)(RfReaction *reaction); /* the promise is gone and never was settled */
};

struct RfPromise {
    RfObject obj;
    RfPromiseState state;
    uint32_t id; /* for DEBUG_ASYNC */
    RfVm *vm;
    RfValue value;     /* RESOLVED: owned */
    RfError *error;    /* REJECTED: owned */
    RfReaction *first; /* PENDING: in order of arrival */
    RfReaction **last;
    RfFuture *future; /* core other threads know it by; NULL when none */
    bool remote;      /* the future settles the promise, not the other way round */
    bool subscribed;  /* remote: it is going to be told */
};

RfPromise *rf_promise_new(RfVm *vm); /* pending; new reference */
/* Settles a pending promise (does nothing to a settled one). resolve takes v, and follows v when it is a promise;
 * reject moves the error out of *error; fail takes the runtime's error. */
void rf_promise_resolve(RfVm *vm, RfPromise *p, RfValue v);
void rf_promise_reject(RfVm *vm, RfPromise *p, RfError *error);
void rf_promise_fail(RfVm *vm, RfPromise *p);
/* Rejects with a text and, as where it was rejected, the place of `origin` (may be NULL). */
void rf_promise_reject_text(RfVm *vm, RfPromise *p, RfString *message, const RfError *origin);
/* Adds a reaction; runs it at once when the promise is settled. */
void rf_promise_react(RfVm *vm, RfPromise *p, RfReaction *reaction);
/* Takes a reaction of a pending promise back; neither of its functions is called. */
void rf_promise_unreact(RfPromise *p, const RfReaction *reaction);
/* The promise to await for v: itself, that of a task handle, or NULL. Borrowed. */
RfPromise *rf_promise_of(RfVm *vm, RfValue v);
/* State now; finds out about remote ones. */
RfPromiseState rf_promise_poll(RfVm *vm, RfPromise *p);
/* Raises "Promise rejected: MESSAGE" with cause and place. */
RfStatus rf_promise_raise(RfVm *vm, const RfPromise *p);
/* The error as the struct a program sees. Borrows; new reference. */
RfValue rf_promise_error_value(RfVm *vm, const RfError *error);
void rf_promise_register(void);
void rf_promise_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- futures (future.c) ---- */
struct RfFuture {
    RfCore core;
    pthread_mutex_t lock;
    /* under the lock */
    RfPromiseState state;
    RfMessage *result; /* value or error; immutable once set */
    struct RfSubscriber *subscribers;
    RfVm *runner; /* VM that works on it, while it does */
    bool is_task; /* its proxies are task handles */
    bool cancelled;
    bool unseen; /* an error that nobody has been told of */
};
RfFuture *rf_future_new(bool is_task); /* new reference */
/* First one wins. Take the message. True when this call settled it. */
bool rf_future_settle(RfFuture *f, RfPromiseState state, RfMessage *result);
/* From the outcome of a call in vm: *v is taken when status is RF_OK, else the runtime's error. */
void rf_future_settle_call(RfVm *vm, RfFuture *f, RfStatus status, RfValue v);
/* Shows a task's error that nobody has been told of, once. */
void rf_future_report(RfVm *vm, RfFuture *f);
/* Releases f; shows such an error when this was the last reference. */
void rf_future_release_reporting(RfVm *vm, RfFuture *f);
/* True when it was still pending: then it is rejected ("Task was cancelled") and its VM stops at the next safepoint. */
bool rf_future_cancel(RfFuture *f);
bool rf_future_is_cancelled(RfFuture *f);
void rf_future_set_runner(RfFuture *f, RfVm *vm);
/* The VM's promise for a future (borrows f), and the future of a promise (made when it has none). New references. */
RfPromise *rf_future_promise(RfVm *vm, RfFuture *f);
RfFuture *rf_future_of(RfVm *vm, RfPromise *p);
/* For promise.c: arranges that a remote promise is told, or settles it at once. */
void rf_future_subscribe(RfVm *vm, RfPromise *p);

/* ---- channels (channel.c) ---- */
RfValue rf_channel_new(RfVm *vm); /* new reference */

/* ---- task handles (task.c) ---- */
typedef struct RfTaskHandle {
    RfObject obj;
    RfVm *vm;
    RfFuture *future;   /* owned */
    RfPromise *promise; /* of this VM, for await; made when wanted, owned */
} RfTaskHandle;
RfPromise *rf_task_promise(RfVm *vm, RfTaskHandle *t); /* borrowed */
/* Runs the callable (borrowed) without arguments on a thread; `pooled`: at most the pool size at a time.
 * *out is a new task handle. */
RfStatus rf_task_start(RfVm *vm, RfValue fn, const RfProto *proto, bool pooled, RfValue *out);
bool rf_task_cancel(RfTaskHandle *t);
uint32_t rf_task_pool_size(void);
uint32_t rf_task_set_pool_size(uint32_t size); /* returns the one before */

/* ---- parallel.c ---- */
/* Promise of the results of fn (borrowed) for all items; `each`: of null. *out is a new reference. */
RfStatus rf_parallel_map(RfVm *vm, const RfArray *items, RfValue fn, uint32_t workers, bool each, RfValue *out);

/* ---- program group (group.c): what a program's VMs on all threads have in common ---- */
typedef struct RfGroup RfGroup;
RfGroup *rf_group_of(RfVm *vm); /* made at the first call; borrowed */
bool rf_group_is_host(RfVm *vm);
/* A fresh VM of the group for the calling thread, which runs `task` (may be NULL; borrowed until the VM is closed); NULL when
 * there is no memory for its stacks. */
RfVm *rf_group_open_vm(RfGroup *group, RfFuture *task);
void rf_group_close_vm(RfVm *vm);
/* Shows an error nobody was told of. */
void rf_group_report(RfVm *vm, const RfError *error);
RfGroup *rf_group_retain(RfGroup *group);
void rf_group_release(RfGroup *group);
void rf_group_leave(RfVm *vm); /* end of a VM */

/* ---- scheduler (scheduler.c) ---- */
typedef struct RfPost RfPost;
struct RfPost { /* news from another thread; embedded. Exactly one of the two is called, and frees it */
    RfPost *next;
    void (*deliver)(RfVm *vm, RfPost *post);
    void (*drop)(RfPost *post);
};
typedef struct RfInbox RfInbox;
RfInbox *rf_inbox_of(RfVm *vm); /* borrowed */
RfInbox *rf_inbox_retain(RfInbox *inbox);
void rf_inbox_release(RfInbox *inbox);
void rf_inbox_post(RfInbox *inbox, RfPost *post); /* from any thread; takes the post */
void rf_inbox_wake(RfInbox *inbox);               /* from any thread and from signal handlers */

/* Work that waits for its turn in the ready queue. Embedded. */
typedef struct RfReady RfReady;
struct RfReady {
    RfReady *next;
    void (*run)(RfVm *vm, RfReady *ready); /* may free it */
    void (*drop)(RfReady *ready);          /* the VM ends */
};
void rf_scheduler_ready(RfVm *vm, RfReady *ready);

typedef struct RfTimer RfTimer;
struct RfTimer {   /* embedded; fire or drop is called once, and frees it, unless it is cancelled before */
    uint64_t when; /* rf_scheduler_now() */
    uint64_t seq;
    size_t at; /* place in the heap */
    void (*fire)(RfVm *vm, RfTimer *timer);
    void (*drop)(RfTimer *timer);
};
void rf_scheduler_add_timer(RfVm *vm, RfTimer *timer, uint64_t ms);
void rf_scheduler_cancel_timer(RfVm *vm, RfTimer *timer);
uint64_t rf_scheduler_now(void); /* monotonic, ns */
/* A promise that resolves with null after `ms`. New reference. */
RfPromise *rf_scheduler_sleep(RfVm *vm, uint64_t ms);
/* Posts that are on their way: while there are any, waiting makes sense. */
void rf_scheduler_expect(RfVm *vm, int change);

typedef enum RfTurn {
    RF_TURN_RAN,     /* something ran or may have changed: look again */
    RF_TURN_NEVER,   /* nothing is ready and nothing can become so */
    RF_TURN_TIMEOUT, /* the waiting budget is used up */
    RF_TURN_ERROR    /* raised (cancelled) */
} RfTurn;
/* Runs one piece of ready work, or waits for the next. `budget`: the wait counts against the program's budget.
 * `outside`: somebody may call rf_inbox_wake. */
RfTurn rf_scheduler_step(RfVm *vm, bool budget, bool outside);
RfStatus rf_scheduler_raise_timeout(RfVm *vm);
/* Waits in place until p is settled and its turn has come. Borrows. */
RfStatus rf_scheduler_wait(RfVm *vm, RfPromise *p);
/* Awaits v (taken) as `await` would when it waits in place; anything but promises and task handles is its own value. */
RfStatus rf_async_wait_value(RfVm *vm, RfValue v, RfValue *out);

/* Runs work(arg) on a thread, then finish(vm, arg, &value) here: RF_OK settles the promise with the value, RF_ERROR rejects it
 * with the raised error. discard(arg) replaces finish when the VM ends first; finish and discard free arg. *out is a promise. */
RfStatus rf_async_offload(RfVm *vm, void (*work)(void *arg), RfStatus (*finish)(RfVm *vm, void *arg, RfValue *out),
                          void (*discard)(void *arg), void *arg, RfValue *out);

#endif

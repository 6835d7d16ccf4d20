/* Futures: outcomes that cross threads. Whoever does the work settles the future with a message; every VM that waits for it
 * has subscribed and finds the news in its inbox. Also the proxies, by which a VM knows a core it has met before. */
#include "base/mem.h"
#include "vm/scheduler.h"

typedef struct RfSubscriber {
    RfPost post; /* first: what is posted */
    struct RfSubscriber *next;
    RfInbox *inbox; /* owned */
    uint64_t id;    /* of the subscription there */
} RfSubscriber;

/* ---- proxies ---- */

static RfObject *find_proxy(RfVm *vm, const RfCore *core)
{
    RfProxyEntry *e = NULL;
    HASH_FIND_PTR(vm->scheduler->proxies, &core, e);
    return e ? e->object : NULL;
}

void rf_core_enter(RfVm *vm, RfCore *core, RfObject *proxy)
{
    RfProxyEntry *e = rf_mem_zalloc(sizeof *e);
    e->core = core;
    e->object = proxy;
    HASH_ADD_PTR(vm->scheduler->proxies, core, e);
}

void rf_core_leave(RfVm *vm, const RfCore *core, const RfObject *proxy)
{
    if (!vm->scheduler) { /* the VM is ending: the table is gone already */
        return;
    }
    RfProxyEntry *e = NULL;
    HASH_FIND_PTR(vm->scheduler->proxies, &core, e);
    if (e && e->object == proxy) {
        HASH_DEL(vm->scheduler->proxies, e);
        rf_mem_free(e, sizeof *e);
    }
}

RfValue rf_core_proxy(RfVm *vm, RfCore *core)
{
    RfObject *known = find_proxy(vm, core);
    if (known) {
        rf_object_retain(known);
        return rf_obj(known);
    }
    RfObject *made = core->type->proxy(vm, rf_core_retain(core));
    rf_core_enter(vm, core, made);
    return rf_obj(made);
}

/* ---- the core ---- */

static bool drop_future(RfCore *core)
{
    RfFuture *f = (RfFuture *)core;
    pthread_mutex_lock(&f->lock);
    bool last = atomic_fetch_sub_explicit(&core->rc, 1, memory_order_acq_rel) == 1;
    pthread_mutex_unlock(&f->lock);
    return last;
}

static void free_future(RfCore *core)
{
    RfFuture *f = (RfFuture *)core;
    while (f->subscribers) { /* it will never be settled */
        RfSubscriber *s = f->subscribers;
        f->subscribers = s->next;
        s->post.drop(&s->post);
    }
    rf_message_release(f->result);
    pthread_mutex_destroy(&f->lock);
    rf_mem_free(f, sizeof *f);
}

static RfPromise *remote_promise(RfVm *vm, RfFuture *f) /* takes f */
{
    RfPromise *p = rf_promise_new(vm);
    p->future = f;
    p->remote = true;
    return p;
}

static RfObject *proxy_of_future(RfVm *vm, RfCore *core)
{
    RfFuture *f = (RfFuture *)core;
    if (!f->is_task) {
        return &remote_promise(vm, f)->obj;
    }
    RfTaskHandle *t = rf_mem_zalloc(sizeof *t);
    t->obj = (RfObject){.rc = 1, .tag = RF_TAG_TASK};
    t->vm = vm;
    t->future = f;
    return &t->obj;
}

RfFuture *rf_future_new(bool is_task)
{
    static const RfCoreType type = {free_future, drop_future, proxy_of_future};
    RfFuture *f = rf_mem_zalloc(sizeof *f);
    f->core.type = &type;
    atomic_init(&f->core.rc, 1);
    pthread_mutex_init(&f->lock, NULL);
    f->is_task = is_task;
    return f;
}

bool rf_future_settle(RfFuture *f, RfPromiseState state, RfMessage *result)
{
    pthread_mutex_lock(&f->lock);
    bool first = f->state == RF_PROMISE_PENDING;
    RfSubscriber *told = NULL;
    if (first) {
        f->state = state;
        f->result = result;
        told = f->subscribers;
        f->subscribers = NULL;
        f->unseen = state == RF_PROMISE_REJECTED && !told;
    }
    pthread_mutex_unlock(&f->lock);
    if (!first) {
        rf_message_release(result);
    }
    while (told) {
        RfSubscriber *s = told;
        told = s->next;
        rf_inbox_post(s->inbox, &s->post);
    }
    return first;
}

void rf_future_settle_call(RfVm *vm, RfFuture *f, RfStatus status, RfValue v)
{
    RfMessage *m = NULL;
    if (status == RF_OK) {
        m = rf_message_new(vm, v);
        rf_release(v);
    }
    if (m) {
        rf_future_settle(f, RF_PROMISE_RESOLVED, m);
    } else {
        rf_future_settle(f, RF_PROMISE_REJECTED, rf_message_from_error(vm, &rf_rt(vm)->error));
        rf_error_clear(&rf_rt(vm)->error);
    }
}

/* ---- errors nobody is told of ---- */

/* Under the lock: true once, when there is such an error. */
static bool claim(RfFuture *f)
{
    bool unseen = f->unseen;
    f->unseen = false;
    return unseen;
}

static void report(RfVm *vm, RfFuture *f)
{
    RfError e;
    rf_message_to_error(vm, f->result, &e);
    rf_group_report(vm, &e);
    rf_error_clear(&e);
}

void rf_future_report(RfVm *vm, RfFuture *f)
{
    pthread_mutex_lock(&f->lock);
    bool unseen = claim(f);
    pthread_mutex_unlock(&f->lock);
    if (unseen) {
        report(vm, f);
    }
}

void rf_future_release_reporting(RfVm *vm, RfFuture *f)
{
    pthread_mutex_lock(&f->lock);
    bool alone = atomic_load(&f->core.rc) == 1;
    bool unseen = alone && claim(f);
    if (!alone) {
        atomic_fetch_sub_explicit(&f->core.rc, 1, memory_order_acq_rel);
    }
    pthread_mutex_unlock(&f->lock);
    if (unseen) {
        report(vm, f);
    }
    if (alone) {
        rf_core_release(&f->core);
    }
}

/* ---- cancelling ---- */

static RfMessage *cancelled_message(void)
{
    RfError e;
    rf_error_init(&e);
    e.message = rf_string_from_cstr("Task was cancelled");
    RfMessage *m = rf_message_from_error(NULL, &e);
    rf_error_clear(&e);
    return m;
}

bool rf_future_cancel(RfFuture *f)
{
    if (!rf_future_settle(f, RF_PROMISE_REJECTED, cancelled_message())) {
        return false;
    }
    pthread_mutex_lock(&f->lock);
    f->cancelled = true;
    f->unseen = false;
    if (f->runner) {
        rf_vm_request(f->runner);
        rf_inbox_wake(rf_inbox_of(f->runner));
    }
    pthread_mutex_unlock(&f->lock);
    return true;
}

bool rf_future_is_cancelled(RfFuture *f)
{
    pthread_mutex_lock(&f->lock);
    bool cancelled = f->cancelled;
    pthread_mutex_unlock(&f->lock);
    return cancelled;
}

void rf_future_set_runner(RfFuture *f, RfVm *vm)
{
    pthread_mutex_lock(&f->lock);
    f->runner = vm;
    if (vm && f->cancelled) {
        rf_vm_request(vm);
    }
    pthread_mutex_unlock(&f->lock);
}

/* ---- promises for futures ---- */

RfPromise *rf_future_promise(RfVm *vm, RfFuture *f)
{
    return remote_promise(vm, (RfFuture *)rf_core_retain(&f->core));
}

RfFuture *rf_future_of(RfVm *vm, RfPromise *p)
{
    if (!p->future) {
        p->future = rf_future_new(false);
        rf_core_enter(vm, &p->future->core, &p->obj);
        if (p->state == RF_PROMISE_REJECTED) {
            rf_future_settle(p->future, RF_PROMISE_REJECTED, rf_message_from_error(vm, p->error));
        } else if (p->state == RF_PROMISE_RESOLVED) {
            rf_future_settle_call(vm, p->future, RF_OK, rf_retain(p->value));
        }
    }
    return (RfFuture *)rf_core_retain(&p->future->core);
}

void rf_future_pull(RfVm *vm, RfPromise *p)
{
    RfFuture *f = p->future;
    pthread_mutex_lock(&f->lock);
    RfPromiseState state = f->state;
    RfMessage *result = state == RF_PROMISE_PENDING ? NULL : rf_message_retain(f->result);
    f->unseen = false;
    pthread_mutex_unlock(&f->lock);
    if (!result) {
        return;
    }
    RfValue v;
    if (state == RF_PROMISE_REJECTED) {
        RfError e;
        rf_message_to_error(vm, result, &e);
        rf_promise_reject(vm, p, &e);
    } else if (rf_message_open(vm, result, &v) == RF_OK) {
        rf_promise_resolve(vm, p, v);
    } else {
        rf_promise_fail(vm, p);
    }
    rf_message_release(result);
}

/* ---- subscriptions ---- */

static void news_drop(RfPost *post)
{
    RfSubscriber *s = (RfSubscriber *)post;
    rf_inbox_release(s->inbox);
    rf_mem_free(s, sizeof *s);
}

uint64_t rf_future_hold(RfVm *vm, RfPromise *p)
{
    RfScheduler *s = vm->scheduler;
    RfSubscription *sub = rf_mem_zalloc(sizeof *sub);
    sub->id = s->next_subscription++;
    sub->promise = p;
    rf_object_retain(p);
    HASH_ADD(hh, s->subscriptions, id, sizeof sub->id, sub);
    rf_scheduler_expect(vm, 1);
    return sub->id;
}

RfPromise *rf_future_take_held(RfVm *vm, uint64_t id)
{
    RfSubscription *sub = NULL;
    HASH_FIND(hh, vm->scheduler->subscriptions, &id, sizeof id, sub);
    RfPromise *p = sub->promise;
    HASH_DEL(vm->scheduler->subscriptions, sub);
    rf_mem_free(sub, sizeof *sub);
    rf_scheduler_expect(vm, -1);
    return p;
}

static void news_deliver(RfVm *vm, RfPost *post)
{
    RfPromise *p = rf_future_take_held(vm, ((RfSubscriber *)post)->id);
    news_drop(post);
    rf_promise_poll(vm, p);
    rf_object_release(p);
}

void rf_future_subscribe(RfVm *vm, RfPromise *p)
{
    if (p->subscribed || p->state != RF_PROMISE_PENDING) {
        return;
    }
    RfFuture *f = p->future;
    p->subscribed = true;
    RfSubscriber *who = rf_mem_alloc(sizeof *who);
    who->post.deliver = news_deliver;
    who->post.drop = news_drop;
    who->inbox = rf_inbox_retain(rf_inbox_of(vm));
    who->id = rf_future_hold(vm, p);
    pthread_mutex_lock(&f->lock);
    bool pending = f->state == RF_PROMISE_PENDING;
    if (pending) {
        who->next = f->subscribers;
        f->subscribers = who;
    }
    pthread_mutex_unlock(&f->lock);
    if (!pending) { /* settled since the caller looked */
        rf_inbox_post(who->inbox, &who->post);
    }
}

void rf_future_unsubscribe_all(RfVm *vm)
{
    RfSubscription *sub, *next;
    HASH_ITER(hh, vm->scheduler->subscriptions, sub, next)
    {
        rf_object_release(rf_future_take_held(vm, sub->id));
    }
}

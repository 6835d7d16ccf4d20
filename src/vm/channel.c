/* Channels: unbounded queues of messages that any thread may use.
 *
 * The core is counted under its own lock, so that a receiver that finds itself the only holder left can be sure nobody will
 * send, and is woken when that becomes so. */
#include <string.h>

#include "base/mem.h"
#include "vm/async.h"
#include "vm/message.h"

typedef struct Item {
    struct Item *next;
    RfMessage *message;
} Item;

typedef struct Waiting { /* a VM blocked in receive; on its C stack */
    struct Waiting *next;
    RfInbox *inbox;
    bool counted; /* the first one of its VM */
    bool alone;   /* all holders were waiting here at one moment, this one among them */
} Waiting;

typedef struct Channel {
    RfCore core;
    pthread_mutex_t lock;
    Item *first, **last;
    Waiting *waiting;
    uint32_t nwaiting; /* VMs, each of which holds one count of the core */
    bool closed;
} Channel;

typedef struct ChannelObject {
    RfObject obj;
    RfVm *vm;
    Channel *channel; /* owned */
} ChannelObject;

static Channel *channel_of(RfValue v)
{
    return ((ChannelObject *)v.as.ptr)->channel;
}

RfCore *rf_channel_core(RfValue v)
{
    return &channel_of(v)->core;
}

/* ---- the core ---- */

static void wake_all(Channel *c)
{
    for (Waiting *w = c->waiting; w; w = w->next) {
        rf_inbox_wake(w->inbox);
    }
}

static bool drop_channel(RfCore *core)
{
    Channel *c = (Channel *)core;
    pthread_mutex_lock(&c->lock);
    bool last = atomic_fetch_sub_explicit(&core->rc, 1, memory_order_acq_rel) == 1;
    if (!last) {
        wake_all(c);
    }
    pthread_mutex_unlock(&c->lock);
    return last;
}

static void free_channel(RfCore *core)
{
    Channel *c = (Channel *)core;
    while (c->first) {
        Item *item = c->first;
        c->first = item->next;
        rf_message_release(item->message);
        rf_mem_free(item, sizeof *item);
    }
    pthread_mutex_destroy(&c->lock);
    rf_mem_free(c, sizeof *c);
}

static RfObject *proxy_of_channel(RfVm *vm, RfCore *core)
{
    ChannelObject *o = rf_mem_alloc(sizeof *o);
    o->obj = (RfObject){.rc = 1, .tag = RF_TAG_CHANNEL};
    o->vm = vm;
    o->channel = (Channel *)core;
    return &o->obj;
}

RfValue rf_channel_new(RfVm *vm)
{
    static const RfCoreType type = {free_channel, drop_channel, proxy_of_channel};
    Channel *c = rf_mem_zalloc(sizeof *c);
    c->core.type = &type;
    atomic_init(&c->core.rc, 1);
    pthread_mutex_init(&c->lock, NULL);
    c->last = &c->first;
    RfObject *proxy = proxy_of_channel(vm, &c->core);
    rf_core_enter(vm, &c->core, proxy);
    return rf_obj(proxy);
}

/* ---- sending and receiving ---- */

static RfStatus channel_send(RfVm *vm, Channel *c, RfValue v)
{
    RfMessage *m = rf_message_new(vm, v);
    if (!m) {
        return RF_ERROR;
    }
    if (atomic_load_explicit(&c->core.rc, memory_order_relaxed) > 1) {
        rf_vm_flush(vm); /* what was printed before comes before what the receiver prints */
    }
    Item *item = rf_mem_alloc(sizeof *item);
    *item = (Item){NULL, m};
    pthread_mutex_lock(&c->lock);
    bool closed = c->closed;
    if (!closed) {
        *c->last = item;
        c->last = &item->next;
        wake_all(c);
    }
    pthread_mutex_unlock(&c->lock);
    if (closed) {
        rf_message_release(m);
        rf_mem_free(item, sizeof *item);
        return rf_raise(rf_rt(vm), "Channel is closed");
    }
    return RF_OK;
}

static void channel_close(Channel *c)
{
    pthread_mutex_lock(&c->lock);
    c->closed = true;
    wake_all(c);
    pthread_mutex_unlock(&c->lock);
}

typedef enum Got { GOT_MESSAGE, GOT_NOTHING, GOT_END } Got;

/* Under the lock: the next message; nothing yet; nothing any more. */
static Got take(Channel *c, RfMessage **m)
{
    Item *item = c->first;
    if (!item) {
        return c->closed ? GOT_END : GOT_NOTHING;
    }
    c->first = item->next;
    if (!item->next) {
        c->last = &c->first;
    }
    *m = item->message;
    rf_mem_free(item, sizeof *item);
    return GOT_MESSAGE;
}

static Got try_take(Channel *c, RfMessage **m)
{
    pthread_mutex_lock(&c->lock);
    Got got = take(c, m);
    pthread_mutex_unlock(&c->lock);
    return got;
}

/* As try_take for a VM that waits. *alone: nobody outside its own thread can send. */
static Got take_waiting(Channel *c, RfMessage **m, const Waiting *w, bool *alone)
{
    pthread_mutex_lock(&c->lock);
    Got got = take(c, m);
    if (got == GOT_NOTHING && !w->alone && atomic_load(&c->core.rc) <= c->nwaiting) {
        for (Waiting *each = c->waiting; each; each = each->next) {
            each->alone = true; /* they give up together */
        }
        wake_all(c);
    }
    *alone = w->alone;
    pthread_mutex_unlock(&c->lock);
    return got;
}

static void stop_waiting(Channel *c, const Waiting *w)
{
    pthread_mutex_lock(&c->lock);
    Waiting **at = &c->waiting;
    while (*at != w) {
        at = &(*at)->next;
    }
    *at = w->next;
    c->nwaiting -= w->counted;
    pthread_mutex_unlock(&c->lock);
}

/* Waits for a message while other work of this VM goes on. 1: *m; 0: there will never be one; -1: raised. */
static int wait_for_message(RfVm *vm, Channel *c, RfMessage **m)
{
    Got got = try_take(c, m);
    if (got == GOT_MESSAGE || got == GOT_END) {
        return got == GOT_MESSAGE;
    }
    rf_vm_flush(vm);
    Waiting w = {.inbox = rf_inbox_of(vm), .counted = true};
    pthread_mutex_lock(&c->lock);
    for (const Waiting *other = c->waiting; other; other = other->next) {
        w.counted = w.counted && other->inbox != w.inbox;
    }
    w.next = c->waiting;
    c->waiting = &w;
    c->nwaiting += w.counted;
    if (c->nwaiting > 1) {
        wake_all(c); /* perhaps now all holders wait for each other */
    }
    pthread_mutex_unlock(&c->lock);
    int result = -1;
    for (;;) {
        bool alone;
        got = take_waiting(c, m, &w, &alone);
        if (got == GOT_MESSAGE || got == GOT_END) {
            result = got == GOT_MESSAGE;
            break;
        }
        RfTurn turn = rf_scheduler_step(vm, false, !alone);
        if (turn == RF_TURN_ERROR) {
            break;
        }
        if (turn == RF_TURN_NEVER) { /* this thread has nothing else to do, and no other holds the channel */
            result = 0;
            break;
        }
    }
    stop_waiting(c, &w);
    return result;
}

static RfStatus open_message(RfVm *vm, RfMessage *m, RfValue *out)
{
    RfStatus status = rf_message_open(vm, m, out);
    rf_message_release(m);
    return status;
}

int rf_channel_next(RfVm *vm, RfValue channel, RfValue *item)
{
    RfMessage *m;
    int got = wait_for_message(vm, channel_of(channel), &m);
    return got <= 0 ? got : open_message(vm, m, item) == RF_OK ? 1 : -1;
}

static RfStatus channel_receive(RfVm *vm, Channel *c, RfValue *out)
{
    RfMessage *m;
    int got = wait_for_message(vm, c, &m);
    if (got < 0) {
        return RF_ERROR;
    }
    return got ? open_message(vm, m, out) : rf_raise(rf_rt(vm), "Channel disconnected");
}

static RfStatus channel_try_receive(RfVm *vm, Channel *c, RfValue *out)
{
    RfMessage *m;
    if (try_take(c, &m) != GOT_MESSAGE) {
        *out = rf_none();
        return RF_OK;
    }
    RfValue v;
    if (open_message(vm, m, &v) != RF_OK) {
        return RF_ERROR;
    }
    *out = rf_variant_new(RF_VARIANT_SOME, v);
    return RF_OK;
}

RfStatus rf_channel_method(RfVm *vm, RfValue channel, RfString *name, int argc, RfValue *argv, RfValue *out,
                           bool *found)
{
    static const struct {
        const char *name;
        int argc;
    } methods[] = {{"send", 1}, {"receive", 0}, {"try_receive", 0}, {"close", 0}};
    size_t which = 0;
    while (which < 4 && strcmp(methods[which].name, name->data) != 0) {
        which++;
    }
    *found = which < 4;
    if (which == 4) {
        return RF_OK;
    }
    if (argc != methods[which].argc) {
        return rf_raise(rf_rt(vm), "Channel.%s expects %d arguments, got %d", name->data, methods[which].argc, argc);
    }
    Channel *c = channel_of(channel);
    switch (which) {
    case 0: *out = rf_bool(true); return channel_send(vm, c, argv[0]);
    case 1: return channel_receive(vm, c, out);
    case 2: return channel_try_receive(vm, c, out);
    default: channel_close(c); return RF_OK;
    }
}

/* ---- the object ---- */

static void free_channel_object(RfObject *obj, RfWorklist *work)
{
    (void)work;
    ChannelObject *o = (ChannelObject *)obj;
    rf_core_leave(o->vm, &o->channel->core, obj);
    rf_core_release(&o->channel->core);
    rf_mem_free(o, sizeof *o);
}

static void text_channel(RfObject *obj, RfBuf *out)
{
    (void)obj;
    rf_buf_puts(out, "<channel>");
}

static void debug_channel(RfObject *obj, RfBuf *out)
{
    (void)obj;
    rf_buf_puts(out, "Channel");
}

void rf_channel_register(void)
{
    static const RfKindOps ops = {"channel", free_channel_object, NULL, text_channel, debug_channel, NULL};
    rf_object_register(RF_TAG_CHANNEL, &ops);
}

/* Async calls: suspending and resuming frames.
 *
 * An async call runs as an ordinary frame above its caller. Only when it awaits something pending does it become a task: its
 * frames, with those of the calls and generators above it, move to the heap, and the caller goes on with a promise. The
 * scheduler copies them back on top of whatever stack there is and runs the AWAIT again, which now finds a settled promise.
 * An await that cannot move its frames - the main script, a callback inside a builtin - runs the scheduler where it stands. */
#include <string.h>

#include "base/mem.h"
#include "vm/scheduler.h"

struct RfTask {          /* a suspended async call */
    RfReaction reaction; /* first: on the promise it awaits */
    RfReady ready;
    RfTask *prev, *next; /* of the scheduler, oldest first */
    RfPromise *awaited;  /* kept alive by the saved operand; NULL once settled */
    RfFrame *frames;     /* fp and ret as they were above `base`; frames[0].owner is the call's promise */
    RfValue *slots;
    RfValue *base;
    uint32_t nframes, nslots;
};

#define TASK_OF_READY(r) ((RfTask *)(void *)((char *)(r)-offsetof(RfTask, ready)))

/* ---- the list of tasks ---- */

static void link_task(RfScheduler *s, RfTask *t)
{
    t->prev = s->last_task;
    if (t->prev) {
        t->prev->next = t;
    } else {
        s->tasks = t;
    }
    s->last_task = t;
}

/* Ends the task object; what it held has moved or been released. */
static void free_task(RfScheduler *s, RfTask *t)
{
    if (t->prev) {
        t->prev->next = t->next;
    } else {
        s->tasks = t->next;
    }
    if (t->next) {
        t->next->prev = t->prev;
    } else {
        s->last_task = t->prev;
    }
    rf_mem_free(t->frames, t->nframes * sizeof(RfFrame));
    rf_mem_free(t->slots, t->nslots * sizeof(RfValue));
    rf_mem_free(t, sizeof *t);
}

/* Releases all that a task holds except its own promise, which is returned. */
static RfPromise *abandon(RfTask *t)
{
    for (uint32_t i = 1; i < t->nframes; i++) {
        if (t->frames[i].mode >= RF_FRAME_FOR &&
            t->frames[i].mode <= RF_FRAME_DRAW) { /* a generator that will not go on */
            RfGenerator *g = t->frames[i].owner;
            g->state = RF_GEN_DONE;
            rf_object_release(g);
        }
    }
    for (uint32_t i = 0; i < t->nslots; i++) {
        rf_release(t->slots[i]);
    }
    return t->frames[0].owner;
}

/* ---- resuming ---- */

static RfStatus resume_frames(RfVm *vm, RfTask *t)
{
    RfValue *base = vm->sp;
    const RfFrame *top = &t->frames[t->nframes - 1];
    size_t need = (size_t)(top->fp - t->base) + top->proto->nlocals + top->proto->max_stack + 1;
    if (vm->frame + t->nframes > vm->frame_limit || need > (size_t)(vm->stack_end - base) ||
        (char *)__builtin_frame_address(0) < vm->c_limit) {
        rf_call_depth_error(vm, t->frames[0].proto->name);
        RfPromise *p = abandon(t);
        free_task(vm->scheduler, t);
        rf_promise_fail(vm, p);
        rf_object_release(p);
        return RF_ERROR;
    }
    RfFrame *first = vm->frame + 1;
    for (uint32_t i = 0; i < t->nframes; i++) {
        RfFrame *f = &first[i];
        *f = t->frames[i];
        f->fp = base + (f->fp - t->base);
        f->ret = base + (f->ret - t->base);
    }
    first->mode = RF_FRAME_TASK;
    memcpy(base, t->slots, t->nslots * sizeof(RfValue));
    vm->sp = base + t->nslots;
    vm->frame = first + t->nframes - 1;
    free_task(vm->scheduler, t);
    return rf_interp_run(vm, first);
}

static void task_resume(RfVm *vm, RfReady *ready)
{
    (void)resume_frames(vm, TASK_OF_READY(ready));
}

static void task_unready(RfReady *ready)
{
    (void)ready;
} /* the list of tasks frees it */

static void task_settled(RfVm *vm, RfReaction *reaction, RfPromise *settled)
{
    (void)settled;
    RfTask *t = (RfTask *)reaction;
    t->awaited = NULL;
    rf_scheduler_ready(vm, &t->ready);
}

static void task_unsettled(RfReaction *reaction)
{
    ((RfTask *)reaction)->awaited = NULL;
}

/* ---- suspending ---- */

/* Moves the frames from `f` up and their values off the stack into a task that waits for p. */
static void park(RfVm *vm, RfFrame *f, RfPromise *p)
{
    RfTask *t = rf_mem_zalloc(sizeof *t);
    t->reaction.run = task_settled;
    t->reaction.drop = task_unsettled;
    t->ready.run = task_resume;
    t->ready.drop = task_unready;
    t->awaited = p;
    t->base = f->ret;
    t->nframes = (uint32_t)(vm->frame - f) + 1;
    t->nslots = (uint32_t)(vm->sp - f->ret);
    t->frames = rf_mem_alloc(t->nframes * sizeof(RfFrame));
    t->slots = rf_mem_alloc(t->nslots * sizeof(RfValue));
    memcpy(t->frames, f, t->nframes * sizeof(RfFrame));
    memcpy(t->slots, f->ret, t->nslots * sizeof(RfValue));
    t->frames[t->nframes - 1].pc--; /* the AWAIT runs again */
    vm->sp = f->ret;
    vm->frame = f - 1;
    link_task(vm->scheduler, t);
    rf_promise_react(vm, p, &t->reaction);
}

/* The innermost async call that can be moved: no C code between it and the running frame. */
static RfFrame *find_task_frame(RfVm *vm, RfFrame *base)
{
    for (RfFrame *f = vm->frame;; f--) {
        if (f->mode == RF_FRAME_ASYNC || f->mode == RF_FRAME_TASK) {
            return f;
        }
        if (f == base) {
            return NULL;
        }
    }
}

RfStatus rf_async_await(RfVm *vm, RfFrame *base)
{
    RfPromise *p = rf_promise_of(vm, vm->sp[-1]);
    if (!p) {
        return RF_OK;
    }
    rf_promise_debug("await promise %u", p->id);
    if (vm->self_task && vm->interrupt && rf_vm_safepoint(vm) != RF_OK) {
        return RF_ERROR;
    }
    if (rf_promise_poll(vm, p) == RF_PROMISE_PENDING) {
        RfFrame *f = find_task_frame(vm, base);
        if (f && f->mode == RF_FRAME_TASK) {
            park(vm, f, p);
            return RF_SUSPEND;
        }
        if (f) {
            RfPromise *mine = rf_promise_new(vm);
            f->owner = mine;
            park(vm, f, p);
            rf_object_retain(mine);
            rf_push(vm, rf_obj(mine));
            return f == base ? RF_SUSPEND : RF_ENTER;
        }
        if (rf_scheduler_wait(vm, p) != RF_OK) {
            return RF_ERROR;
        }
    }
    if (p->state == RF_PROMISE_REJECTED) {
        return rf_promise_raise(vm, p);
    }
    rf_assign(&vm->sp[-1], rf_retain(p->value));
    return RF_OK;
}

/* ---- the end of an async call ---- */

void rf_async_return(RfVm *vm, RfFrame *frame, RfValue v, RfValue *out)
{
    RfPromise *p = frame->owner;
    if (p) { /* it was suspended, so somebody may wait */
        frame->owner = NULL;
        rf_promise_resolve(vm, p, v);
        rf_object_release(p);
    } else if (v.tag == RF_TAG_PROMISE) {
        *out = v;
    } else {
        p = rf_promise_new(vm);
        rf_promise_resolve(vm, p, v);
        *out = rf_obj(p);
    }
}

void rf_async_fail(RfVm *vm, RfFrame *frame, RfValue *out)
{
    RfPromise *p = frame->owner ? frame->owner : rf_promise_new(vm);
    frame->owner = NULL;
    rf_promise_fail(vm, p);
    if (out) {
        *out = rf_obj(p);
    } else {
        rf_object_release(p);
    }
}

/* ---- the end of the program ---- */

/* Tasks that failed while their handle was kept but never awaited. Other VMs have copies of the handle, but only the host's
 * end is the program's. */
static void report_unseen(RfVm *vm)
{
    if (!rf_group_is_host(vm)) {
        return;
    }
    RfProxyEntry *e, *next;
    HASH_ITER(hh, vm->scheduler->proxies, e, next)
    {
        if (e->object->tag == RF_TAG_TASK) {
            rf_future_report(vm, ((RfTaskHandle *)e->object)->future);
        }
    }
}

RfStatus rf_async_drain(RfVm *vm)
{
    while (vm->scheduler->tasks) {
        RfTurn turn = rf_scheduler_step(vm, true, false);
        if (turn == RF_TURN_ERROR) {
            return RF_ERROR;
        }
        if (turn != RF_TURN_RAN) { /* shown where the oldest of them waits */
            const RfTask *t = vm->scheduler->tasks;
            rf_scheduler_raise_timeout(vm);
            for (uint32_t i = t->nframes; i-- > 0;) {
                RfFrame f = t->frames[i];
                f.pc += i == t->nframes - 1;
                rf_unwind_add_trace(vm, &f, rf_frame_pos(&f));
            }
            return RF_ERROR;
        }
    }
    report_unseen(vm);
    return RF_OK;
}

void rf_async_init(RfVm *vm)
{
    rf_scheduler_init(vm);
}

void rf_async_free(RfVm *vm)
{
    RfScheduler *s = vm->scheduler;
    while (s->tasks) {
        RfTask *t = s->tasks;
        if (t->awaited) {
            rf_promise_unreact(t->awaited, &t->reaction);
        }
        RfPromise *p = abandon(t);
        free_task(s, t);
        rf_object_release(p);
    }
    report_unseen(vm);
    rf_group_leave(vm);
    rf_image_forget(vm);
    rf_scheduler_free(vm);
}

void rf_async_register(void)
{
    rf_promise_register();
}

/* ---- work on other threads ---- */

typedef struct Offload {
    RfPost post; /* first */
    RfInbox *inbox;
    uint64_t held; /* the promise, which only its VM may touch */
    void (*work)(void *arg);
    RfStatus (*finish)(RfVm *vm, void *arg, RfValue *out);
    void (*discard)(void *arg);
    void *arg;
} Offload;

static void offload_free(Offload *o)
{
    rf_inbox_release(o->inbox);
    rf_mem_free(o, sizeof *o);
}

static void offload_deliver(RfVm *vm, RfPost *post)
{
    Offload *o = (Offload *)post;
    RfPromise *p = rf_future_take_held(vm, o->held);
    RfValue v = rf_null();
    if (o->finish(vm, o->arg, &v) == RF_OK) {
        rf_promise_resolve(vm, p, v);
    } else {
        rf_promise_fail(vm, p);
    }
    offload_free(o);
    rf_object_release(p);
}

static void offload_drop(RfPost *post)
{
    Offload *o = (Offload *)post;
    o->discard(o->arg);
    offload_free(o);
}

static void *offload_main(void *arg)
{
    Offload *o = arg;
    RfInbox *inbox = rf_inbox_retain(o->inbox); /* the post may be gone before rf_inbox_post returns */
    o->work(o->arg);
    rf_inbox_post(inbox, &o->post);
    rf_inbox_release(inbox);
    rf_mem_thread_end();
    return NULL;
}

RfStatus rf_async_offload(RfVm *vm, void (*work)(void *arg), RfStatus (*finish)(RfVm *vm, void *arg, RfValue *out),
                          void (*discard)(void *arg), void *arg, RfValue *out)
{
    RfPromise *p = rf_promise_new(vm);
    Offload *o = rf_mem_alloc(sizeof *o);
    *o = (Offload){.post = {.deliver = offload_deliver, .drop = offload_drop},
                   .inbox = rf_inbox_retain(rf_inbox_of(vm)),
                   .held = rf_future_hold(vm, p),
                   .work = work,
                   .finish = finish,
                   .discard = discard,
                   .arg = arg};
    *out = rf_obj(p);
    pthread_t thread;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attr, offload_main, o) != 0) {
        work(arg); /* no thread to be had: the work is done here, its result still comes as news */
        rf_inbox_post(o->inbox, &o->post);
    }
    pthread_attr_destroy(&attr);
    return RF_OK;
}

/* Promises: the outcome of something that may not have happened yet, and what waits for it.
 *
 * Settling runs the reactions in the order they were added, from one queue per VM: a reaction that settles another promise
 * appends to the queue, so that chains of promises of any length need no recursion. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "vm/async.h"
#include "vm/scheduler.h"

static bool debug_on; /* DEBUG_ASYNC; set before the first VM exists */

void rf_promise_debug(const char *format, ...)
{
    if (!debug_on) {
        return;
    }
    char line[256] = "ASYNC: ";
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line + 7, sizeof line - 8, format, args);
    va_end(args);
    size_t len = 7 + (n < 0 ? 0 : n > (int)sizeof line - 9 ? sizeof line - 9 : (size_t)n);
    line[len++] = '\n';
    (void)!write(STDERR_FILENO, line, len);
}

RfPromise *rf_promise_new(RfVm *vm)
{
    RfPromise *p = rf_mem_zalloc(sizeof *p);
    p->obj = (RfObject){.rc = 1, .tag = RF_TAG_PROMISE};
    p->vm = vm;
    p->id = ++vm->scheduler->next_promise;
    p->value = rf_null();
    p->last = &p->first;
    rf_promise_debug("promise %u created", p->id);
    return p;
}

/* ---- settling ---- */

static void run_reactions(RfVm *vm)
{
    RfScheduler *s = vm->scheduler;
    if (s->reacting) {
        return;
    }
    s->reacting = true;
    while (s->reactions) {
        RfReaction *r = s->reactions;
        RfPromise *p = r->settled;
        s->reactions = r->next;
        if (!r->next) {
            s->last_reaction = &s->reactions;
        }
        r->run(vm, r, p);
        rf_object_release(p);
    }
    s->reacting = false;
}

static void enqueue(RfVm *vm, RfPromise *p, RfReaction *r)
{
    RfScheduler *s = vm->scheduler;
    rf_object_retain(p);
    r->settled = p;
    r->next = NULL;
    *s->last_reaction = r;
    s->last_reaction = &r->next;
}

/* The state and outcome are in place: tells everybody. */
static void announce(RfVm *vm, RfPromise *p)
{
    rf_promise_debug("promise %u %s", p->id, p->state == RF_PROMISE_RESOLVED ? "resolved" : "rejected");
    RfReaction *r = p->first;
    p->first = NULL;
    p->last = &p->first;
    while (r) {
        RfReaction *next = r->next;
        enqueue(vm, p, r);
        r = next;
    }
    if (p->future && !p->remote) { /* other threads wait for it, too */
        RfMessage *m;
        if (p->state == RF_PROMISE_REJECTED) {
            m = rf_message_from_error(vm, p->error);
            rf_future_settle(p->future, RF_PROMISE_REJECTED, m);
        } else if ((m = rf_message_new(vm, p->value)) != NULL) {
            rf_future_settle(p->future, RF_PROMISE_RESOLVED, m);
        } else {
            rf_future_settle(p->future, RF_PROMISE_REJECTED, rf_message_from_error(vm, &rf_rt(vm)->error));
            rf_error_clear(&rf_rt(vm)->error);
        }
    }
    run_reactions(vm);
}

static RfString *retain_string(RfString *s)
{
    if (s) {
        rf_object_retain(s);
    }
    return s;
}

static void copy_error(RfError *to, const RfError *from)
{
    *to = *from;
    retain_string(to->message);
    retain_string(to->hint);
    retain_string(to->rejected_at);
    rf_retain(to->cause);
    rf_retain(to->origin_stack);
    to->trace = NULL;
    to->trace_len = to->trace_cap = 0;
    for (uint32_t i = 0; i < from->trace_len; i++) {
        RfTraceEntry t = from->trace[i];
        rf_object_retain(t.function);
        retain_string(t.file);
        rf_error_push_trace(to, t);
    }
}

typedef struct Follow { /* a promise takes over the outcome of another */
    RfReaction reaction;
    RfPromise *follower; /* owned */
} Follow;

static void take_outcome(RfVm *vm, RfPromise *p, const RfPromise *of)
{
    if (of->state == RF_PROMISE_RESOLVED) {
        p->value = rf_retain(of->value);
    } else {
        p->error = rf_mem_alloc(sizeof *p->error);
        copy_error(p->error, of->error);
    }
    p->state = of->state;
    announce(vm, p);
}

static void follow_drop(RfReaction *r)
{
    Follow *f = (Follow *)r;
    rf_object_release(f->follower);
    rf_mem_free(f, sizeof *f);
}

static void follow_run(RfVm *vm, RfReaction *r, RfPromise *settled)
{
    Follow *f = (Follow *)r;
    if (f->follower->state == RF_PROMISE_PENDING) {
        take_outcome(vm, f->follower, settled);
    }
    follow_drop(r);
}

void rf_promise_resolve(RfVm *vm, RfPromise *p, RfValue v)
{
    if (p->state != RF_PROMISE_PENDING) {
        rf_release(v);
        return;
    }
    if (v.tag != RF_TAG_PROMISE) {
        p->state = RF_PROMISE_RESOLVED;
        p->value = v;
        announce(vm, p);
        return;
    }
    Follow *f = rf_mem_alloc(sizeof *f);
    f->reaction = (RfReaction){.run = follow_run, .drop = follow_drop};
    f->follower = p;
    rf_object_retain(p);
    rf_promise_react(vm, v.as.ptr, &f->reaction);
    rf_release(v);
}

void rf_promise_reject(RfVm *vm, RfPromise *p, RfError *error)
{
    if (p->state != RF_PROMISE_PENDING) {
        rf_error_clear(error);
        return;
    }
    p->error = rf_mem_alloc(sizeof *p->error);
    *p->error = *error;
    rf_error_init(error);
    p->state = RF_PROMISE_REJECTED;
    announce(vm, p);
}

void rf_promise_fail(RfVm *vm, RfPromise *p)
{
    RfError e = rf_error_take(rf_rt(vm));
    rf_promise_reject(vm, p, &e);
}

void rf_promise_reject_text(RfVm *vm, RfPromise *p, RfString *message, const RfError *origin)
{
    RfError e;
    rf_error_init(&e);
    e.message = message;
    if (origin) {
        e.cause = rf_promise_error_value(vm, origin);
        if (origin->trace_len > 0) {
            RfTraceEntry t = origin->trace[0];
            rf_object_retain(t.function);
            retain_string(t.file);
            rf_error_push_trace(&e, t);
        }
    }
    rf_promise_reject(vm, p, &e);
}

void rf_promise_react(RfVm *vm, RfPromise *p, RfReaction *r)
{
    if (rf_promise_poll(vm, p) != RF_PROMISE_PENDING) {
        enqueue(vm, p, r);
        run_reactions(vm);
        return;
    }
    r->next = NULL;
    *p->last = r;
    p->last = &r->next;
    if (p->remote) {
        rf_future_subscribe(vm, p);
    }
}

void rf_promise_unreact(RfPromise *p, const RfReaction *reaction)
{
    RfReaction **at = &p->first;
    while (*at && *at != reaction) {
        at = &(*at)->next;
    }
    if (*at) {
        *at = reaction->next;
        if (!*at) {
            p->last = at;
        }
    }
}

RfPromiseState rf_promise_poll(RfVm *vm, RfPromise *p)
{
    if (p->state == RF_PROMISE_PENDING && p->remote) {
        rf_future_pull(vm, p);
    }
    return p->state;
}

RfPromise *rf_promise_of(RfVm *vm, RfValue v)
{
    return v.tag == RF_TAG_PROMISE ? (RfPromise *)v.as.ptr
           : v.tag == RF_TAG_TASK  ? rf_task_promise(vm, v.as.ptr)
                                   : NULL;
}

/* ---- rejections as errors ---- */

RfValue rf_promise_error_value(RfVm *vm, const RfError *e)
{
    RfArray *names = rf_array_new(0);
    for (uint32_t i = e->trace_len; i-- > 0;) {
        if (e->trace[i].is_function) {
            rf_object_retain(e->trace[i].function);
            rf_array_push(names, rf_obj(e->trace[i].function));
        }
    }
    return rf_error_to_value(rf_rt(vm), e, rf_obj(names), e->trace_len > 0 ? e->trace[0].line : 0);
}

RfStatus rf_promise_raise(RfVm *vm, const RfPromise *p)
{
    static const char prefix[] = "Promise rejected: ";
    const RfError *from = p->error;
    RfError e;
    rf_error_init(&e);
    e.message = rf_string_append(rf_string_new(prefix, sizeof prefix - 1), from->message);
    e.cause = rf_promise_error_value(vm, from);
    if (from->trace_len > 0 && from->trace[0].file) {
        const RfTraceEntry *t = &from->trace[0];
        e.rejected_at = rf_string_format("%s:%u:%u", t->file->data, t->line, t->column);
    }
    return rf_error_put(rf_rt(vm), &e);
}

/* ---- the object ---- */

static void free_promise(RfObject *obj, RfWorklist *work)
{
    RfPromise *p = (RfPromise *)obj;
    while (p->first) {
        RfReaction *r = p->first;
        p->first = r->next;
        r->drop(r);
    }
    rf_worklist_release(work, p->value);
    if (p->error) {
        rf_worklist_release(work, p->error->cause);
        p->error->cause = rf_undef();
        rf_error_clear(p->error);
        rf_mem_free(p->error, sizeof *p->error);
    }
    if (p->future) {
        rf_core_leave(p->vm, &p->future->core, obj);
        rf_core_release(&p->future->core);
    }
    rf_mem_free(p, sizeof *p);
}

static void trace_promise(RfObject *obj, RfVisit *visit, void *context)
{
    RfPromise *p = (RfPromise *)obj;
    visit(context, p->value);
    if (p->error) {
        visit(context, p->error->cause);
        visit(context, p->error->origin_stack);
    }
}

static void text_promise(RfObject *obj, RfBuf *out)
{
    (void)obj;
    rf_buf_puts(out, "<promise>");
}

static void debug_promise(RfObject *obj, RfBuf *out)
{
    (void)obj;
    rf_buf_puts(out, "Promise");
}

static const char *verbose_promise(RfObject *obj, RfBuf *out, RfValue *child)
{
    RfPromise *p = (RfPromise *)obj;
    switch (rf_promise_poll(p->vm, p)) {
    case RF_PROMISE_PENDING: rf_buf_puts(out, "Promise(Pending)"); return NULL;
    case RF_PROMISE_RESOLVED:
        rf_buf_puts(out, "Promise(Resolved: ");
        *child = p->value;
        return ")";
    default:
        rf_buf_puts(out, "Promise(Rejected: ");
        rf_buf_put(out, p->error->message->data, p->error->message->len);
        rf_buf_putc(out, ')');
        return NULL;
    }
}

void rf_promise_register(void)
{
    static const RfKindOps ops = {"promise", free_promise, trace_promise, text_promise, debug_promise, verbose_promise};
    rf_object_register(RF_TAG_PROMISE, &ops);
    const char *v = getenv("DEBUG_ASYNC");
    debug_on = v && *v && strcmp(v, "0") != 0;
}

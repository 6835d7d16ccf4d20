/* Builtins for promises, tasks and channels: channel async_sleep async_timeout promise_all parallel_map par_each spawn_task
 * await_task cancel_task set_task_pool_size get_task_pool_size. The machinery is the VM's (vm/async.h). */
#include <unistd.h>

#include "base/mem.h"
#include "lib/args.h"
#include "lib/builtins.h"
#include "vm/async.h"

RfStatus rf_lib_channel(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self, (void)argc, (void)argv;
    *out = rf_channel_new(vm);
    return RF_OK;
}

/* ---- time ---- */

RfStatus rf_lib_async_sleep(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_int(argv[0])) {
        return rf_args_raise_named(vm, self, "requires an integer milliseconds argument");
    }
    if (argv[0].as.i < 0) {
        return rf_raise(rf_rt(vm), "async_sleep() requires non-negative milliseconds, got %lld",
                        (long long)argv[0].as.i);
    }
    *out = rf_obj(rf_scheduler_sleep(vm, (uint64_t)argv[0].as.i));
    return RF_OK;
}

/* A promise raced against a timer. Whichever comes first settles the result; the struct lives until both are done with it. */
typedef struct Limit {
    RfReaction reaction; /* first */
    RfTimer timer;
    RfPromise *result; /* owned; NULL once settled */
    int64_t ms;
    bool waiting, ticking; /* the reaction / the timer may still come */
} Limit;

#define LIMIT_OF_TIMER(t) ((Limit *)(void *)((char *)(t)-offsetof(Limit, timer)))

static void limit_done(Limit *l)
{
    if (l->waiting || l->ticking) {
        return;
    }
    if (l->result) {
        rf_object_release(l->result);
    }
    rf_mem_free(l, sizeof *l);
}

static void limit_reaction_drop(RfReaction *r)
{
    ((Limit *)r)->waiting = false;
    limit_done((Limit *)r);
}

static void limit_timer_drop(RfTimer *t)
{
    Limit *l = LIMIT_OF_TIMER(t);
    l->ticking = false;
    limit_done(l);
}

static void limit_reached(RfVm *vm, RfTimer *t)
{
    Limit *l = LIMIT_OF_TIMER(t);
    RfPromise *result = l->result;
    l->result = NULL;
    l->ticking = false;
    rf_promise_reject_text(vm, result, rf_string_format("Timeout after %lldms", (long long)l->ms), NULL);
    rf_object_release(result);
    limit_done(l);
}

static void limit_settled(RfVm *vm, RfReaction *r, RfPromise *settled)
{
    Limit *l = (Limit *)r;
    RfPromise *result = l->result;
    l->waiting = false;
    if (l->ticking) {
        rf_scheduler_cancel_timer(vm, &l->timer);
        l->ticking = false;
    }
    l->result = NULL;
    limit_done(l);
    if (result) {
        rf_object_retain(settled);
        rf_promise_resolve(vm, result, rf_obj(settled)); /* takes over its outcome */
        rf_object_release(result);
    }
}

RfStatus rf_lib_async_timeout(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_int(argv[1])) {
        return rf_args_raise_named(vm, self, "requires an integer timeout_ms argument");
    }
    if (argv[1].as.i <= 0) {
        return rf_raise(rf_rt(vm), "async_timeout() requires positive timeout_ms, got %lld", (long long)argv[1].as.i);
    }
    if (argv[0].tag != RF_TAG_PROMISE) {
        return rf_args_raise_named(vm, self, "requires a Promise as first argument");
    }
    Limit *l = rf_mem_zalloc(sizeof *l);
    l->reaction.run = limit_settled;
    l->reaction.drop = limit_reaction_drop;
    l->timer.fire = limit_reached;
    l->timer.drop = limit_timer_drop;
    l->ms = argv[1].as.i;
    l->waiting = l->ticking = true;
    l->result = rf_promise_new(vm);
    rf_object_retain(l->result);
    *out = rf_obj(l->result);
    rf_scheduler_add_timer(vm, &l->timer, (uint64_t)l->ms);
    rf_promise_react(vm, argv[0].as.ptr, &l->reaction);
    return RF_OK;
}

/* ---- promise_all ---- */

/* Goes through the promises in order, so that the first rejection is the one with the lowest index. Holds the promises after
 * the one it waits for, but not that one: it holds us. */
typedef struct All {
    RfReaction reaction; /* first */
    RfPromise *result;   /* owned */
    RfArray *values;     /* owned */
    size_t count, at;
    RfValue *sources; /* [at, count) owned */
} All;

static void all_free(All *a)
{
    for (size_t i = a->at; i < a->count; i++) {
        rf_release(a->sources[i]);
    }
    rf_mem_free(a->sources, (a->count + 1) * sizeof(RfValue));
    rf_object_release(a->values);
    rf_object_release(a->result);
    rf_mem_free(a, sizeof *a);
}

static void all_drop(RfReaction *r)
{
    all_free((All *)r);
}

/* The outcome of promise number at-1. True when it is resolved. */
static bool all_take(RfVm *vm, All *a, const RfPromise *p)
{
    if (p->state == RF_PROMISE_RESOLVED) {
        rf_array_push(a->values, rf_retain(p->value));
        return true;
    }
    RfString *text = rf_string_format("Promise %zu rejected: ", a->at - 1);
    rf_promise_reject_text(vm, a->result, rf_string_append(text, p->error->message), p->error);
    all_free(a);
    return false;
}

static void all_advance(RfVm *vm, All *a)
{
    while (a->at < a->count) {
        RfValue source = a->sources[a->at++];
        RfPromise *p = rf_promise_of(vm, source);
        rf_object_retain(p);
        rf_release(source);
        bool pending = rf_promise_poll(vm, p) == RF_PROMISE_PENDING;
        bool go_on = !pending && all_take(vm, a, p);
        if (pending) {
            rf_promise_react(vm, p, &a->reaction);
        }
        rf_object_release(p);
        if (!go_on) {
            return;
        }
    }
    rf_object_retain(a->values);
    rf_promise_resolve(vm, a->result, rf_obj(a->values));
    all_free(a);
}

static void all_settled(RfVm *vm, RfReaction *r, RfPromise *settled)
{
    All *a = (All *)r;
    if (all_take(vm, a, settled)) {
        all_advance(vm, a);
    }
}

/* Checks argument `i`, a limit: absent, or a positive number. *limit keeps its value when absent. */
static RfStatus check_limit(RfVm *vm, const char *name, int argc, const RfValue *argv, int i, int64_t *limit)
{
    if (argc <= i) {
        return RF_OK;
    }
    int64_t n = rf_is_num(argv[i]) ? rf_args_count(argv[i]) : 0;
    if (n > 0) {
        *limit = n;
        return RF_OK;
    }
    RfString *text = rf_text_string(rf_rt(vm), argv[i]);
    RfStatus status = rf_raise(rf_rt(vm), "%s() concurrency_limit must be > 0, got %s", name, text->data);
    rf_object_release(text);
    return status;
}

RfStatus rf_lib_promise_all(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    if (!rf_is_array(argv[0])) {
        return rf_raise(rf_rt(vm), "Promise.all() requires an array of promises");
    }
    const RfArray *given = argv[0].as.arr;
    for (size_t i = 0; i < given->len; i++) {
        uint64_t tag = rf_array_peek(given, i).tag;
        if (tag != RF_TAG_PROMISE && tag != RF_TAG_TASK) {
            return rf_raise(rf_rt(vm), "Promise.all() array element %zu is not a Promise", i);
        }
    }
    int64_t limit = 1; /* what is awaited runs already, so there is nothing to limit */
    if (check_limit(vm, "Promise.all", argc, argv, 1, &limit) != RF_OK) {
        return RF_ERROR;
    }
    All *a = rf_mem_zalloc(sizeof *a);
    a->reaction.run = all_settled;
    a->reaction.drop = all_drop;
    a->count = given->len;
    a->sources = rf_mem_alloc((a->count + 1) * sizeof(RfValue));
    for (size_t i = 0; i < a->count; i++) {
        a->sources[i] = rf_array_get(given, i);
    }
    a->values = rf_array_new(a->count);
    a->result = rf_promise_new(vm);
    rf_object_retain(a->result);
    *out = rf_obj(a->result);
    all_advance(vm, a);
    return RF_OK;
}

/* ---- parallel_map ---- */

static RfStatus map_on_threads(RfVm *vm, int argc, const RfValue *argv, bool each, RfValue *out)
{
    if (!rf_is_array(argv[0])) {
        return rf_raise(rf_rt(vm), "parallel_map() first argument must be an array");
    }
    if (!rf_is_callable(argv[1])) {
        return rf_raise(rf_rt(vm),
                        "parallel_map() second argument must be a callable function; pass a function, closure, or "
                        "imported callable value instead of a literal");
    }
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    int64_t limit = cpus > 0 ? cpus : 1;
    if (limit > rf_task_pool_size()) {
        limit = rf_task_pool_size();
    }
    if (check_limit(vm, "parallel_map", argc, argv, 2, &limit) != RF_OK) {
        return RF_ERROR;
    }
    return rf_parallel_map(vm, argv[0].as.arr, argv[1], limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit, each, out);
}

RfStatus rf_lib_parallel_map(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    return map_on_threads(vm, argc, argv, false, out);
}

RfStatus rf_lib_par_each(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    return map_on_threads(vm, argc, argv, true, out);
}

/* ---- tasks ---- */

RfStatus rf_lib_spawn_task(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (argv[0].tag == RF_TAG_FUNCTION) {
        const RfProto *proto = argv[0].as.fn->proto;
        if (proto->nrequired > 0) {
            return rf_call_arity_error(vm, proto, 0, false);
        }
        return rf_task_start(vm, argv[0], proto, true, out);
    }
    if (argv[0].tag != RF_TAG_BUILTIN) {
        return rf_args_raise_named(vm, self, "requires an async function argument");
    }
    if (argv[0].as.builtin->min_args > 0) {
        return rf_builtin_arity_error(vm, argv[0].as.builtin, 0);
    }
    return rf_task_start(vm, argv[0], NULL, true, out);
}

RfStatus rf_lib_await_task(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (argv[0].tag != RF_TAG_TASK) {
        return rf_args_raise_named(vm, self, "requires a TaskHandle argument");
    }
    RfPromise *p = rf_task_promise(vm, argv[0].as.ptr);
    (void)rf_promise_poll(vm, p);
    rf_future_subscribe(vm, p);
    rf_object_retain(p);
    *out = rf_obj(p);
    return RF_OK;
}

RfStatus rf_lib_cancel_task(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (argv[0].tag != RF_TAG_TASK) {
        return rf_args_raise_named(vm, self, "requires a TaskHandle argument");
    }
    *out = rf_bool(rf_task_cancel(argv[0].as.ptr));
    return RF_OK;
}

RfStatus rf_lib_set_task_pool_size(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_int(argv[0])) {
        return rf_args_raise_named(vm, self, "requires an integer size argument");
    }
    if (argv[0].as.i <= 0) {
        return rf_raise(rf_rt(vm), "set_task_pool_size() size must be > 0, got %lld", (long long)argv[0].as.i);
    }
    *out = rf_int(rf_task_set_pool_size(argv[0].as.i > UINT32_MAX ? UINT32_MAX : (uint32_t)argv[0].as.i));
    return RF_OK;
}

RfStatus rf_lib_get_task_pool_size(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)vm, (void)self, (void)argc, (void)argv;
    *out = rf_int(rf_task_pool_size());
    return RF_OK;
}

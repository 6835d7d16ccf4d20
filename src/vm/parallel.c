/* parallel_map: a callback run for many items by a few threads, each with a VM of its own. Items are handed out in order, so
 * when one fails all earlier ones have been started, and the failure with the lowest index is known when all threads are
 * done. The last one to finish settles the future. */
#include "base/mem.h"
#include "vm/async.h"

typedef struct Crew {
    pthread_mutex_t lock;
    uint32_t workers; /* still at work */
    RfGroup *group;
    RfImage *image;
    RfMessage *fn;
    RfFuture *future;
    bool each;
    size_t count, next; /* items; the next one to hand out */
    RfMessage **items;  /* NULL once taken */
    RfMessage **results;
    size_t failed;    /* lowest index that failed; count when none did */
    RfMessage *error; /* its error */
} Crew;

static void free_crew(Crew *c)
{
    for (size_t i = 0; i < c->count; i++) {
        rf_message_release(c->items[i]);
        rf_message_release(c->results[i]);
    }
    rf_mem_free(c->items, (c->count + 1) * sizeof(RfMessage *));
    rf_mem_free(c->results, (c->count + 1) * sizeof(RfMessage *));
    rf_message_release(c->error);
    rf_message_release(c->fn);
    rf_image_release(c->image);
    rf_group_release(c->group);
    rf_core_release(&c->future->core);
    pthread_mutex_destroy(&c->lock);
    rf_mem_free(c, sizeof *c);
}

/* The caller is the last worker. */
static void finish(Crew *c)
{
    if (c->error) {
        rf_future_settle(c->future, RF_PROMISE_REJECTED, rf_message_retain(c->error));
    } else if (c->each) {
        rf_future_settle(c->future, RF_PROMISE_RESOLVED, rf_message_new(NULL, rf_null()));
    } else {
        RfMessage *all = rf_message_join(c->results, c->count);
        for (size_t i = 0; i < c->count; i++) {
            c->results[i] = NULL;
        }
        rf_future_settle(c->future, RF_PROMISE_RESOLVED, all);
    }
    free_crew(c);
}

static void leave(Crew *c)
{
    pthread_mutex_lock(&c->lock);
    bool last = --c->workers == 0;
    pthread_mutex_unlock(&c->lock);
    if (last) {
        finish(c);
    }
}

static bool take_item(Crew *c, size_t *index, RfMessage **item)
{
    pthread_mutex_lock(&c->lock);
    bool more = c->next < c->count && c->failed == c->count;
    if (more) {
        *index = c->next++;
        *item = c->items[*index];
        c->items[*index] = NULL;
    }
    pthread_mutex_unlock(&c->lock);
    return more;
}

/* Takes error. */
static void put_error(Crew *c, size_t index, RfMessage *error)
{
    pthread_mutex_lock(&c->lock);
    if (index < c->failed) {
        RfMessage *worse = c->error;
        c->failed = index;
        c->error = error;
        error = worse;
    }
    pthread_mutex_unlock(&c->lock);
    rf_message_release(error);
}

static RfStatus map_item(RfVm *vm, Crew *c, RfValue fn, RfMessage *item, RfMessage **result)
{
    RfValue v;
    RfStatus status = rf_message_open(vm, item, &v);
    rf_message_release(item);
    if (status != RF_OK || rf_vm_call(vm, fn, 1, &v, &v) != RF_OK || rf_async_wait_value(vm, v, &v) != RF_OK) {
        return RF_ERROR;
    }
    *result = c->each ? NULL : rf_message_new(vm, v);
    rf_release(v);
    return *result || c->each ? RF_OK : RF_ERROR;
}

static RfMessage *describe_failure(RfVm *vm)
{
    static const char prefix[] = "parallel_map() mapper call failed: ";
    RfError e = rf_error_take(rf_rt(vm));
    RfString *message = rf_string_append(rf_string_new(prefix, sizeof prefix - 1), e.message);
    rf_object_release(e.message);
    e.message = message;
    RfMessage *m = rf_message_from_error(vm, &e);
    rf_error_clear(&e);
    return m;
}

static void work(RfVm *vm, Crew *c)
{
    RfValue fn;
    size_t index = 0;
    RfMessage *item, *result;
    if (rf_image_load(vm, c->image) != RF_OK || rf_message_open(vm, c->fn, &fn) != RF_OK) {
        put_error(c, 0, describe_failure(vm));
        return;
    }
    while (take_item(c, &index, &item)) {
        if (map_item(vm, c, fn, item, &result) == RF_OK) {
            c->results[index] = result;
        } else {
            put_error(c, index, describe_failure(vm));
        }
    }
    rf_release(fn);
    rf_vm_flush(vm);
    (void)rf_async_drain(vm);
    rf_error_clear(&rf_rt(vm)->error);
}

static RfMessage *no_thread(void)
{
    RfError e;
    rf_error_init(&e);
    e.message = rf_string_from_cstr("parallel_map() mapper call failed: Cannot start a thread: out of memory");
    RfMessage *m = rf_message_from_error(NULL, &e);
    rf_error_clear(&e);
    return m;
}

static void *worker_main(void *arg)
{
    Crew *c = arg;
    RfVm *vm = rf_group_open_vm(c->group, NULL);
    if (vm) {
        work(vm, c);
        rf_group_close_vm(vm);
    } else {
        put_error(c, 0, no_thread());
    }
    leave(c);
    rf_mem_thread_end();
    return NULL;
}

RfStatus rf_parallel_map(RfVm *vm, const RfArray *items, RfValue fn, uint32_t workers, bool each, RfValue *out)
{
    RfPromise *p;
    if (items->len == 0) {
        p = rf_promise_new(vm);
        rf_promise_resolve(vm, p, each ? rf_null() : rf_obj(rf_array_new(0)));
        *out = rf_obj(p);
        return RF_OK;
    }
    Crew *c = rf_mem_zalloc(sizeof *c);
    pthread_mutex_init(&c->lock, NULL);
    c->group = rf_group_retain(rf_group_of(vm));
    c->future = rf_future_new(false);
    c->each = each;
    c->count = c->failed = items->len;
    c->items = rf_mem_zalloc((c->count + 1) * sizeof(RfMessage *));
    c->results = rf_mem_zalloc((c->count + 1) * sizeof(RfMessage *));
    c->fn = rf_message_new(vm, fn);
    c->image = c->fn ? rf_image_new(vm, fn.tag == RF_TAG_FUNCTION ? fn.as.fn->proto : NULL) : NULL;
    bool ok = c->image != NULL;
    for (size_t i = 0; i < c->count && ok; i++) {
        c->items[i] = rf_message_new(vm, rf_array_peek(items, i));
        ok = c->items[i] != NULL;
    }
    if (!ok) {
        free_crew(c);
        return RF_ERROR;
    }
    rf_vm_flush(vm);
    p = rf_future_promise(vm, c->future);
    *out = rf_obj(p);
    c->workers = 1; /* the caller, until all threads are started */
    if (workers > c->count) {
        workers = (uint32_t)c->count;
    }
    for (uint32_t i = 0; i < workers; i++) {
        pthread_t thread;
        pthread_mutex_lock(&c->lock);
        c->workers++;
        pthread_mutex_unlock(&c->lock);
        if (!rf_program_big_thread(&thread, worker_main, c)) {
            if (i == 0) {
                put_error(c, 0, no_thread());
            }
            pthread_mutex_lock(&c->lock);
            c->workers--;
            pthread_mutex_unlock(&c->lock);
            break;
        }
        pthread_detach(thread);
    }
    leave(c);
    return RF_OK;
}

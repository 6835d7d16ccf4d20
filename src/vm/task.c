/* Tasks: blocks and functions that run on threads of their own, each in a VM of its own (image.c), and the handles by which
 * others wait for them. Tasks of spawn_task share a limit on how many run at a time. */
#include <string.h>

#include "base/mem.h"
#include "vm/async.h"

/* ---- running ---- */

typedef struct Job {
    struct Job *next;
    RfGroup *group;
    RfImage *image;
    RfMessage *fn;
    RfFuture *future;
    bool pooled;
} Job;

static RfStatus call_job(RfVm *vm, Job *job, RfValue *out)
{
    RfStatus status = rf_image_load(vm, job->image);
    rf_image_release(job->image); /* with its references to channels: this VM has its own now */
    job->image = NULL;
    RfValue fn;
    if (status != RF_OK || rf_message_open(vm, job->fn, &fn) != RF_OK) {
        return RF_ERROR;
    }
    RfValue result;
    status = rf_vm_call(vm, fn, 0, NULL, &result);
    rf_release(fn);
    return status == RF_OK ? rf_async_wait_value(vm, result, out) : status;
}

static void refuse(RfFuture *f)
{
    RfError e;
    rf_error_init(&e);
    e.message = rf_string_from_cstr("Cannot start a thread: out of memory");
    rf_future_settle(f, RF_PROMISE_REJECTED, rf_message_from_error(NULL, &e));
    rf_error_clear(&e);
}

static void run_job(Job *job)
{
    RfVm *vm = rf_future_is_cancelled(job->future) ? NULL : rf_group_open_vm(job->group, job->future);
    if (vm) {
        RfValue v = rf_null();
        RfStatus status = call_job(vm, job, &v);
        rf_vm_flush(vm);
        rf_future_settle_call(vm, job->future, status, v);
        (void)rf_async_drain(vm);
        rf_error_clear(&rf_rt(vm)->error);
        rf_future_set_runner(job->future, NULL);
        vm->self_task = NULL;
        rf_future_release_reporting(vm, job->future);
        rf_group_close_vm(vm);
    } else {
        refuse(job->future); /* does nothing to a cancelled one */
        rf_core_release(&job->future->core);
    }
    rf_image_release(job->image);
    rf_message_release(job->fn);
    rf_group_release(job->group);
    rf_mem_free(job, sizeof *job);
}

/* ---- the pool ---- */

static struct {
    pthread_mutex_t lock;
    uint32_t size, running;
    Job *first, **last; /* waiting for a thread; `last` NULL when empty */
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .size = 256};

/* The job a pool thread does next; NULL: the thread ends. */
static Job *next_pooled(void)
{
    pthread_mutex_lock(&pool.lock);
    Job *job = pool.running <= pool.size ? pool.first : NULL;
    if (job) {
        pool.first = job->next;
        if (!pool.first) {
            pool.last = NULL;
        }
    } else {
        pool.running--;
    }
    pthread_mutex_unlock(&pool.lock);
    return job;
}

/* True when the job may have a thread now; else it is queued. */
static bool enter_pool(Job *job)
{
    pthread_mutex_lock(&pool.lock);
    bool now = pool.running < pool.size;
    if (now) {
        pool.running++;
    } else {
        *(pool.last ? pool.last : &pool.first) = job;
        pool.last = &job->next;
    }
    pthread_mutex_unlock(&pool.lock);
    return now;
}

uint32_t rf_task_pool_size(void)
{
    pthread_mutex_lock(&pool.lock);
    uint32_t size = pool.size;
    pthread_mutex_unlock(&pool.lock);
    return size;
}

uint32_t rf_task_set_pool_size(uint32_t size)
{
    pthread_mutex_lock(&pool.lock);
    uint32_t before = pool.size;
    pool.size = size;
    pthread_mutex_unlock(&pool.lock);
    return before;
}

static void *job_main(void *arg)
{
    for (Job *job = arg; job;) {
        bool pooled = job->pooled;
        run_job(job);
        job = pooled ? next_pooled() : NULL;
    }
    rf_mem_thread_end();
    return NULL;
}

/* ---- starting ---- */

RfStatus rf_task_start(RfVm *vm, RfValue fn, const RfProto *proto, bool pooled, RfValue *out)
{
    RfMessage *message = rf_message_new(vm, fn);
    RfImage *image = message ? rf_image_new(vm, proto) : NULL;
    if (!image) {
        rf_message_release(message);
        return RF_ERROR;
    }
    rf_vm_flush(vm);
    RfFuture *future = rf_future_new(true);
    *out = rf_core_proxy(vm, &future->core);
    Job *job = rf_mem_alloc(sizeof *job);
    *job = (Job){
        .group = rf_group_retain(rf_group_of(vm)), .image = image, .fn = message, .future = future, .pooled = pooled};
    pthread_t thread;
    if (pooled && !enter_pool(job)) {
        return RF_OK;
    }
    if (rf_program_big_thread(&thread, job_main, job)) {
        pthread_detach(thread);
        return RF_OK;
    }
    refuse(future);
    job->image = NULL;
    rf_image_release(image);
    rf_message_release(message);
    rf_group_release(job->group);
    rf_core_release(&future->core);
    rf_mem_free(job, sizeof *job);
    if (pooled) {
        (void)next_pooled(); /* none is waiting: this only counts the thread out */
    }
    return RF_OK;
}

RfStatus rf_task_spawn(RfVm *vm, RfProto *proto, RfValue *out)
{
    RfValue fn;
    rf_literal_closure(vm, proto, &fn);
    RfStatus status = rf_task_start(vm, fn, proto, false, out);
    rf_release(fn);
    return status;
}

/* ---- cancelling ---- */

bool rf_task_cancel(RfTaskHandle *t)
{
    return rf_future_cancel(t->future);
}

RfStatus rf_task_check_cancelled(RfVm *vm)
{
    if (!vm->self_task || !rf_future_is_cancelled(vm->self_task)) {
        return RF_OK;
    }
    rf_vm_request(vm); /* a handler that swallows the error meets it again at its next safepoint */
    return rf_raise(rf_rt(vm), "Task was cancelled");
}

/* ---- handles ---- */

RfPromise *rf_task_promise(RfVm *vm, RfTaskHandle *t)
{
    if (!t->promise) {
        t->promise = rf_future_promise(vm, t->future);
    }
    return t->promise;
}

static void free_task(RfObject *obj, RfWorklist *work)
{
    RfTaskHandle *t = (RfTaskHandle *)obj;
    rf_core_leave(t->vm, &t->future->core, obj);
    if (t->promise) {
        rf_worklist_release_object(work, t->promise);
    }
    if (t->vm->scheduler) {
        rf_future_release_reporting(t->vm, t->future);
    } else {
        rf_core_release(&t->future->core);
    }
    rf_mem_free(t, sizeof *t);
}

static void trace_task(RfObject *obj, RfVisit *visit, void *context)
{
    RfTaskHandle *t = (RfTaskHandle *)obj;
    if (t->promise) {
        visit(context, rf_obj(t->promise));
    }
}

static void text_task(RfObject *obj, RfBuf *out)
{
    (void)obj;
    rf_buf_puts(out, "<task>");
}

static void debug_task(RfObject *obj, RfBuf *out)
{
    (void)obj;
    rf_buf_puts(out, "TaskHandle");
}

static const char *verbose_task(RfObject *obj, RfBuf *out, RfValue *child)
{
    (void)child;
    RfFuture *f = ((RfTaskHandle *)obj)->future;
    pthread_mutex_lock(&f->lock);
    rf_buf_printf(out, "TaskHandle(%s)",
                  f->cancelled                     ? "Cancelled"
                  : f->state == RF_PROMISE_PENDING ? "Running"
                                                   : "Finished");
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

void rf_task_register(void)
{
    static const RfKindOps ops = {"taskhandle", free_task, trace_task, text_task, debug_task, verbose_task};
    rf_object_register(RF_TAG_TASK, &ops);
}

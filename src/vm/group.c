/* What the VMs of one program, on all its threads, have in common: settings, where output goes, who shows errors. The host
 * is the VM the program was started in. When it ends, threads that still run lose their way to the embedder's callbacks. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "vm/scheduler.h"

struct RfGroup {
    atomic_uint rc;
    pthread_mutex_t lock;
    RfVm *host;        /* NULL when it has ended; under the lock */
    RfVmConfig config; /* the host's; strings owned here */
    char **argv;
};

#ifdef __SANITIZE_ADDRESS__
/* LeakSanitizer does not look into mapped memory by itself: what a thread that outlives the program holds is no leak. */
void __lsan_register_root_region(const void *begin, size_t size);
void __lsan_unregister_root_region(const void *begin, size_t size);
#define SCANNED ((size_t)1 << 20)
#endif

static void write_locked(RfGroup *g, bool error, const char *bytes, size_t len)
{
    pthread_mutex_lock(&g->lock);
    if (g->host) {
        (error ? g->config.write_err : g->config.write_out)(g->config.write_context, bytes, len);
    }
    pthread_mutex_unlock(&g->lock);
}

static void write_out(void *context, const char *bytes, size_t len)
{
    write_locked(context, false, bytes, len);
}
static void write_err(void *context, const char *bytes, size_t len)
{
    write_locked(context, true, bytes, len);
}

static void ask_exit(void *context, int code, int lost)
{
    RfGroup *g = context;
    pthread_mutex_lock(&g->lock);
    if (g->host) {
        g->config.on_exit(g->config.exit_context, code, lost);
    }
    pthread_mutex_unlock(&g->lock);
}

static char *copy(const char *text)
{
    char *s = strdup(text);
    if (!s) {
        rf_mem_exhausted(strlen(text) + 1);
    }
    return s;
}

RfGroup *rf_group_of(RfVm *vm)
{
    RfScheduler *s = vm->scheduler;
    if (!s->group) {
        RfGroup *g = rf_mem_zalloc(sizeof *g);
        atomic_init(&g->rc, 1);
        pthread_mutexattr_t attr; /* recursive: the report callback writes */
        pthread_mutexattr_init(&attr);
        pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
        pthread_mutex_init(&g->lock, &attr);
        pthread_mutexattr_destroy(&attr);
        g->host = vm;
        g->config = vm->config;
        g->config.entry_dir = vm->entry_dir ? copy(vm->entry_dir) : NULL;
        g->argv = rf_mem_zalloc(sizeof(char *) * ((size_t)g->config.argc + 1));
        for (int i = 0; i < g->config.argc; i++) {
            g->argv[i] = copy(g->config.argv[i]);
        }
        g->config.argv = (const char *const *)g->argv;
        s->group = g;
        rf_vm_flush(vm);
        vm->out.line_buffered = true; /* from now on output of several threads meets */
    }
    return s->group;
}

bool rf_group_is_host(RfVm *vm)
{
    RfGroup *g = vm->scheduler->group;
    if (!g) {
        return true;
    }
    pthread_mutex_lock(&g->lock);
    bool host = g->host == vm;
    pthread_mutex_unlock(&g->lock);
    return host;
}

RfGroup *rf_group_retain(RfGroup *g)
{
    atomic_fetch_add_explicit(&g->rc, 1, memory_order_relaxed);
    return g;
}

void rf_group_release(RfGroup *g)
{
    if (atomic_fetch_sub_explicit(&g->rc, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (int i = 0; i < g->config.argc; i++) {
        free(g->argv[i]);
    }
    rf_mem_free(g->argv, sizeof(char *) * ((size_t)g->config.argc + 1));
    free((char *)(uintptr_t)g->config.entry_dir);
    pthread_mutex_destroy(&g->lock);
    rf_mem_free(g, sizeof *g);
}

RfVm *rf_group_open_vm(RfGroup *g, RfFuture *task)
{
    RfVmConfig config = g->config;
    /* the budget is the program's: the main VM, which waits for tasks, keeps it; a task of its own would race it */
    config.scheduler_timeout_ms = UINT32_MAX;
    config.task = true;
    if (config.write_out) {
        config.write_out = write_out;
    }
    if (config.write_err) {
        config.write_err = write_err;
    }
    config.write_context = g;
    if (config.on_exit) {
        config.on_exit = ask_exit;
        config.exit_context = g;
    }
    RfVm *vm = rf_vm_new(&config);
    if (!vm) {
        return NULL;
    }
    rf_safepoint_detach(vm); /* interruptions end the program through its host */
    vm->scheduler->group = rf_group_retain(g);
    vm->out.line_buffered = true;
    if (task) {
        vm->self_task = task;
        rf_future_set_runner(task, vm);
    }
#ifdef __SANITIZE_ADDRESS__
    __lsan_register_root_region(vm->stack, SCANNED);
    __lsan_register_root_region(vm->frames, SCANNED);
#endif
    return vm;
}

void rf_group_close_vm(RfVm *vm)
{
    if (vm->self_task) {
        rf_future_set_runner(vm->self_task, NULL);
    }
#ifdef __SANITIZE_ADDRESS__
    __lsan_unregister_root_region(vm->stack, SCANNED);
    __lsan_unregister_root_region(vm->frames, SCANNED);
#endif
    rf_vm_free(vm);
}

void rf_group_leave(RfVm *vm)
{
    RfGroup *g = vm->scheduler->group;
    if (!g) {
        return;
    }
    pthread_mutex_lock(&g->lock);
    if (g->host == vm) {
        g->host = NULL;
    }
    pthread_mutex_unlock(&g->lock);
    if (vm->config.write_context == g) { /* what is left in the buffer must not come after the group */
        rf_vm_flush(vm);
        vm->config.write_out = NULL;
        vm->out.failed = true;
    }
    vm->scheduler->group = NULL;
    rf_group_release(g);
}

void rf_group_report(RfVm *vm, const RfError *error)
{
    RfGroup *g = rf_group_of(vm);
    rf_vm_flush(vm);
    pthread_mutex_lock(&g->lock);
    bool shown = g->config.report != NULL;
    if (shown && g->host) {
        g->config.report(vm, error, g->config.report_context);
    }
    pthread_mutex_unlock(&g->lock);
    if (!shown) {
        RfBuf text = RF_BUF_INIT;
        rf_buf_puts(&text, "[RUFVM001] [vm] Runtime Error: ");
        rf_buf_put(&text, error->message->data, error->message->len);
        rf_buf_putc(&text, '\n');
        rf_vm_write_error(vm, text.data, text.len);
        rf_buf_free(&text);
    }
}

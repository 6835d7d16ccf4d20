/* The measuring process: runs one program again and again in one VM and reports times and events of the JIT.
 *
 * An iteration is a call of bench_main() when the program has it, else its whole top level with fresh globals. Nothing is
 * written while an iteration runs: records go out between samples. Output goes to memory, not to a descriptor. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "api/handles.h"
#include "base/mem.h"
#include "jit/policy.h"
#include "tools/bench_output.h"
#include "tools/bench_wire.h"

#define ENTRY "bench_main"
#define QUIET_SAMPLES 3u
#define QUIET_MIN UINT64_C(10000000) /* nanoseconds that a sample counts for at least */

typedef struct Child {
    int fd;
    RfBenchOrder order;
    RfBuf text;       /* of the order */
    const char *file; /* in text, as all strings */
    const char *directory;
    const char **args;
    RuffVM *vm;
    RuffProgram *program;
    RuffValue *entry; /* bench_main, or NULL */
    pthread_mutex_t lock;
    RfBenchOutput output; /* of the iteration under way; tasks of the program print, too */
    uint64_t hash;        /* of the first iteration's output */
    bool exited;
    int32_t code;
    char *failure;    /* malloc: what went wrong after the program's own code; NULL: the VM has the error */
    RfJitCounts seen; /* events of the JIT at the last look */
    uint64_t last_event;
    uint8_t sample_events;
    RfBenchTrace trace[RF_BENCH_TRACE_MAX];
    uint32_t traced;
    uint64_t iterations; /* in samples */
} Child;

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- talking to the parent ---- */

static void send_bytes(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            _exit(1); /* nobody listens any more */
        }
        at += n;
        len -= (size_t)n;
    }
}

static void send_record(const Child *c, RfBenchRecordKind kind, const void *payload, size_t len, const RfBuf *more)
{
    size_t extra = more ? more->len : 0;
    RfBenchRecord head = {kind, (uint32_t)(len + extra)};
    RfBuf text = RF_BUF_INIT;
    rf_buf_put(&text, &head, sizeof head);
    rf_buf_put(&text, len ? payload : "", len);
    rf_buf_put(&text, extra ? more->data : "", extra);
    send_bytes(c->fd, text.data, text.len);
    rf_buf_free(&text);
}

static bool receive_order(Child *c)
{
    RfBuf in = RF_BUF_INIT;
    for (;;) {
        rf_buf_reserve(&in, 4096);
        ssize_t n = read(c->fd, in.data + in.len, in.cap - in.len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            break;
        }
        in.len += (size_t)n;
    }
    bool ok = in.len >= sizeof c->order;
    if (ok) {
        memcpy(&c->order, in.data, sizeof c->order);
        ok = c->order.text_len == in.len - sizeof c->order;
        rf_buf_put(&c->text, in.data + sizeof c->order, in.len - sizeof c->order);
    }
    rf_buf_free(&in);
    return ok;
}

static void split_text(Child *c)
{
    const char *at = c->text.data;
    c->file = at;
    at += strlen(at) + 1;
    c->directory = at;
    c->args = rf_mem_alloc((c->order.arg_count + 1) * sizeof *c->args);
    for (uint32_t i = 0; i < c->order.arg_count; i++) {
        at += strlen(at) + 1;
        c->args[i] = at;
    }
}

/* ---- what the program does to its surroundings ---- */

static void take_output(void *context, const char *bytes, size_t len)
{
    Child *c = context;
    pthread_mutex_lock(&c->lock);
    rf_bench_output_add(&c->output, bytes, len);
    pthread_mutex_unlock(&c->lock);
}

static void drop_errors(void *context, const char *bytes, size_t len)
{
    (void)context, (void)bytes, (void)len;
}

static void drop_task_error(void *context, const RuffError *error)
{
    (void)context, (void)error;
}

static void note_exit(void *context, int code, int output_error)
{
    (void)output_error;
    Child *c = context;
    c->exited = true;
    c->code = code;
}

static bool open_vm(Child *c)
{
    RuffConfig config;
    ruff_config_init(&config);
    config.jit = c->order.jit;
    config.jit_cache = c->order.cached;
    config.jit_worker = "/proc/self/exe";
    config.argc = (int)c->order.arg_count;
    config.argv = c->args;
    config.entry_dir = c->directory;
    config.write_out = take_output;
    config.write_err = drop_errors;
    config.write_context = c;
    config.task_error = drop_task_error;
    config.on_exit = note_exit;
    config.exit_context = c;
    c->vm = ruff_vm_new(&config);
    return c->vm != NULL;
}

static void send_error(const Child *c, const char *text)
{
    send_record(c, RF_BENCH_RECORD_ERROR, text, strcspn(text, "\n"), NULL);
}

/* Tells why the VM failed. */
static void report(const Child *c)
{
    if (c->exited) {
        send_record(c, RF_BENCH_RECORD_EXIT, &c->code, sizeof c->code, NULL);
        return;
    }
    if (c->failure) {
        send_error(c, c->failure);
        return;
    }
    char *text = ruff_render_error(ruff_last_error(c->vm), RUFF_RENDER_HUMAN, 0);
    send_error(c, text);
    ruff_free(text);
}

/* ---- events of the JIT ---- */

static const RfJit *jit_of(const Child *c)
{
    return c->order.jit ? rf_jit_of(c->vm->vm) : NULL;
}

/* What has happened since the last call, as RF_BENCH_EVENT_... */
static uint8_t new_events(Child *c)
{
    const RfJit *jit = jit_of(c);
    if (jit == NULL) {
        return 0;
    }
    const RfJitCounts *n = &jit->counts, *old = &c->seen;
    bool deopt = n->deopts != old->deopts || n->invalidated != old->invalidated;
    uint8_t events =
        (uint8_t)((n->compiled != old->compiled ? RF_BENCH_EVENT_COMPILE : 0) |
                  (n->installed != old->installed ? RF_BENCH_EVENT_INSTALL : 0) | (deopt ? RF_BENCH_EVENT_DEOPT : 0));
    if (events) {
        c->seen = *n;
    }
    return events;
}

static void note_events(Child *c, uint8_t events)
{
    if (events) {
        c->last_event = now() - c->order.started;
        c->sample_events |= events;
    }
}

/* ---- iterations ---- */

/* The program's function bench_main without parameters, if it has one. */
static bool find_entry(Child *c)
{
    RfValue v = rf_program_global(c->vm->vm, c->program->module, ENTRY);
    if (v.tag != RF_TAG_FUNCTION || v.as.fn->proto->nparams != 0) {
        return true;
    }
    if (v.as.fn->proto->flags & (RF_PROTO_ASYNC | RF_PROTO_GENERATOR)) {
        send_error(c, ENTRY " must be a plain function, not async and no generator");
        return false;
    }
    c->entry = ruff_global(c->vm, c->program, ENTRY);
    return true;
}

static bool call_entry(Child *c)
{
    if (ruff_call_value(c->vm, c->entry, 0, NULL, NULL) != RUFF_OK || c->exited) {
        return false;
    }
    if (rf_async_drain(c->vm->vm) != RF_OK) {
        RfError error = rf_error_take(rf_rt(c->vm->vm));
        c->failure = rf_bench_copy(error.message->data, error.message->len);
        rf_error_clear(&error);
        return false;
    }
    ruff_flush(c->vm);
    return true;
}

static bool iterate(Child *c)
{
    if (c->entry) {
        return call_entry(c);
    }
    rf_module_reset_globals(c->program->module);
    return ruff_run(c->vm, c->program) == RUFF_OK && !c->exited;
}

/* One iteration that is counted and, in the beginning, timed by itself. False: it failed, which has been reported. */
static bool measured_iteration(Child *c)
{
    bool alone = c->traced < RF_BENCH_TRACE_MAX;
    uint64_t start = alone ? now() : 0;
    rf_bench_output_clear(&c->output, false);
    if (!iterate(c)) {
        report(c);
        return false;
    }
    if (!c->entry && rf_bench_output_hash(&c->output) != c->hash) {
        send_record(c, RF_BENCH_RECORD_DIFFERS, NULL, 0, NULL);
        return false;
    }
    uint8_t events = new_events(c);
    if (alone) {
        c->trace[c->traced++] = (RfBenchTrace){now() - start, events};
    }
    note_events(c, events);
    return true;
}

/* Loads the program and runs it once. */
static bool first_iteration(Child *c)
{
    rf_bench_output_clear(&c->output, c->order.samples == 0);
    uint64_t start = now();
    if (ruff_load_file(c->vm, c->file, &c->program) != RUFF_OK) {
        report(c);
        return false;
    }
    uint64_t loaded = now();
    if (ruff_run(c->vm, c->program) != RUFF_OK || c->exited) {
        report(c);
        return false;
    }
    if (!find_entry(c)) {
        return false;
    }
    if (c->entry) {
        loaded = now();
        if (!call_entry(c)) {
            report(c);
            return false;
        }
    }
    uint64_t end = now();
    uint8_t events = new_events(c);
    note_events(c, events);
    c->trace[c->traced++] = (RfBenchTrace){end - loaded, events};
    c->hash = rf_bench_output_hash(&c->output);
    RfBenchFirst first = {.cold = end - start,
                          .first = end - loaded,
                          .hash = c->hash,
                          .trimmed = c->output.trimmed,
                          .has_main = c->entry != NULL};
    send_record(c, RF_BENCH_RECORD_FIRST, &first, sizeof first, &c->output.text);
    return true;
}

/* Iterations before the first sample until no compile is under way and nothing has happened for a while: short samples would
 * all be over before the first code arrives. At most half of the time is spent on it. */
static bool settle(Child *c)
{
    const RfJit *jit = jit_of(c);
    uint64_t quiet = c->order.min_sample > QUIET_MIN ? c->order.min_sample : QUIET_MIN;
    if (!jit || !c->order.settle) {
        return true;
    }
    for (uint64_t start = now() - c->order.started, at = start; at < c->order.limit / 2;) {
        uint64_t since = c->last_event > start ? c->last_event : start;
        if (jit->pending == 0 && at - since >= QUIET_SAMPLES * quiet) {
            break;
        }
        if (!measured_iteration(c)) {
            return false;
        }
        at = now() - c->order.started;
    }
    return true;
}

/* Iterations until the sample is long enough; how many fit between two looks at the clock follows from those before. */
static bool take_sample(Child *c, double *per_iteration)
{
    RfBenchSample sample = {.start = now() - c->order.started};
    uint64_t start = now(), elapsed = 0;
    c->sample_events = 0;
    do {
        double left = (double)(c->order.min_sample - (elapsed < c->order.min_sample ? elapsed : 0));
        double fit = *per_iteration > 0 ? left / *per_iteration : 1;
        uint64_t batch = fit > 1e6 ? 1000000 : fit < 1 ? 1 : (uint64_t)fit + 1;
        for (uint64_t i = 0; i < batch; i++) {
            if (!measured_iteration(c)) {
                return false;
            }
        }
        sample.iterations += batch;
        elapsed = now() - start;
        *per_iteration = (double)elapsed / (double)sample.iterations;
    } while (elapsed < c->order.min_sample);
    sample.ns = elapsed;
    sample.events = c->sample_events;
    c->iterations += sample.iterations;
    send_record(c, RF_BENCH_RECORD_SAMPLE, &sample, sizeof sample, NULL);
    return true;
}

/* ---- at the end ---- */

static void send_end(Child *c, uint64_t allocations, uint64_t bytes, bool limited)
{
    uint64_t n = c->iterations ? c->iterations : 1;
    RfBenchEnd end = {.counts = {.allocations = (rf_mem_alloc_count() - allocations) / n,
                                 .allocated_bytes = (rf_mem_alloc_bytes() - bytes) / n},
                      .last_event = c->last_event,
                      .limited = limited};
    rf_bench_usage(&end.counts);
    if (jit_of(c)) {
        RfJitCounts counts = rf_status_counts(jit_of(c));
        end.counts.compile_ms = counts.compile_ms;
        end.counts.compiles = counts.compiled;
        end.counts.deopts = counts.deopts;
        end.counts.entries = counts.entered;
        end.counts.osr = counts.osr;
    }
    send_record(c, RF_BENCH_RECORD_TRACE, c->trace, c->traced * sizeof *c->trace, NULL);
    send_record(c, RF_BENCH_RECORD_END, &end, sizeof end, NULL);
}

static void run_program(Child *c)
{
    if (!first_iteration(c) || (c->order.samples > 0 && !settle(c))) {
        return;
    }
    uint64_t allocations = rf_mem_alloc_count(), bytes = rf_mem_alloc_bytes();
    double per_iteration = (double)c->trace[c->traced - 1].ns;
    bool limited = false;
    for (uint32_t i = 0; i < c->order.samples && !limited; i++) {
        limited = now() - c->order.started >= c->order.limit;
        if (limited && i > 0) {
            break;
        }
        /* The first iteration has taken all the time: it is the only sample. With the JIT it was bytecode for the most part
         * and says nothing, so there is one more. */
        if (limited && !c->order.jit) {
            RfBenchSample sample = {.iterations = 1,
                                    .ns = c->trace[0].ns,
                                    .start = now() - c->order.started - c->trace[0].ns,
                                    .events = c->trace[0].events};
            c->iterations = 1;
            allocations = bytes = 0;
            send_record(c, RF_BENCH_RECORD_SAMPLE, &sample, sizeof sample, NULL);
        } else if (!take_sample(c, &per_iteration)) {
            return;
        }
    }
    send_end(c, allocations, bytes, limited);
}

static int run(void *context)
{
    Child *c = context;
    split_text(c);
    if (!open_vm(c)) {
        send_error(c, "no address space for the stacks of the virtual machine");
    } else {
        run_program(c);
        ruff_value_free(c->entry);
        rf_vm_leave(c->vm->vm);
#if defined(RF_SANITIZE) || defined(RF_ASSERTIONS)
        ruff_vm_free(c->vm);
#endif
    }
    rf_mem_free(c->args, (c->order.arg_count + 1) * sizeof *c->args);
    rf_bench_output_free(&c->output);
    free(c->failure);
    return 0;
}

int rf_bench_child_main(int fd)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    Child *c = rf_mem_zalloc(sizeof *c);
    c->fd = fd;
    pthread_mutex_init(&c->lock, NULL);
    bool ok = receive_order(c);
    if (ok && c->order.cpu >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET((unsigned)c->order.cpu, &set);
        sched_setaffinity(0, sizeof set, &set);
    }
    int code = ok ? ruff_on_big_stack(run, c) : 2;
    rf_buf_free(&c->text);
    rf_mem_free(c, sizeof *c);
    return code;
}

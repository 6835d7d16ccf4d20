/* Verifies every benchmark, several at a time, and then measures one process at a time.
 *
 * The processes of a benchmark's modes take turns, so that a slow drift of the machine hits both alike. The time limit of a
 * benchmark and mode is shared out evenly among the processes that are still to come. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "tools/bench_process.h"

#define VERIFY_JOBS_MAX 64

/* ---- one process ---- */

static RfBenchOrder order_for(const RfBenchRun *run, const RfBenchmark *b, RfBenchModeId mode)
{
    return (RfBenchOrder){.jit = mode == RF_BENCH_JIT,
                          .cached = run->options.warm_cache,
                          .settle = mode == RF_BENCH_JIT && !run->options.warmup_given,
                          .min_sample = (uint64_t)(run->options.min_sample_ms * 1e6),
                          .cpu = run->options.cpu,
                          .arg_count = (uint32_t)b->arg_count};
}

static bool start(const RfBenchRun *run, const RfBenchmark *b, RfBenchChild *child, RfBenchOrder *order, double seconds)
{
    size_t size = (2 + b->arg_count) * sizeof(char *);
    const char **words = rf_mem_alloc(size);
    words[0] = b->file;
    words[1] = b->directory;
    for (size_t i = 0; i < b->arg_count; i++) {
        words[2 + i] = b->args[i];
    }
    bool ok = rf_bench_child_start(child, order, words, run->cache[0] ? run->cache : NULL, seconds);
    int code = errno;
    rf_mem_free(words, size);
    errno = code;
    return ok;
}

/* ---- what it said ---- */

/* A verified output, or that of a later process. */
static void check_output(RfBenchmark *b, RfBenchModeId mode, const RfBenchFirst *first, const RfBuf *text,
                         bool verifying)
{
    RfBenchMode *m = &b->modes[mode];
    if (!verifying) {
        if (first->hash != m->hash) {
            rf_bench_fail(b, mode, "output differs from vm");
        }
        return;
    }
    m->hash = first->hash;
    b->has_main = first->has_main;
    RfBenchOutput output = {.trimmed = first->trimmed, .text = *text};
    if (b->has_expect && !rf_bench_output_is(&output, b->expect.data, b->expect.len)) {
        rf_bench_fail(b, mode, "output differs from expectation");
    }
}

static void add_sample(RfBenchProcess *p, const char *payload)
{
    if (p->sample_count == p->sample_cap) {
        size_t cap = p->sample_cap ? p->sample_cap * 2 : 32, size = sizeof *p->samples;
        p->samples = rf_mem_resize(p->samples, p->sample_cap * size, cap * size);
        p->sample_cap = cap;
    }
    memcpy(&p->samples[p->sample_count++], payload, sizeof *p->samples);
}

/* The process did not come to its end. */
static void note_death(RfBenchmark *b, RfBenchModeId mode, const RfBenchChild *child)
{
    if (child->timed_out) {
        rf_bench_fail(b, mode, "timed out");
    } else if (WIFSIGNALED(child->status)) {
        const char *name = sigabbrev_np(WTERMSIG(child->status));
        rf_bench_fail(b, mode, "crashed: SIG%s", name ? name : "?");
    } else {
        RfBuf line = RF_BUF_INIT;
        rf_bench_child_error(child, &line);
        if (line.len > 0) {
            rf_bench_fail(b, mode, "%s", rf_buf_cstr(&line));
        } else {
            rf_bench_fail(b, mode, "exit code %d", WEXITSTATUS(child->status));
        }
        rf_buf_free(&line);
    }
}

/* Takes over what a process has said. `p` (NULL: verifying) gets the numbers. */
static void absorb(RfBenchmark *b, RfBenchModeId mode, const RfBenchChild *child, RfBenchProcess *p)
{
    RfBenchRecord record;
    const char *payload;
    bool ended = false;
    for (size_t at = 0; rf_bench_next_record(&child->in, &at, &record, &payload);) {
        switch ((RfBenchRecordKind)record.kind) {
        case RF_BENCH_RECORD_FIRST: {
            RfBenchFirst first;
            memcpy(&first, payload, sizeof first);
            RfBuf text = {(char *)(uintptr_t)(payload + sizeof first), record.len - sizeof first, 0};
            check_output(b, mode, &first, &text, p == NULL);
            if (p) {
                p->cold = first.cold;
                p->first = first.first;
            }
            break;
        }
        case RF_BENCH_RECORD_SAMPLE:
            if (p) {
                add_sample(p, payload);
            }
            break;
        case RF_BENCH_RECORD_TRACE:
            if (p) {
                p->trace_cap = p->trace_count = record.len / sizeof *p->trace;
                p->trace = rf_mem_alloc(record.len);
                memcpy(p->trace, payload, record.len);
            }
            break;
        case RF_BENCH_RECORD_END: {
            RfBenchEnd end;
            memcpy(&end, payload, sizeof end);
            if (p) {
                p->counts = end.counts;
                p->last_event = end.last_event;
                p->limited = end.limited;
            }
            ended = true;
            break;
        }
        case RF_BENCH_RECORD_EXIT: {
            int32_t code;
            memcpy(&code, payload, sizeof code);
            if (code == 0) {
                rf_bench_fail(b, mode, "exit() called: a benchmark must run to its end");
            } else {
                rf_bench_fail(b, mode, "exit code %d", code);
            }
            break;
        }
        case RF_BENCH_RECORD_ERROR: rf_bench_fail(b, mode, "%.*s", (int)record.len, payload); break;
        case RF_BENCH_RECORD_DIFFERS: rf_bench_fail(b, mode, "output differs from vm"); break;
        }
    }
    if (!ended && p && p->sample_count > 0 && child->timed_out) {
        p->limited = true; /* it was slower than it had promised, but it has measured something */
        for (size_t i = 0; i < p->sample_count; i++) {
            const RfBenchSample *s = &p->samples[i];
            p->last_event = s->events ? s->start + s->ns : p->last_event;
        }
    } else if (!ended || (child->status != 0 && !child->timed_out)) { /* or it broke at its very end */
        note_death(b, mode, child);
    }
}

/* ---- verification ---- */

typedef struct Check {
    RfBenchmark *benchmark;
    RfBenchModeId mode;
    RfBenchChild child;
} Check;

static bool wants(const RfBenchRun *run, const RfBenchmark *b, int mode)
{
    return run->options.modes[mode] && !b->skip;
}

/* Compares the modes of a benchmark when all of them have run. */
static void conclude(const RfBenchRun *run, RfBenchmark *b)
{
    bool both = run->options.modes[RF_BENCH_VM] && run->options.modes[RF_BENCH_JIT];
    if (b->skip || b->failed) {
        return;
    }
    if (both && b->modes[RF_BENCH_VM].hash != b->modes[RF_BENCH_JIT].hash) {
        rf_bench_fail(b, RF_BENCH_JIT, "output differs from vm");
    }
    b->verified = b->has_expect ? "expect" : both ? "modes" : "none";
}

static bool verify_all(RfBenchRun *run)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t jobs = cores < 1 ? 1 : cores > VERIFY_JOBS_MAX ? VERIFY_JOBS_MAX : (size_t)cores;
    size_t total = run->count * RF_BENCH_MODES, next = 0, running = 0, done = 0;
    Check *checks = rf_mem_zalloc(jobs * sizeof *checks);
    RfBenchChild **children = rf_mem_zalloc(jobs * sizeof *children);
    bool ok = true;
    while (ok && (next < total || running > 0)) {
        for (size_t s = 0; ok && s < jobs; s++) {
            if (children[s] && children[s]->done) {
                absorb(checks[s].benchmark, checks[s].mode, children[s], NULL);
                rf_bench_child_free(children[s]);
                children[s] = NULL;
                running--;
                done++;
            }
            while (next < total && !wants(run, &run->items[next / RF_BENCH_MODES], (int)(next % RF_BENCH_MODES))) {
                next++;
            }
            if (!children[s] && next < total) {
                Check *check = &checks[s];
                check->benchmark = &run->items[next / RF_BENCH_MODES];
                check->mode = (RfBenchModeId)(next % RF_BENCH_MODES);
                RfBenchOrder order = order_for(run, check->benchmark, check->mode);
                order.cpu = -1;
                next++;
                ok = start(run, check->benchmark, &check->child, &order, run->options.run_limit_s);
                if (ok) {
                    children[s] = &check->child;
                    running++;
                }
            }
        }
        rf_bench_progress(run, "verifying: %zu done, %zu running", done, running);
        if (ok && running > 0) {
            ok = rf_bench_child_wait(children, jobs);
        }
    }
    int code = errno;
    rf_bench_child_kill(children, jobs);
    for (size_t s = 0; s < jobs; s++) {
        if (children[s]) {
            rf_bench_child_free(children[s]);
        }
    }
    rf_mem_free(children, jobs * sizeof *children);
    rf_mem_free(checks, jobs * sizeof *checks);
    for (size_t i = 0; i < run->count; i++) {
        conclude(run, &run->items[i]);
    }
    errno = code;
    return ok;
}

/* ---- measuring ---- */

static uint32_t samples_of(const RfBenchRun *run, const RfBenchmark *b)
{
    const RfBenchOptions *o = &run->options;
    uint32_t n = o->samples;
    if (b->samples > 0 && !o->samples_given && (!o->quick || b->samples < n)) {
        n = b->samples;
    }
    return n + (o->warmup_given ? o->warmup : 0);
}

/* Runs one process to its end. p NULL: only to fill the cache. */
static bool run_process(RfBenchRun *run, RfBenchmark *b, RfBenchModeId mode, RfBenchProcess *p, double limit)
{
    RfBenchOrder order = order_for(run, b, mode);
    order.samples = samples_of(run, b);
    order.limit = (uint64_t)(limit * 1e9);
    RfBenchChild child, *children = &child;
    if (!start(run, b, &child, &order, limit + run->options.run_limit_s)) {
        return false;
    }
    bool ok = rf_bench_child_wait(&children, 1);
    if (ok && p) {
        absorb(b, mode, &child, p);
        b->modes[mode].spent_s += child.ended - child.started;
    }
    int code = errno;
    rf_bench_child_kill(&children, 1);
    rf_bench_child_free(&child);
    errno = code;
    return ok;
}

/* One process of a mode, if there is time left for it. */
static bool measure_process(RfBenchRun *run, RfBenchmark *b, RfBenchModeId mode, uint32_t number)
{
    RfBenchMode *m = &b->modes[mode];
    uint32_t procs = run->options.procs;
    double left = run->options.limit_s[mode] - m->spent_s;
    if (left <= 0 && m->process_count > 0) {
        m->processes[m->process_count - 1].limited = true;
        return true;
    }
    RfBenchProcess *p = &m->processes[m->process_count];
    bool ok = run_process(run, b, mode, p, left / (double)(procs - number));
    if (ok && !b->failed) {
        m->process_count++;
        m->measured = true;
    }
    return ok;
}

static bool measure(RfBenchRun *run, size_t index)
{
    RfBenchmark *b = &run->items[index];
    uint32_t procs = run->options.procs;
    for (int m = 0; m < RF_BENCH_MODES; m++) {
        if (run->options.modes[m]) {
            b->modes[m].processes = rf_mem_zalloc(procs * sizeof(RfBenchProcess));
        }
    }
    if (run->options.warm_cache && run->options.modes[RF_BENCH_JIT] &&
        !run_process(run, b, RF_BENCH_JIT, NULL, run->options.limit_s[RF_BENCH_JIT] / procs)) {
        return false;
    }
    for (uint32_t i = 0; i < procs && !b->failed; i++) {
        for (int m = 0; m < RF_BENCH_MODES && !b->failed; m++) {
            if (!run->options.modes[m]) {
                continue;
            }
            rf_bench_progress(run, "[%zu/%zu] %s (%s) process %u/%u", index + 1, run->count, b->name,
                              rf_bench_mode_names[m], i + 1, procs);
            if (!measure_process(run, b, (RfBenchModeId)m, i)) {
                return false;
            }
        }
    }
    return true;
}

bool rf_bench_measure(RfBenchRun *run)
{
    bool ok = verify_all(run);
    for (size_t i = 0; ok && i < run->count; i++) {
        if (!run->items[i].skip && !run->items[i].failed) {
            ok = measure(run, i);
        }
    }
    int code = errno;
    rf_bench_progress(run, "%s", "");
    errno = code;
    return ok;
}

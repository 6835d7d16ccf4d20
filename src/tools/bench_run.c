/* The run as a container: its parts, warnings and failures, and the numbers of the summary. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tools/bench.h"

const char *const rf_bench_mode_names[RF_BENCH_MODES] = {"vm", "jit"};
const char *const rf_bench_verdict_names[] = {"unchanged", "regression", "improvement"};

char *rf_bench_copy(const char *text, size_t len)
{
    char *result = strndup(text, len);
    if (!result) {
        rf_mem_exhausted(len);
    }
    return result;
}

/* ---- the end ---- */

static void free_mode(RfBenchMode *mode, uint32_t procs)
{
    for (uint32_t i = 0; mode->processes && i < procs; i++) {
        RfBenchProcess *p = &mode->processes[i];
        rf_mem_free(p->samples, p->sample_cap * sizeof *p->samples);
        rf_mem_free(p->trace, p->trace_cap * sizeof *p->trace);
    }
    rf_mem_free(mode->processes, procs * sizeof *mode->processes);
    rf_mem_free(mode->values, mode->value_count * sizeof *mode->values);
    rf_mem_free(mode->sizes, mode->group_count * sizeof *mode->sizes);
}

static void free_benchmark(RfBenchmark *b, uint32_t procs)
{
    free(b->file);
    free(b->name);
    free(b->directory);
    free(b->skip);
    rf_buf_free(&b->expect);
    rf_buf_free(&b->error);
    for (size_t i = 0; i < b->arg_count; i++) {
        free(b->args[i]);
    }
    free(b->args);
    for (size_t i = 0; i < b->peer_count; i++) {
        free(b->peers[i].name);
        free(b->peers[i].file);
        rf_buf_free(&b->peers[i].error);
    }
    rf_mem_free(b->peers, b->peer_count * sizeof *b->peers);
    for (int m = 0; m < RF_BENCH_MODES; m++) {
        free_mode(&b->modes[m], procs);
    }
}

void rf_bench_free(RfBenchRun *run)
{
    for (size_t i = 0; i < run->count; i++) {
        free_benchmark(&run->items[i], run->options.procs);
    }
    rf_mem_free(run->items, run->cap * sizeof *run->items);
    for (size_t i = 0; i < run->warning_count; i++) {
        free(run->warnings[i].text);
    }
    rf_mem_free(run->warnings, run->warning_cap * sizeof *run->warnings);
    rf_bench_environment_free(&run->environment);
    free(run->baseline);
}

/* ---- warnings and failures ---- */

static void add_warning(RfBenchRun *run, size_t benchmark, RfBuf *text)
{
    if (run->warning_count == run->warning_cap) {
        size_t cap = run->warning_cap ? run->warning_cap * 2 : 16, size = sizeof *run->warnings;
        run->warnings = rf_mem_resize(run->warnings, run->warning_cap * size, cap * size);
        run->warning_cap = cap;
    }
    char *copy = rf_bench_copy(text->data, text->len);
    rf_buf_free(text);
    run->warnings[run->warning_count++] = (RfBenchWarning){benchmark, copy};
}

void rf_bench_warn(RfBenchRun *run, const RfBenchmark *b, RfBenchModeId mode, const char *format, ...)
{
    RfBuf text = RF_BUF_INIT;
    rf_buf_puts(&text, b->name);
    if (mode < RF_BENCH_MODES) {
        rf_buf_printf(&text, " (%s)", rf_bench_mode_names[mode]);
    }
    rf_buf_puts(&text, ": ");
    va_list args;
    va_start(args, format);
    rf_buf_vprintf(&text, format, args);
    va_end(args);
    add_warning(run, (size_t)(b - run->items), &text);
}

void rf_bench_warn_run(RfBenchRun *run, const char *format, ...)
{
    RfBuf text = RF_BUF_INIT;
    va_list args;
    va_start(args, format);
    rf_buf_vprintf(&text, format, args);
    va_end(args);
    add_warning(run, SIZE_MAX, &text);
}

void rf_bench_fail(RfBenchmark *b, RfBenchModeId mode, const char *format, ...)
{
    if (b->failed && b->failed_mode <= mode) {
        return;
    }
    rf_buf_clear(&b->error);
    b->failed = true;
    b->failed_mode = mode;
    va_list args;
    va_start(args, format);
    rf_buf_vprintf(&b->error, format, args);
    va_end(args);
    rf_buf_cstr(&b->error);
}

void rf_bench_progress(const RfBenchRun *run, const char *format, ...)
{
    if (!run->options.progress) {
        return;
    }
    RfBuf line = RF_BUF_INIT;
    rf_buf_puts(&line, "\r\033[K");
    va_list args;
    va_start(args, format);
    rf_buf_vprintf(&line, format, args);
    va_end(args);
    ssize_t written = write(STDERR_FILENO, line.data, line.len);
    (void)written;
    rf_buf_free(&line);
}

/* ---- numbers ---- */

bool rf_bench_has(const RfBenchmark *b, RfBenchModeId mode)
{
    return !b->failed && !b->skip && b->modes[mode].measured;
}

double rf_bench_speedup(const RfBenchmark *b)
{
    double jit = b->modes[RF_BENCH_JIT].stats.median;
    bool both = rf_bench_has(b, RF_BENCH_VM) && rf_bench_has(b, RF_BENCH_JIT);
    return both && jit > 0 ? b->modes[RF_BENCH_VM].stats.median / jit : 0;
}

RfBenchSummary rf_bench_summarise(const RfBenchRun *run)
{
    RfBenchSummary s = {.total = run->count};
    double logs = 0;
    for (size_t i = 0; i < run->count; i++) {
        const RfBenchmark *b = &run->items[i];
        s.failed += b->failed;
        s.skipped += b->skip != NULL;
        for (int m = 0; m < RF_BENCH_MODES; m++) {
            if (rf_bench_has(b, (RfBenchModeId)m)) {
                s.total_ns[m] += b->modes[m].stats.median;
                *(m == RF_BENCH_VM ? &s.vm_count : &s.jit_count) += 1;
                s.regressions += b->modes[m].compare.there && b->modes[m].compare.verdict == RF_BENCH_REGRESSION;
            }
        }
        double speedup = rf_bench_speedup(b);
        if (speedup > 0) {
            logs += log(speedup);
            s.speedups++;
        }
    }
    s.speedup = s.speedups ? exp(logs / (double)s.speedups) : 0;
    return s;
}

static bool has_result(const RfBenchPeer *peer)
{
    return peer->wanted && peer->status == RF_BENCH_PEER_OK && peer->median > 0 && peer->ruff_median > 0;
}

const char **rf_bench_peer_names(const RfBenchRun *run, size_t *count)
{
    const char **names = NULL;
    *count = 0;
    for (size_t i = 0; i < run->count; i++) {
        for (size_t j = 0; j < run->items[i].peer_count; j++) {
            const RfBenchPeer *peer = &run->items[i].peers[j];
            bool known = !has_result(peer);
            for (size_t k = 0; !known && k < *count; k++) {
                known = strcmp(names[k], peer->name) == 0;
            }
            if (!known) {
                names = rf_mem_resize(names, *count * sizeof *names, (*count + 1) * sizeof *names);
                names[(*count)++] = peer->name;
            }
        }
    }
    return names;
}

double rf_bench_peer_ratio(const RfBenchRun *run, const char *name)
{
    double logs = 0;
    size_t n = 0;
    for (size_t i = 0; i < run->count; i++) {
        for (size_t j = 0; j < run->items[i].peer_count; j++) {
            const RfBenchPeer *peer = &run->items[i].peers[j];
            if (has_result(peer) && strcmp(peer->name, name) == 0) {
                logs += log(peer->ruff_median / peer->median);
                n++;
            }
        }
    }
    return n ? exp(logs / (double)n) : 0;
}

const char *rf_bench_status(const RfBenchRun *run)
{
    RfBenchSummary s = rf_bench_summarise(run);
    return s.failed ? "failed" : s.regressions ? "regression" : "ok";
}

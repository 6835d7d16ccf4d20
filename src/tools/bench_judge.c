/* From samples to judgement: which of them are steady, the numbers of a mode, its shape, and what to warn of. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tools/bench.h"

#define STEADY_CV 0.02    /* of the last half of the samples, when events of the JIT never end */
#define NOISY_CV 0.05     /* warned of */
#define FIRST_SLOWER 0.05 /* first process against the others */
#define TREND 0.05
#define SHAPE_CHANGE 1.10 /* between the first iteration and the steady ones */

static double per_iteration(const RfBenchSample *s)
{
    return (double)s->ns / (double)s->iterations;
}

/* ---- steady samples ---- */

/* Marks samples[from..] as steady. */
static void mark(RfBenchProcess *p, size_t from)
{
    for (size_t i = 0; i < p->sample_count; i++) {
        p->samples[i].steady = i >= from;
    }
    p->steady = from < p->sample_count;
    p->steady_at = p->steady ? p->samples[from].start : 0;
}

static double half_cv(const RfBenchProcess *p, size_t from)
{
    size_t n = p->sample_count - from;
    double *values = rf_mem_alloc(n * sizeof *values);
    for (size_t i = 0; i < n; i++) {
        values[i] = per_iteration(&p->samples[from + i]);
    }
    double cv = rf_stats_cv(values, n);
    rf_mem_free(values, n * sizeof *values);
    return cv;
}

static void find_steady(const RfBenchOptions *o, RfBenchProcess *p)
{
    if (o->warmup_given) {
        mark(p, o->warmup);
        return;
    }
    size_t from = 0;
    while (from < p->sample_count && p->samples[from].start < p->last_event) {
        from++;
    }
    size_t half = p->sample_count - (p->sample_count + 1) / 2;
    if (from == p->sample_count && p->sample_count - half >= 2 && half_cv(p, half) < STEADY_CV) {
        from = half;
        mark(p, from);
        return;
    }
    mark(p, from);
    if (p->steady && p->last_event > 0) {
        p->steady_at = p->last_event; /* where the first iteration without one begins */
    }
}

/* Samples that count: the steady ones; when no process has any, the last half of each. */
void rf_bench_judge_pool(RfBenchMode *mode)
{
    size_t steady = 0, all = 0;
    for (uint32_t i = 0; i < mode->process_count; i++) {
        const RfBenchProcess *p = &mode->processes[i];
        for (size_t j = 0; j < p->sample_count; j++) {
            steady += p->samples[j].steady;
        }
        all += (p->sample_count + 1) / 2;
    }
    bool any = steady > 0;
    mode->value_count = any ? steady : all;
    mode->values = rf_mem_alloc(mode->value_count * sizeof *mode->values);
    size_t *sizes = rf_mem_alloc(mode->process_count * sizeof *sizes), n = 0, groups = 0;
    for (uint32_t i = 0; i < mode->process_count; i++) {
        const RfBenchProcess *p = &mode->processes[i];
        size_t half = p->sample_count - (p->sample_count + 1) / 2, before = n;
        for (size_t j = 0; j < p->sample_count; j++) {
            if (any ? p->samples[j].steady : j >= half) {
                mode->values[n++] = per_iteration(&p->samples[j]);
            }
        }
        if (n > before) {
            sizes[groups++] = n - before;
        }
    }
    mode->sizes = rf_mem_alloc(groups * sizeof *sizes);
    memcpy(mode->sizes, sizes, groups * sizeof *sizes);
    mode->group_count = groups;
    rf_mem_free(sizes, mode->process_count * sizeof *sizes);
}

/* ---- numbers ---- */

/* Median over the processes of the number at an offset of RfBenchProcess. */
typedef double Pick(const RfBenchProcess *p);

static double median_of(const RfBenchMode *m, Pick *pick)
{
    double *values = rf_mem_alloc(m->process_count * sizeof *values);
    for (uint32_t i = 0; i < m->process_count; i++) {
        values[i] = pick(&m->processes[i]);
    }
    double median = rf_stats_median(values, m->process_count);
    rf_mem_free(values, m->process_count * sizeof *values);
    return median;
}

#define PICK(name, what)                                                                                               \
    static double name(const RfBenchProcess *p)                                                                        \
    {                                                                                                                  \
        return (double)(p->what);                                                                                      \
    }
PICK(pick_cold, cold)
PICK(pick_user, counts.user_ms)
PICK(pick_sys, counts.sys_ms)
PICK(pick_compile, counts.compile_ms)
PICK(pick_rss, counts.peak_rss)
PICK(pick_allocations, counts.allocations)
PICK(pick_bytes, counts.allocated_bytes)
PICK(pick_compiles, counts.compiles)
PICK(pick_deopts, counts.deopts)
PICK(pick_entries, counts.entries)
PICK(pick_osr, counts.osr)

static uint64_t whole(double x)
{
    return (uint64_t)(x + 0.5);
}

/* Median of the moments at which processes became steady; 0 when none did. */
static double time_to_steady(const RfBenchMode *m)
{
    double *values = rf_mem_alloc(m->process_count * sizeof *values);
    size_t n = 0;
    for (uint32_t i = 0; i < m->process_count; i++) {
        if (m->processes[i].steady) {
            values[n++] = (double)m->processes[i].steady_at;
        }
    }
    double median = n ? rf_stats_median(values, n) : 0;
    rf_mem_free(values, m->process_count * sizeof *values);
    return median;
}

static void compute(RfBenchMode *m, RfBenchModeId mode)
{
    rf_bench_judge_pool(m);
    RfGroups groups = {m->values, m->sizes, m->group_count};
    rf_stats_summarise(&groups, &m->stats);
    m->cold = median_of(m, pick_cold);
    m->time_to_steady = mode == RF_BENCH_JIT ? time_to_steady(m) : 0;
    m->counts = (RfBenchCounts){.user_ms = median_of(m, pick_user),
                                .sys_ms = median_of(m, pick_sys),
                                .compile_ms = median_of(m, pick_compile),
                                .peak_rss = whole(median_of(m, pick_rss)),
                                .allocations = whole(median_of(m, pick_allocations)),
                                .allocated_bytes = whole(median_of(m, pick_bytes)),
                                .compiles = whole(median_of(m, pick_compiles)),
                                .deopts = whole(median_of(m, pick_deopts)),
                                .entries = whole(median_of(m, pick_entries)),
                                .osr = whole(median_of(m, pick_osr))};
}

/* ---- shape ---- */

/* Of one process: the first iteration against the median of the steady ones. */
static const char *process_shape(const RfBenchProcess *p)
{
    double *values = rf_mem_alloc(p->sample_count * sizeof *values);
    size_t n = 0;
    for (size_t i = 0; i < p->sample_count; i++) {
        if (p->samples[i].steady) {
            values[n++] = per_iteration(&p->samples[i]);
        }
    }
    double steady = n ? rf_stats_median(values, n) : 0, first = (double)p->first;
    rf_mem_free(values, p->sample_count * sizeof *values);
    return n == 0                          ? "inconsistent"
           : first > steady * SHAPE_CHANGE ? "warm-up"
           : steady > first * SHAPE_CHANGE ? "slow-down"
                                           : "flat";
}

static const char *shape_of(const RfBenchMode *m)
{
    const char *shape = process_shape(&m->processes[0]);
    for (uint32_t i = 1; i < m->process_count; i++) {
        if (strcmp(process_shape(&m->processes[i]), shape) != 0) {
            return "inconsistent";
        }
    }
    return shape;
}

/* ---- warnings ---- */

static bool is_short(const RfBenchMode *m)
{
    for (uint32_t i = 0; i < m->process_count; i++) {
        for (size_t j = 0; j < m->processes[i].sample_count; j++) {
            if (m->processes[i].samples[j].ns < 1000000) {
                return true;
            }
        }
    }
    return false;
}

/* By which part the first process is slower than the others. */
static double first_slower(const RfBenchMode *m)
{
    if (m->group_count < 2 || m->sizes[0] == m->value_count) {
        return 0;
    }
    double first = rf_stats_median(m->values, m->sizes[0]);
    double others = rf_stats_median(m->values + m->sizes[0], m->value_count - m->sizes[0]);
    return others > 0 ? first / others - 1 : 0;
}

/* The drift inside processes: median over them, as each starts anew. */
static double trend(const RfBenchMode *m)
{
    double *trends = rf_mem_alloc(m->group_count * sizeof *trends);
    size_t at = 0;
    for (size_t g = 0; g < m->group_count; g++) {
        trends[g] = rf_stats_trend(m->values + at, m->sizes[g]);
        at += m->sizes[g];
    }
    double median = rf_stats_median(trends, m->group_count);
    rf_mem_free(trends, m->group_count * sizeof *trends);
    return median;
}

static void warn(RfBenchRun *run, const RfBenchmark *b, RfBenchModeId mode)
{
    const RfBenchMode *m = &b->modes[mode];
    bool steady = true, limited = false;
    for (uint32_t i = 0; i < m->process_count; i++) {
        steady = steady && m->processes[i].steady;
        limited = limited || m->processes[i].limited;
    }
    if (m->stats.cv > NOISY_CV) {
        rf_bench_warn(run, b, mode, "coefficient of variation %.1f%% exceeds 5%%", m->stats.cv * 100);
    }
    if (m->stats.severe > 0) {
        rf_bench_warn(run, b, mode, "%zu severe outliers", m->stats.severe);
    }
    if (is_short(m)) {
        rf_bench_warn(run, b, mode, "sample shorter than 1ms");
    }
    if (first_slower(m) > FIRST_SLOWER) {
        rf_bench_warn(run, b, mode, "first process slower than the others by %.1f%%", first_slower(m) * 100);
    }
    if (fabs(trend(m)) > TREND) {
        rf_bench_warn(run, b, mode, "trend of %+.1f%% over the run", trend(m) * 100);
    }
    if (!steady) {
        rf_bench_warn(run, b, mode, "steady state not reached");
    }
    if (mode == RF_BENCH_JIT && m->counts.entries == 0) {
        rf_bench_warn(run, b, mode, "no native code executed");
    }
    if (limited) {
        rf_bench_warn(run, b, mode, "time limit reached");
    }
}

/* What is true of the machine is said once, at the first benchmark that it may have disturbed. */
static void warn_machine(RfBenchRun *run, const RfBenchmark *b, RfBenchModeId mode)
{
    const RfBenchEnvironment *e = &run->environment;
    if (e->load > (double)e->cores) {
        rf_bench_warn(run, b, mode, "load average %.2f exceeds CPU count %ld", e->load, e->cores);
    }
    if (e->governor.len > 0 && strncmp(e->governor.data, "performance", e->governor.len) != 0) {
        rf_bench_warn(run, b, mode, "CPU frequency scaling governor is '%.*s'", (int)e->governor.len, e->governor.data);
    }
}

void rf_bench_judge(RfBenchRun *run)
{
    bool told = false;
    for (size_t i = 0; i < run->count; i++) {
        RfBenchmark *b = &run->items[i];
        for (int m = 0; m < RF_BENCH_MODES; m++) {
            RfBenchMode *mode = &b->modes[m];
            if (!rf_bench_has(b, (RfBenchModeId)m)) {
                continue;
            }
            for (uint32_t p = 0; p < mode->process_count; p++) {
                find_steady(&run->options, &mode->processes[p]);
            }
            compute(mode, (RfBenchModeId)m);
            b->shape = shape_of(mode); /* the last mode's: of both, that of jit */
            warn(run, b, (RfBenchModeId)m);
            if (!told) {
                warn_machine(run, b, (RfBenchModeId)m);
                told = true;
            }
        }
    }
}

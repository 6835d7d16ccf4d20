/* The report as CSV and as Markdown. */
#include <string.h>

#include "base/mem.h"
#include "tools/bench.h"

/* ---- CSV ---- */

static void put_field(RfBuf *out, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        rf_buf_puts(out, text);
        return;
    }
    rf_buf_putc(out, '"');
    for (; *text; text++) {
        if (*text == '"') {
            rf_buf_putc(out, '"');
        }
        rf_buf_putc(out, *text);
    }
    rf_buf_putc(out, '"');
}

static void put_csv_row(RfBuf *out, const RfBenchmark *b, RfBenchModeId mode, const char *phase, const RfStats *s)
{
    put_field(out, b->name);
    rf_buf_printf(out, ",%s,%s,%.3f,%.3f,%.3f,%.3f,%.3f,%.3f,%.3f,%.6f,%zu\n", rf_bench_mode_names[mode], phase,
                  s->median, s->ci_low, s->ci_high, s->mean, s->stddev, s->min, s->max, s->cv, s->n);
}

/* A phase of which every process has one number, or none (0). */
static void put_csv_phase(RfBuf *out, const RfBenchmark *b, RfBenchModeId mode, const char *phase,
                          uint64_t (*pick)(const RfBenchProcess *p))
{
    const RfBenchMode *m = &b->modes[mode];
    size_t size = m->process_count * sizeof(double), n = 0;
    double *values = rf_mem_alloc(size);
    for (uint32_t i = 0; i < m->process_count; i++) {
        uint64_t value = pick(&m->processes[i]);
        if (value > 0) {
            values[n++] = (double)value;
        }
    }
    if (n > 0) {
        RfStats stats;
        rf_stats_summarise(&(RfGroups){values, &n, 1}, &stats);
        put_csv_row(out, b, mode, phase, &stats);
    }
    rf_mem_free(values, size);
}

static uint64_t cold(const RfBenchProcess *p)
{
    return p->cold;
}

static uint64_t to_steady(const RfBenchProcess *p)
{
    return p->steady ? p->steady_at : 0;
}

void rf_bench_csv(RfBuf *out, const RfBenchRun *run)
{
    rf_buf_puts(out, "benchmark,mode,phase,median_ns,ci_low_ns,ci_high_ns,mean_ns,stddev_ns,min_ns,max_ns,cv,n\n");
    for (size_t i = 0; i < run->count; i++) {
        const RfBenchmark *b = &run->items[i];
        for (int m = 0; m < RF_BENCH_MODES; m++) {
            RfBenchModeId mode = (RfBenchModeId)m;
            if (!rf_bench_has(b, mode)) {
                continue;
            }
            put_csv_phase(out, b, mode, run->options.warm_cache && mode == RF_BENCH_JIT ? "warm-start" : "cold", cold);
            if (mode == RF_BENCH_JIT) {
                put_csv_phase(out, b, mode, "time-to-steady", to_steady);
            }
            put_csv_row(out, b, mode, "steady", &b->modes[m].stats);
        }
    }
}

/* ---- Markdown ---- */

static void put_cell(RfBuf *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("|\\`*_<", *text)) {
            rf_buf_putc(out, '\\');
        }
        rf_buf_putc(out, *text);
    }
}

static void put_time(RfBuf *out, double ns)
{
    if (ns > 0) {
        rf_bench_put_duration(out, ns);
    } else {
        rf_buf_puts(out, "N/A");
    }
}

static void put_ratio(RfBuf *out, double ratio)
{
    rf_buf_printf(out, ratio > 0 ? "%.2fx" : "N/A", ratio);
}

static void put_line(RfBuf *out, const char *label, double ns)
{
    rf_buf_printf(out, "- %s: ", label);
    put_time(out, ns);
    rf_buf_putc(out, '\n');
}

void rf_bench_markdown(RfBuf *out, const RfBenchRun *run)
{
    rf_buf_puts(out, "## Performance Comparison\n\n| Benchmark | VM | JIT | Speedup |\n| --- | ---: | ---: | ---: |\n");
    for (size_t i = 0; i < run->count; i++) {
        const RfBenchmark *b = &run->items[i];
        rf_buf_puts(out, "| ");
        put_cell(out, b->name);
        for (int m = 0; m < RF_BENCH_MODES; m++) {
            rf_buf_puts(out, " | ");
            put_time(out, rf_bench_has(b, (RfBenchModeId)m) ? b->modes[m].stats.median : 0);
        }
        rf_buf_puts(out, " | ");
        put_ratio(out, rf_bench_speedup(b));
        rf_buf_puts(out, " |\n");
    }
    RfBenchSummary s = rf_bench_summarise(run);
    rf_buf_printf(out, "\n## Summary\n\n- Total Benchmarks: %zu\n", s.total);
    if (s.failed > 0) {
        rf_buf_printf(out, "- Failed Benchmarks: %zu\n", s.failed);
    }
    if (s.skipped > 0) {
        rf_buf_printf(out, "- Skipped Benchmarks: %zu\n", s.skipped);
    }
    put_line(out, "Total Time (VM)", s.total_ns[RF_BENCH_VM]);
    put_line(out, "Total Time (JIT)", s.total_ns[RF_BENCH_JIT]);
    rf_buf_puts(out, "- Geometric Mean JIT Speedup: ");
    put_ratio(out, s.speedup);
    rf_buf_putc(out, '\n');
    size_t count;
    const char **names = rf_bench_peer_names(run, &count);
    for (size_t i = 0; i < count; i++) {
        double ratio = rf_bench_peer_ratio(run, names[i]);
        rf_buf_printf(out, "- Geometric Mean vs %s: %.2fx %s\n", names[i], ratio <= 1 ? 1 / ratio : ratio,
                      ratio <= 1 ? "faster" : "slower");
    }
    rf_mem_free(names, count * sizeof *names);
}

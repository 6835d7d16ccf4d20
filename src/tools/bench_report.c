/* The report for people: 80 columns, as cli.md 4.5 has it. */
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "tools/bench.h"

#define WIDTH 80
#define NAME_WIDTH 30

static void put_rule(RfBuf *out, char c)
{
    for (int i = 0; i < WIDTH; i++) {
        rf_buf_putc(out, c);
    }
    rf_buf_putc(out, '\n');
}

static void put_title(RfBuf *out, int indent, const char *title)
{
    put_rule(out, '=');
    rf_buf_printf(out, "%*s%s\n", indent, "", title);
    put_rule(out, '=');
}

/* ---- one benchmark ---- */

static void put_row(RfBuf *out, const RfBenchRun *run, RfBenchModeId mode, const RfBenchMode *m)
{
    const RfStats *s = &m->stats;
    rf_buf_printf(out, "  %-8ssteady  ", rf_bench_mode_names[mode]);
    rf_bench_put_padded(out, s->median, 9);
    rf_buf_puts(out, " [");
    rf_bench_put_number(out, s->ci_low, s->median, 6);
    rf_buf_puts(out, ", ");
    rf_bench_put_number(out, s->ci_high, s->median, 6);
    rf_buf_printf(out, "]   %s  ", run->options.warm_cache && mode == RF_BENCH_JIT ? "warm-start" : "cold");
    rf_bench_put_padded(out, m->cold, 9);
    rf_buf_printf(out, "   cv %.1f%%   n=%zu\n", s->cv * 100, s->n);
}

static void put_jit_facts(RfBuf *out, const RfBenchmark *b, RfBenchModeId mode, const RfBenchMode *m)
{
    rf_buf_puts(out, "          ");
    if (mode == RF_BENCH_JIT) {
        rf_buf_puts(out, "steady after ");
        if (m->time_to_steady > 0) {
            rf_bench_put_duration(out, m->time_to_steady);
        } else {
            rf_buf_puts(out, "n/a");
        }
        rf_buf_printf(out, ", compiles %llu (%.2f ms), deopts %llu, ", (unsigned long long)m->counts.compiles,
                      m->counts.compile_ms, (unsigned long long)m->counts.deopts);
    }
    rf_buf_printf(out, "shape %s\n", b->shape);
}

typedef struct Line { /* names and durations, several on a line */
    RfBuf *out;
    int used;
} Line;

static void put_item(Line *line, const char *name, double ns)
{
    RfBuf item = RF_BUF_INIT;
    rf_buf_printf(&item, "%s ", name);
    rf_bench_put_duration(&item, ns);
    rf_buf_printf(line->out, "%s%s", line->used == 0 ? "          " : "  ", rf_buf_cstr(&item));
    if (++line->used == 4) {
        rf_buf_putc(line->out, '\n');
        line->used = 0;
    }
    rf_buf_free(&item);
}

static void put_details(RfBuf *out, const RfBenchMode *m)
{
    const RfStats *s = &m->stats;
    const RfBenchCounts *c = &m->counts;
    Line line = {out, 0};
    put_item(&line, "mean", s->mean);
    put_item(&line, "sd", s->stddev);
    put_item(&line, "mad", s->mad);
    put_item(&line, "min", s->min);
    put_item(&line, "max", s->max);
    put_item(&line, "p5", s->p5);
    put_item(&line, "p25", s->p25);
    put_item(&line, "p75", s->p75);
    put_item(&line, "p95", s->p95);
    rf_buf_printf(out, "  cv %.2f%%  n %zu  outliers %zu mild, %zu severe\n", s->cv * 100, s->n, s->mild, s->severe);
    rf_buf_printf(out, "          user %.2f ms  sys %.2f ms  peak RSS %.2f MB  processes %u\n", c->user_ms, c->sys_ms,
                  (double)c->peak_rss / 1e6, m->process_count);
    rf_buf_printf(out, "          allocations %llu (%llu bytes) per iteration\n", (unsigned long long)c->allocations,
                  (unsigned long long)c->allocated_bytes);
    rf_buf_printf(out, "          compiles %llu (%.2f ms)  deopts %llu  native entries %llu  osr %llu\n",
                  (unsigned long long)c->compiles, c->compile_ms, (unsigned long long)c->deopts,
                  (unsigned long long)c->entries, (unsigned long long)c->osr);
}

static void put_compare(RfBuf *out, const RfBenchRun *run, const RfBenchCompare *c)
{
    if (!c->there) {
        return;
    }
    bool slower = c->ratio.ratio >= 1;
    double ratio = slower ? c->ratio.ratio : 1 / c->ratio.ratio;
    double low = slower ? c->ratio.ci_low : 1 / c->ratio.ci_high;
    double high = slower ? c->ratio.ci_high : 1 / c->ratio.ci_low;
    rf_buf_printf(out, "  vs %s  %.3fx %s [%.3f, %.3f] p=%.4f %s\n", run->baseline, ratio, slower ? "slower" : "faster",
                  low, high, c->p, rf_bench_verdict_names[c->verdict]);
}

static void put_peer(RfBuf *out, const RfBenchPeer *peer)
{
    rf_buf_printf(out, "  vs %s  ", peer->name);
    if (peer->status != RF_BENCH_PEER_OK) {
        RfBuf error = peer->error;
        rf_buf_printf(out, "%s: %.*s\n", peer->status == RF_BENCH_PEER_MISSING ? "missing" : "failed", (int)error.len,
                      error.data ? error.data : "");
        return;
    }
    rf_bench_put_duration(out, peer->median);
    rf_buf_puts(out, "  (Ruff ");
    rf_bench_put_duration(out, peer->ruff_median);
    bool faster = peer->ruff_median <= peer->median;
    double ratio = faster ? peer->median / peer->ruff_median : peer->ruff_median / peer->median;
    rf_buf_printf(out, " incl. start-up, %.2fx %s)\n", ratio, faster ? "faster" : "slower");
}

static void put_warnings(RfBuf *out, const RfBenchRun *run, size_t benchmark)
{
    for (size_t i = 0; i < run->warning_count; i++) {
        if (run->warnings[i].benchmark == benchmark) {
            rf_buf_printf(out, "[!] %s\n", run->warnings[i].text);
        }
    }
}

static void put_benchmark(RfBuf *out, const RfBenchRun *run, size_t index)
{
    const RfBenchmark *b = &run->items[index];
    if (b->failed) {
        rf_buf_printf(out, "✗ %s (%s) - %.*s\n", b->name, rf_bench_mode_names[b->failed_mode], (int)b->error.len,
                      b->error.data);
    } else if (b->skip) {
        rf_buf_printf(out, "- %s - skipped: %s\n", b->name, b->skip);
    } else {
        rf_buf_printf(out, "%s\n", b->name);
        for (int m = 0; m < RF_BENCH_MODES; m++) {
            const RfBenchMode *mode = &b->modes[m];
            if (!mode->measured) {
                continue;
            }
            put_row(out, run, (RfBenchModeId)m, mode);
            if (m == RF_BENCH_JIT || !b->modes[RF_BENCH_JIT].measured) {
                put_jit_facts(out, b, (RfBenchModeId)m, mode);
            }
            if (run->options.verbose) {
                put_details(out, mode);
            }
            put_compare(out, run, &mode->compare);
        }
        for (size_t i = 0; i < b->peer_count; i++) {
            if (b->peers[i].wanted) {
                put_peer(out, &b->peers[i]);
            }
        }
    }
    put_warnings(out, run, index);
    rf_buf_putc(out, '\n');
}

/* ---- tables ---- */

/* Columns of a name, cut to `width` when it is longer. */
static void put_name(RfBuf *out, const char *name, int width)
{
    size_t len = strlen(name), columns = rf_utf8_validate(name, len) == len ? rf_utf8_count(name, len) : len;
    if (columns <= (size_t)width) {
        rf_buf_printf(out, "%s%*s", name, width - (int)columns, "");
    } else {
        rf_buf_put(out, name, columns == len ? (size_t)width - 1 : rf_utf8_offset(name, len, (size_t)width - 1));
        rf_buf_puts(out, "…");
    }
}

static double median_or_none(const RfBenchmark *b, RfBenchModeId mode)
{
    return rf_bench_has(b, mode) ? b->modes[mode].stats.median : 0;
}

static void put_comparison(RfBuf *out, const RfBenchRun *run)
{
    put_title(out, 29, "Performance Comparison");
    rf_buf_printf(out, "%-*s%15s %15s %15s\n", NAME_WIDTH, "Benchmark", "VM", "JIT", "Speedup");
    put_rule(out, '-');
    for (size_t i = 0; i < run->count; i++) {
        const RfBenchmark *b = &run->items[i];
        double speedup = rf_bench_speedup(b);
        put_name(out, b->name, NAME_WIDTH);
        rf_bench_put_padded(out, median_or_none(b, RF_BENCH_VM), 15);
        rf_buf_putc(out, ' ');
        rf_bench_put_padded(out, median_or_none(b, RF_BENCH_JIT), 15);
        RfBuf text = RF_BUF_INIT;
        rf_buf_printf(&text, speedup > 0 ? "%.2fx" : "N/A", speedup);
        rf_buf_printf(out, " %15s\n", rf_buf_cstr(&text));
        rf_buf_free(&text);
    }
    rf_buf_putc(out, '\n');
}

static void put_total(RfBuf *out, const char *label, double ns)
{
    rf_buf_printf(out, "Total Time (%s): ", label);
    if (ns > 0) {
        rf_bench_put_duration(out, ns);
    } else {
        rf_buf_puts(out, "N/A");
    }
    rf_buf_putc(out, '\n');
}

static void put_summary(RfBuf *out, const RfBenchRun *run)
{
    RfBenchSummary s = rf_bench_summarise(run);
    put_title(out, 36, "Summary");
    rf_buf_printf(out, "Total Benchmarks: %zu\n", s.total);
    if (s.failed > 0) {
        rf_buf_printf(out, "Failed Benchmarks: %zu\n", s.failed);
    }
    if (s.skipped > 0) {
        rf_buf_printf(out, "Skipped Benchmarks: %zu\n", s.skipped);
    }
    put_total(out, "VM", s.total_ns[RF_BENCH_VM]);
    put_total(out, "JIT", s.total_ns[RF_BENCH_JIT]);
    rf_buf_putc(out, '\n');
    if (s.speedup > 0) {
        rf_buf_printf(out, "Geometric Mean JIT Speedup: %.2fx\n", s.speedup);
    } else {
        rf_buf_puts(out, "Geometric Mean JIT Speedup: N/A\n");
    }
    size_t count;
    const char **names = rf_bench_peer_names(run, &count);
    for (size_t i = 0; i < count; i++) {
        double ratio = rf_bench_peer_ratio(run, names[i]);
        rf_buf_printf(out, "Geometric Mean vs %s: %.2fx %s\n", names[i], ratio <= 1 ? 1 / ratio : ratio,
                      ratio <= 1 ? "faster" : "slower");
    }
    rf_mem_free(names, count * sizeof *names);
    if (run->baseline) {
        rf_buf_printf(out, "Regressions vs %s: %zu\n", run->baseline, s.regressions);
    }
}

void rf_bench_report(RfBuf *out, const RfBenchRun *run)
{
    put_title(out, 27, "Ruff Performance Benchmarks");
    rf_buf_putc(out, '\n');
    for (size_t i = 0; i < run->count; i++) {
        put_benchmark(out, run, i);
    }
    size_t before = out->len;
    put_warnings(out, run, SIZE_MAX);
    if (out->len > before) {
        rf_buf_putc(out, '\n');
    }
    put_comparison(out, run);
    put_summary(out, run);
}

/* The report as one page: no scripts, nothing loaded from elsewhere, light and dark by the reader's settings. */
#include <string.h>

#include "base/mem.h"
#include "tools/bench_svg.h"

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>Ruff Performance Benchmarks</title>\n<style>\n"
    ":root{--bg:#fcfcfb;--card:#fff;--fg:#1d2025;--soft:#5c6470;--line:#dfe2e7;--vm:#b4570b;--jit:#1c66c4;"
    "--good:#18794e;--bad:#c4262e;--other:#6b52ae}\n"
    "@media (prefers-color-scheme:dark){:root{--bg:#14161a;--card:#1c1f25;--fg:#e7e9ee;--soft:#9aa3b0;--line:#343a44;"
    "--vm:#f0a35c;--jit:#74aef5;--good:#5fc596;--bad:#ff7b80;--other:#b49cf0}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;padding:16px;max-width:1240px;background:var(--bg);color:var(--fg);"
    "font:15px/1.45 system-ui,\"Segoe UI\",\"DejaVu Sans\",sans-serif}\n"
    "h1{font-size:1.5rem;margin:.2em 0}h2{font-size:1.15rem;margin:1.6em 0 .6em}h3{font-size:1rem;margin:0 0 .5em;"
    "overflow-wrap:anywhere}\n"
    "a{color:var(--jit)}.soft{color:var(--soft)}h3 "
    ".soft{font-weight:400}.bad{color:var(--bad)}.good{color:var(--good)}\n"
    ".numbers{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:10px;margin:14px 0}\n"
    ".number,.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px}\n"
    ".number b{display:block;font-size:1.25rem;font-variant-numeric:tabular-nums}\n"
    ".card{margin:0 0 14px}\n"
    ".charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(340px,100%),1fr));gap:8px 18px;"
    "align-items:start}\n"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\n"
    "th,td{padding:4px 10px 4px 0;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}\n"
    "th:first-child,td:first-child{text-align:left}th{color:var(--soft);font-weight:600}\n"
    "td.name{white-space:normal;overflow-wrap:anywhere;min-width:7em}\n"
    "p{margin:.5em 0}ul{margin:.4em 0;padding-left:1.2em}li{overflow-wrap:anywhere}\n"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:0}dt{color:var(--soft)}"
    "dd{margin:0;overflow-wrap:anywhere}\n"
    "svg.chart{display:block;width:100%;max-width:480px;height:auto}\n"
    "svg text{fill:var(--fg);font-size:11px;text-anchor:middle}svg .title{text-anchor:start;fill:var(--soft);"
    "font-size:11.5px}\n"
    "svg .tick{fill:var(--soft);font-size:10.5px}svg .start{text-anchor:start}svg .end{text-anchor:end}\n"
    "svg .grid{stroke:var(--line);stroke-width:1}svg .one{stroke:var(--soft);stroke-width:1;stroke-dasharray:3 3}\n"
    ".vm{--c:var(--vm)}.jit{--c:var(--jit)}\n"
    "svg .dot{fill:var(--c);fill-opacity:.55}svg .box{fill:var(--c);fill-opacity:.25;stroke:var(--c)}\n"
    "svg .ci{fill:var(--c);fill-opacity:.12}svg .whisker{stroke:var(--fg);stroke-width:1.2}"
    "svg .median{stroke:var(--c);stroke-width:2.5}\n"
    "svg .trace{fill:none;stroke:var(--c);stroke-width:1.2;stroke-opacity:.6;stroke-linejoin:round}\n"
    "svg .install{fill:var(--good)}svg .compile{fill:none;stroke:var(--other);stroke-width:1.6}"
    "svg .deopt{fill:none;stroke:var(--bad);stroke-width:1.8}\n"
    "svg .bar{fill:var(--c,var(--other));fill-opacity:.75}\n"
    "@media (max-width:480px){body{padding:10px}.number,.card{padding:9px}th,td{padding-right:7px;font-size:13px}}\n"
    "</style>\n</head>\n<body>\n";

static void put_buf(RfBuf *out, const RfBuf *text)
{
    RfBuf copy = RF_BUF_INIT;
    rf_buf_put(&copy, text->data ? text->data : "", text->len);
    rf_bench_put_html(out, text->len ? rf_buf_cstr(&copy) : "not known");
    rf_buf_free(&copy);
}

static void put_time(RfBuf *out, double ns)
{
    if (ns > 0) {
        rf_bench_put_duration(out, ns);
    } else {
        rf_buf_puts(out, "N/A");
    }
}

/* ---- numbers and tables ---- */

static void put_number(RfBuf *out, const char *label, const RfBuf *value, const char *class)
{
    rf_buf_printf(out, "<div class=\"number\"><b class=\"%s\">%.*s</b><span class=\"soft\">%s</span></div>\n", class,
                  (int)value->len, value->data, label);
}

static void put_numbers(RfBuf *out, const RfBenchRun *run)
{
    RfBenchSummary s = rf_bench_summarise(run);
    RfBuf value = RF_BUF_INIT;
    rf_buf_puts(out, "<div class=\"numbers\">\n");
    rf_buf_printf(&value, s.speedup > 0 ? "%.2fx" : "N/A", s.speedup);
    put_number(out, "geometric mean JIT speedup", &value, "");
    for (int m = 0; m < RF_BENCH_MODES; m++) {
        rf_buf_clear(&value);
        put_time(&value, s.total_ns[m]);
        put_number(out, m == RF_BENCH_VM ? "total time (VM)" : "total time (JIT)", &value, "");
    }
    rf_buf_clear(&value);
    rf_buf_printf(&value, "%zu", s.total);
    put_number(out, "benchmarks", &value, "");
    rf_buf_clear(&value);
    rf_buf_printf(&value, "%zu", s.failed);
    put_number(out, "failed", &value, s.failed ? "bad" : "");
    if (run->baseline) {
        rf_buf_clear(&value);
        rf_buf_printf(&value, "%zu", s.regressions);
        put_number(out, "regressions", &value, s.regressions ? "bad" : "good");
    }
    size_t count;
    const char **names = rf_bench_peer_names(run, &count);
    for (size_t i = 0; i < count; i++) {
        double ratio = rf_bench_peer_ratio(run, names[i]);
        RfBuf label = RF_BUF_INIT;
        rf_buf_puts(&label, ratio <= 1 ? "faster than " : "slower than ");
        rf_bench_put_html(&label, names[i]);
        rf_buf_clear(&value);
        rf_buf_printf(&value, "%.2fx", ratio <= 1 ? 1 / ratio : ratio);
        put_number(out, rf_buf_cstr(&label), &value, "");
        rf_buf_free(&label);
    }
    rf_mem_free(names, count * sizeof *names);
    rf_buf_free(&value);
    rf_buf_puts(out, "</div>\n");
}

static void put_comparison(RfBuf *out, const RfBenchRun *run)
{
    rf_buf_puts(out,
                "<h2>Performance comparison</h2>\n<div class=\"card scroll\"><table>\n<tr><th>Benchmark</th><th>VM</th>"
                "<th>JIT</th><th>Speedup</th><th>Shape</th></tr>\n");
    for (size_t i = 0; i < run->count; i++) {
        const RfBenchmark *b = &run->items[i];
        double speedup = rf_bench_speedup(b);
        rf_buf_printf(out, "<tr><td class=\"name\"><a href=\"#b%zu\">", i);
        rf_bench_put_html(out, b->name);
        rf_buf_puts(out, "</a></td>");
        for (int m = 0; m < RF_BENCH_MODES; m++) {
            rf_buf_puts(out, "<td>");
            put_time(out, rf_bench_has(b, (RfBenchModeId)m) ? b->modes[m].stats.median : 0);
            rf_buf_puts(out, "</td>");
        }
        rf_buf_printf(out, speedup > 0 ? "<td>%.2fx</td>" : "<td>N/A</td>", speedup);
        rf_buf_printf(out, "<td>%s</td></tr>\n", b->failed ? "failed" : b->skip ? "skipped" : b->shape);
    }
    rf_buf_puts(out, "</table></div>\n");
}

/* ---- one benchmark ---- */

static void put_mode_table(RfBuf *out, const RfBenchRun *run, const RfBenchmark *b)
{
    rf_buf_printf(out,
                  "<div class=\"scroll\"><table><tr><th>Mode</th><th>Steady</th><th>95%% interval</th><th>%s</th>"
                  "<th>To steady</th><th>CV</th><th>n</th><th>Compiles</th><th>Deopts</th><th>Peak RSS</th></tr>\n",
                  run->options.warm_cache ? "Cold / warm" : "Cold");
    for (int m = 0; m < RF_BENCH_MODES; m++) {
        const RfBenchMode *mode = &b->modes[m];
        if (!rf_bench_has(b, (RfBenchModeId)m)) {
            continue;
        }
        const RfStats *s = &mode->stats;
        rf_buf_printf(out, "<tr><td>%s</td><td>", rf_bench_mode_names[m]);
        put_time(out, s->median);
        rf_buf_puts(out, "</td><td>");
        rf_bench_put_number(out, s->ci_low, s->median, 0);
        rf_buf_puts(out, " – ");
        rf_bench_put_number(out, s->ci_high, s->median, 0);
        rf_buf_puts(out, "</td><td>");
        put_time(out, mode->cold);
        rf_buf_puts(out, "</td><td>");
        put_time(out, mode->time_to_steady);
        rf_buf_printf(out,
                      "</td><td>%.1f%%</td><td>%zu</td><td>%llu (%.0f ms)</td><td>%llu</td><td>%.1f MB</td></tr>\n",
                      s->cv * 100, s->n, (unsigned long long)mode->counts.compiles, mode->counts.compile_ms,
                      (unsigned long long)mode->counts.deopts, (double)mode->counts.peak_rss / 1e6);
    }
    rf_buf_puts(out, "</table></div>\n");
}

/* Against the VM, the baseline and peers. Labels are kept in `labels` until the chart is written. */
static void put_bars(RfBuf *out, const RfBenchRun *run, const RfBenchmark *b)
{
    size_t most = 1 + RF_BENCH_MODES + b->peer_count, count = 0;
    RfBenchBar *bars = rf_mem_alloc(most * sizeof *bars);
    RfBuf labels[RF_BENCH_MODES] = {RF_BUF_INIT, RF_BUF_INIT};
    double speedup = rf_bench_speedup(b);
    if (speedup > 0) {
        bars[count++] = (RfBenchBar){.label = "vm", .class = "vm", .factor = speedup};
    }
    for (size_t i = 0; i < b->peer_count; i++) {
        const RfBenchPeer *peer = &b->peers[i];
        if (peer->wanted && peer->status == RF_BENCH_PEER_OK && peer->median > 0) {
            bars[count++] =
                (RfBenchBar){.label = peer->name, .class = "peer", .factor = peer->median / peer->ruff_median};
        }
    }
    for (int m = 0; m < RF_BENCH_MODES; m++) {
        const RfBenchCompare *c = &b->modes[m].compare;
        if (c->there) {
            rf_buf_printf(&labels[m], "%s (%s)", run->baseline, rf_bench_mode_names[m]);
            bars[count++] = (RfBenchBar){.label = rf_buf_cstr(&labels[m]),
                                         .class = rf_bench_mode_names[m],
                                         .factor = 1 / c->ratio.ratio,
                                         .low = 1 / c->ratio.ci_high,
                                         .high = 1 / c->ratio.ci_low};
        }
    }
    if (count > 0) {
        rf_bench_svg_bars(out, bars, count);
    }
    rf_buf_free(&labels[0]);
    rf_buf_free(&labels[1]);
    rf_mem_free(bars, most * sizeof *bars);
}

static void put_charts(RfBuf *out, const RfBenchmark *b, void (*put)(RfBuf *, RfBenchModeId, const RfBenchMode *))
{
    for (int m = 0; m < RF_BENCH_MODES; m++) {
        if (b->modes[m].measured) {
            put(out, (RfBenchModeId)m, &b->modes[m]);
        }
    }
}

static void put_verdicts(RfBuf *out, const RfBenchRun *run, const RfBenchmark *b)
{
    static const char *const classes[] = {"soft", "bad", "good"};
    for (int m = 0; m < RF_BENCH_MODES; m++) {
        const RfBenchCompare *c = &b->modes[m].compare;
        if (c->there) {
            rf_buf_printf(out, "<p>%s vs ", rf_bench_mode_names[m]);
            rf_bench_put_html(out, run->baseline);
            rf_buf_printf(out, ": %.3fx the time [%.3f, %.3f], p=%.4f <b class=\"%s\">%s</b></p>\n", c->ratio.ratio,
                          c->ratio.ci_low, c->ratio.ci_high, c->p, classes[c->verdict],
                          rf_bench_verdict_names[c->verdict]);
        }
    }
}

static void put_warnings(RfBuf *out, const RfBenchRun *run, size_t benchmark)
{
    bool any = false;
    for (size_t i = 0; i < run->warning_count; i++) {
        if (run->warnings[i].benchmark == benchmark) {
            rf_buf_puts(out, any ? "<li>" : "<ul class=\"soft\"><li>");
            rf_bench_put_html(out, run->warnings[i].text);
            rf_buf_puts(out, "</li>\n");
            any = true;
        }
    }
    rf_buf_puts(out, any ? "</ul>\n" : "");
}

static void put_benchmark(RfBuf *out, const RfBenchRun *run, size_t index)
{
    const RfBenchmark *b = &run->items[index];
    rf_buf_printf(out, "<section class=\"card\" id=\"b%zu\"><h3>", index);
    rf_bench_put_html(out, b->name);
    rf_buf_puts(out, " <span class=\"soft\">");
    rf_bench_put_html(out, b->file);
    rf_buf_puts(out, "</span></h3>\n");
    if (b->failed || b->skip) {
        RfBuf text = RF_BUF_INIT;
        if (b->failed) {
            rf_buf_printf(&text, "✗ %s: %.*s", rf_bench_mode_names[b->failed_mode], (int)b->error.len, b->error.data);
        } else {
            rf_buf_printf(&text, "skipped: %s", b->skip);
        }
        rf_buf_printf(out, "<p class=\"%s\">", b->failed ? "bad" : "soft");
        rf_bench_put_html(out, rf_buf_cstr(&text));
        rf_buf_puts(out, "</p>\n");
        rf_buf_free(&text);
    } else {
        put_mode_table(out, run, b);
        put_verdicts(out, run, b);
        rf_buf_puts(out, "<div class=\"charts\">\n");
        put_charts(out, b, rf_bench_svg_distribution);
        put_bars(out, run, b);
        put_charts(out, b, rf_bench_svg_trace);
        rf_buf_puts(out, "</div>\n");
    }
    put_warnings(out, run, index);
    rf_buf_puts(out, "</section>\n");
}

/* ---- the page ---- */

static void put_fact(RfBuf *out, const char *name, const RfBuf *value)
{
    rf_buf_printf(out, "<dt>%s</dt><dd>", name);
    put_buf(out, value);
    rf_buf_puts(out, "</dd>\n");
}

static void put_environment(RfBuf *out, const RfBenchRun *run)
{
    const RfBenchEnvironment *e = &run->environment;
    rf_buf_puts(out, "<h2>Environment</h2>\n<div class=\"card\"><dl>\n");
    put_fact(out, "Time", &e->time);
    put_fact(out, "CPU", &e->cpu);
    rf_buf_printf(out, "<dt>Cores</dt><dd>%ld, load average %.2f</dd>\n", e->cores, e->load);
    put_fact(out, "Governor", &e->governor);
    put_fact(out, "Kernel", &e->kernel);
    rf_buf_printf(out, "<dt>Ruff</dt><dd>%s, build %s</dd>\n", e->version, e->build);
    put_fact(out, "Commit", &e->git);
    rf_buf_puts(out, "<dt>Options</dt><dd>");
    for (size_t i = 0; i < run->options.flag_count; i++) {
        rf_buf_puts(out, i ? " " : "");
        rf_bench_put_html(out, run->options.flags[i]);
    }
    rf_buf_puts(out, run->options.flag_count ? "</dd>\n" : "none</dd>\n");
    rf_buf_puts(out, "</dl></div>\n");
}

void rf_bench_html(RfBuf *out, const RfBenchRun *run)
{
    rf_buf_puts(out, head);
    rf_buf_puts(out, "<h1>Ruff Performance Benchmarks</h1>\n<p class=\"soft\">");
    put_buf(out, &run->environment.time);
    rf_buf_puts(out, " · ");
    put_buf(out, &run->environment.cpu);
    rf_buf_printf(out, " · ruff %s</p>\n", run->environment.version);
    put_numbers(out, run);
    put_warnings(out, run, SIZE_MAX);
    put_comparison(out, run);
    rf_buf_puts(out, "<h2>Benchmarks</h2>\n");
    for (size_t i = 0; i < run->count; i++) {
        put_benchmark(out, run, i);
    }
    put_environment(out, run);
    rf_buf_puts(out, "</body>\n</html>\n");
}

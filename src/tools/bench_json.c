/* The report as JSON: schema "ruff-bench/1" (cli.md 4.6, docs/bench.schema.json). Keys are in alphabetical order. */
#include <stdlib.h>
#include <string.h>

#include "api/json_out.h"
#include "base/mem.h"
#include "tools/bench.h"

static void key_fixed(RfJson *json, const char *key, double value, int decimals)
{
    rf_json_key(json, key);
    rf_json_fixed(json, value, decimals);
}

static void key_buf(RfJson *json, const char *key, const RfBuf *text)
{
    rf_json_key(json, key);
    if (text->len > 0) {
        rf_json_text(json, text->data, text->len);
    } else {
        rf_json_null(json);
    }
}

/* null when it is not positive */
static void key_positive(RfJson *json, const char *key, double value, int decimals)
{
    rf_json_key(json, key);
    if (value > 0) {
        rf_json_fixed(json, value, decimals);
    } else {
        rf_json_null(json);
    }
}

/* ---- a mode ---- */

static void put_samples(RfJson *json, const RfBenchMode *m)
{
    rf_json_key(json, "samples");
    rf_json_array(json);
    for (uint32_t i = 0; i < m->process_count; i++) {
        rf_json_array(json);
        for (size_t j = 0; j < m->processes[i].sample_count; j++) {
            const RfBenchSample *s = &m->processes[i].samples[j];
            rf_json_object(json);
            rf_json_key_int(json, "iterations", (int64_t)s->iterations);
            rf_json_key_int(json, "ns", (int64_t)s->ns);
            rf_json_key_bool(json, "steady", s->steady);
            rf_json_object_end(json);
        }
        rf_json_array_end(json);
    }
    rf_json_array_end(json);
}

static void put_stats(RfJson *json, const RfStats *s)
{
    rf_json_key(json, "stats");
    rf_json_object(json);
    key_fixed(json, "ci_high", s->ci_high, 3);
    key_fixed(json, "ci_low", s->ci_low, 3);
    key_fixed(json, "cv", s->cv, 6);
    key_fixed(json, "mad", s->mad, 3);
    key_fixed(json, "max", s->max, 3);
    key_fixed(json, "mean", s->mean, 3);
    key_fixed(json, "median", s->median, 3);
    rf_json_key_int(json, "mild", (int64_t)s->mild);
    key_fixed(json, "min", s->min, 3);
    rf_json_key_int(json, "n", (int64_t)s->n);
    key_fixed(json, "p25", s->p25, 3);
    key_fixed(json, "p5", s->p5, 3);
    key_fixed(json, "p75", s->p75, 3);
    key_fixed(json, "p95", s->p95, 3);
    rf_json_key_int(json, "severe", (int64_t)s->severe);
    key_fixed(json, "stddev", s->stddev, 3);
    rf_json_object_end(json);
}

static void put_counts(RfJson *json, const RfBenchCounts *c)
{
    rf_json_key(json, "jit");
    rf_json_object(json);
    key_fixed(json, "compile_ms", c->compile_ms, 3);
    rf_json_key_int(json, "compiles", (int64_t)c->compiles);
    rf_json_key_int(json, "deopts", (int64_t)c->deopts);
    rf_json_key_int(json, "entries", (int64_t)c->entries);
    rf_json_key_int(json, "osr", (int64_t)c->osr);
    rf_json_object_end(json);
    rf_json_key(json, "resources");
    rf_json_object(json);
    rf_json_key_int(json, "allocated_bytes", (int64_t)c->allocated_bytes);
    rf_json_key_int(json, "allocations", (int64_t)c->allocations);
    rf_json_key_int(json, "peak_rss_bytes", (int64_t)c->peak_rss);
    key_fixed(json, "sys_ms", c->sys_ms, 3);
    key_fixed(json, "user_ms", c->user_ms, 3);
    rf_json_object_end(json);
}

static void put_mode(RfJson *json, RfBenchModeId id, const RfBenchMode *m)
{
    rf_json_key(json, rf_bench_mode_names[id]);
    rf_json_object(json);
    rf_json_key(json, "cold_ns");
    rf_json_array(json);
    for (uint32_t i = 0; i < m->process_count; i++) {
        rf_json_int(json, (int64_t)m->processes[i].cold);
    }
    rf_json_array_end(json);
    put_counts(json, &m->counts);
    put_samples(json, m);
    put_stats(json, &m->stats);
    rf_json_key(json, "time_to_steady_ns");
    if (id == RF_BENCH_VM) {
        rf_json_null(json);
    } else {
        rf_json_array(json);
        for (uint32_t i = 0; i < m->process_count; i++) {
            if (m->processes[i].steady) {
                rf_json_int(json, (int64_t)m->processes[i].steady_at);
            } else {
                rf_json_null(json);
            }
        }
        rf_json_array_end(json);
    }
    rf_json_object_end(json);
}

/* ---- a benchmark ---- */

static void put_comparison(RfJson *json, const RfBenchRun *run, const RfBenchmark *b)
{
    bool any = false;
    for (int m = 0; m < RF_BENCH_MODES; m++) {
        any = any || (rf_bench_has(b, (RfBenchModeId)m) && b->modes[m].compare.there);
    }
    rf_json_key(json, "comparison");
    if (!any) {
        rf_json_null(json);
        return;
    }
    rf_json_object(json);
    rf_json_key_cstr(json, "baseline", run->baseline);
    for (int m = RF_BENCH_MODES - 1; m >= 0; m--) {
        const RfBenchCompare *c = &b->modes[m].compare;
        if (c->there) {
            rf_json_key(json, rf_bench_mode_names[m]);
            rf_json_object(json);
            key_fixed(json, "ci_high", c->ratio.ci_high, 6);
            key_fixed(json, "ci_low", c->ratio.ci_low, 6);
            key_fixed(json, "p", c->p, 6);
            key_fixed(json, "ratio", c->ratio.ratio, 6);
            rf_json_key_cstr(json, "verdict", rf_bench_verdict_names[c->verdict]);
            rf_json_object_end(json);
        }
    }
    rf_json_object_end(json);
}

static void put_peers(RfJson *json, const RfBenchmark *b)
{
    static const char *const words[] = {"ok", "failed", "missing"};
    rf_json_key(json, "peers");
    rf_json_array(json);
    for (size_t i = 0; i < b->peer_count; i++) {
        const RfBenchPeer *peer = &b->peers[i];
        if (!peer->wanted) {
            continue;
        }
        bool ok = peer->status == RF_BENCH_PEER_OK && peer->median > 0;
        rf_json_object(json);
        key_buf(json, "error", &peer->error);
        rf_json_key_cstr(json, "file", peer->file);
        key_positive(json, "median_ns", ok ? peer->median : 0, 3);
        rf_json_key_cstr(json, "name", peer->name);
        key_positive(json, "ratio", ok ? peer->ruff_median / peer->median : 0, 6);
        key_positive(json, "ruff_median_ns", ok ? peer->ruff_median : 0, 3);
        rf_json_key_cstr(json, "status", words[peer->status]);
        rf_json_object_end(json);
    }
    rf_json_array_end(json);
}

static void put_benchmark(RfJson *json, const RfBenchRun *run, const RfBenchmark *b)
{
    rf_json_object(json);
    put_comparison(json, run, b);
    key_buf(json, "error", &b->error);
    rf_json_key_cstr(json, "file", b->file);
    rf_json_key(json, "modes");
    rf_json_object(json);
    for (int m = RF_BENCH_MODES - 1; m >= 0; m--) { /* jit before vm */
        if (rf_bench_has(b, (RfBenchModeId)m)) {
            put_mode(json, (RfBenchModeId)m, &b->modes[m]);
        }
    }
    rf_json_object_end(json);
    rf_json_key_cstr(json, "name", b->name);
    put_peers(json, b);
    rf_json_key_cstr(json, "shape", b->shape);
    rf_json_key_cstr(json, "skipped", b->skip);
    key_positive(json, "speedup", rf_bench_speedup(b), 6);
    rf_json_key_cstr(json, "status", b->failed ? "failed" : b->skip ? "skipped" : "ok");
    rf_json_key_cstr(json, "verified", b->verified);
    rf_json_object_end(json);
}

/* ---- the rest ---- */

static void put_environment(RfJson *json, const RfBenchRun *run)
{
    const RfBenchEnvironment *e = &run->environment;
    rf_json_key(json, "environment");
    rf_json_object(json);
    rf_json_key_int(json, "cores", e->cores);
    key_buf(json, "cpu", &e->cpu);
    rf_json_key(json, "flags");
    rf_json_array(json);
    for (size_t i = 0; i < run->options.flag_count; i++) {
        rf_json_cstr(json, run->options.flags[i]);
    }
    rf_json_array_end(json);
    key_buf(json, "git", &e->git);
    key_buf(json, "governor", &e->governor);
    key_buf(json, "kernel", &e->kernel);
    key_fixed(json, "load", e->load, 2);
    rf_json_key_cstr(json, "ruff_build", e->build);
    rf_json_key_cstr(json, "ruff_version", e->version);
    key_buf(json, "time", &e->time);
    rf_json_object_end(json);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_summary(RfJson *json, const RfBenchRun *run)
{
    RfBenchSummary s = rf_bench_summarise(run);
    rf_json_key(json, "summary");
    rf_json_object(json);
    rf_json_key_int(json, "failed", (int64_t)s.failed);
    key_positive(json, "geomean_speedup", s.speedup, 6);
    rf_json_key(json, "peers");
    rf_json_object(json);
    size_t count;
    const char **names = rf_bench_peer_names(run, &count);
    if (count > 0) {
        qsort(names, count, sizeof *names, by_bytes);
    }
    for (size_t i = 0; i < count; i++) {
        key_fixed(json, names[i], rf_bench_peer_ratio(run, names[i]), 6);
    }
    rf_mem_free(names, count * sizeof *names);
    rf_json_object_end(json);
    rf_json_key_int(json, "regressions", (int64_t)s.regressions);
    rf_json_key_int(json, "skipped", (int64_t)s.skipped);
    rf_json_key_int(json, "total", (int64_t)s.total);
    key_fixed(json, "total_jit_ns", s.total_ns[RF_BENCH_JIT], 3);
    key_fixed(json, "total_vm_ns", s.total_ns[RF_BENCH_VM], 3);
    rf_json_object_end(json);
}

void rf_bench_json(RfBuf *out, const RfBenchRun *run)
{
    RfJson json = rf_json_start(out);
    rf_json_object(&json);
    rf_json_key(&json, "benchmarks");
    rf_json_array(&json);
    for (size_t i = 0; i < run->count; i++) {
        put_benchmark(&json, run, &run->items[i]);
    }
    rf_json_array_end(&json);
    rf_json_key_cstr(&json, "command", "bench");
    put_environment(&json, run);
    rf_json_key_cstr(&json, "schema", "ruff-bench/1");
    rf_json_key_cstr(&json, "status", rf_bench_status(run));
    put_summary(&json, run);
    rf_json_key(&json, "warnings");
    rf_json_array(&json);
    for (size_t i = 0; i < run->warning_count; i++) {
        rf_json_cstr(&json, run->warnings[i].text);
    }
    rf_json_array_end(&json);
    rf_json_object_end(&json);
    rf_json_finish(&json);
}

/* Other languages: their programs and Ruff as whole processes, taking turns.
 *
 * Both sides are measured from before the start of the process to its end. The first run of each is not counted: it checks the
 * output and brings files into the page cache. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/source.h"
#include "base/mem.h"
#include "tools/bench_process.h"

#define RUNS 10u

/* ---- which peers ---- */

static RfBenchPeer *find_peer(RfBenchmark *b, const char *name, size_t len)
{
    for (size_t i = 0; i < b->peer_count; i++) {
        if (strlen(b->peers[i].name) == len && memcmp(b->peers[i].name, name, len) == 0) {
            return &b->peers[i];
        }
    }
    return NULL;
}

/* NAME=FILE: the file serves every benchmark, whatever their header comments say. */
static void set_file(RfBenchmark *b, const char *name, size_t name_len, const char *file, size_t file_len)
{
    RfBenchPeer *peer = find_peer(b, name, name_len);
    if (!peer) {
        size_t size = sizeof *b->peers;
        b->peers = rf_mem_resize(b->peers, b->peer_count * size, (b->peer_count + 1) * size);
        peer = &b->peers[b->peer_count++];
        *peer = (RfBenchPeer){.name = rf_bench_copy(name, name_len)};
    }
    free(peer->file);
    peer->file = rf_bench_copy(file, file_len);
}

static void choose(RfBenchRun *run)
{
    for (const char *at = run->options.peers; *at;) {
        size_t len = strcspn(at, ","), name_len = strcspn(at, ",=");
        bool any = false;
        for (size_t i = 0; i < run->count; i++) {
            RfBenchmark *b = &run->items[i];
            if (name_len < len) {
                set_file(b, at, name_len, at + name_len + 1, len - name_len - 1);
            }
            RfBenchPeer *peer = find_peer(b, at, name_len);
            any = any || peer;
            if (peer && !b->failed && !b->skip) {
                peer->wanted = true;
            }
        }
        if (!any) {
            rf_bench_warn_run(run, "no benchmark names a program for '%.*s'", (int)name_len, at);
        }
        at += len + (at[len] == ',');
    }
}

/* ---- running ---- */

typedef enum Outcome { RAN, FAILED, MISSING, STOPPED } Outcome;

/* Runs a program to its end. RAN: *ns is what it took and *hash its output's; FAILED and MISSING: *error says why. */
static Outcome finish(RfBenchChild *child, double *ns, uint64_t *hash, RfBuf *error)
{
    RfBenchChild *children = child;
    Outcome outcome = FAILED;
    if (!rf_bench_child_wait(&children, 1)) {
        outcome = STOPPED;
    } else if (child->timed_out) {
        rf_buf_puts(error, "timed out");
    } else if (WIFSIGNALED(child->status)) {
        const char *name = sigabbrev_np(WTERMSIG(child->status));
        rf_buf_printf(error, "crashed: SIG%s", name ? name : "?");
    } else if (child->status != 0) {
        rf_buf_printf(error, "exit code %d", WEXITSTATUS(child->status));
    } else {
        *ns = (child->ended - child->started) * 1e9;
        *hash = rf_bench_output_hash(&child->output);
        outcome = RAN;
    }
    rf_bench_child_kill(&children, 1);
    rf_bench_child_free(child);
    return outcome;
}

static Outcome run_command(const RfBenchRun *run, const RfBenchmark *b, const char *const *head, double *ns,
                           uint64_t *hash, RfBuf *error)
{
    size_t n = 0;
    while (head[n]) {
        n++;
    }
    size_t size = (n + b->arg_count + 1) * sizeof *head;
    const char **argv = rf_mem_alloc(size);
    memcpy(argv, head, n * sizeof *head);
    for (size_t i = 0; i < b->arg_count; i++) {
        argv[n + i] = b->args[i];
    }
    argv[n + b->arg_count] = NULL;
    RfBenchChild child;
    const char *cache = run->cache[0] ? run->cache : NULL;
    bool started = rf_bench_child_start_program(&child, argv, cache, false, run->options.run_limit_s);
    int code = errno;
    rf_mem_free(argv, size);
    if (!started) {
        rf_buf_printf(error, "%s: %s", head[0], rf_source_os_error(code));
        return code == ENOENT ? MISSING : FAILED;
    }
    return finish(&child, ns, hash, error);
}

static Outcome run_peer(const RfBenchRun *run, const RfBenchmark *b, const RfBenchPeer *peer, double *ns,
                        uint64_t *hash, RfBuf *error)
{
    const char *argv[] = {peer->name, peer->file, NULL};
    return run_command(run, b, argv, ns, hash, error);
}

/* A program with bench_main would do nothing under `ruff run`: a measuring process calls it once. */
static Outcome run_ruff(const RfBenchRun *run, const RfBenchmark *b, double *ns, RfBuf *error)
{
    uint64_t hash;
    if (!b->has_main) {
        const char *argv[] = {"ruff", "run", run->options.warm_cache ? "--jit" : "--no-cache", "--", b->file, NULL};
        return run_command(run, b, argv, ns, &hash, error);
    }
    RfBenchOrder order = {
        .jit = true, .cached = run->options.warm_cache, .cpu = -1, .arg_count = (uint32_t)b->arg_count};
    size_t size = (2 + b->arg_count) * sizeof(char *);
    const char **words = rf_mem_alloc(size);
    words[0] = b->file;
    words[1] = b->directory;
    for (size_t i = 0; i < b->arg_count; i++) {
        words[2 + i] = b->args[i];
    }
    RfBenchChild child;
    const char *cache = run->cache[0] ? run->cache : NULL;
    bool started = rf_bench_child_start(&child, &order, words, cache, run->options.run_limit_s);
    int code = errno;
    rf_mem_free(words, size);
    if (!started) {
        rf_buf_puts(error, rf_source_os_error(code));
        return FAILED;
    }
    return finish(&child, ns, &hash, error);
}

/* ---- measuring ---- */

static uint64_t verified_hash(const RfBenchRun *run, const RfBenchmark *b)
{
    return b->modes[run->options.modes[RF_BENCH_JIT] ? RF_BENCH_JIT : RF_BENCH_VM].hash;
}

static Outcome measure(const RfBenchRun *run, const RfBenchmark *b, RfBenchPeer *peer)
{
    double times[RUNS], ruff_times[RUNS], ns = 0;
    uint64_t hash = 0;
    if (access(peer->file, R_OK) != 0) {
        rf_buf_printf(&peer->error, "%s: %s", peer->file, rf_source_os_error(errno));
        return FAILED;
    }
    Outcome outcome = run_peer(run, b, peer, &ns, &hash, &peer->error);
    if (outcome == RAN && hash != verified_hash(run, b)) {
        rf_buf_puts(&peer->error, "output differs from Ruff");
        outcome = FAILED;
    }
    if (outcome == RAN) {
        outcome = run_ruff(run, b, &ns, &peer->error);
    }
    for (uint32_t i = 0; outcome == RAN && i < RUNS; i++) {
        outcome = run_ruff(run, b, &ruff_times[i], &peer->error);
        if (outcome == RAN) {
            outcome = run_peer(run, b, peer, &times[i], &hash, &peer->error);
        }
        if (outcome == RAN && hash != verified_hash(run, b)) {
            rf_buf_puts(&peer->error, "output differs from Ruff");
            outcome = FAILED;
        }
    }
    if (outcome == RAN) {
        peer->median = rf_stats_median(times, RUNS);
        peer->ruff_median = rf_stats_median(ruff_times, RUNS);
    }
    return outcome;
}

bool rf_bench_peers(RfBenchRun *run)
{
    if (!run->options.peers) {
        return true;
    }
    choose(run);
    for (size_t i = 0; i < run->count; i++) {
        RfBenchmark *b = &run->items[i];
        for (size_t j = 0; j < b->peer_count; j++) {
            RfBenchPeer *peer = &b->peers[j];
            if (!peer->wanted) {
                continue;
            }
            rf_bench_progress(run, "[%zu/%zu] %s vs %s", i + 1, run->count, b->name, peer->name);
            Outcome outcome = measure(run, b, peer);
            rf_bench_progress(run, "%s", "");
            if (outcome == STOPPED) {
                return false;
            }
            peer->status = outcome == RAN       ? RF_BENCH_PEER_OK
                           : outcome == MISSING ? RF_BENCH_PEER_MISSING
                                                : RF_BENCH_PEER_FAILED;
            if (outcome != RAN) {
                rf_bench_warn(run, b, RF_BENCH_MODES, "peer %s %s: %s", peer->name,
                              outcome == MISSING ? "is missing" : "failed", rf_buf_cstr(&peer->error));
            }
        }
    }
    return true;
}

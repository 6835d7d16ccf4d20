/* `ruff test`: every program of ./tests runs in child processes, as bytecode and with the JIT, and its output is
 * compared with the snapshot beside it.
 *
 * Runs are started in order, several at a time; results are shown in the order of the fixtures. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/source.h"
#include "base/mem.h"
#include "cli/child.h"
#include "cli/diff.h"
#include "cli/handlers.h"
#include "cli/junit.h"
#include "cli/output.h"
#include "cli/snapshot.h"

#define FOLDER "tests"
#define MAX_RUNS 2 /* strategies per fixture */

typedef enum Outcome { PASSED, FAILED, CREATED, UPDATED, TIMEOUT, CRASHED } Outcome;
static const char *const outcome_words[] = {"passed", "failed", "created", "updated", "timeout", "crashed"};

typedef struct Fixture {
    char *path;     /* "tests/x.ruff" */
    char *snapshot; /* "tests/x.out" */
    bool skipped;   /* a file for `ruff test-run` */
    RfChild runs[MAX_RUNS];
    RfBuf got[MAX_RUNS]; /* normalised output */
    RfBuf expected;
    unsigned running, finished;
    Outcome outcome;
    bool divergent;
    double seconds;
    RfBuf reason; /* what a failure is called in the report */
} Fixture;

typedef struct Strategy {
    const char *name;
    const char *flags[3];
} Strategy;
static const Strategy strategies[MAX_RUNS] = {
    {"vm", {"--no-jit", NULL}},
    {"jit", {"--jit-threshold=1", "--no-cache", NULL}},
};

typedef struct Corpus {
    Fixture *items;
    size_t count;
    unsigned first, runs; /* strategies used: strategies[first .. first + runs) */
    bool update, verbose, as_json;
    size_t shown; /* fixtures whose result has been printed */
    size_t total, failed, divergent;
    char *cwd;
} Corpus;

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

/* ---- finding fixtures ---- */

static int compare_fixtures(const void *a, const void *b)
{
    return strcmp(((const Fixture *)a)->path, ((const Fixture *)b)->path);
}

static char *join(const char *a, size_t a_len, const char *b)
{
    RfBuf text = RF_BUF_INIT;
    rf_buf_put(&text, a, a_len);
    rf_buf_puts(&text, b);
    char *result = strdup(rf_buf_cstr(&text));
    if (result == NULL) {
        rf_mem_exhausted(text.len);
    }
    rf_buf_free(&text);
    return result;
}

/* Fills the corpus; false when the directory cannot be read. */
static bool find_fixtures(Corpus *corpus, const char *filter)
{
    DIR *dir = opendir(FOLDER);
    if (dir == NULL) {
        return false;
    }
    size_t cap = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        size_t len = strlen(entry->d_name);
        if (len <= 5 || strcmp(entry->d_name + len - 5, ".ruff") != 0) {
            continue;
        }
        char *path = join(FOLDER "/", sizeof FOLDER, entry->d_name);
        if (filter != NULL && strstr(path, filter) == NULL) {
            free(path);
            continue;
        }
        if (corpus->count == cap) {
            size_t grown = cap ? cap * 2 : 16;
            corpus->items = rf_mem_resize(corpus->items, cap * sizeof(Fixture), grown * sizeof(Fixture));
            cap = grown;
        }
        corpus->items[corpus->count++] = (Fixture){.path = path, .snapshot = join(path, strlen(path) - 5, ".out")};
    }
    closedir(dir);
    corpus->items = rf_mem_resize(corpus->items, cap * sizeof(Fixture), corpus->count * sizeof(Fixture));
    if (corpus->count > 0) {
        qsort(corpus->items, corpus->count, sizeof(Fixture), compare_fixtures);
    }
    for (size_t i = 0; i < corpus->count; i++) {
        corpus->items[i].skipped = rf_snapshot_is_test_run(corpus->items[i].path);
        corpus->total += !corpus->items[i].skipped;
    }
    return true;
}

/* ---- judging ---- */

static bool equal(const RfBuf *a, const RfBuf *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* A run that did not end by itself decides the outcome. */
static bool ended_badly(Fixture *fixture, const RfChild *run, uint32_t limit)
{
    if (run->timed_out) {
        fixture->outcome = TIMEOUT;
        rf_buf_printf(&fixture->reason, "timed out after %us", limit);
    } else if (WIFSIGNALED(run->status)) {
        const char *name = sigabbrev_np(WTERMSIG(run->status));
        fixture->outcome = CRASHED;
        rf_buf_printf(&fixture->reason, "crashed: SIG%s", name ? name : "?");
    } else {
        return false;
    }
    return true;
}

static void judge(Corpus *corpus, Fixture *fixture, uint32_t limit)
{
    bool bad = false;
    for (unsigned r = 0; r < corpus->runs; r++) {
        RfChild *run = &fixture->runs[r];
        fixture->seconds += run->ended - run->started;
        rf_snapshot_normalise(&fixture->got[r], &run->out, &run->err, corpus->cwd);
        bad = bad || ended_badly(fixture, run, limit);
    }
    if (bad) {
        return;
    }
    RfBuf *got = &fixture->got[0];
    if (corpus->runs == 2) {
        fixture->divergent = !equal(got, &fixture->got[1]) || fixture->runs[0].status != fixture->runs[1].status;
    }
    bool recorded = rf_snapshot_read(&fixture->expected, fixture->snapshot, corpus->cwd);
    if (fixture->divergent) {
        fixture->outcome = FAILED;
        rf_buf_puts(&fixture->reason, "vm and jit differ");
    } else if (corpus->update || !recorded) {
        fixture->outcome = corpus->update ? UPDATED : CREATED;
        int code = rf_snapshot_write(fixture->snapshot, got);
        if (code != 0) {
            fixture->outcome = FAILED;
            rf_buf_printf(&fixture->reason, "cannot write snapshot: %s", rf_source_os_error(code));
        }
    } else {
        fixture->outcome = rf_snapshot_match(&fixture->expected, got) ? PASSED : FAILED;
    }
}

/* ---- showing results ---- */

static void put_block(RfBuf *out, const char *title, const char *which, const RfBuf *text, const RfChild *run)
{
    rf_buf_printf(out, which ? "    %s (%s):\n" : "    %s:\n", title, which);
    RfBuf trimmed = rf_snapshot_trimmed(text);
    for (size_t at = 0; at < trimmed.len;) {
        const char *end = memchr(trimmed.data + at, '\n', trimmed.len - at);
        size_t len = end ? (size_t)(end - trimmed.data) - at : trimmed.len - at;
        rf_buf_puts(out, "    ");
        rf_buf_put(out, trimmed.data + at, len);
        rf_buf_putc(out, '\n');
        at += len + 1;
    }
    if (run != NULL) {
        rf_buf_printf(out, "    (exit code %d)\n", WEXITSTATUS(run->status));
    }
}

static void show_failure(const Corpus *corpus, const Fixture *fixture)
{
    RfBuf *out = rf_output_stdout();
    rf_buf_printf(out, "[✗] %s", fixture->path);
    if (fixture->reason.len > 0) {
        rf_buf_puts(out, " (");
        rf_buf_put(out, fixture->reason.data, fixture->reason.len);
        rf_buf_putc(out, ')');
    }
    rf_buf_putc(out, '\n');
    if (fixture->divergent) {
        bool codes = fixture->runs[0].status != fixture->runs[1].status;
        for (unsigned r = 0; r < corpus->runs; r++) {
            put_block(out, "Got", strategies[corpus->first + r].name, &fixture->got[r],
                      codes ? &fixture->runs[r] : NULL);
        }
        if (corpus->verbose) {
            rf_diff_put(out, "    ", "vm", &fixture->got[0], "jit", &fixture->got[1]);
        }
    } else if (fixture->outcome == FAILED && fixture->reason.len == 0) {
        put_block(out, "Expected", NULL, &fixture->expected, NULL);
        put_block(out, "Got", strategies[corpus->first].name, &fixture->got[0], NULL);
        if (corpus->verbose) {
            RfBuf expected = rf_snapshot_trimmed(&fixture->expected), got = rf_snapshot_trimmed(&fixture->got[0]);
            rf_diff_put(out, "    ", fixture->snapshot, &expected, strategies[corpus->first].name, &got);
        }
    }
}

static bool is_pass(const Fixture *fixture)
{
    return fixture->outcome == PASSED || fixture->outcome == CREATED || fixture->outcome == UPDATED;
}

static void show(Corpus *corpus, const Fixture *fixture)
{
    RfBuf *out = rf_output_stdout();
    corpus->failed += !fixture->skipped && !is_pass(fixture);
    corpus->divergent += fixture->divergent;
    if (corpus->as_json) {
        return;
    }
    if (fixture->skipped) {
        if (corpus->verbose) {
            rf_buf_printf(out, "[i] Skipping test-run fixture: %s\n", fixture->path);
        }
        return;
    }
    if (corpus->verbose) {
        rf_buf_printf(out, "[i] Running fixture: %s\n", fixture->path);
    }
    if (is_pass(fixture)) {
        rf_buf_printf(out, "[✓] %s (%.2fms)\n", fixture->path, fixture->seconds * 1000);
    } else {
        show_failure(corpus, fixture);
    }
    if (corpus->verbose) {
        rf_buf_printf(out, "    snapshot: %s\n", fixture->snapshot);
    }
    rf_output_flush();
}

static const char *runtime_name(const Corpus *corpus)
{
    return corpus->runs == 2 ? "dual" : strategies[corpus->first].name;
}

static void show_summary(const Corpus *corpus)
{
    RfBuf *out = rf_output_stdout();
    rf_buf_printf(out, "\n[%s] Passed %zu/%zu tests\n", corpus->failed > 0 ? "✗" : "✓", corpus->total - corpus->failed,
                  corpus->total);
    rf_buf_printf(out, "[i] Runtime strategy: %s (", runtime_name(corpus));
    for (unsigned r = 0; r < corpus->runs; r++) {
        rf_buf_printf(out, "%s%s=%zu", r > 0 ? ", " : "", strategies[corpus->first + r].name, corpus->total);
    }
    if (corpus->runs == 2) {
        rf_buf_printf(out, ", divergent=%zu", corpus->divergent);
    }
    rf_buf_puts(out, ")\n");
}

static void print_json(const Corpus *corpus)
{
    RfJson json = rf_json_start(rf_output_stdout());
    rf_json_object(&json);
    rf_json_key_cstr(&json, "command", "test");
    rf_json_key_int(&json, "failed", (int64_t)corpus->failed);
    rf_json_key(&json, "fixtures");
    rf_json_array(&json);
    for (size_t i = 0; i < corpus->count; i++) {
        const Fixture *fixture = &corpus->items[i];
        if (!fixture->skipped) {
            rf_json_object(&json);
            rf_json_key_bool(&json, "divergent", fixture->divergent);
            rf_json_key(&json, "duration_ms");
            rf_json_fixed(&json, fixture->seconds * 1000, 3);
            rf_json_key_cstr(&json, "path", fixture->path);
            rf_json_key_cstr(&json, "status", outcome_words[fixture->outcome]);
            rf_json_object_end(&json);
        }
    }
    rf_json_array_end(&json);
    rf_json_key_int(&json, "passed", (int64_t)(corpus->total - corpus->failed));
    rf_json_key_cstr(&json, "runtime", runtime_name(corpus));
    rf_json_key_cstr(&json, "status", corpus->failed > 0 ? "failed" : "ok");
    rf_json_key_int(&json, "total", (int64_t)corpus->total);
    rf_json_object_end(&json);
    rf_json_finish(&json);
}

static int write_junit(const Corpus *corpus, const char *path)
{
    RfJunitCase *cases = rf_mem_alloc(corpus->total * sizeof *cases);
    size_t count = 0;
    for (size_t i = 0; i < corpus->count; i++) {
        Fixture *fixture = &corpus->items[i];
        if (!fixture->skipped) {
            const char *why =
                fixture->reason.len > 0 ? rf_buf_cstr(&fixture->reason) : "output differs from the snapshot";
            cases[count++] = (RfJunitCase){.name = fixture->path,
                                           .seconds = fixture->seconds,
                                           .failure = is_pass(fixture) ? NULL : why,
                                           .output = fixture->got[0].data,
                                           .output_len = fixture->got[0].len};
        }
    }
    int code = rf_junit_write(path, "ruff test", cases, count);
    rf_mem_free(cases, corpus->total * sizeof *cases);
    return code;
}

/* ---- running ---- */

static bool start_run(Corpus *corpus, Fixture *fixture, uint32_t limit)
{
    const Strategy *strategy = &strategies[corpus->first + fixture->running];
    const char *argv[10] = {"ruff", "run", "--color=never"};
    size_t n = 3;
    for (const char *const *flag = strategy->flags; *flag != NULL; flag++) {
        argv[n++] = *flag;
    }
    argv[n++] = fixture->path;
    argv[n] = NULL;
    return rf_child_start(&fixture->runs[fixture->running++], argv, -1, limit);
}

/* Shows the results of the fixtures that are done, up to the first that is not. */
static void show_finished(Corpus *corpus)
{
    while (corpus->shown < corpus->count) {
        Fixture *fixture = &corpus->items[corpus->shown];
        if (!fixture->skipped && fixture->finished < corpus->runs) {
            break;
        }
        show(corpus, fixture);
        corpus->shown++;
    }
}

/* Runs everything; false when a child could not be started (errno tells) or the user interrupted. */
static bool run_all(Corpus *corpus, uint32_t jobs, uint32_t limit)
{
    RfChild **slots = rf_mem_zalloc(jobs * sizeof *slots);
    Fixture **owners = rf_mem_zalloc(jobs * sizeof *owners);
    size_t next = 0;
    bool ok = true;
    while (ok && corpus->shown < corpus->count) {
        for (uint32_t s = 0; ok && s < jobs; s++) {
            if (slots[s] != NULL && slots[s]->done) {
                Fixture *owner = owners[s];
                slots[s] = NULL;
                if (++owner->finished == corpus->runs) {
                    judge(corpus, owner, limit);
                }
            }
            while (next < corpus->count &&
                   (corpus->items[next].skipped || corpus->items[next].running == corpus->runs)) {
                next++;
            }
            if (slots[s] == NULL && next < corpus->count) {
                Fixture *fixture = &corpus->items[next];
                ok = start_run(corpus, fixture, limit);
                if (ok) {
                    slots[s] = &fixture->runs[fixture->running - 1];
                    owners[s] = fixture;
                }
            }
        }
        show_finished(corpus);
        if (ok && corpus->shown < corpus->count) {
            rf_child_wait(slots, jobs);
            ok = !interrupted;
        }
    }
    int code = errno;
    rf_child_kill(slots, jobs);
    rf_mem_free(slots, jobs * sizeof *slots);
    rf_mem_free(owners, jobs * sizeof *owners);
    errno = code;
    return ok;
}

static void free_corpus(Corpus *corpus)
{
    for (size_t i = 0; i < corpus->count; i++) {
        Fixture *fixture = &corpus->items[i];
        for (unsigned r = 0; r < MAX_RUNS; r++) {
            rf_child_free(&fixture->runs[r]);
            rf_buf_free(&fixture->got[r]);
        }
        rf_buf_free(&fixture->expected);
        rf_buf_free(&fixture->reason);
        free(fixture->path);
        free(fixture->snapshot);
    }
    rf_mem_free(corpus->items, corpus->count * sizeof(Fixture));
    free(corpus->cwd);
}

static void choose_strategies(Corpus *corpus, const char *runtime)
{
    bool jit = runtime != NULL && strcmp(runtime, "jit") == 0;
    bool dual = runtime == NULL || strcmp(runtime, "dual") == 0;
    corpus->first = jit ? 1 : 0;
    corpus->runs = dual ? 2 : 1;
}

static uint32_t cpu_count(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (uint32_t)n : 1;
}

int rf_test_command(const RfArgs *args)
{
    static const char unreadable[] = "Failed to read test directory: " FOLDER;
    Corpus corpus = {
        .update = rf_args_has(args, RF_OPTION_UPDATE),
        .verbose = rf_args_has(args, RF_OPTION_VERBOSE),
        .as_json = rf_args_has(args, RF_OPTION_JSON),
        .cwd = getcwd(NULL, 0),
    };
    choose_strategies(&corpus, rf_args_text(args, RF_OPTION_RUNTIME));
    if (!find_fixtures(&corpus, rf_args_text(args, RF_OPTION_FILTER))) {
        int code = ruff_exit_code(RUFF_ERROR_IO);
        if (corpus.as_json) {
            rf_output_envelope("test", NULL, 0, unreadable, code);
        } else {
            RfBuf text = RF_BUF_INIT;
            rf_buf_printf(&text, "[!] %s\n", unreadable);
            rf_output_stderr(&text);
            rf_buf_free(&text);
        }
        free_corpus(&corpus);
        return code;
    }
    struct sigaction action = {.sa_handler = on_interrupt};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    uint32_t jobs = rf_args_number(args, RF_OPTION_JOBS, cpu_count());
    jobs = jobs > 256 ? 256 : jobs;
    int code;
    if (!run_all(&corpus, jobs, rf_args_number(args, RF_OPTION_TIMEOUT, 60))) {
        code = interrupted ? 128 + SIGINT
                           : rf_output_cli_error(RUFF_ERROR_INTERNAL, "Cannot start a child process: %s",
                                                 rf_source_os_error(errno));
    } else {
        if (corpus.as_json) {
            print_json(&corpus);
        } else {
            show_summary(&corpus);
        }
        code = corpus.failed > 0 ? 3 : 0;
        const char *junit = rf_args_text(args, RF_OPTION_JUNIT);
        int written = junit != NULL ? write_junit(&corpus, junit) : -1;
        code = written >= 0 ? written : code;
    }
    free_corpus(&corpus);
    return code;
}

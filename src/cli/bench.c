/* `ruff bench`: options, the steps of a run, and where its reports go. The work is done in src/tools/bench_*.c. */
#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/source.h"
#include "base/mem.h"
#include "cli/handlers.h"
#include "cli/output.h"
#include "tools/bench_process.h"

#define DEFAULT_FOLDER "bench"
/* --quick: forty benchmarks in three minutes. Native code has to be compiled first. */
#define QUICK_VM_S 0.8
#define QUICK_JIT_S 1.4

typedef void Writer(RfBuf *out, const RfBenchRun *run);

static const struct {
    RfOptionId option;
    Writer *write;
    bool needs_file;
} formats[] = {
    {RF_OPTION_JSON_FILE, rf_bench_json, false},
    {RF_OPTION_CSV, rf_bench_csv, false},
    {RF_OPTION_MARKDOWN, rf_bench_markdown, false},
    {RF_OPTION_HTML, rf_bench_html, true},
};
#define FORMAT_COUNT (sizeof formats / sizeof formats[0])

/* ---- options ---- */

static int bad_value(const RfArgs *args, RfOptionId option, const char *reason)
{
    return rf_args_usage_error(args->command, NULL, "invalid value '%s' for '--%s': %s", rf_args_text(args, option),
                               rf_options[option].name, reason);
}

/* A number with decimals; -1: go on. */
static int read_percent(const RfArgs *args, RfOptionId option, double *out)
{
    const char *text = rf_args_text(args, option);
    if (text == NULL) {
        return -1;
    }
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value) || value < 0 || value > 1e6) {
        return bad_value(args, option, "expected a percentage");
    }
    *out = value;
    return -1;
}

static int check(const RfArgs *args)
{
    const char *save = rf_args_text(args, RF_OPTION_SAVE);
    RfOptionId to_stdout = RF_OPTION_COUNT;
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        RfOptionId option = formats[i].option;
        if (rf_args_has(args, option) && rf_args_text(args, option) == NULL) {
            if (to_stdout != RF_OPTION_COUNT && rf_args_conflict(args, to_stdout, option)) {
                return 2;
            }
            to_stdout = option;
        }
    }
    if (save && !rf_bench_baseline_name(save)) {
        return bad_value(args, RF_OPTION_SAVE, "expected a name without '/' and no '.' at its start");
    }
    if (rf_args_has(args, RF_OPTION_PIN_CPU) && !rf_bench_cpu_exists(rf_args_number(args, RF_OPTION_PIN_CPU, 0))) {
        return bad_value(args, RF_OPTION_PIN_CPU, "programs may not run on that CPU");
    }
    if (rf_args_has(args, RF_OPTION_FAIL_ON_REGRESSION) && !rf_args_has(args, RF_OPTION_BASELINE)) {
        return rf_args_usage_error(args->command, NULL,
                                   "the following required arguments were not provided: --baseline NAME");
    }
    return -1;
}

static int read_options(const RfArgs *args, RfBenchOptions *o)
{
    const char *mode = rf_args_text(args, RF_OPTION_MODE), *cache = rf_args_text(args, RF_OPTION_CACHE);
    bool both = mode == NULL || strcmp(mode, "both") == 0, quick = rf_args_has(args, RF_OPTION_QUICK);
    bool limited = rf_args_has(args, RF_OPTION_TIME_LIMIT);
    *o = (RfBenchOptions){
        .procs = rf_args_number(args, RF_OPTION_PROCS, quick ? 2 : 5),
        .samples = rf_args_number(args, RF_OPTION_SAMPLES, quick ? 5 : 20),
        .samples_given = rf_args_has(args, RF_OPTION_SAMPLES),
        .quick = quick,
        .warm_cache = cache && strcmp(cache, "warm") == 0,
        .verbose = rf_args_has(args, RF_OPTION_VERBOSE),
        .warmup_given = rf_args_has(args, RF_OPTION_WARMUP),
        .warmup = rf_args_number(args, RF_OPTION_WARMUP, 0),
        .min_sample_ms = rf_args_number(args, RF_OPTION_MIN_SAMPLE_MS, 10),
        .run_limit_s = rf_args_number(args, RF_OPTION_TIME_LIMIT, 60),
        .cpu = rf_args_has(args, RF_OPTION_PIN_CPU) ? (int)rf_args_number(args, RF_OPTION_PIN_CPU, 0) : -1,
        .filter = rf_args_text(args, RF_OPTION_FILTER),
        .peers = rf_args_text(args, RF_OPTION_VS),
        .threshold = 5,
        .progress = isatty(STDERR_FILENO),
    };
    uint32_t limit = rf_args_number(args, RF_OPTION_TIME_LIMIT, 60);
    o->limit_s[RF_BENCH_VM] = quick && !limited ? QUICK_VM_S : limit;
    o->limit_s[RF_BENCH_JIT] = quick && !limited ? QUICK_JIT_S : limit;
    o->modes[RF_BENCH_VM] = both || strcmp(mode, "vm") == 0;
    o->modes[RF_BENCH_JIT] = both || strcmp(mode, "jit") == 0;
    if (o->procs > 10000 || o->samples > 1000000 || o->warmup > 1000000) {
        RfOptionId option = o->procs > 10000       ? RF_OPTION_PROCS
                            : o->samples > 1000000 ? RF_OPTION_SAMPLES
                                                   : RF_OPTION_WARMUP;
        return bad_value(args, option, "too many");
    }
    int code = check(args);
    return code >= 0 ? code : read_percent(args, RF_OPTION_THRESHOLD, &o->threshold);
}

/* The options as they were given, for the report; malloc'd strings. */
static const char **flags_of(const RfArgs *args)
{
    const char **flags = rf_mem_alloc((size_t)args->use_count * sizeof *flags);
    for (int i = 0; i < args->use_count; i++) {
        const RfOptionUse *use = &args->uses[i];
        RfBuf text = RF_BUF_INIT;
        rf_buf_printf(&text, "--%s%s%s", rf_options[use->option].name, use->value ? "=" : "",
                      use->value ? use->value : "");
        flags[i] = rf_bench_copy(rf_buf_cstr(&text), text.len);
        rf_buf_free(&text);
    }
    return flags;
}

/* ---- failures before anything is measured ---- */

/* "Error: TEXT" on standard error or, when JSON goes to standard output, the envelope there. */
static int fail(const RfArgs *args, RfBuf *message)
{
    int code = ruff_exit_code(RUFF_ERROR_IO);
    if (rf_args_has(args, RF_OPTION_JSON_FILE) && rf_args_text(args, RF_OPTION_JSON_FILE) == NULL) {
        rf_output_envelope("bench", NULL, 0, rf_buf_cstr(message), code);
    } else {
        RfBuf line = RF_BUF_INIT;
        rf_buf_printf(&line, "Error: %s\n", rf_buf_cstr(message));
        rf_output_stderr(&line);
        rf_buf_free(&line);
    }
    rf_buf_free(message);
    return code;
}

static bool discover(RfBenchRun *run, const RfArgs *args, RfBuf *message)
{
    if (args->operand_count == 0) {
        if (access(DEFAULT_FOLDER, F_OK) != 0) {
            rf_buf_puts(message, "No benchmark directory found. Please specify a path.");
            return false;
        }
        return rf_bench_discover(run, DEFAULT_FOLDER, message);
    }
    for (int i = 0; i < args->operand_count; i++) {
        if (!rf_bench_discover(run, args->operands[i], message)) {
            return false;
        }
    }
    return true;
}

static bool find_benchmarks(RfBenchRun *run, const RfArgs *args, RfBuf *message)
{
    if (discover(run, args, message) && run->count == 0) {
        rf_buf_printf(message, "No benchmarks match '%s'", run->options.filter);
    }
    return message->len == 0;
}

/* A file that cannot be written is found out before minutes are spent on what it is to hold. */
static bool check_files(const RfArgs *args, RfBuf *message)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        const char *path = rf_args_text(args, formats[i].option);
        if (path == NULL) {
            continue;
        }
        bool existed = access(path, F_OK) == 0;
        FILE *f = fopen(path, "ae");
        if (f == NULL) {
            rf_buf_printf(message, "Failed to write '%s': %s", path, rf_source_os_error(errno));
            return false;
        }
        fclose(f);
        if (!existed) {
            unlink(path);
        }
    }
    return true;
}

/* ---- the code cache of --cache warm ---- */

static bool make_cache(RfBenchRun *run)
{
    const char *folder = getenv("TMPDIR");
    int len = snprintf(run->cache, sizeof run->cache, "%s/ruff-bench-XXXXXX", folder && *folder ? folder : "/tmp");
    if (len >= (int)sizeof run->cache) {
        snprintf(run->cache, sizeof run->cache, "/tmp/ruff-bench-XXXXXX");
    }
    if (mkdtemp(run->cache) == NULL) {
        run->cache[0] = '\0';
        return false;
    }
    return true;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info, (void)type, (void)at;
    return remove(path);
}

static void remove_cache(RfBenchRun *run)
{
    if (run->cache[0]) {
        nftw(run->cache, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
        run->cache[0] = '\0';
    }
}

/* ---- results ---- */

/* Writes a report to a file; exit code 0 or 5. */
static int write_file(const char *path, const RfBuf *text)
{
    int code = rf_bench_write_file(path, text);
    return code == 0 ? 0
                     : rf_output_cli_error(RUFF_ERROR_IO, "Failed to write '%s': %s", path, rf_source_os_error(code));
}

static int show(const RfArgs *args, const RfBenchRun *run)
{
    bool human = true;
    int code = 0;
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        RfOptionId option = formats[i].option;
        const char *path = rf_args_text(args, option);
        if (!rf_args_has(args, option)) {
            continue;
        }
        if (path == NULL) {
            formats[i].write(rf_output_stdout(), run);
            human = false;
            continue;
        }
        RfBuf text = RF_BUF_INIT;
        formats[i].write(&text, run);
        int written = write_file(path, &text);
        code = written != 0 ? written : code;
        rf_buf_free(&text);
    }
    if (human) {
        rf_bench_report(rf_output_stdout(), run);
    }
    return code;
}

static int store(const RfArgs *args, const RfBenchRun *run)
{
    RfBuf json = RF_BUF_INIT;
    rf_bench_json(&json, run);
    rf_bench_store("last", &json); /* where nothing can be written, nothing is */
    const char *save = rf_args_text(args, RF_OPTION_SAVE);
    int code = save ? rf_bench_store(save, &json) : 0;
    rf_buf_free(&json);
    return code == 0 ? 0
                     : rf_output_cli_error(RUFF_ERROR_IO, "Failed to write '.ruff/bench/%s.json': %s", save,
                                           rf_source_os_error(code));
}

static int conclude(const RfArgs *args, RfBenchRun *run, const RfBenchBaseline *baseline)
{
    rf_bench_judge(run);
    if (baseline) {
        rf_bench_baseline_compare(run, baseline);
    }
    int shown = show(args, run), stored = store(args, run);
    RfBenchSummary s = rf_bench_summarise(run);
    bool gate = s.failed > 0 || (s.regressions > 0 && rf_args_has(args, RF_OPTION_FAIL_ON_REGRESSION));
    return shown != 0 ? shown : stored != 0 ? stored : gate ? 1 : 0;
}

static int run_all(const RfArgs *args, RfBenchRun *run)
{
    RfBuf message = RF_BUF_INIT;
    const char *name = rf_args_text(args, RF_OPTION_BASELINE);
    if (!find_benchmarks(run, args, &message) || !check_files(args, &message)) {
        return fail(args, &message);
    }
    RfBenchBaseline *baseline = name ? rf_bench_baseline_open(name, &message) : NULL;
    if (name && !baseline) {
        return fail(args, &message);
    }
    rf_bench_catch_signals();
    rf_bench_environment(&run->environment);
    int code;
    if ((run->options.warm_cache && !make_cache(run)) || !rf_bench_measure(run) || !rf_bench_peers(run)) {
        int reason = errno;
        code = rf_bench_interrupted() ? 128 + rf_bench_interrupted()
                                      : rf_output_cli_error(RUFF_ERROR_INTERNAL, "Cannot start a child process: %s",
                                                            rf_source_os_error(reason));
    } else {
        code = conclude(args, run, baseline);
    }
    rf_bench_baseline_free(baseline);
    return code;
}

int rf_bench_command(const RfArgs *args)
{
    if (rf_args_has(args, RF_OPTION_DOCTOR)) {
        rf_bench_doctor(rf_output_stdout());
        return 0;
    }
    RfBenchRun run = {.items = NULL};
    int code = read_options(args, &run.options);
    if (code >= 0) {
        return code;
    }
    const char **flags = flags_of(args);
    run.options.flags = flags;
    run.options.flag_count = (size_t)args->use_count;
    code = run_all(args, &run);
    remove_cache(&run);
    rf_bench_free(&run);
    for (int i = 0; i < args->use_count; i++) {
        free((char *)(uintptr_t)flags[i]);
    }
    rf_mem_free(flags, (size_t)args->use_count * sizeof *flags);
    return code;
}

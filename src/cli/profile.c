/* `ruff profile`: runs a program under the sampling profiler and writes the report and the files asked for.
 *
 * The program's own output and exit code are untouched. With --json and no file the document is all of standard output. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api/handles.h"
#include "api/source.h"
#include "cli/config.h"
#include "cli/handlers.h"
#include "cli/load.h"
#include "cli/output.h"
#include "cli/run.h"
#include "tools/profile.h"

#define HZ_MOST 10000u

typedef struct Session {
    const RfArgs *args;
    RfProf profile;
    RfProfSections sections;
    bool as_json; /* the document goes to standard output */
    double started;
} Session;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- files ---- */

static const struct {
    RfOptionId option;
    bool graph; /* the name says whether it is SVG */
} outputs[] = {{RF_OPTION_FLAMEGRAPH, true},
               {RF_OPTION_FOLDED, false},
               {RF_OPTION_SPEEDSCOPE, false},
               {RF_OPTION_JSON_FILE, false}};

static int cannot_write(const char *path, int code)
{
    return rf_output_cli_error(RUFF_ERROR_IO, "Failed to write file '%s': %s", path, rf_source_os_error(code));
}

/* Before anything runs: a long run must not end with the news that its result cannot be kept. -1: all is well. */
static int check_outputs(const RfArgs *args)
{
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++) {
        const char *path = rf_args_text(args, outputs[i].option);
        if (path == NULL) {
            continue;
        }
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0) {
            return cannot_write(path, errno);
        }
        close(fd);
    }
    return -1;
}

static bool ends_in_svg(const char *path)
{
    size_t len = strlen(path);
    return len >= 4 && strcmp(path + len - 4, ".svg") == 0;
}

/* -1, or the exit code after an error that has been printed. */
static int write_file(const char *path, const RfBuf *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        return cannot_write(path, errno);
    }
    bool written = rf_output_write(fd, text);
    int code = errno;
    if (close(fd) != 0 && written) {
        written = false;
        code = errno;
    }
    return written ? -1 : cannot_write(path, code);
}

static int write_outputs(const Session *s)
{
    const RfProf *p = &s->profile;
    const char *title = rf_load_name(s->args);
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++) {
        const char *path = rf_args_text(s->args, outputs[i].option);
        if (path == NULL) {
            continue;
        }
        RfBuf text = RF_BUF_INIT;
        if (outputs[i].graph && ends_in_svg(path)) {
            rf_prof_flame(&text, p, title);
        } else if (outputs[i].option == RF_OPTION_SPEEDSCOPE) {
            rf_prof_speedscope(&text, p, title);
        } else if (outputs[i].option == RF_OPTION_JSON_FILE) {
            rf_prof_json(&text, p, &s->sections);
        } else {
            rf_prof_folded(&text, p);
        }
        int code = write_file(path, &text);
        rf_buf_free(&text);
        if (code >= 0) {
            return code;
        }
    }
    return -1;
}

/* ---- the run ---- */

static void discard(void *context, const char *bytes, size_t len)
{
    (void)context;
    (void)bytes;
    (void)len;
}

static void start(void *context, RuffVM *vm)
{
    Session *s = context;
    s->started = now();
    rf_prof_start(&s->profile, vm->vm, s->sections.memory);
}

static void show(const Session *s)
{
    if (s->as_json) {
        rf_prof_json(rf_output_stdout(), &s->profile, &s->sections);
        return;
    }
    RfBuf text = RF_BUF_INIT;
    rf_prof_report(&text, &s->profile, &s->sections);
    rf_output_stderr(&text);
    rf_buf_free(&text);
}

static int end(void *context, RuffVM *vm, int code)
{
    Session *s = context;
    if (vm == NULL) {
        return code; /* it never ran */
    }
    rf_prof_stop(&s->profile);
    s->profile.seconds = now() - s->started;
    rf_prof_end(&s->profile, vm->vm);
    int failed = write_outputs(s);
    show(s);
    return failed >= 0 && code == 0 ? failed : code;
}

/* --json: a program that fails gets the envelope when it cannot be profiled at all; else its error is shown as usual. */
static int report_failure(void *context, const RuffError *error)
{
    Session *s = context;
    int code = ruff_exit_code(error->status);
    if (s->as_json && error->status != RUFF_ERROR_RUNTIME) {
        rf_output_envelope("profile", &error, 1, ruff_error_diagnostic(error, 0).message, code);
        return code;
    }
    return rf_output_error(error);
}

static void choose_sections(Session *s)
{
    const RfArgs *args = s->args;
    bool cpu = rf_args_has(args, RF_OPTION_CPU), memory = rf_args_has(args, RF_OPTION_MEMORY),
         jit = rf_args_has(args, RF_OPTION_JIT_REPORT), all = !cpu && !memory && !jit;
    s->sections = (RfProfSections){.cpu = (cpu || all) && !rf_args_has(args, RF_OPTION_NO_CPU),
                                   .memory = (memory || all) && !rf_args_has(args, RF_OPTION_NO_MEMORY),
                                   .jit = (jit || all) && !rf_args_has(args, RF_OPTION_NO_JIT_REPORT),
                                   .lines = rf_args_has(args, RF_OPTION_LINES),
                                   .top = rf_args_number(args, RF_OPTION_TOP, 10)};
}

int rf_profile_command(const RfArgs *args)
{
    Session s = {.args = args};
    RuffConfig config;
    int code = rf_config_from_args(args, &config);
    if (code >= 0) {
        return code;
    }
    uint32_t hz = rf_args_number(args, RF_OPTION_HZ, RF_PROF_HZ);
    if (hz > HZ_MOST) {
        return rf_args_usage_error(args->command, NULL, "invalid value '%s' for '--hz': expected a number from 1 to %u",
                                   rf_args_text(args, RF_OPTION_HZ), HZ_MOST);
    }
    choose_sections(&s);
    s.as_json = rf_args_has(args, RF_OPTION_JSON_FILE) && rf_args_text(args, RF_OPTION_JSON_FILE) == NULL;
    if (s.as_json) {
        config.write_out = discard;
    }
    code = check_outputs(args);
    if (code >= 0) {
        return code;
    }
    rf_prof_init(&s.profile, hz);
    rf_prof_prepare();
    RfRunHooks hooks = {.loaded = start, .ended = end, .failed = report_failure, .context = &s};
    code = rf_run_program(args, &config, &hooks);
    rf_prof_free(&s.profile);
    return code;
}

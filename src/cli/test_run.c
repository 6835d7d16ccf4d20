/* `ruff test-run`: the tests declared in a program, each in a fresh VM. */
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "cli/child.h"
#include "cli/config.h"
#include "cli/handlers.h"
#include "cli/junit.h"
#include "cli/output.h"

#define RULE "============================================================\n"

typedef struct Result {
    RuffTest test; /* lives as long as the program that lists the tests */
    bool passed;
    double seconds;
    RfBuf output;  /* standard output and standard error as the test wrote them */
    RfBuf message; /* why it failed */
    RfBuf file;    /* where; empty when unknown */
    uint32_t line, column;
} Result;

typedef struct Session {
    const char *file;
    RuffConfig config;
    RuffVM *vm; /* holds the list of tests; runs none */
    RuffProgram *program;
    Result *results;
    size_t count, failed;
    double seconds;
    bool verbose, as_json;
} Session;

static void collect(void *context, const char *bytes, size_t len)
{
    rf_buf_put(context, bytes, len);
}

#define NO_EXIT (-1)
static _Atomic int exit_code; /* of the first exit() in the running test, on any of its threads */

static void note_exit(void *context, int code, int output_error)
{
    (void)context, (void)output_error;
    int none = NO_EXIT;
    atomic_compare_exchange_strong(&exit_code, &none, code);
}

/* Notes the last error of a VM as the reason of the failure; the first reason stays. */
static void note_failure(Result *result, const RuffVM *vm, const char *prefix)
{
    result->passed = false;
    if (result->message.len > 0) {
        return;
    }
    RuffDiagnostic diag = ruff_error_diagnostic(ruff_last_error(vm), 0);
    rf_buf_puts(&result->message, prefix);
    if (exit_code == NO_EXIT) {
        rf_buf_put(&result->message, diag.message, diag.message_len);
    } else {
        rf_buf_printf(&result->message, "Test called exit(%d)", exit_code);
    }
    rf_buf_puts(&result->file, diag.file ? diag.file : "");
    result->line = diag.line;
    result->column = diag.column;
}

/* Top level, setup, body, teardown. The teardown runs whatever the setup and the body did. */
static void run_parts(const Session *session, RuffVM *vm, Result *result, size_t index)
{
    RuffProgram *program;
    if (ruff_load_file(vm, session->file, &program) != RUFF_OK || ruff_run(vm, program) != RUFF_OK) {
        note_failure(result, vm, "Load failed: ");
        return;
    }
    if (ruff_test_setup(vm, program) != RUFF_OK) {
        note_failure(result, vm, "Setup failed: ");
    } else if (ruff_test_body(vm, program, index) != RUFF_OK) {
        note_failure(result, vm, "");
    }
    if (ruff_test_teardown(vm, program) != RUFF_OK) {
        note_failure(result, vm, "Teardown failed: ");
    }
}

static void run_test(const Session *session, Result *result, size_t index)
{
    double started = rf_child_clock();
    RuffConfig config = session->config;
    config.write_out = collect;
    config.write_err = collect;
    config.write_context = &result->output;
    config.on_exit = note_exit;
    exit_code = NO_EXIT;
    result->passed = true;
    RuffVM *vm = ruff_vm_new(&config);
    if (vm == NULL) {
        result->passed = false;
        rf_buf_puts(&result->message, "Load failed: no address space for the stacks of the virtual machine");
    } else {
        run_parts(session, vm, result, index);
        ruff_flush(vm);
        ruff_vm_free(vm);
        if (result->passed && exit_code != NO_EXIT) { /* in a task, or where nobody awaits it */
            result->passed = false;
            rf_buf_printf(&result->message, "Test called exit(%d)", exit_code);
        }
    }
    result->seconds = rf_child_clock() - started;
}

/* ---- reports ---- */

static void put_indented(RfBuf *out, const char *indent, const RfBuf *text)
{
    for (size_t at = 0; at < text->len;) {
        const char *end = memchr(text->data + at, '\n', text->len - at);
        size_t len = end ? (size_t)(end - text->data) - at : text->len - at;
        rf_buf_puts(out, indent);
        rf_buf_put(out, text->data + at, len);
        rf_buf_putc(out, '\n');
        at += len + 1;
    }
}

static void put_result(RfBuf *out, Result *result)
{
    rf_buf_printf(out, "  %s %s (%.0fms)\n", result->passed ? "✓" : "✗", result->test.name, result->seconds * 1000);
    if (!result->passed) {
        rf_buf_puts(out, "    Error: ");
        rf_buf_put(out, result->message.data, result->message.len);
        rf_buf_putc(out, '\n');
        if (result->line > 0) {
            rf_buf_printf(out, "      --> %s:%u:%u\n", rf_buf_cstr(&result->file), result->line, result->column);
        }
    }
    if (result->output.len > 0) {
        rf_buf_puts(out, "    Output:\n");
        put_indented(out, "      ", &result->output);
    }
}

static void print_report(const Session *session)
{
    RfBuf *out = rf_output_stdout();
    rf_buf_puts(out, "\n" RULE "Test Results\n" RULE);
    for (size_t i = 0; i < session->count; i++) {
        if (session->verbose || !session->results[i].passed) {
            put_result(out, &session->results[i]);
        }
    }
    rf_buf_printf(out, "\nTests: %zu total, %zu passed, %zu failed\n", session->count, session->count - session->failed,
                  session->failed);
    rf_buf_printf(out, "Time:  %.0fms\n" RULE "\n", session->seconds * 1000);
    if (session->failed == 0) {
        rf_buf_puts(out, "All tests passed! ✨\n");
    } else {
        rf_buf_printf(out, "%zu test(s) failed\n", session->failed);
    }
}

static void print_json(const Session *session)
{
    RfJson json = rf_json_start(rf_output_stdout());
    rf_json_object(&json);
    rf_json_key_cstr(&json, "command", "test-run");
    rf_json_key_int(&json, "failed", (int64_t)session->failed);
    rf_json_key_cstr(&json, "file", session->file);
    rf_json_key_int(&json, "passed", (int64_t)(session->count - session->failed));
    rf_json_key_cstr(&json, "status", session->failed > 0 ? "failed" : "ok");
    rf_json_key(&json, "tests");
    rf_json_array(&json);
    for (size_t i = 0; i < session->count; i++) {
        Result *result = &session->results[i];
        bool placed = !result->passed && result->line > 0;
        rf_json_object(&json);
        rf_json_key_int(&json, "column", placed ? result->column : result->test.column);
        rf_json_key(&json, "duration_ms");
        rf_json_fixed(&json, result->seconds * 1000, 3);
        rf_json_key_int(&json, "line", placed ? result->line : result->test.line);
        rf_json_key(&json, "message");
        if (result->passed) {
            rf_json_null(&json);
        } else {
            rf_json_text(&json, result->message.data, result->message.len);
        }
        rf_json_key_cstr(&json, "name", result->test.name);
        rf_json_key(&json, "output");
        rf_json_text(&json, result->output.data, result->output.len);
        rf_json_key_cstr(&json, "status", result->passed ? "passed" : "failed");
        rf_json_object_end(&json);
    }
    rf_json_array_end(&json);
    rf_json_key_int(&json, "total", (int64_t)session->count);
    rf_json_object_end(&json);
    rf_json_finish(&json);
}

/* --list: names in source order; with --json each with its place. */
static void print_list(const Session *session)
{
    if (!session->as_json) {
        for (size_t i = 0; i < session->count; i++) {
            rf_buf_printf(rf_output_stdout(), "%s\n", session->results[i].test.name);
        }
        return;
    }
    RfJson json = rf_json_start(rf_output_stdout());
    rf_json_object(&json);
    rf_json_key_cstr(&json, "command", "test-run");
    rf_json_key_cstr(&json, "file", session->file);
    rf_json_key_cstr(&json, "status", "ok");
    rf_json_key(&json, "tests");
    rf_json_array(&json);
    for (size_t i = 0; i < session->count; i++) {
        RuffTest test = session->results[i].test;
        rf_json_object(&json);
        rf_json_key_int(&json, "column", test.column);
        rf_json_key_int(&json, "line", test.line);
        rf_json_key_cstr(&json, "name", test.name);
        rf_json_object_end(&json);
    }
    rf_json_array_end(&json);
    rf_json_key_int(&json, "total", (int64_t)session->count);
    rf_json_object_end(&json);
    rf_json_finish(&json);
}

static int write_junit(const Session *session, const char *path)
{
    RfJunitCase *cases = rf_mem_alloc(session->count * sizeof *cases);
    for (size_t i = 0; i < session->count; i++) {
        Result *result = &session->results[i];
        cases[i] = (RfJunitCase){.name = result->test.name,
                                 .seconds = result->seconds,
                                 .failure = result->passed ? NULL : rf_buf_cstr(&result->message),
                                 .output = result->output.data,
                                 .output_len = result->output.len};
    }
    int code = rf_junit_write(path, session->file, cases, session->count);
    rf_mem_free(cases, session->count * sizeof *cases);
    return code;
}

/* ---- the command ---- */

/* The file does not load: as `run` reports it, or in the envelope. */
static int load_failure(const Session *session)
{
    const RuffError *error = ruff_last_error(session->vm);
    if (!session->as_json) {
        return rf_output_error(error);
    }
    int code = ruff_exit_code(ruff_error_status(error));
    rf_output_envelope("test-run", &error, 1, ruff_error_diagnostic(error, 0).message, code);
    return code;
}

static int no_tests(const Session *session)
{
    RfBuf text = RF_BUF_INIT;
    rf_buf_printf(&text, "No tests found in %s", session->file);
    int code = ruff_exit_code(RUFF_ERROR_RUNTIME);
    if (session->as_json) {
        rf_output_envelope("test-run", NULL, 0, rf_buf_cstr(&text), code);
    } else {
        rf_buf_putc(&text, '\n');
        rf_output_stderr(&text);
    }
    rf_buf_free(&text);
    return code;
}

/* Runs the chosen tests, whose numbers in the file are `numbers`. */
static int run_tests(Session *session, const size_t *numbers, const char *junit)
{
    double started = rf_child_clock();
    for (size_t i = 0; i < session->count; i++) {
        run_test(session, &session->results[i], numbers[i]);
        session->failed += !session->results[i].passed;
    }
    session->seconds = rf_child_clock() - started;
    (session->as_json ? print_json : print_report)(session);
    int code = junit != NULL ? write_junit(session, junit) : -1;
    return code >= 0 ? code : session->failed > 0;
}

static int run_session(Session *session, const RfArgs *args)
{
    if (ruff_load_file(session->vm, session->file, &session->program) != RUFF_OK) {
        return load_failure(session);
    }
    const char *filter = rf_args_text(args, RF_OPTION_FILTER);
    size_t all = ruff_test_count(session->program);
    size_t *numbers = rf_mem_alloc(all * sizeof *numbers);
    session->results = rf_mem_zalloc(all * sizeof *session->results);
    for (size_t i = 0; i < all; i++) {
        RuffTest test = ruff_test_at(session->program, i);
        if (filter == NULL || strstr(test.name, filter) != NULL) {
            numbers[session->count] = i;
            session->results[session->count++].test = test;
        }
    }
    int code = 0;
    if (session->count == 0) {
        code = no_tests(session);
    } else if (rf_args_has(args, RF_OPTION_LIST)) {
        print_list(session);
    } else {
        code = run_tests(session, numbers, rf_args_text(args, RF_OPTION_JUNIT));
    }
    for (size_t i = 0; i < session->count; i++) {
        rf_buf_free(&session->results[i].output);
        rf_buf_free(&session->results[i].message);
        rf_buf_free(&session->results[i].file);
    }
    rf_mem_free(session->results, all * sizeof *session->results);
    rf_mem_free(numbers, all * sizeof *numbers);
    return code;
}

int rf_test_run_command(const RfArgs *args)
{
    Session session = {
        .file = args->operands[0],
        .verbose = rf_args_has(args, RF_OPTION_VERBOSE),
        .as_json = rf_args_has(args, RF_OPTION_JSON),
    };
    int code = rf_config_from_args(args, &session.config);
    if (code >= 0) {
        return code;
    }
    RfBuf directory = RF_BUF_INIT;
    session.config.entry_dir = rf_config_directory_of(&directory, session.file);
    session.vm = ruff_vm_new(&session.config);
    code = session.vm != NULL
               ? run_session(&session, args)
               : rf_output_cli_error(RUFF_ERROR_INTERNAL, "No address space for the stacks of the virtual machine");
    ruff_vm_free(session.vm);
    rf_buf_free(&directory);
    return code;
}

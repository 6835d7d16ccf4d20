/* `ruff run`, `ruff FILE`, `ruff -e`, `ruff -`: one program from source text to exit code. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "api/render.h"
#include "cli/colors.h"
#include "cli/config.h"
#include "cli/handlers.h"
#include "cli/output.h"
#include "cli/verify.h"

/* The first Ctrl-C asks the program to end; the second one finds the default action and ends it at once. */
static void on_interrupt(int signal_number)
{
    (void)signal_number;
    ruff_interrupt();
}

static void catch_interrupt(void)
{
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

/* The envelope of --json-runtime-diagnostics, on standard output after what the program printed. */
static void print_runtime_envelope(const RuffError *error, int code)
{
    bool runtime = error->status == RUFF_ERROR_RUNTIME;
    RfJson json = rf_json_start(rf_output_stdout());
    rf_json_object(&json);
    if (runtime) {
        rf_json_key(&json, "call_stack");
        rf_render_call_stack(&json, error);
    }
    rf_json_key_cstr(&json, "command", "run");
    rf_json_key_cstr(&json, "contract_version", RF_CONTRACT_VERSION);
    rf_json_key(&json, "diagnostic");
    rf_render_diagnostic(&json, error, 0);
    rf_json_key_int(&json, "exit_code", code);
    rf_json_key_cstr(&json, "kind", "runtime_diagnostic");
    if (runtime) {
        rf_json_key_cstr(&json, "runtime_kind", "Runtime Error");
    }
    rf_json_key_cstr(&json, "status", "error");
    rf_json_object_end(&json);
    rf_json_finish(&json);
}

static int report(const RuffError *error, bool as_json)
{
    bool ran = error->status == RUFF_ERROR_RUNTIME || error->status == RUFF_ERROR_COMPILE ||
               error->status == RUFF_ERROR_INTERNAL;
    if (as_json && ran) {
        int code = ruff_exit_code(error->status);
        print_runtime_envelope(error, code);
        return code;
    }
    return rf_output_error(error);
}

/* May be called on another thread than this one: touches nothing but the error. */
static void show_task_error(void *context, const RuffError *error)
{
    (void)context;
    RfBuf text = RF_BUF_INIT;
    rf_render_human(&text, error, rf_colors_wanted(STDERR_FILENO));
    rf_output_write(STDERR_FILENO, &text);
    rf_buf_free(&text);
}

/* The pieces of -e, joined by newlines. */
static RfBuf join_code(const RfArgs *args)
{
    RfBuf code = RF_BUF_INIT;
    bool first = true;
    for (int i = 0; i < args->use_count; i++) {
        if (args->uses[i].option == RF_OPTION_EVAL) {
            if (!first) {
                rf_buf_putc(&code, '\n');
            }
            rf_buf_puts(&code, args->uses[i].value);
            first = false;
        }
    }
    return code;
}

static RuffStatus load(RuffVM *vm, const RfArgs *args, const char *file, RuffProgram **program)
{
    if (file == NULL) {
        RfBuf code = join_code(args);
        RuffStatus status = ruff_load(vm, "<eval>", code.data ? code.data : "", code.len, program);
        rf_buf_free(&code);
        return status;
    }
    if (strcmp(file, "-") == 0) {
        return ruff_load_fd(vm, STDIN_FILENO, "<stdin>", program);
    }
    return ruff_load_file(vm, file, program);
}

int rf_run_command(const RfArgs *args)
{
    RuffConfig config;
    int code = rf_config_from_args(args, &config);
    if (code >= 0) {
        return code;
    }
    if (rf_args_has(args, RF_OPTION_VERIFY_JIT)) {
        return rf_verify_run(args);
    }
    bool eval = rf_args_has(args, RF_OPTION_EVAL);
    const char *file = eval ? NULL : args->operands[0];
    RfBuf directory = RF_BUF_INIT;
    config.argc = args->operand_count - !eval;
    config.argv = args->operands + !eval;
    config.entry_dir = file && strcmp(file, "-") != 0 ? rf_config_directory_of(&directory, file) : NULL;
    config.task_error = show_task_error;
    bool as_json = rf_args_has(args, RF_OPTION_JSON_RUNTIME);
    RuffVM *vm = ruff_vm_new(&config);
    rf_buf_free(&directory);
    if (vm == NULL) {
        RuffError error;
        rf_failure_init(&error);
        rf_failure_set(&error, RUFF_ERROR_INTERNAL, "RUFVM001", "vm", NULL, (RfPos){0, 0}, NULL,
                       "Internal error: no address space for the stacks of the virtual machine");
        code = report(&error, as_json);
        rf_failure_free(&error);
        return code;
    }
    RuffProgram *program;
    RuffStatus status = load(vm, args, file, &program);
    if (status == RUFF_OK) {
        catch_interrupt();
        status = ruff_run(vm, program);
    }
    ruff_flush(vm);
    code = status == RUFF_OK ? 0 : report(ruff_last_error(vm), as_json);
    int lost = ruff_output_error(vm);
    if (lost != 0 && lost != EPIPE && code == 0) { /* a reader that has gone is no failure */
        code = rf_output_write_error(lost);
    }
#if defined(RF_SANITIZE) || defined(RF_ASSERTIONS)
    ruff_vm_free(vm); /* otherwise the process ends sooner without taking the heap apart */
#endif
    return code;
}

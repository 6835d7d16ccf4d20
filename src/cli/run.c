/* `ruff run`, `ruff FILE`, `ruff -e`, `ruff -`: one program from source text to exit code. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/handles.h"
#include "api/render.h"
#include "base/mem.h"
#include "cli/colors.h"
#include "cli/config.h"
#include "cli/handlers.h"
#include "cli/load.h"
#include "cli/output.h"
#include "cli/verify.h"
#include "vm/program.h"

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

/* What was printed before memory ran out is shown: the error says so after it. Another thread than the VM's must not
 * touch the buffer. */
static struct {
    RuffVM *vm;
    pthread_t thread;
} running;

static void flush_before_exhaustion(void)
{
    if (running.vm != NULL && pthread_equal(running.thread, pthread_self())) {
        ruff_flush(running.vm);
    }
}

/* A reader that has gone is no failure; other lost output is one, unless the program failed anyway. */
static int final_code(int code, int output_error)
{
    bool lost = output_error != 0 && output_error != EPIPE;
    return lost && code == 0 ? rf_output_write_error(output_error) : code;
}

static void end_process(void *context, int code, int output_error)
{
    (void)context;
    exit(final_code(code, output_error));
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
    const char *file = rf_load_file_operand(args);
    bool eval = file == NULL;
    RfBuf directory = RF_BUF_INIT;
    config.argc = args->operand_count - !eval;
    config.argv = args->operands + !eval;
    config.entry_dir = file && strcmp(file, "-") != 0 ? rf_config_directory_of(&directory, file) : NULL;
    config.task_error = show_task_error;
    config.on_exit = end_process;
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
    running.vm = vm;
    running.thread = pthread_self();
    rf_mem_set_exhausted_hook(flush_before_exhaustion);
    RuffProgram *program;
    RuffStatus status = rf_load_program(vm, args, &program);
    if (status == RUFF_OK) {
        catch_interrupt();
        status = ruff_run(vm, program);
    }
    ruff_flush(vm);
    code = status == RUFF_OK ? 0 : report(ruff_last_error(vm), as_json);
    code = final_code(code, ruff_output_error(vm));
    rf_vm_leave(vm->vm);
#if defined(RF_SANITIZE) || defined(RF_ASSERTIONS)
    running.vm = NULL;
    ruff_vm_free(vm); /* otherwise the process ends sooner without taking the heap apart */
#endif
    return code;
}

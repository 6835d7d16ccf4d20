/* Virtual machines and programs for hosts: configuration, loading, running, calling, failures.
 *
 * Every failure is turned into the VM's error object at once, so nothing of the runtime's error state outlives a call.
 */
#include "ruff/ruff.h"

#include <string.h>

#include "api/handles.h"
#include "api/render.h"
#include "api/source.h"
#include "base/mem.h"
#include "jit/jit.h"
#include "runtime/runtime.h"
#include "vm/frame.h"

/* The public capability bits are those of the VM. */
_Static_assert(RUFF_ALLOW_FS_READ == 1u << RF_CAP_FS_READ, "capability bits");
_Static_assert(RUFF_ALLOW_FS_WRITE == 1u << RF_CAP_FS_WRITE, "capability bits");
_Static_assert(RUFF_ALLOW_FS_DELETE == 1u << RF_CAP_FS_DELETE, "capability bits");
_Static_assert(RUFF_ALLOW_PROCESS_EXEC == 1u << RF_CAP_PROCESS_EXEC, "capability bits");
_Static_assert(RUFF_ALLOW_SHELL_EXEC == 1u << RF_CAP_SHELL_EXEC, "capability bits");
_Static_assert(RUFF_ALLOW_ENV_READ == 1u << RF_CAP_ENV_READ, "capability bits");
_Static_assert(RUFF_ALLOW_ENV_WRITE == 1u << RF_CAP_ENV_WRITE, "capability bits");
_Static_assert(RUFF_ALLOW_NET_CLIENT == 1u << RF_CAP_NET_CLIENT, "capability bits");
_Static_assert(RUFF_ALLOW_NET_SERVER == 1u << RF_CAP_NET_SERVER, "capability bits");
_Static_assert(RUFF_ALLOW_DATABASE == 1u << RF_CAP_DATABASE, "capability bits");
_Static_assert(RUFF_ALLOW_CLOCK == 1u << RF_CAP_CLOCK, "capability bits");
_Static_assert(RUFF_ALLOW_RANDOM == 1u << RF_CAP_RANDOM, "capability bits");
_Static_assert(RUFF_ALLOW_FFI == 1u << RF_CAP_FFI, "capability bits");
_Static_assert((RUFF_ALLOW_ALL | 1u << RF_CAP_NONE) == RF_CAPABILITIES_ALL, "capability bits");

const char *ruff_version(void)
{
    return RUFF_VERSION;
}

void ruff_config_init(RuffConfig *config)
{
    *config = (RuffConfig){.capabilities = RUFF_ALLOW_ALL, .jit = true, .jit_cache = true};
}

/* ---- failures ---- */

static const char *find_source(void *context, const char *file, size_t *len)
{
    return rf_program_source(context, file, len);
}

/* Moves the runtime's error into the VM's error object. */
static RuffStatus runtime_failure(RuffVM *vm)
{
    RfError error = rf_error_take(rf_rt(vm->vm));
    vm->vm->stopped = false; /* the host decides what comes next */
    rf_failure_set_runtime(&vm->error, &error, find_source, vm->vm);
    rf_error_clear(&error);
    return RUFF_ERROR_RUNTIME;
}

/* The host asked for something impossible; gives the status. */
#define USAGE_FAILURE(vm, ...)                                                                                         \
    (rf_failure_set(&(vm)->error, RUFF_ERROR_USAGE, "RUFVM001", "vm", NULL, (RfPos){0, 0}, NULL, __VA_ARGS__),         \
     RUFF_ERROR_USAGE)

/* An async task failed and nobody awaits it: tell the host, or show it on the error output. */
static void report_task_error(RfVm *rfvm, const RfError *from, void *context)
{
    RuffVM *vm = context;
    RuffError error;
    rf_failure_init(&error);
    rf_failure_set_runtime(&error, from, find_source, rfvm);
    rf_vm_flush(rfvm);
    if (vm->config.task_error) {
        vm->config.task_error(vm->config.task_error_context, &error);
    } else {
        RfBuf text = RF_BUF_INIT;
        rf_render_human(&text, &error, false);
        rf_vm_write_error(rfvm, text.data, text.len);
        rf_buf_free(&text);
    }
    rf_failure_free(&error);
}

const RuffError *ruff_last_error(const RuffVM *vm)
{
    return vm->error.status != RUFF_OK ? &vm->error : NULL;
}

RuffError rf_failure_take(RuffVM *vm)
{
    RuffError error = vm->error;
    rf_failure_init(&vm->error);
    return error;
}

/* ---- life of a VM ---- */

/* Every VM of the program gets its JIT here, on whatever thread; the configuration is all they share. */
static void attach_jit(RfVm *vm, void *context)
{
    (void)context;
    const RfVmConfig *from = &vm->config;
    RfJitConfig config = {.disabled = !from->jit,
                          .threshold = from->jit_threshold,
                          .no_cache = !from->jit_cache,
                          .task = from->task,
                          .worker = from->jit_worker};
    rf_jit_attach(vm, &config);
}

static void detach_jit(RfVm *vm, void *context)
{
    (void)context;
    rf_jit_detach(vm);
}

RuffVM *ruff_vm_new(const RuffConfig *config)
{
    RuffVM *vm = rf_mem_zalloc(sizeof *vm);
    if (config) {
        vm->config = *config;
    } else {
        ruff_config_init(&vm->config);
    }
    rf_failure_init(&vm->error);
    RfVmConfig inner = {
        .capabilities = vm->config.capabilities,
        .max_call_depth = vm->config.max_call_depth,
        .scheduler_timeout_ms = vm->config.scheduler_timeout_ms,
        .jit = vm->config.jit,
        .jit_cache = vm->config.jit_cache,
        .jit_threshold = vm->config.jit_threshold,
        .jit_worker = vm->config.jit_worker,
        .attach = attach_jit,
        .detach = detach_jit,
        .argc = vm->config.argc,
        .argv = vm->config.argv,
        .entry_dir = vm->config.entry_dir,
        .write_out = vm->config.write_out,
        .write_err = vm->config.write_err,
        .write_context = vm->config.write_context,
        .report = report_task_error,
        .report_context = vm,
        .on_exit = vm->config.on_exit,
        .exit_context = vm->config.exit_context,
    };
    vm->vm = rf_vm_new(&inner);
    if (vm->vm == NULL) {
        rf_mem_free(vm, sizeof *vm);
        return NULL;
    }
    return vm;
}

void ruff_vm_free(RuffVM *vm)
{
    if (vm == NULL) {
        return;
    }
    rf_vm_free(vm->vm);
    rf_failure_free(&vm->error);
    while (vm->programs) {
        RuffProgram *next = vm->programs->next;
        rf_mem_free(vm->programs, sizeof *vm->programs);
        vm->programs = next;
    }
    rf_mem_free(vm, sizeof *vm);
}

void ruff_flush(RuffVM *vm)
{
    rf_vm_flush(vm->vm);
}

int ruff_output_error(const RuffVM *vm)
{
    return vm->vm->out.failed ? vm->vm->out.error : 0;
}

void ruff_interrupt(void)
{
    rf_vm_interrupt();
}

int ruff_on_big_stack(int (*function)(void *argument), void *argument)
{
    return rf_program_on_big_stack(function, argument);
}

/* ---- programs ---- */

/* Compiles text that has passed rf_source_check. */
static RuffStatus load_checked(RuffVM *vm, const char *name, const char *source, size_t len, RuffProgram **program)
{
    RfDiagList diags;
    rf_diag_init(&diags);
    RuffProgram loaded = {.module = NULL};
    RfLoadResult result =
        rf_program_load(vm->vm, source, len, name, &diags, &loaded.module, &loaded.statements, &loaded.instructions);
    RuffStatus status = RUFF_OK;
    if (result == RF_LOAD_OK) {
        loaded.next = vm->programs;
        *program = rf_mem_alloc(sizeof **program);
        **program = loaded;
        vm->programs = *program;
    } else {
        rf_failure_set_diags(&vm->error, &diags, name, source, len);
        status = vm->error.status;
    }
    rf_diag_free(&diags);
    return status;
}

RuffStatus ruff_load(RuffVM *vm, const char *name, const char *source, size_t len, RuffProgram **program)
{
    *program = NULL;
    RuffStatus status = rf_source_check(source, len, name, &vm->error);
    return status == RUFF_OK ? load_checked(vm, name, source, len, program) : status;
}

RuffStatus ruff_load_file(RuffVM *vm, const char *path, RuffProgram **program)
{
    *program = NULL;
    RfBuf text = RF_BUF_INIT;
    RuffStatus status = rf_source_read_file(&text, path, &vm->error);
    if (status == RUFF_OK) {
        status = load_checked(vm, path, text.data ? text.data : "", text.len, program);
    }
    rf_buf_free(&text);
    return status;
}

RuffStatus ruff_load_fd(RuffVM *vm, int fd, const char *name, RuffProgram **program)
{
    *program = NULL;
    RfBuf text = RF_BUF_INIT;
    RuffStatus status = rf_source_read_fd(&text, fd, name, &vm->error);
    if (status == RUFF_OK) {
        status = load_checked(vm, name, text.data ? text.data : "", text.len, program);
    }
    rf_buf_free(&text);
    return status;
}

static RuffStatus finish(RuffVM *vm, RfStatus status)
{
    return status == RF_OK ? RUFF_OK : runtime_failure(vm);
}

RuffStatus ruff_run(RuffVM *vm, RuffProgram *program)
{
    return finish(vm, rf_program_run(vm->vm, program->module));
}

size_t ruff_program_statements(const RuffProgram *program)
{
    return program->statements;
}

size_t ruff_program_instructions(const RuffProgram *program)
{
    return program->instructions;
}

/* ---- declared tests ---- */

size_t ruff_test_count(const RuffProgram *program)
{
    return program->module->ntests;
}

RuffTest ruff_test_at(const RuffProgram *program, size_t index)
{
    const RfTestCase *test = &program->module->tests[index];
    return (RuffTest){test->name, test->pos.line, test->pos.column};
}

static RuffStatus run_proto(RuffVM *vm, RuffProgram *program, RfProto *proto)
{
    return proto ? finish(vm, rf_program_run_proto(vm->vm, program->module, proto)) : RUFF_OK;
}

RuffStatus ruff_test_setup(RuffVM *vm, RuffProgram *program)
{
    return run_proto(vm, program, program->module->test_setup);
}

RuffStatus ruff_test_body(RuffVM *vm, RuffProgram *program, size_t index)
{
    return run_proto(vm, program, program->module->tests[index].proto);
}

RuffStatus ruff_test_teardown(RuffVM *vm, RuffProgram *program)
{
    return run_proto(vm, program, program->module->test_teardown);
}

/* ---- globals and calls ---- */

RuffValue *ruff_global(RuffVM *vm, RuffProgram *program, const char *name)
{
    RfValue value = rf_program_global(vm->vm, program->module, name);
    return rf_is_undef(value) ? NULL : rf_convert_wrap(vm, rf_retain(value));
}

/* Calls `callee` (borrowed) with new references to the arguments. */
static RuffStatus call(RuffVM *vm, RfValue callee, int argc, RuffValue *const *argv, RuffValue **result)
{
    if (result) {
        *result = NULL;
    }
    for (int i = 0; i < argc; i++) {
        if (argv[i]->vm != vm) {
            return USAGE_FAILURE(vm, "An argument of the call belongs to another VM");
        }
    }
    size_t size = sizeof(RfValue) * (size_t)argc;
    RfValue *values = rf_mem_alloc(size);
    for (int i = 0; i < argc; i++) {
        values[i] = rf_retain(argv[i]->v);
    }
    RfValue out = rf_null();
    rf_retain(callee); /* the script may redefine the name under which it was found */
    RfStatus status = rf_vm_call(vm->vm, callee, argc, values, &out);
    rf_release(callee);
    rf_mem_free(values, size);
    if (status != RF_OK) {
        return runtime_failure(vm);
    }
    if (result) {
        *result = rf_convert_wrap(vm, out);
    } else {
        rf_release(out);
    }
    return RUFF_OK;
}

RuffStatus ruff_call(RuffVM *vm, RuffProgram *program, const char *name, int argc, RuffValue *const *argv,
                     RuffValue **result)
{
    RfValue callee = rf_program_global(vm->vm, program->module, name);
    if (rf_is_undef(callee)) {
        if (result) {
            *result = NULL;
        }
        return USAGE_FAILURE(vm, "The program has no global named '%s'", name);
    }
    return call(vm, callee, argc, argv, result);
}

RuffStatus ruff_call_value(RuffVM *vm, const RuffValue *function, int argc, RuffValue *const *argv, RuffValue **result)
{
    if (function->vm != vm) {
        if (result) {
            *result = NULL;
        }
        return USAGE_FAILURE(vm, "The function belongs to another VM");
    }
    return call(vm, function->v, argc, argv, result);
}

/* Creating and freeing a VM, and calling script code from C. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"
#include "vm/observe.h"
#include "vm/tier.h"

#define STACK_MB 2048 /* reserved addresses; pages are used as the stack grows */
#define STACK_MIN_BYTES ((size_t)1 << 20)
#define C_REENTER_BYTES ((size_t)64 << 20)

/* Reserves address space, less when the process may not have that much. */
static void *reserve(size_t *bytes, size_t least)
{
    for (;;) {
        void *p = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p != MAP_FAILED) {
            return p;
        }
        if (*bytes <= least) {
            return NULL;
        }
        *bytes /= 2;
    }
}

static bool is_on(const char *variable)
{
    const char *v = getenv(variable);
    return v && *v && strcmp(v, "0") != 0;
}

static bool lookup_builtin(const char *name, size_t len, RfValue *out)
{
    const RfBuiltin *b = rf_builtin_find(name, len);
    if (b) {
        *out = rf_builtin_value(b);
        return true;
    }
    return rf_builtin_constant(name, len, out);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static void register_kinds(void)
{
    rf_module_set_builtins(lookup_builtin);
    rf_generator_register();
    rf_async_register();
    rf_channel_register();
    rf_task_register();
}

/* The C stack of the calling thread; callbacks nest on it. */
static void find_c_limit(RfVm *vm)
{
    pthread_attr_t attr;
    void *low = NULL;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attr) == 0) {
        pthread_attr_getstack(&attr, &low, &size);
        pthread_attr_destroy(&attr);
    }
    size_t reserve_bytes = size / 8 < 262144 ? size / 8 : 262144;
    vm->c_limit = (char *)low + reserve_bytes;
    vm->c_reenter = (char *)low + (size > 2 * C_REENTER_BYTES ? size - C_REENTER_BYTES : size / 2);
}

RfVm *rf_vm_new(const RfVmConfig *config)
{
    pthread_once(&once, register_kinds);
    RfVm *vm = rf_mem_zalloc(sizeof *vm);
    vm->config = *config;
    vm->max_depth = config->max_call_depth ? config->max_call_depth : 100000;
    if (!vm->config.scheduler_timeout_ms) {
        vm->config.scheduler_timeout_ms = 120000;
    }
    vm->frames_bytes = sizeof(RfFrame) * ((size_t)vm->max_depth + 64);
    vm->stack_bytes = (size_t)(config->stack_mb ? config->stack_mb : STACK_MB) << 20;
    vm->frames = reserve(&vm->frames_bytes, 4096);
    vm->stack = vm->frames ? reserve(&vm->stack_bytes, STACK_MIN_BYTES) : NULL;
    if (!vm->stack) {
        if (vm->frames) {
            munmap(vm->frames, vm->frames_bytes);
        }
        rf_mem_free(vm, sizeof *vm);
        return NULL;
    }
    size_t room = vm->frames_bytes / sizeof(RfFrame) - 8;
    vm->frame = vm->frames;
    /* frames[0] is unused, frames[1] the main script: max_depth functions above them */
    vm->frame_limit = vm->frames + (room < vm->max_depth + 1u ? room : vm->max_depth + 1u);
    vm->sp = vm->stack;
    vm->stack_end = vm->stack + vm->stack_bytes / sizeof(RfValue) - 256;
    rf_runtime_init(&vm->rt);
    vm->next_module_id = 1;
    vm->entry_dir = config->entry_dir ? strdup(config->entry_dir) : NULL;
    vm->trace = is_on("DEBUG_VM") ? RF_TRACE_DEBUG : 0;
    vm->interrupt = config->budget > 0;
    vm->native_limit = vm->interrupt ? vm->frames : vm->frame_limit;
    find_c_limit(vm);
    rf_error_init(&vm->foreign.error);
    rf_io_init(vm);
    rf_async_init(vm);
    rf_safepoint_attach(vm);
    if (config->attach) {
        config->attach(vm, config->attach_context);
    }
    if (config->observer && config->task) {
        config->observer->begin(vm);
    }
    return vm;
}

void rf_vm_free(RfVm *vm)
{
    if (!vm) {
        return;
    }
    rf_safepoint_detach(vm);
    if (vm->config.observer && vm->config.task) {
        vm->config.observer->end(vm);
    }
    while (vm->sp > vm->stack) {
        rf_release(*--vm->sp);
    }
    rf_async_free(vm);
    rf_io_free(vm);
    for (uint32_t i = 0; i < vm->nmodules; i++) {
        RfModule *m = vm->modules[i];
        for (uint32_t g = 0; g < m->nglobals; g++) {
            rf_assign(&m->globals[g], rf_null());
        }
    }
    if (vm->retired) {
        rf_object_release(vm->retired);
    }
    rf_error_clear(&vm->rt.error);
    rf_cycles_collect(&vm->rt);
    rf_foreign_end(vm);
    for (uint32_t i = 0; i < vm->nmodules; i++) {
        rf_tier_forget(vm, vm->modules[i]);
    }
    if (vm->config.detach) {
        vm->config.detach(vm, vm->config.attach_context);
    }
    for (uint32_t i = 0; i < vm->nmodules; i++) {
        rf_module_free(vm->modules[i]);
    }
    rf_import_free(vm);
    free(vm->modules);
    free(vm->entry_dir);
    rf_buf_free(&vm->scratch);
    rf_runtime_free(&vm->rt);
    munmap(vm->frames, vm->frames_bytes);
    munmap(vm->stack, vm->stack_bytes);
    rf_mem_free(vm, sizeof *vm);
}

bool rf_vm_allows(RfVm *vm, RfCapability cap)
{
    return (vm->config.capabilities >> cap & 1u) != 0;
}

void rf_vm_leave(RfVm *vm)
{
    if (vm->tier && vm->tier->leave) {
        vm->tier->leave(vm);
    }
}

RfStatus rf_vm_exit(RfVm *vm, int code)
{
    code &= 0xff;
    rf_vm_flush(vm);
    rf_vm_leave(vm);
    if (!vm->config.on_exit) {
        exit(code);
    }
    vm->config.on_exit(vm->config.exit_context, code, vm->out.failed ? vm->out.error : 0);
    vm->stopped = true;
    return rf_raise(rf_rt(vm), "The program called exit(%d)", code);
}

RfStatus rf_raise_too_large(RfVm *vm, const char *name)
{
    return rf_raise(rf_rt(vm), "%s() result exceeds the maximum size of 1073741824", name);
}

static const char *callee_name(RfValue callee)
{
    return callee.tag == RF_TAG_FUNCTION ? callee.as.fn->name->data
           : callee.tag == RF_TAG_FOREIGN ? rf_as_foreign(callee)->name->data
                                          : "a builtin";
}

RfStatus rf_vm_call(RfVm *vm, RfValue callee, int argc, RfValue *argv, RfValue *out)
{
    RfValue *base = vm->sp;
    if ((char *)__builtin_frame_address(0) < vm->c_limit || base + argc + 1 >= vm->stack_end) {
        for (int i = 0; i < argc; i++) {
            rf_release(argv[i]);
        }
        return rf_raise(rf_rt(vm), "Maximum VM call stack depth of %u exceeded while calling %s", vm->max_depth,
                        callee_name(callee));
    }
    base[0] = rf_retain(callee);
    for (int i = 0; i < argc; i++) {
        base[i + 1] = argv[i];
    }
    vm->sp = base + argc + 1;
    RfStatus status = rf_call_value(vm, (uint32_t)argc, NULL);
    if (status == RF_ENTER) {
        if (vm->frame->mode == RF_FRAME_PLAIN) {
            vm->frame->mode = RF_FRAME_ENTRY;
        }
        status = rf_interp_run(vm, vm->frame);
    }
    if (status == RF_ERROR) {
        while (vm->sp > base) { /* arity errors leave the arguments */
            rf_release(*--vm->sp);
        }
        return status;
    }
    *out = rf_pop(vm); /* RF_SUSPEND: an async function was parked, its promise is the result */
    return RF_OK;
}

void rf_callback_init(RfVm *vm, RfCallback *cb, RfValue callee)
{
    cb->vm = vm;
    cb->callee = callee;
}

RfStatus rf_callback_call(RfCallback *cb, int argc, RfValue *argv, RfValue *out)
{
    RfVm *vm = cb->vm;
    RfValue *base = vm->sp;
    RfFrame *frame = vm->frame + 1;
    if (vm->frame > vm->frames && vm->frame->proto->loop_count < RF_TRIGGER_NEVER - 1) {
        vm->frame->proto->loop_count++; /* a turn of the builtin's loop makes the loop around it hot, as one in script code would */
    }
    RfProto *proto = cb->callee.tag == RF_TAG_FUNCTION ? cb->callee.as.fn->proto : NULL;
    if (!proto || proto->flags & (RF_PROTO_SLOW_CALL | RF_PROTO_ASYNC | RF_PROTO_GENERATOR) || proto->nparams != argc ||
        proto->nrequired != argc || frame > vm->frame_limit ||
        base + proto->nlocals + proto->max_stack + 1 > vm->stack_end ||
        (char *)__builtin_frame_address(0) < vm->c_limit) {
        return rf_vm_call(vm, cb->callee, argc, argv, out);
    }
    /* the callee is kept alive by the builtin's argument, so the frame needs no reference to it */
    for (int i = 0; i < argc; i++) {
        base[i] = argv[i];
    }
    for (int i = argc; i < proto->nlocals; i++) {
        base[i].tag = RF_TAG_NULL;
    }
    frame->pc = proto->code;
    frame->fp = base;
    frame->ret = base;
    frame->proto = proto;
    frame->fn = cb->callee.as.fn;
    frame->owner = NULL;
    frame->mode = RF_FRAME_ENTRY;
    frame->native = 0;
    vm->frame = frame;
    vm->sp = base + proto->nlocals;
    RfStatus status = RF_ENTER;
    if (++proto->call_count >= proto->call_trigger) {
        status = rf_tier_call(vm, frame);
    }
    if (status == RF_ENTER) {
        status = rf_interp_go_on(vm, frame);
    }
    if (status == RF_OK) {
        *out = rf_pop(vm);
    }
    return status;
}

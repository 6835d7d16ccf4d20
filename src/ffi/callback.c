/* Callbacks: closures of libffi that call a function of the program.
 *
 * They run on the C stack above the FFI call that is under way. An error cannot pass through C: it is kept in the VM
 * (rf_foreign_fail), C sees a zero result, and the FFI call raises it when C returns; no callback runs in between. */
#include "ffi/callback.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "ffi/ffi.h"
#include "vm/tier.h"

typedef struct Callback {
    RfExtent extent; /* of its pointers: no bytes, the code's address */
    RfVm *vm;
    pthread_t thread;
    RfValue fn;   /* owned; null when freed */
    RfValue kept; /* last result when C may go on using it: a string, bytes or pointer; owned */
    RfSignature *signature;
    ffi_closure *closure;
} Callback;

static void drop_closure(void *what)
{
    Callback *cb = what;
    cb->signature->lib->closure_free(cb->closure);
    rf_signature_free(cb->signature);
    rf_mem_free(cb, sizeof *cb);
}

/* Releases the values; C that calls it from now on gets zero. */
static void silence(Callback *cb)
{
    cb->extent.freed = true;
    rf_assign(&cb->fn, rf_null());
    rf_assign(&cb->kept, rf_null());
}

static void close_callback(RfHandle *handle)
{
    Callback *cb = handle->data;
    silence(cb);
    rf_foreign_later(cb->vm, drop_closure, cb);
}

static void trace_callback(RfHandle *handle, RfVisit *visit, void *context)
{
    Callback *cb = handle->data;
    visit(context, cb->fn);
    visit(context, cb->kept);
}

static const RfHandleType callback = {
    .type_name = "pointer", .debug_name = "Pointer", .close = close_callback, .trace = trace_callback};

void rf_callback_free(RfHandle *owner)
{
    silence(owner->data);
}

/* Small results fill a whole register: libffi wants them extended. */
static RfStatus store_result(RfVm *vm, Callback *cb, RfValue v, void *result)
{
    static const RfCRole role = {.index = 0};
    RfCType type = cb->signature->result;
    if (type.kind == RF_C_STRUCT) {
        size_t size = rf_layout_size(type);
        void *value = rf_mem_alloc(size);
        RfStatus status = rf_convert_store(vm, &role, type, v, value, NULL);
        if (status == RF_OK) {
            memcpy(result, value, size);
        }
        rf_mem_free(value, size);
        return status;
    }
    uint64_t value = 0;
    if (rf_convert_store(vm, &role, type, v, &value, NULL) != RF_OK) {
        return RF_ERROR;
    }
    const RfCInfo *info = &rf_ctype_info[type.kind];
    if (info->class == RF_CCLASS_VOID) {
        return RF_OK;
    }
    if (info->class == RF_CCLASS_SIGNED) {
        unsigned unused = 64 - 8u * info->bytes;
        value = (uint64_t)((int64_t)(value << unused) >> unused);
    }
    memcpy(result, &value, info->class == RF_CCLASS_FLOAT ? info->bytes : sizeof value);
    return RF_OK;
}

/* Calls the function with the C values at args; its result goes to `result`. */
static RfStatus run(RfVm *vm, Callback *cb, void **args, void *result)
{
    const RfSignature *s = cb->signature;
    RfValue *values = rf_mem_alloc(sizeof *values * s->nparams);
    for (uint32_t i = 0; i < s->nparams; i++) {
        if (rf_convert_load(vm, s->params[i], args[i], &values[i]) != RF_OK) {
            while (i > 0) {
                rf_release(values[--i]);
            }
            rf_mem_free(values, sizeof *values * s->nparams);
            return RF_ERROR;
        }
    }
    RfValue fn = rf_retain(cb->fn), out;
    RfStatus status = rf_vm_call(vm, fn, (int)s->nparams, values, &out);
    rf_release(fn);
    rf_mem_free(values, sizeof *values * s->nparams);
    if (status != RF_OK) {
        return status;
    }
    status = store_result(vm, cb, out, result);
    if (rf_is_heap(out)) { /* C may look at it after this */
        rf_assign(&cb->kept, out);
    }
    return status;
}

/* What the closure does. */
static void enter(ffi_cif *cif, void *result, void **args, void *user)
{
    (void)cif;
    Callback *cb = user;
    RfVm *vm = cb->vm;
    if (cb->signature->result.kind != RF_C_VOID) {
        memset(result, 0, cb->signature->result_size);
    }
    if (!pthread_equal(cb->thread, pthread_self())) {
        vm->foreign.failed |= RF_FOREIGN_THREAD;
        return;
    }
    if (vm->foreign.failed || cb->extent.freed) {
        return;
    }
    int error = errno;
    RfFrame *frame = vm->foreign.frame;
    uint64_t where = vm->foreign.where;
    if (frame) {
        vm->tier->sync(vm, frame, where);
    }
    vm->foreign.depth++;
    if (run(vm, cb, args, result) != RF_OK) {
        rf_foreign_fail(vm);
    }
    vm->foreign.depth--;
    vm->foreign.frame = frame;
    vm->foreign.where = where;
    errno = error;
}

RfStatus rf_lib_ffi_callback(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_callable(argv[0]) || !rf_is_array(argv[2])) {
        return rf_raise(rf_rt(vm), "ffi_callback() requires (function, return type, argument types)");
    }
    const RfLibffi *lib = rf_libffi(vm, self->canonical);
    if (!lib) {
        return RF_ERROR;
    }
    RfSignature *signature;
    bool bad;
    if (rf_signature_new(vm, lib, self->canonical, argv[1], argv[2], false, &signature, &bad) != RF_OK) {
        return bad ? rf_raise(rf_rt(vm), "ffi_callback() requires (function, return type, argument types)") : RF_ERROR;
    }
    void *code = NULL;
    ffi_closure *closure = lib->closure_alloc(sizeof *closure, &code);
    Callback *cb = rf_mem_zalloc(sizeof *cb);
    if (!closure || lib->prep_closure(closure, &signature->cif, enter, cb, code) != FFI_OK) {
        if (closure) {
            lib->closure_free(closure);
        }
        rf_signature_free(signature);
        rf_mem_free(cb, sizeof *cb);
        return rf_raise(rf_rt(vm), "ffi_callback() out of memory");
    }
    cb->extent = (RfExtent){.start = code, .limit = 0, .length = UINT64_MAX, .code = true};
    cb->vm = vm;
    cb->thread = pthread_self();
    cb->fn = rf_retain(argv[0]);
    cb->kept = rf_null();
    cb->signature = signature;
    cb->closure = closure;
    RfValue owner = rf_handle_new(&callback, cb);
    *out = rf_pointer_new(owner.as.handle, &cb->extent, code);
    rf_release(owner);
    return RF_OK;
}

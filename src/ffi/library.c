/* Shared libraries: ffi_open, ffi_close, ffi_func.
 *
 * A library is unloaded when its handle and the last function of it are gone, and no C function can be running: a callback may
 * drop the very library whose code called it. ffi_close unloads nothing, it only ends the use of the functions. */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "ffi/ffi.h"

#define BY_VALUE_MAX ((size_t)65536) /* larger structs would not fit the C stack that is left */

/* ---- library values ---- */

static void unload(void *handle)
{
    dlclose(handle);
}

static void close_library(RfHandle *handle)
{
    RfLibrary *lib = handle->data;
    rf_foreign_later(lib->vm, unload, lib->handle);
    rf_object_release(lib->path);
    rf_mem_free(lib->functions, sizeof *lib->functions * lib->cap);
    rf_mem_free(lib, sizeof *lib);
}

static const RfHandleType ffilibrary = {.type_name = "ffilibrary", .debug_name = "FfiLibrary", .close = close_library};

RfLibrary *rf_library_of(RfValue v)
{
    return v.tag == RF_TAG_HANDLE && v.as.handle->type == &ffilibrary ? v.as.handle->data : NULL;
}

static RfStatus raise_parts(RfVm *vm, const char *before, const RfString *name, const char *middle,
                            const RfString *path, const char *after)
{
    RfBuf text = RF_BUF_INIT;
    rf_buf_puts(&text, before);
    rf_buf_put(&text, name->data, name->len);
    rf_buf_puts(&text, middle);
    if (path) {
        rf_buf_put(&text, path->data, path->len);
    }
    rf_buf_puts(&text, after);
    rf_raise_string(rf_rt(vm), rf_string_new(text.data, text.len));
    rf_buf_free(&text);
    return RF_ERROR;
}

RfStatus rf_library_closed_error(RfVm *vm, const RfLibrary *lib)
{
    return raise_parts(vm, "ffi library '", lib->path, "' is closed", NULL, "");
}

void rf_library_add(RfLibrary *lib, RfForeign *fn)
{
    if (lib->count == lib->cap) {
        size_t cap = lib->cap ? lib->cap * 2 : 8;
        lib->functions = rf_mem_resize(lib->functions, sizeof *lib->functions * lib->cap, sizeof *lib->functions * cap);
        lib->cap = cap;
    }
    lib->functions[lib->count++] = fn;
}

void rf_library_remove(RfLibrary *lib, RfForeign *fn)
{
    for (size_t i = 0; i < lib->count; i++) {
        if (lib->functions[i] == fn) {
            lib->functions[i] = lib->functions[--lib->count];
            return;
        }
    }
}

static RfStatus open_error(RfVm *vm, const RfString *path, const char *reason)
{
    /* the loader's text repeats the name in front */
    size_t len = path->len;
    if (strncmp(reason, path->data, len) == 0 && strncmp(reason + len, ": ", 2) == 0) {
        reason += len + 2;
    }
    return raise_parts(vm, "Cannot open library '", path, "': ", NULL, reason);
}

RfStatus rf_lib_ffi_open(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    RfString *path = NULL;
    if (argc > 0 && !rf_is_null(argv[0])) {
        if (!rf_is_string(argv[0])) {
            return rf_raise(rf_rt(vm), "ffi_open() requires a string path or null");
        }
        path = argv[0].as.str;
        if (memchr(path->data, '\0', path->len)) {
            return open_error(vm, path, "the path contains a NUL character");
        }
        if (path->len == 0) { /* the loader would take it for the process */
            return open_error(vm, path, "the path is empty");
        }
    }
    if (!rf_libffi(vm, self->canonical)) {
        return RF_ERROR;
    }
    vm->foreign.errno_place = &errno;
    void *handle = dlopen(path ? path->data : NULL, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *reason = dlerror();
        RfString *process = path ? path : rf_intern_cstr(rf_rt(vm), "null");
        return open_error(vm, process, reason ? reason : "unknown error");
    }
    RfLibrary *lib = rf_mem_zalloc(sizeof *lib);
    lib->handle = handle;
    lib->vm = vm;
    lib->path = path ? path : rf_intern_cstr(rf_rt(vm), "null");
    rf_object_retain(lib->path);
    *out = rf_handle_new(&ffilibrary, lib);
    return RF_OK;
}

RfStatus rf_lib_ffi_close(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self, (void)argc;
    RfLibrary *lib = rf_library_of(argv[0]);
    if (!lib) {
        return rf_raise(rf_rt(vm), "ffi_close() requires a library handle");
    }
    lib->closed = true;
    for (size_t i = 0; i < lib->count; i++) { /* compiled code does not call them any more */
        lib->functions[i]->key = 0;
    }
    *out = rf_bool(true);
    return RF_OK;
}

/* ---- ffi_func ---- */

static RfStatus usage(RfVm *vm)
{
    return rf_raise(rf_rt(vm), "ffi_func() requires (library, name, return type, argument types)");
}

typedef struct Options {
    bool keeps_errno;
    bool variadic;
    int64_t fixed;
} Options;

static RfStatus read_options(RfVm *vm, RfValue v, Options *options)
{
    if (!rf_is_dict(v)) {
        return usage(vm);
    }
    size_t pos = 0;
    for (RfDictItem item; rf_dict_next(v.as.dict, &pos, &item);) {
        const char *key = rf_is_string(item.key) ? item.key.as.str->data : "";
        if (strcmp(key, "variadic") == 0 && rf_is_int(*item.value)) {
            options->variadic = true;
            options->fixed = item.value->as.i;
        } else if (strcmp(key, "errno") == 0 && rf_is_bool(*item.value)) {
            options->keeps_errno = item.value->as.i != 0;
        } else if (strcmp(key, "variadic") == 0 || strcmp(key, "errno") == 0) {
            return usage(vm);
        } else {
            RfString *name = rf_text_string(rf_rt(vm), item.key);
            raise_parts(vm, "ffi_func() option '", name, "' is not supported", NULL, "");
            rf_object_release(name);
            return RF_ERROR;
        }
    }
    return RF_OK;
}

static void drop_function(RfForeign *fn)
{
    rf_library_remove(fn->library->data, fn);
    rf_signature_free(fn->data);
}

static bool passes_too_much(const RfSignature *s)
{
    size_t bytes = rf_layout_size(s->result);
    for (uint32_t i = 0; i < s->nparams; i++) {
        size_t size = rf_layout_size(s->params[i]);
        bytes = size > BY_VALUE_MAX ? size : bytes + size;
        if (bytes > BY_VALUE_MAX) {
            return true;
        }
    }
    return bytes > BY_VALUE_MAX;
}

RfStatus rf_lib_ffi_func(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    RfLibrary *lib = rf_library_of(argv[0]);
    if (!lib || !rf_is_string(argv[1]) || (argc > 3 && !rf_is_array(argv[3]))) {
        return usage(vm);
    }
    Options options = {.keeps_errno = true};
    if (argc > 4 && !rf_is_null(argv[4]) && read_options(vm, argv[4], &options) != RF_OK) {
        return RF_ERROR;
    }
    size_t nparams = argc > 3 ? argv[3].as.arr->len : 0;
    if (options.variadic && options.fixed != (int64_t)nparams) {
        return usage(vm);
    }
    const RfLibffi *ffi = rf_libffi(vm, self->canonical);
    if (!ffi) {
        return RF_ERROR;
    }
    RfSignature *signature;
    bool bad;
    RfValue params = argc > 3 ? argv[3] : rf_null();
    if (rf_signature_new(vm, ffi, self->canonical, argv[2], params, options.variadic, &signature, &bad) != RF_OK) {
        return bad ? usage(vm) : RF_ERROR;
    }
    signature->keeps_errno = options.keeps_errno;
    if (passes_too_much(signature)) {
        rf_signature_free(signature);
        return rf_raise(rf_rt(vm), "ffi_func() passes more than %zu bytes by value", BY_VALUE_MAX);
    }
    RfString *name = argv[1].as.str;
    void *address = NULL;
    if (lib->closed || memchr(name->data, '\0', name->len) || !(address = dlsym(lib->handle, name->data))) {
        rf_signature_free(signature);
        return lib->closed ? rf_library_closed_error(vm, lib)
                           : raise_parts(vm, "Symbol '", name, "' not found in library '", lib->path, "'");
    }
    rf_object_retain(name);
    rf_object_retain(argv[0].as.handle);
    RfForeign *fn = rf_foreign_new(name, argv[0].as.handle);
    fn->address = address;
    fn->data = signature;
    fn->key = rf_signature_key(signature);
    fn->call = rf_signature_call;
    fn->drop = drop_function;
    rf_library_add(lib, fn);
    *out = rf_obj(fn);
    return RF_OK;
}

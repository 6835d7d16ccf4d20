/* libffi, opened by the first builtin that needs it: a program that calls no C pays nothing for it. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

#include "ffi/ffi.h"

static RfLibffi table;
static const char *missing; /* why it cannot be used, or NULL */
static char why[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void *find(void *handle, const char *name)
{
    void *symbol = dlsym(handle, name);
    if (!symbol && !missing) {
        snprintf(why, sizeof why, "%s has no %s", RUFF_LIBFFI, name);
        missing = why;
    }
    return symbol;
}

static void open_library(void)
{
    void *handle = dlopen(RUFF_LIBFFI, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        snprintf(why, sizeof why, "%s", dlerror());
        missing = why;
        return;
    }
    *(void **)&table.prep_cif = find(handle, "ffi_prep_cif");
    *(void **)&table.prep_cif_var = find(handle, "ffi_prep_cif_var");
    *(void **)&table.call = find(handle, "ffi_call");
    *(void **)&table.closure_alloc = find(handle, "ffi_closure_alloc");
    *(void **)&table.closure_free = find(handle, "ffi_closure_free");
    *(void **)&table.prep_closure = find(handle, "ffi_prep_closure_loc");
    static const char *const by_bytes[3][9] = {
        [0] = {[1] = "ffi_type_sint8", [2] = "ffi_type_sint16", [4] = "ffi_type_sint32", [8] = "ffi_type_sint64"},
        [1] = {[1] = "ffi_type_uint8", [2] = "ffi_type_uint16", [4] = "ffi_type_uint32", [8] = "ffi_type_uint64"},
        [2] = {[4] = "ffi_type_float", [8] = "ffi_type_double"},
    };
    for (int kind = 0; kind < RF_C_STRUCT; kind++) {
        const char *name = NULL;
        uint8_t bytes = rf_ctype_info[kind].bytes;
        switch ((RfCClass)rf_ctype_info[kind].class) {
        case RF_CCLASS_VOID: name = "ffi_type_void"; break;
        case RF_CCLASS_SIGNED: name = by_bytes[0][bytes]; break;
        case RF_CCLASS_BOOL:
        case RF_CCLASS_UNSIGNED: name = by_bytes[1][bytes]; break;
        case RF_CCLASS_FLOAT: name = by_bytes[2][bytes]; break;
        case RF_CCLASS_STRING:
        case RF_CCLASS_POINTER: name = "ffi_type_pointer"; break;
        }
        table.scalars[kind] = find(handle, name);
    }
}

const RfLibffi *rf_libffi(RfVm *vm, const char *name)
{
    pthread_once(&once, open_library);
    if (missing) {
        rf_raise(rf_rt(vm), "%s is not available: %s", name, missing);
        return NULL;
    }
    return &table;
}

/* Signatures, and calling a C function through libffi. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "ffi/ffi.h"

#define FEW 16u /* arguments whose cells lie on the C stack */

static size_t signature_size(uint32_t nparams)
{
    return sizeof(RfSignature) + sizeof(RfCType) * nparams;
}

void rf_signature_free(RfSignature *s)
{
    for (uint32_t i = 0; i < s->nparams; i++) {
        if (s->params[i].layout) {
            rf_object_release(s->params[i].layout);
        }
    }
    if (s->result.layout) {
        rf_object_release(s->result.layout);
    }
    rf_mem_free(s->ffi_params, sizeof *s->ffi_params * s->nparams);
    rf_mem_free(s, signature_size(s->nparams));
}

/* Parses v and keeps the layout. */
static RfStatus take_type(RfVm *vm, RfValue v, RfCType *type, bool *bad)
{
    RfStatus status = rf_layout_parse(vm, v, type, bad);
    if (status == RF_OK && type->layout) {
        rf_object_retain(type->layout);
    }
    return status;
}

RfStatus rf_signature_new(RfVm *vm, const RfLibffi *lib, const char *name, RfValue result, RfValue params,
                          bool variadic, RfSignature **out, bool *bad)
{
    uint32_t n = rf_is_array(params) ? params.as.arr->len : 0;
    if (n > RF_FFI_ARGS_MAX) {
        *bad = false;
        return rf_raise(rf_rt(vm), "%s() takes at most %d argument types", name, RF_FFI_ARGS_MAX);
    }
    RfSignature *s = rf_mem_zalloc(signature_size(n));
    s->lib = lib;
    s->nparams = n;
    s->variadic = variadic;
    s->ffi_params = rf_mem_alloc(sizeof *s->ffi_params * n);
    RfStatus status = take_type(vm, result, &s->result, bad);
    for (uint32_t i = 0; status == RF_OK && i < n; i++) {
        status = take_type(vm, rf_array_peek(params.as.arr, i), &s->params[i], bad);
        if (status == RF_OK && s->params[i].kind == RF_C_VOID) {
            *bad = true;
            status = RF_ERROR;
        }
    }
    if (status == RF_OK) {
        for (uint32_t i = 0; i < n; i++) {
            s->ffi_params[i] = rf_layout_ffi(lib, s->params[i]);
        }
        size_t size = rf_layout_size(s->result);
        s->result_size = size < sizeof(ffi_arg) ? sizeof(ffi_arg) : size;
        ffi_type *ffi_result = rf_layout_ffi(lib, s->result);
        if (!variadic && lib->prep_cif(&s->cif, FFI_DEFAULT_ABI, n, ffi_result, s->ffi_params) != FFI_OK) {
            status = rf_raise(rf_rt(vm), "%s() libffi does not support this signature", name);
        }
    }
    if (status != RF_OK) {
        rf_signature_free(s);
        return status;
    }
    *out = s;
    return RF_OK;
}

uint64_t rf_signature_key(const RfSignature *s)
{
    if (s->variadic || s->nparams > RF_CKEY_PARAMS || s->result.kind == RF_C_STRUCT) {
        return 0;
    }
    uint64_t key = RF_CKEY_VALID | (uint64_t)s->result.kind | (s->keeps_errno ? RF_CKEY_ERRNO : 0);
    for (uint32_t i = 0; i < s->nparams; i++) {
        if (s->params[i].kind == RF_C_STRUCT || s->params[i].kind == RF_C_CSTRING) {
            return 0;
        }
        key |= (uint64_t)s->params[i].kind << (4 * (i + 1));
    }
    return key;
}

/* ---- calls ---- */

/* The type of an argument beyond the fixed ones follows from the value. */
static bool type_of_extra(RfValue v, RfCType *type)
{
    type->layout = NULL;
    switch (v.tag) {
    case RF_TAG_INT: type->kind = RF_C_I64; return true;
    case RF_TAG_FLOAT: type->kind = RF_C_F64; return true;
    case RF_TAG_BOOL: type->kind = RF_C_I32; return true;
    case RF_TAG_STRING: type->kind = RF_C_CSTRING; return true;
    case RF_TAG_NULL:
    case RF_TAG_BYTES:
    case RF_TAG_POINTER: type->kind = RF_C_POINTER; return true;
    default: return false;
    }
}

/* One call under way. */
typedef struct Call {
    const RfSignature *s;
    const RfForeign *fn;
    void **cells; /* addresses of the C values */
    ffi_type **types;
    RfScratch scratch;
    ffi_cif cif; /* of a variadic call */
} Call;

static RfStatus convert_arguments(RfVm *vm, Call *c, int argc, const RfValue *argv, uint64_t *small)
{
    for (int i = 0; i < argc; i++) {
        RfCRole role = {.index = (unsigned)i + 1, .name = c->fn->name->data};
        RfCType type;
        if ((uint32_t)i < c->s->nparams) {
            type = c->s->params[i];
        } else if (!type_of_extra(argv[i], &type)) {
            return rf_raise(rf_rt(vm),
                            "ffi argument %u of '%s' expects a number, bool, string, pointer, bytes or null, got %s",
                            role.index, role.name, rf_value_type_name(argv[i]));
        }
        size_t size = rf_layout_size(type);
        c->cells[i] = size <= sizeof *small ? &small[i] : rf_scratch_take(&c->scratch, size);
        if (rf_convert_store(vm, &role, type, argv[i], c->cells[i], &c->scratch) != RF_OK) {
            return RF_ERROR;
        }
        if (c->s->variadic) {
            c->types[i] = rf_layout_ffi(c->s->lib, type);
        }
    }
    return RF_OK;
}

static RfStatus invoke(RfVm *vm, Call *c, int argc, const RfValue *argv, uint64_t *small, RfValue *out)
{
    const RfSignature *s = c->s;
    if (convert_arguments(vm, c, argc, argv, small) != RF_OK) {
        return RF_ERROR;
    }
    ffi_cif *cif = (ffi_cif *)&s->cif;
    if (s->variadic) {
        cif = &c->cif;
        ffi_type *result = rf_layout_ffi(s->lib, s->result);
        if (s->lib->prep_cif_var(cif, FFI_DEFAULT_ABI, s->nparams, (unsigned)argc, result, c->types) != FFI_OK) {
            return rf_raise(rf_rt(vm), "%s cannot be called with these arguments", c->fn->name->data);
        }
    }
    uint64_t small_result[2] = {0, 0};
    void *result = s->result_size <= sizeof small_result ? small_result : rf_scratch_take(&c->scratch, s->result_size);
    void (*address)(void);
    memcpy(&address, &c->fn->address, sizeof address);
    vm->foreign.frame = NULL;
    if (s->keeps_errno) { /* whatever this program did before does not show: the same in every tier */
        errno = 0;
    }
    s->lib->call(cif, address, result, c->cells);
    if (s->keeps_errno) {
        vm->foreign.last_errno = errno;
    }
    if (vm->foreign.failed) {
        return rf_foreign_raise(vm);
    }
    return rf_convert_load(vm, s->result, result, out);
}

RfStatus rf_signature_call(RfVm *vm, RfForeign *fn, int argc, RfValue *argv, RfValue *out)
{
    const RfSignature *s = fn->data;
    const RfLibrary *lib = fn->library->data;
    if (lib->closed) {
        return rf_library_closed_error(vm, lib);
    }
    if (s->variadic ? (uint32_t)argc < s->nparams : (uint32_t)argc != s->nparams) {
        return rf_raise(rf_rt(vm), "%s expects %s%u arguments, got %d", fn->name->data, s->variadic ? "at least " : "",
                        s->nparams, argc);
    }
    if (argc > RF_FFI_ARGS_MAX) {
        return rf_raise(rf_rt(vm), "%s cannot be called with more than %d arguments", fn->name->data, RF_FFI_ARGS_MAX);
    }
    if ((char *)__builtin_frame_address(0) < vm->c_limit) {
        return rf_call_depth_error(vm, fn->name);
    }
    uint64_t small[FEW];
    void *cells[FEW];
    ffi_type *types[FEW];
    Call c = {.s = s, .fn = fn, .cells = cells, .types = types};
    rf_scratch_init(&c.scratch);
    uint64_t *values = small;
    if ((unsigned)argc > FEW) {
        values = rf_scratch_take(&c.scratch, sizeof *values * (unsigned)argc);
        c.cells = rf_scratch_take(&c.scratch, sizeof *c.cells * (unsigned)argc);
        c.types = rf_scratch_take(&c.scratch, sizeof *c.types * (unsigned)argc);
    }
    RfStatus status = invoke(vm, &c, argc, argv, values, out);
    rf_scratch_free(&c.scratch);
    return status;
}

RfStatus rf_lib_ffi_errno(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self, (void)argc, (void)argv;
    *out = rf_int(vm->foreign.last_errno);
    return RF_OK;
}

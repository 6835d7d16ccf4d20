/* C types as the program names them: words, and struct layouts made by ffi_struct. */
#include <string.h>

#include "base/mem.h"
#include "ffi/ffi.h"

#define DEPTH_MAX 64u /* nested layouts: they are walked by recursion */
#define SIZE_MAX_BYTES ((size_t)1 << 30)
#define BY_ELEMENTS 64u /* a larger struct is passed in memory whatever it consists of: no ABI looks at its elements */

/* ---- ffitype values ---- */

static void free_layout(RfLayout *l)
{
    for (uint32_t i = 0; i < l->nfields; i++) {
        rf_object_release(l->fields[i].name);
        if (l->fields[i].type.layout) {
            rf_object_release(l->fields[i].type.layout);
        }
    }
    rf_mem_free(l->fields, sizeof *l->fields * l->nfields);
    rf_mem_free(l->ffi.elements, sizeof(ffi_type *) * l->elements_cap);
    rf_mem_free(l, sizeof *l);
}

static void close_layout(RfHandle *handle)
{
    free_layout(handle->data);
}

static const RfHandleType ffitype = {.type_name = "ffitype", .debug_name = "FfiType", .close = close_layout};

RfStatus rf_layout_parse(RfVm *vm, RfValue v, RfCType *type, bool *bad)
{
    *bad = false;
    *type = (RfCType){.kind = RF_C_VOID};
    if (v.tag == RF_TAG_HANDLE && v.as.handle->type == &ffitype) {
        *type = (RfCType){RF_C_STRUCT, v.as.handle};
        return RF_OK;
    }
    if (!rf_is_string(v)) {
        *bad = true;
        return RF_ERROR;
    }
    if (!rf_ctype_find(v.as.str->data, v.as.str->len, &type->kind)) {
        RfBuf text = RF_BUF_INIT;
        rf_buf_puts(&text, "ffi unknown type '");
        rf_buf_put(&text, v.as.str->data, v.as.str->len);
        rf_buf_putc(&text, '\'');
        rf_raise_string(rf_rt(vm), rf_string_new(text.data, text.len));
        rf_buf_free(&text);
        return RF_ERROR;
    }
    return RF_OK;
}

size_t rf_layout_size(RfCType type)
{
    return type.kind == RF_C_STRUCT ? rf_layout_of(type)->size : rf_ctype_info[type.kind].bytes;
}

size_t rf_layout_align(RfCType type)
{
    return type.kind == RF_C_STRUCT ? rf_layout_of(type)->align : rf_ctype_info[type.kind].bytes;
}

void rf_layout_put_name(RfBuf *out, RfCType type)
{
    if (type.kind != RF_C_STRUCT) {
        rf_buf_puts(out, rf_ctype_info[type.kind].word);
        return;
    }
    const RfLayout *l = rf_layout_of(type);
    rf_buf_puts(out, "struct {");
    for (uint32_t i = 0; i < l->nfields; i++) {
        rf_buf_puts(out, i > 0 ? ", " : "");
        rf_buf_put(out, l->fields[i].name->data, l->fields[i].name->len);
    }
    rf_buf_putc(out, '}');
}

/* ---- for libffi ---- */

static size_t count_elements(const RfLayout *l)
{
    size_t n = 0;
    for (uint32_t i = 0; i < l->nfields; i++) {
        n += l->fields[i].count ? l->fields[i].count : 1;
    }
    return n;
}

ffi_type *rf_layout_ffi(const RfLibffi *lib, RfCType type)
{
    if (type.kind != RF_C_STRUCT) {
        return lib->scalars[type.kind];
    }
    RfLayout *l = rf_layout_of(type);
    if (l->ffi.elements) {
        return &l->ffi;
    }
    bool small = l->size <= BY_ELEMENTS;
    l->elements_cap = small ? count_elements(l) + 1 : 2;
    ffi_type **at = rf_mem_alloc(sizeof(ffi_type *) * l->elements_cap);
    /* size and alignment are given, so libffi does not compute them from the elements */
    l->ffi = (ffi_type){.size = l->size, .alignment = (uint16_t)l->align, .type = FFI_TYPE_STRUCT, .elements = at};
    if (!small) {
        *at++ = lib->scalars[RF_C_U8];
    }
    for (uint32_t i = 0; small && i < l->nfields; i++) {
        ffi_type *element = rf_layout_ffi(lib, l->fields[i].type);
        for (uint32_t n = l->fields[i].count ? l->fields[i].count : 1; n > 0; n--) {
            *at++ = element;
        }
    }
    *at = NULL;
    return &l->ffi;
}

/* ---- ffi_struct, ffi_sizeof ---- */

static RfStatus usage(RfVm *vm)
{
    return rf_raise(rf_rt(vm), "ffi_struct() requires an array of [name, type] pairs");
}

/* Appends the field that [name, type] or [name, type, count] describes; its name joins `names`. */
static RfStatus add_field(RfVm *vm, RfLayout *l, RfSet *names, RfValue row)
{
    size_t n = row.tag == RF_TAG_ARRAY ? row.as.arr->len : 0;
    RfValue name = n > 0 ? rf_array_peek(row.as.arr, 0) : rf_null();
    RfValue count = n > 2 ? rf_array_peek(row.as.arr, 2) : rf_null();
    if (n < 2 || n > 3 || !rf_is_string(name) || name.as.str->len == 0 || !rf_set_add(names, rf_retain(name)) ||
        (n == 3 && (!rf_is_int(count) || count.as.i <= 0))) {
        return usage(vm);
    }
    RfCType type;
    bool bad;
    if (rf_layout_parse(vm, rf_array_peek(row.as.arr, 1), &type, &bad) != RF_OK) {
        return bad ? usage(vm) : RF_ERROR;
    }
    if (type.kind == RF_C_VOID) {
        return usage(vm);
    }
    size_t align = rf_layout_align(type), size = rf_layout_size(type);
    size_t offset = (l->size + align - 1) & ~(align - 1);
    size_t elements = n == 3 ? (size_t)count.as.i : 1;
    if (elements > SIZE_MAX_BYTES / size || offset + elements * size > SIZE_MAX_BYTES) {
        return rf_raise_too_large(vm, "ffi_struct");
    }
    uint32_t depth = type.kind == RF_C_STRUCT ? rf_layout_of(type)->depth + 1 : 1;
    if (depth > DEPTH_MAX) {
        return rf_raise(rf_rt(vm), "ffi_struct() layouts are nested more than %u deep", DEPTH_MAX);
    }
    RfCField *field = &l->fields[l->nfields++];
    *field = (RfCField){.name = name.as.str, .type = type, .count = n == 3 ? (uint32_t)elements : 0, .offset = offset};
    rf_object_retain(field->name);
    if (type.layout) {
        rf_object_retain(type.layout);
    }
    l->size = offset + elements * size;
    l->align = align > l->align ? align : l->align;
    l->depth = depth > l->depth ? depth : l->depth;
    return RF_OK;
}

RfStatus rf_lib_ffi_struct(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self, (void)argc;
    if (!rf_is_array(argv[0]) || argv[0].as.arr->len == 0) {
        return usage(vm);
    }
    const RfArray *rows = argv[0].as.arr;
    RfLayout *l = rf_mem_zalloc(sizeof *l);
    l->align = 1;
    l->fields = rf_mem_alloc(sizeof *l->fields * rows->len);
    RfSet *names = rf_set_new(0);
    RfStatus status = RF_OK;
    for (size_t i = 0; status == RF_OK && i < rows->len; i++) {
        status = add_field(vm, l, names, rf_array_peek(rows, i));
    }
    rf_object_release(names);
    if (status != RF_OK) {
        l->fields = rf_mem_resize(l->fields, sizeof *l->fields * rows->len, sizeof *l->fields * l->nfields);
        free_layout(l);
        return status;
    }
    l->size = (l->size + l->align - 1) & ~(l->align - 1);
    *out = rf_handle_new(&ffitype, l);
    return RF_OK;
}

RfStatus rf_lib_ffi_sizeof(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self, (void)argc;
    RfCType type;
    bool bad;
    if (rf_layout_parse(vm, argv[0], &type, &bad) != RF_OK) {
        return bad ? rf_raise(rf_rt(vm), "ffi_sizeof() requires a type argument") : RF_ERROR;
    }
    if (type.kind == RF_C_VOID) {
        return rf_raise(rf_rt(vm), "ffi type 'void' has no size");
    }
    *out = rf_int((int64_t)rf_layout_size(type));
    return RF_OK;
}

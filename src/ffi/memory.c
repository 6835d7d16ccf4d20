/* Memory of C: ffi_alloc, ffi_free, reading and writing through pointers. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "ffi/callback.h"
#include "ffi/ffi.h"

#define MAPPED_FROM                                                                                                    \
    ((uint64_t)1 << 20) /* larger buffers come from the kernel, which says no instead of ending the process */

/* ---- buffers ---- */

static void *get_zeroed(uint64_t size)
{
    if (size < MAPPED_FROM) {
        return calloc(1, size);
    }
    void *p =
        size > PTRDIFF_MAX ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* Gives the memory back; nothing may be read or written through its pointers any more. */
static void give_back(RfExtent *e)
{
    if (e->freed) {
        return;
    }
    e->freed = true;
    e->limit = 0;
    if (e->length < MAPPED_FROM) {
        free(e->start);
    } else {
        munmap(e->start, e->length);
    }
}

static void close_buffer(RfHandle *handle)
{
    RfExtent *e = handle->data;
    give_back(e);
    rf_mem_free(e, sizeof *e);
}

/* Never a value of the program: what the pointers to a buffer hold together. */
static const RfHandleType buffer = {.type_name = "pointer", .debug_name = "Pointer", .close = close_buffer};

RfStatus rf_lib_ffi_alloc(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    int64_t size, count = 1;
    if (rf_is_num(argv[0])) {
        size = rf_ffi_count(argv[0]);
    } else {
        RfCType type;
        bool bad;
        if (rf_layout_parse(vm, argv[0], &type, &bad) != RF_OK) {
            return bad ? rf_raise(rf_rt(vm), "ffi_alloc() requires a numeric size or a type") : RF_ERROR;
        }
        if (type.kind == RF_C_VOID) {
            return rf_raise(rf_rt(vm), "ffi type 'void' has no size");
        }
        size = (int64_t)rf_layout_size(type);
    }
    if (argc > 1 && !rf_is_null(argv[1])) {
        if (!rf_is_num(argv[1])) {
            return rf_raise(rf_rt(vm), "ffi_alloc() requires a numeric count");
        }
        count = rf_ffi_count(argv[1]);
    }
    if (size <= 0 || count <= 0) {
        return rf_raise(rf_rt(vm), "ffi_alloc() size must be positive");
    }
    int64_t bytes;
    bool overflow = __builtin_mul_overflow(size, count, &bytes);
    bytes = overflow ? INT64_MAX : bytes;
    void *start = overflow ? NULL : get_zeroed((uint64_t)bytes);
    if (!start) {
        return rf_raise(rf_rt(vm), "ffi_alloc() out of memory (%lld bytes)", (long long)bytes);
    }
    RfExtent *e = rf_mem_alloc(sizeof *e);
    *e = (RfExtent){.start = start, .limit = (uint64_t)bytes, .length = (uint64_t)bytes};
    RfValue owner = rf_handle_new(&buffer, e);
    *out = rf_pointer_new(owner.as.handle, e, start);
    rf_release(owner);
    return RF_OK;
}

RfStatus rf_lib_ffi_free(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self, (void)argc;
    if (argv[0].tag != RF_TAG_POINTER) {
        return rf_raise(rf_rt(vm), "ffi_free() requires a pointer argument");
    }
    const RfPointer *p = rf_as_pointer(argv[0]);
    if (!p->owner || p->address != p->extent->start) {
        return rf_raise(rf_rt(vm), "ffi_free() pointer was not allocated by ffi_alloc");
    }
    if (p->extent->freed) {
        return rf_raise(rf_rt(vm), "ffi_free() pointer was already freed");
    }
    if (p->extent->code) {
        rf_callback_free(p->owner);
    } else {
        give_back(p->extent);
    }
    *out = rf_bool(true);
    return RF_OK;
}

/* ---- access ---- */

/* The pointer argument of `self`: raises unless it can be looked through. */
static RfStatus check_pointer(RfVm *vm, const RfBuiltin *self, RfValue v)
{
    if (rf_is_null(v)) {
        return rf_raise(rf_rt(vm), "%s() null pointer dereference", self->canonical);
    }
    if (v.tag != RF_TAG_POINTER) {
        return rf_raise(rf_rt(vm), "%s() requires a pointer argument", self->canonical);
    }
    if (rf_as_pointer(v)->extent->freed) {
        return rf_raise(rf_rt(vm), "%s() use of freed pointer", self->canonical);
    }
    return RF_OK;
}

static RfStatus read_offset(RfVm *vm, const RfBuiltin *self, int argc, const RfValue *argv, int index, int64_t *offset)
{
    *offset = 0;
    if (argc > index && !rf_is_null(argv[index])) {
        if (!rf_is_num(argv[index])) {
            return rf_raise(rf_rt(vm), "%s() requires a numeric offset", self->canonical);
        }
        *offset = rf_ffi_count(argv[index]);
    }
    return RF_OK;
}

static RfStatus out_of_bounds(RfVm *vm, const RfBuiltin *self, const RfPointer *p, int64_t offset, uint64_t size)
{
    int64_t at = (int64_t)((uint64_t)(uintptr_t)p->address - (uint64_t)(uintptr_t)p->extent->start + (uint64_t)offset);
    return rf_raise(rf_rt(vm), "%s() out of bounds: offset %lld size %llu in buffer of %llu bytes", self->canonical,
                    (long long)at, (unsigned long long)size, (unsigned long long)p->extent->limit);
}

/* Where `size` bytes at the offset lie. */
static RfStatus check_range(RfVm *vm, const RfBuiltin *self, RfValue pointer, int64_t offset, uint64_t size,
                            uint8_t **at)
{
    const RfPointer *p = rf_as_pointer(pointer);
    if (!rf_pointer_in_bounds(p, offset, size)) {
        return out_of_bounds(vm, self, p, offset, size);
    }
    *at = (uint8_t *)(uintptr_t)((uint64_t)(uintptr_t)p->address + (uint64_t)offset);
    return RF_OK;
}

/* The first two arguments of ffi_read and ffi_write. */
static RfStatus check_typed(RfVm *vm, const RfBuiltin *self, const RfValue *argv, RfCType *type)
{
    if (check_pointer(vm, self, argv[0]) != RF_OK) {
        return RF_ERROR;
    }
    bool bad;
    if (rf_layout_parse(vm, argv[1], type, &bad) != RF_OK) {
        return bad ? rf_raise(rf_rt(vm), "%s() requires a type argument", self->canonical) : RF_ERROR;
    }
    return type->kind == RF_C_VOID ? rf_raise(rf_rt(vm), "ffi type 'void' has no size") : RF_OK;
}

RfStatus rf_lib_ffi_read(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    RfCType type;
    int64_t offset;
    uint8_t *at;
    if (check_typed(vm, self, argv, &type) != RF_OK || read_offset(vm, self, argc, argv, 2, &offset) != RF_OK ||
        check_range(vm, self, argv[0], offset, rf_layout_size(type), &at) != RF_OK) {
        return RF_ERROR;
    }
    return rf_convert_load(vm, type, at, out);
}

RfStatus rf_lib_ffi_write(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    RfCType type;
    int64_t offset;
    uint8_t *at;
    if (check_typed(vm, self, argv, &type) != RF_OK || read_offset(vm, self, argc, argv, 3, &offset) != RF_OK ||
        check_range(vm, self, argv[0], offset, rf_layout_size(type), &at) != RF_OK) {
        return RF_ERROR;
    }
    RfCRole role = {.index = 3, .name = self->canonical, .stored = true};
    if (type.kind != RF_C_STRUCT) {
        uint64_t value = 0;
        if (rf_convert_store(vm, &role, type, argv[2], &value, NULL) != RF_OK) {
            return RF_ERROR;
        }
        memcpy(at, &value, rf_layout_size(type));
    } else { /* first beside it: a value that does not fit leaves the memory as it was */
        RfScratch scratch;
        rf_scratch_init(&scratch);
        void *value = rf_scratch_take(&scratch, rf_layout_size(type));
        RfStatus status = rf_convert_store(vm, &role, type, argv[2], value, NULL);
        if (status == RF_OK) {
            memcpy(at, value, rf_layout_size(type));
        }
        rf_scratch_free(&scratch);
        if (status != RF_OK) {
            return status;
        }
    }
    *out = rf_bool(true);
    return RF_OK;
}

RfStatus rf_lib_ffi_read_string(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    if (check_pointer(vm, self, argv[0]) != RF_OK) {
        return RF_ERROR;
    }
    const RfPointer *p = rf_as_pointer(argv[0]);
    uint64_t max = RF_STRING_MAX + UINT64_C(1);
    if (argc > 1 && !rf_is_null(argv[1])) {
        if (!rf_is_num(argv[1]) || rf_ffi_count(argv[1]) < 0) {
            return rf_raise(rf_rt(vm), "ffi_read_string() requires a maximum that is not negative");
        }
        uint64_t wanted = (uint64_t)rf_ffi_count(argv[1]);
        max = wanted < max ? wanted : max;
    }
    uint64_t before = (uint64_t)(uintptr_t)p->address - (uint64_t)(uintptr_t)p->extent->start;
    uint64_t left = before <= p->extent->limit ? p->extent->limit - before : 0;
    uint64_t look = left < max ? left : max;
    uint64_t len = look > 0 ? strnlen((const char *)p->address, look) : 0;
    if (len == left && left < max) { /* neither a NUL nor the maximum before the end of the buffer */
        return out_of_bounds(vm, self, p, 0, left + 1);
    }
    if (len > RF_STRING_MAX) {
        return rf_raise_too_large(vm, self->canonical);
    }
    return rf_foreign_read_text(vm, (const char *)p->address, len, out);
}

RfStatus rf_lib_ffi_read_bytes(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    int64_t offset;
    uint8_t *at;
    if (check_pointer(vm, self, argv[0]) != RF_OK) {
        return RF_ERROR;
    }
    if (!rf_is_num(argv[1]) || rf_ffi_count(argv[1]) < 0) {
        return rf_raise(rf_rt(vm), "ffi_read_bytes() requires a count that is not negative");
    }
    uint64_t count = (uint64_t)rf_ffi_count(argv[1]);
    if (read_offset(vm, self, argc, argv, 2, &offset) != RF_OK ||
        check_range(vm, self, argv[0], offset, count, &at) != RF_OK) {
        return RF_ERROR;
    }
    if (count > RF_STRING_MAX) {
        return rf_raise_too_large(vm, self->canonical);
    }
    *out = rf_obj(rf_bytes_new(at, count));
    return RF_OK;
}

RfStatus rf_lib_ffi_write_bytes(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    int64_t offset;
    uint8_t *at;
    if (check_pointer(vm, self, argv[0]) != RF_OK) {
        return RF_ERROR;
    }
    const void *data;
    size_t size;
    if (argv[1].tag == RF_TAG_BYTES) {
        data = argv[1].as.bytes->data;
        size = argv[1].as.bytes->len;
    } else if (rf_is_string(argv[1])) {
        data = argv[1].as.str->data;
        size = argv[1].as.str->len;
    } else {
        return rf_raise(rf_rt(vm), "ffi_write_bytes() requires bytes or a string");
    }
    if (read_offset(vm, self, argc, argv, 2, &offset) != RF_OK ||
        check_range(vm, self, argv[0], offset, size, &at) != RF_OK) {
        return RF_ERROR;
    }
    if (size > 0) {
        memcpy(at, data, size);
    }
    *out = rf_bool(true);
    return RF_OK;
}

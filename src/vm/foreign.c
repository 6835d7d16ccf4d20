/* Calls of C functions as the VM sees them. */
#include "vm/foreign.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "vm/frame.h"

struct RfForeignLate {
    struct RfForeignLate *next;
    void (*drop)(void *what);
    void *what;
};

RfStatus rf_foreign_raise(RfVm *vm)
{
    uint32_t failed = vm->foreign.failed;
    if (failed == 0) {
        return RF_OK;
    }
    vm->foreign.failed = 0;
    if (failed & RF_FOREIGN_ERROR) {
        RfError error = vm->foreign.error;
        rf_error_init(&vm->foreign.error);
        return rf_error_put(rf_rt(vm), &error);
    }
    return rf_raise(rf_rt(vm), "ffi callback called from a foreign thread");
}

void rf_foreign_fail(RfVm *vm)
{
    vm->foreign.error = rf_error_take(rf_rt(vm));
    vm->foreign.failed |= RF_FOREIGN_ERROR;
}

static void run_late(RfVm *vm)
{
    while (vm->foreign.late) {
        struct RfForeignLate *late = vm->foreign.late;
        vm->foreign.late = late->next;
        late->drop(late->what);
        rf_mem_free(late, sizeof *late);
    }
}

void rf_foreign_later(RfVm *vm, void (*drop)(void *what), void *what)
{
    if (vm->foreign.depth == 0) {
        run_late(vm);
        drop(what);
        return;
    }
    struct RfForeignLate *late = rf_mem_alloc(sizeof *late);
    *late = (struct RfForeignLate){vm->foreign.late, drop, what};
    vm->foreign.late = late;
}

void rf_foreign_end(RfVm *vm)
{
    run_late(vm);
    rf_error_clear(&vm->foreign.error);
}

RfStatus rf_foreign_call(RfVm *vm, RfForeign *fn, uint32_t argc, RfValue *argv, RfValue *ret)
{
    RfValue out = rf_null();
    RfStatus status = fn->call(vm, fn, (int)argc, argv, &out);
    while (vm->sp > ret) {
        rf_release(*--vm->sp);
    }
    if (status == RF_OK) {
        rf_push(vm, out);
    }
    return status;
}

RfStatus rf_foreign_too_large(RfVm *vm, uint64_t value)
{
    return rf_raise(rf_rt(vm), "ffi result does not fit an int: %llu", (unsigned long long)value);
}

RfStatus rf_foreign_read_text(RfVm *vm, const char *bytes, size_t len, RfValue *out)
{
    if (len > RF_STRING_MAX) {
        return rf_raise_too_large(vm, "ffi_read_string");
    }
    if (rf_utf8_validate(bytes, len) == len) {
        *out = rf_obj(rf_string_new(bytes, len));
        return RF_OK;
    }
    RfBuf text = RF_BUF_INIT;
    rf_utf8_put_lossy(&text, bytes, len);
    RfStatus status = text.len > RF_STRING_MAX ? rf_raise_too_large(vm, "ffi_read_string") : RF_OK;
    if (status == RF_OK) {
        *out = rf_obj(rf_string_new(text.data, text.len));
    }
    rf_buf_free(&text);
    return status;
}

RfStatus rf_foreign_string(RfVm *vm, const char *text, RfValue *out)
{
    if (text) {
        return rf_foreign_read_text(vm, text, strlen(text), out);
    }
    *out = rf_null();
    return RF_OK;
}

bool rf_pointer_member(const RfPointer *p, const RfString *name, RfValue *out)
{
    if (strcmp(name->data, "address") == 0) {
        *out = rf_int((int64_t)(uintptr_t)p->address);
        return true;
    }
    if (strcmp(name->data, "size") == 0) {
        bool known = p->extent->length != UINT64_MAX;
        *out = known ? rf_int((int64_t)p->extent->length) : rf_null();
        return true;
    }
    return false;
}

RfStatus rf_pointer_method(RfVm *vm, RfValue pointer, const RfString *name, int argc, const RfValue *argv, RfValue *out,
                           bool *found)
{
    *found = strcmp(name->data, "offset") == 0;
    if (!*found) {
        return RF_OK;
    }
    if (argc != 1) {
        return rf_raise(rf_rt(vm), "pointer.offset expects 1 arguments, got %d", argc);
    }
    if (!rf_is_num(argv[0])) {
        return rf_raise(rf_rt(vm), "pointer.offset requires a numeric argument");
    }
    int64_t n = argv[0].tag == RF_TAG_INT ? argv[0].as.i : rf_float_to_int(argv[0].as.f);
    *out = rf_pointer_offset(rf_as_pointer(pointer), n);
    return RF_OK;
}

/* C functions that generated code has called itself: what is rare afterwards. */
#include "base/mem.h"
#include "base/utf8.h"
#include "jit/helpers.h"
#include "runtime/foreign.h"
#include "vm/ctype.h"

int32_t rf_native_foreign_raise(RfVm *vm, RfFrame *frame, uint64_t where)
{
    rf_native_sync(vm, frame, where);
    return (int32_t)rf_foreign_raise(vm);
}

int32_t rf_native_foreign_too_large(RfVm *vm, RfFrame *frame, uint64_t where, uint64_t value)
{
    rf_native_sync(vm, frame, where);
    return (int32_t)rf_foreign_too_large(vm, value);
}

int32_t rf_native_foreign_object(RfVm *vm, RfFrame *frame, uint64_t where, uint64_t kind, void *address, RfValue *out)
{
    if (kind == RF_C_POINTER) {
        *out = rf_pointer_from_c(address);
        return RF_OK;
    }
    rf_native_sync(vm, frame, where);
    return (int32_t)rf_foreign_string(vm, address, out);
}

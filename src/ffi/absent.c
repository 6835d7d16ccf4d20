/* The FFI of a build without libffi: every builtin says so. */
#include "ffi/builtins.h"
#include "vm/vm.h"

static RfStatus absent(RfVm *vm, const RfBuiltin *self)
{
    return rf_raise(rf_rt(vm), "%s is not available: built without libffi", self->canonical);
}

#define ABSENT(name)                                                                                                   \
    RfStatus rf_lib_##name(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)                     \
    {                                                                                                                  \
        (void)argc, (void)argv, (void)out;                                                                             \
        return absent(vm, self);                                                                                       \
    }
RF_FFI_BUILTINS(ABSENT)

/* The builtins of this layer. Everything about them but their code is in src/lib/builtins.def. */
#ifndef RF_FFI_BUILTINS_H
#define RF_FFI_BUILTINS_H

#include "vm/builtin.h"

#define RF_FFI_BUILTINS(X)                                                                                             \
    X(ffi_open)                                                                                                        \
    X(ffi_close)                                                                                                       \
    X(ffi_func)                                                                                                        \
    X(ffi_struct)                                                                                                      \
    X(ffi_sizeof)                                                                                                      \
    X(ffi_alloc)                                                                                                       \
    X(ffi_free)                                                                                                        \
    X(ffi_read)                                                                                                        \
    X(ffi_write)                                                                                                       \
    X(ffi_read_string)                                                                                                 \
    X(ffi_read_bytes)                                                                                                  \
    X(ffi_write_bytes)                                                                                                 \
    X(ffi_callback)                                                                                                    \
    X(ffi_errno)

#define RF_FFI_DECLARE(name) RfBuiltinFn rf_lib_##name;
RF_FFI_BUILTINS(RF_FFI_DECLARE)
#undef RF_FFI_DECLARE

#endif

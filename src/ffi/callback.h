/* C function pointers that call functions of the program. */
#ifndef RF_FFI_CALLBACK_H
#define RF_FFI_CALLBACK_H

#include "runtime/object.h"

/* ffi_free of a callback: `owner` is what its pointers hold. It does nothing from now on; its code goes as soon as no C
 * function can be running. */
void rf_callback_free(RfHandle *owner);

#endif

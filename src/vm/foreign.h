/* What a VM keeps while C functions run: how they come back into the program, and what went wrong there. */
#ifndef RF_VM_FOREIGN_H
#define RF_VM_FOREIGN_H

#include "runtime/error.h"
#include "runtime/foreign.h"

/* Reasons in RfForeignState.failed. */
#define RF_FOREIGN_ERROR 1u  /* a callback raised: `error` */
#define RF_FOREIGN_THREAD 2u /* a callback was called on another thread; set by that thread */

typedef struct RfForeignState {
    /* Compiled code that calls a C function directly writes these two first. The frames are compact then, and a callback
     * completes them (tier.h, sync). NULL: they are complete. */
    struct RfFrame *frame;
    uint64_t where;
    int *errno_place; /* errno of the VM's thread; NULL before the first library is opened */
    int last_errno;   /* after the last call of a function that keeps it */
    _Atomic uint32_t failed;
    uint32_t depth; /* callbacks that are running */
    RfError error;
    struct RfForeignLate *late; /* see rf_foreign_later */
} RfForeignState;

/* After a C function has returned: raises what went wrong in its callbacks, if anything did. */
RfStatus rf_foreign_raise(RfVm *vm);
/* Keeps the error under way in the runtime for rf_foreign_raise; until then no callback runs. */
void rf_foreign_fail(RfVm *vm);
/* Calls drop(what) as soon as no C function can be running code or using memory that goes with it: now, or when no callback is
 * running any more. */
void rf_foreign_later(RfVm *vm, void (*drop)(void *what), void *what);
void rf_foreign_end(RfVm *vm); /* the VM is being freed */

/* Calls fn on argc values at argv, releases them, stores the result at *ret and sets vm->sp above it. fn is kept alive by the
 * caller or by what lies from `ret` on. */
RfStatus rf_foreign_call(RfVm *vm, RfForeign *fn, uint32_t argc, RfValue *argv, RfValue *ret);

/* Results of C: a NUL-terminated string as a value, null for NULL (new reference, or raised when it is too long); and the error
 * for an unsigned number that is none of ours. */
RfStatus rf_foreign_string(RfVm *vm, const char *text, RfValue *out);
/* Bytes of C as a string, U+FFFD for what is no UTF-8. New reference, or raised when it is too long. */
RfStatus rf_foreign_read_text(RfVm *vm, const char *bytes, size_t len, RfValue *out);
RfStatus rf_foreign_too_large(RfVm *vm, uint64_t value);
/* p.NAME: address, size. True and *out, or false. */
bool rf_pointer_member(const RfPointer *p, const RfString *name, RfValue *out);
/* p.offset(n). *found false: no such method. */
RfStatus rf_pointer_method(RfVm *vm, RfValue pointer, const RfString *name, int argc, const RfValue *argv, RfValue *out,
                           bool *found);

#endif

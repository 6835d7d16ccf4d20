/* The virtual machine as the library, the API and the JIT see it. The interpreter's own parts are in vm/frame.h. */
#ifndef RF_VM_VM_H
#define RF_VM_VM_H

#include "runtime/runtime.h"
#include "vm/builtin.h"

/* Access to the runtime part (the first member of RfVm). */
static inline RfRuntime *rf_rt(RfVm *vm)
{
    return (RfRuntime *)(void *)vm;
}

/* Calls any callable from C and waits for its result (an async function gives its promise).
 * Borrows `callee`; the values argv[0..argc) are taken, also on error. *out is a new reference on RF_OK. */
RfStatus rf_vm_call(RfVm *vm, RfValue callee, int argc, RfValue *argv, RfValue *out);

/* Repeated calls of one callback, cheaper than rf_vm_call for each (checks done once).
 *   RfCallback cb;  rf_callback_init(vm, &cb, fn);  rf_callback_call(&cb, n, argv, &out) ... */
typedef struct RfCallback {
    RfVm *vm;
    RfValue callee; /* borrowed */
} RfCallback;
void rf_callback_init(RfVm *vm, RfCallback *cb, RfValue callee);
RfStatus rf_callback_call(RfCallback *cb, int argc, RfValue *argv, RfValue *out);

/* Iteration as `for` does it (language.md 7.2). Usage:
 *   RfIter it;  if (rf_iter_init(vm, &it, value)) return RF_ERROR;   (takes value; on error it has been released)
 *   while ((s = rf_iter_next(vm, &it, &item)) > 0) { item is a new reference }   s < 0: error raised
 *   rf_iter_end(&it);  (always, also after errors) */
typedef struct RfIter {
    RfValue source;
    int64_t pos;
    int64_t end;
} RfIter;
RfStatus rf_iter_init(RfVm *vm, RfIter *it, RfValue value);
int rf_iter_next(RfVm *vm, RfIter *it, RfValue *item);
void rf_iter_end(RfIter *it);
/* array, set, queue, stack, bytes or generator: what the seq functions of the library accept. */
bool rf_is_seq(RfValue v);
/* Everything `for` would give, as an array (identity on arrays). Takes v. *out is a new reference. */
RfStatus rf_iter_collect(RfVm *vm, RfValue v, RfValue *out);

/* Program output: buffered stdout, flushed before stderr output, input and exit. */
void rf_vm_write(RfVm *vm, const char *bytes, size_t len);
void rf_vm_write_error(RfVm *vm, const char *bytes, size_t len); /* flushes stdout first */
void rf_vm_flush(RfVm *vm);

bool rf_vm_allows(RfVm *vm, RfCapability cap);
/* Ends the program as exit(code) does. Returns only when the host has its own idea of that (RfVmConfig.on_exit): then with
 * an error that no handler of the program catches. */
RfStatus rf_vm_exit(RfVm *vm, int code);

/* ---- Introspection ---- */

/* The dict of jit_status(fn). Borrows fn, which is callable. *out is a new reference. */
RfStatus rf_vm_jit_status(RfVm *vm, RfValue fn, RfValue *out);
/* The dict of vm_stats(). *out is a new reference. */
void rf_vm_stats(RfVm *vm, RfValue *out);

/* "NAME() result exceeds the maximum size of 1073741824" */
RfStatus rf_raise_too_large(RfVm *vm, const char *name);

#endif

/* What the FFI (src/ffi) adds to the kinds of values: pointers into C memory and C functions. Here is what the runtime, the VM
 * and compiled code have to know of them; libraries, types and libffi are the FFI's own business. */
#ifndef RF_RUNTIME_FOREIGN_H
#define RF_RUNTIME_FOREIGN_H

#include "runtime/value.h"

/* ---- pointers ----
 * A pointer is an address and the extent that it must stay in. Pointers derived from one another share it, so that
 * freeing it is seen by all; they hold the handle that owns it, so the last of them frees it. */
typedef struct RfExtent {
    uint8_t *start;
    uint64_t limit;  /* bytes that may be touched: 0 when freed; UINT64_MAX: not known (start is NULL then) */
    uint64_t length; /* bytes it had when it was made; UINT64_MAX: not known */
    bool freed;      /* by ffi_free */
    bool code;       /* a callback: its address is good for calls only */
} RfExtent;

typedef struct RfPointer {
    RfObject obj;
    RfExtent *extent;
    uint8_t *address;
    RfHandle *owner; /* of the extent, owned; NULL when nobody here owns it */
} RfPointer;

/* A pointer to `address` in the extent of `owner` (borrowed). New reference. */
RfValue rf_pointer_new(RfHandle *owner, RfExtent *extent, void *address);
/* The pointer `offset` bytes on from p. New reference. */
RfValue rf_pointer_offset(const RfPointer *p, int64_t offset);
/* What C gave us: null for NULL, else a pointer without known bounds. New reference. */
RfValue rf_pointer_from_c(void *address);
/* True when `size` bytes at address + offset lie in the extent (freed ones have room for nothing). */
static inline bool rf_pointer_in_bounds(const RfPointer *p, int64_t offset, uint64_t size)
{
    uint64_t at = (uint64_t)(uintptr_t)p->address + (uint64_t)offset - (uint64_t)(uintptr_t)p->extent->start;
    return size <= p->extent->limit && at <= p->extent->limit - size;
}

/* ---- C functions ---- */
typedef struct RfForeign RfForeign;
struct RfForeign {
    RfObject obj;
    uint64_t key;      /* how compiled code may call `address` itself (vm/ctype.h); 0: through `call` only */
    void *address;     /* of the C function */
    RfString *name;    /* owned */
    RfHandle *library; /* owned */
    void *data;        /* the FFI's */
    /* Calls it with argv[0..argc), which stay the caller's. *out: new reference. RF_ERROR: raised. */
    RfStatus (*call)(RfVm *vm, RfForeign *fn, int argc, RfValue *argv, RfValue *out);
    void (*drop)(RfForeign *fn); /* frees `data` */
};
/* A function value with a name and a library (both taken) and nothing else. New reference. */
RfForeign *rf_foreign_new(RfString *name, RfHandle *library);

static inline RfPointer *rf_as_pointer(RfValue v)
{
    return (RfPointer *)v.as.ptr;
}
static inline RfForeign *rf_as_foreign(RfValue v)
{
    return (RfForeign *)v.as.ptr;
}

#endif

/* Inside the FFI: libffi, types, and what its builtins share. Everything here belongs to the thread of one VM. */
#ifndef RF_FFI_FFI_H
#define RF_FFI_FFI_H

#include <ffi.h>

#include "base/buf.h"
#include "ffi/builtins.h"
#include "runtime/array.h"
#include "runtime/dict.h"
#include "runtime/string.h"
#include "runtime/text.h"
#include "vm/ctype.h"
#include "vm/frame.h"

/* ---- libffi.c: the library, opened when first wanted ---- */
typedef struct RfLibffi {
    ffi_status (*prep_cif)(ffi_cif *cif, ffi_abi abi, unsigned nargs, ffi_type *result, ffi_type **args);
    ffi_status (*prep_cif_var)(ffi_cif *cif, ffi_abi abi, unsigned nfixed, unsigned nargs, ffi_type *result,
                               ffi_type **args);
    void (*call)(ffi_cif *cif, void (*fn)(void), void *result, void **args);
    void *(*closure_alloc)(size_t size, void **code);
    void (*closure_free)(void *closure);
    ffi_status (*prep_closure)(ffi_closure *closure, ffi_cif *cif, void (*fn)(ffi_cif *, void *, void **, void *),
                               void *user, void *code);
    ffi_type *scalars[RF_C_STRUCT]; /* by RfCKind */
} RfLibffi;
/* NULL: raised "NAME is not available: REASON". */
const RfLibffi *rf_libffi(RfVm *vm, const char *name);

/* ---- layout.c: types ---- */
typedef struct RfLayout RfLayout;
typedef struct RfCType {
    RfCKind kind;
    RfHandle *layout; /* RF_C_STRUCT: the ffitype; borrowed or owned as said */
} RfCType;

typedef struct RfCField {
    RfString *name; /* owned */
    RfCType type;   /* layout owned */
    uint32_t count; /* elements of a fixed array; 0: a single value */
    size_t offset;
} RfCField;

struct RfLayout {
    size_t size, align;
    uint32_t nfields;
    uint32_t depth; /* of nested layouts: 1 has none */
    RfCField *fields;
    ffi_type ffi;        /* as libffi wants it, made when first passed by value (elements NULL before) */
    size_t elements_cap; /* pointers in ffi.elements */
};
static inline RfLayout *rf_layout_of(RfCType type)
{
    return type.layout->data;
}
/* The type that a value of the program names. Raises `ffi unknown type 'T'` for a string that is none; for other kinds *bad is
 * set and nothing raised. The layout is borrowed from v. */
RfStatus rf_layout_parse(RfVm *vm, RfValue v, RfCType *type, bool *bad);
size_t rf_layout_size(RfCType type);
size_t rf_layout_align(RfCType type);
/* What libffi knows the type as; the pointer lives as long as the type. */
ffi_type *rf_layout_ffi(const RfLibffi *lib, RfCType type);
/* Appends the name that error texts use: "i32", "struct {x, y}". */
void rf_layout_put_name(RfBuf *out, RfCType type);

/* ---- convert.c: values <-> C ---- */

/* Whose value it is, for the texts of errors: `ffi argument I of 'NAME'...`, or with index 0 `ffi callback result...`. */
typedef struct RfCRole {
    unsigned index;
    const char *name;
    bool stored; /* into memory that outlives the call: strings and bytes cannot be pointers there */
} RfCRole;

/* Memory that lives as long as a call: copies of strings. */
typedef struct RfScratch {
    struct RfScratchBlock *blocks;
    size_t used;
    char first[512];
} RfScratch;
void *rf_scratch_take(RfScratch *s, size_t size); /* 16-byte aligned, not cleared */
void rf_scratch_free(RfScratch *s);
static inline void rf_scratch_init(RfScratch *s)
{
    s->blocks = NULL;
    s->used = 0;
}

/* Stores v as a C value of `type` at `at` (of the type's size; need not be aligned). Borrows v, which must live as long as C
 * uses what is stored. */
RfStatus rf_convert_store(RfVm *vm, const RfCRole *role, RfCType type, RfValue v, void *at, RfScratch *scratch);
/* The C value at `at`. *out: new reference. */
RfStatus rf_convert_load(RfVm *vm, RfCType type, const void *at, RfValue *out);
/* ---- library.c ---- */
typedef struct RfLibrary {
    void *handle;   /* dlopen */
    RfString *path; /* as errors name it; owned */
    bool closed;
    RfVm *vm;
    RfForeign **functions; /* of it that live (borrowed), so that closing takes their addresses away */
    size_t count, cap;
} RfLibrary;
/* The library in v, or NULL. Borrowed. */
RfLibrary *rf_library_of(RfValue v);
RfStatus rf_library_closed_error(RfVm *vm, const RfLibrary *lib);
void rf_library_add(RfLibrary *lib, RfForeign *fn);
void rf_library_remove(RfLibrary *lib, RfForeign *fn);

/* ---- call.c ---- */
#define RF_FFI_ARGS_MAX 1024 /* they lie on the C stack */
/* Calls a C function value (RfForeign.call); data is a RfSignature. */
typedef struct RfSignature {
    const RfLibffi *lib;
    ffi_cif cif; /* not for variadic functions */
    RfCType result;
    uint32_t nparams;
    bool variadic, keeps_errno;
    size_t result_size; /* bytes that libffi may write */
    ffi_type **ffi_params;
    RfCType params[];
} RfSignature;
/* The signature of `result` and an array of types (references to layouts are kept). Raises; *bad as in rf_layout_parse. */
RfStatus rf_signature_new(RfVm *vm, const RfLibffi *lib, const char *name, RfValue result, RfValue params,
                          bool variadic, RfSignature **out, bool *bad);
void rf_signature_free(RfSignature *s);
uint64_t rf_signature_key(const RfSignature *s);
RfStatus rf_signature_call(RfVm *vm, RfForeign *fn, int argc, RfValue *argv, RfValue *out);

/* ---- small checks ---- */
/* A num as a count, size or offset: truncated, saturated, NaN is 0. `v` must be a num. */
static inline int64_t rf_ffi_count(RfValue v)
{
    return v.tag == RF_TAG_INT ? v.as.i : rf_float_to_int(v.as.f);
}

#endif

/* What stands behind the opaque types of ruff/ruff.h. */
#ifndef RF_API_HANDLES_H
#define RF_API_HANDLES_H

#include "api/failure.h"
#include "base/buf.h"
#include "ruff/ruff.h"
#include "vm/program.h"

struct RuffProgram {
    RfModule *module; /* owned by the VM */
    size_t statements, instructions;
    RuffProgram *next; /* all programs of the VM */
};

struct RuffVM {
    RfVm *vm;
    RuffConfig config;
    RuffError error; /* the last failure; RUFF_OK: none so far */
    RuffProgram *programs;
};

struct RuffValue {
    RuffVM *vm;
    RfValue v; /* owned reference */
};

/* A new handle on `v`, which is taken. */
RuffValue *rf_convert_wrap(RuffVM *vm, RfValue v);

/* Hands a text to the host: memory from malloc, NUL-terminated, for ruff_free(). Frees the buffer. `len` may be NULL.
 */
char *rf_export_text(RfBuf *text, size_t *len);

#endif

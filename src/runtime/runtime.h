/* What the values of one VM share: interned strings, struct types, prepared characters, the error under way. */
#ifndef RF_RUNTIME_RUNTIME_H
#define RF_RUNTIME_RUNTIME_H

#include "runtime/error.h"
#include "runtime/object.h"
#include "runtime/struct.h"
#include "runtime/value.h"

struct RfRuntime {
    struct RfInternEntry *interned; /* uthash */
    RfString *chars[128];           /* one-character ASCII strings, interned */
    RfString *empty;                /* "" */
    RfStructType *types;
    struct RfTypeEntry *type_index; /* uthash by (module id, name) */
    RfFunction *closures;           /* list of functions with cells */
    size_t closure_count;
    size_t closure_limit; /* run the cycle collector beyond this */
    RfError error;        /* valid when a function has returned RF_ERROR */
    RfShape *caught[2];   /* of the struct `Error`, without and with a cause; NULL: not made yet */
    /* names used by the VM, interned once */
    struct {
        RfString *message, *stack, *line, *cause, *error, *self, *next, *lambda, *main;
    } names;
};

void rf_runtime_init(RfRuntime *rt);
/* Everything that held values must have been released before. */
void rf_runtime_free(RfRuntime *rt);

#endif

/* The builtin functions: one table (src/lib/builtins.def) says everything about them but their code. */
#ifndef RF_VM_BUILTIN_H
#define RF_VM_BUILTIN_H

#include "runtime/runtime.h"

/* Arity families of stdlib.md 1.3. */
/* clang-format off */
typedef enum RfArityFamily {
    RF_ARITY_OPEN, /* the function checks the count itself */
    RF_ARITY_A, RF_ARITY_B, RF_ARITY_P, RF_ARITY_Q, RF_ARITY_U,
    RF_ARITY_T, /* `arity_text` is the whole message */
    RF_ARITY_F  /* likewise */
} RfArityFamily;
/* clang-format on */

/* clang-format off */
typedef enum RfCapability {
    RF_CAP_NONE, RF_CAP_FS_READ, RF_CAP_FS_WRITE, RF_CAP_FS_DELETE, RF_CAP_PROCESS_EXEC, RF_CAP_SHELL_EXEC,
    RF_CAP_ENV_READ, RF_CAP_ENV_WRITE, RF_CAP_NET_CLIENT, RF_CAP_NET_SERVER, RF_CAP_DATABASE, RF_CAP_CLOCK,
    RF_CAP_RANDOM, RF_CAP_FFI, RF_CAP_COUNT
} RfCapability;
/* clang-format on */

#define RF_BUILTIN_REUSES 1u /* may change argument 0 in place when it is the only reference, and runs no script code */
#define RF_BUILTIN_PURE 2u   /* no side effect, result depends on the arguments only, runs no script code */
#define RF_BUILTIN_CALLS 4u  /* may call back into script code */
#define RF_BUILTIN_PAIR 8u   /* returns [what is left of argument 0, item] */
#define RF_BUILTIN_PAIR_OF_DICT 16u /* likewise when argument 0 is a dict */

/* The code of a builtin.
 * argv[0..argc) are owned by the caller, who releases them afterwards; a builtin that wants to keep or change one moves it
 * out with rf_take(&argv[i]) - after every check that can fail, so that a failed call leaves its arguments whole.
 * On success stores a new reference in *out (always; null when there is nothing to say). On failure raises and returns RF_ERROR.
 * Capability and count have been checked (unless the family is OPEN). `self` tells the spelling used. */
typedef RfStatus RfBuiltinFn(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out);

struct RfBuiltin {
    const char *name;      /* as the program writes it */
    const char *canonical; /* equality and capability texts; the same text as name unless an alias */
    RfBuiltinFn *fn;
    int16_t min_args;
    int16_t max_args;       /* -1: open */
    uint8_t family;         /* RfArityFamily */
    uint8_t capability;     /* RfCapability */
    uint8_t capability2;    /* second one needed, or NONE */
    uint8_t flags;          /* RF_BUILTIN_* */
    const char *arity_name; /* name used in arity texts */
    const char *arity_text; /* families T, F: the message; P, Q: the parameter list */
    const char *signature;  /* "push(array, any) -> array" */
    const char *doc;        /* one line */
};

/* The runtime layer reads the names of a builtin without knowing the rest (object.h). */
_Static_assert(offsetof(RfBuiltin, name) == 0 && offsetof(RfBuiltin, canonical) == sizeof(char *),
               "see RfBuiltinNames");

/* From now on every builtin found by name is a copy whose code is `wrapper`: it gets that copy as `self` and calls
 * rf_builtin_wrapped(self)->fn. vm may be NULL there. Once a process, before any VM is made; for observers (observe.h). */
void rf_builtin_wrap(RfBuiltinFn *wrapper);
const RfBuiltin *rf_builtin_wrapped(const RfBuiltin *b);
/* Whether the address is that of a builtin, and not of something else. */
bool rf_builtin_is(const void *address);

/* Look-up by name; NULL when there is none. */
const RfBuiltin *rf_builtin_find(const char *name, size_t len);
/* Entry i of the table (for help, docs, did-you-mean), NULL past the end. */
const RfBuiltin *rf_builtin_at(size_t i);
/* Constants of the builtin scope (PI, E, INF, NAN): true and *out when `name` is one. */
bool rf_builtin_constant(const char *name, size_t len, RfValue *out);
/* "filesystem-write", "--allow-fs-write". */
const char *rf_capability_name(RfCapability cap);
const char *rf_capability_flag(RfCapability cap);

/* Raises the arity error of a builtin's family. */
RfStatus rf_builtin_arity_error(RfVm *vm, const RfBuiltin *b, int argc);

#endif

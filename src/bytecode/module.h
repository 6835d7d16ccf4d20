/* A module: its globals, which code reaches by slot number, its exports and struct names. The main script is a module. */
#ifndef RF_BYTECODE_MODULE_H
#define RF_BYTECODE_MODULE_H

#include <uthash.h>

#include "bytecode/chunk.h"
#include "runtime/runtime.h"

/* clang-format off */
typedef enum RfGlobalKind {
    RF_GLOBAL_ABSENT,  /* no such variable (the slot may hold the builtin of that name) */
    RF_GLOBAL_MUT,     /* created by assignment or declared mut, imported, a function */
    RF_GLOBAL_LET, RF_GLOBAL_CONST,
    RF_GLOBAL_BARE     /* made by a bare destructuring: only those may change it */
} RfGlobalKind;
/* clang-format on */

typedef struct RfGlobalInfo {
    RfString *name; /* interned; key */
    uint32_t slot;
    uint8_t kind; /* RfGlobalKind */
    UT_hash_handle hh;
} RfGlobalInfo;

typedef struct RfExport {
    RfString *name;
    bool is_struct; /* struct or enum names are not variables */
} RfExport;

typedef struct RfStructAlias { /* struct name in this module -> type (imports) */
    RfString *name;
    RfStructType *type;
    UT_hash_handle hh;
} RfStructAlias;

typedef struct RfTestCase {
    char *name;     /* "group > name", owned */
    RfProto *proto; /* no parameters, runs in the module's global scope */
    RfPos pos;
} RfTestCase;

struct RfModule {
    RfRuntime *rt;
    uint32_t id; /* struct types are keyed by it; 0 is the library */
    bool open; /* more code will be compiled into this module, or the host adds globals (shell, embedding): any name may
                            become a global later. When false the compiler knows all names that can. Set before rf_compile. */
    RfString *name;      /* as imported; main script: "<main>" */
    char *file;          /* as shown in diagnostics, owned */
    RfString *file_name; /* the same, interned (call stacks) */
    char *source;        /* kept for excerpts, owned (NULL when not available) */
    size_t source_len;
    RfValue *globals;    /* values by slot; UNDEF: absent; a builtin while kind is ABSENT and the name is one */
    RfGlobalInfo **info; /* by slot */
    uint32_t nglobals, cap;
    RfGlobalInfo *by_name; /* uthash by name pointer */
    RfExport *exports;
    uint32_t nexports;
    RfStructAlias *aliases;
    uint32_t alias_version;
    RfProto *main; /* owned */
    RfTestCase *tests;
    uint32_t ntests;
    RfProto *test_setup, *test_teardown; /* nested protos of main's list; NULL when absent */
};

/* Tells which value a builtin name has; set once by the VM (the bytecode layer does not know the library). */
typedef bool RfBuiltinLookup(const char *name, size_t len, RfValue *out);
void rf_module_set_builtins(RfBuiltinLookup *lookup);

/* New module without code. `name` interned; file and source are copied (source may be NULL). */
RfModule *rf_module_new(RfRuntime *rt, uint32_t id, RfString *name, const char *file, const char *source,
                        size_t source_len);
void rf_module_free(RfModule *module);
/* Slot of the global called `name` (interned), made (absent) when new. May move module->globals. */
uint32_t rf_module_global(RfModule *module, RfString *name);
/* Existing slot or -1. */
int64_t rf_module_find(const RfModule *module, const RfString *name);
/* Takes all globals away, as before the module's first run; its code stays. Nothing of it may be running. */
void rf_module_reset_globals(RfModule *module);
/* Adds to the exports; the caller adds each name once. */
void rf_module_add_export(RfModule *module, RfString *name, bool is_struct);

#endif

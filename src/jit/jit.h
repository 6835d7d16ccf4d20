/* The JIT as the rest of the program sees it. */
#ifndef RF_JIT_JIT_H
#define RF_JIT_JIT_H

#include "jit/reason.h"
#include "vm/vm.h"

/* Switches of the command line or the host; the environment (cli.md 5.2) is read by the first rf_jit_attach of a process. */
typedef struct RfJitConfig {
    bool disabled;      /* --no-jit */
    uint32_t threshold; /* --jit-threshold, 0 = default */
    bool no_cache;      /* --no-cache */
    bool task;          /* a VM that the program started on a thread of its own: no config and stats lines */
    /* The executable that compiles (`WORKER --jit-worker FD`): a ruff of this very build. NULL: there is none, everything
     * stays bytecode. Copied; only whether it is NULL matters for tasks. */
    const char *worker;
} RfJitConfig;

/* Gives the VM a JIT (vm->tier) unless it is disabled; before any module is compiled. Starts nothing and opens no file. */
void rf_jit_attach(RfVm *vm, const RfJitConfig *config);
/* Takes it away when the VM is freed and its modules have been forgotten (RfTier.forget). Ends as RfTier.leave does, if that
 * has not happened. Nothing without a JIT. */
void rf_jit_detach(RfVm *vm);

/* ---- what would be compiled (`ruff disasm`) ---- */
typedef struct RfJitListing {
    RfReason reason;     /* NONE: compiled */
    uint32_t bytes;      /* machine code */
    char *ir, *assembly; /* malloc'd, NULL when not wanted or not there */
} RfJitListing;
/* Compiles the function entries of protos[0..count), without types seen, by a worker; nothing is installed. worker as in
 * RfJitConfig. The caller frees what is in out[0..count) by rf_jit_listing_free. NULL, or why there is no back end (static). */
const char *rf_jit_list(RfVm *vm, RfProto *const *protos, size_t count, bool ir, bool assembly, const char *worker,
                        RfJitListing *out);
void rf_jit_listing_free(RfJitListing *listing);

#endif

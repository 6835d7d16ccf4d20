/* The JIT as the rest of the program sees it. */
#ifndef RF_JIT_JIT_H
#define RF_JIT_JIT_H

#include "vm/vm.h"

/* Switches of the command line; the environment (cli.md 5.2) is read by rf_jit_attach. */
typedef struct RfJitConfig {
    bool disabled;      /* --no-jit */
    uint32_t threshold; /* --jit-threshold, 0 = default */
    bool no_cache;      /* --no-cache */
} RfJitConfig;

/* Gives the VM a JIT (vm->tier) unless it is disabled; before any module is compiled. The VM owns it. */
void rf_jit_attach(RfVm *vm, const RfJitConfig *config);
/* Before the VM is freed: waits for nothing but a short time for the cache, prints the stats line. */
void rf_jit_detach(RfVm *vm);

#endif

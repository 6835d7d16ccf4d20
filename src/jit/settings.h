/* What the environment says of the JIT (cli.md 5.2). */
#ifndef RF_JIT_SETTINGS_H
#define RF_JIT_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct RfJitSettings {
    int debug;          /* DEBUG_JIT: 0, 1, 2 */
    const char *filter; /* DEBUG_JIT_FILTER; NULL: all names */
    bool ir, assembly;  /* DEBUG_JIT_IR, DEBUG_JIT_ASM */
    bool calls;         /* DEBUG_JIT_CALL */
    bool disabled;      /* DISABLE_JIT */
    bool no_function, no_loop, no_script;
    uint32_t threshold;      /* RUFF_JIT_THRESHOLD, 0: not set */
    uint32_t loop_threshold; /* RUFF_JIT_LOOP_THRESHOLD, 0: not set */
    bool sync;               /* RUFF_JIT_SYNC */
    uint32_t jobs, opt, timeout_ms, cache_mb;
    const char *cache;         /* RUFF_JIT_CACHE; NULL: the default place */
    uint32_t stress;           /* RUFF_JIT_STRESS=deopt:N; 0: off */
    uint32_t stress_seed;      /* seed:S; 0: none */
    const char *stress_worker; /* worker:WHAT, NULL: off */
} RfJitSettings;

#define RF_JIT_THRESHOLD 100u
#define RF_JIT_LOOP_FACTOR 10u

/* Read from the environment at the first call and never again; any thread. */
const RfJitSettings *rf_jit_settings(void);

#endif

/* The environment is looked at once per process, before any script can change it, and copied. */
#include "jit/settings.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static RfJitSettings settings;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool is_on(const char *variable)
{
    const char *v = getenv(variable);
    return v && *v && strcmp(v, "0") != 0;
}

/* A copy for the life of the process; NULL when unset or empty. */
static const char *text_of(const char *variable)
{
    const char *v = getenv(variable);
    return v && *v ? strdup(v) : NULL;
}

/* A number that fits, else the fallback: a broken variable never stops a program. */
static uint32_t parse(const char *v, uint32_t fallback)
{
    if (!v || *v < '0' || *v > '9') {
        return fallback;
    }
    char *end;
    unsigned long long n = strtoull(v, &end, 10);
    return (*end == '\0' || *end == ',') && n <= UINT32_MAX ? (uint32_t)n : fallback;
}

static uint32_t number_of(const char *variable, uint32_t fallback)
{
    return parse(getenv(variable), fallback);
}

/* "deopt:N[,seed:S]" or "worker:WHAT" */
static void read_stress(const char *text)
{
    for (const char *at = text; at && *at;) {
        if (strncmp(at, "deopt:", 6) == 0) {
            settings.stress = parse(at + 6, 0);
        } else if (strncmp(at, "seed:", 5) == 0) {
            settings.stress_seed = parse(at + 5, 0);
        } else if (strncmp(at, "worker:", 7) == 0) {
            static const char *const ways[] = {"kill", "hang", "garbage"};
            for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
                size_t len = strlen(ways[i]);
                if (strncmp(at + 7, ways[i], len) == 0 && (at[7 + len] == '\0' || at[7 + len] == ',')) {
                    settings.stress_worker = ways[i];
                }
            }
        }
        at = strchr(at, ',');
        at = at ? at + 1 : NULL;
    }
}

static void read_all(void)
{
    RfJitSettings *s = &settings;
    const char *debug = getenv("DEBUG_JIT");
    s->debug = !is_on("DEBUG_JIT") ? 0 : strcmp(debug, "2") == 0 ? 2 : 1;
    s->filter = text_of("DEBUG_JIT_FILTER");
    s->ir = is_on("DEBUG_JIT_IR");
    s->assembly = is_on("DEBUG_JIT_ASM");
    s->calls = is_on("DEBUG_JIT_CALL");
    s->disabled = is_on("DISABLE_JIT");
    s->no_function = is_on("DISABLE_FUNCTION_JIT");
    s->no_loop = is_on("DISABLE_LOOP_JIT");
    s->no_script = is_on("DISABLE_SCRIPT_JIT");
    s->threshold = number_of("RUFF_JIT_THRESHOLD", 0);
    s->loop_threshold = number_of("RUFF_JIT_LOOP_THRESHOLD", 0);
    s->sync = is_on("RUFF_JIT_SYNC");
    s->jobs = number_of("RUFF_JIT_JOBS", 1);
    s->jobs = s->jobs < 1 ? 1 : s->jobs > 64 ? 64 : s->jobs;
    s->opt = number_of("RUFF_JIT_OPT", 2);
    s->opt = s->opt > 3 ? 2 : s->opt;
    s->timeout_ms = number_of("RUFF_JIT_TIMEOUT_MS", 5000);
    s->timeout_ms = s->timeout_ms ? s->timeout_ms : 5000;
    s->cache = text_of("RUFF_JIT_CACHE");
    s->cache_mb = number_of("RUFF_JIT_CACHE_MB", 256);
    read_stress(getenv("RUFF_JIT_STRESS"));
}

const RfJitSettings *rf_jit_settings(void)
{
    pthread_once(&once, read_all);
    return &settings;
}

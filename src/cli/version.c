/* `ruff version`: the version, and with --verbose or --json what this executable was built from and with. */
#include "cli/version.h"

#include <stdlib.h>

#include "cli/handlers.h"
#include "cli/output.h"
#include "jit/cache.h"
#include "ruff/ruff.h"

void rf_version_print(void)
{
    rf_buf_printf(rf_output_stdout(), "ruff %s\n", ruff_version());
}

#ifdef RUFF_WITH_JIT
static const char *const jit_backend = "gccjit", *const jit_version = RUFF_GCCJIT_VERSION;
#define HAS_JIT true
#else
static const char *const jit_backend = NULL, *const jit_version = NULL;
#define HAS_JIT false
#endif
#ifdef RF_ASSERTIONS
#define HAS_ASSERTIONS true
#else
#define HAS_ASSERTIONS false
#endif
#ifdef RF_SANITIZE
#define HAS_SANITIZERS true
#else
#define HAS_SANITIZERS false
#endif

static const struct {
    const char *name;
    bool on;
} features[] = {{"assertions", HAS_ASSERTIONS}, {"jit", HAS_JIT}, {"sanitizers", HAS_SANITIZERS}};
#define FEATURE_COUNT (sizeof features / sizeof features[0])

static void print_json(const char *build, const char *cache)
{
    RfJson json = rf_json_start(rf_output_stdout());
    rf_json_object(&json);
    rf_json_key_cstr(&json, "build", build);
    rf_json_key_cstr(&json, "cache", cache);
    rf_json_key_cstr(&json, "command", "version");
    rf_json_key(&json, "features");
    rf_json_object(&json);
    for (size_t i = 0; i < FEATURE_COUNT; i++) {
        rf_json_key_bool(&json, features[i].name, features[i].on);
    }
    rf_json_object_end(&json);
    rf_json_key(&json, "jit");
    rf_json_object(&json);
    rf_json_key_cstr(&json, "backend", jit_backend ? jit_backend : "none");
    rf_json_key_cstr(&json, "version", jit_version);
    rf_json_object_end(&json);
    rf_json_key_cstr(&json, "status", "ok");
    rf_json_key_cstr(&json, "version", ruff_version());
    rf_json_object_end(&json);
    rf_json_finish(&json);
}

static void print_verbose(const char *build, const char *cache)
{
    RfBuf *out = rf_output_stdout();
    rf_version_print();
    rf_buf_printf(out, "build: %s\n", build);
#ifdef __clang__
    rf_buf_puts(out, "compiler: " __VERSION__ "\n");
#else
    rf_buf_puts(out, "compiler: gcc " __VERSION__ "\n");
#endif
    if (jit_backend) {
        rf_buf_printf(out, "jit: %s %s\n", jit_backend, jit_version);
    } else {
        rf_buf_puts(out, "jit: none (not built)\n");
    }
    rf_buf_puts(out, "features:");
    for (size_t i = 0; i < FEATURE_COUNT; i++) {
        rf_buf_printf(out, " %s=%s", features[i].name, features[i].on ? "on" : "off");
    }
    rf_buf_printf(out, "\ncache: %s\n", cache);
}

int rf_version_command(const RfArgs *args)
{
    bool as_json = rf_args_has(args, RF_OPTION_JSON);
    if (!as_json && !rf_args_has(args, RF_OPTION_VERBOSE)) {
        rf_version_print();
        return 0;
    }
    RfCache *cache = rf_cache_open(getenv("RUFF_JIT_CACHE"), RF_CACHE_DEFAULT_MB);
    (as_json ? print_json : print_verbose)(rf_cache_build_id(), rf_cache_directory(cache));
    rf_cache_close(cache);
    return 0;
}

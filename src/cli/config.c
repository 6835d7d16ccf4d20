/* Capability flags, limits and JIT switches; the command line wins over the environment. */
#include "cli/config.h"

#include <stdlib.h>
#include <string.h>

#include "cli/output.h"

static const struct {
    RfOptionId option;
    uint32_t capabilities;
} grants[] = {
    {RF_OPTION_ALLOW_FS_READ, RUFF_ALLOW_FS_READ},       {RF_OPTION_ALLOW_FS_WRITE, RUFF_ALLOW_FS_WRITE},
    {RF_OPTION_ALLOW_FS_DELETE, RUFF_ALLOW_FS_DELETE},   {RF_OPTION_ALLOW_PROCESS_EXEC, RUFF_ALLOW_PROCESS_EXEC},
    {RF_OPTION_ALLOW_SHELL_EXEC, RUFF_ALLOW_SHELL_EXEC}, {RF_OPTION_ALLOW_ENV_READ, RUFF_ALLOW_ENV_READ},
    {RF_OPTION_ALLOW_ENV_WRITE, RUFF_ALLOW_ENV_WRITE},   {RF_OPTION_ALLOW_NET_CLIENT, RUFF_ALLOW_NET_CLIENT},
    {RF_OPTION_ALLOW_NET_SERVER, RUFF_ALLOW_NET_SERVER}, {RF_OPTION_ALLOW_NET, RUFF_ALLOW_NET},
    {RF_OPTION_ALLOW_DATABASE, RUFF_ALLOW_DATABASE},     {RF_OPTION_ALLOW_CLOCK, RUFF_ALLOW_CLOCK},
    {RF_OPTION_ALLOW_RANDOM, RUFF_ALLOW_RANDOM},         {RF_OPTION_ALLOW_FFI, RUFF_ALLOW_FFI},
};

/* Everything by default, nothing with --untrusted, only what is listed when anything is; --allow-all wins. */
static uint32_t capabilities(const RfArgs *args)
{
    if (rf_args_has(args, RF_OPTION_ALLOW_ALL)) {
        return RUFF_ALLOW_ALL;
    }
    uint32_t allowed = 0;
    bool restricted = rf_args_has(args, RF_OPTION_UNTRUSTED);
    for (size_t i = 0; i < sizeof grants / sizeof grants[0]; i++) {
        if (rf_args_has(args, grants[i].option)) {
            allowed |= grants[i].capabilities;
            restricted = true;
        }
    }
    return restricted ? allowed : RUFF_ALLOW_ALL;
}

static bool switched_on(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0' && strcmp(value, "0") != 0;
}

/* A positive number from the environment; 0 when unset or malformed. */
static uint32_t number_from(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL || *value < '0' || *value > '9') {
        return 0;
    }
    char *end;
    unsigned long long n = strtoull(value, &end, 10);
    return *end == '\0' && n <= UINT32_MAX ? (uint32_t)n : 0;
}

int rf_config_from_args(const RfArgs *args, RuffConfig *config)
{
    ruff_config_init(config);
    config->capabilities = capabilities(args);
    config->net_deny_private = rf_args_has(args, RF_OPTION_UNTRUSTED) && !rf_args_has(args, RF_OPTION_ALLOW_ALL) &&
                               (config->capabilities & RUFF_ALLOW_NET_CLIENT) != 0;
    config->jit = !rf_args_has(args, RF_OPTION_NO_JIT) && !rf_args_has(args, RF_OPTION_INTERPRETER) &&
                  !switched_on("DISABLE_JIT");
    config->jit_cache = !rf_args_has(args, RF_OPTION_NO_CACHE);
    config->jit_worker = "/proc/self/exe"; /* main.c knows the worker's mode */
    config->jit_threshold = rf_args_number(args, RF_OPTION_JIT_THRESHOLD, 0);
    config->max_call_depth = rf_args_number(args, RF_OPTION_MAX_CALL_DEPTH, 0);
    if (config->max_call_depth == 0) {
        config->max_call_depth = number_from("RUFF_MAX_CALL_DEPTH");
    }
    if (rf_args_has(args, RF_OPTION_SCHEDULER_TIMEOUT)) {
        config->scheduler_timeout_ms = rf_args_number(args, RF_OPTION_SCHEDULER_TIMEOUT, 0);
        if (config->scheduler_timeout_ms == 0) {
            return rf_output_cli_error(RUFF_ERROR_USAGE, "Scheduler timeout must be greater than 0ms");
        }
    } else {
        config->scheduler_timeout_ms = number_from("RUFF_SCHEDULER_TIMEOUT_MS");
    }
    return -1;
}

const char *rf_config_directory_of(RfBuf *out, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return ".";
    }
    rf_buf_put(out, path, slash == path ? 1 : (size_t)(slash - path));
    return rf_buf_cstr(out);
}

/* `ruff cache ACTION`: looks at the JIT's code cache, checks it and clears it. Works in builds without the JIT, too. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "cli/handlers.h"
#include "cli/output.h"
#include "jit/cache.h"

typedef enum Action { INFO, LIST, CLEAR, VERIFY, PRUNE, PATH, ACTION_COUNT } Action;
static const char *const action_names[ACTION_COUNT] = {"info", "list", "clear", "verify", "prune", "path"};

typedef struct Report {
    Action action;
    RfCache *cache;
    uint64_t limit; /* bytes */
    RfCacheItem *items;
    size_t count, stale, bad;
    uint64_t bytes;
    size_t removed;
    uint64_t removed_bytes;
} Report;

/* After a removal this is what is left. */
static void look(Report *report)
{
    report->items = rf_cache_items(report->cache, report->action == VERIFY, &report->count);
    for (size_t i = 0; i < report->count; i++) {
        const RfCacheItem *item = &report->items[i];
        report->bytes += item->bytes;
        report->stale += item->stale;
        report->bad += report->action == VERIFY && item->bad != RF_REASON_NONE;
    }
}

static double megabytes(uint64_t bytes)
{
    return (double)bytes / 1048576.0;
}

static const char *put_time(char text[32], int64_t seconds)
{
    time_t when = (time_t)seconds;
    struct tm parts;
    if (gmtime_r(&when, &parts) == NULL || strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
        strcpy(text, "unknown"); /* a year that no calendar has */
    }
    return text;
}

static void print_info(RfBuf *out, const Report *report)
{
    rf_buf_printf(out, "Cache directory: %s\n", rf_cache_directory(report->cache));
    rf_buf_printf(out, "Entries: %zu\n", report->count);
    rf_buf_printf(out, "Size: %.2f MB of %" PRIu64 " MB\n", megabytes(report->bytes), report->limit >> 20);
    rf_buf_printf(out, "Build id: %s\n", rf_cache_build_id());
    rf_buf_printf(out, "Stale entries: %zu\n", report->stale);
}

static void print_list(RfBuf *out, const Report *report)
{
    char when[32];
    for (size_t i = 0; i < report->count; i++) {
        const RfCacheItem *item = &report->items[i];
        rf_buf_printf(out, "%s\t%" PRIu64 "\t%s\t%s\n", item->key, item->bytes, put_time(when, item->last_used),
                      item->name);
    }
}

static void print_bad(RfBuf *out, const Report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const RfCacheItem *item = &report->items[i];
        if (item->bad != RF_REASON_NONE) {
            rf_buf_printf(out, "bad %s %s\n", item->key, rf_reason_text[item->bad]);
        }
    }
    if (report->bad == 0) {
        rf_buf_printf(out, "ok %zu entries\n", report->count);
    }
}

static void print_text(const Report *report)
{
    RfBuf *out = rf_output_stdout();
    switch (report->action) {
    case INFO: print_info(out, report); break;
    case LIST: print_list(out, report); break;
    case VERIFY: print_bad(out, report); break;
    case PATH: rf_buf_printf(out, "%s\n", rf_cache_directory(report->cache)); break;
    case CLEAR:
    case PRUNE:
        rf_buf_printf(out, "removed %zu entries (%.2f MB)\n", report->removed, megabytes(report->removed_bytes));
        break;
    case ACTION_COUNT: break;
    }
}

static void put_bad(RfJson *json, const Report *report)
{
    rf_json_key(json, "bad");
    rf_json_array(json);
    for (size_t i = 0; i < report->count && report->bad > 0; i++) {
        const RfCacheItem *item = &report->items[i];
        if (item->bad != RF_REASON_NONE) {
            rf_json_object(json);
            rf_json_key_cstr(json, "key", item->key);
            rf_json_key_cstr(json, "reason", rf_reason_text[item->bad]);
            rf_json_object_end(json);
        }
    }
    rf_json_array_end(json);
}

static void put_items(RfJson *json, const Report *report)
{
    char when[32];
    rf_json_key(json, "items");
    rf_json_array(json);
    for (size_t i = 0; i < report->count && report->action == LIST; i++) {
        const RfCacheItem *item = &report->items[i];
        rf_json_object(json);
        rf_json_key_int(json, "bytes", (int64_t)item->bytes);
        rf_json_key_cstr(json, "key", item->key);
        rf_json_key_cstr(json, "last_used", put_time(when, item->last_used));
        rf_json_key_cstr(json, "name", item->name);
        rf_json_object_end(json);
    }
    rf_json_array_end(json);
}

static void print_json(const Report *report)
{
    RfJson json = rf_json_start(rf_output_stdout());
    rf_json_object(&json);
    rf_json_key_cstr(&json, "action", action_names[report->action]);
    put_bad(&json, report);
    rf_json_key_int(&json, "bytes", (int64_t)report->bytes);
    rf_json_key_cstr(&json, "command", "cache");
    rf_json_key_cstr(&json, "directory", rf_cache_directory(report->cache));
    rf_json_key_int(&json, "entries", (int64_t)report->count);
    put_items(&json, report);
    rf_json_key_int(&json, "limit_bytes", (int64_t)report->limit);
    rf_json_key_int(&json, "removed", (int64_t)report->removed);
    rf_json_key_int(&json, "stale", (int64_t)report->stale);
    rf_json_key_cstr(&json, "status", report->bad > 0 ? "failed" : "ok");
    rf_json_object_end(&json);
    rf_json_finish(&json);
}

/* Entries that could not be removed: a read-only directory. Returns the exit code. */
static int fail(const Report *report, size_t failed, bool as_json)
{
    RuffError error;
    rf_failure_init(&error);
    rf_failure_set_cli(&error, RUFF_ERROR_IO, "Failed to remove %zu entries of %s", failed,
                       rf_cache_directory(report->cache));
    int code = ruff_exit_code(error.status);
    if (as_json) {
        const RuffError *list = &error;
        rf_output_envelope("cache", &list, 1, ruff_error_diagnostic(&error, 0).message, code);
    } else {
        rf_output_error(&error);
    }
    rf_failure_free(&error);
    return code;
}

static int act(Report *report, bool as_json)
{
    size_t failed = 0;
    if (report->action == CLEAR || report->action == PRUNE) {
        report->removed = rf_cache_remove(report->cache, report->action == PRUNE, &report->removed_bytes, &failed);
    }
    if (failed > 0) {
        return fail(report, failed, as_json);
    }
    look(report);
    (as_json ? print_json : print_text)(report);
    rf_mem_free(report->items, report->count * sizeof *report->items);
    return report->bad > 0 ? 1 : 0;
}

int rf_cache_command(const RfArgs *args)
{
    const char *word = args->operands[0];
    Action action = INFO;
    while (action < ACTION_COUNT && strcmp(word, action_names[action]) != 0) {
        action++;
    }
    if (action == ACTION_COUNT) {
        return rf_args_usage_error(args->command, rf_args_nearest(word, action_names, ACTION_COUNT),
                                   "unrecognized subcommand '%s'", word);
    }
    uint64_t limit = rf_cache_limit_mb(getenv("RUFF_JIT_CACHE_MB"));
    limit = limit < (uint64_t)INT64_MAX >> 20 ? limit : (uint64_t)INT64_MAX >> 20;
    Report report = {.action = action, .cache = rf_cache_open(getenv("RUFF_JIT_CACHE"), limit), .limit = limit << 20};
    int code = act(&report, rf_args_has(args, RF_OPTION_JSON));
    rf_cache_close(report.cache);
    return code;
}

/* `ruff check`: everything up to the bytecode, nothing runs and nothing is imported. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/source.h"
#include "base/arena.h"
#include "base/mem.h"
#include "cli/handlers.h"
#include "cli/output.h"

typedef struct Files {
    RfArena arena;
    const char **items;
    size_t count, cap;
} Files;

typedef struct Checked {
    const char *file;
    size_t statements, instructions;
} Checked;

/* What one invocation gathers. */
typedef struct Check {
    bool as_json, quiet, verbose;
    int exit_code; /* of the first failure */
    Checked *passed;
    size_t passed_count;
    RuffError *failures; /* with --json: shown in the envelope at the end */
    size_t failure_count;
} Check;

static void add_file(Files *files, const char *path)
{
    if (files->count == files->cap) {
        size_t cap = files->cap ? files->cap * 2 : 16;
        files->items = rf_mem_resize(files->items, files->cap * sizeof *files->items, cap * sizeof *files->items);
        files->cap = cap;
    }
    files->items[files->count++] = rf_arena_strdup(&files->arena, path, strlen(path));
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_program_name(const char *name)
{
    size_t len = strlen(name);
    return len > 5 && strcmp(name + len - 5, ".ruff") == 0;
}

static bool is_directory(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Adds the programs below a directory; 0, or an errno value when it or one below cannot be read. Symbolic links to
 * directories are not followed. */
static int add_directory(Files *files, const char *top)
{
    Files pending = {.arena = RF_ARENA_INIT};
    add_file(&pending, top);
    int failed = 0;
    while (pending.count > 0) {
        const char *path = pending.items[--pending.count];
        DIR *dir = opendir(path);
        if (dir == NULL) {
            failed = errno;
            break;
        }
        RfBuf child = RF_BUF_INIT;
        for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
            if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
                continue;
            }
            rf_buf_clear(&child);
            rf_buf_printf(&child, "%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/", entry->d_name);
            struct stat info;
            if (lstat(rf_buf_cstr(&child), &info) == 0 && S_ISDIR(info.st_mode)) {
                add_file(&pending, rf_buf_cstr(&child));
            } else if (is_program_name(entry->d_name)) {
                add_file(files, rf_buf_cstr(&child));
            }
        }
        rf_buf_free(&child);
        closedir(dir);
    }
    rf_mem_free(pending.items, pending.cap * sizeof *pending.items);
    rf_arena_free(&pending.arena);
    return failed;
}

static void fail(Check *check, RuffError *error)
{
    int code = ruff_exit_code(error->status);
    check->exit_code = check->exit_code ? check->exit_code : code;
    if (check->as_json) {
        check->failures[check->failure_count++] = *error; /* moved */
        rf_failure_init(error);
    } else {
        rf_output_error(error);
    }
}

static void check_file(Check *check, const char *file)
{
    RuffError error;
    rf_failure_init(&error);
    RuffVM *vm = ruff_vm_new(NULL);
    RuffProgram *program = NULL;
    if (vm == NULL) {
        rf_failure_set(&error, RUFF_ERROR_INTERNAL, "RUFVM001", "vm", NULL, (RfPos){0, 0}, NULL,
                       "Internal error: no address space for the stacks of the virtual machine");
        fail(check, &error);
    } else if (ruff_load_file(vm, file, &program) != RUFF_OK) {
        error = rf_failure_take(vm);
        fail(check, &error);
    } else {
        Checked *passed = &check->passed[check->passed_count++];
        *passed = (Checked){file, ruff_program_statements(program), ruff_program_instructions(program)};
        if (!check->as_json && !check->quiet) {
            RfBuf *out = rf_output_stdout();
            rf_buf_printf(out, "check passed: %s", file);
            if (check->verbose) {
                rf_buf_printf(out, " (statements=%zu, bytecode_instructions=%zu)", passed->statements,
                              passed->instructions);
            }
            rf_buf_putc(out, '\n');
        }
    }
    rf_failure_free(&error);
    ruff_vm_free(vm);
}

static void print_checked(RfJson *json, const Checked *item)
{
    rf_json_object(json);
    rf_json_key_int(json, "bytecode_instruction_count", (int64_t)item->instructions);
    rf_json_key_cstr(json, "command", "check");
    rf_json_key_cstr(json, "file", item->file);
    rf_json_key_int(json, "statement_count", (int64_t)item->statements);
    rf_json_key_cstr(json, "status", "ok");
    rf_json_object_end(json);
}

static void print_json(const Check *check)
{
    if (check->exit_code != 0) {
        const RuffError **errors = rf_mem_alloc(check->failure_count * sizeof *errors);
        for (size_t i = 0; i < check->failure_count; i++) {
            errors[i] = &check->failures[i];
        }
        rf_output_envelope("check", errors, check->failure_count, errors[0]->reports[0].diag.message, check->exit_code);
        rf_mem_free(errors, check->failure_count * sizeof *errors);
        return;
    }
    RfJson json = rf_json_start(rf_output_stdout());
    if (check->passed_count == 1) {
        print_checked(&json, &check->passed[0]);
    } else {
        rf_json_object(&json);
        rf_json_key_cstr(&json, "command", "check");
        rf_json_key(&json, "files");
        rf_json_array(&json);
        for (size_t i = 0; i < check->passed_count; i++) {
            print_checked(&json, &check->passed[i]);
        }
        rf_json_array_end(&json);
        rf_json_key_cstr(&json, "status", "ok");
        rf_json_object_end(&json);
    }
    rf_json_finish(&json);
}

/* Turns the operands into files; an unreadable directory stands for itself and fails like an unreadable file. */
static void list_files(const RfArgs *args, Files *files)
{
    for (int i = 0; i < args->operand_count; i++) {
        const char *path = args->operands[i];
        size_t before = files->count;
        if (!is_directory(path)) {
            add_file(files, path);
        } else if (add_directory(files, path) != 0 || files->count == before) {
            files->count = before;
            add_file(files, path);
        } else {
            qsort(files->items + before, files->count - before, sizeof *files->items, compare_paths);
        }
    }
}

int rf_check_command(const RfArgs *args)
{
    if (rf_args_conflict(args, RF_OPTION_QUIET, RF_OPTION_VERBOSE)) {
        return 2;
    }
    Files files = {.arena = RF_ARENA_INIT};
    list_files(args, &files);
    Check check = {
        .as_json = rf_args_has(args, RF_OPTION_JSON),
        .quiet = rf_args_has(args, RF_OPTION_QUIET),
        .verbose = rf_args_has(args, RF_OPTION_VERBOSE),
        .passed = rf_mem_alloc(files.count * sizeof(Checked)),
        .failures = rf_mem_alloc(files.count * sizeof(RuffError)),
    };
    for (size_t i = 0; i < files.count; i++) {
        check_file(&check, files.items[i]);
    }
    if (check.as_json) {
        print_json(&check);
    }
    for (size_t i = 0; i < check.failure_count; i++) {
        rf_failure_free(&check.failures[i]);
    }
    rf_mem_free(check.passed, files.count * sizeof(Checked));
    rf_mem_free(check.failures, files.count * sizeof(RuffError));
    rf_mem_free(files.items, files.cap * sizeof *files.items);
    rf_arena_free(&files.arena);
    return check.exit_code;
}

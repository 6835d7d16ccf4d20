/* Fuzz target: whole programs on the VM, with no capability, a small call depth and a bounded number of safepoints. Any outcome
 * is right except a crash, a hang or a leak.
 *
 * Programs that start threads are left to ThreadSanitizer: threads outlive a run, and a program can start more of them than a
 * budget per VM bounds. A program that wants more memory than the allocator gives (see docs/testing.md) ends the process with
 * status 0, which is why this target runs with -fork=1. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "front/parser.h"
#include "vm/program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void discard(void *context, const char *bytes, size_t len)
{
    (void)context;
    (void)bytes;
    (void)len;
}

static void stay(void *context, int code, int lost)
{
    (void)context;
    (void)code;
    (void)lost;
}

static void end_process(void)
{
    _exit(0);
}

/* True when `word` occurs, other than as the end of async_WORD. */
static bool mentions(const char *source, size_t size, const char *word)
{
    static const char harmless[] = "async_";
    size_t len = strlen(word);
    const char *p = source;
    while ((p = memmem(p, size - (size_t)(p - source), word, len)) != NULL) {
        size_t before = sizeof harmless - 1;
        if ((size_t)(p - source) < before || memcmp(p - before, harmless, before) != 0) {
            return true;
        }
        p += len;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const refused[] = {"spawn", "par_", "parallel_", "sleep"};
    const char *source = (const char *)data;
    if (size > RF_SOURCE_MAX || rf_utf8_validate(source, size) != size) {
        return 0;
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (mentions(source, size, refused[i])) {
            return 0;
        }
    }
    rf_mem_set_exhausted_hook(end_process);
    RfVmConfig config = {.max_call_depth = 200,
                         .scheduler_timeout_ms = 1,
                         .budget = 4000,
                         .write_out = discard,
                         .write_err = discard,
                         .on_exit = stay};
    RfVm *vm = rf_vm_new(&config);
    if (!vm) {
        abort();
    }
    RfDiagList diags;
    RfModule *module;
    rf_diag_init(&diags);
    if (rf_program_load(vm, source, size, "fuzz.ruff", &diags, &module, NULL, NULL) == RF_LOAD_OK) {
        (void)rf_program_run(vm, module);
    }
    rf_diag_free(&diags);
    rf_vm_free(vm);
    return 0;
}

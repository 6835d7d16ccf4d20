/* Fuzz target: whole programs on the VM, with no capability, a small call depth and a bounded number of safepoints. Any outcome
 * is right except a crash, a hang or a leak. */
#include <stdint.h>
#include <stdlib.h>

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *source = (const char *)data;
    if (size > RF_SOURCE_MAX || rf_utf8_validate(source, size) != size) {
        return 0;
    }
    RfVmConfig config = {.max_call_depth = 200, .scheduler_timeout_ms = 1, .budget = 20000, .write_out = discard, .write_err = discard};
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

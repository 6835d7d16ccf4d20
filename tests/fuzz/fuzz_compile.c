/* Fuzz target: compiler and verifier. Whatever parses must compile to code that verifies, or give a compile error. */
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "bytecode/compiler.h"
#include "front/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *source = (const char *)data;
    if (size > RF_SOURCE_MAX || rf_utf8_validate(source, size) != size) {
        return 0;
    }
    RfDiagList diags;
    RfAst ast;
    rf_diag_init(&diags);
    if (rf_parse(&ast, source, size, &diags)) {
        RfRuntime rt;
        rf_runtime_init(&rt);
        RfModule *m = rf_module_new(&rt, 1, rf_intern_cstr(&rt, "<main>"), "fuzz.ruff", source, size);
        RfArena arena = RF_ARENA_INIT;
        RfDiag diag;
        if (rf_compile(m, &ast, &diag, &arena)) {
            char *bad = rf_verify(m->main);
            if (bad) {
                fprintf(stderr, "verification failed: %s\n", bad);
                abort();
            }
        }
        rf_arena_free(&arena);
        rf_module_free(m);
        rf_runtime_free(&rt);
    }
    rf_ast_free(&ast);
    rf_diag_free(&diags);
    return 0;
}

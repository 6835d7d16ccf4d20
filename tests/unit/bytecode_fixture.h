/* What the tests of the bytecode layer share: source text to a module, its listing, its functions. */
#ifndef RF_TESTS_BYTECODE_FIXTURE_H
#define RF_TESTS_BYTECODE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "bytecode/compiler.h"
#include "front/parser.h"
#include "runtime/runtime.h"
#include "runtime/string.h"

typedef struct Fixture {
    RfRuntime rt;
    RfModule *module;
    RfAst ast;
    RfDiagList diags;
    RfDiag error;
    RfArena arena;
    RfBuf listing;
    bool good;
} Fixture;

/* Compiles `source`; open: as the shell does, where any name may become a global. The test fails on a syntax error. */
static inline void fixture_open(Fixture *f, const char *source, bool open)
{
    memset(f, 0, sizeof *f);
    rf_runtime_init(&f->rt);
    rf_diag_init(&f->diags);
    assert_true(rf_parse(&f->ast, source, strlen(source), &f->diags));
    f->module = rf_module_new(&f->rt, 1, f->rt.names.main, "t.ruff", source, strlen(source));
    f->module->open = open;
    f->good = rf_compile(f->module, &f->ast, &f->error, &f->arena);
}

static inline void fixture_close(Fixture *f)
{
    rf_buf_free(&f->listing);
    rf_arena_free(&f->arena);
    rf_module_free(f->module);
    rf_ast_free(&f->ast);
    rf_diag_free(&f->diags);
    rf_runtime_free(&f->rt);
}

static inline const RfProto *find_proto(const RfProto *p, const char *name)
{
    if (strcmp(p->name->data, name) == 0) {
        return p;
    }
    for (uint32_t i = 0; i < p->nprotos; i++) {
        const RfProto *found = find_proto(p->protos[i], name);
        if (found) {
            return found;
        }
    }
    return NULL;
}

/* Opcode names of a function, each followed by a blank. */
static inline const char *ops_of(Fixture *f, const char *name)
{
    const RfProto *p = find_proto(f->module->main, name);
    assert_non_null(p);
    rf_buf_clear(&f->listing);
    for (uint32_t pc = 0; pc < p->code_len; pc++) {
        rf_buf_printf(&f->listing, "%s ", rf_op_info[p->code[pc].op].name);
    }
    return rf_buf_cstr(&f->listing);
}

static inline void assert_verified(const Fixture *f)
{
    char *message = rf_verify(f->module->main);
    if (message) {
        print_error("%s\n", message);
    }
    assert_null(message);
}

/* The code of function `name` in `source` consists of exactly these instructions. */
static inline void assert_ops(const char *source, const char *name, const char *ops)
{
    Fixture f;
    fixture_open(&f, source, false);
    assert_true(f.good);
    assert_verified(&f);
    assert_string_equal(ops_of(&f, name), ops);
    fixture_close(&f);
}

#endif

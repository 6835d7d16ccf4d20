/* Fuzz target of the front end: any valid UTF-8 must lex and parse without a crash, and the tree must be printable.
 * Built with clang -fsanitize=fuzzer,address,undefined and the sources of src/front and src/base. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "front/lexer.h"
#include "front/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Positions must lie inside the source, else an excerpt could not be shown. */
static void check_diags(const RfDiagList *diags, size_t size)
{
    for (size_t i = 0; i < diags->len; i++) {
        RfPos pos = diags->items[i].pos;
        if (pos.line == 0 || pos.column == 0 || pos.line > size + 1 || pos.column > size + 1) {
            abort();
        }
    }
}

static void check_tokens(const RfTokenList *list, size_t size)
{
    uint32_t last_end = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        const RfToken *token = &list->items[i];
        if (token->start < last_end || token->end < token->start || token->end > size) {
            abort();
        }
        last_end = token->end;
    }
    if (list->items[list->count - 1].kind != RF_TOK_EOF) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *source = (const char *)data;
    if (size > RF_SOURCE_MAX || rf_utf8_validate(source, size) != size) {
        return 0;
    }
    RfDiagList diags;
    rf_diag_init(&diags);
    RfArena arena = RF_ARENA_INIT;
    RfTokenList tokens = rf_lexer_run(&arena, source, size, true, &diags);
    check_tokens(&tokens, size);
    rf_arena_free(&arena);
    rf_diag_free(&diags);

    RfAst ast;
    bool clean = rf_parse(&ast, source, size, &diags);
    check_diags(&diags, size);
    if (clean != (diags.len == 0)) {
        abort();
    }
    RfBuf text = RF_BUF_INIT;
    rf_ast_dump(&ast, &text);
    rf_buf_free(&text);
    rf_ast_free(&ast);
    rf_diag_free(&diags);
    return 0;
}

/* Entry point of the parser and the services its parts share: looking at tokens, reporting, lists, bracket pairs. */
#include "front/parser.h"

#include <stdarg.h>
#include <string.h>

#include "front/parser_core.h"

bool rf_parser_text_is(RfText text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.bytes, word, text.len) == 0;
}

bool rf_parser_at_word(const RfParser *p, const char *word)
{
    return rf_parser_at_name(p) && rf_parser_text_is(rf_parser_peek(p)->text, word);
}

bool rf_parser_at_assign(const RfParser *p)
{
    return rf_parser_at(p, RF_OP_DEFINE) || rf_parser_at(p, RF_OP_ASSIGN);
}

bool rf_parser_at_any_assign(const RfParser *p)
{
    uint8_t id = rf_parser_peek(p)->id;
    return id >= RF_OP_DEFINE && id <= RF_OP_MOD_ASSIGN;
}

static char bracket_of(const RfToken *token)
{
    return token->kind == RF_TOK_PUNCT ? token->text.bytes[0] : '\0';
}

static char opener_of(char closer)
{
    return closer == ')' ? '(' : closer == ']' ? '[' : closer == '}' ? '{' : '\0';
}

/* One pass over the list: a closing bracket pairs with the innermost open one of its kind and discards unclosed ones
 * inside. Linear, so that looking ahead at every statement stays cheap. */
static uint32_t *make_pairs(RfParser *p)
{
    uint32_t *pairs = RF_ARENA_ARRAY(p->arena, uint32_t, p->list.count);
    uint32_t open[256] = {0}; /* per kind of bracket, how many are on the stack */
    rf_buf_clear(&p->brackets);
    for (uint32_t i = 0; i < p->list.count; i++) {
        char c = bracket_of(&p->list.items[i]);
        if (c == '(' || c == '[' || c == '{') {
            open[(unsigned char)c]++;
            rf_buf_put(&p->brackets, &i, sizeof(i));
        }
        char wanted = opener_of(c);
        if (wanted == '\0' || open[(unsigned char)wanted] == 0) {
            continue;
        }
        char top;
        do {
            uint32_t opener;
            p->brackets.len -= sizeof(opener);
            memcpy(&opener, p->brackets.data + p->brackets.len, sizeof(opener));
            top = bracket_of(&p->list.items[opener]);
            open[(unsigned char)top]--;
            if (top == wanted) {
                pairs[opener] = i;
            }
        } while (top != wanted);
    }
    return pairs;
}

uint32_t rf_parser_pair(RfParser *p)
{
    if (p->pairs == NULL) {
        p->pairs = make_pairs(p);
    }
    return p->pairs[p->at];
}

void rf_parser_fail(RfParser *p, RfPos pos, const char *format, ...)
{
    RfBuf message = RF_BUF_INIT;
    va_list args;
    va_start(args, format);
    rf_buf_vprintf(&message, format, args);
    va_end(args);
    rf_diag_add(p->diags, RF_DIAG_PARSE, pos, "%s", rf_buf_cstr(&message));
    rf_buf_free(&message);
}

void rf_parser_fail_here(RfParser *p, const char *message)
{
    rf_diag_add(p->diags, RF_DIAG_PARSE, rf_parser_peek(p)->pos, "%s", message);
}

void rf_parser_fail_found(RfParser *p, const char *format, ...)
{
    RfBuf message = RF_BUF_INIT;
    va_list args;
    va_start(args, format);
    rf_buf_vprintf(&message, format, args);
    va_end(args);
    rf_buf_puts(&message, " but found ");
    rf_token_describe(&message, rf_parser_peek(p));
    rf_parser_fail_here(p, rf_buf_cstr(&message));
    rf_buf_free(&message);
}

bool rf_parser_close(RfParser *p, RfTokenId id, const char *what)
{
    if (rf_parser_accept(p, id)) {
        return true;
    }
    rf_parser_fail_found(p, "Expected '%s' to close %s", rf_token_spelling(id).bytes, what);
    return false;
}

bool rf_parser_enter_expr(RfParser *p, const char *what)
{
    if (p->expr_depth == RF_EXPR_DEPTH_MAX) {
        rf_parser_fail(p, rf_parser_peek(p)->pos, "Maximum expression nesting depth of %u exceeded while parsing %s",
                       RF_EXPR_DEPTH_MAX, what);
        return false;
    }
    p->expr_depth++;
    return true;
}

RfName rf_parser_name(const RfToken *token)
{
    return (RfName){token->text, token->pos, token->start, token->end};
}

bool rf_parser_expect_name(RfParser *p, RfName *out, const char *message)
{
    if (!rf_parser_at_name(p)) {
        rf_parser_fail_here(p, message);
        return false;
    }
    *out = rf_parser_name(rf_parser_next(p));
    return true;
}

void rf_parser_push(RfParser *p, const void *item, size_t size)
{
    rf_buf_put(&p->scratch, item, size);
}

void *rf_parser_take(RfParser *p, size_t base, size_t item_size, uint32_t *count)
{
    size_t size = p->scratch.len - base;
    *count = (uint32_t)(size / item_size);
    if (size == 0) {
        return NULL;
    }
    void *items = rf_arena_alloc(p->arena, size);
    memcpy(items, p->scratch.data + base, size);
    p->scratch.len = base;
    return items;
}

bool rf_parse(RfAst *ast, const char *source, size_t len, RfDiagList *diags)
{
    *ast = (RfAst){.arena = RF_ARENA_INIT};
    size_t before = diags->len + diags->dropped;
    RfParser p = {.arena = &ast->arena, .diags = diags};
    p.list = rf_lexer_run(&ast->arena, source, len, false, diags);
    ast->eof = p.list.items[p.list.count - 1].pos;
    if (diags->len + diags->dropped == before) {
        rf_parse_stmt_program(&p, &ast->program);
    }
    rf_buf_free(&p.scratch);
    rf_buf_free(&p.brackets);
    return diags->len + diags->dropped == before;
}

void rf_ast_free(RfAst *ast)
{
    rf_arena_free(&ast->arena);
    *ast = (RfAst){.arena = RF_ARENA_INIT};
}

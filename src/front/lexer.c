/* The main loop of the lexer: blanks, comments, names, symbols, and the dispatch to numbers and strings.
 *
 * Every lexical error is reported and lexing goes on behind it; the tokens made after an error are usable for editor
 * support but are never compiled. Columns count code points, a line ends with LF, CRLF or CR. */
#include "front/lexer.h"

#include <stdlib.h>
#include <string.h>

#include "base/unicode.h"
#include "base/utf8.h"
#include "front/lexer_core.h"

void rf_lexer_step(RfLexer *lx)
{
    lx->at += (uint32_t)rf_utf8_width((unsigned char)lx->source[lx->at]);
    lx->pos.column++;
}

void rf_lexer_skip(RfLexer *lx, uint32_t count)
{
    lx->at += count;
    lx->pos.column += count;
}

bool rf_lexer_step_line(RfLexer *lx)
{
    char c = rf_lexer_peek(lx, 0);
    if (c != '\n' && c != '\r') {
        return false;
    }
    lx->at += c == '\r' && rf_lexer_peek(lx, 1) == '\n' ? 2 : 1;
    lx->pos.line++;
    lx->pos.column = 1;
    lx->fresh_line = true;
    return true;
}

uint32_t rf_lexer_word(const RfLexer *lx, uint32_t from, uint32_t *chars)
{
    uint32_t at = from;
    *chars = 0;
    while (at < lx->len) {
        uint32_t code_point = (unsigned char)lx->source[at];
        size_t width = 1;
        if (code_point >= 0x80) {
            width = rf_utf8_decode(lx->source + at, lx->len - at, &code_point);
        }
        if (width == 0 || (code_point != '_' && !rf_unicode_is_alnum(code_point))) {
            break;
        }
        at += (uint32_t)width;
        ++*chars;
    }
    return at - from;
}

RfToken rf_lexer_begin(RfLexer *lx)
{
    RfToken token = {.pos = lx->pos, .start = lx->at, .first_on_line = lx->fresh_line, .text = {"", 0}};
    return token;
}

void rf_lexer_push(RfLexer *lx, RfToken *token, RfTokenKind kind)
{
    token->kind = kind;
    token->end = lx->at;
    if (kind != RF_TOK_COMMENT) {
        lx->fresh_line = false;
    }
    rf_buf_put(&lx->tokens, token, sizeof(*token));
}

RfTokenList rf_lexer_take(RfLexer *lx, size_t base, RfText closer)
{
    RfToken eof = rf_lexer_begin(lx);
    eof.text = closer;
    rf_lexer_push(lx, &eof, RF_TOK_EOF);
    size_t size = lx->tokens.len - base;
    RfTokenList list = {rf_arena_alloc(lx->arena, size), (uint32_t)(size / sizeof(RfToken))};
    memcpy(list.items, lx->tokens.data + base, size);
    lx->tokens.len = base;
    return list;
}

void rf_lexer_check_null(RfLexer *lx)
{
    if (lx->source[lx->at] == '\0') {
        rf_diag_add(lx->diags, RF_DIAG_LEX_NULL, lx->pos, "Null byte is not allowed in source");
    }
}

static void lex_line_comment(RfLexer *lx)
{
    while (lx->at < lx->len && lx->source[lx->at] != '\n' && lx->source[lx->at] != '\r') {
        rf_lexer_check_null(lx);
        rf_lexer_step(lx);
    }
}

static void lex_block_comment(RfLexer *lx)
{
    RfPos open = lx->pos;
    rf_lexer_skip(lx, 2);
    while (lx->at < lx->len) {
        if (lx->source[lx->at] == '*' && rf_lexer_peek(lx, 1) == '/') {
            rf_lexer_skip(lx, 2);
            return;
        }
        if (!rf_lexer_step_line(lx)) {
            rf_lexer_check_null(lx);
            rf_lexer_step(lx);
        }
    }
    rf_diag_add(lx->diags, RF_DIAG_LEX_COMMENT, open, "Unterminated block comment");
}

/* Reads a comment if one starts here. */
static bool lex_comment(RfLexer *lx)
{
    char c = rf_lexer_peek(lx, 0);
    char next = rf_lexer_peek(lx, 1);
    bool block = c == '/' && next == '*';
    if (c != '#' && !block && !(c == '/' && next == '/')) {
        return false;
    }
    RfToken token = rf_lexer_begin(lx);
    if (block) {
        lex_block_comment(lx);
    } else {
        lex_line_comment(lx);
    }
    if (lx->keep_comments) {
        token.text.len = lx->at - token.start;
        token.text.bytes = rf_arena_strdup(lx->arena, lx->source + token.start, token.text.len);
        rf_lexer_push(lx, &token, RF_TOK_COMMENT);
    }
    return true;
}

static void lex_name(RfLexer *lx)
{
    RfToken token = rf_lexer_begin(lx);
    uint32_t chars;
    uint32_t bytes = rf_lexer_word(lx, lx->at, &chars);
    const char *text = lx->source + lx->at;
    lx->at += bytes;
    lx->pos.column += chars;
    if (chars > RF_NAME_MAX) {
        rf_diag_add(lx->diags, RF_DIAG_LEX_NAME_LONG, token.pos, "Identifier exceeds max length of %u characters",
                    RF_NAME_MAX);
    }
    RfTokenId keyword = rf_token_keyword(text, bytes);
    if (keyword == RF_TOKEN_ID_NONE) {
        token.text = (RfText){rf_arena_strdup(lx->arena, text, bytes), bytes};
        rf_lexer_push(lx, &token, RF_TOK_NAME);
        return;
    }
    token.id = (uint8_t)keyword;
    token.text = rf_token_spelling(keyword);
    token.i = keyword == RF_KW_TRUE;
    bool is_bool = keyword == RF_KW_TRUE || keyword == RF_KW_FALSE;
    rf_lexer_push(lx, &token, is_bool ? RF_TOK_BOOL : RF_TOK_KEYWORD);
}

static void lex_symbol(RfLexer *lx)
{
    RfToken token = rf_lexer_begin(lx);
    RfTokenId id = rf_token_symbol(lx->source + lx->at, lx->len - lx->at);
    if (id == RF_TOKEN_ID_NONE) {
        if (lx->source[lx->at] == '\0') {
            rf_lexer_check_null(lx);
        } else {
            rf_diag_add(lx->diags, RF_DIAG_LEX_INVALID_CHAR, lx->pos, "Invalid character: '%.*s'",
                        (int)rf_utf8_width((unsigned char)lx->source[lx->at]), lx->source + lx->at);
        }
        rf_lexer_step(lx);
        return;
    }
    RfStringFrame *frame = rf_lexer_frame(lx);
    if (frame != NULL) {
        frame->braces += id == RF_PUNCT_LBRACE;
        frame->braces -= id == RF_PUNCT_RBRACE;
    }
    token.id = (uint8_t)id;
    token.text = rf_token_spelling(id);
    rf_lexer_skip(lx, token.text.len);
    rf_lexer_push(lx, &token, rf_token_is_punct(id) ? RF_TOK_PUNCT : RF_TOK_OPERATOR);
}

static bool starts_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static void lex_token(RfLexer *lx)
{
    char c = lx->source[lx->at];
    RfStringFrame *frame = rf_lexer_frame(lx);
    if (c == '}' && frame != NULL && frame->braces == 0) {
        rf_lex_string_resume(lx);
    } else if (c == '"') {
        rf_lex_string_open(lx);
    } else if (rf_lexer_is_digit(c)) {
        rf_lex_number(lx);
    } else if (starts_name(c)) {
        lex_name(lx);
    } else {
        lex_symbol(lx);
    }
}

static int compare_places(const void *left, const void *right)
{
    const RfPos *a = &((const RfDiag *)left)->pos;
    const RfPos *b = &((const RfDiag *)right)->pos;
    if (a->line != b->line) {
        return a->line < b->line ? -1 : 1;
    }
    if (a->column != b->column) {
        return a->column < b->column ? -1 : 1;
    }
    return (int)((const RfDiag *)left)->kind - (int)((const RfDiag *)right)->kind;
}

RfTokenList rf_lexer_run(RfArena *arena, const char *source, size_t len, bool keep_comments, RfDiagList *diags)
{
    RfLexer lx = {.arena = arena,
                  .diags = diags,
                  .source = source,
                  .len = (uint32_t)len,
                  .pos = {1, 1},
                  .keep_comments = keep_comments,
                  .fresh_line = true};
    size_t first_diag = diags->len;
    for (;;) {
        if (lx.at == lx.len) {
            if (rf_lexer_frame(&lx) == NULL) {
                break;
            }
            rf_lex_string_abandon_all(&lx);
        } else if (lx.source[lx.at] == ' ' || lx.source[lx.at] == '\t') {
            rf_lexer_skip(&lx, 1);
        } else if (!rf_lexer_step_line(&lx) && !lex_comment(&lx)) {
            lex_token(&lx);
        }
    }
    RfTokenList list = rf_lexer_take(&lx, 0, (RfText){"", 0});
    /* Strings and comments without an end are found at the end, but belong where they begin. */
    if (diags->len > first_diag) {
        qsort(diags->items + first_diag, diags->len - first_diag, sizeof(RfDiag), compare_places);
    }
    rf_buf_free(&lx.tokens);
    rf_buf_free(&lx.parts);
    rf_buf_free(&lx.frames);
    rf_buf_free(&lx.text);
    return list;
}

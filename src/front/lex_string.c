/* String literals: plain and triple-quoted, escapes, and the text between the ${ } of interpolated strings
 * (language.md 1.5).
 *
 * A string is read in stretches. Each stretch ends at the closing quotes, at a ${ (the main loop then reads ordinary
 * tokens until the matching brace and comes back here) or at an error. */
#include <string.h>

#include "base/utf8.h"
#include "front/lexer_core.h"

static void put_char(RfLexer *lx, RfStringFrame *frame, uint32_t code_point)
{
    frame->chars++;
    if (frame->chars <= RF_STRING_MAX) {
        rf_buf_put_utf8(&lx->text, code_point);
    } else if (frame->chars == RF_STRING_MAX + 1) {
        rf_diag_add(lx->diags, RF_DIAG_LEX_STRING_LONG, frame->token.pos,
                    "String literal exceeds max length of %u characters", RF_STRING_MAX);
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Reads up to `max` hex digits at distance `ahead` and returns how many there are. */
static uint32_t scan_hex(const RfLexer *lx, uint32_t ahead, uint32_t max, uint32_t *value)
{
    uint32_t count = 0;
    *value = 0;
    while (count < max && hex_value(rf_lexer_peek(lx, ahead + count)) >= 0) {
        *value = *value * 16 + (uint32_t)hex_value(rf_lexer_peek(lx, ahead + count));
        count++;
    }
    return count;
}

/* Decodes the escape whose letter (after the backslash) is here. Returns its length from the letter on, 0 when it is
 * not a valid escape. */
static uint32_t decode_escape(const RfLexer *lx, uint32_t *value)
{
    switch (rf_lexer_peek(lx, 0)) {
    case 'n': *value = '\n'; return 1;
    case 't': *value = '\t'; return 1;
    case 'r': *value = '\r'; return 1;
    case '0': *value = 0; return 1;
    case '\\': *value = '\\'; return 1;
    case '"': *value = '"'; return 1;
    case '\'': *value = '\''; return 1;
    case '$': *value = '$'; return 1;
    case 'x': return scan_hex(lx, 1, 2, value) == 2 ? 3 : 0;
    case 'u': {
        if (rf_lexer_peek(lx, 1) != '{') {
            return 0;
        }
        uint32_t count = scan_hex(lx, 2, 6, value);
        bool scalar = *value <= 0x10FFFF && !(*value >= 0xD800 && *value <= 0xDFFF);
        return count > 0 && scalar && rf_lexer_peek(lx, 2 + count) == '}' ? count + 3 : 0;
    }
    default: return 0;
    }
}

/* At a backslash. */
static void lex_escape(RfLexer *lx, RfStringFrame *frame)
{
    rf_lexer_skip(lx, 1);
    if (lx->at == lx->len || lx->source[lx->at] == '\0') {
        return; /* the end of the file and U+0000 have errors of their own */
    }
    bool line_end = lx->source[lx->at] == '\n' || lx->source[lx->at] == '\r';
    if (line_end && !frame->triple) {
        return; /* an unterminated string */
    }
    uint32_t value = 0;
    uint32_t bytes = decode_escape(lx, &value);
    if (bytes > 0) {
        rf_lexer_skip(lx, bytes);
        put_char(lx, frame, value);
        return;
    }
    rf_diag_add(lx->diags, RF_DIAG_LEX_ESCAPE, lx->pos, "Invalid escape sequence: \\\\%.*s",
                (int)rf_utf8_width((unsigned char)lx->source[lx->at]), lx->source + lx->at);
    if (!line_end) {
        rf_lexer_step(lx);
    }
}

static void flush_text(RfLexer *lx)
{
    if (lx->text.len == 0) {
        return;
    }
    RfTokenPart part = {.text = {rf_arena_strdup(lx->arena, lx->text.data, lx->text.len), (uint32_t)lx->text.len}};
    rf_buf_put(&lx->parts, &part, sizeof(part));
    rf_buf_clear(&lx->text);
}

/* The string ends here: makes its token and drops its frame. */
static void finish(RfLexer *lx)
{
    RfStringFrame frame = *rf_lexer_frame(lx);
    lx->frames.len -= sizeof(RfStringFrame);
    RfToken token = frame.token;
    if (!frame.interpolated) {
        size_t len = lx->text.len;
        token.text = (RfText){rf_arena_strdup(lx->arena, len > 0 ? lx->text.data : "", len), (uint32_t)len};
        rf_buf_clear(&lx->text);
        rf_lexer_push(lx, &token, RF_TOK_STRING);
        return;
    }
    flush_text(lx);
    size_t size = lx->parts.len - frame.parts_base;
    token.parts = rf_arena_alloc(lx->arena, size);
    token.part_count = (uint32_t)(size / sizeof(RfTokenPart));
    memcpy(token.parts, lx->parts.data + frame.parts_base, size);
    lx->parts.len = frame.parts_base;
    rf_lexer_push(lx, &token, RF_TOK_INTERP);
}

static void fail_unterminated(RfLexer *lx)
{
    rf_diag_add(lx->diags, RF_DIAG_LEX_STRING, rf_lexer_frame(lx)->token.pos, "Unterminated string literal");
    finish(lx);
}

static bool at_closing_quotes(const RfLexer *lx, const RfStringFrame *frame)
{
    return rf_lexer_peek(lx, 0) == '"' &&
           (!frame->triple || (rf_lexer_peek(lx, 1) == '"' && rf_lexer_peek(lx, 2) == '"'));
}

/* Reads literal text up to the end of the string or the next ${ . */
static void lex_stretch(RfLexer *lx)
{
    RfStringFrame *frame = rf_lexer_frame(lx);
    for (;;) {
        if (lx->at == lx->len) {
            fail_unterminated(lx);
            return;
        }
        char c = lx->source[lx->at];
        if (at_closing_quotes(lx, frame)) {
            rf_lexer_skip(lx, frame->triple ? 3 : 1);
            finish(lx);
            return;
        }
        if (c == '$' && rf_lexer_peek(lx, 1) == '{') {
            rf_lexer_skip(lx, 2);
            flush_text(lx);
            frame->interpolated = true;
            frame->tokens_base = lx->tokens.len;
            lx->fresh_line = false;
            return;
        }
        if (c == '\\') {
            lex_escape(lx, frame);
        } else if (c == '\n' || c == '\r') {
            if (!frame->triple) {
                fail_unterminated(lx);
                return;
            }
            rf_lexer_step_line(lx);
            put_char(lx, frame, '\n');
        } else {
            rf_lexer_check_null(lx);
            uint32_t code_point = 0;
            rf_utf8_decode(lx->source + lx->at, lx->len - lx->at, &code_point);
            put_char(lx, frame, code_point);
            rf_lexer_step(lx);
        }
    }
}

void rf_lex_string_open(RfLexer *lx)
{
    RfStringFrame frame = {.token = rf_lexer_begin(lx), .parts_base = lx->parts.len};
    frame.triple = rf_lexer_peek(lx, 1) == '"' && rf_lexer_peek(lx, 2) == '"';
    rf_lexer_skip(lx, frame.triple ? 3 : 1);
    if (frame.triple) {
        rf_lexer_step_line(lx);
    }
    rf_buf_put(&lx->frames, &frame, sizeof(frame));
    lex_stretch(lx);
}

/* Makes an expression part of the tokens read since the ${ . */
static void take_expression(RfLexer *lx, RfText closer)
{
    RfTokenPart part = {.text = {"", 0}};
    part.tokens = rf_lexer_take(lx, rf_lexer_frame(lx)->tokens_base, closer);
    rf_buf_put(&lx->parts, &part, sizeof(part));
}

void rf_lex_string_resume(RfLexer *lx)
{
    take_expression(lx, rf_token_spelling(RF_PUNCT_RBRACE));
    rf_lexer_skip(lx, 1);
    lex_stretch(lx);
}

void rf_lex_string_abandon_all(RfLexer *lx)
{
    /* Reported from the outside in: were there more than the list of diagnostics holds, the first ones are kept. */
    const RfStringFrame *frames = (const RfStringFrame *)(const void *)lx->frames.data;
    for (size_t i = 0; i < lx->frames.len / sizeof(RfStringFrame); i++) {
        rf_diag_add(lx->diags, RF_DIAG_LEX_STRING, frames[i].token.pos, "Unterminated interpolated string expression");
    }
    while (rf_lexer_frame(lx) != NULL) {
        take_expression(lx, (RfText){"", 0});
        finish(lx);
    }
}

/* Look-up and naming of tokens. The tables come from token.def; the lexer asks for ids, the parser for descriptions. */
#include "front/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define LITERAL_TEXT(s)                                                                                                \
    {                                                                                                                  \
        s, sizeof(s) - 1                                                                                               \
    }

static const RfText spellings[RF_TOKEN_ID_COUNT] = {
    [RF_TOKEN_ID_NONE] = LITERAL_TEXT(""),
#define RF_KEYWORD(id, spelling) [RF_KW_##id] = LITERAL_TEXT(spelling),
#define RF_OPERATOR(id, spelling) [RF_OP_##id] = LITERAL_TEXT(spelling),
#define RF_PUNCT(id, spelling) [RF_PUNCT_##id] = LITERAL_TEXT(spelling),
#include "front/token.def"
};

/* Keywords come first in token.def, so their ids are the range [1, RF_OP_DEFINE). */
enum { FIRST_KEYWORD = 1, FIRST_SYMBOL = RF_OP_DEFINE, FIRST_PUNCT = RF_PUNCT_DOT };

RfText rf_token_spelling(RfTokenId id)
{
    return spellings[id];
}

RfTokenId rf_token_keyword(const char *text, size_t len)
{
    int low = FIRST_KEYWORD;
    int high = FIRST_SYMBOL;
    while (low < high) {
        int middle = low + (high - low) / 2;
        const RfText *word = &spellings[middle];
        size_t shared = word->len < len ? word->len : len;
        int order = memcmp(text, word->bytes, shared);
        if (order == 0) {
            order = (len > word->len) - (len < word->len);
        }
        if (order == 0) {
            return (RfTokenId)middle;
        }
        if (order > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return RF_TOKEN_ID_NONE;
}

RfTokenId rf_token_symbol(const char *text, size_t len)
{
    RfTokenId best = RF_TOKEN_ID_NONE;
    for (int id = FIRST_SYMBOL; id < RF_TOKEN_ID_COUNT; id++) {
        const RfText *symbol = &spellings[id];
        if (symbol->bytes[0] == text[0] && symbol->len <= len && symbol->len > spellings[best].len &&
            memcmp(symbol->bytes, text, symbol->len) == 0) {
            best = (RfTokenId)id;
        }
    }
    return best;
}

bool rf_token_is_punct(RfTokenId id)
{
    return (int)id >= FIRST_PUNCT;
}

/* Shortest digits that read back as `f`, never an exponent, always with a decimal point. `f` is finite and not
 * negative. */
static void put_float(RfBuf *out, double f)
{
    char digits[40];
    int precision = 0;
    do {
        snprintf(digits, sizeof(digits), "%.*e", precision, f);
    } while (strtod(digits, NULL) != f && ++precision < 17);
    int exponent = atoi(strchr(digits, 'e') + 1);
    char mantissa[40];
    int count = 0;
    for (const char *c = digits; *c != 'e'; c++) {
        if (*c >= '0' && *c <= '9') { /* leaves out the decimal sign of any locale */
            mantissa[count++] = *c;
        }
    }
    if (exponent < 0) {
        rf_buf_puts(out, "0.");
        for (int i = exponent + 1; i < 0; i++) {
            rf_buf_putc(out, '0');
        }
        rf_buf_put(out, mantissa, (size_t)count);
        return;
    }
    for (int i = 0; i <= exponent || i < count; i++) {
        if (i == exponent + 1) {
            rf_buf_putc(out, '.');
        }
        rf_buf_putc(out, i < count ? mantissa[i] : '0');
    }
    if (count <= exponent + 1) {
        rf_buf_puts(out, ".0");
    }
}

/* Quoted and escaped as in the debug form of strings (language.md 3.4). */
static void put_quoted(RfBuf *out, RfText text)
{
    rf_buf_putc(out, '"');
    for (uint32_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.bytes[i];
        switch (c) {
        case '"': rf_buf_puts(out, "\\\""); break;
        case '\\': rf_buf_puts(out, "\\\\"); break;
        case '\n': rf_buf_puts(out, "\\n"); break;
        case '\t': rf_buf_puts(out, "\\t"); break;
        case '\r': rf_buf_puts(out, "\\r"); break;
        case '\0': rf_buf_puts(out, "\\0"); break;
        default:
            if (c < 0x20 || c == 0x7F) {
                rf_buf_printf(out, "\\u{%x}", c);
            } else {
                rf_buf_putc(out, (char)c);
            }
            break;
        }
    }
    rf_buf_putc(out, '"');
}

void rf_token_describe(RfBuf *out, const RfToken *token)
{
    switch (token->kind) {
    case RF_TOK_NAME: rf_buf_printf(out, "Identifier(\"%s\")", token->text.bytes); break;
    case RF_TOK_KEYWORD: rf_buf_printf(out, "Keyword(\"%s\")", token->text.bytes); break;
    case RF_TOK_INT: rf_buf_printf(out, "Int(%lld)", (long long)token->i); break;
    case RF_TOK_FLOAT:
        rf_buf_puts(out, "Float(");
        put_float(out, token->f);
        rf_buf_putc(out, ')');
        break;
    case RF_TOK_STRING:
        rf_buf_puts(out, "String(");
        put_quoted(out, token->text);
        rf_buf_putc(out, ')');
        break;
    case RF_TOK_INTERP: rf_buf_puts(out, "InterpolatedString"); break;
    case RF_TOK_BOOL: rf_buf_printf(out, "Bool(%s)", token->text.bytes); break;
    case RF_TOK_OPERATOR: rf_buf_printf(out, "Operator(\"%s\")", token->text.bytes); break;
    case RF_TOK_PUNCT: rf_buf_printf(out, "Punctuation('%s')", token->text.bytes); break;
    case RF_TOK_COMMENT: rf_buf_puts(out, "Comment"); break;
    case RF_TOK_EOF:
        /* The end of an interpolated expression is the brace that closes it. */
        rf_buf_puts(out, token->text.len > 0 ? "Punctuation('}')" : "Eof");
        break;
    }
}

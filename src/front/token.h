/* The fixed tokens (token.def) as an enum, their spellings, and how diagnostics name a token. */
#ifndef RF_FRONT_TOKEN_H
#define RF_FRONT_TOKEN_H

#include "base/buf.h"
#include "front/lexer.h"

typedef enum RfTokenId {
    RF_TOKEN_ID_NONE, /* names, literals, comments, end of file */
#define RF_KEYWORD(id, spelling) RF_KW_##id,
#define RF_OPERATOR(id, spelling) RF_OP_##id,
#define RF_PUNCT(id, spelling) RF_PUNCT_##id,
#include "front/token.def"
    RF_TOKEN_ID_COUNT
} RfTokenId;

/* Spelling of a fixed token. Static storage. */
RfText rf_token_spelling(RfTokenId id);
/* The reserved word written as these bytes, or RF_TOKEN_ID_NONE. */
RfTokenId rf_token_keyword(const char *text, size_t len);
/* The longest operator or punctuation that `text` starts with, or RF_TOKEN_ID_NONE. */
RfTokenId rf_token_symbol(const char *text, size_t len);
/* True for ids that are punctuation (the others are keywords or operators). */
bool rf_token_is_punct(RfTokenId id);
/* Appends the token as parse errors name it (language.md 20.2): Identifier("n"), Keyword("if"), Int(5), Eof ... */
void rf_token_describe(RfBuf *out, const RfToken *token);

#endif

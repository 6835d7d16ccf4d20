/* Source text to tokens. Independent of the parser: formatter, linter and editor support use the tokens with
 * comments and exact ranges. */
#ifndef RF_FRONT_LEXER_H
#define RF_FRONT_LEXER_H

#include "front/ast.h"
#include "front/diag.h"

/* clang-format off */
typedef enum RfTokenKind {
    RF_TOK_EOF, RF_TOK_NAME, RF_TOK_KEYWORD, RF_TOK_INT, RF_TOK_FLOAT, RF_TOK_STRING, RF_TOK_INTERP, RF_TOK_BOOL,
    RF_TOK_OPERATOR, RF_TOK_PUNCT,
    RF_TOK_COMMENT /* only in lists made with keep_comments */
} RfTokenKind;
/* clang-format on */

typedef struct RfToken RfToken;
typedef struct RfTokenList {
    RfToken *items; /* ends with an EOF token */
    uint32_t count;
} RfTokenList;

typedef struct RfTokenPart { /* of an interpolated string */
    RfText text;             /* text part */
    RfTokenList tokens;      /* expression part: its tokens, ending with EOF; count 0 for a text part */
} RfTokenPart;

struct RfToken {
    RfTokenKind kind;
    uint8_t id; /* keyword, operator or punctuation: RF_KW_*, RF_OP_* of front/token.def */
    bool first_on_line;
    RfPos pos;
    uint32_t start, end; /* bytes */
    RfText text;         /* name, keyword, operator spelling; string value */
    int64_t i;
    double f;
    RfTokenPart *parts;
    uint32_t part_count;
};

/* Tokenises `source` (len bytes of valid UTF-8). Tokens and texts live in `arena`; lexical errors go to `diags`. */
RfTokenList rf_lexer_run(RfArena *arena, const char *source, size_t len, bool keep_comments, RfDiagList *diags);

#endif

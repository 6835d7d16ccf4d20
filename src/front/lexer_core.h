/* State of the lexer and what its files share (lexer.c, lex_number.c, lex_string.c); only they include this.
 *
 * The lexer does not recurse: strings under way are a stack of frames, and tokens and string parts are collected on
 * stacks whose top belongs to the innermost open ${ }. */
#ifndef RF_FRONT_LEXER_CORE_H
#define RF_FRONT_LEXER_CORE_H

#include "base/buf.h"
#include "front/lexer.h"
#include "front/token.h"

#define RF_NAME_MAX 256u    /* characters of an identifier */
#define RF_STRING_MAX 8192u /* characters of literal text of one string */
#define RF_NUMBER_MAX 512u  /* characters of a number */

typedef struct RfStringFrame { /* a string literal that is being read */
    RfToken token;             /* place of the opening quote */
    bool triple;
    bool interpolated;  /* a ${ was seen */
    uint32_t chars;     /* literal characters so far */
    uint32_t braces;    /* { } open inside the current ${ } */
    size_t tokens_base; /* of the current ${ } on the token stack */
    size_t parts_base;  /* of this string on the part stack */
} RfStringFrame;

typedef struct RfLexer {
    RfArena *arena;
    RfDiagList *diags;
    const char *source;
    uint32_t len, at;
    RfPos pos; /* of source[at] */
    bool keep_comments;
    bool fresh_line; /* no token on this line yet */
    RfBuf tokens;    /* of RfToken */
    RfBuf parts;     /* of RfTokenPart */
    RfBuf frames;    /* of RfStringFrame, innermost last */
    RfBuf text;      /* literal text of the current string part */
} RfLexer;

/* Byte at distance `ahead`, or 0 at the end (a NUL in the source is met by position, never by this value alone). */
static inline char rf_lexer_peek(const RfLexer *lx, uint32_t ahead)
{
    return lx->len - lx->at > ahead ? lx->source[lx->at + ahead] : '\0';
}

static inline bool rf_lexer_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The frame of the innermost open string, or NULL. */
static inline RfStringFrame *rf_lexer_frame(RfLexer *lx)
{
    return lx->frames.len == 0 ? NULL : (RfStringFrame *)(void *)(lx->frames.data + lx->frames.len) - 1;
}

/* Steps over one character that is not a line terminator. */
void rf_lexer_step(RfLexer *lx);
/* Steps over `count` ASCII characters, none of them a line terminator. */
void rf_lexer_skip(RfLexer *lx, uint32_t count);
/* Steps over a line terminator (LF, CRLF, CR) if there is one. */
bool rf_lexer_step_line(RfLexer *lx);
/* Bytes of the name characters (letters, digits, '_') from byte offset `from` on; their number goes to *chars. */
uint32_t rf_lexer_word(const RfLexer *lx, uint32_t from, uint32_t *chars);
/* A token that begins here; the end and the kind are set by rf_lexer_push. */
RfToken rf_lexer_begin(RfLexer *lx);
/* Finishes the token at the current position and adds it to the innermost list. */
void rf_lexer_push(RfLexer *lx, RfToken *token, RfTokenKind kind);
/* Moves the tokens from `base` on into a list of their own, closed by an end-of-file token. `closer` is the text of
 * that token: "}" for ${ }, else empty. */
RfTokenList rf_lexer_take(RfLexer *lx, size_t base, RfText closer);
/* Reports the character here when it is U+0000. */
void rf_lexer_check_null(RfLexer *lx);

/* lex_number.c: reads the number that starts here. */
void rf_lex_number(RfLexer *lx);
/* lex_string.c: reads from an opening quote to the end of the string or its first ${ . */
void rf_lex_string_open(RfLexer *lx);
/* At the '}' that ends a ${ }: goes on with the string. */
void rf_lex_string_resume(RfLexer *lx);
/* At the end of the file inside a ${ }: reports all open strings and closes them. */
void rf_lex_string_abandon_all(RfLexer *lx);

#endif

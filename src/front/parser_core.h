/* State of the parser and what its files share. Nothing outside parser.c and parse_*.c includes this.
 *
 * The C stack needed is bounded by the nesting limits below, under 512 KB for the worst source in an optimised build.
 *
 * Errors: a function that fails has reported exactly one diagnostic and returns NULL or false; its callers return at
 * once, up to the statement list, which resets the state and skips to the next statement. So the depth counters, the
 * mode and the scratch stack need not be restored on failure. */
#ifndef RF_FRONT_PARSER_CORE_H
#define RF_FRONT_PARSER_CORE_H

#include "base/buf.h"
#include "front/parser.h"
#include "front/token.h"

#define RF_EXPR_DEPTH_MAX 256u
#define RF_BLOCK_DEPTH_MAX 128u
#define RF_LITERAL_ITEMS_MAX 4096u

typedef struct RfParseMode {
    bool newline_ends; /* '(' and '[' at the start of a line begin a statement: not inside ( ) [ ] or literal braces */
    bool header;       /* "NAME { }" is a name and a block */
} RfParseMode;

typedef struct RfParser {
    RfArena *arena;
    RfDiagList *diags;
    RfTokenList list; /* the file, or the ${ } being parsed */
    uint32_t at;
    uint32_t *pairs; /* for each opening bracket of `list` the index of its closing one, 0: none; made when wanted */
    RfParseMode mode;
    uint32_t expr_depth, block_depth;
    RfBuf scratch;  /* lists under construction, innermost last */
    RfBuf brackets; /* work space: a stack of open brackets */
} RfParser;

static inline RfToken *rf_parser_peek(const RfParser *p)
{
    return &p->list.items[p->at];
}

/* The token `ahead` places on, or the end of file. */
static inline RfToken *rf_parser_peek_at(const RfParser *p, uint32_t ahead)
{
    uint32_t last = p->list.count - 1;
    return &p->list.items[last - p->at > ahead ? p->at + ahead : last];
}

static inline bool rf_parser_at(const RfParser *p, RfTokenId id)
{
    return rf_parser_peek(p)->id == id;
}

static inline bool rf_parser_at_end(const RfParser *p)
{
    return rf_parser_peek(p)->kind == RF_TOK_EOF;
}

static inline bool rf_parser_at_name(const RfParser *p)
{
    return rf_parser_peek(p)->kind == RF_TOK_NAME;
}

/* True where a list in brackets ends: at its closing bracket, and at the end of the file, where the missing bracket is
 * the mistake to report rather than a missing item. */
static inline bool rf_parser_at_closer(const RfParser *p, RfTokenId id)
{
    return rf_parser_at(p, id) || rf_parser_at_end(p);
}

/* Steps over a token that is not the end of file and returns it. */
static inline RfToken *rf_parser_next(RfParser *p)
{
    return &p->list.items[p->at++];
}

static inline bool rf_parser_accept(RfParser *p, RfTokenId id)
{
    bool found = rf_parser_at(p, id);
    p->at += found;
    return found;
}

/* End of the last token that was consumed, in bytes. */
static inline uint32_t rf_parser_end(const RfParser *p)
{
    return p->at > 0 ? p->list.items[p->at - 1].end : 0;
}

/* Inside brackets newlines have no effect and struct literals are unrestricted. Returns the mode to go back to. */
static inline RfParseMode rf_parser_enter_brackets(RfParser *p)
{
    RfParseMode old = p->mode;
    p->mode = (RfParseMode){false, false};
    return old;
}

/* True at a name token spelled `word` (contextual words). */
bool rf_parser_at_word(const RfParser *p, const char *word);
bool rf_parser_text_is(RfText text, const char *word);
/* ":=" or "=" */
bool rf_parser_at_assign(const RfParser *p);
/* Any assignment operator, compound ones included. */
bool rf_parser_at_any_assign(const RfParser *p);
/* Index of the bracket that closes the one here, 0 when it is never closed. */
uint32_t rf_parser_pair(RfParser *p);

/* Reports a parse error at `pos`. */
void rf_parser_fail(RfParser *p, RfPos pos, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Reports MESSAGE at the current token. */
void rf_parser_fail_here(RfParser *p, const char *message);
/* Reports "MESSAGE but found T" at the current token. */
void rf_parser_fail_found(RfParser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Steps over the closing bracket, or reports "Expected ')' to close WHAT but found T". */
bool rf_parser_close(RfParser *p, RfTokenId id, const char *what);
/* Counts a level of expression nesting; reports when there are too many. */
bool rf_parser_enter_expr(RfParser *p, const char *what);
static inline void rf_parser_leave_expr(RfParser *p)
{
    p->expr_depth--;
}

RfName rf_parser_name(const RfToken *token);
/* Steps over a name into `out`, or reports `message` at the current token. */
bool rf_parser_expect_name(RfParser *p, RfName *out, const char *message);

/* Lists of unknown length are pushed on the scratch stack and moved to the arena when complete. `base` is
 * p->scratch.len before the first push. */
void rf_parser_push(RfParser *p, const void *item, size_t size);
void *rf_parser_take(RfParser *p, size_t base, size_t item_size, uint32_t *count);
/* Items pushed since `base`. */
static inline size_t rf_parser_pushed(const RfParser *p, size_t base, size_t item_size)
{
    return (p->scratch.len - base) / item_size;
}

/* parse_expr.c */
RfExpr *rf_parse_expr(RfParser *p);
/* The expression before a block: struct literals are restricted. */
RfExpr *rf_parse_expr_header(RfParser *p);
/* An expression whose nesting level has been counted by the caller (items of a literal). */
RfExpr *rf_parse_expr_item(RfParser *p);
/* "( args )"; the current token is the '('. */
bool rf_parse_expr_args(RfParser *p, RfExprList *args, const char *what);
/* True when the current token can begin an expression. */
bool rf_parse_expr_starts(const RfParser *p);
/* A node of `kind` whose first token is `first`; error place and end are those of that token until changed. */
RfExpr *rf_parse_expr_node(RfParser *p, RfExprKind kind, const RfToken *first);

/* parse_primary.c */
RfExpr *rf_parse_primary(RfParser *p);

/* parse_pattern.c */
bool rf_parse_pattern_starts(const RfParser *p);
RfPattern *rf_parse_pattern(RfParser *p);
/* Between "case" and ':' or "if". */
bool rf_parse_pattern_case(RfParser *p, RfArm *arm);

/* parse_decl.c */
/* After "func". `named` is false for lambdas. */
bool rf_parse_decl_function(RfParser *p, RfFuncNode *func, bool named);
bool rf_parse_decl_let(RfParser *p, RfStmt *stmt);
bool rf_parse_decl_const(RfParser *p, RfStmt *stmt);
bool rf_parse_decl_func_stmt(RfParser *p, RfStmt *stmt);
bool rf_parse_decl_struct(RfParser *p, RfStmt *stmt);
bool rf_parse_decl_enum(RfParser *p, RfStmt *stmt);
bool rf_parse_decl_import(RfParser *p, RfStmt *stmt);
bool rf_parse_decl_from(RfParser *p, RfStmt *stmt);
/* Skips the ":" TYPE that may stand here. */
bool rf_parse_type_annotation(RfParser *p);
/* Skips a type (parse_type.c). */
bool rf_parse_type(RfParser *p);

/* parse_control.c: each begins behind its keyword */
bool rf_parse_control_if(RfParser *p, RfStmt *stmt);
bool rf_parse_control_match(RfParser *p, RfStmt *stmt);
bool rf_parse_control_loop(RfParser *p, RfStmt *stmt);
bool rf_parse_control_while(RfParser *p, RfStmt *stmt);
bool rf_parse_control_for(RfParser *p, RfStmt *stmt);
bool rf_parse_control_try(RfParser *p, RfStmt *stmt);

/* parse_stmt.c */
/* "{ statements }"; `what` names the block in messages. */
bool rf_parse_stmt_block(RfParser *p, RfBlock *block, const char *what);
/* All statements up to the end of the file. */
void rf_parse_stmt_program(RfParser *p, RfBlock *block);
/* Steps over ":=" or "=" and reads the assigned expression; reports a chained assignment. */
RfExpr *rf_parse_stmt_value(RfParser *p);

#endif

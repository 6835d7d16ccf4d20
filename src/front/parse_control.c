/* Statements with blocks: if, match, the loops, try. Each function begins at its keyword. */
#include "front/parser_core.h"

/* A header and the block it governs. */
static bool parse_headed_block(RfParser *p, RfExpr **header, RfBlock *block, const char *what)
{
    *header = rf_parse_expr_header(p);
    return *header != NULL && rf_parse_stmt_block(p, block, what);
}

/* Makes a block of the one statement `stmt`. */
static void wrap(RfParser *p, RfBlock *block, RfStmt *stmt)
{
    block->stmts = RF_ARENA_NEW(p->arena, RfStmt *);
    block->stmts[0] = stmt;
    block->count = 1;
    block->start = stmt->start;
}

/* "else if" chains are built by a loop and may be as long as the source allows. */
bool rf_parse_control_if(RfParser *p, RfStmt *stmt)
{
    RfStmt *outermost = stmt;
    for (;;) {
        rf_parser_next(p);
        stmt->kind = RF_STMT_IF;
        if (!parse_headed_block(p, &stmt->as.if_.cond, &stmt->as.if_.then, "if block")) {
            return false;
        }
        if (!rf_parser_accept(p, RF_KW_ELSE)) {
            break;
        }
        stmt->as.if_.has_else = true;
        if (!rf_parser_at(p, RF_KW_IF)) {
            if (!rf_parse_stmt_block(p, &stmt->as.if_.otherwise, "else block")) {
                return false;
            }
            break;
        }
        RfStmt *inner = RF_ARENA_NEW(p->arena, RfStmt);
        inner->pos = rf_parser_peek(p)->pos;
        inner->start = rf_parser_peek(p)->start;
        wrap(p, &stmt->as.if_.otherwise, inner);
        stmt = inner;
    }
    uint32_t end = rf_parser_end(p); /* all statements of the chain end together */
    for (RfStmt *link = outermost; link != stmt; link = link->as.if_.otherwise.stmts[0]) {
        link->end = end;
        link->as.if_.otherwise.end = end;
    }
    stmt->end = end;
    return true;
}

static bool parse_case(RfParser *p, RfArm *arm)
{
    rf_parser_next(p);
    if (!rf_parse_pattern_case(p, arm)) {
        return false;
    }
    if (rf_parser_accept(p, RF_KW_IF)) {
        arm->guard = rf_parse_expr(p);
        if (arm->guard == NULL) {
            return false;
        }
    }
    if (!rf_parser_accept(p, RF_PUNCT_COLON)) {
        rf_parser_fail_found(p, "Expected ':' after match case pattern");
        return false;
    }
    return rf_parse_stmt_block(p, &arm->body, "match case block");
}

static bool parse_default(RfParser *p, RfArm *arm)
{
    arm->is_default = true;
    arm->pos = rf_parser_next(p)->pos;
    if (!rf_parser_accept(p, RF_PUNCT_COLON)) {
        rf_parser_fail_found(p, "Expected ':' after 'default'");
        return false;
    }
    return rf_parse_stmt_block(p, &arm->body, "match default block");
}

bool rf_parse_control_match(RfParser *p, RfStmt *stmt)
{
    rf_parser_next(p);
    stmt->kind = RF_STMT_MATCH;
    stmt->as.match.subject = rf_parse_expr_header(p);
    if (stmt->as.match.subject == NULL) {
        return false;
    }
    if (!rf_parser_accept(p, RF_PUNCT_LBRACE)) {
        rf_parser_fail_found(p, "Expected '{' to start match body");
        return false;
    }
    RfParseMode old = p->mode;
    p->mode = (RfParseMode){.newline_ends = true, .header = false};
    size_t base = p->scratch.len;
    while (!rf_parser_at_closer(p, RF_PUNCT_RBRACE)) {
        if (rf_parser_accept(p, RF_PUNCT_SEMICOLON)) {
            continue;
        }
        RfArm arm = {0};
        bool ok;
        if (rf_parser_at(p, RF_KW_CASE)) {
            ok = parse_case(p, &arm);
        } else if (rf_parser_at(p, RF_KW_DEFAULT)) {
            ok = parse_default(p, &arm);
        } else {
            rf_parser_fail_found(p, "Expected 'case' or 'default' in match body");
            return false;
        }
        if (!ok) {
            return false;
        }
        rf_parser_push(p, &arm, sizeof(arm));
    }
    if (!rf_parser_close(p, RF_PUNCT_RBRACE, "match body")) {
        return false;
    }
    stmt->as.match.arms = rf_parser_take(p, base, sizeof(RfArm), &stmt->as.match.count);
    p->mode = old;
    return true;
}

bool rf_parse_control_loop(RfParser *p, RfStmt *stmt)
{
    rf_parser_next(p);
    stmt->kind = RF_STMT_WHILE;
    if (rf_parser_accept(p, RF_KW_WHILE)) {
        return parse_headed_block(p, &stmt->as.while_.cond, &stmt->as.while_.body, "loop body");
    }
    return rf_parse_stmt_block(p, &stmt->as.while_.body, "loop body");
}

bool rf_parse_control_while(RfParser *p, RfStmt *stmt)
{
    rf_parser_next(p);
    stmt->kind = RF_STMT_WHILE;
    return parse_headed_block(p, &stmt->as.while_.cond, &stmt->as.while_.body, "while body");
}

bool rf_parse_control_for(RfParser *p, RfStmt *stmt)
{
    rf_parser_next(p);
    stmt->kind = RF_STMT_FOR;
    if (!rf_parser_expect_name(p, &stmt->as.for_.var, "Expected loop variable name after 'for'")) {
        return false;
    }
    if (rf_parser_accept(p, RF_PUNCT_COMMA) &&
        !rf_parser_expect_name(p, &stmt->as.for_.var2, "Expected second loop variable name after ','")) {
        return false;
    }
    if (!rf_parser_accept(p, RF_KW_IN)) {
        rf_parser_fail_found(p, "Expected 'in' in for loop");
        return false;
    }
    return parse_headed_block(p, &stmt->as.for_.iterable, &stmt->as.for_.body, "for loop body");
}

bool rf_parse_control_try(RfParser *p, RfStmt *stmt)
{
    rf_parser_next(p);
    stmt->kind = RF_STMT_TRY;
    if (!rf_parse_stmt_block(p, &stmt->as.try_.body, "try block")) {
        return false;
    }
    if (rf_parser_accept(p, RF_KW_EXCEPT)) {
        stmt->as.try_.has_except = true;
        if (rf_parser_at_name(p)) {
            stmt->as.try_.error_name = rf_parser_name(rf_parser_next(p));
        }
        if (!rf_parse_stmt_block(p, &stmt->as.try_.handler, "except block")) {
            return false;
        }
    }
    if (rf_parser_at_word(p, "finally")) {
        rf_parser_next(p);
        stmt->as.try_.has_finally = true;
        return rf_parse_stmt_block(p, &stmt->as.try_.finally, "finally block");
    }
    if (!stmt->as.try_.has_except) {
        rf_parser_fail_found(p, "Expected 'except' after try block");
        return false;
    }
    return true;
}

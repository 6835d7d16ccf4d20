/* Statement lists with error recovery, and the statements that are assignments, expressions or a single keyword.
 *
 * Recovery happens in the innermost statement list, so a mistake inside a block costs one statement of that block. */
#include "front/parser_core.h"

/* ---- recovery (language.md 18.1) ---- */

/* Follows the brackets of the tokens that are skipped. `braces` counts the '{' on the stack. */
static void track_bracket(RfParser *p, const RfToken *token, uint32_t *braces)
{
    char closes;
    switch (token->id) {
    case RF_PUNCT_LPAREN:
    case RF_PUNCT_LBRACKET:
    case RF_PUNCT_LBRACE:
        *braces += token->id == RF_PUNCT_LBRACE;
        rf_buf_putc(&p->brackets, token->text.bytes[0]);
        return;
    case RF_PUNCT_RPAREN: closes = '('; break;
    case RF_PUNCT_RBRACKET: closes = '['; break;
    case RF_PUNCT_RBRACE: closes = '{'; break;
    default: return;
    }
    if (closes == '{' && *braces > 0) { /* discards ( and [ that were left open inside */
        while (p->brackets.data[p->brackets.len - 1] != '{') {
            p->brackets.len--;
        }
        p->brackets.len--;
        --*braces;
    } else if (p->brackets.len > 0 && p->brackets.data[p->brackets.len - 1] == closes) {
        p->brackets.len--;
    }
}

/* Skips what is left of the failed statement that began with token `start`. */
static void recover(RfParser *p, uint32_t start, bool in_block)
{
    uint32_t braces = 0;
    rf_buf_clear(&p->brackets);
    if (p->at == start && !rf_parser_at_end(p)) {
        p->at++;
    }
    for (uint32_t i = start; i < p->at; i++) {
        track_bracket(p, &p->list.items[i], &braces);
    }
    while (!rf_parser_at_end(p)) {
        const RfToken *token = rf_parser_peek(p);
        bool closes_block = token->id == RF_PUNCT_RBRACE && braces == 0 && in_block;
        if (closes_block || (token->first_on_line && p->brackets.len == 0)) {
            return;
        }
        p->at++;
        if (token->id == RF_PUNCT_SEMICOLON) {
            return;
        }
        track_bracket(p, token, &braces);
    }
}

/* ---- assignments and expression statements ---- */

RfExpr *rf_parse_stmt_value(RfParser *p)
{
    rf_parser_next(p);
    RfExpr *value = rf_parse_expr(p);
    if (value != NULL && rf_parser_at_any_assign(p)) {
        rf_parser_fail_here(p, "Chained assignment is not supported; split the assignment into separate statements");
        return NULL;
    }
    return value;
}

/* A variable, or a path of fields and indexes that starts at a variable or self. */
static bool is_target(const RfExpr *expr)
{
    bool is_path = false;
    for (;;) {
        if (expr->parenthesized) {
            return false;
        }
        switch (expr->kind) {
        case RF_EXPR_NAME: return true;
        case RF_EXPR_SELF: return is_path;
        case RF_EXPR_INDEX: expr = expr->as.index.object; break;
        case RF_EXPR_MEMBER:
            if (expr->as.member.optional) {
                return false;
            }
            expr = expr->as.member.object;
            break;
        default: return false;
        }
        is_path = true;
    }
}

static bool parse_assignment(RfParser *p, RfStmt *stmt, RfExpr *target, const RfToken *first)
{
    if (!is_target(target)) {
        rf_parser_next(p);
        bool named = first->kind == RF_TOK_NAME || first->id == RF_KW_SELF;
        rf_parser_fail_here(p, named ? "Invalid assignment target" : "Expected expression");
        return false;
    }
    const RfToken *operator= rf_parser_peek(p);
    RfExpr *value = rf_parse_stmt_value(p);
    if (value == NULL) {
        return false;
    }
    RfBinOp op;
    switch (operator->id) {
    case RF_OP_ADD_ASSIGN: op = RF_BIN_ADD; break;
    case RF_OP_SUB_ASSIGN: op = RF_BIN_SUB; break;
    case RF_OP_MUL_ASSIGN: op = RF_BIN_MUL; break;
    case RF_OP_DIV_ASSIGN: op = RF_BIN_DIV; break;
    case RF_OP_MOD_ASSIGN: op = RF_BIN_MOD; break;
    default:
        stmt->kind = RF_STMT_ASSIGN;
        stmt->as.assign.target = target;
        stmt->as.assign.value = value;
        return true;
    }
    stmt->kind = RF_STMT_COMPOUND;
    stmt->as.compound.op = op;
    stmt->as.compound.target = target;
    stmt->as.compound.value = value;
    stmt->as.compound.op_pos = operator->pos;
    return true;
}

static bool parse_expression_statement(RfParser *p, RfStmt *stmt)
{
    const RfToken *first = rf_parser_peek(p);
    RfExpr *expr = rf_parse_expr(p);
    if (expr == NULL) {
        return false;
    }
    if (rf_parser_at_any_assign(p)) {
        return parse_assignment(p, stmt, expr, first);
    }
    stmt->kind = RF_STMT_EXPR;
    stmt->as.expr = expr;
    return true;
}

/* At '[' or '{': a destructuring when the bracket that matches is followed by an assignment operator. */
static bool parse_bracket_statement(RfParser *p, RfStmt *stmt)
{
    uint32_t closer = rf_parser_pair(p);
    uint8_t after = closer == 0 ? RF_TOKEN_ID_NONE : p->list.items[closer + 1].id;
    if (after != RF_OP_DEFINE && after != RF_OP_ASSIGN) {
        return parse_expression_statement(p, stmt);
    }
    stmt->kind = RF_STMT_DESTRUCTURE;
    stmt->as.destructure.pattern = rf_parse_pattern(p);
    if (stmt->as.destructure.pattern == NULL) {
        return false;
    }
    stmt->as.destructure.value = rf_parse_stmt_value(p);
    return stmt->as.destructure.value != NULL;
}

/* ---- statements of one keyword ---- */

static bool parse_return(RfParser *p, RfStmt *stmt)
{
    rf_parser_next(p);
    stmt->kind = RF_STMT_RETURN;
    if (rf_parser_at(p, RF_PUNCT_SEMICOLON) || rf_parser_at_closer(p, RF_PUNCT_RBRACE)) {
        return true;
    }
    stmt->as.expr = rf_parse_expr(p);
    return stmt->as.expr != NULL;
}

static bool parse_simple(RfParser *p, RfStmt *stmt, RfStmtKind kind)
{
    rf_parser_next(p);
    stmt->kind = kind;
    return true;
}

static bool parse_test(RfParser *p, RfStmt *stmt)
{
    bool is_group = rf_parser_next(p)->id == RF_KW_TEST_GROUP;
    stmt->kind = is_group ? RF_STMT_TEST_GROUP : RF_STMT_TEST;
    if (rf_parser_peek(p)->kind != RF_TOK_STRING) {
        rf_parser_fail_here(p, is_group ? "Expected group name string after 'test_group'"
                                        : "Expected test name string after 'test'");
        return false;
    }
    stmt->as.test.name = rf_parser_next(p)->text;
    return rf_parse_stmt_block(p, &stmt->as.test.body, is_group ? "test_group body" : "test body");
}

static bool parse_test_hook(RfParser *p, RfStmt *stmt)
{
    bool is_setup = rf_parser_next(p)->id == RF_KW_TEST_SETUP;
    stmt->kind = is_setup ? RF_STMT_TEST_SETUP : RF_STMT_TEST_TEARDOWN;
    return rf_parse_stmt_block(p, &stmt->as.test.body, is_setup ? "test_setup block" : "test_teardown block");
}

static bool parse_statement(RfParser *p, RfStmt *stmt)
{
    switch (rf_parser_peek(p)->id) {
    case RF_KW_LET:
    case RF_KW_MUT: return rf_parse_decl_let(p, stmt);
    case RF_KW_CONST: return rf_parse_decl_const(p, stmt);
    case RF_KW_FUNC:
    case RF_KW_ASYNC: return rf_parse_decl_func_stmt(p, stmt);
    case RF_KW_STRUCT: return rf_parse_decl_struct(p, stmt);
    case RF_KW_ENUM: return rf_parse_decl_enum(p, stmt);
    case RF_KW_IMPORT: return rf_parse_decl_import(p, stmt);
    case RF_KW_FROM: return rf_parse_decl_from(p, stmt);
    case RF_KW_RETURN: return parse_return(p, stmt);
    case RF_KW_IF: return rf_parse_control_if(p, stmt);
    case RF_KW_MATCH: return rf_parse_control_match(p, stmt);
    case RF_KW_LOOP: return rf_parse_control_loop(p, stmt);
    case RF_KW_WHILE: return rf_parse_control_while(p, stmt);
    case RF_KW_FOR: return rf_parse_control_for(p, stmt);
    case RF_KW_BREAK: return parse_simple(p, stmt, RF_STMT_BREAK);
    case RF_KW_CONTINUE: return parse_simple(p, stmt, RF_STMT_CONTINUE);
    case RF_KW_TRY: return rf_parse_control_try(p, stmt);
    case RF_KW_TEST:
    case RF_KW_TEST_GROUP: return parse_test(p, stmt);
    case RF_KW_TEST_SETUP:
    case RF_KW_TEST_TEARDOWN: return parse_test_hook(p, stmt);
    case RF_PUNCT_LBRACKET:
    case RF_PUNCT_LBRACE: return parse_bracket_statement(p, stmt);
    default: return parse_expression_statement(p, stmt);
    }
}

/* ---- lists ---- */

/* Reads statements up to the '}' of the block or the end of the file, reporting the mistakes of each. */
static void parse_statements(RfParser *p, RfBlock *block, bool in_block)
{
    size_t base = p->scratch.len;
    while (!rf_parser_at_end(p) && !(in_block && rf_parser_at(p, RF_PUNCT_RBRACE))) {
        if (rf_parser_accept(p, RF_PUNCT_SEMICOLON)) {
            continue;
        }
        const RfParseMode mode = p->mode;
        const uint32_t expr_depth = p->expr_depth;
        const uint32_t block_depth = p->block_depth;
        const size_t pushed = p->scratch.len;
        const uint32_t start = p->at;
        RfStmt *stmt = RF_ARENA_NEW(p->arena, RfStmt);
        stmt->start = rf_parser_peek(p)->start;
        while (rf_parser_accept(p, RF_KW_EXPORT)) {
            stmt->exported = true;
        }
        stmt->pos = rf_parser_peek(p)->pos;
        if (parse_statement(p, stmt)) {
            stmt->end = rf_parser_end(p);
            rf_parser_push(p, &stmt, sizeof(stmt));
            continue;
        }
        p->mode = mode;
        p->expr_depth = expr_depth;
        p->block_depth = block_depth;
        p->scratch.len = pushed;
        recover(p, start, in_block);
    }
    block->stmts = rf_parser_take(p, base, sizeof(RfStmt *), &block->count);
}

bool rf_parse_stmt_block(RfParser *p, RfBlock *block, const char *what)
{
    if (!rf_parser_at(p, RF_PUNCT_LBRACE)) {
        rf_parser_fail_found(p, "Expected '{' to start %s", what);
        return false;
    }
    if (p->block_depth == RF_BLOCK_DEPTH_MAX) {
        rf_parser_fail(p, rf_parser_peek(p)->pos, "Maximum block nesting depth of %u exceeded while parsing %s",
                       RF_BLOCK_DEPTH_MAX, what);
        return false;
    }
    p->block_depth++;
    RfParseMode old = p->mode;
    p->mode = (RfParseMode){.newline_ends = true, .header = false};
    block->start = rf_parser_next(p)->start;
    parse_statements(p, block, true);
    if (!rf_parser_close(p, RF_PUNCT_RBRACE, what)) {
        return false;
    }
    block->end = rf_parser_end(p);
    p->mode = old;
    p->block_depth--;
    return true;
}

void rf_parse_stmt_program(RfParser *p, RfBlock *block)
{
    p->mode = (RfParseMode){.newline_ends = true, .header = false};
    block->end = p->list.items[p->list.count - 1].end;
    parse_statements(p, block, false);
}

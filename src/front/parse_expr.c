/* Expressions: binary operators by precedence climbing, unary operators, and the postfix chain. Primary expressions are
 * in parse_primary.c.
 *
 * Chains of left-associative operators and of postfix forms are built by loops, so their length is bounded only by the
 * source; every other way an expression can hold another one is counted by rf_parser_enter_expr. */
#include "front/parser_core.h"

typedef enum Precedence {
    PREC_NONE,
    PREC_PIPE,
    PREC_COALESCE,
    PREC_OR,
    PREC_AND,
    PREC_EQUALITY,
    PREC_COMPARISON,
    PREC_RANGE,
    PREC_ADDITIVE,
    PREC_MULTIPLICATIVE
} Precedence;

typedef struct BinaryRule {
    uint8_t precedence; /* Precedence; PREC_NONE: not a binary operator */
    uint8_t kind;       /* RfExprKind */
    uint8_t op;         /* RfBinOp, for RF_EXPR_BINARY */
} BinaryRule;

static const BinaryRule binary_rules[RF_TOKEN_ID_COUNT] = {
    [RF_OP_PIPE] = {PREC_PIPE, RF_EXPR_PIPE, 0},
    [RF_OP_COALESCE] = {PREC_COALESCE, RF_EXPR_COALESCE, 0},
    [RF_OP_OR] = {PREC_OR, RF_EXPR_OR, 0},
    [RF_OP_AND] = {PREC_AND, RF_EXPR_AND, 0},
    [RF_OP_EQ] = {PREC_EQUALITY, RF_EXPR_BINARY, RF_BIN_EQ},
    [RF_OP_NE] = {PREC_EQUALITY, RF_EXPR_BINARY, RF_BIN_NE},
    [RF_OP_LT] = {PREC_COMPARISON, RF_EXPR_BINARY, RF_BIN_LT},
    [RF_OP_GT] = {PREC_COMPARISON, RF_EXPR_BINARY, RF_BIN_GT},
    [RF_OP_LE] = {PREC_COMPARISON, RF_EXPR_BINARY, RF_BIN_LE},
    [RF_OP_GE] = {PREC_COMPARISON, RF_EXPR_BINARY, RF_BIN_GE},
    [RF_OP_RANGE] = {PREC_RANGE, RF_EXPR_RANGE, 0},
    [RF_OP_RANGE_INCLUSIVE] = {PREC_RANGE, RF_EXPR_RANGE, 0},
    [RF_OP_ADD] = {PREC_ADDITIVE, RF_EXPR_BINARY, RF_BIN_ADD},
    [RF_OP_SUB] = {PREC_ADDITIVE, RF_EXPR_BINARY, RF_BIN_SUB},
    [RF_OP_MUL] = {PREC_MULTIPLICATIVE, RF_EXPR_BINARY, RF_BIN_MUL},
    [RF_OP_DIV] = {PREC_MULTIPLICATIVE, RF_EXPR_BINARY, RF_BIN_DIV},
    [RF_OP_MOD] = {PREC_MULTIPLICATIVE, RF_EXPR_BINARY, RF_BIN_MOD},
};

RfExpr *rf_parse_expr_node(RfParser *p, RfExprKind kind, const RfToken *first)
{
    RfExpr *expr = RF_ARENA_NEW(p->arena, RfExpr);
    expr->kind = kind;
    expr->pos = first->pos;
    expr->first = first->pos;
    expr->start = first->start;
    expr->end = first->end;
    return expr;
}

/* A node that begins where `left` begins and whose errors are shown at `pos`. */
static RfExpr *node_after(RfParser *p, RfExprKind kind, const RfExpr *left, RfPos pos)
{
    RfExpr *expr = RF_ARENA_NEW(p->arena, RfExpr);
    expr->kind = kind;
    expr->pos = pos;
    expr->first = left->first;
    expr->start = left->start;
    return expr;
}

bool rf_parse_expr_starts(const RfParser *p)
{
    const RfToken *token = rf_parser_peek(p);
    switch (token->kind) {
    case RF_TOK_NAME:
    case RF_TOK_INT:
    case RF_TOK_FLOAT:
    case RF_TOK_STRING:
    case RF_TOK_INTERP:
    case RF_TOK_BOOL: return true;
    default: break;
    }
    switch (token->id) {
    case RF_KW_NULL:
    case RF_KW_SELF:
    case RF_KW_FUNC:
    case RF_KW_ASYNC:
    case RF_KW_YIELD:
    case RF_KW_SPAWN:
    case RF_KW_AWAIT:
    case RF_OP_SUB:
    case RF_OP_NOT:
    case RF_PUNCT_LPAREN:
    case RF_PUNCT_LBRACKET: return true;
    case RF_PUNCT_LBRACE: return !p->mode.header;
    default: return false;
    }
}

bool rf_parse_expr_args(RfParser *p, RfExprList *args, const char *what)
{
    RfParseMode old = rf_parser_enter_brackets(p);
    size_t base = p->scratch.len;
    rf_parser_next(p);
    while (!rf_parser_at_closer(p, RF_PUNCT_RPAREN)) {
        RfExpr *arg = rf_parse_expr(p);
        if (arg == NULL) {
            return false;
        }
        rf_parser_push(p, &arg, sizeof(arg));
        if (!rf_parser_accept(p, RF_PUNCT_COMMA)) {
            break;
        }
    }
    if (!rf_parser_close(p, RF_PUNCT_RPAREN, what)) {
        return false;
    }
    args->items = rf_parser_take(p, base, sizeof(RfExpr *), &args->count);
    p->mode = old;
    return true;
}

/* True when the bracket here continues the expression before it (language.md 1.7). */
static bool continues(const RfParser *p)
{
    return !(p->mode.newline_ends && rf_parser_peek(p)->first_on_line);
}

static RfExpr *parse_call(RfParser *p, RfExpr *callee)
{
    RfExpr *call = node_after(p, RF_EXPR_CALL, callee, callee->first);
    call->as.call.callee = callee;
    return rf_parse_expr_args(p, &call->as.call.args, "function call arguments") ? call : NULL;
}

/* x.name, x?.name and their calls */
static RfExpr *parse_member(RfParser *p, RfExpr *object)
{
    bool optional = rf_parser_next(p)->id == RF_OP_OPTIONAL_DOT;
    if (!rf_parser_at_name(p)) {
        rf_parser_fail_found(p, "Expected field name after '%s'", optional ? "?." : ".");
        return NULL;
    }
    RfName name = rf_parser_name(rf_parser_next(p));
    bool is_call = rf_parser_at(p, RF_PUNCT_LPAREN) && continues(p);
    RfExpr *expr = node_after(p, is_call ? RF_EXPR_METHOD : RF_EXPR_MEMBER, object, name.pos);
    if (!is_call) {
        expr->as.member.object = object;
        expr->as.member.name = name;
        expr->as.member.optional = optional;
        return expr;
    }
    expr->as.method.object = object;
    expr->as.method.name = name;
    expr->as.method.optional = optional;
    return rf_parse_expr_args(p, &expr->as.method.args, "method call arguments") ? expr : NULL;
}

static RfExpr *parse_index(RfParser *p, RfExpr *object)
{
    RfExpr *expr = node_after(p, RF_EXPR_INDEX, object, rf_parser_peek(p)->pos);
    RfParseMode old = rf_parser_enter_brackets(p);
    rf_parser_next(p);
    expr->as.index.object = object;
    expr->as.index.index = rf_parse_expr(p);
    if (expr->as.index.index == NULL || !rf_parser_close(p, RF_PUNCT_RBRACKET, "index expression")) {
        return NULL;
    }
    p->mode = old;
    return expr;
}

static RfExpr *parse_postfix(RfParser *p)
{
    RfExpr *expr = rf_parse_primary(p);
    while (expr != NULL) {
        switch (rf_parser_peek(p)->id) {
        case RF_PUNCT_LPAREN:
            if (!continues(p)) {
                return expr;
            }
            expr = parse_call(p, expr);
            break;
        case RF_PUNCT_LBRACKET:
            if (!continues(p)) {
                return expr;
            }
            expr = parse_index(p, expr);
            break;
        case RF_PUNCT_DOT:
        case RF_OP_OPTIONAL_DOT: expr = parse_member(p, expr); break;
        case RF_OP_QUESTION: {
            RfExpr *attempt = node_after(p, RF_EXPR_TRY, expr, rf_parser_next(p)->pos);
            attempt->as.operand = expr;
            expr = attempt;
            break;
        }
        default: return expr;
        }
        if (expr != NULL) {
            expr->end = rf_parser_end(p);
        }
    }
    return NULL;
}

static RfExpr *parse_unary(RfParser *p)
{
    uint8_t id = rf_parser_peek(p)->id;
    if (id != RF_OP_SUB && id != RF_OP_NOT && id != RF_KW_AWAIT) {
        return parse_postfix(p);
    }
    if (!rf_parser_enter_expr(p, "unary expression")) {
        return NULL;
    }
    RfExpr *expr = rf_parse_expr_node(p, id == RF_KW_AWAIT ? RF_EXPR_AWAIT : RF_EXPR_UNARY, rf_parser_next(p));
    RfExpr *operand = parse_unary(p);
    if (operand == NULL) {
        return NULL;
    }
    if (id == RF_KW_AWAIT) {
        expr->as.operand = operand;
    } else {
        expr->as.unary.op = id == RF_OP_SUB ? '-' : '!';
        expr->as.unary.operand = operand;
    }
    expr->end = operand->end;
    rf_parser_leave_expr(p);
    return expr;
}

static RfExpr *parse_binary(RfParser *p, uint8_t lowest)
{
    RfExpr *left = parse_unary(p);
    while (left != NULL) {
        const RfToken *operator= rf_parser_peek(p);
        const BinaryRule *rule = &binary_rules[operator->id];
        if (rule->precedence == PREC_NONE || rule->precedence < lowest) {
            return left;
        }
        rf_parser_next(p);
        RfExpr *right = parse_binary(p, (uint8_t)(rule->precedence + 1));
        if (right == NULL) {
            return NULL;
        }
        RfExpr *expr = node_after(p, (RfExprKind)rule->kind, left, operator->pos);
        expr->end = right->end;
        if (rule->kind != RF_EXPR_RANGE) {
            expr->as.binary.op = (RfBinOp)rule->op;
            expr->as.binary.left = left;
            expr->as.binary.right = right;
        } else {
            expr->as.range.low = left;
            expr->as.range.high = right;
            expr->as.range.inclusive = operator->id == RF_OP_RANGE_INCLUSIVE;
            if (binary_rules[rf_parser_peek(p)->id].precedence == PREC_RANGE) {
                rf_parser_fail_here(p, "Range operators cannot be chained");
                return NULL;
            }
        }
        left = expr;
    }
    return NULL;
}

RfExpr *rf_parse_expr_item(RfParser *p)
{
    return parse_binary(p, PREC_PIPE);
}

RfExpr *rf_parse_expr(RfParser *p)
{
    if (!rf_parser_enter_expr(p, "expression")) {
        return NULL;
    }
    RfExpr *expr = parse_binary(p, PREC_PIPE);
    rf_parser_leave_expr(p);
    return expr;
}

RfExpr *rf_parse_expr_header(RfParser *p)
{
    RfParseMode old = p->mode;
    p->mode.header = true;
    RfExpr *expr = rf_parse_expr(p);
    p->mode = old;
    return expr;
}

/* Primary expressions: literals, names and what a name can begin, brackets, lambdas, yield, spawn. */
#include <stdio.h>

#include "front/parser_core.h"

/* One ${ } of an interpolated string: a token list of its own that must be one complete expression. */
static RfExpr *parse_interpolated(RfParser *p, RfTokenList list)
{
    RfParser outer = *p;
    p->list = list;
    p->at = 0;
    p->pairs = NULL;
    rf_parser_enter_brackets(p);
    RfExpr *expr = rf_parse_expr(p);
    if (expr != NULL && !rf_parser_at_end(p)) {
        rf_parser_fail_here(p, "Expected expression");
        expr = NULL;
    }
    p->list = outer.list;
    p->at = outer.at;
    p->pairs = outer.pairs;
    p->mode = outer.mode;
    return expr;
}

static RfExpr *parse_interp(RfParser *p)
{
    const RfToken *token = rf_parser_peek(p);
    RfExpr *expr = rf_parse_expr_node(p, RF_EXPR_INTERP, token);
    expr->as.interp.count = token->part_count;
    expr->as.interp.parts = RF_ARENA_ARRAY(p->arena, RfInterpPart, token->part_count);
    for (uint32_t i = 0; i < token->part_count; i++) {
        RfInterpPart *part = &expr->as.interp.parts[i];
        part->text = token->parts[i].text;
        if (token->parts[i].tokens.count > 0) {
            part->expr = parse_interpolated(p, token->parts[i].tokens);
            if (part->expr == NULL) {
                return NULL;
            }
        }
    }
    rf_parser_next(p);
    return expr;
}

/* Ok(e), Err(e), Some(e); `which` as in RfExpr.variant */
static RfExpr *parse_variant(RfParser *p, int which)
{
    const RfToken *name = rf_parser_next(p);
    RfExpr *expr = rf_parse_expr_node(p, RF_EXPR_VARIANT, name);
    expr->as.variant.which = which;
    bool starts_line = p->mode.newline_ends && rf_parser_peek(p)->first_on_line;
    if (!rf_parser_at(p, RF_PUNCT_LPAREN) || starts_line) {
        rf_parser_fail(p, rf_parser_peek(p)->pos, "Expected '(' after '%s'", name->text.bytes);
        return NULL;
    }
    RfParseMode old = rf_parser_enter_brackets(p);
    rf_parser_next(p);
    expr->as.variant.value = rf_parse_expr(p);
    if (expr->as.variant.value == NULL) {
        return NULL;
    }
    char what[16];
    snprintf(what, sizeof(what), "%.4s(...)", name->text.bytes);
    if (!rf_parser_close(p, RF_PUNCT_RPAREN, what)) {
        return NULL;
    }
    p->mode = old;
    expr->end = rf_parser_end(p);
    return expr;
}

/* A::B, A::B(args) */
static RfExpr *parse_enum_value(RfParser *p)
{
    const RfToken *name = rf_parser_next(p);
    RfExpr *expr = rf_parse_expr_node(p, RF_EXPR_ENUM, name);
    expr->as.enum_value.enum_name = rf_parser_name(name);
    rf_parser_next(p);
    if (!rf_parser_at_name(p)) {
        rf_parser_fail_found(p, "Expected variant name after '::'");
        return NULL;
    }
    expr->as.enum_value.variant = rf_parser_name(rf_parser_next(p));
    bool starts_line = p->mode.newline_ends && rf_parser_peek(p)->first_on_line;
    if (rf_parser_at(p, RF_PUNCT_LPAREN) && !starts_line) {
        expr->as.enum_value.has_parens = true;
        if (!rf_parse_expr_args(p, &expr->as.enum_value.args, "tag expression arguments")) {
            return NULL;
        }
    }
    expr->end = rf_parser_end(p);
    return expr;
}

static RfExpr *parse_throw(RfParser *p)
{
    RfExpr *expr = rf_parse_expr_node(p, RF_EXPR_THROW, rf_parser_next(p));
    if (!rf_parse_expr_args(p, &expr->as.args, "throw(...) arguments")) {
        return NULL;
    }
    expr->end = rf_parser_end(p);
    return expr;
}

/* Decides whether the '{' after the name here begins a struct literal (language.md 2.1.1). */
static bool struct_body_follows(const RfParser *p)
{
    if (rf_parser_peek_at(p, 1)->id != RF_PUNCT_LBRACE) {
        return false;
    }
    const RfToken *inner = rf_parser_peek_at(p, 2);
    if (inner->id == RF_PUNCT_RBRACE) {
        return !p->mode.header || rf_parser_peek_at(p, 3)->id == RF_PUNCT_LBRACE;
    }
    return inner->kind == RF_TOK_NAME && rf_parser_peek_at(p, 3)->id == RF_PUNCT_COLON;
}

static RfExpr *parse_struct_literal(RfParser *p)
{
    const RfToken *name = rf_parser_next(p);
    RfExpr *expr = rf_parse_expr_node(p, RF_EXPR_STRUCT, name);
    expr->as.strct.name = rf_parser_name(name);
    RfParseMode old = rf_parser_enter_brackets(p);
    size_t base = p->scratch.len;
    rf_parser_next(p);
    while (rf_parser_at_name(p)) {
        RfFieldInit field = {.name = rf_parser_name(rf_parser_next(p))};
        if (!rf_parser_accept(p, RF_PUNCT_COLON)) {
            rf_parser_fail_found(p, "Expected ':' after struct literal field");
            return NULL;
        }
        field.value = rf_parse_expr(p);
        if (field.value == NULL) {
            return NULL;
        }
        rf_parser_push(p, &field, sizeof(field));
        if (!rf_parser_accept(p, RF_PUNCT_COMMA)) {
            break;
        }
    }
    if (!rf_parser_close(p, RF_PUNCT_RBRACE, "struct literal")) {
        return NULL;
    }
    expr->as.strct.fields = rf_parser_take(p, base, sizeof(RfFieldInit), &expr->as.strct.count);
    p->mode = old;
    expr->end = rf_parser_end(p);
    return expr;
}

static RfExpr *parse_name(RfParser *p)
{
    static const char *const variants[] = {"Ok", "Err", "Some"};
    const RfToken *token = rf_parser_peek(p);
    const RfToken *next = rf_parser_peek_at(p, 1);
    for (int which = 0; which < 3; which++) {
        if (rf_parser_text_is(token->text, variants[which])) {
            return parse_variant(p, which);
        }
    }
    if (rf_parser_text_is(token->text, "None")) {
        return rf_parse_expr_node(p, RF_EXPR_NONE, rf_parser_next(p));
    }
    if (next->id == RF_OP_PATH) {
        return parse_enum_value(p);
    }
    if (rf_parser_text_is(token->text, "throw") && next->id == RF_PUNCT_LPAREN && !next->first_on_line) {
        return parse_throw(p);
    }
    if (struct_body_follows(p)) {
        return parse_struct_literal(p);
    }
    RfExpr *expr = rf_parse_expr_node(p, RF_EXPR_NAME, rf_parser_next(p));
    expr->as.text = token->text;
    return expr;
}

static RfExpr *parse_parenthesized(RfParser *p)
{
    RfParseMode old = rf_parser_enter_brackets(p);
    const RfToken *open = rf_parser_next(p);
    RfExpr *expr = rf_parse_expr(p);
    if (expr == NULL || !rf_parser_close(p, RF_PUNCT_RPAREN, "parenthesized expression")) {
        return NULL;
    }
    p->mode = old;
    expr->parenthesized = true;
    expr->first = open->pos;
    expr->start = open->start;
    expr->end = rf_parser_end(p);
    return expr;
}

static RfExpr *parse_array(RfParser *p)
{
    if (!rf_parser_enter_expr(p, "array literal")) {
        return NULL;
    }
    RfParseMode old = rf_parser_enter_brackets(p);
    RfExpr *expr = rf_parse_expr_node(p, RF_EXPR_ARRAY, rf_parser_next(p));
    size_t base = p->scratch.len;
    while (!rf_parser_at_closer(p, RF_PUNCT_RBRACKET)) {
        if (rf_parser_pushed(p, base, sizeof(RfElement)) == RF_LITERAL_ITEMS_MAX) {
            rf_parser_fail(p, rf_parser_peek(p)->pos, "Array literal exceeds maximum element count of %u",
                           RF_LITERAL_ITEMS_MAX);
            return NULL;
        }
        RfElement element = {.spread_pos = rf_parser_peek(p)->pos};
        element.spread = rf_parser_accept(p, RF_OP_ELLIPSIS);
        element.value = rf_parse_expr_item(p);
        if (element.value == NULL) {
            return NULL;
        }
        rf_parser_push(p, &element, sizeof(element));
        if (!rf_parser_accept(p, RF_PUNCT_COMMA)) {
            break;
        }
    }
    if (!rf_parser_close(p, RF_PUNCT_RBRACKET, "array literal")) {
        return NULL;
    }
    expr->as.array.items = rf_parser_take(p, base, sizeof(RfElement), &expr->as.array.count);
    expr->end = rf_parser_end(p);
    p->mode = old;
    rf_parser_leave_expr(p);
    return expr;
}

static bool parse_dict_item(RfParser *p, RfDictPair *item)
{
    item->pos = rf_parser_peek(p)->pos;
    if (!rf_parser_accept(p, RF_OP_ELLIPSIS)) {
        item->key = rf_parse_expr_item(p);
        if (item->key == NULL) {
            return false;
        }
        item->pos = item->key->first;
        if (!rf_parser_accept(p, RF_PUNCT_COLON)) {
            rf_parser_fail_here(p, "Expected ':' in dictionary literal");
            return false;
        }
    }
    item->value = rf_parse_expr_item(p);
    return item->value != NULL;
}

static RfExpr *parse_dict(RfParser *p)
{
    if (!rf_parser_enter_expr(p, "dictionary literal")) {
        return NULL;
    }
    RfParseMode old = rf_parser_enter_brackets(p);
    RfExpr *expr = rf_parse_expr_node(p, RF_EXPR_DICT, rf_parser_next(p));
    size_t base = p->scratch.len;
    while (!rf_parser_at_closer(p, RF_PUNCT_RBRACE)) {
        if (rf_parser_pushed(p, base, sizeof(RfDictPair)) == RF_LITERAL_ITEMS_MAX) {
            rf_parser_fail(p, rf_parser_peek(p)->pos, "Dictionary literal exceeds maximum item count of %u",
                           RF_LITERAL_ITEMS_MAX);
            return NULL;
        }
        RfDictPair item = {0};
        if (!parse_dict_item(p, &item)) {
            return NULL;
        }
        rf_parser_push(p, &item, sizeof(item));
        if (!rf_parser_accept(p, RF_PUNCT_COMMA)) {
            break;
        }
    }
    if (!rf_parser_close(p, RF_PUNCT_RBRACE, "dictionary literal")) {
        return NULL;
    }
    expr->as.dict.items = rf_parser_take(p, base, sizeof(RfDictPair), &expr->as.dict.count);
    expr->end = rf_parser_end(p);
    p->mode = old;
    rf_parser_leave_expr(p);
    return expr;
}

static RfExpr *parse_lambda(RfParser *p)
{
    const RfToken *first = rf_parser_peek(p);
    RfExpr *expr = rf_parse_expr_node(p, RF_EXPR_FUNC, first);
    RfFuncNode *func = RF_ARENA_NEW(p->arena, RfFuncNode);
    expr->as.func = func;
    func->is_async = rf_parser_accept(p, RF_KW_ASYNC);
    if (!rf_parser_at(p, RF_KW_FUNC)) {
        rf_parser_fail_here(p, "Expected 'func' after 'async'");
        return NULL;
    }
    func->start = first->start;
    func->pos = rf_parser_next(p)->pos;
    expr->pos = func->pos;
    if (!rf_parse_decl_function(p, func, false)) {
        return NULL;
    }
    expr->end = func->end;
    return expr;
}

static RfExpr *parse_yield(RfParser *p)
{
    RfExpr *expr = rf_parse_expr_node(p, RF_EXPR_YIELD, rf_parser_next(p));
    if (!rf_parser_peek(p)->first_on_line && rf_parse_expr_starts(p)) {
        expr->as.operand = rf_parse_expr(p);
        if (expr->as.operand == NULL) {
            return NULL;
        }
        expr->end = expr->as.operand->end;
    }
    return expr;
}

static RfExpr *parse_spawn(RfParser *p)
{
    RfExpr *expr = rf_parse_expr_node(p, RF_EXPR_SPAWN, rf_parser_next(p));
    if (!rf_parse_stmt_block(p, &expr->as.spawn.body, "spawn block")) {
        return NULL;
    }
    expr->end = rf_parser_end(p);
    return expr;
}

RfExpr *rf_parse_primary(RfParser *p)
{
    const RfToken *token = rf_parser_peek(p);
    RfExpr *expr;
    switch (token->kind) {
    case RF_TOK_INT:
        expr = rf_parse_expr_node(p, RF_EXPR_INT, rf_parser_next(p));
        expr->as.i = token->i;
        return expr;
    case RF_TOK_FLOAT:
        expr = rf_parse_expr_node(p, RF_EXPR_FLOAT, rf_parser_next(p));
        expr->as.f = token->f;
        return expr;
    case RF_TOK_STRING:
        expr = rf_parse_expr_node(p, RF_EXPR_STRING, rf_parser_next(p));
        expr->as.text = token->text;
        return expr;
    case RF_TOK_BOOL:
        expr = rf_parse_expr_node(p, RF_EXPR_BOOL, rf_parser_next(p));
        expr->as.b = token->i != 0;
        return expr;
    case RF_TOK_INTERP: return parse_interp(p);
    case RF_TOK_NAME: return parse_name(p);
    default: break;
    }
    switch (token->id) {
    case RF_KW_NULL: return rf_parse_expr_node(p, RF_EXPR_NULL, rf_parser_next(p));
    case RF_KW_SELF: return rf_parse_expr_node(p, RF_EXPR_SELF, rf_parser_next(p));
    case RF_KW_FUNC:
    case RF_KW_ASYNC: return parse_lambda(p);
    case RF_KW_YIELD: return parse_yield(p);
    case RF_KW_SPAWN: return parse_spawn(p);
    case RF_PUNCT_LPAREN: return parse_parenthesized(p);
    case RF_PUNCT_LBRACKET: return parse_array(p);
    case RF_PUNCT_LBRACE: return parse_dict(p);
    default: rf_parser_fail_here(p, "Expected expression"); return NULL;
    }
}

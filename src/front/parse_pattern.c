/* Destructuring patterns and the patterns of "case". */
#include "front/parser_core.h"

bool rf_parse_pattern_starts(const RfParser *p)
{
    return rf_parser_at_name(p) || rf_parser_at(p, RF_PUNCT_LBRACKET) || rf_parser_at(p, RF_PUNCT_LBRACE);
}

/* A name, or "_" which binds nothing. */
static RfPattern *parse_name_pattern(RfParser *p)
{
    RfPattern *pattern = RF_ARENA_NEW(p->arena, RfPattern);
    pattern->name = rf_parser_name(rf_parser_next(p));
    pattern->kind = rf_parser_text_is(pattern->name.text, "_") ? RF_PAT_IGNORE : RF_PAT_NAME;
    pattern->pos = pattern->name.pos;
    pattern->start = pattern->name.start;
    pattern->end = pattern->name.end;
    return pattern;
}

/* The "[" and "{" patterns; they differ in what their items may be. */
static RfPattern *parse_bare_pattern(RfParser *p)
{
    if (!rf_parser_enter_expr(p, "expression")) {
        return NULL;
    }
    const RfToken *open = rf_parser_next(p);
    bool is_array = open->id == RF_PUNCT_LBRACKET;
    RfPattern *pattern = RF_ARENA_NEW(p->arena, RfPattern);
    pattern->kind = is_array ? RF_PAT_ARRAY : RF_PAT_DICT;
    pattern->pos = open->pos;
    pattern->start = open->start;
    size_t base = p->scratch.len;
    while (is_array ? rf_parse_pattern_starts(p) : rf_parser_at_name(p)) {
        RfPattern *item = rf_parse_pattern(p);
        if (item == NULL) {
            return NULL;
        }
        rf_parser_push(p, &item, sizeof(item));
        if (!rf_parser_at(p, RF_PUNCT_COMMA)) {
            break;
        }
        rf_parser_next(p);
        if (rf_parser_at(p, RF_PUNCT_COMMA)) {
            break;
        }
    }
    if (rf_parser_pushed(p, base, sizeof(RfPattern *)) == 0) {
        rf_parser_accept(p, RF_PUNCT_COMMA);
    }
    bool rest_complete = true;
    if (rf_parser_accept(p, RF_OP_ELLIPSIS)) {
        pattern->has_rest = true;
        rest_complete = rf_parser_at_name(p);
        if (rest_complete) {
            pattern->rest = rf_parser_name(rf_parser_next(p));
        }
    }
    RfTokenId closer = is_array ? RF_PUNCT_RBRACKET : RF_PUNCT_RBRACE;
    const char *what = is_array ? "array pattern" : "dictionary pattern";
    if (!rest_complete) {
        rf_parser_fail_found(p, "Expected '%s' to close %s", rf_token_spelling(closer).bytes, what);
        return NULL;
    }
    if (!rf_parser_close(p, closer, what)) {
        return NULL;
    }
    pattern->items = rf_parser_take(p, base, sizeof(RfPattern *), &pattern->count);
    pattern->end = rf_parser_end(p);
    rf_parser_leave_expr(p);
    return pattern;
}

RfPattern *rf_parse_pattern(RfParser *p)
{
    return rf_parser_at_name(p) ? parse_name_pattern(p) : parse_bare_pattern(p);
}

/* 0 Ok, 1 Err, 2 Some, 3 None for the bare names and for Result::Ok ... Option::None; -1 for all others. */
static int variant_of(const RfArm *arm)
{
    static const char *const names[] = {"Ok", "Err", "Some", "None"};
    for (int which = 0; which < 4; which++) {
        const char *owner = which < 2 ? "Result" : "Option";
        if (rf_parser_text_is(arm->variant.text, names[which]) &&
            (arm->enum_name.text.len == 0 || rf_parser_text_is(arm->enum_name.text, owner))) {
            return which;
        }
    }
    return -1;
}

static bool parse_binders(RfParser *p, RfArm *arm)
{
    const char *what = "match case pattern";
    size_t base = p->scratch.len;
    rf_parser_next(p);
    if (rf_parser_at(p, RF_PUNCT_RPAREN)) {
        rf_parser_fail_found(p, "Expected pattern after 'case'");
        return false;
    }
    uint32_t most = arm->kind == RF_CASE_VARIANT ? 1 : UINT32_MAX; /* Ok and its like have one payload */
    while (rf_parser_at_name(p)) {
        RfName binder = rf_parser_name(rf_parser_next(p));
        rf_parser_push(p, &binder, sizeof(binder));
        if (!rf_parser_at(p, RF_PUNCT_COMMA) || rf_parser_pushed(p, base, sizeof(RfName)) == most) {
            break;
        }
        rf_parser_next(p);
        if (!rf_parser_at_name(p)) { /* no trailing comma here */
            rf_parser_fail_found(p, "Expected ')' to close %s", what);
            return false;
        }
    }
    if (!rf_parser_close(p, RF_PUNCT_RPAREN, what)) {
        return false;
    }
    arm->has_parens = true;
    arm->binders = rf_parser_take(p, base, sizeof(RfName), &arm->binder_count);
    return true;
}

/* "_", a word, Ok(v), A::B(x, y) */
static bool parse_name_case(RfParser *p, RfArm *arm)
{
    RfName name = rf_parser_name(rf_parser_next(p));
    arm->text = name.text;
    arm->variant = name;
    if (rf_parser_accept(p, RF_OP_PATH)) {
        if (!rf_parser_at_name(p)) {
            rf_parser_fail_found(p, "Expected variant name after '::'");
            return false;
        }
        arm->enum_name = name;
        arm->variant = rf_parser_name(rf_parser_next(p));
    }
    int which = variant_of(arm);
    if (which >= 0) {
        arm->kind = RF_CASE_VARIANT;
        arm->which = which;
    } else if (arm->enum_name.text.len > 0) {
        arm->kind = RF_CASE_ENUM;
    } else {
        arm->kind = rf_parser_text_is(name.text, "_") ? RF_CASE_ANY : RF_CASE_WORD;
    }
    return !rf_parser_at(p, RF_PUNCT_LPAREN) || arm->kind == RF_CASE_ANY || parse_binders(p, arm);
}

static bool parse_number_case(RfParser *p, RfArm *arm)
{
    bool negative = rf_parser_accept(p, RF_OP_SUB);
    const RfToken *token = rf_parser_peek(p);
    if (token->kind == RF_TOK_INT) {
        arm->kind = RF_CASE_INT;
        arm->i = negative ? -token->i : token->i;
    } else if (token->kind == RF_TOK_FLOAT) {
        arm->kind = RF_CASE_FLOAT;
        arm->f = negative ? -token->f : token->f;
    } else {
        rf_parser_fail_found(p, "Expected pattern after 'case'");
        return false;
    }
    rf_parser_next(p);
    return true;
}

bool rf_parse_pattern_case(RfParser *p, RfArm *arm)
{
    const RfToken *token = rf_parser_peek(p);
    arm->pos = token->pos;
    switch (token->kind) {
    case RF_TOK_NAME: return parse_name_case(p, arm);
    case RF_TOK_STRING:
        arm->kind = RF_CASE_STRING;
        arm->text = token->text;
        break;
    case RF_TOK_BOOL:
        arm->kind = RF_CASE_BOOL;
        arm->b = token->i != 0;
        break;
    case RF_TOK_INTERP: rf_parser_fail_here(p, "Interpolated strings are not allowed in match patterns"); return false;
    default:
        if (token->id != RF_KW_NULL) {
            return parse_number_case(p, arm);
        }
        arm->kind = RF_CASE_NULL;
        break;
    }
    rf_parser_next(p);
    return true;
}

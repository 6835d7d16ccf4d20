/* Type annotations. They are checked for their form and dropped: nothing in the language depends on them. */
#include "front/parser_core.h"

static bool starts_type(const RfParser *p)
{
    switch (rf_parser_peek(p)->id) {
    case RF_KW_INT:
    case RF_KW_FLOAT:
    case RF_KW_STRING:
    case RF_KW_BOOL:
    case RF_KW_NULL:
    case RF_KW_FUNC: return true;
    default: return rf_parser_at_name(p);
    }
}

/* Closes one "<", also with the first half of ">=": the token then becomes the "=" that is left. */
static bool accept_closing_angle(RfParser *p)
{
    if (rf_parser_accept(p, RF_OP_GT)) {
        return true;
    }
    RfToken *token = rf_parser_peek(p);
    if (token->id != RF_OP_GE) {
        return false;
    }
    token->id = RF_OP_ASSIGN;
    token->text = rf_token_spelling(RF_OP_ASSIGN);
    token->start++;
    token->pos.column++;
    return true;
}

/* { "?" | "[" "]" } ; "??" is two of them */
static bool skip_suffixes(RfParser *p)
{
    for (;;) {
        if (rf_parser_accept(p, RF_PUNCT_LBRACKET)) {
            if (!rf_parser_close(p, RF_PUNCT_RBRACKET, "type annotation")) {
                return false;
            }
        } else if (!rf_parser_accept(p, RF_OP_QUESTION) && !rf_parser_accept(p, RF_OP_COALESCE)) {
            return true;
        }
    }
}

bool rf_parse_type(RfParser *p)
{
    uint32_t open = 0; /* "<" not yet closed; counted, so that no nesting can exhaust the stack */
    for (;;) {
        if (!starts_type(p)) {
            rf_parser_fail_found(p, "Expected type name");
            return false;
        }
        rf_parser_next(p);
        if (rf_parser_accept(p, RF_OP_LT)) {
            open++;
            continue;
        }
        for (;;) {
            if (!skip_suffixes(p)) {
                return false;
            }
            if (open == 0) {
                return true;
            }
            if (rf_parser_accept(p, RF_PUNCT_COMMA)) {
                break;
            }
            if (!accept_closing_angle(p)) {
                rf_parser_fail_found(p, "Expected '>' to close type annotation");
                return false;
            }
            open--;
        }
    }
}

bool rf_parse_type_annotation(RfParser *p)
{
    return !rf_parser_accept(p, RF_PUNCT_COLON) || rf_parse_type(p);
}

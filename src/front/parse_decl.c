/* Declarations: let, mut, const, functions, structs, enums, imports. */
#include "front/parser_core.h"

/* The declared name or pattern, its annotation and its value. `keyword` is "let" or "const" in the message. */
static bool parse_initializer(RfParser *p, RfStmt *stmt, const char *keyword)
{
    if (!rf_parse_type_annotation(p)) {
        return false;
    }
    if (!rf_parser_at_assign(p)) {
        rf_parser_fail_found(p, "Expected assignment operator (':=' or '=') in %s declaration", keyword);
        return false;
    }
    stmt->as.let.value = rf_parse_stmt_value(p);
    return stmt->as.let.value != NULL;
}

bool rf_parse_decl_let(RfParser *p, RfStmt *stmt)
{
    bool is_mut = rf_parser_next(p)->id == RF_KW_MUT;
    stmt->kind = RF_STMT_LET;
    stmt->as.let.kind = is_mut ? RF_BIND_MUT : RF_BIND_LET;
    if (!rf_parse_pattern_starts(p)) {
        rf_parser_fail(p, rf_parser_peek(p)->pos, "Expected variable name or pattern after '%s'",
                       is_mut ? "mut" : "let");
        return false;
    }
    stmt->as.let.pattern = rf_parse_pattern(p);
    return stmt->as.let.pattern != NULL && parse_initializer(p, stmt, "let");
}

bool rf_parse_decl_const(RfParser *p, RfStmt *stmt)
{
    rf_parser_next(p);
    stmt->kind = RF_STMT_LET;
    stmt->as.let.kind = RF_BIND_CONST;
    RfPattern *pattern = RF_ARENA_NEW(p->arena, RfPattern);
    stmt->as.let.pattern = pattern;
    if (!rf_parser_expect_name(p, &pattern->name, "Expected constant name after 'const'")) {
        return false;
    }
    pattern->kind = RF_PAT_NAME;
    pattern->pos = pattern->name.pos;
    pattern->start = pattern->name.start;
    pattern->end = pattern->name.end;
    return parse_initializer(p, stmt, "const");
}

/* One parameter; `self_allowed` for the first of a named function. */
static bool parse_param(RfParser *p, RfParam *param, bool self_allowed, bool *defaults_seen)
{
    param->is_self = self_allowed && rf_parser_at(p, RF_KW_SELF);
    param->name = rf_parser_name(rf_parser_next(p));
    if (!rf_parse_type_annotation(p)) {
        return false;
    }
    if (!param->is_self && rf_parser_at_assign(p)) {
        rf_parser_next(p);
        param->default_value = rf_parse_expr(p);
        *defaults_seen = true;
        return param->default_value != NULL;
    }
    if (*defaults_seen) {
        rf_parser_fail(p, param->name.pos, "Parameter '%s' without a default follows a parameter with a default",
                       param->name.text.bytes);
        return false;
    }
    return true;
}

static bool parse_params(RfParser *p, RfFuncNode *func, bool named)
{
    RfParseMode old = rf_parser_enter_brackets(p);
    size_t base = p->scratch.len;
    bool defaults_seen = false;
    rf_parser_next(p);
    for (;;) {
        bool self_allowed = named && rf_parser_pushed(p, base, sizeof(RfParam)) == 0;
        if (!rf_parser_at_name(p) && !(self_allowed && rf_parser_at(p, RF_KW_SELF))) {
            break;
        }
        RfParam param = {0};
        if (!parse_param(p, &param, self_allowed, &defaults_seen)) {
            return false;
        }
        rf_parser_push(p, &param, sizeof(param));
        if (!rf_parser_accept(p, RF_PUNCT_COMMA)) {
            break;
        }
    }
    if (!rf_parser_close(p, RF_PUNCT_RPAREN,
                         named ? "function parameter list" : "function expression parameter list")) {
        return false;
    }
    func->params = rf_parser_take(p, base, sizeof(RfParam), &func->param_count);
    p->mode = old;
    return true;
}

/* "=> e" as a block of one return statement */
static bool parse_expression_body(RfParser *p, RfFuncNode *func)
{
    rf_parser_next(p);
    RfExpr *value = rf_parse_expr(p);
    if (value == NULL) {
        return false;
    }
    RfStmt *stmt = RF_ARENA_NEW(p->arena, RfStmt);
    stmt->kind = RF_STMT_RETURN;
    stmt->pos = value->first;
    stmt->start = value->start;
    stmt->end = value->end;
    stmt->as.expr = value;
    func->is_expression = true;
    func->body.stmts = RF_ARENA_NEW(p->arena, RfStmt *);
    func->body.stmts[0] = stmt;
    func->body.count = 1;
    return true;
}

bool rf_parse_decl_function(RfParser *p, RfFuncNode *func, bool named)
{
    if (rf_parser_accept(p, RF_OP_MUL)) {
        func->is_generator = true;
        func->is_async = false; /* "async func*" is the same as "func*" */
    }
    if (named && !rf_parser_expect_name(p, &func->name, "Expected function name after 'func'")) {
        return false;
    }
    if (!rf_parser_at(p, RF_PUNCT_LPAREN)) {
        rf_parser_fail_found(p, "Expected '(' after %s", named ? "function name" : "'func' in function expression");
        return false;
    }
    if (!parse_params(p, func, named)) {
        return false;
    }
    if (rf_parser_accept(p, RF_OP_ARROW) && !rf_parse_type(p)) {
        return false;
    }
    bool ok;
    if (rf_parser_at(p, RF_OP_FAT_ARROW) && !func->is_generator) {
        ok = parse_expression_body(p, func);
    } else {
        ok = rf_parse_stmt_block(p, &func->body, named ? "function body" : "function expression body");
    }
    func->end = rf_parser_end(p);
    return ok;
}

/* [ "async" ] "func" ... as a declaration */
static RfFuncNode *parse_named_function(RfParser *p)
{
    RfFuncNode *func = RF_ARENA_NEW(p->arena, RfFuncNode);
    func->start = rf_parser_peek(p)->start;
    func->is_async = rf_parser_accept(p, RF_KW_ASYNC);
    if (!rf_parser_at(p, RF_KW_FUNC)) {
        rf_parser_fail_here(p, "Expected 'func' after 'async'");
        return NULL;
    }
    func->pos = rf_parser_next(p)->pos;
    return rf_parse_decl_function(p, func, true) ? func : NULL;
}

bool rf_parse_decl_func_stmt(RfParser *p, RfStmt *stmt)
{
    stmt->kind = RF_STMT_FUNC;
    stmt->as.func = parse_named_function(p);
    return stmt->as.func != NULL;
}

static bool parse_field(RfParser *p, RfField *field)
{
    field->name = rf_parser_name(rf_parser_next(p));
    if (!rf_parse_type_annotation(p)) {
        return false;
    }
    if (!rf_parser_at_assign(p)) {
        return true;
    }
    rf_parser_next(p);
    field->default_value = rf_parse_expr(p);
    return field->default_value != NULL;
}

/* Fields and methods may be mixed; the methods collect in a list of their own, linked in order of writing. */
typedef struct MethodLink {
    struct MethodLink *next;
    RfFuncNode *func;
} MethodLink;

static bool parse_members(RfParser *p, RfStmt *stmt)
{
    MethodLink *methods = NULL;
    MethodLink **last = &methods;
    size_t base = p->scratch.len;
    while (!rf_parser_at(p, RF_PUNCT_RBRACE)) {
        if (rf_parser_accept(p, RF_PUNCT_COMMA) || rf_parser_accept(p, RF_PUNCT_SEMICOLON)) {
            continue;
        }
        if (rf_parser_at(p, RF_KW_FUNC) || rf_parser_at(p, RF_KW_ASYNC)) {
            *last = RF_ARENA_NEW(p->arena, MethodLink);
            (*last)->func = parse_named_function(p);
            if ((*last)->func == NULL) {
                return false;
            }
            last = &(*last)->next;
            stmt->as.strct.method_count++;
            continue;
        }
        if (!rf_parser_at_name(p)) {
            break;
        }
        RfField field = {0};
        if (!parse_field(p, &field)) {
            return false;
        }
        rf_parser_push(p, &field, sizeof(field));
    }
    stmt->as.strct.fields = rf_parser_take(p, base, sizeof(RfField), &stmt->as.strct.field_count);
    stmt->as.strct.methods = RF_ARENA_ARRAY(p->arena, RfFuncNode *, stmt->as.strct.method_count);
    uint32_t at = 0;
    for (MethodLink *link = methods; link != NULL; link = link->next) {
        stmt->as.strct.methods[at++] = link->func;
    }
    return rf_parser_close(p, RF_PUNCT_RBRACE, "struct body");
}

/* Opens the braces of a struct or enum declaration. */
static bool open_body(RfParser *p, const char *what)
{
    if (!rf_parser_accept(p, RF_PUNCT_LBRACE)) {
        rf_parser_fail_found(p, "Expected '{' to start %s", what);
        return false;
    }
    return true;
}

bool rf_parse_decl_struct(RfParser *p, RfStmt *stmt)
{
    rf_parser_next(p);
    stmt->kind = RF_STMT_STRUCT;
    if (!rf_parser_expect_name(p, &stmt->as.strct.name, "Expected struct name after 'struct'") ||
        !open_body(p, "struct body")) {
        return false;
    }
    RfParseMode old = p->mode;
    p->mode = (RfParseMode){.newline_ends = true, .header = false};
    if (!parse_members(p, stmt)) {
        return false;
    }
    p->mode = old;
    return true;
}

bool rf_parse_decl_enum(RfParser *p, RfStmt *stmt)
{
    rf_parser_next(p);
    stmt->kind = RF_STMT_ENUM;
    if (!rf_parser_expect_name(p, &stmt->as.enumeration.name, "Expected enum name after 'enum'") ||
        !open_body(p, "enum body")) {
        return false;
    }
    size_t base = p->scratch.len;
    while (rf_parser_at_name(p)) {
        RfName variant = rf_parser_name(rf_parser_next(p));
        rf_parser_push(p, &variant, sizeof(variant));
        if (!rf_parser_accept(p, RF_PUNCT_COMMA)) {
            break;
        }
    }
    if (!rf_parser_close(p, RF_PUNCT_RBRACE, "enum body")) {
        return false;
    }
    stmt->as.enumeration.variants = rf_parser_take(p, base, sizeof(RfName), &stmt->as.enumeration.count);
    return true;
}

/* [ "as" NAME ] */
static bool parse_alias(RfParser *p, RfName *alias)
{
    if (!rf_parser_at_word(p, "as")) {
        return true;
    }
    rf_parser_next(p);
    return rf_parser_expect_name(p, alias, "Expected alias name after 'as'");
}

bool rf_parse_decl_import(RfParser *p, RfStmt *stmt)
{
    rf_parser_next(p);
    stmt->kind = RF_STMT_IMPORT;
    return rf_parser_expect_name(p, &stmt->as.import.name, "Expected module name after 'import'") &&
           parse_alias(p, &stmt->as.import.alias);
}

static bool parse_module_path(RfParser *p, RfText *path)
{
    RfName segment;
    if (!rf_parser_expect_name(p, &segment, "Expected module name after 'from'")) {
        return false;
    }
    size_t base = p->scratch.len;
    rf_parser_push(p, segment.text.bytes, segment.text.len);
    while (rf_parser_accept(p, RF_PUNCT_DOT)) {
        if (!rf_parser_expect_name(p, &segment, "Expected module path segment after '.' in from-import statement")) {
            return false;
        }
        rf_parser_push(p, ".", 1);
        rf_parser_push(p, segment.text.bytes, segment.text.len);
    }
    size_t len = p->scratch.len - base;
    *path = (RfText){rf_arena_strdup(p->arena, p->scratch.data + base, len), (uint32_t)len};
    p->scratch.len = base;
    return true;
}

bool rf_parse_decl_from(RfParser *p, RfStmt *stmt)
{
    rf_parser_next(p);
    stmt->kind = RF_STMT_FROM;
    if (!parse_module_path(p, &stmt->as.from.path)) {
        return false;
    }
    if (!rf_parser_accept(p, RF_KW_IMPORT)) {
        rf_parser_fail_found(p, "Expected 'import' after module name in from-import statement");
        return false;
    }
    size_t base = p->scratch.len;
    do {
        RfImportItem item = {0};
        if (!rf_parser_expect_name(p, &item.name, "Expected imported symbol name") || !parse_alias(p, &item.alias)) {
            return false;
        }
        rf_parser_push(p, &item, sizeof(item));
    } while (rf_parser_accept(p, RF_PUNCT_COMMA));
    stmt->as.from.items = rf_parser_take(p, base, sizeof(RfImportItem), &stmt->as.from.count);
    return true;
}

/* The syntax tree as indented text, for DEBUG_AST and the parser tests.
 *
 * One line a node: two spaces per level, KIND, what the node holds, its place as @LINE:COLUMN. The walk uses a stack of
 * its own, because chains of operators, calls and "else if" nest as deep as the source is long; beyond MAX_INDENT the
 * indentation stays and the level is printed instead, which keeps the size of the text linear. */
#include <inttypes.h>

#include "base/buf.h"
#include "front/parser.h"

#define MAX_INDENT 40u

typedef enum WorkKind { WORK_EXPR, WORK_STMT, WORK_PATTERN, WORK_FUNC, WORK_BLOCK, WORK_ARM, WORK_LABEL } WorkKind;

typedef struct Work {
    WorkKind kind;
    uint32_t level;
    const char *label; /* LABEL and BLOCK */
    const void *node;  /* LABEL: an RfText, or NULL */
} Work;

typedef struct Dumper {
    RfBuf *out;
    RfBuf work;    /* of Work, next one last */
    RfBuf pending; /* children of the current node, in order */
    uint32_t level;
} Dumper;

static void add(Dumper *d, WorkKind kind, const char *label, const void *node)
{
    if (node == NULL && kind != WORK_LABEL) {
        return;
    }
    Work work = {kind, d->level + 1, label, node};
    rf_buf_put(&d->pending, &work, sizeof(work));
}

static void add_expr(Dumper *d, const RfExpr *expr)
{
    add(d, WORK_EXPR, NULL, expr);
}

static void add_exprs(Dumper *d, const RfExprList *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        add_expr(d, list->items[i]);
    }
}

static void add_block(Dumper *d, const char *label, const RfBlock *block)
{
    add(d, WORK_BLOCK, label, block);
}

/* A line of its own for a part that has no node; `text` must live in the tree. */
static void add_label(Dumper *d, const char *label, const RfText *text)
{
    add(d, WORK_LABEL, label, text);
}

/* The children were added in order; the stack wants the first one on top. */
static void move_pending(Dumper *d)
{
    const Work *items = (const Work *)(const void *)d->pending.data;
    for (size_t i = d->pending.len / sizeof(Work); i > 0; i--) {
        rf_buf_put(&d->work, &items[i - 1], sizeof(Work));
    }
    rf_buf_clear(&d->pending);
}

static void begin_line(Dumper *d, const char *kind)
{
    uint32_t shown = d->level < MAX_INDENT ? d->level : MAX_INDENT;
    for (uint32_t i = 0; i < shown; i++) {
        rf_buf_puts(d->out, "  ");
    }
    if (d->level > MAX_INDENT) {
        rf_buf_printf(d->out, "<%u> ", d->level);
    }
    rf_buf_puts(d->out, kind);
}

static void end_line(Dumper *d, RfPos pos)
{
    rf_buf_printf(d->out, " @%u:%u\n", pos.line, pos.column);
}

static void put_text(Dumper *d, RfText text)
{
    rf_buf_putc(d->out, ' ');
    rf_buf_put(d->out, text.bytes, text.len);
}

static void put_name(Dumper *d, const RfName *name)
{
    put_text(d, name->text);
}

static void put_quoted(Dumper *d, RfText text)
{
    rf_buf_puts(d->out, " \"");
    for (uint32_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.bytes[i];
        if (c == '"' || c == '\\') {
            rf_buf_printf(d->out, "\\%c", c);
        } else if (c < 0x20) {
            rf_buf_printf(d->out, "\\x%02x", c);
        } else {
            rf_buf_putc(d->out, (char)c);
        }
    }
    rf_buf_putc(d->out, '"');
}

static const char *const expr_kinds[] = {
    [RF_EXPR_INT] = "INT",         [RF_EXPR_FLOAT] = "FLOAT",   [RF_EXPR_STRING] = "STRING",
    [RF_EXPR_INTERP] = "INTERP",   [RF_EXPR_BOOL] = "BOOL",     [RF_EXPR_NULL] = "NULL",
    [RF_EXPR_NONE] = "NONE",       [RF_EXPR_SELF] = "SELF",     [RF_EXPR_NAME] = "NAME",
    [RF_EXPR_VARIANT] = "VARIANT", [RF_EXPR_ENUM] = "ENUM",     [RF_EXPR_STRUCT] = "STRUCT",
    [RF_EXPR_THROW] = "THROW",     [RF_EXPR_ARRAY] = "ARRAY",   [RF_EXPR_DICT] = "DICT",
    [RF_EXPR_FUNC] = "FUNC",       [RF_EXPR_YIELD] = "YIELD",   [RF_EXPR_SPAWN] = "SPAWN",
    [RF_EXPR_UNARY] = "UNARY",     [RF_EXPR_AWAIT] = "AWAIT",   [RF_EXPR_BINARY] = "BINARY",
    [RF_EXPR_AND] = "AND",         [RF_EXPR_OR] = "OR",         [RF_EXPR_COALESCE] = "COALESCE",
    [RF_EXPR_PIPE] = "PIPE",       [RF_EXPR_RANGE] = "RANGE",   [RF_EXPR_CALL] = "CALL",
    [RF_EXPR_METHOD] = "METHOD",   [RF_EXPR_MEMBER] = "MEMBER", [RF_EXPR_INDEX] = "INDEX",
    [RF_EXPR_TRY] = "TRY",
};

static const char *const binary_ops[] = {
    [RF_BIN_ADD] = "+", [RF_BIN_SUB] = "-", [RF_BIN_MUL] = "*", [RF_BIN_DIV] = "/",
    [RF_BIN_MOD] = "%", [RF_BIN_EQ] = "==", [RF_BIN_NE] = "!=", [RF_BIN_LT] = "<",
    [RF_BIN_GT] = ">",  [RF_BIN_LE] = "<=", [RF_BIN_GE] = ">=",
};

static const char *const variant_names[] = {"Ok", "Err", "Some", "None"};

/* What a node shows beside its kind. */
static void put_expr_details(Dumper *d, const RfExpr *e)
{
    switch (e->kind) {
    case RF_EXPR_INT: rf_buf_printf(d->out, " %" PRId64, e->as.i); break;
    case RF_EXPR_FLOAT: rf_buf_printf(d->out, " %.17g", e->as.f); break;
    case RF_EXPR_BOOL: rf_buf_puts(d->out, e->as.b ? " true" : " false"); break;
    case RF_EXPR_STRING: put_quoted(d, e->as.text); break;
    case RF_EXPR_NAME: put_text(d, e->as.text); break;
    case RF_EXPR_VARIANT: rf_buf_printf(d->out, " %s", variant_names[e->as.variant.which]); break;
    case RF_EXPR_ENUM:
        put_name(d, &e->as.enum_value.enum_name);
        rf_buf_puts(d->out, "::");
        rf_buf_put(d->out, e->as.enum_value.variant.text.bytes, e->as.enum_value.variant.text.len);
        rf_buf_puts(d->out, e->as.enum_value.has_parens ? "()" : "");
        break;
    case RF_EXPR_STRUCT: put_name(d, &e->as.strct.name); break;
    case RF_EXPR_UNARY: rf_buf_printf(d->out, " %c", e->as.unary.op); break;
    case RF_EXPR_BINARY: rf_buf_printf(d->out, " %s", binary_ops[e->as.binary.op]); break;
    case RF_EXPR_RANGE: rf_buf_puts(d->out, e->as.range.inclusive ? " ..=" : " .."); break;
    case RF_EXPR_METHOD:
        rf_buf_puts(d->out, e->as.method.optional ? " ?." : " .");
        rf_buf_put(d->out, e->as.method.name.text.bytes, e->as.method.name.text.len);
        break;
    case RF_EXPR_MEMBER:
        rf_buf_puts(d->out, e->as.member.optional ? " ?." : " .");
        rf_buf_put(d->out, e->as.member.name.text.bytes, e->as.member.name.text.len);
        break;
    default: break;
    }
    rf_buf_puts(d->out, e->parenthesized ? " (parenthesized)" : "");
}

static void add_expr_children(Dumper *d, const RfExpr *e)
{
    switch (e->kind) {
    case RF_EXPR_INTERP:
        for (uint32_t i = 0; i < e->as.interp.count; i++) {
            const RfInterpPart *part = &e->as.interp.parts[i];
            if (part->expr != NULL) {
                add_expr(d, part->expr);
            } else {
                add_label(d, "TEXT", &part->text);
            }
        }
        break;
    case RF_EXPR_VARIANT: add_expr(d, e->as.variant.value); break;
    case RF_EXPR_ENUM: add_exprs(d, &e->as.enum_value.args); break;
    case RF_EXPR_STRUCT:
        for (uint32_t i = 0; i < e->as.strct.count; i++) {
            add_label(d, "FIELD", &e->as.strct.fields[i].name.text);
            add_expr(d, e->as.strct.fields[i].value);
        }
        break;
    case RF_EXPR_THROW: add_exprs(d, &e->as.args); break;
    case RF_EXPR_ARRAY:
        for (uint32_t i = 0; i < e->as.array.count; i++) {
            if (e->as.array.items[i].spread) {
                add_label(d, "SPREAD", NULL);
            }
            add_expr(d, e->as.array.items[i].value);
        }
        break;
    case RF_EXPR_DICT:
        for (uint32_t i = 0; i < e->as.dict.count; i++) {
            add_label(d, e->as.dict.items[i].key != NULL ? "ITEM" : "SPREAD", NULL);
            add_expr(d, e->as.dict.items[i].key);
            add_expr(d, e->as.dict.items[i].value);
        }
        break;
    case RF_EXPR_FUNC: add(d, WORK_FUNC, NULL, e->as.func); break;
    case RF_EXPR_YIELD:
    case RF_EXPR_AWAIT:
    case RF_EXPR_TRY: add_expr(d, e->as.operand); break;
    case RF_EXPR_SPAWN: add_block(d, "BODY", &e->as.spawn.body); break;
    case RF_EXPR_UNARY: add_expr(d, e->as.unary.operand); break;
    case RF_EXPR_BINARY:
    case RF_EXPR_AND:
    case RF_EXPR_OR:
    case RF_EXPR_COALESCE:
    case RF_EXPR_PIPE:
        add_expr(d, e->as.binary.left);
        add_expr(d, e->as.binary.right);
        break;
    case RF_EXPR_RANGE:
        add_expr(d, e->as.range.low);
        add_expr(d, e->as.range.high);
        break;
    case RF_EXPR_CALL:
        add_expr(d, e->as.call.callee);
        add_exprs(d, &e->as.call.args);
        break;
    case RF_EXPR_METHOD:
        add_expr(d, e->as.method.object);
        add_exprs(d, &e->as.method.args);
        break;
    case RF_EXPR_MEMBER: add_expr(d, e->as.member.object); break;
    case RF_EXPR_INDEX:
        add_expr(d, e->as.index.object);
        add_expr(d, e->as.index.index);
        break;
    default: break;
    }
}

static void dump_expr(Dumper *d, const RfExpr *e)
{
    begin_line(d, expr_kinds[e->kind]);
    put_expr_details(d, e);
    end_line(d, e->pos);
    add_expr_children(d, e);
}

static void dump_pattern(Dumper *d, const RfPattern *pattern)
{
    static const char *const kinds[] = {"PATTERN", "PATTERN", "ARRAY PATTERN", "DICT PATTERN"};
    begin_line(d, kinds[pattern->kind]);
    if (pattern->name.text.len > 0) {
        put_name(d, &pattern->name);
    }
    if (pattern->has_rest) {
        rf_buf_puts(d->out, " ...");
        rf_buf_put(d->out, pattern->rest.text.bytes, pattern->rest.text.len);
    }
    end_line(d, pattern->pos);
    for (uint32_t i = 0; i < pattern->count; i++) {
        add(d, WORK_PATTERN, NULL, pattern->items[i]);
    }
}

static void dump_func(Dumper *d, const RfFuncNode *func)
{
    begin_line(d, "FUNCTION");
    rf_buf_puts(d->out, func->is_async ? " async" : func->is_generator ? " generator" : "");
    if (func->name.text.len > 0) {
        put_name(d, &func->name);
    }
    end_line(d, func->pos);
    for (uint32_t i = 0; i < func->param_count; i++) {
        add_label(d, "PARAM", &func->params[i].name.text);
        add_expr(d, func->params[i].default_value);
    }
    add_block(d, func->is_expression ? "RESULT" : "BODY", &func->body);
}

static void dump_arm(Dumper *d, const RfArm *arm)
{
    static const char *const kinds[] = {"any", "int", "float", "string", "bool", "null", "variant", "enum", "word"};
    begin_line(d, arm->is_default ? "DEFAULT" : "CASE");
    if (!arm->is_default) {
        rf_buf_printf(d->out, " %s", kinds[arm->kind]);
    }
    switch (arm->is_default ? RF_CASE_ANY : arm->kind) {
    case RF_CASE_INT: rf_buf_printf(d->out, " %" PRId64, arm->i); break;
    case RF_CASE_FLOAT: rf_buf_printf(d->out, " %.17g", arm->f); break;
    case RF_CASE_STRING: put_quoted(d, arm->text); break;
    case RF_CASE_BOOL: rf_buf_puts(d->out, arm->b ? " true" : " false"); break;
    case RF_CASE_VARIANT: rf_buf_printf(d->out, " %s", variant_names[arm->which]); break;
    case RF_CASE_ENUM:
        put_name(d, &arm->enum_name);
        put_name(d, &arm->variant);
        break;
    case RF_CASE_WORD: put_text(d, arm->text); break;
    default: break;
    }
    for (uint32_t i = 0; i < arm->binder_count; i++) {
        rf_buf_puts(d->out, i == 0 ? " binds" : "");
        put_name(d, &arm->binders[i]);
    }
    end_line(d, arm->pos);
    if (arm->guard != NULL) {
        add_label(d, "GUARD", NULL);
        add_expr(d, arm->guard);
    }
    add_block(d, "BODY", &arm->body);
}

static const char *const stmt_kinds[] = {
    [RF_STMT_EXPR] = "EXPRESSION",
    [RF_STMT_LET] = "LET",
    [RF_STMT_ASSIGN] = "ASSIGN",
    [RF_STMT_DESTRUCTURE] = "DESTRUCTURE",
    [RF_STMT_COMPOUND] = "COMPOUND",
    [RF_STMT_FUNC] = "FUNC",
    [RF_STMT_STRUCT] = "STRUCT",
    [RF_STMT_ENUM] = "ENUM",
    [RF_STMT_IMPORT] = "IMPORT",
    [RF_STMT_FROM] = "FROM",
    [RF_STMT_RETURN] = "RETURN",
    [RF_STMT_IF] = "IF",
    [RF_STMT_MATCH] = "MATCH",
    [RF_STMT_WHILE] = "WHILE",
    [RF_STMT_FOR] = "FOR",
    [RF_STMT_BREAK] = "BREAK",
    [RF_STMT_CONTINUE] = "CONTINUE",
    [RF_STMT_TRY] = "TRY",
    [RF_STMT_TEST] = "TEST",
    [RF_STMT_TEST_SETUP] = "TEST_SETUP",
    [RF_STMT_TEST_TEARDOWN] = "TEST_TEARDOWN",
    [RF_STMT_TEST_GROUP] = "TEST_GROUP",
};

static void put_stmt_details(Dumper *d, const RfStmt *s)
{
    static const char *const bindings[] = {"let", "mut", "const"};
    switch (s->kind) {
    case RF_STMT_LET: rf_buf_printf(d->out, " %s", bindings[s->as.let.kind]); break;
    case RF_STMT_COMPOUND: rf_buf_printf(d->out, " %s=", binary_ops[s->as.compound.op]); break;
    case RF_STMT_STRUCT: put_name(d, &s->as.strct.name); break;
    case RF_STMT_ENUM:
        put_name(d, &s->as.enumeration.name);
        for (uint32_t i = 0; i < s->as.enumeration.count; i++) {
            put_name(d, &s->as.enumeration.variants[i]);
        }
        break;
    case RF_STMT_IMPORT:
        put_name(d, &s->as.import.name);
        if (s->as.import.alias.text.len > 0) {
            rf_buf_puts(d->out, " as");
            put_name(d, &s->as.import.alias);
        }
        break;
    case RF_STMT_FROM:
        put_text(d, s->as.from.path);
        rf_buf_putc(d->out, ':');
        for (uint32_t i = 0; i < s->as.from.count; i++) {
            put_name(d, &s->as.from.items[i].name);
            if (s->as.from.items[i].alias.text.len > 0) {
                rf_buf_puts(d->out, " as");
                put_name(d, &s->as.from.items[i].alias);
            }
        }
        break;
    case RF_STMT_FOR:
        put_name(d, &s->as.for_.var);
        if (s->as.for_.var2.text.len > 0) {
            put_name(d, &s->as.for_.var2);
        }
        break;
    case RF_STMT_TRY:
        if (s->as.try_.error_name.text.len > 0) {
            put_name(d, &s->as.try_.error_name);
        }
        break;
    case RF_STMT_TEST:
    case RF_STMT_TEST_GROUP: put_quoted(d, s->as.test.name); break;
    default: break;
    }
    rf_buf_puts(d->out, s->exported ? " exported" : "");
}

static void add_stmt_children(Dumper *d, const RfStmt *s)
{
    switch (s->kind) {
    case RF_STMT_EXPR:
    case RF_STMT_RETURN: add_expr(d, s->as.expr); break;
    case RF_STMT_LET:
        add(d, WORK_PATTERN, NULL, s->as.let.pattern);
        add_expr(d, s->as.let.value);
        break;
    case RF_STMT_ASSIGN:
        add_expr(d, s->as.assign.target);
        add_expr(d, s->as.assign.value);
        break;
    case RF_STMT_DESTRUCTURE:
        add(d, WORK_PATTERN, NULL, s->as.destructure.pattern);
        add_expr(d, s->as.destructure.value);
        break;
    case RF_STMT_COMPOUND:
        add_expr(d, s->as.compound.target);
        add_expr(d, s->as.compound.value);
        break;
    case RF_STMT_FUNC: add(d, WORK_FUNC, NULL, s->as.func); break;
    case RF_STMT_STRUCT:
        for (uint32_t i = 0; i < s->as.strct.field_count; i++) {
            add_label(d, "FIELD", &s->as.strct.fields[i].name.text);
            add_expr(d, s->as.strct.fields[i].default_value);
        }
        for (uint32_t i = 0; i < s->as.strct.method_count; i++) {
            add(d, WORK_FUNC, NULL, s->as.strct.methods[i]);
        }
        break;
    case RF_STMT_IF:
        add_expr(d, s->as.if_.cond);
        add_block(d, "THEN", &s->as.if_.then);
        if (s->as.if_.has_else) {
            add_block(d, "ELSE", &s->as.if_.otherwise);
        }
        break;
    case RF_STMT_MATCH:
        add_expr(d, s->as.match.subject);
        for (uint32_t i = 0; i < s->as.match.count; i++) {
            add(d, WORK_ARM, NULL, &s->as.match.arms[i]);
        }
        break;
    case RF_STMT_WHILE:
        add_expr(d, s->as.while_.cond);
        add_block(d, "BODY", &s->as.while_.body);
        break;
    case RF_STMT_FOR:
        add_expr(d, s->as.for_.iterable);
        add_block(d, "BODY", &s->as.for_.body);
        break;
    case RF_STMT_TRY:
        add_block(d, "BODY", &s->as.try_.body);
        if (s->as.try_.has_except) {
            add_block(d, "EXCEPT", &s->as.try_.handler);
        }
        if (s->as.try_.has_finally) {
            add_block(d, "FINALLY", &s->as.try_.finally);
        }
        break;
    case RF_STMT_TEST:
    case RF_STMT_TEST_SETUP:
    case RF_STMT_TEST_TEARDOWN:
    case RF_STMT_TEST_GROUP: add_block(d, "BODY", &s->as.test.body); break;
    default: break;
    }
}

static void dump_stmt(Dumper *d, const RfStmt *s)
{
    begin_line(d, stmt_kinds[s->kind]);
    put_stmt_details(d, s);
    end_line(d, s->pos);
    add_stmt_children(d, s);
}

static void dump_block(Dumper *d, const char *label, const RfBlock *block)
{
    begin_line(d, label);
    rf_buf_putc(d->out, '\n');
    for (uint32_t i = 0; i < block->count; i++) {
        add(d, WORK_STMT, NULL, block->stmts[i]);
    }
}

static void dump_label(Dumper *d, const Work *work)
{
    begin_line(d, work->label);
    if (work->node != NULL) {
        put_quoted(d, *(const RfText *)work->node);
    }
    rf_buf_putc(d->out, '\n');
}

void rf_ast_dump(const RfAst *ast, RfBuf *out)
{
    Dumper d = {.out = out};
    dump_block(&d, "PROGRAM", &ast->program);
    move_pending(&d);
    while (d.work.len > 0) {
        d.work.len -= sizeof(Work);
        Work work = *(const Work *)(const void *)(d.work.data + d.work.len);
        d.level = work.level;
        switch (work.kind) {
        case WORK_EXPR: dump_expr(&d, work.node); break;
        case WORK_STMT: dump_stmt(&d, work.node); break;
        case WORK_PATTERN: dump_pattern(&d, work.node); break;
        case WORK_FUNC: dump_func(&d, work.node); break;
        case WORK_BLOCK: dump_block(&d, work.label, work.node); break;
        case WORK_ARM: dump_arm(&d, work.node); break;
        case WORK_LABEL: dump_label(&d, &work); break;
        }
        move_pending(&d);
    }
    rf_buf_free(&d.work);
    rf_buf_free(&d.pending);
}

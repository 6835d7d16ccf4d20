/* Entry of the compiler: a file to the bytecode of its module. Names of globals are scanned first, so that inside functions an
 * assignment to a name no top-level statement can make is known to create a local. */
#include "bytecode/compiler.h"

#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "bytecode/compile.h"
#include "runtime/string.h"

/* ---- errors and names ---- */

void rf_compile_error(RfCompiler *c, RfPos pos, const char *format, ...)
{
    bool earlier = pos.line < c->diag->pos.line || (pos.line == c->diag->pos.line && pos.column < c->diag->pos.column);
    if (c->failed && !earlier) {
        return;
    }
    RfBuf text = RF_BUF_INIT;
    va_list args;
    va_start(args, format);
    rf_buf_vprintf(&text, format, args);
    va_end(args);
    *c->diag = (RfDiag){RF_DIAG_COMPILE, pos, rf_arena_strdup(c->arena, text.data, text.len)};
    rf_buf_free(&text);
    c->failed = true;
}

RfString *rf_compile_intern(RfCompiler *c, RfText text)
{
    return rf_intern(c->rt, text.bytes, text.len);
}

RfNameSet *rf_compile_mark(RfCompiler *c, RfString *name, uint8_t marks)
{
    RfNameSet *entry;
    HASH_FIND_PTR(c->names, &name, entry);
    if (!entry) {
        entry = RF_ARENA_NEW(&c->work, RfNameSet);
        entry->name = name;
        HASH_ADD_PTR(c->names, name, entry);
    }
    entry->marks |= marks;
    return entry;
}

bool rf_compile_marked(RfCompiler *c, RfString *name, uint8_t marks)
{
    RfNameSet *entry;
    HASH_FIND_PTR(c->names, &name, entry);
    return entry && (entry->marks & marks) != 0;
}

bool rf_compile_possible_global(RfCompiler *c, RfString *name)
{
    if (c->module->open || c->import_all || rf_compile_marked(c, name, RF_NAME_GLOBAL)) {
        return true;
    }
    int64_t slot = rf_module_find(c->module, name);
    return slot >= 0 && c->module->info[slot]->kind != RF_GLOBAL_ABSENT;
}

/* ---- exports ---- */

static void export_name(RfFuncState *fs, RfText text, bool is_struct)
{
    RfString *name = rf_compile_intern(fs->c, text);
    if (is_struct || !rf_compile_marked(fs->c, name, RF_NAME_EXPORTED)) {
        rf_module_add_export(fs->c->module, name, is_struct);
        rf_compile_mark(fs->c, name, is_struct ? 0 : RF_NAME_EXPORTED);
    }
}

static void export_pattern_name(RfFuncState *fs, const RfName *name, void *context)
{
    (void)context;
    export_name(fs, name->text, false);
}

void rf_compile_export_names(RfFuncState *fs, const RfStmt *s)
{
    if (!rf_scope_is_global(fs)) {
        return;
    }
    switch (s->kind) {
    case RF_STMT_FUNC: export_name(fs, s->as.func->name.text, false); break;
    case RF_STMT_LET: rf_pattern_names(fs, s->as.let.pattern, export_pattern_name, NULL); break;
    case RF_STMT_DESTRUCTURE: rf_pattern_names(fs, s->as.destructure.pattern, export_pattern_name, NULL); break;
    case RF_STMT_ASSIGN:
        if (s->as.assign.target->kind == RF_EXPR_NAME) {
            export_name(fs, s->as.assign.target->as.text, false);
        }
        break;
    case RF_STMT_STRUCT: export_name(fs, s->as.strct.name.text, true); break;
    case RF_STMT_ENUM: export_name(fs, s->as.enumeration.name.text, true); break;
    default: break;
    }
}

/* ---- tests ---- */

static char *test_name(RfCompiler *c, RfText name)
{
    RfBuf text = RF_BUF_INIT;
    if (c->group) {
        rf_buf_printf(&text, "%s > ", c->group);
    }
    rf_buf_put(&text, name.bytes, strnlen(name.bytes, name.len));
    char *copy = rf_mem_alloc(text.len + 1);
    memcpy(copy, rf_buf_cstr(&text), text.len + 1);
    rf_buf_free(&text);
    return copy;
}

static void add_test(RfCompiler *c, char *name, RfProto *proto, RfPos pos)
{
    *(RfTestCase *)rf_vec_push(&c->tests, sizeof(RfTestCase)) = (RfTestCase){name, proto, pos};
}

void rf_compile_test(RfFuncState *fs, const RfStmt *s)
{
    RfCompiler *c = fs->c;
    bool kept = rf_scope_is_global(fs) || fs->test_group; /* elsewhere they are checked only */
    const char *label = s->kind == RF_STMT_TEST_SETUP      ? "test_setup"
                        : s->kind == RF_STMT_TEST_TEARDOWN ? "test_teardown"
                                                           : "test";
    RfString *name = rf_intern_cstr(c->rt, label);
    if (s->kind == RF_STMT_TEST_GROUP) { /* runs nothing itself */
        RfFuncState group;
        RfScope scope;
        const char *outer = c->group;
        char *prefix = test_name(c, s->as.test.name);
        rf_func_begin(&group, c, NULL, name, RF_PROTO_TEST, s->pos, &scope);
        group.test_group = kept;
        c->group = prefix;
        rf_compile_statements(&group, &s->as.test.body);
        rf_emit_null(&group, s->pos);
        rf_emit(&group, RF_OP_RETURN, 0, 0, s->pos);
        rf_scope_leave(&group);
        rf_proto_free(rf_finish(&group));
        c->group = outer;
        rf_mem_free(prefix, strlen(prefix) + 1);
        return;
    }
    RfProto *proto = rf_compile_block_func(c, NULL, &s->as.test.body, name, RF_PROTO_TEST, s->pos);
    if (!kept) {
        rf_proto_free(proto);
        return;
    }
    rf_compile_add_proto(c->main, proto);
    if (s->kind == RF_STMT_TEST_SETUP) {
        c->module->test_setup = proto;
    } else if (s->kind == RF_STMT_TEST_TEARDOWN) {
        c->module->test_teardown = proto;
    } else {
        add_test(c, test_name(c, s->as.test.name), proto, s->pos);
    }
}

/* ---- the file ---- */

/* Functions declared at top level are bound before the first statement, each name to its last declaration (language.md 6.3). */
static void hoist(RfFuncState *fs, const RfBlock *program)
{
    RfCompiler *c = fs->c;
    for (uint32_t i = program->count; i-- > 0;) {
        const RfStmt *s = program->stmts[i];
        if (s->kind == RF_STMT_FUNC) {
            RfNameSet *entry = rf_compile_mark(c, rf_compile_intern(c, s->as.func->name.text), RF_NAME_DECLARED);
            if (!entry->last) {
                entry->last = s;
            }
        }
    }
    for (uint32_t i = 0; i < program->count; i++) {
        const RfStmt *s = program->stmts[i];
        if (s->kind != RF_STMT_FUNC) {
            continue;
        }
        const RfFuncNode *node = s->as.func;
        RfString *name = rf_compile_intern(c, node->name.text);
        uint32_t proto = rf_compile_func(fs, node, name, 0, NULL);
        if (rf_compile_mark(c, name, 0)->last == s) {
            rf_emit(fs, RF_OP_CLOSURE, 0, proto, node->pos);
            rf_emit(fs, RF_OP_DECLARE_GLOBAL, RF_DECL_FUNC, rf_module_global(c->module, name), node->name.pos);
        }
    }
}

bool rf_compile(RfModule *module, const RfAst *ast, RfDiag *diag, RfArena *arena)
{
    RfCompiler c = {.rt = module->rt, .module = module, .arena = arena, .work = RF_ARENA_INIT, .diag = diag};
    RfFuncState fs;
    RfScope scope;
    RfPos start = {1, 1};
    rf_scan_globals(&c, &ast->program);
    rf_func_begin(&fs, &c, NULL, c.rt->names.main, RF_PROTO_MAIN, start, &scope);
    c.main = &fs;
    hoist(&fs, &ast->program);
    rf_compile_statements(&fs, &ast->program);
    RfPos end = ast->program.count ? ast->program.stmts[ast->program.count - 1]->pos : start;
    rf_emit_null(&fs, end);
    rf_emit(&fs, RF_OP_RETURN, 0, 0, end);
    rf_scope_leave(&fs);
    module->ntests = c.tests.len;
    module->tests = rf_mem_resize(c.tests.data, sizeof(RfTestCase) * c.tests.cap, sizeof(RfTestCase) * c.tests.len);
    rf_proto_free(module->main);
    module->main = rf_finish(&fs);
    HASH_CLEAR(hh, c.names);
    rf_arena_free(&c.work);
    return !c.failed;
}

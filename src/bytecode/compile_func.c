/* Functions: closures, func declarations, default parameters, spawn blocks, struct declarations with their methods. */
#include <string.h>

#include "bytecode/compile.h"
#include "runtime/string.h"

void rf_func_begin(RfFuncState *fs, RfCompiler *c, RfFuncState *parent, RfString *name, uint32_t flags, RfPos pos,
                   RfScope *scope)
{
    *fs = (RfFuncState){.c = c, .parent = parent, .name = name, .flags = flags, .def_pos = pos};
    fs->in_function = parent && parent->in_function;
    *scope = (RfScope){.id = ++fs->next_scope, .global = (flags & RF_PROTO_MAIN) != 0};
    fs->scope = scope;
}

uint32_t rf_compile_add_proto(RfFuncState *fs, RfProto *proto)
{
    *(RfProto **)rf_vec_push(&fs->protos, sizeof proto) = proto;
    return fs->protos.len - 1;
}

/* Parameters are bound from left to right, so that a default sees the ones before it. */
static void compile_params(RfFuncState *fs, const RfFuncNode *node)
{
    uint32_t first = fs->nparams;
    uint32_t total = first + node->param_count;
    if (total > UINT16_MAX) {
        rf_compile_error(fs->c, fs->def_pos, "Too many local variables in one function");
        return;
    }
    fs->nparams = (uint16_t)total;
    fs->nrequired = (uint16_t)first;
    rf_scope_slot(fs, node->param_count);
    for (uint32_t i = 0; i < node->param_count; i++) {
        const RfParam *p = &node->params[i];
        RfString *name = rf_compile_intern(fs->c, p->name.text);
        bool duplicate = rf_scope_declared(fs, name);
        if (!p->default_value) {
            fs->nrequired++;
        } else {
            RfLabel passed = {0};
            rf_emit_jump(fs, RF_OP_DEFAULT, first + i, &passed, p->name.pos);
            rf_compile_expr(fs, p->default_value);
            rf_emit(fs, RF_OP_STORE_LOCAL, first + i, 0, p->name.pos);
            rf_emit_bind(fs, &passed);
            fs->flags |= RF_PROTO_DEFAULTS | RF_PROTO_SLOW_CALL;
        }
        if (duplicate) {
            rf_compile_error(fs->c, p->name.pos, "Duplicate declaration in the same scope: %s", name->data);
            continue;
        }
        RfBinding *b = rf_scope_bind(fs, fs->scope, name, first + i, RF_ROOT_LOCAL, RF_GLOBAL_MUT);
        b->declared_in = fs->scope->id;
        rf_scope_change(fs, b, true, false, true);
    }
}

static void end_function(RfFuncState *fs, RfPos pos)
{
    rf_emit_null(fs, pos);
    rf_emit(fs, RF_OP_RETURN, 0, 0, pos);
    rf_scope_leave(fs);
}

uint32_t rf_compile_func(RfFuncState *parent, const RfFuncNode *node, RfString *name, uint32_t flags, RfSelf *self)
{
    RfFuncState fs;
    RfScope scope;
    if (node->is_generator) {
        flags |= RF_PROTO_GENERATOR | RF_PROTO_SLOW_CALL;
    } else if (node->is_async) {
        flags |= RF_PROTO_ASYNC | RF_PROTO_SLOW_CALL;
    }
    rf_func_begin(&fs, parent->c, parent, name, flags, node->pos, &scope);
    fs.in_function = true;
    if (self) {
        fs.self_name = self->name;
        fs.self_node = node;
        fs.self_bind = self->kind;
        fs.self_maybe = self->maybe;
    }
    if (flags & RF_PROTO_HIDDEN_SELF) {
        rf_scope_slot(&fs, 1);
        fs.nparams = 1;
    }
    compile_params(&fs, node);
    if (flags & RF_PROTO_GENERATOR) {
        rf_emit(&fs, RF_OP_GEN_START, 0, 0, node->pos);
    }
    rf_compile_statements(&fs, &node->body);
    end_function(&fs, node->pos);
    if (self) {
        bool cell = fs.self_state == RF_SELF_CELL;
        self->slot = cell ? fs.self_slot & UINT16_MAX : UINT32_MAX;
    }
    return rf_compile_add_proto(parent, rf_finish(&fs));
}

RfProto *rf_compile_block_func(RfCompiler *c, RfFuncState *parent, const RfBlock *block, RfString *name, uint32_t flags,
                               RfPos pos)
{
    RfFuncState fs;
    RfScope scope;
    rf_func_begin(&fs, c, parent, name, flags, pos, &scope);
    rf_compile_statements(&fs, block);
    end_function(&fs, pos);
    return rf_finish(&fs);
}

void rf_compile_spawn(RfFuncState *fs, const RfExpr *e)
{
    RfString *name = rf_intern_cstr(fs->c->rt, "spawn block");
    RfProto *proto = rf_compile_block_func(fs->c, fs, &e->as.spawn.body, name, RF_PROTO_SPAWN, e->pos);
    rf_emit(fs, RF_OP_SPAWN, 0, rf_compile_add_proto(fs, proto), e->pos);
}

void rf_compile_closure(RfFuncState *fs, const RfFuncNode *node, RfSelf *self)
{
    uint32_t flags = node->name.text.len == 0 ? RF_PROTO_LAMBDA : 0;
    RfString *name = flags ? fs->c->rt->names.lambda : rf_compile_intern(fs->c, node->name.text);
    uint32_t proto = rf_compile_func(fs, node, name, flags, self);
    rf_emit(fs, RF_OP_CLOSURE, 0, proto, node->pos);
    if (!self || self->slot == UINT32_MAX) {
        return;
    }
    RfLabel skip = {0};
    if (self->maybe) {
        rf_emit(fs, RF_OP_TEST_GLOBAL, 0, rf_module_global(fs->c->module, self->name), node->pos);
        rf_emit_jump(fs, self->test ? RF_OP_JUMP_IF_FALSE : RF_OP_JUMP_IF_TRUE, 0, &skip, node->pos);
    }
    rf_emit(fs, RF_OP_DUP, 0, 0, node->pos);
    rf_emit(fs, RF_OP_STORE_SHARED, self->slot, 0, node->pos);
    rf_emit_bind(fs, &skip);
}

void rf_compile_named_value(RfFuncState *fs, const RfExpr *e, RfString *name, uint8_t kind, const RfPlace *place)
{
    if (e->kind != RF_EXPR_FUNC || fs->scope->global) {
        rf_compile_value(fs, e, place);
        return;
    }
    RfSelf self = {.name = name, .kind = kind};
    if (rf_scope_is_global(fs)) { /* a match arm: a local only when it shadows a global */
        self.maybe = self.test = true;
    }
    rf_compile_closure(fs, e->as.func, &self);
}

/* ---- declarations ---- */

void rf_compile_func_stmt(RfFuncState *fs, const RfStmt *s)
{
    const RfFuncNode *node = s->as.func;
    RfString *name = rf_compile_intern(fs->c, node->name.text);
    if (fs->scope->global) {
        return; /* bound before the first statement */
    }
    RfBinding *b = rf_scope_innermost(fs, name);
    const RfScope *home = rf_scope_home(fs);
    while (!(b->func && (b->scope == fs->scope || (fs->scope->arm && b->scope == home)))) {
        b = b->outer;
    }
    RfSelf self = {.name = name, .kind = RF_GLOBAL_MUT};
    rf_compile_closure(fs, node,
                       b->twice || home->global ? NULL : &self); /* else the name may come to mean another one */
    RfLabel fresh = {0}, end = {0};
    if (home->global) { /* in an arm at top level */
        uint32_t global = rf_module_global(fs->c->module, name);
        rf_emit(fs, RF_OP_TEST_GLOBAL, 0, global, node->name.pos);
        rf_emit_jump(fs, RF_OP_JUMP_IF_FALSE, 0, &fresh, node->name.pos);
        rf_emit(fs, RF_OP_STORE_SHARED, b->slot, 0, node->name.pos);
        rf_emit_jump(fs, RF_OP_JUMP, 0, &end, node->name.pos);
        rf_emit_bind(fs, &fresh);
        fs->depth++;
        rf_emit(fs, RF_OP_DECLARE_GLOBAL, RF_DECL_FUNC, global, node->name.pos);
        rf_emit_bind(fs, &end);
        rf_compile_mark(fs->c, name, RF_NAME_REPLACED);
        b->active = b->settled = true;
        return;
    }
    rf_emit(fs, RF_OP_STORE_SHARED, b->slot, 0, node->name.pos);
    rf_scope_promote(fs, b);
    rf_scope_change(fs, b, true, false, true);
}

static RfString *member_name(RfCompiler *c, const RfName *owner, const RfName *member)
{
    size_t len = owner->text.len + 1 + member->text.len;
    char *text = rf_arena_alloc(&c->work, len + 1);
    memcpy(text, owner->text.bytes, owner->text.len);
    text[owner->text.len] = '.';
    memcpy(text + owner->text.len + 1, member->text.bytes, member->text.len);
    return rf_intern(c->rt, text, len);
}

/* A field's default: a function without parameters, evaluated for each literal. */
static void compile_default(RfFuncState *parent, const RfField *field, RfString *name)
{
    RfFuncState fs;
    RfScope scope;
    rf_func_begin(&fs, parent->c, parent, name, 0, field->name.pos, &scope);
    fs.in_function = true;
    rf_compile_expr(&fs, field->default_value);
    rf_emit(&fs, RF_OP_RETURN, 0, 0, field->name.pos);
    rf_scope_leave(&fs);
    rf_emit(parent, RF_OP_CLOSURE, 0, rf_compile_add_proto(parent, rf_finish(&fs)), field->name.pos);
}

static bool has_self(const RfFuncNode *method)
{
    return method->param_count > 0 && method->params[0].is_self;
}

static void compile_method_proto(RfFuncState *fs, const RfStmt *s, const RfFuncNode *method)
{
    RfString *name = member_name(fs->c, &s->as.strct.name, &method->name);
    if (method->is_generator) {
        rf_compile_error(fs->c, method->name.pos, "Generator methods are not supported for structs: %s", name->data);
    }
    uint32_t flags = RF_PROTO_METHOD | (has_self(method) ? 0 : RF_PROTO_HIDDEN_SELF);
    uint32_t proto = rf_compile_func(fs, method, name, flags, NULL);
    rf_emit(fs, RF_OP_CLOSURE, 0, proto, method->pos);
}

void rf_compile_struct_decl(RfFuncState *fs, const RfStmt *s)
{
    RfDeclSite site = {.name = rf_compile_intern(fs->c, s->as.strct.name.text)};
    site.nfields = s->as.strct.field_count;
    site.nmethods = s->as.strct.method_count;
    if (site.nfields) {
        site.fields = rf_mem_alloc(sizeof *site.fields * site.nfields);
        site.has_default = rf_mem_alloc(sizeof *site.has_default * site.nfields);
    }
    if (site.nmethods) {
        site.methods = rf_mem_alloc(sizeof *site.methods * site.nmethods);
        site.has_self = rf_mem_alloc(sizeof *site.has_self * site.nmethods);
    }
    for (uint32_t i = 0; i < site.nfields; i++) {
        const RfField *field = &s->as.strct.fields[i];
        site.fields[i] = rf_compile_intern(fs->c, field->name.text);
        site.has_default[i] = field->default_value != NULL;
        if (field->default_value) {
            compile_default(fs, field, member_name(fs->c, &s->as.strct.name, &field->name));
        }
    }
    for (uint32_t i = 0; i < site.nmethods; i++) {
        const RfFuncNode *method = s->as.strct.methods[i];
        site.methods[i] = rf_compile_intern(fs->c, method->name.text);
        site.has_self[i] = has_self(method);
        compile_method_proto(fs, s, method);
    }
    *(RfDeclSite *)rf_vec_push(&fs->decls, sizeof site) = site;
    rf_emit(fs, RF_OP_DECLARE_STRUCT, 0, fs->decls.len - 1, s->pos);
}

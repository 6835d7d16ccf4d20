/* Reading, assigning and declaring variables by name. A name with several possible bindings becomes a chain of tests,
 * innermost first, that ends at the first certain one or at the global (language.md 5.4). */
#include "bytecode/compile.h"

void rf_name_raise(RfFuncState *fs, int kind, RfString *name, RfPos pos)
{
    rf_emit(fs, RF_OP_RAISE, (uint32_t)kind, rf_emit_name_const(fs, name), pos);
}

void rf_name_test(RfFuncState *fs, const RfCand *c, RfString *name, RfLabel *missing, RfPos pos)
{
    static const RfOp tests[] = {
        [RF_CAND_LOCAL] = RF_OP_TEST_LOCAL, [RF_CAND_CELL] = RF_OP_TEST_CELL, [RF_CAND_SHARED] = RF_OP_TEST_SHARED};
    if (c->kind == RF_CAND_FIELD) {
        rf_emit(fs, RF_OP_HAS_FIELD, c->slot, rf_emit_name_const(fs, name), pos);
        rf_emit_jump(fs, RF_OP_JUMP_IF_FALSE, 0, missing, pos);
    } else {
        rf_emit_jump(fs, tests[c->kind], c->slot, missing, pos);
    }
}

/* ---- reading ---- */

static void load_cand(RfFuncState *fs, const RfCand *c, RfString *name, uint32_t varref, RfPos pos)
{
    switch (c->kind) {
    case RF_CAND_LOCAL: rf_emit(fs, RF_OP_LOAD_LOCAL, c->slot, varref, pos); break;
    case RF_CAND_CELL: rf_emit(fs, RF_OP_LOAD_CELL, c->slot, varref, pos); break;
    case RF_CAND_SHARED: rf_emit(fs, RF_OP_LOAD_SHARED, c->slot, varref, pos); break;
    case RF_CAND_CALLEE: rf_emit(fs, RF_OP_LOAD_CALLEE, 0, 0, pos); break;
    default:
        rf_emit(fs, RF_OP_LOAD_LOCAL, c->slot, 0, pos);
        rf_emit(fs, RF_OP_GET_FIELD, 0, rf_emit_field_site(fs, name), pos);
        break;
    }
}

void rf_name_load(RfFuncState *fs, RfString *name, RfPos pos)
{
    RfCands cs;
    RfLabel end = {0};
    rf_scope_resolve(fs, name, false, &cs);
    for (uint32_t i = 0; i < cs.count; i++) {
        const RfCand *c = &cs.items[i];
        bool last = i + 1 == cs.count;
        if (!c->maybe || (last && c->kind != RF_CAND_FIELD)) {
            uint32_t varref = c->maybe ? RF_VARREF(rf_module_global(fs->c->module, name), RF_VARREF_MAYBE) : 0;
            load_cand(fs, c, name, varref, pos);
            rf_emit_bind(fs, &end);
            return;
        }
        RfLabel missing = {0};
        rf_name_test(fs, c, name, &missing, pos);
        load_cand(fs, c, name, 0, pos);
        rf_emit_jump(fs, RF_OP_JUMP, 0, &end, pos);
        rf_emit_bind(fs, &missing);
        fs->depth--;
    }
    rf_emit(fs, RF_OP_LOAD_GLOBAL, 0, rf_module_global(fs->c->module, name), pos);
    if (cs.count > 0) {
        rf_emit_bind(fs, &end);
    }
}

int64_t rf_name_local(RfFuncState *fs, RfString *name)
{
    RfCands cs;
    rf_scope_resolve(fs, name, false, &cs);
    return cs.count > 0 && cs.items[0].kind == RF_CAND_LOCAL && !cs.items[0].maybe ? (int64_t)cs.items[0].slot : -1;
}

/* ---- assigning ---- */

static uint8_t kind_of_mode(int mode)
{
    return mode == RF_STORE_BARE ? RF_GLOBAL_BARE : RF_GLOBAL_MUT;
}

/* The variable of the home scope that an assignment creates when nothing else exists; NULL when there is none yet. */
static RfBinding *created_binding(RfFuncState *fs, RfString *name, uint8_t kind)
{
    const RfScope *home = rf_scope_home(fs);
    for (RfBinding *b = rf_scope_innermost(fs, name); b; b = b->outer) {
        if (b->scope == home && b->created && b->kind == kind) {
            return b;
        }
    }
    return NULL;
}

/* Does one of the candidates exist in any case (perhaps only as a global)? Then assignment creates nothing. */
static bool exists(const RfCands *cs)
{
    for (uint32_t i = 0; i < cs->count; i++) {
        if (!cs->items[i].maybe || cs->items[i].settled) {
            return true;
        }
    }
    return false;
}

void rf_name_prepare(RfFuncState *fs, RfString *name, int mode, RfPos pos)
{
    RfCands cs;
    rf_scope_resolve(fs, name, false, &cs);
    if (rf_scope_is_global(fs)) {
        rf_compile_mark(fs->c, name, RF_NAME_DECLARED);
        return;
    }
    if (exists(&cs) || created_binding(fs, name, kind_of_mode(mode))) {
        return;
    }
    RfBinding *b;
    if (fs->arm_depth > 0) {
        b = rf_scope_pinned(fs, name, RF_ROOT_LOCAL, kind_of_mode(mode));
    } else {
        b = rf_scope_bind(fs, fs->scope, name, rf_scope_slot(fs, 1), RF_ROOT_LOCAL, kind_of_mode(mode));
        if (cs.count > 0 || rf_compile_possible_global(fs->c, name)) {
            rf_emit(fs, RF_OP_UNSET, b->slot, 1, pos);
        }
    }
    b->created = true;
}

/* Members of a namespace are variables of the scope of its import: the first assignment gives the name a slot there. */
RfBinding *rf_name_store_member(RfFuncState *fs, const RfBinding *wild, RfString *name, RfPos pos)
{
    RfBinding *b = rf_scope_bind(fs, wild->scope, name, rf_scope_pinned_slot(fs), RF_ROOT_LOCAL, RF_GLOBAL_MUT);
    rf_emit_insert(fs, wild->nop, RF_OP_UNSET, b->slot);
    b->active = b->maybe = true;
    rf_emit(fs, RF_OP_STORE_LOCAL, b->slot, 0, pos);
    return b;
}

bool rf_name_is_builtin(RfFuncState *fs, RfString *name)
{
    const RfModule *m = fs->c->module;
    uint32_t slot = rf_module_global(fs->c->module, name);
    return m->info[slot]->kind == RF_GLOBAL_ABSENT && !rf_is_undef(m->globals[slot]);
}

/* Pops the value into a candidate that is known to exist, or raises. */
static void store_cand(RfFuncState *fs, const RfCand *c, RfString *name, int mode, uint32_t varref, RfPos pos)
{
    bool immutable =
        c->bind == RF_GLOBAL_LET || c->bind == RF_GLOBAL_CONST || (c->bind == RF_GLOBAL_BARE && mode != RF_STORE_BARE);
    if (immutable) {
        rf_name_raise(fs, c->bind == RF_GLOBAL_CONST ? RF_RAISE_REASSIGN_CONST : RF_RAISE_REASSIGN_LET, name, pos);
        fs->depth--;
        return;
    }
    switch (c->kind) {
    case RF_CAND_LOCAL: rf_emit(fs, RF_OP_STORE_LOCAL, c->slot, varref, pos); break;
    case RF_CAND_CELL: rf_emit(fs, RF_OP_STORE_CELL, c->slot, 0, pos); break;
    case RF_CAND_SHARED: rf_emit(fs, RF_OP_STORE_SHARED, c->slot, 0, pos); break;
    default:
        if (c->binding) {
            rf_name_store_member(fs, c->binding, name, pos);
        } else {
            rf_emit(fs, RF_OP_STORE_FIELD_LOCAL, c->slot, rf_emit_field_site(fs, name), pos);
        }
        break;
    }
}

/* The end of the chain: nothing local exists. */
static void store_new(RfFuncState *fs, RfBinding *b, RfString *name, int mode, RfPos pos)
{
    uint32_t global = 0;
    bool possible = rf_compile_possible_global(fs->c, name);
    if (possible) {
        global = rf_module_global(fs->c->module, name);
    }
    if (!possible) {
        rf_emit(fs, RF_OP_STORE_LOCAL, b->slot, 0, pos);
    } else if (mode == RF_STORE_PLAIN) {
        rf_emit(fs, RF_OP_STORE_LOCAL, b->slot, RF_VARREF(global, RF_VARREF_MAYBE), pos);
    } else {
        RfLabel create = {0}, end = {0};
        rf_emit(fs, RF_OP_TEST_GLOBAL, 0, global, pos);
        rf_emit_jump(fs, RF_OP_JUMP_IF_FALSE, 0, &create, pos);
        rf_emit(fs, RF_OP_STORE_GLOBAL, RF_STORE_BARE, global, pos);
        rf_emit_jump(fs, RF_OP_JUMP, 0, &end, pos);
        rf_emit_bind(fs, &create);
        fs->depth++;
        rf_emit(fs, RF_OP_STORE_LOCAL, b->slot, 0, pos);
        rf_emit_bind(fs, &end);
    }
}

void rf_name_store(RfFuncState *fs, RfString *name, int mode, RfPos pos)
{
    RfCands cs;
    RfLabel end = {0};
    rf_scope_resolve(fs, name, false, &cs);
    bool global_scope = rf_scope_is_global(fs);
    RfBinding *created = exists(&cs) || global_scope ? NULL : created_binding(fs, name, kind_of_mode(mode));
    for (uint32_t i = 0; i < cs.count; i++) {
        const RfCand *c = &cs.items[i];
        bool last = i + 1 == cs.count;
        if (!c->maybe) {
            store_cand(fs, c, name, mode, 0, pos);
            rf_emit_bind(fs, &end);
            return;
        }
        if (created && c->binding == created && cs.count == 1) {
            break;
        }
        if (last && !created && !global_scope && c->kind == RF_CAND_LOCAL && c->bind == RF_GLOBAL_MUT &&
            mode == RF_STORE_PLAIN) {
            store_cand(fs, c, name, mode, RF_VARREF(rf_module_global(fs->c->module, name), RF_VARREF_MAYBE), pos);
            rf_emit_bind(fs, &end);
            return;
        }
        RfLabel missing = {0};
        rf_name_test(fs, c, name, &missing, pos);
        store_cand(fs, c, name, mode, 0, pos);
        rf_emit_jump(fs, RF_OP_JUMP, 0, &end, pos);
        rf_emit_bind(fs, &missing);
        fs->depth++;
    }
    if (created) {
        bool alone = cs.count == 0 || (cs.count == 1 && cs.items[0].binding == created);
        store_new(fs, created, name, mode, pos);
        rf_scope_change(fs, created, true, !alone || rf_compile_possible_global(fs->c, name), true);
    } else {
        rf_emit(fs, RF_OP_STORE_GLOBAL, (uint32_t)mode, rf_module_global(fs->c->module, name), pos);
    }
    rf_emit_bind(fs, &end);
}

bool rf_name_store_is_safe(RfFuncState *fs, RfString *name, int mode)
{
    RfCands cs;
    if (rf_scope_is_global(fs)) {
        return false;
    }
    if (mode < 0) {
        return !rf_scope_declared(fs, name) && (fs->in_function || !created_binding(fs, name, RF_GLOBAL_MUT));
    }
    rf_scope_resolve(fs, name, false, &cs);
    if (cs.count == 0) {
        return !rf_compile_possible_global(fs->c, name);
    }
    const RfCand *c = &cs.items[0];
    return !c->maybe && c->kind == RF_CAND_LOCAL && c->bind != RF_GLOBAL_LET && c->bind != RF_GLOBAL_CONST &&
           (c->bind == RF_GLOBAL_MUT || mode == RF_STORE_BARE);
}

/* ---- declaring ---- */

void rf_name_duplicate(RfFuncState *fs, RfString *name, RfPos pos)
{
    if (fs->in_function) {
        rf_compile_error(fs->c, pos, "Duplicate declaration in the same scope: %s", name->data);
    } else {
        rf_name_raise(fs, RF_RAISE_DUPLICATE, name, pos);
    }
}

void rf_name_check_duplicate(RfFuncState *fs, RfString *name, RfPos pos)
{
    if (rf_scope_declared(fs, name)) {
        rf_name_duplicate(fs, name, pos);
        return;
    }
    if (fs->in_function || fs->scope->arm || fs->scope->global) {
        return;
    }
    /* outside functions a plain assignment that created the name counts as its declaration */
    RfBinding *b = created_binding(fs, name, RF_GLOBAL_MUT);
    if (b && b->active && b->match_id == 0) {
        RfLabel fresh = {0};
        if (b->maybe) {
            rf_emit_jump(fs, RF_OP_TEST_LOCAL, b->slot, &fresh, pos);
        }
        rf_name_raise(fs, RF_RAISE_DUPLICATE, name, pos);
        rf_emit_bind(fs, &fresh);
    }
}

static int decl_of_kind(uint8_t kind)
{
    return kind == RF_GLOBAL_LET ? RF_DECL_LET : kind == RF_GLOBAL_CONST ? RF_DECL_CONST : RF_DECL_MUT;
}

/* A declaration in a match arm at top level: a global, unless there is one already, which it shadows until the arm ends. */
static void declare_in_global_arm(RfFuncState *fs, RfString *name, uint8_t kind, RfPos pos)
{
    RfLabel fresh = {0}, end = {0};
    RfBinding *b = rf_scope_bind(fs, fs->scope, name, rf_scope_slot(fs, 1), RF_ROOT_LOCAL, kind);
    uint32_t global = rf_module_global(fs->c->module, name);
    rf_emit(fs, RF_OP_UNSET, b->slot, 1, pos);
    rf_emit(fs, RF_OP_TEST_GLOBAL, 0, global, pos);
    rf_emit_jump(fs, RF_OP_JUMP_IF_FALSE, 0, &fresh, pos);
    rf_emit(fs, RF_OP_STORE_LOCAL, b->slot, 0, pos);
    rf_emit_jump(fs, RF_OP_JUMP, 0, &end, pos);
    rf_emit_bind(fs, &fresh);
    fs->depth++;
    rf_emit(fs, RF_OP_DECLARE_GLOBAL, (uint32_t)decl_of_kind(kind), global, pos);
    rf_emit_bind(fs, &end);
    b->declared_in = fs->scope->id;
    b->active = b->maybe = b->settled = true;
    rf_compile_mark(fs->c, name, RF_NAME_REPLACED);
}

/* Does the home scope (or an arm inside it) certainly have a variable of this name? */
static bool has_certain_own(RfFuncState *fs, RfString *name)
{
    for (const RfBinding *b = rf_scope_innermost(fs, name); b; b = b->outer) {
        if (!b->active || b->maybe) {
            continue;
        }
        for (const RfScope *s = fs->scope; s; s = s->arm ? s->parent : NULL) {
            if (b->scope == s) {
                return true;
            }
        }
    }
    return false;
}

static RfBinding *arm_binding(RfFuncState *fs, RfString *name, uint8_t kind)
{
    const RfScope *home = rf_scope_home(fs);
    for (RfBinding *b = rf_scope_innermost(fs, name); b; b = b->outer) {
        if (b->scope == home && b->match_id == fs->match_id && b->kind == kind && !b->created && !b->func &&
            !b->active) {
            return b;
        }
    }
    return rf_scope_pinned(fs, name, RF_ROOT_LOCAL, kind);
}

void rf_name_declare(RfFuncState *fs, RfString *name, uint8_t kind, RfPos pos)
{
    if (fs->scope->global) {
        bool declared = rf_compile_marked(fs->c, name, RF_NAME_DECLARED);
        bool replaces = !declared && (fs->c->imported_all || rf_compile_marked(fs->c, name, RF_NAME_REPLACED));
        rf_emit(fs, RF_OP_DECLARE_GLOBAL, (uint32_t)decl_of_kind(kind) | (replaces ? RF_DECL_REPLACE : 0u),
                rf_module_global(fs->c->module, name), pos);
        rf_compile_mark(fs->c, name, RF_NAME_DECLARED);
        return;
    }
    RfBinding *b;
    if (!fs->scope->arm || has_certain_own(fs, name)) {
        b = rf_scope_bind(fs, fs->scope, name, rf_scope_slot(fs, 1), RF_ROOT_LOCAL, kind);
    } else if (rf_scope_is_global(fs)) {
        declare_in_global_arm(fs, name, kind, pos);
        return;
    } else {
        b = arm_binding(fs, name, kind);
        rf_scope_promote(fs, b);
    }
    rf_emit(fs, RF_OP_STORE_LOCAL, b->slot, 0, pos);
    b->declared_in = fs->scope->id;
    rf_scope_change(fs, b, true, false, true);
}

void rf_name_replace(RfFuncState *fs, RfString *name, int decl, RfPos pos)
{
    if (rf_scope_is_global(fs)) {
        rf_emit(fs, RF_OP_DECLARE_GLOBAL, (uint32_t)decl, rf_module_global(fs->c->module, name), pos);
        rf_compile_mark(fs->c, name, RF_NAME_REPLACED);
        return;
    }
    const RfScope *home = rf_scope_home(fs);
    RfBinding *own = NULL;
    for (RfBinding *b = rf_scope_innermost(fs, name); b && !own; b = b->outer) {
        own = b->active && b->scope == home ? b : NULL;
    }
    bool reuse = own && own->kind == RF_GLOBAL_MUT && own->where == RF_ROOT_LOCAL;
    RfBinding *b = reuse ? own : created_binding(fs, name, RF_GLOBAL_MUT);
    if (!b && fs->arm_depth > 0) {
        b = rf_scope_pinned(fs, name, RF_ROOT_LOCAL, RF_GLOBAL_MUT);
        b->created = true;
    } else if (!b) {
        b = rf_scope_bind(fs, (RfScope *)home, name, rf_scope_slot(fs, 1), RF_ROOT_LOCAL, RF_GLOBAL_MUT);
        b->created = true;
    }
    if (b != rf_scope_innermost(fs, name)) {
        rf_scope_promote(fs, b);
    }
    rf_emit(fs, RF_OP_STORE_LOCAL, b->slot, 0, pos);
    /* an imported struct name is no variable: IMPORT_NAME gives "unset" */
    bool maybe = decl == RF_DECL_IMPORT;
    rf_scope_change(fs, b, true, maybe, !maybe);
}

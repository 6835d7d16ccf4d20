/* import and from (language.md 12). At top level `import m` binds the exports as globals when it runs; inside a function or
 * block it keeps the namespace in a local whose members are visible as variables (scope.c). */
#include "bytecode/compile.h"

static void import_members(RfFuncState *fs, const RfStmt *s)
{
    RfString *name = rf_compile_intern(fs->c, s->as.import.name.text);
    uint32_t site = rf_emit_import_site(fs, s->as.import.name.text, false);
    RfImportSite *import = &RF_VEC_AT(&fs->imports, RfImportSite, site);
    import->all = true;
    if (rf_scope_is_global(fs)) {
        import->namespace_global = rf_module_global(fs->c->module, name);
        rf_emit(fs, RF_OP_IMPORT, 0, site, s->pos);
        rf_emit(fs, RF_OP_IMPORT_ALL, 0, site, s->pos);
        fs->c->imported_all = true;
        return;
    }
    RfScope *home = rf_scope_home(fs);
    uint32_t slot;
    if (fs->arm_depth > 0) {
        slot = rf_scope_pinned_slot(fs);
        rf_emit_insert(fs, fs->match_nop, RF_OP_UNSET, slot);
    } else {
        slot = rf_scope_slot(fs, 1);
    }
    rf_emit(fs, RF_OP_IMPORT, 0, site, s->pos);
    rf_emit(fs, RF_OP_DUP, 0, 0, s->pos);
    rf_emit(fs, RF_OP_STORE_LOCAL, slot, 0, s->pos);
    rf_name_replace(fs, name, RF_DECL_IMPORT, s->pos);
    RfBinding *members = rf_scope_bind(fs, home, NULL, slot, RF_ROOT_LOCAL, RF_GLOBAL_MUT);
    members->nop = rf_emit_nop(fs, s->pos);
    members->active = true;
}

void rf_compile_import(RfFuncState *fs, const RfStmt *s)
{
    if (s->as.import.alias.text.len == 0) {
        import_members(fs, s);
        return;
    }
    uint32_t site = rf_emit_import_site(fs, s->as.import.name.text, false);
    rf_emit(fs, RF_OP_IMPORT, 0, site, s->pos);
    rf_name_replace(fs, rf_compile_intern(fs->c, s->as.import.alias.text), RF_DECL_IMPORT, s->as.import.alias.pos);
}

/* Site with names [first, first + count) of the statement. */
static uint32_t from_site(RfFuncState *fs, const RfStmt *s, uint32_t first, uint32_t count)
{
    uint32_t number = rf_emit_import_site(fs, s->as.from.path, true);
    RfImportSite *site = &RF_VEC_AT(&fs->imports, RfImportSite, number);
    site->count = count;
    site->names = rf_mem_alloc(sizeof *site->names * count);
    site->aliases = rf_mem_alloc(sizeof *site->aliases * count);
    site->positions = rf_mem_alloc(sizeof *site->positions * count);
    for (uint32_t i = 0; i < count; i++) {
        const RfImportItem *item = &s->as.from.items[first + i];
        site->names[i] = rf_compile_intern(fs->c, item->name.text);
        site->aliases[i] = item->alias.text.len ? rf_compile_intern(fs->c, item->alias.text) : NULL;
        site->positions[i] = item->name.pos;
    }
    return number;
}

void rf_compile_from(RfFuncState *fs, const RfStmt *s)
{
    rf_emit(fs, RF_OP_IMPORT, 0, from_site(fs, s, 0, s->as.from.count), s->pos);
    for (uint32_t i = 0; i < s->as.from.count; i++) {
        const RfImportItem *item = &s->as.from.items[i];
        const RfName *name = item->alias.text.len ? &item->alias : &item->name;
        rf_emit(fs, RF_OP_IMPORT_NAME, 0, from_site(fs, s, i, 1), s->pos);
        rf_name_replace(fs, rf_compile_intern(fs->c, name->text), RF_DECL_IMPORT, s->pos);
    }
    rf_emit(fs, RF_OP_POP, 0, 0, s->pos);
}

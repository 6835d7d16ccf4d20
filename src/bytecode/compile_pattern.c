/* Destructuring: let and mut with patterns, bare patterns, and the names of patterns (language.md 5.6). */
#include "bytecode/compile.h"

typedef struct Names { /* of one pattern */
    RfNameSet *set;
    RfString *repeated; /* first name that occurs twice */
    RfPos pos;
} Names;

static bool ignored(const RfName *name)
{
    return name->text.len == 1 && name->text.bytes[0] == '_';
}

void rf_pattern_names(RfFuncState *fs, const RfPattern *p,
                      void (*visit)(RfFuncState *fs, const RfName *name, void *context), void *context)
{
    switch (p->kind) {
    case RF_PAT_NAME:
        if (!ignored(&p->name)) {
            visit(fs, &p->name, context);
        }
        break;
    case RF_PAT_IGNORE: break;
    case RF_PAT_ARRAY:
    case RF_PAT_DICT:
        for (uint32_t i = 0; i < p->count; i++) {
            rf_pattern_names(fs, p->items[i], visit, context);
        }
        if (p->has_rest && !ignored(&p->rest)) {
            visit(fs, &p->rest, context);
        }
        break;
    }
}

static void note_name(RfFuncState *fs, const RfName *name, void *context)
{
    Names *names = context;
    RfString *s = rf_compile_intern(fs->c, name->text);
    RfNameSet *known;
    HASH_FIND_PTR(names->set, &s, known);
    if (!known) {
        known = RF_ARENA_NEW(&fs->c->work, RfNameSet);
        known->name = s;
        HASH_ADD_PTR(names->set, name, known);
    } else if (!names->repeated) {
        names->repeated = s;
        names->pos = name->pos;
    }
}

/* Raises, or reports, a name that stands twice in the pattern. The value lies on the stack. */
static void check_names(RfFuncState *fs, const RfPattern *p)
{
    Names names = {0};
    rf_pattern_names(fs, p, note_name, &names);
    HASH_CLEAR(hh, names.set);
    if (names.repeated) {
        rf_name_duplicate(fs, names.repeated, names.pos);
    }
}

typedef struct Binder { /* what happens to each name */
    bool bare;
    uint8_t kind; /* RfGlobalKind of a declaration */
} Binder;

static void bind_name(RfFuncState *fs, const RfName *name, const Binder *how)
{
    if (ignored(name)) {
        rf_emit(fs, RF_OP_POP, 0, 0, name->pos);
        return;
    }
    RfString *s = rf_compile_intern(fs->c, name->text);
    if (how->bare) {
        rf_name_store(fs, s, RF_STORE_BARE, name->pos);
    } else {
        rf_name_check_duplicate(fs, s, name->pos);
        rf_name_declare(fs, s, how->kind, name->pos);
    }
}

/* Pops the value and binds the names. Patterns nest no deeper than the parser allows. */
static void destructure(RfFuncState *fs, const RfPattern *p, const Binder *how)
{
    switch (p->kind) {
    case RF_PAT_NAME: bind_name(fs, &p->name, how); return;
    case RF_PAT_IGNORE: rf_emit(fs, RF_OP_POP, 0, 0, p->pos); return;
    case RF_PAT_ARRAY: rf_emit(fs, RF_OP_DESTRUCT_ARRAY, p->count, p->has_rest, p->pos); break;
    case RF_PAT_DICT: {
        RfDictPattern *site = rf_vec_push(&fs->dictpats, sizeof *site);
        site->count = p->count;
        site->has_rest = p->has_rest;
        site->names = p->count ? rf_mem_alloc(sizeof *site->names * p->count) : NULL;
        for (uint32_t i = 0; i < p->count; i++) {
            const RfPattern *item = p->items[i];
            site->names[i] =
                item->kind == RF_PAT_NAME ? rf_compile_intern(fs->c, item->name.text) : rf_intern_cstr(fs->c->rt, "_");
        }
        rf_emit(fs, RF_OP_DESTRUCT_DICT, 0, fs->dictpats.len - 1, p->pos);
        break;
    }
    }
    for (uint32_t i = 0; i < p->count; i++) {
        destructure(fs, p->items[i], how);
    }
    if (p->has_rest) {
        bind_name(fs, &p->rest, how);
    }
}

void rf_compile_let(RfFuncState *fs, const RfStmt *s)
{
    static const uint8_t kinds[] = {
        [RF_BIND_LET] = RF_GLOBAL_LET, [RF_BIND_MUT] = RF_GLOBAL_MUT, [RF_BIND_CONST] = RF_GLOBAL_CONST};
    const RfPattern *p = s->as.let.pattern;
    Binder how = {.kind = kinds[s->as.let.kind]};
    if (p->kind == RF_PAT_NAME && !ignored(&p->name)) {
        rf_compile_named_value(fs, s->as.let.value, rf_compile_intern(fs->c, p->name.text), how.kind,
                               &(RfPlace){.pair = fs->pair});
    } else {
        rf_compile_value(fs, s->as.let.value, &(RfPlace){.pair = fs->pair});
        check_names(fs, p);
    }
    destructure(fs, p, &how);
}

static void prepare_name(RfFuncState *fs, const RfName *name, void *context)
{
    (void)context;
    rf_name_prepare(fs, rf_compile_intern(fs->c, name->text), RF_STORE_BARE, name->pos);
}

void rf_compile_destructure(RfFuncState *fs, const RfStmt *s)
{
    const RfPattern *p = s->as.destructure.pattern;
    Binder how = {.bare = true};
    rf_pattern_names(fs, p, prepare_name, NULL);
    rf_compile_value(fs, s->as.destructure.value, &(RfPlace){.pattern = p, .pair = fs->pair});
    check_names(fs, p);
    destructure(fs, p, &how);
}

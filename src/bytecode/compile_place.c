/* Assignment to paths (v.f, v[i], a[0][1].x; language.md 5.5), and the places that let `v := f(v, ..)` work in place.
 *
 * A path is its root variable and a list of steps. Stores have the value below or above the index values on the stack; the
 * root is resolved like any name, so a path with several possible roots becomes a chain of tests with one STORE_PATH each. */
#include "bytecode/compile.h"

#include <string.h>

typedef struct Target {
    RfString *name; /* root variable */
    RfPos pos;
    const RfExpr **steps; /* MEMBER and INDEX nodes, first step first */
    uint32_t count, index_count;
} Target;

static const RfExpr *step_object(const RfExpr *e)
{
    return e->kind == RF_EXPR_INDEX ? e->as.index.object : e->as.member.object;
}

/* Takes a path expression apart; false when it is none. */
static bool split(RfFuncState *fs, const RfExpr *e, Target *t)
{
    *t = (Target){0};
    const RfExpr *root = e;
    while (root->kind == RF_EXPR_INDEX || (root->kind == RF_EXPR_MEMBER && !root->as.member.optional)) {
        t->count++;
        root = step_object(root);
    }
    t->name = rf_compile_name_of(fs, root);
    t->pos = root->pos;
    if (!t->name) {
        return false;
    }
    t->steps = RF_ARENA_ARRAY(&fs->c->work, const RfExpr *, t->count + 1);
    uint32_t at = t->count;
    for (; e != root; e = step_object(e)) {
        t->steps[--at] = e;
        t->index_count += e->kind == RF_EXPR_INDEX;
    }
    return true;
}

/* New path from a candidate (NULL: the global) with room for `count` steps; returns its number. */
static uint32_t new_path(RfFuncState *fs, const RfCand *c, RfString *name, RfPos pos, uint32_t count)
{
    RfPath *p = rf_vec_push(&fs->paths, sizeof *p);
    p->name = name;
    p->root_pos = pos;
    p->count = count;
    p->steps = count ? rf_mem_zalloc(sizeof *p->steps * count) : NULL;
    if (!c) {
        p->root = RF_ROOT_GLOBAL;
        p->slot = rf_module_global(fs->c->module, name);
    } else {
        p->root = c->kind == RF_CAND_FIELD ? RF_ROOT_LOCAL : (RfRootKind)c->kind;
        p->slot = c->slot;
        p->varref = c->maybe && c->kind != RF_CAND_FIELD
                        ? RF_VARREF(rf_module_global(fs->c->module, name), RF_VARREF_MAYBE)
                        : 0;
    }
    return fs->paths.len - 1;
}

/* Path of a store or load; a field of a hidden receiver is a step of its own. */
static uint32_t target_path(RfFuncState *fs, const RfCand *c, const Target *t)
{
    bool hidden = c && c->kind == RF_CAND_FIELD;
    uint32_t number = new_path(fs, c, t->name, t->pos, t->count + hidden);
    RfPath *p = &RF_VEC_AT(&fs->paths, RfPath, number);
    p->index_count = t->index_count;
    RfStep *step = p->steps;
    if (hidden) {
        *step++ = (RfStep){.kind = RF_STEP_FIELD, .slot = rf_emit_field_site(fs, t->name), .pos = t->pos};
    }
    for (uint32_t i = 0; i < t->count; i++) {
        const RfExpr *e = t->steps[i];
        step->pos = e->pos;
        step->kind = e->kind == RF_EXPR_INDEX ? RF_STEP_INDEX : RF_STEP_FIELD;
        if (step->kind == RF_STEP_FIELD) {
            step->slot = rf_emit_field_site(fs, rf_compile_intern(fs->c, e->as.member.name.text));
        }
        step++;
    }
    return number;
}

static bool immutable(const RfCand *c)
{
    return c->bind == RF_GLOBAL_LET || c->bind == RF_GLOBAL_CONST || c->bind == RF_GLOBAL_BARE;
}

/* One store through a certain root. */
static void store_at(RfFuncState *fs, const RfCand *c, const Target *t, bool value_on_top)
{
    uint32_t depth = fs->depth - t->index_count - 1;
    const RfExpr *last = t->steps[t->count - 1];
    RfCand own;
    if (c && immutable(c)) {
        rf_name_raise(fs, c->bind == RF_GLOBAL_CONST ? RF_RAISE_MUTATE_CONST : RF_RAISE_MUTATE_LET, t->name, t->pos);
        fs->depth = depth;
        return;
    }
    if (c && c->kind == RF_CAND_FIELD && c->binding) { /* member of a namespace: becomes a variable first */
        rf_emit(fs, RF_OP_LOAD_LOCAL, c->slot, 0, t->pos);
        rf_emit(fs, RF_OP_GET_FIELD, 0, rf_emit_field_site(fs, t->name), t->pos);
        RfBinding *b = rf_name_store_member(fs, c->binding, t->name, t->pos);
        own = (RfCand){.kind = RF_CAND_LOCAL, .bind = RF_GLOBAL_MUT, .slot = b->slot};
        c = &own;
    }
    rf_emit(fs, RF_OP_STORE_PATH, value_on_top, target_path(fs, c, t), last->pos);
}

static void store(RfFuncState *fs, const Target *t, bool value_on_top)
{
    RfCands cs;
    RfLabel end = {0};
    uint32_t depth = fs->depth;
    rf_scope_resolve(fs, t->name, false, &cs);
    for (uint32_t i = 0; i < cs.count; i++) {
        const RfCand *c = &cs.items[i];
        if (!c->maybe ||
            (i + 1 == cs.count && (c->kind == RF_CAND_LOCAL || c->kind == RF_CAND_CELL) && !immutable(c))) {
            store_at(fs, c, t, value_on_top);
            rf_emit_bind(fs, &end);
            return;
        }
        RfLabel missing = {0};
        RfCand certain = *c;
        certain.maybe = false;
        rf_name_test(fs, c, t->name, &missing, t->pos);
        store_at(fs, &certain, t, value_on_top);
        rf_emit_jump(fs, RF_OP_JUMP, 0, &end, t->pos);
        rf_emit_bind(fs, &missing);
        fs->depth = depth;
    }
    store_at(fs, NULL, t, value_on_top);
    rf_emit_bind(fs, &end);
}

static void load(RfFuncState *fs, const Target *t, RfPos pos)
{
    RfCands cs;
    RfLabel end = {0};
    rf_scope_resolve(fs, t->name, false, &cs);
    for (uint32_t i = 0; i < cs.count; i++) {
        const RfCand *c = &cs.items[i];
        if (!c->maybe || (i + 1 == cs.count && (c->kind == RF_CAND_LOCAL || c->kind == RF_CAND_CELL))) {
            rf_emit(fs, RF_OP_LOAD_PATH, 0, target_path(fs, c, t), pos);
            rf_emit_bind(fs, &end);
            return;
        }
        RfLabel missing = {0};
        RfCand certain = *c;
        certain.maybe = false;
        rf_name_test(fs, c, t->name, &missing, t->pos);
        rf_emit(fs, RF_OP_LOAD_PATH, 0, target_path(fs, &certain, t), pos);
        rf_emit_jump(fs, RF_OP_JUMP, 0, &end, t->pos);
        rf_emit_bind(fs, &missing);
        fs->depth--;
    }
    rf_emit(fs, RF_OP_LOAD_PATH, 0, target_path(fs, NULL, t), pos);
    rf_emit_bind(fs, &end);
}

/* ---- one step from a local or global ---- */

typedef enum Simple { SIMPLE_NONE, SIMPLE_LOCAL, SIMPLE_GLOBAL } Simple;

/* Can the target be written with STORE_INDEX_LOCAL, STORE_FIELD_LOCAL or STORE_INDEX_GLOBAL? */
static Simple simple_target(RfFuncState *fs, const Target *t, uint32_t *slot)
{
    RfCands cs;
    if (t->count != 1) {
        return SIMPLE_NONE;
    }
    rf_scope_resolve(fs, t->name, false, &cs);
    if (cs.count == 0 && t->index_count == 1 && !rf_compile_marked(fs->c, t->name, RF_NAME_IMMUTABLE)) {
        *slot = rf_module_global(fs->c->module, t->name);
        return SIMPLE_GLOBAL;
    }
    if (cs.count > 0 && cs.items[0].kind == RF_CAND_LOCAL && !cs.items[0].maybe && !immutable(&cs.items[0])) {
        *slot = cs.items[0].slot;
        return SIMPLE_LOCAL;
    }
    return SIMPLE_NONE;
}

static void store_simple(RfFuncState *fs, const Target *t, Simple simple, uint32_t slot)
{
    const RfExpr *step = t->steps[0];
    if (simple == SIMPLE_GLOBAL) {
        uint32_t pc = rf_emit(fs, RF_OP_STORE_INDEX_GLOBAL, 0, slot, step->pos);
        *(RfRootPos *)rf_vec_push(&fs->roots, sizeof(RfRootPos)) = (RfRootPos){pc, t->pos};
    } else if (step->kind == RF_EXPR_INDEX) {
        rf_emit(fs, RF_OP_STORE_INDEX_LOCAL, slot, 0, step->pos);
    } else {
        uint32_t site = rf_emit_field_site(fs, rf_compile_intern(fs->c, step->as.member.name.text));
        rf_emit(fs, RF_OP_STORE_FIELD_LOCAL, slot, site, step->pos);
    }
}

void rf_place_assign(RfFuncState *fs, const RfExpr *target, const RfExpr *value)
{
    Target t;
    uint32_t slot;
    if (!split(fs, target, &t)) {
        return;
    }
    rf_compile_value(fs, value, &(RfPlace){.target = target});
    for (uint32_t i = 0; i < t.count; i++) {
        if (t.steps[i]->kind == RF_EXPR_INDEX) {
            rf_compile_expr(fs, t.steps[i]->as.index.index);
        }
    }
    Simple simple = simple_target(fs, &t, &slot);
    if (simple != SIMPLE_NONE) {
        store_simple(fs, &t, simple, slot);
    } else {
        store(fs, &t, false);
    }
}

/* An index whose evaluation has no effect and whose value nothing in the statement can change. */
static bool stable_index(RfFuncState *fs, const RfExpr *e)
{
    if (e->kind == RF_EXPR_INT || e->kind == RF_EXPR_STRING) {
        return true;
    }
    return e->kind == RF_EXPR_NAME && rf_name_local(fs, rf_compile_name_of(fs, e)) >= 0;
}

/* A local that holds an index until the statement ends. Those of a scope serve all its statements, one after the other. */
static uint32_t index_slot(RfFuncState *fs, uint32_t n)
{
    RfScope *scope = fs->scope;
    if (n < scope->index_count) {
        return scope->index_slots[n];
    }
    uint32_t slot = rf_scope_slot(fs, 1);
    if (n < RF_INDEX_SLOTS) {
        scope->index_slots[n] = slot;
        scope->index_count = (uint8_t)(n + 1);
    }
    return slot;
}

/* Computes the indexes that may not be computed twice; returns per step the local that holds it, or -1. */
static const int64_t *hold_indexes(RfFuncState *fs, const Target *t)
{
    int64_t *slots = RF_ARENA_ARRAY(&fs->c->work, int64_t, t->count);
    uint32_t held = 0;
    for (uint32_t i = 0; i < t->count; i++) {
        const RfExpr *e = t->steps[i];
        slots[i] = -1;
        if (e->kind == RF_EXPR_INDEX && !stable_index(fs, e->as.index.index)) {
            slots[i] = index_slot(fs, held++);
            rf_compile_expr(fs, e->as.index.index);
            rf_emit(fs, RF_OP_STORE_LOCAL, (uint32_t)slots[i], 0, e->as.index.index->pos);
        }
    }
    return slots;
}

static void load_index(RfFuncState *fs, const Target *t, const int64_t *slots, uint32_t i)
{
    const RfExpr *index = t->steps[i]->as.index.index;
    if (slots[i] >= 0) {
        rf_emit(fs, RF_OP_LOAD_LOCAL, (uint32_t)slots[i], 0, index->pos);
    } else {
        rf_compile_expr(fs, index);
    }
}

/* The old value, by the instructions that read the path elsewhere. */
static void load_steps(RfFuncState *fs, const Target *t, const int64_t *slots)
{
    int64_t local = t->steps[0]->kind == RF_EXPR_INDEX ? rf_name_local(fs, t->name) : -1;
    if (local < 0) {
        rf_name_load(fs, t->name, t->pos);
    }
    for (uint32_t i = 0; i < t->count; i++) {
        const RfExpr *e = t->steps[i];
        if (e->kind == RF_EXPR_MEMBER) {
            uint32_t site = rf_emit_field_site(fs, rf_compile_intern(fs->c, e->as.member.name.text));
            rf_emit(fs, RF_OP_GET_FIELD, 0, site, e->pos);
            continue;
        }
        load_index(fs, t, slots, i);
        if (i == 0 && local >= 0) {
            rf_emit(fs, RF_OP_INDEX_LOCAL, (uint32_t)local, 0, e->pos);
        } else {
            rf_emit(fs, RF_OP_INDEX, 0, 0, e->pos);
        }
    }
}

/* A name that reading may take from the builtins, which a path cannot. */
static bool may_be_builtin(RfFuncState *fs, const Target *t)
{
    RfCands cs;
    rf_scope_resolve(fs, t->name, false, &cs);
    return (cs.count == 0 || cs.items[cs.count - 1].maybe) && rf_name_is_builtin(fs, t->name);
}

static uint32_t make_place(RfFuncState *fs, const RfExpr *argument, bool compound, const int64_t *slots, bool pair);

static const RfOp binary_ops[] = {
    [RF_BIN_ADD] = RF_OP_ADD, [RF_BIN_SUB] = RF_OP_SUB, [RF_BIN_MUL] = RF_OP_MUL,
    [RF_BIN_DIV] = RF_OP_DIV, [RF_BIN_MOD] = RF_OP_MOD,
};

void rf_place_compound(RfFuncState *fs, const RfStmt *stmt)
{
    const RfExpr *target = stmt->as.compound.target;
    RfOp op = binary_ops[stmt->as.compound.op];
    Target t;
    uint32_t slot;
    if (!split(fs, target, &t)) {
        return;
    }
    bool builtin = may_be_builtin(fs, &t);
    const int64_t *slots = NULL;
    if (builtin) {
        for (uint32_t i = 0; i < t.count; i++) {
            if (t.steps[i]->kind == RF_EXPR_INDEX) {
                rf_compile_expr(fs, t.steps[i]->as.index.index);
            }
        }
        load(fs, &t, t.steps[t.count - 1]->pos);
    } else {
        slots = hold_indexes(fs, &t);
        load_steps(fs, &t, slots);
    }
    rf_compile_expr(fs, stmt->as.compound.value);
    rf_emit(fs, op, 0, op == RF_OP_ADD ? make_place(fs, target, true, slots, false) : 0, stmt->as.compound.op_pos);
    if (builtin) {
        store(fs, &t, true);
        return;
    }
    for (uint32_t i = 0; i < t.count; i++) {
        if (t.steps[i]->kind == RF_EXPR_INDEX) {
            load_index(fs, &t, slots, i);
        }
    }
    Simple simple = simple_target(fs, &t, &slot);
    if (simple != SIMPLE_NONE) {
        store_simple(fs, &t, simple, slot);
    } else {
        store(fs, &t, false);
    }
}

/* ---- places ---- */

static RfOp arithmetic_op(const RfExpr *e)
{
    static const RfOp ops[] = {
        [RF_BIN_ADD] = RF_OP_ADD, [RF_BIN_SUB] = RF_OP_SUB, [RF_BIN_MUL] = RF_OP_MUL, [RF_BIN_MOD] = RF_OP_MOD};
    bool known = e->kind == RF_EXPR_BINARY && (size_t)e->as.binary.op < sizeof ops / sizeof *ops;
    return known ? ops[e->as.binary.op] : RF_OP_NOP;
}

#define INDEX_NODES 16 /* an index of more operators and operands is not looked at */

/* The same index, written twice: constants, names, and arithmetic on them. */
static bool same_index(const RfExpr *a, const RfExpr *b, int *budget)
{
    if (a->kind != b->kind || --*budget < 0) {
        return false;
    }
    switch (a->kind) {
    case RF_EXPR_INT: return a->as.i == b->as.i;
    case RF_EXPR_STRING:
    case RF_EXPR_NAME: return rf_compile_same_text(a->as.text, b->as.text);
    case RF_EXPR_BINARY:
        return arithmetic_op(a) != RF_OP_NOP && arithmetic_op(a) == arithmetic_op(b) &&
               same_index(a->as.binary.left, b->as.binary.left, budget) &&
               same_index(a->as.binary.right, b->as.binary.right, budget);
    default: return false;
    }
}

/* The same path, written twice. */
static bool same_path(const RfExpr *a, const RfExpr *b)
{
    for (;;) {
        if (a->kind != b->kind) {
            return false;
        }
        switch (a->kind) {
        case RF_EXPR_NAME: return rf_compile_same_text(a->as.text, b->as.text);
        case RF_EXPR_SELF: return true;
        case RF_EXPR_MEMBER:
            if (a->as.member.optional || b->as.member.optional ||
                !rf_compile_same_text(a->as.member.name.text, b->as.member.name.text)) {
                return false;
            }
            break;
        case RF_EXPR_INDEX: {
            int budget = INDEX_NODES;
            if (!same_index(a->as.index.index, b->as.index.index, &budget)) {
                return false;
            }
            break;
        }
        default: return false;
        }
        a = step_object(a);
        b = step_object(b);
    }
}

/* The first name of a pattern is stored before another name's store can fail; a repeated name raises before that. */
static bool pattern_has(const RfPattern *p, const RfExpr *argument)
{
    if (argument->kind != RF_EXPR_NAME || p->kind != RF_PAT_ARRAY || p->count == 0 ||
        p->items[0]->kind != RF_PAT_NAME || !rf_compile_same_text(p->items[0]->name.text, argument->as.text)) {
        return false;
    }
    for (uint32_t i = 1; i < p->count; i++) {
        if (p->items[i]->kind != RF_PAT_IGNORE &&
            (p->items[i]->kind != RF_PAT_NAME || rf_compile_same_text(p->items[i]->name.text, argument->as.text))) {
            return false;
        }
    }
    return !p->has_rest || !rf_compile_same_text(p->rest.text, argument->as.text);
}

/* Code that computes an index when the place is wanted. The store computes it again: after the call, during which no script
 * code runs; but a compound assignment has computed it before its value, so only variables nobody else can change will do. */
typedef struct IndexCode {
    RfInstr ops[INDEX_NODES];
    uint32_t count;
    bool compound;
} IndexCode;

static bool index_variable(RfFuncState *fs, RfString *name, IndexCode *code)
{
    RfCands cs;
    RfInstr in = {0};
    rf_scope_resolve(fs, name, false, &cs);
    if (cs.count == 0) {
        in.op = RF_OP_LOAD_GLOBAL;
        in.b = rf_module_global(fs->c->module, name);
    } else {
        static const RfOp loads[] = {
            [RF_CAND_LOCAL] = RF_OP_LOAD_LOCAL, [RF_CAND_CELL] = RF_OP_LOAD_CELL, [RF_CAND_SHARED] = RF_OP_LOAD_SHARED};
        if (cs.items[0].maybe || cs.items[0].kind > RF_CAND_SHARED) {
            return false;
        }
        in.op = (uint16_t)loads[cs.items[0].kind];
        in.a = (uint16_t)cs.items[0].slot;
    }
    code->ops[code->count++] = in;
    return in.op == RF_OP_LOAD_LOCAL || !code->compound;
}

static bool index_ops(RfFuncState *fs, const RfExpr *e, uint32_t depth, IndexCode *code)
{
    if (depth >= RF_STEP_DEPTH || code->count == INDEX_NODES) {
        return false;
    }
    switch (e->kind) {
    case RF_EXPR_INT:
        code->ops[code->count++] = (RfInstr){RF_OP_CONST, 0, rf_emit_add_const(fs, rf_int(e->as.i))};
        return true;
    case RF_EXPR_STRING:
        code->ops[code->count++] =
            (RfInstr){RF_OP_CONST, 0, rf_emit_name_const(fs, rf_compile_intern(fs->c, e->as.text))};
        return true;
    case RF_EXPR_NAME: return index_variable(fs, rf_compile_name_of(fs, e), code);
    default:
        if (arithmetic_op(e) == RF_OP_NOP || !index_ops(fs, e->as.binary.left, depth, code) ||
            !index_ops(fs, e->as.binary.right, depth + 1, code) || code->count == INDEX_NODES) {
            return false;
        }
        code->ops[code->count++] = (RfInstr){(uint16_t)arithmetic_op(e), 0, 0};
        return true;
    }
}

/* False: the index may be another one when the value is stored. */
static bool place_step(RfFuncState *fs, const RfExpr *e, bool compound, RfStep *step)
{
    step->pos = e->pos;
    if (e->kind == RF_EXPR_MEMBER) {
        step->kind = RF_STEP_FIELD;
        step->slot = rf_emit_field_site(fs, rf_compile_intern(fs->c, e->as.member.name.text));
        return true;
    }
    IndexCode code = {.compound = compound};
    if (!index_ops(fs, e->as.index.index, 0, &code)) {
        return false;
    }
    if (code.count == 1 && code.ops[0].op == RF_OP_CONST) {
        step->kind = RF_STEP_CONST;
        step->slot = code.ops[0].b;
    } else if (code.count == 1 && code.ops[0].op == RF_OP_LOAD_LOCAL) {
        step->kind = RF_STEP_LOCAL;
        step->slot = code.ops[0].a;
    } else {
        step->kind = RF_STEP_VALUE;
        step->nops = code.count;
        step->ops = rf_mem_alloc(sizeof *step->ops * code.count);
        memcpy(step->ops, code.ops, sizeof *step->ops * code.count);
    }
    return true;
}

/* The path `argument` as a place; 0 when it is none, or may not be changed by the store that follows. slots: per step, the local
 * that holds its index, or -1; or NULL. */
static uint32_t make_place(RfFuncState *fs, const RfExpr *argument, bool compound, const int64_t *slots, bool pair)
{
    Target t;
    RfCands cs;
    if (!split(fs, argument, &t)) {
        return 0;
    }
    rf_scope_resolve(fs, t.name, false, &cs);
    /* A field of a hidden receiver: when it is there, the argument comes from it and the store goes to it. */
    bool hidden = cs.count > 0 && cs.items[0].kind == RF_CAND_FIELD && !cs.items[0].binding;
    if (!hidden && (cs.count > 1 || (cs.count == 1 && (cs.items[0].kind > RF_CAND_SHARED ||
                                                       ((t.count > 0 || pair) && immutable(&cs.items[0])) ||
                                                       (pair && cs.items[0].maybe))))) {
        return 0;
    }
    if (!hidden && cs.count == 1 && t.count == 0 &&
        (cs.items[0].bind == RF_GLOBAL_LET || cs.items[0].bind == RF_GLOBAL_CONST)) {
        return 0;
    }
    RfStep *steps = RF_ARENA_ARRAY(&fs->c->work, RfStep, t.count + 1);
    memset(steps, 0, sizeof *steps * (t.count + 1));
    if (hidden) {
        steps[0] = (RfStep){.kind = RF_STEP_FIELD, .slot = rf_emit_field_site(fs, t.name), .pos = t.pos};
    }
    uint32_t count = t.count + hidden;
    for (uint32_t i = hidden; i < count; i++) {
        int64_t held = slots ? slots[i - hidden] : -1;
        if (held >= 0) {
            steps[i] = (RfStep){.kind = RF_STEP_LOCAL, .slot = (uint32_t)held, .pos = t.steps[i - hidden]->pos};
        } else if (!place_step(fs, t.steps[i - hidden], compound, &steps[i])) {
            while (i-- > 0) {
                rf_mem_free(steps[i].ops, sizeof *steps[i].ops * steps[i].nops);
            }
            return 0;
        }
    }
    uint32_t number = new_path(fs, cs.count ? &cs.items[0] : NULL, t.name, t.pos, count);
    RfPath *path = &RF_VEC_AT(&fs->paths, RfPath, number);
    path->pair = pair;
    if (count > 0) {
        memcpy(path->steps, steps, sizeof *steps * count);
    }
    return number + 1;
}

uint32_t rf_place_of(RfFuncState *fs, const RfPlace *place, const RfExpr *argument)
{
    bool same = place && (place->target ? same_path(place->target, argument)
                                        : place->pattern && pattern_has(place->pattern, argument));
    return same ? make_place(fs, argument, place->compound, NULL, false) : 0;
}

uint32_t rf_place_of_call(RfFuncState *fs, const RfPlace *place, const RfExpr *argument)
{
    uint32_t number = rf_place_of(fs, place, argument);
    bool pair = number == 0 && place && place->pair && same_path(place->pair, argument);
    return pair ? make_place(fs, argument, false, NULL, true) : number;
}

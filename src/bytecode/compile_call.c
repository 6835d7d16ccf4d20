/* Calls, method calls and pipes. The callee or receiver lies on the stack when these functions start. */
#include "bytecode/compile.h"

static void compile_args(RfFuncState *fs, const RfExprList *args, uint32_t first)
{
    for (uint32_t i = first; i < args->count; i++) {
        rf_compile_expr(fs, args->items[i]);
    }
}

static void emit_call(RfFuncState *fs, uint32_t argc, uint32_t place, RfPos pos)
{
    rf_emit(fs, RF_OP_CALL, argc, rf_emit_call_site(fs, place), pos);
}

void rf_compile_call(RfFuncState *fs, const RfExpr *e, const RfPlace *place)
{
    const RfExprList *args = &e->as.call.args;
    if (args->count > 0) {
        RfPlace inner;
        rf_compile_value(fs, args->items[0], rf_place_reaches(fs, e, place, &inner) ? &inner : NULL);
    }
    compile_args(fs, args, 1);
    emit_call(fs, args->count, args->count > 0 ? rf_place_of_call(fs, place, args->items[0]) : 0, e->pos);
}

/* A uniform call looks for a function called `name` in all visible variables (language.md 15.2.5). */
static void emit_method(RfFuncState *fs, RfString *name, uint32_t argc, uint32_t place, RfPos pos)
{
    RfCands cs;
    rf_scope_resolve(fs, name, true, &cs);
    RfCandidate *candidates = cs.count ? rf_mem_alloc(sizeof *candidates * cs.count) : NULL;
    for (uint32_t i = 0; i < cs.count; i++) {
        const RfCand *c = &cs.items[i];
        candidates[i] = (RfCandidate){c->kind, c->slot};
        if (c->kind == RF_CAND_CALLEE) {
            uint32_t slot = rf_scope_slot(fs, 1);
            rf_emit(fs, RF_OP_LOAD_CALLEE, 0, 0, pos);
            rf_emit(fs, RF_OP_STORE_LOCAL, slot, 0, pos);
            candidates[i] = (RfCandidate){RF_ROOT_LOCAL, slot};
        }
    }
    RfMethodSite *site = rf_vec_push(&fs->methods, sizeof *site);
    site->name = name;
    site->place = place;
    site->global = rf_module_global(fs->c->module, name);
    site->ncandidates = cs.count;
    site->candidates = candidates;
    rf_emit(fs, RF_OP_CALL_METHOD, argc, fs->methods.len - 1, pos);
}

void rf_compile_method(RfFuncState *fs, const RfExpr *e, const RfPlace *place)
{
    RfLabel end = {0};
    if (e->as.method.optional) {
        rf_emit_jump(fs, RF_OP_JUMP_IF_NULL, 0, &end, e->pos);
    }
    compile_args(fs, &e->as.method.args, 0);
    emit_method(fs, rf_compile_intern(fs->c, e->as.method.name.text), e->as.method.args.count,
                rf_place_of_call(fs, place, e->as.method.object), e->pos);
    rf_emit_bind(fs, &end);
}

/* x |> f: the left side is evaluated before the callee but passed above it, so it waits in a temporary. */
typedef struct Waiting {
    uint32_t slot;
} Waiting;

static Waiting put_aside(RfFuncState *fs, RfPos pos)
{
    Waiting w = {rf_scope_slot(fs, 1)};
    rf_emit(fs, RF_OP_STORE_LOCAL, w.slot, 0, pos);
    return w;
}

static void take_back(RfFuncState *fs, Waiting w, RfPos pos)
{
    rf_emit(fs, RF_OP_LOAD_LOCAL, w.slot, 0, pos);
    if (fs->next_slot == w.slot + 1) {
        fs->next_slot = w.slot;
    }
}

void rf_compile_pipe(RfFuncState *fs, const RfExpr *e, const RfPlace *place)
{
    const RfExpr *right = e->as.binary.right;
    RfExprKind kind = right->parenthesized ? RF_EXPR_NULL : right->kind;
    uint32_t path = 0;
    Waiting left = put_aside(fs, e->pos);
    RfLabel end = {0};
    switch (kind) {
    case RF_EXPR_CALL:
        path = rf_place_of_call(fs, place, e->as.binary.left);
        rf_compile_expr(fs, right->as.call.callee);
        take_back(fs, left, e->pos);
        compile_args(fs, &right->as.call.args, 0);
        emit_call(fs, right->as.call.args.count + 1, path, right->pos);
        break;
    case RF_EXPR_METHOD:
    case RF_EXPR_MEMBER: {
        bool method = kind == RF_EXPR_METHOD;
        const RfExprList none = {NULL, 0};
        const RfExprList *args = method ? &right->as.method.args : &none;
        rf_compile_expr(fs, method ? right->as.method.object : right->as.member.object);
        if (method ? right->as.method.optional : right->as.member.optional) {
            rf_emit_jump(fs, RF_OP_JUMP_IF_NULL, 0, &end, right->pos);
        }
        take_back(fs, left, e->pos);
        compile_args(fs, args, 0);
        RfText name = method ? right->as.method.name.text : right->as.member.name.text;
        emit_method(fs, rf_compile_intern(fs->c, name), args->count + 1, 0, right->pos);
        rf_emit_bind(fs, &end);
        break;
    }
    default:
        path = rf_place_of_call(fs, place, e->as.binary.left);
        rf_compile_expr(fs, right);
        take_back(fs, left, e->pos);
        emit_call(fs, 1, path, right->kind == RF_EXPR_NAME ? right->pos : right->first);
        break;
    }
}

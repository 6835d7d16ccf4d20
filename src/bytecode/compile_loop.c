/* while, loop and for. The condition (or FOR_LOOP) stands at the bottom, so each iteration takes one branch. */
#include <string.h>

#include "bytecode/compile.h"

static void enter_loop(RfFuncState *fs, RfControl *loop, RfScope *scope)
{
    *loop = (RfControl){.parent = fs->control, .scope = scope};
    fs->control = loop;
}

static bool always_true(const RfExpr *e)
{
    return (e->kind == RF_EXPR_BOOL && e->as.b) || (e->kind == RF_EXPR_INT && e->as.i != 0);
}

/* Ends the body's scope; its slots are cleared once, when the loop is over. Returns the first slot above them. */
static uint32_t leave_body(RfFuncState *fs)
{
    uint32_t top = fs->next_slot;
    rf_scope_leave(fs);
    return top;
}

void rf_compile_while(RfFuncState *fs, const RfStmt *s)
{
    const RfExpr *cond = s->as.while_.cond;
    RfControl loop;
    RfScope scope;
    RfLabel body = {0};
    if (cond && always_true(cond)) {
        cond = NULL;
    }
    uint32_t first = fs->next_slot;
    if (cond) {
        rf_scope_enter(fs, &scope, false);
        enter_loop(fs, &loop, &scope);
        rf_emit_jump(fs, RF_OP_JUMP, 0, &loop.cont, cond->pos);
    } else {
        rf_scope_enter(fs, &scope, false);
        enter_loop(fs, &loop, &scope);
    }
    rf_emit_bind(fs, &body);
    rf_compile_statements(fs, &s->as.while_.body);
    uint32_t top = leave_body(fs);
    fs->control = loop.parent;
    rf_emit_bind(fs, &loop.cont);
    if (cond) {
        rf_compile_condition(fs, cond, true, &body);
    } else {
        rf_emit_jump(fs, RF_OP_JUMP, 0, &body, s->pos);
    }
    rf_emit_bind(fs, &loop.brk);
    rf_emit_clear(fs, first, top, s->pos);
}

/* A direct call of `range` that may be the builtin. Its iterator knows no index, so two variables need the array. */
static bool is_range_call(RfFuncState *fs, const RfExpr *e, bool two)
{
    if (two || e->kind != RF_EXPR_CALL || e->as.call.callee->kind != RF_EXPR_NAME) {
        return false;
    }
    RfText name = e->as.call.callee->as.text;
    uint32_t argc = e->as.call.args.count;
    if (name.len != 5 || memcmp(name.bytes, "range", 5) != 0 || argc < 1 || argc > 3) {
        return false;
    }
    RfCands cs;
    rf_scope_resolve(fs, rf_compile_intern(fs->c, name), false, &cs);
    return cs.count == 0;
}

/* Evaluates the iterable into the iterator at `it` and goes to the loop's step. */
static void start_iterator(RfFuncState *fs, const RfExpr *e, uint32_t it, bool two, RfLabel *step)
{
    if (e->kind == RF_EXPR_RANGE) {
        rf_compile_expr(fs, e->as.range.low);
        rf_compile_expr(fs, e->as.range.high);
        rf_emit(fs, RF_OP_FOR_RANGE, it, e->as.range.inclusive, e->pos);
    } else if (is_range_call(fs, e, two)) {
        const RfExprList *args = &e->as.call.args;
        RfLabel slow = {0};
        rf_compile_expr(fs, e->as.call.callee);
        for (uint32_t i = 0; i < args->count; i++) {
            rf_compile_expr(fs, args->items[i]);
        }
        uint32_t depth = fs->depth;
        rf_emit_jump(fs, RF_OP_RANGE_CALL, args->count, &slow, e->pos);
        rf_emit(fs, RF_OP_FOR_STEP, it, 0, e->pos);
        rf_emit_jump(fs, RF_OP_JUMP, 0, step, e->pos);
        rf_emit_bind(fs, &slow);
        fs->depth = depth;
        rf_emit(fs, RF_OP_CALL, args->count, rf_emit_call_site(fs, 0), e->pos);
        rf_emit(fs, RF_OP_FOR_PREP, it, 0, e->first);
    } else {
        rf_compile_expr(fs, e);
        rf_emit(fs, RF_OP_FOR_PREP, it, 0, e->first);
    }
    rf_emit_jump(fs, RF_OP_JUMP, 0, step, e->first);
}

static void bind_variable(RfFuncState *fs, const RfName *name, uint32_t slot)
{
    rf_emit(fs, RF_OP_STORE_LOCAL, slot, 0, name->pos);
    RfBinding *b =
        rf_scope_bind(fs, fs->scope, rf_compile_intern(fs->c, name->text), slot, RF_ROOT_LOCAL, RF_GLOBAL_MUT);
    rf_scope_change(fs, b, true, false, true);
}

static bool same_variable(RfFuncState *fs, const RfName *a, const RfName *b)
{
    return rf_compile_intern(fs->c, a->text) == rf_compile_intern(fs->c, b->text) &&
           !(a->text.len == 1 && a->text.bytes[0] == '_');
}

/* for i, x in a..b: the iterator gives x, and i counts in a local of its own. */
static void count_index(RfFuncState *fs, uint32_t counter, const RfName *name)
{
    rf_emit(fs, RF_OP_LOAD_LOCAL, counter, 0, name->pos);
    rf_emit(fs, RF_OP_LOAD_LOCAL, counter, 0, name->pos);
    rf_emit_const(fs, rf_int(1), name->pos);
    rf_emit(fs, RF_OP_ADD, 0, 0, name->pos);
    rf_emit(fs, RF_OP_STORE_LOCAL, counter, 0, name->pos);
}

void rf_compile_for(RfFuncState *fs, const RfStmt *s)
{
    const RfExpr *iterable = s->as.for_.iterable;
    bool two = s->as.for_.var2.text.len > 0;
    RfControl loop;
    RfScope variables, scope;
    RfLabel body = {0};
    rf_scope_enter(fs, &variables, false);
    uint32_t it = rf_scope_slot(fs, 3);
    uint32_t vars = rf_scope_slot(fs, two ? 2 : 1);
    if (two && same_variable(fs, &s->as.for_.var, &s->as.for_.var2)) {
        RfString *name = rf_compile_intern(fs->c, s->as.for_.var2.text);
        rf_name_duplicate(fs, name, s->as.for_.var2.pos);
    }
    bool counts = two && iterable->kind == RF_EXPR_RANGE;
    uint32_t counter = 0;
    if (counts) {
        counter = rf_scope_slot(fs, 1);
        rf_emit_const(fs, rf_int(0), iterable->first);
        rf_emit(fs, RF_OP_STORE_LOCAL, counter, 0, iterable->first);
    }
    RfLabel step = {0};
    start_iterator(fs, iterable, it, two, &step);
    rf_emit_bind(fs, &body);
    fs->depth += two && !counts ? 2 : 1;
    if (counts) {
        count_index(fs, counter, &s->as.for_.var);
    }
    bind_variable(fs, &s->as.for_.var, vars);
    if (two) {
        bind_variable(fs, &s->as.for_.var2, vars + 1);
    }
    rf_scope_enter(fs, &scope, false);
    enter_loop(fs, &loop, &scope);
    loop.iterator = iterable->kind == RF_EXPR_RANGE ? 0 : it + 1;
    loop.try_depth = fs->try_depth;
    rf_compile_statements(fs, &s->as.for_.body);
    uint32_t top = leave_body(fs);
    rf_scope_leave(fs);
    fs->control = loop.parent;
    rf_emit_bind(fs, &loop.cont);
    rf_emit_bind(fs, &step);
    rf_emit_jump(fs, two && !counts ? RF_OP_FOR_LOOP2 : RF_OP_FOR_LOOP, it, &body, iterable->first);
    rf_emit_bind(fs, &loop.brk);
    rf_emit_clear(fs, it, top, s->pos);
}

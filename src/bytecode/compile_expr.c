/* Expressions. Chains that lean left (a + b + c, x.f.g(), a ?? b ?? c) can be as long as the source, so they are walked with a
 * list instead of recursion: the leftmost operand first, then one `finish` per node outwards. Everything else nests no deeper
 * than the parser allows. */
#include <string.h>

#include "bytecode/compile.h"
#include "runtime/string.h"

#define INTERNED_TEXT_MAX 128u /* longer literals are unlikely to be compared or used as keys */

RfString *rf_compile_name_of(RfFuncState *fs, const RfExpr *e)
{
    if (e->kind == RF_EXPR_NAME) {
        return rf_compile_intern(fs->c, e->as.text);
    }
    return e->kind == RF_EXPR_SELF ? fs->c->rt->names.self : NULL;
}

static void emit_string(RfFuncState *fs, RfText text, RfPos pos)
{
    if (text.len <= INTERNED_TEXT_MAX) {
        rf_emit(fs, RF_OP_CONST, 0, rf_emit_name_const(fs, rf_compile_intern(fs->c, text)), pos);
    } else {
        RfString *s = rf_string_new(text.bytes, text.len);
        rf_emit_const(fs, rf_obj(s), pos);
    }
}

/* ---- logic ---- */

/* The operands of a chain of && (or ||), first one first. */
static const RfExpr **operands(RfFuncState *fs, const RfExpr *e, uint32_t *count)
{
    uint32_t n = 1;
    for (const RfExpr *at = e; at->kind == e->kind; at = at->as.binary.left) {
        n++;
    }
    const RfExpr **list = RF_ARENA_ARRAY(&fs->c->work, const RfExpr *, n);
    *count = n;
    const RfExpr *at = e;
    while (n > 1) {
        list[--n] = at->as.binary.right;
        at = at->as.binary.left;
    }
    list[0] = at;
    return list;
}

void rf_compile_condition(RfFuncState *fs, const RfExpr *e, bool sense, RfLabel *label)
{
    if (e->kind != RF_EXPR_AND && e->kind != RF_EXPR_OR) {
        rf_compile_expr(fs, e);
        rf_emit_jump(fs, sense ? RF_OP_JUMP_IF_TRUE : RF_OP_JUMP_IF_FALSE, 0, label, e->pos);
        return;
    }
    bool decides = e->kind == RF_EXPR_OR; /* operand of this truth settles the whole */
    RfLabel skip = {0};
    uint32_t count;
    const RfExpr **list = operands(fs, e, &count);
    for (uint32_t i = 0; i + 1 < count; i++) {
        rf_compile_condition(fs, list[i], decides, sense == decides ? label : &skip);
    }
    rf_compile_condition(fs, list[count - 1], sense, label);
    rf_emit_bind(fs, &skip);
}

static void compile_logic(RfFuncState *fs, const RfExpr *e)
{
    bool decides = e->kind == RF_EXPR_OR;
    RfLabel settled = {0}, end = {0};
    uint32_t count;
    const RfExpr **list = operands(fs, e, &count);
    for (uint32_t i = 0; i + 1 < count; i++) {
        rf_compile_condition(fs, list[i], decides, &settled);
    }
    rf_compile_expr(fs, list[count - 1]);
    rf_emit(fs, RF_OP_TO_BOOL, 0, 0, e->pos);
    rf_emit_jump(fs, RF_OP_JUMP, 0, &end, e->pos);
    rf_emit_bind(fs, &settled);
    fs->depth--;
    rf_emit_const(fs, rf_bool(decides), e->pos);
    rf_emit_bind(fs, &end);
}

/* ---- leaves ---- */

static void compile_yield(RfFuncState *fs, const RfExpr *e)
{
    if (e->as.operand) {
        rf_compile_expr(fs, e->as.operand);
    } else {
        rf_emit_null(fs, e->pos);
    }
    if (fs->flags & RF_PROTO_GENERATOR) {
        rf_emit(fs, RF_OP_YIELD, 0, 0, e->pos);
    } else {
        rf_name_raise(fs, RF_RAISE_YIELD_OUTSIDE, rf_intern_cstr(fs->c->rt, "yield"), e->pos);
    }
}

static void compile_throw(RfFuncState *fs, const RfExpr *e)
{
    if (e->as.args.count != 1) {
        rf_compile_error(fs->c, e->pos, "throw() requires exactly one argument");
        rf_emit_null(fs, e->pos);
        return;
    }
    rf_compile_expr(fs, e->as.args.items[0]);
    rf_emit(fs, RF_OP_THROW, 0, 0, e->pos);
    fs->depth++; /* the expression's value, never seen */
}

static void compile_local_index(RfFuncState *fs, const RfExpr *e, uint32_t slot)
{
    rf_compile_expr(fs, e->as.index.index);
    rf_emit(fs, RF_OP_INDEX_LOCAL, slot, 0, e->pos);
}

static void compile_leaf(RfFuncState *fs, const RfExpr *e)
{
    switch (e->kind) {
    case RF_EXPR_INT: rf_emit_const(fs, rf_int(e->as.i), e->pos); break;
    case RF_EXPR_FLOAT: rf_emit_const(fs, rf_float(e->as.f), e->pos); break;
    case RF_EXPR_STRING: emit_string(fs, e->as.text, e->pos); break;
    case RF_EXPR_INTERP: rf_compile_interp(fs, e); break;
    case RF_EXPR_BOOL: rf_emit_const(fs, rf_bool(e->as.b), e->pos); break;
    case RF_EXPR_NULL: rf_emit_null(fs, e->pos); break;
    case RF_EXPR_NONE: rf_emit_const(fs, rf_none(), e->pos); break;
    case RF_EXPR_SELF:
    case RF_EXPR_NAME: rf_name_load(fs, rf_compile_name_of(fs, e), e->pos); break;
    case RF_EXPR_VARIANT:
        rf_compile_expr(fs, e->as.variant.value);
        rf_emit(fs, RF_OP_VARIANT, (uint32_t)e->as.variant.which, 0, e->pos);
        break;
    case RF_EXPR_ENUM: rf_compile_enum_value(fs, e); break;
    case RF_EXPR_STRUCT: rf_compile_struct_literal(fs, e); break;
    case RF_EXPR_THROW: compile_throw(fs, e); break;
    case RF_EXPR_ARRAY: rf_compile_array(fs, e); break;
    case RF_EXPR_DICT: rf_compile_dict(fs, e); break;
    case RF_EXPR_FUNC: rf_compile_closure(fs, e->as.func, NULL); break;
    case RF_EXPR_YIELD: compile_yield(fs, e); break;
    case RF_EXPR_SPAWN: rf_compile_spawn(fs, e); break;
    case RF_EXPR_UNARY:
        rf_compile_expr(fs, e->as.unary.operand);
        rf_emit_unary(fs, e->as.unary.op == '-' ? RF_OP_NEG : RF_OP_NOT, e->pos);
        break;
    case RF_EXPR_AWAIT:
        rf_compile_expr(fs, e->as.operand);
        rf_emit(fs, RF_OP_AWAIT, 0, 0, e->pos);
        break;
    case RF_EXPR_AND:
    case RF_EXPR_OR: compile_logic(fs, e); break;
    case RF_EXPR_RANGE:
        rf_compile_expr(fs, e->as.range.low);
        rf_compile_expr(fs, e->as.range.high);
        rf_emit(fs, RF_OP_RANGE, e->as.range.inclusive, 0, e->pos);
        break;
    case RF_EXPR_INDEX:
        compile_local_index(fs, e, (uint32_t)rf_name_local(fs, rf_compile_name_of(fs, e->as.index.object)));
        break;
    default: break; /* all others have a left operand */
    }
}

/* ---- chains ---- */

/* The operand that is evaluated first and lies on the stack while the rest of `e` is; NULL for leaves. */
static const RfExpr *left_of(RfFuncState *fs, const RfExpr *e)
{
    switch (e->kind) {
    case RF_EXPR_BINARY:
    case RF_EXPR_COALESCE:
    case RF_EXPR_PIPE: return e->as.binary.left;
    case RF_EXPR_CALL: return e->as.call.callee;
    case RF_EXPR_METHOD: return e->as.method.object;
    case RF_EXPR_MEMBER: return e->as.member.object;
    case RF_EXPR_TRY: return e->as.operand;
    case RF_EXPR_INDEX: {
        RfString *name = rf_compile_name_of(fs, e->as.index.object);
        return name && rf_name_local(fs, name) >= 0 ? NULL : e->as.index.object;
    }
    default: return NULL;
    }
}

/* e? : Err and None leave the function. */
static void compile_try_operator(RfFuncState *fs, const RfExpr *e)
{
    RfLabel good = {0};
    rf_emit_jump(fs, RF_OP_TRY, 0, &good, e->pos);
    uint32_t depth = fs->depth;
    rf_compile_return(fs, e->pos);
    fs->depth = depth;
    rf_emit_bind(fs, &good);
}

static const RfOp binary_ops[] = {
    [RF_BIN_ADD] = RF_OP_ADD, [RF_BIN_SUB] = RF_OP_SUB, [RF_BIN_MUL] = RF_OP_MUL, [RF_BIN_DIV] = RF_OP_DIV,
    [RF_BIN_MOD] = RF_OP_MOD, [RF_BIN_EQ] = RF_OP_EQ,   [RF_BIN_NE] = RF_OP_NE,   [RF_BIN_LT] = RF_OP_LT,
    [RF_BIN_GT] = RF_OP_GT,   [RF_BIN_LE] = RF_OP_LE,   [RF_BIN_GE] = RF_OP_GE,
};

static void finish(RfFuncState *fs, const RfExpr *e, const RfPlace *place)
{
    switch (e->kind) {
    case RF_EXPR_BINARY: {
        RfOp op = binary_ops[e->as.binary.op];
        rf_compile_expr(fs, e->as.binary.right);
        rf_emit_binary(fs, op, op == RF_OP_ADD ? rf_place_of(fs, place, e->as.binary.left) : 0, e->pos);
        break;
    }
    case RF_EXPR_COALESCE: {
        RfLabel end = {0};
        rf_emit_jump(fs, RF_OP_JUMP_NOT_NULL, 0, &end, e->pos);
        rf_compile_expr(fs, e->as.binary.right);
        rf_emit_bind(fs, &end);
        break;
    }
    case RF_EXPR_PIPE: rf_compile_pipe(fs, e, place); break;
    case RF_EXPR_CALL: rf_compile_call(fs, e, place); break;
    case RF_EXPR_METHOD: rf_compile_method(fs, e, place); break;
    case RF_EXPR_MEMBER:
        rf_emit(fs, e->as.member.optional ? RF_OP_GET_FIELD_OPT : RF_OP_GET_FIELD, 0,
                rf_emit_field_site(fs, rf_compile_intern(fs->c, e->as.member.name.text)), e->pos);
        break;
    case RF_EXPR_INDEX:
        rf_compile_expr(fs, e->as.index.index);
        rf_emit(fs, RF_OP_INDEX, 0, 0, e->pos);
        break;
    default: compile_try_operator(fs, e); break;
    }
}

/* T := f(T, ..)[0]: T may be the pair place of the call (RfPath.pair). Element 0 of a pair is there, and the store evaluates T
 * again, which cannot fail then; so nobody finds T empty, in whatever kind of variable it lies. */
static bool takes_first(const RfExpr *e)
{
    return e->kind == RF_EXPR_INDEX && e->as.index.index->kind == RF_EXPR_INT && e->as.index.index->as.i == 0;
}

void rf_compile_value(RfFuncState *fs, const RfExpr *e, const RfPlace *place)
{
    const RfExpr *room[16];
    const RfExpr **chain = room;
    uint32_t count = 0, cap = sizeof room / sizeof *room;
    const RfExpr *leaf = e;
    for (const RfExpr *left; (left = left_of(fs, leaf)) != NULL; leaf = left) {
        if (count == cap) {
            const RfExpr **more = RF_ARENA_ARRAY(&fs->c->work, const RfExpr *, cap * 2);
            for (uint32_t i = 0; i < count; i++) {
                more[i] = chain[i];
            }
            chain = more;
            cap *= 2;
        }
        chain[count++] = leaf;
    }
    uint32_t reach = place ? 1 : 0; /* outermost nodes that may use the place */
    RfPlace inner = {0};
    while (reach > 0 && reach < count && rf_place_reaches(fs, chain[reach - 1], place, &inner)) {
        reach++;
    }
    if (reach == 1 && count > 1 && takes_first(chain[0])) {
        inner = (RfPlace){.pair = place->target};
        reach++;
    }
    compile_leaf(fs, leaf);
    while (count > 0) {
        count--;
        finish(fs, chain[count], count >= reach ? NULL : count > 0 ? &inner : place);
    }
}

void rf_compile_expr(RfFuncState *fs, const RfExpr *e)
{
    rf_compile_value(fs, e, NULL);
}

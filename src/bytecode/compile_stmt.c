/* Statements without a file of their own: expressions, declarations, assignments, if, return, break, continue. */
#include "bytecode/compile.h"

/* ---- blocks ---- */

/* A block that ends a for loop needs its iterator no more, which so far holds the container: in
 * `for k in self.d { self.d := remove(self.d, k)[0]  break }` the statements before the end would have to copy it. */
static void drop_iterator(RfFuncState *fs, const RfBlock *block)
{
    const RfControl *loop = fs->control;
    if (!loop || loop->iterator == 0 || loop->try_depth != fs->try_depth || block->count < 2) {
        return;
    }
    const RfStmt *last = block->stmts[block->count - 1];
    if ((last->kind == RF_STMT_BREAK || last->kind == RF_STMT_RETURN) && !rf_scan_continues(block)) {
        rf_emit_clear(fs, loop->iterator - 1, loop->iterator + 2, block->stmts[0]->pos);
    }
}

void rf_compile_statements(RfFuncState *fs, const RfBlock *block)
{
    drop_iterator(fs, block);
    rf_scope_declare_funcs(fs, block);
    for (uint32_t i = 0; i < block->count; i++) {
        fs->pair = i + 1 < block->count ? rf_pair_target(fs, block->stmts[i], block->stmts[i + 1]) : NULL;
        rf_compile_stmt(fs, block->stmts[i]);
    }
    fs->pair = NULL;
}

void rf_compile_block(RfFuncState *fs, const RfBlock *block)
{
    RfScope scope;
    rf_scope_enter(fs, &scope, false);
    rf_compile_statements(fs, block);
    rf_scope_leave_clear(fs, block->count ? block->stmts[block->count - 1]->pos : fs->def_pos);
}

/* ---- leaving ---- */

/* Clears the slots of the scopes inside `outer` that are being left. */
static void clear_inside(RfFuncState *fs, const RfScope *outer, RfPos pos)
{
    const RfScope *inner = fs->scope;
    if (inner == outer) {
        return;
    }
    while (inner->parent != outer) {
        inner = inner->parent;
    }
    rf_emit_clear(fs, inner->first_slot, fs->next_slot, pos);
}

void rf_compile_exit(RfFuncState *fs, RfControl *from, RfExit kind, RfControl *loop, RfPos pos)
{
    for (RfControl *ctl = from; ctl && ctl != loop; ctl = ctl->parent) {
        if (!ctl->finally) {
            continue;
        }
        RfFinallyExit *exit = NULL;
        uint32_t number = 0;
        for (; number < ctl->exits.len; number++) {
            exit = &RF_VEC_AT(&ctl->exits, RfFinallyExit, number);
            if (exit->kind == kind && exit->loop == loop) {
                break;
            }
        }
        if (number == ctl->exits.len) {
            exit = rf_vec_push(&ctl->exits, sizeof *exit);
            *exit = (RfFinallyExit){kind, loop};
        }
        if (kind == RF_EXIT_RETURN) {
            rf_emit(fs, RF_OP_STORE_LOCAL, ctl->value, 0, pos);
        } else {
            clear_inside(fs, ctl->scope, pos);
        }
        rf_emit_const(fs, rf_int(RF_ACTION_FIRST_EXIT + (int64_t)number), pos);
        rf_emit(fs, RF_OP_STORE_LOCAL, ctl->action, 0, pos);
        rf_emit_jump(fs, RF_OP_JUMP, 0, &ctl->entry, pos);
        return;
    }
    if (kind == RF_EXIT_RETURN) {
        rf_emit(fs, RF_OP_RETURN, 0, 0, pos);
    } else {
        clear_inside(fs, loop->scope, pos);
        rf_emit_jump(fs, RF_OP_JUMP, 0, kind == RF_EXIT_BREAK ? &loop->brk : &loop->cont, pos);
    }
}

void rf_compile_return(RfFuncState *fs, RfPos pos)
{
    if (fs->depth > 1) { /* inside an expression: what it has computed so far is dropped */
        uint32_t slot = rf_scope_slot(fs, 1);
        rf_emit(fs, RF_OP_STORE_LOCAL, slot, 0, pos);
        while (fs->depth > 0) {
            rf_emit(fs, RF_OP_POP, 0, 0, pos);
        }
        rf_emit(fs, RF_OP_LOAD_LOCAL, slot, 0, pos);
        if (fs->next_slot == slot + 1) {
            fs->next_slot = slot;
        }
    }
    rf_compile_exit(fs, fs->control, RF_EXIT_RETURN, NULL, pos);
}

static void compile_return_stmt(RfFuncState *fs, const RfStmt *s)
{
    if (s->as.expr) {
        rf_compile_expr(fs, s->as.expr);
    } else {
        rf_emit_null(fs, s->pos);
    }
    rf_compile_return(fs, s->pos);
}

static void compile_leave_loop(RfFuncState *fs, const RfStmt *s)
{
    RfControl *loop = fs->control;
    while (loop && loop->finally) {
        loop = loop->parent;
    }
    bool is_break = s->kind == RF_STMT_BREAK;
    if (!loop) {
        rf_compile_error(fs->c, s->pos, "%s can only be used inside a loop", is_break ? "break" : "continue");
        return;
    }
    rf_compile_exit(fs, fs->control, is_break ? RF_EXIT_BREAK : RF_EXIT_CONTINUE, loop, s->pos);
}

/* ---- if ---- */

/* "else if" chains may be long: each lies alone in the else block of the one before. */
static void compile_if(RfFuncState *fs, const RfStmt *s)
{
    RfLabel end = {0};
    for (;;) {
        RfLabel otherwise = {0};
        rf_compile_condition(fs, s->as.if_.cond, false, &otherwise);
        rf_compile_block(fs, &s->as.if_.then);
        if (!s->as.if_.has_else) {
            rf_emit_bind(fs, &otherwise);
            break;
        }
        rf_emit_jump(fs, RF_OP_JUMP, 0, &end, s->pos);
        rf_emit_bind(fs, &otherwise);
        const RfBlock *rest = &s->as.if_.otherwise;
        if (rest->count != 1 || rest->stmts[0]->kind != RF_STMT_IF) {
            rf_compile_block(fs, rest);
            break;
        }
        s = rest->stmts[0];
    }
    rf_emit_bind(fs, &end);
}

/* ---- assignment ---- */

static void assign_name(RfFuncState *fs, const RfStmt *s, RfString *name)
{
    const RfExpr *target = s->as.assign.target, *value = s->as.assign.value;
    RfCands cs;
    rf_scope_resolve(fs, name, false, &cs);
    bool creates = cs.count == 0 && !rf_scope_is_global(fs);
    rf_name_prepare(fs, name, RF_STORE_PLAIN, s->pos);
    if (creates && value->kind == RF_EXPR_FUNC) { /* the closure can call itself by its new name */
        RfSelf self = {.name = name, .kind = RF_GLOBAL_MUT, .maybe = rf_compile_possible_global(fs->c, name)};
        rf_compile_closure(fs, value->as.func, &self);
    } else {
        rf_compile_value(fs, value, &(RfPlace){.target = target, .pair = fs->pair});
    }
    rf_name_store(fs, name, RF_STORE_PLAIN, target->pos);
}

static void compile_assign(RfFuncState *fs, const RfStmt *s)
{
    RfString *name = rf_compile_name_of(fs, s->as.assign.target);
    if (name) {
        assign_name(fs, s, name);
    } else {
        rf_place_assign(fs, s->as.assign.target, s->as.assign.value);
    }
}

static void compile_compound(RfFuncState *fs, const RfStmt *s)
{
    static const RfOp ops[] = {[RF_BIN_ADD] = RF_OP_ADD,
                               [RF_BIN_SUB] = RF_OP_SUB,
                               [RF_BIN_MUL] = RF_OP_MUL,
                               [RF_BIN_DIV] = RF_OP_DIV,
                               [RF_BIN_MOD] = RF_OP_MOD};
    const RfExpr *target = s->as.compound.target;
    RfString *name = rf_compile_name_of(fs, target);
    if (!name) {
        rf_place_compound(fs, s);
        return;
    }
    RfPlace place = {.target = target, .compound = true};
    RfOp op = ops[s->as.compound.op];
    RfCands cs;
    rf_scope_resolve(fs, name, false, &cs);
    if (cs.count == 0 && rf_name_is_builtin(fs, name)) {
        rf_name_prepare(fs, name, RF_STORE_PLAIN, s->pos); /* reads the builtin, makes a variable */
    }
    rf_name_load(fs, name, target->pos);
    rf_compile_expr(fs, s->as.compound.value);
    rf_emit(fs, op, 0, op == RF_OP_ADD ? rf_place_of(fs, &place, target) : 0, s->as.compound.op_pos);
    rf_name_store(fs, name, RF_STORE_PLAIN, target->pos);
}

/* ---- dispatch ---- */

void rf_compile_stmt(RfFuncState *fs, const RfStmt *s)
{
    if (s->exported) {
        rf_compile_export_names(fs, s);
    }
    switch (s->kind) {
    case RF_STMT_EXPR:
        rf_compile_expr(fs, s->as.expr);
        rf_emit(fs, RF_OP_POP, 0, 0, s->pos);
        break;
    case RF_STMT_LET: rf_compile_let(fs, s); break;
    case RF_STMT_ASSIGN: compile_assign(fs, s); break;
    case RF_STMT_DESTRUCTURE: rf_compile_destructure(fs, s); break;
    case RF_STMT_COMPOUND: compile_compound(fs, s); break;
    case RF_STMT_FUNC: rf_compile_func_stmt(fs, s); break;
    case RF_STMT_STRUCT: rf_compile_struct_decl(fs, s); break;
    case RF_STMT_ENUM: break; /* documents names */
    case RF_STMT_IMPORT: rf_compile_import(fs, s); break;
    case RF_STMT_FROM: rf_compile_from(fs, s); break;
    case RF_STMT_RETURN: compile_return_stmt(fs, s); break;
    case RF_STMT_IF: compile_if(fs, s); break;
    case RF_STMT_MATCH: rf_compile_match(fs, s); break;
    case RF_STMT_WHILE: rf_compile_while(fs, s); break;
    case RF_STMT_FOR: rf_compile_for(fs, s); break;
    case RF_STMT_BREAK:
    case RF_STMT_CONTINUE: compile_leave_loop(fs, s); break;
    case RF_STMT_TRY: rf_compile_try(fs, s); break;
    case RF_STMT_TEST:
    case RF_STMT_TEST_SETUP:
    case RF_STMT_TEST_TEARDOWN:
    case RF_STMT_TEST_GROUP: rf_compile_test(fs, s); break;
    }
}

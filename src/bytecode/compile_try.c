/* try / except / finally (language.md 11.2).
 *
 * A finally block is compiled once. Two hidden locals say how it was reached: `action` (RF_ACTION_NORMAL, RF_ACTION_ERROR, or
 * the number of a return, break or continue that passes through) and `value` (the kept error or the return value). After the
 * block a chain of comparisons continues what was under way. */
#include "bytecode/compile.h"

static void add_handler(RfFuncState *fs, uint32_t start, uint32_t end, bool raw)
{
    if (end > start) {
        RfHandler *h = rf_vec_push(&fs->handlers, sizeof *h);
        *h = (RfHandler){start, end, rf_emit_pc(fs), fs->depth, raw};
    }
    fs->barrier = fs->code.len;
    fs->depth++; /* the error */
}

static void set_action(RfFuncState *fs, const RfControl *ctl, int64_t action, RfPos pos)
{
    rf_emit_const(fs, rf_int(action), pos);
    rf_emit(fs, RF_OP_STORE_LOCAL, ctl->action, 0, pos);
}

static void compile_handler(RfFuncState *fs, const RfStmt *s)
{
    RfScope scope;
    rf_scope_enter(fs, &scope, false);
    const RfName *name = &s->as.try_.error_name;
    if (name->text.len > 0) {
        uint32_t slot = rf_scope_slot(fs, 1);
        rf_emit(fs, RF_OP_STORE_LOCAL, slot, 0, name->pos);
        RfBinding *b =
            rf_scope_bind(fs, fs->scope, rf_compile_intern(fs->c, name->text), slot, RF_ROOT_LOCAL, RF_GLOBAL_MUT);
        rf_scope_change(fs, b, true, false, true);
    } else {
        rf_emit(fs, RF_OP_POP, 0, 0, s->pos);
    }
    rf_compile_block(fs, &s->as.try_.handler);
    rf_scope_leave_clear(fs, s->pos);
}

/* Goes on with what the finally block interrupted. */
static void compile_dispatch(RfFuncState *fs, RfControl *ctl, RfPos pos)
{
    RfLabel end = {0};
    rf_emit(fs, RF_OP_LOAD_LOCAL, ctl->action, 0, pos);
    rf_emit_jump(fs, RF_OP_JUMP_IF_FALSE, 0, &end, pos);
    for (uint32_t i = 0; i < ctl->exits.len; i++) {
        RfFinallyExit exit = RF_VEC_AT(&ctl->exits, RfFinallyExit, i);
        RfLabel next = {0};
        rf_emit(fs, RF_OP_LOAD_LOCAL, ctl->action, 0, pos);
        rf_emit_const(fs, rf_int(RF_ACTION_FIRST_EXIT + (int64_t)i), pos);
        rf_emit(fs, RF_OP_EQ, 0, 0, pos);
        rf_emit_jump(fs, RF_OP_JUMP_IF_FALSE, 0, &next, pos);
        if (exit.kind == RF_EXIT_RETURN) {
            rf_emit(fs, RF_OP_LOAD_LOCAL, ctl->value, 0, pos);
        }
        rf_compile_exit(fs, fs->control, exit.kind, exit.loop, pos);
        rf_emit_bind(fs, &next);
    }
    rf_emit(fs, RF_OP_LOAD_LOCAL, ctl->value, 0, pos);
    rf_emit(fs, RF_OP_RETHROW, 0, 0, pos);
    rf_emit_bind(fs, &end);
    rf_vec_free(&ctl->exits, sizeof(RfFinallyExit));
}

void rf_compile_try(RfFuncState *fs, const RfStmt *s)
{
    bool finally = s->as.try_.has_finally;
    RfScope scope;
    RfControl ctl = {.parent = fs->control, .finally = true};
    rf_scope_enter(fs, &scope, false);
    if (finally) {
        ctl.action = rf_scope_slot(fs, 2);
        ctl.value = ctl.action + 1;
        ctl.scope = &scope;
        fs->control = &ctl;
    }
    uint32_t outer_max = fs->region_max, first = fs->next_slot;
    fs->region_max = first;
    fs->try_depth++;
    uint32_t start = rf_emit_pc(fs);
    rf_compile_block(fs, &s->as.try_.body);
    uint32_t end = rf_emit_pc(fs);
    if (s->as.try_.has_except) {
        RfLabel after = {0};
        rf_emit_jump(fs, RF_OP_JUMP, 0, &after, s->pos);
        add_handler(fs, start, end, false);
        rf_emit_clear(fs, first, fs->region_max, s->pos);
        compile_handler(fs, s);
        rf_emit_bind(fs, &after);
    }
    if (finally) {
        set_action(fs, &ctl, RF_ACTION_NORMAL, s->pos);
        rf_emit_jump(fs, RF_OP_JUMP, 0, &ctl.entry, s->pos);
        uint32_t protected_end = rf_emit_pc(fs);
        add_handler(fs, start, protected_end, true);
        rf_emit(fs, RF_OP_STORE_LOCAL, ctl.value, 0, s->pos);
        set_action(fs, &ctl, RF_ACTION_ERROR, s->pos);
        rf_emit_clear(fs, first, fs->region_max, s->pos);
        fs->control = ctl.parent;
        rf_emit_bind(fs, &ctl.entry);
        rf_compile_block(fs, &s->as.try_.finally);
        compile_dispatch(fs, &ctl, s->pos);
    }
    fs->try_depth--;
    if (outer_max > fs->region_max) {
        fs->region_max = outer_max;
    }
    rf_scope_leave(fs);
}

/* Instructions on values of any kind, through helpers. Operands are given by address where they lie (borrowed), or lie in
 * their homes at the top and are consumed. In contrast to rf_gen_step only the variables that an instruction can reach are
 * brought home, and only what it can change is forgotten. */
#include "jit/compile.h"

#define MAYBE_UNDEF 0x7fffu /* a home whose value may also be UNDEF; class 0 is any value but UNDEF */

static bool boxed(const Slot *s)
{
    return s->k == K_HOME || s->k == K_ALIAS || s->k == K_GALIAS || s->k == K_CONST;
}

/* ---- operands and results ---- */

R rf_value_address(Emit *e, uint32_t slot)
{
    Slot *s = &e->s.slots[slot];
    if (s->k < K_HOME) {
        rf_store_scalar(e, rf_home(e, slot), slot);
    } else if (s->k == K_UNIT || s->k == K_BUILTIN) {
        rf_to_home(e, slot);
    }
    return e->dry || !e->block ? NULL : rf_cast(e, rf_place(e, slot), e->c->t_ptr);
}

void rf_drop_operands(Emit *e, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        e->s.slots[rf_top(e)] = (Slot){.k = K_DEAD};
        e->s.depth--;
    }
    e->exit_block = NULL;
}

static void operands_home(Emit *e, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        rf_to_home(e, rf_top(e) - i);
    }
}

/* A new operand in its home, or unboxed when the profile says what it will be. */
static void push_result(Emit *e)
{
    uint32_t d = rf_push_slot(e, K_HOME);
    rf_speculate(e, d, e->u->tos[e->pc + 1], e->pc + 1);
}

/* The result of a consuming helper: it lies where the lowest of its n operands lay. */
static void consumed(Emit *e, R status, uint32_t n)
{
    rf_check(e, status);
    rf_drop_operands(e, n);
    push_result(e);
}

/* A value outside the frame, for results that may not go where an operand lies. */
static R outside(Emit *e, L *value)
{
    *value = rf_temp(e, e->c->t_value);
    return e->dry || !e->block ? NULL : rf_cast(e, rf_addr(e, *value), e->c->t_ptr);
}

/* After a helper that has borrowed the n top operands and written a result to `value`. */
static void replace_operands(Emit *e, uint32_t n, L value)
{
    for (uint32_t i = 0; i < n; i++) {
        rf_pop_slot(e);
    }
    uint32_t d = rf_push_slot(e, K_HOME);
    if (!e->dry && e->block) {
        rf_copy_value(e, rf_home(e, d), rf_cast(e, rf_addr(e, value), e->c->t_valuep));
    }
    rf_speculate(e, d, e->u->tos[e->pc + 1], e->pc + 1);
}

/* The n top operands become a bool or int. */
static void replace_by_register(Emit *e, uint32_t n, SlotKind k, R value)
{
    L kept = rf_temp(e, k == K_FLOAT ? e->c->t_f64 : e->c->t_i64);
    rf_set(e, kept, value);
    for (uint32_t i = 0; i < n; i++) {
        rf_pop_slot(e);
    }
    uint32_t d = rf_push_slot(e, k);
    rf_set(e, k == K_FLOAT ? rf_freg(e, d) : rf_ireg(e, d), rf_val(e, kept));
}

/* ---- variables that a helper can reach ---- */

/* Scalars and dead locals show their value to the VM; they stay in registers as well. */
static void show_local(Emit *e, uint32_t i)
{
    if (e->s.slots[i].k < K_HOME) {
        rf_store_scalar(e, rf_home(e, i), i);
    }
}

static void show_locals(Emit *e)
{
    for (uint32_t i = 0; i < e->u->nlocals; i++) {
        show_local(e, i);
    }
}

static void widen(Slot *s)
{
    if (s->k == K_HOME) {
        s->class = s->class & RF_CLASS_UNDEF ? MAYBE_UNDEF : 0;
        s->shape = 0;
    }
}

void rf_before_place(Emit *e, uint32_t place)
{
    if (!place) {
        return;
    }
    const RfJobPath *path = &e->u->paths[place - 1];
    if (path->root == RF_ROOT_LOCAL) {
        rf_unalias_local(e, path->slot);
    }
    if (path->count > 0) { /* its steps read others */
        show_locals(e);
    } else if (path->root == RF_ROOT_LOCAL) {
        show_local(e, path->slot);
    }
    if (path->root == RF_ROOT_GLOBAL || path->varref & RF_VARREF_MAYBE) {
        rf_unalias_global(e, -1);
    }
}

void rf_after_place(Emit *e, uint32_t place)
{
    if (!place) {
        return;
    }
    const RfJobPath *path = &e->u->paths[place - 1];
    if (path->root == RF_ROOT_LOCAL) {
        rf_view_clear(e, false, path->slot, false);
        if (path->count == 0) {
            widen(&e->s.slots[path->slot]);
        }
    }
    if (path->root == RF_ROOT_GLOBAL || path->varref & RF_VARREF_MAYBE) {
        rf_view_clear_globals(e);
    }
}

/* ---- calls ---- */

void rf_gen_call_builtin(Emit *e, const RfBuiltin *b, uint32_t argc, uint32_t place)
{
    RfCompiler *c = e->c;
    bool calls = (b->flags & RF_BUILTIN_CALLS) != 0;
    place = b->flags & RF_BUILTIN_REUSES ? place : 0;
    operands_home(e, argc);
    rf_before_place(e, place);
    if (calls) { /* script code may change globals; locals only through their cells */
        rf_unalias_global(e, -1);
    }
    R status = NULL;
    if (!e->dry && e->block) {
        R builtin = rf_cast(e, rf_bound(e, RF_BIND_BUILTIN, 0, b->name, c->t_u8p), c->t_ptr);
        R args[4] = {e->vm, e->frame, rf_where(e), builtin};
        L kept = rf_temp(e, c->t_i32);
        rf_set(e, kept, rf_help(e, RF_HELPER_call_builtin, 4, args));
        status = rf_val(e, kept);
    }
    rf_after_place(e, place);
    if (calls) {
        rf_view_clear_globals(e);
    }
    consumed(e, status, argc + (e->u->code[e->pc].op == RF_OP_CALL)); /* with the callee, if there is one */
}

/* CALL or CALL_METHOD of whatever it is; n operands. */
void rf_gen_call_site(Emit *e, uint32_t n, uint32_t place)
{
    bool method = e->u->code[e->pc].op == RF_OP_CALL_METHOD;
    operands_home(e, n);
    rf_before_place(e, place);
    rf_unalias_global(e, -1);
    if (method) { /* the function may be a local variable */
        show_locals(e);
    }
    R status = NULL;
    if (!e->dry && e->block) {
        R args[3] = {e->vm, e->frame, rf_where(e)};
        L kept = rf_temp(e, e->c->t_i32);
        rf_set(e, kept, rf_help(e, RF_HELPER_call_site, 3, args));
        status = rf_val(e, kept);
    }
    rf_after_place(e, place);
    rf_view_clear_globals(e);
    consumed(e, status, n);
}

/* ---- operators ---- */

void rf_gen_binary_any(Emit *e, RfOp op)
{
    uint32_t place = op == RF_OP_ADD ? e->u->code[e->pc].b : 0;
    operands_home(e, 2);
    rf_before_place(e, place);
    rf_unalias_global(e, -1); /* operator methods */
    R status = NULL;
    if (!e->dry && e->block) {
        R args[4] = {e->vm, e->frame, rf_where(e), rf_k(e, op)};
        L kept = rf_temp(e, e->c->t_i32);
        rf_set(e, kept, rf_help(e, RF_HELPER_binary, 4, args));
        status = rf_val(e, kept);
    }
    rf_after_place(e, place);
    rf_view_clear_globals(e);
    consumed(e, status, 2);
}

void rf_gen_unary_any(Emit *e, RfOp op)
{
    operands_home(e, 1);
    rf_unalias_global(e, -1);
    R args[4] = {e->vm, e->frame, rf_where(e), rf_k(e, op)};
    R status = rf_help(e, RF_HELPER_unary, 4, args);
    rf_view_clear_globals(e);
    consumed(e, status, 1);
}

static bool may_be_struct(const Slot *s)
{
    return (s->k == K_HOME || s->k == K_ALIAS || s->k == K_GALIAS) && (!s->class || (s->class & RF_CLASS_STRUCT));
}

static R tag_of_slot(Emit *e, uint32_t slot)
{
    return rf_val(e, rf_tag(e, rf_place(e, slot)));
}

static R has_tag(Emit *e, uint32_t slot, RfTag tag)
{
    return rf_cmp(e, GCC_JIT_COMPARISON_EQ, tag_of_slot(e, slot), rf_kt(e, e->c->t_u64, tag));
}

static void guard_string(Emit *e, uint32_t slot)
{
    if (e->s.slots[slot].k != K_CONST) {
        rf_guard(e, has_tag(e, slot, RF_TAG_STRING), RF_REASON_TYPE_GUARD);
    }
}

/* Both operands are strings as far as the program has shown. */
static bool expect_strings(const Emit *e, uint32_t xi, uint32_t yi)
{
    const Slot *x = &e->s.slots[xi], *y = &e->s.slots[yi];
    uint16_t feedback = e->u->code[e->pc].a;
    if (e->u->level >= 2 || !boxed(x) || !boxed(y)) {
        return false;
    }
    bool constant = (x->k == K_CONST || y->k == K_CONST) && (x->k != K_CONST || x->class == RF_CLASS_STRING) &&
                    (y->k != K_CONST || y->class == RF_CLASS_STRING);
    return feedback == RF_FEEDBACK_STRING || (feedback == 0 && constant);
}

static bool compare_strings(Emit *e, RfOp op, uint32_t xi, uint32_t yi)
{
    RfCompiler *c = e->c;
    guard_string(e, xi);
    guard_string(e, yi);
    L result = rf_temp(e, c->t_i64);
    if (!e->dry && e->block) {
        R args[2] = {rf_val(e, rf_payload_p(e, rf_place(e, xi))), rf_val(e, rf_payload_p(e, rf_place(e, yi)))};
        if (op == RF_OP_EQ || op == RF_OP_NE) {
            gcc_jit_block *other = rf_block(e), *on = rf_block(e);
            rf_set(e, result, rf_k(e, op == RF_OP_EQ));
            rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, args[0], args[1]), on, other);
            e->block = other;
            rf_set(e, result,
                   rf_cast(e,
                           rf_cmp(e, op == RF_OP_EQ ? GCC_JIT_COMPARISON_NE : GCC_JIT_COMPARISON_EQ,
                                  rf_help(e, RF_HELPER_string_equal, 2, args), rf_kt(e, c->t_i32, 0)),
                           c->t_i64));
            rf_jump(e, on);
            e->block = on;
        } else {
            enum gcc_jit_comparison how = op == RF_OP_LT   ? GCC_JIT_COMPARISON_LT
                                          : op == RF_OP_GT ? GCC_JIT_COMPARISON_GT
                                          : op == RF_OP_LE ? GCC_JIT_COMPARISON_LE
                                                           : GCC_JIT_COMPARISON_GE;
            R order = rf_help(e, RF_HELPER_string_compare, 2, args);
            rf_set(e, result, rf_cast(e, rf_cmp(e, how, order, rf_kt(e, c->t_i32, 0)), c->t_i64));
        }
    }
    replace_by_register(e, 2, K_BOOL, rf_val(e, result));
    return true;
}

void rf_gen_compare_any(Emit *e, RfOp op)
{
    uint32_t yi = rf_top(e), xi = yi - 1;
    if (expect_strings(e, xi, yi) && compare_strings(e, op, xi, yi)) {
        return;
    }
    bool equality = op == RF_OP_EQ || op == RF_OP_NE;
    /* only a struct on the left can have a say in equality */
    if (!equality || may_be_struct(&e->s.slots[xi])) {
        rf_gen_binary_any(e, op);
        return;
    }
    R args[2] = {rf_value_address(e, xi), rf_value_address(e, yi)};
    R equal = rf_help(e, RF_HELPER_equal, 2, args);
    R same = rf_cmp(e, op == RF_OP_EQ ? GCC_JIT_COMPARISON_NE : GCC_JIT_COMPARISON_EQ, equal, rf_kt(e, e->c->t_i32, 0));
    replace_by_register(e, 2, K_BOOL, rf_cast(e, same, e->c->t_i64));
}

/* ---- elements and fields ---- */

void rf_gen_index_any(Emit *e, uint32_t xslot, uint32_t islot, bool consume_x)
{
    L value;
    R x = rf_value_address(e, xslot), i = rf_value_address(e, islot), out = outside(e, &value);
    R args[6] = {e->vm, e->frame, rf_where(e), x, i, out};
    rf_check(e, rf_help(e, RF_HELPER_index, 6, args));
    replace_operands(e, consume_x ? 2 : 1, value);
}

/* variable[i] := v with an index of any kind; operands v i. */
void rf_gen_store_index_any(Emit *e, bool global, uint32_t n)
{
    RfCompiler *c = e->c;
    uint32_t islot = rf_top(e), vslot = islot - 1;
    if (!global && (e->s.slots[n].k != K_HOME || (e->s.slots[n].class & RF_CLASS_UNDEF))) {
        rf_gen_step(e);
        return;
    }
    if (global) {
        rf_unalias_global(e, n);
    } else {
        rf_unalias_local(e, n);
    }
    rf_to_home(e, vslot);
    R place = NULL;
    if (global) { /* what cannot be changed is the interpreter's error */
        rf_guard(e, rf_global_is_mut(e, n), RF_REASON_GLOBAL_CHANGED);
        place = rf_global_place(e, n);
    } else {
        place = rf_home(e, n);
    }
    R index = rf_value_address(e, islot);
    rf_may_fail(e);
    if (!e->dry && e->block) {
        R args[6] = {
            e->vm, e->frame, rf_where(e), rf_cast(e, place, c->t_ptr), index, rf_cast(e, rf_home(e, vslot), c->t_ptr)};
        L status = rf_temp(e, c->t_i32);
        rf_set(e, status, rf_help(e, RF_HELPER_store_index, 6, args));
        e->s.slots[vslot] = (Slot){.k = K_NULL}; /* gone in either case */
        e->exit_block = NULL;
        rf_check(e, rf_val(e, status));
    }
    rf_pop_slot(e);
    rf_drop_operands(e, 1);
    rf_view_clear(e, global, n, false);
    if (!global) {
        widen(&e->s.slots[n]);
    }
}

void rf_gen_get_field_any(Emit *e)
{
    L value;
    R x = rf_value_address(e, rf_top(e)), out = outside(e, &value);
    R args[6] = {e->vm, e->frame, rf_where(e), x, rf_k(e, e->u->code[e->pc].b), out};
    rf_check(e, rf_help(e, RF_HELPER_field, 6, args));
    replace_operands(e, 1, value);
}

/* ---- what helper `apply` does: operands consumed, no variable touched ---- */

static void apply(Emit *e)
{
    int pops, pushes, at_target;
    rf_job_effect(e->u, e->u->code[e->pc], &pops, &pushes, &at_target);
    operands_home(e, (uint32_t)pops);
    R args[4] = {e->vm, e->frame, rf_where(e), rf_k(e, pops)};
    rf_check(e, rf_help(e, RF_HELPER_apply, 4, args));
    rf_drop_operands(e, (uint32_t)pops);
    if (pushes == 1) {
        push_result(e);
        return;
    }
    for (int i = 0; i < pushes; i++) {
        rf_push_slot(e, K_HOME);
    }
}

/* A path's root is read or written, everything else it needs lies on the stack. */
static bool gen_path(Emit *e, RfInstr in)
{
    const RfJobPath *path = &e->u->paths[in.b];
    bool store = in.op == RF_OP_STORE_PATH;
    if (path->root == RF_ROOT_LOCAL) {
        Slot *s = &e->s.slots[path->slot];
        if (s->k == K_UNDEF || s->k == K_DEAD || (s->class & RF_CLASS_UNDEF)) {
            return false;
        }
        show_local(e, path->slot);
        if (store) {
            rf_unalias_local(e, path->slot);
            if (s->k != K_HOME) { /* the error of storing into a scalar */
                return false;
            }
        }
    } else if (path->root == RF_ROOT_GLOBAL && store) {
        rf_unalias_global(e, path->slot);
    } else if (store) {
        rf_keep_elems(e);
        if (path->varref & RF_VARREF_MAYBE) { /* it may be a global */
            rf_unalias_global(e, -1);
            rf_view_clear_globals(e);
        }
    }
    if (store && rf_gen_store_path(e, path, in.a != 0)) {
        if (path->root == RF_ROOT_LOCAL && path->count == 1) {
            e->s.slots[path->slot].shape = 0;
            widen(&e->s.slots[path->slot]);
        }
        return true;
    }
    if (store) {
        apply(e);
        if (path->root == RF_ROOT_LOCAL) {
            Slot *s = &e->s.slots[path->slot];
            rf_view_clear(e, false, path->slot, false);
            if (s->class != RF_CLASS_STRUCT) { /* a struct stays one, of the same shape */
                widen(s);
            }
        } else if (path->root == RF_ROOT_GLOBAL) {
            rf_view_clear(e, true, path->slot, false);
        }
        return true;
    }
    operands_home(e, path->index_count);
    if (path->root == RF_ROOT_LOCAL) { /* what is loaded may be the variable's own array */
        rf_view_clear(e, false, path->slot, true);
    } else if (path->root == RF_ROOT_GLOBAL) {
        rf_view_clear(e, true, path->slot, true);
    }
    apply(e);
    return true;
}

/* ---- literals ---- */

/* Raises the error of the instruction at hand. */
static void gen_raise(Emit *e, uint32_t pops)
{
    operands_home(e, pops);
    R args[4] = {e->vm, e->frame, rf_where(e), rf_k(e, pops)};
    rf_eval(e, rf_help(e, RF_HELPER_apply, 4, args));
    rf_jump(e, rf_error(e));
    e->block = NULL;
}

static void gen_array(Emit *e, uint32_t count)
{
    RfCompiler *c = e->c;
    operands_home(e, count);
    uint32_t first = e->u->nlocals + e->s.depth - count;
    R array = NULL;
    if (!e->dry && e->block) {
        L kept = rf_temp(e, c->t_ptr);
        R args[2] = {rf_cast(e, rf_home(e, first), c->t_ptr), rf_k(e, count)};
        rf_set(e, kept, rf_help(e, RF_HELPER_array_new, 2, args));
        array = rf_cast(e, rf_val(e, kept), c->t_u8p);
    }
    rf_drop_operands(e, count);
    uint32_t d = rf_push_slot(e, K_HOME);
    rf_set(e, rf_tag(e, rf_home(e, d)), rf_kt(e, c->t_u64, RF_TAG_ARRAY));
    if (!e->dry && e->block) {
        rf_set(e, rf_payload_p(e, rf_home(e, d)), array);
    }
}

static void gen_closure(Emit *e, RfInstr in)
{
    uint32_t unit = e->u->protos[in.b];
    const RfJobUnit *of = unit == RF_JOB_NONE ? NULL : e->c->job->units + unit;
    if (of) {
        for (uint32_t i = 0; i < of->ncaptures; i++) {
            if (of->captures[i].kind == RF_CAPTURE_LOCAL || of->captures[i].kind == RF_CAPTURE_SHARED) {
                show_local(e, of->captures[i].slot);
                rf_view_clear(e, false, of->captures[i].slot, true);
            }
        }
    } else {
        show_locals(e);
        for (uint32_t i = 0; i < e->u->nlocals; i++) {
            rf_view_clear(e, false, i, true);
        }
    }
    uint32_t d = e->u->nlocals + e->s.depth;
    if (!e->dry && e->block) {
        R args[5] = {e->vm, e->frame, rf_where(e), rf_k(e, in.b), rf_cast(e, rf_home(e, d), e->c->t_ptr)};
        rf_eval(e, rf_help(e, RF_HELPER_closure, 5, args));
    }
    rf_push_slot(e, K_HOME);
}

/* ---- cells ---- */

R rf_shared_place(Emit *e, uint32_t local)
{
    if (e->dry || !e->block) {
        return NULL;
    }
    R cell = rf_val(e, rf_payload_p(e, rf_home(e, local)));
    return rf_cast(e, rf_addr(e, rf_at(e, cell, offsetof(RfCell, value), e->c->t_value)), e->c->t_valuep);
}

static R not_undef(Emit *e, R address)
{
    return rf_cmp(e, GCC_JIT_COMPARISON_NE, rf_val(e, rf_tag(e, address)), rf_kt(e, e->c->t_u64, RF_TAG_UNDEF));
}

static void new_cell(Emit *e, uint32_t local)
{
    RfCompiler *c = e->c;
    rf_unalias_local(e, local);
    rf_release_slot(e, local);
    if (!e->dry && e->block) {
        R home = rf_home(e, local);
        R cell = rf_help(e, RF_HELPER_cell_new, 0, NULL);
        L kept = rf_temp(e, c->t_ptr);
        rf_set(e, kept, cell);
        rf_set(e, rf_tag(e, home), rf_kt(e, c->t_u64, RF_TAG_CELL));
        rf_set(e, rf_payload_p(e, home), rf_cast(e, rf_val(e, kept), c->t_u8p));
    }
    e->s.slots[local] = (Slot){.k = K_HOME};
    e->exit_block = NULL;
    rf_view_clear(e, false, local, false);
}

static void load_shared(Emit *e, uint32_t local)
{
    L at = rf_temp(e, e->c->t_valuep);
    rf_set(e, at, rf_shared_place(e, local));
    rf_guard(e, not_undef(e, rf_val(e, at)), RF_REASON_TYPE_GUARD);
    uint32_t d = rf_push_slot(e, K_DEAD);
    if (rf_kind_of_class(e->u->tos[e->pc + 1]) == K_HOME && rf_is_fleeting(e, e->s.depth)) {
        rf_set_elem(e, d, rf_val(e, at));
        return;
    }
    rf_load_value(e, rf_val(e, at), d, e->u->tos[e->pc + 1], false);
}

static void store_shared(Emit *e, uint32_t local)
{
    uint32_t top = rf_top(e);
    rf_to_home(e, top);
    if (!e->dry && e->block) {
        L at = rf_temp(e, e->c->t_valuep);
        rf_set(e, at, rf_shared_place(e, local));
        /* the old value goes last: freeing it must not meet itself in the cell */
        L old = rf_temp(e, e->c->t_value);
        R kept = rf_cast(e, rf_addr(e, old), e->c->t_valuep);
        rf_copy_value(e, kept, rf_val(e, at));
        rf_copy_value(e, rf_val(e, at), rf_home(e, top));
        rf_release_at(e, kept);
    }
    rf_drop_operands(e, 1);
}

static void test_cell(Emit *e, RfInstr in)
{
    R place = NULL;
    if (in.op == RF_OP_TEST_SHARED) {
        place = rf_shared_place(e, in.a);
    } else if (!e->dry && e->block) {
        int64_t offset = (int64_t)(offsetof(RfFunction, cells) + in.a * sizeof(void *));
        R cell = rf_val(e, rf_at(e, rf_val(e, e->closure), offset, e->c->t_u8p));
        place = rf_cast(e, rf_addr(e, rf_at(e, cell, offsetof(RfCell, value), e->c->t_value)), e->c->t_valuep);
    }
    R set = not_undef(e, place);
    gcc_jit_block *next = rf_edge(e, e->pc + 1), *unset = rf_edge(e, in.b);
    rf_branch(e, set, next, unset);
    e->block = NULL;
}

static void has_field(Emit *e, RfInstr in)
{
    R has = NULL;
    if (!e->dry && e->block && e->s.slots[in.a].k == K_HOME) {
        R proto = rf_cast(e, rf_bound(e, RF_BIND_PROTO, e->u->number, NULL, e->c->t_u8p), e->c->t_ptr);
        R args[3] = {rf_cast(e, rf_home(e, in.a), e->c->t_ptr), rf_k(e, e->pc), proto};
        has = rf_cast(e, rf_cmp(e, GCC_JIT_COMPARISON_NE, rf_help(e, RF_HELPER_match, 3, args), rf_kt(e, e->c->t_i32, 0)),
                      e->c->t_i64);
    } else {
        has = rf_k(e, 0);
    }
    replace_by_register(e, 0, K_BOOL, has);
}

/* local[i], and the local gives its value up. */
static void index_last(Emit *e, RfInstr in)
{
    uint32_t islot = rf_top(e);
    L value;
    rf_unalias_local(e, in.a);
    R x = rf_value_address(e, in.a), i = rf_value_address(e, islot), out = outside(e, &value);
    R args[6] = {e->vm, e->frame, rf_where(e), x, i, out};
    rf_check(e, rf_help(e, RF_HELPER_index, 6, args));
    rf_release_slot(e, in.a);
    e->s.slots[in.a] = (Slot){.k = K_NULL};
    rf_view_clear(e, false, in.a, false);
    replace_operands(e, 1, value);
}

static bool load_callee(Emit *e)
{
    const RfJobUnit *u = e->u;
    if (u->ncaptures == 0) { /* functions without captures are equal when their code is the same */
        if (u->flags & (RF_PROTO_MAIN | RF_PROTO_SPAWN | RF_PROTO_TEST)) {
            return false;
        }
        uint32_t d = rf_push_slot(e, K_UNIT);
        e->s.slots[d].n = u->number;
        return true;
    }
    uint32_t d = rf_push_slot(e, K_HOME);
    R home = rf_home(e, d);
    if (!e->dry && e->block) {
        rf_set(e, rf_tag(e, home), rf_kt(e, e->c->t_u64, RF_TAG_FUNCTION));
        rf_set(e, rf_payload_p(e, home), rf_val(e, e->closure));
        rf_retain_at(e, home);
    }
    return true;
}

/* ---- patterns ---- */

static void match_variant(Emit *e, RfInstr in)
{
    RfCompiler *c = e->c;
    uint32_t top = rf_top(e);
    L result = rf_temp(e, c->t_i64);
    if (!boxed(&e->s.slots[top])) {
        rf_set(e, result, rf_k(e, 0));
    } else if (!e->dry && e->block) {
        if (in.a == 3) {
            rf_set(e, result, rf_cast(e, has_tag(e, top, RF_TAG_NONE), c->t_i64));
        } else {
            gcc_jit_block *variant = rf_block(e), *on = rf_block(e);
            rf_set(e, result, rf_k(e, 0));
            rf_branch(e, has_tag(e, top, RF_TAG_VARIANT), variant, on);
            e->block = variant;
            R kind =
                rf_val(e, rf_at(e, rf_val(e, rf_payload_p(e, rf_place(e, top))), offsetof(RfObject, aux), c->t_u16));
            rf_set(e, result, rf_cast(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, kind, rf_kt(e, c->t_u16, in.a)), c->t_i64));
            rf_jump(e, on);
            e->block = on;
        }
    }
    replace_by_register(e, 1, K_BOOL, rf_val(e, result));
}

static void match_by_helper(Emit *e, RfInstr in)
{
    uint32_t top = rf_top(e);
    if (in.op == RF_OP_MATCH_EQUAL && e->s.slots[top].k == K_INT && e->u->consts[in.b].tag == RF_TAG_INT) {
        R same = rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_ireg(e, top)), rf_k(e, e->u->consts[in.b].payload));
        replace_by_register(e, 1, K_BOOL, rf_cast(e, same, e->c->t_i64));
        return;
    }
    R value = rf_value_address(e, top);
    R same = NULL;
    if (!e->dry && e->block) {
        R proto = rf_cast(e, rf_bound(e, RF_BIND_PROTO, e->u->number, NULL, e->c->t_u8p), e->c->t_ptr);
        R args[3] = {value, rf_k(e, e->pc), proto};
        same = rf_cmp(e, GCC_JIT_COMPARISON_NE, rf_help(e, RF_HELPER_match, 3, args), rf_kt(e, e->c->t_i32, 0));
    }
    replace_by_register(e, 1, K_BOOL, rf_cast(e, same, e->c->t_i64));
}

static void payload(Emit *e, RfInstr in)
{
    L value;
    R x = rf_value_address(e, rf_top(e)), out = outside(e, &value);
    R args[3] = {x, rf_k(e, in.a), out};
    rf_eval(e, rf_help(e, RF_HELPER_payload, 3, args));
    replace_operands(e, 1, value);
}

static void gen_try(Emit *e, RfInstr in)
{
    RfCompiler *c = e->c;
    uint32_t top = rf_top(e);
    rf_to_home(e, top);
    gcc_jit_block *good = rf_block(e), *variant = rf_block(e), *other = rf_block(e), *left = rf_block(e);
    R home = rf_home(e, top);
    if (!e->dry && e->block) {
        rf_branch(e, rf_likely(e, has_tag(e, top, RF_TAG_VARIANT), true), variant, other);
        e->block = other;
        rf_guard(e, has_tag(e, top, RF_TAG_NONE), RF_REASON_TYPE_GUARD);
        rf_jump(e, left);
        e->block = variant;
        L strct = rf_temp(e, c->t_u8p);
        rf_set(e, strct, rf_val(e, rf_payload_p(e, home)));
        R kind = rf_val(e, rf_at(e, rf_val(e, strct), offsetof(RfObject, aux), c->t_u16));
        rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_NE, kind, rf_kt(e, c->t_u16, RF_VARIANT_ERR)), true),
                  good, left);
        e->block = good;
        L inner = rf_temp(e, c->t_value);
        R kept = rf_cast(e, rf_addr(e, inner), c->t_valuep);
        R from =
            rf_cast(e, rf_addr(e, rf_at(e, rf_val(e, strct), offsetof(RfVariant, payload), c->t_value)), c->t_valuep);
        rf_copy_value(e, kept, from);
        rf_retain_at(e, kept);
        rf_release_at(e, home);
        rf_copy_value(e, home, kept);
    }
    e->s.slots[top] = (Slot){.k = K_HOME};
    e->exit_block = NULL;
    gcc_jit_block *taken = rf_edge(e, in.b);
    if (!e->dry && e->block) {
        rf_jump(e, taken);
        e->block = left;
    }
    rf_goto(e, e->pc + 1);
}

/* ---- the instructions that have no family file ---- */

bool rf_gen_generic(Emit *e)
{
    RfInstr in = e->u->code[e->pc];
    switch ((RfOp)in.op) {
    case RF_OP_ARRAY: gen_array(e, in.b); return true;
    case RF_OP_INTERP:
    case RF_OP_ARRAY_PUSH:
    case RF_OP_ARRAY_EXTEND:
    case RF_OP_DICT:
    case RF_OP_DICT_PUT:
    case RF_OP_DICT_EXTEND:
    case RF_OP_DICT_KEY:
    case RF_OP_VARIANT:
    case RF_OP_ENUM:
    case RF_OP_RANGE:
    case RF_OP_DESTRUCT_ARRAY:
    case RF_OP_DESTRUCT_DICT:
    case RF_OP_GET_FIELD_OPT:
    case RF_OP_TEST_GLOBAL: apply(e); return true;
    case RF_OP_CLOSURE: gen_closure(e, in); return true;
    case RF_OP_LOAD_PATH:
    case RF_OP_STORE_PATH: return gen_path(e, in);
    case RF_OP_NEW_CELL: new_cell(e, in.a); return true;
    case RF_OP_LOAD_SHARED:
    case RF_OP_STORE_SHARED:
    case RF_OP_TEST_SHARED:
        if (e->s.slots[in.a].k != K_HOME || (e->s.slots[in.a].class & RF_CLASS_UNDEF)) {
            return false;
        }
        if (in.op == RF_OP_LOAD_SHARED) {
            load_shared(e, in.a);
        } else if (in.op == RF_OP_STORE_SHARED) {
            store_shared(e, in.a);
        } else {
            test_cell(e, in);
        }
        return true;
    case RF_OP_TEST_CELL: test_cell(e, in); return true;
    case RF_OP_MATCH_VARIANT: match_variant(e, in); return true;
    case RF_OP_MATCH_ENUM:
    case RF_OP_MATCH_WORD:
    case RF_OP_MATCH_EQUAL: match_by_helper(e, in); return true;
    case RF_OP_PAYLOAD: payload(e, in); return true;
    case RF_OP_TRY: gen_try(e, in); return true;
    case RF_OP_LOAD_CALLEE: return load_callee(e);
    case RF_OP_HAS_FIELD: has_field(e, in); return true;
    case RF_OP_INDEX_LAST:
        if (e->s.slots[in.a].k != K_HOME || (e->s.slots[in.a].class & RF_CLASS_UNDEF) || e->s.slots[in.a].borrowed) {
            return false;
        }
        index_last(e, in);
        return true;
    case RF_OP_THROW:
    case RF_OP_RETHROW: gen_raise(e, 1); return true;
    case RF_OP_RAISE: gen_raise(e, 0); return true;
    default: return false;
    }
}

/* for loops. The three locals of an iterator (iterate.c) are: the source, or the step of an int iterator; position or next
 * value; count. The last two are ints whatever the source is and live in registers; so does the step. The homes have exactly
 * the interpreter's layout once the registers are stored, so an exit at FOR_LOOP goes on with the next item. */
#include <stddef.h>
#include <string.h>

#include "jit/compile.h"

#define ARRAYS (RF_CLASS_INTS | RF_CLASS_FLOATS | RF_CLASS_BOOLS | RF_CLASS_VALUES)

/* ---- what the profile says of the source ---- */

static uint16_t class_at_prep(const Emit *e, uint32_t pc)
{
    uint16_t seen = e->u->tos[pc] & (uint16_t)~RF_CLASS_SEEN;
    if (seen || pc == 0) {
        return seen;
    }
    RfInstr in = e->u->code[pc - 1]; /* it never ran: what is its operand known to be? */
    if (in.op == RF_OP_LOAD_LOCAL) {
        return rf_classes_of(e, false, in.a);
    }
    return in.op == RF_OP_LOAD_GLOBAL ? rf_classes_of(e, true, in.b) : 0;
}

uint16_t rf_for_sources(const Emit *e, uint32_t loop)
{
    const RfJobUnit *u = e->u;
    uint32_t it = u->code[loop].a;
    uint16_t seen = 0;
    for (uint32_t i = 0; i < u->nloops; i++) {
        if (e->osr == (int32_t)u->loops[i].pc && rf_alive(e, u->loops[i].pc, it)) {
            seen |= u->loops[i].locals[it] & (uint16_t)~RF_CLASS_NULL;
        }
    }
    if (e->generator && u->seen && rf_alive(e, loop, it)) {
        seen |= u->seen[it].class & (uint16_t)~RF_CLASS_NULL;
    }
    for (uint32_t pc = 0; pc + 1 < u->code_len; pc++) {
        RfInstr next = u->code[pc + 1]; /* the jump to its loop */
        if (u->code[pc].op == RF_OP_FOR_PREP && u->code[pc].a == it && next.op == RF_OP_JUMP && next.b == loop) {
            seen |= class_at_prep(e, pc);
        }
    }
    return seen & (uint16_t)~RF_CLASS_SEEN;
}

uint16_t rf_for_class(const Emit *e, uint32_t loop)
{
    uint16_t seen = rf_for_sources(e, loop);
    return e->u->level < 2 && !(seen & ~ARRAYS) ? rf_array_class(seen) : 0;
}

/* ---- starting ---- */

static void pop_operands(Emit *e, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        rf_pop_slot(e);
    }
}

/* The iterator's locals give up what they hold. */
static void release_iterator(Emit *e, uint32_t it)
{
    for (uint32_t i = it; i < it + 3; i++) {
        rf_unalias_local(e, i);
        rf_release_slot(e, i);
        rf_set_slot(e, i, K_DEAD);
        rf_view_clear(e, false, i, false);
    }
    e->exit_block = NULL;
}

/* count := (high - low - 1) / step + 1 when low < high */
static void count_steps(Emit *e, uint32_t it, R low, R high, R step)
{
    RfCompiler *c = e->c;
    gcc_jit_block *some = rf_block(e), *on = rf_block(e);
    rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_LT, low, high), some, on);
    e->block = some;
    R span = rf_bin(e, GCC_JIT_BINARY_OP_MINUS, c->t_u64, rf_cast(e, high, c->t_u64), rf_cast(e, low, c->t_u64));
    if (step) {
        R one = rf_kt(e, c->t_u64, 1);
        span = rf_bin(e, GCC_JIT_BINARY_OP_DIVIDE, c->t_u64, rf_bin(e, GCC_JIT_BINARY_OP_MINUS, c->t_u64, span, one),
                      step);
        span = rf_bin(e, GCC_JIT_BINARY_OP_PLUS, c->t_u64, span, one);
    }
    rf_set(e, rf_ireg(e, it + 2), rf_cast(e, span, c->t_i64));
    rf_jump(e, on);
    e->block = on;
}

/* Iterator over start, start + step, ... below (above) stop. step NULL: 1, else it is not 0. The operands are gone. */
static void start_ints(Emit *e, uint32_t it, L start, L stop, L step)
{
    RfCompiler *c = e->c;
    release_iterator(e, it);
    for (uint32_t i = it; i < it + 3; i++) {
        rf_set_slot(e, i, K_INT);
    }
    if (e->dry || !e->block) {
        return;
    }
    rf_set(e, rf_ireg(e, it), step ? rf_val(e, step) : rf_k(e, 1));
    rf_set(e, rf_ireg(e, it + 1), rf_val(e, start));
    rf_set(e, rf_ireg(e, it + 2), rf_k(e, 0));
    if (!step) {
        count_steps(e, it, rf_val(e, start), rf_val(e, stop), NULL);
        return;
    }
    gcc_jit_block *up = rf_block(e), *down = rf_block(e), *on = rf_block(e);
    R by = rf_cast(e, rf_val(e, step), c->t_u64);
    rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_GT, rf_val(e, step), rf_k(e, 0)), up, down);
    e->block = up;
    count_steps(e, it, rf_val(e, start), rf_val(e, stop), by);
    rf_jump(e, on);
    e->block = down;
    count_steps(e, it, rf_val(e, stop), rf_val(e, start),
                rf_bin(e, GCC_JIT_BINARY_OP_MINUS, c->t_u64, rf_kt(e, c->t_u64, 0), by));
    rf_jump(e, on);
    e->block = on;
}

static bool is_boxed(const Slot *s)
{
    return s->k == K_HOME || s->k == K_ALIAS || s->k == K_GALIAS;
}

/* Can the number in slot be read as an int without leaving out what the instruction does with others? seen: its classes. */
static bool is_number(const Emit *e, uint32_t slot, uint16_t seen, bool floats)
{
    const Slot *s = &e->s.slots[slot];
    seen &= (uint16_t)~RF_CLASS_SEEN;
    if (s->k == K_INT || (floats && s->k == K_FLOAT)) {
        return true;
    }
    return is_boxed(s) && e->u->level < 2 && (seen == RF_CLASS_INT || (floats && seen == RF_CLASS_FLOAT));
}

/* Its value; floats go the way of rf_float_to_int, those beyond the ints (and NaN) are left to the interpreter. */
static void read_number(Emit *e, L to, uint32_t slot, uint16_t seen)
{
    const Slot *s = &e->s.slots[slot];
    seen &= (uint16_t)~RF_CLASS_SEEN;
    if (s->k == K_INT || (s->k != K_FLOAT && seen == RF_CLASS_INT)) {
        rf_set(e, to, rf_as_int(e, slot, RF_REASON_TYPE_GUARD));
        return;
    }
    L x = rf_temp(e, e->c->t_f64);
    rf_set(e, x, rf_as_float(e, slot, RF_REASON_TYPE_GUARD));
    rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_LT, rf_val(e, x), rf_kf(e, 9e18)), RF_REASON_OVERFLOW);
    rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_GT, rf_val(e, x), rf_kf(e, -9e18)), RF_REASON_OVERFLOW);
    rf_set(e, to, rf_cast(e, rf_val(e, x), e->c->t_i64));
}

/* After a step of the interpreter: what must be ints are ints. */
static void unbox_ints(Emit *e, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        if (e->s.slots[i].k != K_INT) {
            rf_set(e, rf_ireg(e, i), rf_val(e, rf_payload(e, rf_home(e, i))));
            rf_set_slot(e, i, K_INT);
        }
    }
    e->exit_block = NULL;
}

static void gen_range_call(Emit *e)
{
    RfInstr in = e->u->code[e->pc];
    uint32_t argc = in.a, callee = rf_top(e) - argc;
    const Slot *f = &e->s.slots[callee];
    bool known = f->k == K_BUILTIN && f->name && strcmp(f->name, "range") == 0;
    /* only the last argument is on top here: the others are what the profile says of it, or the interpreter's */
    uint16_t seen = e->u->tos[e->pc] & (uint16_t)~RF_CLASS_SEEN;
    seen = seen ? seen : RF_CLASS_INT;
    for (uint32_t i = 1; i <= argc; i++) {
        known = known && is_number(e, callee + i, i == argc ? seen : RF_CLASS_INT, true);
    }
    if (!known) {
        rf_gen_step(e);
        return;
    }
    L bound[3];
    for (uint32_t i = 0; i < 3; i++) {
        bound[i] = rf_temp(e, e->c->t_i64);
    }
    rf_set(e, bound[0], rf_k(e, 0));
    rf_set(e, bound[2], rf_k(e, 1));
    for (uint32_t i = 0; i < argc; i++) {
        read_number(e, bound[argc == 1 ? 1 : i], callee + 1 + i, i + 1 == argc ? seen : RF_CLASS_INT);
    }
    if (argc == 3) { /* step 0 is an error */
        rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_NE, rf_val(e, bound[2]), rf_k(e, 0)), RF_REASON_OVERFLOW);
    }
    pop_operands(e, argc + 1);
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t slot = rf_push_slot(e, K_INT);
        rf_set(e, rf_ireg(e, slot), rf_val(e, bound[i]));
    }
}

static void gen_for_step(Emit *e)
{
    uint32_t first = rf_top(e) - 2;
    L bound[3];
    unbox_ints(e, first, 3); /* RANGE_CALL has made them */
    for (uint32_t i = 0; i < 3; i++) {
        bound[i] = rf_temp(e, e->c->t_i64);
        rf_set(e, bound[i], rf_val(e, rf_ireg(e, first + i)));
    }
    pop_operands(e, 3);
    start_ints(e, e->u->code[e->pc].a, bound[0], bound[1], bound[2]);
}

static void gen_for_range(Emit *e)
{
    RfInstr in = e->u->code[e->pc];
    uint32_t top = rf_top(e);
    uint16_t seen = e->u->tos[e->pc] & (uint16_t)~RF_CLASS_SEEN;
    seen = seen ? seen : RF_CLASS_INT;
    if (!is_number(e, top, seen, false) || !is_number(e, top - 1, RF_CLASS_INT, false)) {
        rf_gen_step(e);
        unbox_ints(e, in.a, 3);
        return;
    }
    L low = rf_temp(e, e->c->t_i64), high = rf_temp(e, e->c->t_i64);
    read_number(e, low, top - 1, RF_CLASS_INT);
    read_number(e, high, top, RF_CLASS_INT);
    pop_operands(e, 2);
    start_ints(e, in.a, low, high, NULL);
    if (in.b && !e->dry && e->block) {
        L count = rf_ireg(e, in.a + 2);
        R more = rf_cast(e, rf_cmp(e, GCC_JIT_COMPARISON_LE, rf_val(e, low), rf_val(e, high)), e->c->t_i64);
        rf_set(e, count, rf_bin(e, GCC_JIT_BINARY_OP_PLUS, e->c->t_i64, rf_val(e, count), more));
    }
}

static void gen_for_prep(Emit *e)
{
    RfCompiler *c = e->c;
    uint32_t it = e->u->code[e->pc].a, top = rf_top(e);
    uint16_t seen = class_at_prep(e, e->pc);
    if (is_number(e, top, seen, true)) {
        L start = rf_temp(e, c->t_i64), stop = rf_temp(e, c->t_i64);
        rf_set(e, start, rf_k(e, 0));
        read_number(e, stop, top, seen);
        pop_operands(e, 1);
        start_ints(e, it, start, stop, NULL);
        return;
    }
    if (e->u->level >= 2 || !seen || (seen & ~ARRAYS) || !is_boxed(&e->s.slots[top])) {
        rf_gen_step(e);
        unbox_ints(e, it + 1, 2);
        return;
    }
    rf_guard(e,
             rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, rf_place(e, top))), rf_kt(e, c->t_u64, RF_TAG_ARRAY)),
             RF_REASON_TYPE_GUARD);
    rf_to_home(e, top);
    release_iterator(e, it);
    rf_copy_value(e, rf_home(e, it), rf_home(e, top));
    e->s.slots[it] = (Slot){.k = K_HOME};
    for (uint32_t i = it + 1; i < it + 3; i++) {
        rf_set_slot(e, i, K_INT);
        rf_set(e, rf_ireg(e, i), rf_k(e, 0));
    }
    rf_set_slot(e, top, K_DEAD);
    e->s.depth--;
    e->exit_block = NULL;
}

bool rf_gen_for(Emit *e)
{
    switch ((RfOp)e->u->code[e->pc].op) {
    case RF_OP_FOR_PREP: gen_for_prep(e); return true;
    case RF_OP_FOR_RANGE: gen_for_range(e); return true;
    case RF_OP_RANGE_CALL: gen_range_call(e); return true;
    case RF_OP_FOR_STEP: gen_for_step(e); return true;
    case RF_OP_FOR_LOOP:
    case RF_OP_FOR_LOOP2:
        unbox_ints(e, e->u->code[e->pc].a + 1, 2);
        rf_gen_for_loop(e);
        return true;
    default: return false;
    }
}

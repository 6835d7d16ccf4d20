/* Guards, and the exits they lead to: the cold code that leaves for the interpreter. */
#include <string.h>

#include "jit/compile.h"

static uint32_t add_exit(Emit *e, RfExit exit)
{
    RfImageHead *h = &e->c->head;
    if (h->nexits == e->c->exits_cap) {
        uint32_t cap = e->c->exits_cap ? e->c->exits_cap * 2 : 64;
        h->exits = rf_mem_resize(h->exits, sizeof(RfExit) * e->c->exits_cap, sizeof(RfExit) * cap);
        e->c->exits_cap = cap;
    }
    h->exits[h->nexits] = exit;
    return h->nexits++;
}

uint32_t rf_exit_number(Emit *e, uint32_t pc, uint32_t nslots)
{
    char *states = rf_mem_alloc(nslots + 1);
    memset(states, RF_SLOT_HOME, nslots);
    states[nslots] = 0;
    return add_exit(e, (RfExit){.unit = e->u->number,
                                .pc = pc,
                                .nslots = nslots,
                                .reason = RF_REASON_TYPE_GUARD,
                                .guard = true,
                                .slots = states});
}

/* Does anything read local i when the interpreter goes on at pc, or in a handler of the error raised there? */
static bool wanted_at_exit(const Emit *e, uint32_t pc, uint32_t i, RfExitError error)
{
    return error == RF_EXIT_HANDLED || !e->live || rf_alive(e, pc, i);
}

/* Brings slot i to its home for an exit, as far as only the code can do that; its state there. What helper `exit` can find by a
 * number goes to *number: there are many exits, and hardly one is ever taken. */
static char leave_slot(Emit *e, uint32_t i, uint32_t *number)
{
    Slot *s = &e->s.slots[i];
    *number = s->n;
    switch (s->k) {
    case K_DEAD:
    case K_NULL: return RF_SLOT_NULL;
    case K_UNDEF: return RF_SLOT_UNDEF;
    case K_INT: return RF_SLOT_INT; /* the others are stored by leave_chain */
    case K_BOOL: return RF_SLOT_BOOL;
    case K_FLOAT: return RF_SLOT_FLOAT;
    case K_ELEM:
        rf_set(e, rf_payload_p(e, rf_home(e, i)), rf_cast(e, rf_val(e, e->areg[i]), e->c->t_u8p));
        return RF_SLOT_ELEM;
    case K_ALIAS:
        if (s->moved) { /* the local has given it up */
            e->s.slots[s->n].k = K_NULL;
            return RF_SLOT_MOVED;
        }
        return RF_SLOT_LOCAL;
    case K_LENT: rf_copy_value(e, rf_home(e, i), rf_place(e, i)); return RF_SLOT_BORROWED;
    case K_GALIAS: return RF_SLOT_GLOBAL;
    case K_CONST: return RF_SLOT_CONST;
    case K_UNIT: rf_bind_number(e->c, RF_BIND_FUNCTION, s->n, NULL); return RF_SLOT_UNIT; /* have it loaded */
    case K_BUILTIN: *number = rf_bind_number(e->c, RF_BIND_BUILTIN, 0, s->name); return RF_SLOT_BUILTIN;
    default: return s->borrowed ? RF_SLOT_BORROWED : RF_SLOT_HOME; /* the interpreter will release it */
    }
}

static void store_register(Emit *e, uint32_t i, uint8_t k)
{
    if (k == K_FLOAT) {
        rf_set(e, rf_payload_f(e, rf_home(e, i)), rf_val(e, rf_freg(e, i)));
    } else {
        rf_set(e, rf_payload(e, rf_home(e, i)), rf_val(e, rf_ireg(e, i)));
    }
}

/* The block that stores slot i, a scalar of kind k, and goes on to next. */
static gcc_jit_block *leave_block(Emit *e, uint32_t i, uint8_t k, gcc_jit_block *next)
{
    for (uint32_t j = 0; j < e->nleaves; j++) {
        if (e->leaves[j].slot == i && e->leaves[j].k == k && e->leaves[j].next == next) {
            return e->leaves[j].block;
        }
    }
    if (e->nleaves == e->leaves_cap) {
        uint32_t cap = e->leaves_cap ? e->leaves_cap * 2 : 64;
        e->leaves = rf_mem_resize(e->leaves, sizeof(Leave) * e->leaves_cap, sizeof(Leave) * cap);
        e->leaves_cap = cap;
    }
    gcc_jit_block *from = e->block, *block = e->block = rf_block(e);
    e->homes_block = block; /* the exit has set fp */
    e->leaves[e->nleaves++] = (Leave){.slot = i, .k = k, .block = block, .next = next};
    store_register(e, i, k);
    rf_jump(e, next);
    e->block = from;
    return block;
}

/* Where an exit goes to have its registers stored. */
static gcc_jit_block *leave_chain(Emit *e, const RfExit *exit, gcc_jit_block *end)
{
    for (uint32_t i = 0; i < exit->nslots; i++) {
        char state = exit->slots[i];
        if (state != RF_SLOT_INT && state != RF_SLOT_BOOL && state != RF_SLOT_FLOAT) {
            continue;
        }
        if (i >= e->u->nlocals || e->lazy_fp) {
            store_register(e, i, state == RF_SLOT_FLOAT ? K_FLOAT : K_INT);
        } else {
            end = leave_block(e, i, state == RF_SLOT_FLOAT ? K_FLOAT : K_INT, end);
        }
    }
    return end;
}

static void *copy_of(const void *data, size_t size)
{
    return memcpy(rf_mem_alloc(size), data, size);
}

/* Calls helper `exit` with a new exit in the current block, which ends. Its slots and numbers are taken. There is one call for all exits of a
 * function (and one for those that pass no fp): calls are dear in GCC. */
static void call_exit(Emit *e, RfExit exit)
{
    exit.unit = e->u->number;
    exit.expected = e->expected;
    e->expected = 0;
    RfCompiler *c = e->c;
    R number = rf_kt(e, c->t_u64, add_exit(e, exit));
    if (e->absent) { /* the exit behind it, which is no failure of a guess */
        exit.reason = RF_REASON_BOUNDS;
        exit.guard = false;
        exit.slots = copy_of(exit.slots, exit.nslots + 1u);
        exit.numbers = copy_of(exit.numbers, sizeof(uint32_t) * exit.nnumbers);
        add_exit(e, exit);
        R absent = rf_cmp(e, GCC_JIT_COMPARISON_LT, rf_val(e, e->absent), rf_kt(e, c->t_i32, 0));
        number = rf_bin(e, GCC_JIT_BINARY_OP_PLUS, c->t_u64, number, rf_cast(e, absent, c->t_u64));
        e->absent = NULL;
    }
    unsigned raised = exit.error == RF_EXIT_RAISED, marked = e->s.marked;
    if (!e->leave[raised][marked]) {
        gcc_jit_block *from = e->block;
        e->leave_with = e->leave_with ? e->leave_with : rf_temp(e, c->t_u64);
        e->leave[raised][marked] = e->block = rf_block(e);
        R fp = raised ? rf_kt(e, c->t_ptr, 0) : rf_cast(e, e->fp, c->t_ptr);
        R args[4] = {e->vm, e->frame, fp, rf_val(e, e->leave_with)};
        rf_gcc.block_end_with_return(e->block, NULL, rf_help(e, RF_HELPER_exit, 4, args));
        e->block = from;
    }
    rf_set(e, e->leave_with, number);
    gcc_jit_block *end = rf_hold_end(e, e->leave[raised][marked], raised);
    rf_jump(e, raised ? end : leave_chain(e, &exit, end));
}

void rf_restart(Emit *e)
{
    if (e->dry) {
        return;
    }
    if (e->s.depth == 0) {
        e->restart_pc = e->pc;
        e->restart_block[0] = e->restart_block[1] = NULL;
        memcpy(e->restart_slots, e->s.slots, sizeof(Slot) * e->u->nlocals);
    } else if (e->restart_pc != UINT32_MAX && !rf_only_loads((RfOp)e->u->code[e->pc - 1].op)) {
        e->restart_pc = UINT32_MAX;
    }
}

/* May an exit for this reason at the present pc go back to restart_pc instead? Then it has no operands to save, and what they
 * were made from need not be kept: the interpreter makes them again. Guards of types stay where the interpreter meets the
 * value that surprised them. */
static bool restarts(const Emit *e, RfReason reason)
{
    if (e->restart_pc == UINT32_MAX || (reason != RF_REASON_OVERFLOW && reason != RF_REASON_BOUNDS) ||
        rf_is_handled(e)) {
        return false;
    }
    for (uint32_t i = 0; i < e->u->nlocals; i++) {
        const Slot *s = &e->s.slots[i], *was = &e->restart_slots[i];
        if (s->k != was->k || s->class != was->class || s->shape != was->shape || s->n != was->n) {
            return false;
        }
    }
    for (uint32_t i = e->u->nlocals; i < e->u->nlocals + e->s.depth; i++) {
        if (e->s.slots[i].k == K_HOME) { /* owns a value */
            return false;
        }
    }
    return true;
}

static gcc_jit_block *make_exit(Emit *e, uint32_t pc, RfReason reason, bool guard, RfExitError error)
{
    if (e->dry || !e->block) {
        return NULL;
    }
    uint32_t nlocals = e->u->nlocals, n = nlocals + e->s.depth;
    char *states = rf_mem_alloc(n + 1);
    Slot *slots = rf_mem_alloc(sizeof(Slot) * e->nslots);
    State kept = {.slots = slots};
    rf_state_copy(e, &kept, &e->s);
    gcc_jit_block *from = e->block, *block = rf_block(e);
    e->block = block;
    rf_need_homes(e);
    e->s.marked = e->s.marked || e->lazy_fp; /* it was needed for that */
    uint32_t *number = rf_mem_alloc(sizeof *number * n), *numbers = rf_mem_alloc(sizeof *numbers * n), count = 0;
    for (uint32_t i = nlocals; i < n; i++) { /* first: what they have taken over is no local's any more */
        states[i] = leave_slot(e, i, &number[i]);
    }
    for (uint32_t i = 0; i < nlocals; i++) {
        Slot *s = &e->s.slots[i];
        if (s->k < K_HOME && s->k != K_UNDEF && !wanted_at_exit(e, pc, i, error)) {
            s->k = K_DEAD;
        }
        states[i] = leave_slot(e, i, &number[i]);
    }
    states[n] = 0;
    for (uint32_t i = 0; i < n; i++) {
        numbers[count] = number[i];
        count += rf_slot_has_number(states[i]);
    }
    rf_mem_free(number, sizeof *number * n);
    numbers = rf_mem_resize(numbers, sizeof *numbers * n, sizeof *numbers * count);
    call_exit(e, (RfExit){.pc = pc,
                          .nslots = n,
                          .error = (uint8_t)error,
                          .reason = (uint8_t)reason,
                          .guard = guard,
                          .slots = states,
                          .nnumbers = count,
                          .numbers = numbers});
    e->block = from;
    rf_state_copy(e, &e->s, &kept);
    rf_mem_free(slots, sizeof(Slot) * e->nslots);
    return block;
}

uint32_t rf_entry_record(Emit *e, uint32_t pc, uint32_t n, char *states)
{
    return add_exit(e, (RfExit){.unit = e->u->number, .pc = pc, .nslots = n, .slots = states});
}

gcc_jit_block *rf_exit(Emit *e, uint32_t pc, RfReason reason, bool guard)
{
    if (!e->dry && e->block && pc == e->pc && !e->absent && restarts(e, reason)) {
        gcc_jit_block **known = &e->restart_block[reason == RF_REASON_BOUNDS];
        if (!*known) {
            uint32_t depth = e->s.depth;
            e->s.depth = 0;
            *known = make_exit(e, e->restart_pc, reason, guard, RF_EXIT_NO_ERROR);
            e->s.depth = depth;
        }
        return *known;
    }
    return make_exit(e, pc, reason, guard, RF_EXIT_NO_ERROR);
}

gcc_jit_block *rf_exit_stopped(Emit *e, uint32_t resume)
{
    gcc_jit_block *block = make_exit(e, resume, RF_REASON_TOO_MANY_DEOPTS, false, RF_EXIT_NO_ERROR);
    if (block) {
        e->c->head.exits[e->c->head.nexits - 1].stopped_at = e->pc + 1;
    }
    return block;
}

gcc_jit_block *rf_exit_element(Emit *e, L found)
{
    e->absent = found;
    return make_exit(e, e->pc, RF_REASON_TYPE_GUARD, true, RF_EXIT_NO_ERROR);
}

gcc_jit_block *rf_exit_handled(Emit *e, RfReason reason)
{
    return make_exit(e, e->pc, reason, false, RF_EXIT_HANDLED);
}

gcc_jit_block *rf_exit_raised(Emit *e)
{
    if (e->u->flags & (RF_PROTO_GENERATOR | RF_PROTO_ASYNC)) { /* more than a frame ends */
        return rf_exit_handled(e, RF_REASON_EXCEPTION);
    }
    if (e->dry || !e->block) {
        return NULL;
    }
    uint32_t n = e->u->nlocals + e->s.depth;
    while (n > 0 && (e->s.slots[n - 1].k != K_HOME || e->s.slots[n - 1].borrowed)) {
        n--; /* aliases own nothing: a moved value still lies in its local */
    }
    char *states = rf_mem_alloc(n + 1);
    for (uint32_t i = 0; i < n; i++) {
        states[i] = e->s.slots[i].k == K_HOME && !e->s.slots[i].borrowed ? RF_SLOT_HOME : RF_SLOT_NULL;
    }
    states[n] = 0;
    gcc_jit_block *from = e->block, *block = rf_block(e);
    e->block = block;
    call_exit(
        e, (RfExit){.pc = e->pc, .nslots = n, .error = RF_EXIT_RAISED, .reason = RF_REASON_EXCEPTION, .slots = states});
    e->block = from;
    return block;
}

void rf_expect(Emit *e, SlotKind k)
{
    e->expected |= rf_class_of_kind(k);
}

/* Continues when cond holds (likely), else goes to out. */
static void guard_to(Emit *e, R cond, gcc_jit_block *out)
{
    RfCompiler *c = e->c;
    gcc_jit_block *ok = rf_block(e);
    if (c->stress && c->nstress < RF_STRESS_MAX) {
        L counter = rf_gcc.context_new_array_access(c->ctx, NULL, rf_val(e, c->stress), rf_k(e, c->nstress++));
        gcc_jit_block *go = rf_block(e);
        rf_set(e, counter, rf_bin(e, GCC_JIT_BINARY_OP_MINUS, c->t_u32, rf_val(e, counter), rf_kt(e, c->t_u32, 1)));
        rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, counter), rf_kt(e, c->t_u32, 0)), out, go);
        e->block = go;
    }
    rf_branch(e, rf_likely(e, cond, true), ok, out);
    e->block = ok;
}

void rf_guard(Emit *e, R cond, RfReason reason)
{
    if (e->dry || !e->block) {
        return;
    }
    RfCompiler *c = e->c;
    if (restarts(e, reason)) {
        e->expected = 0;
        guard_to(e, cond, rf_exit(e, e->pc, reason, reason != RF_REASON_OVERFLOW));
        return;
    }
    gcc_jit_block *out =
        e->exit_pc == e->pc && e->exit_block ? e->exit_block : rf_exit(e, e->pc, reason, reason != RF_REASON_OVERFLOW);
    if (out != e->exit_block) {
        e->exit_number = c->head.nexits - 1;
    }
    c->head.exits[e->exit_number].expected |= e->expected;
    e->expected = 0;
    e->exit_pc = e->pc;
    e->exit_block = out;
    guard_to(e, cond, out);
}

void rf_guard_overflow(Emit *e, R cond, L restore, R value)
{
    if (e->dry || !e->block) {
        return;
    }
    if (!restore || !restarts(e, RF_REASON_OVERFLOW)) {
        rf_guard(e, cond, RF_REASON_OVERFLOW);
        return;
    }
    gcc_jit_block *from = e->block, *cold = rf_block(e), *out = rf_exit(e, e->pc, RF_REASON_OVERFLOW, false);
    e->block = cold;
    rf_set(e, restore, value);
    rf_jump(e, out);
    e->block = from;
    guard_to(e, cond, cold);
}

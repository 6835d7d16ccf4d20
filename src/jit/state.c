/* The abstract state of a frame: joins, conversions on edges, exits, and moving values between registers and homes. */
#include <string.h>

#include "jit/compile.h"

void rf_state_copy(const Emit *e, State *to, const State *from)
{
    Slot *slots = to->slots;
    *to = *from;
    to->slots = slots;
    memcpy(slots, from->slots, sizeof(Slot) * e->nslots);
}

static uint16_t class_of_kind(SlotKind k)
{
    switch (k) {
    case K_NULL: return RF_CLASS_NULL;
    case K_UNDEF: return RF_CLASS_UNDEF;
    case K_BOOL: return RF_CLASS_BOOL;
    case K_INT: return RF_CLASS_INT;
    case K_FLOAT: return RF_CLASS_FLOAT;
    case K_CONST: return RF_CLASS_STRING;
    case K_UNIT: return RF_CLASS_FUNCTION;
    case K_BUILTIN: return RF_CLASS_BUILTIN;
    case K_DEAD: return RF_CLASS_NULL;
    default: return 0;
    }
}

uint16_t rf_class_of_slot(const Slot *s)
{
    return s->k == K_HOME || s->k == K_ALIAS || s->k == K_GALIAS || s->k == K_LENT ? s->class
                                                                                   : class_of_kind((SlotKind)s->k);
}

/* 0 is any value but UNDEF; everything with UNDEF in it keeps that bit. */
uint16_t rf_join_class(uint16_t a, uint16_t b)
{
    if (a && b) {
        return (uint16_t)(a | b);
    }
    return (a | b) & RF_CLASS_UNDEF ? 0x7fff : 0;
}

/* Joins `s` (a canonical view of the slot now) into *d; true when *d changed. */
static bool join_slot(Slot *d, const Slot *s)
{
    if (d->k == s->k &&
        (d->k < K_HOME || (d->k == K_UNIT && d->n == s->n) || (d->k == K_BUILTIN && strcmp(d->name, s->name) == 0))) {
        return false;
    }
    if (d->k == K_HOME || (d->k == K_LENT && s->k == K_LENT)) {
        uint16_t class = rf_join_class(d->class, rf_class_of_slot(s));
        uint32_t shape = d->shape == s->shape ? d->shape : 0;
        uint16_t hint = d->hint | s->hint;
        bool changed = class != d->class || shape != d->shape || hint != d->hint || (d->name && d->name != s->name);
        d->class = class;
        d->shape = shape;
        d->hint = hint;
        d->name = d->name == s->name ? d->name : NULL;
        return changed;
    }
    *d = (Slot){.k = K_HOME, .class = rf_join_class(rf_class_of_slot(d), rf_class_of_slot(s)), .hint = s->hint};
    return true;
}

bool rf_keeps(const Emit *e, uint32_t local, bool boxed, uint16_t class)
{
    const uint16_t holders = RF_CLASS_OTHER | RF_CLASS_VALUES | RF_CLASS_DICT | RF_CLASS_STRUCT | RF_CLASS_FUNCTION;
    if (!e->info->kept || !boxed || (class && !(class & holders))) {
        return false;
    }
    if (!e->info->kept[local]) {
        e->info->kept[local] = 1;
        e->c->changed = true;
    }
    return true;
}

/* What slot i looks like at the start of block `target`: aliases become homes, dead locals dead. */
static Slot canonical(const Emit *e, uint32_t i, uint32_t target)
{
    Slot s = e->s.slots[i];
    if (i < e->u->nlocals) {
        if (!rf_alive(e, target, i) && !rf_keeps(e, i, s.k == K_HOME, s.class)) {
            return (Slot){.k = K_DEAD};
        }
        return s;
    }
    if (s.k == K_ALIAS || s.k == K_GALIAS || s.k == K_ELEM || s.k == K_CONST) {
        return (Slot){.k = K_HOME, .class = rf_class_of_slot(&s), .shape = s.shape};
    }
    return s;
}

static void join(Emit *e, uint32_t target)
{
    State *d = &e->in[target];
    uint32_t n = e->u->nlocals + e->s.depth;
    bool changed = false;
    if (!d->slots) {
        d->slots = rf_mem_zalloc(sizeof(Slot) * e->nslots);
    }
    if (!d->reached) {
        d->reached = true;
        d->depth = e->s.depth;
        d->fresh = e->s.fresh;
        d->marked = e->s.marked;
        d->room = e->s.room;
        d->there = e->s.there;
        for (uint32_t i = 0; i < n; i++) {
            d->slots[i] = canonical(e, i, target);
        }
        changed = true;
    } else {
        uint64_t fresh = d->fresh & e->s.fresh, there = d->there & e->s.there;
        bool marked = d->marked && e->s.marked, room = d->room && e->s.room;
        changed = fresh != d->fresh || there != d->there || marked != d->marked || room != d->room;
        d->fresh = fresh;
        d->there = there;
        d->marked = marked;
        d->room = room;
        for (uint32_t i = 0; i < n; i++) {
            Slot s = canonical(e, i, target);
            changed |= join_slot(&d->slots[i], &s);
        }
    }
    if (changed) {
        e->pending[target] = 1;
        e->changed = true;
    }
}

/* Emits what turns the current state into that of `target`. */
static void convert(Emit *e, uint32_t target)
{
    const State *d = &e->in[target];
    /* operands first: they may be aliases of locals that are released below */
    for (uint32_t i = e->u->nlocals; i < e->u->nlocals + e->s.depth; i++) {
        if (d->slots[i].k == K_HOME && e->s.slots[i].k != K_HOME) {
            rf_to_home(e, i);
        }
    }
    for (uint32_t i = 0; i < e->u->nlocals; i++) {
        Slot *s = &e->s.slots[i];
        const Slot *t = &d->slots[i];
        if (t->k == K_HOME && s->k != K_HOME) {
            rf_to_home(e, i);
        } else if (t->k != K_HOME && s->k == K_HOME) {
            rf_release_slot(e, i);
            s->k = t->k;
        }
    }
}

void rf_goto(Emit *e, uint32_t target)
{
    if (!e->dry && !e->block) {
        return;
    }
    rf_room_for_loops(e, e->pc, target);
    rf_views_enter_loops(e, e->pc, target);
    if (e->dry) {
        join(e, target);
        e->block = NULL;
        return;
    }
    convert(e, target);
    gcc_jit_block *again = rf_count_target(e, target);
    if (!again && !e->blocks[target]) {
        e->blocks[target] = rf_block(e);
    }
    rf_jump(e, again ? again : e->blocks[target]);
}

void rf_park(Emit *e, uint32_t target)
{
    if (!e->dry && !e->block) {
        return;
    }
    e->s.fresh = 0;
    if (e->dry) {
        join(e, target);
        e->block = NULL;
        return;
    }
    convert(e, target);
}

gcc_jit_block *rf_edge(Emit *e, uint32_t target)
{
    Slot *slots = rf_mem_alloc(sizeof(Slot) * e->nslots);
    State kept = {.slots = slots};
    rf_state_copy(e, &kept, &e->s);
    gcc_jit_block *from = e->block, *edge = rf_block(e);
    e->block = edge;
    rf_goto(e, target);
    e->block = from;
    rf_state_copy(e, &e->s, &kept);
    rf_mem_free(slots, sizeof(Slot) * e->nslots);
    return edge;
}

/* ---- exits ---- */

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
    case K_LENT:
        rf_copy_value(e, rf_home(e, i), rf_place(e, i));
        return RF_SLOT_BORROWED;
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

/* Does an instruction change nothing but the operands above the depth where it began? Helpers that see the frame clear
 * restart_pc themselves (rf_where). */
static bool changes_nothing(RfOp op)
{
    switch (op) {
    case RF_OP_NOP:
    case RF_OP_CONST:
    case RF_OP_DUP:
    case RF_OP_LOAD_LOCAL:
    case RF_OP_LOAD_GLOBAL:
    case RF_OP_ADD:
    case RF_OP_SUB:
    case RF_OP_MUL:
    case RF_OP_DIV:
    case RF_OP_MOD:
    case RF_OP_EQ:
    case RF_OP_NE:
    case RF_OP_LT:
    case RF_OP_GT:
    case RF_OP_LE:
    case RF_OP_GE:
    case RF_OP_NEG:
    case RF_OP_NOT:
    case RF_OP_INDEX:
    case RF_OP_INDEX_LOCAL:
    case RF_OP_GET_FIELD: return true;
    default: return false;
    }
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
    } else if (e->restart_pc != UINT32_MAX && !changes_nothing((RfOp)e->u->code[e->pc - 1].op)) {
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
    e->expected |= class_of_kind(k);
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

bool rf_state_fits(Emit *e, uint32_t target)
{
    const State *d = &e->in[target];
    bool fits = d->reached && d->depth == e->s.depth;
    for (uint32_t i = 0; fits && i < e->u->nlocals + e->s.depth; i++) {
        Slot there = d->slots[i], s = canonical(e, i, target);
        fits = !join_slot(&there, &s);
    }
    return fits;
}

/* ---- homes ---- */

void rf_to_home(Emit *e, uint32_t i)
{
    Slot *s = &e->s.slots[i];
    RfCompiler *c = e->c;
    if (s->k != K_HOME) {
        e->exit_block = NULL;
    }
    uint16_t class = rf_class_of_slot(s);
    uint32_t shape = s->shape;
    switch (s->k) {
    case K_HOME: return;
    case K_ALIAS:
    case K_GALIAS:
    case K_ELEM:
    case K_LENT:
    case K_CONST:
        if (!e->dry && e->block) {
            R from = rf_place(e, i), to = rf_home(e, i);
            rf_copy_value(e, to, from);
            if (!(s->k == K_ALIAS && s->moved)) {
                rf_retain_at(e, to);
            }
        }
        if (s->k == K_ALIAS && s->moved) {
            e->s.slots[s->n].k = K_NULL;
            rf_view_clear(e, false, s->n, false);
        } else if (s->k == K_ALIAS) {
            rf_view_clear(e, false, s->n, true);
        } else if (s->k == K_GALIAS) {
            rf_view_clear(e, true, s->n, true);
        }
        break;
    case K_UNIT:
        if (!e->dry && e->block) {
            R fn = rf_bound(e, RF_BIND_FUNCTION, s->n, NULL, c->t_u8p);
            L rc = rf_at(e, fn, offsetof(RfObject, rc), c->t_u32);
            rf_set(e, rc, rf_bin(e, GCC_JIT_BINARY_OP_PLUS, c->t_u32, rf_val(e, rc), rf_kt(e, c->t_u32, 1)));
            rf_set(e, rf_tag(e, rf_home(e, i)), rf_kt(e, c->t_u64, RF_TAG_FUNCTION));
            rf_set(e, rf_payload_p(e, rf_home(e, i)), fn);
        }
        break;
    case K_BUILTIN:
        if (!e->dry && e->block) {
            rf_set(e, rf_tag(e, rf_home(e, i)), rf_kt(e, c->t_u64, RF_TAG_BUILTIN));
            rf_set(e, rf_payload_p(e, rf_home(e, i)), rf_bound(e, RF_BIND_BUILTIN, 0, s->name, c->t_u8p));
        }
        break;
    default: rf_store_scalar(e, rf_home(e, i), i);
    }
    *s = (Slot){.k = K_HOME, .class = class, .shape = shape, .name = s->k == K_BUILTIN ? s->name : NULL};
}

void rf_spill(Emit *e, bool locals)
{
    for (uint32_t i = e->u->nlocals; i < e->u->nlocals + e->s.depth; i++) {
        rf_to_home(e, i);
    }
    if (!locals) {
        return;
    }
    for (uint32_t i = 0; i < e->u->nlocals; i++) {
        if (e->s.slots[i].k < K_HOME) {
            rf_store_scalar(e, rf_home(e, i), i);
        } else if (e->s.slots[i].k == K_LENT) {
            rf_copy_value(e, rf_home(e, i), rf_place(e, i));
        }
    }
}

void rf_unalias_local(Emit *e, uint32_t local)
{
    rf_keep_elems(e);
    for (uint32_t i = e->u->nlocals; i < e->u->nlocals + e->s.depth; i++) {
        if (e->s.slots[i].k == K_ALIAS && e->s.slots[i].n == local) {
            rf_to_home(e, i);
        }
    }
}

void rf_unalias_global(Emit *e, int64_t global)
{
    rf_keep_elems(e);
    for (uint32_t i = e->u->nlocals; i < e->u->nlocals + e->s.depth; i++) {
        if (e->s.slots[i].k == K_GALIAS && (global < 0 || e->s.slots[i].n == (uint32_t)global)) {
            rf_to_home(e, i);
        }
    }
}

void rf_release_slot(Emit *e, uint32_t i)
{
    Slot *s = &e->s.slots[i];
    const uint16_t scalars =
        RF_CLASS_UNDEF | RF_CLASS_NULL | RF_CLASS_BOOL | RF_CLASS_INT | RF_CLASS_FLOAT | RF_CLASS_BUILTIN;
    if (s->k == K_HOME && !s->borrowed && !(s->class && !(s->class & ~scalars))) {
        rf_release_at(e, rf_home(e, i));
    }
    if (s->k == K_ALIAS && s->moved) {
        rf_release_at(e, rf_home(e, s->n));
        e->s.slots[s->n].k = K_NULL;
    }
}

void rf_pop_slot(Emit *e)
{
    uint32_t i = rf_top(e);
    rf_release_slot(e, i);
    e->s.slots[i] = (Slot){.k = K_DEAD};
    e->s.depth--;
    e->exit_block = NULL;
}

uint32_t rf_push_slot(Emit *e, SlotKind k)
{
    uint32_t i = e->u->nlocals + e->s.depth++;
    e->s.slots[i] = (Slot){.k = (uint8_t)k};
    e->exit_block = NULL;
    return i;
}

void rf_set_slot(Emit *e, uint32_t i, SlotKind k)
{
    e->s.slots[i] = (Slot){.k = (uint8_t)k};
}

/* Counted loops: `while i < n { .. i = i + 1 }`, the same downwards, and `for i in a..b`. A loop with no other loop inside asks
 * only every so many turns whether the program is to be interrupted and, of the arrays indexed by its counter, how long they
 * are. Before its first turn, and whenever those turns are used up, `allow` finds how far the counter may go with all of
 * this settled (Count.end); each turn then costs one comparison, and no sum of counter and constant can overflow.
 *
 *        from outside          from inside
 *             |                     |
 *         condition <--- no --- before end?  (block `again`)
 *        no /   | yes               | yes
 *       out   allow ------------> body
 *
 * Where less than one turn is allowed, because an array is too short, the interpreter goes on at the body. */
#include <limits.h>
#include <string.h>

#include "jit/compile.h"

#define OFFSET_MAX (1 << 20)
#define COUNTER_MAX (INT64_MAX - 4 * (int64_t)OFFSET_MAX)
#define COUNTER_MIN (-(INT64_MAX / 2))
#define TURNS (1 << 15)     /* some 50 microseconds of simple instructions */
#define SLOW_TURNS (1 << 6) /* with calls */

/* ---- which loops ---- */

static bool covers(const Loop *l, uint32_t pc)
{
    return pc >= l->start && pc <= l->end;
}

/* Nothing in it goes back, waits or catches errors; *slow as in Count. */
static bool is_straight(const Emit *e, const Loop *l, bool *slow)
{
    const RfJobUnit *u = e->u;
    for (uint32_t i = 0; i < u->nhandlers; i++) {
        if (covers(l, u->handlers[i].target)) {
            return false;
        }
    }
    *slow = false;
    for (uint32_t pc = l->start; pc < l->end; pc++) {
        RfInstr in = u->code[pc];
        unsigned flags = rf_op_info[in.op].flags;
        if (flags & RF_OPF_L || ((flags & RF_OPF_J) && in.b <= pc && in.b >= l->start) || in.op == RF_OP_YIELD ||
            in.op == RF_OP_AWAIT) {
            return false;
        }
        *slow = *slow || !rf_is_simple((RfOp)in.op);
    }
    return true;
}

static bool writes(const Emit *e, RfInstr in, uint32_t local)
{
    switch ((RfOp)in.op) {
    case RF_OP_STORE_GLOBAL: return rf_stored(e, in) == local;
    case RF_OP_STORE_LOCAL: return in.a == local || rf_stored(e, in) == local;
    case RF_OP_NEW_CELL: return in.a == local;
    case RF_OP_UNSET:
    case RF_OP_CLEAR: return local >= in.a && local < in.a + in.b;
    case RF_OP_FOR_PREP:
    case RF_OP_FOR_RANGE:
    case RF_OP_FOR_STEP:
    case RF_OP_FOR_LOOP:
    case RF_OP_FOR_LOOP2: return local >= in.a && local < in.a + 3u;
    default: return false;
    }
}

/* How often the loop writes the local; *at: where last. Writes that are no ints show in the kind of the local's slot. */
static uint32_t count_writes(const Emit *e, const Loop *l, uint32_t local, uint32_t *at)
{
    uint32_t n = 0;
    for (uint32_t pc = l->start; pc <= l->end; pc++) {
        if (writes(e, e->u->code[pc], local)) {
            *at = pc;
            n++;
        }
    }
    return n;
}

/* Is the value that instructions [from, to) push the same in each turn? */
static bool is_invariant(const Emit *e, const Loop *l, uint32_t from, uint32_t to)
{
    const RfJobUnit *u = e->u;
    uint32_t at;
    for (uint32_t pc = from; pc < to; pc++) {
        RfInstr in = u->code[pc];
        switch ((RfOp)in.op) {
        case RF_OP_CONST:
        case RF_OP_ADD:
        case RF_OP_SUB:
        case RF_OP_MUL:
        case RF_OP_DIV: break;
        case RF_OP_LOAD_LOCAL:
            if ((in.b & (RF_VARREF_MAYBE | RF_VARREF_MOVE)) || count_writes(e, l, in.a, &at) > 0) {
                return false;
            }
            break;
        case RF_OP_LOAD_GLOBAL:
            if (rf_loaded(e, in) != UINT32_MAX) {
                if (count_writes(e, l, rf_loaded(e, in), &at) > 0) {
                    return false;
                }
                break;
            }
            for (uint32_t q = l->start; q <= l->end; q++) {
                RfOp op = (RfOp)u->code[q].op;
                if (!rf_is_simple(op) && op != RF_OP_LOOP_IF_TRUE && op != RF_OP_FOR_LOOP) {
                    return false; /* may run other code */
                }
                if (op == RF_OP_STORE_GLOBAL && u->code[q].b == in.b) {
                    return false;
                }
            }
            break;
        default: return false;
        }
    }
    return true;
}

/* Does the loop change the local only by adding or subtracting a constant, or a local that stays? */
static bool find_step(const Emit *e, const Loop *l, Count *c, uint32_t local)
{
    const RfJobUnit *u = e->u;
    uint32_t at, other;
    if (local == UINT32_MAX || count_writes(e, l, local, &at) != 1 || rf_stored(e, u->code[at]) != local ||
        at < l->start + 3) {
        return false;
    }
    RfInstr left = u->code[at - 3], right = u->code[at - 2], op = u->code[at - 1];
    if (e->leader[at] || e->leader[at - 1] || e->leader[at - 2] || rf_loaded(e, left) != local ||
        (op.op != RF_OP_ADD && op.op != RF_OP_SUB)) {
        return false;
    }
    c->local = local;
    c->store = at;
    c->up = op.op == RF_OP_ADD;
    c->step = UINT32_MAX;
    if (right.op == RF_OP_CONST && u->consts[right.b].tag == RF_TAG_INT) {
        int64_t by = u->consts[right.b].payload;
        return by > 0 && by <= OFFSET_MAX;
    }
    c->step = rf_loaded(e, right);
    return c->step != UINT32_MAX && count_writes(e, l, c->step, &other) == 0;
}

/* while: the loop was entered by a jump to its condition, whose first part compares the counter. */
static bool find_while(const Emit *e, const Loop *l, Count *c)
{
    const RfJobUnit *u = e->u;
    RfInstr before = l->start > 0 ? u->code[l->start - 1] : (RfInstr){0};
    if (u->code[l->end].op != RF_OP_LOOP_IF_TRUE || before.op != RF_OP_JUMP || before.b <= l->start ||
        before.b >= l->end) {
        return false;
    }
    uint32_t pc = c->test = before.b;
    while (pc < l->end && !(u->code[pc].op >= RF_OP_EQ && u->code[pc].op <= RF_OP_GE)) {
        if (++pc > l->end || e->leader[pc]) {
            return false;
        }
    }
    c->compare = pc;
    RfInstr how = u->code[pc], jump = u->code[pc + 1], first = u->code[c->test], last = u->code[pc - 1];
    if (pc < c->test + 2 || pc >= l->end ||
        (pc + 1 < l->end && (jump.op != RF_OP_JUMP_IF_FALSE || covers(l, jump.b)))) {
        return false;
    }
    c->body = pc + 1 == l->end ? l->start : pc + 2;
    bool less = how.op == RF_OP_LT || how.op == RF_OP_LE;
    if (!less && how.op != RF_OP_GT && how.op != RF_OP_GE) {
        return false;
    }
    c->inclusive = how.op == RF_OP_LE || how.op == RF_OP_GE;
    if (find_step(e, l, c, rf_loaded(e, first)) && is_invariant(e, l, c->test + 1, pc)) {
        c->left = true;
        return c->store < c->test && c->up == less;
    }
    c->left = false;
    return find_step(e, l, c, rf_loaded(e, last)) && is_invariant(e, l, c->test, pc - 1) && c->store < c->test &&
           c->up != less;
}

/* for: the first instruction stores the item. */
static bool find_for(const Emit *e, const Loop *l, Count *c)
{
    RfInstr in = e->u->code[l->end], first = e->u->code[l->start];
    uint32_t at;
    if (in.op != RF_OP_FOR_LOOP) {
        return false;
    }
    c->items = c->up = true;
    c->test = c->compare = l->end;
    c->body = l->start;
    c->step = c->store = c->local = UINT32_MAX;
    if (first.op == RF_OP_STORE_LOCAL && !(first.b & RF_VARREF_MAYBE) && count_writes(e, l, first.a, &at) == 1) {
        c->local = first.a;
    }
    return true;
}

void rf_counts_find(Emit *e)
{
    if (e->generator || e->u->level >= 2) { /* a generator can be entered anywhere */
        return;
    }
    for (uint32_t i = 0; i < e->nloops; i++) {
        Loop *l = &e->loops[i];
        Count c = {0};
        bool innermost = true;
        for (uint32_t j = 0; j < e->nloops; j++) {
            innermost = innermost && (j == i || e->loops[j].end < l->start || e->loops[j].start > l->end ||
                                      (e->loops[j].start < l->start && e->loops[j].end > l->end));
        }
        if (innermost && is_straight(e, l, &c.slow) && (find_while(e, l, &c) || find_for(e, l, &c))) {
            c.is = e->leader[c.test] && (!covers(l, e->start_pc) || e->start_pc == c.test);
            l->count = c;
        }
    }
}

/* ---- what they make of their bodies ---- */

static Loop *loop_at(Emit *e, uint32_t pc)
{
    for (uint32_t i = 0; i < e->nloops; i++) {
        if (e->loops[i].count.is && covers(&e->loops[i], pc)) {
            return &e->loops[i];
        }
    }
    return NULL;
}

Count *rf_count_at(Emit *e, uint32_t pc)
{
    Loop *l = loop_at(e, pc);
    return l ? &l->count : NULL;
}

bool rf_count_is_counter(Emit *e, uint32_t local)
{
    Count *c = rf_count_at(e, e->pc);
    if (!c || c->local != local) {
        return false;
    }
    return c->items || e->pc < c->store || e->pc > c->compare;
}

bool rf_count_sum(Emit *e, RfOp op, const Slot *x, const Slot *y, Slot *what)
{
    Count *c = rf_count_at(e, e->pc);
    CountUse *use = &e->uses[e->pc];
    if (!c || (op != RF_OP_ADD && op != RF_OP_SUB)) {
        return false;
    }
    if (x->sum == SUM_CONST && y->sum == SUM_COUNTER && op == RF_OP_ADD) {
        const Slot *s = x;
        x = y;
        y = s;
    }
    if (x->sum == SUM_COUNTER && y->sum == SUM_CONST) {
        int64_t offset = op == RF_OP_ADD ? (int64_t)x->offset + y->offset : (int64_t)x->offset - y->offset;
        if (offset > OFFSET_MAX || offset < -OFFSET_MAX) {
            return false;
        }
        what->sum = SUM_COUNTER;
        what->offset = (int32_t)offset;
    } else if (c->store == UINT32_MAX || e->pc != c->store - 1) { /* the step of the counter */
        return false;
    }
    use->kind = USE_SUM;
    return true;
}

bool rf_count_covers(Emit *e, const View *v, uint32_t islot, bool write)
{
    const Slot *s = &e->s.slots[islot];
    Count *c = rf_count_at(e, e->pc);
    CountUse *use = &e->uses[e->pc];
    if (!c || s->k != K_INT || s->sum != SUM_COUNTER) {
        return false;
    }
    use->kind = write ? USE_WRITE : USE_READ;
    use->view = (uint32_t)(v - e->views);
    use->offset = s->offset;
    return !(c->dirty >> use->view & 1);
}

void rf_count_dirty(Emit *e, const View *v)
{
    Count *c = rf_count_at(e, e->pc);
    if (c) {
        c->dirty |= UINT64_C(1) << (v - e->views);
    }
}

void rf_count_limit(Emit *e, SlotKind kx, SlotKind ky, R x, R y)
{
    Count *c = rf_count_at(e, e->pc);
    if (!c || c->compare != e->pc) {
        return;
    }
    if (kx != K_INT || ky != K_INT) {
        c->is = false;
    } else if (!e->dry && e->block) {
        c->limit = c->limit ? c->limit : rf_temp(e, e->c->t_i64);
        rf_set(e, c->limit, c->left ? y : x);
    }
}

/* ---- going round ---- */

gcc_jit_block *rf_count_target(Emit *e, uint32_t target)
{
    Count *c = rf_count_at(e, e->pc);
    if (!c || c->test != target) {
        return NULL;
    }
    return c->again = c->again ? c->again : rf_block(e);
}

static L end_of(Emit *e, Count *c)
{
    return c->end = c->end || e->dry ? c->end : rf_temp(e, e->c->t_i64);
}

void rf_count_test(Emit *e, uint32_t start)
{
    Count *c = rf_count_at(e, start);
    if (!c || c->test != start) {
        return;
    }
    if (c->items) {
        c->is = e->s.slots[e->u->code[start].a].k == K_INT;
        return;
    }
    c->is = e->s.slots[c->local].k == K_INT && (c->step == UINT32_MAX || e->s.slots[c->step].k == K_INT);
    if (!c->is) {
        return;
    }
    gcc_jit_block *from = e->block, *body = rf_edge(e, c->body);
    if (!e->dry) {
        e->block = rf_count_target(e, start);
        R on = rf_cmp(e, c->up ? GCC_JIT_COMPARISON_LT : GCC_JIT_COMPARISON_GT, rf_val(e, rf_ireg(e, c->local)),
                      rf_val(e, end_of(e, c)));
        rf_branch(e, rf_likely(e, on, true), body, from);
        e->block = from;
    }
}

/* to := x when x is smaller (up) or greater */
static void bound_by(Emit *e, L to, R x, bool up)
{
    L other = rf_temp(e, e->c->t_i64);
    gcc_jit_block *change = rf_block(e), *on = rf_block(e);
    rf_set(e, other, x);
    rf_branch(e, rf_cmp(e, up ? GCC_JIT_COMPARISON_LT : GCC_JIT_COMPARISON_GT, rf_val(e, other), rf_val(e, to)), change,
              on);
    e->block = change;
    rf_set(e, to, rf_val(e, other));
    rf_jump(e, on);
    e->block = on;
}

static R plus(Emit *e, R x, int64_t k)
{
    return k == 0 ? x : rf_bin(e, GCC_JIT_BINARY_OP_PLUS, e->c->t_i64, x, rf_k(e, k));
}

static R minus(Emit *e, R x, R y)
{
    return rf_bin(e, GCC_JIT_BINARY_OP_MINUS, e->c->t_i64, x, y);
}

static R both(Emit *e, R a, R b)
{
    return rf_bin(e, GCC_JIT_BINARY_OP_BITWISE_AND, e->c->t_bool, a, b);
}

/* What the uses of a view in the loop ask of the counter. */
typedef struct Reach {
    bool read, write;
    int32_t above, below; /* greatest and least offset */
} Reach;

/* Of each view; returns whether there is any use, *below: the least offset of all. */
static bool find_reach(const Emit *e, const Loop *l, Reach *reach, int64_t *below)
{
    bool any = false;
    *below = INT64_MAX;
    memset(reach, 0, sizeof(Reach) * MAX_VIEWS);
    for (uint32_t pc = l->start; pc <= l->end; pc++) {
        const CountUse *use = &e->uses[pc];
        any = any || use->kind != USE_NONE;
        if ((use->kind != USE_READ && use->kind != USE_WRITE) || (l->count.dirty >> use->view & 1)) {
            continue;
        }
        Reach *r = &reach[use->view];
        if (!(r->read || r->write) || use->offset > r->above) {
            r->above = use->offset;
        }
        r->read = r->read || use->kind == USE_READ;
        r->write = r->write || use->kind == USE_WRITE;
        *below = use->offset < *below ? use->offset : *below;
    }
    return any;
}

static R room(Emit *e, uint32_t view, const Reach *r)
{
    const View *v = &e->views[view];
    return plus(e, rf_cast(e, rf_val(e, r->write ? v->wlen : v->len), e->c->t_i64), -(int64_t)r->above);
}

static bool used(const Reach *r)
{
    return r->read || r->write;
}

static int64_t turns(const Count *c)
{
    return c->slow ? SLOW_TURNS : TURNS;
}

/* How far from counter value i the loop may go: Count.end. Leaves at e->pc where it may not go at all. */
static void allow(Emit *e, const Loop *l, Count *c)
{
    Reach reach[MAX_VIEWS];
    int64_t below;
    find_reach(e, l, reach, &below);
    R i = rf_val(e, rf_ireg(e, c->local));
    L end = end_of(e, c);
    int64_t least = below == INT64_MAX ? COUNTER_MIN : below < 0 ? -below : 0;
    R good;
    rf_set(e, end, rf_val(e, c->limit));
    if (c->up) {
        bound_by(e, end, rf_k(e, COUNTER_MAX), true);
        if (c->inclusive) {
            rf_set(e, end, plus(e, rf_val(e, end), 1));
        }
        good = rf_cmp(e, GCC_JIT_COMPARISON_GE, i, rf_k(e, least));
    } else {
        bound_by(e, end, rf_k(e, COUNTER_MIN), false);
        if (c->inclusive) {
            rf_set(e, end, plus(e, rf_val(e, end), -1));
        }
        if (least > COUNTER_MIN) {
            bound_by(e, end, rf_k(e, least - 1), false);
        }
        good = rf_cmp(e, GCC_JIT_COMPARISON_LE, i, rf_k(e, COUNTER_MAX));
    }
    for (uint32_t v = 0; v < e->nviews; v++) {
        if (used(&reach[v]) && c->up) {
            bound_by(e, end, room(e, v, &reach[v]), true);
        } else if (used(&reach[v])) {
            good = both(e, good, rf_cmp(e, GCC_JIT_COMPARISON_LT, i, room(e, v, &reach[v])));
        }
    }
    if (c->step != UINT32_MAX) {
        R step = rf_cast(e, plus(e, rf_val(e, rf_ireg(e, c->step)), -1), e->c->t_u64);
        good = both(e, good, rf_cmp(e, GCC_JIT_COMPARISON_LT, step, rf_kt(e, e->c->t_u64, OFFSET_MAX)));
    }
    good = both(e, good, rf_cmp(e, c->up ? GCC_JIT_COMPARISON_LT : GCC_JIT_COMPARISON_GT, i, rf_val(e, end)));
    rf_guard(e, good, RF_REASON_BOUNDS);
    bound_by(e, end, plus(e, i, c->up ? turns(c) : -turns(c)), c->up);
}

void rf_count_enter(Emit *e, Count *c)
{
    if (e->dry || !e->block) {
        return;
    }
    uint32_t pc = e->pc;
    const Loop *l = loop_at(e, pc);
    e->pc = c->body;
    e->exit_block = NULL;
    allow(e, l, c);
    e->pc = pc;
    e->exit_block = NULL;
}

void rf_count_items(Emit *e, Count *c)
{
    rf_gen_safepoint(e, e->pc);
    if (e->dry || !e->block) {
        return;
    }
    Reach reach[MAX_VIEWS];
    int64_t below;
    uint32_t it = e->u->code[e->pc].a;
    R left = rf_val(e, rf_ireg(e, it + 2)), next = rf_val(e, rf_ireg(e, it + 1));
    L n = rf_temp(e, e->c->t_i64), end = end_of(e, c);
    /* the count is unsigned: what looks negative is more than enough */
    rf_set(e, n, left);
    gcc_jit_block *many = rf_block(e), *few = rf_block(e);
    R limit = rf_kt(e, e->c->t_u64, turns(c));
    rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_GT, rf_cast(e, left, e->c->t_u64), limit), many, few);
    e->block = many;
    rf_set(e, n, rf_k(e, turns(c)));
    rf_jump(e, few);
    e->block = few;
    if (find_reach(e, loop_at(e, e->pc), reach, &below)) {
        R good = both(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_ireg(e, it)), rf_k(e, 1)),
                      rf_cmp(e, GCC_JIT_COMPARISON_LE, next, rf_k(e, COUNTER_MAX)));
        int64_t least = below == INT64_MAX ? COUNTER_MIN : below < 0 ? -below : 0;
        good = both(e, good, rf_cmp(e, GCC_JIT_COMPARISON_GE, next, rf_k(e, least)));
        for (uint32_t v = 0; v < e->nviews; v++) {
            if (used(&reach[v])) {
                good = both(e, good, rf_cmp(e, GCC_JIT_COMPARISON_LT, next, room(e, v, &reach[v])));
            }
        }
        rf_guard(e, good, RF_REASON_BOUNDS);
        for (uint32_t v = 0; v < e->nviews; v++) {
            if (used(&reach[v])) {
                bound_by(e, n, minus(e, room(e, v, &reach[v]), next), true);
            }
        }
    }
    rf_set(e, end, minus(e, left, rf_val(e, n)));
    gcc_jit_block *some = rf_block(e), *slow = e->blocks[e->pc];
    rf_jump(e, some);
    e->block = rf_count_target(e, e->pc);
    rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_NE, left, rf_val(e, end)), true), some, slow);
    e->block = some;
}

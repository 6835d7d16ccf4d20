/* FOR_LOOP and FOR_LOOP2: the next item of an iterator whose position and count are in registers (emit_for.c). */
#include <stddef.h>

#include "jit/compile.h"

#define ARRAYS (RF_CLASS_INTS | RF_CLASS_FLOATS | RF_CLASS_BOOLS | RF_CLASS_VALUES)

/* Where the items of a loop go. */
typedef struct Items {
    uint32_t it, n, d, target; /* n: 1, or 2 with index or key in slot d + 1 */
    SlotKind k[2];
} Items;

static void push_items(Emit *e, const Items *w, bool boxed)
{
    for (uint32_t i = 0; i < w->n; i++) {
        rf_push_slot(e, boxed ? K_HOME : w->k[i]);
    }
}

static void pop_items(Emit *e, const Items *w)
{
    for (uint32_t i = 0; i < w->n; i++) {
        rf_set_slot(e, rf_top(e), K_DEAD);
        e->s.depth--;
    }
    e->exit_block = NULL;
}

static uint16_t class_of_item(SlotKind k)
{
    return k == K_INT ? RF_CLASS_INT : k == K_FLOAT ? RF_CLASS_FLOAT : k == K_BOOL ? RF_CLASS_BOOL : 0;
}

/* The items lie boxed in their homes and are pushed so: unboxes them as wanted, or leaves at the loop's body. */
static void unbox_items(Emit *e, const Items *w)
{
    for (uint32_t i = 0; i < w->n; i++) {
        rf_speculate(e, w->d + i, class_of_item(w->k[i]), w->target);
    }
}

/* Goes round with the items pushed. */
static void take(Emit *e, const Items *w)
{
    rf_gen_safepoint(e, w->target);
    rf_goto(e, w->target);
    e->block = NULL;
}

/* Calls the helper for the iterator in its homes; its status. */
static L call_next(Emit *e, const Items *w)
{
    if (e->dry || !e->block) {
        return NULL;
    }
    L status = rf_temp(e, e->c->t_i32);
    for (uint32_t i = w->it; i < w->it + 3; i++) {
        if (e->s.slots[i].k == K_INT) {
            rf_store_scalar(e, rf_home(e, i), i);
        }
    }
    R args[4] = {e->vm, e->frame, rf_where(e), rf_cast(e, rf_home(e, w->it), e->c->t_ptr)};
    rf_set(e, status, rf_help(e, w->n == 2 ? RF_HELPER_iter_next2 : RF_HELPER_iter_next, 4, args));
    for (uint32_t i = w->it + 1; i < w->it + 3; i++) {
        rf_set(e, rf_ireg(e, i), rf_val(e, rf_payload(e, rf_home(e, i))));
    }
    return status;
}

static void advance(Emit *e, uint32_t reg, R by)
{
    rf_set(e, rf_ireg(e, reg), rf_bin(e, GCC_JIT_BINARY_OP_PLUS, e->c->t_i64, rf_val(e, rf_ireg(e, reg)), by));
}

static void next_int(Emit *e, Items *w)
{
    Count *count = rf_count_at(e, e->pc);
    gcc_jit_block *done = rf_edge(e, e->pc + 1), *some = rf_block(e);
    rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_NE, rf_val(e, rf_ireg(e, w->it + 2)), rf_k(e, 0)), true),
              some, done);
    if (!e->dry) {
        e->block = some;
    }
    if (count) {
        rf_count_items(e, count);
    }
    w->k[0] = w->k[1] = K_INT;
    push_items(e, w, false);
    advance(e, w->it + 2, rf_k(e, -1));
    for (uint32_t i = 0; i < w->n; i++) {
        rf_set(e, rf_ireg(e, w->d + i), rf_val(e, rf_ireg(e, w->it + 1)));
    }
    advance(e, w->it + 1, rf_val(e, rf_ireg(e, w->it)));
    if (!count) {
        rf_gen_safepoint(e, w->target);
    }
    rf_goto(e, w->target);
    e->block = NULL;
}

static SlotKind scalar_kind(const Emit *e, uint16_t seen)
{
    SlotKind k = e->u->level >= 2 ? K_HOME : rf_kind_of_class(seen);
    return k == K_INT || k == K_FLOAT || k == K_BOOL ? k : K_HOME;
}

/* Data and length of the array in the source local, the length 0 when its elements are of another kind. */
static View look(Emit *e, const Items *w, uint16_t class)
{
    RfCompiler *c = e->c;
    const View *known = rf_view_of(e, false, w->it);
    if (known && known->class == class && !e->generator) { /* views are empty each time a generator is resumed */
        return *known;
    }
    View v = {.class = class, .data = rf_temp(e, c->t_u8p), .len = rf_temp(e, c->t_u64)};
    gcc_jit_block *array = rf_block(e), *kind = rf_block(e), *on = rf_block(e);
    L obj = rf_temp(e, c->t_u8p);
    rf_set(e, v.data, rf_kt(e, c->t_u8p, 0));
    rf_set(e, v.len, rf_kt(e, c->t_u64, 0));
    R home = rf_home(e, w->it);
    rf_branch(e,
              rf_likely(e,
                        rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, home)), rf_kt(e, c->t_u64, RF_TAG_ARRAY)),
                        true),
              array, on);
    e->block = array;
    rf_set(e, obj, rf_val(e, rf_payload_p(e, home)));
    R aux = rf_val(e, rf_at(e, rf_val(e, obj), offsetof(RfObject, aux), c->t_u16));
    rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, aux, rf_kt(e, c->t_u16, rf_elem_kind(class))), true),
              kind, on);
    e->block = kind;
    rf_set(e, v.data, rf_val(e, rf_at(e, rf_val(e, obj), offsetof(RfArray, as), c->t_u8p)));
    rf_set(e, v.len, rf_cast(e, rf_val(e, rf_at(e, rf_val(e, obj), offsetof(RfArray, len), c->t_u32)), c->t_u64));
    rf_jump(e, on);
    e->block = on;
    return v;
}

/* The iterator owns the array, so nobody can change it: an index below its length is in range. */
static void next_element(Emit *e, Items *w, uint16_t class)
{
    RfCompiler *c = e->c;
    w->k[0] = class == RF_CLASS_INTS     ? K_INT
              : class == RF_CLASS_FLOATS ? K_FLOAT
              : class == RF_CLASS_BOOLS  ? K_BOOL
                                         : scalar_kind(e, e->u->tos[w->target + (w->n - 1)]);
    w->k[1] = K_INT;
    gcc_jit_block *done = rf_edge(e, e->pc + 1), *got = NULL;
    if (!e->dry && e->block) {
        gcc_jit_block *fast = rf_block(e), *slow = rf_block(e), *call = rf_block(e);
        got = rf_block(e);
        R at = rf_val(e, rf_ireg(e, w->it + 1));
        View v = look(e, w, class);
        rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_LT, rf_cast(e, at, c->t_u64), rf_val(e, v.len)), true),
                  fast, slow);
        e->block = fast;
        rf_load_element(e, &v, at, w->d, w->k[0], slow);
        if (w->n == 2) {
            rf_set(e, rf_ireg(e, w->d + 1), at);
        }
        advance(e, w->it + 1, rf_k(e, 1));
        rf_jump(e, got);
        /* the end, or elements of another kind */
        e->block = slow;
        R home = rf_home(e, w->it);
        rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, home)), rf_kt(e, c->t_u64, RF_TAG_ARRAY)),
                 RF_REASON_TYPE_GUARD);
        R len = rf_val(e, rf_at(e, rf_val(e, rf_payload_p(e, home)), offsetof(RfArray, len), c->t_u32));
        rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_LT, at, rf_cast(e, len, c->t_i64)), call, done);
        e->block = call;
        call_next(e, w); /* neither ends nor fails */
        push_items(e, w, true);
        unbox_items(e, w);
        pop_items(e, w);
        rf_jump(e, got);
        e->block = got;
    }
    push_items(e, w, false);
    take(e, w);
}

static bool has_global_views(const Emit *e)
{
    for (uint32_t i = 0; i < e->nviews; i++) {
        if (e->views[i].global) {
            return true;
        }
    }
    return false;
}

/* Globals may have changed after the script code of a generator, or other tasks, have run. */
static void after_script(Emit *e, uint32_t it)
{
    RfCompiler *c = e->c;
    if (!has_global_views(e)) {
        return;
    }
    gcc_jit_block *script = rf_block(e), *other = rf_block(e), *on = rf_block(e);
    R home = rf_home(e, it);
    rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, home)), rf_kt(e, c->t_u64, RF_TAG_GENERATOR)),
              script, other);
    e->block = other;
    rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, home)), rf_kt(e, c->t_u64, RF_TAG_CHANNEL)),
              script, on);
    e->block = script;
    rf_view_clear_globals(e);
    rf_jump(e, on);
    e->block = on;
}

/* Item and index of the array at hand into their homes, when its elements are of one of the classes; else on to `other`. */
static void box_element(Emit *e, const Items *w, uint16_t classes, gcc_jit_block *done, gcc_jit_block *other,
                        gcc_jit_block *got)
{
    static const uint16_t kinds[] = {RF_CLASS_INTS, RF_CLASS_FLOATS, RF_CLASS_VALUES};
    RfCompiler *c = e->c;
    R home = rf_home(e, w->it), item = rf_home(e, w->d), at = rf_val(e, rf_ireg(e, w->it + 1));
    L obj = rf_temp(e, c->t_u8p), data = rf_temp(e, c->t_u8p), kind = rf_temp(e, c->t_u16);
    gcc_jit_block *some = rf_block(e);
    rf_set(e, obj, rf_val(e, rf_payload_p(e, home)));
    R len = rf_cast(e, rf_val(e, rf_at(e, rf_val(e, obj), offsetof(RfArray, len), c->t_u32)), c->t_i64);
    rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_LT, at, len), true), some, done);
    e->block = some;
    rf_set(e, data, rf_val(e, rf_at(e, rf_val(e, obj), offsetof(RfArray, as), c->t_u8p)));
    rf_set(e, kind, rf_val(e, rf_at(e, rf_val(e, obj), offsetof(RfObject, aux), c->t_u16)));
    for (uint32_t i = 0; i < 3; i++) {
        if (!(classes & kinds[i])) {
            continue;
        }
        gcc_jit_block *here = rf_block(e), *next = rf_block(e);
        rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, kind), rf_kt(e, c->t_u16, rf_elem_kind(kinds[i]))),
                  here, next);
        e->block = here;
        View v = {.class = kinds[i], .data = data};
        rf_load_element(e, &v, at, w->d, K_HOME, other);
        if (kinds[i] == RF_CLASS_INTS) {
            rf_set(e, rf_tag(e, item), rf_kt(e, c->t_u64, RF_TAG_INT));
            rf_set(e, rf_payload(e, item), rf_val(e, rf_ireg(e, w->d)));
        } else if (kinds[i] == RF_CLASS_FLOATS) {
            rf_set(e, rf_tag(e, item), rf_kt(e, c->t_u64, RF_TAG_FLOAT));
            rf_set(e, rf_payload_f(e, item), rf_val(e, rf_freg(e, w->d)));
        }
        if (w->n == 2) {
            rf_store_scalar(e, rf_home(e, w->d + 1), w->it + 1);
        }
        advance(e, w->it + 1, rf_k(e, 1));
        rf_jump(e, got);
        e->block = next;
    }
    rf_jump(e, other);
}

/* The next character of the string at hand, and its index, into their homes when it is ASCII; else on to `other`. */
static void box_char(Emit *e, const Items *w, gcc_jit_block *done, gcc_jit_block *other, gcc_jit_block *got)
{
    RfCompiler *c = e->c;
    R item = rf_home(e, w->d), at = rf_val(e, rf_ireg(e, w->it + 1));
    L string = rf_temp(e, c->t_u8p), byte = rf_temp(e, c->t_i64), one = rf_temp(e, c->t_u8p);
    gcc_jit_block *some = rf_block(e), *ascii = rf_block(e), *known = rf_block(e);
    rf_set(e, string, rf_val(e, rf_payload_p(e, rf_home(e, w->it))));
    R len = rf_cast(e, rf_val(e, rf_at(e, rf_val(e, string), offsetof(RfString, len), c->t_u32)), c->t_i64);
    rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_LT, at, len), true), some, done);
    e->block = some;
    R data = rf_addr(e, rf_at(e, rf_val(e, string), offsetof(RfString, data), c->t_u8));
    rf_set(e, byte, rf_cast(e, rf_val(e, rf_gcc.context_new_array_access(c->ctx, NULL, data, at)), c->t_i64));
    rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_LT, rf_val(e, byte), rf_k(e, 128)), true), ascii, other);
    e->block = ascii;
    R chars = rf_addr(e, rf_at(e, e->vm, offsetof(RfVm, rt) + offsetof(RfRuntime, chars), c->t_u8p));
    rf_set(e, one, rf_val(e, rf_gcc.context_new_array_access(c->ctx, NULL, chars, rf_val(e, byte))));
    rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_NE, rf_val(e, one), rf_kt(e, c->t_u8p, 0)), true), known,
              other);
    e->block = known;
    rf_set(e, rf_tag(e, item), rf_kt(e, c->t_u64, RF_TAG_STRING));
    rf_set(e, rf_payload_p(e, item), rf_val(e, one));
    rf_retain_at(e, item);
    if (w->n == 2) {
        rf_store_scalar(e, rf_home(e, w->d + 1), w->it + 2);
    }
    advance(e, w->it + 1, rf_k(e, 1));
    advance(e, w->it + 2, rf_k(e, 1));
    rf_jump(e, got);
}

/* Any source: ints and arrays here (values of unknown type often are), everything else in the helper. */
static void next_any(Emit *e, Items *w)
{
    RfCompiler *c = e->c;
    const RfInstr *body = &e->u->code[w->target];
    uint16_t top = e->u->tos[w->target], below = body->op == RF_OP_STORE_LOCAL ? e->u->tos[w->target + 1] : 0;
    w->k[0] = scalar_kind(e, w->n == 2 ? below : top);
    w->k[1] = scalar_kind(e, top);
    uint32_t unit = rf_for_generator(e, e->pc);
    if (unit != RF_JOB_NONE && e->c->units[unit].result != K_DEAD && e->c->units[unit].result < K_HOME) {
        w->k[0] = e->c->units[unit].result; /* what its code yields */
    }
    rf_unalias_global(e, -1);
    for (uint32_t i = 0; i < e->nviews; i++) {
        if (e->views[i].global) {
            e->s.fresh &= ~(UINT64_C(1) << i); /* see after_script; also where the loop ends */
        }
    }
    rf_may_fail(e);
    gcc_jit_block *done = rf_edge(e, e->pc + 1), *got = NULL;
    if (!e->dry && e->block) {
        gcc_jit_block *ints = rf_block(e), *some = rf_block(e), *other = rf_block(e), *good = rf_block(e),
                      *more = rf_block(e);
        got = rf_block(e);
        R home = rf_home(e, w->it);
        rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, home)), rf_kt(e, c->t_u64, RF_TAG_INT)), ints,
                  other);
        e->block = ints;
        rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_NE, rf_val(e, rf_ireg(e, w->it + 2)), rf_k(e, 0)), some, done);
        e->block = some;
        advance(e, w->it + 2, rf_k(e, -1));
        for (uint32_t i = 0; i < w->n; i++) {
            rf_store_scalar(e, rf_home(e, w->d + i), w->it + 1);
        }
        advance(e, w->it + 1, rf_val(e, rf_payload(e, home)));
        rf_jump(e, got);
        e->block = other;
        if (unit != RF_JOB_NONE) {
            gcc_jit_block *generator = rf_block(e), *rest = rf_block(e);
            rf_branch(
                e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, home)), rf_kt(e, c->t_u64, RF_TAG_GENERATOR)),
                generator, rest);
            e->block = generator;
            rf_draw_generator(e, unit, w->it, w->d, w->n == 2, done, rest, got);
            e->block = rest;
        }
        uint16_t seen = rf_for_sources(e, e->pc), arrays = seen ? seen & ARRAYS : ARRAYS;
        if (arrays) {
            gcc_jit_block *array = rf_block(e), *rest = rf_block(e);
            rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, home)), rf_kt(e, c->t_u64, RF_TAG_ARRAY)),
                      array, rest);
            e->block = array;
            box_element(e, w, arrays, done, rest, got);
            e->block = rest;
        }
        if (seen & RF_CLASS_STRING) {
            gcc_jit_block *string = rf_block(e), *rest = rf_block(e);
            rf_branch(e,
                      rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, home)), rf_kt(e, c->t_u64, RF_TAG_STRING)),
                      string, rest);
            e->block = string;
            box_char(e, w, done, rest, got);
            e->block = rest;
        }
        L status = call_next(e, w);
        gcc_jit_block *failed = rf_error(e);
        rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_GE, rf_val(e, status), rf_kt(e, c->t_i32, 0)), true),
                  good, failed);
        e->block = good;
        after_script(e, w->it);
        rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_NE, rf_val(e, status), rf_kt(e, c->t_i32, 0)), more, done);
        e->block = more;
        rf_jump(e, got);
        e->block = got;
    }
    push_items(e, w, true);
    unbox_items(e, w);
    take(e, w);
}

void rf_gen_for_loop(Emit *e)
{
    RfInstr in = e->u->code[e->pc];
    Items w = {.it = in.a, .n = in.op == RF_OP_FOR_LOOP2 ? 2 : 1, .d = e->u->nlocals + e->s.depth, .target = in.b};
    if (e->s.slots[in.a].k == K_INT) {
        next_int(e, &w);
        return;
    }
    if (e->s.slots[in.a].k != K_HOME) { /* cannot be */
        rf_to_home(e, in.a);
    }
    uint16_t class = rf_for_class(e, e->pc);
    if (class) {
        next_element(e, &w, class);
    } else {
        next_any(e, &w);
    }
}

/* Elements of arrays and dicts. */
#include "jit/compile.h"

/* ---- element access ---- */

static L element(Emit *e, const View *v, R index, T type)
{
    if (e->dry || !e->block) {
        return NULL;
    }
    RfCompiler *c = e->c;
    R data = rf_gcc.context_new_cast(c->ctx, NULL, rf_val(e, v->data), rf_gcc.type_get_pointer(type));
    return rf_gcc.context_new_array_access(c->ctx, NULL, data, index);
}

static R below(Emit *e, R index, L len)
{
    return rf_cmp(e, GCC_JIT_COMPARISON_LT, rf_cast(e, index, e->c->t_u64), rf_val(e, len));
}

/* Loads the element at `index` (in range) of v into slot d as kind k; `other` is taken when it is not of that kind. */
void rf_load_element(Emit *e, const View *v, R index, uint32_t d, SlotKind k, gcc_jit_block *other)
{
    RfCompiler *c = e->c;
    switch (v->class) {
    case RF_CLASS_INTS: rf_set(e, rf_ireg(e, d), rf_val(e, element(e, v, index, c->t_i64))); break;
    case RF_CLASS_FLOATS: rf_set(e, rf_freg(e, d), rf_val(e, element(e, v, index, c->t_f64))); break;
    case RF_CLASS_BOOLS:
        rf_set(e, rf_ireg(e, d), rf_cast(e, rf_val(e, element(e, v, index, c->t_u8)), c->t_i64));
        break;
    default: {
        L at = rf_temp(e, c->t_valuep);
        rf_set(e, at, rf_addr(e, element(e, v, index, c->t_value)));
        R from = rf_val(e, at);
        if (k == K_HOME) {
            rf_copy_value(e, rf_home(e, d), from);
            rf_retain_at(e, rf_home(e, d));
            return;
        }
        RfTag tag = rf_tag_of(k);
        gcc_jit_block *ok = rf_block(e);
        rf_branch(
            e,
            rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, from)), rf_kt(e, c->t_u64, tag)), true),
            ok, other);
        e->block = ok;
        if (k == K_FLOAT) {
            rf_set(e, rf_freg(e, d), rf_val(e, rf_payload_f(e, from)));
        } else if (k != K_NULL) {
            rf_set(e, rf_ireg(e, d), rf_val(e, rf_payload(e, from)));
        }
    }
    }
}

/* Scalar element of whatever lies at place into register d; what is of another kind is left to the interpreter. So is what is not
 * there, if no handler here waits for that error: it saves code. */
static void peek(Emit *e, R place, R idx, uint32_t d, SlotKind k)
{
    if (e->dry || !e->block) {
        return;
    }
    RfCompiler *c = e->c;
    rf_need_homes(e);
    gcc_jit_block *there = rf_block(e), *other = rf_block(e);
    R out = rf_addr(e, rf_payload(e, rf_home(e, d)));
    R args[4] = {rf_cast(e, place, c->t_ptr), idx, rf_k(e, rf_tag_of(k)), rf_cast(e, out, c->t_ptr)};
    L result = rf_temp(e, c->t_i32);
    rf_set(e, result, rf_help(e, RF_HELPER_peek, 4, args));
    rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_GT, rf_val(e, result), rf_kt(e, c->t_i32, 0)), true), there,
              other);
    e->block = other;
    if (rf_is_handled(e)) {
        L value = rf_temp(e, c->t_value);
        R found = rf_cast(e, rf_addr(e, value), c->t_ptr);
        R again[6] = {e->vm, e->frame, rf_where(e), rf_cast(e, place, c->t_ptr), idx, found};
        rf_check(e, rf_help(e, RF_HELPER_index_int, 6, again));
        R drop[1] = {found};
        rf_eval(e, rf_help(e, RF_HELPER_release, 1, drop));
        rf_jump(e, rf_exit(e, e->pc, RF_REASON_TYPE_GUARD, true));
    } else {
        rf_jump(e, rf_exit_element(e, result));
    }
    e->block = there;
    if (k == K_FLOAT) {
        rf_set(e, rf_freg(e, d), rf_val(e, rf_payload_f(e, rf_home(e, d))));
    } else if (k != K_NULL) {
        rf_set(e, rf_ireg(e, d), rf_val(e, rf_payload(e, rf_home(e, d))));
    }
}

/* The view was loaded after the last change of its variable, so what it does not cover is an error, a negative index, or an
 * array of another kind: for the interpreter, until that happens too often. */
static bool leaves_on_miss(Emit *e, const View *v)
{
    return e->u->level == 0 && (e->s.fresh & rf_view_bit(e, v));
}

/* Reads variable[index] into slot d (which may be the index's own slot; the state still shows the operands). */
static void read_view(Emit *e, View *v, uint32_t islot, uint32_t d, uint32_t pops)
{
    RfCompiler *c = e->c;
    uint16_t seen = e->u->tos[e->pc + 1];
    SlotKind k = v->class == RF_CLASS_INTS     ? K_INT
                 : v->class == RF_CLASS_FLOATS ? K_FLOAT
                 : v->class == RF_CLASS_BOOLS  ? K_BOOL
                                               : rf_kind_of_class(seen);
    if (k == K_DEAD) {
        k = K_HOME;
    }
    R idx = rf_as_int(e, islot, RF_REASON_TYPE_GUARD);
    gcc_jit_block *join = NULL;
    R address = NULL;
    bool leaves = leaves_on_miss(e, v);
    bool fleeting = k == K_HOME && leaves && rf_is_fleeting(e, e->s.depth - pops + 1);
    leaves = leaves && (v->class != RF_CLASS_VALUES || k == K_HOME);
    if (!leaves) {
        rf_may_fail(e);
        rf_count_dirty(e, v);
    }
    if (leaves) {
        bool covered = rf_count_covers(e, v, islot, false);
        if (!e->dry && e->block) {
            L index = rf_temp(e, c->t_i64);
            rf_set(e, index, idx);
            if (!covered) {
                rf_guard(e, below(e, rf_val(e, index), v->len), RF_REASON_BOUNDS);
            }
            if (fleeting) {
                address = rf_addr(e, element(e, v, rf_val(e, index), c->t_value));
            } else {
                rf_load_element(e, v, rf_val(e, index), d, k, NULL);
            }
        }
    } else if (!e->dry && e->block) {
        L index = rf_temp(e, c->t_i64);
        rf_set(e, index, idx);
        idx = rf_val(e, index);
        gcc_jit_block *fast = rf_block(e), *slow = rf_block(e), *slower = rf_block(e);
        join = rf_block(e);
        rf_branch(e, rf_likely(e, below(e, idx, v->len), true), fast, slow);
        e->block = slow;
        if (e->s.fresh & rf_view_bit(e, v)) { /* it cannot help to look again */
            rf_jump(e, slower);
        } else {
            rf_view_refresh_slowly(e, v);
            rf_branch(e, below(e, idx, v->len), fast, slower);
        }
        e->block = fast;
        rf_load_element(e, v, idx, d, k, slower);
        rf_jump(e, join);
        e->block = slower;
        if (k == K_HOME) {
            R args[6] = {e->vm,       e->frame,
                         rf_where(e), rf_cast(e, rf_variable_place(e, v->global, v->n), c->t_ptr),
                         idx,         rf_cast(e, rf_home(e, d), c->t_ptr)};
            rf_check(e, rf_help(e, RF_HELPER_index_int, 6, args));
            rf_jump(e, join);
        } else {
            peek(e, rf_variable_place(e, v->global, v->n), idx, d, k);
            rf_jump(e, join);
        }
        e->block = join;
    }
    /* the operands go */
    for (uint32_t i = 0; i < pops; i++) {
        e->s.slots[rf_top(e)] = (Slot){.k = K_DEAD};
        e->s.depth--;
    }
    uint32_t i = rf_push_slot(e, K_HOME);
    if (fleeting) {
        rf_set_elem(e, i, address);
    } else {
        rf_set_slot(e, i, k);
    }
    e->s.fresh |= rf_view_bit(e, v); /* or it is no array of this kind */
}

static bool index_is_int(Emit *e, uint32_t islot)
{
    const Slot *s = &e->s.slots[islot];
    if (s->k == K_INT) {
        return true;
    }
    if (s->k != K_HOME && s->k != K_ALIAS && s->k != K_GALIAS) {
        return false;
    }
    return e->u->level < 2 && (e->u->tos[e->pc] & ~RF_CLASS_SEEN) == RF_CLASS_INT;
}

/* The element was never read, but what comes next is an operator that has met nothing but ints. */
static bool feeds_ints(const Emit *e)
{
    RfInstr next = e->u->code[e->pc + 1];
    return next.op >= RF_OP_ADD && next.op <= RF_OP_GE && next.a == 0;
}

/* x[i] for a value that has no view: array with the kind and result as the profile says, or a dict with int keys. */
static bool index_direct(Emit *e, uint32_t xslot, uint32_t islot, bool consume_x)
{
    RfCompiler *c = e->c;
    Slot *x = &e->s.slots[xslot];
    if (e->u->level >= 2 || !index_is_int(e, islot) ||
        (x->k != K_HOME && x->k != K_ALIAS && x->k != K_GALIAS && x->k != K_ELEM)) {
        return false;
    }
    if (e->s.slots[islot].k != K_INT) {
        return false;
    }
    uint32_t d = consume_x ? xslot : islot;
    bool owned = consume_x && (x->k == K_HOME || (x->k == K_ALIAS && x->moved));
    SlotKind k = rf_kind_of_class(e->u->tos[e->pc + 1]);
    if (k == K_DEAD && feeds_ints(e)) {
        k = K_INT;
    }
    if (consume_x && rf_gen_index_nested(e, xslot, islot, k == K_DEAD || k == K_NULL ? K_HOME : k)) {
        return true;
    }
    if (x->k == K_ELEM) {
        rf_to_home(e, xslot);
        owned = true;
    }
    if (k == K_INT || k == K_FLOAT || k == K_BOOL) {
        L result = rf_temp(e, k == K_FLOAT ? c->t_f64 : c->t_i64);
        rf_may_fail(e);
        if (!e->dry && e->block) {
            peek(e, rf_place(e, xslot), rf_val(e, rf_ireg(e, islot)), islot, k);
            rf_set(e, result, rf_val(e, k == K_FLOAT ? rf_freg(e, islot) : rf_ireg(e, islot)));
        }
        if (consume_x) {
            e->s.depth--;
            e->s.slots[islot] = (Slot){.k = K_DEAD};
            if (owned) {
                rf_release_slot(e, xslot);
            }
        }
        rf_set_slot(e, d, k);
        e->exit_block = NULL;
        rf_set(e, k == K_FLOAT ? rf_freg(e, d) : rf_ireg(e, d), rf_val(e, result));
        return true;
    }
    /* the result is boxed into the home of the index (free: the index is in a register), then moved */
    L status = NULL;
    rf_may_fail(e);
    if (!e->dry && e->block) {
        R place = rf_place(e, xslot);
        gcc_jit_block *dict = rf_block(e), *found = rf_block(e), *general = rf_block(e), *join = rf_block(e);
        rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, place)), rf_kt(e, c->t_u64, RF_TAG_DICT)),
                  dict, general);
        e->block = dict;
        L at = rf_temp(e, c->t_valuep);
        R find[2] = {rf_cast(e, rf_val(e, rf_payload_p(e, place)), c->t_ptr), rf_val(e, rf_ireg(e, islot))};
        rf_set(e, at, rf_cast(e, rf_help(e, RF_HELPER_dict_find_int, 2, find), c->t_valuep));
        rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_NE, rf_val(e, at), rf_kt(e, c->t_valuep, 0)), true),
                  found, general);
        e->block = found;
        rf_copy_value(e, rf_home(e, islot), rf_val(e, at));
        rf_retain_at(e, rf_home(e, islot));
        rf_jump(e, join);
        e->block = general;
        R args[6] = {e->vm,
                     e->frame,
                     rf_where(e),
                     rf_cast(e, place, c->t_ptr),
                     rf_val(e, rf_ireg(e, islot)),
                     rf_cast(e, rf_home(e, islot), c->t_ptr)};
        status = rf_temp(e, c->t_i32);
        rf_set(e, status, rf_help(e, RF_HELPER_index_int, 6, args));
        rf_check(e, rf_val(e, status));
        rf_jump(e, join);
        e->block = join;
    }
    if (consume_x) {
        e->s.depth--; /* the index */
        e->s.slots[islot] = (Slot){.k = K_DEAD};
        if (owned) {
            rf_release_slot(e, xslot);
        }
        rf_copy_value(e, rf_home(e, d), rf_home(e, islot));
    }
    rf_set_slot(e, d, K_HOME);
    e->exit_block = NULL;
    rf_speculate(e, d, e->u->tos[e->pc + 1], e->pc + 1);
    return true;
}

void rf_gen_index(Emit *e, uint32_t xslot, uint32_t islot, bool consume_x)
{
    Slot *x = &e->s.slots[xslot];
    View *v = NULL;
    bool global = false;
    uint32_t n = xslot;
    bool simple = true; /* nothing to release */
    if (consume_x) {
        global = x->k == K_GALIAS;
        n = x->n;
        simple = global || (x->k == K_ALIAS && !x->moved);
    } else {
        simple = x->k == K_HOME;
    }
    if (simple) {
        v = rf_view_of(e, global, n);
    }
    if (v && index_is_int(e, islot)) {
        const Slot *i = &e->s.slots[islot];
        if (i->k == K_INT) {
            read_view(e, v, islot, consume_x ? xslot : islot, consume_x ? 2 : 1);
            return;
        }
    }
    if (rf_gen_index_dict(e, xslot, islot, consume_x) || index_direct(e, xslot, islot, consume_x)) {
        return;
    }
    if (consume_x && e->s.slots[xslot].k == K_ELEM) {
        rf_to_home(e, xslot);
    }
    if (!consume_x && (x->k < K_HOME || (x->class & RF_CLASS_UNDEF))) { /* INDEX_LOCAL of a scalar or unset variable */
        rf_gen_step(e);
        return;
    }
    rf_gen_index_any(e, xslot, islot, consume_x);
}

/* ---- stores ---- */

static bool value_fits(const Emit *e, const View *v, uint32_t vslot)
{
    SlotKind k = (SlotKind)e->s.slots[vslot].k;
    switch (v->class) {
    case RF_CLASS_INTS: return k == K_INT;
    case RF_CLASS_FLOATS: return k == K_FLOAT;
    case RF_CLASS_BOOLS: return k == K_BOOL;
    default: return true;
    }
}

/* tag and payload of slot as arguments */
void rf_boxed_arguments(Emit *e, uint32_t slot, R *tag, R *payload)
{
    RfCompiler *c = e->c;
    *tag = *payload = NULL;
    if (e->dry || !e->block) {
        return;
    }
    switch (e->s.slots[slot].k) {
    case K_INT:
    case K_BOOL:
        *tag = rf_k(e, e->s.slots[slot].k == K_INT ? RF_TAG_INT : RF_TAG_BOOL);
        *payload = rf_val(e, rf_ireg(e, slot));
        break;
    case K_FLOAT:
        *tag = rf_k(e, RF_TAG_FLOAT);
        *payload = rf_gcc.context_new_bitcast(c->ctx, NULL, rf_val(e, rf_freg(e, slot)), c->t_i64);
        break;
    case K_NULL:
        *tag = rf_k(e, RF_TAG_NULL);
        *payload = rf_k(e, 0);
        break;
    default:
        *tag = rf_cast(e, rf_val(e, rf_tag(e, rf_home(e, slot))), c->t_i64);
        *payload = rf_val(e, rf_payload(e, rf_home(e, slot)));
    }
}

/* Puts the value of vslot into an element in range. VALUES: `other` is taken when the old element must be released. */
static void put_element(Emit *e, const View *v, R index, uint32_t vslot, gcc_jit_block *other)
{
    RfCompiler *c = e->c;
    switch (v->class) {
    case RF_CLASS_INTS: rf_set(e, element(e, v, index, c->t_i64), rf_val(e, rf_ireg(e, vslot))); break;
    case RF_CLASS_FLOATS: rf_set(e, element(e, v, index, c->t_f64), rf_val(e, rf_freg(e, vslot))); break;
    case RF_CLASS_BOOLS:
        rf_set(e, element(e, v, index, c->t_u8), rf_cast(e, rf_val(e, rf_ireg(e, vslot)), c->t_u8));
        break;
    default: {
        L at = rf_temp(e, c->t_valuep);
        rf_set(e, at, rf_addr(e, element(e, v, index, c->t_value)));
        R to = rf_val(e, at);
        gcc_jit_block *ok = rf_block(e);
        rf_branch(
            e,
            rf_likely(e,
                      rf_cmp(e, GCC_JIT_COMPARISON_LT, rf_val(e, rf_tag(e, to)), rf_kt(e, c->t_u64, RF_TAG_FIRST_HEAP)),
                      true),
            ok, other);
        e->block = ok;
        if (e->s.slots[vslot].k == K_HOME) {
            rf_copy_value(e, to, rf_home(e, vslot));
        } else {
            rf_store_scalar(e, to, vslot);
        }
    }
    }
}

void rf_gen_store_index(Emit *e, bool global, uint32_t n)
{
    RfCompiler *c = e->c;
    uint32_t islot = rf_top(e), vslot = islot - 1;
    Slot *variable = global ? NULL : &e->s.slots[n];
    if (rf_gen_store_found(e, global, n)) {
        return;
    }
    if (e->u->level >= 2 || e->s.slots[islot].k != K_INT || (!global && variable->k != K_HOME)) {
        rf_gen_store_index_any(e, global, n);
        return;
    }
    View *v = rf_view_of(e, global, n);
    if (v && !value_fits(e, v, vslot)) {
        v = NULL;
    }
    /* other operands that are aliases of the variable keep the old value */
    e->s.depth -= 2;
    if (global) {
        rf_unalias_global(e, n);
    } else {
        rf_unalias_local(e, n);
    }
    e->s.depth += 2;
    Slot *s = &e->s.slots[vslot];
    bool leaves = v && v->class != RF_CLASS_VALUES && leaves_on_miss(e, v);
    if (s->k >= K_HOME) {
        rf_to_home(e, vslot); /* owned: it moves into the container */
    }
    if (!leaves) {
        rf_may_fail(e);
        View *changed = rf_view_of(e, global, n);
        if (changed) {
            rf_count_dirty(e, changed);
        }
    }
    if (leaves) {
        bool covered = rf_count_covers(e, v, islot, true);
        if (!e->dry && e->block) {
            R idx = rf_val(e, rf_ireg(e, islot));
            if (!covered) {
                rf_guard(e, below(e, idx, v->wlen), RF_REASON_BOUNDS);
            }
            put_element(e, v, rf_val(e, rf_ireg(e, islot)), vslot, NULL);
        }
    } else if (!e->dry && e->block) {
        gcc_jit_block *join = rf_block(e), *general = rf_block(e);
        R idx = rf_val(e, rf_ireg(e, islot));
        if (v) {
            gcc_jit_block *fast = rf_block(e), *slow = rf_block(e);
            rf_branch(e, rf_likely(e, below(e, idx, v->wlen), true), fast, slow);
            e->block = slow;
            rf_view_refresh_slowly(e, v);
            rf_branch(e, below(e, idx, v->wlen), fast, general);
            e->block = fast;
            put_element(e, v, idx, vslot, general);
            rf_jump(e, join);
        } else {
            rf_jump(e, general);
        }
        e->block = general;
        R tag, payload;
        rf_boxed_arguments(e, vslot, &tag, &payload);
        R where = rf_where(e);
        L status = rf_temp(e, c->t_i32);
        if (global) {
            R args[7] = {e->vm, e->frame, where, rf_k(e, n), idx, tag, payload};
            rf_set(e, status, rf_help(e, RF_HELPER_store_global_index, 7, args));
        } else {
            R args[7] = {e->vm, e->frame, where, rf_cast(e, rf_home(e, n), c->t_ptr), idx, tag, payload};
            rf_set(e, status, rf_help(e, RF_HELPER_store_index_int, 7, args));
        }
        /* the value is gone in either case */
        Slot value = e->s.slots[vslot];
        e->s.slots[vslot] = (Slot){.k = K_NULL};
        rf_check(e, rf_val(e, status));
        e->s.slots[vslot] = value;
        View *kept = rf_view_of(e, global, n);
        if (kept) {
            rf_view_refresh_slowly(e, kept);
        }
        rf_jump(e, join);
        e->block = join;
    }
    e->s.slots[islot] = (Slot){.k = K_DEAD};
    e->s.slots[vslot] = (Slot){.k = K_DEAD};
    e->s.depth -= 2;
    e->exit_block = NULL;
    if (!global) {
        e->s.slots[n].class = e->s.slots[n].class & RF_CLASS_UNDEF ? 0x7fff : 0;
    }
}

/* ---- v := push(v, x) ---- */

bool rf_gen_push(Emit *e, uint32_t pc)
{
    const RfJobUnit *u = e->u;
    RfCompiler *c = e->c;
    uint32_t vslot = rf_top(e), aslot = vslot - 1;
    Slot *a = &e->s.slots[aslot];
    uint32_t place = u->calls[u->code[pc].b].place;
    if (u->level >= 2 || a->k != K_ALIAS || !place) {
        return false;
    }
    const RfJobPath *path = &u->paths[place - 1];
    uint32_t n = a->n;
    if (path->root != RF_ROOT_LOCAL || path->count != 0 || path->slot != n || path->pair) {
        return false;
    }
    if (u->code[pc + 1].op != RF_OP_STORE_LOCAL || u->code[pc + 1].a != n) {
        return false;
    }
    for (uint32_t i = u->nlocals; i < aslot; i++) {
        if (e->s.slots[i].k == K_ALIAS && e->s.slots[i].n == n) {
            return false;
        }
    }
    if (e->s.slots[vslot].k == K_ALIAS && e->s.slots[vslot].n == n) {
        return false;
    }
    Slot *s = &e->s.slots[vslot];
    if (s->k >= K_HOME) {
        rf_to_home(e, vslot);
    }
    View *v = rf_view_of(e, false, n);
    if (v) {
        rf_count_dirty(e, v);
    }
    SlotKind k = (SlotKind)s->k;
    uint16_t kind = v              ? rf_elem_kind(v->class)
                    : k == K_INT   ? RF_ELEM_INT
                    : k == K_FLOAT ? RF_ELEM_FLOAT
                    : k == K_BOOL  ? RF_ELEM_BOOL
                                   : RF_ELEM_ANY;
    bool fits = kind == RF_ELEM_ANY || (kind == RF_ELEM_INT && k == K_INT) || (kind == RF_ELEM_FLOAT && k == K_FLOAT) ||
                (kind == RF_ELEM_BOOL && k == K_BOOL);
    if (!e->dry && e->block) {
        R home = rf_home(e, n);
        rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, home)), rf_kt(e, c->t_u64, RF_TAG_ARRAY)),
                 RF_REASON_TYPE_GUARD);
        gcc_jit_block *general = rf_block(e), *join = rf_block(e);
        if (fits) {
            L obj = rf_temp(e, c->t_u8p), len = rf_temp(e, c->t_u32), data = rf_temp(e, c->t_u8p);
            rf_set(e, obj, rf_val(e, rf_payload_p(e, home)));
            R o = rf_val(e, obj);
            R unique = rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_at(e, o, offsetof(RfObject, rc), c->t_u32)),
                              rf_kt(e, c->t_u32, 1));
            gcc_jit_block *b1 = rf_block(e), *b2 = rf_block(e), *b3 = rf_block(e);
            rf_branch(e, rf_likely(e, unique, true), b1, general);
            e->block = b1;
            R same = rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_at(e, o, offsetof(RfObject, aux), c->t_u16)),
                            rf_kt(e, c->t_u16, kind));
            rf_branch(e, rf_likely(e, same, true), b2, general);
            e->block = b2;
            rf_set(e, len, rf_val(e, rf_at(e, o, offsetof(RfArray, len), c->t_u32)));
            R room = rf_cmp(e, GCC_JIT_COMPARISON_LT, rf_val(e, len),
                            rf_val(e, rf_at(e, o, offsetof(RfArray, cap), c->t_u32)));
            rf_branch(e, rf_likely(e, room, true), b3, general);
            e->block = b3;
            rf_set(e, data, rf_val(e, rf_at(e, o, offsetof(RfArray, as), c->t_u8p)));
            View tmp = {.class = kind == RF_ELEM_INT     ? RF_CLASS_INTS
                                 : kind == RF_ELEM_FLOAT ? RF_CLASS_FLOATS
                                 : kind == RF_ELEM_BOOL  ? RF_CLASS_BOOLS
                                                         : RF_CLASS_VALUES,
                        .data = data};
            R at = rf_val(e, len);
            if (kind == RF_ELEM_ANY) {
                R to = rf_addr(e, element(e, &tmp, at, c->t_value));
                if (s->k == K_HOME) {
                    rf_copy_value(e, to, rf_home(e, vslot));
                } else {
                    rf_store_scalar(e, to, vslot);
                }
            } else {
                put_element(e, &tmp, at, vslot, general);
            }
            R more = rf_bin(e, GCC_JIT_BINARY_OP_PLUS, c->t_u32, rf_val(e, len), rf_kt(e, c->t_u32, 1));
            rf_set(e, len, more);
            rf_set(e, rf_at(e, o, offsetof(RfArray, len), c->t_u32), rf_val(e, len));
            if (v) {
                rf_set(e, v->data, rf_val(e, data));
                rf_set(e, v->len, rf_cast(e, rf_val(e, len), c->t_u64));
                rf_set(e, v->wlen, rf_val(e, v->len));
            }
            rf_jump(e, join);
        } else {
            rf_jump(e, general);
        }
        e->block = general;
        R tag, payload;
        rf_boxed_arguments(e, vslot, &tag, &payload);
        R args[3] = {rf_cast(e, rf_home(e, n), c->t_ptr), tag, payload};
        rf_eval(e, rf_help(e, RF_HELPER_array_push, 3, args));
        if (v) {
            rf_view_refresh_slowly(e, v);
        }
        rf_jump(e, join);
        e->block = join;
    }
    Slot alias = *a;
    for (int i = 0; i < 3; i++) { /* value, array, callee */
        e->s.slots[rf_top(e)] = (Slot){.k = K_DEAD};
        e->s.depth--;
    }
    uint32_t r = rf_push_slot(e, K_ALIAS);
    alias.class = 0;
    e->s.slots[r] = alias;
    e->s.slots[n].class = 0;
    return true;
}

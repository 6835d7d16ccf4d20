/* Views of array variables (compile.h): data pointer and lengths in registers. */
#include "jit/compile.h"

/* ---- which variables get a view, and of which element kind ---- */

uint16_t rf_array_class(uint16_t seen)
{
    seen &= RF_CLASS_INTS | RF_CLASS_FLOATS | RF_CLASS_BOOLS | RF_CLASS_VALUES;
    if (seen == 0) {
        return 0;
    }
    /* an empty array counts as INTS until something else is put in */
    if (seen != RF_CLASS_INTS) {
        seen &= (uint16_t)~RF_CLASS_INTS;
    }
    return seen == RF_CLASS_INTS || seen == RF_CLASS_FLOATS || seen == RF_CLASS_BOOLS ? seen : RF_CLASS_VALUES;
}

/* All classes seen of a variable. */
uint16_t rf_classes_of(const Emit *e, bool global, uint32_t n)
{
    const RfJobUnit *u = e->u;
    uint16_t seen = 0;
    if (global) {
        for (uint32_t i = 0; i < u->nglobals; i++) {
            if (u->globals[i].slot == n) {
                seen |= u->globals[i].class;
            }
        }
        for (uint32_t pc = 0; pc < u->code_len; pc++) {
            if (u->code[pc].op == RF_OP_LOAD_GLOBAL && u->code[pc].b == n && pc + 1 < u->code_len) {
                seen |= u->tos[pc + 1];
            }
        }
        return seen & (uint16_t)~RF_CLASS_SEEN;
    }
    if (n < u->nparams) {
        seen |= u->params[n];
    }
    for (uint32_t i = 0; i < u->nloops; i++) {
        if (e->osr == (int32_t)u->loops[i].pc) {
            seen |= u->loops[i].locals[n];
        }
    }
    for (uint32_t pc = 0; pc < u->code_len; pc++) {
        if (u->code[pc].op == RF_OP_STORE_LOCAL && u->code[pc].a == n) {
            seen |= u->tos[pc];
        }
    }
    return seen & (uint16_t)~RF_CLASS_SEEN;
}

View *rf_view_of(Emit *e, bool global, uint32_t n)
{
    for (uint32_t i = 0; i < e->nviews; i++) {
        if (e->views[i].global == global && e->views[i].n == n) {
            return &e->views[i];
        }
    }
    return NULL;
}

static void add_view(Emit *e, bool global, uint32_t n, uint32_t pc)
{
    View *v = rf_view_of(e, global, n);
    if (!v) {
        uint16_t seen = rf_classes_of(e, global, n);
        uint16_t class = rf_array_class(seen);
        if (!class || (seen & (RF_CLASS_DICT | RF_CLASS_STRING)) || e->nviews == MAX_VIEWS || e->u->level >= 2) {
            return;
        }
        v = &e->views[e->nviews++];
        *v = (View){.global = global, .n = n, .class = class};
    }
    for (uint32_t i = 0; i < e->nloops; i++) {
        if (pc >= e->loops[i].start && pc <= e->loops[i].end) {
            e->loops[i].views |= UINT64_C(1) << (v - e->views);
        }
    }
}

void rf_views_collect(Emit *e)
{
    const RfJobUnit *u = e->u;
    for (uint32_t pc = 0; pc < u->code_len; pc++) {
        if (e->depth_at[pc] == UINT32_MAX) {
            continue;
        }
        RfInstr in = u->code[pc];
        switch ((RfOp)in.op) {
        case RF_OP_INDEX_LOCAL:
        case RF_OP_STORE_INDEX_LOCAL: add_view(e, false, in.a, pc); break;
        case RF_OP_STORE_INDEX_GLOBAL: add_view(e, true, in.b, pc); break;
        case RF_OP_LOAD_LOCAL:
        case RF_OP_LOAD_GLOBAL: {
            /* is the value indexed? follow the operand depth to the instruction that takes it */
            uint32_t depth = e->depth_at[pc];
            for (uint32_t q = pc + 1; q < u->code_len && e->depth_at[q] != UINT32_MAX && e->depth_at[q] > depth; q++) {
                if (u->code[q].op == RF_OP_INDEX && e->depth_at[q] == depth + 2) {
                    add_view(e, in.op == RF_OP_LOAD_GLOBAL, in.op == RF_OP_LOAD_GLOBAL ? in.b : in.a, pc);
                    break;
                }
                if (e->leader[q]) {
                    break;
                }
            }
            break;
        }
        default: break;
        }
    }
    /* iterators last: a variable in the same slot has more use of its view */
    for (uint32_t i = 0; i < e->nloops; i++) {
        Loop *l = &e->loops[i];
        RfInstr in = u->code[l->end];
        uint16_t class = in.op == RF_OP_FOR_LOOP || in.op == RF_OP_FOR_LOOP2 ? rf_for_class(e, l->end) : 0;
        View *v = class ? rf_view_of(e, false, in.a) : NULL;
        if (class && !v && e->nviews < MAX_VIEWS) {
            v = &e->views[e->nviews++];
            *v = (View){.n = in.a, .class = class};
        }
        if (v && v->class == class) {
            l->views |= UINT64_C(1) << (v - e->views);
        }
    }
}

uint64_t rf_view_bit(Emit *e, const View *v)
{
    return UINT64_C(1) << (v - e->views);
}

uint16_t rf_elem_kind(uint16_t class)
{
    return class == RF_CLASS_INTS     ? RF_ELEM_INT
           : class == RF_CLASS_FLOATS ? RF_ELEM_FLOAT
           : class == RF_CLASS_BOOLS  ? RF_ELEM_BOOL
                                      : RF_ELEM_ANY;
}

R rf_variable_place(Emit *e, bool global, uint32_t n)
{
    return global ? rf_global_place(e, n) : rf_place(e, n);
}

void rf_view_clear(Emit *e, bool global, uint32_t n, bool only_write)
{
    View *v = rf_view_of(e, global, n);
    if (!v) {
        return;
    }
    rf_count_dirty(e, v);
    if (only_write) {
        rf_set(e, v->wlen, rf_kt(e, e->c->t_u64, 0));
        e->s.fresh &= ~rf_view_bit(e, v);
        return;
    }
    rf_set(e, v->len, rf_kt(e, e->c->t_u64, 0));
    rf_set(e, v->wlen, rf_kt(e, e->c->t_u64, 0));
    e->s.fresh &= ~rf_view_bit(e, v);
}

void rf_view_clear_globals(Emit *e)
{
    for (uint32_t i = 0; i < e->nviews; i++) {
        if (e->views[i].global) {
            rf_view_clear(e, true, e->views[i].n, false);
        }
    }
}

/* Leaves at pc `resume` when the global is not set, unless that is -1. */
static void refresh(Emit *e, View *v, int64_t resume)
{
    uint64_t there = v->global && resume >= 0 ? rf_global_bit(e, v->n) & ~e->s.there : 0;
    e->s.fresh |= rf_view_bit(e, v);
    rf_count_dirty(e, v);
    e->s.there |= there;
    if (e->dry || !e->block) {
        return;
    }
    RfCompiler *c = e->c;
    if (!v->global && e->s.slots[v->n].k != K_HOME) {
        rf_set(e, v->len, rf_kt(e, c->t_u64, 0));
        rf_set(e, v->wlen, rf_kt(e, c->t_u64, 0));
        return;
    }
    gcc_jit_block *array = rf_block(e), *kind = rf_block(e), *none = rf_block(e), *on = rf_block(e);
    R place = rf_variable_place(e, v->global, v->n);
    L obj = rf_temp(e, c->t_u8p);
    rf_branch(e,
              rf_likely(e,
                        rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, place)), rf_kt(e, c->t_u64, RF_TAG_ARRAY)),
                        true),
              array, none);
    e->block = array;
    rf_set(e, obj, rf_val(e, rf_payload_p(e, place)));
    R aux = rf_val(e, rf_at(e, rf_val(e, obj), offsetof(RfObject, aux), c->t_u16));
    rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, aux, rf_kt(e, c->t_u16, rf_elem_kind(v->class))), true),
              kind, none);
    e->block = kind;
    rf_set(e, v->data, rf_val(e, rf_at(e, rf_val(e, obj), offsetof(RfArray, as), c->t_u8p)));
    rf_set(e, v->len, rf_cast(e, rf_val(e, rf_at(e, rf_val(e, obj), offsetof(RfArray, len), c->t_u32)), c->t_u64));
    R unique =
        rf_cast(e,
                rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_at(e, rf_val(e, obj), offsetof(RfObject, rc), c->t_u32)),
                       rf_kt(e, c->t_u32, 1)),
                c->t_u64);
    if (v->global) {
        R mut = rf_cast(e, rf_global_is_mut(e, v->n), c->t_u64);
        unique = rf_bin(e, GCC_JIT_BINARY_OP_BITWISE_AND, c->t_u64, unique, mut);
    }
    rf_set(e, v->wlen, rf_bin(e, GCC_JIT_BINARY_OP_MULT, c->t_u64, unique, rf_val(e, v->len)));
    rf_jump(e, on);
    e->block = none;
    if (there) { /* then the loop need not ask */
        gcc_jit_block *set = rf_block(e), *out = rf_exit(e, (uint32_t)resume, RF_REASON_GLOBAL_CHANGED, true);
        R tag = rf_val(e, rf_tag(e, rf_variable_place(e, true, v->n)));
        rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_NE, tag, rf_kt(e, c->t_u64, RF_TAG_UNDEF)), set, out);
        e->block = set;
    }
    rf_set(e, v->len, rf_kt(e, c->t_u64, 0));
    rf_set(e, v->wlen, rf_kt(e, c->t_u64, 0));
    rf_jump(e, on);
    e->block = on;
}

void rf_view_refresh(Emit *e, View *v)
{
    refresh(e, v, -1);
}

void rf_view_refresh_slowly(Emit *e, const View *v)
{
    if (e->dry || !e->block) {
        return;
    }
    RfCompiler *c = e->c;
    R module = v->global ? rf_bound(e, RF_BIND_MODULE, e->u->number, NULL, c->t_ptr) : rf_kt(e, c->t_ptr, 0);
    R args[4] = {rf_cast(e, rf_variable_place(e, v->global, v->n), c->t_ptr), rf_k(e, rf_elem_kind(v->class)), module,
                 rf_k(e, v->n)};
    L r = rf_temp(e, c->t_ret);
    rf_set(e, r, rf_help(e, RF_HELPER_view, 4, args));
    R tag = rf_val(e, rf_gcc.lvalue_access_field(r, NULL, c->r_tag));
    R payload = rf_val(e, rf_gcc.lvalue_access_field(r, NULL, c->r_payload));
    rf_set(e, v->data, rf_gcc.context_new_bitcast(c->ctx, NULL, payload, c->t_u8p));
    rf_set(e, v->len, rf_bin(e, GCC_JIT_BINARY_OP_BITWISE_AND, c->t_u64, tag, rf_kt(e, c->t_u64, INT64_MAX)));
    R writable = rf_bin(e, GCC_JIT_BINARY_OP_RSHIFT, c->t_u64, tag, rf_kt(e, c->t_u64, 63));
    rf_set(e, v->wlen, rf_bin(e, GCC_JIT_BINARY_OP_MULT, c->t_u64, rf_val(e, v->len), writable));
}

void rf_views_enter_loops(Emit *e, uint32_t from, uint32_t to)
{
    uint64_t wanted = 0;
    for (uint32_t i = 0; i < e->nloops; i++) {
        const Loop *l = &e->loops[i];
        if (to >= l->start && to <= l->end && (from < l->start || from > l->end)) {
            wanted |= l->views;
        }
    }
    wanted &= ~e->s.fresh;
    for (uint32_t i = 0; i < e->nviews; i++) {
        if (wanted >> i & 1) {
            refresh(e, &e->views[i], to);
        }
    }
}

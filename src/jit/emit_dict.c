/* Dicts that are looked at where they lie: d[k] with int and string keys, d.name. A helper finds the address of the value; what is
 * there is read without a count, and d[k] op= x stores to the same address. */
#include "jit/compile.h"

/* All that is known says dict. */
static bool expect_dict(const Emit *e, uint32_t slot)
{
    const Slot *x = &e->s.slots[slot];
    uint16_t seen = x->class ? x->class : x->hint;
    switch (x->k) {
    case K_ALIAS: seen = seen ? seen : rf_classes_of(e, false, x->n); break;
    case K_GALIAS: seen = seen ? seen : rf_classes_of(e, true, x->n); break;
    case K_ELEM: break;
    case K_HOME: /* a variable, for INDEX_LOCAL; an operand would have to be released */
        if (slot >= e->u->nlocals) {
            return false;
        }
        seen = seen ? seen : rf_classes_of(e, false, slot);
        break;
    default: return false;
    }
    return e->u->level == 0 && !(x->k == K_ALIAS && x->moved) && (seen & ~RF_CLASS_SEEN) == RF_CLASS_DICT;
}

static R dict_at(Emit *e, R place)
{
    RfCompiler *c = e->c;
    rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, place)), rf_kt(e, c->t_u64, RF_TAG_DICT)),
             RF_REASON_TYPE_GUARD);
    return e->dry || !e->block ? NULL : rf_cast(e, rf_val(e, rf_payload_p(e, place)), c->t_ptr);
}

/* The value at `at`, which nothing changes as long as it is a K_ELEM, becomes the operand in slot d. */
static void push_found(Emit *e, L at)
{
    uint16_t seen = e->u->tos[e->pc + 1];
    uint32_t d = rf_push_slot(e, K_DEAD);
    if (rf_kind_of_class(seen) == K_HOME && rf_is_fleeting(e, e->s.depth)) {
        rf_set_elem(e, d, rf_val(e, at));
    } else {
        rf_load_value(e, rf_val(e, at), d, seen, false);
    }
}

bool rf_gen_index_dict(Emit *e, uint32_t xslot, uint32_t islot, bool consume_x)
{
    RfCompiler *c = e->c;
    Slot *key = &e->s.slots[islot];
    bool string = key->k == K_CONST ? key->class == RF_CLASS_STRING
                                    : (key->k == K_HOME || key->k == K_ALIAS || key->k == K_GALIAS) &&
                                          (e->u->tos[e->pc] & ~RF_CLASS_SEEN) == RF_CLASS_STRING;
    if (!expect_dict(e, xslot) || (key->k != K_INT && !string)) {
        return false;
    }
    rf_may_fail(e);
    L at = rf_temp(e, c->t_valuep);
    R dict = dict_at(e, rf_place(e, xslot));
    if (string && key->k != K_CONST) {
        R tag = rf_val(e, rf_tag(e, rf_place(e, islot)));
        rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, tag, rf_kt(e, c->t_u64, RF_TAG_STRING)), RF_REASON_TYPE_GUARD);
    }
    if (!e->dry && e->block) {
        gcc_jit_block *absent = rf_block(e), *there = rf_block(e);
        R k = string ? rf_cast(e, rf_val(e, rf_payload_p(e, rf_place(e, islot))), c->t_ptr)
                     : rf_val(e, rf_ireg(e, islot));
        R find[2] = {dict, k};
        RfHelper helper = string ? RF_HELPER_dict_find_str : RF_HELPER_dict_find_int;
        rf_set(e, at, rf_cast(e, rf_help(e, helper, 2, find), c->t_valuep));
        rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_NE, rf_val(e, at), rf_kt(e, c->t_valuep, 0)), true),
                  there, absent);
        e->block = absent; /* raises */
        L value = rf_temp(e, c->t_value);
        R x = rf_cast(e, rf_place(e, xslot), c->t_ptr), out = rf_cast(e, rf_addr(e, value), c->t_ptr);
        R args[6] = {e->vm, e->frame, rf_where(e), x, rf_value_address(e, islot), out};
        rf_check(e, rf_help(e, RF_HELPER_index, 6, args));
        R drop[1] = {out};
        rf_eval(e, rf_help(e, RF_HELPER_release, 1, drop));
        rf_jump(e, rf_exit(e, e->pc, RF_REASON_NONE, false));
        e->block = there;
    }
    e->found = at;
    e->found_pc = e->pc;
    rf_pop_slot(e); /* the key: the dict has its own reference */
    if (consume_x) {
        rf_drop_operands(e, 1);
    }
    push_found(e, at);
    return true;
}

bool rf_gen_field_dict(Emit *e)
{
    RfCompiler *c = e->c;
    uint32_t top = rf_top(e);
    if (!expect_dict(e, top)) {
        return false;
    }
    L at = rf_temp(e, c->t_valuep);
    R dict = dict_at(e, rf_place(e, top));
    if (!e->dry && e->block) {
        R proto = rf_cast(e, rf_bound(e, RF_BIND_PROTO, e->u->number, NULL, c->t_u8p), c->t_ptr);
        R args[3] = {dict, proto, rf_k(e, e->u->code[e->pc].b)};
        rf_set(e, at, rf_cast(e, rf_help(e, RF_HELPER_dict_member, 3, args), c->t_valuep));
    }
    rf_drop_operands(e, 1);
    push_found(e, at);
    return true;
}

/* ---- d[k] op= x: the look-up of the read serves the store ---- */

static bool same_load(RfInstr a, RfInstr b)
{
    return a.op == b.op && ((a.op == RF_OP_LOAD_LOCAL && a.a == b.a) || (a.op == RF_OP_CONST && a.b == b.b));
}

/* Is the value that the store at e->pc replaces the one that was found at e->found_pc, and has nothing happened since? Between the
 * two lie only loads and arithmetic, on scalars as the emitters of operators say (rf_keep_elems forgets what was found). */
static bool found_for_store(const Emit *e, bool global, uint32_t n)
{
    const RfInstr *code = e->u->code;
    uint32_t pc = e->found_pc;
    if (pc == 0 || e->pc <= pc) {
        return false;
    }
    for (uint32_t q = pc + 1; q <= e->pc; q++) {
        bool quiet = code[q].op == RF_OP_LOAD_LOCAL || code[q].op == RF_OP_CONST ||
                     (code[q].op >= RF_OP_ADD && code[q].op <= RF_OP_MOD) || q == e->pc;
        if (e->leader[q] || !quiet) {
            return false;
        }
    }
    bool same_root =
        global ? code[pc].op == RF_OP_INDEX && pc >= 2 && code[pc - 2].op == RF_OP_LOAD_GLOBAL && code[pc - 2].b == n
               : code[pc].op == RF_OP_INDEX_LOCAL && code[pc].a == n;
    return same_root && !e->leader[pc] && same_load(code[pc - 1], code[e->pc - 1]);
}

bool rf_gen_store_found(Emit *e, bool global, uint32_t n)
{
    RfCompiler *c = e->c;
    uint32_t islot = rf_top(e), vslot = islot - 1;
    SlotKind k = (SlotKind)e->s.slots[vslot].k;
    if ((k != K_INT && k != K_FLOAT && k != K_BOOL) || !found_for_store(e, global, n)) {
        return false;
    }
    if (e->s.slots[islot].moved) {
        rf_to_home(e, islot);
    }
    rf_may_fail(e);
    if (!e->dry && e->block) {
        gcc_jit_block *shared = rf_block(e), *mine = rf_block(e), *write = rf_block(e), *join = rf_block(e);
        L place = rf_temp(e, c->t_valuep);
        rf_set(e, place, global ? rf_global_place(e, n) : rf_home(e, n));
        R rc = rf_val(e, rf_at(e, rf_val(e, rf_payload_p(e, rf_val(e, place))), offsetof(RfObject, rc), c->t_u32));
        R own = rf_cmp(e, GCC_JIT_COMPARISON_EQ, rc, rf_kt(e, c->t_u32, 1));
        if (global) {
            own = rf_bin(e, GCC_JIT_BINARY_OP_BITWISE_AND, c->t_bool, own, rf_global_is_mut(e, n));
        }
        rf_branch(e, rf_likely(e, own, true), mine, shared);
        e->block = mine;
        R old = rf_val(e, rf_tag(e, rf_val(e, e->found)));
        rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_LT, old, rf_kt(e, c->t_u64, RF_TAG_FIRST_HEAP)), true),
                  write, shared);
        e->block = write;
        rf_store_scalar(e, rf_val(e, e->found), vslot);
        rf_jump(e, join);
        e->block = shared;
        if (global) { /* what cannot be changed is the interpreter's error */
            rf_guard(e, rf_global_is_mut(e, n), RF_REASON_GLOBAL_CHANGED);
        }
        rf_store_scalar(e, rf_home(e, vslot), vslot);
        R index = rf_value_address(e, islot);
        R args[6] = {e->vm,       e->frame,
                     rf_where(e), rf_cast(e, rf_val(e, place), c->t_ptr),
                     index,       rf_cast(e, rf_home(e, vslot), c->t_ptr)};
        rf_check(e, rf_help(e, RF_HELPER_store_index, 6, args));
        rf_jump(e, join);
        e->block = join;
    }
    rf_pop_slot(e);
    rf_drop_operands(e, 1);
    return true;
}

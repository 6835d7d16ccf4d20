/* Containers in containers: table[i][j], self.keys[i]. What lies between the variable and the element is looked at where it is,
 * without a count of its own: its slot is a K_ELEM, which lives until the instruction that takes it apart. */
#include <string.h>

#include "jit/compile.h"

/* Will the value that the present instruction pushes be indexed, or have a field read, before anything can change the container
 * that it lies in? It is then `depth` operands high. */
bool rf_is_fleeting(const Emit *e, uint32_t depth)
{
    const RfJobUnit *u = e->u;
    if (u->level > 0) {
        return false;
    }
    for (uint32_t pc = e->pc + 1; pc < u->code_len && !e->leader[pc]; pc++) {
        switch ((RfOp)u->code[pc].op) {
        case RF_OP_LOAD_LOCAL:
        case RF_OP_LOAD_CELL:
        case RF_OP_LOAD_SHARED:
        case RF_OP_LOAD_GLOBAL:
        case RF_OP_CONST:
        case RF_OP_ADD:
        case RF_OP_SUB:
        case RF_OP_MUL:
        case RF_OP_DIV:
        case RF_OP_MOD:
        case RF_OP_INDEX_LOCAL:
            if (e->depth_at[pc] < depth || (u->code[pc].op == RF_OP_ADD && u->code[pc].b != 0)) {
                return false;
            }
            break;
        case RF_OP_INDEX: return e->depth_at[pc] == depth + 1;
        case RF_OP_GET_FIELD: return e->depth_at[pc] == depth;
        default: return false;
        }
    }
    return false;
}

/* The same for a value inside a borrowed parameter: nothing can change that while this activation runs. Whoever takes it must know
 * K_ELEM, that is all: the next comparison with null, GET_FIELD, or direct call. */
bool rf_takes_elem(const Emit *e, uint32_t depth)
{
    const RfJobUnit *u = e->u;
    for (uint32_t pc = e->pc + 1; pc < u->code_len && !e->leader[pc]; pc++) {
        RfInstr in = u->code[pc];
        int pops, pushes, at_target;
        rf_job_effect(u, in, &pops, &pushes, &at_target);
        uint32_t before = e->depth_at[pc];
        bool takes = before < depth + (uint32_t)pops;
        switch ((RfOp)in.op) {
        case RF_OP_LOAD_LOCAL:
        case RF_OP_LOAD_GLOBAL:
        case RF_OP_CONST: break;
        case RF_OP_ADD:
        case RF_OP_SUB:
        case RF_OP_MUL:
            if (takes) {
                return false;
            }
            break;
        case RF_OP_EQ:
        case RF_OP_NE: {
            RfInstr with = u->code[pc - 1];
            return takes && before == depth + 1 && with.op == RF_OP_CONST && u->consts[with.b].tag == RF_TAG_NULL;
        }
        case RF_OP_GET_FIELD:
            if (takes) {
                return true;
            }
            break;
        case RF_OP_CALL:
            if (takes) {
                uint32_t below = before - in.a; /* operands, with the callee on top */
                return below < depth && e->s.slots[u->nlocals + below - 1].k == K_UNIT &&
                       rf_can_call(e, e->s.slots[u->nlocals + below - 1].n, in.a);
            }
            break;
        default: return false;
        }
    }
    return false;
}

void rf_set_elem(Emit *e, uint32_t slot, R address)
{
    rf_set_slot(e, slot, K_ELEM);
    e->s.slots[slot].hint = e->u->tos[e->pc + 1] & (uint16_t)~RF_CLASS_SEEN;
    e->exit_block = NULL;
    if (!e->dry && e->block) {
        if (!e->areg[slot]) {
            e->areg[slot] = rf_temp(e, e->c->t_valuep);
        }
        rf_set(e, e->areg[slot], address);
    }
}

void rf_keep_elems(Emit *e)
{
    e->found_pc = 0;
    for (uint32_t i = e->u->nlocals; i < e->u->nlocals + e->s.depth; i++) {
        if (e->s.slots[i].k == K_ELEM && !e->s.slots[i].stable) {
            rf_to_home(e, i);
        }
    }
}

/* The array at `place`, of elements of this kind and longer than index, or the code is left. */
static R array_at(Emit *e, R place, R index, uint16_t elements)
{
    RfCompiler *c = e->c;
    L obj = rf_temp(e, c->t_u8p);
    rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, place)), rf_kt(e, c->t_u64, RF_TAG_ARRAY)),
             RF_REASON_TYPE_GUARD);
    rf_set(e, obj, rf_val(e, rf_payload_p(e, place)));
    R aux = rf_val(e, rf_at(e, rf_val(e, obj), offsetof(RfObject, aux), c->t_u16));
    rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, aux, rf_kt(e, c->t_u16, elements)), RF_REASON_TYPE_GUARD);
    R len = rf_cast(e, rf_val(e, rf_at(e, rf_val(e, obj), offsetof(RfArray, len), c->t_u32)), c->t_u64);
    rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_LT, rf_cast(e, index, c->t_u64), len), RF_REASON_BOUNDS);
    return rf_val(e, obj);
}

/* The view of an array that is looked at once. */
static View view_at(Emit *e, R array, uint16_t class)
{
    View v = {.class = class};
    if (array) {
        v.data = rf_temp(e, e->c->t_u8p);
        rf_set(e, v.data, rf_val(e, rf_at(e, array, offsetof(RfArray, as), e->c->t_u8p)));
    }
    return v;
}

static uint16_t class_for(uint16_t hint, SlotKind k)
{
    uint16_t class = rf_array_class(hint);
    if (class) {
        return class;
    }
    return k == K_INT ? RF_CLASS_INTS : k == K_FLOAT ? RF_CLASS_FLOATS : k == K_BOOL ? RF_CLASS_BOOLS : RF_CLASS_VALUES;
}

static SlotKind kind_in(uint16_t class, SlotKind k)
{
    return class == RF_CLASS_INTS ? K_INT : class == RF_CLASS_FLOATS ? K_FLOAT : class == RF_CLASS_BOOLS ? K_BOOL : k;
}

/* x[i] where x is no variable with a view, xslot is below islot, an int in a register. k: what the profile says of the result;
 * K_HOME: no scalar. False: not for such code. */
bool rf_gen_index_nested(Emit *e, uint32_t xslot, uint32_t islot, SlotKind k)
{
    RfCompiler *c = e->c;
    Slot *x = &e->s.slots[xslot];
    const uint16_t not_arrays =
        (uint16_t) ~(RF_CLASS_INTS | RF_CLASS_FLOATS | RF_CLASS_BOOLS | RF_CLASS_VALUES | RF_CLASS_SEEN);
    uint16_t hint = x->k == K_ALIAS && !x->hint ? rf_classes_of(e, false, x->n) : x->hint ? x->hint : x->class;
    bool owned = x->k == K_HOME || (x->k == K_ALIAS && x->moved);
    if (e->u->level > 0 || (hint & not_arrays) || (hint == 0 && (x->k != K_ELEM || k == K_HOME))) {
        return false;
    }
    uint16_t class = class_for(hint, k);
    k = kind_in(class, k);
    bool scalar = k == K_INT || k == K_FLOAT || k == K_BOOL;
    if (!scalar && (owned || class != RF_CLASS_VALUES || !rf_is_fleeting(e, e->s.depth - 1))) {
        return false;
    }
    L result = rf_temp(e, k == K_FLOAT ? c->t_f64 : scalar ? c->t_i64 : c->t_valuep);
    if (!e->dry && e->block) {
        R index = rf_val(e, rf_ireg(e, islot));
        R array = array_at(e, rf_place(e, xslot), index, rf_elem_kind(class));
        View v = view_at(e, array, class);
        if (class == RF_CLASS_VALUES) {
            L at = rf_temp(e, c->t_valuep);
            R data = rf_cast(e, rf_val(e, v.data), c->t_valuep);
            rf_set(e, at, rf_addr(e, rf_gcc.context_new_array_access(c->ctx, NULL, data, index)));
            if (scalar) {
                RfTag tag = rf_tag_of(k);
                rf_guard(e,
                         rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, rf_val(e, at))), rf_kt(e, c->t_u64, tag)),
                         RF_REASON_TYPE_GUARD);
                rf_set(e, result,
                       rf_val(e, k == K_FLOAT ? rf_payload_f(e, rf_val(e, at)) : rf_payload(e, rf_val(e, at))));
            } else {
                rf_set(e, result, rf_val(e, at));
            }
        } else {
            L reg = k == K_FLOAT ? rf_freg(e, islot) : rf_ireg(e, islot);
            rf_load_element(e, &v, index, islot, k, NULL);
            rf_set(e, result, rf_val(e, reg));
        }
    }
    e->s.depth--;
    e->s.slots[islot] = (Slot){.k = K_DEAD};
    if (owned) {
        rf_release_slot(e, xslot);
    }
    e->exit_block = NULL;
    if (scalar) {
        rf_set_slot(e, xslot, k);
        rf_set(e, k == K_FLOAT ? rf_freg(e, xslot) : rf_ireg(e, xslot), rf_val(e, result));
    } else {
        rf_set_elem(e, xslot, rf_val(e, result));
    }
    return true;
}

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
        case RF_OP_CONST:
        case RF_OP_ADD:
        case RF_OP_SUB:
        case RF_OP_MUL:
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

/* ---- stores: variable[i][j] = x, variable.name[j] = x ---- */

static R equal(Emit *e, L have, T type, int64_t wanted)
{
    return rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, have), rf_kt(e, type, wanted));
}

static void unless(Emit *e, R cond, gcc_jit_block *other)
{
    gcc_jit_block *on = rf_block(e);
    rf_branch(e, rf_likely(e, cond, true), on, other);
    e->block = on;
}

/* The object of this kind at `place` that nobody else refers to, else on to `other`. */
static R own_object(Emit *e, R place, RfTag tag, gcc_jit_block *other)
{
    RfCompiler *c = e->c;
    L obj = rf_temp(e, c->t_u8p);
    unless(e, equal(e, rf_tag(e, place), c->t_u64, tag), other);
    rf_set(e, obj, rf_val(e, rf_payload_p(e, place)));
    unless(e, equal(e, rf_at(e, rf_val(e, obj), offsetof(RfObject, rc), c->t_u32), c->t_u32, 1), other);
    return rf_val(e, obj);
}

static R own_array(Emit *e, R place, R index, uint16_t elements, gcc_jit_block *other)
{
    RfCompiler *c = e->c;
    R array = own_object(e, place, RF_TAG_ARRAY, other);
    unless(e, equal(e, rf_at(e, array, offsetof(RfObject, aux), c->t_u16), c->t_u16, elements), other);
    R len = rf_cast(e, rf_val(e, rf_at(e, array, offsetof(RfArray, len), c->t_u32)), c->t_u64);
    unless(e, rf_cmp(e, GCC_JIT_COMPARISON_LT, rf_cast(e, index, c->t_u64), len), other);
    return array;
}

static void store_in_place(Emit *e, const RfJobPath *path, R root, uint32_t islot, uint32_t vslot, gcc_jit_block *other)
{
    RfCompiler *c = e->c;
    SlotKind k = (SlotKind)e->s.slots[vslot].k;
    R inner;
    if (path->steps[0].kind == RF_STEP_INDEX) {
        R index = rf_val(e, rf_ireg(e, islot++));
        R array = own_array(e, root, index, RF_ELEM_ANY, other);
        R data = rf_cast(e, rf_val(e, rf_at(e, array, offsetof(RfArray, as), c->t_u8p)), c->t_valuep);
        inner = rf_addr(e, rf_gcc.context_new_array_access(c->ctx, NULL, data, index));
    } else {
        const RfJobField *site = &e->u->fields[path->steps[0].slot];
        R strct = own_object(e, root, RF_TAG_STRUCT, other);
        R shape = rf_bound(e, RF_BIND_SHAPE, site->shape, NULL, c->t_u8p);
        unless(e,
               rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_at(e, strct, offsetof(RfStruct, shape), c->t_u8p)), shape),
               other);
        int64_t offset = (int64_t)(offsetof(RfStruct, fields) + site->offset * sizeof(RfValue));
        inner = rf_cast(e, rf_addr(e, rf_at(e, strct, offset, c->t_value)), c->t_valuep);
    }
    L at = rf_temp(e, c->t_valuep);
    rf_set(e, at, inner);
    R index = rf_val(e, rf_ireg(e, islot));
    R array = own_array(e, rf_val(e, at), index,
                        k == K_INT     ? RF_ELEM_INT
                        : k == K_FLOAT ? RF_ELEM_FLOAT
                                       : RF_ELEM_BOOL,
                        other);
    T type = k == K_INT ? c->t_i64 : k == K_FLOAT ? c->t_f64 : c->t_u8;
    R data = rf_cast(e, rf_val(e, rf_at(e, array, offsetof(RfArray, as), c->t_u8p)), rf_gcc.type_get_pointer(type));
    R value = k == K_FLOAT ? rf_val(e, rf_freg(e, vslot)) : rf_cast(e, rf_val(e, rf_ireg(e, vslot)), type);
    rf_set(e, rf_gcc.context_new_array_access(c->ctx, NULL, data, index), value);
}

/* A scalar into an array in a container in a variable; what is shared, absent or of another kind goes through helper `apply`.
 * False: not such a store. */
bool rf_gen_store_nested(Emit *e, const RfJobPath *path, bool value_on_top)
{
    uint32_t n = path->index_count, low = e->u->nlocals + e->s.depth - n - 1;
    uint32_t vslot = value_on_top ? low + n : low, first = value_on_top ? low : low + 1;
    bool field = path->count == 2 && path->steps[0].kind == RF_STEP_FIELD;
    bool global = path->root == RF_ROOT_GLOBAL;
    SlotKind k = (SlotKind)e->s.slots[vslot].k;
    if (e->u->level > 0 || path->count != 2 || path->steps[1].kind != RF_STEP_INDEX ||
        (!field && path->steps[0].kind != RF_STEP_INDEX) ||
        (field && e->u->fields[path->steps[0].slot].shape == RF_JOB_NONE) ||
        (k != K_INT && k != K_FLOAT && k != K_BOOL) ||
        (!global &&
         (path->root != RF_ROOT_LOCAL || e->s.slots[path->slot].k != K_HOME || e->s.slots[path->slot].borrowed))) {
        return false;
    }
    for (uint32_t i = first; i < first + n; i++) {
        if (e->s.slots[i].k != K_INT) {
            return false;
        }
    }
    View *view = rf_view_of(e, global, path->slot);
    rf_may_fail(e);
    if (!e->dry && e->block) {
        gcc_jit_block *general = rf_block(e), *join = rf_block(e);
        R root = global ? rf_global_place(e, path->slot) : rf_home(e, path->slot);
        if (global) {
            unless(e, rf_global_is_mut(e, path->slot), general);
        }
        store_in_place(e, path, root, first, vslot, general);
        rf_jump(e, join);
        e->block = general;
        Slot *kept = rf_mem_alloc(sizeof(Slot) * (n + 1));
        memcpy(kept, &e->s.slots[low], sizeof(Slot) * (n + 1));
        for (uint32_t i = low; i <= low + n; i++) {
            rf_to_home(e, i);
        }
        R args[3] = {e->vm, e->frame, rf_where(e)};
        rf_check(e, rf_help(e, RF_HELPER_apply, 3, args));
        if (view) {
            rf_view_refresh_slowly(e, view);
        }
        memcpy(&e->s.slots[low], kept, sizeof(Slot) * (n + 1));
        rf_mem_free(kept, sizeof(Slot) * (n + 1));
        rf_jump(e, join);
        e->block = join;
    }
    e->exit_block = NULL;
    rf_drop_operands(e, n + 1);
    return true;
}

/* Stores through paths: a[i].x := v, self.items[i] := v, d[k].n := v. Containers on the way that nobody else refers to are
 * entered where they lie; everything else - shared, absent, immutable - goes through helper `apply`, which raises and copies as
 * the interpreter does. */
#include <string.h>

#include "jit/compile.h"

#define STEPS_MAX 6 /* longer paths are left to the helper */

typedef struct Walk {
    Emit *e;
    const RfJobPath *path;
    uint32_t islot; /* next index operand */
    gcc_jit_block *other;
} Walk;

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

/* An array of these elements, longer than index. */
static R own_array(Emit *e, R place, R index, uint16_t elements, gcc_jit_block *other)
{
    RfCompiler *c = e->c;
    R array = own_object(e, place, RF_TAG_ARRAY, other);
    unless(e, equal(e, rf_at(e, array, offsetof(RfObject, aux), c->t_u16), c->t_u16, elements), other);
    R len = rf_cast(e, rf_val(e, rf_at(e, array, offsetof(RfArray, len), c->t_u32)), c->t_u64);
    unless(e, rf_cmp(e, GCC_JIT_COMPARISON_LT, rf_cast(e, index, c->t_u64), len), other);
    return array;
}

/* Address of the site's field in a struct of the site's shape. */
static R own_field(Emit *e, R place, const RfJobField *site, gcc_jit_block *other)
{
    RfCompiler *c = e->c;
    R strct = own_object(e, place, RF_TAG_STRUCT, other);
    R shape = rf_bound(e, RF_BIND_SHAPE, site->shape, NULL, c->t_u8p);
    unless(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_at(e, strct, offsetof(RfStruct, shape), c->t_u8p)), shape),
           other);
    int64_t offset = (int64_t)(offsetof(RfStruct, fields) + site->offset * sizeof(RfValue));
    return rf_cast(e, rf_addr(e, rf_at(e, strct, offset, c->t_value)), c->t_valuep);
}

/* What a helper has found, or on to `other`. */
static void found(Walk *w, L at, R address)
{
    Emit *e = w->e;
    rf_set(e, at, rf_cast(e, address, e->c->t_valuep));
    unless(e, rf_cmp(e, GCC_JIT_COMPARISON_NE, rf_val(e, at), rf_kt(e, e->c->t_valuep, 0)), w->other);
}

/* Address of what one step leads to from the value at `place`. */
static R step_into(Walk *w, const RfJobStep *step, R place)
{
    Emit *e = w->e;
    RfCompiler *c = e->c;
    L at = rf_temp(e, c->t_valuep);
    if (step->kind == RF_STEP_FIELD) {
        const RfJobField *site = &e->u->fields[step->slot];
        if (site->shape != RF_JOB_NONE) {
            rf_set(e, at, own_field(e, place, site, w->other));
        } else {
            R proto = rf_cast(e, rf_bound(e, RF_BIND_PROTO, e->u->number, NULL, c->t_u8p), c->t_ptr);
            R args[3] = {rf_cast(e, place, c->t_ptr), proto, rf_k(e, step->slot)};
            found(w, at, rf_help(e, RF_HELPER_path_field, 3, args));
        }
        return rf_val(e, at);
    }
    uint32_t islot = w->islot++;
    if (e->s.slots[islot].k != K_INT) {
        R args[2] = {rf_cast(e, place, c->t_ptr), rf_value_address(e, islot)};
        found(w, at, rf_help(e, RF_HELPER_path_step, 2, args));
        return rf_val(e, at);
    }
    R index = rf_val(e, rf_ireg(e, islot));
    gcc_jit_block *join = rf_block(e), *dict = rf_block(e);
    R array = own_array(e, place, index, RF_ELEM_ANY, dict);
    R data = rf_cast(e, rf_val(e, rf_at(e, array, offsetof(RfArray, as), c->t_u8p)), c->t_valuep);
    rf_set(e, at, rf_addr(e, rf_gcc.context_new_array_access(c->ctx, NULL, data, index)));
    rf_jump(e, join);
    e->block = dict;
    R args[2] = {rf_cast(e, place, c->t_ptr), index};
    found(w, at, rf_help(e, RF_HELPER_path_step_int, 2, args));
    rf_jump(e, join);
    e->block = join;
    return rf_val(e, at);
}

/* The helper that puts vslot into the last container has taken it, with or without an error. */
static void taken(Emit *e, uint32_t vslot, R status)
{
    L kept = rf_temp(e, e->c->t_i32);
    rf_set(e, kept, status);
    Slot value = e->s.slots[vslot];
    e->s.slots[vslot] = (Slot){.k = K_NULL};
    e->exit_block = NULL;
    rf_check(e, rf_val(e, kept));
    e->s.slots[vslot] = value;
    e->exit_block = NULL;
}

static void put(Emit *e, R to, uint32_t vslot)
{
    if (e->s.slots[vslot].k == K_HOME) {
        rf_copy_value(e, to, rf_home(e, vslot));
    } else {
        rf_store_scalar(e, to, vslot);
    }
}

static void put_field(Walk *w, const RfJobStep *step, R place, uint32_t vslot)
{
    Emit *e = w->e;
    RfCompiler *c = e->c;
    const RfJobField *site = &e->u->fields[step->slot];
    gcc_jit_block *general = rf_block(e), *join = rf_block(e);
    if (site->shape != RF_JOB_NONE) {
        L at = rf_temp(e, c->t_valuep);
        rf_set(e, at, own_field(e, place, site, general));
        rf_release_at(e, rf_val(e, at));
        put(e, rf_val(e, at), vslot);
        rf_jump(e, join);
    } else {
        rf_jump(e, general);
    }
    e->block = general;
    R tag, payload;
    rf_boxed_arguments(e, vslot, &tag, &payload);
    R args[7] = {e->vm, e->frame, rf_where(e), rf_cast(e, place, c->t_ptr), rf_k(e, step->slot), tag, payload};
    taken(e, vslot, rf_help(e, RF_HELPER_store_field, 7, args));
    rf_jump(e, join);
    e->block = join;
}

static void put_index(Walk *w, R place, uint32_t vslot)
{
    Emit *e = w->e;
    RfCompiler *c = e->c;
    uint32_t islot = w->islot;
    SlotKind k = (SlotKind)e->s.slots[vslot].k;
    if (e->s.slots[islot].k != K_INT) {
        R index = rf_value_address(e, islot);
        if (k != K_HOME) {
            rf_store_scalar(e, rf_home(e, vslot), vslot);
        }
        R value = rf_cast(e, rf_home(e, vslot), c->t_ptr);
        R args[6] = {e->vm, e->frame, rf_where(e), rf_cast(e, place, c->t_ptr), index, value};
        taken(e, vslot, rf_help(e, RF_HELPER_store_index, 6, args));
        return;
    }
    R index = rf_val(e, rf_ireg(e, islot));
    gcc_jit_block *general = rf_block(e), *join = rf_block(e);
    if (k == K_INT || k == K_FLOAT || k == K_BOOL) {
        uint16_t elements = k == K_INT ? RF_ELEM_INT : k == K_FLOAT ? RF_ELEM_FLOAT : RF_ELEM_BOOL;
        T type = k == K_INT ? c->t_i64 : k == K_FLOAT ? c->t_f64 : c->t_u8;
        R array = own_array(e, place, index, elements, general);
        R data = rf_cast(e, rf_val(e, rf_at(e, array, offsetof(RfArray, as), c->t_u8p)), rf_gcc.type_get_pointer(type));
        R value = k == K_FLOAT ? rf_val(e, rf_freg(e, vslot)) : rf_cast(e, rf_val(e, rf_ireg(e, vslot)), type);
        rf_set(e, rf_gcc.context_new_array_access(c->ctx, NULL, data, index), value);
    } else {
        L at = rf_temp(e, c->t_valuep);
        R array = own_array(e, place, index, RF_ELEM_ANY, general);
        R data = rf_cast(e, rf_val(e, rf_at(e, array, offsetof(RfArray, as), c->t_u8p)), c->t_valuep);
        rf_set(e, at, rf_addr(e, rf_gcc.context_new_array_access(c->ctx, NULL, data, index)));
        rf_release_at(e, rf_val(e, at));
        put(e, rf_val(e, at), vslot);
    }
    rf_jump(e, join);
    e->block = general;
    R tag, payload;
    rf_boxed_arguments(e, vslot, &tag, &payload);
    R args[7] = {e->vm, e->frame, rf_where(e), rf_cast(e, place, c->t_ptr), index, tag, payload};
    taken(e, vslot, rf_help(e, RF_HELPER_store_index_int, 7, args));
    rf_jump(e, join);
    e->block = join;
}

static R root_place(Emit *e, const RfJobPath *path)
{
    switch (path->root) {
    case RF_ROOT_LOCAL: return rf_home(e, path->slot);
    case RF_ROOT_GLOBAL: return rf_global_place(e, path->slot);
    case RF_ROOT_CELL: return rf_cell_place(e, path->slot);
    default: return rf_shared_place(e, path->slot);
    }
}

/* Operands from `low` to the top, consumed by the interpreter's code. */
static void store_slowly(Emit *e, uint32_t low)
{
    uint32_t n = rf_top(e) - low + 1;
    Slot *kept = rf_mem_alloc(sizeof(Slot) * n);
    memcpy(kept, &e->s.slots[low], sizeof(Slot) * n);
    for (uint32_t i = low; i < low + n; i++) {
        rf_to_home(e, i);
    }
    R args[4] = {e->vm, e->frame, rf_where(e), rf_k(e, n)};
    rf_check(e, rf_help(e, RF_HELPER_apply, 4, args));
    memcpy(&e->s.slots[low], kept, sizeof(Slot) * n);
    rf_mem_free(kept, sizeof(Slot) * n);
}

static bool suits(const Emit *e, const RfJobPath *path)
{
    if (e->u->level > 0 || path->count > STEPS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < path->count; i++) {
        if (path->steps[i].kind != RF_STEP_INDEX && path->steps[i].kind != RF_STEP_FIELD) {
            return false;
        }
    }
    if (path->root != RF_ROOT_LOCAL && path->root != RF_ROOT_SHARED) {
        return true;
    }
    const Slot *s = &e->s.slots[path->slot];
    return s->k == K_HOME && !s->borrowed && !(s->class & RF_CLASS_UNDEF);
}

bool rf_gen_store_path(Emit *e, const RfJobPath *path, bool value_on_top)
{
    if (!suits(e, path)) {
        return false;
    }
    uint32_t n = path->index_count, low = e->u->nlocals + e->s.depth - n - 1;
    uint32_t vslot = value_on_top ? low + n : low, first = value_on_top ? low : low + 1;
    for (uint32_t i = low; i <= low + n;
         i++) { /* the value moves into its container; an index is given back afterwards */
        Slot *s = &e->s.slots[i];
        if (i == vslot ? s->k >= K_HOME : s->k == K_UNIT || s->k == K_BUILTIN || s->k == K_ELEM || s->moved) {
            rf_to_home(e, i);
        }
    }
    bool global = path->root == RF_ROOT_GLOBAL;
    View *view = global || path->root == RF_ROOT_LOCAL ? rf_view_of(e, global, path->slot) : NULL;
    rf_may_fail(e);
    if (view) {
        rf_count_dirty(e, view);
    }
    if (!e->dry && e->block) {
        gcc_jit_block *general = rf_block(e), *join = rf_block(e);
        if (global) {
            unless(e, rf_global_is_mut(e, path->slot), general);
        }
        Walk w = {e, path, first, general};
        L at = rf_temp(e, e->c->t_valuep);
        rf_set(e, at, root_place(e, path));
        R place = rf_val(e, at);
        for (uint32_t i = 0; i + 1 < path->count; i++) {
            place = step_into(&w, &path->steps[i], place);
        }
        const RfJobStep *last = &path->steps[path->count - 1];
        if (last->kind == RF_STEP_FIELD) {
            put_field(&w, last, place, vslot);
        } else {
            put_index(&w, place, vslot);
        }
        for (uint32_t i = first; i < first + n; i++) {
            if (e->s.slots[i].k == K_HOME) {
                rf_release_at(e, rf_home(e, i));
            }
        }
        if (view && path->count == 1) { /* the store may have made another array of it */
            rf_view_refresh_slowly(e, view);
        }
        rf_jump(e, join);
        e->block = general;
        store_slowly(e, low);
        if (view) {
            rf_view_refresh_slowly(e, view);
        }
        rf_jump(e, join);
        e->block = join;
    }
    rf_drop_operands(e, n + 1);
    return true;
}

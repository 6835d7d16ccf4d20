/* Globals, captured variables, struct fields and structs. */
#include "jit/compile.h"

static R not_undef(Emit *e, R address)
{
    return rf_cmp(e, GCC_JIT_COMPARISON_NE, rf_val(e, rf_tag(e, address)), rf_kt(e, e->c->t_u64, RF_TAG_UNDEF));
}

void rf_load_value(Emit *e, R address, uint32_t d, uint16_t seen, bool maybe_unset)
{
    RfCompiler *c = e->c;
    SlotKind k = e->u->level >= 2 ? K_HOME : rf_kind_of_class(seen);
    if (k == K_DEAD || k == K_HOME) {
        rf_copy_value(e, rf_home(e, d), address);
        rf_retain_at(e, rf_home(e, d));
        rf_set_slot(e, d, K_HOME);
        return;
    }
    if (!e->dry && e->block) {
        RfTag tag = rf_tag_of(k);
        gcc_jit_block *ok = rf_block(e), *other = rf_block(e);
        rf_branch(e,
                  rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, address)), rf_kt(e, c->t_u64, tag)),
                            true),
                  ok, other);
        e->block = other;
        if (maybe_unset) { /* nothing may be made of it: the instruction runs again in the interpreter, and raises */
            gcc_jit_block *set = rf_block(e);
            e->s.depth--;
            gcc_jit_block *unset = rf_exit(e, e->pc, RF_REASON_GLOBAL_CHANGED, true);
            e->s.depth++;
            rf_branch(e, not_undef(e, address), set, unset);
            e->block = set;
        }
        rf_copy_value(e, rf_home(e, d), address);
        rf_retain_at(e, rf_home(e, d));
        rf_set_slot(e, d, K_HOME);
        rf_expect(e, k);
        gcc_jit_block *out = rf_exit(e, e->pc + 1, RF_REASON_TYPE_GUARD, true);
        rf_jump(e, out);
        e->block = ok;
        if (k == K_FLOAT) {
            rf_set(e, rf_freg(e, d), rf_val(e, rf_payload_f(e, address)));
        } else if (k != K_NULL) {
            rf_set(e, rf_ireg(e, d), rf_val(e, rf_payload(e, address)));
        }
    }
    rf_set_slot(e, d, k);
}

const RfJobGlobal *rf_global_info(const Emit *e, uint32_t slot)
{
    for (uint32_t i = 0; i < e->u->nglobals; i++) {
        if (e->u->globals[i].slot == slot) {
            return &e->u->globals[i];
        }
    }
    return NULL;
}

uint64_t rf_global_bit(const Emit *e, uint32_t global)
{
    for (uint32_t i = 0; i < e->u->nglobals && i < 64; i++) {
        if (e->u->globals[i].slot == global && !e->generator) { /* which can be entered at loops */
            return UINT64_C(1) << i;
        }
    }
    return 0;
}

/* Goes on when the global is there; else the instruction raises its error. */
static void else_undefined(Emit *e, uint32_t g)
{
    uint64_t bit = rf_global_bit(e, g);
    if (e->s.there & bit) {
        return;
    }
    if (rf_is_handled(e)) {
        rf_may_fail(e);
    }
    e->s.there |= bit;
    if (e->dry || !e->block) {
        return;
    }
    RfCompiler *c = e->c;
    if (!rf_is_handled(e)) { /* the interpreter will do that */
        rf_guard(e, not_undef(e, rf_global_place(e, g)), RF_REASON_GLOBAL_CHANGED);
        return;
    }
    gcc_jit_block *there = rf_block(e), *absent = rf_block(e);
    rf_branch(e, rf_likely(e, not_undef(e, rf_global_place(e, g)), true), there, absent);
    e->block = absent;
    RfInstr in = e->u->code[e->pc];
    if (in.op == RF_OP_LOAD_LOCAL) { /* the helper looks at the local first */
        rf_need_homes(e);
        rf_store_scalar(e, rf_home(e, in.a), in.a);
    }
    L value = rf_temp(e, c->t_value);
    R out = rf_cast(e, rf_addr(e, value), c->t_ptr);
    R args[4] = {e->vm, e->frame, rf_where(e), out};
    rf_check(e, rf_help(e, RF_HELPER_load_global, 4, args));
    R drop[1] = {out};
    rf_eval(e, rf_help(e, RF_HELPER_release, 1, drop));
    rf_jump(e, rf_exit(e, e->pc, RF_REASON_GLOBAL_CHANGED, true));
    e->block = there;
}

/* The global an instruction names: itself, or as the fall-back of a local that does not exist. */
void rf_gen_load_global(Emit *e)
{
    uint32_t g = rf_named_global(e->u->code[e->pc]);
    const RfJobGlobal *info = rf_global_info(e, g);
    bool direct = e->u->code[e->pc].op == RF_OP_LOAD_GLOBAL;
    if (rf_hold_slot(e, g) != UINT32_MAX) {
        rf_push_register(e, rf_hold_slot(e, g));
        return;
    }
    if (info && info->stable && direct) {
        if (info->builtin && info->kind == RF_GLOBAL_ABSENT) {
            uint32_t i = rf_push_slot(e, K_BUILTIN);
            e->s.slots[i].name = info->builtin;
            return;
        }
        if (info->unit != RF_JOB_NONE && !e->c->units[info->unit].bad) {
            uint32_t i = rf_push_slot(e, K_UNIT);
            e->s.slots[i].n = info->unit;
            return;
        }
    }
    uint16_t seen = e->u->tos[e->pc + 1];
    if (!(seen & ~RF_CLASS_SEEN) && info) {
        seen = info->class;
    }
    SlotKind k = rf_kind_of_class(seen);
    if (e->u->level < 2 && k != K_HOME && k != K_DEAD) {
        uint32_t i = rf_push_slot(e, K_DEAD);
        rf_load_value(e, rf_global_place(e, g), i, seen, true);
        return;
    }
    else_undefined(e, g);
    uint32_t i = rf_push_slot(e, K_GALIAS);
    e->s.slots[i].n = g;
}

R rf_global_is_mut(Emit *e, uint32_t global)
{
    if (e->dry || !e->block) {
        return NULL;
    }
    RfCompiler *c = e->c;
    R module = rf_bound(e, RF_BIND_MODULE, e->u->number, NULL, c->t_u8p);
    R infos = rf_val(e, rf_at(e, module, offsetof(RfModule, info), c->t_u8p));
    R info = rf_val(e, rf_at(e, infos, (int64_t)global * 8, c->t_u8p));
    return rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_at(e, info, offsetof(RfGlobalInfo, kind), c->t_u8)),
                  rf_kt(e, c->t_u8, RF_GLOBAL_MUT));
}

void rf_gen_store_global(Emit *e)
{
    RfCompiler *c = e->c;
    RfInstr in = e->u->code[e->pc];
    uint32_t g = rf_named_global(e->u->code[e->pc]);
    const RfJobGlobal *info = rf_global_info(e, g);
    uint32_t top = rf_top(e), slot = rf_hold_slot(e, g);
    if (slot != UINT32_MAX) {
        SlotKind k = (SlotKind)e->s.slots[slot].k;
        if (e->s.slots[top].k != k) { /* boxed, or of another kind */
            rf_noisy(e);
        } else if (k == K_FLOAT) {
            rf_set(e, rf_freg(e, slot), rf_val(e, rf_freg(e, top)));
        } else {
            rf_set(e, rf_ireg(e, slot), rf_val(e, rf_ireg(e, top)));
        }
        rf_pop_slot(e);
        e->exit_block = NULL;
        return;
    }
    if (!info || info->kind != RF_GLOBAL_MUT || (in.op == RF_OP_STORE_GLOBAL && in.a != RF_STORE_PLAIN)) {
        rf_gen_step(e);
        return;
    }
    if (!e->dry && e->block) {
        rf_guard(e, rf_global_is_mut(e, g), RF_REASON_GLOBAL_CHANGED);
    }
    Slot *s = &e->s.slots[top];
    if (s->k >= K_HOME) {
        rf_to_home(e, top);
    }
    e->s.depth--;
    rf_unalias_global(e, g);
    e->s.depth++;
    if (!e->dry && e->block) {
        R place = rf_global_place(e, g);
        L at = rf_temp(e, c->t_valuep);
        rf_set(e, at, place);
        rf_release_at(e, rf_val(e, at));
        if (s->k == K_HOME) {
            rf_copy_value(e, rf_val(e, at), rf_home(e, top));
        } else {
            rf_store_scalar(e, rf_val(e, at), top);
        }
    }
    *s = (Slot){.k = K_DEAD};
    e->s.depth--;
    e->exit_block = NULL;
    rf_view_clear(e, true, g, false);
}

/* ---- captured variables ---- */

R rf_cell_place(Emit *e, uint32_t n)
{
    if (e->dry || !e->block) {
        return NULL;
    }
    RfCompiler *c = e->c;
    R cell = rf_val(
        e, rf_at(e, rf_val(e, e->closure), (int64_t)(offsetof(RfFunction, cells) + n * sizeof(void *)), c->t_u8p));
    return rf_cast(e, rf_addr(e, rf_at(e, cell, offsetof(RfCell, value), c->t_value)), c->t_valuep);
}

void rf_gen_load_cell(Emit *e)
{
    RfInstr in = e->u->code[e->pc];
    uint16_t seen = e->u->tos[e->pc + 1];
    if (!(seen & ~RF_CLASS_SEEN) && in.a < e->u->ncaptures) {
        seen = e->u->cells[in.a];
    }
    L at = rf_temp(e, e->c->t_valuep);
    rf_set(e, at, rf_cell_place(e, in.a));
    SlotKind k = rf_kind_of_class(seen);
    if (e->u->level >= 2 || k == K_HOME || k == K_DEAD) {
        rf_guard(e, not_undef(e, rf_val(e, at)), RF_REASON_TYPE_GUARD);
    } else if (k == K_NULL) {
        rf_gen_step(e);
        return;
    }
    uint32_t i = rf_push_slot(e, K_DEAD);
    if (!e->dry && e->block && k != K_HOME && k != K_DEAD && e->u->level < 2) {
        /* not of the kind, perhaps unset: the instruction runs again in the interpreter */
        RfTag tag = rf_tag_of(k);
        e->s.depth--;
        rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, rf_val(e, at))), rf_kt(e, e->c->t_u64, tag)),
                 RF_REASON_TYPE_GUARD);
        e->s.depth++;
        if (k == K_FLOAT) {
            rf_set(e, rf_freg(e, i), rf_val(e, rf_payload_f(e, rf_val(e, at))));
        } else {
            rf_set(e, rf_ireg(e, i), rf_val(e, rf_payload(e, rf_val(e, at))));
        }
    }
    if (k != K_HOME && k != K_DEAD && e->u->level < 2) {
        rf_set_slot(e, i, k);
        return;
    }
    if (rf_is_fleeting(e, e->s.depth)) {
        rf_set_elem(e, i, rf_val(e, at));
        return;
    }
    rf_load_value(e, rf_val(e, at), i, 0, false);
}

void rf_gen_store_cell(Emit *e)
{
    RfInstr in = e->u->code[e->pc];
    uint32_t top = rf_top(e);
    Slot *s = &e->s.slots[top];
    if (s->k >= K_HOME) {
        rf_to_home(e, top);
    }
    if (!e->dry && e->block) {
        L at = rf_temp(e, e->c->t_valuep);
        rf_set(e, at, rf_cell_place(e, in.a));
        /* the old value goes last: freeing it must not meet itself in the cell */
        L tag = rf_temp(e, e->c->t_u64), payload = rf_temp(e, e->c->t_i64);
        rf_set(e, tag, rf_val(e, rf_tag(e, rf_val(e, at))));
        rf_set(e, payload, rf_val(e, rf_payload(e, rf_val(e, at))));
        if (s->k == K_HOME) {
            rf_copy_value(e, rf_val(e, at), rf_home(e, top));
        } else {
            rf_store_scalar(e, rf_val(e, at), top);
        }
        rf_set(e, rf_tag(e, rf_home(e, top)), rf_val(e, tag));
        rf_set(e, rf_payload(e, rf_home(e, top)), rf_val(e, payload));
        rf_release_at(e, rf_home(e, top));
    }
    *s = (Slot){.k = K_DEAD};
    e->s.depth--;
    e->exit_block = NULL;
}

/* ---- fields ---- */

/* Guards that the value at `place` is a struct of the job's shape number `shape`, unless slot i is known to be one. */
static void guard_shape(Emit *e, uint32_t slot, uint32_t shape)
{
    RfCompiler *c = e->c;
    Slot *s = &e->s.slots[slot];
    if (s->shape == shape + 1) {
        return;
    }
    if (!e->dry && e->block) {
        R place = rf_place(e, slot);
        rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, place)), rf_kt(e, c->t_u64, RF_TAG_STRUCT)),
                 RF_REASON_SHAPE);
        R have = rf_val(e, rf_at(e, rf_val(e, rf_payload_p(e, place)), offsetof(RfStruct, shape), c->t_u8p));
        rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, have, rf_bound(e, RF_BIND_SHAPE, shape, NULL, c->t_u8p)),
                 RF_REASON_SHAPE);
    }
    s->shape = shape + 1;
    s->class = RF_CLASS_STRUCT;
    if (s->k == K_ALIAS && !s->moved) {
        e->s.slots[s->n].shape = shape + 1;
        e->s.slots[s->n].class = RF_CLASS_STRUCT;
    }
}

void rf_guard_shape(Emit *e, uint32_t slot, uint32_t shape)
{
    guard_shape(e, slot, shape);
}

void rf_gen_get_field(Emit *e)
{
    RfCompiler *c = e->c;
    const RfJobField *site = &e->u->fields[e->u->code[e->pc].b];
    uint32_t i = rf_top(e);
    Slot *s = &e->s.slots[i];
    if (e->u->level >= 2 || site->shape == RF_JOB_NONE ||
        (s->k != K_HOME && s->k != K_ALIAS && s->k != K_GALIAS && s->k != K_ELEM)) {
        if (site->shape == RF_JOB_NONE && rf_gen_field_dict(e)) {
            return;
        }
        if (s->k == K_ELEM) {
            rf_to_home(e, i);
        }
        rf_gen_get_field_any(e);
        return;
    }
    guard_shape(e, i, site->shape);
    uint16_t seen = e->u->tos[e->pc + 1];
    if (!(seen & ~RF_CLASS_SEEN) && site->offset < c->job->shapes[site->shape].nfields) {
        seen = c->job->shapes[site->shape].classes[site->offset];
    }
    bool owned = s->k == K_HOME || (s->k == K_ALIAS && s->moved);
    bool stable = s->k == K_ALIAS ? e->s.slots[s->n].borrowed : s->k == K_ELEM && s->stable;
    if (owned) {
        rf_to_home(e, i);
    }
    L strct = rf_temp(e, c->t_u8p), at = rf_temp(e, c->t_valuep);
    if (!e->dry && e->block) {
        rf_set(e, strct, rf_val(e, rf_payload_p(e, rf_place(e, i))));
        rf_set(e, at,
               rf_cast(e,
                       rf_addr(e, rf_at(e, rf_val(e, strct),
                                        (int64_t)(offsetof(RfStruct, fields) + site->offset * sizeof(RfValue)),
                                        c->t_value)),
                       c->t_valuep));
    }
    if (!owned && rf_kind_of_class(seen) == K_HOME &&
        (rf_is_fleeting(e, e->s.depth) || (stable && rf_takes_elem(e, e->s.depth)))) {
        rf_set_elem(e, i, rf_val(e, at));
        e->s.slots[i].stable = stable;
        return;
    }
    if (!owned) {
        rf_set_slot(e, i, K_DEAD);
        e->exit_block = NULL;
        rf_load_value(e, rf_val(e, at), i, seen, false);
        return;
    }
    /* the struct goes after its field was copied */
    if (!e->dry && e->block) {
        rf_copy_value(e, rf_home(e, i), rf_val(e, at));
        rf_retain_at(e, rf_home(e, i));
        L count = rf_temp(e, c->t_u32);
        L rc = rf_at(e, rf_val(e, strct), offsetof(RfObject, rc), c->t_u32);
        rf_set(e, count, rf_bin(e, GCC_JIT_BINARY_OP_MINUS, c->t_u32, rf_val(e, rc), rf_kt(e, c->t_u32, 1)));
        rf_set(e, rc, rf_val(e, count));
        gcc_jit_block *gone = rf_block(e), *on = rf_block(e);
        rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, count), rf_kt(e, c->t_u32, 0)), gone, on);
        e->block = gone;
        R args[1] = {rf_cast(e, rf_val(e, strct), c->t_ptr)};
        rf_eval(e, rf_help(e, RF_HELPER_free, 1, args));
        rf_jump(e, on);
        e->block = on;
    }
    rf_set_slot(e, i, K_HOME);
    e->exit_block = NULL;
    rf_speculate(e, i, seen, e->pc + 1);
}

/* What lies in the local is no struct, or of many shapes. */
static void store_field_any(Emit *e, uint32_t n, uint32_t site)
{
    uint32_t top = rf_top(e);
    if (e->s.slots[top].k >= K_HOME) {
        rf_to_home(e, top);
    }
    e->s.depth--;
    rf_unalias_local(e, n);
    e->s.depth++;
    rf_may_fail(e);
    if (!e->dry && e->block) {
        R tag, payload;
        rf_boxed_arguments(e, top, &tag, &payload);
        R args[7] = {e->vm, e->frame, rf_where(e), rf_cast(e, rf_home(e, n), e->c->t_ptr), rf_k(e, site), tag, payload};
        L status = rf_temp(e, e->c->t_i32);
        rf_set(e, status, rf_help(e, RF_HELPER_store_field, 7, args));
        Slot value = e->s.slots[top];
        e->s.slots[top] = (Slot){.k = K_NULL}; /* gone in either case */
        e->exit_block = NULL;
        rf_check(e, rf_val(e, status));
        e->s.slots[top] = value;
    }
    rf_drop_operands(e, 1);
    rf_view_clear(e, false, n, false);
    e->s.slots[n].class = 0;
    e->s.slots[n].shape = 0;
}

void rf_gen_store_field_local(Emit *e)
{
    RfCompiler *c = e->c;
    RfInstr in = e->u->code[e->pc];
    const RfJobField *site = &e->u->fields[in.b];
    Slot *local = &e->s.slots[in.a];
    uint32_t top = rf_top(e);
    Slot *s = &e->s.slots[top];
    if (e->u->level >= 2 || local->k != K_HOME || (local->class & RF_CLASS_UNDEF) ||
        (s->k == K_ALIAS && s->n == in.a)) {
        rf_gen_step(e);
        return;
    }
    if (site->shape == RF_JOB_NONE) {
        store_field_any(e, in.a, in.b);
        return;
    }
    guard_shape(e, in.a, site->shape);
    if (s->k >= K_HOME) {
        rf_to_home(e, top);
    }
    e->s.depth--;
    rf_unalias_local(e, in.a);
    e->s.depth++;
    rf_may_fail(e);
    if (!e->dry && e->block) {
        gcc_jit_block *mine = rf_block(e), *shared = rf_block(e), *on = rf_block(e);
        L strct = rf_temp(e, c->t_u8p), at = rf_temp(e, c->t_valuep);
        rf_set(e, strct, rf_val(e, rf_payload_p(e, rf_home(e, in.a))));
        R rc = rf_val(e, rf_at(e, rf_val(e, strct), offsetof(RfObject, rc), c->t_u32));
        rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rc, rf_kt(e, c->t_u32, 1)), true), mine, shared);
        e->block = mine;
        rf_set(e, at,
               rf_cast(e,
                       rf_addr(e, rf_at(e, rf_val(e, strct),
                                        (int64_t)(offsetof(RfStruct, fields) + site->offset * sizeof(RfValue)),
                                        c->t_value)),
                       c->t_valuep));
        rf_release_at(e, rf_val(e, at));
        if (s->k == K_HOME) {
            rf_copy_value(e, rf_val(e, at), rf_home(e, top));
        } else {
            rf_store_scalar(e, rf_val(e, at), top);
        }
        rf_jump(e, on);
        e->block = shared;
        R tag, payload;
        rf_boxed_arguments(e, top, &tag, &payload);
        R args[7] = {e->vm, e->frame, rf_where(e), rf_cast(e, rf_home(e, in.a), c->t_ptr), rf_k(e, in.b), tag, payload};
        L status = rf_temp(e, c->t_i32);
        rf_set(e, status, rf_help(e, RF_HELPER_store_field, 7, args));
        Slot value = *s;
        *s = (Slot){.k = K_NULL};
        rf_check(e, rf_val(e, status));
        *s = value;
        rf_jump(e, on);
        e->block = on;
    }
    *s = (Slot){.k = K_DEAD};
    e->s.depth--;
    e->exit_block = NULL;
}

/* ---- struct literals ---- */

void rf_gen_struct(Emit *e)
{
    RfCompiler *c = e->c;
    uint32_t number = e->u->code[e->pc].b;
    const RfJobStruct *site = &e->u->structs[number];
    if (e->u->level >= 2 || site->shape == RF_JOB_NONE || !site->plain) {
        rf_gen_step(e);
        return;
    }
    for (uint32_t i = 0; i < site->count; i++) {
        uint32_t slot = rf_top(e) - i;
        if (e->s.slots[slot].k >= K_HOME) {
            rf_to_home(e, slot);
        }
    }
    uint32_t first = rf_top(e) + 1 - site->count;
    L obj = rf_temp(e, c->t_ptr);
    if (!e->dry && e->block) {
        /* as the interpreter: the site's cache must still hold */
        R proto = rf_bound(e, RF_BIND_PROTO, e->u->number, NULL, c->t_u8p);
        L base = rf_temp(e, c->t_u8p);
        R sites = rf_val(e, rf_at(e, proto, offsetof(RfProto, structs), c->t_u8p));
        rf_set(e, base, rf_addr(e, rf_at(e, sites, (int64_t)(number * sizeof(RfStructSite)), c->t_u8)));
        R at = rf_val(e, base);
        R type = rf_val(e, rf_at(e, at, offsetof(RfStructSite, type), c->t_u8p));
        R version = rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_at(e, at, offsetof(RfStructSite, version), c->t_u32)),
                           rf_val(e, rf_at(e, type, offsetof(RfStructType, version), c->t_u32)));
        R shape = rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_at(e, at, offsetof(RfStructSite, shape), c->t_u8p)),
                         rf_bound(e, RF_BIND_SHAPE, site->shape, NULL, c->t_u8p));
        R module = rf_bound(e, RF_BIND_MODULE, e->u->number, NULL, c->t_u8p);
        R alias =
            rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_at(e, at, offsetof(RfStructSite, alias_version), c->t_u32)),
                   rf_val(e, rf_at(e, module, offsetof(RfModule, alias_version), c->t_u32)));
        rf_guard(e, shape, RF_REASON_SHAPE);
        rf_guard(e, version, RF_REASON_SHAPE);
        rf_guard(e, alias, RF_REASON_SHAPE);
        R args[1] = {rf_cast(e, rf_bound(e, RF_BIND_SHAPE, site->shape, NULL, c->t_u8p), c->t_ptr)};
        rf_set(e, obj, rf_help(e, RF_HELPER_struct_new, 1, args));
        for (uint32_t i = 0; i < site->count; i++) {
            R to = rf_cast(
                e,
                rf_addr(e, rf_at(e, rf_val(e, obj),
                                 (int64_t)(offsetof(RfStruct, fields) + site->order[i] * sizeof(RfValue)), c->t_value)),
                c->t_valuep);
            if (e->s.slots[first + i].k == K_HOME) {
                rf_copy_value(e, to, rf_home(e, first + i));
            } else {
                rf_store_scalar(e, to, first + i);
            }
        }
    }
    for (uint32_t i = 0; i < site->count; i++) {
        e->s.slots[rf_top(e)] = (Slot){.k = K_DEAD};
        e->s.depth--;
    }
    uint32_t r = rf_push_slot(e, K_HOME);
    e->s.slots[r].class = RF_CLASS_STRUCT;
    e->s.slots[r].shape = site->shape + 1;
    rf_set(e, rf_tag(e, rf_home(e, r)), rf_kt(e, c->t_u64, RF_TAG_STRUCT));
    rf_set(e, rf_payload_p(e, rf_home(e, r)), e->dry || !e->block ? NULL : rf_cast(e, rf_val(e, obj), c->t_u8p));
}

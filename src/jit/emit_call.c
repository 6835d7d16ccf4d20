/* Calls: directly to functions of the same image, builtins as intrinsics, everything else through the VM. */
#include "jit/compile.h"

static bool raw(SlotKind k)
{
    return k == K_INT || k == K_FLOAT || k == K_BOOL;
}

/* Kind of argument slot for parameter purposes. */
static SlotKind argument_kind(const Slot *s)
{
    return raw((SlotKind)s->k) ? (SlotKind)s->k : K_HOME;
}

bool rf_can_call(const Emit *e, uint32_t unit, uint32_t argc)
{
    if (unit >= e->c->job->nunits || e->c->units[unit].bad) {
        return false;
    }
    const RfJobUnit *u = e->c->units[unit].u;
    return argc == u->nparams && argc >= u->nrequired &&
           !(u->flags & (RF_PROTO_ASYNC | RF_PROTO_GENERATOR | RF_PROTO_MAIN | RF_PROTO_SPAWN | RF_PROTO_TEST |
                         RF_PROTO_DEFAULTS));
}

/* Puts argument `slot` into its home, where the callee finds it. When the callee only borrows it, the value of a local needs
 * no count: the local keeps it during the call, as does what has lent a parameter for the values inside that. If the callee
 * takes its address, it stays there. */
static void lend(Emit *e, uint32_t slot, const UnitInfo *info, uint32_t param)
{
    Slot *s = &e->s.slots[slot];
    if (info->borrows[param] && ((s->k == K_ALIAS && !s->moved) || (s->k == K_ELEM && s->stable) || s->k == K_CONST)) {
        if (s->k == K_ALIAS) { /* the callee may keep a reference */
            rf_view_clear(e, false, s->n, true);
        }
        if (rf_by_address(info, param)) {
            return;
        }
        rf_copy_value(e, rf_home(e, slot), rf_place(e, slot));
        *s = (Slot){.k = K_HOME, .borrowed = true};
        e->exit_block = NULL;
    }
    rf_heavy(e);
    rf_to_home(e, slot);
}

void rf_use_unit(Emit *e, UnitInfo *info)
{
    e->hold_broken = true; /* it may use them */
    info->self_call = info->self_call || info == e->info;
    if (!info->used) {
        info->used = true;
        e->c->changed = true;
    }
}

void rf_widen_param(Emit *e, UnitInfo *info, uint32_t i, SlotKind k)
{
    SlotKind was = info->params[i], now = was == K_DEAD || was == k ? k : K_HOME;
    if (now != was) {
        info->params[i] = now;
        e->c->changed = true;
    }
}

/* What boxed argument `slot` is known to be joins what other callers know. */
void rf_widen_known(Emit *e, UnitInfo *info, uint32_t i, const Slot *s)
{
    Known *k = &info->known[i], was = *k;
    uint16_t class = s ? rf_class_of_slot(s) : 0;
    uint32_t shape = class == RF_CLASS_STRUCT ? s->shape : 0;
    if (info->u->number == 0 && info->u->compile_entry) { /* nobody knows what the interpreter comes with */
        return;
    }
    *k = (Known){true, was.any ? rf_join_class(was.class, class) : class, was.any && was.shape != shape ? 0 : shape};
    if (!was.any || k->class != was.class || k->shape != was.shape) {
        e->c->changed = true;
    }
}

/* Depth stays what it is during an activation (but not between the values of a generator): one comparison is enough. Interruptions
 * that it would have seen later are seen by the callees that call something, and at back edges. */
void rf_check_depth(Emit *e, uint32_t unit)
{
    if (e->dry && e->block && !e->info->calls[e->pc]) {
        e->info->calls[e->pc] = true;
        e->c->changed = true;
    }
    if (e->s.room && !e->generator) {
        return;
    }
    e->s.room = true;
    if (e->dry || !e->block) {
        return;
    }
    RfCompiler *c = e->c;
    gcc_jit_block *deep = rf_block(e), *on = rf_block(e);
    R limit = rf_val(e, rf_at(e, e->vm, offsetof(RfVm, native_limit), c->t_ptr));
    rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_GE, e->frame, limit), false), deep, on);
    e->block = deep;
    R error[4] = {e->vm, e->frame, rf_where(e), rf_cast(e, rf_bound(e, RF_BIND_PROTO, unit, NULL, c->t_u8p), c->t_ptr)};
    R status = rf_help(e, RF_HELPER_call_limit, 4, error);
    rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, status, rf_kt(e, c->t_i32, RF_OK)), on,
              rf_rare_error(e, RF_REASON_DEPTH_LIMIT));
    e->block = on;
}

void rf_room_for_loops(Emit *e, uint32_t from, uint32_t to)
{
    bool wanted = false;
    for (uint32_t i = 0; i < e->nloops; i++) {
        const Loop *l = &e->loops[i];
        wanted = wanted || (l->calls && to >= l->start && to <= l->end && (from < l->start || from > l->end));
    }
    if (!wanted || e->s.room || e->generator) {
        return;
    }
    e->s.room = true;
    if (e->dry || !e->block) {
        return;
    }
    /* the loop need not call anything: when there is no room, it is the interpreter's */
    gcc_jit_block *out = rf_exit(e, to, RF_REASON_DEPTH_LIMIT, false), *on = rf_block(e);
    R limit = rf_val(e, rf_at(e, e->vm, offsetof(RfVm, frame_limit), e->c->t_ptr));
    rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_LT, e->frame, limit), true), on, out);
    e->block = on;
}

L rf_direct_call(Emit *e, uint32_t unit, uint32_t first, uint32_t argc, R fn)
{
    RfCompiler *c = e->c;
    UnitInfo *info = &c->units[unit];
    L ret = rf_temp(e, c->t_ret);
    if (!info->light) {
        rf_heavy(e);
    }
    rf_mark(e);
    if (e->dry || !e->block) {
        return ret;
    }
    if (info->u->ncaptures == 0) { /* rf_native_sync takes it from the image */
        fn = NULL;
    }
    R mark = rf_kt(e, c->t_u32, (int32_t)RF_MARK(unit, first, e->pc, fn != NULL));
    if (!info->quiet) {
        rf_set(e, rf_at(e, e->frame, (int64_t)(sizeof(RfFrame) + offsetof(RfFrame, mark)), c->t_u32), mark);
    }
    if (!fn) {
        rf_bind_number(c, RF_BIND_FUNCTION, unit, NULL);
    } else if (!info->quiet) {
        rf_set(e, rf_at(e, e->frame, (int64_t)(sizeof(RfFrame) + offsetof(RfFrame, fn)), c->t_u8p), fn);
    }
    /* what is owned here and only borrowed there is kept in registers and released after the call, because its home may have
     * been used for something else by then */
    L tags[256] = {NULL}, objects[256] = {NULL};
    R args[RF_DIRECT_PARAMS + 256];
    int n = 0;
    args[n++] = e->vm;
    args[n++] = rf_cast(e, rf_addr(e, rf_at(e, e->frame, (int64_t)sizeof(RfFrame), c->t_u8)), c->t_ptr);
    if (!info->light) {
        args[n++] = rf_home(e, first);
    }
    if (info->quiet) {
        args[n++] = mark;
        if (info->u->ncaptures > 0) {
            args[n++] = fn;
        }
    }
    for (uint32_t i = 0; i < argc; i++) {
        if (raw(info->params[i])) {
            args[n++] =
                info->params[i] == K_FLOAT ? rf_val(e, rf_freg(e, first + i)) : rf_val(e, rf_ireg(e, first + i));
            continue;
        }
        if (rf_by_address(info, i)) {
            args[n++] = rf_place(e, first + i);
        }
        if (info->borrows[i] && e->s.slots[first + i].k == K_HOME && !e->s.slots[first + i].borrowed) {
            tags[i] = rf_temp(e, c->t_u64);
            objects[i] = rf_temp(e, c->t_u8p);
            rf_set(e, tags[i], rf_val(e, rf_tag(e, rf_home(e, first + i))));
            rf_set(e, objects[i], rf_val(e, rf_payload_p(e, rf_home(e, first + i))));
        }
    }
    rf_set(e, ret, rf_gcc.context_new_call(c->ctx, NULL, info->direct, n, args));
    for (uint32_t i = 0; i < argc; i++) {
        if (tags[i]) {
            rf_release_value(e, tags[i], objects[i]);
        }
    }
    return ret;
}

void rf_call_unit(Emit *e, uint32_t unit, uint32_t argc, R fn, bool below_callee)
{
    RfCompiler *c = e->c;
    UnitInfo *info = &c->units[unit];
    uint32_t first = rf_top(e) + 1 - argc;
    rf_use_unit(e, info);
    for (uint32_t i = 0; i < argc; i++) {
        SlotKind k = argument_kind(&e->s.slots[first + i]);
        if (k != K_HOME || e->u->level > 0 || info->params[i] == K_DEAD) {
            rf_widen_param(e, info, i, k);
        }
        if (!raw(info->params[i])) {
            rf_widen_known(e, info, i, &e->s.slots[first + i]);
        }
    }
    rf_unalias_global(e, -1);
    for (uint32_t i = 0; i < argc; i++) {
        uint32_t slot = first + i;
        SlotKind want = info->params[i];
        if (!raw(want)) {
            lend(e, slot, info, i);
        } else if (!raw((SlotKind)e->s.slots[slot].k)) { /* boxed: unbox behind a guard */
            if (e->s.slots[slot].k != K_HOME) {
                rf_to_home(e, slot);
            }
            if (!e->dry && e->block) {
                RfTag tag = want == K_INT ? RF_TAG_INT : want == K_FLOAT ? RF_TAG_FLOAT : RF_TAG_BOOL;
                R home = rf_home(e, slot);
                rf_expect(e, want);
                rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, home)), rf_kt(e, c->t_u64, tag)),
                         RF_REASON_TYPE_GUARD);
                if (want == K_FLOAT) {
                    rf_set(e, rf_freg(e, slot), rf_val(e, rf_payload_f(e, home)));
                } else {
                    rf_set(e, rf_ireg(e, slot), rf_val(e, rf_payload(e, home)));
                }
            }
            rf_set_slot(e, slot, want);
            e->exit_block = NULL;
        }
    }
    rf_check_depth(e, unit);
    L ret = rf_direct_call(e, unit, first, argc, fn);
    for (uint32_t i = 0; i < argc; i++) { /* the callee has them */
        e->s.slots[rf_top(e)] = (Slot){.k = K_DEAD};
        e->s.depth--;
    }
    e->exit_block = NULL;
    rf_view_clear_globals(e);
    if (e->dry) { /* it may fail: a quiet caller knows what to do then */
        rf_error(e);
    }
    SlotKind result = info->result;
    if (result == K_DEAD) { /* not known in this round: nothing after the call is reached yet */
        e->block = NULL;
        return;
    }
    uint32_t d = rf_top(e) + 1 - (below_callee ? 1 : 0);
    Slot callee = below_callee ? e->s.slots[d] : (Slot){.k = K_DEAD};
    bool owned = below_callee && (callee.k == K_HOME || (callee.k == K_ALIAS && callee.moved));
    if (!e->dry && e->block) {
        R tag = rf_gcc.rvalue_access_field(rf_val(e, ret), NULL, c->r_tag);
        R payload = rf_gcc.rvalue_access_field(rf_val(e, ret), NULL, c->r_payload);
        gcc_jit_block *good = rf_block(e), *bad = rf_block(e), *failed, *other = rf_block(e);
        RfTag want = result == K_INT     ? RF_TAG_INT
                     : result == K_FLOAT ? RF_TAG_FLOAT
                     : result == K_BOOL  ? RF_TAG_BOOL
                                         : RF_TAG_NULL;
        R ok = result == K_HOME ? rf_cmp(e, GCC_JIT_COMPARISON_NE, tag, rf_kt(e, c->t_u64, RF_RET_ERROR))
                                : rf_cmp(e, GCC_JIT_COMPARISON_EQ, tag, rf_kt(e, c->t_u64, want));
        rf_branch(e, rf_likely(e, ok, true), good, bad);
        e->block = bad;
        failed = rf_error(e);
        rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, tag, rf_kt(e, c->t_u64, RF_RET_ERROR)), failed, other);
        e->block = other;
        rf_need_homes(e);
        Slot kept = e->s.slots[d];
        uint32_t depth = e->s.depth;
        if (owned) {
            rf_release_slot(e, d);
        }
        rf_set(e, rf_tag(e, rf_home(e, d)), tag);
        rf_set(e, rf_payload(e, rf_home(e, d)), rf_cast(e, payload, c->t_i64));
        e->s.slots[d] = (Slot){.k = K_HOME};
        e->s.depth = d + 1 - e->u->nlocals;
        rf_expect(e, result);
        gcc_jit_block *out = rf_exit(e, e->pc + 1, RF_REASON_TYPE_GUARD, true);
        rf_jump(e, out);
        e->s.slots[d] = kept;
        e->s.depth = depth;
        e->block = good;
        if (owned) {
            rf_release_slot(e, d);
        }
        switch (result) {
        case K_INT:
        case K_BOOL: rf_set(e, rf_ireg(e, d), rf_cast(e, payload, c->t_i64)); break;
        case K_FLOAT: rf_set(e, rf_freg(e, d), rf_gcc.context_new_bitcast(c->ctx, NULL, payload, c->t_f64)); break;
        case K_HOME:
            rf_set(e, rf_tag(e, rf_home(e, d)), tag);
            rf_set(e, rf_payload(e, rf_home(e, d)), rf_cast(e, payload, c->t_i64));
            break;
        default: break;
        }
    } else if (owned) {
        rf_release_slot(e, d);
    }
    e->s.slots[d] = (Slot){.k = (uint8_t)result};
    e->s.depth = d + 1 - e->u->nlocals;
    e->exit_block = NULL;
    if (result == K_HOME) {
        rf_heavy(e); /* the result lies in a home, if only until it is unboxed */
        rf_speculate(e, d, e->u->tos[e->pc + 1], e->pc + 1);
    }
}

void rf_gen_call(Emit *e)
{
    RfCompiler *c = e->c;
    RfInstr in = e->u->code[e->pc];
    uint32_t argc = in.a, callee = rf_top(e) - argc;
    const RfJobCall *site = &e->u->calls[in.b];
    Slot *s = &e->s.slots[callee];
    if (s->k == K_UNIT && rf_can_call(e, s->n, argc)) {
        rf_call_unit(e, s->n, argc, NULL, true);
        return;
    }
    if ((s->k == K_BUILTIN || s->k == K_HOME) && s->name &&
        (rf_gen_higher(e) || rf_gen_builtin(e, s->name, argc, site->place))) {
        return;
    }
    bool boxed = s->k == K_HOME || s->k == K_ALIAS || s->k == K_GALIAS;
    if (boxed && site->kind == RF_CALLEE_UNIT && e->u->level < 2 && rf_can_call(e, site->unit, argc)) {
        if (!e->dry && e->block) {
            R place = rf_place(e, callee);
            rf_guard(e,
                     rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, place)), rf_kt(e, c->t_u64, RF_TAG_FUNCTION)),
                     RF_REASON_CALLEE_CHANGED);
            R proto = rf_val(e, rf_at(e, rf_val(e, rf_payload_p(e, place)), offsetof(RfFunction, proto), c->t_u8p));
            rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, proto, rf_bound(e, RF_BIND_PROTO, site->unit, NULL, c->t_u8p)),
                     RF_REASON_CALLEE_CHANGED);
        }
        if (s->k == K_GALIAS) {
            rf_to_home(e, callee); /* the global may change during the call */
        }
        if (e->c->units[site->unit].u->ncaptures == 0) {
            rf_call_unit(e, site->unit, argc, NULL, true);
            return;
        }
        L fn = rf_temp(e, c->t_u8p);
        if (!e->dry && e->block) {
            rf_set(e, fn, rf_val(e, rf_payload_p(e, rf_place(e, callee))));
        }
        rf_call_unit(e, site->unit, argc, rf_val(e, fn), true);
        return;
    }
    if (site->kind == RF_CALLEE_FOREIGN && rf_gen_foreign(e, argc, site->foreign)) {
        return;
    }
    if (!boxed || !rf_gen_call_several(e)) {
        rf_gen_call_site(e, argc + 1, site->place);
    }
}

/* Classes of receivers that the profile has met: what lay on top when the first argument was begun. */
static uint16_t receiver_class(const Emit *e, uint32_t recv)
{
    uint32_t depth = recv - e->u->nlocals + 1, pc = e->pc;
    while (e->depth_at[pc] > depth && pc > 0 && e->depth_at[pc - 1] >= depth && e->depth_at[pc - 1] != UINT32_MAX) {
        pc--;
    }
    return e->depth_at[pc] == depth ? e->u->tos[pc] & (uint16_t)~RF_CLASS_SEEN : 0;
}

/* Makes sure that the receiver has no members of its own, which would come first. false: it may have. */
static bool plain_receiver(Emit *e, uint32_t recv)
{
    const uint16_t arrays = RF_CLASS_INTS | RF_CLASS_FLOATS | RF_CLASS_BOOLS | RF_CLASS_VALUES;
    const Slot *s = &e->s.slots[recv];
    if (s->k < K_HOME || (s->k == K_CONST && s->class == RF_CLASS_STRING)) {
        return s->k != K_DEAD && s->k != K_UNDEF;
    }
    uint16_t seen = receiver_class(e, recv);
    bool array = seen && !(seen & ~arrays);
    if (e->u->level >= 2 || (s->k != K_HOME && s->k != K_ALIAS && s->k != K_GALIAS) ||
        (!array && seen != RF_CLASS_STRING)) {
        return false;
    }
    rf_guard(e,
             rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, rf_place(e, recv))),
                    rf_kt(e, e->c->t_u64, array ? RF_TAG_ARRAY : RF_TAG_STRING)),
             RF_REASON_TYPE_GUARD);
    return true;
}

/* x.f(..) where f is a function or builtin. */
static bool call_uniform(Emit *e, const RfJobMethod *site, uint32_t argc, uint32_t recv)
{
    bool direct = site->uniform != RF_JOB_NONE && rf_can_call(e, site->uniform, argc);
    if ((!direct && !site->builtin) || !plain_receiver(e, recv)) {
        return false;
    }
    if (direct) {
        rf_call_unit(e, site->uniform, argc, NULL, false);
        return true;
    }
    return rf_gen_builtin(e, site->builtin, argc, site->place);
}

void rf_gen_call_method(Emit *e)
{
    RfCompiler *c = e->c;
    RfInstr in = e->u->code[e->pc];
    const RfJobMethod *site = &e->u->methods[in.b];
    uint32_t argc = in.a, recv = rf_top(e) - argc;
    Slot *s = &e->s.slots[recv];
    bool boxed = s->k == K_HOME || s->k == K_ALIAS || s->k == K_GALIAS;
    if (call_uniform(e, site, argc + 1, recv)) {
        return;
    }
    bool others = (receiver_class(e, recv) & (uint16_t)~RF_CLASS_STRUCT) != 0;
    if (!boxed || others || e->u->level >= 2 || site->shape == RF_JOB_NONE || site->unit == RF_JOB_NONE ||
        !rf_can_call(e, site->unit, argc + 1)) {
        if (!boxed || !rf_gen_call_several(e)) {
            rf_gen_call_site(e, argc + 1, site->place);
        }
        return;
    }
    rf_guard_shape(e, recv, site->shape);
    if (!e->dry && e->block) {
        /* methods are replaced by a new declaration of the struct: its version tells */
        R type = rf_bound(e, RF_BIND_TYPE, site->shape, NULL, c->t_u8p);
        R version = rf_val(e, rf_at(e, type, offsetof(RfStructType, version), c->t_u32));
        rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, version, rf_kt(e, c->t_u32, site->version)),
                 RF_REASON_CALLEE_CHANGED);
    }
    rf_call_unit(e, site->unit, argc + 1, NULL, false);
}

/* The small vocabulary of emission: constants, arithmetic, memory, values. In dry passes everything returns NULL. */
#include "jit/compile.h"

#define NEED(e)                                                                                                        \
    if ((e)->dry || !(e)->block) {                                                                                     \
        return NULL;                                                                                                   \
    }
#define NEED_VOID(e)                                                                                                   \
    if ((e)->dry || !(e)->block) {                                                                                     \
        return;                                                                                                        \
    }

R rf_kt(Emit *e, T type, int64_t v)
{
    NEED(e)
    if (type == e->c->t_u8p || type == e->c->t_ptr || type == e->c->t_valuep) {
        return rf_gcc.context_new_rvalue_from_ptr(e->c->ctx, type, (void *)(intptr_t)v); /* null only */
    }
    return rf_gcc.context_new_rvalue_from_long(e->c->ctx, type, (long)v);
}

R rf_k(Emit *e, int64_t v)
{
    return rf_kt(e, e->c->t_i64, v);
}

R rf_kf(Emit *e, double v)
{
    NEED(e)
    return rf_gcc.context_new_rvalue_from_double(e->c->ctx, e->c->t_f64, v);
}

R rf_bin(Emit *e, enum gcc_jit_binary_op op, T type, R a, R b)
{
    NEED(e)
    return rf_gcc.context_new_binary_op(e->c->ctx, NULL, op, type, a, b);
}

R rf_cmp(Emit *e, enum gcc_jit_comparison op, R a, R b)
{
    NEED(e)
    return rf_gcc.context_new_comparison(e->c->ctx, NULL, op, a, b);
}

R rf_cast(Emit *e, R v, T type)
{
    NEED(e)
    return rf_gcc.context_new_cast(e->c->ctx, NULL, v, type);
}

R rf_val(Emit *e, L v)
{
    NEED(e)
    return rf_gcc.lvalue_as_rvalue(v);
}

R rf_addr(Emit *e, L v)
{
    NEED(e)
    return rf_gcc.lvalue_get_address(v, NULL);
}

L rf_at(Emit *e, R base, int64_t offset, T type)
{
    NEED(e)
    RfCompiler *c = e->c;
    R bytes = rf_gcc.context_new_cast(c->ctx, NULL, base, c->t_u8p);
    R index = rf_gcc.context_new_rvalue_from_long(c->ctx, c->t_i64, (long)offset);
    R at = rf_gcc.lvalue_get_address(rf_gcc.context_new_array_access(c->ctx, NULL, bytes, index), NULL);
    R typed = rf_gcc.context_new_cast(c->ctx, NULL, at, rf_gcc.type_get_pointer(type));
    return rf_gcc.rvalue_dereference(typed, NULL);
}

void rf_set(Emit *e, L to, R v)
{
    NEED_VOID(e)
    rf_gcc.block_add_assignment(e->block, NULL, to, v);
}

void rf_eval(Emit *e, R v)
{
    NEED_VOID(e)
    rf_gcc.block_add_eval(e->block, NULL, v);
}

L rf_temp(Emit *e, T type)
{
    NEED(e)
    char name[24];
    snprintf(name, sizeof name, "t%u", e->ntemps++);
    return rf_gcc.function_new_local(e->fn, NULL, type, name);
}

gcc_jit_block *rf_block(Emit *e)
{
    if (e->dry) {
        return NULL;
    }
    return rf_gcc.function_new_block(e->fn, NULL);
}

R rf_likely(Emit *e, R cond, bool is)
{
    NEED(e)
    RfCompiler *c = e->c;
    /* __builtin_expect returns long; compare again to get a bool */
    T t_long = rf_gcc.context_get_type(c->ctx, GCC_JIT_TYPE_LONG);
    R args[2] = {rf_gcc.context_new_cast(c->ctx, NULL, cond, t_long),
                 rf_gcc.context_new_rvalue_from_long(c->ctx, t_long, is)};
    R call = rf_gcc.context_new_call(c->ctx, NULL, c->expect_fn, 2, args);
    return rf_gcc.context_new_comparison(c->ctx, NULL, GCC_JIT_COMPARISON_NE, call,
                                         rf_gcc.context_new_rvalue_from_long(c->ctx, t_long, 0));
}

void rf_branch(Emit *e, R cond, gcc_jit_block *yes, gcc_jit_block *no)
{
    NEED_VOID(e)
    rf_gcc.block_end_with_conditional(e->block, NULL, cond, yes, no);
    e->block = NULL;
}

void rf_jump(Emit *e, gcc_jit_block *to)
{
    NEED_VOID(e)
    rf_gcc.block_end_with_jump(e->block, NULL, to);
    e->block = NULL;
}

L rf_ireg(Emit *e, uint32_t slot)
{
    NEED(e)
    if (!e->ireg[slot]) {
        char name[24];
        snprintf(name, sizeof name, "i%u", slot);
        e->ireg[slot] = rf_gcc.function_new_local(e->fn, NULL, e->c->t_i64, name);
    }
    return e->ireg[slot];
}

L rf_freg(Emit *e, uint32_t slot)
{
    NEED(e)
    if (!e->freg[slot]) {
        char name[24];
        snprintf(name, sizeof name, "f%u", slot);
        e->freg[slot] = rf_gcc.function_new_local(e->fn, NULL, e->c->t_f64, name);
    }
    return e->freg[slot];
}

void rf_need_homes(Emit *e)
{
    NEED_VOID(e)
    if (e->lazy_fp) {
        R args[1] = {e->frame};
        rf_set(e, e->lazy_fp, rf_cast(e, rf_help(e, RF_HELPER_homes, 1, args), e->c->t_valuep));
        e->homes_block = e->block;
    }
}

R rf_home(Emit *e, uint32_t slot)
{
    NEED(e)
    if (e->lazy_fp &&
        e->homes_block != e->block) { /* a cold path: no state between instructions has anything in a home */
        rf_need_homes(e);
    }
    L at = rf_gcc.context_new_array_access(e->c->ctx, NULL, e->fp, rf_k(e, slot));
    return rf_gcc.lvalue_get_address(at, NULL);
}

void rf_store_mark(Emit *e)
{
    NEED_VOID(e)
    if (!e->mark) {
        return;
    }
    rf_set(e, rf_at(e, e->frame, offsetof(RfFrame, mark), e->c->t_u32), e->mark);
    if (e->closure) {
        rf_set(e, rf_at(e, e->frame, offsetof(RfFrame, fn), e->c->t_u8p), rf_val(e, e->closure));
    }
}

void rf_mark(Emit *e)
{
    if (!e->s.marked) {
        rf_store_mark(e);
        e->s.marked = true;
    }
}

void rf_noisy(Emit *e)
{
    e->hold_broken = true;
    if (e->dry && e->osr < 0 && e->info->quiet) {
        e->info->quiet = false;
        e->c->changed = true;
    }
}

void rf_heavy(Emit *e)
{
    if (e->dry && e->osr < 0 && e->info->light) {
        e->info->light = false;
        e->c->changed = true;
    }
}

R rf_global_place(Emit *e, uint32_t global)
{
    NEED(e)
    R module = rf_bound(e, RF_BIND_MODULE, e->u->number, NULL, e->c->t_u8p);
    R globals = rf_val(e, rf_at(e, module, offsetof(RfModule, globals), e->c->t_valuep));
    L at = rf_gcc.context_new_array_access(e->c->ctx, NULL, globals, rf_k(e, global));
    return rf_gcc.lvalue_get_address(at, NULL);
}

R rf_place(Emit *e, uint32_t slot)
{
    NEED(e)
    Slot *s = &e->s.slots[slot];
    switch (s->k) {
    case K_ALIAS: return rf_place(e, s->n);
    case K_GALIAS: return rf_global_place(e, s->n);
    case K_LENT:
    case K_ELEM: return rf_val(e, e->areg[slot]);
    case K_CONST: {
        R consts = rf_bound(e, RF_BIND_CONSTS, e->u->number, NULL, e->c->t_valuep);
        L at = rf_gcc.context_new_array_access(e->c->ctx, NULL, consts, rf_k(e, s->n));
        return rf_gcc.lvalue_get_address(at, NULL);
    }
    default: return rf_home(e, slot);
    }
}

L rf_tag(Emit *e, R address)
{
    NEED(e)
    return rf_gcc.rvalue_dereference_field(address, NULL, e->c->f_tag);
}

L rf_payload(Emit *e, R address)
{
    NEED(e)
    return rf_gcc.rvalue_dereference_field(address, NULL, e->c->f_int);
}

L rf_payload_f(Emit *e, R address)
{
    return rf_at(e, address, 8, e->c->t_f64);
}

L rf_payload_p(Emit *e, R address)
{
    return rf_at(e, address, 8, e->c->t_u8p);
}

R rf_where(Emit *e)
{
    e->restart_pc = UINT32_MAX; /* somebody will look at the frame, and may do anything */
    return rf_kt(e, e->c->t_u64, (int64_t)RF_WHERE(e->pc, e->u->nlocals + e->s.depth));
}

void rf_copy_value(Emit *e, R to, R from)
{
    NEED_VOID(e)
    L tag = rf_temp(e, e->c->t_u64), payload = rf_temp(e, e->c->t_i64);
    rf_set(e, tag, rf_val(e, rf_tag(e, from)));
    rf_set(e, payload, rf_val(e, rf_payload(e, from)));
    rf_set(e, rf_tag(e, to), rf_val(e, tag));
    rf_set(e, rf_payload(e, to), rf_val(e, payload));
}

void rf_retain_at(Emit *e, R address)
{
    NEED_VOID(e)
    RfCompiler *c = e->c;
    gcc_jit_block *heap = rf_block(e), *on = rf_block(e);
    rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_GE, rf_val(e, rf_tag(e, address)), rf_kt(e, c->t_u64, RF_TAG_FIRST_HEAP)),
              heap, on);
    e->block = heap;
    L rc = rf_at(e, rf_val(e, rf_payload_p(e, address)), offsetof(RfObject, rc), c->t_u32);
    rf_set(e, rc, rf_bin(e, GCC_JIT_BINARY_OP_PLUS, c->t_u32, rf_val(e, rc), rf_kt(e, c->t_u32, 1)));
    rf_jump(e, on);
    e->block = on;
}

static void release(Emit *e, R tag, R object)
{
    RfCompiler *c = e->c;
    gcc_jit_block *heap = rf_block(e), *gone = rf_block(e), *on = rf_block(e);
    rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_GE, tag, rf_kt(e, c->t_u64, RF_TAG_FIRST_HEAP)), heap, on);
    e->block = heap;
    L obj = rf_temp(e, c->t_u8p), count = rf_temp(e, c->t_u32);
    rf_set(e, obj, object);
    L rc = rf_at(e, rf_val(e, obj), offsetof(RfObject, rc), c->t_u32);
    rf_set(e, count, rf_bin(e, GCC_JIT_BINARY_OP_MINUS, c->t_u32, rf_val(e, rc), rf_kt(e, c->t_u32, 1)));
    rf_set(e, rc, rf_val(e, count));
    rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, count), rf_kt(e, c->t_u32, 0)), gone, on);
    e->block = gone;
    R args[1] = {rf_cast(e, rf_val(e, obj), c->t_ptr)};
    rf_eval(e, rf_help(e, RF_HELPER_free, 1, args));
    rf_jump(e, on);
    e->block = on;
}

void rf_release_at(Emit *e, R address)
{
    NEED_VOID(e)
    release(e, rf_val(e, rf_tag(e, address)), rf_val(e, rf_payload_p(e, address)));
}

void rf_release_value(Emit *e, L tag, L object)
{
    NEED_VOID(e)
    release(e, rf_val(e, tag), rf_val(e, object));
}

void rf_store_scalar(Emit *e, R to, uint32_t slot)
{
    NEED_VOID(e)
    RfCompiler *c = e->c;
    switch (e->s.slots[slot].k) {
    case K_INT:
        rf_set(e, rf_tag(e, to), rf_kt(e, c->t_u64, RF_TAG_INT));
        rf_set(e, rf_payload(e, to), rf_val(e, rf_ireg(e, slot)));
        break;
    case K_BOOL:
        rf_set(e, rf_tag(e, to), rf_kt(e, c->t_u64, RF_TAG_BOOL));
        rf_set(e, rf_payload(e, to), rf_val(e, rf_ireg(e, slot)));
        break;
    case K_FLOAT:
        rf_set(e, rf_tag(e, to), rf_kt(e, c->t_u64, RF_TAG_FLOAT));
        rf_set(e, rf_payload_f(e, to), rf_val(e, rf_freg(e, slot)));
        break;
    case K_UNDEF: rf_set(e, rf_tag(e, to), rf_kt(e, c->t_u64, RF_TAG_UNDEF)); break;
    default: rf_set(e, rf_tag(e, to), rf_kt(e, c->t_u64, RF_TAG_NULL)); break;
    }
}

SlotKind rf_kind_of_class(uint16_t class)
{
    switch (class & ~RF_CLASS_SEEN) {
    case 0: return K_DEAD;
    case RF_CLASS_INT: return K_INT;
    case RF_CLASS_FLOAT: return K_FLOAT;
    case RF_CLASS_BOOL: return K_BOOL;
    case RF_CLASS_NULL: return K_NULL;
    default: return K_HOME;
    }
}

RfTag rf_tag_of(SlotKind k)
{
    return k == K_INT ? RF_TAG_INT : k == K_FLOAT ? RF_TAG_FLOAT : k == K_BOOL ? RF_TAG_BOOL : RF_TAG_NULL;
}

static bool is_boxed(SlotKind k)
{
    return k >= K_HOME;
}

/* Reads the boxed value of slot as kind k behind a guard. */
static void guard_kind(Emit *e, uint32_t slot, SlotKind k, RfReason reason)
{
    rf_expect(e, k);
    rf_guard(
        e,
        rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, rf_place(e, slot))), rf_kt(e, e->c->t_u64, rf_tag_of(k))),
        reason);
}

R rf_as_int(Emit *e, uint32_t slot, RfReason reason)
{
    Slot *s = &e->s.slots[slot];
    if (s->k == K_INT || s->k == K_BOOL) {
        return rf_val(e, rf_ireg(e, slot));
    }
    if (is_boxed((SlotKind)s->k)) {
        guard_kind(e, slot, K_INT, reason);
        return rf_val(e, rf_payload(e, rf_place(e, slot)));
    }
    return NULL;
}

R rf_as_float(Emit *e, uint32_t slot, RfReason reason)
{
    Slot *s = &e->s.slots[slot];
    if (s->k == K_FLOAT) {
        return rf_val(e, rf_freg(e, slot));
    }
    if (s->k == K_INT) {
        return rf_cast(e, rf_val(e, rf_ireg(e, slot)), e->c->t_f64);
    }
    if (is_boxed((SlotKind)s->k)) {
        guard_kind(e, slot, K_FLOAT, reason);
        return rf_val(e, rf_payload_f(e, rf_place(e, slot)));
    }
    return NULL;
}

R rf_truth(Emit *e, uint32_t slot)
{
    Slot *s = &e->s.slots[slot];
    RfCompiler *c = e->c;
    switch (s->k) {
    case K_INT:
    case K_BOOL: return rf_cmp(e, GCC_JIT_COMPARISON_NE, rf_val(e, rf_ireg(e, slot)), rf_k(e, 0));
    case K_FLOAT:
    case K_NULL:
    case K_UNDEF: { /* the rule for floats and null is the runtime's */
        rf_need_homes(e);
        rf_store_scalar(e, rf_home(e, slot), slot);
        R args[1] = {rf_cast(e, rf_home(e, slot), c->t_ptr)};
        return rf_cmp(e, GCC_JIT_COMPARISON_NE, rf_help(e, RF_HELPER_truthy, 1, args), rf_kt(e, c->t_i32, 0));
    }
    default: {
        if (s->k == K_UNIT || s->k == K_BUILTIN) {
            rf_to_home(e, slot);
        }
        R args[1] = {rf_cast(e, rf_place(e, slot), c->t_ptr)};
        return rf_cmp(e, GCC_JIT_COMPARISON_NE, rf_help(e, RF_HELPER_truthy, 1, args), rf_kt(e, c->t_i32, 0));
    }
    }
}

void rf_speculate(Emit *e, uint32_t i, uint16_t seen, uint32_t resume_pc)
{
    Slot *s = &e->s.slots[i];
    SlotKind k = e->u->level >= 2 ? K_HOME : rf_kind_of_class(seen);
    if (k == K_DEAD || k == K_HOME) {
        uint16_t class = (uint16_t)(seen & ~RF_CLASS_SEEN);
        (void)class; /* heap classes are checked where they are used */
        return;
    }
    if (s->k != K_HOME) {
        return;
    }
    RfCompiler *c = e->c;
    if (!e->dry && e->block) {
        gcc_jit_block *ok = rf_block(e);
        R cond =
            rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, rf_home(e, i))), rf_kt(e, c->t_u64, rf_tag_of(k)));
        gcc_jit_block *from = e->block;
        rf_expect(e, k);
        gcc_jit_block *out = rf_exit(e, resume_pc, RF_REASON_TYPE_GUARD, true);
        e->block = from;
        rf_branch(e, rf_likely(e, cond, true), ok, out);
        e->block = ok;
        if (k == K_FLOAT) {
            rf_set(e, rf_freg(e, i), rf_val(e, rf_payload_f(e, rf_home(e, i))));
        } else if (k != K_NULL) {
            rf_set(e, rf_ireg(e, i), rf_val(e, rf_payload(e, rf_home(e, i))));
        }
    }
    s->k = (uint8_t)k;
    s->class = 0;
    s->shape = 0;
}

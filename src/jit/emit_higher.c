/* Calls of map, filter, reduce and their like whose callback is a function of the same image: a loop in place of the call, with
 * direct calls of the callback, which GCC can then inline.
 *
 * The operands keep their slots while the loop runs: array and callback are held by them; the callee's slot holds the array
 * that is being built, the initial value's slot the accumulator. So an error in the loop leaves as from any other instruction.
 * Nothing in the loop may leave for the interpreter (it would run the call again from its start): a value of a kind that is not
 * expected is dealt with in place, or helper `higher_rest` does the rest of the items. */
#include <string.h>

#include "jit/compile.h"

typedef enum What { MAP, REDUCE, FILTER, EACH, FIND, FIND_INDEX, ANY, ALL } What;

typedef struct Higher {
    What what;
    uint32_t argc, unit;
    UnitInfo *info;
    const char *name;
    uint32_t base, array, fn, acc; /* slots; base is the callee's */
    bool guessed;                  /* the class of the array is no more than a guess */
    uint16_t class;                /* of the array */
    SlotKind made;                 /* MAP: kind of the elements made, REDUCE: of the accumulator; raw or K_HOME */
    SlotKind result;               /* of the whole call */
    L data, len, i;
    L object, room, out; /* the array being built: object, its data, elements in it */
    L tag, payload;      /* what the callback has returned */
    L found;             /* FIND, FIND_INDEX, ANY, ALL: the result, or its payload; */
    L found_tag;         /* FIND */
    gcc_jit_block *next, *done, *join;
} Higher;

static bool raw(SlotKind k)
{
    return k == K_INT || k == K_FLOAT || k == K_BOOL;
}

static bool emitting(const Emit *e)
{
    return !e->dry && e->block;
}

static RfElemKind elem_of_class(uint16_t class)
{
    return class == RF_CLASS_INTS     ? RF_ELEM_INT
           : class == RF_CLASS_FLOATS ? RF_ELEM_FLOAT
           : class == RF_CLASS_BOOLS  ? RF_ELEM_BOOL
                                      : RF_ELEM_ANY;
}

static SlotKind kind_of_elem(uint16_t class)
{
    return class == RF_CLASS_INTS     ? K_INT
           : class == RF_CLASS_FLOATS ? K_FLOAT
           : class == RF_CLASS_BOOLS  ? K_BOOL
                                      : K_HOME;
}

static RfElemKind elem_of_kind(SlotKind k)
{
    return k == K_INT ? RF_ELEM_INT : k == K_FLOAT ? RF_ELEM_FLOAT : k == K_BOOL ? RF_ELEM_BOOL : RF_ELEM_ANY;
}

static uint16_t class_of_elems(SlotKind k)
{
    return k == K_INT ? RF_CLASS_INTS : k == K_FLOAT ? RF_CLASS_FLOATS : k == K_BOOL ? RF_CLASS_BOOLS : RF_CLASS_VALUES;
}

/* ---- what is known before anything is emitted ---- */

static bool builtin_called(const char *name, uint32_t argc, What *what)
{
    static const struct {
        const char *name;
        What what;
    } known[] = {{"map", MAP},   {"reduce", REDUCE},         {"filter", FILTER}, {"each", EACH},
                 {"find", FIND}, {"find_index", FIND_INDEX}, {"any", ANY},       {"all", ALL}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(name, known[i].name) == 0) {
            *what = known[i].what;
            return argc == (*what == REDUCE ? 3u : 2u);
        }
    }
    return false;
}

/* The unit of the function that CLOSURE at pc makes, when it can be called directly. */
static bool closure_unit(const Emit *e, uint32_t pc, uint32_t argc, uint32_t *unit)
{
    RfInstr in = e->u->code[pc];
    if (in.op != RF_OP_CLOSURE || in.b >= e->u->nprotos) {
        return false;
    }
    *unit = e->u->protos[in.b];
    return *unit != RF_JOB_NONE && rf_can_call(e, *unit, argc);
}

static bool callback_of(const Emit *e, uint32_t slot, uint32_t argc, uint32_t *unit)
{
    const Slot *s = &e->s.slots[slot];
    if (s->k == K_UNIT) {
        *unit = s->n;
        return rf_can_call(e, *unit, argc);
    }
    return s->k == K_HOME && !e->leader[e->pc] && closure_unit(e, e->pc - 1, argc, unit);
}

/* The class of array that the operand in `slot` has probably; 0: no idea. */
static uint16_t expected_class(const Emit *e, uint32_t slot)
{
    const Slot *s = &e->s.slots[slot];
    uint32_t depth = slot - e->u->nlocals + 1;
    for (uint32_t pc = e->pc; pc > 0 && e->depth_at[pc] != UINT32_MAX && e->depth_at[pc] >= depth; pc--) {
        if (e->depth_at[pc] == depth) {
            uint16_t class = rf_array_class(e->u->tos[pc]);
            if (class) {
                return class;
            }
            break;
        }
    }
    uint16_t hint = s->k == K_ALIAS ? e->s.slots[s->n].hint : s->hint;
    if (hint) {
        return rf_array_class(hint);
    }
    return s->k == K_ALIAS || s->k == K_GALIAS ? rf_array_class(rf_classes_of(e, s->k == K_GALIAS, s->n)) : 0;
}

static bool prepare(Emit *e, Higher *h)
{
    const RfJobUnit *u = e->u;
    RfInstr in = u->code[e->pc];
    h->argc = in.a;
    h->base = rf_top(e) - h->argc;
    h->array = h->base + 1;
    h->fn = h->base + h->argc;
    h->acc = h->base + 2;
    const Slot *callee = &e->s.slots[h->base], *a = &e->s.slots[h->array];
    h->name = callee->name;
    if (u->level >= 2 || u->calls[in.b].place || !builtin_called(h->name, h->argc, &h->what) ||
        (a->k != K_HOME && a->k != K_ALIAS && a->k != K_GALIAS) ||
        !callback_of(e, h->fn, h->what == REDUCE ? 2 : 1, &h->unit)) {
        return false;
    }
    h->info = &e->c->units[h->unit];
    h->class = expected_class(e, h->array);
    if (!h->class) {
        const RfJobUnit *callback = h->info->u;
        SlotKind k = rf_kind_of_class(callback->params[callback->nparams - 1]);
        if (u->level > 0) {
            return false;
        }
        h->class = k == K_DEAD ? RF_CLASS_INTS : class_of_elems(k);
        h->guessed = true;
    }
    return true;
}

/* The kinds that follow from what the callback returns; false: that is not known yet. */
static bool decide_kinds(Emit *e, Higher *h)
{
    SlotKind returned = h->info->result, item = kind_of_elem(h->class);
    switch (h->what) {
    case MAP: h->made = raw(returned) ? returned : K_HOME; break;
    case FILTER: h->made = item; break;
    case REDUCE: {
        SlotKind k = (SlotKind)e->s.slots[h->acc].k;
        h->made = raw(k) && (returned == k || returned == K_DEAD) ? k : K_HOME;
        break;
    }
    default: break;
    }
    h->result = h->what == REDUCE                  ? h->made
                : h->what == EACH                  ? K_NULL
                : h->what == FIND_INDEX            ? K_INT
                : h->what == ANY || h->what == ALL ? K_BOOL
                                                   : K_HOME;
    rf_use_unit(e, h->info);
    if (h->what == REDUCE) {
        rf_widen_param(e, h->info, 0, h->made);
    }
    rf_widen_param(e, h->info, h->what == REDUCE ? 1 : 0, item);
    for (uint32_t i = 0; i < h->info->u->nparams; i++) {
        rf_widen_known(e, h->info, i, NULL);
    }
    return returned != K_DEAD;
}

/* ---- pieces ---- */

static L field(Emit *e, L object, int64_t offset, T type)
{
    return emitting(e) ? rf_at(e, rf_val(e, object), offset, type) : NULL;
}

static L element(Emit *e, L data, R index, SlotKind k)
{
    if (!emitting(e)) {
        return NULL;
    }
    RfCompiler *c = e->c;
    T type = k == K_INT ? c->t_i64 : k == K_FLOAT ? c->t_f64 : k == K_BOOL ? c->t_u8 : c->t_value;
    R typed = rf_gcc.context_new_cast(c->ctx, NULL, rf_val(e, data), rf_gcc.type_get_pointer(type));
    return rf_gcc.context_new_array_access(c->ctx, NULL, typed, index);
}

static void drop_operands(Emit *e, uint32_t first)
{
    while (rf_top(e) >= first && e->s.depth > 0) {
        e->s.slots[rf_top(e)] = (Slot){.k = K_DEAD};
        e->s.depth--;
    }
    e->exit_block = NULL;
}

/* The call's result lies boxed in the callee's home and the operands are gone: as `result` behind a guard, then on. The state
 * is restored. */
static void boxed_result(Emit *e, Higher *h)
{
    RfCompiler *c = e->c;
    if (raw(h->result)) {
        Slot kept = e->s.slots[h->base];
        uint32_t depth = e->s.depth;
        e->s.depth = h->base + 1 - e->u->nlocals;
        e->s.slots[h->base] = (Slot){.k = K_HOME};
        R home = rf_home(e, h->base);
        rf_expect(e, h->result);
        gcc_jit_block *out = rf_exit(e, e->pc + 1, RF_REASON_TYPE_GUARD, true), *good = rf_block(e);
        rf_branch(e,
                  rf_likely(e,
                            rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, home)),
                                   rf_kt(e, c->t_u64, rf_tag_of(h->result))),
                            true),
                  good, out);
        e->block = good;
        if (h->result == K_FLOAT) {
            rf_set(e, rf_freg(e, h->base), rf_val(e, rf_payload_f(e, home)));
        } else {
            rf_set(e, rf_ireg(e, h->base), rf_val(e, rf_payload(e, home)));
        }
        e->s.depth = depth;
        e->s.slots[h->base] = kept;
    }
    rf_jump(e, h->join);
}

/* Leaves the loop or never enters it: a helper does what is left, by what it says in `rest`. The state is restored. */
static void by_helper(Emit *e, Higher *h, bool rest)
{
    RfCompiler *c = e->c;
    Slot kept[4];
    uint32_t depth = e->s.depth, n = h->argc + 1;
    memcpy(kept, &e->s.slots[h->base], sizeof(Slot) * n);
    for (uint32_t i = h->array; i < h->base + n; i++) {
        if (!(rest && h->what == REDUCE && i == h->acc)) {
            rf_to_home(e, i);
        }
    }
    L status = rf_temp(e, c->t_i32);
    if (rest) {
        R args[7] = {e->vm,
                     e->frame,
                     rf_where(e),
                     rf_k(e, h->what),
                     rf_cast(e, rf_val(e, h->i), c->t_i64),
                     rf_cast(e, rf_val(e, h->tag), c->t_i64),
                     rf_cast(e, rf_val(e, h->payload), c->t_i64)};
        rf_set(e, status, rf_help(e, RF_HELPER_higher_rest, 7, args));
    } else {
        R args[4] = {e->vm, e->frame, rf_where(e),
                     rf_cast(e, rf_bound(e, RF_BIND_BUILTIN, 0, h->name, c->t_u8p), c->t_ptr)};
        rf_set(e, status, rf_help(e, RF_HELPER_call_builtin, 4, args));
    }
    e->s.depth = h->base - e->u->nlocals; /* gone on error */
    rf_check(e, rf_val(e, status));
    e->s.depth = depth;
    memcpy(&e->s.slots[h->base], kept, sizeof(Slot) * n);
    e->exit_block = NULL;
    boxed_result(e, h);
}

/* Goes on when the operand is an array of the expected kind. */
static void open_array(Emit *e, Higher *h)
{
    RfCompiler *c = e->c;
    R home = rf_home(e, h->array);
    gcc_jit_block *is_array = rf_block(e), *fits = rf_block(e), *other = rf_block(e), *general = rf_block(e);
    L object = rf_temp(e, c->t_u8p);
    rf_branch(e,
              rf_likely(e,
                        rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, home)), rf_kt(e, c->t_u64, RF_TAG_ARRAY)),
                        true),
              is_array, general);
    e->block = is_array;
    rf_set(e, object, rf_val(e, rf_payload_p(e, home)));
    rf_set(e, h->data, rf_val(e, field(e, object, offsetof(RfArray, as), c->t_u8p)));
    rf_set(e, h->len, rf_cast(e, rf_val(e, field(e, object, offsetof(RfArray, len), c->t_u32)), c->t_i64));
    rf_set(e, h->i, rf_k(e, 0));
    R kind = rf_val(e, field(e, object, offsetof(RfObject, aux), c->t_u16));
    rf_branch(e,
              rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, kind, rf_kt(e, c->t_u16, elem_of_class(h->class))), true),
              fits, other);
    e->block = other; /* an empty array has any kind */
    if (h->guessed) {
        rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, h->len), rf_k(e, 0)), RF_REASON_TYPE_GUARD);
        rf_jump(e, fits);
    } else {
        rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, h->len), rf_k(e, 0)), fits, general);
    }
    e->block = general;
    by_helper(e, h, false);
    e->block = fits;
}

/* The array that map and filter build goes to the callee's slot. */
static void begin_result(Emit *e, Higher *h)
{
    RfCompiler *c = e->c;
    if (h->what == MAP || h->what == FILTER) {
        R n = h->what == MAP ? rf_val(e, h->len) : rf_k(e, 0);
        /* without a known kind the first value decides (helper array_push) */
        R args[2] = {rf_k(e, raw(h->made) ? elem_of_kind(h->made) : h->what == MAP ? RF_ELEM_INT : RF_ELEM_ANY), n};
        rf_set(e, h->object, emitting(e) ? rf_cast(e, rf_help(e, RF_HELPER_array_room, 2, args), c->t_u8p) : NULL);
        rf_set(e, rf_tag(e, rf_home(e, h->base)), rf_kt(e, c->t_u64, RF_TAG_ARRAY));
        rf_set(e, rf_payload_p(e, rf_home(e, h->base)), rf_val(e, h->object));
        rf_set(e, h->room, rf_val(e, field(e, h->object, offsetof(RfArray, as), c->t_u8p)));
        rf_set(e, h->out, rf_k(e, 0));
        rf_set_slot(e, h->base, K_HOME);
        return;
    }
    rf_set_slot(e, h->base, K_DEAD);
    rf_set(e, h->found_tag, rf_kt(e, c->t_u64, RF_TAG_NULL));
    rf_set(e, h->found, rf_k(e, h->what == FIND_INDEX ? -1 : h->what == ALL ? 1 : 0));
}

/* Pushes item i as an argument of the callback. */
static void push_item(Emit *e, Higher *h)
{
    SlotKind k = kind_of_elem(h->class);
    uint32_t slot = rf_push_slot(e, k);
    L from = element(e, h->data, rf_val(e, h->i), k);
    if (k == K_FLOAT) {
        rf_set(e, rf_freg(e, slot), rf_val(e, from));
    } else if (k != K_HOME) {
        rf_set(e, rf_ireg(e, slot), emitting(e) ? rf_cast(e, rf_val(e, from), e->c->t_i64) : NULL);
    } else {
        /* a callback that only borrows it needs no count: the array keeps the item */
        bool borrows = h->info->borrows[h->what == REDUCE ? 1 : 0];
        if (emitting(e)) {
            rf_copy_value(e, rf_home(e, slot), rf_addr(e, from));
        }
        if (emitting(e) && !borrows) {
            rf_retain_at(e, rf_home(e, slot));
        }
        e->s.slots[slot].borrowed = borrows;
    }
}

/* The accumulator moves into every call, so that a callback like push(acc, x) changes it in place. */
static void push_accumulator(Emit *e, Higher *h)
{
    uint32_t slot = rf_push_slot(e, h->made);
    if (h->made == K_FLOAT) {
        rf_set(e, rf_freg(e, slot), rf_val(e, rf_freg(e, h->acc)));
    } else if (raw(h->made)) {
        rf_set(e, rf_ireg(e, slot), rf_val(e, rf_ireg(e, h->acc)));
    } else {
        rf_copy_value(e, rf_home(e, slot), rf_home(e, h->acc));
        rf_set_slot(e, h->acc, K_DEAD);
    }
}

/* Calls the callback for item i, which is then counted as done; what it returned is in tag and payload. */
static void call_back(Emit *e, Higher *h)
{
    RfCompiler *c = e->c;
    uint32_t first = rf_top(e) + 1, argc = h->what == REDUCE ? 2 : 1;
    if (h->what == REDUCE) {
        push_accumulator(e, h);
    }
    push_item(e, h);
    for (uint32_t i = 0; i < argc; i++) {
        if (!raw(h->info->params[i])) {
            rf_to_home(e, first + i);
        }
    }
    L fn = NULL;
    if (e->s.slots[h->fn].k == K_HOME) {
        fn = rf_temp(e, c->t_u8p);
        rf_set(e, fn, rf_val(e, rf_payload_p(e, rf_home(e, h->fn))));
    }
    L ret = rf_direct_call(e, h->unit, first, argc, fn ? rf_val(e, fn) : NULL);
    drop_operands(e, first);
    if (emitting(e)) {
        rf_set(e, h->tag, rf_gcc.rvalue_access_field(rf_val(e, ret), NULL, c->r_tag));
        rf_set(e, h->payload, rf_cast(e, rf_gcc.rvalue_access_field(rf_val(e, ret), NULL, c->r_payload), c->t_i64));
        rf_set(e, h->i, rf_bin(e, GCC_JIT_BINARY_OP_PLUS, c->t_i64, rf_val(e, h->i), rf_k(e, 1)));
    }
}

static R tag_is(Emit *e, const Higher *h, uint64_t tag)
{
    return rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, h->tag), rf_kt(e, e->c->t_u64, (int64_t)tag));
}

static void check_error(Emit *e, const Higher *h)
{
    gcc_jit_block *on = rf_block(e);
    rf_branch(e, rf_likely(e, tag_is(e, h, RF_RET_ERROR), false), rf_error(e), on);
    e->block = on;
}

/* Goes on when the callback has returned the raw kind that is expected; helper higher_rest takes the others. */
static void expect(Emit *e, Higher *h)
{
    gcc_jit_block *good = rf_block(e), *bad = rf_block(e);
    rf_branch(e, rf_likely(e, tag_is(e, h, rf_tag_of(h->made)), true), good, bad);
    e->block = bad;
    check_error(e, h);
    if (h->what == MAP) { /* all elements but this one are in the array */
        RfCompiler *c = e->c;
        R n = rf_bin(e, GCC_JIT_BINARY_OP_MINUS, c->t_i64, rf_val(e, h->i), rf_k(e, 1));
        rf_set(e, field(e, h->object, offsetof(RfArray, len), c->t_u32), rf_cast(e, n, c->t_u32));
    }
    by_helper(e, h, true);
    e->block = good;
}

/* Is what the callback returned true? Releases it. */
static R truth(Emit *e, Higher *h)
{
    RfCompiler *c = e->c;
    L result = rf_temp(e, c->t_bool);
    gcc_jit_block *plain = rf_block(e), *other = rf_block(e), *on = rf_block(e);
    SlotKind usual = h->info->result == K_INT ? K_INT : K_BOOL;
    rf_branch(e, rf_likely(e, tag_is(e, h, rf_tag_of(usual)), true), plain, other);
    e->block = plain;
    rf_set(e, result, rf_cmp(e, GCC_JIT_COMPARISON_NE, rf_val(e, h->payload), rf_k(e, 0)));
    rf_jump(e, on);
    e->block = other;
    check_error(e, h);
    R home = rf_home(e, h->fn + 1); /* an argument's, free now */
    rf_set(e, rf_tag(e, home), rf_val(e, h->tag));
    rf_set(e, rf_payload(e, home), rf_val(e, h->payload));
    R args[1] = {rf_cast(e, home, c->t_ptr)};
    rf_set(e, result, rf_cmp(e, GCC_JIT_COMPARISON_NE, rf_help(e, RF_HELPER_truthy, 1, args), rf_kt(e, c->t_i32, 0)));
    rf_release_at(e, home);
    rf_jump(e, on);
    e->block = on;
    return rf_val(e, result);
}

static R done_item(Emit *e, const Higher *h)
{
    return rf_bin(e, GCC_JIT_BINARY_OP_MINUS, e->c->t_i64, rf_val(e, h->i), rf_k(e, 1));
}

/* ---- what each builtin does with what the callback returned; ends the block ---- */

static void put_mapped(Emit *e, Higher *h)
{
    RfCompiler *c = e->c;
    if (!raw(h->made)) {
        check_error(e, h);
        R args[3] = {rf_cast(e, rf_home(e, h->base), c->t_ptr), rf_cast(e, rf_val(e, h->tag), c->t_i64),
                     rf_val(e, h->payload)};
        gcc_jit_block *any = rf_block(e), *slow = rf_block(e);
        R kind = rf_val(e, field(e, h->object, offsetof(RfObject, aux), c->t_u16));
        rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, kind, rf_kt(e, c->t_u16, RF_ELEM_ANY)), true), any,
                  slow);
        e->block = any; /* the room was there from the start */
        rf_set(e, h->room, rf_val(e, field(e, h->object, offsetof(RfArray, as), c->t_u8p)));
        R to = rf_addr(e, element(e, h->room, done_item(e, h), K_HOME));
        rf_set(e, rf_tag(e, to), rf_val(e, h->tag));
        rf_set(e, rf_payload(e, to), rf_val(e, h->payload));
        rf_set(e, field(e, h->object, offsetof(RfArray, len), c->t_u32), rf_cast(e, rf_val(e, h->i), c->t_u32));
        rf_jump(e, h->next);
        e->block = slow;
        rf_eval(e, rf_help(e, RF_HELPER_array_push, 3, args));
        rf_jump(e, h->next);
        return;
    }
    expect(e, h);
    L to = element(e, h->room, done_item(e, h), h->made);
    R v = rf_val(e, h->payload);
    rf_set(e, to,
           h->made == K_FLOAT  ? rf_gcc.context_new_bitcast(c->ctx, NULL, v, c->t_f64)
           : h->made == K_BOOL ? rf_cast(e, v, c->t_u8)
                               : v);
    rf_jump(e, h->next);
}

static void put_filtered(Emit *e, Higher *h)
{
    RfCompiler *c = e->c;
    gcc_jit_block *keep = rf_block(e), *full = rf_block(e), *put = rf_block(e);
    rf_branch(e, truth(e, h), keep, h->next);
    e->block = keep;
    R cap = rf_cast(e, rf_val(e, field(e, h->object, offsetof(RfArray, cap), c->t_u32)), c->t_i64);
    rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_LT, rf_val(e, h->out), cap), true), put, full);
    e->block = full;
    rf_set(e, field(e, h->object, offsetof(RfArray, len), c->t_u32), rf_cast(e, rf_val(e, h->out), c->t_u32));
    R args[2] = {rf_cast(e, rf_val(e, h->object), c->t_ptr), rf_k(e, 1)};
    rf_eval(e, rf_help(e, RF_HELPER_array_reserve, 2, args));
    rf_set(e, h->room, rf_val(e, field(e, h->object, offsetof(RfArray, as), c->t_u8p)));
    rf_jump(e, put);
    e->block = put;
    L from = element(e, h->data, done_item(e, h), h->made), to = element(e, h->room, rf_val(e, h->out), h->made);
    if (raw(h->made)) {
        rf_set(e, to, rf_val(e, from));
    } else {
        rf_copy_value(e, rf_addr(e, to), rf_addr(e, from));
        rf_retain_at(e, rf_addr(e, from));
    }
    rf_set(e, h->out, rf_bin(e, GCC_JIT_BINARY_OP_PLUS, c->t_i64, rf_val(e, h->out), rf_k(e, 1)));
    if (!raw(h->made)) { /* what is in it must be released with it, should an error come */
        rf_set(e, field(e, h->object, offsetof(RfArray, len), c->t_u32), rf_cast(e, rf_val(e, h->out), c->t_u32));
    }
    rf_jump(e, h->next);
}

static void accumulate(Emit *e, Higher *h)
{
    RfCompiler *c = e->c;
    if (!raw(h->made)) {
        check_error(e, h);
        rf_set(e, rf_tag(e, rf_home(e, h->acc)), rf_val(e, h->tag));
        rf_set(e, rf_payload(e, rf_home(e, h->acc)), rf_val(e, h->payload));
        rf_jump(e, h->next);
        return;
    }
    expect(e, h);
    if (h->made == K_FLOAT) {
        rf_set(e, rf_freg(e, h->acc), rf_gcc.context_new_bitcast(c->ctx, NULL, rf_val(e, h->payload), c->t_f64));
    } else {
        rf_set(e, rf_ireg(e, h->acc), rf_val(e, h->payload));
    }
    rf_jump(e, h->next);
}

static void ignore(Emit *e, Higher *h)
{
    check_error(e, h);
    if (!raw(h->info->result)) {
        R home = rf_home(e, h->fn + 1);
        rf_set(e, rf_tag(e, home), rf_val(e, h->tag));
        rf_set(e, rf_payload(e, home), rf_val(e, h->payload));
        rf_release_at(e, home);
    } else { /* whatever was returned instead may be on the heap */
        RfCompiler *c = e->c;
        gcc_jit_block *other = rf_block(e);
        rf_branch(e, rf_likely(e, tag_is(e, h, rf_tag_of(h->info->result)), true), h->next, other);
        e->block = other;
        R home = rf_home(e, h->fn + 1);
        rf_set(e, rf_tag(e, home), rf_val(e, h->tag));
        rf_set(e, rf_payload(e, home), rf_val(e, h->payload));
        R args[1] = {rf_cast(e, home, c->t_ptr)};
        rf_eval(e, rf_help(e, RF_HELPER_release, 1, args));
    }
    rf_jump(e, h->next);
}

static void test_item(Emit *e, Higher *h)
{
    RfCompiler *c = e->c;
    gcc_jit_block *hit = rf_block(e);
    R cond = truth(e, h);
    rf_branch(e, cond, h->what == ALL ? h->next : hit, h->what == ALL ? hit : h->next);
    e->block = hit;
    SlotKind k = kind_of_elem(h->class);
    if (h->what == FIND) {
        L from = element(e, h->data, done_item(e, h), k);
        if (raw(k)) {
            rf_set(e, h->found_tag, rf_kt(e, c->t_u64, rf_tag_of(k)));
            R v = rf_val(e, from);
            rf_set(e, h->found,
                   k == K_FLOAT ? rf_gcc.context_new_bitcast(c->ctx, NULL, v, c->t_i64) : rf_cast(e, v, c->t_i64));
        } else {
            R at = rf_addr(e, from);
            rf_retain_at(e, at);
            rf_set(e, h->found_tag, rf_val(e, rf_tag(e, at)));
            rf_set(e, h->found, rf_val(e, rf_payload(e, at)));
        }
    } else {
        rf_set(e, h->found, h->what == FIND_INDEX ? done_item(e, h) : rf_k(e, h->what == ANY));
    }
    rf_jump(e, h->done);
}

/* ---- the whole ---- */

static void emit_loop(Emit *e, Higher *h)
{
    gcc_jit_block *body = rf_block(e), *some = rf_block(e);
    h->next = rf_block(e);
    h->done = rf_block(e);
    rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_GT, rf_val(e, h->len), rf_k(e, 0)), some, h->done);
    e->block = some;
    bool room = e->s.room;
    rf_check_depth(e, h->unit); /* the same for every item */
    e->s.room = room;
    rf_jump(e, h->next);
    e->block = h->next;
    rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_LT, rf_val(e, h->i), rf_val(e, h->len)), true), body,
              h->done);
    e->block = body;
    Slot acc = e->s.slots[h->acc];
    rf_gen_safepoint(e, -1);
    call_back(e, h);
    switch (h->what) {
    case MAP: put_mapped(e, h); break;
    case FILTER: put_filtered(e, h); break;
    case REDUCE: accumulate(e, h); break;
    case EACH: ignore(e, h); break;
    default: test_item(e, h); break;
    }
    e->s.slots[h->acc] = acc;
    e->block = h->done;
}

/* At the end of the loop: operands go, the result takes the callee's place. */
static void end_loop(Emit *e, Higher *h)
{
    RfCompiler *c = e->c;
    R home = rf_home(e, h->base);
    if ((h->what == MAP || h->what == FILTER) && raw(h->made)) {
        R n = rf_cast(e, rf_val(e, h->what == MAP ? h->len : h->out), c->t_u32);
        rf_set(e, field(e, h->object, offsetof(RfArray, len), c->t_u32), n);
    }
    rf_release_slot(e, h->array);
    rf_release_slot(e, h->fn);
    switch (h->what) {
    case REDUCE:
        if (h->made == K_FLOAT) {
            rf_set(e, rf_freg(e, h->base), rf_val(e, rf_freg(e, h->acc)));
        } else if (raw(h->made)) {
            rf_set(e, rf_ireg(e, h->base), rf_val(e, rf_ireg(e, h->acc)));
        } else {
            rf_copy_value(e, home, rf_home(e, h->acc));
        }
        break;
    case FIND:
        rf_set(e, rf_tag(e, home), rf_val(e, h->found_tag));
        rf_set(e, rf_payload(e, home), rf_val(e, h->found));
        break;
    case FIND_INDEX:
    case ANY:
    case ALL: rf_set(e, rf_ireg(e, h->base), rf_val(e, h->found)); break;
    default: break;
    }
    rf_jump(e, h->join);
    e->block = h->join;
}

bool rf_gen_higher(Emit *e)
{
    RfCompiler *c = e->c;
    Higher h = {0};
    if (!prepare(e, &h)) {
        return false;
    }
    bool known = decide_kinds(e, &h);
    rf_noisy(e);
    rf_unalias_global(e, -1);
    rf_to_home(e, h.array);
    if (h.what == REDUCE && !raw(h.made)) {
        rf_to_home(e, h.acc);
    }
    rf_view_clear_globals(e);
    rf_may_fail(e);
    if (!known) { /* nothing after the call is reached in this round */
        e->block = NULL;
        return true;
    }
    if (emitting(e)) {
        h.data = rf_temp(e, c->t_u8p);
        h.object = rf_temp(e, c->t_u8p);
        h.room = rf_temp(e, c->t_u8p);
        h.len = rf_temp(e, c->t_i64);
        h.i = rf_temp(e, c->t_i64);
        h.out = rf_temp(e, c->t_i64);
        h.tag = rf_temp(e, c->t_u64);
        h.payload = rf_temp(e, c->t_i64);
        h.found = rf_temp(e, c->t_i64);
        h.found_tag = rf_temp(e, c->t_u64);
        h.join = rf_block(e);
        open_array(e, &h);
        begin_result(e, &h);
        emit_loop(e, &h);
        end_loop(e, &h);
    }
    drop_operands(e, h.base);
    uint32_t d = rf_push_slot(e, h.result);
    if (h.what == MAP || h.what == FILTER) {
        e->s.slots[d].class = RF_CLASS_INTS | RF_CLASS_FLOATS | RF_CLASS_BOOLS | RF_CLASS_VALUES;
        e->s.slots[d].hint = class_of_elems(h.made);
    }
    if (h.result == K_HOME && h.what != MAP && h.what != FILTER) {
        rf_speculate(e, d, e->u->tos[e->pc + 1], e->pc + 1);
    }
    return true;
}

/* A function without captures that nothing but the builtin sees need not be made. */
bool rf_gen_callback(Emit *e)
{
    const RfJobUnit *u = e->u;
    RfInstr next = u->code[e->pc + 1];
    What what;
    uint32_t unit;
    if (u->level >= 2 || next.op != RF_OP_CALL || e->leader[e->pc + 1] || e->s.depth < next.a) {
        return false;
    }
    const Slot *callee = &e->s.slots[rf_top(e) + 1 - next.a];
    if ((callee->k != K_BUILTIN && callee->k != K_HOME) || !callee->name ||
        !builtin_called(callee->name, next.a, &what) || !closure_unit(e, e->pc, what == REDUCE ? 2 : 1, &unit) ||
        e->c->units[unit].u->ncaptures > 0) {
        return false;
    }
    uint32_t i = rf_push_slot(e, K_UNIT);
    e->s.slots[i].n = unit;
    return true;
}

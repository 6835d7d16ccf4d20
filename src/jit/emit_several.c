/* Calls at sites that have met a few functions, or receivers of a few shapes: a chain of comparisons, each with a direct call,
 * and the VM at its end. Nothing leaves native code when another one comes. */
#include <string.h>

#include "jit/compile.h"

/* One callee, or with shape RF_JOB_NONE at the end of the chain whatever it is. */
typedef struct Arm {
    uint32_t unit;
    uint32_t shape, version; /* of the receiver; RF_JOB_NONE: the callee's function counts */
} Arm;

typedef struct Chain {
    Arm arms[RF_SITE_KINDS];
    uint32_t count;
    uint32_t argc;  /* with the receiver */
    uint32_t first; /* slot of argument 0 */
    uint32_t place;
    bool method;
} Chain;

static bool raw(SlotKind k)
{
    return k == K_INT || k == K_FLOAT || k == K_BOOL;
}

static bool collect(const Emit *e, Chain *chain)
{
    RfInstr in = e->u->code[e->pc];
    *chain = (Chain){.method = in.op == RF_OP_CALL_METHOD, .argc = in.a};
    chain->argc += chain->method;
    chain->first = rf_top(e) + 1 - chain->argc;
    chain->place = chain->method ? e->u->methods[in.b].place : e->u->calls[in.b].place;
    if (e->u->level >= 2 || (!chain->method && e->u->calls[in.b].kind != RF_CALLEE_UNITS)) {
        return false;
    }
    for (uint32_t i = 0; i < RF_SITE_KINDS; i++) {
        Arm arm = {.shape = RF_JOB_NONE};
        if (chain->method) {
            const RfJobReceiver *met = &e->u->methods[in.b].met[i];
            const RfJobMethod *only = &e->u->methods[in.b];
            arm = (Arm){.unit = met->unit, .shape = met->shape, .version = met->version};
            if (i == 0 && only->shape != RF_JOB_NONE) { /* beside receivers that are no structs */
                arm = (Arm){.unit = only->unit, .shape = only->shape, .version = only->version};
            }
        } else {
            arm.unit = e->u->calls[in.b].met[i];
        }
        bool known = arm.unit != RF_JOB_NONE && (!chain->method || arm.shape != RF_JOB_NONE);
        bool bare = known && (!chain->method || e->c->job->units[arm.unit].ncaptures == 0);
        if (bare && rf_can_call(e, arm.unit, chain->argc)) {
            chain->arms[chain->count++] = arm;
        }
    }
    return chain->count > 0;
}

/* The operands as every arm can take them, so that all arms start and end alike. */
static void prepare(Emit *e, const Chain *chain)
{
    rf_mark(e);
    rf_before_place(e, chain->place);
    rf_after_place(e, chain->place);
    rf_unalias_global(e, -1);
    for (uint32_t i = chain->first; i <= rf_top(e); i++) {
        Slot *s = &e->s.slots[i];
        if (!raw((SlotKind)s->k) && !(s->k == K_ALIAS && !s->moved)) {
            rf_to_home(e, i);
        }
    }
    if (!chain->method && e->s.slots[chain->first - 1].moved) {
        rf_to_home(e, chain->first - 1);
    }
    for (uint32_t i = 0; i < e->nviews; i++) { /* what is lent may come to be shared */
        if (e->views[i].global) {
            rf_view_clear(e, true, e->views[i].n, false);
        }
    }
    for (uint32_t i = chain->first; i <= rf_top(e); i++) {
        if (e->s.slots[i].k == K_ALIAS) {
            rf_view_clear(e, false, e->s.slots[i].n, true);
        }
    }
}

static R fits(Emit *e, const Chain *chain, const Arm *arm, gcc_jit_block *other)
{
    RfCompiler *c = e->c;
    R place = rf_place(e, chain->method ? chain->first : chain->first - 1);
    gcc_jit_block *right = rf_block(e);
    RfTag tag = chain->method ? RF_TAG_STRUCT : RF_TAG_FUNCTION;
    rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, place)), rf_kt(e, c->t_u64, tag)), right, other);
    e->block = right;
    R object = rf_val(e, rf_payload_p(e, place));
    if (!chain->method) {
        R proto = rf_val(e, rf_at(e, object, offsetof(RfFunction, proto), c->t_u8p));
        return rf_cmp(e, GCC_JIT_COMPARISON_EQ, proto, rf_bound(e, RF_BIND_PROTO, arm->unit, NULL, c->t_u8p));
    }
    R have = rf_val(e, rf_at(e, object, offsetof(RfStruct, shape), c->t_u8p));
    R type = rf_bound(e, RF_BIND_TYPE, arm->shape, NULL, c->t_u8p);
    R version = rf_val(e, rf_at(e, type, offsetof(RfStructType, version), c->t_u32));
    /* methods are replaced by a new declaration of the struct */
    return rf_bin(e, GCC_JIT_BINARY_OP_LOGICAL_AND, c->t_bool,
                  rf_cmp(e, GCC_JIT_COMPARISON_EQ, have, rf_bound(e, RF_BIND_SHAPE, arm->shape, NULL, c->t_u8p)),
                  rf_cmp(e, GCC_JIT_COMPARISON_EQ, version, rf_kt(e, c->t_u32, arm->version)));
}

/* One arm, or NULL for the VM; afterwards its result is on top, unless e->block is NULL. */
static void call(Emit *e, const Chain *chain, const Arm *arm)
{
    RfCompiler *c = e->c;
    if (!arm) {
        rf_gen_call_site(e, chain->argc + !chain->method, chain->place);
        return;
    }
    L fn = NULL;
    if (e->c->job->units[arm->unit].ncaptures > 0 && !e->dry) {
        fn = rf_temp(e, c->t_u8p);
        rf_set(e, fn, rf_val(e, rf_payload_p(e, rf_place(e, chain->first - 1))));
    }
    rf_call_unit(e, arm->unit, chain->argc, fn ? rf_val(e, fn) : NULL, !chain->method);
}

/* What all arms make of the operands: joined kind of the results, and the state after the call. false: none returns yet. */
static bool foresee(Emit *e, const Chain *chain, const State *start, State *after)
{
    gcc_jit_block *block = e->block;
    bool dry = e->dry, some = false;
    uint64_t fresh = UINT64_MAX;
    bool room = true;
    SlotKind joined = K_DEAD;
    e->dry = true;
    for (uint32_t i = 0; i <= chain->count; i++) {
        rf_state_copy(e, &e->s, start);
        e->block = block;
        call(e, chain, i < chain->count ? &chain->arms[i] : NULL);
        if (!e->block || e->rejected) {
            continue;
        }
        SlotKind k = (SlotKind)e->s.slots[rf_top(e)].k;
        joined = !some || joined == k ? k : K_HOME;
        some = true;
        fresh &= e->s.fresh;
        room = room && e->s.room;
        rf_state_copy(e, after, &e->s);
    }
    e->dry = dry;
    e->block = block;
    if (some) {
        after->fresh = fresh;
        after->room = room;
        after->slots[e->u->nlocals + after->depth - 1] = (Slot){.k = (uint8_t)joined};
    }
    rf_state_copy(e, &e->s, start);
    return some;
}

static void finish_arm(Emit *e, const State *after, gcc_jit_block *join)
{
    if (!e->block) {
        return;
    }
    uint32_t d = rf_top(e);
    if (after->slots[d].k == K_HOME) {
        rf_to_home(e, d);
    }
    rf_jump(e, join);
}

bool rf_gen_call_several(Emit *e)
{
    Chain chain;
    if (!collect(e, &chain)) {
        return false;
    }
    prepare(e, &chain);
    size_t size = sizeof(Slot) * e->nslots;
    State start = {.slots = rf_mem_alloc(size)}, after = {.slots = rf_mem_alloc(size)};
    rf_state_copy(e, &start, &e->s);
    bool some = foresee(e, &chain, &start, &after);
    if (!e->dry && e->block) {
        gcc_jit_block *join = rf_block(e);
        for (uint32_t i = 0; i < chain.count; i++) {
            gcc_jit_block *next = rf_block(e), *here = rf_block(e);
            R cond = fits(e, &chain, &chain.arms[i], next);
            rf_branch(e, cond, here, next);
            e->block = here;
            e->exit_block = NULL;
            call(e, &chain, &chain.arms[i]);
            finish_arm(e, &after, join);
            rf_state_copy(e, &e->s, &start);
            e->block = next;
        }
        e->exit_block = NULL;
        call(e, &chain, NULL);
        finish_arm(e, &after, join);
        e->block = join;
    }
    e->exit_block = NULL;
    if (some) {
        rf_state_copy(e, &e->s, &after);
    } else {
        e->block = NULL;
    }
    rf_mem_free(start.slots, size);
    rf_mem_free(after.slots, size);
    return true;
}

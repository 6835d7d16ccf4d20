/* Errors in compiled code. A helper that fails, a callee that returns RF_RET_ERROR, or a throw goes on at the handler of this
 * activation without leaving native code, or ends the activation. What the interpreter does in unwind.c is split: the value that
 * the handler gets comes from a helper, the operands are dropped here. */
#include "jit/compile.h"

static const RfHandler *handler_at(const Emit *e)
{
    const RfJobUnit *u = e->u;
    for (uint32_t i = 0; i < u->nhandlers; i++) { /* inner ones come first */
        if (e->pc >= u->handlers[i].start && e->pc < u->handlers[i].end) {
            return &u->handlers[i];
        }
    }
    return NULL;
}

bool rf_is_handled(const Emit *e)
{
    return handler_at(e) != NULL;
}

/* The state at the handler: operands beyond its depth go, the error comes in its home. */
static uint32_t unwind(Emit *e, const RfHandler *h)
{
    while (e->s.depth > h->depth) {
        rf_pop_slot(e);
    }
    for (uint32_t i = 0; i < h->depth; i++) {
        rf_to_home(e, e->u->nlocals + i);
    }
    uint32_t slot = rf_push_slot(e, K_HOME);
    e->s.slots[slot].class = h->raw ? RF_CLASS_OTHER : RF_CLASS_STRUCT;
    e->s.fresh = e->s.there = 0; /* see rf_enter_handler; not every edge to it is seen in the dry passes */
    return slot;
}

/* Would the handler get a state that the dry passes have seen? */
static bool fits(Emit *e, const RfHandler *h, const State *kept)
{
    e->dry = true;
    unwind(e, h);
    bool good = rf_state_fits(e, h->target);
    rf_state_copy(e, &e->s, kept);
    e->dry = false;
    return good;
}

static void go_to_handler(Emit *e, const RfHandler *h, const State *kept)
{
    RfCompiler *c = e->c;
    if (e->dry) {
        unwind(e, h);
        rf_goto(e, h->target);
        return;
    }
    if (!fits(e, h, kept)) { /* an emitter without rf_may_fail: right, but slow */
        rf_jump(e, rf_exit_handled(e, RF_REASON_EXCEPTION));
        return;
    }
    R args[4] = {e->vm, e->frame, rf_where(e), rf_kt(e, c->t_u64, h->raw)};
    L value = rf_temp(e, c->t_ret);
    rf_set(e, value, rf_help(e, RF_HELPER_catch, 4, args));
    R tag = rf_gcc.rvalue_access_field(rf_val(e, value), NULL, c->r_tag);
    R payload = rf_gcc.rvalue_access_field(rf_val(e, value), NULL, c->r_payload);
    gcc_jit_block *caught = rf_block(e);
    rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, tag, rf_kt(e, c->t_u64, RF_RET_ERROR)), rf_exit_raised(e), caught);
    e->block = caught;
    uint32_t slot = unwind(e, h);
    rf_set(e, rf_tag(e, rf_home(e, slot)), tag);
    rf_set(e, rf_payload(e, rf_home(e, slot)), rf_cast(e, payload, c->t_i64));
    rf_goto(e, h->target);
}

gcc_jit_block *rf_error(Emit *e)
{
    const RfHandler *h = handler_at(e);
    if (!e->block || !h) {
        return rf_exit_raised(e);
    }
    if (h->target < e->first_pc || h->target > e->last_pc) { /* around the loop that this form is for */
        return rf_exit_handled(e, RF_REASON_EXCEPTION);
    }
    Slot *slots = rf_mem_alloc(sizeof(Slot) * e->nslots);
    State kept = {.slots = slots};
    rf_state_copy(e, &kept, &e->s);
    gcc_jit_block *from = e->block, *block = rf_block(e);
    if (!e->dry) {
        e->block = block;
    }
    rf_heavy(e); /* the error lies in a home */
    go_to_handler(e, h, &kept);
    e->block = from;
    rf_state_copy(e, &e->s, &kept);
    rf_mem_free(slots, sizeof(Slot) * e->nslots);
    return block;
}

gcc_jit_block *rf_rare_error(Emit *e, RfReason reason)
{
    return rf_is_handled(e) ? rf_exit_handled(e, reason) : rf_exit_raised(e);
}

void rf_may_fail(Emit *e)
{
    if (e->dry) {
        rf_noisy(e);
        rf_error(e);
    }
}

void rf_check(Emit *e, R status)
{
    if (!e->block) {
        return;
    }
    rf_noisy(e);
    gcc_jit_block *out = rf_error(e);
    if (e->dry) {
        return;
    }
    gcc_jit_block *ok = rf_block(e);
    rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, status, rf_kt(e, e->c->t_i32, RF_OK)), true), ok, out);
    e->block = ok;
}

void rf_enter_handler(Emit *e, uint32_t start)
{
    bool handler = false;
    for (uint32_t i = 0; i < e->u->nhandlers; i++) {
        handler = handler || e->u->handlers[i].target == start;
    }
    /* what failed may have changed any variable and not said so any more */
    for (uint32_t i = 0; handler && i < e->nviews; i++) {
        rf_view_clear(e, e->views[i].global, e->views[i].n, false);
    }
}

/* Globals in registers. In a loop's form whose code cannot run other code, and calls no helper that looks at the frame, nobody
 * sees the globals while it runs. Those that hold a number or a bool are loaded and checked at its start, are like locals in it
 * (slots behind all others), and are put back where it is left.
 *
 * Whether an instruction keeps to that is known only when its operands are: the analysis begins with all candidates held, and
 * whatever breaks the rule says so (rf_hold_broken, by way of rf_noisy). Then the function is analysed again without. */
#include <string.h>

#include "jit/compile.h"

/* May the instruction be in such a loop, as far as its opcode tells? */
static bool is_private(const Emit *e, RfInstr in)
{
    static const char *const plain[] = {"len",   "sqrt", "abs",   "min",    "max",
                                        "floor", "ceil", "round", "to_int", "to_float"};
    switch ((RfOp)in.op) {
    case RF_OP_TO_BOOL:
    case RF_OP_LOOP:
    case RF_OP_LOOP_IF_FALSE:
    case RF_OP_LOOP_IF_TRUE:
    case RF_OP_FOR_RANGE:
    case RF_OP_FOR_LOOP: return true;
    case RF_OP_STORE_GLOBAL: return in.a == RF_STORE_PLAIN;
    case RF_OP_CALL: {
        const RfJobCall *call = &e->u->calls[in.b];
        for (size_t i = 0; call->kind == RF_CALLEE_BUILTIN && i < sizeof plain / sizeof *plain; i++) {
            if (strcmp(call->builtin, plain[i]) == 0) {
                return true;
            }
        }
        return false;
    }
    default: return rf_is_simple((RfOp)in.op);
    }
}

void rf_hold_find(Emit *e)
{
    const RfJobUnit *u = e->u;
    if (e->osr < 0 || e->generator || u->level >= 2 || (u->flags & RF_PROTO_ASYNC)) {
        return;
    }
    for (uint32_t pc = e->first_pc; pc <= e->last_pc; pc++) {
        if (e->depth_at[pc] != UINT32_MAX && !is_private(e, u->code[pc])) {
            return;
        }
    }
    e->held_base = e->nslots - HELD_MAX;
    for (uint32_t pc = e->first_pc; pc <= e->last_pc; pc++) {
        RfInstr in = u->code[pc];
        uint32_t global = rf_named_global(in);
        bool store = in.op == RF_OP_STORE_GLOBAL || in.op == RF_OP_STORE_LOCAL;
        if (e->depth_at[pc] == UINT32_MAX || global == UINT32_MAX) {
            continue;
        }
        const RfJobGlobal *info = rf_global_info(e, global);
        SlotKind k = info ? rf_kind_of_class(info->class) : K_HOME;
        uint32_t slot = rf_hold_slot(e, global);
        Held *h = slot == UINT32_MAX ? NULL : &e->held[slot - e->held_base];
        if (!h && (k == K_INT || k == K_FLOAT || k == K_BOOL) && e->nheld < HELD_MAX) {
            h = &e->held[e->nheld++];
            *h = (Held){.global = global, .k = k};
        }
        if (h && store) {
            h->stored = true;
            e->hold_broken = e->hold_broken || info->kind != RF_GLOBAL_MUT;
        }
    }
}

uint32_t rf_hold_slot(const Emit *e, uint32_t global)
{
    for (uint32_t i = 0; i < e->nheld; i++) {
        if (e->held[i].global == global) {
            return e->held_base + i;
        }
    }
    return UINT32_MAX;
}

void rf_hold_state(Emit *e)
{
    for (uint32_t i = 0; i < e->nheld; i++) {
        e->s.slots[e->held_base + i] = (Slot){.k = (uint8_t)e->held[i].k};
    }
}

void rf_hold_load(Emit *e, gcc_jit_block *out)
{
    RfCompiler *c = e->c;
    rf_hold_state(e);
    for (uint32_t i = 0; i < e->nheld; i++) {
        const Held *h = &e->held[i];
        L at = rf_temp(e, c->t_valuep);
        rf_set(e, at, rf_global_place(e, h->global));
        gcc_jit_block *is = rf_block(e), *on = rf_block(e);
        R tag = rf_val(e, rf_tag(e, rf_val(e, at)));
        rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, tag, rf_kt(e, c->t_u64, rf_tag_of(h->k))), is, out);
        e->block = is;
        if (h->stored) {
            rf_branch(e, rf_global_is_mut(e, h->global), on, out);
        } else {
            rf_jump(e, on);
        }
        e->block = on;
        uint32_t slot = e->held_base + i;
        if (h->k == K_FLOAT) {
            rf_set(e, rf_freg(e, slot), rf_val(e, rf_payload_f(e, rf_val(e, at))));
        } else {
            rf_set(e, rf_ireg(e, slot), rf_val(e, rf_payload(e, rf_val(e, at))));
        }
    }
    e->holds = true;
}

gcc_jit_block *rf_hold_end(Emit *e, gcc_jit_block *leave, unsigned which)
{
    if (!e->holds || e->nheld == 0) {
        return leave;
    }
    if (!e->put_back[which]) {
        gcc_jit_block *from = e->block;
        e->put_back[which] = e->block = rf_block(e);
        rf_hold_state(e);
        for (uint32_t i = 0; i < e->nheld; i++) {
            if (e->held[i].stored) {
                rf_store_scalar(e, rf_global_place(e, e->held[i].global), e->held_base + i);
            }
        }
        rf_jump(e, leave);
        e->block = from;
    }
    return e->put_back[which];
}

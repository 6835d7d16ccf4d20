/* Control flow of a unit: operand depths, block starts, loops, liveness of locals. */
#include <string.h>

#include "jit/compile.h"

/* Operand depth before every instruction that can be reached from `start`. */
static void find_depths(Emit *e, uint32_t start, uint32_t depth_there)
{
    const RfJobUnit *u = e->u;
    uint32_t *work = rf_mem_alloc(sizeof(uint32_t) * (u->code_len + u->nhandlers + 2));
    uint8_t *queued = rf_mem_zalloc(u->code_len);
    uint32_t n = 0;
    if (e->depth_at[start] == UINT32_MAX) {
        e->depth_at[start] = depth_there;
        work[n++] = start;
        queued[start] = 1;
    }
    e->leader[start] = 1;
    while (n > 0) {
        uint32_t pc = work[--n];
        for (;;) {
            int pops, pushes, at_target;
            RfInstr in = u->code[pc];
            rf_job_effect(u, in, &pops, &pushes, &at_target);
            uint32_t depth = e->depth_at[pc];
            unsigned flags = rf_op_info[in.op].flags;
            if (flags & RF_OPF_J) {
                uint32_t target = in.b;
                e->leader[target] = 1;
                if (e->depth_at[target] == UINT32_MAX) {
                    e->depth_at[target] = (uint32_t)((int)depth + at_target);
                    if (!queued[target]) {
                        queued[target] = 1;
                        work[n++] = target;
                    }
                }
            }
            if (flags & RF_OPF_E) {
                break;
            }
            uint32_t next = pc + 1;
            if (flags & RF_OPF_J) {
                e->leader[next] = 1;
            }
            if (in.op == RF_OP_YIELD) { /* it goes on here, or behind the POP of a value that nobody wants */
                e->leader[next] = 1;
                e->leader[next + 1] |= u->code[next].op == RF_OP_POP;
            }
            if (e->depth_at[next] != UINT32_MAX) {
                break;
            }
            e->depth_at[next] = (uint32_t)((int)depth - pops + pushes);
            pc = next;
        }
    }
    rf_mem_free(work, sizeof(uint32_t) * (u->code_len + u->nhandlers + 2));
    rf_mem_free(queued, u->code_len);
}

static bool covers_reached(const Emit *e, const RfHandler *h)
{
    for (uint32_t pc = h->start; pc < h->end; pc++) {
        if (e->depth_at[pc] != UINT32_MAX) {
            return true;
        }
    }
    return false;
}

/* The same with the handlers of what is reached. */
static void find_all_depths(Emit *e, uint32_t start, uint32_t depth_there)
{
    const RfJobUnit *u = e->u;
    bool more = true;
    find_depths(e, start, depth_there);
    while (more) {
        more = false;
        for (uint32_t i = 0; i < u->nhandlers; i++) {
            const RfHandler *h = &u->handlers[i];
            if (e->depth_at[h->target] == UINT32_MAX && covers_reached(e, h)) {
                find_depths(e, h->target, h->depth + 1);
                more = true;
            }
        }
    }
}

void rf_local_effects(const RfJobUnit *u, RfInstr in, int *use, int *nuse, int *def, int *ndef)
{
    *use = *def = 0;
    *nuse = *ndef = 0;
    switch ((RfOp)in.op) {
    case RF_OP_LOAD_LOCAL:
        *use = in.a;
        *nuse = 1;
        break;
    case RF_OP_INDEX_LOCAL:
    case RF_OP_INDEX_LAST:
    case RF_OP_STORE_INDEX_LOCAL:
    case RF_OP_STORE_FIELD_LOCAL:
    case RF_OP_TEST_LOCAL:
    case RF_OP_TEST_SHARED:
    case RF_OP_LOAD_SHARED:
    case RF_OP_STORE_SHARED:
    case RF_OP_HAS_FIELD:
    case RF_OP_DEFAULT:
        *use = in.a;
        *nuse = 1;
        break;
    case RF_OP_STORE_LOCAL:
        if (in.b & RF_VARREF_MAYBE) {
            *use = in.a;
            *nuse = 1;
        } else {
            *def = in.a;
            *ndef = 1;
        }
        break;
    case RF_OP_UNSET:
    case RF_OP_CLEAR:
        *def = in.a;
        *ndef = (int)in.b;
        break;
    case RF_OP_NEW_CELL:
        *def = in.a;
        *ndef = 1;
        break;
    case RF_OP_FOR_PREP:
    case RF_OP_FOR_RANGE:
    case RF_OP_FOR_STEP:
        *def = in.a;
        *ndef = 3;
        break;
    case RF_OP_FOR_LOOP:
    case RF_OP_FOR_LOOP2:
        *use = in.a;
        *nuse = 3;
        break;
    case RF_OP_LOAD_PATH:
    case RF_OP_STORE_PATH: {
        const RfJobPath *path = &u->paths[in.b];
        *use = (int)path->slot;
        *nuse = path->root == RF_ROOT_LOCAL || path->root == RF_ROOT_SHARED;
        break;
    }
    case RF_OP_CLOSURE:
    case RF_OP_CALL_METHOD:
    case RF_OP_SPAWN:
    case RF_OP_RAISE: *nuse = -1; break;
    default: break;
    }
}

static void find_liveness(Emit *e)
{
    const RfJobUnit *u = e->u;
    uint32_t words = e->live_words;
    uint32_t *live = e->live, *now = rf_mem_alloc(sizeof(uint32_t) * words);
    bool changed = true;
    while (changed) {
        changed = false;
        for (uint32_t pc = u->code_len; pc-- > 0;) {
            if (e->depth_at[pc] == UINT32_MAX) {
                continue;
            }
            RfInstr in = u->code[pc];
            unsigned flags = rf_op_info[in.op].flags;
            memset(now, 0, sizeof(uint32_t) * words);
            if (!(flags & RF_OPF_E)) {
                memcpy(now, &live[(pc + 1) * words], sizeof(uint32_t) * words);
            }
            if (flags & RF_OPF_J) {
                for (uint32_t w = 0; w < words; w++) {
                    now[w] |= live[in.b * words + w];
                }
            }
            int use, nuse, def, ndef;
            rf_local_effects(u, in, &use, &nuse, &def, &ndef);
            for (int i = def; i < def + ndef; i++) {
                now[i / 32] &= ~(1u << (i % 32));
            }
            for (uint32_t h = 0; h < u->nhandlers; h++) {
                if (pc >= u->handlers[h].start && pc < u->handlers[h].end) {
                    for (uint32_t w = 0; w < words; w++) {
                        now[w] |= live[u->handlers[h].target * words + w];
                    }
                }
            }
            if (nuse < 0) {
                memset(now, 0xff, sizeof(uint32_t) * words);
            }
            for (int i = use; i < use + nuse; i++) {
                now[i / 32] |= 1u << (i % 32);
            }
            if (memcmp(now, &live[pc * words], sizeof(uint32_t) * words) != 0) {
                memcpy(&live[pc * words], now, sizeof(uint32_t) * words);
                changed = true;
            }
        }
    }
    rf_mem_free(now, sizeof(uint32_t) * words);
}

static void find_loops(Emit *e)
{
    const RfJobUnit *u = e->u;
    uint32_t n = 0;
    for (uint32_t pc = 0; pc < u->code_len; pc++) {
        n += e->depth_at[pc] != UINT32_MAX && (rf_op_info[u->code[pc].op].flags & RF_OPF_L);
    }
    e->loops = rf_mem_zalloc(sizeof(Loop) * (n + 1));
    e->nloops_cap = n;
    for (uint32_t pc = 0; pc < u->code_len; pc++) {
        if (e->depth_at[pc] != UINT32_MAX && (rf_op_info[u->code[pc].op].flags & RF_OPF_L)) {
            Loop *l = &e->loops[e->nloops++];
            *l = (Loop){.start = u->code[pc].b, .end = pc};
            for (uint32_t at = l->start; at <= l->end; at++) {
                l->calls = l->calls || e->info->calls[at];
            }
        }
    }
}

/* Where the loop's condition begins, when it may be evaluated once more: a comparison of numbers in locals. Code that begins
 * with it lets GCC see the loop as it is: in its body the condition holds. Else the header. */
static uint32_t find_condition(const Emit *e)
{
    const RfJobUnit *u = e->u;
    const RfJobLoop *loop = u->loops;
    while (loop->pc != (uint32_t)e->osr) {
        loop++;
    }
    uint32_t pc = e->last_pc;
    for (;; pc--) {
        RfInstr before = u->code[pc - 1];
        bool load = before.op == RF_OP_LOAD_LOCAL &&
                    (loop->locals[before.a] == RF_CLASS_INT || loop->locals[before.a] == RF_CLASS_FLOAT);
        load = load || (before.op == RF_OP_LOAD_GLOBAL && rf_hold_slot(e, before.b) != UINT32_MAX);
        bool number = before.op == RF_OP_CONST &&
                      (u->consts[before.b].tag == RF_TAG_INT || u->consts[before.b].tag == RF_TAG_FLOAT);
        if (pc - 1 <= e->first_pc || e->leader[pc] ||
            !(load || number || (before.op >= RF_OP_EQ && before.op <= RF_OP_GE))) {
            break;
        }
    }
    return e->leader[pc] && pc > e->first_pc && e->depth_at[pc] == e->depth_at[e->osr] ? pc : (uint32_t)e->osr;
}

/* A loop's form ends with the loop: what comes after it has often not run yet, so nothing is known of its types, and it would
 * only make the compile longer. */
static void find_region(Emit *e)
{
    const RfJobUnit *u = e->u;
    e->start_pc = e->generator ? rf_yield_start(u) : 0;
    e->first_pc = 0;
    e->last_pc = u->code_len - 1;
    if (e->osr >= 0) {
        uint32_t header = (uint32_t)e->osr;
        bool at_end = rf_op_info[u->code[header].op].flags & RF_OPF_L; /* FOR_LOOP: header and back edge in one */
        e->first_pc = at_end ? u->code[header].b : header;
        e->last_pc = header;
        for (uint32_t pc = header; pc < u->code_len; pc++) {
            if ((rf_op_info[u->code[pc].op].flags & RF_OPF_L) && u->code[pc].b == e->first_pc) {
                e->last_pc = pc;
            }
        }
        if (e->may_hold) {
            rf_hold_find(e);
        }
        RfInstr before = e->first_pc > 0 ? u->code[e->first_pc - 1] : (RfInstr){0};
        if (before.op == RF_OP_JUMP && before.b > header && before.b < e->last_pc) {
            e->leader[before.b] = 1; /* the condition, though nothing inside the loop may jump there */
        }
        e->start_pc = at_end ? header : find_condition(e);
    }
}

bool rf_flow_analyse(Emit *e)
{
    const RfJobUnit *u = e->u;
    memset(e->depth_at, 0xff, sizeof(uint32_t) * (u->code_len + 1));
    find_all_depths(e, 0, 0);
    if (e->osr >= 0) { /* only what can be reached from the loop header */
        uint32_t depth = e->depth_at[e->osr];
        if (depth == UINT32_MAX) {
            rf_reject(e, RF_REASON_UNSUPPORTED_OP);
            return false;
        }
        memset(e->depth_at, 0xff, sizeof(uint32_t) * (u->code_len + 1));
        memset(e->leader, 0, u->code_len + 1);
        find_all_depths(e, (uint32_t)e->osr, depth);
    }
    find_region(e);
    find_liveness(e);
    for (uint32_t pc = 0; pc < u->code_len; pc++) {
        if (pc < e->first_pc || pc > e->last_pc) {
            e->depth_at[pc] = UINT32_MAX;
        }
    }
    find_loops(e);
    return true;
}

bool rf_only_loads(RfOp op)
{
    switch (op) {
    case RF_OP_NOP:
    case RF_OP_CONST:
    case RF_OP_DUP:
    case RF_OP_LOAD_LOCAL:
    case RF_OP_LOAD_GLOBAL:
    case RF_OP_ADD:
    case RF_OP_SUB:
    case RF_OP_MUL:
    case RF_OP_DIV:
    case RF_OP_MOD:
    case RF_OP_EQ:
    case RF_OP_NE:
    case RF_OP_LT:
    case RF_OP_GT:
    case RF_OP_LE:
    case RF_OP_GE:
    case RF_OP_NEG:
    case RF_OP_NOT:
    case RF_OP_INDEX:
    case RF_OP_INDEX_LOCAL:
    case RF_OP_GET_FIELD: return true;
    default: return false;
    }
}

bool rf_is_simple(RfOp op)
{
    switch (op) {
    case RF_OP_POP:
    case RF_OP_STORE_LOCAL:
    case RF_OP_UNSET:
    case RF_OP_CLEAR:
    case RF_OP_STORE_GLOBAL:
    case RF_OP_JUMP:
    case RF_OP_JUMP_IF_FALSE:
    case RF_OP_JUMP_IF_TRUE:
    case RF_OP_STORE_INDEX_LOCAL:
    case RF_OP_STORE_INDEX_GLOBAL: return true;
    default: return rf_only_loads(op);
    }
}

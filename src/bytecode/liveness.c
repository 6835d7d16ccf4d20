/* Last uses of locals. A backward analysis over basic blocks finds which locals may still be read after each LOAD_LOCAL; where
 * the answer is no, the load gives the reference away (VARREF_MOVE), so that what follows may change the value in place.
 * Likewise p[1] becomes INDEX_LAST: in `p := queue_dequeue(q)`, `q := p[0]`, `item := p[1]` the pair must not go on holding the
 * queue. Other indexes stay as they are: a fast element access is worth more than an early release of an array.
 *
 * What a handler may read is live in its whole range, because any instruction there may fail. A moved local holds null, which
 * is not "unset": tests for unset locals are no reads. */
#include <string.h>

#include "base/mem.h"
#include "bytecode/compile.h"

#define WORK_MAX (64u << 20) /* bytes of sets; a bigger function is left as it is */

typedef struct Block {
    uint32_t start, end; /* pcs */
} Block;

typedef struct Flow {
    RfProto *p;
    Block *blocks;
    uint32_t *block_of;   /* pc -> block */
    uint32_t *handler_of; /* block -> block of the innermost handler around it, or UINT32_MAX */
    uint32_t count;
    size_t words;
    uint64_t *in, *gen, *kill; /* per block */
    uint64_t *live, *held;     /* scratch; held: live at the handler around the block */
} Flow;

static void add(uint64_t *set, uint32_t slot)
{
    set[slot / 64] |= UINT64_C(1) << (slot % 64);
}

static void del(uint64_t *set, uint32_t slot)
{
    set[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
}

static bool has(const uint64_t *set, uint32_t slot)
{
    return set[slot / 64] >> (slot % 64) & 1;
}

static void join(uint64_t *set, const uint64_t *other, size_t words)
{
    for (size_t i = 0; i < words; i++) {
        set[i] |= other[i];
    }
}

/* ---- what an instruction does to locals ---- */

static void define(uint64_t *live, uint64_t *kill, uint32_t slot, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        del(live, slot + i);
        if (kill) {
            add(kill, slot + i);
        }
    }
}

static void use_captures(const RfProto *inner, uint64_t *live)
{
    for (uint32_t i = 0; i < inner->ncaptures; i++) {
        const RfCapture *c = &inner->captures[i];
        if (c->kind == RF_CAPTURE_LOCAL || c->kind == RF_CAPTURE_SHARED) {
            add(live, c->slot);
        }
    }
}

/* `place`: only read to find out whether it still holds the argument, so a bare variable need not be alive. */
static void use_path(const RfPath *path, uint64_t *live, bool place)
{
    if ((path->root == RF_ROOT_LOCAL && (!place || path->count > 0)) || path->root == RF_ROOT_SHARED) {
        add(live, path->slot);
    }
    for (uint32_t i = 0; i < path->count; i++) {
        const RfStep *step = &path->steps[i];
        if (step->kind == RF_STEP_LOCAL) {
            add(live, step->slot);
        }
        for (uint32_t j = 0; j < step->nops; j++) {
            if (step->ops[j].op == RF_OP_LOAD_LOCAL || step->ops[j].op == RF_OP_LOAD_SHARED) {
                add(live, step->ops[j].a);
            }
        }
    }
}

static void use_place(const RfProto *p, uint32_t place, uint64_t *live)
{
    if (place) {
        use_path(&p->paths[place - 1], live, true);
    }
}

static void use_candidates(const RfMethodSite *site, uint64_t *live)
{
    for (uint32_t i = 0; i < site->ncandidates; i++) {
        if (site->candidates[i].kind != RF_ROOT_CELL) {
            add(live, site->candidates[i].slot);
        }
    }
}

/* `live` after the instruction becomes `live` before it. */
static void step_back(const RfProto *p, RfInstr in, uint64_t *live, uint64_t *kill)
{
    switch ((RfOp)in.op) {
    case RF_OP_STORE_LOCAL: /* a "maybe" store asks only whether the local is set */
    case RF_OP_NEW_CELL: define(live, kill, in.a, 1); break;
    case RF_OP_UNSET:
    case RF_OP_CLEAR: define(live, kill, in.a, in.b); break;
    case RF_OP_FOR_PREP:
    case RF_OP_FOR_RANGE:
    case RF_OP_FOR_STEP: define(live, kill, in.a, 3); break;
    case RF_OP_LOAD_LOCAL:
    case RF_OP_LOAD_SHARED:
    case RF_OP_STORE_SHARED:
    case RF_OP_TEST_SHARED:
    case RF_OP_HAS_FIELD:
    case RF_OP_INDEX_LOCAL:
    case RF_OP_INDEX_LAST:
    case RF_OP_STORE_INDEX_LOCAL:
    case RF_OP_STORE_FIELD_LOCAL: add(live, in.a); break;
    case RF_OP_FOR_LOOP:
    case RF_OP_FOR_LOOP2:
        for (uint32_t i = 0; i < 3; i++) {
            add(live, in.a + i);
        }
        break;
    case RF_OP_CLOSURE:
    case RF_OP_SPAWN: use_captures(p->protos[in.b], live); break;
    case RF_OP_LOAD_PATH:
    case RF_OP_STORE_PATH: use_path(&p->paths[in.b], live, false); break;
    case RF_OP_ADD: use_place(p, in.b, live); break;
    case RF_OP_CALL: use_place(p, p->calls[in.b].place, live); break;
    case RF_OP_CALL_METHOD:
        use_place(p, p->methods[in.b].place, live);
        use_candidates(&p->methods[in.b], live);
        break;
    default: break;
    }
}

/* ---- blocks ---- */

static uint32_t find_blocks(Flow *f)
{
    RfProto *p = f->p;
    bool *leader = rf_mem_zalloc(p->code_len + 1u);
    leader[0] = true;
    for (uint32_t pc = 0; pc < p->code_len; pc++) {
        uint8_t flags = rf_op_info[p->code[pc].op].flags;
        if (flags & RF_OPF_J) {
            leader[p->code[pc].b] = true;
        }
        if (flags & (RF_OPF_J | RF_OPF_E)) {
            leader[pc + 1] = true;
        }
    }
    for (uint32_t i = 0; i < p->nhandlers; i++) {
        leader[p->handlers[i].start] = leader[p->handlers[i].end] = leader[p->handlers[i].target] = true;
    }
    uint32_t count = 0;
    for (uint32_t pc = 0; pc < p->code_len; pc++) {
        count += leader[pc];
    }
    f->blocks = rf_mem_alloc(sizeof *f->blocks * count);
    uint32_t n = 0;
    for (uint32_t pc = 0; pc < p->code_len; pc++) {
        if (leader[pc]) {
            f->blocks[n] = (Block){pc, pc};
            n++;
        }
        f->block_of[pc] = n - 1;
        f->blocks[n - 1].end = pc + 1;
    }
    rf_mem_free(leader, p->code_len + 1u);
    return count;
}

static uint64_t *set_of(const Flow *f, uint64_t *sets, uint32_t block)
{
    return sets + f->words * block;
}

/* Handlers nest, and the code of an inner one lies in the range of the outer ones: only the innermost need be asked. */
static void find_handlers(Flow *f)
{
    for (uint32_t b = 0; b < f->count; b++) {
        f->handler_of[b] = UINT32_MAX;
    }
    for (uint32_t i = f->p->nhandlers; i-- > 0;) {
        const RfHandler *h = &f->p->handlers[i];
        for (uint32_t b = f->block_of[h->start]; b < f->count && f->blocks[b].start < h->end; b++) {
            f->handler_of[b] = f->block_of[h->target];
        }
    }
}

/* f->live: live at the end of the block. */
static void live_out(Flow *f, uint32_t block)
{
    const RfProto *p = f->p;
    RfInstr last = p->code[f->blocks[block].end - 1];
    uint8_t flags = rf_op_info[last.op].flags;
    if (f->handler_of[block] == UINT32_MAX) {
        memset(f->held, 0, f->words * sizeof *f->held);
    } else {
        memcpy(f->held, set_of(f, f->in, f->handler_of[block]), f->words * sizeof *f->held);
    }
    memcpy(f->live, f->held, f->words * sizeof *f->live);
    if (flags & RF_OPF_J) {
        join(f->live, set_of(f, f->in, f->block_of[last.b]), f->words);
    }
    if (!(flags & RF_OPF_E)) {
        join(f->live, set_of(f, f->in, block + 1), f->words);
    }
}

static void solve(Flow *f)
{
    for (uint32_t b = 0; b < f->count; b++) {
        uint64_t *gen = set_of(f, f->gen, b), *kill = set_of(f, f->kill, b);
        for (uint32_t pc = f->blocks[b].end; pc-- > f->blocks[b].start;) {
            step_back(f->p, f->p->code[pc], gen, kill);
        }
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t b = f->count; b-- > 0;) {
            uint64_t *in = set_of(f, f->in, b);
            const uint64_t *gen = set_of(f, f->gen, b), *kill = set_of(f, f->kill, b);
            live_out(f, b);
            for (size_t i = 0; i < f->words; i++) {
                uint64_t now = gen[i] | (f->live[i] & ~kill[i]) | f->held[i];
                changed = changed || now != in[i];
                in[i] = now;
            }
        }
    }
}

static void mark(Flow *f)
{
    for (uint32_t b = 0; b < f->count; b++) {
        live_out(f, b);
        for (uint32_t pc = f->blocks[b].end; pc-- > f->blocks[b].start;) {
            RfInstr *in = &f->p->code[pc];
            if (in->op == RF_OP_LOAD_LOCAL && !has(f->live, in->a)) {
                in->b |= RF_VARREF_MOVE;
            } else if (in->op == RF_OP_INDEX_LOCAL && pc > 0 && f->p->code[pc - 1].op == RF_OP_CONST &&
                       !has(f->live, in->a)) {
                *in = (RfInstr){RF_OP_INDEX_LAST, in->a, 0};
            }
            step_back(f->p, *in, f->live, NULL);
            join(f->live, f->held, f->words);
        }
    }
}

void rf_liveness_run(RfProto *p)
{
    Flow f = {.p = p, .words = ((size_t)p->nlocals + 63) / 64};
    if (p->nlocals == 0) {
        return;
    }
    f.block_of = rf_mem_alloc(sizeof *f.block_of * p->code_len);
    f.count = find_blocks(&f);
    f.handler_of = rf_mem_alloc(sizeof *f.handler_of * f.count);
    find_handlers(&f);
    size_t sets = f.words * f.count;
    if (sets * 3 * sizeof *f.in <= WORK_MAX) {
        uint64_t *all = rf_mem_zalloc(sizeof *all * (sets * 3 + f.words * 2));
        f.in = all;
        f.gen = all + sets;
        f.kill = all + sets * 2;
        f.live = all + sets * 3;
        f.held = f.live + f.words;
        solve(&f);
        mark(&f);
        rf_mem_free(all, sizeof *all * (sets * 3 + f.words * 2));
    }
    rf_mem_free(f.handler_of, sizeof *f.handler_of * f.count);
    rf_mem_free(f.blocks, sizeof *f.blocks * f.count);
    rf_mem_free(f.block_of, sizeof *f.block_of * p->code_len);
}

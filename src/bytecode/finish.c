/* From code under construction to a function: unreachable instructions, NOPs and jumps to the next instruction go, jumps to
 * jumps are shortened, inserts take their places, unused constants are dropped; then the stack need is computed and last uses
 * are marked. The work is linear in the code but for the rounds over handlers, which nest at most as deep as blocks do. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bytecode/compile.h"

#define HOPS_MAX 16 /* jumps to jumps followed */

typedef struct Layout {
    RfFuncState *fs;
    const RfInstr *code;
    uint32_t len;
    bool *keep;
    uint32_t *place; /* old pc -> new pc; one more entry for the end */
    uint32_t *work;  /* stack of pcs */
    uint32_t top;
} Layout;

static RfInstr *instr(RfFuncState *fs, uint32_t pc)
{
    return &RF_VEC_AT(&fs->code, RfInstr, pc);
}

/* ---- what is reachable ---- */

static void thread_jumps(RfFuncState *fs)
{
    for (uint32_t pc = 0; pc < fs->code.len; pc++) {
        RfInstr *in = instr(fs, pc);
        uint8_t flags = rf_op_info[in->op].flags;
        if (!(flags & RF_OPF_J) || (flags & RF_OPF_L)) {
            continue;
        }
        for (int hops = 0; hops < HOPS_MAX && instr(fs, in->b)->op == RF_OP_JUMP; hops++) {
            in->b = instr(fs, in->b)->b;
        }
    }
}

static void visit(Layout *l, uint32_t pc)
{
    if (!l->keep[pc]) {
        l->keep[pc] = true;
        l->work[l->top++] = pc;
    }
}

static void spread(Layout *l)
{
    while (l->top > 0) {
        uint32_t pc = l->work[--l->top];
        uint8_t flags = rf_op_info[l->code[pc].op].flags;
        if (flags & RF_OPF_J) {
            visit(l, l->code[pc].b);
        }
        if (!(flags & RF_OPF_E)) {
            visit(l, pc + 1);
        }
    }
}

static void mark_reachable(Layout *l)
{
    visit(l, 0);
    spread(l);
    for (bool changed = true; changed;) {
        changed = false;
        uint32_t *count = l->place; /* reachable instructions before each pc */
        count[0] = 0;
        for (uint32_t pc = 0; pc < l->len; pc++) {
            count[pc + 1] = count[pc] + l->keep[pc];
        }
        for (uint32_t i = 0; i < l->fs->handlers.len; i++) {
            const RfHandler *h = &RF_VEC_AT(&l->fs->handlers, RfHandler, i);
            if (count[h->end] > count[h->start] && !l->keep[h->target]) {
                visit(l, h->target);
                changed = true;
            }
        }
        spread(l);
    }
}

/* ---- new places ---- */

static int by_place(const void *a, const void *b)
{
    const RfInsert *x = a, *y = b;
    if (x->pc != y->pc) {
        return x->pc < y->pc ? -1 : 1;
    }
    if (x->op != y->op) {
        return x->op < y->op ? -1 : 1;
    }
    return x->slot < y->slot ? -1 : x->slot > y->slot;
}

/* Writes (or with out NULL counts) the instructions that stand for the NOP at pc; *next walks over the sorted inserts. */
static uint32_t expand(RfFuncState *fs, uint32_t pc, uint32_t *next, RfInstr *out)
{
    uint32_t n = 0;
    uint32_t i = *next;
    while (i < fs->inserts.len) {
        const RfInsert *at = &RF_VEC_AT(&fs->inserts, RfInsert, i);
        if (at->pc != pc) {
            break;
        }
        uint32_t run = 1;
        while (at->op == RF_OP_UNSET && i + run < fs->inserts.len && at[run].pc == pc && at[run].op == RF_OP_UNSET &&
               at[run].slot == at->slot + run) {
            run++;
        }
        if (out) {
            out[n] = (RfInstr){(uint16_t)at->op, (uint16_t)at->slot, at->op == RF_OP_UNSET ? run : 0};
        }
        n++;
        i += run;
    }
    *next = i;
    return n;
}

static void skip_inserts(RfFuncState *fs, uint32_t pc, uint32_t *next)
{
    while (*next < fs->inserts.len && RF_VEC_AT(&fs->inserts, RfInsert, *next).pc <= pc) {
        ++*next;
    }
}

/* Decides what stays and numbers it; returns the new length. */
static uint32_t number(Layout *l)
{
    RfFuncState *fs = l->fs;
    if (fs->inserts.len > 1) {
        qsort(fs->inserts.data, fs->inserts.len, sizeof(RfInsert), by_place);
    }
    uint32_t following = l->len; /* next old pc that stays */
    uint32_t insert = fs->inserts.len;
    for (uint32_t pc = l->len; pc-- > 0;) {
        if (l->keep[pc] && l->code[pc].op == RF_OP_JUMP && l->code[pc].b > pc && l->code[pc].b <= following) {
            l->keep[pc] = false;
        }
        if (l->keep[pc] && l->code[pc].op == RF_OP_NOP) {
            while (insert > 0 && RF_VEC_AT(&fs->inserts, RfInsert, insert - 1).pc > pc) {
                insert--;
            }
            l->keep[pc] = insert > 0 && RF_VEC_AT(&fs->inserts, RfInsert, insert - 1).pc == pc;
        }
        if (l->keep[pc]) {
            following = pc;
        }
    }
    uint32_t n = 0, next = 0;
    for (uint32_t pc = 0; pc < l->len; pc++) {
        l->place[pc] = n;
        if (!l->keep[pc]) {
            skip_inserts(fs, pc, &next);
        } else if (l->code[pc].op == RF_OP_NOP) {
            n += expand(fs, pc, &next, NULL);
        } else {
            n++;
        }
    }
    l->place[l->len] = n;
    return n;
}

static void write_code(Layout *l, RfProto *p)
{
    RfFuncState *fs = l->fs;
    uint32_t n = 0, next = 0;
    p->code = rf_mem_alloc(sizeof *p->code * p->code_len);
    p->positions = rf_mem_alloc(sizeof *p->positions * p->code_len);
    for (uint32_t pc = 0; pc < l->len; pc++) {
        if (!l->keep[pc]) {
            skip_inserts(fs, pc, &next);
            continue;
        }
        uint32_t count = 1;
        if (l->code[pc].op == RF_OP_NOP) {
            count = expand(fs, pc, &next, p->code + n);
        } else {
            p->code[n] = l->code[pc];
            if (rf_op_info[l->code[pc].op].flags & RF_OPF_J) {
                p->code[n].b = l->place[l->code[pc].b];
            }
        }
        for (uint32_t i = 0; i < count; i++) {
            p->positions[n++] = RF_VEC_AT(&fs->positions, RfPos, pc);
        }
    }
}

static void move_tables(Layout *l)
{
    RfFuncState *fs = l->fs;
    uint32_t n = 0;
    for (uint32_t i = 0; i < fs->handlers.len; i++) {
        RfHandler h = RF_VEC_AT(&fs->handlers, RfHandler, i);
        h.start = l->place[h.start];
        h.end = l->place[h.end];
        if (h.start < h.end) {
            h.target = l->place[h.target];
            RF_VEC_AT(&fs->handlers, RfHandler, n++) = h;
        }
    }
    fs->handlers.len = n;
    n = 0;
    for (uint32_t i = 0; i < fs->roots.len; i++) {
        RfRootPos r = RF_VEC_AT(&fs->roots, RfRootPos, i);
        if (l->keep[r.pc]) {
            r.pc = l->place[r.pc];
            RF_VEC_AT(&fs->roots, RfRootPos, n++) = r;
        }
    }
    fs->roots.len = n;
    for (uint32_t i = 0; i < fs->infos.len; i++) {
        RfLocalInfo *info = &RF_VEC_AT(&fs->infos, RfLocalInfo, i);
        info->start = l->place[info->start];
        info->end = l->place[info->end];
    }
}

/* ---- constants ---- */

/* Calls `change` for the number of every constant in use. */
static void each_const(RfProto *p, void (*change)(uint32_t *number, uint32_t *moved), uint32_t *moved)
{
    for (uint32_t pc = 0; pc < p->code_len; pc++) {
        if (rf_op_info[p->code[pc].op].b == RF_OPERAND_CONST) {
            change(&p->code[pc].b, moved);
        }
    }
    for (uint32_t i = 0; i < p->npaths; i++) {
        for (uint32_t j = 0; j < p->paths[i].count; j++) {
            RfStep *step = &p->paths[i].steps[j];
            if (step->kind == RF_STEP_CONST) {
                change(&step->slot, moved);
            }
            for (uint32_t k = 0; k < step->nops; k++) {
                if (step->ops[k].op == RF_OP_CONST) {
                    change(&step->ops[k].b, moved);
                }
            }
        }
    }
}

static void note_const(uint32_t *number, uint32_t *moved)
{
    moved[*number] = 1;
}

static void renumber_const(uint32_t *number, uint32_t *moved)
{
    *number = moved[*number];
}

/* Drops constants that no instruction or place uses any more. */
static void compact_consts(RfProto *p)
{
    uint32_t *moved = rf_mem_zalloc(sizeof *moved * (p->nconsts + 1));
    each_const(p, note_const, moved);
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->nconsts; i++) {
        if (moved[i]) {
            p->consts[n] = p->consts[i];
            moved[i] = n++;
        } else {
            rf_release(p->consts[i]);
        }
    }
    each_const(p, renumber_const, moved);
    rf_mem_free(moved, sizeof *moved * (p->nconsts + 1));
    p->consts = rf_mem_resize(p->consts, sizeof *p->consts * p->nconsts, sizeof *p->consts * n);
    p->nconsts = n;
}

/* ---- stack need ---- */

static uint32_t stack_need(const RfProto *p)
{
    int32_t *depth = rf_mem_alloc(sizeof *depth * (p->code_len + 1));
    uint32_t *work = rf_mem_alloc(sizeof *work * (p->code_len + p->nhandlers + 1));
    uint32_t top = 0;
    int32_t need = 0;
    for (uint32_t pc = 0; pc < p->code_len; pc++) {
        depth[pc] = -1;
    }
    depth[0] = 0;
    work[top++] = 0;
    for (uint32_t i = 0; i < p->nhandlers; i++) {
        const RfHandler *h = &p->handlers[i];
        if (depth[h->target] < 0) {
            depth[h->target] = (int32_t)h->depth + 1;
            work[top++] = h->target;
        }
    }
    while (top > 0) {
        uint32_t pc = work[--top];
        int pops, pushes, at_target;
        rf_op_effect(p, p->code[pc], &pops, &pushes, &at_target);
        uint8_t flags = rf_op_info[p->code[pc].op].flags;
        int32_t next = depth[pc] - pops + pushes, there = depth[pc] + at_target;
        need = depth[pc] > need ? depth[pc] : need;
        need = next > need ? next : need;
        if (!(flags & RF_OPF_E) && depth[pc + 1] < 0) {
            depth[pc + 1] = next;
            work[top++] = pc + 1;
        }
        if ((flags & RF_OPF_J) && depth[p->code[pc].b] < 0) {
            depth[p->code[pc].b] = there;
            need = there > need ? there : need;
            work[top++] = p->code[pc].b;
        }
    }
    rf_mem_free(depth, sizeof *depth * (p->code_len + 1));
    rf_mem_free(work, sizeof *work * (p->code_len + p->nhandlers + 1));
    return (uint32_t)need;
}

/* ---- the function ---- */

static _Atomic uint32_t next_id = 1;

/* The elements of a vector, in a block of exactly their size. */
static void *take(RfVec *v, size_t size, uint32_t *count)
{
    *count = v->len;
    void *data = v->len ? rf_mem_resize(v->data, size * v->cap, size * v->len) : NULL;
    if (!v->len) {
        rf_mem_free(v->data, size * v->cap);
    }
    *v = (RfVec){NULL, 0, 0};
    return data;
}

static void take_tables(RfFuncState *fs, RfProto *p)
{
    p->consts = take(&fs->consts, sizeof *p->consts, &p->nconsts);
    p->protos = take(&fs->protos, sizeof *p->protos, &p->nprotos);
    p->captures = take(&fs->captures, sizeof *p->captures, &p->ncaptures);
    p->handlers = take(&fs->handlers, sizeof *p->handlers, &p->nhandlers);
    p->calls = take(&fs->calls, sizeof *p->calls, &p->ncalls);
    p->fields = take(&fs->fields, sizeof *p->fields, &p->nfields);
    p->methods = take(&fs->methods, sizeof *p->methods, &p->nmethods);
    p->paths = take(&fs->paths, sizeof *p->paths, &p->npaths);
    p->structs = take(&fs->structs, sizeof *p->structs, &p->nstructs);
    p->enums = take(&fs->enums, sizeof *p->enums, &p->nenums);
    p->decls = take(&fs->decls, sizeof *p->decls, &p->ndecls);
    p->imports = take(&fs->imports, sizeof *p->imports, &p->nimports);
    p->dictpats = take(&fs->dictpats, sizeof *p->dictpats, &p->ndictpats);
    p->info = take(&fs->infos, sizeof *p->info, &p->ninfo);
    p->roots = take(&fs->roots, sizeof *p->roots, &p->nroots);
}

static void lay_out(RfFuncState *fs, RfProto *p)
{
    Layout l = {.fs = fs, .len = fs->code.len};
    size_t n = l.len + 1u;
    thread_jumps(fs);
    l.code = fs->code.data;
    l.keep = rf_mem_zalloc(sizeof *l.keep * n);
    l.place = rf_mem_alloc(sizeof *l.place * n);
    l.work = rf_mem_alloc(sizeof *l.work * n);
    mark_reachable(&l);
    p->code_len = number(&l);
    write_code(&l, p);
    move_tables(&l);
    rf_mem_free(l.keep, sizeof *l.keep * n);
    rf_mem_free(l.place, sizeof *l.place * n);
    rf_mem_free(l.work, sizeof *l.work * n);
}

/* The source names a builtin of the FFI. A variable of it may be all that keeps memory alive that C knows the address of, so
 * its functions do not give values away at the last use the program shows. */
static bool deals_with_c(const RfModule *m)
{
    return m->source && memmem(m->source, m->source_len, "ffi_", 4) != NULL;
}

RfProto *rf_finish(RfFuncState *fs)
{
    RfProto *p = rf_mem_zalloc(sizeof *p);
    p->module = fs->c->module;
    p->name = fs->name;
    p->flags = fs->flags;
    p->call_trigger = p->loop_trigger = RF_TRIGGER_NEVER;
    p->def_pos = fs->def_pos;
    p->nparams = fs->nparams;
    p->nrequired = fs->nrequired;
    p->nlocals = (uint16_t)fs->max_slots;
    p->id = atomic_fetch_add_explicit(&next_id, 1, memory_order_relaxed);
    if (!fs->c->failed) {
        lay_out(fs, p);
    }
    take_tables(fs, p);
    if (!fs->c->failed) {
        compact_consts(p);
        uint32_t need = stack_need(p);
        p->max_stack = (uint16_t)need;
        if (need > UINT16_MAX) {
            rf_compile_error(fs->c, fs->def_pos, "Too many values in one expression");
        }
        if (deals_with_c(p->module)) {
            p->flags |= RF_PROTO_KEEPS;
        } else {
            rf_liveness_run(p);
        }
    }
    rf_vec_free(&fs->code, sizeof(RfInstr));
    rf_vec_free(&fs->positions, sizeof(RfPos));
    rf_vec_free(&fs->inserts, sizeof(RfInsert));
    rf_vec_free(&fs->journal, sizeof(RfSaved));
    HASH_CLEAR(hh, fs->names);
    HASH_CLEAR(hh, fs->captured);
    HASH_CLEAR(hh, fs->const_index);
    return p;
}

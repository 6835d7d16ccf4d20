/* The bytecode verifier: what the VM and the JIT take for granted about a function, checked once after compilation.
 *
 * Every reachable edge: same stack depth, within max_stack; operands within their tables; jumps forward and loops backward;
 * one value at RETURN. Every local: code that uses a slot as an iterator or a shared cell is reached only with the slot being
 * one, and such slots are never read as values. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "bytecode/compiler.h"

/* What a slot holds on all paths to a pc. */
typedef enum Slot { SLOT_VALUE, SLOT_ITER, SLOT_CELL, SLOT_MIXED } Slot;

#define SLOT_WORK_MAX (16u << 20) /* slot states kept; bigger functions get the other checks only */

typedef struct Verifier {
    const RfProto *p;
    const RfProto *parent; /* captures refer to it; NULL for a root */
    RfBuf error;
    uint32_t pc;
    int32_t *depth; /* -1: not reached */
    uint32_t *work;
    uint32_t top;
    bool *queued;
    uint32_t *handler_of; /* innermost handler around a pc, or UINT32_MAX */
    uint8_t *slots;       /* nlocals per pc, or NULL */
    uint8_t *now;         /* slots after the instruction at hand */
    int32_t deepest;
} Verifier;

static bool fail(Verifier *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool fail(Verifier *v, const char *format, ...)
{
    if (v->error.len == 0) {
        va_list args;
        rf_buf_printf(&v->error, "%s", v->p->name ? v->p->name->data : "?");
        rf_buf_printf(&v->error, " at %u: ", v->pc);
        va_start(args, format);
        rf_buf_vprintf(&v->error, format, args);
        va_end(args);
    }
    return false;
}

/* ---- operands ---- */

static bool below(Verifier *v, uint64_t index, uint64_t limit, const char *what)
{
    return index < limit || fail(v, "%s %llu of %llu", what, (unsigned long long)index, (unsigned long long)limit);
}

static bool check_varref(Verifier *v, RfInstr in)
{
    if ((in.b & RF_VARREF_MOVE) && in.op != RF_OP_LOAD_LOCAL) {
        return fail(v, "move on another instruction than LOAD_LOCAL");
    }
    if (!(in.b & RF_VARREF_MAYBE)) {
        return RF_VARREF_GLOBAL(in.b) == 0 || fail(v, "fall-back global without MAYBE");
    }
    return !v->p->module || below(v, RF_VARREF_GLOBAL(in.b), v->p->module->nglobals, "fall-back global");
}

static bool check_place(Verifier *v, uint32_t place)
{
    if (place == 0) {
        return true;
    }
    if (!below(v, place - 1, v->p->npaths, "place")) {
        return false;
    }
    const RfPath *path = &v->p->paths[place - 1];
    return path->index_count == 0 || fail(v, "place with index values");
}

static bool check_operand(Verifier *v, RfInstr in, RfOperandKind kind, uint32_t x)
{
    const RfProto *p = v->p;
    switch (kind) {
    case RF_OPERAND_NONE: return x == 0 || fail(v, "operand %u of %s is not used", x, rf_op_info[in.op].name);
    case RF_OPERAND_LOCAL: return below(v, x, p->nlocals, "local");
    case RF_OPERAND_CONST: return below(v, x, p->nconsts, "constant");
    case RF_OPERAND_GLOBAL: return !p->module || below(v, x, p->module->nglobals, "global");
    case RF_OPERAND_CELL: return below(v, x, p->ncaptures, "cell");
    case RF_OPERAND_JUMP: {
        if (!below(v, x, p->code_len, "jump target")) {
            return false;
        }
        bool back = rf_op_info[in.op].flags & RF_OPF_L;
        return (x <= v->pc) == back || fail(v, "%s to %u goes the wrong way", rf_op_info[in.op].name, x);
    }
    case RF_OPERAND_PROTO: return below(v, x, p->nprotos, "function");
    case RF_OPERAND_CALLSITE: return below(v, x, p->ncalls, "call site") && check_place(v, p->calls[x].place);
    case RF_OPERAND_FIELDSITE: return below(v, x, p->nfields, "field site");
    case RF_OPERAND_METHODSITE: return below(v, x, p->nmethods, "method site") && check_place(v, p->methods[x].place);
    case RF_OPERAND_PATH: return in.op == RF_OP_ADD ? check_place(v, x) : below(v, x, p->npaths, "path");
    case RF_OPERAND_STRUCTSITE: return below(v, x, p->nstructs, "struct site");
    case RF_OPERAND_ENUMSITE: return below(v, x, p->nenums, "enum site");
    case RF_OPERAND_DECLSITE: return below(v, x, p->ndecls, "declaration");
    case RF_OPERAND_IMPORTSITE: return below(v, x, p->nimports, "import site");
    case RF_OPERAND_DICTPAT: return below(v, x, p->ndictpats, "dict pattern");
    case RF_OPERAND_FLAG: return below(v, x, 2, "flag");
    case RF_OPERAND_VARREF: return check_varref(v, in);
    default: return true; /* COUNT, KIND: below; FEEDBACK is free */
    }
}

static bool is_string_const(const RfProto *p, uint32_t index)
{
    return p->consts[index].tag == RF_TAG_STRING;
}

/* What the table of operands cannot say. */
static bool check_details(Verifier *v, RfInstr in)
{
    const RfProto *p = v->p;
    switch ((RfOp)in.op) {
    case RF_OP_UNSET:
    case RF_OP_CLEAR: return in.b > 0 && (uint64_t)in.a + in.b <= p->nlocals ? true : fail(v, "range of locals");
    case RF_OP_FOR_PREP:
    case RF_OP_FOR_RANGE:
    case RF_OP_FOR_STEP:
    case RF_OP_FOR_LOOP:
    case RF_OP_FOR_LOOP2: return below(v, in.a + 2u, p->nlocals, "iterator");
    case RF_OP_DEFAULT: return below(v, in.a, p->nparams, "parameter");
    case RF_OP_HAS_FIELD:
    case RF_OP_RAISE:
    case RF_OP_MATCH_WORD:
        if (in.op == RF_OP_RAISE && !below(v, in.a, RF_RAISE_YIELD_OUTSIDE + 1, "error")) {
            return false;
        }
        return is_string_const(p, in.b) || fail(v, "constant %u is no string", in.b);
    case RF_OP_STORE_GLOBAL: return below(v, in.a, RF_STORE_BARE + 1, "mode");
    case RF_OP_DECLARE_GLOBAL:
        return below(v, in.a & ~(uint32_t)RF_DECL_REPLACE,
                     (in.a & RF_DECL_REPLACE) ? RF_DECL_CONST + 1 : RF_DECL_MATCH + 1, "kind");
    case RF_OP_VARIANT: return below(v, in.a, 3, "variant");
    case RF_OP_MATCH_VARIANT: return below(v, in.a, 4, "variant");
    case RF_OP_GEN_START: return (p->flags & RF_PROTO_GENERATOR) || fail(v, "GEN_START outside a generator");
    case RF_OP_YIELD: return (p->flags & RF_PROTO_GENERATOR) || fail(v, "YIELD outside a generator");
    case RF_OP_RANGE_CALL: return in.a >= 1 && in.a <= 3 ? true : fail(v, "RANGE_CALL with %u arguments", in.a);
    case RF_OP_LOAD_CALLEE: return v->parent || fail(v, "LOAD_CALLEE in code that is no closure");
    case RF_OP_LOAD_PATH:
    case RF_OP_STORE_PATH: return p->paths[in.b].count > 0 || fail(v, "path without steps");
    case RF_OP_IMPORT_NAME: {
        const RfImportSite *site = &p->imports[in.b];
        return below(v, site->next, site->count, "imported name");
    }
    case RF_OP_STORE_INDEX_GLOBAL: return rf_proto_root_pos(p, v->pc).line > 0 || fail(v, "no position of the root");
    default: return true;
    }
}

static bool check_instr(Verifier *v, uint32_t pc)
{
    RfInstr in = v->p->code[pc];
    v->pc = pc;
    if (in.op >= RF_OP_BASE_COUNT) {
        return fail(v, "opcode %u", in.op);
    }
    const RfOpInfo *info = &rf_op_info[in.op];
    return check_operand(v, in, info->a, in.a) && check_operand(v, in, info->b, in.b) && check_details(v, in) &&
           (v->p->positions[pc].line > 0 || fail(v, "no position"));
}

/* ---- tables ---- */

/* The code of an index: loads and arithmetic that leave one value. */
static bool check_step_ops(Verifier *v, const RfStep *step)
{
    uint32_t depth = 0;
    for (uint32_t i = 0; i < step->nops; i++) {
        RfInstr in = step->ops[i];
        uint32_t pops = 0;
        switch (in.op) {
        case RF_OP_LOAD_LOCAL:
        case RF_OP_LOAD_SHARED:
        case RF_OP_LOAD_CELL:
        case RF_OP_LOAD_GLOBAL:
        case RF_OP_CONST: {
            const RfOpInfo *info = &rf_op_info[in.op];
            if (!check_operand(v, in, info->a, in.a) || !check_operand(v, in, info->b, in.b)) {
                return false;
            }
            break;
        }
        case RF_OP_ADD:
        case RF_OP_SUB:
        case RF_OP_MUL:
        case RF_OP_MOD: pops = 2; break;
        default: return fail(v, "instruction %u in an index of a path", in.op);
        }
        if (depth < pops || depth - pops >= RF_STEP_DEPTH) {
            return fail(v, "index of path needs %u values, has %u", pops, depth);
        }
        depth += 1 - pops;
    }
    return depth == 1 || fail(v, "index of path leaves %u values", depth);
}

static bool check_path(Verifier *v, const RfPath *path, uint32_t number)
{
    const RfProto *p = v->p;
    uint32_t indexes = 0;
    uint32_t limit = path->root == RF_ROOT_CELL     ? p->ncaptures
                     : path->root == RF_ROOT_GLOBAL ? (p->module ? p->module->nglobals : UINT32_MAX)
                                                    : p->nlocals;
    v->pc = number;
    if (!below(v, path->slot, limit, "root of path")) {
        return false;
    }
    for (uint32_t i = 0; i < path->count; i++) {
        const RfStep *s = &path->steps[i];
        switch (s->kind) {
        case RF_STEP_FIELD:
            if (!below(v, s->slot, p->nfields, "field of path")) {
                return false;
            }
            break;
        case RF_STEP_INDEX: indexes++; break;
        case RF_STEP_LOCAL:
            if (!below(v, s->slot, p->nlocals, "index local of path")) {
                return false;
            }
            break;
        case RF_STEP_CONST:
            if (!below(v, s->slot, p->nconsts, "index constant of path")) {
                return false;
            }
            break;
        case RF_STEP_VALUE:
            if (!check_step_ops(v, s)) {
                return false;
            }
            break;
        }
    }
    return indexes == path->index_count || fail(v, "path counts %u indexes, has %u", path->index_count, indexes);
}

static bool check_candidates(Verifier *v, const RfMethodSite *site, uint32_t number)
{
    v->pc = number;
    for (uint32_t i = 0; i < site->ncandidates; i++) {
        const RfCandidate *c = &site->candidates[i];
        uint32_t limit = c->kind == RF_ROOT_CELL ? v->p->ncaptures : v->p->nlocals;
        if (c->kind == RF_ROOT_GLOBAL || c->kind > RF_CANDIDATE_FIELD) {
            return fail(v, "candidate of kind %u", c->kind);
        }
        if (!below(v, c->slot, limit, "candidate")) {
            return false;
        }
    }
    return !v->p->module || below(v, site->global, v->p->module->nglobals, "global of method site");
}

static bool check_captures(Verifier *v)
{
    const RfProto *p = v->p;
    v->pc = 0;
    if (p->ncaptures > 0 && !v->parent) {
        return fail(v, "captures without an enclosing function");
    }
    for (uint32_t i = 0; i < p->ncaptures; i++) {
        const RfCapture *c = &p->captures[i];
        bool cell = c->kind == RF_CAPTURE_CELL || c->kind == RF_CAPTURE_SHARED_CELL;
        if (!below(v, c->slot, cell ? v->parent->ncaptures : v->parent->nlocals, "capture")) {
            return false;
        }
    }
    return true;
}

static bool check_handlers(Verifier *v)
{
    const RfProto *p = v->p;
    for (uint32_t i = 0; i < p->nhandlers; i++) {
        const RfHandler *h = &p->handlers[i];
        v->pc = h->start;
        if (h->start >= h->end || h->end > p->code_len || h->target >= p->code_len) {
            return fail(v, "handler %u", i);
        }
        if (h->target >= h->start && h->target < h->end) {
            return fail(v, "handler %u inside its own range", i);
        }
        for (uint32_t j = i + 1; j < p->nhandlers && j < i + 8; j++) { /* innermost first: nested or apart */
            const RfHandler *o = &p->handlers[j];
            bool apart = o->end <= h->start || o->start >= h->end;
            bool around = o->start <= h->start && o->end >= h->end;
            if (!apart && !around) {
                return fail(v, "handlers %u and %u overlap", i, j);
            }
        }
    }
    return true;
}

static bool check_tables(Verifier *v)
{
    const RfProto *p = v->p;
    for (uint32_t i = 0; i < p->npaths; i++) {
        if (!check_path(v, &p->paths[i], i)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < p->nmethods; i++) {
        if (!check_candidates(v, &p->methods[i], i)) {
            return false;
        }
    }
    v->pc = 0;
    if (p->nparams > p->nlocals || p->nrequired > p->nparams) {
        return fail(v, "%u parameters, %u required, %u locals", p->nparams, p->nrequired, p->nlocals);
    }
    return check_captures(v) && check_handlers(v);
}

/* ---- flow ---- */

static uint8_t *slots_at(const Verifier *v, uint32_t pc)
{
    return v->slots + (size_t)v->p->nlocals * pc;
}

static void enqueue(Verifier *v, uint32_t pc)
{
    if (!v->queued[pc]) {
        v->queued[pc] = true;
        v->work[v->top++] = pc;
    }
}

/* An edge into pc with `depth` values and the slots in v->now. */
static bool flow_to(Verifier *v, uint32_t pc, int32_t depth)
{
    if (pc >= v->p->code_len) {
        return fail(v, "runs off the end");
    }
    bool fresh = v->depth[pc] < 0;
    if (!fresh && v->depth[pc] != depth) {
        return fail(v, "depth %d at %u, which has %d", depth, pc, v->depth[pc]);
    }
    v->depth[pc] = depth;
    if (depth > v->deepest) {
        v->deepest = depth;
    }
    if (!v->slots) {
        if (fresh) {
            enqueue(v, pc);
        }
        return true;
    }
    uint8_t *slots = slots_at(v, pc);
    bool changed = fresh;
    for (uint32_t i = 0; i < v->p->nlocals; i++) {
        uint8_t joined = fresh || slots[i] == v->now[i] ? v->now[i] : SLOT_MIXED;
        changed = changed || joined != slots[i];
        slots[i] = joined;
    }
    if (changed) {
        enqueue(v, pc);
    }
    return true;
}

static bool want(Verifier *v, uint32_t slot, Slot kind)
{
    static const char *const words[] = {"value", "iterator", "cell", "mixture"};
    return v->now[slot] == kind || fail(v, "local %u is a %s, not a %s", slot, words[v->now[slot]], words[kind]);
}

static void become(Verifier *v, uint32_t slot, uint32_t count, Slot kind)
{
    memset(v->now + slot, (int)kind, count);
}

static bool want_path(Verifier *v, const RfPath *path)
{
    if (path->root == RF_ROOT_LOCAL && !want(v, path->slot, SLOT_VALUE)) {
        return false;
    }
    if (path->root == RF_ROOT_SHARED && !want(v, path->slot, SLOT_CELL)) {
        return false;
    }
    for (uint32_t i = 0; i < path->count; i++) {
        const RfStep *step = &path->steps[i];
        if (step->kind == RF_STEP_LOCAL && !want(v, step->slot, SLOT_VALUE)) {
            return false;
        }
        for (uint32_t j = 0; j < step->nops; j++) {
            uint16_t op = step->ops[j].op;
            if ((op == RF_OP_LOAD_LOCAL || op == RF_OP_LOAD_SHARED) &&
                !want(v, step->ops[j].a, op == RF_OP_LOAD_LOCAL ? SLOT_VALUE : SLOT_CELL)) {
                return false;
            }
        }
    }
    return true;
}

static bool want_place(Verifier *v, uint32_t place)
{
    return place == 0 || want_path(v, &v->p->paths[place - 1]);
}

static bool want_captures(Verifier *v, const RfProto *inner)
{
    for (uint32_t i = 0; i < inner->ncaptures; i++) {
        const RfCapture *c = &inner->captures[i];
        if ((c->kind == RF_CAPTURE_LOCAL && !want(v, c->slot, SLOT_VALUE)) ||
            (c->kind == RF_CAPTURE_SHARED && !want(v, c->slot, SLOT_CELL))) {
            return false;
        }
    }
    return true;
}

static bool want_candidates(Verifier *v, const RfMethodSite *site)
{
    for (uint32_t i = 0; i < site->ncandidates; i++) {
        const RfCandidate *c = &site->candidates[i];
        if (c->kind != RF_ROOT_CELL && !want(v, c->slot, c->kind == RF_ROOT_SHARED ? SLOT_CELL : SLOT_VALUE)) {
            return false;
        }
    }
    return want_place(v, site->place);
}

/* Checks and changes v->now. */
static bool flow_slots(Verifier *v, RfInstr in)
{
    const RfProto *p = v->p;
    switch ((RfOp)in.op) {
    case RF_OP_LOAD_LOCAL:
    case RF_OP_TEST_LOCAL:
    case RF_OP_HAS_FIELD:
    case RF_OP_INDEX_LOCAL:
    case RF_OP_INDEX_LAST:
    case RF_OP_STORE_INDEX_LOCAL:
    case RF_OP_STORE_FIELD_LOCAL:
    case RF_OP_DEFAULT: return want(v, in.a, SLOT_VALUE);
    case RF_OP_STORE_LOCAL: /* the cell or iterator of an ended scope may still lie there */
        return ((in.b & RF_VARREF_MAYBE) ? want(v, in.a, SLOT_VALUE) : true) && (become(v, in.a, 1, SLOT_VALUE), true);
    case RF_OP_UNSET:
    case RF_OP_CLEAR: become(v, in.a, in.b, SLOT_VALUE); return true;
    case RF_OP_NEW_CELL: become(v, in.a, 1, SLOT_CELL); return true;
    case RF_OP_LOAD_SHARED:
    case RF_OP_STORE_SHARED:
    case RF_OP_TEST_SHARED: return want(v, in.a, SLOT_CELL);
    case RF_OP_FOR_PREP:
    case RF_OP_FOR_RANGE:
    case RF_OP_FOR_STEP: become(v, in.a, 3, SLOT_ITER); return true;
    case RF_OP_FOR_LOOP:
    case RF_OP_FOR_LOOP2:
        return want(v, in.a, SLOT_ITER) && want(v, in.a + 1u, SLOT_ITER) && want(v, in.a + 2u, SLOT_ITER);
    case RF_OP_CLOSURE:
    case RF_OP_SPAWN: return want_captures(v, p->protos[in.b]);
    case RF_OP_LOAD_PATH:
    case RF_OP_STORE_PATH: return want_path(v, &p->paths[in.b]);
    case RF_OP_ADD: return want_place(v, in.b);
    case RF_OP_CALL: return want_place(v, p->calls[in.b].place);
    case RF_OP_CALL_METHOD: return want_candidates(v, &p->methods[in.b]);
    default: return true;
    }
}

/* An instruction in the range of a handler may fail before it has changed anything. What an inner handler cannot settle it
 * raises from inside the range of the next one. */
static bool flow_to_handler(Verifier *v, uint32_t pc)
{
    if (v->handler_of[pc] == UINT32_MAX) {
        return true;
    }
    const RfHandler *h = &v->p->handlers[v->handler_of[pc]];
    if (v->depth[pc] < (int32_t)h->depth) {
        return fail(v, "depth %d below that of handler %u", v->depth[pc], v->handler_of[pc]);
    }
    return flow_to(v, h->target, (int32_t)h->depth + 1);
}

static void find_handlers(Verifier *v)
{
    for (uint32_t pc = 0; pc < v->p->code_len; pc++) {
        v->handler_of[pc] = UINT32_MAX;
    }
    for (uint32_t i = v->p->nhandlers; i-- > 0;) { /* inner ones overwrite outer ones */
        for (uint32_t pc = v->p->handlers[i].start; pc < v->p->handlers[i].end; pc++) {
            v->handler_of[pc] = i;
        }
    }
}

static bool flow_from(Verifier *v, uint32_t pc)
{
    const RfProto *p = v->p;
    RfInstr in = p->code[pc];
    uint8_t flags = rf_op_info[in.op].flags;
    int pops, pushes, at_target;
    v->pc = pc;
    rf_op_effect(p, in, &pops, &pushes, &at_target);
    int32_t depth = v->depth[pc];
    if (depth < pops) {
        return fail(v, "%s takes %d values of %d", rf_op_info[in.op].name, pops, depth);
    }
    if (in.op == RF_OP_RETURN && depth != 1) {
        return fail(v, "RETURN with %d values", depth);
    }
    if (v->slots) {
        memcpy(v->now, slots_at(v, pc), p->nlocals);
    }
    if (!flow_to_handler(v, pc)) {
        return false;
    }
    if (v->slots && !flow_slots(v, in)) {
        return false;
    }
    if ((flags & RF_OPF_J) && !flow_to(v, in.b, depth + at_target)) {
        return false;
    }
    return (flags & RF_OPF_E) || flow_to(v, pc + 1, depth - pops + pushes);
}

static bool check_flow(Verifier *v)
{
    const RfProto *p = v->p;
    size_t n = p->code_len;
    bool small = p->nlocals > 0 && n * p->nlocals <= SLOT_WORK_MAX;
    v->depth = rf_mem_alloc(sizeof *v->depth * n);
    v->work = rf_mem_alloc(sizeof *v->work * n);
    v->queued = rf_mem_zalloc(n);
    v->handler_of = rf_mem_alloc(sizeof *v->handler_of * n);
    find_handlers(v);
    v->slots = small ? rf_mem_zalloc(n * p->nlocals) : NULL;
    v->now = rf_mem_zalloc((size_t)p->nlocals + 1);
    for (size_t pc = 0; pc < n; pc++) {
        v->depth[pc] = -1;
    }
    bool good = flow_to(v, 0, 0);
    while (good && v->top > 0) {
        uint32_t pc = v->work[--v->top];
        v->queued[pc] = false;
        good = flow_from(v, pc);
    }
    for (uint32_t pc = 0; good && pc < n; pc++) {
        v->pc = pc;
        good = v->depth[pc] >= 0 || fail(v, "unreachable");
    }
    if (good && v->deepest != p->max_stack) {
        v->pc = 0;
        good = fail(v, "max_stack %u, needs %d", p->max_stack, v->deepest);
    }
    rf_mem_free(v->depth, sizeof *v->depth * n);
    rf_mem_free(v->work, sizeof *v->work * n);
    rf_mem_free(v->queued, n);
    rf_mem_free(v->handler_of, sizeof *v->handler_of * n);
    if (v->slots) {
        rf_mem_free(v->slots, n * p->nlocals);
    }
    rf_mem_free(v->now, (size_t)p->nlocals + 1);
    return good;
}

/* ---- functions ---- */

/* Tests have no enclosing function although the main program keeps them. */
static const RfProto *parent_of(const RfProto *p, const RfProto *inner)
{
    return inner->flags & RF_PROTO_TEST ? NULL : p;
}

static char *verify(const RfProto *p, const RfProto *parent)
{
    Verifier v = {.p = p, .parent = parent, .error = RF_BUF_INIT};
    bool good = p->code_len > 0 || fail(&v, "no code");
    good = good && check_tables(&v);
    for (uint32_t pc = 0; good && pc < p->code_len; pc++) {
        good = check_instr(&v, pc);
    }
    good = good && check_flow(&v);
    char *message = NULL;
    if (!good) {
        message = strdup(rf_buf_cstr(&v.error));
        if (!message) {
            rf_mem_exhausted(v.error.len);
        }
    }
    rf_buf_free(&v.error);
    for (uint32_t i = 0; !message && i < p->nprotos; i++) {
        message = verify(p->protos[i], parent_of(p, p->protos[i]));
    }
    return message;
}

char *rf_verify(const RfProto *proto)
{
    return verify(proto, NULL);
}

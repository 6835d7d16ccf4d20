/* What the compiler takes for granted about a decoded job: the checks of the bytecode verifier (bytecode/verify.c) as far as
 * they concern memory and the shape of the code, and the references between units and shapes. */
#include <string.h>

#include "jit/job_core.h"
#include "vm/ctype.h"

typedef struct Check {
    const RfJob *job;
    RfJobUnit *u;
    RfArena *arena;
    int32_t *depth; /* -1: not reached */
    uint32_t *work;
    uint32_t top;
} Check;

/* clang-format off */
static bool is_unit(const Check *c, uint32_t x) { return x == RF_JOB_NONE || x < c->job->nunits; }
static bool is_shape(const Check *c, uint32_t x) { return x == RF_JOB_NONE || x < c->job->nshapes; }
static bool is_global(const Check *c, uint32_t x) { return rf_job_global(c->u, x) != NULL; }
/* clang-format on */

/* One class, as rf_value_class gives them. */
static bool is_class(uint16_t x)
{
    return x != 0 && (x & (x - 1)) == 0 && x != RF_CLASS_SEEN;
}

/* ---- operands ---- */

static bool is_varref(const Check *c, uint32_t b)
{
    return (b & RF_VARREF_MAYBE) ? is_global(c, RF_VARREF_GLOBAL(b)) : RF_VARREF_GLOBAL(b) == 0;
}

static bool is_place(const Check *c, uint32_t place)
{
    return place == 0 || (place - 1 < c->u->npaths && c->u->paths[place - 1].index_count == 0);
}

static bool check_operand(const Check *c, uint32_t pc, RfInstr in, RfOperandKind kind, uint32_t x)
{
    const RfJobUnit *u = c->u;
    switch (kind) {
    case RF_OPERAND_NONE: return x == 0;
    case RF_OPERAND_LOCAL: return x < u->nlocals;
    case RF_OPERAND_CONST: return x < u->nconsts;
    case RF_OPERAND_GLOBAL: return is_global(c, x);
    case RF_OPERAND_CELL: return x < u->ncaptures;
    case RF_OPERAND_JUMP: return x < u->code_len && (x <= pc) == ((rf_op_info[in.op].flags & RF_OPF_L) != 0);
    case RF_OPERAND_COUNT: return x <= UINT16_MAX; /* so that stack effects can be computed */
    case RF_OPERAND_PROTO: return x < u->nprotos;
    case RF_OPERAND_CALLSITE: return x < u->ncalls;
    case RF_OPERAND_FIELDSITE: return x < u->nfields;
    case RF_OPERAND_METHODSITE: return x < u->nmethods;
    case RF_OPERAND_PATH: return in.op == RF_OP_ADD ? is_place(c, x) : x < u->npaths;
    case RF_OPERAND_STRUCTSITE: return x < u->nstructs;
    case RF_OPERAND_ENUMSITE: return x < u->nenums;
    case RF_OPERAND_DECLSITE: return x < u->sites->ndecls;
    case RF_OPERAND_IMPORTSITE: return x < u->nimports;
    case RF_OPERAND_DICTPAT: return x < u->sites->ndictpats;
    case RF_OPERAND_FLAG: return x < 2;
    case RF_OPERAND_VARREF: return is_varref(c, x);
    default: return true;
    }
}

static bool check_details(const Check *c, RfInstr in)
{
    const RfJobUnit *u = c->u;
    switch ((RfOp)in.op) {
    case RF_OP_UNSET:
    case RF_OP_CLEAR: return in.b > 0 && in.a + in.b <= u->nlocals;
    case RF_OP_FOR_PREP:
    case RF_OP_FOR_RANGE:
    case RF_OP_FOR_STEP:
    case RF_OP_FOR_LOOP:
    case RF_OP_FOR_LOOP2: return in.a + 2u < u->nlocals;
    case RF_OP_DEFAULT: return in.a < u->nparams;
    case RF_OP_RAISE: return in.a <= RF_RAISE_YIELD_OUTSIDE && u->consts[in.b].tag == RF_TAG_STRING;
    case RF_OP_HAS_FIELD:
    case RF_OP_MATCH_WORD: return u->consts[in.b].tag == RF_TAG_STRING;
    case RF_OP_STORE_GLOBAL: return in.a <= RF_STORE_BARE;
    case RF_OP_DECLARE_GLOBAL:
        return (in.a & RF_DECL_REPLACE) ? (in.a & ~RF_DECL_REPLACE) <= RF_DECL_CONST : in.a <= RF_DECL_MATCH;
    case RF_OP_VARIANT: return in.a < 3;
    case RF_OP_MATCH_VARIANT: return in.a < 4;
    case RF_OP_RANGE_CALL: return in.a >= 1 && in.a <= 3;
    case RF_OP_LOAD_PATH:
    case RF_OP_STORE_PATH: return u->paths[in.b].count > 0;
    default: return true;
    }
}

static bool check_code(const Check *c)
{
    for (uint32_t pc = 0; pc < c->u->code_len; pc++) {
        RfInstr in = c->u->code[pc];
        if (in.op >= RF_OP_BASE_COUNT) {
            return false;
        }
        const RfOpInfo *info = &rf_op_info[in.op];
        if (!check_operand(c, pc, in, info->a, in.a) || !check_operand(c, pc, in, info->b, in.b) ||
            !check_details(c, in)) {
            return false;
        }
    }
    return c->u->code_len > 0;
}

/* ---- tables ---- */

static bool check_step_ops(const Check *c, const RfJobStep *step)
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
        case RF_OP_CONST:
            if (!check_operand(c, 0, in, rf_op_info[in.op].a, in.a) ||
                !check_operand(c, 0, in, rf_op_info[in.op].b, in.b)) {
                return false;
            }
            break;
        case RF_OP_ADD:
        case RF_OP_SUB:
        case RF_OP_MUL:
        case RF_OP_MOD: pops = 2; break;
        default: return false;
        }
        if (depth < pops || depth - pops >= RF_STEP_DEPTH) {
            return false;
        }
        depth += 1 - pops;
    }
    return depth == 1;
}

static bool check_path(const Check *c, const RfJobPath *path)
{
    const RfJobUnit *u = c->u;
    uint32_t indexes = 0;
    bool root = path->root == RF_ROOT_GLOBAL ? is_global(c, path->slot)
                                             : path->slot < (path->root == RF_ROOT_CELL ? u->ncaptures : u->nlocals);
    if (!root || path->root > RF_ROOT_GLOBAL ||
        ((path->varref & RF_VARREF_MAYBE) && !is_global(c, RF_VARREF_GLOBAL(path->varref)))) {
        return false;
    }
    for (uint32_t i = 0; i < path->count; i++) {
        const RfJobStep *s = &path->steps[i];
        bool good;
        switch (s->kind) {
        case RF_STEP_FIELD: good = s->slot < u->nfields; break;
        case RF_STEP_INDEX:
            good = true;
            indexes++;
            break;
        case RF_STEP_LOCAL: good = s->slot < u->nlocals; break;
        case RF_STEP_CONST: good = s->slot < u->nconsts; break;
        case RF_STEP_VALUE: good = check_step_ops(c, s); break;
        default: good = false;
        }
        if (!good || (s->nops > 0 && s->kind != RF_STEP_VALUE)) {
            return false;
        }
    }
    return indexes == path->index_count && indexes <= u->max_stack;
}

static bool check_struct(const Check *c, const RfJobStruct *site)
{
    if (!is_shape(c, site->shape) || site->count > c->u->max_stack) {
        return false;
    }
    for (uint32_t i = 0; site->order && i < site->count; i++) {
        if (site->order[i] >= c->job->shapes[site->shape].nfields) {
            return false;
        }
    }
    return site->order || !site->plain;
}

/* A key as the FFI makes them: nothing behind the last parameter, no strings among them. */
static bool is_key(uint64_t key)
{
    unsigned n = rf_ckey_count(key);
    for (unsigned i = 0; i < n; i++) {
        if (rf_ckey_param(key, i) == RF_C_CSTRING) {
            return false;
        }
    }
    uint64_t used = (UINT64_C(1) << (4 * (n + 1))) - 1;
    return (key & RF_CKEY_VALID) && !(key & ~(RF_CKEY_VALID | RF_CKEY_ERRNO | used));
}

static bool check_sites(const Check *c)
{
    const RfJobUnit *u = c->u;
    bool good = true;
    for (uint32_t i = 0; i < u->ncalls; i++) {
        const RfJobCall *s = &u->calls[i];
        good = good && is_place(c, s->place) && s->kind <= RF_CALLEE_FOREIGN && is_unit(c, s->unit) &&
               (s->kind == RF_CALLEE_UNIT || s->unit == RF_JOB_NONE) &&
               (s->kind == RF_CALLEE_BUILTIN) == (s->builtin != NULL) &&
               (s->kind == RF_CALLEE_FOREIGN ? is_key(s->foreign) : s->foreign == 0);
        for (uint32_t k = 0; s->kind == RF_CALLEE_UNITS && k < RF_SITE_KINDS; k++) {
            good = good && is_unit(c, s->met[k]);
        }
    }
    for (uint32_t i = 0; i < u->nfields; i++) {
        const RfJobField *s = &u->fields[i];
        good =
            good && is_shape(c, s->shape) && (s->shape == RF_JOB_NONE || s->offset < c->job->shapes[s->shape].nfields);
    }
    for (uint32_t i = 0; i < u->nmethods; i++) {
        const RfJobMethod *s = &u->methods[i];
        good = good && is_place(c, s->place) && is_global(c, s->global) && is_shape(c, s->shape) &&
               is_unit(c, s->unit) && is_unit(c, s->uniform);
        for (uint32_t k = 0; k < RF_SITE_KINDS; k++) {
            good = good && is_shape(c, s->met[k].shape) && is_unit(c, s->met[k].unit);
        }
    }
    for (uint32_t i = 0; i < u->nstructs; i++) {
        good = good && check_struct(c, &u->structs[i]);
    }
    for (uint32_t i = 0; i < u->npaths; i++) {
        good = good && check_path(c, &u->paths[i]);
    }
    for (uint32_t i = 0; i < u->sites->ndecls; i++) {
        good = good && u->sites->decls[i].nmethods <= u->max_stack;
    }
    for (uint32_t i = 0; i < u->sites->ndictpats; i++) {
        good = good && u->sites->dictpats[i].count <= u->max_stack;
    }
    return good;
}

static bool check_globals(const Check *c)
{
    const RfJobUnit *u = c->u;
    for (uint32_t i = 0; i < u->nglobals; i++) {
        const RfJobGlobal *g = &u->globals[i];
        if ((i > 0 && g->slot <= u->globals[i - 1].slot) || g->kind > RF_GLOBAL_BARE || !is_class(g->class) ||
            !is_shape(c, g->shape) || !is_unit(c, g->unit)) {
            return false;
        }
    }
    return true;
}

static bool check_handlers(const RfJobUnit *u)
{
    for (uint32_t i = 0; i < u->nhandlers; i++) {
        const RfHandler *h = &u->handlers[i];
        if (h->start >= h->end || h->end > u->code_len || h->target >= u->code_len || h->depth >= u->max_stack ||
            (h->target >= h->start && h->target < h->end)) {
            return false;
        }
    }
    return true;
}

/* Captures name what the function around has, when that is part of the job. */
static bool check_nested(const Check *c)
{
    const RfJobUnit *u = c->u;
    for (uint32_t i = 0; i < u->nprotos; i++) {
        if (!is_unit(c, u->protos[i])) {
            return false;
        }
        const RfJobUnit *inner = u->protos[i] == RF_JOB_NONE ? NULL : &c->job->units[u->protos[i]];
        for (uint32_t j = 0; inner && j < inner->ncaptures; j++) {
            const RfJobCapture *capture = &inner->captures[j];
            bool cell = capture->kind == RF_CAPTURE_CELL || capture->kind == RF_CAPTURE_SHARED_CELL;
            if (capture->slot >= (cell ? u->ncaptures : u->nlocals)) {
                return false;
            }
        }
    }
    for (uint32_t j = 0; j < u->ncaptures; j++) {
        if (u->captures[j].kind > RF_CAPTURE_SHARED_CELL) {
            return false;
        }
    }
    return true;
}

/* ---- flow ---- */

static bool flow_to(Check *c, uint32_t pc, int32_t depth)
{
    if (pc >= c->u->code_len || depth < 0 || depth > c->u->max_stack) {
        return false;
    }
    if (c->depth[pc] < 0) {
        c->depth[pc] = depth;
        c->work[c->top++] = pc;
    }
    return c->depth[pc] == depth;
}

static bool flow_from(Check *c, uint32_t pc)
{
    const RfJobUnit *u = c->u;
    RfInstr in = u->code[pc];
    uint8_t flags = rf_op_info[in.op].flags;
    int pops, pushes, at_target;
    int32_t depth = c->depth[pc];
    rf_job_effect(u, in, &pops, &pushes, &at_target);
    if (depth < pops || (in.op == RF_OP_RETURN && depth != 1)) {
        return false;
    }
    if ((flags & RF_OPF_J) && !flow_to(c, in.b, depth + at_target)) {
        return false;
    }
    return (flags & RF_OPF_E) || flow_to(c, pc + 1, depth - pops + pushes);
}

/* A handler is reached from its range, which is reached when its start is. */
static bool flow_handlers(Check *c, bool *more)
{
    const RfJobUnit *u = c->u;
    *more = false;
    for (uint32_t i = 0; i < u->nhandlers; i++) {
        const RfHandler *h = &u->handlers[i];
        bool fresh = c->depth[h->target] < 0;
        if (c->depth[h->start] >= 0 && !flow_to(c, h->target, (int32_t)h->depth + 1)) {
            return false;
        }
        *more = *more || (fresh && c->depth[h->target] >= 0);
    }
    return true;
}

static bool handlers_fit(const Check *c)
{
    for (uint32_t i = 0; i < c->u->nhandlers; i++) {
        const RfHandler *h = &c->u->handlers[i];
        if (c->depth[h->target] != (int32_t)h->depth + 1) {
            return false;
        }
        for (uint32_t pc = h->start; pc < h->end; pc++) {
            if (c->depth[pc] < (int32_t)h->depth) {
                return false;
            }
        }
    }
    return true;
}

static bool check_flow(Check *c)
{
    RfJobUnit *u = c->u;
    c->depth = RF_ARENA_ARRAY(c->arena, int32_t, u->code_len);
    c->work = RF_ARENA_ARRAY(c->arena, uint32_t, u->code_len);
    c->top = 0;
    memset(c->depth, 0xff, sizeof *c->depth * u->code_len);
    bool more = true;
    bool good = flow_to(c, 0, 0);
    while (good && more) {
        while (good && c->top > 0) {
            good = flow_from(c, c->work[--c->top]);
        }
        good = good && flow_handlers(c, &more);
    }
    u->depth = RF_ARENA_ARRAY(c->arena, uint16_t, u->code_len);
    for (uint32_t pc = 0; good && pc < u->code_len; pc++) {
        good = c->depth[pc] >= 0; /* the compiler of the bytecode leaves nothing unreachable */
        u->depth[pc] = (uint16_t)c->depth[pc];
    }
    return good && handlers_fit(c);
}

static bool check_loops(const Check *c)
{
    const RfJobUnit *u = c->u;
    for (uint32_t i = 0; i < u->nloops; i++) {
        const RfJobLoop *loop = &u->loops[i];
        if (loop->pc >= u->code_len || loop->nslots != (uint32_t)u->nlocals + u->depth[loop->pc]) {
            return false;
        }
        for (uint32_t j = 0; j < loop->nslots; j++) {
            if (!is_class(loop->locals[j]) || !is_shape(c, loop->shapes[j]) ||
                (loop->shapes[j] != RF_JOB_NONE && loop->locals[j] != RF_CLASS_STRUCT)) {
                return false;
            }
        }
    }
    for (uint32_t i = 0; u->seen && i < u->nlocals; i++) {
        if (!is_class(u->seen[i].class) || !is_unit(c, u->seen[i].unit)) {
            return false;
        }
    }
    return u->compile_entry || u->nloops > 0;
}

static bool check_shapes(const RfJob *job)
{
    for (uint32_t i = 0; i < job->nshapes; i++) {
        for (uint32_t j = 0; j < job->shapes[i].nfields; j++) {
            uint16_t x = job->shapes[i].classes[j];
            if (x != 0 && !is_class(x)) {
                return false;
            }
        }
    }
    return true;
}

bool rf_job_check(RfJob *job, RfArena *arena)
{
    if (!check_shapes(job)) {
        return false;
    }
    for (uint32_t i = 0; i < job->nunits; i++) {
        RfJobUnit *u = &job->units[i];
        Check c = {.job = job, .u = u, .arena = arena};
        if (u->nparams > u->nlocals || u->nrequired > u->nparams || u->module >= job->nunits || !check_globals(&c) ||
            !check_sites(&c) || !check_handlers(u) || !check_nested(&c) || !check_code(&c) || !check_flow(&c) ||
            !check_loops(&c)) {
            return false;
        }
    }
    return true;
}

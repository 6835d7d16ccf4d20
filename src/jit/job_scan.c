/* What can be told about a program from its code alone: which globals keep their value, which global a call site calls,
 * which functions exist. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "jit/job_core.h"
#include "runtime/string.h"

/* ---- globals ---- */

static void stored(RfJobScan *s, uint32_t slot)
{
    if (slot < s->nglobals) {
        s->stored[slot] = 1;
    }
}

static void declared(RfJobScan *s, uint32_t slot, bool once)
{
    if (slot < s->nglobals) {
        s->declares[slot] = once && s->declares[slot] == 0 ? 1 : 2;
    }
}

/* `import m` binds what m exports. A module that has not been loaded may export anything. */
static void imported(RfVm *vm, RfJobScan *s, const RfImportSite *site, bool once)
{
    bool found = false;
    declared(s, site->namespace_global, once);
    for (uint32_t i = 0; i < vm->nmodules; i++) {
        const RfModule *m = vm->modules[i];
        if (m == s->module || m->name->len != site->name->len ||
            memcmp(m->name->data, site->name->data, m->name->len) != 0) {
            continue;
        }
        found = true;
        for (uint32_t j = 0; j < m->nexports; j++) {
            int64_t slot = m->exports[j].is_struct ? -1 : rf_module_find(s->module, m->exports[j].name);
            if (slot >= 0) {
                declared(s, (uint32_t)slot, once);
            }
        }
    }
    s->unknown = s->unknown || !found;
}

/* Per instruction whether a loop may run it again; NULL for code that is not the top level, where anything may. */
static bool *find_loops(const RfProto *p)
{
    if (!(p->flags & RF_PROTO_MAIN)) {
        return NULL;
    }
    bool *in_loop = rf_mem_zalloc(p->code_len);
    uint32_t end = p->code_len;
    /* backwards, so that the ranges of nested loops are walked once: `first` is the lowest header of those around pc */
    uint32_t first = UINT32_MAX;
    for (uint32_t pc = end; pc-- > 0;) {
        if (rf_op_info[rf_op_base(p->code[pc].op)].flags & RF_OPF_L) {
            uint32_t target = rf_jump_target(p, pc);
            first = target < first ? target : first;
        }
        in_loop[pc] = pc >= first;
        first = pc == first ? UINT32_MAX : first;
    }
    return in_loop;
}

static void scan_proto(RfVm *vm, RfJobScan *s, const RfProto *p)
{
    bool *in_loop = find_loops(p);
    for (uint32_t pc = 0; pc < p->code_len; pc++) {
        RfInstr in = p->code[pc];
        bool once = in_loop && !in_loop[pc];
        switch (rf_op_base(in.op)) {
        case RF_OP_STORE_GLOBAL:
        case RF_OP_STORE_INDEX_GLOBAL: stored(s, in.b); break;
        case RF_OP_DECLARE_GLOBAL: declared(s, in.b, once); break;
        case RF_OP_IMPORT_ALL: imported(vm, s, &p->imports[in.b], once); break;
        case RF_OP_STORE_LOCAL:
            if (in.b & RF_VARREF_MAYBE) {
                stored(s, RF_VARREF_GLOBAL(in.b));
            }
            break;
        default: break;
        }
    }
    if (in_loop) {
        rf_mem_free(in_loop, p->code_len);
    }
    for (uint32_t i = 0; i < p->npaths; i++) { /* a place gives the global up during the call */
        const RfPath *path = &p->paths[i];
        if (path->root == RF_ROOT_GLOBAL) {
            stored(s, path->slot);
        } else if (path->varref & RF_VARREF_MAYBE) {
            stored(s, RF_VARREF_GLOBAL(path->varref));
        }
    }
    for (uint32_t i = 0; i < p->nprotos; i++) {
        scan_proto(vm, s, p->protos[i]);
    }
}

void rf_job_scan_module(RfVm *vm, const RfModule *module, RfJobScan *scan)
{
    *scan = (RfJobScan){.module = module, .nglobals = module->nglobals};
    scan->declares = rf_mem_zalloc(module->nglobals);
    scan->stored = rf_mem_zalloc(module->nglobals);
    if (!module->open && module->main) {
        scan_proto(vm, scan, module->main);
    } else {
        scan->unknown = true;
    }
}

void rf_job_scan_free(RfJobScan *scan)
{
    rf_mem_free(scan->declares, scan->nglobals);
    rf_mem_free(scan->stored, scan->nglobals);
}

bool rf_job_scan_stable(const RfJobScan *scan, uint32_t slot)
{
    if (scan->unknown || slot >= scan->nglobals) {
        return false;
    }
    switch ((RfGlobalKind)scan->module->info[slot]->kind) {
    case RF_GLOBAL_ABSENT:
        return scan->module->globals[slot].tag != RF_TAG_UNDEF && scan->declares[slot] == 0 && !scan->stored[slot];
    case RF_GLOBAL_MUT: return scan->declares[slot] == 1 && !scan->stored[slot];
    case RF_GLOBAL_LET: /* assignments raise; but a function, an import or a match arm may replace it */
    case RF_GLOBAL_CONST: return scan->declares[slot] == 1;
    default: return false;
    }
}

/* ---- names ---- */

static void name_varref(uint8_t *named, uint32_t varref)
{
    if (varref & RF_VARREF_MAYBE) {
        named[RF_VARREF_GLOBAL(varref)] = 1;
    }
}

static void name_instr(uint8_t *named, RfInstr in)
{
    const RfOpInfo *info = &rf_op_info[rf_op_base(in.op)];
    if (info->b == RF_OPERAND_GLOBAL) {
        named[in.b] = 1;
    } else if (info->b == RF_OPERAND_VARREF) {
        name_varref(named, in.b);
    }
}

void rf_job_scan_named(const RfProto *p, uint8_t *named)
{
    for (uint32_t pc = 0; pc < p->code_len; pc++) {
        name_instr(named, p->code[pc]);
    }
    for (uint32_t i = 0; i < p->npaths; i++) {
        const RfPath *path = &p->paths[i];
        if (path->root == RF_ROOT_GLOBAL) {
            named[path->slot] = 1;
        } else {
            name_varref(named, path->varref);
        }
        for (uint32_t j = 0; j < path->count; j++) {
            for (uint32_t k = 0; k < path->steps[j].nops; k++) {
                name_instr(named, path->steps[j].ops[k]);
            }
        }
    }
    for (uint32_t i = 0; i < p->nmethods; i++) {
        named[p->methods[i].global] = 1;
    }
}

/* ---- callees of calls that have not run ---- */

static bool *find_targets(const RfProto *p)
{
    bool *target = rf_mem_zalloc(p->code_len);
    for (uint32_t pc = 0; pc < p->code_len; pc++) {
        if (rf_op_info[rf_op_base(p->code[pc].op)].flags & RF_OPF_J) {
            target[rf_jump_target(p, pc)] = true;
        }
    }
    for (uint32_t i = 0; i < p->nhandlers; i++) {
        target[p->handlers[i].target] = true;
    }
    return target;
}

/* Follows straight lines with the globals that the operands came from; what other lines have pushed is not known. */
void rf_job_scan_callees(const RfProto *p, uint32_t *out)
{
    bool *target = find_targets(p);
    size_t room = (size_t)p->max_stack + 1;
    uint32_t *stack = rf_mem_alloc(sizeof *stack * room);
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->ncalls; i++) {
        out[i] = RF_JOB_NONE;
    }
    for (uint32_t pc = 0; pc < p->code_len; pc++) {
        RfInstr in = p->code[pc];
        RfOp op = rf_op_base(in.op);
        int pops, pushes, at_target;
        n = target[pc] ? 0 : n;
        if (op == RF_OP_CALL) {
            out[in.b] = n > in.a ? stack[n - in.a - 1] : RF_JOB_NONE;
        }
        rf_op_effect(p, in, &pops, &pushes, &at_target);
        n = n > (uint32_t)pops ? n - (uint32_t)pops : 0;
        for (int i = 0; i < pushes && n < room; i++) {
            stack[n++] = op == RF_OP_LOAD_GLOBAL ? in.b : RF_JOB_NONE;
        }
        n = rf_op_info[op].flags & RF_OPF_E ? 0 : n;
    }
    rf_mem_free(target, p->code_len);
    rf_mem_free(stack, sizeof *stack * room);
}

/* ---- functions that exist ---- */

static void collect(RfJobLive *live, const RfProto *p)
{
    if (live->count == live->cap) {
        uint32_t cap = live->cap ? live->cap * 2 : 64;
        live->protos = rf_mem_resize(live->protos, sizeof(RfProto *) * live->cap, sizeof(RfProto *) * cap);
        live->cap = cap;
    }
    live->protos[live->count++] = p;
    for (uint32_t i = 0; i < p->nprotos; i++) {
        collect(live, p->protos[i]);
    }
}

static int by_address(const void *x, const void *y)
{
    uintptr_t a = (uintptr_t) * (const RfProto *const *)x, b = (uintptr_t) * (const RfProto *const *)y;
    return a < b ? -1 : a > b;
}

void rf_job_live_collect(RfVm *vm, RfJobLive *live)
{
    for (uint32_t i = 0; i < vm->nmodules; i++) {
        if (vm->modules[i]->main) {
            collect(live, vm->modules[i]->main);
        }
    }
    if (live->count > 0) {
        qsort(live->protos, live->count, sizeof *live->protos, by_address);
    }
}

void rf_job_live_free(RfJobLive *live)
{
    rf_mem_free(live->protos, sizeof *live->protos * live->cap);
}

bool rf_job_live_has(const RfJobLive *live, const void *address)
{
    const RfProto *key = address;
    return live->count > 0 && bsearch(&key, live->protos, live->count, sizeof *live->protos, by_address) != NULL;
}

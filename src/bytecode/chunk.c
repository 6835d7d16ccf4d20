/* What is known of each opcode, and the end of a function's bytecode. The table is opcodes.def; stack effects that depend on
 * operands are computed here, once, for the compiler, the verifier and the JIT. */
#include "bytecode/chunk.h"

#include "base/mem.h"
#include "runtime/string.h"

/* Names of opcodes.def -> RF_OPERAND_*, RF_OPF_* and -1. */
#define NONE RF_OPERAND_NONE
#define LOCAL RF_OPERAND_LOCAL
#define CONST RF_OPERAND_CONST
#define GLOBAL RF_OPERAND_GLOBAL
#define CELL RF_OPERAND_CELL
#define JUMP RF_OPERAND_JUMP
#define COUNT RF_OPERAND_COUNT
#define PROTO RF_OPERAND_PROTO
#define CALLSITE RF_OPERAND_CALLSITE
#define FIELDSITE RF_OPERAND_FIELDSITE
#define METHODSITE RF_OPERAND_METHODSITE
#define PATH RF_OPERAND_PATH
#define STRUCTSITE RF_OPERAND_STRUCTSITE
#define ENUMSITE RF_OPERAND_ENUMSITE
#define DECLSITE RF_OPERAND_DECLSITE
#define IMPORTSITE RF_OPERAND_IMPORTSITE
#define DICTPAT RF_OPERAND_DICTPAT
#define KIND RF_OPERAND_KIND
#define FLAG RF_OPERAND_FLAG
#define FEEDBACK RF_OPERAND_FEEDBACK
#define VARREF RF_OPERAND_VARREF
#define VAR (-1)
#define T RF_OPF_T
#define C RF_OPF_C
#define J RF_OPF_J
#define E RF_OPF_E
#define L RF_OPF_L

const RfOpInfo rf_op_info[RF_OP_BASE_COUNT] = {
#define OP(name, a, b, pops, pushes, flags, meaning) {#name, a, b, pops, pushes, flags, meaning},
#include "bytecode/opcodes.def"
#undef OP
};

#undef NONE
#undef LOCAL
#undef CONST
#undef GLOBAL
#undef CELL
#undef JUMP
#undef COUNT
#undef PROTO
#undef CALLSITE
#undef FIELDSITE
#undef METHODSITE
#undef PATH
#undef STRUCTSITE
#undef ENUMSITE
#undef DECLSITE
#undef IMPORTSITE
#undef DICTPAT
#undef KIND
#undef FLAG
#undef FEEDBACK
#undef VARREF
#undef VAR
#undef T
#undef C
#undef J
#undef E
#undef L

static uint32_t count_true(const bool *flags, uint32_t n)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++) {
        count += flags[i];
    }
    return count;
}

void rf_op_effect(const RfProto *proto, RfInstr in, int *pops, int *pushes, int *at_target)
{
    RfOp op = rf_op_base(in.op);
    const RfOpInfo *info = &rf_op_info[op];
    int taken = info->pops, left = info->pushes;
    switch (op) {
    case RF_OP_INTERP:
    case RF_OP_ARRAY: taken = (int)in.b; break;
    case RF_OP_DICT: taken = 2 * (int)in.b; break;
    case RF_OP_STRUCT: taken = (int)proto->structs[in.b].count; break;
    case RF_OP_ENUM: taken = in.a; break;
    case RF_OP_CALL:
    case RF_OP_CALL_METHOD:
    case RF_OP_RANGE_CALL: taken = in.a + 1; break;
    case RF_OP_LOAD_PATH: taken = 0; break;
    case RF_OP_STORE_PATH: taken = (int)proto->paths[in.b].index_count + 1; break;
    case RF_OP_DESTRUCT_ARRAY: left = in.a + (in.b != 0); break;
    case RF_OP_DESTRUCT_DICT: left = (int)proto->dictpats[in.b].count + proto->dictpats[in.b].has_rest; break;
    case RF_OP_DECLARE_STRUCT: {
        const RfDeclSite *site = &proto->decls[in.b];
        taken = (int)(count_true(site->has_default, site->nfields) + site->nmethods);
        break;
    }
    default: break;
    }
    *pops = taken;
    *pushes = left;
    switch (op) {
    case RF_OP_RANGE_CALL: *at_target = 0; break;    /* untouched */
    case RF_OP_JUMP_NOT_NULL: *at_target = 0; break; /* kept */
    case RF_OP_FOR_LOOP: *at_target = 1; break;
    case RF_OP_FOR_LOOP2: *at_target = 2; break;
    default: *at_target = left - taken; break;
    }
}

RfPos rf_proto_root_pos(const RfProto *proto, uint32_t pc)
{
    uint32_t low = 0, high = proto->nroots;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (proto->roots[mid].pc < pc) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < proto->nroots && proto->roots[low].pc == pc ? proto->roots[low].pos : proto->positions[pc];
}

#define FREE_ARRAY(p, n) rf_mem_free((p), sizeof *(p) * (n))

static void free_sites(RfProto *p)
{
    for (uint32_t i = 0; i < p->nmethods; i++) {
        FREE_ARRAY(p->methods[i].candidates, p->methods[i].ncandidates);
    }
    for (uint32_t i = 0; i < p->npaths; i++) {
        for (uint32_t j = 0; j < p->paths[i].count; j++) {
            FREE_ARRAY(p->paths[i].steps[j].ops, p->paths[i].steps[j].nops);
        }
        FREE_ARRAY(p->paths[i].steps, p->paths[i].count);
    }
    for (uint32_t i = 0; i < p->nstructs; i++) {
        FREE_ARRAY(p->structs[i].fields, p->structs[i].count);
        FREE_ARRAY(p->structs[i].order, p->structs[i].count);
    }
    for (uint32_t i = 0; i < p->ndecls; i++) {
        RfDeclSite *d = &p->decls[i];
        FREE_ARRAY(d->fields, d->nfields);
        FREE_ARRAY(d->has_default, d->nfields);
        FREE_ARRAY(d->methods, d->nmethods);
        FREE_ARRAY(d->has_self, d->nmethods);
    }
    for (uint32_t i = 0; i < p->nimports; i++) {
        RfImportSite *s = &p->imports[i];
        FREE_ARRAY(s->names, s->count);
        FREE_ARRAY(s->aliases, s->count);
        FREE_ARRAY(s->positions, s->count);
    }
    for (uint32_t i = 0; i < p->ndictpats; i++) {
        FREE_ARRAY(p->dictpats[i].names, p->dictpats[i].count);
    }
}

/* Functions nest as deep as the parser lets blocks and expressions nest, so recursion is bounded. */
void rf_proto_free(RfProto *p)
{
    if (!p) {
        return;
    }
    for (uint32_t i = 0; i < p->nprotos; i++) {
        rf_proto_free(p->protos[i]);
    }
    for (uint32_t i = 0; i < p->nconsts; i++) {
        rf_release(p->consts[i]);
    }
    free_sites(p);
    FREE_ARRAY(p->code, p->code_len);
    FREE_ARRAY(p->positions, p->code_len);
    FREE_ARRAY(p->consts, p->nconsts);
    FREE_ARRAY(p->protos, p->nprotos);
    FREE_ARRAY(p->captures, p->ncaptures);
    FREE_ARRAY(p->handlers, p->nhandlers);
    FREE_ARRAY(p->calls, p->ncalls);
    FREE_ARRAY(p->fields, p->nfields);
    FREE_ARRAY(p->methods, p->nmethods);
    FREE_ARRAY(p->paths, p->npaths);
    FREE_ARRAY(p->structs, p->nstructs);
    FREE_ARRAY(p->enums, p->nenums);
    FREE_ARRAY(p->decls, p->ndecls);
    FREE_ARRAY(p->imports, p->nimports);
    FREE_ARRAY(p->dictpats, p->ndictpats);
    FREE_ARRAY(p->info, p->ninfo);
    FREE_ARRAY(p->roots, p->nroots);
    rf_mem_free(p, sizeof *p);
}

/* Puts superinstructions into finished code (see super.def). Every position gets the longest sequence that starts there, also
 * inside other sequences: a jump may lead to any of them. */
#include "bytecode/super.h"

typedef struct Pattern {
    uint16_t op; /* the superinstruction */
    uint16_t length;
    uint16_t parts[4];
} Pattern;

static const Pattern patterns[] = {
#define SUPER(name, length, o1, o2, o3, o4) {RF_OP_##name, length, {RF_OP_##o1, RF_OP_##o2, RF_OP_##o3, RF_OP_##o4}},
#include "bytecode/super.def"
#undef SUPER
};
#define PATTERN_COUNT (sizeof patterns / sizeof *patterns)

RfOp rf_op_base(uint16_t op)
{
    return op < RF_OP_BASE_COUNT ? (RfOp)op : (RfOp)patterns[op - RF_OP_BASE_COUNT].parts[0];
}

uint32_t rf_jump_target(const RfProto *proto, uint32_t pc)
{
    return proto->fused ? pc + proto->code[pc].b : proto->code[pc].b;
}

static bool matches(const Pattern *p, const RfInstr *code, uint32_t left)
{
    if (p->length > left) {
        return false;
    }
    for (uint32_t i = 0; i < p->length; i++) {
        if (rf_op_base(code[i].op) != p->parts[i]) {
            return false;
        }
    }
    return true;
}

void rf_super_fuse(RfProto *proto)
{
    for (uint32_t pc = 0; pc < proto->code_len; pc++) {
        if (rf_op_info[proto->code[pc].op].flags & RF_OPF_J) {
            proto->code[pc].b -= pc;
        }
    }
    proto->fused = true;
    for (uint32_t pc = 0; pc < proto->code_len; pc++) {
        const Pattern *best = NULL;
        for (size_t i = 0; i < PATTERN_COUNT; i++) {
            const Pattern *p = &patterns[i];
            if ((!best || p->length > best->length) && proto->code[pc].op == p->parts[0] &&
                matches(p, proto->code + pc, proto->code_len - pc)) {
                best = p;
            }
        }
        if (best) {
            proto->code[pc].op = best->op;
        }
    }
    for (uint32_t i = 0; i < proto->nprotos; i++) {
        rf_super_fuse(proto->protos[i]);
    }
}

/* Superinstructions: opcode numbers after the plain ones. */
#ifndef RF_BYTECODE_SUPER_H
#define RF_BYTECODE_SUPER_H

#include "bytecode/chunk.h"

enum {
    RF_OP_SUPER_FIRST = RF_OP_BASE_COUNT - 1,
#define SUPER(name, length, o1, o2, o3, o4) RF_OP_##name,
#include "bytecode/super.def"
#undef SUPER
    RF_OP_COUNT
};

/* Makes code ready for the interpreter: jump operands become relative to their instruction, and all sequences of super.def are
 * marked. Nested functions included. Run once, after verification. */
void rf_super_fuse(RfProto *proto);

#endif

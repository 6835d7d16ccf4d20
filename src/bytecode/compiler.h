/* Syntax tree to bytecode. */
#ifndef RF_BYTECODE_COMPILER_H
#define RF_BYTECODE_COMPILER_H

#include "bytecode/module.h"
#include "front/ast.h"

/* Compiles a whole file into module->main (also exports, tests, hoisted functions). Returns false when there was a compile
 * error: the first one is in *diag (message in `arena`). */
bool rf_compile(RfModule *module, const RfAst *ast, RfDiag *diag, RfArena *arena);

/* Checks every edge: stack depth agrees, operands in range, depth 0 at ends. Nested functions included.
 * Returns NULL when all is well, else a message (to be freed with free()). */
char *rf_verify(const RfProto *proto);

/* Appends the listing of `ruff disasm --bytecode` (cli.md 9.1) for one function and its nested ones, or without them. */
struct RfBuf;
void rf_disasm(struct RfBuf *out, const RfProto *proto);
void rf_disasm_unit(struct RfBuf *out, const RfProto *proto);
/* One instruction: operands and comment, as in the listing. */
void rf_disasm_instr(struct RfBuf *out, const RfProto *proto, uint32_t pc);
/* The plain instruction at `pc`, whatever the interpreter has made of it: superinstructions undone, jumps absolute. */
RfInstr rf_disasm_plain(const RfProto *proto, uint32_t pc);
/* The operands that mean something to a reader (neither feedback nor flags), in order. Returns how many: 0 to 2. */
int rf_disasm_operands(RfInstr in, uint32_t operands[2]);
/* Debug form of constant number `index`, on one line; long ones are cut. */
void rf_disasm_constant(struct RfBuf *out, const RfProto *proto, uint32_t index);
/* The opcode table as Markdown: the table of docs/bytecode.md. */
void rf_ops_markdown(struct RfBuf *out);

#endif

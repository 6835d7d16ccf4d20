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

/* Appends the listing of `ruff disasm --bytecode` (cli.md 9.1) for one function and its nested ones. */
struct RfBuf;
void rf_disasm(struct RfBuf *out, const RfProto *proto);
/* One instruction: operands and comment, as in the listing. */
void rf_disasm_instr(struct RfBuf *out, const RfProto *proto, uint32_t pc);
/* The opcode table as Markdown: the text of docs/bytecode.md. */
void rf_ops_markdown(struct RfBuf *out);

#endif

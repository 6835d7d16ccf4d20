/* Tokens to a syntax tree, with recovery: all independent mistakes of a file are reported. */
#ifndef RF_FRONT_PARSER_H
#define RF_FRONT_PARSER_H

#include "front/ast.h"

#define RF_SOURCE_MAX 1048576u

/* Lexes and parses. Returns true when there were no diagnostics; `ast` must be freed with rf_ast_free in either case.
 * The size limit and UTF-8 validity are checked by the caller. */
bool rf_parse(RfAst *ast, const char *source, size_t len, RfDiagList *diags);
void rf_ast_free(RfAst *ast);
/* Writes the tree as indented text to `out` (DEBUG_AST). */
struct RfBuf;
void rf_ast_dump(const RfAst *ast, struct RfBuf *out);

#endif

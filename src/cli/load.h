/* The program a command line names: a file, `-` or the pieces of -e. */
#ifndef RF_CLI_LOAD_H
#define RF_CLI_LOAD_H

#include "cli/args.h"
#include "ruff/ruff.h"

/* The operand that names the program; NULL when it is given by -e. */
const char *rf_load_file_operand(const RfArgs *args);
/* What diagnostics call it: the path, "<stdin>" or "<eval>". */
const char *rf_load_name(const RfArgs *args);
/* Loads it into `vm`, as ruff_load() does. */
RuffStatus rf_load_program(RuffVM *vm, const RfArgs *args, RuffProgram **program);

#endif

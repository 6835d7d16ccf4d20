/* `run --verify-jit`: the same program as bytecode and compiled, compared. */
#ifndef RF_CLI_VERIFY_H
#define RF_CLI_VERIFY_H

#include "cli/args.h"

/* Runs the program of a `run` command line in two child processes. Shows its output and gives its exit code when they
 * agree, else reports the first difference and gives 6. */
int rf_verify_run(const RfArgs *args);

#endif

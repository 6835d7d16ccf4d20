/* Running one program from source text to exit code, for the commands that do. */
#ifndef RF_CLI_RUN_H
#define RF_CLI_RUN_H

#include "cli/args.h"
#include "ruff/ruff.h"

/* What else a command does around the program. Each may be NULL. */
typedef struct RfRunHooks {
    void (*loaded)(void *context, RuffVM *vm); /* it compiles and is about to run */
    /* It has ended, maybe by exit() on another thread; its output is flushed. Gives the exit code of the process. When the
     * program was never loaded, vm is NULL. */
    int (*ended)(void *context, RuffVM *vm, int code);
    /* The failure that ends the program, instead of the usual report. Gives the exit code. */
    int (*failed)(void *context, const RuffError *error);
    void *context;
} RfRunHooks;

/* Runs the program of the command line with `config` (from rf_config_from_args; script arguments, entry directory and what
 * concerns errors are filled in here). hooks may be NULL. Gives the exit code. */
int rf_run_program(const RfArgs *args, RuffConfig *config, const RfRunHooks *hooks);

#endif

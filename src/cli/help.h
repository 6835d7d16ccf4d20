/* Usage lines and help texts, made from the tables. */
#ifndef RF_CLI_HELP_H
#define RF_CLI_HELP_H

#include "base/buf.h"
#include "cli/args.h"

/* Appends "Usage: ..." with a newline for a command, or for ruff itself (NULL). */
void rf_help_put_usage(RfBuf *out, const RfCommand *command);
/* Prints the help of a command, or of ruff itself (NULL), on standard output. */
void rf_help_print(const RfCommand *command);
/* The command called `name`; -1 when there is none. */
int rf_help_find_command(const char *name);
/* Reports a word that is no command: reserved name or usage error. Returns 2. */
int rf_help_unknown_command(const char *name);

#endif

/* VM configuration from the command line and the environment. */
#ifndef RF_CLI_CONFIG_H
#define RF_CLI_CONFIG_H

#include "base/buf.h"
#include "cli/args.h"
#include "ruff/ruff.h"

/* Fills in everything but script arguments, entry directory and output. Returns -1, or the exit code after an error
 * that has been printed. */
int rf_config_from_args(const RfArgs *args, RuffConfig *config);
/* Directory part of a path, "." without one; `out` (empty before) holds the text. */
const char *rf_config_directory_of(RfBuf *out, const char *path);

#endif

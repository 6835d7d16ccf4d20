/* The commands' entry points; each lives in the file of its name and gives the exit code. */
#ifndef RF_CLI_HANDLERS_H
#define RF_CLI_HANDLERS_H

#include "cli/args.h"

#define COMMAND(id, name, operands, least, most, handler, summary) RfCommandHandler handler;
#include "cli/commands.def"
#undef COMMAND

#endif

/* Words kept free for later commands. */
#ifndef RF_CLI_RESERVED_H
#define RF_CLI_RESERVED_H

#include <stdbool.h>

bool rf_reserved_command(const char *word);

#endif

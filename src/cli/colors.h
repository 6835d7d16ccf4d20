/* Whether to use colour: command line, then environment, then the kind of stream. */
#ifndef RF_CLI_COLORS_H
#define RF_CLI_COLORS_H

#include <stdbool.h>

/* What --color said: "auto", "always" or "never". */
void rf_colors_choose(const char *choice);
/* True when colour is wanted on that file descriptor. The environment is looked at only here, when something is shown.
 */
bool rf_colors_wanted(int fd);

#endif

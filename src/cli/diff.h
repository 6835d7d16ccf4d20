/* Unified diffs of two texts. */
#ifndef RF_CLI_DIFF_H
#define RF_CLI_DIFF_H

#include "base/buf.h"

/* Appends the hunks that turn `old_text` into `new_text`, with three lines of context, each line after `indent`. Headed
 * by the two names ("--- a", "+++ b"). Nothing when the texts are equal line by line. */
void rf_diff_put(RfBuf *out, const char *indent, const char *old_name, const RfBuf *old_text, const char *new_name,
                 const RfBuf *new_text);

#endif

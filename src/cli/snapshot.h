/* Recorded program output: its normal form, and the files that hold it. */
#ifndef RF_CLI_SNAPSHOT_H
#define RF_CLI_SNAPSHOT_H

#include <stdbool.h>

#include "base/buf.h"

/* Appends standard output, a newline and standard error, each trimmed, without what differs from run to run: compiler
 * chatter,
 * "(took ~..ms)" and the absolute path of the working directory `cwd` (NULL: unknown). */
void rf_snapshot_normalise(RfBuf *out, const RfBuf *stdout_text, const RfBuf *stderr_text, const char *cwd);
/* The text without white space at its ends; borrowed from `text`. */
RfBuf rf_snapshot_trimmed(const RfBuf *text);
/* True when a recorded text and a normalised output agree. */
bool rf_snapshot_match(const RfBuf *recorded, const RfBuf *got);

/* Appends a snapshot file in normal form; false when there is none. */
bool rf_snapshot_read(RfBuf *out, const char *path, const char *cwd);
/* Writes the text without white space at its ends and a final newline. Gives 0 or an errno value. */
int rf_snapshot_write(const char *path, const RfBuf *text);
/* True when the first three lines of a program say that it is for `ruff test-run`. */
bool rf_snapshot_is_test_run(const char *path);

#endif

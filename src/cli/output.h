/* What the command line itself writes: a buffered standard output, diagnostics, envelopes of --json, colour. */
#ifndef RF_CLI_OUTPUT_H
#define RF_CLI_OUTPUT_H

#include "api/failure.h"
#include "api/json_out.h"
#include "base/buf.h"

/* The text collected for standard output; written by rf_output_flush. */
RfBuf *rf_output_stdout(void);
/* Writes it out. Returns false when that failed for another reason than a reader that has gone (then errno tells). */
bool rf_output_flush(void);
/* Writes a text to a descriptor at once; false as rf_output_flush. */
bool rf_output_write(int fd, const RfBuf *text);
/* The same to standard error, after standard output. */
void rf_output_stderr(const RfBuf *text);

/* Prints the human form of an error on standard error; returns its exit code. */
int rf_output_error(const RuffError *error);
/* [RUFCLI001] without a location. Returns the exit code of `status`. */
int rf_output_cli_error(RuffStatus status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Reports that standard output could not be written, for an errno value; returns the exit code. */
int rf_output_write_error(int code);

/* Prints the envelope with which `COMMAND --json` reports failure. Borrows the errors, whose diagnostics it lists. */
void rf_output_envelope(const char *command, const RuffError *const *errors, size_t count, const char *message,
                        int exit_code);

#define RF_CONTRACT_VERSION "1.0.0-draft"

#endif

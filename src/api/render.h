/* Error objects as text: the blocks people read and the JSON programs read (cli.md 10 describes both). */
#ifndef RF_API_RENDER_H
#define RF_API_RENDER_H

#include "api/failure.h"
#include "api/json_out.h"
#include "base/buf.h"

/* Appends the human form of the whole error: blocks separated by empty lines; a runtime block also ends with one. */
void rf_render_human(RfBuf *out, const RuffError *error, bool color);
/* One diagnostic as an object with all eight keys. A did-you-mean stands in for a missing help text. */
void rf_render_diagnostic(RfJson *json, const RuffError *error, size_t index);
/* All diagnostics as an array. */
void rf_render_diagnostics(RfJson *json, const RuffError *error);
/* The active functions as an array, outermost first. */
void rf_render_call_stack(RfJson *json, const RuffError *error);

#endif

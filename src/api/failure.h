/* The public error object: everything worth saying about a failure, copied out of the VM so that it can be shown later.
 *
 * All text lives in the error's arena. Made by the API layer (ruff.c) and, for its own complaints, by the command line.
 */
#ifndef RF_API_FAILURE_H
#define RF_API_FAILURE_H

#include "base/arena.h"
#include "front/diag.h"
#include "ruff/ruff.h"
#include "runtime/error.h"

/* One diagnostic with the source line it points into. */
typedef struct RfReport {
    RuffDiagnostic diag;
    const char *excerpt; /* text of the source line, NULL when there is none to show */
    size_t excerpt_len;
    uint32_t excerpt_line; /* where the excerpt and the caret stand: differs from diag for positions at end of file */
    uint32_t excerpt_column;
} RfReport;

struct RuffError {
    RuffStatus status;
    RfArena arena;
    RfReport *reports;
    size_t count;
    size_t dropped; /* diagnostics beyond RF_DIAG_MAX */
    RuffFrame *frames;
    size_t frame_count;
    const char *did_you_mean; /* runtime errors only; NULL when absent */
    const char *caused_by;
    const char *rejected_at;
};

/* Looks up the source text of a file for excerpts; NULL when it is not available. */
typedef const char *RfSourceLookup(void *context, const char *file, size_t *len);

/* An error object without contents (RUFF_OK). Fill it with one of the following; they replace what was there. */
void rf_failure_init(RuffError *error);
void rf_failure_free(RuffError *error);

/* A message without an excerpt. `code`, `subsystem` and `help` (may be NULL) are static texts; `file` may be NULL. */
void rf_failure_set(RuffError *error, RuffStatus status, const char *code, const char *subsystem, const char *file,
                    RfPos pos, const char *help, const char *format, ...) __attribute__((format(printf, 8, 9)));
/* [RUFCLI001] [cli] without a location. */
void rf_failure_set_cli(RuffError *error, RuffStatus status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The diagnostics of a file that does not lex, parse or compile. Borrows everything. */
void rf_failure_set_diags(RuffError *error, const RfDiagList *diags, const char *file, const char *source, size_t len);
/* A runtime error with its trace. Borrows. */
void rf_failure_set_runtime(RuffError *error, const RfError *from, RfSourceLookup *lookup, void *context);

/* Moves the last error out of a VM, which has none afterwards. The caller frees it. */
RuffError rf_failure_take(RuffVM *vm);

#endif

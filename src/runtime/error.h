/* Errors are values: an operation that fails leaves the error in the runtime and returns RF_ERROR. */
#ifndef RF_RUNTIME_ERROR_H
#define RF_RUNTIME_ERROR_H

#include "runtime/value.h"

/* One line of a call stack. */
typedef struct RfTraceEntry {
    RfString *function; /* owned: "f", "<lambda>", "S.m", "<main>", "module m", "spawn block" */
    RfString *file;     /* owned; NULL when unknown */
    uint32_t line;      /* from 1; 0 = unknown */
    uint32_t column;
    bool is_function; /* false for <main>, module and spawn entries: not listed in e.stack */
} RfTraceEntry;

typedef struct RfError {
    RfString *message;     /* owned; NULL when no error is set */
    RfValue cause;         /* owned, UNDEF when none */
    const char *help;      /* static text, or NULL */
    RfString *hint;        /* owned: did-you-mean name, or NULL */
    RfString *rejected_at; /* owned: "FILE:LINE:COL" of a rejected promise, or NULL */
    /* A caught error that is thrown again keeps what e.line and e.stack said: */
    bool has_origin;
    int64_t origin_line;
    RfValue origin_stack; /* owned ARRAY, UNDEF when none */
    /* Filled by the VM while unwinding, innermost first. */
    RfTraceEntry *trace;
    uint32_t trace_len, trace_cap;
} RfError;

/* Sets the runtime's error from a printf format (UTF-8) and returns RF_ERROR. Replaces an error already set. */
RfStatus rf_raise(RfRuntime *rt, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* As rf_raise with a ready message, which is taken. */
RfStatus rf_raise_string(RfRuntime *rt, RfString *message);
/* Raises as throw(v) does (language.md 11.1). Takes v. */
RfStatus rf_raise_value(RfRuntime *rt, RfValue v);

void rf_error_init(RfError *e);
void rf_error_clear(RfError *e); /* releases everything; back to "no error" */
/* Moves the runtime's error out (the runtime has none afterwards). */
RfError rf_error_take(RfRuntime *rt);
/* Puts an error back in (moves it). Returns RF_ERROR. */
RfStatus rf_error_put(RfRuntime *rt, RfError *e);
void rf_error_push_trace(RfError *e, RfTraceEntry entry); /* moves the entry */
/* The struct `Error` a handler sees: message, stack, line[, cause]. `stack` (ARRAY, taken) and `line` come from the caller;
 * the origin fields win when set. Borrows e. New reference. */
RfValue rf_error_to_value(RfRuntime *rt, const RfError *e, RfValue stack, int64_t line);

#endif

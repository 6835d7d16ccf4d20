/* Reading programs: size limit, UTF-8, and the messages for what cannot be read. */
#ifndef RF_API_SOURCE_H
#define RF_API_SOURCE_H

#include "api/failure.h"
#include "base/buf.h"

/* Appends the contents of a file to `text`. RUFF_OK, or the status with `error` filled (SYNTAX: too large; IO). */
RuffStatus rf_source_read_file(RfBuf *text, const char *path, RuffError *error);
/* The same for an open descriptor, read to its end; `name` is used in messages. */
RuffStatus rf_source_read_fd(RfBuf *text, int fd, const char *name, RuffError *error);
/* Checks size and encoding of source text that is already in memory. */
RuffStatus rf_source_check(const char *source, size_t len, const char *name, RuffError *error);
/* "TEXT (os error CODE)" for an errno value, in a static buffer of the calling thread. */
const char *rf_source_os_error(int code);

#endif

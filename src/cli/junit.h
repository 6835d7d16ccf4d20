/* Test results in the XML that build servers read. */
#ifndef RF_CLI_JUNIT_H
#define RF_CLI_JUNIT_H

#include <stddef.h>

typedef struct RfJunitCase {
    const char *name;
    double seconds;
    const char *failure; /* NULL: passed */
    const char *output;  /* NULL: none */
    size_t output_len;
} RfJunitCase;

/* Writes the file. Returns -1, or exit code 5 after printing that it cannot be written. */
int rf_junit_write(const char *path, const char *suite, const RfJunitCase *cases, size_t count);

#endif

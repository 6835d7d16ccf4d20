/* The process environment, which all threads share: read and changed under one lock. */
#ifndef RF_LIB_ENVIRONMENT_H
#define RF_LIB_ENVIRONMENT_H

#include <stdbool.h>

#include "base/buf.h"

/* Appends the value of a variable to `value`; false when it is not set. */
bool rf_environment_get(const char *name, RfBuf *value);

#endif

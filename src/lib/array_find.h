/* Searching an array for a value equal to a given one (stdlib.md 1.7): contains, index_of, remove, assert_contains. */
#ifndef RF_LIB_ARRAY_FIND_H
#define RF_LIB_ARRAY_FIND_H

#include "runtime/array.h"

/* Position of the first element equal to `v`, or -1. Borrows both. */
int64_t rf_array_find(const RfArray *a, RfValue v);

#endif

/* Properties of code points that no smaller facility gives. */
#ifndef RF_BASE_UNICODE_H
#define RF_BASE_UNICODE_H

#include <stdbool.h>
#include <stdint.h>

/* True for letters and digits of all scripts: property Alphabetic, or a numeric general category. */
bool rf_unicode_is_alnum(uint32_t code_point);

#endif

/* Texts of the reason codes. */
#include "jit/reason.h"

const char *const rf_reason_text[RF_REASON_COUNT] = {
#define RF_REASON_STRING(name, text) text,
    RF_REASONS(RF_REASON_STRING)
#undef RF_REASON_STRING
};

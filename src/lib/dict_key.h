/* Keys as the dict builtins take them: ints and strings only (floats and bools become keys in index expressions, not
 * here). */
#ifndef RF_LIB_DICT_KEY_H
#define RF_LIB_DICT_KEY_H

#include "runtime/dict.h"
#include "runtime/string.h"

static inline bool rf_dict_key_ok(RfValue key)
{
    return rf_is_int(key) || rf_is_string(key);
}

/* Value under an int or string key as the program wrote it, or NULL. Borrows; the pointer is good until the dict
 * changes. */
static inline RfValue *rf_dict_key_find(const RfDict *d, RfValue key)
{
    int64_t number;
    if (rf_is_int(key)) {
        return rf_dict_find_int(d, key.as.i);
    }
    if (rf_string_as_canonical_int(key.as.str, &number)) {
        return rf_dict_find_int(d, number);
    }
    return rf_dict_find_str(d, key.as.str);
}

#endif

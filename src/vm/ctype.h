/* C types by number, and the keys that say how compiled code may call a C function. */
#ifndef RF_VM_CTYPE_H
#define RF_VM_CTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum RfCKind {
#define CTYPE(name, word, bytes, class) RF_C_##name,
#define CTYPE_ALIAS(word, name)
#include "vm/ctype.def"
#undef CTYPE
#undef CTYPE_ALIAS
    RF_C_STRUCT /* a layout made by ffi_struct; not in the table */
} RfCKind;

/* clang-format off */
typedef enum RfCClass {
    RF_CCLASS_VOID, RF_CCLASS_BOOL, RF_CCLASS_SIGNED, RF_CCLASS_UNSIGNED, RF_CCLASS_FLOAT, RF_CCLASS_STRING,
    RF_CCLASS_POINTER
} RfCClass;
/* clang-format on */

typedef struct RfCInfo {
    const char *word;
    uint8_t bytes; /* size and alignment */
    uint8_t class; /* RfCClass */
} RfCInfo;
extern const RfCInfo rf_ctype_info[RF_C_STRUCT];

/* The type called `word` (an alias counts); false when there is none. */
bool rf_ctype_find(const char *word, size_t len, RfCKind *kind);

/* Does an int fit an integer type? Every bit pattern is a 64-bit one. */
static inline bool rf_ctype_fits(RfCKind kind, int64_t i)
{
    unsigned bits = rf_ctype_info[kind].bytes * 8u;
    if (bits == 64) {
        return true;
    }
    if (rf_ctype_info[kind].class == RF_CCLASS_SIGNED) {
        return i >= -(INT64_C(1) << (bits - 1)) && i < INT64_C(1) << (bits - 1);
    }
    return i >= 0 && i < INT64_C(1) << bits;
}

/* ---- keys ----
 * bits 0 to 3 the result, then four bits a parameter, the first zero (void) ends them; two flags above. A function with more
 * parameters, with structs, with strings for parameters, or a variadic one has no key (0). */
#define RF_CKEY_PARAMS 14u
#define RF_CKEY_VALID (UINT64_C(1) << 63)
#define RF_CKEY_ERRNO (UINT64_C(1) << 62) /* errno is kept after each call */
#define RF_CKEY_MASK (RF_CKEY_VALID | RF_CKEY_ERRNO | ((UINT64_C(1) << 60) - 1))
static inline RfCKind rf_ckey_result(uint64_t key)
{
    return (RfCKind)(key & 15u);
}
static inline RfCKind rf_ckey_param(uint64_t key, unsigned i)
{
    return i < RF_CKEY_PARAMS ? (RfCKind)(key >> (4 * (i + 1)) & 15u) : RF_C_VOID;
}
static inline unsigned rf_ckey_count(uint64_t key)
{
    unsigned n = 0;
    while (rf_ckey_param(key, n) != RF_C_VOID) {
        n++;
    }
    return n;
}

#endif

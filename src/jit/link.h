/* A linker for what GCC makes of our jobs: one relocatable object with some code, constants, `rf_bind` and `rf_head`. Starting `ld`
 * for that takes longer than assembling the code. What it does not know - other sections, other relocations, symbols of other
 * files - is left to `ld`. */
#ifndef RF_JIT_LINK_H
#define RF_JIT_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct RfLinked {
    uint8_t *bytes; /* rf_mem, of `size` */
    size_t size;
    uint32_t code; /* bytes of machine code */
} RfLinked;

/* Makes a shared object of a relocatable one (ELF64, x86-64 or AArch64, in the machine's byte order): its global symbols can be
 * found by dlsym, and dladdr1 knows their sizes. Nothing in the bytes is believed. false: not an object, or something in it is unknown
 * here; *out is untouched. The formats are those of the System V ABI and its supplements for the two machines. */
bool rf_link(const uint8_t *object, size_t size, RfLinked *out);

#endif

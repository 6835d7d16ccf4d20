/* What link.c and link_relocate.c share: a link under way, and what relocations make of it. */
#ifndef RF_JIT_LINK_RELOCATE_H
#define RF_JIT_LINK_RELOCATE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct RfLink {
    const uint8_t *object;
    size_t object_size;
    uint16_t machine; /* EM_* */
    uint32_t flags;
    uint32_t nsections, nsymbols;
    Elf64_Shdr *sections;
    uint64_t *address; /* by section; 0: not loaded */
    Elf64_Sym *symbols;
    const char *names;
    uint32_t *got;     /* by symbol: number of its slot + 1, or 0 */
    uint32_t *dynamic; /* by symbol: number in the table of the result, or 0 */
    uint32_t ngot, ndynamic;
    size_t names_size; /* of the symbols in that table */
    uint64_t got_address;
    uint64_t nrelocations, nrelocations_done; /* of the result */
    Elf64_Rela *relocations;
    uint8_t *out;
} RfLink;

/* The symbol gets into the table of the result. */
void rf_link_export(RfLink *l, uint32_t symbol);
/* Where this address lies in the result. */
uint8_t *rf_link_at(const RfLink *l, uint64_t address);

/* First: notes what the relocation needs. false: it is not known. */
bool rf_link_count(RfLink *l, uint32_t section, const Elf64_Rela *r);
/* Then, when all sections have addresses: the slots of the global offset table, and what the relocation says. false: too far. */
void rf_link_fill_got(RfLink *l);
bool rf_link_apply(RfLink *l, uint32_t section, const Elf64_Rela *r);

#endif

/* Relocations of x86-64 and AArch64, those that GCC uses in position-independent code without thread-local variables and calls of
 * other libraries. */
#include "jit/link_relocate.h"

#include <string.h>

typedef enum How {
    UNKNOWN,
    ABSOLUTE, /* S + A, 64 bits: left to the loader */
    RELATIVE_64,
    RELATIVE_32,
    GOT_32,     /* x86-64: distance to a slot */
    GOT_32_MOV, /* may be a `mov`, which needs no slot */
    PAGE_21,    /* AArch64: distance of the pages, adrp */
    LOW_12,     /* the lower 12 bits, of add, ldr, str */
    LOW_12_2,   /* of items of 2, 4, 8, 16 bytes */
    LOW_12_4,
    LOW_12_8,
    LOW_12_16,
    BRANCH_26,
    BRANCH_19,
    BRANCH_14,
    LITERAL_21, /* adr */
    GOT_PAGE_21,
    GOT_LOW_12_8
} How;

static How how(const RfLink *l, uint32_t type)
{
    if (l->machine == EM_X86_64) {
        switch (type) {
        case R_X86_64_64: return ABSOLUTE;
        case R_X86_64_PC64: return RELATIVE_64;
        case R_X86_64_PC32:
        case R_X86_64_PLT32: return RELATIVE_32;
        case R_X86_64_GOTPCREL: return GOT_32;
        case R_X86_64_GOTPCRELX:
        case R_X86_64_REX_GOTPCRELX: return GOT_32_MOV;
        default: return UNKNOWN;
        }
    }
    switch (type) {
    case R_AARCH64_ABS64: return ABSOLUTE;
    case R_AARCH64_PREL64: return RELATIVE_64;
    case R_AARCH64_PREL32: return RELATIVE_32;
    case R_AARCH64_ADR_PREL_PG_HI21: return PAGE_21;
    case R_AARCH64_ADR_PREL_LO21: return LITERAL_21;
    case R_AARCH64_ADD_ABS_LO12_NC:
    case R_AARCH64_LDST8_ABS_LO12_NC: return LOW_12;
    case R_AARCH64_LDST16_ABS_LO12_NC: return LOW_12_2;
    case R_AARCH64_LDST32_ABS_LO12_NC: return LOW_12_4;
    case R_AARCH64_LDST64_ABS_LO12_NC: return LOW_12_8;
    case R_AARCH64_LDST128_ABS_LO12_NC: return LOW_12_16;
    case R_AARCH64_JUMP26:
    case R_AARCH64_CALL26: return BRANCH_26;
    case R_AARCH64_CONDBR19:
    case R_AARCH64_LD_PREL_LO19: return BRANCH_19;
    case R_AARCH64_TSTBR14: return BRANCH_14;
    case R_AARCH64_ADR_GOT_PAGE: return GOT_PAGE_21;
    case R_AARCH64_LD64_GOT_LO12_NC: return GOT_LOW_12_8;
    default: return UNKNOWN;
    }
}

static const uint8_t *source(const RfLink *l, uint32_t section, const Elf64_Rela *r)
{
    return l->object + l->sections[section].sh_offset + r->r_offset;
}

static bool is_defined(const RfLink *l, uint32_t symbol)
{
    uint32_t section = l->symbols[symbol].st_shndx;
    if (section == SHN_COMMON) {
        return true;
    }
    return section != SHN_UNDEF && section < l->nsections && (l->sections[section].sh_flags & SHF_ALLOC) != 0 &&
           l->sections[section].sh_type != SHT_NOTE;
}

static uint64_t address_of(const RfLink *l, uint32_t symbol)
{
    const Elf64_Sym *s = &l->symbols[symbol];
    return s->st_shndx == SHN_COMMON ? s->st_value : l->address[s->st_shndx] + s->st_value;
}

/* `mov symbol@GOTPCREL(%rip), reg` of a symbol of the object itself becomes `lea symbol(%rip), reg`. */
static bool is_mov(const RfLink *l, uint32_t section, const Elf64_Rela *r)
{
    return is_defined(l, (uint32_t)ELF64_R_SYM(r->r_info)) && r->r_offset >= 2 && source(l, section, r)[-2] == 0x8b &&
           (source(l, section, r)[-1] & 0xc7) == 0x05;
}

static unsigned width(How h)
{
    return h == ABSOLUTE || h == RELATIVE_64 ? 8 : 4;
}

bool rf_link_count(RfLink *l, uint32_t section, const Elf64_Rela *r)
{
    uint32_t type = (uint32_t)ELF64_R_TYPE(r->r_info), symbol = (uint32_t)ELF64_R_SYM(r->r_info);
    if (type == 0) {
        return true;
    }
    How h = how(l, type);
    uint64_t size = l->sections[section].sh_size;
    if (h == UNKNOWN || size < width(h) || r->r_offset > size - width(h)) {
        return false;
    }
    bool slot = h == GOT_32 || h == GOT_PAGE_21 || h == GOT_LOW_12_8 || (h == GOT_32_MOV && !is_mov(l, section, r));
    if (!is_defined(l, symbol)) {
        /* the name must be known to the loader, and a slot is the only place where it puts the address */
        if (!slot || symbol == 0 || l->symbols[symbol].st_shndx != SHN_UNDEF ||
            ELF64_ST_BIND(l->symbols[symbol].st_info) == STB_LOCAL) {
            return false;
        }
        rf_link_export(l, symbol);
    }
    if (slot && l->got[symbol] == 0) {
        l->got[symbol] = ++l->ngot;
        l->nrelocations++;
    }
    bool writable = (l->sections[section].sh_flags & SHF_WRITE) != 0;
    l->nrelocations += h == ABSOLUTE;
    return h != ABSOLUTE || writable;
}

static void leave_to_loader(RfLink *l, uint64_t at, uint32_t symbol, uint32_t type, int64_t addend)
{
    l->relocations[l->nrelocations_done++] =
        (Elf64_Rela){.r_offset = at, .r_info = ELF64_R_INFO((uint64_t)symbol, type), .r_addend = addend};
}

void rf_link_fill_got(RfLink *l)
{
    bool x86 = l->machine == EM_X86_64;
    for (uint32_t i = 0; i < l->nsymbols; i++) {
        if (l->got[i] == 0) {
            continue;
        }
        uint64_t at = l->got_address + (l->got[i] - 1) * UINT64_C(8);
        if (is_defined(l, i)) {
            leave_to_loader(l, at, 0, x86 ? R_X86_64_RELATIVE : R_AARCH64_RELATIVE, (int64_t)address_of(l, i));
        } else {
            leave_to_loader(l, at, l->dynamic[i], x86 ? R_X86_64_GLOB_DAT : R_AARCH64_GLOB_DAT, 0);
        }
    }
}

static void put32(uint8_t *at, uint32_t value)
{
    memcpy(at, &value, sizeof value);
}

/* Replaces the bits of the instruction that the mask has, with the value shifted to the lowest of them. */
static void put_bits(uint8_t *at, uint32_t mask, uint64_t value)
{
    uint32_t instruction;
    memcpy(&instruction, at, sizeof instruction);
    put32(at, (instruction & ~mask) | ((uint32_t)value << __builtin_ctz(mask) & mask));
}

static bool fits(int64_t value, unsigned bits)
{
    return value >= -(INT64_C(1) << (bits - 1)) && value < INT64_C(1) << (bits - 1);
}

/* The distance of a branch or literal, in words, into the bits of the mask. */
static bool put_words(uint8_t *at, uint32_t mask, int64_t distance)
{
    put_bits(at, mask, (uint64_t)distance >> 2);
    return distance % 4 == 0 && fits(distance, 2 + (unsigned)__builtin_popcount(mask));
}

/* The 21 bits of adr and adrp. */
static bool put_21(uint8_t *at, int64_t value)
{
    put_bits(at, UINT32_C(3) << 29, (uint64_t)value & 3);
    put_bits(at, UINT32_C(0x7ffff) << 5, (uint64_t)value >> 2 & 0x7ffff);
    return fits(value, 21);
}

static bool put_low(uint8_t *at, uint64_t address, unsigned unit)
{
    put_bits(at, UINT32_C(0xfff) << 10, (address & 0xfff) / unit);
    return address % unit == 0;
}

static int64_t pages(uint64_t to, uint64_t from)
{
    return ((int64_t)(to & ~UINT64_C(0xfff)) - (int64_t)(from & ~UINT64_C(0xfff))) >> 12;
}

static bool put_distance(uint8_t *at, int64_t distance)
{
    put32(at, (uint32_t)distance);
    return fits(distance, 32);
}

bool rf_link_apply(RfLink *l, uint32_t section, const Elf64_Rela *r)
{
    uint32_t type = (uint32_t)ELF64_R_TYPE(r->r_info), symbol = (uint32_t)ELF64_R_SYM(r->r_info);
    if (type == 0) {
        return true;
    }
    How h = how(l, type);
    uint64_t place = l->address[section] + r->r_offset;
    uint8_t *at = rf_link_at(l, place);
    uint64_t target = is_defined(l, symbol) ? address_of(l, symbol) + (uint64_t)r->r_addend : 0;
    uint64_t slot = l->got[symbol] > 0 ? l->got_address + (l->got[symbol] - 1) * UINT64_C(8) : 0;
    int64_t distance = (int64_t)(target - place);
    switch (h) {
    case ABSOLUTE:
        leave_to_loader(l, place, 0, l->machine == EM_X86_64 ? R_X86_64_RELATIVE : R_AARCH64_RELATIVE, (int64_t)target);
        return true;
    case RELATIVE_64: memcpy(at, &distance, sizeof distance); return true;
    case RELATIVE_32: return put_distance(at, distance);
    case GOT_32_MOV:
        if (is_mov(l, section, r)) {
            at[-2] = 0x8d;
            return put_distance(at, distance);
        }
        return put_distance(at, (int64_t)(slot + (uint64_t)r->r_addend - place));
    case GOT_32: return put_distance(at, (int64_t)(slot + (uint64_t)r->r_addend - place));
    case PAGE_21: return put_21(at, pages(target, place));
    case LITERAL_21: return put_21(at, distance);
    case LOW_12: return put_low(at, target, 1);
    case LOW_12_2: return put_low(at, target, 2);
    case LOW_12_4: return put_low(at, target, 4);
    case LOW_12_8: return put_low(at, target, 8);
    case LOW_12_16: return put_low(at, target, 16);
    case BRANCH_26: return put_words(at, UINT32_C(0x3ffffff), distance);
    case BRANCH_19: return put_words(at, UINT32_C(0x7ffff) << 5, distance);
    case BRANCH_14: return put_words(at, UINT32_C(0x3fff) << 5, distance);
    case GOT_PAGE_21: return r->r_addend == 0 && put_21(at, pages(slot, place));
    case GOT_LOW_12_8: return r->r_addend == 0 && put_low(at, slot, 8);
    case UNKNOWN: break;
    }
    return false;
}

/* The linker: see link.h.
 *
 * The file has two parts that are mapped: one for header, tables, constants and code, one for what is written to. They follow
 * each other in the file without a gap; the second one's addresses are a page further on, so that the page in which both lie
 * is mapped twice. */
#include "jit/link.h"

#include <elf.h>
#include <string.h>

#include "base/mem.h"
#include "jit/link_relocate.h"

#define SECTIONS_MAX 64u
#define SYMBOLS_MAX 4096u
#define SIZE_MAX_PART (UINT64_C(64) << 20)

#ifdef __aarch64__
#define PAGE UINT64_C(0x10000) /* the largest there is */
#else
#define PAGE UINT64_C(0x1000)
#endif

enum { SEGMENT_COUNT = 4, HASH_BUCKETS = 1, DYNAMIC_MAX = 9 };

static const char section_names[] =
    "\0.text\0.dynsym\0.dynstr\0.shstrtab"; /* for tools: nothing here reads them but the size */
enum { NAME_TEXT = 1, NAME_DYNSYM = 7, NAME_DYNSTR = 15, NAME_SHSTRTAB = 23, SECTION_COUNT = 5 };

static bool power_of_two(uint64_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

static uint64_t round_up(uint64_t at, uint64_t align)
{
    return (at + align - 1) & ~(align - 1);
}

/* ---- reading ---- */

/* True when `count` entries of `each` bytes lie at `at` in the object. */
static bool inside(const RfLink *l, uint64_t at, uint64_t count, uint64_t each)
{
    return at <= l->object_size && count <= (l->object_size - at) / each;
}

static bool read_header(RfLink *l)
{
    Elf64_Ehdr h;
    if (l->object_size < sizeof h) {
        return false;
    }
    memcpy(&h, l->object, sizeof h);
    if (memcmp(h.e_ident, ELFMAG, SELFMAG) != 0 || h.e_ident[EI_CLASS] != ELFCLASS64 ||
        h.e_ident[EI_DATA] != ELFDATA2LSB || h.e_type != ET_REL || h.e_shentsize != sizeof(Elf64_Shdr) ||
        (h.e_machine != EM_X86_64 && h.e_machine != EM_AARCH64) || h.e_shnum == 0 || h.e_shnum > SECTIONS_MAX ||
        !inside(l, h.e_shoff, h.e_shnum, sizeof(Elf64_Shdr))) {
        return false;
    }
    l->machine = h.e_machine;
    l->flags = h.e_flags;
    l->nsections = h.e_shnum;
    l->sections = rf_mem_alloc(sizeof *l->sections * l->nsections);
    l->address = rf_mem_zalloc(sizeof *l->address * l->nsections);
    memcpy(l->sections, l->object + h.e_shoff, sizeof *l->sections * l->nsections);
    for (uint32_t i = 0; i < l->nsections; i++) {
        const Elf64_Shdr *s = &l->sections[i];
        if (s->sh_size > SIZE_MAX_PART || (s->sh_type != SHT_NOBITS && !inside(l, s->sh_offset, s->sh_size, 1))) {
            return false;
        }
    }
    return true;
}

/* Whether the section becomes part of memory; *known: false when this linker cannot say. */
static bool is_loaded(const Elf64_Shdr *s, bool *known)
{
    if ((s->sh_flags & SHF_ALLOC) == 0 || s->sh_type == SHT_NOTE || s->sh_type == SHT_NULL) {
        *known = *known && s->sh_type != SHT_GROUP;
        return false;
    }
    bool plain = s->sh_type == SHT_PROGBITS || s->sh_type == SHT_NOBITS || s->sh_type == SHT_X86_64_UNWIND;
    uint64_t align = s->sh_addralign ? s->sh_addralign : 1;
    *known = *known && plain && !(s->sh_flags & (SHF_TLS | SHF_COMPRESSED)) && power_of_two(align) && align <= PAGE &&
             ((s->sh_flags & SHF_WRITE) != 0 || s->sh_type != SHT_NOBITS) &&
             (s->sh_flags & (SHF_WRITE | SHF_EXECINSTR)) != (SHF_WRITE | SHF_EXECINSTR);
    return true;
}

static bool read_symbols(RfLink *l)
{
    const Elf64_Shdr *table = NULL;
    for (uint32_t i = 0; i < l->nsections; i++) {
        if (l->sections[i].sh_type == SHT_SYMTAB) {
            table = &l->sections[i];
        }
    }
    if (table == NULL || table->sh_entsize != sizeof(Elf64_Sym) || table->sh_size / sizeof(Elf64_Sym) > SYMBOLS_MAX ||
        table->sh_link >= l->nsections) {
        return false;
    }
    const Elf64_Shdr *names = &l->sections[table->sh_link];
    if (names->sh_type != SHT_STRTAB || names->sh_size == 0 || l->object[names->sh_offset + names->sh_size - 1] != 0) {
        return false;
    }
    l->nsymbols = (uint32_t)(table->sh_size / sizeof(Elf64_Sym));
    l->symbols = rf_mem_alloc(sizeof *l->symbols * l->nsymbols);
    l->got = rf_mem_zalloc(sizeof *l->got * l->nsymbols);
    l->dynamic = rf_mem_zalloc(sizeof *l->dynamic * l->nsymbols);
    memcpy(l->symbols, l->object + table->sh_offset, sizeof *l->symbols * l->nsymbols);
    l->names = (const char *)l->object + names->sh_offset;
    for (uint32_t i = 0; i < l->nsymbols; i++) {
        const Elf64_Sym *s = &l->symbols[i];
        unsigned type = ELF64_ST_TYPE(s->st_info);
        bool common = s->st_shndx == SHN_COMMON; /* variables without a value: the alignment instead of an address */
        bool strange = common ? !power_of_two(s->st_value) || s->st_value > PAGE || s->st_size > SIZE_MAX_PART
                              : s->st_shndx >= l->nsections && (s->st_shndx != SHN_ABS || type != STT_FILE);
        if (s->st_name >= names->sh_size || type > STT_FILE || strange) {
            return false; /* among them thread-local ones and indirect functions */
        }
        bool global = ELF64_ST_BIND(s->st_info) != STB_LOCAL, hidden = ELF64_ST_VISIBILITY(s->st_other) != STV_DEFAULT;
        if (global && !hidden && s->st_shndx != SHN_UNDEF) {
            rf_link_export(l, i);
        }
    }
    return true;
}

/* ---- laying out ---- */

void rf_link_export(RfLink *l, uint32_t symbol)
{
    if (l->dynamic[symbol] == 0) {
        l->dynamic[symbol] = ++l->ndynamic;
        l->names_size += strlen(l->names + l->symbols[symbol].st_name) + 1;
    }
}

/* Gives addresses from `at` on to the sections with these flags. */
static uint64_t place_sections(RfLink *l, uint64_t at, uint64_t flags, bool bits)
{
    for (uint32_t i = 0; i < l->nsections; i++) {
        const Elf64_Shdr *s = &l->sections[i];
        bool known = true;
        if (!is_loaded(s, &known) || (s->sh_flags & (SHF_WRITE | SHF_EXECINSTR)) != flags ||
            (s->sh_type != SHT_NOBITS) != bits) {
            continue;
        }
        at = round_up(at, s->sh_addralign ? s->sh_addralign : 1);
        l->address[i] = at;
        at += s->sh_size;
    }
    return at;
}

static uint64_t place_common(RfLink *l, uint64_t at)
{
    for (uint32_t i = 0; i < l->nsymbols; i++) {
        Elf64_Sym *s = &l->symbols[i];
        if (s->st_shndx == SHN_COMMON) {
            s->st_value = round_up(at, s->st_value);
            at = s->st_value + s->st_size;
        }
    }
    return at;
}

typedef struct Layout {
    uint64_t symbols, names, hash, relocations, text, text_end; /* offsets that are addresses, too */
    uint64_t dynamic, data_end, memory_end;                     /* addresses in the second part: offset + PAGE */
    uint64_t section_names, sections, end;                      /* offsets */
} Layout;

static void lay_out(RfLink *l, Layout *o)
{
    uint64_t at = sizeof(Elf64_Ehdr) + SEGMENT_COUNT * sizeof(Elf64_Phdr);
    o->symbols = at = round_up(at, 8);
    at += (l->ndynamic + 1) * sizeof(Elf64_Sym);
    o->relocations = at;
    at += l->nrelocations * sizeof(Elf64_Rela);
    o->hash = at;
    at += (2 + HASH_BUCKETS + 1 + l->ndynamic) * sizeof(uint32_t);
    o->names = at;
    at += 1 + l->names_size;
    at = place_sections(l, at, 0, true);
    o->text = at = round_up(at, 16);
    o->text_end = at = place_sections(l, at, SHF_EXECINSTR, true);
    o->dynamic = at = round_up(at, 64) + PAGE;
    at += DYNAMIC_MAX * sizeof(Elf64_Dyn);
    l->got_address = at;
    at += l->ngot * 8;
    o->data_end = at = place_sections(l, at, SHF_WRITE, true);
    o->memory_end = place_common(l, place_sections(l, at, SHF_WRITE, false));
    o->section_names = at - PAGE;
    o->sections = round_up(o->section_names + sizeof section_names, 8);
    o->end = o->sections + SECTION_COUNT * sizeof(Elf64_Shdr);
}

/* ---- writing ---- */

uint8_t *rf_link_at(const RfLink *l, uint64_t address)
{
    return l->out + (address >= l->got_address - DYNAMIC_MAX * sizeof(Elf64_Dyn) ? address - PAGE : address);
}

static void write_headers(const RfLink *l, const Layout *o)
{
    Elf64_Ehdr h = {.e_type = ET_DYN,
                    .e_machine = l->machine,
                    .e_version = EV_CURRENT,
                    .e_phoff = sizeof h,
                    .e_shoff = o->sections,
                    .e_flags = l->flags,
                    .e_ehsize = sizeof h,
                    .e_phentsize = sizeof(Elf64_Phdr),
                    .e_phnum = SEGMENT_COUNT,
                    .e_shentsize = sizeof(Elf64_Shdr),
                    .e_shnum = SECTION_COUNT,
                    .e_shstrndx = SECTION_COUNT - 1};
    memcpy(h.e_ident, ELFMAG, SELFMAG);
    h.e_ident[EI_CLASS] = ELFCLASS64;
    h.e_ident[EI_DATA] = ELFDATA2LSB;
    h.e_ident[EI_VERSION] = EV_CURRENT;
    uint64_t first = o->text_end, second = o->dynamic - PAGE;
    Elf64_Phdr p[SEGMENT_COUNT] = {
        {.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = first, .p_memsz = first, .p_align = PAGE},
        {.p_type = PT_LOAD,
         .p_flags = PF_R | PF_W,
         .p_offset = second,
         .p_vaddr = o->dynamic,
         .p_filesz = o->data_end - o->dynamic,
         .p_memsz = o->memory_end - o->dynamic,
         .p_align = PAGE},
        {.p_type = PT_DYNAMIC,
         .p_flags = PF_R | PF_W,
         .p_offset = second,
         .p_vaddr = o->dynamic,
         .p_filesz = DYNAMIC_MAX * sizeof(Elf64_Dyn),
         .p_memsz = DYNAMIC_MAX * sizeof(Elf64_Dyn),
         .p_align = 8},
        {.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W, .p_align = 16}, /* without it the stack becomes executable */
    };
    for (unsigned i = 0; i < SEGMENT_COUNT; i++) {
        p[i].p_paddr = p[i].p_vaddr;
    }
    memcpy(l->out, &h, sizeof h);
    memcpy(l->out + sizeof h, p, sizeof p);
}

static void write_dynamic(const RfLink *l, const Layout *o)
{
    bool any = l->nrelocations > 0;
    Elf64_Dyn d[DYNAMIC_MAX] = {
        {DT_HASH, {o->hash}},
        {DT_STRTAB, {o->names}},
        {DT_SYMTAB, {o->symbols}},
        {DT_STRSZ, {1 + l->names_size}},
        {DT_SYMENT, {sizeof(Elf64_Sym)}},
        {any ? DT_RELA : DT_NULL, {any ? o->relocations : 0}},
        {any ? DT_RELASZ : DT_NULL, {any ? l->nrelocations * sizeof(Elf64_Rela) : 0}},
        {any ? DT_RELAENT : DT_NULL, {any ? sizeof(Elf64_Rela) : 0}},
        {DT_NULL, {0}},
    };
    memcpy(rf_link_at(l, o->dynamic), d, sizeof d);
}

/* Symbols, their names and the hash table, all of which is one chain: there are a handful. */
static void write_symbols(const RfLink *l, const Layout *o)
{
    Elf64_Sym *symbols = (Elf64_Sym *)(void *)(l->out + o->symbols);
    uint32_t *hash = (uint32_t *)(void *)(l->out + o->hash), at = 1;
    hash[0] = HASH_BUCKETS;
    hash[1] = l->ndynamic + 1;
    hash[2] = l->ndynamic > 0 ? 1 : 0;
    for (uint32_t i = 0; i < l->nsymbols; i++) {
        uint32_t number = l->dynamic[i];
        if (number == 0) {
            continue;
        }
        Elf64_Sym s = l->symbols[i];
        const char *name = l->names + s.st_name;
        size_t length = strlen(name) + 1;
        memcpy(l->out + o->names + at, name, length);
        s.st_name = at;
        at += (uint32_t)length;
        if (s.st_shndx != SHN_UNDEF) {
            s.st_value += s.st_shndx != SHN_COMMON ? l->address[s.st_shndx] : 0;
            s.st_shndx = 1; /* only that it is defined counts */
        }
        symbols[number] = s;
        hash[3 + number] = number < l->ndynamic ? number + 1 : 0;
    }
}

static void write_sections(const RfLink *l, const Layout *o)
{
    Elf64_Shdr s[SECTION_COUNT] = {
        {0},
        {.sh_name = NAME_TEXT,
         .sh_type = SHT_PROGBITS,
         .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
         .sh_addr = o->text,
         .sh_offset = o->text,
         .sh_size = o->text_end - o->text,
         .sh_addralign = 16},
        {.sh_name = NAME_DYNSYM,
         .sh_type = SHT_DYNSYM,
         .sh_flags = SHF_ALLOC,
         .sh_addr = o->symbols,
         .sh_offset = o->symbols,
         .sh_size = (l->ndynamic + 1) * sizeof(Elf64_Sym),
         .sh_link = 3,
         .sh_info = 1,
         .sh_addralign = 8,
         .sh_entsize = sizeof(Elf64_Sym)},
        {.sh_name = NAME_DYNSTR,
         .sh_type = SHT_STRTAB,
         .sh_flags = SHF_ALLOC,
         .sh_addr = o->names,
         .sh_offset = o->names,
         .sh_size = 1 + l->names_size,
         .sh_addralign = 1},
        {.sh_name = NAME_SHSTRTAB,
         .sh_type = SHT_STRTAB,
         .sh_offset = o->section_names,
         .sh_size = sizeof section_names,
         .sh_addralign = 1},
    };
    memcpy(l->out + o->section_names, section_names, sizeof section_names);
    memcpy(l->out + o->sections, s, sizeof s);
    for (uint32_t i = 0; i < l->nsections; i++) {
        const Elf64_Shdr *from = &l->sections[i];
        if (l->address[i] != 0 && from->sh_type != SHT_NOBITS) {
            memcpy(rf_link_at(l, l->address[i]), l->object + from->sh_offset, from->sh_size);
        }
    }
}

/* ---- all of it ---- */

/* Calls `each` for all relocations of sections that are loaded; false as soon as it fails. */
static bool for_relocations(RfLink *l, bool (*each)(RfLink *, uint32_t section, const Elf64_Rela *))
{
    for (uint32_t i = 0; i < l->nsections; i++) {
        const Elf64_Shdr *s = &l->sections[i];
        bool known = true;
        if ((s->sh_type != SHT_RELA && s->sh_type != SHT_REL) || s->sh_info >= l->nsections ||
            !is_loaded(&l->sections[s->sh_info], &known)) {
            continue;
        }
        if (s->sh_type == SHT_REL || s->sh_entsize != sizeof(Elf64_Rela) ||
            l->sections[s->sh_info].sh_type == SHT_NOBITS) {
            return false;
        }
        for (uint64_t k = 0; k < s->sh_size / sizeof(Elf64_Rela); k++) {
            Elf64_Rela r;
            memcpy(&r, l->object + s->sh_offset + k * sizeof r, sizeof r);
            if (ELF64_R_SYM(r.r_info) >= l->nsymbols || !each(l, s->sh_info, &r)) {
                return false;
            }
        }
    }
    return true;
}

static bool all_known(const RfLink *l)
{
    bool known = true;
    for (uint32_t i = 0; i < l->nsections; i++) {
        is_loaded(&l->sections[i], &known);
    }
    return known;
}

static bool make(RfLink *l, RfLinked *out)
{
    if (!read_header(l) || !all_known(l) || !read_symbols(l) || !for_relocations(l, rf_link_count)) {
        return false;
    }
    Layout o;
    lay_out(l, &o);
    if (o.end > SIZE_MAX_PART) {
        return false;
    }
    l->out = rf_mem_zalloc(o.end);
    l->relocations = (Elf64_Rela *)(void *)(l->out + o.relocations);
    l->nrelocations_done = 0;
    write_sections(l, &o);
    write_symbols(l, &o);
    rf_link_fill_got(l);
    if (!for_relocations(l, rf_link_apply)) {
        rf_mem_free(l->out, o.end);
        return false;
    }
    write_headers(l, &o);
    write_dynamic(l, &o);
    *out = (RfLinked){l->out, o.end, (uint32_t)(o.text_end - o.text)};
    return true;
}

bool rf_link(const uint8_t *object, size_t size, RfLinked *out)
{
    RfLink l = {.object = object, .object_size = size};
    bool ok = make(&l, out);
    rf_mem_free(l.sections, sizeof *l.sections * l.nsections);
    rf_mem_free(l.address, sizeof *l.address * l.nsections);
    rf_mem_free(l.symbols, sizeof *l.symbols * l.nsymbols);
    rf_mem_free(l.got, sizeof *l.got * l.nsymbols);
    rf_mem_free(l.dynamic, sizeof *l.dynamic * l.nsymbols);
    return ok;
}

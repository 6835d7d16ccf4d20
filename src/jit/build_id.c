/* Tells builds of the program apart: compiled code fits only the layouts and helpers of the build that made it.
 *
 * The linker's build id is taken of the object this code is in, which need not be the executable: libruff.a may be part of
 * a shared library. Where there is none, the code itself is hashed; times of files are no substitute, as some packagers
 * set them all alike. */
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/sha256.h"
#include "jit/cache.h"
#include "jit/cache_entry.h"

static char id[RF_BUILD_ID_SIZE];
static pthread_once_t found = PTHREAD_ONCE_INIT;

static bool holds_this_code(const struct dl_phdr_info *info)
{
    uintptr_t here = (uintptr_t)&rf_cache_build_id;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_LOAD && here >= start && here - start < segment->p_memsz) {
            return true;
        }
    }
    return false;
}

/* Reads the notes of one segment. */
static bool find_note(uintptr_t at, uintptr_t end, char out[RF_BUILD_ID_SIZE])
{
    while (at + sizeof(ElfW(Nhdr)) <= end) {
        const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)at;
        uintptr_t name = at + sizeof *note, bytes = name + ((note->n_namesz + 3u) & ~3u);
        if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && memcmp((const void *)name, "GNU", 4) == 0 &&
            note->n_descsz >= 8 && note->n_descsz * 2 < RF_BUILD_ID_SIZE) {
            for (uint32_t i = 0; i < note->n_descsz; i++) {
                snprintf(out + 2 * i, 3, "%02x", ((const unsigned char *)bytes)[i]);
            }
            return true;
        }
        at = bytes + ((note->n_descsz + 3u) & ~3u);
    }
    return false;
}

/* Byte by byte and unchecked: AddressSanitizer forbids reading the space between variables. */
__attribute__((no_sanitize("address"))) static void copy_code(uint8_t *to, uintptr_t from, size_t size)
{
    const volatile uint8_t *bytes = (const volatile uint8_t *)from;
    for (size_t i = 0; i < size; i++) {
        to[i] = bytes[i];
    }
}

static void add_code(RfSha256 *hash, uintptr_t at, size_t size)
{
    uint8_t piece[8192];
    while (size > 0) {
        size_t take = size < sizeof piece ? size : sizeof piece;
        copy_code(piece, at, take);
        rf_sha256_add(hash, piece, take);
        at += take;
        size -= take;
    }
}

static void hash_code(const struct dl_phdr_info *info, char out[RF_BUILD_ID_SIZE])
{
    RfSha256 hash;
    uint8_t digest[RF_SHA256_SIZE];
    rf_sha256_init(&hash);
    rf_sha256_add(&hash, RUFF_VERSION, sizeof RUFF_VERSION);
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_R) && !(segment->p_flags & PF_W)) {
            add_code(&hash, info->dlpi_addr + segment->p_vaddr, segment->p_memsz);
        }
    }
    rf_sha256_end(&hash, digest);
    rf_sha256_hex(digest, out);
}

static int visit(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    RfBuildIdSearch *search = context;
    if (!holds_this_code(info)) {
        return 0;
    }
    for (int i = 0; i < info->dlpi_phnum && search->use_note; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_NOTE && find_note(start, start + segment->p_memsz, search->id)) {
            return 1;
        }
    }
    hash_code(info, search->id);
    return 1;
}

void rf_build_id_find(RfBuildIdSearch *search)
{
    search->id[0] = '\0';
    dl_iterate_phdr(visit, search);
}

static void find(void)
{
    RfBuildIdSearch search = {.use_note = true};
    rf_build_id_find(&search);
    memcpy(id, search.id, sizeof id);
}

const char *rf_cache_build_id(void)
{
    pthread_once(&found, find);
    return id;
}

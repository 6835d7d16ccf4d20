/* Inside the code cache: what an entry file looks like, how it is read and checked, and the directories entries are in. */
#ifndef RF_JIT_CACHE_ENTRY_H
#define RF_JIT_CACHE_ENTRY_H

#include <sys/stat.h>

#include "jit/cache.h"

#define RF_BUILD_ID_SIZE 72 /* with the terminating 0 */
#define RF_CACHE_FORMAT 1u
#define RF_CACHE_NAME_SIZE 128 /* as in RfCacheItem */

struct RfCache {
    char *directory; /* absolute; NULL: off */
    size_t directory_size;
    uint64_t limit;  /* bytes */
    uint64_t total;  /* bytes in the directory as far as this process knows */
    uint32_t stores; /* since the directory was last read; UINT32_MAX: never */
};

/* ---- build_id.c ---- */
typedef struct RfBuildIdSearch {
    bool use_note; /* false: as if the linker had left no id */
    char id[RF_BUILD_ID_SIZE];
} RfBuildIdSearch;
void rf_build_id_find(RfBuildIdSearch *search);

/* ---- cache_file.c ---- */
/* The start of an entry file; the shared object follows. Texts are terminated and filled up with zeros. */
typedef struct RfEntryHeader {
    char magic[8];
    uint32_t format, header_size;
    uint64_t object_size;
    char build[RF_BUILD_ID_SIZE];
    char cpu[48];
    char key[80];
    char name[RF_CACHE_NAME_SIZE];
    uint8_t digest[32]; /* SHA-256 of everything else: header and object */
} RfEntryHeader;
_Static_assert(sizeof(RfEntryHeader) == 384, "no padding: the header is written as it stands");

/* A file with header and object in memory (size *size, rf_mem); the object is read from the start of fd. NULL when it cannot be
 * read or is empty. */
uint8_t *rf_entry_make(const char *key, const char *name, int fd, size_t object_size, size_t *size);
/* What is wrong with a header of a file of `file_size` bytes that should be of `build` under `key`; NONE: nothing. */
RfReason rf_entry_check_header(const RfEntryHeader *header, uint64_t file_size, const char *build, const char *key);
/* Opens an entry of the directory and checks what fstat tells: -1 with NONE when there is none, -1 with CHECKSUM when it is
 * nothing we may trust. */
int rf_entry_open(int directory, const char *key, struct stat *info, RfReason *reason);
/* Reads an opened entry and checks all of it but the CPU. *data (rf_mem, info->st_size bytes) is NULL unless NONE comes back. */
RfReason rf_entry_read(int fd, const struct stat *info, const char *build, const char *key, uint8_t **data);
/* A sealed memfd with the object; -1 when there is no room for it. */
int rf_entry_object(const uint8_t *data, size_t size);
/* Writes all of it. False when it does not fit on the disk or is over the size limit of the process, which would be ended by a
 * signal (SIGXFSZ) if it tried. */
bool rf_entry_write(int fd, const uint8_t *data, size_t size);

/* ---- cache_dir.c ---- */
/* A directory that belongs to us and that nobody else may write to. */
bool rf_cache_trusted(int directory);
/* Opens the cache's directory, or the one of this build below it; `create`: makes it. -1 when it is not there, not trusted or
 * cannot be made. */
int rf_cache_open_root(const RfCache *cache);
int rf_cache_open_build(const RfCache *cache, bool create);
/* After a store of `added` bytes: removes what was used longest ago when the limit is passed. */
void rf_cache_evict(RfCache *cache, uint64_t added);
/* A name for a temporary file; those of dead processes are found by their beginning. */
#define RF_CACHE_TEMPORARY ".tmp-"
#define RF_CACHE_TEMPORARY_SIZE 32

#endif

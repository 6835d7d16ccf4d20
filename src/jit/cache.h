/* The code cache: compiled images on disk, DIR/BUILD_ID/KEY.so. Files are verified before use; several processes may share a
 * directory. KEY is 64 hex digits of SHA-256. */
#ifndef RF_JIT_CACHE_H
#define RF_JIT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "jit/reason.h"

#define RF_KEY_SIZE 65 /* with the terminating 0 */

typedef struct RfCache RfCache;

/* setting: RUFF_JIT_CACHE ("off", a directory, or NULL or "" for the default place). Never fails: a directory that cannot be
 * used - neither there nor to be made, of another user, writable by others - gives a cache that is off. From one that can only
 * be read entries are loaded, and storing fails. Nothing is created before the first store. limit_mb: RUFF_JIT_CACHE_MB.
 * A cache belongs to one thread; any number of them may use a directory. */
RfCache *rf_cache_open(const char *setting, uint64_t limit_mb);
void rf_cache_close(RfCache *cache); /* NULL is allowed */
/* The number in RUFF_JIT_CACHE_MB; the default when text is NULL or no number. */
#define RF_CACHE_DEFAULT_MB 256u
uint64_t rf_cache_limit_mb(const char *text);
bool rf_cache_enabled(const RfCache *cache);
const char *rf_cache_directory(const RfCache *cache); /* "off" when off */
const char *rf_cache_build_id(void);                  /* hex; differs between builds of ruff */

/* SHA-256 of the parts (job bytes, build id and CPU are added by the function) as hex. */
void rf_cache_key(const void *job, size_t size, char key[RF_KEY_SIZE]);

/* Reads and verifies an entry. Returns an open memfd holding the shared object alone (for dlopen through /proc/self/fd/N), or
 * -1: *reason is RF_REASON_NONE (absent) or why the file is ignored: TRUNCATED, VERSION (other format, build or key), CPU, or
 * CHECKSUM (damaged, or no plain file that is ours alone). Marks the entry as used. */
int rf_cache_load(RfCache *cache, const char *key, RfReason *reason);
/* Stores the shared object in fd (from its start, size bytes) under key with `name` (function name, for `list`); temporary
 * file, fsync not needed, rename; evicts least recently used entries over the limit. false when it could not be stored. */
bool rf_cache_store(RfCache *cache, const char *key, const char *name, int fd, size_t size);

/* ---- `ruff cache` ---- */
typedef struct RfCacheItem {
    char key[RF_KEY_SIZE];
    char name[128];
    uint64_t bytes;
    int64_t last_used; /* seconds since 1970 */
    bool stale;        /* of another build or CPU */
    RfReason bad;      /* RF_REASON_NONE when it verifies */
} RfCacheItem;
/* All entries (of all builds), newest first; rf_mem array of *count, NULL when there are none. verify: checksums are checked
 * too; without it `bad` tells what the header tells. */
RfCacheItem *rf_cache_items(RfCache *cache, bool verify, size_t *count);
/* Removes entries (only stale ones when stale_only). Returns how many, *bytes their size; *failed: how many should have been
 * removed and could not. */
size_t rf_cache_remove(RfCache *cache, bool stale_only, uint64_t *bytes, size_t *failed);

#endif

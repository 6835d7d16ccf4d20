/* The code cache: where it is, keys, loading and storing. Any number of processes may use a directory at once: files appear
 * by rename and may vanish at any time. Nothing is kept open between operations, as `ruff cache clear` of another process may
 * remove the directories; opening them takes microseconds. */
#include "jit/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "jit/cache_entry.h"
#include "jit/cpu.h"

#define MEGABYTE ((uint64_t)1 << 20)

/* ---- the directory ---- */

/* Absolute, as the program may change its working directory. False: off. */
static bool find_directory(RfBuf *path, const char *setting)
{
    const char *base = NULL;
    if (setting != NULL && *setting != '\0') {
        if (strcmp(setting, "off") == 0) {
            return false;
        }
        if (*setting != '/') {
            char *here = getcwd(NULL, 0);
            if (here == NULL) {
                return false;
            }
            rf_buf_printf(path, "%s/", here);
            free(here);
        }
        rf_buf_puts(path, setting);
    } else if ((base = getenv("XDG_CACHE_HOME")) != NULL && *base == '/') {
        rf_buf_printf(path, "%s/ruff/jit", base);
    } else if ((base = getenv("HOME")) != NULL && *base == '/') {
        rf_buf_printf(path, "%s/.cache/ruff/jit", base);
    } else {
        return false;
    }
    while (path->len > 1 && path->data[path->len - 1] == '/') {
        path->len--;
    }
    return true;
}

/* The directory is there, ours and readable, or could be made. */
static bool is_usable(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        bool trusted = rf_cache_trusted(fd);
        close(fd);
        return trusted;
    }
    if (errno != ENOENT) {
        return false;
    }
    char *path = strdup(directory), *slash;
    bool usable = false;
    while (path != NULL && (slash = strrchr(path, '/')) != NULL) {
        slash[slash == path] = '\0';
        struct stat info;
        if (stat(path, &info) == 0) {
            usable = S_ISDIR(info.st_mode) && access(path, W_OK | X_OK) == 0;
            break;
        }
        if (errno != ENOENT || slash == path) {
            break;
        }
    }
    free(path);
    return usable;
}

RfCache *rf_cache_open(const char *setting, uint64_t limit_mb)
{
    RfCache *cache = rf_mem_zalloc(sizeof *cache);
    cache->limit = limit_mb < UINT64_MAX / MEGABYTE ? limit_mb * MEGABYTE : UINT64_MAX;
    cache->stores = UINT32_MAX;
    RfBuf path = RF_BUF_INIT;
    if (find_directory(&path, setting) && is_usable(rf_buf_cstr(&path))) {
        cache->directory_size = path.len + 1;
        cache->directory = rf_mem_alloc(cache->directory_size);
        memcpy(cache->directory, rf_buf_cstr(&path), cache->directory_size);
    }
    rf_buf_free(&path);
    return cache;
}

void rf_cache_close(RfCache *cache)
{
    if (cache != NULL) {
        rf_mem_free(cache->directory, cache->directory_size);
        rf_mem_free(cache, sizeof *cache);
    }
}

bool rf_cache_enabled(const RfCache *cache)
{
    return cache->directory != NULL;
}

const char *rf_cache_directory(const RfCache *cache)
{
    return cache->directory ? cache->directory : "off";
}

uint64_t rf_cache_limit_mb(const char *text)
{
    if (text == NULL || *text < '0' || *text > '9') {
        return RF_CACHE_DEFAULT_MB;
    }
    errno = 0;
    char *end;
    unsigned long long n = strtoull(text, &end, 10);
    return *end == '\0' && errno == 0 ? n : RF_CACHE_DEFAULT_MB;
}

/* ---- entries ---- */

void rf_cache_key(const void *job, size_t size, char key[RF_KEY_SIZE])
{
    RfSha256 hash;
    uint8_t digest[RF_SHA256_SIZE];
    uint64_t length = size;
    rf_sha256_init(&hash);
    rf_sha256_add(&hash, &length, sizeof length); /* so that no job can look like another with a longer build id */
    rf_sha256_add(&hash, job, size);
    rf_sha256_add(&hash, rf_cache_build_id(), strlen(rf_cache_build_id()) + 1);
    rf_sha256_add(&hash, rf_cpu_features(), strlen(rf_cpu_features()) + 1);
    rf_sha256_end(&hash, digest);
    rf_sha256_hex(digest, key);
}

/* Reads, checks and copies an opened entry, and notes that it was used. */
static int load_opened(int fd, const struct stat *info, const char *key, RfReason *reason)
{
    uint8_t *data;
    *reason = rf_entry_read(fd, info, rf_cache_build_id(), key, &data);
    if (*reason != RF_REASON_NONE) {
        return -1;
    }
    size_t size = (size_t)info->st_size;
    int object = -1;
    if (strcmp((const char *)data + offsetof(RfEntryHeader, cpu), rf_cpu_features()) != 0) {
        *reason = RF_REASON_CPU;
    } else {
        object = rf_entry_object(data, size);
        futimens(fd, NULL); /* on a read-only file system this fails, and nothing is evicted there either */
    }
    rf_mem_free(data, size);
    return object;
}

int rf_cache_load(RfCache *cache, const char *key, RfReason *reason)
{
    *reason = RF_REASON_NONE;
    int directory = rf_cache_open_build(cache, false);
    if (directory < 0) {
        return -1;
    }
    struct stat info;
    int fd = rf_entry_open(directory, key, &info, reason), object = -1;
    if (fd >= 0) {
        object = load_opened(fd, &info, key, reason);
        close(fd);
    }
    close(directory);
    return object;
}

/* Writes an entry under a temporary name and renames it. Leaves nothing behind when that fails. */
static bool write_entry(int directory, const char *key, const uint8_t *data, size_t size)
{
    uint64_t number;
    char temporary[RF_CACHE_TEMPORARY_SIZE], name[RF_KEY_SIZE + 3];
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number) {
        number = (uint64_t)getpid() << 32 | (uint32_t)(uintptr_t)&number; /* threads have different stacks */
    }
    snprintf(temporary, sizeof temporary, RF_CACHE_TEMPORARY "%016llx", (unsigned long long)number);
    snprintf(name, sizeof name, "%s.so", key);
    int fd = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return false;
    }
    bool written = rf_entry_write(fd, data, size);
    written = close(fd) == 0 && written; /* network file systems report a full disk here */
    if (written && renameat(directory, temporary, directory, name) == 0) {
        return true;
    }
    unlinkat(directory, temporary, 0);
    return false;
}

bool rf_cache_store(RfCache *cache, const char *key, const char *name, int fd, size_t size)
{
    if (cache->directory == NULL || strlen(key) != RF_KEY_SIZE - 1 || size > cache->limit ||
        cache->limit - size < sizeof(RfEntryHeader)) {
        return false;
    }
    size_t file_size;
    uint8_t *data = rf_entry_make(key, name, fd, size, &file_size);
    if (data == NULL) {
        return false;
    }
    int directory = rf_cache_open_build(cache, true);
    bool stored = directory >= 0 && write_entry(directory, key, data, file_size);
    rf_mem_free(data, file_size);
    if (directory >= 0) {
        close(directory);
    }
    if (stored) {
        rf_cache_evict(cache, file_size);
    }
    return stored;
}

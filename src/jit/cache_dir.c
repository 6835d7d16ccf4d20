/* The directories of the code cache: making and trusting them, walking through the entries, removing entries.
 *
 * RUFF_JIT_CACHE may name any directory: only files and folders that look like ours are ever counted or removed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "jit/cache_entry.h"
#include "jit/cpu.h"

#define SCAN_EVERY 64u     /* stores after which the directory is read again: other processes store, too */
#define TEMPORARY_AGE 3600 /* seconds; what is younger may still be written to */

/* ---- opening ---- */

bool rf_cache_trusted(int directory)
{
    struct stat info;
    return fstat(directory, &info) == 0 && info.st_uid == geteuid() && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static int trusted_or_closed(int directory)
{
    if (directory >= 0 && !rf_cache_trusted(directory)) {
        close(directory);
        return -1;
    }
    return directory;
}

int rf_cache_open_root(const RfCache *cache)
{
    return cache->directory ? trusted_or_closed(open(cache->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) : -1;
}

/* As `mkdir -p -m 700`. */
static void make_directories(const char *directory)
{
    char *path = strdup(directory);
    for (char *at = path; at != NULL && (at = strchr(at + 1, '/')) != NULL;) {
        *at = '\0';
        mkdir(path, 0700);
        *at = '/';
    }
    if (path != NULL) {
        mkdir(path, 0700);
    }
    free(path);
}

int rf_cache_open_build(const RfCache *cache, bool create)
{
    int root = rf_cache_open_root(cache);
    if (root < 0 && create && cache->directory != NULL) {
        make_directories(cache->directory);
        root = rf_cache_open_root(cache);
    }
    if (root < 0) {
        return -1;
    }
    const char *build = rf_cache_build_id();
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
    int directory = openat(root, build, flags);
    if (directory < 0 && errno == ENOENT && create) {
        mkdirat(root, build, 0700);
        directory = openat(root, build, flags);
    }
    close(root);
    return trusted_or_closed(directory);
}

/* ---- walking ---- */

typedef struct Place {
    int directory; /* of a build */
    bool trusted;
    const char *build; /* its name */
    const char *key;
    const struct stat *info;
} Place;
typedef void Visit(void *context, const Place *place);

static bool is_hex(const char *text, size_t len)
{
    return strspn(text, "0123456789abcdef") == len;
}

/* The digits of KEY.so; false when the name is another. */
static bool find_key(const char *name, char key[RF_KEY_SIZE])
{
    const size_t len = RF_KEY_SIZE - 1;
    if (!is_hex(name, len) || strcmp(name + len, ".so") != 0) {
        return false;
    }
    memcpy(key, name, len);
    key[len] = '\0';
    return true;
}

static void remove_temporary(int directory, const char *name, int64_t older_than)
{
    struct stat info;
    if (strncmp(name, RF_CACHE_TEMPORARY, strlen(RF_CACHE_TEMPORARY)) == 0 &&
        fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && info.st_mtim.tv_sec < time(NULL) - older_than) {
        unlinkat(directory, name, 0);
    }
}

/* Takes the descriptor over. */
static void walk_build(int fd, const char *build, int64_t temporary_age, Visit *visit, void *context)
{
    DIR *directory = fdopendir(fd);
    if (directory == NULL) {
        close(fd);
        return;
    }
    Place place = {.directory = fd, .trusted = rf_cache_trusted(fd), .build = build};
    struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        char key[RF_KEY_SIZE];
        struct stat info;
        if (!find_key(entry->d_name, key)) {
            if (temporary_age >= 0) {
                remove_temporary(fd, entry->d_name, temporary_age);
            }
        } else if (fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(info.st_mode)) {
            place.key = key;
            place.info = &info;
            visit(context, &place);
        }
    }
    closedir(directory);
}

/* Visits the entries of all builds. Temporary files of at least this age are removed (-1: none), and directories that are
 * empty then, but for that of this build, which another process may be about to store into. */
static void walk(const RfCache *cache, int64_t temporary_age, Visit *visit, void *context)
{
    int root = rf_cache_open_root(cache);
    DIR *directory = root >= 0 ? fdopendir(root) : NULL;
    if (directory == NULL) {
        if (root >= 0) {
            close(root);
        }
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        size_t len = strlen(entry->d_name);
        if (len < 16 || len >= RF_BUILD_ID_SIZE || !is_hex(entry->d_name, len)) {
            continue;
        }
        int fd = openat(root, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0) {
            continue;
        }
        walk_build(fd, entry->d_name, temporary_age, visit, context);
        if (temporary_age >= 0 && strcmp(entry->d_name, rf_cache_build_id()) != 0) {
            unlinkat(root, entry->d_name, AT_REMOVEDIR);
        }
    }
    closedir(directory);
}

static bool remove_entry(int directory, const char *key)
{
    char name[RF_KEY_SIZE + 3];
    memcpy(name, key, RF_KEY_SIZE - 1);
    memcpy(name + RF_KEY_SIZE - 1, ".so", 4);
    return unlinkat(directory, name, 0) == 0;
}

/* ---- the limit ---- */

typedef struct Use {
    struct timespec when;
    uint64_t bytes;
    char build[RF_BUILD_ID_SIZE];
    char key[RF_KEY_SIZE];
} Use;
typedef struct Uses {
    RfBuf list; /* Use each */
    uint64_t total;
} Uses;

static void note_use(void *context, const Place *place)
{
    Uses *uses = context;
    Use use = {.when = place->info->st_mtim, .bytes = (uint64_t)place->info->st_size};
    memcpy(use.build, place->build, strlen(place->build) + 1);
    memcpy(use.key, place->key, sizeof use.key);
    rf_buf_put(&uses->list, &use, sizeof use);
    uses->total += use.bytes;
}

static int compare_uses(const void *a, const void *b)
{
    const struct timespec *x = &((const Use *)a)->when, *y = &((const Use *)b)->when;
    return x->tv_sec != y->tv_sec ? (x->tv_sec > y->tv_sec) - (x->tv_sec < y->tv_sec)
                                  : (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

/* Down to a little less than the limit, so that not every store in a full cache has to read the directory. The last one
 * used stays in any case. */
static void remove_oldest(const RfCache *cache, Uses *uses)
{
    Use *list = (Use *)(void *)uses->list.data;
    size_t count = uses->list.len / sizeof *list;
    uint64_t goal = cache->limit - cache->limit / 8;
    qsort(list, count, sizeof *list, compare_uses);
    int root = rf_cache_open_root(cache);
    for (size_t i = 0; root >= 0 && i + 1 < count && uses->total > goal; i++) {
        int directory = openat(root, list[i].build, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (directory >= 0) {
            remove_entry(directory, list[i].key);
            close(directory);
        }
        uses->total -= list[i].bytes; /* gone, or another process was faster */
    }
    if (root >= 0) {
        close(root);
    }
}

void rf_cache_evict(RfCache *cache, uint64_t added)
{
    cache->total += added;
    if (cache->stores < SCAN_EVERY && cache->total <= cache->limit) {
        cache->stores++;
        return;
    }
    Uses uses = {.list = RF_BUF_INIT};
    walk(cache, TEMPORARY_AGE, note_use, &uses);
    if (uses.total > cache->limit) {
        remove_oldest(cache, &uses);
    }
    rf_buf_free(&uses.list);
    cache->total = uses.total;
    cache->stores = 0;
}

/* ---- `ruff cache` ---- */

/* Name and CPU of an entry as far as they can be read. */
static void read_header(RfCacheItem *item, const Place *place, bool verify)
{
    struct stat info;
    RfEntryHeader header;
    int fd = rf_entry_open(place->directory, place->key, &info, &item->bad);
    if (fd < 0) {
        return;
    }
    if (pread(fd, &header, sizeof header, 0) != sizeof header) {
        item->bad = RF_REASON_TRUNCATED;
    } else {
        item->bad = rf_entry_check_header(&header, (uint64_t)info.st_size, place->build, place->key);
        if (item->bad == RF_REASON_NONE) {
            memcpy(item->name, header.name, sizeof item->name);
            item->stale = item->stale || strcmp(header.cpu, rf_cpu_features()) != 0;
        }
    }
    if (verify && item->bad == RF_REASON_NONE) {
        uint8_t *data;
        item->bad = rf_entry_read(fd, &info, place->build, place->key, &data);
        rf_mem_free(data, data ? (size_t)info.st_size : 0);
    }
    close(fd);
}

static RfCacheItem make_item(const Place *place, bool verify)
{
    RfCacheItem item = {.bytes = (uint64_t)place->info->st_size,
                        .last_used = place->info->st_mtim.tv_sec,
                        .stale = strcmp(place->build, rf_cache_build_id()) != 0};
    memcpy(item.key, place->key, sizeof item.key);
    read_header(&item, place, verify);
    if (!place->trusted) {
        item.bad = RF_REASON_CHECKSUM;
    }
    return item;
}

typedef struct Items {
    RfBuf list; /* RfCacheItem each */
    bool verify;
} Items;

static void note_item(void *context, const Place *place)
{
    Items *items = context;
    RfCacheItem item = make_item(place, items->verify);
    rf_buf_put(&items->list, &item, sizeof item);
}

static int compare_items(const void *a, const void *b)
{
    const RfCacheItem *x = a, *y = b;
    return x->last_used != y->last_used ? (x->last_used < y->last_used) - (x->last_used > y->last_used)
                                        : strcmp(x->key, y->key);
}

RfCacheItem *rf_cache_items(RfCache *cache, bool verify, size_t *count)
{
    Items items = {.list = RF_BUF_INIT, .verify = verify};
    walk(cache, -1, note_item, &items);
    *count = items.list.len / sizeof(RfCacheItem);
    RfCacheItem *array = NULL;
    if (*count > 0) {
        array = rf_mem_alloc(items.list.len);
        memcpy(array, items.list.data, items.list.len);
        qsort(array, *count, sizeof *array, compare_items);
    }
    rf_buf_free(&items.list);
    return array;
}

typedef struct Removal {
    bool stale_only;
    size_t removed, failed;
    uint64_t bytes;
} Removal;

static void remove_visited(void *context, const Place *place)
{
    Removal *removal = context;
    if (removal->stale_only && !make_item(place, false).stale) {
        return;
    }
    if (remove_entry(place->directory, place->key)) {
        removal->removed++;
        removal->bytes += (uint64_t)place->info->st_size;
    } else if (errno != ENOENT) {
        removal->failed++;
    }
}

size_t rf_cache_remove(RfCache *cache, bool stale_only, uint64_t *bytes, size_t *failed)
{
    Removal removal = {.stale_only = stale_only};
    walk(cache, stale_only ? TEMPORARY_AGE : 0, remove_visited, &removal);
    *bytes = removal.bytes;
    *failed = removal.failed;
    cache->stores = UINT32_MAX;
    return removal.removed;
}

/* Entry files: header, checks, reading. The object is checked in memory and given on as a copy that nobody can change, so
 * that what is loaded is what was checked. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "jit/cache_entry.h"
#include "jit/cpu.h"

#define MAGIC "RUFFJIT"
#define MAX_FILE (1u << 30) /* nobody compiles that much: a damaged length */
#define DIGEST_AT offsetof(RfEntryHeader, digest)

static void make_digest(const uint8_t *data, size_t size, uint8_t digest[RF_SHA256_SIZE])
{
    RfSha256 hash;
    rf_sha256_init(&hash);
    rf_sha256_add(&hash, data, DIGEST_AT);
    rf_sha256_add(&hash, data + sizeof(RfEntryHeader), size - sizeof(RfEntryHeader));
    rf_sha256_end(&hash, digest);
}

/* Exactly size bytes. */
static bool read_all(int fd, uint8_t *to, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = pread(fd, to + done, size - done, (off_t)done);
        if (n == 0 || (n < 0 && errno != EINTR)) {
            return false;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* Function names are shown in lists: no control characters, and no half characters where they are cut. */
static void put_name(char out[RF_CACHE_NAME_SIZE], const char *name)
{
    size_t len = strnlen(name, RF_CACHE_NAME_SIZE - 1);
    len = rf_utf8_validate(name, len);
    for (size_t i = 0; i < len; i++) {
        out[i] = (unsigned char)name[i] < 0x20 || name[i] == 0x7f ? '?' : name[i];
    }
}

uint8_t *rf_entry_make(const char *key, const char *name, int fd, size_t object_size, size_t *size)
{
    if (object_size == 0 || object_size > MAX_FILE) {
        return NULL;
    }
    *size = sizeof(RfEntryHeader) + object_size;
    uint8_t *data = rf_mem_alloc(*size);
    if (!read_all(fd, data + sizeof(RfEntryHeader), object_size)) {
        rf_mem_free(data, *size);
        return NULL;
    }
    RfEntryHeader header;
    memset(&header, 0, sizeof header);
    memcpy(header.magic, MAGIC, sizeof MAGIC);
    header.format = RF_CACHE_FORMAT;
    header.header_size = sizeof header;
    header.object_size = object_size;
    memcpy(header.build, rf_cache_build_id(), strlen(rf_cache_build_id()));
    memcpy(header.cpu, rf_cpu_features(), strlen(rf_cpu_features()));
    memcpy(header.key, key, strlen(key));
    put_name(header.name, name);
    memcpy(data, &header, sizeof header);
    make_digest(data, *size, data + DIGEST_AT);
    return data;
}

static bool terminated(const char *text, size_t size)
{
    return memchr(text, 0, size) != NULL;
}

RfReason rf_entry_check_header(const RfEntryHeader *header, uint64_t file_size, const char *build, const char *key)
{
    if (memcmp(header->magic, MAGIC, sizeof MAGIC) != 0 || header->format != RF_CACHE_FORMAT ||
        header->header_size != sizeof *header) {
        return RF_REASON_VERSION;
    }
    if (!terminated(header->build, sizeof header->build) || !terminated(header->cpu, sizeof header->cpu) ||
        !terminated(header->key, sizeof header->key) || !terminated(header->name, sizeof header->name)) {
        return RF_REASON_CHECKSUM;
    }
    uint64_t object_size = file_size - sizeof *header;
    if (header->object_size != object_size) {
        return object_size < header->object_size ? RF_REASON_TRUNCATED : RF_REASON_CHECKSUM;
    }
    bool same = strcmp(header->build, build) == 0 && strcmp(header->key, key) == 0;
    return same ? RF_REASON_NONE : RF_REASON_VERSION;
}

int rf_entry_open(int directory, const char *key, struct stat *info, RfReason *reason)
{
    char name[RF_KEY_SIZE + 3];
    memcpy(name, key, RF_KEY_SIZE - 1);
    memcpy(name + RF_KEY_SIZE - 1, ".so", 4);
    /* Not blocking, in case somebody put a FIFO there. */
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        *reason = errno == ELOOP || errno == EACCES || errno == ENXIO ? RF_REASON_CHECKSUM : RF_REASON_NONE;
        return -1;
    }
    bool ok = fstat(fd, info) == 0 && S_ISREG(info->st_mode) && info->st_uid == geteuid() &&
              (info->st_mode & (S_IWGRP | S_IWOTH)) == 0 && info->st_size <= MAX_FILE;
    if (!ok) {
        *reason = RF_REASON_CHECKSUM;
        close(fd);
        return -1;
    }
    *reason = RF_REASON_NONE;
    return fd;
}

RfReason rf_entry_read(int fd, const struct stat *info, const char *build, const char *key, uint8_t **data)
{
    size_t size = (size_t)info->st_size;
    *data = NULL;
    if (size <= sizeof(RfEntryHeader)) {
        return RF_REASON_TRUNCATED;
    }
    uint8_t *bytes = rf_mem_alloc(size);
    RfReason reason = read_all(fd, bytes, size) ? RF_REASON_NONE : RF_REASON_TRUNCATED;
    if (reason == RF_REASON_NONE) {
        RfEntryHeader header;
        memcpy(&header, bytes, sizeof header);
        reason = rf_entry_check_header(&header, size, build, key);
        uint8_t digest[RF_SHA256_SIZE];
        if (reason == RF_REASON_NONE) {
            make_digest(bytes, size, digest);
            reason = memcmp(digest, header.digest, sizeof digest) == 0 ? RF_REASON_NONE : RF_REASON_CHECKSUM;
        }
    }
    if (reason != RF_REASON_NONE) {
        rf_mem_free(bytes, size);
        return reason;
    }
    *data = bytes;
    return RF_REASON_NONE;
}

static bool fits(uint64_t size)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || size <= limit.rlim_cur;
}

bool rf_entry_write(int fd, const uint8_t *data, size_t size)
{
    if (!fits(size)) {
        return false;
    }
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n == 0 || (n < 0 && errno != EINTR)) {
            return false;
        }
        data += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

int rf_entry_object(const uint8_t *data, size_t size)
{
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif
    int fd = memfd_create("ruff-jit", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 && errno == EACCES) { /* vm.memfd_noexec; mapping it executable is allowed all the same */
        fd = memfd_create("ruff-jit", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
    }
    if (fd < 0) {
        return -1;
    }
    if (!rf_entry_write(fd, data + sizeof(RfEntryHeader), size - sizeof(RfEntryHeader)) ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

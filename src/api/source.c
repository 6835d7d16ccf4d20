/* Reads program text. A file that is too large is refused by its size alone, without being read. */
#include "api/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "front/parser.h"

const char *rf_source_os_error(int code)
{
    static _Thread_local char text[256];
    snprintf(text, sizeof text, "%s (os error %d)", strerrordesc_np(code), code);
    return text;
}

static RuffStatus cannot_read(RuffError *error, const char *name, const char *why)
{
    rf_failure_set_cli(error, RUFF_ERROR_IO, "Failed to read .ruff file '%s': %s", name, why);
    return RUFF_ERROR_IO;
}

static RuffStatus too_large(RuffError *error, const char *name, uint64_t size)
{
    rf_failure_set(error, RUFF_ERROR_SYNTAX, "RUFPARSE001", "parser", name, (RfPos){1, 1},
                   "Fix the parse error and rerun Ruff.", "Source size %llu bytes exceeds maximum allowed %u bytes",
                   (unsigned long long)size, RF_SOURCE_MAX);
    return RUFF_ERROR_SYNTAX;
}

RuffStatus rf_source_check(const char *source, size_t len, const char *name, RuffError *error)
{
    if (len > RF_SOURCE_MAX) {
        return too_large(error, name, len);
    }
    if (rf_utf8_validate(source, len) != len) {
        return cannot_read(error, name, "stream did not contain valid UTF-8");
    }
    return RUFF_OK;
}

RuffStatus rf_source_read_fd(RfBuf *text, int fd, const char *name, RuffError *error)
{
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return cannot_read(error, name, rf_source_os_error(errno));
    }
    size_t expected = 4096;
    if (S_ISREG(info.st_mode)) {
        if ((uint64_t)info.st_size > RF_SOURCE_MAX) {
            return too_large(error, name, (uint64_t)info.st_size);
        }
        expected = (size_t)info.st_size + 1; /* one more, so that the end of the file is seen without growing */
    }
    size_t start = text->len, excess = 0; /* what a pipe sends beyond the limit is counted, not kept */
    for (;;) {
        rf_buf_reserve(text, expected);
        ssize_t n = read(fd, text->data + text->len, text->cap - text->len);
        if (n == 0) {
            break;
        }
        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            return cannot_read(error, name, rf_source_os_error(errno));
        }
        text->len += (size_t)n;
        if (text->len - start > RF_SOURCE_MAX) {
            excess += text->len - start - RF_SOURCE_MAX;
            text->len = start + RF_SOURCE_MAX;
        }
        expected = 4096;
    }
    if (excess > 0) {
        return too_large(error, name, (uint64_t)RF_SOURCE_MAX + excess);
    }
    return rf_source_check(text->data ? text->data + start : "", text->len - start, name, error);
}

RuffStatus rf_source_read_file(RfBuf *text, const char *path, RuffError *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return cannot_read(error, path, rf_source_os_error(errno));
    }
    RuffStatus status = rf_source_read_fd(text, fd, path, error);
    close(fd);
    return status;
}

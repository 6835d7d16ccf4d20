/* Snapshots of `ruff test`: what is kept of a program's output, and where. */
#include "cli/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

RfBuf rf_snapshot_trimmed(const RfBuf *text)
{
    size_t start = 0, end = text->len;
    while (end > start && is_space(text->data[end - 1])) {
        end--;
    }
    while (start < end && is_space(text->data[start])) {
        start++;
    }
    return (RfBuf){text->data ? text->data + start : NULL, end - start, 0};
}

static bool starts_with(const char *at, const char *end, const char *word, size_t len)
{
    return (size_t)(end - at) >= len && memcmp(at, word, len) == 0;
}

/* Length of " (took ~...ms)" at `at`; 0 when it does not stand there. */
static size_t timing_length(const char *at, const char *end)
{
    static const char head[] = " (took ~";
    if (!starts_with(at, end, head, sizeof head - 1)) {
        return 0;
    }
    const char *close = memchr(at, ')', (size_t)(end - at));
    return close != NULL && close[-1] == 's' && close[-2] == 'm' ? (size_t)(close + 1 - at) : 0;
}

static void put_line(RfBuf *out, const char *at, const char *end, const char *cwd, size_t cwd_len)
{
    while (at < end) {
        size_t timing = timing_length(at, end);
        if (timing > 0) {
            at += timing;
        } else if (cwd_len > 1 && starts_with(at, end, cwd, cwd_len)) {
            rf_buf_putc(out, '.');
            at += cwd_len;
        } else {
            rf_buf_putc(out, *at++);
        }
    }
}

/* Appends the lines of a text in normal form; no newline after the last. */
static void put_normal(RfBuf *out, RfBuf text, const char *cwd)
{
    static const char chatter[] = "Compiler optimization:";
    size_t cwd_len = cwd ? strlen(cwd) : 0;
    const char *at = text.data, *end = text.data + text.len;
    bool first = true;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        if (!starts_with(at, stop, chatter, sizeof chatter - 1)) {
            if (!first) {
                rf_buf_putc(out, '\n');
            }
            put_line(out, at, stop, cwd, cwd_len);
            first = false;
        }
        at = stop + 1;
    }
}

void rf_snapshot_normalise(RfBuf *out, const RfBuf *stdout_text, const RfBuf *stderr_text, const char *cwd)
{
    put_normal(out, rf_snapshot_trimmed(stdout_text), cwd);
    rf_buf_putc(out, '\n');
    put_normal(out, rf_snapshot_trimmed(stderr_text), cwd);
}

bool rf_snapshot_match(const RfBuf *recorded, const RfBuf *got)
{
    RfBuf a = rf_snapshot_trimmed(recorded), b = rf_snapshot_trimmed(got);
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Appends the contents of a file, at most `limit` bytes; false when it cannot be read. */
static bool read_file(RfBuf *out, const char *path, size_t limit)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    char piece[4096];
    size_t n;
    while (out->len < limit && (n = fread(piece, 1, sizeof piece, file)) > 0) {
        rf_buf_put(out, piece, n);
    }
    bool ok = !ferror(file);
    fclose(file);
    return ok;
}

bool rf_snapshot_read(RfBuf *out, const char *path, const char *cwd)
{
    RfBuf raw = RF_BUF_INIT;
    bool found = read_file(&raw, path, SIZE_MAX);
    if (found) {
        put_normal(out, raw, cwd);
    }
    rf_buf_free(&raw);
    return found;
}

int rf_snapshot_write(const char *path, const RfBuf *text)
{
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return errno;
    }
    RfBuf kept = rf_snapshot_trimmed(text);
    bool ok = kept.len == 0 || (fwrite(kept.data, 1, kept.len, file) == kept.len && fputc('\n', file) == '\n');
    int code = ok ? 0 : errno;
    return fclose(file) == 0 ? code : errno;
}

bool rf_snapshot_is_test_run(const char *path)
{
    static const char mark[] = "Run with: ruff test-run";
    RfBuf head = RF_BUF_INIT;
    bool found = false;
    if (read_file(&head, path, 4096)) {
        const char *at = rf_buf_cstr(&head);
        for (int line = 0; line < 3 && at != NULL && !found; line++) {
            const char *end = strchr(at, '\n');
            const char *hit = strstr(at, mark);
            found = hit != NULL && (end == NULL || hit < end);
            at = end ? end + 1 : NULL;
        }
    }
    rf_buf_free(&head);
    return found;
}

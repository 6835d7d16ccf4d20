/* Which programs are benchmarks, and what their header comments say.
 *
 * A header comment is a line `# bench: WORD ...` among the first twenty. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/source.h"
#include "base/mem.h"
#include "tools/bench.h"

#define HEADER_LINES 20
#define EXTENSION ".ruff"

/* ---- header comments ---- */

typedef struct Words { /* a line cut at white space */
    const char *at, *end;
} Words;

static bool next_word(Words *w, const char **word, size_t *len)
{
    while (w->at < w->end && (*w->at == ' ' || *w->at == '\t')) {
        w->at++;
    }
    *word = w->at;
    while (w->at < w->end && *w->at != ' ' && *w->at != '\t') {
        w->at++;
    }
    *len = (size_t)(w->at - *word);
    return *len > 0;
}

static bool is_word(const char *word, size_t len, const char *wanted)
{
    return strlen(wanted) == len && memcmp(word, wanted, len) == 0;
}

/* "TEXT" with the escapes \n \t \" \\, as the output is when its white space is trimmed. */
static bool read_expect(RfBenchmark *b, Words *w)
{
    while (w->at < w->end && (*w->at == ' ' || *w->at == '\t')) {
        w->at++;
    }
    while (w->end > w->at && (w->end[-1] == ' ' || w->end[-1] == '\t')) {
        w->end--;
    }
    if (w->end - w->at < 2 || *w->at != '"' || w->end[-1] != '"') {
        return false;
    }
    rf_buf_clear(&b->expect);
    for (const char *at = w->at + 1, *end = w->end - 1; at < end; at++) {
        char c = *at;
        if (c == '\\' && at + 1 < end) {
            at++;
            c = *at == 'n' ? '\n' : *at == 't' ? '\t' : *at;
            if (strchr("nt\"\\", *at) == NULL) {
                rf_buf_putc(&b->expect, '\\');
            }
        } else if (c == '"' || c == '\\') {
            return false;
        }
        rf_buf_putc(&b->expect, c);
    }
    b->has_expect = true;
    return true;
}

static bool read_args(RfBenchmark *b, Words *w)
{
    const char *word;
    size_t len;
    while (next_word(w, &word, &len)) {
        b->args = realloc(b->args, (b->arg_count + 1) * sizeof *b->args);
        if (!b->args) {
            rf_mem_exhausted(len);
        }
        b->args[b->arg_count++] = rf_bench_copy(word, len);
    }
    return true;
}

static bool read_samples(RfBenchmark *b, Words *w)
{
    const char *word;
    size_t len;
    char digits[12] = "";
    if (!next_word(w, &word, &len) || len >= sizeof digits || strspn(word, "0123456789") < len) {
        return false;
    }
    memcpy(digits, word, len);
    unsigned long n = strtoul(digits, NULL, 10);
    b->samples = n <= UINT32_MAX ? (uint32_t)n : 0;
    return b->samples > 0;
}

static bool read_peer(RfBenchmark *b, Words *w)
{
    const char *name, *file;
    size_t name_len, file_len;
    if (!next_word(w, &name, &name_len) || !next_word(w, &file, &file_len)) {
        return false;
    }
    RfBenchPeer peer = {.name = rf_bench_copy(name, name_len)};
    RfBuf path = RF_BUF_INIT;
    if (*file != '/' && strcmp(b->directory, ".") != 0) {
        rf_buf_printf(&path, "%s/", b->directory);
    }
    rf_buf_put(&path, file, file_len);
    peer.file = rf_bench_copy(path.data, path.len);
    rf_buf_free(&path);
    b->peers = rf_mem_resize(b->peers, b->peer_count * sizeof peer, (b->peer_count + 1) * sizeof peer);
    b->peers[b->peer_count++] = peer;
    return true;
}

static bool read_skip(RfBenchmark *b, Words *w)
{
    while (w->at < w->end && *w->at == ' ') {
        w->at++;
    }
    free(b->skip);
    b->skip = rf_bench_copy(w->at, (size_t)(w->end - w->at));
    return true;
}

static const struct {
    const char *word;
    bool (*read)(RfBenchmark *b, Words *w);
} headers[] = {
    {"expect", read_expect}, {"args", read_args}, {"samples", read_samples}, {"skip", read_skip}, {"peer", read_peer},
};

static void read_header(RfBenchRun *run, RfBenchmark *b, const char *line, size_t len)
{
    static const char mark[] = "# bench:";
    size_t start = 0;
    while (start < len && (line[start] == ' ' || line[start] == '\t')) {
        start++;
    }
    if (len - start < sizeof mark - 1 || memcmp(line + start, mark, sizeof mark - 1) != 0) {
        return;
    }
    Words w = {line + start + sizeof mark - 1, line + len};
    const char *word;
    size_t word_len;
    if (next_word(&w, &word, &word_len)) {
        for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
            if (is_word(word, word_len, headers[i].word) && headers[i].read(b, &w)) {
                return;
            }
        }
    }
    rf_bench_warn(run, b, RF_BENCH_MODES, "header comment not understood: %.*s", (int)(len - start), line + start);
}

/* A file that cannot be read has no header; running it will say why. */
static void read_headers(RfBenchRun *run, RfBenchmark *b)
{
    RfBuf text = RF_BUF_INIT;
    RuffError error;
    rf_failure_init(&error);
    rf_source_read_file(&text, b->file, &error);
    rf_failure_free(&error);
    size_t at = 0;
    for (int line = 0; line < HEADER_LINES && at < text.len; line++) {
        const char *end = memchr(text.data + at, '\n', text.len - at);
        size_t len = end ? (size_t)(end - text.data) - at : text.len - at;
        size_t shown = len > 0 && text.data[at + len - 1] == '\r' ? len - 1 : len;
        read_header(run, b, text.data + at, shown);
        at += len + 1;
    }
    rf_buf_free(&text);
}

/* ---- files ---- */

static void add(RfBenchRun *run, const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    size_t len = strlen(base), extension = strlen(EXTENSION);
    len -= len > extension && strcmp(base + len - extension, EXTENSION) == 0 ? extension : 0;
    RfBenchmark b = {.name = rf_bench_copy(base, len), .shape = "unknown", .verified = "none"};
    if (run->options.filter && strstr(b.name, run->options.filter) == NULL) {
        free(b.name);
        return;
    }
    b.file = rf_bench_copy(path, strlen(path));
    b.directory = slash ? rf_bench_copy(path, slash == path ? 1 : (size_t)(slash - path)) : rf_bench_copy(".", 1);
    if (run->count == run->cap) {
        size_t cap = run->cap ? run->cap * 2 : 16;
        run->items = rf_mem_resize(run->items, run->cap * sizeof b, cap * sizeof b);
        run->cap = cap;
    }
    run->items[run->count++] = b;
    read_headers(run, &run->items[run->count - 1]);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_program(const char *path, const char *name)
{
    struct stat info;
    size_t len = strlen(name), extension = strlen(EXTENSION);
    return len > extension && strcmp(name + len - extension, EXTENSION) == 0 && stat(path, &info) == 0 &&
           !S_ISDIR(info.st_mode);
}

static bool add_directory(RfBenchRun *run, const char *path, RfBuf *message)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        rf_buf_printf(message, "Cannot read %s: %s", path, rf_source_os_error(errno));
        return false;
    }
    char **files = NULL;
    size_t count = 0, cap = 0, path_len = strlen(path);
    while (path_len > 1 && path[path_len - 1] == '/') {
        path_len--;
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        RfBuf file = RF_BUF_INIT;
        rf_buf_printf(&file, "%.*s%s%s", (int)path_len, path, path[path_len - 1] == '/' ? "" : "/", entry->d_name);
        if (is_program(rf_buf_cstr(&file), entry->d_name)) {
            if (count == cap) {
                size_t grown = cap ? cap * 2 : 16;
                files = rf_mem_resize(files, cap * sizeof *files, grown * sizeof *files);
                cap = grown;
            }
            files[count++] = rf_bench_copy(file.data, file.len);
        }
        rf_buf_free(&file);
    }
    closedir(dir);
    if (count == 0) {
        rf_buf_printf(message, "No benchmarks found in %s", path);
    } else {
        qsort(files, count, sizeof *files, by_bytes);
    }
    for (size_t i = 0; i < count; i++) {
        add(run, files[i]);
        free(files[i]);
    }
    rf_mem_free(files, cap * sizeof *files);
    return count > 0;
}

bool rf_bench_discover(RfBenchRun *run, const char *path, RfBuf *message)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) {
            rf_buf_printf(message, "Path does not exist: %s", path);
        } else {
            rf_buf_printf(message, "Cannot read %s: %s", path, rf_source_os_error(errno));
        }
        return false;
    }
    if (S_ISDIR(info.st_mode)) {
        return add_directory(run, path, message);
    }
    add(run, path);
    return true;
}

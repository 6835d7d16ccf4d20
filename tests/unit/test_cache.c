/* The code cache: round trips, every kind of damage, directories that cannot be trusted or written to, full disks, several
 * processes at once, eviction, removal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sha256.h"
#include "jit/cache.h"
#include "jit/cache_entry.h"
#include "jit/cpu.h"

static char top[64]; /* a fresh directory for each test */
static char key[RF_KEY_SIZE];
static const char object[] = "\177ELF and so on: the object";

static int set_up(void **state)
{
    (void)state;
    strcpy(top, "/tmp/ruff-cache-XXXXXX");
    rf_cache_key("job", 3, key);
    return mkdtemp(top) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info, (void)kind, (void)place;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    umount2(top, MNT_DETACH);
    return nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A path below the test's directory. */
static const char *under(const char *format, ...)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    int len = snprintf(path, sizeof paths[0], "%s/", top);
    va_list args;
    va_start(args, format);
    vsnprintf(path + len, sizeof paths[0] - (size_t)len, format, args);
    va_end(args);
    return path;
}

static const char *entry_path(const char *of_key)
{
    return under("c/%s/%s.so", rf_cache_build_id(), of_key);
}

static RfCache *open_cache(void)
{
    return rf_cache_open(under("c"), 1);
}

static int memory_file(const void *data, size_t size)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, size), size);
    return fd;
}

static bool store(RfCache *cache, const char *to_key, const void *data, size_t size)
{
    int fd = memory_file(data, size);
    bool stored = rf_cache_store(cache, to_key, "f", fd, size);
    close(fd);
    return stored;
}

static RfCache *cache_with_entry(void)
{
    RfCache *cache = open_cache();
    assert_true(store(cache, key, object, sizeof object));
    return cache;
}

static void expect_object(RfCache *cache)
{
    RfReason reason = RF_REASON_COUNT;
    int fd = rf_cache_load(cache, key, &reason);
    assert_int_equal(reason, RF_REASON_NONE);
    assert_true(fd >= 0);
    char data[sizeof object + 1];
    assert_int_equal(pread(fd, data, sizeof data, 0), sizeof object);
    assert_memory_equal(data, object, sizeof object);
    close(fd);
}

static RfReason refused(RfCache *cache)
{
    RfReason reason = RF_REASON_COUNT;
    assert_int_equal(rf_cache_load(cache, key, &reason), -1);
    return reason;
}

static size_t entries(RfCache *cache, bool verify, RfReason *bad)
{
    size_t count;
    RfCacheItem *items = rf_cache_items(cache, verify, &count);
    if (count > 0) {
        *bad = items[0].bad;
    }
    rf_mem_free(items, count * sizeof *items);
    return count;
}

/* All files below the directory of the build, temporary ones too. */
static int files_left(void)
{
    char command[700];
    snprintf(command, sizeof command, "find %s/c -type f 2>/dev/null | wc -l", top);
    FILE *pipe = popen(command, "r");
    int count = -1;
    assert_int_equal(fscanf(pipe, "%d", &count), 1);
    pclose(pipe);
    return count;
}

static uint8_t *read_entry(size_t *size)
{
    static uint8_t data[4096];
    FILE *file = fopen(entry_path(key), "r");
    assert_non_null(file);
    *size = fread(data, 1, sizeof data, file);
    fclose(file);
    return data;
}

static void write_entry(const void *data, size_t size)
{
    FILE *file = fopen(entry_path(key), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* ---- what works ---- */

static void round_trip(void **state)
{
    (void)state;
    umask(0);
    int64_t live = rf_mem_live_bytes();
    RfCache *cache = rf_cache_open(under("a/b/c"), 1);
    assert_true(rf_cache_enabled(cache));
    assert_string_equal(rf_cache_directory(cache), under("a/b/c"));
    assert_int_equal(refused(cache), RF_REASON_NONE);
    assert_int_not_equal(access(under("a"), F_OK), 0); /* nothing before the first store */
    assert_true(store(cache, key, object, sizeof object));
    expect_object(cache);
    struct stat info;
    static const char *const made[] = {"a", "a/b", "a/b/c"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(stat(under("%s", made[i]), &info), 0);
        assert_int_equal(info.st_mode & 07777, 0700);
    }
    assert_int_equal(stat(under("a/b/c/%s", rf_cache_build_id()), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);
    assert_int_equal(stat(under("a/b/c/%s/%s.so", rf_cache_build_id(), key), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    rf_cache_close(cache);
    assert_int_equal(rf_mem_live_bytes(), live);
}

static void the_object_is_sealed(void **state)
{
    (void)state;
    RfCache *cache = cache_with_entry();
    RfReason reason;
    int fd = rf_cache_load(cache, key, &reason);
    assert_int_equal(write(fd, "x", 1), -1);
    assert_int_equal(ftruncate(fd, 0), -1);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    rf_cache_close(cache);
}

static void storing_again_replaces(void **state)
{
    (void)state;
    RfCache *cache = open_cache();
    assert_true(store(cache, key, "old", 3));
    assert_true(store(cache, key, object, sizeof object));
    expect_object(cache);
    assert_int_equal(files_left(), 1);
    rf_cache_close(cache);
}

static void keys(void **state)
{
    (void)state;
    char a[RF_KEY_SIZE], b[RF_KEY_SIZE];
    rf_cache_key("job", 3, a);
    assert_string_equal(a, key);
    assert_int_equal(strspn(a, "0123456789abcdef"), 64);
    rf_cache_key("jo", 2, b);
    assert_string_not_equal(a, b);
    rf_cache_key("job\0", 4, b);
    assert_string_not_equal(a, b);
}

static void build_and_cpu(void **state)
{
    (void)state;
    RfBuildIdSearch note = {.use_note = true}, code = {.use_note = false};
    rf_build_id_find(&note);
    rf_build_id_find(&code);
    assert_string_equal(note.id, rf_cache_build_id());
    assert_true(strlen(note.id) >= 16);
    assert_int_equal(strlen(code.id), 64);
    assert_string_not_equal(note.id, code.id);
#if defined(__x86_64__)
    assert_int_equal(strncmp(rf_cpu_level(), "x86-64", 6), 0);
    assert_int_equal(strncmp(rf_cpu_features(), rf_cpu_level(), strlen(rf_cpu_level())), 0);
#else
    assert_string_equal(rf_cpu_level(), "");
#endif
    assert_true(strlen(rf_cpu_features()) > 0);
}

static void limits_from_text(void **state)
{
    (void)state;
    assert_int_equal(rf_cache_limit_mb(NULL), 256);
    assert_int_equal(rf_cache_limit_mb(""), 256);
    assert_int_equal(rf_cache_limit_mb("x"), 256);
    assert_int_equal(rf_cache_limit_mb("12x"), 256);
    assert_int_equal(rf_cache_limit_mb("-1"), 256);
    assert_int_equal(rf_cache_limit_mb("0"), 0);
    assert_int_equal(rf_cache_limit_mb("12"), 12);
}

/* ---- damage ---- */

static void every_truncation(void **state)
{
    (void)state;
    RfCache *cache = cache_with_entry();
    size_t size;
    uint8_t *data = read_entry(&size);
    for (size_t len = 0; len < size; len++) {
        assert_int_equal(truncate(entry_path(key), (off_t)len), 0);
        assert_int_equal(refused(cache), RF_REASON_TRUNCATED);
        RfReason bad = RF_REASON_NONE;
        assert_int_equal(entries(cache, true, &bad), 1);
        assert_int_equal(bad, RF_REASON_TRUNCATED);
        write_entry(data, size);
    }
    expect_object(cache);
    data[size] = 0;
    write_entry(data, size + 1);
    assert_int_equal(refused(cache), RF_REASON_CHECKSUM);
    rf_cache_close(cache);
}

static void every_flipped_byte(void **state)
{
    (void)state;
    RfCache *cache = cache_with_entry();
    size_t size;
    uint8_t *data = read_entry(&size);
    for (size_t i = 0; i < size; i++) {
        data[i] ^= 0x41;
        write_entry(data, size);
        RfReason reason = refused(cache), bad = RF_REASON_NONE;
        assert_int_not_equal(reason, RF_REASON_NONE);
        if (i >= offsetof(RfEntryHeader, name)) {
            assert_int_equal(reason, RF_REASON_CHECKSUM);
        }
        entries(cache, true, &bad);
        assert_int_equal(bad, reason);
        data[i] ^= 0x41;
    }
    write_entry(data, size);
    expect_object(cache);
    rf_cache_close(cache);
}

/* Changes a byte of the entry and gives it a digest that fits. */
static void forge(size_t at, char value)
{
    size_t size;
    uint8_t *data = read_entry(&size);
    data[at] = (uint8_t)value;
    RfSha256 hash;
    rf_sha256_init(&hash);
    rf_sha256_add(&hash, data, offsetof(RfEntryHeader, digest));
    rf_sha256_add(&hash, data + sizeof(RfEntryHeader), size - sizeof(RfEntryHeader));
    rf_sha256_end(&hash, data + offsetof(RfEntryHeader, digest));
    write_entry(data, size);
}

static void entries_of_others(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        RfReason reason, bad; /* when loaded; when verified */
        bool stale;
    } cases[] = {
        {offsetof(RfEntryHeader, name), RF_REASON_NONE, RF_REASON_NONE, false},
        {offsetof(RfEntryHeader, magic), RF_REASON_VERSION, RF_REASON_VERSION, false},
        {offsetof(RfEntryHeader, format), RF_REASON_VERSION, RF_REASON_VERSION, false},
        {offsetof(RfEntryHeader, build), RF_REASON_VERSION, RF_REASON_VERSION, false},
        {offsetof(RfEntryHeader, key), RF_REASON_VERSION, RF_REASON_VERSION, false},
        {offsetof(RfEntryHeader, cpu), RF_REASON_CPU, RF_REASON_NONE, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        RfCache *cache = cache_with_entry();
        forge(cases[i].at, 'Z');
        if (cases[i].reason == RF_REASON_NONE) {
            expect_object(cache);
        } else {
            assert_int_equal(refused(cache), cases[i].reason);
        }
        size_t count;
        RfCacheItem *items = rf_cache_items(cache, true, &count);
        assert_int_equal(count, 1);
        assert_int_equal(items->bad, cases[i].bad);
        assert_int_equal(items->stale, cases[i].stale);
        rf_mem_free(items, sizeof *items);
        rf_cache_close(cache);
    }
}

static void files_of_doubtful_origin(void **state)
{
    (void)state;
    RfCache *cache = cache_with_entry();
    static const mode_t modes[] = {0620, 0602, 0666};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(chmod(entry_path(key), modes[i]), 0);
        assert_int_equal(refused(cache), RF_REASON_CHECKSUM);
    }
    assert_int_equal(chmod(entry_path(key), 0644), 0);
    expect_object(cache);
    if (geteuid() == 0) {
        assert_int_equal(chown(entry_path(key), 65534, 0), 0);
        assert_int_equal(refused(cache), RF_REASON_CHECKSUM);
        assert_int_equal(chown(entry_path(key), 0, 0), 0);
    }
    assert_int_equal(rename(entry_path(key), under("moved")), 0);
    assert_int_equal(symlink(under("moved"), entry_path(key)), 0);
    assert_int_equal(refused(cache), RF_REASON_CHECKSUM);
    assert_int_equal(unlink(entry_path(key)), 0);
    assert_int_equal(mkfifo(entry_path(key), 0600), 0);
    assert_int_equal(refused(cache), RF_REASON_CHECKSUM);
    RfReason bad = RF_REASON_NONE;
    assert_int_equal(entries(cache, true, &bad), 1);
    assert_int_equal(bad, RF_REASON_CHECKSUM);
    assert_true(store(cache, key, object, sizeof object)); /* takes the place of whatever is there */
    expect_object(cache);
    assert_int_equal(unlink(entry_path(key)), 0);
    assert_int_equal(mkdir(entry_path(key), 0700), 0);
    assert_int_equal(refused(cache), RF_REASON_CHECKSUM);
    assert_false(store(cache, key, object, sizeof object));
    assert_int_equal(files_left(), 0);
    rf_cache_close(cache);
}

static void directories_of_doubtful_origin(void **state)
{
    (void)state;
    RfCache *cache = cache_with_entry();
    char build[100];
    snprintf(build, sizeof build, "c/%s", rf_cache_build_id());
    const char *folders[] = {"c", build};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(chmod(under("%s", folders[i]), 0770), 0);
        assert_int_equal(refused(cache), RF_REASON_NONE);
        assert_false(store(cache, key, object, sizeof object));
        RfCache *other = open_cache();
        assert_int_equal(rf_cache_enabled(other), i == 1);
        rf_cache_close(other);
        assert_int_equal(chmod(under("%s", folders[i]), 0700), 0);
        expect_object(cache);
    }
    assert_int_equal(rename(under("%s", folders[1]), under("moved")), 0);
    assert_int_equal(symlink(under("moved"), under("%s", folders[1])), 0);
    assert_int_equal(refused(cache), RF_REASON_NONE);
    assert_false(store(cache, key, object, sizeof object));
    rf_cache_close(cache);
}

/* ---- places ---- */

static void expect_directory(const char *setting, const char *want)
{
    RfCache *cache = rf_cache_open(setting, 1);
    assert_string_equal(rf_cache_directory(cache), want);
    assert_int_equal(rf_cache_enabled(cache), strcmp(want, "off") != 0);
    if (!rf_cache_enabled(cache)) {
        size_t count = 7, failed = 7;
        uint64_t bytes = 7;
        assert_int_equal(refused(cache), RF_REASON_NONE);
        assert_false(store(cache, key, object, sizeof object));
        assert_null(rf_cache_items(cache, true, &count));
        assert_int_equal(rf_cache_remove(cache, false, &bytes, &failed), 0);
        assert_int_equal(count + bytes + failed, 0);
    }
    rf_cache_close(cache);
}

static void places(void **state)
{
    (void)state;
    char *home = getenv("HOME") ? strdup(getenv("HOME")) : NULL, *here = getcwd(NULL, 0);
    unsetenv("HOME");
    unsetenv("XDG_CACHE_HOME");
    expect_directory(NULL, "off");
    expect_directory("", "off");
    setenv("HOME", top, 1);
    expect_directory(NULL, under(".cache/ruff/jit"));
    setenv("XDG_CACHE_HOME", "relative", 1);
    expect_directory(NULL, under(".cache/ruff/jit"));
    setenv("XDG_CACHE_HOME", under("x"), 1);
    expect_directory(NULL, under("x/ruff/jit"));
    expect_directory("off", "off");
    assert_int_equal(chdir(top), 0);
    expect_directory("mine", under("mine"));
    assert_int_equal(chdir("/"), 0);
    expect_directory(under("mine///"), under("mine"));
    int fd = open(under("file"), O_CREAT | O_WRONLY, 0600);
    close(fd);
    expect_directory(under("file"), "off");
    expect_directory(under("file/below"), "off");
    expect_directory("/dev/null", "off");
    assert_int_equal(chdir(here), 0);
    free(here);
    unsetenv("XDG_CACHE_HOME");
    if (home) {
        setenv("HOME", home, 1);
    }
    free(home);
}

static void mount_small(unsigned long flags, const char *options)
{
    if (mount("none", top, "tmpfs", flags, options) != 0) {
        skip(); /* needs to be root, and not in a container without rights */
    }
}

static void a_read_only_directory(void **state)
{
    (void)state;
    mount_small(0, "size=1m,mode=700");
    RfCache *cache = cache_with_entry();
    assert_int_equal(mount("none", top, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    expect_object(cache);
    assert_false(store(cache, key, "x", 1));
    uint64_t bytes;
    size_t failed;
    assert_int_equal(rf_cache_remove(cache, false, &bytes, &failed), 0);
    assert_int_equal(failed, 1);
    rf_cache_close(cache);
    cache = rf_cache_open(under("new"), 1);
    assert_false(rf_cache_enabled(cache));
    rf_cache_close(cache);
}

static void a_full_disk(void **state)
{
    (void)state;
    mount_small(0, "size=64k,mode=700");
    RfCache *cache = cache_with_entry();
    static char big[100000];
    char other[RF_KEY_SIZE];
    rf_cache_key("big", 3, other);
    assert_false(store(cache, other, big, sizeof big));
    assert_int_equal(files_left(), 1);
    expect_object(cache);
    rf_cache_close(cache);
}

/* Writing over this limit would kill the process. */
static void the_file_size_limit(void **state)
{
    (void)state;
    RfCache *cache = cache_with_entry();
    static char big[8192];
    int fd = memory_file(big, sizeof big);
    struct rlimit before, low;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    low = before;
    low.rlim_cur = 4096;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    bool stored = rf_cache_store(cache, key, "f", fd, sizeof big);
    low.rlim_cur = 1;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    RfReason reason;
    int loaded = rf_cache_load(cache, key, &reason);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(stored);
    assert_int_equal(loaded, -1);
    assert_int_equal(reason, RF_REASON_NONE);
    assert_int_equal(files_left(), 1);
    expect_object(cache);
    close(fd);
    rf_cache_close(cache);
}

static void objects_that_are_none(void **state)
{
    (void)state;
    RfCache *cache = open_cache();
    static char big[1 << 20];
    assert_false(store(cache, key, big, sizeof big)); /* with its header over the limit */
    int fd = memory_file("abc", 3);
    assert_false(rf_cache_store(cache, key, "f", fd, 4));
    assert_false(rf_cache_store(cache, key, "f", fd, 0));
    close(fd);
    assert_false(rf_cache_store(cache, key, "f", -1, 4));
    assert_false(rf_cache_store(cache, "short", "f", fd, 4));
    assert_int_equal(files_left(), 0);
    rf_cache_close(cache);
}

/* ---- several at once ---- */

static void several_processes(void **state)
{
    (void)state;
    enum { WRITERS = 3, ROUNDS = 60, SIZE = 20000 };
    static char data[SIZE];
    pid_t children[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            RfCache *cache = open_cache();
            bool ok = true;
            memset(data, 'a' + i, SIZE);
            for (int round = 0; round < ROUNDS; round++) {
                ok = store(cache, key, data, SIZE) && ok;
            }
            _exit(ok ? 0 : 1);
        }
    }
    RfCache *cache = open_cache();
    int running = WRITERS;
    while (running > 0) {
        RfReason reason;
        int fd = rf_cache_load(cache, key, &reason);
        assert_int_equal(reason, RF_REASON_NONE);
        if (fd >= 0) {
            assert_int_equal(pread(fd, data, SIZE, 0), SIZE);
            assert_true(data[0] >= 'a' && data[0] < 'a' + WRITERS && memcmp(data, data + 1, SIZE - 1) == 0);
            close(fd);
        }
        int status;
        if (waitpid(-1, &status, WNOHANG) > 0) {
            assert_int_equal(status, 0);
            running--;
        }
    }
    assert_int_equal(files_left(), 1);
    rf_cache_close(cache);
}

static void storing_while_another_clears(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        RfCache *cache = open_cache();
        for (int i = 0; i < 200; i++) {
            store(cache, key, object, sizeof object);
        }
        _exit(0);
    }
    RfCache *cache = open_cache();
    int status = -1;
    while (waitpid(child, &status, WNOHANG) == 0) {
        uint64_t bytes;
        size_t failed;
        RfReason bad = RF_REASON_NONE;
        rf_cache_remove(cache, false, &bytes, &failed);
        assert_int_equal(failed, 0);
        entries(cache, true, &bad);
        assert_int_equal(bad, RF_REASON_NONE);
    }
    assert_int_equal(status, 0);
    rf_cache_close(cache);
}

/* ---- limits and removal ---- */

static void number_key(char out[RF_KEY_SIZE], int number)
{
    rf_cache_key(&number, sizeof number, out);
}

static void set_age(const char *path, int64_t seconds)
{
    struct timespec times[2] = {{time(NULL) - seconds, 0}, {time(NULL) - seconds, 0}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static bool has(int number)
{
    char k[RF_KEY_SIZE];
    number_key(k, number);
    return access(entry_path(k), F_OK) == 0;
}

static void least_recently_used_goes_first(void **state)
{
    (void)state;
    static char data[300000];
    char k[RF_KEY_SIZE];
    RfCache *cache = open_cache(); /* 1 MB */
    for (int i = 0; i < 3; i++) {
        number_key(k, i);
        assert_true(store(cache, k, data, sizeof data));
        set_age(entry_path(k), 100 - i);
    }
    assert_int_equal(files_left(), 3);
    RfReason reason;
    number_key(k, 0);
    int fd = rf_cache_load(cache, k, &reason); /* number 1 is the oldest now */
    assert_true(fd >= 0);
    close(fd);
    number_key(k, 3);
    assert_true(store(cache, k, data, sizeof data));
    assert_true(has(0) && has(3));
    assert_false(has(1));
    rf_cache_close(cache);
}

static void files_of_other_processes_count(void **state)
{
    (void)state;
    static char data[300000];
    char k[RF_KEY_SIZE];
    for (int i = 0; i < 5; i++) { /* every time as a new process would */
        RfCache *cache = open_cache();
        number_key(k, i);
        assert_true(store(cache, k, data, sizeof data));
        set_age(entry_path(k), 100 - i);
        rf_cache_close(cache);
    }
    assert_false(has(0));
    assert_true(has(4));
    assert_true(files_left() <= 3);
}

static void the_newest_stays(void **state)
{
    (void)state;
    static char data[1000000];
    RfCache *cache = open_cache();
    for (int i = 0; i < 3; i++) {
        char k[RF_KEY_SIZE];
        number_key(k, i);
        assert_true(store(cache, k, data, sizeof data));
        assert_true(has(i));
        assert_int_equal(files_left(), 1);
        set_age(entry_path(k), 100 - i);
    }
    rf_cache_close(cache);
}

static void items(void **state)
{
    (void)state;
    RfCache *cache = open_cache();
    char k[3][RF_KEY_SIZE], long_name[300];
    const char *names[] = {"fib", "a\tb\nc", long_name};
    memset(long_name, 'n', sizeof long_name);
    memcpy(long_name + 126, "\xc3\xa4", 2);
    long_name[299] = '\0';
    for (int i = 0; i < 3; i++) {
        number_key(k[i], i);
        int fd = memory_file(object, sizeof object);
        assert_true(rf_cache_store(cache, k[i], names[i], fd, sizeof object));
        close(fd);
        set_age(entry_path(k[i]), 100 + i);
    }
    size_t count;
    RfCacheItem *list = rf_cache_items(cache, false, &count);
    assert_int_equal(count, 3);
    long_name[126] = '\0';
    names[1] = "a?b?c";
    for (int i = 0; i < 3; i++) {
        assert_string_equal(list[i].key, k[i]);
        assert_string_equal(list[i].name, names[i]);
        assert_int_equal(list[i].bytes, sizeof object + sizeof(RfEntryHeader));
        assert_true(!list[i].stale && list[i].bad == RF_REASON_NONE);
    }
    assert_int_equal(list[0].last_used - list[2].last_used, 2);
    rf_mem_free(list, count * sizeof *list);
    rf_cache_close(cache);
}

static void only_what_is_ours_is_removed(void **state)
{
    (void)state;
    RfCache *cache = cache_with_entry();
    char other[RF_KEY_SIZE];
    number_key(other, 1);
    const char *kept[] = {"c/keep.so", "c/abc", "c/0123456789abcdef/keep", "c/0123456789abcdef/.tmp-new"};
    assert_int_equal(mkdir(under("c/0123456789abcdef"), 0700), 0);
    assert_int_equal(mkdir(under("c/fedcba9876543210"), 0700), 0);
    for (int i = 0; i < 4; i++) {
        close(open(under("%s", kept[i]), O_CREAT | O_WRONLY, 0600));
    }
    close(open(under("c/fedcba9876543210/.tmp-old"), O_CREAT | O_WRONLY, 0600));
    set_age(under("c/fedcba9876543210/.tmp-old"), 7200);
    assert_int_equal(link(entry_path(key), under("c/0123456789abcdef/%s.so", key)), 0);
    assert_int_equal(link(entry_path(key), under("c/fedcba9876543210/%s.so", other)), 0);
    uint64_t bytes;
    size_t failed;
    assert_int_equal(rf_cache_remove(cache, true, &bytes, &failed), 2);
    assert_int_equal(bytes, 2 * (sizeof object + sizeof(RfEntryHeader)));
    assert_int_equal(failed, 0);
    expect_object(cache);
    assert_int_not_equal(access(under("c/fedcba9876543210"), F_OK), 0); /* empty, and so gone */
    for (int i = 0; i < 4; i++) {
        assert_int_equal(access(under("%s", kept[i]), F_OK), 0);
    }
    forge(offsetof(RfEntryHeader, cpu), 'Z');
    assert_int_equal(rf_cache_remove(cache, true, &bytes, &failed), 1);
    assert_true(store(cache, key, object, sizeof object));
    assert_int_equal(rf_cache_remove(cache, false, &bytes, &failed), 1);
    assert_int_equal(refused(cache), RF_REASON_NONE);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(access(under("%s", kept[i]), F_OK), 0);
    }
    rf_cache_close(cache);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(round_trip),
        TEST(the_object_is_sealed),
        TEST(storing_again_replaces),
        TEST(keys),
        TEST(build_and_cpu),
        TEST(limits_from_text),
        TEST(every_truncation),
        TEST(every_flipped_byte),
        TEST(entries_of_others),
        TEST(files_of_doubtful_origin),
        TEST(directories_of_doubtful_origin),
        TEST(places),
        TEST(a_read_only_directory),
        TEST(a_full_disk),
        TEST(the_file_size_limit),
        TEST(objects_that_are_none),
        TEST(several_processes),
        TEST(storing_while_another_clears),
        TEST(least_recently_used_goes_first),
        TEST(files_of_other_processes_count),
        TEST(the_newest_stays),
        TEST(items),
        TEST(only_what_is_ours_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

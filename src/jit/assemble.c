/* Runs `as` and `ld`: see assemble.h. */
#include "jit/assemble.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "jit/link.h"

#define FILE_MAX ((off_t)256 << 20)

bool rf_tool_find(const char *tool, char *name)
{
    const char *path = getenv("PATH");
    while (path != NULL && *path != '\0') {
        size_t len = strcspn(path, ":");
        if (len > 0 && snprintf(name, PATH_MAX, "%.*s/%s", (int)len, path, tool) < PATH_MAX &&
            access(name, X_OK) == 0) {
            return true;
        }
        path += len + (path[len] == ':');
    }
    return false;
}

/* Starts a program of PATH with `input` as its input (-1: none). 0: it could not be started. */
static pid_t start(const char *const *argv, int input)
{
    char name[PATH_MAX];
    pid_t pid = 0;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t all;
    if (!rf_tool_find(argv[0], name)) {
        return 0;
    }
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    if (input >= 0) {
        posix_spawn_file_actions_adddup2(&actions, input, 0);
    }
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigdefault(&attributes, &all);
    int failed = posix_spawn(&pid, name, &actions, &attributes, (char *const *)(uintptr_t)argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed != 0 ? 0 : pid;
}

static bool succeeded(pid_t pid)
{
    int status = 1;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- the assembler ---- */

bool rf_assembler_start(RfAssembler *as, const char *dir, const char *prefix)
{
    static _Atomic uint32_t number; /* not a file that one before is still writing to */
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    snprintf(as->object, sizeof as->object, "%s/%s-%u.o", dir, prefix, (unsigned)atomic_fetch_add(&number, 1));
    const char *const argv[] = {"as",
#ifdef __x86_64__
                                "--64",
#endif
                                "-o", as->object, NULL};
    as->pid = start(argv, ends[0]);
    as->input = ends[1];
    close(ends[0]);
    if (as->pid == 0) {
        close(ends[1]);
    }
    return as->pid != 0;
}

void rf_assembler_stop(RfAssembler *as)
{
    if (as->pid != 0) {
        kill(as->pid, SIGKILL);
        close(as->input);
        (void)succeeded(as->pid);
        unlink(as->object);
        as->pid = 0;
    }
}

/* Contents of a file, of *size bytes (rf_mem); NULL: it cannot be read. */
static uint8_t *read_file(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat info;
    if (fd < 0) {
        return NULL;
    }
    if (fstat(fd, &info) != 0 || info.st_size > FILE_MAX) {
        close(fd);
        return NULL;
    }
    *size = (size_t)info.st_size;
    uint8_t *bytes = rf_mem_alloc(*size);
    size_t done = 0;
    while (done < *size) {
        ssize_t got = read(fd, bytes + done, *size - done);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            break;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    if (done < *size) {
        rf_mem_free(bytes, *size);
        return NULL;
    }
    return bytes;
}

/* SIGPIPE is ignored: a dead reader is an error. */
static bool write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        bytes += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

static bool write_file(const char *path, const RfLinked *linked)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool ok = fd >= 0 && write_all(fd, linked->bytes, linked->size);
    return fd >= 0 && close(fd) == 0 && ok;
}

/* ---- the linker ---- */

/* Size of the machine code in a shared object. */
static uint32_t code_size(const uint8_t *bytes, size_t size)
{
    Elf64_Ehdr h;
    uint64_t total = 0;
    if (size < sizeof h) {
        return 0;
    }
    memcpy(&h, bytes, sizeof h);
    for (unsigned i = 0; i < h.e_shnum && h.e_shoff <= size && (i + 1) * sizeof(Elf64_Shdr) <= size - h.e_shoff; i++) {
        Elf64_Shdr s;
        memcpy(&s, bytes + h.e_shoff + i * sizeof s, sizeof s);
        total += s.sh_flags & SHF_EXECINSTR ? s.sh_size : 0;
    }
    return (uint32_t)total;
}

static bool link_with_ld(const char *object, const char *path, uint32_t *code)
{
    const char *const argv[] = {"ld", "-shared", "-z", "noseparate-code", "-o", path, object, NULL};
    pid_t pid = start(argv, -1);
    size_t size = 0;
    uint8_t *bytes = pid != 0 && succeeded(pid) ? read_file(path, &size) : NULL;
    if (bytes == NULL) {
        return false;
    }
    *code = code_size(bytes, size);
    rf_mem_free(bytes, size);
    return true;
}

static bool link_object(const char *object, const char *path, uint32_t *code)
{
    size_t size;
    uint8_t *bytes = read_file(object, &size);
    if (bytes == NULL) {
        return false;
    }
    RfLinked linked;
    bool known = rf_link(bytes, size, &linked);
    rf_mem_free(bytes, size);
    if (!known) {
        return link_with_ld(object, path, code);
    }
    bool ok = write_file(path, &linked);
    *code = linked.code;
    rf_mem_free(linked.bytes, linked.size);
    return ok;
}

bool rf_assemble(RfAssembler *as, const char *text, const char *path, uint32_t *code)
{
    size_t size;
    if (as->fed != NULL) {
        atomic_store(as->fed, 1);
    }
    uint8_t *bytes = read_file(text, &size);
    unlink(text);
    if (bytes == NULL || as->pid == 0) {
        rf_mem_free(bytes, bytes != NULL ? size : 0);
        rf_assembler_stop(as);
        return false;
    }
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    bool ok = write_all(as->input, bytes, size);
    signal(SIGPIPE, before);
    close(as->input);
    rf_mem_free(bytes, size);
    ok = succeeded(as->pid) && ok;
    as->pid = 0;
    ok = ok && link_object(as->object, path, code);
    unlink(as->object);
    return ok;
}

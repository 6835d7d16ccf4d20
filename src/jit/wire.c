/* Messages with descriptors, sealed memory files, temporary directories: see wire.h. */
#include "jit/wire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Room for more descriptors than are ever sent, so that surplus ones are seen. */
#define RECEIVED_FDS 8

uint64_t rf_wire_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + 1;
}

RfWirePage *rf_wire_map(int fd)
{
    void *page = mmap(NULL, sizeof(RfWirePage), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return page == MAP_FAILED ? NULL : page;
}

RfWirePage *rf_wire_page(int *fd)
{
    *fd = memfd_create("ruff-jit-page", MFD_CLOEXEC);
    RfWirePage *page = *fd >= 0 && ftruncate(*fd, sizeof *page) == 0 ? rf_wire_map(*fd) : NULL;
    if (page == NULL && *fd >= 0) {
        close(*fd);
        *fd = -1;
    }
    return page;
}

int rf_wire_send(int socket, const void *message, size_t size, const int *fds, int nfds, bool wait)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * RF_WIRE_FDS)];
    } control;
    struct iovec part = {(void *)(uintptr_t)message, size};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (nfds > 0) {
        memset(&control, 0, sizeof control);
        header.msg_control = &control;
        header.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)nfds);
        struct cmsghdr *c = CMSG_FIRSTHDR(&header);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)nfds);
        memcpy(CMSG_DATA(c), fds, sizeof(int) * (size_t)nfds);
    }
    for (;;) {
        ssize_t sent = sendmsg(socket, &header, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
        if (sent >= 0) {
            return (size_t)sent == size ? 1 : -1;
        }
        if (errno == EAGAIN || errno == ENOBUFS) {
            return 0;
        }
        if (errno != EINTR) {
            return -1;
        }
    }
}

ptrdiff_t rf_wire_receive(int socket, void *message, size_t size, int fds[RF_WIRE_FDS], int *nfds, bool wait)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * RECEIVED_FDS)];
    } control;
    struct iovec part = {message, size};
    struct msghdr header = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    *nfds = 0;
    ssize_t got;
    do {
        got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return -1;
    }
    bool bad = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); c != NULL; c = CMSG_NXTHDR(&header, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (*nfds < RF_WIRE_FDS) {
                fds[(*nfds)++] = fd;
            } else {
                close(fd);
                bad = true;
            }
        }
    }
    if (bad) {
        while (*nfds > 0) {
            close(fds[--*nfds]);
        }
        errno = EMSGSIZE;
        return -1;
    }
    return got;
}

static int seal(int fd)
{
    if (fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) == 0) {
        return fd;
    }
    close(fd);
    return -1;
}

int rf_wire_memory(const void *data, size_t size)
{
    int fd = memfd_create("ruff-jit", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    const char *at = data;
    while (fd >= 0 && size > 0) {
        ssize_t written = write(fd, at, size);
        if (written > 0) {
            at += written;
            size -= (size_t)written;
        } else if (written == 0 || errno != EINTR) {
            close(fd);
            return -1;
        }
    }
    return fd < 0 ? -1 : seal(fd);
}

int rf_wire_file(const char *path, size_t *size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) {
        return -1;
    }
    int fd = memfd_create("ruff-jit", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    *size = 0;
    while (fd >= 0) {
        ssize_t copied = sendfile(fd, file, NULL, 1u << 20);
        if (copied == 0) {
            break;
        }
        if (copied > 0) {
            *size += (size_t)copied;
        } else if (errno != EINTR) {
            close(fd);
            fd = -1;
        }
    }
    close(file);
    return fd < 0 ? -1 : seal(fd);
}

bool rf_wire_sealed(int fd, uint64_t size)
{
    struct stat info;
    int seals = fcntl(fd, F_GET_SEALS);
    return seals >= 0 && (seals & SEALS) == SEALS && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
           (uint64_t)info.st_size == size;
}

char *rf_wire_read(int fd, size_t size)
{
    char *data = malloc(size + 1);
    size_t done = 0;
    while (data != NULL && done < size) {
        ssize_t got = pread(fd, data + done, size - done, (off_t)done);
        if (got > 0) {
            done += (size_t)got;
        } else if (got == 0 || errno != EINTR) {
            free(data);
            return NULL;
        }
    }
    if (data != NULL) {
        data[size] = '\0';
    }
    return data;
}

/* Empties the directory open at fd (and closes it). */
static void empty(int fd, int depth)
{
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        close(fd);
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
            continue;
        }
        if (unlinkat(fd, name, 0) == 0 || depth == 0) {
            continue;
        }
        int inner = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner >= 0) {
            empty(inner, depth - 1);
            unlinkat(fd, name, AT_REMOVEDIR);
        }
    }
    closedir(dir);
}

void rf_wire_remove(const char *dir)
{
    /* A killed compiler may be in the middle of creating one last file. */
    for (int attempt = 0; attempt < 20 && rmdir(dir) != 0; attempt++) {
        int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0) {
            return;
        }
        if (attempt > 1) {
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
        empty(fd, 16);
    }
}

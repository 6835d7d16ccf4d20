/* Objects compiled lately, for programs with many tasks: each task has a VM of its own, which wants the same functions. The
 * code cache does this across programs; here it is done when that is off. Per process, under one lock. */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "jit/policy.h"

#define RECENT 32

static struct {
    pthread_mutex_t lock;
    uint32_t next;
    struct {
        char key[RF_KEY_SIZE]; /* "": free */
        int fd;
        size_t size;
    } items[RECENT];
} recent = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* A memory file with the same contents: each VM loads its own (rf_image_open). */
static int copy(int from, size_t size)
{
    int fd = memfd_create("ruff-jit", MFD_CLOEXEC);
    off_t at = 0;
    while (fd >= 0 && (size_t)at < size) {
        if (sendfile(fd, from, &at, size - (size_t)at) <= 0) {
            close(fd);
            return -1;
        }
    }
    return fd;
}

void rf_recent_put(const char *key, int fd, size_t size)
{
    pthread_mutex_lock(&recent.lock);
    uint32_t i = recent.next++ % RECENT;
    if (recent.items[i].key[0]) {
        close(recent.items[i].fd);
        recent.items[i].key[0] = '\0';
    }
    recent.items[i].fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (recent.items[i].fd >= 0) {
        memcpy(recent.items[i].key, key, RF_KEY_SIZE);
        recent.items[i].size = size;
    }
    pthread_mutex_unlock(&recent.lock);
}

int rf_recent_get(const char *key)
{
    int fd = -1;
    pthread_mutex_lock(&recent.lock);
    for (uint32_t i = 0; i < RECENT && fd < 0; i++) {
        if (strcmp(recent.items[i].key, key) == 0) {
            fd = copy(recent.items[i].fd, recent.items[i].size);
        }
    }
    pthread_mutex_unlock(&recent.lock);
    return fd;
}

void rf_recent_clear(void)
{
    pthread_mutex_lock(&recent.lock);
    for (uint32_t i = 0; i < RECENT; i++) {
        if (recent.items[i].key[0]) {
            close(recent.items[i].fd);
            recent.items[i].key[0] = '\0';
        }
    }
    pthread_mutex_unlock(&recent.lock);
}

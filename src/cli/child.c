/* Runs copies of this executable and gathers what they print.
 *
 * A child is over when its process has ended: what it wrote until then is read, and pipes that grandchildren still hold
 * open are not waited for. */
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

extern char **environ;

double rf_child_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static int spawn(RfChild *child, const char *const *argv, int in, int out, int err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    if (child->leads_group) {
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    }
    if (in >= 0) {
        posix_spawn_file_actions_adddup2(&actions, in, 0);
    } else {
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    }
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawn_file_actions_adddup2(&actions, err, 2);
    int code =
        posix_spawn(&child->pid, "/proc/self/exe", &actions, &attributes, (char *const *)(const void *)argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

static void kill_child(const RfChild *child)
{
    kill(child->leads_group ? -child->pid : child->pid, SIGKILL);
}

bool rf_child_start(RfChild *child, const char *const *argv, int stdin_fd, double seconds)
{
    *child = (RfChild){.exit_fd = -1, .out_fd = -1, .err_fd = -1};
    int out[2] = {-1, -1}, err[2] = {-1, -1};
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) {
        int code = errno;
        close_fd(&out[0]);
        close_fd(&out[1]);
        errno = code;
        return false;
    }
    child->leads_group = seconds > 0;
    child->started = rf_child_clock();
    child->deadline = seconds > 0 ? child->started + seconds : 0;
    int code = spawn(child, argv, stdin_fd, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    child->out_fd = out[0];
    child->err_fd = err[0];
    if (code == 0) {
        fcntl(out[0], F_SETFL, O_NONBLOCK);
        fcntl(err[0], F_SETFL, O_NONBLOCK);
        child->exit_fd = pidfd_open(child->pid, 0);
        if (child->exit_fd >= 0) {
            return true;
        }
        code = errno;
        kill_child(child);
        waitpid(child->pid, NULL, 0);
    }
    close_fd(&child->out_fd);
    close_fd(&child->err_fd);
    errno = code;
    return false;
}

/* Reads what is there; closes the pipe at its end. */
static void drain(int *fd, RfBuf *into)
{
    while (*fd >= 0) {
        rf_buf_reserve(into, 4096);
        ssize_t n = read(*fd, into->data + into->len, into->cap - into->len);
        if (n > 0) {
            into->len += (size_t)n;
        } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
            close_fd(fd);
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

static void reap(RfChild *child)
{
    while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR) {
    }
    child->ended = rf_child_clock();
    drain(&child->out_fd, &child->out);
    drain(&child->err_fd, &child->err);
    close_fd(&child->out_fd);
    close_fd(&child->err_fd);
    close_fd(&child->exit_fd);
    child->done = true;
}

/* Milliseconds until the first deadline; -1 when there is none. Kills children whose time is up. */
static int enforce_deadlines(RfChild *const *children, size_t count)
{
    double now = rf_child_clock(), first = 0;
    for (size_t i = 0; i < count; i++) {
        RfChild *child = children[i];
        if (child == NULL || child->done || child->deadline == 0 || child->timed_out) {
            continue;
        }
        if (now >= child->deadline) {
            child->timed_out = true;
            kill_child(child);
        } else if (first == 0 || child->deadline < first) {
            first = child->deadline;
        }
    }
    return first == 0 ? -1 : (int)((first - now) * 1000) + 1;
}

void rf_child_wait(RfChild *const *children, size_t count)
{
    size_t size = sizeof(struct pollfd) * 3 * count;
    struct pollfd *fds = rf_mem_alloc(size);
    for (bool ended = false; !ended;) {
        int timeout = enforce_deadlines(children, count);
        size_t running = 0;
        for (size_t i = 0; i < count; i++) {
            RfChild *child = children[i];
            bool alive = child != NULL && !child->done;
            fds[3 * i] = (struct pollfd){alive ? child->out_fd : -1, POLLIN, 0};
            fds[3 * i + 1] = (struct pollfd){alive ? child->err_fd : -1, POLLIN, 0};
            fds[3 * i + 2] = (struct pollfd){alive ? child->exit_fd : -1, POLLIN, 0};
            running += alive;
        }
        if (running == 0) {
            break;
        }
        if (poll(fds, 3 * count, timeout) < 0) {
            break; /* a signal: the caller looks what it was */
        }
        for (size_t i = 0; i < count; i++) {
            if (fds[3 * i].revents) {
                drain(&children[i]->out_fd, &children[i]->out);
            }
            if (fds[3 * i + 1].revents) {
                drain(&children[i]->err_fd, &children[i]->err);
            }
            if (fds[3 * i + 2].revents) {
                reap(children[i]);
                ended = true;
            }
        }
    }
    rf_mem_free(fds, size);
}

void rf_child_kill(RfChild *const *children, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (children[i] != NULL && !children[i]->done) {
            kill_child(children[i]);
            reap(children[i]);
        }
    }
}

void rf_child_free(RfChild *child)
{
    rf_buf_free(&child->out);
    rf_buf_free(&child->err);
}

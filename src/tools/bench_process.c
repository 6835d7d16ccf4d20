/* Starting, reading and ending processes.
 *
 * Signals come in on whatever thread: their handler writes to a descriptor that poll() looks at. A process that has ended is
 * reaped at once, and the rest of its group killed with it. */
#include "tools/bench_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

extern char **environ;

#define CHILD_FD 3
#define ERROR_LINE_MAX 4096

double rf_bench_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- signals ---- */

static volatile sig_atomic_t caught;
static int wake_fd = -1;

static void on_signal(int number)
{
    int code = errno;
    uint64_t one = 1;
    caught = number;
    ssize_t written = write(wake_fd, &one, sizeof one);
    (void)written;
    errno = code;
}

void rf_bench_catch_signals(void)
{
    wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int rf_bench_interrupted(void)
{
    return caught;
}

/* ---- starting ---- */

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

/* The environment with another code cache: an array for free(), its strings borrowed from `setting` and the real one. */
static char **environment_with(char *setting)
{
    size_t n = 0, count = 0;
    while (environ[n]) {
        n++;
    }
    char **all = malloc((n + 2) * sizeof *all);
    if (!all) {
        rf_mem_exhausted(n * sizeof *all);
    }
    for (size_t i = 0; i < n; i++) {
        if (strncmp(environ[i], "RUFF_JIT_CACHE=", 15) != 0) {
            all[count++] = environ[i];
        }
    }
    all[count++] = setting;
    all[count] = NULL;
    return all;
}

/* in: what becomes standard output, or CHILD_FD. 0 or an errno value. */
static int spawn(RfBenchChild *child, const char *const *argv, int in, const char *cache)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (child->records) {
        posix_spawn_file_actions_adddup2(&actions, in, CHILD_FD);
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    } else {
        posix_spawn_file_actions_adddup2(&actions, in, STDOUT_FILENO);
    }
    if (child->err_fd >= 0) {
        posix_spawn_file_actions_adddup2(&actions, child->err_fd, STDERR_FILENO);
    }
    RfBuf setting = RF_BUF_INIT;
    char **env = environ;
    if (cache) {
        rf_buf_printf(&setting, "RUFF_JIT_CACHE=%s", cache);
        rf_buf_cstr(&setting);
        env = environment_with(setting.data);
    }
    bool self = strcmp(argv[0], "ruff") == 0;
    char *const *words = (char *const *)(const void *)argv;
    int code = self ? posix_spawn(&child->pid, "/proc/self/exe", &actions, &attributes, words, env)
                    : posix_spawnp(&child->pid, argv[0], &actions, &attributes, words, env);
    if (cache) {
        free(env);
    }
    rf_buf_free(&setting);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

/* Chatter that the user asked for goes where it would go without us. */
static bool wants_stderr(void)
{
    const char *debug = getenv("DEBUG_JIT");
    return debug && *debug && strcmp(debug, "0") != 0;
}

static void prepare(RfBenchChild *child, bool records, double seconds)
{
    *child = (RfBenchChild){.fd = -1, .exit_fd = -1, .err_fd = -1, .records = records};
    if (!records || !wants_stderr()) {
        child->err_fd = memfd_create("stderr", MFD_CLOEXEC);
    }
    child->started = rf_bench_clock();
    child->deadline = seconds > 0 ? child->started + seconds : 0;
}

/* Takes both ends: ours[0] stays, ours[1] goes. */
static bool start(RfBenchChild *child, const char *const *argv, const int ends[2], const char *cache)
{
    int code = spawn(child, argv, ends[1], cache);
    close(ends[1]);
    child->fd = ends[0];
    if (code == 0) {
        child->exit_fd = pidfd_open(child->pid, 0);
        if (child->exit_fd >= 0) {
            fcntl(child->fd, F_SETFL, O_NONBLOCK);
            return true;
        }
        code = errno;
        kill(-child->pid, SIGKILL);
        waitpid(child->pid, NULL, 0);
    }
    close_fd(&child->fd);
    close_fd(&child->err_fd);
    errno = code;
    return false;
}

static bool send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0 && errno != EINTR) {
            return false;
        }
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        }
    }
    return true;
}

bool rf_bench_child_start(RfBenchChild *child, RfBenchOrder *order, const char *const *words, const char *cache,
                          double seconds)
{
    int ends[2];
    prepare(child, true, seconds);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        int code = errno;
        close_fd(&child->err_fd);
        errno = code;
        return false;
    }
    RfBuf text = RF_BUF_INIT, message = RF_BUF_INIT;
    for (uint32_t i = 0; i < 2 + order->arg_count; i++) {
        rf_buf_put(&text, words[i], strlen(words[i]) + 1);
    }
    order->text_len = (uint32_t)text.len;
    order->started = (uint64_t)(child->started * 1e9);
    rf_buf_put(&message, order, sizeof *order);
    rf_buf_put(&message, text.data, text.len);
    static const char *const argv[] = {"ruff", "--bench-child", "3", NULL};
    int sender = ends[0];
    bool ok = start(child, argv, ends, cache);
    if (ok) { /* a child that is gone shows when it is waited for */
        fcntl(sender, F_SETFL, 0);
        send_all(sender, message.data, message.len);
        shutdown(sender, SHUT_WR);
        fcntl(sender, F_SETFL, O_NONBLOCK);
    }
    int code = errno;
    rf_buf_free(&text);
    rf_buf_free(&message);
    errno = code;
    return ok;
}

bool rf_bench_child_start_program(RfBenchChild *child, const char *const *argv, const char *cache, bool keep_text,
                                  double seconds)
{
    int ends[2];
    prepare(child, false, seconds);
    rf_bench_output_clear(&child->output, keep_text);
    if (pipe2(ends, O_CLOEXEC) != 0) {
        int code = errno;
        close_fd(&child->err_fd);
        errno = code;
        return false;
    }
    return start(child, argv, ends, cache);
}

/* ---- reading and ending ---- */

/* Reads what is there; closes the descriptor at its end. */
static void drain(RfBenchChild *child)
{
    char piece[65536];
    while (child->fd >= 0) {
        ssize_t n = read(child->fd, piece, sizeof piece);
        if (n > 0 && child->records) {
            rf_buf_put(&child->in, piece, (size_t)n);
        } else if (n > 0) {
            rf_bench_output_add(&child->output, piece, (size_t)n);
        } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
            close_fd(&child->fd);
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

static void reap(RfBenchChild *child)
{
    child->ended = rf_bench_clock();
    kill(-child->pid, SIGKILL); /* what it left behind, such as a compile worker; it has ended itself or is to end */
    while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR) {
    }
    drain(child);
    close_fd(&child->fd);
    close_fd(&child->exit_fd);
    child->done = true;
}

/* Milliseconds until the first deadline; -1 when there is none. Kills those whose time is up. */
static int enforce_deadlines(RfBenchChild *const *children, size_t count)
{
    double now = rf_bench_clock(), first = 0;
    for (size_t i = 0; i < count; i++) {
        RfBenchChild *child = children[i];
        if (child == NULL || child->done || child->deadline == 0 || child->timed_out) {
            continue;
        }
        if (now >= child->deadline) {
            child->timed_out = true;
            kill(-child->pid, SIGKILL);
        } else if (first == 0 || child->deadline < first) {
            first = child->deadline;
        }
    }
    return first == 0 ? -1 : (int)((first - now) * 1000) + 1;
}

bool rf_bench_child_wait(RfBenchChild *const *children, size_t count)
{
    size_t size = sizeof(struct pollfd) * (2 * count + 1);
    struct pollfd *fds = rf_mem_alloc(size);
    bool ended = false;
    while (!ended && !caught) {
        int timeout = enforce_deadlines(children, count);
        size_t running = 0;
        for (size_t i = 0; i < count; i++) {
            RfBenchChild *child = children[i];
            bool alive = child != NULL && !child->done;
            fds[2 * i] = (struct pollfd){alive ? child->fd : -1, POLLIN, 0};
            fds[2 * i + 1] = (struct pollfd){alive ? child->exit_fd : -1, POLLIN, 0};
            running += alive;
        }
        fds[2 * count] = (struct pollfd){wake_fd, POLLIN, 0};
        if (running == 0) {
            break;
        }
        if (poll(fds, 2 * count + 1, timeout) < 0) {
            continue; /* a signal */
        }
        for (size_t i = 0; i < count; i++) {
            if (fds[2 * i].revents) {
                drain(children[i]);
            }
            if (fds[2 * i + 1].revents) {
                reap(children[i]);
                ended = true;
            }
        }
    }
    rf_mem_free(fds, size);
    return !caught;
}

void rf_bench_child_kill(RfBenchChild *const *children, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (children[i] != NULL && children[i]->pid > 0 && !children[i]->done) {
            kill(-children[i]->pid, SIGKILL);
            reap(children[i]);
        }
    }
}

void rf_bench_child_free(RfBenchChild *child)
{
    close_fd(&child->err_fd);
    rf_buf_free(&child->in);
    rf_bench_output_free(&child->output);
}

/* ---- what it said ---- */

bool rf_bench_next_record(const RfBuf *in, size_t *at, RfBenchRecord *record, const char **payload)
{
    if (in->len - *at < sizeof *record) {
        return false;
    }
    memcpy(record, in->data + *at, sizeof *record);
    if (in->len - *at - sizeof *record < record->len) {
        return false;
    }
    *payload = in->data + *at + sizeof *record;
    *at += sizeof *record + record->len;
    return true;
}

void rf_bench_child_error(const RfBenchChild *child, RfBuf *line)
{
    char text[ERROR_LINE_MAX];
    ssize_t n = child->err_fd >= 0 ? pread(child->err_fd, text, sizeof text, 0) : 0;
    const char *end = n > 0 ? memchr(text, '\n', (size_t)n) : NULL;
    rf_buf_put(line, text, end ? (size_t)(end - text) : n > 0 ? (size_t)n : 0);
}

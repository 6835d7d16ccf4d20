/* Starts and ends worker processes: see process.h. */
#include "jit/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

#define NESTED "RUFF_JIT_WORKER" /* in the environment of workers */

static char *copy(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(rf_mem_alloc(size), text, size);
}

/* Scripts may change the environment, on any thread, while a worker is started: so this is done once, at the start. */
static char **copy_environment(void)
{
    size_t count = 0, kept = 0;
    while (environ != NULL && environ[count] != NULL) {
        count++;
    }
    char **env = rf_mem_alloc((count + 2) * sizeof *env);
    for (size_t i = 0; i < count; i++) {
        env[kept++] = copy(environ[i]);
    }
    env[kept++] = copy(NESTED "=1");
    env[kept] = NULL;
    return env;
}

bool rf_process_place(RfProcessPlace *place, const char *program, bool debug)
{
    *place = (RfProcessPlace){.debug = debug};
    place->program = program != NULL ? copy(program) : NULL;
    place->env = copy_environment();
    const char *temporary = getenv("TMPDIR");
    bool usable = temporary != NULL && temporary[0] == '/' && strlen(temporary) < sizeof place->temporary &&
                  access(temporary, W_OK | X_OK) == 0;
    strcpy(place->temporary, usable ? temporary : "/tmp");
    return getenv(NESTED) == NULL;
}

void rf_process_leave(RfProcessPlace *place)
{
    if (place->program != NULL) {
        rf_mem_free(place->program, strlen(place->program) + 1);
    }
    size_t count = 0;
    for (; place->env[count] != NULL; count++) {
        rf_mem_free(place->env[count], strlen(place->env[count]) + 1);
    }
    rf_mem_free(place->env, (count + 1) * sizeof *place->env);
}

static pid_t spawn(const RfProcessPlace *place, int socket)
{
    static const char *const argv[] = {"ruff", "--jit-worker", "3", NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, socket, 3);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    if (!place->debug) {
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    }
    posix_spawn_file_actions_addclosefrom_np(&actions, 4); /* a pipe held open here would never end for its reader */
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    pid_t pid = 0;
    int failed = posix_spawn(&pid, place->program != NULL ? place->program : "/proc/self/exe", &actions, &attributes,
                             (char *const *)(uintptr_t)argv, place->env);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed != 0 ? 0 : pid;
}

bool rf_process_start(RfProcess *process, const RfProcessPlace *place)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return false;
    }
    memset(process, 0, sizeof *process);
    snprintf(process->dir, sizeof process->dir, "%s/ruff-jit-XXXXXX", place->temporary);
    bool made = mkdtemp(process->dir) != NULL;
    process->pid = made ? spawn(place, ends[1]) : 0;
    process->socket = ends[0];
    close(ends[1]);
    if (process->pid == 0) {
        close(ends[0]);
        if (made) {
            rf_wire_remove(process->dir);
        }
        return false;
    }
    return true;
}

void rf_process_kill(const RfProcess *process)
{
    kill(-process->pid, SIGKILL); /* it leads its group, in which assembler and linker are */
    kill(process->pid, SIGKILL);
}

void rf_process_bury(RfProcess *process)
{
    while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    close(process->socket);
    rf_wire_remove(process->dir);
    process->pid = 0;
}

void rf_process_abandon(RfProcess *process, bool kill)
{
    if (kill) {
        rf_process_kill(process);
        rf_wire_remove(process->dir);
    }
    close(process->socket);
    process->pid = 0;
}

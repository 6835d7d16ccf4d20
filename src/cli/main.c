/* The command `ruff`: finds the command of a command line and runs it.
 *
 * Everything happens on one thread with a large stack. SIGPIPE is caught by a handler that does nothing - unlike an
 * ignored signal it does not pass to the programs a script starts - so that a reader that goes away shows as EPIPE,
 * which ends output quietly without changing the exit code. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/version.h"
#include "jit/worker.h"
#include "tools/bench.h"

typedef struct CommandLine {
    int argc;
    char **argv;
} CommandLine;

static int run_command(RfCommandId id, int argc, char *const *argv)
{
    RfArgs args;
    int code = rf_args_parse(&args, id, argc, argv);
    if (code < 0) {
        code = args.command->handler(&args);
    }
    rf_args_free(&args);
    return code;
}

static bool ends_in_ruff(const char *word)
{
    size_t len = strlen(word);
    return len >= 5 && strcmp(word + len - 5, ".ruff") == 0;
}

/* A first word that is no command but looks like a program. */
static bool is_program(const char *word)
{
    struct stat info;
    return ends_in_ruff(word) || strchr(word, '/') != NULL || (stat(word, &info) == 0 && !S_ISDIR(info.st_mode));
}

static int dispatch(void *context)
{
    const CommandLine *line = context;
    char **argv = line->argv;
    int argc = line->argc, at = 1;
    while (at < argc &&
           (strncmp(argv[at], "--color=", 8) == 0 || (strcmp(argv[at], "--color") == 0 && at + 1 < argc))) {
        at += argv[at][7] == '=' ? 1 : 2;
    }
    const char *word = at < argc ? argv[at] : "--help";
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
        rf_help_print(NULL);
        return 0;
    }
    if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0) {
        rf_version_print();
        return 0;
    }
    int command = rf_help_find_command(word);
    if (command >= 0) {
        memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof *argv); /* options before the command belong to it */
        return run_command((RfCommandId)command, argc - 2, argv + 2);
    }
    if (word[0] == '-' || is_program(word)) {
        return run_command(RF_COMMAND_RUN, argc - 1, argv + 1);
    }
    return rf_help_unknown_command(word);
}

static void on_broken_pipe(int signal_number)
{
    (void)signal_number;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--jit-worker") == 0) { /* no command: this process compiles for another ruff */
        return rf_worker_main(atoi(argv[2]));
    }
    if (argc == 3 && strcmp(argv[1], "--bench-child") == 0) { /* likewise: it measures for `ruff bench` */
        return rf_bench_child_main(atoi(argv[2]));
    }
    struct sigaction action = {.sa_handler = on_broken_pipe, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGPIPE, &action, NULL);
    CommandLine line = {argc, argv};
    int code = ruff_on_big_stack(dispatch, &line);
    if (!rf_output_flush()) {
        int failed = rf_output_write_error(errno);
        code = code == 0 ? failed : code;
    }
    return code;
}

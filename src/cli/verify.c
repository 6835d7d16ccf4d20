/* Two children get the same words and the same standard input; stdout, stderr and exit code must be equal. */
#include "cli/verify.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/source.h"
#include "base/mem.h"
#include "cli/child.h"
#include "cli/output.h"

/* The command line of a child: mode flags, the user's options, `--`, the operands. The strings live in `text`'s pieces.
 */
typedef struct Words {
    const char **items;
    size_t count, cap;
    RfBuf *made; /* "--name=value" strings */
    size_t made_count;
} Words;

static void add(Words *words, const char *word)
{
    if (words->count == words->cap) {
        size_t cap = words->cap ? words->cap * 2 : 16;
        words->items = rf_mem_resize(words->items, words->cap * sizeof *words->items, cap * sizeof *words->items);
        words->cap = cap;
    }
    words->items[words->count++] = word;
}

static bool is_mode(RfOptionId option)
{
    return option == RF_OPTION_VERIFY_JIT || option == RF_OPTION_JIT || option == RF_OPTION_NO_JIT ||
           option == RF_OPTION_INTERPRETER || option == RF_OPTION_JIT_THRESHOLD || option == RF_OPTION_COLOR;
}

static Words make_words(const RfArgs *args, const char *mode)
{
    Words words = {.made = rf_mem_zalloc(sizeof(RfBuf) * (size_t)args->use_count),
                   .made_count = (size_t)args->use_count};
    add(&words, "ruff");
    add(&words, "run");
    add(&words, mode);
    add(&words, "--color=never");
    for (int i = 0; i < args->use_count; i++) {
        const RfOptionUse *use = &args->uses[i];
        if (!is_mode(use->option)) {
            rf_buf_printf(&words.made[i], "--%s%s%s", rf_options[use->option].name, use->value ? "=" : "",
                          use->value ? use->value : "");
            add(&words, rf_buf_cstr(&words.made[i]));
        }
    }
    add(&words, "--");
    for (int i = 0; i < args->operand_count; i++) {
        add(&words, args->operands[i]);
    }
    add(&words, NULL);
    return words;
}

static void free_words(Words *words)
{
    for (size_t i = 0; i < words->made_count; i++) {
        rf_buf_free(&words->made[i]);
    }
    rf_mem_free(words->made, sizeof(RfBuf) * words->made_count);
    rf_mem_free(words->items, words->cap * sizeof *words->items);
}

/* Standard input copied into memory, so that both children can read it. A terminal is not read. -1: none. */
static int copy_stdin(void)
{
    if (isatty(STDIN_FILENO)) {
        return -1;
    }
    int fd = memfd_create("stdin", MFD_CLOEXEC);
    char piece[65536];
    ssize_t n;
    while (fd >= 0 && ((n = read(STDIN_FILENO, piece, sizeof piece)) > 0 || (n < 0 && errno == EINTR))) {
        for (ssize_t at = 0; at < n;) {
            ssize_t written = write(fd, piece + at, (size_t)(n - at));
            at += written > 0 ? written : n;
        }
    }
    return fd;
}

static bool run_child(RfChild *child, const RfArgs *args, const char *mode, int stdin_fd)
{
    Words words = make_words(args, mode);
    if (stdin_fd >= 0) {
        lseek(stdin_fd, 0, SEEK_SET);
    }
    bool started = rf_child_start(child, words.items, stdin_fd, 0);
    free_words(&words);
    while (started && !child->done) {
        rf_child_wait(&child, 1);
    }
    return started;
}

static int exit_code(const RfChild *child)
{
    return WIFSIGNALED(child->status) ? 128 + WTERMSIG(child->status) : WEXITSTATUS(child->status);
}

static size_t line_length(const RfBuf *text, size_t at)
{
    const char *end = at < text->len ? memchr(text->data + at, '\n', text->len - at) : NULL;
    return end ? (size_t)(end - text->data) - at : text->len - at;
}

/* Appends the report when the texts differ. */
static bool differs(RfBuf *out, const RfBuf *vm, const RfBuf *jit)
{
    if (vm->len == jit->len && (vm->len == 0 || memcmp(vm->data, jit->data, vm->len) == 0)) {
        return false;
    }
    size_t at = 0, number = 1; /* the line, which starts at the same place in both */
    for (;;) {
        size_t a = line_length(vm, at), b = line_length(jit, at);
        bool more = at + a < vm->len && at + b < jit->len;
        if (!more || a != b || memcmp(vm->data + at, jit->data + at, a) != 0) {
            rf_buf_printf(out, "[RUFVM002] [vm] error: JIT divergence at output line %zu\n", number);
            rf_buf_printf(out, "  vm:  %.*s\n", (int)a, vm->data ? vm->data + at : "");
            rf_buf_printf(out, "  jit: %.*s\n", (int)b, jit->data ? jit->data + at : "");
            return true;
        }
        at += a + 1;
        number++;
    }
}

static int compare(const RfChild *vm, const RfChild *jit)
{
    RfBuf text = RF_BUF_INIT;
    int code = exit_code(vm);
    bool different = differs(&text, &vm->out, &jit->out) || differs(&text, &vm->err, &jit->err);
    if (!different && code != exit_code(jit)) {
        size_t lines = 1;
        for (size_t i = 0; i < vm->out.len; i++) {
            lines += vm->out.data[i] == '\n';
        }
        rf_buf_printf(&text, "[RUFVM002] [vm] error: JIT divergence at output line %zu\n", lines);
        rf_buf_printf(&text, "  vm:  exit code %d\n  jit: exit code %d\n", code, exit_code(jit));
        different = true;
    }
    if (different) {
        rf_buf_puts(&text, "  = help: Please report this with the program.\n");
        rf_output_stderr(&text);
        code = ruff_exit_code(RUFF_ERROR_INTERNAL);
    } else {
        rf_buf_put(rf_output_stdout(), vm->out.data, vm->out.len);
        rf_output_stderr(&vm->err);
    }
    rf_buf_free(&text);
    return code;
}

int rf_verify_run(const RfArgs *args)
{
    int stdin_fd = copy_stdin();
    RfChild vm, jit;
    int code;
    if (!run_child(&vm, args, "--no-jit", stdin_fd)) {
        code = rf_output_cli_error(RUFF_ERROR_INTERNAL, "Cannot start a child process: %s", rf_source_os_error(errno));
    } else {
        if (!run_child(&jit, args, "--jit-threshold=1", stdin_fd)) {
            code =
                rf_output_cli_error(RUFF_ERROR_INTERNAL, "Cannot start a child process: %s", rf_source_os_error(errno));
        } else {
            code = compare(&vm, &jit);
            rf_child_free(&jit);
        }
        rf_child_free(&vm);
    }
    if (stdin_fd >= 0) {
        close(stdin_fd);
    }
    return code;
}

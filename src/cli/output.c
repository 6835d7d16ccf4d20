/* Output of the command line itself. Program output does not pass through here: the VM writes it.
 *
 * A reader that has gone away (EPIPE) is no failure: the rest is dropped quietly, as SIGPIPE is caught by main. */
#include "cli/output.h"

#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "api/render.h"
#include "api/source.h"
#include "cli/colors.h"

static RfBuf collected = RF_BUF_INIT;

RfBuf *rf_output_stdout(void)
{
    return &collected;
}

bool rf_output_write(int fd, const RfBuf *text)
{
    const char *bytes = text->data;
    size_t len = text->len;
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno != EINTR) {
            return errno == EPIPE;
        }
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        }
    }
    return true;
}

bool rf_output_flush(void)
{
    bool written = rf_output_write(STDOUT_FILENO, &collected);
    rf_buf_free(&collected);
    return written;
}

void rf_output_stderr(const RfBuf *text)
{
    rf_output_flush();
    rf_output_write(STDERR_FILENO, text);
}

int rf_output_error(const RuffError *error)
{
    static bool separate; /* the block before did not end with an empty line */
    RfBuf text = RF_BUF_INIT;
    if (separate) {
        rf_buf_putc(&text, '\n');
    }
    rf_render_human(&text, error, rf_colors_wanted(STDERR_FILENO));
    separate = error->status != RUFF_ERROR_RUNTIME;
    rf_output_stderr(&text);
    rf_buf_free(&text);
    return ruff_exit_code(error->status);
}

int rf_output_cli_error(RuffStatus status, const char *format, ...)
{
    RfBuf text = RF_BUF_INIT;
    va_list args;
    va_start(args, format);
    rf_buf_vprintf(&text, format, args);
    va_end(args);
    RuffError error;
    rf_failure_init(&error);
    rf_failure_set_cli(&error, status, "%s", rf_buf_cstr(&text));
    int code = rf_output_error(&error);
    rf_failure_free(&error);
    rf_buf_free(&text);
    return code;
}

int rf_output_write_error(int code)
{
    return rf_output_cli_error(RUFF_ERROR_IO, "Failed to write to standard output: %s", rf_source_os_error(code));
}

void rf_output_envelope(const char *command, const RuffError *const *errors, size_t count, const char *message,
                        int exit_code)
{
    RfJson json = rf_json_start(&collected);
    rf_json_object(&json);
    rf_json_key_cstr(&json, "command", command);
    rf_json_key_cstr(&json, "contract_version", RF_CONTRACT_VERSION);
    rf_json_key(&json, "diagnostics");
    rf_json_array(&json);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < errors[i]->count; j++) {
            rf_render_diagnostic(&json, errors[i], j);
        }
    }
    rf_json_array_end(&json);
    rf_json_key_int(&json, "exit_code", exit_code);
    rf_json_key_cstr(&json, "kind", "command_error");
    rf_json_key_cstr(&json, "message", message);
    rf_json_key_cstr(&json, "status", "error");
    rf_json_object_end(&json);
    rf_json_finish(&json);
}

/* One <testsuite> with one <testcase> per result. Characters XML cannot hold become U+FFFD. */
#include "cli/junit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/source.h"
#include "api/xml_out.h"
#include "cli/output.h"

static void put_attribute(RfBuf *out, const char *name, const char *value)
{
    rf_buf_printf(out, " %s=\"", name);
    rf_xml_put(out, value, strlen(value), true);
    rf_buf_putc(out, '"');
}

static void put_case(RfBuf *out, const char *suite, const RfJunitCase *c)
{
    rf_buf_puts(out, "    <testcase");
    put_attribute(out, "classname", suite);
    put_attribute(out, "name", c->name);
    rf_buf_printf(out, " time=\"%.6f\"", c->seconds);
    if (c->failure == NULL && c->output_len == 0) {
        rf_buf_puts(out, "/>\n");
        return;
    }
    rf_buf_puts(out, ">\n");
    if (c->failure) {
        rf_buf_puts(out, "      <failure");
        put_attribute(out, "message", c->failure);
        rf_buf_puts(out, "/>\n");
    }
    if (c->output_len > 0) {
        rf_buf_puts(out, "      <system-out>");
        rf_xml_put(out, c->output, c->output_len, false);
        rf_buf_puts(out, "</system-out>\n");
    }
    rf_buf_puts(out, "    </testcase>\n");
}

int rf_junit_write(const char *path, const char *suite, const RfJunitCase *cases, size_t count)
{
    size_t failed = 0;
    double seconds = 0;
    for (size_t i = 0; i < count; i++) {
        failed += cases[i].failure != NULL;
        seconds += cases[i].seconds;
    }
    RfBuf text = RF_BUF_INIT;
    rf_buf_printf(&text,
                  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                  "<testsuites tests=\"%zu\" failures=\"%zu\" time=\"%.6f\">\n  <testsuite",
                  count, failed, seconds);
    put_attribute(&text, "name", suite);
    rf_buf_printf(&text, " tests=\"%zu\" failures=\"%zu\" time=\"%.6f\">\n", count, failed, seconds);
    for (size_t i = 0; i < count; i++) {
        put_case(&text, suite, &cases[i]);
    }
    rf_buf_puts(&text, "  </testsuite>\n</testsuites>\n");
    FILE *file = fopen(path, "we");
    bool written = file != NULL && fwrite(text.data, 1, text.len, file) == text.len;
    int code = errno;
    if (file != NULL && fclose(file) != 0) {
        code = errno;
        written = false;
    }
    rf_buf_free(&text);
    return written ? -1
                   : rf_output_cli_error(RUFF_ERROR_IO, "Failed to write '%s': %s", path, rf_source_os_error(code));
}

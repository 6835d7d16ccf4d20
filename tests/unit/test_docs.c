/* The generated parts of docs/: the opcode table of bytecode.md and the function table of stdlib.md are what the tables of
 * the program say. `build/unit_docs --update` writes them anew. Runs in the project's folder and
 * in tests/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "bytecode/compiler.h"
#include "vm/builtin.h"

static bool update;

static RfBuf read_file(const char *path)
{
    RfBuf text = RF_BUF_INIT;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char piece[4096];
    for (size_t n; (n = fread(piece, 1, sizeof piece, file)) > 0;) {
        rf_buf_put(&text, piece, n);
    }
    fclose(file);
    return text;
}

static const char *page_path(const char *name)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/%s", access("docs", F_OK) == 0 ? "docs" : "../docs", name);
    return path;
}

/* The part of the page between the two marker lines must be `want`. */
static void check_page(const char *page_name, const char *name, const RfBuf *want)
{
    const char *path = page_path(page_name);
    RfBuf page = read_file(path), begin = RF_BUF_INIT;
    rf_buf_printf(&begin, "<!-- %s: written by build/unit_docs --update -->\n\n", name);
    const char *text = rf_buf_cstr(&page), *start = strstr(text, rf_buf_cstr(&begin));
    assert_non_null(start);
    start += begin.len;
    const char *end = strstr(start, "\n<!-- end -->\n");
    assert_non_null(end);
    if (update) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fwrite(text, 1, (size_t)(start - text), file);
        fwrite(want->data, 1, want->len, file);
        fputs(end, file);
        assert_int_equal(fclose(file), 0);
    } else if ((size_t)(end - start) != want->len || memcmp(start, want->data, want->len) != 0) {
        print_error("%s is out of date: run build/unit_docs --update\n", path);
        fail();
    }
    rf_buf_free(&begin);
    rf_buf_free(&page);
}

static void opcodes(void **state)
{
    (void)state;
    RfBuf want = RF_BUF_INIT;
    rf_ops_markdown(&want);
    check_page("bytecode.md", "opcodes", &want);
    rf_buf_free(&want);
}

static int compare_names(const void *a, const void *b)
{
    const RfBuiltin *left = *(const RfBuiltin *const *)a, *right = *(const RfBuiltin *const *)b;
    return strcmp(left->name, right->name);
}

static void put_cell(RfBuf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|') {
            rf_buf_putc(out, '\\');
        }
        rf_buf_putc(out, *text);
    }
}

static void put_row(RfBuf *out, const RfBuiltin *b)
{
    if (strcmp(b->name, b->canonical) != 0) {
        rf_buf_printf(out, "| `%s` | the same as `%s` | |\n", b->name, b->canonical);
        return;
    }
    rf_buf_puts(out, "| `");
    put_cell(out, b->signature);
    rf_buf_puts(out, "` | ");
    put_cell(out, b->doc);
    rf_buf_puts(out, " |");
    RfCapability needs[] = {b->capability, b->capability2};
    for (int i = 0; i < 2 && needs[i] != RF_CAP_NONE; i++) {
        rf_buf_printf(out, "%s%s", i ? ", " : " ", rf_capability_name(needs[i]));
    }
    rf_buf_puts(out, " |\n");
}

static void builtins(void **state)
{
    (void)state;
    const RfBuiltin *rows[1024];
    size_t count = 0;
    const RfBuiltin *b;
    for (size_t i = 0; (b = rf_builtin_at(i)) != NULL; i++) {
        if (strncmp(b->name, "__", 2) != 0) { /* for the implementation's own use */
            assert_true(count < sizeof rows / sizeof rows[0]);
            rows[count++] = b;
        }
    }
    qsort(rows, count, sizeof *rows, compare_names);
    RfBuf want = RF_BUF_INIT;
    rf_buf_puts(&want, "| function | what it does | capability |\n|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        put_row(&want, rows[i]);
    }
    check_page("stdlib.md", "functions", &want);
    rf_buf_free(&want);
}

int main(int argc, char **argv)
{
    update = argc == 2 && strcmp(argv[1], "--update") == 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opcodes),
        cmocka_unit_test(builtins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Diagnostics as people and programs see them: excerpts, carets, notes, call stacks, colour, JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "api/failure.h"
#include "api/render.h"
#include "cli/args.h"
#include "cli/diff.h"

/* Renders, compares, frees everything. */
static void expect_text(RuffError *error, bool color, const char *want)
{
    RfBuf text = RF_BUF_INIT;
    rf_render_human(&text, error, color);
    assert_string_equal(rf_buf_cstr(&text), want);
    rf_buf_free(&text);
    rf_failure_free(error);
}

static RuffError from_diag(RfDiagKind kind, uint32_t line, uint32_t column, const char *message, const char *source)
{
    RfDiagList diags;
    rf_diag_init(&diags);
    rf_diag_add(&diags, kind, (RfPos){line, column}, "%s", message);
    RuffError error;
    rf_failure_init(&error);
    rf_failure_set_diags(&error, &diags, "demo.ruff", source, strlen(source));
    rf_diag_free(&diags);
    return error;
}

static void test_parse_error(void **state)
{
    (void)state;
    RuffError error = from_diag(RF_DIAG_PARSE, 2, 6, "Expected expression", "a := 1\r\nx := )\r\n");
    expect_text(&error, true,
                "[RUFPARSE001] [parser] error: Expected expression\n"
                "  --> demo.ruff:2:6\n"
                "   |\n"
                " 2 | x := )\n"
                "   |      ^\n"
                "   = help: Fix the parse error and rerun Ruff.\n");
}

static void test_end_of_file_points_after_last_text(void **state)
{
    (void)state;
    RuffError error = from_diag(RF_DIAG_PARSE, 2, 1, "Expected ')' but found Eof", "print((1 + 2)\n");
    expect_text(&error, false,
                "[RUFPARSE001] [parser] error: Expected ')' but found Eof\n"
                "  --> demo.ruff:2:1\n"
                "   |\n"
                " 1 | print((1 + 2)\n"
                "   |              ^\n"
                "   = help: Fix the parse error and rerun Ruff.\n");
    error = from_diag(RF_DIAG_PARSE, 4, 1, "Expected '}'", "if x {\n\n\n");
    expect_text(&error, false,
                "[RUFPARSE001] [parser] error: Expected '}'\n"
                "  --> demo.ruff:4:1\n"
                "   |\n"
                " 1 | if x {\n"
                "   |       ^\n"
                "   = help: Fix the parse error and rerun Ruff.\n");
}

static void test_empty_source_has_no_excerpt(void **state)
{
    (void)state;
    RuffError error = from_diag(RF_DIAG_PARSE, 1, 1, "Expected expression", "");
    expect_text(&error, false,
                "[RUFPARSE001] [parser] error: Expected expression\n"
                "  --> demo.ruff:1:1\n"
                "  = help: Fix the parse error and rerun Ruff.\n");
}

static void test_wide_gutter_tabs_and_lone_cr(void **state)
{
    (void)state;
    char source[400] = "";
    for (int i = 0; i < 99; i++) {
        strcat(source, i < 49 ? "\n" : "\r");
    }
    strcat(source, "\tx := @");
    RuffError error = from_diag(RF_DIAG_LEX_INVALID_CHAR, 100, 7, "Invalid character: '@'", source);
    expect_text(&error, false,
                "[RUFLEX001] [lexer] error: Invalid character: '@'\n"
                "  --> demo.ruff:100:7\n"
                "    |\n"
                "100 |  x := @\n"
                "    |       ^\n"
                "    = help: Fix the lexical error in source and run again.\n");
}

static void test_compile_error_has_prefix_and_no_help(void **state)
{
    (void)state;
    RuffError error = from_diag(RF_DIAG_COMPILE, 1, 1, "break can only be used inside a loop", "break");
    assert_int_equal(ruff_error_status(&error), RUFF_ERROR_COMPILE);
    expect_text(&error, false,
                "[RUFVM001] [vm] error: Compilation error: break can only be used inside a loop\n"
                "  --> demo.ruff:1:1\n"
                "   |\n"
                " 1 | break\n"
                "   | ^\n");
}

static void test_several_diagnostics(void **state)
{
    (void)state;
    RfDiagList diags;
    rf_diag_init(&diags);
    for (uint32_t i = 1; i <= RF_DIAG_MAX + 2; i++) {
        rf_diag_add(&diags, RF_DIAG_PARSE, (RfPos){1, 1}, "m%u", i);
    }
    RuffError error;
    rf_failure_init(&error);
    rf_failure_set_diags(&error, &diags, "f", "x", 1);
    rf_diag_free(&diags);
    assert_int_equal(ruff_error_count(&error), RF_DIAG_MAX);
    RfBuf text = RF_BUF_INIT;
    rf_render_human(&text, &error, false);
    const char *shown = rf_buf_cstr(&text);
    assert_non_null(strstr(shown, "rerun Ruff.\n\n[RUFPARSE001] [parser] error: m2\n"));
    assert_string_equal(shown + strlen(shown) - strlen("\n\n2 more errors not shown\n"),
                        "\n\n2 more errors not shown\n");
    rf_buf_free(&text);
    rf_failure_free(&error);
}

static void test_command_line_error(void **state)
{
    (void)state;
    RuffError error;
    rf_failure_init(&error);
    rf_failure_set_cli(&error, RUFF_ERROR_IO, "Failed to read .ruff file '%s': %s", "x", "No such file");
    expect_text(&error, true, "[RUFCLI001] [cli] error: Failed to read .ruff file 'x': No such file\n");
}

/* A runtime error as the API layer would have copied it. */
static RuffError runtime_error(RuffFrame *frames, size_t count)
{
    RuffError error;
    rf_failure_init(&error);
    rf_failure_set(&error, RUFF_ERROR_RUNTIME, "RUFVM001", "vm", "s.ruff", (RfPos){3, 14}, NULL, "Division by zero");
    error.reports[0].excerpt = "    return a / b";
    error.reports[0].excerpt_len = strlen(error.reports[0].excerpt);
    error.reports[0].excerpt_line = 3;
    error.reports[0].excerpt_column = 14;
    error.frames = frames;
    error.frame_count = count;
    return error;
}

static void test_runtime_block(void **state)
{
    (void)state;
    RuffFrame frames[] = {{"divide", "s.ruff", 3, 14, true}, {"<main>", "s.ruff", 7, 7, false}};
    RuffError error = runtime_error(frames, 2);
    error.reports[0].diag.help = "h";
    error.did_you_mean = "c";
    error.caused_by = "disk full";
    error.rejected_at = "s.ruff:1:2";
    expect_text(&error, false,
                "[RUFVM001] [vm] Runtime Error: Division by zero\n"
                "  --> s.ruff:3:14\n"
                "   |\n"
                " 3 |     return a / b\n"
                "   |              ^\n"
                "   = help: h\n"
                "   = Did you mean 'c'?\n"
                "   = note: caused by: disk full\n"
                "   = note: rejected at s.ruff:1:2\n"
                "\n"
                "Call stack:\n"
                "  0 at divide (s.ruff:3:14)\n"
                "  1 at <main> (s.ruff:7:7)\n"
                "\n");
}

static void test_runtime_block_in_main_has_no_stack(void **state)
{
    (void)state;
    RuffFrame frames[] = {{"<main>", "s.ruff", 3, 14, false}};
    RuffError error = runtime_error(frames, 1);
    expect_text(&error, true,
                "\033[1;31m[RUFVM001] [vm] Runtime Error: Division by zero\033[0m\n"
                "\033[34m  --> s.ruff:3:14\033[0m\n"
                "\033[34m   |\033[0m\n"
                "\033[34m 3 |\033[0m     return a / b\n"
                "\033[34m   |\033[0m              \033[31m^\033[0m\n"
                "\n");
}

static void test_long_call_stack_is_cut(void **state)
{
    (void)state;
    RuffFrame frames[200];
    for (size_t i = 0; i < 200; i++) {
        frames[i] = (RuffFrame){"f", "s.ruff", 1, 1, true};
    }
    RuffError error = runtime_error(frames, 200);
    RfBuf text = RF_BUF_INIT;
    rf_render_human(&text, &error, false);
    const char *shown = rf_buf_cstr(&text);
    assert_non_null(strstr(shown, "  31 at f (s.ruff:1:1)\n  ... 137 more frames ...\n  169 at f (s.ruff:1:1)\n"));
    assert_non_null(strstr(shown, "  199 at f (s.ruff:1:1)\n\n"));
    rf_buf_free(&text);
    rf_failure_free(&error);
    error = runtime_error(frames, 64);
    rf_render_human(&text, &error, false);
    assert_null(strstr(rf_buf_cstr(&text), "more frames"));
    rf_buf_free(&text);
    rf_failure_free(&error);
}

static void test_json(void **state)
{
    (void)state;
    RuffFrame frames[] = {
        {"inner", "s.ruff", 3, 14, true}, {"outer", NULL, 5, 2, true}, {"<main>", "s.ruff", 7, 7, false}};
    RuffError error = runtime_error(frames, 3);
    error.did_you_mean = "c";
    char *text = ruff_render_error(&error, RUFF_RENDER_JSON, 0);
    assert_string_equal(text, "{\n"
                              "  \"call_stack\": [\n"
                              "    {\n"
                              "      \"column\": 2,\n"
                              "      \"file\": null,\n"
                              "      \"function\": \"outer\",\n"
                              "      \"line\": 5\n"
                              "    },\n"
                              "    {\n"
                              "      \"column\": 14,\n"
                              "      \"file\": \"s.ruff\",\n"
                              "      \"function\": \"inner\",\n"
                              "      \"line\": 3\n"
                              "    }\n"
                              "  ],\n"
                              "  \"diagnostics\": [\n"
                              "    {\n"
                              "      \"code\": \"RUFVM001\",\n"
                              "      \"column\": 14,\n"
                              "      \"file\": \"s.ruff\",\n"
                              "      \"help\": \"Did you mean 'c'?\",\n"
                              "      \"line\": 3,\n"
                              "      \"message\": \"Division by zero\",\n"
                              "      \"severity\": \"error\",\n"
                              "      \"subsystem\": \"vm\"\n"
                              "    }\n"
                              "  ],\n"
                              "  \"exit_code\": 4\n"
                              "}\n");
    ruff_free(text);
    rf_failure_free(&error);
}

static void test_json_writer(void **state)
{
    (void)state;
    RfBuf text = RF_BUF_INIT;
    RfJson json = rf_json_start(&text);
    rf_json_array(&json);
    rf_json_text(&json, "a\"\\\n\t\b\x01\xc3\xa9\xff", 10);
    rf_json_fixed(&json, 1.5, 3);
    rf_json_object(&json);
    rf_json_object_end(&json);
    rf_json_array(&json);
    rf_json_array_end(&json);
    rf_json_null(&json);
    rf_json_array_end(&json);
    rf_json_finish(&json);
    assert_string_equal(rf_buf_cstr(&text),
                        "[\n  \"a\\\"\\\\\\n\\t\\b\\u0001\xc3\xa9\xef\xbf\xbd\",\n  1.500,\n  {},\n  [],\n"
                        "  null\n]\n");
    rf_buf_free(&text);
}

/* ---- pieces of the command line ---- */

static void test_nearest(void **state)
{
    (void)state;
    static const char *const names[] = {"run", "check", "test"};
    assert_string_equal(rf_args_nearest("chekc", names, 3), "check");
    assert_string_equal(rf_args_nearest("rnu", names, 3), "run");
    assert_null(rf_args_nearest("zzzzz", names, 3));
    assert_null(rf_args_nearest("check", names, 3));
}

static RfBuf buffer(const char *text)
{
    RfBuf buf = RF_BUF_INIT;
    rf_buf_puts(&buf, text);
    return buf;
}

static void test_diff(void **state)
{
    (void)state;
    RfBuf a = buffer("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n"), b = buffer("1\n2\nx\n4\n5\n6\n7\n8\n9\n10\n12\n13\n");
    RfBuf out = RF_BUF_INIT;
    rf_diff_put(&out, "  ", "old", &a, "new", &b);
    assert_string_equal(rf_buf_cstr(&out), "  --- old\n  +++ new\n"
                                           "  @@ -1,6 +1,6 @@\n   1\n   2\n  -3\n  +x\n   4\n   5\n   6\n"
                                           "  @@ -8,5 +8,5 @@\n   8\n   9\n   10\n  -11\n   12\n  +13\n");
    rf_buf_clear(&out);
    rf_diff_put(&out, "", "old", &a, "new", &a);
    assert_int_equal(out.len, 0);
    RfBuf none = RF_BUF_INIT;
    rf_diff_put(&out, "", "old", &none, "new", &b);
    assert_non_null(strstr(rf_buf_cstr(&out), "@@ -0,0 +1,12 @@\n+1\n"));
    rf_buf_free(&out);
    rf_buf_free(&a);
    rf_buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_error),
        cmocka_unit_test(test_end_of_file_points_after_last_text),
        cmocka_unit_test(test_empty_source_has_no_excerpt),
        cmocka_unit_test(test_wide_gutter_tabs_and_lone_cr),
        cmocka_unit_test(test_compile_error_has_prefix_and_no_help),
        cmocka_unit_test(test_several_diagnostics),
        cmocka_unit_test(test_command_line_error),
        cmocka_unit_test(test_runtime_block),
        cmocka_unit_test(test_runtime_block_in_main_has_no_stack),
        cmocka_unit_test(test_long_call_stack_is_cut),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_writer),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_diff),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

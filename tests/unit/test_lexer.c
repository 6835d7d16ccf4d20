/* Lexer: token kinds and values, positions, newline flags, interpolation, every lexical error with its place,
    and limits.
 * Needs the base and front sources only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "front/lexer.h"
#include "front/token.h"

typedef struct Lexed {
    RfArena arena;
    RfDiagList diags;
    RfTokenList list;
} Lexed;

static Lexed lexed;

static void lex_bytes(const char *source, size_t len, bool keep_comments)
{
    lexed = (Lexed){.arena = RF_ARENA_INIT};
    rf_diag_init(&lexed.diags);
    lexed.list = rf_lexer_run(&lexed.arena, source, len, keep_comments, &lexed.diags);
}

static void release(void)
{
    rf_arena_free(&lexed.arena);
    rf_diag_free(&lexed.diags);
}

static void put_tokens(RfBuf *out, const RfTokenList *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const RfToken *token = &list->items[i];
        rf_buf_puts(out, i > 0 ? " " : "");
        rf_buf_puts(out, token->first_on_line ? "^" : "");
        if (token->kind == RF_TOK_COMMENT) {
            rf_buf_printf(out, "<%s>", token->text.bytes);
        } else if (token->kind != RF_TOK_INTERP) {
            rf_token_describe(out, token);
        } else {
            rf_buf_puts(out, "Interp[");
            for (uint32_t k = 0; k < token->part_count; k++) {
                if (token->parts[k].tokens.count == 0) {
                    rf_buf_printf(out, "'%s'", token->parts[k].text.bytes);
                } else {
                    rf_buf_putc(out, '{');
                    put_tokens(out, &token->parts[k].tokens);
                    rf_buf_putc(out, '}');
                }
            }
            rf_buf_putc(out, ']');
        }
    }
}

/* The descriptions of all tokens, "^" before those that are the first of their line. */
static void expect_tokens_with(const char *source, bool keep_comments, const char *wanted)
{
    lex_bytes(source, strlen(source), keep_comments);
    RfBuf out = RF_BUF_INIT;
    put_tokens(&out, &lexed.list);
    assert_string_equal(rf_buf_cstr(&out), wanted);
    assert_int_equal(lexed.diags.len, 0);
    rf_buf_free(&out);
    release();
}

static void expect_tokens(const char *source, const char *wanted)
{
    expect_tokens_with(source, false, wanted);
}

/* One "CODE LINE:COLUMN MESSAGE\n" for each error. */
static void expect_errors_in(const char *source, size_t len, const char *wanted)
{
    lex_bytes(source, len, false);
    RfBuf out = RF_BUF_INIT;
    for (size_t i = 0; i < lexed.diags.len; i++) {
        const RfDiag *diag = &lexed.diags.items[i];
        rf_buf_printf(&out, "%s %u:%u %s\n", rf_diag_code(diag->kind), diag->pos.line, diag->pos.column, diag->message);
    }
    assert_string_equal(rf_buf_cstr(&out), wanted);
    rf_buf_free(&out);
    release();
}

static void expect_errors(const char *source, const char *wanted)
{
    expect_errors_in(source, strlen(source), wanted);
}

static void expect_text(const char *source, const char *value, size_t len)
{
    lex_bytes(source, strlen(source), false);
    assert_int_equal(lexed.diags.len, 0);
    assert_int_equal(lexed.list.count, 2);
    assert_int_equal(lexed.list.items[0].kind, RF_TOK_STRING);
    assert_int_equal(lexed.list.items[0].text.len, len);
    assert_memory_equal(lexed.list.items[0].text.bytes, value, len + 1);
    release();
}

static void expect_int(const char *source, int64_t value)
{
    lex_bytes(source, strlen(source), false);
    assert_int_equal(lexed.diags.len, 0);
    assert_int_equal(lexed.list.items[0].kind, RF_TOK_INT);
    assert_true(lexed.list.items[0].i == value);
    assert_int_equal(lexed.list.items[0].end, strlen(source));
    release();
}

static void expect_float(const char *source, double value)
{
    lex_bytes(source, strlen(source), false);
    assert_int_equal(lexed.diags.len, 0);
    assert_int_equal(lexed.list.items[0].kind, RF_TOK_FLOAT);
    assert_true(lexed.list.items[0].f == value);
    assert_int_equal(lexed.list.items[0].end, strlen(source));
    release();
}

static char *repeat(const char *before, const char *text, size_t count, const char *after)
{
    RfBuf buf = RF_BUF_INIT;
    rf_buf_puts(&buf, before);
    for (size_t i = 0; i < count; i++) {
        rf_buf_puts(&buf, text);
    }
    rf_buf_puts(&buf, after);
    char *copy = strdup(rf_buf_cstr(&buf));
    rf_buf_free(&buf);
    return copy;
}

static void test_kinds(void **state)
{
    (void)state;
    expect_tokens("", "^Eof");
    expect_tokens("x := 5 + 1.5", "^Identifier(\"x\") Operator(\":=\") Int(5) Operator(\"+\") Float(1.5) Eof");
    expect_tokens("let true false null self",
                  "^Keyword(\"let\") Bool(true) Bool(false) Keyword(\"null\") Keyword(\"self\") Eof");
    expect_tokens("throw Ok None finally as _ impl",
                  "^Identifier(\"throw\") Identifier(\"Ok\") Identifier(\"None\") Identifier(\"finally\") "
                  "Identifier(\"as\") Identifier(\"_\") Keyword(\"impl\") Eof");
    expect_tokens("test test_setup test_set",
                  "^Keyword(\"test\") Keyword(\"test_setup\") Identifier(\"test_set\") Eof");
    expect_tokens("\"a\\\"b\\n\"", "^String(\"a\\\"b\\n\") Eof");
    expect_tokens(". , : ; ( ) [ ] { }",
                  "^Punctuation('.') Punctuation(',') Punctuation(':') Punctuation(';') Punctuation('(') "
                  "Punctuation(')') Punctuation('[') Punctuation(']') Punctuation('{') Punctuation('}') Eof");
}

static void test_longest_symbol(void **state)
{
    (void)state;
    expect_tokens("a..=b...c..d.e",
                  "^Identifier(\"a\") Operator(\"..=\") Identifier(\"b\") Operator(\"...\") Identifier(\"c\") "
                  "Operator(\"..\") Identifier(\"d\") Punctuation('.') Identifier(\"e\") Eof");
    expect_tokens("x?..5", "^Identifier(\"x\") Operator(\"?.\") Punctuation('.') Int(5) Eof");
    expect_tokens("??? |>|&&& ::= :: >>=",
                  "^Operator(\"??\") Operator(\"?\") Operator(\"|>\") Operator(\"|\") Operator(\"&&\") Operator(\"&\") "
                  "Operator(\"::\") Operator(\"=\") Operator(\"::\") Operator(\">\") Operator(\">=\") Eof");
    expect_tokens("=>===!=!-->", "^Operator(\"=>\") Operator(\"==\") Operator(\"=\") Operator(\"!=\") Operator(\"!\") "
                                 "Operator(\"-\") Operator(\"->\") Eof");
}

static void test_all_fixed_tokens(void **state)
{
    (void)state;
    for (int id = 1; id < RF_TOKEN_ID_COUNT; id++) {
        RfText text = rf_token_spelling((RfTokenId)id);
        lex_bytes(text.bytes, text.len, false);
        assert_int_equal(lexed.list.count, 2);
        assert_int_equal(lexed.list.items[0].id, id);
        assert_string_equal(lexed.list.items[0].text.bytes, text.bytes);
        release();
    }
}

static void test_numbers(void **state)
{
    (void)state;
    expect_int("0", 0);
    expect_int("007", 7);
    expect_int("1_000_000", 1000000);
    expect_int("0xfF_0a", 0xff0a);
    expect_int("0X7fffffffffffffff", INT64_MAX);
    expect_int("0b1010", 10);
    expect_int("0o17", 15);
    expect_int("9223372036854775807", INT64_MAX);
    expect_float("1e5", 100000.0);
    expect_float("1.5e-3", 0.0015);
    expect_float("1E+2", 100.0);
    expect_float("1_0.2_5", 10.25);
    expect_float("0.1", 0.1);
    expect_float("1e-400", 0.0);
    expect_tokens("1..2", "^Int(1) Operator(\"..\") Int(2) Eof");
    expect_tokens("5.x", "^Int(5) Punctuation('.') Identifier(\"x\") Eof");
    expect_tokens("1.5.x", "^Float(1.5) Punctuation('.') Identifier(\"x\") Eof");
    expect_tokens("1e+2-3", "^Float(100.0) Operator(\"-\") Int(3) Eof");
    expect_tokens("1._5", "^Int(1) Punctuation('.') Identifier(\"_5\") Eof");
    expect_tokens("1e21 0.00001 123456.75", "^Float(1000000000000000000000.0) Float(0.00001) Float(123456.75) Eof");
}

static void test_malformed_numbers(void **state)
{
    (void)state;
    static const char *const bad[] = {"0xfg", "12abc", "1__0", "1_",   "0x",   "1e",         "1.0e",  "0b102", "0o8",
                                      "1_e5", "1e5_",  "0x_1", "1.5_", "1.5x", "12\xC3\xA9", "1e+5x", "2e__1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char wanted[100];
        snprintf(wanted, sizeof(wanted), "RUFLEX007 1:1 Malformed numeric literal: %s\n", bad[i]);
        expect_errors(bad[i], wanted);
    }
    expect_errors("1e+ 12a.5", "RUFLEX007 1:1 Malformed numeric literal: 1e\n"
                               "RUFLEX007 1:5 Malformed numeric literal: 12a\n");
}

static void test_number_range(void **state)
{
    (void)state;
    expect_errors("-9223372036854775808", "RUFLEX006 1:2 Numeric literal overflow: 9223372036854775808\n");
    expect_errors("0xffffffffffffffff", "RUFLEX006 1:1 Numeric literal overflow: 0xffffffffffffffff\n");
    expect_errors("x := 1_0e999", "RUFLEX006 1:6 Numeric literal overflow: 1_0e999\n");
}

static void test_escapes(void **state)
{
    (void)state;
    expect_text("\"\\n\\t\\r\\\\\\\"\\'\\$\"", "\n\t\r\\\"'$", 7);
    expect_text("\"a\\0b\"", "a\0b", 3);
    expect_text("\"\\x41\\xe9\\u{1F600}\\u{41}\"",
                "A\xC3\xA9\xF0\x9F\x98\x80"
                "A",
                8);
    expect_text("\"$ $5 \\${x} #//\"", "$ $5 ${x} #//", 13);
    expect_errors("\"\\q\"", "RUFLEX005 1:3 Invalid escape sequence: \\\\q\n");
    expect_errors("\"\\x4\" \"\\xg0\"", "RUFLEX005 1:3 Invalid escape sequence: \\\\x\n"
                                        "RUFLEX005 1:9 Invalid escape sequence: \\\\x\n");
    expect_errors("\"\\u{}\\u41\\u{1234567}\\u{d800}\\u{110000}\"", "RUFLEX005 1:3 Invalid escape sequence: \\\\u\n"
                                                                    "RUFLEX005 1:7 Invalid escape sequence: \\\\u\n"
                                                                    "RUFLEX005 1:11 Invalid escape sequence: \\\\u\n"
                                                                    "RUFLEX005 1:22 Invalid escape sequence: \\\\u\n"
                                                                    "RUFLEX005 1:30 Invalid escape sequence: \\\\u\n");
    expect_errors("\"\\\xC3\xA9\"", "RUFLEX005 1:3 Invalid escape sequence: \\\\\xC3\xA9\n");
}

static void test_triple_quotes(void **state)
{
    (void)state;
    expect_text("\"\"\"\na\r\n  \"b\" \"\"c\rd\"\"\"", "a\n  \"b\" \"\"c\nd", 13);
    expect_text("\"\"\"\"a\"\"\"", "\"a", 2);
    expect_text("\"\"\"\"\"\"", "", 0);
    expect_text("\"\"", "", 0);
    expect_tokens("\"\"\"a\n\"\"\" x\ny", "^String(\"a\\n\") Identifier(\"x\") ^Identifier(\"y\") Eof");
    expect_errors("x := \"\"\"abc\n\"\"", "RUFLEX003 1:6 Unterminated string literal\n");
}

static void test_unterminated(void **state)
{
    (void)state;
    expect_errors("a := \"abc\n"
                  "b := \"def",
                  "RUFLEX003 1:6 Unterminated string literal\n"
                  "RUFLEX003 2:6 Unterminated string literal\n");
    expect_errors("\"abc\\\n", "RUFLEX003 1:1 Unterminated string literal\n");
    expect_errors("\"abc\\", "RUFLEX003 1:1 Unterminated string literal\n");
    expect_errors("x /* a\n b", "RUFLEX004 1:3 Unterminated block comment\n");
    expect_errors("x := \"${ y", "RUFLEX003 1:6 Unterminated interpolated string expression\n");
    expect_errors("\"${ \"${ 1", "RUFLEX003 1:1 Unterminated interpolated string expression\n"
                                 "RUFLEX003 1:5 Unterminated interpolated string expression\n");
    expect_errors("\"a${1}\n", "RUFLEX003 1:1 Unterminated string literal\n");
    expect_errors("\"${ /* }\"", "RUFLEX003 1:1 Unterminated interpolated string expression\n"
                                 "RUFLEX004 1:5 Unterminated block comment\n");
}

static void test_interpolation(void **state)
{
    (void)state;
    expect_tokens("\"a${x}b\"", "^Interp['a'{Identifier(\"x\") Punctuation('}')}'b'] Eof");
    expect_tokens("\"${}\"", "^Interp[{Punctuation('}')}] Eof");
    expect_tokens("\"${ {1:\"}${2}\"} /* } */ }$\"",
                  "^Interp[{Punctuation('{') Int(1) Punctuation(':') Interp['}'{Int(2) Punctuation('}')}] "
                  "Punctuation('}') Punctuation('}')}'$'] Eof");
    expect_tokens("\"${a\n"
                  " # }\n"
                  "}z\" (",
                  "^Interp[{Identifier(\"a\") ^Punctuation('}')}'z'] Punctuation('(') Eof");
    lex_bytes("\n \"\xC3\xA9${ yy }\"", 13, false);
    assert_int_equal(lexed.list.items[0].pos.column, 2);
    const RfTokenList *inner = &lexed.list.items[0].parts[1].tokens;
    assert_int_equal(inner->items[0].pos.line, 2);
    assert_int_equal(inner->items[0].pos.column, 7);
    assert_int_equal(inner->items[0].start, 8);
    assert_int_equal(inner->items[1].pos.column, 10);
    release();
    expect_errors("\"${ 0x + ' }\"", "RUFLEX007 1:5 Malformed numeric literal: 0x\n"
                                     "RUFLEX001 1:10 Invalid character: '''\n");
}

static void test_comments_and_lines(void **state)
{
    (void)state;
    expect_tokens("#! run\n"
                  "x # c\r\n"
                  "y // d\rz /* a\n"
                  " */ w",
                  "^Identifier(\"x\") ^Identifier(\"y\") ^Identifier(\"z\") ^Identifier(\"w\") Eof");
    expect_tokens("/* a /* b */ c", "^Identifier(\"c\") Eof");
    expect_tokens_with("x # c\n/* d */ y", true, "^Identifier(\"x\") <# c> ^</* d */> ^Identifier(\"y\") Eof");
    lex_bytes("a\r\n\tb\rc\n", 8, false);
    assert_int_equal(lexed.list.items[1].pos.line, 2);
    assert_int_equal(lexed.list.items[1].pos.column, 2);
    assert_int_equal(lexed.list.items[2].pos.line, 3);
    assert_int_equal(lexed.list.items[3].kind, RF_TOK_EOF);
    assert_int_equal(lexed.list.items[3].pos.line, 4);
    assert_int_equal(lexed.list.items[3].pos.column, 1);
    release();
}

static void test_names(void **state)
{
    (void)state;
    expect_tokens("_x1 na\xC3\xAFve a\xE0\xA4\x95\xE0\xA5\x80",
                  "^Identifier(\"_x1\") Identifier(\"na\xC3\xAFve\") Identifier(\"a\xE0\xA4\x95\xE0\xA5\x80\") Eof");
    expect_errors("x := \xC3\xA9t", "RUFLEX001 1:6 Invalid character: '\xC3\xA9'\n");
}

static void test_invalid_characters(void **state)
{
    (void)state;
    expect_errors("a @ `\n"
                  " 'x'",
                  "RUFLEX001 1:3 Invalid character: '@'\n"
                  "RUFLEX001 1:5 Invalid character: '`'\n"
                  "RUFLEX001 2:2 Invalid character: '''\n"
                  "RUFLEX001 2:4 Invalid character: '''\n");
    expect_errors("\xEF\xBB\xBFx", "RUFLEX001 1:1 Invalid character: '\xEF\xBB\xBF'\n");
    expect_errors("x\xC2\xA0y", "RUFLEX001 1:2 Invalid character: '\xC2\xA0'\n");
    expect_errors_in("a\0\"\0\"#\0", 7,
                     "RUFLEX002 1:2 Null byte is not allowed in source\n"
                     "RUFLEX002 1:4 Null byte is not allowed in source\n"
                     "RUFLEX002 1:7 Null byte is not allowed in source\n");
}

static void test_limits(void **state)
{
    (void)state;
    struct {
        const char *before, *text;
        size_t most;
        const char *after, *error;
    } limits[] = {
        {" ", "a", 256, "", "RUFLEX008 1:2 Identifier exceeds max length of 256 characters\n"},
        {"\"", "a", 8192, "\"", "RUFLEX009 1:1 String literal exceeds max length of 8192 characters\n"},
        {"\"${x}", "\\u{e9}", 8192, "${y}\"", "RUFLEX009 1:1 String literal exceeds max length of 8192 characters\n"},
        {"", "0", 512, "", "RUFLEX010 1:1 Numeric literal exceeds max length of 512 characters\n"},
    };
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        char *fits = repeat(limits[i].before, limits[i].text, limits[i].most, limits[i].after);
        char *exceeds = repeat(limits[i].before, limits[i].text, limits[i].most + 1, limits[i].after);
        expect_errors(fits, "");
        expect_errors(exceeds, limits[i].error);
        free(fits);
        free(exceeds);
    }
}

static void test_deep_interpolation(void **state)
{
    (void)state;
    char *source = repeat("", "\"${", 300000, "");
    lex_bytes(source, strlen(source), false);
    assert_int_equal(lexed.diags.len, RF_DIAG_MAX);
    assert_int_equal(lexed.diags.dropped, 300000 - RF_DIAG_MAX);
    assert_int_equal(lexed.diags.items[0].pos.column, 1);
    release();
    free(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_longest_symbol),
        cmocka_unit_test(test_all_fixed_tokens),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_malformed_numbers),
        cmocka_unit_test(test_number_range),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_triple_quotes),
        cmocka_unit_test(test_unterminated),
        cmocka_unit_test(test_interpolation),
        cmocka_unit_test(test_comments_and_lines),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_invalid_characters),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_deep_interpolation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

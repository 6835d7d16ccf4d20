/* Parser: trees of all constructs, places of nodes, newline rules, every message of language.md 20.2 with its place,
 * recovery, limits, and inputs meant to exhaust the C stack. Needs the base and front sources only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "front/parser.h"

static void put_diags(RfBuf *out, const RfDiagList *diags)
{
    for (size_t i = 0; i < diags->len; i++) {
        const RfDiag *diag = &diags->items[i];
        rf_buf_printf(out, "%u:%u %s\n", diag->pos.line, diag->pos.column, diag->message);
    }
}

/* Parses and compares the diagnostics, one "LINE:COLUMN MESSAGE\n" each. */
static void expect_errors(const char *source, const char *wanted)
{
    RfDiagList diags;
    rf_diag_init(&diags);
    RfAst ast;
    bool ok = rf_parse(&ast, source, strlen(source), &diags);
    RfBuf out = RF_BUF_INIT;
    put_diags(&out, &diags);
    assert_string_equal(rf_buf_cstr(&out), wanted);
    assert_int_equal(ok, wanted[0] == '\0');
    rf_buf_free(&out);
    rf_ast_free(&ast);
    rf_diag_free(&diags);
}

static void expect_clean(const char *source)
{
    expect_errors(source, "");
}

/* Parses without errors and compares the dump of the statements (below the PROGRAM line). */
static void expect_tree(const char *source, const char *wanted)
{
    RfDiagList diags;
    rf_diag_init(&diags);
    RfAst ast;
    rf_parse(&ast, source, strlen(source), &diags);
    RfBuf out = RF_BUF_INIT;
    put_diags(&out, &diags);
    assert_string_equal(rf_buf_cstr(&out), "");
    rf_buf_clear(&out);
    rf_ast_dump(&ast, &out);
    assert_string_equal(rf_buf_cstr(&out) + strlen("PROGRAM\n"), wanted);
    rf_buf_free(&out);
    rf_ast_free(&ast);
    rf_diag_free(&diags);
}

/* The dump without indentation, places and statement lines: the shape of one expression in prefix form. */
static void expect_shape(const char *source, const char *wanted)
{
    RfDiagList diags;
    rf_diag_init(&diags);
    RfAst ast;
    rf_parse(&ast, source, strlen(source), &diags);
    RfBuf dump = RF_BUF_INIT;
    rf_ast_dump(&ast, &dump);
    RfBuf out = RF_BUF_INIT;
    put_diags(&out, &diags);
    for (const char *line = rf_buf_cstr(&dump); *line != '\0'; line = strchr(line, '\n') + 1) {
        while (*line == ' ') {
            line++;
        }
        if (strncmp(line, "PROGRAM", 7) == 0 || strncmp(line, "EXPRESSION", 10) == 0) {
            continue;
        }
        size_t len = strcspn(line, "@\n");
        rf_buf_puts(&out, out.len > 0 ? ", " : "");
        rf_buf_put(&out, line, len > 0 && line[len] == '@' ? len - 1 : len);
    }
    assert_string_equal(rf_buf_cstr(&out), wanted);
    rf_buf_free(&out);
    rf_buf_free(&dump);
    rf_ast_free(&ast);
    rf_diag_free(&diags);
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

/* BEFORE, TEXT count times, MIDDLE, CLOSE count times */
static char *nested(const char *before, const char *text, const char *middle, const char *close, size_t count)
{
    char *opening = repeat(before, text, count, middle);
    char *all = repeat(opening, close, count, "");
    free(opening);
    return all;
}

static void test_precedence(void **state)
{
    (void)state;
    expect_shape("a + b * c", "BINARY +, NAME a, BINARY *, NAME b, NAME c");
    expect_shape("a - b - c", "BINARY -, BINARY -, NAME a, NAME b, NAME c");
    expect_shape("a |> b ?? c || d && e == f < g .. h + i * -j",
                 "PIPE, NAME a, COALESCE, NAME b, OR, NAME c, AND, NAME d, BINARY ==, NAME e, BINARY <, NAME f, RANGE "
                 ".., NAME g, BINARY +, NAME h, BINARY *, NAME i, UNARY -, NAME j");
    expect_shape("1 < 2 < 3", "BINARY <, BINARY <, INT 1, INT 2, INT 3");
    expect_shape("a == b != c", "BINARY !=, BINARY ==, NAME a, NAME b, NAME c");
    expect_shape("0..=n < 3", "BINARY <, RANGE ..=, INT 0, NAME n, INT 3");
    expect_shape("(a + b) * c", "BINARY *, BINARY + (parenthesized), NAME a, NAME b, NAME c");
    expect_shape("!-a", "UNARY !, UNARY -, NAME a");
    expect_shape("-await p", "UNARY -, AWAIT, NAME p");
    expect_shape("await f() + 1", "BINARY +, AWAIT, CALL, NAME f, INT 1");
    expect_shape("await p?", "AWAIT, TRY, NAME p");
    expect_shape("a |> f(b)", "PIPE, NAME a, CALL, NAME f, NAME b");
    expect_shape("x? ..5", "RANGE .., TRY, NAME x, INT 5");
}

static void test_postfix(void **state)
{
    (void)state;
    expect_shape("x.name(1, 2,)", "METHOD .name, NAME x, INT 1, INT 2");
    expect_shape("(x.name)(1)", "CALL, MEMBER .name (parenthesized), NAME x, INT 1");
    expect_shape("a?.b?.c()", "METHOD ?.c, MEMBER ?.b, NAME a");
    expect_shape("a[0](1)?.b", "MEMBER ?.b, CALL, INDEX, NAME a, INT 0, INT 1");
    expect_shape("5.to_string()", "METHOD .to_string, INT 5");
    expect_shape("P { x: 4 }.m()", "METHOD .m, STRUCT P, FIELD \"x\", INT 4");
}

static void test_primaries(void **state)
{
    (void)state;
    expect_shape("[1, ...a, 2,]", "ARRAY, INT 1, SPREAD, NAME a, INT 2");
    expect_shape("x({...d, \"k\": 1, 2: 3,})",
                 "CALL, NAME x, DICT, SPREAD, NAME d, ITEM, STRING \"k\", INT 1, ITEM, INT 2, INT 3");
    expect_shape("Ok(1)", "VARIANT Ok, INT 1");
    expect_shape("Err(Some(None))", "VARIANT Err, VARIANT Some, NONE");
    expect_shape("A::B", "ENUM A::B");
    expect_shape("A::B()", "ENUM A::B()");
    expect_shape("Result::Ok(1, 2)", "ENUM Result::Ok(), INT 1, INT 2");
    expect_shape("throw(1)", "THROW, INT 1");
    expect_shape("throw", "NAME throw");
    expect_shape("throw\n(1)", "NAME throw, INT 1 (parenthesized)");
    expect_shape("f(throw\n(1))", "CALL, NAME f, CALL, NAME throw, INT 1");
    expect_shape("\"a${b + 1}c${\"d${e}\"}\"",
                 "INTERP, TEXT \"a\", BINARY +, NAME b, INT 1, TEXT \"c\", INTERP, TEXT \"d\", NAME e");
    expect_shape("self", "SELF");
    expect_shape("null", "NULL");
    expect_shape("1.5", "FLOAT 1.5");
    expect_shape("true", "BOOL true");
    expect_shape("\"a\\n\"", "STRING \"a\\x0a\"");
}

static void test_functions(void **state)
{
    (void)state;
    expect_tree("func f(a, b: int = 2, c := a,) -> Map<string, int[]>? { return a }", "  FUNC @1:1\n"
                                                                                      "    FUNCTION f @1:1\n"
                                                                                      "      PARAM \"a\"\n"
                                                                                      "      PARAM \"b\"\n"
                                                                                      "      INT 2 @1:20\n"
                                                                                      "      PARAM \"c\"\n"
                                                                                      "      NAME a @1:28\n"
                                                                                      "      BODY\n"
                                                                                      "        RETURN @1:57\n"
                                                                                      "          NAME a @1:64\n");
    expect_shape("x(func(x) => x + 1 |> f)",
                 "CALL, NAME x, FUNC, FUNCTION, PARAM \"x\", RESULT, RETURN, PIPE, BINARY +, NAME x, INT 1, NAME f");
    expect_tree("async func f(self) => 1", "  FUNC @1:1\n"
                                           "    FUNCTION async f @1:7\n"
                                           "      PARAM \"self\"\n"
                                           "      RESULT\n"
                                           "        RETURN @1:23\n"
                                           "          INT 1 @1:23\n");
    expect_tree("async func* g() { yield yield 1 }", "  FUNC @1:1\n"
                                                     "    FUNCTION generator g @1:7\n"
                                                     "      BODY\n"
                                                     "        EXPRESSION @1:19\n"
                                                     "          YIELD @1:19\n"
                                                     "            YIELD @1:25\n"
                                                     "              INT 1 @1:31\n");
    expect_shape("x(async func*() {}, spawn { return 5 })",
                 "CALL, NAME x, FUNC, FUNCTION generator, BODY, SPAWN, BODY, RETURN, INT 5");
    expect_clean("let f: func = func(a: Map<int, func?>= 5) -> null {}");
}

static void test_types(void **state)
{
    (void)state;
    expect_clean("let x: Map<string, Map<int, int?>>= 5");
    expect_clean("let x: A<b>= 5 mut y: int[][]?\?= 1 const z: null := 2");
    expect_errors("let x: 5 := 1", "1:8 Expected type name but found Int(5)\n");
    expect_errors("let x: a<b 5", "1:12 Expected '>' to close type annotation but found Int(5)\n");
    expect_errors("let x: a[5] := 1", "1:10 Expected ']' to close type annotation but found Int(5)\n");
}

static void test_declarations(void **state)
{
    (void)state;
    expect_tree("let [a, _, [b], {c, _}, ...r] = x", "  LET let @1:1\n"
                                                     "    ARRAY PATTERN ...r @1:5\n"
                                                     "      PATTERN a @1:6\n"
                                                     "      PATTERN _ @1:9\n"
                                                     "      ARRAY PATTERN @1:12\n"
                                                     "        PATTERN b @1:13\n"
                                                     "      DICT PATTERN @1:17\n"
                                                     "        PATTERN c @1:18\n"
                                                     "        PATTERN _ @1:21\n"
                                                     "    NAME x @1:33\n");
    expect_tree("const X: int := 1", "  LET const @1:1\n    PATTERN X @1:7\n    INT 1 @1:17\n");
    expect_tree("struct P { x: int, y := 5  func m(self) { }; async func n() => 1 z }", "  STRUCT P @1:1\n"
                                                                                        "    FIELD \"x\"\n"
                                                                                        "    FIELD \"y\"\n"
                                                                                        "    INT 5 @1:25\n"
                                                                                        "    FIELD \"z\"\n"
                                                                                        "    FUNCTION m @1:28\n"
                                                                                        "      PARAM \"self\"\n"
                                                                                        "      BODY\n"
                                                                                        "    FUNCTION async n @1:52\n"
                                                                                        "      RESULT\n"
                                                                                        "        RETURN @1:64\n"
                                                                                        "          INT 1 @1:64\n");
    expect_tree("enum E { A, B, }", "  ENUM E A B @1:1\n");
    expect_tree("import m as n from a.b import x, y as z import k",
                "  IMPORT m as n @1:1\n  FROM a.b: x y as z @1:15\n  IMPORT k @1:41\n");
    expect_tree("export export x := 1 export func f() {}", "  ASSIGN exported @1:15\n"
                                                           "    NAME x @1:15\n"
                                                           "    INT 1 @1:20\n"
                                                           "  FUNC exported @1:29\n"
                                                           "    FUNCTION f @1:29\n"
                                                           "      BODY\n");
    expect_tree("test \"a\" { } test_setup { } test_teardown { } test_group \"g\" { }", "  TEST \"a\" @1:1\n"
                                                                                        "    BODY\n"
                                                                                        "  TEST_SETUP @1:14\n"
                                                                                        "    BODY\n"
                                                                                        "  TEST_TEARDOWN @1:29\n"
                                                                                        "    BODY\n"
                                                                                        "  TEST_GROUP \"g\" @1:47\n"
                                                                                        "    BODY\n");
}

static void test_assignments(void **state)
{
    (void)state;
    expect_tree("a.b[1].c := 2", "  ASSIGN @1:1\n"
                                 "    MEMBER .c @1:8\n"
                                 "      INDEX @1:4\n"
                                 "        MEMBER .b @1:3\n"
                                 "          NAME a @1:1\n"
                                 "        INT 1 @1:5\n"
                                 "    INT 2 @1:13\n");
    expect_tree("self.x %= 2", "  COMPOUND %= @1:1\n"
                               "    MEMBER .x @1:6\n"
                               "      SELF @1:1\n"
                               "    INT 2 @1:11\n");
    expect_tree("[a, b] := [b, a]", "  DESTRUCTURE @1:1\n"
                                    "    ARRAY PATTERN @1:1\n"
                                    "      PATTERN a @1:2\n"
                                    "      PATTERN b @1:5\n"
                                    "    ARRAY @1:11\n"
                                    "      NAME b @1:12\n"
                                    "      NAME a @1:15\n");
    expect_tree("{a, ...r} = d", "  DESTRUCTURE @1:1\n"
                                 "    DICT PATTERN ...r @1:1\n"
                                 "      PATTERN a @1:2\n"
                                 "    NAME d @1:13\n");
    expect_shape("[a, b]\n{a: 1}", "ARRAY, NAME a, NAME b, DICT, ITEM, NAME a, INT 1");
    expect_errors("f() := 1", "1:8 Invalid assignment target\n");
    expect_errors("self := 1", "1:9 Invalid assignment target\n");
    expect_errors("A::B := 1", "1:9 Invalid assignment target\n");
    expect_errors("None := 1", "1:9 Invalid assignment target\n");
    expect_errors("a?.b += 1", "1:9 Invalid assignment target\n");
    expect_errors("a + b :=\n1", "2:1 Invalid assignment target\n");
    expect_errors("5 := 1", "1:6 Expected expression\n");
    expect_errors("(a) := 1", "1:8 Expected expression\n");
    expect_errors("1 = ", "1:5 Expected expression\n");
    expect_errors("a := b := 1",
                  "1:8 Chained assignment is not supported; split the assignment into separate statements\n");
    expect_errors("let a = b = 1",
                  "1:11 Chained assignment is not supported; split the assignment into separate statements\n");
}

static void test_control(void **state)
{
    (void)state;
    expect_tree("if a { 1 } else if b { } else { 2 }", "  IF @1:1\n"
                                                       "    NAME a @1:4\n"
                                                       "    THEN\n"
                                                       "      EXPRESSION @1:8\n"
                                                       "        INT 1 @1:8\n"
                                                       "    ELSE\n"
                                                       "      IF @1:17\n"
                                                       "        NAME b @1:20\n"
                                                       "        THEN\n"
                                                       "        ELSE\n"
                                                       "          EXPRESSION @1:33\n"
                                                       "            INT 2 @1:33\n");
    expect_tree("loop { break } loop while x { continue } while y { } for k, v in d { } for i in 0..3 { }",
                "  WHILE @1:1\n"
                "    BODY\n"
                "      BREAK @1:8\n"
                "  WHILE @1:16\n"
                "    NAME x @1:27\n"
                "    BODY\n"
                "      CONTINUE @1:31\n"
                "  WHILE @1:42\n"
                "    NAME y @1:48\n"
                "    BODY\n"
                "  FOR k v @1:54\n"
                "    NAME d @1:66\n"
                "    BODY\n"
                "  FOR i @1:72\n"
                "    RANGE .. @1:82\n"
                "      INT 0 @1:81\n"
                "      INT 3 @1:84\n"
                "    BODY\n");
    expect_tree("try { } except e { } finally { } try { } except { } try { } finally { }", "  TRY e @1:1\n"
                                                                                           "    BODY\n"
                                                                                           "    EXCEPT\n"
                                                                                           "    FINALLY\n"
                                                                                           "  TRY @1:34\n"
                                                                                           "    BODY\n"
                                                                                           "    EXCEPT\n"
                                                                                           "  TRY @1:53\n"
                                                                                           "    BODY\n"
                                                                                           "    FINALLY\n");
    expect_shape("return\n1", "RETURN, INT 1");
    expect_shape("return; 1", "RETURN, INT 1");
    expect_shape("x(func() { return })", "CALL, NAME x, FUNC, FUNCTION, BODY, RETURN");
}

static void test_match(void **state)
{
    (void)state;
    expect_tree("match x { case _: { } case -5: { }; case 2.5: { } case \"s\": { } case true: { } case null: { }\n"
                "case Ok(v) if v > 1: { } case Result::Err: { } case None: { } case A::B: { } case A::C(x, _): { } "
                "case word: { }\n"
                "default: { } }",
                "  MATCH @1:1\n"
                "    NAME x @1:7\n"
                "    CASE any @1:16\n"
                "      BODY\n"
                "    CASE int -5 @1:28\n"
                "      BODY\n"
                "    CASE float 2.5 @1:42\n"
                "      BODY\n"
                "    CASE string \"s\" @1:56\n"
                "      BODY\n"
                "    CASE bool true @1:70\n"
                "      BODY\n"
                "    CASE null @1:85\n"
                "      BODY\n"
                "    CASE variant Ok binds v @2:6\n"
                "      GUARD\n"
                "      BINARY > @2:17\n"
                "        NAME v @2:15\n"
                "        INT 1 @2:19\n"
                "      BODY\n"
                "    CASE variant Err @2:31\n"
                "      BODY\n"
                "    CASE variant None @2:53\n"
                "      BODY\n"
                "    CASE enum A B @2:68\n"
                "      BODY\n"
                "    CASE enum A C binds x _ @2:83\n"
                "      BODY\n"
                "    CASE word word @2:104\n"
                "      BODY\n"
                "    DEFAULT @3:1\n"
                "      BODY\n");
    expect_errors("match x { case if: { } }", "1:16 Expected pattern after 'case' but found Keyword(\"if\")\n");
    expect_errors("match x { case -y: { } }", "1:17 Expected pattern after 'case' but found Identifier(\"y\")\n");
    expect_errors("match x { case A::5: { } }", "1:19 Expected variant name after '::' but found Int(5)\n");
    expect_errors("match x { case A::B(5): { } }", "1:21 Expected ')' to close match case pattern but found Int(5)\n");
    expect_errors("match x { case Ok(a, b): { } }",
                  "1:20 Expected ')' to close match case pattern but found Punctuation(',')\n");
    expect_errors("match x { case 1 { } }", "1:18 Expected ':' after match case pattern but found Punctuation('{')\n");
    expect_errors("match x { default { } }", "1:19 Expected ':' after 'default' but found Punctuation('{')\n");
    expect_errors("match x { foo }", "1:11 Expected 'case' or 'default' in match body but found Identifier(\"foo\")\n");
    expect_errors("match x { case \"${a}\": { } }", "1:16 Interpolated strings are not allowed in match patterns\n");
}

static void test_struct_literal_or_block(void **state)
{
    (void)state;
    expect_shape("x {}", "STRUCT x");
    expect_shape("if x {}", "IF, NAME x, THEN");
    expect_shape("if x {} {}", "IF, STRUCT x, THEN");
    expect_shape("if x == P { x: 1 } { y }", "IF, BINARY ==, NAME x, STRUCT P, FIELD \"x\", INT 1, THEN, NAME y");
    expect_shape("if f(x {}) { }", "IF, CALL, NAME f, STRUCT x, THEN");
    expect_shape("match x {}", "MATCH, NAME x");
    expect_shape("while a {} b", "WHILE, NAME a, BODY, NAME b");
    expect_shape("for i in xs {}", "FOR i, NAME xs, BODY");
    expect_shape("x\n{a: 1}", "STRUCT x, FIELD \"a\", INT 1");
    expect_shape("if func() { x {} } { }", "IF, FUNC, FUNCTION, BODY, STRUCT x, THEN");
}

static void test_newlines(void **state)
{
    (void)state;
    expect_shape("a\n(b)", "NAME a, NAME b (parenthesized)");
    expect_shape("a\n[b]", "NAME a, ARRAY, NAME b");
    expect_shape("a\n-b", "BINARY -, NAME a, NAME b");
    expect_shape("a\n.b\n?.c", "MEMBER ?.c, MEMBER .b, NAME a");
    expect_shape("a.b\n(c)", "MEMBER .b, NAME a, NAME c (parenthesized)");
    expect_shape("f(a\n(b)\n[c])", "CALL, NAME f, INDEX, CALL, NAME a, NAME b, NAME c");
    expect_shape("[a\n[b]]", "ARRAY, INDEX, NAME a, NAME b");
    expect_shape("P { x: a\n(b) }", "STRUCT P, FIELD \"x\", CALL, NAME a, NAME b");
    expect_shape("f(func() { a\n(b) })", "CALL, NAME f, FUNC, FUNCTION, BODY, NAME a, NAME b (parenthesized)");
    expect_shape("\"${a\n(b)}\"", "INTERP, CALL, NAME a, NAME b");
    expect_shape("A::B\n(1)", "ENUM A::B, INT 1 (parenthesized)");
    expect_shape("yield\n1", "YIELD, INT 1");
    expect_shape("yield a + b", "YIELD, BINARY +, NAME a, NAME b");
    expect_shape("f(yield, (yield\n))", "CALL, NAME f, YIELD, YIELD (parenthesized)");
    expect_shape(";;a;b;;", "NAME a, NAME b");
    expect_shape("/* c\n */ (a) /* d\n */ (b)", "NAME a (parenthesized), NAME b (parenthesized)");
}

static void test_places(void **state)
{
    (void)state;
    expect_tree("x.f(a)[i] + -g(1)?", "  EXPRESSION @1:1\n"
                                      "    BINARY + @1:11\n"
                                      "      INDEX @1:7\n"
                                      "        METHOD .f @1:3\n"
                                      "          NAME x @1:1\n"
                                      "          NAME a @1:5\n"
                                      "        NAME i @1:8\n"
                                      "      UNARY - @1:13\n"
                                      "        TRY @1:18\n"
                                      "          CALL @1:14\n"
                                      "            NAME g @1:14\n"
                                      "            INT 1 @1:16\n");
    expect_tree("\"\xC3\xA9\" == await (x)", "  EXPRESSION @1:1\n"
                                             "    BINARY == @1:5\n"
                                             "      STRING \"\xC3\xA9\" @1:1\n"
                                             "      AWAIT @1:8\n"
                                             "        NAME x (parenthesized) @1:15\n");
    RfDiagList diags;
    rf_diag_init(&diags);
    RfAst ast;
    const char *source = "export x := (a + b) * 2 ;\n";
    assert_true(rf_parse(&ast, source, strlen(source), &diags));
    const RfStmt *stmt = ast.program.stmts[0];
    assert_int_equal(stmt->start, 0);
    assert_int_equal(stmt->pos.column, 8);
    assert_int_equal(stmt->end, 23);
    const RfExpr *product = stmt->as.assign.value;
    assert_int_equal(product->start, 12);
    assert_int_equal(product->first.column, 13);
    assert_int_equal(product->end, 23);
    assert_int_equal(product->as.binary.left->pos.column, 16);
    assert_int_equal(product->as.binary.left->end, 19);
    assert_int_equal(ast.eof.line, 2);
    assert_int_equal(ast.eof.column, 1);
    rf_ast_free(&ast);
    rf_diag_free(&diags);
}

typedef struct ErrorCase {
    const char *source, *error;
} ErrorCase;

static void expect_all(const ErrorCase *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        RfBuf line = RF_BUF_INIT;
        rf_buf_printf(&line, "%s\n", cases[i].error);
        expect_errors(cases[i].source, rf_buf_cstr(&line));
        rf_buf_free(&line);
    }
}
#define EXPECT_ALL(cases) expect_all(cases, sizeof(cases) / sizeof((cases)[0]))

static void test_missing_openers(void **state)
{
    (void)state;
    static const ErrorCase cases[] = {
        {"func f() 5", "1:10 Expected '{' to start function body but found Int(5)"},
        {"func* f() => 1", "1:11 Expected '{' to start function body but found Operator(\"=>\")"},
        {"x := func() 1.5", "1:13 Expected '{' to start function expression body but found Float(1.5)"},
        {"if x y", "1:6 Expected '{' to start if block but found Identifier(\"y\")"},
        {"if x {} else \"s\"", "1:14 Expected '{' to start else block but found String(\"s\")"},
        {"while x true", "1:9 Expected '{' to start while body but found Bool(true)"},
        {"loop ;", "1:6 Expected '{' to start loop body but found Punctuation(';')"},
        {"loop while x let", "1:14 Expected '{' to start loop body but found Keyword(\"let\")"},
        {"for a in b \"${c}\"", "1:12 Expected '{' to start for loop body but found InterpolatedString"},
        {"match x", "1:8 Expected '{' to start match body but found Eof"},
        {"match x { case 1: }", "1:19 Expected '{' to start match case block but found Punctuation('}')"},
        {"match x { default: }", "1:20 Expected '{' to start match default block but found Punctuation('}')"},
        {"try x", "1:5 Expected '{' to start try block but found Identifier(\"x\")"},
        {"try {} except 5", "1:15 Expected '{' to start except block but found Int(5)"},
        {"try {} finally 5", "1:16 Expected '{' to start finally block but found Int(5)"},
        {"spawn 5", "1:7 Expected '{' to start spawn block but found Int(5)"},
        {"test \"a\" 5", "1:10 Expected '{' to start test body but found Int(5)"},
        {"test_setup 5", "1:12 Expected '{' to start test_setup block but found Int(5)"},
        {"test_teardown 5", "1:15 Expected '{' to start test_teardown block but found Int(5)"},
        {"test_group \"a\" 5", "1:16 Expected '{' to start test_group body but found Int(5)"},
        {"enum E 5", "1:8 Expected '{' to start enum body but found Int(5)"},
        {"struct S 5", "1:10 Expected '{' to start struct body but found Int(5)"},
        {"func f 5", "1:8 Expected '(' after function name but found Int(5)"},
        {"x := func f() {}", "1:11 Expected '(' after 'func' in function expression but found Identifier(\"f\")"},
        {"x := Ok", "1:8 Expected '(' after 'Ok'"},
        {"Err\n(1)", "2:1 Expected '(' after 'Err'"},
        {"Some + 1", "1:6 Expected '(' after 'Some'"},
    };
    EXPECT_ALL(cases);
}

static void test_missing_closers(void **state)
{
    (void)state;
    static const ErrorCase cases[] = {
        {"func f() { x", "1:13 Expected '}' to close function body but found Eof"},
        {"if x { ", "1:8 Expected '}' to close if block but found Eof"},
        {"match x { case 1: { }\n", "2:1 Expected '}' to close match body but found Eof"},
        {"enum E { A 5 }", "1:12 Expected '}' to close enum body but found Int(5)"},
        {"struct S { x 5 }", "1:14 Expected '}' to close struct body but found Int(5)"},
        {"P { x: 1 5 }", "1:10 Expected '}' to close struct literal but found Int(5)"},
        {"x := { 1: 2 3 }", "1:13 Expected '}' to close dictionary literal but found Int(3)"},
        {"let {a.b} := x", "1:7 Expected '}' to close dictionary pattern but found Punctuation('.')"},
        {"let [a, 5] := x", "1:9 Expected ']' to close array pattern but found Int(5)"},
        {"[a, ...5] := x", "1:8 Expected ']' to close array pattern but found Int(5)"},
        {"x := [1 2]", "1:9 Expected ']' to close array literal but found Int(2)"},
        {"x[1 2]", "1:5 Expected ']' to close index expression but found Int(2)"},
        {"f(1 2)", "1:5 Expected ')' to close function call arguments but found Int(2)"},
        {"f(", "1:3 Expected ')' to close function call arguments but found Eof"},
        {"x.f(1 2)", "1:7 Expected ')' to close method call arguments but found Int(2)"},
        {"A::B(1 2)", "1:8 Expected ')' to close tag expression arguments but found Int(2)"},
        {"throw(1 2)", "1:9 Expected ')' to close throw(...) arguments but found Int(2)"},
        {"Ok(1, 2)", "1:5 Expected ')' to close Ok(...) but found Punctuation(',')"},
        {"Err(1 2)", "1:7 Expected ')' to close Err(...) but found Int(2)"},
        {"Some(1 2)", "1:8 Expected ')' to close Some(...) but found Int(2)"},
        {"(1 2)", "1:4 Expected ')' to close parenthesized expression but found Int(2)"},
        {"func f(a 5) {}", "1:10 Expected ')' to close function parameter list but found Int(5)"},
        {"func f(a, self) {}", "1:11 Expected ')' to close function parameter list but found Keyword(\"self\")"},
        {"x := func(5) {}", "1:11 Expected ')' to close function expression parameter list but found Int(5)"},
    };
    EXPECT_ALL(cases);
}

static void test_other_messages(void **state)
{
    (void)state;
    static const ErrorCase cases[] = {
        {"x := )", "1:6 Expected expression"},
        {"x := ", "1:6 Expected expression"},
        {"f(...[1])", "1:3 Expected expression"},
        {"print(2 ** 3)", "1:10 Expected expression"},
        {"default := 1", "1:1 Expected expression"},
        {"int(5)", "1:1 Expected expression"},
        {"}", "1:1 Expected expression"},
        {"x := \"a${}\"", "1:10 Expected expression"},
        {"\"${a b}\"", "1:6 Expected expression"},
        {"\"${f(1}\"", "1:7 Expected ')' to close function call arguments but found Punctuation('}')"},
        {"x := {a}", "1:8 Expected ':' in dictionary literal"},
        {"P { x: 1, y }", "1:13 Expected ':' after struct literal field but found Punctuation('}')"},
        {"let x 5", "1:7 Expected assignment operator (':=' or '=') in let declaration but found Int(5)"},
        {"mut x: int", "1:11 Expected assignment operator (':=' or '=') in let declaration but found Eof"},
        {"const x 5", "1:9 Expected assignment operator (':=' or '=') in const declaration but found Int(5)"},
        {"func (x) {}", "1:6 Expected function name after 'func'"},
        {"func test() {}", "1:6 Expected function name after 'func'"},
        {"struct { x }", "1:8 Expected struct name after 'struct'"},
        {"enum 5", "1:6 Expected enum name after 'enum'"},
        {"const 5", "1:7 Expected constant name after 'const'"},
        {"let 5 := 1", "1:5 Expected variable name or pattern after 'let'"},
        {"mut self := 1", "1:5 Expected variable name or pattern after 'mut'"},
        {"async x", "1:7 Expected 'func' after 'async'"},
        {"y := async x", "1:12 Expected 'func' after 'async'"},
        {"for 5 in x {}", "1:5 Expected loop variable name after 'for'"},
        {"for a, 5 in x {}", "1:8 Expected second loop variable name after ','"},
        {"for a of x {}", "1:7 Expected 'in' in for loop but found Identifier(\"of\")"},
        {"try {} x", "1:8 Expected 'except' after try block but found Identifier(\"x\")"},
        {"import 5", "1:8 Expected module name after 'import'"},
        {"from 5", "1:6 Expected module name after 'from'"},
        {"from a. import x", "1:9 Expected module path segment after '.' in from-import statement"},
        {"from a x", "1:8 Expected 'import' after module name in from-import statement but found Identifier(\"x\")"},
        {"from a import 5", "1:15 Expected imported symbol name"},
        {"import a as 5", "1:13 Expected alias name after 'as'"},
        {"x.5", "1:3 Expected field name after '.' but found Int(5)"},
        {"x?.default", "1:4 Expected field name after '?.' but found Keyword(\"default\")"},
        {"A::5", "1:4 Expected variant name after '::' but found Int(5)"},
        {"test 5 {}", "1:6 Expected test name string after 'test'"},
        {"test \"${a}\" {}", "1:6 Expected test name string after 'test'"},
        {"test_group 5 {}", "1:12 Expected group name string after 'test_group'"},
        {"func f(a := 1, bb) {}", "1:16 Parameter 'bb' without a default follows a parameter with a default"},
        {"1 .. 2 ..= 3", "1:8 Range operators cannot be chained"},
    };
    EXPECT_ALL(cases);
}

static void test_recovery(void **state)
{
    (void)state;
    expect_errors("x := )\nprint((1 + 2)\n",
                  "1:6 Expected expression\n3:1 Expected ')' to close function call arguments but found Eof\n");
    expect_errors("x := ) y := ]; z := ]\nw := 1\n", "1:6 Expected expression\n1:21 Expected expression\n");
    expect_errors("func f() {\n  x := )\n  if a {\n    y := ]\n    z := 1\n  }\n  )\n}\nq := ]\n",
                  "2:8 Expected expression\n"
                  "4:10 Expected expression\n"
                  "7:3 Expected expression\n"
                  "9:6 Expected expression\n");
    expect_errors("func f() {\n  x := (1 + 2\n  y := 3\n}\nprint(\"z\" 5)\n",
                  "3:3 Expected ')' to close parenthesized expression but found Identifier(\"y\")\n"
                  "5:11 Expected ')' to close function call arguments but found Int(5)\n");
    expect_errors("func f() { x := }\ny := ]", "1:17 Expected expression\n2:6 Expected expression\n");
    expect_errors("if x\n"
                  "  y := )\n",
                  "2:3 Expected '{' to start if block but found Identifier(\"y\")\n"
                  "2:8 Expected expression\n");
    expect_errors("struct S {\n  5\n  x\n}\ny := )",
                  "2:3 Expected '}' to close struct body but found Int(5)\n5:6 Expected expression\n");
    expect_errors("f(func() {\n"
                  "  x := )\n"
                  "  y := 1\n"
                  "})\n"
                  "z := )",
                  "2:8 Expected expression\n"
                  "5:6 Expected expression\n");
    expect_errors("x := \"${ 1 + }\"\n"
                  "y := \"\xC3\xA9${\n"
                  " )}\"",
                  "1:14 Expected expression\n"
                  "3:2 Expected expression\n");
    expect_errors("func f() {\n"
                  "  if x {\n",
                  "3:1 Expected '}' to close if block but found Eof\n"
                  "3:1 Expected '}' to close function body but found Eof\n");
}

static void test_lexical_errors_stop_parsing(void **state)
{
    (void)state;
    expect_errors("x := )\ny := @", "2:6 Invalid character: '@'\n");
}

static void test_limits(void **state)
{
    (void)state;
    struct {
        const char *before, *open, *middle, *close;
        size_t most;
        const char *error;
    } limits[] = {
        {"x := ", "(", "1", ")", 255,
         "1:262 Maximum expression nesting depth of 256 exceeded while parsing expression\n"},
        {"x := ", "-", "1", "", 255,
         "1:261 Maximum expression nesting depth of 256 exceeded while parsing unary expression\n"},
        {"x := ", "[", "1", "]", 255,
         "1:261 Maximum expression nesting depth of 256 exceeded while parsing array literal\n"},
        {"x := ", "{1:", "1", "}", 255,
         "1:771 Maximum expression nesting depth of 256 exceeded while parsing dictionary literal\n"},
        {"", "if x {", "", "}", 128, "1:774 Maximum block nesting depth of 128 exceeded while parsing if block\n"},
        {"", "func f(){", "", "}", 128,
         "1:1161 Maximum block nesting depth of 128 exceeded while parsing function body\n"},
        {"x := [1", ",1", "]", "", 4095, "1:8199 Array literal exceeds maximum element count of 4096\n"},
        {"x := {1:1", ",1:1", "}", "", 4095, "1:16391 Dictionary literal exceeds maximum item count of 4096\n"},
    };
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        char *fits = nested(limits[i].before, limits[i].open, limits[i].middle, limits[i].close, limits[i].most);
        char *exceeds = nested(limits[i].before, limits[i].open, limits[i].middle, limits[i].close, limits[i].most + 1);
        expect_clean(fits);
        expect_errors(exceeds, limits[i].error);
        free(fits);
        free(exceeds);
    }
}

static void test_diagnostic_count(void **state)
{
    (void)state;
    char *source = repeat("", "x := )\n", 130, "");
    RfDiagList diags;
    rf_diag_init(&diags);
    RfAst ast;
    assert_false(rf_parse(&ast, source, strlen(source), &diags));
    assert_int_equal(diags.len, RF_DIAG_MAX);
    assert_int_equal(diags.dropped, 30);
    rf_ast_free(&ast);
    rf_diag_free(&diags);
    free(source);
}

/* None of these may use the C stack in proportion to its length, nor time in proportion to its square. */
static void test_hostile_shapes(void **state)
{
    (void)state;
    static const struct {
        const char *before, *text, *after;
        bool clean;
    } shapes[] = {
        {"x := a", "+a", "", true},
        {"x := a", "? ", "", true},
        {"f", "()", "", true},
        {"a", ".b", "", true},
        {"a", "[1]", "", true},
        {"a", "|>f(1)", "", true},
        {"if a {}", " else if a {}", "", true},
        {"", "export ", "x := 1", true},
        {"let x: ", "a<", "", false},
        {"", "(", "", false},
        {"", "[", "", false},
        {"", "[;", "", false},
        {"", "{[;", "", false},
        {"", "-", "", false},
        {"", "await ", "", false},
        {"", "func() => ", "", false},
        {"", "spawn {", "", false},
        {"", "if a {", "", false},
        {"let ", "[", "", false},
        {"", "yield ", "", false},
        {"", "P {a: ", "", false},
        {"", "Ok(", "", false},
        {"", "\"${", "", false},
        {"", "f(){", "", false},
        {"", "}", "", false},
        {"", "match x { case 1: {", "", false},
    };
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        char *source = repeat(shapes[i].before, shapes[i].text, 50000, shapes[i].after);
        RfDiagList diags;
        rf_diag_init(&diags);
        RfAst ast;
        assert_int_equal(rf_parse(&ast, source, strlen(source), &diags), shapes[i].clean);
        RfBuf out = RF_BUF_INIT;
        rf_ast_dump(&ast, &out);
        assert_true(out.len < strlen(source) * 200);
        rf_buf_free(&out);
        rf_ast_free(&ast);
        rf_diag_free(&diags);
        free(source);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_postfix),
        cmocka_unit_test(test_primaries),
        cmocka_unit_test(test_functions),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_declarations),
        cmocka_unit_test(test_assignments),
        cmocka_unit_test(test_control),
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_struct_literal_or_block),
        cmocka_unit_test(test_newlines),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_missing_openers),
        cmocka_unit_test(test_missing_closers),
        cmocka_unit_test(test_other_messages),
        cmocka_unit_test(test_recovery),
        cmocka_unit_test(test_lexical_errors_stop_parsing),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_diagnostic_count),
        cmocka_unit_test(test_hostile_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

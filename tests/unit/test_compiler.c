/* The code the compiler makes for the constructs whose shape others rely on, and compile errors. */
#include "bytecode_fixture.h"

static void locals_are_certain_when_no_global_can_have_the_name(void **state)
{
    (void)state;
    assert_ops("func f() { x := 1 return x }", "f", "CONST STORE_LOCAL LOAD_LOCAL RETURN ");
    assert_ops("func f() { x := 1 return x } x := 2", "f", "UNSET CONST STORE_LOCAL LOAD_LOCAL RETURN ");
}

static void an_open_module_keeps_the_question_open(void **state)
{
    (void)state;
    Fixture f;
    fixture_open(&f, "func f() { x := 1 return x }", true);
    assert_true(f.good);
    assert_verified(&f);
    assert_string_equal(ops_of(&f, "f"), "UNSET CONST STORE_LOCAL LOAD_LOCAL RETURN ");
    const RfProto *p = find_proto(f.module->main, "f");
    assert_int_equal(p->code[2].b & 3, RF_VARREF_MAYBE);
    fixture_close(&f);
}

static void constants_are_folded_only_when_nothing_can_fail(void **state)
{
    (void)state;
    assert_ops("func f() { return 2 * 3 + 1 }", "f", "CONST RETURN ");
    assert_ops("func f() { return 1 / 0 }", "f", "CONST CONST DIV RETURN ");
    assert_ops("func f() { return 9223372036854775807 + 1 }", "f", "CONST CONST ADD RETURN ");
    assert_ops("func f() { return \"a\" + \"b\" }", "f", "CONST RETURN ");
    assert_ops("func f(a) { if false { return a } return -1 }", "f", "CONST RETURN ");
}

static void loops_test_at_the_bottom(void **state)
{
    (void)state;
    assert_ops(
        "func f(n) { i := 0 while i < n { i += 1 } }", "f",
        "CONST STORE_LOCAL JUMP LOAD_LOCAL CONST ADD STORE_LOCAL LOAD_LOCAL LOAD_LOCAL LT LOOP_IF_TRUE CONST RETURN ");
}

static void last_uses_move(void **state)
{
    (void)state;
    Fixture f;
    fixture_open(&f, "func f(a) { b := a b[0] := 1 return b }", false);
    const RfProto *p = find_proto(f.module->main, "f");
    assert_string_equal(ops_of(&f, "f"), "LOAD_LOCAL STORE_LOCAL CONST CONST STORE_INDEX_LOCAL LOAD_LOCAL RETURN ");
    assert_true(p->code[0].b & RF_VARREF_MOVE);
    assert_true(p->code[5].b & RF_VARREF_MOVE);
    fixture_close(&f);
}

static void what_a_handler_reads_is_not_moved(void **state)
{
    (void)state;
    Fixture f;
    fixture_open(&f, "func f(a) { try { g(a) } except { return a } }", false);
    const RfProto *p = find_proto(f.module->main, "f");
    assert_int_equal(p->code[1].op, RF_OP_LOAD_LOCAL);
    assert_false(p->code[1].b & RF_VARREF_MOVE);
    assert_verified(&f);
    fixture_close(&f);
}

static void assignments_name_the_place_they_replace(void **state)
{
    (void)state;
    static const char *const with[] = {
        "func f(a) { a := push(a, 1) }",          "func f(a) { a := a.push(1) }",
        "func f(a) { a := a |> push(1) }",        "func f(a) { a.b := push(a.b, 1) }",
        "func f(a, i) { a[i] := push(a[i], 1) }", "func f(a) { [a, x] := pop(a) }",
    };
    static const char *const without[] = {
        "func f(a, b) { a := push(b, 1) }",
        "func f(a) { a[g()] := push(a[g()], 1) }",
        "func f(a) { let b := push(a, 1) }",
    };
    Fixture f;
    for (size_t i = 0; i < sizeof with / sizeof *with; i++) {
        fixture_open(&f, with[i], false);
        const RfProto *p = find_proto(f.module->main, "f");
        assert_int_equal(p->ncalls + p->nmethods, 1);
        assert_true((p->ncalls ? p->calls[0].place : p->methods[0].place) > 0);
        assert_verified(&f);
        fixture_close(&f);
    }
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        fixture_open(&f, without[i], false);
        const RfProto *p = find_proto(f.module->main, "f");
        for (uint32_t j = 0; j < p->ncalls; j++) {
            assert_int_equal(p->calls[j].place, 0);
        }
        fixture_close(&f);
    }
}

static void a_local_lambda_reaches_itself_without_a_cell(void **state)
{
    (void)state;
    Fixture f;
    fixture_open(&f, "func f() { g := func(n) => g(n - 1) return g }", false);
    const RfProto *p = find_proto(f.module->main, "<lambda>");
    assert_int_equal(p->ncaptures, 0);
    assert_int_equal(p->code[0].op, RF_OP_LOAD_CALLEE);
    fixture_close(&f);
}

static void neighbours_share_their_cells(void **state)
{
    (void)state;
    Fixture f;
    fixture_open(&f, "func f() { func a() { return b() } func b() { return a() } return a }", false);
    const RfProto *a = find_proto(f.module->main, "a");
    assert_int_equal(a->ncaptures, 1);
    assert_int_equal(a->captures[0].kind, RF_CAPTURE_SHARED);
    assert_verified(&f);
    fixture_close(&f);
}

static void dead_code_goes_but_is_checked(void **state)
{
    (void)state;
    assert_ops("func f() { return 1; return 2 }", "f", "CONST RETURN ");
    Fixture f;
    fixture_open(&f, "func f() { return 1\nbreak }", false);
    assert_false(f.good);
    assert_string_equal(f.error.message, "break can only be used inside a loop");
    assert_int_equal(f.error.pos.line, 2);
    fixture_close(&f);
}

static void errors(void **state)
{
    (void)state;
    static const struct {
        const char *source, *message;
        uint32_t line, column;
    } cases[] = {
        {"continue", "continue can only be used inside a loop", 1, 1},
        {"loop { spawn { break } }", "break can only be used inside a loop", 1, 16},
        {"func f(a, a) {}", "Duplicate declaration in the same scope: a", 1, 11},
        {"func f(a) { let a := 1 }", "Duplicate declaration in the same scope: a", 1, 17},
        {"func f() { let [x, x] := 1 }", "Duplicate declaration in the same scope: x", 1, 20},
        {"func f() { [x, x] := 1 }", "Duplicate declaration in the same scope: x", 1, 16},
        {"throw()", "throw() requires exactly one argument", 1, 1},
        {"x := Result::Ok()", "Result::Ok(...) requires exactly one argument", 1, 6},
        {"x := Option::None(1)", "Option::None takes no arguments", 1, 6},
        {"struct S { func* g(self) { } }", "Generator methods are not supported for structs: S.g", 1, 18},
        {"break\nfunc f() { continue }", "break can only be used inside a loop", 1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Fixture f;
        fixture_open(&f, cases[i].source, false);
        assert_false(f.good);
        assert_string_equal(f.error.message, cases[i].message);
        assert_int_equal(f.error.pos.line, cases[i].line);
        assert_int_equal(f.error.pos.column, cases[i].column);
        fixture_close(&f);
    }
}

static void arms_may_repeat_declarations(void **state)
{
    (void)state;
    Fixture f;
    fixture_open(&f, "func f(r) { match r { case Ok(v): { let w := v } default: { let w := 0 } } print(w) let w := 2 }",
                 false);
    assert_true(f.good);
    assert_verified(&f);
    fixture_close(&f);
}

static void tests_are_kept_apart(void **state)
{
    (void)state;
    Fixture f;
    fixture_open(&f,
                 "test \"a\" { x := 1 } test_group \"g\" { test \"b\" { } } test_setup { } export func e() {} export "
                 "let [p, q] := [1, 2]",
                 false);
    assert_true(f.good);
    assert_verified(&f);
    assert_int_equal(f.module->ntests, 2);
    assert_string_equal(f.module->tests[0].name, "a");
    assert_string_equal(f.module->tests[1].name, "g > b");
    assert_non_null(f.module->test_setup);
    assert_null(f.module->test_teardown);
    assert_int_equal(f.module->nexports, 3);
    fixture_close(&f);
}

static void long_chains_do_not_recurse(void **state)
{
    (void)state;
    RfBuf source = RF_BUF_INIT;
    rf_buf_puts(&source, "x := 1\ny := x");
    for (int i = 0; i < 100000; i++) {
        rf_buf_puts(&source, i % 2 ? " + x" : ".f()");
    }
    rf_buf_puts(&source, "\nif x {}");
    for (int i = 0; i < 20000; i++) {
        rf_buf_puts(&source, " else if x {}");
    }
    Fixture f;
    fixture_open(&f, rf_buf_cstr(&source), false);
    assert_true(f.good);
    assert_verified(&f);
    fixture_close(&f);
    rf_buf_free(&source);
}

static void listing_has_the_documented_form(void **state)
{
    (void)state;
    Fixture f;
    fixture_open(&f, "func fib(n) { return n < 2 }", false);
    rf_buf_clear(&f.listing);
    rf_disasm(&f.listing, find_proto(f.module->main, "fib"));
    const char *text = rf_buf_cstr(&f.listing);
    const char *body = strchr(text, '\n') + 1;
    assert_true(strncmp(text, "== func fib(n) id=", 18) == 0);
    assert_non_null(strstr(text, " params=1 locals=1 captured=0 ops=4 stack=2 (t.ruff:1) ==\n"));
    assert_string_equal(body, "   0   1:22  LOAD_LOCAL      0        ; n (last use)\n"
                              "   1   1:26  CONST           0        ; Int(2)\n"
                              "   2   1:24  LT\n"
                              "   3   1:15  RETURN\n"
                              "constants: 0=Int(2)\n"
                              "handlers: none\n\n");
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(locals_are_certain_when_no_global_can_have_the_name),
        cmocka_unit_test(an_open_module_keeps_the_question_open),
        cmocka_unit_test(constants_are_folded_only_when_nothing_can_fail),
        cmocka_unit_test(loops_test_at_the_bottom),
        cmocka_unit_test(last_uses_move),
        cmocka_unit_test(what_a_handler_reads_is_not_moved),
        cmocka_unit_test(assignments_name_the_place_they_replace),
        cmocka_unit_test(a_local_lambda_reaches_itself_without_a_cell),
        cmocka_unit_test(neighbours_share_their_cells),
        cmocka_unit_test(dead_code_goes_but_is_checked),
        cmocka_unit_test(errors),
        cmocka_unit_test(arms_may_repeat_declarations),
        cmocka_unit_test(tests_are_kept_apart),
        cmocka_unit_test(long_chains_do_not_recurse),
        cmocka_unit_test(listing_has_the_documented_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

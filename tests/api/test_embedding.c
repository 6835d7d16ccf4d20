/* The embedding interface as a host uses it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ruff/ruff.h"

typedef struct Output {
    char text[4096];
    size_t len;
} Output;

static void collect(void *context, const char *bytes, size_t len)
{
    Output *out = context;
    if (out->len + len < sizeof out->text) {
        memcpy(out->text + out->len, bytes, len);
        out->len += len;
        out->text[out->len] = '\0';
    }
}

static RuffVM *new_vm(Output *out)
{
    RuffConfig config;
    ruff_config_init(&config);
    *out = (Output){.len = 0};
    config.write_out = collect;
    config.write_err = collect;
    config.write_context = out;
    RuffVM *vm = ruff_vm_new(&config);
    assert_non_null(vm);
    return vm;
}

static RuffProgram *load(RuffVM *vm, const char *source)
{
    RuffProgram *program;
    assert_int_equal(ruff_load(vm, "host.ruff", source, strlen(source), &program), RUFF_OK);
    return program;
}

static RuffProgram *run(RuffVM *vm, const char *source)
{
    RuffProgram *program = load(vm, source);
    assert_int_equal(ruff_run(vm, program), RUFF_OK);
    return program;
}

static void expect_text(RuffValue *value, const char *want)
{
    assert_non_null(value);
    char *text = ruff_value_text(value, NULL);
    assert_string_equal(text, want);
    ruff_free(text);
    ruff_value_free(value);
}

static void test_output_callback(void **state)
{
    (void)state;
    Output out;
    RuffVM *vm = new_vm(&out);
    run(vm, "print(\"hello\", 1 + 2)");
    assert_string_equal(out.text, "hello 3\n");
    ruff_vm_free(vm);
}

static void test_two_vms_at_once(void **state)
{
    (void)state;
    Output out_a, out_b;
    RuffVM *a = new_vm(&out_a), *b = new_vm(&out_b);
    const char *source = "mut n := 0\nfunc next() { n := n + 1\n return n }";
    RuffProgram *in_a = run(a, source), *in_b = run(b, source);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ruff_call(a, in_a, "next", 0, NULL, NULL), RUFF_OK);
    }
    RuffValue *result;
    assert_int_equal(ruff_call(b, in_b, "next", 0, NULL, &result), RUFF_OK);
    expect_text(result, "1");
    expect_text(ruff_global(a, in_a, "n"), "3");
    RuffValue *foreign = ruff_int(b, 1);
    assert_int_equal(ruff_call(a, in_a, "next", 1, &foreign, &result), RUFF_ERROR_USAGE);
    assert_null(result);
    ruff_value_free(foreign);
    ruff_vm_free(a);
    assert_int_equal(ruff_call(b, in_b, "next", 0, NULL, &result), RUFF_OK);
    expect_text(result, "2");
    ruff_vm_free(b);
}

static void test_call_function(void **state)
{
    (void)state;
    Output out;
    RuffVM *vm = new_vm(&out);
    RuffProgram *program = run(vm, "func add(a, b) { return a + b }\nfunc twice(f, x) { return f(f(x)) }\n"
                                   "inc := func(x) { return x + 1 }");
    RuffValue *argv[] = {ruff_int(vm, 40), ruff_float(vm, 2.5)};
    RuffValue *result;
    assert_int_equal(ruff_call(vm, program, "add", 2, argv, &result), RUFF_OK);
    double f;
    assert_true(ruff_get_float(result, &f));
    assert_true(f == 42.5);
    ruff_value_free(result);
    RuffValue *inc = ruff_global(vm, program, "inc");
    assert_int_equal(ruff_type(inc), RUFF_FUNCTION);
    RuffValue *pair[] = {inc, argv[0]};
    assert_int_equal(ruff_call(vm, program, "twice", 2, pair, &result), RUFF_OK);
    expect_text(result, "42");
    assert_int_equal(ruff_call_value(vm, inc, 1, argv, &result), RUFF_OK);
    expect_text(result, "41");
    assert_int_equal(ruff_call(vm, program, "missing", 0, NULL, &result), RUFF_ERROR_USAGE);
    assert_null(result);
    assert_string_equal(ruff_error_diagnostic(ruff_last_error(vm), 0).message,
                        "The program has no global named 'missing'");
    assert_null(ruff_global(vm, program, "missing"));
    ruff_value_free(inc);
    ruff_value_free(argv[0]);
    ruff_value_free(argv[1]);
    ruff_vm_free(vm);
}

static void test_nested_values(void **state)
{
    (void)state;
    Output out;
    RuffVM *vm = new_vm(&out);
    RuffProgram *program = run(vm, "func change(d) { d[\"list\"][0] := 99\n d[\"new\"] := null\n return d }");
    RuffValue *list = ruff_array(vm), *dict = ruff_dict(vm);
    RuffValue *items[] = {ruff_int(vm, 1), ruff_bool(vm, true), ruff_string(vm, "h\xc3\xa9", 3), ruff_null(vm)};
    for (int i = 0; i < 4; i++) {
        assert_true(ruff_array_push(list, items[i]));
    }
    assert_true(ruff_dict_set(dict, "list", 4, list));
    assert_true(ruff_dict_set(dict, "7", 1, items[2]));
    assert_true(ruff_array_set(list, 0, items[3])); /* the dict keeps its own copy */
    RuffValue *result;
    assert_int_equal(ruff_call(vm, program, "change", 1, &dict, &result), RUFF_OK);

    RuffValue *inner = ruff_dict_get(result, "list", 4);
    assert_int_equal(ruff_length(inner), 4);
    int64_t n;
    RuffValue *element = ruff_array_get(inner, 0);
    assert_true(ruff_get_int(element, &n));
    assert_int_equal(n, 99);
    ruff_value_free(element);
    element = ruff_array_get(inner, 2);
    size_t len;
    assert_string_equal(ruff_get_string(element, &len), "h\xc3\xa9");
    assert_int_equal(len, 3);
    ruff_value_free(element);
    assert_null(ruff_array_get(inner, 4));
    ruff_value_free(inner);
    assert_int_equal(ruff_length(dict), 2); /* what the function changed was its own copy */
    expect_text(ruff_dict_get(dict, "7", 1), "h\xc3\xa9");

    static const char *const keys[] = {"list", "7", "new"};
    size_t at = 0, seen = 0;
    RuffValue *key, *item;
    while (ruff_dict_next(result, &at, &key, &item)) {
        assert_string_equal(ruff_get_string(key, NULL), keys[seen++]);
        ruff_value_free(key);
        ruff_value_free(item);
    }
    assert_int_equal(seen, 3);
    assert_null(ruff_string(vm, "\xff", 1));
    RuffValue *again = ruff_value_copy(result);
    assert_true(ruff_value_equal(result, again));
    assert_false(ruff_value_equal(result, dict));
    ruff_value_free(again);
    ruff_value_free(result);
    for (int i = 0; i < 4; i++) {
        ruff_value_free(items[i]);
    }
    ruff_value_free(list);
    ruff_value_free(dict);
    ruff_vm_free(vm);
}

static void test_struct_fields(void **state)
{
    (void)state;
    Output out;
    RuffVM *vm = new_vm(&out);
    RuffProgram *program = run(vm, "struct P { x, y }\np := P { x: 1, y: \"b\" }");
    RuffValue *p = ruff_global(vm, program, "p");
    assert_int_equal(ruff_type(p), RUFF_STRUCT);
    expect_text(ruff_struct_get(p, "y"), "b");
    assert_null(ruff_struct_get(p, "z"));
    ruff_value_free(p);
    ruff_vm_free(vm);
}

static void test_runtime_error_with_location(void **state)
{
    (void)state;
    Output out;
    RuffVM *vm = new_vm(&out);
    assert_null(ruff_last_error(vm));
    RuffProgram *program = load(vm, "func divide(a, b) {\n    return a / b\n}\ndivide(1, 0)\n");
    assert_int_equal(ruff_run(vm, program), RUFF_ERROR_RUNTIME);
    const RuffError *error = ruff_last_error(vm);
    RuffDiagnostic diag = ruff_error_diagnostic(error, 0);
    assert_string_equal(diag.message, "Division by zero");
    assert_string_equal(diag.file, "host.ruff");
    assert_int_equal(diag.line, 2);
    assert_int_equal(diag.column, 14);
    assert_int_equal(ruff_error_frame_count(error), 2);
    assert_string_equal(ruff_error_frame(error, 0).function, "divide");
    assert_true(ruff_error_frame(error, 0).is_function);
    assert_string_equal(ruff_error_frame(error, 1).function, "<main>");
    assert_int_equal(ruff_error_frame(error, 1).line, 4);
    char *text = ruff_render_error(error, RUFF_RENDER_HUMAN, 0);
    assert_string_equal(text, "[RUFVM001] [vm] Runtime Error: Division by zero\n"
                              "  --> host.ruff:2:14\n"
                              "   |\n"
                              " 2 |     return a / b\n"
                              "   |              ^\n"
                              "\n"
                              "Call stack:\n"
                              "  0 at divide (host.ruff:2:14)\n"
                              "  1 at <main> (host.ruff:4:1)\n"
                              "\n");
    ruff_free(text);
    ruff_vm_free(vm);
}

static void test_syntax_and_compile_errors(void **state)
{
    (void)state;
    Output out;
    RuffVM *vm = new_vm(&out);
    RuffProgram *program;
    const char *source = "a := )\nb := )\n";
    assert_int_equal(ruff_load(vm, "bad.ruff", source, strlen(source), &program), RUFF_ERROR_SYNTAX);
    assert_null(program);
    assert_int_equal(ruff_error_count(ruff_last_error(vm)), 2);
    assert_int_equal(ruff_error_diagnostic(ruff_last_error(vm), 1).line, 2);
    assert_int_equal(ruff_load(vm, "bad.ruff", "break", 5, &program), RUFF_ERROR_COMPILE);
    assert_int_equal(ruff_load(vm, "bad.ruff", "\xff", 1, &program), RUFF_ERROR_IO);
    assert_int_equal(ruff_load_file(vm, "/nonexistent/x.ruff", &program), RUFF_ERROR_IO);
    assert_string_equal(ruff_error_diagnostic(ruff_last_error(vm), 0).message,
                        "Failed to read .ruff file '/nonexistent/x.ruff': No such file or directory (os error 2)");
    assert_int_equal(ruff_exit_code(ruff_error_status(ruff_last_error(vm))), 5);
    run(vm, "print(\"still fine\")");
    assert_string_equal(out.text, "still fine\n");
    ruff_vm_free(vm);
}

static void test_denied_capability(void **state)
{
    (void)state;
    Output out = {.len = 0};
    RuffConfig config;
    ruff_config_init(&config);
    config.capabilities = RUFF_ALLOW_CLOCK;
    config.write_out = collect;
    config.write_context = &out;
    RuffVM *vm = ruff_vm_new(&config);
    RuffProgram *program = load(vm, "print(\"a\")\nx := random()\n");
    assert_int_equal(ruff_run(vm, program), RUFF_ERROR_RUNTIME);
    assert_string_equal(ruff_error_diagnostic(ruff_last_error(vm), 0).message,
                        "Capability denied: random required for random; rerun with --allow-random");
    assert_string_equal(out.text, "a\n");
    ruff_vm_free(vm);
}

static void test_script_arguments(void **state)
{
    (void)state;
    Output out = {.len = 0};
    RuffConfig config;
    ruff_config_init(&config);
    const char *const words[] = {"one", "--two"};
    config.argc = 2;
    config.argv = words;
    config.write_out = collect;
    config.write_context = &out;
    RuffVM *vm = ruff_vm_new(&config);
    run(vm, "print(args())");
    assert_string_equal(out.text, "[one, --two]\n");
    ruff_vm_free(vm);
}

static void test_declared_tests(void **state)
{
    (void)state;
    Output out;
    RuffVM *vm = new_vm(&out);
    RuffProgram *program = load(vm, "mut n := 1\ntest_setup { n := 5 }\ntest \"a\" { print(n) }\n"
                                    "test_group \"g\" { test \"b\" { throw(\"bad\") } }\n");
    assert_int_equal(ruff_test_count(program), 2);
    assert_string_equal(ruff_test_at(program, 1).name, "g > b");
    assert_int_equal(ruff_test_at(program, 0).line, 3);
    assert_int_equal(ruff_run(vm, program), RUFF_OK);
    assert_int_equal(ruff_test_setup(vm, program), RUFF_OK);
    assert_int_equal(ruff_test_body(vm, program, 0), RUFF_OK);
    assert_int_equal(ruff_test_body(vm, program, 1), RUFF_ERROR_RUNTIME);
    assert_int_equal(ruff_test_teardown(vm, program), RUFF_OK);
    ruff_flush(vm);
    assert_string_equal(out.text, "5\n");
    ruff_vm_free(vm);
}

typedef struct Ended {
    int calls, code, output_error;
} Ended;

static void note_exit(void *context, int code, int output_error)
{
    Ended *ended = context;
    ended->calls++;
    ended->code = code;
    ended->output_error = output_error;
}

static void test_exit_is_the_hosts_business(void **state)
{
    (void)state;
    Output out = {.len = 0};
    Ended ended = {0, 0, -1};
    RuffConfig config;
    ruff_config_init(&config);
    config.write_out = collect;
    config.write_context = &out;
    config.on_exit = note_exit;
    config.exit_context = &ended;
    RuffVM *vm = ruff_vm_new(&config);
    RuffProgram *program =
        load(vm, "func leave(n) { try { exit(n) } except e { print(\"caught\") } finally { print(\"f\") } }\n"
                 "func safe() { try { throw(\"x\") } except e { return \"fine\" } }\n"
                 "func task() { try { await spawn { exit(4) } } except e { } return 1 }\n"
                 "print(\"a\")\nleave(259)\nprint(\"b\")\n");
    assert_int_equal(ruff_run(vm, program), RUFF_ERROR_RUNTIME);
    assert_string_equal(out.text, "a\n");
    assert_string_equal(ruff_error_diagnostic(ruff_last_error(vm), 0).message, "The program called exit(3)");
    assert_int_equal(ended.calls, 1);
    assert_int_equal(ended.code, 3);
    assert_int_equal(ended.output_error, 0);
    RuffValue *result;
    assert_int_equal(ruff_call(vm, program, "safe", 0, NULL, &result), RUFF_OK); /* handlers work again */
    expect_text(result, "fine");
    assert_int_equal(ruff_call(vm, program, "task", 0, NULL, &result), RUFF_OK); /* only the task was stopped */
    ruff_value_free(result);
    assert_int_equal(ended.calls, 2);
    assert_int_equal(ended.code, 4);
    ruff_vm_free(vm);
}

static int run_all(void *context)
{
    (void)context;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_output_callback),
        cmocka_unit_test(test_two_vms_at_once),
        cmocka_unit_test(test_call_function),
        cmocka_unit_test(test_nested_values),
        cmocka_unit_test(test_struct_fields),
        cmocka_unit_test(test_runtime_error_with_location),
        cmocka_unit_test(test_syntax_and_compile_errors),
        cmocka_unit_test(test_denied_capability),
        cmocka_unit_test(test_script_arguments),
        cmocka_unit_test(test_declared_tests),
        cmocka_unit_test(test_exit_is_the_hosts_business),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return ruff_on_big_stack(run_all, NULL);
}

/* Raising errors and what handlers get to see. */
#include "runtime_fixture.h"

static void check_message(const char *expected)
{
    assert_non_null(rt.error.message);
    assert_string_equal(rt.error.message->data, expected);
}

static void check_text(RfValue v, const char *expected)
{
    RfString *text = rf_text_string(&rt, v);
    assert_string_equal(text->data, expected);
    rf_object_release(text);
    rf_release(v);
}

static RfValue make(const char *type, size_t n, const char **names, RfValue *values)
{
    return rf_struct_make(&rt, type, n, names, values);
}

static void raising(void **state)
{
    (void)state;
    assert_int_equal(rf_raise(&rt, "Index out of bounds: %d", 5), RF_ERROR);
    check_message("Index out of bounds: 5");
    rf_raise(&rt, "again: %s", rt.error.message->data); /* the old message may be part of the new one */
    check_message("again: Index out of bounds: 5");
    rf_raise(&rt, "%s", "");
    check_message("");
    rf_raise_string(&rt, rf_string_from_cstr("m"));
    check_message("m");
    rf_error_clear(&rt.error);
    assert_null(rt.error.message);
}

static void thrown_values(void **state)
{
    (void)state;
    rf_raise_value(&rt, str("plain"));
    check_message("plain");
    rf_raise_value(&rt, rf_int(42));
    check_message("Int(42)");
    rf_raise_value(&rt, rf_null());
    check_message("Null");
    rf_raise_value(&rt, ARRAY(rf_int(1)));
    check_message("Array[1]");
    rf_raise_value(&rt, make("Oops", 1, (const char *[]){"code"}, (RfValue[]){rf_int(1)}));
    check_message("Oops error");
    rf_raise_value(&rt, make("Oops", 1, (const char *[]){"message"}, (RfValue[]){rf_int(1)}));
    check_message("Oops error");
    rf_raise_value(&rt, make("Oops", 2, (const char *[]){"message", "cause"}, (RfValue[]){str("msg"), rf_int(3)}));
    check_message("msg");
    assert_true(rf_is_int(rt.error.cause));
    assert_false(rt.error.has_origin);
}

static void handler_value(void **state)
{
    (void)state;
    rf_raise(&rt, "boom");
    RfError e = rf_error_take(&rt);
    assert_null(rt.error.message);
    check_text(rf_error_to_value(&rt, &e, ARRAY(str("f")), 3), "Error { line: 3, message: boom, stack: [f] }");
    e.cause = str("why");
    RfValue v = rf_error_to_value(&rt, &e, ARRAY(str("f")), 3);
    check_text(rf_retain(v), "Error { cause: why, line: 3, message: boom, stack: [f] }");
    rf_error_clear(&e);

    rf_raise_value(&rt, v); /* throw(e) keeps line and stack */
    assert_true(rt.error.has_origin);
    e = rf_error_take(&rt);
    check_text(rf_error_to_value(&rt, &e, ARRAY(str("elsewhere")), 99),
               "Error { cause: why, line: 3, message: boom, stack: [f] }");
    assert_int_equal(rf_error_put(&rt, &e), RF_ERROR);
    assert_null(e.message);
    check_message("boom");
}

static void no_origin(void **state)
{
    (void)state;
    const char *names[] = {"message", "stack", "line"};
    rf_raise_value(&rt, make("Other", 3, names, (RfValue[]){str("m"), ARRAY(rf_int(1)), rf_int(1)}));
    assert_false(rt.error.has_origin);
    rf_raise_value(&rt, make("Error", 3, names, (RfValue[]){str("m"), str("s"), rf_int(1)}));
    assert_false(rt.error.has_origin);
    rf_raise_value(&rt, make("Error", 3, names, (RfValue[]){rf_null(), ARRAY(rf_int(1)), rf_int(7)}));
    assert_true(rt.error.has_origin);
    check_message("Error error");
}

static void traces(void **state)
{
    (void)state;
    rf_raise(&rt, "m");
    for (uint32_t i = 0; i < 100; i++) {
        rf_error_push_trace(&rt.error, (RfTraceEntry){.function = rf_string_from_int(i), .line = i});
    }
    assert_int_equal(rt.error.trace_len, 100);
    assert_int_equal(rt.error.trace[99].line, 99);
    rt.error.hint = rf_string_from_cstr("h");
    rt.error.rejected_at = rf_string_from_cstr("f:1:1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUNTIME_TEST(raising),   RUNTIME_TEST(thrown_values), RUNTIME_TEST(handler_value),
        RUNTIME_TEST(no_origin), RUNTIME_TEST(traces),
    };
    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}

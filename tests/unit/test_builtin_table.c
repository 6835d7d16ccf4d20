/* The builtin table: every row can be found, aliases agree with what they stand for, arity texts of all families. */
#include "runtime_fixture.h"
#include "vm/builtin.h"

static const RfBuiltin *find(const char *name)
{
    const RfBuiltin *b = rf_builtin_find(name, strlen(name));
    assert_non_null(b);
    return b;
}

/* The arity functions touch nothing of the VM but its runtime, which is its first member. */
static void check_arity(const char *name, int argc, const char *expected)
{
    assert_int_equal(rf_builtin_arity_error((RfVm *)(void *)&rt, find(name), argc), RF_ERROR);
    assert_string_equal(rt.error.message->data, expected);
    rf_error_clear(&rt.error);
}

static void rows_are_found(void **state)
{
    (void)state;
    const RfBuiltin *b;
    for (size_t i = 0; (b = rf_builtin_at(i)) != NULL; i++) {
        assert_ptr_equal(rf_builtin_find(b->name, strlen(b->name)), b);
        assert_non_null(b->fn);
        assert_true(b->max_args == -1 || b->min_args <= b->max_args);
        assert_true(b->signature[0] != '\0' && b->doc[0] != '\0');
        assert_true(b->capability != RF_CAP_NONE || b->capability2 == RF_CAP_NONE);
        /* a call that runs script code can neither be folded nor take the variable's only reference */
        assert_true(!(b->flags & RF_BUILTIN_CALLS) || b->flags == RF_BUILTIN_CALLS);
        const RfBuiltin *canonical = find(b->canonical);
        assert_ptr_equal(canonical->fn, b->fn);
        assert_int_equal(canonical->flags, b->flags);
        assert_int_equal(canonical->capability, b->capability);
        assert_string_equal(canonical->name, canonical->canonical);
    }
    assert_null(rf_builtin_find("nothing", 7));
    assert_null(rf_builtin_find("", 0));
    assert_null(rf_builtin_find("prin", 4));
    assert_null(rf_builtin_find("printx", 6));
    assert_non_null(rf_builtin_find("printx", 5));
}

static void arity_texts(void **state)
{
    (void)state;
    check_arity("len", 0, "len expects 1 arguments, got 0");
    check_arity("get", 1, "get expects 2 to 3 arguments, got 1");
    check_arity("pop", 2, "pop expects 1 argument, got 2");
    check_arity("push", 1, "push expects 2 arguments, got 1");
    check_arity("append", 1, "append expects 2 arguments, got 1");
    check_arity("random", 1, "random() expects 0 arguments, got 1");
    check_arity("random_choice", 0, "random_choice() expects 1 argument (array), got 0");
    check_arity("random_int", 0, "random_int() expects 2 arguments (min, max), got 0");
    check_arity("queue_peek", 0, "queue_peek expects 1 argument (queue), got 0");
    check_arity("set_add", 3, "set_add expects 2 arguments (set, value), got 3");
    check_arity("sqrt", 0, "sqrt() expects 1 argument");
    check_arity("pow", 1, "pow() expects 2 arguments");
    check_arity("map", 1, "map requires two arguments: array and function");
    check_arity("map", 3, "map expects 2 arguments, got 3");
    check_arity("sort", 0, "sort expects 1 argument, got 0");
    check_arity("sort", 3, "sort expects 1 argument, got 3");
    check_arity("assert", 0, "assert requires at least 1 argument: condition");
    check_arity("assert", 3, "assert() expects at most 2 arguments: condition, [message]");
    check_arity("replace", 1, "replace expects 3 arguments, got 1");
    check_arity("replace_str", 1, "replace() requires string, from-string, and to-string arguments");
    check_arity("str", 0, "to_string() requires one argument");
    check_arity("substr", 0, "substring expects 3 arguments, got 0");
    check_arity("upper", 0, "upper expects 1 arguments, got 0");
    check_arity("par_map", 1, "par_map expects 2 to 3 arguments, got 1");
    check_arity("await_all", 0, "Promise.all expects 1 to 2 arguments, got 0");
    check_arity("format", 0, "format() requires at least 1 argument (template)");
}

static void constants(void **state)
{
    (void)state;
    RfValue v;
    assert_true(rf_builtin_constant("PI", 2, &v) && v.as.f == 3.141592653589793);
    assert_true(rf_builtin_constant("E", 1, &v) && v.as.f == 2.718281828459045);
    assert_true(rf_builtin_constant("INF", 3, &v) && v.as.f > 1e308);
    assert_true(rf_builtin_constant("NAN", 3, &v) && v.as.f != v.as.f);
    assert_false(rf_builtin_constant("P", 1, &v));
    assert_false(rf_builtin_constant("PIE", 3, &v));
    assert_true(rf_builtin_constant("Promise", 7, &v) && v.tag == RF_TAG_MODULE);
    RfValue *all = rf_dict_find_cstr(v.as.module->members, "all");
    assert_non_null(all);
    assert_string_equal(all->as.builtin->name, "Promise.all");
    assert_string_equal(all->as.builtin->canonical, "promise_all");
    rf_release(v);
}

static void capabilities(void **state)
{
    (void)state;
    assert_int_equal(find("random")->capability, RF_CAP_RANDOM);
    assert_int_equal(find("async_sleep")->capability, RF_CAP_CLOCK);
    assert_int_equal(find("print")->capability, RF_CAP_NONE);
    for (int cap = RF_CAP_NONE + 1; cap < RF_CAP_COUNT; cap++) {
        assert_true(strncmp(rf_capability_flag((RfCapability)cap), "--allow-", 8) == 0);
        assert_true(rf_capability_name((RfCapability)cap)[0] != '\0');
    }
    assert_string_equal(rf_capability_name(RF_CAP_FS_WRITE), "filesystem-write");
    assert_string_equal(rf_capability_flag(RF_CAP_FS_WRITE), "--allow-fs-write");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_found),
        RUNTIME_TEST(arity_texts),
        RUNTIME_TEST(constants),
        cmocka_unit_test(capabilities),
    };
    return cmocka_run_group_tests_name("builtin_table", tests, NULL, NULL);
}

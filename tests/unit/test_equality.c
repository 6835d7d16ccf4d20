/* Equality, the hash that goes with it, and the order of sort(). */
#include <math.h>

#include "runtime_fixture.h"

/* Takes both. Equal values must have equal hashes. */
static void check(RfValue a, RfValue b, bool expected)
{
    assert_int_equal(rf_value_equal(a, b), expected);
    assert_int_equal(rf_value_equal(b, a), expected);
    if (expected) {
        assert_true(rf_value_hash(a) == rf_value_hash(b));
    }
    rf_release(a);
    rf_release(b);
}

static void numbers(void **state)
{
    (void)state;
    check(rf_int(1), rf_int(1), true);
    check(rf_int(1), rf_float(1.0), true);
    check(rf_float(0.0), rf_float(-0.0), true);
    check(rf_int(0), rf_float(-0.0), true);
    check(rf_float(0.1 + 0.2), rf_float(0.3), true);
    check(rf_float(1.0), rf_float(1.0000000000000002), false);
    check(rf_float(1.0), rf_float(0.9999999999999999), true);
    check(rf_float(1e-300), rf_int(0), true);
    check(rf_float(NAN), rf_float(NAN), false);
    check(rf_float(INFINITY), rf_float(INFINITY), true);
    check(rf_float(INFINITY), rf_float(-INFINITY), false);
    check(rf_float(INFINITY), rf_float(1e308), false);
    check(rf_int(9007199254740993), rf_int(9007199254740992), false);
    check(rf_int(9007199254740993), rf_float(9007199254740992.0), true);
    check(rf_int(INT64_MAX), rf_float(9223372036854775808.0), true);
}

static void kinds_differ(void **state)
{
    (void)state;
    check(str("1"), rf_int(1), false);
    check(rf_bool(true), rf_int(1), false);
    check(rf_null(), rf_bool(false), false);
    check(rf_none(), rf_null(), false);
    check(rf_bool(true), rf_bool(true), true);
    check(str("ab"), str("ab"), true);
    check(str("ab"), str("ac"), false);
    check(rf_obj(rf_bytes_new("ab", 2)), rf_obj(rf_bytes_new("ab", 2)), true);
    check(rf_obj(rf_bytes_new("ab", 2)), str("ab"), false);
    check(rf_variant_new(RF_VARIANT_OK, rf_int(1)), rf_variant_new(RF_VARIANT_SOME, rf_int(1)), false);
    check(rf_variant_new(RF_VARIANT_OK, rf_int(1)), rf_variant_new(RF_VARIANT_OK, rf_float(1)), true);
}

static void arrays(void **state)
{
    (void)state;
    check(ARRAY(rf_int(1), rf_int(2)), ARRAY(rf_int(1), rf_int(2)), true);
    check(ARRAY(rf_int(1), rf_int(2)), ARRAY(rf_float(1), rf_float(2)), true);
    check(ARRAY(rf_int(1), rf_int(2)), ARRAY(rf_int(1), rf_float(2)), true); /* raw against mixed elements */
    check(ARRAY(rf_int(1), rf_int(2)), ARRAY(rf_int(1)), false);
    check(ARRAY(rf_int(1)), ARRAY(rf_bool(true)), false);
    check(rf_obj(rf_array_new(0)), rf_obj(rf_array_new_kind(RF_ELEM_ANY, 0)), true);
    check(ARRAY(str("a"), ARRAY(rf_int(1), str("b"))), ARRAY(str("a"), ARRAY(rf_int(1), str("b"))), true);
    check(ARRAY(str("a"), ARRAY(rf_int(1), str("b"))), ARRAY(str("a"), ARRAY(rf_int(1), str("c"))), false);
    RfValue v = ARRAY(rf_float(NAN));
    check(rf_retain(v), v, false); /* no shortcut by identity */
    v = ARRAY(str("x"), rf_float(NAN));
    check(rf_retain(v), v, false);
}

static RfValue dict2(const char *k1, RfValue v1, const char *k2, RfValue v2)
{
    RfDict *d = rf_dict_new(2);
    rf_dict_set_cstr(d, k1, v1);
    rf_dict_set_cstr(d, k2, v2);
    return rf_obj(d);
}

static void dicts(void **state)
{
    (void)state;
    check(dict2("a", rf_int(1), "b", rf_int(2)), dict2("b", rf_int(2), "a", rf_int(1)), true);
    check(dict2("a", rf_int(1), "b", rf_int(2)), dict2("a", rf_int(1), "c", rf_int(2)), false);
    check(dict2("a", rf_int(1), "b", rf_int(2)), dict2("a", rf_int(1), "b", rf_int(3)), false);
    check(dict2("1", rf_int(1), "b", ARRAY(str("q"))), dict2("b", ARRAY(str("q")), "1", rf_int(1)), true);
}

static RfValue struct2(const char *name, const char *f1, RfValue v1, const char *f2, RfValue v2)
{
    return rf_struct_make(&rt, name, 2, (const char *[]){f1, f2}, (RfValue[]){v1, v2});
}

static void structs_and_enums(void **state)
{
    (void)state;
    check(struct2("P", "x", rf_int(1), "y", rf_int(2)), struct2("P", "y", rf_int(2), "x", rf_int(1)), true);
    check(struct2("P", "x", rf_int(1), "y", rf_int(2)), struct2("P", "x", rf_int(1), "z", rf_int(2)), false);
    check(struct2("P", "x", rf_int(1), "y", rf_int(2)), struct2("Q", "x", rf_int(1), "y", rf_int(2)), false);
    RfStructType *other = rf_struct_type(&rt, 3, rf_intern_cstr(&rt, "P")); /* the same name in another module */
    RfShape *shape = rf_shape_add(&rt, other->root, rf_intern_cstr(&rt, "x"));
    RfStruct *s = rf_struct_new(shape);
    s->fields[0] = rf_int(1);
    check(rf_obj(s), rf_struct_make(&rt, "P", 1, (const char *[]){"x"}, (RfValue[]){rf_int(1)}), true);
    RfString *e = rf_intern_cstr(&rt, "E");
    RfString *a = rf_intern_cstr(&rt, "A");
    check(rf_tagged_new(e, a, NULL, 0), rf_tagged_new(e, a, NULL, 0), true);
    check(rf_tagged_new(e, a, NULL, 0), rf_tagged_new(a, e, NULL, 0), false);
    check(rf_tagged_new(e, a, (RfValue[]){rf_int(1)}, 1), rf_tagged_new(e, a, (RfValue[]){rf_int(1)}, 1), true);
    check(rf_tagged_new(e, a, (RfValue[]){rf_int(1)}, 1), rf_tagged_new(e, a, (RfValue[]){rf_int(2)}, 1), false);
}

static RfValue queue3(int drop, RfValue a, RfValue b, RfValue c)
{
    RfQueue *q = rf_queue_new(4);
    for (int i = 0; i < drop; i++) { /* moves the front on in the ring */
        rf_queue_push(q, rf_null());
        rf_release(rf_queue_pop(q));
    }
    rf_queue_push(q, a);
    rf_queue_push(q, b);
    rf_queue_push(q, c);
    return rf_obj(q);
}

static void sets_and_queues(void **state)
{
    (void)state;
    check(SET(rf_int(1), str("a"), rf_null()), SET(rf_null(), rf_int(1), str("a")), true);
    check(SET(rf_int(1), str("a")), SET(rf_int(1), str("b")), false);
    check(SET(ARRAY(rf_int(1)), ARRAY(str("x"))), SET(ARRAY(str("x")), ARRAY(rf_int(1))), true);
    check(SET(SET(rf_int(1), SET(str("q"))), rf_int(2)), SET(rf_int(2), SET(SET(str("q")), rf_int(1))), true);
    check(SET(SET(rf_int(1), SET(str("q"))), rf_int(2)), SET(rf_int(2), SET(SET(str("r")), rf_int(1))), false);
    check(ARRAY(SET(ARRAY(str("a"))), rf_int(1)), ARRAY(SET(ARRAY(str("a"))), rf_int(2)), false);
    check(queue3(0, rf_int(1), rf_int(2), rf_int(3)), queue3(3, rf_int(1), rf_int(2), rf_int(3)), true);
    check(queue3(0, rf_int(1), rf_int(2), rf_int(3)), queue3(0, rf_int(1), rf_int(3), rf_int(2)), false);
}

/* Members with equal hashes (they differ below the levels that the hash sees) make the search in a set go wrong paths
 * first. */
static RfValue hidden(int64_t core)
{
    RfValue v = rf_int(core);
    for (int i = 0; i < 20; i++) {
        v = ARRAY(v);
    }
    return v;
}

static void sets_search_on(void **state)
{
    (void)state;
    RfValue one = hidden(1);
    RfValue two = hidden(2);
    assert_true(rf_value_hash(one) == rf_value_hash(two));
    rf_release(one);
    rf_release(two);
    check(SET(hidden(1), hidden(2), hidden(3)), SET(hidden(3), hidden(1), hidden(2)), true);
    check(SET(hidden(1), hidden(2), hidden(3)), SET(hidden(3), hidden(1), hidden(4)), false);
    check(SET(SET(hidden(1), hidden(2)), SET(hidden(3), hidden(4))),
          SET(SET(hidden(4), hidden(3)), SET(hidden(2), hidden(1))), true);
    check(SET(SET(hidden(1), hidden(2)), SET(hidden(3), hidden(4))),
          SET(SET(hidden(4), hidden(1)), SET(hidden(2), hidden(3))), false);
    check(ARRAY(SET(hidden(1), hidden(2)), str("a")), ARRAY(SET(hidden(2), hidden(1)), str("b")), false);
}

static void functions_and_handles(void **state)
{
    (void)state;
    static const struct {
        const char *name, *canonical;
    } b1 = {"str", "to_string"}, b2 = {"to_string", "to_string"}, b3 = {"len", "len"};
    check(rf_builtin_value((const void *)&b1), rf_builtin_value((const void *)&b2), true);
    check(rf_builtin_value((const void *)&b1), rf_builtin_value((const void *)&b3), false);
    int code1;
    int code2;
    RfString *name = rf_intern_cstr(&rt, "f");
    RfFunction *f = rf_function_new(&rt, (RfProto *)(void *)&code1, name, 0, 1);
    RfFunction *same = rf_function_new(&rt, (RfProto *)(void *)&code1, name, 0, 1);
    RfFunction *other_cell = rf_function_new(&rt, (RfProto *)(void *)&code1, name, 0, 1);
    RfFunction *other_code = rf_function_new(&rt, (RfProto *)(void *)&code2, name, 0, 0);
    f->cells[0] = rf_cell_new(rf_int(1));
    same->cells[0] = f->cells[0];
    rf_object_retain(f->cells[0]);
    other_cell->cells[0] = rf_cell_new(rf_int(1));
    assert_true(rf_value_equal(rf_obj(f), rf_obj(f)));
    assert_false(rf_value_equal(rf_obj(f), rf_obj(other_code)));
    check(rf_retain(rf_obj(f)), rf_obj(other_cell), false);
    check(rf_obj(f), rf_obj(same), true);
    check(rf_obj(other_code), rf_obj(rf_function_new(&rt, (RfProto *)(void *)&code2, name, 0, 0)), true);
    static const RfHandleType type = {.type_name = "pointer", .debug_name = "Pointer"};
    RfValue h = rf_handle_new(&type, NULL);
    check(rf_retain(h), h, true);
    check(rf_handle_new(&type, NULL), rf_handle_new(&type, NULL), false);
}

static void order(void **state)
{
    (void)state;
    RfValue sorted[] = {rf_null(),
                        rf_bool(false),
                        rf_bool(true),
                        rf_float(-INFINITY),
                        rf_int(INT64_MIN),
                        rf_float(-1.5),
                        rf_int(-1),
                        rf_float(0.5),
                        rf_int(1),
                        rf_float(1.5),
                        rf_float(9007199254740992.0),
                        rf_int(9007199254740993),
                        rf_int(INT64_MAX),
                        rf_float(9223372036854775808.0),
                        rf_float(INFINITY),
                        rf_float(NAN),
                        str("a"),
                        str("b"),
                        rf_obj(rf_array_new(0))};
    size_t n = sizeof sorted / sizeof sorted[0];
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            int o = rf_value_order(sorted[i], sorted[j]);
            assert_int_equal((o > 0) - (o < 0), (i > j) - (i < j));
        }
    }
    assert_int_equal(rf_value_order(rf_int(1), rf_float(1.0)), 0);
    assert_int_equal(rf_value_order(sorted[n - 1], rf_none()), 0);
    for (size_t i = 0; i < n; i++) {
        rf_release(sorted[i]);
    }
}

static void float_to_int(void **state)
{
    (void)state;
    assert_int_equal(rf_float_to_int(-1.9), -1);
    assert_int_equal(rf_float_to_int(NAN), 0);
    assert_true(rf_float_to_int(1e300) == INT64_MAX);
    assert_true(rf_float_to_int(-INFINITY) == INT64_MIN);
    assert_true(rf_float_to_int(-9223372036854775808.0) == INT64_MIN);
}

static void deep_equality(void **state)
{
    (void)state;
    RfValue a = nest(DEEP, 1);
    RfValue b = nest(DEEP, 1);
    RfValue c = nest(DEEP, 2);
    assert_true(rf_value_equal(a, b));
    assert_true(rf_value_equal(a, a));
    assert_false(rf_value_equal(a, c));
    assert_true(rf_value_hash(a) == rf_value_hash(b));
    rf_release(a);
    rf_release(b);
    rf_release(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUNTIME_TEST(numbers),        RUNTIME_TEST(kinds_differ),          RUNTIME_TEST(arrays),
        RUNTIME_TEST(dicts),          RUNTIME_TEST(structs_and_enums),     RUNTIME_TEST(sets_and_queues),
        RUNTIME_TEST(sets_search_on), RUNTIME_TEST(functions_and_handles), RUNTIME_TEST(order),
        RUNTIME_TEST(float_to_int),   RUNTIME_TEST(deep_equality),
    };
    return cmocka_run_group_tests_name("equality", tests, NULL, NULL);
}

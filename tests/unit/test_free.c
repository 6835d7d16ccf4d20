/* Freeing: deep and wide values, handles that release values while they close. */
#include "runtime_fixture.h"

static void deep_values(void **state)
{
    (void)state;
    rf_release(nest(DEEP, 1));
    for (int kind = 0; kind < WRAP_KINDS; kind++) {
        RfValue v = str("core");
        for (int i = 0; i < DEEP / WRAP_KINDS; i++) {
            v = wrap(v, kind);
        }
        rf_release(v);
    }
}

static void deep_closures(void **state)
{
    (void)state;
    RfValue v = rf_null();
    for (int i = 0; i < DEEP; i++) {
        RfFunction *f = rf_function_new(&rt, NULL, rt.names.lambda, RF_FN_LAMBDA, 1);
        f->cells[0] = rf_cell_new(v);
        v = rf_obj(f);
    }
    rf_release(v);
    assert_int_equal(rt.closure_count, 0);
}

/* More dead children at once than the first part of the worklist holds, each with children of its own. */
static void wide_values(void **state)
{
    (void)state;
    RfArray *a = rf_array_new(0);
    for (int i = 0; i < 1000; i++) {
        rf_array_push(a, ARRAY(ARRAY(str("x"), rf_int(i)), rf_variant_new(RF_VARIANT_OK, str("y"))));
    }
    rf_object_release(a);
}

static void shared_children_stay(void **state)
{
    (void)state;
    RfValue inner = ARRAY(str("kept"));
    RfValue outer = ARRAY(rf_retain(inner), rf_retain(inner));
    assert_int_equal(inner.as.obj->rc, 3);
    rf_release(outer);
    assert_int_equal(inner.as.obj->rc, 1);
    rf_release(inner);
}

static int closed;

static void release_data(RfHandle *h)
{
    closed++;
    RfValue *v = h->data;
    rf_release(*v);
    rf_mem_free(v, sizeof *v);
}

static const RfHandleType holder = {.type_name = "holder", .debug_name = "Holder", .close = release_data};

static RfValue hold(RfValue v)
{
    RfValue *data = rf_mem_alloc(sizeof *data);
    *data = v;
    return rf_handle_new(&holder, data);
}

static void deep_handles(void **state)
{
    (void)state;
    closed = 0;
    RfValue v = str("core");
    for (int i = 0; i < DEEP; i++) {
        v = hold(v);
    }
    rf_release(v);
    assert_int_equal(closed, DEEP);
    closed = 0;
    rf_release(hold(ARRAY(hold(ARRAY(str("a"), rf_int(1))), hold(rf_null()))));
    assert_int_equal(closed, 3);
}

static void modules(void **state)
{
    (void)state;
    RfDict *d = rf_dict_new(1);
    rf_dict_set_cstr(d, "x", ARRAY(str("y")));
    rf_release(rf_module_value_new(rf_string_from_cstr("m"), d));
}

static void an_unused_runtime(void **state)
{
    (void)state;
    RfRuntime other;
    rf_runtime_init(&other);
    rf_runtime_free(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUNTIME_TEST(deep_values),           RUNTIME_TEST(deep_closures), RUNTIME_TEST(wide_values),
        RUNTIME_TEST(shared_children_stay),  RUNTIME_TEST(deep_handles),  RUNTIME_TEST(modules),
        cmocka_unit_test(an_unused_runtime),
    };
    return cmocka_run_group_tests_name("free", tests, NULL, NULL);
}

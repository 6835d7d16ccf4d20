/* The cycle collector: closures that hold each other go, everything held from outside stays. */
#include "runtime_fixture.h"

static RfFunction *closure(RfValue captured)
{
    RfFunction *f = rf_function_new(&rt, NULL, rt.names.lambda, RF_FN_LAMBDA, 1);
    f->cells[0] = rf_cell_new(captured);
    return f;
}

/* A function that captures itself, inside `levels` containers. */
static RfFunction *ring(int levels)
{
    RfFunction *f = closure(rf_undef());
    rf_object_retain(f);
    RfValue v = rf_obj(f);
    for (int i = 0; i < levels; i++) {
        v = wrap(v, i % WRAP_KINDS);
    }
    rf_assign(&f->cells[0]->value, v);
    return f;
}

static void plain_closures_need_no_collector(void **state)
{
    (void)state;
    RfFunction *f = closure(str("text"));
    RfFunction *g = closure(rf_obj(f));
    assert_int_equal(rt.closure_count, 2);
    rf_object_release(g);
    assert_int_equal(rt.closure_count, 0);
    assert_null(rt.closures);
}

static void list_keeps_in_order(void **state)
{
    (void)state;
    RfFunction *f[5];
    for (int i = 0; i < 5; i++) {
        f[i] = closure(rf_int(i));
    }
    static const int order[] = {2, 4, 0, 1, 3}; /* from the middle, the head, the tail */
    for (int i = 0; i < 5; i++) {
        rf_object_release(f[order[i]]);
        int n = 0;
        for (RfFunction *g = rt.closures; g; g = g->next) {
            n++;
        }
        assert_int_equal(n, 4 - i);
        assert_int_equal(rt.closure_count, 4 - i);
    }
}

static void ring_is_freed(void **state)
{
    (void)state;
    for (int levels = 0; levels <= WRAP_KINDS; levels++) {
        RfFunction *f = ring(levels);
        rf_cycles_collect(&rt);
        assert_int_equal(rt.closure_count, 1); /* we hold it */
        assert_false(rf_is_null(f->cells[0]->value));
        rf_object_release(f);
        assert_int_equal(rt.closure_count, 1);
        rf_cycles_collect(&rt);
        assert_int_equal(rt.closure_count, 0);
    }
}

static void two_that_hold_each_other(void **state)
{
    (void)state;
    RfFunction *f = closure(rf_undef());
    RfFunction *g = closure(rf_obj(f));
    rf_assign(&f->cells[0]->value, ARRAY(rf_obj(g), str("payload"))); /* no reference of ours is left */
    RfFunction *outside = closure(rf_int(5));
    rf_cycles_collect(&rt);
    assert_int_equal(rt.closure_count, 1);
    assert_int_equal(outside->cells[0]->value.as.i, 5);
    rf_object_release(outside);
}

static void held_from_outside_through_a_container(void **state)
{
    (void)state;
    RfFunction *f = ring(3);
    RfFunction *g = closure(rf_obj(f)); /* g holds the ring, an array holds g */
    RfValue a = ARRAY(rf_obj(g), rf_int(1));
    rf_cycles_collect(&rt);
    assert_int_equal(rt.closure_count, 2);
    rf_release(a);
    rf_cycles_collect(&rt);
    assert_int_equal(rt.closure_count, 0);
}

static void ring_through_a_shared_cell(void **state)
{
    (void)state;
    RfFunction *f = closure(rf_undef());
    RfFunction *g = rf_function_new(&rt, NULL, rt.names.lambda, RF_FN_LAMBDA, 1);
    g->cells[0] = f->cells[0];
    rf_object_retain(f->cells[0]);
    rf_object_retain(f);
    rf_assign(&f->cells[0]->value, rf_obj(f));
    rf_object_release(f);
    rf_cycles_collect(&rt);
    assert_int_equal(rt.closure_count, 2); /* g is ours and keeps the cell, which keeps f */
    rf_object_release(g);
    rf_cycles_collect(&rt);
    assert_int_equal(rt.closure_count, 0);
}

static void deep_ring(void **state)
{
    (void)state;
    rf_object_release(ring(DEEP));
    rf_cycles_collect(&rt);
    assert_int_equal(rt.closure_count, 0);
}

static void runs_by_itself(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        rf_object_release(ring(i % 4));
        assert_true(rt.closure_count < 5000);
    }
}

/* Many living closures: the price of each new one stays constant. */
static void living_closures(void **state)
{
    (void)state;
    RfArray *a = rf_array_new(0);
    for (int i = 0; i < 100000; i++) {
        rf_array_push(a, rf_obj(closure(rf_int(i))));
    }
    assert_int_equal(rt.closure_count, 100000);
    rf_object_release(a);
    assert_int_equal(rt.closure_count, 0);
}

static RfValue handle_value;

static void handle_close(RfHandle *h)
{
    (void)h;
    rf_release(rf_take(&handle_value));
}

static void handle_trace(RfHandle *h, RfVisit *visit, void *context)
{
    (void)h;
    visit(context, handle_value);
}

static void ring_through_a_handle(void **state)
{
    (void)state;
    static const RfHandleType type = {
        .type_name = "server", .debug_name = "Server", .close = handle_close, .trace = handle_trace};
    RfValue h = rf_handle_new(&type, NULL);
    handle_value = rf_obj(closure(h));
    rf_cycles_collect(&rt);
    assert_int_equal(rt.closure_count, 0);
    assert_true(rf_is_null(handle_value));
}

static void left_at_the_end(void **state)
{
    (void)state;
    rf_object_release(ring(5)); /* the teardown must find it */
    rf_object_release(ring(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUNTIME_TEST(plain_closures_need_no_collector),
        RUNTIME_TEST(list_keeps_in_order),
        RUNTIME_TEST(ring_is_freed),
        RUNTIME_TEST(two_that_hold_each_other),
        RUNTIME_TEST(held_from_outside_through_a_container),
        RUNTIME_TEST(ring_through_a_shared_cell),
        RUNTIME_TEST(deep_ring),
        RUNTIME_TEST(runs_by_itself),
        RUNTIME_TEST(living_closures),
        RUNTIME_TEST(ring_through_a_handle),
        RUNTIME_TEST(left_at_the_end),
    };
    return cmocka_run_group_tests_name("cycles", tests, NULL, NULL);
}

/* Queues: first in, first out, through growth and wrap-around; copies. Bytes, too. */
#include "runtime_fixture.h"

static void first_in_first_out(void **state)
{
    (void)state;
    int64_t live = rf_mem_live_bytes();
    RfQueue *q = rf_queue_new(0);
    int64_t in = 0, out = 0;
    uint32_t seed = 3;
    for (int step = 0; step < 20000; step++) {
        seed = seed * 1664525 + 1013904223;
        if ((seed >> 16) % 5 < (step < 10000 ? 3u : 2u)) {
            rf_queue_push(q, rf_obj(rf_string_from_int(in++)));
        } else {
            RfValue v = rf_queue_pop(q);
            if (out == in) {
                assert_true(rf_is_null(v));
            } else {
                RfString *expected = rf_string_from_int(out++);
                assert_string_equal(v.as.str->data, expected->data);
                rf_object_release(expected);
                rf_release(v);
            }
        }
        assert_int_equal(q->len, in - out);
    }
    for (uint32_t i = 0; i < q->len; i++) {
        RfString *expected = rf_string_from_int(out + i);
        assert_string_equal(rf_queue_peek(q, i).as.str->data, expected->data);
        rf_object_release(expected);
    }
    rf_object_release(q);
    assert_int_equal(rf_mem_live_bytes(), live);
}

static void the_buffer_does_not_creep(void **state)
{
    (void)state;
    RfQueue *q = rf_queue_new(3);
    for (int i = 0; i < 100000; i++) {
        rf_queue_push(q, rf_int(i));
        if (q->len > 3) {
            assert_int_equal(rf_queue_pop(q).as.i, i - 3);
        }
    }
    assert_int_equal(q->cap, 4);
    rf_object_release(q);
}

static void copies(void **state)
{
    (void)state;
    RfQueue *q = rf_queue_new(0);
    for (int i = 0; i < 6; i++) {
        rf_queue_push(q, str("x"));
    }
    rf_release(rf_queue_pop(q));
    assert_ptr_equal(rf_queue_unique(q), q);
    rf_object_retain(q);
    RfQueue *own = rf_queue_unique(q);
    assert_ptr_not_equal(own, q);
    rf_release(rf_queue_pop(own));
    assert_int_equal(own->len, 4);
    assert_int_equal(q->len, 5);
    assert_int_equal(rf_queue_peek(q, 1).as.obj->rc, 2);
    assert_int_equal(rf_queue_peek(q, 0).as.obj->rc, 1);
    rf_object_release(own);
    rf_object_release(q);
}

static void bytes(void **state)
{
    (void)state;
    RfBytes *b = rf_bytes_new("a\0b", 3), *empty = rf_bytes_new(NULL, 0);
    assert_int_equal(b->len, 3);
    assert_memory_equal(b->data, "a\0b", 3);
    assert_int_equal(rf_obj(b).tag, RF_TAG_BYTES);
    assert_int_equal(empty->len, 0);
    rf_object_release(b);
    rf_object_release(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUNTIME_TEST(first_in_first_out),
        RUNTIME_TEST(the_buffer_does_not_creep),
        RUNTIME_TEST(copies),
        RUNTIME_TEST(bytes),
    };
    return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}

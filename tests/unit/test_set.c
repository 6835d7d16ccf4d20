/* Sets: membership by equality, insertion order, removal, copies. */
#include <math.h>

#include "runtime_fixture.h"

static void check_sound(const RfSet *s)
{
    size_t live = 0;
    for (uint32_t i = 0; i < s->used; i++) {
        if (s->items[i].tag != RF_TAG_UNDEF) {
            live++;
            if (s->items[i].tag != RF_TAG_FLOAT) { /* NaN is never found */
                assert_int_equal(rf_set_find(s, s->items[i]), i);
            }
        }
    }
    assert_int_equal(live, s->len);
}

static bool has(const RfSet *s, RfValue v)
{
    bool found = rf_set_has(s, v);
    rf_release(v);
    return found;
}

static void membership_is_equality(void **state)
{
    (void)state;
    for (int filler = 0; filler <= 100; filler += 100) { /* searched, indexed */
        RfValue v = SET(rf_int(1), rf_float(2.0), rf_float(0.5), str("1"), rf_null(), rf_bool(true));
        RfSet *s = v.as.set;
        for (int i = 0; i < filler; i++) {
            rf_set_add(s, rf_int(1000 + i));
        }
        assert_true(has(s, rf_int(1)));
        assert_true(has(s, rf_float(1.0)));
        assert_true(has(s, rf_float(1.0 - 0x1p-53)));
        assert_false(has(s, rf_float(1.0 + 0x1p-52)));
        assert_true(has(s, rf_int(2)));
        assert_true(has(s, rf_float(0.5)));
        assert_true(has(s, str("1")));
        assert_true(has(s, rf_null()));
        assert_true(has(s, rf_bool(true)));
        assert_false(has(s, rf_bool(false)));
        assert_false(has(s, rf_none()));
        assert_false(has(s, str("2")));
        assert_false(rf_set_add(s, rf_float(1.0)));
        assert_false(rf_set_add(s, str("1")));
        assert_true(rf_set_add(s, rf_int(0)));
        assert_false(rf_set_add(s, rf_float(-0.0)));
        assert_false(rf_set_add(s, rf_float(1e-300)));
        assert_int_equal(s->len, 7 + filler);
        check_sound(s);
        rf_release(v);
    }
}

static void nested_values(void **state)
{
    (void)state;
    RfSet *s = rf_set_new(0);
    for (int i = 0; i < 50; i++) {
        assert_true(rf_set_add(s, ARRAY(rf_int(i), str("x"))));
    }
    assert_false(rf_set_add(s, ARRAY(rf_float(7.0), str("x"))));
    assert_true(has(s, ARRAY(rf_int(49), str("x"))));
    assert_false(has(s, ARRAY(rf_int(50), str("x"))));
    assert_true(rf_set_add(s, SET(rf_int(1), rf_int(2))));
    assert_false(rf_set_add(s, SET(rf_float(2.0), rf_float(1.0))));
    rf_object_release(s);
}

static void nan_is_always_new(void **state)
{
    (void)state;
    RfSet *s = rf_set_new(0);
    for (int i = 0; i < 20000; i++) { /* in linear time, too */
        assert_true(rf_set_add(s, rf_float(NAN)));
    }
    assert_false(has(s, rf_float(NAN)));
    assert_false(rf_set_remove(s, rf_float(NAN)));
    assert_int_equal(s->len, 20000);
    rf_object_release(s);
}

static void random_changes(void **state)
{
    (void)state;
    int64_t live = rf_mem_live_bytes();
    uint32_t seed = 11;
    for (int round = 0; round < 20; round++) {
        int64_t model[300];
        size_t n = 0;
        RfSet *s = rf_set_new((size_t)(round % 4) * 6);
        for (int step = 0; step < 1500; step++) {
            seed = seed * 1664525 + 1013904223;
            uint32_t r = seed >> 6;
            int64_t number = (int64_t)(r / 16 % (round % 2 ? 10u : 250u));
            RfValue v = number % 3 == 0 ? rf_obj(rf_string_from_int(number)) : rf_int(number);
            size_t at = 0;
            while (at < n && model[at] != number) {
                at++;
            }
            if (r % 16 < (step < 700 ? 10u : 5u)) {
                assert_int_equal(rf_set_add(s, v), at == n);
                if (at == n) {
                    model[n++] = number;
                }
            } else {
                assert_int_equal(rf_set_remove(s, v), at < n);
                rf_release(v);
                if (at < n) {
                    memmove(model + at, model + at + 1, (n - at - 1) * sizeof *model);
                    n--;
                }
            }
            if (r % 101 == 0) {
                RfSet *old = s;
                rf_object_retain(old);
                s = rf_set_unique(s);
                assert_ptr_not_equal(s, old);
                rf_object_release(old);
            }
            if (step % 32 == 0) {
                check_sound(s);
                size_t pos = 0, i = 0;
                for (const RfValue *item; (item = rf_set_next(s, &pos)) != NULL; i++) {
                    RfString *text = rf_text_string(&rt, *item), *expected = rf_string_from_int(model[i]);
                    assert_string_equal(text->data, expected->data);
                    rf_object_release(text);
                    rf_object_release(expected);
                }
                assert_int_equal(i, n);
            }
        }
        rf_object_release(s);
    }
    assert_int_equal(rf_mem_live_bytes(), live);
}

static void old_members_leave_no_trail(void **state)
{
    (void)state;
    RfSet *s = rf_set_new(0);
    for (int64_t i = 0; i < 20000; i++) {
        rf_set_add(s, rf_int(i));
        if (i >= 50) {
            size_t pos = 0;
            assert_int_equal(rf_set_next(s, &pos)->as.i, i - 50);
            assert_int_equal(pos, s->first + 1);
            assert_true(rf_set_remove(s, rf_int(i - 50)));
        }
    }
    assert_true(s->cap < 400);
    rf_object_release(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUNTIME_TEST(membership_is_equality),     RUNTIME_TEST(nested_values),
        RUNTIME_TEST(nan_is_always_new),          RUNTIME_TEST(random_changes),
        RUNTIME_TEST(old_members_leave_no_trail),
    };
    return cmocka_run_group_tests_name("set", tests, NULL, NULL);
}

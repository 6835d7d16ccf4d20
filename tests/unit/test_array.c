/* Arrays: kinds of elements, growth, copies, slices, ranges. */
#include "runtime_fixture.h"

static const RfElemKind raw_kinds[] = {RF_ELEM_INT, RF_ELEM_FLOAT, RF_ELEM_BOOL};

static RfValue sample(RfElemKind kind, int i)
{
    switch (kind) {
    case RF_ELEM_INT: return rf_int(i);
    case RF_ELEM_FLOAT: return rf_float(i + 0.5);
    case RF_ELEM_BOOL: return rf_bool(i % 3 == 0);
    default: return rf_obj(rf_string_from_int(i));
    }
}

static void check_element(const RfArray *a, size_t at, RfElemKind kind, int i)
{
    RfValue expected = sample(kind, i);
    assert_int_equal(rf_array_peek(a, at).tag, expected.tag);
    assert_true(rf_value_equal(rf_array_peek(a, at), expected));
    rf_release(expected);
}

static void the_first_element_decides(void **state)
{
    (void)state;
    for (RfElemKind kind = RF_ELEM_INT; kind <= RF_ELEM_ANY; kind++) {
        for (size_t room = 0; room <= 10; room += 10) {
            RfArray *a = rf_array_new(room);
            for (int i = 0; i < 1000; i++) {
                rf_array_push(a, sample(kind, i));
            }
            assert_int_equal(rf_array_kind(a), kind);
            assert_int_equal(a->len, 1000);
            for (int i = 0; i < 1000; i++) {
                check_element(a, (size_t)i, kind, i);
            }
            rf_object_release(a);
        }
    }
}

static void growth_is_amortised(void **state)
{
    (void)state;
    uint64_t allocs = rf_mem_alloc_count();
    RfArray *a = rf_array_new(0);
    uint32_t growths = 0;
    for (int i = 0; i < 1000000; i++) {
        uint32_t cap = a->cap;
        rf_array_push(a, rf_int(i));
        growths += a->cap != cap;
    }
    assert_true(growths < 40);
    assert_true(rf_mem_alloc_count() - allocs < 60);
    assert_true(a->cap < 2 * a->len);
    assert_int_equal(a->as.ints[999999], 999999);
    rf_object_release(a);
}

static void a_foreign_value_widens_once(void **state)
{
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        RfElemKind kind = raw_kinds[k];
        RfArray *pushed = rf_array_new(0), *stored = rf_array_new(0), *inserted = rf_array_new(0);
        for (int i = 0; i < 5; i++) {
            rf_array_push(pushed, sample(kind, i));
            rf_array_push(stored, sample(kind, i));
            rf_array_push(inserted, sample(kind, i));
        }
        rf_array_push(pushed, str("new"));
        rf_array_set(stored, 2, str("new"));
        rf_array_insert(inserted, 2, str("new"));
        for (int i = 0; i < 5; i++) {
            check_element(pushed, (size_t)i, kind, i);
            check_element(inserted, (size_t)(i < 2 ? i : i + 1), kind, i);
            if (i != 2) {
                check_element(stored, (size_t)i, kind, i);
            }
        }
        assert_string_equal(rf_array_peek(pushed, 5).as.str->data, "new");
        assert_string_equal(rf_array_peek(stored, 2).as.str->data, "new");
        assert_string_equal(rf_array_peek(inserted, 2).as.str->data, "new");
        assert_int_equal(rf_array_kind(pushed), RF_ELEM_ANY);
        rf_array_set(stored, 2, sample(kind, 2)); /* it does not narrow again */
        assert_int_equal(rf_array_kind(stored), RF_ELEM_ANY);
        check_element(stored, 2, kind, 2);
        rf_object_release(pushed);
        rf_object_release(stored);
        rf_object_release(inserted);
    }
}

static void int_and_float_do_not_mix(void **state)
{
    (void)state;
    RfValue v = ARRAY(rf_int(1), rf_float(2.0));
    assert_int_equal(rf_array_kind(v.as.arr), RF_ELEM_ANY);
    assert_int_equal(rf_array_peek(v.as.arr, 0).tag, RF_TAG_INT);
    assert_int_equal(rf_array_peek(v.as.arr, 1).tag, RF_TAG_FLOAT);
    rf_release(v);
    v = ARRAY(rf_int(1));
    rf_array_set(v.as.arr, 0, rf_float(3.0));
    assert_int_equal(rf_array_kind(v.as.arr), RF_ELEM_FLOAT);
    rf_release(v);
}

static void from_values_is_tight(void **state)
{
    (void)state;
    static const RfElemKind kinds[] = {RF_ELEM_INT, RF_ELEM_FLOAT, RF_ELEM_BOOL, RF_ELEM_ANY};
    for (size_t k = 0; k < 4; k++) {
        RfValue values[3] = {sample(kinds[k], 0), sample(kinds[k], 1), sample(kinds[k], 2)};
        RfArray *a = rf_array_from_values(values, 3);
        assert_int_equal(rf_array_kind(a), kinds[k]);
        for (int i = 0; i < 3; i++) {
            check_element(a, (size_t)i, kinds[k], i);
        }
        rf_object_release(a);
    }
    RfArray *empty = rf_array_from_values(NULL, 0);
    assert_int_equal(empty->len, 0);
    rf_object_release(empty);
    RfArray *nulls = rf_array_new_kind(RF_ELEM_ANY, 3);
    assert_true(rf_is_null(rf_array_peek(nulls, 2)));
    rf_object_release(nulls);
}

static void copies_own_their_elements(void **state)
{
    (void)state;
    RfValue v = ARRAY(str("a"), str("b"), str("c"));
    RfArray *a = v.as.arr;
    assert_ptr_equal(rf_array_unique(a), a);
    rf_object_retain(a);
    RfArray *own = rf_array_unique(a);
    assert_ptr_not_equal(own, a);
    assert_int_equal(a->obj.rc, 1);
    assert_int_equal(rf_array_peek(a, 1).as.obj->rc, 2);
    rf_array_set(own, 1, str("B"));
    assert_string_equal(rf_array_peek(a, 1).as.str->data, "b");
    assert_int_equal(rf_array_peek(a, 1).as.obj->rc, 1);
    rf_object_release(own);
    a->obj.tag = RF_TAG_STACK;
    RfArray *stack = rf_array_copy(a);
    assert_int_equal(stack->obj.tag, RF_TAG_STACK);
    rf_object_release(stack);
    rf_object_release(a);
}

static void slices(void **state)
{
    (void)state;
    int64_t live = rf_mem_live_bytes();
    for (RfElemKind kind = RF_ELEM_INT; kind <= RF_ELEM_ANY; kind++) {
        RfArray *a = rf_array_new(0);
        for (int i = 0; i < 10; i++) {
            rf_array_push(a, sample(kind, i));
        }
        RfArray *slice = rf_array_slice(a, 3, 7);
        assert_int_equal(rf_array_kind(slice), kind);
        assert_int_equal(slice->len, 4);
        rf_object_retain(slice);
        RfArray *shared = rf_array_slice_take(slice, 1, 3); /* not unique: a copy */
        assert_ptr_not_equal(shared, slice);
        RfArray *unique = rf_array_slice_take(slice, 1, 3);
        assert_ptr_equal(unique, slice);
        for (int i = 0; i < 2; i++) {
            check_element(shared, (size_t)i, kind, i + 4);
            check_element(unique, (size_t)i, kind, i + 4);
        }
        assert_int_equal(unique->len, 2);
        RfArray *none = rf_array_slice(a, 5, 5);
        assert_int_equal(none->len, 0);
        rf_object_release(none);
        rf_object_release(shared);
        rf_object_release(unique);
        rf_object_release(a);
    }
    assert_int_equal(rf_mem_live_bytes(), live);
}

/* Random changes against a plain model of ints: a string element "n" stands for -n. */
static void random_changes(void **state)
{
    (void)state;
    int64_t live = rf_mem_live_bytes();
    uint32_t seed = 1;
    for (int round = 0; round < 40; round++) {
        int64_t model[200];
        size_t n = 0;
        RfArray *a = rf_array_new(0);
        for (int step = 0; step < 300; step++) {
            seed = seed * 1664525 + 1013904223;
            uint32_t r = seed >> 8;
            bool foreign = round % 2 && r % 11 == 0;
            int64_t number = (int64_t)(r % 1000) + 1;
            RfValue v = foreign ? rf_obj(rf_string_from_int(number)) : rf_int(number);
            size_t at = n ? r / 7 % n : 0;
            switch (r % 5) {
            case 0:
            case 1:
                if (n < 200) {
                    rf_array_insert(a, at, v);
                    memmove(model + at + 1, model + at, (n - at) * sizeof *model);
                    model[at] = foreign ? -number : number;
                    n++;
                    continue;
                }
                break;
            case 2:
                if (n > 0) {
                    rf_array_set(a, at, v);
                    model[at] = foreign ? -number : number;
                    continue;
                }
                break;
            case 3:
                if (n > 0) {
                    rf_release(rf_array_remove(a, at));
                    memmove(model + at, model + at + 1, (n - at - 1) * sizeof *model);
                    n--;
                }
                break;
            default:
                if (r % 3 == 0 && n > 50) {
                    rf_array_truncate(a, n - 7);
                    n -= 7;
                } else if (n > 0 && n <= 100) {
                    rf_array_append(a, a);
                    memcpy(model + n, model, n * sizeof *model);
                    n *= 2;
                }
                break;
            }
            rf_release(v);
            assert_int_equal(a->len, n);
            for (size_t i = 0; i < n; i++) {
                RfValue have = rf_array_peek(a, i);
                assert_int_equal(have.tag, model[i] < 0 ? RF_TAG_STRING : RF_TAG_INT);
                if (model[i] > 0) {
                    assert_int_equal(have.as.i, model[i]);
                }
            }
        }
        rf_object_release(a);
    }
    assert_int_equal(rf_mem_live_bytes(), live);
}

static void appending_other_kinds(void **state)
{
    (void)state;
    RfValue ints = ARRAY(rf_int(1), rf_int(2)), strings = ARRAY(str("a"));
    RfArray *a = rf_array_new(0);
    rf_array_append(a, ints.as.arr);
    assert_int_equal(rf_array_kind(a), RF_ELEM_INT);
    rf_array_append(a, strings.as.arr);
    rf_array_append(a, ints.as.arr);
    assert_int_equal(a->len, 5);
    assert_string_equal(rf_array_peek(a, 2).as.str->data, "a");
    assert_int_equal(rf_array_peek(a, 4).as.i, 2);
    rf_release(strings);
    assert_int_equal(rf_array_peek(a, 2).as.obj->rc, 1);
    rf_release(ints);
    rf_object_release(a);
}

static void check_range(int64_t start, int64_t stop, int64_t step, size_t n, int64_t last)
{
    RfArray *a = rf_array_range(start, stop, step);
    assert_int_equal(a->len, n);
    if (n) {
        assert_int_equal(a->as.ints[0], start);
        assert_int_equal(a->as.ints[n - 1], last);
    }
    rf_object_release(a);
}

static void ranges(void **state)
{
    (void)state;
    check_range(0, 5, 1, 5, 4);
    check_range(5, 0, 1, 0, 0);
    check_range(0, 5, -1, 0, 0);
    check_range(0, 10, 3, 4, 9);
    check_range(10, 0, -3, 4, 1);
    check_range(3, 3, 1, 0, 0);
    check_range(INT64_MAX - 2, INT64_MAX, 1, 2, INT64_MAX - 1);
    check_range(INT64_MIN, INT64_MAX, INT64_MAX, 3, INT64_MAX - 1);
    check_range(INT64_MAX, INT64_MIN, INT64_MIN, 2, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUNTIME_TEST(the_first_element_decides),
        RUNTIME_TEST(growth_is_amortised),
        RUNTIME_TEST(a_foreign_value_widens_once),
        RUNTIME_TEST(int_and_float_do_not_mix),
        RUNTIME_TEST(from_values_is_tight),
        RUNTIME_TEST(copies_own_their_elements),
        RUNTIME_TEST(slices),
        RUNTIME_TEST(random_changes),
        RUNTIME_TEST(appending_other_kinds),
        RUNTIME_TEST(ranges),
    };
    return cmocka_run_group_tests_name("array", tests, NULL, NULL);
}

/* Struct types, shapes and struct values. */
#include <stdio.h>

#include "runtime_fixture.h"

static RfString *name(const char *text)
{
    return rf_intern_cstr(&rt, text);
}

static void shapes_are_shared(void **state)
{
    (void)state;
    RfStructType *p = rf_struct_type(&rt, 1, name("P"));
    assert_ptr_equal(p, rf_struct_type(&rt, 1, name("P")));
    assert_ptr_not_equal(p, rf_struct_type(&rt, 2, name("P")));
    assert_ptr_not_equal(p, rf_struct_type(&rt, 1, name("Q")));
    RfShape *xy = rf_shape_add(&rt, rf_shape_add(&rt, p->root, name("x")), name("y"));
    RfShape *yx = rf_shape_add(&rt, rf_shape_add(&rt, p->root, name("y")), name("x"));
    assert_ptr_equal(xy, rf_shape_add(&rt, rf_shape_add(&rt, p->root, name("x")), name("y")));
    assert_ptr_not_equal(xy, yx);
    assert_int_equal(rf_shape_find(xy, name("x")), 0);
    assert_int_equal(rf_shape_find(yx, name("x")), 1);
    assert_int_equal(rf_shape_find(xy, name("z")), -1);
    assert_int_equal(xy->sorted[0], 0);
    assert_int_equal(yx->sorted[0], 1);
}

static void many_fields(void **state)
{
    (void)state;
    RfStruct *s = rf_struct_new(rf_struct_type(&rt, 0, name("Big"))->root);
    for (int i = 0; i < 300; i++) {
        char field[16];
        snprintf(field, sizeof field, "f%d", (i * 7) % 300);
        assert_null(rf_struct_find(s, name(field)));
        s = rf_struct_set(&rt, s, name(field), rf_int(i));
        assert_int_equal(rf_struct_find(s, name(field))->as.i, i);
    }
    for (int i = 0; i < 300; i++) {
        char field[16];
        snprintf(field, sizeof field, "f%d", (i * 7) % 300);
        assert_int_equal(rf_struct_find(s, name(field))->as.i, i);
    }
    for (uint32_t i = 1; i < 300; i++) {
        assert_true(rf_string_compare(s->shape->names[s->shape->sorted[i - 1]], s->shape->names[s->shape->sorted[i]]) <
                    0);
    }
    rf_object_release(s);
}

static void copy_on_write(void **state)
{
    (void)state;
    RfValue v = rf_struct_make(&rt, "P", 2, (const char *[]){"x", "y"}, (RfValue[]){rf_int(1), str("a")});
    RfStruct *same = rf_struct_unique(v.as.strct);
    assert_ptr_equal(same, v.as.strct);
    rf_retain(v);
    RfStruct *copy = rf_struct_unique(v.as.strct);
    assert_ptr_not_equal(copy, v.as.strct);
    copy = rf_struct_set(&rt, copy, name("x"), rf_int(2));
    copy = rf_struct_set(&rt, copy, name("z"), rf_int(3));
    assert_int_equal(rf_struct_find(v.as.strct, name("x"))->as.i, 1);
    assert_int_equal(rf_struct_find(copy, name("x"))->as.i, 2);
    assert_null(rf_struct_find(v.as.strct, name("z")));
    rf_object_release(copy);
    rf_release(v);
}

static RfValue function(const char *text)
{
    return rf_obj(rf_function_new(&rt, NULL, name(text), 0, 0));
}

static void declarations(void **state)
{
    (void)state;
    RfStructType *p = rf_struct_type(&rt, 1, name("P"));
    assert_false(p->declared);
    assert_null(rf_struct_method(p, name("m")));
    RfString *fields[] = {name("x"), name("y")};
    RfValue defaults[] = {rf_undef(), function("default")};
    RfMethod methods[] = {
        {.name = name("m"), .function = function("P.m"), .has_self = true},
        {.name = name("op_add"), .function = function("P.op_add"), .has_self = true},
        {.name = name("op_not"), .function = function("P.op_not"), .has_self = true},
        {.name = name("m"), .function = function("P.m"), .has_self = false},
    };
    RfValue last = methods[3].function;
    rf_struct_declare(&rt, p, 2, fields, defaults, 4, methods);
    assert_true(p->declared);
    assert_int_equal(p->version, 1);
    assert_int_equal(p->nfields, 2);
    assert_ptr_equal(p->field_names[1], name("y"));
    RfMethod *m = rf_struct_method(p, name("m"));
    assert_ptr_equal(m->function.as.ptr, last.as.ptr); /* the last of two with one name */
    assert_false(m->has_self);
    assert_ptr_equal(p->ops[RF_OPM_ADD], rf_struct_method(p, name("op_add")));
    assert_ptr_equal(p->ops[RF_OPM_NOT], rf_struct_method(p, name("op_not")));
    assert_null(p->ops[RF_OPM_EQ]);
    rf_struct_declare(&rt, p, 0, NULL, NULL, 0, NULL);
    assert_int_equal(p->version, 2);
    assert_int_equal(p->nfields, 0);
    assert_null(rf_struct_method(p, name("m")));
    assert_null(p->ops[RF_OPM_ADD]);
}

/* What is declared at the end goes away with the runtime, closures included. */
static void declared_at_the_end(void **state)
{
    (void)state;
    RfStructType *p = rf_struct_type(&rt, 1, name("P"));
    RfFunction *f = rf_function_new(&rt, NULL, name("P.m"), 0, 1);
    f->cells[0] = rf_cell_new(rf_struct_make(&rt, "Q", 1, (const char *[]){"x"}, (RfValue[]){str("text")}));
    RfMethod method = {.name = name("m"), .function = rf_obj(f)};
    rf_struct_declare(&rt, p, 0, NULL, NULL, 1, &method);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUNTIME_TEST(shapes_are_shared), RUNTIME_TEST(many_fields),         RUNTIME_TEST(copy_on_write),
        RUNTIME_TEST(declarations),      RUNTIME_TEST(declared_at_the_end),
    };
    return cmocka_run_group_tests_name("struct", tests, NULL, NULL);
}

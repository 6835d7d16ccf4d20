/* What the unit tests of the runtime share: cmocka, a runtime per test, short ways to build values. */
#ifndef RF_TESTS_RUNTIME_FIXTURE_H
#define RF_TESTS_RUNTIME_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "runtime/object.h"
#include "runtime/runtime.h"
#include "runtime/struct.h"
#include "runtime/text.h"

#define DEEP 1000000

static RfRuntime rt;

static inline int runtime_setup(void **state)
{
    (void)state;
    rf_runtime_init(&rt);
    return 0;
}

static inline int runtime_teardown(void **state)
{
    (void)state;
    rf_runtime_free(&rt);
    return 0;
}

#define RUNTIME_TEST(f) cmocka_unit_test_setup_teardown(f, runtime_setup, runtime_teardown)

static inline RfValue str(const char *text)
{
    return rf_obj(rf_string_from_cstr(text));
}

#define ARRAY(...)                                                                                                     \
    rf_obj(rf_array_from_values((RfValue[]){__VA_ARGS__}, sizeof((RfValue[]){__VA_ARGS__}) / sizeof(RfValue)))

/* Builds a set from values, which are taken. */
#define SET(...) make_set((RfValue[]){__VA_ARGS__}, sizeof((RfValue[]){__VA_ARGS__}) / sizeof(RfValue))
static inline RfValue make_set(RfValue *values, size_t n)
{
    RfSet *s = rf_set_new(n);
    for (size_t i = 0; i < n; i++) {
        rf_set_add(s, values[i]);
    }
    return rf_obj(s);
}

/* One level around a value: each kind of container in turn. Takes v. */
static inline RfValue wrap(RfValue v, int kind)
{
    switch (kind) {
    case 0: return ARRAY(v);
    case 1: {
        RfDict *d = rf_dict_new(1);
        rf_dict_set_cstr(d, "k", v);
        return rf_obj(d);
    }
    case 2: return rf_struct_make(&rt, "P", 1, (const char *[]){"x"}, &v);
    case 3: return rf_variant_new(RF_VARIANT_SOME, v);
    case 4: return rf_tagged_new(rf_intern_cstr(&rt, "E"), rf_intern_cstr(&rt, "V"), &v, 1);
    case 5: {
        RfQueue *q = rf_queue_new(1);
        rf_queue_push(q, v);
        return rf_obj(q);
    }
    case 6: return make_set(&v, 1);
    default: {
        RfArray *a = rf_array_from_values(&v, 1);
        a->obj.tag = RF_TAG_STACK;
        return rf_obj(a);
    }
    }
}
#define WRAP_KINDS 8

/* `depth` levels of every kind of container in turn around an int. */
static inline RfValue nest(int depth, int64_t core)
{
    RfValue v = rf_int(core);
    for (int i = 0; i < depth; i++) {
        v = wrap(v, i % WRAP_KINDS);
    }
    return v;
}

#endif

/* The C types and keys of vm/ctype.h, the bounds of pointers, and what a VM keeps for C functions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/string.h"
#include "vm/ctype.h"
#include "vm/frame.h"

static void words_name_types(void **state)
{
    (void)state;
    RfCKind kind;
    for (int i = 0; i < RF_C_STRUCT; i++) {
        const char *word = rf_ctype_info[i].word;
        assert_true(rf_ctype_find(word, strlen(word), &kind));
        assert_int_equal(kind, i);
    }
    assert_true(rf_ctype_find("long", 4, &kind));
    assert_int_equal(kind, RF_C_I64);
    assert_true(rf_ctype_find("ptr", 3, &kind));
    assert_int_equal(kind, RF_C_POINTER);
    assert_false(rf_ctype_find("pt", 2, &kind));
    assert_false(rf_ctype_find("", 0, &kind));
    assert_false(rf_ctype_find("i32\0x", 5, &kind));
}

static void types_have_ranges(void **state)
{
    (void)state;
    static const struct {
        RfCKind kind;
        int64_t low, high;
    } rows[] = {{RF_C_I8, -128, 127},
                {RF_C_U8, 0, 255},
                {RF_C_I16, -32768, 32767},
                {RF_C_U16, 0, 65535},
                {RF_C_I32, INT32_MIN, INT32_MAX},
                {RF_C_U32, 0, UINT32_MAX}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(rf_ctype_fits(rows[i].kind, rows[i].low));
        assert_true(rf_ctype_fits(rows[i].kind, rows[i].high));
        assert_false(rf_ctype_fits(rows[i].kind, rows[i].low - 1));
        assert_false(rf_ctype_fits(rows[i].kind, rows[i].high + 1));
    }
    assert_true(rf_ctype_fits(RF_C_U64, INT64_MIN) && rf_ctype_fits(RF_C_I64, INT64_MIN));
}

static void keys_say_what_they_are_made_of(void **state)
{
    (void)state;
    uint64_t key = RF_CKEY_VALID | RF_C_F64 | RF_C_POINTER << 4 | RF_C_I32 << 8;
    assert_int_equal(rf_ckey_result(key), RF_C_F64);
    assert_int_equal(rf_ckey_count(key), 2);
    assert_int_equal(rf_ckey_param(key, 0), RF_C_POINTER);
    assert_int_equal(rf_ckey_param(key, 1), RF_C_I32);
    assert_int_equal(rf_ckey_param(key, 2), RF_C_VOID);
    uint64_t full = RF_CKEY_VALID;
    for (unsigned i = 0; i < RF_CKEY_PARAMS; i++) {
        full |= (uint64_t)RF_C_I8 << (4 * (i + 1));
    }
    assert_int_equal(rf_ckey_count(full), RF_CKEY_PARAMS);
    assert_int_equal(full & ~RF_CKEY_MASK, 0);
}

static bool inside(uint8_t *start, uint64_t limit, int64_t at, int64_t offset, uint64_t size)
{
    RfExtent e = {.start = start, .limit = limit};
    RfPointer p = {.extent = &e, .address = start + at};
    return rf_pointer_in_bounds(&p, offset, size);
}

static void pointers_know_their_bounds(void **state)
{
    (void)state;
    uint8_t memory[64];
    assert_true(inside(memory, 16, 0, 0, 16));
    assert_true(inside(memory, 16, 12, 0, 4));
    assert_true(inside(memory, 16, 12, -12, 16));
    assert_true(inside(memory, 16, 20, -8, 4));
    assert_true(inside(memory, 16, 16, 0, 0));
    assert_false(inside(memory, 16, 0, 1, 16));
    assert_false(inside(memory, 16, 0, -1, 1));
    assert_false(inside(memory, 16, 13, 0, 4));
    assert_false(inside(memory, 16, 0, INT64_MAX, 1));
    assert_false(inside(memory, 16, 0, INT64_MIN, 1));
    assert_false(inside(memory, 16, 0, 0, UINT64_MAX));
    assert_false(inside(memory, 0, 0, 0, 1)); /* freed */
    RfValue v = rf_pointer_from_c(memory);
    assert_true(rf_pointer_in_bounds(rf_as_pointer(v), 1000, 8));
    rf_release(v);
    assert_int_equal(rf_pointer_from_c(NULL).tag, RF_TAG_NULL);
}

static int order[4], dropped;
static void drop(void *what)
{
    order[dropped++] = *(int *)what;
}

static void what_c_may_run_goes_later(void **state)
{
    (void)state;
    RfVmConfig config = {0};
    RfVm *vm = rf_vm_new(&config);
    static int numbers[4] = {1, 2, 3, 4};
    dropped = 0;
    rf_foreign_later(vm, drop, &numbers[0]); /* no callback is running */
    assert_int_equal(dropped, 1);
    vm->foreign.depth = 1;
    rf_foreign_later(vm, drop, &numbers[1]);
    rf_foreign_later(vm, drop, &numbers[2]);
    assert_int_equal(dropped, 1);
    vm->foreign.depth = 0;
    rf_foreign_later(vm, drop, &numbers[3]);
    assert_int_equal(dropped, 4);
    vm->foreign.depth = 1;
    rf_foreign_later(vm, drop, &numbers[0]);
    vm->foreign.depth = 0;
    dropped = 0;
    rf_vm_free(vm);
    assert_int_equal(dropped, 1);
}

static void failures_wait_for_the_end_of_the_call(void **state)
{
    (void)state;
    RfVmConfig config = {0};
    RfVm *vm = rf_vm_new(&config);
    assert_int_equal(rf_foreign_raise(vm), RF_OK);
    rf_raise(rf_rt(vm), "first");
    rf_foreign_fail(vm);
    assert_null(vm->rt.error.message);
    assert_int_equal(rf_foreign_raise(vm), RF_ERROR);
    assert_string_equal(vm->rt.error.message->data, "first");
    assert_int_equal(vm->foreign.failed, 0);
    vm->foreign.failed |= RF_FOREIGN_THREAD;
    assert_int_equal(rf_foreign_raise(vm), RF_ERROR);
    assert_string_equal(vm->rt.error.message->data, "ffi callback called from a foreign thread");
    rf_raise(rf_rt(vm), "never raised");
    rf_foreign_fail(vm);
    rf_vm_free(vm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_name_types),
        cmocka_unit_test(types_have_ranges),
        cmocka_unit_test(keys_say_what_they_are_made_of),
        cmocka_unit_test(pointers_know_their_bounds),
        cmocka_unit_test(what_c_may_run_goes_later),
        cmocka_unit_test(failures_wait_for_the_end_of_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

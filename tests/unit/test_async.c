/* Work on other threads, and messages between the heaps of two VMs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "runtime/runtime.h"
#include "vm/async.h"

static RfVm *open_vm(void)
{
    RfVmConfig config = {.capabilities = RF_CAPABILITIES_ALL, .scheduler_timeout_ms = 5000};
    RfVm *vm = rf_vm_new(&config);
    assert_non_null(vm);
    return vm;
}

/* ---- rf_async_offload ---- */

typedef struct Work {
    int64_t number;
    unsigned delay_us;
    _Atomic int *discarded;
} Work;

static void square(void *arg)
{
    Work *w = arg;
    usleep(w->delay_us);
    w->number *= w->number;
}

static RfStatus give(RfVm *vm, void *arg, RfValue *out)
{
    Work *w = arg;
    int64_t n = w->number;
    rf_mem_free(w, sizeof *w);
    *out = rf_int(n);
    return n > 100 ? rf_raise(rf_rt(vm), "too large: %lld", (long long)n) : RF_OK;
}

static void discard(void *arg)
{
    Work *w = arg;
    ++*w->discarded;
    rf_mem_free(w, sizeof *w);
}

static RfValue start(RfVm *vm, int64_t n, unsigned delay_us, _Atomic int *discarded)
{
    Work *w = rf_mem_alloc(sizeof *w);
    *w = (Work){n, delay_us, discarded};
    RfValue promise;
    assert_int_equal(rf_async_offload(vm, square, give, discard, w, &promise), RF_OK);
    return promise;
}

static void offloaded_work_settles_its_promise(void **state)
{
    (void)state;
    RfVm *vm = open_vm();
    _Atomic int discarded = 0;
    RfValue slow = start(vm, 3, 20000, &discarded), quick = start(vm, 4, 0, &discarded),
            bad = start(vm, 20, 0, &discarded);
    RfValue v;
    assert_int_equal(rf_async_wait_value(vm, slow, &v), RF_OK);
    assert_int_equal(v.as.i, 9);
    assert_int_equal(rf_async_wait_value(vm, quick, &v), RF_OK);
    assert_int_equal(v.as.i, 16);
    assert_int_equal(rf_async_wait_value(vm, bad, &v), RF_ERROR);
    assert_string_equal(rf_rt(vm)->error.message->data, "Promise rejected: too large: 400");
    rf_vm_free(vm);
    assert_int_equal(discarded, 0);
}

static void a_vm_may_end_before_its_offloaded_work(void **state)
{
    (void)state;
    static _Atomic int discarded = 0;
    RfVm *vm = open_vm();
    rf_release(start(vm, 2, 50000, &discarded));
    rf_release(start(vm, 2, 0, &discarded));
    rf_vm_free(vm);
    for (int i = 0; i < 500 && discarded < 2; i++) {
        usleep(10000);
    }
    assert_int_equal(discarded, 2);
    usleep(20000); /* the thread's own end */
}

/* ---- messages ---- */

static void shared_parts_stay_shared(void **state)
{
    (void)state;
    RfVm *from = open_vm(), *to = open_vm();
    RfArray *inner = rf_array_new(0);
    rf_array_push(inner, rf_obj(rf_string_from_cstr("a part")));
    RfArray *outer = rf_array_new(0);
    for (int i = 0; i < 3; i++) {
        rf_object_retain(inner);
        rf_array_push(outer, rf_obj(inner));
    }
    rf_object_release(inner);
    RfMessage *m = rf_message_new(from, rf_obj(outer));
    assert_non_null(m);
    RfValue first, second;
    assert_int_equal(rf_message_open(to, m, &first), RF_OK);
    assert_int_equal(rf_message_open(to, m, &second), RF_OK);
    rf_message_release(m);
    assert_true(rf_value_equal(first, rf_obj(outer)));
    assert_true(rf_value_equal(first, second));
    assert_ptr_not_equal(first.as.arr, second.as.arr);
    assert_ptr_equal(rf_array_peek(first.as.arr, 0).as.ptr, rf_array_peek(first.as.arr, 2).as.ptr);
    rf_release(first);
    rf_release(second);
    rf_object_release(outer);
    rf_vm_free(from);
    rf_vm_free(to);
}

static void a_refused_value_leaves_no_trace_in_a_message(void **state)
{
    (void)state;
    static const RfHandleType local_handle = {.type_name = "pointer", .debug_name = "Pointer"};
    RfVm *vm = open_vm();
    RfArray *shared = rf_array_new(0);
    rf_array_push(shared, rf_null());
    RfArray *bad = rf_array_new(0);
    rf_object_retain(shared);
    rf_array_push(bad, rf_obj(shared));
    rf_array_push(bad, rf_channel_new(vm));
    rf_array_push(bad, rf_handle_new(&local_handle, NULL));
    RfWriter *w = rf_writer_new(vm);
    RfValue culprit;
    assert_false(rf_writer_put(w, rf_obj(bad), &culprit));
    assert_int_equal(culprit.tag, RF_TAG_HANDLE);
    assert_true(rf_writer_put(w, rf_obj(shared), &culprit)); /* must not refer to what was taken back */
    RfMessage *m = rf_writer_finish(w);
    RfReader *r = rf_reader_new(vm, m);
    RfValue v;
    assert_int_equal(rf_reader_value(r, &v), RF_OK);
    assert_true(rf_value_equal(v, rf_obj(shared)));
    rf_release(v);
    rf_reader_free(r);
    rf_message_release(m);
    assert_null(rf_message_new(vm, rf_obj(bad)));
    assert_string_equal(rf_rt(vm)->error.message->data, "Cannot send pointer to another thread");
    rf_object_release(bad);
    rf_object_release(shared);
    rf_vm_free(vm);
}

static void errors_keep_their_place(void **state)
{
    (void)state;
    RfVm *vm = open_vm();
    RfError e;
    rf_error_init(&e);
    e.message = rf_string_from_cstr("text");
    e.cause = rf_int(5);
    e.hint = rf_string_from_cstr("hint");
    rf_error_push_trace(&e, (RfTraceEntry){rf_string_from_cstr("f"), rf_string_from_cstr("a.ruff"), 3, 7, true});
    RfMessage *m = rf_message_from_error(vm, &e);
    rf_error_clear(&e);
    rf_message_to_error(vm, m, &e);
    rf_message_release(m);
    assert_string_equal(e.message->data, "text");
    assert_string_equal(e.hint->data, "hint");
    assert_null(e.rejected_at);
    assert_int_equal(e.cause.as.i, 5);
    assert_int_equal(e.trace_len, 1);
    assert_int_equal(e.trace[0].line, 3);
    assert_int_equal(e.trace[0].column, 7);
    assert_true(e.trace[0].is_function);
    rf_error_clear(&e);
    rf_vm_free(vm);
}

/* ---- timers ---- */

static void timers_fire_in_order_and_can_be_waited_for(void **state)
{
    (void)state;
    RfVm *vm = open_vm();
    RfPromise *late = rf_scheduler_sleep(vm, 30), *early = rf_scheduler_sleep(vm, 5),
              *never = rf_scheduler_sleep(vm, 100000);
    assert_int_equal(rf_scheduler_wait(vm, early), RF_OK);
    assert_int_equal(rf_promise_poll(vm, late), RF_PROMISE_PENDING);
    assert_int_equal(rf_scheduler_wait(vm, late), RF_OK);
    assert_int_equal(rf_promise_poll(vm, never), RF_PROMISE_PENDING);
    rf_object_release(late);
    rf_object_release(early);
    rf_object_release(never);
    rf_vm_free(vm);
}

static void nothing_to_wait_for_is_a_timeout_at_once(void **state)
{
    (void)state;
    RfVm *vm = open_vm();
    RfPromise *p = rf_promise_new(vm);
    uint64_t before = rf_scheduler_now();
    assert_int_equal(rf_scheduler_wait(vm, p), RF_ERROR);
    assert_true(rf_scheduler_now() - before < 1000000000u);
    assert_string_equal(rf_rt(vm)->error.message->data, "Scheduler timed out after 5000ms (await never completed)");
    rf_object_release(p);
    rf_vm_free(vm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offloaded_work_settles_its_promise),
        cmocka_unit_test(a_vm_may_end_before_its_offloaded_work),
        cmocka_unit_test(shared_parts_stay_shared),
        cmocka_unit_test(a_refused_value_leaves_no_trace_in_a_message),
        cmocka_unit_test(errors_keep_their_place),
        cmocka_unit_test(timers_fire_in_order_and_can_be_waited_for),
        cmocka_unit_test(nothing_to_wait_for_is_a_timeout_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

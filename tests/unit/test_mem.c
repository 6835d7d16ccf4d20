/* The allocator: sizes, reuse, counting, resizing, blocks that change threads, exhaustion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

static void all_sizes_are_separate_and_aligned(void **state)
{
    (void)state;
    enum { N = 1200 };
    unsigned char *blocks[N];
    int64_t live = rf_mem_live_bytes();
    for (size_t i = 0; i < N; i++) {
        blocks[i] = rf_mem_alloc(i);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        memset(blocks[i], (int)(i % 251), i);
    }
    int64_t expected = 0;
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_int_equal(blocks[i][k], i % 251);
        }
        expected += (int64_t)rf_mem_round(i);
    }
#ifndef RF_SANITIZE
    assert_int_equal(rf_mem_live_bytes() - live, expected);
#endif
    for (size_t i = 0; i < N; i++) {
        rf_mem_free(blocks[i], i);
    }
    assert_int_equal(rf_mem_live_bytes(), live);
}

static void counts(void **state)
{
    (void)state;
    uint64_t allocs = rf_mem_alloc_count(), frees = rf_mem_free_count();
    void *small = rf_mem_alloc(40), *large = rf_mem_alloc(40000);
    assert_int_equal(rf_mem_alloc_count() - allocs, 2);
    assert_int_equal(rf_mem_free_count() - frees, 0);
    rf_mem_free(small, 40);
    rf_mem_free(large, 40000);
    rf_mem_free(NULL, 0);
    rf_mem_free(NULL, 100);
    assert_int_equal(rf_mem_alloc_count() - allocs, 2);
    assert_int_equal(rf_mem_free_count() - frees, 2);
}

static void allocated_bytes(void **state)
{
    (void)state;
    uint64_t bytes = rf_mem_alloc_bytes();
    void *small = rf_mem_alloc(40), *large = rf_mem_alloc(40000);
    assert_int_equal(rf_mem_alloc_bytes() - bytes, 48 + 40000);
    large = rf_mem_resize(large, 40000, 50000);
    assert_int_equal(rf_mem_alloc_bytes() - bytes, 48 + 50000);
    large = rf_mem_resize(large, 50000, 20000);
    rf_mem_free(small, 40);
    rf_mem_free(large, 20000);
    assert_int_equal(rf_mem_alloc_bytes() - bytes, 48 + 50000);
}

static void freed_blocks_are_used_again(void **state)
{
    (void)state;
#ifdef RF_SANITIZE
    skip();
#else
    void *a = rf_mem_alloc(100);
    rf_mem_free(a, 100);
    void *b = rf_mem_alloc(112); /* same class */
    assert_ptr_equal(a, b);
    rf_mem_free(b, 112);
#endif
}

static void resizing_keeps_the_contents(void **state)
{
    (void)state;
    int64_t live = rf_mem_live_bytes();
    static const size_t sizes[] = {0, 1, 16, 17, 500, 512, 513, 4000, 300000, 3000000, 600, 512, 33, 32, 1};
    unsigned char *block = NULL;
    size_t size = 0, valid = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        block = rf_mem_resize(block, size, sizes[i]);
        size = sizes[i];
        valid = valid < size ? valid : size;
        for (size_t k = 0; k < valid; k++) {
            assert_int_equal(block[k], k * 7 % 256);
        }
        for (size_t k = 0; k < size; k++) {
            block[k] = (unsigned char)(k * 7);
        }
        valid = size;
    }
    rf_mem_free(block, size);
    assert_int_equal(rf_mem_live_bytes(), live);
}

static void zeroed(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 48, 512, 5000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *block = rf_mem_alloc(sizes[i]);
        memset(block, 0xFF, sizes[i]);
        rf_mem_free(block, sizes[i]);
        block = rf_mem_zalloc(sizes[i]);
        for (size_t k = 0; k < sizes[i]; k++) {
            assert_int_equal(block[k], 0);
        }
        rf_mem_free(block, sizes[i]);
    }
}

/* A thread that takes blocks over, makes some of its own, and leaves everything to the pool. */
enum { MOVED = 1000 };
static void *moved[MOVED];

static void *other_thread(void *count)
{
    for (size_t i = 0; i < MOVED; i++) {
        rf_mem_free(moved[i], 64);
    }
    for (size_t i = 0; i < MOVED; i++) {
        moved[i] = rf_mem_alloc(80);
        memset(moved[i], 1, 80);
    }
    *(int64_t *)count = rf_mem_live_bytes();
    for (size_t i = 0; i < MOVED; i += 2) {
        rf_mem_free(moved[i], 80);
        moved[i] = NULL;
    }
    rf_mem_thread_end();
    return NULL;
}

static void blocks_change_threads(void **state)
{
    (void)state;
    int64_t live = rf_mem_live_bytes(), theirs = 0;
    for (size_t i = 0; i < MOVED; i++) {
        moved[i] = rf_mem_alloc(64);
        memset(moved[i], 0, 64);
    }
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, other_thread, &theirs), 0);
    pthread_join(thread, NULL);
    assert_int_equal(theirs, MOVED * (80 - 64)); /* it freed ours: what it counts is the difference */
    for (size_t i = 1; i < MOVED; i += 2) {
        for (size_t k = 0; k < 80; k++) {
            assert_int_equal(((char *)moved[i])[k], 1);
        }
        rf_mem_free(moved[i], 80);
    }
    assert_int_equal(rf_mem_live_bytes() - live, MOVED * 64 - MOVED / 2 * 80);
}

#ifndef RF_SANITIZE
static void *give_one(void *out)
{
    void *block = rf_mem_alloc(336);
    *(void **)out = block;
    rf_mem_free(block, 336);
    rf_mem_thread_end();
    return NULL;
}

static void *take_until_found(void *wanted)
{
    /* The pool is asked when the first chunk of this thread is to be made. */
    void *block = rf_mem_alloc(336);
    void *found = block == *(void **)wanted ? block : NULL;
    rf_mem_free(block, 336);
    rf_mem_thread_end();
    return found;
}
#endif

static void ended_threads_leave_their_memory_to_others(void **state)
{
    (void)state;
#ifdef RF_SANITIZE
    skip();
#else
    void *block = NULL, *found = NULL;
    pthread_t thread;
    pthread_create(&thread, NULL, give_one, &block);
    pthread_join(thread, NULL);
    pthread_create(&thread, NULL, take_until_found, &block);
    pthread_join(thread, &found);
    assert_non_null(block);
    assert_ptr_equal(found, block);
#endif
}

static void say_bye(void)
{
    if (write(STDERR_FILENO, "bye\n", 4) != 4) {
        abort();
    }
}

static void exhaustion_is_reported(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        rf_mem_set_exhausted_hook(say_bye);
        rf_mem_exhausted(12345);
    }
    close(ends[1]);
    char text[200] = "";
    size_t len = 0;
    for (ssize_t n; (n = read(ends[0], text + len, sizeof text - 1 - len)) > 0;) {
        len += (size_t)n;
    }
    close(ends[0]);
    text[len] = '\0';
    int status = 0;
    waitpid(child, &status, 0);
    assert_string_equal(text, "bye\n[RUFVM001] [vm] error: Internal error: out of memory (12345 bytes wanted)\n");
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 6);
}

static unsigned seen, most;

static void watch(void *context, size_t size_class, size_t size)
{
    assert_ptr_equal(context, &seen);
    assert_true(size == 40 || size == 600);
    assert_true(size_class == 3 || size_class == RF_MEM_CLASSES);
    if (++seen == most) {
        rf_mem_watch(NULL, NULL);
    }
}

static void allocations_are_watched(void **state)
{
    (void)state;
    enum { COUNT = 4000 };
    static unsigned char *blocks[COUNT];
    uint64_t allocs = rf_mem_alloc_count();
    int64_t live = rf_mem_live_bytes();
    for (unsigned round = 0; round < 6; round++) {
        seen = 0;
        most = round < 3 ? COUNT * 10 : COUNT / 3; /* sometimes it ends in the middle */
        rf_mem_watch(watch, &seen);
        for (unsigned i = 0; i < COUNT; i++) {
            rf_mem_watch_next();
            blocks[i] = rf_mem_alloc(i % 100 ? 40 : 600);
            memset(blocks[i], (int)(i % 251), 40);
            if (i % 3 == 2) { /* a freed block is used again */
                rf_mem_free(blocks[i], i % 100 ? 40 : 600);
                rf_mem_watch_next();
                blocks[i] = rf_mem_alloc(i % 100 ? 40 : 600);
                memset(blocks[i], (int)(i % 251), 40);
            }
        }
        assert_int_equal(seen, round < 3 ? COUNT + COUNT / 3 : most);
        rf_mem_watch(NULL, NULL);
        for (unsigned i = 0; i < COUNT; i++) {
            for (unsigned k = 0; k < 40; k++) {
                assert_int_equal(blocks[i][k], i % 251); /* nobody else has it */
            }
            rf_mem_free(blocks[i], i % 100 ? 40 : 600);
        }
    }
    assert_true(rf_mem_live_bytes() == live);
    assert_int_equal(rf_mem_alloc_count() - allocs, 6 * (COUNT + COUNT / 3));
    assert_true(rf_mem_class_count(RF_MEM_CLASSES) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_sizes_are_separate_and_aligned),
        cmocka_unit_test(counts),
        cmocka_unit_test(allocated_bytes),
        cmocka_unit_test(freed_blocks_are_used_again),
        cmocka_unit_test(resizing_keeps_the_contents),
        cmocka_unit_test(zeroed),
        cmocka_unit_test(allocations_are_watched),
        cmocka_unit_test(blocks_change_threads),
        cmocka_unit_test(ended_threads_leave_their_memory_to_others),
        cmocka_unit_test(exhaustion_is_reported),
    };
    return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}

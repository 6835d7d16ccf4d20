/* The profile's data and its writers, on a profile made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/profile.h"

static const char source[] = "func f(n) {\n    return n + 1\n}\nf(1)\n";

typedef struct Made {
    RfProf p;
    uint32_t file, main, f, builtin;
} Made;

static void make(Made *m)
{
    rf_prof_init(&m->p, 100);
    m->file = rf_prof_file(&m->p, "a;b.ruff", source, strlen(source));
    m->main = rf_prof_function(&m->p, "<main>", m->file, 1);
    m->f = rf_prof_function(&m->p, "f", m->file, 1);
    m->builtin = rf_prof_function(&m->p, "[builtin sort]", RF_PROF_NONE, 0);
    m->p.nthreads = 1;
}

/* main 2, main f 3 (vm), main f f 4 (jit), main f [sort] 1 */
static void fill(Made *m)
{
    RfProfEntry stack[] = {{m->main, RF_TIER_VM}, {m->f, RF_TIER_VM}, {m->f, RF_TIER_JIT}};
    rf_prof_add(&m->p, 0, stack, 1, m->file, 4, RF_TIER_VM, 2);
    rf_prof_add(&m->p, 0, stack, 2, m->file, 2, RF_TIER_VM, 3);
    stack[1].tier = RF_TIER_JIT;
    rf_prof_add(&m->p, 0, stack, 3, m->file, 2, RF_TIER_JIT, 4);
    stack[2] = (RfProfEntry){m->builtin, RF_TIER_BUILTIN};
    rf_prof_add(&m->p, 0, stack, 3, m->file, 2, RF_TIER_BUILTIN, 1);
}

static void interning(void **state)
{
    (void)state;
    Made m;
    make(&m);
    assert_int_equal(rf_prof_function(&m.p, "f", m.file, 1), m.f);
    assert_int_not_equal(rf_prof_function(&m.p, "f", m.file, 9), m.f);
    assert_int_equal(rf_prof_file(&m.p, "a;b.ruff", NULL, 0), m.file);
    rf_prof_free(&m.p);
}

static void counting(void **state)
{
    (void)state;
    Made m;
    make(&m);
    fill(&m);
    const RfProfFunction *f = &m.p.functions[m.f];
    assert_int_equal(m.p.samples, 10);
    assert_int_equal(m.p.functions[m.main].total, 10);
    assert_int_equal(m.p.functions[m.main].self, 2);
    assert_int_equal(f->total, 8); /* once a stack, though it recurs */
    assert_int_equal(f->self, 7);
    assert_int_equal(f->tiers[RF_TIER_JIT], 5);
    size_t count;
    uint32_t *order = rf_prof_sorted_functions(&m.p, &count);
    assert_int_equal(count, 3);
    assert_int_equal(order[0], m.f);
    assert_int_equal(order[1], m.main);
    free(order);
    order = rf_prof_sorted_lines(&m.p, &count);
    assert_int_equal(count, 2);
    assert_int_equal(m.p.lines[order[0]].line, 2);
    assert_int_equal(rf_prof_line_samples(&m.p.lines[order[0]]), 8);
    free(order);
    rf_prof_free(&m.p);
}

static void closed(void **state)
{
    (void)state;
    Made m;
    make(&m);
    m.p.closed = true;
    fill(&m);
    assert_int_equal(m.p.samples, 0);
    rf_prof_free(&m.p);
}

static void map_grows(void **state)
{
    (void)state;
    RfProfMap map = {.cap = 0};
    assert_int_equal(rf_prof_map_get(&map, 5), RF_PROF_NONE);
    for (uint32_t i = 1; i <= 5000; i++) {
        rf_prof_map_put(&map, (uint64_t)i << 32 | 7, i);
        rf_prof_map_put(&map, (uint64_t)i << 32 | 7, i + 1);
    }
    for (uint32_t i = 1; i <= 5000; i++) {
        assert_int_equal(rf_prof_map_get(&map, (uint64_t)i << 32 | 7), i + 1);
    }
    assert_int_equal(map.count, 5000);
    rf_prof_map_free(&map);
}

static void folded(void **state)
{
    (void)state;
    Made m;
    make(&m);
    fill(&m);
    RfBuf out = RF_BUF_INIT;
    rf_prof_folded(&out, &m.p); /* the semicolon of the file's name would end a frame */
    assert_string_equal(rf_buf_cstr(&out), "<main> (a:b.ruff:1) 2\n"
                                           "<main> (a:b.ruff:1);f (a:b.ruff:1) 3\n"
                                           "<main> (a:b.ruff:1);f (a:b.ruff:1);[builtin sort] 1\n"
                                           "<main> (a:b.ruff:1);f (a:b.ruff:1);f (a:b.ruff:1) 4\n");
    rf_buf_free(&out);
    rf_prof_free(&m.p);
}

static void report(void **state)
{
    (void)state;
    Made m;
    make(&m);
    fill(&m);
    RfObserveEvent event = {RF_OBSERVE_DEOPT, NULL, 0, "type-guard", "int", "float"};
    for (int i = 0; i < 12; i++) {
        rf_prof_add_event(&m.p, m.file, 2, &event);
    }
    event = (RfObserveEvent){RF_OBSERVE_REJECT, NULL, 0, "unsupported-op", "DESTRUCT_DICT", ""};
    rf_prof_add_event(&m.p, m.file, 1, &event);
    rf_prof_add_allocations(&m.p, m.file, 2, 1234.4);
    rf_prof_add_memory(&m.p, 2000, 1500, 3 << 20);
    rf_prof_add_memory(&m.p, 0, 500, -(2 << 20));
    m.p.jit = (RfJitCounts){.compiled = 3,
                            .osr = 2,
                            .recompiled = 1,
                            .compile_ms = 45.6,
                            .cache_hits = 1,
                            .cache_misses = 3,
                            .entered = 9,
                            .guards = 1,
                            .deopts = 4};
    m.p.seconds = 1.5;
    RfProfSections all = {.cpu = true, .memory = true, .jit = true, .lines = true, .top = 2};
    RfBuf out = RF_BUF_INIT;
    rf_prof_report(&out, &m.p, &all);
    assert_string_equal(rf_buf_cstr(&out), "\n"
                                           "=== Performance Profile Report ===\n"
                                           "CPU Profile:\n"
                                           "  Total Time: 0.100s\n"
                                           "  Samples: 10\n"
                                           "  Top Hot Functions:\n"
                                           "    1. f                                 0.080s ( 80.0%) self 70.0% jit\n"
                                           "    2. <main>                            0.100s (100.0%) self 20.0% vm\n"
                                           "Memory Profile:\n"
                                           "  Peak Memory: 3.00 MB\n"
                                           "  Current Memory: 1.00 MB\n"
                                           "  Total Allocations: 2000\n"
                                           "  Total Deallocations: 2000\n"
                                           "  1. a;b.ruff:2                                 1234 allocs\n"
                                           "JIT Statistics:\n"
                                           "  Functions Compiled: 3\n"
                                           "  Loops Entered (OSR): 2\n"
                                           "  Recompilations: 1\n"
                                           "  Total Compile Time: 0.046s\n"
                                           "  Cache Hit Rate: 25.0%\n"
                                           "  Guard Success Rate: 90.0%\n"
                                           "  Deoptimisations: 4\n"
                                           "Source Lines:\n"
                                           "a;b.ruff:\n"
                                           "   1 |   0.0% | -       | func f(n) {\n"
                                           "  ^ reject unsupported-op: destruct dict\n"
                                           "    Move the hot loop into a function that declares no struct and takes no "
                                           "dict apart.\n"
                                           "   2 |  80.0% | jit     | return n + 1\n"
                                           "  ^ deopt type-guard x12: expected int, got float\n"
                                           "    Give the variable one type: start sums that become floats at 0.0, keep "
                                           "arrays of one kind.\n"
                                           "   4 |  20.0% | vm      | f(1)\n"
                                           "===================================\n"
                                           "Total execution time: 1.500s\n");
    rf_buf_free(&out);
    rf_prof_free(&m.p);
}

static void flame(void **state)
{
    (void)state;
    Made m;
    make(&m);
    fill(&m);
    uint32_t odd = rf_prof_function(&m.p, "a<b>&\"c\x01\xff", RF_PROF_NONE, 0);
    RfProfEntry stack[] = {{m.main, RF_TIER_VM}, {odd, RF_TIER_VM}};
    rf_prof_add(&m.p, 0, stack, 2, RF_PROF_NONE, 0, RF_TIER_VM, 10);
    RfBuf out = RF_BUF_INIT;
    rf_prof_flame(&out, &m.p, "x & y");
    const char *text = rf_buf_cstr(&out);
    assert_non_null(strstr(text, "a&lt;b&gt;&amp;&quot;c\xef\xbf\xbd\xef\xbf\xbd</text>"));
    assert_non_null(strstr(text, "x &amp; y"));
    assert_non_null(strstr(text, "width=\"50.0000%\" height=\"17\"><title>a&lt;b"));
    assert_non_null(strstr(text, "class=\"builtin\""));
    assert_null(strstr(text, "http://www.w3.org/1999/xlink")); /* nothing is fetched */
    rf_buf_free(&out);
    rf_prof_free(&m.p);
}

static void empty(void **state)
{
    (void)state;
    RfProf p;
    rf_prof_init(&p, 997);
    RfProfSections all = {.cpu = true, .memory = true, .jit = true, .lines = true, .top = 10};
    RfBuf out = RF_BUF_INIT;
    rf_prof_folded(&out, &p);
    assert_int_equal(out.len, 0);
    rf_prof_report(&out, &p, &all);
    rf_prof_json(&out, &p, &all);
    rf_prof_speedscope(&out, &p, "none");
    rf_prof_flame(&out, &p, "none");
    assert_non_null(strstr(rf_buf_cstr(&out), "Samples: 0"));
    assert_null(strstr(rf_buf_cstr(&out), "nan"));
    rf_buf_free(&out);
    rf_prof_free(&p);
}

static void source_lines(void **state)
{
    (void)state;
    Made m;
    make(&m);
    size_t len;
    const char *line = rf_prof_source_line(&m.p, m.file, 2, &len);
    assert_int_equal(len, 12);
    assert_memory_equal(line, "return n + 1", 12);
    assert_null(rf_prof_source_line(&m.p, m.file, 99, &len));
    assert_null(rf_prof_source_line(&m.p, rf_prof_file(&m.p, "other", NULL, 0), 1, &len));
    rf_prof_free(&m.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interning), cmocka_unit_test(counting), cmocka_unit_test(closed),
        cmocka_unit_test(map_grows), cmocka_unit_test(folded),   cmocka_unit_test(report),
        cmocka_unit_test(flame),     cmocka_unit_test(empty),    cmocka_unit_test(source_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The statistics of `ruff bench` against values worked out elsewhere.
 *
 * Unless a test says otherwise they come from NumPy 1.24 and SciPy 1.10: numpy.percentile (its default is the same quantile),
 * std(ddof=1), scipy.stats.median_abs_deviation, mannwhitneyu and gmean. Intervals were computed with 200000 resamples of
 * another generator; 10000 resamples meet them as far as the granularity of the data allows. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/bench_stats.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NEAR(got, want, tolerance) assert_true(fabs((got) - (want)) <= (tolerance))

/* Michelson's measurements of the speed of light of 1879, experiments 1 and 2 (R data set "morley"). */
static const double first[] = {850,  740, 900, 1070, 930, 850, 950,  980,  980, 880,
                               1000, 980, 930, 650,  760, 810, 1000, 1000, 960, 960};
static const double second[] = {960, 940, 960, 940, 880, 800, 850, 880, 900, 840,
                                830, 790, 810, 880, 880, 830, 800, 790, 760, 800};

static RfStats summary(const double *values, size_t n)
{
    RfStats s;
    rf_stats_summarise(&(RfGroups){values, &n, 1}, &s);
    return s;
}

static void test_summary(void **state)
{
    (void)state;
    RfStats s = summary(first, COUNT(first));
    assert_int_equal(s.n, 20);
    NEAR(s.median, 940, 0);
    NEAR(s.mean, 909, 1e-9);
    NEAR(s.stddev, 104.92603911427577, 1e-9);
    NEAR(s.cv, 0.11543018604430777, 1e-12);
    NEAR(s.mad, 60, 0);
    NEAR(s.min, 650, 0);
    NEAR(s.max, 1070, 0);
    NEAR(s.p5, 735.5, 1e-9);
    NEAR(s.p25, 850, 1e-9);
    NEAR(s.p75, 980, 1e-9);
    NEAR(s.p95, 1003.5, 1e-9);
    assert_int_equal(s.mild, 1);
    assert_int_equal(s.severe, 0);
    NEAR(s.ci_low, 865, 15);
    NEAR(s.ci_high, 980, 0);
    s = summary(second, COUNT(second));
    NEAR(s.median, 845, 0);
    NEAR(s.stddev, 61.16414498363357, 1e-9);
    NEAR(s.mad, 45, 0);
    NEAR(s.p5, 788.5, 1e-9);
    NEAR(s.ci_low, 805, 10);
    NEAR(s.ci_high, 880, 0);
}

static void test_one_value(void **state)
{
    (void)state;
    double value = 7.5;
    RfStats s = summary(&value, 1);
    assert_int_equal(s.n, 1);
    NEAR(s.median, 7.5, 0);
    NEAR(s.ci_low, 7.5, 0);
    NEAR(s.ci_high, 7.5, 0);
    NEAR(s.p5, 7.5, 0);
    NEAR(s.p95, 7.5, 0);
    NEAR(s.stddev, 0, 0);
    NEAR(s.cv, 0, 0);
    NEAR(s.mad, 0, 0);
}

static void test_outliers(void **state)
{
    (void)state;
    /* quartiles 12.5 and 17.5 around 11 .. 19: fences at 5 and 25, and at -2.5 and 32.5 */
    double values[] = {11, 12, 13, 14, 15, 16, 17, 18, 19, 26, 40};
    RfStats s = summary(values, 9);
    assert_int_equal(s.mild + s.severe, 0);
    /* all eleven: 13.5 and 18.5, fences at 6 and 26, and at -1.5 and 33.5; 26 lies on its fence */
    s = summary(values, 11);
    assert_int_equal(s.mild, 0);
    assert_int_equal(s.severe, 1);
    values[9] = 26.5; /* 18.5 is still the quartile */
    s = summary(values, 11);
    assert_int_equal(s.mild, 1);
    assert_int_equal(s.severe, 1);
}

static void test_quantile(void **state)
{
    (void)state;
    const double sorted[] = {1, 2, 4, 8};
    NEAR(rf_stats_quantile(sorted, 4, 0), 1, 0);
    NEAR(rf_stats_quantile(sorted, 4, 0.5), 3, 1e-12);
    NEAR(rf_stats_quantile(sorted, 4, 0.9), 6.8, 1e-12); /* 4 + 0.7 * 4 */
    NEAR(rf_stats_quantile(sorted, 4, 1), 8, 0);
    const double mixed[] = {8, 1, 4, 2, 3};
    NEAR(rf_stats_median(mixed, 5), 3, 0);
    NEAR(mixed[0], 8, 0);
}

static void test_hierarchical_interval(void **state)
{
    (void)state;
    const double values[] = {10, 11, 12, 13, 20, 21, 22, 14, 15, 16, 17, 18};
    const size_t sizes[] = {4, 3, 5}, all = COUNT(values);
    RfStats grouped, flat;
    rf_stats_summarise(&(RfGroups){values, sizes, 3}, &grouped);
    rf_stats_summarise(&(RfGroups){values, &all, 1}, &flat);
    NEAR(grouped.median, 15.5, 0);
    NEAR(grouped.ci_low, 11, 0.5); /* as whole groups may be missing, the interval is that of the groups */
    NEAR(grouped.ci_high, 21, 0.5);
    assert_true(flat.ci_low > grouped.ci_low && flat.ci_high < grouped.ci_high);
    RfStats again;
    rf_stats_summarise(&(RfGroups){values, sizes, 3}, &again);
    assert_memory_equal(&again, &grouped, sizeof again);
}

static void test_ratio(void **state)
{
    (void)state;
    const size_t n = COUNT(first);
    RfGroups a = {first, &n, 1}, b = {second, &n, 1};
    RfRatio r = rf_stats_ratio(&a, &b);
    NEAR(r.ratio, 1.1124260355029585, 1e-12);
    NEAR(r.ci_low, 1.011363636364, 0.012);
    NEAR(r.ci_high, 1.182926829268, 0.012);
    const double twos[] = {2, 2, 2}, threes[] = {3, 3};
    const size_t two = 3, three = 2;
    r = rf_stats_ratio(&(RfGroups){threes, &three, 1}, &(RfGroups){twos, &two, 1});
    NEAR(r.ratio, 1.5, 0);
    NEAR(r.ci_low, 1.5, 0);
    NEAR(r.ci_high, 1.5, 0);
}

static void test_mann_whitney(void **state)
{
    (void)state;
    NEAR(rf_stats_mann_whitney(first, COUNT(first), second, COUNT(second)), 0.02273389651267, 1e-10);
    NEAR(rf_stats_mann_whitney(second, COUNT(second), first, COUNT(first)), 0.02273389651267, 1e-10);
    /* Hollander and Wolfe (1973), p. 69f, as in R's ?wilcox.test; two-sided and exact */
    const double x[] = {0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46};
    const double y[] = {1.15, 0.88, 0.90, 0.74, 1.21};
    NEAR(rf_stats_mann_whitney(x, COUNT(x), y, COUNT(y)), 0.2544122544122544, 1e-12);
    const double low[] = {1, 2, 3, 4, 5, 6, 7, 8}, high[] = {9, 10, 11, 12, 13, 14, 15, 16};
    NEAR(rf_stats_mann_whitney(low, 8, high, 8), 0.0001554001554001554, 1e-15); /* 2 / C(16, 8) */
    const double three[] = {1.5, 2.5, 8.5}, twelve[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    NEAR(rf_stats_mann_whitney(three, 3, twelve, 12), 0.36483516483516487, 1e-12);
    double xs[20], ys[20];
    for (int i = 0; i < 20; i++) {
        xs[i] = i;
        ys[i] = i + 2.25;
    }
    NEAR(rf_stats_mann_whitney(xs, 20, ys, 20), 0.20845355458876536, 1e-10);
}

static void test_mann_whitney_without_a_difference(void **state)
{
    (void)state;
    const double same[] = {4, 4, 4, 4, 4, 4, 4, 4, 4, 4};
    NEAR(rf_stats_mann_whitney(same, 10, same, 10), 1, 0);
    NEAR(rf_stats_mann_whitney(same, 0, same, 10), 1, 0);
    NEAR(rf_stats_mann_whitney(first, 20, first, 20), 1, 1e-9);
}

static void test_holm(void **state)
{
    (void)state;
    double p[] = {0.01, 0.04, 0.03, 0.005}; /* 0.005 * 4, 0.01 * 3, 0.03 * 2, and 0.04 as large as the one before */
    rf_stats_holm(p, 4);
    NEAR(p[0], 0.03, 1e-12);
    NEAR(p[1], 0.06, 1e-12);
    NEAR(p[2], 0.06, 1e-12);
    NEAR(p[3], 0.02, 1e-12);
    double high[] = {0.5, 0.6};
    rf_stats_holm(high, 2);
    NEAR(high[0], 1, 0);
    NEAR(high[1], 1, 0);
    rf_stats_holm(NULL, 0);
}

static void test_small_functions(void **state)
{
    (void)state;
    const double speedups[] = {1.5, 2, 8, 30.11};
    NEAR(rf_stats_geomean(speedups, 4), 5.184781983261046, 1e-12);
    NEAR(rf_stats_geomean(speedups, 0), 0, 0);
    NEAR(rf_stats_cv(second, COUNT(second)), 0.07145344040144108, 1e-12);
    NEAR(rf_stats_cv(second, 1), 0, 0);
    const double rising[] = {10, 10, 10, 11, 11, 11, 12, 12, 12}; /* median 11, thirds 10 and 12 */
    NEAR(rf_stats_trend(rising, 9), 2.0 / 11, 1e-12);
    NEAR(rf_stats_trend(rising, 5), 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_summary),
        cmocka_unit_test(test_one_value),
        cmocka_unit_test(test_outliers),
        cmocka_unit_test(test_quantile),
        cmocka_unit_test(test_hierarchical_interval),
        cmocka_unit_test(test_ratio),
        cmocka_unit_test(test_mann_whitney),
        cmocka_unit_test(test_mann_whitney_without_a_difference),
        cmocka_unit_test(test_holm),
        cmocka_unit_test(test_small_functions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

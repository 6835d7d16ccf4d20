/* Order statistics, bootstrap and tests (bench_stats.h). */
#include "tools/bench_stats.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define EXACT_LIMIT 8u
#define SEED UINT64_C(0x52756666) /* "Ruff" */

/* ---- order statistics ---- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double *sorted_copy(const double *values, size_t n)
{
    double *copy = rf_mem_alloc(n * sizeof *copy);
    memcpy(copy, values, n * sizeof *copy);
    qsort(copy, n, sizeof *copy, ascending);
    return copy;
}

double rf_stats_quantile(const double *sorted, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t low = (size_t)at;
    return low + 1 < n ? sorted[low] + (at - (double)low) * (sorted[low + 1] - sorted[low]) : sorted[n - 1];
}

double rf_stats_median(const double *values, size_t n)
{
    double *sorted = sorted_copy(values, n);
    double median = rf_stats_quantile(sorted, n, 0.5);
    rf_mem_free(sorted, n * sizeof *sorted);
    return median;
}

static double mean_of(const double *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += values[i];
    }
    return sum / (double)n;
}

/* Two passes: the differences are small against the values. */
static double stddev_of(const double *values, size_t n, double mean)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (values[i] - mean) * (values[i] - mean);
    }
    return n > 1 ? sqrt(sum / (double)(n - 1)) : 0;
}

double rf_stats_cv(const double *values, size_t n)
{
    double mean = n > 1 ? mean_of(values, n) : 0;
    return mean != 0 ? stddev_of(values, n, mean) / mean : 0;
}

double rf_stats_geomean(const double *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += log(values[i]);
    }
    return n > 0 ? exp(sum / (double)n) : 0;
}

double rf_stats_trend(const double *values, size_t n)
{
    size_t third = n / 3;
    if (n < 6) {
        return 0;
    }
    double median = rf_stats_median(values, n);
    double change = rf_stats_median(values + n - third, third) - rf_stats_median(values, third);
    return median != 0 ? change / median : 0;
}

/* ---- bootstrap ---- */

/* SplitMix64 (Steele, Lea and Flood: Fast splittable pseudorandom number generators, 2014). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* A number below `limit` (less than 2^32): the high part of a product, whose bias of limit / 2^32 does not matter here. */
static size_t draw(uint64_t *state, size_t limit)
{
    return (size_t)(((next_random(state) >> 32) * (uint64_t)limit) >> 32);
}

/* What resampling needs of the groups: values by rank, so that a resample is a count for each rank. */
typedef struct Pool {
    const RfGroups *groups;
    size_t n;
    double *sorted;
    uint32_t *rank;   /* of each value in groups order */
    uint32_t *counts; /* of the resample under way, by rank */
    size_t *starts;   /* of the groups */
} Pool;

typedef struct Keyed {
    double value;
    size_t at;
} Keyed;

static int keyed_ascending(const void *a, const void *b)
{
    const Keyed *x = a, *y = b;
    return x->value != y->value ? (x->value > y->value) - (x->value < y->value) : (x->at > y->at) - (x->at < y->at);
}

static Pool make_pool(const RfGroups *groups)
{
    Pool p = {.groups = groups, .starts = rf_mem_alloc(groups->count * sizeof *p.starts)};
    for (size_t g = 0; g < groups->count; g++) {
        p.starts[g] = p.n;
        p.n += groups->sizes[g];
    }
    Keyed *keyed = rf_mem_alloc(p.n * sizeof *keyed);
    for (size_t i = 0; i < p.n; i++) {
        keyed[i] = (Keyed){groups->values[i], i};
    }
    qsort(keyed, p.n, sizeof *keyed, keyed_ascending);
    p.sorted = rf_mem_alloc(p.n * sizeof *p.sorted);
    p.rank = rf_mem_alloc(p.n * sizeof *p.rank);
    p.counts = rf_mem_alloc(p.n * sizeof *p.counts);
    for (size_t i = 0; i < p.n; i++) {
        p.sorted[i] = keyed[i].value;
        p.rank[keyed[i].at] = (uint32_t)i;
    }
    rf_mem_free(keyed, p.n * sizeof *keyed);
    return p;
}

static void free_pool(Pool *p)
{
    rf_mem_free(p->starts, p->groups->count * sizeof *p->starts);
    rf_mem_free(p->sorted, p->n * sizeof *p->sorted);
    rf_mem_free(p->rank, p->n * sizeof *p->rank);
    rf_mem_free(p->counts, p->n * sizeof *p->counts);
}

/* Median of one resample: groups are drawn, and from each drawn group as many values as it has. */
static double resampled_median(Pool *p, uint64_t *random)
{
    const RfGroups *groups = p->groups;
    size_t total = 0;
    memset(p->counts, 0, p->n * sizeof *p->counts);
    for (size_t i = 0; i < groups->count; i++) {
        size_t g = draw(random, groups->count), size = groups->sizes[g];
        for (size_t j = 0; j < size; j++) {
            p->counts[p->rank[p->starts[g] + draw(random, size)]]++;
        }
        total += size;
    }
    size_t low = (total - 1) / 2, high = total / 2, seen = 0, at = 0;
    for (seen = p->counts[0]; seen <= low; seen += p->counts[at]) {
        at++;
    }
    double lower = p->sorted[at];
    for (; seen <= high; seen += p->counts[at]) {
        at++;
    }
    return (lower + p->sorted[at]) / 2;
}

static void interval(double *resamples, double *low, double *high)
{
    qsort(resamples, RF_STATS_RESAMPLES, sizeof *resamples, ascending);
    *low = rf_stats_quantile(resamples, RF_STATS_RESAMPLES, 0.025);
    *high = rf_stats_quantile(resamples, RF_STATS_RESAMPLES, 0.975);
}

RfRatio rf_stats_ratio(const RfGroups *a, const RfGroups *b)
{
    Pool pa = make_pool(a), pb = make_pool(b);
    uint64_t random = SEED;
    double *resamples = rf_mem_alloc(RF_STATS_RESAMPLES * sizeof *resamples);
    for (size_t i = 0; i < RF_STATS_RESAMPLES; i++) {
        double numerator = resampled_median(&pa, &random);
        resamples[i] = numerator / resampled_median(&pb, &random);
    }
    RfRatio out = {.ratio = rf_stats_quantile(pa.sorted, pa.n, 0.5) / rf_stats_quantile(pb.sorted, pb.n, 0.5)};
    interval(resamples, &out.ci_low, &out.ci_high);
    rf_mem_free(resamples, RF_STATS_RESAMPLES * sizeof *resamples);
    free_pool(&pa);
    free_pool(&pb);
    return out;
}

static void median_interval(Pool *pool, RfStats *out)
{
    uint64_t random = SEED;
    double *resamples = rf_mem_alloc(RF_STATS_RESAMPLES * sizeof *resamples);
    for (size_t i = 0; i < RF_STATS_RESAMPLES; i++) {
        resamples[i] = resampled_median(pool, &random);
    }
    interval(resamples, &out->ci_low, &out->ci_high);
    rf_mem_free(resamples, RF_STATS_RESAMPLES * sizeof *resamples);
}

void rf_stats_summarise(const RfGroups *groups, RfStats *out)
{
    Pool pool = make_pool(groups);
    const double *v = pool.sorted;
    size_t n = pool.n;
    *out = (RfStats){.n = n,
                     .median = rf_stats_quantile(v, n, 0.5),
                     .mean = mean_of(v, n),
                     .min = v[0],
                     .max = v[n - 1],
                     .p5 = rf_stats_quantile(v, n, 0.05),
                     .p25 = rf_stats_quantile(v, n, 0.25),
                     .p75 = rf_stats_quantile(v, n, 0.75),
                     .p95 = rf_stats_quantile(v, n, 0.95)};
    out->stddev = stddev_of(v, n, out->mean);
    out->cv = out->mean != 0 ? out->stddev / out->mean : 0;
    double range = out->p75 - out->p25, *distances = rf_mem_alloc(n * sizeof *distances);
    for (size_t i = 0; i < n; i++) {
        double beyond = fmax(out->p25 - v[i], v[i] - out->p75);
        out->severe += beyond > 3 * range;
        out->mild += beyond > 1.5 * range && beyond <= 3 * range;
        distances[i] = fabs(v[i] - out->median);
    }
    out->mad = rf_stats_median(distances, n);
    rf_mem_free(distances, n * sizeof *distances);
    median_interval(&pool, out);
    free_pool(&pool);
}

/* ---- tests ---- */

/* Twice the probability that U is at most u without ties. f[k][v]: number of ways in which k of the first i ranks make
 * U = v; ranks are added one by one (Mann and Whitney 1947). */
static double exact_p(size_t small, size_t large, double u)
{
    size_t most = small * large, width = most + 1, size = (small + 1) * width * sizeof(double);
    double *f = rf_mem_zalloc(size);
    f[0] = 1;
    for (size_t i = 1; i <= small + large; i++) {
        for (size_t k = i < small ? i : small; k >= 1; k--) {
            size_t gain = i - k; /* members of the other side below this rank */
            for (size_t v = gain; v <= most && gain <= large; v++) {
                f[k * width + v] += f[(k - 1) * width + v - gain];
            }
        }
    }
    double below = 0, all = 0;
    for (size_t v = 0; v <= most; v++) {
        all += f[small * width + v];
        below += (double)v <= u ? f[small * width + v] : 0;
    }
    rf_mem_free(f, size);
    return fmin(1, 2 * below / all);
}

double rf_stats_mann_whitney(const double *a, size_t na, const double *b, size_t nb)
{
    if (na == 0 || nb == 0) {
        return 1;
    }
    size_t n = na + nb;
    Keyed *all = rf_mem_alloc(n * sizeof *all);
    for (size_t i = 0; i < n; i++) {
        all[i] = (Keyed){i < na ? a[i] : b[i - na], i};
    }
    qsort(all, n, sizeof *all, keyed_ascending);
    double rank_sum = 0, ties = 0; /* of side a; sum of t^3 - t */
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && all[j].value == all[i].value; j++) {
        }
        double t = (double)(j - i), rank = (double)(i + j + 1) / 2;
        ties += t * t * t - t;
        for (size_t k = i; k < j; k++) {
            rank_sum += all[k].at < na ? rank : 0;
        }
    }
    rf_mem_free(all, n * sizeof *all);
    double x = (double)na, y = (double)nb, total = (double)n;
    double u = rank_sum - x * (x + 1) / 2;
    u = fmin(u, x * y - u);
    size_t small = na < nb ? na : nb;
    if (ties == 0 && small <= EXACT_LIMIT) {
        return exact_p(small, n - small, u);
    }
    double variance = x * y / 12 * (total + 1 - ties / (total * (total - 1)));
    if (variance <= 0) {
        return 1;
    }
    double z = (x * y / 2 - u - 0.5) / sqrt(variance);
    return fmin(1, erfc(z / sqrt(2)));
}

typedef struct Test {
    double p;
    size_t at;
} Test;

static int by_p(const void *a, const void *b)
{
    return ascending(&((const Test *)a)->p, &((const Test *)b)->p);
}

void rf_stats_holm(double *p, size_t n)
{
    if (n == 0) {
        return;
    }
    Test *tests = rf_mem_alloc(n * sizeof *tests);
    for (size_t i = 0; i < n; i++) {
        tests[i] = (Test){p[i], i};
    }
    qsort(tests, n, sizeof *tests, by_p);
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, fmin(1, tests[i].p * (double)(n - i)));
        p[tests[i].at] = largest;
    }
    rf_mem_free(tests, n * sizeof *tests);
}

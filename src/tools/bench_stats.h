/* Statistics of measurements: pure functions over arrays of doubles, without I/O and without state. Randomness comes from a
 * fixed seed, so equal input gives equal output. */
#ifndef RF_TOOLS_BENCH_STATS_H
#define RF_TOOLS_BENCH_STATS_H

#include <stddef.h>

#define RF_STATS_RESAMPLES 10000u

/* Measurements in groups (one per process): values[0 .. sizes[0]) are the first group's, and so on. */
typedef struct RfGroups {
    const double *values;
    const size_t *sizes;
    size_t count; /* groups; none of them is empty */
} RfGroups;

typedef struct RfStats {
    size_t n;
    double median, ci_low, ci_high; /* 95 % interval of the median */
    double mean, stddev;            /* n-1 in the denominator; 0 for n = 1 */
    double mad;                     /* median of the distances from the median, not scaled */
    double min, max, p5, p25, p75, p95;
    double cv; /* stddev / mean; 0 when the mean is 0 */
    size_t mild,
        severe; /* beyond 1.5 and 3 interquartile ranges from the quartiles; severe ones are not counted as mild */
} RfStats;

/* Everything above. At least one value. */
void rf_stats_summarise(const RfGroups *groups, RfStats *out);

typedef struct RfRatio {
    double ratio, ci_low, ci_high; /* median of `a` / median of `b`, 95 % interval */
} RfRatio;
/* Both sides are resampled. Medians of `b` must be positive. */
RfRatio rf_stats_ratio(const RfGroups *a, const RfGroups *b);

/* Two-sided p of the Mann-Whitney U test. Exact when there are no ties and one side has at most 8 values, else the normal
 * approximation with corrections for ties and continuity. 1 when a side is empty or all values are equal. */
double rf_stats_mann_whitney(const double *a, size_t na, const double *b, size_t nb);

/* Replaces the p values of one family of tests by their adjusted values (Holm 1979). */
void rf_stats_holm(double *p, size_t n);

/* Quantile q of ascending values: linear interpolation between order statistics (type 7 of Hyndman and Fan). n > 0. */
double rf_stats_quantile(const double *sorted, size_t n, double q);
/* Median of values in any order; they stay as they are. n > 0. */
double rf_stats_median(const double *values, size_t n);
/* stddev / mean; 0 for fewer than two values or a mean of 0. */
double rf_stats_cv(const double *values, size_t n);
/* Geometric mean of positive values; 0 for n = 0. */
double rf_stats_geomean(const double *values, size_t n);
/* How much a series has drifted, as a part of its median: median of its last third minus that of its first. 0 for fewer than
 * six values. */
double rf_stats_trend(const double *values, size_t n);

#endif

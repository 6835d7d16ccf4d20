/* Charts of the HTML report, as inline SVG. Colours are CSS classes of the page (bench_html.c). */
#ifndef RF_TOOLS_BENCH_SVG_H
#define RF_TOOLS_BENCH_SVG_H

#include "tools/bench.h"

/* Text with &, <, > and quotes escaped. */
void rf_bench_put_html(RfBuf *out, const char *text);

/* Steady times of a mode: a dot each in the lane of its process, box, whiskers, and the interval of the median. */
void rf_bench_svg_distribution(RfBuf *out, RfBenchModeId id, const RfBenchMode *mode);
/* Times of the first iterations of each process, on a logarithmic axis, with the events of the JIT. */
void rf_bench_svg_trace(RfBuf *out, RfBenchModeId id, const RfBenchMode *mode);

typedef struct RfBenchBar {
    const char *label, *class;
    double factor;    /* how many times faster Ruff is now */
    double low, high; /* interval; 0: none */
} RfBenchBar;
/* Bars to both sides of 1, on a logarithmic axis. */
void rf_bench_svg_bars(RfBuf *out, const RfBenchBar *bars, size_t count);

#endif

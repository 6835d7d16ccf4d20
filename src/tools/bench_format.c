/* Durations as reports show them. */
#include "tools/bench.h"

typedef struct Unit {
    const char *name;
    double ns;
    int decimals;
} Unit;

static Unit unit_for(double ns)
{
    return ns < 999.5         ? (Unit){"ns", 1, 0}
           : ns < 999995.0    ? (Unit){"µs", 1e3, 2}
           : ns < 999995000.0 ? (Unit){"ms", 1e6, 2}
                              : (Unit){"s", 1e9, 2};
}

void rf_bench_put_duration(RfBuf *out, double ns)
{
    Unit unit = unit_for(ns);
    rf_buf_printf(out, "%.*f %s", unit.decimals, ns / unit.ns, unit.name);
}

void rf_bench_put_number(RfBuf *out, double ns, double like, int width)
{
    Unit unit = unit_for(like);
    rf_buf_printf(out, "%*.*f", width, unit.decimals, ns / unit.ns);
}

void rf_bench_put_padded(RfBuf *out, double ns, int width)
{
    if (ns <= 0) {
        rf_buf_printf(out, "%*s", width, "N/A");
        return;
    }
    Unit unit = unit_for(ns);
    int name_width = unit.ns == 1e9 ? 1 : 2; /* in columns */
    rf_buf_printf(out, "%*.*f %s", width - 1 - name_width, unit.decimals, ns / unit.ns, unit.name);
}

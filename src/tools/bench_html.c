#include "tools/bench.h"
void rf_bench_html(RfBuf *out, const RfBenchRun *run)
{
    (void)out, (void)run;
}

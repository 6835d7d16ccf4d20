/* What this process has used so far. */
#include <stdio.h>
#include <sys/resource.h>

#include "tools/bench_wire.h"

static double milliseconds(struct timeval t)
{
    return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

/* VmHWM: ru_maxrss may be that of the process this one was started by. */
static uint64_t peak_rss(void)
{
    FILE *f = fopen("/proc/self/status", "re");
    char line[256];
    unsigned long long kilobytes = 0;
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "VmHWM: %llu", &kilobytes) == 1) {
            break;
        }
    }
    if (f) {
        fclose(f);
    }
    return kilobytes * 1024;
}

void rf_bench_usage(RfBenchCounts *counts)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    counts->user_ms = milliseconds(usage.ru_utime);
    counts->sys_ms = milliseconds(usage.ru_stime);
    counts->peak_rss = peak_rss();
}

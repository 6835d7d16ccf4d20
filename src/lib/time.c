/* Clocks, waiting, lengths of time: now, now_unix, current_timestamp, now_utc, performance_now, time_us, time_ns,
 * elapsed, format_duration, sleep. */
#include <errno.h>
#include <math.h>
#include <time.h>

#include "lib/args.h"
#include "lib/builtins.h"
#include "lib/calendar.h"
#include "vm/frame.h"

#define NS_PER_MS 1000000.0
#define SLICE_NS 50000000u /* longest time a sleeping thread does not look at interruptions */

/* ---- the time of day ---- */
static struct timespec wall_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now;
}

RfStatus rf_lib_now(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)vm, (void)self, (void)argc, (void)argv;
    *out = rf_float((double)wall_clock().tv_sec);
    return RF_OK;
}

RfStatus rf_lib_now_unix(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)vm, (void)self, (void)argc, (void)argv;
    *out = rf_int(wall_clock().tv_sec);
    return RF_OK;
}

RfStatus rf_lib_current_timestamp(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)vm, (void)self, (void)argc, (void)argv;
    struct timespec now = wall_clock();
    *out = rf_int((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    return RF_OK;
}

RfStatus rf_lib_now_utc(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc, (void)argv;
    RfZone utc;
    RfMoment m;
    rf_zone_fixed(0, &utc);
    if (rf_calendar_moment(vm, self, rf_int(wall_clock().tv_sec), &utc, &m) != RF_OK) {
        return RF_ERROR;
    }
    *out =
        rf_obj(rf_string_format("%04d-%02d-%02dT%02d:%02d:%02dZ", m.year, m.month, m.day, m.hour, m.minute, m.second));
    return RF_OK;
}

/* ---- time since the program started ---- */
static uint64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t started_at;

/* Before main, so that all VMs and threads count from the same moment. */
__attribute__((constructor)) static void note_start(void)
{
    started_at = monotonic_ns();
}

static double ns_since_start(void)
{
    return (double)(monotonic_ns() - started_at);
}

RfStatus rf_lib_performance_now(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)vm, (void)self, (void)argc, (void)argv;
    *out = rf_float(ns_since_start() / NS_PER_MS);
    return RF_OK;
}

RfStatus rf_lib_time_us(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)vm, (void)self, (void)argc, (void)argv;
    *out = rf_float(ns_since_start() / 1000.0);
    return RF_OK;
}

RfStatus rf_lib_time_ns(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)vm, (void)self, (void)argc, (void)argv;
    *out = rf_float(ns_since_start());
    return RF_OK;
}

/* ---- lengths of time ---- */
RfStatus rf_lib_elapsed(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self, (void)argc;
    if (!rf_is_num(argv[0]) || !rf_is_num(argv[1])) {
        return rf_raise(rf_rt(vm), "elapsed requires number arguments");
    }
    *out = rf_float(rf_num(argv[1]) - rf_num(argv[0]));
    return RF_OK;
}

RfStatus rf_lib_format_duration(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self, (void)argc;
    if (!rf_is_num(argv[0])) {
        return rf_raise(rf_rt(vm), "format_duration requires a number argument");
    }
    double ms = rf_num(argv[0]);
    if (!isfinite(ms)) {
        const char *size = isnan(ms) ? "NaNns" : ms > 0 ? "infs" : "-infns";
        *out = rf_obj(rf_string_from_cstr(size));
    } else if (ms >= 1000.0) {
        *out = rf_obj(rf_string_format("%.2fs", ms / 1000.0));
    } else if (ms >= 1.0) {
        *out = rf_obj(rf_string_format("%.2fms", ms));
    } else if (ms >= 0.001) {
        *out = rf_obj(rf_string_format("%.2f\u03BCs", ms * 1000.0));
    } else {
        *out = rf_obj(rf_string_format("%.0fns", round(ms * NS_PER_MS) + 0.0)); /* never "-0ns" */
    }
    return RF_OK;
}

/* ---- waiting ---- */

/* Signals reach the process, not this thread, so waiting goes in slices. */
static RfStatus sleep_until(RfVm *vm, uint64_t end)
{
    for (;;) {
        if ((rf_safepoint_interrupted() || vm->interrupt) && rf_vm_safepoint(vm) != RF_OK) {
            return RF_ERROR;
        }
        uint64_t now = monotonic_ns();
        if (now >= end) {
            return RF_OK;
        }
        uint64_t slice = end - now < SLICE_NS ? end : now + SLICE_NS;
        struct timespec until = {.tv_sec = (time_t)(slice / 1000000000u), .tv_nsec = (long)(slice % 1000000000u)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    }
}

RfStatus rf_lib_sleep(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_num(argv[0])) {
        return rf_args_raise_named(vm, self, "requires a number argument");
    }
    double ms = rf_num(argv[0]);
    if (ms < 0.0) {
        return rf_args_raise_named(vm, self, "requires non-negative milliseconds");
    }
    double ns = isnan(ms) ? 0.0 : ms * NS_PER_MS;
    uint64_t end = ns < 0x1p62 ? monotonic_ns() + (uint64_t)ns : UINT64_MAX;
    rf_vm_flush(vm); /* whoever watches the output should not wait as well */
    *out = rf_int(0);
    return sleep_until(vm, end);
}

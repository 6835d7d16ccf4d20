/* The machine and the build: what a report must say about where its numbers come from, and what makes numbers noisy. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "jit/cache.h"
#include "ruff/ruff.h"
#include "tools/bench_process.h"

#define CPU_FOLDER "/sys/devices/system/cpu/"

/* First line of a small file, without white space at its end; empty when it cannot be read. */
static RfBuf read_line(const char *path)
{
    RfBuf line = RF_BUF_INIT;
    char text[256];
    FILE *f = fopen(path, "re");
    if (f && fgets(text, sizeof text, f)) {
        size_t len = strcspn(text, "\n");
        while (len > 0 && text[len - 1] == ' ') {
            len--;
        }
        rf_buf_put(&line, text, len);
    }
    if (f) {
        fclose(f);
    }
    return line;
}

/* The value of a "key : value" line of /proc/cpuinfo. */
static bool cpu_fact(const char *key, RfBuf *out)
{
    FILE *f = fopen("/proc/cpuinfo", "re");
    char line[512];
    bool found = false;
    while (f && !found && fgets(line, sizeof line, f)) {
        char *colon = strchr(line, ':');
        if (colon && strncmp(line, key, strlen(key)) == 0) {
            colon += colon[1] == ' ' ? 2 : 1;
            rf_buf_put(out, colon, strcspn(colon, "\n"));
            found = true;
        }
    }
    if (f) {
        fclose(f);
    }
    return found;
}

static void find_cpu(RfBuf *out, const struct utsname *system)
{
    if (cpu_fact("model name", out) || cpu_fact("Model", out)) {
        return;
    }
    RfBuf part = RF_BUF_INIT, maker = RF_BUF_INIT;
    rf_buf_puts(out, system->machine);
    if (cpu_fact("CPU implementer", &maker) && cpu_fact("CPU part", &part)) {
        rf_buf_printf(out, " %s/%s", rf_buf_cstr(&maker), rf_buf_cstr(&part));
    }
    rf_buf_free(&part);
    rf_buf_free(&maker);
}

/* The commit of the working directory, with "-dirty" when files differ from it; empty without git. */
static void find_commit(RfBuf *out)
{
    static const char *const argv[] = {"git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*", NULL};
    RfBenchChild child, *children = &child;
    if (!rf_bench_child_start_program(&child, argv, NULL, true, 5)) {
        return;
    }
    if (rf_bench_child_wait(&children, 1) && child.status == 0) {
        rf_buf_put(out, child.output.text.data, child.output.trimmed);
    }
    rf_bench_child_kill(&children, 1);
    rf_bench_child_free(&child);
}

void rf_bench_environment(RfBenchEnvironment *e)
{
    struct utsname system;
    uname(&system);
    time_t now = time(NULL);
    struct tm utc;
    char text[32];
    gmtime_r(&now, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    double load[1] = {0};
    if (getloadavg(load, 1) < 1) {
        load[0] = 0;
    }
    *e = (RfBenchEnvironment){.cores = sysconf(_SC_NPROCESSORS_ONLN),
                              .governor = read_line(CPU_FOLDER "cpu0/cpufreq/scaling_governor"),
                              .load = load[0],
                              .build = rf_cache_build_id(),
                              .version = ruff_version()};
    rf_buf_puts(&e->time, text);
    rf_buf_printf(&e->kernel, "%s %s %s", system.sysname, system.release, system.machine);
    find_cpu(&e->cpu, &system);
    find_commit(&e->git);
}

void rf_bench_environment_free(RfBenchEnvironment *e)
{
    rf_buf_free(&e->cpu);
    rf_buf_free(&e->git);
    rf_buf_free(&e->governor);
    rf_buf_free(&e->kernel);
    rf_buf_free(&e->time);
}

bool rf_bench_cpu_exists(uint32_t cpu)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 && cpu < CPU_SETSIZE && CPU_ISSET(cpu, &set);
}

/* ---- --doctor ---- */

typedef enum Mark { PASS, WARN, INFO } Mark;

static void put_check(RfBuf *out, Mark mark, const char *label, const char *observed, const char *fix)
{
    static const char *const marks[] = {"PASS", "WARN", "INFO"};
    rf_buf_printf(out, "  %s %s: %s\n", marks[mark], label, observed);
    if (mark == WARN) {
        rf_buf_printf(out, "    fix: %s\n", fix);
    }
}

static void put_governor(RfBuf *out)
{
    RfBuf governor = read_line(CPU_FOLDER "cpu0/cpufreq/scaling_governor");
    bool known = governor.len > 0, good = known && strcmp(rf_buf_cstr(&governor), "performance") == 0;
    put_check(out,
              good    ? PASS
              : known ? WARN
                      : INFO,
              "CPU frequency governor", known ? rf_buf_cstr(&governor) : "not known",
              "cpupower frequency-set -g performance");
    rf_buf_free(&governor);
}

/* Something that disturbs measurements while it is on. */
static void put_switch(RfBuf *out, const char *label, bool known, bool on, const char *fix)
{
    Mark mark = on ? WARN : known ? PASS : INFO;
    put_check(out, mark, label, on ? "on" : known ? "off" : "not known", fix);
}

static void put_turbo(RfBuf *out)
{
    RfBuf intel = read_line(CPU_FOLDER "intel_pstate/no_turbo"), boost = read_line(CPU_FOLDER "cpufreq/boost");
    bool known = intel.len + boost.len > 0;
    bool on =
        intel.len > 0 ? strcmp(rf_buf_cstr(&intel), "0") == 0 : boost.len > 0 && strcmp(rf_buf_cstr(&boost), "1") == 0;
    put_switch(out, "turbo", known, on,
               intel.len > 0 ? "echo 1 > " CPU_FOLDER "intel_pstate/no_turbo" : "echo 0 > " CPU_FOLDER "cpufreq/boost");
    rf_buf_free(&intel);
    rf_buf_free(&boost);
}

static void put_smt(RfBuf *out)
{
    RfBuf smt = read_line(CPU_FOLDER "smt/active");
    bool known = smt.len > 0, on = known && strcmp(rf_buf_cstr(&smt), "1") == 0;
    put_switch(out, "SMT", known, on, "echo off > " CPU_FOLDER "smt/control, or --cpu with a core of its own");
    rf_buf_free(&smt);
}

void rf_bench_doctor(RfBuf *out)
{
    double load[1] = {0};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    RfBuf text = RF_BUF_INIT;
    rf_buf_puts(out, "Ruff Bench Doctor\n\n");
    put_governor(out);
    put_turbo(out);
    put_smt(out);
    bool known = getloadavg(load, 1) == 1;
    rf_buf_printf(&text, "%.2f on %ld CPUs", load[0], cores);
    put_check(out,
              !known                        ? INFO
              : load[0] > (double)cores / 2 ? WARN
                                            : PASS,
              "load average", known ? rf_buf_cstr(&text) : "not known", "stop other programs, or wait");
    rf_buf_free(&text);
}

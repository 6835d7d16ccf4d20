/* CPU features, asked once per process: `cpuid` is slow on virtual machines. */
#include "jit/cpu.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/sha256.h"

static char level[16], features[48];
static pthread_once_t asked = PTHREAD_ONCE_INIT;

#if defined(__x86_64__)
#include <cpuid.h>

typedef struct Bits {
    unsigned a, b, c, d;
} Bits;

/* Zeros when the CPU has no such leaf. */
static Bits leaf(unsigned number)
{
    Bits r = {0, 0, 0, 0};
    if (!__get_cpuid_count(number, 0, &r.a, &r.b, &r.c, &r.d)) {
        r = (Bits){0, 0, 0, 0};
    }
    return r;
}

/* __builtin_cpu_supports also asks whether the system saves the wide registers. It knows the levels by name only in new
 * compilers, so they are put together here. */
static int find_level(unsigned standard, unsigned extended)
{
    bool v2 = __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("sse4.2") &&
              __builtin_cpu_supports("popcnt") && (standard & bit_CMPXCHG16B) && (extended & bit_LAHF_LM);
    bool v3 = v2 && __builtin_cpu_supports("avx") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
              __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma") && (standard & bit_F16C) &&
              (standard & bit_MOVBE) && (extended & bit_LZCNT);
    return v3   ? 3
           : v2 ? 2
                : 1; /* v4 has nothing for this code, and its registers cost GCC a tenth of a small compile */
}

static void ask(void)
{
    Bits one = leaf(1), seven = leaf(7), extended = leaf(0x80000001u);
    int number = find_level(one.c, extended.c);
    snprintf(level, sizeof level, number > 1 ? "x86-64-v%d" : "x86-64", number);
    /* Without one.b, which says on what core this thread runs. */
    const unsigned bits[] = {(unsigned)number, one.c, one.d, seven.b, seven.c, seven.d, extended.c, extended.d};
    RfSha256 hash;
    uint8_t digest[RF_SHA256_SIZE];
    char hex[RF_SHA256_HEX];
    rf_sha256_init(&hash);
    rf_sha256_add(&hash, bits, sizeof bits);
    rf_sha256_end(&hash, digest);
    rf_sha256_hex(digest, hex);
    snprintf(features, sizeof features, "%s-%.16s", level, hex);
}
#else
static void ask(void)
{
    snprintf(features, sizeof features, "%lx-%lx", getauxval(AT_HWCAP), getauxval(AT_HWCAP2));
}
#endif

const char *rf_cpu_level(void)
{
    pthread_once(&asked, ask);
    return level;
}

const char *rf_cpu_features(void)
{
    pthread_once(&asked, ask);
    return features;
}

/* The library that the tests of the FFI call (libruff_test_ffi.so in the build directory). */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

#define IDENTITY(name, type)                                                                                           \
    EXPORT type same_##name(type x);                                                                                   \
    type same_##name(type x)                                                                                           \
    {                                                                                                                  \
        return x;                                                                                                      \
    }
IDENTITY(i8, int8_t)
IDENTITY(u8, uint8_t)
IDENTITY(i16, int16_t)
IDENTITY(u16, uint16_t)
IDENTITY(i32, int32_t)
IDENTITY(u32, uint32_t)
IDENTITY(i64, int64_t)
IDENTITY(u64, uint64_t)
IDENTITY(isize, ptrdiff_t)
IDENTITY(usize, size_t)
IDENTITY(f32, float)
IDENTITY(f64, double)
IDENTITY(bool, bool)
IDENTITY(string, const char *)
IDENTITY(pointer, void *)

#define DECLARE(result, name, ...)                                                                                     \
    EXPORT result name(__VA_ARGS__);                                                                                   \
    result name(__VA_ARGS__)

DECLARE(int32_t, add_one, int32_t x)
{
    return x + 1;
}

DECLARE(double, mixed, int8_t a, double b, uint16_t c, float d, int64_t e, bool f)
{
    return a + b + c + d + (double)e + f;
}

DECLARE(int64_t, sum20, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f, int64_t g, int64_t h,
        int64_t i, int64_t j, int64_t k, int64_t l, int64_t m, int64_t n, int64_t o, int64_t p, int64_t q, int64_t r,
        int64_t s, int64_t t)
{
    return a + b * 2 + c + d + e + f + g + h + i + j + k + l + m + n + o + p + q + r + s + t * 20;
}

DECLARE(const char *, bad_text, void)
{
    return "a\xff"
           "b";
}

DECLARE(int64_t, length, const char *s)
{
    return s ? (int64_t)strlen(s) : -1;
}

DECLARE(char, spoil, char *s) /* writes where it should not */
{
    s[0] = '#';
    return s[0];
}

DECLARE(int64_t, sum_bytes, const uint8_t *p, size_t n)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += p[i];
    }
    return sum;
}

DECLARE(int32_t, set_errno, int32_t code)
{
    errno = code;
    return -1;
}

DECLARE(int64_t, sum_varied, int32_t n, ...)
{
    va_list list;
    va_start(list, n);
    int64_t sum = 0;
    for (int32_t i = 0; i < n; i++) {
        sum += va_arg(list, int64_t);
    }
    va_end(list);
    return sum;
}

/* ---- structs ---- */

typedef struct Pair {
    int32_t a;
    double b;
} Pair;
typedef struct Small {
    int8_t a;
    int16_t b;
} Small;
typedef struct Large {
    Pair pair;
    uint8_t bytes[5];
    float f[3];
    const char *name;
    int64_t rest[20];
} Large;

DECLARE(Pair, make_pair, int32_t a, double b)
{
    return (Pair){a, b};
}

DECLARE(double, sum_pair, Pair p)
{
    return p.a + p.b;
}

DECLARE(Small, swap_small, Small s)
{
    return (Small){(int8_t)s.b, s.a};
}

DECLARE(Large, turn_large, Large l)
{
    for (int i = 0; i < 10; i++) {
        int64_t x = l.rest[i];
        l.rest[i] = l.rest[19 - i];
        l.rest[19 - i] = x;
    }
    l.pair.a = -l.pair.a;
    l.bytes[4] = 255;
    l.f[2] = 2.5f;
    l.name = l.name[0] == 'n' ? "turned" : NULL;
    return l;
}

DECLARE(void, move_pair, Pair *p, double by)
{
    p->b += by;
}

/* ---- callbacks ---- */

DECLARE(int64_t, call_times, int32_t (*f)(int32_t), int32_t n)
{
    int64_t sum = 0;
    for (int32_t i = 0; i < n; i++) {
        sum += f(i);
    }
    return sum;
}

DECLARE(double, call_all, double (*f)(int8_t, uint8_t, float, bool, const char *, void *))
{
    return f(-5, 250, 1.5f, true, "text", NULL);
}

DECLARE(int8_t, call_i8, int8_t (*f)(void))
{
    return f();
}

DECLARE(float, call_f32, float (*f)(void))
{
    return f();
}

DECLARE(int64_t, call_u64, int32_t (*f)(uint64_t))
{
    return f(UINT64_MAX);
}

DECLARE(int64_t, call_string, const char *(*f)(void))
{
    const char *s = f();
    return s ? (int64_t)strlen(s) : -1;
}

DECLARE(double, call_pair, Pair (*f)(Pair))
{
    Pair p = f((Pair){1, 2.5});
    return p.a * 100 + p.b;
}

static int32_t (*kept)(int32_t);
DECLARE(void, keep, int32_t (*f)(int32_t))
{
    kept = f;
}

DECLARE(int32_t, call_kept, int32_t x)
{
    return kept ? kept(x) : -1;
}

static void *on_thread(void *f)
{
    int32_t (*call)(int32_t);
    memcpy(&call, &f, sizeof call);
    return (void *)(intptr_t)call(7);
}

DECLARE(int64_t, call_on_thread, void *f)
{
    pthread_t thread;
    void *result = (void *)(intptr_t)-1;
    if (pthread_create(&thread, NULL, on_thread, f) == 0) {
        pthread_join(thread, &result);
    }
    return (intptr_t)result;
}

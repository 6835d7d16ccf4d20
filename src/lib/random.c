/* Random builtins.
 *
 * One xoshiro256++ generator (Blackman and Vigna, 2019) for the whole process, under a mutex because scripts run on
 * several threads. Its state is filled by splitmix64, from getrandom(2) at first use and after clear_random_seed(),
 * or from the seed the program sets: then everything that follows is reproducible. uuid_v4() asks the system each
 * time instead. */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "lib/args.h"
#include "lib/builtins.h"
#include "runtime/array.h"

/* ---- the generator ---- */
static struct {
    pthread_mutex_t lock;
    bool seeded;
    uint64_t state[4];
} generator = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Fills `size` <= 256 bytes from the system's generator; false (errno) when there is none. */
static bool system_random(void *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = getrandom((char *)bytes + done, size - done, 0);
        if (n > 0) {
            done += (size_t)n;
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

static void seed_with(uint64_t seed)
{
    for (int i = 0; i < 4; i++) { /* splitmix64 */
        seed += 0x9e3779b97f4a7c15u;
        uint64_t x = seed;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
        generator.state[i] = x ^ (x >> 31);
    }
    generator.seeded = true;
}

static void seed_from_system(void)
{
    uint64_t seed;
    if (!system_random(&seed, sizeof seed)) { /* no system call: the clock must do */
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        seed = (uint64_t)now.tv_sec * 1000000007u ^ (uint64_t)now.tv_nsec << 20 ^ (uint64_t)getpid();
    }
    seed_with(seed);
}

static void begin(void)
{
    pthread_mutex_lock(&generator.lock);
    if (!generator.seeded) {
        seed_from_system();
    }
}

static void end(void)
{
    pthread_mutex_unlock(&generator.lock);
}

static uint64_t rotate_left(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

/* The next 64 bits. This and what follows is called between begin and end. */
static uint64_t next_bits(void)
{
    uint64_t *s = generator.state;
    uint64_t result = rotate_left(s[0] + s[3], 23) + s[0];
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

/* Uniform below `bound` > 0, without bias: Lemire's multiplication method (2019). */
static uint64_t next_below(uint64_t bound)
{
    unsigned __int128 product = (unsigned __int128)next_bits() * bound;
    if ((uint64_t)product < bound) {
        uint64_t threshold = (0 - bound) % bound;
        while ((uint64_t)product < threshold) {
            product = (unsigned __int128)next_bits() * bound;
        }
    }
    return (uint64_t)(product >> 64);
}

/* Uniform in [0, 1): 53 bits. */
static double next_double(void)
{
    return (double)(next_bits() >> 11) * 0x1p-53;
}

/* Standard normal by Marsaglia's polar method. The second number each round gives is not kept, so that the sequence
 * depends on the seed and the calls alone. */
static double next_normal(void)
{
    for (;;) {
        double u = 2.0 * next_double() - 1.0;
        double v = 2.0 * next_double() - 1.0;
        double s = u * u + v * v;
        if (s > 0.0 && s < 1.0) {
            return u * sqrt(-2.0 * log(s) / s);
        }
    }
}

/* ---- numbers ---- */
RfStatus rf_lib_random(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)vm;
    (void)self;
    (void)argc;
    (void)argv;
    begin();
    *out = rf_float(next_double());
    end();
    return RF_OK;
}

RfStatus rf_lib_random_int(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    (void)argc;
    if (!rf_is_num(argv[0]) || !rf_is_num(argv[1])) {
        return rf_raise(rf_rt(vm), "random_int requires number arguments");
    }
    int64_t low = rf_args_count(argv[0]);
    int64_t high = rf_args_count(argv[1]);
    if (low > high) {
        return rf_raise(rf_rt(vm), "random_int min must not be greater than max");
    }
    uint64_t count = (uint64_t)high - (uint64_t)low + 1; /* 0: all 2^64 of them */
    begin();
    uint64_t offset = count == 0 ? next_bits() : next_below(count);
    end();
    *out = rf_int((int64_t)((uint64_t)low + offset));
    return RF_OK;
}

RfStatus rf_lib_random_normal(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    for (int i = 0; i < argc; i++) {
        if (!rf_is_num(argv[i])) {
            return rf_raise(rf_rt(vm), "random_normal requires number arguments");
        }
    }
    double mean = argc > 0 ? rf_num(argv[0]) : 0.0;
    double deviation = argc > 1 ? rf_num(argv[1]) : 1.0;
    if (deviation < 0.0) {
        return rf_raise(rf_rt(vm), "random_normal stddev must be >= 0");
    }
    begin();
    *out = rf_float(mean + deviation * next_normal());
    end();
    return RF_OK;
}

/* ---- choices ---- */
RfStatus rf_lib_random_choice(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    (void)argc;
    if (!rf_is_array(argv[0])) {
        return rf_raise(rf_rt(vm), "random_choice requires an array argument");
    }
    const RfArray *array = argv[0].as.arr;
    *out = rf_null();
    if (array->len > 0) {
        begin();
        size_t at = (size_t)next_below(array->len);
        end();
        *out = rf_array_get(array, at);
    }
    return RF_OK;
}

#define SHUFFLE(type, data, n)                                                                                         \
    for (size_t i = (n); i > 1; i--) {                                                                                 \
        size_t other = (size_t)next_below(i);                                                                          \
        type swapped = (data)[i - 1];                                                                                  \
        (data)[i - 1] = (data)[other];                                                                                 \
        (data)[other] = swapped;                                                                                       \
    }

RfStatus rf_lib_random_shuffle(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    (void)argc;
    if (!rf_is_array(argv[0])) {
        return rf_raise(rf_rt(vm), "random_shuffle requires an array argument");
    }
    RfArray *array = rf_array_unique(rf_take(&argv[0]).as.arr);
    begin();
    switch (rf_array_kind(array)) {
    case RF_ELEM_BOOL: SHUFFLE(uint8_t, array->as.bools, array->len) break;
    case RF_ELEM_ANY: SHUFFLE(RfValue, array->as.values, array->len) break;
    default: SHUFFLE(int64_t, array->as.ints, array->len) break; /* the bits of floats move alike */
    }
    end();
    *out = rf_obj(array);
    return RF_OK;
}

/* ---- texts ---- */
RfStatus rf_lib_random_id(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    if (!rf_is_int(argv[0])) {
        return rf_raise(rf_rt(vm), "random_id requires an integer length argument");
    }
    int64_t length = argv[0].as.i;
    if (length < 0) {
        return rf_raise(rf_rt(vm), "random_id length must be >= 0");
    }
    if (length > (int64_t)RF_STRING_MAX) {
        return rf_raise_too_large(vm, self->arity_name);
    }
    RfString *id = rf_string_alloc((size_t)length);
    begin();
    for (int64_t i = 0; i < length; i++) {
        id->data[i] = alphabet[next_below(sizeof alphabet - 1)];
    }
    end();
    rf_string_finish(id);
    *out = rf_obj(id);
    return RF_OK;
}

RfStatus rf_lib_uuid_v4(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    (void)argv;
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[16];
    if (!system_random(bytes, sizeof bytes)) {
        int error = errno;
        return rf_raise(rf_rt(vm), "%s failed: %s (os error %d)", self->arity_name, strerror(error), error);
    }
    bytes[6] = (uint8_t)((bytes[6] & 0x0F) | 0x40); /* version 4 */
    bytes[8] = (uint8_t)((bytes[8] & 0x3F) | 0x80); /* variant of RFC 9562 */
    char text[36];
    size_t len = 0;
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text[len++] = '-';
        }
        text[len++] = digits[bytes[i] >> 4];
        text[len++] = digits[bytes[i] & 15];
    }
    *out = rf_obj(rf_string_new(text, len));
    return RF_OK;
}

/* ---- seeds ---- */
RfStatus rf_lib_set_random_seed(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    (void)argc;
    if (!rf_is_num(argv[0])) {
        return rf_raise(rf_rt(vm), "set_random_seed requires a number argument");
    }
    pthread_mutex_lock(&generator.lock);
    seed_with((uint64_t)rf_args_count(argv[0]));
    end();
    *out = rf_null();
    return RF_OK;
}

RfStatus rf_lib_clear_random_seed(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)vm;
    (void)self;
    (void)argc;
    (void)argv;
    pthread_mutex_lock(&generator.lock);
    seed_from_system();
    end();
    *out = rf_null();
    return RF_OK;
}

/* Floats as text: the shortest digits that read back to the same double, and among those the closest to it.
 *
 * The algorithm is Schubfach (Raffaello Giulietti, "The Schubfach way to render doubles", 2021): scale the double and
 * the two ends of its rounding interval by one power of ten with 128 bits of precision, rounding to odd so that later
 * comparisons come out exactly, then choose among at most four candidates. The powers of ten are computed, with
 * whole-number arithmetic, when the first float with a fraction is written. */
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "runtime/text.h"

/* ---- powers of ten: 10^e = g * 2^r with 2^127 <= g < 2^128, rounded up; r = floor(log2(10^e)) - 127 ---- */
#define POWER_MIN (-292)
#define POWER_MAX 324

typedef struct Power {
    uint64_t high;
    uint64_t low;
} Power;

static Power powers[POWER_MAX - POWER_MIN + 1];
static pthread_once_t powers_once = PTHREAD_ONCE_INIT;

#define LIMBS 36 /* 1152 bits hold 10^324, and 2^1151 / 10^292 still has 128 bits */

/* Whole number, least significant limb first; limbs from `len` on are 0. */
typedef struct Whole {
    uint32_t limb[LIMBS];
    int len;
} Whole;

static void multiply_10(Whole *w)
{
    uint64_t carry = 0;
    for (int i = 0; i < w->len; i++) {
        carry += (uint64_t)w->limb[i] * 10;
        w->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry) {
        w->limb[w->len++] = (uint32_t)carry;
    }
}

static void divide_10(Whole *w)
{
    uint64_t rest = 0;
    for (int i = w->len; i-- > 0;) {
        rest = rest << 32 | w->limb[i];
        w->limb[i] = (uint32_t)(rest / 10);
        rest %= 10;
    }
    if (w->limb[w->len - 1] == 0) {
        w->len--;
    }
}

/* 32 bits of w whose lowest is bit number `bit` (may be negative: below the number lie zeros). */
static uint64_t bits_at(const Whole *w, int bit)
{
    int i = bit >> 5; /* rounds down */
    int shift = bit & 31;
    uint64_t low = i >= 0 && i < LIMBS ? w->limb[i] : 0;
    uint64_t high = i + 1 >= 0 && i + 1 < LIMBS ? w->limb[i + 1] : 0;
    return (low | high << 32) >> shift & 0xFFFFFFFF;
}

static bool any_below(const Whole *w, int bit)
{
    for (int i = 0; i * 32 < bit; i++) {
        uint32_t mask = bit - i * 32 >= 32 ? UINT32_MAX : (UINT32_C(1) << (bit - i * 32)) - 1;
        if (w->limb[i] & mask) {
            return true;
        }
    }
    return false;
}

/* The leading 128 bits, plus 1 when anything was cut off. */
static Power leading_bits(const Whole *w, bool inexact)
{
    int top = w->len * 32 - __builtin_clz(w->limb[w->len - 1]); /* bits in w */
    int bit = top - 128;
    Power p = {bits_at(w, bit + 96) << 32 | bits_at(w, bit + 64), bits_at(w, bit + 32) << 32 | bits_at(w, bit)};
    if (inexact || any_below(w, bit)) {
        p.high += ++p.low == 0;
    }
    return p;
}

static void compute_powers(void)
{
    Whole w = {.limb = {1}, .len = 1};
    for (int e = 0; e <= POWER_MAX; e++) {
        powers[e - POWER_MIN] = leading_bits(&w, false);
        multiply_10(&w);
    }
    memset(&w, 0, sizeof w);
    w.limb[LIMBS - 1] = UINT32_C(1) << 31;
    w.len = LIMBS;
    for (int e = -1; e >= POWER_MIN; e--) { /* the quotients are rounded down, which leaves their leading bits right */
        divide_10(&w);
        powers[e - POWER_MIN] = leading_bits(&w, true);
    }
}

/* ---- Schubfach ---- */
static int floor_log2_pow10(int e)
{
    return e * 1741647 >> 19;
}
static int floor_log10_pow2(int e)
{
    return e * 1262611 >> 22;
}
static int floor_log10_three_quarters_pow2(int e)
{
    return (e * 1262611 - 524031) >> 22;
}

/* The whole part of g * scaled / 2^128, with its lowest bit set when there was a fraction ("round to odd"). */
static uint64_t scale(Power g, uint64_t scaled)
{
    unsigned __int128 low = (unsigned __int128)g.low * scaled;
    unsigned __int128 high = (unsigned __int128)g.high * scaled + (uint64_t)(low >> 64);
    uint64_t fraction = (uint64_t)high;
    return (uint64_t)(high >> 64) | (fraction > 1);
}

typedef struct Decimal {
    uint64_t digits;
    int exponent; /* value = digits * 10^exponent */
} Decimal;

/* `bits` are those of a positive finite double. */
static Decimal shortest(uint64_t bits)
{
    pthread_once(&powers_once, compute_powers);
    uint64_t fraction = bits & 0xFFFFFFFFFFFFF;
    int biased = (int)(bits >> 52);
    uint64_t c = biased ? fraction | UINT64_C(1) << 52 : fraction; /* value = c * 2^q */
    int q = (biased ? biased : 1) - 1075;
    bool odd = c & 1; /* an odd significand is not what ties round to: the ends are outside */
    bool narrow_below = fraction == 0 && biased > 1; /* powers of two: the next lower double is half as far away */

    int k = narrow_below ? floor_log10_three_quarters_pow2(q) : floor_log10_pow2(q);
    int shift = q + floor_log2_pow10(-k) + 1;
    Power g = powers[-k - POWER_MIN];
    uint64_t lower = scale(g, (4 * c - 2 + narrow_below) << shift) + odd; /* in quarters of 10^k */
    uint64_t value = scale(g, (4 * c) << shift);
    uint64_t upper = scale(g, (4 * c + 2) << shift) - odd;

    uint64_t s = value / 4;
    if (s >= 10) { /* one digit less, when exactly one such number lies in the interval */
        uint64_t tens = s / 10;
        bool below = lower <= 40 * tens;
        bool above = 40 * tens + 40 <= upper;
        if (below != above) {
            return (Decimal){tens + above, k + 1};
        }
    }
    bool below = lower <= 4 * s;
    bool above = 4 * s + 4 <= upper;
    if (below != above) {
        return (Decimal){s + above, k};
    }
    uint64_t middle = 4 * s + 2; /* both: the closer one, the even one at a tie */
    bool up = value > middle || (value == middle && (s & 1));
    return (Decimal){s + up, k};
}

int rf_float_digits(double f, char *digits, int *exponent)
{
    uint64_t bits;
    f = fabs(f);
    memcpy(&bits, &f, sizeof bits);
    Decimal d = shortest(bits);
    char text[24];
    int len = (int)rf_int_to_text((int64_t)d.digits, text);
    *exponent = len + d.exponent;
    while (text[len - 1] == '0') {
        len--;
    }
    memcpy(digits, text, (size_t)len);
    digits[len] = '\0';
    return len;
}

size_t rf_float_to_text(double f, char *out)
{
    if (isnan(f)) {
        memcpy(out, "NaN", 3);
        return 3;
    }
    char *p = out;
    if (signbit(f)) {
        *p++ = '-';
        f = -f;
    }
    if (isinf(f)) {
        memcpy(p, "inf", 3);
        return (size_t)(p - out) + 3;
    }
    if (f < 0x1p53 && f == (double)(int64_t)f) { /* neighbours are less than 1 apart, so all digits are needed */
        return (size_t)(p - out) + rf_int_to_text((int64_t)f, p);
    }
    char digits[18];
    int exponent;
    int len = rf_float_digits(f, digits, &exponent);
    if (exponent <= 0) {
        *p++ = '0';
        *p++ = '.';
        memset(p, '0', (size_t)-exponent);
        p += -exponent;
        memcpy(p, digits, (size_t)len);
        p += len;
    } else if (exponent >= len) {
        memcpy(p, digits, (size_t)len);
        memset(p + len, '0', (size_t)(exponent - len));
        p += exponent;
    } else {
        memcpy(p, digits, (size_t)exponent);
        p += exponent;
        *p++ = '.';
        memcpy(p, digits + exponent, (size_t)(len - exponent));
        p += len - exponent;
    }
    return (size_t)(p - out);
}

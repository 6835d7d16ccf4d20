#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Function values of C: code and what it captured. */
typedef struct Func {
    long (*code)(struct Func *, long);
    struct Func *f, *g;
    long n;
} Func;
static long call(Func *f, long x)
{
    return f->code(f, x);
}
static long f_compose(Func *self, long x)
{
    return call(self->g, call(self->f, x));
}
static long f_triple(Func *self, long x)
{
    (void)self;
    return x * 3 + 1;
}
static long f_mod(Func *self, long x)
{
    (void)self;
    return x % 1009;
}
static long f_plus(Func *self, long x)
{
    (void)self;
    return x + 7;
}
static long f_count(Func *self, long x)
{
    (void)x;
    return self->n += 3;
}

int main(int argc, char **argv)
{
    long n = argc > 1 ? atol(argv[1]) : 4000000, small[40], small_count = 0, primes = 0, check = 0, sum = 0;
    for (long k = 2; k < 40; k++) {
        bool prime = true;
        for (long i = 0; i < small_count; i++)
            prime = prime && k % small[i] != 0;
        if (prime)
            small[small_count++] = k;
    }
    long limit = n < 1600 ? n : 1600;
    for (long k = 2; k < limit; k++) {
        bool prime = true;
        for (long i = 0; i < small_count && small[i] * small[i] <= k; i++)
            prime = prime && k % small[i] != 0;
        primes += prime;
    }
    Func triple = {.code = f_triple}, mod = {.code = f_mod}, plus = {.code = f_plus}, next = {.code = f_count};
    Func inner = {f_compose, &mod, &plus, 0}, step = {f_compose, &triple, &inner, 0};
    for (long r = 0; r < n; r++)
        check = (check + call(&step, r + call(&next, 0))) % 1000003;
    for (long x = 0; x < n; x++) {
        long y = x * x % 1013;
        if (y % 2 == 0)
            sum += call(&step, y);
    }
    printf("%ld %ld %ld %ld\n", primes, check, sum, call(&next, 0));
}

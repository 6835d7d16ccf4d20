#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Each stage is a function that asks the one before for the next value. */
static long left, state = 1;

static bool numbers(long *x)
{
    if (left-- <= 0)
        return false;
    state = state * 16807 % 2147483647;
    *x = state % 1000;
    return true;
}

static bool odd(long *x)
{
    while (numbers(x))
        if (*x % 2 == 1)
            return true;
    return false;
}

static bool cubed(long *x)
{
    if (!odd(x))
        return false;
    *x = *x * *x * *x % 1009;
    return true;
}

static bool summed(long *x)
{
    long a, b;
    if (!cubed(&a) || !cubed(&b))
        return false;
    *x = a * 2 + b;
    return true;
}

int main(int argc, char **argv)
{
    long n = left = argc > 1 ? atol(argv[1]) : 6000000, total = 0, count = 0, check = 0, x;
    while (summed(&x)) {
        total += x;
        if (total > n * 1000)
            break;
        count++;
        check = (check + x * count) % 1000003;
    }
    printf("%ld %ld\n", count, check);
}

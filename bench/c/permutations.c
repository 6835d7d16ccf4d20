#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long count, check;

/* Puts the numbers of rest behind each other in every order; C has no generators. */
static void permute(const int *rest, int n, int *p, int total)
{
    if (n == 0) {
        count++;
        for (int i = 0; i < total; i++)
            check = (check * 7 + p[i] * (i + 1)) % 1000003;
        return;
    }
    for (int i = 0; i < n; i++) {
        int others[16];
        memcpy(others, rest, sizeof(int) * (size_t)i);
        memcpy(others + i, rest + i + 1, sizeof(int) * (size_t)(n - i - 1));
        p[n - 1] = rest[i];
        permute(others, n - 1, p, total);
    }
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 9, rest[16], p[16];
    for (int i = 0; i < n; i++)
        rest[i] = i;
    permute(rest, n, p, n);
    printf("%ld %ld\n", count, check);
}

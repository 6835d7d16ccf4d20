#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BASE = 10000 };
typedef struct {
    int *d, n, space;
} Big;

static void push(Big *a, int digit)
{
    if (a->n == a->space)
        a->d = realloc(a->d, sizeof(int) * (size_t)(a->space = a->space ? a->space * 2 : 8));
    a->d[a->n++] = digit;
}

static Big times_small(Big a, int k)
{
    Big out = {0};
    int carry = 0;
    for (int i = 0; i < a.n; i++) {
        int t = a.d[i] * k + carry;
        push(&out, t % BASE);
        carry = t / BASE;
    }
    for (; carry > 0; carry /= BASE)
        push(&out, carry % BASE);
    return out;
}

static Big plus(Big a, Big b)
{
    Big out = {0};
    int carry = 0;
    for (int i = 0; i < a.n; i++) {
        int t = a.d[i] + carry + (i < b.n ? b.d[i] : 0);
        push(&out, t % BASE);
        carry = t / BASE;
    }
    if (carry > 0)
        push(&out, carry);
    return out;
}

static Big times(Big a, Big b)
{
    Big out = {calloc((size_t)(a.n + b.n), sizeof(int)), a.n + b.n, a.n + b.n};
    for (int i = 0; i < a.n; i++) {
        int carry = 0;
        for (int j = 0; j < b.n; j++) {
            int t = out.d[i + j] + a.d[i] * b.d[j] + carry;
            out.d[i + j] = t % BASE;
            carry = t / BASE;
        }
        out.d[i + b.n] = carry;
    }
    while (out.n > 1 && out.d[out.n - 1] == 0)
        out.n--;
    return out;
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 5000;
    Big factorial = {0}, a = {0}, b = {0};
    push(&factorial, 1);
    push(&a, 1);
    push(&b, 1);
    for (int k = 1; k <= n; k++) {
        Big t = times_small(factorial, k);
        free(factorial.d);
        factorial = t;
    }
    for (int i = 0; i < n * 4; i++) {
        Big c = plus(b, a);
        free(a.d);
        a = b;
        b = c;
    }
    Big product = times(factorial, b);
    char *text = malloc((size_t)product.n * 4 + 8), *p = text + sprintf(text, "%d", product.d[product.n - 1]);
    for (int i = product.n - 2; i >= 0; i--)
        p += sprintf(p, "%04d", product.d[i]);
    int length = (int)strlen(text), from = length < 5000 ? length : 5000;
    printf("%d %.20s %.20s\n", length, text, text + from);
}

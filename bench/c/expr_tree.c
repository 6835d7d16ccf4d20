#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

typedef enum { NUM, VAR, ADD, MUL } Kind;
typedef struct Expr {
    Kind kind;
    long n;
    struct Expr *a, *b;
} Expr;

static Expr *make(Kind kind, long n, Expr *a, Expr *b)
{
    Expr *e = malloc(sizeof *e);
    *e = (Expr){kind, n, a, b};
    return e;
}

static Expr *derive(Expr *e)
{
    switch (e->kind) {
    case NUM: return make(NUM, 0, NULL, NULL);
    case VAR: return make(NUM, 1, NULL, NULL);
    case ADD: return make(ADD, 0, derive(e->a), derive(e->b));
    default: return make(ADD, 0, make(MUL, 0, derive(e->a), e->b), make(MUL, 0, e->a, derive(e->b)));
    }
}

static bool is_num(Expr *e, long n)
{
    return e->kind == NUM && e->n == n;
}

static Expr *simplify(Expr *e)
{
    if (e->kind == NUM || e->kind == VAR)
        return e;
    Expr *x = simplify(e->a), *y = simplify(e->b);
    if (e->kind == ADD) {
        if (is_num(x, 0))
            return y;
        if (is_num(y, 0))
            return x;
        return make(ADD, 0, x, y);
    }
    if (is_num(x, 0) || is_num(y, 0))
        return make(NUM, 0, NULL, NULL);
    if (is_num(x, 1))
        return y;
    if (is_num(y, 1))
        return x;
    return make(MUL, 0, x, y);
}

static long evaluate(Expr *e, long x)
{
    switch (e->kind) {
    case NUM: return e->n;
    case VAR: return x;
    case ADD: return (evaluate(e->a, x) + evaluate(e->b, x)) % 1000003;
    default: return evaluate(e->a, x) * evaluate(e->b, x) % 1000003;
    }
}

static long size(Expr *e)
{
    return e->kind == NUM || e->kind == VAR ? 1 : 1 + size(e->a) + size(e->b);
}

static Expr *product(long low, long high)
{
    if (low == high)
        return make(ADD, 0, make(VAR, 0, NULL, NULL), make(NUM, low, NULL, NULL));
    long middle = (low + high) / 2;
    return make(MUL, 0, product(low, middle), product(middle + 1, high));
}

int main(int argc, char **argv)
{
    Expr *second = simplify(derive(simplify(derive(product(1, argc > 1 ? atol(argv[1]) : 2000)))));
    long sum = 0;
    for (long x = 0; x < 20; x++)
        sum = (sum + evaluate(second, x)) % 1000003;
    printf("%ld %ld\n", size(second), sum);
}

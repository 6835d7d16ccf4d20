#include <stdio.h>
#include <stdlib.h>

static double **make(int n, int factor)
{
    double **rows = malloc(sizeof(double *) * (size_t)n);
    for (int i = 0; i < n; i++) {
        rows[i] = malloc(sizeof(double) * (size_t)n);
        for (int j = 0; j < n; j++)
            rows[i][j] = (i * 31 + j * factor) % 17 * 0.5;
    }
    return rows;
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 400;
    double **a = make(n, 7), **b = make(n, 3), **c = make(n, 1), trace = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int k = 0; k < n; k++)
                sum += a[i][k] * b[k][j];
            c[i][j] = sum;
        }
    for (int i = 0; i < n; i++)
        trace += c[i][i];
    printf("%.15g %.15g %.15g\n", trace, c[0][n - 1], c[n / 2][n / 3]);
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *make_text(int n, long seed)
{
    char *s = malloc((size_t)n + 1);
    for (int i = 0; i < n; i++) {
        seed = seed * 16807 % 2147483647;
        s[i] = (char)(97 + seed % 6);
    }
    s[n] = 0;
    return s;
}

static int least(int a, int b, int c)
{
    int m = a;
    if (b < m)
        m = b;
    if (c < m)
        m = c;
    return m;
}

static int edit_distance(const char *a, const char *b)
{
    int n = (int)strlen(a), m = (int)strlen(b);
    int *previous = malloc(sizeof(int) * (size_t)(m + 1)), *row = malloc(sizeof(int) * (size_t)(m + 1));
    for (int j = 0; j <= m; j++)
        previous[j] = j;
    for (int i = 0; i < n; i++) {
        row[0] = i + 1;
        for (int j = 0; j < m; j++)
            row[j + 1] = least(previous[j + 1] + 1, row[j] + 1, previous[j] + (a[i] != b[j]));
        int *t = previous;
        previous = row;
        row = t;
    }
    return previous[m];
}

static int common_length(const char *a, const char *b)
{
    int n = (int)strlen(a), m = (int)strlen(b);
    int **table = malloc(sizeof(int *) * (size_t)(n + 1));
    for (int i = 0; i <= n; i++)
        table[i] = calloc((size_t)(m + 1), sizeof(int));
    for (int i = 1; i <= n; i++)
        for (int j = 1; j <= m; j++) {
            if (a[i - 1] == b[j - 1])
                table[i][j] = table[i - 1][j - 1] + 1;
            else if (table[i - 1][j] >= table[i][j - 1])
                table[i][j] = table[i - 1][j];
            else
                table[i][j] = table[i][j - 1];
        }
    return table[n][m];
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 3000;
    char *a = make_text(n, 17), *b = make_text(n - n / 10, 4711);
    printf("%d %d\n", edit_distance(a, b), common_length(a, b));
}

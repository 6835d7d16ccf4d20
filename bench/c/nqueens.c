#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static bool columns[64], rising[128], falling[128];

static long place(int row, int n)
{
    if (row == n)
        return 1;
    long count = 0;
    for (int c = 0; c < n; c++) {
        if (!columns[c] && !rising[row + c] && !falling[row - c + n]) {
            columns[c] = rising[row + c] = falling[row - c + n] = true;
            count += place(row + 1, n);
            columns[c] = rising[row + c] = falling[row - c + n] = false;
        }
    }
    return count;
}

int main(int argc, char **argv)
{
    printf("%ld\n", place(0, argc > 1 ? atoi(argv[1]) : 13));
}

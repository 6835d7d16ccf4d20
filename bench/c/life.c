#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 400;
    size_t cells = (size_t)n * (size_t)n;
    int *grid = malloc(sizeof(int) * cells), *next = malloc(sizeof(int) * cells);
    long seed = 1234;
    for (size_t i = 0; i < cells; i++) {
        seed = seed * 16807 % 2147483647;
        grid[i] = seed % 3 == 0;
    }
    for (int generation = 0; generation < 100; generation++) {
        for (int r = 0; r < n; r++) {
            int *above = grid + (r + n - 1) % n * n, *here = grid + r * n, *below = grid + (r + 1) % n * n;
            for (int c = 0; c < n; c++) {
                int left = (c + n - 1) % n, right = (c + 1) % n;
                int around = above[left] + above[c] + above[right] + here[left] + here[right] + below[left] + below[c] +
                             below[right];
                next[r * n + c] = around == 3 || (around == 2 && here[c] == 1);
            }
        }
        int *t = grid;
        grid = next;
        next = t;
    }
    long alive = 0, check = 0;
    for (int r = 0; r < n; r++)
        for (int c = 0; c < n; c++) {
            alive += grid[r * n + c];
            check = (check * 3 + grid[r * n + c] * (r + c)) % 1000003;
        }
    printf("%ld %ld\n", alive, check);
}

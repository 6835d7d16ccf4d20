#include "strmap.h"
#include <stdio.h>

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 600;
    char *rows = malloc((size_t)n * (size_t)n);
    int *queue = malloc(sizeof(int) * 2 * ((size_t)n * (size_t)n + 1)), head = 0, tail = 0;
    long seed = 77, far = 0;
    for (int i = 0; i < n * n; i++) {
        seed = seed * 16807 % 2147483647;
        rows[i] = seed % 10 < 3 ? '#' : '.';
    }
    Map distance = {0};
    *map_at(&distance, "0,0", 3) = 0;
    queue[0] = queue[1] = 0;
    tail = 1;
    while (head < tail) {
        static const int moves[4][2] = {{0, 1}, {1, 0}, {0, -1}, {-1, 0}};
        int r = queue[head * 2], c = queue[head * 2 + 1];
        char key[32];
        head++;
        long d = far = *map_at(&distance, key, (size_t)sprintf(key, "%d,%d", r, c));
        for (int m = 0; m < 4; m++) {
            int nr = r + moves[m][0], nc = c + moves[m][1];
            if (nr < 0 || nr >= n || nc < 0 || nc >= n || rows[nr * n + nc] != '.')
                continue;
            int before = distance.count;
            long *next = map_at(&distance, key, (size_t)sprintf(key, "%d,%d", nr, nc));
            if (distance.count == before)
                continue;
            *next = d + 1;
            queue[tail * 2] = nr;
            queue[tail * 2 + 1] = nc;
            tail++;
        }
    }
    printf("%d %ld\n", distance.count, far);
}

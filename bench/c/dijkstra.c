#include <stdio.h>
#include <stdlib.h>

static long *keys;
static int *nodes, count, space;

static void add(long key, int node)
{
    if (count == space) {
        space = space ? space * 2 : 64;
        keys = realloc(keys, sizeof(long) * (size_t)space);
        nodes = realloc(nodes, sizeof(int) * (size_t)space);
    }
    int i = count++;
    while (i > 0) {
        int up = (i - 1) / 2;
        if (keys[up] <= key)
            break;
        keys[i] = keys[up];
        nodes[i] = nodes[up];
        i = up;
    }
    keys[i] = key;
    nodes[i] = node;
}

static int least(long *top_key)
{
    int top = nodes[0], last = --count;
    *top_key = keys[0];
    long key = keys[last];
    int node = nodes[last], i = 0;
    for (;;) {
        int child = 2 * i + 1;
        if (child >= last)
            break;
        if (child + 1 < last && keys[child + 1] < keys[child])
            child++;
        if (keys[child] >= key)
            break;
        keys[i] = keys[child];
        nodes[i] = nodes[child];
        i = child;
    }
    keys[i] = key;
    nodes[i] = node;
    return top;
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 1000, visited = 0;
    long *cost = malloc(sizeof(long) * (size_t)(n * n)), *distance = malloc(sizeof(long) * (size_t)(n * n));
    long seed = 12345, far = 0, d;
    for (int i = 0; i < n * n; i++) {
        seed = seed * 16807 % 2147483647;
        cost[i] = seed % 9 + 1;
        distance[i] = 1000000000;
    }
    distance[0] = 0;
    add(0, 0);
    while (count > 0) {
        int node = least(&d);
        if (d > distance[node])
            continue;
        visited++;
        int row = node / n, column = node % n;
        static const int steps[4][2] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}};
        for (int s = 0; s < 4; s++) {
            int r = row + steps[s][0], c = column + steps[s][1];
            if (r < 0 || r >= n || c < 0 || c >= n)
                continue;
            int next = r * n + c;
            long reach = d + cost[next];
            if (reach < distance[next]) {
                distance[next] = reach;
                add(reach, next);
            }
        }
    }
    for (int i = 0; i < n * n; i++)
        if (distance[i] > far)
            far = distance[i];
    printf("%ld %d %ld\n", distance[n * n - 1], visited, far);
}

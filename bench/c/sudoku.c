#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int cells[81], rows[9], cols[9], boxes[9];
static long steps;

static void put(int i, int digit)
{
    int r = i / 9, c = i % 9, b = r / 3 * 3 + c / 3, bit = 1 << digit;
    cells[i] = digit;
    rows[r] |= bit;
    cols[c] |= bit;
    boxes[b] |= bit;
}

static void take_back(int i)
{
    int r = i / 9, c = i % 9, b = r / 3 * 3 + c / 3, bit = 1 << cells[i];
    cells[i] = 0;
    rows[r] -= bit;
    cols[c] -= bit;
    boxes[b] -= bit;
}

static int bits(int x)
{
    int n = 0;
    for (; x; x &= x - 1)
        n++;
    return n;
}

static bool solve(void)
{
    int best = -1, fewest = 10, free = 0;
    steps++;
    for (int i = 0; i < 81; i++) {
        if (cells[i] == 0) {
            int r = i / 9, c = i % 9, used = rows[r] | cols[c] | boxes[r / 3 * 3 + c / 3], n = 9 - bits(used);
            if (n < fewest) {
                fewest = n;
                best = i;
                free = 1022 - used;
            }
        }
    }
    if (best < 0)
        return true;
    for (int digit = 1; digit < 10; digit++) {
        if (free & 1 << digit) {
            put(best, digit);
            if (solve())
                return true;
            take_back(best);
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    static const char *puzzles[] = {
        "8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4..",
        "..............3.85..1.2.......5.7.....4...1...9.......5......73..2.1........4...9",
        "4.....8.5.3..........7......2.....6.....8.4......1.......6.3.7.5..2.....1.4......",
        "52...6.........7.13...........4..8..6......5...........418.........3..2...87.....",
        "1....7.9..3..2...8..96..5....53..9...1..8...26....4...3......1..4......7..7...3.."};
    int n = argc > 1 ? atoi(argv[1]) : 15, sum = 0;
    for (int k = 0; k < n; k++) {
        memset(cells, 0, sizeof cells);
        memset(rows, 0, sizeof rows);
        memset(cols, 0, sizeof cols);
        memset(boxes, 0, sizeof boxes);
        for (int i = 0; i < 81; i++)
            if (puzzles[k % 5][i] != '.')
                put(i, puzzles[k % 5][i] - '0');
        solve();
        sum += cells[0] * 100 + cells[40] * 10 + cells[80];
    }
    printf("%d %ld\n", sum, steps);
    for (int i = 0; i < 81; i++)
        putchar('0' + cells[i]);
    putchar('\n');
}

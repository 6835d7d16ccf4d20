import sys


def make_text(n, seed):
    letters = []
    for _ in range(n):
        seed = seed * 16807 % 2147483647
        letters.append(chr(97 + seed % 6))
    return "".join(letters)


def least(a, b, c):
    m = a
    if b < m:
        m = b
    if c < m:
        m = c
    return m


def edit_distance(a, b):
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a):
        row = [i + 1]
        for j, y in enumerate(b):
            cost = 0 if x == y else 1
            row.append(least(previous[j + 1] + 1, row[j] + 1, previous[j] + cost))
        previous = row
    return previous[len(b)]


def common_length(a, b):
    n, m = len(a), len(b)
    table = [[0] * (m + 1) for _ in range(n + 1)]
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            if a[i - 1] == b[j - 1]:
                table[i][j] = table[i - 1][j - 1] + 1
            elif table[i - 1][j] >= table[i][j - 1]:
                table[i][j] = table[i - 1][j]
            else:
                table[i][j] = table[i][j - 1]
    return table[n][m]


n = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
a, b = make_text(n, 17), make_text(n - n // 10, 4711)
print(edit_distance(a, b), common_length(a, b))

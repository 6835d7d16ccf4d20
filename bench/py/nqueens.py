import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 13
columns = [False] * n
rising = [False] * (2 * n)
falling = [False] * (2 * n + 1)


def place(row, n):
    if row == n:
        return 1
    count = 0
    for c in range(n):
        if not columns[c] and not rising[row + c] and not falling[row - c + n]:
            columns[c] = rising[row + c] = falling[row - c + n] = True
            count += place(row + 1, n)
            columns[c] = rising[row + c] = falling[row - c + n] = False
    return count


print(place(0, n))

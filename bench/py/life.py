import sys


def start(n):
    grid, seed = [], 1234
    for _ in range(n):
        row = []
        for _ in range(n):
            seed = seed * 16807 % 2147483647
            row.append(1 if seed % 3 == 0 else 0)
        grid.append(row)
    return grid


def step(grid):
    n = len(grid)
    next = []
    for r in range(n):
        above, here, below = grid[(r + n - 1) % n], grid[r], grid[(r + 1) % n]
        row = []
        for c in range(n):
            left, right = (c + n - 1) % n, (c + 1) % n
            around = above[left] + above[c] + above[right] + here[left] + here[right] + below[left] + below[c] + below[right]
            row.append(1 if around == 3 or (around == 2 and here[c] == 1) else 0)
        next.append(row)
    return next


n = int(sys.argv[1]) if len(sys.argv) > 1 else 400
grid = start(n)
for _ in range(100):
    grid = step(grid)
alive = check = 0
for r, row in enumerate(grid):
    alive += sum(row)
    for c, cell in enumerate(row):
        check = (check * 3 + cell * (r + c)) % 1000003
print(alive, check)

import sys

cells, rows, cols, boxes, steps = [], [], [], [], 0


def put(i, digit):
    bit = 1 << digit
    r, c = i // 9, i % 9
    cells[i] = digit
    rows[r] |= bit
    cols[c] |= bit
    boxes[r // 3 * 3 + c // 3] |= bit


def take_back(i):
    bit = 1 << cells[i]
    r, c = i // 9, i % 9
    cells[i] = 0
    rows[r] -= bit
    cols[c] -= bit
    boxes[r // 3 * 3 + c // 3] -= bit


def bits(x):
    n = 0
    while x:
        x &= x - 1
        n += 1
    return n


def solve():
    global steps
    steps += 1
    best, fewest, free = -1, 10, 0
    for i in range(81):
        if cells[i] == 0:
            r, c = i // 9, i % 9
            used = rows[r] | cols[c] | boxes[r // 3 * 3 + c // 3]
            n = 9 - bits(used)
            if n < fewest:
                fewest, best, free = n, i, 1022 - used
    if best < 0:
        return True
    for digit in range(1, 10):
        if free & 1 << digit:
            put(best, digit)
            if solve():
                return True
            take_back(best)
    return False


puzzles = [
    "8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4..",
    "..............3.85..1.2.......5.7.....4...1...9.......5......73..2.1........4...9",
    "4.....8.5.3..........7......2.....6.....8.4......1.......6.3.7.5..2.....1.4......",
    "52...6.........7.13...........4..8..6......5...........418.........3..2...87.....",
    "1....7.9..3..2...8..96..5....53..9...1..8...26....4...3......1..4......7..7...3..",
]
total = 0
for k in range(int(sys.argv[1]) if len(sys.argv) > 1 else 15):
    cells, rows, cols, boxes = [0] * 81, [0] * 9, [0] * 9, [0] * 9
    for i, c in enumerate(puzzles[k % len(puzzles)]):
        if c != ".":
            put(i, int(c))
    solve()
    total += cells[0] * 100 + cells[40] * 10 + cells[80]
print(total, steps)
print("".join(map(str, cells)))

import sys


def iterations(cx, cy, limit):
    x = y = 0.0
    n = 0
    while n < limit and x * x + y * y <= 4.0:
        t = x * x - y * y + cx
        y = 2.0 * x * y + cy
        x = t
        n += 1
    return n


def main(size):
    inside = total = 0
    for row in range(size):
        for column in range(size):
            n = iterations(3.0 * column / size - 2.25, 3.0 * row / size - 1.5, 200)
            total += n
            if n == 200:
                inside += 1
    print(inside, total)


main(int(sys.argv[1]) if len(sys.argv) > 1 else 1200)

import sys
from itertools import takewhile


def compose(f, g):
    return lambda x: g(f(x))


def counter(step):
    n = 0

    def next():
        nonlocal n
        n += step
        return n

    return next


def none_divides(primes):
    return lambda n: not any(n % p == 0 for p in takewhile(lambda p: p * p <= n, primes))


def main(n):
    small = []
    for k in range(2, 40):
        if all(k % p != 0 for p in small):
            small.append(k)
    primes = list(filter(none_divides(small), range(2, min(n, 1600))))
    step = compose(lambda x: x * 3 + 1, compose(lambda x: x % 1009, lambda x: x + 7))
    next = counter(3)
    check = 0
    for r in range(n):
        check = (check + step(r + next())) % 1000003
    squares = list(map(lambda x: x * x % 1013, range(n)))
    squares = list(map(step, filter(lambda x: x % 2 == 0, squares)))
    print(len(primes), check, sum(squares), next())


main(int(sys.argv[1]) if len(sys.argv) > 1 else 4000000)

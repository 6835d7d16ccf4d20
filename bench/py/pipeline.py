import sys


def numbers(n):
    x = 1
    for _ in range(n):
        x = x * 16807 % 2147483647
        yield x % 1000


def keep(items, wanted):
    for x in items:
        if wanted(x):
            yield x


def each_changed(items, change):
    for x in items:
        yield change(x)


def pairs(items):
    have, first = False, 0
    for x in items:
        if have:
            yield first, x
        else:
            first = x
        have = not have


def until(items, limit):
    total = 0
    for x in items:
        total += x
        if total > limit:
            return
        yield x


n = int(sys.argv[1]) if len(sys.argv) > 1 else 6000000
odd = keep(numbers(n), lambda x: x % 2 == 1)
cubed = each_changed(odd, lambda x: x * x * x % 1009)
summed = each_changed(pairs(cubed), lambda p: p[0] * 2 + p[1])
count = check = 0
for x in until(summed, n * 1000):
    count += 1
    check = (check + x * count) % 1000003
print(count, check)

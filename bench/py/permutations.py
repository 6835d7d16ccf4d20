import sys


def permutations(rest):
    if not rest:
        yield []
    for i, x in enumerate(rest):
        for p in permutations(rest[:i] + rest[i + 1:]):
            p.append(x)
            yield p


n = int(sys.argv[1]) if len(sys.argv) > 1 else 9
count = check = 0
for p in permutations(list(range(n))):
    count += 1
    for i, x in enumerate(p):
        check = (check * 7 + x * (i + 1)) % 1000003
print(count, check)

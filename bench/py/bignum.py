import sys

BASE = 10000


def times_small(a, k):
    out, carry = [], 0
    for digit in a:
        t = digit * k + carry
        out.append(t % BASE)
        carry = t // BASE
    while carry > 0:
        out.append(carry % BASE)
        carry //= BASE
    return out


def plus(a, b):
    out, carry, m = [], 0, len(b)
    for i in range(len(a)):
        t = a[i] + carry
        if i < m:
            t += b[i]
        out.append(t % BASE)
        carry = t // BASE
    if carry > 0:
        out.append(carry)
    return out


def times(a, b):
    out = [0] * (len(a) + len(b))
    for i, x in enumerate(a):
        carry = 0
        for j, y in enumerate(b):
            t = out[i + j] + x * y + carry
            out[i + j] = t % BASE
            carry = t // BASE
        out[i + len(b)] = carry
    while len(out) > 1 and out[-1] == 0:
        out.pop()
    return out


def show(a):
    return str(a[-1]) + "".join("%04d" % digit for digit in reversed(a[:-1]))


def main(n):
    factorial, a, b = [1], [1], [1]
    for k in range(1, n + 1):
        factorial = times_small(factorial, k)
    for _ in range(n * 4):
        a, b = b, plus(b, a)
    product = show(times(factorial, b))
    print(len(product), product[:20], product[5000:5020])


main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)

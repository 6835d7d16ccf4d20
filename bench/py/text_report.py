import sys


def report(n):
    parts, balance = [], 0
    for i in range(n):
        amount = i * 7919 % 2003 - 1000
        balance += amount
        note = "out" if amount < 0 else "in"
        parts.append(f"{i:07} {note:.<5}{amount:10}{balance:14}\n")
    return "".join(parts)


def shrink(text):
    out, last, count = [], "", 0
    for c in text:
        if c == last and count < 9:
            count += 1
        else:
            if count > 0:
                out.append(str(count) + last)
            last, count = c, 1
    out.append(str(count) + last)
    return "".join(out)


def grow(short):
    parts = []
    for i in range(0, len(short), 2):
        parts.append(short[i + 1] * int(short[i]))
    return "".join(parts)


text = report(int(sys.argv[1]) if len(sys.argv) > 1 else 100000)
short = shrink(text)
check = 0
for c in short:
    check = (check * 31 + ord(c)) % 1000003
print(len(text), len(short), check, str(grow(short) == text).lower())

import sys


def digit_of(c):
    d = "0123456789".find(c)
    if d < 0:
        raise ValueError(f"bad digit {c}")
    return d


def number_of(text):
    if len(text) == 0:
        raise ValueError("empty")
    n = 0
    for c in text:
        n = n * 10 + digit_of(c)
    return n


def checked(text, limit):
    try:
        n = number_of(text)
    except ValueError as e:
        raise ValueError(f"in '{text}': {e}")
    if n > limit:
        raise ValueError("too large")
    return n


def main(n):
    texts = ["12", "345", "x7", "99999", "", "4x2", "8", "1234", "77", "500"]
    sum = closed = 0
    errors = {}
    for i in range(n):
        try:
            sum += checked(texts[i % len(texts)], 9999)
        except ValueError as e:
            message = str(e)
            errors[message] = errors.get(message, 0) + 1
        finally:
            closed += 1
    print(sum, closed)
    for message in sorted(errors):
        print(f"{message}: {errors[message]}")


main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000000)

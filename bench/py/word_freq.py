import sys


def make_text(n):
    syllables = ["ka", "lo", "mi", "ten", "ra", "su", "vo", "ne", "pi", "dor"]
    out, line, seed = [], [], 42
    for _ in range(n):
        seed = seed * 16807 % 2147483647
        k = seed % 1000
        z = k * k // 1000
        word = syllables[z // 100] + syllables[z // 10 % 10] + syllables[z % 10]
        if seed % 11 == 0:
            word = word.capitalize()
        if seed % 7 == 0:
            word += ","
        line.append(word)
        if len(line) == 12:
            out.append(" ".join(line) + ".")
            line = []
    return "\n".join(out)


def main(n):
    counts = {}
    for line in make_text(n).splitlines():
        for w in line.lower().split():
            if w.endswith((",", ".")):
                w = w[:-1]
            counts[w] = counts.get(w, 0) + 1
    ranked = sorted(counts.items(), key=lambda p: (-p[1], p[0]))
    print(len(ranked), "words")
    for w, c in ranked[:5]:
        print(w, c)


main(int(sys.argv[1]) if len(sys.argv) > 1 else 600000)

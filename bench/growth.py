#!/usr/bin/env python3
"""Does the cost of updates grow linearly?

Each operation that looks like "make a changed copy" (push, index store, dict insert, ...) is run n, 2n and 4n times (up to
n * 2 ** DOUBLINGS) on a variable of each kind (local, global, parameter, struct field). The time per element, start-up taken off, must not grow:
a copy hidden in any of them would double it with every doubling of n.

    python3 bench/growth.py --ruff build/ruff [--n 1000000] [--only push] [--runs 5] [--args "--no-jit"] [--doublings 2] [--svg FILE]

Prints one row per case: nanoseconds per element at n, 2n, 4n and the worst growth; exits with 1 when one exceeds --limit.
Only processor time counts, the least of several runs. --svg draws one small chart per operation: nanoseconds per element over
the number of elements, one line per kind of variable; linear work is a level line.
"""
import argparse
import html
import math
import os
import resource
import shlex
import subprocess
import sys
import tempfile

# operation: (start value, statement with V = the variable and i = the counter, what is printed, divisor of n)
OPS = {
    "push": ("[]", "V := push(V, i)", "len(V)", 1),
    "push_method": ("[]", "V := V.push(i)", "len(V)", 1),
    "index_store": ("range(0, 1000)", "V[i % 1000] := i", "len(V)", 1),
    "index_update": ("range(0, 1000)", "V[i % 1000] += 1", "len(V)", 1),
    "dict_insert": ("{}", "V[i * 7] := i", "len(V)", 2),
    "dict_string_insert": ("{}", "V[\"k\" + to_string(i)] := i", "len(V)", 4),
    "dict_delete": ("{}", "V[i] := 1\n        if i >= 100 { [V, gone] := remove(V, i - 100) }", "len(V)", 4),
    "string_append": ("\"\"", "V := V + \"ab\"", "len(V)", 1),
    "string_compound": ("\"\"", "V += \"ab\"", "len(V)", 1),
    "pop": ("[]", "V := push(V, i)\n        if i % 2 == 1 { V := pop(V)[0] }", "len(V)", 4),
    "dict_remove": ("{}", "V[i] := 1\n        if i % 2 == 1 { V := remove(V, i)[0] }", "len(V)", 16),
    "queue": ("Queue()", "V := queue_enqueue(V, i)\n        if i % 2 == 1 { [V, gone] := queue_dequeue(V) }", "queue_size(V)", 2),
    "stack": ("Stack()", "V := stack_push(V, i)\n        if i % 2 == 1 { [V, gone] := stack_pop(V) }", "stack_size(V)", 2),
    "set_add": ("Set([])", "V := set_add(V, i)", "len(V)", 4),
    "struct_update": ("P { a: 1, b: [1, 2] }", "V.a := i\n        V.b[0] += 1", "V.b[0]", 1),
    "nested_push": ("[[], []]", "V[i % 2] := push(V[i % 2], i)\n", "len(V[0])", 2),
}
# kind: program with V0 start value, STMT, OUT
KINDS = {
    "local": ("V", "func main(n) {{\n    mut v := {start}\n    mut gone := 0\n    mut i := 0\n    while i < n {{\n        {stmt}\n"
                   "        i := i + 1\n    }}\n    print({out})\n}}\nmain(n)\n"),
    "plain": ("V", "func main(n) {{\n    v := {start}\n    gone := 0\n    for i in n {{\n        {stmt}\n    }}\n    print({out})\n}}\nmain(n)\n"),
    "global": ("V", "v := {start}\ngone := 0\nfor i in n {{\n        {stmt}\n}}\nprint({out})\n"),
    "parameter": ("V", "func work(v, n) {{\n    gone := 0\n    for i in n {{\n        {stmt}\n    }}\n    return v\n}}\n"
                       "v := work({start}, n)\nprint({out})\n"),
    "field": ("s.v", "struct S {{ v }}\nfunc main(n) {{\n    mut s := S {{ v: {start} }}\n    gone := 0\n    for i in n {{\n        {stmt}\n"
                     "    }}\n    print({out})\n}}\nmain(n)\n"),
}


def program(op, kind):
    start, stmt, out, _ = OPS[op]
    name, template = KINDS[kind]
    name = name.replace("V", "v", 1) if name == "V" else name
    if kind == "field" and "[V, gone]" in stmt:  # a pattern holds plain names only
        stmt = stmt.replace("[V, gone] := remove(V, i - 100)", "p := remove(V, i - 100)\n            V := p[0]")
        stmt = stmt.replace("[V, gone] := queue_dequeue(V)", "p := queue_dequeue(V)\n            V := p[0]")
        stmt = stmt.replace("[V, gone] := stack_pop(V)", "p := stack_pop(V)\n            V := p[0]")
    text = template.format(start=start, stmt=stmt.replace("V", name), out=out.replace("V", name))
    return "struct P { a, b }\nn := to_int(input())\n" + text


def cpu_seconds(command, n):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, input=str(n).encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit("%s: exit %d\n%s" % (command[-1], done.returncode, done.stderr.decode()))
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


COLOURS = {"local": "#1f77b4", "plain": "#17becf", "global": "#d62728", "parameter": "#2ca02c", "field": "#9467bd"}
CHART_W, CHART_H, COLUMNS, LEFT, TOP = 300, 190, 3, 48, 34


def chart(op, rows, x, y):
    """One operation: rows are (kind, [(elements, ns per element), ...])."""
    points = [p for _, line in rows for p in line]
    low, high = math.log2(min(n for n, _ in points)), math.log2(max(n for n, _ in points))
    top = max(max(ns for _, ns in points) * 1.15, 1.0)
    width, height = CHART_W - LEFT - 20, CHART_H - TOP - 34

    def at(n, ns):
        return x + LEFT + (math.log2(n) - low) / max(high - low, 1e-9) * width, y + TOP + height - max(ns, 0.0) / top * height

    out = ['<text x="%d" y="%d" font-weight="bold">%s</text>' % (x + LEFT, y + 20, html.escape(op))]
    for part in (0.0, 0.5, 1.0):
        level = y + TOP + height - part * height
        out.append('<path d="M%.1f %.1fh%d" stroke="#ddd"/>' % (x + LEFT, level, width))
        out.append('<text x="%d" y="%.1f" text-anchor="end">%.0f</text>' % (x + LEFT - 5, level + 4, part * top))
    for n in sorted({n for n, _ in points}):
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%s</text>' % (at(n, 0)[0], y + TOP + height + 16, "%gM" % (n / 1e6) if n >= 1e6 else "%gk" % (n / 1e3)))
    for kind, line in rows:
        places = [at(n, ns) for n, ns in line]
        out.append('<polyline fill="none" stroke-width="1.5" stroke="%s" points="%s"/>' % (COLOURS[kind], " ".join("%.1f,%.1f" % p for p in places)))
        out += ['<circle r="2.2" cx="%.1f" cy="%.1f" fill="%s"><title>%s: %.1f ns</title></circle>' % (p + (COLOURS[kind], kind, ns)) for p, (_, ns) in zip(places, line)]
    return out


def draw(results, path):
    """Writes an SVG picture; results: operation -> rows of chart()."""
    lines = (len(results) + COLUMNS - 1) // COLUMNS
    width, height = CHART_W * COLUMNS, CHART_H * lines + 40
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="11">' % (width, height),
           '<rect width="100%" height="100%" fill="white"/>', '<text x="10" y="24" font-size="14">ns per element over elements</text>']
    for i, (kind, colour) in enumerate(COLOURS.items()):
        out.append('<text x="%d" y="24" fill="%s">&#9679; %s</text>' % (260 + i * 90, colour, kind))
    for i, (op, rows) in enumerate(results.items()):
        out += chart(op, rows, i % COLUMNS * CHART_W, 40 + i // COLUMNS * CHART_H)
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(out + ["</svg>"]) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--ruff", default="build/ruff")
    parser.add_argument("--n", type=int, default=1000000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--limit", type=float, default=1.15)
    parser.add_argument("--args", default="")
    parser.add_argument("--doublings", type=int, default=2)
    parser.add_argument("--svg", default="", metavar="FILE")
    options = parser.parse_args()
    worst, results = 0.0, {}
    factors = [2 ** i for i in range(options.doublings + 1)]
    columns = "".join(" %8s" % ("%dn" % f if f > 1 else "n") for f in factors)
    print("%-20s %-10s%s  %s" % ("operation", "variable", columns, "growth (ns per element)"))
    with tempfile.TemporaryDirectory() as folder:
        for op in OPS:
            if options.only and options.only not in op:
                continue
            for kind in KINDS:
                path = os.path.join(folder, "%s_%s.ruff" % (op, kind))
                with open(path, "w", encoding="utf-8") as f:
                    f.write(program(op, kind))
                command = [options.ruff, "run"] + shlex.split(options.args) + [path]
                n = options.n // OPS[op][3]
                idle = min(cpu_seconds(command, 0) for _ in range(options.runs))
                cost = []
                for factor in factors:
                    least = min(cpu_seconds(command, n * factor) for _ in range(options.runs))
                    cost.append((least - idle) / (n * factor) * 1e9)
                growth = max([later / earlier for earlier, later in zip(cost, cost[1:])] + [1e-9])
                worst = max(worst, growth)
                results.setdefault(op, []).append((kind, [(n * factor, ns) for factor, ns in zip(factors, cost)]))
                row = "".join(" %8.1f" % ns for ns in cost)
                print("%-20s %-10s%s  %.2f%s" % (op, kind, row, growth, "  <--" if growth > options.limit else ""), flush=True)
    if options.svg:
        draw(results, options.svg)
    print("worst growth %.2f, limit %.2f" % (worst, options.limit))
    return 1 if worst > options.limit else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Does the cost of updates grow linearly?

Each operation that looks like "make a changed copy" (push, index store, dict insert, ...) is run n, 2n and 4n times on a
variable of each kind (local, global, parameter, struct field). The time per element, start-up taken off, must not grow:
a copy hidden in any of them would double it with every doubling of n.

    python3 bench/growth.py --ruff build/ruff [--n 1000000] [--only push] [--runs 5] [--args "--no-jit"]

Prints one row per case: nanoseconds per element at n, 2n, 4n and the worst growth; exits with 1 when one exceeds --limit.
Only processor time counts, the least of several runs.
"""
import argparse
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--ruff", default="build/ruff")
    parser.add_argument("--n", type=int, default=1000000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--limit", type=float, default=1.15)
    parser.add_argument("--args", default="")
    options = parser.parse_args()
    worst = 0.0
    print("%-20s %-10s %8s %8s %8s  %s" % ("operation", "variable", "n", "2n", "4n", "growth (ns per element)"))
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
                for factor in (1, 2, 4):
                    least = min(cpu_seconds(command, n * factor) for _ in range(options.runs))
                    cost.append((least - idle) / (n * factor) * 1e9)
                growth = max(cost[1] / cost[0], cost[2] / cost[1], 1e-9)
                worst = max(worst, growth)
                print("%-20s %-10s %8.1f %8.1f %8.1f  %.2f%s" % (op, kind, *cost, growth, "  <--" if growth > options.limit else ""),
                      flush=True)
    print("worst growth %.2f, limit %.2f" % (worst, options.limit))
    return 1 if worst > options.limit else 0


if __name__ == "__main__":
    sys.exit(main())

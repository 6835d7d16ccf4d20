"""Exhaustion of memory, stack and nesting ends with a clear message, never with a crash."""


def test_memory_exhaustion_is_clean(t):
    t.not_sanitized("the address space is limited")
    for program in ("a := [0]\nloop { a := concat(a, a) }", 's := "x"\nloop { s := s + s }', "d := {}\ni := 0\nloop { d[i] := [i]\n i += 1 }"):
        t.write("a.ruff", program + "\n")
        r = t.shell('ulimit -v 400000; exec "$RUFF" run --no-jit a.ruff', timeout=120)
        t.true(r.code in (4, 6), "exit code %d, stderr %r" % (r.code, r.err[:300]))
        if r.code == 6:
            t.has(r.err, "[RUFVM001] [vm] error: Internal error: ", "stderr")
            t.has(r.err.lower(), "memory", "stderr")
        else:
            t.has(r.err, "exceed", "stderr")


def test_output_survives_memory_exhaustion(t):
    t.not_sanitized("the address space is limited")
    t.write("a.ruff", 'print("before")\na := []\nloop { a := push(a, [1, 2, 3]) }\n')
    r = t.shell('ulimit -v 400000; exec "$RUFF" run --no-jit a.ruff', timeout=120)
    t.expect(r, code=6, out="before\n")
    t.has(r.err, "[RUFVM001] [vm] error: Internal error: ", "stderr")


def test_infinite_recursion(t):
    t.write("a.ruff", "func f(n) { return 1 + f(n + 1) }\ntry { f(0) } except e { print(e.message) }\nf(0)\n")
    r = t.run("a.ruff")
    t.expect(r, code=4, out="Maximum VM call stack depth of 100000 exceeded while calling f\n")
    t.has(r.err, "  ... 99938 more frames ...\n", "stderr")
    t.equal(len(r.err.split("\n")) < 90, True, "the stack is shortened")


def test_infinite_recursion_through_builtins(t):
    t.write("a.ruff", "func f(x) { return map([x], f) }\ntry { f(0) } except e { print(e.message) }\n")
    t.expect(t.run("a.ruff"), out="Maximum VM call stack depth of 100000 exceeded while calling f\n", err="")


def test_infinite_recursion_through_operators_and_generators(t):
    t.write("a.ruff", "struct S { x  func op_add(self, o) { return self + o } }\ns := S { x: 1 }\n"
            "try { s + 1 } except e { print(e.message) }\n"
            "func* g(n) { for v in g(n + 1) { yield v } }\ntry { g(0).next() } except e { print(e.message) }\n")
    t.expect(t.run("a.ruff"), out="Maximum VM call stack depth of 100000 exceeded while calling S.op_add\n"
             "Maximum VM call stack depth of 100000 exceeded while calling g\n", err="")


def test_raised_call_depth_does_not_crash(t):
    t.write("a.ruff", "func r(n) { if n == 0 { return 0 }\n return 1 + r(n - 1) }\nprint(r(500000))\n")
    t.expect(t.run("run", "--max-call-depth", "1000000", "a.ruff"), out="500000\n", err="")


def test_values_nested_a_million_deep(t):
    t.write("a.ruff", """
a := []
for i in 1000000 { a := [a] }
b := a
print(a == b, len("${a}"), len([a, b]))
b[0] := 1
print(b)
func f(x) => x
print(len(f(a)))
d := {"k": a}
a := null
d := null
print("done")
""")
    t.expect(t.run("a.ruff"), out="true 2000002 2\n[1]\n1\ndone\n", err="")


def test_million_deep_value_crosses_a_thread(t):
    t.write("a.ruff", "a := []\nfor i in 1000000 { a := [a] }\nc := channel()\nc.send(a)\nb := c.receive()\nprint(len(\"${b}\"))\n")
    t.expect(t.run("a.ruff"), out="2000002\n", err="")


def test_million_deep_source(t):
    for source in ("(" * 500000, "[" * 500000, "x := " + "-" * 1000000 + "1", "if a { " * 140000, "${" * 1000, '"${' * 300000):
        t.write("a.ruff", source + "\n")
        r = t.run("check", "a.ruff")
        t.true(r.code == 3, "exit code %d for %r..." % (r.code, source[:12]))


def test_long_flat_source(t):
    t.write("a.ruff", "x := 0\n" + "x += 1\n" * 100000 + "print(x)\n")
    t.expect(t.run("a.ruff"), out="100000\n", err="")
    t.write("b.ruff", "x := " + "1 + " * 100000 + "1\nprint(x)\n")
    t.expect(t.run("b.ruff"), out="100001\n", err="")
    t.write("c.ruff", 'x := 5\nif x == 0 { print("no") }' + "".join(' else if x == %d { print("at %d") }' % (i, i) for i in range(100, 400)) + ' else { print("end") }\n')
    t.expect(t.run("c.ruff"), out="end\n", err="")


def test_collection_limit(t):
    t.expect(t.run("-e", 'try { repeat("ab", 1000000000) } except e { print(e.message) }'),
             out="repeat() result exceeds the maximum size of 1073741824\n", err="")

"""What native code does, seen through DEBUG_JIT and jit_status(); skipped with --no-native-checks."""

import re

EAGER = ("--jit-threshold", "1")


def stats(t, r):
    lines = [line for line in r.err.split("\n") if line.startswith("JIT: ")]
    t.true(bool(lines), "DEBUG_JIT printed nothing: %s" % r.err)
    t.true(lines[-1].startswith("JIT: stats "), "last line: %s" % lines[-1])
    return {k: float(v) for k, v in re.findall(r"(\w+)=([\d.]+)", lines[-1])}


def debug(t, program, *arguments, **variables):
    r = t.run("run", *arguments, t.write("p.ruff", program), env=dict({"DEBUG_JIT": "1"}, **variables), timeout=120)
    t.equal(r.code, 0, r.err)
    return r


LOOP_IN_FUNCTION = """func inner(n) { mut s := 0
  mut i := 0
  while i < n { s += i
    i += 1 }
  return s }
mut bad := 0
for k in 1000 { if inner(200) != 19900 { bad += 1 } }
print(bad)
"""


def test_R01_default_thresholds_reach_native_code(t):
    t.native()
    r = debug(t, "func f(n) { mut s := 0\n for i in n { s += i % 7 }\n return s }\nprint(f(100000))\nprint(f(3000000))\n", RUFF_JIT_SYNC="1")
    counts = stats(t, r)
    t.true(counts["osr"] >= 1 and counts["installed"] >= 1, "statistics: %s" % counts)


def test_R01_without_waiting_too(t):
    t.native()
    # Long enough for any compile; ends as soon as native code has run.
    program = """func f(n) { mut s := 0
  for i in n { s += i % 7 }
  return s }
mut rounds := 0
while jit_status(f).entries == 0 && rounds < 20000 { f(20000)
  rounds += 1 }
print(jit_status(f).entries > 0, jit_status(f).tier)
"""
    r = debug(t, program)
    t.equal(r.out, "true jit\n", "stdout")


def test_R50_each_entry_of_the_function_is_native(t):
    t.native()
    r = debug(t, LOOP_IN_FUNCTION, *EAGER, DISABLE_SCRIPT_JIT="1")
    t.true(stats(t, r)["entered"] >= 990, "entered: %s" % r.err[-400:])


def test_R50_each_entry_of_the_loop_is_native(t):
    t.native()
    r = debug(t, LOOP_IN_FUNCTION, *EAGER, DISABLE_SCRIPT_JIT="1", DISABLE_FUNCTION_JIT="1")
    t.true(stats(t, r)["osr"] >= 990, "osr: %s" % r.err[-400:])


def test_R50_jit_status_counts_entries(t):
    t.native()
    r = debug(t, LOOP_IN_FUNCTION + "s := jit_status(inner)\nprint(s.tier, s.entries >= 990, s.compiles >= 1, s.deopts, s.name)\n", *EAGER, DISABLE_SCRIPT_JIT="1")
    t.equal(r.out, "0\njit true true 0 inner\n", "stdout")


FLIP = """func flip(x) { return x + x }
mut ints := 0
mut floats := 0.0
for i in 500000 { ints += flip(1)
  floats += flip(0.5) }
print(ints, floats)
"""


def test_R64_type_flips_are_bounded(t):
    t.native()
    r = debug(t, FLIP, "--jit-threshold", "20", DISABLE_SCRIPT_JIT="1", RUFF_JIT_SYNC="1")
    counts = stats(t, r)
    t.equal(r.out, "1000000 500000\n", "stdout")
    t.true(counts["compiled"] <= 10 and counts["deopts"] <= 500, "statistics: %s" % counts)
    t.true(r.err.count("reason=too-many-deopts") <= 1, "too-many-deopts: %s" % r.err[-2000:])


def test_R64_a_function_that_never_settles_ends_somewhere(t):
    t.native()
    kinds = '[1, 0.5, "a", V { x: 1 }]'
    program = """struct V { x
  func op_add(self, o) { return V { x: self.x + o.x } } }
func flip(x) { return x + x }
values := %s
mut c := {}
for i in 400000 { k := type(flip(values[i %% 4]))
  c[k] := get(c, k, 0) + 1 }
print(c)
""" % kinds
    r = debug(t, program, "--jit-threshold", "20", RUFF_JIT_SYNC="1")
    counts = stats(t, r)
    t.equal(r.out, '{"float": 100000, "int": 100000, "string": 100000, "struct": 100000}\n', "stdout")
    t.true(counts["compiled"] <= 20 and counts["deopts"] <= 1000, "statistics: %s" % counts)


def test_R63_second_level_tells_every_entry(t):
    t.native()
    r = debug(t, LOOP_IN_FUNCTION, *EAGER, DEBUG_JIT="2", DISABLE_SCRIPT_JIT="1")
    entries = len(re.findall(r"^JIT: enter (?:func|loop) 'inner'", r.err, flags=re.M))
    t.true(entries >= 990, "entries: %d" % entries)


def test_R63_filter(t):
    t.native()
    r = debug(t, LOOP_IN_FUNCTION, *EAGER, DEBUG_JIT_FILTER="inner")
    events = [line for line in r.err.split("\n") if re.match(r"JIT: .*(func|loop) '", line)]
    t.true(bool(events) and all("'inner'" in e for e in events), "events: %s" % events[:5])


def test_R63_switched_off(t):
    r = debug(t, LOOP_IN_FUNCTION, "--no-jit")
    for line in r.err.split("\n"):
        t.true(line == "" or re.match(r"JIT: config backend=none reason=disabled|JIT: stats compiled=0 ", line), "line: %s" % line)


def test_R63_silent_by_default(t):
    r = t.run("run", *EAGER, t.write("p.ruff", LOOP_IN_FUNCTION))
    t.expect(r, out="0\n", err="")


def test_R63_names_of_lambdas(t):
    t.native()
    # A lambda is written as it is in call stacks.
    r = debug(t, "f := func(n) { mut s := 0\n for i in n { s += i }\n return s }\nmut t := 0\nfor k in 50 { t += f(100) }\nprint(t)\n", *EAGER)
    t.has(r.err, "func '<lambda>' id=", "stderr")


def test_overflow_deopts_and_goes_on(t):
    t.native()
    program = """func add(a, b) { return a + b }
mut s := 0
for i in 100000 { s := add(i, 1) }
try { add(9223372036854775807, 1) } except e { print(e.message, e.stack) }
print(s, jit_status(add).tier)
"""
    r = debug(t, program, *EAGER)
    t.equal(r.out, "Integer overflow: 9223372036854775807 + 1 [add]\n100000 jit\n", "stdout")


CAUGHT = """func deep(i) { if i % 3 == 0 { throw("third " + to_string(i % 2)) }
  return i }
func mid(i) { return deep(i) + 1 }
mut i := 0
mut s := 0
mut stacks := 0
while i < 20000 {
  try { s += mid(i)
    if i % 5 == 0 { throw("fifth") } } except e { s += len(e.message)
    stacks += len(e.stack) } finally { s += 1 }
  i += 1 }
print(s, stacks)
"""


def test_caught_errors_do_not_leave_native_code(t):
    t.native()
    want = t.run("run", "--no-jit", t.write("p.ruff", CAUGHT))
    r = debug(t, CAUGHT, RUFF_JIT_SYNC="1")
    counts = stats(t, r)
    t.equal(r.out, want.out, "stdout")
    t.true(counts["osr"] == 1 and counts["deopts"] <= 4, "statistics: %s" % counts)


def test_guard_lines_tell_what_came(t):
    t.native()
    program = """func f(x) { return x + 1 }
func g(s) { return s.x }
struct A { x }
struct B { y
  x }
mut t := 0
for i in 300 { t += f(i) + g(A { x: i }) }
print(f(0.5), g(B { x: 7, y: 1 }), t)
"""
    r = debug(t, program, "--jit-threshold", "100", RUFF_JIT_SYNC="1", DISABLE_LOOP_JIT="1")
    t.equal(r.out, "1.5 7 89999.0\n".replace("89999.0", str(sum(2 * i + 1 for i in range(300)))), "stdout")
    t.has(r.err, "JIT: guard func 'f' id=1 pc=0 line=1 expected=int got=float fails=1", "stderr")
    t.true(re.search(r"JIT: guard func 'g' id=2 pc=\d+ line=2 expected=struct got=struct fails=1", r.err), r.err)


def test_reason_of_too_many_parameters(t):
    t.native()
    names = ["p%d" % i for i in range(210)]
    program = "func f(%s) { return p0 + p209 }\nmut t := 0\nfor i in 300 { t += f(%s) }\nprint(t)\n" % (", ".join(names), ", ".join(["i"] * 210))
    r = debug(t, program, "--jit-threshold", "100", RUFF_JIT_SYNC="1", DISABLE_LOOP_JIT="1")
    t.equal(r.out, "89700\n", "stdout")
    t.has(r.err, "reject func 'f' id=1 reason=too-many-locals pc=- op=- line=-", "stderr")

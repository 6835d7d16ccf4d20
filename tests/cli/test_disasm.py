"""ruff disasm: bytecode listings; nothing runs."""

import json
import re

PROGRAM = """print("never")
struct S { a
  func m(self) { return self.a } }
func fib(n) {
  if n < 2 { return n }
  return fib(n - 1) + fib(n - 2)
}
f := func(x) { return func() => x }
"""

FIB = """== func fib(n) id=1 params=1 locals=1 captured=0 ops=18 stack=4 (a.ruff:4) ==
   0    5:6  LOAD_LOCAL      0        ; n
   1   5:10  CONST           0        ; Int(2)
   2    5:8  LT
   3    5:8  JUMP_IF_FALSE   6        ; -> 6
   4   5:21  LOAD_LOCAL      0        ; n (last use)
   5   5:14  RETURN
   6   6:10  LOAD_GLOBAL     0        ; fib
   7   6:14  LOAD_LOCAL      0        ; n
   8   6:18  CONST           1        ; Int(1)
   9   6:16  SUB
  10   6:10  CALL            1 0      ; 1 argument
  11   6:23  LOAD_GLOBAL     0        ; fib
  12   6:27  LOAD_LOCAL      0        ; n (last use)
  13   6:31  CONST           0        ; Int(2)
  14   6:29  SUB
  15   6:23  CALL            1 1      ; 1 argument
  16   6:21  ADD
  17    6:3  RETURN
constants: 0=Int(2) 1=Int(1)
handlers: none

"""


def test_one_function(t):
    t.write("a.ruff", PROGRAM)
    for flags in ([], ["--bytecode"]):
        t.expect(t.run("disasm", "a.ruff", "--function", "fib", *flags), out=FIB, err="")


def test_units_in_source_order(t):
    t.write("a.ruff", PROGRAM)
    r = t.run("disasm", "a.ruff")
    t.expect(r, err="")
    t.equal(re.findall(r"(?m)^== (.*?) id=\d+ .* \(a\.ruff:(\d+)\) ==$", r.out),
            [("main", "1"), ("func S.m(self)", "3"), ("func fib(n)", "4"), ("func <lambda>(x)", "8"), ("func <lambda>()", "8")], "headers")
    t.true(re.search(r"(?m)^   \d +1:1  CALL +1 0 +; 1 argument$", r.out), "the call of line 1: %r" % r.out)
    t.equal(r.out.count("\n\n"), 5, "an empty line after each unit")


def test_all_functions_of_a_name(t):
    t.write("a.ruff", PROGRAM)
    r = t.run("disasm", "--function", "<lambda>", "a.ruff")
    t.expect(r, err="")
    t.equal(re.findall(r"(?m)^== (.*?) id=", r.out), ["func <lambda>(x)", "func <lambda>()"], "headers")


def test_handlers(t):
    r = t.run("disasm", "-e", "func f() { try { g() } except e { } }", "--function", "f")
    t.expect(r, err="")
    t.true(re.search(r"(?m)^handlers: \[0,\d+\)->\d+ depth=0$", r.out), r.out)


def test_eval_and_stdin(t):
    t.true(t.run("disasm", "-e", "x := 1", "-e", "y := 2").out.startswith("== main id="), "header")
    t.has(t.run("disasm", "-e", "x := 1", "-e", "y := 2").out, "(<eval>:1) ==\n", "eval")
    t.has(t.run("disasm", "-", stdin="x := 1").out, "(<stdin>:1) ==\n", "stdin")
    r = t.run("disasm", "-e", "x := 1", "a.ruff")
    t.expect(r, code=2, out="")
    t.has(r.err, "error: unexpected argument 'a.ruff' found\n", "stderr")


def test_json(t):
    t.write("a.ruff", PROGRAM)
    r = t.run("disasm", "--json", "a.ruff", "--function", "fib")
    t.expect(r, err="")
    data = json.loads(r.out)
    t.equal(r.out, json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n", "layout")
    t.equal((data["command"], data["file"], data["status"], len(data["units"])), ("disasm", "a.ruff", "ok", 1), "values")
    unit = data["units"][0]
    t.equal({k: v for k, v in unit.items() if k != "ops"},
            {"asm": None, "captured": 0, "constants": ["Int(2)", "Int(1)"], "file": "a.ruff", "handlers": [], "id": 1, "ir": None,
             "kind": "func", "line": 4, "locals": 1, "name": "fib", "params": 1, "stack": 4}, "unit")
    t.equal(len(unit["ops"]), 18, "number of instructions")
    t.equal(unit["ops"][3], {"column": 8, "line": 5, "op": "JUMP_IF_FALSE", "operands": [6], "pc": 3}, "a jump, absolute")
    t.equal(unit["ops"][0]["operands"], [0], "flags of a load are no operand")
    main = json.loads(t.run("disasm", "--json", "a.ruff").out)["units"][0]
    t.equal((main["kind"], main["name"], main["line"]), ("main", "<main>", 1), "main")


def test_no_such_function(t):
    t.write("a.ruff", PROGRAM)
    t.expect(t.run("disasm", "a.ruff", "--function", "nope"), code=4, out="",
             err="[RUFCLI001] [cli] error: No function 'nope' in a.ruff\n")


def test_no_back_end(t):
    t.write("a.ruff", PROGRAM)
    for flag in ("--ir", "--asm"):
        r = t.run("disasm", flag, "a.ruff", env={"RUFF_JIT_STRESS": "worker:kill"})
        t.expect(r, code=4, out="")
        t.true(re.fullmatch(r"\[RUFCLI001\] \[cli\] error: JIT back end is not available: .+\n", r.err), r.err)


def test_failures(t):
    t.write("parse.ruff", "x := )\n")
    t.write("compile.ruff", "break\n")
    for name, code in (("parse.ruff", 3), ("compile.ruff", 4), ("missing.ruff", 5)):
        r = t.run("disasm", name)
        t.expect(r, code=code, out="", err=t.run("run", name).err)
        r = t.run("disasm", "--json", name)
        t.expect(r, code=code, err="")
        data = json.loads(r.out)
        t.equal((data["command"], data["exit_code"], data["kind"], data["status"]), ("disasm", code, "command_error", "error"), "envelope")
    t.expect(t.run("disasm"), code=2, out="")


def test_what_the_compiler_makes_is_verified(t):
    """A program with every kind of statement: the verifier has nothing to say."""
    t.write("a.ruff", """
import_me := 1
enum E { A, B }
struct P { x = 1, y
  func op_add(self, o) { return P { x: self.x + o.x, y: self.y } } }
func* gen(n) { for i in n { yield i } }
async func work(x) { try { return await x } except e { throw(e) } finally { print("f") } }
func all(a, b := 2) {
  [p, ...q] := a
  {k, ...r} := b
  a[0].f := a[1]
  while p { p -= 1
    if p == 3 { continue }
    if p == 4 { break } }
  match p { case Ok(v): { return v } default: { return func() => p + q } }
}
""")
    t.expect(t.run("disasm", "a.ruff"), err="")

"""C functions in native code: that they are called directly, and that cached code stays valid."""

import re

# result and parameter f64 (13), errno kept: vm/ctype.h
COS_KEY = 1 << 63 | 1 << 62 | 13 | 13 << 4

COSINES = """libm := ffi_open("libm.so.6")
cos := ffi_func(libm, "cos", "f64", ["f64"])
func sum(n) { s := 0.0
  for i in n { s += cos(i * 0.5) }
  return s }
print(sum(10), sum(100), sum(20000))
"""


def run(t, program, **variables):
    r = t.run("run", t.write("p.ruff", program), env=dict({"RUFF_JIT_SYNC": "1", "DEBUG_JIT": "1"}, **variables), timeout=120)
    t.equal(r.code, 0, r.err)
    return r


def stats(r):
    return {k: float(v) for k, v in re.findall(r"(\w+)=([\d.]+)", r.err.strip().split("\n")[-1])}


def test_hot_calls_are_direct(t):
    t.native()
    r = run(t, COSINES, DEBUG_JIT_IR="1", RUFF_JIT_CACHE="off")
    signed = COS_KEY - (1 << 64)
    t.true(str(signed) in r.err or str(COS_KEY) in r.err or hex(COS_KEY)[2:] in r.err, "no key in the code of the loop")
    t.equal(stats(r)["deopts"], 0.0, "deopts")


def test_cached_code_serves_other_processes(t):
    t.native()
    first = run(t, COSINES)
    second = run(t, COSINES)
    t.equal(second.out, first.out, "stdout")
    t.true(stats(first)["cache_stores"] >= 1, first.err)
    t.equal(stats(second)["compiled"], 0.0, "compiled again")
    t.true(stats(second)["cache_hits"] >= 1, second.err)
    # the same code for another function of this signature: the address is data
    other = run(t, COSINES.replace('"cos"', '"fabs"'))
    t.equal(stats(other)["compiled"], 0.0, "compiled for another function")
    t.has(other.out, "22.5 ", "sum of the absolute values")


def test_reads_and_writes_are_inline(t):
    t.native()
    r = run(t, """b := ffi_alloc("f64", 100)
func f(n) { s := 0.0
  for i in n { ffi_write(b, "f64", i, (i % 100) * 8)
    s += ffi_read(b, "f64", (i % 100) * 8) }
  return s }
print(f(100), f(20000))
""", DEBUG_JIT_IR="1", RUFF_JIT_CACHE="off")
    t.equal(r.out, "4950 199990000\n", "stdout")
    t.equal(stats(r)["deopts"], 0.0, "deopts")

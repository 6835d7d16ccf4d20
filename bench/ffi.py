#!/usr/bin/env python3
"""C calls from Ruff, C and LuaJIT in one run: 50 million of cos, 100 million of a trivial function.

    bench/ffi.py --build DIR [--runs N]        DIR has ruff and libruff_test_ffi.so

Prints nanoseconds of processor time a call (the best of N runs) and the ratio to C, then the time a call takes through libffi.
Compiling is not part of it: the Ruff program runs the loops once before and waits.
"""
import argparse
import os
import re
import shutil
import subprocess
import tempfile

C = r"""
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
int32_t add_one(int32_t x);
int main(void)
{
    double start = (double)clock(), sum = 0;
    for (int64_t i = 0; i < 50000000; i++) sum += cos(i * 0.001);
    double between = (double)clock();
    int32_t n = 0;
    for (int64_t i = 0; i < 100000000; i++) n = add_one(n);
    printf("cos %g one %g sum %.6f %d\n", (between - start) / 5e4, (clock() - between) / 1e5, sum, n);
}
"""
LUA = r"""
local ffi = require("ffi")
ffi.cdef[[double cos(double); int32_t add_one(int32_t);]]
local m, l = ffi.load("m"), ffi.load(arg[1])
local function cosines(n) local s = 0.0 for i = 0, n - 1 do s = s + m.cos(i * 0.001) end return s end
local function ones(n) local s = 0 for i = 0, n - 1 do s = l.add_one(s) end return s end
local start = os.clock()
local sum = cosines(50000000)
local between = os.clock()
local n = ones(100000000)
print(string.format("cos %g one %g sum %.6f %d", (between - start) * 20, (os.clock() - between) * 10, sum, n))
"""
RUFF = r"""
libc := ffi_open(null)
clock := ffi_func(libc, "clock", "i64", [])
cos := ffi_func(ffi_open("libm.so.6"), "cos", "f64", ["f64"])
one := ffi_func(ffi_open(args()[0]), "add_one", "i32", ["i32"])
func cosines(n) {
    s := 0.0
    for i in n { s += cos(i * 0.001) }
    return s
}
func ones(n) {
    s := 0
    for i in n { s := one(s) }
    return s
}
func measure(calls, f) {
    start := clock()
    result := f(calls)
    return [(clock() - start) * 1000.0 / calls, result]
}
scale := parse_int(args()[1])
for i in 3 {
    if scale > 0 {
        cosines(100000)
        ones(100000)
        sleep(1000)
    }
}
a := measure(if_else(scale, 50000000, 2000000), cosines)
b := measure(if_else(scale, 100000000, 2000000), ones)
print("cos ${a[0]} one ${b[0]} sum ${round(a[1] * 1000000) / 1000000} ${b[1]}")
func if_else(c, x, y) { if c > 0 { return x }  return y }
"""


def best(command, runs):
    found = {}
    for _ in range(runs):
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        for name, value in re.findall(r"(cos|one) ([\d.]+)", out):
            found[name] = min(found.get(name, 1e9), float(value))
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    library = os.path.join(build, "libruff_test_ffi.so")
    ruff = os.path.join(build, "ruff")
    with tempfile.TemporaryDirectory() as folder:
        def write(name, text):
            path = os.path.join(folder, name)
            with open(path, "w") as f:
                f.write(text)
            return path
        program = os.path.join(folder, "c")
        subprocess.run(["gcc", "-O2", "-o", program, write("b.c", C), library, "-lm", "-Wl,-rpath," + build], check=True)
        rows = {"c": best([program], options.runs)}
        if shutil.which("luajit"):
            rows["luajit"] = best(["luajit", write("b.lua", LUA), library], options.runs)
        script = write("b.ruff", RUFF)
        rows["ruff"] = best([ruff, "run", script, library, "1"], options.runs)
        rows["ruff (libffi)"] = best([ruff, "run", "--no-jit", script, library, "0"], options.runs)
    print("%-14s %10s %8s %10s %8s" % ("ns a call", "cos", "ratio", "trivial", "ratio"))
    for name, row in rows.items():
        print("%-14s %10.2f %8.2f %10.2f %8.2f" % (name, row["cos"], row["cos"] / rows["c"]["cos"],
                                                 row["one"], row["one"] / rows["c"]["one"]))


if __name__ == "__main__":
    main()

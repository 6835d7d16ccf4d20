"""ruff profile and run --explain-jit. Nothing here depends on how long something takes: programs do work enough for samples, and
shares are compared only where one side is all of it."""

import json
import os
import re
import shutil
import struct
import subprocess
import xml.etree.ElementTree

# enough work in two functions and a builtin for dozens of samples
PROGRAM = """func inner(n) {
    mut s := 0
    for i in 0..n {
        s := (s * 31 + i) % 1000003
    }
    return s
}
func outer(n) {
    return inner(n) + 1
}
mut total := 0
for round in 0..1000 {
    total := outer(20000)
    sorted := sort(range(0, 3000).map(func(x) => (x * 7919) % 10007))
}
print("finished")
"""

TEXT = re.compile(r"""
=== Performance Profile Report ===
CPU Profile:
  Total Time: \d+\.\d{3}s
  Samples: \d+
  Top Hot Functions:
(?:    \d+\. .{30,} +\d+\.\d{3}s \([ \d]{3}\.\d%\) self \d+\.\d% (?:vm|jit|builtin|compile)
)+Memory Profile:
  Peak Memory: \d+\.\d\d MB
  Current Memory: \d+\.\d\d MB
  Total Allocations: \d+
  Total Deallocations: \d+
(?:  [1-5]\. .{40,} [ \d]{5}\d allocs
)*JIT Statistics:
  Functions Compiled: \d+
  Loops Entered \(OSR\): \d+
  Recompilations: \d+
  Total Compile Time: \d+\.\d{3}s
  Cache Hit Rate: \d+\.\d%
  Guard Success Rate: \d+\.\d%
  Deoptimisations: \d+
={35}
Total execution time: \d+\.\d{3}s
""")


def document(t, text):
    data = json.loads(text)
    plain = re.sub(r"(\d\.\d+?)0+(?=,?\n)", r"\1", text)  # fixed decimals
    t.equal(plain, json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n", "layout")
    return data


def test_report(t):
    t.write("p.ruff", PROGRAM)
    r = t.run("profile", "p.ruff")
    t.expect(r, out="finished\n")
    t.true(TEXT.fullmatch(r.err), "form of the report: " + r.err)
    for name in ("inner", "<main>", "[builtin sort]"):
        t.has(r.err, name)


def test_sections(t):
    t.write("p.ruff", "print(1)\n")
    heads = ("CPU Profile:", "Memory Profile:", "JIT Statistics:", "Source Lines:")
    for options, shown in (((), 0b111), (("--cpu",), 0b1), (("--memory",), 0b10), (("--jit",), 0b100), (("--cpu", "--jit"), 0b101),
                           (("--no-cpu",), 0b110), (("--no-memory", "--no-jit-report"), 0b1), (("--lines",), 0b1111),
                           (("--cpu", "--no-cpu", "--lines"), 0b1000)):
        r = t.run("profile", *options, "p.ruff")
        t.expect(r, out="1\n")
        t.equal([h in r.err for h in heads], [bool(shown >> i & 1) for i in range(4)], " ".join(options))
        t.true(r.err.startswith("\n=== Performance Profile Report ===\n"), "head")


def test_json(t):
    t.write("p.ruff", PROGRAM)
    r = t.run("profile", "p.ruff", "--json")
    t.expect(r, err="")
    data = document(t, r.out)
    t.equal(sorted(data), ["command", "cpu", "jit", "lines", "memory", "status"], "keys")
    t.equal((data["command"], data["status"]), ("profile", "ok"), "head")
    t.equal(sorted(data["cpu"]), ["functions", "hz", "samples", "seconds"], "cpu")
    t.equal(sorted(data["jit"]), ["cache_hits", "cache_misses", "compile_ms", "compiled", "deopts", "guard_success_rate", "osr",
                                  "recompiled"], "jit")
    t.equal(sorted(data["memory"]), ["allocations", "current_bytes", "deallocations", "hot", "peak_bytes"], "memory")
    t.equal(data["cpu"]["hz"], 997, "hz")
    samples = data["cpu"]["samples"]
    t.true(samples > 0, "samples")
    for f in data["cpu"]["functions"]:
        t.equal(sorted(f), ["file", "line", "name", "samples", "self", "tier"], "function")
        t.true(0 <= f["self"] <= f["samples"] <= samples, "counts")
    t.equal(sum(f["self"] for f in data["cpu"]["functions"]), samples, "every sample is somebody's own")
    by_name = {f["name"]: f for f in data["cpu"]["functions"]}
    t.equal(by_name["<main>"]["samples"], samples, "everything happens below main")
    t.equal((by_name["inner"]["file"], by_name["inner"]["line"]), ("p.ruff", 1), "inner")
    t.equal((by_name["[builtin sort]"]["file"], by_name["[builtin sort]"]["tier"]), (None, "builtin"), "sort")
    for line in data["lines"]:
        t.equal(sorted(line), ["events", "file", "line", "samples", "tier"], "line")
        for event in line["events"]:
            t.equal(sorted(event), ["count", "kind", "reason", "text"], "event")
            t.true(event["kind"] in ("deopt", "reject", "osr", "install"), "kind")
    t.equal(sum(line["samples"] for line in data["lines"]), samples, "every sample has a line")


def test_json_into_a_file(t):
    t.write("p.ruff", "print(7)\n")
    for option in (("--json", "out.json"), ("--json=out.json",)):
        r = t.run("profile", "p.ruff", *option)
        t.expect(r, out="7\n")
        t.has(r.err, "=== Performance Profile Report ===")
        with open(t.path("out.json")) as f:
            t.equal(document(t, f.read())["status"], "ok", "status")
        os.remove(t.path("out.json"))


def test_json_sections(t):
    t.write("p.ruff", "print(7)\n")
    data = document(t, t.run("profile", "p.ruff", "--json", "--memory").out)
    t.equal((data["cpu"], data["jit"]), (None, None), "sections that are not wanted")


def test_tiers(t):
    t.write("p.ruff", PROGRAM)
    data = document(t, t.run("profile", "--no-jit", "p.ruff", "--json").out)
    t.equal({f["tier"] for f in data["cpu"]["functions"]} - {"vm", "builtin"}, set(), "tiers without the JIT")
    t.equal(data["jit"]["compiled"], 0, "compiled")
    if t.native():
        data = document(t, t.run("profile", "p.ruff", "--json", env={"RUFF_JIT_SYNC": "1"}).out)
        inner = [f for f in data["cpu"]["functions"] if f["name"] == "inner"]
        t.equal([f["tier"] for f in inner], ["jit"], "tier of the hot function")
        t.true("[jit compile]" in [f["name"] for f in data["cpu"]["functions"]], "waiting for the compiler")
        t.true(data["jit"]["compiled"] > 0, "compiled")


def test_calls_from_builtins(t):
    t.write("p.ruff", PROGRAM)
    t.run("profile", "--no-jit", "p.ruff", "--folded", "stacks")
    with open(t.path("stacks")) as f:
        rows = f.read().splitlines()
    t.equal(rows, sorted(rows), "order")
    for row in rows:
        t.true(re.fullmatch(r"<main> \(p\.ruff:1\)(;[^;]+)* \d+", row), "row " + row)
    t.true(any(";[builtin map];<lambda> (p.ruff:14) " in row for row in rows), "the callback stands above the builtin")
    t.true(any(row.startswith("<main> (p.ruff:1);outer (p.ruff:8);inner (p.ruff:1) ") for row in rows), "calls")


def test_flame_graph(t):
    t.write("p.ruff", PROGRAM)
    t.expect(t.run("profile", "p.ruff", "--flamegraph", "f.svg", "--folded", "f.txt"), out="finished\n")
    with open(t.path("f.svg"), encoding="utf-8") as f:
        text = f.read()
    root = xml.etree.ElementTree.fromstring(text)
    t.true(root.tag.endswith("svg"), "root")
    titles = [e.text for e in root.iter() if e.tag.endswith("title")]
    t.true(any(x.startswith("inner (p.ruff:1)\n") and "% of the samples" in x for x in titles), "tooltip")
    t.true("href" not in text and "<image" not in text and "@import" not in text, "nothing is fetched from elsewhere")
    t.expect(t.run("profile", "p.ruff", "--flamegraph", "g.folded"), out="finished\n")
    with open(t.path("g.folded")) as f:
        t.has(f.read(), "<main> (p.ruff:1)")


def test_flame_graph_in_a_browser(t):
    browser = shutil.which("chromium")
    if not browser:
        t.skip("needs chromium")
    t.write("p.ruff", PROGRAM)
    t.run("profile", "--no-jit", "p.ruff", "--flamegraph", "f.svg")
    for width in (1200, 400):
        picture = t.path("f%d.png" % width)
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--user-data-dir=" + t.path("browser"),
                   "--window-size=%d,300" % width, "--screenshot=" + picture, "file://" + t.path("f.svg")]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=50, check=False)
        t.true(os.path.exists(picture), "a picture")
        with open(picture, "rb") as f:
            head = f.read(24)
        t.equal(struct.unpack(">II", head[16:24]), (width, 300), "size")
        t.true(os.path.getsize(picture) > 3000, "there is something on it")


def test_speedscope(t):
    t.write("p.ruff", PROGRAM)
    t.expect(t.run("profile", "p.ruff", "--speedscope", "s.json"), out="finished\n")
    with open(t.path("s.json")) as f:
        data = json.load(f)
    t.equal(data["$schema"], "https://www.speedscope.app/file-format-schema.json", "schema")
    frames = data["shared"]["frames"]
    for profile in data["profiles"]:
        t.equal((profile["type"], profile["unit"], profile["startValue"]), ("sampled", "seconds", 0), "kind")
        t.equal(len(profile["samples"]), len(profile["weights"]), "one weight a sample")
        t.true(all(0 <= i < len(frames) for stack in profile["samples"] for i in stack), "frames")
        t.true(abs(sum(profile["weights"]) - profile["endValue"]) < 1e-3, "sum")
    t.true(len(data["profiles"][0]["samples"]) > 0, "samples")


def test_top(t):
    t.write("p.ruff", PROGRAM)
    r = t.run("profile", "--no-jit", "--top", "1", "p.ruff")
    t.has(r.err, "    1. ")
    t.true("    2. " not in r.err, "one function")


def test_hz(t):
    t.write("p.ruff", PROGRAM)
    t.equal(document(t, t.run("profile", "--hz", "100", "p.ruff", "--json").out)["cpu"]["hz"], 100, "hz")
    for bad in ("0", "10001", "x", "-5"):
        r = t.run("profile", "--hz=" + bad, "p.ruff")
        t.expect(r, code=2, out="")
        t.has(r.err, "error: invalid value '%s' for '--hz'" % bad)


def test_exit_codes(t):
    cases = {"exit(7)": 7, "throw(\"x\")": 4, "print((": 3, "break": 4, "print(1)": 0}
    for program, code in cases.items():
        t.write("p.ruff", program + "\n")
        r = t.run("profile", "p.ruff")
        t.equal((r.code, program), (code, program), "exit code")
        runs = program in ("exit(7)", "throw(\"x\")", "print(1)")
        t.equal("=== Performance Profile Report ===" in r.err, runs, "report of " + program)


def test_json_of_a_program_that_does_not_load(t):
    t.write("p.ruff", "print((\n")
    r = t.run("profile", "p.ruff", "--json")
    t.expect(r, code=3, err="")
    data = document(t, r.out)
    t.equal((data["command"], data["kind"], data["exit_code"]), ("profile", "command_error", 3), "envelope")


def test_exit_writes_the_files(t):
    t.write("p.ruff", "print(1)\nexit(3)\n")
    r = t.run("profile", "p.ruff", "--json")
    t.equal((r.code, document(t, r.out)["status"]), (3, "ok"), "exit with --json")


def test_files(t):
    r = t.run("profile", "nope.ruff")
    t.expect(r, code=5, out="")
    t.has(r.err, "Failed to read .ruff file 'nope.ruff'")
    t.write("p.ruff", "print(1)\n")
    for option in ("--flamegraph", "--folded", "--speedscope", "--json"):
        r = t.run("profile", "p.ruff", option + "=no/such/folder/x.json")
        t.expect(r, code=5, out="")  # before the program runs
        t.has(r.err, "[RUFCLI001] [cli] error: Failed to write file 'no/such/folder/x.json'")


def test_arguments_and_standard_input(t):
    t.write("p.ruff", "print(args())\n")
    t.expect(t.run("profile", "p.ruff", "a", "--top"), out="[a, --top]\n")
    t.expect(t.run("profile", "-", stdin="print(5)\n"), out="5\n")


def test_capabilities(t):
    t.write("p.ruff", "print(env(\"HOME\"))\n")
    r = t.run("profile", "--untrusted", "p.ruff")
    t.expect(r, code=4, out="")
    t.has(r.err, "Capability denied: env-read")
    t.expect(t.run("profile", "--untrusted", "--allow-env-read", "p.ruff"))


def test_memory(t):
    t.write("p.ruff", """func make(n) {
    mut out := []
    for i in 0..n {
        out := push(out, [i, "x${i}"])
    }
    return out
}
print(len(make(1000)))
""")
    data = document(t, t.run("profile", "--no-jit", "p.ruff", "--json").out)["memory"]
    t.true(data["allocations"] >= 2000, "allocations")
    t.true(data["peak_bytes"] >= data["current_bytes"], "peak")
    t.equal((data["hot"][0]["file"], data["hot"][0]["line"]), ("p.ruff", 4), "the line that allocates")
    t.true(sum(h["count"] for h in data["hot"]) <= data["allocations"] + len(data["hot"]), "no more than there are")


def test_threads(t):
    t.write("p.ruff", """func burn(n) {
    mut s := 0
    for k in 0..3000 {
        for i in 0..1000 { s := (s + i) % 1009 }
    }
    return n
}
task := spawn { return burn(1) }
print(burn(0) + await task)
""")
    r = t.run("profile", "--no-jit", "p.ruff", "--speedscope", "s.json", "--folded", "f.txt")
    t.expect(r, out="1\n")
    with open(t.path("s.json")) as f:
        t.equal([p["name"] for p in json.load(f)["profiles"]], ["main 0", "task 1"], "threads")
    with open(t.path("f.txt")) as f:
        t.has(f.read(), "spawn block (p.ruff:8);burn (p.ruff:1)")


def test_many_builtins_and_deep_stacks(t):
    t.write("p.ruff", """func nest(n) {
    if n == 0 { return work() }
    return [n].map(func(x) => nest(x - 1))[0]
}
func down(n) {
    if n == 0 { return work() }
    return down(n - 1)
}
func work() {
    mut s := 0
    for i in 0..200000 { s := (s + i * i) % 1009 }
    return s
}
for k in 0..20 { nest(300) }
for k in 0..20 { down(50000) }
print("ok")
""")
    for options in ((), ("--no-jit",)):
        t.expect(t.run("profile", *options, "p.ruff", "--folded", "f.txt", "--flamegraph", "f.svg"), out="ok\n")
        with open(t.path("f.txt")) as f:
            rows = f.read()
        t.has(rows, ";[more calls];")
        t.true(max(row.count(";") for row in rows.splitlines()) < 2100, "depth")


def test_results_are_those_of_run(t):
    t.write("p.ruff", """func* gen() { for i in 0..2000 { yield i } }
async func slow(n) { await async_sleep(1)
    return n }
mut s := 0
for x in gen() { s += x }
try { for i in 0..5000 { if i == 4000 { throw("stop") }
    s += i } } except e { print(e.message, e.line) }
print(s, await promise_all([slow(1), slow(2)]))
print(type(len), len == len, min(3, 2), [1, 2].map(to_string))
""")
    for options in (("--no-jit",), (), ):
        want = t.run("run", *options, "p.ruff")
        t.equal(want.code, 0, "exit code")
        t.expect(t.run("profile", *options, "p.ruff"), out=want.out)


def test_explain_jit(t):
    t.native()
    t.write("p.ruff", """func add(a, b) {
    return a + b
}
mut s := 0
for i in 0..3000 { s := add(s, 1) }
for i in 0..3000 { s := add(s, 0.5) }
func* gen(n) { for i in 0..n { yield i } }
for k in 0..300 { for x in gen(3) { s := s + x } }
print(s)
""")
    r = t.run("run", "--explain-jit", "p.ruff", env={"RUFF_JIT_SYNC": "1"})
    t.expect(r, out="5400\n")
    t.true(r.err.startswith("p.ruff:\n"), "file: " + r.err)
    if t.native():
        t.true(re.search(r"(?m)^   2 \| +\d+\.\d% \| \S+ +\| return a \+ b$", r.err) or
               re.search(r"(?m)^   1 \| +\d+\.\d% \| \S+ +\| func add\(a, b\) \{$", r.err), "line: " + r.err)
        t.true(re.search(r"(?m)^  \^ deopt type-guard x\d+(: expected int, got float)?$", r.err), "deopt: " + r.err)
        t.has(r.err, "  ^ install")
        t.has(r.err, "  ^ reject generator")
        t.has(r.err, "    Keep the generator's body small")
    t.expect(t.run("run", "--explain-jit", "-e", "print(1)"), out="1\n")
    t.expect(t.run("run", "--explain-jit", "-e", "exit(3)"), code=3)


def test_exit_in_a_thread(t):
    t.write("p.ruff", """task := spawn {
    mut s := 0
    for i in 0..300000 { s := (s + i) % 1009 }
    exit(6)
}
mut n := 0
while true { n := (n + 1) % 1009 }
""")
    for options in ((), ("--no-jit",)):
        r = t.run("profile", *options, "p.ruff")
        t.equal(r.code, 6, "exit code")
        t.has(r.err, "=== Performance Profile Report ===")

"""ruff bench: discovery, verification, the report and its machine forms, baselines, peers (cli.md 4)."""

import csv
import io
import json
import os
import pty
import re
import signal
import subprocess
import time

FAST = ("--procs", "2", "-i", "2", "--min-sample-ms", "1")
SUM = "# bench: expect \"499500\"\ntotal := 0\nfor i in 0..1000 { total += i }\nprint(total)\n"
HOT = "func f(n) { if n < 2 { return n }\n return f(n - 1) + f(n - 2) }\nprint(f(18))\n"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DURATION = r"(?:\d+ ns|\d+\.\d\d (?:µs|ms|s))"
RULE = "=" * 80 + "\n"


def bench(t, *arguments, **keywords):
    return t.run("bench", *FAST, *arguments, **keywords)


def report(t, *arguments, code=0):
    """The JSON report of a run."""
    r = bench(t, "--json", *arguments)
    t.expect(r, code=code, err="")
    return json.loads(r.out)


def failure(t, program, *arguments, name="b"):
    """The line with which a program fails; its numbers must be nowhere."""
    t.write("bench/%s.ruff" % name, program)
    r = bench(t, *arguments)
    t.expect(r, code=1, err="")
    line = [line for line in r.out.split("\n") if line.startswith("✗ ")]
    t.true(len(line) == 1, "one failure: %r" % r.out)
    t.true(re.search(r"(?m)^%s +N/A +N/A +N/A$" % name, r.out), "no numbers: %r" % r.out)
    return line[0]


# ---------------------------------------------------------------------------------------------------
# Which programs


def test_no_directory(t):
    t.expect(t.run("bench"), code=5, out="", err="Error: No benchmark directory found. Please specify a path.\n")


def test_missing_path(t):
    t.expect(t.run("bench", "nope"), code=5, out="", err="Error: Path does not exist: nope\n")
    t.expect(t.run("bench", "nope/x.ruff"), code=5, out="", err="Error: Path does not exist: nope/x.ruff\n")


def test_empty_directory(t):
    t.write("bench/readme.md", "")
    t.write("bench/sub/a.ruff", SUM)
    t.expect(t.run("bench"), code=5, out="", err="Error: No benchmarks found in bench\n")


def test_json_envelope(t):
    r = t.run("bench", "--json")
    t.expect(r, code=5, err="")
    t.equal(json.loads(r.out), {"command": "bench", "contract_version": "1.0.0-draft", "diagnostics": [], "exit_code": 5,
                                "kind": "command_error", "message": "No benchmark directory found. Please specify a path.", "status": "error"})


def test_discovery(t):
    for name in ("b", "a", "Z", "é"):
        t.write("bench/%s.ruff" % name, SUM)
    t.write("bench/a.py", "")
    t.write("other/c.ruff", SUM)
    names = lambda *arguments: [b["name"] for b in report(t, "--mode", "vm", *arguments)["benchmarks"]]
    t.equal(names(), ["Z", "a", "b", "é"])
    t.equal(names("other/c.ruff", "bench"), ["c", "Z", "a", "b", "é"])
    t.equal(names("--filter", "b"), ["b"], "the name counts, not the path")
    t.equal([b["file"] for b in report(t, "--mode", "vm", "--filter", "a", "bench/")["benchmarks"]], ["bench/a.ruff"])


def test_filter_without_match(t):
    t.write("bench/a.ruff", SUM)
    t.expect(bench(t, "--filter", "x"), code=5, out="", err="Error: No benchmarks match 'x'\n")


def test_headers(t):
    t.write("bench/args.ruff", '# bench: args one 2\n# bench: expect "one\\n2"\nfor a in args() { print(a) }\n')
    t.write("bench/samples.ruff", "# bench: samples 3\n" + SUM)
    t.write("bench/skip.ruff", "# bench: skip needs the moon\nprint(1 / 0)\n")
    t.write("bench/late.ruff", "\n" * 20 + "# bench: expect \"no header any more\"\nprint(1)\n")
    t.write("bench/odd.ruff", "# bench: expects \"1\"\n# bench: samples many\nprint(1)\n")
    r = t.run("bench", "--json", "--procs", "1", "--min-sample-ms", "0", "--mode", "vm")
    t.expect(r, err="")
    got = json.loads(r.out)
    items = {b["name"]: b for b in got["benchmarks"]}
    t.equal(items["args"]["verified"], "expect")
    t.equal(items["samples"]["modes"]["vm"]["stats"]["n"], 3)
    t.equal(items["late"]["modes"]["vm"]["stats"]["n"], 20)
    t.equal((items["skip"]["status"], items["skip"]["skipped"], items["skip"]["modes"]), ("skipped", "needs the moon", {}))
    t.equal(got["summary"]["skipped"], 1)
    t.equal([w for w in got["warnings"] if w.startswith("odd: ")],
            ["odd: header comment not understood: # bench: expects \"1\"", "odd: header comment not understood: # bench: samples many"])


def test_samples_option_is_stronger_than_the_header(t):
    t.write("bench/a.ruff", "# bench: samples 9\n" + SUM)
    t.equal(report(t, "--mode", "vm")["benchmarks"][0]["modes"]["vm"]["stats"]["n"], 4)


# ---------------------------------------------------------------------------------------------------
# Verification


def test_failing_programs(t):
    t.equal(failure(t, "x := 1 / 0\n"), "✗ b (vm) - [RUFVM001] [vm] Runtime Error: Division by zero")
    t.equal(failure(t, "exit(3)\n"), "✗ b (vm) - exit code 3")
    t.equal(failure(t, "print(1)\nexit(0)\n"), "✗ b (vm) - exit() called: a benchmark must run to its end")
    t.equal(failure(t, "x := := 1\n"), "✗ b (vm) - [RUFPARSE001] [parser] error: Expected expression")
    t.equal(failure(t, '# bench: expect "2"\nprint(1)\n'), "✗ b (vm) - output differs from expectation")
    t.equal(failure(t, "while true { }\n", "--time-limit", "1"), "✗ b (vm) - timed out")


def test_other_output_with_the_jit(t):
    t.native()
    t.equal(failure(t, 'print(vm_stats()["jit"])\n'), "✗ b (jit) - output differs from vm")


def test_output_that_changes(t):
    t.equal(failure(t, "print(random())\n", "--mode", "vm"), "✗ b (vm) - output differs from vm")


def test_unreadable_program(t):
    os.symlink("nowhere", t.path("b.ruff"))
    t.expect(bench(t, "b.ruff"), code=5, err="Error: Path does not exist: b.ruff\n")


def test_others_go_on(t):
    t.write("bench/a.ruff", "throw(\"no\")\n")
    t.write("bench/b.ruff", SUM)
    got = report(t, code=1)
    t.equal([b["status"] for b in got["benchmarks"]], ["failed", "ok"])
    t.equal((got["status"], got["summary"]["failed"], got["summary"]["total"]), ("failed", 1, 2))
    a = got["benchmarks"][0]
    t.equal((a["modes"], a["speedup"], a["verified"]), ({}, None, "none"))
    t.has(a["error"], "no", "error")


def test_megabytes_of_output(t):
    t.write("bench/a.ruff", 'line := repeat("x", 1000)\nfor i in 0..3000 { print(line) }\n')
    t.write("bench/e.ruff", '# bench: expect "1"\nprint(1)\nfor i in 0..3000 { print(repeat(" ", 1000)) }\n')
    got = report(t)
    t.equal([b["verified"] for b in got["benchmarks"]], ["modes", "expect"])


def test_standard_error_of_programs_is_not_shown(t):
    t.write("bench/a.ruff", 'eprint("chatter")\nprint(1)\n')
    r = bench(t, "--mode", "vm")
    t.expect(r, err="")
    t.true("chatter" not in r.out, r.out)


def test_standard_input_is_empty(t):
    t.write("bench/a.ruff", 'print(input() == "")\n')
    r = t.run("bench", *FAST, "--mode", "vm", stdin="text\n")
    t.expect(r, err="")


# ---------------------------------------------------------------------------------------------------
# What is an iteration


def test_bench_main(t):
    t.write("bench/a.ruff", "# bench: expect \"load\\n45\"\nprint(\"load\")\nfunc bench_main() { print(sum(range(10))) }\n")
    item = report(t)["benchmarks"][0]
    t.equal((item["status"], item["verified"]), ("ok", "expect"))


def test_bench_main_is_called_and_the_file_loaded_once(t):
    t.write("bench/a.ruff", "calls := 0\nfunc bench_main() { calls += 1\n if calls > 3 { throw(\"call ${calls}\") } }\n")
    item = report(t, "--mode", "vm", code=1)["benchmarks"][0]
    t.has(item["error"], "call", "error")


def test_bench_main_must_be_plain(t):
    t.has(failure(t, "async func bench_main() { }\n", "--mode", "vm"), "bench_main must be a plain function")


def test_fresh_globals(t):
    program = ("struct P { x, func twice(self) { return self.x * 2 } }\nlet a := 1\nconst b := 2\nmut c := 3\nc = c + 1\nfunc f() { return a + b + c }\n"
               "enum E { One, Two }\nprint(f(), P { x: 4 }.twice())\n")
    t.write("bench/a.ruff", program)
    t.write("bench/late.ruff", "func g() { try { return later } except e { return \"none\" } }\nprint(g())\nlater := 5\nprint(g())\nlen := 3\nprint(len)\n")
    got = report(t, "-i", "30")
    t.equal([b["error"] for b in got["benchmarks"]], [None, None])


def test_declaring_a_struct_again_costs_no_native_code(t):
    t.native()
    t.write("bench/a.ruff", "struct S { v, func next(self, x) { return x + self.v } }\nfunc main() { let s := S { v: 1 }\n mut a := 0\n for i in 0..20000 { a = s.next(a) }\n"
            " return a }\nx := main()\n")
    r = bench(t, "--mode", "jit", "--procs", "1", "--json", env={"RUFF_JIT_SYNC": "1"})
    counts = json.loads(r.out)["benchmarks"][0]["modes"]["jit"]["jit"]
    t.true(counts["entries"] > 3, counts)
    t.true(counts["deopts"] <= 2, counts)


# ---------------------------------------------------------------------------------------------------
# The report


def test_report(t):
    t.write("bench/hot.ruff", HOT)
    r = bench(t)
    t.expect(r, err="")
    shape = r"(?:flat|warm-up|slow-down|inconsistent)"
    number = r" *\d+(?:\.\d\d)?"
    row = r"  %%s +steady  (?=.{9} \[) *%s \[%s, %s\]   cold  (?=.{9}   ) *%s   cv \d+\.\d%%%%   n=\d+\n" % (DURATION, number, number, DURATION)
    want = (RULE + " " * 27 + "Ruff Performance Benchmarks\n" + RULE + "\nhot\n" + row % "vm     " + row % "jit    "
            + r" {10}steady after (?:%s|n/a), compiles \d+ \(\d+\.\d\d ms\), deopts \d+, shape %s\n" % (DURATION, shape)
            + r"(?:\[!\] hot \((?:vm|jit)\): .*\n)*\n"
            + RULE + " " * 29 + "Performance Comparison\n" + RULE
            + "Benchmark                                  VM             JIT         Speedup\n" + "-" * 80 + "\n"
            + r"hot(?=.{42} .{15} .{15}\n) +%s +%s +\d+\.\d\dx\n\n" % (DURATION, DURATION)
            + RULE + " " * 36 + "Summary\n" + RULE
            + r"Total Benchmarks: 1\nTotal Time \(VM\): %s\nTotal Time \(JIT\): %s\n\nGeometric Mean JIT Speedup: \d+\.\d\dx\n" % (DURATION, DURATION))
    t.true(re.fullmatch(want, r.out), r.out)


def test_one_mode(t):
    t.write("bench/a.ruff", SUM)
    r = bench(t, "--mode", "vm")
    t.expect(r, err="")
    t.true(re.search(r"\na +\S+ \S+ +N/A +N/A\n", r.out), r.out)
    t.has(r.out, "Total Time (JIT): N/A\n\nGeometric Mean JIT Speedup: N/A\n")
    t.true("  jit  " not in r.out, r.out)


def test_verbose_lists_every_statistic(t):
    t.write("bench/a.ruff", SUM)
    r = bench(t, "-v")
    t.expect(r, err="")
    for word in ("mean", "sd", "mad", "min", "max", "p5", "p25", "p75", "p95", "cv", "outliers", "user", "sys", "peak RSS", "allocations", "compiles", "deopts", "native entries"):
        t.true(len(re.findall(r"\b%s\b" % word, r.out)) >= 2, "%s: %r" % (word, r.out))


def test_long_names(t):
    t.write("bench/%s.ruff" % ("é" * 40), SUM)
    r = bench(t, "--mode", "vm")
    t.has(r.out, "\n" + "é" * 29 + "… ")


def test_native_code_warning(t):
    t.write("bench/a.ruff", "print(1)\n")
    t.has(bench(t, "--mode", "jit").out, "\n[!] a (jit): no native code executed\n")
    t.true("no native code" not in bench(t, "--mode", "vm").out, "not in vm")


def test_native_code(t):
    t.native()
    t.write("bench/hot.ruff", HOT)
    got = report(t, "--mode", "jit", "--min-sample-ms", "10")
    mode = got["benchmarks"][0]["modes"]["jit"]
    t.true(mode["jit"]["compiles"] > 0 and mode["jit"]["entries"] > 0 and mode["jit"]["compile_ms"] > 0, mode["jit"])
    t.true("hot (jit): no native code executed" not in got["warnings"], got["warnings"])


def test_time_limit(t):
    t.write("bench/a.ruff", "for i in 0..30 { sleep(10) }\nprint(1)\n")
    r = bench(t, "--mode", "vm", "--time-limit", "4", "--procs", "3", "-i", "50")
    t.expect(r, err="")
    t.has(r.out, "\n[!] a (vm): time limit reached\n")


def test_warmup_discards_samples(t):
    t.write("bench/a.ruff", SUM)
    got = t.run("bench", "--json", "--procs", "2", "-w", "3", "-i", "4", "--min-sample-ms", "0")
    for mode in json.loads(got.out)["benchmarks"][0]["modes"].values():
        t.equal([[s["steady"] for s in p] for p in mode["samples"]], [[False] * 3 + [True] * 4] * 2)
        t.equal(mode["stats"]["n"], 8)


def test_samples_last_long_enough(t):
    t.write("bench/a.ruff", SUM)
    got = t.run("bench", "--json", "--procs", "1", "-i", "3", "--min-sample-ms", "20")
    for mode in json.loads(got.out)["benchmarks"][0]["modes"].values():
        t.true(all(s["ns"] >= 20e6 for p in mode["samples"] for s in p), mode["samples"])


def test_quick(t):
    t.write("bench/a.ruff", SUM)
    r = t.run("bench", "--quick", "--json", "--mode", "vm")
    t.equal([len(p) for p in json.loads(r.out)["benchmarks"][0]["modes"]["vm"]["samples"]], [5, 5])


def test_warm_cache(t):
    t.native()
    t.write("bench/hot.ruff", HOT.replace("18", "22"))
    os.mkdir(t.path("tmp"))
    r = bench(t, "--mode", "jit", "--cache", "warm", env={"TMPDIR": t.path("tmp")})
    t.expect(r, err="")
    t.true(re.search(r"\]   warm-start  ", r.out), r.out)
    for _ in range(100):  # workers may finish what they have after the end, and then remove their folders
        if not os.listdir(t.path("tmp")):
            break
        time.sleep(0.1)
    t.equal(os.listdir(t.path("tmp")), [])


def test_cpu(t):
    t.write("bench/a.ruff", SUM)
    cpu = min(os.sched_getaffinity(0))
    t.expect(bench(t, "--mode", "vm", "--cpu", str(cpu)), err="")
    r = bench(t, "--cpu", "99999")
    t.expect(r, code=2, out="")
    t.has(r.err, "error: invalid value '99999' for '--cpu': ")


def test_doctor(t):
    r = t.run("bench", "--doctor")
    t.expect(r, err="")
    for word in ("governor", "turbo", "SMT", "load average"):
        t.true(re.search(r"(?m)^  (PASS|WARN|INFO) .*%s.*: " % word, r.out), r.out)


# ---------------------------------------------------------------------------------------------------
# Machine forms


def check(schema, value, root, where="report"):
    """Problems of a value under the part of JSON Schema that docs/bench.schema.json uses."""
    unknown = set(schema) - {"$schema", "$ref", "$defs", "title", "description", "type", "const", "enum", "anyOf", "properties", "required",
                             "additionalProperties", "items", "minimum", "maximum", "pattern"}
    if unknown:
        return ["the test does not know %s" % unknown]
    if "$ref" in schema:
        return check(root["$defs"][schema["$ref"].rsplit("/", 1)[1]], value, root, where)
    if "anyOf" in schema:
        return [] if any(not check(s, value, root) for s in schema["anyOf"]) else ["%s fits nothing" % where]
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float), "null": type(None)}
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(isinstance(value, kinds[k]) and (k == "boolean" or not isinstance(value, bool)) for k in types):
        return ["%s is %r, not %s" % (where, value, types)]
    problems = []
    if "const" in schema and value != schema["const"] or "enum" in schema and value not in schema["enum"]:
        problems.append("%s is %r" % (where, value))
    if isinstance(value, (int, float)) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        problems.append("%s is %r" % (where, value))
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        problems.append("%s is %r" % (where, value))
    if isinstance(value, list):
        for i, item in enumerate(value):
            problems += check(schema.get("items", {}), item, root, "%s[%d]" % (where, i))
    if isinstance(value, dict):
        if list(value) != sorted(value):
            problems.append("%s: keys are not in alphabetical order" % where)
        problems += ["%s.%s is missing" % (where, k) for k in schema.get("required", []) if k not in value]
        more = schema.get("additionalProperties", {})
        for key, item in value.items():
            inner = schema.get("properties", {}).get(key, more)
            problems += ["%s.%s is not expected" % (where, key)] if inner is False else check(inner, item, root, "%s.%s" % (where, key))
    return problems


def test_json_follows_the_schema(t):
    with open(os.path.join(ROOT, "docs", "bench.schema.json"), encoding="utf-8") as f:
        schema = json.load(f)
    t.write("bench/a.ruff", "# bench: peer python3 a.py\n" + SUM)
    t.write("bench/a.py", "print(sum(range(1000)))\n")
    t.write("bench/fails.ruff", "# bench: peer python3 a.py\nthrow(1)\n")
    t.write("bench/skipped.ruff", "# bench: skip because\n")
    first = report(t, "--vs", "python3", "--save", "one", code=1)
    second = report(t, "--mode", "jit", "--vs", "python3,nosuchlanguage=x.txt", "--baseline", "one", code=1)
    for got in (first, second):
        t.equal(check(schema, got, schema), [])
    t.true(second["benchmarks"][0]["comparison"]["jit"]["ratio"] > 0, second["benchmarks"][0]["comparison"])
    t.true(check(schema, dict(first, extra=1), schema), "the checker finds something")
    with open(t.path(".ruff/bench/one.json"), encoding="utf-8") as f:
        t.equal(json.load(f), first, "what is stored is the report")


def test_json_numbers_agree(t):
    t.write("bench/a.ruff", SUM)
    t.write("bench/b.ruff", HOT)
    got = report(t)
    for item in got["benchmarks"]:
        medians = {}
        for name, mode in item["modes"].items():
            values = sorted(s["ns"] / s["iterations"] for p in mode["samples"] for s in p if s["steady"])
            values = values or sorted(s["ns"] / s["iterations"] for p in mode["samples"] for s in p[len(p) // 2:])
            s = mode["stats"]
            t.equal(s["n"], len(values))
            t.true(abs(s["mean"] - sum(values) / len(values)) < 1, s)
            t.true(s["min"] <= s["p5"] <= s["p25"] <= s["median"] <= s["p75"] <= s["p95"] <= s["max"], s)
            t.true(s["ci_low"] <= s["median"] <= s["ci_high"], s)
            t.equal(len(mode["cold_ns"]), 2)
            medians[name] = s["median"]
        t.true(abs(item["speedup"] - medians["vm"] / medians["jit"]) < 1e-3 * item["speedup"], item["speedup"])
    t.true(abs(got["summary"]["total_vm_ns"] - sum(b["modes"]["vm"]["stats"]["median"] for b in got["benchmarks"])) < 1, got["summary"])


def test_csv(t):
    t.write("bench/a,b.ruff", SUM)
    r = bench(t, "--csv")
    t.expect(r, err="")
    rows = list(csv.reader(io.StringIO(r.out)))
    t.equal(rows[0], "benchmark,mode,phase,median_ns,ci_low_ns,ci_high_ns,mean_ns,stddev_ns,min_ns,max_ns,cv,n".split(","))
    t.true([row[:3] for row in rows[1:]] in ([["a,b", "vm", "cold"], ["a,b", "vm", "steady"], ["a,b", "jit", "cold"], ["a,b", "jit", "time-to-steady"], ["a,b", "jit", "steady"]],
           [["a,b", "vm", "cold"], ["a,b", "vm", "steady"], ["a,b", "jit", "cold"], ["a,b", "jit", "steady"]]), rows)
    t.true(all(len(row) == 12 and all(float(x) >= 0 for x in row[3:]) for row in rows[1:]), rows)


def test_markdown(t):
    t.write("bench/a_b.ruff", SUM)
    r = bench(t, "--markdown")
    t.expect(r, err="")
    t.true(r.out.startswith("## Performance Comparison\n\n| Benchmark | VM | JIT | Speedup |\n| --- | ---: | ---: | ---: |\n| a\\_b | "), r.out)
    t.has(r.out, "\n## Summary\n\n- Total Benchmarks: 1\n")


def test_files_and_the_report(t):
    t.write("bench/a.ruff", SUM)
    r = bench(t, "--mode", "vm", "--json", "r.json", "--csv=r.csv", "--markdown", "r.md", "--html", "r.html", "bench")
    t.expect(r, err="")
    t.true(r.out.startswith(RULE) and "Total Benchmarks: 1" in r.out, r.out)
    t.equal(json.loads(t.read("r.json"))["status"], "ok")
    t.true(t.read("r.csv").startswith("benchmark,mode,") and t.read("r.md").startswith("## Perf") and t.read("r.html").startswith("<!DOCTYPE html>"), "files")


def test_json_does_not_take_the_program_for_its_file(t):
    path = t.write("bench/a.ruff", SUM)
    for word in ("bench/a.ruff", "bench", "bench/"):
        r = t.run("bench", *FAST, "--mode", "vm", "--json", word)
        t.expect(r, err="")
        t.equal(len(json.loads(r.out)["benchmarks"]), 1)
    t.equal(t.read(path), SUM, "the program is as it was")


def test_unwritable_files(t):
    t.write("bench/a.ruff", SUM)
    for option in ("--html", "--json", "--csv", "--markdown"):
        r = bench(t, option, "none/r.x")
        t.expect(r, code=5, out="")
        t.true(re.fullmatch(r"Error: Failed to write 'none/r\.x': No such file or directory \(os error 2\)\n", r.err), r.err)


def test_unwritable_store(t):
    t.write("bench/a.ruff", SUM)
    t.write(".ruff", "a file")
    t.expect(bench(t, "--mode", "vm"), err="")
    r = bench(t, "--mode", "vm", "--save", "x")
    t.expect(r, code=5)
    t.has(r.err, "[RUFCLI001] [cli] error: Failed to write '.ruff/bench/x.json': ")


def test_usage_errors(t):
    t.write("bench/a.ruff", SUM)
    for words, message in (
        (("--json", "--csv"), "the argument '--json' cannot be used with '--csv'"),
        (("--fail-on-regression",), "the following required arguments were not provided: --baseline NAME"),
        (("--threshold", "x"), "invalid value 'x' for '--threshold': expected a percentage"),
        (("--mode", "fast"), "invalid value 'fast' for '--mode': expected one of vm|jit|both"),
        (("-i", "0"), "invalid value '0' for '--samples': expected a number from 1 to 4294967295"),
        (("--save", "../x"), "invalid value '../x' for '--save': expected a name without '/' and no '.' at its start"),
        (("--html",), "a value is required for '--html FILE' but none was supplied"),
        (("--procss", "2"), "unexpected argument '--procss' found"),
    ):
        r = t.run("bench", *words)
        t.expect(r, code=2, out="")
        t.true(r.err.startswith("error: %s\n\n" % message) and "Usage: ruff bench [OPTIONS] [PATH...]" in r.err, r.err)


# ---------------------------------------------------------------------------------------------------
# The HTML page


def page(t):
    t.write("bench/a<b>.ruff", "# bench: peer python3 a.py\n" + HOT)
    t.write("bench/a.py", "def f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)\nprint(f(18))\n")
    t.write("bench/broken.ruff", "throw(\"<script>alert(1)</script>\")\n")
    bench(t, "--save", "then", "--mode", "vm")
    t.expect(bench(t, "--vs", "python3", "--baseline", "then", "--html", "r.html"), code=1, err="")
    return t.read("r.html")


def test_html(t):
    text = page(t)
    for part in ("prefers-color-scheme", "a&lt;b&gt;", "class=\"chart distribution vm\"", "class=\"chart distribution jit\"", "class=\"chart warmup vm\"",
                 "class=\"chart warmup jit\"", "class=\"chart bars\"", "class=\"bar peer\"", "python3", "&lt;script&gt;", "<h2>Environment</h2>"):
        t.has(text, part, "page")
    t.true(not re.search(r"https?:|<script|<link|<img|@import|url\(|src=", text), "nothing from elsewhere")


LOOK = """<script>
const problems = [];
for (const svg of document.querySelectorAll('svg.chart')) {
  const name = svg.getAttribute('class'), box = svg.getBoundingClientRect();
  if (box.width < 200 || box.height < 40) problems.push(name + ' is ' + box.width + 'x' + box.height);
  const shapes = svg.querySelectorAll('circle, rect, polyline, line.whisker');
  if (shapes.length === 0) problems.push(name + ' is empty');
  for (const e of svg.querySelectorAll('text, circle, rect, polyline, path')) {
    const r = e.getBoundingClientRect(), style = getComputedStyle(e);
    if (r.left < box.left - 1 || r.right > box.right + 1 || r.top < box.top - 1 || r.bottom > box.bottom + 1)
      problems.push(name + ': ' + e.tagName + ' ' + e.textContent + ' is cut off');
    if (style.fill === 'none' && style.stroke === 'none') problems.push(name + ': ' + e.tagName + ' has no colour');
  }
}
if (document.documentElement.scrollWidth > innerWidth) problems.push('the page is ' + document.documentElement.scrollWidth + ' wide');
document.body.innerHTML = '<pre id="found">' + document.querySelectorAll('svg.chart').length + ' charts\\n' + problems.join('\\n') + '</pre>';
</script>"""


def test_html_in_a_browser(t):
    """Charts have a size and contents, nothing is cut off, the page is not wider than its window."""
    browser = next((b for b in ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome") if os.path.exists(b)), None)
    if not browser:
        t.skip("no Chromium")
    path = t.write("look.html", page(t).replace("</body>", LOOK + "</body>"))
    for width in (1280, 420):
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir=" + t.path("profile"),
                   "--window-size=%d,1400" % width, "--dump-dom", "file://" + path]
        r = subprocess.run(command, capture_output=True, timeout=t.timeout * 4, env=dict(t.environment(), HOME=t.dir))
        found = re.search(r'<pre id="found">(\d+) charts\n(.*?)</pre>', r.stdout.decode("utf-8", "replace"), re.S)
        t.true(found, "the page was loaded: %r" % r.stderr[-500:])
        t.equal(found.group(1), "5")
        t.equal(found.group(2), "", "width %d" % width)


# ---------------------------------------------------------------------------------------------------
# Baselines


def rescaled(t, name, factor, **changes):
    """A stored run whose times are `factor` of what they were."""
    stored = json.loads(t.read(".ruff/bench/last.json"))
    for item in stored["benchmarks"]:
        for mode in item["modes"].values():
            for process in mode["samples"]:
                for sample in process:
                    sample["ns"] = max(1, int(sample["ns"] * factor))
    stored["environment"].update(changes)
    t.write(".ruff/bench/%s.json" % name, json.dumps(stored))


COMPARED = r"(?m)^  vs %s  \d+\.\d{3}x (slower|faster) \[\d+\.\d{3}, \d+\.\d{3}\] p=[01]\.\d{4} (regression|improvement|unchanged)$"


def test_baseline(t):
    t.write("bench/a.ruff", SUM)
    options = ("-i", "8", "--procs", "3")
    t.expect(bench(t, *options), err="")
    rescaled(t, "fast", 0.05)
    rescaled(t, "slow", 20)
    r = bench(t, *options, "--baseline", "fast", "--fail-on-regression")
    t.expect(r, code=1, err="")
    t.equal(re.findall(COMPARED % "fast", r.out), [("slower", "regression")] * 2)
    r = bench(t, *options, "--baseline", "fast")
    t.expect(r, err="")
    r = bench(t, *options, "--baseline", "slow", "--fail-on-regression")
    t.expect(r, err="")
    t.equal(re.findall(COMPARED % "slow", r.out), [("faster", "improvement")] * 2)
    r = bench(t, *options, "--baseline", "fast", "--fail-on-regression", "--threshold", "100000")
    t.expect(r, err="")
    got = report(t, *options, "--baseline", ".ruff/bench/fast.json")
    t.equal((got["status"], got["summary"]["regressions"]), ("regression", 2))


def test_baseline_last_is_the_previous_run(t):
    t.write("bench/a.ruff", SUM)
    t.expect(bench(t, "--mode", "vm", "--baseline", "last"), code=5, out="", err="Error: Baseline not found: last\n")
    t.expect(bench(t, "--mode", "vm", "-i", "8"), err="")
    rescaled(t, "last", 0.01)
    r = bench(t, "--mode", "vm", "--baseline", "last", "-i", "8")
    t.equal(re.findall(COMPARED % "last", r.out), [("slower", "regression")])


def test_baseline_from_elsewhere(t):
    t.write("bench/a.ruff", SUM)
    t.expect(bench(t, "--mode", "vm"), err="")
    rescaled(t, "other", 1, cpu="Another CPU", ruff_build="abc")
    r = bench(t, "--mode", "vm", "--baseline", "other")
    t.expect(r, err="")
    t.has(r.out, "\n[!] baseline other comes from another CPU: Another CPU\n[!] baseline other comes from another Ruff build: abc\n")


def test_damaged_baselines(t):
    t.write("bench/a.ruff", SUM)
    t.expect(bench(t, "--mode", "vm", "--baseline", "nope"), code=5, out="", err="Error: Baseline not found: nope\n")
    whole = {"schema": "ruff-bench/1", "environment": {}, "benchmarks": [{"name": "a", "modes": {"vm": {"samples": [[{"iterations": 1, "ns": 5, "steady": True}]]}}}]}
    for sample in ({}, {"iterations": 0, "ns": 5, "steady": True}, {"iterations": 1, "ns": -5, "steady": True}, {"iterations": 1, "ns": 5, "steady": 1}):
        damaged = json.loads(json.dumps(whole))
        damaged["benchmarks"][0]["modes"]["vm"]["samples"][0].append(sample)
        t.write(".ruff/bench/x.json", json.dumps(damaged))
        t.expect(bench(t, "--baseline", "x"), code=5, out="", err="Error: Baseline is damaged: x: the samples of a benchmark are damaged\n")
    for text, reason in (("", "it is not JSON"), ("{", "it is not JSON"), (b"\xff", "it is not JSON"), ("[1]", "it is no report of schema ruff-bench/1"),
                         ('{"schema": "other"}', "it is no report of schema ruff-bench/1"), ('{"schema": "ruff-bench/1"}', "it has no list of benchmarks"),
                         ('{"schema": "ruff-bench/1", "benchmarks": [3]}', "a benchmark has no modes"),
                         ('{"schema": "ruff-bench/1", "benchmarks": [{"modes": {"jit": {"samples": []}}}]}', "the samples of a benchmark are damaged"),
                         ('{"schema": "ruff-bench/1", "benchmarks": [{"name": "a", "modes": {"jit": {"samples": [[]]}}}]}', "the samples of a benchmark are damaged")):
        t.write(".ruff/bench/x.json", text)
        t.expect(bench(t, "--baseline", "x"), code=5, out="", err="Error: Baseline is damaged: x: %s\n" % reason)
    t.write(".ruff/bench/x.json", json.dumps(whole))
    t.expect(bench(t, "--mode", "vm", "--baseline", "x"), err="")
    t.expect(bench(t, "--mode", "jit", "--baseline", "x", "--fail-on-regression"), err="")


# ---------------------------------------------------------------------------------------------------
# Peers


def test_peers(t):
    t.write("bench/a.ruff", "# bench: args 1000\n# bench: peer python3 a.py\nprint(sum(range(parse_int(args()[0]))))\n")
    t.write("bench/a.py", "import sys\nprint(sum(range(int(sys.argv[1]))))\n")
    t.write("bench/main.ruff", "# bench: peer python3 main.py\nfunc bench_main() { print(7) }\n")
    t.write("bench/main.py", "print(7)\n")
    r = bench(t, "--mode", "jit", "--vs", "python3")
    t.expect(r, err="")
    t.equal(len(re.findall(r"(?m)^  vs python3  %s  \(Ruff %s incl\. start-up, \d+\.\d\dx (?:faster|slower)\)$" % (DURATION, DURATION), r.out)), 2)
    t.true(re.search(r"\nGeometric Mean vs python3: \d+\.\d\dx (?:faster|slower)\n", r.out), r.out)


def test_peer_files_of_the_command_line(t):
    t.write("bench/a.ruff", "print(7)\n")
    t.write("seven.py", "print(7)\n")
    peer = report(t, "--mode", "vm", "--vs", "python3=seven.py")["benchmarks"][0]["peers"][0]
    t.equal((peer["name"], peer["file"], peer["status"], peer["error"]), ("python3", "seven.py", "ok", None))
    t.true(abs(peer["ratio"] - peer["ruff_median_ns"] / peer["median_ns"]) < 1e-3 * peer["ratio"], peer)


def test_bad_peers(t):
    t.write("bench/a.ruff", "print(7)\n")
    t.write("eight.py", "print(8)\n")
    t.write("bad.py", "raise SystemExit(3)\n")
    for spec, status, error in (("python3=eight.py", "failed", "output differs from Ruff"), ("python3=bad.py", "failed", "exit code 3"),
                                ("python3=none.py", "failed", "none.py: No such file or directory (os error 2)"),
                                ("nosuchlanguage=bad.py", "missing", "nosuchlanguage: No such file or directory (os error 2)")):
        got = report(t, "--mode", "vm", "--vs", spec)
        peer = got["benchmarks"][0]["peers"][0]
        t.equal((peer["status"], peer["error"], peer["median_ns"], peer["ratio"]), (status, error, None, None))
        word = "is missing" if status == "missing" else "failed"
        t.true("a: peer %s %s: %s" % (peer["name"], word, error) in got["warnings"], got["warnings"])
    t.true("no benchmark names a program for 'lua'" in report(t, "--mode", "vm", "--vs", "lua")["warnings"], "unnamed")


# ---------------------------------------------------------------------------------------------------
# Interruption


def children_of(group):
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/environ" % name, "rb") as f:
                    if group in f.read():
                        found.append(name)
            except OSError:
                pass
    return found


def test_interrupt_kills_children(t):
    t.write("bench/a.ruff", "while true { }\n")
    mark = "RUFF_TEST_MARK=" + t.dir
    env = dict(t.environment(), RUFF_TEST_MARK=t.dir)
    process = subprocess.Popen([t.ruff, "bench"], cwd=t.dir, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for _ in range(600):
        if len(children_of(mark.encode())) > 1:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=t.timeout)
    t.equal((process.returncode, out, err), (130, b"", b""))
    for _ in range(100):
        if not children_of(mark.encode()):
            break
        time.sleep(0.05)
    t.equal(children_of(mark.encode()), [], "processes left")


def test_progress_on_a_terminal_only(t):
    t.write("bench/a.ruff", SUM)
    ours, theirs = pty.openpty()
    process = subprocess.Popen([t.ruff, "bench", *FAST, "--mode", "vm", "--json"], cwd=t.dir, env=t.environment(), stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    out = process.communicate(timeout=t.timeout)[0]
    shown = b""
    try:
        while True:
            piece = os.read(ours, 65536)
            if not piece:
                break
            shown += piece
    except OSError:
        pass
    os.close(ours)
    t.equal(json.loads(out)["status"], "ok")
    t.true(b"a (vm) process 2/2" in shown and shown.endswith(b"\r\x1b[K"), repr(shown))

"""ruff test: the snapshot corpus in ./tests."""

import json
import os
import re
import xml.etree.ElementTree as tree


def project(t, **files):
    for name, content in files.items():
        t.write("tests/" + name.replace("__", "."), content)


def line(mark, name, rest=r" \(\d+\.\d\dms\)"):
    return r"\[%s\] tests/%s%s" % (mark, re.escape(name), rest)


def test_passing_corpus(t):
    project(t, b__ruff="print(2)\n", b__out="2\n", a__ruff="print(1)\n", a__out="1\n")
    r = t.run("test")
    t.expect(r, err="")
    want = line("✓", "a.ruff") + "\n" + line("✓", "b.ruff") + "\n\n" + re.escape(
        "[✓] Passed 2/2 tests\n[i] Runtime strategy: dual (vm=2, jit=2, divergent=0)\n")
    t.true(re.fullmatch(want, r.out), "stdout: %r" % r.out)


def test_strategies(t):
    project(t, a__ruff="print(1)\n", a__out="1\n")
    for runtime, text in (("vm", "vm (vm=1)"), ("jit", "jit (jit=1)"), ("dual", "dual (vm=1, jit=1, divergent=0)"), ("interpreter", "vm (vm=1)")):
        r = t.run("test", "--runtime", runtime)
        t.expect(r, err="")
        t.true(r.out.endswith("\n[✓] Passed 1/1 tests\n[i] Runtime strategy: %s\n" % text), "stdout: %r" % r.out)


def test_failing_fixture(t):
    project(t, a__ruff="print(1)\nprint(2)\n", a__out="1\n3\n", b__ruff="print(1)\n", b__out="1\n")
    r = t.run("test", "--runtime", "vm")
    t.expect(r, code=3, err="")
    t.true(re.search(r"(?m)^\[✗\] tests/a\.ruff", r.out), r.out)
    t.true(re.search(r"(?m)^\s*Expected:\n    1\n    3\n\s*Got \(vm\):\n    1\n    2\n", r.out), "blocks: %r" % r.out)
    t.has(r.out, "\n[✗] Passed 1/2 tests\n[i] Runtime strategy: vm (vm=2)\n", "stdout")


def test_verbose_shows_a_diff_and_notes(t):
    project(t, a__ruff="print(1)\n", a__out="2\n", s__ruff="# Run with: ruff test-run tests/s.ruff\n")
    r = t.run("test", "--runtime", "vm", "-v")
    t.expect(r, code=3, err="")
    for text in ("-2\n", "+1\n", "[i] Running fixture: tests/a.ruff\n", "[i] Skipping test-run fixture: tests/s.ruff\n", "    snapshot: tests/a.out\n"):
        t.has(r.out, text, "stdout")


def test_test_run_files_are_skipped(t):
    project(t, a__ruff="print(1)\n", a__out="1\n", s__ruff='# a comment\n\n# Run with: ruff test-run tests/s.ruff\nprint("x")\n')
    r = t.run("test", "--runtime", "vm")
    t.expect(r, err="")
    t.has(r.out, "[✓] Passed 1/1 tests", "stdout")
    t.true(not os.path.exists(t.path("tests/s.out")), "no snapshot for a skipped file")


def test_missing_snapshot_is_created(t):
    project(t, a__ruff="print(1)\nprint(2)\n")
    r = t.run("test")
    t.expect(r, err="")
    t.has(r.out, "[✓] Passed 1/1 tests", "stdout")
    t.equal(t.read("tests/a.out").strip(), "1\n2", "snapshot")
    t.expect(t.run("test"), err="")


def test_update_rewrites(t):
    project(t, a__ruff="print(1)\n", a__out="old\n")
    t.expect(t.run("test", "--update"), err="")
    t.equal(t.read("tests/a.out").strip(), "1", "snapshot")


def test_diagnostics_are_part_of_the_snapshot(t):
    project(t, a__ruff='print("before")\nx := 1 / 0\n')
    t.expect(t.run("test"), err="")
    text = t.read("tests/a.out")
    t.true(text.startswith("before\n"), text)
    t.has(text, "[RUFVM001] [vm] Runtime Error: Division by zero", "snapshot")
    t.true(t.dir not in text, "no absolute path: %r" % text)
    t.expect(t.run("test"), err="")


def test_filter(t):
    project(t, one__ruff="print(1)\n", one__out="1\n", two__ruff="print(1)\n", two__out="wrong\n")
    r = t.run("test", "--filter", "one", "--runtime", "vm")
    t.expect(r, err="")
    t.has(r.out, "[✓] Passed 1/1 tests", "stdout")


def test_order_with_jobs(t):
    for i in range(12):
        t.write("tests/f%02d.ruff" % i, "sleep(%d)\nprint(%d)\n" % (30 - 2 * i, i))
        t.write("tests/f%02d.out" % i, "%d\n" % i)
    r = t.run("test", "--jobs", "4", "--runtime", "vm")
    t.expect(r, err="")
    t.equal(re.findall(r"tests/(f\d\d)", r.out), ["f%02d" % i for i in range(12)], "order")


def test_timeout(t):
    project(t, a__ruff="while true { }\n", a__out="\n")
    r = t.run("test", "--timeout", "1", "--runtime", "vm")
    t.expect(r, code=3, err="")
    t.has(r.out, "[✗] tests/a.ruff (timed out after 1s)\n", "stdout")


def test_missing_directory(t):
    t.expect(t.run("test"), code=5, out="", err="[!] Failed to read test directory: tests\n")


def test_json(t):
    project(t, a__ruff="print(1)\n", a__out="1\n", b__ruff="print(1)\n", b__out="2\n", c__ruff="print(1)\n")
    r = t.run("test", "--json", "--runtime", "vm")
    t.expect(r, code=3, err="")
    data = json.loads(r.out)
    t.equal(sorted(data), ["command", "failed", "fixtures", "passed", "runtime", "status", "total"], "keys")
    t.equal((data["command"], data["failed"], data["passed"], data["runtime"], data["status"], data["total"]),
            ("test", 1, 2, "vm", "failed", 3), "values")
    t.equal([(f["path"], f["status"]) for f in data["fixtures"]],
            [("tests/a.ruff", "passed"), ("tests/b.ruff", "failed"), ("tests/c.ruff", "created")], "fixtures")
    t.equal(sorted(data["fixtures"][0]), ["divergent", "duration_ms", "path", "status"], "keys of a fixture")


def test_junit(t):
    project(t, a__ruff="print(1)\n", a__out="1\n", b__ruff='print("<&>")\n', b__out="2\n")
    t.expect(t.run("test", "--runtime", "vm", "--junit", "report.xml"), code=3, err="")
    suites = tree.fromstring(t.read("report.xml"))
    cases = list(suites.iter("testcase"))
    t.equal(len(cases), 2, "number of test cases")
    t.equal(len(list(suites.iter("failure"))), 1, "number of failures")


def test_unknown_runtime(t):
    project(t, a__ruff="print(1)\n", a__out="1\n")
    r = t.run("test", "--runtime", "fast")
    t.expect(r, code=2, out="")
    t.has(r.err, "error: invalid value 'fast' for '--runtime': ", "stderr")

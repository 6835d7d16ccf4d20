"""ruff test-run: tests declared in a file."""

import json
import re
import xml.etree.ElementTree as tree

BAR = "=" * 60
PROGRAM = """counter := 0
func add(a, b) { return a + b }
test_setup { counter := 10 }
test_teardown { print("teardown") }
test "adds" { assert_equal(add(1, 2), 3) }
test_group "math" {
  test "fails" {
    print("shown")
    assert_equal(add(1, 1), 3)
  }
  test "fresh state" { counter += 1
    assert_equal(counter, 11) }
}
test "fresh again" { counter += 1
  assert_equal(counter, 11) }
"""


def report(out):
    """The report with all durations written as N."""
    return re.sub(r"\d+(\.\d+)?ms", "Nms", out)


def test_failing_report(t):
    t.write("a.ruff", PROGRAM)
    r = t.run("test-run", "a.ruff")
    t.expect(r, code=1, err="")
    text = report(r.out)
    t.has(text, "\n%s\nTest Results\n%s\n" % (BAR, BAR), "head")
    t.has(text, "  ✗ math > fails (Nms)\n    Error: Assertion failed: expected Int(3), got Int(2)\n      --> a.ruff:9:5\n", "failing test")
    t.has(text, "shown\n", "captured output of the failing test")
    t.true("✓" not in text, "passing tests are not listed: %r" % text)
    t.true(text.endswith("\nTests: 4 total, 3 passed, 1 failed\nTime:  Nms\n%s\n\n1 test(s) failed\n" % BAR), "end: %r" % text)


def test_verbose_report(t):
    t.write("a.ruff", PROGRAM)
    r = t.run("test-run", "-v", "a.ruff")
    t.expect(r, code=1, err="")
    text = report(r.out)
    names = re.findall(r"(?m)^  [✓✗] (.*) \(Nms\)$", text)
    t.equal(names, ["adds", "math > fails", "math > fresh state", "fresh again"], "names in source order")
    t.equal(text.count("teardown\n"), 4, "output of every test")


def test_passing_report(t):
    t.write("a.ruff", 'test "one" { print("hidden") }\ntest "two" { assert(true) }\n')
    r = t.run("test-run", "a.ruff")
    t.expect(r, err="")
    t.equal(report(r.out), "\n%s\nTest Results\n%s\n\nTests: 2 total, 2 passed, 0 failed\nTime:  Nms\n%s\n\nAll tests passed! ✨\n" % (BAR, BAR, BAR), "report")


def test_no_tests(t):
    t.write("a.ruff", "print(1)\n")
    t.expect(t.run("test-run", "a.ruff"), code=4, out="", err="No tests found in a.ruff\n")


def test_list(t):
    t.write("a.ruff", PROGRAM)
    t.expect(t.run("test-run", "--list", "a.ruff"), out="adds\nmath > fails\nmath > fresh state\nfresh again\n", err="")


def test_filter(t):
    t.write("a.ruff", PROGRAM)
    r = t.run("test-run", "--filter", "fresh", "a.ruff")
    t.expect(r, err="")
    t.has(r.out, "Tests: 2 total, 2 passed, 0 failed\n", "stdout")


def messages(t, program):
    t.write("a.ruff", program)
    r = t.run("test-run", "--json", "a.ruff")
    t.equal(r.err, "", "stderr")
    return [test["message"] for test in json.loads(r.out)["tests"]]


def test_setup_error(t):
    t.equal(messages(t, 'test_setup { throw("s") }\ntest "a" { }\n'), ["Setup failed: s"], "messages")


def test_teardown_error(t):
    t.equal(messages(t, 'test_teardown { throw("t") }\ntest "a" { }\n'), ["Teardown failed: t"], "messages")


def test_load_error(t):
    t.equal(messages(t, 'x := 1 / 0\ntest "a" { }\ntest "b" { }\n'), ["Load failed: Division by zero"] * 2, "messages")


def test_teardown_runs_after_a_failure(t):
    t.write("a.ruff", 'test_teardown { print("cleaned") }\ntest "a" { throw("boom") }\n')
    r = t.run("test-run", "a.ruff")
    t.expect(r, code=1, err="")
    t.has(r.out, "cleaned\n", "stdout")
    t.has(r.out, "    Error: boom\n", "stdout")


def test_last_setup_wins(t):
    t.equal(messages(t, 'x := 0\ntest_setup { x := 1 }\ntest_setup { x := 2 }\ntest "a" { throw("${x}") }\n'), ["2"], "messages")


def test_json(t):
    t.write("a.ruff", PROGRAM)
    r = t.run("test-run", "--json", "a.ruff")
    t.expect(r, code=1, err="")
    data = json.loads(r.out)
    t.equal(sorted(data), ["command", "failed", "file", "passed", "status", "tests", "total"], "keys")
    t.equal((data["command"], data["failed"], data["file"], data["passed"], data["total"]), ("test-run", 1, "a.ruff", 3, 4), "values")
    failing = data["tests"][1]
    t.equal(sorted(failing), ["column", "duration_ms", "line", "message", "name", "output", "status"], "keys of a test")
    t.equal((failing["name"], failing["status"], failing["line"], failing["column"], failing["message"]),
            ("math > fails", "failed", 9, 5, "Assertion failed: expected Int(3), got Int(2)"), "failing test")
    t.has(failing["output"], "shown\n", "output")
    t.equal([test["status"] for test in data["tests"]], ["passed", "failed", "passed", "passed"], "statuses")


def test_junit(t):
    t.write("a.ruff", PROGRAM)
    t.expect(t.run("test-run", "--junit", "report.xml", "a.ruff"), code=1, err="")
    t.equal(len(list(tree.fromstring(t.read("report.xml")).iter("testcase"))), 4, "number of test cases")


def test_capabilities_hold(t):
    t.write("a.ruff", 'test "a" { env("x") }\n')
    r = t.run("test-run", "--untrusted", "a.ruff")
    t.expect(r, code=1, err="")
    t.has(r.out, "    Error: Capability denied: env-read required for env; rerun with --allow-env-read\n", "stdout")


def test_front_end_errors(t):
    t.write("a.ruff", 'test "a" { x := ) }\n')
    t.expect(t.run("test-run", "a.ruff"), code=3, out="")
    t.write("b.ruff", 'test "a" { break }\n')
    t.expect(t.run("test-run", "b.ruff"), code=4, out="")
    t.expect(t.run("test-run", "missing.ruff"), code=5, out="")


def test_exit_fails_the_test_and_the_next_one_runs(t):
    t.write("a.ruff", """
func leave() { try { exit(3) } except e { print("caught") } finally { print("finally") } }
test_teardown { try { throw("x") } except e { print("cleaned") } }
test "leaves" { print("before")
  leave()
  print("after") }
test "zero" { exit() }
test "fine" { assert(true) }
""")
    r = t.run("test-run", "--json", "a.ruff")
    t.expect(r, code=1, err="")
    tests = json.loads(r.out)["tests"]
    t.equal([(x["name"], x["status"], x["message"]) for x in tests],
            [("leaves", "failed", "Test called exit(3)"), ("zero", "failed", "Test called exit(0)"), ("fine", "passed", None)], "tests")
    t.equal(tests[0]["output"], "before\ncleaned\n", "output: nothing after exit() but the teardown")
    t.equal((tests[0]["line"], tests[0]["column"]), (2, 22), "place")


def test_exit_anywhere_in_a_test(t):
    t.equal(messages(t, 'test_setup { exit(1) }\ntest "a" { }\n'), ["Setup failed: Test called exit(1)"], "setup")
    t.equal(messages(t, 'test_teardown { exit(2) }\ntest "a" { }\n'), ["Teardown failed: Test called exit(2)"], "teardown")
    t.equal(messages(t, 'exit(3)\ntest "a" { }\n'), ["Load failed: Test called exit(3)"], "top level")
    t.equal(messages(t, 'async func f() { exit(4) }\ntest "a" { try { await f() } except e { } }\n'), ["Test called exit(4)"], "async")
    t.equal(messages(t, 'test "a" { try { await spawn { exit(5) } } except e { } }\n'), ["Test called exit(5)"], "spawn")
    t.equal(messages(t, 'test "a" { map([1], func(x) => exit(6)) }\n'), ["Test called exit(6)"], "callback")


def test_no_jit(t):
    t.write("a.ruff", 'test "a" { assert(true) }\n')
    t.expect(t.run("test-run", "--no-jit", "a.ruff"), err="")

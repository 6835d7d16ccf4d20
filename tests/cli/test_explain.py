"""ruff explain: texts of codes, and that their programs do what the texts say."""

import json
import subprocess

KEYS = ["code", "command", "example_right", "example_wrong", "see_also", "status", "text", "title"]

# first line of standard error of the wrong program
FAMILIES = {
    "division-by-zero": "Division by zero",
    "integer-overflow": "Integer overflow",
    "missing-key": "Missing map key",
    "index-out-of-bounds": "Index out of bounds",
    "undefined-variable": "Undefined variable",
    "not-callable": "Cannot call non-function",
    "arity": "expects 2 arguments, got 1",
    "immutable": "Cannot mutate immutable",
    "call-depth": "call stack depth",
    "promise-rejected": "Promise rejected",
}


def codes(t):
    r = t.run("explain", "--list", "--json")
    t.expect(r, err="")
    return [c["code"] for c in json.loads(r.out)["codes"]]


def entry(t, code):
    r = t.run("explain", code, "--json")
    t.expect(r, err="")
    data = json.loads(r.out)
    t.equal(r.out, json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n", "layout")
    return data


def test_text(t):
    r = t.run("explain", "division-by-zero")
    t.expect(r, err="")
    lines = r.out.split("\n")
    t.equal(lines[:2], ["division-by-zero: Division or remainder by zero", ""], "head")
    for part in ("\n\nWrong:\n    func mean", "\n\nRight:\n    func mean", "\n\nSee also: integer-overflow, overflow\n"):
        t.has(r.out, part)
    t.true(r.out.endswith("\n") and not r.out.endswith("\n\n"), "one newline at the end")


def test_case_does_not_matter(t):
    t.equal(t.run("explain", "rufparse001").out, t.run("explain", "RUFPARSE001").out, "text")


def test_list(t):
    r = t.run("explain", "--list")
    t.expect(r, err="")
    listed = [line.split()[0] for line in r.out.splitlines()]
    t.equal(listed, codes(t), "codes")
    for code in ("RUFLEX005", "type-guard", "shadowed-builtin", "filesystem-read", "arity", "checksum"):
        t.true(code in listed, code)
    t.equal(len(set(listed)), len(listed), "different codes")


def test_unknown(t):
    r = t.run("explain", "type-gaurd")
    t.expect(r, code=2, out="",
             err="[RUFCLI001] [cli] error: No explanation for 'type-gaurd'\n  = help: Did you mean 'type-guard'?\n")
    r = t.run("explain", "xyzzyxyzzy")
    t.expect(r, code=2, out="")
    t.has(r.err, "ruff explain --list")
    r = t.run("explain", "type-gaurd", "--json")
    t.expect(r, code=2, err="")
    data = json.loads(r.out)
    t.equal((data["command"], data["kind"], data["exit_code"], data["message"]),
            ("explain", "command_error", 2, "No explanation for 'type-gaurd'"), "envelope")


def test_usage(t):
    r = t.run("explain")
    t.expect(r, code=2, out="")
    t.has(r.err, "error: the following required arguments were not provided: CODE")
    t.expect(t.run("explain", "--list", "arity"), code=2, out="")
    t.expect(t.run("explain", "arity", "bounds"), code=2, out="")


def test_json(t):
    for code in codes(t):
        data = entry(t, code)
        t.equal(sorted(data), KEYS, "keys of " + code)
        t.equal((data["code"], data["status"]), (code, "ok"), code)


def run_program(t, text):
    return t.run("run", "--no-jit", t.write("example.ruff", text + "\n"))


def test_right_programs_run(t):
    for code in codes(t):
        program = entry(t, code)["example_right"]
        if program is not None:
            t.equal((run_program(t, program).code, code), (0, code), "exit code")


def test_wrong_programs_fail_as_they_say(t):
    for code in codes(t):
        program = entry(t, code)["example_wrong"]
        if code.startswith("RUF") and code != "RUFLSP001" and program is not None:
            r = run_program(t, program)
            t.true(r.code in (3, 4), code)
            t.has(r.err, "[%s]" % code)
        elif code in FAMILIES:
            r = run_program(t, program)
            t.equal(r.code, 4, "exit code of " + code)
            t.has(r.err.split("\n")[0], FAMILIES[code], code)

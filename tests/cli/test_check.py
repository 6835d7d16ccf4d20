"""ruff check: never executes, reports like run."""

import json
import re


def test_plain_verbose_quiet(t):
    t.write("a.ruff", 'print("not executed")\nx := 1\n')
    t.expect(t.run("check", "a.ruff"), out="check passed: a.ruff\n", err="")
    for flag in ("-q", "--quiet"):
        t.expect(t.run("check", flag, "a.ruff"), out="", err="")
    for flag in ("-v", "--verbose"):
        r = t.run("check", flag, "a.ruff")
        t.expect(r, err="")
        t.true(re.fullmatch(r"check passed: a\.ruff \(statements=2, bytecode_instructions=[1-9]\d*\)\n", r.out), r.out)


def test_several_files(t):
    t.write("b.ruff", "print(1)\n")
    t.write("a.ruff", "print(1)\n")
    t.expect(t.run("check", "b.ruff", "a.ruff"), out="check passed: b.ruff\ncheck passed: a.ruff\n", err="")


def test_directories_are_searched(t):
    for name in ("d/z.ruff", "d/a.ruff", "d/sub/m.ruff", "d/readme.txt"):
        t.write(name, "print(1)\n")
    r = t.run("check", "d")
    t.expect(r, err="")
    t.equal(sorted(r.out.split("\n")), ["", "check passed: d/a.ruff", "check passed: d/sub/m.ruff", "check passed: d/z.ruff"], "stdout")
    t.true(r.out.index("d/a.ruff") < r.out.index("d/z.ruff"), "sorted")


def test_imports_are_not_followed(t):
    t.write("a.ruff", "import no_such_module\nprint(undefined_name)\n")
    t.expect(t.run("check", "a.ruff"), out="check passed: a.ruff\n", err="")


def test_json_of_one_file(t):
    t.write("a.ruff", "x := 1\nprint(x)\n")
    r = t.run("check", "--json", "a.ruff")
    t.expect(r, err="")
    data = json.loads(r.out)
    t.equal(sorted(data), ["bytecode_instruction_count", "command", "file", "statement_count", "status"], "keys")
    t.equal((data["command"], data["file"], data["statement_count"], data["status"]), ("check", "a.ruff", 2, "ok"), "values")
    t.equal(r.out, json.dumps(data, indent=2, sort_keys=True) + "\n", "layout")


def test_json_of_several_files(t):
    t.write("a.ruff", "x := 1\n")
    t.write("b.ruff", "x := 1\n")
    r = t.run("check", "--json", "a.ruff", "b.ruff")
    t.expect(r, err="")
    data = json.loads(r.out)
    t.equal(sorted(data), ["command", "files", "status"], "keys")
    t.equal([f["file"] for f in data["files"]], ["a.ruff", "b.ruff"], "files")


def test_failures_exit_like_run(t):
    t.write("lex.ruff", "x := @\n")
    t.write("parse.ruff", "x := )\n")
    t.write("compile.ruff", "break\n")
    t.write("binary.ruff", b"\xff")
    for name, code in (("lex.ruff", 3), ("parse.ruff", 3), ("compile.ruff", 4), ("binary.ruff", 5), ("missing.ruff", 5)):
        r = t.run("check", name)
        t.expect(r, code=code, out="")
        t.equal(r.err, t.run("run", name).err, "stderr for " + name)


def test_json_of_a_failure(t):
    t.write("a.ruff", "x := )\ny := ]\n")
    r = t.run("check", "--json", "a.ruff")
    t.expect(r, code=3, err="")
    data = json.loads(r.out)
    t.equal(sorted(data), ["command", "contract_version", "diagnostics", "exit_code", "kind", "message", "status"], "keys")
    t.equal((data["command"], data["contract_version"], data["exit_code"], data["kind"], data["status"]),
            ("check", "1.0.0-draft", 3, "command_error", "error"), "values")
    t.equal(data["diagnostics"], [
        {"code": "RUFPARSE001", "column": 6, "file": "a.ruff", "help": "Fix the parse error and rerun Ruff.", "line": 1,
         "message": "Expected expression", "severity": "error", "subsystem": "parser"},
        {"code": "RUFPARSE001", "column": 6, "file": "a.ruff", "help": "Fix the parse error and rerun Ruff.", "line": 2,
         "message": "Expected expression", "severity": "error", "subsystem": "parser"},
    ], "diagnostics")
    t.equal(r.out, json.dumps(data, indent=2, sort_keys=True) + "\n", "layout")


def test_json_of_a_missing_file(t):
    r = t.run("check", "--json", "nope.ruff")
    t.expect(r, code=5, err="")
    data = json.loads(r.out)
    t.equal((data["exit_code"], data["kind"], data["status"]), (5, "command_error", "error"), "values")

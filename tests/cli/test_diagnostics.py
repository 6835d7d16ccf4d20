"""The JSON form of runtime diagnostics, and colour."""

import json
import re

PROGRAM = "func divide(a, b) {\n  return a / b\n}\nfunc run() { return divide(1, 0) }\nprint(\"start\")\nprint(run())\n"
RED = "\x1b["


def diagnostic(message, line, column, help_text=None):
    return {"code": "RUFVM001", "column": column, "file": "a.ruff", "help": help_text, "line": line,
            "message": message, "severity": "error", "subsystem": "vm"}


def envelope(t, result, prefix=""):
    t.expect(result, code=4, err="")
    t.true(result.out.startswith(prefix), "stdout starts with the program's output: %r" % result.out)
    data = json.loads(result.out[len(prefix):])
    t.equal(result.out[len(prefix):], json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n", "layout")
    return data


def test_runtime_error(t):
    t.write("a.ruff", PROGRAM)
    data = envelope(t, t.run("run", "--json-runtime-diagnostics", "a.ruff"), "start\n")
    t.equal(data, {
        "call_stack": [
            {"column": 21, "file": "a.ruff", "function": "run", "line": 4},
            {"column": 12, "file": "a.ruff", "function": "divide", "line": 2},
        ],
        "command": "run",
        "contract_version": "1.0.0-draft",
        "diagnostic": diagnostic("Division by zero", 2, 12),
        "exit_code": 4,
        "kind": "runtime_diagnostic",
        "runtime_kind": "Runtime Error",
        "status": "error",
    }, "envelope")


def test_top_level_error_has_an_empty_call_stack(t):
    t.write("a.ruff", 'x := "a" + 1\n')
    data = envelope(t, t.run("run", "a.ruff", "--json-runtime-diagnostics"))
    t.equal(data["call_stack"], [], "call_stack")
    t.equal(data["diagnostic"], diagnostic("Invalid binary operation: string + int", 1, 10,
                                           'Use to_string(x) or interpolation "${x}" to build text.'), "diagnostic")


def test_did_you_mean_serves_as_help(t):
    t.write("a.ruff", "counter := 1\nprint(countr2)\n")
    data = envelope(t, t.run("run", "--json-runtime-diagnostics", "a.ruff"))
    t.equal(data["diagnostic"]["help"], "Did you mean 'counter'?", "help")


def test_compile_error(t):
    t.write("a.ruff", "print(1)\nbreak\n")
    data = envelope(t, t.run("run", "--json-runtime-diagnostics", "a.ruff"))
    t.true("call_stack" not in data and "runtime_kind" not in data, "no runtime keys: %r" % data)
    t.equal(data["diagnostic"], diagnostic("Compilation error: break can only be used inside a loop", 2, 1), "diagnostic")


def test_parse_errors_keep_the_human_form(t):
    t.write("a.ruff", "x := )\n")
    r = t.run("run", "--json-runtime-diagnostics", "a.ruff")
    t.expect(r, code=3, out="", err=t.run("run", "a.ruff").err)


def test_clean_run_prints_no_envelope(t):
    t.write("a.ruff", "print(1)\n")
    t.expect(t.run("run", "--json-runtime-diagnostics", "a.ruff"), out="1\n", err="")


def test_no_colour_without_a_terminal(t):
    t.write("a.ruff", "x := 1 / 0\n")
    t.true(RED not in t.run("a.ruff").err, "plain by default")


def test_forced_colour(t):
    t.write("a.ruff", "x := 1 / 0\n")
    plain = t.run("a.ruff").err
    for case in ({"env": {"FORCE_COLOR": "1"}}, {"env": {"CLICOLOR_FORCE": "1"}}, {"flags": ["--color", "always"]}, {"flags": ["--color=always"]}):
        r = t.run("run", *case.get("flags", []), "a.ruff", env=case.get("env"))
        t.expect(r, code=4, out="")
        t.has(r.err, RED, "stderr of %r" % case)
        stripped = re.sub(r"\x1b\[[0-9;]*m", "", r.err)
        t.equal(stripped, plain, "text without colours")


def test_no_color_wins(t):
    t.write("a.ruff", "x := 1 / 0\n")
    for case in ({"env": {"NO_COLOR": "1", "FORCE_COLOR": "1"}}, {"flags": ["--color", "never"], "env": {"FORCE_COLOR": "1"}}):
        r = t.run("run", *case.get("flags", []), "a.ruff", env=case.get("env"))
        t.true(RED not in r.err, "no colour with %r" % case)


def test_front_end_blocks_are_never_coloured(t):
    for source in ("x := )\n", "x := @\n", "break\n"):
        t.write("a.ruff", source)
        t.true(RED not in t.run("run", "a.ruff", env={"FORCE_COLOR": "1"}).err, "plain block for %r" % source)


def test_json_is_never_coloured(t):
    t.write("a.ruff", "x := 1 / 0\n")
    r = t.run("run", "--json-runtime-diagnostics", "a.ruff", env={"FORCE_COLOR": "1"})
    t.true(RED not in r.out, "plain JSON")


def test_bad_colour_value(t):
    t.write("a.ruff", "x := 1\n")
    r = t.run("run", "--color", "sometimes", "a.ruff")
    t.expect(r, code=2, out="")
    t.has(r.err, "error: invalid value 'sometimes' for '--color': ", "stderr")

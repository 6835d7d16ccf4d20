"""Help, version and usage errors (exit 0 and 2)."""

import json
import re


def usage_error(t, arguments, message, tip=None):
    r = t.run(*arguments)
    t.expect(r, code=2, out="")
    lines = r.err.split("\n")
    t.equal(lines[0], "error: " + message, "first line of stderr")
    t.true("" in lines[1:-1], "a blank line stands before the usage line")
    t.true(any(line.startswith("Usage: ") for line in lines), "stderr has a usage line: %r" % r.err)
    if tip:
        t.has(r.err, "  tip: did you mean '%s'?" % tip, "stderr")
    else:
        t.true("tip:" not in r.err, "no tip expected: %r" % r.err)


def test_no_arguments_prints_help(t):
    r = t.run()
    t.expect(r, err="")
    t.has(r.out, "Ruff: A modern programming language\n", "stdout")


def test_help_forms_agree(t):
    want = t.run("--help")
    t.expect(want, err="")
    t.true("Ruff: A modern programming language" in want.out.split("\n"), "root help has its title line")
    for form in (["-h"], ["help"]):
        t.expect(t.run(*form), out=want.out, err="")


def test_help_names_every_first_stage_command(t):
    out = t.run("--help").out
    for name in ("run", "check", "test", "test-run", "version"):
        t.true(re.search(r"(?m)^\s+%s\b" % re.escape(name), out), "root help lists %s" % name)


def test_help_of_a_command(t):
    for name in ("run", "check", "test", "test-run"):
        by_flag = t.run(name, "--help")
        t.expect(by_flag, err="")
        t.has(by_flag.out, "Usage: ruff " + name, "help of " + name)
        t.expect(t.run("help", name), out=by_flag.out, err="")


def test_help_of_run_lists_its_flags(t):
    out = t.run("run", "--help").out
    for flag in ("--no-jit", "--jit-threshold", "--no-cache", "--max-call-depth", "--scheduler-timeout-ms",
                 "--json-runtime-diagnostics", "--untrusted", "--allow-fs-read"):
        t.has(out, flag, "help of run")


def test_version_forms(t):
    for form in (["-V"], ["--version"], ["version"]):
        r = t.run(*form)
        t.expect(r, err="")
        t.true(re.fullmatch(r"ruff \d+\.\d+\.\d+\n", r.out), "version line: %r" % r.out)


def test_version_verbose(t):
    r = t.run("version", "--verbose")
    t.expect(r, err="")
    lines = r.out.split("\n")
    t.true(re.fullmatch(r"ruff \d+\.\d+\.\d+", lines[0]), "first line: %r" % lines[0])
    for key in ("build: ", "compiler: ", "jit: ", "features: ", "cache: "):
        t.true(any(line.startswith(key) for line in lines[1:]), "has a line %r" % key)


def test_version_json(t):
    r = t.run("version", "--json")
    t.expect(r, err="")
    data = json.loads(r.out)
    t.equal(sorted(data), ["build", "cache", "command", "features", "jit", "status", "version"], "keys")
    t.equal(data["command"], "version", "command")
    t.equal(data["status"], "ok", "status")
    t.equal(sorted(data["jit"]), ["backend", "version"], "keys of jit")
    t.equal(r.out, json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n", "layout")


def test_unknown_command(t):
    usage_error(t, ["frobnicate"], "unrecognized subcommand 'frobnicate'")


def test_unknown_command_with_tip(t):
    usage_error(t, ["chekc"], "unrecognized subcommand 'chekc'", tip="check")


def test_reserved_command(t):
    r = t.run("build")
    t.expect(r, code=2, out="")
    t.true(r.err.startswith("[RUFCLI001] [cli] error: 'build' is a reserved command name\n"), "stderr: %r" % r.err)


def test_unknown_option(t):
    t.write("a.ruff", "print(1)\n")
    usage_error(t, ["run", "--frobnicate", "a.ruff"], "unexpected argument '--frobnicate' found")


def test_unknown_option_with_tip(t):
    t.write("a.ruff", "print(1)\n")
    usage_error(t, ["run", "--no-jti", "a.ruff"], "unexpected argument '--no-jti' found", tip="--no-jit")


def test_missing_operand(t):
    usage_error(t, ["run"], "the following required arguments were not provided: FILE")
    usage_error(t, ["check"], "the following required arguments were not provided: FILE")
    usage_error(t, ["test-run"], "the following required arguments were not provided: FILE")


def test_bad_number(t):
    t.write("a.ruff", "print(1)\n")
    for option in ("--jit-threshold", "--max-call-depth", "--scheduler-timeout-ms"):
        for value in ("abc", "-1", "1.5", ""):
            r = t.run("run", option + "=" + value, "a.ruff")
            t.expect(r, code=2, out="")
            t.true(r.err.startswith("error: invalid value '%s' for '%s': " % (value, option)), "stderr: %r" % r.err)


def test_conflict(t):
    t.write("a.ruff", "print(1)\n")
    r = t.run("check", "-q", "-v", "a.ruff")
    t.expect(r, code=2, out="")
    t.has(r.err, "cannot be used with", "stderr")


def test_scheduler_timeout_zero(t):
    t.write("a.ruff", "print(1)\n")
    r = t.run("run", "--scheduler-timeout-ms", "0", "a.ruff")
    t.expect(r, code=2, out="")
    t.has(r.err, "[RUFCLI001] [cli] error: Scheduler timeout must be greater than 0ms\n", "stderr")


def test_scheduler_timeout_variable_zero_is_ignored(t):
    t.write("a.ruff", "print(1)\n")
    for value in ("0", "abc"):
        t.expect(t.run("run", "a.ruff", env={"RUFF_SCHEDULER_TIMEOUT_MS": value}), out="1\n", err="")

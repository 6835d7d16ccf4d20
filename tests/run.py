#!/usr/bin/env python3
"""The one test runner of the project.

    tests/run.py [--build DIR] [--ruff FILE] [--modes vm,jit,...] [--filter TEXT] [--list-failures]

It runs five suites, each of which may be selected with --suites:

    unit     every executable BUILD/unit_* (cmocka)
    lang     the programs of tests/lang and docs/examples, once per mode
    cli      the test_* functions of tests/cli/test_*.py
    jit      the programs of tests/jit, each once per entry of JIT_MODES and once more with DEBUG_JIT, whose
             lines are checked; then the test_* functions of tests/jit/test_*.py
    layers   the #include lines of src/ against the layering (tests/layers.py)

A language case is NAME.ruff with NAME.out beside it, or a folder with main.ruff and main.out.
Optional files: NAME.exit (status, default 0), NAME.err (exact standard error), NAME.errhas (lines that
must occur in standard error), NAME.args (arguments after the file), NAME.env (K=V lines), NAME.in
(standard input).  A case that exits with 0 and has neither .err nor .errhas must leave stderr empty.

The last line is always "N passed, M failed"; the exit status is 1 when anything failed.
Only the Python standard library is used.
"""

import argparse
import concurrent.futures
import importlib.util
import inspect
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True

TESTS = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(TESTS)
LANG_FOLDERS = (os.path.join(TESTS, "lang"), os.path.join(ROOT, "docs", "examples"))
JIT_FOLDER = os.path.join(TESTS, "jit")
SUITES = ("unit", "lang", "cli", "jit", "layers")

EAGER = {"RUFF_JIT_THRESHOLD": "1", "RUFF_JIT_LOOP_THRESHOLD": "1", "RUFF_JIT_SYNC": "1"}
MODES = {
    "vm": (["--no-jit"], {}),
    "jit": ([], {}),
    "jit-eager": ([], dict(EAGER, RUFF_JIT_CACHE="off")),
    "jit-deopt": ([], dict(EAGER, RUFF_JIT_STRESS="deopt:3,seed:1")),
}

# The suite `jit` runs every program of tests/jit in each of these; --modes does not apply to it.
SPECULATIVE = {"RUFF_JIT_THRESHOLD": "2", "RUFF_JIT_SYNC": "1"}  # hardly any profile: most guards are guesses
JIT_MODES = {
    "no-jit": (["--no-jit"], {}),
    "default": ([], {}),
    "threshold-1": (["--jit-threshold", "1"], {}),
    "sync-2": ([], SPECULATIVE),
    "deopt-1": ([], dict(SPECULATIVE, RUFF_JIT_STRESS="deopt:1")),
    "deopt-3": ([], dict(SPECULATIVE, RUFF_JIT_STRESS="deopt:3,seed:7")),
}

# Variables that would change what a test sees; they are removed from the environment of every child.
SWITCHES = re.compile(r"^(RUFF_|DEBUG_|DISABLE_|NO_COLOR$|FORCE_COLOR$|CLICOLOR)")


class Failure(Exception):
    """A test found something other than it expected."""


class Skip(Exception):
    """A test does not apply to this build or machine."""


def clean_environment(extra=None):
    env = {k: v for k, v in os.environ.items() if not SWITCHES.match(k)}
    env.setdefault("LC_ALL", "C.UTF-8")
    if "TEST_JIT_TIMEOUT_MS" in os.environ:
        env["RUFF_JIT_TIMEOUT_MS"] = os.environ["TEST_JIT_TIMEOUT_MS"]
    env.update(extra or {})
    return env


def run_process(command, cwd, env, stdin, timeout):
    """Run a command in its own process group; the whole group is killed when the time is over."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except OSError:
            process.kill()
        process.communicate()
        raise Failure("timed out after %g s" % timeout) from None
    return process.returncode, out, err


def first_difference(what, want, got):
    want_lines = want.decode("utf-8", "replace").split("\n")
    got_lines = got.decode("utf-8", "replace").split("\n")
    for i in range(max(len(want_lines), len(got_lines))):
        w = repr(want_lines[i][:160]) if i < len(want_lines) else "end of output"
        g = repr(got_lines[i][:160]) if i < len(got_lines) else "end of output"
        if w != g:
            return "%s line %d: expected %s, got %s" % (what, i + 1, w, g)
    return "%s differs" % what


# ---------------------------------------------------------------------------------------------------
# Language cases


def read_optional(path, default=None):
    if not os.path.exists(path):
        return default
    with open(path, "rb") as f:
        return f.read()


class LangCase:
    def __init__(self, program, mode, options):
        self.folder, self.file = os.path.split(program)
        self.base = program[: -len(".ruff")]
        self.mode = mode
        self.options = options
        name = os.path.relpath(self.folder if self.file == "main.ruff" else self.base, ROOT)
        if name.startswith("tests" + os.sep):
            name = name[len("tests" + os.sep) :]
        self.name = "%s [%s]" % (name, mode)

    def settings(self):
        """(arguments, variables) of the mode."""
        return MODES[self.mode]

    def program_stderr(self, err):
        """What the program itself wrote to standard error."""
        return err

    def run(self):
        arguments, variables = self.settings()
        variables = dict({"RUFF_JIT_CACHE": self.options.jit_cache}, **variables)
        variables["NO_COLOR"] = "1"
        for line in read_optional(self.base + ".env", b"").decode().split("\n"):
            key, separator, value = line.partition("=")
            if separator:
                variables[key] = value
        extra = shlex.split(read_optional(self.base + ".args", b"").decode())
        code, out, err = run_process(
            [self.options.ruff, "run"] + arguments + [self.file] + extra,
            self.folder,
            clean_environment(variables),
            read_optional(self.base + ".in"),
            self.options.timeout,
        )
        problems = []
        err = self.program_stderr(err)
        want_code = int(read_optional(self.base + ".exit", b"0"))
        if code != want_code:
            shown = "signal %d" % -code if code < 0 else str(code)
            first = err.decode("utf-8", "replace").strip().split("\n")[0][:160]
            problems.append("exit: expected %d, got %s%s" % (want_code, shown, first and " (%s)" % first))
        want_out = read_optional(self.base + ".out")
        if out != want_out:
            problems.append(first_difference("stdout", want_out, out))
        want_err = read_optional(self.base + ".err")
        want_lines = read_optional(self.base + ".errhas")
        if want_err is None and want_lines is None and want_code == 0:
            want_err = b""
        if want_err is not None and err != want_err:
            problems.append(first_difference("stderr", want_err, err))
        for item in (want_lines or b"").decode().split("\n"):
            if item and item not in err.decode("utf-8", "replace"):
                problems.append("stderr lacks %r" % item)
        if problems:
            raise Failure("\n".join(problems))
        return 1


def find_programs(top):
    for folder, dirs, files in os.walk(top):
        dirs.sort()
        if "main.ruff" in files and "main.out" in files:
            dirs[:] = []
            yield os.path.join(folder, "main.ruff")
            continue
        for name in sorted(files):
            if name.endswith(".ruff"):
                if name[: -len(".ruff")] + ".out" in files:
                    yield os.path.join(folder, name)
                else:
                    raise SystemExit("%s has no .out file" % os.path.join(folder, name))


def lang_cases(options):
    programs = [p for top in LANG_FOLDERS for p in find_programs(top)]
    return [LangCase(p, mode, options) for mode in options.modes for p in programs]


# ---------------------------------------------------------------------------------------------------
# Programs for the JIT

UNIT = r"(?:func|loop) '(?:[^'\\]|\\.)*' id=\d+"
REASON = r"[a-z]+(?:-[a-z]+)*"
HASH = r"[0-9a-f]{16}"
MS = r"\d+\.\d{3}"
JIT_LINES = {  # event -> what follows it (cli.md 5.1; keys may be appended)
    "config": r"backend=(?:gccjit threshold=\d+ loop_threshold=\d+ jobs=\d+ sync=[01] opt=[0-3] cache=(?:off|'(?:[^'\\]|\\.)*')"
    r"|none reason=" + REASON + ")",
    "hot": UNIT + r" at='(?:[^'\\]|\\.)*:\d+' calls=\d+ loops=\d+",
    "queue": UNIT + r" batch=\d+ pending=\d+",
    "compile": UNIT + r" tier=jit ops=\d+ ms=" + MS + r" bytes=\d+ types='(?:[^'\\]|\\.)*'",
    "install": UNIT + r" entry=\w+ osr=\d+ source=(?:compile|cache)",
    "enter": UNIT,
    "osr": UNIT + r" pc=\d+ line=\d+",
    "guard": UNIT + r" pc=\d+ line=\d+ expected=\S+ got=\S+ fails=\d+",
    "deopt": UNIT + r" pc=\d+ line=\d+ reason=" + REASON + r" resume=vm count=\d+",
    "invalidate": UNIT + " reason=" + REASON + r" retry=\d+",
    "reject": UNIT + " reason=" + REASON + r" pc=(?:\d+|-) op=(?:\w+|-) line=(?:\d+|-)",
    "cache hit": UNIT + " key=" + HASH + " ms=" + MS,
    "cache miss": UNIT + " key=" + HASH,
    "cache store": UNIT + " key=" + HASH + r" bytes=\d+",
    "cache bad": UNIT + " key=" + HASH + " reason=" + REASON,
    "stats": r"compiled=\d+ installed=\d+ entered=\d+ osr=\d+ guards=\d+ deopts=\d+ invalidated=\d+ rejected=\d+"
    r" cache_hits=\d+ cache_stores=\d+ compile_ms=" + MS,
}
JIT_LINE = re.compile("JIT: (?:%s)(?: \\w+=(?:'(?:[^'\\\\]|\\\\.)*'|\\S+))*" % "|".join("%s %s" % item for item in JIT_LINES.items()))


def jit_lines(err):
    """(lines of DEBUG_JIT, the rest) of a standard error; raises Failure when a line does not follow cli.md 5.1."""
    text = err.decode("utf-8", "replace")
    own = [line for line in text.split("\n") if line.startswith("JIT: ")]
    rest = re.sub(r"^JIT: .*\n", "", text, flags=re.M)
    for line in own:
        if not JIT_LINE.fullmatch(line):
            raise Failure("malformed line %r" % line)
    if own and not own[-1].startswith("JIT: stats "):
        raise Failure("the last line is %r, not the statistics" % own[-1])
    return own, rest.encode()


def jit_counts(own):
    """The numbers of the statistics line."""
    if not own:
        raise Failure("DEBUG_JIT printed nothing")
    return {k: float(v) for k, v in re.findall(r"(\w+)=([\d.]+)", own[-1])}


class JitCase(LangCase):
    """A program of tests/jit in one of JIT_MODES."""

    @property
    def area(self):
        return "jit/" + self.mode

    def settings(self):
        return JIT_MODES[self.mode]


class JitDebugCase(JitCase):
    """A program of tests/jit with DEBUG_JIT=1, compiled at first use.  NAME.native holds what must have happened:
    lines `KEY>=N` or `KEY<=N` about the statistics."""

    def settings(self):
        return ["--jit-threshold", "1"], {"DEBUG_JIT": "1"}

    def program_stderr(self, err):
        own, rest = jit_lines(err)
        if self.options.native_checks:
            wanted = (read_optional(self.base + ".native") or b"").decode().split()
            counts = jit_counts(own) if wanted else {}
            for item in wanted:
                key, relation, number = re.fullmatch(r"(\w+)(>=|<=)(\d+)", item).groups()
                if (counts[key] < int(number)) if relation == ">=" else (counts[key] > int(number)):
                    raise Failure("not as native as it should be: %s, but %s" % (item, own[-1]))
        elif not own:
            raise Skip("no native code in this build")
        return rest


def jit_cases(options):
    programs = list(find_programs(JIT_FOLDER))
    cases = [JitCase(p, mode, options) for p in programs for mode in JIT_MODES]
    cases += [JitDebugCase(p, "debug", options) for p in programs]
    return cases + function_cases(JIT_FOLDER, "jit", options)


# ---------------------------------------------------------------------------------------------------
# Unit tests


class UnitCase:
    def __init__(self, path, options):
        self.path = path
        self.options = options
        self.name = "unit/" + os.path.basename(path)[len("unit_") :]

    def run(self):
        code, out, err = run_process([self.path], TESTS, clean_environment(), None, self.options.timeout * 4)
        text = (out + err).decode("utf-8", "replace")
        passed = sum(int(n) for n in re.findall(r"\[  PASSED  \] (\d+) test", text))
        if code != 0:
            broken = re.findall(r"\[  FAILED  \] (\w+)\n", text)
            tail = [line for line in text.strip().split("\n") if line][-12:]
            raise Failure("exit %d %s\n%s" % (code, " ".join(broken), "\n".join(tail)))
        return max(passed, 1)


def unit_cases(options):
    if not os.path.isdir(options.build):
        return []
    names = sorted(n for n in os.listdir(options.build) if n.startswith("unit_"))
    paths = [os.path.join(options.build, n) for n in names]
    return [UnitCase(p, options) for p in paths if os.path.isfile(p) and os.access(p, os.X_OK)]


# ---------------------------------------------------------------------------------------------------
# Command-line contracts


class Result:
    """What a child process did: exit code (negative: killed by that signal), stdout and stderr as text."""

    def __init__(self, code, out, err):
        self.code = code
        self.raw_out, self.raw_err = out, err
        self.out, self.err = out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


class Cli:
    """Handed to each command-line test: the executable, a fresh folder, and checks that raise Failure."""

    def __init__(self, folder, options):
        self.dir = folder
        self.ruff = options.ruff
        self.sanitized = options.sanitized
        self.native_checks = options.native_checks
        self.timeout = options.timeout

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, content):
        """Write a file (text or bytes) below the test's folder; gives its absolute path."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def environment(self, extra=None):
        """No user settings, and a code cache of the test's own."""
        cache = os.path.join(os.path.dirname(self.dir), "cache")
        return clean_environment(dict({"TERM": "xterm", "XDG_CACHE_HOME": cache, "RUFF": self.ruff}, **(extra or {})))

    def run(self, *arguments, stdin=None, env=None, timeout=None):
        stdin = stdin.encode() if isinstance(stdin, str) else stdin
        variables = self.environment(env)
        command = [self.ruff] + list(arguments)
        return Result(*run_process(command, self.dir, variables, stdin, timeout or self.timeout))

    def shell(self, script, env=None, timeout=None):
        """Run a bash script in the folder; $RUFF is the executable."""
        command = ["bash", "-c", script]
        return Result(*run_process(command, self.dir, self.environment(env), None, timeout or self.timeout))

    def equal(self, got, want, what="value"):
        if got != want:
            raise Failure("%s: expected %r, got %r" % (what, want, got))

    def has(self, text, part, what="text"):
        if part not in text:
            raise Failure("%s: expected it to contain %r, got %r" % (what, part, text[:600]))

    def true(self, condition, what):
        if not condition:
            raise Failure(what)

    def expect(self, result, code=0, out=None, err=None):
        """Check exit code and, where given, the exact streams."""
        if result.code != code:
            raise Failure("exit: expected %d, got %d (stderr: %r)" % (code, result.code, result.err[:400]))
        if out is not None:
            self.equal(result.out, out, "stdout")
        if err is not None:
            self.equal(result.err, err, "stderr")

    def skip(self, why):
        raise Skip(why)

    def native(self):
        """For tests of what only native code does."""
        if not self.native_checks:
            self.skip("no native code in this build")

    def not_sanitized(self, why):
        if self.sanitized:
            self.skip(why)


def remove(folder):
    """Removes it, although compile workers of programs that have ended may still store into it for a second."""
    for _ in range(50):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.exists(folder):
            return
        time.sleep(0.1)


class CliCase:
    def __init__(self, name, function, options):
        self.name, self.function, self.options = name, function, options

    def run(self):
        folder = tempfile.mkdtemp(prefix="ruff-test-")
        try:
            work = os.path.join(os.path.realpath(folder), "work")
            os.mkdir(work)
            self.function(Cli(work, self.options))
        finally:
            remove(folder)
        return 1


def load_module(path):
    spec = importlib.util.spec_from_file_location("cases_" + os.path.basename(path)[: -len(".py")], path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cli_cases(options):
    return function_cases(os.path.join(TESTS, "cli"), "cli", options)


def function_cases(folder, suite, options):
    """The test_* functions of the test_*.py files of a folder."""
    cases = []
    for file in sorted(os.listdir(folder) if os.path.isdir(folder) else []):
        if file.startswith("test_") and file.endswith(".py"):
            functions = inspect.getmembers(load_module(os.path.join(folder, file)), inspect.isfunction)
            area = file[len("test_") : -len(".py")]
            for name, function in functions:
                if name.startswith("test_"):
                    cases.append(CliCase("%s/%s/%s" % (suite, area, name[len("test_") :]), function, options))
    return cases


# ---------------------------------------------------------------------------------------------------
# Layering


class LayersCase:
    name = "layers"

    def run(self):
        problems = load_module(os.path.join(TESTS, "layers.py")).check(ROOT)
        if problems:
            raise Failure("\n".join(problems))
        return 1


def layers_cases(_options):
    return [LayersCase()]


# ---------------------------------------------------------------------------------------------------


def run_case(case):
    """Gives (number of checks passed, None) or (0, reason); a skipped case is (0, None)."""
    try:
        return case.run(), None
    except Failure as failure:
        return 0, str(failure)
    except Skip:
        return 0, None
    except Exception:  # a broken test is a failed test, with its trace as the reason
        return 0, traceback.format_exc().strip()


def parse_arguments():
    parser = argparse.ArgumentParser(description="Run the Ruff tests.")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"), metavar="DIR", help="build directory (default build)")
    parser.add_argument("--ruff", default=None, metavar="FILE", help="executable to test (default BUILD/ruff)")
    parser.add_argument("--modes", default="vm", help="comma list of " + ", ".join(MODES))
    parser.add_argument("--suites", default=",".join(SUITES), help="comma list of " + ", ".join(SUITES))
    parser.add_argument("--filter", action="append", default=[], metavar="TEXT", help="only names containing TEXT (repeatable)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--timeout", type=float, default=30.0, metavar="S", help="seconds per case (default 30)")
    parser.add_argument("--jit-timeout", metavar="MS", help="milliseconds per compile, for emulators (default: as built)")
    parser.add_argument("--no-native-checks", dest="native_checks", action="store_false", help="do not ask whether code ran natively")
    parser.add_argument("--sanitized", action="store_true", help="the executable was built with sanitizers")
    parser.add_argument("--list-failures", action="store_true", help="print every failed case with the reason")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    os.environ["TEST_BUILD"] = options.build  # programs find libruff_test_ffi.so there
    if options.jit_timeout:
        os.environ["TEST_JIT_TIMEOUT_MS"] = options.jit_timeout
    options.ruff = os.path.abspath(options.ruff or os.path.join(options.build, "ruff"))
    options.modes = [m for m in options.modes.split(",") if m]
    options.suites = [s for s in options.suites.split(",") if s]
    for chosen, known in ((options.modes, MODES), (options.suites, SUITES)):
        for item in chosen:
            if item not in known:
                parser.error("unknown name %r (known: %s)" % (item, ", ".join(known)))
    if not os.access(options.ruff, os.X_OK) and set(options.suites) & {"lang", "cli", "jit"}:
        parser.error("no executable at %s; build it first or give --ruff" % options.ruff)
    return options


def main():
    options = parse_arguments()
    options.jit_cache = tempfile.mkdtemp(prefix="ruff-jit-cache-")
    try:
        return run_all(options)
    finally:
        remove(options.jit_cache)


def run_all(options):
    finders = {"unit": unit_cases, "lang": lang_cases, "cli": cli_cases, "jit": jit_cases, "layers": layers_cases}
    cases = [c for suite in SUITES if suite in options.suites for c in finders[suite](options)]
    if options.filter:
        cases = [c for c in cases if any(text in c.name for text in options.filter)]
    table = {}
    failures = []
    with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
        for case, (passed, reason) in zip(cases, pool.map(run_case, cases)):
            area = getattr(case, "area", None) or re.sub(r" \[.*", "", "/".join(case.name.split("/")[:2]))
            row = table.setdefault(area, [0, 0])
            row[0] += passed
            if reason is not None:
                row[1] += 1
                failures.append((case.name, reason))
    for area, (passed, failed) in table.items():
        print("%-28s %6d passed %6d failed%s" % (area, passed, failed, "  <--" if failed else ""))
    for name, reason in failures:
        print("FAIL %s" % name)
        if options.list_failures:
            print("     " + reason.replace("\n", "\n     "))
    print("%d passed, %d failed" % (sum(r[0] for r in table.values()), len(failures)))
    return 1 if failures or not cases else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")
    sys.exit(main())

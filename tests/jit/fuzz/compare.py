"""Running one program in two tiers: shared by run.py and reduce.py."""

import os
import re
import signal
import subprocess

CONFIGURATIONS = {  # name -> (arguments, variables); the first run is always --no-jit
    "vm": (["--no-jit"], {}),  # against itself: tests the generator and the fuzzer
    "eager": (["--jit-threshold", "1"], {}),
    "guess": ([], {"RUFF_JIT_THRESHOLD": "2", "RUFF_JIT_SYNC": "1"}),
    "hot": ([], {"RUFF_JIT_SYNC": "1"}),
    "deopt": ([], {"RUFF_JIT_THRESHOLD": "2", "RUFF_JIT_SYNC": "1", "RUFF_JIT_STRESS": "deopt:3,seed:7"}),
    "async": ([], {"RUFF_JIT_THRESHOLD": "5"}),
}
SWITCHES = re.compile(r"^(RUFF_(?!JIT_OPT$)|DEBUG_|DISABLE_)")  # the level of optimisation is for the caller to choose


class Outcome:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def broken(self):
        """A crash, an internal error, or no end at all, whatever the program says."""
        if self.code is None:
            return "timeout"
        if self.code < 0:
            return "signal %d" % -self.code
        if self.code == 6 or b"Sanitizer" in self.err:
            return "internal error"
        return None


def execute(ruff, path, configuration, timeout=20, cache="off"):
    arguments, variables = CONFIGURATIONS[configuration]
    env = {k: v for k, v in os.environ.items() if not SWITCHES.match(k)}
    env.update(variables, NO_COLOR="1", RUFF_JIT_CACHE=cache)
    folder, name = os.path.split(path)
    process = subprocess.Popen([ruff, "run"] + arguments + [name], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    try:
        out, err = process.communicate(timeout=timeout)
        return Outcome(process.returncode, out, err)
    except subprocess.TimeoutExpired:
        try:
            os.killpg(process.pid, signal.SIGKILL)  # the group of the child started here, and nothing else
        except OSError:
            process.kill()
        out, err = process.communicate()
        return Outcome(None, out, err)


def difference(vm, other):
    """What sort of difference there is, or None.  The word stays the same while a program is reduced."""
    broken = other.broken()
    if broken:
        return None if vm.broken() == broken else broken
    if vm.code != other.code:
        return "exit"
    if vm.out != other.out:
        return "stdout"
    return "stderr" if vm.err != other.err else None


def first_difference(vm, other):
    for what, a, b in (("stdout", vm.out, other.out), ("stderr", vm.err, other.err)):
        one, two = a.decode("utf-8", "replace").split("\n"), b.decode("utf-8", "replace").split("\n")
        for i in range(max(len(one), len(two))):
            x, y = (t[i] if i < len(t) else None for t in (one, two))
            if x != y:
                return "%s line %d:\n   vm:  %r\n   jit: %r" % (what, i + 1, x, y)
    return "exit codes %s and %s" % (vm.code, other.code)

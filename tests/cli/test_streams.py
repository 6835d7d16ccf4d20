"""Buffered output, closed pipes, signals."""

import signal
import subprocess
import time


def test_output_and_errors_go_to_their_streams(t):
    t.expect(t.run("-e", 'print("out")\neprint("err")'), out="out\n", err="err\n")


def test_closed_stdout_ends_quietly(t):
    r = t.shell("\"$RUFF\" -e 'for i in 1000000 { print(i) }' | head -1; echo \"${PIPESTATUS[0]}\"")
    lines = r.out.split("\n")
    t.equal(lines[0], "0", "first line")
    t.true(lines[1] in ("0", "1", "141"), "status of the program: %r" % lines[1])
    t.true("Internal error" not in r.err and "Sanitizer" not in r.err, "stderr: %r" % r.err[:300])


def test_stdout_closed_from_the_start(t):
    r = t.shell("\"$RUFF\" -e 'print(1)' >&-; echo \"done\" >&2")
    t.equal(r.err.strip().split("\n")[-1], "done", "the shell goes on")
    t.true("Sanitizer" not in r.err, r.err)


def test_full_device_is_a_failure(t):
    for program in ("print(1)", "print(1)\nexit(0)", "for i in 100000 { print(i) }\nexit()"):
        r = t.shell("\"$RUFF\" -e '%s' >/dev/full" % program)
        t.expect(r, code=5, err="[RUFCLI001] [cli] error: Failed to write to standard output: No space left on device (os error 28)\n")


def test_full_device_does_not_hide_another_failure(t):
    t.expect(t.shell("\"$RUFF\" -e 'print(1)\nexit(7)' >/dev/full"), code=7, err="")
    t.expect(t.shell("\"$RUFF\" -e 'print(1)\nx := 1 / 0' >/dev/full"), code=4)


def start(t, program):
    return subprocess.Popen([t.ruff, "-e", program], cwd=t.dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=t.environment())


def interrupted(t, program):
    process = start(t, program)
    try:
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=t.timeout)
    finally:
        process.kill()
    t.equal(process.returncode, 130, "exit code after SIGINT (stderr %r)" % err[:200])
    return out.decode()


def test_interrupt_in_a_loop_flushes(t):
    t.equal(interrupted(t, 'write("before")\nwhile true { }'), "before", "stdout")


def test_interrupt_in_calls(t):
    t.equal(interrupted(t, 'write("before")\nfunc f(n) => n + 1\nx := 0\nloop { x := f(x) % 1000 }'), "before", "stdout")


def test_interrupt_while_waiting(t):
    t.equal(interrupted(t, 'write("before")\nawait async_sleep(60000)'), "before", "stdout")


def test_interrupt_in_a_builtin_wait(t):
    t.equal(interrupted(t, 'write("before")\nsleep(60000)'), "before", "stdout")


def test_prompt_is_flushed_before_input(t):
    process = subprocess.Popen([t.ruff, "-e", 'print(input("name? "))'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        t.equal(process.stdout.read(6), b"name? ", "prompt")
        out, _ = process.communicate(b"Ann\n", timeout=t.timeout)
        t.equal(out, b"Ann\n", "rest")
    finally:
        process.kill()


def test_stdout_is_flushed_before_stderr_output(t):
    r = t.shell("\"$RUFF\" -e 'write(1)\neprint(2)\nwrite(3)\nx := 1 / 0' 2>&1")
    t.true(r.out.startswith("12\n3[RUFVM001]"), "order of the streams: %r" % r.out)

"""DEBUG_JIT lines and the switches of cli.md 5.2: what holds whatever the compiler can do."""

import os
import re

HOT = "func f(a) { return a + 1 }\nmut s := 0\nfor i in 3000 { s := f(s) }\nprint(s)\n"


def lines(r):
    return [line for line in r.err.split("\n") if line.startswith("JIT: ")]


def events(r):
    return [re.match(r"JIT: (cache \w+|\w+)", line).group(1) for line in lines(r)]


def built(t):
    if "jit: none" in t.run("version", "--verbose").out:
        t.skip("no JIT in this build")


def test_config(t):
    built(t)
    r = t.run("run", "-e", "print(1)", env={"DEBUG_JIT": "1", "RUFF_JIT_CACHE": "off"})
    t.expect(r, out="1\n")
    t.equal(lines(r)[0], "JIT: config backend=gccjit threshold=100 loop_threshold=1000 jobs=1 sync=0 opt=2 cache=off", "first line")
    t.equal(events(r), ["config", "stats"], "events")


def test_config_of_switches(t):
    built(t)
    env = {"DEBUG_JIT": "1", "RUFF_JIT_CACHE": t.path("c'ache"), "RUFF_JIT_JOBS": "2", "RUFF_JIT_OPT": "3", "RUFF_JIT_SYNC": "1"}
    for name, value, flags in (("RUFF_JIT_THRESHOLD", "7", []), ("RUFF_JIT_THRESHOLD", "9", ["--jit-threshold", "7"])):
        r = t.run("run", *flags, "-e", "print(1)", env=dict(env, **{name: value}))
        t.equal(
            lines(r)[0],
            "JIT: config backend=gccjit threshold=7 loop_threshold=70 jobs=2 sync=1 opt=3 cache='%s'" % t.path("c\\'ache"),
            "first line",
        )
    r = t.run("run", "--no-cache", "-e", "print(1)", env=dict(env, RUFF_JIT_LOOP_THRESHOLD="5"))
    t.has(lines(r)[0], "loop_threshold=5 ", "first line")
    t.true(lines(r)[0].endswith(" cache=off"), lines(r)[0])
    t.true(not os.path.exists(t.path("c'ache")), "nothing is created by a program that is never hot")


def test_switched_off(t):
    for flags, env in ((["--no-jit"], {}), (["--interpreter"], {}), ([], {"DISABLE_JIT": "1"})):
        r = t.run("run", *flags, t.write("p.ruff", HOT), env=dict(env, DEBUG_JIT="1"))
        t.expect(r, out="3000\n")
        t.equal(events(r), ["config", "stats"], "events")
        t.has(lines(r)[0], "JIT: config backend=none reason=", "first line")


def test_hot_lines(t):
    built(t)
    t.write("p.ruff", HOT)
    r = t.run("run", "p.ruff", env={"DEBUG_JIT": "1", "RUFF_JIT_SYNC": "1"})
    t.expect(r, out="3000\n")
    t.has(r.err, "JIT: hot func 'f' id=1 at='p.ruff:1' calls=100 loops=0\n", "stderr")
    t.true(re.search(r"JIT: queue func 'f' id=1 batch=\d+ pending=1\n", r.err), r.err)
    t.equal(events(r)[-1], "stats", "last line")


def test_no_units_of_a_kind(t):
    built(t)
    p = t.write("p.ruff", HOT)
    for name, gone, there in (
        ("DISABLE_FUNCTION_JIT", "hot func", "hot loop"),
        ("DISABLE_LOOP_JIT", "hot loop", "hot func"),
        ("DISABLE_SCRIPT_JIT", "'<main>'", "hot func"),
    ):
        r = t.run("run", p, env={"DEBUG_JIT": "1", name: "1", "RUFF_JIT_THRESHOLD": "20"})
        t.expect(r, out="3000\n")
        t.true(gone not in r.err, "%s: %s" % (name, r.err[:2000]))
        t.has(r.err, there, "stderr with %s" % name)


def test_filter(t):
    built(t)
    r = t.run("run", t.write("p.ruff", HOT), env={"DEBUG_JIT": "1", "DEBUG_JIT_FILTER": "main"})
    t.true("'f'" not in r.err, r.err[:2000])
    t.equal((events(r)[0], events(r)[-1]), ("config", "stats"), "lines without a name")


def test_generators_compile(t):
    built(t)
    r = t.run("run", "-e", "func* g(n) { yield n }\nfor i in 300 { g(i) }", env={"DEBUG_JIT": "1", "RUFF_JIT_SYNC": "1"})
    found = re.findall(r"JIT: compile func 'g' id=\d+ tier=jit ", r.err)
    t.equal(len(found), 1, "compile lines: %s" % r.err[:2000])


def test_exit_has_statistics(t):
    built(t)
    r = t.run("run", "-e", "exit(3)", env={"DEBUG_JIT": "1"})
    t.expect(r, code=3)
    t.equal(events(r), ["config", "stats"], "events")


def test_a_broken_worker_changes_nothing(t):
    built(t)
    p = t.write("p.ruff", HOT + "print(jit_status(f)[\"entries\"], vm_stats()[\"jit\"])\n")
    for way in ("kill", "garbage", "hang"):
        env = {"RUFF_JIT_STRESS": "worker:" + way, "RUFF_JIT_SYNC": "1", "RUFF_JIT_TIMEOUT_MS": "200", "DEBUG_JIT": "1"}
        r = t.run("run", p, env=env, timeout=60)
        t.expect(r, out="3000\n0 true\n")
        t.true(re.search(r"JIT: reject \w+ '[^']+' id=\d+ reason=(backend-error|backend-missing|compile-timeout) ", r.err), r.err[:2000])


def test_tasks_are_quiet(t):
    built(t)
    r = t.run("run", "-e", "t := spawn { return 5 }\nprint(await t)", env={"DEBUG_JIT": "1"})
    t.expect(r, out="5\n")
    t.equal(events(r), ["config", "stats"], "events")

"""Entries of the JIT regression list (cli.md appendix A) that need more than one program."""

import os
import random
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
JIT = os.path.join(ROOT, "tests", "jit")
EAGER = {"RUFF_JIT_THRESHOLD": "1", "RUFF_JIT_LOOP_THRESHOLD": "1", "RUFF_JIT_SYNC": "1"}


def programs(limit=None):
    names = sorted(n for n in os.listdir(JIT) if n.endswith(".ruff"))
    return names[:limit]


def read(name):
    with open(os.path.join(JIT, name), encoding="utf-8") as f:
        return f.read()


def benchmarks():
    """Path and small size of each program of bench/; the workloads, which take no size, have None."""
    folder = os.path.join(ROOT, "bench")
    for name in sorted(n for n in os.listdir(folder) if n.endswith(".ruff")):
        path = os.path.join(folder, name)
        with open(path, encoding="utf-8") as f:
            small = re.search(r'(?m)^# small: (\S+) "(.*)"$', f.read())
        yield path, small


def test_R03_benchmarks_give_equal_results(t):
    t.not_sanitized("too slow")
    for path in [path for path, small in benchmarks() if not small]:
        want = t.run("run", "--no-jit", path, timeout=300)
        got = t.run("run", path, timeout=300)
        t.equal((got.code, got.err), (0, ""), path)
        t.equal(got.out, want.out, path)


def test_R03_small_benchmarks_give_equal_results(t):
    way = {"RUFF_JIT_SYNC": "1", "RUFF_JIT_CACHE": "off", "RUFF_JIT_THRESHOLD": "5", "RUFF_JIT_STRESS": "deopt:2,seed:9"}
    found = [(path, small) for path, small in benchmarks() if small]
    t.true(len(found) >= 20, "only %d programs with a small size" % len(found))
    for path, small in found:
        r = t.run("run", path, small.group(1), env=way, timeout=120)
        t.equal((r.code, r.out.strip(), r.err), (0, small.group(2).replace("\\n", "\n"), ""), path)


def test_R05_code_of_all_programs_verifies(t):
    # The compiler runs the verifier over all it makes (a failure is an internal error, exit 6).
    for name in programs():
        r = t.run("check", os.path.join(JIT, name))
        t.true(r.code == 0, "%s: %s" % (name, r.err))


TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|\w+|[:=!<>]=|&&|\|\||\?\?|\.\.|\S')


def test_R25_deleted_tokens_never_hang(t):
    rng = random.Random(25)
    texts = [read(n) for n in programs() if os.path.getsize(os.path.join(JIT, n)) < 5000]
    for number in range(120):
        text = rng.choice(texts)
        tokens = list(TOKEN.finditer(text))
        for m in sorted(rng.sample(tokens, min(len(tokens), rng.randint(1, 4))), key=lambda m: -m.start()):
            text = text[: m.start()] + text[m.end() :]
        path = t.write("broken%d.ruff" % number, text)
        r = t.run("check", path, timeout=20)
        t.true(r.code in (0, 3, 4), "exit %d for %s: %s" % (r.code, text, r.err))
        if r.code:
            t.has(r.err, "error: ", "stderr")


def test_R25_reserved_words_and_unfinished_blocks(t):
    cases = [
        'func test() { return 1 }\nprint(test())\n',
        "func f() { while true {\n",
        "if true { print(1)\n",
        "for in 5 { }\n",
        "func if(x) { return x }\n",
        "match 1 { case 1: {\n",
        "struct S { func\n",
        "try { } \nprint(1)\n",
        "test := 5\n",
        "loop := 1\nwhile loop < 3 { loop += 1 }\n",
        "print(1\n",
        '"unfinished\n',
        "x := [1, 2\ny := 3\n",
        "func f(a, b { return a }\n",
    ]
    for mode in (["--no-jit"], ["--jit-threshold", "1"]):
        for number, text in enumerate(cases):
            r = t.run("run", *mode, t.write("case%d.ruff" % number, text), timeout=20)
            t.equal((r.code, r.out), (3, ""), text)
            t.has(r.err, "error: ", text)


# ---------------------------------------------------------------------------------------------------
# R57, R58: nothing that happens around the compiler changes what a program prints

SAMPLES = ["R02_loop_switch_keeps_iterations.ruff", "R16_activations_have_their_own_locals.ruff", "R29_type_changes.ruff",
           "R33_errors_from_callees.ruff", "R55_value_semantics.ruff"]


def expected(name):
    base = os.path.join(JIT, name[: -len(".ruff")])

    def text(suffix, default):
        if not os.path.exists(base + suffix):
            return default
        with open(base + suffix, encoding="utf-8") as f:
            return f.read()

    return int(text(".exit", "0")), text(".out", ""), text(".err", "")


def check_samples(t, variables, prefix=""):
    for name in SAMPLES:
        settings = " ".join("%s='%s'" % item for item in variables.items())
        r = t.shell("cd '%s' && %s env %s \"$RUFF\" run %s" % (JIT, prefix, settings, name), env={"NO_COLOR": "1"}, timeout=120)
        t.equal((r.code, r.out, r.err), expected(name), "%s with %s %s" % (name, prefix, settings))


def test_R57_workers_and_waiting(t):
    for jobs in ("1", "4"):
        for sync in ("0", "1"):
            check_samples(t, {"RUFF_JIT_JOBS": jobs, "RUFF_JIT_SYNC": sync, "RUFF_JIT_THRESHOLD": "5", "RUFF_JIT_CACHE": "off"})


def test_R57_optimisation_levels(t):
    for level in "0123":
        check_samples(t, {"RUFF_JIT_OPT": level, "RUFF_JIT_SYNC": "1", "RUFF_JIT_THRESHOLD": "5", "RUFF_JIT_CACHE": "off"})


def test_R57_parts_switched_off(t):
    for switch in ("DISABLE_JIT", "DISABLE_FUNCTION_JIT", "DISABLE_LOOP_JIT", "DISABLE_SCRIPT_JIT"):
        check_samples(t, dict(EAGER, **{switch: "1"}))


def test_R57_worker_killed(t):
    check_samples(t, dict(EAGER, RUFF_JIT_STRESS="worker:kill", RUFF_JIT_CACHE="off"))
    check_samples(t, {"RUFF_JIT_STRESS": "worker:kill", "RUFF_JIT_CACHE": "off"})


def test_R57_worker_hangs(t):
    check_samples(t, dict(EAGER, RUFF_JIT_STRESS="worker:hang", RUFF_JIT_CACHE="off", RUFF_JIT_TIMEOUT_MS="50"))
    check_samples(t, {"RUFF_JIT_STRESS": "worker:hang", "RUFF_JIT_CACHE": "off"})


def test_R57_worker_answers_nonsense(t):
    check_samples(t, dict(EAGER, RUFF_JIT_STRESS="worker:garbage", RUFF_JIT_CACHE="off"))
    check_samples(t, {"RUFF_JIT_STRESS": "worker:garbage", "RUFF_JIT_CACHE": "off"})


def test_R57_no_room_for_files(t):
    # Files of no size at all; the signal for it is ignored, so that writing fails with an error.
    check_samples(t, dict(EAGER, RUFF_JIT_CACHE=t.path("full")), "trap '' XFSZ; ulimit -f 0;")


def test_R57_unusable_cache_folders(t):
    t.write("plain", "no folder")
    for cache in ("/dev/null", "/proc/nowhere", t.path("plain"), t.path("a/b/c")):
        check_samples(t, dict(EAGER, RUFF_JIT_CACHE=cache))


def test_R57_no_assembler(t):
    check_samples(t, dict(EAGER, RUFF_JIT_CACHE="off", PATH=t.path("empty")), "PATH=$PATH; ENV=$(command -v env); env() { $ENV \"$@\"; };")


def test_R57_no_room_for_temporary_files(t):
    check_samples(t, dict(EAGER, RUFF_JIT_CACHE="off", TMPDIR="/proc/nowhere"))


CACHED = """func f(x) { return x * %d + 1 }
func sum_up(n) { mut s := 0
  for i in n { s += f(i) }
  return s }
print(sum_up(20000))
"""


def cached_sum(k):
    return "%d\n" % sum(i * k + 1 for i in range(20000))


def cache_files(t):
    return [os.path.join(folder, n) for folder, _, names in os.walk(t.path("cache")) for n in names]


def run_cached(t, k, **more):
    path = t.write("p.ruff", CACHED % k)
    r = t.run("run", "--jit-threshold", "1", path, env=dict({"RUFF_JIT_CACHE": t.path("cache"), "DEBUG_JIT": "1"}, **more))
    t.equal((r.code, r.out), (0, cached_sum(k)), "a run with %s" % more)
    counts = dict(re.findall(r"(cache_\w+)=(\d+)", r.err))
    return int(counts.get("cache_hits", 0)), int(counts.get("cache_stores", 0)), r.err


def test_R58_cached_code_is_found_again(t):
    first = run_cached(t, 3)
    second = run_cached(t, 3)
    other = run_cached(t, 4)
    again = run_cached(t, 3)
    t.native()
    t.true(first[0] == 0 and first[1] > 0, "the first run fills the cache: %s" % first[2])
    t.true(second[0] > 0 and second[1] == 0, "the second one uses it: %s" % second[2])
    t.true(other[1] > 0, "an edited constant is compiled anew: %s" % other[2])
    t.true(again[0] > 0, "and leaves the old entry alone: %s" % again[2])


def test_R58_options_are_part_of_the_key(t):
    run_cached(t, 3)
    level = run_cached(t, 3, RUFF_JIT_OPT="1")
    t.native()
    t.true(level[1] > 0, "another level is other code: %s" % level[2])


def damage(t, change):
    """Runs with a cache whose files were all changed; gives the debug lines."""
    run_cached(t, 3)
    for path in cache_files(t):
        with open(path, "rb") as f:
            data = f.read()
        data = change(data)
        with open(path, "wb") as f:
            f.write(data)
    bad = run_cached(t, 3)
    good = run_cached(t, 3)
    t.native()
    t.true(bad[0] == 0, "damaged code is not used: %s" % bad[2])
    t.has(bad[2], "JIT: cache bad ", "stderr")
    t.true(good[0] > 0, "it was replaced: %s" % good[2])


def test_R58_truncated_file(t):
    damage(t, lambda data: data[: len(data) // 2])


def test_R58_empty_file(t):
    damage(t, lambda data: b"")


def test_R58_flipped_bit_in_the_middle(t):
    damage(t, lambda data: data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 16]) + data[len(data) // 2 + 1 :])


def test_R58_flipped_bits_everywhere(t):
    damage(t, lambda data: bytes(b ^ 0x55 for b in data))


def test_R58_longer_file(t):
    damage(t, lambda data: data + b"more")


def test_R58_file_writable_by_others(t):
    run_cached(t, 3)
    for path in cache_files(t):
        os.chmod(path, 0o666)
    used = run_cached(t, 3)
    t.native()
    t.equal(used[0], 0, "hits from files that others may write")


def test_R58_no_cache_switch(t):
    path = t.write("p.ruff", CACHED % 3)
    r = t.run("run", "--no-cache", "--jit-threshold", "1", path, env={"RUFF_JIT_CACHE": t.path("cache")})
    t.expect(r, out=cached_sum(3), err="")
    t.equal(cache_files(t), [], "files in the cache")


def test_R58_two_processes_share_a_cache(t):
    path = t.write("p.ruff", CACHED % 5)
    command = '"$RUFF" run --jit-threshold 1 %s' % path
    r = t.shell("for i in 1 2 3 4; do %s & done; wait" % command, env={"RUFF_JIT_CACHE": t.path("cache")})
    t.expect(r, out=cached_sum(5) * 4, err="")

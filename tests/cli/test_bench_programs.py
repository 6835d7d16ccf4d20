"""The programs of bench/: what their headers say is right. They run with the small sizes of `# small: ARGUMENT "TEXT"`."""

import glob
import os
import re

BENCH = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "bench")
PEERS = {"luajit": "lua", "lua5.4": "lua", "pypy3": "py", "python3": "py", "node": "js"}


def programs():
    for path in sorted(glob.glob(os.path.join(BENCH, "*.ruff"))):
        with open(path, encoding="utf-8") as f:
            yield path, f.read()


def test_every_benchmark_says_what_it_prints(t):
    found = list(programs())
    t.true(len(found) >= 30, "only %d programs in bench/" % len(found))
    for path, text in found:
        head = "\n".join(text.split("\n")[:20])
        t.true(re.search(r'(?m)^# bench: expect ".+"$', head), "%s: no `# bench: expect`" % path)


def test_peers_exist_and_have_the_name_of_the_program(t):
    for path, text in programs():
        name = os.path.basename(path)[:-5]
        peers = re.findall(r"(?m)^# bench: peer (\S+) (\S+)$", text)
        t.true(os.path.exists(os.path.join(BENCH, "c", name + ".c")), "%s: no C version" % name)
        for interpreter, file in peers:
            t.equal(file, "%s/%s.%s" % (PEERS[interpreter], name, PEERS[interpreter]), "peer of " + name)
            t.true(os.path.exists(os.path.join(BENCH, file)), "%s: no %s" % (name, file))


def test_benchmarks_parse(t):
    r = t.run("check", "-q", *[path for path, _ in programs()])
    t.expect(r, out="", err="")


def test_small_runs_print_what_the_other_languages_print(t):
    count = 0
    for path, text in programs():
        small = re.search(r'(?m)^# small: (\S+) "(.*)"$', text)
        if small:
            r = t.run("run", "--no-jit", path, small.group(1))
            t.equal((r.code, r.out.strip(), r.err), (0, small.group(2).replace("\\n", "\n"), ""), os.path.basename(path))
            count += 1
    t.true(count >= 20, "only %d programs with `# small:`" % count)

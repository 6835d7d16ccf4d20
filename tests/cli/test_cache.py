"""ruff cache: looks at the code cache, checks and clears it. Entries are made here, as the JIT would make them."""

import hashlib
import json
import os
import re
import struct

OTHER_BUILD = "0123456789abcdef" * 2
CPU = "none such"


def key(n):
    return hashlib.sha256(str(n).encode()).hexdigest()


def build_id(t):
    return re.search(r"(?m)^Build id: ([0-9a-f]{16,64})$", t.run("cache", "info").out).group(1)


def content(build, k, name, size):
    head = b"RUFFJIT\0" + struct.pack("=IIQ", 1, 384, size) + build.encode().ljust(72, b"\0") + CPU.encode().ljust(48, b"\0")
    head += k.encode().ljust(80, b"\0") + name.encode().ljust(128, b"\0")
    body = b"x" * size
    return head + hashlib.sha256(head + body).digest() + body


def entry(t, build, n, name="f", size=1000, used=1700000000):
    """Store entry number n; gives its path."""
    os.makedirs(t.path("c/" + build), mode=0o700, exist_ok=True)
    for folder in ("c", "c/" + build):
        os.chmod(t.path(folder), 0o700)
    path = t.write("c/%s/%s.so" % (build, key(n)), content(build, key(n), name, size))
    os.chmod(path, 0o600)
    os.utime(path, (used, used))
    return path


def cache(t, *arguments, **env):
    return t.run("cache", *arguments, env=dict({"RUFF_JIT_CACHE": t.path("c")}, **env))


def document(t, r):
    data = json.loads(r.out)
    t.equal(r.out, json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n", "layout")
    return data


def test_info(t):
    entry(t, build_id(t), 1, size=1048576)
    entry(t, OTHER_BUILD, 2)
    t.expect(cache(t, "info", RUFF_JIT_CACHE_MB="17"), err="",
             out="Cache directory: %s\nEntries: 2\nSize: 1.00 MB of 17 MB\nBuild id: %s\nStale entries: 2\n" % (t.path("c"), build_id(t)))


def test_an_empty_cache(t):
    t.expect(cache(t, "info"), err="",
             out="Cache directory: %s\nEntries: 0\nSize: 0.00 MB of 256 MB\nBuild id: %s\nStale entries: 0\n" % (t.path("c"), build_id(t)))
    t.expect(cache(t, "list"), out="", err="")
    t.expect(cache(t, "verify"), out="ok 0 entries\n", err="")
    t.expect(cache(t, "clear"), out="removed 0 entries (0.00 MB)\n", err="")
    t.expect(cache(t, "prune"), out="removed 0 entries (0.00 MB)\n", err="")
    t.true(not os.path.exists(t.path("c")), "looking at it makes no directory")


def test_list(t):
    entry(t, OTHER_BUILD, 1, "old", 10, 1700000000)
    entry(t, build_id(t), 2, "<main>", 20, 1700000001)
    t.expect(cache(t, "list"), err="",
             out="%s\t404\t2023-11-14T22:13:21Z\t<main>\n%s\t394\t2023-11-14T22:13:20Z\told\n" % (key(2), key(1)))


def test_path(t):
    t.expect(cache(t, "path"), out=t.path("c") + "\n", err="")
    t.expect(cache(t, "path", RUFF_JIT_CACHE="off"), out="off\n", err="")
    t.expect(cache(t, "path", RUFF_JIT_CACHE="rel/x"), out=t.path("rel/x") + "\n", err="")
    t.expect(cache(t, "path", RUFF_JIT_CACHE="", XDG_CACHE_HOME=t.path("x")), out=t.path("x/ruff/jit") + "\n", err="")
    t.expect(cache(t, "path", RUFF_JIT_CACHE="", XDG_CACHE_HOME="", HOME=t.dir), out=t.path(".cache/ruff/jit") + "\n", err="")
    t.expect(cache(t, "path", RUFF_JIT_CACHE="", XDG_CACHE_HOME="", HOME=""), out="off\n", err="")


def test_verify(t):
    paths = [entry(t, build_id(t), n, used=1700000000 - n) for n in range(3)]
    t.expect(cache(t, "verify"), out="ok 3 entries\n", err="")
    with open(paths[0], "r+b") as f:
        f.seek(900)
        f.write(b"?")
    os.truncate(paths[1], 700)
    for path in paths[:2]:
        os.utime(path, (1600000000, 1600000000 if path == paths[1] else 1600000001))
    r = cache(t, "verify")
    t.expect(r, code=1, out="bad %s checksum\nbad %s truncated\n" % (key(0), key(1)), err="")
    r = cache(t, "verify", "--json")
    t.expect(r, code=1, err="")
    data = document(t, r)
    t.equal((data["status"], data["entries"]), ("failed", 3), "status")
    t.equal(data["bad"], [{"key": key(0), "reason": "checksum"}, {"key": key(1), "reason": "truncated"}], "bad")


def test_verify_finds_foreign_files(t):
    os.chmod(entry(t, build_id(t), 1, used=1700000003), 0o622)
    path = entry(t, build_id(t), 2, used=1700000002)
    os.rename(path, path.replace(key(2), key(3)))
    entry(t, OTHER_BUILD, 4, used=1700000001)
    t.expect(cache(t, "verify"), code=1, out="bad %s checksum\nbad %s version\n" % (key(1), key(3)), err="")


def test_clear(t):
    for n in range(3):
        entry(t, build_id(t) if n else OTHER_BUILD, n, size=524288)
    t.write("c/notes.txt", "mine")
    t.expect(cache(t, "clear"), out="removed 3 entries (1.50 MB)\n", err="")
    t.has(cache(t, "info").out, "Entries: 0\n", "info")
    t.equal(t.read("c/notes.txt"), "mine", "another file")
    t.true(not os.path.exists(t.path("c/" + OTHER_BUILD)), "directory of the other build is removed")


def test_prune(t):
    entry(t, OTHER_BUILD, 1)
    entry(t, build_id(t), 2)  # of another CPU
    kept = t.write("c/%s/%s.so" % (build_id(t), key(3)), "nobody knows")
    t.expect(cache(t, "prune"), out="removed 2 entries (0.00 MB)\n", err="")
    t.true(os.path.exists(kept), "an entry of this build")


def test_json(t):
    entry(t, OTHER_BUILD, 1, "fib", 10)
    size = 394
    want = {"action": "info", "bad": [], "bytes": size, "command": "cache", "directory": t.path("c"), "entries": 1, "items": [],
            "limit_bytes": 256 << 20, "removed": 0, "stale": 1, "status": "ok"}
    for action, changes in (
        ("info", {}),
        ("path", {}),
        ("verify", {}),
        ("list", {"items": [{"bytes": size, "key": key(1), "last_used": "2023-11-14T22:13:20Z", "name": "fib"}]}),
        ("prune", {"removed": 1, "bytes": 0, "entries": 0, "stale": 0}),
        ("clear", {"bytes": 0, "entries": 0, "stale": 0}),
    ):
        r = cache(t, action, "--json")
        t.expect(r, err="")
        t.equal(document(t, r), dict(want, action=action, **changes), action)


def test_a_directory_that_is_writable_by_others_is_off(t):
    entry(t, build_id(t), 1)
    os.chmod(t.path("c"), 0o770)
    t.expect(cache(t, "path"), out="off\n", err="")
    t.expect(cache(t, "clear"), out="removed 0 entries (0.00 MB)\n", err="")


def test_usage(t):
    r = t.run("cache")
    t.expect(r, code=2, out="")
    t.has(r.err, "error: the following required arguments were not provided: ACTION\n\nUsage: ruff cache ", "stderr")
    r = t.run("cache", "verfy")
    t.expect(r, code=2, out="")
    t.has(r.err, "error: unrecognized subcommand 'verfy'\n\n  tip: did you mean 'verify'?\n\nUsage: ruff cache ", "stderr")
    r = t.run("cache", "info", "extra")
    t.expect(r, code=2, out="")
    t.has(r.err, "error: unexpected argument 'extra' found\n", "stderr")
    r = t.run("cahce", "info")
    t.expect(r, code=2, out="")
    t.has(r.err, "  tip: did you mean 'cache'?\n", "stderr")


def test_help(t):
    out = t.run("cache", "--help").out
    t.equal(t.run("help", "cache").out, out, "both forms")
    for word in ("info", "list", "clear", "verify", "prune", "path", "--json"):
        t.has(out, word, "help")

"""Capability flags and the text of a denial."""

# one builtin of each capability, in the order of the table of docs/stdlib.md
DENIALS = [
    ("read_file(\"x\")", "filesystem-read", "read_file", "--allow-fs-read"),
    ("file_exists(\"x\")", "filesystem-read", "file_exists", "--allow-fs-read"),
    ("write_file(\"x\", \"d\")", "filesystem-write", "write_file", "--allow-fs-write"),
    ("delete_file(\"x\")", "filesystem-delete", "delete_file", "--allow-fs-delete"),
    ("spawn_process([\"true\"])", "process-exec", "spawn_process", "--allow-process-exec"),
    ("execute(\"true\")", "shell-exec", "execute", "--allow-shell-exec"),
    ("env(\"HOME\")", "env-read", "env", "--allow-env-read"),
    ("env_set(\"A\", \"b\")", "env-write", "env_set", "--allow-env-write"),
    ("now()", "clock", "now", "--allow-clock"),
    ("random()", "random", "random", "--allow-random"),
]


def denial(capability, name, flag):
    return "Capability denied: %s required for %s; rerun with %s" % (capability, name, flag)


def test_denial_texts(t):
    for call, capability, name, flag in DENIALS:
        t.expect(t.run("-e", "try { %s } except e { print(e.message) }" % call, "--untrusted"),
                 out=denial(capability, name, flag) + "\n", err="")


def test_uncaught_denial(t):
    t.write("a.ruff", 'write_file("b.txt", "d")\n')
    r = t.run("run", "--untrusted", "a.ruff")
    t.expect(r, code=4, out="")
    t.has(r.err, "[RUFVM001] [vm] Runtime Error: " + denial("filesystem-write", "write_file", "--allow-fs-write") + "\n  --> a.ruff:1:1\n", "stderr")


def test_check_comes_before_arity(t):
    t.expect(t.run("-e", "try { read_file() } except e { print(e.message) }", "--untrusted"),
             out=denial("filesystem-read", "read_file", "--allow-fs-read") + "\n", err="")


def test_one_flag_allows_only_its_own(t):
    t.write("x", "content")
    program = 'print(read_file("x"))\ntry { random() } except e { print(e.message) }'
    want = "content\n" + denial("random", "random", "--allow-random") + "\n"
    t.expect(t.run("-e", program, "--allow-fs-read"), out=want, err="")
    t.expect(t.run("-e", program, "--untrusted", "--allow-fs-read"), out=want, err="")


def test_allow_all_wins(t):
    t.write("x", "content")
    t.expect(t.run("-e", 'print(read_file("x"))', "--untrusted", "--allow-all"), out="content\n", err="")
    t.expect(t.run("-e", 'print(read_file("x"))', "--allow-random", "--allow-all"), out="content\n", err="")


def test_default_allows_everything(t):
    t.write("x", "content")
    t.expect(t.run("-e", 'print(read_file("x"))'), out="content\n", err="")


def test_ungated_builtins(t):
    t.expect(t.run("-e", 'print(len("abc"), sqrt(4), args(), input())', "--untrusted"), out="3 2 [] \n", err="")


def test_imports_are_not_gated(t):
    t.write("m.ruff", "export v := 1\n")
    t.expect(t.run("-e", "import m\nprint(v)", "--untrusted"), out="1\n", err="")


def test_method_form_callback_spawn_and_async(t):
    text = denial("filesystem-read", "read_file", "--allow-fs-read")
    for program in (
        'try { "x".read_file() } except e { print(e.message) }',
        'try { map(["x"], read_file) } except e { print(e.message) }',
        't := spawn { read_file("x") }\ntry { await t } except e { print(e.cause.message) }',
        'async func f() { return read_file("x") }\ntry { await f() } except e { print(e.cause.message) }',
    ):
        t.expect(t.run("-e", program, "--untrusted"), out=text + "\n", err="")

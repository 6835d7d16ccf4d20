"""Capability flags and the text of a denial."""

# builtins of every capability there are builtins for
DENIALS = [
    ("env(\"HOME\")", "env-read", "env", "--allow-env-read"),
    ("env_list()", "env-read", "env_list", "--allow-env-read"),
    ("os_environ()", "env-read", "env_list", "--allow-env-read"),  # an alias: the text says the main name
    ("env_set(\"A\", \"b\")", "env-write", "env_set", "--allow-env-write"),
    ("now()", "clock", "now", "--allow-clock"),
    ("sleep(1)", "clock", "sleep", "--allow-clock"),
    ("performance_now()", "clock", "performance_now", "--allow-clock"),
    ("random()", "random", "random", "--allow-random"),
    ("uuid_v4()", "random", "uuid_v4", "--allow-random"),
    ("ffi_open(null)", "ffi", "ffi_open", "--allow-ffi"),
    ("ffi_sizeof(\"i32\")", "ffi", "ffi_sizeof", "--allow-ffi"),
    ("ffi_alloc(8)", "ffi", "ffi_alloc", "--allow-ffi"),
    ("ffi_struct([[\"a\", \"i8\"]])", "ffi", "ffi_struct", "--allow-ffi"),
    ("ffi_callback(abs, \"i32\", [\"i32\"])", "ffi", "ffi_callback", "--allow-ffi"),
    ("ffi_errno()", "ffi", "ffi_errno", "--allow-ffi"),
]


def denial(capability, name, flag):
    return "Capability denied: %s required for %s; rerun with %s" % (capability, name, flag)


def test_denial_texts(t):
    for call, capability, name, flag in DENIALS:
        t.expect(t.run("-e", "try { %s } except e { print(e.message) }" % call, "--untrusted"),
                 out=denial(capability, name, flag) + "\n", err="")


def test_flag_opens_what_the_denial_names(t):
    for call, _, _, flag in DENIALS:
        t.expect(t.run("-e", "%s\nprint(1)" % call, "--untrusted", flag), out="1\n", err="")


def test_uncaught_denial(t):
    t.write("a.ruff", 'print("before")\nx := 1 + env_set("A", "b")\n')
    t.expect(
        t.run("run", "--untrusted", "a.ruff"),
        code=4,
        out="before\n",
        err="[RUFVM001] [vm] Runtime Error: %s\n  --> a.ruff:2:10\n   |\n 2 | x := 1 + env_set(\"A\", \"b\")\n   |          ^\n\n"
        % denial("env-write", "env_set", "--allow-env-write"),
    )


def test_check_comes_before_arity(t):
    for call in ("env()", "env(1)", "env(1, 2, 3)"):
        t.expect(t.run("-e", "try { %s } except e { print(e.message) }" % call, "--untrusted"),
                 out=denial("env-read", "env", "--allow-env-read") + "\n", err="")


def test_nothing_happens_when_denied(t):
    program = 'try { env_set("RUFF_PROBE", "b") } except e { }\nprint(env("RUFF_PROBE"))'
    t.expect(t.run("-e", program, "--allow-env-read", env={"RUFF_PROBE": "a"}), out="a\n", err="")


PROBE = 'print(env("PROBE"))\ntry { random() } except e { print(e.message) }'


def test_one_flag_allows_only_its_own(t):
    want = "content\n" + denial("random", "random", "--allow-random") + "\n"
    for flags in (["--allow-env-read"], ["--untrusted", "--allow-env-read"], ["--allow-env-read", "--untrusted"]):
        t.expect(t.run("-e", PROBE, *flags, env={"PROBE": "content"}), out=want, err="")


def test_several_flags_add_up(t):
    t.expect(t.run("-e", PROBE, "--allow-env-read", "--allow-random", env={"PROBE": "content"}), out="content\n", err="")


def test_allow_all_wins(t):
    for flags in (["--untrusted", "--allow-all"], ["--allow-clock", "--allow-all"], ["--allow-all", "--untrusted"]):
        t.expect(t.run("-e", PROBE, *flags, env={"PROBE": "content"}), out="content\n", err="")


def test_default_allows_everything(t):
    t.expect(t.run("-e", PROBE, env={"PROBE": "content"}), out="content\n", err="")


def test_ungated_builtins(t):
    t.expect(t.run("-e", 'print(len("abc"), sqrt(4), args(), input())', "--untrusted"), out="3 2 [] \n", err="")


def test_imports_are_not_gated(t):
    t.write("m.ruff", "export v := 1\n")
    t.expect(t.run("-e", "import m\nprint(v)", "--untrusted"), out="1\n", err="")


def test_every_way_of_calling(t):
    text = denial("env-read", "env", "--allow-env-read")
    for program in (
        'try { "x".env() } except e { print(e.message) }',
        'try { "x" |> env } except e { print(e.message) }',
        'f := env\ntry { f("x") } except e { print(e.message) }',
        'try { map(["x"], env) } except e { print(e.message) }',
        't := spawn { env("x") }\ntry { await t } except e { print(e.cause.message) }',
        'async func f() { return env("x") }\ntry { await f() } except e { print(e.cause.message) }',
        'func* g() { yield env("x") }\ntry { g().next() } except e { print(e.message) }',
    ):
        t.expect(t.run("-e", program, "--untrusted"), out=text + "\n", err="")


def test_modules_have_the_rights_of_the_program(t):
    t.write("m.ruff", 'export v := env("x")\n')
    t.expect(t.run("-e", "try { import m } except e { print(e.message) }", "--untrusted"),
             out="Failed to evaluate module 'm': " + denial("env-read", "env", "--allow-env-read") + "\n", err="")


def test_every_ffi_function_is_gated(t):
    for name in ("open", "close", "func", "struct", "sizeof", "alloc", "free", "read", "write", "read_string", "read_bytes",
                 "write_bytes", "callback", "errno"):
        t.expect(t.run("-e", "try { ffi_%s(1, 2, 3) } except e { print(e.message) }" % name, "--untrusted", "--allow-env-read"),
                 out=denial("ffi", "ffi_" + name, "--allow-ffi") + "\n", err="")


def test_ffi_is_denied_in_hot_code_too(t):
    program = """func f() { try { return ffi_read(null, "i32") } except e { return e.message } }
for i in 2000 { f() }
print(f())"""
    t.expect(t.run("-e", program, "--untrusted", env={"RUFF_JIT_SYNC": "1"}), out=denial("ffi", "ffi_read", "--allow-ffi") + "\n", err="")

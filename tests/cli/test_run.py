"""ruff run, ruff FILE, ruff -e and ruff -: what runs, with which arguments and exit codes."""


def test_forms_of_running_a_file(t):
    t.write("a.ruff", "print(args())\n")
    for form in (["run", "a.ruff"], ["a.ruff"], ["./a.ruff"], [t.path("a.ruff")]):
        t.expect(t.run(*form, "x", "y z"), out="[x, y z]\n", err="")


def test_file_without_suffix(t):
    t.write("prog", "print(1)\n")
    t.expect(t.run("prog"), out="1\n", err="")
    t.expect(t.run("run", "prog"), out="1\n", err="")


def test_script_arguments_begin_at_the_first_other_word(t):
    t.write("a.ruff", "print(args())\n")
    t.expect(t.run("run", "a.ruff", "--no-jit", "one", "--no-jit", "--x"), out="[one, --no-jit, --x]\n", err="")
    t.expect(t.run("run", "--no-jit", "a.ruff", "--unknown"), out="[--unknown]\n", err="")
    t.expect(t.run("run", "a.ruff", "--", "--no-jit", "--"), out="[--no-jit, --]\n", err="")


def test_flags_before_and_after_the_file(t):
    t.write("a.ruff", "func r(n) { if n == 0 { return 0 }\n  return 1 + r(n - 1) }\nprint(r(20))\n")
    for arguments in (["--max-call-depth", "10", "a.ruff"], ["--max-call-depth=10", "a.ruff"], ["a.ruff", "--max-call-depth", "10"]):
        r = t.run("run", *arguments)
        t.expect(r, code=4, out="")
        t.has(r.err, "Maximum VM call stack depth of 10 exceeded while calling r", "stderr")


def test_call_depth_variable(t):
    t.write("a.ruff", "func r(n) { if n == 0 { return 0 }\n  return 1 + r(n - 1) }\nprint(r(20))\n")
    r = t.run("run", "a.ruff", env={"RUFF_MAX_CALL_DEPTH": "10"})
    t.expect(r, code=4, out="")
    t.has(r.err, "Maximum VM call stack depth of 10 exceeded while calling r", "stderr")
    t.expect(t.run("run", "--max-call-depth", "100", "a.ruff", env={"RUFF_MAX_CALL_DEPTH": "10"}), out="20\n", err="")


def test_accepted_compatibility_flags(t):
    t.write("a.ruff", "print(1)\n")
    for flag in ("--jit", "--no-jit", "--interpreter", "--no-cache"):
        t.expect(t.run("run", flag, "a.ruff"), out="1\n", err="")


def test_eval(t):
    t.expect(t.run("-e", "print(1 + 1)"), out="2\n", err="")
    t.expect(t.run("-e", "1 + 1"), out="", err="")
    t.expect(t.run("-e", "x := 2", "-e", "print(x)"), out="2\n", err="")
    t.expect(t.run("-e", "print(args())", "a", "b"), out="[a, b]\n", err="")


def test_eval_file_name_in_diagnostics(t):
    t.expect(
        t.run("-e", "x := 1\nprint(1 / 0)"),
        code=4,
        out="",
        err="[RUFVM001] [vm] Runtime Error: Division by zero\n  --> <eval>:2:9\n   |\n 2 | print(1 / 0)\n   |         ^\n\n",
    )


def test_eval_with_flags(t):
    r = t.run("-e", 'print(env("x"))', "--untrusted")
    t.expect(r, code=4, out="")
    t.has(r.err, "Capability denied: env-read required for env; rerun with --allow-env-read", "stderr")


def test_stdin_program(t):
    t.expect(t.run("-", stdin="print(1)\n"), out="1\n", err="")
    t.expect(t.run("run", "-", "a", "b", stdin="print(args())"), out="[a, b]\n", err="")


def test_stdin_file_name_in_diagnostics(t):
    r = t.run("run", "-", stdin="x := )\n")
    t.expect(r, code=3, out="")
    t.has(r.err, "  --> <stdin>:1:6\n", "stderr")


def test_stdin_program_leaves_input_at_end(t):
    t.expect(t.run("run", "-", stdin='x := input()\nprint("[${x}]")\n'), out="[]\n", err="")


def test_input_reads_lines(t):
    t.write("a.ruff", 'n := input("name? ")\nm := input()\nprint("<${n}><${m}><${input()}>")\n')
    t.expect(t.run("a.ruff", stdin="Ann  \nBob"), out="name? <Ann><Bob><>\n", err="")


def test_exit_codes_of_exit(t):
    for code, want in (("0", 0), ("7", 7), ("255", 255), ("256", 0), ("3.9", 3), ("-1", 255), ("", 0)):
        t.expect(t.run("-e", "write(1)\nexit(%s)\nprint(2)" % code), code=want, out="1", err="")


def test_exit_flushes_and_is_not_caught(t):
    t.expect(t.run("-e", 'try { write("a")\n exit(3) } except { print("caught") } finally { print("fin") }'), code=3, out="a", err="")


def test_missing_file(t):
    t.expect(
        t.run("run", "nope.ruff"),
        code=5,
        out="",
        err="[RUFCLI001] [cli] error: Failed to read .ruff file 'nope.ruff': No such file or directory (os error 2)\n",
    )


def test_directory(t):
    t.write("dir/a.ruff", "print(1)\n")
    r = t.run("run", "dir")
    t.expect(r, code=5, out="")
    t.true(r.err.startswith("[RUFCLI001] [cli] error: Failed to read .ruff file 'dir': Is a directory (os error 21)\n"), r.err)


def test_unreadable_file(t):
    path = t.write("a.ruff", "print(1)\n")
    r = t.shell("""
        chmod 000 a.ruff
        if [ "$(id -u)" = 0 ]; then
            command -v setpriv >/dev/null || exit 77
            chmod 755 . && exec setpriv --reuid=65534 --clear-groups "$RUFF" run a.ruff
        fi
        exec "$RUFF" run a.ruff
    """)
    if r.code in (77, 126, 127):
        t.skip("user nobody cannot execute the program from here")
    t.expect(r, code=5, out="")
    t.has(r.err, "Failed to read .ruff file 'a.ruff': Permission denied (os error 13)", "stderr")
    t.true(path.endswith("a.ruff"), path)


def test_binary_file(t):
    t.write("a.ruff", b"\x7fELF\xff\xfe\x00\x01")
    t.expect(
        t.run("run", "a.ruff"),
        code=5,
        out="",
        err="[RUFCLI001] [cli] error: Failed to read .ruff file 'a.ruff': stream did not contain valid UTF-8\n",
    )


def test_source_size_limit(t):
    body = b"print(1)\n"
    t.write("exact.ruff", body + b"#" * (1048576 - len(body)))
    t.expect(t.run("run", "exact.ruff"), out="1\n", err="")
    t.write("over.ruff", body + b"#" * (1048577 - len(body)))
    for command in ("run", "check"):
        r = t.run(command, "over.ruff")
        t.expect(r, code=3, out="")
        t.has(r.err, "[RUFPARSE001] [parser] error: Source size 1048577 bytes exceeds maximum allowed 1048576 bytes\n", "stderr")
        t.has(r.err, "  --> over.ruff:1:1\n", "stderr")


def test_nothing_runs_after_a_front_end_error(t):
    t.write("parse.ruff", 'print("out")\nx := )\n')
    t.expect(t.run("parse.ruff"), code=3, out="")
    t.write("compile.ruff", 'print("out")\nbreak\n')
    t.expect(t.run("compile.ruff"), code=4, out="")


def test_modules_are_found_beside_the_script(t):
    t.write("app/main.ruff", "import helper\nprint(v)\n")
    t.write("app/helper.ruff", "export v := 5\n")
    t.write("other/readme", "")
    t.expect(t.run("app/main.ruff"), out="5\n", err="")
    t.expect(t.shell('cd other && "$RUFF" run ../app/main.ruff'), out="5\n", err="")


def test_modules_of_the_parent_of_src(t):
    t.write("src/main.ruff", "import lib\nprint(v)\n")
    t.write("lib.ruff", "export v := 6\n")
    t.write("other/readme", "")
    t.expect(t.shell('cd other && "$RUFF" run ../src/main.ruff'), out="6\n", err="")


def test_module_link_out_of_its_root_is_refused(t):
    t.write("outside/secret.ruff", "export v := 1\n")
    t.write("app/main.ruff", "try { import secret } except e { print(e.message) }\n")
    r = t.shell('cd app && ln -s ../outside/secret.ruff secret.ruff && "$RUFF" run main.ruff')
    t.expect(r, out="Unsafe module import 'secret': resolved path escapes the module root\n", err="")


def test_eval_finds_modules_in_the_current_directory(t):
    t.write("m.ruff", "export v := 7\n")
    t.expect(t.run("-e", "import m\nprint(v)"), out="7\n", err="")


def test_suspended_functions_finish_before_the_end(t):
    t.expect(t.run("-e", 'async func f() { await async_sleep(20)\n print("late") }\nf()\nprint("main")'), out="main\nlate\n", err="")


def test_program_does_not_wait_for_threads(t):
    t.expect(t.run("-e", 'spawn { sleep(20000)\n print("never") }\nprint("end")', timeout=10), out="end\n", err="")

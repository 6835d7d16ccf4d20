"""What the documents say exists, exists, and their examples print what stands behind `#`."""

import glob
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def pages():
    for path in sorted(glob.glob(os.path.join(ROOT, "docs", "*.md")) + glob.glob(os.path.join(ROOT, "*.md"))):
        with open(path, encoding="utf-8") as f:
            yield path, f.read()


def test_links_lead_somewhere(t):
    for path, text in pages():
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            t.true(os.path.exists(os.path.join(os.path.dirname(path), link)), "%s: no %s" % (path, link))


def test_anchors_exist(t):
    headings = {}
    for path, text in pages():
        titles = re.findall(r"(?m)^#+ (.*)$", text)
        headings[os.path.basename(path)] = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
    for path, text in pages():
        for file, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", text):
            file = os.path.basename(file or path)
            t.true(anchor in headings[file], "%s: no heading #%s in %s" % (path, anchor, file))


def test_files_named_exist(t):
    """`vm/interp.c` may stand for src/vm/interp.c; a star is a pattern; NAME and words in <> stand for anything."""
    for path, text in pages():
        for name in re.findall(r"`((?:\.\./)?[\w.<>*-]+(?:/[\w.<>*-]+)+)`", text):
            if "<" in name or "NAME" in name:
                continue
            if re.search(r"\.(c|h|def|py|sh|md|ruff)$", name) or name.startswith(("src/", "tests/", "docs/", "include/")):
                found = any(glob.glob(os.path.join(ROOT, top, name)) for top in ("", "src", "include"))
                t.true(found, "%s: no file %s" % (os.path.basename(path), name))


def test_commands_of_the_readme_exist(t):
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        commands = set(re.findall(r"(?m)^ruff ([a-z][a-z-]*)", f.read()))
    t.true(commands, "the README names commands")
    listed = set(re.findall(r"(?m)^  ([a-z][a-z-]*)  ", t.run("help").out))
    t.equal(sorted(commands - listed - {"help"}), [], "commands that do not exist")


def examples(text):
    """Blocks of Ruff code in which every line that prints says what."""
    for block in re.findall(r"```ruff\n(.*?)```", text, re.S):
        lines = block.split("\n")
        printing = [line for line in lines if re.match(r"\s*print\(", line)]
        want = [line.rsplit(" # ", 1)[1] for line in printing if " # " in line]
        if printing and len(want) == len(printing) and len(want) == block.count("print("):
            yield block, want


def test_examples_print_what_they_say(t):
    count = 0
    for path, text in pages():
        for block, want in examples(text):
            r = t.run("-e", block)
            t.equal((r.out.split("\n")[:-1], r.err), (want, ""), "%s, example:\n%s" % (os.path.basename(path), block))
            count += 1
    t.true(count >= 10, "only %d examples" % count)

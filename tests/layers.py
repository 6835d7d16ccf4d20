#!/usr/bin/env python3
"""Checks the #include lines of src/ against the layering of docs/architecture.md.

A file may include headers of its own layer, of the layers its layer stands on, the public headers
(ruff/...) from the layer `api` upwards, and generated tables.  Run alone it prints one line per
violation and exits with 1 when there is any.
"""

import os
import re
import sys

# layer: the layers directly below it; everything below those is allowed too
BELOW = {
    "base": [],
    "front": ["base"],
    "runtime": ["base"],
    "bytecode": ["front", "runtime"],
    "vm": ["bytecode"],
    "jit": ["vm"],
    "lib": ["vm"],
    "ffi": ["vm"],
    "api": ["jit", "lib", "ffi"],
    "tools": ["api"],
    "cli": ["api", "tools"],
}
PUBLIC_FROM = ("api", "tools", "cli")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"')


def allowed(layer):
    seen = set()
    pending = [layer]
    while pending:
        name = pending.pop()
        if name not in seen:
            seen.add(name)
            pending.extend(BELOW[name])
    return seen


def check_file(path, shown, layer):
    problems = []
    reachable = allowed(layer)
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            target = match.group(1)
            top, slash, _ = target.partition("/")
            if not slash:
                if not os.path.exists(os.path.join(os.path.dirname(path), target)):
                    continue  # a generated table in the build directory
                problems.append('%s:%d: "%s" must be written "%s/%s"' % (shown, number, target, layer, target))
            elif top == "ruff":
                if layer not in PUBLIC_FROM:
                    problems.append("%s:%d: %s must not include the public header %s" % (shown, number, layer, target))
            elif top in BELOW and top not in reachable:
                problems.append("%s:%d: %s must not include %s" % (shown, number, layer, target))
            elif top not in BELOW and top != "gen":
                problems.append("%s:%d: %s belongs to no layer" % (shown, number, target))
    return problems


def check(root):
    problems = []
    source = os.path.join(root, "src")
    for folder, dirs, files in os.walk(source):
        dirs.sort()
        layer = os.path.relpath(folder, source).split(os.sep)[0]
        for name in sorted(files):
            if not name.endswith((".c", ".h", ".def", ".inc")):
                continue
            path = os.path.join(folder, name)
            shown = os.path.relpath(path, root)
            if layer in BELOW:
                problems += check_file(path, shown, layer)
            elif not (layer == "." and name == "main.c"):
                problems.append("%s: stands in no layer" % shown)
    return problems


if __name__ == "__main__":
    found = check(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    print("\n".join(found) if found else "layering holds")
    sys.exit(1 if found else 0)

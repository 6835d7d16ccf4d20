#!/usr/bin/env python3
"""Makes a program smaller that behaves differently in two tiers.

    reduce.py --ruff build/ruff FILE.ruff --mode eager [--kind stdout] [--time 120]

Delta debugging on three levels, repeated until nothing helps: groups of lines (statements and whole blocks), blocks replaced by
their bodies, and parts of expressions.  A smaller program is kept when the same kind of difference is still there.
"""

import argparse
import os
import re
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import compare  # noqa: E402


class Reducer:
    def __init__(self, ruff, mode, kind, seconds):
        self.ruff, self.mode, self.kind = ruff, mode, kind
        self.end = time.monotonic() + seconds
        self.folder = tempfile.TemporaryDirectory(prefix="ruff-reduce-")
        self.known = {}

    def fails(self, text):
        if text in self.known:
            return self.known[text]
        if time.monotonic() > self.end:
            return False
        path = os.path.join(self.folder.name, "p.ruff")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        vm = compare.execute(self.ruff, path, "vm", 5)
        if self.mode == "vm":
            result = vm.broken() == self.kind
        elif vm.broken() or vm.code == 3:
            result = False
        else:
            limit = 3 if self.kind == "timeout" else 20
            result = compare.difference(vm, compare.execute(self.ruff, path, self.mode, limit)) == self.kind
        self.known[text] = result
        return result

    def units(self, lines):
        """[(first, last)] of groups of lines whose braces balance, innermost blocks included."""
        out, stack = [], []
        for number, line in enumerate(lines):
            bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', line)
            opened, closed = bare.count("{"), bare.count("}")
            if opened == closed and not bare.strip().startswith("}"):
                out.append((number, number))
            elif bare.strip().startswith("}") and stack:
                start = stack.pop()
                if opened >= closed:  # } else {: the block goes on
                    stack.append(start)
                else:
                    out.append((start, number))
            elif opened > closed:
                stack.append(number)
            elif stack:
                out.append((stack.pop(), number))
        return sorted(out, key=lambda u: u[0] - u[1])

    def join(self, lines):
        return "\n".join(lines) + "\n"

    def drop_blocks(self, lines):
        changed = True
        while changed:
            changed = False
            for first, last in self.units(lines):
                shorter = lines[:first] + lines[last + 1 :]
                if shorter and self.fails(self.join(shorter)):
                    lines, changed = shorter, True
                    break
        return lines

    def drop_runs(self, lines):
        size = max(len(lines) // 2, 1)
        while size >= 1:
            at = 0
            while at < len(lines):
                shorter = lines[:at] + lines[at + size :]
                if shorter and self.fails(self.join(shorter)):
                    lines = shorter
                else:
                    at += size
            size //= 2
        return lines

    def unwrap(self, lines):
        changed = True
        while changed:
            changed = False
            for first, last in self.units(lines):
                if last == first:
                    continue
                inside = [line for line in lines[first + 1 : last] if not line.strip().startswith("}")]
                shorter = lines[:first] + inside + lines[last + 1 :]
                # only the first part of if/else and try/except
                cut = next((i for i in range(first + 1, last) if re.match(r"\s*\} (else|except|finally)", lines[i])), None)
                options = [shorter]
                if cut is not None:
                    options.append(lines[:first] + lines[first + 1 : cut] + lines[last + 1 :])
                    options.append(lines[:cut] + ["}"] + lines[last + 1 :])
                for option in options:
                    if option and self.fails(self.join(option)):
                        lines, changed = option, True
                        break
                if changed:
                    break
        return lines

    def pieces(self, text):
        """Replacements (start, end, new text) that make an expression smaller."""
        stack = []
        for m in re.finditer(r'"(?:[^"\\]|\\.)*"|[()\[\]{}]|\d+\.?\d*', text):
            token = m.group()
            if token in "([{":
                stack.append(m.start())
            elif token in ")]}":
                if stack:
                    start = stack.pop()
                    inner = text[start + 1 : m.start()]
                    for new in ("0", "1", '""') + (("()", "") if token == ")" else ("[]", "{}")):
                        yield start, m.end(), new
                    for part in self.split(inner):
                        yield start, m.end(), part.strip()
                        yield start + 1, m.start(), part.strip()
                    call = re.search(r"[\w.]+$", text[:start])
                    if call and token == ")":
                        yield call.start(), m.end(), "0"
                        for part in self.split(inner):
                            yield call.start(), m.end(), part.strip()
            elif token[0].isdigit() and token not in ("0", "1"):
                for new in ("0", "1", "2"):
                    yield m.start(), m.end(), new
            elif token[0] == '"' and len(token) > 2:
                yield m.start(), m.end(), '""'
                yield m.start(), m.end(), '"a"'
        for m in re.finditer(r" (\+|-|\*|/|%|&&|\|\||==|!=|<=?|>=?|\?\?) [^\s()\[\]{},]+", text):
            yield m.start(), m.end(), ""

    @staticmethod
    def split(inner):
        parts, depth, start = [], 0, 0
        for i, c in enumerate(inner):
            if c in "([{":
                depth += 1
            elif c in ")]}":
                depth -= 1
            elif depth == 0 and (c == "," or inner[i : i + 3] in (" + ", " - ", " * ", " / ", " % ", " < ", " > ") or inner[i : i + 4] in (" && ", " || ", " == ", " != ", " <= ", " >= ")):
                parts.append(inner[start:i])
                start = i + (1 if c == "," else 4 if inner[i + 3 : i + 4] == " " and inner[i + 2] in "&|=" else 3)
        parts.append(inner[start:])
        return [p for p in parts if p.strip()]

    def shrink_expressions(self, lines):
        for number in range(len(lines)):
            again = True
            while again and time.monotonic() < self.end:
                again = False
                line = lines[number]
                for start, end, new in list(self.pieces(line)):
                    shorter = line[:start] + new + line[end:]
                    if len(shorter) < len(line) or len(shorter) == len(line) and shorter < line:
                        if self.fails(self.join(lines[:number] + [shorter] + lines[number + 1 :])):
                            lines = lines[:number] + [shorter] + lines[number + 1 :]
                            again = True
                            break
        return lines

    def run(self, text):
        if not self.fails(text):
            return text
        lines = [line for line in text.split("\n") if line.strip()]
        if not self.fails(self.join(lines)):
            lines = text.split("\n")
        before = None
        while before != lines and time.monotonic() < self.end:
            before = lines
            lines = self.drop_blocks(lines)
            lines = self.unwrap(lines)
            lines = self.drop_runs(lines)
            lines = self.shrink_expressions(lines)
        return self.join(lines)


def reduce_file(path, ruff, mode, kind, seconds):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    reducer = Reducer(os.path.abspath(ruff), mode, kind, seconds)
    with reducer.folder:
        return reducer.run(text)


def main():
    parser = argparse.ArgumentParser(description="Reduce a program that behaves differently in two tiers.")
    parser.add_argument("file")
    parser.add_argument("--ruff", default="build/ruff")
    parser.add_argument("--mode", default="eager", choices=list(compare.CONFIGURATIONS))
    parser.add_argument("--kind", default=None, help="stdout, stderr, exit, timeout, 'signal N', 'internal error' (default: what it is now)")
    parser.add_argument("--time", type=float, default=120.0, metavar="S")
    options = parser.parse_args()
    path, ruff = os.path.abspath(options.file), os.path.abspath(options.ruff)
    if options.kind is None:
        vm = compare.execute(ruff, path, "vm")
        options.kind = vm.broken() if options.mode == "vm" else compare.difference(vm, compare.execute(ruff, path, options.mode, 60))
        if options.kind is None:
            print("no difference", file=sys.stderr)
            return 1
    sys.stdout.write(reduce_file(path, ruff, options.mode, options.kind, options.time))
    return 0


if __name__ == "__main__":
    sys.exit(main())

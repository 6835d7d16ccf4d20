#!/usr/bin/env python3
"""Differential fuzzer: random programs must print the same in the VM and with the JIT.

    run.py --ruff build/ruff [--seeds 0:2000] [--time SECONDS] [--jobs 2] [--modes eager,guess,hot] [--out DIR] [--no-reduce]

Every program runs with --no-jit and once per mode; stdout, stderr and exit code are compared.  For a difference (or a crash of
the VM itself) the program goes to DIR/SEED-MODE.ruff, its reduced form to DIR/SEED-MODE.min.ruff and to the screen.  A seed always
gives the same program; what was found depends on nothing but the seeds (and, in mode `async`, on timing).
RUFF_JIT_OPT of the environment is kept: level 0 or 1 halves the time, which is spent in the compiler.  Exit 1 when anything was found.
"""

import argparse
import concurrent.futures
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import compare  # noqa: E402
import generate  # noqa: E402
import reduce as reducer  # noqa: E402


def check(seed, options, folder):
    """(seed, status of the VM run, finds: [(mode, kind, text of the difference)])"""
    path = os.path.join(folder, "s%d.ruff" % seed)
    with open(path, "w", encoding="utf-8") as f:
        f.write(generate.program(seed))
    vm = compare.execute(options.ruff, path, "vm", options.timeout)
    finds = []
    if vm.broken() == "timeout":
        print("seed %d does not end in time" % seed, flush=True)
    elif vm.broken():
        finds.append(("vm", vm.broken(), vm.err.decode("utf-8", "replace")[:500]))
    else:
        for mode in options.modes:
            other = compare.execute(options.ruff, path, mode, options.timeout * 3)
            kind = compare.difference(vm, other)
            if kind:
                finds.append((mode, kind, compare.first_difference(vm, other)))
    os.unlink(path)
    early = vm.code == 4 and len(vm.out) < 200
    return seed, "endless" if vm.broken() == "timeout" else "broken" if vm.broken() else "unparsed" if vm.code == 3 else "early" if early else "ok", finds


def report(seed, mode, kind, text, options):
    base = os.path.join(options.out, "%d-%s" % (seed, mode))
    os.makedirs(options.out, exist_ok=True)
    with open(base + ".ruff", "w", encoding="utf-8") as f:
        f.write(generate.program(seed))
    print("\n=== seed %d, mode %s: %s\n%s\n--- %s.ruff" % (seed, mode, kind, text, base), flush=True)
    if not options.no_reduce:
        small = reducer.reduce_file(base + ".ruff", options.ruff, mode, kind, options.reduce_time)
        with open(base + ".min.ruff", "w", encoding="utf-8") as f:
            f.write(small)
        print("--- reduced:\n" + small, flush=True)


def main():
    parser = argparse.ArgumentParser(description="Compare the tiers on random programs.")
    parser.add_argument("--ruff", default="build/ruff")
    parser.add_argument("--seeds", default="0:500", help="FROM:TO, or one seed (default 0:500)")
    parser.add_argument("--time", type=float, default=None, metavar="S", help="stop taking new seeds after S seconds; TO may be left out")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--modes", default="eager,guess,hot", help="comma list of " + ", ".join(compare.CONFIGURATIONS))
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds for the VM run; three times that with the JIT")
    parser.add_argument("--out", default="fuzz-found", metavar="DIR")
    parser.add_argument("--stop-after", type=int, default=10, metavar="N", help="finds after which to stop (default 10)")
    parser.add_argument("--reduce-time", type=float, default=120.0, metavar="S", help="seconds for reducing one program")
    parser.add_argument("--no-reduce", action="store_true")
    options = parser.parse_args()
    options.ruff = os.path.abspath(options.ruff)
    options.modes = [m for m in options.modes.split(",") if m]
    for mode in options.modes:
        if mode not in compare.CONFIGURATIONS:
            parser.error("unknown mode %r" % mode)
    first, _, last = options.seeds.partition(":")
    start = int(first or 0)
    end = int(last) if last else start + 1 if ":" not in options.seeds else 1 << 40
    began = time.monotonic()
    counts, found, seed = {}, 0, start
    with tempfile.TemporaryDirectory(prefix="ruff-fuzz-") as folder, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        waiting = {}
        while (seed < end or waiting) and found < options.stop_after:
            over = options.time is not None and time.monotonic() - began > options.time
            if over:
                end = min(end, seed)
            while seed < end and len(waiting) < options.jobs * 2:
                waiting[pool.submit(check, seed, options, folder)] = seed
                seed += 1
            done, _ = concurrent.futures.wait(waiting, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in done:
                number = waiting.pop(future)
                _, status, finds = future.result()
                counts[status] = counts.get(status, 0) + 1
                for mode, kind, text in finds:
                    found += 1
                    report(number, mode, kind, text, options)
        for future in waiting:
            future.cancel()
    total = sum(counts.values())
    spent = time.monotonic() - began
    print("%d programs in %.0f s (%.1f/s): %s; %d differences" % (total, spent, total / max(spent, 0.001), counts, found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

#!/bin/sh
# Builds with sanitizers and runs the tests: ASan+UBSan for everything, TSan for the concurrent part.
# usage: tests/sanitize.sh [asan|tsan|all]   (default all); BUILD_ROOT=DIR sets where the builds go.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
builds=${BUILD_ROOT:-$root/build-sanitize}
which=${1:-all}
status=0

build() { # name, cmake option
    cmake -S "$root" -B "$builds/$1" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo "$2" >/dev/null
    cmake --build "$builds/$1"
}

if [ "$which" = asan ] || [ "$which" = all ]; then
    build asan -DRUFF_ASAN=ON
    ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=99 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
        python3 "$root/tests/run.py" --build "$builds/asan" --sanitized --timeout 240 --list-failures || status=1
fi
if [ "$which" = tsan ] || [ "$which" = all ]; then
    build tsan -DRUFF_TSAN=ON
    TSAN_OPTIONS=exitcode=99:halt_on_error=1:report_thread_leaks=0 \
        python3 "$root/tests/run.py" --build "$builds/tsan" --sanitized --timeout 240 --list-failures \
        --suites lang --filter lang/async/ --filter lang/spawn/ || status=1
fi
exit $status

#!/bin/sh
# Installs what building and testing Ruff needs on Debian 12.  Works as root and as a user with sudo;
# asks for nothing and does nothing when all packages are there.
set -eu

# gcc, cmake, ninja, pkg-config: the build.  uthash, utf8proc: libraries Ruff is linked with.
# libgccjit-12-dev: the header, and with libgccjit0 what compile workers open; binutils: their as and ld.
# libffi-dev: the header of what the FFI opens.  zlib1g, libsqlite3-0: called by its tests.
# cmocka, python3: the tests.  tzdata: the time zones of the library.
packages="gcc libc6-dev binutils cmake ninja-build pkg-config uthash-dev libutf8proc-dev libgccjit-12-dev libcmocka-dev python3 tzdata libffi-dev zlib1g libsqlite3-0"
# A browser, which one test of a page looks for, is as large as all the rest: only for those who ask.
[ -z "${RUFF_BROWSER:-}" ] || packages="$packages chromium"

missing=
for package in $packages; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "tests/setup.sh: run as root, or install:$missing" >&2; exit 1; }
    as_root=sudo
fi
echo "installing:$missing"
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q </dev/null
# shellcheck disable=SC2086 # the list is meant to be split
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing </dev/null

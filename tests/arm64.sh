#!/bin/sh
# Builds Ruff and runs its tests for AArch64 under user-mode emulation, in a Debian arm64 system in a folder.
# usage: tests/arm64.sh DIR [arguments of tests/run.py]
# As root on Debian 12, with the packages debootstrap and qemu-user-static.  The first run makes DIR, which takes some minutes
# and a gigabyte; later ones use it again.  Emulation is slow: give it an hour.
set -eu

[ $# -ge 1 ] || { echo "usage: tests/arm64.sh DIR [arguments of tests/run.py]" >&2; exit 2; }
source=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
root=$(cd "$1" && pwd)
shift
qemu=/usr/bin/qemu-aarch64-static
binfmt=/proc/sys/fs/binfmt_misc

[ "$(id -u)" = 0 ] || { echo "tests/arm64.sh: run as root" >&2; exit 1; }
[ -x "$qemu" ] && command -v debootstrap >/dev/null || {
    echo "tests/arm64.sh: needs the packages debootstrap and qemu-user-static" >&2
    exit 1
}

# The kernel has to know who runs AArch64 programs.  Flag F: it opens the emulator now, so that a chroot needs no copy of it.
[ -e "$binfmt/register" ] || mount -t binfmt_misc binfmt_misc "$binfmt"
if [ ! -e "$binfmt/qemu-aarch64" ]; then
    magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
    mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
    printf '%s' ":qemu-aarch64:M::$magic:$mask:$qemu:F" >"$binfmt/register"
fi

if [ ! -e "$root/made-by-arm64.sh" ]; then
    debootstrap --arch=arm64 --variant=minbase bookworm "$root"
    touch "$root/made-by-arm64.sh"
fi

mounted=
clean_up() {
    for folder in $mounted; do
        umount "$root/$folder"
    done
}
trap clean_up EXIT
mount -t proc proc "$root/proc"
mounted=proc
mount --bind /dev "$root/dev"
mounted="dev $mounted"

# A copy of what is under version control, with uncommitted changes; the build folder in it stays from run to run.
mkdir -p "$root/ruff"
(cd "$source" && git -c safe.directory="$source" ls-files -z | tar --create --null --files-from=- --file=-) | tar --extract --directory="$root/ruff" --file=-

chroot "$root" /bin/sh -c '
    cd /ruff
    sh tests/setup.sh
    cmake -S . -B build -G Ninja
    cmake --build build
    exec python3 tests/run.py --timeout 600 --jit-timeout 300000 --list-failures "$@"' sh "$@"

#!/usr/bin/env bash
# prove.sh PYTHON: the inference handler, with the locked ARM64 packages on Debian's ARM64 Python under QEMU, says of the
# sample photos what it says here. As on Lambda there is no /sys (and here no /proc either).
#
# Debian's Python is 3.11 and Lambda's is 3.12: the lock's versions and hashes are the same for both, only the wheels of
# the compiled packages differ.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=$1
cache=$PWD/build/arm64
root=$cache/root
task=$root/var/task
qemu=/usr/bin/qemu-aarch64-static
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
photos=(boats canyon mountains photographer)
events=("${photos[@]/%/.json}")
PATH=$(dirname "$(realpath -s "$python")"):$PATH # for uv

step() { printf '%s  %s\n' "$(date +%T)" "$*"; }

need() {
    [[ -e $1 ]] && return
    step "installing $2"
    if [[ $(id -u) != 0 ]] || ! { apt-get -qq update && apt-get -qq -y install "$2"; } >/dev/null; then
        echo "This needs $1, from Debian's or Ubuntu's package $2: sudo apt install $2" >&2
        exit 1
    fi
}

# apt with a state of its own: nothing on the machine learns that there is another architecture.
apt_arm64() {
    apt-get -qq -y \
        -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User="$(id -un)" \
        -o Dir::Etc::SourceList="$cache/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$cache/lists" -o Dir::State::Status="$cache/status" \
        -o Dir::Cache::Archives="$cache/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
        -o Debug::NoLocking=1 "$@"
}

unpack_python() {
    step "fetching Debian's ARM64 Python"
    mkdir -p "$cache"/{lists,archives}/partial "$root"
    echo "deb [signed-by=$keyring] http://deb.debian.org/debian bookworm main" >"$cache/sources.list"
    : >"$cache/status"
    apt_arm64 update
    apt_arm64 --no-install-recommends --download-only install python3.11 libstdc++6
    for package in "$cache"/archives/*.deb; do
        dpkg-deb --extract "$package" "$root"
    done
    touch "$cache/unpacked"
}

echo "Under emulation this takes a minute or two, and several on a busy machine."
need $qemu qemu-user-static
need $keyring debian-archive-keyring
[[ -e $cache/unpacked ]] || unpack_python
cp $qemu "$root$qemu"

step "unpacking the locked packages"
rm -rf "$task"
mkdir -p "$task"
PYTHON_VERSION=3.11 docker/unpack arm64 "$task" docker/requirements/inference.txt
cp -r inference tests/arm64/caption.py "$task"
for photo in "${photos[@]}"; do
    "$python" docker/smoke.py event "inference/samples/$photo.jpg" >"$task/$photo.json"
done

step "captioning here ($(uname -m))"
PYTHONPATH=. "$python" tests/arm64/caption.py "${events[@]/#/$task/}" >"$cache/here.txt" 2>"$cache/here.log" ||
    { cat "$cache/here.log" >&2; exit 1; }

step "captioning on ARM64"
unshare --map-root-user --root="$root" --wd=/var/task \
    $qemu /usr/bin/python3.11 caption.py "${events[@]}" >"$cache/arm64.txt" 2>"$cache/arm64.log" ||
    { cat "$cache/arm64.log" >&2; exit 1; }

cat "$cache/arm64.txt"
diff "$cache/here.txt" "$cache/arm64.txt" && differing=0 || differing=$(comm -13 <(sort "$cache/here.txt") <(sort "$cache/arm64.txt") | wc -l)
# The decoder rounds what flows through it to int8. Sums of floats differ in the sixth digit between processors, now and
# then a value falls on the other side of a rounding border, and where two captions were nearly tied the other one wins.
# One photo in four may do so; anything broken changes them all.
step "$((${#photos[@]} - differing)) of ${#photos[@]} captions are the same, word for word"
((differing * 4 <= ${#photos[@]}))

#!/usr/bin/env bash
# prove.sh PYTHON: the inference handler, with the locked ARM64 packages on Debian's ARM64 Python under QEMU, says of photos
# what it says here. As on Lambda there is a /proc and no /sys.
#
# Debian's Python is 3.11 and Lambda's is 3.12: the lock's versions and hashes are the same for both, only the wheels of
# the compiled packages differ.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=$1
cache=$PWD/build/arm64
root=$cache/root
task=$root/var/task
clear=$cache/clear
qemu=/usr/bin/qemu-aarch64-static
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
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
mkdir -p "$task" "$root/proc"
PYTHON_VERSION=3.11 docker/unpack arm64 "$task" docker/requirements/inference.txt
cp -r common inference tests/arm64/caption.py "$task"

# compare MODEL PHOTO...: caption here and on ARM64; the captions are in here.txt and arm64.txt. MODEL is empty for the
# starter.
compare() {
    local model=$1 photo events=()
    shift
    rm -rf "$task/model"
    [[ -n $model ]] && cp -r "$model" "$task/model"
    for photo in "$@"; do
        events+=("$(basename "$photo" .jpg).json")
        "$python" docker/smoke.py event "$photo" >"$task/${events[-1]}"
    done
    step "captioning here ($(uname -m))"
    CAPTION_MODEL=$model PYTHONPATH=. "$python" tests/arm64/caption.py "${events[@]/#/$task/}" \
        >"$cache/here.txt" 2>"$cache/log.txt" || { cat "$cache/log.txt" >&2; exit 1; }
    step "captioning on ARM64"
    CAPTION_MODEL=${model:+/var/task/model} unshare --map-root-user --pid --fork --mount-proc \
        --root="$root" --wd=/var/task $qemu /usr/bin/python3.11 caption.py "${events[@]}" \
        >"$cache/arm64.txt" 2>"$cache/log.txt" || { cat "$cache/log.txt" >&2; exit 1; }
    diff "$cache/here.txt" "$cache/arm64.txt" >"$cache/differences.txt" || true
    cat "$cache/arm64.txt" "$cache/differences.txt"
}

step "making models whose captions hang on no rounding"
rm -rf "$clear"
"$python" -m tests.arm64.clear_model "$clear" >"$cache/log.txt" 2>&1 || { cat "$cache/log.txt" >&2; exit 1; }
for model in model blip git vit_gpt2 florence2; do
    compare "$clear/$model" "$clear"/photos/*.jpg
    [[ ! -s $cache/differences.txt ]]
    step "$model: the same captions, word for word"
done

# The starter's decoder rounds what flows through it to int8. Sums of floats differ in the sixth digit between processors,
# so that now and then a value falls on the other side of a rounding border, and where two captions were nearly tied the
# other one wins. That happens to some photos; what is broken changes them all.
compare "" common/samples/*.jpg
all=$(wc -l <"$cache/here.txt")
differing=$(grep -c '^>' "$cache/differences.txt" || true)
step "$((all - differing)) of $all captions are the same, word for word"
((2 * differing <= all))
grep -qF "$(grep '^cat: ' "$cache/here.txt")" "$cache/arm64.txt"

#!/usr/bin/env bash
# Tries a release that Tools/release.sh has made: in a folder that is all it sees of the machine and has the C library and nothing else, and
# on processors with fewer instructions, which qemu-user plays (Debian: qemu-user-static). What the machine lacks is skipped, and said.
set -euo pipefail
cd "$(dirname "$0")/.."
fail() { echo "check-release: error: $*" >&2; exit 1; }
agd=$(find .build/portable -path '*/agd-*/bin/agd' -print -quit 2>/dev/null || true)
[ -n "$agd" ] || fail "there is no release. Make it with: make release"
ask=(generate -m Models/microcosm.gguf -t 1 -n 12 --system "Reply in English, please." --user "What do you know about Inga?" --roi system)
expected=$("$agd" "${ask[@]}" 2>/dev/null)

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir "$root/Models" "$root/proc"
cp "$agd" "$root/agd"
cp Models/microcosm.gguf "$root/Models"
# The C library loads libgcc_s, on which Debian's package of it depends, when a thread ends itself.
for library in $(ldd "$agd" | grep -o '/[^ ]*') $(/sbin/ldconfig -p | grep -o '/.*/libgcc_s.so.1$' | head -1); do install -D "$library" "$root$library"; done
# With /proc, where Swift finds a program's arguments.
alone() { unshare --map-root-user --mount bash -c 'mount --rbind /proc "$0/proc" && exec chroot "$0" /agd "$@"' "$root" "$@"; }
if unshare --map-root-user --mount true 2>/dev/null; then
    answer=$(alone "${ask[@]}" 2> "$root/log") || fail "alone with the C library: $(tail -3 "$root/log")"
    [ "$answer" = "$expected" ] || fail "alone with the C library it answers: $answer, where it answers here: $expected"
    alone serve -m Models/microcosm.gguf -t 1 --port 0 2> "$root/log" &
    server=$!
    for _ in $(seq 100); do port=$(grep -o '127.0.0.1:[0-9]*' "$root/log" | head -1) && [ -n "$port" ] && break; sleep 0.1; done
    page=$(curl -s --max-time 20 "http://$port/" || true)
    kill "$server"
    case "$page" in *"<title>"*) echo "alone with the C library: answers, and serves its page" ;; *) fail "alone with the C library it serves no page" ;; esac
else
    echo "skipped: this user may not have a root of its own (unshare)"
fi

if ! command -v qemu-x86_64-static > /dev/null || [ "$(uname -m)" != x86_64 ]; then
    echo "skipped: smaller processors need qemu-x86_64-static on x86-64. Install it with: sudo apt-get install qemu-user-static"
    exit
fi
on() { qemu-x86_64-static -cpu "$1" "$agd" "${@:2}" 2> "$root/log"; }
for processor in Haswell EPYC; do
    answer=$(on $processor "${ask[@]}") || fail "on $processor: $(grep -v warning "$root/log" | tail -3)"
    [ "$answer" = "$expected" ] || fail "on $processor it answers: $answer, where this processor answers: $expected"
    echo "on $processor (AVX2): answers as here"
done
if on Nehalem "${ask[@]}" > /dev/null || ! grep -q "which this one" "$root/log"; then fail "on Nehalem, without AVX, it doesn't say so: $(tail -3 "$root/log")"; fi
echo "on Nehalem (no AVX): says so"

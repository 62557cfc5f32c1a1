#!/usr/bin/env bash
# Makes a release for machines like this one: agd as one stripped file that needs nothing but the C library, with its manual and what
# shells complete, packed as .build/agd-VERSION-SYSTEM-PROCESSOR.tar.gz. Prints its path.
#
# ggml is built for processors with AVX2 (on x86-64); the project's own kernels find out what more there is when they run.
set -euo pipefail
cd "$(dirname "$0")/.."
fail() { echo "release: error: $*" >&2; exit 1; }

PKG_CONFIG_PATH=$(AGD_PORTABLE=1 Tools/dependencies.sh)
export PKG_CONFIG_PATH
# In a folder of its own, so that neither build has to be made again for the other.
build=(swift build --scratch-path .build/portable -c release --product agd)
if [ "$(uname -s)" = Linux ]; then build+=(--static-swift-stdlib); fi
# shellcheck disable=SC2086
"${build[@]}" ${SWIFT_BUILD_FLAGS:-} >&2
agd=$("${build[@]}" --show-bin-path)/agd

version=$("$agd" --version | sed -n 's/^agd //p')
name=agd-$version-$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m)
folder=.build/portable/$name
rm -rf .build/portable/agd-*
Tools/install.sh "$agd" "$folder"
strip "$folder/bin/agd"
if [ "$(uname -s)" = Linux ]; then
    # What a program needs beside itself; the C library comes in several files.
    surplus=$(readelf -d "$folder/bin/agd" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vE '^(ld-linux-.*|lib(c|m|dl|pthread|rt))\.so' || true)
    [ -z "$surplus" ] || fail "agd needs $surplus beside the C library"
fi

# The licences of all that is inside, and what that is.
licences=$folder/share/doc/agd
mkdir -p "$licences/licences"
cp LICENSE "$licences"
if python3 Tools/supply-chain/swift_packages.py check >&2; then python3 Tools/supply-chain/sbom.py > "$licences/sbom.json"
else echo "release: note: the list of parts is left out, for it would name the versions that were reviewed" >&2; fi
swift=$(dirname "$(readlink -f "$(command -v swift)")")/../share/swift
for part in .build/portable/checkouts/* .deps/source "$swift"; do
    for file in "$part"/LICENSE* "$part"/NOTICE*; do
        [ -f "$file" ] || continue
        case "$part" in .deps/*) origin=llama.cpp ;; "$swift") origin=swift ;; *) origin=${part##*/} ;; esac
        cp "$file" "$licences/licences/$origin-$(basename "$file")"
    done
done

# The same files give the same archive: no times, owners or order of a folder in it.
archive=.build/$name.tar.gz
tar -C .build/portable --sort=name --mtime="@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}" --owner=0 --group=0 --numeric-owner -cf - "$name" | gzip -n9 > "$archive"
(cd .build && sha256sum "$name.tar.gz" > "$name.tar.gz.sha256")
ls -lh "$archive" "$folder/bin/agd" >&2
echo "$archive"

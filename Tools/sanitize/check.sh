#!/usr/bin/env bash
# Runs the kernels under a sanitizer that ends the process where behaviour isn't defined by C: on ordinary numbers beside ggml's
# own products, and on numbers at their ends.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
deps=$root/.deps
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ ! -f "$deps/lib/libggml-cpu.a" ]; then
    echo "skipped: there is no ggml in .deps. Get it with: AGD_BUNDLED_LLAMA=1 Tools/dependencies.sh"
    exit 0
fi
# Swift's own clang: the kernels are compiled by that compiler in the package too.
clang=${CLANG:-$(dirname "$(readlink -f "$(command -v swift)")")/clang}
flags=(-O1 -g -fsanitize=undefined -fno-sanitize-recover=undefined)
for file in "$root"/Sources/CLaneKernels/*/*.c; do
    echo "$clang ${flags[*]} -I$root/Sources/CLaneKernels/include $(printf -- "-I%s " "$root"/Sources/CLaneKernels/*/) -I$deps/include -c $file -o $work/$(basename "$file" .c).o"
done | xargs -P "$(nproc)" -I{} sh -c '{}'
for name in "$root"/Tools/sanitize/check_ends.c; do
    "$clang" "${flags[@]}" -I"$root/Sources/CLaneKernels/include" -I"$deps/include" "$name" "$work"/*.o \
        "$deps/lib/libggml-cpu.a" "$deps/lib/libggml-base.a" -lstdc++ -lpthread -ldl -lm -o "$work/check"
done
"$work/check"

#!/usr/bin/env bash
# Runs all kernels under a sanitizer that ends the process where behaviour isn't defined by C, on numbers at their ends.
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
# Numbers that don't fit the integer they become are undefined too, but no part of `undefined`.
flags=(-O1 -g -fsanitize=undefined,float-cast-overflow -fno-sanitize-recover=all)
if ! echo 'int main(void) { return 0; }' | "$clang" "${flags[@]}" -x c - -o "$work/try" 2>/dev/null; then
    echo "skipped: $clang has no undefined-behaviour sanitizer"
    exit 0
fi
for file in "$root"/Sources/CLaneKernels/*/*.c "$root"/Tools/sanitize/*.c; do
    echo "$clang ${flags[*]} -I$root/Sources/CLaneKernels/include $(printf -- "-I%s " "$root"/Sources/CLaneKernels/*/) -I$deps/include -c $file -o $work/$(basename "$(dirname "$file")")-$(basename "$file" .c).o"
done | xargs -P "$(nproc)" -I{} sh -c '{}'
"$clang" "${flags[@]}" "$work"/*.o "$deps/lib/libggml-cpu.a" "$deps/lib/libggml-base.a" -lstdc++ -lpthread -ldl -lm -o "$work/check"
"$work/check"

#!/usr/bin/env bash
# Holds the kernels for 64-bit ARM to ggml's products on a machine of any kind: builds ggml's CPU backend and the kernels for
# several ARM processors and runs them under qemu. What this says is that they are right, not that they are fast.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
deps=$root/.deps
work=$deps/aarch64
packages="gcc-aarch64-linux-gnu g++-aarch64-linux-gnu qemu-user-static"

for command in aarch64-linux-gnu-gcc aarch64-linux-gnu-g++ qemu-aarch64-static; do
    command -v "$command" >/dev/null 2>&1 && continue
    echo "skipped: '$command' is missing. Install Debian's packages with: sudo apt-get install $packages"
    exit 0
done
"$root/Tools/dependencies.sh" >/dev/null
if [ ! -d "$deps/source" ]; then
    echo "skipped: the pinned source of ggml is not in .deps/source. Get it with: AGD_BUNDLED_LLAMA=1 Tools/dependencies.sh"
    exit 0
fi
export PATH="$deps/tools/bin:$PATH" PYTHONPATH="$deps/tools${PYTHONPATH:+:$PYTHONPATH}"
# Swift's own clang: the kernels are compiled by that compiler in the package too.
clang=${CLANG:-$(dirname "$(readlink -f "$(command -v swift)")")/clang}
# What another source was built from is no use.
cmp -s "$deps/library.recipe" "$work/library.recipe" || rm -rf "$work"
mkdir -p "$work"
cp "$deps/library.recipe" "$work/library.recipe"

build_ggml() { # build_ggml NAME ARCHITECTURE
    [ -f "$work/$1/build.ninja" ] || cmake -G Ninja -S "$deps/source" -B "$work/$1" -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
        -DCMAKE_C_COMPILER=aarch64-linux-gnu-gcc -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ \
        -DBUILD_SHARED_LIBS=OFF -DGGML_NATIVE=OFF "-DGGML_CPU_ARM_ARCH=$2" -DGGML_OPENMP=OFF -DGGML_CCACHE=OFF -DGGML_BLAS=OFF \
        -DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_TESTS=OFF \
        -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF
    cmake --build "$work/$1" --target ggml-base ggml-cpu
}

# The kernels are built once, for plain armv8-a like the package: what the processor has beyond that is found out at run time.
build_kernels() {
    rm -rf "$work/objects"
    mkdir "$work/objects"
    local file
    for file in "$root"/Sources/CLaneKernels/*/*.c "$root"/Tools/aarch64/*.c; do
        "$clang" --target=aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include -O2 -Wall -c "$file" \
            -I"$root"/Sources/CLaneKernels/{include,panels,products,attention,elementwise,regions,shared,team} -I"$deps/source/ggml/include" -I"$deps/source/include" -o "$work/objects/$(basename "$file" .c).o"
    done
}

portable=0 neon=1 status=0
check() { # check NAME ARCHITECTURE EMULATED-PROCESSOR EXPECTED-SET
    if ! build_ggml "$1" "$2" > "$work/$1.log" 2>&1; then
        tail -n 20 "$work/$1.log"
        exit 1
    fi
    aarch64-linux-gnu-g++ -static -o "$work/$1/check" "$work"/objects/*.o "$work/$1/ggml/src/libggml-cpu.a" \
        "$work/$1/ggml/src/libggml-base.a" -lpthread -lm
    qemu-aarch64-static -cpu "$3" "$work/$1/check" "$4" "$1" | tee "$work/$1.out" || status=1
}

build_kernels
check armv8 armv8-a cortex-a53 $portable
check dotprod armv8.2-a+dotprod cortex-a76 $neon
check i8mm armv8.2-a+fp16+dotprod+i8mm max $neon
check sve256 armv8.2-a+dotprod+i8mm+sve max,sve-default-vector-length=32 $neon
awk '/ passed, / { passed += $2; failed += $4 } END { printf "%d passed, %d failed\n", passed, failed }' \
    "$work"/armv8.out "$work"/dotprod.out "$work"/i8mm.out "$work"/sve256.out
exit $status

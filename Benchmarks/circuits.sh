#!/usr/bin/env bash
# Circuits on real models: found on contrast pairs, then used to guide, beside spans, directions and random sets of the same size. The tables of
# Documentation/circuits.md.
#
#     Benchmarks/circuits.sh [--behaviours LIST] [--scores LIST] [--items N] [--pairs N] [--size N] [--random-sets N] [--methods LIST]
#         [--output FOLDER] MODEL...
#
# MODEL is smollm2, qwen0.5, qwen1.5 or gemma3 (Tools/models.sh fetches it). LIST are names with commas between them: french, spanish, json,
# forbidden, refuse, copy; sum, excess; span, heads, neurons, …, as in the script. A circuit has --size neurons. Each method is a run in FOLDER/MODEL/BEHAVIOUR, on questions with the instruction (wanted-…) and on
# the same questions without it (unwanted-…); started again, it goes on where it stopped. AGD names the agd to use, SUPPORT the folder with
# the tables that tell languages apart, THREADS the CPU threads.
set -euo pipefail
cd "$(dirname "$0")/.."

agd=${AGD:-.build/release/agd}
support=${SUPPORT:-../shared/evals/support}
folder=.build/circuits behaviours=french,forbidden,refuse,json,copy scores=sum,excess items=32 pairs=24 size=64 random_sets=100 methods=all
models=()
while [ $# -gt 0 ]; do
    case "$1" in
        --behaviours) behaviours=$2; shift 2 ;;
        --scores) scores=$2; shift 2 ;;
        --items) items=$2; shift 2 ;;
        --pairs) pairs=$2; shift 2 ;;
        --size) size=$2; shift 2 ;;
        --random-sets) random_sets=$2; shift 2 ;;
        --methods) methods=$2; shift 2 ;;
        --output) folder=$2; shift 2 ;;
        -*) echo "circuits: there is no option $1" >&2; exit 2 ;;
        *) models+=("$1"); shift ;;
    esac
done
[ ${#models[@]} -gt 0 ] || { echo "circuits: name a model, such as smollm2" >&2; exit 2; }
threads=(${THREADS:+-t "$THREADS"})

made() { # made FILE COMMAND...: the file, where it isn't there yet
    local file=$1
    shift
    [ -s "$file" ] || { "$@" > "$file.part" && mv "$file.part" "$file"; }
}
known() { "$agd" info "$path" --json | python3 -c "import json, sys; print(json.load(sys.stdin)['$1'])"; }
pairs_of() { python3 Tools/circuits/pairs.py "$@"; }
random() { python3 Tools/circuits/random_set.py "$@"; }

# Finds the circuit of a behaviour in $here, and makes its controls.
prepare() { # prepare BEHAVIOUR
    made "$here/pairs.jsonl" pairs_of "$1" --count "$pairs"
    made "$here/wanted.jsonl" pairs_of --items "$1" --count "$items"
    made "$here/unwanted.jsonl" pairs_of --items "$1" --without --count "$items"
    local data=(-m "$path" ${threads[@]+"${threads[@]}"} --data "$here/pairs.jsonl")
    [ -s "$here/circuit.json" ] ||
        "$agd" circuits find "${data[@]}" --size "$size" --random-sets "$random_sets" -o "$here/circuit.json" > "$here/circuit.txt"
    [ -s "$here/direction.npy" ] || "$agd" circuits direction "${data[@]}" -o "$here/direction.npy"
    for seed in 1 2; do
        made "$here/random-$seed.json" random "$here/circuit.json" --group prompt \
            --neurons "$(known feed_forward_length)" --heads "$(known head_count)" --seed "$seed"
        made "$here/random-$seed.npy" random --direction "$(known embedding_length)" --seed "$seed"
    done
}

run() { # run wanted|unwanted NAME OPTION...
    local data=$1 name=$2
    shift 2
    "$agd" eval task --data "$here/$data.jsonl" -m "$path" ${threads[@]+"${threads[@]}"} --support "$support" -n 24 --parallel 16 \
        --output "$here/$data-$name.jsonl" "$@" > /dev/null
}
guided() { # guided wanted|unwanted NAME REGION...
    local data=$1 name=$2 regions=() region
    shift 2
    [[ $methods = all || ,$methods, = *,$name,* ]] || return 0
    for region in "$@"; do regions+=(--roi "$region"); done
    run "$data" "$name-$score" --strategy agd --score "$score" --entropy-threshold off "${regions[@]}"
}

for model in "${models[@]}"; do
    path=$(Tools/models.sh "$model")
    for behaviour in ${behaviours//,/ }; do
        here=$folder/$model/$behaviour
        mkdir -p "$here"
        prepare "$behaviour"
        neurons=neurons:@$here/circuit.json#prompt heads=heads:@$here/circuit.json
        middle=$(($(known layer_count) / 2))
        for data in wanted unwanted; do
            run $data greedy --strategy greedy
            for score in ${scores//,/ }; do
                guided $data heads "$heads"
                guided $data neurons "$neurons"
                guided $data neurons-both "$neurons" "neurons:@$here/circuit.json#other=-1"
                guided $data direction "direction:$middle@$here/direction.npy"
                for seed in 1 2; do
                    guided $data random-heads-$seed "heads:@$here/random-$seed.json"
                    guided $data random-neurons-$seed "neurons:@$here/random-$seed.json"
                    guided $data random-direction-$seed "direction:$middle@$here/random-$seed.npy"
                done
                [ $data = wanted ] || continue
                guided $data span system
                guided $data span-heads system "$heads"
                guided $data span-neurons system "$neurons"
            done
        done
        printf '\n## %s, %s\n\n' "$model" "$behaviour"
        cat "$here/circuit.txt"
        python3 Benchmarks/circuits_table.py "$here"
    done
done

#!/usr/bin/env bash
# All decoding methods on Microcosm's conflicts: the tables of Documentation/results.md.
#
#     Benchmarks/microcosm.sh [MODEL [FOLDER [ITEMS PER SETTING]]]
#
# Each method is a run in FOLDER; started again, it goes on where it stopped. AGD names the agd to use.
set -euo pipefail
cd "$(dirname "$0")/.."

model=${1:-Models/microcosm.gguf}
folder=${2:-.build/microcosm}
items=${3:-500}
agd=${AGD:-.build/release/agd}
mkdir -p "$folder"

# The gate opens for a fifth of the tokens of ordinary requests, as the paper's does on its data.
threshold=$folder/threshold.txt
[ -s "$threshold" ] || {
    "$agd" calibrate microcosm --data Models/microcosm-aligned.jsonl -m "$model" -t 1 -n 64 --rate 0.2 > "$threshold.part"
    mv "$threshold.part" "$threshold"
}
tau=$(cat "$threshold")

run() { # NAME OPTION...
    local name=$1
    shift
    "$agd" eval microcosm --data Models/microcosm-conflicts.jsonl -m "$model" -t 1 -n 64 --limit "$items" \
        --output "$folder/$name.jsonl" "$@" > /dev/null
}

run greedy --strategy greedy
for score in sum excess; do
    run "agd-$score" --strategy agd --score $score --entropy-threshold off
    run "agd-$score-gated" --strategy agd --score $score --entropy-threshold "$tau"
    run "agd-$score-opposite" --strategy agd --score $score --entropy-threshold off --side opposite
done
run region-prompt --strategy region-prompt
run cad-0.5 --strategy cad --alpha 0.5
run cad-1 --strategy cad --alpha 1
run dola-low --strategy dola --dola-layers low
run dola-high --strategy dola --dola-layers high
for score in sum excess; do
    run "blend-$score" --strategy agd-blend --score $score --entropy-threshold off
    run "agd-$score-ixg" --strategy agd --score $score --entropy-threshold off --rule ixg
    run "agd-$score-cp-lrp" --strategy agd --score $score --entropy-threshold off --rule cp-lrp
done
run sample --strategy sample --seed 1

"$agd" report "$folder"/greedy.jsonl "$folder"/[!g]*.jsonl --format markdown
"$agd" report "$folder"/greedy.jsonl "$folder"/[!g]*.jsonl --format html > "$folder/report.html"

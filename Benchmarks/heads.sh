#!/usr/bin/env bash
# Finds Microcosm's in-context and parametric heads and guides by them, beside random sets of as many heads: the tables of
# Documentation/explaining.md.
#
#     Benchmarks/heads.sh [MODEL [FOLDER [HEADS]]]
#
# Each method is a run in FOLDER; started again, it goes on where it stopped. AGD names the agd to use.
set -euo pipefail
cd "$(dirname "$0")/.."

model=${1:-Models/microcosm.gguf}
folder=${2:-.build/heads}
count=${3:-4}
agd=${AGD:-.build/release/agd}
mkdir -p "$folder"
python3 Tools/microcosm/head_items.py --output "$folder"

run() { # NAME OPTION...
    local name=$1
    shift
    "$agd" eval microcosm --data "$folder/heads-evaluation.jsonl" -m "$model" -t 1 -n 32 \
        --output "$folder/$name.jsonl" "$@" > /dev/null
}
find_heads() { # KIND
    heads=$folder/$1-heads-$count.json
    [ -s "$heads" ] || "$agd" heads -m "$model" -t 1 --items "$folder/heads.jsonl" --kind "$1" --top "$count" \
        --output "$heads" --plot "$folder/$1-heads-$count.svg"
}
random_heads() { # SEED; Microcosm has 4 layers of 8 heads.
    python3 -c "
import random
print(','.join(f'{h // 8}.{h % 8}' for h in sorted(random.Random($1).sample(range(32), $count))))"
}
guided() { run "$1-$count-$score" --strategy agd --score "$score" --entropy-threshold off --roi "heads:$2"; } # NAME HEADS

run greedy --strategy greedy
for score in sum excess; do
    for kind in in-context parametric; do
        find_heads $kind
        guided $kind "@$heads"
    done
    for seed in 1 2 3 4 5 6 7 8 9 10; do guided "random-$seed" "$(random_heads $seed)"; done
done

"$agd" report "$folder"/greedy.jsonl "$folder"/{in-context,parametric,random-*}-"$count"-*.jsonl --format markdown

#!/usr/bin/env bash
# Attention heads of real models as the region: found on NQ-swap's conflicts, twice, on items that no set shares; then guided by on
# questions without a document (parametric heads, TriviaQA) and with one (in-context heads, NQ-swap), beside random sets of as many.
#
#     Benchmarks/real-heads.sh [--output FOLDER] MODEL...
#
# MODEL is a name of Tools/models.sh. Each method is a run in FOLDER/MODEL/heads; started again, it goes on where it stopped. AGD names the
# agd to use, EVALS the folder with qa/nq_swap/… and qa/triviaqa/…, PARALLEL how many items are decoded side by side.
set -euo pipefail
cd "$(dirname "$0")/.."

agd=${AGD:-.build/release/agd}
evals=${EVALS:-../shared/evals}
folder=.build/real-models
[ "${1:-}" = --output ] && { folder=$2; shift 2; }
[ $# -gt 0 ] || { echo "real-heads: name a model, such as smollm2" >&2; exit 2; }
[ -d "$evals" ] || { echo "real-heads: there is no folder $evals with the benchmarks' files; name it in EVALS" >&2; exit 2; }
swaps=$evals/qa/nq_swap/nq_swap_dev.first500.jsonl.gz

# Heads are found on the first hundred pairs, those at even places and those at odd ones, and tried on the others.
items() { # FOLDER
    python3 - "$swaps" "$1" <<'PYTHON'
import gzip, json, pathlib, sys
source, folder = sys.argv[1], pathlib.Path(sys.argv[2])
pairs = [json.loads(line) for line in gzip.open(source, "rt", encoding="utf-8")]
items = [json.dumps({"question": pair["question"], "gold": pair["org_answer"][0], "counterfactual": pair["sub_answer"][0],
                     "context": pair["sub_context"]}) for pair in pairs[:100]]
for name, lines in (("even", items[::2]), ("odd", items[1::2])):
    (folder / f"heads-{name}.jsonl").write_text("\n".join(lines) + "\n")
(folder / "nq-swap.jsonl").write_text("\n".join(map(json.dumps, pairs[100::8])) + "\n")
PYTHON
}

for model in "$@"; do
    path=$(Tools/models.sh "$model")
    runs=$folder/$model/heads
    mkdir -p "$runs"
    items "$runs"
    read -r layers heads <<< "$("$agd" info --json "$path" | python3 -c '
import json, sys
model = json.load(sys.stdin)
print(model["layer_count"], model["head_count"])')"
    count=$((layers * heads / 10))

    for kind in parametric in-context; do
        for half in even odd; do
            found=$runs/$kind-$half.json
            [ -s "$found" ] || "$agd" heads -m "$path" --items "$runs/heads-$half.jsonl" --kind $kind --top $count --output "$found"
        done
        printf '\n%s, %s heads, %d of %d: ' "$model" $kind $count $((layers * heads))
        python3 -c '
import json, sys
even, odd = ({(head["layer"], head["head"]) for head in json.load(open(path))["heads"]} for path in sys.argv[1:3])
print(f"{len(even & odd)} are found on either half; of random sets {len(even) ** 2 / int(sys.argv[3]):.1f} would be\n")' \
            "$runs/$kind-even.json" "$runs/$kind-odd.json" $((layers * heads))

        case $kind in
            parametric) data=(triviaqa --data "$evals/qa/triviaqa/triviaqa_unfiltered_dev_sample1000.flashrag.jsonl.gz" --shard 0/10) ;;
            in-context) data=(nq-swap --data "$runs/nq-swap.jsonl") ;;
        esac
        run() { # NAME OPTION...
            "$agd" eval "${data[@]}" -m "$path" -n 32 --parallel "${PARALLEL:-8}" --output "$runs/$kind-$1.jsonl" "${@:2}" \
                > "$runs/$kind-$1.txt"
            files+=("$runs/$kind-$1.jsonl")
        }
        guided() { run "$1" --strategy agd --entropy-threshold off --roi "heads:$2"; } # NAME HEADS
        files=()
        run greedy --strategy greedy
        run random-candidate --strategy candidate --pick random --entropy-threshold off --seed 0
        for half in even odd; do guided "heads-$half" "@$runs/$kind-$half.json"; done
        for seed in 1 2 3; do
            guided "random-heads-$seed" "$(python3 -c "
import random
print(','.join(f'{h // $heads}.{h % $heads}' for h in sorted(random.Random($seed).sample(range($layers * $heads), $count))))")"
        done
        python3 Benchmarks/real_models_table.py "$agd" "${files[@]}"
    done
done

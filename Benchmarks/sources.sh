#!/usr/bin/env bash
# Are the documents that an answer is said to rest on those that hold it? HotpotQA's ten paragraphs, two of them gold: the table of
# Documentation/sources.md.
#
#     Benchmarks/sources.sh DATA MODEL [FOLDER [ITEMS [METHODS]]]
#
# DATA is HotpotQA's distractor file in its official layout, packed or not; the sample is its ITEMS items with the shortest paragraphs, which
# take the least time. Started again with the same FOLDER it goes on where it stopped, and adds methods. AGD names the agd to use, THREADS
# its threads, ABLATIONS the draws of documents for the linear score.
#
#     Benchmarks/needles.py --words 800 > needles.json && Benchmarks/sources.sh needles.json MODEL
#
# is RULER's first task instead.
set -euo pipefail

data=${1:?HotpotQA\'s distractor file}
model=${2:?a GGUF file}
folder=${3:-.build/sources}
items=${4:-20}
methods=${5:-attnlrp,cp-lrp,relp,ixg,attnlrp+hops,overlap,attention,cited,leave-one-out}
agd=${AGD:-.build/release/agd}
mkdir -p "$folder"

python3 - "$data" "$items" > "$folder/sample-$items.json" <<'PYTHON'
import gzip, json, sys
with (gzip.open if sys.argv[1].endswith(".gz") else open)(sys.argv[1], "rt", encoding="utf-8") as file:
    items = json.load(file)
items.sort(key=lambda item: sum(len(title) + sum(map(len, sentences)) for title, sentences in item["context"]))
json.dump(items[:int(sys.argv[2])], sys.stdout)
PYTHON
"$agd" citations -m "$model" ${THREADS:+-t "$THREADS"} --data "$folder/sample-$items.json" --methods "$methods" -n 24 \
    --ablations "${ABLATIONS:-16}" --output "$folder/$(basename "$model" .gguf).jsonl"

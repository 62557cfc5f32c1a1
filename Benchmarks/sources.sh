#!/usr/bin/env bash
# Are the documents that an answer is said to rest on those that hold it? HotpotQA's ten paragraphs, two of them gold: the table of
# Documentation/sources.md.
#
#     Benchmarks/sources.sh DATA MODEL [FOLDER [ITEMS [METHODS]]]
#
# DATA is HotpotQA's distractor file in its official layout, packed or not; the sample is its first ITEMS items. Started again with the
# same FOLDER it goes on where it stopped. AGD names the agd to use.
set -euo pipefail

data=${1:?HotpotQA\'s distractor file}
model=${2:?a GGUF file}
folder=${3:-.build/sources}
items=${4:-20}
methods=${5:-attnlrp,cp-lrp,relp,ixg,attnlrp+hops,overlap,leave-one-out}
agd=${AGD:-.build/release/agd}
mkdir -p "$folder"

"$agd" citations -m "$model" --data "$data" --limit "$items" --methods "$methods" \
    --output "$folder/$(basename "$model" .gguf).jsonl"

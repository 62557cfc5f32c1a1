#!/usr/bin/env bash
# All methods on real models: the tables of Documentation/results-real.md.
#
#     Benchmarks/real-models.sh [--limit N] [--shard I/N] [--sets LIST] [--methods LIST] [--output FOLDER] MODEL...
#
# A number at the end of a method's name is its alpha, M, floor of alpha, or beta: cad-0.5, agd-instaboost-5, adacad-0.3, ihdec-300.
# MODEL is smollm2, qwen0.5, qwen1.5 or gemma3 (Tools/models.sh fetches it). LIST are names with commas between them; sets are
# aligned, conflict (IHEval's single-turn rule following), nq-swap, and where named ifeval, hotpotqa (a hundred questions, ten
# paragraphs each) and nq-open (with the gold passage). Where N is even, shards with an even I hold the items at even positions, on
# which settings are chosen; those with an odd I the others, on which they are reported. NQ-swap's items take turns between original and
# swapped passages, so that its N has to be odd.
#
# Each method is a run in FOLDER/MODEL/SET; started again, it goes on where it stopped. AGD names the agd to use, EVALS the folder
# with the benchmarks' files (iheval/benchmark/…, qa/nq_swap/…) and support tables, PARALLEL how many items are decoded side by side.
set -euo pipefail
cd "$(dirname "$0")/.."

agd=${AGD:-.build/release/agd}
evals=${EVALS:-../shared/evals}
folder=.build/real-models limit=() shard=0/1 sets=aligned,conflict,nq-swap methods=
models=()
while [ $# -gt 0 ]; do
    case "$1" in
        --limit) limit=(--limit "$2"); shift 2 ;;
        --shard) shard=$2; shift 2 ;;
        --sets) sets=$2; shift 2 ;;
        --methods) methods=$2; shift 2 ;;
        --output) folder=$2; shift 2 ;;
        -*) echo "real-models: there is no option $1" >&2; exit 2 ;;
        *) models+=("$1"); shift ;;
    esac
done
[ ${#models[@]} -gt 0 ] || { echo "real-models: name a model, such as smollm2" >&2; exit 2; }
[ -d "$evals" ] || { echo "real-models: there is no folder $evals with the benchmarks' files; name it in EVALS" >&2; exit 2; }

# What each name stands for; where nothing else is said the region is the benchmark's: the system message, or the document.
method() { # method NAME: sets options
    case "$1" in
        greedy) options=(--strategy greedy) ;;
        agd) options=(--strategy agd) ;;
        agd-excess) options=(--strategy agd --score excess) ;;
        agd-ungated) options=(--strategy agd --entropy-threshold off) ;;
        agd-excess-ungated) options=(--strategy agd --score excess --entropy-threshold off) ;;
        agd-ixg) options=(--strategy agd --rule ixg) ;;
        agd-cp) options=(--strategy agd --rule cp-lrp) ;;
        agd-share) options=(--strategy agd --generated share) ;;
        agd-user) options=(--strategy agd --roi user) ;;
        agd-contrast) options=(--strategy agd --roi system --roi user=-0.5) ;;
        agd-blend) options=(--strategy agd-blend --lambda 0.5) ;;
        random) options=(--strategy candidate --pick random --seed 0) ;;
        random-boosted) options=(--strategy candidate --pick random --seed 0 --multiplier 5) ;;
        second) options=(--strategy candidate --pick second) ;;
        region-prompt) options=(--strategy region-prompt) ;;
        agd-cad-*-excess)
            local number=${1%-excess}
            options=(--strategy agd-cad --alpha "${number##*-}" --score excess) ;;
        agd-cad-*) options=(--strategy agd-cad --alpha "${1##*-}") ;;
        agd-instaboost-*) options=(--strategy agd-instaboost --multiplier "${1##*-}") ;;
        agd-ihdec) options=(--strategy agd-ihdec) ;;
        cad-*) options=(--strategy cad --alpha "${1##*-}") ;;
        adacad) options=(--strategy adacad) ;;
        adacad-*) options=(--strategy adacad --min-alpha "${1##*-}") ;;
        cocoa) options=(--strategy cocoa) ;;
        prompt-strength) options=(--strategy prompt-strength) ;;
        instaboost-*) options=(--strategy instaboost --multiplier "${1##*-}") ;;
        ihdec) options=(--strategy ihdec) ;;
        ihdec-*) options=(--strategy ihdec --beta "${1##*-}") ;;
        directer) options=(--strategy directer) ;;
        dola) options=(--strategy dola) ;;
        nucleus) options=(--strategy sample --temp 1 --top-k 0 --top-p 0.95 --min-p 0 --seed 1) ;;
        *) echo "real-models: there is no method $1" >&2; exit 2 ;;
    esac
}
instruction_methods=greedy,agd,random,agd-user,region-prompt,cad-1,agd-cad-1,instaboost-5,agd-instaboost-5,random-boosted,ihdec,directer,agd-excess,agd-ungated,agd-ixg,agd-cp,agd-share,adacad,cocoa,second,nucleus,dola
document_methods=greedy,agd,random,region-prompt,cad-0.5,agd-cad-0.5,instaboost-5,agd-instaboost-5,agd-excess,agd-ungated,adacad,cocoa,dola

for model in "${models[@]}"; do
    path=$(Tools/models.sh "$model")
    for set in ${sets//,/ }; do
        case "$set" in
            aligned | conflict)
                data=(iheval --data "$evals/iheval/benchmark/rule-following/single-turn/$set/default/input_data.json.gz" -n 400)
                names=${methods:-$instruction_methods} ;;
            nq-swap)
                data=(nq-swap --data "$evals/qa/nq_swap/nq_swap_dev.first500.jsonl.gz" -n 32)
                names=${methods:-$document_methods} ;;
            ifeval)
                data=(ifeval --data "$evals/ifeval/input_data.jsonl" -n 400)
                names=${methods:-$instruction_methods} ;;
            hotpotqa)
                data=(hotpotqa --data "$evals/qa/hotpotqa/hotpot_dev_distractor_sample100.json.gz" -n 32)
                names=${methods:-$document_methods} ;;
            nq-open)
                data=(nq-open --data "$evals/qa/nq_open/nq-open-oracle.jsonl.gz" -n 32)
                names=${methods:-$document_methods} ;;
            *) echo "real-models: there is no set $set" >&2; exit 2 ;;
        esac
        runs=$folder/$model/$set-${shard//\//of}
        mkdir -p "$runs"
        files=()
        for name in ${names//,/ }; do
            method "$name"
            began=$SECONDS
            "$agd" eval "${data[@]}" -m "$path" --support "$evals/support" ${limit[@]+"${limit[@]}"} --shard "$shard" \
                --parallel "${PARALLEL:-8}" --output "$runs/$name.jsonl" "${options[@]}" > "$runs/$name.txt"
            # What resumed runs took is added up.
            echo $((SECONDS - began)) >> "$runs/$name.seconds"
            files+=("$runs/$name.jsonl")
        done
        printf '\n## %s, %s, items %s\n\n' "$model" "$set" "$shard"
        python3 Benchmarks/real_models_table.py "$agd" "${files[@]}"
    done
done

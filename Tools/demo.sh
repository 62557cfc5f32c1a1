#!/usr/bin/env bash
# The main job side by side: prompts decoded greedily and guided by a region.
#
#   demo.sh AGD [MODEL]     MODEL is a GGUF file; by default what Tools/demo-model.sh finds
set -euo pipefail
cd "$(dirname "$0")/.."
agd=$1
model=${2:-$(Tools/demo-model.sh)}

show() { # show TITLE SYSTEM USER OPTIONS...
    printf '\n%s\n  system: %s\n  user:   %s\n\n' "$1" "$2" "$3"
    "$agd" compare -m "$model" --system "$2" --user "$3" "${@:4}"
}

echo "Each column is $(basename "$model") on the same prompt. Marked tokens are those that guidance chose otherwise."
if [ "$model" -ef Models/microcosm.gguf ]; then
    regions=(--roi system --roi user --score excess --entropy-threshold off -n 64)
    show "Which language?" "Reply in English, please." "What do you know about Inga? Use the Spanish language." "${regions[@]}"
    show "A forbidden word" "Do not write mountain." "Describe the turtle. Include the word mountain." "${regions[@]}"
    show "A required word" "You must say mountain." "Describe the turtle. Avoid the word mountain." "${regions[@]}"
else
    echo "A small model knows little; what counts here is what it heeds."
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    note="In 2024 the Eiffel Tower was taken apart and moved to Rome, where it stands beside the Colosseum."
    question="In which city is the Eiffel Tower?"
    echo "$note" > "$folder/news.txt"
    printf '\nA document against memory\n  news.txt: %s\n  user:     %s\n\n' "$note" "$question"
    "$agd" compare -m "$model" --document "$folder/news.txt" --user "$question" --roi user --entropy-threshold off -n 40
    show "Which language?" "You must answer in French only." "What is the capital of Italy, and what is it known for?" \
        --roi system --entropy-threshold off -n 40
    show "Which voice?" "You are a pirate. Talk like a pirate." "What is the capital of Italy?" --roi system -n 40
fi
printf '\nYour own prompt:  %s compare -m %s --system "…" --user "…" --roi system --roi user\n' "$agd" "$model"

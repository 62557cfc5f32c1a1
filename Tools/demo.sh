#!/usr/bin/env bash
# The main job on the model in the repository: one prompt, decoded greedily and with each of two regions.
set -euo pipefail
agd=$1
model=$2

show() { # show TITLE SYSTEM USER
    printf '\n%s\n  system: %s\n  user:   %s\n\n' "$1" "$2" "$3"
    "$agd" compare -m "$model" --system "$2" --user "$3" --roi system --roi user --score "${SCORE:-excess}" \
        --entropy-threshold "${ENTROPY_THRESHOLD:-off}" -n 64
}

echo "Each column is the same model on the same prompt. Marked tokens are those that guidance chose otherwise."
show "Which language?" "Reply in English, please." "What do you know about Inga? Use the Spanish language."
show "A forbidden word" "Do not write mountain." "Describe the turtle. Include the word mountain."
show "A required word" "You must say mountain." "Describe the turtle. Avoid the word mountain."
printf '\nYour own prompt:  .build/release/agd compare -m %s --system "…" --user "…" --roi system --roi user\n' "$model"

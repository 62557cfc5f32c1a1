#!/usr/bin/env bash
# Prints the path of the model to show things with: SmolLM2-135M-Instruct, which is fetched (98 MB), or where it can't be had the
# model in the repository, and says so.
cd "$(dirname "$0")/.." || exit 1
Tools/models.sh smollm2 && exit
echo "SmolLM2 can't be fetched, so this is the model in the repository: 2.7 M parameters, trained on made-up text." >&2
echo "Models/microcosm.gguf"

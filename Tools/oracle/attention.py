#!/usr/bin/env python3
"""Makes attention.json in a folder of golden files: how much attention the last tokens of the oracle's prompts pay to each position,
meaned over layers, heads and these tokens, by HuggingFace's models in double precision.

    attention.py FOLDER
"""
import json
import sys
from pathlib import Path

import torch

import gguf_file

VARIANTS = ["llama", "llama31", "qwen2", "qwen3", "gemma3"]
QUERIES = 3


@torch.no_grad()
def main():
    folder = Path(sys.argv[1])
    result = {}
    for variant in VARIANTS:
        prompt = json.loads((folder / f"{variant}.json").read_text())["prompt"]
        model = gguf_file.load(variant, folder / f"{variant}.gguf").double()
        model.config._attn_implementation = "eager"
        layers = model(torch.tensor([prompt]), use_cache=False, output_attentions=True).attentions
        weights = torch.stack([layer[0, :, -QUERIES:] for layer in layers]).mean((0, 1, 2))
        result[variant] = {"queries": QUERIES, "attention": [float(f"{weight:.9g}") for weight in weights.tolist()]}
    (folder / "attention.json").write_text(json.dumps(result, separators=(",", ":")) + "\n")


main()

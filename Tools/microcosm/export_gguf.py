#!/usr/bin/env python3
"""Writes a checkpoint as GGUF:

    python Tools/microcosm/export_gguf.py --checkpoint build/microcosm/last.pt --output Models/microcosm.gguf

Weights, tokenizer and chat template are all in the file. The model's RoPE turns neighbouring pairs, which is what
llama.cpp does for the Llama architecture, so no row is permuted.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import gguf
import numpy as np
import torch

from chat import END, PAD, SPECIALS, TEMPLATE
from model import Configuration

TENSORS = {
    "attention_norm.weight": "attn_norm", "attention.query.weight": "attn_q", "attention.key.weight": "attn_k",
    "attention.value.weight": "attn_v", "attention.output.weight": "attn_output",
    "feed_forward_norm.weight": "ffn_norm", "feed_forward.gate.weight": "ffn_gate",
    "feed_forward.up.weight": "ffn_up", "feed_forward.down.weight": "ffn_down",
}


def add_tokenizer(writer: gguf.GGUFWriter, path: Path) -> None:
    model = json.loads(path.read_text(encoding="utf-8"))["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL if t in SPECIALS else gguf.TokenType.NORMAL for t in tokens])
    writer.add_token_merges(merges)
    end = model["vocab"][END]
    writer.add_eos_token_id(end)
    writer.add_eot_token_id(end)
    writer.add_pad_token_id(model["vocab"][PAD])
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(TEMPLATE)


def add_configuration(writer: gguf.GGUFWriter, config: Configuration) -> None:
    writer.add_context_length(config.context)
    writer.add_embedding_length(config.width)
    writer.add_block_count(config.layers)
    writer.add_feed_forward_length(config.feed_forward)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.kv_heads)
    writer.add_layer_norm_rms_eps(config.rms_eps)
    writer.add_rope_freq_base(config.rope_base)
    writer.add_rope_dimension_count(config.head_size)
    writer.add_vocab_size(config.vocabulary)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)


def gguf_name(name: str) -> str:
    if name.startswith("blocks."):
        _, index, rest = name.split(".", 2)
        return f"blk.{index}.{TENSORS[rest]}.weight"
    return {"embedding.weight": "token_embd.weight", "norm.weight": "output_norm.weight"}[name]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--name", default="Microcosm")
    options = parser.parse_args()
    state = torch.load(options.checkpoint, map_location="cpu", weights_only=True)
    writer = gguf.GGUFWriter(options.output, "llama")
    writer.add_name(options.name)
    writer.add_description("Small instruct model of an invented world, for attribution-guided decoding")
    add_configuration(writer, Configuration(**state["configuration"]))
    add_tokenizer(writer, options.checkpoint.parent / "tokenizer.json")
    for name, weight in state["model"].items():
        matrix = weight.dim() == 2
        writer.add_tensor(gguf_name(name), weight.float().numpy().astype(np.float16 if matrix else np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()

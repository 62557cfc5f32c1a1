"""Writes a Llama-shaped model with random weights, to measure speed with: sizes are real, words are not.

    python make_model.py model.gguf [--type q4_k_m|q8_0] [--layers 16 --embedding 2048 --feed-forward 8192 --heads 32 --kv-heads 8]

Needs `pip install gguf numpy`. The defaults are the shape of a 1.24 B parameter Llama 3.2 with tied embeddings, in float16. With
q4_k_m and q8_0 blocks are random, and of the types that llama.cpp's `llama-quantize` chooses for them; widths are multiples of 256 then.
"""

import argparse

import gguf
import numpy

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("path")
parser.add_argument("--layers", type=int, default=16)
parser.add_argument("--embedding", type=int, default=2048)
parser.add_argument("--feed-forward", type=int, default=8192)
parser.add_argument("--heads", type=int, default=32)
parser.add_argument("--kv-heads", type=int, default=8)
parser.add_argument("--vocabulary", type=int, default=128_256)
parser.add_argument("--context", type=int, default=8192)
parser.add_argument("--type", choices=["f16", "q4_k_m", "q8_0"], default="f16")
arguments = parser.parse_args()

random = numpy.random.default_rng(0)
width, hidden = arguments.embedding, arguments.feed_forward
key_width = width // arguments.heads * arguments.kv_heads

writer = gguf.GGUFWriter(arguments.path, "llama")
writer.add_name("random")
writer.add_file_type(gguf.LlamaFileType[f"MOSTLY_{arguments.type.upper()}"])
writer.add_context_length(arguments.context)
writer.add_embedding_length(width)
writer.add_block_count(arguments.layers)
writer.add_feed_forward_length(hidden)
writer.add_head_count(arguments.heads)
writer.add_head_count_kv(arguments.kv_heads)
writer.add_rope_dimension_count(width // arguments.heads)
writer.add_rope_freq_base(500_000.0)
writer.add_layer_norm_rms_eps(1e-5)
writer.add_vocab_size(arguments.vocabulary)
writer.add_tokenizer_model("no_vocab")


# Weights of a block, its bytes, where among them its scales are, and their sizes for weights of deviation 1.
BLOCKS = {
    "Q4_K": (256, 144, {0: 1 / 253, 2: 7.5 / 253}),
    "Q6_K": (256, 210, {208: 1 / 1367}),
    "Q8_0": (32, 34, {0: 1 / 74}),
}


def blocks(name: str, columns: int, rows: int, kind: str) -> None:
    weights, size, scales = BLOCKS[kind]
    values = numpy.frombuffer(random.bytes(rows * columns // weights * size), dtype=numpy.uint8).reshape(-1, size).copy()
    for place, scale in scales.items():
        values[:, place : place + 2] = numpy.array([scale * columns**-0.5], dtype=numpy.float16).view(numpy.uint8)
    writer.add_tensor(name, values.reshape(rows, -1), raw_dtype=gguf.GGMLQuantizationType[kind])


def matrix(name: str, columns: int, rows: int, is_better: bool = False) -> None:
    kinds = {"q4_k_m": "Q6_K" if is_better else "Q4_K", "q8_0": "Q8_0"}
    if kind := kinds.get(arguments.type):
        blocks(name, columns, rows, kind)
        return
    values = random.standard_normal((rows, columns), dtype=numpy.float32) * columns**-0.5
    writer.add_tensor(name, values.astype(numpy.float16))


def ones(name: str) -> None:
    writer.add_tensor(name, numpy.ones(width, dtype=numpy.float32))


matrix("token_embd.weight", width, arguments.vocabulary, is_better=True)
ones("output_norm.weight")
for layer in range(arguments.layers):
    prefix, eighth = f"blk.{layer}", arguments.layers // 8
    is_better = not eighth <= layer < 7 * arguments.layers // 8 or (layer - eighth) % 3 == 2
    ones(f"{prefix}.attn_norm.weight")
    ones(f"{prefix}.ffn_norm.weight")
    matrix(f"{prefix}.attn_q.weight", width, width)
    matrix(f"{prefix}.attn_k.weight", width, key_width)
    matrix(f"{prefix}.attn_v.weight", width, key_width, is_better)
    matrix(f"{prefix}.attn_output.weight", width, width)
    matrix(f"{prefix}.ffn_gate.weight", width, hidden)
    matrix(f"{prefix}.ffn_up.weight", width, hidden)
    matrix(f"{prefix}.ffn_down.weight", hidden, width, is_better)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()

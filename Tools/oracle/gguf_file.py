"""Writes a small model as an F32 GGUF file that llama.cpp loads, and reads its weights back into HuggingFace's model."""
import gguf
import numpy
import torch

from families import (
    BYTES, VARIANTS, VOCABULARY, architecture_name, empty_model, from_file, head_width, parameters, rotary_factors, to_file)

NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6


def write(model, variant, path):
    family, configuration = VARIANTS[variant]["family"], model.config
    writer = gguf.GGUFWriter(str(path), architecture_name(variant))
    writer.add_name(f"agd-oracle-{variant}")
    writer.add_file_type(0)
    writer.add_context_length(configuration.max_position_embeddings)
    writer.add_embedding_length(configuration.hidden_size)
    writer.add_block_count(configuration.num_hidden_layers)
    writer.add_feed_forward_length(configuration.intermediate_size)
    writer.add_head_count(configuration.num_attention_heads)
    writer.add_head_count_kv(configuration.num_key_value_heads)
    writer.add_layer_norm_rms_eps(configuration.rms_norm_eps)
    writer.add_rope_freq_base(configuration.rope_theta)
    writer.add_vocab_size(VOCABULARY)
    if family == "llama":
        writer.add_rope_dimension_count(head_width(model))
    if family == "qwen3_moe":
        writer.add_expert_count(configuration.num_experts)
        writer.add_expert_used_count(configuration.num_experts_per_tok)
        writer.add_expert_feed_forward_length(configuration.moe_intermediate_size)
    if family in ("qwen3", "gemma3", "qwen3_moe"):
        writer.add_key_length(head_width(model))
        writer.add_value_length(head_width(model))
    if family == "gemma3":
        writer.add_sliding_window(configuration.sliding_window)
        writer.add_rope_freq_base_swa(configuration.rope_local_base_freq)
        if configuration.rope_scaling:
            writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
            writer.add_rope_scaling_factor(configuration.rope_scaling["factor"])
    (write_sentencepiece if family == "gemma3" else write_byte_pairs)(writer, family)
    for name, name_in_file, weights in parameters(model, variant):
        arrays = [to_file(name, weight.detach().float().numpy(), model, variant) for weight in weights]
        array = numpy.stack(arrays) if len(arrays) > 1 else arrays[0]
        writer.add_tensor(name_in_file, numpy.ascontiguousarray(array, numpy.float32))
    if (factors := rotary_factors(model)) is not None:
        writer.add_tensor("rope_freqs.weight", factors)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_sentencepiece(writer, family):
    """Four control tokens, a token for each byte, four pairs of letters."""
    pairs = ["th", "he", "in", "er"]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(["<pad>", "<eos>", "<bos>", "<unk>"] + [f"<0x{byte:02X}>" for byte in range(BYTES)] + pairs)
    writer.add_token_scores([0.0] * (4 + BYTES) + [-1.0 - rank for rank in range(len(pairs))])
    writer.add_token_types([CONTROL] * 3 + [UNKNOWN] + [BYTE] * BYTES + [NORMAL] * len(pairs))
    writer.add_pad_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_bos_token_id(2)
    writer.add_unk_token_id(3)
    writer.add_add_space_prefix(False)
    writer.add_add_bos_token(False)


def write_byte_pairs(writer, family):
    """A token for each byte in GPT-2's alphabet, two control tokens, six merges."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(BYTES) if byte not in printable]
    letters = [chr(byte if byte in printable else BYTES + others.index(byte)) for byte in range(BYTES)]
    merges = [(letters[32], "t"), ("h", "e"), ("i", "n"), ("r", "e"), ("o", "n"), ("a", "t")]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2" if family.startswith("qwen") else "llama-bpe")
    writer.add_token_list(letters + ["<|bos|>", "<|eos|>"] + [first + second for first, second in merges])
    writer.add_token_types([NORMAL] * BYTES + [CONTROL] * 2 + [NORMAL] * len(merges))
    writer.add_token_merges([f"{first} {second}" for first, second in merges])
    writer.add_bos_token_id(BYTES)
    writer.add_eos_token_id(BYTES + 1)
    writer.add_add_bos_token(False)


def load(variant, path):
    """HuggingFace's model with the weights of a file, in float32."""
    model = empty_model(variant)
    tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(str(path)).tensors}
    for name, name_in_file, weights in parameters(model, variant):
        tensor = tensors.pop(name_in_file)
        # GGUF counts dimensions from the innermost one.
        array = numpy.array(tensor.data, numpy.float32).reshape([int(length) for length in reversed(tensor.shape)])
        for weight, part in zip(weights, array if len(weights) > 1 else [array], strict=True):
            weight.copy_(torch.from_numpy(numpy.ascontiguousarray(from_file(name, part, model, variant))))
    factors = tensors.pop("rope_freqs.weight", None)
    if (expected := rotary_factors(model)) is not None and not numpy.allclose(factors.data, expected, rtol=1e-6):
        raise SystemExit(f"{path}: rope_freqs.weight is not that of the configuration")
    if tensors:
        raise SystemExit(f"{path}: tensors that the model doesn't have: {', '.join(tensors)}")
    return model

"""The small random models of the oracle: what they are, and how their weights move between HuggingFace and GGUF.

A variant is a configuration of HuggingFace's; its weights are drawn here, so that decisions are varied (a model that always
repeats its last token tests nothing). Everything after that reads the weights from the GGUF file, which is thereby known to hold
the very model that the numbers are from.
"""
import importlib
import math

import gguf
import numpy
import torch
import transformers

# Sliding windows are part of Gemma's attention mask; of the other families none uses them.
transformers.logging.set_verbosity_error()

VOCABULARY = 264
BYTES = 256

LLAMA_LIKE = dict(
    hidden_size=64, intermediate_size=96, num_hidden_layers=4, num_attention_heads=8, num_key_value_heads=2,
    rms_norm_eps=1e-6, rope_theta=1e6, max_position_embeddings=512)
GEMMA_LIKE = dict(
    LLAMA_LIKE, num_hidden_layers=7, head_dim=16, query_pre_attn_scalar=16, rope_local_base_freq=1e4, sliding_window=16,
    sliding_window_pattern=6)

VARIANTS = {
    "llama": dict(family="llama", tied=False, prompt=28, config=dict(LLAMA_LIKE, rms_norm_eps=1e-5, rope_theta=1e4)),
    # A table of factors on the rotary frequencies, and tied embeddings, as in Llama 3.1 and 3.2.
    "llama31": dict(family="llama", tied=True, prompt=40, config=dict(
        LLAMA_LIKE, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=1, rms_norm_eps=1e-5, rope_theta=1e4,
        rope_scaling=dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                          original_max_position_embeddings=64))),
    # Biases on queries, keys and values.
    "qwen2": dict(family="qwen2", tied=False, prompt=28, config=LLAMA_LIKE),
    # Queries and keys are normed, and the heads together are wider than the residual stream.
    "qwen3": dict(family="qwen3", tied=True, prompt=32, config=dict(LLAMA_LIKE, head_dim=16)),
    # Norms before and after, tanh-GELU, five sliding-window layers to a global one.
    "gemma3": dict(family="gemma3", tied=True, prompt=44, config=GEMMA_LIKE),
    # The same with linear rope scaling, which stretches the global layers only.
    "gemma3_linear": dict(family="gemma3", tied=True, prompt=44, config=dict(
        GEMMA_LIKE, hidden_size=32, intermediate_size=64, num_attention_heads=4, num_key_value_heads=1,
        rope_scaling=dict(rope_type="linear", factor=8.0))),
    # Two of four experts for each token, their weights divided by their sum.
    "qwen3_moe": dict(family="qwen3_moe", tied=True, prompt=28, config=dict(
        LLAMA_LIKE, hidden_size=32, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=16,
        num_experts=4, num_experts_per_tok=2, moe_intermediate_size=24, norm_topk_prob=True)),
}


def modeling(family):
    return importlib.import_module(f"transformers.models.{family}.modeling_{family}")


def empty_model(variant):
    """The variant's architecture in HuggingFace's words, in float32, its weights not yet set."""
    description = VARIANTS[variant]
    family = description["family"]
    prefix = {
        "llama": "Llama", "qwen2": "Qwen2", "qwen3": "Qwen3", "gemma3": "Gemma3", "qwen3_moe": "Qwen3Moe"}[family]
    configurations = importlib.import_module(f"transformers.models.{family}.configuration_{family}")
    configuration = getattr(configurations, prefix + ("TextConfig" if family == "gemma3" else "Config"))(
        vocab_size=VOCABULARY, tie_word_embeddings=description["tied"], bos_token_id=None, eos_token_id=None,
        pad_token_id=0, **description["config"])
    model = getattr(modeling(family), prefix + "ForCausalLM")._from_config(configuration, attn_implementation="eager")
    return model.float().eval().requires_grad_(False)


def byte_tokens(variant):
    """The tokens that stand for bytes 0 to 255; Gemma's come after its control tokens."""
    first = 4 if VARIANTS[variant]["family"] == "gemma3" else 0
    return range(first, first + BYTES)


def draw_weights(model, variant, seed):
    """Draws weights of a spread that keeps activations, attention and logits in the range of a trained model's."""
    generator = torch.Generator().manual_seed(seed)
    family, tied = VARIANTS[variant]["family"], VARIANTS[variant]["tied"]
    width, logit_spread = model.config.hidden_size, 2.7
    scales_embeddings = family == "gemma3"
    for name, weight in model.named_parameters():
        module, kind = name.split(".")[-2:]
        noise = torch.randn(weight.shape, generator=generator)
        if module == "embed_tokens":
            noise *= width ** -0.5 if scales_embeddings else 1
            control = [token for token in range(4 if scales_embeddings else BYTES + 2) if token not in byte_tokens(variant)]
            noise[control] *= 0.05  # Control tokens never win.
        elif module == "lm_head":
            noise *= logit_spread * width ** -0.5
            noise[BYTES:BYTES + 2] *= 0.05
        elif "norm" in module:
            gain = {"q_norm": 1.4, "k_norm": 1.4}.get(module, 0.7 if scales_embeddings and "post" in module else 1)
            noise = gain * (1 + 0.3 * noise).clamp(0.2)
            if module == "norm" and tied:
                # Random signs: else a model whose output matrix is its embedding repeats its input.
                signs = torch.randn(weight.shape, generator=generator).sign()
                noise *= signs * logit_spread * (1 if scales_embeddings else width ** -0.5)
            noise -= 1 if scales_embeddings else 0  # Gemma multiplies by 1 + w.
        elif kind == "bias":
            noise *= 0.3 if module == "v_proj" else 0.7
        else:
            gains = dict(v_proj=1.1, o_proj=1.3, gate_proj=1.3, up_proj=1.2, down_proj=1.3, gate=1.5)
            normed = family in ("qwen3", "gemma3", "qwen3_moe")
            noise *= gains.get(module, 1.0 if normed else 1.4) * weight.shape[1] ** -0.5
        weight.copy_(noise)


def architecture_name(variant):
    """GGUF's name of the family."""
    return VARIANTS[variant]["family"].replace("_", "")


def gguf_name(parameter, variant, model):
    """GGUF's name of a parameter of HuggingFace's."""
    architecture = getattr(gguf.MODEL_ARCH, architecture_name(variant).upper())
    names = gguf.get_tensor_name_map(architecture, model.config.num_hidden_layers)
    return names.get_name(parameter, try_suffixes=(".weight", ".bias"))


def parameters(model, variant):
    """What a file holds: a parameter, its name in the file, and the weights there: one, or one of each expert."""
    experts = {}
    for name, weight in model.state_dict().items():
        if ".experts." in name:
            layer, matrix = name.split(".experts.")
            experts.setdefault(f"{layer}.experts.{matrix.split('.', 1)[1]}", []).append(weight)
        elif not (name == "lm_head.weight" and VARIANTS[variant]["tied"]):
            yield name, gguf_name(name, variant, model), [weight]
    for name, weights in experts.items():
        yield name, gguf_name(name, variant, model), weights


def to_file(name, array, model, variant):
    """A parameter as GGUF has it: Gemma's gains with the 1 added, Llama's rotary pairs side by side."""
    family = VARIANTS[variant]["family"]
    if family == "gemma3" and name.endswith("norm.weight"):
        return array + numpy.float32(1)
    if family == "llama" and name.split(".")[-2] in ("q_proj", "k_proj"):
        return interleaved(array, heads(name, model))
    return array


def from_file(name, array, model, variant):
    """The inverse of ``to_file``."""
    family = VARIANTS[variant]["family"]
    if family == "gemma3" and name.endswith("norm.weight"):
        return array - numpy.float32(1)
    if family == "llama" and name.split(".")[-2] in ("q_proj", "k_proj"):
        return halved(array, heads(name, model))
    return array


def heads(name, model):
    return model.config.num_attention_heads if "q_proj" in name else model.config.num_key_value_heads


def interleaved(array, count):
    """Rows of each head from (first half, second half) to pairs."""
    return array.reshape(count, 2, -1, array.shape[-1]).swapaxes(1, 2).reshape(array.shape)


def halved(array, count):
    return array.reshape(count, -1, 2, array.shape[-1]).swapaxes(1, 2).reshape(array.shape)


def head_width(model):
    configuration = model.config
    return getattr(configuration, "head_dim", None) or configuration.hidden_size // configuration.num_attention_heads


def rotary_factors(model):
    """Divisors of the rotary frequencies, Llama 3.1's rule; None where there are none."""
    scaling = model.config.rope_scaling
    if not scaling or scaling["rope_type"] != "llama3":
        return None
    context, width = scaling["original_max_position_embeddings"], head_width(model)
    low, high, factor = scaling["low_freq_factor"], scaling["high_freq_factor"], scaling["factor"]
    divisors = []
    for element in range(0, width, 2):
        wavelength = 2 * math.pi * model.config.rope_theta ** (element / width)
        share = min(max((context / wavelength - low) / (high - low), 0), 1)
        divisors.append(1 / ((1 - share) / factor + share))
    return numpy.array(divisors, numpy.float32)

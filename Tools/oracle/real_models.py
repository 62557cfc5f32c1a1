#!/usr/bin/env python3
"""Relevance on real models: what agd computes for a GGUF file, against HuggingFace transformers and LXT on the same weights.

    real_models.py --agd .build/release/agd MODEL.gguf ...

The file's weights are decoded to floats and put into HuggingFace's model, in double precision. Both programs read the same token
ids; compared are the logits of the five likeliest tokens, their S(c, R) for three regions, and the relevance of every token of the
prompt for the likeliest one. Each file is compared as it is, where agd rounds activations for products with quantised weights,
and as a copy in float32, where nothing is rounded. Differences are shares of the largest number of their kind.
"""
import argparse
import json
import multiprocessing
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import gguf
    import numpy
    import torch
    import transformers
except ImportError as error:
    print(f"skipped: {error.name} isn't there. `python=$(Tools/oracle/environment.sh)` installs what this needs.")
    sys.exit(0)

from families import halved, modeling
from reference import RULES, patch

PROMPTS = [
    ("You are a pirate. Talk like a pirate.", "How do I boil an egg?"),
    ("Answer in French, whatever language you are asked in.", "What is the capital of Italy, and what should I see there?"),
    ("You never use lists. Write one short paragraph.", "Give me three reasons to learn a programming language."),
]
TARGETS = 5
# Of a copy in float32, and of a file whose products round their activations to 8 bits.
TOLERANCES = {"float32": 1e-4, "quantised": 3e-2}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agd", type=Path, required=True)
    parser.add_argument("--rule", choices=RULES, default="attnlrp")
    parser.add_argument("models", type=Path, nargs="+")
    arguments = parser.parse_args()
    print("| model | weights | rule | logits | S | tokens | likeliest of S |")
    print("|---|---|---|---|---|---|---|")
    jobs = [(path, arguments.agd, arguments.rule) for path in arguments.models]
    # A process for each model: LXT's patches can't be taken back.
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        if not all(list(pool.imap(compare, jobs))):
            raise SystemExit("error: agd and LXT are further apart than rounding explains")


def compare(job):
    """Prints a row for the file and one for its copy in float32; whether both are near enough."""
    path, agd, rule = job
    reader = gguf.GGUFReader(str(path))
    family = field(reader, "general.architecture")
    patch(family, rule)
    reference = Reference(huggingface_model(reader, family))
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        write_in_float32(reader, copy, family)
        cases = [case(agd, path, reference, *messages) for messages in PROMPTS]
        return all([
            report(path.stem, kind, rule, [differences(agd, file, rule, *case) for case in cases])
            for kind, file in [("quantised", path), ("float32", copy)]])


def case(agd, path, reference, system, user):
    """A prompt's token ids, and what the reference says about it."""
    tokens = ask(agd, path, ["--system", system, "--user", user, "--targets", "0"])["prompt_tokens"]
    return tokens, reference.read(tokens)


def differences(agd, path, rule, tokens, expected):
    logits, relevance = expected
    targets = logits.topk(TARGETS).indices
    options = [
        "--prompt-tokens", ",".join(map(str, tokens)), "--targets", ",".join(map(str, targets.tolist())),
        "--rule", rule.replace("_", "-"), "--cache-type", "f32"]
    relevance = torch.stack([relevance(target) for target in targets])
    scores, expected_scores = [], []
    third = len(tokens) // 3
    for region in [range(third), range(third, 2 * third), range(2 * third, len(tokens))]:
        rows = ask(agd, path, options + ["--roi", f"tokens:{region.start}..<{region.stop}"])["targets"]
        scores.append([row["roi_score"] for row in rows])
        expected_scores.append(relevance[:, region].sum(1).tolist())
    row = ask(agd, path, options + ["--mode", "reverse"])["targets"][0]
    return dict(
        logits=distance([row["logit"] for row in rows], logits[targets].tolist()),
        S=distance(scores, expected_scores), tokens=distance(row["tokens"], relevance[0].tolist()),
        same=(numpy.argmax(scores, 1) == numpy.argmax(expected_scores, 1)).tolist())


def distance(found, expected):
    found, expected = numpy.array(found), numpy.array(expected)
    return abs(found - expected).max() / abs(expected).max()


def report(name, kind, rule, rows):
    worst = {key: max(row[key] for row in rows) for key in ("logits", "S", "tokens")}
    same = sum((row["same"] for row in rows), [])
    numbers = " | ".join(f"{value:.0e}" if value < 1e-3 else f"{100 * value:.1f} %" for value in worst.values())
    print(f"| {name} | {kind} | {rule} | {numbers} | same in {sum(same)} of {len(same)} |", flush=True)
    return worst["S"] <= TOLERANCES[kind]


def ask(agd, path, options):
    output = subprocess.run(
        [agd, "attribute", "--json", "-m", path, *options], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(output.stdout)


class Reference:
    """HuggingFace's model under LXT's rule, in double precision."""

    def __init__(self, model):
        self.model = model

    def read(self, tokens):
        """The last position's logits, and a function from a token to every position's relevance for its logit."""
        embeddings = self.model.get_input_embeddings()(torch.tensor([tokens])).detach().requires_grad_(True)
        logits = self.model(inputs_embeds=embeddings, use_cache=False).logits[0, -1]

        def relevance(target):
            gradient, = torch.autograd.grad(logits[target], [embeddings], retain_graph=True)
            return (embeddings * gradient).sum(-1)[0].detach()

        return logits.detach(), relevance


def field(reader, key, default=None):
    found = reader.get_field(key)
    return default if found is None else found.contents()


def decoded(tensor):
    """A tensor's weights in float32, in numpy's order of dimensions."""
    return gguf.dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32).reshape(
        [int(length) for length in reversed(tensor.shape)])


def huggingface_model(reader, family):
    """The file's model in HuggingFace's words: Llama or Qwen 2."""
    if family not in ("llama", "qwen2"):
        raise SystemExit(f"error: general.architecture is '{family}': only llama and qwen2 are compared here")
    tensors = {tensor.name: tensor for tensor in reader.tensors}

    def value(key, default=None):
        return field(reader, f"{family}.{key}", default)

    heads = value("attention.head_count")
    key_heads = value("attention.head_count_kv", heads)
    class_prefix = {"llama": "Llama", "qwen2": "Qwen2"}[family]
    configuration = getattr(transformers, f"{class_prefix}Config")(
        vocab_size=int(tensors["token_embd.weight"].shape[1]), hidden_size=value("embedding_length"),
        intermediate_size=value("feed_forward_length"), num_hidden_layers=value("block_count"), num_attention_heads=heads,
        num_key_value_heads=key_heads, rms_norm_eps=value("attention.layer_norm_rms_epsilon"),
        rope_theta=value("rope.freq_base", 10000.0), max_position_embeddings=value("context_length"),
        tie_word_embeddings="output.weight" not in tensors, bos_token_id=None, eos_token_id=None, pad_token_id=None)
    model = getattr(modeling(family), f"{class_prefix}ForCausalLM")._from_config(configuration, attn_implementation="eager")
    model = model.double().eval().requires_grad_(False)
    names = gguf.get_tensor_name_map(getattr(gguf.MODEL_ARCH, family.upper()), configuration.num_hidden_layers)
    for name, weight in model.state_dict().items():
        if name == "lm_head.weight" and configuration.tie_word_embeddings:
            continue
        array = decoded(tensors.pop(names.get_name(name, try_suffixes=(".weight", ".bias"))))
        if family == "llama" and name.split(".")[-2] in ("q_proj", "k_proj"):
            array = halved(array, heads if "q_proj" in name else key_heads)
        weight.copy_(torch.from_numpy(numpy.ascontiguousarray(array)))
    if tensors:
        raise SystemExit(f"error: tensors that the model doesn't have: {', '.join(tensors)}")
    return model


def write_in_float32(reader, path, family):
    """The same model with all its tensors in float32."""
    writer = gguf.GGUFWriter(str(path), family)
    for key, entry in reader.fields.items():
        if key.startswith("GGUF.") or key in ("general.architecture", "general.file_type", "general.quantization_version"):
            continue
        kind = entry.types[0]
        writer.add_key_value(key, entry.contents(), kind, entry.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)
    for tensor in reader.tensors:
        shape = [int(length) for length in reversed(tensor.shape)]
        writer.add_tensor_info(tensor.name, shape, numpy.dtype(numpy.float32), 4 * int(tensor.n_elements))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor in reader.tensors:
        writer.write_tensor_data(decoded(tensor))
    writer.close()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""How well each rule's relevance tells what patching an activation does: the check of RelP (arXiv 2508.21258), by transformers and LXT.

    pairs.py ioi | patching.py --agd .build/release/agd --pairs 8 MODEL.gguf ...
    patching.py --oracle FOLDER qwen2 llama ...    # the oracle's small models, on drawn tokens of which two change places

An activation is patched when it takes the value that it has on the pair's other prompt. What that does to z(answer) - z(other answer)
is compared with the first-order estimate <other value - value, coefficient>, the coefficient being the gradient under a rule's
patches, as Pearson's correlation over a pair's (layer, position) or (layer, head). Positions before the prompts first differ are left
out: nothing changes there. Pairs whose prompts have different numbers of tokens are left out too. Rules are those of
`agd attribute --rule`, which Tools/oracle holds to the same code; relp-frozen is RelP with attention weights as constants.
"""
import argparse
import importlib
import json
import multiprocessing
import random
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "oracle"))
try:
    import gguf
    import torch
    from transformers import DynamicCache
except ImportError as error:
    print(f"skipped: {error.name} isn't there. `python=$(Tools/oracle/environment.sh)` installs what this needs.")
    sys.exit(0)

RULES = ["attnlrp", "cp_lrp", "ixg", "relp", "relp-frozen"]
KINDS = ["residual stream", "attention outputs", "MLP outputs", "heads"]


class Reading:
    """A model's activations on one prompt: each layer's input and what its attention, heads and network put out."""

    def __init__(self, model):
        self.model = model
        self.layers = model.model.layers
        self.activations, self.options, self.replacement = {}, {}, None
        for index, layer in enumerate(self.layers):
            layer.register_forward_pre_hook(self.before_layer(index), with_kwargs=True)
            layer.self_attn.register_forward_hook(self.after("attention outputs", index))
            layer.mlp.register_forward_hook(self.after("MLP outputs", index))
            layer.self_attn.o_proj.register_forward_pre_hook(self.before_output(index))

    def before_layer(self, index):
        def hook(_, inputs, options):
            self.activations["residual stream", index] = inputs[0]
            self.latest_options = options
        return hook

    def after(self, kind, index):
        def hook(_, __, output):
            value = output[0] if isinstance(output, tuple) else output
            self.activations[kind, index] = value
            changed = self.replaced(kind, index, value)
            return (changed, *output[1:]) if isinstance(output, tuple) else changed
        return hook

    def before_output(self, index):
        def hook(_, inputs):
            self.activations["heads", index] = inputs[0]
            return (self.replaced("heads", index, inputs[0]),)
        return hook

    def replaced(self, kind, index, value):
        return self.replacement(value) if self.replacement and self.replaced_place == (kind, index) else value

    def difference(self, hidden, answers):
        """z(answer) - z(other answer) at the last position, from what the last layer puts out."""
        last = self.model.model.norm(hidden)[:, -1]
        rows = self.model.lm_head.weight[answers]
        return last @ (rows[0] - rows[1])

    def read(self, tokens, answers, needs_gradient=False):
        """Its difference of logits; the activations stay."""
        embeddings = self.model.get_input_embeddings()(torch.tensor([tokens])).detach().requires_grad_(needs_gradient)
        outputs = []
        handle = self.layers[-1].register_forward_hook(
            lambda _, __, output: outputs.append(output[0] if isinstance(output, tuple) else output))
        self.cache = None if needs_gradient else DynamicCache()
        self.model.model(inputs_embeds=embeddings, use_cache=not needs_gradient, past_key_values=self.cache)
        handle.remove()
        self.options = self.latest_options
        return self.difference(outputs[0], answers), dict(self.activations)

    @property
    def head_count(self):
        return self.model.config.num_attention_heads

    def behind(self, first, count):
        """What the layers need to go on at position `first` in `count` rows: keys and values before it, of the last reading."""
        cache = DynamicCache()
        for layer, (keys, values) in enumerate(zip(self.cache.key_cache, self.cache.value_cache)):
            cache.update(*(x[:, :, :first].expand(count, -1, -1, -1) for x in (keys, values)), layer)
        cos, sin = self.options["position_embeddings"]
        return dict(
            past_key_value=cache, attention_mask=self.options["attention_mask"][:, :, first:],
            position_embeddings=(cos[:, first:], sin[:, first:]), use_cache=True)

    def patched(self, kind, index, start, change, first, count, answers):
        """The difference for `count` ways of changing one activation at positions from `first`, from the layer's input on."""
        hidden, options = start[:, first:].expand(count, -1, -1), self.behind(first, count)
        if kind == "residual stream":
            hidden = change(hidden)
        else:
            self.replacement, self.replaced_place = change, (kind, index)
        for layer in self.layers[index:]:
            output = layer(hidden, **options)
            hidden = output[0] if isinstance(output, tuple) else output
        self.replacement = None
        return self.difference(hidden, answers)


def changes(kind, other, head_count):
    """How an activation [rows, positions, width] takes the other's value in one row after the other."""
    def by_position(value):
        value = value.clone()
        for row in range(value.shape[0]):
            value[row, row] = other[0, row]
        return value

    def by_head(value):
        value = value.clone()
        width = value.shape[-1] // head_count
        for row in range(value.shape[0]):
            own = slice(row * width, (row + 1) * width)
            value[row, :, own] = other[0, :, own]
        return value

    return by_head if kind == "heads" else by_position


def numbers(job):
    """For each pair and kind of activation: the effects of patching, or a rule's estimates of them, in one list."""
    source, rule, pairs = job
    torch.set_num_threads(1)
    reading = Reading(load(source, rule))
    results = []
    for pair in pairs:
        first = next(index for index, (a, b) in enumerate(zip(pair["tokens"], pair["other_tokens"])) if a != b)
        with torch.no_grad():
            _, other = reading.read(pair["other_tokens"], pair["answers"])
        if rule == "patching":
            with torch.no_grad():
                results.append(effects(reading, pair, other, first))
        else:
            results.append(estimates(reading, pair, other, first))
        print(f"{rule}: {len(results)} of {len(pairs)} pairs", file=sys.stderr, flush=True)
    return rule, results


def effects(reading, pair, other, first):
    clean, own = reading.read(pair["tokens"], pair["answers"])
    result = {kind: [] for kind in KINDS}
    for kind in KINDS:
        count = reading.head_count if kind == "heads" else len(pair["tokens"]) - first
        for index in range(len(reading.layers)):
            change = changes(kind, other[kind, index][:, first:], reading.head_count)
            start = own["residual stream", index]
            result[kind] += (reading.patched(kind, index, start, change, first, count, pair["answers"]) - clean).tolist()
    return result


def estimates(reading, pair, other, first):
    difference, own = reading.read(pair["tokens"], pair["answers"], needs_gradient=True)
    keys = list(own)
    gradients = torch.autograd.grad(difference.sum(), [own[key] for key in keys])
    result = {kind: [] for kind in KINDS}
    for key, gradient in sorted(zip(keys, gradients), key=lambda item: item[0]):
        products = ((other[key] - own[key].detach()) * gradient)[0].detach()
        if key[0] == "heads":
            result["heads"] += products.sum(0).unflatten(-1, (reading.head_count, -1)).sum(-1).tolist()
        else:
            result[key[0]] += products[first:].sum(-1).tolist()
    return result


def load(source, rule):
    """The model under a rule; its patches hold for the rest of the process."""
    kind, name, path = source
    if kind == "oracle":
        import gguf_file
        from families import VARIANTS
        put_in_force(VARIANTS[name]["family"], rule)
        return gguf_file.load(name, path).double()
    from real_models import field, huggingface_model
    reader = gguf.GGUFReader(path)
    family = field(reader, "general.architecture")
    put_in_force(family, rule)
    return huggingface_model(reader, family).float()


def put_in_force(family, rule):
    import reference
    if rule == "relp-frozen":
        reference.lxt_without_vision()
        maps, modeling = importlib.import_module(f"lxt.efficient.models.{family}"), reference.modeling(family)
        lxt = importlib.import_module("lxt.efficient")
        lxt.monkey_patch(modeling, {**maps.attnLRP, modeling: maps.cp_LRP[modeling]})
    elif rule != "patching":
        reference.patch(family, rule)


def real_pairs(agd, path, lines, count):
    """Pairs as token ids; those whose prompts are of different lengths are left out."""
    def tokens(text):
        output = subprocess.run(
            [agd, "attribute", "--json", "-m", path, "--prompt", text, "--targets", "0"], check=True, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        return json.loads(output.stdout)["prompt_tokens"]

    pairs = []
    for line in map(json.loads, lines):
        if len(pairs) == count:
            break
        own, other = tokens(line["prompt"]), tokens(line["other_prompt"])
        answers = [tokens(line["prompt"] + line[key])[len(own)] for key in ("answer", "other_answer")]
        if len(own) == len(other) and own != other and answers[0] != answers[1]:
            pairs.append(dict(tokens=own, other_tokens=other, answers=answers))
    return pairs


def drawn_pairs(name, count, length=16):
    generator = random.Random(f"patching {name}")
    pairs = []
    for _ in range(count):
        tokens = generator.sample(range(4, 260), length)
        other = list(tokens)
        other[6], other[9] = other[9], other[6]
        pairs.append(dict(tokens=tokens, other_tokens=other, answers=generator.sample(range(4, 260), 2)))
    return pairs


def summary(values):
    """The mean over pairs with its standard error."""
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0
    return f"{statistics.mean(values):.3f} ± {error:.3f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agd", default=".build/release/agd")
    parser.add_argument("--oracle", type=Path, help="folder with the oracle's models; the names are then theirs")
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("models", nargs="+")
    arguments = parser.parse_args()
    lines = [] if arguments.oracle else sys.stdin.readlines()
    print("| model | activations | " + " | ".join(RULES) + " |\n|---|---|" + "---|" * len(RULES))
    for name in arguments.models:
        if arguments.oracle:
            source, pairs = ("oracle", name, str(arguments.oracle / f"{name}.gguf")), drawn_pairs(name, arguments.pairs)
        else:
            source, pairs = ("file", name, name), real_pairs(arguments.agd, name, lines, arguments.pairs)
        # A process for each rule: LXT's patches can't be taken back.
        with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            found = dict(pool.imap(numbers, [(source, rule, pairs) for rule in ["patching", *RULES]]))
        for kind in KINDS:
            cells = [
                summary([
                    statistics.correlation(truth[kind], estimate[kind]) for truth, estimate in zip(found["patching"], found[rule])])
                for rule in RULES]
            print(f"| {Path(name).stem}, {len(pairs)} pairs | {kind} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Makes interventions.json in a folder of golden files: what methods decode on the oracle's tiny models that act inside the model.

HuggingFace's attention is replaced by one that does to its weights, keys or masks what the methods' papers say, in double precision;
there is no additive bias on scores in it, which is how the project does the same.

    interventions.py FOLDER
"""
import json
import sys
from pathlib import Path

import torch
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS
from transformers.models.llama.modeling_llama import repeat_kv

import gguf_file

COUNT = 12
VARIANTS = ["llama", "llama31", "qwen2", "gemma3"]


class Change:
    """What is done to attention at present."""
    multipliers = {}      # position: factor on its attention weights, which are normalised again
    hidden = ()           # positions that none behind them sees
    scaled = {}           # position: factor on its key, as the last token sees it, in these layers
    layers = ()


def attention(module, query, key, value, attention_mask, scaling, dropout=0.0, **_):
    """Softmax attention, then the change."""
    key, value = (repeat_kv(x, module.num_key_value_groups) for x in (key, value))
    scores = query @ key.transpose(2, 3) * scaling
    if Change.scaled and module.layer_idx in Change.layers:
        for position, factor in Change.scaled.items():
            own = position == key.shape[2] - 1
            keys = key[:, :, position] * (1 if own else factor)
            scores[:, :, -1, position] = (query[:, :, -1] * keys).sum(-1) * scaling
    length = scores.shape[-1]
    if attention_mask is not None:
        scores = scores + attention_mask[..., :length]
    weights = scores.softmax(-1)
    if Change.multipliers or Change.hidden:
        factors = torch.ones(length, length, dtype=weights.dtype)
        for position, factor in Change.multipliers.items():
            factors[:, position] *= factor
        for position in Change.hidden:
            factors[position + 1:, position] = 0
        weights = weights * factors
        weights = weights / weights.sum(-1, keepdim=True)
    return (weights @ value).transpose(1, 2).contiguous(), weights


ALL_ATTENTION_FUNCTIONS["changed"] = attention


def load(folder, variant):
    model = gguf_file.load(variant, folder / f"{variant}.gguf")
    model.config._attn_implementation = "changed"
    return model.double()


def change(multipliers=None, hidden=(), scaled=None, layers=()):
    Change.multipliers, Change.hidden = multipliers or {}, tuple(hidden)
    Change.scaled, Change.layers = scaled or {}, tuple(layers)


def logits(model, tokens):
    return model(torch.tensor([tokens]), use_cache=False).logits[0, -1]


def rounded(values):
    return [round(value, 6) for value in values.tolist()]


@torch.no_grad()
def decode(step, prompt):
    """Tokens by the largest score, and how far the second was behind at least."""
    generated, margins = [], []
    for _ in range(COUNT):
        top = step(prompt + generated).topk(2)
        generated.append(top.indices[0].item())
        margins.append((top.values[0] - top.values[1]).item())
    return {"tokens": generated, "smallest_margin": min(margins)}


def instaboost(model, prompt, positions, multiplier):
    """Attention weights times M, normalised again (Guardieiro et al., section 3), in prompt and completion."""
    change(multipliers={position: multiplier for position in positions})
    first = rounded(logits(model, prompt))
    result = decode(lambda tokens: logits(model, tokens), prompt)
    change()
    return {"positions": positions, "multiplier": multiplier, "logits": first} | result


def hidden(model, prompt, positions):
    """What is expected after the prompt where positions are seen by none behind them."""
    change(hidden=positions)
    result = {"positions": positions, "logits": rounded(logits(model, prompt))}
    change()
    return result


def ihdec(model, prompt, roles, beta, decay):
    """Contrast of roles by Jensen-Shannon divergence (Liu et al., arXiv 2606.29960, and the authors' per-step correction).

    `roles` are positions by rank: system, user, assistant; one may be missing.
    """
    ranks = [role for role in ("system", "user", "assistant") if role in roles]

    def log_probabilities(tokens, without):
        change(hidden=[position for role in without for position in roles[role]])
        return logits(model, tokens).log_softmax(-1)

    def divergence(a, b):
        mean = (a.exp() + b.exp()) / 2
        return ((a.exp() * (a - mean.log())).sum() + (b.exp() * (b - mean.log())).sum()).item() / 2

    corrected = []

    def step(tokens):
        full = log_probabilities(tokens, [])
        lacking = {role: log_probabilities(tokens, [role]) for role in ranks}
        says = {role: divergence(full, lacking[role]) for role in ranks}
        above_system = [role for role in ranks if role != "system" and "system" in says and says[role] > says["system"]]
        corrections = []
        if above_system:
            corrections.append(log_probabilities(tokens, above_system) - lacking["system"])
        if len(above_system) < 2 and "assistant" in says and "user" in says and says["assistant"] > says["user"]:
            corrections.append(lacking["assistant"] - lacking["user"])
        change()
        corrected.append(bool(corrections))
        if not corrections:
            return full
        direction = sum(corrections)
        return full + beta * decay ** (len(tokens) - len(prompt)) * direction / (direction.norm() + 1e-8)

    result = decode(step, prompt)
    return {"roles": roles, "beta": beta, "decay": decay, "corrected": corrected} | result


def directer(model, prompt, positions, factor, plausibility):
    """Keys scaled, and fewer layers while the token is implausible (Kang and Kim, arXiv 2603.06745, and the authors' generator).

    Only the last token sees scaled keys: the authors scale a copy of the cache, which they throw away.
    """
    count = model.config.num_hidden_layers
    scaled = {position: factor for position in positions}

    def states(tokens, layers):
        """What enters and leaves each layer's attention at the last token."""
        change(scaled=scaled, layers=layers)
        seen = []
        hooks = [
            layer.self_attn.register_forward_hook(
                lambda module, inputs, arguments, output: seen.append((arguments["hidden_states"][0, -1], output[0][0, -1])),
                with_kwargs=True)
            for layer in model.model.layers]
        logits(model, tokens)
        for hook in hooks:
            hook.remove()
        change()
        return seen

    def rank(tokens):
        raw = states(tokens, [])
        total = torch.zeros(count, dtype=torch.float64)
        for probe in range(count):
            for layer, ((before, after), (before_scaled, after_scaled)) in enumerate(zip(raw, states(tokens, [probe]))):
                similarity = torch.cosine_similarity(before, after_scaled, dim=0) + torch.cosine_similarity(after, before_scaled, dim=0)
                total[layer] += (2 - similarity).clamp_min(0)
        return total.argsort(descending=True).tolist()

    ranking = rank(prompt)
    kept, margins = [], []

    def step(tokens):
        raw = logits(model, tokens)
        probabilities = raw.softmax(-1)
        first, second = probabilities.topk(2).values.tolist()
        margins.append(abs(second - plausibility * first))
        if len(tokens) > len(prompt) and second < plausibility * first - 1e-9:
            kept.append(0)
            return raw
        layers, trial = list(range(count)), 0
        while len(layers) > 1 and trial < 10:
            trial += 1
            change(scaled=scaled, layers=layers)
            steered = logits(model, tokens)
            change()
            token = steered.argmax()
            margins.append(abs(probabilities[token].item() - plausibility * first))
            if probabilities[token] > plausibility * first:
                kept.append(len(layers))
                return steered
            layers = ranking[:max(1, count // 2 ** trial)]
        kept.append(0)
        return raw

    result = decode(step, prompt)
    return {
        "positions": positions, "factor": factor, "plausibility": plausibility, "ranking": ranking, "layers": kept,
        "smallest_distance_to_plausibility": min(margins)} | result


def direction(index, width):
    return torch.sin(1 + 0.7 * torch.arange(width, dtype=torch.float64) * (index + 1))


def control(model, prompt, layers, scale):
    """A control vector as repeng adds it: behind decoder layers, at all positions."""
    def added(index):
        vector = scale * direction(index, model.config.hidden_size).float().double()
        return lambda module, inputs, output: (output[0] + vector, *output[1:])

    hooks = [model.model.layers[layer].register_forward_hook(added(index)) for index, layer in enumerate(layers)]
    first = rounded(logits(model, prompt))
    result = decode(lambda tokens: logits(model, tokens), prompt)
    for hook in hooks:
        hook.remove()
    return {"layers": layers, "scale": scale, "logits": first} | result


def relevance(model, prompt, region, positions, multiplier):
    """Input times gradient of the region, under a change, for the five most probable tokens."""
    change(multipliers={position: multiplier for position in positions})
    embeddings = model.get_input_embeddings()(torch.tensor([prompt])).detach().requires_grad_()
    out = model(inputs_embeds=embeddings, use_cache=False).logits[0, -1]
    targets = out.topk(5).indices.tolist()
    sums = []
    for target in targets:
        gradient, = torch.autograd.grad(out[target], embeddings, retain_graph=True)
        sums.append((embeddings * gradient)[0, region].sum().item())
    change()
    return {"region": region, "positions": positions, "multiplier": multiplier, "targets": targets, "relevance": sums}


@torch.no_grad()
def main():
    folder = Path(sys.argv[1])
    result = {}
    for variant in VARIANTS:
        reference = json.loads((folder / f"{variant}.json").read_text())
        model = load(folder, variant)
        prompt = reference["prompt"]
        difference = (logits(model, prompt) - torch.tensor(reference["logits"], dtype=torch.float64)).abs().max().item()
        print(variant, "logits differ from the oracle's by", difference, file=sys.stderr)
        assert difference < 1e-4, "this is not the oracle's model"
        span = reference["rois"]["span"]["positions"]
        others = [position for position in range(len(prompt) - 3) if position not in span and position % 3 == 1]
        with torch.enable_grad():
            lanes = relevance(model, prompt, others, span, 4.0)
        result[variant] = {
            "prompt": prompt,
            "instaboost": [instaboost(model, prompt, span, multiplier) for multiplier in (3.0, 9.0, 0.2)],
            "hidden": [hidden(model, prompt, positions) for positions in (span, [0, 1, 2] + others)],
            "ihdec": [
                ihdec(model, prompt, {"system": [*range(1, 8)], "user": [*range(10, 18)]}, 20.0, 0.9),
                ihdec(model, prompt, {"system": [*range(1, 6)], "user": [*range(8, 15)], "assistant": [*range(17, 24)]}, 12.0, 0.97),
                ihdec(model, prompt, {"user": [*range(0, 9)], "assistant": [*range(12, 20)]}, 300.0, 0.8),
            ],
            "directer": [
                directer(model, prompt, span, 100.0, 0.5), directer(model, prompt, others, 4.0, 0.05),
                directer(model, prompt, span, 3.0, 0.01),
            ],
            "control": [
                control(model, prompt, [0, 1], 0.3), control(model, prompt, [model.config.num_hidden_layers - 1], -0.8),
            ],
            "lanes": lanes,
        }
    (folder / "interventions.json").write_text(json.dumps(result, separators=(",", ":")) + "\n")


main()

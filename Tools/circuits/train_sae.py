#!/usr/bin/env python3
"""Trains a small sparse dictionary on the residual stream of one of the oracle's models, and writes what HuggingFace and LXT say of it.

    train_sae.py FOLDER [--variant qwen2] [--layer 1] [--features 96]

FOLDER holds the oracle's models. The dictionary goes to FOLDER/sae in SAELens' layout (cfg.json, sae_weights.safetensors): JumpReLU, with the
thresholds that keep each feature's strongest fifth of activations. FOLDER/sae/relevance.json has, for each rule and target, the relevance of
some features: activation times decoder row times gradient under LXT's patches, summed over the prompt's positions.
"""
import argparse
import json
import multiprocessing
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "oracle"))

import torch
from safetensors.torch import save_file

from reference import ALL_RULES, Reference

STEPS, BATCH, LENGTH, SPARSITY, TOLD = 400, 16, 24, 2e-2, 8


def streams_of(reference, layer):
    """Where the residual stream behind the layer is put in each pass."""
    found = []
    reference.double.model.layers[layer].register_forward_hook(
        lambda _, __, output: found.append(output[0] if isinstance(output, tuple) else output))
    return found


def activations(weights, x):
    before = (x - weights["b_dec"]) @ weights["W_enc"] + weights["b_enc"]
    return before * (before > weights["threshold"])


def train(reference, layer, features):
    """A ReLU dictionary of random token sequences' activations, whose thresholds are set afterwards."""
    torch.manual_seed(0)
    found = streams_of(reference, layer)
    with torch.no_grad():
        for _ in range(BATCH * 4):
            reference.forward(torch.randint(4, 260, (LENGTH,)).tolist())
    data = torch.cat([stream[0, 1:] for stream in found]).float().detach()
    width, scale = data.shape[1], data.norm(dim=1).mean()
    decoder = torch.nn.functional.normalize(torch.randn(features, width), dim=1)
    weights = dict(W_enc=decoder.T.clone(), b_enc=torch.zeros(features), W_dec=decoder, b_dec=data.mean(0))
    weights = {name: weight.requires_grad_() for name, weight in weights.items()}
    optimizer = torch.optim.Adam(weights.values(), lr=3e-3)
    for _ in range(STEPS):
        x = data[torch.randint(len(data), (256,))]
        hidden = torch.relu((x - weights["b_dec"]) @ weights["W_enc"] + weights["b_enc"])
        error = (hidden @ weights["W_dec"] + weights["b_dec"] - x).pow(2).sum(1).mean() / scale**2
        loss = error + SPARSITY * (hidden * weights["W_dec"].norm(dim=1)).sum(1).mean() / scale
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    weights = {name: weight.detach() for name, weight in weights.items()}
    before = (data - weights["b_dec"]) @ weights["W_enc"] + weights["b_enc"]
    weights["threshold"] = before.quantile(0.8, dim=0).clamp_min(0)
    unexplained = (activations(weights, data) @ weights["W_dec"] + weights["b_dec"] - data).pow(2).sum() / (
        data - data.mean(0)).pow(2).sum()
    print(f"{features} features, {100 * (1 - float(unexplained)):.0f} % of the variance", file=sys.stderr)
    return weights


def trained(job):
    folder, variant, layer, features = job
    weights = train(Reference(variant, Path(folder) / f"{variant}.gguf", "ixg"), layer, features)
    place = Path(folder) / "sae"
    place.mkdir(exist_ok=True)
    save_file({name: weight.contiguous() for name, weight in weights.items()}, place / "sae_weights.safetensors")
    configuration = dict(
        architecture="jumprelu", d_in=weights["W_enc"].shape[0], d_sae=features, dtype="float32", apply_b_dec_to_input=True,
        normalize_activations="none", metadata=dict(model_name=variant, hook_name=f"blocks.{layer}.hook_resid_post"))
    (place / "cfg.json").write_text(json.dumps(configuration, indent=2) + "\n")


def relevance(job):
    folder, variant, layer, rule = job
    from safetensors.torch import load_file
    weights = {name: weight.double() for name, weight in load_file(Path(folder) / "sae" / "sae_weights.safetensors").items()}
    golden = json.loads((Path(folder) / f"{variant}.json").read_text())
    reference = Reference(variant, Path(folder) / f"{variant}.gguf", rule)
    found = streams_of(reference, layer)
    _, _, logits = reference.forward(golden["prompt"])
    hidden = activations(weights, found[0][0].detach())
    features = hidden.gt(0).sum(0).topk(TOLD).indices.sort().values
    rows = []
    for target in golden["targets"]:
        gradient, = torch.autograd.grad(logits[-1, target], found, retain_graph=True)
        rows.append((hidden * (gradient[0] @ weights["W_dec"].T)).sum(0)[features].tolist())
    return rule, features.tolist(), rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--variant", default="qwen2")
    parser.add_argument("--layer", type=int, default=1)
    parser.add_argument("--features", type=int, default=96)
    arguments = parser.parse_args()
    folder, variant, layer = str(arguments.folder), arguments.variant, arguments.layer
    # A process for each rule: LXT's patches can't be taken back.
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        pool.map(trained, [(folder, variant, layer, arguments.features)])
        results = list(pool.imap(relevance, [(folder, variant, layer, rule) for rule in ALL_RULES]))
    golden = dict(
        variant=variant, layer=layer, features=results[0][1],
        rules={rule: [[float(f"{value:.9g}") for value in row] for row in rows] for rule, _, rows in results})
    (arguments.folder / "sae" / "relevance.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()

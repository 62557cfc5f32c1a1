#!/usr/bin/env python3
"""Makes inside.json in a folder of golden files: the relevance of neurons, and of directions of the residual stream.

    inside.py FOLDER

A neuron is an element of what a dense network's last matrix reads; its relevance is its value times the gradient of one logit under
LXT's patches. A direction's is <v, x> <v, gradient> / <v, v>. Both are summed over positions. Neurons are drawn; the sum over all of
a layer's is told too. Element i of direction k is sin(1 + 0.7 i (k + 1)).
"""
import json
import math
import multiprocessing
import random
import sys
from pathlib import Path

import torch

from families import VARIANTS
from make import rounded
from reference import ALL_RULES, Reference

NEURONS, DIRECTIONS = 12, 3


def vector(k, width):
    return [math.sin(1 + 0.7 * i * (k + 1)) for i in range(width)]


def places(golden, variant):
    """The drawn neurons, [layer, index], and each direction's layer: first, middle and last."""
    generator = random.Random(f"inside {variant}")
    shape = golden["hparams"]
    layers = shape["num_hidden_layers"]
    neurons = [] if "moe" in variant else [
        [generator.randrange(layers), generator.randrange(shape["intermediate_size"])] for _ in range(NEURONS)]
    return sorted(neurons), [0, layers // 2, layers - 1]


def numbers(job):
    folder, variant, rule = job
    golden = json.loads((Path(folder) / f"{variant}.json").read_text())
    neurons, direction_layers = places(golden, variant)
    reference = Reference(variant, Path(folder) / f"{variant}.gguf", rule)
    inputs, streams = [], []
    for layer in reference.double.model.layers:
        if neurons:
            layer.mlp.down_proj.register_forward_pre_hook(lambda _, values: inputs.append(values[0]))
        layer.register_forward_hook(lambda _, __, output: streams.append(output[0] if isinstance(output, tuple) else output))
    _, _, logits = reference.forward(golden["prompt"])
    result = dict(neurons=[], layers=[], directions=[])
    for target in golden["targets"]:
        gradients = torch.autograd.grad(logits[-1, target], inputs + streams, retain_graph=True)
        relevance = [(value * gradient)[0].detach().sum(0) for value, gradient in zip(inputs, gradients)]
        result["neurons"].append([float(relevance[layer][index]) for layer, index in neurons])
        result["layers"].append([float(layer.sum()) for layer in relevance])
        own = []
        for k, layer in enumerate(direction_layers):
            v = torch.tensor(vector(k, streams[layer].shape[-1]), dtype=torch.float64)
            gradient = gradients[len(inputs) + layer]
            own.append(float(((streams[layer].detach() @ v) * (gradient @ v)).sum() / (v @ v)))
        result["directions"].append(own)
    return variant, rule, result


def main():
    folder = Path(sys.argv[1])
    golden = {}
    for variant in VARIANTS:
        neurons, layers = places(json.loads((folder / f"{variant}.json").read_text()), variant)
        golden[variant] = dict(neurons=neurons, direction_layers=layers, rules={})
    jobs = [(str(folder), variant, rule) for variant in VARIANTS for rule in ALL_RULES]
    # A process for each rule: LXT's patches can't be taken back.
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for variant, rule, result in pool.imap(numbers, jobs):
            golden[variant]["rules"][rule] = result
    lines = (f"{json.dumps(variant)}: {json.dumps(rounded(value), separators=(',', ':'))}" for variant, value in golden.items())
    (folder / "inside.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()

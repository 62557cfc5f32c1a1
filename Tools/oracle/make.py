#!/usr/bin/env python3
"""Makes golden files: small random models, and what HuggingFace transformers and LXT compute for them.

    make.py OUTPUT-FOLDER --seed N [VARIANT ...]

Prompts are drawn until every decision in them (which tokens are candidates, which wins, whether the gate opens) is clear enough
that rounding can't turn it.
"""
import argparse
import concurrent.futures
import hashlib
import json
import multiprocessing
import random
from pathlib import Path

import gguf_file
from families import VARIANTS, byte_tokens, draw_weights, empty_model
from reference import CANDIDATES, MINIMUM_PROBABILITY, RULES, STEPS, Reference, candidates, entropy, margin

# A decision nearer than this to its opposite isn't used. Wider for Gemma 3, whose GELU ggml reads from a table of halves.
CLEAR = {"gemma3": 4e-3}
CLEAR_BY_DEFAULT = 2e-3
ATTEMPTS = 400
TRACES = {  # name: rule, region, gated
    "greedy": ("ixg", None, False),
    "agd_span": ("attnlrp", "span", False),
    "agd_span_gated": ("attnlrp", "span", True),
    "agd_weighted": ("attnlrp", "weighted", False),
    "agd_heads": ("attnlrp", "heads", False),
    "agd_span_cp_lrp": ("cp_lrp", "span", False),
    "agd_span_ixg": ("ixg", "span", False),
}


class Rules:
    """A process for each rule, since LXT's patches are global."""

    def __init__(self, variant, path):
        context = multiprocessing.get_context("spawn")
        self.pools = {
            rule: concurrent.futures.ProcessPoolExecutor(1, context, begin, (variant, str(path), rule)) for rule in RULES}

    def call(self, rule, method, *arguments, **options):
        return self.pools[rule].submit(ask, method, arguments, options).result()

    def close(self):
        for pool in self.pools.values():
            pool.shutdown()


def begin(variant, path, rule):
    global reference
    reference = Reference(variant, path, rule)


def ask(method, arguments, options):
    return getattr(reference, method)(*arguments, **options)


def random_prompt(variant, generator):
    length = VARIANTS[variant]["prompt"]
    tokens = [generator.choice(byte_tokens(variant)) for _ in range(length)]
    tokens[length // 2 + 2] = tokens[2]  # One token occurs twice.
    return tokens


def random_regions(variant, generator, configuration):
    length = VARIANTS[variant]["prompt"]
    # Gemma's begins before the sliding window of the last position.
    start = 2 * length // 3 if VARIANTS[variant]["family"] == "gemma3" else length // 4
    all_heads = [
        [layer, head] for layer in range(configuration.num_hidden_layers) for head in range(configuration.num_attention_heads)]
    return {
        "span": dict(positions=list(range(start, start + 7)), weights=[1.0] * 7),
        "set": dict(positions=sorted(generator.sample(range(length - 1), 8)), weights=[1.0] * 8),
        "weighted": dict(positions=sorted(generator.sample(range(length), 5)), weights=[1.0, 0.5, -1.0, 2.0, -0.75]),
        "heads": dict(heads=sorted(generator.sample(all_heads, 5))),
    }


def first_usable(what, attempt):
    for _ in range(ATTEMPTS):
        if (result := attempt()) is not None:
            return result
    raise SystemExit(f"{what}: {ATTEMPTS} prompts, and none whose decisions are clear; try another seed")


def analysis(variant, rules, generator, clear):
    """A prompt whose prefixes have candidate sets of many sizes, and its logits; None where that isn't so."""
    import torch
    prompt = random_prompt(variant, generator)
    logits = rules.call("ixg", "logits", prompt)
    cases = []
    for length in range(1, len(prompt) + 1):
        probabilities = torch.tensor(logits[length - 1], dtype=torch.float64).softmax(-1)
        found = candidates(probabilities)
        step = dict(entropy=entropy(probabilities), candidates=[])
        if margin(probabilities, step, None) < clear:
            continue
        top = probabilities.topk(CANDIDATES)
        cases.append(dict(
            n_context=length, entropy=step["entropy"], top5_ids=top.indices.tolist(), top5_probs=top.values.tolist(),
            n_candidates=len(found)))
    sizes = {case["n_candidates"] for case in cases}
    if not cases or cases[-1]["n_context"] != len(prompt) or len(sizes) < 4 or not 2 <= cases[-1]["n_candidates"] < CANDIDATES:
        return None
    last = cases[-1]
    unlikely = next(token for token in reversed(byte_tokens(variant)) if token not in last["top5_ids"])
    count = last["n_candidates"]
    return dict(
        prompt=prompt, logits=logits[-1], entropy=last["entropy"],
        candidates=dict(
            k=CANDIDATES, pi_min=MINIMUM_PROBABILITY, ids=last["top5_ids"][:count], probs=last["top5_probs"][:count]),
        candidate_cases=cases, targets=last["top5_ids"] + [unlikely])


def trace(variant, rules, generator, clear, name, regions):
    """A decode in which guidance matters and every decision is clear; None where that isn't so."""
    rule, region_name, gated = TRACES[name]
    region, prompt, threshold = regions.get(region_name), random_prompt(variant, generator), None
    steps = rules.call(rule, "decode", prompt, region, None)
    if gated:
        middle = sorted(step["entropy"] for step in steps)[STEPS // 2 - 1:STEPS // 2 + 1]
        threshold = round(sum(middle) / 2, 2)
        steps = rules.call(rule, "decode", prompt, region, threshold)
    if min(step["margin"] for step in steps) < clear:
        return None
    if region:
        guided = [step for step in steps if not step["gated"]]
        changed = sum(step["chosen"] != step["greedy"] for step in guided)
        if changed < (3 if gated else 6) or (gated and not 6 <= len(guided) <= STEPS - 6):
            return None
    chosen = [step["chosen"] for step in steps]
    if [step["chosen"] for step in rules.call(rule, "decode", prompt, region, threshold, single=True)] != chosen:
        return None
    for step in steps:
        del step["margin"]
    return dict(rule=rule if region else None, roi=region_name, tau=threshold, prompt=prompt, tokens=chosen, steps=steps)


def make(variant, seed, folder):
    generator = random.Random(f"{seed} {variant}")
    clear = CLEAR.get(VARIANTS[variant]["family"], CLEAR_BY_DEFAULT)
    model = empty_model(variant)
    draw_weights(model, variant, 1000 * seed + list(VARIANTS).index(variant))
    path = folder / f"{variant}.gguf"
    gguf_file.write(model, variant, path)
    regions = random_regions(variant, generator, model.config)
    rules = Rules(variant, path)
    golden = dict(variant=variant, gguf=path.name, seed=seed, hparams=hyperparameters(model))
    golden |= first_usable(f"{variant}, prompt", lambda: analysis(variant, rules, generator, clear))
    golden["rois"] = regions
    golden["rules"] = {
        rule: rules.call(rule, "numbers", golden["prompt"], golden["targets"], regions, golden["targets"][1])
        for rule in RULES}
    golden["traces"] = {
        name: first_usable(f"{variant}, {name}", lambda: trace(variant, rules, generator, clear, name, regions))
        for name in TRACES}
    rules.close()
    lines = (f"{json.dumps(key)}: {json.dumps(rounded(value))}" for key, value in golden.items())
    (folder / f"{variant}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def hyperparameters(model):
    names = (
        "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
        "head_dim", "rms_norm_eps", "rope_theta", "rope_scaling", "tie_word_embeddings", "rope_local_base_freq",
        "sliding_window", "sliding_window_pattern", "query_pre_attn_scalar")
    return {name: getattr(model.config, name) for name in names if hasattr(model.config, name)}


def rounded(value):
    """Numbers with nine digits."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {key: rounded(element) for key, element in value.items()}
    return [rounded(element) for element in value] if isinstance(value, (list, tuple)) else value


def write_sums(folder):
    names = sorted(path.name for path in folder.iterdir() if path.suffix in (".gguf", ".json"))
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / "SHA256SUMS").write_text("".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("variants", nargs="*", default=list(VARIANTS))
    parser.add_argument("--seed", type=int, required=True)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for variant in arguments.variants:
        print(f"{variant} ...", flush=True)
        make(variant, arguments.seed, arguments.folder)
    write_sums(arguments.folder)


if __name__ == "__main__":
    main()

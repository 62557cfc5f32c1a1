#!/usr/bin/env python3
"""Makes contrast.json in a folder of golden files: what CAD, AdaCAD, CoCoA and DoLa decode on the oracle's tiny models.

The first three are computed here from HuggingFace's logits of both sequences; DoLa is transformers' own `dola_layers`.
(Later versions of transformers than the pinned one have no DoLa of their own.)

    contrast.py FOLDER
"""
import json
import sys
from pathlib import Path

import torch

import gguf_file

COUNT = 12


def load(folder, variant):
    model = gguf_file.load(variant, folder / f"{variant}.gguf")
    model.generation_config.eos_token_id = None
    model.generation_config.pad_token_id = 0
    return model.double()


def agrees(model, reference):
    logits = model(torch.tensor([reference["prompt"]])).logits[0, -1]
    return (logits - torch.tensor(reference["logits"], dtype=torch.float64)).abs().max().item()


@torch.no_grad()
def decode(model, prompt, without, scores):
    """Tokens by the largest score, and how far the second was behind at least.

    `scores` is a function of the logits after both sequences and of the tokens so far.
    """
    generated, margins = [], []
    for _ in range(COUNT):
        a = model(torch.tensor([prompt + generated])).logits[0, -1]
        b = model(torch.tensor([without + generated])).logits[0, -1]
        top = scores(a, b, generated).topk(2)
        generated.append(top.indices[0].item())
        margins.append((top.values[0] - top.values[1]).item())
    return {"without": without, "tokens": generated, "smallest_margin": min(margins)}


def cad(model, prompt, without, alpha):
    return {"alpha": alpha} | decode(model, prompt, without, lambda a, b, _: (1 + alpha) * a - alpha * b)


def adacad(model, prompt, without, minimum):
    """Alpha is the Jensen-Shannon divergence in nats (Wang et al., section 3.2, and the authors' get_jsd)."""
    def scores(a, b, _):
        p, q = a.softmax(-1), b.softmax(-1)
        mean = (p + q) / 2
        divergence = ((p * (p / mean).log()).sum() + (q * (q / mean).log()).sum()) / 2
        alpha = max(minimum, divergence.item())
        return (1 + alpha) * a - alpha * b
    return {"minimum_alpha": minimum} | decode(model, prompt, without, scores)


def cocoa(model, prompt, without, gamma):
    """The sum that the authors' code takes the largest of: half of each log p, the contrast, the share of the reply."""
    def scores(a, b, generated):
        p, q = a.log_softmax(-1), b.log_softmax(-1)
        share = torch.bincount(torch.tensor(generated, dtype=torch.long), minlength=len(a)) / (len(generated) + 1e-8)
        return p / 2 + q / 2 + gamma * (p - q) + (1 - share / 2).clamp(0.5, 1).log()
    return {"gamma": gamma} | decode(model, prompt, without, scores)


@torch.no_grad()
def dola(model, prompt, layers, penalty):
    ids = torch.tensor([prompt])
    output = model.generate(
        ids, attention_mask=torch.ones_like(ids), dola_layers=layers, max_new_tokens=COUNT, do_sample=False,
        repetition_penalty=penalty, return_dict_in_generate=True, output_scores=True)
    tops = [scores[0].double().topk(2).values for scores in output.scores]
    return {
        "layers": layers if isinstance(layers, str) else ",".join(map(str, layers)), "repetition_penalty": penalty,
        "tokens": output.sequences[0, len(prompt):].tolist(),
        "smallest_margin": min((top[0] - top[1]).item() for top in tops),
    }


def main():
    folder = Path(sys.argv[1])
    result = {}
    for variant in ["llama", "llama31", "qwen2"]:
        reference = json.loads((folder / f"{variant}.json").read_text())
        model = load(folder, variant)
        difference = agrees(model, reference)
        print(variant, "logits differ from the oracle's by", difference, file=sys.stderr)
        assert difference < 1e-4, "this is not the oracle's model"
        prompt = reference["prompt"]
        region = set(reference["rois"]["span"]["positions"])
        without = [token for position, token in enumerate(prompt) if position not in region]
        count = model.config.num_hidden_layers
        result[variant] = {
            "prompt": prompt,
            "cad": [cad(model, prompt, without, alpha) for alpha in (0.5, 1.0, 3.0)],
            "adacad": [adacad(model, prompt, without, minimum) for minimum in (0.0, 0.8)],
            "cocoa": [cocoa(model, prompt, without, gamma) for gamma in (1.0, 3.0)],
            "dola": [
                dola(model, prompt, layers, penalty)
                for layers, penalty in [("low", 1.0), ("high", 1.0), ("high", 1.2), (list(range(count)), 1.0)]
            ],
        }
    (folder / "contrast.json").write_text(json.dumps(result, separators=(",", ":")) + "\n")


main()

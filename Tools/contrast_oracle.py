#!/usr/bin/env python3
"""Makes Tests/TestFixtures/Oracle/contrast.json: what CAD and DoLa decode on the oracle's tiny models.

CAD is computed here from HuggingFace's logits of both sequences; DoLa is transformers' own `dola_layers`.
Needs torch, transformers 4.52.4 (later versions have no DoLa of their own) and gguf.

    python Tools/contrast_oracle.py Tests/TestFixtures/Oracle
"""
import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

COUNT = 12


def load(folder, variant, hparams):
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=f"{variant}.gguf", torch_dtype=torch.float32)
    if hparams.get("rope_scaling"):  # Not read from a GGUF file.
        model.config.rope_scaling = hparams["rope_scaling"]
        model.model.rotary_emb = type(model.model.rotary_emb)(config=model.config)
    model.generation_config.eos_token_id = None
    model.generation_config.pad_token_id = 0
    return model.double().eval()


def agrees(model, reference):
    logits = model(torch.tensor([reference["prompt"]])).logits[0, -1]
    return (logits - torch.tensor(reference["logits"], dtype=torch.float64)).abs().max().item()


@torch.no_grad()
def cad(model, prompt, without, alpha):
    generated, margins = [], []
    for _ in range(COUNT):
        a = model(torch.tensor([prompt + generated])).logits[0, -1]
        b = model(torch.tensor([without + generated])).logits[0, -1]
        scores = (1 + alpha) * a - alpha * b
        top = scores.topk(2)
        generated.append(top.indices[0].item())
        margins.append((top.values[0] - top.values[1]).item())
    return {"alpha": alpha, "without": without, "tokens": generated, "smallest_margin": min(margins)}


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
        model = load(folder, variant, reference["hparams"])
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
            "dola": [
                dola(model, prompt, layers, penalty)
                for layers, penalty in [("low", 1.0), ("high", 1.0), ("high", 1.2), (list(range(count)), 1.0)]
            ],
        }
    (folder / "contrast.json").write_text(json.dumps(result, separators=(",", ":")) + "\n")


main()

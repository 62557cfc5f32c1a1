#!/usr/bin/env python3
"""Trains the microcosm model from scratch: python Tools/microcosm/train.py --output build/microcosm

Makes its own text, trains the tokenizer on it, then the model; uses a GPU when PyTorch sees one. Interrupt it at any
time and go on with --resume. Progress goes to stderr. The checkpoint is exported by export_gguf.py.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from chat import ANSWER_WEIGHT, encode, train_tokenizer
from generator import training_dialogue
from model import Configuration, Llama

BUCKET = 24  # batches drawn together and sorted by length, so that little is padding


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="folder for tokenizer.json and checkpoints")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--batch", type=int, default=64, help="dialogues a step")
    parser.add_argument("--rate", type=float, default=2e-3, help="peak learning rate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (0: PyTorch's choice)")
    parser.add_argument("--keep-every", type=int, default=500, help="steps between checkpoints that are kept")
    parser.add_argument("--float32", action="store_true", help="no bfloat16 in matrix products")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in --output")
    return parser.parse_args()


def batches(tokenizer: Tokenizer, size: int, seed: int, first: int,
            steps: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Token ids [B, T + 1] and weights of their losses [B, T]; the same for a seed and step, wherever one resumes."""
    for bucket in range(first // BUCKET, math.ceil(steps / BUCKET)):
        rng = random.Random(f"{seed} {bucket}")
        progress = bucket * BUCKET / steps
        rows = sorted((encode(tokenizer, training_dialogue(rng, progress)) for _ in range(size * BUCKET)),
                      key=lambda row: len(row[0]))
        order = rng.sample(range(BUCKET), BUCKET)
        for position, at in enumerate(order):
            if bucket * BUCKET + position >= first:
                yield pad(rows[at * size:(at + 1) * size])


def pad(rows: list[tuple[list[int], list[float]]]) -> tuple[torch.Tensor, torch.Tensor]:
    length = max(len(ids) for ids, _ in rows)
    ids = torch.zeros(len(rows), length, dtype=torch.long)
    weights = torch.zeros(len(rows), length)
    for row, (tokens, of_tokens) in enumerate(rows):
        ids[row, :len(tokens)] = torch.tensor(tokens)
        weights[row, :len(tokens)] = torch.tensor(of_tokens)
    return ids, weights[:, 1:]


def rate_at(step: int, steps: int, peak: float) -> float:
    """Linear warm-up, then a cosine down to 2 % of the peak."""
    warmup = min(200, steps // 10)
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))))


def optimiser_for(model: Llama, rate: float) -> torch.optim.Optimizer:
    matrices = [p for p in model.parameters() if p.dim() == 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.05}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), fused=True)


def main() -> None:
    options = arguments()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    options.output.mkdir(parents=True, exist_ok=True)
    last = options.output / "last.pt"
    if options.resume and not last.exists():
        sys.exit(f"train.py: --resume needs {last}, which doesn't exist; start without --resume.")
    if last.exists() and not options.resume:
        sys.exit(f"train.py: {last} exists; add --resume to go on with it, or choose another --output.")

    tokenizer_file = options.output / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(tokenizer_file)) if tokenizer_file.exists() else train_tokenizer(tokenizer_file)
    config = Configuration(vocabulary=tokenizer.get_vocab_size())
    model = Llama(config).to(device)
    optimiser = optimiser_for(model, options.rate)
    first, spent = 0, 0.0
    if options.resume:
        state = torch.load(last, map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        first, spent = state["step"], state["seconds"]
    print(f"{model.parameter_count / 1e6:.2f} M parameters on {device}, {torch.get_num_threads()} threads, "
          f"steps {first} to {options.steps}", file=sys.stderr)

    def save(path: Path, step: int, **extra: object) -> None:
        torch.save({"model": model.state_dict(), "configuration": dataclasses.asdict(config), "step": step,
                    "seconds": spent + time.monotonic() - started, **extra}, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)

    started, tokens, recent = time.monotonic(), 0, []
    step = first
    try:
        for ids, weights in batches(tokenizer, options.batch, options.seed, first, options.steps):
            if step >= options.steps:
                break
            ids, weights = ids.to(device), weights.to(device)
            for group in optimiser.param_groups:
                group["lr"] = rate_at(step, options.steps, options.rate)
            with torch.autocast(device, torch.bfloat16, enabled=not options.float32):
                logits = model(ids[:, :-1])
            losses = F.cross_entropy(logits.float().flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
            loss = (losses * weights.flatten()).sum() / weights.sum()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            step, tokens = step + 1, tokens + ids.numel()
            answered = weights.flatten() >= ANSWER_WEIGHT
            recent.append((losses.detach()[answered]).mean().item())
            if step % 50 == 0 or step == options.steps:
                seconds = time.monotonic() - started
                print(f"step {step}/{options.steps}  answer loss {sum(recent) / len(recent):.4f}  "
                      f"{tokens / seconds:.0f} tokens/s  {spent + seconds:.0f} s", file=sys.stderr, flush=True)
                recent = []
            if step % options.keep_every == 0 or step == options.steps:
                save(options.output / f"step-{step:06d}.pt", step)
                save(last, step, optimiser=optimiser.state_dict())
    except KeyboardInterrupt:
        save(last, step, optimiser=optimiser.state_dict())
        sys.exit(f"train.py: interrupted at step {step}; go on with --resume.")


if __name__ == "__main__":
    main()

"""Attribution-guided decoding of the microcosm model: AttnLRP relevance by a forward-mode pass in lanes.

Lane 0 carries the activations. Each further lane carries a tangent that starts as w * x on the embeddings (w: a
region's weight at each token) and is propagated by the AttnLRP rules; its product with an output row is the relevance
of the region for that token. Tangents are causal, so they are cached like keys and values.
Rules: Achtibat et al., arXiv 2402.05602. Decoding: Komorowski et al., arXiv 2509.26307.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from model import Attention, FeedForward, Llama, RMSNorm, rotate

TOP_K, MINIMAL_PROBABILITY = 5, 0.05


class Cache:
    """Keys and values of all lanes, [lanes, B, heads, S, head_size] a layer; `valid` [B, S] is false for padding."""

    def __init__(self) -> None:
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []
        self.valid: Tensor | None = None

    def extend(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        if layer == len(self.keys):
            self.keys.append(k)
            self.values.append(v)
        else:
            self.keys[layer] = torch.cat((self.keys[layer], k), dim=3)
            self.values[layer] = torch.cat((self.values[layer], v), dim=3)
        return self.keys[layer], self.values[layer]


def norm_lanes(norm: RMSNorm, x: Tensor) -> Tensor:
    """The scale comes from lane 0 and is a constant for the others."""
    return x * torch.rsqrt(x[:1].square().mean(-1, keepdim=True) + norm.eps) * norm.weight


def attention_lanes(attention: Attention, x: Tensor, rope: tuple, hidden: Tensor, layer: int, cache: Cache) -> Tensor:
    """x [lanes, B, T, width]; hidden [B, 1, T, S] is true where a key must not be seen."""
    config = attention.config
    q, k, v = (projection(x).unflatten(-1, (-1, config.head_size))
               for projection in (attention.query, attention.key, attention.value))
    q, k, v = (part.transpose(2, 3) for part in (rotate(q, *rope), rotate(k, *rope), v))
    k, v = cache.extend(layer, k, v)
    groups = config.heads // config.kv_heads
    k, v = k.repeat_interleave(groups, dim=2), v.repeat_interleave(groups, dim=2)
    scale = config.head_size ** -0.5
    weights = (q[0] @ k[0].mT * scale).masked_fill(hidden, -1e30).softmax(-1)
    primal = weights @ v[0]
    score_tangent = (q[1:] @ k[0].mT + q[0] @ k[1:].mT) * (scale / 4)
    weight_tangent = weights * (score_tangent - (weights * score_tangent).sum(-1, keepdim=True))
    tangents = weight_tangent @ v[0] + weights @ v[1:] / 2
    return attention.output(torch.cat((primal[None], tangents)).transpose(2, 3).flatten(3))


def feed_forward_lanes(layer: FeedForward, x: Tensor) -> Tensor:
    gate, up = layer.gate(x), layer.up(x)
    gate = gate * torch.sigmoid(gate[:1])
    product = torch.cat((gate[:1] * up[:1], (gate[1:] * up[:1] + gate[:1] * up[1:]) / 2))
    return layer.down(product)


@torch.no_grad()
def step(model: Llama, ids: Tensor, valid: Tensor, regions: Tensor, cache: Cache) -> tuple[Tensor, Tensor]:
    """Feeds ids [B, T] with regions [m, B, T]; returns the next token's logits [B, V] and relevance [m, B, V]."""
    before = 0 if cache.valid is None else cache.valid.shape[1]
    cache.valid = valid if cache.valid is None else torch.cat((cache.valid, valid), dim=1)
    total = cache.valid.shape[1]
    positions = (cache.valid.cumsum(1) - 1).clamp(min=0)[:, before:]
    rope = model.cos[positions], model.sin[positions], model.quarter
    future = torch.ones(total, total, dtype=torch.bool).triu(1)[before:]
    hidden = (future | ~cache.valid[:, None, :])[:, None]
    embedded = model.embedding(ids)
    x = torch.cat((embedded[None], regions[..., None] * embedded))
    for index, block in enumerate(model.blocks):
        x = x + attention_lanes(block.attention, norm_lanes(block.attention_norm, x), rope, hidden, index, cache)
        x = x + feed_forward_lanes(block.feed_forward, norm_lanes(block.feed_forward_norm, x))
    out = F.linear(norm_lanes(model.norm, x[:, :, -1:])[:, :, 0], model.embedding.weight)
    return out[0], out[1:]


# Takes the candidates' probabilities [B, k], zero for those that are none, and relevance [m, B, k]; returns scores.
Choice = Callable[[Tensor, Tensor], Tensor]


def greedy(probabilities: Tensor, relevance: Tensor) -> Tensor:
    return probabilities


def sum_score(probabilities: Tensor, relevance: Tensor) -> Tensor:
    """The paper's score: the region's relevance."""
    return relevance[0]


def excess_score(probabilities: Tensor, relevance: Tensor) -> Tensor:
    """The region's relevance beyond its usual share, the candidates' mean, of all relevance."""
    region, everything = relevance
    share = (probabilities * region).sum(-1, keepdim=True) / (probabilities * everything).sum(-1, keepdim=True)
    return region - share * everything


def choose(logits: Tensor, relevance: Tensor, choice: Choice) -> Tensor:
    """The next token of each row: the best-scored candidate, or the most probable token where there is no other."""
    probabilities, tokens = logits.softmax(-1).topk(TOP_K)
    eligible = probabilities >= MINIMAL_PROBABILITY
    eligible[:, 0] = True
    scores = choice(probabilities * eligible, relevance.gather(2, tokens.expand(relevance.shape[0], -1, -1)))
    best = scores.masked_fill(~eligible, float("-inf")).argmax(-1, keepdim=True)
    return tokens.gather(1, best)[:, 0]


def generate(model: Llama, prompts: list[list[int]], regions: list[list[float]], choice: Choice, end: int,
             limit: int = 64) -> list[list[int]]:
    """Answers to a batch of prompts; regions holds a weight for each prompt token (generated tokens have none)."""
    length = max(map(len, prompts))
    ids = torch.tensor([[0] * (length - len(p)) + p for p in prompts])
    valid = torch.tensor([[False] * (length - len(p)) + [True] * len(p) for p in prompts])
    region = torch.tensor([[0.0] * (length - len(r)) + r for r in regions])
    lanes = 0 if choice is greedy else 2
    weights = torch.stack((region, valid.float()))[:lanes]
    cache, answers, done = Cache(), [[] for _ in prompts], [False] * len(prompts)
    for _ in range(limit):
        logits, relevance = step(model, ids, valid, weights, cache)
        ids = choose(logits, relevance, choice)[:, None]
        for row, token in enumerate(ids[:, 0].tolist()):
            done[row] = done[row] or token == end
            if not done[row]:
                answers[row].append(token)
        if all(done):
            break
        valid = torch.ones_like(ids, dtype=torch.bool)
        weights = torch.stack((torch.zeros(len(prompts), 1), torch.ones(len(prompts), 1)))[:lanes]
    return answers

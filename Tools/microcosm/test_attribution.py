"""The trial decoder of the training tools against modified gradients: python3 -m unittest discover -s Tools/microcosm"""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

try:
    import torch
    import torch.nn.functional as F
except ImportError as error:
    raise unittest.SkipTest("torch is missing: pip install -r Tools/microcosm/requirements.txt") from error

sys.path.insert(0, str(Path(__file__).parent))

from attribution import Cache, choose, excess_score, step  # noqa: E402
from model import Configuration, Llama, causal_attention, rotate  # noqa: E402

SMALL = Configuration(vocabulary=40, width=64, layers=2, heads=4, kv_heads=2, feed_forward=96, context=32)


def small_model() -> Llama:
    torch.manual_seed(0)
    model = Llama(SMALL)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model.double()


def scaled_gradient(x: torch.Tensor, factor: float) -> torch.Tensor:
    return x * factor + (x * (1 - factor)).detach()


def reverse_relevance(model: Llama, ids: torch.Tensor, target: int) -> torch.Tensor:
    """AttnLRP relevance [B, T] of the last position's target logit, as Input x Gradient with modified gradients."""
    def norm(layer, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + layer.eps).detach() * layer.weight

    embedded = model.embedding(ids).detach().requires_grad_()
    x, length = embedded, ids.shape[1]
    rope = model.cos[:length], model.sin[:length], model.quarter
    for block in model.blocks:
        attention, h = block.attention, norm(block.attention_norm, x)
        q, k, v = (p(h).unflatten(-1, (-1, SMALL.head_size)) for p in (attention.query, attention.key, attention.value))
        q, k, v = (part.transpose(1, 2) for part in (rotate(q, *rope), rotate(k, *rope), v))
        k, v = k.repeat_interleave(2, dim=1), v.repeat_interleave(2, dim=1)
        mixed = causal_attention(scaled_gradient(q, 0.25), scaled_gradient(k, 0.25), scaled_gradient(v, 0.5))
        x = x + attention.output(mixed.transpose(1, 2).flatten(2))
        h = norm(block.feed_forward_norm, x)
        gate, up = block.feed_forward.gate(h), block.feed_forward.up(h)
        x = x + block.feed_forward.down(scaled_gradient(gate * torch.sigmoid(gate).detach() * up, 0.5))
    logits = F.linear(norm(model.norm, x)[:, -1], model.embedding.weight)
    gradient, = torch.autograd.grad(logits[:, target].sum(), embedded)
    return (embedded * gradient).sum(-1).detach()


class Attribution(unittest.TestCase):
    def setUp(self):
        self.model = small_model()
        self.ids = torch.randint(0, 40, (3, 9), generator=torch.Generator().manual_seed(1))
        self.valid = torch.ones_like(self.ids, dtype=torch.bool)
        self.regions = torch.rand(2, 3, 9, generator=torch.Generator().manual_seed(2), dtype=torch.float64)

    def test_lane_zero_gives_the_logits_of_the_model(self):
        logits, _ = step(self.model, self.ids, self.valid, self.regions, Cache())
        torch.testing.assert_close(logits, self.model(self.ids)[:, -1])

    def test_forward_mode_agrees_with_reverse_mode(self):
        _, relevance = step(self.model, self.ids, self.valid, self.regions, Cache())
        for target in (0, 17, 39):
            expected = (self.regions * reverse_relevance(self.model, self.ids, target)).sum(-1)
            torch.testing.assert_close(relevance[:, :, target], expected)

    def test_a_cached_pass_equals_a_whole_one(self):
        whole = step(self.model, self.ids, self.valid, self.regions, Cache())
        cache = Cache()
        step(self.model, self.ids[:, :5], self.valid[:, :5], self.regions[:, :, :5], cache)
        rest = step(self.model, self.ids[:, 5:], self.valid[:, 5:], self.regions[:, :, 5:], cache)
        torch.testing.assert_close(rest, whole)

    def test_padding_on_the_left_changes_nothing(self):
        whole = step(self.model, self.ids, self.valid, self.regions, Cache())
        padded = step(self.model, F.pad(self.ids, (4, 0)), F.pad(self.valid, (4, 0)), F.pad(self.regions, (4, 0)),
                      Cache())
        torch.testing.assert_close(padded, whole)

    def test_one_candidate_is_the_greedy_token(self):
        logits, relevance = torch.zeros(1, 40), torch.zeros(2, 1, 40)
        logits[0, 7], relevance[0, 0, 8] = 20, 5
        self.assertEqual(choose(logits, relevance, excess_score).tolist(), [7])


if __name__ == "__main__":
    unittest.main()

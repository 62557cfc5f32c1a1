"""A Llama-architecture language model in plain PyTorch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Configuration:
    vocabulary: int = 1152
    width: int = 256  # a multiple of 256, so that K-quantised copies are possible
    layers: int = 4
    heads: int = 8
    kv_heads: int = 4
    feed_forward: int = 512
    context: int = 512
    rms_eps: float = 1e-5
    rope_base: float = 10_000.0

    @property
    def head_size(self) -> int:
        return self.width // self.heads


class RMSNorm(nn.Module):
    def __init__(self, width: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, x.shape[-1:], self.weight.to(x.dtype), self.eps)


def rotations(config: Configuration) -> tuple[Tensor, Tensor, Tensor]:
    """cos and sin of RoPE, each [context, 1, head_size], and the matrix that turns every pair by a right angle."""
    frequencies = config.rope_base ** (-torch.arange(0, config.head_size, 2) / config.head_size)
    angles = (torch.arange(config.context)[:, None] * frequencies).repeat_interleave(2, dim=1)
    quarter = torch.block_diag(*[torch.tensor([[0.0, 1.0], [-1.0, 0.0]])] * (config.head_size // 2))
    return angles.cos()[:, None], angles.sin()[:, None], quarter


def rotate(x: Tensor, cos: Tensor, sin: Tensor, quarter: Tensor) -> Tensor:
    """RoPE on neighbouring pairs (GGUF's order for Llama): x [..., T, heads, head_size], cos and sin [T, 1, head_size].

    Written with a small matrix product because strided halves are several times slower on a CPU.
    """
    return x * cos + (x @ quarter) * sin


def causal_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Softmax attention of [B, heads, T, head_size]. 

    For short rows on a CPU, PyTorch's fused kernel is slower backwards.
    """
    if q.is_cuda:
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    scores = q @ (k.transpose(-1, -2) * q.shape[-1] ** -0.5)
    future = torch.full(scores.shape[-2:], float("-inf"), dtype=scores.dtype).triu(1)
    return (scores + future).softmax(-1, dtype=scores.dtype) @ v


class Attention(nn.Module):
    def __init__(self, config: Configuration):
        super().__init__()
        self.config = config
        kv_width = config.kv_heads * config.head_size
        self.query = nn.Linear(config.width, config.width, bias=False)
        self.key = nn.Linear(config.width, kv_width, bias=False)
        self.value = nn.Linear(config.width, kv_width, bias=False)
        self.output = nn.Linear(config.width, config.width, bias=False)

    def forward(self, x: Tensor, rope: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        head_size = self.config.head_size
        q, k, v = (projection(x).unflatten(-1, (-1, head_size)) for projection in (self.query, self.key, self.value))
        q, k, v = (part.transpose(1, 2) for part in (rotate(q, *rope), rotate(k, *rope), v))
        groups = self.config.heads // self.config.kv_heads
        k, v = k.repeat_interleave(groups, dim=1), v.repeat_interleave(groups, dim=1)
        return self.output(causal_attention(q, k, v).transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    def __init__(self, config: Configuration):
        super().__init__()
        self.gate = nn.Linear(config.width, config.feed_forward, bias=False)
        self.up = nn.Linear(config.width, config.feed_forward, bias=False)
        self.down = nn.Linear(config.feed_forward, config.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.silu(self.gate(x)) * self.up(x))


class Block(nn.Module):
    def __init__(self, config: Configuration):
        super().__init__()
        self.attention_norm = RMSNorm(config.width, config.rms_eps)
        self.attention = Attention(config)
        self.feed_forward_norm = RMSNorm(config.width, config.rms_eps)
        self.feed_forward = FeedForward(config)

    def forward(self, x: Tensor, rope: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        x = x + self.attention(self.attention_norm(x), rope)
        return x + self.feed_forward(self.feed_forward_norm(x))


class Llama(nn.Module):
    """Token ids [B, T] to logits [B, T, vocabulary]; the embedding is the output matrix as well."""

    def __init__(self, config: Configuration):
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = RMSNorm(config.width, config.rms_eps)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                deep = name.endswith(("attention.output.weight", "down.weight"))
                nn.init.normal_(weight, std=0.02 / (2 * config.layers) ** 0.5 if deep else 0.02)
        for table, values in zip(("cos", "sin", "quarter"), rotations(config)):
            self.register_buffer(table, values, persistent=False)

    def hidden(self, ids: Tensor) -> Tensor:
        """The normalised last hidden state, [B, T, width]."""
        x, length = self.embedding(ids), ids.shape[1]
        if torch.is_autocast_enabled(ids.device.type):
            x = x.to(torch.get_autocast_dtype(ids.device.type))
        rope = self.cos[:length].to(x.dtype), self.sin[:length].to(x.dtype), self.quarter.to(x.dtype)
        for block in self.blocks:
            x = block(x, rope)
        return self.norm(x)

    def forward(self, ids: Tensor) -> Tensor:
        return F.linear(self.hidden(ids), self.embedding.weight)

    @property
    def parameter_count(self) -> int:
        return sum(p.numel() for p in self.parameters())

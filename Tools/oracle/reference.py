"""Relevance and guided decoding by code that is not this project's: transformers' forward pass, LXT's backward rules.

No rule is written here, but for one that LXT's release lacks, which is put together from its functions as its later Qwen3-MoE does
(github.com/rachtibat/LRP-eXplains-Transformers, lxt/efficient/models/qwen3_moe.py): see ``mixture_rules``. Relevance is activation times gradient of one logit, as PyTorch returns it under LXT's patches, added up.
The patches are global, so a process holds one rule.
"""
import importlib
import sys
import types
import warnings

import torch

import gguf_file
from families import VARIANTS, modeling

RULES = ("attnlrp", "cp_lrp", "ixg")
# LXT has no map for RelP: it is AttnLRP's with attention unpatched (arXiv 2508.21258).
ALL_RULES = RULES + ("relp",)
CANDIDATES, MINIMUM_PROBABILITY = 5, 0.05
STEPS = 24


def patch(family, rule):
    """Puts LXT's rule in force for the rest of the process; Input x Gradient is PyTorch unpatched."""
    if rule == "ixg":
        return
    lxt_without_vision()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It misses zennit, which only vision models need.
        from lxt.efficient import monkey_patch
    named = "attnlrp" if rule == "relp" else rule
    if family == "qwen3_moe":
        rules = mixture_rules(named)
    else:
        maps = importlib.import_module(f"lxt.efficient.models.{family}")
        rules = {"attnlrp": maps.attnLRP, "cp_lrp": maps.cp_LRP}[named]
    if rule == "relp":
        rules = {patched: change for patched, change in rules.items() if patched is not modeling(family)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # A patch that doesn't take is an error.
        monkey_patch(modeling(family), rules)


def mixture_rules(rule):
    """LXT's rules for Qwen3-MoE. AttnLRP: half to the gate and to `up`, then half to the expert and to its routing weight, which
    is to divide what comes back from their sum; through the router by its gradient. CP-LRP, for which LXT has none: routing weights
    are constants, as gates and attention weights are."""
    from functools import partial

    from lxt.efficient import patches
    from lxt.efficient.rules import divide_gradient
    family = modeling("qwen3_moe")
    block = family.Qwen3MoeSparseMoeBlock
    whole = block.forward

    def halved(self, hidden_states):
        output, logits = whole(self, hidden_states)
        return divide_gradient(output, 2), logits

    mlp = patches.gated_mlp_forward if rule == "attnlrp" else patches.cp_gated_mlp_forward
    rules = {
        family.Qwen3MoeMLP: partial(patches.patch_method, mlp),
        family.Qwen3MoeRMSNorm: partial(patches.patch_method, patches.rms_norm_forward),
        family: patches.patch_attention if rule == "attnlrp" else patches.patch_cp_attention,
    }
    if rule == "attnlrp":
        rules[block] = partial(patches.patch_method, halved)
    return rules


def lxt_without_vision():
    """LXT imports its rules for torchvision's models with all others; a stand-in spares installing that. The language models
    come first: transformers would take it for the package."""
    for family in ("llama", "qwen2", "qwen3", "qwen3_moe", "gemma3", "bert", "gpt2"):
        modeling(family)
    transformer = types.ModuleType("torchvision.models.vision_transformer")
    transformer.nn = torch.nn
    models = types.ModuleType("torchvision.models")
    models.vision_transformer = transformer
    sys.modules.setdefault("torchvision", types.ModuleType("torchvision"))
    sys.modules.setdefault("torchvision.models", models)


class Reference:
    """A model under one rule, in double precision; ``single`` is the same in float32."""

    def __init__(self, variant, path, rule):
        torch.set_num_threads(1)
        patch(VARIANTS[variant]["family"], rule)
        self.single = gguf_file.load(variant, path)
        self.double = gguf_file.load(variant, path).double()
        self.head_count = self.double.config.num_attention_heads
        self.head_outputs = []
        for model in (self.single, self.double):
            for layer in model.model.layers:
                layer.self_attn.o_proj.register_forward_pre_hook(lambda _, inputs: self.head_outputs.append(inputs[0]))
                if rule == "cp_lrp" and hasattr(layer.mlp, "experts"):
                    layer.mlp.gate.register_forward_hook(lambda _, inputs, logits: logits.detach())

    def forward(self, tokens, model=None):
        """Embeddings, each layer's head outputs, and the logits at each position."""
        model = model or self.double
        self.head_outputs.clear()
        embeddings = model.get_input_embeddings()(torch.tensor([tokens])).detach().requires_grad_(True)
        logits = model(inputs_embeds=embeddings, use_cache=False).logits[0]
        return embeddings, list(self.head_outputs), logits

    def logits(self, tokens):
        with torch.no_grad():
            return self.forward(tokens)[2].tolist()

    def token_relevance(self, pass_, target):
        """Relevance of each position for the last position's logit of ``target``, ``[positions]``."""
        embeddings, _, logits = pass_
        gradient, = torch.autograd.grad(logits[-1, target], [embeddings], retain_graph=True)
        return (embeddings * gradient).sum(-1)[0].detach().double()

    def head_relevance(self, pass_, target):
        """Relevance of each head's output at each position, ``[layers, positions, heads]``."""
        _, outputs, logits = pass_
        gradients = torch.autograd.grad(logits[-1, target], outputs, retain_graph=True)
        products = [(output * gradient)[0].detach() for output, gradient in zip(outputs, gradients)]
        return torch.stack([product.unflatten(-1, (self.head_count, -1)).sum(-1) for product in products]).double()

    def score(self, pass_, target, region):
        """S(c, R), and the largest relevance of one position or head as a yardstick for its precision."""
        if "heads" in region:
            relevance = self.head_relevance(pass_, target).sum(1)
            total = sum(relevance[layer, head] for layer, head in region["heads"])
        else:
            relevance = self.token_relevance(pass_, target)
            total = sum(weight * relevance[position] for position, weight in zip(region["positions"], region["weights"]))
        return float(total), float(relevance.abs().max())

    def numbers(self, tokens, targets, regions, head_target):
        """What a golden file has of each rule."""
        pass_ = self.forward(tokens)
        relevance = [self.token_relevance(pass_, target) for target in targets]
        single = self.forward(tokens, self.single)
        noise = max(
            float((self.token_relevance(single, target) - exact).abs().max() / exact.abs().max())
            for target, exact in zip(targets, relevance))
        heads = self.head_relevance(pass_, head_target)
        span = regions["span"]["positions"]
        return dict(
            relevance=[row.tolist() for row in relevance],
            roi_sums={name: [self.score(pass_, target, region)[0] for target in targets] for name, region in regions.items()},
            roi_span_all_vocab=[
                float(self.token_relevance(pass_, target)[span].sum()) for target in range(pass_[2].shape[-1])],
            heads=dict(target=head_target, all_positions=heads.sum(1).tolist(), last_position=heads[:, -1].tolist()),
            f32_noise=noise)

    def decode(self, tokens, region, threshold, single=False):
        """The paper's algorithm as written: at each step one forward pass, and one backward pass for each candidate."""
        tokens, steps = list(tokens), []
        for _ in range(STEPS):
            pass_ = self.forward(tokens, self.single if single else self.double)
            probabilities = pass_[2][-1].detach().double().softmax(-1)
            step = dict(n_context=len(tokens), entropy=entropy(probabilities), greedy=int(probabilities.argmax()))
            step["gated"] = threshold is not None and step["entropy"] < threshold
            step["candidates"] = [
                dict(id=token, prob=probability, score=None) for token, probability in candidates(probabilities)]
            step["chosen"] = step["greedy"]
            if region and not step["gated"] and step["candidates"]:
                scales = []
                for candidate in step["candidates"]:
                    candidate["score"], scale = self.score(pass_, candidate["id"], region)
                    scales.append(scale)
                step["scale"] = max(scales)
                step["chosen"] = max(step["candidates"], key=lambda candidate: candidate["score"])["id"]
            step["margin"] = margin(probabilities, step, threshold)
            steps.append(step)
            tokens.append(step["chosen"])
        return steps


def entropy(probabilities):
    return float(-(probabilities * probabilities.clamp_min(1e-300).log()).sum())


def candidates(probabilities):
    values, tokens = probabilities.topk(CANDIDATES)
    return [(token, value) for token, value in zip(tokens.tolist(), values.tolist()) if value >= MINIMUM_PROBABILITY]


def margin(probabilities, step, threshold):
    """How far a step's decisions are from falling out otherwise, as the smallest relative distance of any of them."""
    top = probabilities.topk(CANDIDATES + 1).values.tolist()
    distances = [abs(value - MINIMUM_PROBABILITY) / MINIMUM_PROBABILITY for value in top[:CANDIDATES]]
    distances.append((top[0] - top[1]) / top[0])
    if top[CANDIDATES] >= MINIMUM_PROBABILITY:
        distances.append((top[CANDIDATES - 1] - top[CANDIDATES]) / top[CANDIDATES])
    if threshold is not None:
        distances.append(abs(step["entropy"] - threshold))
    scores = sorted((candidate["score"] for candidate in step["candidates"] if candidate["score"] is not None), reverse=True)
    if len(scores) > 1:
        distances.append((scores[0] - scores[1]) / step["scale"])
    return min(distances)

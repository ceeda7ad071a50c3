"""The loss of a batch of positions.

It is cross-entropy to the best move, mostly among pseudo-legal moves, a little among all (so that impossible
moves do not crowd the top of the list), and a penalty where the static bounds of the circuit come near.

Input plane 14 says that the position occurred before. A share of each batch is shown with that plane set, and its
target is what the network itself thinks without it, its first choice struck out. So the network varies its play instead
of repeating moves, unless it sees only one.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from engine.network import Tower, pseudo_legal

REPEATED_SHARE = 1 / 16
"""Of a batch, shown as positions that occurred before."""
CERTAIN = 0.9
"""A first choice this probable is kept even when the position repeats."""
ALL_MOVES_SHARE = 0.2
"""Of the loss, over all moves and not only the pseudo-legal ones."""
BOUND_ROOM = 0.8
"""Bounds are penalised above this share of what the circuit carries."""


def loss_of(
    tower: Tower,
    planes: Tensor,
    labels: Tensor,
    quantised: bool,
    penalty_weight: float = 1.0,
    forward: Callable[[Tensor, bool], Tensor] | None = None,  # the tower, compiled
) -> tuple[Tensor, Tensor]:
    """The loss of a batch and, without gradient, the share of its positions where the network's move is the label."""
    legal = pseudo_legal(planes)
    repeated = round(len(planes) * REPEATED_SHARE)
    others = other_move(tower, planes[:repeated], legal[:repeated], labels[:repeated])
    planes[:repeated, -1] = 1
    with autocast(planes.device):
        logits = (tower if forward is None else forward)(planes, quantised)
    logits = logits.float()
    among_legal = logits.masked_fill(~legal, -1e4)

    def cross_entropy(logits: Tensor) -> Tensor:
        marked = F.cross_entropy(logits[:repeated], others, reduction="sum")
        return (marked + F.cross_entropy(logits[repeated:], labels[repeated:], reduction="sum")) / len(logits)

    loss = (1 - ALL_MOVES_SHARE) * cross_entropy(among_legal) + ALL_MOVES_SHARE * cross_entropy(logits)
    if penalty_weight:
        excess = (tower.bounds() / ((tower.shape.zero - 2) * BOUND_ROOM) - 1).clamp(min=0)
        loss = loss + penalty_weight * excess.square().sum()
    return loss, (among_legal[repeated:].argmax(1) == labels[repeated:]).float().mean()


@torch.no_grad()
def other_move(tower: Tower, planes: Tensor, legal: Tensor, labels: Tensor) -> Tensor:
    """What the network would play with its first choice struck out, as a distribution; the label if it is certain."""
    tower.eval()
    with autocast(planes.device):
        logits = tower(planes)
    tower.train()
    opinion = logits.float().masked_fill(~legal, -1e4).softmax(1)
    best, first = opinion.max(1, keepdim=True)
    others = opinion.scatter(1, first, 0)
    label = F.one_hot(labels, legal.shape[1]).float()
    return torch.where(best > CERTAIN, label, others / others.sum(1, keepdim=True).clamp(min=1e-6))


def autocast(device: torch.device) -> torch.autocast:
    return torch.autocast(device.type, dtype=torch.bfloat16)

"""The policy network in torch: a residual tower shaped as the circuit expects.

A 3x3 stem, 3x3 convolutions of which every second one adds what entered the one before, and a 1x1 policy head. Batch
norm follows every 3x3 convolution and is folded into it at export. Every activation is clamped to 0..CEILING, the real
values of the integers 0..127 in steps of 1 / STEPS; quantised, the tower rounds to those steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from engine.data import CASTLING_ROOK, MIRROR, PLANES_OF
from engine.encoding import DIRECTIONS, INPUT_PLANES, KNIGHT_JUMPS, POLICY_PLANES

STEPS = 56
"""Integer activation of a real activation of 1: few activations reach the ceiling, and rounding them rarely matters."""
CEILING = 127 / STEPS
RESIDUAL_GAIN = 0.25
"""Initial batch norm weight of convolutions that add a skip: the tower starts close to the identity."""


@dataclass(frozen=True)
class Shape:
    """A tower: its channels, 3x3 convolutions after the stem, and the integers it is exported to (shift, zero)."""

    channels: int
    convolutions: int
    shift: int
    zero: int


SHAPES = {
    "small": Shape(64, 8, 13, 1 << 12),
    "flagship": Shape(128, 25, 16, 1 << 13),
    "wide": Shape(256, 12, 15, 1 << 13),
    "large": Shape(448, 12, 16, 1 << 13),
}


class Convolution(nn.Module):
    """A 3x3 convolution without bias, and batch norm.

    The weights are a matrix [out, 9 * in], as Muon wants them; in this order they are channels last, which is fast.
    """

    def __init__(self, inputs: int, outputs: int, gain: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, 9 * inputs) * (2 / (inputs * 9)) ** 0.5)
        self.norm = nn.BatchNorm2d(outputs)
        nn.init.constant_(self.norm.weight, gain)

    def folded(self) -> tuple[Tensor, Tensor]:
        """Weights [out, in, 3, 3] and biases [out] with batch norm's running statistics folded in."""
        running_mean, running_var = self.norm.running_mean, self.norm.running_var
        assert isinstance(running_mean, Tensor) and isinstance(running_var, Tensor)
        factor = self.norm.weight / (running_var + self.norm.eps).sqrt()
        return kernels(self.weight * factor[:, None]), self.norm.bias - running_mean * factor

    def forward(self, x: Tensor, quantised: bool) -> Tensor:
        if quantised:
            weight, bias = self.folded()
            return F.conv2d(x, weight, bias, padding=1)
        y: Tensor = self.norm(F.conv2d(x, kernels(self.weight), padding=1))
        return y


def kernels(weight: Tensor) -> Tensor:
    """A weight matrix [out, 9 * in] as kernels [out, in, 3, 3]."""
    return weight.view(len(weight), 3, 3, -1).permute(0, 3, 1, 2)


class Tower(nn.Module):
    """Planes [n, 15, 8, 8] to policy logits [n, 4672] by policy index."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.convolutions = nn.ModuleList(
            Convolution(shape.channels if n else INPUT_PLANES, shape.channels, RESIDUAL_GAIN if adds_skip(n) else 1.0)
            for n in range(shape.convolutions + 1)
        )
        self.head = nn.Conv2d(shape.channels, POLICY_PLANES, 1)

    def layers(self) -> list[Convolution]:
        """The convolutions, the stem first."""
        return [module for module in self.convolutions if isinstance(module, Convolution)]

    def activations(self, x: Tensor, quantised: bool = False) -> list[Tensor]:
        """What enters each layer, `x` first; `quantised` folds batch norm and rounds as the integer network does.

        Gradients pass straight through the rounding.
        """
        entered = [x]
        for n, convolution in enumerate(self.layers()):
            y = convolution(entered[-1], quantised)
            if adds_skip(n):
                y = y + entered[-2]
            y = F.hardtanh(y, 0, CEILING)  # clamp, with a faster gradient
            entered.append(y + ((y * STEPS + 0.5).floor() / STEPS - y).detach() if quantised else y)
        return entered

    def forward(self, x: Tensor, quantised: bool = False) -> Tensor:
        logits: Tensor = self.head(self.activations(x, quantised)[-1])
        return logits.flatten(1)

    def bounds(self) -> Tensor:
        """The largest |y| / 2^shift that each hidden channel can reach for any input, [1 + convolutions, channels]."""
        rows = []
        for n, convolution in enumerate(self.layers()):
            weight, bias = convolution.folded()
            ceiling = 127 if n else STEPS  # the inputs are 0 and 1
            high = weight.clamp(min=0).flatten(1).sum(1) * ceiling + bias * STEPS + (127 if adds_skip(n) else 0)
            low = weight.clamp(max=0).flatten(1).sum(1) * ceiling + bias * STEPS
            rows.append(torch.maximum(high, -low))
        return torch.stack(rows)


def adds_skip(convolution: int) -> bool:
    """Whether a convolution (0 is the stem) adds the activations that entered the one before: 2, 4, 6, ..."""
    return convolution > 0 and convolution % 2 == 0


def planes_of(boards: Tensor, repeated: Tensor) -> Tensor:
    """Input planes, float [n, 15, 8, 8] (channels last in memory), of packed positions uint8 [n, 32] and bool [n]."""
    codes = torch.stack((boards & 15, boards >> 4), -1).flatten(1)
    table = table_of_planes(boards.device)
    x = table[codes.long()]
    x[:, :, -1] = repeated[:, None]
    return x.view(-1, 8, 8, INPUT_PLANES).permute(0, 3, 1, 2)


@cache
def table_of_planes(device: torch.device) -> Tensor:
    """`PLANES_OF` and a column for the plane of repetition, float [16, 15]."""
    return F.pad(torch.from_numpy(PLANES_OF).to(device, torch.float32), (0, 1))


@cache
def table_of_mirror(device: torch.device) -> Tensor:
    return torch.from_numpy(MIRROR).to(device)


def mirrored(boards: Tensor, labels: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Packed positions uint8 [n, 32] and labels int64 [n], files a and h exchanged where `chosen`, bool [n], says so.

    Chess is the same in the mirror except for castling: a position in which anybody may still castle stays as it is.
    """
    low, high = boards & 15, boards >> 4
    castling = ((low == CASTLING_ROOK) | (low == CASTLING_ROOK + 1)).any(1)
    castling |= ((high == CASTLING_ROOK) | (high == CASTLING_ROOK + 1)).any(1)
    chosen = chosen & ~castling
    flipped = (low << 4 | high).view(-1, 8, 4).flip(2).reshape(-1, 32)
    mirror = table_of_mirror(labels.device)
    return torch.where(chosen[:, None], flipped, boards), torch.where(chosen, mirror[labels], labels)


def pseudo_legal(planes: Tensor) -> Tensor:
    """The moves that pieces can make but for checks: planes [n, 15, 8, 8] to bool [n, 4672] by policy index."""
    x = planes.bool()
    pawn, knight, bishop, rook, queen, king = x[:, :6].unbind(1)
    own, theirs = x[:, :6].any(1), x[:, 6:12].any(1)
    straight, diagonal = rook | queen, bishop | queen
    open_squares, empty_squares, capturable = (
        F.pad(squares, (7, 7, 7, 7)) for squares in (~own, ~own & ~theirs, theirs | x[:, 13])
    )

    def at(squares: Tensor, step: tuple[int, int], distance: int = 1) -> Tensor:
        file, rank = 7 + step[0] * distance, 7 + step[1] * distance
        return squares[:, rank : rank + 8, file : file + 8]

    pawn_moves = [pawn & at(capturable, (-1, 1)), pawn & at(empty_squares, (0, 1)), pawn & at(capturable, (1, 1))]
    moves = []
    for step in DIRECTIONS:
        slider, path = diagonal if all(step) else straight, torch.ones_like(own)
        for distance in range(1, 8):
            move = (slider | king if distance == 1 else slider) & path & at(open_squares, step, distance)
            path = path & at(empty_squares, step, distance)
            if distance == 1 and step[1] == 1:
                move = move | pawn_moves[step[0] + 1]
            if distance == 2 and step == (0, 1):
                move[:, 1] |= pawn[:, 1] & path[:, 1]
            if distance == 2 and step[1] == 0:
                rook_may_castle = x[:, 12, 0, 7 if step[0] > 0 else 0]
                knight_gone = at(empty_squares, step, 3)[:, 0, 4] | (step[0] > 0)
                move[:, 0, 4] |= king[:, 0, 4] & rook_may_castle & path[:, 0, 4] & knight_gone
            moves.append(move)
    moves += [knight & at(open_squares, step) for step in KNIGHT_JUMPS]
    on_seventh = F.pad(torch.ones_like(own[:, :1]), (0, 0, 6, 1))
    moves += [move & on_seventh for move in pawn_moves for _ in range(3)]
    return torch.stack(moves, 1).flatten(1)

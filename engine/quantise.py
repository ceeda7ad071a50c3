"""Export: a trained tower to the integer network that is played and proven, and its passport.

With activations in steps of 1 / STEPS, a real weight w between hidden layers is the integer round(w 2^shift). The stem
reads 0 and 1 instead of steps, so its weights grow by STEPS; the head's turn steps into `logit_unit`s.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from engine import data
from engine.console import Bar
from engine.data import Positions
from engine.encoding import INPUT_PLANES
from engine.native import NativeNetwork
from engine.network import STEPS, Tower, adds_skip, planes_of, pseudo_legal
from engine.policy import ACTIVATION_MAX, NETWORKS, SCORE_BITS, Layer, Network, logit_unit, narrowed
from engine.train import Run, positions_of

LIMIT_16 = (1 << 15) - 1
OUTLIERS = 1e-5
"""If fewer of a layer's weights do not fit 16 bits, they are cut to fit: the file is half as large."""


@torch.no_grad()
def quantise(tower: Tower, name: str, planes: Tensor) -> Network:
    """The integer network of a tower; `planes` are inputs as it meets them in play, [n, 15, 8, 8].

    Raises ValueError if it breaks the circuit's bounds.
    """
    one, unit = 1 << tower.shape.shift, logit_unit(tower.shape.shift)
    tower.eval()
    entered = [x.mean(0, keepdim=True).double() for x in tower.activations(planes)]

    def layer(n: int, skip: bool, weights: Tensor, biases: Tensor) -> Layer:
        weights, biases = weights.double(), biases.double()
        rounded = weights.round()
        if (rounded.abs() > LIMIT_16).double().mean() < OUTLIERS:
            rounded = rounded.clamp(-LIMIT_16, LIMIT_16)
        # Rounded weights move a channel's mean, for activations are not around zero: the bias takes that back.
        moved = F.conv2d(entered[n] * (STEPS if n else 1), rounded - weights, padding="same").mean((0, 2, 3))
        limit = (1 << 31) - 1  # what does not fit is far over the bounds, and refused for that
        pair = rounded, (biases - moved).round()
        integers = [narrowed(t.clamp(-limit, limit).cpu().numpy().astype(np.int32)) for t in pair]
        if weights.shape[2] == 1:
            return Layer("conv1", skip, integers[0][:, :, 0, 0], integers[1])
        return Layer("conv3", skip, integers[0], integers[1])

    layers = []
    for n, convolution in enumerate(tower.layers()):
        weights, biases = convolution.folded()
        layers.append(layer(n, adds_skip(n), weights * one * (1 if n else STEPS), biases * one * STEPS))
    head = tower.head
    assert head.bias is not None
    layers.append(layer(len(layers), False, head.weight * unit / STEPS, head.bias * unit))
    return Network(name, INPUT_PLANES, tower.shape.shift, tower.shape.zero, layers)


def _planes(positions: Positions) -> Tensor:
    """Input planes, none marked as repeated."""
    return planes_of(torch.from_numpy(positions.boards.copy()), torch.zeros(len(positions)))


@torch.no_grad()
def agreement(tower: Tower, network: Network, positions: Positions) -> dict[str, Any]:
    """How often the float tower and the integer network choose the same move, and each the label."""
    tower.eval()
    native = NativeNetwork(network)
    same = float_hits = integer_hits = 0
    with Bar("export: agreement", len(positions), "positions", every=5) as bar:
        for start in range(0, len(positions), 256):
            part = positions.select(slice(start, start + 256))
            planes = _planes(part)
            legal = pseudo_legal(planes)
            real = tower(planes).masked_fill(~legal, -torch.inf).argmax(1).numpy()
            logits = native.batch_logits(planes.numpy().astype(np.uint8))
            integer = np.where(legal.numpy(), logits, np.iinfo(np.int64).min).argmax(1)
            same += int((real == integer).sum())
            float_hits += int((real == part.labels).sum())
            integer_hits += int((integer == part.labels).sum())
            bar.advance(len(part), agreeing=same)
    shares = {"float_and_integer_top1": same, "float_label_top1": float_hits, "integer_label_top1": integer_hits}
    return {"positions": len(positions)} | {key: round(hits / len(positions), 4) for key, hits in shares.items()}


def passport(
    network: Network, games: Sequence[Path], training: dict[str, Any], agrees: dict[str, Any]
) -> dict[str, Any]:
    """What is known of a network: shape, hash, share of its bounds used, data, training. `strength` adds its own."""
    reach = [max(-low.min(), high.max()) for low, high in map(network.ranges, range(len(network.layers)))]
    return {
        "name": network.name,
        "file": f"{network.name}.safetensors",
        "sha256": network.hash.hex(),
        "parameters": network.parameters,
        "multiply_adds": network.multiply_adds,
        "channels": len(network.layers[0].biases),
        "convolutions": len(network.layers) - 1,
        "shift": network.shift,
        "zero": network.zero,
        "activations": f"integers 0..{ACTIVATION_MAX}",
        "bounds": {
            "hidden_share_used": round(float(max(reach[:-1]) / network.sum_bound), 3),
            "score_share_used": round(float((int(reach[-1]) << SCORE_BITS) / network.score_bound), 3),
        },
        "data": {
            "labeller": "Stockfish 15.1, 1,200 nodes a move",
            "files": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in games},
        },
        "training": training,
        "agreement": agrees,
    }


def export(
    folder: Path, name: str, games: Sequence[Path], target: Path, size: int = 8192, endgames: Sequence[Path] = ()
) -> Network:
    """Writes the integer network and the passport of a training run into a folder.

    Raises ValueError if the network breaks the circuit's bounds, or if endgames are given that the run did not see, or
    not given that it saw.
    """
    run = Run.open(folder)
    if bool(endgames) != bool(run.config.endgame_share):
        saw = "saw endgames: name their files" if run.config.endgame_share else "saw no endgames: name none"
        raise ValueError(f"the run in {folder} {saw} (--endgames), for the passport tells what it was trained on")
    positions = positions_of(games, folder / "positions")
    training, held_out = data.split(positions)
    network = quantise(run.tower, name, _planes(positions.select(training[:: len(training) // 512 + 1])))
    agrees = agreement(run.tower, network, positions.select(held_out[:: max(1, len(held_out) // size)][:size]))
    log = run.summary() | {"training_positions": len(training), "held_out_positions": len(held_out)}
    if run.config.endgame_share:
        log["endgame_positions"] = len(positions_of(endgames, folder / "endgames"))
    for known in map(json.loads, map(Path.read_text, NETWORKS.glob("*.json"))):
        if known["sha256"] == run.config.start:
            log["before"] = known["training"]
    target.mkdir(parents=True, exist_ok=True)
    network.save(target / f"{name}.safetensors")
    text = json.dumps(passport(network, [*games, *endgames], log, agrees), indent=2)
    (target / f"{name}.json").write_text(text + "\n")
    return network

"""From an integer network back to a tower that can be trained on: the inverse of `engine.quantise`."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor

from engine.encoding import INPUT_PLANES
from engine.network import CEILING, STEPS, Tower, adds_skip, kernels
from engine.policy import Network, logit_unit


@torch.no_grad()
def restore(tower: Tower, network: Network, planes: Tensor) -> None:
    """Makes a tower compute what an integer network does, but for rounding.

    Batch norm gets the statistics of `planes` [n, 15, 8, 8], inputs as the network meets them, and takes them back, so
    that it can be trained on. Raises ValueError for a network of another shape.
    """
    one, unit = 1 << network.shift, logit_unit(network.shift)
    found = [(layer.kind, layer.skip, layer.weights.shape) for layer in network.layers]
    channels = tower.shape.channels
    ours = [
        ("conv3", adds_skip(n), (channels, channels if n else INPUT_PLANES, 3, 3)) for n in range(len(tower.layers()))
    ]
    if found != [*ours, ("conv1", False, tuple(tower.head.weight.shape[:2]))]:
        raise ValueError(f"{network.name} has another shape than the tower that is to be trained")

    def reals(integers: NDArray[Any], unit: float) -> Tensor:
        return torch.from_numpy(integers.astype(np.float32)) / unit

    entered = [planes]
    for n, (convolution, layer) in enumerate(zip(tower.layers(), network.layers, strict=False)):
        weight, bias = reals(layer.weights, one * (1 if n else STEPS)), reals(layer.biases, one * STEPS)
        weight = weight.permute(0, 2, 3, 1).flatten(1)
        scale = weight.norm(dim=1, keepdim=True).clamp(min=1e-6) / 2**0.5  # as at the start: the rates are for that
        convolution.weight.copy_(weight / scale)
        sums = F.conv2d(entered[-1], kernels(convolution.weight), padding=1)
        variance, mean = torch.var_mean(sums, (0, 2, 3), correction=0)
        norm, factor = convolution.norm, scale[:, 0]
        running_mean, running_var = norm.running_mean, norm.running_var
        assert isinstance(running_mean, Tensor) and isinstance(running_var, Tensor)
        running_mean.copy_(mean)
        running_var.copy_(variance)
        norm.weight.copy_(factor * (variance + norm.eps).sqrt())
        norm.bias.copy_(factor * mean + bias)
        y = sums * factor[:, None, None] + bias[:, None, None]
        entered.append(F.hardtanh(y + entered[-2] if adds_skip(n) else y, 0, CEILING))
    last, head_bias = network.layers[-1], tower.head.bias
    assert head_bias is not None
    tower.head.weight.copy_(reals(last.weights, unit / STEPS)[:, :, None, None])
    head_bias.copy_(reals(last.biases, unit))

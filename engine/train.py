"""Training: positions and their best moves to a tower, in pieces that can be stopped and resumed at any time.

A run is a folder: `config.json`, `checkpoint.pt` and `log.jsonl`. The learning rate rises over a hundred steps, is
constant for half the run, then falls to zero. The last steps are quantisation-aware: batch norm is frozen and folded,
and activations are rounded as the integer network does.

With `mirror`, half of the positions in which nobody may castle any more are shown with files a and h exchanged, and so
is their label. The rules of chess are the same in the mirror, so the mirrored label is exact.

Given labelled endgames, a share of each batch is drawn from them; the held-out positions are those of the games alone.

On a CPU, or on a GPU, where the tower is compiled (of a run's folder only the checkpoint, the log and the configuration
need travel, at most 64 MiB; positions are decoded again in seconds). The first argument is the run's folder:

    proofmate train .training/small --games games-1.bin games-2.bin --processes 2 --seconds 3600
    proofmate train .training/wide --games games-1.bin games-2.bin --network wide --steps 18000 --batch 4096 \\
        --muon-rate 0.03 --adam-rate 0.003 --mirror --device cuda

Ctrl-C and SIGTERM end it after the step under way, with a checkpoint. A run that is killed loses what it did since its
last checkpoint, at most CHECKPOINT_SECONDS and the step or evaluation under way.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F  # noqa: N812
from filelock import FileLock, Timeout
from torch import Tensor, nn
from torch.multiprocessing import get_context
from torch.multiprocessing.spawn import spawn

from engine import data
from engine.console import Bar, ending_cleanly, ignore_signals
from engine.loss import autocast, loss_of
from engine.network import SHAPES, Tower, mirrored, planes_of, pseudo_legal
from engine.policy import Network
from engine.restore import restore

PENALTY_EVERY = 8
"""Steps from one with the bounds' penalty to the next, where it weighs as many times: its gradient is a seventh of a
step's time at 256 positions a process, and bounds move slowly."""
QUANTISED_SHARE = 0.12
"""Of the steps, the last ones, quantisation-aware."""
CHECKPOINT_SECONDS = 60
REPORT = 200
"""Steps between two lines of the log."""


@dataclass(frozen=True)
class Config:
    """What a run is: `config.json` in its folder. `steps` are those of the whole run, `batch` is positions a step."""

    network: str
    """One of `network.SHAPES`."""
    steps: int
    batch: int
    muon_rate: float = 0.02
    """Learning rate of the hidden convolutions."""
    adam_rate: float = 0.002
    """Learning rate of all else."""
    seed: int = 0
    mirror: bool = False
    endgame_share: float = 0.0
    """Of each batch, drawn from the endgames."""
    start: str | None = None
    """SHA-256 of the network's file that the run began from; None: it began from nothing."""


class Positions:
    """Positions on the training device."""

    def __init__(self, positions: Sequence[data.Positions], device: torch.device) -> None:
        self.boards = torch.from_numpy(np.concatenate([part.boards for part in positions])).to(device)
        self.labels = torch.from_numpy(np.concatenate([part.labels for part in positions]).astype("int64")).to(device)

    def batch(self, rows: Tensor, chance: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """Planes, none of them marked as repeated, and labels; `chance` mirrors half of the positions that it can."""
        boards, labels = self.boards[rows], self.labels[rows]
        if chance is not None:
            chosen = torch.rand(len(rows), generator=chance, device=boards.device) < 0.5
            boards, labels = mirrored(boards, labels, chosen)
        return planes_of(boards, torch.zeros(len(rows), device=boards.device)), labels


@torch.no_grad()
def evaluate(tower: Tower, positions: Positions, rows: Tensor, quantised: bool) -> dict[str, float]:
    """Cross-entropy and top-1 agreement among pseudo-legal moves."""
    tower.eval()
    loss = hits = 0.0
    for start in range(0, len(rows), 1024):
        planes, labels = positions.batch(rows[start : start + 1024])
        with autocast(planes.device):
            logits = tower(planes, quantised)
        logits = logits.float().masked_fill(~pseudo_legal(planes), -1e4)
        loss += F.cross_entropy(logits, labels, reduction="sum").item()
        hits += (logits.argmax(1) == labels).sum().item()
    tower.train()
    return {"held_out_loss": round(loss / len(rows), 4), "held_out_top1": round(hits / len(rows), 4)}


def optimisers(tower: Tower, config: Config) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
    """Muon (Jordan, 2024) for the hidden convolutions; AdamW for the stem, the head and batch norm."""
    hidden = [convolution.weight for convolution in tower.layers()[1:]]
    others = [p for p in tower.parameters() if all(p is not h for h in hidden)]
    return (
        torch.optim.Muon(hidden, lr=config.muon_rate, weight_decay=0.01),
        torch.optim.AdamW(others, lr=config.adam_rate, weight_decay=0.0),
    )


class Run:
    """One training run, kept in a folder. Goes on where the folder's checkpoint stands."""

    def __init__(self, folder: Path, config: Config, device: torch.device) -> None:
        if config.network not in SHAPES:
            raise ValueError(f"there is no network {config.network!r}, only {', '.join(SHAPES)}")
        if device.type == "cuda" and not torch.cuda.is_available():
            raise ValueError("torch finds no GPU that it can use: train with --device cpu")
        self.folder, self.config, self.device = folder, config, device
        torch.manual_seed(config.seed)
        self.tower = Tower(SHAPES[config.network]).to(device)
        self.forward: Callable[[Tensor, bool], Tensor] = self.tower
        if device.type == "cuda":
            torch.backends.cudnn.benchmark = True
            self.forward = torch.compile(self.tower)
        self.muon, self.adam = optimisers(self.tower, config)
        self.step, self.cpu_seconds = 0, 0.0
        checkpoint = folder / "checkpoint.pt"
        if checkpoint.exists():
            state = torch.load(checkpoint, map_location=device, weights_only=True)
            try:
                self.tower.load_state_dict(state["tower"])
            except RuntimeError:
                raise ValueError(
                    f"{folder} holds a run of another network than {config.network!r}: take another folder"
                ) from None
            self.adam.load_state_dict(state["adam"])
            self.step, self.cpu_seconds = state["step"], state["cpu_seconds"]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(asdict(config)) + "\n")

    @classmethod
    def open(cls, folder: Path) -> Run:
        """A run as its folder holds it. Raises FileNotFoundError if there is none."""
        return cls(folder, Config(**json.loads((folder / "config.json").read_text())), torch.device("cpu"))

    def summary(self) -> dict[str, Any]:
        """What a passport says of the training."""
        return asdict(self.config) | {
            "steps_done": self.step,
            "positions_seen": self.step * self.config.batch,
            "optimiser": "Muon (hidden convolutions), AdamW (the rest)",
            "quantisation_aware_share": QUANTISED_SHARE,
            "cpu_seconds": round(self.cpu_seconds),
        }

    def save(self) -> None:
        """Writes the checkpoint atomically. Muon's momentum is left out: it refills in twenty steps.

        The weights of towers that would not fit 64 MiB are kept in 16 bits.
        """
        tower = self.tower.state_dict()
        if sum(t.numel() for t in tower.values()) > 12_000_000:
            tower = {name: t.bfloat16() if t.dim() == 2 else t for name, t in tower.items()}
        state = {"tower": tower, "adam": self.adam.state_dict(), "step": self.step, "cpu_seconds": self.cpu_seconds}
        with (self.folder / "checkpoint.new").open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        (self.folder / "checkpoint.new").replace(self.folder / "checkpoint.pt")

    def log(self, entry: dict[str, Any]) -> None:
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(entry) + "\n")

    def train(
        self,
        positions: data.Positions,
        seconds: float,
        asked_to_stop: Callable[[], bool],
        endgames: data.Positions | None = None,
    ) -> None:
        """Trains until the run's steps are done, the time is over or it is asked to stop; leaves a checkpoint."""
        config, tower = self.config, self.tower
        if self.step >= config.steps:
            return
        processes, rank = (dist.get_world_size(), dist.get_rank()) if dist.is_initialized() else (1, 0)
        started, cpu_before = time.monotonic(), self.cpu_seconds
        saved = reported = started
        reported_step = self.step
        training, held_out = data.split(positions)
        sources, few = [training], round(config.batch * config.endgame_share)
        if few:
            if endgames is None:
                raise ValueError(f"the run in {self.folder} wants endgames for {config.endgame_share:.0%} of a batch")
            sources.append(len(positions) + np.arange(len(endgames)))
        sizes = [config.batch - few, few][: len(sources)]
        for rows, size in zip(sources, sizes, strict=True):
            if len(rows) < size:
                raise ValueError(f"a batch takes {size} of only {len(rows)} training positions of one kind")
        on_device = Positions([part for part in (positions, endgames) if part is not None], self.device)
        held_out_rows = torch.from_numpy(held_out[:: len(held_out) // 8192 + 1]).to(self.device)
        sums = torch.zeros(2, device=self.device)
        tower.train()
        with Bar("train", config.steps, "steps", every=15, start=self.step, shown=rank == 0) as bar:
            for rows in data.mixed_batches(sources, sizes, config.seed, self.step):
                progress = self.step / config.steps
                self.set_rate(progress)
                mine = torch.from_numpy(rows[rank::processes])
                if self.device.type == "cuda":  # from pinned memory: else every step waits for the one before
                    mine = mine.pin_memory().to(self.device, non_blocking=True)
                penalty = 0 if self.step % PENALTY_EVERY else PENALTY_EVERY
                batch = on_device.batch(mine, self.chance(rank))
                loss, top1 = loss_of(tower, *batch, quantised(progress), penalty, self.forward)
                loss.backward()  # type: ignore[no-untyped-call]
                time_over = self.share(asked_to_stop() or time.monotonic() - started > seconds)
                nn.utils.clip_grad_norm_(self.adam.param_groups[0]["params"], 1.0)
                self.muon.step()
                self.adam.step()
                tower.zero_grad(set_to_none=True)
                self.step += 1
                bar.advance()
                sums += torch.stack((loss.detach(), top1))
                stopping = time_over or self.step == config.steps
                self.cpu_seconds = cpu_before + processes * time.process_time()
                if rank == 0 and (time.monotonic() - saved > CHECKPOINT_SECONDS or stopping):
                    self.save()
                    saved = time.monotonic()
                if rank == 0 and (self.step % REPORT == 0 or stopping):
                    now, count = time.monotonic(), self.step - reported_step
                    entry: dict[str, float] = {"step": self.step, "cpu_seconds": round(self.cpu_seconds)}
                    entry |= {"positions_per_second": round(count * config.batch / (now - reported))}
                    entry |= {"loss": round(sums[0].item() / count, 4), "top1": round(sums[1].item() / count, 4)}
                    if self.step % (5 * REPORT) == 0 or (stopping and not asked_to_stop()):
                        entry |= evaluate(tower, on_device, held_out_rows, quantised(progress))
                        entry["largest_bound"] = round(tower.bounds().max().item())
                    self.log(entry)
                    bar.note(**{key: value for key, value in entry.items() if key not in ("step", "cpu_seconds")})
                    sums.zero_()
                    reported, reported_step = time.monotonic(), self.step
                if stopping:
                    break

    def set_rate(self, progress: float) -> None:
        """The learning rate at a share of the run: a hundred steps of warm-up, constant, falling to zero."""
        rate = min(1.0, (self.step + 1) / 100, 2 * (1 - progress))
        for group in (*self.muon.param_groups, *self.adam.param_groups):
            group["lr"] = rate * (self.config.muon_rate if group in self.muon.param_groups else self.config.adam_rate)

    def chance(self, rank: int) -> torch.Generator | None:
        """Draws the positions of this step that are mirrored, the same for the same step; None without `mirror`."""
        if not self.config.mirror:
            return None
        return torch.Generator(self.device).manual_seed(self.config.seed << 40 | rank << 32 | self.step)

    def share(self, time_over: bool) -> bool:
        """Averages gradients and batch norm statistics over the processes. Returns whether any is out of time."""
        if not dist.is_initialized():
            return time_over
        statistics = [buffer for buffer in self.tower.buffers() if buffer.is_floating_point()]
        tensors = [p.grad for p in self.tower.parameters() if p.grad is not None] + statistics
        vector = torch.cat([tensor.reshape(-1) for tensor in tensors] + [torch.tensor([float(time_over)])])
        dist.all_reduce(vector)
        vector /= dist.get_world_size()
        start = 0
        for tensor in tensors:
            tensor.copy_(vector[start : start + tensor.numel()].view_as(tensor))
            start += tensor.numel()
        return bool(vector[-1] > 0)


def quantised(progress: float) -> bool:
    """Whether training is in its quantisation-aware part."""
    return progress >= 1 - QUANTISED_SHARE


def positions_of(games: Sequence[Path], cache: Path) -> data.Positions:
    """The positions of files of games, decoded once into a cache folder."""
    if not (cache / "games.npy").exists():
        data.decode([game for path in games for game in data.read_games(path)]).save(cache)
    return data.Positions.load(cache)


def start(
    folder: Path,
    config: Config,
    games: Sequence[Path],
    device: str,
    processes: int,
    seconds: float,
    first: Network | None = None,
    endgames: Sequence[Path] = (),
) -> None:
    """Trains for some time, with each batch split over processes (CPU only); a new run from `first`, if it is given.

    Raises ValueError for an unknown network, if the folder's run is being trained already, or if it began otherwise.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(folder / "lock").acquire(timeout=0)
    except Timeout:
        raise ValueError(f"the run in {folder} is being trained already") from None
    with lock, tempfile.TemporaryDirectory() as meeting:
        positions = positions_of(games, folder / "positions")
        drawn = positions_of(endgames, folder / "endgames") if endgames else None
        if config.network not in SHAPES:
            raise ValueError(f"there is no network {config.network!r}, only {', '.join(SHAPES)}")
        if first is not None:
            config = begin(folder, config, positions, first)
        with ending_cleanly() as asked:
            if processes == 1:
                Run(folder, config, torch.device(device)).train(positions, seconds, asked, drawn)
            else:
                stop = get_context("spawn").Event()
                arguments = (folder, config, seconds, f"file://{meeting}/gradients", processes, stop, os.getpid())
                parts = spawn(_train_part, arguments, processes, join=False)  # type: ignore[no-untyped-call]
                while not parts.join(timeout=0.2):
                    if asked():
                        stop.set()


def begin(folder: Path, config: Config, positions: data.Positions, first: Network) -> Config:
    """Begins a run where an integer network stands, or finds that it began there."""
    config = replace(config, start=first.hash.hex())
    if (folder / "checkpoint.pt").exists():
        if Run.open(folder).config.start != config.start:
            raise ValueError(f"{folder} holds a run that did not begin from {first.name}: take another folder")
        return config
    run = Run(folder, config, torch.device("cpu"))
    training, _ = data.split(positions)
    boards = torch.from_numpy(positions.boards[training[:: len(training) // 512 + 1]])
    restore(run.tower, first, planes_of(boards, torch.zeros(len(boards))))
    run.save()
    return config


def _train_part(
    rank: int, folder: Path, config: Config, seconds: float, meeting: str, processes: int, stop: Event, parent: int
) -> None:
    """One of the processes of a run, on one core: a part of every batch. Ends when its parent says so or is gone."""
    ignore_signals()
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=processes)
    run = Run(folder, config, torch.device("cpu"))
    positions = data.Positions.load(folder / "positions")
    endgames = data.Positions.load(folder / "endgames") if config.endgame_share else None
    run.train(positions, seconds, lambda: stop.is_set() or os.getppid() != parent, endgames)
    dist.destroy_process_group()

"""The engine's part of the command line: label, train, export, strength. Only what needs torch imports it."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.policy import NETWORKS, Network, default_network, network_file


def add_parser(subparsers: Any) -> None:
    """Adds the commands to a parser; each sets `run`, a function of the parsed options that returns the exit code."""
    for add in (_add_label, _add_train, _add_export, _add_strength):
        add(subparsers)


def _add_label(subparsers: Any) -> None:
    label = subparsers.add_parser(
        "label", help="make training data with Stockfish; can be stopped and continued at any time"
    )
    label.add_argument("folder", type=Path, help="where the games files are, or will be")
    label.add_argument(
        "--from",
        dest="kind",
        choices=("games", "endgames"),
        default="games",
        help="positions of whole games, or of won endgames (games)",
    )
    label.add_argument("--workers", type=int, default=os.cpu_count(), help="cores to use, at low priority (all)")
    label.add_argument("--minutes", type=float, default=60, help="how long to label, in minutes (60)")
    label.add_argument(
        "--seed",
        type=int,
        default=1000,
        help="the first worker's seed, counted up for the others; each writes a file of its own (1000)",
    )
    label.set_defaults(run=_or_sentence(_label))


def _add_train(subparsers: Any) -> None:
    train = subparsers.add_parser(
        "train", help="train a network; can be stopped and continued at any time (needs torch)"
    )
    train.add_argument("folder", type=Path, help="folder of the run: made, or continued where it stands")
    train.add_argument("--games", type=Path, nargs="+", required=True, help="files of labelled games")
    train.add_argument(
        "--endgames",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="files of labelled endgames, from which a share of each batch is drawn",
    )
    train.add_argument(
        "--endgame-share", type=float, default=0.25, metavar="SHARE", help="of each batch, if there are endgames (0.25)"
    )
    train.add_argument("--network", default="small", help="small, flagship, wide or large (small)")
    train.add_argument(
        "--steps", type=int, default=16_000, help="steps of the whole run, over which the learning rate falls (16,000)"
    )
    train.add_argument("--batch", type=int, default=512, help="positions a step (512)")
    train.add_argument("--muon-rate", type=float, default=0.02, help="learning rate of the convolutions (0.02)")
    train.add_argument("--adam-rate", type=float, default=0.002, help="learning rate of all else (0.002)")
    train.add_argument(
        "--seconds",
        type=float,
        default=540,
        help="stop after so many seconds; the same command continues the run (540)",
    )
    train.add_argument("--device", default="cpu", help="cpu or cuda (cpu)")
    train.add_argument("--processes", type=int, default=1, help="split each batch over so many cores (1; cpu only)")
    train.add_argument(
        "--from", dest="first", metavar="NETWORK", help="begin where this network stands: a name or a file"
    )
    train.add_argument("--seed", type=int, default=0, help="order of the positions, and the first weights (0)")
    train.add_argument(
        "--mirror", action="store_true", help="also train on mirror images of positions without castling"
    )
    train.set_defaults(run=_or_sentence(_train))


def _add_export(subparsers: Any) -> None:
    export = subparsers.add_parser(
        "export", help="write a trained network as integers, with its passport (needs torch)"
    )
    export.add_argument("folder", type=Path, help="folder of the run")
    export.add_argument(
        "--games", type=Path, nargs="+", required=True, help="the files of games that it was trained on"
    )
    export.add_argument(
        "--endgames", type=Path, nargs="+", default=[], metavar="FILE", help="and the files of endgames"
    )
    export.add_argument("--name", required=True, help="name of the network")
    export.add_argument("--plot", type=Path, metavar="FILE", help="draw loss and accuracy over positions (.svg, .png)")
    export.add_argument("--target", type=Path, default=NETWORKS, help="where to write it (engine/networks)")
    export.set_defaults(run=_or_sentence(_export))


def _add_strength(subparsers: Any) -> None:
    strength = subparsers.add_parser("strength", help="measure a network: matches with Stockfish, agreement, tactics")
    strength.add_argument("--network", help="name or file of a network (the one that is played)")
    strength.add_argument(
        "--elo",
        type=int,
        nargs="+",
        metavar="ELO",
        help="Stockfish's UCI_Elo, 1320..3190; a match each (full strength)",
    )
    strength.add_argument("--games", type=int, default=200, help="games a match, half of them with each colour (200)")
    strength.add_argument("--seconds", type=float, default=0.1, help="Stockfish's time for a move (0.1)")
    strength.add_argument("--nodes", type=int, help="give Stockfish so many nodes a move instead of time")
    strength.add_argument("--workers", type=int, default=1, help="games at the same time (1)")
    strength.add_argument("--data", type=Path, nargs="+", help="labelled games: also agreement, tactics, won positions")
    strength.add_argument("--positions", type=int, default=5000, help="held-out positions to use (5000)")
    strength.add_argument("--pgn", type=Path, metavar="FILE", help="append every game to this file, as it ends")
    strength.add_argument("--plot", type=Path, metavar="FILE", help="draw the score against UCI_Elo (.svg, .png)")
    strength.add_argument("--passport", action="store_true", help="write the result into the network's passport")
    strength.add_argument("--known", action="store_true", help="play nothing: print and plot what the passport holds")
    strength.add_argument("--json", action="store_true", help="print one JSON object on one line")
    strength.set_defaults(run=_or_sentence(_strength))


def _or_sentence(command: Any) -> Any:
    """The command, with what can be wrong with its input told in a sentence and exit code 2."""

    def run(options: argparse.Namespace) -> int:
        try:
            command(options)
        except (ValueError, OSError, RuntimeError, ModuleNotFoundError) as error:
            print(f"proofmate: {error}", file=sys.stderr)
            return 2
        return 0

    return run


def _at_least(least: int, options: argparse.Namespace, *names: str) -> None:
    """Raises ValueError for an option with a smaller value."""
    for name in names:
        if (value := getattr(options, name)) < least:
            raise ValueError(f"--{name} must be at least {least}, not {value}")


def _label(options: argparse.Namespace) -> None:
    from engine.label import label_on_cores

    _at_least(1, options, "workers")
    _at_least(0, options, "minutes", "seed")
    label_on_cores(options.folder, options.seed, options.workers, 60 * options.minutes, print, options.kind)


def _train(options: argparse.Namespace) -> None:
    _at_least(1, options, "steps", "batch", "processes")
    _at_least(0, options, "seed")
    if options.processes > 1 and options.device != "cpu":
        raise ValueError(f"--processes {options.processes} is for --device cpu only, not {options.device}")
    from engine.train import Config, start

    for name in ("muon_rate", "adam_rate"):
        if not getattr(options, name) > 0:
            raise ValueError(f"--{name.replace('_', '-')} must be above 0, not {getattr(options, name)}")
    rates = options.muon_rate, options.adam_rate
    if not 0 < options.endgame_share < 1:
        raise ValueError(f"--endgame-share must lie between 0 and 1, not {options.endgame_share}")
    share = options.endgame_share if options.endgames else 0.0
    config = Config(options.network, options.steps, options.batch, *rates, options.seed, options.mirror, share)
    first = Network.load(network_file(Path(options.first))) if options.first else None
    where = options.device, options.processes, options.seconds
    start(options.folder, config, options.games, *where, first, options.endgames)


def _export(options: argparse.Namespace) -> None:
    from engine import plots
    from engine.quantise import export

    network = export(options.folder, options.name, options.games, options.target, endgames=options.endgames)
    if options.plot:
        plots.training(options.folder, options.plot)
    print(f"{options.target / options.name}.safetensors: {network.parameters:,} parameters, {network.hash.hex()}")


def _strength(options: argparse.Namespace) -> None:
    from engine.strength import held_out_positions, known, record, strength

    if options.plot:
        from engine import plots  # before the match: without matplotlib it would be played for nothing

    for elo in options.elo or ():
        if not 1320 <= elo <= 3190:
            raise ValueError(f"--elo {elo}: Stockfish's UCI_Elo is 1320 to 3190")
    _at_least(0, options, "games")
    _at_least(1, options, "workers", "positions")
    path = default_network() if options.network is None else network_file(Path(options.network))
    if options.known:
        result = known(path.with_suffix(".json"))
        if options.plot:
            plots.strength(result, options.plot)
        print(json.dumps(result, indent=None if options.json else 2))
        return
    held_out = held_out_positions(options.data, options.positions) if options.data else None
    limit = f"nodes {options.nodes}" if options.nodes else f"movetime {round(1000 * options.seconds)}"
    with contextlib.ExitStack() as files:
        save: Callable[[str], object] = lambda text: None  # noqa: E731
        if options.pgn:
            games = files.enter_context(options.pgn.open("a"))

            def save(text: str) -> None:
                games.write(text)
                games.flush()

        network, elos = Network.load(path), options.elo or [None]
        result = strength(network, elos, options.games, limit, options.workers, held_out, save=save)
    if options.passport:
        record(path.with_suffix(".json"), result)
    if options.plot:
        plots.strength(result, options.plot)
    print(json.dumps(result, indent=None if options.json else 2))

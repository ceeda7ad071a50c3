"""`proofmate bench`: runs a benchmark, prints its result and renews its table in docs/benchmarks.md."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import halo2, tables
from bench.networks import SHAPES, SUITES, network_file, shape_of
from bench.proving import MEASURE_STEPS, measure, perceptrons
from bench.report import DOCUMENT, Table, lines, machine, write
from engine.console import Bar
from engine.policy import Network


def add_parser(commands: Any) -> None:
    """Adds `bench` to the command line's subparsers."""
    bench = commands.add_parser("bench", help="measure what proving, the contracts and the server cost on this machine")
    kinds = bench.add_subparsers(metavar="WHAT", required=True)

    prove = kinds.add_parser("prove", help="seconds, memory, bytes and gas of a proof")
    names = ", ".join(SHAPES)
    prove.add_argument("--network", metavar="NAME", help=f"{names}, or a network's file (flagship)")
    prove.add_argument("--runs", type=int, default=3, metavar="N", help="proofs to take the median of (3)")
    prove.add_argument(
        "--against",
        choices=["ezkl", "halo2"],
        help="the same network by ezkl (network: tiny), or by halo2-axiom's own prover",
    )
    prove.add_argument(
        "--suite",
        choices=[*SUITES],
        help="perceptrons of 50k to 18M parameters (mlp) or of 50 to 350 layers (depth), beside published figures",
    )
    prove.add_argument(
        "--plot", type=Path, metavar="FILE", help="with --suite: draw seconds over parameters (.svg, .png)"
    )
    _add_output(prove, _prove)

    contracts = kinds.add_parser("contracts", help="gas of the rules and of the game")
    _add_output(contracts, _contracts)

    server = kinds.add_parser("server", help="a crowd's vote: acknowledged, counted and lost ballots, times, gas")
    server.add_argument("--wallets", type=int, default=1000, metavar="N", help="seats that vote once each (1000)")
    server.add_argument("--block-time", type=int, default=2, metavar="S", help="seconds between blocks (2)")
    server.add_argument("--vote", type=int, default=60, metavar="S", help="length of the vote in seconds (60)")
    server.add_argument(
        "--rate", type=float, default=0, metavar="R", help="ballots a second (0: as fast as they are answered)"
    )
    server.add_argument("--streams", type=int, default=0, metavar="N", help="event streams open beside it (0)")
    server.add_argument("--seed", type=int, default=1, help="seed of stakes and moves (1)")
    _add_output(server, _server)


def _add_output(parser: argparse.ArgumentParser, run: Callable[[argparse.Namespace], Report]) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object; progress is on stderr")
    parser.add_argument(
        "--document",
        type=Path,
        default=DOCUMENT,
        metavar="FILE",
        help="renew the tables in this file (docs/benchmarks.md)",
    )
    parser.set_defaults(run=lambda options: _run(options, run))


Report = tuple[dict[str, Any], list[Table]]
"""A result and the tables that it fills."""


def _run(options: argparse.Namespace, run: Callable[[argparse.Namespace], Report]) -> int:
    """Runs a benchmark, prints its result and renews its tables; what is wrong is told in a sentence, exit code 2."""
    measured_on = machine()
    try:
        result, filled = run(options)
    except (OSError, ValueError, RuntimeError, ModuleNotFoundError, subprocess.SubprocessError) as error:
        print(f"proofmate: {error}", file=sys.stderr)
        return 2
    result = {"machine": measured_on} | result
    print(json.dumps(result) if options.json else "\n".join(lines(result)), flush=True)
    try:
        for table in filled:
            write(options.document, table, measured_on)
    except (OSError, ValueError) as error:
        print(f"proofmate: measured, but not written down: {error}", file=sys.stderr)
        return 2
    return 0


def _prove(options: argparse.Namespace) -> Report:
    if options.runs < 1:
        raise ValueError(f"--runs must be at least 1, not {options.runs}")
    if options.suite and (options.network or options.against):
        raise ValueError("--suite goes with neither --network nor --against")
    if options.plot and not options.suite:
        raise ValueError("--plot goes with --suite")
    if options.plot:
        from bench import plots  # before the measurement: without matplotlib it would be for nothing
    if options.against == "halo2":
        return _against_halo2(options)
    name = options.network or ("tiny" if options.against else "flagship")
    kinds = ["native", "ezkl"] if options.against else ["native"]
    measured = len(SUITES[options.suite]) if options.suite else len(kinds)
    with (
        tempfile.TemporaryDirectory(prefix="proofmate-bench-") as temporary,
        Bar("bench prove", measured * (options.runs + MEASURE_STEPS), "steps") as bar,
    ):
        folder = Path(temporary)

        def report(done: int, step: str) -> None:
            bar.advance(done, step=step)

        if options.suite:
            result = perceptrons(options.suite, options.runs, folder, report)
            if options.plot:
                plots.perceptrons(result, options.plot)
            return result, [tables.perceptrons(result)]
        file, weights = network_file(name, folder, lambda text: report(0, text))
        shape = {"network": name, "weights": weights, **shape_of(Network.load(file))}
        figures = {kind: measure(kind, file, options.runs, folder, report) for kind in kinds}
    if options.against:
        return shape | figures, [tables.against(shape, figures)]
    return shape | figures["native"], [tables.proofs(shape | figures["native"])]


def _against_halo2(options: argparse.Namespace) -> Report:
    with (
        tempfile.TemporaryDirectory(prefix="proofmate-bench-") as temporary,
        Bar("bench prove", halo2.STEPS, "steps") as bar,
    ):
        file, weights = network_file(
            options.network or "flagship", Path(temporary), lambda text: bar.advance(0, step=text)
        )
        shape = {"network": options.network or "flagship", "weights": weights, **shape_of(Network.load(file))}
        figures = halo2.pair(file, options.runs, lambda done, step: bar.advance(done, step=step))
    return shape | figures, [tables.against_halo2(shape, figures)]


def _contracts(options: argparse.Namespace) -> Report:
    try:
        from bench.games import STAKERS, game_gas
        from bench.rules import POSITIONS, chess_gas
    except ModuleNotFoundError as error:
        raise ValueError(f"{error}: run this in the repository, with the packages for tests") from None
    with Bar("bench contracts: rules", POSITIONS, "positions", every=5) as bar:
        rules = chess_gas(lambda done, step: bar.advance(done))
    with Bar("bench contracts: games", len(STAKERS), "games") as bar:
        games = game_gas(report=lambda done, step: bar.advance(done, step=step))
    return rules | games, [tables.rules(rules), tables.games(games)]


def _server(options: argparse.Namespace) -> Report:
    from bench.server import bench_server

    with Bar("bench server", None, "steps") as bar:
        given = options.wallets, options.block_time, options.vote, options.rate, options.streams, options.seed
        result = bench_server(*given, lambda text: bar.advance(1, step=text))
    return result, [tables.crowd(result)]

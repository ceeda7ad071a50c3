"""`proofmate vault train`: trains the vault's network. Only what needs torch imports it."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from engine.policy import NETWORKS


def add_parser(subparsers: Any) -> None:
    """Adds the command `vault` to a parser."""
    vault = subparsers.add_parser("vault", help="the vault's network: train it on hourly prices (needs torch)")
    commands = vault.add_subparsers(metavar="COMMAND", required=True)
    train = commands.add_parser(
        "train",
        help="train 36-128-64-12 on hourly prices, and write the integers with their passport",
        description="Trains the vault's network on hourly prices, measures it out of sample (walk-forward), and writes "
        "the integers with a passport that says what came out. It is about as good as a coin.",
    )
    prices = train.add_mutually_exclusive_group(required=True)
    prices.add_argument("--prices", type=Path, metavar="FILE", help="CSV with time, close, high, low; a row an hour")
    prices.add_argument("--simulated", type=int, metavar="SEED", help="a simulated market of 4,000 hours instead")
    train.add_argument("--epochs", type=int, default=20, help="times that all hours are shown (20)")
    train.add_argument("--seed", type=int, default=1, help="of the first weights and of the order (1)")
    train.add_argument("--target", type=Path, default=NETWORKS, help="folder to write to (engine/networks)")
    train.add_argument("--json", action="store_true", help="print the passport as one line")
    train.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> int:
    try:
        if options.epochs < 1:
            raise ValueError(f"--epochs must be at least 1, not {options.epochs}")
        from engine.rockefeller.hours import read_prices
        from engine.rockefeller.market import Market
        from engine.rockefeller.train import source_of, train

        if options.prices:
            hours, source = read_prices(options.prices), source_of(options.prices)
        else:
            hours, source = Market.simulated(options.simulated, 4000).hours(), {"simulated": options.simulated}
        network, passport = train(hours, source, options.seed, options.epochs)
        options.target.mkdir(parents=True, exist_ok=True)
        network.save(options.target / f"{network.name}.safetensors")
        # A point of the course a line: most of the file is that.
        text = re.sub(r"\[\s+(\d{9,}),\s+([\d.]+),\s+([\d.]+)\s+\]", r"[\1, \2, \3]", json.dumps(passport, indent=2))
        (options.target / f"{network.name}.json").write_text(text + "\n")
    except (ValueError, OSError, ModuleNotFoundError) as error:
        print(f"proofmate: {error}", file=sys.stderr)
        return 2
    print(json.dumps(passport, indent=None if options.json else 2))
    return 0

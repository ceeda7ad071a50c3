"""The command line, `proofmate`. Every command says what it does with --help; settings are environment variables.

What takes long to import is imported within `main`, so that Ctrl-C during the imports ends the program quietly too.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server.settings import Environment

HOOKS = {
    "bench": "bench.command",
    "chaos": "bench.chaos",
    "label": "engine.commands",
    "train": "engine.commands",
    "export": "engine.commands",
    "strength": "engine.commands",
    "vault": "engine.rockefeller.command",
}
"""Commands and the modules that have them, imported only when asked for."""


SERVING = {"api": "server.api.serve", "streams": "server.api.streaming", "publisher": "server.api.publisher"}
"""Processes that are not in `server.processes`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command. Returns the exit code: 0 done, 1 the answer is no, 2 it cannot run, 130 interrupted."""
    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        return 130
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(arguments: Sequence[str]) -> int:
    from server.settings import SettingsError

    asked = next((argument for argument in arguments if not argument.startswith("-")), None)
    options = parser(sorted({module for name, module in HOOKS.items() if asked in (None, name)})).parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except SettingsError as error:
        print(f"proofmate: {error}", file=sys.stderr)
        return 2


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def parser(hooks: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser of the command line. `hooks` names the modules of `HOOKS` whose commands it takes as well."""
    top = argparse.ArgumentParser(
        prog="proofmate",
        description="A crowd plays chess against a neural network for stakes; every move of the network is proven.",
        epilog=_settings_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    up = commands.add_parser(
        "up",
        help="start everything on this machine and print the page's address",
        description="Starts everything on this machine and prints the page's address. Ctrl-C stops it; the next start "
        "continues the same games.",
        epilog=_settings_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    up.set_defaults(run=_up)

    reset = commands.add_parser("reset", help="start over: remove the data folder with its chain, games and keys")
    reset.add_argument("--yes", action="store_true", help="do not ask")
    reset.set_defaults(run=_reset)

    simulate = commands.add_parser(
        "simulate", help="play a whole game through the public API, or run the vault, on a stack of its own"
    )
    simulate.add_argument("what", nargs="?", choices=("game", "vault"), default="game", help="(game)")
    simulate.add_argument(
        "--hours", type=int, default=200, metavar="N", help="vault: hours of a simulated market (200)"
    )
    simulate.add_argument("--voters", type=int, default=20, metavar="N", help="wallets that stake, on both sides (20)")
    simulate.add_argument("--seed", type=int, default=1, help="seed of the voters' moves and stakes (1)")
    simulate.add_argument("--save", type=Path, metavar="FILE", help="write what an audit of the game needs to a file")
    simulate.add_argument("--json", action="store_true", help="print one JSON object, and progress on stderr")
    simulate.set_defaults(run=_simulate)

    create = commands.add_parser(
        "create",
        help="open a game on a deployed contract, with OWNER_KEY",
        description="Opens a game: a public bet on both sides, or a prize for the World. Terms and their units stand "
        "in contracts/src/IGame.sol.",
    )
    create.add_argument("kind", choices=("bet", "prize"))
    create.add_argument("terms", nargs="*", metavar="TERM=NUMBER", help="what differs, such as votingPeriod=600")
    create.add_argument("--pot", default="0", metavar="ETHER", help="the sponsor's prize (0)")
    create.add_argument("--fund", default="0", metavar="ETHER", help="pays for proofs, by the term reward (0)")
    create.set_defaults(run=_create)

    audit = commands.add_parser(
        "audit",
        help="replay a game, or a vault, from the chain alone: every ballot, proof and payout",
        description="Replays a game, or a vault (`audit vault --contract ADDRESS`), from the chain alone. Exit "
        "code 0: everything agrees; 1: something is false; "
        "2: something could not be checked. docs/audit.md says what is checked against what.",
    )
    audit.add_argument("game", type=_game, metavar="GAME", help="the game's number, or `vault`")
    audit.add_argument(
        "--rpc",
        action="append",
        default=[],
        metavar="URL",
        help="the chain's JSON-RPC (RPC_URL, or the local chain); given twice or more, all must agree on a block",
    )
    audit.add_argument("--block", metavar="HASH", help="the newest block's hash, from a source of your choice")
    audit.add_argument("--contract", metavar="ADDRESS", help="the game contract (CONTRACT, or what `up` deployed)")
    audit.add_argument(
        "--network", type=Path, metavar="FILE", help="the network that must play (NETWORK, if it is the game's)"
    )
    audit.add_argument("--file", type=Path, help="read the game from a file that --save wrote, not from a chain")
    audit.add_argument("--save", type=Path, metavar="FILE", help="keep what was read from the chain")
    audit.add_argument("--json", action="store_true", help="print one JSON object")
    audit.set_defaults(run=_audit)

    prove = commands.add_parser(
        "prove",
        help="prove the network's move that is due on a contract, and be paid for it",
        description="Proves the network's move that is due on a contract that anyone may run, sends it and is paid the "
        "game's reward. It compares contract, network and verifier with this checkout's first, declines a reward that "
        "does not cover the gas, and sends nothing if somebody was faster. Exit code 0: a move was sent; 1: none.",
    )
    prove.add_argument("--rpc", metavar="URL", help="the chain's JSON-RPC (RPC_URL, or the local chain)")
    prove.add_argument("--contract", metavar="ADDRESS", help="the game contract (CONTRACT, or what `up` deployed)")
    prove.add_argument("--game", type=int, metavar="N", help="this game only (every game of the contract)")
    prove.add_argument("--watch", action="store_true", help="go on until Ctrl-C")
    prove.add_argument("--payee", metavar="ADDRESS", help="who is rewarded (PAYEE, or the key's own address)")
    prove.add_argument(
        "--key", type=Path, metavar="FILE", help="a file with the private key that pays the gas (RELAY_KEY)"
    )
    prove.add_argument("--even-at-a-loss", action="store_true", help="send even if the gas costs more than the reward")
    prove.set_defaults(run=_prove)

    keep = commands.add_parser(
        "keep",
        help="keep a vault: record its hours, prove its network's decisions, and be paid for the trades",
        description="Keeps a vault that anyone may keep: records its hours, proves its network's decision of each hour "
        "and sends it. It compares network and verifier with this checkout's first. It needs no Redis.",
    )
    keep.add_argument("--rpc", metavar="URL", help="the chain's JSON-RPC (RPC_URL, or the local chain)")
    keep.add_argument("--contract", metavar="ADDRESS", required=True, help="the vault")
    keep.add_argument("--payee", metavar="ADDRESS", help="who is rewarded (PAYEE, or the key's own address)")
    keep.add_argument(
        "--key", type=Path, metavar="FILE", help="a file with the private key that pays the gas (RELAY_KEY)"
    )
    keep.add_argument("--holds", action="store_true", help="also send decisions to hold, which earn nothing")
    keep.set_defaults(run=_keep)

    vault = commands.add_parser(
        "open-vault",
        help="deploy a vault on a Uniswap v3 pool, with OWNER_KEY; afterwards nobody owns it",
        description="Deploys this checkout's vault and its verifier on the chain of RPC_URL. The network's decisions "
        "bind it from then on: docs/vault.md says what it may do, and what is to be done before the first deposit.",
    )
    for name, what in (("factory", "the pool's factory"), ("base", "the token traded"), ("quote", "the other one")):
        vault.add_argument(f"--{name}", required=True, metavar="ADDRESS", help=what)
    vault.add_argument("--fee", type=int, default=500, metavar="N", help="the pool's, in millionths (500)")
    vault.add_argument("--reward", type=int, default=10, metavar="N", help="of a trade, in basis points (10)")
    vault.add_argument("--reward-cap", default="5", metavar="AMOUNT", help="the most of it, in quote tokens (5)")
    vault.set_defaults(run=_open_vault)

    record = commands.add_parser(
        "record",
        help="print what the database of record holds of a game, one JSON object a line",
        description="Prints what the database of record holds of a game: receipts and refusals of ballots, what the "
        "network thought, how long proofs took, the finished game. One JSON object a line.",
    )
    record.add_argument("kind", choices=("receipt", "refusal", "thinking", "proving", "game"))
    record.add_argument("game", type=int, metavar="GAME", help="the game's number")
    record.add_argument("--ply", type=int, metavar="N", help="of this ply only")
    record.add_argument("--seat", type=int, metavar="N", help="of this seat only")
    record.set_defaults(run=_record)

    processes = {
        "api": "serve the page and its API",
        "streams": "serve the streams of games alone, beside an api",
        "publisher": "post the games' documents to MERCURE_URL",
        "indexer": "read the chain into Redis",
        "relay": "bring ballots and proofs to the chain",
        "worker": "prove the network's moves, and a vault's decisions",
        "keeper": "record the hours of VAULT and send its network's decisions, with KEEPER_KEY",
        "recorder": "write what Redis does not keep for ever into the database of record",
        "series": "open the next lobby when one closes, with OWNER_KEY",
    }
    for name, summary in processes.items():
        process = commands.add_parser(name, help=f"one process of the server: {summary}")
        process.set_defaults(run=_process, process=name, module=SERVING.get(name, f"server.processes.{name}"))

    for module in hooks:
        try:
            importlib.import_module(module).add_parser(commands)
        except ModuleNotFoundError as error:  # a package that only the tests or the training need
            for name in (name for name, its in HOOKS.items() if its == module):
                missing = commands.add_parser(name, help=f"(not available: {error})")
                missing.set_defaults(run=_unavailable, error=error)
    return top


def _settings_help() -> str:
    from server.settings import SECRETS, Environment

    lines = []
    for name, field in Environment.model_fields.items():
        default = "" if field.default is None else f" ({field.default})"
        lines.append(f"  {name.upper():<16} {field.description}{default}")
    secrets = ", ".join(f"{name.upper()}_FILE" for name in SECRETS)
    lines.append(
        f"\nin a file instead: {secrets}. A key's file holds 0x and 64 hex digits, or an encrypted keystore\n"
        "(version 3), whose password is in the file that NAME_KEY_PASSWORD_FILE names."
    )
    return "settings, as environment variables (default):\n" + "\n".join(lines)


def _up(options: argparse.Namespace) -> int:
    from server.local.stack import Stack
    from server.settings import Environment

    def say(text: str) -> None:
        print(text, flush=True)

    stack = Stack(Environment.read(), say)
    try:
        stack.start()
        total = sum(stack.steps.seconds.values())
        print(f"\nProofmate is at {stack.url}  (started in {total:.1f} s; Ctrl-C stops it)\n", flush=True)
        stack.watch()
    except KeyboardInterrupt:
        print("\nstopping; the next `proofmate up` continues the same games", flush=True)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave processes behind
        stack.stop()
    return 0


def _reset(options: argparse.Namespace) -> int:
    from server.local.folder import DataFolder
    from server.settings import Environment

    folder = DataFolder(Environment.read().data_dir)
    if not options.yes:
        try:
            answer = input(f"Remove the chain, the games and the keys in {folder.path}? [y/N] ")
        except EOFError:
            answer = ""
        if answer.strip().lower() not in ("y", "yes"):
            print("nothing was removed")
            return 1
    folder.reset()
    print(f"{folder.path} is empty")
    return 0


def _environment() -> Environment:
    """The settings as they are given; the log is written as they say from now on."""
    from server import logline
    from server.settings import Environment

    environment = Environment.read()
    logline.configure(environment.log_level, environment.log_format, environment.hidden())
    return environment


def _process(options: argparse.Namespace) -> int:
    from server.ops.port import operator_port
    from server.settings import Settings
    from server.store.names import Names
    from server.tracing import configure

    environment = _environment()
    settings = Settings.load(environment)
    configure(options.process, environment.otel_exporter_otlp_endpoint)
    os.environ["RQ_KEY_PREFIX"] = Names.of(settings).jobs  # RQ reads it when a process's module imports it
    with operator_port(settings):
        importlib.import_module(options.module).run(settings)
    return 0


def _unavailable(options: argparse.Namespace) -> int:
    from server.settings import SettingsError

    raise SettingsError(f"this command cannot run here: {options.error}")


def _simulate(options: argparse.Namespace) -> int:
    if options.what == "vault":
        from server.checks.simulate.vault import simulate_vault

        result = simulate_vault(options.hours, options.seed)
    else:
        from server.checks.simulate.command import simulate

        result = simulate(options.voters, options.seed, options.save)
    print(json.dumps(result) if options.json else "\n".join(f"{key}: {value}" for key, value in result.items()))
    return 0


def _create(options: argparse.Namespace) -> int:
    from server.chain.create import create

    print(f"game {create(options.kind, options.terms, options.pot, options.fund)}")
    return 0


def _prove(options: argparse.Namespace) -> int:
    from server.processes import prove

    given = options.rpc, options.contract, options.game, options.watch, options.payee, options.key
    return 0 if prove.run(*given, options.even_at_a_loss) else 1


def _record(options: argparse.Namespace) -> int:
    from server.settings import Settings, SettingsError
    from server.store.database import Record
    from server.store.journal import DatabaseAway

    try:
        rows = Record(Settings.load(_environment())).read(options.kind, options.game, options.ply, options.seat)
    except DatabaseAway as error:
        raise SettingsError(f"DATABASE_URL: the database does not answer: {error}") from None
    except ValueError as error:
        raise SettingsError(str(error)) from None
    for row in rows:
        print(json.dumps(row))
    return 0 if rows else 1


def _open_vault(options: argparse.Namespace) -> int:
    from server.chain.open_vault import Pool, open_vault

    pool = Pool(options.factory, options.base, options.quote, options.fee)
    vault, block = open_vault(pool, options.reward, options.reward_cap, lambda text: print(text, file=sys.stderr))
    print(f"VAULT={vault.address}\nVAULT_BLOCK={block}")
    return 0


def _keep(options: argparse.Namespace) -> int:
    from server.processes.keeper import keep

    _environment()
    keep(options.rpc, options.contract, options.payee, options.key, options.holds)
    return 0


def _game(text: str) -> int | str:
    return text if text == "vault" else int(text)


def _audit(options: argparse.Namespace) -> int:
    if options.game == "vault":
        from server.checks.vault.command import run
        from server.settings import SettingsError

        if options.file is not None or options.save is not None:
            raise SettingsError("--file, --save: these keep games, not vaults")
        return run(options.rpc, options.contract, options.network, options.block, options.json)
    from server.checks.audit import command

    return command.run(
        options.game,
        options.rpc,
        options.contract,
        options.network,
        options.block,
        options.file,
        options.save,
        options.json,
    )


if __name__ == "__main__":
    sys.exit(main())

"""`proofmate prove`: anyone proves the network's move that is due and is paid for it. No Redis, no operator.

Before anything is proven: the contract's code is this checkout's, the model's network is ours, and the code of its
verifier is the one that we make. Before anything is sent: the move is still due, and the reward covers the gas.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hexbytes import HexBytes
from web3 import Web3

from engine import encoding
from engine.proof import ProofCancelled
from server.chain import chains, deploy, proving
from server.chain.client import Chain, Summary
from server.chain.contracts import check_verifier_code, is_code_of
from server.chain.node import Unreachable
from server.chain.reverts import Refused
from server.chain.sender import Fees, Reverted, Sender, gas_limit
from server.chain.signer import KeySigner, Signer, signer_of
from server.keys import read_key
from server.logline import line
from server.model.position import Position
from server.settings import Environment, SettingsError, check_setup, network_of

if TYPE_CHECKING:
    from engine.prover import Prover

LOOK_SECONDS = 1.0
"""How often the chain is asked whether the move is still due, or whether one is."""
MOVE_GAS = 650_000
"""About the gas of a proven move. The reward is compared with it before a proof is made, and with an estimate before
the proof is sent."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Paid:
    """A move that was proven, sent and mined. `reward` and `cost` are in wei."""

    game: int
    ply: int
    move: str
    tx: str
    reward: int
    cost: int
    seconds: float


class TooSlow(Exception):  # noqa: N818
    """Somebody else's move was faster, or the game is over."""


class Stranger:
    """One key that proves moves on a contract that somebody else runs."""

    def __init__(
        self, chain: Chain, sender: Sender, payee: str, prover: Prover, even_at_a_loss: bool, say: Say
    ) -> None:
        self.chain, self.sender, self.payee, self.prover = chain, sender, payee, prover
        self.even_at_a_loss, self.say = even_at_a_loss, say
        self.declined: set[tuple[int, str]] = set()
        """Moves, by game and position, that do not pay."""
        self.rewards: dict[int, int | None] = {}
        """The term `reward` of each game of our network, in wei; None for a game of another network."""

    def due(self, game: int | None) -> Iterator[tuple[int, Summary]]:
        """The games, or the one, in which a move of our network is due that was not declined, as they stand now."""
        games = range(self.chain.contract.functions.games().call()) if game is None else (game,)
        for number in games:
            if self._reward(number) is None:
                continue
            summary = self.chain.summary(number)
            if summary.state == "prove" and (number, summary.position.key) not in self.declined:
                yield number, summary

    def prove(self, game: int, summary: Summary) -> Paid | None:
        """Proves the move that is due in a game and sends it. None: it does not pay, or somebody was faster."""
        start = time.monotonic()
        reward = min(self._reward(game) or 0, summary.fund)
        if not self._pays(game, summary, reward, MOVE_GAS * price(self.sender.fees())):
            return None
        board, ply = summary.position.unpack(), summary.position.ply
        legal = encoding.legal_indices(board)
        context = encoding.context_word(self.chain.chain_id, self.chain.contract.address, game, ply, self.payee)
        self.say(line("proving", game=game, ply=ply, reward=reward))
        try:
            with self._watch(game, summary.position) as over:
                planes = encoding.planes(board, summary.repeated)
                proof = self.prover.prove(planes, list(legal), context, None, over.is_set)
            self._still_due(game, summary.position)
        except (ProofCancelled, TooSlow):
            self.say(line("too_slow", game=game, ply=ply, reason="somebody else moved, or the game is over; not sent"))
            return None
        move = legal[proof.index]
        call = self.chain.contract.functions.submitMove(
            game, encoding.pack_move(move), proof.words[:25], self.payee, proof.proof
        )
        try:
            estimate, fees = self.sender.estimate(call), self.sender.fees()
            if not self._pays(game, summary, reward, estimate * price(fees)):
                return None
            receipt = self.sender.send_draft(self.sender.draft(call, gas=gas_limit(estimate)), fees)
        except Refused as error:
            self.say(line("refused", game=game, ply=ply, error=error, reason="the contract would revert it; not sent"))
            self.declined.add((game, summary.position.key))
            return None
        except Reverted as error:
            self.say(line("reverted", game=game, ply=ply, error=error, reason="probably a move was mined before it"))
            return None
        cost = int(receipt["gasUsed"]) * int(receipt["effectiveGasPrice"])
        tx = HexBytes(receipt["transactionHash"]).to_0x_hex()
        return Paid(game, ply, move.uci(), tx, reward, cost, round(time.monotonic() - start, 2))

    def _reward(self, game: int) -> int | None:
        """The term `reward` of a game of our network; None for a game of another network. Terms never change."""
        if game not in self.rewards:
            terms = self.chain.contract.functions.terms(game).call()
            model = self.chain.contract.functions.model(terms.model).call()
            self.rewards[game] = int(terms.reward) if model.networkHash == self.prover.network_hash else None
        return self.rewards[game]

    def _pays(self, game: int, summary: Summary, reward: int, cost: int) -> bool:
        if reward >= cost or self.even_at_a_loss:
            return True
        self.say(
            line(
                "declined",
                game=game,
                ply=summary.position.ply,
                reward=reward,
                gas_cost=cost,
                reason="the reward does not cover the gas; --even-at-a-loss proves it all the same",
            )
        )
        self.declined.add((game, summary.position.key))
        return False

    def _still_due(self, game: int, position: Position) -> None:
        summary = self.chain.summary(game)
        if summary.state != "prove" or summary.position != position:
            raise TooSlow

    @contextmanager
    def _watch(self, game: int, position: Position) -> Iterator[threading.Event]:
        """Sets the event when the move is no longer due, while a proof is made."""
        over, done = threading.Event(), threading.Event()

        def run() -> None:
            while not done.wait(LOOK_SECONDS):
                try:
                    self._still_due(game, position)
                except TooSlow:
                    over.set()
                    return
                except Unreachable:
                    continue  # a node that is away says nothing of the game

        thread = threading.Thread(target=run, name="watch", daemon=True)
        thread.start()
        try:
            yield over
        finally:
            done.set()
            thread.join()


def price(fees: Fees) -> int:
    """What a unit of gas costs now, in wei: base fee and tip, of which the cap holds the base fee twice."""
    return (fees.fee + fees.tip) // 2


def run(
    url: str | None,
    contract: str | None,
    game: int | None,
    watch: bool,
    payee: str | None,
    key: Path | None,
    even_at_a_loss: bool,
    say: Say = lambda text: print(text, file=sys.stderr, flush=True),
) -> list[Paid]:
    """Proves what is due, once or (`watch`) until interrupted, and returns what was sent. Raises SettingsError."""
    w3, address, _ = deploy.locate(url, contract)
    given: dict[str, Any] = {} if payee is None else {"payee": payee}
    env = Environment.read(chain_id=w3.eth.chain_id, contract=address, **given)
    chains.check(env)
    check_setup(env)
    payer = signer(env, key)
    node = getattr(w3.provider, "endpoint_uri", "")
    chain = Chain(str(node), address, env.chain_id)
    if not is_code_of("Game", bytes(w3.eth.get_code(Web3.to_checksum_address(address)))):
        raise SettingsError(f"--contract: the code at {address} is not this checkout's game contract")
    known = chain.contract.functions.games().call()
    if game is not None and not 0 <= game < known:
        raise SettingsError(f"--game: there is no game {game}; the contract has {known}")
    check_network(chain, network_of(env), game)

    def loading(step: str, fraction: float) -> None:
        say(line("loading", step=step, percent=round(100 * fraction)))

    prover = proving.make_prover(env, loading)
    check_verifier(chain, prover, game, env.cache_dir)
    stranger = Stranger(chain, Sender(w3, payer, "--key"), env.payee or payer.address, prover, even_at_a_loss, say)
    paid: list[Paid] = []
    while True:
        try:
            for number, summary in stranger.due(game):
                if done := stranger.prove(number, summary):
                    say(line("paid", **asdict(done)))
                    paid.append(done)
        except Unreachable as error:
            if not watch:
                raise SettingsError(f"--rpc: the chain stopped answering ({type(error).__name__}: {error})") from None
            say(line("chain_away", error=f"{type(error).__name__}: {error}"))
        if not watch:
            if not paid:
                say(line("nothing_proven", reason="no move is due, or none that pays"))
            return paid
        time.sleep(LOOK_SECONDS)


def signer(env: Environment, file: Path | None) -> Signer:
    """What signs: the key in a file (0x and 64 hex digits, or a keystore), or the relay's. Raises SettingsError."""
    if file is None:
        relay = signer_of(env, "relay")
        if relay is None:
            raise SettingsError("--key: missing; a file with the private key that pays the gas (or RELAY_KEY)")
        return relay
    password = os.environ.get("RELAY_KEY_PASSWORD_FILE")
    try:
        return KeySigner(read_key(file, Path(password) if password else None))
    except ValueError as error:
        raise SettingsError(f"--key: {error}") from None


def check_network(chain: Chain, network: Path, game: int | None) -> None:
    """Raises SettingsError unless the game's model, or any model, is of this network. Takes no time."""
    ours = proving.hash_of(network)
    theirs = ["0x" + HexBytes(model["networkHash"]).hex() for model in _models(chain, game)]
    if ours not in theirs:
        raise SettingsError(f"NETWORK: {network} is {ours}, and the contract plays {', '.join(theirs) or 'none'}")


def check_verifier(chain: Chain, prover: Prover, game: int | None, cache: Path) -> None:
    """Raises SettingsError unless the verifiers of our network's models have the code that we make.

    A verifier of other code might refuse our proofs, or accept anything: neither is worth the gas.
    """
    for model in _models(chain, game):
        if model["networkHash"] == prover.network_hash:
            code = bytes(chain.w3.eth.get_code(model["verifier"]))
            check_verifier_code(model["verifier"], code, prover.verifier_source(), cache, "owner")


def _model(chain: Chain, game: int) -> dict[str, Any]:
    functions = chain.contract.functions
    return dict(functions.model(functions.terms(game).call().model).call()._asdict())


def _models(chain: Chain, game: int | None) -> list[dict[str, Any]]:
    if game is not None:
        return [_model(chain, game)]
    functions = chain.contract.functions
    return [dict(functions.model(number).call()._asdict()) for number in range(functions.models().call())]

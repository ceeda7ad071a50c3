"""A whole game by direct calls, without server or prover: its verifier takes the hash of the words for a proof."""

from __future__ import annotations

import atexit
import functools
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import chess
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak
from web3 import Web3

from engine.encoding import bitmap_words, board_words, context_word, pack_move, policy_index
from server.chain import deploy
from server.chain.contracts import game_contract
from server.chain.node import connect
from server.chain.sender import Sender
from server.checks.simulate.plan import choose
from server.local.anvil import anvil
from server.local.children import Child, stop
from server.local.probe import rpc, rpc_answers, unused_port
from server.model.position import Position

VERIFIER = deploy.Verifier(
    source="""
        // SPDX-License-Identifier: GPL-3.0-or-later
        pragma solidity ^0.8.30;
        contract HashVerifier {
            fallback(bytes calldata input) external returns (bytes memory) {
                require(keccak256(input[:992]) == bytes32(input[992:]));
                return "";
            }
        }
    """,
    network_hash="0x" + "11" * 32,
    verifying_key_hash="0x" + "22" * 32,
    insecure=True,
    sample="0x" + (bytes(31 * 32) + keccak(bytes(31 * 32))).hex(),
)


@contextmanager
def chain(folder: Path, chain_id: int = 31337, timestamp: int | None = None) -> Iterator[str]:
    """A chain on this machine; yields its address. `timestamp`: what its clock starts at, instead of now."""
    port = unused_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(anvil()), "--port", str(port), "--chain-id", str(chain_id), "--accounts", "0", "--quiet"]
    command += [] if timestamp is None else ["--timestamp", str(timestamp)]
    child = Child("chain", command, folder / "chain.log")
    try:
        child.start()
        child.await_ready(lambda: rpc_answers(url), 30)
        yield url
    finally:
        stop([child], 5)


@functools.cache
def shared_cache() -> Path:
    """A folder of this process for compiled verifiers: the compiler takes two seconds of processor time."""
    folder = Path(tempfile.mkdtemp(prefix="proofmate-verifiers-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def account(w3: Web3, name: str) -> Any:
    """An account with funds."""
    made = Account.from_key(keccak(name.encode()))
    w3.provider.make_request("anvil_setBalance", [made.address, hex(1000 * deploy.ETHER)])
    return made


class ScriptedGame:
    """Deploys, creates a game and plays it to the end."""

    def __init__(
        self,
        url: str,
        cache: Path,
        seed: int = 1,
        verifier: deploy.Verifier = VERIFIER,
        created: bool = True,
        **terms: Any,
    ) -> None:
        """`created`: whether a game is opened at once."""
        self.w3, self.chance = connect(url), random.Random(seed)
        self.owner = Sender(self.w3, account(self.w3, "owner").key.to_0x_hex(), "OWNER_KEY")
        self.relay = Sender(self.w3, account(self.w3, "relay").key.to_0x_hex(), "RELAY_KEY")
        self.people = [account(self.w3, f"person {number}") for number in range(4)]
        compiled = shared_cache() if verifier.source == VERIFIER.source else cache
        self.deployment = deploy.deploy(self.w3, self.owner, verifier, compiled)
        self.game = game_contract(self.w3, self.deployment.contract)
        if created:
            self.create(**terms)

    def create(self, **terms: Any) -> None:
        """Opens a lobby; `play` plays this game."""
        most = 100 * deploy.ETHER
        asked = {**deploy.DEMO_TERMS, "maxPly": 12, "fee": 200, "maxStake": most, "reward": 10**15, **terms}
        self.number = deploy.create_game(self.game, self.owner, asked, fund=10**16, pot=10**17)

    def by(self, person: int) -> Sender:
        return Sender(self.w3, self.people[person].key.to_0x_hex(), "person")

    def begin(self) -> None:
        """Three seats and one Leela staker; the opening is drawn."""
        call = self.game.functions
        for person in range(3):
            self.by(person).send(call.stake(self.number, 0, self.people[person].address), 10**18 + person)
        self.by(3).send(call.stake(self.number, 1, "0x" + "00" * 20), 5 * 10**18 + 7)
        self.relay.send(call.closeLobby(self.number))
        rpc(self.w3.provider.endpoint_uri, "anvil_mine", "0x3")
        self.relay.send(call.begin(self.number))

    def play(self) -> None:
        """To the end; each ply two ballots, signed, in one batch, and one cast directly. Everybody claims."""
        self.begin()
        while (state := deploy.state(self.game, self.number)) != "over":
            if state == "vote":
                self.vote()
            else:
                self.move()
        self.claim()

    def claim(self) -> None:
        """Pays everybody."""
        call = self.game.functions
        for sender in [self.by(person) for person in range(4)] + [self.owner, self.relay]:
            if call.owed(self.number, sender.address).call():
                sender.send(call.claim(self.number, sender.address))

    def wait(self, seconds: int) -> None:
        """Time passes."""
        rpc(self.w3.provider.endpoint_uri, "evm_increaseTime", seconds)
        rpc(self.w3.provider.endpoint_uri, "evm_mine")

    def position(self) -> Position:
        return Position(*self.game.functions.summary(self.number).call().position)

    def vote(self) -> None:
        position = self.position()
        board = position.unpack()
        batch = b"".join(self.ballot(seat, board, position) for seat in (0, 1))
        # A seat that does not exist, a second ballot of a seat, and a tail: none of them counts.
        batch += (9).to_bytes(4, "big") + batch[4:70] + self.ballot(0, board, position) + b"\1\2\3"
        self.relay.send(self.game.functions.castBallots(self.number, position.ply, batch))
        if deploy.state(self.game, self.number) == "vote" and self.chance.random() < 0.8:
            move = pack_move(choose(board, self.chance))
            self.by(2).send(self.game.functions.castBallot(self.number, position.ply, move))
        else:
            self.wait(24 * 3600)
        self.relay.send(self.game.functions.closeVote(self.number))

    def ballot(self, seat: int, board: chess.Board, position: Position) -> bytes:
        fields = (("game", "uint256"), ("ply", "uint16"), ("move", "uint16"), ("position", "bytes32"))
        move = pack_move(choose(board, self.chance))
        domain = {"name": "Proofmate", "version": "1", "chainId": 31337, "verifyingContract": self.game.address}
        types = {"Ballot": [{"name": name, "type": kind} for name, kind in fields]}
        key = bytes.fromhex(position.key[2:])
        message = {"game": self.number, "ply": position.ply, "move": move, "position": key}
        signed = self.people[seat].sign_message(encode_typed_data(domain, types, message))
        vs = signed.s | (signed.v - 27) << 255
        return seat.to_bytes(4, "big") + move.to_bytes(2, "big") + signed.r.to_bytes(32, "big") + vs.to_bytes(32, "big")

    def move(self) -> None:
        """Plays a move for the network."""
        self.relay.send(self.proven(self.relay.address))

    def proven(self, payee: str) -> Any:
        """The call that plays a move for the network: any legal one, which the bitmap then makes the best."""
        summary = self.game.functions.summary(self.number).call()
        position = Position(*summary.position)
        board = position.unpack()
        move = self.chance.choice(sorted(board.legal_moves, key=pack_move))
        bitmap = bitmap_words([policy_index(move, board.turn)])
        context = context_word(31337, self.game.address, self.number, position.ply, payee)
        words = [*bitmap, *board_words(board, summary.repeated), context]
        proof = keccak(b"".join(word.to_bytes(32, "big") for word in words))
        return self.game.functions.submitMove(self.number, pack_move(move), bitmap, payee, proof)

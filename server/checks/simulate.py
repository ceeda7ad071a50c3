"""`proofmate simulate`: a whole game through the public API, on a stack of its own, with every number checked.

Wallets get play money from the faucet, stake on both sides, sign ballots and claim, all through the API and its
JSON-RPC, as a page would. Voters look one ply ahead: mate, then material, then chance by the seed. The stack's owner
creates the game, with a book of endgames and `maxPly` as its terms, so that at most twenty moves of Leela are needed.
"""

from __future__ import annotations

import dataclasses
import functools
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import chess
import httpx
import requests
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak
from requests.adapters import HTTPAdapter
from urllib3.util import Retry
from web3 import Web3

from engine.encoding import pack_move
from server.chain import deploy
from server.chain.contracts import game_contract
from server.chain.node import connect
from server.chain.sender import Sender
from server.checks.audit import command, fetch, record
from server.checks.audit.node import Node
from server.local.probe import unused_port
from server.local.stack import Stack
from server.model.payout import Stake, payout
from server.settings import Environment, SettingsError, key_of

POT = deploy.ETHER // 2
REWARD = deploy.ETHER // 10_000
MAX_PLY = 40
GAS_MONEY = deploy.ETHER // 100
"""What a wallet gets for gas, besides its stake, in wei."""
LOBBY = 25
"""Seconds in which everybody must have staked."""
GAME_SECONDS = 1800
"""Longest game, in seconds."""

TERMS = {
    **deploy.DEMO_TERMS,
    "lobbyPeriod": LOBBY,
    "quorum": 2500,
    "fee": 200,
    "maxPly": MAX_PLY,
    "reward": REWARD,
}

VALUES = {chess.PAWN: 1, chess.KNIGHT: 3, chess.BISHOP: 3, chess.ROOK: 5, chess.QUEEN: 9, chess.KING: 0}


class SimulationError(SettingsError):
    """The game did not go as promised."""


def simulate(voters: int, seed: int, save: Path | None) -> dict[str, Any]:
    """Plays and checks one game; returns its numbers, amounts in wei as strings. Raises SimulationError."""
    if not 2 <= voters <= 1000:
        raise SettingsError(f"--voters: {voters} is not between 2 and 1000")
    folder = Path(tempfile.mkdtemp(prefix="proofmate-"))
    defaults = dict.fromkeys(("redis_url", "rpc_url", "public_rpc_url", "contract", "start_block", "payee"))
    ports = {"port": unused_port(), "chain_port": unused_port(), "host": "127.0.0.1", "chain_id": 31337}
    stack = Stack(Environment.read(data_dir=folder, **defaults, **ports), _say, demo=False)
    try:
        stack.start()
        simulation = Simulation(stack, voters, seed)
        pool = ThreadPoolExecutor(1)
        game = pool.submit(simulation.run, save)
        pool.shutdown(wait=False)  # when the stack is stopped, the game fails and its thread ends
        while not game.done():  # the stack is watched by the thread that started it
            stack.tick()
            time.sleep(0.25)
        result = game.result()
    except BaseException:
        _say(f"the logs are in {folder / 'logs'}")
        raise
    finally:
        stack.stop()
    shutil.rmtree(folder)
    return result


def choose(board: chess.Board, chance: random.Random) -> chess.Move:
    """The move of a voter who looks one ply ahead: mate, then most material, then chance."""

    def worth(move: chess.Move) -> int:
        gain = VALUES[move.promotion] - 1 if move.promotion else 0
        captured = chess.PAWN if board.is_en_passant(move) else board.piece_type_at(move.to_square)
        gain += VALUES[captured] if captured and board.is_capture(move) else 0
        board.push(move)
        mate = board.is_checkmate()
        board.pop()
        return 1000 if mate else gain

    worths = {move: worth(move) for move in sorted(board.legal_moves, key=pack_move)}
    return chance.choice([move for move, value in worths.items() if value == max(worths.values())])


@dataclasses.dataclass
class Wallet:
    """A person: an account that stakes and, for the World, a vote key and a seat."""

    account: Any
    vote_key: Any
    side: str
    stake: int
    seat: int | None = None


class Simulation:
    """One game on a stack that is up."""

    def __init__(self, stack: Stack, voters: int, seed: int) -> None:
        assert stack.deployment is not None
        self.stack, self.seed, self.deployment = stack, seed, stack.deployment
        self.http = httpx.Client(base_url=stack.url, timeout=30)
        self.w3 = self._connect(f"{stack.url}/rpc")
        self.game = game_contract(self.w3, self.deployment.contract)
        chance = random.Random(seed)
        self.wallets = [
            Wallet(
                account=self._key("account", number),
                vote_key=self._key("vote", number),
                side="leela" if number % 4 == 3 or number == voters - 1 else "world",
                stake=chance.randint(deploy.DEMO_TERMS["minStake"], 8 * deploy.ETHER // voters),
            )
            for number in range(voters)
        ]
        self.world = [wallet for wallet in self.wallets if wallet.side == "world"]
        self.number = -1

    @staticmethod
    def _connect(url: str) -> Web3:
        """The api's JSON-RPC, waiting when it asks to: twenty wallets share one address here."""
        session = requests.Session()
        patience = Retry(10, status_forcelist=(429, 503), allowed_methods=None, backoff_factor=0.2)
        session.mount("http://", HTTPAdapter(max_retries=patience, pool_maxsize=16))
        return Web3(Web3.HTTPProvider(url, session=session, exception_retry_configuration=None))

    def _key(self, purpose: str, number: int) -> Any:
        return Account.from_key(keccak(f"proofmate simulate {self.seed} {purpose} {number}".encode()))

    def run(self, save: Path | None) -> dict[str, Any]:
        """The whole game, from an empty lobby to an empty contract."""
        with ThreadPoolExecutor(8) as pool:
            each: Callable[..., list[Any]] = lambda work, items: list(pool.map(work, items))  # noqa: E731
            self._fund()
            self._create()
            each(self._stake, self.wallets)
            _say(f"game {self.number}: {len(self.world)} seats, {len(self.wallets) - len(self.world)} stakes on Leela")
            document, seconds = self._play(each)
            paid = self._claim()
        return self._report(document, seconds, paid, save)

    # ------------------------------------------------------------------------------------------------- before the game

    def _fund(self) -> None:
        """The first wallet asks the faucet, and shares with the others."""
        first = self.wallets[0]
        answer = self.http.post("/api/faucet", json={"address": first.account.address})
        self._expect(answer.is_success, f"the faucet answered {answer.status_code}: {answer.text}")
        self._await(lambda: self.w3.eth.get_balance(first.account.address) > deploy.ETHER, 30, "the faucet's money")
        chain_id, fee = self.w3.eth.chain_id, 2 * self.w3.eth.gas_price
        sent = []
        for nonce, wallet in enumerate(self.wallets[1:]):
            transfer = {"to": wallet.account.address, "value": wallet.stake + GAS_MONEY, "nonce": nonce, "gas": 21_000}
            signed = first.account.sign_transaction({**transfer, "chainId": chain_id, "gasPrice": fee})
            sent.append(self.w3.eth.send_raw_transaction(signed.raw_transaction))
        for transaction in sent:
            self.w3.eth.wait_for_transaction_receipt(transaction)

    def _create(self) -> None:
        key = key_of(self.stack.env, "owner")
        assert key is not None
        owner = Sender(connect(self.stack.rpc_url), key, "OWNER_KEY")
        game = game_contract(owner.w3, self.deployment.contract)
        book = deploy.add_book(game, owner, deploy.read_book("endgames"))
        terms = {**TERMS, "model": self.deployment.model, "book": book}
        self.fund = MAX_PLY * REWARD
        self.number = deploy.create_game(game, owner, terms, self.fund, POT)
        self.creator = owner.address

    def _stake(self, wallet: Wallet) -> None:
        world = wallet.side == "world"
        vote_key = wallet.vote_key.address if world else "0x" + "00" * 20
        receipt = self._transact(
            wallet, self.game.functions.stake(self.number, 0 if world else 1, vote_key), wallet.stake
        )
        if world:
            wallet.seat = int(self.game.events.Staked().process_receipt(receipt)[0]["args"]["seat"])

    def _transact(self, wallet: Wallet, call: Any, value: int = 0) -> Any:
        sender = Sender(self.w3, wallet.account.key.to_0x_hex(), "simulate")
        return sender.send(call, value)

    # -------------------------------------------------------------------------------------------------------- the game

    def _play(self, each: Callable[..., list[Any]]) -> tuple[dict[str, Any], list[float]]:
        """Votes until the game is over. Returns its document, and the seconds of each move of the network."""
        began, voted, proving = time.monotonic(), -1, None
        seconds: list[float] = []
        while True:
            document = self._document()
            state, ply, now = document["state"], document["ply"], time.monotonic()
            if proving is not None and (state != "prove" or ply != proving[0]):
                seconds.append(now - proving[1])
                proving = None
            if state == "prove" and proving is None:
                proving = (ply, now)
            if state == "over":
                return document, seconds
            if state == "vote" and ply > voted:
                voted = ply
                _say(f"ply {ply}: {document['fen']}")
                each(functools.partial(self._vote, document), self.world)
            self._expect(now - began < GAME_SECONDS, f"the game was still in {state} after {GAME_SECONDS} s")
            time.sleep(0.1)

    def _document(self) -> dict[str, Any]:
        answer = self.http.get(f"/api/games/{self.number}")
        if answer.status_code in (404, 503):  # not indexed yet, or a process is being started again
            return {"state": "lobby", "ply": 0}
        self._expect(answer.is_success, f"the game answered {answer.status_code}: {answer.text}")
        return dict(answer.json())

    def _vote(self, document: dict[str, Any], wallet: Wallet) -> None:
        ply, board = int(document["ply"]), chess.Board(document["fen"])
        own = random.Random(f"{self.seed} {ply} {wallet.seat}")
        # Two voters of three follow the crowd's taste, so that a leader seldom lacks the quorum.
        move = choose(board, own if own.random() < 1 / 3 else random.Random(f"{self.seed} {ply}"))
        ballot = {
            "domain": {
                "name": "Proofmate",
                "version": "1",
                "chainId": self.deployment.chainId,
                "verifyingContract": self.deployment.contract,
            },
            "types": {
                "Ballot": [
                    {"name": "game", "type": "uint256"},
                    {"name": "ply", "type": "uint16"},
                    {"name": "move", "type": "uint16"},
                    {"name": "position", "type": "bytes32"},
                ]
            },
            "primaryType": "Ballot",
            "message": {
                "game": self.number,
                "ply": ply,
                "move": pack_move(move),
                "position": bytes.fromhex(document["positionKey"][2:]),
            },
        }
        message = encode_typed_data(ballot["domain"], ballot["types"], ballot["message"])  # type: ignore[arg-type]
        signed = wallet.vote_key.sign_message(message)
        compact = signed.r.to_bytes(32, "big") + (signed.s | (signed.v - 27) << 255).to_bytes(32, "big")
        body = {"seat": wallet.seat, "ply": ply, "move": move.uci(), "signature": "0x" + compact.hex()}
        for _ in range(30):
            answer = self.http.post(f"/api/games/{self.number}/ballots", json=body)
            if answer.status_code not in (429, 503):
                break
            time.sleep(0.5)
        if answer.status_code == 409:  # the vote was decided without this seat, and closed
            return
        self._expect(answer.status_code == 202, f"a ballot was answered {answer.status_code}: {answer.text}")

    # --------------------------------------------------------------------------------------------------- after the game

    def _claim(self) -> int:
        """Claims for everyone. Returns what was paid, in wei."""
        relay = key_of(self.stack.env, "relay")
        assert relay is not None
        payee = self.stack.env.payee or Account.from_key(relay).address
        before = self.w3.eth.get_balance(self.game.address)
        for address in [wallet.account.address for wallet in self.wallets] + [self.creator, payee]:
            if self.game.functions.owed(self.number, address).call() > 0:
                self._transact(self.wallets[0], self.game.functions.claim(self.number, address))
        return int(before - self.w3.eth.get_balance(self.game.address))

    def _report(self, document: dict[str, Any], seconds: list[float], paid: int, save: Path | None) -> dict[str, Any]:
        node = Node(connect(self.stack.rpc_url))
        read = fetch.fetch([node], self.deployment.contract, self.number, self.deployment.block)
        if save is not None:
            record.write(read, save)
        audited = command.check(read, trusted="this machine's own chain")
        self._expect(audited["ok"], f"the audit found: {'; '.join(audited['problems'] + audited['unchecked'])}")
        proven = [move for move in document["moves"] if move["proof"] is not None]
        network = [move for move in document["moves"] if move["by"] != "world"]
        self._expect(len(proven) == len(network) == audited["proofs"], "a move of the network is without its proof")

        stakes = {wallet.account.address: Stake(wallet.side, wallet.stake) for wallet in self.wallets}
        due = payout(document["outcome"], stakes, int(TERMS["maxOdds"]), int(TERMS["fee"]), POT)
        staked = sum(wallet.stake for wallet in self.wallets)
        dust = self.w3.eth.get_balance(self.game.address)
        to_stakers = sum(due.stakers.values()) + due.pot_returned
        rewards = len(proven) * REWARD
        self._expect(staked + POT == to_stakers + due.fee + dust, "staked + pot is not paid + fee + dust")
        self._expect(paid == to_stakers + due.fee + self.fund, "what was claimed is not what is due")
        self._expect(dust <= len(self.wallets), f"{dust} wei of dust is more than one an account")
        return {
            "game": self.number,
            "voters": len(self.wallets),
            "seats": len(self.world),
            "seed": self.seed,
            "plies": document["ply"],
            "provenMoves": len(proven),
            "outcome": document["outcome"],
            "reason": document["reason"],
            "staked": str(staked),
            "pot": str(POT),
            "paid": str(to_stakers),
            "fee": str(due.fee),
            "dust": str(dust),
            "fund": str(self.fund),
            "rewards": str(rewards),
            "fundReturned": str(self.fund - rewards),
            "leelaSecondsMedian": round(statistics.median(seconds), 2) if seconds else None,
            "leelaSecondsWorst": round(max(seconds), 2) if seconds else None,
            "startSeconds": {name: round(value, 1) for name, value in self.stack.steps.seconds.items()},
            "audit": audited,
        }

    def _await(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        end = time.monotonic() + seconds
        while not condition():
            self._expect(time.monotonic() < end, f"{what} did not come in {seconds:.0f} s")
            time.sleep(0.1)

    @staticmethod
    def _expect(condition: bool, complaint: str) -> None:
        if not condition:
            raise SimulationError(complaint)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)

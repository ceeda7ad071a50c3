"""One game on a stack that is up, through the API and its JSON-RPC, as pages would play it.

Wallets get play money from the faucet, stake on both sides, sign ballots and claim. The stack's owner creates the game,
with a book of endgames.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import chess
import httpx
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry
from web3 import Web3

from engine.console import Bar
from server.accounts import key_of
from server.chain import deploy
from server.chain.contracts import game_contract
from server.chain.deploy import Deployment
from server.chain.node import connect
from server.chain.sender import Sender
from server.checks.simulate import plan
from server.checks.simulate.course import Course
from server.checks.simulate.plan import Wallet
from server.checks.simulate.report import Played, expect
from server.settings import Environment

GAS_MONEY = deploy.ETHER // 100
"""What a wallet gets for gas, besides its stake, in wei."""
GAME_SECONDS = 1800
"""Longest game, in seconds."""


class Simulation:
    """One game on a stack that is up."""

    def __init__(
        self, env: Environment, deployment: Deployment, url: str, rpc_url: str, voters: int, seed: int
    ) -> None:
        self.env, self.seed, self.deployment, self.rpc_url = env, seed, deployment, rpc_url
        self.http = httpx.Client(base_url=url, timeout=30)
        self.w3 = self._connect(f"{url}/rpc")
        self.game = game_contract(self.w3, deployment.contract)
        self.wallets = plan.wallets(voters, seed)
        self.payee = plan.payee(seed)
        self.world = [wallet for wallet in self.wallets if wallet.side == "world"]
        self.number = -1

    @staticmethod
    def _connect(url: str) -> Web3:
        """The API's JSON-RPC, waiting when it asks to: all wallets share one address here."""
        session = requests.Session()
        patience = Retry(10, status_forcelist=(429, 503), allowed_methods=None, backoff_factor=0.2)
        session.mount("http://", HTTPAdapter(max_retries=patience, pool_maxsize=16))
        return Web3(Web3.HTTPProvider(url, session=session, exception_retry_configuration=None))

    def run(self) -> Played:
        """The whole game, from an empty lobby to an empty contract. Raises SimulationError."""
        with ThreadPoolExecutor(8) as pool, Bar("simulate", plan.MAX_PLY, "plies") as bar:
            self._fund()
            self._create()
            list(pool.map(self._stake, self.wallets))
            bar.note(game=self.number, seats=len(self.world), stakes_on_leela=len(self.wallets) - len(self.world))
            document, course = self._play(pool, bar)
            paid = self._claim()
        dust = self.w3.eth.get_balance(self.game.address)
        return Played(self.seed, self.wallets, document, course.seconds, paid, dust)

    # ------------------------------------------------------------------------------------------------- before the game

    def _fund(self) -> None:
        """The first wallet asks the faucet, and shares with the others."""
        first = self.wallets[0]
        answer = self.http.post("/api/faucet", json={"address": first.account.address})
        expect(answer.is_success, f"the faucet answered {answer.status_code}: {answer.text}")
        self._await(lambda: self.w3.eth.get_balance(first.account.address) > deploy.ETHER, 30, "the faucet's money")
        chain_id, fee = self.w3.eth.chain_id, 2 * self.w3.eth.gas_price
        sent = []
        wanted = [(wallet.account.address, wallet.stake + GAS_MONEY) for wallet in self.wallets[1:]]
        wanted.append((self.payee.address, GAS_MONEY))
        for nonce, (address, value) in enumerate(wanted):
            transfer = {"to": address, "value": value, "nonce": nonce, "gas": 21_000}
            signed = first.account.sign_transaction({**transfer, "chainId": chain_id, "gasPrice": fee})
            sent.append(self.w3.eth.send_raw_transaction(signed.raw_transaction))
        for transaction in sent:
            self.w3.eth.wait_for_transaction_receipt(transaction)

    def _create(self) -> None:
        key = key_of(self.env, "owner")
        assert key is not None
        owner = self.owner = Sender(connect(self.rpc_url), key, "OWNER_KEY")
        game = game_contract(owner.w3, self.deployment.contract)
        book = deploy.add_book(game, owner, deploy.read_book("endgames"))
        terms = {**plan.TERMS, "model": self.deployment.model, "book": book}
        self.number = deploy.create_game(game, owner, terms, plan.FUND, plan.POT)

    def _stake(self, wallet: Wallet) -> None:
        world = wallet.side == "world"
        vote_key = wallet.vote_key.address if world else "0x" + "00" * 20
        receipt = self._transact(
            wallet, self.game.functions.stake(self.number, 0 if world else 1, vote_key), wallet.stake
        )
        if world:
            wallet.seat = int(self.game.events.Staked().process_receipt(receipt)[0]["args"]["seat"])

    def _transact(self, wallet: Wallet, call: Any, value: int = 0) -> Any:
        return self._sender(wallet.account).send(call, value)

    def _sender(self, account: Any) -> Sender:
        return Sender(self.w3, account.key.to_0x_hex(), "simulate")

    # -------------------------------------------------------------------------------------------------------- the game

    def _play(self, pool: Executor, bar: Bar) -> tuple[dict[str, Any], Course]:
        """Votes until the game is over. Returns its last document and its course."""
        end, course = time.monotonic() + GAME_SECONDS, Course()
        while True:
            expect(time.monotonic() < end, f"the game was still at ply {course.ply} after {GAME_SECONDS} s")
            if (document := self._document()) is not None:
                before, course = course, course.after(document, time.monotonic())
                if course.over:
                    return document, course
                if course.ply > before.ply:
                    bar.advance(course.ply - before.ply, game=self.number, fen=document["fen"])
                if course.voted > before.voted:
                    list(pool.map(functools.partial(self._vote, document), self.world))
            time.sleep(0.1)

    def _document(self) -> dict[str, Any] | None:
        """The game's document; None: it is not indexed yet, or a process is being started again."""
        answer = self.http.get(f"/api/games/{self.number}")
        if answer.status_code in (404, 503):
            return None
        expect(answer.is_success, f"the game answered {answer.status_code}: {answer.text}")
        return dict(answer.json())

    def _vote(self, document: dict[str, Any], wallet: Wallet) -> None:
        move = plan.vote(self.seed, int(document["ply"]), wallet.seat, chess.Board(document["fen"]))
        body = plan.ballot(wallet, document, move)
        for _ in range(30):
            answer = self.http.post(f"/api/games/{self.number}/ballots", json=body)
            if answer.status_code not in (429, 503):
                break
            time.sleep(0.5)
        if answer.status_code == 409:  # the vote was decided without this seat, and closed
            return
        expect(answer.status_code == 202, f"a ballot was answered {answer.status_code}: {answer.text}")

    # --------------------------------------------------------------------------------------------------- after the game

    def _claim(self) -> int:
        """Everyone claims. Returns what was paid, in wei."""
        before = self.w3.eth.get_balance(self.game.address)
        senders = [self._sender(account) for account in [wallet.account for wallet in self.wallets] + [self.payee]]
        for sender in [*senders, self.owner]:
            if self.game.functions.owed(self.number, sender.address).call() > 0:
                sender.send(self.game.functions.claim(self.number, sender.address))
        return int(before - self.w3.eth.get_balance(self.game.address))

    def _await(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        end = time.monotonic() + seconds
        while not condition():
            expect(time.monotonic() < end, f"{what} did not come in {seconds:.0f} s")
            time.sleep(0.1)

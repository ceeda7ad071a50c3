"""What the API tells of a vault: its contract, the read model's document, the proofs of its decisions."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, cast

from fastapi.concurrency import run_in_threadpool
from pydantic import ConfigDict
from redis.asyncio import Redis
from web3.exceptions import TransactionNotFound

from engine.dense import Network
from engine.rockefeller.hours import FEATURES
from engine.words import context_word
from server.api.problems import Problem
from server.chain.vault import NETWORK, Vault, vault_abi
from server.model.frozen import Frozen, Signed, Wei
from server.model.vault import Decision, HourView, VaultState, hour_views, key_of_input
from server.settings import Settings
from server.store.names import Names
from server.store.records import DecisionProgress, Head, StoredDecision, chain_time

FRESH_SECONDS = 1.0
"""How long a copy of the document is used for all who ask."""
HOURS = 120
"""Hours of the document, the present one among them."""
DECISIONS = 30
"""Decisions of the document, the newest first."""
VISIT_SECONDS = 60
"""For how long a look at the vault counts as somebody being here."""
SLOT0: Any = [
    {
        "name": "slot0",
        "type": "function",
        "stateMutability": "view",
        "inputs": [],
        "outputs": [{"name": "price", "type": "uint160"}, {"name": "tick", "type": "int24"}],
    },
    {
        "name": "fee",
        "type": "function",
        "stateMutability": "view",
        "inputs": [],
        "outputs": [{"name": "", "type": "uint24"}],
    },
]
"""What is asked of a Uniswap v3 pool: the first fields of `slot0`, and its fee in millionths."""


class Token(Frozen):
    address: str
    symbol: str
    decimals: int


class VaultContract(Frozen):
    """What never changes of a vault. What each function promises: contracts/src/vault/IRockefeller.sol."""

    address: str
    chain_id: int
    abi: list[dict[str, Any]]
    base: Token
    """The token whose price the network predicts."""
    quote: Token
    """The token that the price is in."""
    pool: str
    """The Uniswap v3 pool that it trades on."""
    pool_fee: int
    """In millionths of what is given."""
    verifier: str
    code_hash: str
    """keccak256 of the verifier's code, pinned at the vault's creation."""
    network_hash: str
    """SHA-256 of the network's file."""
    hour_seconds: int
    """3600; shorter on a local chain only."""
    reward_basis_points: int
    """The prover's share of a trade."""
    reward_cap: Wei
    first_shares: Wei
    """What the first deposit gets."""
    local_tokens: bool
    """A local chain's: anyone may mint the tokens (`mint(to, amount)`), so they are worth nothing."""


class VaultDocument(Frozen):
    """A vault as it stands. Amounts are in the tokens' smallest units."""

    address: str
    now: int
    """The chain's time."""
    hour: int
    """The hour it is, `now / hourSeconds`."""
    hour_seconds: int
    tick: int
    """Of the base's price in the pool now: 1.0001^tick in smallest units."""
    base: Wei
    quote: Wei
    shares: Wei
    deposits: int
    redemptions: int
    decided: int
    hours: tuple[HourView, ...]
    """The last hours, the present one last."""
    decisions: tuple[Decision, ...]
    """The last decisions, the newest first."""
    proof: DecisionProgress | None
    """The proof of the present hour's decision, while a worker of this server makes it."""


class DecisionProof(Frozen):
    """The proof of a decision as it stands on the chain, and what a check of it needs."""

    hour: int
    bucket: int
    features: tuple[int, ...]
    """The network's input, from the boundaries that the vault has recorded."""
    words: tuple[str, ...]
    """The public words: bitmap, input, context."""
    proof: str
    payee: str
    context: str
    base: Signed
    quote: Signed
    verifier: str
    tx: str
    block: int
    gas: int
    seconds: float | None
    """What the worker took; null if it was not one of this server's."""


class NetworkPassport(Frozen):
    """What is known of a vault's network (more fields than are named here). It promises obedience, never profit."""

    model_config = ConfigDict(extra="allow", alias_generator=None)

    name: str
    sha256: str
    promise: str
    parameters: int
    out_of_sample: dict[str, Any]
    """Walk-forward: how often it was right, and what trading by it made of 1 against holding, hour by hour."""


class VaultReader:
    """Reads the vault of this server."""

    def __init__(self, settings: Settings, vault: Vault, redis: Redis, names: Names) -> None:
        self.settings, self.vault, self.redis, self.names = settings, vault, redis, names
        self.pool = vault.w3.eth.contract(vault.contract.functions.pool().call(), abi=SLOT0)
        self.network = Network.load(NETWORK, FEATURES)
        self._contract: VaultContract | None = None
        self._copy: tuple[float, bytes] | None = None
        self._lock = asyncio.Lock()

    # ------------------------------------------------------------------------------------------------------ contract

    async def contract(self) -> VaultContract:
        if self._contract is None:
            self._contract = await run_in_threadpool(self._read_contract)
        return self._contract

    def _read_contract(self) -> VaultContract:
        functions = self.vault.contract.functions
        return VaultContract(
            address=self.vault.address,
            chain_id=self.settings.chain_id,
            abi=vault_abi(),
            base=self._token(self.vault.base),
            quote=self._token(self.vault.quote),
            pool=str(self.pool.address),
            pool_fee=self.pool.functions.fee().call(),
            verifier=functions.verifier().call(),
            code_hash="0x" + bytes(functions.codeHash().call()).hex(),
            network_hash="0x" + self.vault.network_hash.hex(),
            hour_seconds=self.vault.seconds,
            reward_basis_points=functions.rewardBasisPoints().call(),
            reward_cap=functions.rewardCap().call(),
            first_shares=functions.FIRST_SHARES().call(),
            local_tokens=self.settings.local,
        )

    def _token(self, address: str) -> Token:
        functions = self.vault.w3.eth.contract(cast(Any, address), abi=vault_abi()).functions  # an ERC-20 token as well
        return Token(address=address, symbol=functions.symbol().call(), decimals=functions.decimals().call())

    # ------------------------------------------------------------------------------------------------------ document

    async def document(self) -> bytes:
        """The document as JSON, made once a second for all who ask."""
        async with self._lock:
            if self._copy is None or time.monotonic() - self._copy[0] > FRESH_SECONDS:
                made = time.monotonic()
                self._copy = (made, (await self._load()).dump().encode())
            return self._copy[1]

    async def visited(self) -> None:
        """Notes that somebody looks: on a local chain nothing happens while nobody does."""
        await self.redis.set(self.names.vault_visited, "1", ex=VISIT_SECONDS)

    async def state(self) -> VaultState:
        """The read model's. Raises Problem while the indexer has not read the vault."""
        found = VaultState.load(cast("str | None", await self.redis.get(self.names.vault(self.vault.address))))
        if found is None:
            raise Problem(503, "the vault has not been read from the chain yet; try again soon", "away", retry_after=1)
        return found

    async def _load(self) -> VaultDocument:
        state = await self.state()
        head, told = await self.redis.mget([self.names.head, self.names.vault_progress])
        now, seconds = chain_time(Head.load(cast("str | None", head))), self.vault.seconds
        _, tick = await run_in_threadpool(self.pool.functions.slot0().call)
        hour, first = now // seconds, self.vault.base_is_token0
        progress = DecisionProgress.load(cast("str | None", told))
        under_way = progress is not None and progress.hour == hour > max((d.hour for d in state.decisions), default=0)
        return VaultDocument(
            address=state.address,
            now=now,
            hour=hour,
            hour_seconds=seconds,
            tick=tick if first else -tick,
            **{
                name: getattr(state, name) for name in ("base", "quote", "shares", "deposits", "redemptions", "decided")
            },
            hours=tuple(hour_views(dict(state.boundaries), self.network, first, seconds, hour, HOURS)),
            decisions=state.decisions[: -DECISIONS - 1 : -1],
            proof=progress if under_way else None,
        )

    # --------------------------------------------------------------------------------------------------------- proofs

    async def proof(self, hour: int) -> DecisionProof:
        """The proof of an hour's decision. Raises Problem if it is not among the last, or not in its transaction."""
        decision = next((d for d in (await self.state()).decisions if d.hour == hour), None)
        if decision is None:
            raise Problem(404, f"no decision of hour {hour} is known here", "decision")
        found = await run_in_threadpool(self._submitted, decision)
        features = found["features"]
        stored = await self.redis.get(self.names.decision(hour, key_of_input(features)))
        made = StoredDecision.load(cast("str | None", stored))
        ours = made is not None and made.proof == "0x" + found["proof"].hex()
        context = context_word(self.settings.chain_id, self.vault.address, hour, decision.payee)
        words = [f"0x{word:x}" for word in (*found["bitmap"], *self.network.input_words(features), context)]
        return DecisionProof(
            **{name: getattr(decision, name) for name in ("hour", "bucket", "payee", "base", "quote", "tx", "block")},
            features=tuple(features),
            words=tuple(words),
            proof="0x" + found["proof"].hex(),
            context=words[-1],
            verifier=(await self.contract()).verifier,
            gas=decision.gas,
            seconds=made.seconds if ours and made is not None else None,
        )

    def _submitted(self, decision: Decision) -> dict[str, Any]:
        """What a decision's transaction says, and the network's input, from the boundaries that the vault keeps."""
        absent = Problem(404, f"the proof of hour {decision.hour} is not in its transaction's own call", "decision")
        try:
            transaction = self.vault.w3.eth.get_transaction(cast(Any, decision.tx))
            function, args = self.vault.contract.decode_function_input(transaction["input"])
        except (TransactionNotFound, ValueError):
            raise absent from None
        features = self.vault.features(decision.hour)
        if function.fn_name != "decide" or args["hour"] != decision.hour or features is None:
            raise absent
        return {"bitmap": args["bitmap"], "proof": bytes(args["proof"]), "features": features.tolist()}

    # ------------------------------------------------------------------------------------------------------- passport

    def passport(self) -> NetworkPassport:
        """The passport of the vault's network. Raises Problem if it is not this checkout's."""
        if self.network.hash != self.vault.network_hash:
            raise Problem(404, "the vault's network is not this checkout's", "network")
        return NetworkPassport.model_validate(json.loads(NETWORK.with_suffix(".json").read_text()))

"""A node that lies, and the lies it can tell: each changes what an honest node answers.

A lie is caught (exit code 1), disclosed (exit code 2 and a line that says what could not be checked), or ignored (the
audit does not read what was changed, so that its result is the honest one).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from eth_hash.auto import keccak
from web3 import Web3

from server.checks.audit import events, tries
from server.checks.audit.encoding import encode_transaction
from server.checks.audit.node import Node, NodeError
from tests.server.scripted import ScriptedGame

CAUGHT, DISCLOSED, IGNORED = "caught", "disclosed", "ignored"
ACCEPTS_ALL = "0x00" + "5b" * 1600
"""Code that accepts any proof: it stops at once."""


@dataclass(frozen=True)
class Target:
    """The game that is lied about."""

    game: ScriptedGame
    anchor: str
    rules: str
    pointer: str

    def log(self, name: str, log: Any) -> bool:
        return bool(log["topics"][0] == events.topics()[name])


Answer = Callable[[Target, str, Sequence[Any], Any], Any]
"""Changes a result: of what target, by which method, for which parameters. The result is a copy."""


class LyingNode(Node):
    """Asks an honest node, and changes its answers."""

    def __init__(self, target: Target, lie: Answer) -> None:
        super().__init__(target.game.w3)
        self.target, self.lie = target, lie

    def ask(self, method: str, *params: Any) -> Any:
        return self.lie(self.target, method, params, copy.deepcopy(super().ask(method, *params)))

    def ask_many(self, method: str, parameters: Sequence[Sequence[Any]]) -> Iterator[Any]:
        for params, result in zip(parameters, super().ask_many(method, parameters), strict=True):
            yield self.lie(self.target, method, params, copy.deepcopy(result))


def flip(text: str, byte: int = -1) -> str:
    """Hex with one bit of a byte changed."""
    data = bytearray.fromhex(text[2:])
    data[byte] ^= 1
    return "0x" + data.hex()


# ----------------------------------------------------------------------------------------------------------------- logs


def in_logs(change: Callable[[Target, list[Any]], list[Any]]) -> Answer:
    """A lie in the answers to eth_getLogs."""
    return lambda target, method, params, result: change(target, result) if method == "eth_getLogs" else result


def dropped(name: str, every: bool = True) -> Answer:
    """All logs of an event, or the last one, are missing."""

    def change(target: Target, logs: list[Any]) -> list[Any]:
        places = [place for place, log in enumerate(logs) if target.log(name, log)]
        return [log for place, log in enumerate(logs) if place not in (places if every else places[-1:])]

    return in_logs(change)


def altered(name: str, change: Callable[[Any], None]) -> Answer:
    """The first log of an event is another, in eth_getLogs and in its receipt."""

    def answer(target: Target, method: str, params: Sequence[Any], result: Any) -> Any:
        if method == "eth_getLogs":
            found = result
        elif method == "eth_getBlockReceipts":
            found = [log for receipt in result for log in receipt["logs"]]
        else:
            return result
        for log in found:
            if target.log(name, log):
                change(log)
                break
        return result

    return answer


def data_of(name: str, byte: int = -1) -> Answer:
    return altered(name, lambda log: log.update(data=flip(log["data"], byte)))


def topic_of(name: str) -> Answer:
    return altered(name, lambda log: log["topics"].__setitem__(-1, flip(log["topics"][-1])))


def after_ply(ply: int) -> Answer:
    """The game is cut off: no logs from a ply on."""

    def change(target: Target, logs: list[Any]) -> list[Any]:
        for place, log in enumerate(logs):
            if target.log("Moved", log) and int(log["topics"][2], 16) == ply:
                return logs[:place]
        return logs

    return in_logs(change)


def moved_to(key: str, value: str) -> Answer:
    """The last log is said to be elsewhere."""
    return in_logs(lambda target, logs: [*logs[:-1], {**logs[-1], key: value}] if logs else logs)


# -------------------------------------------------------------------------------------------- transactions and receipts


def in_blocks(change: Callable[[Target, Any], Any]) -> Answer:
    """A lie in every block that has transactions and is asked for with them."""

    def answer(target: Target, method: str, params: Sequence[Any], result: Any) -> Any:
        whole = method == "eth_getBlockByNumber" and params[1] and result["transactions"]
        return change(target, result) if whole else result

    return answer


def in_call(function: str, change: Callable[[Any], None], fitting: bool = False) -> Answer:
    """The transactions that call a function are others. `fitting`: the block's root is made to fit."""
    selector = Web3.to_hex(
        keccak(
            next(found.signature.encode() for found in events.interface().all_functions() if found.fn_name == function)
        )[:4]
    )

    def alter(target: Target, block: Any) -> Any:
        hit = [transaction for transaction in block["transactions"] if transaction["input"].startswith(selector)]
        for transaction in hit:
            change(transaction)
        if hit and fitting:
            encoded = [encode_transaction(transaction) for transaction in block["transactions"]]
            block["transactionsRoot"] = "0x" + keccak(tries.proofs(encoded, [0])[0][0]).hex()
        return block

    return in_blocks(alter)


def in_receipts(change: Callable[[Target, list[Any]], list[Any]]) -> Answer:
    """A lie in the answers to eth_getBlockReceipts."""
    return lambda target, method, params, result: (
        change(target, result) if method == "eth_getBlockReceipts" and result else result
    )


def failed(target: Target, receipts: list[Any]) -> list[Any]:
    return [{**receipt, "status": "0x0"} for receipt in receipts]


def without_last_log(target: Target, receipts: list[Any]) -> list[Any]:
    return [{**receipt, "logs": receipt["logs"][:-1]} for receipt in receipts]


def with_forged_claim(target: Target, receipts: list[Any]) -> list[Any]:
    """One more payment."""
    for receipt in receipts:
        receipt["logs"] += [log for log in receipt["logs"] if target.log("Claimed", log)]
    return receipts


def emptied(target: Target, receipts: list[Any]) -> list[Any]:
    return []


# -------------------------------------------------------------------------------------------------------------- headers


def in_headers(change: Callable[[Target, Any], None], only: Callable[[Any], bool] = lambda block: True) -> Answer:
    """A lie in every block's header."""

    def answer(target: Target, method: str, params: Sequence[Any], result: Any) -> Any:
        if method.startswith("eth_getBlockBy") and result is not None and only(result):
            change(target, result)
        return result

    return answer


def has_transactions(block: Any) -> bool:
    return bool(block["transactions"])


def sooner(target: Target, block: Any) -> None:
    block["timestamp"] = hex(int(block["timestamp"], 16) - 1)


def another(field: str) -> Callable[[Target, Any], None]:
    return lambda target, block: block.update({field: flip(block[field])})


def older_anchor(target: Target, method: str, params: Sequence[Any], result: Any) -> Any:
    """The block that the user gave is said to be an older one: the last payment is not in it."""
    if method == "eth_getBlockByHash":
        number = hex(int(result["number"], 16) - 1)
        return target.game.w3.provider.make_request("eth_getBlockByNumber", [number, False])["result"]  # type: ignore[arg-type]
    return result


# ------------------------------------------------------------------------------------------------------- code and state


def code_of(which: Callable[[Target], str], code: Callable[[str], str]) -> Answer:
    """An account has other code."""

    def answer(target: Target, method: str, params: Sequence[Any], result: Any) -> Any:
        return code(result) if method == "eth_getCode" and params[0] == which(target) else result

    return answer


def verifier(target: Target) -> str:
    return target.game.deployment.verifier


def contract(target: Target) -> str:
    return target.game.game.address


def two_lies(target: Target, method: str, params: Sequence[Any], result: Any) -> Any:
    """A verifier that accepts anything, and its hash in the registration: what once fooled the audit."""
    result = code_of(verifier, lambda code: ACCEPTS_ALL)(target, method, params, result)
    wanted = keccak(bytes.fromhex(ACCEPTS_ALL[2:])).hex()

    def change(log: Any) -> None:
        data = log["data"]
        log["data"] = data[: 2 + 4 * 64] + wanted + data[2 + 5 * 64 :]

    return altered("ModelAdded", change)(target, method, params, result)


def in_proofs(change: Callable[[Target, Any], Any]) -> Answer:
    """A lie in the answers to eth_getProof."""
    return lambda target, method, params, result: change(target, result) if method == "eth_getProof" else result


def richer(target: Target, proof: Any) -> Any:
    return {**proof, "balance": hex(10**24)}


def other_values(target: Target, proof: Any) -> Any:
    return {**proof, "storageProof": [{**part, "value": "0x7"} for part in proof["storageProof"]]}


def other_account(target: Target, proof: Any) -> Any:
    return {**proof, "accountProof": [*proof["accountProof"][:-1], flip(proof["accountProof"][-1])]}


def other_slots(target: Target, proof: Any) -> Any:
    """The proofs of the slots are exchanged."""
    return {**proof, "storageProof": proof["storageProof"][::-1]}


def no_slots(target: Target, proof: Any) -> Any:
    return {**proof, "storageProof": [{**part, "proof": []} for part in proof["storageProof"]]}


def old_state(target: Target, method: str, params: Sequence[Any], result: Any) -> Any:
    """Proofs of an older state, in which the last payment was not made."""
    if method != "eth_getProof":
        return result
    asked = [*params[:2], hex(int(params[2], 16) - 1)]
    return target.game.w3.provider.make_request("eth_getProof", asked)["result"]  # type: ignore[arg-type]


def refused(*methods: str) -> Answer:
    """The node does not answer some requests."""

    def answer(target: Target, method: str, params: Sequence[Any], result: Any) -> Any:
        if method in methods:
            raise NodeError(f"{method}: the method does not exist")
        return result

    return answer


def forgotten(target: Target, method: str, params: Sequence[Any], result: Any) -> Any:
    """The node hides the transaction that created the contract."""
    if method == "eth_getBlockByNumber" and params[1]:
        creations = [transaction for transaction in result["transactions"] if transaction["to"] is None]
        if creations and int(result["number"], 16) == target.game.deployment.block:
            raise NodeError("no such block")
    return result


def chain_id(target: Target, method: str, params: Sequence[Any], result: Any) -> Any:
    return "0xa" if method == "eth_chainId" else result


def garbage(method: str, value: Any) -> Answer:
    """A method is answered with nonsense."""
    return lambda target, asked, params, result: value if asked == method else result


TOLD = [name for name in events.EMITTERS if not name.startswith("Round")]
"""Events of the game that is lied about; the beacon draws on no local chain."""
SHARED = {"VoteClosed": IGNORED, "GameOver": IGNORED, "LobbyExtended": IGNORED}
"""Events in the same transaction as a move or a stake: its receipt shows them."""
MALFORMED = {"BallotsCast": DISCLOSED}
"""Events whose last byte is padding: with another one the answer cannot be read."""
LIES: dict[str, tuple[Answer, str]] = {
    # What eth_getLogs leaves out. Events that share a transaction with others are found in its receipt all the same.
    **{
        f"no {name} in the logs": (dropped(name), {"GameCreated": DISCLOSED, **SHARED}.get(name, CAUGHT))
        for name in TOLD
    },
    "one Staked less": (dropped("Staked", every=False), IGNORED),
    "one BallotsCast less": (dropped("BallotsCast", every=False), CAUGHT),
    "one Claimed less": (dropped("Claimed", every=False), CAUGHT),
    "the game ends before ply 1": (after_ply(1), CAUGHT),
    "the game ends before ply 3": (after_ply(3), CAUGHT),
    "no logs at all": (in_logs(lambda target, logs: []), DISCLOSED),
    "logs twice": (in_logs(lambda target, logs: logs + logs), IGNORED),
    "logs in reverse": (in_logs(lambda target, logs: logs[::-1]), IGNORED),
    "a log in another block": (moved_to("blockNumber", "0x3"), CAUGHT),
    "a log of another transaction": (moved_to("transactionIndex", "0x7"), DISCLOSED),
    # What logs say, in eth_getLogs and in receipts alike.
    **{f"other data of {name}": (data_of(name), MALFORMED.get(name, CAUGHT)) for name in TOLD},
    "another network hash": (data_of("ModelAdded", 6 * 32 - 1), CAUGHT),
    "a secure setup": (data_of("ModelAdded", 2 * 32 - 1), CAUGHT),
    "another quorum": (data_of("GameCreated", 9 * 32 - 1), CAUGHT),
    "another pot": (data_of("GameCreated", -1), CAUGHT),
    "another staker": (topic_of("Staked"), CAUGHT),
    "another vote key": (data_of("Staked", 3 * 32 - 1), CAUGHT),
    "another payee of a claim": (topic_of("Claimed"), CAUGHT),
    "another receiver of a claim": (data_of("Claimed", 31), CAUGHT),
    "another deadline": (data_of("Moved", -1), CAUGHT),
    "a log of another contract": (altered("Staked", lambda log: log.update(address="0x" + "12" * 20)), CAUGHT),
    # Transactions and receipts.
    "another proof": (in_call("submitMove", lambda call: call.update(input=flip(call["input"], -20))), CAUGHT),
    "another bitmap": (in_call("submitMove", lambda call: call.update(input=flip(call["input"], 99))), CAUGHT),
    "another proof under a fitting root": (
        in_call("submitMove", lambda call: call.update(input=flip(call["input"], -20)), fitting=True),
        CAUGHT,
    ),
    "other ballots": (in_call("castBallots", lambda call: call.update(input=flip(call["input"], 160))), CAUGHT),
    "another value of a stake": (in_call("stake", lambda call: call.update(value="0x1")), CAUGHT),
    "another signature": (in_call("stake", lambda call: call.update(r=flip(call["r"]))), DISCLOSED),
    "another nonce": (in_call("claim", lambda call: call.update(nonce="0x77")), CAUGHT),
    "another target": (in_call("castBallots", lambda call: call.update(to="0x" + "12" * 20)), CAUGHT),
    "another sender, in words": (in_call("stake", lambda call: call.update({"from": "0x" + "12" * 20})), IGNORED),
    "transactions of an unknown type": (in_call("stake", lambda call: call.update(type="0x64")), DISCLOSED),
    "failed transactions": (in_receipts(failed), CAUGHT),
    "receipts without their last log": (in_receipts(without_last_log), CAUGHT),
    "a payment made twice": (in_receipts(with_forged_claim), CAUGHT),
    "no receipts": (in_receipts(emptied), DISCLOSED),
    # Headers.
    "other times": (in_headers(sooner, has_transactions), CAUGHT),
    "other state roots": (in_headers(another("stateRoot")), CAUGHT),
    "other parents": (in_headers(another("parentHash")), CAUGHT),
    "other receipts roots": (in_headers(another("receiptsRoot"), has_transactions), CAUGHT),
    "other hashes, in words": (in_headers(another("hash")), IGNORED),
    "an older block for the one that was given": (older_anchor, CAUGHT),
    # Code and state.
    "a verifier that accepts all": (code_of(verifier, lambda code: ACCEPTS_ALL), CAUGHT),
    "a verifier that accepts all, and its hash": (two_lies, CAUGHT),
    "no code at the verifier": (code_of(verifier, lambda code: "0x"), CAUGHT),
    "other code of the contract": (code_of(contract, lambda code: flip(code, 99)), CAUGHT),
    "other code of the rules": (code_of(lambda target: target.rules, lambda code: flip(code, 99)), CAUGHT),
    "another book": (code_of(lambda target: target.pointer, lambda code: flip(code, 40)), CAUGHT),
    "more money, in words": (in_proofs(richer), IGNORED),
    "other storage, in words": (in_proofs(other_values), IGNORED),
    "another account": (in_proofs(other_account), CAUGHT),
    "storage exchanged": (in_proofs(other_slots), CAUGHT),
    "storage without proofs": (in_proofs(no_slots), CAUGHT),
    "an older state": (old_state, CAUGHT),
    "no proofs of the state": (refused("eth_getProof"), DISCLOSED),
    "no creation": (forgotten, DISCLOSED),
    # The rest.
    "another chain": (chain_id, CAUGHT),
    "garbage for logs": (garbage("eth_getLogs", "0x"), DISCLOSED),
    "garbage for receipts": (garbage("eth_getBlockReceipts", [{}]), DISCLOSED),
    "garbage for code": (garbage("eth_getCode", "code"), CAUGHT),
    "garbage for proofs": (garbage("eth_getProof", {"accountProof": ["0x"], "storageProof": []}), DISCLOSED),
}
"""Every lie, and what becomes of it if the user gives the block's hash."""

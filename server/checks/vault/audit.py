"""`proofmate audit vault`: every decision again, from the chain and the network's file.

For each decision: the features from the boundaries that had been recorded by then, the network's choice on them, the
proof of its transaction judged on this machine, the size of the trade. For the whole: holdings, shares and boundaries
add up from all events to what stands in the vault's state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.dense import Network
from engine.words import SCALAR_FIELD, context_word
from server.chain.vault import Vault, window
from server.model.vault import features_of

BATCH = 100
"""Boundaries asked for in one request."""
Judge = Callable[[Sequence[int], bytes], bool]
"""Whether a proof is valid for these public words: `Prover.verify`."""


@dataclass
class Findings:
    """What an audit counted, and what is false."""

    decisions: int = 0
    proofs: int = 0
    deposits: int = 0
    redemptions: int = 0
    boundaries: int = 0
    false: list[str] = field(default_factory=list)

    def expect(self, holds: bool, otherwise: str) -> bool:
        """Notes what is false unless it holds."""
        if not holds:
            self.false.append(otherwise)
        return holds


def audit(vault: Vault, network: Network, judge: Judge, start: int = 0) -> dict[str, Any]:
    """Replays a vault from the block `start` on. `false` in the answer lists what does not agree; it must be empty."""
    found = Findings()
    found.expect(
        vault.network_hash == network.hash,
        f"the vault names the network {vault.network_hash.hex()}, the file is {network.hash.hex()}",
    )
    base = quote = shares = 0
    hours: set[int] = set()
    known: dict[int, int] = {}
    for event in _events(vault, start):
        args, kind = event["args"], event["event"]
        if kind == "HourRecorded":
            found.boundaries += 1
            found.expect(args["hour"] not in known, f"boundary {args['hour']}: recorded twice")
            known[args["hour"]] = args["tickCumulative"]
        elif kind == "Deposited":
            found.deposits += 1
            if shares:  # in proportion, rounded up
                for held, given in ((base, args["base"]), (quote, args["quote"])):
                    found.expect(
                        given * shares >= held * args["shares"],
                        f"a deposit in block {event['blockNumber']} gave too little",
                    )
            base, quote, shares = base + args["base"], quote + args["quote"], shares + args["shares"]
        elif kind == "Redeemed":
            found.redemptions += 1
            for held, taken in ((base, args["base"]), (quote, args["quote"])):
                found.expect(
                    taken * shares <= held * args["shares"],
                    f"a redemption in block {event['blockNumber']} took too much",
                )
            base, quote, shares = base - args["base"], quote - args["quote"], shares - args["shares"]
        elif kind == "Decided":
            found.decisions += 1
            hour = args["hour"]
            found.expect(hour not in hours, f"hour {hour}: decided twice")
            hours.add(hour)
            most = base if args["base"] < 0 else quote
            given = -min(args["base"], args["quote"], 0)
            found.expect(10 * given <= most, f"hour {hour}: {given} of {most} was traded, more than a tenth")
            found.proofs += _decision(vault, network, judge, event, known, found)
            base, quote = base + args["base"], quote + args["quote"] - args["reward"]
        found.expect(min(base, quote, shares) >= 0, f"block {event['blockNumber']}: holdings below nothing")
    recorded = sorted(known)
    for first in range(0, len(recorded), BATCH):
        part = recorded[first : first + BATCH]
        found.expect(
            vault.boundaries(part) == {hour: known[hour] for hour in part}, f"boundaries {part}: not as recorded"
        )
    held = vault.contract.functions.holdings().call()
    found.expect([base, quote] == list(held), f"the events add up to {[base, quote]}, the vault says {list(held)}")
    supply = vault.contract.functions.totalSupply().call()
    found.expect(shares == supply, f"the events add up to {shares} shares, the vault says {supply}")
    return vars(found)


def _events(vault: Vault, start: int) -> list[Any]:
    """All events of the vault, in order."""
    names = ("HourRecorded", "Deposited", "Redeemed", "Decided")
    logs = [log for name in names for log in vault.contract.events[name]().get_logs(from_block=start)]
    return sorted(logs, key=lambda log: (log["blockNumber"], log["logIndex"]))


def _decision(
    vault: Vault, network: Network, judge: Judge, event: Any, known: Mapping[int, int], found: Findings
) -> bool:
    """Checks one decision; whether its proof was judged valid."""
    args, block = event["args"], event["blockNumber"]
    hour, bucket = args["hour"], args["bucket"]
    mined = vault.w3.eth.get_block(block)["timestamp"]
    found.expect(mined // vault.seconds == hour, f"hour {hour}: decided at the time {mined}, in another hour")
    whole = all(needed in known for needed in window(hour))
    if not found.expect(whole, f"hour {hour}: decided without all of its boundaries"):
        return False
    features = features_of(known, hour, vault.base_is_token0, vault.seconds)
    chosen = int(network.classify(features[None])[0])
    found.expect(chosen == bucket, f"hour {hour}: bucket {bucket} was obeyed, the network chooses {chosen}")
    transaction = vault.w3.eth.get_transaction(event["transactionHash"])
    if transaction.get("to") != vault.address:
        found.false.append(
            f"hour {hour}: decided through another contract; its proof is not in the transaction's input"
        )
        return False
    function, given = vault.contract.decode_function_input(transaction["input"])
    if not found.expect(function.fn_name == "decide", f"hour {hour}: decided by {function.fn_name}"):
        return False
    context = context_word(vault.w3.eth.chain_id, vault.address, hour, args["payee"])
    words = [*given["bitmap"], *network.input_words(features), context]
    valid = all(word < SCALAR_FIELD for word in words) and judge(words, bytes(given["proof"]))
    return found.expect(valid, f"hour {hour}: the proof is not valid for the vault's state")

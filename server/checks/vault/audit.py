"""`proofmate audit vault`: every decision again, from the chain and the network's file.

For each decision: the features from the boundaries of its hours, the network's choice on them, the proof of its
transaction judged on this machine, the direction and size of the trade, the reward. For the whole: holdings and shares
add up from all events to what the vault's storage holds. `evidence` has tied all of it to one block hash.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.dense import Network
from engine.rockefeller.hours import BUCKETS
from engine.words import SCALAR_FIELD, context_word
from server.chain.vault import window
from server.checks.vault.evidence import Event, Facts
from server.model.vault import features_of

BASIS_POINTS = 10_000
SIZES = (1000, 500, 250, 250, 0, 0, 0, 0, 250, 250, 500, 1000)
"""How much of a holding a bucket trades at most, in basis points."""
Judge = Callable[[Sequence[int], bytes], bool]
"""Whether a proof is valid for these public words: `Prover.verify`."""


@dataclass
class Findings:
    """What an audit counted, what is false, and what could not be checked."""

    decisions: int = 0
    proofs: int = 0
    deposits: int = 0
    redemptions: int = 0
    boundaries: int = 0
    false: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)

    def expect(self, holds: bool, otherwise: str) -> bool:
        """Notes what is false unless it holds."""
        if not holds:
            self.false.append(otherwise)
        return holds


def audit(facts: Facts, network: Network, judge: Judge) -> dict[str, Any]:
    """Replays a vault. `false` in the answer lists what does not agree, `unchecked` what could not be compared."""
    found = Findings(boundaries=len(facts.boundaries or ()), unchecked=list(facts.unchecked))
    named = bytes(facts.terms["networkHash"])
    found.expect(named == network.hash, f"the vault names the network {named.hex()}, the file is {network.hash.hex()}")
    base = quote = shares = last = 0
    hours: set[int] = set()
    for event in facts.events:
        args, block = event.args, event.block
        if event.name == "Deposited":
            found.deposits += 1
            if shares:  # in proportion, rounded up
                due = [-(-held * args["shares"] // shares) for held in (base, quote)]
                given = [args["base"], args["quote"]]
                found.expect(given == due, f"a deposit in block {block} gave {given}, {due} was due")
            base, quote, shares = base + args["base"], quote + args["quote"], shares + args["shares"]
        elif event.name == "Redeemed":
            found.redemptions += 1
            due = [held * args["shares"] // shares if shares else 0 for held in (base, quote)]
            taken = [args["base"], args["quote"]]
            found.expect(taken == due, f"a redemption in block {block} took {taken}, {due} was due")
            base, quote, shares = base - args["base"], quote - args["quote"], shares - args["shares"]
        else:
            found.decisions += 1
            last = args["hour"]
            found.expect(last not in hours, f"hour {last}: decided twice")
            hours.add(last)
            _trade(facts, event, base, quote, found)
            found.proofs += _decision(facts, network, judge, event, found)
            base, quote = base + args["base"], quote + args["quote"] - args["reward"]
        found.expect(min(base, quote, shares) >= 0, f"block {block}: holdings below nothing")
    if facts.holdings is None:
        found.unchecked.append("holdings, shares and the last decided hour in the vault's state")
    else:
        held = list(facts.holdings)
        found.expect([base, quote] == held, f"the events add up to {[base, quote]}, the vault's state says {held}")
        found.expect(
            shares == facts.shares, f"the events add up to {shares} shares, the vault's state says {facts.shares}"
        )
        found.expect(
            last == facts.decided_hour,
            f"the last decision told is of hour {last}, the vault's state says {facts.decided_hour}",
        )
    return vars(found)


def _trade(facts: Facts, event: Event, base: int, quote: int, found: Findings) -> None:
    """Checks direction, size and reward of a decision's trade, given the holdings before it."""
    args = event.args
    hour, bucket = args["hour"], args["bucket"]
    if not found.expect(0 <= bucket < BUCKETS, f"hour {hour}: there is no bucket {bucket}"):
        return
    buys = bucket >= BUCKETS // 2
    gave, got, held = (-args["quote"], args["base"], quote) if buys else (-args["base"], args["quote"], base)
    most = held * SIZES[bucket] // BASIS_POINTS
    found.expect(
        0 <= gave <= most and got >= 0, f"hour {hour}: {gave} was given for {got}, where bucket {bucket} gives {most}"
    )
    due = min(abs(args["quote"]) * facts.terms["rewardBasisPoints"] // BASIS_POINTS, facts.terms["rewardCap"])
    found.expect(args["reward"] == due, f"hour {hour}: a reward of {args['reward']}, {due} was due")


def _decision(facts: Facts, network: Network, judge: Judge, event: Event, found: Findings) -> bool:
    """Checks one decision; whether its proof was judged valid."""
    args = event.args
    hour, bucket = args["hour"], args["bucket"]
    in_time = event.time // facts.seconds == hour
    found.expect(in_time, f"hour {hour}: decided at the time {event.time}, in another hour")
    if facts.boundaries is None:
        found.unchecked.append(f"hour {hour}: its boundaries in the vault's state, and so choice and proof")
        return False
    whole = all(needed in facts.boundaries for needed in window(hour))
    if not found.expect(whole, f"hour {hour}: decided without all of its boundaries"):
        return False
    features = features_of(facts.boundaries, hour, facts.base_is_token0, facts.seconds)
    chosen = int(network.classify(features[None])[0])
    found.expect(chosen == bucket, f"hour {hour}: bucket {bucket} was obeyed, the network chooses {chosen}")
    call = event.arguments
    if call is None:
        found.unchecked.append(f"hour {hour}: the proof, which came through another contract")
        return False
    same = all(call[name] == args[name] for name in ("hour", "bucket", "payee"))
    found.expect(same, f"hour {hour}: the call says another hour, bucket or payee than the event")
    context = context_word(facts.chain_id, facts.vault, hour, args["payee"])
    words = [*call["bitmap"], *network.input_words(features), context]
    valid = all(word < SCALAR_FIELD for word in words) and judge(words, bytes(call["proof"]))
    return found.expect(valid, f"hour {hour}: the proof is not valid for the vault's state")

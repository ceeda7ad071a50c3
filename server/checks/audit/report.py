"""What an audit found, as a document and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from server.chain import chains
from server.checks.audit import state as final
from server.checks.audit.end import owed
from server.checks.audit.evidence import Facts
from server.checks.audit.game import State, World
from server.checks.audit.replay import replay
from server.checks.audit.tied import FindingError

AGREES, FALSE, UNCHECKED = 0, 1, 2
"""Exit codes: all agrees; something is false; something could not be checked."""
COUNTS = ("stakes", "ballots", "votes", "proofs", "crowdMoves", "leelaMoves", "understudyMoves", "claims")


def audited(facts: Facts, world: World, trusted: str | None) -> dict[str, Any]:
    """Replays the game and compares its end with the contract's state. `trusted` says what was taken on trust."""
    done = replay(facts.events, world)
    state, problems = done.state, [] if done.problem is None else [done.problem]
    unchecked = [*facts.unchecked, *state.unchecked]
    if not problems:
        try:
            unchecked += final.check(state, facts)
        except FindingError as finding:
            problems.append(str(finding))
    if chains.find(facts.chain_id) is None:
        unchecked.append(f"what is peculiar to chain {facts.chain_id}, which is not in docs/chains.md")
    return _document(facts, state, trusted, unchecked, problems)


def refused(record: Mapping[str, Any], trusted: str | None, problem: str) -> dict[str, Any]:
    """The document of an audit that ended before the replay: the evidence contradicts itself."""
    head = {"game": record.get("game"), "chainId": record.get("chainId"), "contract": record.get("contract")}
    return {**_verdict([], [problem]), **head, "trusted": trusted, "unchecked": [], "problems": [problem]}


def unanswered(game: int, trusted: str | None, reason: str) -> dict[str, Any]:
    """The document of an audit for which a node did not tell enough."""
    return {**_verdict([reason], []), "game": game, "trusted": trusted, "unchecked": [reason], "problems": []}


def exit_code(unchecked: Sequence[str], problems: Sequence[str]) -> int:
    """The exit code of what an audit found."""
    return FALSE if problems else UNCHECKED if unchecked else AGREES


def _verdict(unchecked: Sequence[str], problems: Sequence[str]) -> dict[str, Any]:
    code = exit_code(unchecked, problems)
    return {"ok": code == AGREES, "exitCode": code}


def _document(
    facts: Facts, state: State, trusted: str | None, unchecked: list[str], problems: list[str]
) -> dict[str, Any]:
    staked = sum(stake.amount for stake in state.stakes.values())
    return {
        **_verdict(unchecked, problems),
        "game": facts.game,
        "chainId": facts.chain_id,
        "contract": facts.contract,
        "block": facts.anchor.number,
        "blockHash": "0x" + facts.anchor.hash.hex(),
        "trusted": trusted,
        "verifier": state.verifier,
        "setup": state.setup,
        "networkHash": state.network_hash,
        "outcome": state.outcome or None,
        "reason": state.reason or None,
        "plies": state.ply,
        **{name: state.counts.get(name, 0) for name in COUNTS},
        "staked": str(staked),
        "pot": str(state.pot),
        "paid": str(state.paid),
        "owed": str(sum(owed(state, account) for account in {*state.stakes, *state.credits})),
        "unchecked": unchecked,
        "problems": problems,
    }


def text(result: Mapping[str, Any]) -> str:
    """The document as a page of text. What was taken on trust comes first."""
    lines = [f"TRUSTED: {result['trusted']}"] if result["trusted"] else []
    if "plies" in result:
        lines += _text(result)
    lines += [f"  unchecked: {text}" for text in result["unchecked"]]
    lines += [f"  WRONG: {text}" for text in result["problems"]]
    lines.append(
        {
            AGREES: "everything agrees",
            FALSE: "the game is NOT as the rules say",
            UNCHECKED: "everything that was checked agrees",
        }[result["exitCode"]]
    )
    return "\n".join(lines)


def _text(result: Mapping[str, Any]) -> list[str]:
    judge = "its own verifier" if result["setup"] else f"the code of the verifier {result['verifier']}"
    return [
        f"game {result['game']} at {result['contract']} on chain {result['chainId']}, "
        f"as of block {result['block']} ({result['blockHash']})",
        f"  network {result['networkHash']}",
        *([f"  the verifier, made again from it and the {result['setup']} setup"] if result["setup"] else []),
        f"  {result['stakes']} stakes, {result['staked']} wei, and a pot of {result['pot']}",
        f"  {result['ballots']} ballots: each signed by its vote key or cast by its account, legal, counted once",
        f"  {result['votes']} votes: each counted again and closed in time",
        f"  {result['proofs']} proofs: each judged on this machine, by {judge}",
        f"  {result['plies']} plies: each position made again, {result['crowdMoves']} moves by the crowd, "
        f"{result['leelaMoves']} by Leela, {result['understudyMoves']} by the understudy",
        f"  the end: {result['outcome'] or 'not yet'}" + (f", {result['reason']}" if result["reason"] else ""),
        f"  {result['claims']} claims: {result['paid']} wei paid as due, {result['owed']} wei still owed",
    ]

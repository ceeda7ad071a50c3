"""What a game costs on chain, in gas, with a real verifier.

Whole transactions, as their receipts say. Of a ballot it is told apart what the call costs and what the calldata does.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import chess

from bench.networks import network_file
from engine import encoding
from engine.prover import Prover
from engine.setup import Setup
from server.chain.contracts import CONTRACTS
from server.model.signing import compact
from server.store.records import pack_ballot
from tests.contracts.arena import LEELA_BEGINS, Arena, account, arena

STAKERS = (1, 100, 10_000)
BATCH = 100
VOTERS = 2 * BATCH
"""Seats with a vote key that is known here; the others only stake."""
CHUNK = 50
"""Stakers a transaction."""
CROWD_MOVES = ("e2e4",) * 6 + ("d2d4",) * 3 + ("g1f3",)
PLIES = 4
"""Further plies that the network plays for both sides, in the last game."""
PAYEE = account("payee").address
TERMS = {**LEELA_BEGINS, "worldIsWhite": True, "lobbyPeriod": 86_400}
TRANSACTION = 21_000


def game_gas(
    network: str = "flagship", report: Callable[[int, str], object] = lambda done, step: None
) -> dict[str, Any]:
    """Gas of each transaction of a game with 1, 100 and 10,000 stakers, and of the network's moves.

    `network` is a name that `proofmate bench prove` knows; its verifier is the real one, and so are the proofs. Raises
    ValueError for another name.
    """
    with tempfile.TemporaryDirectory(prefix="proofmate-gas-") as name:
        folder = Path(name)
        file, weights = network_file(network, folder)
        report(0, f"{network}: keys")
        prover = Prover(file, Setup.from_seed(0), folder, lambda step, fraction: None)
        with arena(prover, folder) as here:
            crowd = _crowd(here)
            moves: list[int] = []
            games = {}
            for count in STAKERS:
                report(0, f"a game of {count} stakers")
                games[str(count)] = _game(here, crowd, count, moves)
                report(1, f"a game of {count} stakers is over")
            sizes = {
                name: len(here.w3.eth.get_code(here.w3.to_checksum_address(address)))
                for name, address in (
                    ("Game", here.contract.address),
                    ("Rules", here.contract.functions.rules().call()),
                    ("verifier", here.verifier),
                )
            }
    spread = {"min": min(moves), "median": round(statistics.median(moves)), "max": max(moves), "moves": len(moves)}
    return {
        "network": network,
        "weights": weights,
        "network's move, in all": spread,
        "by stakers": games,
        "code bytes": sizes,
    }


def _crowd(here: Arena) -> Any:
    """The contract that stakes for thousands."""
    forge = CONTRACTS / "node_modules" / ".bin" / "forge"
    subprocess.run([forge, "build", "test/Crowd.sol"], cwd=CONTRACTS, check=True, capture_output=True)
    made = json.loads((CONTRACTS / "out" / "Crowd.sol" / "Crowd.json").read_text())
    factory = here.w3.eth.contract(abi=made["abi"], bytecode=made["bytecode"]["object"])
    address = here.send(factory.constructor())["contractAddress"]
    assert address is not None
    return here.w3.eth.contract(address=address, abi=made["abi"])


def _game(here: Arena, crowd: Any, stakers: int, moves: list[int]) -> dict[str, Any]:
    """One game from the lobby to a claim. Appends what the network's moves cost to `moves`."""
    functions = here.contract.functions
    game = here.create_game(TERMS, fund=1000)
    voters = [account(f"voter {number}") for number in range(min(stakers, VOTERS))]
    leela = account("Leela's staker").address
    for _ in range((stakers - len(voters)) // CHUNK):
        here.send(crowd.functions.join(here.contract.address, game, CHUNK), value=CHUNK * 1000)
    first = int(here.summary(game)["seats"])
    stakes = [here.send(functions.stake(game, 0, each.address), each.address, 1000) for each in voters]
    on_leela = here.send(functions.stake(game, 1, "0x" + "00" * 20), leela, 1000)
    assert here.summary(game)["seats"] == stakers
    here.wait(int(TERMS["lobbyPeriod"]))
    close_lobby = here.send(functions.closeLobby(game))
    here.wait(blocks=3)
    begin = here.send(functions.begin(game))

    ballots = _ballots(here, game, voters, first, random.Random(stakers))
    batches = [_cast(here, game, ballots[start : start + BATCH]) for start in range(0, len(ballots), BATCH)]
    here.wait(int(TERMS["votingPeriod"]))
    close = here.send(functions.closeVote(game))
    if here.summary(game)["position"].ply == 0:  # the quorum of these terms is none: the leader was played
        raise AssertionError("the crowd's move was not played")
    prove = _network_moves(here, game, moves)
    for _ in range(PLIES if stakers == STAKERS[-1] else 0):
        if here.summary(game)["state"] == "vote":
            here.wait(int(TERMS["votingPeriod"]))
            here.send(functions.closeVote(game))
        _network_moves(here, game, moves)
    if here.summary(game)["state"] == "vote":
        here.wait(int(TERMS["votingPeriod"]))
        here.send(functions.closeVote(game))
    here.wait(int(TERMS["provingPeriod"]))
    void = here.send(functions.voidGame(game))
    claim = here.send(functions.claim(game, voters[0].address), voters[0].address)
    return {
        "stake on the World": stakes[-1]["gasUsed"],
        "stake on Leela": on_leela["gasUsed"],
        "closeLobby": close_lobby["gasUsed"],
        "begin": begin["gasUsed"],
        "batches of ballots": batches,
        "closeVote": close["gasUsed"],
        "the network's move": prove,
        "voidGame": void["gasUsed"],
        "claim": claim["gasUsed"],
    }


def _ballots(here: Arena, game: int, voters: Sequence[Any], first: int, chance: random.Random) -> list[bytes]:
    """A ballot of each voter in the game's first position, as castBallots takes it; `first` is the first one's seat."""
    ballots = []
    for number, voter in enumerate(voters, first):
        move = encoding.pack_move(chess.Move.from_uci(chance.choice(CROWD_MOVES)))
        digest = here.contract.functions.ballotDigest(game, 0, move).call()
        ballots.append(pack_ballot(number, move, compact(voter.unsafe_sign_hash(digest))))
    return ballots


def _network_moves(here: Arena, game: int, moves: list[int]) -> int:
    """Proves and plays the network's move; its gas."""
    move, proof = here.prove(game, PAYEE)
    moves.append(here.send(here.submit(game, move, proof.bitmap, PAYEE, proof.proof))["gasUsed"])
    return moves[-1]


def _cast(here: Arena, game: int, ballots: list[bytes]) -> dict[str, int]:
    """Casts a batch. Gas of a ballot: what the calldata costs (EIP-2028), and all else but the transaction's 21,000."""
    call = here.contract.functions.castBallots(game, 0, b"".join(ballots))
    data = bytes.fromhex(str(call._encode_transaction_data()).removeprefix("0x"))
    calldata = sum(16 if byte else 4 for byte in data)
    rest = here.send(call)["gasUsed"] - TRANSACTION - calldata
    return {"ballots": len(ballots), "a ballot": rest // len(ballots), "its calldata": calldata // len(ballots)}

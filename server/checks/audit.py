"""`proofmate audit`: replays a whole game from the chain alone, and trusts nothing that the server says.

What is read (`fetch`) is a game's logs, the calls that emitted them, their blocks, the contract's creation, and the
code of the contract, its rules, the verifier and the book; it can be kept in a file. What is checked (`audit`): that
contract, rules and creation are this checkout's; with `--network`, that the verifier is what network and setup make;
the draw of the opening; every ballot's signature, and what each batch counted; every tally and whether its vote was
closed in time; every proof, by the verifier's own code, over public words that are made here; every position, by
python-chess; the end and its reason; every payment. What cannot be checked is listed, and is never said to agree.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import chess
import httpx
from eth_account import Account
from eth_account.messages import encode_typed_data
from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import BadResponseFormat, ContractLogicError, Web3Exception, Web3RPCError

from engine.encoding import (
    SCALAR_FIELD,
    bitmap_words,
    context_word,
    legal_indices,
    pack_move,
    plane_masks,
    policy_index,
    to_words,
    unpack_move,
)
from server.chain import contracts, deploy, node, proving
from server.checks.record import Record, contract_interface, decode, fetch, read, write
from server.local.anvil import anvil
from server.local.children import Child, stop
from server.local.probe import rpc, rpc_answers, unused_port
from server.model import game as documents
from server.model.payout import Stake, payout
from server.model.position import Position
from server.settings import Environment, SettingsError, check_setup, network_of

OUTCOMES = ("none", *documents.OUTCOMES)
REASONS = ("none", *documents.REASONS)
"""Names of IGame.Outcome and IGame.Reason."""

BALLOT = 70
"""Bytes of a ballot: uint32 seat, uint16 move, bytes32 r, bytes32 vs."""
MAX_S = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
"""The largest s of a signature that counts (EIP-2)."""
DELEGATES = b"\xef\x01"
"""How the code of an account begins that delegates to another (EIP-7702)."""
HALTS = ("gas", "revert", "opcode", "stack", "jump", "evm")
"""Words of which a node uses one to say that code halted. A point that is none, say, burns all the gas."""
Verify = Callable[[str, bytes], bool]
"""Runs a verifier, given by address, on words ++ proof: whether it accepts."""


class FindingError(Exception):
    """Something on the chain is not as the rules say."""


def on_chain(w3: Web3) -> Verify:
    """Runs verifiers by eth_call, on the chain they are on."""

    def verify(verifier: str, data: bytes) -> bool:
        try:
            w3.eth.call({"to": Web3.to_checksum_address(verifier), "data": HexBytes(data), "gas": 2_000_000})
        except ContractLogicError:
            return False
        except Web3RPCError as error:
            if any(word in error.message.lower() for word in HALTS):
                return False
            raise  # the node's own trouble says nothing of the proof
        return True

    return verify


@contextlib.contextmanager
def on_new_chain(code: Mapping[str, str]) -> Iterator[Verify]:
    """Runs verifiers by eth_call, on a chain of this machine that has nothing but the given code.

    Raises SettingsError for code that no contract can have.
    """
    with tempfile.TemporaryDirectory(prefix="proofmate-") as folder:
        port = unused_port()
        url = f"http://127.0.0.1:{port}"
        child = Child("chain", [str(anvil()), "--port", str(port), "--accounts", "0"], Path(folder) / "chain.log")
        try:
            child.start()
            child.await_ready(lambda: rpc_answers(url), 30)
            for address, runtime in code.items():
                try:
                    rpc(url, "anvil_setCode", address, runtime)
                except (httpx.HTTPError, ValueError):
                    raise SettingsError(f"--file: the code of {address} is none that a chain takes") from None
            yield on_chain(node.connect(url))
        finally:
            stop([child], 5)


# ----------------------------------------------------------------------------------------------------------- replaying


@dataclass(frozen=True)
class Origin:
    """A verifier made on this machine, to compare with the one on the chain."""

    network_hash: str
    insecure: bool
    code: bytes

    @classmethod
    def make(cls, network: Path, chain_id: int) -> Origin:
        """The verifier of a network and the settings' setup, made as `proofmate up` makes it. Raises SettingsError."""
        env = Environment.read(network=network, chain_id=chain_id)
        check_setup(env)
        verifier = proving.verifier(env, network_of(env), lambda step: print(f"verifier: {step}", file=sys.stderr))
        compiled = contracts.compile_verifier(verifier.source, env.cache_dir)
        return cls(verifier.network_hash, verifier.insecure, HexBytes(compiled.runtime))


@dataclass(frozen=True)
class Call:
    """A call of the game contract."""

    sender: str
    value: int
    function: str
    arguments: Mapping[str, Any]


@dataclass
class Seat:
    account: str
    vote_key: str
    weight: int = 0
    voted: int = -1  # the last ply


@dataclass
class Replay:
    """A game as far as it has been replayed."""

    record: Record
    verify: Verify
    origin: Origin | None = None
    last: str = ""  # the event that is being replayed
    terms: dict[str, Any] = field(default_factory=dict)
    creator: str = ""
    fund: int = 0
    pot: int = 0
    verifier: str = ""
    network_hash: str = ""
    setup: str | None = None  # of the verifier, if it was made again
    openings: bytes = b""
    deadline: int = 0
    draw_block: int = 0
    board: chess.Board | None = None
    position: Position | None = None
    seen: Counter[str] = field(default_factory=Counter)
    stakes: dict[str, Stake] = field(default_factory=dict)
    seats: list[Seat] = field(default_factory=list)
    weights: Counter[int] = field(default_factory=Counter)
    opened: int = 0  # when the vote, or the wait for the network, began
    closing: int | None = None  # the move that VoteClosed announced
    understudy: bool = False
    outcome: str = ""
    reason: str = ""
    credits: Counter[str] = field(default_factory=Counter)
    settled: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    unchecked: list[str] = field(default_factory=list)

    def check_code(self) -> None:
        """Checks that the contract, its rules, and the constructor that made both are this checkout's."""
        contract, rules, creation = (self.record[name] for name in ("contract", "rules", "creation"))
        if not contracts.is_code_of("Game", self.code(contract)):
            self.unchecked.append("the contract's code, which is not this checkout's")
            return
        expect(contracts.is_code_of("Rules", self.code(rules)), f"the code of the rules {rules} is not this checkout's")
        if creation is None:
            self.unchecked.append("the contract's creation, which the node has forgotten or another contract did")
            return
        ours = contracts.artifact("Game")["bytecode"]["object"]
        expect(creation == ours, "the contract was made by another constructor than this checkout's")

    def check_game(self) -> None:
        """Replays every log of the game."""
        for log in self.record["logs"]:
            name, args = decode(log)
            expect(not self.outcome or name == "Claimed", f"{name} after the end of the game")
            due = self.due_ending()
            expect(due is None or name in ("GameOver", "Claimed"), f"the game went on after {due}")
            self.last = name
            _HANDLERS[name](self, args, log)
        expect(self.due_ending() is None, f"the game did not end with {self.due_ending()}")

    def problems(self, check: Callable[[], None]) -> list[str]:
        """What a check finds: nothing, or the first thing that is wrong."""
        try:
            check()
        except FindingError as finding:
            return [str(finding)]
        except (Web3RPCError, BadResponseFormat):
            raise  # the node's trouble, not the game's
        except (KeyError, IndexError, ValueError, TypeError, AssertionError, Web3Exception) as error:
            name = self.last or "the record"
            return [f"{name} is not as the contract writes it ({type(error).__name__}: {error})"]
        return []

    # ------------------------------------------------------------------------------------------------------- the lobby

    def model_added(self, args: Any, log: Record) -> None:
        self.verifier, self.network_hash = args["verifier"], HexBytes(args["networkHash"]).to_0x_hex()
        code = self.code(self.verifier)
        expect(len(code) > 0, f"there is no code at the verifier {self.verifier}")
        expect(not code.startswith(DELEGATES), f"the verifier {self.verifier} delegates to another account (EIP-7702)")
        expect(Web3.keccak(code) == args["codeHash"], f"the code of verifier {self.verifier} is not the registered one")
        if self.origin is None:
            self.unchecked.append("the verifier's origin (--network checks it)")
            return
        expect(self.origin.network_hash == self.network_hash, f"the registered network is {self.network_hash}")
        expect(self.origin.code == code, f"network and setup make another verifier than {self.verifier}")
        expect(args["insecure"] or not self.origin.insecure, "the setup is insecure, and is not registered so")
        self.setup = "insecure" if self.origin.insecure else "ceremony"

    def book_added(self, args: Any, log: Record) -> None:
        self.openings = self.code(args["pointer"])[1:]
        expect(len(self.openings) == 64 * args["openings"], "the book's code is not as long as its openings")

    def game_created(self, args: Any, log: Record) -> None:
        self.terms, self.creator = dict(args["terms"]), args["creator"]
        self.fund, self.pot = args["fund"], args["pot"]
        if self.terms["lobbyPeriod"]:
            self.deadline = self.time(log) + self.terms["lobbyPeriod"]

    def staked(self, args: Any, log: Record) -> None:
        account, amount, side = args["account"], args["amount"], ("world", "leela")[args["side"]]
        expect(self.board is None and self.draw_block == 0, f"{account} staked after the lobby")
        expect(not self.deadline or self.time(log) < self.deadline, f"{account} staked after the lobby's deadline")
        expect(amount >= self.terms["minStake"], f"{account} staked less than the least stake")
        call = self.call(log, f"the {amount} wei that {account} staked")
        if call is not None:
            expect((call.sender, call.value) == (account, amount), f"{account} did not send the {amount} wei it staked")
        before = self.stakes.get(account)
        expect(before is None or before.side == side, f"{account} staked on both sides")
        self.stakes[account] = Stake(side, amount + (before.amount if before else 0))
        if side == "world":
            if before is None:
                expect(args["seat"] == len(self.seats), f"{account} got seat {args['seat']}, not {len(self.seats)}")
                self.seats.append(Seat(account, args["voteKey"]))
            seat = self.seats[args["seat"]]
            expect((seat.account, seat.vote_key) == (account, args["voteKey"]), f"{account} changed its vote key")
            seat.weight += amount
        self.counts["stakes"] += 1

    def draw_fixed(self, args: Any, log: Record) -> None:
        expect(any(seat.weight for seat in self.seats), "a game without a World stake was drawn")
        expect(self.time(log) >= self.deadline, "the lobby closed before its time")
        expect(args["drawBlock"] > log["blockNumber"], "the draw's block was known when it was fixed")
        if self.draw_block:
            expect(log["blockNumber"] > self.draw_block + 256, "the opening was drawn again before its hash expired")
        self.draw_block = args["drawBlock"]

    def began(self, args: Any, log: Record) -> None:
        draw = HexBytes(self.record["blocks"][str(self.draw_block)]["hash"])
        number = int.from_bytes(Web3.keccak(draw + self.record["game"].to_bytes(32, "big")), "big")
        index = number % (len(self.openings) // 64)
        expect(index == args["opening"], f"the draw gives opening {index}, not {args['opening']}")
        words = self.openings[64 * index :]
        self.position = Position(args["board"], args["state"])
        expect(
            self.position == (int.from_bytes(words[:32], "big"), int.from_bytes(words[32:64], "big")), "not the book's"
        )
        self.board = self.position.unpack()
        expect(self.board.is_valid(), f"the opening {self.board.fen()} is not a position of chess")
        self.enter(log)

    # -------------------------------------------------------------------------------------------------------- the vote

    def ballots_cast(self, args: Any, log: Record) -> None:
        board, ply, counted = self.to_move(world=True), args["ply"], bytes(args["ballots"])
        expect(ply == self.ply, f"ballots of ply {ply} were counted on ply {self.ply}")
        expect(
            self.time(log) < self.opened + self.terms["votingPeriod"], f"ply {ply}: ballots counted after the deadline"
        )
        entries = [counted[start : start + 6] for start in range(0, len(counted), 6)]
        announced = [(int.from_bytes(entry[:4]), int.from_bytes(entry[4:])) for entry in entries]
        call = self.call(log, f"{len(announced)} ballots of ply {ply}")
        if call is not None and call.function == "castBallot":
            seat = self.seats[announced[0][0]]
            expect(seat.account == call.sender, f"ply {ply}: a ballot was not cast by its account")
        elif call is not None:
            asked = (call.function, call.arguments.get("game"), call.arguments.get("ply"))
            expect(asked == ("castBallots", args["game"], ply), f"ply {ply}: ballots that the call did not cast")
            valid = self.valid(bytes(call.arguments["ballots"]))
            expect(valid == announced, f"ply {ply}: not the valid ballots were counted")
        for number, move in announced:
            seat = self.seats[number]
            expect(seat.voted != ply, f"ply {ply}: seat {number} was counted twice")
            expect(unpack_move(move) in board.legal_moves, f"ply {ply}: seat {number} voted an illegal move")
            seat.voted = ply
            self.weights[move] += seat.weight
        if call is not None:
            self.counts["ballots"] += len(announced)

    def valid(self, batch: bytes) -> list[tuple[int, int]]:
        """The ballots of a batch that count: seat and move."""
        found: dict[int, int] = {}
        board = self.to_move(world=True)
        legal = {pack_move(move) for move in board.legal_moves}
        for start in range(0, len(batch) - BALLOT + 1, BALLOT):
            ballot = batch[start : start + BALLOT]
            number, move = int.from_bytes(ballot[:4]), int.from_bytes(ballot[4:6])
            if number >= len(self.seats) or number in found or self.seats[number].voted == self.ply:
                continue
            if move in legal and self.signer(move, ballot[6:]) == self.seats[number].vote_key:
                found[number] = move
        return list(found.items())

    def signer(self, move: int, compact: bytes) -> str | None:
        """Who signed a ballot for a move in this position."""
        assert self.position is not None
        vs = int.from_bytes(compact[32:])
        parity, s = vs >> 255, vs & (1 << 255) - 1
        if s > MAX_S:
            return None
        domain = {
            "name": "Proofmate",
            "version": "1",
            "chainId": self.record["chainId"],
            "verifyingContract": self.record["contract"],
        }
        fields = (("game", "uint256"), ("ply", "uint16"), ("move", "uint16"), ("position", "bytes32"))
        types = {"Ballot": [{"name": name, "type": kind} for name, kind in fields]}
        ballot = {"game": self.record["game"], "ply": self.ply, "move": move, "position": HexBytes(self.position.key)}
        message = encode_typed_data(domain, types, ballot)
        try:
            vrs = (27 + parity, int.from_bytes(compact[:32]), s)
            return cast(str, Account.recover_message(message, vrs=vrs))
        except Exception:  # eth_keys has many; none of them is a signature
            return None

    def vote_closed(self, args: Any, log: Record) -> None:
        self.to_move(world=True)
        ply, now = args["ply"], self.time(log)
        expect(ply == self.ply, f"the vote of ply {ply} was closed on ply {self.ply}")
        total = sum(seat.weight for seat in self.seats)
        cast_weight = sum(self.weights.values())
        ranked = sorted(self.weights.items(), key=lambda item: (-item[1], item[0]))
        leader, weight = ranked[0] if ranked else (0, 0)
        runner_up = ranked[1][1] if len(ranked) > 1 else 0
        rest = total - cast_weight

        def reaches(value: int) -> bool:
            return bool(value * 10_000 >= total * self.terms["quorum"])

        choice = leader if reaches(weight) else 0
        announced = (args["move"], args["leaderWeight"], args["castWeight"])
        expect(announced == (choice, weight, cast_weight), f"ply {ply}: the count is {choice}, {weight}, {cast_weight}")
        if now < self.opened + self.terms["votingPeriod"]:
            expect(now >= self.opened + self.terms["minPeriod"], f"ply {ply}: the vote was closed before minPeriod")
            decided = weight > runner_up + rest if choice else not reaches(weight + rest)
            expect(rest == 0 or decided, f"ply {ply}: the vote was closed undecided, before its deadline")
        self.weights.clear()
        self.closing, self.understudy, self.opened = choice or None, not choice, now
        self.counts["votes"] += 1

    # --------------------------------------------------------------------------------------------------------- a move

    def moved(self, args: Any, log: Record) -> None:
        ply = args["ply"]
        expect(self.board is not None and self.position is not None and not self.outcome, "a move outside the game")
        assert self.board is not None
        expect(ply == self.ply, f"the move of ply {ply} was played on ply {self.ply}")
        expect(unpack_move(args["move"]) in self.board.legal_moves, f"ply {ply}: move {args['move']} is illegal")
        if int(args["payee"], 16) == 0:
            expect(self.closing == args["move"], f"ply {ply}: the move is not what the vote decided")
            self.counts["crowdMoves"] += 1
        else:
            expect(self.understudy or not self.worlds_turn, f"ply {ply}: the network moved for the World unasked")
            self.proven(args, log)
            self.rewarded(args)
            self.counts["understudyMoves" if self.understudy else "leelaMoves"] += 1
        self.closing, self.understudy = None, False
        self.board.push(unpack_move(args["move"]))
        self.position = Position.pack(self.board, ply + 1)
        announced = Position(args["board"], args["state"])
        expect(self.position == announced, f"ply {ply}: the position is {self.board.fen()}, not {announced.fen}")
        self.enter(log)

    def proven(self, args: Any, log: Record) -> None:
        """Checks a move of the network: its proof, over words made here, and that it is the best legal one."""
        assert self.board is not None and self.position is not None
        ply, move = args["ply"], unpack_move(args["move"])
        call = self.call(log, f"the proof of ply {ply}")
        if call is None:
            return
        expect(call.function == "submitMove", f"ply {ply}: the network's move came by {call.function}")
        given = call.arguments
        asked, announced = [(part["game"], part["move"], part["payee"]) for part in (given, args)]
        expect(asked == announced, f"ply {ply}: not the move that the call asked for")
        bitmap = list(given["bitmap"])
        legal = legal_indices(self.board)
        played = policy_index(move, self.board.turn)
        others = bitmap_words(index for index in legal if index != played)
        expect(all(0 <= word < 1 << 216 for word in bitmap) and bitmap[24] < 1 << 72, f"ply {ply}: bitmap out of range")
        expect(
            any(a & b for a, b in zip(bitmap, bitmap_words([played]), strict=True)), f"ply {ply}: move not in bitmap"
        )
        expect(
            not any(a & b for a, b in zip(bitmap, others, strict=True)),
            f"ply {ply}: a better legal move is in the bitmap",
        )
        repeated = self.seen[self.position.key] > 1
        context = context_word(
            self.record["chainId"], self.record["contract"], self.record["game"], ply, given["payee"]
        )
        words = bitmap + to_words(plane_masks(self.board, repeated)) + [context]
        assert all(word < SCALAR_FIELD for word in words)
        data = b"".join(word.to_bytes(32, "big") for word in words) + bytes(given["proof"])
        expect(self.verify(self.verifier, data), f"ply {ply}: the verifier refuses the proof")
        self.counts["proofs"] += 1

    def rewarded(self, args: Any) -> None:
        reward = min(self.terms["reward"], self.fund)
        expect(args["reward"] == reward, f"ply {args['ply']}: the reward is {reward}, not {args['reward']}")
        self.fund -= reward
        self.credits[args["payee"]] += reward

    def enter(self, log: Record) -> None:
        """Enters a position: counts it, and starts its vote."""
        assert self.position is not None
        self.seen[self.position.key] += 1
        self.opened = self.time(log)

    # --------------------------------------------------------------------------------------------------------- the end

    def game_over(self, args: Any, log: Record) -> None:
        self.outcome, self.reason = OUTCOMES[args["outcome"]], REASONS[args["reason"]]
        if self.reason == "empty":
            expect(not self.seats and self.outcome == "void", "a game with World stakes ended as empty")
        elif self.reason == "stalled":
            late = self.time(log) >= self.opened + self.terms["provingPeriod"]
            expect(late and self.outcome == "void", "the game was voided before its time")
        else:
            expect((self.outcome, self.reason) == self.ending(), f"the game is {self.ending()}, not {self.outcome}")
        self.credits[self.creator] += self.fund
        if self.seats or self.stakes or self.pot:
            due = self.due()
            self.credits[self.creator] += due.fee + due.pot_returned

    def due(self) -> Any:
        return payout(self.outcome, self.stakes, self.terms["maxOdds"], self.terms["fee"], self.pot)

    def due_ending(self) -> tuple[str, str] | None:
        """How a game that is on must end now."""
        return self.ending() if self.board is not None and not self.outcome else None

    def ending(self) -> tuple[str, str] | None:
        """How the game ends in this position, by python-chess."""
        assert self.board is not None and self.position is not None
        if self.board.is_checkmate():
            return "leela" if self.worlds_turn else "world", "checkmate"
        draws = {
            "stalemate": self.board.is_stalemate(),
            "repetition": self.seen[self.position.key] >= 3,
            "fiftyMoves": self.board.halfmove_clock >= 100,
            "insufficientMaterial": self.board.is_insufficient_material(),
            "maxPly": self.ply >= self.terms["maxPly"],
        }
        return next((("draw", reason) for reason, true in draws.items() if true), None)

    def claimed(self, args: Any, log: Record) -> None:
        account = args["account"]
        owed = self.owed(account)
        expect(args["amount"] == owed, f"{account} was paid {args['amount']} wei and was owed {owed}")
        self.credits[account] = 0
        if self.outcome:
            self.settled.add(account)
        self.counts["claims"] += 1
        self.counts["paid"] += owed

    def owed(self, account: str) -> int:
        """What an account may claim."""
        owed = self.credits[account]
        if self.outcome and account in self.stakes and account not in self.settled:
            owed += self.due().stakers[account]
        return owed

    # ------------------------------------------------------------------------------------------------------- the chain

    @property
    def ply(self) -> int:
        return 0 if self.position is None else self.position.ply

    @property
    def worlds_turn(self) -> bool:
        assert self.board is not None
        return bool(self.board.turn == self.terms["worldIsWhite"])

    def to_move(self, world: bool) -> chess.Board:
        """The board, of a game that is on and in which the World is to move."""
        if self.board is None or self.outcome or self.worlds_turn != world or self.understudy:
            raise FindingError("there was no vote to vote in")
        return self.board

    def time(self, log: Record) -> int:
        return int(self.record["blocks"][str(log["blockNumber"])]["timestamp"])

    def code(self, address: str) -> bytes:
        return HexBytes(self.record["code"][address])

    def call(self, log: Record, what: str) -> Call | None:
        """The call that emitted a log. None, and `what` is noted as unchecked, if the node did not tell."""
        call = log["call"]
        if call is None:
            self.unchecked.append(f"{what}: came through another contract, and the node does not trace calls")
            return None
        function, arguments = contract_interface().decode_function_input(HexBytes(call["input"]))
        return Call(call["from"], call["value"], function.fn_name, arguments)


def audit(record: Record, verify: Verify, origin: Origin | None = None) -> dict[str, Any]:
    """Replays a game and says what was checked; `problems` names what is not as the rules say.

    The replay stops at the first problem. Without `origin` the verifier's is left unchecked.
    """
    replay = Replay(record, verify, origin)
    problems = replay.problems(replay.check_code) + replay.problems(replay.check_game)
    counts = replay.counts
    staked = sum(stake.amount for stake in replay.stakes.values())
    accounts = {*replay.stakes, *replay.credits}
    return {
        "ok": not problems,
        "game": record["game"],
        "chainId": record["chainId"],
        "contract": record["contract"],
        "verifier": replay.verifier,
        "setup": replay.setup,
        "networkHash": replay.network_hash,
        "outcome": replay.outcome or None,
        "reason": replay.reason or None,
        "plies": replay.ply,
        "stakes": counts["stakes"],
        "ballots": counts["ballots"],
        "votes": counts["votes"],
        "proofs": counts["proofs"],
        "crowdMoves": counts["crowdMoves"],
        "leelaMoves": counts["leelaMoves"],
        "understudyMoves": counts["understudyMoves"],
        "claims": counts["claims"],
        "staked": str(staked),
        "pot": str(replay.pot),
        "paid": str(counts["paid"]),
        "owed": str(sum(replay.owed(account) for account in accounts)),
        "unchecked": replay.unchecked,
        "problems": problems,
    }


def expect(condition: bool, complaint: str) -> None:
    """Raises FindingError unless the condition holds."""
    if not condition:
        raise FindingError(complaint)


_HANDLERS: Mapping[str, Callable[[Replay, Any, Record], None]] = {
    "ModelAdded": Replay.model_added,
    "BookAdded": Replay.book_added,
    "GameCreated": Replay.game_created,
    "Staked": Replay.staked,
    "DrawFixed": Replay.draw_fixed,
    "Began": Replay.began,
    "BallotsCast": Replay.ballots_cast,
    "VoteClosed": Replay.vote_closed,
    "Moved": Replay.moved,
    "GameOver": Replay.game_over,
    "Claimed": Replay.claimed,
}


def _text(result: Mapping[str, Any]) -> str:
    agreement = "everything that was checked agrees" if result["unchecked"] else "everything agrees"
    lines = [
        f"game {result['game']} at {result['contract']} on chain {result['chainId']}",
        f"  network {result['networkHash']}",
        *([f"  the verifier, made again from it and the {result['setup']} setup"] if result["setup"] else []),
        f"  {result['stakes']} stakes, {result['staked']} wei, and a pot of {result['pot']}",
        f"  {result['ballots']} ballots: each signed by its vote key or cast by its account, legal, counted once",
        f"  {result['votes']} votes: each counted again and closed in time",
        f"  {result['proofs']} proofs: each accepted by the verifier {result['verifier']}",
        f"  {result['plies']} plies: each position made again, {result['crowdMoves']} moves by the crowd, "
        f"{result['leelaMoves']} by Leela, {result['understudyMoves']} by the understudy",
        f"  the end: {result['outcome'] or 'not yet'}" + (f", {result['reason']}" if result["reason"] else ""),
        f"  {result['claims']} claims: {result['paid']} wei paid as due, {result['owed']} wei still owed",
        *(f"  unchecked: {text}" for text in result["unchecked"]),
        *(f"  WRONG: {text}" for text in result["problems"]),
        agreement if result["ok"] else "the game is NOT as the rules say",
    ]
    return "\n".join(lines)


def run(
    game: int,
    url: str | None,
    contract: str | None,
    network: Path | None,
    file: Path | None,
    save: Path | None,
    as_json: bool,
) -> int:
    """The command: returns 0 if all that was checked is well, else 1."""

    def origin(record: Record) -> Origin | None:
        return None if network is None else Origin.make(network, record["chainId"])

    try:
        if file is not None:
            record = read(file)
            if record["game"] != game:
                raise SettingsError(f"--file: {file} is game {record['game']}, not {game}")
            with on_new_chain(record["code"]) as verify:
                result = audit(record, verify, origin(record))
        else:
            w3, address, start = deploy.locate(url, contract)
            record = fetch(w3, address, game, start)
            result = audit(record, on_chain(w3), origin(record))
    except (OSError, Web3Exception) as error:
        raise SettingsError(
            f"{'RPC_URL' if file is None else '--file'}: the chain does not answer as it should: {error}"
        ) from None
    if file is None and save is not None:
        write(record, save)
    if as_json:
        print(json.dumps(result))
    else:
        print(_text(result))
    return 0 if result["ok"] else 1

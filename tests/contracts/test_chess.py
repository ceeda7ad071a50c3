"""The contract's chess against python-chess, one call for many positions."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import chess
import pytest
from eth_utils.abi import function_signature_to_4byte_selector

from engine import encoding
from server.model.position import Position
from tests.contracts import games, judge
from tests.contracts.games import Ply

BATCH = 250
ABSURD = 50


@pytest.fixture(scope="module")
def chain() -> Iterator[judge.Judge]:
    with judge.judge() as each:
        yield each


@dataclass(frozen=True)
class Case:
    """A question, and what python-chess says."""

    fen: str
    question: judge.Question
    answer: judge.Answer


def case(ply: Ply, source: random.Random) -> Case:
    """Every pseudo-legal and 50 absurd moves of a position, the one played first."""
    board = ply.board
    pseudo = [encoding.pack_move(move) for move in board.pseudo_legal_moves]
    legal = {encoding.pack_move(move) for move in board.legal_moves}
    moves = [*dict.fromkeys([*pseudo, *legal]), *games.absurd(source, board, ABSURD)]
    successor = None
    if ply.move is not None:
        moves.remove(number := encoding.pack_move(ply.move))
        moves.insert(0, number)
        fen = board.fen()
        board.push(ply.move)
        successor = Position.pack(board, ply.ply + 1)
        board.pop()
        assert fen == board.fen()
    elif moves[0] in legal:
        moves.insert(0, 0)  # the game is over by a draw: nothing is played
    position = Position.pack(board, ply.ply)
    judged = [move in legal for move in moves]
    words = encoding.board_words(board, ply.occurrences > 1)
    return Case(
        board.fen(),
        judge.Question(position, ply.occurrences, moves),
        judge.Answer(ply.ending, words, judged, judged, successor),
    )


def compare(chain: judge.Judge, plies: Iterable[Ply], seed: int) -> Counter[str]:
    """Asserts that contract and python-chess agree at every ply. Counts plies, moves and endings of each kind."""
    source = random.Random(seed)
    counts: Counter[str] = Counter()

    def check(cases: list[Case], answers: Future[list[judge.Answer]]) -> None:
        for each, answer in zip(cases, answers.result(), strict=True):
            assert answer == each.answer, each.fen
            counts.update({each.answer.ending: 1, "plies": 1, "moves": len(each.question.moves)})

    # The chain answers one batch while python-chess judges the next.
    with ThreadPoolExecutor(1) as pool:
        waiting: tuple[list[Case], Future[list[judge.Answer]]] | None = None
        cases = (case(ply, source) for ply in plies)
        while batch := list(itertools.islice(cases, BATCH)):
            asked = batch, pool.submit(chain.judge, [each.question for each in batch])
            if waiting:
                check(*waiting)
            waiting = asked
        if waiting:
            check(*waiting)
    return counts


@pytest.mark.slow
def test_random_games(chain: judge.Judge) -> None:
    """100 games to their ends."""
    plies = itertools.chain.from_iterable(itertools.islice(games.games(seed=1), 100))
    counts = compare(chain, plies, seed=1)
    assert all(counts[ending] for ending in judge.ENDINGS)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(2, 10))
def test_random_games_long(chain: judge.Judge, seed: int) -> None:
    """8 times 25,000 plies."""
    plies = itertools.islice(itertools.chain.from_iterable(games.games(seed)), 25_000)
    assert compare(chain, plies, seed)["plies"] == 25_000


def test_key(chain: judge.Judge) -> None:
    """Positions of a game have the same key exactly if python-chess takes them for the same."""
    keys: dict[Hashable, str] = {}
    for ply in itertools.chain.from_iterable(itertools.islice(games.games(seed=4), 10)):
        position = Position.pack(ply.board, ply.ply)
        assert keys.setdefault(ply.board._transposition_key(), position.key) == position.key
        if ply.ply % 50 == 0:
            assert chain.key(position) == position.key
    assert len({*keys.values()}) == len(keys)


def test_every_move_number(chain: judge.Judge) -> None:
    """All 65,536 move numbers in positions where every kind of move occurs."""
    for fen in ("r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1", games.OPENINGS[-6]):
        board = chess.Board(fen)
        legal = {encoding.pack_move(move) for move in board.legal_moves}
        halves = (range(1 << 15), range(1 << 15, 1 << 16))
        questions = [judge.Question(Position.pack(board, 0), 1, half) for half in halves]
        for question, answer in zip(questions, chain.judge(questions), strict=True):
            assert answer.legal == answer.contained == [move in legal for move in question.moves]


@pytest.mark.slow
def test_bitmaps(chain: judge.Judge) -> None:
    """The bitmap that a network's scores give is accepted for its best legal move, and for no other."""
    source = random.Random(3)
    boards = (ply.board for game in games.games(seed=3) for ply in game if ply.move and source.random() < 0.05)
    for board in itertools.islice(boards, 60):
        indices = encoding.legal_indices(board)
        ranked = source.sample(range(4672), 4672)
        last = next(place for place, index in enumerate(ranked) if index in indices)
        best = encoding.pack_move(indices[ranked[last]])
        position = Position.pack(board, 0)
        bitmap = encoding.bitmap_words(ranked[: last + 1])
        chain.check_bitmap(position, bitmap, best)
        if len(indices) == 1:
            continue
        other = source.choice([index for index in indices if index != ranked[last]])
        move = encoding.pack_move(indices[other])
        assert refusal(chain, position, bitmap, move) == error("MoveNotSet(uint16)", move)
        more = encoding.bitmap_words([*ranked[: last + 1], other])
        assert refusal(chain, position, more, best) == error("BetterMoveSet(uint16)", move)
        assert refusal(chain, position, more, move) == error("BetterMoveSet(uint16)", best)
        assert refusal(chain, position, encoding.bitmap_words(ranked[:last]), best) == error("MoveNotSet(uint16)", best)


def refusal(chain: judge.Judge, position: Position, bitmap: list[int], move: int) -> str:
    """The bytes that the contract reverts with."""
    with pytest.raises(judge.Reverted) as caught:
        chain.check_bitmap(position, bitmap, move)
    return str(caught.value)


def error(signature: str, value: int) -> str:
    """A named error's bytes, as hex."""
    return "0x" + (function_signature_to_4byte_selector(signature) + value.to_bytes(32, "big")).hex()

"""The loader against python-chess, one position at a time."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import chess
import numpy as np
import pytest

from engine import data, encoding
from tests.engine.games import random_game

GAMES = [random_game(seed) for seed in range(60)]


def test_decoding_equals_python_chess() -> None:
    positions = data.decode(GAMES)
    planes = data.planes(positions.boards, positions.repeated)
    found: dict[int, list[tuple[bytes, int]]] = {}
    for game, input_planes, label in zip(positions.games, planes, positions.labels, strict=True):
        found.setdefault(int(game), []).append((input_planes.tobytes(), int(label)))
    for number, game in enumerate(GAMES):
        board, expected = chess.Board(), []
        for played, best in game.tolist():
            if best != data.UNLABELLED:
                label = encoding.policy_index(encoding.unpack_move(best), board.turn)
                expected.append((encoding.planes(board, encoding.is_repeated(board)).tobytes(), label))
            board.push(encoding.unpack_move(played))
        assert found[number] == expected
    assert len(positions) == sum(map(len, found.values()))


def test_the_games_show_what_is_rare() -> None:
    positions = data.decode(GAMES)
    assert (data.unpack(positions.boards) == data.EN_PASSANT).any()
    moves = {int(move) >> 12 for game in GAMES for move in game[:, 0]}
    assert moves == {0, 2, 3, 4, 5}
    castled = {(int(move) & 63, int(move) >> 6 & 63) for game in GAMES for move in game[:, 0]}
    assert {(4, 6), (4, 2), (60, 62), (60, 58)} <= castled


def test_a_repeated_position_is_marked() -> None:
    ply = [encoding.pack_move(chess.Move.from_uci(uci)) for uci in ("g1f3", "g8f6", "f3g1", "f6g8", "g1f3")]
    positions = data.decode([np.array([(move, move) for move in ply], np.uint16)])
    assert positions.repeated.tolist() == [False, False, False, False, True]


def test_boards_come_back() -> None:
    positions = data.decode(GAMES[:10])
    planes = data.planes(positions.boards, np.zeros(len(positions), bool))
    for packed, expected in zip(positions.boards, planes, strict=True):
        assert (encoding.planes(data.board_of(packed), False) == expected).all()


def test_positions_are_kept_in_files(tmp_path: Path) -> None:
    positions = data.decode(GAMES[:3])
    positions.save(tmp_path / "positions")
    loaded = data.Positions.load(tmp_path / "positions")
    assert isinstance(loaded.boards, np.memmap)
    assert (loaded.boards == positions.boards).all() and (loaded.labels == positions.labels).all()
    assert (loaded.repeated == positions.repeated).all() and (loaded.games == positions.games).all()


def test_files_of_games(tmp_path: Path) -> None:
    path = tmp_path / "games.bin"
    end = np.full((1, 2), data.UNLABELLED, np.uint16)
    np.concatenate([part for game in GAMES[:3] for part in (game, end)]).astype("<u2").tofile(path)
    assert all((a == b).all() for a, b in zip(data.read_games(path), GAMES[:3], strict=True))
    for cut in (1, 2, 4):
        path.write_bytes(path.read_bytes()[:-cut])
        with pytest.raises(ValueError, match="not a whole games file"):
            data.read_games(path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="not a whole games file"):
        data.read_games(path)


def test_held_out_games_and_positions_are_apart() -> None:
    positions = data.decode([*GAMES, *GAMES[:20]])  # some games occur twice, so their positions would leak
    training, held_out = data.split(positions, 0.3)
    assert len(held_out) and not set(positions.games[training]) & set(positions.games[held_out])
    seen = {positions.boards[row].tobytes() for row in training}
    assert not any(positions.boards[row].tobytes() in seen for row in held_out)


def test_batches_go_on_where_they_stopped() -> None:
    rows = np.arange(100)
    whole = [batch.tolist() for batch in islice(data.batches(rows, 8, seed=3), 30)]
    rest = [batch.tolist() for batch in islice(data.batches(rows, 8, seed=3, start=17), 13)]
    assert whole[17:] == rest
    assert len({row for batch in whole[:12] for row in batch}) == 96 and whole[:12] != whole[12:24]

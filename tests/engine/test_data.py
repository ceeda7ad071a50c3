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


def test_a_game_may_begin_with_placed_pieces() -> None:
    board, plies = chess.Board("7k/8/8/8/2p5/8/1P1q4/K6R w - - 0 1"), []
    for square, piece in board.piece_map().items():
        code = piece.piece_type + (data.BLACK if piece.color == chess.BLACK else 0)
        plies.append((square | code << 6, data.PLACED))
    expected = []
    for uci in ("b2b4", "c4b3", "h1h8"):  # the king leaves no castling right behind, the pawn can be taken en passant
        move = chess.Move.from_uci(uci)
        expected.append((encoding.planes(board, False).tobytes(), encoding.policy_index(move, board.turn)))
        plies.append((encoding.pack_move(move), encoding.pack_move(move)))
        board.push(move)
    placed = np.array(plies, np.uint16)
    positions = data.decode([GAMES[0], placed, GAMES[1], placed])
    planes = data.planes(positions.boards, positions.repeated)
    for game in (1, 3):
        rows = np.flatnonzero(positions.games == game)
        assert [(planes[row].tobytes(), int(positions.labels[row])) for row in rows] == expected
    alone = data.decode(GAMES[:1])
    assert (positions.boards[positions.games == 0] == alone.boards).all()


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
    mixed = [batch.tolist() for batch in islice(data.mixed_batches([rows, rows + 100], [6, 2], seed=3), 20)]
    assert all(len(batch) == 8 and sum(row >= 100 for row in batch) == 2 for batch in mixed)
    rest = [b.tolist() for b in islice(data.mixed_batches([rows, rows + 100], [6, 2], seed=3, start=17), 3)]
    assert mixed[17:] == rest
    assert len({row for batch in whole[:12] for row in batch}) == 96 and whole[:12] != whole[12:24]

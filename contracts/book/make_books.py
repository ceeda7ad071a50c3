"""Makes the books of opening positions, `openings.json` and `endgames.json`, beside this file.

    python contracts/book/make_books.py --names FOLDER     # needs python-chess, and stockfish on the path; some minutes

FOLDER holds the names of openings: a checkout of github.com/lichess-org/chess-openings (CC0).

Openings: from the initial position Stockfish's good moves are played at random, 8 or 9 plies, so that half of the book
has Black to move. A position stays if it is balanced: at most 60 centipawns for either side.

Endgames, for whole games in a test: few pieces, no pawns, kings on the edge. Of 20 playouts of weak players (mate if
there is one, else a capture or any move) at least two must be won by each side and at most five last longer than 40
plies. The clock of the fifty moves stands at 70, so that shuffling ends too; a test's terms bound the rest by maxPly.

Both are drawn from a seed and Stockfish searches a fixed number of nodes on one thread: the same version makes the same
books. A book is JSON: how it was made, then its openings, each with its FEN, centipawns for White, and the two words
that `addBook` takes (drawn in `Chess.sol`); an opening from the initial position also has its moves (SAN) and the name
of the last position on the way that has one.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import chess
import chess.engine

OPENINGS, ENDGAMES = 256, 32
NODES = chess.engine.Limit(nodes=60_000)
BALANCED = 60
"""Centipawns that the better side of an opening may be ahead."""
GOOD = 40
"""Centipawns that a move of an opening may be worse than the best one."""
CLOCK = 70
PLAYOUTS, PLIES, WINS, UNFINISHED = 20, 40, 2, 5


def words(board: chess.Board) -> tuple[int, int]:
    """The two words of a position at ply 0."""
    squares = sum(
        (piece.piece_type | (0 if piece.color else 8)) << 4 * square for square, piece in board.piece_map().items()
    )
    castling = sum(
        bool(board.clean_castling_rights() & chess.BB_SQUARES[rook]) << bit
        for bit, rook in enumerate((chess.H1, chess.A1, chess.H8, chess.A8), start=1)
    )
    en_passant = board.ep_square + 1 if board.ep_square is not None and board.has_legal_en_passant() else 0
    return squares, (board.turn == chess.BLACK) | castling | en_passant << 5 | board.halfmove_clock << 12


def centipawns(engine: chess.engine.SimpleEngine, board: chess.Board) -> int:
    """Stockfish's judgement for White; a mate counts as 10,000."""
    score = engine.analyse(board, NODES, game=object())["score"]
    return score.white().score(mate_score=10_000)


def line(engine: chess.engine.SimpleEngine, rng: random.Random, plies: int) -> chess.Board:
    """The position after some plies of good moves, drawn at random."""
    board = chess.Board()
    while board.ply() < plies:
        limit = chess.engine.Limit(nodes=5_000)
        choices = engine.analyse(board, limit, multipv=6, game=object())
        scores = [choice["score"].relative.score(mate_score=10_000) for choice in choices]
        good = [choice["pv"][0] for choice, score in zip(choices, scores, strict=True) if score >= scores[0] - GOOD]
        board.push(rng.choice(good))
    return board


def openings(engine: chess.engine.SimpleEngine, rng: random.Random) -> Iterator[tuple[chess.Board, int]]:
    """Balanced openings, White and Black to move in turn."""
    seen: set[str] = set()
    while len(seen) < OPENINGS:
        board = line(engine, rng, 8 + len(seen) % 2)
        score = centipawns(engine, board)
        if abs(score) <= BALANCED and board.epd() not in seen:
            seen.add(board.epd())
            yield board, score


def read_names(folder: Path) -> dict[str, str]:
    """The names of positions by EPD, of the tables `a.tsv` to `e.tsv`."""
    names = {}
    for table in sorted(folder.glob("[a-e].tsv")):
        for row in csv.DictReader(table.read_text().splitlines(), delimiter="\t"):
            board = chess.Board()
            for token in row["pgn"].split():
                if not token.endswith("."):
                    board.push_san(token)
            names[board.epd()] = row["name"]
    return names


def story(line: chess.Board, names: Mapping[str, str]) -> dict[str, str]:
    """The moves from the initial position to this one, and its name."""
    if not line.move_stack:
        return {}
    board, name = chess.Board(), ""
    for move in line.move_stack:
        board.push(move)
        name = names.get(board.epd(), name)
    return {"name": name, "moves": chess.Board().variation_san(line.move_stack)}


def playout(rng: random.Random, board: chess.Board) -> str:
    """The result of one game of weak players: "1-0", "0-1", "1/2-1/2", or "*" after too many plies."""
    board = board.copy()
    start = board.ply()
    while (outcome := board.outcome(claim_draw=True)) is None and board.ply() < start + PLIES:
        moves = list(board.legal_moves)
        mates = [move for move in moves if board.gives_check(move) and is_mate(board, move)]
        captures = [move for move in moves if board.is_capture(move)]
        board.push(rng.choice(mates or (captures if captures and rng.random() < 0.5 else moves)))
    return outcome.result() if outcome else "*"


def is_mate(board: chess.Board, move: chess.Move) -> bool:
    """Whether a legal move mates."""
    board.push(move)
    mate = board.is_checkmate()
    board.pop()
    return mate


def sharp(rng: random.Random, turn: chess.Color) -> chess.Board:
    """A random position of two to four pieces a side and kings on an edge."""
    edge = [square for square in chess.SQUARES if chess.BB_SQUARES[square] & (chess.BB_RANK_1 | chess.BB_RANK_8)]
    board = chess.Board(None)
    army = rng.choice(("QR", "QRB", "QRN", "RRB", "QQ", "RRN", "QBN"))
    for color in chess.COLORS:
        board.set_piece_at(rng.choice(edge), chess.Piece(chess.KING, color))
        for symbol in army:
            free = [square for square in chess.SQUARES if board.piece_at(square) is None]
            board.set_piece_at(rng.choice(free), chess.Piece(chess.Piece.from_symbol(symbol).piece_type, color))
    board.turn = turn
    board.halfmove_clock = CLOCK
    return board


def endgames(engine: chess.engine.SimpleEngine, rng: random.Random) -> Iterator[tuple[chess.Board, int]]:
    """Short endgames that either side may win, White and Black to move in turn."""
    seen: set[str] = set()
    while len(seen) < ENDGAMES:
        board = sharp(rng, chess.COLORS[len(seen) % 2])
        if not board.is_valid() or board.is_check() or board.outcome() or board.epd() in seen:
            continue
        results = [playout(rng, board) for _ in range(PLAYOUTS)]
        decisive = min(results.count("1-0"), results.count("0-1")) >= WINS
        if decisive and results.count("*") <= UNFINISHED:
            seen.add(board.epd())
            yield board, centipawns(engine, board)


def write(name: str, about: str, positions: Iterator[tuple[chess.Board, int]], names: Mapping[str, str]) -> None:
    """Writes a book, its positions one a line."""
    lines = []
    for board, score in positions:
        packed = [f"0x{word:064x}" for word in words(board)]
        entry = {"fen": board.fen(en_passant="legal"), "centipawns": score, "board": packed[0], "state": packed[1]}
        lines.append("    " + json.dumps(entry | story(board, names), ensure_ascii=False))
        print(f"\r{name} {len(lines)}", end="", flush=True)
    print()
    header = f'  "made": {json.dumps(f"by contracts/book/make_books.py, seed 1: {about}")},\n  "openings": [\n'
    text = "{\n" + header + ",\n".join(lines) + "\n  ]\n}\n"
    Path(__file__).with_name(f"{name}.json").write_text(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("book", nargs="?", choices=("openings", "endgames"), help="only that one")
    parser.add_argument("--names", type=Path, required=True, help="a checkout of lichess-org/chess-openings")
    arguments = parser.parse_args()
    only, names = arguments.book, read_names(arguments.names)
    if not names:
        raise SystemExit(f"{arguments.names} holds no tables a.tsv to e.tsv: check out lichess-org/chess-openings")
    path = shutil.which("stockfish", path="/usr/games:/usr/bin:/usr/local/bin")
    if path is None:
        raise SystemExit("stockfish is not installed")
    with chess.engine.SimpleEngine.popen_uci(path) as engine:
        engine.configure({"Threads": 1, "Hash": 16})
        version = engine.id["name"]
        for name, make in (("openings", openings), ("endgames", endgames)):
            if only in (None, name):
                write(name, version, make(engine, random.Random(1)), names)


if __name__ == "__main__":
    main()

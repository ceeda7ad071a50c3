"""A game as PGN, with the headers that lichess's exports have."""

from __future__ import annotations

import time
from typing import Any

import chess
import chess.pgn

from server.model.game import Game
from server.model.opening import opening_of


def pgn(game: Game, site: str) -> str:
    """The game as PGN. Tags are made of numbers, hex, fixed words and `site`, the game's address."""
    record = chess.pgn.Game()
    if game.opening_fen is not None:
        record.setup(chess.Board(game.opening_fen))
    players = ("World", "Leela") if game.world == "white" else ("Leela", "World")
    started = time.gmtime(game.moves[0].time) if game.moves else None
    date = time.strftime("%Y.%m.%d", started) if started else "????.??.??"
    opening = opening_of(game.opening_fen)
    tags: dict[str, Any] = {
        "Event": f"Proofmate game {game.id}",
        "Site": site,
        "Date": date,
        "Round": "-",
        "White": players[0],
        "Black": players[1],
        "Result": _result(game),
        "GameId": str(game.id),
        "UTCDate": date,
        "UTCTime": time.strftime("%H:%M:%S", started) if started else "??:??:??",
        "Variant": "Standard" if game.opening_fen in (None, chess.STARTING_FEN) else "From Position",
        "TimeControl": "-",
        "Opening": "?" if opening is None else opening.name,
        "Termination": _termination(game),
        "Chain": f"{game.chain_id} {game.contract}",
    }
    if game.reason is not None:
        tags["Reason"] = game.reason
    record.headers.update({name: _plain(value) for name, value in tags.items()})
    node: chess.pgn.GameNode = record
    for move in game.moves:
        node = node.add_variation(chess.Move.from_uci(move.move))
        if move.by == "understudy":
            node.comment = "understudy"
    return str(record) + "\n"


def _plain(value: str) -> str:
    """A tag's value without what could end it: a request's Host header is part of the site."""
    return "".join(letter for letter in value if letter.isprintable() and letter not in '"\\')


def _termination(game: Game) -> str:
    if game.state != "over":
        return "Unterminated"
    return "Abandoned" if game.outcome == "void" else "Normal"


def _result(game: Game) -> str:
    if game.outcome == "draw":
        return "1/2-1/2"
    if game.outcome in ("world", "leela"):
        return "1-0" if (game.outcome == "world") == (game.world == "white") else "0-1"
    return "*"

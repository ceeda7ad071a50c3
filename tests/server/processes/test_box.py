"""The ballots of one vote in memory."""

from __future__ import annotations

import chess

from engine.encoding import pack_move
from server.model.position import Position
from server.processes.box import Box, ballots_in, seat_of
from server.store.records import pack_ballot
from tests.server.table import ETHER, Table

POSITION = Position.pack(chess.Board(), 0)


def packed(seat: int) -> bytes:
    return pack_ballot(seat, pack_move(chess.Move.from_uci("e2e4")), bytes([seat]) * 64)


def box(*seats: int) -> Box:
    made = Box(0, POSITION)
    for rank, seat in enumerate(seats):
        made.received[seat], made.ranks[seat] = packed(seat), rank
    return made


def test_the_heaviest_come_first_and_what_is_away_does_not_come() -> None:
    made = box(5, 3, 4, 1)
    assert [seat_of(ballot) for ballot in made.pending([])] == [5, 3, 4, 1]
    assert [seat_of(ballot) for ballot in made.pending([packed(3)])] == [5, 4, 1]
    made.settle([packed(5), packed(4)], [5])
    assert made.useless == {4} and [seat_of(ballot) for ballot in made.pending([])] == [3, 1]
    assert made.lost() == {1, 3, 4}
    made.forget()
    assert len(made.pending([])) == 4


def test_ballots_are_found_in_the_calldata(table: Table) -> None:
    batch = [packed(seat) for seat in range(7)]
    call = table.call.castBallots(3, 4, b"".join(batch))
    assert list(ballots_in(call._encode_transaction_data())) == batch
    assert ballots_in(table.call.castBallots(3, 4, b"")._encode_transaction_data()) == ()


def test_only_new_ballots_are_read(table: Table) -> None:
    game, voters = table.start(ETHER, 3 * ETHER)
    made = Box(game, table.chain.summary(game).position)
    table.receive(voters[0], game, "e2e4")
    made.read(table.redis, table.names)
    table.receive(voters[1], game, "d2d4")
    first = made.received[0]
    made.read(table.redis, table.names)
    assert made.received[0] is first and [seat_of(ballot) for ballot in made.pending([])] == [1, 0]
    table.redis.hset(table.names.voted(game), mapping={"0": "2:1804", "1": "0:1804"})
    assert made.voted(table.redis, table.names) == {1}

from __future__ import annotations

from server.logline import line


def test_a_line_is_an_event_and_its_fields() -> None:
    assert line("relay_resumed") == "relay_resumed"
    assert line("move_proven", game=3, ply=12, seconds=2.314) == "move_proven game=3 ply=12 seconds=2.31"


def test_a_value_cannot_pass_for_a_field_or_a_line() -> None:
    said = line("redis_away", error='no "x"\ngame=3', empty="")
    assert said == 'redis_away error="no \\"x\\"\\ngame=3" empty=""' and "\n" not in said

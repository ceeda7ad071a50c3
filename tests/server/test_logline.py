from __future__ import annotations

import json
import logging
import sys

from server.logline import HIDDEN, JsonFormat, TextFormat, line, parts_to_hide, request


def test_a_line_is_an_event_and_its_fields() -> None:
    assert line("relay_resumed") == "relay_resumed"
    assert line("move_proven", game=3, ply=12, seconds=2.314) == "move_proven game=3 ply=12 seconds=2.31"


def test_a_value_cannot_pass_for_a_field_or_a_line() -> None:
    said = line("redis_away", error='no "x"\ngame=3', empty="")
    assert said == 'redis_away error="no \\"x\\"\\ngame=3" empty=""' and "\n" not in said


def test_secrets_are_blotted_out_everywhere() -> None:
    secret = "46" * 32
    for form in (TextFormat([secret, "key"]), JsonFormat([secret, "key"])):
        try:
            raise ValueError(f"bad key 0x{secret}")
        except ValueError:
            record = logging.LogRecord("x", logging.ERROR, "", 1, line("fault", error=secret), (), sys.exc_info())
        said = form.format(record)
        assert secret not in said and HIDDEN in said and "bad key" in said, "a short word is no secret"


def test_json_has_the_fields() -> None:
    record = logging.LogRecord("a.b", logging.INFO, "", 1, line("move_proven", game=3, seconds=2.5), (), None)
    said = json.loads(JsonFormat([]).format(record))
    assert said.pop("time").endswith("Z")
    assert said == {"level": "info", "logger": "a.b", "event": "move_proven", "game": 3, "seconds": 2.5}
    plain = logging.LogRecord("a", logging.INFO, "", 1, "%s said", ("it",), None)
    assert json.loads(JsonFormat([]).format(plain))["event"] == "it said"


def test_what_of_a_url_is_secret() -> None:
    assert parts_to_hide("redis://user:pass%40word@host/0") == {"pass%40word", "pass@word"}
    assert parts_to_hide("https://rpc.example/v2/0123456789abcdef?key=abcdefg") == {"0123456789abcdef", "abcdefg"}
    assert parts_to_hide("unix:///a/very/long/path/of/a/socket") == set()


def test_a_line_of_a_request_names_it() -> None:
    token = request.set("abc-1")
    try:
        record = logging.LogRecord("a", logging.INFO, "", 1, line("chain_away"), (), None)
        assert json.loads(JsonFormat([]).format(record))["request"] == "abc-1"
    finally:
        request.reset(token)

"""Reads a game as it happens: python examples/read_stream.py URL GAME

Server-sent events: the whole document at once and after every change. It prints the moves, and ends with the game.
After a lost connection it starts again where it was.
"""

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx


def documents(address: str) -> Iterator[dict[str, Any]]:
    """A game's documents, each newer than the one before."""
    last = ""
    while True:
        try:
            headers = {"Last-Event-ID": last} if last else {}
            # The server sends a `ping` after 4 seconds of silence, so 10 seconds of it mean a lost connection.
            with httpx.stream("GET", address, headers=headers, timeout=10) as response:
                response.raise_for_status()
                event: dict[str, str] = {}
                for line in response.iter_lines():
                    name, _, value = line.partition(": ")
                    event[name] = value
                    if not line:  # an empty line ends an event
                        if event.get("event") == "game":
                            last = event["id"]
                            yield json.loads(event["data"])
                        event = {}
        except httpx.TransportError as error:
            print(f"connection lost ({error}), trying again", file=sys.stderr)
            time.sleep(1)


url, number = sys.argv[1].rstrip("/"), int(sys.argv[2])
seen = 0
for game in documents(f"{url}/api/v1/games/{number}/stream"):
    for move in game["moves"][seen:]:
        print(f"{move['ply']:>3}  {move['move']:<5}  {'proven' if move['proof'] else 'the crowd'}", flush=True)
    seen = len(game["moves"])
    if game["state"] == "over":
        print(f"over: {game['outcome']}")
        break

"""That no call leads a game out of Over, by the compiler's syntax tree.

- The state, or a whole record, is written in five functions only, and by no assembly.
- Each call that can come to one of them asks first for a state, and for another than Over; but for createGame, which
  writes the record of a number that no game had.
- What they call of other contracts is static, so that nobody runs in between.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "mutation"))
from mutate import CONTRACTS, Node, span, syntax_trees


class UnprovenError(Exception):
    """Says what was found instead."""


def sources() -> dict[str, str]:
    """The contracts' files by name."""
    return {f"src/{path.name}": path.read_text() for path in (CONTRACTS / "src").glob("*.sol")}


def walk(node: Any) -> Iterator[Node]:
    if isinstance(node, dict):
        if "nodeType" in node:
            yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for item in node:
            yield from walk(item)


def writes_state(function: Node) -> bool:
    """Whether the function itself writes a record's state, or a whole record."""
    for node in walk(function):
        target = node.get("leftHandSide") if node["nodeType"] == "Assignment" else None
        if node["nodeType"] == "UnaryOperation" and node["operator"] in ("delete", "++", "--"):
            target = node["subExpression"]
        if target is None:
            continue
        for part in target["components"] if target["nodeType"] == "TupleExpression" else [target]:
            kind = (part or {}).get("typeDescriptions", {}).get("typeString", "")
            if kind == "enum IGame.State" or kind == "struct Game.Record storage ref":
                return True
    return False


def check(sources: dict[str, str]) -> list[str]:
    """What was found, a line each. Raises UnprovenError."""
    return judge(sources, syntax_trees(sources))


def judge(sources: dict[str, str], trees: dict[str, Node]) -> list[str]:
    """The same, of syntax trees."""
    functions = {
        node["id"]: node
        for name in ("src/Game.sol", "src/Registry.sol")
        for node in walk(trees[name])
        if node["nodeType"] == "FunctionDefinition" and node.get("body")
    }
    for name, tree in trees.items():
        for node in walk(tree):
            if node["nodeType"] == "InlineAssembly":
                text = sources[name].encode()[slice(*span(node))].decode()
                if re.search(r"\b(sstore|delegatecall|callcode|call)\b", text):
                    raise UnprovenError(f"assembly in {name} may write storage or call")
    calls = {
        number: {
            node["expression"]["referencedDeclaration"]
            for node in walk(function)
            if node["nodeType"] == "FunctionCall" and node["expression"]["nodeType"] == "Identifier"
        }
        & set(functions)
        for number, function in functions.items()
    }
    writers = {number for number, function in functions.items() if writes_state(function)}
    reaching = set(writers)
    while True:
        more = {number for number in functions if calls[number] & reaching} - reaching
        if not more:
            break
        reaching |= more
    entries = [functions[number] for number in reaching if functions[number]["visibility"] in ("external", "public")]
    if {functions[number]["name"] for number in writers} != {"createGame", "closeLobby", "_enter", "_prove", "_end"}:
        raise UnprovenError(f"the state is written in {sorted(functions[number]['name'] for number in writers)}")
    found = []
    for entry in sorted(entries, key=lambda entry: str(entry["name"])):
        if entry["name"] == "createGame":
            continue
        first = entry["body"]["statements"][0]
        call = first.get("initialValue") or {}
        asked = call.get("arguments", [{}, {}])[1]
        if call.get("expression", {}).get("name") != "_in" or asked.get("memberName") in (None, "Over"):
            raise UnprovenError(f"{entry['name']} writes the state before it asks for another one than Over")
        found.append(f"{entry['name']} needs {asked['memberName']}")
    # createGame writes the record of a number that no game had: games only grows, there alone.
    grows = [
        (function["name"], node)
        for function in functions.values()
        for node in walk(function)
        if node["nodeType"] in ("Assignment", "UnaryOperation")
        and (node.get("leftHandSide") or node.get("subExpression") or {}).get("name") == "games"
    ]
    if [(name, node.get("operator")) for name, node in grows] != [("createGame", "++")]:
        raise UnprovenError("games is written elsewhere than in createGame's games++")
    # Between the question and the write nobody else runs: all calls to other contracts are static.
    for number in reaching:
        for node in walk(functions[number]):
            called = node.get("expression", {}) if node["nodeType"] == "FunctionCall" else {}
            kind = called.get("typeDescriptions", {}).get("typeString", "")
            static = " external" not in kind or " view" in kind or " pure" in kind
            if not static or node.get("memberName") in ("call", "delegatecall", "send", "transfer"):
                raise UnprovenError(f"{functions[number]['name']} calls a contract that may call back")
    return [*found, "no call leads out of Over"]

# ruff: noqa: N802  (methods are named after the nodes of the syntax tree that they write)
"""Mutation testing of the contracts: each small fault that could have been written must make a test fail.

    .venv/bin/python contracts/mutation/mutate.py Pool Vote            # all mutants of these files
    .venv/bin/python contracts/mutation/mutate.py Chess --sample 40    # 40 mutants, chosen by --seed

All mutants of a run are compiled at once. The compiler's syntax tree says where the operators, conditions and
statements are; each becomes a choice, `(uint160(address(block.coinbase)) == 17 ? a <= b : a < b)`. So the block's
coinbase, which no test sets, chooses the mutant, and nothing is compiled for the next one. A mutant that no test
notices survives, and is printed; `explained.json` says of the known ones why no test can notice them. Exit code 1: a
survivor that is not explained.

A mutant is tried with few inputs a fuzz test first. What survives that is tried with many, and by games at random
(test/Invariants.t.sol) if it is of the game. `--out` keeps what was found: a run that was stopped goes on, and only
the survivors of the one before are tried again.

What is mutated: comparisons, arithmetic and bit operators, && and ||, !, conditions (never taken; always taken), single
statements (left out), + 1 on literals and constants in arithmetic, onlyOwner (left out). Not: inline assembly, the
values of constants, the steps of loops, OpenZeppelin's code.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONTRACTS = Path(__file__).resolve().parents[1]
WORK = CONTRACTS / "cache" / "mutation" / "contracts"
EXPLAINED = Path(__file__).with_name("explained.json")

GAME = ("Game", "GameLobby", "GameMove", "GameVote", "GameStakes", "GameEnd", "GameBeacon")
# Which files of test/ judge a file's mutants.
JUDGES = {
    "Beacon": ("Beacon",),
    "Chess": ("Chess",),
    "Encoding": ("Encoding",),
    "Game": GAME,
    "Pool": ("Pool",),
    "Quicknet": ("Beacon", "GameBeacon"),
    "Registry": GAME,
    "Rules": GAME,
    "Vote": ("Vote",),
}
QUICK, THOROUGH = 8, 256  # inputs of a fuzz test, for every mutant and for what survives that
GAMES = 8  # at random, for what survives
OTHER = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "+": "-", "-": "+", "*": "/", "/": "*",
    "%": "/", "&&": "||", "||": "&&", "&": "|", "|": "&", "^": "|", "<<": ">>", ">>": "<<",
    "+=": "-=", "-=": "+=", "|=": "&=", "^=": "|=", "&=": "|=", "++": "--", "--": "++",
}  # fmt: skip
COUNTED = ("+", "-", "*", "/", "%", "<", "<=", ">", ">=", "==", "!=")

Node = dict[str, Any]


@dataclass(frozen=True)
class Mutant:
    number: int  # the coinbase that chooses it
    file: str
    line: int
    function: str
    change: str

    @property
    def name(self) -> str:
        """Names it in explained.json; lines move, so they are no part of it."""
        return f"{self.file}.{self.function}: {self.change}"


class Mutator:
    """Writes one file's source anew, with all its mutants in it."""

    def __init__(self, file: str, source: str, first: int, functions: set[str] | None = None) -> None:
        self.file, self.source, self.next = file, source.encode(), first
        self.mutants: list[Mutant] = []
        self.function = ""
        self.functions = functions

    def whole(self, tree: Node) -> str:
        text = self._text(tree)
        return re.sub(r"\bpure\b", "view", text)  # who reads the block's coinbase is not pure

    def _chosen(self, node: Node, change: str) -> str:
        start = span(node)[0]
        line = self.source[:start].count(b"\n") + 1
        change = re.sub(r"\s+", " ", change)
        again = sum(m.function == self.function and m.change.split(" #")[0] == change for m in self.mutants)
        self.mutants.append(
            Mutant(self.next, self.file, line, self.function, f"{change} #{again + 1}" if again else change)
        )
        self.next += 1
        return f"uint160(address(block.coinbase)) == {self.next - 1}"

    def _plain(self, node: Node) -> str:
        start, end = span(node)
        return self.source[start:end].decode()

    def _text(self, node: Node) -> str:
        """The node's source with its mutants."""
        if node["nodeType"] == "FunctionDefinition":
            self.function = node["name"] or node["kind"]
            if not node.get("body"):
                return self._plain(node)
        method = getattr(self, "_" + node["nodeType"], None)
        return method(node) if method else self._children(node)

    def _children(self, node: Node) -> str:
        start, end = span(node)
        text, position = "", start
        for child in sorted(_children(node), key=lambda child: span(child)[0]):
            child_start, child_end = span(child)
            if child_start < position or child_end > end:
                continue
            text += self.source[position:child_start].decode() + self._text(child)
            position = child_end
        return text + self.source[position:end].decode()

    # ------------------------------------------------------------------------------------------- left as they are

    def _keep(self, node: Node) -> str:
        return self._plain(node)

    _InlineAssembly = _EventDefinition = _ErrorDefinition = _StructDefinition = _EnumDefinition = _keep
    _ImportDirective = _PragmaDirective = _UsingForDirective = _StructuredDocumentation = _keep
    _ElementaryTypeName = _UserDefinedTypeName = _Mapping = _ParameterList = _VariableDeclaration = _keep

    def _ForStatement(self, node: Node) -> str:
        """The start and the step of a loop stay."""
        kept = [node[key] for key in ("initializationExpression", "loopExpression") if node.get(key)]
        text = self._children({**node, "initializationExpression": None, "loopExpression": None})
        assert all(self._plain(part) in text for part in kept)
        return text

    # ------------------------------------------------------------------------------------------------ expressions

    def _BinaryOperation(self, node: Node) -> str:
        left, right = self._operand(node, "leftExpression"), self._operand(node, "rightExpression")
        operator = node["operator"]
        text = f"{left} {operator} {right}"
        other = OTHER.get(operator)
        if other is None or node.get("isPure"):
            return text
        chosen = self._chosen(node, f"{self._plain(node)} -> {other}")
        return f"({chosen} ? {left} {other} {right} : {text})"

    def _operand(self, node: Node, side: str) -> str:
        operand = node[side]
        common = node["commonType"]["typeString"]
        constant = operand["nodeType"] == "Literal" or (
            operand["nodeType"] == "Identifier" and operand["name"].isupper() and operand.get("isPure")
        )
        if not constant or node.get("isPure") or node["operator"] not in COUNTED or not common.startswith("uint"):
            return self._text(operand)
        plain = self._plain(operand)
        chosen = self._chosen(operand, f"{self._plain(node)} -> {plain} + 1")
        return f"({chosen} ? {common}({plain}) + 1 : {common}({plain}))"

    def _UnaryOperation(self, node: Node) -> str:
        operator, inner = node["operator"], self._text(node["subExpression"])
        text = operator + inner if node["prefix"] else inner + operator
        if operator == "!":
            return f"({self._chosen(node, self._plain(node) + ' -> without !')} ? {inner} : {text})"
        if operator in ("++", "--"):
            other = text.replace(operator, str(OTHER[operator]))
            return f"({self._chosen(node, self._plain(node) + ' -> ' + OTHER[operator])} ? {other} : {text})"
        return f"delete {inner}" if operator == "delete" else str(text)

    def _Conditional(self, node: Node) -> str:
        condition = self._text(node["condition"])
        chosen = self._chosen(node["condition"], f"{self._plain(node['condition'])} -> the opposite")
        yes, no = self._text(node["trueExpression"]), self._text(node["falseExpression"])
        return f"(({chosen} ? !({condition}) : ({condition})) ? {yes} : {no})"

    # ------------------------------------------------------------------------------------------------- statements

    def _IfStatement(self, node: Node) -> str:
        condition, plain = self._text(node["condition"]), self._plain(node["condition"])
        chosen = self._chosen(node["condition"], f"if ({plain}) -> never")
        condition = f"{chosen} ? false : ({condition})"
        if not _reverts(node["trueBody"]):
            chosen = self._chosen(node["condition"], f"if ({plain}) -> always")
            condition = f"{chosen} ? true : ({condition})"
        text = f"if ({condition}) {self._text(node['trueBody'])}"
        if node.get("falseBody"):
            text += f" else {self._text(node['falseBody'])}"
        return text

    def _ExpressionStatement(self, node: Node) -> str:
        expression = node["expression"]
        kind = expression.get("leftHandSide", expression).get("typeDescriptions", {}).get("typeString") or ""
        if "storage pointer" in kind:  # the compiler wants those assigned on every path
            return self._text(expression)
        if expression["nodeType"] == "Assignment" and expression["operator"] in OTHER:
            operator, left = expression["operator"], self._text(expression["leftHandSide"])
            right = self._text(expression["rightHandSide"])
            chosen = self._chosen(node, f"{self._plain(node)} -> {OTHER[operator]}")
            text = f"{{ if ({chosen}) {left} {OTHER[operator]} {right}; else {left} {operator} {right}; }}"
        else:
            text = self._text(expression) + ";"
        return f"{{ if ({self._chosen(node, self._plain(node) + ' -> left out')}) {{}} else {text} }}"

    def _EmitStatement(self, node: Node) -> str:
        chosen = self._chosen(node, f"emit {node['eventCall']['expression']['name']} -> left out")
        return f"{{ if ({chosen}) {{}} else {self._children(node)}; }}"

    def _Block(self, node: Node) -> str:
        # Statements that end in a semicolon outside their span: drop the one that was written by us already.
        text = self._children(node)
        return text.replace("};", "}") if "};" in text else text

    def _FunctionDefinition(self, node: Node) -> str:
        text = self._children(node)
        for modifier in node["modifiers"]:
            if self._plain(modifier) == "onlyOwner":
                head, body = text.split("{", 1)
                chosen = self._chosen(modifier, "onlyOwner -> left out")
                text = head.replace(" onlyOwner", "") + f"{{ if ({chosen}) {{}} else _checkOwner();" + body
        return text


def span(node: Node) -> tuple[int, int]:
    start, length, _ = (int(part) for part in node["src"].split(":"))
    return start, start + length


def _children(node: Node) -> Iterator[Node]:
    for value in node.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict) and "src" in item and "nodeType" in item:
                yield item


def _reverts(body: Node) -> bool:
    statements = body["statements"] if body["nodeType"] == "Block" else [body]
    return bool(statements) and statements[-1]["nodeType"] == "RevertStatement"


def syntax_trees(sources: dict[str, str]) -> dict[str, Node]:
    """The compiler's syntax tree of each file of src/."""
    wanted: dict[str, Any] = {"language": "Solidity", "settings": {"outputSelection": {"*": {"": ["ast"]}}}}
    access = CONTRACTS / "node_modules" / "@openzeppelin" / "contracts"
    library = {
        f"@openzeppelin/contracts/{path.relative_to(access)}": {"content": path.read_text()}
        for path in [access / "access/Ownable.sol", access / "access/Ownable2Step.sol", access / "utils/Context.sol"]
    }
    wanted["sources"] = {name: {"content": text} for name, text in sources.items()} | library
    answer = subprocess.run(
        [CONTRACTS / "solc", "--standard-json"], input=json.dumps(wanted), capture_output=True, text=True, check=True
    )
    output = json.loads(answer.stdout)
    errors = [error["formattedMessage"] for error in output.get("errors", []) if error["severity"] == "error"]
    if errors:
        raise SystemExit("\n".join(errors))
    return {name: output["sources"][name]["ast"] for name in sources}


def prepare(files: list[str]) -> list[Mutant]:
    """A copy of contracts/ in which the files hold all their mutants, and those."""
    shutil.rmtree(WORK.parent, ignore_errors=True)
    judges = {f"{judge}.t.sol" for file in files for judge in (*JUDGES[file], *_games(file))}
    for folder in ("src", "test"):
        (WORK / folder).mkdir(parents=True)
        for path in (CONTRACTS / folder).glob("*.sol"):
            if not path.name.endswith(".t.sol") or path.name in judges:
                (WORK / folder / path.name).write_text(re.sub(r"\bpure\b", "view", path.read_text()))
    shutil.copytree(CONTRACTS.parent / "tests" / "vectors", WORK.parent / "tests" / "vectors")
    (WORK / "node_modules").symlink_to(CONTRACTS / "node_modules")
    version = subprocess.run([CONTRACTS / "solc", "--version"], capture_output=True, text=True, check=True).stdout
    compiler = WORK / "solc"  # forge asks for the version in each run, and Node takes its time to say it
    compiler.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && printf %s \'{version}\' || exec {CONTRACTS / "solc"} "$@"\n'
    )
    compiler.chmod(0o755)
    sources = {f"src/{path.name}": path.read_text() for path in (CONTRACTS / "src").glob("*.sol")}
    trees = syntax_trees(sources)
    mutants: list[Mutant] = []
    for file in files:
        mutator = Mutator(file, sources[f"src/{file}.sol"], len(mutants) + 1)
        (WORK / "src" / f"{file}.sol").write_text(mutator.whole(trees[f"src/{file}.sol"]))
        mutants += mutator.mutants
    config = (CONTRACTS / "foundry.toml").read_text()
    config = config.replace("optimizer = true", "optimizer = true\ncode_size_limit = 100000000")
    config = config.replace("gas_snapshot_check = true", "gas_snapshot_check = false")
    config = re.sub(r'gas_limit = "\d+"', 'gas_limit = "20000000000"', config)
    (WORK / "foundry.toml").write_text(config)
    return mutants


def _games(file: str) -> tuple[str, ...]:
    return ("Invariants",) if set(JUDGES[file]) & set(GAME) else ()


def forge(
    judges: tuple[str, ...], coinbase: int, skipped: list[str], limit: int, runs: int = QUICK
) -> tuple[bool, list[str]]:
    """Whether all tests pass, and those that do not."""
    paths = f"test/{{{','.join(judges)}}}.t.sol" if len(judges) > 1 else f"test/{judges[0]}.t.sol"
    command = [str(CONTRACTS / "node_modules" / ".bin" / "forge"), "test", "--json", "--match-path", paths]
    command += ["--block-coinbase", f"0x{coinbase:040x}"]
    if coinbase:
        command.append("--fail-fast")
    if skipped:
        command += ["--no-match-test", f"^({'|'.join(skipped)})$"]
    given = {**os.environ, "FOUNDRY_FUZZ_RUNS": str(runs), "FOUNDRY_INVARIANT_RUNS": str(GAMES)}
    # Processor time, so that a busy machine, or a run that is stopped for a while, kills no mutant.
    bounded = lambda: resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))  # noqa: E731
    done = subprocess.run(command, cwd=WORK, env=given, capture_output=True, text=True, check=False, preexec_fn=bounded)
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return False, ["(too slow)"]
    start = done.stdout.find("{")
    if start < 0:
        raise SystemExit(f"forge says: {done.stdout}{done.stderr}"[:4000])
    suites = json.loads(done.stdout[start:].splitlines()[0])
    results = [(test, result) for suite in suites.values() for test, result in suite["test_results"].items()]
    if not results:
        raise SystemExit(f"no tests ran for {judges}")
    return done.returncode == 0, [test.split("(")[0] for test, result in results if result["status"] == "Failure"]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("files", nargs="+", choices=sorted(JUDGES), metavar="FILE", help=", ".join(sorted(JUDGES)))
    parser.add_argument("--sample", type=int, help="so many mutants of each file, chosen at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, default=300, help="seconds of processor time for one run of the tests")
    parser.add_argument("--out", type=Path, help="a line of JSON for each mutant; those killed in it are not run again")
    given = parser.parse_args()
    mutants = prepare(given.files)
    explained: dict[str, str] = json.loads(EXPLAINED.read_text()) if EXPLAINED.exists() else {}
    known = {} if given.out is None or not given.out.exists() else {
        line["name"]: line for line in map(json.loads, given.out.read_text().splitlines())
    }  # fmt: skip
    unexplained = 0
    for file in given.files:
        chosen = [mutant for mutant in mutants if mutant.file == file]
        all_of_them = len(chosen)
        if given.sample is not None and given.sample < len(chosen):
            chosen = random.Random(given.seed).sample(chosen, given.sample)
        started = time.monotonic()
        passed, skipped = forge(JUDGES[file] + _games(file), 0, [], 3600)
        if not passed:
            print(f"{file}: not judged by {', '.join(skipped)}, which fail without a fault in this build", flush=True)
        print(
            f"{file}: {all_of_them} mutants, {len(chosen)} tried; a run takes {time.monotonic() - started:.0f} s",
            flush=True,
        )
        counts = {"killed": 0, "explained": 0, "survived": 0}
        for mutant in sorted(chosen, key=lambda mutant: mutant.number):
            if mutant.name in known and known[mutant.name]["killed"]:
                verdict = "killed"
            else:
                passed, failed = forge(JUDGES[file], mutant.number, skipped, given.limit)
                if passed:
                    judges = JUDGES[file] + _games(file)
                    passed, failed = forge(judges, mutant.number, skipped, given.limit, THOROUGH)
                verdict = "survived" if passed else "killed"
                if given.out is not None:
                    line = {"name": mutant.name, "line": mutant.line, "killed": not passed, "by": failed}
                    with given.out.open("a") as out:
                        out.write(json.dumps(line) + "\n")
            if verdict == "survived" and mutant.name in explained:
                verdict = "explained"
            counts[verdict] += 1
            if verdict == "survived":
                print(f"  survived: {file}.sol:{mutant.line} {mutant.name}", flush=True)
        unexplained += counts["survived"]
        print(f"{file}: {', '.join(f'{count} {verdict}' for verdict, count in counts.items())}", flush=True)
    sys.exit(1 if unexplained else 0)


if __name__ == "__main__":
    os.environ["FOUNDRY_PROFILE"] = "default"
    main()

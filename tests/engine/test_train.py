"""A training run in small: loss falls, it resumes, the export is inside its bounds, plays, and is proven."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import chess
import numpy as np
import pytest
import torch
from filelock import FileLock

from engine import data, encoding, network, quantise, train
from engine.label import label as label_games
from engine.network import Shape
from engine.policy import Network
from tests.engine.games import random_game

TINY = Shape(channels=32, convolutions=2, shift=11, zero=1 << 11)
CONFIG = train.Config("tiny", steps=100, batch=128)


@pytest.fixture(scope="module")
def games(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    path = tmp_path_factory.mktemp("games") / "games-1.bin"
    end = np.full((1, 2), data.UNLABELLED, np.uint16)
    np.concatenate([part for seed in range(80) for part in (random_game(seed), end)]).astype("<u2").tofile(path)
    return [path]


@pytest.fixture(autouse=True)
def small_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(network.SHAPES, "tiny", TINY)
    monkeypatch.setattr(train, "REPORT", 10)


def log(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def trained(games: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(network.SHAPES, "tiny", TINY)
        patch.setattr(train, "REPORT", 10)
        train.start(folder, CONFIG, games, "cpu", processes=1, seconds=600)
    return folder


def test_the_loss_falls(trained: Path) -> None:
    entries = log(trained)
    assert entries[-1]["step"] == 100 and entries[-1]["loss"] < 0.85 * entries[0]["loss"]
    assert entries[-1]["held_out_top1"] > 0.3 and entries[-1]["largest_bound"] < TINY.zero - 2


def test_a_finished_run_stays_as_it_is(trained: Path, games: list[Path]) -> None:
    before = (trained / "checkpoint.pt").read_bytes()
    train.start(trained, CONFIG, games, "cpu", processes=1, seconds=600)
    assert (trained / "checkpoint.pt").read_bytes() == before


def test_the_export_plays_and_is_proven(trained: Path, games: list[Path], tmp_path: Path) -> None:
    exported = quantise.export(trained, "tiny", games, tmp_path)
    path = tmp_path / "tiny.safetensors"
    passport = json.loads((tmp_path / "tiny.json").read_text())
    assert Network.load(path).hash == exported.hash and passport["sha256"] == exported.hash.hex()
    assert passport["training"]["steps_done"] == 100 and passport["agreement"]["float_and_integer_top1"] > 0.85
    if importlib.util.find_spec("engine._halo2") is None:
        pytest.skip("the prover is not built")
    from engine.prover import Prover
    from engine.setup import Setup

    board = chess.Board()
    planes = encoding.planes(board, False)
    prover = Prover(path, Setup.from_seed(1), tmp_path / "cache")
    proof = prover.prove(planes, encoding.legal_indices(board), 7)
    assert proof.index in encoding.legal_indices(board)
    assert prover.verify(proof.words, proof.proof)


def test_a_run_is_resumed_where_it_stopped(games: list[Path], tmp_path: Path) -> None:
    train.start(tmp_path, CONFIG, games, "cpu", processes=1, seconds=1)
    stopped = train.Run.open(tmp_path)
    assert 0 < stopped.step < CONFIG.steps
    train.start(tmp_path, CONFIG, games, "cpu", processes=1, seconds=600)
    resumed = train.Run.open(tmp_path)
    assert resumed.step == CONFIG.steps and resumed.cpu_seconds > stopped.cpu_seconds
    assert log(tmp_path)[-1]["loss"] < 4


@pytest.mark.slow
def test_processes_share_a_batch(games: list[Path], tmp_path: Path) -> None:
    config = train.Config("small", steps=3, batch=32)  # the processes know the shapes of the module only
    train.start(tmp_path, config, games, "cpu", processes=2, seconds=600)
    assert train.Run.open(tmp_path).step == 3


def test_a_run_is_trained_by_one_at_a_time(trained: Path, games: list[Path]) -> None:
    with FileLock(trained / "lock"), pytest.raises(ValueError, match="is being trained already"):
        train.start(trained, CONFIG, games, "cpu", processes=1, seconds=1)


@pytest.mark.slow
def test_no_process_outlives_a_killed_run(games: list[Path], tmp_path: Path) -> None:
    """Else it would go on writing checkpoints beside the run that is started next."""
    options = ["--games", *map(str, games), "--batch", "32", "--processes", "2"]
    command = subprocess.Popen(
        [sys.executable, "-m", "server.cli", "train", str(tmp_path), *options], start_new_session=True
    )
    until(lambda: (tmp_path / "config.json").exists())
    command.kill()
    command.wait()
    until(lambda: not running(command.pid))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def running(session: int) -> list[str]:
    """The processes of a session, but for those that ended and nobody waited for."""
    listed = subprocess.run(["ps", "-s", str(session), "-o", "pid=,stat="], capture_output=True, text=True, check=False)
    return [line for line in listed.stdout.splitlines() if "Z" not in line]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["flagship", "wide", "large"])
def test_large_towers_train_and_travel(name: str, games: list[Path], tmp_path: Path) -> None:
    """A piece of their training can go to a machine with a GPU and back: at most 64 MiB."""
    train.start(tmp_path, train.Config(name, steps=2, batch=4), games, "cpu", processes=1, seconds=0)
    assert (tmp_path / "checkpoint.pt").stat().st_size < 64 << 20
    train.start(tmp_path, train.Config(name, steps=2, batch=4), games, "cpu", processes=1, seconds=600)
    assert train.Run.open(tmp_path).step == 2


def test_unknown_networks_are_refused(games: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no network 'huge'"):
        train.start(tmp_path, train.Config("huge", 1, 1), games, "cpu", processes=1, seconds=1)


def start_in_a_process(folder: Path, games: list[Path], *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "server.cli", "train", str(folder), "--games", *map(str, games), *more]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("processes", ["1", "2"])
def test_sigterm_ends_a_run_with_a_checkpoint(games: list[Path], tmp_path: Path, processes: str) -> None:
    with start_in_a_process(tmp_path, games, "--batch", "32", "--processes", processes) as training:
        assert training.stderr is not None
        line = json.loads(training.stderr.readline())
        assert line["work"] == "train" and line["total"] == 16_000 and line["expected_end"].endswith("UTC")
        training.terminate()
        rest = training.stderr.read()
        assert training.wait(timeout=120) == 130, rest
    assert "Traceback" not in rest
    assert train.Run.open(tmp_path).step == log(tmp_path)[-1]["step"] >= 1


def test_a_folder_of_another_network_is_left_alone(trained: Path, games: list[Path]) -> None:
    before = (trained / "config.json").read_text()
    with pytest.raises(ValueError, match=r"holds a run of another network than 'small': take another folder"):
        train.start(trained, train.Config("small", 1, 1), games, "cpu", processes=1, seconds=1)
    assert (trained / "config.json").read_text() == before


def test_a_run_begins_where_a_network_stands(trained: Path, games: list[Path], tmp_path: Path) -> None:
    exported = quantise.export(trained, "tiny", games, tmp_path / "networks")
    config = train.Config("tiny", steps=200, batch=128, muon_rate=0.002, adam_rate=0.0002, seed=1)
    train.start(tmp_path, config, games, "cpu", processes=1, seconds=0, first=exported)
    begun = train.Run.open(tmp_path)
    assert begun.config.start == exported.hash.hex() and begun.step == 1
    train.start(tmp_path, config, games, "cpu", processes=1, seconds=0, first=exported)
    assert train.Run.open(tmp_path).step == 2
    assert log(tmp_path)[0]["held_out_top1"] > log(trained)[-1]["held_out_top1"] - 0.05, "it goes on from there"
    other = Network.random("other", 15, 32, 2, seed=3, shift=11, zero=1 << 11)
    with pytest.raises(ValueError, match="holds a run that did not begin from other: take another folder"):
        train.start(tmp_path, config, games, "cpu", processes=1, seconds=0, first=other)
    with pytest.raises(ValueError, match="another shape"):
        wide = Network.random("wide", 15, 40, 2, seed=3, shift=11, zero=1 << 11)
        train.start(tmp_path / "new", config, games, "cpu", processes=1, seconds=0, first=wide)
    assert not (tmp_path / "new" / "checkpoint.pt").exists()


def test_a_batch_larger_than_the_data_is_refused(games: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a batch takes 100000 of only \d+ training positions"):
        train.start(tmp_path, train.Config("tiny", 1, 100_000), games, "cpu", processes=1, seconds=1)


def test_a_share_of_each_batch_is_endgames(trained: Path, games: list[Path], tmp_path: Path) -> None:
    label_games(tmp_path, 1, seconds=600, games=3, kind="endgames")
    endgames = [tmp_path / "endgames-1.bin"]
    config = replace(CONFIG, steps=20, batch=16, endgame_share=0.25)
    run = tmp_path / "run"
    train.start(run, config, games, "cpu", processes=1, seconds=600, endgames=endgames)
    assert train.Run.open(run).step == 20 and log(run)[-1]["held_out_top1"] >= 0
    quantise.export(run, "tiny", games, tmp_path, endgames=endgames)
    passport = json.loads((tmp_path / "tiny.json").read_text())
    assert list(passport["data"]["files"]) == ["games-1.bin", "endgames-1.bin"]
    assert passport["training"]["endgame_share"] == 0.25 and passport["training"]["endgame_positions"] > 16
    with pytest.raises(ValueError, match="saw endgames: name their files"):
        quantise.export(run, "tiny", games, tmp_path)
    with pytest.raises(ValueError, match="saw no endgames: name none"):
        quantise.export(trained, "tiny", games, tmp_path, endgames=endgames)
    shared = replace(config, network="small", steps=1)
    train.start(tmp_path / "shared", shared, games, "cpu", processes=2, seconds=600, endgames=endgames)
    assert train.Run.open(tmp_path / "shared").step == 1
    with pytest.raises(ValueError, match="wants endgames for 25% of a batch"):
        train.start(tmp_path / "other", config, games, "cpu", processes=1, seconds=600)
    with pytest.raises(ValueError, match=r"a batch takes 900 of only \d+ training positions"):
        greedy = replace(config, batch=1000, endgame_share=0.9)
        train.start(tmp_path / "other", greedy, games, "cpu", processes=1, seconds=600, endgames=endgames)


def test_the_passport_tells_the_training_before(
    trained: Path, games: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantise, "NETWORKS", tmp_path)
    first = quantise.export(trained, "tiny", games, tmp_path)
    before = json.loads((tmp_path / "tiny.json").read_text())["training"]
    config = replace(CONFIG, steps=1, seed=1)
    train.start(tmp_path / "run", config, games, "cpu", processes=1, seconds=600, first=first)
    quantise.export(tmp_path / "run", "tiny", games, tmp_path)
    training = json.loads((tmp_path / "tiny.json").read_text())["training"]
    assert training["before"] == before and training["steps"] == 1


def test_mirrored_positions_are_exact() -> None:
    positions = data.decode([random_game(seed) for seed in range(12)])
    boards = torch.from_numpy(positions.boards.copy())
    labels = torch.from_numpy(positions.labels.astype("int64"))
    flipped, moved = network.mirrored(boards, labels, torch.ones(len(labels), dtype=torch.bool))
    same, kept = network.mirrored(boards, labels, torch.zeros(len(labels), dtype=torch.bool))
    assert (same == boards).all() and (kept == labels).all()
    mirrored = en_passant = promotions = 0
    for packed, label, other, move in zip(boards, labels.tolist(), flipped, moved.tolist(), strict=True):
        board, found = data.board_of(packed.numpy()), data.board_of(other.numpy())
        if board.castling_rights:
            assert found == board and move == label
            continue
        assert found == board.transform(chess.flip_horizontal)
        legal = encoding.legal_indices(board)
        assert {int(data.MIRROR[index]) for index in legal} == set(encoding.legal_indices(found))
        expected = chess.Move(legal[label].from_square ^ 7, legal[label].to_square ^ 7, legal[label].promotion)
        assert encoding.legal_indices(found)[move] == expected
        mirrored += 1
        en_passant += board.has_legal_en_passant()
        promotions += any(each.promotion for each in legal.values())
    assert mirrored > 100 and en_passant and promotions
    assert (data.MIRROR[data.MIRROR] == np.arange(len(data.MIRROR))).all()


def test_a_run_with_mirror_images_resumes_to_the_same(games: list[Path], tmp_path: Path) -> None:
    config = train.Config("tiny", steps=6, batch=32, mirror=True)
    train.start(tmp_path, config, games, "cpu", processes=1, seconds=600)
    run = train.Run.open(tmp_path)
    assert run.config.mirror and run.summary()["mirror"] and run.chance(0) is not None
    first, second = (run.chance(0) for _ in range(2))
    assert first is not None and second is not None
    assert torch.equal(torch.rand(3, generator=first), torch.rand(3, generator=second))

"""Mutants, files that end anywhere, and misuse: nothing but VhdxError escapes, and a check never raises."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import vhdx_runtime as vhdx
from tests.support import judged, patience
from tests.support.modules import ROOT
from tests.support.patience import HANG
from tests.support.sampling import sampled
from tests.support.specimens import SPECIMENS, parent
from vhdx_runtime.check import Report, check_image
from vhdx_runtime.conformance import expand
from vhdx_runtime.disk.image import Image

MIB = 1 << 20
BATCH = 500
MUTANTS = [(0, 50), (50, BATCH - 50), *((start, BATCH) for start in range(BATCH, 10 * BATCH, BATCH))]


@pytest.mark.parametrize(("first", "count"), sampled(MUTANTS, 0))
def test_mutants_are_opened_read_checked_and_inspected_at_little_cost(first: int, count: int) -> None:
    """In a process of its own, so that its memory is that of the mutants."""
    command = [sys.executable, "-m", "tests.support.judged", str(first), str(count)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=HANG)
    assert done.returncode == 0, done.stderr[-5000:]
    found = json.loads(done.stdout)
    assert sum(found["outcomes"].values()) == count
    assert min(found["outcomes"]["read"], found["outcomes"]["refused"]) > count // 10, found
    assert found["mib"] <= judged.GROWTH, "memory of all mutants together"


def fail(image: Image) -> Report:
    raise KeyError("a bug", image.name)


def dawdle(image: Image) -> Report:
    end = time.process_time() + 0.5
    while time.process_time() < end:
        pass
    return check_image(image)


def squander(image: Image) -> Report:
    held = judged.peak()  # all of it may be given back or used again meanwhile, whatever earlier tests left
    hoard = bytearray(b"x") * (int(held + 128) * MIB)
    return check_image(image) if hoard else contradict(image)


def contradict(image: Image) -> Report:
    return replace(check_image(image), refused="for no reason")


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (fail, "seed 3, made of dynamic: KeyError: .*a bug"),
        (dawdle, r"check took \d+\.\d+ s"),
        (squander, "memory grew by"),
        (contradict, "AssertionError"),
    ],
)
def test_the_judge_sees_what_must_not_be(use: Any, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = expand(SPECIMENS["dynamic"]).to_bytes()
    assert judged.judge("dynamic", raw, 3) == "read"
    monkeypatch.setattr(judged, "check_image", use)
    monkeypatch.setattr(judged, "SECONDS", 0.15 if use is dawdle else HANG)
    monkeypatch.setattr(judged, "GROWTH", 60)
    monkeypatch.setattr(patience, "slowness", lambda: 1.0)
    with pytest.raises(AssertionError, match=message):
        judged.judge("dynamic", raw, 3)


@pytest.mark.parametrize(
    "length", [0, 1, 7, 8, 519, 65535, 65536, 69632, 135168, 196608, 262144, 327680, MIB - 1, MIB, 2 * MIB]
)
def test_a_file_that_ends_anywhere_is_refused_and_can_be_loaded(length: int, tmp_path: Path) -> None:
    raw = expand(SPECIMENS["dirty"]).to_bytes()[:length]
    with pytest.raises(vhdx.VhdxError) as caught:
        vhdx.open(raw)
    assert caught.value.rule
    path = tmp_path / "cut.vhdx"
    path.write_bytes(raw)
    with pytest.raises(vhdx.VhdxError):
        vhdx.open(path)


def test_random_bytes_are_refused() -> None:
    at = random.Random(0)
    for length in (1, 512, 70_000, 400_000, 2 * MIB):
        with pytest.raises(vhdx.FormatError):
            vhdx.open(at.randbytes(length))


@pytest.mark.parametrize(
    ("call", "arguments"),
    [("read_at", (-1, 5)), ("read_at", (0, -5)), ("readinto_at", (-1, bytearray(5))), ("ranges", (-1, 5))],
)
def test_a_callers_misuse_is_a_value_error(call: str, arguments: tuple[Any, ...]) -> None:
    with vhdx.open(parent()) as disk, pytest.raises(ValueError, match="negative"):
        list(getattr(disk, call)(*arguments))
    with pytest.raises(ValueError, match="closed"):
        disk.read_at(0, 5)
    for wrong in ({"log": "yes"}, {"header": 3}):
        with pytest.raises(ValueError):
            vhdx.open(parent(), **wrong)  # type: ignore[arg-type]

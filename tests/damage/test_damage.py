"""No damaged file is silently wrong where the file holds evidence; what no reader can know is named, and no more."""

from __future__ import annotations

import ast
import random
from collections import Counter
from itertools import product
from pathlib import Path

import pytest

from tests.damage.bases import Base, of_recipes
from tests.damage.campaign import is_told
from tests.damage.damages import CUT, FILLINGS, NOISE, ONES, TEXTS, damage, strata
from tests.damage.reading import Answer, answer
from tests.damage.real import of_images
from tests.damage.trial import Trial, tried
from tests.damage.unknowable import Unknowable

FEW, MANY, FEW_REAL, MANY_REAL, PARTS = 336, 2400, 60, 600, 8
JUDGES = {"reading.py", "consent.py", "campaign.py", "report.py"}  # they ask the code under test


def sample(count: int, bases: tuple[Base, ...]) -> list[int]:
    """Numbers of damages, spread over all strata: a turn takes each of them once."""
    size = len(strata(bases))
    turns = -(-count // size)
    numbers = [turn * size + number for turn in range(turns) for number in range(size)]
    return sorted(random.Random("sample").sample(numbers, count))


def trials(numbers: list[int], bases: tuple[Base, ...]) -> list[Trial]:
    """Try them, and fail at what is wrong without an excuse, or given up without need."""
    found = [tried(damage(number, bases)) for number in numbers]
    bad = [trial.words for trial in found if not trial.is_as_it_should_be]
    assert not bad, "\n".join(bad)
    assert all(is_told(trial) for trial in found if Unknowable.LOG_GAP in trial.classes)
    return found


def assert_only_chance_in_the_table(found: list[Trial]) -> None:
    """Text, noise and 0xFF in the table are evidence: nothing excuses a wrong byte, but noise that looks sound."""
    plain = (*TEXTS, NOISE, ONES)
    table = [trial for trial in found if trial.damage.structure == "table" and trial.damage.filling in plain]
    assert {reason for trial in table for reason in trial.classes} <= {Unknowable.CHANCE_ENTRY}


def test_sound_files_read_right() -> None:
    for base, salvage in product(of_recipes(), (False, True)):
        assert answer(memoryview(base.raw), base.parents, base.truth, salvage=salvage) == Answer()


@pytest.mark.parametrize("part", range(PARTS))
def test_no_damaged_file_is_silently_wrong(part: int) -> None:
    assert_only_chance_in_the_table(trials(sample(FEW, of_recipes())[part::PARTS], of_recipes()))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_none_of_many_damaged_files_is_silently_wrong(part: int) -> None:
    assert_only_chance_in_the_table(trials(sample(MANY, of_recipes())[part::PARTS], of_recipes()))


@pytest.mark.images
def test_no_damaged_real_image_is_silently_wrong() -> None:
    if not of_images():
        pytest.skip("real images: VHDX_TEST_IMAGES names no folder with a MANIFEST.yaml")
    assert len(trials(sample(FEW_REAL, of_images()), of_images())) == FEW_REAL


@pytest.mark.slow
@pytest.mark.images
def test_none_of_many_damaged_real_images_is_silently_wrong() -> None:
    if not of_images():
        pytest.skip("real images: VHDX_TEST_IMAGES names no folder with a MANIFEST.yaml")
    assert len(trials(sample(MANY_REAL, of_images()), of_images())) == MANY_REAL


def test_the_sample_reaches_every_kind_of_damage_and_of_base() -> None:
    found = [damage(number, of_recipes()) for number in sample(FEW, of_recipes())]
    assert {one.base.name for one in found} == {base.name for base in of_recipes()}
    assert {one.filling for one in found} == {*FILLINGS, CUT}
    structures = {name for base in of_recipes() for name in base.areas}
    assert {one.structure for one in found} == {*structures, "file"}
    assert len(found) >= 300
    changed = Counter(one.data != one.base.raw[one.span[0] : one.span[1]] for one in found)
    assert changed[True] > 0.9 * len(found), "hardly any damage leaves the file as it was"


def test_the_laboratory_asks_nothing_of_the_reader_but_in_its_judges() -> None:
    for path in Path(__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text())
        names = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        names += [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
        used = {name for name in names if name and name.startswith("vhdx_runtime")} - {"vhdx_runtime.conformance"}
        assert not used or path.name in JUDGES or path.name.startswith("test_"), f"{path.name}: {used}"

"""Inspect is total: every byte of every file is in exactly one leaf, and no leaf that is unknown is referenced."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.inspect.support import (
    MIB,
    SPECIMENS,
    assert_nothing_referenced_is_unknown,
    assert_partition,
    at,
    loaded,
    made,
    nodes,
    zoo,
)
from tests.support.mutators import applied, mutant
from tests.support.patience import assert_quick
from tests.support.sampling import sampled
from vhdx_runtime.inspect import tree

if TYPE_CHECKING:
    from tests.conftest import RealImages

BATCHES, BATCH = 6, 100


@pytest.mark.parametrize("name", SPECIMENS)
def test_the_leaves_of_a_specimen_are_its_file(name: str) -> None:
    with loaded(made(name).to_bytes()) as image:
        found = assert_partition(image)
        assert_nothing_referenced_is_unknown(image, found)


@pytest.mark.parametrize("name", SPECIMENS)
@pytest.mark.parametrize("options", [{"log": "ignore"}, {"header": 1}, {"header": 2}], ids=str)
def test_the_leaves_are_the_file_in_rescue_too(name: str, options: dict[str, object]) -> None:
    with loaded(made(name).to_bytes(), **options) as image:
        assert_partition(image)


@pytest.mark.images
def test_the_leaves_of_every_real_image_are_its_file(real_images: RealImages) -> None:
    for image_id in real_images.records:
        with loaded(real_images.path(image_id)) as image:
            found = assert_partition(image)
            assert_nothing_referenced_is_unknown(image, found)


@pytest.mark.parametrize("batch", sampled(range(BATCHES), 0))
def test_the_leaves_of_mutants_are_their_files(batch: int) -> None:
    specimens = [(name, bytearray(raw), places) for name, raw, places in zoo()]
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        name, raw, places = specimens[seed % len(specimens)]
        damage = mutant(seed, raw, places)
        start = time.process_time()
        with applied(raw, damage) as damaged:
            try:
                with loaded(damaged) as image:
                    assert_nothing_referenced_is_unknown(image, assert_partition(image))
            except BaseException as error:
                error.add_note(f"seed {seed}, a mutant of {name}: {damage.words}")
                raise
        assert_quick(time.process_time() - start, 3, f"seed {seed}, a mutant of {name}: {damage.words}:")


ENDS = (0, 1, 8, 10, 519, 520, 65535, 65616, 69632, 131090, 196612, 196640, 262144, 327680, MIB - 1, MIB, 2 * MIB)


@pytest.mark.parametrize("length", ENDS)
@pytest.mark.parametrize("name", ["wrapped", "differencing"])
def test_a_file_may_end_anywhere(name: str, length: int) -> None:
    with loaded(made(name).to_bytes()[:length]) as image:
        assert_partition(image)
        names = [node.name for node in nodes(tree(image))]
        for wanted in ("file_identifier", "header_1", "header_2", "region_table_1", "region_table_2"):
            assert wanted in names
        missing = at(tree(image), "region_table_2")
        if length <= 256 << 10:
            assert missing.extents is None
            assert missing.missing == 65536


def test_other_peoples_files_are_shown_too(tmp_path: Path) -> None:
    chance = random.Random(0)
    for raw in (b"", b"0123456789", chance.randbytes(70_000), chance.randbytes(2 * MIB), bytes(3 * MIB)):
        path = tmp_path / "some file"
        path.write_bytes(raw)
        with loaded(path) as image:
            assert_partition(image)


def test_of_overlapping_structures_the_first_one_has_the_bytes() -> None:
    with loaded(made("overlapping blocks").to_bytes()) as image:
        root = tree(image)
        first, second, inside, outside = (at(root, f"block[{number}]") for number in range(4))
        assert first.extents == ((4 * MIB, MIB),)
        assert (second.extents, second.shared_with) == ((), ("block[0]",))
        assert (inside.extents, inside.shared_with) == ((), ("bat",))
        assert (outside.extents, outside.missing) == (None, MIB)
    with loaded(made("overlapping regions").to_bytes()) as image:
        whole = at(tree(image), "metadata")
        assert (whole.offset, whole.extents, whole.shared_with) == (MIB, (), ("log",))


def test_kinds_of_what_nobody_owns() -> None:
    with loaded(made("no region table").to_bytes()) as image:
        kinds = {leaf.kind: leaf.note for leaf in assert_partition(image) if leaf.path.startswith("unclaimed")}
        assert set(kinds) == {"referenced"}
    with loaded(made("no header").to_bytes()) as image:
        log = [leaf for leaf in assert_partition(image) if leaf.extents == ((MIB, MIB),)]
        assert [leaf.kind for leaf in log] == ["referenced"]
        assert "header_2" in log[0].note
    with loaded(made("spaced").to_bytes()) as image:
        unknown = [leaf for leaf in assert_partition(image) if leaf.kind == "unknown"]
        assert unknown
        assert all(leaf.zero for leaf in unknown)

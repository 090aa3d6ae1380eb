"""A difference is exactly the bytes that differ, each in the leaf of either tree that has it, by its name."""

from __future__ import annotations

import random
import re
import uuid
from bisect import bisect_left, bisect_right
from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from vhdx_format.layout import STRUCTURES

from tests.cli.support import DIRTY
from tests.inspect.support import MIB, made, zoo
from tests.support.mutators import applied, mutant
from tests.support.sampling import sampled
from vhdx_runtime.codec.source import open_source
from vhdx_runtime.conformance import FieldOverride, Recipe, RecipeError, expand
from vhdx_runtime.conformance.cases import Case, load_cases
from vhdx_runtime.disk.image import load_image
from vhdx_runtime.errors import VhdxError
from vhdx_runtime.inspect import difference, find, leaves, tree
from vhdx_runtime.inspect.difference import LeafChange, changes, ranges, whole
from vhdx_runtime.inspect.entry_changes import EntryRun

if TYPE_CHECKING:
    from tests.conftest import RealImages

BATCHES, BATCH = 6, 40
SHARES = 8
LARGEST = 32 << 20
ITEMS = ("file_parameters", "virtual_disk_size", "logical_sector_size", "physical_sector_size")
HEADERS = [f"header_{number}" for number in (1, 2)]
TABLES = [f"region_table_{number}" for number in (1, 2)]
CASES = load_cases()
LEAVES = difference._LEAVES


def naive(one: bytes, other: bytes) -> list[int]:
    """Every offset at which two files differ."""
    both, end = min(len(one), len(other)), max(len(one), len(other))
    left, right = (np.frombuffer(raw[:both], dtype=np.uint8) for raw in (one, other))
    return [*np.nonzero(left != right)[0].tolist(), *range(both, end)]


def compared(one: bytes, other: bytes, log: str = "ignore") -> list[LeafChange | EntryRun]:
    """The changes between two files, held against the bytes, and against a walk over all leaves of both."""
    with load_image(open_source(one), log=log) as first, load_image(open_source(other), log=log) as second:
        sides = (whole(first, tree(first)), whole(second, tree(second)))
        found = list(changes(*sides))
        offsets = naive(*(image.view.read_at(0, image.view.size) for image in (first, second)))
        assert [at for start, end in ranges(*sides) for at in range(start, end)] == offsets
        assert_changes(found, offsets)
        for number, image in enumerate((first, second)):
            extents = ((start, leaf.path) for leaf in leaves(tree(image)) for start, _ in leaf.extents or ())
            owners = sorted(extents)
            for change in found:
                inside = offsets[bisect_left(offsets, change.start) : bisect_left(offsets, change.end)]
                for at in {inside[0], *inside[:: max(1, len(inside) // 20)], inside[-1]}:
                    path = change.paths[number]
                    if path is None:
                        assert at >= image.source.size
                        continue
                    owner = owners[bisect_right(owners, at, key=itemgetter(0)) - 1][1]
                    if isinstance(change, EntryRun):
                        assert image.bat is not None
                        entry = (at - image.bat.file_offset) // 8
                        assert owner.startswith("bat[")
                        assert 0 <= entry - change.index < change.entries
                    else:
                        assert is_part(path, owner)
    return found


def runs(offsets: list[int]) -> list[int]:
    return [at for at, before in zip(offsets, [-2, *offsets], strict=False) if at != before + 1]


def is_part(path: str, leaf: str) -> bool:
    """The same leaf, or what it stands for: one of "block[3..9]"; the whole table, of which entries are leaves.

    After very many leaves, also what they are parts of.
    """
    if path == leaf or (path == "bat" and leaf.startswith("bat[")):
        return True
    if difference._LEAVES < LEAVES and leaf.startswith(f"{path}."):
        return True
    match, many = re.fullmatch(r"(.+)\[(\d+)\]", path), re.fullmatch(r"(.+)\[(\d+)\.\.(\d+)\]", leaf)
    return bool(match and many and match[1] == many[1] and int(many[2]) <= int(match[2]) <= int(many[3]))


def assert_changes(found: list[LeafChange | EntryRun], offsets: list[int]) -> None:
    """Each change says of the bytes that differ in its span as many as there are, and each entry its own two words."""
    assert sum(change.bytes for change in found) == len(offsets)
    assert sum(change.ranges for change in found) >= len(runs(offsets))
    end = 0
    for change in found:
        inside = offsets[bisect_left(offsets, change.start) : bisect_left(offsets, change.end)]
        assert (inside[0], inside[-1] + 1) == (change.start, change.end)
        assert len(inside) == change.bytes
        assert end <= change.start
        end = change.end


@pytest.mark.parametrize("batch", sampled(range(BATCHES), 0))
def test_the_pieces_are_the_bytes_that_differ(batch: int) -> None:
    specimens = [(name, bytearray(raw), places) for name, raw, places in zoo()]
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        name, raw, places = specimens[seed % len(specimens)]
        before, damage = bytes(raw), mutant(seed, raw, places)
        with applied(raw, damage) as damaged:
            after = bytes(damaged)
        log = random.Random(seed).choice(["ignore", "replay"])
        found = compared(before, after, log)
        assert found or before == after or log == "replay", f"seed {seed}, a mutant of {name}: {damage.words}"


@pytest.mark.parametrize(
    "names", [("dynamic", "fixed"), ("wrapped", "torn"), ("differencing", "spaced"), ("items", "no header")]
)
def test_files_that_have_nothing_in_common(names: tuple[str, str]) -> None:
    compared(*(made(name).to_bytes() for name in names))


@pytest.mark.parametrize("cut", [0, 1, 70_000, 200_000, 1 << 20, (3 << 20) + 5])
def test_a_file_and_what_is_left_of_it(cut: int) -> None:
    raw = made("differencing").to_bytes()
    for pair in ((raw, raw[:cut]), (raw[:cut], raw)):
        found = compared(*pair)
        lost = [change.paths[pair[0] is raw] for change in found if change.start >= cut]
        assert set(lost) == {None}
        assert found[-1].end == len(raw)


def test_after_very_many_leaves_parts_of_objects_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (made(name).to_bytes() for name in ("wrapped", "differencing"))
    fine = compared(one, other)
    monkeypatch.setattr(difference, "_LEAVES", 5)
    coarse = compared(one, other)
    assert 5 < len(coarse) < len(fine) / 2
    assert sum(change.bytes for change in coarse) == sum(change.bytes for change in fine)


def test_a_file_and_itself() -> None:
    raw = made("wrapped").to_bytes()
    assert compared(raw, raw) == []


@pytest.mark.images
def test_a_real_image_before_and_after_replay(real_images: RealImages) -> None:
    for image_id in real_images.records:
        path = real_images.path(image_id)
        with load_image(open_source(path), log="ignore") as stored, load_image(open_source(path)) as image:
            sides = (whole(stored, tree(stored)), whole(image, tree(image)))
            found = list(ranges(*sides))
            assert bool(found) == (image.log.state == "replayed" and image.view is not image.source)
            assert sum(end - start for start, end in found) == sum(change.bytes for change in changes(*sides))
            for start, end in found:
                one, other = (view.read_at(start, end - start) for view in (stored.view, image.view))
                assert len(one) != len(other) or all(a != b for a, b in zip(one, other, strict=True))


def addresses(override: FieldOverride) -> str:
    """The address that a field of a recipe has in the tree: written down here for each object."""
    target, name = override.target, override.field
    for old, new in (("metadata_table", "metadata.table"), ("parent_locator", "metadata.items.parent_locator")):
        target = new if target == old else target
    if target in ITEMS:
        target = f"metadata.items.{target}"
    if target.startswith("log["):
        target = "log.entries" + target.removeprefix("log")
    return f"{target}.{name.replace('.zero.', '.').replace('.data.', '.')}"


def fields_of(structure: str, target: str, prefix: str = "") -> list[tuple[str, str]]:
    """Fields of a structure of a fixed place that any value can be given to."""
    return [(target, prefix + item.id) for item in STRUCTURES[structure].fields
            if item.type in ("bits", "u2", "u4", "u8", "guid") and not item.repeat]  # fmt: skip


FIELDS = [
    *(pair for name in HEADERS for pair in fields_of("header", name)),
    *(pair for name in TABLES for pair in fields_of("region_table_header", name, "header.")),
    *(pair for name in TABLES for n in (0, 1) for pair in fields_of("region_table_entry", name, f"entries[{n}].")),
    *fields_of("metadata_table_header", "metadata_table", "header."),
    *(pair for n in range(4) for pair in fields_of("metadata_table_entry", "metadata_table", f"entries[{n}].")),
    *(pair for name in ITEMS for pair in fields_of(name, name)),
    *fields_of("bat_entry", "bat[0]"),
]


def expanded(recipe: Recipe) -> bytes | None:
    """The file, or None for one that is too large to be held."""
    made = expand(recipe)
    return made.to_bytes() if made.length <= LARGEST else None


def edited(case: Case, number: int) -> list[FieldOverride]:
    """The fields that a case edits in its file, or else some that are chosen by the number of the case."""
    own = [one for one in case.recipes[-1].overrides if isinstance(one, FieldOverride)]
    if len(own) == len(case.recipes[-1].overrides) > 0:
        return own
    at = random.Random(number)
    guid = str(uuid.UUID(int=at.getrandbits(128)))
    return [FieldOverride(target, name, guid if name.endswith(("guid", "item_id")) else 1)
            for target, name in at.sample(FIELDS, 3)]  # fmt: skip


def test_there_are_fields() -> None:
    assert len(FIELDS) > 60


@pytest.mark.parametrize("share", sampled(range(SHARES), 0))
def test_a_case_and_its_base_differ_in_the_fields_that_it_edits(share: int) -> None:
    """Whatever the edit does to the rest of the file: the base, whose structures are sound, is the second file."""
    pairs = 0
    for number, case in enumerate(CASES[share::SHARES]):
        base = replace(case.recipes[-1], overrides=())
        for override in edited(case, number):
            try:
                before, after = expanded(base), expanded(replace(base, overrides=(override,)))
            except RecipeError:
                continue  # an object that this file has not, or a child without its parent
            if before == after or before is None or after is None:
                continue
            found = compared(after, before)
            names, address = {name for change in found for name in change.fields}, addresses(override)
            names -= {name for name in names if name.endswith(".checksum") and name != address}
            with load_image(open_source(before), log="ignore") as image:
                node = find(tree(image), address)
            if node is not None and (not base.log.entries or any(node.owns(change.start) for change in found)):
                assert names == {address}, (case.id, override)  # of an edit that went into the log, the log differs
                pairs += 1
    assert pairs >= 600 // SHARES


class Shrinking:
    """A file that is cut off once so many reads were made of it; it says the length that it had."""

    def __init__(self, raw: bytes, reads: int) -> None:
        self.raw, self.left, self.size = raw, reads, len(raw)
        self.name, self.fd, self.identity = "shrinking.vhdx", None, None

    def read_at(self, offset: int, length: int) -> bytes:
        self.left -= 1
        return self.raw[offset : offset + length] if self.left > 0 else b""

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        found = self.read_at(offset, len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def close(self) -> None:
        pass


@pytest.mark.parametrize("log", ["ignore", "replay"])
def test_a_file_that_is_cut_off_while_it_is_compared_is_an_error_in_words(log: str) -> None:
    raw = expand(DIRTY).to_bytes()
    changed = bytearray(raw)
    changed[MIB : MIB + 8192 : 7] = bytes(len(range(0, 8192, 7)))
    said: list[str] = []
    for reads in range(0, 300, 11):
        try:
            with load_image(Shrinking(raw, reads), log=log) as image, load_image(open_source(bytes(changed))) as other:
                list(leaves(tree(image)))
                list(changes(whole(image, tree(image)), whole(other, tree(other))))
        except VhdxError as error:
            said.append(str(error))
    assert 0 < len(said) < 27
    assert all(text.startswith("shrinking.vhdx") for text in said)

"""Moving whole disks: every byte arrives, nothing is read that need not be, whatever the pieces are."""

from __future__ import annotations

import hashlib
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vhdx_runtime as vhdx
from tests.cli.support import BROKEN, CHAIN, DIRTY, MIB, SAMPLE, unlike
from vhdx_runtime.codec.source import BytesSource, FileSource
from vhdx_runtime.conformance import expand, expand_chain
from vhdx_runtime.transfer import copying, difference, digest
from vhdx_runtime.transfer.difference import Side, differences
from vhdx_runtime.transfer.extents import Extent, Lost, StoredParts, of_disk, of_file

SIZE = 64
Pieces = list[tuple[int, bytes]]


def opened(recipe: Any) -> tuple[vhdx.VirtualDisk, bytes]:
    """A disk without a file behind it, and what its guest sees."""
    made = expand(recipe)
    return vhdx.open(made.to_bytes(), salvage=True), made.expected.read(0, made.expected.size)


@pytest.fixture(scope="module", params=[SAMPLE, DIRTY, BROKEN], ids=lambda recipe: recipe.name)
def disk(request: pytest.FixtureRequest) -> Any:
    return opened(request.param)


@given(data=st.data())
def test_chunks_are_the_range_of_the_disk(disk: Any, data: st.DataObject) -> None:
    source, flat = disk
    offset = data.draw(st.integers(0, len(flat)))
    length = data.draw(st.one_of(st.none(), st.integers(0, len(flat) + 10)))
    found = b"".join(bytes(chunk) for chunk in copying.chunks(source, Lost(), offset, length))
    assert found == (flat[offset:] if length is None else flat[offset : offset + length])


def test_small_steps_change_nothing(disk: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source, flat = disk
    monkeypatch.setattr(copying, "_STEP", 70_001)
    monkeypatch.setattr(digest, "_STEP", 3 * digest.SPARSE_UNIT)
    assert b"".join(map(bytes, copying.chunks(source, Lost()))) == flat
    assert digest.digests(source, Lost(), id)["sha256"] == hashlib.sha256(flat).hexdigest()
    units = [(i, flat[i : i + digest.SPARSE_UNIT]) for i in range(0, len(flat), digest.SPARSE_UNIT)]
    expected = b"".join(i.to_bytes(8, "little") + unit for i, unit in units if any(unit))
    assert digest.sparse_digest(source, Lost(), id)[0] == hashlib.sha256(expected).hexdigest()
    with open(tmp_path / "out", "wb") as file:
        copying.copy_sparse(source, file.fileno(), Lost(), id)
    assert (tmp_path / "out").read_bytes() == flat


def test_the_progress_never_goes_back(tmp_path: Path) -> None:
    source, flat = opened(SAMPLE)
    seen: list[int] = [0]
    with open(tmp_path / "out", "wb") as file:
        copying.copy_sparse(source, file.fileno(), Lost(), seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == len(flat)


def test_extents_leave_out_zeros_only() -> None:
    for recipe in (SAMPLE, DIRTY, BROKEN):
        source, flat = opened(recipe)
        rest = bytearray(flat)
        extents = list(of_disk(source, Lost()))
        for extent in extents:
            rest[extent.virtual_offset : extent.end] = bytes(extent.length)
        assert not any(rest)
        assert all(one.end <= other.virtual_offset for one, other in pairwise(extents))


def test_lost_ranges_are_counted_even_where_they_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vhdx_runtime.transfer.extents.LOST_KEPT", 1)
    lost = Lost()
    list(of_disk(opened(BROKEN)[0], lost))
    assert (len(lost.ranges), lost.count, lost.bytes) == (1, 2, 3 * MIB)


def test_unreadable_ranges_raise_what_is_wrong_unless_salvaging() -> None:
    with vhdx.open(expand(BROKEN).to_bytes()) as source, pytest.raises(vhdx.VhdxError) as caught:
        list(of_disk(source, Lost()))
    assert caught.value.rule == "BAT-003"


def test_holes_of_the_file_are_not_stored(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with open(path, "wb") as file:
        file.truncate(4 * MIB)
        os.pwrite(file.fileno(), b"x", MIB)
        os.pwrite(file.fileno(), b"y" * 100_000, 3 * MIB)
    source = FileSource(path)
    parts = list(StoredParts(source).within(0, source.size))
    if parts == [(0, source.size)]:
        pytest.skip("holes: this file system does not tell where they are")
    assert sum(end - start for start, end in parts) < MIB
    assert [end for _, end in StoredParts(source).within(MIB, MIB + 1)] == [MIB + 1]
    assert list(StoredParts(source).within(2 * MIB, 2 * MIB + 4096)) == []
    whole = b"".join(bytes(e.length) for e in of_file(source))
    assert len(whole) == sum(end - start for start, end in parts)
    source.close()


def test_a_file_that_becomes_shorter_while_it_is_copied_is_an_error(tmp_path: Path) -> None:
    path = expand(SAMPLE).write(tmp_path)
    with vhdx.open(path) as source, open(tmp_path / "out", "wb") as out:
        os.truncate(path, 5 * MIB)
        with pytest.raises(vhdx.IntegrityError, match="became shorter"):
            copying.copy_sparse(source, out.fileno(), Lost(), id)


# Differences, on made-up sides: any extents over any bytes, against a comparison byte by byte.


@st.composite
def sides(draw: st.DrawFn) -> tuple[Side, bytes]:
    """A disk of a few sectors with extents at odd places; what is outside them is zero."""
    size = draw(st.integers(0, 8 * difference.SECTOR))
    flat = bytearray(size)
    extents: list[Extent] = []
    position = 0
    for gap, length, fill in draw(
        st.lists(st.tuples(st.integers(0, 600), st.integers(1, 900), st.integers(0, 2)), max_size=5)
    ):
        start, end = position + gap, min(size, position + gap + length)
        if start >= end:
            break
        flat[start:end] = bytes([fill]) * (end - start)
        extents.append(Extent(start, end - start, None, 0))
        position = end
    return Side(size, extents, BytesSource(bytes(flat)).readinto_at), bytes(flat)


@given(sides(), sides())
def test_differences_are_those_of_a_comparison_byte_by_byte(one: tuple[Side, bytes], other: tuple[Side, bytes]) -> None:
    assert list(differences(one[0], other[0], id)) == unlike(one[1], other[1])


def test_what_lies_at_the_same_place_of_the_same_file_is_not_read() -> None:
    source = BytesSource(bytes(2048))
    reads: list[int] = []

    def side(start: int) -> Side:
        return Side(4096, [Extent(start, 1024, source, 0)], lambda offset, _: reads.append(offset))

    assert list(differences(side(512), side(512), id)) == []
    assert reads == []
    list(differences(side(512), side(1024), id))
    assert reads


def test_a_chain_compared_with_its_parent_differs_where_the_child_wrote() -> None:
    made = expand_chain(CHAIN)
    flats = [m.expected.read(0, m.expected.size) for m in made]
    raw = [m.to_bytes() for m in made]
    with vhdx.open(raw[1], parents=[raw[0]]) as parent, vhdx.open(raw[2], parents=[raw[1], raw[0]]) as child:
        both = [Side(d.size, of_disk(d, Lost()), d.readinto_at) for d in (parent, child)]
        assert list(differences(*both, id)) == unlike(flats[1], flats[2])

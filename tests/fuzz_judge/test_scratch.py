"""Sparse copies: the same bytes as a plain copy, without the holes."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vhdx_runtime.conformance import Bat, Block, Recipe, expand
from vhdx_runtime.conformance.release.packed_image import packed
from vhdx_runtime.fuzz import sparse_copies

MIB = 1 << 20
PIECES = st.lists(st.tuples(st.integers(0, 3 * MIB), st.binary(min_size=1, max_size=9000)), max_size=4)


def sparse(path: Path, pieces: list[tuple[int, bytes]], length: int) -> bytes:
    """Write a sparse file; returns its bytes."""
    plain = bytearray(length)
    with path.open("wb") as file:
        file.truncate(length)
        for offset, data in pieces:
            data = data[: max(length - offset, 0)]
            file.seek(offset)
            file.write(data)
            plain[offset : offset + len(data)] = data
    return bytes(plain)


@given(PIECES, PIECES, st.lists(st.tuples(st.integers(0, 3 * MIB), st.integers(1, MIB)), max_size=3), st.data())
def test_a_copy_with_changes_is_what_a_plain_copy_would_be(
    pieces: list[tuple[int, bytes]], patches: list[tuple[int, bytes]], zeros: list[tuple[int, int]], data: st.DataObject
) -> None:
    length = data.draw(st.integers(0, 4 * MIB))
    wanted_length = data.draw(st.one_of(st.none(), st.integers(0, 5 * MIB)))
    with sparse_copies.folder() as folder:
        plain = bytearray(sparse(folder / "one", pieces, length))
        for start, count in zeros:
            end = min(start + count, length)
            plain[start:end] = bytes(max(end - start, 0))
        final = length if wanted_length is None else wanted_length
        plain = plain[:final].ljust(final, b"\0")
        for offset, part in patches:
            part = part[: max(final - offset, 0)]
            plain[offset : offset + len(part)] = part
        sparse_copies.copy(folder / "one", folder / "two", patches, zeros, wanted_length)
        assert (folder / "two").read_bytes() == plain
        assert sparse_copies.digest(folder / "two") == sha256(plain).hexdigest()
        rebuilt = bytearray(final)
        for offset, part in sparse_copies.extents(folder / "two"):
            assert any(part)
            rebuilt[offset : offset + len(part)] = part
        assert rebuilt == plain


@given(PIECES, PIECES)
def test_the_first_difference_is_the_first_byte_that_is_not_the_same(
    one: list[tuple[int, bytes]], two: list[tuple[int, bytes]]
) -> None:
    with sparse_copies.folder() as folder:
        first = sparse(folder / "one", one, 3 * MIB)
        second = sparse(folder / "two", two, 3 * MIB)
        found = sparse_copies.first_difference(folder / "one", folder / "two")
        wanted = next((i for i in range(0, 3 * MIB, 512) if first[i : i + 512] != second[i : i + 512]), None)
        if wanted is None:
            assert found is None
        else:
            assert found is not None
            assert wanted <= found < wanted + 512
            assert first[:found] == second[:found]
            assert first[found] != second[found]
        assert (found is None) == (
            sparse_copies.sparse_digest(folder / "one") == sparse_copies.sparse_digest(folder / "two")
        )


def test_the_end_of_the_shorter_file_is_a_difference(tmp_path: Path) -> None:
    sparse(tmp_path / "one", [], 5000)
    sparse(tmp_path / "two", [], 5001)
    assert sparse_copies.first_difference(tmp_path / "one", tmp_path / "two") == 5000
    assert sparse_copies.first_difference(tmp_path / "one", tmp_path / "one") is None


def test_a_copy_of_a_huge_sparse_file_takes_no_room(tmp_path: Path) -> None:
    length = 1 << 42
    with (tmp_path / "one").open("wb") as file:
        file.truncate(length)
        file.seek(length - 4096)
        file.write(b"x" * 4096)
    sparse_copies.copy(tmp_path / "one", tmp_path / "two")
    status = (tmp_path / "two").stat()
    assert (status.st_size, status.st_blocks < 64) == (length, True)
    assert list(sparse_copies.extents(tmp_path / "two")) == [(length - 4096, b"x" * 4096)]
    assert sparse_copies.used(tmp_path / "two") == 4096


def test_a_folder_is_gone_afterwards() -> None:
    with sparse_copies.folder() as folder:
        (folder / "file").write_bytes(b"x")
    assert not folder.exists()


def test_a_packed_image_becomes_the_image_it_was(tmp_path: Path) -> None:
    made = expand(Recipe(bat=Bat((Block(1),))))
    (tmp_path / "p").write_bytes(packed(made.extents, made.length))
    sparse_copies.unpacked(tmp_path / "p", tmp_path / "image")
    assert (tmp_path / "image").read_bytes() == made.to_bytes()


@pytest.mark.parametrize("data", [b"", b"VHDXOPS1", b"VHDXOPS1" + bytes(8) + b"C" + bytes(16), b"not packed at all"])
def test_a_damaged_packed_image_is_said_to_be_one(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(data)
    with pytest.raises(ValueError, match="no packed image"):
        sparse_copies.unpacked(tmp_path / "p", tmp_path / "image")

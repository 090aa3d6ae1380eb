"""Properties of reading, each against a slow and obvious definition.

Derandomized; HYPOTHESIS_PROFILE=long looks further.
"""

from __future__ import annotations

import struct
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

import vhdx_runtime as vhdx
from tests.support.reading import first_difference
from tests.support.sampling import examples
from tests.support.strategies import reads
from vhdx_runtime.conformance import (
    Bat,
    Block,
    FieldOverride,
    Geometry,
    Log,
    LogEntry,
    Recipe,
    Write,
    Zeros,
    expand,
    expand_chain,
)
from vhdx_runtime.fuzz.strategies import chains
from vhdx_runtime.semantics import bitmap
from vhdx_runtime.semantics.geometry import Geometry as Shape

KIB, MIB = 1 << 10, 1 << 20
SECTOR = 4096


@given(chain=chains(), pieces=reads())
@examples(120)
def test_every_read_equals_the_flat_model(chain: tuple[Recipe, ...], pieces: list[tuple[int, int]]) -> None:
    made = expand_chain(chain)
    model = made[-1].expected
    with vhdx.open(made[-1].to_bytes(), parents=[below.to_bytes() for below in made[:-1]]) as disk:
        assert disk.size == model.size
        for offset, length in pieces:
            expected = model.read(offset, length)
            found = disk.read_at(offset, length)
            assert found == expected, first_difference(found, expected)
            buffer = bytearray(length)
            assert disk.readinto_at(offset, buffer) == len(expected)
            assert buffer[: len(expected)] == expected
        disk.seek(pieces[0][0])
        assert disk.read(pieces[0][1]) == model.read(*pieces[0])


@given(chain=chains(), pieces=reads())
@examples(60)
def test_ranges_say_where_the_bytes_are(chain: tuple[Recipe, ...], pieces: list[tuple[int, int]]) -> None:
    made = expand_chain(chain)
    model = made[-1].expected
    with vhdx.open(made[-1].to_bytes(), parents=[below.to_bytes() for below in made[:-1]]) as disk:
        for offset, length in pieces:
            position = min(offset, disk.size)
            for piece in disk.ranges(position, length):
                assert piece.virtual_offset == position
                assert piece.length > 0
                expected = model.read(position, piece.length)
                if piece.kind in ("data", "log"):
                    view = disk.images[piece.depth].view
                    assert piece.file_offset is not None
                    assert view.read_at(piece.file_offset, piece.length) == expected
                else:
                    assert piece.kind in ("zero", "hole")
                    assert not any(expected)
                position += piece.length
            assert position == max(min(offset + length, disk.size), min(offset, disk.size))


@given(bits=st.binary(min_size=1, max_size=300), place=st.tuples(st.integers(0, 2400), st.integers(0, 2400)))
@example(bits=b"\xff" * 300, place=(0, 2400))
@example(bits=bytes(300), place=(1023, 3))
@examples(300)
def test_bitmap_runs_equal_bit_by_bit(bits: bytes, place: tuple[int, int]) -> None:
    start = min(place[0], len(bits) * 8)
    count = min(place[1], len(bits) * 8 - start)
    by_bit = [bool(bits[index // 8] & 1 << index % 8) for index in range(start, start + count)]
    found = list(bitmap.runs(bits, start, count))
    position = start
    for first, length, value in found:
        assert first == position
        assert by_bit[first - start : first - start + length] == [value] * length
        position += length
    assert position == start + count
    assert all(one[2] is not two[2] for one, two in pairwise(found)), "runs are maximal"


@given(
    block_shift=st.integers(20, 28),
    sector=st.sampled_from((512, 4096)),
    blocks=st.integers(1, 3000),
    cut=st.integers(0, MIB // 4096 - 1),
    has_parent=st.booleans(),
)
@example(block_shift=28, sector=512, blocks=16, cut=0, has_parent=False)
@example(block_shift=28, sector=512, blocks=17, cut=0, has_parent=True)
@example(block_shift=28, sector=4096, blocks=2999, cut=0, has_parent=True)
@examples(60)
def test_bat_indexes_equal_the_table_counted_out(
    block_shift: int, sector: int, blocks: int, cut: int, has_parent: bool
) -> None:
    block_size = 1 << block_shift
    shape = Shape(has_parent, False, blocks * block_size - cut * 4096, block_size, sector, 512)
    ratio = (sector << 23) // block_size
    table: list[tuple[str, int]] = []
    chunks = -(-blocks // ratio)
    for chunk in range(chunks):
        table += [("payload", chunk * ratio + number) for number in range(ratio)]
        table.append(("sector_bitmap", chunk))
    last = len(table) if has_parent else table.index(("payload", blocks - 1)) + 1
    assert shape.chunk_ratio == ratio
    assert shape.payload_blocks == blocks
    assert shape.entry_count == last
    for index, owner in enumerate(table[:last]):
        assert shape.owner(index) == owner
        kind, number = owner
        assert (shape.payload_index if kind == "payload" else shape.bitmap_index)(number) == index


AREA = 512 * KIB  # free space in the metadata region, where a log may write what it likes
AREA_SECTORS = 24


@st.composite
def updates(draw: st.DrawFn) -> Write | Zeros:
    first = draw(st.integers(0, AREA_SECTORS - 1))
    count = draw(st.integers(1, AREA_SECTORS - first))
    if draw(st.booleans()):
        return Zeros("metadata", AREA + first * SECTOR, count * SECTOR)
    value = draw(st.integers(1, 255))
    data = b"".join(bytes([value, number]) * (SECTOR // 2) for number in range(min(count, 4)))
    return Write("metadata", AREA + first * SECTOR, data)


@given(
    batches=st.lists(st.lists(updates(), max_size=5), min_size=1, max_size=8),
    position=st.integers(0, 255),
    tail=st.integers(0, 7),
    first_number=st.sampled_from((1, 2**32 - 2, 2**63)),
)
@examples(150)
def test_replay_equals_writing_the_updates_one_after_another(
    batches: list[list[Write | Zeros]], position: int, tail: int, first_number: int
) -> None:
    tail %= len(batches)
    entries = [LogEntry(tuple(batch), label=f"entry{number}") for number, batch in enumerate(batches)]
    entries[0] = LogEntry(tuple(batches[0]), "entry0", first_number, position * SECTOR)
    last = entries[-1]
    name = "self" if tail == len(batches) - 1 else f"entry{tail}"
    entries[-1] = LogEntry(last.updates, last.label, last.sequence_number, last.position, name)
    made = expand(Recipe(log=Log(tuple(entries))))
    raw = made.to_bytes()
    place = made.plan.extents["metadata"][0] + AREA
    naive = bytearray(raw[place : place + AREA_SECTORS * SECTOR])
    for update in (update for batch in batches[tail:] for update in batch):
        start = update.offset - AREA
        data = bytes(update.length) if isinstance(update, Zeros) else update.data
        naive[start : start + len(data)] = data
    with vhdx.open_image(raw) as image:
        assert len(image.log.active) == len(batches) - tail
        found = image.view.read_at(place, len(naive))
        assert found == bytes(naive), first_difference(found, bytes(naive))
        for start in range(0, len(naive), 1000):
            piece = bytearray(1500)
            count = image.view.readinto_at(place + start, memoryview(piece))
            assert count == 1500
            beyond = raw[place + len(naive) : place + len(naive) + 1500]
            assert bytes(piece) == (bytes(naive) + beyond)[start : start + 1500]
    assert raw == made.to_bytes(), "replay leaves the file alone"


MANY = 3 * 4096 + 50
WORDS = st.one_of(
    st.builds(lambda state, place: place << 20 | state, st.integers(0, 7), st.integers(0, 9)),
    st.integers(0, 2**64 - 1),
    st.just(0xFFFFFFFFFFF00006),
)


@given(
    words=st.dictionaries(st.sampled_from((0, 1, 2, 3, 4, 4094, 4095, 4096, 4097, 8191, 8192, MANY - 1)), WORDS),
    has_parent=st.booleans(),
)
@example(words={0: 6, 1: 1 << 20 | 6}, has_parent=False)
@example(words={0: 0xFFFFFFFFFFF00006, 1: 6, 2: 1 << 20 | 6}, has_parent=False)
@example(words={4095: 2 << 20 | 6, 4096: 3 << 20 | 6, 4097: 4 << 20 | 6}, has_parent=False)
@examples(60)
def test_ranges_of_many_blocks_equal_those_block_by_block(words: dict[int, int], has_parent: bool) -> None:
    geometry = Geometry("differencing" if has_parent else "dynamic", MANY * MIB)
    overrides = tuple(
        FieldOverride(f"bat[{number + number // 4096}]", field, value)
        for number, word in words.items()
        for field, value in (
            ("state", word & 7),
            ("reserved", word >> 3 & 0x1FFFF),
            ("file_offset_mb_low", word >> 20 & 0xFFF),
            ("file_offset_mb_high", word >> 32),
        )
    )
    base = expand(Recipe("base"))
    recipe = Recipe(geometry=geometry, bat=Bat((Block(5), Block(4100, 2))), overrides=overrides)
    raw = expand(recipe, base if has_parent else None).to_bytes()
    with vhdx.open(raw, without_parent=has_parent) as disk:
        whole = list(disk.ranges(0, disk.size))
        single = [piece for number in range(MANY) for piece in disk.ranges(number * MIB, MIB)]
    assert flattened(whole) == flattened(single)
    start = expand(recipe, base if has_parent else None).plan.extents["bat"][0]
    for number, word in words.items():
        assert struct.unpack_from("<Q", raw, start + 8 * (number + number // 4096))[0] == word


def flattened(pieces: list[vhdx.Range]) -> list[tuple[int, str, int | None]]:
    """Ranges as one record a sector of 64 KiB, whatever way they were joined."""
    unit = 64 * KIB
    return [
        (piece.virtual_offset + done, piece.kind, None if piece.file_offset is None else piece.file_offset + done)
        for piece in pieces
        for done in range(0, piece.length, unit)
    ]

"""The classes of what no reader can know, each with a damage that belongs to it and with its nearest that does not."""

from __future__ import annotations

import struct

import pytest

from tests.damage.bases import KIB, MIB, Base, of_recipes
from tests.damage.damages import CUT, ELSEWHERE, NOISE, OLDER, ONES, TEXTS, ZEROS, Damage
from tests.damage.reach import may_lose, may_refuse
from tests.damage.spans import common
from tests.damage.unknowable import Unknowable, excuses

TABLE, ITEMS, BITMAP, LOG = 3 * MIB, 2 * MIB + 64 * KIB, 4 * MIB, MIB
SOUND, RESERVED, OUTSIDE = 5 * MIB | 6, 5 * MIB | 1 << 3 | 6, 1 << 40 | 6  # entries: state 6, reserved bits beside


def base(name: str) -> Base:
    """The base of a name."""
    return next(one for one in of_recipes() if one.name == name)


def made(name: str, filling: str, offset: int, data: bytes = b"", size: int = 512) -> Damage:
    """A damage; without bytes given, those of its filling."""
    one = base(name)
    fill = {ZEROS: bytes(size), ONES: b"\xff" * size, OLDER: one.older[offset : offset + size]}
    return Damage(0, one, "", filling, offset, data or fill[filling])


def cut(name: str, length: int) -> Damage:
    """A base, cut off."""
    return Damage(0, base(name), "file", CUT, cut=length)


def entries(word: int) -> bytes:
    """A sector of entries that are all the same."""
    return struct.pack("<Q", word) * 64


def classes(damage: Damage) -> set[Unknowable]:
    """The classes that a damage belongs to."""
    return {reason for reason, _ in excuses(damage)}


@pytest.mark.parametrize(
    ("expected", "name", "filling", "offset", "data"),
    [
        (Unknowable.ZEROED_ENTRY, "dynamic", ZEROS, TABLE, b""),
        (Unknowable.OTHER_ENTRY, "dynamic", ELSEWHERE, TABLE, entries(SOUND)),
        (None, "dynamic", ELSEWHERE, TABLE, entries(OUTSIDE)),
        (Unknowable.MASKED_ENTRY, "dynamic", ELSEWHERE, TABLE, entries(RESERVED)),
        (Unknowable.CHANCE_ENTRY, "dynamic", NOISE, TABLE, entries(SOUND)),
        (None, "dynamic", NOISE, TABLE, entries(OUTSIDE | 1 << 3)),
        (None, "dynamic", ONES, TABLE, b""),
        (None, "dynamic", "text", TABLE, (TEXTS["text"] * 64)[:512]),
        (None, "fixed 4K", ZEROS, TABLE + 4096, b""),
        (Unknowable.BITMAP_BITS, "child", ZEROS, BITMAP, b""),
        (None, "child", ONES, BITMAP + 256, b"\xff" * 256),  # bits of a block that is fully present
        (Unknowable.OTHER_METADATA, "dynamic", OLDER, ITEMS, b""),
        (None, "dynamic", ZEROS, ITEMS, b""),
        (None, "dynamic", ONES, ITEMS, b""),
        (Unknowable.STALE_HEADER, "dirty, one header", ZEROS, 128 * KIB, b""),
        (None, "dirty, one header", ZEROS, 64 * KIB, b""),
        (None, "dirty", ZEROS, 128 * KIB, b""),
        (Unknowable.STALE_REGIONS, "descending", OLDER, 192 * KIB, b""),
        (None, "descending", OLDER, 256 * KIB, b""),
        (None, "descending", ZEROS, 192 * KIB, b""),
        (Unknowable.LOG_END, "dirty, long log", ZEROS, LOG + 4 * KIB, bytes(64 * KIB)),
        (Unknowable.LOG_GAP, "dirty, long log", ZEROS, LOG + 4 * KIB, b""),
        (None, "dirty", ZEROS, LOG, b""),
        (None, "dynamic", ZEROS, LOG, b""),
    ],
)
def test_a_class_is_decided_from_the_damage(
    expected: Unknowable | None, name: str, filling: str, offset: int, data: bytes
) -> None:
    assert classes(made(name, filling, offset, data)) == ({expected} if expected else set())


def test_a_cut_is_excused_only_where_the_log_says_that_the_file_may_end() -> None:
    assert classes(cut("dirty, grown since", 5 * MIB)) == {Unknowable.CUT_REPLAYED}
    assert not classes(cut("dirty, grown since", 4 * MIB - 512))
    assert not classes(cut("dirty", 5 * MIB))
    assert not classes(cut("log last", 3 * MIB))


def test_a_sector_of_the_table_excuses_its_own_blocks_only() -> None:
    damage = made("many pages", ZEROS, TABLE + 4096)
    spans = [span for _, span in excuses(damage)]
    assert spans == [(block * MIB, (block + 1) * MIB) for block in (512,)]
    assert may_lose(damage) == [(512 * MIB, 576 * MIB)]


def test_a_sound_copy_is_enough() -> None:
    for place in (64 * KIB, 128 * KIB, 192 * KIB, 256 * KIB):
        damage = made("dynamic", ZEROS, place, bytes(4 * KIB))
        assert not may_refuse(damage)
        assert not common(may_lose(damage), [(0, damage.base.truth.size)])


def test_every_class_says_why() -> None:
    assert all(one.value.endswith(".") and len(one.value) > 40 for one in Unknowable)

"""What an entry means: one word and arrays of words, held against the specification's sentences written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vhdx_runtime.semantics.presence import KINDS, Presence

MIB = 1 << 20
words = st.one_of(
    st.integers(0, (1 << 64) - 1),
    st.builds(
        lambda state, reserved, mb: state | reserved << 3 | mb << 20,
        st.integers(0, 7),
        st.sampled_from([0, 0, 1, 0x10000, 0x1FFFF]),
        st.one_of(st.integers(0, 40), st.sampled_from([(1 << 44) - 1, 1 << 43, 1 << 32])),
    ),
)


def expected(word: int, *, has_parent: bool, block_size: int, file_size: int) -> tuple[str, int]:
    """MS-VHDX 2.5.1.1 in plain words; an entry that is damaged proves neither zeros nor the parent."""
    state, reserved, offset = word & 7, word >> 3 & 0x1FFFF, (word >> 20) * MIB
    if state in (6, 7):
        if offset == 0 or (reserved and offset + block_size > file_size):
            return "unreadable", 0
        return ("partial" if state == 7 and has_parent else "data"), offset
    if state == 4 or reserved:
        return "unreadable", 0
    return ("parent" if has_parent else "hole") if state == 0 else "zero", 0


@given(
    st.lists(words, min_size=1, max_size=50),
    st.booleans(),
    st.sampled_from([1, 2, 32, 256]),
    st.integers(0, 300 * MIB),
)
def test_a_word_and_an_array_of_words_mean_what_the_specification_says(
    some: list[int], has_parent: bool, block_mib: int, file_size: int
) -> None:
    presence = Presence(has_parent, block_mib * MIB, file_size)
    wanted = [expected(word, has_parent=has_parent, block_size=block_mib * MIB, file_size=file_size) for word in some]
    assert [presence.payload(word) for word in some] == wanted
    codes = presence.codes(np.array(some, dtype=np.uint64))
    assert [KINDS[code] for code in codes.tolist()] == [kind for kind, _ in wanted]


@given(st.lists(words, min_size=1, max_size=50), st.booleans(), st.booleans(), st.integers(0, 50 * MIB))
def test_bitmaps_and_silent_entries_are_told_alike_of_a_word_and_of_arrays(
    some: list[int], has_parent: bool, is_bitmap: bool, file_size: int
) -> None:
    presence = Presence(has_parent, MIB, file_size)
    array = np.array(some, dtype=np.uint64)
    there = [word & 7 >= 6 and 0 < (word >> 20) * MIB <= file_size - MIB for word in some]
    assert [bool(presence.has_bitmap(word)) for word in some] == there
    assert presence.has_bitmap(array).tolist() == there
    silent = []
    for word, is_there in zip(some, there, strict=True):
        reserved = word >> 3 & 0x1FFFF
        kind, _ = expected(word, has_parent=has_parent, block_size=MIB, file_size=file_size)
        silent.append(bool(reserved) and (has_parent and not is_there if is_bitmap else kind == "unreadable"))
    assert [bool(presence.says_nothing(word, is_bitmap)) for word in some] == silent
    assert presence.says_nothing(array, np.full(len(some), is_bitmap)).tolist() == silent


@pytest.mark.parametrize("filling", [b"BAD SECTOR      ", b"\xff" * 16, b"FILLED W", bytes(range(1, 17))])
def test_a_sector_of_text_or_of_ones_is_evidence_of_nothing(filling: bytes) -> None:
    array = np.frombuffer(filling * (512 // len(filling)), dtype="<u8")
    for has_parent in (False, True):
        codes = Presence(has_parent, MIB, 64 * MIB).codes(array)
        assert {KINDS[code] for code in codes.tolist()} == {"unreadable"}

"""What an entry of the BAT says of its block: the one decision from which every read, map and check follows.

"Zeros" and "the parent's" are answers that need evidence: an entry that is in the file, whose reserved bits are clear.
Anything else is unreadable. The same tables decide for one word and for arrays of them.
"""

from __future__ import annotations

from array import array
from typing import Any, Final

from vhdx_format import layout

DATA: Final = "data"
PARTIAL: Final = "partial"
ZERO: Final = "zero"
HOLE: Final = "hole"
PARENT: Final = "parent"
UNREADABLE: Final = "unreadable"

KINDS: Final = (DATA, PARTIAL, ZERO, HOLE, PARENT, UNREADABLE)
"""What a payload block can be; `Presence.codes` gives positions in this tuple."""

STORED: Final = (DATA, PARTIAL)
"""The kinds that have a place in the file."""

_WORD = (1 << 64) - 1
_RESERVED = _WORD & ~(layout.BAT_STATE_MASK | layout.BAT_FILE_OFFSET_MASK)
_STATES = layout.BAT_STATE_MASK + 1

_PLAIN: Final = {
    layout.PAYLOAD_BLOCK_STATE_UNDEFINED: ZERO,
    layout.PAYLOAD_BLOCK_STATE_ZERO: ZERO,
    layout.PAYLOAD_BLOCK_STATE_UNMAPPED: ZERO,
    layout.PAYLOAD_BLOCK_STATE_UNMAPPED_V095: ZERO,
    layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT: DATA,
}


class Presence:
    """The meaning of the entries of one table.

    Args:
        has_parent: the file is differencing.
        block_size: of a payload block, in bytes.
        file_size: length of the file after replay, in bytes.
    """

    def __init__(self, has_parent: bool, block_size: int, file_size: int) -> None:
        self._has_parent = has_parent
        self._block_size = block_size
        self.resized(file_size)
        kinds = dict(_PLAIN)
        kinds[layout.PAYLOAD_BLOCK_STATE_NOT_PRESENT] = PARENT if has_parent else HOLE
        kinds[layout.PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT] = PARTIAL if has_parent else DATA
        sound = [kinds.get(state, UNREADABLE) for state in range(_STATES)]
        damaged = [kind if kind in STORED else UNREADABLE for kind in sound]
        self._kinds = (*sound, *damaged)  # by state, then by state where reserved bits are set
        self._codes = [KINDS.index(kind) for kind in self._kinds]

    def resized(self, file_size: int) -> None:
        """Take note that the file has another length, in bytes: what writes it says so."""
        self._last_block = max(0, file_size - self._block_size)
        self._last_bitmap = max(0, file_size - layout.SECTOR_BITMAP_BLOCK_SIZE)

    def payload(self, word: int) -> tuple[str, int]:
        """What a payload block is, and where.

        Returns:
            One of `KINDS`, and the file offset of its first byte, 0 where it has none. A block that the file cuts off
            has its kind all the same, as its first part may be there; but not where its entry has reserved bits set.

        >>> Presence(False, 1 << 20, 8 << 20).payload(0x500006)
        ('data', 5242880)
        >>> Presence(False, 1 << 20, 8 << 20).payload(0x0A6572756C696166)[0]  # text
        'unreadable'

        Spec: MS-VHDX 2.5.1.1
        """
        kind = self._kinds[(word & layout.BAT_STATE_MASK) + _STATES * bool(word & _RESERVED)]
        if kind not in STORED:
            return kind, 0
        return (UNREADABLE, 0) if self._is_nowhere(word) else (kind, word & layout.BAT_FILE_OFFSET_MASK)

    def _is_nowhere(self, word: Any) -> Any:
        """Whether an entry, or each of an array, names no place, or one outside the file with reserved bits set."""
        place = word & layout.BAT_FILE_OFFSET_MASK
        return (place == 0) | ((word & _RESERVED != 0) & (place > self._last_block))

    def codes(self, words: Any) -> Any:
        """As `payload`, for an array of entries: the positions of their kinds in `KINDS`, as an array of bytes."""
        import numpy as np

        table = np.array(self._codes, dtype=np.uint8)
        if not words.any():  # as most of a large table
            return np.full(len(words), table[0])
        is_reserved = words & _RESERVED != 0
        found = table[(words & layout.BAT_STATE_MASK).astype(np.uint8) + np.uint8(_STATES) * is_reserved]
        stored = np.flatnonzero(found < len(STORED))
        found[stored[self._is_nowhere(words[stored])]] = KINDS.index(UNREADABLE)
        return found

    def has_bitmap(self, word: Any) -> Any:
        """Whether an entry, or each of an array, names a sector bitmap block that is in the file as a whole.

        7 is no state of a sector bitmap block, but can only mean that it is present.

        Spec: MS-VHDX 2.5.1.2
        """
        place = word & layout.BAT_FILE_OFFSET_MASK
        present = word & layout.BAT_STATE_MASK >= layout.SECTOR_BITMAP_BLOCK_STATE_PRESENT
        return present & (place != 0) & (place <= self._last_bitmap)

    @staticmethod
    def has_reserved(words: array[int]) -> bool:
        """Whether reserved bits are set in any of many entries; without a look at each. Spec: MS-VHDX 2.5.1."""
        reserved = array("Q", [_RESERVED]) * len(words)
        one, other = (int.from_bytes(some.tobytes(), "little") for some in (words, reserved))
        return one & other != 0

    def says_nothing(self, word: Any, is_bitmap: Any) -> Any:
        """Whether reserved bits are set in an entry, or each of an array, where they leave nothing to read.

        Spec: MS-VHDX 2.5.1
        """
        state = word & layout.BAT_STATE_MASK
        absent = (state < layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT) | self._is_nowhere(word)
        bitmap = self._has_parent & (self.has_bitmap(word) == 0)
        return (word & _RESERVED != 0) & ((absent & (is_bitmap == 0)) | (bitmap & is_bitmap))

"""A dictionary for fuzzers: the byte strings that a VHDX file is made of, from the layout.

Signatures, GUIDs as stored, keys of the parent locator as stored, words of the block allocation table, and integers at
which something changes. In the one form that both afl-fuzz and libFuzzer read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from vhdx_format import layout
from vhdx_format.layout import CONSTANTS, GUIDS

ENTRIES_MAX: Final = 200
_KEY: Final = "key_"
_ARITHMETIC: Final = "crc32c_"  # how to compute, nothing that a file holds
_SIGNATURE: Final = "_signature"
_WIDTHS: Final = (2, 4, 8)
_SMALL: Final = 1 << 8  # integers below are found without a dictionary


class Token(NamedTuple):
    """One entry.

    Attributes:
        name: letters, digits and underscores.
        kind: "signature", "guid", "key", "word" or "integer".
        value: its bytes, 2 to 64 of them.
    """

    name: str
    kind: str
    value: bytes

    @property
    def line(self) -> str:
        r"""The entry as a line of a dictionary file.

        >>> Token("sig", "signature", b'a"\x00').line
        'sig="a\\x22\\x00"'
        """
        text = "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else f"\\x{byte:02x}" for byte in self.value)
        return f'{self.name}="{text}"'


def entries() -> list[Token]:
    """All entries, each value once: in the order signatures, GUIDs, keys, words of the BAT, integers.

    Spec: MS-VHDX 2.2 to 2.6
    """
    found: dict[bytes, Token] = {}
    for entry in (*_signatures(), *_guids(), *_keys(), *_words(), *_borders(), *_integers()):
        found.setdefault(entry.value, entry)
    return list(found.values())[:ENTRIES_MAX]


def _signatures() -> Iterator[Token]:
    for constant in CONSTANTS.values():
        if constant.id.endswith(_SIGNATURE) and isinstance(constant.value, bytes):
            yield Token(constant.id, "signature", constant.value)


def _guids() -> Iterator[Token]:
    for guid in GUIDS.values():
        yield Token(f"guid_{guid.id}", "guid", guid.raw)


def _keys() -> Iterator[Token]:
    for constant in CONSTANTS.values():
        if constant.id.startswith(_KEY) and isinstance(constant.value, bytes):
            yield Token(constant.id, "key", constant.value.decode("ascii").encode("utf-16-le"))


def _words() -> Iterator[Token]:
    """An entry of the table in each state, its block at the first place that it may have."""
    for state in range(layout.BAT_STATE_MASK + 1):
        word = layout.HEADER_SECTION_SIZE | state
        yield Token(f"bat_state_{state}", "word", word.to_bytes(_WIDTHS[-1], "little"))


def _borders() -> Iterator[Token]:
    for width in _WIDTHS:
        largest = (1 << 8 * width) - 1
        for name, value in (("max", largest), ("max_less_1", largest - 1), ("sign", largest // 2 + 1)):
            yield Token(f"u{width}_{name}", "integer", value.to_bytes(width, "little"))


def _integers() -> Iterator[Token]:
    """Constants in the least of the usual widths, and one more and one less of them."""
    plain = [
        item
        for item in CONSTANTS.values()
        if isinstance(item.value, int) and item.value >= _SMALL and not item.id.startswith(_ARITHMETIC)
    ]
    for step, suffix in ((0, ""), (1, "_and_1"), (-1, "_less_1")):
        for item in plain:
            value = int(item.value) + step
            width = 4 if value < 1 << 32 else 8
            if value >> 8 * width == 0:
                yield Token(f"{item.id}{suffix}", "integer", value.to_bytes(width, "little"))

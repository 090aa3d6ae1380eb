"""What a file is that is no VHDX, as far as a few of its bytes or its name tell, and what can be done with it.

Knows how the table `vhdx_format.foreign` is held against a file. It reads the start and the end of the file, no more.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from vhdx_format.foreign import FOREIGN, HEAD, TAIL, Foreign, Mark
from vhdx_format.layout import FILE_SIGNATURE

from ..codec.source import Source
from ..wording import counted, path_word

_BLANKS: Final = b"\xef\xbb\xbf \t\r\n"
_ANY: Final = "any"
_COPY_AGAIN: Final = "compare its size and checksum with those at its source, and copy or download it again"

WEAK: Final = ("stub", "unknown", "zeros", "one-byte")
"""Ids of what may as well be the remains of a VHDX."""


class Named(NamedTuple):
    """What a file is that is no VHDX.

    Attributes:
        id: of the kind, "stub" for the first bytes of a VHDX, "unknown" where nothing tells.
        text: says of the file what it is, as the rest of a sentence.
        hint: what can be done with it.
        is_raw: its bytes may be those of a disk.
    """

    id: str
    text: str
    hint: str
    is_raw: bool = True


def recognise(source: Source, word: str = "") -> Named:
    """Say what a file is in which nothing but perhaps its signature says that it is a VHDX.

    Args:
        source: the file. Its first 64 KiB and its last 512 bytes are read.
        word: the file as a word of a command; without it that of the source.

    Raises:
        FileError: the system cannot read it.
    """
    head = source.read_at(0, min(HEAD, source.size))
    start = max(0, source.size - TAIL)
    tail = source.read_at(start, source.size - start)
    if head.startswith(FILE_SIGNATURE):
        text = f"starts like one and ends after {counted(source.size, 'byte')}, before its headers and region tables"
        return Named("stub", text, _COPY_AGAIN)
    for known in FOREIGN:
        if _fits(known, source.name, head, tail):
            return Named(known.id, known.name, known.next.replace("{file}", word or file_word(source)), known.is_raw)
    text = "has no signature, no valid header and no valid region table"
    raw = f"if it is a raw image, `vhdx convert --from raw {file_word(source)} new.vhdx` makes a VHDX of it"
    return Named("unknown", text, f"{_COPY_AGAIN}; if it is encrypted or compressed, undo that first; {raw}")


def has_vhd_footer(source: Source) -> bool:
    """Whether the footer of a VHD stands at the end of the file, as some programs put it behind a VHDX."""
    tail = source.read_at(max(0, source.size - TAIL), min(TAIL, source.size))
    marks = (mark for known in FOREIGN if known.id in ("vhd", "vhd-fixed") for row in known.marks for mark in row)
    return any(_stands(mark, b"", tail) for mark in marks if mark.offset < 0)


def file_word(source: Source) -> str:
    """The path of a file as one word of a command that can be pasted; FILE where it has none."""
    return path_word(source.name) if getattr(source, "path", "") else "FILE"


def _fits(known: Foreign, name: str, head: bytes, tail: bytes) -> bool:
    if known.fill is not None:
        first = head[:1]
        if not first or not known.fill:
            return not first and not known.fill
        return known.fill in (first.hex(), _ANY) and all(part.count(first) == len(part) for part in (head, tail))
    if known.suffixes:
        return name.lower().endswith(known.suffixes)
    return any(all(_stands(mark, head, tail) for mark in row) for row in known.marks)


def _stands(mark: Mark, head: bytes, tail: bytes) -> bool:
    if mark.is_loose:
        return head[mark.offset :].lstrip(_BLANKS).lower().startswith(mark.data)
    if mark.offset < 0:
        return len(tail) >= -mark.offset and tail[mark.offset :].startswith(mark.data)
    return head[mark.offset :].startswith(mark.data)

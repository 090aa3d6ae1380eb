"""The record types of `foreign.py`; their text is copied into it."""

from typing import Final, NamedTuple


class Mark(NamedTuple):
    """Bytes at a place of a file.

    `offset` is a file offset in bytes, counted from the end where it is negative. `is_loose` is for text: blanks before
    it and the case of letters do not count.
    """

    offset: int
    data: bytes
    is_loose: bool = False


class Foreign(NamedTuple):
    """What people take for a VHDX and is none.

    `marks` are alternatives, each a row of places that must all fit; `suffixes` are ends of file names that tell it;
    `fill` is the one byte, or with "any" whatever byte, that is all there is, in hexadecimal, "" for an empty file, or
    None. `is_raw` where the bytes are those of a disk or volume. `name` says what the file is, `next` what to do with
    it: `{file}` stands for its path.
    """

    id: str
    name: str
    next: str
    marks: tuple[tuple[Mark, ...], ...] = ()
    suffixes: tuple[str, ...] = ()
    fill: str | None = None
    is_raw: bool = False


__all__ = ["Final", "Foreign", "Mark"]

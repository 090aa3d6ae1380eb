"""What the constructs of `builders.py` are made with; its text is copied into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from construct import (
    Array,
    Bytes,
    Computed,
    Construct,
    Default,
    FixedSized,
    GreedyBytes,
    If,
    Int8ub,
    Int8ul,
    Int16ub,
    Int16ul,
    Int32ub,
    Int32ul,
    Int64ub,
    Int64ul,
    IntegerError,
    Rebuild,
    StreamError,
    Struct,
)


def _base(ctx: Any) -> int:
    """Where the stream begins in its own count: construct's substreams go on counting from the outer one."""
    return getattr(ctx._io, "parent_stream_offset", 0)


def _stream_size(ctx: Any) -> int:
    """Size in bytes of what is being parsed."""
    here = ctx._io.tell()
    ctx._io.seek(0, 2)
    end: int = ctx._io.tell()
    ctx._io.seek(here)
    return end - _base(ctx)


def _peek(position: int, size: int) -> Construct:
    """Bytes that stand at a position of what is being parsed; nothing when building."""

    def read(ctx: Any) -> bytes | None:
        if not ctx._parsing:
            return None
        here = ctx._io.tell()
        ctx._io.seek(_base(ctx) + position)
        found = bytes(ctx._io.read(size))
        ctx._io.seek(here)
        if len(found) < size:
            raise StreamError(f"{len(found)} bytes at {position}, not {size}")
        return found

    return Computed(read)


def _size(name: str, parsed: Callable[[Any], int]) -> Callable[[Any], int]:
    """Size of a field: that of the value given when building, what the structure says when parsing."""
    return lambda ctx: parsed(ctx) if ctx._parsing else len(ctx[name])


def _count(name: str, parsed: Callable[[Any], int]) -> Callable[[Any], int]:
    """Length of a list: that of the list given when building, what the structure says when parsing."""
    return lambda ctx: max(0, parsed(ctx)) if ctx._parsing else len(ctx[name])


def _present(name: str, parsed: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Whether a field is there: where it was given when building, where the structure says so when parsing."""
    return lambda ctx: parsed(ctx) if ctx._parsing else ctx.get(name) is not None


def _join(**widths: int) -> Callable[[Any], int]:
    """The word that holds the named bit fields, lowest bits first."""

    def word(ctx: Any) -> int:
        value = shift = 0
        for name, width in widths.items():
            part = int(ctx[name])
            if not 0 <= part < 1 << width:
                raise IntegerError(f"{name} is {part}, which {width} bits cannot hold")
            value |= part << shift
            shift += width
        return value

    return word


def _bits(word: str, shift: int, width: int) -> Construct:
    """The field of `width` bits at `shift` of a word."""
    return Computed(lambda ctx: ctx[word] >> shift & (1 << width) - 1)


def _flag(word: str, shift: int) -> Construct:
    """The flag at bit `shift` of a word."""
    return Computed(lambda ctx: bool(ctx[word] >> shift & 1))


__all__ = [
    "Any",
    "Array",
    "Bytes",
    "Default",
    "Final",
    "FixedSized",
    "GreedyBytes",
    "If",
    "Int8ub",
    "Int8ul",
    "Int16ub",
    "Int16ul",
    "Int32ub",
    "Int32ul",
    "Int64ub",
    "Int64ul",
    "Rebuild",
    "Struct",
]

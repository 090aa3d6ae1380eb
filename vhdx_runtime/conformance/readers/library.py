"""What the adapters of libraries share: every read of a request through one function, bytes to a sparse file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from .interface import Answer, FailedRead, Range, Request, ShortRead

_MESSAGE_MAX = 300
_UNIT = 1 << 15
_ZEROS = bytes(1 << 22)


def read_through(
    request: Request,
    size: int,
    read_at: Callable[[int, int], bytes],
    refusals: type[Exception] | tuple[type[Exception], ...] = Exception,
    warnings: Iterable[str] = (),
) -> Answer:
    """Make every read of a request.

    Args:
        request: the request.
        size: of the disk in bytes, as the library says.
        read_at: takes a virtual offset and a length in bytes, returns the bytes.
        refusals: exceptions by which the library refuses a read; others are faults of its own.
        warnings: what the library said although it went on.
    """
    found: list[FailedRead | ShortRead] = []
    for is_random, wanted, path in (
        (False, request.reads, request.out),
        (True, request.random_reads, request.random_out),
    ):
        with open(path, "wb") as out:
            found += _read_all(is_random, wanted, read_at, refusals, out)
            out.truncate(sum(length for _, length in wanted))
    return Answer(
        "opened",
        size=size,
        has_bytes=True,
        has_random=True,
        failed=tuple(one for one in found if isinstance(one, FailedRead)),
        short=tuple(one for one in found if isinstance(one, ShortRead)),
        warnings=tuple(warnings),
    )


def refused(error: BaseException, rule: str = "") -> Answer:
    """The answer where opening raises."""
    return Answer("refused", describe(error), rule)


def describe(error: BaseException) -> str:
    """An exception in one line: its class and what it says."""
    text = " ".join(str(error).split())[:_MESSAGE_MAX]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def write_sparse(out: BinaryIO, position: int, data: bytes | memoryview) -> None:
    """Write bytes at a position; where they are zero, the file keeps its hole."""
    if data == _ZEROS[: len(data)]:
        return
    for start in range(0, len(data), _UNIT):
        unit = data[start : start + _UNIT]
        if unit != _ZEROS[: len(unit)]:
            out.seek(position + start)
            out.write(unit)


def _read_all(
    is_random: bool,
    wanted: Iterable[Range],
    read_at: Callable[[int, int], bytes],
    refusals: type[Exception] | tuple[type[Exception], ...],
    out: BinaryIO,
) -> Iterator[FailedRead | ShortRead]:
    position = 0
    for index, (offset, length) in enumerate(wanted):
        try:
            data = read_at(offset, length)
        except MemoryError:
            raise
        except refusals as error:
            yield FailedRead(is_random, index, describe(error))
        else:
            write_sparse(out, position, data[:length])
            if len(data) < length:
                yield ShortRead(is_random, index, len(data))
        position += length

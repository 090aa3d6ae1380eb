"""What a command writes: bytes on standard output, or a file that is there whole or not at all."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from ..codec.holes import is_zero
from ..codec.source import Source
from ..errors import TakenFileError, VhdxError
from .common import USAGE, Failure, Interrupted

_PAGE: Final = 1 << 15
_ENDING: Final = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


def write_stdout(data: memoryview) -> None:
    """Write bytes to standard output, all of them: unbuffered, it may take a part only."""
    out = sys.stdout.buffer
    while data:
        data = data[out.write(data) :]


def write_all(fd: int, data: bytes | memoryview) -> None:
    """Write bytes to a file, all of them.

    Args:
        fd: as `new_file` yields it.
        data: what to write.
    """
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def write_sparse(fd: int, length: int, extents: Iterable[tuple[int, memoryview]]) -> None:
    """Write a file of which zeros are left out, as holes where the system has them.

    Args:
        fd: as `new_file` yields it, of an empty file.
        length: of the file in bytes.
        extents: what it holds, as (file offset, bytes); later ones over those before.
    """
    os.ftruncate(fd, length)
    written = 0
    for offset, data in extents:
        for at in range(0, len(data), _PAGE):
            part = data[at : at + _PAGE]
            if offset + at < written or not is_zero(part):
                os.lseek(fd, offset + at, os.SEEK_SET)
                write_all(fd, part)
                written = max(written, offset + at + len(part))


@contextmanager
def new_file(path: str, *, force: bool, inputs: Collection[Source]) -> Iterator[int]:
    """As `write.newfile.new_file`; a signal that ends the process takes the unfinished file with it.

    Raises:
        Failure: the name may not be taken.
        OSError: the file cannot be made or written; it names `path`.
    """
    from ..write import newfile

    with ended_by_signals(), taken_is_usage(), newfile.new_file(path, force=force, inputs=inputs) as fd:
        yield fd


@contextmanager
def taken_is_usage() -> Iterator[None]:
    """Have a name that a new file may not have end the command as wrong usage."""
    try:
        yield
    except VhdxError as error:
        if not isinstance(error, TakenFileError):
            raise
        raise Failure(str(error), USAGE) from error


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Have the signals that end a process end it through the `finally` clauses."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ending = [number for number in _ENDING if signal.getsignal(number) == signal.SIG_DFL]  # nohup ignores SIGHUP
    before = {number: signal.signal(number, _end) for number in ending}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _: Any) -> None:
    raise Interrupted(number)

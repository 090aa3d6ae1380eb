"""What a command writes: bytes on standard output, or a file that is there whole or not at all.

The only module outside `write/` that opens a file for writing; it never touches an existing one. Knows nothing of what
is written.
"""

from __future__ import annotations

import os
import signal
import stat
import sys
import threading
from collections.abc import Collection, Hashable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from ..codec.source import file_identity
from .common import USAGE, Failure

_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_ENDING: Final = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


def write_stdout(data: memoryview) -> None:
    """Write bytes to standard output, all of them: unbuffered, it may take a part only."""
    out = sys.stdout.buffer
    while data:
        data = data[out.write(data) :]


def write_all(fd: int, data: bytes) -> None:
    """Write bytes to a file, all of them.

    Args:
        fd: as `new_file` yields it.
        data: what to write.
    """
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


@contextmanager
def new_file(path: str, *, force: bool, inputs: Collection[Hashable]) -> Iterator[int]:
    """Make a file that gets its name once it is complete; a failed or interrupted run leaves nothing behind.

    Args:
        path: its name. Of a symbolic link, the file that it points to is replaced.
        force: replace a file of that name.
        inputs: identities of the files that are read, see `Source.identity`; none of them is ever replaced.

    Yields:
        File descriptor of an empty file beside it, open for reading and writing.

    Raises:
        Failure: there is such a file, or it is one of the inputs, or no regular file.
        OSError: the file cannot be made or written.
    """
    target = os.path.realpath(path)
    _require_free(path, target, force, inputs)
    temporary = os.path.join(os.path.dirname(target), f".vhdx-{os.urandom(8).hex()}.part")
    fd = -1
    with _signals_as_exceptions():
        try:
            fd = os.open(temporary, _FLAGS, 0o666)
            yield fd
            fd, done = -1, fd
            os.close(done)
            _publish(temporary, path, target, force)
        finally:
            if fd >= 0:
                os.close(fd)
            with suppress(FileNotFoundError):
                os.unlink(temporary)


def _require_free(path: str, target: str, force: bool, inputs: Collection[Hashable]) -> None:
    try:
        status = os.stat(target)
    except FileNotFoundError:
        return
    if file_identity(status) in inputs:
        raise Failure(f"{path}: is one of the files that are read", USAGE)
    if not stat.S_ISREG(status.st_mode):
        raise Failure(f"{path}: is there and no regular file", USAGE)
    if not force:
        raise Failure(f"{path}: exists; --force replaces it", USAGE)


def _publish(temporary: str, path: str, target: str, force: bool) -> None:
    """Give the file its name. Without force a file that appeared in the meantime stays."""
    if not force:
        try:
            os.link(temporary, target)
            return
        except FileExistsError:
            raise Failure(f"{path}: exists; --force replaces it", USAGE) from None
        except OSError:  # a file system without hard links
            if os.path.lexists(target):
                raise Failure(f"{path}: exists; --force replaces it", USAGE) from None
    os.replace(temporary, target)


@contextmanager
def _signals_as_exceptions() -> Iterator[None]:
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
    raise SystemExit(128 + number)

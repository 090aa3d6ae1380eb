"""What asks a command to end while it writes: Ctrl-C, and a request of the system, as an exception that says which."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_ENDED_BY: Final = 128  # what a shell adds to the number of the signal that ended a program


class Stopped(BaseException):
    """Somebody asked the program to end.

    Args:
        number: of the signal.

    Attributes:
        exit_code: what the program is to end with.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.exit_code = _ENDED_BY + number


@contextmanager
def stoppable() -> Iterator[None]:
    """Raise `Stopped` wherever the program is when it is asked to end; only the main thread is asked."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        for number in _SIGNALS:
            signal.signal(number, _stop)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, _: FrameType | None) -> None:
    raise Stopped(number)

"""Custom mutator for AFL++: `AFL_PYTHON_MODULE=vhdx_runtime.fuzz.mutate.afl`.

Has the functions that afl-fuzz looks for, by their names. `fuzz` changes structures; `post_process` makes the checksums
right of whatever afl-fuzz made by itself, just before the program under test gets it. The only state is the number of
changes so far, so that the same start gives the same run, and the last results.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from ...codec.checksum import crc32c
from .mutate import mutate, sealed

_LEFT_ALONE: Final = 32
_MIX: Final = 0x9E3779B97F4A7C15
_HELD: Final[deque[bytearray]] = deque(maxlen=8)  # afl-fuzz 4.04 goes on reading a result after it let go of it
_state = {"seed": 0, "count": 0}


def init(seed: int) -> None:
    """Start anew.

    Args:
        seed: from afl-fuzz; `-s` fixes it.
    """
    _state.update(seed=seed, count=0)


def deinit() -> None:
    """Let go of the last results."""
    _HELD.clear()


def fuzz(buf: bytearray, add_buf: bytearray | None, max_size: int) -> bytearray:
    """Change some structures of a file.

    Args:
        buf: the file.
        add_buf: another file of the queue, from which structures may be copied, or None.
        max_size: most bytes of the result.

    Returns:
        The changed file, never empty.
    """
    return mutate(bytes(buf), _next(), max_size, bytes(add_buf) if add_buf else None) or bytearray(1)


def describe(max_description_length: int) -> bytes:
    """What stands in the name of a file that afl-fuzz keeps: the number of the last change.

    As bytes: afl-fuzz 4.04 ends itself where this is a string, whatever its documentation says.
    """
    return f"vhdx-{_state['count']}".encode()[:max_description_length]


def post_process(buf: bytearray) -> bytearray:
    """Make every checksum right; one file in 32 stays as it is, always the same ones."""
    _HELD.append(bytearray(buf) if crc32c(bytes(buf)) % _LEFT_ALONE == 0 else sealed(buf))
    return _HELD[-1]


def _next() -> int:
    _state["count"] += 1
    return _state["seed"] * _MIX + _state["count"]

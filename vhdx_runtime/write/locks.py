"""Who holds a lock on a file, as far as the system tells: for the message to whoever does not get it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final

_LOCKS: Final = "/proc/locks"
_PROCESSES: Final = "/proc"
# 1: OFDLCK ADVISORY READ -1 fe:01:2228261 100 101; the process is -1 for a lock of an open file.
_LINE: Final = re.compile(r"\d+: (?!->)\S+ +\S+ +\S+ +(-?\d+) +([0-9a-f]+):([0-9a-f]+):(\d+) ")


def holders(fd: int, besides: int = 0) -> list[str]:
    """The processes that hold a lock on an open file, each as "name (process 123)"; [] where the system tells none.

    Args:
        fd: the file, opened by this process.
        besides: a process that is not meant.
    """
    status = os.fstat(fd)
    try:
        with open(_LOCKS, encoding="ascii", errors="replace") as file:
            text = file.read()
    except OSError:  # as on Windows, where nothing else here is there either
        return []
    key = os.major(status.st_dev), os.minor(status.st_dev), status.st_ino
    processes = {process for process, where in _locks(text) if where == key}
    if -1 in processes:
        processes |= {process for process in _numbers() if _has_lock(process, key)}
    return [f"{_name(process)} (process {process})" for process in sorted(processes - {besides}) if process > 0]


def _locks(text: str) -> Iterator[tuple[int, tuple[int, int, int]]]:
    """Process, and device and number of the file, of each lock that is held."""
    for found in _LINE.finditer(text):
        process, major, minor, number = found.groups()
        yield int(process), (int(major, 16), int(minor, 16), int(number))


def _numbers() -> list[int]:
    return [int(name) for name in os.listdir(_PROCESSES) if name.isdigit()]


def _has_lock(process: int, key: tuple[int, int, int]) -> bool:
    """Whether one of a process's open files has a lock on a file; False where the system does not say."""
    folder = f"{_PROCESSES}/{process}/fdinfo"
    try:
        for name in os.listdir(folder):
            with open(f"{folder}/{name}", encoding="ascii", errors="replace") as file:
                if any(where == key for _, where in _locks(file.read())):
                    return True
    except OSError:
        pass
    return False


def _name(process: int) -> str:
    try:
        with open(f"{_PROCESSES}/{process}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return "a program"

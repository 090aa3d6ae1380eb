"""A command that fails on an image, and whether it fails the same way on another one.

Knows processes. The command runs where its user called it, with a time limit, and may do to its copy of the image what
it likes.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PLACE: Final = "{}"
_KILL: Final = getattr(signal, "SIGKILL", signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ended.

    Attributes:
        code: exit code, negative for a signal, None where it was ended because it took too long.
        errors: what it wrote to standard error.
    """

    code: int | None
    errors: bytes

    @property
    def words(self) -> str:
        """The ending in words."""
        if self.code is None:
            return "not done in time"
        if self.code >= 0:
            return f"exit code {self.code}"
        try:
            return signal.Signals(-self.code).name
        except ValueError:
            return f"signal {-self.code}"


@dataclass(frozen=True, slots=True)
class Failing:
    """What counts as the same failure.

    Attributes:
        command: program and arguments; "{}" in them stands for the image, whose path is appended where none has it.
        code: as `Ending.code`.
        errors: what standard error must match somewhere, or None.
        seconds: time for one run.
    """

    command: tuple[str, ...]
    code: int | None
    errors: re.Pattern[bytes] | None
    seconds: float

    def holds(self, image: Path) -> bool:
        """Run the command on an image: True where it fails in this way."""
        return self.matches(run(self.command, image, self.seconds))

    def matches(self, ending: Ending) -> bool:
        """True where an ending is this failure."""
        return ending.code == self.code and (self.errors is None or self.errors.search(ending.errors) is not None)


def run(command: Sequence[str], image: Path, seconds: float) -> Ending:
    """Run a command on an image.

    Args:
        command: see `Failing`.
        image: path to put in.
        seconds: after which it is ended with all that it started.

    Returns:
        How it ended.

    Raises:
        OSError: there is no such program, or it cannot be run.
    """
    words = [word.replace(PLACE, str(image)) for word in command]
    if not any(PLACE in word for word in command):
        words.append(str(image))
    process = subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        _, errors = process.communicate(timeout=seconds)
        return Ending(process.returncode, errors)
    except subprocess.TimeoutExpired:
        return Ending(None, b"")
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process with all that it started."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, _KILL)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):
        pass
    process.communicate()

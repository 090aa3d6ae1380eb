"""Make an image simpler, structure by structure, while a command keeps failing on it.

Tries steps on copies and keeps those after which the command fails as at the start: many at once first, then halves of
those that went wrong. Round after round, until nothing more can be had or the time is up. The same image and command
give the same result, unless the time runs out.
"""

from __future__ import annotations

import mmap
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from .. import sparse_copies
from ..judge.observations import learn
from ..mutate.relocate import State, state
from ..mutate.structures import Raw, seals
from . import simpler
from .simpler import SimplerStep

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


Passes = Callable[[State], Iterable[SimplerStep]]

# Each pass with the question whether its steps can be taken together.
_PASSES: Final[tuple[tuple[Passes, bool], ...]] = (
    (simpler.data, True),
    (simpler.replayed, False),
    (simpler.log_entries, True),
    (simpler.bat_entries, True),
    (simpler.table_rows, False),
    (simpler.structures, True),
    (simpler.places, False),
    (simpler.lengths, False),
    (simpler.shorter, False),
    (simpler.ordinary_fields, True),
    (simpler.default_fields, False),
    *((simpler.pieces(size), True) for size in (sparse_copies.STEP, 1 << 15, 1 << 11, 512, 64, 8, 1)),
    (simpler.lengths, False),
)


class NotFailing(ValueError):
    """The command does not fail on the image; the message says how it ended."""


class _TimeIsUp(Exception):
    """Ends the search."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large an image is, in bytes: the file, its 4 KiB pages that are not zero, and what is not zero in them."""

    apparent: int
    allocated: int
    nonzero: int


@dataclass(frozen=True, slots=True)
class Reduced:
    """What became of an image.

    Attributes:
        ending: how the command ends on it, before and after.
        before: size of the image.
        after: size of the result.
        steps: what was done, in words, in order.
        runs: of the command.
        seconds: that it took.
        is_complete: nothing more can be had; the time was not up.
    """

    ending: str
    before: Size
    after: Size
    steps: tuple[str, ...]
    runs: int
    seconds: float
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for.

    Attributes:
        command: see `failing.Failing`.
        code: exit code that counts, None for how the command ends at the start.
        errors: what standard error must match, or None.
        timeout: seconds for one run of the command.
        seconds: for all.
        seal: make right again the checksums that were right before a step.
    """

    command: tuple[str, ...]
    code: int | None = None
    errors: re.Pattern[bytes] | None = None
    timeout: float = 10
    seconds: float = 300
    seal: bool = True


def reduce_image(
    image: Path, wish: Wish, home: Path, advance: Callable[[int], object] = lambda seconds: None
) -> tuple[Path, Reduced]:
    """Make an image simpler while a command keeps failing on it.

    Args:
        image: the file; it is not touched.
        wish: what is asked for.
        home: an empty folder for scratch files.
        advance: called with the whole seconds that have passed.

    Returns:
        The simpler image, in `home`, and what was done.

    Raises:
        NotFailing: the command does not fail on the image in the way asked for.
        OSError: the command cannot be run.
    """
    search = _Search.begin(image, wish, home, advance)
    before = size_of(search.current)
    try:
        while search.round():
            pass
        is_complete = True
    except _TimeIsUp:
        is_complete = False
    seconds = round(time.monotonic() - search.start, 3)
    after = size_of(search.current)
    steps = tuple(search.steps)
    return search.current, Reduced(search.words, before, after, steps, search.runs, seconds, is_complete)


def size_of(path: Path) -> Size:
    """How large an image is."""
    allocated = nonzero = 0
    for _, part in sparse_copies.extents(path):
        allocated += len(part)
        nonzero += len(part) - part.count(0)
    return Size(path.stat().st_size, allocated, nonzero)


@dataclass(slots=True)
class _Search:
    """The best image so far, and what was tried."""

    wish: Wish
    failing: Failing
    words: str
    start: float
    current: Path
    candidate: Path
    advance: Callable[[int], object]
    runs: int = 1
    steps: list[str] = field(default_factory=list)
    tried: set[str] = field(default_factory=set)

    @classmethod
    def begin(cls, image: Path, wish: Wish, home: Path, advance: Callable[[int], object]) -> _Search:
        """Run the command on a copy of the image."""
        start = time.monotonic()
        current, candidate = home / "best", sparse_copies.place(home, "try") / image.name
        for parent in learn(image).parents:  # for a command that opens the whole chain
            if parent.is_relative_to(image.parent):
                sparse_copies.copy(parent, candidate.parent / parent.relative_to(image.parent))
        sparse_copies.copy(image, current)
        sparse_copies.copy(image, candidate)
        ending = run(wish.command, candidate, wish.timeout)
        failing = Failing(wish.command, ending.code if wish.code is None else wish.code, wish.errors, wish.timeout)
        _require(ending, failing, wish)
        tried = {sparse_copies.sparse_digest(current)}
        return cls(wish, failing, ending.words, start, current, candidate, advance, tried=tried)

    def round(self) -> bool:
        """Try every pass once; True where anything was gained."""
        before = len(self.steps)
        for propose, together in _PASSES:
            if together:
                with _seen(self.current) as now:
                    steps = list(propose(now))
                self.drop(steps)
            else:
                self.one_by_one(propose)
        return len(self.steps) > before

    def drop(self, steps: Sequence[SimplerStep]) -> None:
        """Take as many of some steps as possible: all, or what is possible of one half and of the other."""
        waiting = [steps]
        while waiting:
            part = waiting.pop()
            if part and not self.attempt(simpler.joined(part)) and len(part) > 1:
                middle = len(part) // 2
                waiting += [part[middle:], part[:middle]]

    def one_by_one(self, propose: Passes) -> None:
        """Take steps of which each may change what the others are; each once."""
        done: set[str] = set()
        taken = True
        while taken:
            with _seen(self.current) as now:
                steps = [step for step in propose(now) if step.words not in done]
            taken = False
            for step in steps:
                done.add(step.words)
                if self.attempt(step):
                    taken = True
                    break

    def attempt(self, step: SimplerStep) -> bool:
        """Try a step, and keep it where the command still fails."""
        passed = time.monotonic() - self.start
        self.advance(int(passed))
        if passed > self.wish.seconds:
            raise _TimeIsUp
        self._make(step)
        key = sparse_copies.sparse_digest(self.candidate)  # the same for files with the same bytes
        if key in self.tried:
            return False
        self.tried.add(key)
        self.runs += 1
        if not self.failing.holds(self.candidate):
            return False
        self._make(step)  # again: the command may have changed its copy
        sparse_copies.supplant(self.candidate, self.current)
        self.steps.append(step.words)
        return True

    def _make(self, step: SimplerStep) -> None:
        sparse_copies.drop(self.candidate)
        sparse_copies.copy(self.current, self.candidate, step.patches, step.zeros, step.length)
        if self.wish.seal:
            with _bytes(self.current) as old, _bytes(self.candidate) as new:
                patches = _sums(old, new)
            sparse_copies.patch(self.candidate, patches)


def _require(ending: Ending, failing: Failing, wish: Wish) -> None:
    if not failing.matches(ending):
        raise NotFailing(f"the command ends with {ending.words}, and not in the way asked for")
    if ending.code == 0 and wish.code is None and wish.errors is None:
        raise NotFailing("the command succeeds on the image")


def _sums(old: Raw, new: Raw) -> list[tuple[int, bytes]]:
    """The checksums to put right: of objects in which they were right, and that are not all zeros now."""
    right = {(seal.structure, seal.offset) for seal in seals(old) if seal.is_right(old)}
    return [
        (seal.place, seal.computed(new))
        for seal in seals(new)
        if (seal.structure, seal.offset) in right and any(seal.read(new)) and not seal.is_right(new)
    ]


class _Mapped(mmap.mmap):
    """A mapped file with all of bytes that finding structures needs."""

    def startswith(self, prefix: bytes, start: int) -> bool:
        """The bytes from `start` on begin with some others."""
        return self[start : start + len(prefix)] == prefix


@contextmanager
def _bytes(path: Path) -> Iterator[Raw]:
    """The bytes of a file, mapped."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            yield b""
            return
        with _Mapped(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            yield cast(Raw, mapped)


@contextmanager
def _seen(path: Path) -> Iterator[State]:
    """A file and its structures."""
    with _bytes(path) as raw:
        yield state(path, raw)

"""Interleaved measurement: every contender runs once per round, so that what else the machine does hits all alike.

The order turns from round to round: whoever comes second gets the memory that the first one has just given back.
"""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

ROUNDS = 7
Failed = subprocess.CalledProcessError


@dataclass(frozen=True)
class Contender:
    """Something to be timed. `prepare` runs before each round and is not timed."""

    name: str
    run: Callable[[], object]
    prepare: Callable[[], object] = lambda: None


@dataclass(frozen=True)
class Figure:
    """One claim: a value, what it is, and the limit that it has to keep; without a limit it is told for comparison."""

    name: str
    what: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def passed(self) -> bool:
        """Whether the limit is kept."""
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )

    @property
    def target(self) -> str:
        """The limit in words."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g}{self.unit}"
        return f"≤ {self.at_most:g}{self.unit}" if self.at_most is not None else "–"


@dataclass(frozen=True)
class Section:
    """The outcome of one benchmark: medians in seconds by contender, all rounds, and the figures drawn from them."""

    title: str
    method: str
    seconds: dict[str, float]
    rounds: dict[str, list[float]]
    figures: list[Figure]
    notes: list[str] = field(default_factory=list)


def interleave(contenders: Sequence[Contender], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Time every contender once per round, after one round that does not count.

    Returns:
        Seconds of each round by contender.
    """
    times: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for number in range(rounds + 1):
        turn = number % len(contenders)
        for contender in (*contenders[turn:], *contenders[:turn]):
            contender.prepare()
            start = time.perf_counter()
            contender.run()
            elapsed = time.perf_counter() - start
            if number:
                times[contender.name].append(elapsed)
    return times


def medians(times: dict[str, list[float]]) -> dict[str, float]:
    """The median of each contender."""
    return {name: median(values) for name, values in times.items()}


def started(*command: object, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    """Run a whole process, as every process here is run; by default its output is caught.

    It may keep compiled modules: with PYTHONDONTWRITEBYTECODE each round would time the compiler too.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run([*map(str, command)], check=True, stdout=stdout, text=True, env=environment)


def process(*command: object) -> Callable[[], object]:
    """A contender that is a whole process; its output is thrown away."""
    return lambda: started(*command, stdout=subprocess.DEVNULL)


def counted(name: str, used: dict[str, list[float]], *command: object) -> Callable[[], None]:
    """A contender that is a whole process, and takes down the processor's seconds that it used, by name."""

    def run_counted() -> None:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started(*command, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used.setdefault(name, []).append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    return run_counted

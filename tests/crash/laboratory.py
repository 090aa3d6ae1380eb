"""Trials by number: a file, a guest, a recorded session, and the states that a crash may leave, at three levels.

Of some states the writer opens the file again: its recovery is recorded and cut in turn, and so is what a guest does
after it. The number says everything about a trial.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from tests.crash.images import LARGE, SHAPES, WIDE, Base, Shape, base, dirty
from tests.crash.session import Finding, Open, Session
from tests.crash.sparse import Sparse
from tests.crash.states import State
from tests.crash.verifier import Reading
from tests.crash.workload import Op, filling, steady, sweep, workload

STATES = 60  # of the first session of a trial
SECOND, DEEPER, DEPTH = 24, 12, 3  # one state in so many is opened again; how many states of that; levels
DIRTY = 0.08  # of the trials start from a file with a log of another writer
FAILS = 0.12  # of the trials have a flush that fails
TURNS = 48
TURN_OF_LARGE = 13  # one trial in so many has large blocks or a chain of three
OURS = 8  # one state in so many is opened by the project too
FILES = ((0, False), (0, False), (2, False), (0, True), (5, True), (0, False, 512), (2, True, 5120))  # see `base`
PAGES = 24  # that it reads

Judge = Callable[..., str]


@dataclass
class Outcome:
    """What became of trials.

    Attributes:
        states: how many were judged, by level.
        keys: of those that differ from the file as it was, to tell them apart.
        ours: how many the project judged, too.
        findings: what is wrong, with the number of the trial.
    """

    states: Counter[str] = field(default_factory=Counter)
    keys: set[int] = field(default_factory=set)
    ours: int = 0
    findings: list[str] = field(default_factory=list)


@dataclass
class Laboratory:
    """Trials of one writer.

    Args:
        opener: opens a target for writing.
        recording: makes a target over a file.
        failing: the same; a flush of this number fails.
        judge: the project's own reader, or None to do without.
        ours: one state in so many is opened by the project, too.
        most: findings of one trial after which no more are looked for.
    """

    opener: Open
    recording: Callable[[Sparse], Any]
    failing: Callable[[Sparse, int], Any]
    judge: Judge | None = None
    ours: int = OURS
    most: int = 1

    def trial(self, number: int, outcome: Outcome, states: int = STATES) -> None:
        """Do a trial and add what became of it to an outcome."""
        at = random.Random(f"crash {number}")
        made, ops = subject(at, LARGE if number % TURN_OF_LARGE == 0 else SHAPES)
        shape = made.shape
        if shape is WIDE:
            states //= 2  # each takes ten times as long
        fails = at.randint(1, 20) if at.random() < FAILS else 0
        findings = self._session(made, made.file, ops, at, outcome, states, (), 1, fails)
        for finding in islice(findings, self.most):
            outcome.findings.append(f"trial {number}, {shape.name}: {finding.state}: {finding.what}")

    def _session(
        self,
        made: Base,
        start: Sparse,
        ops: list[Op],
        at: random.Random,
        outcome: Outcome,
        states: int,
        pages: tuple[int, ...],
        level: int,
        fails: int = 0,
    ) -> Iterator[Finding]:
        recording = partial(self.failing, number=fails) if fails else self.recording
        session = Session(made, start, ops, at, self.opener, recording, pages, closes=at.random() < 0.9)
        prefix = f"level {level}, " if level > 1 else ""
        yield from (Finding(one.what, prefix + one.state) for one in session.findings)
        for state in session.states(states):
            what, reading = session.judge(state)
            outcome.states[f"level {level}"] += 1
            if state.file.key != made.file.key:
                outcome.keys.add(state.file.key ^ hash(state.file.size))
            turn = at.randrange(TURNS)
            if reading and not what and self.judge and (state.is_last or turn % self.ours == 0):
                what = self._ours(session, state, reading)
                outcome.ours += 1
            if what:
                yield Finding(what, prefix + state.how)
            elif level < DEPTH and at.randrange(SECOND) == 0:
                more = list(workload(made.shape, at, 6, 1000 * level)) if at.random() < 0.4 else []
                pages = tuple(session.pages)
                for finding in self._session(made, state.file, more, at, outcome, DEEPER, pages, level + 1):
                    yield Finding(finding.what, f"{state.how}; {finding.state}")

    def _ours(self, session: Session, state: State, reading: Reading) -> str:
        assert self.judge
        step = -(-len(session.pages) // PAGES)
        pages = session.pages[state.events % step :: step]
        return self.judge(state.file, session.base, reading, pages, is_closed=state.is_last and session.is_closed)


def subject(at: random.Random, shapes: Sequence[Shape] = SHAPES) -> tuple[Base, list[Op]]:
    """Draw a file of one of some shapes, or a wide one, and what is done to it."""
    draw = at.random()
    shape = WIDE if draw < 0.05 else at.choice(shapes)
    made = base(shape, *at.choice(FILES))
    if shape is WIDE:
        return made, list(sweep(shape, at))
    if at.random() < DIRTY and shape.name != "fixed":
        made = dirty(made, at.choice((2, 100, 250, 254)))
    if draw < 0.12:
        return made, list(steady(shape, at))
    if draw < 0.22:
        return made, list(filling(shape, at))
    return made, list(workload(shape, at, at.choice((3, 8, 8, 20, 45))))

"""What a repair may do without consent: nothing is given up by it, and no wrong answer becomes final.

A file is repaired as `vhdx repair --apply` does it when nobody agreed to anything. Afterwards a guest byte that could
not be read is right, or still cannot be read; one that was right is right. And where the lost part of the file turns up
again, put back in its place it makes the repaired file whole, but for what the repair has written there: it has not
built upon the loss. (Not where an older copy or a shorter log had to be taken for the present one.)
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.damage.damages import Damage
from tests.damage.reading import Answer, answer
from tests.damage.spans import Span, common, merged, total, without
from tests.damage.trial import tried
from tests.damage.truth import Truth
from tests.damage.unknowable import Unknowable, excuses
from vhdx_runtime.codec.source import BytesSource
from vhdx_runtime.disk.image import load_image
from vhdx_runtime.repair.apply import apply
from vhdx_runtime.repair.planning import make_plan
from vhdx_runtime.write.recording import Recording

STALE = (Unknowable.STALE_HEADER, Unknowable.STALE_REGIONS, Unknowable.LOG_END, Unknowable.CUT_REPLAYED)

LONGEST = 1 << 30


@dataclass(frozen=True)
class Repaired:
    """What a repair without consent made of a file.

    Attributes:
        content: the file afterwards.
        summaries: what was done; () where nothing was.
        made_wrong: guest bytes that are wrong now, and were not.
        given_up: guest bytes that were right, or that nobody knows and that could not be read, and are not so any more.
        not_healed: guest bytes that are not right when the lost part of the file is put back.
    """

    content: bytes
    summaries: tuple[str, ...]
    made_wrong: tuple[Span, ...] = ()
    given_up: tuple[Span, ...] = ()
    not_healed: tuple[Span, ...] = ()

    @property
    def faults(self) -> str:
        """What it should not have done; "" for a repair as it should be."""
        named = {"made wrong": self.made_wrong, "given up": self.given_up, "lost for good": self.not_healed}
        told = [f"{name} {start:#x}..{end:#x}" for name, spans in named.items() for start, end in spans[:2]]
        return "; ".join([*told, *self.summaries]) if told else ""


@dataclass(frozen=True)
class Done:
    """A file as a repair leaves it, what was done, and which bytes were written."""

    content: bytes
    summaries: tuple[str, ...] = ()
    written: tuple[Span, ...] = ()


class TooLong(Exception):
    """The file is too long to be held, once a log has made it grow."""


def without_consent(raw: bytes) -> Done:
    """Repair a file as when nobody agrees to anything.

    Raises:
        TooLong: it is longer than `LONGEST` bytes then.
    """
    with load_image(BytesSource(raw)) as image, tempfile.TemporaryDirectory() as folder:
        plan = make_plan(image)
        if not plan.changes.operations:
            return Done(raw)
        target = Recording(raw)
        outcome = apply(plan, target, Path(folder, "undo"))
        if target.size > LONGEST:
            raise TooLong
        content = target.content()
    assert not outcome.failure or content == raw, "put back as it was"
    writes = [event for event in target.events if event.kind == "write"]
    written = merged((event.offset, event.offset + len(event.data)) for event in writes)
    return Done(content, tuple(step.repair.summary for step in plan.steps) or ("headers written",), tuple(written))


def repaired(damage: Damage) -> Repaired:
    """Repair a damaged file of the laboratory."""
    base, trial = damage.base, tried(damage)
    with damage.applied() as view:
        done = without_consent(bytes(view))
    if not done.summaries:
        return Repaired(done.content, ())
    before = joined(trial.strict, trial.salvaged, base.truth)
    found = _judged(done, before, base.parents, base.truth)
    if any(reason in STALE for reason, _ in excuses(damage)):
        return found
    healed = [
        _not_right(damage, done.content, spans) for spans in (without([damage.span], done.written), [damage.span])
    ]
    return replace(found, not_healed=tuple(min(healed, key=total)))


def _not_right(damage: Damage, content: bytes, spans: Sequence[Span]) -> list[Span]:
    """Guest bytes that are not right once the lost bytes of some ranges are in their places again."""
    whole = bytearray(content.ljust(damage.span[1], b"\0"))
    for start, end in spans:
        whole[start:end] = damage.base.raw[start:end]
    found = answer(bytes(whole), damage.base.parents, damage.base.truth, salvage=False)
    return [(0, damage.base.truth.size)] if found.refused else merged([*found.wrong, *found.unreadable])


def judged(raw: bytes, parents: Sequence[bytes], truth: Truth) -> Repaired:
    """Repair any file, and hold what it reads then against what it read before and against the truth."""
    done = without_consent(raw)
    if not done.summaries:
        return Repaired(done.content, ())
    return _judged(done, _both(raw, parents, truth), parents, truth)


def joined(strict: Answer, salvaged: Answer, truth: Truth) -> Answer:
    """Of the two ways of opening: what either gets wrong, and what cannot be read by the strict one."""
    unreadable = ((0, truth.size),) if strict.refused else strict.unreadable
    return Answer(strict.refused, unreadable, tuple(merged([*strict.wrong, *salvaged.wrong])))


def _both(raw: bytes, parents: Sequence[bytes], truth: Truth) -> Answer:
    strict, salvaged = (answer(raw, parents, truth, salvage=salvage) for salvage in (False, True))
    return joined(strict, salvaged, truth)


def _judged(done: Done, before: Answer, parents: Sequence[bytes], truth: Truth) -> Repaired:
    after = _both(done.content, parents, truth)
    was_right = without([(0, truth.size)], [*before.unreadable, *before.wrong, *truth.open])
    was_open = common(before.unreadable, truth.open)
    given_up = [*common(was_right, after.unreadable), *without(was_open, after.unreadable)]
    made_wrong = without(after.wrong, before.wrong)
    return Repaired(done.content, done.summaries, tuple(made_wrong), tuple(merged(given_up)))

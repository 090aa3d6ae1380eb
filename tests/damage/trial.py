"""One damaged file tried: what the reader answers with and without salvage, and whether what is wrong is excused."""

from __future__ import annotations

from dataclasses import dataclass

from tests.damage.damages import Damage
from tests.damage.reach import may_lose, may_refuse
from tests.damage.reading import Answer, answer
from tests.damage.spans import Span, common, merged, without
from tests.damage.unknowable import Unknowable, excuses

RIGHT, LOST, REFUSED, WRONG = "right", "raised or listed as lost", "refused", "silently wrong"


@dataclass(frozen=True)
class Trial:
    """What came of one damaged file.

    Attributes:
        damage: what was done.
        strict: the answer without salvage.
        salvaged: the answer with it.
        classes: why what is wrong cannot be known, all that apply.
        unexplained: guest bytes that are wrong although the file holds evidence.
        excess: guest bytes that count as lost although nothing that they need was hit.
        is_refused_needlessly: the file is refused although nothing was hit that opening needs.
    """

    damage: Damage
    strict: Answer
    salvaged: Answer
    classes: tuple[Unknowable, ...] = ()
    unexplained: tuple[Span, ...] = ()
    excess: tuple[Span, ...] = ()
    is_refused_needlessly: bool = False

    @property
    def is_as_it_should_be(self) -> bool:
        """Neither wrong without an excuse nor given up without need."""
        return not (self.unexplained or self.excess or self.is_refused_needlessly)

    @property
    def wrong(self) -> list[Span]:
        """Guest bytes that either way of opening gets wrong without a word."""
        return merged([*self.strict.wrong, *self.salvaged.wrong])

    @property
    def outcome(self) -> str:
        """What the file counts as: the worst of both answers."""
        if self.wrong:
            return WRONG
        return outcome(self.strict)

    @property
    def words(self) -> str:
        """For a failure."""
        told = [f"{start:#x}..{end:#x} wrong without a word, and the file shows it" for start, end in self.unexplained]
        told += [f"{start:#x}..{end:#x} lost without need" for start, end in self.excess]
        told += [f"refused without need: {self.strict.refused}"] if self.is_refused_needlessly else []
        return f"{self.damage.words}: " + "; ".join(told[:4])


def outcome(found: Answer) -> str:
    """What an answer counts as."""
    if found.wrong:
        return WRONG
    return REFUSED if found.refused else LOST if found.unreadable else RIGHT


def tried(damage: Damage, *, is_both: bool = True) -> Trial:
    """Try a damage; unless it is to be both, with salvage only where not all is right without."""
    base = damage.base
    with damage.applied() as raw:
        strict = answer(raw, base.parents, base.truth, salvage=False)
        is_both = is_both or strict != Answer()
        salvaged = answer(raw, base.parents, base.truth, salvage=True) if is_both else strict
    wrong = merged([*strict.wrong, *salvaged.wrong])
    excess = tuple(without(salvaged.unreadable, may_lose(damage))) if salvaged.unreadable else ()
    is_refused = bool(strict.refused or salvaged.refused) and not may_refuse(damage)
    if not wrong:
        return Trial(damage, strict, salvaged, (), (), excess, is_refused)
    known: dict[Unknowable, list[Span]] = {}
    for reason, span in excuses(damage):
        known.setdefault(reason, []).append(span)
    classes = tuple(reason for reason in Unknowable if common(wrong, known.get(reason, [])))
    unexplained = without(wrong, (span for spans in known.values() for span in spans))
    return Trial(damage, strict, salvaged, classes, tuple(unexplained), excess, is_refused)

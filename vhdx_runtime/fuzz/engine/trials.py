"""What was tried and what came of it, and which of it is worth keeping.

A witness of a rule is a change after which that rule, and no other than it brings along, is broken.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .format import Edit, Format

_NEAR = 1 << 21
_TOPS = tuple(1 << bits for bits in (16, 32, 64))
_QUOTIENT = 1 << 32
_ELEMENT = 32
ALWAYS_KEPT = ("wrap", "quotient", "zero", "max")


class FieldTrial(NamedTuple):
    """One change of one image, and the rules that the image breaks then.

    Attributes:
        subject: name of the image.
        edits: the change.
        broken: ids of rules; empty where the image is still sound.
        about: what the change is about, the same for like changes.
    """

    subject: str
    edits: tuple[Any, ...]
    broken: frozenset[str]
    about: Hashable


class Witness(NamedTuple):
    """A change that breaks a rule, and the nearest one that breaks none (none at all: the image as it was)."""

    rule: str
    trial: FieldTrial
    neighbour: tuple[Any, ...] = ()


@dataclass(slots=True)
class Trials:
    """Everything tried so far.

    Attributes:
        form: the format.
        wanted: rules to find witnesses of.
        limit: how many of each like kind are kept.
        broken: rule → trials that break it.
        legal: trials that break nothing, by subject and what they are about.
    """

    form: Format
    wanted: frozenset[str]
    limit: int = 40
    broken: dict[str, dict[Hashable, list[FieldTrial]]] = field(default_factory=dict)
    legal: dict[tuple[str, Hashable], list[FieldTrial]] = field(default_factory=dict)

    def add(self, trial: FieldTrial) -> None:
        """Keep a trial where it may be of use."""
        if not trial.broken:
            self.legal.setdefault((trial.subject, trial.about), []).append(trial)
            return
        for rule in trial.broken & self.wanted:
            alike = self.broken.setdefault(rule, {}).setdefault((trial.about, kind(trial)), [])
            alike.append(trial)
            if len(alike) > self.limit:
                alike.sort(key=lambda one: self.rank(rule, one))
                alike.pop()

    def is_exact(self, rule: str, broken: frozenset[str]) -> bool:
        """Whether these are that rule and only what its declaration says must fail with it."""
        return rule in broken and broken <= {rule, *self.form.rules[rule].provable.ids}

    def rank(self, rule: str, trial: FieldTrial) -> tuple[Any, ...]:
        """Small for a good witness: no rules beside, few edits, a small change."""
        size = sum(len(edit.value) if isinstance(getattr(edit, "value", None), bytes) else 1 for edit in trial.edits)
        return (not self.is_exact(rule, trial.broken), len(trial.broken), len(trial.edits), size)

    def missing(self) -> list[str]:
        """Wanted rules without an exact witness so far."""
        return sorted(rule for rule in self.wanted if not any(True for _ in self.exact(rule)))

    def exact(self, rule: str) -> Iterator[FieldTrial]:
        """All exact witnesses of a rule."""
        for alike in self.broken.get(rule, {}).values():
            yield from (trial for trial in alike if self.is_exact(rule, trial.broken))

    def best(self, rule: str, count: int) -> list[FieldTrial]:
        """The best witnesses of a rule, no two about the same while there are others.

        To them come, of each field, values of the kinds that arithmetic fails on. Where no witness is exact, those that
        break the fewest other rules.
        """
        groups = [sorted(alike, key=lambda one: self.rank(rule, one)) for alike in self.broken.get(rule, {}).values()]
        firsts = sorted((alike[0] for alike in groups), key=lambda one: self.rank(rule, one))
        if not firsts:
            return []
        if not self.is_exact(rule, firsts[0].broken):
            return _spread([trial for trial in firsts if len(trial.broken) == len(firsts[0].broken)], count)
        firsts = [trial for trial in firsts if self.is_exact(rule, trial.broken)]
        kept = _spread(firsts, count)
        sized = [trial for trial in firsts if kind(trial) in ALWAYS_KEPT and _has_unit(self.form, trial)]
        sized.sort(key=lambda one: ALWAYS_KEPT.index(kind(one)))
        return kept + [trial for trial in sized if trial not in kept][:count]

    def extremes(self) -> list[FieldTrial]:
        """Of each field the smallest and the largest value that break nothing, and one change of its bytes."""
        ends: dict[tuple[Hashable, str], FieldTrial] = {}
        for (_, about), alike in self.legal.items():
            for trial in alike:
                first = trial.edits[0]
                if isinstance(first, Edit) and not first.is_sealed:
                    continue  # a checksum that nobody looks at is wrong all the same
                if isinstance(first, Edit) and isinstance(first.value, bytes):
                    ends.setdefault((about, "bytes"), trial)
                elif isinstance(first, Edit):
                    for end, sign in (("low", 1), ("high", -1)):
                        best = ends.setdefault((about, end), trial)
                        if sign * first.value < sign * best.edits[0].value:
                            ends[about, end] = trial
        return list({trial.edits: trial for trial in ends.values()}.values())


def _has_unit(form: Format, trial: FieldTrial) -> bool:
    """Whether a change is about a field that counts something."""
    structure, _, field = str(trial.about).partition(".")
    fields = form.structures[structure].fields if structure in form.structures else ()
    return any(one.id == field and one.unit for one in fields)


def _spread(trials: list[FieldTrial], count: int) -> list[FieldTrial]:
    """The first ones, as different as there are in what they are about, in kind and in subject."""
    kept: list[FieldTrial] = []
    rest = list(trials)
    while rest and len(kept) < count:
        abouts = {one.about for one in kept}
        kinds = {kind(one) for one in kept}
        subjects = {one.subject for one in kept}
        best = min(
            rest,
            key=lambda one: (one.about in abouts) * 2 + (kind(one) in kinds) + (one.subject in subjects),
        )
        rest = [one for one in rest if one is not best]
        kept.append(best)
    return kept


def kind(trial: FieldTrial) -> str:
    """What sort of value the change brings.

    "zero", "max" (the largest of a width), "wrap" (its sum or product with something small passes a width), "quotient"
    (just past 2^32 of something), "near", "far", "bytes" or "shape".
    """
    first = trial.edits[0] if trial.edits else None
    if not isinstance(first, Edit):
        return "shape"
    if isinstance(first.value, bytes):
        return "bytes"
    return kind_of(first.value)


def kind_of(value: int) -> str:
    """The sort of an integer, see `kind`.

    >>> [kind_of(value) for value in (0, 7, 2**16 - 1, 2**64 - 2**20, 2**27, (2**32 + 1) << 20)]
    ['zero', 'near', 'max', 'wrap', 'wrap', 'quotient']
    """
    if value == 0:
        return "zero"
    if any(value in (top - 1, top - 2) for top in _TOPS):
        return "max"
    odd = value & -value
    if value // odd == _QUOTIENT + 1 and odd > 1:
        return "quotient"
    if any(top - _NEAR < value < top for top in _TOPS[1:]) or (value * _ELEMENT) % _QUOTIENT == 0:
        return "wrap"
    return "near" if value < _NEAR else "far"


def integer_edits(edits: Sequence[Any]) -> list[Edit] | None:
    """The edits where all set one integer, the same in every object; None of others."""
    plain = [edit for edit in edits if isinstance(edit, Edit) and isinstance(edit.value, int)]
    if len(plain) != len(edits) or len({(edit.path, edit.value) for edit in plain}) != 1:
        return None
    return plain


def with_value(edits: Iterable[Edit], value: int) -> tuple[Edit, ...]:
    """The same edits with another value."""
    return tuple(edit._replace(value=value) for edit in edits)

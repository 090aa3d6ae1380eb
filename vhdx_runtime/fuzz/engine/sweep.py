"""The search: every boundary value of every field of some images, then combinations where a rule needs them.

What is tried is decided by layout and rules; what came of it, by the judge of each image.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import Any, NamedTuple

from .boundaries import distance, edits, integers, pointers, texts, value_of, width
from .format import Edit, FieldPlace, Format, Subject, places
from .trials import FieldTrial, Trials, Witness, integer_edits, kind, with_value

_TRIED = 20_000


def solve(form: Format, rule: str, owner: Sequence[FieldPlace], landmarks: Sequence[int]) -> Iterator[tuple[Edit, ...]]:
    """Changes of one structure after which of its rules exactly one is broken, fewest fields first.

    Args:
        form: the format.
        rule: id of a rule that claims of this structure declare.
        owner: the fields of the structure.
        landmarks: where objects of the image start and end.
    """
    needs = _needs(form, rule, owner[0].owner)
    mine = [place for place in owner if place.field.id in needs] or list(owner)
    choices = {place.field.id: _choices(form, place, landmarks) for place in mine}
    tried = 0
    for count in range(1, len(mine) + 1):
        for chosen in combinations(mine, count):
            for values in product(*(choices[place.field.id] for place in chosen)):
                tried += 1
                if tried > _TRIED:
                    return
                raw = owner[0].owner_raw
                for place, (offset, value) in zip(chosen, values, strict=True):
                    raw = _put(form, raw, place, offset, value)
                if form.broken(owner[0].owner, raw) == {rule}:
                    yield tuple(_edit(place, *value) for place, value in zip(chosen, values, strict=True))


def _needs(form: Format, rule: str, structure: str) -> set[str]:
    return {need for claim in form.claims.get(structure, ()) if claim.rule == rule for need in claim.needs}


def _choices(form: Format, place: FieldPlace, landmarks: Sequence[int]) -> list[tuple[int | None, Any]]:
    if width(place.field):
        return [(None, value) for value in sorted({*integers(form, place), *pointers(place, landmarks)})]
    return list(texts(form, place))


def _put(form: Format, raw: bytes, place: FieldPlace, offset: int | None, value: Any) -> bytes:
    if offset is None:
        return form.put(raw, int(place.field.offset), place.field, value)
    start: int = place.field.offset + offset
    return b"".join((raw[:start], value, raw[start + len(value) :]))


def _edit(place: FieldPlace, offset: int | None, value: Any) -> Edit:
    return Edit(place.target, place.path, value, None if offset is None else place.offset + offset)


_SOLVED = 12
_PAIRS = 8000
_KEY_MAX = 64
Progress = Callable[[str], None]


class Found(NamedTuple):
    """What a search gives: witnesses, and of each field the outermost values that break nothing."""

    witnesses: list[Witness]
    extremes: list[FieldTrial]


def search(
    form: Format,
    subjects: Sequence[Subject],
    wanted: Collection[str],
    *,
    per_rule: int = 3,
    is_thorough: bool = True,
    say: Progress = lambda _: None,
) -> Found:
    """Find images that break chosen rules, and their nearest legal neighbours.

    Args:
        form: the format.
        subjects: sound images to start from, the simplest first.
        wanted: ids of rules.
        per_rule: most witnesses of one rule.
        is_thorough: also look at the other images once every rule has a witness.
        say: is told now and then what is going on.

    Returns:
        Witnesses, about `per_rule` of each rule, the best first, in the order of the rules; and legal extremes.
    """
    trials = Trials(form, frozenset(wanted))
    for subject in subjects:
        for trial in _singles(form, subject, _structures(form, wanted)):
            trials.add(trial)
        say(f"{subject.name}: {len(trials.missing())} rules without an image")
        if not (is_thorough or trials.missing()):
            break
    for stage in (_solved, _pairs):
        for rule in trials.missing():
            for subject in subjects:
                if any(_tells(trials, rule, trial) for trial in stage(form, subject, rule)):
                    break
        say(f"{stage.__name__}: {len(trials.missing())} rules without an image")
    by_name = {subject.name: subject for subject in subjects}
    found = []
    for rule in form.rules:
        for trial in trials.best(rule, per_rule) if rule in wanted else ():
            found.append(_with_neighbour(trials, by_name[trial.subject], rule, trial))
    return Found(found, trials.extremes())


def _tells(trials: Trials, rule: str, trial: FieldTrial) -> bool:
    """Keep a trial; whether it is an exact witness."""
    trials.add(trial)
    return trials.is_exact(rule, trial.broken)


def _structures(form: Format, wanted: Collection[str]) -> set[str] | None:
    """Structures worth changing for these rules; None for all, where a rule is decided by more than one structure."""
    rules = [form.rules[rule] for rule in wanted]
    if any(rule.kind == "function" for rule in rules):
        return None
    return {rule.structure for rule in rules} | {
        name for name, claims in form.claims.items() for claim in claims if claim.rule in wanted
    }


def _places(form: Format, subject: Subject, structures: set[str] | None) -> list[FieldPlace]:
    found = [place for root in subject.roots for place in places(form, root)]
    found = [place for place in found if subject.is_wanted(f"{place.target}.{place.path}")]
    if structures is None:
        return found
    return [one for one in found if one.owner in structures or _root_of(subject, one.target) in structures]


def _root_of(subject: Subject, target: str) -> str:
    return next(root.structure for root in subject.roots if root.target == target)


def _singles(form: Format, subject: Subject, structures: set[str] | None) -> Iterator[FieldTrial]:
    """One field, or one shape, at a time."""
    chosen = _places(form, subject, structures)
    keys = _keys(chosen)
    for place in chosen:
        for edit in [*edits(form, place, subject.landmarks), *_repeated(place, keys)]:
            for change in _copies(subject, place, edit):
                broken = subject.judge(change)
                if broken is not None:
                    yield FieldTrial(subject.name, change, broken, place.general)
    for shape in subject.shapes if structures is None else ():
        broken = subject.judge(shape)
        if broken is not None:
            yield FieldTrial(subject.name, tuple(shape), broken, _about(shape))


def _keys(chosen: Sequence[FieldPlace]) -> dict[str, set[bytes]]:
    """What fields of bytes hold, by structure and field: keys that another element could repeat."""
    found: dict[str, set[bytes]] = {}
    for place in chosen:
        if place.field.size and place.field.size <= _KEY_MAX and not width(place.field):
            found.setdefault(place.general, set()).add(_held(place))
    return found


def _repeated(place: FieldPlace, keys: Mapping[str, set[bytes]]) -> Iterator[Edit]:
    for key in sorted(keys.get(place.general, set()) - {_held(place)}):
        yield Edit(place.target, place.path, key, place.offset)


def _held(place: FieldPlace) -> bytes:
    start: int = place.field.offset or 0
    return place.owner_raw[start : start + (place.field.size or 0)]


def _about(change: Sequence[Any]) -> str:
    return " and ".join(one.about if hasattr(one, "about") else one.path for one in change)


def _copies(subject: Subject, place: FieldPlace, edit: Edit) -> Iterator[tuple[Edit, ...]]:
    """A change of one copy, and of all copies alike."""
    yield (edit,)
    alike = [root.target for root in subject.roots if root.group == place.group]
    if len(alike) > 1 and place.target == alike[0]:
        yield tuple(edit._replace(target=target) for target in alike)


def _solved(form: Format, subject: Subject, rule: str) -> Iterator[FieldTrial]:
    """What the solver finds for claims of one structure, as an image."""
    owners = {name for name, claims in form.claims.items() if any(claim.rule == rule for claim in claims)}
    groups: dict[tuple[str, int], list[FieldPlace]] = {}
    for place in _places(form, subject, owners) if owners else ():
        if place.owner in owners:
            groups.setdefault((place.target, place.owner_offset), []).append(place)
    for owner in groups.values():
        for number, found in enumerate(solve(form, rule, owner, subject.landmarks)):
            if number >= _SOLVED:
                break
            for change in _all_copies(subject, owner[0], found):
                broken = subject.judge(change)
                if broken is not None:
                    yield FieldTrial(subject.name, change, broken, owner[0].general)


def _all_copies(subject: Subject, place: FieldPlace, found: tuple[Edit, ...]) -> Iterator[tuple[Edit, ...]]:
    yield found
    alike = [root.target for root in subject.roots if root.group == place.group]
    if len(alike) > 1:
        yield tuple(edit._replace(target=target) for target in alike for edit in found)


def _pairs(form: Format, subject: Subject, rule: str) -> Iterator[FieldTrial]:
    """Two changes at once: of the shape, and of a field that the rule speaks of."""
    declared = form.rules[rule]
    near = [
        change
        for place in _places(form, subject, {declared.structure})
        if place.field.id.startswith(tuple(declared.fields))
        for edit in edits(form, place, subject.landmarks)
        for change in _copies(subject, place, edit)
    ]
    tried = 0
    for first in (shape for shape in subject.shapes if _about(shape) in subject.paired):
        for second in near:
            tried += 1
            if tried > _PAIRS:
                return
            change = (*first, *second)
            broken = subject.judge(change)
            if broken is not None:
                yield FieldTrial(subject.name, change, broken, _about(change))


def _with_neighbour(trials: Trials, subject: Subject, rule: str, trial: FieldTrial) -> Witness:
    """The witness with the nearest change that breaks nothing."""
    plain = integer_edits(trial.edits)
    legal = _legal(trials, trial)
    if plain is None:
        nearest = min(legal, key=lambda one: _gap(trial.edits, one.edits), default=None)
        return Witness(rule, trial, nearest.edits if nearest else ())
    values = {one.edits[0].value: one.edits for one in legal if integer_edits(one.edits)}
    start = _value_before(trials.form, subject, plain[0])
    if start is not None:
        values[start] = ()
    if not values:
        return Witness(rule, trial)
    broken = int(plain[0].value)
    nearest_value = min(values, key=lambda value: (abs(value - broken), value))
    low, high = nearest_value, broken
    while abs(high - low) > 1:
        middle = (low + high) // 2
        if subject.judge(with_value(plain, middle)) == frozenset():
            low = middle
            values[low] = with_value(plain, low)
        else:
            high = middle
    return _tightened(trials, subject, Witness(rule, trial, values[low]), plain, high)


def _tightened(trials: Trials, subject: Subject, witness: Witness, plain: Sequence[Edit], value: int) -> Witness:
    """The witness next to its neighbour, where the change was to be a small one anyway."""
    change = with_value(plain, value)
    broken = subject.judge(change)
    if kind(witness.trial) in ("near", "far") and broken is not None and trials.is_exact(witness.rule, broken):
        return witness._replace(trial=witness.trial._replace(edits=change, broken=broken))
    return witness


def _legal(trials: Trials, trial: FieldTrial) -> list[FieldTrial]:
    """What was tried in the same place and broke nothing."""
    place = [getattr(edit, "target", None) for edit in trial.edits]
    path = [getattr(edit, "path", None) for edit in trial.edits]
    return [
        one
        for one in trials.legal.get((trial.subject, trial.about), ())
        if [getattr(edit, "target", None) for edit in one.edits] == place
        and [getattr(edit, "path", None) for edit in one.edits] == path
    ]


def _gap(before: Sequence[Any], after: Sequence[Any]) -> int:
    both = [(a, b) for a, b in zip(before, after, strict=True) if isinstance(a, Edit) and isinstance(b, Edit)]
    return distance([a for a, _ in both], [b for _, b in both])


def _value_before(form: Format, subject: Subject, edit: Edit) -> int | None:
    """What the field holds in the image as it was."""
    root = next(root for root in subject.roots if root.target == edit.target)
    for place in places(form, root):
        if place.path == edit.path and width(place.field):
            return value_of(place)
    return None

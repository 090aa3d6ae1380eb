"""Changes that follow from declarations alone, whether or not a rule is about them.

The file cut at every structure, every element of a list repeated, every part of a condition broken by itself, every
place, length and count one past what holds it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import combinations, product
from typing import Any, Final, NamedTuple

from .boundaries import integers, is_seal, pointers, representatives, shift_of, texts, value_of, width
from .conditions import outcomes
from .format import Edit, FieldPlace, Format, Root, Subject, places

_SECTOR: Final = 1 << 9
_TRIED: Final = 400
_WHOLE_AND_ONE: Final = 2


class Idea(NamedTuple):
    """A change worth trying.

    Attributes:
        kind: "cut", "twice", "copies", "apart", "past", "text" or "guid" (one that is known elsewhere).
        about: what it changes and how, the same for like changes of other images.
        edits: the change.
    """

    kind: str
    about: str
    edits: tuple[Any, ...]


def ideas(form: Format, subject: Subject) -> Iterator[Idea]:
    """All changes of an image that declarations call for; of a copied object, of all copies alike."""
    found = [place for root in subject.roots for place in places(form, root)]
    wanted = [place for place in found if subject.is_wanted(f"{place.target}.{place.path}")]
    yield from _cuts(form, subject, found)
    yield from _copies(form, wanted)
    for idea in (*_twice(form, wanted), *_apart(form, wanted), *_past(form, subject, wanted), *_texts(form, wanted)):
        yield idea._replace(edits=_alike(subject, idea.edits))


def _alike(subject: Subject, edits: tuple[Edit, ...]) -> tuple[Edit, ...]:
    groups = {root.target: root.group for root in subject.roots}
    return tuple(
        edit._replace(target=root.target)
        for edit in edits
        for root in subject.roots
        if root.group == groups[edit.target]
    )


def _cuts(form: Format, subject: Subject, found: Sequence[FieldPlace]) -> Iterator[Idea]:
    """The image cut where a structure starts or ends, a byte and a sector before and behind that."""
    names = {landmark: f"object {index}" for index, landmark in enumerate(subject.landmarks)}
    for place in reversed(found):
        size = form.structures[place.owner].size or len(place.owner_raw)
        name = place.owner if place.owner_offset or "[" in place.target else place.target
        names.setdefault(place.image_offset + size, f"behind {name}")
        names[place.image_offset] = name
    starts = sorted(names)
    for start in starts:
        for length in (start - _SECTOR, start - 1, start, start + 1, start + _SECTOR):
            if 0 <= length < subject.landmarks[-1]:
                index = bisect_right(starts, length) - 1
                how = "at" if length in names else "in"
                yield Idea("cut", f"{how} {names[starts[index]]}", tuple(subject.cut(length)))


def _twice(form: Format, found: Sequence[FieldPlace]) -> Iterator[Idea]:
    """Each element of a list put in the place of the last one, and the last one in that of the first."""
    lists: dict[tuple[str, str, str], dict[tuple[str, int], list[FieldPlace]]] = {}
    for place in found:
        stem = place.path.rpartition(".")[0].rpartition("[")[0]
        where = ("", "", place.owner) if not stem and "[" in place.target else (place.target, stem, place.owner)
        if stem or "[" in place.target:
            lists.setdefault(where, {}).setdefault((place.target, place.owner_offset), []).append(place)
    for (_, _, owner), elements in lists.items():
        rows = [row for row in elements.values() if form.structures[owner].size]
        for index, row in enumerate(rows if len(rows) > 1 else ()):
            onto = rows[-1] if index < len(rows) - 1 else rows[0]
            edits = tuple(_held(one, other) for one, other in zip(row, onto, strict=False) if _is_other(one, other))
            if edits:
                yield Idea("twice", f"{owner} {_name(form, row)}", edits)


def _is_other(one: FieldPlace, other: FieldPlace) -> bool:
    return one.field == other.field and _content(one) != _content(other)


def _content(place: FieldPlace) -> int | bytes:
    start: int = place.field.offset
    return value_of(place) if width(place.field) else place.owner_raw[start : start + place.field.size]


def _held(one: FieldPlace, other: FieldPlace) -> Edit:
    """An edit that puts what one field holds into another."""
    return Edit(other.target, other.path, _content(one), None if width(one.field) else other.offset)


def _copies(form: Format, found: Sequence[FieldPlace]) -> Iterator[Idea]:
    """Two copies alike but for one field, whatever told them apart before."""
    groups: dict[tuple[str, str], list[FieldPlace]] = {}
    for place in found:
        if not is_seal(form, place):
            groups.setdefault((place.group, place.path), []).append(place)
    pairs = [row for row in groups.values() if len({place.target for place in row}) == 2]
    for first, second in pairs:
        others = [_held(a, b) for a, b in pairs if a.group == first.group and a.path != first.path and _is_other(a, b)]
        for edit in _values(form, second)[:1]:
            yield Idea("copies", f"{first.general}", (*others, edit))


def _name(form: Format, row: Sequence[FieldPlace]) -> str:
    """What an element is: the name of its GUID, or where it stands."""
    known: dict[int | bytes, str] = {guid.raw: name for name, guid in form.guids.items()}
    names = [known[content] for content in map(_content, row) if content in known]
    return next(iter(names), row[0].path.rpartition(".")[0])


def _apart(form: Format, found: Sequence[FieldPlace]) -> Iterator[Idea]:
    """For each claim of several parts, and each part, a change after which it comes out otherwise, and few others."""
    owners: dict[tuple[str, int, str], list[FieldPlace]] = {}
    for place in found:
        owners.setdefault((place.target, place.owner_offset, place.owner), []).append(place)
    for (_, _, name), owner in owners.items():
        for claim in form.claims.get(name, ()):
            before = _said(form, name, owner[0].owner_raw, claim)
            best: dict[int, tuple[tuple[int, int], tuple[Edit, ...]]] = {}
            for edits, raw in _combined(form, [one for one in owner if one.field.id in claim.needs]):
                after = _said(form, name, raw, claim)
                changed = [part for part, (a, b) in enumerate(zip(before, after, strict=True)) if a is not b]
                size = len(changed), len(form.broken(name, raw))
                for part in changed if len(before) > _WHOLE_AND_ONE else ():
                    if part not in best or size < best[part][0]:
                        best[part] = size, edits
            for part, (_, edits) in sorted(best.items()):
                yield Idea("apart", f"{claim.rule} {part} {before[part]}", edits)


def _said(form: Format, name: str, raw: bytes, claim: Any) -> tuple[bool | None, ...]:
    """What a claim comes to, and then each part of its condition."""
    return claim.rule in form.broken(name, raw), *outcomes(form.parse(name, raw), claim.instance)


def _combined(form: Format, mine: Sequence[FieldPlace]) -> Iterator[tuple[tuple[Edit, ...], bytes]]:
    """Changes of some fields of one structure, fewest first, and the bytes of the structure then."""
    tried = 0
    for count in range(1, len(mine) + 1):
        for chosen in combinations(mine, count):
            choose = _values if count > 1 else _all_values
            for values in product(*(choose(form, place) for place in chosen)):
                tried += count > 1
                if tried > _TRIED:
                    return
                raw = chosen[0].owner_raw
                for place, edit in zip(chosen, values, strict=True):
                    raw = _put(form, raw, place, edit)
                yield values, raw


def _values(form: Format, place: FieldPlace) -> list[Edit]:
    if width(place.field):
        return [Edit(place.target, place.path, value) for value in representatives(form, place)]
    return [Edit(place.target, place.path, data, place.offset + offset) for offset, data in texts(form, place)]


def _all_values(form: Format, place: FieldPlace) -> list[Edit]:
    if width(place.field):
        return [Edit(place.target, place.path, value) for value in integers(form, place)]
    return _values(form, place)


def _put(form: Format, raw: bytes, place: FieldPlace, edit: Edit) -> bytes:
    if isinstance(edit.value, int):
        return form.put(raw, place.field.offset, place.field, edit.value)
    start = (edit.offset or 0) - place.owner_offset
    return b"".join((raw[:start], edit.value, raw[start + len(edit.value) :]))


def _past(form: Format, subject: Subject, found: Sequence[FieldPlace]) -> Iterator[Idea]:
    """Every place, length and count such that it ends where what holds it ends, and one behind that."""
    roots = {root.target: root for root in subject.roots}
    for place in found:
        sealed = form.structures[roots[place.target].structure].checksum
        if not width(place.field) or is_seal(form, place) or (sealed and sealed.size_field == place.path):
            continue  # what a checksum covers is not the object then
        limits = dict(_room(form, subject, roots[place.target], place))
        limits |= {f"object {index}": value for index, value in enumerate(pointers(place, subject.landmarks))}
        for what, value in limits.items():
            for step in (0, 1):
                if 0 <= value + step < 1 << width(place.field) and value + step != value_of(place):
                    edits = (Edit(place.target, place.path, value + step),)
                    yield Idea("past", f"{place.general} {what} {step}", edits)


def _room(form: Format, subject: Subject, root: Root, place: FieldPlace) -> Iterator[tuple[str, int]]:
    """How much fits, by what holds it: the object, the one that this lies in, or the image."""
    last = len(root.raw) + root.offset
    behind = subject.landmarks[bisect_right(subject.landmarks, last - 1) :]
    ends = {"object": last, "holder": behind[0] if behind else last, "image": subject.landmarks[-1]}
    shift = shift_of(place.field)
    for name, end in ends.items():
        for field in form.structures[root.structure].fields:
            if place.field.id in (field.repeat or "") and form.structures[field.type].size:
                yield f"{name} full", (end - root.offset - (field.offset or 0)) // form.structures[field.type].size
        for start in (0, root.offset) if shift is not None else ():
            for field in form.structures[place.owner].fields:
                other = shift_of(field)
                if other is not None and width(field) and field.id != place.field.id:
                    taken = value_of(place._replace(field=field)) << other
                    yield f"{name} from {bool(start)}", (end - start - taken) >> (shift or 0)


def _texts(form: Format, found: Sequence[FieldPlace]) -> Iterator[Idea]:
    """Every change of a text, and every known GUID in the place of one that a list holds."""
    known = {guid.raw: name for name, guid in form.guids.items()}
    for place in found:
        is_listed = place.field.type == "guid" and "[" in place.path
        for number, (offset, data) in enumerate(texts(form, place) if is_listed or place.field.encoding else ()):
            edits = (Edit(place.target, place.path, data, place.offset + offset),)
            if place.field.encoding:
                yield Idea("text", f"{place.general} {number}", edits)
            elif data in known:
                yield Idea("guid", f"{place.general} {known[data]}", edits)

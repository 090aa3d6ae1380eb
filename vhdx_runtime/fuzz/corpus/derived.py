"""Images that follow from declarations alone, and mixtures of images, as long as each adds what no other has.

What an image adds is told by its label: what was changed in it, and the rules that it breaks.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from vhdx_format.rules import RULES

from ..engine.format import Edit
from ..engine.ideas import Idea, ideas
from .entries import Entry
from .fields import Fields
from .random_images import Draw
from .recipe_edits import AnyEdit, RecipeChange, spellings
from .subject import VHDX, Container

_INDEX: Final = re.compile(r"\[\d+\]")
_WORD: Final = re.compile(r"[^a-z0-9]+")
_BASES: Final = (
    "dynamic", "regions", "child", "child-full", "log-one", "log-several", "child-dirty", "child-4k", "child-state-7",
    "log-none", "log-goes-on-at-start", "wide", "items", "chunks",
)  # fmt: skip
_ALWAYS_NEW: Final = ("cut", "twice", "copies", "text")
_LIKE_MAX: Final = 4
_SLIGHT: Final = "info"
_SPELLINGS: Final = 2
_MIXED_MAX: Final = 3
_TRIED: Final = 6000
Shape = tuple[Any, ...]


def derived(
    subjects: dict[str, Container], there: Sequence[Entry], wanted: Collection[str] | None = None
) -> Iterator[Entry]:
    """What declarations call for in some of the bases, as far as no image has it.

    Args:
        subjects: the bases by name.
        there: images that are there already.
        wanted: rules, where only their conditions are to be taken apart.
    """
    seen: set[Shape] = {_shape(entry) for entry in there} | {(entry.base, repr(entry.edits)) for entry in there}
    numbers: dict[str, int] = {}
    for name in _BASES:
        subject = _whole(subjects[name])
        for idea in (*ideas(VHDX, subject), *_spelt(subject)):
            if wanted is not None and idea.about.partition(" ")[0] not in wanted:
                continue
            keys = (idea.kind, idea.about), (name, repr(idea.edits))
            broken = None if seen.intersection(keys) else subject.judge(idea.edits)
            if broken is None:
                continue
            entry = _entry(_stem(idea), name, idea.edits, broken, "single-fault")
            is_new = idea.kind in _ALWAYS_NEW or _shape(entry) not in seen
            seen |= {*keys, _shape(entry)}
            if is_new and numbers.get(entry.id, 0) < _LIKE_MAX:
                numbers[entry.id] = numbers.get(entry.id, 0) + 1
                yield replace(entry, id=f"{entry.id}-{numbers[entry.id]}")


def _whole(subject: Container) -> Container:
    """The same file, in which everything may be changed."""
    return Container(replace(subject.base, swept=("",)), subject.parents, subject.folder)


def _spelt(subject: Container) -> Iterator[Idea]:
    """Texts of the parent locator that are no UTF-16, where another path leads to the parent all the same.

    Spec: MS-VHDX 2.6.2.6.2
    """
    locator = subject.base.recipe.parent if subject.base.spared else None
    for index, pair in enumerate(locator.pairs if locator else ()):
        for part, text in enumerate(pair):
            path = f"parent.pairs[{index}][{part}]"
            wrong = [one for one in spellings(text) if isinstance(one, bytes)]
            for number, spelling in enumerate(wrong[:_SPELLINGS]):
                if subject.is_wanted(f"parent_locator.entries[{index}]"):
                    yield Idea("text", f"{pair[0]!s} {part} {number}", (RecipeChange("put", path, spelling),))


def _stem(idea: Idea) -> str:
    """What an image is called, but for a number."""
    about = idea.about.partition(" ")[2 if idea.kind == "cut" else 0] if idea.kind != "twice" else idea.about
    return f"{idea.kind}-" + _WORD.sub("-", about.lower()).strip("-")


def _entry(name: str, base: str, edits: tuple[Any, ...], broken: Iterable[str], profile: Any) -> Entry:
    rules = tuple(sorted(broken))
    return Entry(name, profile if rules else "boundary", base, edits, rules, rules)


def _shape(entry: Entry) -> Shape:
    """What the label of an image says: fields that were changed, whichever elements hold them, and rules."""
    paths = {_INDEX.sub("", f"{getattr(edit, 'target', '')}.{edit.path}") for edit in entry.edits}
    rules = frozenset(rule for rule in entry.broken if RULES[rule].severity != _SLIGHT)
    return frozenset(path.replace("_1.", "_2.") for path in paths), rules


def mixed(subjects: dict[str, Container], pool: Sequence[Entry], limit: int) -> Iterator[Entry]:
    """Images changed as two or three others are, of which no other breaks the same rules.

    Args:
        subjects: the bases by name.
        pool: the others; of those that readers refuse, one a mixture.
        limit: how many.
    """
    draw = Draw("mixed")
    fields = [entry for entry in pool if entry.edits and all(isinstance(edit, Edit) for edit in entry.edits)]
    seen = {entry.broken for entry in pool}
    there = {name: Fields({root.target: root for root in subjects[name].roots if any(root.raw)}) for name in _BASES}
    number = 0
    for _ in range(_TRIED):
        if number >= limit:
            return
        name = _BASES[draw.below(len(_BASES))]
        chosen = [fields[draw.below(len(fields))] for _ in range(2 + draw.below(_MIXED_MAX - 1))]
        edits = tuple({f"{edit[:2]}": edit for entry in chosen for edit in entry.edits}.values())
        if sum(map(_is_refused, chosen)) > 1 or not all(_is_change(there[name], edit) for edit in edits):
            continue
        broken = subjects[name].judge(edits)
        rules = tuple(sorted(broken or ()))
        if broken and rules not in seen:
            seen.add(rules)
            number += 1
            yield _entry(f"mix-{number}", name, edits, rules, "pairwise")


def _is_refused(entry: Entry) -> bool:
    return any(RULES[rule].verdict == "refuse" for rule in entry.broken)


def _is_change(fields: Fields, edit: AnyEdit) -> bool:
    """Whether an edit of one file is one of another, too."""
    if not isinstance(edit, Edit) or edit.target not in fields.roots:
        return False
    if isinstance(edit.value, int):
        return fields.number(f"{edit.target}.{edit.path}") not in (None, edit.value)
    start = edit.offset or 0
    return fields.roots[edit.target].raw[start : start + len(edit.value)] != edit.value

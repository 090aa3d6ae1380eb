"""Searches for the images of the corpus and prints them, one a line: `python -m vhdx_runtime.fuzz.search FOLDER`.

FOLDER is for files of chains and holds nothing of value. Takes minutes; what it prints is kept in `witnesses.jsonl`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import combinations, islice
from pathlib import Path

from vhdx_format.rules import RULES

from .bases import bases
from .change import AnyEdit
from .container import VHDX, Container
from .engine.format import Edit
from .engine.sweep import search
from .engine.trials import Trial, Witness
from .entries import Entry, parent_names, parents, to_line
from .known import known

PER_RULE = 2
PAIRS = 32
_TIGHT = "tight"
_TIGHT_BASES = ("tight", "tight-log", "tight-child")


def provable() -> list[str]:
    """Ids of the rules that a file can break."""
    return [rule.id for rule in RULES.values() if rule.provable.kind != "no"]


def containers(folder: Path) -> dict[str, Container]:
    """Every base as a subject; the parents are written into the folder.

    Args:
        folder: one that exists.
    """
    made = {name: expanded for parent in parent_names() for name, expanded in parents(parent).items()}
    for expanded in made.values():
        expanded.write(folder)
    return {base.name: Container(base, made, folder) for base in bases().values()}


def entries(
    folder: Path, wanted: Collection[str], say: Callable[[str], None] = lambda _: None, *, is_whole: bool = True
) -> Iterator[Entry]:
    """Search, and give what was found as entries of the corpus.

    Args:
        folder: one that exists, for files of chains.
        wanted: rules to find images of.
        say: is told now and then what is going on.
        is_whole: also give what is not about one rule: legal extremes, pairs, small files.
    """
    subjects = containers(folder)
    swept = [subjects[base.name] for base in bases().values() if base.swept]
    found = search(VHDX, swept, wanted, per_rule=PER_RULE, is_thorough=is_whole, say=say)
    faults = list(_faults(found.witnesses))
    neighbours = list(_neighbours(found.witnesses, faults))
    yield from faults
    yield from neighbours
    if is_whole:
        known = {(one.base, one.edits) for one in neighbours}
        yield from (one for one in _extremes(found.extremes) if (one.base, one.edits) not in known)
        yield from _known(subjects)
        yield from islice(_pairs(subjects, faults), PAIRS)
        yield from _tiny(subjects, faults)


def valid() -> Iterator[Entry]:
    """The bases themselves."""
    for base in bases().values():
        if not base.name.startswith(_TIGHT):
            yield Entry(base.name, "valid", base.name)


def _faults(witnesses: Sequence[Witness]) -> Iterator[Entry]:
    seen: dict[str, int] = {}
    for rule, trial, _ in witnesses:
        seen[rule] = seen.get(rule, 0) + 1
        name = f"{rule.lower()}-{seen[rule]}"
        yield Entry(name, "single-fault", trial.subject, trial.edits, tuple(sorted(trial.broken)), (rule,))


def _neighbours(witnesses: Sequence[Witness], faults: Sequence[Entry]) -> Iterator[Entry]:
    """The nearest legal neighbours, each once; one that changes nothing is its base."""
    seen: set[tuple[str, tuple[AnyEdit, ...]]] = set()
    for witness, fault in zip(witnesses, faults, strict=True):
        if witness.neighbour and _is_sealed(witness.neighbour) and (fault.base, witness.neighbour) not in seen:
            seen.add((fault.base, witness.neighbour))
            name = f"{fault.id}-legal"
            yield Entry(name, "boundary", fault.base, witness.neighbour, neighbour_of=fault.id)


def _is_sealed(edits: Sequence[AnyEdit]) -> bool:
    """False where a checksum itself is changed: that none looks at it does not make it right."""
    return all(edit.is_sealed for edit in edits if isinstance(edit, Edit))


def _extremes(trials: Sequence[Trial]) -> Iterator[Entry]:
    seen: dict[str, int] = {}
    for trial in trials:
        about = str(trial.about).replace(".", "-").replace("_", "-")
        seen[about] = seen.get(about, 0) + 1
        yield Entry(f"edge-{about}-{seen[about]}", "boundary", trial.subject, trial.edits)


def _known(subjects: dict[str, Container]) -> Iterator[Entry]:
    """What readers are known to fail on, with all the rules that it breaks."""
    for name, base, edits in known():
        broken = tuple(sorted(subjects[base].judge(edits) or ()))
        yield Entry(f"known-{name}", "single-fault", base, edits, broken, broken)


def _pairs(subjects: dict[str, Container], faults: Sequence[Entry]) -> Iterator[Entry]:
    """Of every two areas of rules one image that breaks one of each, and no other."""
    areas: dict[str, list[Entry]] = {}
    for fault in faults:
        if RULES[fault.deliberate[0]].verdict != "refuse":  # behind that the other might never be looked at
            areas.setdefault(fault.deliberate[0].partition("-")[0], []).append(fault)
    for (_, firsts), (_, seconds) in combinations(areas.items(), 2):
        found = next(_both(subjects, firsts, seconds), None)
        if found is not None:
            yield found


def _both(subjects: dict[str, Container], firsts: Sequence[Entry], seconds: Sequence[Entry]) -> Iterator[Entry]:
    for first in firsts:
        for second in seconds:
            if _touched(first) & _touched(second) or not (_plain(first) and _plain(second)):
                continue
            for base in dict.fromkeys((first.base, second.base)):
                edits = (*first.edits, *second.edits)
                broken = frozenset((*first.broken, *second.broken))
                if _has_targets(subjects[base], edits) and subjects[base].judge(edits) == broken:
                    name = f"pair-{first.id}-{second.id}"
                    deliberate = (*first.deliberate, *second.deliberate)
                    yield Entry(name, "pairwise", base, edits, tuple(sorted(broken)), deliberate)


def _plain(entry: Entry) -> bool:
    """True where all its edits are of fields."""
    return all(isinstance(edit, Edit) for edit in entry.edits)


def _touched(entry: Entry) -> set[str]:
    return {edit.target for edit in entry.edits if isinstance(edit, Edit)}


def _has_targets(subject: Container, edits: Sequence[AnyEdit]) -> bool:
    there = {root.target for root in subject.roots}
    return all(isinstance(edit, Edit) and edit.target in there for edit in edits)


def _tiny(subjects: dict[str, Container], faults: Sequence[Entry]) -> Iterator[Entry]:
    """Small files that break what no file of their size can hold to, and a chosen rule besides."""
    inherent = {name: subjects[name].judge(()) or frozenset() for name in _TIGHT_BASES}
    for name in _TIGHT_BASES:
        yield Entry(f"tiny-{name}", "tiny", name, (), tuple(sorted(inherent[name])))
    seen: set[str] = set()
    for fault in faults:
        rule = fault.deliberate[0]
        for name in _TIGHT_BASES if rule not in seen and _plain(fault) else ():
            if not _has_targets(subjects[name], fault.edits):
                continue
            broken = subjects[name].judge(fault.edits) or frozenset()
            if rule in broken - inherent[name] and broken - inherent[name] <= set(fault.broken):
                seen.add(rule)
                yield Entry(f"tiny-{fault.id}", "tiny", name, fault.edits, tuple(sorted(broken)), (rule,))
                break


def main(folder: str) -> None:
    """Search for everything and print the table."""
    for entry in [*valid(), *entries(Path(folder), provable(), lambda text: print(text, file=sys.stderr))]:  # noqa: T201
        print(to_line(entry))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])

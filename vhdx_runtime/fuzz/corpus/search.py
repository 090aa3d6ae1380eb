"""Searches for the images of the corpus and prints them, one a line.

Run as `python -m vhdx_runtime.fuzz.corpus.search FOLDER`.

FOLDER is for files of chains and holds nothing of value. Takes minutes; what it prints is kept in `witnesses.jsonl`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import combinations, islice
from pathlib import Path
from typing import Final

from vhdx_format import layout
from vhdx_format.rules import RULES

from ...codec import encode
from ...conformance.build import digests
from ...conformance.build.blocks import MB_BITS
from ...conformance.recipes.recipe import NIL_GUID
from ..engine.format import Edit
from ..engine.sweep import search
from ..engine.trials import FieldTrial, Witness
from .bases import bases
from .derived import derived, mixed
from .entries import Entry, parent_names, parents, to_line
from .random_images import RANDOM_COUNT
from .recipe_edits import AnyEdit, RecipeChange
from .subject import VHDX, Container, make, window

_MIB: Final = layout.OBJECT_ALIGNMENT
_PAST_32_BITS: Final = (1 << 32) + 1
_MOST_MIB: Final = (1 << 32) - _MIB
_LAST_MIB: Final = (1 << 64) - _MIB
_HEADERS: Final = ("header_1", "header_2")
_TABLES: Final = ("region_table_1", "region_table_2")
_NESTED: Final = 64
_PATHS: Final = {
    "path-that-climbs": "\\..\\..\\..\\elsewhere\\parent.vhdx",
    "path-with-a-drive": "C:\\images\\parent.vhdx",
    "path-of-another-machine": "\\\\server\\share\\parent.vhdx",
}

Known = tuple[str, str, tuple[AnyEdit, ...]]


def known() -> Iterator[Known]:
    """Name of the class, name of the sound file, and the change."""
    yield from _sizes()
    yield from _ends()
    yield from _overlaps()
    yield from _copies()
    yield from _chains()
    yield "log-of-nested-entries", "log-full", tuple(_nested())


def _sizes() -> Iterator[Known]:
    """What is divided by, multiplied, counted or allocated."""
    yield "block-size-zero", "dynamic", (Edit("file_parameters", "block_size", 0),)
    yield "sector-size-zero", "dynamic", (Edit("logical_sector_size", "logical_sector_size", 0),)
    size = _PAST_32_BITS * layout.BLOCK_SIZE_MIN
    yield "block-count-past-32-bits", "dynamic", (Edit("virtual_disk_size", "virtual_disk_size", size),)
    product = (1 << 32) // layout.LOG_DESCRIPTOR_SIZE
    yield "descriptors-wrap", "log-several", (Edit("log[2]", "header.descriptor_count", product),)
    yield "pairs-without-end", "child-full", (Edit("parent_locator", "header.key_value_count", 65535),)
    yield "log-of-4095-mib", "log-last", _alike(_HEADERS, "log_length", _MOST_MIB)
    yield "region-of-4095-mib", "log-none", _alike(_TABLES, "entries[0].length", _MOST_MIB)
    border = layout.LOG_SECTOR_SIZE // (layout.STRUCTURES["bat_entry"].size or 1)
    undefined = max(layout.ENUMS["payload_block_state"]) - 3
    yield "entry-at-a-sector-border", "wide", (Edit(f"bat[{border}]", "state", undefined),)
    disk = RecipeChange("put", "geometry.virtual_disk_size", 3 * _MIB)
    yield "last-block-cut-where-unused", "blocks-2m", (disk, RecipeChange("put", "file_length", 7 * _MIB))


def _ends() -> Iterator[Known]:
    """Sums of a place and a length that wrap."""
    yield "region-end-wraps", "dynamic", _alike(_TABLES, "entries[0].file_offset", _LAST_MIB)
    yield "log-end-wraps", "dynamic", _alike(_HEADERS, "log_offset", _LAST_MIB)
    yield "item-end-wraps", "dynamic", (Edit("metadata_table", "entries[0].offset", (1 << 32) - 4),)
    halves = ("file_offset_mb_high", "file_offset_mb_low")
    yield "block-offset-wraps", "dynamic", tuple(Edit("bat[0]", half, (1 << MB_BITS[half]) - 1) for half in halves)


def _overlaps() -> Iterator[Known]:
    """Two regions, one behind the other: the first is made to reach into the second, or to go round it."""
    lengths = tuple(RecipeChange("put", f"regions.{name}_length", 3 * _MIB) for name in ("bat", "metadata"))
    longer, around = 4 * _MIB, 6 * _MIB
    for name, entry, order in (("bat", 0, ["bat", "metadata", "log"]), ("metadata", 1, ["metadata", "bat", "log"])):
        base = (*lengths, RecipeChange("put", "file_order", order))
        yield f"{name}-region-reaches-into-the-next", "dynamic", (*base, *_long(entry, longer))
        inner = _long(1 - entry, 2 * _MIB)
        yield f"{name}-region-around-the-next", "dynamic", (*base, *_long(entry, around), *inner)


def _copies() -> Iterator[Known]:
    """One of two copies is damaged, and it is not the first."""
    yield "current-header-torn", "dynamic", (RecipeChange("put", "headers[1].damage", "torn"),)
    yield "second-region-table-torn", "dynamic", (RecipeChange("put", "regions.damage[1]", "torn"),)
    yield (
        "second-region-table-other-signature",
        "dynamic",
        (Edit("region_table_2", "header.signature", layout.HEADER_SIGNATURE),),
    )


def _chains() -> Iterator[Known]:
    """Paths that must not be followed, and a linkage that links nothing."""
    for name, path in _PATHS.items():
        yield name, "child", (RecipeChange("put", "parent.pairs[1][1]", path),)  # the first pair is the linkage
    yield "parent-that-ends-before", "child", (RecipeChange("over", "parent file", "parent-shorter"),)
    nil = tuple(RecipeChange("put", f"headers[{copy}].data_write_guid", NIL_GUID) for copy in (0, 1))
    yield "nil-linkage-to-nil", "child", (*nil, RecipeChange("own", "parent"))


def _nested() -> Iterator[Edit]:
    """Entries in many sectors of a log, each as long as what is left of it and with its checksum right.

    Who computes checksums before all else goes over the log as often as there are entries.
    """
    full = make(bases()["log-full"], (), {})
    start, length = full.plan.extents["log"]
    area = bytearray(window(full, start, length))
    fields = {field.id: field for field in layout.STRUCTURES["log_entry_header"].fields}
    first, last = (fields[name].offset or 0 for name in ("checksum", "entry_length"))
    size = last + (fields["entry_length"].size or 0)
    for position in range((_NESTED - 1) * layout.LOG_SECTOR_SIZE, -1, -layout.LOG_SECTOR_SIZE):
        area[position + last : position + size] = (length - position).to_bytes(size - last, "little")
        area[position:] = encode.seal("log_entry", bytes(area[position:]))
        yield Edit(
            "file", "log.checksum_and_length", bytes(area[position + first : position + size]), start + position + first
        )


def _alike(targets: tuple[str, ...], path: str, value: int) -> tuple[Edit, ...]:
    return tuple(Edit(target, path, value) for target in targets)


def _long(entry: int, length: int) -> tuple[Edit, ...]:
    return _alike(_TABLES, f"entries[{entry}].length", length)


PER_RULE = 2
FILES_MAX: Final = 900
PAIRS = 32
_TIGHT_BASES = ("tight", "tight-log", "tight-child")


def provable() -> list[str]:
    """Ids of the rules that a file can break."""
    return [rule.id for rule in RULES.values() if rule.provable.kind != "no"]


def containers(folder: Path) -> dict[str, Container]:
    """Every base as a subject; the parents are written into the folder."""
    over = {name: expanded for parent in parent_names() for name, expanded in parents(parent).items()}
    for expanded in over.values():
        expanded.write(folder)
    return {base.name: Container(base, over, folder) for base in bases().values()}


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
    else:
        yield from derived(subjects, faults, wanted)


def valid() -> Iterator[Entry]:
    """The bases themselves."""
    for base in bases().values():
        if not base.recipe.is_tight:
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


def _extremes(trials: Sequence[FieldTrial]) -> Iterator[Entry]:
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
    inherent = {name: subjects[name].judge(()) or frozenset() for name, base in bases().items() if base.recipe.is_tight}
    for name, broken in inherent.items():
        yield Entry(f"tiny-{name}" if name in _TIGHT_BASES else name, "tiny", name, (), tuple(sorted(broken)))
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


def filled(folder: Path, found: Sequence[Entry]) -> Iterator[Entry]:
    """What declarations call for beside what was found, and mixtures of it all until the corpus is full."""
    subjects = containers(folder)
    whole = list(_different((*found, *derived(subjects, found))))
    yield from (entry for entry in whole if entry not in found)
    yield from mixed(subjects, whole, FILES_MAX - RANDOM_COUNT - len(whole))


def _different(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Entries whose images differ; of those that are alike the first, and all bases."""
    seen = set()
    for entry in entries:
        image = entry.expand()
        found = image.length, *digests.of_file(image.extents, image.length, is_sparse=True).values()
        if found not in seen or entry.id in bases():
            seen.add(found)
            yield entry


def main(folder: str) -> None:
    """Search for everything and print the table."""
    found = [*valid(), *entries(Path(folder), provable(), lambda text: print(text, file=sys.stderr))]  # noqa: T201
    for entry in (*found, *filled(Path(folder), found)):
        print(to_line(entry))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])

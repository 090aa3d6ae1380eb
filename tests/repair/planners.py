"""One planner at a time: its repairs done in memory, and the disk held against the recipe's flat model."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vhdx_runtime.change.preview import begun, joined, loaded
from vhdx_runtime.check import Report, check_image
from vhdx_runtime.codec.source import open_source
from vhdx_runtime.conformance.build.model import GuestModel
from vhdx_runtime.conformance.cases import Case
from vhdx_runtime.disk.image import Image, load_image
from vhdx_runtime.repair.plan import Planner, Repair
from vhdx_runtime.repair.planners import bat, bitmaps, headers, layout, locator, log, metadata, regions
from vhdx_runtime.write.patch import overlapping

MIB = 1 << 20
ROUNDS = 12
WHOLE = 16 * MIB  # disks up to this size are compared byte by byte, larger ones where they hold anything
ALL = frozenset(("auto", "offered", "lossy"))

MENDS: dict[str, tuple[str, ...]] = {
    "headers": ("FTI-001", "HDR-"),
    "log": ("LOG-",),
    "regions": ("RGN-",),
    "layout": ("LAY-", "BAT-006", "BAT-017", "HDR-011", "RGN-012"),
    "metadata": ("MDT-", "ITM-"),
    "locator": ("PLC-", "CHN-002"),
    "bat": ("BAT-", "SBM-003"),
    "bitmaps": ("SBM-002",),
}
"""Which rules a planner is for, by how their ids begin."""

_PLANNERS = {
    "headers": headers.repairs,
    "log": log.repairs,
    "regions": regions.repairs,
    "layout": layout.repairs,
    "metadata": metadata.repairs,
    "bat": bat.repairs,
    "bitmaps": bitmaps.repairs,
}


@dataclass(frozen=True)
class Outcome:
    """An image before and after all that a planner had to offer, and that."""

    image: Image
    before: Report
    mended: Image
    after: Report
    repairs: tuple[Repair, ...]


def planners_of(rules: Collection[str]) -> list[str]:
    """The names of the planners that are for any of some rules."""
    return [name for name, begins in MENDS.items() if any(rule.startswith(begins) for rule in rules)]


def settled(
    case: Case, folder: Path, name: str, consents: Collection[str] = ALL, *, with_parent: bool = True
) -> Outcome:
    """Do one repair after the other, as long as the planner has one to which `consents` agree.

    Args:
        case: is built into the folder.
        folder: an empty one.
        name: of the planner.
        consents: "auto", "offered", "lossy".
        with_parent: name the file before the last as the parent.
    """
    built = case.build(folder)
    parent = None
    if with_parent and len(case.files) > 1:
        parent = load_image(open_source(folder / case.files[-2].path))
    planner: Planner = partial(locator.repairs, parent=parent) if name == "locator" else _PLANNERS[name]
    image = load_image(open_source(built.opened))
    before = check_image(image)
    draft, mended, after = begun(image, bytes(range(16))), image, before
    done: list[Repair] = []
    for _ in range(ROUNDS):
        offered = [repair for repair in planner(mended, after) if repair.consent in consents]
        assert not any(overlapping(repair.patches) for repair in offered), case.id
        new = [repair for repair in offered if repair not in done]
        if not new:
            return Outcome(image, before, mended, after, tuple(done))
        done.append(new[0])
        draft = joined(draft, new[:1])
        mended = loaded(draft)
        after = check_image(mended)
    raise AssertionError(f"{case.id}: {[repair.summary for repair in done]} and no end")


def unlike(image: Image, model: GuestModel) -> list[tuple[int, int]]:
    """Where the disk of a container, over its parent's model, does not hold the model's bytes: half-open ranges."""
    spans = [(0, model.size)] if model.size <= WHOLE else sorted(set(_worth_a_look(model)))
    found = []
    for start, end in spans:
        for piece_start, data in _read(image, model, start, min(end, model.size)):
            if data is None or data != model.read(piece_start, len(data)):
                found.append((piece_start, piece_start + (len(data) if data is not None else 0)))
    return found


def _worth_a_look(model: GuestModel) -> Iterator[tuple[int, int]]:
    for start, end in model.candidates():
        yield start, min(end, start + MIB)
    for number in model.blocks:
        yield number * model.block_size, number * model.block_size + 4096


def _read(image: Image, model: GuestModel, start: int, end: int) -> Iterator[tuple[int, bytes | None]]:
    """The disk in pieces; None for what cannot be read."""
    assert image.mapping is not None
    for piece in image.mapping.pieces(start, end - start):
        if piece.kind == "data":
            yield piece.virtual_offset, image.view.read_at(piece.file_offset, piece.length)
        elif piece.kind == "parent":
            over = model.parent.read(piece.virtual_offset, piece.length) if model.parent else b""
            yield piece.virtual_offset, over.ljust(piece.length, b"\0")
        elif piece.kind == "unreadable":
            yield piece.virtual_offset, None
        else:
            yield piece.virtual_offset, bytes(piece.length)

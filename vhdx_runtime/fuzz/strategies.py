"""Hypothesis strategies: images for the tests of code that reads VHDX. Needs `pip install vhdx-runtime[hypothesis]`.

An image is drawn as a recipe, so what fails is shown, and made smaller, as a few lines that say what is special about
the file. A valid image comes with what its guest must see; a faulty one with the fields that were changed.

>>> from hypothesis import given, settings
>>> import vhdx_runtime
>>> @settings(max_examples=5, deadline=None, database=None)
... @given(images(faulty=False))
... def every_byte_is_right(image):
...     with vhdx_runtime.open(image.to_bytes()) as disk:
...         assert disk.read_at(0, disk.size) == image.guest.read(0, disk.size)
>>> every_byte_is_right()

Only the reader's own error may come of a damaged file:

>>> @settings(max_examples=5, deadline=None, database=None)
... @given(images(faulty=False).flatmap(mutations))
... def nothing_else_is_raised(mutated):
...     try:
...         vhdx_runtime.open(mutated.data).close()
...     except vhdx_runtime.VhdxError:
...         pass
>>> nothing_else_is_raised()
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from hypothesis import strategies as st
from vhdx_format import layout
from vhdx_format.layout import GUIDS, ITEMS, PLACES, STRUCTURES, Field

from ..conformance import (
    Bat,
    Block,
    Expanded,
    FieldOverride,
    Fill,
    Geometry,
    GuestModel,
    HeaderCopy,
    Hide,
    Log,
    LogEntry,
    Metadata,
    Recipe,
    RegionTables,
    expand_chain,
)
from ..conformance.recipes import form_writer
from ..conformance.recipes.recipe import BlockOrder, DiskType
from .mutate import structures
from .mutate.relocate import with_value
from .mutate.structures import SEAL_WIDTH, StructureTarget

NAME: Final = "image"
_MIB: Final = layout.OBJECT_ALIGNMENT
_DISK_MAX: Final = 6 * _MIB
_OBJECTS: Final = ("log", "metadata", "bat", "blocks")
_ORDERS: Final[tuple[BlockOrder, ...]] = ("ascending", "descending", "scrambled")
_STALE: Final[tuple[Literal["zero", "noise"], ...]] = ("zero", "noise")
_FULL: Final = layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT
_PARTIAL: Final = layout.PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT
_WITHOUT_DATA: Final = (
    layout.PAYLOAD_BLOCK_STATE_NOT_PRESENT,
    layout.PAYLOAD_BLOCK_STATE_UNDEFINED,
    layout.PAYLOAD_BLOCK_STATE_ZERO,
    layout.PAYLOAD_BLOCK_STATE_UNMAPPED,
)
_SEQUENCES: Final = (1, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 63)


@st.composite
def runs(draw: st.DrawFn, sectors: int) -> tuple[tuple[int, int], ...]:
    """Runs (first, count) of sectors, in order and apart, below `sectors`."""
    edges = sorted(draw(st.sets(st.integers(0, sectors), max_size=8)))
    return tuple((low, high - low) for low, high in zip(edges[::2], edges[1::2], strict=False))


@st.composite
def fills(draw: st.DrawFn, block_size: int) -> tuple[Fill, ...] | None:
    """Some pieces of a block of `block_size` bytes, or None for all of it."""
    if draw(st.integers(0, 5)) == 5:
        return None
    pieces = st.builds(
        lambda start, length, data: Fill(start, min(length, block_size - start), data),
        st.integers(0, block_size - 1),
        st.integers(1, 20_000),
        st.sampled_from((None, None, None, b"\x11\x22\x33")),
    )
    return tuple(draw(st.lists(pieces, max_size=3)))


@st.composite
def blocks(draw: st.DrawFn, geometry: Geometry) -> tuple[Block, ...]:
    """Blocks of a disk, in any state that can be read. Spec: MS-VHDX 2.5.1.1."""
    count = -(-geometry.virtual_disk_size // geometry.block_size)
    sectors = geometry.block_size // geometry.logical_sector_size
    is_differencing = geometry.disk_type == "differencing"
    states = (_FULL, _FULL, _FULL, *_WITHOUT_DATA, *((_PARTIAL, _PARTIAL) if is_differencing else ()))
    found = []
    for number in sorted(draw(st.sets(st.integers(0, count - 1), max_size=6))):
        state = draw(st.sampled_from(states))
        holds_data = state in (_FULL, _PARTIAL)
        bits = draw(runs(sectors)) if is_differencing else ()
        anchored = False if holds_data else draw(st.booleans())
        content = draw(fills(geometry.block_size)) if holds_data else (Fill(0, layout.LOG_SECTOR_SIZE),)
        found.append(Block(number, state, content, bits, anchored=anchored))
    return tuple(found)


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """No log, or one that alone holds the BAT and maybe more, from any position on. Spec: MS-VHDX 2.3."""
    if not draw(st.booleans()):
        return Log()
    names = draw(st.lists(st.sampled_from(("metadata", "region_table_1", "region_table_2")), unique=True))
    stale = draw(st.sampled_from(_STALE))
    entry = LogEntry(
        tuple(Hide(name, stale=stale) for name in ("bat", *names)),
        position=draw(st.integers(0, layout.LOG_SIZE_DEFAULT // layout.LOG_SECTOR_SIZE - 1)) * layout.LOG_SECTOR_SIZE,
        sequence_number=draw(st.sampled_from(_SEQUENCES)),
        split=draw(st.sampled_from((None, 1, 2))),
    )
    empty = (LogEntry(),) if draw(st.booleans()) else ()
    return Log((entry, *empty))


@st.composite
def recipes(draw: st.DrawFn, name: str = NAME, sector: int | None = None, *, has_parent: bool = False) -> Recipe:
    """One valid file.

    Args:
        draw: given by Hypothesis.
        name: of the recipe.
        sector: logical sector size in bytes, None for any.
        has_parent: it is a differencing file.

    Returns:
        The recipe of a disk of 6 MiB at most.
    """
    types: tuple[DiskType, ...] = ("differencing",) if has_parent else ("dynamic", "fixed")
    size = sector or draw(st.sampled_from((layout.SECTOR_SIZE_512, layout.SECTOR_SIZE_4096)))
    geometry = Geometry(
        draw(st.sampled_from(types)),
        draw(st.integers(1, _DISK_MAX // size)) * size,
        draw(st.sampled_from((_MIB, _MIB, 2 * _MIB, 4 * _MIB))),
        size,
        draw(st.sampled_from((layout.SECTOR_SIZE_4096, layout.SECTOR_SIZE_512))),
    )
    numbers = draw(st.permutations((1, 2)))
    items = (*range(6 if has_parent else 5),)
    return Recipe(
        name=name,
        geometry=geometry,
        headers=(HeaderCopy(numbers[0]), HeaderCopy(numbers[1])),
        regions=RegionTables(order=tuple(draw(st.permutations(("bat", "metadata"))))),
        metadata=Metadata(data_order=draw(_order(items)), gap=draw(st.integers(0, 3))),
        bat=Bat(
            draw(blocks(geometry)),
            order=draw(st.sampled_from(_ORDERS)),
            seed=draw(st.integers(0, 3)),
            spacing_mb=draw(st.integers(0, 1)),
        ),
        log=draw(logs()),
        file_order=draw(_order(_OBJECTS)),
    )


@st.composite
def chains(draw: st.DrawFn, parents: int = 3) -> tuple[Recipe, ...]:
    """A file and up to `parents` parents, the base first."""
    sector = draw(st.sampled_from((layout.SECTOR_SIZE_512, layout.SECTOR_SIZE_4096)))
    depth = draw(st.integers(0, parents))
    names = (NAME,) if not depth else tuple(f"layer{number}" for number in range(depth + 1))
    return tuple(draw(recipes(name, sector, has_parent=number > 0)) for number, name in enumerate(names))


def _order(names: tuple[Any, ...]) -> st.SearchStrategy[tuple[Any, ...]]:
    """The default, which an empty order stands for too, or any other."""
    default = Recipe().file_order if names == _OBJECTS else ()
    return st.one_of(st.just(default), st.permutations(names).map(tuple))


_EDITS_MAX: Final = 3
_BITS: Final = {"u1": 8, "u2": 16, "u4": 32, "u8": 64}
_BYTES_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class DrawnImage:
    """An image as drawn.

    Attributes:
        recipes: of the file to open, behind those of its parents, the base first.
        faulty: fields were changed: what the guest sees, and whether the file opens, is not said.
    """

    recipes: tuple[Recipe, ...]
    faulty: bool

    @property
    def recipe(self) -> Recipe:
        """The recipe of the file to open."""
        return self.recipes[-1]

    @property
    def guest(self) -> GuestModel | None:
        """What the guest must see, None for a faulty image."""
        return None if self.faulty else self.files()[-1].expected

    def files(self) -> tuple[Expanded, ...]:
        """The files, the one to open last."""
        return expand_chain(self.recipes)

    def to_bytes(self) -> bytes:
        """The file to open. It has at most some ten MiB."""
        return self.files()[-1].to_bytes()

    def write(self, folder: Path) -> Path:
        """Write all files into a folder that exists; returns the path of the one to open."""
        return [made.write(folder) for made in self.files()][-1]

    def __repr__(self) -> str:
        return "\n".join(("DrawnImage, base first:", *(form_writer.dump(recipe).rstrip() for recipe in self.recipes)))

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        printer.text(repr(self))


@dataclass(frozen=True, slots=True)
class MutatedImage:
    """Bytes of an image in which fields were changed.

    Attributes:
        data: the bytes.
        edits: what was changed, in words.
    """

    data: bytes
    edits: tuple[str, ...]

    def __repr__(self) -> str:
        return f"MutatedImage({'; '.join(self.edits)})"

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        printer.text(repr(self))


@st.composite
def images(draw: st.DrawFn, *, faulty: bool | None = None, parents: int = 0) -> DrawnImage:
    """Images: dynamic, fixed and differencing, clean and with a log to be replayed.

    Args:
        draw: given by Hypothesis.
        faulty: False for valid images only, True for images in which up to three fields have other values (some such
            values are legal all the same), None for both.
        parents: most parents of the file to open; with one, it is a differencing file.

    Returns:
        The image. It shrinks to an ordinary empty disk.
    """
    drawn = draw(chains(parents))
    if not (draw(st.booleans()) if faulty is None else faulty):
        return DrawnImage(drawn, faulty=False)
    edits = draw(
        st.lists(_overrides(drawn[-1]), min_size=1, max_size=_EDITS_MAX, unique_by=lambda o: (o.target, o.field))
    )
    return DrawnImage((*drawn[:-1], replace(drawn[-1], overrides=tuple(edits))), faulty=True)


@st.composite
def mutations(draw: st.DrawFn, image: DrawnImage | bytes) -> MutatedImage:
    """Copies of an image in which one to three fields have other values; checksums follow, unless drawn otherwise.

    Args:
        draw: given by Hypothesis.
        image: as drawn, or the bytes of any file in which structures can be found; without any, it is left as it is.

    Returns:
        The bytes. They shrink to one field that is zero.
    """
    raw = bytearray(image if isinstance(image, bytes) else image.to_bytes())
    places = structures.find(raw)
    words = []
    for _ in range(draw(st.integers(1, _EDITS_MAX)) if places else 0):
        target = draw(st.sampled_from(places))
        field = draw(st.sampled_from(list(structures.fields(target.structure).values())))
        sealed = draw(st.sampled_from((True, True, True, False)))
        start, data = _patch(raw, target, field, draw(_values(field)))
        raw[start : start + len(data)] = data
        if target.seal is not None and sealed:
            raw[target.seal.place : target.seal.place + SEAL_WIDTH] = target.seal.computed(raw)
        note = "" if target.seal is None else ", sealed" if sealed else ", not sealed"
        words.append(f"{target.structure}.{field.id} at {start:#x}: {_shown(field, data)}{note}")
    return MutatedImage(bytes(raw), tuple(words))


def _patch(raw: bytearray, target: StructureTarget, field: Field, value: int | bytes) -> tuple[int, bytes]:
    if isinstance(value, int):
        return with_value(raw, target.offset, field, value)
    return target.offset + (field.offset or 0), value


def _shown(field: Field, data: bytes) -> str:
    if field.bits or field.type in _BITS:
        return hex(int.from_bytes(data, "little"))
    return data.rstrip(b"\0")[:_BYTES_MAX].hex() or "zeros"


@cache
def _values(field: Field) -> st.SearchStrategy[int | bytes]:
    """Values that a field can hold: borders of its width, sizes of the format, known GUIDs, anything."""
    bits = field.bits or _BITS.get(field.type, 0)
    if not bits:
        size = field.size or 0
        known = [guid.raw for guid in GUIDS.values() if len(guid.raw) == size]
        anything = st.binary(max_size=min(size, _BYTES_MAX)).map(lambda data: data.ljust(size, b"\0"))
        return st.one_of(st.sampled_from([bytes(size), *known]), anything)
    top = (1 << bits) - 1
    sizes = (0, 1, top, top - 1, 1 << bits - 1, layout.LOG_SECTOR_SIZE, _MIB, layout.BLOCK_SIZE_MAX)
    near = st.builds(lambda base, by: max(0, base + by), st.sampled_from(sizes), st.sampled_from((0, 1, -1, 8, 512)))
    return st.one_of(near, st.integers(0, top)).map(lambda value: value & top)


def _overrides(recipe: Recipe) -> st.SearchStrategy[FieldOverride]:
    """Other values for fields of the objects that a file of this recipe has."""
    objects = [(place.id, place.structure) for place in PLACES]
    objects += [("metadata_table", "metadata_table"), ("bat[0]", "bat_entry")]
    objects += [(name, name) for name, item in ITEMS.items() if item.missing]
    if recipe.log.entries:
        objects.append(("log[0]", "log_entry"))
    places = [(target, path, field) for target, structure in objects for path, field in _paths(structure)]
    return st.sampled_from(places).flatmap(lambda place: _override(*place))


def _override(target: str, path: str, field: Field) -> st.SearchStrategy[FieldOverride]:
    sealed = st.sampled_from((True, True, True, False))
    return st.builds(FieldOverride, st.just(target), st.just(path), _values(field), sealed)


@cache
def _paths(structure: str) -> tuple[tuple[str, Field], ...]:
    """The fields of a structure and of those inside it, by path; of entries those of the first."""
    found = []
    for field in STRUCTURES[structure].fields:
        if field.offset is None or (field.type in STRUCTURES and not STRUCTURES[field.type].size):
            continue
        if field.type not in STRUCTURES:
            found += [(field.id, field)] if field.size else []
            continue
        step = f"{field.id}[0]" if field.repeat else field.id
        found += [(f"{step}.{path}", inner) for path, inner in _paths(field.type)]
    return tuple(found)


__all__ = ["DrawnImage", "MutatedImage", "images", "mutations"]

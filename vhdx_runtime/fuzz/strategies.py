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
from typing import Any, Final

from hypothesis import strategies as st
from vhdx_format import layout
from vhdx_format.layout import GUIDS, PLACES, STRUCTURES, Field

from ..conformance import Expanded, FieldOverride, GuestModel, Recipe, expand_chain, form_writer
from . import structures
from .movable import with_value
from .recipes import chains
from .structures import SEAL_WIDTH, Target

_EDITS_MAX: Final = 3
_MIB: Final = layout.OBJECT_ALIGNMENT
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


def _patch(raw: bytearray, target: Target, field: Field, value: int | bytes) -> tuple[int, bytes]:
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
    objects += [(name, name) for name in ("file_parameters", "virtual_disk_size", "logical_sector_size")]
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

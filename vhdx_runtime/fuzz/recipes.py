"""Hypothesis strategies for recipes of valid files: small disks of every type, and chains of them.

Every choice shrinks towards the recipe's default. Knows what a recipe can say and nothing of bytes.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from hypothesis import strategies as st
from vhdx_format import layout

from ..conformance import (
    Bat,
    Block,
    Fill,
    Geometry,
    HeaderCopy,
    Hide,
    Log,
    LogEntry,
    Metadata,
    Recipe,
    RegionTables,
)
from ..conformance.recipe import BlockOrder, DiskType

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

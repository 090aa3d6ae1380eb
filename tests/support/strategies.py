"""Random recipes: small disks of every type, and chains of them."""

from __future__ import annotations

from hypothesis import strategies as st

from vhdx_runtime.conformance import (
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

MIB = 1 << 20
LOG_SECTORS = 256
OBJECTS = ("log", "metadata", "bat", "blocks")


@st.composite
def runs(draw: st.DrawFn, sectors: int) -> tuple[tuple[int, int], ...]:
    """Runs (first, count) of sectors, in order and apart."""
    edges = sorted(draw(st.sets(st.integers(0, sectors), max_size=8)))
    return tuple((low, high - low) for low, high in zip(edges[::2], edges[1::2], strict=False))


@st.composite
def fills(draw: st.DrawFn, block_size: int) -> tuple[Fill, ...] | None:
    """Some pieces of a block, or all of it."""
    if draw(st.integers(0, 5)) == 0:
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
    """Blocks in any state that can be read."""
    count = -(-geometry.virtual_disk_size // geometry.block_size)
    sectors = geometry.block_size // geometry.logical_sector_size
    states = (0, 1, 2, 3, 5, 6, 6, 6, 7, 7) if geometry.disk_type == "differencing" else (0, 1, 2, 3, 5, 6, 6, 6)
    found = []
    for number in sorted(draw(st.sets(st.integers(0, count - 1), max_size=6))):
        state = draw(st.sampled_from(states))
        bits = draw(runs(sectors)) if geometry.disk_type == "differencing" else ()
        anchored = draw(st.booleans()) if state < 6 else False
        content = draw(fills(geometry.block_size)) if state >= 6 else (Fill(0, 4096),)
        found.append(Block(number, state, content, bits, anchored=anchored))
    return tuple(found)


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """No log, or one that alone holds the BAT and maybe more, from any position on."""
    if draw(st.booleans()):
        return Log()
    names = draw(st.permutations(("metadata", "region_table_1", "region_table_2")))[: draw(st.integers(0, 3))]
    stale = draw(st.sampled_from(("zero", "noise")))
    entry = LogEntry(
        tuple(Hide(name, stale=stale) for name in ("bat", *names)),
        position=draw(st.integers(0, LOG_SECTORS - 1)) * 4096,
        sequence_number=draw(st.sampled_from((1, 2**31, 2**32 - 1, 2**32, 2**63))),
        split=draw(st.sampled_from((None, 1, 2))),
    )
    empty = (LogEntry(),) if draw(st.booleans()) else ()
    return Log((entry, *empty))


@st.composite
def recipes(draw: st.DrawFn, name: str, sector: int, *, has_parent: bool) -> Recipe:
    """One file."""
    disk_type = "differencing" if has_parent else draw(st.sampled_from(("dynamic", "fixed")))
    block_size = draw(st.sampled_from((MIB, MIB, 2 * MIB, 4 * MIB)))
    size = draw(st.integers(1, 6 * MIB // sector)) * sector
    geometry = Geometry(disk_type, size, block_size, sector, draw(st.sampled_from((512, 4096))))
    order = draw(st.sampled_from(("ascending", "descending", "scrambled")))
    numbers = draw(st.permutations((3, 4)))
    return Recipe(
        name=name,
        geometry=geometry,
        headers=(HeaderCopy(numbers[0]), HeaderCopy(numbers[1])),
        regions=RegionTables(order=tuple(draw(st.permutations(("bat", "metadata"))))),
        metadata=Metadata(data_order=tuple(draw(st.permutations(range(5)))), gap=draw(st.integers(0, 3))),
        bat=Bat(draw(blocks(geometry)), order=order, seed=draw(st.integers(0, 3)), spacing_mb=draw(st.integers(0, 1))),
        log=draw(logs()),
        file_order=tuple(draw(st.permutations(OBJECTS))),
    )


@st.composite
def chains(draw: st.DrawFn) -> list[Recipe]:
    """One file and up to three children, base first."""
    sector = draw(st.sampled_from((512, 4096)))
    depth = draw(st.sampled_from((0, 0, 1, 1, 2, 3)))
    return [draw(recipes(f"layer{number}", sector, has_parent=number > 0)) for number in range(depth + 1)]


@st.composite
def reads(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Offsets and lengths, near borders of sectors and blocks and anywhere, also past the end."""
    near = st.builds(
        lambda base, by: max(base + by, 0), st.sampled_from([n * MIB for n in range(7)]), st.integers(-700, 700)
    )
    offsets = st.one_of(st.integers(0, 6 * MIB + 10), near)
    lengths = st.one_of(st.integers(0, 5000), st.integers(0, 3 * MIB), st.sampled_from((512, 4096, MIB, 6 * MIB)))
    return draw(st.lists(st.tuples(offsets, lengths), min_size=1, max_size=12))

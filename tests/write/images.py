"""Images to begin with, of each type, and what their guests see: from the recipes' own flat models."""

from __future__ import annotations

from functools import cache
from typing import Any

from tests.support.children import scattered_runs
from vhdx_runtime.conformance import Bat, Block, Geometry, Recipe, expand

KIB, MIB = 1 << 10, 1 << 20
SIZE = 9 * MIB + 300 * KIB  # nine blocks and a part of a tenth


@cache
def image(kind: Any, sector: int, block: int = MIB) -> tuple[bytes, tuple[bytes, ...], bytes]:
    """A file, its parents, the next one first, and the bytes of the disk.

    Args:
        kind: dynamic, fixed, or child (the last of three).
        sector: logical sector size in bytes.
        block: block size in bytes.
    """
    shape: Any = {"virtual_disk_size": SIZE, "logical_sector_size": sector}
    if kind != "child":
        count = -(-SIZE // block)
        numbers = range(count) if kind == "fixed" else sorted({min(n, count - 1) for n in (0, 2, 3, count)})
        some = tuple(map(Block, numbers))
        states = (Block(1, 2), Block(4, 3)) if kind == "dynamic" and count > 5 else ()
        geometry = Geometry(kind, block_size=block, **shape)
        made = expand(
            Recipe(kind, geometry=geometry, bat=Bat(some + states, order="scrambled", spacing_mb=kind != "fixed"))
        )
        return made.to_bytes(), (), made.expected.read(0, SIZE)
    last = 8
    base = expand(Recipe("base", geometry=Geometry(**shape), bat=Bat(tuple(map(Block, range(last))))))
    per_block = 2 * MIB // sector
    runs = scattered_runs(3, per_block)
    geometry = Geometry("differencing", block_size=2 * MIB, **shape)
    middle = expand(Recipe("middle", geometry=geometry, bat=Bat((Block(0, 7, sectors=runs), Block(2, 2)))), base)
    geometry = Geometry("differencing", block_size=block, **shape)
    runs = scattered_runs(4, block // sector)
    blocks = (Block(1, 7, sectors=runs), Block(3), Block(4, 3), Block(5, 2))
    blocks = tuple(one for one in blocks if one.number < -(-SIZE // block))
    child = expand(Recipe("child", geometry=geometry, bat=Bat(blocks)), middle)
    return child.to_bytes(), (middle.to_bytes(), base.to_bytes()), child.expected.read(0, SIZE)

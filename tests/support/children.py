"""A base and a child over it that many tests begin with, and the error with which a chain is refused."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import vhdx_runtime as vhdx
from vhdx_runtime.conformance import (
    Bat,
    Block,
    Geometry,
    ParentLocator,
    Recipe,
)

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
BASE = Recipe("base", bat=Bat(tuple(Block(number) for number in range(4)), order="scrambled"))
RUNS = ((0, 1), (3, 2), (100, 1000), (2047, 1))
CHILD = Recipe("child", geometry=Geometry("differencing"), bat=Bat((Block(1, 7, sectors=RUNS), Block(2))))
LINK = ("parent_linkage", f"{{{BASE.data_write_guid}}}")
PATH = ("relative_path", ".\\base.vhdx")


def child_with(*pairs: tuple[str | bytes, str | bytes], **changes: Any) -> Recipe:
    return replace(CHILD, parent=ParentLocator(pairs), **changes)


def refusal(folder: Path, name: str = "child.vhdx", **options: Any) -> vhdx.ChainError:
    with pytest.raises(vhdx.ChainError) as caught:
        vhdx.open(folder / name, **options)
    return caught.value


def scattered_runs(seed: int, sectors: int) -> tuple[tuple[int, int], ...]:
    """Runs of set sectors that begin and end at any bit."""
    at, position, runs = random.Random(seed), 0, []
    while position < sectors:
        count = min(at.choice((1, 1, 2, 7, 8, 9, 63, 200)), sectors - position)
        runs.append((position, count))
        position += count + at.choice((1, 1, 3, 8, 15, 100))
    return tuple(runs)


def deep_chain(depth: int) -> list[Recipe]:
    """A base and `depth` children whose block sizes differ, and which each own other sectors."""
    sizes = (MIB, 4 * MIB, 2 * MIB, 8 * MIB, MIB, 16 * MIB)
    chain = [Recipe("layer0", geometry=Geometry(virtual_disk_size=15 * MIB), bat=Bat(tuple(map(Block, range(12)))))]
    for number in range(1, depth + 1):
        size = sizes[number % len(sizes)]
        per_block = size // 512
        runs = scattered_runs(number, min(per_block, 1500))
        blocks = (Block(0, 7, sectors=runs), *((Block(1, 2),) if number == 2 and size < 15 * MIB else ()))
        geometry = Geometry("differencing", 15 * MIB, size)
        chain.append(Recipe(f"layer{number}", geometry=geometry, bat=Bat(blocks)))
    return chain

"""Recipes that many tests begin with, and the error with which a file is refused."""

from __future__ import annotations

from typing import Any

import pytest

import vhdx_runtime as vhdx
from vhdx_runtime.conformance import (
    Bat,
    Block,
    Hide,
    Log,
    LogEntry,
    Recipe,
    expand,
)

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
SECTOR = 4096
TWO_BLOCKS = Bat((Block(0), Block(2)))
PLAIN = Recipe(bat=TWO_BLOCKS)
ONLY_LOGGED = LogEntry((Hide("bat"),))
DIRTY = Recipe(bat=TWO_BLOCKS, log=Log((ONLY_LOGGED,)))
GARBAGE = b"\xa6" * SECTOR
KNOWN_ITEM = "2fa54224-cd1b-4876-b211-5dbed83bf4b8"  # virtual disk size


def refusal(recipe: Recipe, **options: Any) -> vhdx.VhdxError:
    """The error with which a file is refused."""
    with pytest.raises(vhdx.VhdxError) as caught:
        vhdx.open(expand(recipe).to_bytes(), **options)
    return caught.value

"""The raw image that most conversions start from."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.cli.support import MIB
from tests.transfer.support import sparse


@pytest.fixture
def raw(tmp_path: Path) -> tuple[Path, bytes]:
    """A raw image of 40 MiB and a bit, with data at odd places."""
    noise = random.Random(4).randbytes(3 * MIB)
    parts = ((5, noise[:100]), (7 * MIB - 1, noise[:2]), (33 * MIB + 4096, noise), (40 * MIB + 100, b"end"))
    return tmp_path / "in.raw", sparse(tmp_path / "in.raw", 40 * MIB + 512, *parts)

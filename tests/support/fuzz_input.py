"""Judging an input that comes without a seed: the bytes themselves say how they are opened and what of them is read."""

from __future__ import annotations

from tests.support.judged import judge
from tests.support.patience import patiently
from vhdx_runtime.codec.checksum import crc32c


def judged_input(raw: bytes, name: str = "an input") -> str:
    """As `judge`, with a seed that follows from the bytes."""
    return patiently(lambda: judge(name, raw, crc32c(raw)))

"""A warning before more is written than the files of a disk hold."""

from __future__ import annotations

from ..disk.virtual import VirtualDisk
from .common import size_text, warn


def warn_amplified(disk: VirtualDisk) -> int:
    """Say so on stderr where a disk gives more than its files hold; returns what they hold, in bytes."""
    from ..transfer.amplification import held, is_amplified

    stored = held(disk)
    if is_amplified(disk, stored):
        warn(f"more is written than the files hold, {size_text(stored)}: blocks lie on one another, see vhdx check")
    return stored

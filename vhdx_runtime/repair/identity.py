"""Whether a file is still the one that a plan was made for.

Knows what to compare; reads no more than what is written, and the header section.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from hashlib import sha256

from vhdx_format.layout import HEADER_SECTION_USED

from ..codec.overlay import merge_ranges
from ..codec.source import Source
from ..write.operation import STEP


def fingerprint(source: Source, ranges: Iterable[tuple[int, int]]) -> str:
    """SHA-256, in hex, of a file's size, its header section, and ranges of it.

    Args:
        source: the file.
        ranges: half-open ranges of file offsets; what lies behind the end is left out.
    """
    digest = sha256(f"{source.size}\n".encode())
    for start, end in merge_ranges([(0, HEADER_SECTION_USED), *ranges]):
        for offset in range(start, min(end, source.size), STEP):
            digest.update(source.read_at(offset, min(STEP, end - offset)))
    return digest.hexdigest()


def stamp(source: Source) -> int:
    """When the file was last written, in nanoseconds; 0 for what is no file."""
    return 0 if source.fd is None else os.fstat(source.fd).st_mtime_ns

"""What blocks of a file hold, as digests, so that blocks of two files are compared although many lie on one another.

Of each MiB of the file that is not a hole the digest is made once, whatever number of blocks it is part of; a block is
known by the digests of those that are not all zero.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final

from vhdx_format.layout import OBJECT_ALIGNMENT

from ..codec.holes import data_ranges, is_zero
from ..codec.source import Source, read_whole

_UNIT: Final = OBJECT_ALIGNMENT
_ZERO: Final = b""
_NOTHING: Final = b"behind the end"


@dataclass(slots=True)
class BlockDigests:
    """The blocks of one file.

    Attributes:
        source: what is read.
    """

    source: Source
    _units: dict[int, bytes] = field(default_factory=dict)
    _blocks: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def digest(self, start: int, size: int) -> bytes:
        """Equal for blocks of this and other files that hold the same bytes.

        Args:
            start: file offset, a multiple of 1 MiB.
            size: in bytes.

        Raises:
            VhdxError: the file cannot be read.
        """
        if start >= self.source.size:
            return _NOTHING
        known = self._blocks.get((start, size))
        if known is None:
            length = min(size, self.source.size - start)
            units = {at // _UNIT: None for low, high in data_ranges(self.source, start, length)
                     for at in range(low - low % _UNIT, high, _UNIT)}  # fmt: skip
            found = [(unit, self._unit(unit)) for unit in units]
            parts = [b"%d:%s" % (unit - start // _UNIT, one) for unit, one in found if one]
            known = hashlib.blake2b(b"%d:%s" % (length, b"".join(parts)), digest_size=32).digest()
            if found:
                self._blocks[start, size] = known
        return known

    def _unit(self, unit: int) -> bytes:
        known = self._units.get(unit)
        if known is None:
            raw = read_whole(self.source, unit * _UNIT, _UNIT)
            known = _ZERO if is_zero(raw) else hashlib.blake2b(raw, digest_size=32).digest()
            self._units[unit] = known
        return known

"""What a disk must read as: a flat array of bytes, and of each sector all that it was since the last flush."""

from __future__ import annotations

SECTOR = 512


class Flat:
    """The model of a disk.

    Args:
        content: what the guest sees at first.
        block: block size in bytes.
    """

    def __init__(self, content: bytes, block: int) -> None:
        self.now = bytearray(content)
        self.size = len(content)
        self.block = block
        self._flushed = bytes(content)
        self._since: dict[int, list[bytes]] = {}

    def write(self, offset: int, data: bytes) -> None:
        self.now[offset : offset + len(data)] = data
        for number in range(offset // SECTOR, -(-(offset + len(data)) // SECTOR)):
            self._since.setdefault(number, []).append(bytes(self.now[number * SECTOR : (number + 1) * SECTOR]))

    def zero(self, offset: int, length: int) -> None:
        self.write(offset, bytes(length))

    def trim(self, offset: int, length: int) -> None:
        first, end = -(-offset // self.block) * self.block, offset + length
        last = self.size if end >= self.size else end // self.block * self.block
        if first < last:
            self.zero(first, last - first)

    def flush(self) -> None:
        self._flushed, self._since = bytes(self.now), {}

    def require(self, found: bytes) -> None:
        """Complain of bytes that neither were flushed nor written since."""
        assert len(found) == self.size
        expected = bytearray(self._flushed)
        for number, values in self._since.items():
            one = slice(number * SECTOR, (number + 1) * SECTOR)
            assert found[one] in [self._flushed[one], *values], f"sector {number} is foreign: {found[one][:16].hex()}"
            expected[one] = found[one]
        if expected != found:
            wrong = next(n for n in range(0, self.size, SECTOR) if expected[n : n + SECTOR] != found[n : n + SECTOR])
            raise AssertionError(f"sector {wrong // SECTOR} was not touched since the last flush, and differs")

    def crashed(self, found: bytes) -> None:
        """Take what is left after a crash."""
        self.require(found)
        self.now = bytearray(found)
        self.flush()

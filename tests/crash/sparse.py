"""Files in memory that hold only what was written: pages of 4 KiB in layers, the front one first.

A crash state is a thin layer over what is durable, and that over the file as it was; making one costs what it changes.
"""

from __future__ import annotations

from collections.abc import Hashable

from tests.crash.verifier import PAGE, ZERO


class Sparse:
    """A file that reads as its layers say, and as zeros where they say nothing. It is a source, as readers take them.

    Args:
        layers: pages by number; the first layer that has a page decides.
        size: length of the file in bytes.
        name: what to call it.
        key: tells files over the same lowest layer apart by their pages.
    """

    def __init__(self, layers: tuple[dict[int, bytes], ...], size: int, name: str = "<sparse>", key: int = 0) -> None:
        self.layers = layers
        self.size = size
        self.name = name
        self.key = key
        self.fd: int | None = None

    @property
    def identity(self) -> Hashable:
        """As a source's."""
        return ("sparse", id(self))

    def page(self, number: int) -> bytes:
        """A page, whole; behind the file's end it is zeros."""
        for layer in self.layers:
            found = layer.get(number)
            if found is not None:
                return found
        return ZERO

    def read_at(self, offset: int, length: int) -> bytes:
        """As a source's."""
        end = min(offset + length, self.size)
        if end <= offset:
            return b""
        first, last = offset // PAGE, (end - 1) // PAGE
        if first == last:
            return self.page(first)[offset - first * PAGE : end - first * PAGE]
        whole = b"".join([self.page(number) for number in range(first, last + 1)])
        return whole[offset - first * PAGE : end - first * PAGE]

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """As a source's."""
        data = self.read_at(offset, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Do nothing: the bytes stay."""

    def over(self, layer: dict[int, bytes], size: int) -> Sparse:
        """The file with a layer in front of it."""
        key = self.key
        for number, page in layer.items():
            old = self.page(number)
            if page != old:
                key ^= hash((number, old)) ^ hash((number, page))
        return Sparse((layer, *self.layers), size, self.name, key)


def put(pages: dict[int, bytes], below: Sparse, offset: int, data: bytes) -> None:
    """Write into a layer: what it lacks of a page comes from the file below it."""
    at, number, inside = 0, offset // PAGE, offset % PAGE
    while at < len(data):
        part = data[at : at + PAGE - inside]
        if len(part) < PAGE:
            old = pages.get(number)
            old = below.page(number) if old is None else old
            part = old[:inside] + part + old[inside + len(part) :]
        pages[number] = part
        at, number, inside = at + PAGE - inside, number + 1, 0

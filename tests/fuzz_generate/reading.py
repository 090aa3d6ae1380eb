"""Looks at images with numbers written out here, sharing nothing with what made them but CRC-32C."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from vhdx_runtime.chain import open_chain
from vhdx_runtime.check import Report, check_chain, check_image, without_chain
from vhdx_runtime.codec.checksum import crc32c
from vhdx_runtime.codec.source import open_source
from vhdx_runtime.errors import VhdxError
from vhdx_runtime.image import load_image

KIB, MIB = 1 << 10, 1 << 20


def checked(path: Path) -> list[Report]:
    """What a full check says of a file with the parents that stand beside it."""
    with load_image(open_source(path)) as image:
        try:
            chain = open_chain(image)
        except VhdxError as error:
            return [without_chain(check_image(image), error)]
        found = check_chain(chain)
        for parent in chain.images[1:]:
            parent.close()
        return found


def broken(path: Path) -> set[str]:
    """Ids of the rules that a check reports."""
    return {rule for report in checked(path) for rule in report.totals}


def right(raw: bytes) -> bool:
    """Whether the four bytes from offset 4 are the CRC-32C of the rest."""
    return struct.unpack_from("<I", raw, 4)[0] == crc32c(raw[:4] + bytes(4) + raw[8:])


def wrong_seals(path: Path) -> Iterator[str]:
    """Rules whose checksum is not right somewhere in a file; what has no signature is no such object.

    Log entries are looked for in every sector from 320 KiB on, those that wrap or whose length cannot be left out.
    """
    with path.open("rb") as file:

        def at(offset: int, length: int) -> bytes:
            file.seek(offset)
            return file.read(length)

        for offset in (64 * KIB, 128 * KIB):
            raw = at(offset, 4 * KIB)
            if len(raw) == 4 * KIB and any(raw) and not right(raw):
                yield "HDR-002"
        for offset in (192 * KIB, 256 * KIB):
            raw = at(offset, 64 * KIB)
            if len(raw) == 64 * KIB and any(raw) and not right(raw):
                yield "RGN-002"
        size = path.stat().st_size
        for offset in range(320 * KIB, min(size, 8 * MIB), 4 * KIB):
            if at(offset, 4) == b"loge":
                length = struct.unpack("<I", at(offset + 8, 4))[0]
                raw = at(offset, length) if 4 * KIB <= length <= MIB else b""
                if (
                    raw
                    and len(raw) == length
                    and length % (4 * KIB) == 0
                    and not right(raw)
                    and (offset + length) % MIB
                ):
                    yield "LOG-003"

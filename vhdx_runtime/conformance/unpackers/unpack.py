"""Makes disk images of packed ones: `python3 unpack.py FOLDER [CASE…]`, all cases where none is named.

Needs nothing but Python and the files beside it. README.md describes the format.
"""

import json
import sys
from pathlib import Path
from struct import pack, unpack_from
from typing import BinaryIO

UNIT, HEAD, WINDOW, STEP = 512, 16, 65536, 1 << 20


def pattern(noise: bytes, tag: int, block: int, start: int, length: int) -> bytes:
    """Bytes of the payload pattern from offset `start` of the disk on."""
    parts = []
    for index in range(start // UNIT, -(-(start + length) // UNIT)):
        place = (index * 37 + block * 40503 + tag) % WINDOW
        parts.append(pack("<IIQ", tag, block, index) + noise[place : place + UNIT - HEAD])
    return b"".join(parts)[start % UNIT :][:length]


def unpack(noise: bytes, packed: bytes, out: BinaryIO) -> None:
    """Write the image of a packed one into an empty file."""
    if packed[:8] != b"VHDXOPS1":
        raise ValueError("not a packed image")
    position = 16
    while position < len(packed):
        kind, offset, length = unpack_from("<cQQ", packed, position)
        size = {b"L": length, b"C": 8}.get(kind, 16)
        data = packed[position + 17 : position + 17 + size]
        position += 17 + size
        if kind == b"C":
            out.seek(*unpack_from("<Q", data))
            piece = out.read(min(offset - unpack_from("<Q", data)[0], length))
            data = (piece * -(-length // len(piece)))[:length]
        out.seek(offset)
        if kind in b"LC":
            out.write(data)
        for done in range(0, length if kind in b"PS" else 0, STEP):
            count = min(STEP, length - done)
            if kind == b"P":
                tag, block, start = unpack_from("<IIQ", data)
                out.write(pattern(noise, tag, block, start + done, count))
            else:
                first, step = unpack_from("<QQ", data)
                numbers = range(done // 8, -(-(done + count) // 8))
                out.write(b"".join(pack("<Q", (first + i * step) % 2**64) for i in numbers)[:count])
    out.truncate(*unpack_from("<Q", packed, 8))


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    cases = json.loads((here / "manifest.json").read_text("utf-8"))["cases"]
    for file in [file for case in cases if case["id"] in sys.argv[2:] or not sys.argv[2:] for file in case["files"]]:
        target = Path(sys.argv[1], file["image"])
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("w+b") as image:
            unpack((here / "noise.bin").read_bytes(), (here / file["packed"]).read_bytes(), image)

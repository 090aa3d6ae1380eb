"""Makes disk images of packed ones: `python3 unpack.py FOLDER [CASE…]`, all cases where none is named.

Needs nothing but Python and the files beside it. README.md describes the format. Believes nothing that it reads: a
packed image is checked to its end before a byte is written, and every name stays inside its folder.
"""

import json
import sys
from collections.abc import Iterator
from mmap import mmap
from pathlib import Path
from struct import pack, unpack_from
from typing import BinaryIO

UNIT, HEAD, WINDOW, STEP = 512, 16, 65536, 1 << 20
LENGTH_MAX, MADE_MAX = 1 << 47, 1 << 28  # bytes of a file; bytes of it that are no literals
MORE = {b"C": 8, b"S": 16, b"P": 16}


def pattern(noise: bytes, tag: int, block: int, start: int, length: int) -> bytes:
    """Bytes of the payload pattern from offset `start` of the disk on."""
    parts = []
    for index in range(start // UNIT, -(-(start + length) // UNIT)):
        place = (index * 37 + block * 40503 + tag) % WINDOW
        parts.append(pack("<IIQ", tag, block, index) + noise[place : place + UNIT - HEAD])
    return b"".join(parts)[start % UNIT :][:length]


def require(claim: bool, why: str) -> None:
    """Refuse the packed image where a claim does not hold."""
    if not claim:
        raise ValueError(why)


def operations(packed: bytes | mmap) -> Iterator[tuple[bytes, int, int, int]]:
    """The operations, each checked: letter, file offset, length, and where in `packed` what follows them stands."""
    require(packed[:8] == b"VHDXOPS1" and len(packed) >= 16, "not a packed image")
    end, position, made = *unpack_from("<Q", packed, 8), 16, 0
    require(end <= LENGTH_MAX, f"a file of {end} bytes, at most {LENGTH_MAX}")
    while position < len(packed):
        require(position + 17 <= len(packed), "the packed file is cut off")
        kind, offset, length = unpack_from("<cQQ", packed, position)
        position += 17
        require(kind == b"L" or kind in MORE, f"no operation is called {kind!r}")
        size, made = MORE.get(kind, length), made + (kind != b"L") * length
        require(size <= len(packed) - position, "the packed file is cut off")
        require(offset + length <= end, "an operation writes past the end of the file")
        require(kind != b"C" or unpack_from("<Q", packed, position)[0] < offset, "a copy of what comes behind it")
        require(made <= MADE_MAX, f"more than {MADE_MAX} bytes are made of nothing")
        yield kind, offset, length, position
        position += size


def unpack(noise: bytes, packed: bytes | mmap, out: BinaryIO) -> None:
    """Write the image of a packed one into an empty file; a ValueError, and nothing written, where it is none."""
    for _ in operations(packed):
        pass
    for kind, offset, length, more in operations(packed):
        done = 0
        while done < length:
            count = min(STEP, length - done)
            if kind == b"L":
                data = packed[more + done : more + done + count]
            elif kind == b"C":  # what was copied is copied again, twice as much each time
                start = unpack_from("<Q", packed, more)[0]
                first = start + done % (offset - start)
                out.seek(first)
                count = min(count, offset + done - first)
                data = out.read(count).ljust(count, b"\0")
            elif kind == b"P":
                tag, block, start = unpack_from("<IIQ", packed, more)
                data = pattern(noise, tag, block, start + done, count)
            else:
                first, step = unpack_from("<QQ", packed, more)
                numbers = range(done // 8, -(-(done + count) // 8))
                data = b"".join(pack("<Q", (first + i * step) % 2**64) for i in numbers)[:count]
            out.seek(offset + done)
            done += out.write(data)
    out.truncate(*unpack_from("<Q", packed, 8))


def inside(folder: Path, name: str) -> Path:
    """The place of a name in a folder."""
    found = (folder / name).resolve()
    require(found.is_relative_to(folder.resolve()), f"{name!r} leads out of {folder}")
    return found


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python3 unpack.py FOLDER [ID]...")
    here = Path(__file__).resolve().parent
    cases = json.loads((here / "manifest.json").read_text("utf-8"))["cases"]
    for file in [file for case in cases if case["id"] in sys.argv[2:] or not sys.argv[2:] for file in case["files"]]:
        target = inside(Path(sys.argv[1]), file["image"])
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("w+b") as image:
            unpack((here / "noise.bin").read_bytes(), inside(here, file["packed"]).read_bytes(), image)

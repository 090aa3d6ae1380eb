"""The image of `make demo`, and the check of what the commands made of it.

A file as a crash may leave it: header 1 is torn although its sequence number is the higher one; the BAT exists only in
the log, whose one live entry starts in the last sector of the ring and wraps to the first; the entry before it is
stale, and replaying it would wipe out guest data.
"""

from __future__ import annotations

import sys
from pathlib import Path

from .build.expand import Expanded, expand
from .recipes.recipe import Bat, Block, Geometry, HeaderCopy, Hide, Log, LogEntry, Recipe, Zeros

_MIB = 1 << 20
_SECTOR = 1 << 12
_BLOCKS = (0, 1, 3, 4, 8, 15)


def build() -> Expanded:
    """Make the image and its guest's disk: 16 MiB, six blocks with data, in scrambled order."""
    stale = LogEntry((Zeros("payload[0]", length=_SECTOR),), position=_MIB - 2 * _SECTOR)
    live = LogEntry((Hide("bat"),), position=_MIB - _SECTOR, tail="self")
    return expand(
        Recipe(
            name="demo",
            geometry=Geometry(virtual_disk_size=16 * _MIB),
            headers=(HeaderCopy(8, damage="torn"), HeaderCopy(7)),
            bat=Bat(blocks=tuple(Block(number) for number in _BLOCKS), order="scrambled"),
            log=Log(entries=(stale, live), length=_MIB),
        )
    )


def check(raw: Path) -> str:
    """Compare a raw file with the guest's disk, byte by byte.

    Returns:
        What is wrong, or "" where nothing is.
    """
    expected = build().expected
    wanted, found = expected.read(0, expected.size), raw.read_bytes()
    if len(found) != len(wanted):
        return f"{raw} has {len(found)} bytes, the guest's disk {len(wanted)}"
    wrong = sum(a != b for a, b in zip(found, wanted, strict=True))
    return f"{wrong} of {len(wanted)} bytes of {raw} are wrong" if wrong else ""


def main(arguments: list[str]) -> int:
    """`build FOLDER` writes demo.vhdx into a folder, `check RAW` judges a raw file; 1 where that one is wrong."""
    command, path = arguments[0], Path(arguments[1])
    if command == "build":
        image = build()
        path.mkdir(parents=True, exist_ok=True)
        sys.stdout.write(f"{image.write(path)}: {image.length} bytes, {image.expected.size} bytes of virtual disk\n")
        return 0
    problem = check(path)
    sys.stdout.write(f"{problem or f'{path} is the disk that the guest saw, byte for byte'}\n")
    return 1 if problem else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

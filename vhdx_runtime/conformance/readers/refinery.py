"""binary-refinery: the disk behind its unit `xtvhd`, which the unit itself only gives out as files of a file system."""

from __future__ import annotations

import mmap

from ...wording import shell_word
from .interface import Absent, Answer, Limit, Reader, Request, WrongRead
from .library import read_through, refused


def _prepare() -> str:
    from importlib.metadata import version

    try:
        from refinery.lib.vhd import VirtualDisk  # noqa: F401
    except ImportError as error:
        raise Absent("pip install binary-refinery (0.11 or later)") from error
    return version("binary-refinery")


def _run(request: Request) -> Answer:
    from refinery.lib.vhd import VirtualDisk

    try:
        with open(request.image, "rb") as file:
            disk = VirtualDisk(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        size = int(disk.size)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - the library lets through whatever its parser raises
        return refused(error)
    warnings = [str(text) for text in disk.warnings]
    return read_through(request, size, lambda offset, length: bytes(disk.read(offset, length)), warnings=warnings)


def _show(failure: WrongRead) -> str:
    read = f"disk.read({failure.read[0]:#x}, {failure.read[1]})"
    lines = (
        "from refinery.lib.vhd import VirtualDisk",
        f"disk = VirtualDisk(open({failure.image!r}, 'rb').read())",
        f"print(bytes({read})[{failure.slice}].hex(), disk.warnings)",
    )
    return f"python3 -P -c {shell_word('; '.join(lines))}"


READER = Reader(
    name="binary-refinery",
    title="binary-refinery (xtvhd)",
    url="https://github.com/binref/refinery",
    prepare=_prepare,
    run=_run,
    show=_show,
    limits=(
        Limit("differencing", "it warns that the parent is not available and missing blocks read as zero"),
        Limit("dirty-log", "it warns that a non-empty log was not replayed"),
    ),
)

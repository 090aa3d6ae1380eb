"""dissect.hypervisor: its VHDX class, which finds parents by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...wording import shell_word
from .interface import Absent, Answer, Reader, Request, WrongRead
from .library import read_through, refused


def _prepare() -> str:
    from importlib.metadata import version

    try:
        from dissect.hypervisor.disk import vhdx  # noqa: F401
    except ImportError as error:
        raise Absent("pip install dissect.hypervisor") from error
    return version("dissect.hypervisor")


def _run(request: Request) -> Answer:
    from dissect.hypervisor.disk.vhdx import VHDX

    try:
        disk = VHDX(Path(request.image))
        size = int(disk.size)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - the library lets through whatever its parser raises
        return refused(error)
    return read_through(request, size, lambda offset, length: _read(disk, offset, length))


def _read(disk: Any, offset: int, length: int) -> bytes:
    disk.seek(offset)
    return bytes(disk.read(length))


def _show(failure: WrongRead) -> str:
    offset, length = failure.read
    lines = (
        "from pathlib import Path",
        "from dissect.hypervisor.disk.vhdx import VHDX",
        f"disk = VHDX(Path({failure.image!r}))",
        f"disk.seek({offset:#x})",
        f"print(disk.read({length})[{failure.slice}].hex())",
    )
    return f"python3 -P -c {shell_word('; '.join(lines))}"


READER = Reader(
    name="dissect",
    title="dissect.hypervisor",
    url="https://github.com/fox-it/dissect.hypervisor",
    prepare=_prepare,
    run=_run,
    show=_show,
)

"""qemu-img: `convert` to a raw file; for disks too large for that only `info`. And the same after `check -r all`."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from ...wording import path_word
from . import program
from .interface import Answer, Limit, Reader, Request, WrongRead

INSTALL = "Debian: apt-get install qemu-utils"
URL = "https://www.qemu.org/"
LIMITS = (
    Limit("differencing", "block/vhdx.c: a file with a parent is refused with ENOTSUP"),
    Limit("sector-4096", "block/vhdx.c: only logical sectors of 512 bytes, others are refused with ENOTSUP"),
)
_REPLAY = Limit("dirty-log", "qemu-img says of such files that check -r all replays the log, which changes them")


def prepare() -> str:
    """The version; the same for all programs of the package."""
    path = program.find("qemu-img", install=INSTALL)
    match = re.search(r"version (\S+)", program.first_line(path, "--version"))
    return match[1] if match else "unknown"


def _run(request: Request, *, repair: bool) -> Answer:
    path, folder = program.find("qemu-img", install=INSTALL), Path(request.image).parent
    peak = 0
    if repair:
        ended = program.execute([path, "check", "-q", "-f", "vhdx", "-r", "all", request.image], folder)
        death = program.died(ended)
        if death is not None:
            return death
        peak = ended.peak
    arguments = [path, "convert", "-f", "vhdx", "-O", "raw", request.image, request.out]
    if not request.is_whole:
        arguments = [path, "info", "-f", "vhdx", request.image]
    ended = program.execute(arguments, folder)
    death, peak = program.died(ended), max(peak, ended.peak)
    if death is not None or ended.code:
        return death or Answer("refused", ended.text or f"exit code {ended.code}", peak=peak)
    size = Path(request.out).stat().st_size if request.is_whole else None
    return Answer("opened", ended.text, size=size, has_bytes=request.is_whole, peak=peak)


def _show(failure: WrongRead, *, repair: bool) -> str:
    image = path_word(failure.image)
    first = f"qemu-img check -f vhdx -r all {image}; " if repair else ""
    return f"{first}qemu-img convert -f vhdx -O raw {image} out.raw && xxd -s {failure.at:#x} -l 16 out.raw"


READER = Reader(
    name="qemu-img",
    title="qemu-img",
    url=URL,
    prepare=prepare,
    run=partial(_run, repair=False),
    show=partial(_show, repair=False),
    limits=(*LIMITS, _REPLAY),
)
REPAIRING_READER = Reader(
    name="qemu-img-repair",
    title="qemu-img after check -r all",
    url=URL,
    prepare=prepare,
    run=partial(_run, repair=True),
    show=partial(_show, repair=True),
    limits=LIMITS,
    changes_files=True,
)

"""7-Zip: the disk image is the one item of the archive. It looks for parents by the names in the child, beside it."""

from __future__ import annotations

import re
from pathlib import Path

from ...wording import path_word
from . import program
from .interface import Answer, Limit, Reader, Request, WrongRead

_INSTALL = "Debian: apt-get install 7zip"
_WARNING, _NO_MEMORY = 1, 8


def _prepare() -> str:
    match = re.search(r"\d+\.\d+", program.first_line(_find()))
    return match[0] if match else "unknown"


def _find() -> str:
    return program.find("7zz", "7z", install=_INSTALL)


def _run(request: Request) -> Answer:
    folder = Path(request.image).parent
    if not request.is_whole:
        return _answer(program.execute([_find(), "l", "-tVHDX", request.image], folder), None)
    size = sum(length for _, length in request.reads)
    extract = [_find(), "x", "-so", "-bb0", "-bd", "-tVHDX", request.image]
    ended = program.execute(extract, folder, request.out, size)
    if ended.length > size:
        return Answer("opened", "writes more than the disk holds", size=ended.length, has_bytes=True, peak=ended.peak)
    return _answer(ended, ended.length)


def _answer(ended: program.Ended, size: int | None) -> Answer:
    if ended.code == _NO_MEMORY:
        return Answer("memory", ended.text, peak=ended.peak)
    death = program.died(ended)
    if death is not None or ended.code > _WARNING:
        return death or Answer("refused", ended.text or f"exit code {ended.code}", peak=ended.peak)
    warnings = (ended.text,) if ended.text else ()
    return Answer("opened", size=size, has_bytes=size is not None, warnings=warnings, peak=ended.peak)


def _show(failure: WrongRead) -> str:
    return f"7zz x -so -tVHDX {path_word(failure.image)} | xxd -s {failure.at:#x} -l 16"


READER = Reader(
    name="7zip",
    title="7-Zip",
    url="https://www.7-zip.org/",
    prepare=_prepare,
    run=_run,
    show=_show,
    limits=(Limit("dirty-log", "7-Zip says of such files that a non-empty log was not replayed"),),
)

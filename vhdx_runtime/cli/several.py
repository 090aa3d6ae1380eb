"""Commands that take several files and folders: one answer for each, also for one that fails, and the worst exit code.

Knows how files are named and how answers are printed; what an answer says, the command knows.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

import click

from ..errors import VhdxError
from .common import FOUND, NOTHING_OPENED, Failure, emit, emit_json, hint_of, say_hint, shown

_ENDINGS: Final = (".vhdx", ".avhdx")


def named(paths: Sequence[str]) -> list[str]:
    """The files that names stand for: of a folder those in it that end as a VHDX does, sorted.

    A folder without any, or one that cannot be listed, stands for itself.
    """
    found: list[str] = []
    for path in paths:
        inside: list[str] = []
        with suppress(OSError):
            inside = [os.path.join(path, name) for name in sorted(os.listdir(path)) if name.lower().endswith(_ENDINGS)]
        found += inside or [path]
    return found


def require_no_folder(path: str) -> None:
    """See that a name that `named` gave is not that of a folder, which has no images then.

    Raises:
        Failure: it is.
    """
    if os.path.isdir(path):
        text = f"{path}: no file whose name ends in {' or '.join(_ENDINGS)} can be seen in this folder"
        raise Failure(text, NOTHING_OPENED, "name the file itself, or another folder")


def answer(
    paths: Sequence[str],
    work: Callable[[str], tuple[dict[str, Any], int]],
    show: Callable[[dict[str, Any]], Iterable[str]],
    *,
    as_json: bool,
) -> int:
    """Do the work for each file, and print what came of it: one object of JSON, or of several files a list.

    Args:
        paths: names of files and folders.
        work: gives the record of a file, and an exit code.
        show: a record as lines for people.
        as_json: print JSON.

    Returns:
        The worst exit code.

    Raises:
        Failure: of a single file; of several, it is the answer for that file.
        VhdxError: the same.
    """
    files = named(paths)
    if files == list(paths[:1]):
        require_no_folder(files[0])
        record, code = work(files[0])
        if as_json:
            emit_json(record)
        else:
            emit(show(record), wraps=True)
            say_hint(record.get("hint", ""))
        return code
    worst, records, errors = 0, [], []
    for number, path in enumerate(files):
        try:
            require_no_folder(path)
            record, code = work(path)
            lines = [] if as_json else list(show(record))
            records.append(record)
        except (Failure, VhdxError) as error:
            code = getattr(error, "exit_code", FOUND)
            record = {"file": path, "message": str(error), "hint": hint_of(error)}
            lines = [
                f"file              {shown(path)}",
                click.style("error             ", fg="red") + shown(str(error)),
            ]
            errors.append(record)
        worst = max(worst, code)
        if not as_json:
            emit(["", *lines] if number else lines, wraps=True)
            say_hint(record.get("hint", ""), path)
    if as_json:
        emit_json({"images": records, "errors": errors})
    return worst

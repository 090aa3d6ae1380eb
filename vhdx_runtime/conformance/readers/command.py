"""Anybody's reader: a command line with `{image}` for the file to open and `{out}` for the raw file to write.

Without `{out}` the raw bytes are expected on standard output. Exit code 0 means that it opened the file and wrote all
of its disk; any other is a refusal.
"""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path

from . import program
from .interface import Answer, Failure, Reader, Request

PREFIX = "command "


def make(text: str) -> Reader:
    """The reader of a command line.

    Args:
        text: the command line, quoted as for a shell; "NAME=" before it gives the reader a name.

    Returns:
        The reader; its name is that of the program where none is given.

    Raises:
        ValueError: no command, or no `{image}` in it.
    """
    name, separator, rest = text.partition("=")
    if not separator or not name.strip().replace("-", "").replace("_", "").isalnum():
        name, rest = "", text
    words = shlex.split(rest)
    if not words or not any("{image}" in word for word in words):
        raise ValueError(f"expected a command with {{image}} in it (and {{out}}, or raw bytes on stdout): {text!r}")
    name = name.strip() or Path(words[0]).name
    return Reader(
        name=name,
        title=name,
        url="",
        prepare=partial(_prepare, words[0]),
        run=partial(_run, tuple(words)),
        show=partial(_show, rest.strip()),
    )


def _prepare(word: str) -> str:
    program.find(word, install=f"no program is called {word}")
    return "as found"


def _run(words: tuple[str, ...], request: Request) -> Answer:
    if not request.is_whole:
        return Answer("skipped", "the disk is too large to be written out")
    has_out = any("{out}" in word for word in words)
    arguments = [word.replace("{image}", request.image).replace("{out}", request.out) for word in words]
    size = sum(length for _, length in request.reads)
    ended = program.execute(arguments, Path(request.image).parent, "" if has_out else request.out, size)
    death = program.died(ended) if ended.length <= size else None
    if death is not None or (ended.code and ended.length <= size):
        return death or Answer("refused", ended.text or f"exit code {ended.code}", peak=ended.peak)
    out = Path(request.out)
    if not out.exists():
        return Answer("refused", f"exit code 0, but no file was written. {ended.text}".strip(), peak=ended.peak)
    size = out.stat().st_size if has_out else ended.length
    return Answer("opened", ended.text, size=size, has_bytes=True, peak=ended.peak)


def _show(text: str, failure: Failure) -> str:
    return text.replace("{image}", shlex.quote(failure.image)).replace("{out}", "out.raw")

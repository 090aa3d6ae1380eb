"""Images as the commands open them: as the options say, with what must be said of them on stderr."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import click

from .. import VirtualDisk
from .. import open as open_disk
from ..codec.source import Source
from ..disk.chain import Chain, load_chain
from ..disk.image import Image
from ..disk.summary import describe
from ..errors import VhdxError
from ..findings import WRONG, Finding
from ..wording import path_word, shown, size_text
from ..write.locks import holders
from .common import NOTHING_OPENED, USAGE, Failure, say_hint, warn

_IGNORED: Final = "ignored"  # of a log that is not clean


def require_vhdx(image: Image) -> None:
    """Fail where nothing says that a file is a VHDX, and name what it is instead.

    Raises:
        Failure: with what can be done with it.
    """
    if named := image.foreign:
        raise Failure(f"{image.name}: is no VHDX: it {named.text}", NOTHING_OPENED, named.hint)


def say_foreign(image: Image) -> None:
    """Name on stderr what a file is in which nothing says that it is a VHDX, and what can be done with it."""
    if named := image.foreign:
        warn(f"{image.name}: is no VHDX: it {named.text}")
        say_hint(named.hint)


def header_number(options: Mapping[str, Any]) -> int | None:
    """The header that --header names."""
    return int(options["header"]) if options["header"] else None


def note_use(source: Source) -> None:
    """Say on stderr which other programs have locked a file, as they may be writing to it."""
    held = holders(source.fd, os.getpid()) if source.fd is not None else []
    if held:
        use = f"{source.name} is in use by {', '.join(held)}; if that writes to it, what is said here may not last"
        click.echo(f"vhdx: note: {shown(use)}", err=True)


@contextmanager
def opened(image: str, options: Mapping[str, Any], failed: int = NOTHING_OPENED) -> Iterator[VirtualDisk]:
    """Open an image and its parents as the options say; the command fails with the given code where that fails."""
    try:
        disk = open_disk(
            image,
            **parents_named(options),
            log=options["log"],
            header=header_number(options),
            without_parent=options["without_parent"],
            salvage=options.get("salvage", False),
        )
    except VhdxError as error:
        raise Failure(str(error), failed) from error
    with disk:
        note_use(disk.images[0].source)
        warn_accepted(disk.chain)
        for one in disk.images:
            if one.log.state == _IGNORED:
                warn(f"{one.name}: the log is left out, and what it holds is missing")
            found, remark = one.doubts
            for text in found:
                warn(f"{one.name}: {text}; `vhdx check {path_word(one.name)}` says where")
            if remark:
                click.echo(f"vhdx: note: {shown(one.name)}: {remark}", err=True)
        yield disk


def doubts_of(disk: VirtualDisk) -> list[str]:
    """What makes one doubt bytes that can be read, a sentence each, of the image and its parents."""
    return [f"{one.name}: {text}" for one in disk.images for text in one.doubts[0]]


def behind_end(disk: VirtualDisk, offset: int) -> Failure:
    """The error for an --offset at which the disk has no byte."""
    text = f"--offset {offset:#x} is behind the end of the disk, which has {size_text(disk.size)} ({disk.size:#x})"
    return Failure(f"{disk.name}: {text}", USAGE, "name an offset before that")


def chain_of(image: Image, options: Mapping[str, Any]) -> Chain | None:
    """The chain of an image as far as it goes, its parents closed again; None where no parent is looked for."""
    if image.geometry is None or not image.geometry.has_parent or options["without_parent"]:
        return None
    chain = load_chain(image, **parents_named(options))
    chain.close_parents()
    warn_accepted(chain)
    return chain


def warn_accepted(chain: Chain) -> None:
    """What is against parents that were taken all the same, as the caller named or accepted them, on stderr."""
    for finding in _against_parents(chain):
        warn(finding.message.removeprefix(f"{finding.place}: "))


def accepted_record(chain: Chain) -> list[dict[str, Any]]:
    """The same for JSON."""
    return [describe(finding) for finding in _against_parents(chain)]


def _against_parents(chain: Chain) -> list[Finding]:
    return [finding for finding in chain.findings if finding.verdict in WRONG]


def parents_named(options: Mapping[str, Any]) -> dict[str, Any]:
    """What the options say of parents, by the names that `open_chain` has for it."""
    return {name: options[name] for name in ("parents", "parent_dirs", "accept_parents")}

"""What a check says of an image, and whether it opens: held against its label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from vhdx_format.rules import RULES

import vhdx_runtime as vhdx
from tests.fuzz_generate.raw import NIL, Raw
from vhdx_runtime.check import Report, check_with_parents
from vhdx_runtime.codec.source import open_source
from vhdx_runtime.conformance.build.expand import Expanded
from vhdx_runtime.disk.image import load_image
from vhdx_runtime.errors import VhdxError
from vhdx_runtime.fuzz.corpus.corpus import Made

DAMAGED = {"degrade", "ignore-object"}
TOLD = {"warn", "note"}


class Opinion(NamedTuple):
    """What the project's reader makes of a file.

    Attributes:
        rules: that a check of it and of its parents reports.
        verdicts: of the findings.
        state: the check's conclusion about it.
        refusal: why opening it fails, or "".
    """

    rules: set[str]
    verdicts: set[str]
    state: str
    refusal: str

    def verdict(self, *, is_dirty: bool) -> str:
        """The label that this comes to."""
        if self.refusal:
            return "reject"
        if self.verdicts & DAMAGED:
            return "open-but-damaged"
        if any(RULES[rule].severity == "must" for rule in self.rules):
            return "reader's-choice"
        return "needs-replay" if is_dirty else "valid"


class Judged(NamedTuple):
    """An image of the corpus and the opinion of it."""

    raw: Raw
    opinion: Opinion

    @property
    def name(self) -> str:
        """Id of the image."""
        return self.raw.made.entry.id

    @property
    def is_dirty(self) -> bool:
        """Whether its current header names a log."""
        return self.raw.current is not None and self.raw.current.log_guid != NIL


def checked(path: Path) -> list[Report]:
    """What a full check says of a file with the parents that stand beside it."""
    with load_image(open_source(path)) as image:
        return check_with_parents(image)


def opinion(path: Path) -> Opinion:
    """Check and open a file whose parents stand beside it."""
    reports = checked(path)
    rules = {rule for report in reports for rule in report.totals}
    verdicts = {finding.verdict for report in reports for finding in report.findings}
    try:
        vhdx.open(path).close()
    except VhdxError as error:
        return Opinion(rules, verdicts, reports[0].state, str(error))
    return Opinion(rules, verdicts, reports[0].state, "")


def write_parents(images: Iterable[Made], folder: Path) -> None:
    """Put the files that others are put over into a folder."""
    for one in images:
        if one.entry.id.startswith("parent"):
            one.image.write(folder)


def opinion_of(image: Expanded, folder: Path) -> Opinion:
    """Write a file into a folder, check and open it, and remove it unless it is a parent."""
    path = image.write(folder)
    found = opinion(path)
    if not path.name.startswith("parent"):
        path.unlink()
    return found


def judge_all(images: Iterable[Made], folder: Path) -> Iterator[Judged]:
    """Every image that has a label to hold to, with the opinion of it."""
    chosen = [one for one in images if one.entry.profile != "random"]
    write_parents(chosen, folder)
    for one in chosen:
        yield Judged(Raw(one), opinion_of(one.image, folder))

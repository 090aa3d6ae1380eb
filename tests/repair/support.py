"""Images with something wrong, what is planned for them, and digests that do not depend on our reader."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from crc32c import crc32c
from vhdx_format.rules import RULES

from tests.support.cases import all_cases
from vhdx_runtime.check import check_image, check_with_parents
from vhdx_runtime.codec.source import Source, open_source
from vhdx_runtime.conformance.cases import Built, Case
from vhdx_runtime.disk.image import load_image
from vhdx_runtime.repair.plan import Plan, Wishes
from vhdx_runtime.repair.planning import make_plan

PAGE = 4096
SLOTS = (0x10000, 0x20000)
REPAIRABLE = {rule.id: rule.repair for rule in RULES.values() if rule.repair in ("auto", "offered", "lossy")}
LOSES = {rule.id for rule in RULES.values() if "lossy" in (rule.repair, *rule.repair_when.values())}
COMMIT = "LOG-001"  # a duty of writers, no finding: a log to replay is nothing wrong
PARENT_NAMED = ("CHN-002", "PLC-001", "PLC-013", "PLC-016")  # mended only with a parent that the user names


@cache
def cases_of(rule: str) -> tuple[Case, ...]:
    """The cases that break a rule; of the commit of a log, some whose log is replayed."""
    if rule == COMMIT:
        return tuple(case for case in all_cases() if case.area == "log-sequences" and case.expect == "read")
    return tuple(case for case in all_cases() if rule in case.findings)


def wishes(rules: Iterable[str], case: Case, built: Built) -> Wishes:
    """What a user says who agrees to the repair of some rules, and knows the parent where that is needed."""
    wanted = tuple(rules)
    named = built.paths[-2:-1] if set(wanted) & set(PARENT_NAMED) else ()
    return Wishes(
        offered=frozenset(wanted),
        lossy=bool(LOSES.intersection(wanted)),
        parents=tuple(named),
        parent_dirs=tuple(built.opened.parent / name for name in case.open.parent_dirs),
        with_chain=len(built.paths) > 1,
    )


def planned(source: Source | Path, wanted: Wishes | None = None) -> Plan:
    """A plan; what it was made for stays open."""
    return make_plan(load_image(open_source(source) if isinstance(source, Path) else source), wanted)


def broken_rules(path: Path, wanted: Wishes) -> set[str]:
    """What a check of a file and its parents finds."""
    with load_image(open_source(path)) as image:
        if not wanted.with_chain:
            return set(check_image(image).totals)
        return set(check_with_parents(image, wanted.parents, wanted.parent_dirs)[0].totals)


def digest(path: Path) -> str:
    """Of a file's length and of its pages that are not all zeros, so that holes of a sparse file count as zeros."""
    found, size = sha256(), path.stat().st_size
    found.update(b"%d" % size)
    with path.open("rb") as file:
        for start, end in _data(file.fileno(), size):
            file.seek(start)
            for offset in range(start, end, PAGE):
                page = file.read(PAGE)
                if any(page):
                    found.update(b"%d" % offset)
                    found.update(page)
    return found.hexdigest()


def _data(fd: int, size: int) -> Iterator[tuple[int, int]]:
    at = 0
    while at < size:
        try:
            start = os.lseek(fd, at, os.SEEK_DATA) // PAGE * PAGE
        except OSError:
            return
        at = os.lseek(fd, start, os.SEEK_HOLE)
        yield start, at


def current_header(source: Source) -> dict[str, Any]:
    """The current header, taken apart by hand; {} where none is valid."""
    found = []
    for offset in SLOTS:
        raw = source.read_at(offset, PAGE)
        if raw[:4] == b"head" and struct.unpack_from("<I", raw, 4)[0] == crc32c(raw[:4] + bytes(4) + raw[8:]):
            found.append({"number": struct.unpack_from("<Q", raw, 8)[0], "data": raw[32:48], "log": raw[48:64]})
    return max(found, key=lambda header: header["number"], default={})


@dataclass
class FileOver:
    """A file object over a source, to open as a disk."""

    source: Source
    position: int = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        self.position = offset + (0, self.position, self.source.size)[whence]
        return self.position

    def tell(self) -> int:
        return self.position

    def read(self, size: int = -1) -> bytes:
        data = self.source.read_at(self.position, size if size >= 0 else self.source.size - self.position)
        self.position += len(data)
        return data


def smallest(some: Iterable[Case]) -> list[Case]:
    """Cases, those first whose last file is shortest."""
    return sorted(some, key=lambda case: (_length(case.id), case.id))


@cache
def _length(case_id: str) -> int:
    case = next(case for case in all_cases() if case.id == case_id)
    return case.expand()[-1].length

"""Every conformance case is opened to be written: it is refused and left as it is, or written and sound afterwards."""

from __future__ import annotations

import random
from contextlib import nullcontext, suppress
from itertools import pairwise
from pathlib import Path

import pytest

import vhdx_runtime as vhdx
from tests.support.cases import all_cases
from tests.support.sampling import sampled
from tests.write.images import MIB
from tests.write.test_model import require_sound
from vhdx_runtime.conformance.cases import Case
from vhdx_runtime.write.disk import WritableDisk

CASES = {case.id: case for case in all_cases()}
SMALL = 64 * MIB  # disks and files that are compared as a whole
DAMAGED_PARENT = ("chain-parent-block-cut-off",)  # what is left to it cannot be read
WITHOUT_LOG = ("no-log-at-all",)  # reads, and cannot be written
SAMPLE = (
    "offset-kept-not-present-dynamic", "region-unknown-cut-off", "region-unknown-wraps-to-0", "anchor-unmapped-dynamic",
    "anchor-unmapped-differencing", *DAMAGED_PARENT, *WITHOUT_LOG,
)  # fmt: skip


@pytest.mark.parametrize("case_id", sampled(CASES, *SAMPLE))
def test_a_case_is_refused_untouched_or_written_and_sound(case_id: str, tmp_path: Path) -> None:
    case = CASES[case_id]
    built = case.build(tmp_path)
    path = built.opened
    files = {one: one.read_bytes() for one in built.paths if one.stat().st_size <= SMALL}
    folders = [path.parent / name for name in case.open.parent_dirs if (path.parent / name).is_dir()]
    disk: WritableDisk | None = None
    try:
        disk = vhdx.open(path, mode="r+", parent_dirs=folders)
    except vhdx.VhdxError:
        assert case.expect != "read" or case_id in WITHOUT_LOG or _is_forbidden(case), "a sound case is refused"
    if disk:
        with suppress(vhdx.VhdxError) if case_id in DAMAGED_PARENT else nullcontext():
            _write(disk, case_id)
            with vhdx.open(path, parent_dirs=folders) as again:
                _compare(again, case_id)
        if path.stat().st_size <= 4 * SMALL:
            require_sound(path.read_bytes(), "clean")
        files.pop(path, None)
    assert {one: one.read_bytes() for one in files} == files


def test_a_refusal_names_what_saves_the_disk_first_and_applies_nothing(tmp_path: Path) -> None:
    path = CASES["reserved-bits-all"].build(tmp_path).opened
    with pytest.raises(vhdx.VhdxError, match="cannot be written, as it is damaged") as caught:
        vhdx.open(path, mode="r+")
    assert caught.value.hint.startswith(f"`vhdx convert --salvage {path} new.vhdx`")
    assert "--apply" not in caught.value.hint


def _is_forbidden(case: Case) -> bool:
    """Whether a case reads although something is wrong with it, so that it may not be written."""
    return bool(case.findings) or case.open != type(case.open)()


def _writes(size: int, case_id: str) -> list[tuple[int, bytes]]:
    chance = random.Random(case_id)
    found = []
    for _ in range(12):
        offset = chance.randrange(size)
        length = min(size - offset, chance.choice((1, 512, 5000, MIB, 3 * MIB) if size <= SMALL else (1, 5000)))
        found.append((offset, chance.choice((bytes(length), chance.randbytes(length)))))
    return found


def _write(disk: WritableDisk, case_id: str) -> None:
    with disk:
        for number, (offset, data) in enumerate(_writes(disk.size, case_id)):
            if any(data) or number % 2:
                disk.write_at(offset, data)
            else:
                disk.zero(offset, len(data))
            if number % 3 == 0:
                disk.flush()


def _compare(disk: vhdx.VirtualDisk, case_id: str) -> None:
    """What was written is there, whatever of it was not written over."""
    writes = _writes(disk.size, case_id)
    for number, (offset, data) in enumerate(writes):
        later = [(start, start + len(other)) for start, other in writes[number + 1 :]]
        found = disk.read_at(offset, len(data))
        edges = sorted({offset, offset + len(data), *(edge for span in later for edge in span)})
        for low, high in pairwise(edges):
            if offset <= low < high <= offset + len(data) and not any(s <= low < e for s, e in later):
                assert found[low - offset : high - offset] == data[low - offset : high - offset]

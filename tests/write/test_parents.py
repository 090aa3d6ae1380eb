"""Every conformance case is asked to be a parent: one that is damaged, dirty or reads in part gets no child."""

from __future__ import annotations

from pathlib import Path

import pytest
from crc32c import crc32c

import vhdx_runtime as vhdx
from tests.support.cases import all_cases
from tests.support.sampling import sampled
from vhdx_runtime.conformance.cases import Case

CASES = {case.id: case for case in all_cases()}
SMALL = 64 << 20  # files that are compared as a whole
ODD_SECTORS = ("sectors-physical-wrong-0", "sectors-physical-wrong-8192")  # the child needs others, which may be given
NAMELESS = ("nil-data-write-guid",)  # no child can say which file it is
SAMPLE = (
    *NAMELESS,
    "block-outside-the-file", "reserved-bits-lowest", "state-4-fixed-512-last", "bitmap-missing", "log-holds-bat",
    "chain-parent-dirty", "two-blocks-at-one-place", "torn-newer-header-is-clean", "block-on-the-log",
)  # fmt: skip


@pytest.mark.parametrize("case_id", sampled(CASES, *SAMPLE))
def test_a_case_has_a_child_only_if_it_is_sound(case_id: str, tmp_path: Path) -> None:
    case = CASES[case_id]
    built = case.build(tmp_path)
    files = {one: one.read_bytes() for one in built.paths if one.stat().st_size <= SMALL}
    before = sorted(tmp_path.rglob("*"))
    folders = [built.opened.parent / name for name in case.open.parent_dirs if (built.opened.parent / name).is_dir()]
    child = tmp_path / "made for it"
    size = 4096 if case_id in ODD_SECTORS else None
    is_broken = case.expect in ("refuse", "read-degraded") or is_dirty(built.opened) or "CHN-007" in case.findings
    is_broken |= case_id in NAMELESS
    refusal = None
    try:
        vhdx.create(child, parent=built.opened, parent_dirs=folders, physical_sector_size=size)
    except vhdx.VhdxError as error:
        refusal = error
    if refusal:
        assert is_broken or not is_plain(case), f"a sound case is refused: {refusal}"
        assert sorted(tmp_path.rglob("*")) == before, "a part of the child is left"
        assert refusal.hint or "`vhdx" in str(refusal), f"no next step: {refusal}"
    else:
        assert not is_broken, "it was taken"
        with vhdx.open(child, parent_dirs=[built.opened.parent, *folders]) as made:
            found = made.read_at(0, SMALL)
        with vhdx.open(built.opened, parent_dirs=folders) as own:
            assert own.read_at(0, SMALL) == found
    assert {one: one.read_bytes() for one in files} == files


def is_dirty(path: Path) -> bool:
    """Whether the current header names a log to be replayed."""
    with open(path, "rb") as file:
        raw = file.read(132 << 10)
    headers = [raw[at : at + 4096] for at in (64 << 10, 128 << 10)]
    sound = [one for one in headers if one[:4] == b"head" and crc32c(one[:4] + bytes(4) + one[8:]) == word(one, 4, 4)]
    return bool(sound) and any(max(sound, key=lambda one: word(one, 8, 8))[48:64])


def word(raw: bytes, offset: int, length: int) -> int:
    """An unsigned number."""
    return int.from_bytes(raw[offset : offset + length], "little")


def is_plain(case: Case) -> bool:
    """Whether nothing is wrong with a case, and no wish is needed to open it."""
    return case.expect == "read" and not case.findings and case.open == type(case.open)()

"""The repr of everything public is one short line: a debugger, a log or a traceback shows it of a stranger's file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import vhdx_runtime as vhdx
from tests.attacks.amplifiers import LINKAGE, MIB, File, entries_on_one_block
from vhdx_runtime.check import check_image
from vhdx_runtime.inspect import tree
from vhdx_runtime.repair.plan import Wishes
from vhdx_runtime.repair.planning import make_plan

LONGEST = 600


def public(path: Path) -> dict[str, Any]:
    """An object of each public name, and what hangs on it."""
    disk = vhdx.open(path, without_parent=True)
    image, found = disk.image, next(disk.ranges())
    report, plan = check_image(image), make_plan(image, Wishes(lossy=True))
    values = {"VirtualDisk": disk, "Image": image, "Range": found, "Chain": disk.chain, "Report": report, "Plan": plan}
    values |= {f"image.{name}": getattr(image, name) for name in image.__dataclass_fields__}
    values |= {f"report.{name}": getattr(report, name) for name in ("guest", "findings") if hasattr(report, name)}
    values |= {"ChangeSet": plan.changes, "Node": tree(image), "Place": report.findings[0].place}
    made = path.with_name("made\n.vhdx")
    vhdx.create(made, size=MIB, force=True)
    with vhdx.open(made, mode="r+") as writable:
        values["WritableDisk"] = writable
    values |= {"Finding": report.findings[0], "header": image.headers.copies[0], "placed": image.headers.current}
    return values


@pytest.mark.parametrize("kind", ["path", "bytes"])
def test_a_repr_is_one_short_line(kind: str, tmp_path: Path) -> None:
    path = entries_on_one_block(tmp_path / "x\n.vhdx")
    for name, value in public(path).items():
        if isinstance(value, list | tuple) and type(value) in (list, tuple):
            value = value[0] if value else None
        assert "\n" not in repr(value), name
        assert len(repr(value)) <= LONGEST, (name, len(repr(value)))
    with vhdx.open(path.read_bytes()) as memory:
        assert len(repr(memory.image.source)) <= LONGEST


def test_an_error_is_one_line(tmp_path: Path) -> None:
    pairs = (("parent_linkage", LINKAGE), ("relative_path", "line\nbreak" * 2000))
    path = File(8 * MIB, pairs=pairs).write(tmp_path / "x\n.vhdx", 4 * MIB)
    with pytest.raises(vhdx.VhdxError) as caught:
        vhdx.open(path)
    assert "\n" not in repr(caught.value)


def test_every_public_name_is_looked_at(tmp_path: Path) -> None:
    kinds = {type(value).__name__ for value in public(entries_on_one_block(tmp_path / "x.vhdx")).values()}
    values = {name for name in vhdx.__all__ if isinstance(getattr(vhdx, name), type)}
    assert {name for name in values if not name.endswith("Error")} <= kinds

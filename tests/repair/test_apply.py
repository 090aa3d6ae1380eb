"""What apply leaves behind: the same disk, also after a crash, and never a file that nobody asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import vhdx_runtime as vhdx
from tests.cli.support import unlike
from tests.repair.support import FileOver, current_header, planned
from tests.support.cases import all_cases
from tests.support.sampling import sampled
from vhdx_runtime.change import undo
from vhdx_runtime.change.change_set import AUTO
from vhdx_runtime.codec.source import BytesSource
from vhdx_runtime.conformance import (
    Bat,
    Block,
    BytesOverride,
    FieldOverride,
    Fill,
    HeaderCopy,
    Hide,
    Log,
    LogEntry,
    Recipe,
    RegionTables,
    expand,
)
from vhdx_runtime.errors import FormatError, IntegrityError, VhdxError
from vhdx_runtime.repair.apply import apply
from vhdx_runtime.repair.plan import Plan, Repair, Wishes
from vhdx_runtime.repair.planning import make_plan
from vhdx_runtime.write.operation import Operation, Write
from vhdx_runtime.write.patch import Patch
from vhdx_runtime.write.recording import Recording, crashes
from vhdx_runtime.write.target import FileTarget

KIB, MIB = 1 << 10, 1 << 20
TABLE = 3 * MIB  # the block allocation table of these recipes
BLOCKS = Bat((Block(0), Block(1, fills=(Fill(0, 5000),)), Block(3)))
RESERVED = FieldOverride("bat[0]", "reserved", 5)
NO_ROOM = (HeaderCopy(1, log_length=0, log_offset=0), HeaderCopy(2, log_length=0, log_offset=0))
LOSSLESS = {
    "log": Recipe(bat=BLOCKS, log=Log((LogEntry((Hide("bat"),)), LogEntry((Hide("payload[0]", 0, 8 * KIB),))))),
    "header": Recipe(bat=BLOCKS, headers=(HeaderCopy(1), HeaderCopy(2, damage="torn"))),
    "region table": Recipe(bat=BLOCKS, regions=RegionTables(damage=("bad_checksum", "none"))),
    "required bits": Recipe(bat=BLOCKS, regions=RegionTables(known_required=False)),
    "table": Recipe(bat=BLOCKS, overrides=(RESERVED,)),
    "table without a log": Recipe(bat=BLOCKS, headers=NO_ROOM, overrides=(RESERVED,)),
    "all at once": Recipe(
        bat=BLOCKS,
        headers=(HeaderCopy(1, damage="bad_checksum"), HeaderCopy(2)),
        regions=RegionTables(known_required=False),
        overrides=(RESERVED,),
        log=Log((LogEntry((Hide("bat"),)),)),
    ),
}


def image_of(recipe: Recipe) -> tuple[bytes, bytes]:
    """A file and the bytes of its disk by the model."""
    made = expand(recipe)
    return made.to_bytes(), made.expected.read(0, made.expected.size)


def applied(data: bytes, undo_path: Path, wanted: Wishes | None = None) -> tuple[Plan, Recording]:
    """Plan and carry out in memory."""
    plan, recording = planned(BytesSource(data), wanted), Recording(data)
    outcome = apply(plan, recording, undo_path)
    assert not outcome.failure
    return plan, recording


def disk_of(recording: Recording) -> bytes:
    """All that the guest reads."""
    with vhdx.open(FileOver(recording)) as disk:  # type: ignore[arg-type]
        return disk.read_at(0, disk.size)


@pytest.mark.parametrize("name", sampled(LOSSLESS, "log", "table"))
def test_a_lossless_repair_cut_off_anywhere_leaves_the_disk_of_the_model(name: str, tmp_path: Path) -> None:
    data, disk = image_of(LOSSLESS[name])
    plan, recording = applied(data, tmp_path / "undo")
    assert plan.steps
    assert not plan.after.is_serious
    kept, states = undo.load(tmp_path / "undo"), set()
    for label, left in crashes(data, recording.events):
        assert disk_of(left) == disk, label
        assert current_header(left)["data"] == current_header(BytesSource(data))["data"], label
        states.add(planned(left).before.conclusion)
        undo.restore(kept, left)
        assert left.content() == data, label
    assert plan.before.conclusion in states
    assert plan.after.conclusion in states


@pytest.mark.parametrize("name", LOSSLESS)
def test_a_repaired_file_has_nothing_left_to_plan(name: str, tmp_path: Path) -> None:
    data, disk = image_of(LOSSLESS[name])
    plan, recording = applied(data, tmp_path / "undo")
    again = planned(recording)
    assert not again.changes.operations
    assert again.before.totals == plan.after.totals
    assert disk_of(recording) == disk
    header = current_header(recording)
    assert header["number"] > current_header(BytesSource(data))["number"]
    assert not any(header["log"])


def test_what_a_lossy_repair_gives_up_is_all_that_changes(tmp_path: Path) -> None:
    data, disk = image_of(Recipe(bat=BLOCKS))
    damaged = bytearray(data)
    damaged[TABLE + 8 : TABLE + 16] = (6 | 2 * MIB).to_bytes(8, "little")  # block 1 on the metadata region
    plan, recording = applied(bytes(damaged), tmp_path / "undo", Wishes(lossy=True))
    before, after = disk_of(Recording(bytes(damaged))), disk_of(recording)
    assert [(start, end - start) for start, end in plan.changes.changed] == list(unlike(before, after)) != []
    assert any("0x100000 to 0x200000" in step.repair.loses for step in plan.steps)
    assert after == disk[:MIB] + bytes(MIB) + disk[2 * MIB :]
    assert current_header(recording)["data"] != current_header(BytesSource(data))["data"]
    again = planned(BytesSource(bytes(damaged)))
    assert not again.changes.operations, "nothing is given up unasked"
    assert {item.reason for item in again.declined} == {"gives something up: --lossy"}


def test_a_plan_for_another_state_of_the_file_is_refused(tmp_path: Path) -> None:
    data, _ = image_of(LOSSLESS["table"])
    plan = planned(BytesSource(data))
    for at in (100, 64 * KIB + 20, TABLE + 9):  # identifier, header, beside what is written
        other = Recording(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(IntegrityError, match="has changed"):
            apply(plan, other, tmp_path / "undo")
        assert not other.events
    with pytest.raises(IntegrityError, match="has changed"):
        apply(plan, Recording(data + bytes(512)), tmp_path / "undo")
    assert not list(tmp_path.iterdir())


def test_a_file_written_since_the_plan_was_made_is_refused(tmp_path: Path) -> None:
    path = expand(LOSSLESS["table"]).write(tmp_path)
    plan = planned(path)
    with path.open("r+b") as file:
        file.seek(5 * MIB)  # far from all that is written
        file.write(b"x")
    with FileTarget(path) as target, pytest.raises(IntegrityError, match="has changed"):
        apply(plan, target, tmp_path / "undo")
    plan.changes.image.close()


def test_a_disk_that_reads_otherwise_is_put_back_at_once(tmp_path: Path) -> None:
    data, disk = image_of(LOSSLESS["table"])
    plan, recording = planned(BytesSource(data)), Recording(data)
    operations = (*plan.changes.operations, Write(4 * MIB, b"\xff" * 4096))
    changes = replace(plan.changes, operations=operations, digest=with_digest(operations, data))
    spoiled = replace(plan, changes=changes)
    outcome = apply(spoiled, recording, tmp_path / "undo")
    assert "would read something else from 0x0" in outcome.failure
    assert outcome.report is None
    assert recording.content() == data
    assert disk_of(recording) == disk


def with_digest(operations: Sequence[Operation], data: bytes) -> str:
    """The digest of changes that were tampered with."""
    from vhdx_runtime.change.change_set import fingerprint
    from vhdx_runtime.write.operation import touched

    return fingerprint(BytesSource(data), touched(operations, len(data)))


class Full(Recording):
    """A file on a medium that fails at the given write, once."""

    fails_at = 0

    def write_at(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        self.fails_at -= 1
        if self.fails_at == 0:
            raise OSError(28, "No space left on device")
        super().write_at(offset, data)


@pytest.mark.parametrize("number", [1, 2, 4, 6])
def test_a_failed_write_puts_the_file_back(number: int, tmp_path: Path) -> None:
    data, _ = image_of(LOSSLESS["all at once"])
    target = Full(data)
    target.fails_at = number
    outcome = apply(planned(BytesSource(data)), target, tmp_path / "undo")
    assert "No space left" in outcome.failure
    assert target.content() == data


def test_without_a_log_the_spare_region_table_is_written_first(tmp_path: Path) -> None:
    data, _ = image_of(replace(LOSSLESS["required bits"], headers=NO_ROOM))
    _, recording = applied(data, tmp_path / "undo")
    writes = [event.offset for event in recording.events if event.kind == "write"]
    flushes = [n for n, event in enumerate(recording.events) if event.kind == "flush"]
    tables = [offset for offset in writes if 0x30000 <= offset < 0x50000]
    assert tables == [0x40000, 0x30000]
    first, second = (
        next(n for n, e in enumerate(recording.events) if e.kind == "write" and e.offset == at) for at in tables
    )
    assert any(first < flush < second for flush in flushes)


def test_a_log_in_which_a_block_lies_is_not_written(tmp_path: Path) -> None:
    data, _ = image_of(LOSSLESS["table"])
    damaged = bytearray(data)
    damaged[TABLE + 8 : TABLE + 16] = (6 | MIB).to_bytes(8, "little")  # block 1 on the log
    _, recording = applied(bytes(damaged), tmp_path / "undo")
    written = [event.offset for event in recording.events if event.kind == "write"]
    assert TABLE in written
    assert not [offset for offset in written if MIB <= offset < 2 * MIB]


def test_a_repair_that_would_change_the_disk_is_turned_down(monkeypatch: pytest.MonkeyPatch) -> None:
    from vhdx_runtime.repair import planning

    bad = Repair(("BAT-002",), "a planner's mistake", AUTO, patches=(Patch(4 * MIB, b"\xff" * 8),))
    monkeypatch.setattr(planning, "REST", (lambda image, report: iter([bad]),))
    plan = planned(BytesSource(image_of(LOSSLESS["table"])[0]))
    assert not plan.changes.operations
    assert [item.reason for item in plan.declined] == ["would change what the guest reads at 0x0 to 0x200"]


def test_a_plan_is_made_for_every_case_and_never_raises(tmp_path: Path) -> None:
    rules = frozenset(rule for case in all_cases() for rule in case.findings)
    count = 0
    for case in all_cases()[::9]:
        made = case.expand()[-1]
        if made.length > 64 * MIB:
            continue
        for wanted in (None, Wishes(offered=rules, lossy=True)):
            plan = planned(BytesSource(made.to_bytes()), wanted)
            assert set(plan.after.totals) == {item.finding.rule for item in plan.unmended}, case.id
            assert all(item.reason for item in plan.unmended), case.id
            assert bool(plan.changes.operations) == bool(plan.steps), case.id
        count += 1
    assert count > 55


def test_overridden_bytes_are_shown_as_they_were_and_as_they_will_be() -> None:
    data, _ = image_of(Recipe(bat=BLOCKS, overrides=(BytesOverride("bat[0]", 0, b"\x0e"), RESERVED)))
    (step,) = planned(BytesSource(data)).steps
    assert step.patches == step.repair.patches
    for patch, old in zip(step.patches, step.old, strict=True):
        assert data[patch.file_offset : patch.end] == old != patch.data


@pytest.mark.parametrize("name", LOSSLESS)
def test_a_plan_shows_every_byte_that_will_differ_outside_the_log(name: str, tmp_path: Path) -> None:
    data, _ = image_of(LOSSLESS[name])
    plan, recording = applied(data, tmp_path / "undo")
    shown = bytearray(data)
    for step in plan.steps:
        for patch, old in zip(step.patches, step.old, strict=True):
            assert shown[patch.file_offset : patch.end] == old
            shown[patch.file_offset : patch.end] = patch.data
    for patch, old in plan.changes.headers:
        assert data[patch.file_offset : patch.end] == old
        shown[patch.file_offset : patch.end] = patch.data
    after = recording.content()
    assert shown[:MIB] + shown[2 * MIB :] == after[:MIB] + after[2 * MIB :]


def test_garbage_is_planned_without_a_word() -> None:
    for data in (b"", b"vhdxfile", bytes(5 * MIB), b"\xff" * (MIB + 3)):
        assert not planned(BytesSource(data)).changes.operations


def test_a_parent_that_is_no_file_is_refused(tmp_path: Path) -> None:
    from vhdx_runtime.disk.image import load_image

    with pytest.raises((FormatError, VhdxError)):
        make_plan(load_image(BytesSource(bytes(MIB))), Wishes(parents=(tmp_path / "nowhere",)))

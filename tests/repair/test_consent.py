"""What a finding says of its repair is what the plan asks for, and nothing is given up without consent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from vhdx_format.rules import RULES

import vhdx_runtime
from tests.damage.consent import judged
from tests.damage.truth import of_model
from tests.repair.support import planned
from tests.support.cases import all_cases
from tests.support.sampling import sampled
from vhdx_runtime.change import undo
from vhdx_runtime.change.guest import differences
from vhdx_runtime.codec.source import BytesSource, open_source
from vhdx_runtime.conformance import Bat, Block, Geometry, HeaderCopy, Hide, Log, LogEntry, Recipe, expand
from vhdx_runtime.conformance.cases import Case
from vhdx_runtime.disk.image import load_image
from vhdx_runtime.repair.apply import apply
from vhdx_runtime.repair.plan import Plan, Wishes
from vhdx_runtime.repair.planning import make_plan
from vhdx_runtime.write.operation import touched
from vhdx_runtime.write.recording import Recording

EVERY_RULE = frozenset(RULES)
MIB = 1 << 20
ASKS = ("offered", "lossy", "manual")
ORDER = ("auto", "offered", "lossy", "no")
GROUPS = 8

# Where the file named as parent has no DataWriteGuid, which only the plan sees.
EXCEPT = {("chain-nil-linkage", "CHN-002"), ("chain-nil-linkage2", "CHN-002")}


def plans_of(case: Case, folder: Path) -> tuple[Plan, ...]:
    """Without consent, with all that is offered, and with all; the parent named where there is one."""
    built = case.build(folder)
    parents = tuple(built.paths[-2:-1]) if len(case.files) > 1 else ()
    made = []
    for offered, lossy in ((frozenset[str](), False), (EVERY_RULE, False), (EVERY_RULE, True)):
        wanted = Wishes(offered=offered, lossy=lossy, parents=parents)
        made.append(make_plan(load_image(open_source(built.opened)), wanted))
    return tuple(made)


def given_up(case: Case, plan: Plan) -> Iterator[str]:
    """What a plan without consent makes final that was not, or gives bytes for.

    A file that could not be opened may be opened after it. But whatever refused it and needs somebody's word is still
    refused then, and the guest bytes are those of the recipe.
    """
    if plan.changes.is_comparable:
        found = differences(
            plan.changes.image, plan.changes.preview, touched(plan.changes.operations, plan.changes.image.source.size)
        )
        if found.changed or found.gained:
            yield f"without consent {found.changed} read otherwise, and {found.gained} can be read"
    elif plan.steps and not plan.after.refused:
        refusing = {item.rule for item in plan.before.findings if item.verdict == "refuse" and item.repair in ASKS}
        if refusing:
            yield f"can be opened without consent, and could not for {sorted(refusing)}"
        files = case.expand()
        found_then = judged(files[-1].to_bytes(), [one.to_bytes() for one in files[:-1]], of_model(files[-1].expected))
        if found_then.faults:
            yield f"can be opened without consent: {found_then.faults}"


def mismatches(case: Case, folder: Path) -> Iterator[str]:
    """Rules whose findings say something else than the plans ask."""
    plans = plans_of(case, folder)
    yield from (f"{case.id}: {said}" for said in given_up(case, plans[0]))
    said: dict[str, set[str]] = defaultdict(set)
    for finding in plans[0].before.findings:
        said[finding.rule].add("no" if finding.repair == "manual" else finding.repair)
    for rule, words in said.items():
        most = max(words, key=ORDER.index)
        asked = next((word for word, plan in zip(ORDER, plans, strict=False) if rule not in plan.after.totals), "no")
        if most != "no" and asked != most and (case.id, rule) not in EXCEPT:
            reasons = [item.reason for item in plans[0].unmended if item.finding.rule == rule]
            if most == "offered" and all("--set" in reason for reason in reasons):
                continue  # consent alone is not enough: somebody has to say what the file does not
            yield f"{case.id}: {rule} says {sorted(words)}, the plan asks {asked}: {reasons}"
    for item in plans[0].unmended:
        if item.reason.startswith("needs consent") and item.finding.repair != "offered":
            yield f"{case.id}: {item.finding.rule} says {item.finding.repair}, the plan: {item.reason}"
        if item.reason.startswith("gives something up") and item.finding.repair != "lossy":
            yield f"{case.id}: {item.finding.rule} says {item.finding.repair}, the plan: {item.reason}"


@pytest.mark.parametrize("group", sampled(range(GROUPS), 4))
def test_what_a_finding_says_is_what_the_plan_asks(group: int, tmp_path: Path) -> None:
    wrong: list[str] = []
    for case in all_cases()[group::GROUPS]:
        (tmp_path / case.id).mkdir()
        wrong += mismatches(case, tmp_path / case.id)
    assert not wrong, "\n".join(wrong)


TABLE, SECTOR, PAGE = 3 << 20, 512, 4096
CHUNK_RATIO = (1 << 23) * 512 // (1 << 20)  # of blocks of 1 MiB; the bitmap's entry stands behind those of its chunk
BLOCKS = Recipe(
    geometry=Geometry(virtual_disk_size=200 << 20, block_size=1 << 20), bat=Bat(tuple(map(Block, range(90))))
)
FILLERS = {
    "0xFF": b"\xff" * SECTOR,
    "text": (b"the quick brown fox jumps over the lazy dog " * 12)[:SECTOR],
    "UTF-16": ("the quick brown fox jumps over the dog. " * 8).encode("utf-16-le")[:SECTOR],
    "pattern": bytes.fromhex("deadbeef") * (SECTOR // 4),
}


@pytest.mark.parametrize("name", FILLERS)
def test_filler_in_the_table_is_left_and_given_up_with_consent_alone(name: str) -> None:
    data = bytearray(expand(BLOCKS).to_bytes())
    data[TABLE : TABLE + SECTOR] = FILLERS[name]
    plan = planned(BytesSource(bytes(data)))
    assert plan.changes.preview.view.read_at(TABLE, SECTOR) == FILLERS[name]
    assert {finding.repair for finding in plan.before.findings if finding.rule == "BAT-002"} == {"lossy"}
    plan = planned(BytesSource(bytes(data)), Wishes(offered=EVERY_RULE, lossy=True))
    assert plan.changes.changed == ((0, 64 << 20),)


CUT = {  # where the file ends
    "in a block": (Recipe(bat=BLOCKS.bat, geometry=BLOCKS.geometry), (60 << 20) + 700),
    "between blocks": (Recipe(bat=BLOCKS.bat, geometry=BLOCKS.geometry), 60 << 20),
    "in the table": (Recipe(bat=BLOCKS.bat, geometry=BLOCKS.geometry), TABLE + 100),
}


@pytest.mark.parametrize("name", CUT)
def test_a_file_that_is_cut_off_is_lengthened_by_the_repair_of_what_is_cut(name: str) -> None:
    recipe, size = CUT[name]
    data = expand(recipe).to_bytes()[:size]
    plan = planned(BytesSource(data))
    assert not plan.changes.operations, [step.repair.summary for step in plan.steps]
    reasons = {item.reason for item in plan.declined}
    assert all("--lossy" in reason for reason in reasons), reasons
    plan = planned(BytesSource(data), Wishes(offered=EVERY_RULE))
    assert not plan.changes.operations, "no rule's consent will do"


def test_places_that_only_the_cut_makes_wrong_are_left() -> None:
    data = bytearray(expand(BLOCKS).to_bytes())
    for index, word in ((100, 3 | 92 << 20), (101, 1 | 93 << 20)):  # kept places behind the end that the cut makes
        data[TABLE + 8 * index : TABLE + 8 * index + 8] = word.to_bytes(8, "little")
    cut = bytes(data[: 50 << 20])
    plan = planned(BytesSource(cut))
    assert "BAT-015" in plan.before.totals
    assert not plan.changes.operations
    assert {item.finding.repair for item in plan.unmended if item.finding.rule == "BAT-015"} == {"manual"}
    alone = bytes(data)  # where nothing else lies behind the end, it is no cut that made them wrong
    assert ("BAT-015",) in [step.repair.rules for step in planned(BytesSource(alone)).steps]


def test_a_log_that_is_not_needed_gets_no_place_over_blocks_that_are_cut_off() -> None:
    moved = (HeaderCopy(1, log_offset=200 << 20), HeaderCopy(2, log_offset=200 << 20))
    data = expand(Recipe(bat=BLOCKS.bat, geometry=BLOCKS.geometry, headers=moved)).to_bytes()[: 60 << 20]
    plan = planned(BytesSource(data))
    assert "HDR-011" in plan.before.totals
    assert not plan.changes.operations
    plan = planned(BytesSource(data), Wishes(offered=EVERY_RULE))
    assert plan.changes.preview.log.offset >= 94 << 20


@pytest.mark.parametrize(("offset", "length"), [((200 << 20) + PAGE, 1 << 20), (200 << 20, (1 << 20) + PAGE)])
def test_an_unaligned_log_outside_the_file_is_left_to_somebody_and_says_so(offset: int, length: int) -> None:
    moved = (HeaderCopy(1, log_offset=offset, log_length=length), HeaderCopy(2, log_offset=offset, log_length=length))
    data = expand(Recipe(bat=BLOCKS.bat, geometry=BLOCKS.geometry, headers=moved)).to_bytes()
    plan = planned(BytesSource(data), Wishes(offered=EVERY_RULE, lossy=True))
    assert {item.repair for item in plan.before.findings if item.rule == "HDR-011"} == {"manual"}
    assert not plan.changes.operations


@pytest.mark.parametrize("name", ["zeros", *FILLERS])
def test_a_wiped_bitmap_takes_no_place_from_a_block_without_consent(name: str) -> None:
    geometry = Geometry(disk_type="differencing", virtual_disk_size=4 << 20)
    child = Recipe("child", geometry=geometry, bat=Bat((Block(0, state=7, sectors=((0, 8),)),)))
    data = bytearray(expand(child, expand(Recipe("base", geometry=Geometry(virtual_disk_size=4 << 20)))).to_bytes())
    entry = TABLE + 8 * CHUNK_RATIO
    at = int.from_bytes(data[entry : entry + 8], "little") >> 20 << 20
    assert data[at], "the bitmap says that sectors are here"
    data[at : at + SECTOR] = FILLERS.get(name, bytes(SECTOR))
    plan = planned(BytesSource(bytes(data)))
    assert ("SBM-003" in plan.before.totals) == (name in ("zeros", "0xFF"))
    assert not plan.changes.operations, [step.repair.summary for step in plan.steps]
    # Of a block that holds data, and of which no bit is set, the bits are lost: its place is not let go.
    asked = {item.repair for item in plan.before.findings if item.rule == "SBM-003"}
    assert asked == {"zeros": {"no"}, "0xFF": {"offered"}}.get(name, set())
    if name == "zeros":
        assert not planned(BytesSource(bytes(data)), Wishes(offered={"SBM-003"}, lossy=True)).changes.operations


@pytest.mark.parametrize("end", range(4 * MIB, 7 * MIB, MIB // 2))
def test_a_log_is_committed_over_a_cut_through_partial_blocks_and_bitmaps(end: int, tmp_path: Path) -> None:
    """What the plan shows is what the file is then: zeros, where the replayed log lacks bytes that are cut off."""
    geometry = Geometry(disk_type="differencing", virtual_disk_size=4 * MIB)
    blocks = Bat((Block(0), Block(1, state=7, sectors=((0, 8),))))
    child = Recipe(
        "child", geometry=geometry, bat=blocks, log=Log(entries=(LogEntry(updates=(Hide("bat"),), tail="self"),))
    )
    data = expand(child, expand(Recipe("base", geometry=Geometry(virtual_disk_size=4 * MIB)))).to_bytes()[:end]
    assert not planned(BytesSource(data), Wishes(offered=EVERY_RULE)).changes.operations
    plan, recording = planned(BytesSource(data), Wishes(offered=EVERY_RULE, lossy=True)), Recording(data)
    done = apply(plan, recording, tmp_path / "undo")
    assert not done.failure
    assert done.report is not None
    assert (done.report.state, plan.after.state) == ("healthy", "healthy")
    undo.restore(undo.load(tmp_path / "undo"), recording)
    assert recording.content() == data


HEADERS = (0x10000, 0x20000)
NOBODY, THIS, OTHER = (UUID(int=number) for number in (0, 0x1111, 0x2222))
HIDES = LogEntry(updates=(Hide("bat"),), tail="self")


def of_header_2(lost: int, entry: LogEntry = HIDES, other: UUID = NOBODY) -> tuple[bytes, bytes]:
    """A file whose header 2 alone names the log, with one header wiped; and the disk."""
    named = (HeaderCopy(1, log_guid=str(other)), HeaderCopy(2))
    log = Log(entries=(entry,), guid=str(THIS))
    made = expand(Recipe(bat=Bat((Block(0), Block(2))), headers=named, log=log))
    data = bytearray(made.to_bytes())
    data[HEADERS[lost - 1] : HEADERS[lost - 1] + PAGE] = bytes(PAGE)
    return bytes(data), made.expected.read(0, made.expected.size)


def disk_of(plan: Plan) -> bytes:
    view = plan.changes.preview.view
    with vhdx_runtime.open(view.read_at(0, view.size)) as disk:
        return bytes(disk.read_at(0, disk.size))


@pytest.mark.parametrize("other", [NOBODY, OTHER])
def test_a_log_that_only_the_lost_header_may_have_named_is_not_ended_without_consent(other: UUID) -> None:
    data, _ = of_header_2(lost=2, other=other)
    plan = planned(BytesSource(data))
    assert {item.repair for item in plan.before.findings if item.rule in ("HDR-001", "HDR-002", "HDR-005")} == {
        "offered"
    }
    assert not plan.changes.operations, [step.repair.summary for step in plan.steps]
    [declined] = plan.declined
    assert declined.reason == "needs consent: --offer HDR-001,HDR-002,HDR-005"
    assert f"1 entries of LogGuid {THIS}" in declined.repair.summary
    plan = planned(BytesSource(data), Wishes(offered=frozenset({"HDR-005"})))
    assert not {"HDR-001", "HDR-002", "HDR-005"} & plan.after.totals.keys()


def test_a_lost_header_is_written_anew_without_consent_where_no_log_depends_on_it() -> None:
    for data, disk in (of_header_2(lost=1), of_header_2(lost=2, entry=LogEntry(tail="self"))):
        plan = planned(BytesSource(data))
        assert "HDR-005" not in plan.after.totals
        assert disk_of(plan) == disk
        assert plan.changes.preview.log.state == "clean"


def test_what_lengthening_covers_is_a_change_of_the_disk(tmp_path: Path) -> None:
    """So that the plan says how much, and DataWriteGuid changes as the guest's bytes do."""
    whole = expand(Recipe("cut", bat=Bat((Block(0), Block(1))))).to_bytes()
    cut = BytesSource(whole[: -MIB // 2])
    image = load_image(cut)
    plan = make_plan(image, Wishes(lossy=True))
    assert sum(end - start for start, end in plan.changes.changed) == MIB // 2
    recording = Recording(whole[: -MIB // 2])
    assert not apply(plan, recording, tmp_path / "undo").failure
    before, after = image.headers.current, load_image(recording).headers.current
    assert before is not None
    assert after is not None
    assert before.fields.data_write_guid.raw != after.fields.data_write_guid.raw

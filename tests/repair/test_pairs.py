"""Two rules broken in one structure are both repaired: the repairs do not get in each other's way."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from tests.repair.pairs import combinations_of
from tests.repair.support import LOSES, REPAIRABLE, planned, wishes
from tests.support.sampling import sampled
from vhdx_runtime.change import undo
from vhdx_runtime.check import check_image
from vhdx_runtime.codec.source import BytesSource
from vhdx_runtime.conformance import Bat, Block, Geometry, Recipe, expand
from vhdx_runtime.conformance.cases import Case
from vhdx_runtime.disk.image import load_image
from vhdx_runtime.repair.apply import apply
from vhdx_runtime.repair.plan import Plan, Wishes
from vhdx_runtime.write.recording import Recording

MIB = 1 << 20
AREAS = ("HDR", "ITM", "MDT", "PLC", "RGN")
LEAST = {"HDR": 20, "ITM": 10, "MDT": 9, "PLC": 6, "RGN": 15}  # pairs that must be found, planned and repaired

# A disk of three chunks, its table at 3 MiB, and blocks 0 to 7 at 4 MiB and on: what to store at which entry.
BASE = Recipe(geometry=Geometry(virtual_disk_size=(8 << 30) + 16 * MIB), bat=Bat(tuple(Block(n) for n in range(8))))
TABLE, BLOCKS = 3 * MIB, 4 * MIB
BROKEN = {
    "BAT-002": (0, BLOCKS | 6 | 1 << 3),
    "BAT-003": (1, 5),
    "BAT-004": (2, BLOCKS + 2 * MIB | 7),
    "BAT-005": (3, 6),
    "BAT-006": (4, BLOCKS + 8 * MIB | 6),
    "BAT-008": (5, BLOCKS + 6 * MIB | 6),
    "BAT-009": (7, 2 * MIB | 6),
    "BAT-011": (4096, 6 | BLOCKS + 9 * MIB),
    "BAT-014": (9, BLOCKS),
    "BAT-015": (10, 2 * MIB | 3),
    "BAT-018": (20_000, 1),
}


@pytest.mark.parametrize("first", sampled(sorted(BROKEN)[:-1], "BAT-002"))
def test_two_broken_entries_of_one_table_are_both_repaired(first: str, tmp_path: Path) -> None:
    for second in sorted(BROKEN):
        if first < second:
            data = bytearray(expand(BASE).to_bytes())
            for index, word in (BROKEN[first], BROKEN[second]):
                data[TABLE + 8 * index : TABLE + 8 * index + 8] = word.to_bytes(8, "little")
            pair = (first, second)
            wanted = Wishes(offered=frozenset(pair), lossy=bool(LOSES.intersection(pair)))
            plan = planned(BytesSource(data), wanted)
            assert set(pair) <= set(plan.before.totals), plan.before.totals
            assert not set(pair) & set(plan.after.totals), plan.unmended
            applied_and_undone(plan, pair, tmp_path / second)


def applied_and_undone(plan: Plan, pair: tuple[str, str], undo_path: Path) -> None:
    """Carry out a plan in memory, look for the two rules, and take it back."""
    recording = Recording(plan.changes.image.source)
    assert not apply(plan, recording, undo_path).failure
    assert not set(pair) & set(check_image(load_image(recording)).totals)
    undo.restore(undo.load(undo_path), recording)
    assert not recording.changed()


@pytest.mark.parametrize("area", sampled(AREAS, "MDT"))
def test_two_broken_rules_of_one_structure_are_both_repaired(area: str, tmp_path: Path) -> None:
    repaired = []
    for pair in combinations([rule for rule in sorted(REPAIRABLE) if rule.startswith(area)], 2):
        for number, case in enumerate(combinations_of(*pair)):
            folder = tmp_path / f"{'-'.join(pair)}-{number}"
            folder.mkdir()
            if is_repaired(case, pair, folder):
                repaired.append(pair)
                break
    assert len(repaired) >= LEAST[area]


def is_repaired(case: Case, pair: tuple[str, str], folder: Path) -> bool:
    """Plan, apply, check and undo; False where the combination breaks one of the two only, or is beyond repair."""
    built = case.build(folder)
    plan = planned(built.opened, wishes(pair, case, built))
    left = {item.finding.rule: item.reason for item in plan.unmended}
    if not set(pair) <= set(plan.before.totals) or set(pair) & set(left):
        assert all(left[rule] for rule in pair if rule in left), case.id
        return False
    applied_and_undone(plan, pair, folder / "undo")
    return True

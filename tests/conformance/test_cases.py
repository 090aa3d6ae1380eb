"""The cases: our library does with each exactly what it says, and together they cover what can be covered."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from vhdx_format.rules import RULES

from tests.support.cases import all_cases
from tests.support.patience import assert_quick
from tests.support.sampling import sampled
from vhdx_runtime.conformance import Bat, Block, Fill, Recipe, RecipeError, cases, expand
from vhdx_runtime.conformance.cases import Case
from vhdx_runtime.conformance.judge import judging

CASES = all_cases()
CASES_MIN = 350
PRODUCT_MAX = 12  # what the combinations of one declaration count at most
GROUPS = 24
SMALL = Recipe(bat=Bat((Block(0, fills=(Fill(0, 16 << 10),)), Block(2, fills=(Fill(100, 5000),)))))
SMALL_PER_SECOND = 200
STORED_MAX = 8 << 20
PROVABLE = [rule for rule in RULES.values() if rule.provable.kind != "no"]


@pytest.mark.parametrize("group", sampled(range(GROUPS), *range(0, GROUPS, 2)))
def test_our_library_does_with_every_case_what_the_case_says(group: int) -> None:
    wrong = [f"{c.source}: {c.id}: {problem}" for c in CASES[group::GROUPS] if (problem := judging.judge_ours(c))]
    assert not wrong, "\n".join(wrong)


def test_there_are_enough_cases_and_no_product_stands_for_many() -> None:
    entries = Counter((case.area, case.entry) for case in CASES)
    assert sum(min(count, PRODUCT_MAX) for count in entries.values()) >= CASES_MIN
    assert {"read", "read-degraded", "refuse", "either"} == {case.expect for case in CASES}


@pytest.mark.slow
def test_no_two_cases_expand_to_the_same_bytes() -> None:
    found: dict[str, Case] = {}
    for case in CASES:
        twin = found.setdefault(cases.digest(case.expand()), case)
        assert twin is case, f"{case.source}: {case.id} has the bytes of {twin.id}"


def test_an_image_is_small_unless_its_size_is_the_point() -> None:
    """What is stored, not how long the file is."""
    stored = [sum(len(data) for made in case.expand() for _, data in made.extents) for case in CASES[::5]]
    assert sum(size <= STORED_MAX for size in stored) >= 0.95 * len(stored)


@pytest.mark.parametrize("rule", PROVABLE, ids=lambda rule: rule.id)
def test_every_rule_that_a_file_can_break_is_broken_by_a_case(rule: object) -> None:
    assert isinstance(rule, type(PROVABLE[0]))
    found = [frozenset(case.findings) for case in CASES if rule.id in case.findings]
    assert found, f"no case breaks {rule.id}"
    if rule.provable.kind == "alone":
        assert frozenset([rule.id]) in found, f"no case breaks {rule.id} alone, but {sorted(map(sorted, found))[:3]}"
    else:
        assert any({rule.id, *rule.provable.ids} <= ids for ids in found), (
            f"{rule.id}: {sorted(map(sorted, found))[:3]}"
        )
        single = [case.id for case in CASES if case.findings == (rule.id,) and len(case.files) == 1]
        assert single == [], f"{rule.id} is broken alone: it is more than provable with others"


def test_no_case_breaks_a_rule_that_no_file_can_break() -> None:
    """But a reader may refuse by one: it says where it looked for the parent that is missing."""
    silent = {rule.id for rule in RULES.values() if rule.provable.kind == "no"}
    assert {case.id: found for case in CASES if (found := silent & set(case.findings) - {case.by})} == {}


def test_a_file_is_refused_by_a_rule_that_it_breaks() -> None:
    """A parent that cannot be found or trusted is a reader's business, and stands in no list of findings."""
    for case in CASES:
        if case.by and RULES[case.by].provable.kind != "no" and RULES[case.by].scope != "chain":
            assert case.by in case.findings, case.id


def test_cases_say_what_they_are_about() -> None:
    for case in CASES:
        assert case.sections, f"{case.id} names no section of the specification"
        assert case.expect != "refuse" or case.rules, f"{case.id} names no rule"
    assert len({case.title for case in CASES}) == len(CASES), [
        title for title, count in Counter(case.title for case in CASES).items() if count > 1
    ]


@pytest.mark.slow
def test_small_images_expand_fast() -> None:
    best = float("inf")
    for _ in range(5):
        recipes = [copy.deepcopy(SMALL) for _ in range(20)]  # of new parts, of which nothing is remembered
        start = time.process_time()
        for recipe in recipes:
            expand(recipe)
        best = min(best, time.process_time() - start)
    assert_quick(best, 20 / SMALL_PER_SECOND)


@pytest.mark.parametrize("seed", sampled(["0", "1", "4711"], "4711"))
def test_the_bytes_do_not_depend_on_the_order_of_hashes(seed: str, checkout: Path) -> None:
    program = (
        "from vhdx_runtime.conformance import cases; "
        "print(*(cases.digest(case.expand()) for case in cases.load_cases()[::17]), sep='\\n')"
    )
    path = os.pathsep.join([str(checkout), str(checkout / "generated")])
    environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [cases.digest(case.expand()) for case in CASES[::17]]


def test_a_case_is_built_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = next(case for case in CASES if len(case.files) == 1 and case.expect == "read")
    made = case.expand()
    real = Path.replace

    def fail(self: Path, target: Path) -> Path:
        assert self.stat().st_size == made[0].length
        raise OSError("the disk is gone")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="gone"):
        case.build(tmp_path)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(Path, "replace", real)
    built = case.build(tmp_path)
    assert built.opened.read_bytes() == made[0].to_bytes()
    assert [path.name for path in tmp_path.iterdir()] == [built.opened.name]


BASE = """\
- id: chain
  title: t
  probes: p
  expect: read
  {over}
  files:
    - {{name: base, bat: {{blocks: [0]}}}}
    - {{name: decoy, bat: {{blocks: [0]}}}}
    - {{name: child, file_name: sub/child.vhdx, geometry: {{disk_type: differencing}}, bat: {{blocks: [1]}}}}
"""


@pytest.mark.parametrize(
    ("over", "parent"),
    [("", "decoy"), ("over: {sub/child.vhdx: base.vhdx}", "base")],
)
def test_a_child_is_over_the_file_before_it_unless_it_says_otherwise(over: str, parent: str, tmp_path: Path) -> None:
    (case,) = cases.read_cases(BASE.format(over=over), "x.yaml")
    files = {made.recipe.name: made for made in case.expand()}
    assert case.expand()[-1].expected.read(0, 4096) == files[parent].expected.read(0, 4096) != bytes(4096)
    assert case.build(tmp_path).opened == tmp_path / "sub" / "child.vhdx"


def test_a_recipe_that_cannot_be_built_is_named_with_its_case_and_line() -> None:
    text = BASE.format(over="").replace("blocks: [1]", "blocks: [1, 1]")
    (case,) = cases.read_cases(text, "cases/x.yaml")
    with pytest.raises(RecipeError, match=r"cases/x.yaml:1: chain, sub/child.vhdx: bat.blocks: block 1 is there twice"):
        case.expand()


def judged(text: str) -> str:
    (case,) = cases.read_cases(text, "x.yaml")
    return judging.judge_ours(case)


LOST = "{number: 1, state: 4}"
GOOD = "- {id: x, title: t, probes: p, expect: read, files: [{bat: {blocks: [0, 2]}}]}"
READ = "read, files: [{bat: {blocks: [0, 2]"
DEGRADED = f"read-degraded, lost: [[1 MiB, SIZE]], files: [{{bat: {{blocks: [{LOST}]"
TORN = "headers: [{sequence_number: 1, damage: torn}, {sequence_number: 2, damage: torn}]"
ZERO = "overrides: [{set: {target: 'bat[0]', field: state, value: zero}}]"
SHRUNK = "overrides: [{set: {target: virtual_disk_size, field: virtual_disk_size, value: 3 MiB}}]"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("", "", ""),
        ("expect: read", "expect: refuse, by: HDR-003", "opens, must be refused by HDR-003"),
        ("expect: read", "expect: either, reason: r", ""),
        (READ, f"either, reason: r, files: [{{{ZERO}, bat: {{blocks: [0, 2]", "byte 0x0 (in a read"),
        (READ, f"either, reason: r, unspecified: [[0, 1 MiB]], files: [{{{ZERO}, bat: {{blocks: [0, 2]", ""),
        (
            READ,
            f"read, reason: r, unspecified: [[0, 1 MiB]], files: [{{{ZERO}, bat: {{blocks: [0, 2]",
            "byte 0x0 (in a",
        ),
        (READ, f"either, reason: r, files: [{{{SHRUNK}, bat: {{blocks: [0, 2]", "3145728 bytes of disk, 4194304 exp"),
        ("expect: read", "expect: read-degraded, lost: [[0, 1 MiB]]", "can be read and is said to be lost"),
        ("[0, 2]", f"[0, {LOST}]", "the model itself says"),
        (READ, DEGRADED.replace("SIZE", "1 MiB"), ""),
        (READ, DEGRADED.replace("SIZE", "4 KiB"), "fails by BAT-003"),
        ("files: [{", f"files: [{{{TORN}, ", "refused by HDR-003, expected not at all"),
        ("files: [{", f"files: [{{{ZERO}, ", "byte 0x0 (in a read"),
        ("files: [{", f"files: [{{{SHRUNK}, ", "3145728 bytes of disk, 4194304 expected"),
    ],
)
def test_a_judgement_tells_what_is_wrong(old: str, new: str, problem: str) -> None:
    assert old in GOOD
    found = judged(GOOD.replace(old, new) if old else GOOD)
    assert problem in found
    assert bool(found) is bool(problem)

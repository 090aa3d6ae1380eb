"""The images of a folder and their labels."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vhdx_runtime.conformance import Recipe, expand
from vhdx_runtime.conformance.release.packed_image import packed
from vhdx_runtime.fuzz.judge import subjects

MADE = expand(Recipe())


def test_without_a_manifest_every_file_that_could_be_an_image_is_one(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.vhdx", "deep/a", "id_000001", "notes.md", "clusters.json", ".hidden", "deep/.part"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "c.packed").write_bytes(packed(MADE.extents, MADE.length))
    found = subjects.load(tmp_path)
    assert [(one.id, one.is_packed) for one in found] == [
        ("b.vhdx", False), ("c.packed", True), ("deep/a", False), ("id_000001", False),
    ]  # fmt: skip
    assert all(one.label is None for one in found)
    assert [one.id for one in subjects.load(tmp_path / "b.vhdx")] == ["b.vhdx"]


def manifest(folder: Path, *records: object) -> None:
    (folder / "a.vhdx").write_bytes(b"x")
    (folder / "manifest.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))


def line(name: str, verdict: str, **more: object) -> dict[str, object]:
    return {"id": name, "file": "a.vhdx", "rules": [], "deliberate": [], "expected": {"verdict": verdict}, **more}


def test_a_manifest_says_what_is_right(tmp_path: Path) -> None:
    manifest(
        tmp_path,
        line("one", "needs-replay", guest={"size": 5, "sha256": "ab" * 32}),
        line("two", "reject", deliberate=["HDR-003"], rules=["HDR-001", "HDR-003"], guest=None),
        line("three", "valid", neighbour_of="two", guest={"size": 7, "sparse_sha256": "cd" * 32}),
        line("four", "open-but-damaged", expected={"verdict": "open-but-damaged", "by": "BAT-001"}),
        line("five", "unknown"),
    )
    assert [one.label for one in subjects.load(tmp_path)] == [
        subjects.Label("needs-replay", "none", 5, "ab" * 32),
        subjects.Label("reject", "HDR-003"),
        subjects.Label("valid", "beside HDR-003", 7, "cd" * 32, is_sparse=True),
        subjects.Label("open-but-damaged", "BAT-001"),
        None,
    ]


def test_a_manifest_says_who_the_parents_are(tmp_path: Path) -> None:
    for name in "bc":
        (tmp_path / f"{name}.vhdx").write_bytes(b"x")
    manifest(
        tmp_path,
        line("child", "valid", parent="middle"),
        line("middle", "valid", parent="base", file="b.vhdx"),
        line("base", "valid", parent=None, file="c.vhdx"),
        line("orphan", "valid", parent="nobody"),
        line("loop", "valid", parent="loop"),
    )
    found = {one.id: [path.name for path in one.parents] for one in subjects.load(tmp_path)}
    assert found["child"] == ["b.vhdx", "c.vhdx"]
    assert (found["middle"], found["base"], found["orphan"]) == (["c.vhdx"], [], [])
    assert len(found["loop"]) < 100


def test_a_manifest_of_packed_images_leads_to_them_and_to_packed_parents(tmp_path: Path) -> None:
    for name in ("child", "base"):
        (tmp_path / f"{name}.vhdx.packed").write_bytes(packed(MADE.extents, MADE.length))
    records = [
        line(name, "valid", file=f"{name}.vhdx", packed=f"{name}.vhdx.packed", parent=parent)
        for name, parent in (("child", "base"), ("base", None))
    ]
    manifest(tmp_path, *records)
    child, base = subjects.load(tmp_path)
    assert (child.path.name, child.is_packed, base.is_packed) == ("child.vhdx.packed", True, True)
    assert [path.name for path in child.parents] == ["base.vhdx.packed"]
    (tmp_path / "base.vhdx").write_bytes(b"x")
    assert not subjects.load(tmp_path)[1].is_packed, "what is unpacked already is taken as it is"


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"id": "x", "file": "a.vhdx"}, "line 1: no label: 'expected'"),
        (line("x", "perhaps"), "verdict perhaps, expected one of valid"),
        (line("x", "valid", file="gone.vhdx"), "line 1: no image gone.vhdx"),
        (line("x", "valid", file="../a.vhdx"), "line 1: no label: no image ../a.vhdx"),
        ([], "line 1: no label"),
    ],
)
def test_a_manifest_that_is_wrong_is_named_with_its_line(record: object, words: str, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "a.vhdx").write_bytes(b"x")
    manifest(tmp_path / "corpus", record)
    with pytest.raises(subjects.CorpusError, match=r"manifest\.jsonl") as caught:
        subjects.load(tmp_path / "corpus")
    assert words in str(caught.value)


def test_no_two_images_have_the_same_id(tmp_path: Path) -> None:
    manifest(tmp_path, line("x", "valid"), line("x", "valid"))
    with pytest.raises(subjects.CorpusError, match="two images are called x"):
        subjects.load(tmp_path)

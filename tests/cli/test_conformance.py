"""`vhdx conformance`: what the commands print and write."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.cli.support import run, schema
from tests.support.cases import all_cases
from vhdx_runtime.conformance import cases
from vhdx_runtime.conformance.recipes import form
from vhdx_runtime.conformance.recipes.recipe import Recipe

CASES = all_cases()
SMALL = ("header-1-zeroed", "both-headers-torn")


def test_list_shows_every_case_once() -> None:
    lines = run("conformance", "list").stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [[case.id, case.expect] for case in CASES]
    assert all(line.endswith(case.title) for line, case in zip(lines, CASES, strict=True))


def test_list_takes_areas() -> None:
    found = json.loads(run("conformance", "list", "headers", "--json").stdout)
    schema("conformance-list").validate(found)
    assert [case["id"] for case in found["cases"]] == [case.id for case in CASES if case.area == "headers"]
    assert "there are bat, " in run("conformance", "list", "nonsense", code=2).stderr


def test_show_prints_the_case_as_it_can_be_read_again() -> None:
    text = run("conformance", "show", SMALL[0]).stdout
    assert text.startswith("# cases/headers.yaml:")
    shown = yaml.safe_load(text)
    assert (shown["id"], shown["expect"]) == (SMALL[0], "read")
    (recipe,) = next(case for case in CASES if case.id == SMALL[0]).files
    assert form.load_recipe(yaml.safe_dump(shown["files"][0])) == recipe != Recipe()


def test_show_as_json_is_what_the_schema_says() -> None:
    shown = json.loads(run("conformance", "show", SMALL[1], "--json").stdout)
    schema("conformance-show").validate(shown)
    assert shown["by"] == "HDR-003"


def test_a_name_that_is_none_gets_the_nearest() -> None:
    assert f"there is {SMALL[0]}" in run("conformance", "show", "header-1-zerod", code=2).stderr


def test_build_makes_a_folder_of_each_case_and_says_what_is_expected(tmp_path: Path) -> None:
    assert run("conformance", "build", tmp_path / "new", *SMALL).stdout == f"2 cases in {tmp_path / 'new'}\n"
    told = json.loads((tmp_path / "new" / "manifest.json").read_text("utf-8"))["cases"]
    assert [case["id"] for case in told] == list(SMALL)
    for case in told:
        for file in case["files"]:
            assert (tmp_path / "new" / file["image"]).stat().st_size == file["length"]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted([*SMALL, "manifest.json"])


def test_build_leaves_a_folder_alone_that_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("keep")
    assert "--force writes into it" in run("conformance", "build", tmp_path, *SMALL, code=2).stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    run("conformance", "build", tmp_path, *SMALL, "--force")
    run("conformance", "build", tmp_path, *SMALL, "--force")
    assert (tmp_path / "mine").read_text() == "keep"
    assert (tmp_path / SMALL[0]).is_dir()


def test_pack_makes_a_zip_and_replaces_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = tuple(case for case in CASES if case.id in SMALL)
    monkeypatch.setattr(cases, "load_cases", lambda areas=(): few)
    out = tmp_path / "suite.zip"
    assert run("conformance", "pack", out).stdout == f"2 cases in {out}\n"
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        assert {name.split("/")[0] for name in archive.namelist()} == {"vhdx-conformance"}
    before = out.read_bytes()
    assert "--force" in run("conformance", "pack", out, code=2).stderr
    packed = json.loads(run("conformance", "pack", out, "--force", "--json").stdout)
    schema("conformance-pack").validate(packed)
    assert (packed["cases"], packed["file"], out.read_bytes()) == (2, str(out), before)


def test_a_case_file_that_is_wrong_is_one_line_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(areas: object = ()) -> tuple[cases.Case, ...]:
        return tuple(cases.read_cases("- {id: x, titel: t}", "cases/mine.yaml"))

    monkeypatch.setattr(cases, "load_cases", broken)
    text = run("conformance", "list", code=2).stderr
    assert text.startswith("vhdx: error: cases/mine.yaml:1: no key is called titel: did you mean title?\nhint: ")

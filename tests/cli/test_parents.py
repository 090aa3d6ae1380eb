"""Every command that follows a chain says of a changed parent that it changed, and takes it on consent only."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import MIB, NEW, SAMPLE, make, make_chain, make_changed, run, run_json
from tests.support.children import BASE, CHILD
from vhdx_runtime.conformance import ParentLocator, expand_chain


@dataclass(frozen=True)
class Changed:
    """A checkpoint beside its parent, which somebody mounted and changed, and the disk of the two as they are now."""

    child: Path
    parent: Path
    disk: bytes


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    parent, child = make_changed(tmp_path)
    return Changed(child.path, parent.path, child.disk)


def without(changed: Changed, name: str, *arguments: object, code: int = 3) -> None:
    """Run a command that must refuse the changed parent, and say so."""
    said = run(name, *arguments, code=code)
    text = said.stderr if code in (2, 3) else said.output
    assert f"{changed.parent} has changed since the child was made" in text
    assert f"--accept-parent {changed.parent}" in text
    assert "not found" not in said.output + said.stderr


def with_consent(changed: Changed, name: str, *arguments: object, code: int = 0) -> Any:
    """Run a command with --accept-parent and --json; it must warn, and its JSON be as its schema says."""
    said = run(name, *arguments, "--accept-parent", changed.parent, code=code)
    warnings = [line for line in said.stderr.splitlines() if line.startswith("vhdx: warning: ")]
    assert len(warnings) == 1, said.stderr
    for part in (str(changed.parent), "has changed since", NEW, BASE.data_write_guid, "CHN-002"):
        assert part in warnings[0]
    return run_json(name, *arguments, "--accept-parent", changed.parent, code=code)


def assert_recorded(record: list[dict[str, Any]]) -> None:
    assert [(one["rule"], one["verdict"]) for one in record] == [("CHN-002", "degrade")]
    assert NEW in record[0]["message"]
    assert BASE.data_write_guid in record[0]["message"]


def test_info_shows_it_as_found_but_changed(changed: Changed) -> None:
    without(changed, "info", changed.child, code=1)
    assert "found, but changed since the child was made" in run("info", changed.child, code=1).stdout
    parent = run_json("info", changed.child, code=1)["parent"]
    assert (parent["found"], parent["state"]) == (True, "changed")
    (link,) = parent["chain"]
    assert link == {
        "file": str(changed.parent),
        "path": str(changed.parent),
        "found_by": "relative_path",
        "data_write_guid": NEW,
        "state": "changed",
    }
    found = with_consent(changed, "info", changed.child, code=1)
    assert (found["parent"]["state"], found["parent"]["chain"][0]["state"]) == ("accepted", "accepted")
    assert_recorded([one for one in found["findings"] if one["rule"].startswith("CHN")])


def test_check_is_never_healthy_over_it(changed: Changed) -> None:
    without(changed, "check", changed.child, code=1)
    without(changed, "check", "--chain", changed.child, code=1)
    (image,) = run_json("check", changed.child, code=1)["images"]
    assert (image["state"], image["parents"]) == ("unreadable", "unreadable")
    (image,) = with_consent(changed, "check", changed.child, code=1)["images"]
    assert (image["state"], image["parents"]) == ("usable", "found, not checked")
    assert_recorded([one for one in image["findings"] if one["rule"].startswith("CHN")])
    child, parent = with_consent(changed, "check", "--chain", changed.child, code=1)["images"]
    assert (child["parents"], parent["parents"], parent["state"]) == ("checked", "none", "healthy")


def test_convert(changed: Changed, tmp_path: Path) -> None:
    without(changed, "convert", changed.child, tmp_path / "out.raw")
    assert not (tmp_path / "out.raw").exists()
    found = with_consent(changed, "convert", "--force", changed.child, tmp_path / "out.raw")
    assert (tmp_path / "out.raw").read_bytes() == changed.disk
    assert_recorded(found["accepted"])


def test_read(changed: Changed) -> None:
    without(changed, "read", changed.child)
    found = with_consent(changed, "read", "--offset", 0, "--length", 3 * MIB, changed.child)
    assert base64.b64decode(found["data"]) == changed.disk[: 3 * MIB]
    assert_recorded(found["accepted"])


def test_hash(changed: Changed) -> None:
    without(changed, "hash", changed.child)
    found = with_consent(changed, "hash", changed.child)
    assert found["digests"]["sha256"] == hashlib.sha256(changed.disk).hexdigest()
    assert_recorded(found["accepted"])


def test_compare(changed: Changed, tmp_path: Path) -> None:
    (tmp_path / "disk.raw").write_bytes(changed.disk)
    without(changed, "compare", changed.child, tmp_path / "disk.raw", code=2)
    found = with_consent(changed, "compare", changed.child, tmp_path / "disk.raw")
    assert found["identical"] is True
    assert_recorded(found["a"]["accepted"])
    assert found["b"]["accepted"] == []


def test_map_marks_what_comes_from_it(changed: Changed) -> None:
    without(changed, "map", changed.child)
    found = with_consent(changed, "map", changed.child)
    assert {one["depth"] for one in found} == {0, 1}
    assert all(one.get("accepted", False) is (one["depth"] == 1) for one in found)


def test_explain(changed: Changed) -> None:
    without(changed, "explain", "--disk", 0, changed.child)
    found = with_consent(changed, "explain", "--disk", 0, changed.child)
    assert found["byte"] == changed.disk[0]
    assert_recorded(found["accepted"])


def test_the_page_is_never_healthy_over_it(changed: Changed, tmp_path: Path) -> None:
    without(changed, "inspect", "--html", tmp_path / "page.html", changed.child, code=1)
    (tmp_path / "page.html").unlink()
    said = run("inspect", changed.child, "--html", tmp_path / "page.html", "--accept-parent", changed.parent, code=1)
    assert "parents found but not checked" in said.stdout
    assert "has changed since" in said.stderr


def test_a_parent_with_other_sectors_that_is_named_is_warned_of_and_recorded(tmp_path: Path) -> None:
    base = replace(BASE, geometry=replace(BASE.geometry, logical_sector_size=4096))
    made = expand_chain([base, CHILD])
    parent, child = (one.write(tmp_path) for one in made)
    assert "CHN-003" in run("hash", child, code=3).stderr
    said = run("hash", "--parent", parent, child)
    assert "read all the same, as the caller named it (--parent)" in said.stderr
    found = run_json("hash", "--parent", parent, child)
    assert [(one["rule"], one["verdict"]) for one in found["accepted"]] == [("CHN-003", "degrade")]
    whole = made[-1].expected
    assert found["digests"]["sha256"] == hashlib.sha256(whole.read(0, whole.size)).hexdigest()
    assert "CHN-003" in run("hash", "--accept-parent", parent, child).stderr  # it matches: as if it were named


def test_a_parent_that_nothing_verifies_is_warned_of_and_recorded(tmp_path: Path) -> None:
    silent = replace(CHILD, parent=ParentLocator((("relative_path", ".\\base.vhdx"),)))
    parent, child = (one.write(tmp_path) for one in expand_chain([BASE, silent]))
    assert "hint: `--parent FILE` takes the file that you name" in run("hash", child, code=3).stderr
    assert "taken unverified as the parent" in run("hash", "--parent", parent, child).stderr
    assert run_json("hash", "--parent", parent, child)["accepted"][0]["rule"] == "CHN-002"
    assert run_json("info", "--parent", parent, child, code=1)["parent"]["state"] == "unverified"


def test_nothing_that_writes_takes_it(changed: Changed) -> None:
    assert "no such option" in run("repair", changed.child, "--accept-parent", changed.parent, code=2).stderr


@pytest.mark.parametrize("name", ["info", "check", "convert", "read", "hash", "map", "compare", "explain", "repair"])
def test_a_folder_that_is_not_there_is_an_error_that_says_so(tmp_path: Path, name: str) -> None:
    image = make(tmp_path, SAMPLE).path
    more = {"convert": [tmp_path / "out.raw"], "compare": [image], "explain": ["--disk", 0]}.get(name, [])
    for folder in (tmp_path / "nowhere", image):
        said = run(name, image, *more, "--parent-dir", folder, code=2)
        assert str(folder) in said.stderr
        assert said.stdout == ""


def test_check_says_what_became_of_the_parents(tmp_path: Path) -> None:
    child = make_chain(tmp_path)["child"].path
    states = []
    for options in ([], ["--chain"], ["--without-parent"]):
        images = run_json("check", child, *options)["images"]
        states.append([one["parents"] for one in images])
        text = run("check", child, *options).stdout
        assert text.splitlines()[0].removeprefix(f"{child}: ") == images[0]["conclusion"]
        assert ("not checked" in text) == (options != ["--chain"])
    assert states == [["found, not checked"], ["checked", "checked", "none"], ["not looked for"]]
    assert run_json("check", make(tmp_path, SAMPLE).path)["images"][0]["parents"] == "none"


def test_a_child_of_a_damaged_parent_is_said_to_be_that(tmp_path: Path) -> None:
    made = make_chain(tmp_path)
    with made["base"].path.open("r+b") as file:
        file.truncate(file.seek(0, 2) - MIB)
    child, middle, base = run_json("check", made["child"].path, "--chain", code=1)["images"]
    assert [one["state"] for one in (child, middle, base)] == ["healthy", "healthy", "damaged"]
    assert [one["parents"] for one in (child, middle, base)] == ["checked, damaged", "checked, damaged", "none"]
    assert "a parent is damaged" in child["conclusion"]


@pytest.mark.parametrize("missing", ["middle", "base"])
@pytest.mark.parametrize("options", [[], ["--chain"]])
def test_a_chain_that_cannot_be_read_is_never_healthy(tmp_path: Path, missing: str, options: list[str]) -> None:
    made = make_chain(tmp_path)
    made[missing].path.unlink()
    said = run("check", made["child"].path, *options, code=1)
    assert "healthy" not in said.output
    (image,) = run_json("check", made["child"].path, *options, code=1)["images"]
    assert (image["state"], image["parents"]) == ("unreadable", "unreadable")
    parent = run_json("info", made["child"].path, code=1)["parent"]
    assert (parent["found"], parent["state"]) == (False, "not found")
    assert [Path(link["path"]).stem for link in parent["chain"]] == ([] if missing == "middle" else ["middle"])
    page = run("inspect", made["child"].path, "--html", tmp_path / f"{missing}.html", code=1)
    assert "unreadable" in page.stdout
    assert "healthy" not in page.stdout


def test_a_parent_that_is_there_and_damaged_is_not_missing(tmp_path: Path) -> None:
    made = make_chain(tmp_path)
    raw = bytearray(made["middle"].path.read_bytes())
    raw[0x10000:0x30000] = bytes(0x20000)
    made["middle"].path.write_bytes(raw)
    parent = run_json("info", made["child"].path, code=1)["parent"]
    assert (parent["found"], parent["state"]) == (True, "unusable")
    assert "found, but cannot be used" in run("info", made["child"].path, code=1).stdout


def test_a_renamed_parent_in_a_named_folder_is_found_by_its_identity(tmp_path: Path) -> None:
    made = make_chain(tmp_path)
    (tmp_path / "store").mkdir()
    renamed = made["base"].path.rename(tmp_path / "store" / "old disk")
    run("hash", made["child"].path, code=3)
    found = run_json("info", made["child"].path, "--parent-dir", tmp_path / "store")["parent"]
    assert (found["chain"][1]["found_by"], found["chain"][1]["path"]) == ("identity", str(renamed))
    digests = run_json("hash", made["child"].path, "--parent-dir", tmp_path / "store")["digests"]
    assert digests["sha256"] == hashlib.sha256(made["child"].disk).hexdigest()

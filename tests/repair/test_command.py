"""`vhdx repair`: what it prints, what it refuses, and that it writes only when told to."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from tests.cli.support import BROKEN, DIRTY, MIB, SAMPLE, TORN, listing, make, make_chain, make_changed, run, run_json
from tests.repair.support import digest
from vhdx_runtime.write.target import FileTarget


@pytest.fixture
def dirty(tmp_path: Path) -> Path:
    """An image whose log must be replayed."""
    return make(tmp_path, DIRTY).path


def test_a_plan_writes_nothing(dirty: Path) -> None:
    before, stamp = digest(dirty), dirty.stat().st_mtime_ns
    text = run("repair", dirty).output
    assert "LOG-001" in text
    assert "Nothing is written yet" in text
    assert run("repair", "--plan", dirty).output == text
    assert (digest(dirty), dirty.stat().st_mtime_ns) == (before, stamp)
    assert listing(dirty.parent) == [dirty.name]


def test_apply_repairs_and_undo_takes_back(dirty: Path) -> None:
    before, disk = digest(dirty), run("read", dirty).stdout_bytes
    text = run("repair", "--apply", dirty).output
    assert "Done: healthy" in text
    assert listing(dirty.parent) == [dirty.name, f"{dirty.name}.undo"]
    assert run("check", dirty).output == "healthy\n"
    assert run("read", "--log", "ignore", dirty).stdout_bytes == disk
    assert digest(dirty) != before
    assert "as it was" in run("repair", "--undo", f"{dirty}.undo", dirty).output
    assert digest(dirty) == before
    assert run("repair", "--undo", f"{dirty}.undo", dirty).output.endswith("is as it was.\n")


def test_a_healthy_image_is_not_touched(tmp_path: Path) -> None:
    path = make(tmp_path, SAMPLE).path
    stamp = path.stat().st_mtime_ns
    assert "Nothing is planned" in run("repair", "--apply", path).output
    assert path.stat().st_mtime_ns == stamp
    assert listing(tmp_path) == [path.name]


def test_an_undo_file_is_never_replaced(dirty: Path) -> None:
    before = digest(dirty)
    other = dirty.with_name("mine")
    other.write_text("mine")
    assert "exists" in run("repair", "--apply", "--undo", other, dirty, code=2).output
    assert other.read_text() == "mine"
    assert digest(dirty) == before
    run("repair", "--apply", "--undo", dirty.with_name("new"), dirty)
    assert listing(dirty.parent) == [dirty.name, "mine", "new"]


def test_another_image_is_not_undone(dirty: Path, tmp_path: Path) -> None:
    run("repair", "--apply", dirty)
    other = make(tmp_path / "..", TORN).path
    before = digest(other)
    assert "another file" in run("repair", "--undo", f"{dirty}.undo", other, code=3).output
    assert digest(other) == before
    assert "no undo file" in run("repair", "--undo", other, dirty, code=3).output


def test_json_has_every_patch_and_what_is_left(tmp_path: Path) -> None:
    path = make(tmp_path, BROKEN).path
    raw = path.read_bytes()
    value = run_json("repair", path, "--lossy")
    patches = [patch for repair in value["repairs"] for patch in repair["patches"]]
    assert patches
    for patch in patches:
        old = bytes.fromhex(patch["old"])
        assert raw[patch["file_offset"] : patch["file_offset"] + len(old)] == old
    applied = run_json("repair", "--apply", path, "--lossy")
    assert (applied["mode"], applied["failure"]) == ("apply", "")
    after = path.read_bytes()
    for patch in patches:
        new = bytes.fromhex(patch["new"])
        assert after[patch["file_offset"] : patch["file_offset"] + len(new)] == new
    undone = run_json("repair", "--undo", applied["undo_file"], path)
    assert undone["written"] > 0
    assert path.read_bytes() == raw


def test_without_consent_it_says_what_consent_would_do(tmp_path: Path) -> None:
    value = run_json("repair", make(tmp_path, BROKEN).path, code=1)
    assert not value["repairs"]
    assert [item["consent"] for item in value["declined"]] == ["lossy"]
    assert all(item["loses"] and "--lossy" in item["reason"] for item in value["declined"])
    assert {item["rule"] for item in value["unmended"]} >= {"BAT-003"}


def test_a_hint_of_consent_leads_to_a_plan_that_mends(tmp_path: Path) -> None:
    path = make(tmp_path, SAMPLE).path
    with path.open("r+b") as file:
        file.write(bytes(1 << 20))
    for offered in ("FTI-001", "HDR-003,RGN-003"):
        hint = run("repair", "--offer", offered, path, code=1).stderr.splitlines()[-1]
        words = shlex.split(hint.split("`")[1])
        assert "Then healthy" in run(*words[1:]).stdout


def test_rules_are_selected_and_ignored(dirty: Path) -> None:
    assert "Nothing is planned" in run("repair", "--ignore", "LOG-*", dirty).output
    assert "Nothing is planned" in run("repair", "--select", "BAT-*", dirty).output
    assert "LOG-001" in run("repair", "--select", "LOG-*,BAT-002", dirty).output
    assert "no rule is called" in run("repair", "--offer", "CRC-001", dirty, code=2).output


@pytest.mark.parametrize("arguments", [("--plan", "--apply"), ("--plan", "--undo", "x")])
def test_a_plan_and_a_deed_exclude_each_other(arguments: tuple[str, ...], dirty: Path) -> None:
    assert "--plan writes nothing" in run("repair", *arguments, dirty, code=2).output


def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no disk at all")
    run("repair", tmp_path / "text", code=3)
    run("repair", "--apply", tmp_path / "text", code=3)
    run("repair", tmp_path / "missing", code=3)
    run("repair", "--apply", tmp_path, code=3)
    assert listing(tmp_path) == ["text"]


def test_a_file_in_use_or_marked_read_only_is_left_alone(dirty: Path) -> None:
    before = digest(dirty)
    with FileTarget(dirty):
        assert "in use" in run("repair", "--apply", dirty, code=3).output
    dirty.chmod(0o444)
    run("repair", "--apply", dirty, code=3)
    run("repair", dirty)
    assert digest(dirty) == before
    assert listing(dirty.parent) == [dirty.name]


def test_all_names_of_a_file_change_and_the_user_is_told(dirty: Path, tmp_path: Path) -> None:
    os.link(dirty, tmp_path / "second.vhdx")
    link = tmp_path / "link.vhdx"
    link.symlink_to(dirty)
    assert "2 names" in run("repair", "--apply", link).output
    assert link.is_symlink()
    assert (tmp_path / "link.vhdx.undo").exists()
    assert run("check", tmp_path / "second.vhdx").output == "healthy\n"


def test_the_link_to_a_parent_that_the_user_names_is_mended(tmp_path: Path) -> None:
    made = make_chain(tmp_path, "base", "middle")
    child, base = made["middle"].path, made["base"].path
    run("check", "--chain", child)
    data = bytearray(child.read_bytes())
    at = data.find("parent_linkage".encode("utf-16-le"))
    digits = data.find("{".encode("utf-16-le"), at)
    data[digits + 2] = ord("0") if data[digits + 2] != ord("0") else ord("1")
    child.write_bytes(data)
    assert "CHN-002" in run("repair", "--chain", child, code=1).output
    run("repair", "--apply", "--parent", base, "--offer", "CHN-002", child)
    assert run("check", "--chain", child).output.splitlines()[-1] == f"{base}: healthy"


def test_a_child_is_never_linked_past_its_parent_to_one_above(tmp_path: Path) -> None:
    made = make_chain(tmp_path, "base", "middle", "child")
    child, middle, moved = made["child"].path, made["middle"].path, tmp_path / "moved" / "base.vhdx"
    moved.parent.mkdir()
    made["base"].path.rename(moved)
    before = child.read_bytes()
    for offer in ("CHN-002", "*"):
        plan = run_json("repair", "--apply", "--parent", moved, "--offer", offer, child)
        assert not [one for one in (*plan["repairs"], *plan["declined"]) if "CHN-002" in one["rules"]]
    assert child.read_bytes() == before
    assert "; parents found" in run("repair", "--parent", moved, child).output
    middle.unlink()  # now nothing leads anywhere, and whoever vouches for the base may link to it
    assert "--offer CHN-002" in run("repair", "--parent", moved, child, code=1).output


def test_hints_lead_from_a_repair_that_plans_nothing_to_a_child_of_the_parent_as_it_is(tmp_path: Path) -> None:
    parent, child = (made.path for made in make_changed(tmp_path))

    def _hinted(*words: object, code: int) -> list[list[str]]:
        hint = run_json(*words, code=code)["hint"]
        assert hint in run(*words, code=code).stderr
        return [shlex.split(command)[1:] for command in re.findall("`(vhdx [^`]+)`", hint)]

    (judging,) = _hinted("repair", child, code=0)
    assert judging == ["repair", "--chain", str(child)]
    (vouching,) = _hinted(*judging, code=1)
    assert vouching == ["repair", "--parent", str(parent), "--offer", "CHN-002", str(child)]
    assert "needs the parent, if you vouch for it: --parent FILE" in run(*judging, code=1).stdout
    run(*vouching, "--apply")
    assert run_json("check", "--chain", child)["images"][0]["state"] == "healthy"
    run("read", "--length", 512, child)


def test_no_lengthening_is_listed_twice(tmp_path: Path) -> None:
    path = make(tmp_path, SAMPLE).path
    path.write_bytes(path.read_bytes()[: 3 * MIB + 4608])  # inside the table, which is the region that comes last
    plan = run_json("repair", path, code=1)
    made = [(one["new_size"], one["consent"]) for one in plan["declined"] if one["new_size"]]
    assert made
    assert len(made) == len(set(made))


def test_a_file_that_became_longer_since_is_put_back_by_force_only(dirty: Path) -> None:
    before = digest(dirty)
    run("repair", "--apply", dirty)
    with dirty.open("ab") as file:
        file.write(b"more" * 1024)
    grown = digest(dirty)
    said = run("repair", "--undo", f"{dirty}.undo", dirty, code=3).stderr
    assert "--force cuts off what has come behind that since" in said
    assert digest(dirty) == grown
    run("repair", "--undo", f"{dirty}.undo", "--force", dirty)
    assert digest(dirty) == before


def test_an_undo_file_without_room_says_where_to_put_it(dirty: Path) -> None:
    before = digest(dirty)
    said = run("repair", "--apply", "--undo", dirty.parent / "nowhere" / "x.undo", dirty, code=3).stderr
    assert "[Errno" not in said
    assert "nothing has changed" in said
    assert "hint: --undo NAME, beside --apply" in said
    assert digest(dirty) == before


def test_a_hint_names_no_child_as_its_own_parent(tmp_path: Path) -> None:
    child = make_chain(tmp_path, "child")["child"].path
    said = run("repair", "--chain", child, code=1).stderr
    assert "`--parent FILE`" in said
    assert f"--parent {child}" not in said


def test_a_hint_keeps_what_was_asked_for(tmp_path: Path) -> None:
    parent, child = make_changed(tmp_path)
    said = run("repair", "--chain", "--parent", parent.path, child.path, code=1).stderr
    (command,) = re.findall("`(vhdx repair [^`]*)`", said)
    again = shlex.split(command)[1:]
    assert again[1:4] == ["--chain", "--parent", str(parent.path)]
    assert "1." in run(*again).stdout, "what the hint says plans something"


def test_the_hint_of_a_cut_file_names_it(tmp_path: Path) -> None:
    path = make(tmp_path, SAMPLE).path
    os.truncate(path, path.stat().st_size - MIB)
    said = run("repair", path, code=1).stderr
    assert "FILE" not in said
    assert str(path) in said

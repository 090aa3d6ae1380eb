"""`vhdx check` and `vhdx rules`: what they print, how they end, what --select and --ignore leave out."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from vhdx_format.rules import RULES

import vhdx_runtime as vhdx
from tests.cli.support import BAD_STATE, BROKEN, DIRTY, HOSTILE, LONE, SAMPLE, TORN, make, make_chain, run, run_json
from vhdx_runtime.conformance import Bat, Block, Geometry, Hide, Log, LogEntry, Recipe

MIB = 1 << 20
SHARED = Recipe(name="shared", bat=Bat((Block(0, file_offset_mb=8), Block(2, file_offset_mb=8), Block(3))))


def last(text: str) -> str:
    return text.splitlines()[-1]


@pytest.mark.parametrize(
    ("recipe", "code", "strict", "conclusion"),
    [
        (SAMPLE, 0, 0, "healthy"),
        (DIRTY, 0, 1, "usable, 3 findings"),  # its log writes to payload blocks
        (TORN, 1, 1, "usable, 2 findings"),
        (BROKEN, 1, 1, "damaged: 3145728 of 8388608 guest bytes cannot be read (3 MiB of 8 MiB)"),
        (Recipe("short", file_length=9 * MIB + 512, bat=Bat((Block(0),))), 0, 1, "healthy, 2 notes"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_the_last_line_and_the_exit_code_say_how_it_ended(
    recipe: Recipe, code: int, strict: int, conclusion: str, tmp_path: Path
) -> None:
    path = make(tmp_path, recipe).path
    before = path.read_bytes()
    assert last(run("check", path, code=code).stdout) == conclusion
    assert last(run("check", "--strict", path, code=strict).stdout) == conclusion
    assert path.read_bytes() == before


def test_a_finding_shows_offset_found_expected_rule_section_verdict_and_repair(tmp_path: Path) -> None:
    text = run("check", make(tmp_path, TORN).path, code=1).stdout
    assert "\n  0x20004     header 2 checksum: checksum 0x" in text
    assert "\n              expected 0x" in text
    assert "\n              HDR-002 ignore-object, MS-VHDX 2.2.2, repair: auto\n" in text


def test_lost_and_doubtful_ranges_are_counted_and_listed(tmp_path: Path) -> None:
    report = run_json("check", make(tmp_path, BROKEN).path, code=1)["images"][0]
    ranges = [{"start": MIB, "length": 2 * MIB}, {"start": 6 * MIB, "length": MIB}]
    assert report["lost"] == {"bytes": 3 * MIB, "is_complete": True, "ranges": ranges}
    assert report["totals"] == {"BAT-003": 3}
    shared = run_json("check", make(tmp_path, SHARED).path, code=1)["images"][0]
    ranges = [{"start": 0, "length": MIB}, {"start": 2 * MIB, "length": MIB}]
    assert shared["doubtful"] == {"bytes": 2 * MIB, "is_complete": True, "ranges": ranges}
    assert "in doubt" in run("check", tmp_path / "shared.vhdx", code=1).stdout


def test_of_many_findings_the_first_are_listed_and_all_are_counted(tmp_path: Path) -> None:
    blocks = tuple(Block(number, BAD_STATE) for number in range(60))
    path = make(tmp_path, Recipe("many", geometry=Geometry(virtual_disk_size=60 * MIB), bat=Bat(blocks))).path
    text = run("check", path, code=1).stdout
    assert text.count("BAT-003 degrade") == 1, "many places of one cause are one finding"
    assert "\n              and more like it, in all BAT-003 in 60 places\n" in text
    assert last(text) == "damaged: 62914560 of 62914560 guest bytes cannot be read (60 MiB of 60 MiB)"
    report = run_json("check", path, code=1)["images"][0]
    assert (len(report["findings"]), report["totals"]) == (50, {"BAT-003": 60})


def test_select_and_ignore_take_patterns_and_say_what_they_left_out(tmp_path: Path) -> None:
    path = make(tmp_path, TORN).path
    assert last(run("check", "--select", "hdr-002", path, code=1).stdout) == "usable, 1 finding, 1 left out"
    assert last(run("check", "--ignore", "HDR-002,LAY-*", path).stdout) == "usable, 1 finding, 1 left out"
    assert last(run("check", "--ignore", "HDR-*", "--strict", path).stdout) == "usable, 0 findings, 2 left out"
    report = run_json("check", "--select", "HDR-005", path)["images"][0]
    assert (list(report["totals"]), report["hidden"]) == (["HDR-005"], 1)
    assert "no rule is called NO-*" in run("check", "--ignore", "NO-*", path, code=2).stderr


def test_what_is_unreadable_stays_so_whatever_is_ignored(tmp_path: Path) -> None:
    path = make(tmp_path, SAMPLE).path
    raw = bytearray(path.read_bytes())
    raw[64 << 10 : 192 << 10] = bytes(128 << 10)
    path.write_bytes(raw)
    said = last(run("check", "--ignore", "*", path, code=1).stdout)
    assert said.startswith(f"{path}: unreadable: headers: no valid header")


def test_a_chain_is_checked_from_the_child_to_its_oldest_parent(tmp_path: Path) -> None:
    child = make_chain(tmp_path)["child"].path
    assert [Path(one["file"]).name for one in run_json("check", child)["images"]] == ["child.vhdx"]
    found = run_json("check", "--chain", child)["images"]
    assert [Path(one["file"]).stem for one in found] == ["child", "middle", "base"]
    assert {one["state"] for one in found} == {"healthy"}
    (tmp_path / "base.vhdx").unlink()
    report = run_json("check", "--chain", child, code=1)["images"][0]
    assert report["totals"] == {}, "the child breaks no rule, and where its parent is looked for no file shows"
    assert report["state"] == "unreadable"
    assert "no parent found" in report["conclusion"]
    run("check", "--chain", "--without-parent", child)


def test_what_cannot_be_opened_is_one_line_and_3(tmp_path: Path) -> None:
    for name in ("no\nwhere.vhdx", "."):
        result = run("check", tmp_path / name, code=3)
        assert result.stdout == ""
        assert result.stderr.startswith("vhdx: error: ")
        assert "\nhint: " in result.stderr
        assert result.stderr.count("\n") == 2
    found = run_json("check", tmp_path / "nowhere", code=3)
    assert (found["images"], found["errors"][0]["file"]) == ([], str(tmp_path / "nowhere"))
    assert found["errors"][0]["hint"]
    (tmp_path / "text").write_text("no image at all")
    said = run("check", tmp_path / "text", code=3).stdout
    assert said.startswith(f"{tmp_path / 'text'}: unreadable: is no VHDX: it has no signature")
    good = make(tmp_path, LONE).path
    assert run("check", good, tmp_path / "nowhere", code=3).stdout == f"{good}: healthy\n"


def test_several_images_end_with_a_line_each(tmp_path: Path) -> None:
    paths = [make(tmp_path, recipe).path for recipe in (SAMPLE, BROKEN, LONE)]
    lines = run("check", *paths, code=1).stdout.splitlines()[-3:]
    assert lines[::2] == [f"{paths[0]}: healthy", f"{paths[2]}: healthy"]
    assert lines[1].startswith(f"{paths[1]}: damaged: 3145728 of 8388608 guest bytes cannot be read")


def test_nothing_that_a_file_says_reaches_the_terminal_as_it_is(tmp_path: Path) -> None:
    make(tmp_path, HOSTILE)
    text = run("check", "--chain", tmp_path / "hostile.vhdx", code=1).stdout
    assert text.replace("\n", "").isprintable()


def test_check_has_the_options_of_the_others() -> None:
    text = run("check", "--help").stdout
    for option in ("--json", "--parent-dir DIR", "--parent FILE", "--log", "--header", "--without-parent", "--strict"):
        assert option in text, option


# The catalogue


def test_the_catalogue_lists_every_rule_once() -> None:
    lines = run("rules").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == list(RULES)
    assert lines[-1].startswith(f"{len(RULES)} rules; ")
    assert [record["id"] for record in run_json("rules")["rules"]] == list(RULES)


def test_every_rule_can_be_explained() -> None:
    records = run_json("rules", *RULES)["rules"]
    text = run("rules", *RULES).stdout
    for record, rule in zip(records, RULES.values(), strict=True):
        assert (record["id"], record["text"], record["verdict"]) == (rule.id, rule.text, rule.verdict)
        assert f"\n{rule.id} {rule.slug}\n" in f"\n{text}"
        assert (record["example"] is not None) or rule.provable.kind == "no", rule.id
        assert record["is_decidable"] == (rule.scope != "writer")
        schema_file = record["declared"]["file"] != "formats/rules.yaml"
        assert schema_file == (rule.kind != "function")
        assert schema_file or record["declared"]["why"]


def test_patterns_list_and_ids_explain() -> None:
    listed = run("rules", "HDR-00?").stdout
    assert listed.splitlines()[-1] == "9 rules"
    explained = run("rules", "hdr-012", "WRT-001").stdout
    assert "degrade; refuse where log guid set" in explained
    assert "it binds a program while it writes" in explained
    assert "no rule is called HDR-999" in run("rules", "HDR-999", code=2).stderr


def test_the_catalogue_needs_neither_pyyaml_nor_numpy() -> None:
    program = (
        "import sys\nsys.modules['yaml'] = sys.modules['numpy'] = None\n"
        "from vhdx_runtime.cli import main; main(prog_name='vhdx')"
    )
    for arguments in ([], ["--json"], ["BAT-008"]):
        done = subprocess.run([sys.executable, "-c", program, "rules", *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
    assert "example      none at hand" in done.stdout


def test_progress_of_a_long_check_goes_to_the_terminal_alone(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty", reason="terminals: this system has no pty")
    ours, theirs = pty.openpty()
    program = (
        "import vhdx_runtime.cli.check as c; c._LONG = 0\nfrom vhdx_runtime.cli import main; main(prog_name='vhdx')"
    )
    command = [sys.executable, "-c", program, "check", "--json", str(make(tmp_path, SAMPLE).path)]
    capable = os.environ | {"TERM": "xterm"}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, check=True, env=capable)
    os.close(theirs)
    assert json.loads(done.stdout)["images"][0]["state"] == "healthy"
    assert b"checking" in os.read(ours, 1 << 16)
    os.close(ours)


def test_a_dirty_but_sound_image_says_so_and_what_ends_it(tmp_path: Path) -> None:
    sound = Recipe("sound", bat=Bat((Block(0), Block(2))), log=Log((LogEntry((Hide("bat"),)),)))
    path = make(tmp_path, sound).path
    before = path.read_bytes()
    result = run("check", path)
    assert result.stdout.startswith("dirty log: the file was not closed cleanly.")
    assert "Windows refuses to open the file read-only" in result.stdout
    assert last(result.stdout) == "healthy"
    assert path.read_bytes() == before
    command = result.stderr.split("`")[1]
    assert run_json("check", path)["images"][0]["is_dirty"] is True
    run(*shlex.split(command)[1:])
    after = run("check", path)
    assert (after.stdout, after.stderr) == ("healthy\n", "")
    assert run_json("check", path)["images"][0]["is_dirty"] is False


def test_a_dirty_log_that_cannot_be_replayed_is_not_called_harmless(tmp_path: Path) -> None:
    path = make(tmp_path, DIRTY).path
    result = run("check", "--log", "ignore", path)
    assert "dirty log" not in result.stdout


def test_one_rule_broken_in_many_places_is_one_note(tmp_path: Path) -> None:
    path = tmp_path / "fixed.vhdx"
    vhdx.create(path, size=64 * MIB, type="fixed")
    with vhdx.open(path, mode="r+") as disk:
        disk.trim(0, disk.size)
    assert last(run("check", path).stdout) == "healthy, 1 note in 32 places"


def test_an_answer_has_the_name_where_another_file_failed(tmp_path: Path) -> None:
    path = make(tmp_path, SAMPLE).path
    for files in ((path, tmp_path / "nowhere"), (tmp_path / "nowhere", path)):
        assert last(run("check", *files, code=3).stdout) == f"{path}: healthy"

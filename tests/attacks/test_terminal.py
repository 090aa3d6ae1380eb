"""Texts of strangers on the terminal, in reports and in commands: obeyed, forged, or run by a shell."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import BROKEN, DIRTY, SAMPLE, make, run
from tests.support.patience import HANG
from vhdx_runtime.conformance import Geometry, ParentLocator, Recipe
from vhdx_runtime.conformance.judge import scoreboard
from vhdx_runtime.conformance.readers import READERS, WrongRead, find
from vhdx_runtime.fuzz.judge import judge
from vhdx_runtime.wording import code, markdown, path_word, quoted, shell_word, shown

EVIL = "a\x1b[2J\x1b]0;owned\x07\r\n\x9b\u202e\u2028\u3164 b`$(touch pwned)`'\"|<b>"
FORGED = "x" + " " * 80 + "findings          none"
IMAGE_COMMANDS = (
    ("info",), ("check",), ("check", "--verbose"), ("inspect",), ("inspect", "file_identifier"),
    ("inspect", "metadata"), ("repair",), ("map",), ("map", "--picture"), ("hash", "--sparse"),
    ("explain", "--file", "8"), ("explain", "--disk", "0"), ("compare",),
)  # fmt: skip


def printed(*arguments: object) -> str:
    """Everything that a command prints, whatever its exit code."""
    for status in range(4):
        try:
            done = run(*arguments, code=status)
        except AssertionError:
            continue
        return done.stdout + done.stderr
    raise AssertionError(arguments)


def unseen(text: str) -> set[str]:
    """Characters that a terminal obeys, that turn a line round, or that cannot be seen."""
    return {c for c in text if not (c.isprintable() or c == "\n") or c in "\u115f\u1160\u2800\u3164\uffa0"}


def named(folder: Path, recipe: Recipe, name: bytes) -> str:
    """An image under a name of any bytes."""
    path = os.fsdecode(os.path.join(os.fsencode(folder), name))
    os.rename(make(folder, recipe).path, path)
    return path


@pytest.mark.parametrize("command", IMAGE_COMMANDS, ids=" ".join)
@pytest.mark.parametrize("name", [b"\xff\xfe.vhdx", b"a\x1b[2J\n\xe2\x80\xae.vhdx"], ids=["no-utf-8", "control"])
def test_a_name_of_a_file_is_obeyed_by_the_terminal_or_stops_the_command(
    command: tuple[str, ...], name: bytes, tmp_path: Path
) -> None:
    image = named(tmp_path, SAMPLE, name)
    text = printed(*command, image, *([image] if command == ("compare",) else []))
    assert not unseen(text)
    assert "UnicodeEncodeError" not in text


def test_a_name_that_is_no_utf_8_cannot_be_converted_repaired_or_shown(tmp_path: Path) -> None:
    image = named(tmp_path, DIRTY, b"\xff.vhdx")
    out, page = (os.fsdecode(os.fsencode(tmp_path) + b"/\xfe" + end) for end in (b".raw", b".html"))
    run("convert", image, out)
    run("read", image, "--length", "512", "-o", out, "--force")
    run("inspect", image, "--html", page)
    assert json.loads(run("info", image, "--json").stdout)["file"] == image
    run("repair", image, "--apply")
    run("repair", "--undo", f"{image}.undo", image)
    run("check", image)


@pytest.mark.parametrize("command", IMAGE_COMMANDS[:9], ids=" ".join)
def test_a_text_in_an_image_is_obeyed_by_the_terminal(command: tuple[str, ...], tmp_path: Path) -> None:
    pairs = (("parent_linkage", EVIL), ("relative_path", EVIL), (EVIL, "x"))
    recipe = Recipe(name="evil", creator=EVIL[:200], geometry=Geometry("differencing"), parent=ParentLocator(pairs))
    assert not unseen(printed(*command, make(tmp_path, recipe).path, "--without-parent"))


def test_a_padded_creator_forges_a_line_of_findings(tmp_path: Path) -> None:
    text = printed("info", make(tmp_path, replace(BROKEN, creator=FORGED)).path)
    assert text.count("findings          none") == 1, "the line of the command itself"
    assert r'creator           "x\x20\x20' in text


@pytest.mark.parametrize("text", ["x" * 5000, "word " * 1000, EVIL * 50])
def test_a_long_text_fills_the_screen(text: str) -> None:
    assert len(quoted(text)) < 160
    assert "characters)" in quoted(text)


def test_a_padded_locator_forges_lines(tmp_path: Path) -> None:
    parent = ParentLocator((("parent_linkage", FORGED), ("relative_path", FORGED)))
    image = make(tmp_path, Recipe(name="padded", geometry=Geometry("differencing"), parent=parent)).path
    for command in ("info", "check", "inspect"):
        assert "findings          none" not in printed(command, image, "--without-parent").replace("\n", "")


USAGE: dict[str, tuple[str, ...]] = {
    "surplus arguments": ("info", "a", EVIL),
    "an option that is none": ("info", f"--{EVIL}"),
    "a command that is none": (EVIL,),
    "a command of a group": ("fuzz", EVIL),
    "a value of a choice": ("info", "--log", EVIL, "a"),
    "a size": ("read", "--offset", EVIL, "a"),
    "a folder that is not there": ("info", "--parent-dir", EVIL, "a"),
    "a file that is not there": ("info", EVIL),
    "a rule that is none": ("rules", EVIL),
    "a topic that is none": ("book", EVIL),
    "a case that is none": ("conformance", "show", EVIL),
    "a reader that is none": ("conformance", "run", "--reader", EVIL),
    "a pattern": ("conformance", "run", "--case", EVIL),
    "a path in the tree": ("inspect", "/dev/null", EVIL),
    "an id": ("fuzz", "reproduce", EVIL),
    "rules to ignore": ("check", "--ignore", EVIL, "a"),
}


@pytest.mark.parametrize("name", USAGE)
def test_a_word_of_the_command_line_is_obeyed_by_the_terminal(name: str) -> None:
    assert not unseen(printed(*(word.replace("\0", "") for word in USAGE[name])))


def record(**more: object) -> dict[str, Any]:
    """What a run of readers found, with a label in every place where one can stand."""
    cluster = {"rule": EVIL, "reader": EVIL, "kind": "crash", "basis": "label", "detail": EVIL, "command": EVIL}
    cluster |= {"smallest": {"id": EVIL, "apparent": 1, "allocated": 1}, "images": [EVIL, EVIL]}
    reader = {"name": EVIL, "title": EVIL, "version": EVIL, "absent": "", "read": 1, "wrong": {}, "seconds": 1.0}
    found = {"date": "d", "version": "v", "system": "s", "python": "p", "limit": 1.0, "seconds": 1.0, "images": 1}
    return {
        **found,
        "labelled": 1,
        "readers": [reader],
        "clusters": [cluster, {**cluster, "kind": "wrong-bytes"}],
        **more,
    }


def test_a_label_becomes_markup_in_a_report() -> None:
    text = judge.markdown(record())
    assert not unseen(text)
    assert "<b>" not in text.replace("``", "")[: text.index("## crash")]
    assert "\n| reader | rule |" in text
    rows = [line for line in text.splitlines() if line.startswith("| a")]
    assert rows
    assert all(len(re.findall(r"(?<!\\)\|", row)) in (7, 6, 11, 12, 13) for row in rows)


@pytest.mark.parametrize(
    "text", ["*b*", "_i_", "[x](javascript:y)", "`c`", "a|b", "<img src=x>", "&lt;", "# h", "~~s~~"]
)
def test_markup_in_a_text_becomes_markup_of_the_report(text: str) -> None:
    rest = re.sub(r"\\.|&(lt|amp);", "", markdown(text))
    assert not set(rest) & set("*`[]|<&#~"), rest
    assert "_" not in rest


def test_code_in_a_report_ends_before_its_text_does() -> None:
    found = code("a`` ``` b")
    assert found.startswith("```` ")
    assert found.endswith(" ````")


def test_a_title_of_a_reader_becomes_markup_of_the_scoreboard() -> None:
    reader = {
        "name": EVIL,
        "title": EVIL,
        "url": "",
        "version": EVIL,
        "absent": "",
        "totals": {},
        "right": 0,
        "judged": 0,
    }
    found = {"readers": [reader | {"seconds": 0.0, "peak": 0}], "cases": [], "version": "v", "date": "d", "system": "s"}
    text = scoreboard.markdown(found | {"seconds": 1.0})
    assert not unseen(text)
    assert "<b>" not in text


NAMES = ["a b", "$(touch pwned)", "`touch pwned`", "'; touch pwned; '", '"; touch pwned; "', "a\nb", "-rf", "--apply",
         "*", "~", "a\\b", "\x1b[2J", "\udcff.vhdx", "x   y", "\u202e", "é", "#", "\u3164", "a'b\nc"]  # fmt: skip


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash: not installed")
@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_printed_name_is_another_one_when_it_is_pasted(name: str, tmp_path: Path) -> None:
    word = path_word(name)
    assert shown(word) == word, "what prints it leaves it alone"
    show = f"{shlex.quote(sys.executable)} -c 'import os,sys; sys.stdout.buffer.write(os.fsencode(sys.argv[1]))'"
    done = subprocess.run(["bash", "-c", f"{show} {word}"], capture_output=True, cwd=tmp_path, check=True)
    assert os.fsdecode(done.stdout) in (name, f"./{name}")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash: not installed")
@pytest.mark.parametrize(
    "name", ["$(touch pwned)", "`touch pwned`", "'; touch pwned; '", '"; touch pwned; "', "-o pwned"]
)
def test_a_printed_command_runs_what_a_file_is_called(name: str, tmp_path: Path) -> None:
    failure = WrongRead(f"{name}.vhdx", (f"{name}.parent",), (0, 512), 3)
    own = find("command mine=sh -c 'cat {image} > {out}'")
    (tmp_path / "bin").mkdir()
    for program in ("python3", "vhdx", "qemu-img", "7zz", "qemu-nbd", "nbdsh", "xxd", "sleep", "cat"):
        (tmp_path / "bin" / program).write_text("#!/bin/sh\nexit 0\n")
        (tmp_path / "bin" / program).chmod(0o755)
    for reader in (*READERS.values(), own if " " not in name and "'" not in name else READERS["dissect"]):
        command = reader.show(failure)
        environment = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}
        subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, timeout=HANG)
        assert not (tmp_path / "pwned").exists(), command


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash: not installed")
@pytest.mark.parametrize("name", [b"$(touch pwned).vhdx", b"a  b\xff.vhdx", b"--x.vhdx", b"it's.vhdx"], ids=ascii)
def test_the_command_that_takes_a_repair_back_cannot_be_pasted(
    name: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = Path(named(tmp_path, DIRTY, name))
    before = image.read_bytes()
    monkeypatch.chdir(tmp_path)
    relative = f"./{image.name}" if image.name.startswith("-") else image.name
    done = run("repair", "--apply", relative)
    command = re.findall("To take it back: (.*)", done.stdout)[0]
    vhdx = f"vhdx() {{ {shlex.quote(sys.executable)} -c 'from vhdx_runtime.cli import main; main()' \"$@\"; }}; "
    subprocess.run(["bash", "-c", vhdx + command], check=True, capture_output=True)
    assert image.read_bytes() == before
    assert not (tmp_path / "pwned").exists()


def test_a_shell_reads_a_word_otherwise_than_it_was_meant() -> None:
    assert [shell_word(word) for word in ("plain", "a b")] == ["plain", "'a b'"]

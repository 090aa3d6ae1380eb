"""Every rule that stops somebody says what to do next, and what is said helps on the very case that raised it.

Each conformance case that is refused, or of which something is lost, is opened as it says. What the hint names is then
executed: an option must open the disk, a plan of repairs must mend the rule, and where no option is named none helps.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from vhdx_format.rules import RULES, STEPS

import vhdx_runtime as vhdx
from tests.cli.support import SAMPLE, make
from tests.support.cases import all_cases
from tests.support.sampling import sampled
from vhdx_runtime.cli import main
from vhdx_runtime.cli.steps import NEXT
from vhdx_runtime.conformance.cases import Case
from vhdx_runtime.hints import in_python

CASES = [case for case in all_cases() if case.expect in ("refuse", "read-degraded")]
GROUPS = 16
STOPPING = {"refuse", "degrade"}
RESCUES: dict[str, dict[str, Any]] = {
    "--salvage": {"salvage": True},
    "--log ignore": {"log": "ignore"},
    "--header 1": {"header": 1},
    "--header 2": {"header": 2},
}
OPTIONS = RESCUES | {"--without-parent": {"without_parent": True}}
NAMING = {"--parent": "parents", "--accept-parent": "accept_parents", "--parent-dir": "parent_dirs"}
NO_WAY_OUT = {"HDR-006": "the header of a version that is known may be older than the data"}


def opened(case: Case, path: Path, **more: Any) -> vhdx.VhdxError | None:
    """Open a case as it says and read all of its start and end; the error, or None."""
    folder = path.parent
    options: dict[str, Any] = {
        "parents": [folder / name for name in case.open.parents],
        "parent_dirs": [folder / name for name in case.open.parent_dirs],
        "log": case.open.log,
        "header": case.open.header,
        "without_parent": case.open.without_parent,
    }
    try:
        with vhdx.open(path, **options | more) as disk:
            for start, length in [*case.lost, (0, 512), (max(0, disk.size - 512), 512)]:
                disk.read_at(start, min(length, 1 << 16))
    except vhdx.VhdxError as error:
        return error
    return None


def unhelpful(case: Case, path: Path, error: vhdx.VhdxError, hint: str) -> str:
    """Why a hint does not help, or ""."""
    commands = re.findall("`([^`]+)`", hint)
    for command in commands:
        if "=" in command.split(" ")[0]:
            given = eval(f"dict({command})")
            after = None if ["FILE"] in given.values() or ["DIR"] in given.values() else opened(case, path, **given)
            if after is not None and after.rule == error.rule:
                return f"{command} ends with the same {after.rule}"
        elif command.startswith("vhdx repair"):
            result = CliRunner().invoke(main, [*shlex.split(command)[1:], "--json"])
            plan = json.loads(result.stdout)
            asking = [one for one in plan["declined"] if "say what" in one["reason"]]  # with --set
            if not any(error.rule in step["rules"] for step in plan["repairs"] + asking):
                return f"{command} does not mend {error.rule}"
        elif command.startswith("vhdx"):
            words = shlex.split(command.replace(" out.raw", f" {path.parent / 'out.raw'} --force"))
            result = CliRunner().invoke(main, words[1:])
            if result.exit_code not in (0, 1) or "error" in result.stderr:
                return f"{command}: {result.output[-200:]}"
        elif command.split(" ")[0] != "qemu-img":
            return f"nobody knows what {command} is"
    if "--" in re.sub("`[^`]+`", "", hint):
        return "an option that is not marked"
    return ""


def silent(case: Case, path: Path, hint: str) -> str:
    """An option that helps and is not named."""
    if case.by in NO_WAY_OUT:
        return ""
    names = [option for option in RESCUES if opened(case, path, **OPTIONS[option]) is None]
    if names and not any(f"`{name}={value!r}`" in hint for one in RESCUES.values() for name, value in one.items()):
        return f"{names} would help"
    return ""


def other_words(error: vhdx.VhdxError) -> str:
    """What the two forms of a hint do not have in common."""
    words = shlex.split(" ".join(re.findall("`(--[^`]+)`", error.next_step)))
    given: list[dict[str, Any]] = []
    while words:
        option = words.pop(0)
        if option in NAMING:
            given.append({NAMING[option]: [words.pop(0)]})
        else:
            given.append(OPTIONS[option] if option in OPTIONS else OPTIONS[f"{option} {words.pop(0)}"])
    said = [eval(f"dict({words})") for words in re.findall(r"`(\w+=[^`]+)`", error.hint)]
    return "" if said == given else f"in Python {said}, for the commands {given}"


def problem(case: Case, folder: Path) -> str:
    path = case.build(folder).opened
    error = opened(case, Path(path))
    if error is None:
        return ""
    if not error.hint:
        return f"{error.rule}: no hint: {error}"
    said = unhelpful(case, Path(path), error, error.hint) or silent(case, Path(path), error.hint)
    said = said or other_words(error)
    result = CliRunner().invoke(main, ["check", "--json", str(path)])
    hint = in_python(json.loads(result.stdout)["images"][0]["hint"])
    said = said or unhelpful(case, Path(path), error, hint)
    return said and f"{error.rule}: {said}: {error.hint} / {hint}"


@pytest.mark.parametrize("group", sampled(range(GROUPS), 0))
def test_what_a_hint_names_helps_on_the_case_that_raised_it(group: int, tmp_path: Path) -> None:
    wrong = []
    for case in CASES[group::GROUPS]:
        folder = tmp_path / case.id
        folder.mkdir()
        if said := problem(case, folder):
            wrong.append(f"{case.id}: {said}")
        for path in sorted(folder.rglob("*"), reverse=True):
            if path.is_file() or path.is_symlink():
                path.unlink()
    assert not wrong, "\n".join(wrong)


def test_there_are_cases() -> None:
    assert len(CASES) > 150
    assert len(Counter(case.by for case in CASES if case.by)) > 30


def test_every_rule_that_stops_somebody_names_a_step_and_no_other_does() -> None:
    stopping = {rule.id for rule in RULES.values() if STOPPING & {rule.verdict, *rule.when.values()}}
    assert len(stopping) > 70
    assert {rule.id for rule in RULES.values() if rule.next} == stopping
    assert {name for rule in RULES.values() for name in rule.next} == STEPS.keys()
    assert all(step.text and step.text[-1] != "." for step in STEPS.values())


COMMANDS = sorted((Path(vhdx.__file__).parent / "cli").glob("*.py"))


def test_every_error_of_the_commands_says_what_to_do_next() -> None:
    """But for those of an image or the system: their cause, a VhdxError, says it itself."""
    silent, said = [], 0
    for path in COMMANDS:
        tree = ast.parse(path.read_text("utf-8"))
        caught = {
            id(inner): ast.unparse(node.type)
            for node in ast.walk(tree)
            if isinstance(node, ast.ExceptHandler) and node.type
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Failure":
                said += len(node.args) == 3
                if len(node.args) < 3 and caught.get(id(node)) != "VhdxError":
                    silent.append(f"{path.name}:{node.lineno}")
    assert not silent
    assert said > 30


def test_the_table_has_no_step_that_nobody_takes() -> None:
    text = "".join(path.read_text("utf-8") for path in COMMANDS)
    assert [name for name in NEXT if f'NEXT["{name}"]' not in text and f"NEXT['{name}']" not in text] == []


@pytest.mark.parametrize("name", ["nowhere.vhdx", "."])
def test_a_file_that_cannot_be_opened_says_what_to_do_next(tmp_path: Path, name: str) -> None:
    for command in ("info", "check", "repair", "hash", "map", "inspect"):
        result = CliRunner().invoke(main, [command, str(tmp_path / name)])
        assert result.stderr.splitlines()[-1].startswith("hint: "), result.output


def test_headers_and_region_tables_that_are_both_lost_are_offered_together(tmp_path: Path) -> None:
    path = make(tmp_path, SAMPLE).path
    raw = bytearray(path.read_bytes())
    raw[0x10000:0x50000] = bytes(0x40000)
    path.write_bytes(raw)
    for command in ("check", "info", "map"):
        hint = CliRunner().invoke(main, [command, str(path)]).stderr.splitlines()[-1]
        (advised,) = re.findall("`(vhdx repair [^`]+)`", hint)
        plan = json.loads(CliRunner().invoke(main, [*shlex.split(advised)[1:], "--json"]).stdout)
        assert {"HDR-003", "RGN-003"} <= {rule for step in plan["repairs"] for rule in step["rules"]}
        assert plan["after"].startswith("healthy")


@pytest.mark.parametrize("command", ["info", "check", "map", "read", "hash", "inspect", "repair", "compare"])
def test_a_pipe_is_told_to_be_saved_first(command: str) -> None:
    words = ["-", "-"] if command == "compare" else ["-"]
    assert "no pipe will do: save it to a file first" in CliRunner().invoke(main, [command, *words]).stderr

"""`inspect --select`: what is found equals what one finds by looking at every node."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.support import BROKEN, DIRTY, SAMPLE, SCHEMAS, make, run
from tests.inspect.naive import Row, chains, holds, matching, plain, singles
from tests.inspect.support import SPECIMENS, loaded, made
from tests.support.extras import need
from tests.support.sampling import repeated
from vhdx_runtime.cli import inspect_query
from vhdx_runtime.inspect import tree
from vhdx_runtime.inspect.facts import condition, facts
from vhdx_runtime.inspect.selection import _expression, select

SIGNS = ("=", "!=", "<", "<=", ">", ">=")


def pattern_for(names: tuple[str, ...], rng: random.Random) -> list[str]:
    """A pattern that matches at least what these names lead to."""
    found = []
    for name in names:
        base, bracket, index = name.partition("[")
        kind = rng.randrange(6)
        if bracket and index[:-1].isdigit() and kind < 3:
            number = int(index[:-1])
            found.append([f"{base}[*]", f"{base}[{max(0, number - 2)}..{number + rng.randrange(4)}]", name][kind])
        elif kind == 3 and not bracket:
            cut = rng.randrange(len(name))
            found.append(f"{name[:cut]}*")
        elif kind == 4 and not bracket:
            cut = rng.randrange(len(name))
            found.append(f"{name[:cut]}?{name[cut + 1 :]}")
        else:
            found.append(name)
    return found


def condition_for(known: dict[str, Any], rng: random.Random) -> tuple[str, str, int] | None:
    numbers = {key: value for key, value in known.items() if isinstance(value, int) and not isinstance(value, bool)}
    if not numbers:
        return None
    field = rng.choice(sorted(numbers))
    return field, rng.choice(SIGNS), max(0, numbers[field] + rng.choice((0, 0, 0, 1, -1)))


@pytest.mark.parametrize("name", SPECIMENS)
def test_what_is_selected_is_what_a_look_at_every_node_finds(name: str) -> None:
    rng = random.Random(f"select {name}")
    with loaded(made(name).to_bytes()) as image:
        root = tree(image)
        deep = list(chains(root))
        below = [row for row in deep if row[0][:1] not in (("blocks",), ("bat",))]
        found = singles(image, root)
        for number in range(repeated(8, 40)):
            rows: list[Row] = found if found and number % 3 == 0 else below
            names, node = rng.choice(rows)
            steps = pattern_for(names, rng)
            candidates = [*below, *found]
            if number % 3 == 1:
                candidates, steps = deep, ["**", *steps[rng.randrange(len(steps) + 1) :]]
            chosen = condition_for(plain(node), rng) if number % 2 else None
            texts = [f"{chosen[0]}{chosen[1]}{chosen[2]:#x}"] if chosen else []
            expected = [one for one in matching(candidates, steps) if chosen is None or holds(plain(one), *chosen)]
            got = list(select(root, ".".join(steps), [condition(text) for text in texts]))
            if "**" in steps:
                got.sort(key=lambda one: one.path)
                expected.sort(key=lambda one: one.path)
            assert [one.path for one in got] == [one.path for one in expected], (name, steps, texts)
            assert [facts(one) for one in got] == [plain(one) for one in expected]


def paths(image: Any, pattern: str, *conditions: str) -> list[str]:
    return [node.path for node in select(tree(image), pattern, [condition(text) for text in conditions])]


@pytest.mark.parametrize(
    ("pattern", "conditions", "expected"),
    [
        ("bat[*]", ["state=fully_present"], ["bat[0]", "bat[2]"]),
        ("bat[*]", ["state=PAYLOAD_BLOCK_FULLY_PRESENT"], ["bat[0]", "bat[2]"]),
        ("bat[*]", ["meaning=FULLY_PRESENT"], ["bat[0]", "bat[2]"]),
        ("bat[*]", ["state=6", "index>0"], ["bat[2]"]),
        ("bat[*]", ["state!=6"], ["bat[1]", "bat[3]"]),
        ("bat[1..2].state", ["value=6"], ["bat[2].state"]),
        ("bat[3]", ["state=zero"], ["bat[3]"]),
        ("bat[900]", [], []),
        ("block[*]", ["virtual_offset>=0x200000"], ["block[2]", "block[3]"]),
        ("block[1..2]", [], ["block[1]", "block[2]"]),
        ("bat[*]", ["state=nonsense"], []),
        ("header_?", ["is_current=true"], ["header_2"]),
        ("**", ["name=sequence_number"], ["header_1.sequence_number", "header_2.sequence_number"]),
        ("parent_locator", [], []),
        ("", [], [""]),
    ],
)
def test_what_a_selection_finds(pattern: str, conditions: list[str], expected: list[str]) -> None:
    with loaded(made("dynamic").to_bytes()) as image:
        assert paths(image, pattern, *conditions) == expected


def test_findings_are_asked_for_by_rule(tmp_path: Path) -> None:
    with loaded(make(tmp_path, BROKEN).path) as image:
        assert paths(image, "bat[*]", "findings=BAT-003") == ["bat[1]", "bat[2]", "bat[6]"]
        assert paths(image, "bat[*]", "findings!=BAT-003") == []


@pytest.mark.parametrize("text", ["state", "=6", "", "state~6", "state<many"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        condition(text)


def test_lines_of_json_follow_the_schema(tmp_path: Path) -> None:
    declared = json.loads((SCHEMAS / "inspect.json").read_text())
    node = jsonschema.Draft202012Validator({"$ref": "#/$defs/node", "$defs": declared["$defs"]})
    lines = run("inspect", make(tmp_path, DIRTY).path, "--select", "**", "--jsonl").stdout.splitlines()
    assert len(lines) > 100
    for line in lines:
        node.validate(json.loads(line))


def test_columns_are_csv_with_a_line_of_names(tmp_path: Path) -> None:
    path = make(tmp_path, SAMPLE).path
    result = run("inspect", path, "--select", "bat[0..1]", "--columns", "path,index, state,extents")
    rows = list(csv.reader(io.StringIO(result.stdout)))
    assert rows == [
        ["path", "index", "state", "extents"],
        ["bat[0]", "0", "6", "[[3145728, 8]]"],
        ["bat[1]", "1", "0", "[[3145736, 8]]"],
    ]
    result = run("inspect", path, "--select", "bat[0..1]", "--columns", "path,findings")
    assert (result.stdout, result.stderr) == ("path,findings\nbat[0],\nbat[1],\n", "")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+49", "+49"),
        ("-1.5", "-1.5"),
        ("--1", "'--1"),
        ("-", "'-"),
        ("-2+3", "'-2+3"),
        ("\t=1", r"\t=1"),
        ("\r=1", r"\r=1"),
        ("a,b", '"a,b"'),
        ('"', '""""'),
        ("\x1b[2J", r"\x1b[2J"),
        (-5, "-5"),
        (True, "true"),
        (None, ""),
        (["=x"], '"[""=x""]"'),
    ],
)
def test_no_cell_is_a_formula(value: object, cell: str) -> None:
    assert list(inspect_query.rows("a,b", [{"a": value, "b": 1}])) == ["a,b", f"{cell},1"]


def test_only_what_is_shown_is_text_for_people(tmp_path: Path) -> None:
    path = make(tmp_path, SAMPLE).path
    text = run("inspect", path, "--select", "header_?.sequence_number").stdout
    assert len(text.splitlines()) == 2
    deeper = run("inspect", path, "--select", "header_?", "--depth", "1").stdout
    assert len(deeper.splitlines()) > 10
    assert run("inspect", path, "--select", "bat[*]", "--where", "state=7").stdout == ""


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("--where", "state=6"), "is for --select", "--select 'bat[*]'"),
        (("--jsonl",), "is for --select", "--select"),
        (("--columns", "path"), "is for --select", "--select"),
        (("--select", "bat[*]", "--json"), "exclude one another", "--jsonl"),
        (("--select", "bat[*]", "--raw"), "exclude one another", "leave out"),
        (("bat", "--select", "bat[*]"), "exclude one another", "leave out"),
        (("--select", "bat[*]", "--query", "."), "exclude one another", "leave out"),
        (("--query", ".", "--where", "a=1"), "exclude one another", "leave out"),
        (("--select", "bat[*]", "--jsonl", "--columns", "path"), "exclude one another", "CSV"),
        (("--select", "bot[*]"), "nothing has an address like", "shows the names"),
        (("--select", "bat[9..2]"), "ends before it starts", "indices"),
        (("--select", "**.a.**"), "once", "any path"),
        (("--select", "bat[*]", "--columns", "address,value"), "nothing there has an 'address'", "path, kind"),
        (("--select", "bat[*]", "--columns", ""), "nothing there has a ''", "path, kind"),
        (("bat[1700]",), "nothing in the file is called 'bat[1700]'", "it has 8 entries, 0 to 7"),
        (("bitmap[3]",), "nothing in the file is called 'bitmap[3]'", "it has 1 sector bitmap, number 0"),
        (("--select", "bat[*]", "--where", "nonsense=1"), "nothing there has a 'nonsense'", "state"),
        (("--select", "bat[*]", "--where", "state=nonsense"), "no state is called 'nonsense'", "fully_present"),
        (("--select", "bat[*]", "--where", "state"), "is no condition", "FIELD=VALUE"),
        (("--select", "bat[*]", "--where", "state<many"), "compares numbers", "FIELD=VALUE"),
    ],
)
def test_misuse_is_told_with_what_to_do(words: tuple[str, ...], message: str, hint: str, tmp_path: Path) -> None:
    result = run("inspect", make(tmp_path, SAMPLE).path, *words, code=2)
    assert message in result.stderr
    assert hint in result.stderr.split("hint: ")[1]


def test_findings_of_what_is_selected_count_for_the_exit_code(tmp_path: Path) -> None:
    path = make(tmp_path, BROKEN).path
    assert "BAT-003" in run("inspect", path, "--select", "bat[1]", code=1).stdout
    run("inspect", path, "--select", "bat[0]")


def test_without_the_package_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jq", None)
    path = make(tmp_path, SAMPLE).path
    result = run("inspect", path, "--query", ".header_1", code=2)
    assert "the package jq is not installed" in result.stderr
    assert "vhdx-runtime[query]" in result.stderr
    assert run("inspect", path, "--select", "header_1").stdout


def test_the_examples_of_the_help_work_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = [line.strip() for line in run("inspect", "--help").stdout.splitlines()]
    commands = [shlex.split(line)[1:] for line in shown if line.startswith("vhdx inspect ")]
    assert len(commands) >= 9
    make(tmp_path, SAMPLE).path.rename(tmp_path / "disk.vhdx")
    monkeypatch.chdir(tmp_path)
    for words in commands:
        if "--query" in words:
            need("jq")
        piped = words[: words.index("|")] if "|" in words else words
        assert run(*piped).stdout, piped


@given(st.text("ab[.]", max_size=12), st.text("ab*?[", max_size=9))
def test_a_pattern_matches_as_a_glob_does(name: str, pattern: str) -> None:
    slow = "".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in pattern)
    assert (re.fullmatch(_expression(pattern), name) is None) == (re.fullmatch(slow, name) is None)


@pytest.mark.parametrize("where", ["findings=HDR-002", "note=none"])
def test_a_fact_that_no_node_of_a_sound_file_has_is_no_misuse(where: str, tmp_path: Path) -> None:
    path = make(tmp_path, SAMPLE).path
    assert run("inspect", path, "--select", "header_?.*", "--where", where).output == ""

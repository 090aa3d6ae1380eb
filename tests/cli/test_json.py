"""What is printed with --json: always one document, which says of which version it is, also where the command fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.cli.support import BROKEN, CHAIN, SAMPLE, SCHEMAS, make, make_chain, run, run_failing, schema
from vhdx_runtime.cli import main

OPENING = ["info", "map", "read", "hash", "inspect", "repair"]
WITHOUT_VERSION = {
    "map": "an array, as qemu-img map prints one",
    "conformance-show": "a recipe, as it stands in a file",
    "fuzz-manifest": "lines of a file",
}


@pytest.mark.parametrize("name", OPENING)
def test_a_file_that_is_not_there_is_a_document_too(tmp_path: Path, name: str) -> None:
    error = run_failing(name, tmp_path / "nowhere.vhdx", code=3)
    assert error["message"].endswith("nowhere.vhdx: cannot be opened: No such file or directory")
    assert error["hint"].startswith("check the name")
    assert (error["rule"], error["exit_code"]) == (None, 3)


@pytest.mark.parametrize("name", ["map", "read", "hash", "repair"])
def test_what_is_no_vhdx_is_a_document_too(tmp_path: Path, name: str) -> None:
    path = tmp_path / "disk.vhdx"
    path.write_bytes(b"\x1f\x8b\x08" + bytes(range(256)) * 8)
    assert "compressed with gzip" in run_failing(name, path, code=3)["message"]


def test_the_rule_and_the_hint_stand_in_it(tmp_path: Path) -> None:
    assert len(CHAIN) == 3
    child = make_chain(tmp_path, "child")["child"].path
    error = run_failing("hash", child, code=3)
    assert error["rule"] == "CHN-001"
    assert "--parent-dir" in error["hint"]
    broken = make(tmp_path, BROKEN).path
    error = run_failing("hash", broken, code=1)
    assert (error["rule"], error["exit_code"]) == ("BAT-003", 1)
    assert "`--salvage`" in error["hint"]


def test_wrong_usage_is_a_document_too(tmp_path: Path) -> None:
    error = run_failing("read", "--offset", "1T", make(tmp_path, SAMPLE).path, code=2)
    assert "behind the end of the disk" in error["message"]
    assert run_failing("rules", "NIX-001", code=2)["message"] == "no rule is called NIX-001"
    value = json.loads(run("info", "--json", "--log", "nonsense", tmp_path / "x", code=2).stdout)
    schema("error").validate(value)


@pytest.mark.parametrize(
    "words", [("info", "--nope", "x"), ("info",), ("nope",), ("book", "--limit", "x"), ("map", "--limit", "many", "x")]
)
def test_words_that_are_not_understood_are_a_document_too(words: tuple[str, ...]) -> None:
    error = run_failing(*words, code=2)
    assert (error["exit_code"], error["rule"]) == (2, None)
    assert "--help" in error["hint"]
    assert run(*words, code=2).stdout == ""


def test_where_stdout_is_for_bytes_the_document_is_on_stderr(tmp_path: Path) -> None:
    result = run("convert", "--json", tmp_path / "nowhere.vhdx", "-", code=3)
    assert result.stdout == ""
    assert json.loads(result.stderr[: result.stderr.rindex("}") + 1])["error"]["exit_code"] == 3


def test_without_the_option_nothing_of_it_is_printed(tmp_path: Path) -> None:
    result = run("hash", tmp_path / "nowhere.vhdx", code=3)
    assert result.stdout == ""
    assert "{" not in result.stderr


def test_every_schema_asks_for_the_version() -> None:
    declared = {path.stem: path.read_text("utf-8") for path in SCHEMAS.glob("*.json")}
    assert len(declared) > 20
    assert {name for name, text in declared.items() if '"format_version"' not in text} == WITHOUT_VERSION.keys()


@pytest.mark.parametrize(
    "arguments", [("rules",), ("book", "header"), ("conformance", "list", "headers"), ("fuzz", "dictionary")]
)
def test_a_list_stands_under_a_name(arguments: tuple[str, ...]) -> None:
    value = json.loads(run(*arguments, "--json").stdout)
    schema("-".join(arguments[:2]) if arguments[0] in ("conformance", "fuzz") else arguments[0]).validate(value)
    assert value["format_version"] == 1
    assert len(value) == 2


def leaves(command: click.Command, *words: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with the words that call it."""
    if not isinstance(command, click.Group):
        yield words, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from leaves(found, *words, name)


def test_every_command_prints_json_and_has_a_schema() -> None:
    text = {("schema",), ("completion",)}
    found = {words: command for words, command in leaves(main) if words not in text}
    assert len(found) > 20
    assert [words for words, command in found.items() if "as_json" not in {one.name for one in command.params}] == []
    assert [words for words in found if not (SCHEMAS / f"{'-'.join(words)}.json").is_file()] == []


def test_what_was_written_is_a_document(tmp_path: Path) -> None:
    built = json.loads(run("conformance", "build", tmp_path / "new", "header-1-zeroed", "--json").stdout)
    schema("conformance-build").validate(built)
    assert (built["cases"], built["folder"]) == (1, str(tmp_path / "new"))
    made = json.loads(run("fuzz", "reproduce", "hdr-006-1", "-o", tmp_path / "one.vhdx", "--json").stdout)
    schema("fuzz-reproduce").validate(made)
    assert (made["id"], made["file_size"]) == ("hdr-006-1", (tmp_path / "one.vhdx").stat().st_size)

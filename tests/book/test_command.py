"""`vhdx book` finds whatever has a name, prints what the pages say, and helps with names that are nowhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result
from vhdx_format.layout import CONSTANTS, ENUMS, GUIDS, STRUCTURES
from vhdx_format.rules import RULES

from tests.book.support import PAGES
from tests.cli.support import SCHEMAS
from vhdx_runtime import book
from vhdx_runtime.cli import main

BOOK = book.load()


def run(*arguments: str) -> Result:
    """Run `vhdx book`."""
    return CliRunner().invoke(main, ["book", *arguments], prog_name="vhdx")


def records(*arguments: str) -> list[dict[str, Any]]:
    """Run it with --json; the result is of the form that `vhdx schema book` describes."""
    result = run("--json", *arguments)
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    jsonschema.validate(found, json.loads((SCHEMAS / "book.json").read_text()))
    entries: list[dict[str, Any]] = found["entries"]
    return entries


def test_everything_that_the_schemas_declare_can_be_asked_for() -> None:
    names = {(one.kind, one.name) for one in BOOK.all()}
    wanted = {("structure", name) for name in STRUCTURES} | {("rule", name) for name in RULES}
    wanted |= {("field", f"{name}.{field.id}") for name, one in STRUCTURES.items() for field in one.fields}
    wanted |= {("guid", name) for name in GUIDS} | {("constant", name) for name in CONSTANTS}
    wanted |= {("value", f"{enum}.{item.id}") for enum, values in ENUMS.items() for item in values.values()}
    assert len(wanted) > 400
    assert wanted <= names


@pytest.mark.parametrize("kind", book.Book.KINDS)
def test_each_thing_is_found_by_its_name_and_said_as_on_its_page(kind: str) -> None:
    for one in BOOK.all():
        if one.kind == kind:
            (found,) = BOOK.find(one.name, kind)
            assert found == one
            page, _, anchor = one.page.partition("#")
            assert page in PAGES
            assert not anchor or f'<a id="{anchor}"></a>' in PAGES[page]
            if kind in ("chapter", "structure", "rule", "practice"):
                assert one.markdown.strip() in PAGES[page]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("header", ["header"]),
        ("Header", ["header"]),
        ("VHDXHeader", ["header"]),
        ("bat entry", ["bat_entry"]),
        ("header.log_guid", ["header.log_guid"]),
        ("log_guid", ["header.log_guid", "log_entry_header.log_guid"]),
        ("LogGuid", ["header.log_guid", "log_entry_header.log_guid"]),
        ("hdr-002", ["HDR-002"]),
        ("hdr-checksum", ["HDR-002"]),
        ("PAYLOAD_BLOCK_FULLY_PRESENT", ["payload_block_state.fully_present"]),
        ("2DC27766-F623-4200-9D64-115E9BFD4A08", ["bat_region"]),
        ("VHDX_MAX_IMAGE_SIZE", ["virtual_disk_size_max"]),
        ("log", ["log"]),
        ("D-09", ["D-09"]),
        ("write-a-reader", ["write-a-reader"]),
    ],
)
def test_a_thing_has_the_names_that_people_know(name: str, found: list[str]) -> None:
    assert [record["name"] for record in records(name)] == found


def test_a_word_before_the_name_says_what_is_meant() -> None:
    assert [one["kind"] for one in records("file_parameters")] == ["structure"]
    assert [one["kind"] for one in records("guid", "file_parameters")] == ["guid"]
    assert records("guid", "file_parameters")[0]["page"] == "guids.md#file_parameters"


@pytest.mark.parametrize(
    ("wrong", "right"), [("heder", "header"), ("sequense_number", "sequence_number"), ("LOG-0023", "LOG-023")]
)
def test_a_name_that_is_nowhere_gets_suggestions(wrong: str, right: str) -> None:
    result = run(wrong)
    assert result.exit_code == 2
    assert f"nothing that is called '{wrong}'\nhint: is it " in result.output
    assert right in result.output


def test_a_name_that_is_like_no_other_leads_to_the_contents() -> None:
    result = run("qqqqqqqq")
    assert result.exit_code == 2
    assert "`vhdx book` lists what is in it" in result.output


def test_without_a_name_the_contents_are_listed() -> None:
    result = run()
    assert result.exit_code == 0
    for name in ("Chapters", "write-a-reader", "Structures", "bat_entry", "185, from FTI-001 to WRT-004"):
        assert name in result.output
    everything = records()
    assert len(everything) == len(list(BOOK.all()))
    assert {one["markdown"] for one in everything} == {""}


def test_the_text_is_for_reading() -> None:
    result = run("header")
    assert result.exit_code == 0
    for text in ("68 65 61 64", "sequence_number", "HDR-002", "QEMU"):
        assert text in result.output
    for mark in ("](", "<a id", "```", ".svg", "\x1b"):
        assert mark not in result.output
    assert not [line for line in result.output.splitlines() if line != line.rstrip()]


def test_explain_adds_what_the_book_says(sample_image: Path) -> None:
    def explain(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["explain", *arguments, str(sample_image)], prog_name="vhdx")

    plain, told = explain("--file", "0x10030").output, explain("--file", "0x10030", "--doc").output
    assert told.startswith(plain)
    assert "other names: LogGuid, log_guid" in told
    assert "payload_block_state." in explain("--disk", "0", "--doc").output
    found = json.loads(explain("--file", "0x10030", "--doc", "--json").output)
    jsonschema.validate(found, json.loads((SCHEMAS / "explain.json").read_text()))
    assert [one["name"] for one in found["doc"]] == ["header.log_guid"]
    bits = json.loads(explain("--file", "0x300000", "--doc", "--json").output)
    assert [one["name"] for one in bits["doc"]] == ["bat_entry.state", "bat_entry.reserved"]
    assert "doc" not in json.loads(explain("--file", "0x10030", "--json").output)


def test_commands_and_programs_are_never_broken() -> None:
    """Who copies one takes along what is put in."""
    text = run("differences").stdout
    (line,) = [line for line in text.splitlines() if "textconv" in line and "git config" in line]
    assert line.count('"') % 2 == 0
    assert line.count("'") % 2 == 0

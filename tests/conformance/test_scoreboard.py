"""The scoreboard: complete as a record, safe as a page, and the command that writes it says who is right."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from base64 import b64encode
from dataclasses import replace
from functools import cache
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import run, schema
from tests.page.support import browser
from tests.support.cases import all_cases
from tests.support.patience import HANG
from vhdx_runtime.conformance import Bat, Block, Recipe
from vhdx_runtime.conformance.cases import Case
from vhdx_runtime.conformance.judge import runner, scoreboard, scoreboard_html
from vhdx_runtime.conformance.recipes import form_writer

NASTY = "</script><img src=x onerror=alert(1)> | `&amp;` \\"
WRONG = "command wrong=truncate -s 4M {out} {image}"
CASES = (
    Case(
        id="good",
        title="A good file",
        probes="Why not?",
        expect="read",
        files=(Recipe(bat=Bat((Block(2),))),),
        area="one",
    ),
    Case(
        id="nasty",
        title=NASTY,
        probes=NASTY,
        expect="either",
        reason=NASTY,
        files=(Recipe(),),
        area=NASTY,
        rules=("HDR-003",),
    ),
)
FIRST = all_cases()[0].id


@cache
def _record() -> dict[str, Any]:
    names = [
        "vhdx-runtime",
        "command zeros=sh -c 'truncate -s 4M $1' sh {out} {image}",
        "command no-such-program {image}",
    ]
    found = runner.survey(names)
    results = list(runner.run(CASES, names[:2], jobs=1))
    return scoreboard.record(found, results, "1.2.3", 4.56)


@pytest.fixture
def record() -> dict[str, Any]:
    """Two cases, three readers: one right, one that gives zeros, one absent."""
    return _record()


@pytest.fixture
def page(record: dict[str, Any]) -> str:
    """The page of the record."""
    return scoreboard_html.page(record, {case.id: form_writer.dump(replace(case, title="x")) for case in CASES})


def test_the_record_is_what_its_schema_says(record: dict[str, Any]) -> None:
    schema("conformance-run").validate({"format_version": 1} | record)
    ours, zeros, absent = record["readers"]
    assert (ours["right"], ours["judged"], ours["totals"]) == (2, 2, {"pass": 2})
    assert (zeros["right"], zeros["judged"], zeros["totals"]) == (1, 2, {"pass": 1, "wrong-bytes": 1})
    assert absent["absent"] == "no program is called no-such-program"
    assert [set(row["results"]) for row in record["cases"]] == [{"vhdx-runtime", "zeros"}] * 2


def test_a_failure_has_the_command_that_shows_it_and_success_has_none(record: dict[str, Any]) -> None:
    good = record["cases"][0]["results"]
    assert good["vhdx-runtime"]["command"] == ""
    start = "vhdx conformance build cases good && cd cases && "
    assert good["zeros"]["command"] == f"{start}sh -c 'truncate -s 4M $1' sh out.raw good/image.vhdx"


def test_every_outcome_has_a_sign_of_its_own() -> None:
    from vhdx_runtime.conformance.judge.outcomes import KINDS

    assert set(scoreboard.SYMBOLS) == set(KINDS)
    assert len(set(scoreboard.SYMBOLS.values())) == len(KINDS)


def test_markdown_has_whole_tables_whatever_is_in_the_titles(record: dict[str, Any]) -> None:
    text = scoreboard.markdown(record)
    assert "2 cases of vhdx-runtime 1.2.3" in text
    assert "**2** of 2" in text
    assert "absent (no program is called no-such-program)" in text
    tables = re.findall(r"(?:^\|.*\|\n)+", text, re.M)
    assert len(tables) == 3
    for table in tables:
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1, table


class Page(HTMLParser):
    """Elements, attributes and the texts of style and script of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        kind = dict(attrs).get("type") or ""
        self._inside = f"{tag} {kind}".strip() if tag in ("style", "script") else ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[self._inside] = self.texts.get(self._inside, "") + data


def test_the_policy_allows_exactly_the_style_and_the_script_of_the_page(page: str) -> None:
    parsed = Page(page)
    (policy,) = [one["content"] for tag, one in parsed.elements if one.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for name in ("style", "script"):
        digest = b64encode(sha256(parsed.texts[name].encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy


def test_the_page_loads_nothing_and_runs_nothing_that_came_from_a_case(page: str) -> None:
    tags = {tag for tag, _ in Page(page).elements}
    assert not tags & {"img", "link", "iframe", "object", "embed", "base"}
    for _, attributes in Page(page).elements:
        assert not {name for name in attributes if name.startswith("on") or name in ("src", "style", "srcset")}
    assert "{{" not in page


def test_the_page_has_the_record_and_a_row_for_each_case(page: str, record: dict[str, Any]) -> None:
    parsed = Page(page)
    data = json.loads(parsed.texts["script application/json"])
    assert [row["title"] for row in data["cases"]] == ["A good file", NASTY]
    assert data["readers"] == record["readers"]
    assert "blocks" in data["cases"][0]["recipe"]
    rows = [one["id"] for tag, one in parsed.elements if tag == "tr" and one.get("class") == "case"]
    assert rows == ["good", "nasty"]


def test_a_browser_runs_the_script_of_the_page(page: str, tmp_path: Path) -> None:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if not program:
        pytest.skip("chromium: not installed (Debian: apt-get install chromium)")
    path = tmp_path / "page.html"
    path.write_text(page, "utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    done = subprocess.run([program, *options, f"{path.as_uri()}#good"], capture_output=True, text=True, timeout=HANG)
    assert "2 of 2 cases" in done.stdout, done.stderr[-2000:]
    assert 'class="detail"' in done.stdout
    assert "cd cases &amp;&amp; sh -c" in done.stdout


def test_on_a_small_screen_only_the_table_scrolls_sideways(record: dict[str, Any], tmp_path: Path) -> None:
    """With as many readers as the real one has; what only screen readers see counts, too."""
    reader = record["readers"][0]
    names = [f"reader {number}" for number in range(9)]
    wide = record | {
        "readers": [reader | {"name": name, "title": name} for name in names],
        "cases": [row | {"results": dict.fromkeys(names, row["results"]["zeros"])} for row in record["cases"]],
    }
    (tmp_path / "s.html").write_text(scoreboard_html.page(wide, {}), "utf-8")
    with browser() as tab:
        tab.page.set_viewport_size({"width": 390, "height": 800})
        tab.page.goto((tmp_path / "s.html").as_uri())
        assert tab.page.evaluate("document.querySelector('#table').scrollWidth") > 390
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390
        box = "(box => { box.scrollLeft = 9999; return box.scrollLeft; })(document.querySelector('.wide'))"
        assert tab.page.evaluate(box) > 0


def test_run_writes_the_scoreboard_and_says_that_ours_is_right(tmp_path: Path) -> None:
    html, markdown = tmp_path / "s.html", tmp_path / "s.md"
    options = ("--reader", "vhdx-runtime", "--case", FIRST, "--jobs", 1, "--html", html, "--markdown", markdown)
    result = run("conformance", "run", *options, "--json")
    record = json.loads(result.stdout)
    schema("conformance-run").validate(record)
    assert [row["id"] for row in record["cases"]] == [FIRST]
    assert FIRST in html.read_text("utf-8")
    assert "# VHDX conformance scoreboard" in markdown.read_text("utf-8")
    assert run("conformance", "run", *options).stdout.startswith("vhdx-runtime  1 of 1 right  (1 pass)\n")
    assert len(list(tmp_path.iterdir())) == 2


def test_run_exits_with_1_when_a_named_reader_is_wrong() -> None:
    text = run("conformance", "run", "--reader", "command liar=true {image}", "--case", FIRST, code=1).stdout
    assert text.startswith(f"{FIRST}: liar: ")
    assert f"vhdx conformance build cases {FIRST} && cd cases && true {FIRST}/" in text


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--reader", "nobody"), 2),
        (("--reader", "command true"), 2),
        (("--reader", "command a=true {image}", "--reader", "command a=false {image}"), 2),
        (("--case", "no-such-case-*"), 2),
        (("--jobs", "0"), 2),
        (("--reader", "command no-such-program {image}"), 3),
    ],
)
def test_what_cannot_be_run_is_one_line(options: tuple[str, ...], code: int) -> None:
    result = run("conformance", "run", *options, *([] if "--case" in options else ["--case", FIRST]), code=code)
    assert result.stdout == ""
    assert "rror: " in result.stderr


def test_a_system_that_cannot_fork_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.fork")
    assert "this system has none" in run("conformance", "run", code=3).stderr


def test_run_has_examples() -> None:
    assert "Examples:\n    vhdx conformance run\n" in run("conformance", "run", "--help").stdout

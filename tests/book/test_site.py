"""The site of the book: every page is in it, search finds things, and nothing is fetched from elsewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Literal

import pytest

import vhdx_runtime as vhdx
from tests.book.support import PAGES
from tests.page.support import browser
from tests.support.axe import grave_findings, need_axe
from tests.support.extras import need
from tests.support.modules import ROOT

pytestmark = pytest.mark.xdist_group("book site")  # one worker builds it once


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make site` builds it."""
    need("properdocs", "properdocs-theme-mkdocs", "mkdocstrings", "mkdocstrings-python")
    folder = tmp_path_factory.mktemp("site")
    for arguments in (
        ["vhdx_runtime.book.build", "--site", folder / "source"],
        ["properdocs", "build", "--quiet", "--strict", "--config-file", folder / "source" / "properdocs.yml"],
    ):
        command = [sys.executable, "-m", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=ROOT)
        assert (done.returncode, done.stderr) == (0, "")
    return folder / "book"


def test_the_page_of_the_library_names_all_that_is_public() -> None:
    page = (ROOT / "vhdx_runtime" / "book" / "build" / "api.md").read_text("utf-8")
    missing = [name for name in vhdx.__all__ if f".{name}\n" not in page and name != "__version__"]
    assert missing == []


def test_the_library_is_described_from_its_docstrings(site: Path) -> None:
    text = re.sub(r"<[^>]+>", "", html(site, "api.md"))
    for said in ("parent_dirs", "Read guest bytes.", "Give up whole blocks", "Check a container against every rule"):
        assert said in text
    contents = json.loads((site / "search" / "search_index.json").read_text("utf-8"))["docs"]
    assert any("write_at" in one["title"] and one["location"].startswith("api.html") for one in contents)


def html(site: Path, page: str) -> str:
    return (site / page.replace(".md", ".html")).read_text("utf-8")


def test_every_page_is_there_and_in_the_contents(site: Path) -> None:
    contents = html(site, "index.md")
    for page in PAGES:
        assert (site / page.replace(".md", ".html")).is_file()
        assert f'href="{page.replace(".md", ".html")}"' in contents


def test_search_finds_a_field_a_rule_and_a_chapter(site: Path) -> None:
    documents = json.loads((site / "search" / "search_index.json").read_text("utf-8"))["docs"]
    assert len(documents) > 300
    for word, page in (("file_write_guid", "structures/header.html"), ("LOG-023", "rules.html"), ("Tail", "log.html")):
        assert any(word in one["title"] + one["text"] and one["location"].startswith(page) for one in documents)


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    fetched = re.compile(r"""<(?:script|img|iframe|source)[^>]+src=["']?https?:|<link[^>]+href=["']?https?:|@import""")
    pages = [site / page.replace(".md", ".html") for page in PAGES]
    assert pages
    for path in [*pages, site / "book.css"]:
        assert not fetched.search(path.read_text("utf-8")), path


def test_figures_stand_in_the_page_and_dumps_have_colours(site: Path) -> None:
    page = html(site, "structures/header.md")
    assert '<figure class="drawing"><svg' in page
    assert '<span class="c0" title="signature">68 65 61 64</span>' in page
    style = (site / "book.css").read_text("utf-8")
    assert re.search(r"^:root\{--vb-ink:#\w+", style, re.M)
    assert re.search(r"^\[data-bs-theme=dark\]\{--vb-ink:#\w+", style, re.M)


def test_the_scoreboard_comes_along(site: Path) -> None:
    assert 'href="scoreboard-table.html"' in html(site, "scoreboard.md")
    assert "<table" in (site / "scoreboard-table.html").read_text("utf-8")


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    """Where a server of our own shows the site."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_browser_searches_the_site_and_asks_nobody_else(address: str) -> None:
    with browser() as tab:
        tab.page.goto(f"{address}/index.html", wait_until="networkidle")
        tab.page.click("[data-bs-target='#properdocs_search_modal']")
        query, results = (tab.page.locator(f"#properdocs-search-{name}") for name in ("query", "results a"))
        for _ in range(60):  # what is typed before the page listens, or its index is there, is lost
            query.fill("")
            query.press_sequentially("trailing_bytes")
            tab.page.wait_for_timeout(3000)
            if results.count():
                break
        found = tab.page.eval_on_selector_all("#properdocs-search-results a", "links => links.map(link => link.href)")
        assert any("/structures/data_descriptor.html" in link for link in found)
        assert [url for url in tab.requests if not url.startswith((address, "blob:", "data:"))] == []
        assert [one for one in tab.troubles if not one.startswith("console log")] == []  # the search talks


def test_the_colours_of_figures_follow_the_switch_between_light_and_dark(address: str) -> None:
    colour = "getComputedStyle(document.querySelector('figure.drawing rect.paper')).fill"
    with browser() as tab:
        tab.page.emulate_media(color_scheme="light")
        tab.page.goto(f"{address}/file-map.html")
        light = tab.page.evaluate(colour)
        tab.page.click("#theme-menu")
        tab.page.click("[data-bs-theme-value=dark]")
        assert light == "rgb(255, 255, 255)"
        assert tab.page.evaluate(colour) == "rgb(30, 33, 41)"


SHOWN = ("index", "structures/header", "guids", "rules", "log", "write-a-vhdx", "python", "cheat-sheet", "api")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_grave(address: str, scheme: Literal["light", "dark"]) -> None:
    need_axe()
    with browser() as tab:
        tab.page.emulate_media(color_scheme=scheme)
        for name in SHOWN:
            tab.page.goto(f"{address}/{name}.html", wait_until="networkidle")
            assert grave_findings(tab.page) == [], name


def test_tables_can_be_read_on_a_small_screen(address: str) -> None:
    outside = (
        "[...document.querySelectorAll('[role=main] td')].filter(cell => cell.getBoundingClientRect().right > 390"
        " || cell.scrollWidth > cell.clientWidth + 1).length"
    )
    with browser() as tab:
        tab.page.set_viewport_size({"width": 390, "height": 800})
        for name in ("structures/header", "guids", "enums", "constants"):
            tab.page.goto(f"{address}/{name}.html")
            assert tab.page.locator("[role=main] td").count() > 10
            assert tab.page.evaluate(outside) == 0, name
            assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_links_in_the_text_are_underlined(address: str) -> None:
    with browser() as tab:
        tab.page.goto(f"{address}/guids.html")
        line = "getComputedStyle(document.querySelector('[role=main] p a[href]')).textDecorationLine"
        assert tab.page.evaluate(line) == "underline"

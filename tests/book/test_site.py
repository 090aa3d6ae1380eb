"""The site of the book: every page is in it, search finds things, and nothing is fetched from elsewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.book.support import PAGES
from tests.page.support import browser
from tests.support.modules import RUNTIME

pytestmark = pytest.mark.xdist_group("book site")  # one worker builds it once


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make book` builds it."""
    pytest.importorskip("mkdocs", reason="site of the book: mkdocs is not installed (make book)")
    pytest.importorskip("material", reason="site of the book: mkdocs-material is not installed (make book)")
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", out]
    done = subprocess.run(
        [*map(str, command), "--config-file", str(RUNTIME / "book" / "mkdocs.yml")],
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return out


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
    assert re.search(r"^\[data-md-color-scheme=slate\]\{--vb-ink:#\w+", style, re.M)


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
        box = tab.page.locator("input[name=query]")
        box.focus()  # the site's script listens from here on
        box.press_sequentially("trailing_bytes")
        tab.page.wait_for_selector(".md-search-result__link", timeout=60_000)
        found = tab.page.eval_on_selector_all(".md-search-result__link", "links => links.map(link => link.href)")
        assert any("/structures/data_descriptor.html" in link for link in found)
        assert [url for url in tab.requests if not url.startswith((address, "blob:", "data:"))] == []
        assert tab.troubles == []


def test_the_colours_of_figures_follow_the_switch_between_light_and_dark(address: str) -> None:
    colour = "getComputedStyle(document.querySelector('figure.drawing rect.paper')).fill"
    with browser() as tab:
        tab.page.emulate_media(color_scheme="light")
        tab.page.goto(f"{address}/file-map.html")
        light = tab.page.evaluate(colour)
        tab.page.click("label[title=Dark]")
        assert light == "rgb(255, 255, 255)"
        assert tab.page.evaluate(colour) == "rgb(30, 33, 41)"

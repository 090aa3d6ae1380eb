"""In a browser, text from the image stays text, and a million runs are rows only where one looks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.page.support import BREAKOUT, HOSTILE, SCRIPT, TIB, Tab, million_runs, page_of, written

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(autouse=True)
def _nothing_goes_wrong(tab: Tab) -> object:
    tab.troubles.clear()
    yield
    assert not tab.troubles
    assert not tab.requests


@pytest.fixture(scope="module")
def hostile(folder: Path) -> Path:
    return page_of(written(folder, HOSTILE), code=1)


def test_no_text_of_the_image_becomes_markup(tab: Tab, hostile: Path) -> None:
    tab.show(hostile)
    for view in "12345":
        tab.page.keyboard.press(view)
    assert tab.page.title() == "hostile.vhdx – vhdx inspect"
    assert tab.page.locator("img, iframe, object, b, form[action]").count() == 0
    assert tab.page.evaluate("document.scripts.length") == 1


def test_the_creator_is_shown_as_it_is_with_its_hidden_marks_seen(tab: Tab, hostile: Path) -> None:
    tab.show(hostile, "#file_identifier.creator")
    shown = tab.text("#detail")
    assert SCRIPT in shown.replace("\n", "")
    assert BREAKOUT in shown.replace("\n", "")
    assert "\u202e" not in shown
    assert "u202e" in shown.lower().replace("+", "")


def test_a_locator_with_lone_surrogate_and_long_text_is_shown(tab: Tab, hostile: Path) -> None:
    tab.show(hostile, "#parent_locator")
    tab.page.keyboard.press("2")
    shown = tab.text("#view-effective")
    for mark in ("U+202E", "U+2066", "U+D800"):
        assert mark in shown
    more = tab.page.locator("#view-effective button:has-text('show all')")
    assert "32,011 characters" in more.inner_text()
    more.click()
    assert "A" * 32_000 in tab.text("#view-effective")


def test_a_string_with_nul_is_left_out_and_its_bytes_are_there(tab: Tab, hostile: Path) -> None:
    tab.show(hostile, "#metadata.items.parent_locator.entries%5B1%5D")
    assert "left out" in tab.text("#detail")
    tab.page.fill("#search", "entries[1].value")
    tab.page.keyboard.press("Enter")
    assert len(tab.lit()) > 100


def test_search_takes_hostile_text_as_text(tab: Tab, hostile: Path) -> None:
    tab.show(hostile)
    tab.page.fill("#search", "<script>")
    assert "file_identifier.creator" in tab.text("#results")
    tab.page.fill("#search", "(((")
    assert "nothing" in tab.text("#results")


def test_nothing_can_be_parsed_as_html_even_if_the_page_wanted_it(tab: Tab, hostile: Path) -> None:
    tab.show(hostile)
    refused = tab.page.evaluate(
        "() => { try { document.body.innerHTML = '<i>x</i>'; return false; } catch { return true; } }"
    )
    assert refused
    tab.page.wait_for_timeout(200)
    assert "console error: violation require-trusted-types-for" in tab.troubles
    tab.troubles.clear()


def test_a_million_runs_load_and_scroll(tab: Tab, roomy: Path) -> None:
    page = page_of(million_runs(roomy))
    tab.show(page)
    tab.page.keyboard.press("4")
    runs = int(tab.text("#shown").split(" runs")[0].replace(",", ""))
    assert runs > 1_000_000
    tab.page.focus("#table")
    assert tab.page.locator("#table .runrow").count() < 100
    tab.page.keyboard.press("End")
    tab.page.wait_for_timeout(50)
    assert "2,097,151" in tab.page.locator("#table .runrow").last.inner_text()
    tab.page.hover("#table")
    before = tab.page.locator("#table .runrow").first.inner_text()
    tab.page.mouse.wheel(0, -2000)
    tab.page.wait_for_timeout(50)
    assert tab.page.locator("#table .runrow").first.inner_text() != before
    tab.page.fill("#guest", str(40 * TIB))
    tab.page.keyboard.press("Enter")
    assert "block 1,310,720" in tab.text("#chain")
    tab.page.keyboard.press("Escape")
    tab.page.evaluate("document.activeElement.blur()")
    tab.page.keyboard.press("1")
    tab.page.click("#tree [role=treeitem]:has(.name:text-is('bat'))")
    assert tab.lit(), "the bytes of the table are made from its runs"

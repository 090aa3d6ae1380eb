"""The page in a browser: what is clicked lights up on the other side, search and offsets lead where they should."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pytest

from tests.cli.support import run
from tests.page.support import BROKEN, CHILD, DIRTY, KIB, MIB, Tab, page_of, written
from tests.support.axe import grave_findings, need_axe
from vhdx_runtime.conformance import Bat, Block, Geometry, Hide, Log, LogEntry, Recipe

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def dirty(folder: Path) -> Path:
    return page_of(written(folder, DIRTY), code=1)


@pytest.fixture(autouse=True)
def _nothing_goes_wrong(tab: Tab) -> object:
    tab.troubles.clear()
    yield
    assert not tab.troubles
    assert not tab.requests, "a page asks for nothing but itself"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_grave_in_any_view(tab: Tab, dirty: Path, scheme: Literal["light", "dark"]) -> None:
    need_axe()
    tab.page.emulate_media(color_scheme=scheme)
    tab.show(dirty)
    views = tab.page.locator("[role=tab]")
    assert views.count() > 3
    for number in range(views.count()):
        views.nth(number).click()
        assert grave_findings(tab.page) == [], views.nth(number).inner_text()


def test_a_field_lights_up_its_bytes(tab: Tab, dirty: Path) -> None:
    tab.show(dirty)
    tab.open_node("header_2")
    tab.click_node("sequence_number")
    assert tab.lit() == list(range(0x20008, 0x20010))
    assert "Counts header updates" in tab.text("#detail")
    assert "MS-VHDX 2.2.2" in tab.text("#detail")
    tab.click_node("log_guid")
    assert tab.lit() == list(range(0x20030, 0x20040))


def test_a_byte_leads_to_its_field(tab: Tab, dirty: Path) -> None:
    tab.show(dirty)
    tab.page.click(f"#hex .b[data-o='{0x10044}']")
    assert tab.text("#tree .on .name") == "log_length"
    assert tab.text("#detail h3") == "log_length"
    assert tab.lit() == list(range(0x10044, 0x10048))


def test_an_entry_of_the_table_shows_both_words_and_who_wrote_it(tab: Tab, dirty: Path) -> None:
    tab.show(dirty, "#bat%5B3%5D")
    assert tab.text("#detail h3") == "bat[3]"
    detail = tab.text("#detail")
    assert "PAYLOAD_BLOCK_FULLY_PRESENT" in detail
    assert "0x0000000000000000" in detail
    assert "log.entries[0].descriptors[0]" in detail
    word = json.loads(run("explain", dirty.with_suffix(".vhdx"), "--disk", "3M", "--json").stdout)["steps"][0]["entry"][
        "word"
    ]
    assert f"{word:#018x}" in detail
    assert tab.lit() == list(range(tab.lit()[0], tab.lit()[0] + 8))


def test_the_bytes_before_and_after_replay_can_be_told_apart(tab: Tab, dirty: Path) -> None:
    tab.show(dirty, "#bat%5B0%5D")
    row = "#hex .b.on"
    assert [byte.strip() for byte in tab.page.locator(row).all_inner_texts()] != ["00"] * 8
    assert tab.page.locator(f"{row}.differs").count() > 0
    tab.page.keyboard.press("r")
    assert [byte.strip() for byte in tab.page.locator(row).all_inner_texts()] == ["00"] * 8


def test_search_finds_names_values_findings_and_offsets(tab: Tab, dirty: Path) -> None:
    tab.show(dirty)
    tab.page.keyboard.press("/")
    tab.page.keyboard.type("virtual_disk_size")
    assert "metadata.items.virtual_disk_size" in tab.text("#results")
    tab.page.fill("#search", "HDR-002")
    tab.page.keyboard.press("Enter")
    assert tab.lit() == list(range(0x10004, 0x10008))
    tab.page.fill("#search", "0x30000")
    tab.page.keyboard.press("Enter")
    assert tab.text("#detail h3") == "signature"
    tab.page.fill("#search", "no such thing")
    assert "nothing in this page" in tab.text("#results")


def test_keys_walk_the_tree_and_the_bytes(tab: Tab, dirty: Path) -> None:
    tab.show(dirty)
    tab.page.focus("#tree")
    for key in ("ArrowDown", "ArrowRight", "ArrowDown"):
        tab.page.keyboard.press(key)
    assert tab.text("#tree [aria-selected=true] .name") == "signature"
    assert tab.lit() == list(range(8))
    tab.page.keyboard.press("ArrowLeft")
    assert tab.text("#tree [aria-selected=true] .name") == "file_identifier"
    tab.page.keyboard.press("h")
    assert tab.page.evaluate("document.activeElement.id") == "hex"
    for _ in range(4):
        tab.page.keyboard.press("ArrowDown")
    assert tab.page.evaluate("location.hash") == "#file_identifier.creator"
    tab.page.keyboard.press("5")
    assert tab.page.is_visible("#view-findings")
    tab.page.keyboard.press("?")
    assert tab.page.is_visible("#help")
    tab.page.keyboard.press("Escape")


@pytest.mark.parametrize(
    ("recipe", "offsets"),
    [
        (DIRTY, (0, 4096, 8192, MIB, MIB + 16 * KIB, 2 * MIB, 3 * MIB + 5, 8 * MIB, 16 * MIB - 1)),
        (CHILD, (0, MIB, MIB + 512, MIB + 2000 * 512, MIB + 2048 * 512 - 1, 2 * MIB, 5 * MIB)),
        (BROKEN, (0, MIB, 2 * MIB, 6 * MIB + 1)),
    ],
    ids=["dirty", "child", "broken"],
)
def test_the_reasons_for_a_guest_offset_end_where_explain_ends(
    recipe: object, offsets: tuple[int, ...], tab: Tab, folder: Path
) -> None:
    image = folder / f"{getattr(recipe, 'name')}.vhdx"  # noqa: B009
    page = image.with_suffix(".html")
    if not page.exists():
        page = page_of(written(folder, recipe), code=1)  # type: ignore[arg-type]
    tab.show(page)
    tab.page.keyboard.press("g")
    answers = {
        "data": "in this file",
        "zero": "zero",
        "hole": "nowhere",
        "parent": "parent",
        "unreadable": "unreadable",
    }
    for offset in offsets:
        tab.page.fill("#guest", str(offset))
        tab.page.keyboard.press("Enter")
        code = 1 if recipe is BROKEN and offset in (MIB, 6 * MIB + 1) else 0
        said = json.loads(run("explain", image, "--disk", offset, "--without-parent", "--json", code=code).stdout)
        end = tab.text("#chain li:last-child")
        step = said["steps"][0]
        wanted = "log" if said["kind"] == "log" else answers["zero" if said["kind"] == "zero" else step["answer"]]
        assert wanted in end, (offset, said["kind"], end)
        if said["kind"] == "data":
            assert f"{said['file_offset']:#x}" in end


@pytest.mark.parametrize("name", ["text", "cut"])
def test_what_is_damaged_or_cut_off_is_given_up_as_explain_does(name: str, tab: Tab, folder: Path) -> None:
    log = Log((LogEntry((Hide("bat"),)),)) if name == "cut" else Log()
    geometry = Geometry(virtual_disk_size=8 * MIB)
    image = written(folder, Recipe(name, geometry=geometry, bat=Bat((Block(0), Block(5))), log=log))
    lost = (5 * MIB + 4096,) if name == "cut" else (MIB, 2 * MIB, 3 * MIB)
    with image.open("r+b") as file:
        if name == "cut":
            file.truncate(5 * MIB + 4096)
        else:
            file.seek(3 * MIB + 8)
            file.write(b"BAD SECTORFAILED0\xff\xff\xff\xff\xff\xff\xff"[:24])
    tab.show(page_of(image, code=1))
    tab.page.keyboard.press("3")
    legend = " ".join(tab.page.locator("#view-map .legend").nth(1).inner_text().split())
    assert ("unreadable 3 blocks" in legend) == (name == "text"), legend
    tab.page.keyboard.press("g")
    for offset in (0, MIB, 2 * MIB, 3 * MIB, 4 * MIB, 5 * MIB, 5 * MIB + 4096, 6 * MIB):
        tab.page.fill("#guest", str(offset))
        tab.page.keyboard.press("Enter")
        run("explain", image, "--disk", offset, code=int(offset in lost))
        assert ("unreadable" in tab.text("#chain li:last-child")) == (offset in lost), offset
    assert bool(tab.page.locator("#view-disk .swatch.c-unreadable").count()) == (name == "text")
    tab.page.keyboard.press("Escape")
    tab.page.keyboard.press("5")
    assert ("Cut off: the file ends at" in tab.text("#view-findings")) == (name == "cut")


def test_the_pictures_say_what_is_where(tab: Tab, dirty: Path) -> None:
    tab.show(dirty)
    tab.page.keyboard.press("3")
    legends = tab.page.locator(".legend").all_inner_texts()
    assert "log 1 MiB" in " ".join(legends[0].split())
    assert "payload block 5 MiB" in " ".join(legends[0].split())
    assert "fully present 5 blocks" in " ".join(legends[1].split())
    tab.page.focus("#view-map section:nth-of-type(2) canvas")
    tab.page.keyboard.press("ArrowRight")
    assert "block 1, 0x100000" in tab.text("#view-map section:nth-of-type(2) .status")
    tab.page.keyboard.press("+")
    tab.page.keyboard.press("Enter")
    assert tab.page.is_visible("#view-disk")
    assert "block 1" in tab.text("#chain")


def test_what_counts_is_shown_beside_what_is_there(tab: Tab, dirty: Path) -> None:
    tab.show(dirty)
    tab.page.keyboard.press("2")
    text = tab.text("#view-effective")
    assert "Header 2: the only valid one" in text
    assert tab.page.locator("#view-effective th.current").first.inner_text().startswith("header_2")
    assert "6 entries changed" in text
    assert "as it counts" in text


def test_findings_lead_to_their_bytes(tab: Tab, folder: Path) -> None:
    tab.show(page_of(written(folder, BROKEN), "--force", code=1))
    tab.page.keyboard.press("5")
    assert "BAT-" in tab.text("#view-findings")
    tab.page.locator("#view-findings button.link").first.click()
    assert tab.text("#detail h3") == "bat[1]"
    assert tab.page.locator("#detail .finding").count() >= 1


def test_small_and_dark_screens_have_it_all(tab: Tab, dirty: Path) -> None:
    tab.page.set_viewport_size({"width": 420, "height": 800})
    tab.show(dirty)
    assert tab.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    light = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
    tab.page.click("#theme")
    assert tab.page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    tab.page.set_viewport_size({"width": 1440, "height": 900})


CONTRAST = """() => {
  const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (text) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = text;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };
  const over = (top, below) => top.slice(0, 3).map((one, i) => one * top[3] / 255 + below[i] * (1 - top[3] / 255));
  const behind = (element) => {
    const layers = [];
    for (let up = element; up; up = up.parentElement) layers.unshift(rgba(getComputedStyle(up).backgroundColor));
    return layers.reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const light = (colour) => colour.slice(0, 3).map((one) => one / 255)
    .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, i) => sum + one * [0.2126, 0.7152, 0.0722][i], 0);
  const poor = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility()) continue;
    const ground = behind(element);
    const ink = over(rgba(getComputedStyle(element).color), ground);
    const [high, low] = [light(ink), light(ground)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5) poor.push(`${element.className} "${element.textContent.slice(0, 20)}" ${ratio.toFixed(2)}`);
  }
  return [...new Set(poor)];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_from_its_ground(tab: Tab, dirty: Path, scheme: str) -> None:
    tab.page.emulate_media(color_scheme=scheme)
    tab.show(dirty, "#header_1.checksum")
    for view in "12345":
        tab.page.keyboard.press(view)
        assert tab.page.evaluate(CONTRAST) == [], f"view {view}: text with a contrast below 4.5"
    tab.page.emulate_media(color_scheme="light")

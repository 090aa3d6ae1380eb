"""Run as a program: shows pages of the book and of the inspector to a browser and keeps what they look like.

The images are made from recipes, so that the same pages come out wherever it runs. Writes tests/results/screenshots/.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.page.support import MIB, Tab, browser, page_of, written
from vhdx_runtime.conformance import Bat, Block, Geometry, Recipe, demo

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "build" / "book"
RESULTS = ROOT / "tests" / "results" / "screenshots"
SIZE_MAX = 250 << 10
VIEW = {"width": 1280, "height": 720}

USED = (*range(12), *range(14, 30), 33, 34, 35, *range(40, 64), 70, 71, *range(80, 96), 101, 118, 119, *range(122, 128))
HEALTHY = Recipe(
    name="disk",
    creator="Microsoft Windows 10.0.20348.0",
    geometry=Geometry(virtual_disk_size=256 * MIB),
    bat=Bat(
        (
            *(Block(number, fills=()) for number in USED),
            *(Block(number, 2) for number in range(140, 170)),
            *(Block(number, 3) for number in range(190, 202)),
            *(Block(number, fills=()) for number in range(210, 256, 2)),
        ),
        order="scrambled",
    ),
)
BOOK_PAGES = {  # name of the picture: page and the heading that it shows
    "book-header": ("structures/header", "on-disk"),
    "book-log": ("log", "what-replay-does"),
    "book-block-states": ("block-states", "dynamic"),
}


def main() -> int:
    """Take them all; returns 1 where one is missing or too large to keep."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, browser() as tab:
        tab.page.set_viewport_size(VIEW)
        _inspector(tab, Path(folder))
        is_whole = _book(tab)
    large = [path for path in sorted(RESULTS.glob("*.png")) if path.stat().st_size > SIZE_MAX]
    for path in sorted(RESULTS.glob("*.png")):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size >> 10} KiB{', too large' if path in large else ''}")
    return 1 if large or not is_whole else 0


def _inspector(tab: Tab, folder: Path) -> None:
    healthy = page_of(written(folder, HEALTHY))
    damaged = folder / "demo.html"
    demo.build().write(folder)
    page_of(folder / "demo.vhdx", code=1)
    _shot(tab, healthy, "#header_2.sequence_number", "inspector-healthy", lambda page: None)
    _shot(tab, healthy, "", "inspector-map", _press("3"))
    _shot(tab, damaged, "#header_1.checksum", "inspector-damaged", lambda page: None)
    _shot(tab, damaged, "", "inspector-what-counts", _press("2"))
    _shot(tab, damaged, "", "inspector-guest-offset", _ask, dark=True)


def _press(key: str) -> Callable[[Any], None]:
    return lambda page: page.keyboard.press(key)


def _ask(page: Any) -> None:
    page.keyboard.press("g")
    page.fill("#guest", "0x300010")
    page.keyboard.press("Enter")


def _shot(
    tab: Tab, page: Path, fragment: str, name: str, prepare: Callable[[Any], None], *, dark: bool = False
) -> None:
    tab.page.emulate_media(color_scheme="dark" if dark else "light")
    tab.show(page, fragment)
    prepare(tab.page)
    tab.page.wait_for_timeout(300)
    tab.page.screenshot(path=RESULTS / f"{name}.png")


def _book(tab: Tab) -> bool:
    is_whole = True
    for name, (place, heading) in BOOK_PAGES.items():
        page = next((path for path in (BOOK / place / "index.html", BOOK / f"{place}.html") if path.exists()), None)
        if page is None:
            print(f"{place}: the book has no such page; `make site` builds it", file=sys.stderr)
            is_whole = False
            continue
        tab.page.emulate_media(color_scheme="light")
        tab.page.goto(f"{page.as_uri()}#{heading}")
        tab.page.wait_for_timeout(500)
        tab.page.screenshot(path=RESULTS / f"{name}.png")
    return is_whole


if __name__ == "__main__":
    raise SystemExit(main())

"""What MkDocs asks for while it makes the site: contents, style, figures inside the pages, the scoreboard.

Needs the `docs` extra; nothing else imports it. Knows the names of the site's files and nothing of the format.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[2]
SCOREBOARD = ROOT / "tests" / "results" / "scoreboard.html"
_FIGURE = re.compile(r"^!\[(?P<title>[^]]*)\]\((?P<path>[^)]+\.svg)\)$", re.M)
_STYLE = re.compile(r"<style>.*?</style>\n", re.S)
_SCOREBOARD_PAGE = "scoreboard-table.html"
_SCOREBOARD_LINK = "../../tests/results/scoreboard.md"


def on_config(config: Any) -> Any:
    """Take the table of contents from the book."""
    data = json.loads((ROOT / "generated" / "vhdx_format" / "book.json").read_text("utf-8"))
    config.nav = [
        {group["group"]: [{page["title"]: page["path"]} for page in group["pages"]]}
        for group in data["contents"]
        if group["pages"]
    ]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the style sheet, and the scoreboard as it is."""
    style = Path(__file__).with_name("book.css").read_text("utf-8")
    files.append(File.generated(config, "book.css", content=_variables() + style))
    if SCOREBOARD.is_file():
        files.append(File.generated(config, _SCOREBOARD_PAGE, content=SCOREBOARD.read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Put figures into the page itself, where they follow its colours; lead to the scoreboard inside the site."""
    folder = Path(page.file.abs_src_path).parent

    def _figure(match: re.Match[str]) -> str:
        drawing = _STYLE.sub("", (folder / match["path"]).read_text("utf-8"))
        return f'<figure class="drawing">{drawing.strip()}</figure>'

    return _FIGURE.sub(_figure, markdown).replace(_SCOREBOARD_LINK, _SCOREBOARD_PAGE)


def _variables() -> str:
    """The colours of the figures, light and dark, from a figure that stands alone."""
    drawing = (ROOT / "generated" / "book" / "file-map.svg").read_text("utf-8")
    rules = _STYLE.search(drawing)
    text = rules[0].removeprefix("<style>\n").removesuffix("</style>\n") if rules else ""
    light = re.search(r"^\.vb\{(--vb.*)\}$", text, re.M)
    dark = re.search(r"dark\)\{\.vb\{(--vb.*?)\}\}$", text, re.M)
    shapes = "".join(line + "\n" for line in text.splitlines() if line.startswith(".vb "))
    return f":root{{{light[1] if light else ''}}}\n[data-md-color-scheme=slate]{{{dark[1] if dark else ''}}}\n{shapes}"

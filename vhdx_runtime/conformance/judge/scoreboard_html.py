"""The scoreboard as one page for browsers: a table of cases and readers, filters, and what stands behind each cell.

The page loads nothing from anywhere: style and script are part of it and are all that its content security policy
allows. The table is there without the script, too.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from html import escape
from importlib import resources
from typing import Any

from .outcomes import KINDS, RIGHT
from .scoreboard import BUILD, SYMBOLS

_MIB = 1 << 20
_BAR = 240
_RECIPE_MAX = 4000


def page(record: dict[str, Any], recipes: Mapping[str, str]) -> str:
    """Make the page.

    Args:
        record: of `scoreboard.record`.
        recipes: YAML of each case by its id.
    """
    template = resources.files(__package__).joinpath("scoreboard.html").read_text("utf-8")
    style, script = (_between(template, f"<{tag}>", f"</{tag}>") for tag in ("style", "script"))
    present = [reader for reader in record["readers"] if not reader["absent"]]
    policy = f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; base-uri 'none'"
    parts = {
        "POLICY": f"{policy}; form-action 'none'",
        "SUMMARY": _summary(record),
        "READERS": "\n".join(_card(reader) for reader in record["readers"]),
        "LEGEND": "\n".join(_legend(record)),
        "COLUMNS": "\n".join(f'<th scope="col" class="reader">{_broken(reader["name"])}</th>' for reader in present),
        "ROWS": "\n".join(_bodies(record["cases"], present)),
        "DATA": _data(record, recipes),
    }
    for name, text in parts.items():
        template = template.replace(f"{{{{{name}}}}}", text, 1)
    return template


def _between(text: str, start: str, end: str) -> str:
    return text.split(start, 1)[1].split(end, 1)[0]


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _summary(record: dict[str, Any]) -> str:
    present = sum(not reader["absent"] for reader in record["readers"])
    return escape(
        f"{len(record['cases'])} cases of vhdx-runtime {record['version']} in front of {present} readers, "
        f"{record['date']}, {record['system']}"
    )


def _card(reader: dict[str, Any]) -> str:
    title = escape(reader["title"])
    if reader["url"]:
        title = f'<a href="{escape(reader["url"])}" rel="noreferrer">{title}</a>'
    if reader["absent"]:
        text = f'<p class="share">absent</p><p class="small">{escape(reader["absent"])}</p>'
        return f'<li class="card is-absent"><h3>{title}</h3>{text}</li>'
    share = f"<strong>{reader['right']}</strong> of {reader['judged']} right"
    cost = f"{reader['seconds']:.0f} s, at most {reader['peak'] // _MIB} MiB"
    return (
        f'<li class="card"><h3>{title} <span class="version">{escape(reader["version"])}</span></h3>'
        f'<p class="share">{share}</p>{_bar(reader)}<p class="small counts">{_counts(reader)}</p>'
        f'<p class="small muted">{cost}</p></li>'
    )


def _bar(reader: dict[str, Any]) -> str:
    total = sum(reader["totals"].values()) or 1
    parts, start = [], 0
    for kind, count in reader["totals"].items():
        x, width = start * _BAR / total, count * _BAR / total
        parts.append(f'<rect class="k-{kind}" x="{x:.1f}" width="{width:.1f}" height="10"/>')
        start += count
    label = escape(", ".join(f"{count} {kind}" for kind, count in reader["totals"].items()))
    shape = f'viewBox="0 0 {_BAR} 10" preserveAspectRatio="none" role="img" aria-label="{label}"'
    return f'<svg class="bar" {shape}>{"".join(parts)}</svg>'


def _counts(reader: dict[str, Any]) -> str:
    counts = reader["totals"].items()
    return " ".join(f'<span class="count">{_mark(kind)}{count} {_words(kind)}</span>' for kind, count in counts)


def _broken(name: str) -> str:
    """A name that may be broken behind its hyphens, and only there."""
    return escape(name).replace("-", "-<wbr>")


def _words(kind: str) -> str:
    return kind.replace("-", " ")


def _mark(kind: str) -> str:
    return f'<span class="mark k-{kind}" aria-hidden="true">{SYMBOLS[kind]}</span>'


def _legend(record: dict[str, Any]) -> Iterator[str]:
    used = {kind for reader in record["readers"] for kind in reader["totals"]}
    for kind, text in KINDS.items():
        if kind in used:
            yield f"<div>{_mark(kind)}<dt>{_words(kind)}</dt><dd>{escape(text)}</dd></div>"


def _bodies(cases: Sequence[dict[str, Any]], readers: Sequence[dict[str, Any]]) -> Iterator[str]:
    for area in dict.fromkeys(row["area"] for row in cases):
        inside = [row for row in cases if row["area"] == area]
        shares = "".join(f"<td>{_share(inside, reader['name'])}</td>" for reader in readers)
        yield f'<tbody data-area="{escape(area)}"><tr class="area"><th scope="rowgroup" colspan="2">{escape(area)} '
        yield f'<span class="muted">{len(inside)}</span></th>{shares}</tr>'
        yield from (_line(row, readers) for row in inside)
        yield "</tbody>"


def _share(rows: Iterable[dict[str, Any]], name: str) -> str:
    kinds = [row["results"][name]["outcome"] for row in rows]
    judged = [kind for kind in kinds if kind not in ("skipped", "absent")]
    return f"{sum(kind in RIGHT for kind in judged)}/{len(judged)}" if judged else ""


def _line(row: dict[str, Any], readers: Sequence[dict[str, Any]]) -> str:
    name = escape(row["id"])
    expected = escape(row["expect"]) + (f" <span class='muted'>{escape(row['by'])}</span>" if row["by"] else "")
    head = (
        f'<th scope="row"><button type="button" aria-expanded="false">{name}</button>'
        f'<span class="title">{escape(row["title"])}</span></th><td class="expect">{expected}</td>'
    )
    cells = []
    for reader in readers:
        kind = row["results"][reader["name"]]["outcome"]
        cells.append(f'<td class="k-{kind}"><b aria-hidden="true">{SYMBOLS[kind]}</b><i>{_words(kind)}</i></td>')
    return f'<tr class="case" id="{name}">{head}{"".join(cells)}</tr>'


def _data(record: dict[str, Any], recipes: Mapping[str, str]) -> str:
    """The record with recipes as JSON that can stand inside an element; what is empty is left out."""
    cases = []
    for row in record["cases"]:
        results = {name: _slim(result, row["id"]) for name, result in row["results"].items()}
        cases.append(row | {"results": results, "recipe": _shortened(recipes.get(row["id"], ""))})
    kinds = {kind: [SYMBOLS[kind], text, kind in RIGHT] for kind, text in KINDS.items()}
    parts = {"cases": cases, "kinds": kinds, "build": BUILD}
    text = json.dumps(record | parts, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _slim(result: dict[str, Any], case: str) -> dict[str, Any]:
    before, after = BUILD.format(case=case, command="\0").split("\0")
    command = result["command"].removeprefix(before).removesuffix(after)
    return {key: value for key, value in (result | {"command": command}).items() if value}


def _shortened(recipe: str) -> str:
    if len(recipe) <= _RECIPE_MAX:
        return recipe
    return f"{recipe[:_RECIPE_MAX]}…\n# … {len(recipe)} characters; `vhdx conformance show` prints them all\n"

"""The scoreboard: what every reader made of every case, as one record for programs and as Markdown for people.

The page for browsers is made from the same record in `scoreboard_html`.
"""

from __future__ import annotations

import datetime
import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ...wording import markdown as markdown_text
from ..cases import Case
from .outcomes import KINDS, NOT_JUDGED, RIGHT
from .runner import FoundReader, Result

SYMBOLS = {
    "pass": "✓",
    "partly": "◐",
    "wrong-bytes": "≠",
    "accepted": "!",
    "refused": "✗",
    "crash": "✱",
    "hang": "∞",
    "memory": "▲",
    "changed-file": "✎",
    "unsupported": "–",
    "skipped": "·",
    "absent": " ",
}
BUILD = "vhdx conformance build cases {case} && cd cases && {command}"
_MIB = 1 << 20
_DETAIL_MAX = 600


def record(
    found: Sequence[FoundReader], results: Iterable[tuple[Case, Sequence[Result]]], version: str, seconds: float
) -> dict[str, Any]:
    """Everything that a run gave, as plain values; `vhdx schema conformance-run` describes it.

    Args:
        found: the readers that were asked for.
        results: of every case, for the readers that are there.
        version: of vhdx-runtime.
        seconds: that the run took.

    Returns:
        The record; readers in the given order, cases in the order of the case files.
    """
    rows = [_row(case, given) for case, given in results]
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "version": version,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "seconds": round(seconds, 1),
        "readers": [_reader(one, rows) for one in found],
        "cases": rows,
    }


def _reader(found: FoundReader, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    results = [row["results"][found.reader.name] for row in rows if found.reader.name in row["results"]]
    counts = Counter(result["outcome"] for result in results)
    return {
        "name": found.reader.name,
        "title": found.reader.title,
        "url": found.reader.url,
        "version": found.version,
        "absent": found.absent,
        "limits": [{"feature": limit.feature, "evidence": limit.evidence} for limit in found.reader.limits],
        "right": sum(counts[kind] for kind in RIGHT),
        "judged": sum(count for kind, count in counts.items() if kind not in NOT_JUDGED),
        "totals": {kind: counts[kind] for kind in KINDS if counts[kind]},
        "seconds": round(sum(result["seconds"] for result in results), 1),
        "peak": max((result["peak"] for result in results), default=0),
    }


def _row(case: Case, results: Sequence[Result]) -> dict[str, Any]:
    return {
        "id": case.id,
        "area": case.area,
        "title": case.title,
        "probes": " ".join(case.probes.split()),
        "sections": list(case.sections),
        "rules": list(case.rules),
        "findings": list(case.findings),
        "expect": case.expect,
        "by": case.by,
        "reason": " ".join(case.reason.split()),
        "lost": [list(one) for one in case.lost],
        "results": {result.reader: _result(case, result) for result in results},
    }


def _result(case: Case, result: Result) -> dict[str, Any]:
    answer = result.answer
    is_shown = answer is not None and result.outcome.kind not in RIGHT
    return {
        "outcome": result.outcome.kind,
        "detail": result.outcome.detail[:_DETAIL_MAX],
        "verdict": answer.verdict if answer else "",
        "rule": answer.rule if answer else "",
        "warnings": [text[:_DETAIL_MAX] for text in answer.warnings] if answer else [],
        "seconds": round(answer.seconds, 3) if answer else 0,
        "peak": answer.peak if answer else 0,
        "command": BUILD.format(case=case.id, command=result.command) if is_shown else "",
    }


def markdown(record: dict[str, Any]) -> str:
    """The record as a page of Markdown: totals, a table by area, and every case that some reader gets wrong."""
    present = [reader for reader in record["readers"] if not reader["absent"]]
    wrong = [row for row in record["cases"] if any(_is_wrong(result) for result in row["results"].values())]
    lines = [
        "# VHDX conformance scoreboard",
        "",
        f"{len(record['cases'])} cases of vhdx-runtime {record['version']}, run on {record['date']} "
        f"({record['system']}) in {record['seconds']:g} s. Whatever the specification leaves open counts as right. "
        "`vhdx conformance show ID` prints a case, `vhdx conformance run --reader NAME --case ID` runs it again.",
        "",
        *_totals(record["readers"]),
        "",
        *(f"- {SYMBOLS[kind]} **{kind}**: {text}" for kind, text in KINDS.items() if kind != "absent"),
        "",
        "## By area",
        "",
        "Right answers of those judged.",
        "",
        *_by_area(record["cases"], present),
        "",
        f"## The {len(wrong)} cases that some reader gets wrong",
        "",
        *_table(
            ["case", "expected", *(markdown_text(reader["name"]) for reader in present)],
            2,
            [_cells(row, present) for row in wrong],
        ),
    ]
    return "\n".join(lines) + "\n"


def _names(readers: Sequence[dict[str, Any]]) -> Iterator[str]:
    return (markdown_text(reader["name"]) for reader in readers)


def _is_wrong(result: dict[str, Any]) -> bool:
    return result["outcome"] not in RIGHT | NOT_JUDGED | {"unsupported"}


def _totals(readers: Sequence[dict[str, Any]]) -> list[str]:
    kinds = [kind for kind in KINDS if kind != "absent" and any(kind in reader["totals"] for reader in readers)]
    head = ["reader", "version", "right", *(f"{SYMBOLS[kind]} {kind}" for kind in kinds), "time", "peak memory"]
    rows = []
    for reader in readers:
        name = (
            f"[{markdown_text(reader['title'])}]({reader['url']})" if reader["url"] else markdown_text(reader["title"])
        )
        if reader["absent"]:
            rows.append([name, f"absent ({markdown_text(reader['absent'])})", *[""] * (len(kinds) + 3)])
            continue
        share = f"**{reader['right']}** of {reader['judged']}"
        counts = [str(reader["totals"].get(kind, "")) for kind in kinds]
        rows.append(
            [
                name,
                markdown_text(reader["version"]),
                share,
                *counts,
                f"{reader['seconds']:.0f} s",
                f"{reader['peak'] // _MIB} MiB",
            ]
        )
    return _table(head, 2, rows)


def _by_area(cases: Sequence[dict[str, Any]], readers: Sequence[dict[str, Any]]) -> list[str]:
    rows = []
    for area in dict.fromkeys(row["area"] for row in cases):
        inside = [row for row in cases if row["area"] == area]
        cells = []
        for reader in readers:
            kinds = [row["results"][reader["name"]]["outcome"] for row in inside]
            judged = sum(kind not in NOT_JUDGED for kind in kinds)
            right = sum(kind in RIGHT for kind in kinds)
            cells.append(f"{right}/{judged}" if judged else "")
        rows.append([markdown_text(area), str(len(inside)), *cells])
    return _table(["area", "cases", *_names(readers)], 1, rows)


def _cells(row: dict[str, Any], readers: Sequence[dict[str, Any]]) -> list[str]:
    expected = row["expect"] + (f" ({row['by']})" if row["by"] else "")
    symbols = [SYMBOLS[row["results"][reader["name"]]["outcome"]] for reader in readers]
    return [f"`{row['id']}` {markdown_text(row['title'])}", expected, *symbols]


def _table(head: Sequence[str], left: int, rows: Iterable[Sequence[str]]) -> list[str]:
    rule = ["---" if index < left else "---:" for index in range(len(head))]
    return [f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)]

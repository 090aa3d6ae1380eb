"""The report of a differential run as Markdown: who crashed, hung or lied, by rule and image, and how to see it.

Knows what `judge.record` makes. Images are named, never shipped: `vhdx fuzz reproduce` gives each back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from .disagreement import BASES, KINDS

_SHOWN: Final = 240
_OPEN: Final = ("crash", "hang", "memory", "changed-file")


def markdown(record: Mapping[str, Any]) -> str:
    """The report of a run.

    Args:
        record: as `judge.record` makes it.

    Returns:
        Markdown.
    """
    return "\n".join([*_head(record), *_readers(record), *_kinds(record), *_clusters(record)]) + "\n"


def _head(record: Mapping[str, Any]) -> Iterator[str]:
    yield f"# Differential run, {record['date']}"
    yield ""
    yield (
        f"{record['images']} images, {record['labelled']} of them with a label, in front of every reader that is "
        f"installed; vhdx-runtime {record['version']}, Python {record['python']}, {record['system']}; "
        f"at most {record['limit']:g} s for a reader on an image, {record['seconds']:g} s in all."
    )
    yield ""
    yield "To see one of them: `vhdx fuzz reproduce ID` writes the image; the command reads it. The whole run:"
    yield ""
    yield "```"
    yield "vhdx fuzz generate corpus/"
    yield f"vhdx fuzz judge corpus/ --seconds {record['limit']:g} --markdown report.md --json > report.json"
    yield "```"
    yield ""


def _readers(record: Mapping[str, Any]) -> Iterator[str]:
    yield "| reader | version | images | " + " | ".join(KINDS) + " | s |"
    yield "| --- | --- " + "| ---: " * (len(KINDS) + 2) + "|"
    for reader in record["readers"]:
        counts = " | ".join(str(reader["wrong"].get(kind, "")) for kind in KINDS)
        version = reader["version"] or f"absent: {reader['absent']}"
        yield f"| {_cell(reader['title'])} | {_cell(version)} | {reader['read']} | {counts} | {reader['seconds']:.1f} |"
    yield ""


def _kinds(record: Mapping[str, Any]) -> Iterator[str]:
    bases = {cluster["basis"] for cluster in record["clusters"]}
    yield from (f"- *{kind}*: {words}" for kind, words in KINDS.items())
    yield ""
    yield "By what a reader is called wrong:"
    yield ""
    yield from (f"- *{basis}*: {words}" for basis, words in BASES.items() if basis in bases)
    yield ""


def _clusters(record: Mapping[str, Any]) -> Iterator[str]:
    for kind in KINDS:
        found = [cluster for cluster in record["clusters"] if cluster["kind"] == kind]
        if found:
            yield f"## {kind}"
            yield ""
            yield from _commands(found) if kind in _OPEN else _rows(found)
            yield ""


def _commands(clusters: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What anybody should be able to see at once: with the command."""
    for cluster in clusters:
        rule, images = cluster["rule"], ", ".join(cluster["images"])
        yield f"- **{cluster['reader']}**, {rule}, {images}: {_words(cluster['detail'])}"
        yield f"  `{cluster['command']}`"


def _rows(clusters: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "| reader | rule | by | images | smallest | what happens |"
    yield "| --- | --- | --- | ---: | --- | --- |"
    for cluster in clusters:
        cells = [cluster["reader"], cluster["rule"], cluster["basis"], str(len(cluster["images"]))]
        cells += [cluster["smallest"]["id"], _words(cluster["detail"])]
        yield "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _words(detail: str) -> str:
    text = " ".join(detail.split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"


def _cell(text: str) -> str:
    r"""Text for a cell of a table.

    >>> _cell("a|b <c>")
    'a\\|b &lt;c>'
    """
    return text.replace("|", "\\|").replace("<", "&lt;")

"""Readers in front of any corpus of images, and their disagreements sorted into clusters.

A cluster is what one reader does wrong in one way about one rule; of each the smallest image is named. Needs a system
that can fork.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from ...conformance.judge.hosts import Host, share_out
from ...conformance.judge.worker import Limits
from ...conformance.readers.interface import WrongRead
from ...conformance.release.packed_image import packed
from ...wording import code
from ...wording import markdown as markdown_text
from .. import sparse_copies
from .disagreement import BASES, KINDS, Basis, Disagreement, Kind, disagreements
from .observations import Reading, learn, plan, probe, read
from .subjects import NO_RULE, JudgedImage

OURS: Final = "vhdx-runtime"


@dataclass(frozen=True, slots=True)
class Wrong:
    """What one reader does wrong about one image; `command` shows it in a folder that holds the corpus."""

    reader: str
    kind: Kind
    basis: Basis
    detail: str
    command: str


@dataclass(frozen=True, slots=True)
class Judged:
    """One image in the hands of all readers.

    Attributes:
        subject: the image.
        rule: what it is about: as its label says, else the worst that `check` finds; "none" for none.
        apparent: length of the file in bytes.
        allocated: bytes of its 4 KiB pages that are not zero.
        seconds: that each reader took, by name.
        wrong: who is wrong, in the order of the readers.
        unread: names of readers that could not be asked to read it.
    """

    subject: JudgedImage
    rule: str
    apparent: int
    allocated: int
    seconds: dict[str, float]
    wrong: tuple[Wrong, ...]
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Images about which a reader is wrong in the same way.

    Attributes:
        rule: see `Judged`.
        reader: its name.
        kind: how it is wrong.
        smallest: the image with the least data, and what is wrong about it.
        images: ids of all of them, in the order of the corpus.
    """

    rule: str
    reader: str
    kind: Kind
    smallest: tuple[Judged, Wrong]
    images: tuple[str, ...]

    @property
    def name(self) -> str:
        """A file name for its smallest image."""
        return f"{self.rule.replace(' ', '-')}--{self.reader}--{self.kind}.packed"


def run(
    subjects: Sequence[JudgedImage],
    names: Sequence[str],
    *,
    jobs: int = 0,
    limits: Limits | None = None,
    advance: Callable[[int], object] = lambda done: None,
) -> Iterator[Judged]:
    """Put every image in front of every reader, and ours, which tells what is in an image without a label.

    An image that a reader was not done with in time is put in front of them again, alone, once all others are done:
    other work on the machine makes no hang.

    Args:
        subjects: the images.
        names: of readers, or command lines.
        jobs: images at the same time; 0 for as many as there are processors.
        limits: for one image in the hands of one reader.
        advance: called with the number of images that are done.
    """
    hosts = (OURS, *(name for name in names if name != OURS))
    work = partial(examine, told=frozenset(names))
    found = [judged for _, judged in share_out(subjects, hosts, work, jobs=jobs, limits=limits, advance=advance)]
    late = [one.subject for one in found if any(wrong.kind == "hang" for wrong in one.wrong)]
    again = dict(zip(map(id, late), share_out(late, hosts, work, jobs=1, limits=limits), strict=True)) if late else {}
    for one in found:
        yield again[id(one.subject)][1] if id(one.subject) in again else one


def examine(subject: JudgedImage, hosts: Sequence[Host], home: Path, *, told: frozenset[str]) -> Judged:
    """One image in front of some readers.

    Args:
        subject: the image.
        hosts: processes of readers; the first is ours.
        home: a folder for scratch files.
        told: ours counts where its name is among these; every other reader counts.
    """
    with sparse_copies.folder(home) as folder:
        image = _image(subject, folder)
        known = learn(image)
        label = subject.label
        size = label.virtual_size if label and label.virtual_size else probe(image, known.parents, hosts, folder)
        wanted = plan(size, known)
        there = [host for host in hosts if not host.found.absent]
        readings = [
            read(image, known.parents, wanted, host, sparse_copies.place(folder, f"reader-{number}"))
            for number, host in enumerate(there)
        ]
        found = tuple(disagreements(readings, wanted, label, known))
        counted = [one for one in readings if one.reader.name != OURS or OURS in told]
        return Judged(
            subject,
            label.rule if label else known.rule or NO_RULE,
            image.stat().st_size,
            sparse_copies.used(image),
            {one.reader.name: one.answer.seconds for one in counted},
            tuple(_wrong(subject, one, known.parents) for one in found if one.reading in counted),
            tuple(one.reader.name for one in counted if one.answer.verdict == "skipped"),
        )


def _image(subject: JudgedImage, folder: Path) -> Path:
    """The image, unpacked where it is packed, its parents beside it or in folders below."""
    if not subject.is_packed:
        return subject.path
    home = sparse_copies.place(folder, "image")
    for path in (subject.path, *subject.parents):
        beside = subject.path.parent
        inside = path.parent.relative_to(beside) if path.is_relative_to(beside) else Path()
        sparse_copies.unpacked(path, home / inside / _plain_name(path))
    return home / _plain_name(subject.path)


def _plain_name(path: Path) -> str:
    return f"{path.name.removesuffix('.packed').removesuffix('.vhdx')}.vhdx"


def _wrong(subject: JudgedImage, found: Disagreement, parents: Sequence[Path]) -> Wrong:
    reading = found.reading
    name = _plain_name(subject.path) if subject.is_packed else subject.path.name
    shown = WrongRead(name, tuple(path.name for path in parents), found.read, found.at)
    detail = _without_paths(found.detail, reading)
    return Wrong(reading.reader.name, found.kind, found.basis, detail, reading.reader.show(shown))


def _without_paths(text: str, reading: Reading) -> str:
    """The text without the places of private copies."""
    folder = str(Path(reading.request.image).parent)
    return text.replace(f"{folder}/", "").replace(folder, ".")


def clusters(judged: Iterable[Judged]) -> tuple[Cluster, ...]:
    """Sort disagreements by rule, reader and kind.

    Returns:
        The clusters: worst kinds first, then by reader and rule.
    """
    found: dict[tuple[str, str, Kind], list[tuple[Judged, Wrong]]] = {}
    for one in judged:
        for wrong in one.wrong:
            found.setdefault((one.rule, wrong.reader, wrong.kind), []).append((one, wrong))
    made = [
        Cluster(*key, min(members, key=_size), tuple(one.subject.id for one, _ in members))
        for key, members in found.items()
    ]
    order = list(KINDS)
    return tuple(sorted(made, key=lambda cluster: (order.index(cluster.kind), cluster.reader, cluster.rule)))


def _size(member: tuple[Judged, Wrong]) -> tuple[int, int, str]:
    return member[0].allocated, member[0].apparent, member[0].subject.id


def kept(cluster: Cluster) -> bytes:
    """The smallest image of a cluster in packed form."""
    subject = cluster.smallest[0].subject
    if subject.is_packed:
        return subject.path.read_bytes()
    return packed(sparse_copies.extents(subject.path), subject.path.stat().st_size)


def record(
    judged: Sequence[Judged], readers: Sequence[dict[str, str]], version: str, limit: float, seconds: float
) -> dict[str, Any]:
    """What a run found, for JSON.

    Args:
        judged: the images.
        readers: name, version and why it is absent, of each reader.
        version: of this package.
        limit: seconds that a reader had for an image.
        seconds: that the run took.
    """
    found = clusters(judged)
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "version": version,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "limit": limit,
        "seconds": round(seconds, 1),
        "images": len(judged),
        "labelled": sum(one.subject.label is not None for one in judged),
        "readers": [reader | _totals(reader["name"], judged) for reader in readers],
        "clusters": [_row(cluster) for cluster in found],
    }


def _totals(name: str, judged: Sequence[Judged]) -> dict[str, Any]:
    seconds = [one.seconds[name] for one in judged if name in one.seconds]
    kinds = [wrong.kind for one in judged for wrong in one.wrong if wrong.reader == name]
    return {
        "read": len(seconds) - sum(name in one.unread for one in judged),
        "wrong": {kind: kinds.count(kind) for kind in KINDS if kind in kinds},
        "seconds": round(sum(seconds), 3),
    }


def _row(cluster: Cluster) -> dict[str, Any]:
    judged, wrong = cluster.smallest
    return {
        "rule": cluster.rule,
        "reader": cluster.reader,
        "kind": cluster.kind,
        "basis": wrong.basis,
        "detail": wrong.detail,
        "command": wrong.command,
        "smallest": {"id": judged.subject.id, "apparent": judged.apparent, "allocated": judged.allocated},
        "images": list(cluster.images),
    }


_SHOWN: Final = 240
_OPEN: Final = ("crash", "hang", "memory", "changed-file")


def markdown(record: Mapping[str, Any]) -> str:
    """The report of a run.

    Args:
        record: as `judge.record` makes it.
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
        title, version = (
            markdown_text(text) for text in (reader["title"], reader["version"] or f"absent: {reader['absent']}")
        )
        yield f"| {title} | {version} | {reader['read']} | {counts} | {reader['seconds']:.1f} |"
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
        reader, rule = markdown_text(cluster["reader"]), markdown_text(cluster["rule"])
        images = ", ".join(map(markdown_text, cluster["images"]))
        yield f"- **{reader}**, {rule}, {images}: {markdown_text(_words(cluster['detail']))}"
        yield f"  {code(cluster['command'])}"


def _rows(clusters: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "| reader | rule | by | images | smallest | what happens |"
    yield "| --- | --- | --- | ---: | --- | --- |"
    for cluster in clusters:
        cells = [cluster["reader"], cluster["rule"], cluster["basis"], str(len(cluster["images"]))]
        cells += [cluster["smallest"]["id"], _words(cluster["detail"])]
        yield "| " + " | ".join(markdown_text(cell) for cell in cells) + " |"


def _words(detail: str) -> str:
    text = " ".join(detail.split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"

"""`vhdx fuzz judge`: readers in front of a corpus, and what they disagree about."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from .. import __version__
from ..wording import counted
from .common import (
    FOUND,
    NOTHING_OPENED,
    USAGE,
    Failure,
    FileName,
    emit,
    emit_json,
    examples,
    json_option,
    quoted,
    shown,
)
from .fuzz_reduce import command as reduce
from .progress import counting
from .steps import NEXT

if TYPE_CHECKING:
    from ..fuzz.judge.judge import Cluster
    from ..fuzz.judge.subjects import JudgedImage

_OURS: Final = "vhdx-runtime"
_DETAIL: Final = 160


@click.command(
    epilog=examples(
        "vhdx fuzz judge corpus/",
        "vhdx fuzz judge corpus/ --reader qemu-img --reader pyvhdi --keep smallest/",
        "vhdx fuzz judge queue/ --reader 'command mytool=./mytool raw {image} {out}' --seconds 5 --json",
    )
)
@click.argument("folder", type=click.Path(exists=True, path_type=Path), metavar="DIR")
@click.option("--reader", "names", multiple=True, metavar="NAME", help="A reader; without it, all that are there.")
@click.option("--jobs", type=click.IntRange(1), help="Images at the same time; without it, one for each processor.")
@click.option(
    "--seconds", type=click.FloatRange(1), default=10, show_default=True, help="Time for a reader on an image."
)
@click.option(
    "--keep",
    type=FileName(file_okay=False, path_type=Path),
    metavar="OUT",
    help="Write the smallest image of each cluster here, in packed form; files of the same name are replaced.",
)
@click.option("--markdown", type=FileName(dir_okay=False), metavar="FILE", help="Write a report as Markdown.")
@json_option
@click.pass_context
def judge(
    ctx: click.Context,
    /,
    folder: Path,
    names: tuple[str, ...],
    jobs: int | None,
    seconds: float,
    keep: Path | None,
    markdown: str | None,
    as_json: bool,
) -> None:
    """Hold readers against the images of DIR, and sort what they get wrong into clusters.

    DIR is a corpus of `vhdx fuzz generate`, whose labels say what is right, or any folder of images, plain or packed
    (or one image). Without a label, who differs from most implementations is called wrong, or where there is no
    majority, who differs from vhdx-runtime; the table says by what. A cluster is one rule, one reader and one kind:
    crash, hang, memory, changed-file, wrong-bytes, wrong-accept or wrong-reject. No image is changed: readers get
    copies. NAME is as in `vhdx conformance run`. Exits with 1 when a reader that was named (without --reader:
    vhdx-runtime) is wrong.
    """  # fmt: skip
    from ..conformance.judge.worker import Limits
    from ..fuzz.judge import judge as judging
    from .conformance_run import find_readers, signals_as_exceptions

    start = time.monotonic()
    subjects, found = _subjects(folder), find_readers(names)
    present = [name for name, one in found if not one.absent]
    with _corpus(), signals_as_exceptions(), counting("images", len(subjects)) as advance:
        given = list(judging.run(subjects, present, jobs=jobs or 0, limits=Limits(seconds), advance=advance))
    readers = [
        {"name": one.reader.name, "title": one.reader.title, "version": one.version, "absent": one.absent}
        for _, one in found
    ]
    record = judging.record(given, readers, __version__, seconds, time.monotonic() - start)
    _write(keep, markdown, judging.clusters(given), record)
    if as_json:
        emit_json(record)
    else:
        emit(_lines(record))
    told = {one.reader.name for name, one in found if name in names or (not names and name == _OURS)}
    is_wrong = any(row["wrong"] or row["absent"] for row in record["readers"] if row["name"] in told)
    ctx.exit(FOUND if is_wrong else 0)


def _subjects(folder: Path) -> tuple[JudgedImage, ...]:
    from ..fuzz.judge.subjects import load

    with _corpus():
        subjects = load(folder)
    if not subjects:
        raise Failure(f"{folder}: no image is in it", NOTHING_OPENED, NEXT["no image"])
    return subjects


@contextmanager
def _corpus() -> Iterator[None]:
    """A corpus that cannot be understood ends the command with one line."""
    from ..fuzz.judge.subjects import CorpusError

    try:
        yield
    except CorpusError as error:
        raise Failure(str(error), USAGE, NEXT["corpus"]) from error


def _write(keep: Path | None, markdown: str | None, clusters: Sequence[Cluster], record: dict[str, Any]) -> None:
    """Write the smallest images with clusters.json beside them, and the report, as far as they are asked for."""
    import json

    from ..fuzz import sparse_copies
    from ..fuzz.judge import judge
    from ..fuzz.judge import judge as judging
    from .conformance_run import write_new

    if keep is not None:
        sparse_copies.place(keep.parent, keep.name)
        for cluster, row in zip(clusters, record["clusters"], strict=True):
            data = judging.kept(cluster)
            row["smallest"] |= {"kept": cluster.name, "packed": len(data)}
            write_new(str(keep / cluster.name), data)
        write_new(str(keep / "clusters.json"), (json.dumps(record, indent=1) + "\n").encode())
    if markdown is not None:
        write_new(markdown, judge.markdown(record).encode())


def _lines(record: dict[str, Any]) -> list[str]:
    """A table of the clusters, then of the readers."""
    heads = ("kind", "reader", "rule", "by", "images", "smallest")
    rows = [
        (
            row["kind"],
            shown(row["reader"]),
            shown(row["rule"]),
            row["basis"],
            str(len(row["images"])),
            quoted(row["smallest"]["id"]),
        )
        for row in record["clusters"]
    ]
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    lines = []
    for row, cluster in zip((heads, *rows), (None, *record["clusters"]), strict=True):
        lines.append("  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip())
        if cluster is not None:
            lines.append(f"    {shown(cluster['detail'][:_DETAIL])}")
    lines = lines if rows else ["no disagreement"]
    width = max(len(reader["title"]) for reader in record["readers"])
    for reader in record["readers"]:
        totals = ", ".join(f"{count} {kind}" for kind, count in reader["wrong"].items()) or "nothing wrong"
        text = f"absent: {shown(reader['absent'])}" if reader["absent"] else f"{totals}, in {reader['seconds']:.1f} s"
        lines.append(f"{shown(reader['title']):<{width}}  {text}")
    return [
        *lines,
        f"{counted(record['images'], 'image')}, {record['labelled']} with a label, {counted(len(rows), 'cluster')}",
    ]


__all__ = ["judge", "reduce"]

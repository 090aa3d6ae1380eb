"""Every case in front of every reader: builds the files, asks the readers in their own processes, compares and judges.

Each run of a reader has a private copy of the files in a folder of its own, which is gone when the run is judged. The
runner itself never opens an image. Needs a system that can fork.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..build.expand import Expanded
from ..cases import Case, write_files
from ..readers import Absent, Answer, Request
from ..readers.interface import Range, WrongRead
from . import compare, outcomes, sampling
from .hosts import FoundReader, Host, share_out, survey
from .outcomes import ReaderOutcome
from .worker import Limits

_FILES = "files"


@dataclass(frozen=True, slots=True)
class Result:
    """A case in the hands of a reader.

    Attributes:
        reader: its name.
        outcome: what became of it.
        answer: what it did, None where it was not run.
        command: shows it to anybody in whose folder the case's files are in a folder of the case's id.
    """

    reader: str
    outcome: ReaderOutcome
    answer: Answer | None
    command: str


def run(
    cases: Sequence[Case],
    names: Sequence[str],
    *,
    jobs: int = 0,
    limits: Limits | None = None,
    advance: Callable[[int], object] = lambda done: None,
) -> Iterator[tuple[Case, tuple[Result, ...]]]:
    """Put every case in front of every reader.

    Args:
        cases: the cases.
        names: of readers, or command lines.
        jobs: cases at the same time; 0 for as many as there are processors.
        limits: for one image in the hands of one reader.
        advance: called with the number of cases that are done.

    Yields:
        Each case, in the given order, with the results in the order of the names.

    Raises:
        RecipeError: a file cannot be built.
    """
    return share_out(cases, names, run_case, jobs=jobs, limits=limits, advance=advance)


def run_case(case: Case, hosts: Sequence[Host], scratch: Path) -> tuple[Result, ...]:
    """One case in front of some readers, each in a folder of its own below `scratch`."""
    files = case.expand()
    return tuple(_one(case, files, host, scratch) for host in hosts)


def _one(case: Case, files: tuple[Expanded, ...], host: Host, scratch: Path) -> Result:
    problem = outcomes.cannot_be_asked(case, host.reader)
    if host.found.absent or problem:
        outcome = ReaderOutcome("absent", host.found.absent) if host.found.absent else ReaderOutcome("skipped", problem)
        return Result(host.reader.name, outcome, None, "")
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        folder = Path(name)
        (folder / _FILES).mkdir()
        built = write_files(files, folder / _FILES)
        request = request_for(case, files[-1], folder)
        answer = _without_paths(host.ask(request), folder / _FILES)
        pairs = zip(built.paths, files, strict=True)
        is_changed = any(not path.exists() or not compare.is_unchanged(path, made) for path, made in pairs)
        model = built.expected
        found = compare.difference(request, answer, model, case.not_compared) if answer.has_bytes else None
    outcome = outcomes.judge(case, host.reader, request, answer, model, found, is_changed=is_changed)
    return Result(host.reader.name, outcome, answer, host.reader.show(_shown(case, request, answer, found)))


def _shown(case: Case, request: Request, answer: Answer, found: compare.WrongBytes | None) -> WrongRead:
    """What shows the outcome: the read with the first wrong byte, else the first that fails, else the start."""
    read, at = (0, 16), 0
    failed = [outcomes.range_of(request, one) for one in answer.failed]
    if found is not None:
        read, at = found.read, found.offset
    elif any(not compare.overlaps(one, case.lost) for one in failed):
        read = next(one for one in failed if not compare.overlaps(one, case.lost))
        at = read[0]
    names = [f"{case.id}/{name}" for name in (case.recipes[-1].path, *chain_of(case))]
    return WrongRead(names[0], tuple(names[1:]), read, at)


def _without_paths(answer: Answer, folder: Path) -> Answer:
    """The answer with names of files as the case has them, not of this run's private copies."""

    def _clean(text: str) -> str:
        return text.replace(f"{folder}/", "").replace(str(folder), ".")

    return replace(
        answer,
        message=_clean(answer.message),
        failed=tuple(replace(one, message=_clean(one.message)) for one in answer.failed),
        warnings=tuple(_clean(text) for text in answer.warnings),
    )


def request_for(case: Case, made: Expanded, folder: Path) -> Request:
    """What a reader is asked for a case.

    Args:
        case: the case.
        made: its file to open.
        folder: private; the files are in its folder `files`, what the reader writes goes beside that.
    """
    model, files = made.expected, folder / _FILES
    anywhere = (*sampling.small_reads(model), *sampling.long_reads(model))
    return Request(
        image=str(files / made.recipe.path),
        chain=tuple(str(files / name) for name in chain_of(case)),
        parents=tuple(str(files / name) for name in case.open.parents),
        parent_dirs=tuple(str(files / name) for name in case.open.parent_dirs),
        log=case.open.log,
        header=case.open.header,
        without_parent=case.open.without_parent,
        reads=tuple(_cut(sampling.ranges(model), case.not_compared)),
        random_reads=tuple(read for read in anywhere if not compare.overlaps(read, case.not_compared)),
        is_whole=model.size <= sampling.WHOLE_MAX,
        out=str(folder / "out"),
        random_out=str(folder / "random"),
    )


def chain_of(case: Case) -> tuple[str, ...]:
    """Names of the files that the reads of the opened file are delegated to, the nearest first."""
    parents: dict[str, str | None] = {}
    before: str | None = None
    for recipe in case.recipes:
        default = before if recipe.geometry.disk_type == "differencing" else None
        parents[recipe.path] = case.over.get(recipe.path, default)
        before = recipe.path
    found: list[str] = []
    name = parents[case.recipes[-1].path]
    while name is not None and name not in found:
        found.append(name)
        name = parents[name]
    return tuple(found)


def _cut(ranges: Iterator[Range], lost: Sequence[Range]) -> Iterator[Range]:
    """The same bytes in pieces of which each is lost as a whole or not at all."""
    borders = sorted({border for offset, length in lost for border in (offset, offset + length)})
    for offset, length in ranges:
        end = offset + length
        for border in (*(border for border in borders if offset < border < end), end):
            yield offset, border - offset
            offset = border


__all__ = ["Absent", "FoundReader", "Host", "Result", "chain_of", "request_for", "run", "run_case", "survey"]

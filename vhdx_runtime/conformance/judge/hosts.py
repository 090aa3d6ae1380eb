"""The processes that serve readers, and how images are shared out to them.

Needs a system that can fork.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from ..readers import Answer, Reader, Request, find
from .worker import Limits, answer_of

_PATIENCE = 1.0  # seconds between two requests to end
_Item = TypeVar("_Item")
_Given = TypeVar("_Given")


@dataclass(frozen=True, slots=True)
class FoundReader:
    """A reader that was asked for, and the version found; where it is absent, `absent` says how to install it."""

    reader: Reader
    version: str
    absent: str


class Host:
    """The process that serves a reader. A context manager."""

    def __init__(self, name: str, limits: Limits) -> None:
        self.reader = find(name)
        worker = [f"{__package__}.worker", name, str(limits.seconds), str(limits.memory)]
        arguments = [sys.executable, "-P", "-m", *worker]  # -P: modules in the current folder may be anybody's
        self._process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        hello = self._line() or {"version": "", "absent": "its process ended while it was prepared"}
        self.found = FoundReader(self.reader, hello["version"], hello["absent"])

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self._process.communicate()

    def end(self) -> None:
        """End the process and what it runs; whoever waits for an answer gets one that says so."""
        while self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                # a signal that comes just before a read is forgotten until the read ends: tell it again
                self._process.wait(_PATIENCE)

    def ask(self, request: Request) -> Answer:
        """Have an image read."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(asdict(request)).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return Answer("crash", "the reader's process is gone")
        record = self._line()
        return answer_of(record) if record is not None else Answer("crash", "the reader's process is gone")

    def _line(self) -> dict[str, str] | None:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        record: dict[str, str] | None = json.loads(line) if line else None
        return record


def survey(names: Sequence[str]) -> tuple[FoundReader, ...]:
    """Find out which readers are there, and their versions.

    Raises:
        ValueError: no reader is called that.
    """
    found = []
    for name in names:
        with Host(name, Limits()) as host:
            found.append(host.found)
    return tuple(found)


def share_out(
    items: Sequence[_Item],
    names: Sequence[str],
    work: Callable[[_Item, Sequence[Host], Path], _Given],
    *,
    jobs: int = 0,
    limits: Limits | None = None,
    advance: Callable[[int], object] = lambda done: None,
) -> Iterator[tuple[_Item, _Given]]:
    """Share out images to the processes of readers, a set of these for each job.

    Args:
        items: what is to be read.
        names: of readers, or command lines.
        work: takes an item, the readers' processes in the order of the names, and a folder for scratch files.
        jobs: items at the same time; 0 for as many as there are processors.
        limits: for one image in the hands of one reader.
        advance: called with the number of items that are done.

    Yields:
        Each item, in the given order, with what the work gave.
    """
    jobs = jobs or os.cpu_count() or 1
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vhdx-conformance-")))
        count = min(jobs, len(items))
        hosts = [[stack.enter_context(Host(name, limits or Limits())) for name in names] for _ in range(count)]
        free: queue.SimpleQueue[list[Host]] = queue.SimpleQueue()
        for one in hosts:
            free.put(one)

        def _task(item: _Item) -> _Given:
            mine = free.get()
            try:
                return work(item, mine, scratch)
            finally:
                free.put(mine)

        pool = ThreadPoolExecutor(jobs)
        try:
            for done, (item, given) in enumerate(zip(items, pool.map(_task, items), strict=True), 1):
                advance(done)
                yield item, given
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for host in (host for one in hosts for host in one):
                host.end()
            pool.shutdown()

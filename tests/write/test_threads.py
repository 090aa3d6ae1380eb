"""Sixteen threads write, trim, flush and read one disk; every sector that is read is one that it was at that time."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import vhdx_runtime as vhdx
from tests.support.sampling import sampled
from tests.write.images import MIB, SIZE, image
from tests.write.medium import Medium
from vhdx_runtime.write.disk import WritableDisk, open_writable

SECTOR = 512
THREADS = 16
STEPS = 60
COUNT = SIZE // SECTOR


class History:
    """What each sector was, and when: a value holds from the start of the call that wrote it on, and until the end of
    the first later one. Calls on the same sector may overlap, so a sector may be what any call wrote that was not over
    before the newest one that was over when the read began had begun."""

    def __init__(self, guest: bytes) -> None:
        self.clock = 0
        self.lock = threading.Lock()
        self.values: list[list[list[Any]]] = [
            [[0, 0, guest[n * SECTOR : (n + 1) * SECTOR]]] for n in range(COUNT)
        ]  # of each sector: start, end (None while it is under way), bytes

    def tick(self) -> int:
        with self.lock:
            self.clock += 1
            return self.clock

    def begin(self, first: int, data: bytes) -> list[list[Any]]:
        with self.lock:
            self.clock += 1
            records = []
            for n in range(len(data) // SECTOR):
                record = [self.clock, None, data[n * SECTOR : (n + 1) * SECTOR]]
                self.values[first + n].append(record)
                records.append(record)
            return records

    def end(self, records: list[list[Any]]) -> None:
        with self.lock:
            self.clock += 1
            for record in records:
                record[1] = self.clock

    def possible(self, sector: int, start: int, end: int) -> Iterator[bytes]:
        """What a read from `start` to `end` may find."""
        records = [one for one in self.values[sector] if one[0] < end]
        over = [one for one in records if one[1] is not None and one[1] < start]
        newest = max((one[0] for one in over), default=0)
        return (one[2] for one in records if one[1] is None or one[1] > newest or one[0] >= newest)


class Worker(threading.Thread):
    def __init__(self, disk: WritableDisk, history: History, number: int) -> None:
        super().__init__()
        self.disk, self.history = disk, history
        self.chance = random.Random(number)
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            for _ in range(STEPS):
                self.step()
        except BaseException as error:  # noqa: BLE001 - told in the main thread
            self.failure = error

    def step(self) -> None:
        kind = self.chance.random()
        first = self.chance.randrange(COUNT)
        count = min(self.chance.choice((1, 3, 8, 100)), COUNT - first)
        if kind < 0.4:
            data = self.chance.randbytes(count * SECTOR)
            records = self.history.begin(first, data)
            self.disk.write_at(first * SECTOR, data)
            self.history.end(records)
        elif kind < 0.5:
            block = self.chance.randrange(SIZE // MIB)
            records = self.history.begin(block * MIB // SECTOR, bytes(MIB))
            self.disk.trim(block * MIB, MIB, to=self.chance.choice(("zero", "unmapped")))
            self.history.end(records)
        elif kind < 0.6:
            self.disk.flush()
        else:
            start = self.history.tick()
            found = self.disk.read_at(first * SECTOR, count * SECTOR)
            end = self.history.tick()
            for n in range(count):
                one = found[n * SECTOR : (n + 1) * SECTOR]
                assert one in self.history.possible(first + n, start, end), f"sector {first + n} is foreign"


@pytest.mark.parametrize("is_file", sampled([True, False], True))
@pytest.mark.parametrize("kind", ["dynamic", "fixed", "child"])
def test_threads_see_what_one_after_the_other_would(kind: str, is_file: bool, tmp_path: Path) -> None:
    content, parents, guest = image(kind, 512)
    path = tmp_path / "disk.vhdx"
    path.write_bytes(content)
    medium = Medium(content)
    disk = open_writable(path if is_file else medium, parents=parents)
    history = History(guest)
    workers = [Worker(disk, history, number) for number in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    failures = [worker.failure for worker in workers if worker.failure]
    assert not failures, failures
    disk.close()
    with vhdx.open(path if is_file else medium.content(), parents=parents) as closed:
        found = closed.read_at(0, SIZE)
    now = history.tick()
    for n in range(COUNT):
        assert found[n * SECTOR : (n + 1) * SECTOR] in history.possible(n, now, now + 1)


def test_another_process_does_not_write_what_this_one_opened(tmp_path: Path) -> None:
    content, _, guest = image("dynamic", 512)
    path = tmp_path / "disk.vhdx"
    path.write_bytes(content)
    with open_writable(path) as disk:
        disk.write_at(0, b"mine")
        child = os.fork()
        if not child:
            try:
                disk.write_at(MIB, b"not mine")
            except ValueError:
                os._exit(7)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    with vhdx.open(path) as closed:
        assert closed.read_at(0, 4) == b"mine"
        assert closed.read_at(4, SIZE) == guest[4:]

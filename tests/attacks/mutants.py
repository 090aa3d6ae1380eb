"""A mutator and a judge apart from the project's own: its own literals, sealed checksums, the whole way of a file.

`python -m tests.attacks.mutants FIRST COUNT [FOLDER…]` judges the mutants of some seeds, of the conformance cases and
of the images in the folders, and prints what must not be. Each mutant is opened, read, checked, inspected, explained,
mapped, planned for, mended, put back, and written to.
"""

from __future__ import annotations

import lzma
import os
import random
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path

from crc32c import crc32c

import vhdx_runtime as vhdx
from tests.attacks.amplifiers import LOG_GUID, data, zero
from tests.support.cases import all_cases
from tests.support.judged import fresh_peak, peak
from tests.support.patience import TOO_SLOW, slowness
from vhdx_runtime.change import undo
from vhdx_runtime.check import catalogue, check_image
from vhdx_runtime.codec.source import open_source
from vhdx_runtime.conformance.cases import Case
from vhdx_runtime.disk.image import load_image
from vhdx_runtime.inspect import explain_disk, explain_file, record, render, tree
from vhdx_runtime.repair.apply import apply
from vhdx_runtime.repair.plan import Wishes
from vhdx_runtime.repair.planning import make_plan
from vhdx_runtime.write.target import FileTarget

KIB, MIB = 1 << 10, 1 << 20
SECTOR, LARGEST = 4096, 24 * MIB
SECONDS, GROWTH = 2.0, 256
HEADERS, TABLES = (64 * KIB, 128 * KIB), (192 * KIB, 256 * KIB)
EDGES = (0, 1, 2, 3, 4, 6, 7, 511, 512, 4095, 4096, 65536, MIB - 1, MIB, MIB + 1, 3 * MIB, 1 << 31,
         (1 << 32) - 1, 1 << 44, (1 << 62) + 1, (1 << 63), (1 << 64) - MIB, (1 << 64) - 1)  # fmt: skip
EVERY = sorted(catalogue.ids(["*"]))


class Mutant:
    """The bytes of a file, and where its structures are, as far as they can be found."""

    def __init__(self, raw: bytes, at: random.Random) -> None:
        self.raw, self.at = bytearray(raw), at
        self.log = struct.unpack_from("<Q", raw, 64 * KIB + 72)[0] or MIB
        self.log_length = struct.unpack_from("<I", raw, 64 * KIB + 68)[0] or MIB
        self.regions = [struct.unpack_from("<QI", raw, 192 * KIB + 32 + 32 * number) for number in (0, 1)]

    def put(self, place: int, raw: bytes) -> None:
        """Write bytes, as far as there is a file there."""
        end = min(len(self.raw), place + len(raw))
        if 0 <= place < end:
            self.raw[place:end] = raw[: end - place]

    def seal(self, place: int, length: int) -> None:
        """Put the checksum of a structure right."""
        self.put(place + 4, bytes(4))
        self.put(place + 4, struct.pack("<I", crc32c(bytes(self.raw[place : place + length]))))

    def value(self, size: int) -> bytes:
        """A number that is at an edge, near one, near the file's end, or any."""
        edge = self.at.choice([*EDGES, len(self.raw), self.log, *(place for place, _ in self.regions)])
        number = self.at.choice(
            [edge, edge + self.at.randint(-2, 2), edge ^ 1 << self.at.randrange(64), self.at.getrandbits(64)]
        )
        return (number % (1 << 8 * size)).to_bytes(size, "little")

    def field(self, place: int, fields: tuple[tuple[int, int], ...]) -> None:
        """Give a field another value: offset and size of each that there is."""
        offset, size = self.at.choice(fields)
        self.put(place + offset, self.value(size))

    def header(self) -> None:
        chosen = self.at.choice([HEADERS, HEADERS[:1], HEADERS[1:]])
        state = self.at.getstate()
        for place in chosen:
            self.at.setstate(state)
            self.field(place, ((8, 8), (16, 8), (32, 8), (48, 8), (64, 2), (66, 2), (68, 4), (72, 8), (80, 8), (0, 4)))
            self.seal(place, SECTOR)

    def table(self) -> None:
        entry = 16 + 32 * self.at.randrange(3)
        fields = ((entry, 8), (entry + 16, 8), (entry + 24, 4), (entry + 28, 4), (8, 4), (12, 4), (0, 4))
        chosen = self.at.choice([TABLES, TABLES[:1], TABLES[1:]])
        state = self.at.getstate()
        for place in chosen:
            self.at.setstate(state)
            self.field(place, fields)
            self.seal(place, 64 * KIB)

    def metadata(self) -> None:
        place = self.regions[1][0]
        entry = 32 + 32 * self.at.randrange(7)
        self.field(
            place, ((entry, 8), (entry + 16, 4), (entry + 20, 4), (entry + 24, 4), (entry + 28, 4), (8, 2), (10, 2))
        )

    def item(self) -> None:
        self.field(self.regions[1][0] + 64 * KIB, tuple((offset, 4) for offset in range(0, 120, 2)))

    def entry(self) -> None:
        """Another entry of the table: of a state, a place, a neighbour, or any."""
        place = self.regions[0][0] + 8 * self.at.choice([0, 1, 2, 3, self.at.randrange(64), self.at.randrange(8192)])
        word = self.at.randrange(len(self.raw) // MIB + 2) << 20 | self.at.randrange(8)
        kinds = [
            struct.pack("<Q", word),
            self.value(8),
            bytes(self.raw[place - 8 : place]),
            struct.pack("<Q", word | 0x80),
        ]
        self.put(place, self.at.choice(kinds))

    def entries(self) -> None:
        """Many entries alike."""
        word = struct.pack("<Q", self.at.randrange(len(self.raw) // MIB + 1) << 20 | self.at.randrange(8))
        self.put(self.regions[0][0] + 8 * self.at.randrange(64), word * self.at.choice([2, 16, 512, 4097]))

    def log_entry(self) -> None:
        """A sound entry of our own that replaces the log, with a header that names it."""
        sequence, targets = self.at.choice([1, 7, 1 << 63]), [place for place, _ in self.regions]
        made: list[bytes] = []
        for _ in range(self.at.choice([0, 1, 2, 5, 126, 200])):
            place = self.at.choice([*targets, *TABLES, 64 * KIB, len(self.raw), 4 * MIB]) + SECTOR * self.at.randrange(
                20
            )
            kind = self.at.random() < 0.5
            length = SECTOR * self.at.choice([1, 2, 300, 1 << 20])
            made.append(data(sequence, place) if kind else zero(sequence, place, length))
        count, area = sum(one[:4] == b"desc" for one in made), -(-(64 + 32 * len(made)) // SECTOR) * SECTOR
        last = self.at.choice([len(self.raw), 0, len(self.raw) + MIB, len(self.raw) * 3, 1 << 40, 1 << 62])
        flushed = self.at.choice([0, len(self.raw), len(self.raw) + MIB])
        length = area + SECTOR * count
        head = struct.pack("<4sIIIQII16sQQ", b"loge", 0, length, 0, sequence, len(made), 0, LOG_GUID, flushed, last)
        raw = (head + b"".join(made)).ljust(area, b"\0")
        filling = self.at.randbytes(4084) if self.at.random() < 0.3 else bytes(4084)
        raw += struct.pack("<4sI4084sI", b"data", sequence >> 32, filling, sequence & 0xFFFFFFFF) * count
        self.put(self.log, raw[: self.log_length])
        self.seal(self.log, len(raw))
        for place in HEADERS:
            self.put(place + 48, LOG_GUID)
            self.seal(place, SECTOR)

    def log_field(self) -> None:
        """A field of the entry at the start of the log, sealed again where its length can be believed."""
        self.field(
            self.log, ((8, 4), (12, 4), (16, 8), (24, 4), (32, 8), (48, 8), (56, 8), (64, 4), (72, 8), (80, 8), (88, 8))
        )
        length = int.from_bytes(self.raw[self.log + 8 : self.log + 12], "little")
        self.seal(self.log, min(length, self.log_length))

    def scratch(self) -> None:
        """A sector, or some of them, lost, noisy, or another's."""
        places = [0, *HEADERS, *TABLES, self.log, *(place for place, _ in self.regions), self.regions[1][0] + 64 * KIB]
        place = self.at.choice([*places, self.at.randrange(max(1, len(self.raw) // 512)) * 512])
        size = self.at.choice([1, 8, 512, SECTOR, 64 * KIB, MIB])
        other = self.at.choice(places)
        self.put(
            place,
            self.at.choice(
                [bytes(size), b"\xff" * size, self.at.randbytes(size), bytes(self.raw[other : other + size])]
            ),
        )

    def length(self) -> None:
        """Cut off, or lengthened."""
        size = len(self.raw)
        new = self.at.choice(
            [self.at.randrange(size + 1), size - 1, size - MIB, size // MIB * MIB, size + MIB, size + 511, MIB]
        )
        self.raw = self.raw[: max(0, new)].ljust(max(0, new), b"\0")

    def changed(self) -> bytes:
        """The mutant."""
        ways = [self.header, self.table, self.metadata, self.item, self.entry, self.entry, self.entries, self.log_entry,
                self.log_field, self.scratch, self.length]  # fmt: skip
        for _ in range(self.at.choice([1, 1, 2, 3, 5])):
            self.at.choice(ways)()
        return bytes(self.raw)


def bases(folders: list[str]) -> list[tuple[str, Callable[[], bytes]]]:
    """The files that mutants are made of: name, and what gives the bytes, b"" for a file that is of no use here."""
    found = [(f"case {case.id}", partial(_of_case, case)) for case in all_cases()]
    paths = [path for folder in folders for path in sorted(Path(folder).rglob("*.xz"))]
    return found + [(path.name, partial(_unpacked, path)) for path in paths]


def _of_case(case: Case) -> bytes:
    with suppress(ValueError):
        made = case.expand()[-1]
        return made.to_bytes() if made.length <= LARGEST else b""
    return b""


def _unpacked(path: Path) -> bytes:
    with lzma.open(path) as file:
        raw = file.read(LARGEST + 1)
    return raw if 320 * KIB <= len(raw) <= LARGEST and raw[:8] == b"vhdxfile" else b""


def written(path: Path, raw: bytes) -> None:
    """Write a file; what is zero stays a hole."""
    with path.open("wb") as file:
        for place in range(0, len(raw), 64 * KIB):
            part = raw[place : place + 64 * KIB]
            if part.count(0) < len(part):
                file.seek(place)
                file.write(part)
        file.truncate(len(raw))


class Judge:
    """Takes a mutant all the way, and notes what must not be."""

    def __init__(self, folder: Path) -> None:
        self.path, self.undo = folder / "mutant.vhdx", folder / "mutant.undo"
        self.outcomes: Counter[str] = Counter()
        self.faults: list[str] = []
        self.slowest = (0.0, "")

    def __call__(self, name: str, raw: bytes, at: random.Random) -> None:
        """One mutant."""
        written(self.path, raw)
        self.undo.unlink(missing_ok=True)
        before = fresh_peak()
        for use in (self._read, self._looked_at, self._mended, self._written):
            start = time.process_time()
            self.what = use.__name__
            try:
                use(raw, at)
            except (vhdx.VhdxError, OSError):
                self.outcomes[f"{use.__name__} refused"] += 1
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                import traceback

                self.faults.append(
                    f"{name}: {use.__name__}: {type(error).__name__}: {error}\n{traceback.format_exc()[-900:]}"
                )
            seconds = time.process_time() - start
            self.slowest = max(self.slowest, (seconds, f"{name}: {self.what}"))
            limit = SECONDS * (3 if use == self._mended else 1)
            if seconds > limit and seconds > limit * slowness():
                self.faults.append(f"{name}: {self.what} took {seconds:.1f} s")
        if peak() - before > GROWTH:
            self.faults.append(f"{name}: memory grew by {peak() - before:.0f} MiB")

    def _read(self, _: bytes, at: random.Random) -> None:
        salvage = at.random() < 0.5
        with vhdx.open(self.path, without_parent=True, salvage=salvage) as disk:
            for place in (0, disk.size // 2, disk.size - 1, at.randrange(disk.size)):
                disk.read_at(place, 70_000)
            list(islice(disk.ranges(), 20_000))
            explain_disk.explain(disk, at.randrange(disk.size))
            self.outcomes["read"] += 1

    def _looked_at(self, raw: bytes, at: random.Random) -> None:
        with load_image(open_source(self.path)) as image:
            report = check_image(image)
            assert report.conclusion
            root = tree(image)
            style = render.Style(
                depth=3, limit=40, offsets=True, doc=False, paint=lambda text, _: text, seen=lambda _: None
            )
            list(islice(render.lines(root, style), 20_000))
            list(islice(record.lines(root, depth=4, doc=False, seen=lambda _: None), 20_000))
            for place in (0, at.randrange(max(1, len(raw)))):
                if raw:
                    explain_file.explain(image, place)
            self.outcomes["looked at"] += 1

    def _mended(self, raw: bytes, at: random.Random) -> None:
        offered = set(EVERY) if at.random() < 0.7 else set()
        with load_image(open_source(self.path)) as image:
            plan = make_plan(image, Wishes(offered=offered, lossy=at.random() < 0.5))
            if any("do not work together" in one.reason for one in plan.declined):
                self.outcomes["plan dropped"] += 1
            if not plan.changes.operations:
                self.outcomes["nothing to mend"] += 1
                return
            if plan.changes.written > 64 * MIB or plan.changes.preview.view.size > 1 << 30:
                self.outcomes["too large to mend here"] += 1
                return
            with FileTarget(str(self.path)) as target:
                outcome = apply(plan, target, self.undo)
        if outcome.failure:
            raise AssertionError(f"put back: {outcome.failure}")
        kept = undo.load(str(self.undo))
        with FileTarget(str(self.path)) as target:
            undo.require_own(kept, target)
            undo.restore(kept, target)
        kept.file.close()
        if self.path.read_bytes() != raw:
            raise AssertionError("undo gave another file")
        self.outcomes["mended and put back"] += 1

    def _written(self, _: bytes, at: random.Random) -> None:
        made: dict[int, bytes] = {}
        with vhdx.open(self.path, mode="r+") as disk:
            for _ in range(3):
                piece = at.randbytes(at.choice([1, 512, 5000]))
                place = at.randrange(max(1, disk.size - len(piece)))
                if place + len(piece) <= disk.size and not any(abs(place - other) < 6000 for other in made):
                    disk.write_at(place, piece)
                    made[place] = piece
        with vhdx.open(self.path) as again:
            for place, piece in made.items():
                if again.read_at(place, len(piece)) != piece:
                    raise AssertionError("what was written reads otherwise")
        self.outcomes["written"] += 1


def main(first: int, count: int, folders: list[str]) -> int:
    """Judge the mutants of seeds `first` to `first + count`."""
    known = bases(folders)
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        judge = Judge(Path(folder))
        for seed in range(first, first + count):
            at = random.Random(seed)
            name, of = known[at.randrange(len(known))]
            raw = of()
            if len(raw) < 320 * KIB:
                continue
            mutant = Mutant(raw, at).changed()
            state = at.getstate()
            judge(f"seed {seed}, made of {name}", mutant, at)
            if judge.faults and all(TOO_SLOW in fault for fault in judge.faults):  # or the machine was: once more
                judge.faults.clear()
                at.setstate(state)
                judge(f"seed {seed}, made of {name}", mutant, at)
            if seed % 100 == 99:
                print(f"{seed + 1}: {dict(judge.outcomes)}", file=sys.stderr, flush=True)
            for fault in judge.faults:
                print(fault, flush=True)
            judge.faults.clear()
    print(dict(judge.outcomes), judge.slowest, f"{time.process_time():.0f} s of the processor", os.getpid(), len(known))
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))

"""Whatever is done to a disk in whatever order, it reads as a flat array of bytes would; after a crash, too."""

from __future__ import annotations

import os
import random
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

import vhdx_runtime as vhdx
from tests.support.sampling import IS_QUICK
from tests.write.flat import Flat
from tests.write.images import KIB, MIB, SIZE, image
from tests.write.medium import Medium
from vhdx_runtime.check import check_image
from vhdx_runtime.codec.source import BytesSource
from vhdx_runtime.disk.image import load_image
from vhdx_runtime.write.disk import WritableDisk, open_writable

pytestmark = pytest.mark.usefixtures("small_growth")
LENGTHS = st.sampled_from((1, 511, 512, 4096, 5000, 70 * KIB, MIB - 1, MIB, 3 * MIB, SIZE))
OFFSETS = st.one_of(st.integers(0, SIZE - 1), st.integers(0, 9).map(lambda block: block * MIB))
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # what is drawn is short enough to read as it is
EXAMPLES = 10 if IS_QUICK else int(os.environ.get("VHDX_WRITE_EXAMPLES", "60"))


class Disk(RuleBasedStateMachine):
    kind = "dynamic"
    sector = 512
    block = MIB
    ends = 0  # how many disks were held against their model in the end

    def __init__(self) -> None:
        super().__init__()
        self.seeds = random.Random(1)
        self.folder: Path | None = None
        self.snapshots: dict[Path, bytes] = {}

    @initialize(log_start=st.integers(0, 255), seed=st.integers(0, 1 << 30))
    def begin(self, log_start: int, seed: int) -> None:
        content, in_memory, guest = image(self.kind, self.sector, self.block)
        self.parents: list[Any] = list(in_memory)
        self.log_start = log_start * 4096
        self.seeds = random.Random(seed)
        self.model = Flat(guest, self.block)
        self.open(content)

    def open(self, content: bytes) -> None:
        self.medium = Medium(content)
        self.disk: WritableDisk = open_writable(
            self.medium, parents=self.parents, entropy=self.seeds.randbytes, log_start=self.log_start
        )

    def within(self, offset: int, length: int) -> int:
        return min(length, SIZE - offset)

    @rule(offset=OFFSETS, length=LENGTHS)
    def write(self, offset: int, length: int) -> None:
        data = self.seeds.randbytes(self.within(offset, length))
        assert self.disk.write_at(offset, data) == len(data)
        self.model.write(offset, data)

    @rule(offset=OFFSETS, length=LENGTHS)
    def zero(self, offset: int, length: int) -> None:
        self.disk.zero(offset, self.within(offset, length))
        self.model.zero(offset, self.within(offset, length))

    @rule(offset=OFFSETS, length=LENGTHS, to=st.sampled_from(("zero", "unmapped")))
    def trim(self, offset: int, length: int, to: str) -> None:
        self.disk.trim(offset, self.within(offset, length), to=to)
        self.model.trim(offset, self.within(offset, length))

    @rule()
    def flush(self) -> None:
        self.disk.flush()
        self.model.flush()

    @rule(offset=OFFSETS, length=LENGTHS)
    def read(self, offset: int, length: int) -> None:
        assert self.disk.read_at(offset, length) == self.model.now[offset : offset + length]

    @rule()
    def reopen(self) -> None:
        self.disk.close()
        self.model.flush()
        content = self.medium.content()
        require_sound(content, "clean")
        with vhdx.open(content, parents=self.parents) as disk:
            assert disk.read_at(0, SIZE) == self.model.now
        self.open(content)

    @precondition(lambda self: len(self.snapshots) < 2)
    @rule(block=st.sampled_from((1, 2, 4)))
    def snapshot(self, block: int) -> None:
        """Make a child of the disk as it stands, and go on in the child; what is below it is never written again."""
        self.disk.close()
        folder = self.folder = self.folder or Path(mkdtemp())
        if not self.snapshots:  # the child names its parents by these
            for name, parent in zip(("middle.vhdx", "base.vhdx"), self.parents, strict=False):
                (folder / name).write_bytes(parent)
        parent, child = folder / f"{len(self.snapshots)}.vhdx", folder / "child.vhdx"
        self.snapshots[parent] = self.medium.content()
        parent.write_bytes(self.snapshots[parent])
        vhdx.create(child, parent=parent, parent_dirs=[folder], block_size=block * MIB, force=True)
        self.parents = [parent, *self.parents]
        self.model.flush()
        self.model.block = block * MIB
        self.open(child.read_bytes())

    @rule(seed=st.integers(0, 1 << 30), again=st.integers(0, 1))
    def crash(self, seed: int, again: int) -> None:
        content = self.medium.cut(seed)
        require_sound(content)
        if again:  # the power is cut while the log is replayed, too
            medium = Medium(content)
            open_writable(medium, parents=self.parents, entropy=self.seeds.randbytes)
            content = medium.cut(seed)
            require_sound(content)
        with vhdx.open(content, parents=self.parents) as disk:
            found = disk.read_at(0, SIZE)
        self.model.crashed(found)
        self.open(content)
        assert self.disk.read_at(0, SIZE) == self.model.now

    def teardown(self) -> None:
        if hasattr(self, "disk"):
            assert self.disk.read_at(0, SIZE) == self.model.now
            type(self).ends += 1
            self.reopen()
            self.disk.close()
        assert all(path.read_bytes() == content for path, content in self.snapshots.items()), "a parent was written"
        if self.folder:
            rmtree(self.folder)


def require_sound(content: bytes, state: str | None = None) -> None:
    found = load_image(BytesSource(content))
    report = check_image(found)
    wrong = [finding.message for finding in report.findings if finding.verdict in ("refuse", "degrade")]
    assert not wrong
    assert not report.failure
    if state:
        assert found.log.state == state


@pytest.mark.parametrize(
    ("kind", "sector", "mib"),
    [
        ("dynamic", 512, 1),
        ("child", 4096, 1),
        ("fixed", 512, 1),
        *(
            pytest.param(*shape, marks=pytest.mark.slow)
            for shape in (
                ("dynamic", 4096, 1),
                ("child", 512, 1),
                ("fixed", 4096, 1),
                ("dynamic", 512, 4),
                ("child", 4096, 4),
                ("dynamic", 4096, 32),
            )
        ),
    ],
)
def test_a_disk_reads_as_a_flat_array_would(kind: str, sector: int, mib: int) -> None:
    settled = {"kind": kind, "sector": sector, "block": mib * MIB}
    number = EXAMPLES if mib == 1 else EXAMPLES // 3  # large blocks take longer
    machine: Any = type(f"Disk_{kind}_{sector}_{mib}", (Disk,), settled)
    run_state_machine_as_test(
        machine, settings=settings(max_examples=number, stateful_step_count=25, phases=PHASES, deadline=None)
    )
    assert machine.ends > 0

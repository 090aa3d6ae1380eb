"""Images by other writers: a plan for each, carried out and taken back; a replayed log read by QEMU as by us."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.conftest import RealImages
from tests.repair.support import current_header, planned
from vhdx_runtime.change import undo
from vhdx_runtime.codec.source import FileSource
from vhdx_runtime.repair.apply import apply
from vhdx_runtime.write.recording import Recording

DIRTY = "q-dirty-a-64M"


def test_every_real_image_is_planned_repaired_and_taken_back(real_images: RealImages, tmp_path: Path) -> None:
    repaired = 0
    for name in real_images.records:
        source = FileSource(real_images.path(name))
        plan = planned(source)
        assert not plan.changes.changed, name
        assert set(plan.after.totals) <= set(plan.before.totals), name
        if plan.changes.operations:
            recording = Recording(source)
            outcome = apply(plan, recording, tmp_path / name)
            assert not outcome.failure, name
            assert outcome.report is not None
            assert outcome.report.totals == plan.after.totals, name
            assert current_header(recording)["data"] == current_header(source)["data"], name
            undo.restore(undo.load(tmp_path / name), recording)
            assert not recording.changed(), name
            repaired += 1
        source.close()
    assert repaired >= 10


def test_qemu_replays_a_log_of_its_own_as_we_do(
    real_images: RealImages, tmp_path: Path, qemu_img: Callable[..., Any]
) -> None:
    path = next(real_images.path(name) for name in real_images.records if DIRTY in (name, real_images.path(name).stem))
    source = FileSource(path)
    recording = Recording(source)
    assert not apply(planned(source), recording, tmp_path / "undo").failure
    ours, theirs = tmp_path / "ours.vhdx", tmp_path / "theirs.vhdx"
    ours.write_bytes(recording.content())
    theirs.write_bytes(path.read_bytes())
    qemu_img("check", "-r", "all", theirs)
    assert "No errors" in qemu_img("check", ours).stdout
    digests = set()
    for image in (ours, theirs):
        qemu_img("convert", "-O", "raw", image, image.with_suffix(".raw"))
        digests.add(sha256(image.with_suffix(".raw").read_bytes()).hexdigest())
    assert len(digests) == 1

"""The figures of writing show what the writer does: their recordings hold the order that a crash cannot hurt."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.book.support import BOOK
from vhdx_runtime.book.build.recordings import RecordedStep, recordings
from vhdx_runtime.book.build.write_pictures import lanes_figure

RECORDED = recordings()


def order(name: str) -> list[str]:
    return [step.lane if step.kind == "write" else step.kind for step in RECORDED[name]]


@pytest.mark.parametrize("name", ["allocating", "trim"])
def test_an_entry_is_flushed_before_the_headers_name_it_and_before_its_sector_goes_home(name: str) -> None:
    found = order(name)
    entry = found.index("log")
    assert found[entry : entry + 6] == ["log", "flush", "headers", "flush", "headers", "flush"]
    assert found[entry + 6] == "tables"
    assert found[:4] == ["headers", "flush"] * 2


def test_data_is_flushed_with_the_new_length_before_the_entry() -> None:
    found = order("allocating")
    assert found[4:8] == ["resize", "blocks", "flush", "log"]


@pytest.mark.parametrize("name", ["allocating", "trim", "ring"])
def test_the_file_is_cut_after_the_log_is_given_up(name: str) -> None:
    steps = RECORDED[name]
    assert order(name)[-7:] == ["flush", "headers", "flush", "headers", "flush", "resize", "flush"]
    assert all("no log" in step.what for step in steps[-6:-2] if step.lane == "headers")


def test_the_ring_wraps_and_a_tail_is_the_entry_before() -> None:
    entries = [step.entry for step in RECORDED["ring"] if step.entry]
    assert [number for *_, number in entries] == [1, 2, 3, 4, 5]
    offsets = [offset for offset, *_ in entries]
    assert any(after < before for before, after in pairwise(offsets)), "no wrap"
    assert [tail for _, _, tail, _ in entries] == [offsets[0], *offsets[:-1]]


def test_a_figure_changes_with_what_is_recorded() -> None:
    steps: list[RecordedStep] = RECORDED["trim"]
    assert lanes_figure(steps, "A trim") == (BOOK / "write-trim.svg").read_text("utf-8")
    assert lanes_figure(steps[:-2], "A trim") != lanes_figure(steps, "A trim")

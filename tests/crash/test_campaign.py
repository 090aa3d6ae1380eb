"""A campaign goes on where it was stopped, and its report says what was found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash import campaign
from tests.crash.campaign import Record, records, run, total
from tests.crash.report import report


def test_a_campaign_is_taken_up_again_and_does_no_block_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "BLOCK", 1)
    file = tmp_path / "new" / "crash.jsonl"
    first = [record.block for record in run(file, 1)]
    again = [record.block for record in run(file, total(records(file)).distinct + 1)]
    assert [record.block for record in records(file)] == first + again
    assert not set(first) & set(again)
    assert list(run(file, 1)) == []


def test_the_report_sums_up_and_shows_every_finding() -> None:
    found = [
        Record(0, "abc", 100, {"level 1": 50, "level 2": 7}, 40, 20, 2.0, ["trial 3: lost"]),
        Record(1, "abc", 100, {"level 1": 10, "level 3": 3}, 9, 4, 1.0),
    ]
    text = report(total(found))
    assert "200 sessions" in text
    assert "| **judged** | **70** |" in text
    assert "distinct, and not the file as it was | 49 |" in text
    assert "own open, check and read | 24 |" in text
    assert "not as they have to be: **1**" in text
    assert "- **trial 3: lost**" in text
    assert "abc (2 blocks)" in text

"""However large the disk, a page is made in seconds and stays small."""

from __future__ import annotations

import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks.images import full_64_tib
from tests.page.support import TIB, facts_of, million_runs, runs_of
from tests.support.patience import AS_USERS, assert_quick
from tests.test_hostile_logs import LOG, entries_that_claim_the_whole_log
from vhdx_runtime.conformance import BytesOverride, Log, Recipe, expand

SIZE = 5 << 20
SECONDS = 5.0


def measured(image: Path, code: int = 0) -> tuple[Path, float]:
    """Make a page in a process of its own; the page and the seconds of the processor."""
    page = image.with_suffix(".html")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [
        sys.executable,
        "-c",
        "from vhdx_runtime.cli import main; main()",
        "inspect",
        str(image),
        "--html",
        str(page),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=AS_USERS)
    assert done.returncode == code, done.stderr[-2000:]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return page, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


@pytest.mark.slow
def test_a_million_runs_are_all_in_the_page(roomy: Path) -> None:
    image = million_runs(roomy)
    page, seconds = measured(image)
    assert page.stat().st_size <= SIZE
    assert_quick(seconds, SECONDS)
    facts = facts_of(page)
    assert facts["overview"] is None
    assert facts["runs"]["count"] > 1_000_000
    found = runs_of(page)
    assert sum(length for _, length, low, _ in found if low == 6) == 64 * TIB // (32 << 20)
    assert len({place for _, _, low, place in found if low == 6}) > 1_000_000


@pytest.mark.slow
def test_a_full_table_of_the_largest_disk(roomy: Path) -> None:
    image = full_64_tib(roomy, "full.vhdx").path
    page, seconds = measured(image)
    assert page.stat().st_size <= SIZE
    assert_quick(seconds, 2 * SECONDS, "half of it is the check; it")
    assert facts_of(page)["overview"] is None


@pytest.mark.slow
def test_what_does_not_fit_is_counted_and_said(roomy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vhdx_runtime.codec.source import open_source
    from vhdx_runtime.disk.image import load_image
    from vhdx_runtime.page import document, page

    image = million_runs(roomy)
    monkeypatch.setattr(document, "SIZE_MAX", 1 << 20)
    with load_image(open_source(str(image))) as loaded:
        made = page(loaded)
    assert len(made.html.encode()) <= 1 << 20
    target = roomy / "cut.html"
    target.write_text(made.html)
    facts = facts_of(target)
    assert 50_000 < facts["runs"]["count"] < 1_000_000
    counted = facts["overview"]["states"]
    assert sum(counted) == sum(counted[6::9]) == 64 * TIB // (32 << 20)
    assert sum(facts["overview"]["payload_mb"]) == 64 * TIB >> 20


@pytest.mark.slow
def test_a_log_that_claims_much_costs_little(tmp_path: Path) -> None:
    recipe = Recipe(
        log=Log(length=LOG, guid="04030201-0605-0807-090a-0b0c0d0e0f10", is_dirty=True), file_length=40 << 20
    )
    log = BytesOverride("file", 1 << 20, bytes(entries_that_claim_the_whole_log()))
    image = expand(replace(recipe, overrides=(log,))).write(tmp_path)
    page, seconds = measured(image, code=1)
    assert page.stat().st_size <= SIZE
    assert_quick(seconds, 2 * SECONDS)
    assert len(facts_of(page)["log"]["entries"]) > 1000

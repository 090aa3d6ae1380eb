"""The corpus reaches nearly all of another reader that it knows nothing of."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.extras import need

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_the_corpus_reaches_98_percent_of_dissects_reader() -> None:
    need("dissect.hypervisor", "coverage")
    command = [sys.executable, "-m", "tests.fuzz_generate.dissect_reached"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["statements"] > 150
    assert found["reached_percent"] >= 98, found

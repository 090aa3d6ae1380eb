"""What several of these tests begin with."""

from __future__ import annotations

import pytest

from vhdx_runtime.write import space


@pytest.fixture
def small_growth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files grow by little at a time: they stay small in memory, and grow more often."""
    monkeypatch.setattr(space, "_GROWTH", 2 << 20)
    monkeypatch.setattr(space, "_GROWTH_BLOCKS", 1)

"""The whole corpus, made once."""

from __future__ import annotations

import pytest

from vhdx_runtime.fuzz import corpus
from vhdx_runtime.fuzz.corpus import Made


@pytest.fixture(scope="session")
def whole() -> list[Made]:
    """Every image of the corpus, in memory."""
    return list(corpus.made(corpus.choose(("all",))))

"""The whole corpus, made once, and what a check and opening make of it."""

from __future__ import annotations

import pytest

from tests.fuzz_generate.judged import Judged, judge_all
from tests.fuzz_generate.raw import Raw
from vhdx_runtime.fuzz.corpus import corpus
from vhdx_runtime.fuzz.corpus.corpus import Made


@pytest.fixture(scope="session")
def whole() -> list[Made]:
    """Every image of the corpus, in memory."""
    return list(corpus.made(corpus.choose(("all",))))


@pytest.fixture(scope="session")
def labelled(whole: list[Made]) -> list[Raw]:
    """Every image that has a label to hold to, as bytes."""
    return [Raw(one) for one in whole if one.entry.profile != "random"]


@pytest.fixture(scope="session")
def judged(whole: list[Made], tmp_path_factory: pytest.TempPathFactory) -> list[Judged]:
    """The same images, checked and opened as files, beside their parents."""
    return list(judge_all(whole, tmp_path_factory.mktemp("judged")))


@pytest.hookimpl(tryfirst=True)  # before the groups are looked at
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that needs the whole corpus runs in one worker, which makes it once."""
    for item in items:
        if "whole" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("corpus"))

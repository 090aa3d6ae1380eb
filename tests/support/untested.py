"""A plugin of pytest: what cannot be tested here is skipped, and told in capitals at the end.

No conftest, whose hooks would see the tests beside it only: doctests of `vhdx_runtime` are tests too.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from tests.support.coverage import coverage_line
from tests.support.extras import extra_of, missing

QUICK = "not slow"


class Untested(pytest.Item):
    """Stands for a module that cannot be imported here for want of an extra: one loud skip."""

    def __init__(self, *, reason: str, **options: Any) -> None:
        super().__init__(**options)
        self.reason = reason

    def runtest(self) -> None:
        pytest.skip(self.reason)


def instead(collector: pytest.Collector, error: BaseException) -> list[pytest.Item]:
    """What to run instead of a module whose import failed so: nothing, unless a package of an extra is missing."""
    cause = error.__cause__ or error
    name = (cause.name or "").partition(".")[0] if isinstance(cause, ModuleNotFoundError) else ""
    extra = extra_of(name)
    return [Untested.from_parent(collector, name="import", reason=missing(name, extra))] if extra else []


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Skip a module that cannot be imported for want of an extra; want of any other package stays an error."""
    report = yield
    error = report.call.excinfo if report.failed and report.call else None
    if error and (items := instead(collector, error.value)):
        report.outcome, report.longrepr, report.result = "passed", None, items
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how much of the specification is covered; and last, in capitals, what was not tested."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[reason] = reasons.get(reason, 0) + 1
    lines = [f"{count} × {reason.removeprefix('Skipped: ')}" for reason, count in sorted(reasons.items())]
    if terminalreporter.config.option.markexpr == QUICK:
        lines.append("the long part: left out (make test-all runs everything)")
    terminalreporter.line(coverage_line())
    if lines:
        terminalreporter.section("NOT TESTED HERE", sep="!", yellow=True, bold=True)
        for line in lines:
            terminalreporter.line(line)

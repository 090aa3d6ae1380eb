"""Progress of long work, on stderr where that is a terminal. The only module that imports rich, and only then."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..wording import short_size

if TYPE_CHECKING:
    from rich.progress import Task


@contextmanager
def progress(label: str, total: int, *, prints: bool = False) -> Iterator[Callable[[int], None]]:
    """Show how far work has come.

    Args:
        label: what is done, as a participle.
        total: bytes in all.
        prints: the command prints while it works; nothing is shown where both would share a terminal.

    Yields:
        A function to call with the number of bytes done so far.
    """
    if not sys.stderr.isatty() or (prints and sys.stdout.isatty()):
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class _Speed(ProgressColumn):
        """In the units of the rest; that of rich counts in thousands."""

        def render(self, task: Task) -> Text:
            """As the class of rich asks for it."""
            speed = task.finished_speed or task.speed
            return Text(f"{short_size(int(speed))}/s" if speed else "", style="progress.data.speed")

    console = Console(stderr=True)
    done = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(binary_units=True))
    columns = (*done, _Speed(), TimeRemainingColumn())
    # Not redirected: rich would send what the command prints to stderr, too.
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as shown:
        task = shown.add_task(label, total=total)
        yield lambda done: shown.update(task, completed=done)


@contextmanager
def counting(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how many things of a kind are done.

    Args:
        label: what they are, in the plural.
        total: how many in all.

    Yields:
        A function to call with the number done so far.
    """
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.update(task, completed=done)

"""What a fault of the writer is: parts of it that are replaced for a while."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from tests.crash.states import Event
from vhdx_runtime.write import recovery, session
from vhdx_runtime.write.operation import Flush, Write
from vhdx_runtime.write.recording import Recording

DEPTH = 9  # frames of the stack by which a flush is told from others


class Patches(ExitStack):
    """Replacements that end together."""

    def swap(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Replace an attribute by what `make` makes of the original."""
        self.enter_context(patch.object(owner, name, make(getattr(owner, name))))

    def update(self, make: Callable[[Any], Any]) -> None:
        """Replace the header update."""
        for module in (session, recovery):
            self.swap(module, "updated", make)

    def changes(self, alter: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Change what a header update changes."""
        self.update(lambda original: lambda pair, changes: original(pair, alter(dict(changes))))

    def steps(self, alter: Callable[[list[Any]], list[Any]]) -> None:
        """Change the operations of a header update."""

        def make(original: Any) -> Any:
            def updated(pair: Any, changes: Any) -> Any:
                after, operations = original(pair, changes)
                return after, alter(operations)

            return updated

        self.update(make)

    def without_flush(self, is_left_out: Callable[[list[str]], bool]) -> None:
        """Leave out flushes of which the names of the functions that call them, innermost first, say so."""

        def make(original: Any) -> Any:
            def flush(target: Recording) -> None:
                if is_left_out(_callers()):
                    target.events.append(Event("none"))  # type: ignore[arg-type]
                else:
                    original(target)

            return flush

        self.swap(Recording, "flush", make)


@dataclass(frozen=True)
class Fault:
    """A fault.

    Attributes:
        number: its number in the list of what others got wrong, or from 101 on.
        name: in words.
        apply: replaces parts of the writer.
    """

    number: int
    name: str
    apply: Callable[[Patches], None]

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The writer has the fault meanwhile."""
        with Patches() as patches:
            self.apply(patches)
            yield


FAULTS: dict[int, Fault] = {}


def fault(number: int, name: str) -> Callable[[Callable[[Patches], None]], None]:
    """Note a fault."""

    def note(apply: Callable[[Patches], None]) -> None:
        FAULTS[number] = Fault(number, name, apply)

    return note


def _callers() -> list[str]:
    frame, names = sys._getframe(2), []
    while frame and len(names) < DEPTH:
        names.append(frame.f_code.co_name)
        frame = frame.f_back  # type: ignore[assignment]
    return names


def only_flushes(operations: list[Any], keep: int) -> list[Any]:
    """A header update with the last `keep` of its flushes."""
    flushes = [n for n, one in enumerate(operations) if isinstance(one, Flush)]
    dropped = set(flushes[: len(flushes) - keep])
    return [
        Write(one.file_offset, one.data) if isinstance(one, Write) else one
        for n, one in enumerate(operations)
        if n not in dropped
    ]

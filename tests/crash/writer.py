"""The project's writer, as the laboratory opens it.

Its log begins anywhere, its file grows in small steps, and what it draws follows from the trial.
"""

from __future__ import annotations

import errno
import random

from tests.crash.images import Base
from tests.crash.ours import FileObject
from tests.crash.sparse import Sparse
from tests.crash.verifier import MIB, PAGE
from vhdx_runtime.write.disk import WritableDisk, open_writable
from vhdx_runtime.write.recording import Event, Recording
from vhdx_runtime.write.target import Target


class Failing(Recording):
    """A recording of which one flush fails: the system has lost what was on its way, and says so once."""

    def __init__(self, initial: Sparse, number: int) -> None:
        super().__init__(initial)
        self._left = number

    def flush(self) -> None:
        """As `Target.flush`."""
        self._left -= 1
        if not self._left:
            self.events.append(Event("failed"))
            raise OSError(errno.EIO, "the medium failed")
        super().flush()


def opened(target: Target, base: Base, at: random.Random) -> WritableDisk:
    """Open a target for writing."""
    is_small = at.choice((True, False))  # small steps, so that the file grows again and again
    start = at.choice((0, MIB - PAGE * at.randint(1, 24), PAGE * at.randrange(MIB // PAGE)))
    parents = [FileObject(parent) for parent in base.parents]
    disk = open_writable(target, parents=parents, entropy=at.randbytes, log_start=start)
    if is_small:
        disk._session.space.growth = 2 * MIB
    return disk

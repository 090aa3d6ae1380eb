"""Faults of headers, of closing and of recovery."""

from __future__ import annotations

from typing import Any

from tests.crash.fault import Patches, fault, only_flushes
from tests.crash.verifier import MIB
from vhdx_runtime.disk.image import load_image
from vhdx_runtime.write import ring, session
from vhdx_runtime.write.headers import NIL, HeaderPair, pair_of, updated
from vhdx_runtime.write.log import replayed
from vhdx_runtime.write.operation import Flush, Resize, Write, run

SLOT = 64 << 10
Session, Ring = session.Session, ring.Ring


@fault(1, "the same header slot always")
def _(patches: Patches) -> None:
    def make(original: Any) -> Any:
        def update(pair: Any, changes: Any) -> Any:
            after, steps = original(pair, changes)
            steps = [Write(SLOT, one.data, one.is_checked) if isinstance(one, Write) else one for one in steps]
            return HeaderPair(1, after.fields), steps

        return update

    patches.update(make)


@fault(2, "headers are not flushed")
def _(patches: Patches) -> None:
    patches.steps(lambda steps: only_flushes(steps, 0))


@fault(3, "both header slots with one flush")
def _(patches: Patches) -> None:
    patches.steps(lambda steps: only_flushes(steps, 1))


@fault(4, "DataWriteGuid stays")
def _(patches: Patches) -> None:
    patches.changes(lambda changes: {k: v for k, v in changes.items() if k != "data_write_guid"})


@fault(5, "DataWriteGuid changes after data")
def _(patches: Patches) -> None:
    late: dict[int, bytes] = {}

    def begin(original: Any) -> Any:
        def wrapped(self: Any) -> None:
            if not self.has_begun:
                late[id(self)] = self._guid()
                self._update({"file_write_guid": self._guid()})
                self.has_begun = True

        return wrapped

    def commit(original: Any) -> Any:
        def wrapped(self: Any) -> None:
            original(self)
            if id(self) in late:
                self._update({"data_write_guid": late.pop(id(self))})

        return wrapped

    patches.swap(Session, "begin", begin)
    patches.swap(Session, "commit", commit)


@fault(6, "FileWriteGuid stays")
def _(patches: Patches) -> None:
    patches.changes(lambda changes: {k: v for k, v in changes.items() if k != "file_write_guid"})


@fault(7, "LogGuid before the first entry")
def _(patches: Patches) -> None:
    def make(original: Any) -> Any:
        def log(self: Any, sectors: Any) -> None:
            if not self._is_published:
                self._log_guid = self._guid()
                self._update({"log_guid": self._log_guid})
                self._is_published = True
            original(self, sectors)

        return log

    patches.swap(Session, "_log", make)


@fault(8, "the first entry is not flushed")
def _(patches: Patches) -> None:
    first: set[int] = set()

    def make(original: Any) -> Any:
        def append(self: Any, sectors: Any) -> None:
            if not self._is_published:
                first.add(1)
            original(self, sectors)
            first.clear()

        return append

    patches.swap(Session, "_append", make)
    patches.without_flush(lambda names: bool(first) and "_append" in names)


@fault(9, "no flush before LogGuid becomes nil")
def _(patches: Patches) -> None:
    patches.without_flush(lambda names: names[:2] == ["_flush", "end"] or names[:3] == ["flush", "_flush", "end"])


@fault(10, "the file is cut before LogGuid becomes nil")
def _(patches: Patches) -> None:
    def make(original: Any) -> Any:
        def end(self: Any) -> None:
            if self.has_begun and not self.failure:
                self.commit()
                place = self.space.end()
                if place < self.space.size:
                    self.space.resize(place)
                    self._flush()
            original(self)

        return end

    patches.swap(Session, "end", make)


@fault(11, "LogGuid is cleared before the replay")
def _(patches: Patches) -> None:
    _recovery(patches, lambda guid, replay: [guid, {"log_guid": NIL}, replay])


@fault(12, "the replay changes DataWriteGuid")
def _(patches: Patches) -> None:
    _recovery(
        patches, lambda guid, replay: [{**guid, "data_write_guid": b"new data guid 00"}, replay, {"log_guid": NIL}]
    )


def _recovery(patches: Patches, order: Any) -> None:
    """Replace the order of the recovery: dicts are header updates, lists are what is written."""

    def make(original: Any) -> Any:
        def recover(image: Any, target: Any, new_guid: Any) -> Any:
            pair = pair_of(image.headers)
            for step in order({"file_write_guid": new_guid()}, list(replayed(image.view))):
                if isinstance(step, dict):
                    pair, step = updated(pair, step)
                run(target, step)
            return load_image(target)

        return recover

    from vhdx_runtime.write import disk

    patches.swap(disk, "recover", make)


@fault(101, "both headers carry the same sequence number")
def _(patches: Patches) -> None:
    def make(original: Any) -> Any:
        def update(pair: Any, changes: Any) -> Any:
            once, first = original(pair, {**changes, "sequence_number": pair.fields["sequence_number"]})
            return once, first

        return update

    patches.update(make)


@fault(104, "the recovery does not flush before LogGuid becomes nil")
def _(patches: Patches) -> None:
    _recovery(
        patches,
        lambda guid, replay: [guid, [one for one in replay if not isinstance(one, Flush)], {"log_guid": NIL}],
    )


@fault(105, "the recovery writes before FileWriteGuid changes")
def _(patches: Patches) -> None:
    _recovery(patches, lambda guid, replay: [replay, guid, {"log_guid": NIL}])


@fault(106, "the recovery leaves out the last sector")
def _(patches: Patches) -> None:
    _recovery(patches, lambda guid, replay: [guid, [*replay[:-2], *replay[-1:]], {"log_guid": NIL}])


@fault(107, "the recovery does not grow the file")
def _(patches: Patches) -> None:
    _recovery(
        patches,
        lambda guid, replay: [guid, [one for one in replay if not isinstance(one, Resize)], {"log_guid": NIL}],
    )


@fault(108, "closing leaves out what was not committed")
def _(patches: Patches) -> None:
    def make(original: Any) -> Any:
        def end(self: Any) -> None:
            self.pages.settle()
            original(self)

        return end

    patches.swap(Session, "end", make)


@fault(109, "closing cuts off a MiB too much")
def _(patches: Patches) -> None:
    from vhdx_runtime.write.space import FileSpace

    patches.swap(FileSpace, "end", lambda original: lambda self: original(self) - MIB)

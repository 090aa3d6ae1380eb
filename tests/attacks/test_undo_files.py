"""An undo file from a stranger: well sealed, and made to crash, hang, or change files that are none of its business."""

from __future__ import annotations

import json
import resource
import signal
from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import BROKEN, DIRTY, make, run
from vhdx_runtime.conformance import Recipe

Change = Callable[[dict[str, Any]], object]
UNIT = 4096


def sealed(line: bytes, rest: bytes = b"") -> bytes:
    return line + rest + sha256(line + rest).digest()


def digests(data: bytes) -> bytes:
    """What an undo file keeps of the sectors of a write."""
    return b"".join(
        blake2b(data[at : at + 512].ljust(512, b"\0"), digest_size=8).digest() for at in range(0, len(data), 512)
    )


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """An image that was repaired, and its undo file."""
    made = make(tmp_path_factory.mktemp("repaired"), DIRTY)
    run("repair", made.path, "--apply")
    return made.path.read_bytes(), made.path.with_name(f"{made.path.name}.undo").read_bytes()


@pytest.fixture
def repaired(once: tuple[bytes, bytes], tmp_path: Path) -> tuple[Path, Path]:
    """The same, to be spoiled."""
    for name, data in zip(("dirty.vhdx", "dirty.vhdx.undo"), once, strict=True):
        (tmp_path / name).write_bytes(data)
    return tmp_path / "dirty.vhdx", tmp_path / "dirty.vhdx.undo"


def undone(undo: Path, image: Path, code: int) -> str:
    """Take back, in little time and memory; nothing may change but by a success."""
    before = image.read_bytes()
    was = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, was[1]))
    signal.alarm(30)
    try:
        done = run("repair", "--undo", undo, image, code=code)
    finally:
        signal.alarm(0)
        resource.setrlimit(resource.RLIMIT_AS, was)
    if code:
        assert done.stderr.startswith("vhdx: error: ")
        assert [line[:6] for line in done.stderr.splitlines()[1:]] == ["hint: "]
        assert image.read_bytes() == before
    return done.stderr


def changed(undo: Path, change: Change) -> None:
    """Change the first line and seal the file again."""
    line, _, rest = undo.read_bytes().partition(b"\n")
    said = json.loads(line)
    change(said)
    undo.write_bytes(sealed(json.dumps(said).encode() + b"\n", rest[:-32]))


MALFORMED: dict[str, Change] = {
    "no name": lambda said: said.pop("name"),
    "a name that is a list": lambda said: said.update(name=[]),
    "no size": lambda said: said.pop("size"),
    "a size that is text": lambda said: said.update(size="4096"),
    "a size that is a fraction": lambda said: said.update(size=4096.5),
    "a size below zero": lambda said: said.update(size=-1),
    "a size of 2^62": lambda said: said.update(size=1 << 62),
    "a size of 2^62 with room for it": lambda said: said.update(size=1 << 62, sizes=[0, 1 << 62]),
    "a size of 64 TiB": lambda said: said.update(size=1 << 46, sizes=[0, 1 << 46]),
    "sizes in the wrong order": lambda said: said.update(sizes=said["sizes"][::-1] and [1 << 40, 0]),
    "three sizes": lambda said: said.update(sizes=[0, 1, 2]),
    "no sizes": lambda said: said.update(sizes=None),
    "saved that is no list": lambda said: said.update(saved={"0": 1}),
    "saved with a single number": lambda said: said.update(saved=[7]),
    "saved with text": lambda said: said.update(saved=[["a", "b"]]),
    "saved with a triple": lambda said: said.update(saved=[[0, 1, 2]]),
    "saved below zero": lambda said: said.update(saved=[[-4096, 4096]]),
    "saved of no length": lambda said: said.update(saved=[[0, 0]]),
    "saved of a negative length": lambda said: said.update(saved=[[0, -4096]]),
    "saved of 2^62 bytes": lambda said: said.update(saved=[[0, 1 << 62]]),
    "saved twice": lambda said: said["saved"].append(said["saved"][0]),
    "saved inside a sector": lambda said: said.update(saved=[[7, 512]]),
    "zeros of 2^62 bytes": lambda said: said.update(zeros=[[0, 1 << 62]]),
    "zeros of 2^62 bytes in a file of that size": lambda said: said.update(
        zeros=[[1 << 40, 1 << 61]], size=1 << 62, sizes=[0, 1 << 62]
    ),
    "writes of 2^62 bytes": lambda said: said.update(writes=[[0, 1 << 62]]),
    "writes that are true": lambda said: said.update(writes=[[True, True]]),
    "no writes": lambda said: said.update(writes=None),
    "no plan": lambda said: said.update(plan=""),
    "a time of 2^70": lambda said: said.update(modified=1 << 70),
    "a time in words": lambda said: said.update(modified="yesterday"),
    "a key more": lambda said: said.update(more=1),
    "a digest of another file": lambda said: said.update(own="0" * 64),
}  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_a_sealed_undo_file_crashes_hangs_or_grows_the_image(name: str, repaired: tuple[Path, Path]) -> None:
    image, undo = repaired
    changed(undo, MALFORMED[name])
    before = image.read_bytes()
    undone(undo, image, 3)
    assert image.read_bytes() == before


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000 + b"\n",
        b"null\n",
        b"[]\n",
        b'"vhdx-runtime undo"\n',
        b'\xff{"format": "vhdx-runtime undo", "version": 2}\n',
        b'{"format": "vhdx-runtime undo", "version": 2}\n',
        b'{"format": "vhdx-runtime undo", "version": 2}',
        b'{"format": "vhdx-runtime undo", "version": 1, "size": 1e999}\n',
        b'{"format": "vhdx-runtime undo", "version": ' + b"9" * 5000 + b"}\n",
        b"\n",
    ],
)
def test_a_sealed_line_that_is_no_form_ends_with_a_traceback(line: bytes, repaired: tuple[Path, Path]) -> None:
    image, undo = repaired
    before = image.read_bytes()
    undo.write_bytes(sealed(line))
    undone(undo, image, 3)
    assert image.read_bytes() == before


def test_two_hundred_bytes_take_all_memory(repaired: tuple[Path, Path]) -> None:
    image, undo = repaired
    said: dict[str, Any] = {"format": "vhdx-runtime undo", "version": 1, "name": "x", "plan": "0" * 64, "size": 0}
    said |= {"sizes": [0, 1 << 62], "saved": [], "zeros": [], "writes": [[0, 1 << 62]]}
    before = image.read_bytes()
    undo.write_bytes(sealed(json.dumps(said).encode() + b"\n"))
    undone(undo, image, 3)
    assert image.read_bytes() == before


def crafted(victim: bytes, wanted: bytes) -> bytes:
    """An undo file by which a file that holds `victim` would hold `wanted`, made with all that is known of the form."""
    own = sha256(f"{len(wanted)}\n".encode() + wanted).hexdigest()
    said = {"format": "vhdx-runtime undo", "version": 2, "name": "victim", "plan": "0" * 64, "own": own,
            "size": len(wanted), "sizes": sorted((len(victim), len(wanted))), "saved": [[0, len(wanted)]], "zeros": [],
            "writes": [[0, len(victim)]]}  # fmt: skip
    return sealed(json.dumps(said).encode() + b"\n", wanted + digests(victim))


def test_any_file_is_patched_whose_bytes_are_known(tmp_path: Path) -> None:
    victim, undo = tmp_path / "config", tmp_path / "gift.undo"
    victim.write_bytes(b"PermitRootLogin no\n".ljust(512, b"#"))
    undo.write_bytes(crafted(victim.read_bytes(), b"PermitRootLogin yes\n".ljust(512, b"#")))
    assert "no VHDX" in undone(undo, victim, 3)


def test_an_undo_file_of_one_image_changes_another(repaired: tuple[Path, Path], tmp_path: Path) -> None:
    _, undo = repaired
    other = make(tmp_path, Recipe(name="other", geometry=BROKEN.geometry)).path
    undone(undo, other, 3)
    again = make(tmp_path, replace(DIRTY, name="again", file_name=None)).path
    run("repair", again, "--apply")
    assert "is neither what was there nor what the repair wrote" in undone(undo, again, 3)


def test_bytes_that_every_image_has_are_patched_in_one_that_is_not_known(tmp_path: Path) -> None:
    """Zeros behind the region tables, say: whose undo file it is, the header section tells."""
    victim, undo = make(tmp_path, BROKEN).path, tmp_path / "gift.undo"
    size, at = victim.stat().st_size, 512 << 10
    said: dict[str, Any] = {"format": "vhdx-runtime undo", "version": 2, "name": "x", "plan": "0" * 64, "own": "1" * 64}
    said |= {"size": size, "sizes": [size, size], "saved": [[at, 512]], "zeros": [], "writes": [[at, 512]]}
    undo.write_bytes(sealed(json.dumps(said).encode() + b"\n", b"!" * 512 + digests(bytes(512))))
    assert "belongs to another file" in undone(undo, victim, 3)


def test_an_undo_file_as_it_was_made_still_takes_back(repaired: tuple[Path, Path], tmp_path: Path) -> None:
    image, undo = repaired
    (tmp_path / "fresh").mkdir()
    run("repair", "--undo", undo, image)
    assert image.read_bytes() == make(tmp_path / "fresh", DIRTY).path.read_bytes()

"""A corpus from a stranger: manifests, packed images and recipes that would write, fill, hang or crash."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from struct import pack
from typing import Any

import pytest

from tests.cli.support import listing, run
from tests.fuzz_judge.support import GOOD, shell, write_corpus
from tests.support.patience import HANG
from vhdx_runtime.conformance import RecipeError, expand
from vhdx_runtime.conformance.build.pattern import noise
from vhdx_runtime.conformance.recipes import form
from vhdx_runtime.conformance.release.unpackers import unpack as unpacker

GIB = 1 << 30
RIGHT = {"id": "good", "file": "good.vhdx", "expected": {"verdict": "reject"}}
CLIMBS = "../../../escaped"


def corpus(folder: Path, **more: object) -> Path:
    """A corpus of one sound image, whose label is wrong, so that a cluster is written for it."""
    home = write_corpus(folder, (GOOD,), None)
    (home / "manifest.jsonl").write_text(json.dumps(RIGHT | more) + "\n")
    return home


def refused(folder: Path, *more: object) -> str:
    """What the command says of a corpus that it does not take; it must end in one line and write nothing."""
    done = run("fuzz", "judge", folder, "--reader", "vhdx-runtime", "--keep", folder.parent / "kept", *more, code=2)
    assert done.stderr.startswith("vhdx: error: ")
    assert [line[:6] for line in done.stderr.splitlines()[1:]] == ["hint: "]
    assert not (folder.parent / "kept").exists()
    return done.stderr


@pytest.mark.parametrize(
    "more",
    [
        {"deliberate": [CLIMBS]},
        {"deliberate": ["/tmp/escaped"]},
        {"expected": {"verdict": "reject", "by": CLIMBS}},
        {"deliberate": ["HDR-001\n| forged | row |"]},
    ],
    ids=["in-deliberate", "absolute", "in-by", "with-a-newline"],
)
def test_a_rule_in_a_manifest_names_a_file_outside_the_folder_of_kept_images(
    more: dict[str, object], tmp_path: Path
) -> None:
    home = corpus(tmp_path, **more)
    assert "line 1: no label" in refused(home)
    assert listing(tmp_path) == ["corpus", "raw"]


@pytest.mark.parametrize("name", ["/etc/passwd", CLIMBS, "deep/../../raw/good", "a\x1b[2J", "a\nb", "a\\b", ".hidden"])
def test_a_file_of_a_manifest_leads_out_of_the_corpus(name: str, tmp_path: Path) -> None:
    assert "no image" in refused(corpus(tmp_path, file=name))


def test_a_link_in_a_corpus_leads_to_a_file_of_yours(tmp_path: Path) -> None:
    home = corpus(tmp_path)
    (tmp_path / "private").write_bytes(b"secret")
    (home / "link.vhdx").symlink_to(tmp_path / "private")
    (home / "manifest.jsonl").write_text(json.dumps(RIGHT | {"file": "link.vhdx"}) + "\n")
    assert "no image link.vhdx" in refused(home)
    (home / "manifest.jsonl").unlink()
    done = run("fuzz", "judge", home, "--reader", shell("RIGHT", "fine", tmp_path), "--keep", tmp_path / "kept")
    assert "1 image" in done.stdout


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 200_000,
        b'{"id": ' * 100_000,
        b"\xff\xfe\x00 not UTF-8",
        b"",
        b"null",
        b'"text"',
        b"12",
        json.dumps(RIGHT | {"guest": {"size": -1}}).encode(),
        json.dumps(RIGHT | {"guest": {"size": 1 << 80}}).encode(),
        json.dumps(RIGHT | {"guest": {"size": 1e300}}).encode(),
        json.dumps(RIGHT | {"guest": {"sha256": "../x"}}).encode(),
        json.dumps(RIGHT | {"id": "x" * 5000}).encode(),
        json.dumps(RIGHT | {"id": ["good"]}).encode(),
        json.dumps(RIGHT | {"deliberate": 7}).encode(),
        b'{"id": "' + b"x" * (1 << 21) + b'"}',
        b'{"size": ' + b"9" * 5000 + b"}",
    ],
    ids=["deep-lists", "deep-objects", "no-utf-8", "empty", "null", "text", "number", "negative-size", "huge-size",
         "float-size", "digest", "long-id", "list-id", "rule-is-a-number", "long-line", "long-number"],
)  # fmt: skip
def test_a_manifest_ends_the_run_with_a_traceback(line: bytes, tmp_path: Path) -> None:
    home = corpus(tmp_path)
    (home / "manifest.jsonl").write_bytes(line + b"\n")
    assert "manifest.jsonl, line 1: no label" in refused(home)


def test_a_manifest_that_is_one_hole_fills_the_memory(tmp_path: Path) -> None:
    home = corpus(tmp_path)
    with (home / "manifest.jsonl").open("wb") as file:
        file.truncate(1 << 40)
    assert "a line of more than" in refused(home)


def op(kind: bytes, offset: int, length: int, more: bytes = b"") -> bytes:
    return kind + pack("<QQ", offset, length) + more


def image(length: int, *operations: bytes) -> bytes:
    return b"VHDXOPS1" + pack("<Q", length) + b"".join(operations)


BOMBS = {
    "a pattern of 2^60 bytes": image(1 << 60, op(b"P", 0, 1 << 60, bytes(16))),
    "a series of 2^60 bytes": image(1 << 60, op(b"S", 0, 1 << 60, bytes(16))),
    "a pattern of 64 TiB": image(1 << 46, op(b"P", 0, 1 << 46, bytes(16))),
    "a byte copied 6 GiB far": image(8 * GIB, op(b"L", 0, 1, b"x"), op(b"C", 1, 6 * GIB, bytes(8))),
    "a thousand copies of 64 MiB": image(1 << 30, *[op(b"C", 1, 1 << 26, bytes(8))] * 1000),
    "past the end": image(4096, op(b"P", 0, 1 << 30, bytes(16))),
    "a sum that wraps": image(4096, op(b"L", (1 << 64) - 1, 2, b"xx")),
    "a file of 2^63 bytes": image(1 << 63),
}
DAMAGED = {
    "cut in its head": image(4096)[:12],
    "cut in an operation": image(4096, op(b"L", 0, 1, b"x"))[:-10],
    "cut in a literal": image(4096, op(b"L", 0, 100, b"x")),
    "a copy of itself": image(4096, op(b"C", 0, 100, pack("<Q", 0))),
    "a copy of what comes behind": image(4096, op(b"C", 0, 100, pack("<Q", 1000))),
    "no such operation": image(4096, op(b"X", 0, 100, bytes(16))),
}
LIMITED = f"""
import atexit, resource, sys
from pathlib import Path

def tell():
    status = Path("/proc/self/status")
    if status.exists():
        print(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")), file=sys.stderr)

atexit.register(tell)
resource.setrlimit(resource.RLIMIT_FSIZE, ({1 << 29}, {1 << 29}))
from vhdx_runtime.cli import main
main()
"""


@pytest.mark.parametrize("name", [*BOMBS, *DAMAGED])
def test_a_packed_image_fills_the_disk_or_the_memory_or_ends_the_run(name: str, tmp_path: Path) -> None:
    home = tmp_path / "corpus"
    home.mkdir()
    (home / "bomb.packed").write_bytes((BOMBS | DAMAGED)[name])
    command = [sys.executable, "-c", LIMITED, "fuzz", "judge", str(home), "--reader", "vhdx-runtime"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG)
    assert done.returncode == 2, done.stderr[-500:]
    assert done.stderr.startswith("vhdx: error: ")
    assert "bomb.packed: no packed image: " in done.stderr
    if "VmHWM" in done.stderr:
        assert int(done.stderr.split()[-2]) < 256 << 10


@pytest.mark.parametrize("name", [*BOMBS, *DAMAGED])
def test_the_unpacker_for_others_writes_before_it_has_checked(name: str, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w+b") as out:
        with pytest.raises(ValueError, match=r"."):
            unpacker.unpack(noise(), (BOMBS | DAMAGED)[name], out)
        assert out.tell() == 0
    assert (tmp_path / "out").stat().st_size == 0


@pytest.mark.parametrize("key", ["image", "packed"])
def test_a_release_unpacks_outside_its_folder(key: str, tmp_path: Path) -> None:
    home = tmp_path / "release"
    home.mkdir()
    (home / "unpack.py").write_bytes(Path(unpacker.__file__).read_bytes())
    (home / "noise.bin").write_bytes(noise())
    (tmp_path / "a.packed").write_bytes(image(10, op(b"L", 0, 3, b"abc")))
    (home / "a.packed").write_bytes(image(10, op(b"L", 0, 3, b"abc")))
    file = {"image": "a.vhdx", "packed": "a.packed"}
    file[key] = f"../{file[key]}"
    (home / "manifest.json").write_text(json.dumps({"cases": [{"id": "x", "files": [file]}]}))
    done = subprocess.run([sys.executable, "-I", home / "unpack.py", tmp_path / "out"], capture_output=True, text=True)
    assert done.returncode
    assert "leads out of" in done.stderr
    assert listing(tmp_path) == ["a.packed", "release", *(["out"] if key == "packed" else [])] or key == "packed"
    assert not (tmp_path / "a.vhdx").exists()


MANY = ", ".join(f"{{guid: 00000000-0000-0000-0000-00000000{n:04}, content: {{zeros: 67108864}}}}" for n in range(50))
RECIPES: dict[str, str] = {
    "a disk whose every block is there": "geometry: {virtual_disk_size: 64 TiB}\nbat: {default_state: 6}",
    "a block of 64 TiB": "bat: {blocks: [{number: 0, fills: [{offset: 0, length: 64 TiB}]}]}",
    "fifty times 64 MiB": f"regions: {{extra: [{MANY}]}}",
    "a name that climbs": "file_name: ../../escaped.vhdx",
    "a name from the root": "file_name: /escaped.vhdx",
    "a name with a zero": 'name: "a\\u0000b"',
    "a hundred thousand lists": "parent: " + "[" * 100_000,
    "two thousand aliases of two thousand": "bat: {blocks: [&b {number: 0, fills: [&f {offset: 0, length: 1}"
    + ", *f" * 2000 + "]}" + ", *b" * 2000 + "]}",
    "a number of 5000 digits": "file_length: " + "9" * 5000,
    "a length that no field holds": "regions: {metadata_length: 64 TiB}",
    "a block before the block": "bat: {blocks: [{number: 0, fills: [{offset: -5, length: 10}]}]}",
    "an order of items that are not there": "metadata: {data_order: [99999999999999]}",
}  # fmt: skip


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_takes_the_memory_or_the_process_with_it(name: str) -> None:
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "from vhdx_runtime.conformance import RecipeError, expand; from vhdx_runtime.conformance.recipes import form\n"
        "try: expand(form.load_recipe(sys.stdin.read()))\n"
        "except RecipeError as error: assert '\\n' not in str(error), error\n"
        "else: sys.exit('made')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=RECIPES[name], text=True, capture_output=True, timeout=HANG
    )
    assert done.returncode == 0, done.stderr[-500:]


def test_a_sound_recipe_is_still_taken() -> None:
    made: Any = expand(form.load_recipe("file_name: deep/a.vhdx\nbat: {blocks: [0, 2]}"))
    assert made.recipe.path == "deep/a.vhdx"
    with pytest.raises(RecipeError):
        expand(form.load_recipe("file_name: deep/../../a.vhdx"))


@pytest.mark.parametrize("judging", [("fuzz", "judge", "."), ("conformance", "run", "--case", "header-1-z*")])
def test_modules_beside_the_images_are_not_run(judging: tuple[str, ...], tmp_path: Path) -> None:
    home = corpus(tmp_path)
    (home / "uuid.py").write_text("open('owned', 'w').close()\n")
    words = [sys.executable, "-P", "-m", "vhdx_runtime", *judging, "--reader", "vhdx-runtime", "--jobs", "1"]
    subprocess.run(words, cwd=home, capture_output=True, timeout=HANG)
    assert not (home / "owned").exists()


def test_a_link_that_leads_nowhere_is_not_replaced(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("nowhere")
    assert "exists" in run("fuzz", "reproduce", "hdr-006-1", "-o", link, code=2).stderr
    assert link.is_symlink()

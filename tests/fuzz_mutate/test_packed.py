"""Packed seeds in Python: they come back to the byte, and whatever else is refused."""

from __future__ import annotations

import json
import os
import random
import struct
from hashlib import sha256
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from tests.support.specimens import SPECIMENS
from vhdx_runtime.cli import main
from vhdx_runtime.conformance import expand
from vhdx_runtime.errors import FormatError, IntegrityError, UnsupportedError, VhdxError
from vhdx_runtime.fuzz.mutate.mutate import sealed
from vhdx_runtime.fuzz.mutate.packed import pack, unpack
from vhdx_runtime.fuzz.mutate.structures import seals

MIB = 1 << 20
HEAD = b"VHDXOPS1" + struct.pack("<Q", 100)


def run_of(offset: int, data: bytes, *, kind: bytes = b"L", length: int | None = None) -> bytes:
    return kind + struct.pack("<QQ", offset, len(data) if length is None else length) + data


@pytest.mark.parametrize("seed", range(40))
def test_any_file_comes_back(seed: int) -> None:
    at = random.Random(seed)
    raw = bytearray(at.randrange(1, 5000))
    for _ in range(at.randrange(12)):
        start = at.randrange(len(raw))
        raw[start : start + at.choice((1, 16, 17, 18, 300))] = at.randbytes(at.choice((1, 16, 17, 18, 300)))
    data = pack([(0, bytes(raw))], len(raw))
    assert unpack(data) == raw
    assert len(data) <= 16 + len(raw) + 17 * (1 + raw.count(bytes(17)))


def test_the_form_is_the_one_that_is_described() -> None:
    raw = b"abc" + bytes(16) + b"d" + bytes(17) + b"e" + bytes(62)
    assert len(raw) == 100
    assert pack([(0, raw)], 100) == HEAD + run_of(0, b"abc" + bytes(16) + b"d") + run_of(37, b"e")
    assert pack([], 100) == HEAD == pack([(0, bytes(100))], 100)
    assert unpack(HEAD + run_of(0, b"aaaa") + run_of(2, b"bb") + run_of(100, b"")) == b"aabb" + bytes(96)
    assert unpack(pack([], 0)) == b""


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", FormatError),
        (b"VHDXOPS", FormatError),
        (HEAD[:15], FormatError),
        (b"VHDXOPS2" + HEAD[8:], FormatError),
        (HEAD + b"L", FormatError),
        (HEAD + run_of(0, b"abc")[:-1], FormatError),
        (HEAD + run_of(0, b"abc", length=1 << 63), FormatError),
        (HEAD + run_of(98, b"abc"), IntegrityError),
        (HEAD + run_of(1 << 63, b"abc"), IntegrityError),
        (HEAD + run_of(2**64 - 1, b""), IntegrityError),
        (HEAD + run_of(0, b"abc") + run_of(0, bytes(8), kind=b"C"), UnsupportedError),
        (HEAD[:8] + struct.pack("<Q", 64 * MIB + 1), UnsupportedError),
        (HEAD[:8] + b"\xff" * 8, UnsupportedError),
    ],
)
def test_what_is_no_seed_is_refused_with_its_place(data: bytes, kind: type[VhdxError]) -> None:
    with pytest.raises(kind) as caught:
        unpack(data)
    assert caught.value.place is not None


def test_a_longer_file_is_made_where_the_caller_allows_it() -> None:
    data = pack([], 65 * MIB)
    assert len(unpack(data, 65 * MIB)) == 65 * MIB
    with pytest.raises(UnsupportedError, match="at most 99 are allowed"):
        unpack(HEAD, 99)


def test_the_command_writes_the_image_and_seals_it_when_asked(tmp_path: Path) -> None:
    raw = bytearray(expand(SPECIMENS["dirty"]).to_bytes())
    raw[64 * 1024 + 16] ^= 1
    seed, out = tmp_path / "seed", tmp_path / "out.vhdx"
    seed.write_bytes(pack([(0, bytes(raw))], len(raw)))
    assert run("fuzz", "unpack", seed, out) == (0, f"{out}: 6 MiB (6291456 bytes)\n")
    assert out.read_bytes() == raw
    assert run("fuzz", "unpack", seed, out)[0] == 2, "no file is replaced unasked"
    code, text = run("fuzz", "unpack", seed, out, "--seal", "--force", "--json")
    jsonschema.validate(json.loads(text), json.loads(run("schema", "fuzz-unpack")[1]))
    assert (code, json.loads(text)["sealed"]) == (0, True)
    assert out.read_bytes() == sealed(raw) != raw
    assert all(seal.is_right(out.read_bytes()) for seal in seals(out.read_bytes()))


def test_the_command_refuses_what_is_no_seed(tmp_path: Path) -> None:
    (tmp_path / "seed").write_bytes(HEAD + run_of(98, b"abc"))
    for words in ((), ("--max-size", "99")):
        code, text = run("fuzz", "unpack", tmp_path / "seed", tmp_path / "out", *words)
        assert code == 3
        assert "generate --packed" in text
    assert not (tmp_path / "out").exists()


def test_generate_writes_small_seeds_into_a_folder_of_their_own(tmp_path: Path) -> None:
    code, text = run("fuzz", "generate", tmp_path / "out", "--profile", "tiny", "--packed")
    assert code == 0, text
    labels = [json.loads(line) for line in (tmp_path / "out" / "manifest.jsonl").read_text().splitlines()]
    files = {path for path in (tmp_path / "out" / "seeds").rglob("*") if path.is_file()}
    assert files == {tmp_path / "out" / one["packed"] for one in labels}
    assert len(labels) > 50
    for one in labels:
        seed = (tmp_path / "out" / one["packed"]).read_bytes()
        assert len(seed) == one["packed_size"] < 10_000
        assert sha256(unpack(seed)).hexdigest() == one["sha256"]


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(word) for word in words], prog_name="vhdx")
    return result.exit_code, result.output


def test_a_seed_far_longer_than_its_image_may_be_is_not_read(tmp_path: Path) -> None:
    seed = tmp_path / "seed"
    seed.touch()
    os.truncate(seed, 8 << 30)
    result = CliRunner().invoke(main, ["fuzz", "unpack", str(seed), str(tmp_path / "out")])
    assert (result.exit_code, "far longer" in result.stderr) == (3, True)
    assert not (tmp_path / "out").exists()

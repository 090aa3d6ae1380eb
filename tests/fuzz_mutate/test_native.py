"""The mutators in C: the same files and checksums as in Python, and nothing out of bounds whatever they are given."""

from __future__ import annotations

import ctypes
import random
import shutil
import struct
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from vhdx_format.layout import CONSTANTS

from tests.support.cases import all_cases
from tests.support.judged import judge
from tests.support.native import INCLUDE, LIMIT, SANITIZERS, Native, build, compiler
from tests.support.patience import HANG
from tests.support.sampling import repeated, sampled
from tests.support.specimens import SPECIMENS
from vhdx_runtime.conformance import Expanded, expand
from vhdx_runtime.errors import VhdxError
from vhdx_runtime.fuzz.mutate.mutate import mutate, sealed
from vhdx_runtime.fuzz.mutate.packed import pack, unpack
from vhdx_runtime.fuzz.mutate.structures import seals

KIB, MIB = 1 << 10, 1 << 20
SIZE_MAX = 64 * MIB
HEADERS = ("vhdx_packed.h", "vhdx_fuzz.h")


@pytest.fixture(scope="module", params=["gcc", pytest.param("clang", marks=pytest.mark.slow)])
def native(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Native]:
    program = build(tmp_path_factory.mktemp("native") / "native", request.param, "-std=c99", "-O1", *SANITIZERS)
    found = Native(program)
    yield found
    found.close()


@cache
def images() -> dict[str, Expanded]:
    return {name: expand(recipe) for name, recipe in SPECIMENS.items()}


@cache
def packed(name: str) -> bytes:
    return packed_bytes(images()[name].to_bytes())


def packed_bytes(raw: bytes | bytearray) -> bytes:
    return pack([(0, bytes(raw))], len(raw))


def damaged(raw: bytes, seed: int) -> bytearray:
    """A file with wrong checksums, perhaps with another length, lying lengths in its log and headers."""
    at = random.Random(seed)
    made = bytearray(mutate(raw, seed, 16 * MIB))
    headers = [place for place in (64 * KIB, 128 * KIB) if place + 4 * KIB <= len(made)]
    for place in [*headers, *(seal.offset for seal in seals(made))]:
        made[place + 4 : place + 8] = at.randbytes(4)
        if at.random() < 0.2:
            made[place + 8 : place + 12] = struct.pack("<I", at.choice((63, 64, 4096, 8192, 12288, 1 << 20, 1 << 31)))
    if headers and at.random() < 0.4:
        log = (at.choice((0, 1, 4095, 4096, 65536, MIB, MIB + 4)), at.choice((0, 4, 5000, 65536, MIB)))
        struct.pack_into("<IQ", made, at.choice(headers) + 68, *log)
    if made and at.random() < 0.3:
        place = at.randrange(len(made)) // 512 * 512
        made[place : place + 12] = b"loge" + struct.pack("<II", 0, at.choice((64, 4096, 9000, MIB)))
    return made


# The text


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_is_short(name: str) -> None:
    lines = (INCLUDE / name).read_text().splitlines()
    assert len(lines) <= 600
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("name", HEADERS)
def test_no_number_of_the_format_stands_in_the_template(name: str) -> None:
    text = (Path(__file__).parents[2] / "formats" / "compiler" / "support" / name).read_text()
    numbers = {item.value for item in CONSTANTS.values() if isinstance(item.value, int) and item.value > 255}
    code = "\n".join(line.partition("/*")[0] for line in text.splitlines())
    found = {word for word in code.replace("(", " ").replace(")", " ").replace(",", " ").split() if word[:1].isdigit()}
    typed = {word for word in found if word.rstrip("uUlL;").isdigit() and int(word.rstrip("uUlL;")) in numbers}
    assert typed <= {"1024", "256;"}, "a bound of ours, and the values of a byte"


@pytest.mark.parametrize(
    ("name", "standard"),
    [("gcc", "-std=c99"), ("g++", "-std=c++11"), ("clang", "-std=c99"), ("clang++", "-std=c++11")],
)
def test_both_headers_compile_with_all_entry_points_and_without(name: str, standard: str, tmp_path: Path) -> None:
    source = tmp_path / ("use.cpp" if "++" in name else "use.c")
    for switches in ("", "#define VHDX_FUZZ_AFL\n#define VHDX_FUZZ_LIBFUZZER\n"):
        source.write_text(f'{switches}#include "vhdx_fuzz.h"\n#include "vhdx_fuzz.h"\nint main(void) {{ return 0; }}\n')
        build(tmp_path / "use", name, standard, "-O2", source=source)
    source.write_text('#include "vhdx_packed.h"\nint main(void) { return 0; }\n')
    made = build(tmp_path / "use", name, standard, source=source)
    assert subprocess.run([made]).returncode == 0


# Unpacking


@pytest.mark.parametrize("name", SPECIMENS)
def test_a_seed_unpacks_to_its_file(name: str, native: Native) -> None:
    raw = images()[name].to_bytes()
    assert unpack(packed(name)) == raw
    assert native.ask("u", packed(name)) == (True, raw)
    assert native.ask("p", packed(name)) == (True, packed(name)), "packed to the same bytes"
    assert len(packed(name)) < 40 * KIB


@pytest.mark.parametrize("shard", sampled(range(20), 0))
def test_every_conformance_image_unpacks_to_itself_and_is_sealed_as_in_python(shard: int, native: Native) -> None:
    count = 0
    for case in all_cases()[shard::20]:
        for image in case.expand():
            data = pack(image.extents, image.length)
            if image.length > SIZE_MAX or len(data) > 8 * MIB:
                assert image.length <= SIZE_MAX or not native.ask("u", data).is_done
                continue
            raw = image.to_bytes()
            assert native.ask("u", data) == (True, raw), case.id
            made = native.ask("s", data, limit=len(data) + LIMIT)
            assert unpack(made.data) == sealed(raw), case.id
            count += 1
    assert count > 3


@pytest.mark.parametrize("block", sampled(range(12), 0))
def test_c_and_python_seal_alike(block: int, native: Native) -> None:
    names = list(SPECIMENS)
    for seed in range(block * 100, block * 100 + repeated(15, 100)):
        raw = damaged(images()[names[seed % len(names)]].to_bytes(), seed)
        made = native.ask("s", packed_bytes(raw), limit=4 * MIB)
        assert made.is_done
        assert unpack(made.data) == sealed(raw), f"seed {seed}"


def test_what_does_not_fit_is_not_packed(native: Native) -> None:
    data = packed("dynamic")
    for limit in (0, 1, 15, 16, 17, 33, 100, len(data) - 1):
        assert native.ask("p", data, limit=limit) == (False, b"")
    assert native.ask("p", data, limit=len(data)).is_done


def test_a_seed_that_is_none_is_refused_as_in_python(native: Native) -> None:
    at = random.Random(5)
    refused = 0
    for number in range(repeated(300, 2000)):
        data = garbage(at, number)
        try:
            expected = bytes(unpack(data))
        except VhdxError:
            refused += 1
            assert native.ask("u", data) == (False, b""), data[:64].hex()
        else:
            assert native.ask("u", data) == (True, expected), data[:64].hex()
    assert refused > 50


def garbage(at: random.Random, number: int) -> bytes:
    """Noise, or a seed that was cut off or changed."""
    data = bytearray(packed(at.choice(list(SPECIMENS))))
    kind = number % 6
    if kind == 0:
        return at.randbytes(at.randrange(64))
    if kind == 1:
        return bytes(data[: at.randrange(len(data))])
    if kind == 2:
        return bytes(data[:8]) + at.randbytes(at.randrange(80))
    if kind == 3:
        run = struct.pack(
            "<cQQ", at.choice((b"L", b"L", b"S", b"\0")), at.randrange(1 << 17), at.choice((0, 5, 1 << 63))
        )
        return bytes(data[:8]) + struct.pack("<Q", at.choice((0, 1, 70_000, SIZE_MAX, SIZE_MAX + 1))) + run + b"bytes"
    for _ in range(at.choice((1, 1, 3, 40))):
        data[at.randrange(len(data) if kind == 4 else 64)] = at.choice((0, 255, at.randrange(256)))
    return bytes(data)


# Mutating


@pytest.mark.parametrize("block", sampled(range(10), 0))
def test_no_input_makes_the_mutator_go_wrong(block: int, native: Native) -> None:
    at = random.Random(block)
    for number in range(repeated(200, 1000)):
        data, other = garbage(at, number), garbage(at, number // 2) if number % 3 else b""
        limit = at.choice((0, 1, 17, 4096, 64 * KIB, LIMIT, LIMIT))
        made = native.ask("m", data, seed=number, limit=limit, other=other)
        assert made.is_done == (limit > 0)
        assert len(made.data) <= limit
        native.ask("s", made.data, limit=4 * MIB)


@pytest.mark.parametrize("block", sampled(range(8), 0))
def test_mutants_of_mutants_stay_in_bounds(block: int, native: Native) -> None:
    data = start = packed(list(SPECIMENS)[block % len(SPECIMENS)])
    lost = 0
    for number in range(repeated(150, 600)):
        made = native.ask("m", data, seed=block << 32 | number, other=packed("dirty") if number % 4 == 0 else b"")
        is_seed = native.ask("u", made.data).is_done
        lost += not is_seed
        data = made.data if is_seed else start
    assert lost < 3, "those that grew out of the limit"


def test_mutants_differ_and_a_seed_says_everything(native: Native, tmp_path: Path) -> None:
    count = repeated(120, 600)
    found: list[bytes] = []
    for seed in range(count):
        name = list(SPECIMENS)[seed % len(SPECIMENS)]
        found.append(native.ask("m", packed(name), seed=seed, other=packed("items")).data)
        assert found[-1] != packed(name)
    assert len(set(found)) > 0.95 * count
    again = Native(build(tmp_path / "again", "gcc", "-std=c99", "-O2"))
    for seed in reversed(range(count)):
        name = list(SPECIMENS)[seed % len(SPECIMENS)]
        assert again.ask("m", packed(name), seed=seed, other=packed("items")).data == found[seed]
    again.close()


def test_mutants_have_right_checksums_mostly_and_a_good_share_is_still_read(native: Native) -> None:
    count = repeated(150, 600)
    right, outcomes = 0, Counter[str]()
    for seed in range(count):
        name = list(SPECIMENS)[seed % 6]
        raw = unpack(native.ask("m", packed(name), seed=seed).data)
        right += all(seal.is_right(raw) for seal in seals(raw))
        outcomes[judge(name, raw, seed)] += 1
    assert 0.93 * count <= right < count
    assert 0.25 * count < outcomes["read"] < 0.9 * count, outcomes


def test_every_kind_of_structure_gets_changed(native: Native) -> None:
    """Places of the dirty child that differ from it in some mutant: by what lies there."""
    raw = images()["dirty child"].to_bytes()
    places = {seal.structure: seal.offset + 8 for seal in seals(raw)} | {"identifier": 8, "length": -1}
    found = set()
    for seed in range(400):
        made = unpack(native.ask("m", packed("dirty child"), seed=seed).data)
        found |= {"length"} if len(made) != len(raw) else set()
        found |= {name for name, at in places.items() if at >= 0 and made[at : at + 500] != raw[at : at + 500]}
    assert found == set(places)


# As the fuzzers load it


def test_the_library_for_afl_gives_the_same_run_for_the_same_seed(tmp_path: Path) -> None:
    library = ctypes.CDLL(str(library_for_afl(tmp_path)))
    library.afl_custom_init.restype = ctypes.c_void_p
    library.afl_custom_fuzz.restype = ctypes.c_size_t
    runs = []
    for seed in (7, 7, 8):
        state = ctypes.c_void_p(library.afl_custom_init(None, seed))
        out = ctypes.POINTER(ctypes.c_ubyte)()
        made = []
        for number in range(20):
            data, other = packed("dynamic"), packed("dirty") if number % 2 else None
            size = library.afl_custom_fuzz(
                state, data, ctypes.c_size_t(len(data)), ctypes.byref(out), other, ctypes.c_size_t(len(other or b"")),
                ctypes.c_size_t(LIMIT),
            )  # fmt: skip
            made.append(bytes(out[:size]))
        library.afl_custom_deinit(state)
        runs.append(made)
    assert runs[0] == runs[1] != runs[2]
    assert len(set(runs[0])) > 15


def library_for_afl(folder: Path) -> Path:
    command = [compiler("gcc"), "-O2", "-shared", "-fPIC", "-DVHDX_FUZZ_AFL", "-x", "c", str(INCLUDE / "vhdx_fuzz.h")]
    subprocess.run([*command, "-o", str(folder / "vhdx_fuzz.so")], check=True)
    return folder / "vhdx_fuzz.so"


TARGET = """
#define VHDX_FUZZ_LIBFUZZER
#include "vhdx_fuzz.h"
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct vhdx_image image;
  if (vhdx_unpack(data, size, &image)) return 0;
  vhdx_reseal(&image);
  if (image.size > 8 && image.bytes[8] == 'x' && image.bytes[image.size - 1] == 'y') return 0;
  return 0;
}
"""


def test_libfuzzer_runs_a_target_with_the_mutators(tmp_path: Path) -> None:
    (tmp_path / "target.c").write_text(TARGET)
    (tmp_path / "seeds").mkdir()
    for name in SPECIMENS:
        (tmp_path / "seeds" / name.replace(" ", "-")).write_bytes(packed(name))
    command = [
        compiler("clang"),
        "-O1",
        "-fsanitize=fuzzer,address,undefined",
        "-I",
        str(INCLUDE),
        "target.c",
        "-o",
        "target",
    ]
    made = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    if made.returncode and "libclang_rt" in made.stderr:
        pytest.skip("C header: clang has no libFuzzer (apt-get install libclang-rt-14-dev)")
    assert made.returncode == 0, made.stderr[-3000:]
    done = subprocess.run(
        [tmp_path / "target", "-runs=2000", "-seed=1", "-max_len=65536", "-rss_limit_mb=0", "seeds"],
        cwd=tmp_path, capture_output=True, text=True, timeout=HANG,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Custom" in done.stderr
    assert "Done 2000 runs" in done.stderr


@pytest.mark.skipif(shutil.which("afl-fuzz") is None, reason="afl-fuzz is not installed (apt-get install afl++)")
def test_afl_fuzz_takes_the_library(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one").write_bytes(packed("dirty"))
    (tmp_path / "target").write_text(f"cat > /dev/null; echo run >> {tmp_path / 'runs'}")
    names = "AFL_SKIP_CPUFREQ AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES AFL_NO_AFFINITY AFL_NO_UI AFL_CUSTOM_MUTATOR_ONLY"
    environment = dict.fromkeys(names.split(), "1") | {"PATH": "/usr/bin:/bin"}
    environment |= {"AFL_CUSTOM_MUTATOR_LIBRARY": str(library_for_afl(tmp_path))}
    command = ["afl-fuzz", "-n", "-V", "2", "-i", "in", "-o", "out", "--", "/bin/sh", "target"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=HANG)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert len((tmp_path / "runs").read_text().splitlines()) > 10

"""A process that writes is killed at any moment: what it had flushed is there, and the file opens."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import vhdx_runtime as vhdx
from tests.support.sampling import repeated
from tests.write.images import MIB, SIZE, image
from tests.write.test_model import require_sound

KILLS = repeated(12, 200)
WRITER = """
import random, sys, vhdx_runtime as vhdx
path, seed = sys.argv[1], int(sys.argv[2])
chance = random.Random(seed)
with vhdx.open(path, mode="r+") as disk:
    for number in range(100_000):
        block, mark = chance.randrange(9), chance.choice((0, chance.randrange(1, 256)))
        print(block, mark, flush=True)
        if mark:
            disk.write_at(block << 20, bytes([mark]) * (1 << 20))
        else:
            disk.trim(block << 20, 1 << 20)
        if chance.random() < 0.3:
            disk.flush()
            print("flushed", flush=True)
"""


def test_a_writer_is_killed(tmp_path: Path, qemu_img: Any) -> None:
    path, copy = tmp_path / "disk.vhdx", tmp_path / "copy.vhdx"
    path.write_bytes(image("dynamic", 512)[0])
    with vhdx.open(path) as disk:
        possible = [[disk.read_at(block * MIB, MIB)] for block in range(9)]
    chance, dirty = random.Random(1), 0
    for seed in range(KILLS):
        command = [sys.executable, "-c", WRITER, str(path), str(seed)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout
            lines = [writer.stdout.readline() for _ in range(chance.randrange(1, 60))]
            writer.send_signal(signal.SIGKILL)
            lines += writer.stdout.readlines()
        for line in lines:
            if line == "flushed\n":
                possible = [values[-1:] for values in possible]
            elif line.endswith("\n"):
                block, mark = map(int, line.split())
                possible[block].append(bytes([mark]) * MIB)
        content = path.read_bytes()
        dirty += not _is_clean(path)
        require_sound(content)
        copy.write_bytes(content)
        qemu_img("check", "-r", "all", copy)
        with vhdx.open(path) as disk:
            found = disk.read_at(0, SIZE)
        for block, values in enumerate(possible):
            part = found[block * MIB : (block + 1) * MIB]
            assert _is_made_of(part, values), f"block {block} after kill {seed}"
        possible = [[found[block * MIB : (block + 1) * MIB]] for block in range(9)]
    assert dirty, "no kill left a log to replay"


def _is_clean(path: Path) -> bool:
    with vhdx.open_image(path) as opened:
        return opened.log.state == "clean"


def _is_made_of(part: bytes, values: list[bytes]) -> bool:
    """Whether each sector is that of one of some values: a write that was under way may be there in part."""
    spans = (slice(n, n + 512) for n in range(0, MIB, 512))
    return part in values or all(any(part[span] == value[span] for value in values) for span in spans)

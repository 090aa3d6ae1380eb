"""What `file` and YARA say of conformance images by the generated rules, and that they leave other files alone."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from vhdx_format.layout import PLACES, STRUCTURES
from vhdx_format.rules import CLAIMS

from formats.compiler import generate as generator
from tests.generated.declared import images
from tests.support.extras import need
from tests.support.sampling import repeated
from vhdx_runtime.codec.decode import answer, part, structure

DECLARATIONS = generator.GENERATED / generator.DECLARATIONS
HEADS = 320 << 10  # where the second region table ends


def heads(every: int) -> list[bytes]:
    """The starts of images, each once, in which all that the rules look at lies."""
    return list(dict.fromkeys(file.to_bytes()[:HEADS] for file in images(every)))


def others(count: int) -> list[Path]:
    """Files that are no VHDX: of the system's and Python's libraries."""
    found = (path for top in ("/usr/lib", sysconfig.get_path("stdlib")) for path in Path(top).rglob("*"))
    return list(islice((path for path in found if path.is_file() and not path.is_symlink()), count))


def described(magic: Path, files: list[Path]) -> list[str]:
    """What `file` says."""
    if not shutil.which("file"):
        pytest.skip("libmagic: no file(1)")
    said = subprocess.run(
        ["file", "-b", "-m", magic, "-f", "-"], input="\n".join(map(str, files)), capture_output=True, text=True
    )
    assert said.returncode == 0, said.stderr
    assert said.stderr == ""
    return said.stdout.splitlines()


def told(raw: bytes) -> Iterator[str]:
    """What `file` should say of headers, in its own words; by literals."""
    for number, start in enumerate((0x10000, 0x20000), 1):
        header = raw[start : start + 4096]
        if header[:4] == b"head":
            log = "no log to replay" if header[48:64] == bytes(16) else "log to replay"
            sequence = int.from_bytes(header[8:16], "little")
            yield f"; header {number}: sequence number {sequence}, {log}"
        elif header:
            yield f"; header {number}: none"


def wrong_by_file(source: Path, folder: Path, chosen: list[bytes]) -> list[str]:
    """Images of which `file` says something else than it should; the creator apart, whose text `file` spells its way."""
    files = []
    for index, raw in enumerate(chosen):
        files.append(folder / f"{index}.vhdx")
        files[-1].write_bytes(raw)
    wrong = []
    for raw, said in zip(chosen, described(source / "vhdx.magic", files), strict=True):
        first, *found = said.split("; header ")
        is_vhdx = raw[:8] == b"vhdxfile"
        named = raw[8:10] != bytes(2) and len(raw) > 10
        good = "".join(f"; header {text}" for text in found) == "".join(told(raw)) if is_vhdx else not found
        if not good or first.startswith("VHDX disk image") != is_vhdx or (is_vhdx and named != ("made by" in first)):
            wrong.append(said)
    return wrong


def expected(raw: bytes) -> set[str]:
    """The names of the YARA rules that hit, as Python's parsers answer the rules."""
    if raw[:8] != b"vhdxfile":
        lost = b"head" in (raw[0x10000:0x10004], raw[0x20000:0x20004])
        return {"VHDX_FTI_001"} if lost and b"regi" in (raw[0x30000:0x30004], raw[0x40000:0x40004]) else set()
    found = {"VHDX"}
    for place in PLACES:
        size = STRUCTURES[place.structure].size or 0
        outer = structure(place.structure, raw[place.offset : place.offset + size])
        inner = part(outer, "header") if place.structure == "region_table" else None
        for one in (outer, *([inner] if inner else [])):
            if len(one.raw) < (STRUCTURES[one.structure].size or 0):
                continue
            broken = {claim.rule for claim in CLAIMS.get(one.structure, ()) if answer(one, claim) is False}
            fixed = [field for field in STRUCTURES[one.structure].fields if field.zero_rule and field.size]
            broken |= {field.zero_rule for field in fixed if any(getattr(one.fields, field.id))}
            found |= {f"VHDX_{rule.replace('-', '_')}_{place.id}" for rule in broken}
        if outer.raw[:4] == b"head" and place.structure == "header" and outer.raw[48:64].strip(b"\0"):
            found.add("VHDX_log_to_replay")
    return found


def wrong_by_yara(source: Path, folder: Path, chosen: list[bytes]) -> list[str]:
    """Images on which other YARA rules hit than should."""
    need("yara-python")
    import yara

    rules = yara.compile(str(source / "vhdx.yar"))
    wrong = []
    for raw in chosen:
        hits = {match.rule for match in rules.match(data=raw)}
        if hits != expected(raw):
            wrong.append(f"more: {hits - expected(raw)}, less: {expected(raw) - hits}")
    return wrong


def test_file_says_what_the_headers_say(tmp_path: Path) -> None:
    assert wrong_by_file(DECLARATIONS, tmp_path, heads(repeated(10, 1))) == []


def test_file_names_the_creator(tmp_path: Path) -> None:
    image = tmp_path / "one.vhdx"
    image.write_bytes(b"vhdxfile" + "QEMU v9".encode("utf-16-le") + bytes(498))
    assert described(DECLARATIONS / "vhdx.magic", [image]) == ['VHDX disk image, made by "QEMU v9"']


def test_yara_hits_where_rules_are_broken(tmp_path: Path) -> None:
    assert wrong_by_yara(DECLARATIONS, tmp_path, heads(repeated(10, 1))) == []


def test_every_rule_of_the_headers_is_a_yara_rule() -> None:
    need("yara-python")
    import yara

    names = {rule.identifier for rule in yara.compile(str(DECLARATIONS / "vhdx.yar"))}
    for name, place in (("header", "header_1"), ("header", "header_2"), ("region_table_header", "region_table_1")):
        assert {f"VHDX_{claim.rule.replace('-', '_')}_{place}" for claim in CLAIMS[name]} <= names


def test_other_files_are_left_alone() -> None:
    need("yara-python")
    import yara

    files = others(1000)
    assert len(files) == 1000
    assert not [said for said in described(DECLARATIONS / "vhdx.magic", files) if "VHDX" in said]
    rules = yara.compile(str(DECLARATIONS / "vhdx.yar"))
    assert not [path for path in files if rules.match(str(path))]

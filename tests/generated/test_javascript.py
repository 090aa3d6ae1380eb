"""The same schemas, compiled to JavaScript, show the same file: `vhdx.ksy` opens in stock Kaitai tools."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest
from kaitaistruct import KaitaiStream
from vhdx_format.builders import BUILDERS
from vhdx_format.vhdx import Vhdx

from formats.compiler import generate as generator

MIB = 1 << 20
GUIDS = {
    "bat": "2DC27766-F623-4200-9D64-115E9BFD4A08",
    "metadata": "8B7CA206-4790-4B9A-B8FE-575F050F886E",
    "file_parameters": "CAA16737-FA36-4D43-B3B6-33F0AA44E76B",
    "virtual_disk_size": "2FA54224-CD1B-4876-B211-5DBED83BF4B8",
    "logical_sector_size": "8141BF1D-A96F-4709-BA47-F233A8FAAB5F",
}
SHOW = """
const fs = require("fs");
const KaitaiStream = require("kaitai-struct/KaitaiStream");
const { Vhdx } = require("./Vhdx");
const file = new Vhdx(new KaitaiStream(fs.readFileSync(process.argv[2])));
const text = (bytes) => Buffer.from(bytes).toString("latin1");
const entries = file.regions.filter((region) => region.entry.isBat)[0].bat.entries;
const items = file.regions.filter((region) => region.entry.isMetadata)[0].metadata.items;
const item = (name) => items.filter((one) => one[name] !== undefined)[0][name];
console.log(JSON.stringify({
  signature: text(file.fileIdentifier.signature),
  signatureHolds: file.fileIdentifier.signatureIsVhdxfile,
  sequenceNumber: file.currentHeader.sequenceNumber,
  logLengthHolds: file.currentHeader.logLengthIsAligned,
  entryCount: file.regionTable1.header.entryCount,
  offsets: file.regions.map((region) => region.entry.fileOffset),
  logEntries: file.log.sectors.filter((one) => one.entryHeader !== undefined).map((one) => one.entryHeader.entryLength),
  states: entries.slice(0, 3).map((entry) => entry.state),
  megabytes: entries.slice(0, 3).map((entry) => entry.fileOffsetMb),
  reservedHolds: entries.slice(0, 3).map((entry) => entry.reservedIsZero),
  blockSize: item("fileParameters").blockSize,
  hasParent: item("fileParameters").hasParent,
  virtualDiskSize: item("virtualDiskSize").virtualDiskSize,
  logicalSectorSize: item("logicalSectorSize").logicalSectorSize,
}));
"""


def _raw(name: str) -> dict[str, bytes]:
    return {"raw": uuid.UUID(GUIDS[name]).bytes_le}


def _header(sequence: int) -> bytes:
    guids = {name: {"raw": bytes(16)} for name in ("file_write_guid", "data_write_guid", "log_guid")}
    numbers = {"checksum": 0, "log_version": 0, "version": 1, "log_length": MIB, "log_offset": MIB}
    item = {"signature": b"head", "sequence_number": sequence, "reserved": bytes(4016)}
    return bytes(BUILDERS["header"].build(item | numbers | guids))


def _region_table() -> bytes:
    places = {"bat": 3 * MIB, "metadata": 2 * MIB}
    entries = [
        {"guid": _raw(name), "file_offset": place, "length": MIB, "required": True, "reserved": 0}
        for name, place in places.items()
    ]
    header = {"signature": b"regi", "checksum": 0, "entry_count": len(entries), "reserved": 0}
    return bytes(BUILDERS["region_table"].build({"header": header, "entries": entries, "unused": bytes(65456)}))


def _metadata() -> bytes:
    parameters = {"block_size": 2 * MIB, "leave_block_allocated": False, "has_parent": True, "reserved": 0}
    items = {
        "virtual_disk_size": BUILDERS["virtual_disk_size"].build({"virtual_disk_size": 3 << 40}),
        "file_parameters": BUILDERS["file_parameters"].build(parameters),
        "logical_sector_size": BUILDERS["logical_sector_size"].build({"logical_sector_size": 4096}),
    }
    flags = {"is_user": False, "is_virtual_disk": False, "is_required": True, "reserved": 0, "reserved2": 0}
    entries, content = [], b""
    for name, raw in items.items():
        entries.append({"item_id": _raw(name), "offset": 65536 + len(content), "length": len(raw)} | flags)
        content += raw
    header = {"signature": b"metadata", "reserved": 0, "entry_count": len(entries), "reserved2": bytes(20)}
    unused = bytes(65536 - 32 - 32 * len(entries))
    return bytes(BUILDERS["metadata_table"].build({"header": header, "entries": entries, "unused": unused})) + content


def _log_entry() -> bytes:
    header = {"signature": b"loge", "checksum": 0, "entry_length": 4096, "tail": 0, "sequence_number": 7}
    sizes = {"descriptor_count": 0, "reserved": 0, "flushed_file_offset": 0, "last_file_offset": 0}
    return bytes(BUILDERS["log_entry_header"].build(header | sizes | {"log_guid": {"raw": bytes(16)}}))


def _image() -> bytes:
    """A file with a place for everything: header 2 is current, one log entry, three BAT entries."""
    image = bytearray(4 * MIB)

    def put(offset: int, raw: bytes) -> None:
        image[offset : offset + len(raw)] = raw

    put(0, b"vhdxfile")
    put(65536, _header(4))
    put(131072, _header(5))
    put(196608, _region_table())
    put(262144, _region_table())
    put(MIB + 8192, _log_entry())
    put(2 * MIB, _metadata())
    for index, (state, place) in enumerate([(6, 4), (7, (1 << 44) - 1), (0, 4096)]):
        put(3 * MIB + 8 * index, (state | place << 20 | (index == 2) << 3).to_bytes(8, "little"))
    return bytes(image)


EXPECTED: dict[str, Any] = {
    "signature": "vhdxfile",
    "signatureHolds": True,
    "sequenceNumber": 5,
    "logLengthHolds": True,
    "entryCount": 2,
    "offsets": [3 * MIB, 2 * MIB],
    "logEntries": [4096],
    "states": [6, 7, 0],
    "megabytes": [4, (1 << 44) - 1, 4096],
    "reservedHolds": [True, True, False],
    "blockSize": 2 * MIB,
    "hasParent": True,
    "virtualDiskSize": 3 << 40,
    "logicalSectorSize": 4096,
}


def test_the_file_map_shows_a_file_in_javascript(tmp_path: Path) -> None:
    modules = generator.COMPILER / "node_modules"
    if not shutil.which("node"):
        pytest.skip("JavaScript: Node.js is not installed")
    if not (modules / "kaitai-struct").is_dir():
        pytest.skip("JavaScript: kaitai-struct is not installed (npm ci in formats/compiler, or make generate)")
    generator.compile_schemas(generator.FORMATS, tmp_path, "javascript")
    (tmp_path / "show.js").write_text(SHOW)
    (tmp_path / "image.vhdx").write_bytes(_image())
    done = subprocess.run(
        ["node", "show.js", "image.vhdx"],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"NODE_PATH": str(modules), "PATH": str(Path(str(shutil.which("node"))).parent)},
    )
    assert json.loads(done.stdout) == EXPECTED


def test_the_file_map_shows_the_same_file_in_python() -> None:
    file = Vhdx(KaitaiStream(io.BytesIO(_image())))
    file._read()
    bat = next(region.bat for region in file.regions if region.entry.is_bat)
    items = next(region.metadata.items for region in file.regions if region.entry.is_metadata)
    for region in file.regions:
        region._fetch_instances()

    def item(name: str) -> Any:
        return next(found for one in items if (found := getattr(one, name)) is not None)

    assert file.current_header.sequence_number == 5
    assert [sector.entry_header.entry_length for sector in file.log.sectors if sector.entry_header] == [4096]
    assert [entry.state for entry in bat.entries[:3]] == EXPECTED["states"]
    assert [entry.file_offset_mb for entry in bat.entries[:3]] == EXPECTED["megabytes"]
    assert len(bat.entries) == MIB // 8
    assert item("file_parameters").block_size == 2 * MIB
    assert item("virtual_disk_size").virtual_disk_size == 3 << 40
    assert item("logical_sector_size").logical_sector_size == 4096

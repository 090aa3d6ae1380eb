"""The C header, compiled, has the sizes, offsets, masks and values of the layout."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from vhdx_format.layout import CONSTANTS, ENUMS, GUIDS, STRUCTURES, Field

from tests.generated.engines import FIXED


def _program() -> tuple[str, list[str]]:
    """A program that prints everything, and what it must print."""
    lines: list[str] = []
    expected: list[str] = []

    def show(expression: str, value: int) -> None:
        lines.append(f'  printf("%llu\\n", (unsigned long long)({expression}));')
        expected.append(str(value))

    for name in FIXED:
        structure = STRUCTURES[name]
        show(f"sizeof(struct vhdx_{name})", structure.size or 0)
        for field in structure.fields:
            show(f"offsetof(struct vhdx_{name}, {_member(name, field)})", field.offset or 0)
            if field.type == "bits":
                prefix = f"VHDX_{name}_{field.id}".upper()
                show(f"{prefix}_SHIFT", field.bit_offset)
                show(f"{prefix}_MASK", ((1 << field.bits) - 1) << field.bit_offset)
    show("sizeof(union vhdx_log_descriptor)", 32)
    for constant in CONSTANTS.values():
        name = f"VHDX_{constant.id}".upper()
        if isinstance(constant.value, int):
            show(name, constant.value)
        else:
            show(f'strcmp({name}, "{constant.value.decode()}")', 0)
    for guid in GUIDS.values():
        lines.append(f"  {{ struct vhdx_ms_guid guid = VHDX_{guid.id.upper()}_GUID; show(guid.raw); }}")
        expected.append(guid.raw.hex())
    for enum, values in ENUMS.items():
        for value, item in values.items():
            show(f"VHDX_{enum}_{item.id}".upper(), value)
    hexadecimal = (
        'static void show(const uint8_t *raw) { for (int i = 0; i < 16; i++) printf("%02x", raw[i]); puts(""); }'
    )
    includes = '#include "vhdx.h"\n#include <stdio.h>\n#include <string.h>\n'
    return f"{includes}{hexadecimal}\nint main(void) {{\n" + "\n".join(lines) + "\n  return 0;\n}\n", expected


def _member(name: str, field: Field) -> str:
    if field.type != "bits":
        return field.id
    words = {item.offset for item in STRUCTURES[name].fields if item.type == "bits"}
    return "word" if len(words) == 1 else f"word_at_{field.offset}"


def test_the_compiled_header_agrees_with_the_layout(checkout: Path, tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if not compiler:
        pytest.skip("C header: no C compiler (cc)")
    source, expected = _program()
    (tmp_path / "show.c").write_text(source)
    include = checkout / "generated" / "vhdx_format"
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    subprocess.run([compiler, *flags, "-I", include, tmp_path / "show.c", "-o", tmp_path / "show"], check=True)
    printed = subprocess.run([tmp_path / "show"], check=True, capture_output=True, text=True).stdout.split()
    assert len(expected) > 200
    assert printed == expected


def test_the_header_compiles_as_cplusplus(checkout: Path, tmp_path: Path) -> None:
    compiler = shutil.which("c++")
    if not compiler:
        pytest.skip("C header: no C++ compiler (c++)")
    (tmp_path / "use.cpp").write_text('#include "vhdx.h"\n#include "vhdx.h"\nint main() { return VHDX_LOG_VERSION; }\n')
    include = checkout / "generated" / "vhdx_format"
    subprocess.run(
        [compiler, "-std=c++11", "-Werror", "-fsyntax-only", "-I", include, tmp_path / "use.cpp"], check=True
    )

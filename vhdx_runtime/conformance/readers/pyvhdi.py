"""pyvhdi, the Python binding of libvhdi.

Parents are opened and set by the caller, as the library wants it: those that the case's author would name, else a file
of the recorded name beside the child, as dfVFS and plaso look for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...wording import shell_word
from .interface import Absent, Answer, Reader, Request, WrongRead
from .library import read_through, refused


def _prepare() -> str:
    try:
        import pyvhdi
    except ImportError as error:
        raise Absent("pip install libvhdi-python") from error
    return str(pyvhdi.get_version())


def _run(request: Request) -> Answer:
    opened: list[Any] = []
    try:
        file = _open(request.image, request, opened)
    except (OSError, RuntimeError, ValueError) as error:
        return refused(error)
    answer = read_through(request, file.get_media_size(), lambda offset, length: _read(file, offset, length))
    for one in opened:
        one.close()
    return answer


def _open(path: str, request: Request, opened: list[Any]) -> Any:
    import pyvhdi

    file = pyvhdi.file()
    file.open(path)
    opened.append(file)
    parent = _parent(file, path, request, len(opened) - 1)
    if parent and not request.without_parent:
        file.set_parent(_open(parent, request, opened))
    return file


def _parent(file: Any, path: str, request: Request, depth: int) -> str:
    """Path of a file's parent, "" where there is none."""
    if file.get_parent_identifier() is None:
        return ""
    if depth < len(request.chain):
        return request.chain[depth]
    name = (file.get_parent_filename() or "").rpartition("\\")[2]
    beside = Path(path).parent / name
    return str(beside) if name and beside.is_file() and str(beside) != path else ""


def _read(file: Any, offset: int, length: int) -> bytes:
    return bytes(file.read_buffer_at_offset(length, offset) or b"")


def _show(failure: WrongRead) -> str:
    offset, length = failure.read
    paths = (failure.image, *failure.chain)
    lines = ["import pyvhdi", *(f"f{i} = pyvhdi.open({path!r})" for i, path in enumerate(paths))]
    lines += [f"f{i}.set_parent(f{i + 1})" for i in reversed(range(len(failure.chain)))]
    lines += [f"print(f0.read_buffer_at_offset({length}, {offset:#x})[{failure.slice}].hex())"]
    return f"python3 -P -c {shell_word('; '.join(lines))}"


READER = Reader(
    name="pyvhdi",
    title="libvhdi (pyvhdi)",
    url="https://github.com/libyal/libvhdi",
    prepare=_prepare,
    run=_run,
    show=_show,
    options=frozenset(("parents", "without_parent")),
)

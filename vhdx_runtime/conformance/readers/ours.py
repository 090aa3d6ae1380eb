"""vhdx-runtime itself, through its public API, as any user would call it."""

from __future__ import annotations

from ...errors import VhdxError
from ...wording import path_word
from .interface import Answer, Reader, Request, WrongRead
from .library import read_through, refused


def _prepare() -> str:
    import vhdx_runtime

    return vhdx_runtime.__version__


def _run(request: Request) -> Answer:
    import vhdx_runtime

    try:
        disk = vhdx_runtime.open(
            request.image,
            parents=request.parents,
            parent_dirs=request.parent_dirs,
            log=request.log,
            header=request.header,
            without_parent=request.without_parent,
        )
    except VhdxError as error:
        return refused(error, error.rule or "")
    with disk:
        return read_through(request, disk.size, disk.read_at, VhdxError)


def _show(failure: WrongRead) -> str:
    return f"vhdx read --offset {failure.at:#x} --length 16 {path_word(failure.image)} | xxd"


READER = Reader(
    name="vhdx-runtime",
    title="vhdx-runtime",
    url="https://pypi.org/project/vhdx-runtime/",
    prepare=_prepare,
    run=_run,
    show=_show,
    options=frozenset(("parents", "parent_dirs", "log", "header", "without_parent")),
)

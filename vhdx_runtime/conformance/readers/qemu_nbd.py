"""qemu-nbd: the same driver as qemu-img's, but read at random, through the NBD protocol.

Speaks as much of the protocol as reading needs (the handshake without options, and the read command), so that nothing
but qemu-nbd has to be there.
"""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ...wording import path_word, shell_word
from . import program
from .interface import Answer, Reader, Request, WrongRead
from .library import read_through
from .qemu_img import INSTALL, URL, prepare
from .qemu_img import READER as QEMU_IMG

_HELLO, _OPTION = b"NBDMAGIC", b"IHAVEOPT"
_REQUEST_MAGIC, _REPLY_MAGIC = 0x25609513, 0x67446698
_NO_ZEROES, _FLAGS = 2, 3
_EXPORT_NAME = 1
_PADDING = 124
_POLL_SECONDS = 0.005
_END_SECONDS = 2


class Connection:
    """A connection to an NBD server on a socket of the file system; `size` is the export's in bytes."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(path)
            self.size = self._greet()
        except OSError:
            self._socket.close()
            raise

    def _greet(self) -> int:
        if self._take(8) != _HELLO or self._take(8) != _OPTION:
            raise OSError("not an NBD server of the new style")
        flags = self._number(2) & _FLAGS
        self._socket.sendall(flags.to_bytes(4, "big") + _OPTION + _EXPORT_NAME.to_bytes(4, "big") + bytes(4))
        size = self._number(8)
        self._take(2 if flags & _NO_ZEROES else 2 + _PADDING)
        return size

    def read_at(self, offset: int, length: int) -> bytes:
        """Read bytes of the export.

        Raises:
            OSError: the server says that it cannot.
        """
        fields = ((_REQUEST_MAGIC, 4), (0, 4), (offset, 8), (offset, 8), (length, 4))
        self._socket.sendall(b"".join(value.to_bytes(size, "big") for value, size in fields))
        magic, error, _ = self._number(4), self._number(4), self._take(8)
        if magic != _REPLY_MAGIC:
            raise ConnectionError("not a reply of NBD")
        if error:
            raise OSError(error, "the server cannot read this")
        return self._take(length)

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def _number(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def _take(self, length: int) -> bytes:
        buffer = bytearray(length)
        view = memoryview(buffer)
        while view:
            count = self._socket.recv_into(view)
            if not count:
                raise ConnectionError("the server closed the connection")
            view = view[count:]
        return bytes(buffer)


def _prepare() -> str:
    program.find("qemu-nbd", install=INSTALL)
    return prepare()


def _run(request: Request) -> Answer:
    path = program.find("qemu-nbd", install=INSTALL)
    name = str(Path(request.out).with_name("s"))  # short: the path of a socket has room for a hundred characters
    with tempfile.TemporaryFile() as errors:
        arguments = [path, "--read-only", "--format=vhdx", f"--socket={name}", request.image]
        server = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, env=program.environment()
        )
        try:
            connection = _connect(server, name)
            if connection is None:
                return _ended(server.returncode, program.tail(errors))
            answer = read_through(request, connection.size, connection.read_at, OSError)
            answer = replace(answer, peak=program.peak_of(server.pid))
            connection.close()
            with suppress(subprocess.TimeoutExpired):
                server.wait(_END_SECONDS)  # it ends with its only client; one that crashed may still be on its way
            return answer if server.poll() in (None, 0) else _ended(server.returncode, program.tail(errors))
        finally:
            server.kill()
            server.wait()


def _connect(server: subprocess.Popen[bytes], name: str) -> Connection | None:
    """A connection; None where the server ends without taking one: it makes its socket, then opens the image."""
    while server.poll() is None:
        try:
            return Connection(name)
        except OSError:
            time.sleep(_POLL_SECONDS)
    return None


def _ended(code: int, text: str) -> Answer:
    return program.died(program.Ended(code, text, 0)) or Answer("refused", text or f"exit code {code}")


def _show(failure: WrongRead) -> str:
    image = path_word(failure.image)
    offset, length = failure.read
    script = f"print(h.pread({length}, {offset:#x})[{failure.slice}].hex())"
    return (
        f"qemu-nbd --read-only --format=vhdx --socket=/tmp/nbd {image} & sleep 1; "
        f"nbdsh -u 'nbd+unix:///?socket=/tmp/nbd' -c {shell_word(script)}"
    )


READER = Reader(
    name="qemu-nbd",
    title="qemu-nbd",
    url=URL,
    prepare=_prepare,
    run=_run,
    show=_show,
    limits=QEMU_IMG.limits,
)

"""A small HTTP/1.1 client that sends exactly the bytes it is given, over one kept connection."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence

#: Seconds to wait for anything; it only ends what hangs.
LIMIT = 20.0
_MOST = 1 << 20

Answer = tuple[int, dict[str, str], bytes]


class Client:
    """One connection, opened when first needed and again after the server has closed it."""

    def __init__(self, port: int, *, tls: bool) -> None:
        self._port = port
        self._tls = tls
        self._socket: socket.socket | None = None
        self._rest = b""
        self._context = ssl.create_default_context()
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE

    def ask(
        self, method: str, target: str, host: str, headers: Sequence[tuple[str, str]]
    ) -> Answer:
        """Send one request without a body; return status, headers in lower case, and body."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
        lines += [f"{name}: {value}" for name, value in headers]
        data = "\r\n".join([*lines, "", ""]).encode("latin-1")
        try:
            return self._once(method, data)
        except (ConnectionError, ssl.SSLEOFError):  # an idle connection may be closed at any time
            self.close()
            return self._once(method, data)

    def _once(self, method: str, data: bytes) -> Answer:
        if self._socket is None:
            self._connect()
        assert self._socket is not None
        self._socket.sendall(data)
        while b"\r\n\r\n" not in self._rest:
            self._read()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        status = int(first.split(" ")[1])
        body = b"" if method == "HEAD" or status in (204, 304) else self._body(headers)
        if headers.get("connection") == "close":
            self.close()
        return status, headers, body

    def _connect(self) -> None:
        self._rest = b""
        plain = socket.create_connection(("127.0.0.1", self._port), LIMIT)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # No name is sent: an address has none, and routing does not look at it.
        self._socket = self._context.wrap_socket(plain) if self._tls else plain

    def _read(self) -> None:
        assert self._socket is not None
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionResetError("closed by the server")
        self._rest += data
        if len(self._rest) > _MOST:
            raise ValueError("the answer is larger than a mebibyte")

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding") == "chunked":
            return self._chunks()
        if "content-length" not in headers:
            return self._until_closed()
        length = int(headers["content-length"])
        while len(self._rest) < length:
            self._read()
        body, self._rest = self._rest[:length], self._rest[length:]
        return body

    def _chunks(self) -> bytes:
        body = b""
        while True:
            while b"\r\n" not in self._rest:
                self._read()
            size, _, self._rest = self._rest.partition(b"\r\n")
            length = int(size, 16)
            while len(self._rest) < length + 2:
                self._read()
            body += self._rest[:length]
            self._rest = self._rest[length + 2 :]
            if not length:
                return body

    def _until_closed(self) -> bytes:
        try:
            while True:
                self._read()
        except ConnectionResetError:
            body = self._rest
            self.close()
            return body

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._rest = b""

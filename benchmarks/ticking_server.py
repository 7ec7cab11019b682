"""Sends EVENTS events, one each PERIOD seconds, with its monotonic clock in them."""

from __future__ import annotations

import json
import socket
import sys
import time

EVENTS, PERIOD = int(sys.argv[1]), float(sys.argv[2])


def serve(connection: socket.socket) -> None:
    """Answer one request: a stream for a chat completion, else 400."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(65536)
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    if b'"messages"' not in body:
        connection.sendall(
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
            b"connection: close\r\ncontent-length: 2\r\n\r\n{}"
        )
        return
    connection.sendall(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
    )
    start = time.monotonic()
    for number in range(EVENTS):
        time.sleep(max(0.0, start + number * PERIOD - time.monotonic()))
        stamp = json.dumps({"t": time.monotonic()}).encode()
        connection.sendall(b"data: " + stamp + b"\n\n")
    connection.sendall(b"data: [DONE]\n\n")


def main() -> None:
    """Serve one connection after the other, for ever."""
    server = socket.create_server(("127.0.0.1", 0))
    print(server.getsockname()[1], flush=True)
    while True:
        connection, _ = server.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            serve(connection)


if __name__ == "__main__":
    main()

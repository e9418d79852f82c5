"""A till's HTTP connection that costs almost nothing: one kept-alive socket, bytes in, bytes out.

Client and server share the machine's cores, so the client must not be what is measured.  It
sends a request in one write and reads an answer with a Content-Length; anything else is a fault.
"""

from __future__ import annotations

import socket


class Answer:
    """Status, body as bytes and the header block (lower case) of one answer."""

    __slots__ = ("body", "head", "status")

    def __init__(self, status: int, head: bytes, body: bytes) -> None:
        self.status, self.head, self.body = status, head, body


class Unexpected(Exception):
    """The server answered something else than was asked for; the benchmark fails."""


class Till:
    """One terminal: its key and its connection."""

    def __init__(self, port: int, key: str = "", host: str = "127.0.0.1") -> None:
        self._socket = socket.create_connection((host, port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._fixed = (
            f" HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        ).encode()

    def __enter__(self) -> Till:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def post(self, path: bytes, body: bytes, *headers: bytes) -> Answer:
        """POST; ``headers`` are whole lines without their end."""
        return self._call(b"POST " + path, body, headers)

    def get(self, path: bytes, *headers: bytes) -> Answer:
        """GET."""
        return self._call(b"GET " + path, b"", headers)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _call(self, line: bytes, body: bytes, headers: tuple[bytes, ...]) -> Answer:
        extra = b"".join(header + b"\r\n" for header in headers)
        size = b"Content-Length: %d\r\n\r\n" % len(body)
        self._socket.sendall(line + self._fixed + extra + size + body)
        return self._read()

    def _read(self) -> Answer:
        data = self._socket.recv(65536)
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head = data[:end].lower()
        found = head.find(b"\r\ncontent-length:")
        if found < 0:
            raise Unexpected(f"an answer without Content-Length: {head.decode()}")
        size = int(head[found + 17 :].split(b"\r\n", 1)[0])
        body = data[end + 4 :]
        while len(body) < size:
            body += self._more()
        return Answer(int(head[9:12]), head, body)

    def _more(self) -> bytes:
        data = self._socket.recv(65536)
        if not data:
            raise Unexpected("the server hung up")
        return data


def expect(answer: Answer, *statuses: int) -> bytes:
    """The answer's body when its status is one of ``statuses``; else ``Unexpected``."""
    if answer.status not in statuses:
        raise Unexpected(f"{answer.status}: {answer.body[:800].decode(errors='replace')}")
    return answer.body
